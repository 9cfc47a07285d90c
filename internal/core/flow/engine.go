package flow

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"motcua/internal/platform/errs"
)

// StartInput begins a run.
type StartInput struct {
	Agencies map[string]string // receiving and competent, and every code of AgencyRefs → agency id
	Who      Who
	Now      Now
}

// Start puts a new dossier at the first step. The error names an agency that is
// missing.
func (f *Flow) Start(in StartInput) (Run, []Effect, error) {
	for _, ref := range append([]string{atReceiving, atCompetent}, f.AgencyRefs()...) {
		if in.Agencies[ref] == "" {
			return Run{}, nil, errs.New(errs.Invalid, "flow.no-agency", "ref", ref)
		}
	}
	m := f.mover(Run{Flow: f.def.ID, Agencies: maps.Clone(in.Agencies)}, in.Who, in.Now)
	m.enter(f.steps[0], entry{})
	return m.run, m.effects, nil
}

// Final reports whether nothing more can happen in the run.
func (f *Flow) Final(run Run) bool {
	s := f.byID[run.Step]
	return s == nil || s.Kind == EndStep
}

// mover changes one run and gathers what follows. It works on its own copy.
type mover struct {
	flow    *Flow
	run     Run
	who     Who
	now     Now
	effects []Effect
}

func (f *Flow) mover(run Run, who Who, now Now) *mover {
	return &mover{flow: f, run: run.clone(), who: who, now: now}
}

// clone makes a copy that shares nothing that the engine changes.
func (r Run) clone() Run {
	r.Agencies = maps.Clone(r.Agencies)
	r.Tasks = slices.Clone(r.Tasks)
	r.Timers = slices.Clone(r.Timers)
	r.Opinions = slices.Clone(r.Opinions)
	r.Children = slices.Clone(r.Children)
	r.Back = slices.Clone(r.Back)
	r.Trail = slices.Clone(r.Trail)
	r.Last = maps.Clone(r.Last)
	r.Result = maps.Clone(r.Result)
	return r
}

func (m *mover) emit(e Effect) { m.effects = append(m.effects, e) }

func (m *mover) id(prefix string) string {
	m.run.Seq++
	return fmt.Sprintf("%s%d", prefix, m.run.Seq)
}

func (m *mover) due(agency string, after Span) time.Time {
	if m.now.Due == nil || after.Amount == 0 {
		return time.Time{}
	}
	return m.now.Due(agency, m.now.At, after)
}

// entry says how a step is entered.
type entry struct {
	assignee Person // the person the task is given to
	resume   bool   // back from a wait: opinions and children already asked for stay
	reason   string
}

// enter opens what the step asks for. The status must already have been set.
func (m *mover) enter(s *step, how entry) {
	from := m.flow.byID[m.run.Step]
	m.run.Step = s.ID
	if from == nil {
		m.setStatus(StatusNew, s, how)
		m.emit(StepChanged{To: s.ID, ToStage: s.Stage})
	} else if from != s {
		m.emit(StepChanged{From: from.ID, To: s.ID, FromStage: from.Stage, ToStage: s.Stage})
	}
	switch s.Kind {
	case TaskStep:
		t := m.task(s, s.Role, s.At)
		switch {
		case how.assignee.ID != "":
			t.Assignee = how.assignee
		default:
			t.Assignee = m.run.Last[s.ID] // the same hands as before, when it was given to a person
		}
		m.open(t)
	case WaitStep:
		t := m.task(s, s.Role, s.At)
		t.For = s.For
		m.open(t)
	case OpinionsStep:
		m.ask(s, how)
	case ChildStep:
		m.openChildren(s, how)
	case EndStep:
		return
	}
	for _, def := range s.Timers {
		t := Timer{ID: m.id("m"), Step: s.ID, Action: def.Action, After: def.After, SetAt: m.now.At}
		t.DueAt = m.due(m.run.Agencies[s.At], def.After)
		m.run.Timers = append(m.run.Timers, t)
		m.emit(TimerSet{t})
	}
}

func (m *mover) task(s *step, role, at string) Task {
	return Task{Step: s.ID, Role: role, Agency: m.run.Agencies[at], Hours: s.Hours, OpenedAt: m.now.At}
}

func (m *mover) open(t Task) {
	t.ID = m.id("t")
	t.DueAt = m.due(t.Agency, Span{t.Hours, "working_hour"})
	m.run.Tasks = append(m.run.Tasks, t)
	m.emit(TaskOpened{t})
}

// close ends one task; done says that its person did it.
func (m *mover) close(id string, done bool) {
	i := slices.IndexFunc(m.run.Tasks, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return
	}
	t := m.run.Tasks[i]
	m.run.Tasks = slices.Delete(m.run.Tasks, i, i+1)
	if t.Assignee.ID != "" && t.Opinion == "" {
		if m.run.Last == nil {
			m.run.Last = map[string]Person{}
		}
		m.run.Last[t.Step] = t.Assignee
	}
	m.emit(TaskClosed{Task: t, By: m.who.Person, Done: done})
}

// leave closes everything of the present step; acted is the task that led out of it.
// When the dossier will come back (it only waits for something), what was asked of
// others goes on.
func (m *mover) leave(acted string, comesBack bool) {
	if acted != "" {
		m.close(acted, true)
	}
	for len(m.run.Tasks) > 0 {
		m.close(m.run.Tasks[0].ID, false)
	}
	for _, t := range m.run.Timers {
		m.emit(TimerCancelled{t})
	}
	m.run.Timers = nil
	if comesBack {
		return
	}
	for i := range m.run.Opinions {
		if o := &m.run.Opinions[i]; o.Given.IsZero() {
			o.Dropped = true
		}
	}
	for i := range m.run.Children {
		if ch := &m.run.Children[i]; ch.Ended.IsZero() && !ch.Dropped {
			ch.Dropped = true
			m.emit(ChildDropped{*ch})
		}
	}
}

// move takes the dossier from its step to a target by an effect. acted is the task
// whose action it is.
func (m *mover) move(effect EffectName, target, acted string, how entry) error {
	from := m.flow.byID[m.run.Step]
	to, err := m.resolve(from, target, &how)
	if err != nil {
		return err
	}
	status := m.run.Status
	if effect == Receive {
		status = StatusReceived
	}
	landed, ok := land(status, Status(to.Status), m.run.Clock != NotStarted || effect == Receive)
	if !ok {
		return errs.NewConflict("flow.status", "from", fmt.Sprint(int(m.run.Status)), "to", fmt.Sprint(to.Status))
	}
	m.leave(acted, to.Kind == WaitStep && slices.Contains(m.run.Back, from.ID))
	if effect == Receive {
		m.setStatus(StatusReceived, from, how)
	}
	m.setStatus(landed, to, how)
	m.trail(from, to)
	m.enter(to, how)
	return nil
}

// resolve finds the step a target means and keeps the stack of @back.
func (m *mover) resolve(from *step, target string, how *entry) (*step, error) {
	switch target {
	case Back:
		if len(m.run.Back) == 0 {
			return nil, errs.NewConflict("flow.no-way-back")
		}
		last := len(m.run.Back) - 1
		to := m.flow.byID[m.run.Back[last]]
		m.run.Back = m.run.Back[:last]
		how.resume = true
		return to, nil
	case Previous:
		if len(m.run.Trail) == 0 {
			return nil, errs.NewConflict("flow.no-previous")
		}
		to := m.flow.byID[m.run.Trail[len(m.run.Trail)-1]]
		m.run.Back = stackAfter(m.run.Back, from, to)
		return to, nil
	default:
		to := m.flow.byID[target]
		m.run.Back = stackAfter(m.run.Back, from, to)
		return to, nil
	}
}

// trail keeps the tasks passed, each once: coming to one again forgets what came after.
func (m *mover) trail(from, to *step) {
	if from.Kind == TaskStep && from != to && !slices.Contains(m.run.Trail, from.ID) {
		m.run.Trail = append(m.run.Trail, from.ID)
	}
	if i := slices.Index(m.run.Trail, to.ID); i >= 0 && to.Kind == TaskStep {
		m.run.Trail = m.run.Trail[:i]
	}
}

// setStatus moves the national status and, with it, the legal clock: 5, 6 and a
// suspension pause it, 2 and 4 let it run, 9 and every end stop it.
func (m *mover) setStatus(to Status, at *step, how entry) {
	if from := m.run.Status; from != to {
		m.run.Status = to
		m.emit(StatusChanged{From: from, To: to})
	}
	switch {
	case to == StatusReceived && m.run.Clock == NotStarted:
		m.run.Clock = Running
		m.emit(ClockStarted{At: m.now.At})
	case to >= StatusDone || at.Kind == EndStep && to != StatusReceived && to != StatusProcessing:
		if m.run.Clock == Running || m.run.Clock == Paused {
			m.run.Clock = Stopped
			m.emit(ClockEnded{At: m.now.At})
		}
	case to == StatusSupplement || to == StatusFinancialDuty || to == StatusStopped:
		if m.run.Clock == Running {
			m.run.Clock = Paused
			reason, form := pauseOf(to)
			m.run.Pause = reason
			m.emit(ClockPaused{At: m.now.At, Reason: reason, Form: form, Words: how.reason})
		}
	default:
		if m.run.Clock == Paused {
			m.run.Clock = Running
			m.emit(ClockResumed{At: m.now.At, Reason: m.run.Pause})
			m.run.Pause = ""
		}
	}
}

func pauseOf(s Status) (reason, form string) {
	switch s {
	case StatusSupplement:
		return "supplement", "02"
	case StatusFinancialDuty:
		return "financial", ""
	default:
		return "suspended", "05"
	}
}

// ask opens one task for each person asked. Coming back from a wait, answers that
// were given stay and only the open questions are asked again.
func (m *mover) ask(s *step, how entry) {
	round := m.round(s.ID)
	if !how.resume || round == 0 {
		round++
		for _, q := range s.Ask {
			m.run.Opinions = append(m.run.Opinions, Opinion{ID: m.id("o"), Step: s.ID, Ask: q.ID, Round: round})
		}
	}
	for i := range m.run.Opinions {
		o := &m.run.Opinions[i]
		if o.Step != s.ID || o.Round != round || !o.Given.IsZero() {
			continue
		}
		q := s.Ask[slices.IndexFunc(s.Ask, func(q AskDef) bool { return q.ID == o.Ask })]
		t := m.task(s, q.Role, q.At)
		t.Department, t.Opinion = q.Department, o.ID
		if q.Hours > 0 {
			t.Hours = q.Hours
		}
		m.open(t)
	}
	m.coordinator(s)
}

// coordinator opens a task for the role that watches over an opinions or child step,
// when it has something to do there.
func (m *mover) coordinator(s *step) {
	if s.Role != "" && slices.ContainsFunc(s.actions, func(a *action) bool { return a.by == byOfficer && (a.Role == "" || a.Role == s.Role) }) {
		m.open(m.task(s, s.Role, s.At))
	}
}

func (m *mover) round(step string) int {
	n := 0
	for _, o := range m.run.Opinions {
		if o.Step == step {
			n = max(n, o.Round)
		}
	}
	for _, ch := range m.run.Children {
		if ch.Step == step {
			n = max(n, ch.Round)
		}
	}
	return n
}

func (m *mover) openChildren(s *step, how entry) {
	round := m.round(s.ID)
	if !how.resume || round == 0 {
		round++
		for _, def := range s.Children {
			ch := Child{ID: m.id("c"), Step: s.ID, Child: def.ID, Round: round}
			m.run.Children = append(m.run.Children, ch)
			m.emit(ChildNeeded{Child: ch, Procedure: def.Procedure, Case: def.Case, Agency: m.run.Agencies[def.At], Name: def.Name})
		}
	}
	m.coordinator(s)
}
