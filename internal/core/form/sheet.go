package form

import (
	"context"
	"errors"
	"strconv"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/rules"
)

// sheet is one filled form, judged: what is shown, required and computed. It lives
// for one call.
type sheet struct {
	form   *Form
	scope  *rules.Scope
	now    time.Time
	today  civil.Date
	hidden map[string]bool      // input names that are not asked ("x", "children.0.name"), and "step:<id>"
	values Answers              // what is answered and asked, typed, with computed values; no raw
	rows   map[string][]rowView // rows of groups as they stand on the page, blank ones too
	raw    map[string]string
	shape  []errs.Field // answers of the wrong shape, by name
	judged map[string][]errs.Field
	faults []errs.Field // rules that could not be evaluated although all they need is there
}

// rowView is one row of a group on the page.
type rowView struct {
	values Answers
	facts  map[string]any // the same as rules see it
	blank  bool
	keep   bool // part of what is submitted
	scope  *rules.Scope
}

// judge evaluates every show and compute rule in their order.
func (f *Form) judge(a Answers, env Env) *sheet {
	s := &sheet{
		form: f, now: env.Now, today: civil.DateOf(env.Now), hidden: map[string]bool{}, values: make(Answers, len(a)),
		rows: map[string][]rowView{}, raw: rawOf(a),
		scope: f.env.NewScope(context.Background(), env.Now),
	}
	s.scope.Set("owner", env.Owner)
	s.scope.Set("submitter", env.Submitter)
	for _, n := range f.order {
		if n.step != nil {
			if !s.holds(n.step.show, s.scope, true) {
				s.hidden["step:"+n.step.def.ID] = true
			}
			continue
		}
		s.field(n.field, a)
	}
	return s
}

// holds evaluates a condition; absent is its value when there is none. Unknown is false.
func (s *sheet) holds(rule *rules.Rule, scope *rules.Scope, absent bool) bool {
	if rule == nil {
		return absent
	}
	ok, err := rule.Bool(scope)
	if err != nil && !errors.Is(err, rules.ErrUnknown) {
		s.faults = append(s.faults, errs.Bad("", "form.rule-fault"))
	}
	return ok && err == nil
}

func (s *sheet) field(fl *field, a Answers) {
	id := fl.def.ID
	if s.hidden["step:"+fl.step.def.ID] || !s.holds(fl.show, s.scope, true) {
		s.hidden[id] = true
		return
	}
	switch fl.kind() {
	case Information:
	case Computed:
		s.compute(fl, s.scope, s.values, id)
	case Group:
		s.group(fl, a[id])
	default:
		if v, ok := s.typed(fl, a[id], id); ok {
			s.values[id] = v
			s.scope.Set(id, ruleValue(fl, v))
		}
	}
}

// typed brings an answer into shape and files an error when it has another one.
func (s *sheet) typed(fl *field, v any, name string) (any, bool) {
	if blank(v) {
		return nil, false
	}
	value, ok := coerce(fl, v)
	if !ok {
		s.shape = append(s.shape, errs.Bad(name, "form.wrong-shape", "label", fl.def.Label))
		return nil, false
	}
	return value, !blank(value)
}

func (s *sheet) compute(fl *field, scope *rules.Scope, into Answers, name string) {
	v, err := fl.compute.Eval(scope)
	switch {
	case errors.Is(err, rules.ErrUnknown):
		return
	case err != nil:
		s.faults = append(s.faults, errs.Bad(name, "form.compute-fault", "label", fl.def.Label))
		return
	}
	value, ok := coerce(fl, v)
	if !ok || blank(value) {
		return
	}
	into[fl.def.ID] = value
	if fl.group == nil {
		scope.Set(fl.def.ID, value)
	}
}

func (s *sheet) group(fl *field, v any) {
	id := fl.def.ID
	posted, ok := rowsOf(v)
	if !ok && !blank(v) {
		s.shape = append(s.shape, errs.Bad(id, "form.wrong-shape", "label", fl.def.Label))
	}
	views := make([]rowView, 0, max(len(posted), fl.def.MinItems))
	var kept []Answers
	var facts []map[string]any
	for i := range max(len(posted), fl.def.MinItems) {
		var row Answers
		if i < len(posted) {
			row = posted[i]
		} else {
			row = newRow(fl)
		}
		view := s.row(fl, i, row)
		view.keep = !view.blank || i < fl.def.MinItems
		if view.keep {
			kept, facts = append(kept, view.values), append(facts, view.facts)
		}
		views = append(views, view)
	}
	s.rows[id] = views
	if len(kept) > 0 {
		s.values[id] = kept
		s.scope.Set(id, facts)
	}
}

func (s *sheet) row(fl *field, index int, row Answers) rowView {
	prefix := fl.def.ID + "." + strconv.Itoa(index) + "."
	view := rowView{values: make(Answers, len(row)), facts: make(map[string]any, len(row)), blank: true, scope: s.scope.Child(fl.rowEnv)}
	view.scope.Set("row", view.facts) // the record reads the map as it fills
	for _, r := range fl.rowOrder {
		id, name := r.def.ID, prefix+r.def.ID
		if !s.holds(r.show, view.scope, true) {
			s.hidden[name] = true
			continue
		}
		switch r.kind() {
		case Information:
		case Computed:
			s.compute(r, view.scope, view.values, name)
			view.facts[id] = view.values[id]
		default:
			v, ok := s.typed(r, row[id], name)
			if ok {
				view.values[id], view.facts[id] = v, ruleValue(r, v)
			}
			if ok && !isDefault(r, v) || s.rawUnder(name) {
				view.blank = false
			}
		}
	}
	return view
}

func isDefault(fl *field, v any) bool {
	if fl.def.Default == nil {
		return false
	}
	d, ok := coerce(fl, fl.def.Default)
	if !ok {
		return false
	}
	switch d.(type) {
	case string, float64, int64, bool:
		return d == v
	default:
		return false
	}
}

// rawUnder reports whether the input (or, for an address, one of its parts) holds
// text that could not be read.
func (s *sheet) rawUnder(name string) bool {
	if len(s.raw) == 0 {
		return false
	}
	_, whole := s.raw[name]
	_, commune := s.raw[name+".commune"]
	_, province := s.raw[name+".province"]
	return whole || commune || province
}

// ruleValue is the value as rules see it: files are records, and a date that does
// not exist is not answered yet, so that no rule stumbles over it.
func ruleValue(fl *field, v any) any {
	switch x := v.(type) {
	case string:
		if fl.kind() == Date || fl.kind() == PartialDate {
			if _, err := civil.ParsePartial(x); err != nil {
				return nil
			}
		}
	case []File:
		out := make([]map[string]any, len(x))
		for i, f := range x {
			out[i] = map[string]any{"id": f.ID, "name": f.Name, "size": f.Size, "type": f.Type}
		}
		return out
	}
	return v
}

// required reports whether a shown field must be answered.
func (s *sheet) required(fl *field, scope *rules.Scope) bool {
	return fl.always || fl.require != nil && s.holds(fl.require, scope, false)
}

// Clean returns what is submitted: the answers of questions that were asked, without
// unreadable text and untouched rows, with computed values.
func (f *Form) Clean(a Answers, env Env) Answers {
	s := f.judge(a, env)
	for id, v := range s.values {
		rows, ok := v.([]Answers)
		if !ok {
			continue
		}
		var kept []Answers
		for _, r := range rows {
			if len(r) > 0 {
				kept = append(kept, r)
			}
		}
		if s.values[id] = kept; len(kept) == 0 {
			delete(s.values, id)
		}
	}
	return s.values
}

// Prefill returns a with what is already known filled in: fields with a prefill
// whose property env has, then defaults. What is answered stays.
func (f *Form) Prefill(a Answers, env Env) Answers {
	out := make(Answers, len(a))
	for k, v := range a {
		out[k] = v
	}
	for id, fl := range f.fields {
		if !blank(out[id]) || rawOf(a)[id] != "" || !fl.input() {
			continue
		}
		if v, ok := f.known(fl, env); ok {
			out[id] = v
		} else if fl.def.Default != nil {
			if v, ok := coerce(fl, fl.def.Default); ok {
				out[id] = v
			}
		}
	}
	return out
}

// known returns what env already says about a field (once-only: the state does not
// ask what it has).
func (f *Form) known(fl *field, env Env) (any, bool) {
	if fl.def.Prefill == "" {
		return nil, false
	}
	person, property := env.Submitter, fl.def.Prefill[len("submitter."):]
	if fl.def.Prefill[0] == 'o' {
		person, property = env.Owner, fl.def.Prefill[len("owner."):]
	}
	text := person[property]
	if text == "" {
		return nil, false
	}
	switch fl.kind() {
	case AddressKind:
		return Answers{"text": text}, true
	case Choice:
		if _, ok := fl.byValue[text]; !ok {
			return nil, false
		}
		return text, true
	case Date:
		if p, err := civil.ParsePartial(text); err != nil || p.Precision() != civil.ToDay {
			return nil, false
		}
		return text, true
	default:
		v, err := readText(fl.kind(), text)
		return v, err == nil
	}
}

// Owner returns the properties of the dossier's owner (chủ hồ sơ) that the form
// asks for, by the names in [OwnerProperties]; empty when it asks for none.
func (f *Form) Owner(a Answers) map[string]string {
	out := map[string]string{}
	for property, id := range f.def.OwnerFields {
		if v, ok := coerce(f.fields[id], a[id]); ok && !blank(a[id]) {
			switch x := v.(type) {
			case string:
				out[property] = x
			case Answers:
				out[property] = textOf(x["text"])
			}
		}
	}
	return out
}

// Files lists every file the answers refer to.
func (f *Form) Files(a Answers) []File {
	var out []File
	gather := func(fl *field, v any) {
		if files, ok := coerce(fl, v); ok && fl.kind() == FileKind {
			out = append(out, files.([]File)...)
		}
	}
	for _, st := range f.steps {
		for _, fl := range st.fields {
			if rows, ok := rowsOf(a[fl.def.ID]); ok && fl.kind() == Group {
				for _, row := range rows {
					for _, r := range fl.rows {
						gather(r, row[r.def.ID])
					}
				}
				continue
			}
			gather(fl, a[fl.def.ID])
		}
	}
	return out
}
