package dossier

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"motcua/internal/core/flow"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
)

// Track tells anybody who knows the number of a dossier where it stands: no name,
// no title, no reason. A number nobody has is NotFound, like one that is withheld.
func (s *Service) Track(ctx context.Context, number string) (PublicStatus, error) {
	rec, err := headBy(ctx, s.read, "number", strings.ToUpper(strings.Join(strings.Fields(number), "")))
	if err != nil {
		return PublicStatus{}, err
	}
	if rec.Confidentiality != Normal {
		return PublicStatus{}, errNotFound()
	}
	m := &matter{rec: rec, now: s.now()}
	if err := s.pinned(ctx, m, rec.VersionID, rec.CaseID); err != nil {
		return PublicStatus{}, err
	}
	holder, err := s.holder(ctx, rec)
	if err != nil {
		return PublicStatus{}, err
	}
	out := PublicStatus{
		Number: rec.Number, ProcedureCode: rec.ProcedureCode, ProcedureName: m.comp.Version.Def.Name.In(ctx), AgencyName: holder.Name, Status: rec.Status,
		StageName: m.flow.StageOf(rec.Step).Name.In(ctx), SubmittedAt: rec.SubmittedAt, ReceivedAt: rec.ReceivedAt, DueAt: rec.DueAt,
		FinishedAt: rec.FinishedAt, ReturnedAt: rec.ReturnedAt, Paused: rec.ClockState == ClockPaused,
		Late: rec.Late || rec.FinishedAt.IsZero() && rec.ClockState == ClockRunning && !rec.DueAt.IsZero() && m.now.After(rec.DueAt),
	}
	out.Stages = m.way(ctx)
	return out, nil
}

// holder is the agency at which the dossier stands: the receiving one while its
// step is there, else the competent one.
func (s *Service) holder(ctx context.Context, rec record) (org.Agency, error) {
	comp, err := s.Procedures.Compiled(ctx, rec.VersionID)
	if err != nil {
		return org.Agency{}, err
	}
	at := rec.CompetentAgencyID
	if f := comp.Flow(rec.CaseID); f != nil {
		if step, ok := f.Step(rec.Step); ok && step.At == "receiving" {
			at = rec.ReceivingAgencyID
		}
	}
	return s.Agencies.Agency(ctx, at)
}

// way marks the stages of the flow: passed, here, to come.
func (m *matter) way(ctx context.Context) []StageMark {
	here := m.flow.StageOf(m.rec.Step).ID
	var out []StageMark
	passed := true
	final := m.flow.Final(flow.Run{Step: m.rec.Step})
	for _, st := range m.flow.Stages() {
		mark := StageMark{Name: st.Name.In(ctx)}
		if st.ID == here && !final {
			mark.Here, passed = true, false
		} else {
			mark.Done = passed && (final && m.rec.Status == StatusReturned || !final)
		}
		out = append(out, mark)
	}
	return out
}

// ControlSheet is the data of form 06: every hand-over between people and agencies,
// with how each was kept to its time.
func (s *Service) ControlSheet(ctx context.Context, dossierID string) (ControlSheet, error) {
	rec, _, rel, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return ControlSheet{}, err
	}
	if rel != staffReads {
		return ControlSheet{}, errNotFound()
	}
	m := &matter{rec: rec, now: s.now()}
	if err := s.pinned(ctx, m, rec.VersionID, rec.CaseID); err != nil {
		return ControlSheet{}, err
	}
	tasks, err := tasksOf(ctx, s.read, rec.ID, false)
	if err != nil {
		return ControlSheet{}, err
	}
	var accounts, agencies []string
	for _, t := range tasks {
		accounts = append(accounts, t.AssigneeID, t.ClosedBy)
		agencies = append(agencies, t.AgencyID)
	}
	agencies = append(agencies, rec.CompetentAgencyID)
	accounts = slices.DeleteFunc(unique(accounts), func(a string) bool { return a == "" })
	names, err := s.namesOf(ctx, accounts)
	if err != nil {
		return ControlSheet{}, err
	}
	where, err := s.Agencies.AgenciesByID(ctx, unique(agencies)...)
	if err != nil {
		return ControlSheet{}, err
	}
	out := ControlSheet{Number: rec.Number, Procedure: m.comp.Version.Def.Name.VI, Agency: where[rec.CompetentAgencyID].Name}
	from := rec.Submitter.Name
	for _, t := range tasks {
		if t.For != "" {
			continue
		}
		h := HandOver{From: from, To: names[or(t.ClosedBy, t.AssigneeID)], Agency: where[t.AgencyID].Name, At: t.OpenedAt, DueAt: t.DueAt, ClosedAt: t.ClosedAt}
		if step, ok := m.flow.Step(t.Step); ok {
			h.Note = step.Name.VI
		}
		switch {
		case t.ClosedAt.IsZero():
		case t.DueAt.IsZero(), t.ClosedAt.Equal(t.DueAt):
			h.Result = "on_time"
		case t.ClosedAt.After(t.DueAt):
			h.Result = "late"
		default:
			h.Result = "early"
		}
		out.Rows = append(out.Rows, h)
		if h.To != "" {
			from = h.To
		}
	}
	return out, nil
}

// Timeline tells the story of a dossier in the reader's language, oldest first,
// with a last line about what comes next: for the owner and the submitter in plain
// sentences by agency, for staff with names and notes.
func (s *Service) Timeline(ctx context.Context, dossierID string) ([]Item, error) {
	rec, _, rel, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return nil, err
	}
	m := &matter{rec: rec, now: s.now()}
	if err := s.pinned(ctx, m, rec.VersionID, rec.CaseID); err != nil {
		return nil, err
	}
	events, err := s.Journal.Stream(ctx, s.read, stream(rec.ID), 0, 1000)
	if err != nil {
		return nil, err
	}
	notes, err := notesOf(ctx, s.read, rec.ID)
	if err != nil {
		return nil, err
	}
	t := teller{m: m, rel: rel, notes: notes}
	if err := t.look(ctx, s, events); err != nil {
		return nil, err
	}
	var out []Item
	for _, e := range events {
		var d Event
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return nil, err
		}
		if item, tell := t.tell(ctx, e, d); tell {
			out = append(out, item)
		}
	}
	if next, ok := t.next(ctx, s); ok {
		out = append(out, next)
	}
	return out, nil
}

// teller turns events into sentences.
type teller struct {
	m        *matter
	rel      relation
	notes    map[string]note
	names    map[string]string
	agencies map[string]org.Agency
}

// look reads the names that the sentences need, at once.
func (t *teller) look(ctx context.Context, s *Service, events []journal.Event) error {
	var accounts, agencies []string
	for _, e := range events {
		var d Event
		if json.Unmarshal(e.Data, &d) != nil {
			continue
		}
		for _, a := range append(d.Assigned, d.Opened...) {
			if a.Assignee != "" {
				accounts = append(accounts, a.Assignee)
			}
		}
		agencies = append(agencies, d.Agency, d.Competent, d.Receiving, d.FromCompetent, d.FromReceiving)
	}
	agencies = append(agencies, t.m.rec.CompetentAgencyID, t.m.rec.ReceivingAgencyID)
	agencies = slices.DeleteFunc(unique(agencies), func(a string) bool { return a == "" })
	var err error
	if t.agencies, err = s.Agencies.AgenciesByID(ctx, agencies...); err != nil {
		return err
	}
	if t.rel == staffReads {
		t.names, err = s.namesOf(ctx, unique(accounts))
	}
	return err
}

// staffOnly are events that tell the owner nothing.
var staffOnly = []string{evAssigned, evOpinionAsked, evOpinionGiven, evChildWanted, evChildOpened, evDueSoon, evSentBack, evMoved, evReminded}

// tones of the events that are not neutral.
var tones = map[string]string{
	evReceived: "success", evDone: "success", evReturned: "success", evSupplied: "success", evPaid: "success", evApproved: "success",
	evAsked: "warning", evPaymentAsked: "warning", evExtended: "warning", evOverdue: "warning", evExpired: "danger",
	evRefused: "danger", evSuspended: "danger", evRejected: "danger",
}

func (t *teller) tell(ctx context.Context, e journal.Event, d Event) (Item, bool) {
	typ := strings.TrimPrefix(e.Type, "dossier.")
	if t.rel == party && slices.Contains(staffOnly, typ) {
		return Item{}, false
	}
	key := "dossier.timeline." + typ
	if t.rel == party && (typ == evProposed || typ == evForwarded || typ == evApproved) {
		key = "dossier.timeline.moved-on" // who proposes to whom is the office's own matter
	}
	step := ""
	if info, ok := t.m.flow.Step(t.m.rec.Step); ok {
		step = info.Name.In(ctx)
	}
	if d.Step != nil {
		if info, ok := t.m.flow.Step(*d.Step); ok {
			step = info.Name.In(ctx)
		}
	}
	assignee := ""
	for _, a := range append(d.Assigned, d.Opened...) {
		if t.names[a.Assignee] != "" {
			assignee = t.names[a.Assignee]
		}
	}
	item := Item{At: e.At, Type: typ, Tone: or(tones[typ], "info")}
	kv := []any{"step", step, "assignee", assignee, "agency", t.agencyName(d), "round", d.Round, "stars", d.Stars, "due", ""}
	if d.Due != nil && *d.Due > 0 {
		kv[len(kv)-1] = i18n.DateTime(ctx, msTime(*d.Due))
	}
	if typ == evAsked && d.Round > 1 {
		key += "-again"
	}
	if typ == evReceived && (d.Due == nil || *d.Due == 0) {
		key += "-no-due"
	}
	if typ == evAssigned && assignee == "" {
		key += "-free"
	}
	if typ == evHandedOver && d.FromCompetent == "" && d.FromReceiving == "" {
		return Item{}, false // only a colleague's office has another name
	}
	if typ == evDueRecomputed && (d.Due == nil || *d.Due == 0) {
		return Item{}, false
	}
	if typ == evHandedOver {
		kv = append(kv, t.handover(d)...)
		if d.FromCompetent == "" {
			key += "-counter"
		}
	}
	item.Title = i18n.T(ctx, key, kv...)
	item.Text = t.words(d)
	item.Who = t.who(ctx, e, d)
	for _, doc := range d.Documents {
		item.DocumentID = doc.ID
	}
	return item, true
}

// handover names the two agencies and the decree. Where only the counter changed, it
// is the counter's names.
func (t *teller) handover(d Event) []any {
	from, to := t.agencies[d.FromCompetent], t.agencies[d.Competent]
	if d.FromCompetent == "" {
		from, to = t.agencies[d.FromReceiving], t.agencies[d.Receiving]
	}
	return []any{"from", from.Name, "to", to.Name, "decree", d.Basis}
}

// words are the reason, and for staff the note.
func (t *teller) words(d Event) string {
	var parts []string
	if n, ok := t.notes[d.Note]; ok {
		parts = append(parts, n.Text)
	}
	if n, ok := t.notes[d.Inner]; ok && t.rel == staffReads {
		parts = append(parts, n.Text)
	}
	return strings.Join(parts, "\n")
}

func (t *teller) agencyName(d Event) string {
	if a, ok := t.agencies[d.Agency]; ok {
		return a.Name
	}
	return t.agencies[t.m.rec.CompetentAgencyID].Name
}

// who is the person and post for staff, the agency or oneself for the parties.
func (t *teller) who(ctx context.Context, e journal.Event, d Event) string {
	switch {
	case e.Actor == "":
		return i18n.T(ctx, "dossier.who.system")
	case e.ActorName == "" && (e.Actor == t.m.rec.Owner.AccountID || e.Actor == t.m.rec.Submitter.AccountID):
		if t.rel == party {
			if e.Actor == identity.From(ctx).AccountID {
				return i18n.T(ctx, "dossier.who.you")
			}
			return i18n.T(ctx, "dossier.who.other-party")
		}
		return i18n.T(ctx, "dossier.who.citizen")
	case t.rel == party:
		return t.agencyName(d)
	case d.Post != "":
		return e.ActorName + ", " + d.Post
	}
	return e.ActorName
}

// next says who holds the dossier now and until when.
func (t *teller) next(ctx context.Context, s *Service) (Item, bool) {
	rec := t.m.rec
	if t.m.flow.Final(rec.Run) {
		return Item{}, false
	}
	holder, err := s.holder(ctx, rec)
	if err != nil {
		return Item{}, false
	}
	key := "dossier.next.work"
	switch {
	case rec.Status == StatusNew:
		key = "dossier.next.new"
	case rec.Status == StatusSupplement:
		key = "dossier.next.supplement"
	case rec.Status == StatusPayment:
		key = "dossier.next.payment"
	case rec.Status == StatusStopped:
		key = "dossier.next.stopped"
	case rec.Status == StatusDone:
		key = "dossier.next.done"
	case rec.DueAt.IsZero():
		key = "dossier.next.work-no-due"
	case t.m.now.After(rec.DueAt):
		key = "dossier.next.late"
	}
	step := ""
	if info, ok := t.m.flow.Step(rec.Step); ok {
		step = info.Name.In(ctx)
	}
	item := Item{At: rec.DueAt, Type: "next", Tone: "info", Next: true, Who: holder.Name}
	item.Title = i18n.T(ctx, key, "agency", holder.Name, "step", step, "due", i18n.DateTime(ctx, rec.DueAt))
	if key == "dossier.next.late" {
		item.Tone = "warning"
	}
	return item, true
}
