package dossier

import (
	"context"
	"fmt"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/document"
	"motcua/internal/core/flow"
	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// plan is what an act will write: the dossier as it becomes, the rows that open
// and close, the papers to issue, the events. It is worked out before the
// transaction from what was read; the transaction only writes it, and only when
// the dossier is still at the version that was read.
type plan struct {
	m      *matter
	before int64 // version that was read; 0 for a new dossier
	rec    record

	opened    []taskRow
	closed    []closedTask
	assigned  []taskRow
	ticks     []clock.Entry
	due       bool // the due time (or whether it counts) changed
	timers    []flow.Timer
	cancelled []flow.Timer
	papers    []wanted
	result    bool
	children  []flow.ChildNeeded
	notes     []note
	asked     *SupplementRequest
	ended     string // the open request ends: "answered" or "expired"
	fees      []Fee  // of a new dossier
	paid      *payment
	events    []planned
	more      func(ctx context.Context, tx *sqldb.Tx, rec *record) error // the caller's own rows

	actor identity.Actor
	post  identity.HeldPost
}

type closedTask struct {
	id, by string
	done   bool
}

// wanted is a paper to issue. Its id goes into the event, and into the row that
// refers to it.
type wanted struct {
	kind  document.Kind
	data  document.Data
	event int // index in plan.events
}

// planned is an event to append.
type planned struct {
	typ      string
	at       time.Time
	onBehalf string
	purpose  string
	data     Event
}

type payment struct {
	receiptNo, method string
	amount            int64
}

func newPlan(m *matter, actor identity.Actor) *plan {
	return &plan{m: m, before: m.rec.Version, rec: m.rec, actor: actor, post: actingPost(actor, m.rec.CompetentAgencyID, m.rec.ReceivingAgencyID)}
}

// words files what a person typed and returns its id for the event.
func (p *plan) words(audience Audience, text string) string {
	if text == "" {
		return ""
	}
	n := note{ID: id.New(), Actor: p.actor.AccountID, ActorName: p.actorName(), Audience: audience, Text: text, At: p.m.now}
	p.notes = append(p.notes, n)
	return n.ID
}

// actorName is the name that may stand in the journal: officers act in public
// office, citizens do not.
func (p *plan) actorName() string {
	if p.actor.Kind == identity.KindStaff {
		return p.actor.Name
	}
	return ""
}

// act is one act's own part of the event.
type act struct {
	typ    string // event type; "" = by the effect
	effect flow.EffectName
	action string
	task   string
	reason string // to the citizen
	note   string // to colleagues
	value  string
	data   Event // further parts
}

// carry walks the effects of one act into the plan and adds its event.
func (p *plan) carry(run flow.Run, effects []flow.Effect, a act) error {
	old := p.rec
	p.rec.Run = run
	e := planned{typ: a.typ, at: p.m.now, data: a.data}
	if e.typ == "" {
		e.typ = eventOf[a.effect]
	}
	if e.typ == "" {
		e.typ = eventOfBuiltIn[a.action]
	}
	if e.typ == "" {
		e.typ = evMoved
	}
	e.data.Action, e.data.Task, e.data.Value = a.action, a.task, a.value
	e.data.Note, e.data.Inner = p.words(ForCitizen, a.reason), p.words(ForStaff, a.note)
	if p.actor.Kind == identity.KindStaff {
		e.data.Post, e.data.Agency = p.post.Title, p.post.AgencyID
		e.onBehalf = p.post.DelegatedFrom
	}
	index := len(p.events)
	for _, effect := range effects {
		if err := p.effect(effect, &e, index); err != nil {
			return err
		}
	}
	if p.rec.Status != old.Status || p.before == 0 {
		p.rec.end(p.m.now)
	}
	p.settle()
	p.differences(old, &e.data)
	e.data.Owner, e.data.Submitter = p.rec.Owner.AccountID, p.rec.Submitter.AccountID
	e.data.Receiving, e.data.Competent = p.rec.ReceivingAgencyID, p.rec.CompetentAgencyID
	p.events = append(p.events, e)
	return nil
}

func (p *plan) effect(effect flow.Effect, e *planned, index int) error {
	switch x := effect.(type) {
	case flow.StatusChanged:
		p.rec.Status = x.To
	case flow.StepChanged:
		p.rec.Step, p.rec.Stage = x.To, x.ToStage
	case flow.ClockStarted:
		p.tick(clock.Entry{Kind: clock.Start, At: x.At}, e)
	case flow.ClockPaused:
		p.tick(clock.Entry{Kind: clock.Pause, At: x.At, Reason: pauseReason(x.Reason)}, e)
	case flow.ClockResumed:
		p.tick(clock.Entry{Kind: clock.Resume, At: x.At, Reason: pauseReason(x.Reason)}, e)
	case flow.ClockEnded:
		p.tick(clock.Entry{Kind: clock.Stop, At: x.At}, e)
	case flow.ClockExtended:
		return p.extend(x, e)
	case flow.TaskOpened:
		p.opened = append(p.opened, p.taskRow(x.Task))
		e.data.Opened = append(e.data.Opened, taskRef(x.Task))
	case flow.TaskClosed:
		by := ""
		if x.Done {
			by = x.By.ID
		}
		p.closed = append(p.closed, closedTask{id: x.Task.ID, by: by, done: x.Done})
		e.data.Closed = append(e.data.Closed, x.Task.ID)
	case flow.TaskAssigned:
		p.assign(x.Task)
		e.data.Assigned = append(e.data.Assigned, taskRef(x.Task))
	case flow.DocumentNeeded:
		p.papers = append(p.papers, wanted{kind: document.Kind(x.Form), data: p.paperData(document.Kind(x.Form), x.Reason, x.Until), event: index})
	case flow.ResultNeeded:
		p.result = true
	case flow.PaymentNeeded:
		// What is owed stands in the fees since the filing; the event tells the citizen.
	case flow.ChildNeeded:
		p.children = append(p.children, x)
	case flow.ChildDropped:
		// The other agency's dossier goes on by itself; nobody waits for it any more.
	case flow.TimerSet:
		p.timers = append(p.timers, x.Timer)
	case flow.TimerCancelled:
		p.cancelled = append(p.cancelled, x.Timer)
	case flow.Notify:
		e.data.Notify = append(e.data.Notify, NotifyRef{To: x.To, Code: x.Code})
	default:
		return fmt.Errorf("dossier: effect %T is not carried out", effect)
	}
	return nil
}

// end keeps the ends of a record by the same rules as [RebuildStatus].
func (r *record) end(at time.Time) {
	q := r.projection()
	q.end(at)
	r.FinishedAt, r.ReturnedAt = q.FinishedAt, q.ReturnedAt
}

// tick adds an entry of the legal clock.
func (p *plan) tick(entry clock.Entry, e *planned) {
	entry.At = sqldb.Time(sqldb.Millis(entry.At))
	entry.Seq = len(p.m.entries) + len(p.ticks) + 1
	if clock.Check(p.allTicks(), entry) != nil {
		return // e.g. a stop after a stop: the clock would ignore it, so it is not written
	}
	p.ticks = append(p.ticks, entry)
	t := Tick{Kind: string(entry.Kind), At: sqldb.Millis(entry.At), Reason: reasonCode(entry.Reason)}
	e.data.Clock = append(e.data.Clock, t)
	q := p.rec.projection()
	q.tick(t)
	p.rec.ClockState, p.rec.ReceivedAt, p.rec.PausedAt = q.Clock, q.ReceivedAt, q.PausedAt
	p.due = true
}

func (p *plan) allTicks() []clock.Entry {
	return append(append([]clock.Entry(nil), p.m.entries...), p.ticks...)
}

// pauseReason names the flow's reasons as the clock does.
func pauseReason(reason string) string {
	switch reason {
	case "supplement":
		return clock.ReasonSupplement
	case "financial":
		return clock.ReasonPayment
	case "suspended":
		return clock.ReasonSuspension
	}
	return reason
}

// reasonCode keeps an officer's own words out of the journal.
func reasonCode(reason string) string {
	switch reason {
	case clock.ReasonSupplement, clock.ReasonPayment, clock.ReasonSuspension, clock.ReasonOtherAgency:
		return reason
	}
	return ""
}

// extend moves the due time to the day the officer gives (form 04). The clock
// counts in days from the due day, and ends when the office closes.
func (p *plan) extend(x flow.ClockExtended, e *planned) error {
	due, _ := clock.Due(p.m.term(), p.allTicks(), p.m.cal)
	if due.IsZero() {
		return errs.NewConflict("dossier.no-due")
	}
	if p.m.now.After(due) {
		return errs.NewConflict("dossier.too-late-to-extend")
	}
	days := civil.DateOf(x.Until).DaysSince(civil.DateOf(due))
	if days < 1 {
		return errs.NewInvalid(errs.Bad("due", "dossier.due-not-later", "due", civil.DateOf(due).Screen("vi")))
	}
	if days > 366 {
		return errs.NewInvalid(errs.Bad("due", "dossier.due-too-far"))
	}
	p.tick(clock.Entry{Kind: clock.Extend, At: x.At, Reason: x.Reason, Days: days}, e)
	return nil
}

// settle computes what follows from the entries: due time and lateness.
func (p *plan) settle() {
	due, state := clock.Due(p.m.term(), p.allTicks(), p.m.cal)
	p.rec.DueAt = due
	p.rec.Supplements = p.rec.Run.Supplements
	// Asking more than once counts as late in the national index whenever it ends;
	// otherwise only an end after the due time does.
	late := p.rec.Supplements > 1
	if !p.rec.FinishedAt.IsZero() && !due.IsZero() {
		end := p.rec.FinishedAt
		if !state.StoppedAt.IsZero() {
			end = state.StoppedAt
		}
		late = late || end.After(due)
	}
	p.rec.Late = late
}

// lateAt is the due time that queues look at: none while the clock stands still.
func (r *record) lateAt() time.Time {
	if r.ClockState != ClockRunning {
		return time.Time{}
	}
	return r.DueAt
}

// differences writes what changed into the event.
func (p *plan) differences(old record, e *Event) {
	if p.before == 0 && len(p.events) == 0 {
		old = record{}
	}
	now := &p.rec
	if old.Status != now.Status {
		status := now.Status
		e.Status = &status
	}
	if old.Stage != now.Stage {
		stage := now.Stage
		e.Stage = &stage
	}
	if old.Step != now.Step {
		step := now.Step
		e.Step = &step
	}
	if !old.DueAt.Equal(now.DueAt) {
		var ms int64
		if !now.DueAt.IsZero() {
			ms = sqldb.Millis(now.DueAt)
		}
		e.Due = &ms
	}
	if old.Late != now.Late || now.Ended() && !old.Ended() {
		late := now.Late
		e.Late = &late
	}
	if old.FeeDue != now.FeeDue {
		due := now.FeeDue
		e.FeeDue = &due
	}
	if old.FeePaid != now.FeePaid {
		paid := now.FeePaid
		e.Paid = &paid
	}
}

// taskRow turns a task of the engine into a row of the queues.
func (p *plan) taskRow(t flow.Task) taskRow {
	row := taskRow{Task: Task{
		ID: t.ID, DossierID: p.rec.ID, Step: t.Step, Role: t.Role, AgencyID: t.Agency, DepartmentID: t.Department,
		AssigneeID: t.Assignee.ID, DelegatedFrom: t.DelegatedFrom.ID, For: t.For, OpenedAt: t.OpenedAt, DueAt: t.DueAt,
	}, Kind: p.m.kindOf(t)}
	if row.AgencyID == "" {
		row.AgencyID = p.rec.CompetentAgencyID
	}
	return row
}

// kindOf says what a task's step is for, by the effects of its actions.
func (m *matter) kindOf(t flow.Task) string {
	if t.For != "" {
		return kindWait
	}
	if t.Opinion != "" {
		return kindWork
	}
	step := m.step(t.Step)
	if step == nil {
		return kindWork
	}
	does := map[flow.EffectName]bool{}
	for _, a := range step.Actions {
		does[a.Effect] = true
	}
	switch {
	case does[flow.Receive]:
		return kindReceive
	case does[flow.Approve], does[flow.Reject] && !does[flow.Propose]: // whoever only proposes does not decide
		return kindSign
	case does[flow.ReturnResult]:
		return kindReturn
	}
	return kindWork
}

// step finds a step of the pinned flow.
func (m *matter) step(stepID string) *flow.StepDef {
	def := m.flow.Definition()
	for i := range def.Steps {
		if def.Steps[i].ID == stepID {
			return &def.Steps[i]
		}
	}
	return nil
}

// assign gives a task to a person, in the rows to open or in those that stand.
func (p *plan) assign(t flow.Task) {
	for i := range p.opened {
		if p.opened[i].ID == t.ID {
			p.opened[i].AssigneeID, p.opened[i].DelegatedFrom = t.Assignee.ID, t.DelegatedFrom.ID
			return
		}
	}
	p.assigned = append(p.assigned, p.taskRow(t))
}

func taskRef(t flow.Task) TaskRef {
	ref := TaskRef{Task: t.ID, Step: t.Step, Role: t.Role, Agency: t.Agency, Assignee: t.Assignee.ID, For: t.For}
	if !t.DueAt.IsZero() {
		ref.Due = sqldb.Millis(t.DueAt)
	}
	return ref
}
