package form

import (
	"motcua/internal/platform/i18n"
)

// Form is a compiled form: every rule type-checked, every reference resolved. It
// is immutable and safe for concurrent use. Make one with [Compile].
type Form struct {
	def   *Definition
	steps []*step
}

type step struct {
	def *StepDef
}

// ID returns the form's id.
func (f *Form) ID() string { return f.def.ID }

// Title returns the form's title.
func (f *Form) Title() i18n.Text { return f.def.Title }

// Step is what a page needs to know of one step to draw the way through the form.
type Step struct {
	ID    string
	Title i18n.Text
	Done  bool // every required answer of the step is there and good
}
