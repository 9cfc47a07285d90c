package form

import (
	"fmt"

	"motcua/internal/platform/rules"
)

// Rule is one more condition over the answers of a form, written outside of it: when
// a paper is required, when a fee falls due.
type Rule struct {
	form *Form
	rule *rules.Rule
}

// Rule compiles a condition in the form's own environment: the same names, types and
// functions as its own rules.
func (f *Form) Rule(source string) (*Rule, error) {
	r, err := f.env.Compile(source, rules.Bool)
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", source, err)
	}
	return &Rule{form: f, rule: r}, nil
}

// Holds judges the condition. What cannot be decided yet does not hold.
func (r *Rule) Holds(a Answers, env Env) bool {
	ok, err := r.rule.Bool(r.form.judge(a, env).scope)
	return err == nil && ok
}

// Vars lists the fields that rules over the answers may use, for those who compile
// rules elsewhere (the templates of results).
func (f *Form) Vars() []rules.Var {
	var vars []rules.Var
	for _, s := range f.steps {
		for _, fl := range s.fields {
			if t, ok := fl.ruleType(); ok {
				vars = append(vars, rules.Var{Name: fl.def.ID, Type: t})
			}
		}
	}
	return vars
}
