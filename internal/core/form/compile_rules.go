package form

import (
	"strings"

	"motcua/internal/platform/rules"
)

// addressType, fileType and personType are the records rules see.
var (
	addressType = rules.Object("address", text("province"), text("commune"), text("line"), text("text"), text("old"), text("on"))
	fileType    = rules.Object("file", text("id"), text("name"), rules.Var{Name: "size", Type: rules.Int}, text("type"))
)

func text(name string) rules.Var { return rules.Var{Name: name, Type: rules.String} }

func personType() rules.Type {
	var vars []rules.Var
	for _, p := range OwnerProperties() {
		vars = append(vars, text(p))
	}
	return rules.Object("person", vars...)
}

// ruleType is the type of a field in rules; ok is false for information and for a
// computed field whose rule has not been compiled yet.
func (fl *field) ruleType() (t rules.Type, ok bool) {
	switch fl.kind() {
	case Number:
		return rules.Float, true
	case Money:
		return rules.Int, true
	case YesNo, Declaration:
		return rules.Bool, true
	case MultiChoice:
		return rules.List(rules.String), true
	case AddressKind:
		return addressType, true
	case FileKind:
		return rules.List(fileType), true
	case Group:
		return rules.List(fl.rowType(false)), true
	case Computed:
		return fl.result, fl.compute != nil
	case Information:
		return rules.Type{}, false
	default:
		return rules.String, true
	}
}

// rowType is the record of one row; guess adds computed fields not compiled yet.
func (fl *field) rowType(guess bool) rules.Type {
	var vars []rules.Var
	for _, r := range fl.rows {
		if t, ok := r.ruleType(); ok {
			vars = append(vars, rules.Var{Name: r.def.ID, Type: t})
		} else if guess && r.kind() == Computed {
			vars = append(vars, rules.Var{Name: r.def.ID, Type: rules.Any})
		}
	}
	return rules.Object(fl.def.ID+".row", vars...)
}

// environment declares what the rules of the form may use: with row, those of one
// row of that group; with guess, also computed fields not compiled yet.
func (c *compiler) environment(row *field, guess bool) (*rules.Env, error) {
	person := personType()
	vars := []rules.Var{{Name: "owner", Type: person}, {Name: "submitter", Type: person}}
	for _, s := range c.form.steps {
		for _, fl := range s.fields {
			switch t, ok := fl.ruleType(); {
			case fl.kind() == Group:
				vars = append(vars, rules.Var{Name: fl.def.ID, Type: rules.List(fl.rowType(guess))})
			case ok:
				vars = append(vars, rules.Var{Name: fl.def.ID, Type: t})
			case guess && fl.kind() == Computed:
				vars = append(vars, rules.Var{Name: fl.def.ID, Type: rules.Any})
			}
		}
	}
	if row != nil {
		vars = append(vars, rules.Var{Name: "row", Type: row.rowType(guess)})
	}
	return rules.NewEnv(vars...)
}

// rules compiles every rule. Computed fields come first, in rounds: the type of
// one may depend on another.
func (c *compiler) rules() {
	if !c.computed() || len(c.problems) > 0 {
		return
	}
	env, err := c.environment(nil, false)
	if err != nil {
		c.bad(c.def.Pos, "%v", err)
		return
	}
	c.form.env = env
	for _, s := range c.form.steps {
		if s.def.Show != "" {
			if s.show, err = env.Compile(s.def.Show, rules.Bool); err != nil {
				c.ruleProblem(s.def.Pos, "step "+s.def.ID+": show", err)
			}
		}
		for _, fl := range s.fields {
			c.fieldRules(fl, env)
			if fl.kind() != Group {
				continue
			}
			if fl.rowEnv, err = c.environment(fl, false); err != nil {
				c.bad(fl.def.Pos, "%v", err)
				return
			}
			for _, r := range fl.rows {
				c.fieldRules(r, fl.rowEnv)
			}
		}
		for i := range s.def.Check {
			def := &s.def.Check[i]
			rule, err := env.Compile(def.Rule, rules.Bool)
			if err != nil {
				c.ruleProblem(def.Pos, "check", err)
				continue
			}
			s.checks = append(s.checks, check{def: def, rule: rule, fields: heads(rule.Refs())})
		}
	}
	c.markRefresh()
}

func (c *compiler) fieldRules(fl *field, env *rules.Env) {
	var err error
	if fl.def.Show != "" {
		if fl.show, err = env.Compile(fl.def.Show, rules.Bool); err != nil {
			c.ruleProblem(fl.def.Pos, "field "+fl.def.ID+": show", err)
		}
	}
	switch fl.def.Require {
	case "", "false":
	case "true":
		fl.always = true
	default:
		if fl.require, err = env.Compile(fl.def.Require, rules.Bool); err != nil {
			c.ruleProblem(fl.def.Pos, "field "+fl.def.ID+": require", err)
		}
	}
}

// computed compiles the rules of computed fields; it reports whether all did.
func (c *compiler) computed() bool {
	var open []*field
	for _, s := range c.form.steps {
		for _, fl := range s.fields {
			if fl.kind() == Computed {
				open = append(open, fl)
			}
			for _, r := range fl.rows {
				if r.kind() == Computed {
					open = append(open, r)
				}
			}
		}
	}
	for len(open) > 0 {
		type compiled struct {
			field *field
			rule  *rules.Rule
		}
		var done []compiled
		var left []*field
		for _, fl := range open {
			if rule, err := c.compute(fl, false); err == nil {
				done = append(done, compiled{fl, rule})
			} else {
				left = append(left, fl)
			}
		}
		if len(done) == 0 {
			for _, fl := range left {
				_, err := c.compute(fl, true)
				if err == nil {
					c.bad(fl.def.Pos, "field %q is computed, directly or through others, from itself", fl.def.ID)
				} else {
					c.ruleProblem(fl.def.Pos, "field "+fl.def.ID+": compute", err)
				}
			}
			return false
		}
		for _, d := range done { // only now, so that every rule of a round sees the same names
			d.field.compute, d.field.result = d.rule, d.rule.Result()
		}
		open = left
	}
	return true
}

func (c *compiler) compute(fl *field, guess bool) (*rules.Rule, error) {
	env, err := c.environment(fl.group, guess)
	if err != nil {
		return nil, err
	}
	return env.Compile(fl.def.Compute, rules.String, rules.Int, rules.Float, rules.Bool)
}

// heads reduces "home.province" to the variable "home", each once.
func heads(refs []string) []string {
	var out []string
	for _, r := range refs {
		head, _, _ := strings.Cut(r, ".")
		if len(out) == 0 || out[len(out)-1] != head {
			out = append(out, head)
		}
	}
	return out
}

// markRefresh finds the fields whose answer decides what else the same page asks.
func (c *compiler) markRefresh() {
	mark := func(s *step, rule *rules.Rule) {
		if rule == nil {
			return
		}
		for _, id := range heads(rule.Refs()) {
			if fl := c.form.fields[id]; fl != nil && fl.step == s {
				fl.refresh = true
			}
		}
	}
	for _, s := range c.form.steps {
		for _, fl := range s.fields {
			mark(s, fl.show)
			mark(s, fl.require)
			mark(s, fl.compute)
			for _, r := range fl.rows {
				for _, rule := range []*rules.Rule{r.show, r.require, r.compute} {
					if rule == nil {
						continue
					}
					mark(s, rule)
					for _, ref := range rule.Refs() {
						if id, ok := strings.CutPrefix(ref, "row."); ok {
							for _, other := range fl.rows {
								if other.def.ID == id {
									other.refresh = true
								}
							}
						}
					}
				}
			}
		}
	}
}

// sort puts steps and fields in the order of evaluation: what decides whether
// something is shown, and what a value is computed from, comes first.
func (c *compiler) sort() {
	state := map[any]int{} // 1 on the way, 2 done
	var visitStep func(s *step) bool
	var visitField func(fl *field) bool
	reads := func(rule *rules.Rule) bool {
		if rule == nil {
			return true
		}
		for _, id := range heads(rule.Refs()) {
			if fl := c.form.fields[id]; fl != nil && !visitField(fl) {
				return false
			}
		}
		return true
	}
	visitStep = func(s *step) bool {
		switch state[s] {
		case 1:
			c.bad(s.def.Pos, "step %q: whether it is shown depends, directly or through others, on itself", s.def.ID)
			return false
		case 2:
			return true
		}
		state[s] = 1
		ok := reads(s.show)
		state[s] = 2
		c.form.order = append(c.form.order, node{step: s})
		return ok
	}
	visitField = func(fl *field) bool {
		switch state[fl] {
		case 1:
			c.bad(fl.def.Pos, "field %q: whether it is shown, or its value, depends, directly or through others, on itself", fl.def.ID)
			return false
		case 2:
			return true
		}
		state[fl] = 1
		ok := visitStep(fl.step) && reads(fl.show) && reads(fl.compute)
		for _, r := range fl.rows {
			ok = ok && reads(r.show) && reads(r.compute)
		}
		if ok && fl.kind() == Group {
			ok = c.sortRows(fl)
		}
		state[fl] = 2
		c.form.order = append(c.form.order, node{field: fl})
		return ok
	}
	for _, s := range c.form.steps {
		if !visitStep(s) {
			return
		}
		for _, fl := range s.fields {
			if !visitField(fl) {
				return
			}
		}
	}
}

func (c *compiler) sortRows(group *field) bool {
	byID := map[string]*field{}
	for _, r := range group.rows {
		byID[r.def.ID] = r
	}
	state := map[*field]int{}
	var visit func(r *field) bool
	visit = func(r *field) bool {
		switch state[r] {
		case 1:
			c.bad(r.def.Pos, "field %q: whether it is shown, or its value, depends, directly or through others, on itself", r.def.ID)
			return false
		case 2:
			return true
		}
		state[r] = 1
		for _, rule := range []*rules.Rule{r.show, r.compute} {
			if rule == nil {
				continue
			}
			for _, ref := range rule.Refs() {
				if id, ok := strings.CutPrefix(ref, "row."); ok && byID[id] != nil && !visit(byID[id]) {
					return false
				}
			}
		}
		state[r] = 2
		group.rowOrder = append(group.rowOrder, r)
		return true
	}
	for _, r := range group.rows {
		if !visit(r) {
			return false
		}
	}
	return true
}
