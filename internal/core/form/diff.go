package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// ChangeKind says what became of a part of a form.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
	Moved   ChangeKind = "moved" // to another step, or another place in its step
)

// Change is one difference between two versions of a form.
type Change struct {
	Kind ChangeKind
	Path string // "form", "step child", "field child_name", "field children.name", "check …"
	Key  string // what changed: label, require, options…; "" when the whole part came or went
	Old  string // as written, "" when there was nothing
	New  string
	// Breaks says that a draft filled under the old version may not pass the new one:
	// a question was removed or is newly required, a kind or a limit changed, an option went.
	Breaks bool
}

// String gives one line for a list of changes.
func (c Change) String() string {
	line := fmt.Sprintf("%s %s", c.Path, c.Kind)
	if c.Key != "" {
		line = fmt.Sprintf("%s: %s: %s → %s", c.Path, c.Key, orNothing(c.Old), orNothing(c.New))
	}
	if c.Breaks {
		line += " (!)"
	}
	return line
}

func orNothing(s string) string {
	if s == "" {
		return "∅"
	}
	return s
}

// Diff lists what changed from old to new, in the order of the new form, removals last.
// old may be nil: everything is then added.
func Diff(old, new *Form) []Change {
	var d differ
	if old == nil {
		old = &Form{def: &Definition{}}
	}
	d.keys("form", headOf(old.def), headOf(new.def), nil)
	d.steps(old.def.Steps, new.def.Steps)
	d.fields("", flat(old.def.Steps), flat(new.def.Steps))
	d.checks(old.def.Steps, new.def.Steps)
	return d.out
}

type differ struct{ out []Change }

// placed is a field with where it stands.
type placed struct {
	def   *FieldDef
	step  string
	index int
}

func flat(steps []StepDef) []placed {
	var out []placed
	for _, s := range steps {
		for i := range s.Fields {
			out = append(out, placed{&s.Fields[i], s.ID, i})
		}
	}
	return out
}

func headOf(def *Definition) any {
	c := *def
	c.Steps = nil
	return c
}

func (d *differ) steps(old, new []StepDef) {
	before := map[string]StepDef{}
	for _, s := range old {
		before[s.ID] = s
	}
	for _, s := range new {
		o, ok := before[s.ID]
		if !ok {
			d.out = append(d.out, Change{Kind: Added, Path: "step " + s.ID})
			continue
		}
		delete(before, s.ID)
		o.Fields, o.Check, s.Fields, s.Check = nil, nil, nil, nil
		d.keys("step "+s.ID, o, s, nil)
	}
	for _, s := range old {
		if _, gone := before[s.ID]; gone {
			d.out = append(d.out, Change{Kind: Removed, Path: "step " + s.ID, Breaks: true})
		}
	}
}

func (d *differ) fields(prefix string, old, new []placed) {
	before := map[string]placed{}
	for _, p := range old {
		before[p.def.ID] = p
	}
	// A field counts as moved when its place among the fields both versions have changed.
	rank := func(list []placed, keep map[string]bool) map[string]string {
		out, n := map[string]string{}, map[string]int{}
		for _, p := range list {
			if keep[p.def.ID] {
				out[p.def.ID] = fmt.Sprintf("%s %d", p.step, n[p.step])
				n[p.step]++
			}
		}
		return out
	}
	both := map[string]bool{}
	for _, p := range new {
		if _, ok := before[p.def.ID]; ok {
			both[p.def.ID] = true
		}
	}
	oldRank, newRank := rank(old, both), rank(new, both)
	for _, p := range new {
		path := "field " + prefix + p.def.ID
		o, ok := before[p.def.ID]
		if !ok {
			d.out = append(d.out, Change{Kind: Added, Path: path, Breaks: p.def.Require == "true" && p.def.Show == ""})
			continue
		}
		if oldRank[p.def.ID] != newRank[p.def.ID] {
			d.out = append(d.out, Change{Kind: Moved, Path: path, Key: "place", Old: oldRank[p.def.ID], New: newRank[p.def.ID]})
		}
		a, b := *o.def, *p.def
		a.Fields, b.Fields = nil, nil
		d.keys(path, a, b, breaks)
		if p.def.Kind == Group && o.def.Kind == Group {
			d.fields(prefix+p.def.ID+".", flat([]StepDef{{Fields: o.def.Fields}}), flat([]StepDef{{Fields: p.def.Fields}}))
		}
	}
	for _, p := range old {
		if !both[p.def.ID] {
			d.out = append(d.out, Change{Kind: Removed, Path: "field " + prefix + p.def.ID, Breaks: p.def.Kind != Information && p.def.Kind != Computed})
		}
	}
}

// breaks reports whether a change of this key can refuse what was accepted before.
func breaks(key, old, new string) bool {
	switch key {
	case "kind", "max_length", "min_length", "pattern", "min", "max", "max_items", "min_items", "accept", "max_mb", "decimals", "options_from":
		return true
	case "require":
		return new != "" && new != "false"
	case "show":
		return new == "" || old != ""
	case "options":
		var was, is []OptionDef
		if json.Unmarshal([]byte(old), &was) != nil || json.Unmarshal([]byte(new), &is) != nil {
			return true
		}
		left := map[string]bool{}
		for _, o := range is {
			left[o.Value] = true
		}
		for _, o := range was {
			if !left[o.Value] {
				return true
			}
		}
	}
	return false
}

// keys compares two values of one struct type by their JSON keys.
func (d *differ) keys(path string, old, new any, breaks func(key, old, new string) bool) {
	a, b := asMap(old), asMap(new)
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	for _, k := range sortedKeys(all) {
		o, n := show(a[k]), show(b[k])
		if o == n {
			continue
		}
		c := Change{Kind: Changed, Path: path, Key: k, Old: o, New: n}
		c.Breaks = breaks != nil && breaks(k, o, n)
		d.out = append(d.out, c)
	}
}

func asMap(v any) map[string]any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil // definitions hold nothing that JSON cannot say
	}
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// show writes a value as its author would.
func show(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

func (d *differ) checks(old, new []StepDef) {
	index := func(steps []StepDef) map[string]string {
		out := map[string]string{}
		for _, s := range steps {
			for _, c := range s.Check {
				out[c.Rule] = s.ID + " " + c.Field + " " + show(asMap(c))
			}
		}
		return out
	}
	a, b := index(old), index(new)
	for _, rule := range sortedKeys(b) {
		switch o, ok := a[rule]; {
		case !ok:
			d.out = append(d.out, Change{Kind: Added, Path: "check " + rule, Breaks: true})
		case o != b[rule]:
			d.out = append(d.out, Change{Kind: Changed, Path: "check " + rule, Key: "message", Old: o, New: b[rule]})
		}
	}
	for _, rule := range sortedKeys(a) {
		if _, ok := b[rule]; !ok {
			d.out = append(d.out, Change{Kind: Removed, Path: "check " + rule})
		}
	}
}
