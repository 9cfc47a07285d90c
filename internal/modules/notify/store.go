package notify

import (
	"context"
	"database/sql"

	"motcua/internal/platform/sqldb"
)

const columns = `id, event_id, account_id, at, kind, number, title, agency, due_at, read_at`

func scan(r *sqldb.Rows) (Notice, error) {
	var n Notice
	var at int64
	var due, read sql.NullInt64
	err := r.Scan(&n.ID, &n.EventID, &n.AccountID, &at, &n.Kind, &n.Number, &n.Title, &n.Agency, &due, &read)
	n.At, n.DueAt, n.ReadAt = sqldb.Time(at), sqldb.NullTime(due), sqldb.NullTime(read)
	return n, err
}

// insert adds a notice unless the event has told this account already.
func insert(ctx context.Context, tx *sqldb.Tx, n Notice) (fresh bool, err error) {
	added, err := tx.Exec(ctx, `INSERT INTO notify_notice (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (event_id, account_id) DO NOTHING`,
		n.ID, n.EventID, n.AccountID, sqldb.Millis(n.At), n.Kind, n.Number, n.Title, n.Agency, sqldb.NullMillis(n.DueAt), sqldb.NullMillis(n.ReadAt))
	return added == 1, err
}

func byID(ctx context.Context, r sqldb.Reader, id string) (Notice, error) {
	rows, err := r.Query(ctx, `SELECT `+columns+` FROM notify_notice WHERE id = $1`, id)
	found, err := sqldb.Collect[Notice](rows, err)(scan)
	if err != nil {
		return Notice{}, err
	}
	if len(found) == 0 {
		return Notice{}, sqldb.ErrNotFound
	}
	return found[0], nil
}

// list gives the notices of an account after the one with the id after, newest first.
func list(ctx context.Context, r sqldb.Reader, account, after string, limit int) ([]Notice, error) {
	query, args := `SELECT `+columns+` FROM notify_notice WHERE account_id = $1`, []any{account, limit}
	if after != "" {
		query += ` AND (at, id) < (SELECT at, id FROM notify_notice WHERE id = $3 AND account_id = $1)`
		args = append(args, after)
	}
	rows, err := r.Query(ctx, query+` ORDER BY at DESC, id DESC LIMIT $2`, args...)
	return sqldb.Collect[Notice](rows, err)(scan)
}

func unread(ctx context.Context, r sqldb.Reader, account string) (n int, err error) {
	// Nobody reads a number above 99; counting stops there.
	err = r.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM notify_notice WHERE account_id = $1 AND read_at IS NULL LIMIT 100) AS few`, account).Scan(&n)
	return n, err
}
