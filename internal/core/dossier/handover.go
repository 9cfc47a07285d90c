package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// When a decree (nghị quyết, quyết định sắp xếp) ends an agency, its open dossiers go
// to the successors: the same dossier under the same number with the same due time,
// at another agency. What has ended stays where it was. See docs/reform.md.

// Held is an open dossier at an agency that a decree ends, with what decides to
// whom it goes. Answers and addresses are only read when they are asked for.
type Held struct {
	ID, Number, ProcedureCode, VersionID string
	ReceivingID, CompetentID             string
	Addresses                            []Address // of the matter first, then of the owner
	rec                                  record
}

// OpenTasks are the open tasks of the dossier, with the agency and the role of each.
func (h Held) OpenTasks() []Task {
	out := make([]Task, len(h.rec.Run.Tasks))
	for i, t := range h.rec.Run.Tasks {
		out[i] = Task{ID: t.ID, Step: t.Step, Role: t.Role, AgencyID: t.Agency, AssigneeID: t.Assignee.ID, For: t.For}
	}
	return out
}

// Address is an address as it was filed: codes of units where the form asks for
// them, and the text.
type Address struct{ Province, Commune, Text string }

// HeldPage is one page of [Service.HeldBy].
type HeldPage struct {
	Items []Held
	Next  string // "" on the last page
}

// HeldBy pages through the open dossiers of an agency: those it is competent for,
// those its counter received, and, on the last pages, those that only have an open
// task there. with reads what a rule about places needs.
//
// Inside a transaction that hands over page by page, what was handed over does not
// come again.
func (s *Service) HeldBy(ctx context.Context, r sqldb.Reader, agency org.Agency, places bool, after string, limit int) (HeldPage, error) {
	if !identity.From(ctx).MayAt(identity.AdminOrg, agency.Path) {
		return HeldPage{}, errs.NewNotFound("org.agency-not-found")
	}
	const open = `d.status NOT IN (3, 7, 10) AND (d.status <> 8 OR d.clock = 'paused')`
	var rows *sqldb.Rows
	var err error
	columns := headColumns + `, b.owner, b.submitter, b.delivery, b.run, b.outcome`
	task, tasks := strings.CutPrefix(after, "t")
	if !tasks {
		from, perr := readCursor(after)
		if perr != nil {
			return HeldPage{}, perr
		}
		if !from.ok {
			from.at = -1
		}
		rows, err = r.Query(ctx, `SELECT `+columns+` FROM dossier_reach x JOIN dossier_dossier d ON d.id = x.dossier_id JOIN dossier_body b ON b.dossier_id = d.id
			WHERE x.key = $1 AND (x.submitted_at, x.dossier_id) > ($2, $3) AND (d.competent_id = $4 OR d.receiving_id = $4) AND `+open+`
			ORDER BY x.submitted_at, x.dossier_id LIMIT $5`, agencyKey(agency.ID, ""), from.at, from.id, agency.ID, limit)
	} else {
		rows, err = r.Query(ctx, `SELECT `+columns+` FROM dossier_dossier d JOIN dossier_body b ON b.dossier_id = d.id
			WHERE d.id IN (SELECT t.dossier_id FROM dossier_task t WHERE t.agency_id = $1 AND t.closed_at IS NULL AND t.dossier_id > $2)
			AND d.competent_id <> $1 AND d.receiving_id <> $1 AND `+open+` ORDER BY d.id LIMIT $3`, agency.ID, task, limit)
	}
	list, err := sqldb.Collect[record](rows, err)(scanWhole)
	if err != nil {
		return HeldPage{}, fmt.Errorf("open dossiers of %s: %w", agency.Code, err)
	}
	var answers map[string]string
	if places {
		if answers, err = answersOf(ctx, r, list); err != nil {
			return HeldPage{}, fmt.Errorf("addresses of the dossiers of %s: %w", agency.Code, err)
		}
	}
	page := HeldPage{Items: make([]Held, 0, len(list))}
	for _, rec := range list {
		h := Held{ID: rec.ID, Number: rec.Number, ProcedureCode: rec.ProcedureCode, VersionID: rec.VersionID, ReceivingID: rec.ReceivingAgencyID, CompetentID: rec.CompetentAgencyID, rec: rec}
		if places {
			if h.Addresses, err = s.addressesOf(ctx, &rec, answers[rec.ID]); err != nil {
				return HeldPage{}, err
			}
		}
		page.Items = append(page.Items, h)
	}
	switch last := len(list) - 1; {
	case len(list) < limit && !tasks:
		page.Next = "t"
	case len(list) < limit:
	case tasks:
		page.Next = "t" + list[last].ID
	default:
		page.Next = cursor{at: sqldb.Millis(list[last].SubmittedAt), id: list[last].ID}.String()
	}
	return page, nil
}

func scanWhole(r *sqldb.Rows) (rec record, err error) {
	var h headScan
	var owner, submitter, delivery, run, made string
	if err := r.Scan(append(h.dest(&rec), &owner, &submitter, &delivery, &run, &made)...); err != nil {
		return rec, err
	}
	h.finish(&rec)
	return rec, errors.Join(fromJSON(owner, &rec.Owner), fromJSON(submitter, &rec.Submitter), fromJSON(delivery, &rec.Delivery),
		fromJSON(run, &rec.Run), fromJSON(made, &rec.Outcome))
}

// answersOf reads the newest answers of many dossiers at once.
func answersOf(ctx context.Context, r sqldb.Reader, list []record) (map[string]string, error) {
	out := make(map[string]string, len(list))
	for part := range slices.Chunk(list, sqldb.AtOnce(1)) {
		var p args
		marks := make([]string, len(part))
		for i := range part {
			marks[i] = p.add(part[i].ID)
		}
		rows, err := r.Query(ctx, `SELECT a.dossier_id, a.answers FROM dossier_answers a WHERE a.dossier_id IN (`+strings.Join(marks, ", ")+`)
			AND a.revision = (SELECT MAX(n.revision) FROM dossier_answers n WHERE n.dossier_id = a.dossier_id)`, p.list...)
		found, err := sqldb.Collect[[2]string](rows, err)(func(r *sqldb.Rows) (x [2]string, err error) { return x, r.Scan(&x[0], &x[1]) })
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			out[x[0]] = x[1]
		}
	}
	return out, nil
}

// addressesOf gathers the addresses of a dossier: those its form asks for, in the
// order of the form, then that of the owner. raw are its newest answers.
func (s *Service) addressesOf(ctx context.Context, rec *record, raw string) ([]Address, error) {
	comp, err := s.Procedures.Compiled(ctx, rec.VersionID)
	if err != nil {
		return nil, err
	}
	var out []Address
	if f := comp.Form(rec.CaseID); f != nil {
		answers := map[string]json.RawMessage{}
		if err := fromJSON(raw, &answers); err != nil {
			return nil, err
		}
		for _, step := range f.Definition().Steps {
			for _, field := range step.Fields {
				if field.Kind != form.AddressKind {
					continue
				}
				var parts map[string]string
				if json.Unmarshal(answers[field.ID], &parts) == nil && len(parts) > 0 {
					out = append(out, Address{Province: parts["province"], Commune: parts["commune"], Text: parts["text"] + " " + parts["line"]})
				}
			}
		}
	}
	if rec.Owner.Address != "" {
		out = append(out, Address{Text: rec.Owner.Address})
	}
	return out, nil
}

// Handover says to whom one dossier goes.
type Handover struct {
	Held
	Receiving, Competent org.Agency // the same as before where nothing changes
}

// HandoverTerms are what all dossiers of one decree share.
type HandoverTerms struct {
	Decree      string                            // id
	Basis       string                            // its words, for the citizen: "Nghị quyết số 1685/NQ-UBTVQH15"
	Agencies    map[string]string                 // further ended agencies → heirs, for tasks at neither of the two
	Departments map[string]string                 // "<old department>|<agency>" → department there
	Holds       func(account, agency string) bool // whether somebody has a post there from that day
}

// HandOver carries dossiers to other agencies in the transaction of a decree.
//
// Number, procedure version, papers and due time stay; tasks go to the agency that
// stands where the old one stood and keep their holder when that person has a post
// there, else they wait there for anybody with the role. A clock that has been
// started gets an entry that keeps the promised due time. One event a dossier tells
// the citizen which agency has it now, and by which decree.
func (s *Service) HandOver(ctx context.Context, tx *sqldb.Tx, terms HandoverTerms, list []Handover) error {
	if len(list) == 0 {
		return nil
	}
	actor := identity.From(ctx)
	now := s.now()
	w := handing{s: s, terms: terms, now: now}
	for i := range list {
		h := &list[i]
		if !actor.MayAt(identity.AdminOrg, h.rec.CompetentPath) && !actor.MayAt(identity.AdminOrg, h.rec.ReceivingPath) {
			return errNotFound()
		}
		if err := w.one(ctx, h); err != nil {
			return fmt.Errorf("dossier %s: %w", h.Number, err)
		}
	}
	return w.write(ctx, tx, actor)
}

// HoldStill keeps everybody else from writing dossiers until the transaction ends.
// On SQLite one writer at a time is the rule anyway.
func (s *Service) HoldStill(ctx context.Context, tx *sqldb.Tx) error {
	if tx.Dialect() != sqldb.Postgres {
		return nil
	}
	_, err := tx.Exec(ctx, `LOCK TABLE dossier_dossier, dossier_body, dossier_task, dossier_clock, dossier_reach, dossier_search IN SHARE ROW EXCLUSIVE MODE`)
	return err
}

// handing gathers the rows of many hand-overs, to be written with few statements.
type handing struct {
	s     *Service
	terms HandoverTerms
	now   time.Time

	heads, bodies, tasks, ticks [][]any
	gone, come, words, trail    [][]any
	events                      []journal.Event
}

func (w *handing) one(ctx context.Context, h *Handover) error {
	rec := h.rec // what was read; rec becomes what is written
	old := rec
	rec.ReceivingAgencyID, rec.ReceivingPath = h.Receiving.ID, h.Receiving.Path
	rec.CompetentAgencyID, rec.CompetentPath = h.Competent.ID, h.Competent.Path
	rec.Version, rec.UpdatedAt = old.Version+1, w.now
	comp, err := w.s.Procedures.Compiled(ctx, rec.VersionID)
	if err != nil {
		return err
	}
	f := comp.Flow(rec.CaseID)
	if f == nil {
		return errs.NewInvalid(errs.Bad("case", "dossier.no-such-case"))
	}
	rec.Run = w.moveRun(f, old, rec)
	body, err := encodeBody(&rec)
	if err != nil {
		return err
	}
	e := Event{
		Version: rec.Version, Owner: rec.Owner.AccountID, Submitter: rec.Submitter.AccountID, Receiving: rec.ReceivingAgencyID, Competent: rec.CompetentAgencyID,
		Agency: rec.CompetentAgencyID, Procedure: rec.ProcedureCode, Decree: w.terms.Decree, Basis: w.terms.Basis, Open: !rec.ReceivedAt.IsZero() && rec.FinishedAt.IsZero(),
	}
	if old.CompetentAgencyID != rec.CompetentAgencyID {
		e.FromCompetent = old.CompetentAgencyID
		w.trail = append(w.trail, []any{rec.ID, sqldb.Millis(w.now), old.CompetentAgencyID, old.CompetentPath, rec.CompetentAgencyID, w.terms.Decree})
	}
	if old.ReceivingAgencyID != rec.ReceivingAgencyID {
		e.FromReceiving = old.ReceivingAgencyID
	}
	if e.FromCompetent != "" && (rec.ClockState == ClockRunning || rec.ClockState == ClockPaused) {
		tick := Tick{Kind: string(clock.Move), At: sqldb.Millis(w.now), Promised: orNever(rec.DueAt, 0)}
		e.Clock = append(e.Clock, tick)
		w.ticks = append(w.ticks, []any{rec.ID, tick.At, sqldb.NullMillis(rec.DueAt), w.terms.Basis})
	}
	for i, t := range rec.Run.Tasks {
		before := old.Run.Tasks[i]
		if t.Agency == before.Agency && t.Department == before.Department && t.Assignee == before.Assignee {
			continue
		}
		w.tasks = append(w.tasks, []any{rec.ID, t.ID, t.Agency, t.Department, t.Assignee.ID, t.DelegatedFrom.ID})
		e.Assigned = append(e.Assigned, taskRef(t))
	}
	w.heads = append(w.heads, []any{rec.ID, rec.CompetentAgencyID, rec.CompetentPath, rec.ReceivingAgencyID, rec.ReceivingPath, rec.Version, old.Version, sqldb.Millis(w.now)})
	w.bodies = append(w.bodies, []any{rec.ID, body.run})
	w.lists(&old, &rec)
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w.events = append(w.events, journal.Event{Stream: stream(rec.ID), Type: "dossier." + evHandedOver, At: w.now, Data: raw})
	return nil
}

// moveRun writes the run of a dossier over to its new agencies.
func (w *handing) moveRun(f *flow.Flow, old, rec record) flow.Run {
	run := rec.Run
	at := make(map[string]string, len(run.Agencies))
	for ref, agency := range run.Agencies {
		switch {
		case ref == "receiving":
			agency = rec.ReceivingAgencyID
		case ref == "competent":
			agency = rec.CompetentAgencyID
		case w.terms.Agencies[agency] != "":
			agency = w.terms.Agencies[agency]
		}
		at[ref] = agency
	}
	run.Agencies = at
	run.Tasks = slices.Clone(run.Tasks)
	for i := range run.Tasks {
		t := &run.Tasks[i]
		was := t.Agency
		step, _ := f.Step(t.Step)
		switch {
		case t.Agency == old.ReceivingAgencyID && (old.ReceivingAgencyID != old.CompetentAgencyID || step.At == "receiving"):
			t.Agency = rec.ReceivingAgencyID
		case t.Agency == old.CompetentAgencyID:
			t.Agency = rec.CompetentAgencyID
		case w.terms.Agencies[t.Agency] != "":
			t.Agency = w.terms.Agencies[t.Agency]
		}
		if t.Agency == was {
			continue
		}
		t.Department = w.terms.Departments[t.Department+"|"+t.Agency]
		if t.Assignee.ID != "" && !w.terms.Holds(t.Assignee.ID, t.Agency) {
			t.Assignee, t.DelegatedFrom = flow.Person{}, flow.Person{}
		}
	}
	return run
}

// lists moves the dossier in the lists of agencies, and makes it found at the new ones.
func (w *handing) lists(old, rec *record) {
	at := sqldb.Millis(rec.SubmittedAt)
	before, after := reachKeys(old), reachKeys(rec)
	for _, k := range before {
		if !slices.Contains(after, k) {
			w.gone = append(w.gone, []any{k, at, rec.ID})
		}
	}
	for _, k := range after {
		if !slices.Contains(before, k) {
			w.come = append(w.come, []any{k, at, rec.ID})
		}
	}
	fresh := unique([]string{rec.CompetentAgencyID, rec.ReceivingAgencyID})
	for _, k := range searchKeys(rec.Number, rec.Owner, rec.Submitter) {
		for _, agency := range fresh {
			if agency != old.CompetentAgencyID && agency != old.ReceivingAgencyID {
				w.words = append(w.words, []any{agency, k, rec.ID, at})
			}
		}
	}
}

// write carries everything gathered out. Found words stay under the former agency
// too: whoever keeps its archive finds the dossier there, and the dossier itself
// decides who sees it.
func (w *handing) write(ctx context.Context, tx *sqldb.Tx, actor identity.Actor) error {
	changed, err := changeMany(ctx, tx, `v(id, competent, competent_path, receiving, receiving_path, version, was, at)`,
		[]string{"", "", "", "", "", "BIGINT", "BIGINT", "BIGINT"}, w.heads, `UPDATE dossier_dossier SET competent_id = v.competent, competent_path = v.competent_path,
		receiving_id = v.receiving, receiving_path = v.receiving_path, version = v.version, updated_at = v.at
		FROM v WHERE dossier_dossier.id = v.id AND dossier_dossier.version = v.was`)
	if err != nil {
		return err
	}
	if changed != int64(len(w.heads)) {
		return errStale
	}
	if _, err := changeMany(ctx, tx, `v(id, run)`, []string{"", ""}, w.bodies, `UPDATE dossier_body SET run = v.run FROM v WHERE dossier_body.dossier_id = v.id`); err != nil {
		return err
	}
	if _, err := changeMany(ctx, tx, `v(id, task, agency, department, assignee, delegated)`, []string{"", "", "", "", "", ""}, w.tasks,
		`UPDATE dossier_task SET agency_id = v.agency, department_id = v.department, assignee_id = v.assignee, delegated_from = v.delegated
		FROM v WHERE dossier_task.dossier_id = v.id AND dossier_task.task = v.task AND dossier_task.closed_at IS NULL`); err != nil {
		return err
	}
	if _, err := changeMany(ctx, tx, `v(id, at, promised, basis)`, []string{"", "BIGINT", "BIGINT", ""}, w.ticks,
		`INSERT INTO dossier_clock (dossier_id, seq, kind, at, reason, basis, paper, hours, days, promised)
		SELECT v.id, (SELECT COALESCE(MAX(c.seq), 0) + 1 FROM dossier_clock c WHERE c.dossier_id = v.id), 'move', v.at, '', v.basis, '', 0, 0, v.promised FROM v`); err != nil {
		return err
	}
	for part := range slices.Chunk(w.trail, sqldb.AtOnce(6)) {
		if err := insertMany(ctx, tx, "dossier_handover (dossier_id, at, from_id, from_path, to_id, decree)", part); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(w.gone, sqldb.AtOnce(3)) {
		var p args
		if _, err := tx.Exec(ctx, `DELETE FROM dossier_reach WHERE (key, submitted_at, dossier_id) IN (`+values(&p, []string{"", "BIGINT", ""}, part)+`)`, p.list...); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(w.come, sqldb.AtOnce(3)) {
		if err := insertMany(ctx, tx, "dossier_reach (key, submitted_at, dossier_id)", part); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(w.words, sqldb.AtOnce(4)) {
		var p args
		if _, err := tx.Exec(ctx, `INSERT INTO dossier_search (agency_id, key, dossier_id, submitted_at) `+values(&p, []string{"", "", "", "BIGINT"}, part)+
			` ON CONFLICT (agency_id, key, dossier_id) DO NOTHING`, p.list...); err != nil {
			return err
		}
	}
	for i := range w.events {
		w.events[i].Actor, w.events[i].ActorName = systemless(actor.AccountID), actor.Name
		if w.events[i].Actor == "" {
			w.events[i].ActorName = ""
		}
	}
	return w.s.Journal.AppendAll(ctx, tx, w.events)
}

// competentAt renders which agency was competent for a dossier at a moment, as the
// columns of its id and its path: figures of the past belong to the agencies of their
// time. Where no decree ever carried a dossier it is simply the head's own.
func (s *Service) competentAt(ctx context.Context, moment func() string) (id, path string, err error) {
	var one int
	switch err := s.read.QueryRow(ctx, `SELECT 1 FROM dossier_handover LIMIT 1`).Scan(&one); {
	case errors.Is(err, sqldb.ErrNotFound):
		return "d.competent_id", "d.competent_path", nil
	case err != nil:
		return "", "", err
	}
	when := moment()
	until := func(column, now string) string {
		return `COALESCE((SELECT h.` + column + ` FROM dossier_handover h WHERE h.dossier_id = d.id AND h.at >= ` + when + ` ORDER BY h.at LIMIT 1), ` + now + `)`
	}
	return until("from_id", "d.competent_id"), until("from_path", "d.competent_path"), nil
}

// changeMany runs a statement over rows, chunk by chunk, as the table v.
func changeMany(ctx context.Context, tx *sqldb.Tx, v string, types []string, rows [][]any, statement string) (changed int64, err error) {
	for part := range slices.Chunk(rows, sqldb.AtOnce(len(types))) {
		var p args
		n, err := tx.Exec(ctx, `WITH `+v+` AS (`+values(&p, types, part)+`) `+statement, p.list...)
		if err != nil {
			return changed, err
		}
		changed += n
	}
	return changed, nil
}

// values writes a VALUES list; PostgreSQL takes what is not typed for text.
func values(p *args, types []string, rows [][]any) string {
	var b strings.Builder
	b.WriteString("VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j, x := range row {
			if j > 0 {
				b.WriteString(", ")
			}
			p.list = append(p.list, x)
			mark := "$" + strconv.Itoa(len(p.list))
			if types[j] == "" {
				b.WriteString("CAST(" + mark + " AS TEXT)")
			} else {
				b.WriteString("CAST(" + mark + " AS " + types[j] + ")")
			}
		}
		b.WriteByte(')')
	}
	return b.String()
}
