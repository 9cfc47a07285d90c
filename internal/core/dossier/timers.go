package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// What the program does with dossiers by itself: timers of the flow, reminders,
// dossiers of other agencies, due times after a change of calendar.

// asSystem is a context in which the program acts.
func asSystem(ctx context.Context) context.Context {
	return identity.With(ctx, identity.System)
}

// fireTimer carries out the action of a timer that has run out. A timer that was
// taken back meanwhile does nothing.
func (s *Service) fireTimer(ctx context.Context, p timerPayload) error {
	ctx = asSystem(ctx)
	_, err := s.change(ctx, p.Dossier, 0, usedFor{}, func(m *matter) (*plan, error) {
		var timer flow.Timer
		for _, t := range m.rec.Run.Timers {
			if t.ID == p.Timer {
				timer = t
			}
		}
		if timer.ID == "" {
			return nil, errNothing
		}
		run, effects, err := m.flow.Act(m.rec.Run, flow.Input{Timer: timer.ID}, flow.Who{Side: flow.System}, m.facts(), m.moment(ctx, s))
		if err != nil {
			return nil, err
		}
		effect := flow.EffectName("")
		if step := m.step(timer.Step); step != nil {
			for _, a := range step.Actions {
				if a.ID == timer.Action {
					effect = a.Effect
				}
			}
		}
		what := act{effect: effect, action: timer.Action}
		if m.rec.Status == StatusSupplement && effect != flow.Supplied {
			what.typ = evExpired
		}
		pl := newPlan(m, identity.System)
		return pl, pl.finishAct(run, effects, what)
	})
	if errors.Is(err, errNothing) || errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// errNothing says that there is nothing to do any more.
var errNothing = errors.New("dossier: nothing to do")

// remind tells the holder of a dossier that it is nearly due, and once more that
// it is past due. It looks at the dossier as it is now: a pause or an extension
// since only moves the reminder.
func (s *Service) remind(ctx context.Context, dossierID string) error {
	rec, err := whole(ctx, s.read, dossierID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if rec.ClockState != ClockRunning || rec.DueAt.IsZero() || rec.Ended() {
		return nil // the clock's next start asks again
	}
	m := &matter{rec: rec, now: s.now()}
	if err := s.places(ctx, m, rec.ReceivingAgencyID, rec.CompetentAgencyID); err != nil {
		return err
	}
	soon, now := m.cal.Add(rec.DueAt, -8*time.Hour), m.now
	typ, next := "", time.Time{}
	switch {
	case now.After(rec.DueAt):
		typ = evOverdue
	case now.Before(soon):
		next = soon
	default:
		typ, next = evDueSoon, rec.DueAt.Add(time.Minute)
	}
	told := false
	if typ != "" {
		if told, err = s.told(ctx, dossierID, typ, rec.DueAt); err != nil {
			return err
		}
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if typ != "" && !told {
			due := sqldb.Millis(rec.DueAt)
			if err := s.note(ctx, tx, stream(dossierID), typ, "", "", Event{
				Due: &due, Competent: rec.CompetentAgencyID, Receiving: rec.ReceivingAgencyID, Assigned: openTasks(rec.Run),
			}); err != nil {
				return err
			}
		}
		if next.IsZero() {
			return nil
		}
		return s.Jobs.Enqueue(ctx, tx, jobRemind, dossierPayload{Dossier: dossierID}, job.Key(dossierID), job.At(next))
	})
}

func openTasks(run flow.Run) []TaskRef {
	var out []TaskRef
	for _, t := range run.Tasks {
		out = append(out, taskRef(t))
	}
	return out
}

// told reports whether a reminder of this kind for this due time was given.
func (s *Service) told(ctx context.Context, dossierID, typ string, due time.Time) (bool, error) {
	events, err := s.Journal.Stream(ctx, s.read, stream(dossierID), 0, 1000)
	if err != nil {
		return false, err
	}
	for _, e := range events {
		var d Event
		if e.Type == "dossier."+typ && json.Unmarshal(e.Data, &d) == nil && d.Due != nil && *d.Due == sqldb.Millis(due) {
			return true, nil
		}
	}
	return false, nil
}

// nudge reminds the citizen that an open request for papers runs out.
func (s *Service) nudge(ctx context.Context, p nudgePayload) error {
	rec, err := headBy(ctx, s.read, "id", p.Dossier)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var one int
		err := tx.QueryRow(ctx, `SELECT 1 FROM dossier_supplement WHERE id = $1 AND answered_at IS NULL AND expired_at IS NULL`, p.Request).Scan(&one)
		if errors.Is(err, sqldb.ErrNotFound) {
			return nil // answered meanwhile
		}
		if err != nil {
			return err
		}
		return s.note(ctx, tx, stream(p.Dossier), evReminded, "", "", Event{
			Owner: rec.Owner.AccountID, Submitter: rec.Submitter.AccountID, Competent: rec.CompetentAgencyID, Supplement: p.Request, Round: rec.Supplements,
		})
	})
}

// openChild opens the dossier at another agency that a step waits for (liên
// thông), and tells the waiting one.
func (s *Service) openChild(ctx context.Context, p childPayload) error {
	ctx = asSystem(ctx)
	parent, err := whole(ctx, s.read, p.Parent)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	key := usedFor{account: identity.System.AccountID, key: "child:" + p.Parent + "/" + p.Child, operation: "child:" + p.Parent + "/" + p.Child}
	child, err := s.once(ctx, key, func() (Dossier, error) { return s.fileChild(ctx, parent, p, key) })
	if err != nil {
		return err
	}
	return s.tellParent(ctx, p.Parent, flow.Input{Action: flow.ChildOpened, Child: p.Child, Dossier: child.ID}, child.ID)
}

func (s *Service) fileChild(ctx context.Context, parent record, p childPayload, key usedFor) (Dossier, error) {
	offers, err := s.Procedures.Offers(ctx, p.Procedure)
	if err != nil {
		return Dossier{}, err
	}
	at, err := s.Agencies.Present(ctx, p.Agency) // a decree may have ended it since the job was written
	if err != nil {
		return Dossier{}, err
	}
	var offer procedure.Offer
	for _, o := range offers {
		if o.AgencyID == at.ID && (offer.ID == "" || o.Channel == procedure.Direct) {
			offer = o
		}
	}
	if offer.ID == "" {
		return Dossier{}, fmt.Errorf("dossier: agency %s does not offer procedure %s that dossier %s needs", p.Agency, p.Procedure, parent.Number)
	}
	m := &matter{now: s.now()}
	caseID, err := s.caseOf(ctx, m, offer.VersionID, p.Case)
	if err != nil {
		return Dossier{}, err
	}
	_, raw, err := latestAnswers(ctx, s.read, parent.ID)
	if err != nil {
		return Dossier{}, err
	}
	// What both forms ask under one name goes along; the officers ask for the rest.
	answers, err := m.form.Load([]byte(raw))
	if err != nil {
		return Dossier{}, err
	}
	return s.file(ctx, identity.System, newFiling{
		offer: offer, caseID: caseID, channel: Direct, receivingID: offer.AgencyID, answers: withoutFiles(answers),
		named: &parent.Owner, submitter: parent.Submitter, proxy: parent.Proxy, delivery: Delivery{By: "counter"}, sets: 1,
		conf: parent.Confidentiality, parent: parent.ID, trusted: true,
	}, key, nil)
}

// withoutFiles drops answers that are files: they stay with the parent, where the
// officers open them.
func withoutFiles(a form.Answers) form.Answers {
	out := form.Answers{}
	for field, v := range a {
		if _, isFiles := v.([]form.File); !isFiles {
			out[field] = v
		}
	}
	return out
}

// tellParent tells a waiting dossier what happened to its child.
func (s *Service) tellParent(ctx context.Context, parentID string, in flow.Input, childID string) error {
	ctx = asSystem(ctx)
	_, err := s.change(ctx, parentID, 0, usedFor{}, func(m *matter) (*plan, error) {
		waiting := false
		for _, c := range m.rec.Run.Children {
			if c.ID != in.Child || c.Dropped {
				continue
			}
			waiting = in.Action == flow.ChildOpened && c.Dossier == "" || in.Action == flow.ChildEnded && c.Ended.IsZero()
		}
		if !waiting {
			return nil, errNothing
		}
		run, effects, err := m.flow.Act(m.rec.Run, in, flow.Who{Side: flow.System}, m.facts(), m.moment(ctx, s))
		if err != nil {
			return nil, err
		}
		p := newPlan(m, identity.System)
		return p, p.carry(run, effects, act{action: in.Action, value: in.Value, data: Event{Child: childID}})
	})
	if errors.Is(err, errNothing) || errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// childEnded tells the parent of a dossier that it has ended, and how.
func (s *Service) childEnded(ctx context.Context, dossierID string) error {
	rec, err := whole(ctx, s.read, dossierID)
	if errs.Is(err, errs.NotFound) || err == nil && (rec.ParentID == "" || !rec.Ended()) {
		return nil
	}
	if err != nil {
		return err
	}
	parent, err := whole(ctx, s.read, rec.ParentID)
	if err != nil {
		return err
	}
	for _, c := range parent.Run.Children {
		if c.Dossier != dossierID {
			continue
		}
		value := "done"
		switch rec.Status {
		case StatusRefused, StatusStopped:
			value = "rejected"
		case StatusWithdrawn:
			value = "withdrawn"
		}
		return s.tellParent(ctx, parent.ID, flow.Input{Action: flow.ChildEnded, Child: c.ID, Dossier: dossierID, Value: value}, dossierID)
	}
	return nil
}

// calendarChanged is told by the journal that an agency's working days changed;
// the due times of open dossiers there are computed anew by a job.
func (s *Service) calendarChanged(ctx context.Context, tx *sqldb.Tx, e journal.Event) error {
	var d struct {
		Path string `json:"path"`
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return err
	}
	if d.Path == "" {
		d.Path = "/"
	}
	return s.Jobs.Enqueue(ctx, tx, jobDue, duePayload{Path: d.Path}, job.Key(d.Path))
}

type duePayload struct {
	Path string `json:"path"`
}

// recompute computes the due times of open dossiers at or below a path anew. A due
// time that changes is told in the journal with the calendar it comes from.
func (s *Service) recompute(ctx context.Context, path string) error {
	ctx = asSystem(ctx)
	lastDue, lastID := int64(-1), ""
	for {
		args := []any{lastDue, lastID}
		where := identity.Within(s.DB.Dialect(), "d.competent_path", []string{path}, &args)
		rows, err := s.read.Query(ctx, `SELECT `+headColumns+` FROM dossier_dossier d WHERE d.finished_at IS NULL AND d.due_at IS NOT NULL
			AND (d.due_at, d.id) > ($1, $2) AND `+where+` ORDER BY d.due_at, d.id LIMIT 200`, args...)
		list, err := heads(rows, err)
		if err != nil || len(list) == 0 {
			return err
		}
		last := list[len(list)-1]
		lastDue, lastID = sqldb.Millis(last.DueAt), last.ID
		for _, rec := range list {
			if err := s.recomputeOne(ctx, rec.ID); err != nil {
				return err
			}
		}
	}
}

func (s *Service) recomputeOne(ctx context.Context, dossierID string) error {
	_, err := s.change(ctx, dossierID, 0, usedFor{}, func(m *matter) (*plan, error) {
		due, _ := clock.Due(m.term(), m.entries, m.cal)
		if due.Equal(m.rec.DueAt) {
			return nil, errNothing
		}
		p := newPlan(m, identity.System)
		old := p.rec
		p.settle()
		p.due = true
		e := planned{typ: evDueRecomputed, at: m.now, data: Event{Calendar: m.cal.Version, Competent: m.rec.CompetentAgencyID}}
		p.differences(old, &e.data)
		p.events = append(p.events, e)
		return p, nil
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// agencyMoved rewrites the copies of an agency's path when it moves in the tree.
func (s *Service) agencyMoved(ctx context.Context, tx *sqldb.Tx, m org.Move) error {
	for _, column := range []string{"competent_path", "receiving_path"} {
		if _, err := tx.Exec(ctx, `UPDATE dossier_dossier SET `+column+` = $1 || substr(`+column+`, $2) WHERE `+column+` LIKE $3`,
			m.NewPath, len(m.OldPath)+1, m.OldPath+"%"); err != nil {
			return err
		}
	}
	return nil
}

// OnMove is to be registered with org.Service.OnMove.
func (s *Service) OnMove(ctx context.Context, tx *sqldb.Tx, m org.Move) error {
	return s.agencyMoved(ctx, tx, m)
}

// OpenAt counts the open dossiers of an agency, for those who want to close it.
func (s *Service) OpenAt(ctx context.Context, r sqldb.Reader, agencyID string) (n int64, err error) {
	err = r.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM dossier_task t WHERE t.agency_id = $1 AND t.closed_at IS NULL LIMIT 1000) x`, agencyID).Scan(&n)
	return n, err
}
