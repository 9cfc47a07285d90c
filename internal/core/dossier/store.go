package dossier

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"motcua/internal/core/flow"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// record is one dossier as stored: the head, and the parts only its page needs.
type record struct {
	Dossier
	ReceivingPath string
	Run           flow.Run
	Outcome       outcome
}

// outcome is who decided the dossier.
type outcome struct {
	By    string    `json:"by,omitempty"` // who decided, for the signature on the result
	Name  string    `json:"name,omitempty"`
	Title string    `json:"title,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

const headColumns = `d.id, d.number, d.procedure_code, d.procedure_name, d.version_id, d.case_id, d.offer_id, d.title, d.channel,
	d.receiving_id, d.receiving_path, d.competent_id, d.competent_path, d.owner_account, d.owner_name, d.submitter_account, d.proxy, d.sets,
	d.status, d.stage, d.step, d.clock, d.submitted_at, d.received_at, d.due_at, d.paused_at, d.finished_at, d.returned_at,
	d.supplements, d.late, d.confidentiality, d.parent_id, d.fee_due, d.fee_paid, d.receipt_id, d.entry_id, d.result_id, d.version, d.updated_at`

// headScan holds the columns of headColumns while a row is read.
type headScan struct {
	submitted, updated                        int64
	received, due, paused, finished, returned sql.NullInt64
	late                                      int
}

func (h *headScan) dest(r *record) []any {
	return []any{
		&r.ID, &r.Number, &r.ProcedureCode, &r.ProcedureName, &r.VersionID, &r.CaseID, &r.OfferID, &r.Title, &r.Channel,
		&r.ReceivingAgencyID, &r.ReceivingPath, &r.CompetentAgencyID, &r.CompetentPath, &r.Owner.AccountID, &r.Owner.Name, &r.Submitter.AccountID, &r.Proxy, &r.Sets,
		&r.Status, &r.Stage, &r.Step, &r.ClockState, &h.submitted, &h.received, &h.due, &h.paused, &h.finished, &h.returned,
		&r.Supplements, &h.late, &r.Confidentiality, &r.ParentID, &r.FeeDue, &r.FeePaid, &r.ReceiptID, &r.EntryID, &r.ResultID, &r.Version, &h.updated,
	}
}

func (h *headScan) finish(r *record) {
	r.SubmittedAt, r.UpdatedAt = sqldb.Time(h.submitted), sqldb.Time(h.updated)
	r.ReceivedAt, r.DueAt, r.PausedAt = sqldb.NullTime(h.received), sqldb.NullTime(h.due), sqldb.NullTime(h.paused)
	r.FinishedAt, r.ReturnedAt, r.Late = sqldb.NullTime(h.finished), sqldb.NullTime(h.returned), h.late == 1
}

func heads(rows *sqldb.Rows, err error) ([]record, error) {
	return sqldb.Collect[record](rows, err)(func(r *sqldb.Rows) (rec record, err error) {
		var h headScan
		err = r.Scan(h.dest(&rec)...)
		h.finish(&rec)
		return rec, err
	})
}

// headBy reads one head; NotFound when there is none.
func headBy(ctx context.Context, r sqldb.Reader, column, value string) (rec record, err error) {
	var h headScan
	err = r.QueryRow(ctx, `SELECT `+headColumns+` FROM dossier_dossier d WHERE d.`+column+` = $1`, value).Scan(h.dest(&rec)...)
	h.finish(&rec)
	if errors.Is(err, sqldb.ErrNotFound) {
		return rec, errNotFound()
	}
	return rec, err
}

// whole reads a dossier with its body.
func whole(ctx context.Context, r sqldb.Reader, id string) (record, error) {
	var rec record
	var h headScan
	var owner, submitter, delivery, run, made string
	err := r.QueryRow(ctx, `SELECT `+headColumns+`, b.owner, b.submitter, b.delivery, b.run, b.outcome
		FROM dossier_dossier d JOIN dossier_body b ON b.dossier_id = d.id WHERE d.id = $1`, id).
		Scan(append(h.dest(&rec), &owner, &submitter, &delivery, &run, &made)...)
	if errors.Is(err, sqldb.ErrNotFound) {
		return rec, errNotFound()
	}
	if err != nil {
		return rec, err
	}
	h.finish(&rec)
	return rec, errors.Join(fromJSON(owner, &rec.Owner), fromJSON(submitter, &rec.Submitter), fromJSON(delivery, &rec.Delivery),
		fromJSON(run, &rec.Run), fromJSON(made, &rec.Outcome))
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func fromJSON(s string, v any) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), v)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// bodyJSON is the body of a record ready to be stored.
type bodyJSON struct{ owner, submitter, delivery, run, outcome string }

func encodeBody(r *record) (b bodyJSON, err error) {
	var e [5]error
	b.owner, e[0] = toJSON(r.Owner)
	b.submitter, e[1] = toJSON(r.Submitter)
	b.delivery, e[2] = toJSON(r.Delivery)
	b.run, e[3] = toJSON(r.Run)
	b.outcome, e[4] = toJSON(r.Outcome)
	return b, errors.Join(e[:]...)
}

func insertRecord(ctx context.Context, tx *sqldb.Tx, r *record, b bodyJSON) error {
	if err := tx.Later(ctx, `INSERT INTO dossier_dossier (id, number, procedure_code, procedure_name, version_id, case_id, offer_id, title, channel,
			receiving_id, receiving_path, competent_id, competent_path, owner_account, owner_name, submitter_account, proxy, sets,
			status, stage, step, clock, submitted_at, received_at, due_at, paused_at, finished_at, returned_at,
			supplements, late, confidentiality, parent_id, fee_due, fee_paid, receipt_id, entry_id, result_id, version, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28,
			$29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39)`,
		r.ID, r.Number, r.ProcedureCode, r.ProcedureName, r.VersionID, r.CaseID, r.OfferID, r.Title, r.Channel,
		r.ReceivingAgencyID, r.ReceivingPath, r.CompetentAgencyID, r.CompetentPath, r.Owner.AccountID, r.Owner.Name, r.Submitter.AccountID, r.Proxy, r.Sets,
		r.Status, r.Stage, r.Step, r.ClockState, sqldb.Millis(r.SubmittedAt), sqldb.NullMillis(r.ReceivedAt), sqldb.NullMillis(r.DueAt),
		sqldb.NullMillis(r.PausedAt), sqldb.NullMillis(r.FinishedAt), sqldb.NullMillis(r.ReturnedAt),
		r.Supplements, flag(r.Late), r.Confidentiality, r.ParentID, r.FeeDue, r.FeePaid, r.ReceiptID, r.EntryID, r.ResultID, r.Version, sqldb.Millis(r.UpdatedAt)); err != nil {
		return err
	}
	err := tx.Later(ctx, `INSERT INTO dossier_body (dossier_id, owner, submitter, delivery, run, outcome) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.ID, b.owner, b.submitter, b.delivery, b.run, b.outcome)
	return err
}

// updateRecord writes a changed dossier; false when its version is another by now.
func updateRecord(ctx context.Context, tx *sqldb.Tx, r *record, b bodyJSON, was int64) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE dossier_dossier SET status = $1, stage = $2, step = $3, clock = $4, received_at = $5, due_at = $6, paused_at = $7,
			finished_at = $8, returned_at = $9, supplements = $10, late = $11, fee_due = $12, fee_paid = $13, receipt_id = $14, entry_id = $15, result_id = $16,
			version = $17, updated_at = $18 WHERE id = $19 AND version = $20`,
		r.Status, r.Stage, r.Step, r.ClockState, sqldb.NullMillis(r.ReceivedAt), sqldb.NullMillis(r.DueAt), sqldb.NullMillis(r.PausedAt),
		sqldb.NullMillis(r.FinishedAt), sqldb.NullMillis(r.ReturnedAt), r.Supplements, flag(r.Late), r.FeeDue, r.FeePaid, r.ReceiptID, r.EntryID, r.ResultID,
		r.Version, sqldb.Millis(r.UpdatedAt), r.ID, was)
	if err != nil || n == 0 {
		return false, err
	}
	err = tx.Later(ctx, `UPDATE dossier_body SET run = $1, outcome = $2 WHERE dossier_id = $3`, b.run, b.outcome, r.ID)
	return true, err
}

// nextNumber takes the next sequence of an agency's day.
func nextNumber(ctx context.Context, tx *sqldb.Tx, agency, day string) (n int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO dossier_number (agency, day, n) VALUES ($1, $2, 1)
		ON CONFLICT (agency, day) DO UPDATE SET n = dossier_number.n + 1 RETURNING n`, agency, day).Scan(&n)
	return n, err
}

// insertMany writes rows with one statement: "table (a, b)" and the values.
func insertMany(ctx context.Context, tx *sqldb.Tx, into string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("INSERT INTO " + into + " VALUES ")
	args := make([]any, 0, len(rows)*len(rows[0]))
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for j, v := range row {
			args = append(args, v)
			if j == 0 {
				b.WriteString("($")
			} else {
				b.WriteString(", $")
			}
			b.WriteString(strconv.Itoa(len(args)))
		}
		b.WriteByte(')')
	}
	err := tx.Later(ctx, b.String(), args...)
	return err
}

// inList appends values to args and returns their placeholders.
func inList[T any](args *[]any, values []T) string {
	marks := make([]string, len(values))
	for i, v := range values {
		*args = append(*args, v)
		marks[i] = "$" + strconv.Itoa(len(*args))
	}
	return strings.Join(marks, ", ")
}

// reachKeys are the list keys under which a dossier is found.
func reachKeys(r *record) []string {
	keys := []string{agencyKey(r.CompetentAgencyID, ""), agencyKey(r.CompetentAgencyID, r.ProcedureCode)}
	if r.ReceivingAgencyID != r.CompetentAgencyID {
		keys = append(keys, agencyKey(r.ReceivingAgencyID, ""), agencyKey(r.ReceivingAgencyID, r.ProcedureCode))
	}
	if r.Owner.AccountID != "" {
		keys = append(keys, personKey(r.Owner.AccountID))
	}
	if r.Submitter.AccountID != "" && r.Submitter.AccountID != r.Owner.AccountID {
		keys = append(keys, personKey(r.Submitter.AccountID))
	}
	return keys
}

func agencyKey(agencyID, procedure string) string {
	if procedure == "" {
		return "a:" + agencyID
	}
	return "a:" + agencyID + "|" + procedure
}

func personKey(accountID string) string { return "p:" + accountID }

// searchKeys are the folded words under which a dossier is found by prefix: the
// names of its parties from each word on, the day and sequence of its number, the
// citizen numbers and phones.
func searchKeys(number string, owner, submitter Person) []string {
	seen := map[string]bool{}
	var keys []string
	add := func(k string) {
		if k != "" && !seen[k] && len(keys) < 24 {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	names := func(name string) {
		words := fold.Tokens(name)
		if len(words) > 8 {
			words = words[:8]
		}
		for i := range words {
			add(strings.Join(words[i:], " "))
		}
	}
	if _, tail, ok := strings.Cut(number, "-"); ok {
		add(numberKey(tail))
		if _, seq, ok := strings.Cut(tail, "-"); ok {
			add(seq)
		}
	}
	for _, p := range []Person{owner, submitter} {
		names(p.Name)
		add(p.CitizenNo)
		add(numberKey(p.TaxCode))
	}
	return keys
}

// numberKey keeps what matters of a number as people type it.
func numberKey(s string) string {
	return strings.Join(fold.Tokens(s), " ")
}

func insertReach(ctx context.Context, tx *sqldb.Tx, r *record) error {
	at := sqldb.Millis(r.SubmittedAt)
	keys := reachKeys(r)
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{k, at, r.ID}
	}
	return insertMany(ctx, tx, "dossier_reach (key, submitted_at, dossier_id)", rows)
}

func insertSearch(ctx context.Context, tx *sqldb.Tx, r *record) error {
	agencies := []string{r.CompetentAgencyID}
	if r.ReceivingAgencyID != r.CompetentAgencyID {
		agencies = append(agencies, r.ReceivingAgencyID)
	}
	at := sqldb.Millis(r.SubmittedAt)
	var rows [][]any
	for _, k := range searchKeys(r.Number, r.Owner, r.Submitter) {
		for _, a := range agencies {
			rows = append(rows, []any{a, k, r.ID, at})
		}
	}
	return insertMany(ctx, tx, "dossier_search (agency_id, key, dossier_id, submitted_at)", rows)
}

// insertKey remembers an idempotency key; false when it was used before.
func insertKey(ctx context.Context, tx *sqldb.Tx, account, key, operation, dossierID string, at time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `INSERT INTO dossier_key (account_id, key, operation, dossier_id, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, key) DO NOTHING`, account, key, operation, dossierID, sqldb.Millis(at))
	return n == 1, err
}

// usedKey finds what a key was used for.
func usedKey(ctx context.Context, r sqldb.Reader, account, key string) (operation, dossierID string, err error) {
	err = r.QueryRow(ctx, `SELECT operation, dossier_id FROM dossier_key WHERE account_id = $1 AND key = $2`, account, key).Scan(&operation, &dossierID)
	if errors.Is(err, sqldb.ErrNotFound) {
		return "", "", nil
	}
	return operation, dossierID, err
}

func errNotFound() error { return errs.NewNotFound("dossier.not-found") }
