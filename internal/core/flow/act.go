package flow

import (
	"slices"
	"strings"

	"motcua/internal/platform/errs"
)

// The values of an opinion and the results of a child dossier.
const (
	Agree    = "agree"
	Disagree = "disagree"
	Other    = "other"

	ChildDone      = "done"
	ChildRejected  = "rejected"
	ChildWithdrawn = "withdrawn"
)

// Act does one thing and returns the new run with what follows from it. The run that
// was given is not changed. Errors:
//
//   - flow.no-such-action (NotFound): there is no such button for this person here
//   - flow.blocked (Conflict): there is, but not now; the reason is in Args
//   - flow.which-task (Conflict): several tasks can be meant; name one
//   - flow.finished (Conflict): the dossier has ended
//   - flow.no-such-timer, flow.no-such-child (NotFound): it was cancelled or has come in already
//   - Invalid with fields reason, note, assignee, result, files, due: something needed is not given
func (f *Flow) Act(run Run, in Input, who Who, facts Facts, now Now) (Run, []Effect, error) {
	s := f.byID[run.Step]
	if s == nil {
		return run, nil, errs.New(errs.Internal, "flow.unknown-step", "step", run.Step)
	}
	if in.Action == ChildEnded || in.Action == ChildOpened {
		return f.child(run, in, who, facts, now)
	}
	if s.Kind == EndStep {
		return run, nil, errs.NewConflict("flow.finished")
	}
	if in.Timer != "" {
		return f.fire(run, s, in, who, facts, now)
	}
	if slices.Contains([]string{GiveOpinion, WithdrawByID, Reassign, Delegate}, in.Action) && !slices.ContainsFunc(s.actions, func(a *action) bool { return a.ID == in.Action }) {
		return f.builtIn(run, s, in, who, now)
	}
	i := slices.IndexFunc(s.actions, func(a *action) bool { return a.ID == in.Action })
	if i < 0 {
		return run, nil, errs.NewNotFound("flow.no-such-action")
	}
	a := s.actions[i]
	at, err := choose(f.seats(run, s, a, who), in.Task)
	if err != nil {
		return run, nil, err
	}
	if blocked := f.block(run, s, a, who, facts); blocked != nil {
		return run, nil, blocked.error()
	}
	if err := missing(a.Needs, in, now); err != nil {
		return run, nil, err
	}
	m := f.mover(run, who, now)
	if a.by == byAsked {
		err = m.opinion(at.task, in)
	} else {
		task := at.task.ID
		if !at.own && leads(a.To) {
			task = "" // the dossier is taken out of other hands: their task was not done
		}
		err = m.do(a, task, in)
	}
	return m.done(run, err)
}

// done hands back the new run, or the old one when something was wrong.
func (m *mover) done(old Run, err error) (Run, []Effect, error) {
	if err == nil {
		err = m.settle()
	}
	if err != nil {
		return old, nil, err
	}
	return m.run, m.effects, nil
}

func (r *Reason) error() error {
	e := errs.NewConflict("flow.blocked")
	e.Args = map[string]any{"why": r.Code, "text": r.Text}
	if r.Text.IsZero() {
		e.Code = r.Code
		e.Args = r.Args
	}
	return e
}

// choose picks the seat somebody means.
func choose(seats []seat, task string) (seat, error) {
	var fit []seat
	for _, s := range seats {
		if task == "" || s.task.ID == task {
			fit = append(fit, s)
		}
	}
	switch {
	case len(fit) == 0:
		return seat{}, errs.NewNotFound("flow.no-such-action")
	case len(fit) > 1:
		free := slices.DeleteFunc(slices.Clone(fit), func(s seat) bool { return s.blocked != nil })
		if len(free) != 1 {
			return seat{}, errs.NewConflict("flow.which-task")
		}
		fit = free
	}
	if fit[0].blocked != nil {
		return seat{}, fit[0].blocked.error()
	}
	return fit[0], nil
}

// missing names every need that was not met, at once.
func missing(needs []Need, in Input, now Now) error {
	var bad []errs.Field
	for _, n := range needs {
		switch n {
		case NeedReason:
			if strings.TrimSpace(in.Reason) == "" && strings.TrimSpace(in.Note) == "" {
				bad = append(bad, errs.Bad("reason", "flow.need-reason"))
			}
		case NeedNote:
			if strings.TrimSpace(in.Note) == "" && strings.TrimSpace(in.Reason) == "" {
				bad = append(bad, errs.Bad("note", "flow.need-note"))
			}
		case NeedAssignee:
			if in.Assignee.ID == "" {
				bad = append(bad, errs.Bad("assignee", "flow.need-assignee"))
			}
		case NeedResult:
			if len(in.Fields) == 0 {
				bad = append(bad, errs.Bad("result", "flow.need-result"))
			}
		case NeedFile:
			if len(in.Files) == 0 {
				bad = append(bad, errs.Bad("files", "flow.need-file"))
			}
		case NeedDue:
			switch {
			case in.Due.IsZero():
				bad = append(bad, errs.Bad("due", "flow.need-due"))
			case !in.Due.After(now.At):
				bad = append(bad, errs.Bad("due", "flow.due-past"))
			}
		}
	}
	return errs.NewInvalid(bad...)
}

// words is what the actor wrote: the reason, or the note when only that was given.
func (in Input) words() string {
	if s := strings.TrimSpace(in.Reason); s != "" {
		return s
	}
	return strings.TrimSpace(in.Note)
}

// do carries out an action of the definition.
func (m *mover) do(a *action, task string, in Input) error {
	reason := in.words()
	for k, v := range in.Fields {
		if m.run.Result == nil {
			m.run.Result = map[string]any{}
		}
		m.run.Result[k] = v
	}
	switch a.Effect {
	case Receive:
		m.emit(DocumentNeeded{Form: "01"})
		m.tell("received")
	case Supplement:
		m.run.Supplements++
		m.emit(DocumentNeeded{Form: "02", Reason: reason})
		m.tell("supplement", "reason", reason)
	case Refuse:
		m.emit(DocumentNeeded{Form: "03", Reason: reason})
		m.tell("refused", "reason", reason)
	case Extend:
		m.run.Extensions++
		m.emit(DocumentNeeded{Form: "04", Reason: reason, Until: in.Due})
		m.emit(ClockExtended{At: m.now.At, Until: in.Due, Reason: reason})
		m.tell("extended", "reason", reason)
		return nil
	case Suspend:
		m.emit(DocumentNeeded{Form: "05", Reason: reason})
		m.tell("suspended", "reason", reason)
	case Resume:
		m.tell("resumed")
	case Pay:
		m.emit(PaymentNeeded{Reason: reason})
		m.tell("payment", "reason", reason)
	case Reject:
		m.run.Rejected = true
		form := "03"
		if to := m.flow.byID[a.To]; to != nil && Status(to.Status) == StatusStopped {
			form = "05"
		}
		m.emit(DocumentNeeded{Form: form, Reason: reason})
		m.tell("rejected", "reason", reason)
	case ReturnResult:
		m.tell("returned")
	case Withdraw:
		m.tell("withdrawn")
	}
	if !leads(a.To) {
		if a.Effect == Assign {
			m.assign(task, in.Assignee, Person{})
		}
		return nil
	}
	how := entry{reason: reason}
	if slices.Contains(a.Needs, NeedAssignee) {
		how.assignee = in.Assignee
	}
	if a.Effect == ReturnBack || a.Effect == Propose || a.Effect == Forward {
		m.reconsider(a)
	}
	if err := m.move(a.Effect, a.To, task, how); err != nil {
		return err
	}
	m.issue(a.Effect)
	return nil
}

// reconsider takes a decision against back when the dossier is worked on again.
func (m *mover) reconsider(a *action) {
	if to := m.flow.byID[a.To]; to == nil || to.Kind != EndStep {
		m.run.Rejected = false
	}
}

// issue asks for the result the first time the dossier is done, unless it was decided
// against.
func (m *mover) issue(effect EffectName) {
	if m.run.Status < StatusDone || m.run.Issued || m.run.Rejected || effect == Reject {
		return
	}
	m.run.Issued = true
	m.emit(ResultNeeded{Fields: m.run.Result})
	m.tell("done")
}

func (m *mover) tell(code string, kv ...any) {
	args := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		args[kv[i].(string)] = kv[i+1]
	}
	m.emit(Notify{To: "citizen", Code: code, Args: args})
}

func (m *mover) assign(task string, to, delegatedFrom Person) {
	for i := range m.run.Tasks {
		if t := &m.run.Tasks[i]; t.ID == task {
			from := t.Assignee
			t.Assignee, t.DelegatedFrom = to, delegatedFrom
			m.emit(TaskAssigned{Task: *t, From: from})
		}
	}
}

// fire does the action of a timer whose time has come.
func (f *Flow) fire(run Run, s *step, in Input, who Who, facts Facts, now Now) (Run, []Effect, error) {
	i := slices.IndexFunc(run.Timers, func(t Timer) bool { return t.ID == in.Timer })
	if i < 0 || who.Side != System {
		return run, nil, errs.NewNotFound("flow.no-such-timer")
	}
	t := run.Timers[i]
	j := slices.IndexFunc(s.actions, func(a *action) bool { return a.ID == t.Action })
	if j < 0 {
		return run, nil, errs.New(errs.Internal, "flow.no-such-action")
	}
	a := s.actions[j]
	m := f.mover(run, who, now)
	m.run.Timers = slices.Delete(m.run.Timers, i, i+1) // it has fired; it is not cancelled
	if blocked := f.block(m.run, s, a, who, facts); blocked != nil {
		return run, nil, blocked.error()
	}
	return m.done(run, m.do(a, "", in))
}

// builtIn does what no author has to write.
func (f *Flow) builtIn(run Run, s *step, in Input, who Who, now Now) (Run, []Effect, error) {
	offered := slices.DeleteFunc(f.builtIns(run, s, who), func(a Action) bool { return a.ID != in.Action || in.Task != "" && a.Task != in.Task })
	switch {
	case len(offered) == 0:
		return run, nil, errs.NewNotFound("flow.no-such-action")
	case len(offered) > 1:
		return run, nil, errs.NewConflict("flow.which-task")
	case offered[0].Blocked != nil:
		return run, nil, offered[0].Blocked.error()
	}
	if err := missing(offered[0].Needs, in, now); err != nil {
		return run, nil, err
	}
	m := f.mover(run, who, now)
	task := offered[0].Task
	var err error
	switch in.Action {
	case GiveOpinion:
		err = m.opinion(m.run.Tasks[slices.IndexFunc(m.run.Tasks, func(t Task) bool { return t.ID == task })], in)
	case WithdrawByID:
		if s.Kind != WaitStep {
			task = ""
		}
		m.tell("withdrawn")
		err = m.move(Withdraw, f.withdrawn.ID, task, entry{reason: in.words()})
	case Reassign:
		m.assign(task, in.Assignee, Person{})
	case Delegate:
		m.assign(task, in.Assignee, who.Person)
	}
	return m.done(run, err)
}

// opinion files an answer.
func (m *mover) opinion(t Task, in Input) error {
	value := in.Value
	switch value {
	case "":
		value = Agree
	case Agree, Disagree, Other:
	default:
		return errs.NewInvalid(errs.Bad("value", "flow.opinion-value"))
	}
	for i := range m.run.Opinions {
		if o := &m.run.Opinions[i]; o.ID == t.Opinion {
			o.By, o.Value, o.Note, o.Given = m.who.Person, value, in.words(), m.now.At
		}
	}
	m.close(t.ID, true)
	return nil
}

// child files what the system reports about a child dossier. It may come in at any
// time, also while the dossier waits for something else.
func (f *Flow) child(run Run, in Input, who Who, _ Facts, now Now) (Run, []Effect, error) {
	i := slices.IndexFunc(run.Children, func(c Child) bool { return c.ID == in.Child })
	if i < 0 || who.Side != System || !run.Children[i].Ended.IsZero() {
		return run, nil, errs.NewNotFound("flow.no-such-child")
	}
	m := f.mover(run, who, now)
	ch := &m.run.Children[i]
	if in.Action == ChildOpened {
		ch.Dossier = in.Dossier
		return m.run, nil, nil
	}
	switch in.Value {
	case "":
		ch.Result = ChildDone
	case ChildDone, ChildRejected, ChildWithdrawn:
		ch.Result = in.Value
	default:
		return run, nil, errs.NewInvalid(errs.Bad("value", "flow.child-result"))
	}
	ch.Ended = now.At
	return m.done(run, nil)
}

// settle moves the dossier on by itself when what it waits for has come together.
func (m *mover) settle() error {
	for range 100 { // a step joined at once leads to the next; a cycle of them is refused when compiled
		s := m.flow.byID[m.run.Step]
		if !m.joined(s) {
			return nil
		}
		for i := range m.run.Opinions {
			if o := &m.run.Opinions[i]; o.Step == s.ID && o.Given.IsZero() {
				o.Dropped = true
			}
		}
		m.emit(Notify{To: "asker", Code: "joined", Args: map[string]any{"step": s.ID}})
		if err := m.move(Forward, s.To, "", entry{}); err != nil {
			return err
		}
	}
	return errs.New(errs.Internal, "flow.endless")
}

// joined reports whether an opinions or child step has what it waits for.
func (m *mover) joined(s *step) bool {
	round := m.round(s.ID)
	total, in := 0, 0
	switch s.Kind {
	case OpinionsStep:
		for _, o := range m.run.Opinions {
			if o.Step == s.ID && o.Round == round {
				total++
				if !o.Given.IsZero() {
					in++
				}
			}
		}
	case ChildStep:
		for _, ch := range m.run.Children {
			if ch.Step == s.ID && ch.Round == round {
				total++
				if !ch.Ended.IsZero() {
					in++
				}
			}
		}
	}
	return total > 0 && (in == total || s.Join == joinAny && in > 0)
}
