package catalogue

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// --- runs -------------------------------------------------------------------

const runColumns = `id, title, files, apply, state, file, at, line, by_line, size, done, added, changed, same, pending, refused, error, started_by, created_at, changed_at, finished_at`

func scanRun(scan func(...any) error) (r Run, err error) {
	var files string
	var apply, byLine, created, changed int64
	var finished sql.NullInt64
	c := &r.Counts
	if err := scan(&r.ID, &r.Title, &files, &apply, &r.State, &r.cursor.file, &r.cursor.at, &r.cursor.line, &byLine, &r.Size, &r.Done,
		&c.Added, &c.Changed, &c.Same, &c.Pending, &c.Refused, &r.Error, &r.StartedBy, &created, &changed, &finished); err != nil {
		return r, err
	}
	r.Apply, r.cursor.byLine = apply == 1, byLine == 1
	r.CreatedAt, r.ChangedAt, r.FinishedAt = sqldb.Time(created), sqldb.Time(changed), sqldb.NullTime(finished)
	if err := json.Unmarshal([]byte(files), &r.Files); err != nil {
		return r, fmt.Errorf("files of import %s: %w", r.ID, err)
	}
	return r, nil
}

func runByID(ctx context.Context, q sqldb.Reader, id string) (Run, error) {
	r, err := scanRun(q.QueryRow(ctx, `SELECT `+runColumns+` FROM catalogue_run WHERE id = $1`, id).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return r, errs.NewNotFound("catalogue.run-unknown")
	}
	return r, err
}

func runsBefore(ctx context.Context, q sqldb.Reader, limit int) ([]Run, error) {
	return sqldb.Collect[Run](q.Query(ctx, `SELECT `+runColumns+` FROM catalogue_run ORDER BY created_at DESC, id DESC LIMIT $1`, limit))(
		func(rows *sqldb.Rows) (Run, error) { return scanRun(rows.Scan) })
}

func insertRun(ctx context.Context, tx *sqldb.Tx, r Run) error {
	files, err := json.Marshal(r.Files)
	if err != nil {
		return err
	}
	at := sqldb.Millis(r.CreatedAt)
	_, err = tx.Exec(ctx, `INSERT INTO catalogue_run (id, title, files, apply, state, file, at, line, by_line, size, done, added, changed, same, pending, refused, error, started_by, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, 0, 0, 1, 0, $6, 0, 0, 0, 0, 0, 0, '', $7, $8, $8)`,
		r.ID, r.Title, string(files), bit(r.Apply), r.State, r.Size, r.StartedBy, at)
	return err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// advance moves the cursor and counts, when nobody else has moved it and nobody has
// stopped the run; ok is false otherwise.
func advance(ctx context.Context, tx *sqldb.Tx, before, after Run, now time.Time) (ok bool, err error) {
	c := after.Counts
	n, err := tx.Exec(ctx, `UPDATE catalogue_run SET state = $1, file = $2, at = $3, line = $4, by_line = $5, done = $6,
			added = $7, changed = $8, same = $9, pending = $10, refused = $11, error = $12, changed_at = $13, finished_at = $14
		WHERE id = $15 AND state = 'running' AND file = $16 AND at = $17`,
		after.State, after.cursor.file, after.cursor.at, after.cursor.line, bit(after.cursor.byLine), after.Done,
		c.Added, c.Changed, c.Same, c.Pending, c.Refused, after.Error, sqldb.Millis(now), sqldb.NullMillis(after.FinishedAt),
		before.ID, before.cursor.file, before.cursor.at)
	return n == 1, err
}

// turn changes the state of a run from one of those given; ok is false when it was in another.
func turn(ctx context.Context, tx *sqldb.Tx, id string, to RunState, message string, now time.Time, from ...RunState) (ok bool, err error) {
	args := []any{to, message, sqldb.Millis(now), id}
	marks := make([]string, len(from))
	for i, s := range from {
		args = append(args, s)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	n, err := tx.Exec(ctx, `UPDATE catalogue_run SET state = $1, error = $2, changed_at = $3 WHERE id = $4 AND state IN (`+strings.Join(marks, ", ")+`)`, args...)
	return n == 1, err
}

// --- lines ------------------------------------------------------------------

const lineColumns = `file, line, outcome, code, field, reason, words, hint`

func scanLine(rows *sqldb.Rows) (l Row, err error) {
	return l, rows.Scan(&l.File, &l.Line, &l.Outcome, &l.Code, &l.Field, &l.Reason, &l.Words, &l.Hint)
}

func insertLines(ctx context.Context, tx *sqldb.Tx, runID string, list []Row) error {
	if len(list) == 0 {
		return nil
	}
	values := make([]string, len(list))
	args := []any{runID}
	for i, l := range list {
		n := len(args)
		values[i] = fmt.Sprintf("($1, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5, n+6, n+7, n+8)
		args = append(args, l.File, l.Line, l.Outcome, l.Code, l.Field, l.Reason, l.Words, l.Hint)
	}
	_, err := tx.Exec(ctx, `INSERT INTO catalogue_line (run_id, `+lineColumns+`) VALUES `+strings.Join(values, ", "), args...)
	return err
}

// linesOf lists records of a run with an outcome ("" for all), behind a place.
func linesOf(ctx context.Context, q sqldb.Reader, runID string, outcome Outcome, afterFile, afterLine int64, limit int) ([]Row, error) {
	where, args := `run_id = $1 AND (file > $2 OR (file = $2 AND line > $3))`, []any{runID, afterFile, afterLine, limit}
	if outcome != "" {
		where += ` AND outcome = $5`
		args = append(args, outcome)
	}
	return sqldb.Collect[Row](q.Query(ctx, `SELECT `+lineColumns+` FROM catalogue_line WHERE `+where+` ORDER BY file, line LIMIT $4`, args...))(scanLine)
}

// takenCodes finds which of the codes this run has taken already, with the place.
func takenCodes(ctx context.Context, q sqldb.Reader, runID string, codes []string) (map[string]Row, error) {
	in, args := list(2, codes)
	got, err := sqldb.Collect[Row](q.Query(ctx, `SELECT `+lineColumns+` FROM catalogue_line WHERE run_id = $1 AND outcome <> 'refused' AND code IN (`+in+`) ORDER BY code, file, line LIMIT 10000`,
		append([]any{runID}, args...)...))(scanLine)
	if err != nil {
		return nil, err
	}
	out := map[string]Row{}
	for _, l := range got {
		out[l.Code+"/"+l.Hint] = l // the shape stands in the hint of what was taken
	}
	return out, nil
}

// list makes placeholders from $first on.
func list[T any](first int, values []T) (marks string, args []any) {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = "$" + strconv.Itoa(first+i)
		args = append(args, v)
	}
	if len(all) == 0 {
		return "''", nil
	}
	return strings.Join(all, ", "), args
}

// --- sources, edits, entries ------------------------------------------------

// kept is an accepted record of one shape.
type kept struct {
	record *source.Record
	hash   string
}

func sourcesOf(ctx context.Context, q sqldb.Reader, codes []string) (map[string]map[source.Shape]kept, error) {
	type row struct {
		code  string
		shape source.Shape
		kept  kept
	}
	in, args := list(1, codes)
	rows, err := sqldb.Collect[row](q.Query(ctx, `SELECT code, shape, record, hash FROM catalogue_source WHERE code IN (`+in+`) ORDER BY code, shape LIMIT 10000`, args...))(
		func(rows *sqldb.Rows) (x row, err error) {
			var text string
			if err := rows.Scan(&x.code, &x.shape, &text, &x.kept.hash); err != nil {
				return x, err
			}
			x.kept.record, err = readRecord(text)
			return x, err
		})
	if err != nil {
		return nil, fmt.Errorf("read sources: %w", err)
	}
	out := map[string]map[source.Shape]kept{}
	for _, x := range rows {
		if out[x.code] == nil {
			out[x.code] = map[source.Shape]kept{}
		}
		out[x.code][x.shape] = x.kept
	}
	return out, nil
}

func readRecord(text string) (*source.Record, error) {
	r := &source.Record{}
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	return r, nil
}

func writeRecord(r *source.Record) (string, error) {
	text, err := json.Marshal(r)
	return string(text), err
}

func saveSource(ctx context.Context, tx *sqldb.Tx, code string, shape source.Shape, record, hash, runID string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO catalogue_source (code, shape, record, hash, run_id, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (code, shape) DO UPDATE SET record = excluded.record, hash = excluded.hash, run_id = excluded.run_id, changed_at = excluded.changed_at`,
		code, shape, record, hash, runID, sqldb.Millis(now))
	if err != nil {
		return fmt.Errorf("store source of %s: %w", code, err)
	}
	return nil
}

func editsOf(ctx context.Context, q sqldb.Reader, codes []string) (map[string][]edit, error) {
	type row struct {
		code string
		edit edit
	}
	in, args := list(1, codes)
	rows, err := sqldb.Collect[row](q.Query(ctx, `SELECT code, part, value, base FROM catalogue_edit WHERE code IN (`+in+`) ORDER BY code, part LIMIT 10000`, args...))(
		func(rows *sqldb.Rows) (x row, err error) {
			var value string
			err = rows.Scan(&x.code, &x.edit.Part, &value, &x.edit.Base)
			x.edit.Value = []byte(value)
			return x, err
		})
	if err != nil {
		return nil, fmt.Errorf("read corrections: %w", err)
	}
	out := map[string][]edit{}
	for _, x := range rows {
		out[x.code] = append(out[x.code], x.edit)
	}
	return out, nil
}

func saveEdit(ctx context.Context, tx *sqldb.Tx, code string, e edit, who string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO catalogue_edit (code, part, value, base, edited_by, edited_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (code, part) DO UPDATE SET value = excluded.value, base = excluded.base, edited_by = excluded.edited_by, edited_at = excluded.edited_at`,
		code, e.Part, string(e.Value), e.Base, who, sqldb.Millis(now))
	return err
}

func dropEdit(ctx context.Context, tx *sqldb.Tx, code string, p source.Part) error {
	_, err := tx.Exec(ctx, `DELETE FROM catalogue_edit WHERE code = $1 AND part = $2`, code, p)
	return err
}

const entryColumns = `code, shape, record, hash, version_id, pack, score, missing`

func scanEntry(scan func(...any) error) (e Entry, err error) {
	var text, missing string
	if err := scan(&e.Code, &e.Shape, &text, &e.Hash, &e.VersionID, &e.Pack, &e.Score, &missing); err != nil {
		return e, err
	}
	e.Lacks = readLacks(missing)
	e.Record, err = readRecord(text)
	return e, err
}

func entryOf(ctx context.Context, q sqldb.Reader, code string) (Entry, error) {
	e, err := scanEntry(q.QueryRow(ctx, `SELECT `+entryColumns+` FROM catalogue_entry WHERE code = $1`, code).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return e, errs.NewNotFound("catalogue.entry-unknown")
	}
	return e, err
}

// head is what settling asks of an entry.
type head struct{ hash, versionID, pack string }

func heads(ctx context.Context, q sqldb.Reader, codes []string) (map[string]head, error) {
	type row struct {
		code string
		head head
	}
	in, args := list(1, codes)
	rows, err := sqldb.Collect[row](q.Query(ctx, `SELECT code, hash, version_id, pack FROM catalogue_entry WHERE code IN (`+in+`) ORDER BY code LIMIT 10000`, args...))(
		func(rows *sqldb.Rows) (x row, err error) {
			return x, rows.Scan(&x.code, &x.head.hash, &x.head.versionID, &x.head.pack)
		})
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	out := map[string]head{}
	for _, x := range rows {
		out[x.code] = x.head
	}
	return out, nil
}

// lacks are kept as ",term:words,fees:none," so that a page can count and find them.
func writeLacks(lacks []Lack) string {
	var b strings.Builder
	b.WriteByte(',')
	for _, l := range lacks {
		b.WriteString(string(l.Need))
		if l.Words {
			b.WriteString(":words,")
		} else {
			b.WriteString(":none,")
		}
	}
	return b.String()
}

func readLacks(text string) (out []Lack) {
	for part := range strings.SplitSeq(strings.Trim(text, ","), ",") {
		if need, how, ok := strings.Cut(part, ":"); ok {
			out = append(out, Lack{Need: Need(need), Words: how == "words"})
		}
	}
	return out
}

func writeDoubts(r *source.Record) string {
	var b strings.Builder
	b.WriteByte(',')
	seen := map[source.Why]bool{}
	for _, d := range r.Doubts {
		if !seen[d.Why] {
			seen[d.Why] = true
			b.WriteString(string(d.Why) + ",")
		}
	}
	return b.String()
}

// --- changes ----------------------------------------------------------------

const changeColumns = `id, run_id, code, shape, kind, name, hash, diff, state, decided_by, decided_at, created_at`

func scanChange(scan func(...any) error) (c Change, err error) {
	var diff string
	var decided sql.NullInt64
	var created int64
	if err := scan(&c.ID, &c.RunID, &c.Code, &c.Shape, &c.Kind, &c.Name, &c.hash, &diff, &c.State, &c.DecidedBy, &decided, &created); err != nil {
		return c, err
	}
	c.DecidedAt, c.CreatedAt = sqldb.NullTime(decided), sqldb.Time(created)
	if err := json.Unmarshal([]byte(diff), &c.Parts); err != nil {
		return c, fmt.Errorf("difference of change %s: %w", c.ID, err)
	}
	return c, nil
}

func changeByID(ctx context.Context, q sqldb.Reader, id string) (Change, error) {
	c, err := scanChange(q.QueryRow(ctx, `SELECT `+changeColumns+` FROM catalogue_change WHERE id = $1`, id).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return c, errs.NewNotFound("catalogue.change-unknown")
	}
	return c, err
}

// changesOf lists the changes of a run in a state ("" for all), by code, behind one.
func changesOf(ctx context.Context, q sqldb.Reader, runID string, state ChangeState, kind ChangeKind, after string, limit int) ([]Change, error) {
	where, args := `run_id = $1 AND code > $2`, []any{runID, after, limit}
	if state != "" {
		args = append(args, state)
		where += ` AND state = $` + strconv.Itoa(len(args))
	}
	if kind != "" {
		args = append(args, kind)
		where += ` AND kind = $` + strconv.Itoa(len(args))
	}
	return sqldb.Collect[Change](q.Query(ctx, `SELECT `+changeColumns+` FROM catalogue_change WHERE `+where+` ORDER BY code, id LIMIT $3`, args...))(
		func(rows *sqldb.Rows) (Change, error) { return scanChange(rows.Scan) })
}

func countChanges(ctx context.Context, q sqldb.Reader, runID string) (map[ChangeState]int64, error) {
	type row struct {
		state ChangeState
		n     int64
	}
	rows, err := sqldb.Collect[row](q.Query(ctx, `SELECT state, COUNT(*) FROM catalogue_change WHERE run_id = $1 GROUP BY state ORDER BY state LIMIT 10`, runID))(
		func(rows *sqldb.Rows) (x row, err error) { return x, rows.Scan(&x.state, &x.n) })
	out := map[ChangeState]int64{}
	for _, x := range rows {
		out[x.state] = x.n
	}
	return out, err
}

func openChanges(ctx context.Context, q sqldb.Reader, codes []string) (map[string]Change, error) {
	in, args := list(1, codes)
	rows, err := sqldb.Collect[Change](q.Query(ctx, `SELECT `+changeColumns+` FROM catalogue_change WHERE state = 'open' AND code IN (`+in+`) ORDER BY code, shape LIMIT 10000`, args...))(
		func(rows *sqldb.Rows) (Change, error) { return scanChange(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("read open changes: %w", err)
	}
	out := map[string]Change{}
	for _, c := range rows {
		out[c.Code+"/"+string(c.Shape)] = c
	}
	return out, nil
}

func insertChange(ctx context.Context, tx *sqldb.Tx, c Change, record string) error {
	diff, err := json.Marshal(c.Parts)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO catalogue_change (id, run_id, code, shape, kind, name, record, hash, diff, state, decided_by, decided_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		c.ID, c.RunID, c.Code, c.Shape, c.Kind, c.Name, record, c.hash, string(diff), c.State, c.DecidedBy, sqldb.NullMillis(c.DecidedAt), sqldb.Millis(c.CreatedAt))
	return err
}

func changeRecord(ctx context.Context, q sqldb.Reader, id string) (string, error) {
	var text string
	err := q.QueryRow(ctx, `SELECT record FROM catalogue_change WHERE id = $1`, id).Scan(&text)
	return text, err
}

// decide closes an open change; ok is false when somebody else has.
func decide(ctx context.Context, tx *sqldb.Tx, id string, state ChangeState, who string, now time.Time) (ok bool, err error) {
	n, err := tx.Exec(ctx, `UPDATE catalogue_change SET state = $1, decided_by = $2, decided_at = $3 WHERE id = $4 AND state = 'open'`, state, who, sqldb.Millis(now), id)
	return n == 1, err
}
