package flow

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/rules"
)

// Flow is a compiled flow: every name resolved, every guard type-checked, every way
// through it looked at. It is immutable and safe for concurrent use.
type Flow struct {
	def       *Definition
	stages    []StageDef
	steps     []*step // the first one is the start
	byID      map[string]*step
	env       *rules.Env
	withdrawn *step // where a withdrawn dossier ends
}

type step struct {
	StepDef // with the defaults filled in
	index   int
	actions []*action
	added   bool // not written by the author
}

type action struct {
	*ActionDef
	by    string // officer | citizen | asked | system
	guard *rules.Rule
}

// ShippedRoles are the roles every installation has; a pack may bring more.
func ShippedRoles() []string {
	return []string{"counter_clerk", "officer", "head", "leader", "records_clerk", "admin", "auditor"}
}

// ID returns the flow's id.
func (f *Flow) ID() string { return f.def.ID }

// Name returns the flow's name.
func (f *Flow) Name() i18n.Text { return f.def.Name }

// Definition returns what the flow was compiled from. It must not be changed.
func (f *Flow) Definition() *Definition { return f.def }

// StepInfo is a step as pages need it.
type StepInfo struct {
	ID, Stage string
	Name      i18n.Text
	Kind      StepKind
	Role, At  string
	Hours     int
	Status    Status
}

// Step returns a step by its id.
func (f *Flow) Step(id string) (StepInfo, bool) {
	s, ok := f.byID[id]
	if !ok {
		return StepInfo{}, false
	}
	return s.info(), true
}

// TaskName is what a task of a run is about: the question of an opinion, so that
// two that are asked for side by side can be told apart, else its step.
func (f *Flow) TaskName(r Run, taskID string) i18n.Text {
	i := slices.IndexFunc(r.Tasks, func(t Task) bool { return t.ID == taskID })
	if i < 0 {
		return i18n.Text{}
	}
	s, ok := f.byID[r.Tasks[i].Step]
	if !ok {
		return i18n.Text{}
	}
	o := slices.IndexFunc(r.Opinions, func(o Opinion) bool { return o.ID == r.Tasks[i].Opinion })
	if o >= 0 {
		if q := slices.IndexFunc(s.Ask, func(q AskDef) bool { return q.ID == r.Opinions[o].Ask }); q >= 0 && !s.Ask[q].Name.IsZero() {
			return s.Ask[q].Name
		}
	}
	return s.Name
}

func (s *step) info() StepInfo {
	return StepInfo{ID: s.ID, Stage: s.Stage, Name: s.Name, Kind: s.Kind, Role: s.Role, At: s.At, Hours: s.Hours, Status: Status(s.Status)}
}

// Steps lists every step in the order of the definition, the start first.
func (f *Flow) Steps() []StepInfo {
	out := make([]StepInfo, len(f.steps))
	for i, s := range f.steps {
		out[i] = s.info()
	}
	return out
}

// Stages lists the stages in order.
func (f *Flow) Stages() []StageDef { return slices.Clone(f.stages) }

// StageOf returns the stage of a step, zero when it has none.
func (f *Flow) StageOf(stepID string) StageDef {
	if s, ok := f.byID[stepID]; ok {
		for _, st := range f.stages {
			if st.ID == s.Stage {
				return st
			}
		}
	}
	return StageDef{}
}

// Roles lists every role somebody needs to act in the flow, sorted.
func (f *Flow) Roles() []string {
	set := map[string]bool{}
	for _, s := range f.steps {
		set[s.Role] = true
		for _, a := range s.actions {
			set[a.Role] = true
		}
		for _, q := range s.Ask {
			set[q.Role] = true
		}
	}
	delete(set, "")
	return sorted(set)
}

// AgencyRefs lists the agency codes the flow names beside receiving and competent,
// sorted. Start needs the id of each.
func (f *Flow) AgencyRefs() []string {
	set := map[string]bool{}
	for _, s := range f.steps {
		set[s.At] = true
		for _, q := range s.Ask {
			set[q.At] = true
		}
		for _, c := range s.Children {
			set[c.At] = true
		}
	}
	for _, known := range []string{"", atReceiving, atCompetent} {
		delete(set, known)
	}
	return sorted(set)
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

const (
	atReceiving = "receiving"
	atCompetent = "competent"

	byOfficer = "officer"
	byCitizen = "citizen"
	byAsked   = "asked"
	bySystem  = "system"

	forCitizen = "citizen"
	forPayment = "payment"
	forAgency  = "agency"

	joinAll = "all"
	joinAny = "any"
)

//go:embed locale/*.json
var localeFiles embed.FS

// Locales returns the words of this room, for the bundle.
func Locales() fs.FS { return localeFiles }

// ownWords is the room's own bundle: diagrams are drawn where there is no request.
var ownWords = sync.OnceValue(func() *i18n.Bundle {
	b, err := i18n.New(localeFiles)
	if err != nil {
		panic(err) // embedded at build time, checked by a test
	}
	return b
})

func bothLanguages(key string, kv ...any) i18n.Text {
	return i18n.Text{VI: ownWords().T(i18n.VI, key, kv...), EN: ownWords().T(i18n.EN, key, kv...)}
}

// FactNames lists the names a guard may use, with their types, for the guide of pack
// authors.
func FactNames() []string {
	var out []string
	for _, v := range factVars() {
		out = append(out, v.Name+" "+v.Type.String())
	}
	return out
}

func factVars() []rules.Var {
	return []rules.Var{
		{Name: "answers", Type: rules.Map},
		{Name: "status", Type: rules.Int},
		{Name: "supplements", Type: rules.Int},
		{Name: "extensions", Type: rules.Int},
		{Name: "fee_due", Type: rules.Int},
		{Name: "fee_paid", Type: rules.Bool},
		{Name: "papers_complete", Type: rules.Bool},
		{Name: "result_ready", Type: rules.Bool},
		{Name: "opinions_done", Type: rules.Bool},
		{Name: "opinions_agreed", Type: rules.Bool},
		{Name: "children_done", Type: rules.Bool},
		{Name: "children_ok", Type: rules.Bool},
		{Name: "channel", Type: rules.String},
		{Name: "case", Type: rules.String},
		{Name: "roles", Type: rules.List(rules.String)},
	}
}

// factEnv is the same for every flow and made once.
var factEnv = sync.OnceValues(func() (*rules.Env, error) { return rules.NewEnv(factVars()...) })

// Compile checks a definition as a whole and makes a Flow of it. moreRoles are the
// roles the installation or the pack knows beside [ShippedRoles]. The error is a
// [decl.Problems] that holds every problem, each with its place.
func Compile(def *Definition, moreRoles ...string) (*Flow, error) {
	c := &compiler{def: def, roles: append(ShippedRoles(), moreRoles...), flow: &Flow{def: def, stages: def.Stages, byID: map[string]*step{}}}
	env, err := factEnv()
	if err != nil {
		return nil, fmt.Errorf("declare the facts of guards: %w", err)
	}
	c.flow.env = env
	c.head()
	c.declare()
	c.withdrawal()
	c.stagesOfEnds()
	c.exceptions()
	for _, s := range c.flow.steps {
		c.step(s)
	}
	if len(c.problems) == 0 {
		c.explore() // ways through the flow make sense only when its parts do
	}
	if len(c.problems) > 0 {
		return nil, c.problems.Err()
	}
	return c.flow, nil
}

type compiler struct {
	def      *Definition
	flow     *Flow
	roles    []string
	problems decl.Problems
}

func (c *compiler) bad(pos decl.Pos, format string, args ...any) {
	c.problems = append(c.problems, pos.At(format, args...))
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func (c *compiler) head() {
	if !idForm.MatchString(c.def.ID) {
		c.bad(c.def.Pos, "the flow needs an id of small letters, digits, _ and -, not %q", c.def.ID)
	}
	if c.def.Name.IsZero() {
		c.bad(c.def.Pos, "the flow needs a name")
	}
	if len(c.def.Steps) == 0 {
		c.bad(c.def.Pos, "the flow has no steps")
	}
	seen := map[string]decl.Pos{}
	for _, s := range c.def.Stages {
		if first, twice := seen[s.ID]; twice {
			c.bad(s.Pos, "the stage id %q is used twice (first at %s)", s.ID, first)
		}
		seen[s.ID] = s.Pos
		if !idForm.MatchString(s.ID) {
			c.bad(s.Pos, "a stage needs an id of small letters, digits, _ and -, not %q", s.ID)
		}
		if s.Name.IsZero() {
			c.bad(s.Pos, "stage %q needs a name", s.ID)
		}
	}
}

// declare copies the steps with their defaults, so that everything later can name them.
func (c *compiler) declare() {
	stage := ""
	for i := range c.def.Steps {
		s := &step{StepDef: c.def.Steps[i], index: i}
		if first, twice := c.flow.byID[s.ID]; twice {
			c.bad(s.Pos, "the step id %q is used twice (first at %s)", s.ID, first.Pos)
			continue
		}
		if !idForm.MatchString(s.ID) {
			c.bad(s.Pos, "a step needs an id of small letters, digits, _ and -, not %q", s.ID)
		}
		if s.Kind == "" {
			s.Kind = TaskStep
		}
		if s.Stage == "" && s.Kind != EndStep {
			s.Stage = stage
		}
		if s.Kind != EndStep {
			stage = s.Stage
		}
		if s.Stage != "" || len(c.def.Stages) > 0 && s.Kind != EndStep {
			c.known(s.Pos, "step "+s.ID+": stage", s.Stage, c.stageIDs())
		}
		if s.At == "" && s.Kind != EndStep {
			s.At = atCompetent
			if i == 0 {
				s.At = atReceiving
			}
		}
		if s.Join == "" && (s.Kind == OpinionsStep || s.Kind == ChildStep) {
			s.Join = joinAll
		}
		if s.To == "" && (s.Kind == OpinionsStep || s.Kind == ChildStep) {
			s.To = Back
		}
		if s.For == "" && s.Kind == WaitStep {
			s.For = forCitizen
		}
		s.Ask, s.Children = slices.Clone(s.Ask), slices.Clone(s.Children)
		for j := range s.Ask {
			if s.Ask[j].ID == "" {
				s.Ask[j].ID = strconv.Itoa(j + 1)
			}
			if s.Ask[j].At == "" {
				s.Ask[j].At = atCompetent
			}
		}
		for j := range s.Children {
			if s.Children[j].ID == "" {
				s.Children[j].ID = strconv.Itoa(j + 1)
			}
			if s.Children[j].At == "" {
				s.Children[j].At = atCompetent
			}
		}
		c.flow.byID[s.ID] = s
		c.flow.steps = append(c.flow.steps, s)
	}
}

// stagesOfEnds gives an end without a stage that of the first step that leads to it.
func (c *compiler) stagesOfEnds() {
	if len(c.def.Stages) == 0 {
		return
	}
	for _, end := range c.flow.steps {
		if end.Kind != EndStep || end.Stage != "" {
			continue
		}
		end.Stage = c.def.Stages[len(c.def.Stages)-1].ID
		for _, s := range c.flow.steps {
			if s.Kind != EndStep && slices.ContainsFunc(s.Actions, func(a ActionDef) bool { return a.To == end.ID }) {
				end.Stage = s.Stage
				break
			}
		}
	}
}

func (c *compiler) stageIDs() []string {
	out := make([]string, len(c.def.Stages))
	for i, s := range c.def.Stages {
		out[i] = s.ID
	}
	return out
}

func (c *compiler) stepIDs() []string {
	out := make([]string, 0, len(c.flow.byID))
	for _, s := range c.flow.steps {
		out = append(out, s.ID)
	}
	return out
}

// known refuses a word that is not among the names, with the nearest one as a hint.
func (c *compiler) known(pos decl.Pos, what, word string, names []string) bool {
	if slices.Contains(names, word) {
		return true
	}
	hint := ""
	if near := decl.Nearest(word, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	} else if len(names) <= 12 {
		hint = "; there are " + strings.Join(names, ", ")
	}
	c.bad(pos, "%s: unknown %q%s", what, word, hint)
	return false
}

// withdrawal finds the end of withdrawn dossiers, or adds one: a citizen may always
// withdraw.
func (c *compiler) withdrawal() {
	for _, s := range c.flow.steps {
		if s.Kind == EndStep && Status(s.Status) == StatusWithdrawn {
			c.flow.withdrawn = s
			return
		}
	}
	if len(c.flow.steps) == 0 {
		return
	}
	id := "withdrawn"
	for c.flow.byID[id] != nil {
		id += "-7"
	}
	s := &step{StepDef: StepDef{ID: id, Name: bothLanguages("flow.step.withdrawn"), Kind: EndStep, Status: int(StatusWithdrawn)}, index: len(c.flow.steps), added: true}
	c.flow.steps = append(c.flow.steps, s)
	c.flow.byID[id] = s
	c.flow.withdrawn = s
}
