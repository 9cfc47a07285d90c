package dossier

import (
	"encoding/json"
	"fmt"
	"time"

	"motcua/internal/core/flow"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Types of journal events, without the room: "dossier." goes before each. They are
// stable; notifications, statistics and connectors follow them. Every event has
// the payload [Event].
const (
	evSubmitted     = "submitted" // nộp trực tuyến, or taken in at a counter
	evReceived      = "received"  // tiếp nhận
	evAsked         = "supplement-requested"
	evSupplied      = "supplied"
	evExpired       = "supplement-expired" // the time for supplements ran out
	evRefused       = "refused"
	evForwarded     = "forwarded"
	evAssigned      = "assigned"
	evProposed      = "proposed"
	evSentBack      = "sent-back"
	evOpinionAsked  = "opinion-asked"
	evOpinionGiven  = "opinion-given"
	evChildWanted   = "child-wanted"
	evChildOpened   = "child-opened"
	evChildEnded    = "child-ended"
	evPaymentAsked  = "fee-asked"
	evPaid          = "paid"
	evSuspended     = "stopped" // status 8, for a time or for good
	evResumed       = "resumed"
	evExtended      = "extended"
	evApproved      = "approved"
	evRejected      = "rejected" // decided against, before it ends
	evDone          = "finished"
	evReturned      = "returned"
	evWithdrawn     = "withdrawn"
	evMoved         = "moved"    // any other step of the flow
	evReminded      = "reminded" // the citizen: the time to answer runs out
	evDueSoon       = "due-soon" // the staff: the due time is near
	evOverdue       = "overdue"
	evDueRecomputed = "due-recomputed" // the working calendar changed
	evHandedOver    = "handed-over"    // a decree ended its agency; another has it now
	evRated         = "rated"
	evRead          = "read" // in stream "dossier.read:<id>", so that reading does not number the dossier's own events
)

// eventOf names the event of an effect.
var eventOf = map[flow.EffectName]string{
	flow.Receive: evReceived, flow.Supplement: evAsked, flow.Supplied: evSupplied, flow.Refuse: evRefused, flow.Forward: evForwarded,
	flow.Assign: evAssigned, flow.Propose: evProposed, flow.ReturnBack: evSentBack, flow.AskOpinion: evOpinionAsked, flow.OpenChild: evChildWanted,
	flow.Pay: evPaymentAsked, flow.Paid: evPaid, flow.Suspend: evSuspended, flow.Resume: evResumed, flow.Extend: evExtended,
	flow.Approve: evApproved, flow.Reject: evRejected, flow.Finish: evDone, flow.ReturnResult: evReturned, flow.Withdraw: evWithdrawn,
}

// eventOfBuiltIn names the events of actions that every flow has.
var eventOfBuiltIn = map[string]string{
	flow.GiveOpinion: evOpinionGiven, flow.WithdrawByID: evWithdrawn, flow.Reassign: evAssigned, flow.Delegate: evAssigned,
	flow.ChildOpened: evChildOpened, flow.ChildEnded: evChildEnded,
}

// Event is the payload of every "dossier.*" event: what changed, in ids, codes and
// times. It holds no name, no answer and no words of a person.
type Event struct {
	Version int64  `json:"v"`                // version of the dossier after the event
	Action  string `json:"action,omitempty"` // id of the action in the flow
	Task    string `json:"task,omitempty"`

	// The change of state; what did not change is left out.
	Status *Status `json:"status,omitempty"`
	Stage  *string `json:"stage,omitempty"`
	Step   *string `json:"step,omitempty"`
	Clock  []Tick  `json:"clock,omitempty"`
	Due    *int64  `json:"due,omitempty"` // new due time, ms; 0 = none
	Late   *bool   `json:"late,omitempty"`
	FeeDue *int64  `json:"fee_due,omitempty"`
	Paid   *int64  `json:"fee_paid,omitempty"`

	// Of the submission.
	Number    string `json:"number,omitempty"`
	Procedure string `json:"procedure,omitempty"`
	VersionID string `json:"version_id,omitempty"`
	Case      string `json:"case,omitempty"`
	Offer     string `json:"offer,omitempty"`
	Channel   string `json:"channel,omitempty"`
	Parent    string `json:"parent,omitempty"`

	// Who it concerns, for notifications: account ids and agency ids.
	Owner     string `json:"owner,omitempty"`
	Submitter string `json:"submitter,omitempty"`
	Receiving string `json:"receiving,omitempty"`
	Competent string `json:"competent,omitempty"`

	Opened     []TaskRef   `json:"opened,omitempty"`
	Closed     []string    `json:"closed,omitempty"`
	Assigned   []TaskRef   `json:"assigned,omitempty"`
	Documents  []PaperRef  `json:"documents,omitempty"`
	Entry      string      `json:"entry,omitempty"`      // register entry of the result
	Note       string      `json:"note,omitempty"`       // id of the words told to the citizen
	Inner      string      `json:"inner,omitempty"`      // id of the words for colleagues
	Supplement string      `json:"supplement,omitempty"` // id of the request
	Round      int         `json:"round,omitempty"`
	Value      string      `json:"value,omitempty"` // of an opinion: agree, disagree, other; of a child: done, rejected, withdrawn
	Child      string      `json:"child,omitempty"` // dossier id
	Stars      int         `json:"stars,omitempty"`
	Post       string      `json:"post,omitempty"`   // title of the post in which the actor acted
	Agency     string      `json:"agency,omitempty"` // agency of that post
	Notify     []NotifyRef `json:"notify,omitempty"`
	Calendar   string      `json:"calendar,omitempty"` // version of the calendar the due time was computed with

	// Of a hand-over by decree.
	FromReceiving string `json:"from_receiving,omitempty"` // agency ids before; left out where nothing changed
	FromCompetent string `json:"from_competent,omitempty"`
	Decree        string `json:"decree,omitempty"` // id
	Basis         string `json:"basis,omitempty"`  // "Nghị quyết số 1685/NQ-UBTVQH15 ngày 16/06/2025"
	Open          bool   `json:"open,omitempty"`   // it had been received and not ended: it counts as pending
}

// Tick is one entry of the legal clock.
type Tick struct {
	Kind     string `json:"kind"` // start, pause, resume, extend, stop, move
	At       int64  `json:"at"`   // ms
	Reason   string `json:"reason,omitempty"`
	Promised int64  `json:"promised,omitempty"` // of a move: the due time that stays, ms
}

// TaskRef is a task in an event.
type TaskRef struct {
	Task     string `json:"task"`
	Step     string `json:"step"`
	Role     string `json:"role,omitempty"`
	Agency   string `json:"agency,omitempty"`
	Assignee string `json:"assignee,omitempty"`
	For      string `json:"for,omitempty"`
	Due      int64  `json:"due,omitempty"` // ms
}

// PaperRef is an issued paper in an event.
type PaperRef struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}

// NotifyRef is somebody to be told. Code is the locale key "notify.<code>".
type NotifyRef struct {
	To   string `json:"to"` // citizen | asker
	Code string `json:"code"`
}

// Projection is the state of a dossier as its events tell it.
type Projection struct {
	Number      string
	Status      Status
	Stage, Step string
	Clock       ClockState
	SubmittedAt time.Time
	ReceivedAt  time.Time
	DueAt       time.Time
	PausedAt    time.Time
	FinishedAt  time.Time
	ReturnedAt  time.Time
	Supplements int
	Late        bool
	FeeDue      int64
	FeePaid     int64
	Version     int64
}

// RebuildStatus tells the state of a dossier from the events of its stream, in
// their order. The table must say the same: audit compares the two.
func RebuildStatus(events []journal.Event) (Projection, error) {
	var p Projection
	for _, e := range events {
		var d Event
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return p, fmt.Errorf("event %s %d: %w", e.Stream, e.Seq, err)
		}
		if err := p.apply(e, d); err != nil {
			return p, fmt.Errorf("event %s %d: %w", e.Stream, e.Seq, err)
		}
	}
	return p, nil
}

func (p *Projection) apply(e journal.Event, d Event) error {
	if d.Version != 0 {
		if d.Version < p.Version {
			return fmt.Errorf("version %d follows %d", d.Version, p.Version)
		}
		p.Version = d.Version
	}
	if e.Type == "dossier."+evSubmitted {
		p.Number, p.SubmittedAt = d.Number, e.At
	}
	if e.Type == "dossier."+evAsked {
		p.Supplements++
	}
	for _, t := range d.Clock {
		p.tick(t)
	}
	if d.Status != nil {
		p.Status = *d.Status
		p.end(e.At)
	}
	if d.Stage != nil {
		p.Stage = *d.Stage
	}
	if d.Step != nil {
		p.Step = *d.Step
	}
	if d.Due != nil {
		p.DueAt = time.Time{}
		if *d.Due != 0 {
			p.DueAt = sqldb.Time(*d.Due)
		}
	}
	if d.Late != nil {
		p.Late = *d.Late
	}
	if d.FeeDue != nil {
		p.FeeDue = *d.FeeDue
	}
	if d.Paid != nil {
		p.FeePaid = *d.Paid
	}
	return nil
}

// tick moves the clock; the same rules move the row of the dossier.
func (p *Projection) tick(t Tick) {
	at := sqldb.Time(t.At)
	switch t.Kind {
	case "start":
		p.Clock, p.ReceivedAt = ClockRunning, at
	case "pause":
		p.Clock, p.PausedAt = ClockPaused, at
	case "resume":
		p.Clock, p.PausedAt = ClockRunning, time.Time{}
	case "stop":
		p.Clock, p.PausedAt = ClockStopped, time.Time{}
	}
}

// end keeps the ends of index 766 with a change of status. A dossier that is only
// suspended (8 with a paused clock) has not ended, nor has one taken up again.
func (p *Projection) end(at time.Time) {
	switch {
	case p.Status == StatusReturned:
		p.ReturnedAt = at
	case p.Status == StatusRefused, p.Status == StatusWithdrawn, p.Status == StatusDone:
	case p.Status == StatusStopped && p.Clock != ClockPaused:
	default:
		p.FinishedAt = time.Time{}
		return
	}
	if p.FinishedAt.IsZero() {
		p.FinishedAt = at
	}
}

// projection is the same part of a stored dossier.
func (d Dossier) projection() Projection {
	return Projection{
		Number: d.Number, Status: d.Status, Stage: d.Stage, Step: d.Step, Clock: d.ClockState, SubmittedAt: d.SubmittedAt, ReceivedAt: d.ReceivedAt,
		DueAt: d.DueAt, PausedAt: d.PausedAt, FinishedAt: d.FinishedAt, ReturnedAt: d.ReturnedAt, Supplements: d.Supplements, Late: d.Late,
		FeeDue: d.FeeDue, FeePaid: d.FeePaid, Version: d.Version,
	}
}

// Differs lists the names of what a stored dossier says otherwise than its events;
// empty when the two agree.
func (p Projection) Differs(d Dossier) []string {
	q := d.projection()
	var out []string
	check := func(name string, same bool) {
		if !same {
			out = append(out, name)
		}
	}
	check("number", p.Number == q.Number)
	check("status", p.Status == q.Status)
	check("stage", p.Stage == q.Stage)
	check("step", p.Step == q.Step)
	check("clock", p.Clock == q.Clock)
	check("submitted_at", p.SubmittedAt.Equal(q.SubmittedAt))
	check("received_at", p.ReceivedAt.Equal(q.ReceivedAt))
	check("due_at", p.DueAt.Equal(q.DueAt))
	check("paused_at", p.PausedAt.Equal(q.PausedAt))
	check("finished_at", p.FinishedAt.Equal(q.FinishedAt))
	check("returned_at", p.ReturnedAt.Equal(q.ReturnedAt))
	check("supplements", p.Supplements == q.Supplements)
	check("late", p.Late == q.Late)
	check("fee_due", p.FeeDue == q.FeeDue)
	check("fee_paid", p.FeePaid == q.FeePaid)
	check("version", p.Version == q.Version)
	return out
}
