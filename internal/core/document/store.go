package document

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

const paperColumns = `id, kind, name, number, agency_id, agency_name, dossier_id, dossier_number, entry_id, state,
	verify_code, file_id, hash, size, issued_at, ready_at, revoked_at`

func scanPaper(scan func(...any) error) (p Issued, err error) {
	var issued int64
	var ready, revoked sql.NullInt64
	err = scan(&p.ID, &p.Kind, &p.Name, &p.Number, &p.AgencyID, &p.AgencyName, &p.DossierID, &p.DossierNumber, &p.EntryID, &p.State,
		&p.VerifyCode, &p.FileID, &p.Hash, &p.Size, &issued, &ready, &revoked)
	p.IssuedAt, p.ReadyAt, p.RevokedAt = sqldb.Time(issued), sqldb.NullTime(ready), sqldb.NullTime(revoked)
	return p, err
}

func paperByID(ctx context.Context, r sqldb.Reader, id string) (Issued, error) {
	p, err := scanPaper(r.QueryRow(ctx, `SELECT `+paperColumns+` FROM document_paper WHERE id = $1`, id).Scan)
	return p, notFound(err)
}

func paperByCode(ctx context.Context, r sqldb.Reader, code string) (Issued, error) {
	p, err := scanPaper(r.QueryRow(ctx, `SELECT `+paperColumns+` FROM document_paper WHERE verify_code = $1`, code).Scan)
	return p, notFound(err)
}

func notFound(err error) error {
	if errors.Is(err, sqldb.ErrNotFound) {
		return errs.NewNotFound("document.not-found")
	}
	return err
}

func papersOf(ctx context.Context, r sqldb.Reader, dossierID string) ([]Issued, error) {
	rows, err := r.Query(ctx, `SELECT `+paperColumns+` FROM document_paper WHERE dossier_id = $1 ORDER BY issued_at, id LIMIT 200`, dossierID)
	return sqldb.Collect[Issued](rows, err)(func(r *sqldb.Rows) (Issued, error) { return scanPaper(r.Scan) })
}

// nextNumber takes the next number of a series.
func nextNumber(ctx context.Context, tx *sqldb.Tx, agencyID, series string, year int) (n int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO document_number (agency_id, series, year, n) VALUES ($1, $2, $3, 1)
		ON CONFLICT (agency_id, series, year) DO UPDATE SET n = document_number.n + 1 RETURNING n`, agencyID, series, year).Scan(&n)
	return n, err
}

func insertPaper(ctx context.Context, tx *sqldb.Tx, p Issued, series string, year int, seq int64, data stored) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO document_paper (id, kind, name, number, series, year, seq, agency_id, agency_name, dossier_id, dossier_number,
			entry_id, state, verify_code, file_id, hash, size, issued_at, revoked_why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', '', 0, $15, '')`,
		p.ID, p.Kind, p.Name, p.Number, series, year, seq, p.AgencyID, p.AgencyName, p.DossierID, p.DossierNumber,
		p.EntryID, p.State, p.VerifyCode, sqldb.Millis(p.IssuedAt)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO document_data (paper_id, data) VALUES ($1, $2)`, p.ID, string(raw))
	return err
}

func loadData(ctx context.Context, r sqldb.Reader, paperID string) (d stored, err error) {
	var raw string
	if err := r.QueryRow(ctx, `SELECT data FROM document_data WHERE paper_id = $1`, paperID).Scan(&raw); err != nil {
		return d, err
	}
	return d, json.Unmarshal([]byte(raw), &d)
}

// markReady records the PDF. It reports false when another worker was faster.
func markReady(ctx context.Context, tx *sqldb.Tx, p Issued) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE document_paper SET file_id = $1, hash = $2, size = $3, ready_at = $4,
			state = CASE WHEN state = 'queued' THEN 'ready' ELSE state END
		WHERE id = $5 AND file_id = ''`, p.FileID, p.Hash, p.Size, sqldb.Millis(p.ReadyAt), p.ID)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM document_data WHERE paper_id = $1`, p.ID)
	return true, err
}
