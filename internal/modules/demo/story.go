package demo

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"motcua/internal/core/dossier"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
)

// story is one case of a procedure as it goes in life: its form and flow, the answers
// of the acceptance case that goes well, and the straight way to the result.
type story struct {
	procedure string
	caseID    string
	def       *procedure.Definition
	comp      *procedure.Compiled
	form      *form.Form
	steps     map[string]*flow.StepDef
	first     string
	straight  []string // steps of the way on which nothing goes wrong, first to end

	answers map[string]any // of the acceptance case, as its author wrote them
	papers  []string
	result  map[string]any // what the officer typed for the register
	weight  float64        // how often it occurs
	offers  map[string]map[procedure.ChannelKind]string
}

// weights say how often people ask for a procedure, in parts of all dossiers; one
// that is not named here gets 2.
var weights = map[string]float64{
	"2.000815": 34, // chứng thực bản sao
	"1.001193": 14, // khai sinh
	"1.004873": 13, // tình trạng hôn nhân
	"1.001612": 8,  // hộ kinh doanh
	"1.000894": 6,  // kết hôn
	"1.012289": 6,  // giấy phép hành nghề
	"1.000656": 5,  // khai tử
	"1.013225": 5,  // giấy phép xây dựng
	"1.001776": 5,  // trợ cấp xã hội
	"1.004593": 4,  // đủ điều kiện kinh doanh dược
}

// caseFile is as much of a file of acceptance cases as the demo needs.
type caseFile struct {
	Procedure string         `yaml:"procedure"`
	Case      string         `yaml:"case"`
	Answers   map[string]any `yaml:"answers"`
	Papers    []string       `yaml:"papers"`
	Cases     []struct {
		Answers map[string]any `yaml:"answers"`
		Papers  []string       `yaml:"papers"`
		Then    []struct {
			With struct {
				Fields map[string]any `yaml:"fields"`
			} `yaml:"with"`
		} `yaml:"then"`
	} `yaml:"cases"`
}

// stories reads the acceptance cases of every pack and looks up what was loaded for
// them, by procedure and case.
func (d *Demo) stories(ctx context.Context, shipped fs.FS, day civil.Date) ([]*story, error) {
	names, err := fs.Glob(shipped, "*/cases/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []*story
	for _, name := range names {
		data, err := fs.ReadFile(shipped, name)
		if err != nil {
			return nil, err
		}
		var f caseFile
		if err := yaml.Unmarshal(data, &f); err != nil {
			return nil, fmt.Errorf("acceptance cases %s: %w", name, err)
		}
		if len(f.Cases) == 0 {
			continue
		}
		s, err := d.story(ctx, f, day)
		if err != nil {
			return nil, fmt.Errorf("acceptance cases %s: %w", path.Base(name), err)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *story) int {
		return cmp.Or(cmp.Compare(a.procedure, b.procedure), cmp.Compare(a.caseID, b.caseID))
	})
	if len(all) == 0 {
		return nil, fmt.Errorf("no pack has acceptance cases to take answers from")
	}
	return all, nil
}

func (d *Demo) story(ctx context.Context, f caseFile, day civil.Date) (*story, error) {
	main := f.Cases[0]
	s := &story{
		procedure: f.Procedure, caseID: cmp.Or(f.Case, "default"), answers: plainMap(f.Answers), papers: f.Papers,
		result: map[string]any{}, steps: map[string]*flow.StepDef{}, offers: map[string]map[procedure.ChannelKind]string{},
	}
	for k, v := range main.Answers {
		s.answers[k] = plain(v)
		if v == nil {
			delete(s.answers, k)
		}
	}
	if main.Papers != nil {
		s.papers = main.Papers
	}
	for _, act := range main.Then {
		for k, v := range act.With.Fields {
			s.result[k] = plain(v)
		}
	}
	v, err := d.Procedures.Get(ctx, s.procedure, day)
	if err != nil {
		return nil, fmt.Errorf("procedure %s: %w", s.procedure, err)
	}
	if s.comp, err = d.Procedures.Compiled(ctx, v.ID); err != nil {
		return nil, fmt.Errorf("procedure %s: %w", s.procedure, err)
	}
	s.def, s.form = s.comp.Version.Def, s.comp.Form(s.caseID)
	way := s.comp.Flow(s.caseID)
	if s.form == nil || way == nil {
		return nil, fmt.Errorf("procedure %s has no case %s", s.procedure, s.caseID)
	}
	steps := way.Definition().Steps
	for i := range steps {
		s.steps[steps[i].ID] = &steps[i]
	}
	s.first = steps[0].ID
	s.straight = s.walk()
	if s.weight = weights[s.procedure]; s.weight == 0 {
		s.weight = 2
	}
	offers, err := d.Procedures.Offers(ctx, s.procedure)
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		if s.offers[o.AgencyID] == nil {
			s.offers[o.AgencyID] = map[procedure.ChannelKind]string{}
		}
		s.offers[o.AgencyID][o.Channel] = o.ID
	}
	if len(offers) == 0 {
		return nil, fmt.Errorf("nobody offers procedure %s", s.procedure)
	}
	return s, nil
}

// plain brings what YAML gives into the shapes that JSON gives.
func plain(v any) any {
	switch x := v.(type) {
	case time.Time:
		return civil.DateOf(x).String()
	case map[string]any:
		return plainMap(x)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(e)
		}
		return out
	}
	return v
}

func plainMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = plain(v)
	}
	return out
}

// The kinds of step, with what is left out filled in.
func kindOf(step *flow.StepDef) flow.StepKind {
	if step.Kind == "" {
		return flow.TaskStep
	}
	return step.Kind
}

// waitsFor says for whom a wait step waits.
func waitsFor(step *flow.StepDef) string {
	if step.For == "" {
		return "citizen"
	}
	return step.For
}

// byStaff reports whether a member of staff may do an action of a step.
func byStaff(step *flow.StepDef, a *flow.ActionDef) bool {
	switch a.By {
	case "officer", "staff":
		return true
	case "":
		return kindOf(step) == flow.TaskStep
	}
	return false
}

// usual is what a member of staff does at a step when nothing is special: ask for
// what is owed, ask colleagues once, and else the button that leads on.
func usual(step *flow.StepDef, visited map[string]bool, owes bool) *flow.ActionDef {
	var forward *flow.ActionDef
	for i := range step.Actions {
		a := &step.Actions[i]
		if !byStaff(step, a) {
			continue
		}
		switch {
		case a.Effect == flow.Pay && owes:
			return a
		case (a.Effect == flow.AskOpinion || a.Effect == flow.OpenChild) && a.To != "" && !visited[a.To] && a.Tone != "danger":
			if !owes || !needsPayment(a) {
				forward = cmp.Or(forward, a)
				if a.Tone != "primary" {
					forward = a
				}
			}
		case a.Tone == "primary":
			forward = cmp.Or(forward, a)
		}
	}
	return forward
}

func needsPayment(a *flow.ActionDef) bool { return strings.Contains(a.Guard, "fee_paid") }

// walk finds the straight way: from the first step to an end, everything asked for
// given, everything owed paid.
func (s *story) walk() []string {
	visited := map[string]bool{}
	var way, back []string
	at, owes := s.first, true
	for range 100 { // a way that long goes round in circles
		step := s.steps[at]
		if step == nil {
			return way
		}
		if !visited[at] {
			way = append(way, at)
		}
		visited[at] = true
		var to string
		switch kindOf(step) {
		case flow.EndStep:
			return way
		case flow.OpinionsStep, flow.ChildStep:
			to = cmp.Or(step.To, flow.Back)
		case flow.WaitStep:
			a := leaving(step)
			if a == nil {
				return way
			}
			if waitsFor(step) == "payment" {
				owes = false
			}
			to = a.To
		default:
			a := usual(step, visited, owes)
			if a == nil {
				return way
			}
			to = a.To
			if next := s.steps[to]; next != nil && kindOf(next) != flow.TaskStep {
				back = append(back, at)
			}
		}
		if to == flow.Back {
			if len(back) == 0 {
				return way
			}
			to, back = back[len(back)-1], back[:len(back)-1]
		}
		at = to
	}
	return way
}

// leaving is how a wait ends when all goes well: what it waits for comes, or, of
// waits for other agencies, the time runs out.
func leaving(step *flow.StepDef) *flow.ActionDef {
	for i := range step.Actions {
		a := &step.Actions[i]
		if a.Effect == flow.Supplied || a.Effect == flow.Paid || waitsFor(step) == "agency" && a.By == "system" {
			return a
		}
	}
	return nil
}

// hours is the working time a step usually has.
func hours(step *flow.StepDef) float64 {
	most := step.Hours
	for _, a := range step.Ask {
		most = max(most, a.Hours)
	}
	if kindOf(step) == flow.WaitStep && waitsFor(step) == "agency" {
		for _, t := range step.Timers {
			most = max(most, int(spanHours(t.After)))
		}
	}
	if most == 0 {
		most = 4
	}
	return float64(most)
}

// spanHours is a span in hours of work, about.
func spanHours(s flow.Span) float64 {
	n := float64(s.Amount)
	switch s.Unit {
	case "working_hour":
		return n
	case "working_day":
		return n * 8
	case "hour":
		return n * 8 / 24
	case "month":
		return n * 21 * 8
	}
	return n * 8 * 5 / 7
}

// finishes reports whether the step has the action that ends the work.
func finishes(step *flow.StepDef) bool {
	return slices.ContainsFunc(step.Actions, func(a flow.ActionDef) bool { return a.Effect == flow.Finish })
}

// rest is the work that the straight way takes from a step on, to the end of the
// work, or to the step until when that comes first; the step itself counts. Waits is
// the working time that passes meanwhile and in which nobody can do anything:
// payments come, notices hang out.
func (s *story) rest(from, until string) (work, waits float64) {
	i := slices.Index(s.straight, from)
	if i < 0 {
		return hours(s.steps[from]), 0
	}
	for _, id := range s.straight[i:] {
		if id == until {
			break
		}
		switch step := s.steps[id]; {
		case kindOf(step) != flow.WaitStep:
			work += hours(step)
		case waitsFor(step) == "payment":
			waits += 6
		default:
			waits += hours(step) + 4
		}
		if finishes(s.steps[id]) {
			break
		}
	}
	return max(work, 1), waits
}

// turn is an action that leads off the straight way.
type turn struct {
	at     string // step
	action *flow.ActionDef
}

// turnsTo finds the actions of the straight way that lead to a step beside it.
func (s *story) turnsTo(step string) (all []turn) {
	for _, id := range s.straight {
		for i := range s.steps[id].Actions {
			if a := &s.steps[id].Actions[i]; a.To == step {
				all = append(all, turn{id, a})
			}
		}
	}
	return all
}

// business reports whether the owner of such a dossier is a business.
func (s *story) business() bool {
	owner := s.form.Definition().OwnerFields
	return owner["tax_code"] != "" && owner["citizen_no"] == ""
}

// proxies reports whether the form asks if somebody files for the owner, and the
// letter of authority belongs to the papers then.
func (s *story) proxies() bool {
	asked := false
	for _, step := range s.form.Definition().Steps {
		for _, f := range step.Fields {
			asked = asked || f.ID == "proxy" && f.Kind == form.YesNo
		}
	}
	return asked && slices.ContainsFunc(s.comp.Case(s.caseID).Components, func(c procedure.Component) bool { return c.Code == dossier.ProxyPaper })
}
