package form

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/rules"
)

// Coverage remembers which outcomes of a form's rules were ever seen: a pack whose
// own acceptance cases never exercise a rule is not published. It is not safe for
// concurrent use.
type Coverage struct {
	form *Form
	seen map[*rules.Rule]outcome
}

type outcome struct{ yes, no bool }

// Gap is a rule that the cases leave unproven.
type Gap struct {
	Pos  decl.Pos
	What string // "field facility: show"
	Need string // "never true", "never false", "never evaluated"
}

// String gives "file:line: field facility: show is never true".
func (g Gap) String() string {
	return strings.TrimPrefix(fmt.Sprintf("%s: %s is %s", g.Pos, g.What, g.Need), ": ")
}

// NewCoverage starts with nothing seen.
func NewCoverage(f *Form) *Coverage {
	return &Coverage{form: f, seen: map[*rules.Rule]outcome{}}
}

// Observe judges one filled form and remembers how every rule came out. A condition
// that cannot be decided yet counts as false, as it is treated; a check counts only
// when it is asked.
func (c *Coverage) Observe(a Answers, env Env) {
	s := c.form.judge(a, env)
	for _, st := range c.form.steps {
		c.condition(st.show, s.scope)
		if s.hidden["step:"+st.def.ID] {
			continue
		}
		for _, fl := range st.fields {
			c.field(fl, s.scope, s.hidden[fl.def.ID], s.values)
			for i := range s.rows[fl.def.ID] {
				view := &s.rows[fl.def.ID][i]
				for _, r := range fl.rows {
					c.field(r, view.scope, s.hidden[fmt.Sprintf("%s.%d.%s", fl.def.ID, i, r.def.ID)], view.values)
				}
			}
		}
		for _, ch := range st.checks {
			asked := !slices.ContainsFunc(append(ch.fields, ch.def.Field), func(id string) bool {
				fl := c.form.fields[id]
				return fl != nil && len(s.errorsOf(fl)) > 0
			})
			if !asked {
				continue
			}
			if ok, err := ch.rule.Bool(s.scope); err == nil {
				c.note(ch.rule, ok)
			}
		}
	}
}

func (c *Coverage) field(fl *field, scope *rules.Scope, hidden bool, values Answers) {
	c.condition(fl.show, scope)
	if hidden {
		return
	}
	c.condition(fl.require, scope)
	if fl.compute != nil && !blank(values[fl.def.ID]) {
		c.note(fl.compute, true)
	}
}

func (c *Coverage) condition(rule *rules.Rule, scope *rules.Scope) {
	if rule == nil {
		return
	}
	ok, err := rule.Bool(scope)
	if err == nil || errors.Is(err, rules.ErrUnknown) {
		c.note(rule, ok)
	}
}

func (c *Coverage) note(rule *rules.Rule, ok bool) {
	o := c.seen[rule]
	o.yes, o.no = o.yes || ok, o.no || !ok
	c.seen[rule] = o
}

// Missing lists what was never seen, in the order of the form.
func (c *Coverage) Missing() []Gap {
	var out []Gap
	condition := func(pos decl.Pos, what string, rule *rules.Rule) {
		if rule == nil {
			return
		}
		switch o := c.seen[rule]; {
		case !o.yes && !o.no:
			out = append(out, Gap{pos, what, "never evaluated"})
		case !o.yes:
			out = append(out, Gap{pos, what, "never true"})
		case !o.no:
			out = append(out, Gap{pos, what, "never false"})
		}
	}
	fieldGaps := func(fl *field, prefix string) {
		name := "field " + prefix + fl.def.ID
		condition(fl.def.Pos, name+": show", fl.show)
		condition(fl.def.Pos, name+": require", fl.require)
		if fl.compute != nil && !c.seen[fl.compute].yes {
			out = append(out, Gap{fl.def.Pos, name + ": compute", "never evaluated"})
		}
	}
	for _, st := range c.form.steps {
		condition(st.def.Pos, "step "+st.def.ID+": show", st.show)
		for _, fl := range st.fields {
			fieldGaps(fl, "")
			for _, r := range fl.rows {
				fieldGaps(r, fl.def.ID+".")
			}
		}
		for _, ch := range st.checks {
			condition(ch.def.Pos, fmt.Sprintf("check %q", ch.def.Rule), ch.rule)
		}
	}
	return out
}
