package reform

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

const decreeColumns = `id, number, title, effective, name, file, state, run, problems, summary, checked_at, created_at, created_by,
	scheduled_at, scheduled_by, applied_at, took_ms, undone_at, undone_by, failure`

func scanDecree(scan func(...any) error) (d Decree, err error) {
	var problems, summary string
	var created, took int64
	var checked, scheduled, applied, undone sql.NullInt64
	if err := scan(&d.ID, &d.Number, &d.Title, &d.Effective, &d.Name, &d.File, &d.State, &d.Run, &problems, &summary, &checked, &created, &d.CreatedBy,
		&scheduled, &d.ScheduledBy, &applied, &took, &undone, &d.UndoneBy, &d.Failure); err != nil {
		return d, err
	}
	d.CheckedAt, d.CreatedAt, d.ScheduledAt = sqldb.NullTime(checked), sqldb.Time(created), sqldb.NullTime(scheduled)
	d.AppliedAt, d.UndoneAt, d.Took = sqldb.NullTime(applied), sqldb.NullTime(undone), millis(took)
	var stored []storedProblem
	err = errors.Join(json.Unmarshal([]byte(problems), &stored), json.Unmarshal([]byte(summary), &d.Summary))
	for _, p := range stored {
		d.Problems = append(d.Problems, Problem{Pos: decl.Pos{File: p.File, Line: p.Line}, Code: p.Code, Args: p.Args, Text: p.Text})
	}
	return d, err
}

// storedProblem is a problem as its column keeps it; a place is not encoded by itself.
type storedProblem struct {
	File string         `json:"file,omitempty"`
	Line int            `json:"line,omitempty"`
	Code string         `json:"code,omitempty"`
	Args map[string]any `json:"args,omitempty"`
	Text string         `json:"text,omitempty"`
}

func decreeBy(ctx context.Context, r sqldb.Reader, id string) (Decree, error) {
	d, err := scanDecree(r.QueryRow(ctx, `SELECT `+decreeColumns+` FROM reform_decree WHERE id = $1`, id).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return d, errs.NewNotFound("reform.not-found")
	}
	return d, err
}

func insertDecree(ctx context.Context, tx *sqldb.Tx, d Decree) error {
	problems, summary, err := encoded(d.Problems, d.Summary)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO reform_decree (id, number, number_key, title, effective, name, file, state, run, problems, summary, created_at, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12)`,
		d.ID, d.Number, numberKey(d.Number), d.Title, d.Effective.String(), d.Name, d.File, string(d.State), problems, summary, sqldb.Millis(d.CreatedAt), d.CreatedBy)
	return err
}

func encoded(problems []Problem, summary Summary) (string, string, error) {
	stored := []storedProblem{}
	for _, p := range problems {
		stored = append(stored, storedProblem{p.File, p.Line, p.Code, p.Args, p.Text})
	}
	if summary == nil {
		summary = Summary{}
	}
	p, err1 := json.Marshal(stored)
	s, err2 := json.Marshal(summary)
	return string(p), string(s), errors.Join(err1, err2)
}

// numberKey is how numbers of decrees are compared.
func numberKey(number string) string { return strings.ReplaceAll(fold.Key(number), " ", "") }

func insertEffects(ctx context.Context, tx *sqldb.Tx, decree string, run int64, list []Effect) error {
	for part := range slices.Chunk(list, sqldb.AtOnce(11)) {
		var b strings.Builder
		b.WriteString(`INSERT INTO reform_effect (decree_id, run, kind, seq, subject, label, from_code, from_name, to_code, to_name, note) VALUES `)
		args := make([]any, 0, len(part)*11)
		for i, e := range part {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('(')
			for j, v := range []any{decree, run, string(e.Kind), e.Seq, e.Subject, e.Label, e.FromCode, e.FromName, e.ToCode, e.ToName, e.Note} {
				if j > 0 {
					b.WriteString(", ")
				}
				args = append(args, v)
				b.WriteString("$" + strconv.Itoa(len(args)))
			}
			b.WriteByte(')')
		}
		if _, err := tx.Exec(ctx, b.String(), args...); err != nil {
			return fmt.Errorf("list the effects: %w", err)
		}
	}
	return nil
}

func effectsOf(ctx context.Context, r sqldb.Reader, decree string, run int64, kind Kind, after int64, limit int) ([]Effect, error) {
	rows, err := r.Query(ctx, `SELECT seq, kind, subject, label, from_code, from_name, to_code, to_name, note FROM reform_effect
		WHERE decree_id = $1 AND run = $2 AND kind = $3 AND seq > $4 ORDER BY seq LIMIT $5`, decree, run, string(kind), after, limit)
	return sqldb.Collect[Effect](rows, err)(func(r *sqldb.Rows) (e Effect, err error) {
		return e, r.Scan(&e.Seq, &e.Kind, &e.Subject, &e.Label, &e.FromCode, &e.FromName, &e.ToCode, &e.ToName, &e.Note)
	})
}
