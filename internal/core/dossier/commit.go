package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"motcua/internal/core/document"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// errStale says that the dossier was changed since it was read.
var errStale = errors.New("dossier: changed since it was read")

// errReplay says that the idempotency key was used before: once answers with what
// it was used for.
var errReplay = errors.New("dossier: the key was used before")

// ready is a plan with everything prepared that must not be done inside a
// transaction: encoded bodies, filled papers, the result.
type ready struct {
	*plan
	heads  letterheads
	wish   *resultWish
	key    usedFor
	filing *filing // of a new dossier
}

// usedFor is the idempotency key of a mutation; the zero value is none.
type usedFor struct{ account, key, operation string }

// filing is what only a new dossier writes.
type filing struct {
	agencyCode string
	answers    string
	papers     []Paper
	files      []string
	release    string // draft stream whose claims end
}

// prepare does all that needs no transaction.
func (s *Service) prepare(ctx context.Context, p *plan, key usedFor) (*ready, error) {
	r := &ready{plan: p, key: key}
	if len(p.papers) == 0 && !p.result {
		return r, nil
	}
	var err error
	if r.heads, err = s.letterheads(ctx, p.m); err != nil {
		return nil, err
	}
	if p.result && p.rec.ResultID == "" && p.rec.EntryID == "" {
		if r.wish, err = s.resultOf(ctx, p, r.heads); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// write carries a ready plan out in one transaction and returns the dossier as it
// stands then. It changes nothing of the plan, so that it may run again.
func (s *Service) write(ctx context.Context, r *ready) (Dossier, error) {
	var out record
	// The numbers that it takes are counted by these agencies.
	err := s.DB.TxInTurn(ctx, []string{r.rec.CompetentAgencyID, r.rec.ReceivingAgencyID}, func(tx *sqldb.Tx) error {
		var err error
		out, err = s.writeIn(ctx, tx, r)
		return err
	})
	return out.Dossier, err
}

func (s *Service) writeIn(ctx context.Context, tx *sqldb.Tx, r *ready) (record, error) {
	rec := r.rec
	rec.Version = r.before + 1
	rec.UpdatedAt = r.m.now
	if r.key.key != "" {
		first, err := insertKey(ctx, tx, r.key.account, r.key.key, r.key.operation, rec.ID, r.m.now)
		if err != nil {
			return rec, err
		}
		if !first {
			return rec, errReplay
		}
	}
	if r.filing != nil {
		seq, err := nextNumber(ctx, tx, r.filing.agencyCode, today(r.m.now).YYMMDD())
		if err != nil {
			return rec, err
		}
		rec.Number = fmt.Sprintf("%s-%s-%04d", r.filing.agencyCode, today(r.m.now).YYMMDD(), seq)
	}
	events, err := s.writePapers(ctx, tx, r, &rec)
	if err != nil {
		return rec, err
	}
	body, err := encodeBody(&rec)
	if err != nil {
		return rec, err
	}
	if r.filing != nil {
		err = s.writeNew(ctx, tx, r, &rec, body)
	} else {
		var ok bool
		if ok, err = updateRecord(ctx, tx, &rec, body, r.before); err == nil && !ok {
			err = errStale
		}
	}
	if err != nil {
		return rec, err
	}
	if err := s.writeParts(ctx, tx, r, &rec); err != nil {
		return rec, err
	}
	if r.more != nil {
		if err := r.more(ctx, tx, &rec); err != nil {
			return rec, err
		}
	}
	return rec, s.writeEvents(ctx, tx, r, &rec, events)
}

// writeNew writes the rows of a dossier that was not there before.
func (s *Service) writeNew(ctx context.Context, tx *sqldb.Tx, r *ready, rec *record, body bodyJSON) error {
	f := r.filing
	if err := insertRecord(ctx, tx, rec, body); err != nil {
		return err
	}
	if err := insertAnswers(ctx, tx, rec.ID, 0, r.m.now, r.actor.AccountID, f.answers); err != nil {
		return err
	}
	if err := insertPapers(ctx, tx, rec.ID, 1, f.papers); err != nil {
		return err
	}
	if err := insertFees(ctx, tx, rec.ID, r.fees); err != nil {
		return err
	}
	if err := insertReach(ctx, tx, rec); err != nil {
		return err
	}
	if err := insertSearch(ctx, tx, rec); err != nil {
		return err
	}
	if len(f.files) > 0 {
		if err := s.Files.Claim(ctx, tx, stream(rec.ID), f.files...); err != nil {
			return err
		}
	}
	if f.release != "" {
		return s.Files.Release(ctx, tx, f.release)
	}
	return nil
}

// writeParts writes what the act changed around the head.
func (s *Service) writeParts(ctx context.Context, tx *sqldb.Tx, r *ready, rec *record) error {
	late := rec.lateAt()
	opened := make([]taskRow, len(r.opened))
	for i, t := range r.opened {
		t.DossierID, t.LateAt = rec.ID, late
		opened[i] = t
	}
	if err := insertTasks(ctx, tx, rec.ID, rec.ProcedureCode, opened); err != nil {
		return err
	}
	for _, c := range r.closed {
		if err := closeTask(ctx, tx, rec.ID, c.id, c.by, r.m.now); err != nil {
			return err
		}
	}
	for _, t := range r.assigned {
		if err := assignTask(ctx, tx, rec.ID, t.ID, t.AssigneeID, t.DelegatedFrom); err != nil {
			return err
		}
	}
	if err := insertClock(ctx, tx, rec.ID, r.ticks); err != nil {
		return err
	}
	if r.due && r.filing == nil {
		if err := moveDue(ctx, tx, rec.ID, late); err != nil {
			return err
		}
	}
	for _, n := range r.notes {
		if err := insertNote(ctx, tx, rec.ID, n); err != nil {
			return err
		}
	}
	if r.ended != "" {
		if err := endSupplement(ctx, tx, rec.ID, r.ended == "answered", r.m.now); err != nil {
			return err
		}
	}
	if r.asked != nil {
		if err := insertSupplement(ctx, tx, rec.ID, *r.asked, r.actor.AccountID); err != nil {
			return err
		}
	}
	if r.paid != nil && r.filing == nil {
		if err := payFees(ctx, tx, rec.ID, r.paid.receiptNo, r.paid.method, r.m.now); err != nil {
			return err
		}
	}
	return s.writeJobs(ctx, tx, r, rec)
}

// writePapers issues the papers and the result, and puts their ids where they
// belong. The events come back with the ids in them.
func (s *Service) writePapers(ctx context.Context, tx *sqldb.Tx, r *ready, rec *record) ([]planned, error) {
	events := append([]planned(nil), r.events...)
	for i := range events {
		events[i].data.Documents = append([]PaperRef(nil), events[i].data.Documents...)
	}
	for _, w := range r.papers {
		data := w.data
		data.Agency = r.heads.competent
		if w.kind == document.Receipt || w.kind == document.Refusal {
			data.Agency = r.heads.receiving
		}
		agencyID := rec.CompetentAgencyID
		if w.kind == document.Receipt || w.kind == document.Refusal {
			agencyID = rec.ReceivingAgencyID
		}
		p := *r.plan
		p.rec = *rec
		data.Dossier = p.about()
		if w.kind == document.Extension {
			data.NewDue = rec.DueAt // the end of the working day the officer named
		}
		issued, err := s.Documents.Issue(ctx, tx, document.Paper{
			Kind: w.kind, AgencyID: agencyID, DossierID: rec.ID, DossierNumber: rec.Number, At: r.m.now, Data: data,
		})
		if err != nil {
			return nil, err
		}
		if w.kind == document.Receipt {
			rec.ReceiptID = issued.ID
		}
		if w.kind == document.Supplement && r.asked != nil {
			asked := *r.asked
			asked.DocumentID = issued.ID
			r.asked = &asked
		}
		events[w.event].data.Documents = append(events[w.event].data.Documents, PaperRef{ID: issued.ID, Kind: string(w.kind)})
	}
	if r.wish == nil {
		return events, nil
	}
	last := len(events) - 1
	data := r.wish.data
	data.Dossier.Number = rec.Number
	number := ""
	if r.wish.entry != nil {
		ask := *r.wish.entry
		ask.DossierNumber = rec.Number
		entry, err := s.Registers.Issue(ctx, tx, ask)
		if err != nil {
			return nil, err
		}
		rec.EntryID, number = entry.ID, entry.Number
		data.Entry = entryValues(entry)
		events[last].data.Entry = entry.ID
	}
	if r.wish.filled != nil {
		issued, err := s.Documents.Issue(ctx, tx, document.Paper{
			Kind: document.Result, AgencyID: rec.CompetentAgencyID, DossierID: rec.ID, DossierNumber: rec.Number, EntryID: rec.EntryID,
			At: r.m.now, Data: data, Filled: r.wish.filled, Number: number,
		})
		if err != nil {
			return nil, err
		}
		rec.ResultID = issued.ID
		events[last].data.Documents = append(events[last].data.Documents, PaperRef{ID: issued.ID, Kind: string(document.Result)})
		if rec.EntryID != "" {
			if err := s.Registers.AttachDocument(ctx, tx, rec.EntryID, issued.ID); err != nil {
				return nil, err
			}
		}
	}
	return events, nil
}

// note appends one event that changes no state of a dossier.
func (s *Service) note(ctx context.Context, tx *sqldb.Tx, in, typ, actor, purpose string, data Event) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(ctx, tx, journal.Event{Stream: in, Type: "dossier." + typ, At: s.now(), Actor: systemless(actor), Purpose: purpose, Data: raw})
	return err
}

// writeEvents appends the events of the plan.
func (s *Service) writeEvents(ctx context.Context, tx *sqldb.Tx, r *ready, rec *record, events []planned) error {
	for _, e := range events {
		data := e.data
		data.Version = rec.Version
		if e.typ == evSubmitted {
			data.Number = rec.Number
		}
		raw, err := json.Marshal(data)
		if err != nil {
			return err
		}
		if _, err := s.Journal.Append(ctx, tx, journal.Event{
			Stream: stream(rec.ID), Type: "dossier." + e.typ, At: e.at, Actor: systemless(r.actor.AccountID), ActorName: r.actorName(),
			OnBehalf: e.onBehalf, Purpose: e.purpose, Data: raw,
		}); err != nil {
			return err
		}
	}
	return nil
}

// systemless leaves the actor empty when the program itself acted, as the journal has it.
func systemless(accountID string) string {
	if accountID == "system" {
		return ""
	}
	return accountID
}

// stream names a dossier in the journal and in the claims of its files.
func stream(dossierID string) string { return "dossier:" + dossierID }

// Kinds of job.
const (
	jobTimer  = "dossier.timer"  // a timer of the flow has run out
	jobRemind = "dossier.remind" // the due time is near, or past
	jobChild  = "dossier.child"  // open a dossier at another agency
	jobParent = "dossier.parent" // tell the parent that its child has ended
	jobDue    = "dossier.due"    // compute due times anew after a change of calendar
	jobNudge  = "dossier.nudge"  // tell the citizen that the time to answer runs out
)

type timerPayload struct {
	Dossier string `json:"dossier"`
	Timer   string `json:"timer"`
}

type childPayload struct {
	Parent    string `json:"parent"`
	Child     string `json:"child"` // id in the parent's run
	Procedure string `json:"procedure"`
	Case      string `json:"case"`
	Agency    string `json:"agency"`
}

type nudgePayload struct {
	Dossier string `json:"dossier"`
	Request string `json:"request"`
}

type dossierPayload struct {
	Dossier string `json:"dossier"`
}

// writeJobs enqueues what must happen later.
func (s *Service) writeJobs(ctx context.Context, tx *sqldb.Tx, r *ready, rec *record) error {
	for _, t := range r.cancelled {
		if _, err := s.Jobs.Cancel(ctx, tx, jobTimer, rec.ID+"/"+t.ID); err != nil {
			return err
		}
	}
	for _, t := range r.timers {
		at := t.DueAt
		if at.IsZero() {
			at = spanEnd(r.m.cal, t.SetAt, t.After)
		}
		if err := s.Jobs.Enqueue(ctx, tx, jobTimer, timerPayload{Dossier: rec.ID, Timer: t.ID}, job.Key(rec.ID+"/"+t.ID), job.At(at)); err != nil {
			return err
		}
	}
	if r.asked != nil && !r.asked.DueAt.IsZero() {
		// Three days before the end, or after two thirds of a shorter time.
		at := r.asked.DueAt.AddDate(0, 0, -3)
		if third := r.m.now.Add(r.asked.DueAt.Sub(r.m.now) * 2 / 3); at.Before(third) {
			at = third
		}
		if err := s.Jobs.Enqueue(ctx, tx, jobNudge, nudgePayload{Dossier: rec.ID, Request: r.asked.ID}, job.Key(r.asked.ID), job.At(at)); err != nil {
			return err
		}
	}
	for _, c := range r.children {
		if err := s.Jobs.Enqueue(ctx, tx, jobChild, childPayload{Parent: rec.ID, Child: c.Child.ID, Procedure: c.Procedure, Case: c.Case, Agency: c.Agency},
			job.Key(rec.ID+"/"+c.Child.ID)); err != nil {
			return err
		}
	}
	if rec.ParentID != "" && r.before > 0 && rec.Ended() {
		if err := s.Jobs.Enqueue(ctx, tx, jobParent, dossierPayload{Dossier: rec.ID}, job.Key(rec.ID)); err != nil {
			return err
		}
	}
	if r.due && rec.ClockState == ClockRunning && !rec.DueAt.IsZero() {
		return s.Jobs.Enqueue(ctx, tx, jobRemind, dossierPayload{Dossier: rec.ID}, job.Key(rec.ID), job.At(remindAt(r.m, rec.DueAt)))
	}
	return nil
}

// remindAt is when the holder of a dossier is reminded: one working day before it
// is due, or half the time when there is less.
func remindAt(m *matter, due time.Time) time.Time {
	at := m.cal.Add(due, -8*time.Hour)
	if at.IsZero() || at.Before(m.now) {
		at = m.now.Add(due.Sub(m.now) / 2)
	}
	return at
}
