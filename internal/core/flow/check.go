package flow

import (
	"slices"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/rules"
)

var effects = []EffectName{Receive, Supplement, Supplied, Refuse, Forward, Assign, Propose, ReturnBack, AskOpinion, OpenChild,
	Pay, Paid, Suspend, Resume, Extend, Approve, Reject, Finish, ReturnResult, Withdraw}

var needs = []Need{NeedReason, NeedNote, NeedAssignee, NeedResult, NeedFile, NeedDue}

// words turns a list of a named string type into plain words.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// step checks one step and compiles its actions.
func (c *compiler) step(s *step) {
	where := "step " + s.ID
	if s.Name.IsZero() {
		c.bad(s.Pos, "%s needs a name", where)
	}
	if !c.known(s.Pos, where+": kind", string(s.Kind), words([]StepKind{TaskStep, OpinionsStep, ChildStep, WaitStep, EndStep})) {
		return
	}
	if s.Status < 0 || s.Status > 10 {
		c.bad(s.Pos, "%s: status is one of the national statuses 1 to 10, not %d", where, s.Status)
		return
	}
	if s.Hours < 0 || s.Hours > 2_000 {
		c.bad(s.Pos, "%s: hours is the working time allotted, between 0 and 2000", where)
	}
	if s.index == 0 && (s.Kind != TaskStep || Status(s.Status) != StatusNew) {
		c.bad(s.Pos, "%s: a flow begins with a task of status 1 (Mới đăng ký)", where)
	}
	if s.Role != "" {
		c.known(s.Pos, where+": role", s.Role, c.roles)
	}
	c.useless(s, where)
	switch s.Kind {
	case TaskStep:
		if s.Role == "" {
			c.bad(s.Pos, "%s needs a role: who does it?", where)
		}
	case OpinionsStep:
		c.opinions(s, where)
	case ChildStep:
		c.children(s, where)
	case WaitStep:
		c.known(s.Pos, where+": for", s.For, []string{forCitizen, forPayment, forAgency})
		if s.Status == 0 {
			c.bad(s.Pos, "%s: a wait needs its status (5 for papers, 6 for money, 8 for a suspension, 4 for others)", where)
		}
	case EndStep:
		if !slices.Contains([]Status{StatusRefused, StatusWithdrawn, StatusStopped, StatusReturned}, Status(s.Status)) {
			c.bad(s.Pos, "%s: an end has status 3, 7, 8 or 10, not %d", where, s.Status)
		}
		return
	}
	c.actions(s, where)
	c.timers(s, where)
}

// useless refuses keys that mean nothing for the kind of step.
func (c *compiler) useless(s *step, where string) {
	for _, k := range []struct {
		given bool
		key   string
		kinds []StepKind
	}{
		{len(s.Ask) > 0, "ask", []StepKind{OpinionsStep}},
		{len(s.Children) > 0, "children", []StepKind{ChildStep}},
		{s.Join != "", "join", []StepKind{OpinionsStep, ChildStep}},
		{s.To != "", "to", []StepKind{OpinionsStep, ChildStep}},
		{s.For != "", "for", []StepKind{WaitStep}},
		{len(s.Actions) > 0, "actions", []StepKind{TaskStep, OpinionsStep, ChildStep, WaitStep}},
		{len(s.Timers) > 0, "timers", []StepKind{TaskStep, OpinionsStep, ChildStep, WaitStep}},
		{s.Hours > 0, "hours", []StepKind{TaskStep, OpinionsStep, ChildStep, WaitStep}},
	} {
		if k.given && !slices.Contains(k.kinds, s.Kind) {
			c.bad(s.Pos, "%s: a step of kind %s has no %s", where, s.Kind, k.key)
		}
	}
}

func (c *compiler) opinions(s *step, where string) {
	if len(s.Ask) == 0 {
		c.bad(s.Pos, "%s asks nobody: give ask", where)
	}
	c.known(s.Pos, where+": join", s.Join, []string{joinAll, joinAny})
	seen := map[string]bool{}
	for _, q := range s.Ask {
		if seen[q.ID] {
			c.bad(q.Pos, "%s asks %q twice", where, q.ID)
		}
		seen[q.ID] = true
		if q.Role == "" {
			c.bad(q.Pos, "%s: who is asked? give a role", where)
			continue
		}
		c.known(q.Pos, where+": role", q.Role, c.roles)
	}
	c.target(s.Pos, where+": to", s, s.To)
}

func (c *compiler) children(s *step, where string) {
	if len(s.Children) == 0 {
		c.bad(s.Pos, "%s opens no dossier: give children", where)
	}
	c.known(s.Pos, where+": join", s.Join, []string{joinAll, joinAny})
	seen := map[string]bool{}
	for _, ch := range s.Children {
		if seen[ch.ID] {
			c.bad(ch.Pos, "%s has the child %q twice", where, ch.ID)
		}
		seen[ch.ID] = true
		if ch.Procedure == "" {
			c.bad(ch.Pos, "%s: child %q needs the code of its procedure", where, ch.ID)
		}
	}
	c.target(s.Pos, where+": to", s, s.To)
}

// target checks where something leads.
func (c *compiler) target(pos decl.Pos, what string, s *step, to string) {
	switch to {
	case "", Stay:
		if s.Kind == OpinionsStep || s.Kind == ChildStep {
			if what == "step "+s.ID+": to" {
				c.bad(pos, "%s must lead on", what)
			}
		}
	case Back:
		if s.Kind == TaskStep {
			c.bad(pos, "%s: @back leads out of a wait, opinions or child step; to return a task use @previous or a step", what)
		}
	case Previous:
		if s.Kind != TaskStep {
			c.bad(pos, "%s: @previous is for tasks; to leave a %s step use @back", what, s.Kind)
		} else if s.index == 0 {
			c.bad(pos, "%s: nothing comes before the first step", what)
		}
	default:
		c.known(pos, what, to, append(c.stepIDs(), Back, Previous, Stay))
	}
}

// actions compiles the actions of a step and those that are always offered.
func (c *compiler) actions(s *step, where string) {
	for i := range s.Actions {
		c.action(s, &s.Actions[i], where)
	}
	for i := range c.def.Always {
		def := &c.def.Always[i]
		if slices.Contains(def.Except, s.ID) || !offered(s, def) {
			continue
		}
		c.action(s, def, "always")
	}
	switch s.Kind {
	case TaskStep:
		if !slices.ContainsFunc(s.actions, func(a *action) bool { return a.by != bySystem && leads(a.To) }) {
			c.bad(s.Pos, "%s is a dead end: no person can move the dossier on", where)
		}
	case WaitStep:
		if !slices.ContainsFunc(s.actions, func(a *action) bool { return leads(a.To) && !c.isEnd(a.To) }) {
			c.bad(s.Pos, "%s has no way back: when the wait is over, some action must return the dossier (to: \"@back\" or a step)", where)
		}
	}
}

func leads(to string) bool { return to != "" && to != Stay }

func (c *compiler) isEnd(to string) bool {
	s := c.flow.byID[to]
	return s != nil && s.Kind == EndStep
}

// offered reports whether an action that is always offered makes sense at a step: a
// finished dossier cannot be withdrawn, a resting clock cannot be extended.
func offered(s *step, def *ActionDef) bool {
	status := Status(s.Status)
	switch def.Effect {
	case Withdraw:
		return status < StatusDone
	case Extend:
		return status == StatusReceived || status == StatusProcessing || status == 0
	default:
		return true
	}
}

func (c *compiler) exceptions() {
	for _, def := range c.def.Always {
		for _, id := range def.Except {
			c.known(def.Pos, "always "+def.ID+": except", id, c.stepIDs())
		}
	}
}

var builtIn = []string{GiveOpinion, WithdrawByID, Reassign, Delegate, ChildOpened, ChildEnded}

func (c *compiler) action(s *step, def *ActionDef, where string) {
	where += ": action " + def.ID
	a := &action{ActionDef: def, by: def.By}
	switch {
	case !idForm.MatchString(def.ID):
		c.bad(def.Pos, "%s: an action needs an id of small letters, digits, _ and -, not %q", where, def.ID)
	case slices.ContainsFunc(s.actions, func(o *action) bool { return o.ID == def.ID }):
		c.bad(def.Pos, "%s: the id is used twice in this step", where)
	case slices.Contains(builtIn, def.ID) && !(def.ID == GiveOpinion && def.By == byAsked) && !(def.ID == WithdrawByID && def.Effect == Withdraw):
		c.bad(def.Pos, "%s: the id belongs to a built-in action", where)
	}
	if def.Name.IsZero() {
		c.bad(def.Pos, "%s needs a name", where)
	}
	if def.Tone != "" {
		c.known(def.Pos, where+": tone", def.Tone, []string{"primary", "secondary", "danger"})
	}
	if def.Effect != "" {
		c.known(def.Pos, where+": effect", string(def.Effect), words(effects))
	}
	for _, n := range def.Needs {
		c.known(def.Pos, where+": needs", string(n), words(needs))
	}
	if def.Role != "" {
		c.known(def.Pos, where+": role", def.Role, c.roles)
	}
	switch def.By {
	case "":
		a.by = byOfficer
		if s.Kind == WaitStep && def.Role == "" {
			a.by = map[string]string{forCitizen: byCitizen, forPayment: bySystem, forAgency: byOfficer}[s.For]
		}
		if def.Effect == Withdraw && def.Role == "" {
			a.by = byCitizen
		}
	case "staff":
		a.by = byOfficer
	default:
		c.known(def.Pos, where+": by", def.By, []string{byOfficer, "staff", byCitizen, byAsked, bySystem})
	}
	if a.by == byOfficer && s.Role == "" && def.Role == "" && s.Kind != TaskStep {
		c.bad(def.Pos, "%s: which role does it? give the step or the action a role", where)
	}
	if a.by == byAsked && s.Kind != OpinionsStep {
		c.bad(def.Pos, "%s: only an opinions step has asked persons", where)
	}
	if a.by == byAsked && def.To != "" {
		c.bad(def.Pos, "%s: an opinion does not move the dossier; the step's own to does", where)
	}
	c.target(def.Pos, where+": to", s, def.To)
	c.effect(s, a, where)
	c.guard(s, a, where)
	s.actions = append(s.actions, a)
}

// effect checks that what an action does and where it leads belong together.
func (c *compiler) effect(s *step, a *action, where string) {
	to := c.flow.byID[a.To]
	leadsTo := func(fits func(*step) bool, what string) {
		if to == nil && (a.To == "" || a.To == Stay || a.To == Back || a.To == Previous) || to != nil && !fits(to) {
			c.bad(a.Pos, "%s: %s leads to %s", where, a.Effect, what)
		}
	}
	waits := func(statuses ...Status) func(*step) bool {
		return func(t *step) bool { return t.Kind == WaitStep && slices.Contains(statuses, Status(t.Status)) }
	}
	needed := func(n Need) {
		if !slices.Contains(a.Needs, n) {
			c.bad(a.Pos, "%s: %s needs %s", where, a.Effect, n)
		}
	}
	switch a.Effect {
	case Receive:
		if st := Status(s.Status); st != StatusNew && st != StatusSupplement {
			c.bad(a.Pos, "%s: a dossier is received from status 1, not %d", where, s.Status)
		}
	case Supplement:
		leadsTo(waits(StatusSupplement), "a wait of status 5")
		needed(NeedReason)
	case Pay:
		leadsTo(waits(StatusFinancialDuty), "a wait of status 6")
	case Suspend:
		leadsTo(func(t *step) bool {
			return Status(t.Status) == StatusStopped && (t.Kind == WaitStep || t.Kind == EndStep)
		}, "a wait or an end of status 8")
		needed(NeedReason)
	case Supplied, Paid, Resume:
		if s.Kind != WaitStep || !leads(a.To) {
			c.bad(a.Pos, "%s: %s ends a wait and leads out of it (to: \"@back\" or a step)", where, a.Effect)
		}
	case Refuse:
		leadsTo(func(t *step) bool { return t.Kind == EndStep && Status(t.Status) == StatusRefused }, "an end of status 3")
	case Withdraw:
		leadsTo(func(t *step) bool { return t.Kind == EndStep && Status(t.Status) == StatusWithdrawn }, "an end of status 7")
	case Reject:
		leadsTo(func(t *step) bool { return slices.Contains([]Status{StatusStopped, StatusDone}, Status(t.Status)) }, "a step of status 8 (stopped) or 9 (done, without a result)")
		if a.by != bySystem {
			needed(NeedReason)
		}
	case AskOpinion:
		leadsTo(func(t *step) bool { return t.Kind == OpinionsStep }, "an opinions step")
	case OpenChild:
		leadsTo(func(t *step) bool { return t.Kind == ChildStep }, "a child step")
	case Assign:
		needed(NeedAssignee)
		if to != nil && to.Kind != TaskStep {
			c.bad(a.Pos, "%s: assign leads to a task, or stays", where)
		}
	case Extend:
		if leads(a.To) {
			c.bad(a.Pos, "%s: extend stays where the dossier is", where)
		}
		needed(NeedReason)
		needed(NeedDue)
	case Finish:
		leadsTo(func(t *step) bool { return Status(t.Status) == StatusDone }, "a step of status 9")
	case ReturnResult:
		leadsTo(func(t *step) bool { return t.Kind == EndStep && Status(t.Status) == StatusReturned }, "an end of status 10")
	case ReturnBack:
		if !leads(a.To) || to != nil && to.Kind != TaskStep {
			c.bad(a.Pos, "%s: return_back leads to an earlier task or to \"@previous\"", where)
		}
		if !slices.Contains(a.Needs, NeedReason) && !slices.Contains(a.Needs, NeedNote) {
			c.bad(a.Pos, "%s: return_back needs reason (or note): say what to do better", where)
		}
	case Forward, Propose, Approve:
		if !leads(a.To) {
			c.bad(a.Pos, "%s: %s leads to another step", where, a.Effect)
		}
	}
}

func (c *compiler) guard(s *step, a *action, where string) {
	if a.Guard == "" {
		if !a.GuardReason.IsZero() {
			c.bad(a.Pos, "%s has a guard_reason without a guard", where)
		}
		return
	}
	rule, err := c.flow.env.Compile(a.Guard, rules.Bool)
	if err != nil {
		c.bad(a.Pos, "%s: guard: %v", where, err)
	}
	a.guard = rule
	if a.GuardReason.IsZero() && a.by != bySystem {
		c.bad(a.Pos, "%s has a guard and needs guard_reason: a grey button must say why", where)
	}
	if slices.ContainsFunc(s.Timers, func(t TimerDef) bool { return t.Action == a.ID }) {
		c.bad(a.Pos, "%s is done by a timer and cannot have a guard: when the time is over, it is over", where)
	}
}

var units = []string{"working_hour", "working_day", "hour", "day", "month"}

func (c *compiler) timers(s *step, where string) {
	for _, t := range s.Timers {
		i := slices.IndexFunc(s.actions, func(a *action) bool { return a.ID == t.Action })
		switch {
		case t.Action == "":
			c.bad(t.Pos, "%s: a timer names an action of its step", where)
		case i < 0:
			ids := make([]string, len(s.actions))
			for j, a := range s.actions {
				ids[j] = a.ID
			}
			c.known(t.Pos, where+": timer", t.Action, ids)
		case len(slices.DeleteFunc(slices.Clone(s.actions[i].Needs), func(n Need) bool { return n == NeedNote || n == NeedReason })) > 0:
			c.bad(t.Pos, "%s: the timer's action %q needs what only a person can give", where, t.Action)
		case s.actions[i].by == byAsked:
			c.bad(t.Pos, "%s: a timer cannot give an opinion; use an action by system", where)
		}
		if t.After.Amount < 1 || t.After.Amount > 10_000 {
			c.bad(t.Pos, "%s: a timer runs after an amount of 1 or more", where)
		}
		c.known(t.Pos, where+": timer unit", t.After.Unit, units)
	}
	for _, a := range s.actions {
		if a.by == bySystem && s.For != forPayment && s.For != forAgency && !slices.ContainsFunc(s.Timers, func(t TimerDef) bool { return t.Action == a.ID }) {
			c.bad(a.Pos, "%s: action %s is done by the system, but no timer does it", where, a.ID)
		}
	}
}
