package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Line is the migrations of one room: files NNNN_what.sql that run on both
// engines, or pairs NNNN_what.sqlite.sql and NNNN_what.postgres.sql. Numbers run
// from 0001 without gaps. They only go forward: the way down is a backup.
type Line struct {
	Name string
	FS   fs.FS
}

// Step is one migration of a line.
type Step struct {
	Line   string
	Number int
	Name   string
	SQL    map[Dialect]string
}

var stepName = regexp.MustCompile(`^(\d{4})_([a-z0-9_-]+?)(?:\.(sqlite|postgres))?\.sql$`)

// Steps reads a line and checks it: no gaps, no doubles, and both engines at the
// same number.
func (l Line) Steps() ([]Step, error) {
	if l.FS == nil {
		return nil, nil
	}
	files, err := fs.Glob(l.FS, "*.sql")
	if err != nil {
		return nil, err
	}
	byNumber := map[int]*Step{}
	for _, f := range files {
		m := stepName.FindStringSubmatch(f)
		if m == nil {
			return nil, fmt.Errorf("migration %s/%s: the name must be NNNN_what.sql, or NNNN_what.sqlite.sql with its .postgres.sql twin", l.Name, f)
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, fmt.Errorf("migration %s/%s: %w", l.Name, f, err)
		}
		text, err := fs.ReadFile(l.FS, f)
		if err != nil {
			return nil, err
		}
		s := byNumber[n]
		if s == nil {
			s = &Step{Line: l.Name, Number: n, Name: m[2], SQL: map[Dialect]string{}}
			byNumber[n] = s
		}
		if s.Name != m[2] {
			return nil, fmt.Errorf("migration %s/%04d stands twice: %s and %s", l.Name, n, s.Name, m[2])
		}
		engines := []Dialect{SQLite, Postgres}
		if m[3] != "" {
			engines = []Dialect{Dialect(m[3])}
		}
		for _, e := range engines {
			if _, twice := s.SQL[e]; twice {
				return nil, fmt.Errorf("migration %s/%04d has two texts for %s", l.Name, n, e)
			}
			s.SQL[e] = string(text)
		}
	}
	steps := make([]Step, 0, len(byNumber))
	for n := 1; n <= len(byNumber); n++ {
		s := byNumber[n]
		if s == nil {
			return nil, fmt.Errorf("migrations of %s: number %04d is missing", l.Name, n)
		}
		if len(s.SQL) != 2 {
			return nil, fmt.Errorf("migration %s/%04d_%s lacks its twin for the other engine", l.Name, n, s.Name)
		}
		steps = append(steps, *s)
	}
	return steps, nil
}

// Pending returns the steps that the database has not seen. It fails when the
// database knows steps that this program does not (a newer program ran on it),
// or when a step that ran was edited since.
func Pending(ctx context.Context, db *DB, lines ...Line) ([]Step, error) {
	if err := db.Tx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_step (
			line TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, applied_at BIGINT NOT NULL,
			PRIMARY KEY (line, number))`)
		return err
	}); err != nil {
		return nil, err
	}
	return pending(ctx, db, lines)
}

func pending(ctx context.Context, r Reader, lines []Line) ([]Step, error) {
	type seen struct {
		line   string
		number int
		hash   string
	}
	rows, err := r.Query(ctx, `SELECT line, number, hash FROM schema_step ORDER BY line, number LIMIT 100000`)
	applied, err := Collect[seen](rows, err)(func(r *Rows) (s seen, err error) {
		return s, r.Scan(&s.line, &s.number, &s.hash)
	})
	if err != nil {
		return nil, err
	}
	done := map[string]map[int]string{}
	for _, s := range applied {
		if done[s.line] == nil {
			done[s.line] = map[int]string{}
		}
		done[s.line][s.number] = s.hash
	}
	var todo []Step
	for _, l := range lines {
		steps, err := l.Steps()
		if err != nil {
			return nil, err
		}
		if have := len(done[l.Name]); have > len(steps) {
			return nil, fmt.Errorf("the database was last used by a newer program: %s stands at %04d, this program knows %04d; install the newer program or restore a backup", l.Name, have, len(steps))
		}
		for _, s := range steps {
			hash, ran := done[l.Name][s.Number]
			if !ran {
				todo = append(todo, s)
			} else if hash != s.hash(r.Dialect()) {
				return nil, fmt.Errorf("migration %s/%04d_%s was changed after it ran here; migrations are only ever added", s.Line, s.Number, s.Name)
			}
		}
	}
	return todo, nil
}

func (s Step) hash(d Dialect) string {
	h := sha256.Sum256([]byte(s.SQL[d]))
	return hex.EncodeToString(h[:8])
}

// Migrate brings the database to what this program needs: every pending step of
// every line, in order, in one transaction, one program at a time.
func Migrate(ctx context.Context, db *DB, lines ...Line) error {
	// Looking first spares the common start, with nothing to do, the write lock.
	todo, err := Pending(ctx, db, lines...)
	if err != nil || len(todo) == 0 {
		return err
	}
	return db.Tx(ctx, func(tx *Tx) error {
		if db.dialect == Postgres {
			if _, err := tx.Exec(ctx, `LOCK TABLE schema_step IN ACCESS EXCLUSIVE MODE`); err != nil {
				return err
			}
		}
		todo, err := pending(ctx, tx, lines)
		if err != nil {
			return err
		}
		for _, s := range todo {
			for _, statement := range statements(s.SQL[db.dialect]) {
				if _, err := tx.Exec(ctx, statement); err != nil {
					return fmt.Errorf("migration %s/%04d_%s: %w", s.Line, s.Number, s.Name, err)
				}
			}
			if _, err := tx.Exec(ctx, `INSERT INTO schema_step (line, number, name, hash, applied_at) VALUES ($1, $2, $3, $4, $5)`,
				s.Line, s.Number, s.Name, s.hash(db.dialect), Millis(time.Now())); err != nil {
				return err
			}
		}
		return nil
	})
}

// statements splits a migration at the semicolons that end lines. Migrations
// hold plain DDL and DML, no procedures, so a line's end is a statement's end.
func statements(text string) []string {
	var kept []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			kept = append(kept, line)
		}
	}
	all := strings.Split(strings.Join(kept, "\n")+"\n", ";\n")
	return slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
}
