package procedure

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"

	"motcua/internal/core/clock"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/platform/decl"
)

// Compiled is a version ready to work with: forms and flows compiled, the rules of
// papers and fees too. It is immutable and safe for concurrent use.
type Compiled struct {
	Version *Version
	cases   map[string]*compiledCase
}

type compiledCase struct {
	def      *Case
	form     *form.Form
	flow     *flow.Flow
	template json.RawMessage
	required map[string]*form.Rule // component code → rule; absent: Required says it
	due      map[string]*form.Rule // fee code in a channel, "online/late" → rule
}

// Compile joins a definition with its compiled forms and flows (by the ids the
// definition uses) and compiles the rules of papers and fees. The error is a
// [decl.Problems]. A case whose form or flow is missing is left out: whoever knows
// the files reports that.
func Compile(v *Version, forms map[string]*form.Form, flows map[string]*flow.Flow) (*Compiled, error) {
	c := &Compiled{Version: v, cases: map[string]*compiledCase{}}
	var problems decl.Problems
	for i := range v.Def.Cases {
		cs := &v.Def.Cases[i]
		cc := &compiledCase{
			def: cs, form: forms[cs.Form], flow: flows[cs.Flow], template: v.Parts.Templates[cs.Template],
			required: map[string]*form.Rule{}, due: map[string]*form.Rule{},
		}
		if cc.form == nil || cc.flow == nil {
			continue
		}
		problems = append(problems, cc.rules(v.Def)...)
		c.cases[cs.ID] = cc
	}
	return c, problems.Err()
}

// rules compiles the rules of a case.
func (cc *compiledCase) rules(def *Definition) (problems decl.Problems) {
	for i := range cc.def.Components {
		p := &cc.def.Components[i]
		if p.Required == "" || p.Required == "true" {
			continue
		}
		rule, err := cc.form.Rule(p.Required)
		if err != nil {
			problems = append(problems, p.Pos.At("required of component %q: %v", p.Code, err))
			continue
		}
		cc.required[p.Code] = rule
	}
	for i := range def.Channels {
		for j := range def.Channels[i].Fees {
			f := &def.Channels[i].Fees[j]
			if !f.concerns(cc.def.ID) {
				continue
			}
			if f.When != "" {
				rule, err := cc.form.Rule(f.When)
				if err != nil {
					problems = append(problems, f.Pos.At("when of fee %q: %v", f.Code, err))
					continue
				}
				cc.due[string(def.Channels[i].Kind)+"/"+f.Code] = rule
			}
			if f.From != "" && !cc.hasAmount(f.From) {
				problems = append(problems, f.Pos.At("from of fee %q: the form %q has no number, amount or computed field %q", f.Code, cc.def.Form, f.From))
			}
		}
	}
	// A fee that stands above the channels is compiled for each of them; one word about it is enough.
	slices.SortStableFunc(problems, func(a, b decl.Problem) int { return a.Line - b.Line })
	return slices.Compact(problems)
}

// hasAmount reports whether the form has a field that can hold an amount.
func (cc *compiledCase) hasAmount(id string) bool {
	for _, st := range cc.form.Definition().Steps {
		for _, f := range st.Fields {
			if f.ID == id {
				return f.Kind == form.Money || f.Kind == form.Number || f.Kind == form.Computed
			}
		}
	}
	return false
}

// concerns reports whether the fee is meant for the case.
func (f *Fee) concerns(caseID string) bool {
	return len(f.Cases) == 0 || slices.Contains(f.Cases, caseID)
}

// Case returns a case of the version, nil when there is none.
func (c *Compiled) Case(caseID string) *Case {
	if cc := c.cases[caseID]; cc != nil {
		return cc.def
	}
	return nil
}

// Form returns the form of a case, nil when there is no such case.
func (c *Compiled) Form(caseID string) *form.Form {
	if cc := c.cases[caseID]; cc != nil {
		return cc.form
	}
	return nil
}

// Flow returns the flow of a case, nil when there is no such case.
func (c *Compiled) Flow(caseID string) *flow.Flow {
	if cc := c.cases[caseID]; cc != nil {
		return cc.flow
	}
	return nil
}

// Template returns the template of a case's result as JSON, nil when it has none.
func (c *Compiled) Template(caseID string) json.RawMessage {
	if cc := c.cases[caseID]; cc != nil {
		return cc.template
	}
	return nil
}

// Register returns the id of the register a case's result is entered in,
// "<pack>/<code>", "" when it has none.
func (c *Compiled) Register(caseID string) string {
	if cc := c.cases[caseID]; cc != nil && cc.def.Register != "" {
		return c.Version.Pack + "/" + cc.def.Register
	}
	return ""
}

// ComponentNow is a paper as it stands for certain answers.
type ComponentNow struct {
	Component
	Required bool
}

// Components lists the papers of a case, with what is required for these answers.
// A rule that needs an answer not given yet does not require.
func (c *Compiled) Components(caseID string, a form.Answers, env form.Env) []ComponentNow {
	cc := c.cases[caseID]
	if cc == nil {
		return nil
	}
	out := make([]ComponentNow, len(cc.def.Components))
	for i, p := range cc.def.Components {
		out[i] = ComponentNow{Component: p, Required: p.Required == "true"}
		if rule := cc.required[p.Code]; rule != nil {
			out[i].Required = rule.Holds(a, env)
		}
	}
	return out
}

// FeeNow is a fee that falls due for certain answers.
type FeeNow struct {
	Fee
	Amount int64 // đồng due; Fee.Amount is what the announcement says
}

// Fees lists what falls due for these answers in a channel; fees of nothing are left out.
func (c *Compiled) Fees(caseID string, channel ChannelKind, a form.Answers, env form.Env) []FeeNow {
	cc, ch := c.cases[caseID], c.Version.Def.Channel(channel)
	if cc == nil || ch == nil {
		return nil
	}
	var out []FeeNow
	var computed form.Answers
	for _, f := range ch.Fees {
		if !f.concerns(caseID) {
			continue
		}
		if rule := cc.due[string(channel)+"/"+f.Code]; rule != nil && !rule.Holds(a, env) {
			continue
		}
		due := f.Amount
		if f.From != "" {
			if computed == nil {
				computed = cc.form.Clean(a, env)
			}
			due = amount(computed[f.From])
		}
		if due > 0 {
			out = append(out, FeeNow{f, due})
		}
	}
	return out
}

// amount reads đồng out of an answer.
func amount(v any) int64 {
	switch x := v.(type) {
	case int64:
		return x
	case float64:
		return int64(math.Round(x))
	}
	return 0
}

// Term is the term of a channel as the clock takes it; the zero Term when the law names none.
func (c *Compiled) Term(_ string, channel ChannelKind) clock.Term {
	if ch := c.Version.Def.Channel(channel); ch != nil {
		return ch.Term.Clock()
	}
	return clock.Term{}
}

// RuleNames names the rules of papers and fees of a case, for coverage:
// "component birth_notice", "fee online/birth_late".
func (c *Compiled) RuleNames(caseID string) map[string]decl.Pos {
	out := map[string]decl.Pos{}
	cc := c.cases[caseID]
	if cc == nil {
		return out
	}
	for i := range cc.def.Components {
		if p := &cc.def.Components[i]; cc.required[p.Code] != nil {
			out["component "+p.Code] = p.Pos
		}
	}
	for i := range c.Version.Def.Channels {
		ch := &c.Version.Def.Channels[i]
		for j := range ch.Fees {
			if cc.due[string(ch.Kind)+"/"+ch.Fees[j].Code] != nil {
				out["fee "+ch.Fees[j].Code] = ch.Fees[j].Pos
			}
		}
	}
	return out
}

// Compiled returns a version ready to work with. Versions never change, so what was
// compiled once is kept; NotFound when there is no such version.
func (s *Service) Compiled(ctx context.Context, versionID string) (*Compiled, error) {
	return s.cache.load(versionID, func() (*Compiled, error) {
		v, err := versionByID(ctx, s.deps.DB, versionID)
		if err != nil {
			return nil, err
		}
		return v.compile(s.deps.Places)
	})
}

// compile makes a stored version ready. It was checked before it was published, so
// a problem here is a fault of the program or of the database.
func (v *Version) compile(places form.Places) (*Compiled, error) {
	forms, flows := map[string]*form.Form{}, map[string]*flow.Flow{}
	for id, text := range v.Parts.Forms {
		def := &form.Definition{}
		if err := json.Unmarshal(text, def); err != nil {
			return nil, fmt.Errorf("read form %s of version %s: %w", id, v.ID, err)
		}
		f, err := form.Compile(def)
		if err != nil {
			return nil, fmt.Errorf("compile form %s of version %s: %w", id, v.ID, err)
		}
		forms[id] = f.In(places)
	}
	for id, text := range v.Parts.Flows {
		def := &flow.Definition{}
		if err := json.Unmarshal(text, def); err != nil {
			return nil, fmt.Errorf("read flow %s of version %s: %w", id, v.ID, err)
		}
		f, err := flow.Compile(def, rolesOf(def)...)
		if err != nil {
			return nil, fmt.Errorf("compile flow %s of version %s: %w", id, v.ID, err)
		}
		flows[id] = f
	}
	c, err := Compile(v, forms, flows)
	if err != nil {
		return nil, fmt.Errorf("compile version %s: %w", v.ID, err)
	}
	return c, nil
}

// rolesOf lists the roles a flow names. Whether they exist was asked when it was
// published; a role that was retired since must not stop old dossiers.
func rolesOf(def *flow.Definition) []string {
	var out []string
	for _, st := range def.Steps {
		out = append(out, st.Role)
		for _, a := range st.Actions {
			out = append(out, a.Role)
		}
		for _, a := range st.Ask {
			out = append(out, a.Role)
		}
	}
	for _, a := range def.Always {
		out = append(out, a.Role)
	}
	return slices.DeleteFunc(out, func(r string) bool { return r == "" })
}

// cacheSize bounds the compiled versions kept: those in force and those that open
// dossiers are pinned to are far fewer.
const cacheSize = 4096

// compiledCache keeps compiled versions; each is compiled once however many ask.
type compiledCache struct {
	mu   sync.Mutex
	kept map[string]*slot
}

type slot struct {
	once sync.Once
	c    *Compiled
	err  error
}

func (k *compiledCache) get(id string) *Compiled {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.kept[id]; s != nil {
		return s.c
	}
	return nil
}

func (k *compiledCache) load(id string, read func() (*Compiled, error)) (*Compiled, error) {
	k.mu.Lock()
	if k.kept == nil {
		k.kept = map[string]*slot{}
	}
	s := k.kept[id]
	if s == nil {
		if len(k.kept) >= cacheSize {
			for old := range k.kept { // any one: the map's order is as good as chance
				delete(k.kept, old)
				break
			}
		}
		s = &slot{}
		k.kept[id] = s
	}
	k.mu.Unlock()
	s.once.Do(func() {
		c, err := read()
		k.mu.Lock()
		defer k.mu.Unlock()
		s.c, s.err = c, err
		if err != nil && k.kept[id] == s {
			delete(k.kept, id) // a failed read is tried again
		}
	})
	return s.c, s.err
}
