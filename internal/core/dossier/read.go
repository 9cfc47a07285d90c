package dossier

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/document"
	"motcua/internal/core/flow"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Get opens a dossier by number or id for whoever may see it: the owner and the
// submitter; staff who may read dossiers of its agencies, who have the role of one
// of its open tasks, or who have or had one of its tasks. To everybody else it does
// not exist.
//
// A read by staff is written to the journal with its purpose, once for each person,
// dossier and hour (Luật 91/2025/QH15): purpose is a code such as "process",
// "inspect", "api".
func (s *Service) Get(ctx context.Context, numberOrID, purpose string) (Detail, error) {
	rec, tasks, rel, err := s.see(ctx, s.read, numberOrID)
	if err != nil {
		return Detail{}, err
	}
	m, err := s.load(ctx, s.read, rec)
	if err != nil {
		return Detail{}, err
	}
	actor := identity.From(ctx)
	d := Detail{
		Dossier: rec.Dossier, Audience: ForCitizen, ReceivingAgency: m.receiving.Name, CompetentAgency: m.competent.Name,
		FieldName: m.comp.Version.Def.Field.Name().In(ctx), Form: m.form, Flow: m.flow, Run: rec.Run, Answers: m.answers, Revision: m.revision,
		Papers: m.papers, Fees: m.fees,
	}
	if rel == staffReads {
		d.Audience = ForStaff
	}
	d.ProcedureName = m.comp.Version.Def.Name.In(ctx)
	if c := m.comp.Case(rec.CaseID); c != nil {
		d.CaseName = c.Name.In(ctx)
	}
	d.StageName = m.flow.StageOf(rec.Step).Name.In(ctx)
	if step, ok := m.flow.Step(rec.Step); ok {
		d.StepName = step.Name.In(ctx)
	}
	for _, ch := range m.comp.Version.Def.Channels {
		if string(ch.Kind) == string(rec.Channel) {
			d.TermText = ch.TermText.In(ctx)
		}
	}
	if err := s.parts(ctx, &d, m, tasks, rel); err != nil {
		return Detail{}, err
	}
	if rel == party {
		d.hideFromParties()
	}
	d.Actions = m.flow.Actions(rec.Run, d.side(actor, rec), m.facts())
	d.rights(rel)
	if rel == staffReads && actor.Kind == identity.KindStaff {
		return d, s.opened(ctx, actor, &rec, tasks, purpose)
	}
	return d, nil
}

// side is who the reader is to the flow: parties act as citizens.
func (d *Detail) side(a identity.Actor, rec record) flow.Who {
	if d.Audience == ForCitizen {
		return asCitizen(a)
	}
	return who(a, rec.CompetentPath)
}

// rights says what the reader may do beside the actions of the flow.
func (d *Detail) rights(rel relation) {
	for _, action := range d.Actions {
		if action.Blocked != nil {
			continue
		}
		d.MayWithdraw = d.MayWithdraw || action.Effect == flow.Withdraw
		d.MaySupply = d.MaySupply || action.Effect == flow.Supplied
	}
	d.MayRate = rel == party && d.Rating == nil && d.Ended() && d.Status != StatusWithdrawn
}

// hideFromParties leaves out what concerns only the staff.
func (d *Detail) hideFromParties() {
	d.Papers = slices.DeleteFunc(slices.Clone(d.Papers), func(p Paper) bool { return p.Internal })
	d.Documents = slices.DeleteFunc(d.Documents, func(r DocumentRef) bool {
		return r.Kind == string(document.ControlSheet) || r.Kind == string(document.DossierBook)
	})
	for i := range d.Tasks {
		t := &d.Tasks[i]
		t.AssigneeID, t.DelegatedFrom, t.ClosedBy = "", "", ""
	}
	run := d.Run
	run.Opinions = nil // what colleagues wrote to each other
	d.Run = run
}

// parts reads what stands around the head.
func (s *Service) parts(ctx context.Context, d *Detail, m *matter, tasks []taskRow, rel relation) error {
	var err error
	if d.Supplements, err = supplementsOf(ctx, s.read, d.ID); err != nil {
		return err
	}
	if rel == party {
		for i := range d.Supplements {
			d.Supplements[i].AskedBy = m.competent.Name
		}
	}
	issued, err := s.Documents.OfDossier(ctx, s.read, d.ID)
	if err != nil {
		return err
	}
	for _, p := range issued {
		d.Documents = append(d.Documents, DocumentRef{ID: p.ID, Kind: string(p.Kind), Name: p.Name, Number: p.Number, At: p.IssuedAt, Ready: p.State == document.Ready})
	}
	if d.EntryID != "" {
		e, err := s.Registers.OfDossier(ctx, s.read, d.ID)
		if err != nil {
			return err
		}
		d.Result = &ResultRef{
			EntryID: e.ID, Register: e.RegisterName, Number: e.Number, Holder: e.Holder, State: string(e.StateOn(today(m.now))),
			ValidFrom: e.ValidFrom.String(), ValidTo: e.ValidTo.String(), DocumentID: d.ResultID,
		}
	}
	if d.Rating, err = ratingOf(ctx, s.read, d.ID); err != nil {
		return err
	}
	if d.Children, err = s.childrenOf(ctx, d.Run); err != nil {
		return err
	}
	var one int
	err = s.read.QueryRow(ctx, `SELECT count(*) FROM dossier_follow WHERE account_id = $1 AND dossier_id = $2`, identity.From(ctx).AccountID, d.ID).Scan(&one)
	d.Following = one > 0
	if err != nil {
		return err
	}
	d.Tasks, err = s.named(ctx, m, tasks)
	return err
}

// named gives tasks the words people read.
func (s *Service) named(ctx context.Context, m *matter, tasks []taskRow) ([]Task, error) {
	var accounts, agencies []string
	for _, t := range tasks {
		if t.AssigneeID != "" {
			accounts = append(accounts, t.AssigneeID)
		}
		agencies = append(agencies, t.AgencyID)
	}
	names, err := s.namesOf(ctx, accounts)
	if err != nil {
		return nil, err
	}
	where, err := s.Agencies.AgenciesByID(ctx, agencies...)
	if err != nil {
		return nil, err
	}
	out := make([]Task, len(tasks))
	for i, t := range tasks {
		out[i] = t.Task
		out[i].AssigneeName, out[i].AgencyName = names[t.AssigneeID], where[t.AgencyID].Name
		out[i].StepName = m.flow.TaskName(m.rec.Run, t.ID).In(ctx)
	}
	return out, nil
}

func (s *Service) namesOf(ctx context.Context, accounts []string) (map[string]string, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	return s.People.Names(ctx, accounts...)
}

// childrenOf reads the dossiers of other agencies that were opened for this one.
func (s *Service) childrenOf(ctx context.Context, run flow.Run) ([]ChildRef, error) {
	var args []any
	var ids []string
	for _, c := range run.Children {
		if c.Dossier != "" {
			ids = append(ids, c.Dossier)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.read.Query(ctx, `SELECT `+headColumns+` FROM dossier_dossier d WHERE d.id IN (`+inList(&args, ids)+`) ORDER BY d.submitted_at LIMIT 100`, args...)
	list, err := heads(rows, err)
	if err != nil {
		return nil, err
	}
	var out []ChildRef
	for _, rec := range list {
		a, err := s.Agencies.Agency(ctx, rec.CompetentAgencyID)
		if err != nil {
			return nil, err
		}
		out = append(out, ChildRef{ID: rec.ID, Number: rec.Number, AgencyName: a.Name, Status: rec.Status, DueAt: rec.DueAt})
	}
	return out, nil
}

// opened notes that staff looked: the journal once an hour, the task as seen.
func (s *Service) opened(ctx context.Context, a identity.Actor, rec *record, tasks []taskRow, purpose string) error {
	if purpose == "" {
		purpose = "process"
	}
	now := s.now()
	hour := now.Unix() / 3600
	unseen := slices.ContainsFunc(tasks, func(t taskRow) bool { return t.AssigneeID == a.AccountID && t.SeenAt.IsZero() })
	var one int
	if err := s.read.QueryRow(ctx, `SELECT count(*) FROM dossier_read WHERE actor = $1 AND dossier_id = $2 AND hour = $3`, a.AccountID, rec.ID, hour).Scan(&one); err != nil {
		return err
	}
	if one > 0 && !unseen {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if unseen {
			if _, err := tx.Exec(ctx, `UPDATE dossier_task SET seen_at = $1 WHERE dossier_id = $2 AND assignee_id = $3 AND seen_at IS NULL AND closed_at IS NULL`,
				sqldb.Millis(now), rec.ID, a.AccountID); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `INSERT INTO dossier_read (actor, dossier_id, hour) VALUES ($1, $2, $3) ON CONFLICT (actor, dossier_id, hour) DO NOTHING`, a.AccountID, rec.ID, hour)
		if err != nil || n == 0 {
			return err
		}
		return s.note(ctx, tx, "dossier.read:"+rec.ID, evRead, a.AccountID, purpose, Event{Competent: rec.CompetentAgencyID})
	})
}

// Find is the head of a dossier that the caller may see, for what is done on it next.
// It shows nobody the dossier and so leaves no trace of having been read: the act does.
func (s *Service) Find(ctx context.Context, numberOrID string) (Dossier, error) {
	rec, _, _, err := s.see(ctx, s.read, numberOrID)
	return rec.Dossier, err
}

// Actions lists what the reader may do with a dossier now, grey ones with the reason.
func (s *Service) Actions(ctx context.Context, dossierID string) ([]Action, error) {
	rec, _, rel, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return nil, err
	}
	m, err := s.load(ctx, s.read, rec)
	if err != nil {
		return nil, err
	}
	me := who(identity.From(ctx), rec.CompetentPath)
	if rel == party {
		me = asCitizen(identity.From(ctx))
	}
	return m.flow.Actions(rec.Run, me, m.facts()), nil
}

// Candidates lists the people a task may be given to, those with the least to do
// first. taskID "" means the task of the action that asks for somebody.
func (s *Service) Candidates(ctx context.Context, dossierID, taskID string) ([]Candidate, error) {
	rec, _, rel, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return nil, err
	}
	if rel != staffReads {
		return nil, errNotFound()
	}
	m, err := s.load(ctx, s.read, rec)
	if err != nil {
		return nil, err
	}
	actions := m.flow.Actions(rec.Run, who(identity.From(ctx), rec.CompetentPath), m.facts())
	at := slices.IndexFunc(actions, func(a flow.Action) bool {
		return slices.Contains(a.Needs, flow.NeedAssignee) && (taskID == "" || a.Task == taskID)
	})
	if at < 0 {
		return nil, nil
	}
	return s.candidates(ctx, m, actions[at])
}

// candidates are the holders of the role of the step an action leads to; of the
// present task when it stays.
func (s *Service) candidates(ctx context.Context, m *matter, action flow.Action) ([]Candidate, error) {
	var agencyID, role, department string
	for _, t := range m.rec.Run.Tasks {
		if t.ID == action.Task {
			agencyID, role, department = t.Agency, t.Role, t.Department
		}
	}
	if step := m.step(action.Step); step != nil {
		for _, a := range step.Actions {
			if a.ID != action.ID {
				continue
			}
			if target, ok := m.flow.Step(a.To); ok && target.Role != "" {
				role, department = target.Role, ""
				agencyID = or(m.rec.Run.Agencies[target.At], m.rec.CompetentAgencyID)
			}
		}
	}
	holders, err := s.Agencies.Holders(ctx, org.HolderQuery{AgencyID: agencyID, Role: role, DepartmentID: department})
	if err != nil {
		return nil, err
	}
	var ids []string
	titles := map[string]string{}
	for _, h := range holders {
		if _, seen := titles[h.AccountID]; !seen {
			ids = append(ids, h.AccountID)
			titles[h.AccountID] = h.Title
		}
	}
	names, err := s.namesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	busy, err := s.openCounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Candidate, len(ids))
	for i, accountID := range ids {
		out[i] = Candidate{AccountID: accountID, Name: names[accountID], Title: titles[accountID], Open: busy[accountID]}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Or(a.Open-b.Open, cmp.Compare(a.Name, b.Name)) })
	return out, nil
}

// openCounts says how many open tasks each of some accounts has; counts stop at 999.
func (s *Service) openCounts(ctx context.Context, accounts []string) (map[string]int, error) {
	type count struct {
		account string
		n       int
	}
	out := map[string]int{}
	for chunk := range slices.Chunk(accounts, 100) {
		var p args
		texts := make([]string, len(chunk))
		for i, account := range chunk {
			is := p.add(account)
			texts[i] = `SELECT CAST(` + is + ` AS TEXT) AS account, count(*) AS n FROM (SELECT 1 AS one FROM dossier_task t WHERE t.closed_at IS NULL AND t.assignee_id = ` + is +
				` AND t.assignee_id <> '' LIMIT 999) q` + strconv.Itoa(i)
		}
		rows, err := s.read.Query(ctx, strings.Join(texts, " UNION ALL "), p.list...)
		list, err := sqldb.Collect[count](rows, err)(func(r *sqldb.Rows) (c count, err error) { return c, r.Scan(&c.account, &c.n) })
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			out[c.account] = c.n
		}
	}
	return out, nil
}

// Explain accounts for the due time, interval by interval.
func (s *Service) Explain(ctx context.Context, dossierID string) (ClockView, error) {
	rec, _, _, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return ClockView{}, err
	}
	m := &matter{rec: rec, now: s.now()}
	if err := s.pinned(ctx, m, rec.VersionID, rec.CaseID); err != nil {
		return ClockView{}, err
	}
	if err := s.places(ctx, m, rec.ReceivingAgencyID, rec.CompetentAgencyID); err != nil {
		return ClockView{}, err
	}
	if m.entries, err = clockOf(ctx, s.read, rec.ID); err != nil {
		return ClockView{}, err
	}
	v := ClockView{Due: rec.DueAt, State: rec.ClockState}
	for _, ch := range m.comp.Version.Def.Channels {
		if string(ch.Kind) == string(rec.Channel) {
			v.TermText = ch.TermText.In(ctx)
		}
	}
	for _, l := range clock.Explain(m.term(), m.entries, m.cal, m.now) {
		line := ClockLine{At: l.From, Text: l.Words(ctx), Runs: l.Kind == clock.Counted || l.Kind == clock.Remaining || l.Kind == clock.Late}
		if !l.To.Equal(l.From) {
			line.To = l.To
		}
		v.Lines = append(v.Lines, line)
	}
	return v, nil
}

// DocumentFile opens the PDF of an issued paper of a dossier the reader may see.
// One that is still queued is drawn at once.
func (s *Service) DocumentFile(ctx context.Context, dossierID, documentID string) (name string, pdf []byte, err error) {
	rec, _, rel, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return "", nil, err
	}
	p, err := s.Documents.Get(ctx, documentID)
	if err != nil {
		return "", nil, err
	}
	if p.DossierID != rec.ID || rel == party && (p.Kind == document.ControlSheet || p.Kind == document.DossierBook) {
		return "", nil, errs.NewNotFound("document.not-found")
	}
	p, pdf, err = s.Documents.Open(ctx, documentID)
	return p.FileName(), pdf, err
}

// PaperFile tells about a file of a dossier to those who may open it: one handed in
// with a paper, or inside the answers.
func (s *Service) PaperFile(ctx context.Context, dossierID, fileID string) (PaperFile, error) {
	rec, _, rel, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return PaperFile{}, err
	}
	papers, err := papersOf(ctx, s.read, rec.ID)
	if err != nil {
		return PaperFile{}, err
	}
	for _, p := range papers {
		if rel == party && p.Internal {
			continue
		}
		for _, f := range p.Files {
			if f.ID == fileID {
				return f, nil
			}
		}
	}
	m := &matter{rec: rec, now: s.now()}
	if err := s.pinned(ctx, m, rec.VersionID, rec.CaseID); err != nil {
		return PaperFile{}, err
	}
	_, raw, err := latestAnswers(ctx, s.read, rec.ID)
	if err != nil {
		return PaperFile{}, err
	}
	answers, err := m.form.Load([]byte(raw))
	if err != nil {
		return PaperFile{}, err
	}
	for _, f := range m.form.Files(answers) {
		if f.ID == fileID {
			return PaperFile{ID: f.ID, Name: f.Name, Size: f.Size, Type: f.Type}, nil
		}
	}
	return PaperFile{}, errs.NewNotFound("file.not-found")
}

// MayOpenFile reports whether the reader may open a file because a dossier or a
// draft of theirs holds it. streams are the claims on the file (blob.Files.Streams).
func (s *Service) MayOpenFile(ctx context.Context, fileID string, streams []string) bool {
	for _, st := range streams {
		switch {
		case len(st) > len("dossier:") && st[:len("dossier:")] == "dossier:":
			if _, err := s.PaperFile(ctx, st[len("dossier:"):], fileID); err == nil {
				return true
			}
		case len(st) > len("draft:") && st[:len("draft:")] == "draft:":
			if _, err := draftBy(ctx, s.read, identity.From(ctx).AccountID, st[len("draft:"):]); err == nil {
				return true
			}
		}
	}
	return false
}

// Subject is what a notice about a dossier says, and to whom it goes.
type Subject struct {
	Number, Title, Agency string
	DueAt                 time.Time
	Accounts              []string // owner and submitter
	Emails                []string // of parties without an account
}

// Subject reads it inside the transaction of whoever follows the journal.
func (s *Service) Subject(ctx context.Context, r sqldb.Reader, dossierID string) (Subject, error) {
	rec, err := whole(ctx, r, dossierID)
	if err != nil {
		return Subject{}, err
	}
	out := Subject{Number: rec.Number, Title: or(rec.Title, rec.ProcedureName), DueAt: rec.DueAt}
	if a, err := s.Agencies.Agency(ctx, rec.CompetentAgencyID); err == nil {
		out.Agency = a.Name
	}
	for _, p := range []Person{rec.Owner, rec.Submitter} {
		switch {
		case p.AccountID != "":
			if !slices.Contains(out.Accounts, p.AccountID) {
				out.Accounts = append(out.Accounts, p.AccountID)
			}
		case p.Email != "" && !slices.Contains(out.Emails, p.Email):
			out.Emails = append(out.Emails, p.Email)
		}
	}
	return out, nil
}
