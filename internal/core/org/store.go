package org

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"

	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

const agencyColumns = `id, code, old_code, name, short_name, kind, level, parent_id, path,
	address, phone, email, unit_code, receives, valid_from, valid_to, rev`

func scanAgency(r *sqldb.Rows) (Agency, error) { return scanAgencyFrom(r) }

func scanAgencyFrom(r interface{ Scan(...any) error }) (a Agency, err error) {
	var parent sql.NullString
	var receives int64
	err = r.Scan(&a.ID, &a.Code, &a.OldCode, &a.Name, &a.ShortName, &a.Kind, &a.Level, &parent, &a.Path,
		&a.Address, &a.Phone, &a.Email, &a.UnitCode, &receives, &a.ValidFrom, &a.ValidTo, &a.Rev)
	a.ParentID, a.ReceivesDossiers = parent.String, receives != 0
	return a, err
}

func loadAgency(ctx context.Context, r sqldb.Reader, id string) (Agency, error) {
	a, err := scanAgencyFrom(r.QueryRow(ctx, `SELECT `+agencyColumns+` FROM org_agency WHERE id = $1`, id))
	return a, missing(err, errAgencyNotFound, "load agency")
}

// missing turns "no such row" into what people are told, and says what was being done otherwise.
func missing(err error, notFound func() error, doing string) error {
	switch {
	case err == nil:
		return nil
	case isNotFound(err):
		return notFound()
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func insertAgency(ctx context.Context, tx *sqldb.Tx, a Agency) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_agency (`+agencyColumns+`, name_key, sort_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, $17, $18)`,
		a.ID, a.Code, a.OldCode, a.Name, a.ShortName, string(a.Kind), string(a.Level), sqldb.NullString(a.ParentID), a.Path,
		a.Address, a.Phone, a.Email, a.UnitCode, flag(a.ReceivesDossiers), a.ValidFrom, a.ValidTo,
		a.searchKey(), fold.Sort(a.Name))
	return err
}

// updateAgency writes what may be edited; 0 rows when somebody else was faster.
func updateAgency(ctx context.Context, tx *sqldb.Tx, a Agency) (int64, error) {
	return tx.Exec(ctx, `UPDATE org_agency SET code = $1, old_code = $2, name = $3, short_name = $4, kind = $5, level = $6,
		address = $7, phone = $8, email = $9, unit_code = $10, receives = $11, valid_from = $12, valid_to = $13,
		name_key = $14, sort_key = $15, rev = rev + 1 WHERE id = $16 AND rev = $17`,
		a.Code, a.OldCode, a.Name, a.ShortName, string(a.Kind), string(a.Level), a.Address, a.Phone, a.Email, a.UnitCode,
		flag(a.ReceivesDossiers), a.ValidFrom, a.ValidTo, a.searchKey(), fold.Sort(a.Name), a.ID, a.Rev)
}

// overlapping returns the agencies other than a that carry its code on a day on which a is valid.
func overlapping(ctx context.Context, tx *sqldb.Tx, a Agency) ([]Agency, error) {
	rows, err := tx.Query(ctx, `SELECT `+agencyColumns+` FROM org_agency WHERE code = $1 AND id <> $2 LIMIT 100`, a.Code, a.ID)
	all, err := sqldb.Collect[Agency](rows, err)(scanAgency)
	if err != nil {
		return nil, fmt.Errorf("look for the same code: %w", err)
	}
	var clash []Agency
	for _, b := range all {
		if periodsMeet(a.ValidFrom, a.ValidTo, b.ValidFrom, b.ValidTo) {
			clash = append(clash, b)
		}
	}
	return clash, nil
}

// childrenIn returns the direct children, valid or not.
func childrenIn(ctx context.Context, r sqldb.Reader, parentID string) ([]Agency, error) {
	rows, err := r.Query(ctx, `SELECT `+agencyColumns+` FROM org_agency WHERE parent_id = $1 ORDER BY sort_key, id LIMIT 5000`, parentID)
	list, err := sqldb.Collect[Agency](rows, err)(scanAgency)
	if err != nil {
		return nil, fmt.Errorf("list children: %w", err)
	}
	return list, nil
}

// movePaths rewrites the path of an agency and of everything below it.
func movePaths(ctx context.Context, tx *sqldb.Tx, id, newParent string, m Move) error {
	if _, err := tx.Exec(ctx, `UPDATE org_agency SET parent_id = $1, rev = rev + 1 WHERE id = $2`, sqldb.NullString(newParent), id); err != nil {
		return fmt.Errorf("set parent: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE org_agency SET path = $1 || substr(path, $2) WHERE path LIKE $3`,
		m.NewPath, len(m.OldPath)+1, m.OldPath+"%"); err != nil {
		return fmt.Errorf("rewrite paths: %w", err)
	}
	return nil
}

// AgencyFilter says which agencies to list. Empty fields do not limit.
type AgencyFilter struct {
	Text     string // words of name or code, in any spelling
	Kind     Kind
	Level    Level
	ParentID string
	Under    []string // paths; an agency at or below any of them. nil does not limit
	Receives bool     // only those with a counter
	Closed   bool     // also agencies that no longer exist, or not yet
	After    string   // Next of the page before
	Limit    int      // 0 is 50, at most 500
}

// AgencyPage is one page of agencies, by name.
type AgencyPage struct {
	Items []Agency
	Next  string // "" on the last page
}

func listAgencies(ctx context.Context, r sqldb.Reader, f AgencyFilter, today string) (AgencyPage, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 500)
	var q query
	for _, word := range fold.Tokens(f.Text) {
		q.and(`name_key LIKE ` + q.arg("%"+word+"%"))
	}
	if f.Kind != "" {
		q.and(`kind = ` + q.arg(string(f.Kind)))
	}
	if f.Level != "" {
		q.and(`level = ` + q.arg(string(f.Level)))
	}
	if f.ParentID != "" {
		q.and(`parent_id = ` + q.arg(f.ParentID))
	}
	if f.Under != nil {
		alternatives := []string{"1 = 0"}
		for _, p := range f.Under {
			if p != "" {
				alternatives = append(alternatives, `path LIKE `+q.arg(p+"%"))
			}
		}
		q.and("(" + strings.Join(alternatives, " OR ") + ")")
	}
	if f.Receives {
		q.and(`receives = 1`)
	}
	if !f.Closed {
		day := q.arg(today)
		q.and(`valid_from <= ` + day + ` AND (valid_to IS NULL OR valid_to >= ` + day + `)`)
	}
	if key, id, ok := splitCursor(f.After); ok {
		q.and(`(sort_key, id) > (` + q.arg(key) + `, ` + q.arg(id) + `)`)
	}
	rows, err := r.Query(ctx, `SELECT `+agencyColumns+`, sort_key FROM org_agency`+q.where()+` ORDER BY sort_key, id LIMIT `+q.arg(limit+1), q.args...)
	var lastKey string
	keys := map[string]string{}
	list, err := sqldb.Collect[Agency](rows, err)(func(r *sqldb.Rows) (Agency, error) {
		a, err := scanAgencyFrom(withExtra{r, []any{&lastKey}})
		keys[a.ID] = lastKey
		return a, err
	})
	if err != nil {
		return AgencyPage{}, fmt.Errorf("list agencies: %w", err)
	}
	page := AgencyPage{Items: list}
	if len(list) > limit {
		page.Items = list[:limit]
		last := page.Items[limit-1]
		page.Next = cursor(keys[last.ID], last.ID)
	}
	return page, nil
}

// withExtra scans more columns behind those of a record.
type withExtra struct {
	rows  *sqldb.Rows
	extra []any
}

func (w withExtra) Scan(dest ...any) error { return w.rows.Scan(append(dest, w.extra...)...) }

// query gathers conditions and their parameters.
type query struct {
	conditions []string
	args       []any
}

func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

func (q *query) and(condition string) { q.conditions = append(q.conditions, condition) }

func (q *query) where() string {
	if len(q.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.conditions, " AND ")
}

// cursor is where a page ends: opaque, so that nobody builds on its parts.
func cursor(key, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(key + "\x00" + id))
}

func splitCursor(c string) (key, id string, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || len(b) == 0 {
		return "", "", false
	}
	return strings.Cut(string(b), "\x00")
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
