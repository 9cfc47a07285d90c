package form

import (
	"regexp"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/rules"
)

// Form is a compiled form: every rule type-checked, every reference resolved. It
// is immutable and safe for concurrent use. Make one with [Compile].
type Form struct {
	def    *Definition
	steps  []*step
	fields map[string]*field // top level, by id
	order  []node            // steps and fields, each after those its rules read
	env    *rules.Env
	schema []byte
	places Places
}

type step struct {
	def    *StepDef
	show   *rules.Rule // nil: always
	fields []*field
	checks []check
}

type field struct {
	def      *FieldDef
	step     *step
	group    *field      // the group of a row's field
	show     *rules.Rule // nil: always
	always   bool        // required whenever shown
	require  *rules.Rule // nil unless a rule decides
	compute  *rules.Rule
	result   rules.Type // of a computed field
	options  []Option
	byValue  map[string]Option
	pattern  *regexp.Regexp
	min, max bound
	rows     []*field // group: in the order of the page
	rowOrder []*field // group: in the order of their rules
	rowEnv   *rules.Env
	schema   *jsonschema.Schema
	refresh  bool // a show rule of the same step reads it: the page must be drawn anew when it changes
}

type check struct {
	def    *CheckDef
	rule   *rules.Rule
	fields []string // top-level fields the rule reads
}

// node is a step or a top-level field in the order of evaluation.
type node struct {
	step  *step
	field *field
}

// ID returns the form's id.
func (f *Form) ID() string { return f.def.ID }

// Title returns the form's title.
func (f *Form) Title() i18n.Text { return f.def.Title }

// Intro returns the words above the first step.
func (f *Form) Intro() i18n.Text { return f.def.Intro }

// Definition returns what the form was compiled from. It must not be changed.
func (f *Form) Definition() *Definition { return f.def }

// StepIDs lists every step, shown or not, in the order of the form.
func (f *Form) StepIDs() []string {
	out := make([]string, len(f.steps))
	for i, s := range f.steps {
		out[i] = s.def.ID
	}
	return out
}

// HasStep reports whether the form has a step of this id.
func (f *Form) HasStep(id string) bool { return f.step(id) != nil }

func (f *Form) step(id string) *step {
	for _, s := range f.steps {
		if s.def.ID == id {
			return s
		}
	}
	return nil
}

// stepsOf returns the step with this id, or every step for "".
func (f *Form) stepsOf(id string) []*step {
	if id == "" {
		return f.steps
	}
	if s := f.step(id); s != nil {
		return []*step{s}
	}
	return nil
}

func (fl *field) kind() Kind { return fl.def.Kind }

// input reports whether a person answers the field.
func (fl *field) input() bool { return fl.kind() != Computed && fl.kind() != Information }

// personal reports whether the answer is masked for people who need not see it.
func (fl *field) personal() bool {
	if fl.def.Personal != nil {
		return *fl.def.Personal
	}
	switch fl.kind() {
	case CitizenNumber, Phone, Email, AddressKind, FileKind, Date, PartialDate, Text, LongText, TaxCode:
		return true
	default:
		return false
	}
}

func (fl *field) maxItems() int {
	switch {
	case fl.def.MaxItems > 0:
		return fl.def.MaxItems
	case fl.kind() == Group:
		return 20
	default:
		return 1
	}
}

func (fl *field) maxBytes() int64 {
	if fl.def.MaxMB > 0 {
		return int64(fl.def.MaxMB) << 20
	}
	return 10 << 20
}

func (fl *field) accept() []string {
	if len(fl.def.Accept) > 0 {
		return fl.def.Accept
	}
	return []string{"pdf", "jpeg", "png"}
}

// maxLength returns the longest text accepted, in characters. Every text has a
// limit, so that a form cannot be used to store a novel.
func (fl *field) maxLength() int {
	switch {
	case fl.def.MaxLength != nil:
		return *fl.def.MaxLength
	case fl.kind() == LongText:
		return 4000
	default:
		return 255
	}
}
