package form_test

import (
	"encoding/json"
	"strings"
	"testing"

	"motcua/internal/core/form"
)

// problems compiles a form made of fields (one a line) and returns what is wrong.
func problems(t *testing.T, text string) string {
	t.Helper()
	def, err := form.Decode("f.yaml", []byte(text))
	if err == nil {
		_, err = form.Compile(def)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func fields(lines ...string) string {
	return "id: f\ntitle: F\nsteps:\n- id: s\n  title: S\n  fields:\n  - " + strings.Join(lines, "\n  - ") + "\n"
}

func TestCompileRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":          {"id: f\ntitle: F\n", "f.yaml:1: the form has no steps"},
		"unknown key":      {fields("{id: a, kind: text, lable: A}"), `f.yaml:7: unknown key "lable"; did you mean "label"?`},
		"unknown kind":     {fields("{id: a, kind: txt, label: A}"), `f.yaml:7: field "a" has the unknown kind "txt"; did you mean "text"?`},
		"no label":         {fields("{id: a, kind: text}"), `field "a" needs a label`},
		"id twice":         {fields("{id: a, kind: text, label: A}", "{id: a, kind: text, label: A}"), `f.yaml:8: the field id "a" is used twice (first at f.yaml:7)`},
		"bad id":           {fields("{id: tên, kind: text, label: A}"), "cannot be a name"},
		"word of rules":    {fields("{id: in, kind: text, label: A}"), "word of the rule language"},
		"reserved":         {fields("{id: owner, kind: text, label: A}"), `"owner" already means something`},
		"useless key":      {fields("{id: a, kind: yes_no, label: A, max_length: 5}"), `field "a": a yes_no field has no max_length`},
		"no options":       {fields("{id: a, kind: choice, label: A}"), `field "a" needs options`},
		"unknown list":     {fields("{id: a, kind: choice, label: A, options_from: planets}"), `there is no list "planets"; the lists are country`},
		"option twice":     {fields("{id: a, kind: choice, label: A, options: [{value: x, label: X}, {value: x, label: X}]}"), `has the option "x" twice`},
		"empty group":      {fields("{id: a, kind: group, label: A}"), `group "a" has no fields`},
		"group in a group": {fields("{id: a, kind: group, label: A, fields: [{id: b, kind: group, label: B, fields: [{id: c, kind: text, label: C}]}]}"), "a group cannot stand inside a group"},
		"limits crossed":   {fields(`{id: a, kind: number, label: A, min: "5", max: "1"}`), "min 5 is above max 1"},
		"bad limit":        {fields(`{id: a, kind: date, label: A, min: yesterday}`), `min: "yesterday" is not a date: write`},
		"bad pattern":      {fields(`{id: a, kind: text, label: A, pattern: "(?=x)", pattern_message: x}`), "pattern: error parsing regexp"},
		"silent pattern":   {fields(`{id: a, kind: text, label: A, pattern: "x"}`), "needs pattern_message"},
		"prefill":          {fields(`{id: a, kind: text, label: A, prefill: owner.nme}`), "prefill is owner.<property>"},
		"default":          {fields(`{id: a, kind: number, label: A, default: x}`), "the default x does not fit a number"},
		"default option":   {fields(`{id: a, kind: choice, label: A, default: y, options: [{value: x, label: X}]}`), "the default y does not fit a choice"},
		"file kind":        {fields(`{id: a, kind: file, label: A, accept: [exe]}`), `unknown file kind "exe"`},
		"rule":             {fields("{id: a, kind: text, label: A}", "{id: b, kind: text, label: B, show: aa == ''}"), `f.yaml:8: field b: show: 1:1: unknown name "aa"`},
		"rule type":        {fields("{id: a, kind: text, label: A, require: a + 'x'}"), "require: 1:1: the result must be yes/no, not text"},
		"row rule":         {fields("{id: g, kind: group, label: G, fields: [{id: a, kind: text, label: A, show: row.b == ''}]}"), `show: 1:4: there is no field "b" here`},
		"row outside":      {fields("{id: a, kind: text, label: A, show: row.b == ''}"), `unknown name "row"`},
		"compute":          {fields("{id: a, kind: computed, label: A}"), `computed field "a" needs compute`},
		"compute itself":   {fields("{id: a, kind: computed, label: A, compute: b + 1}", "{id: b, kind: computed, label: B, compute: a + 1}"), `field "a" is computed, directly or through others, from itself`},
		"compute type":     {fields("{id: a, kind: computed, label: A, compute: '[1]'}"), "the result must be text or whole number or number or yes/no, not list(int)"},
		"shown by itself":  {fields("{id: a, kind: text, label: A, show: b == ''}", "{id: b, kind: text, label: B, show: a == ''}"), "depends, directly or through others, on itself"},
		"row by itself":    {fields("{id: g, kind: group, label: G, fields: [{id: a, kind: text, label: A, show: row.a == ''}]}"), `field "a": whether it is shown`},
		"row by its group": {fields("{id: g, kind: group, label: G, fields: [{id: a, kind: text, label: A, show: size(g) > 1}]}"), `field "g": whether it is shown`},
		"step by itself":   {"id: f\ntitle: F\nsteps:\n- {id: s, title: S, show: a == '', fields: [{id: a, kind: text, label: A}]}\n", `step "s": whether it is shown depends`},
		"check":            {"id: f\ntitle: F\nsteps:\n- {id: s, title: S, fields: [{id: a, kind: text, label: A}], check: [{rule: 'a = 1', field: b}]}\n", "f.yaml:4: check: 1:3"},
		"check field":      {"id: f\ntitle: F\nsteps:\n- {id: s, title: S, fields: [{id: abc, kind: text, label: A}], check: [{rule: 'true', field: abd}]}\n", `the check names the unknown field "abd"; did you mean "abc"?`},
		"owner":            {fields("{id: a, kind: text, label: A}") + "owner_fields: {nme: a, name: b}\n", `owner_fields: there is no property "nme"`},
		"title":            {fields("{id: abc, kind: text, label: A}") + "title_template: 'x {abd}'\n", `title_template names the unknown field "abd"; did you mean "abc"?`},
		"step twice":       {"id: f\ntitle: F\nsteps:\n- {id: s, title: S, fields: [{id: a, kind: text, label: A}]}\n- {id: s, title: S, fields: [{id: b, kind: text, label: B}]}\n", `the step id "s" is used twice`},
	} {
		if got := problems(t, c.text); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	got := problems(t, fields("{id: a, kind: txt, label: A}", "{id: b, kind: text}", "{id: c, kind: choice, label: C}"))
	if strings.Count(got, "\n") != 2 || !strings.HasPrefix(got, "f.yaml:7:") {
		t.Errorf("want three problems in order:\n%s", got)
	}
	got = problems(t, fields("{id: a, kind: text, label: A, show: x, require: y}", "{id: b, kind: text, label: B, show: z}"))
	if strings.Count(got, "\n") != 2 {
		t.Errorf("want three broken rules:\n%s", got)
	}
}

// A definition is stored as JSON with a procedure version; it must mean the same when
// it comes back.
func TestDefinitionSurvivesJSON(t *testing.T) {
	f := birth(t)
	raw := mustJSON(t, f.Definition())
	var def form.Definition
	if err := json.Unmarshal([]byte(raw), &def); err != nil {
		t.Fatal(err)
	}
	again, err := form.Compile(&def)
	if err != nil {
		t.Fatal(err)
	}
	if changes := form.Diff(f, again); len(changes) > 0 {
		t.Errorf("changed by a round through JSON: %v", changes)
	}
	if string(f.Schema()) != string(again.Schema()) {
		t.Error("the schema changed by a round through JSON")
	}
}

func TestDiff(t *testing.T) {
	const old = `{id: f, title: F, steps: [{id: s, title: S, fields: [
{id: a, kind: text, label: A}, {id: b, kind: text, label: B}, {id: c, kind: choice, label: C, options: [{value: x, label: X}, {value: y, label: Y}]},
{id: g, kind: group, label: G, fields: [{id: r, kind: text, label: R}]}], check: [{rule: "a != b", field: a, message: M}]}]}`
	const new = `{id: f, title: F2, steps: [{id: s, title: S, fields: [
{id: a, kind: text, label: A2, require: true}, {id: d, kind: text, label: D, require: true}, {id: c, kind: choice, label: C, options: [{value: x, label: X}]},
{id: g, kind: group, label: G, fields: [{id: r, kind: text, label: R, max_length: 5}, {id: q, kind: text, label: Q}]}]},
{id: s2, title: S2, fields: [{id: e, kind: text, label: E}]}]}`
	var got []string
	for _, c := range form.Diff(compile(t, "", old), compile(t, "", new)) {
		got = append(got, c.String())
	}
	want := []string{
		`form: title: F → F2`,
		`step s2 added`,
		`field a: label: A → A2`,
		`field a: require: ∅ → true (!)`,
		`field d added (!)`,
		`field c: options: [{"label":"X","value":"x"},{"label":"Y","value":"y"}] → [{"label":"X","value":"x"}] (!)`,
		`field g.r: max_length: ∅ → 5 (!)`,
		`field g.q added`,
		`field e added`,
		`field b removed (!)`,
		`check a != b removed`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	f := birth(t)
	if n := len(form.Diff(nil, f)); n < 5 {
		t.Errorf("a new form has %d changes", n)
	}
	if changes := form.Diff(f, f); len(changes) != 0 {
		t.Errorf("a form differs from itself: %v", changes)
	}
}

func TestCoverage(t *testing.T) {
	f := birth(t)
	c := form.NewCoverage(f)
	if n := len(c.Missing()); n != 12 {
		t.Errorf("nothing seen: %d gaps; want every one of the 12 rules: %v", n, c.Missing())
	}
	observe := func(m map[string]any) {
		t.Helper()
		a, bad := f.FromMap(m)
		if len(bad) > 0 {
			t.Fatal(codes(bad))
		}
		c.Observe(a, env())
	}
	observe(good())
	var got []string
	for _, g := range c.Missing() {
		got = append(got, g.What+" "+g.Need)
	}
	want := []string{
		"field requester_phone: require never false", "field facility: show never false", "field late: show never true",
		"step parents: show never false", "field father_name: show never true",
		`check "age(mother_birth) < 70 || filled(requester_email)" never false`, `check "mother_birth < child_birth" never false`,
		"field siblings.died: show never true", "field proof: require never false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("after one good form:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	observe(with(good(), "requester_email", "a@b.vn", "born_at", "found", "child_birth", "2025-02-20"))
	observe(with(good(), "father_declared", true, "mother_birth", "1950"))
	observe(with(good(), "child_birth", "2000-02-20", "mother_birth", "2001", "siblings", []any{map[string]any{"name": "A", "alive": false}}))
	if gaps := c.Missing(); len(gaps) != 0 {
		t.Errorf("still missing: %v", gaps)
	}
}

func TestLists(t *testing.T) {
	for name, n := range map[string]int{"ethnic": 54, "province": 34, "gender": 3, "country": 131, "marital": 4, "education": 10, "relationship": 18, "religion": 17} {
		list, ok := form.List(name)
		if !ok || len(list) != n {
			t.Errorf("list %s has %d entries; want %d", name, len(list), n)
		}
		seen := map[string]bool{}
		for _, o := range list {
			if o.Value == "" || o.Label.VI == "" || o.Label.EN == "" || seen[o.Value] {
				t.Errorf("list %s: entry %+v is incomplete or twice", name, o)
			}
			seen[o.Value] = true
		}
	}
}
