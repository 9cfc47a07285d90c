package dossier

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/platform/sqldb"
)

// The parts of a dossier that stand in tables of their own: answers, papers,
// tasks, clock entries, supplement requests, notes, fees.

func insertAnswers(ctx context.Context, tx *sqldb.Tx, dossierID string, revision int, at time.Time, actor, answers string) error {
	err := tx.Later(ctx, `INSERT INTO dossier_answers (dossier_id, revision, at, actor, answers) VALUES ($1, $2, $3, $4, $5)`,
		dossierID, revision, sqldb.Millis(at), actor, answers)
	return err
}

// latestAnswers reads the newest revision as stored.
func latestAnswers(ctx context.Context, r sqldb.Reader, dossierID string) (revision int, raw string, err error) {
	err = r.QueryRow(ctx, `SELECT revision, answers FROM dossier_answers WHERE dossier_id = $1 ORDER BY revision DESC LIMIT 1`, dossierID).Scan(&revision, &raw)
	return revision, raw, err
}

const paperInto = `dossier_paper (dossier_id, seq, id, code, name, required, kind, originals, copies, files, digitised, reused, from_store,
	entry_id, result_code, note, revision, given_at, verified, internal)`

func paperRow(dossierID string, seq int, p Paper) ([]any, error) {
	files, err := toJSON(p.Files)
	return []any{dossierID, seq, p.ID, p.Code, p.Name, flag(p.Required), p.Kind, p.Originals, p.Copies, files, p.Digitised, p.Reused, p.FromStore,
		p.EntryID, p.ResultCode, p.Note, p.Revision, sqldb.NullMillis(p.GivenAt), flag(p.Verified), flag(p.Internal)}, err
}

func insertPapers(ctx context.Context, tx *sqldb.Tx, dossierID string, firstSeq int, papers []Paper) error {
	rows := make([][]any, len(papers))
	for i, p := range papers {
		var err error
		if rows[i], err = paperRow(dossierID, firstSeq+i, p); err != nil {
			return err
		}
	}
	return insertMany(ctx, tx, paperInto, rows)
}

func papersOf(ctx context.Context, r sqldb.Reader, dossierID string) ([]Paper, error) {
	rows, err := r.Query(ctx, `SELECT id, code, name, required, kind, originals, copies, files, digitised, reused, from_store,
		entry_id, result_code, note, revision, given_at, verified, internal FROM dossier_paper WHERE dossier_id = $1 ORDER BY seq LIMIT 500`, dossierID)
	return sqldb.Collect[Paper](rows, err)(func(r *sqldb.Rows) (p Paper, err error) {
		var required, verified, internal int
		var files string
		var given sql.NullInt64
		if err := r.Scan(&p.ID, &p.Code, &p.Name, &required, &p.Kind, &p.Originals, &p.Copies, &files, &p.Digitised, &p.Reused, &p.FromStore,
			&p.EntryID, &p.ResultCode, &p.Note, &p.Revision, &given, &verified, &internal); err != nil {
			return p, err
		}
		p.Required, p.Verified, p.Internal, p.GivenAt = required == 1, verified == 1, internal == 1, sqldb.NullTime(given)
		err = fromJSON(files, &p.Files)
		p.Given = !p.GivenAt.IsZero()
		return p, err
	})
}

// taskRow is a task as its table keeps it.
type taskRow struct {
	Task
	Kind   string    // receive | sign | return | work | wait
	LateAt time.Time // due time of the dossier while its clock runs
}

// Kinds of task, for the queues.
const (
	kindReceive = "receive"
	kindSign    = "sign"
	kindReturn  = "return"
	kindWork    = "work"
	kindWait    = "wait"
)

// waitingRole stands in the role column of tasks that wait for somebody outside.
const waitingRole = "@waiting"

func (t taskRow) sortAt() int64 {
	at := int64(math.MaxInt64 >> 10)
	if !t.DueAt.IsZero() {
		at = sqldb.Millis(t.DueAt)
	}
	if !t.LateAt.IsZero() {
		at = min(at, sqldb.Millis(t.LateAt))
	}
	return at
}

func insertTasks(ctx context.Context, tx *sqldb.Tx, dossierID, procedure string, tasks []taskRow) error {
	rows := make([][]any, len(tasks))
	for i, t := range tasks {
		role := t.Role
		if t.For != "" {
			role = waitingRole
		}
		rows[i] = []any{dossierID, t.ID, t.Step, t.Kind, role, t.AgencyID, t.DepartmentID, t.AssigneeID, t.DelegatedFrom, t.For,
			sqldb.Millis(t.OpenedAt), sqldb.NullMillis(t.DueAt), sqldb.NullMillis(t.LateAt), t.sortAt(), "", procedure}
	}
	return insertMany(ctx, tx, `dossier_task (dossier_id, task, step, kind, role, agency_id, department_id, assignee_id, delegated_from, for_whom,
		opened_at, due_at, late_at, sort_at, closed_by, procedure_code)`, rows)
}

func closeTask(ctx context.Context, tx *sqldb.Tx, dossierID, task, by string, at time.Time) error {
	err := tx.Later(ctx, `UPDATE dossier_task SET closed_at = $1, closed_by = $2 WHERE dossier_id = $3 AND task = $4 AND closed_at IS NULL`,
		sqldb.Millis(at), by, dossierID, task)
	return err
}

func assignTask(ctx context.Context, tx *sqldb.Tx, dossierID, task, assignee, delegatedFrom string) error {
	err := tx.Later(ctx, `UPDATE dossier_task SET assignee_id = $1, delegated_from = $2, seen_at = NULL WHERE dossier_id = $3 AND task = $4`,
		assignee, delegatedFrom, dossierID, task)
	return err
}

// moveDue writes the dossier's new due time into its open tasks, which queues sort by.
func moveDue(ctx context.Context, tx *sqldb.Tx, dossierID string, late time.Time) error {
	never := int64(math.MaxInt64 >> 10)
	err := tx.Later(ctx, `UPDATE dossier_task SET late_at = $1,
			sort_at = CASE WHEN due_at IS NULL OR due_at > $2 THEN $2 ELSE due_at END
		WHERE dossier_id = $3 AND closed_at IS NULL`, sqldb.NullMillis(late), orNever(late, never), dossierID)
	return err
}

func orNever(t time.Time, never int64) int64 {
	if t.IsZero() {
		return never
	}
	return sqldb.Millis(t)
}

const taskColumns = `t.dossier_id, t.task, t.step, t.kind, t.role, t.agency_id, t.department_id, t.assignee_id, t.delegated_from, t.for_whom,
	t.opened_at, t.due_at, t.late_at, t.closed_at, t.closed_by, t.seen_at`

type taskScan struct {
	opened                  int64
	due, late, closed, seen sql.NullInt64
}

func (s *taskScan) dest(t *taskRow) []any {
	return []any{&t.DossierID, &t.ID, &t.Step, &t.Kind, &t.Role, &t.AgencyID, &t.DepartmentID, &t.AssigneeID, &t.DelegatedFrom, &t.For,
		&s.opened, &s.due, &s.late, &s.closed, &t.ClosedBy, &s.seen}
}

func (s *taskScan) finish(t *taskRow) {
	t.OpenedAt, t.DueAt, t.LateAt = sqldb.Time(s.opened), sqldb.NullTime(s.due), sqldb.NullTime(s.late)
	t.ClosedAt, t.SeenAt = sqldb.NullTime(s.closed), sqldb.NullTime(s.seen)
	if t.Role == waitingRole {
		t.Role = ""
	}
}

// tasksOf reads the tasks of a dossier, oldest first; only open ones when open.
func tasksOf(ctx context.Context, r sqldb.Reader, dossierID string, open bool) ([]taskRow, error) {
	where := ""
	if open {
		where = " AND t.closed_at IS NULL"
	}
	rows, err := r.Query(ctx, `SELECT `+taskColumns+` FROM dossier_task t WHERE t.dossier_id = $1`+where+` ORDER BY t.opened_at, t.task LIMIT 500`, dossierID)
	return sqldb.Collect[taskRow](rows, err)(func(r *sqldb.Rows) (t taskRow, err error) {
		var s taskScan
		err = r.Scan(s.dest(&t)...)
		s.finish(&t)
		return t, err
	})
}

// heldTask reports whether an account has or had a task of the dossier.
func heldTask(ctx context.Context, r sqldb.Reader, dossierID, account string) (bool, error) {
	var one int
	err := r.QueryRow(ctx, `SELECT 1 FROM dossier_task WHERE dossier_id = $1 AND (assignee_id = $2 OR closed_by = $2) LIMIT 1`, dossierID, account).Scan(&one)
	if errors.Is(err, sqldb.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func insertClock(ctx context.Context, tx *sqldb.Tx, dossierID string, entries []clock.Entry) error {
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{dossierID, e.Seq, e.Kind, sqldb.Millis(e.At), e.Reason, e.Basis, e.Paper, e.Hours, e.Days, sqldb.NullMillis(e.Promised)}
	}
	return insertMany(ctx, tx, `dossier_clock (dossier_id, seq, kind, at, reason, basis, paper, hours, days, promised)`, rows)
}

func clockOf(ctx context.Context, r sqldb.Reader, dossierID string) ([]clock.Entry, error) {
	rows, err := r.Query(ctx, `SELECT seq, kind, at, reason, basis, paper, hours, days, promised FROM dossier_clock WHERE dossier_id = $1 ORDER BY seq LIMIT 500`, dossierID)
	return sqldb.Collect[clock.Entry](rows, err)(func(r *sqldb.Rows) (e clock.Entry, err error) {
		var at int64
		var promised sql.NullInt64
		err = r.Scan(&e.Seq, &e.Kind, &at, &e.Reason, &e.Basis, &e.Paper, &e.Hours, &e.Days, &promised)
		e.At, e.Promised = sqldb.Time(at), sqldb.NullTime(promised)
		return e, err
	})
}

func insertSupplement(ctx context.Context, tx *sqldb.Tx, dossierID string, q SupplementRequest, by string) error {
	missing, err := toJSON(q.Missing)
	if err != nil {
		return err
	}
	err = tx.Later(ctx, `INSERT INTO dossier_supplement (id, dossier_id, round, asked_at, asked_by, asked_name, reason, guidance, missing, due_at, document_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		q.ID, dossierID, q.Round, sqldb.Millis(q.AskedAt), by, q.AskedBy, q.Reason, q.Guidance, missing, sqldb.NullMillis(q.DueAt), q.DocumentID)
	return err
}

// endSupplement closes the open request of a dossier: answered, or expired.
func endSupplement(ctx context.Context, tx *sqldb.Tx, dossierID string, answered bool, at time.Time) error {
	column := "expired_at"
	if answered {
		column = "answered_at"
	}
	err := tx.Later(ctx, `UPDATE dossier_supplement SET `+column+` = $1 WHERE dossier_id = $2 AND answered_at IS NULL AND expired_at IS NULL`,
		sqldb.Millis(at), dossierID)
	return err
}

func supplementsOf(ctx context.Context, r sqldb.Reader, dossierID string) ([]SupplementRequest, error) {
	rows, err := r.Query(ctx, `SELECT id, round, asked_at, asked_name, reason, guidance, missing, due_at, answered_at, expired_at, document_id
		FROM dossier_supplement WHERE dossier_id = $1 ORDER BY round LIMIT 100`, dossierID)
	return sqldb.Collect[SupplementRequest](rows, err)(func(r *sqldb.Rows) (q SupplementRequest, err error) {
		var asked int64
		var missing string
		var due, answered, expired sql.NullInt64
		if err := r.Scan(&q.ID, &q.Round, &asked, &q.AskedBy, &q.Reason, &q.Guidance, &missing, &due, &answered, &expired, &q.DocumentID); err != nil {
			return q, err
		}
		q.AskedAt, q.DueAt, q.AnsweredAt, q.ExpiredAt = sqldb.Time(asked), sqldb.NullTime(due), sqldb.NullTime(answered), sqldb.NullTime(expired)
		return q, fromJSON(missing, &q.Missing)
	})
}

// note is words typed by a person, referred to by an event.
type note struct {
	ID, Actor, ActorName string
	Audience             Audience
	Text                 string
	At                   time.Time
}

func insertNote(ctx context.Context, tx *sqldb.Tx, dossierID string, n note) error {
	err := tx.Later(ctx, `INSERT INTO dossier_note (id, dossier_id, at, actor, actor_name, audience, text) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n.ID, dossierID, sqldb.Millis(n.At), n.Actor, n.ActorName, n.Audience, n.Text)
	return err
}

func notesOf(ctx context.Context, r sqldb.Reader, dossierID string) (map[string]note, error) {
	rows, err := r.Query(ctx, `SELECT id, at, actor, actor_name, audience, text FROM dossier_note WHERE dossier_id = $1 LIMIT 1000`, dossierID)
	list, err := sqldb.Collect[note](rows, err)(func(r *sqldb.Rows) (n note, err error) {
		var at int64
		err = r.Scan(&n.ID, &at, &n.Actor, &n.ActorName, &n.Audience, &n.Text)
		n.At = sqldb.Time(at)
		return n, err
	})
	byID := make(map[string]note, len(list))
	for _, n := range list {
		byID[n.ID] = n
	}
	return byID, err
}

func insertFees(ctx context.Context, tx *sqldb.Tx, dossierID string, fees []Fee) error {
	rows := make([][]any, len(fees))
	for i, f := range fees {
		rows[i] = []any{dossierID, f.Code, f.Name, f.Kind, f.Amount, flag(f.Exempt), sqldb.NullMillis(f.PaidAt), f.ReceiptNo, f.Method}
	}
	return insertMany(ctx, tx, `dossier_fee (dossier_id, code, name, kind, amount, exempt, paid_at, receipt_no, method)`, rows)
}

func payFees(ctx context.Context, tx *sqldb.Tx, dossierID, receiptNo, method string, at time.Time) error {
	err := tx.Later(ctx, `UPDATE dossier_fee SET paid_at = $1, receipt_no = $2, method = $3 WHERE dossier_id = $4 AND paid_at IS NULL AND exempt = 0`,
		sqldb.Millis(at), receiptNo, method, dossierID)
	return err
}

func feesOf(ctx context.Context, r sqldb.Reader, dossierID string) ([]Fee, error) {
	rows, err := r.Query(ctx, `SELECT code, name, kind, amount, exempt, paid_at, receipt_no, method FROM dossier_fee WHERE dossier_id = $1 ORDER BY code LIMIT 100`, dossierID)
	return sqldb.Collect[Fee](rows, err)(func(r *sqldb.Rows) (f Fee, err error) {
		var exempt int
		var paid sql.NullInt64
		err = r.Scan(&f.Code, &f.Name, &f.Kind, &f.Amount, &exempt, &paid, &f.ReceiptNo, &f.Method)
		f.Exempt, f.PaidAt = exempt == 1, sqldb.NullTime(paid)
		return f, err
	})
}
