package flow

import (
	"context"
	"slices"

	"motcua/internal/platform/rules"
)

// Actions lists what a person may do in the run now, grey buttons with their reason
// included. Whoever has no part in the present step gets nothing: the list is also
// the answer to "is this dossier in my hands?".
func (f *Flow) Actions(run Run, who Who, facts Facts) []Action {
	s := f.byID[run.Step]
	if s == nil || s.Kind == EndStep {
		return nil
	}
	var out []Action
	facts.scope = f.scope(run, s, who, facts)
	for _, a := range s.actions {
		for _, seat := range f.seats(run, s, a, who) {
			act := Action{Task: seat.task.ID, Step: s.ID, ID: a.ID, Name: a.Name, Tone: a.Tone, Effect: a.Effect, Needs: slices.Clone(a.Needs), Confirm: a.Confirm, OnBehalf: seat.onBehalf}
			act.Blocked = seat.blocked
			if act.Blocked == nil {
				act.Blocked = f.block(run, s, a, who, facts)
			}
			if a.Effect == Supplement && run.Supplements > 0 {
				act.Warning = &Reason{Code: "flow.second-supplement", Args: map[string]any{"n": run.Supplements}}
			}
			out = append(out, act)
		}
	}
	return append(out, f.builtIns(run, s, who)...)
}

// seat is a task through which a person may do an action.
type seat struct {
	task     Task
	own      bool    // the task is the actor's to do: acting closes it as done
	onBehalf bool    // the counter does what is the citizen's to do
	blocked  *Reason // the task is in other hands
}

// seats finds every task through which a person may do an action: one for most, one
// per question for the action of asked persons.
func (f *Flow) seats(run Run, s *step, a *action, who Who) []seat {
	switch a.by {
	case bySystem:
		if who.Side == System {
			return []seat{{task: mainTask(run), own: s.Kind == WaitStep}}
		}
	case byCitizen:
		switch {
		case who.Side == Citizen:
			return []seat{{task: mainTask(run), own: s.Kind == WaitStep}}
		case who.Side == Staff && who.holds(run.Agencies[atReceiving], f.steps[0].Role, ""):
			return []seat{{task: mainTask(run), own: s.Kind == WaitStep, onBehalf: true}}
		}
	case byAsked:
		return f.asked(run, who)
	case byOfficer:
		if who.Side != Staff {
			return nil
		}
		role := a.Role
		if role == "" {
			role = s.Role
		}
		t := mainTask(run)
		department := ""
		if role == t.Role {
			department = t.Department
		}
		if !who.holds(run.Agencies[s.At], role, department) && !(role == t.Role && who.given(t)) {
			return nil
		}
		at := seat{task: t, own: role == t.Role}
		if at.own {
			at.blocked = inOtherHands(t, who)
		}
		if a.Effect == Assign && at.blocked != nil && who.Override {
			at.blocked = nil
		}
		return []seat{at}
	}
	return nil
}

func (f *Flow) asked(run Run, who Who) []seat {
	var out []seat
	for _, t := range run.Tasks {
		if t.Opinion != "" && who.Side == Staff && (who.holds(t.Agency, t.Role, t.Department) || who.given(t)) {
			out = append(out, seat{task: t, own: true, blocked: inOtherHands(t, who)})
		}
	}
	return out
}

// mainTask is the task of the step itself, not of somebody asked for an opinion.
func mainTask(run Run) Task {
	for _, t := range run.Tasks {
		if t.Opinion == "" {
			return t
		}
	}
	return Task{}
}

// holds reports whether a person holds a role at an agency, own or delegated.
func (w Who) holds(agency, role, department string) bool {
	return slices.ContainsFunc(w.Held, func(h Held) bool {
		return h.Agency == agency && slices.Contains(h.Roles, role) && (department == "" || h.Department == department)
	})
}

// given reports whether a task was given to this person by name: the role is then
// not asked for, a post at the agency is.
func (w Who) given(t Task) bool {
	return t.Assignee.ID != "" && t.Assignee.ID == w.ID && slices.ContainsFunc(w.Held, func(h Held) bool { return h.Agency == t.Agency })
}

// inOtherHands reports why a person who has the role may not act on a task: it was
// given to somebody else. The person in whose place one acts by delegation counts.
func inOtherHands(t Task, who Who) *Reason {
	if t.Assignee.ID == "" || t.Assignee.ID == who.ID {
		return nil
	}
	if slices.ContainsFunc(who.Held, func(h Held) bool { return h.DelegatedFrom.ID == t.Assignee.ID }) {
		return nil
	}
	return &Reason{Code: "flow.assigned-to", Args: map[string]any{"name": t.Assignee.Name}}
}

// block reports why an action cannot be done now by whoever may do it.
func (f *Flow) block(run Run, s *step, a *action, who Who, facts Facts) *Reason {
	switch a.Effect {
	case Extend:
		switch {
		case run.Extensions > 0:
			return &Reason{Code: "flow.extended-already"}
		case run.Clock != Running:
			return &Reason{Code: "flow.clock-not-running"}
		}
	case Withdraw:
		if run.Status >= StatusDone {
			return &Reason{Code: "flow.too-late-to-withdraw"}
		}
	}
	if a.To == Previous && len(run.Trail) == 0 {
		return &Reason{Code: "flow.no-previous"}
	}
	if a.guard != nil && !f.open(a.guard, run, s, who, facts) {
		return &Reason{Code: "flow.guard", Text: a.GuardReason}
	}
	return nil
}

// open evaluates a guard; what cannot be evaluated is closed.
func (f *Flow) open(guard *rules.Rule, run Run, s *step, who Who, facts Facts) bool {
	if facts.scope == nil {
		facts.scope = f.scope(run, s, who, facts)
	}
	ok, err := guard.Bool(facts.scope)
	return ok && err == nil
}

func (f *Flow) scope(run Run, s *step, who Who, facts Facts) *rules.Scope {
	done, agreed := run.opinions()
	childrenDone, childrenOK := run.children()
	var roles []string
	for _, h := range who.Held {
		if h.Agency == run.Agencies[s.At] {
			roles = append(roles, h.Roles...)
		}
	}
	scope := f.env.NewScope(context.Background(), facts.Now)
	for name, v := range map[string]any{
		"answers": facts.Answers, "status": int64(run.Status), "supplements": int64(run.Supplements), "extensions": int64(run.Extensions),
		"fee_due": facts.FeeDue, "fee_paid": facts.FeePaid, "papers_complete": facts.PapersComplete, "result_ready": facts.ResultReady,
		"opinions_done": done, "opinions_agreed": agreed, "children_done": childrenDone, "children_ok": childrenOK,
		"channel": facts.Channel, "case": facts.Case, "roles": roles,
	} {
		scope.Set(name, v)
	}
	return scope
}

// opinions reports whether the opinions asked for last are all in (those no longer
// needed left out), and whether all of them agree. Nobody asked: neither.
func (r Run) opinions() (done, agreed bool) {
	last := map[string]int{}
	for _, o := range r.Opinions {
		last[o.Step] = max(last[o.Step], o.Round)
	}
	given := 0
	done, agreed = true, true
	for _, o := range r.Opinions {
		if o.Round < last[o.Step] {
			continue
		}
		switch {
		case !o.Given.IsZero():
			given++
			agreed = agreed && o.Value == Agree
		case !o.Dropped:
			done = false
		}
	}
	done = done && given > 0
	return done, done && agreed
}

// children reports whether the child dossiers of the last rounds have all ended, and
// whether all of them with a result.
func (r Run) children() (done, ok bool) {
	last := map[string]int{}
	for _, c := range r.Children {
		last[c.Step] = max(last[c.Step], c.Round)
	}
	ended := 0
	done, ok = true, true
	for _, c := range r.Children {
		if c.Round < last[c.Step] {
			continue
		}
		switch {
		case !c.Ended.IsZero():
			ended++
			ok = ok && c.Result == ChildDone
		case !c.Dropped:
			done = false
		}
	}
	done = done && ended > 0
	return done, done && ok
}

// builtIns lists the actions no author has to write.
func (f *Flow) builtIns(run Run, s *step, who Who) []Action {
	var out []Action
	if !slices.ContainsFunc(s.actions, func(a *action) bool { return a.by == byAsked }) {
		for _, seat := range f.asked(run, who) {
			out = append(out, Action{Task: seat.task.ID, Step: s.ID, ID: GiveOpinion, Tone: "primary", Needs: []Need{NeedNote}, Blocked: seat.blocked})
		}
	}
	if f.mayWithdraw(run, s, who) {
		out = append(out, Action{Task: mainTask(run).ID, Step: s.ID, ID: WithdrawByID, Tone: "danger", Effect: Withdraw, OnBehalf: who.Side == Staff})
	}
	for _, t := range run.Tasks {
		if t.For == forCitizen || t.For == forPayment || who.Side != Staff {
			continue
		}
		if who.Override && slices.ContainsFunc(who.Held, func(h Held) bool { return h.Agency == t.Agency }) {
			out = append(out, Action{Task: t.ID, Step: s.ID, ID: Reassign, Needs: []Need{NeedAssignee}})
		}
		if (who.holds(t.Agency, t.Role, t.Department) || who.given(t)) && inOtherHands(t, who) == nil {
			out = append(out, Action{Task: t.ID, Step: s.ID, ID: Delegate, Needs: []Need{NeedAssignee}})
		}
	}
	return out
}

// mayWithdraw reports whether the built-in withdrawal is offered: to the citizen, or
// to the counter on behalf of one who stands there.
func (f *Flow) mayWithdraw(run Run, s *step, who Who) bool {
	if run.Status >= StatusDone || slices.ContainsFunc(s.actions, func(a *action) bool { return a.Effect == Withdraw }) {
		return false
	}
	return who.Side == Citizen || who.Side == Staff && who.holds(run.Agencies[atReceiving], f.steps[0].Role, "")
}
