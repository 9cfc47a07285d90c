package form

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/money"
	"motcua/internal/platform/rules"
)

// Validate judges the whole form as it would be submitted: unknown answers, shapes,
// the JSON Schema, what is required, limits that move with the day, and the rules.
// Errors come in the order of the page, at most one for each input.
func (f *Form) Validate(a Answers, env Env) []errs.Field {
	s := f.judge(a, env)
	var out []errs.Field
	for _, id := range sortedKeys(a) {
		fl := f.fields[id]
		switch {
		case id == RawKey:
		case fl == nil:
			out = append(out, errs.Bad(id, "form.unknown-answer", "name", id))
		case fl.kind() == Group:
			out = append(out, unknownInRows(fl, a[id])...)
		}
	}
	for _, st := range f.steps {
		out = append(out, s.step(st)...)
	}
	return append(out, s.faults...)
}

// ValidateStep judges one step of a form that is being filled. What is wrong in
// other steps is not reported.
func (f *Form) ValidateStep(stepID string, a Answers, env Env) []errs.Field {
	st := f.step(stepID)
	if st == nil {
		return []errs.Field{errs.Bad("", "form.no-such-step", "step", stepID)}
	}
	return f.judge(a, env).step(st)
}

// Steps lists the steps that are shown for these answers, in order.
func (f *Form) Steps(a Answers, env Env) []Step {
	s := f.judge(a, env)
	var out []Step
	for _, st := range f.steps {
		if s.hidden["step:"+st.def.ID] {
			continue
		}
		begun, asks := false, false
		for _, fl := range st.fields {
			_, answered := s.values[fl.def.ID]
			shown := fl.input() && !s.hidden[fl.def.ID]
			begun, asks = begun || shown && answered, asks || shown
		}
		out = append(out, Step{ID: st.def.ID, Title: st.def.Title, Done: (begun || !asks) && len(s.step(st)) == 0})
	}
	return out
}

// Step is what a page needs to know of one step to draw the way through the form.
type Step struct {
	ID    string
	Title i18n.Text
	Done  bool // something is answered and nothing is wrong
}

func unknownInRows(group *field, v any) []errs.Field {
	rows, ok := rowsOf(v)
	if !ok {
		return nil
	}
	byID := rowFields(group)
	var out []errs.Field
	for i, row := range rows {
		for _, id := range sortedKeys(row) {
			if byID[id] == nil {
				name := group.def.ID + "." + strconv.Itoa(i) + "." + id
				out = append(out, errs.Bad(name, "form.unknown-answer", "name", name))
			}
		}
	}
	return out
}

// step judges the fields of a step, then its checks.
func (s *sheet) step(st *step) []errs.Field {
	if s.hidden["step:"+st.def.ID] {
		return nil
	}
	var out []errs.Field
	for _, fl := range st.fields {
		out = append(out, s.errorsOf(fl)...)
	}
	for _, ch := range st.checks {
		if e, bad := s.check(ch); bad {
			out = append(out, e)
		}
	}
	return out
}

// errorsOf judges one field of the top level, rows included.
func (s *sheet) errorsOf(fl *field) []errs.Field {
	id := fl.def.ID
	if done, ok := s.judged[id]; ok {
		return done
	}
	var out []errs.Field
	switch {
	case s.hidden[id] || !fl.input():
	case fl.kind() == Group:
		out = s.groupErrors(fl)
	default:
		if e, bad := s.value(fl, id, s.values[id], s.scope); bad {
			out = append(out, e)
		}
	}
	if s.judged == nil {
		s.judged = map[string][]errs.Field{}
	}
	s.judged[id] = out
	return out
}

func (s *sheet) groupErrors(fl *field) []errs.Field {
	id := fl.def.ID
	if e, ok := s.misshapen(id); ok {
		return []errs.Field{e}
	}
	var out []errs.Field
	kept := 0
	for i, view := range s.rows[id] {
		if !view.keep {
			continue
		}
		kept++
		for _, r := range fl.rows {
			name := id + "." + strconv.Itoa(i) + "." + r.def.ID
			if s.hidden[name] || !r.input() {
				continue
			}
			if e, bad := s.value(r, name, view.values[r.def.ID], view.scope); bad {
				out = append(out, e)
			}
		}
	}
	switch {
	case kept == 0 && s.required(fl, s.scope):
		out = append(out, errs.Bad(id, "form.required-rows", "label", fl.def.Label))
	case kept > fl.maxItems():
		out = append(out, errs.Bad(id, "form.rows-many", "label", fl.def.Label, "max", fl.maxItems()))
	}
	return out
}

// misshapen finds the error of an answer that has the wrong shape.
func (s *sheet) misshapen(name string) (errs.Field, bool) {
	i := slices.IndexFunc(s.shape, func(e errs.Field) bool { return e.Name == name })
	if i < 0 {
		return errs.Field{}, false
	}
	return s.shape[i], true
}

// value judges the answer of one input.
func (s *sheet) value(fl *field, name string, v any, scope *rules.Scope) (errs.Field, bool) {
	if e, ok := s.unreadable(fl, name); ok {
		return e, true
	}
	if e, ok := s.misshapen(name); ok {
		return e, true
	}
	if blank(v) || fl.kind() == Declaration && v == false {
		if s.required(fl, scope) {
			return requiredError(fl, name), true
		}
		return errs.Field{}, false
	}
	if e, bad := s.meaning(fl, name, v); bad {
		return e, true
	}
	if err := fl.schema.Validate(plainJSON(v)); err != nil {
		return schemaError(fl, name, err), true
	}
	return errs.Field{}, false
}

// unreadable says again what was wrong with text that could not be read.
func (s *sheet) unreadable(fl *field, name string) (errs.Field, bool) {
	if !s.rawUnder(name) {
		return errs.Field{}, false
	}
	if typed, ok := s.raw[name]; ok {
		if _, err := readTyped(fl, typed); err != nil {
			return labelled(ident.Field(name, err), fl), true
		}
		return errs.Bad(name, "form.wrong-shape", "label", fl.def.Label), true
	}
	if typed, ok := s.raw[name+".commune"]; ok {
		province := ""
		if a, ok := s.values[name].(Answers); ok {
			province = textOf(a["province"])
		}
		return findCommune(s.form.places.Current(), province, typed, s.form.places.Today()).fault(fl, name), true
	}
	if fl.always { // "another address" was chosen and nothing written
		return errs.Bad(name+".line", "form.required", "label", fl.def.Label), true
	}
	return errs.Field{}, false
}

func requiredError(fl *field, name string) errs.Field {
	code := "form.required"
	switch fl.kind() {
	case Choice, MultiChoice, YesNo:
		code = "form.required-choice"
	case Declaration:
		code = "form.required-declaration"
	case FileKind:
		code = "form.required-file"
	case AddressKind:
		name += ".province"
	}
	return errs.Bad(name, code, "label", fl.def.Label)
}

// meaning judges what a schema cannot say, with the sentence that helps most.
func (s *sheet) meaning(fl *field, name string, v any) (errs.Field, bool) {
	label := fl.def.Label
	switch x := v.(type) {
	case string:
		if fl.kind() == Choice {
			if _, ok := fl.byValue[x]; !ok {
				return errs.Bad(name, "form.option", "label", label), true
			}
			return errs.Field{}, false
		}
		if _, err := readText(fl.kind(), x); err != nil {
			return labelled(ident.Field(name, err), fl), true
		}
		if fl.kind() == Date || fl.kind() == PartialDate {
			return s.dateLimits(fl, name, x)
		}
		if fl.pattern != nil && !fl.pattern.MatchString(x) {
			return errs.Bad(name, "form.message", "message", fl.def.PatternMessage), true
		}
	case float64:
		if digits := math.Pow10(fl.def.Decimals); math.Abs(x*digits-math.Round(x*digits)) > 1e-6*math.Max(1, math.Abs(x)) {
			if fl.def.Decimals == 0 {
				return errs.Bad(name, "form.whole", "label", label), true
			}
			return errs.Bad(name, "form.decimals", "label", label, "decimals", fl.def.Decimals), true
		}
	case Answers:
		return s.addressError(fl, name, x)
	case []File:
		return fileError(fl, name, x)
	}
	return errs.Field{}, false
}

// dateLimits compares by certainty: a birth known by its year alone is only too
// late when the whole year is.
func (s *sheet) dateLimits(fl *field, name, v string) (errs.Field, bool) {
	p, err := civil.ParsePartial(v)
	if err != nil {
		return errs.Bad(name, "form.wrong-shape", "label", fl.def.Label), true
	}
	if fl.min.set {
		if day := fl.min.date(s.today); p.Last().Before(day) {
			return errs.Bad(name, "form.date-early", "label", fl.def.Label, "min", dateText(day)), true
		}
	}
	if fl.max.set {
		if day := fl.max.date(s.today); p.First().After(day) {
			if fl.max.original == "today" {
				return errs.Bad(name, "form.date-future", "label", fl.def.Label), true
			}
			return errs.Bad(name, "form.date-late", "label", fl.def.Label, "max", dateText(day)), true
		}
	}
	return errs.Field{}, false
}

func dateText(d civil.Date) i18n.Text {
	return i18n.Text{VI: d.Screen(i18n.VI), EN: d.Screen(i18n.EN)}
}

func fileError(fl *field, name string, files []File) (errs.Field, bool) {
	var accepted []string
	for _, kind := range fl.accept() {
		accepted = append(accepted, mimeTypes[kind]...)
	}
	for _, file := range files {
		base, _, _ := strings.Cut(file.Type, ";")
		switch {
		case file.Type != "" && !slices.Contains(accepted, base):
			return errs.Bad(name, "form.file-type", "label", fl.def.Label, "file", file.Name, "kinds", strings.ToUpper(strings.Join(fl.accept(), ", "))), true
		case file.Size > fl.maxBytes():
			return errs.Bad(name, "form.file-size", "label", fl.def.Label, "file", file.Name, "max", int(fl.maxBytes()>>20)), true
		}
	}
	switch {
	case len(files) > fl.maxItems():
		return errs.Bad(name, "form.files-many", "label", fl.def.Label, "max", fl.maxItems()), true
	case len(files) < fl.def.MinItems:
		return errs.Bad(name, "form.files-few", "label", fl.def.Label, "min", fl.def.MinItems), true
	}
	return errs.Field{}, false
}

// plainJSON gives a value the Go types of decoded JSON, which the schema reads.
func plainJSON(v any) any {
	switch x := v.(type) {
	case []string:
		out := make([]any, len(x))
		for i, s := range x {
			out[i] = s
		}
		return out
	case Answers:
		return map[string]any(x)
	case []File:
		out := make([]any, len(x))
		for i, f := range x {
			m := map[string]any{"id": f.ID, "size": f.Size}
			if f.Name != "" {
				m["name"] = f.Name
			}
			if f.Type != "" {
				m["type"] = f.Type
			}
			out[i] = m
		}
		return out
	case []Answers:
		out := make([]any, len(x))
		for i, row := range x {
			m := make(map[string]any, len(row))
			for k, r := range row {
				m[k] = plainJSON(r)
			}
			out[i] = m
		}
		return out
	default:
		return v
	}
}

// schemaError turns the first leaf of a schema's refusal into a sentence of ours.
func schemaError(fl *field, name string, err error) errs.Field {
	label := fl.def.Label
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return errs.Bad(name, "form.wrong-shape", "label", label)
	}
	for len(ve.Causes) > 0 {
		ve = ve.Causes[0]
	}
	limit := func(n float64) any {
		if fl.kind() == Money {
			return i18n.Text{VI: money.VND(n).Format(i18n.VI), EN: money.VND(n).Format(i18n.EN)}
		}
		return n
	}
	switch k := ve.ErrorKind.(type) {
	case *kind.MinLength:
		return errs.Bad(name, "form.too-short", "label", label, "min", k.Want)
	case *kind.MaxLength:
		return errs.Bad(name, "form.too-long", "label", label, "max", k.Want, "got", k.Got)
	case *kind.Minimum:
		n, _ := k.Want.Float64()
		return errs.Bad(name, "form.min", "label", label, "min", limit(n))
	case *kind.Maximum:
		n, _ := k.Want.Float64()
		return errs.Bad(name, "form.max", "label", label, "max", limit(n))
	case *kind.Enum:
		return errs.Bad(name, "form.option", "label", label)
	case *kind.MinItems:
		return errs.Bad(name, "form.choices-few", "label", label, "min", k.Want)
	case *kind.MaxItems:
		return errs.Bad(name, "form.choices-many", "label", label, "max", k.Want)
	default:
		return errs.Bad(name, "form.wrong-shape", "label", label)
	}
}

// check evaluates a rule over several answers, unless one of them has a fault of its
// own: the person mends that first.
func (s *sheet) check(ch check) (errs.Field, bool) {
	at := ch.def.Field
	for _, id := range ch.fields {
		fl := s.form.fields[id]
		if fl == nil {
			continue
		}
		if len(s.errorsOf(fl)) > 0 {
			return errs.Field{}, false
		}
		if s.hidden[at] && !s.hidden[id] {
			at = id // the message must stand where it can be seen
		}
	}
	if fl := s.form.fields[ch.def.Field]; len(s.errorsOf(fl)) > 0 {
		return errs.Field{}, false
	}
	ok, err := ch.rule.Bool(s.scope)
	switch {
	case errors.Is(err, rules.ErrUnknown) || ok && err == nil:
		return errs.Field{}, false
	case err != nil:
		return errs.Bad(at, "form.rule-fault"), true
	}
	if fl := s.form.fields[at]; fl.kind() == AddressKind {
		at += ".province"
	}
	return errs.Bad(at, "form.message", "message", ch.def.Message), true
}
