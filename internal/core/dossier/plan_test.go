package dossier_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
	"motcua/internal/platform/sqldb"
)

// listener is a reader that remembers every query put to it.
type listener struct {
	*sqldb.DB
	mu    sync.Mutex
	heard []query
}

type query struct {
	text string
	args []any
}

func (l *listener) hear(text string, args []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, query{text, args})
}

func (l *listener) Query(ctx context.Context, text string, args ...any) (*sqldb.Rows, error) {
	l.hear(text, args)
	return l.DB.Query(ctx, text, args...)
}

func (l *listener) QueryRow(ctx context.Context, text string, args ...any) *sqldb.Row {
	l.hear(text, args)
	return l.DB.QueryRow(ctx, text, args...)
}

// TestEveryListStandsOnAnIndex asks both engines how they would carry out every
// query of the queues, lists, searches and pages. None may read a table of dossiers
// from end to end: with five million of them that is the difference between
// milliseconds and minutes.
func TestEveryListStandsOnAnIndex(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, province := h.Team(t, h.Commune), h.Team(t, h.Province)
		citizen := h.Person(t, "Vương Thị Chỉ")
		d := h.Act(t, team.Clerk, h.File(t, citizen), "accept")
		h.File(t, citizen)
		h.Run(t)
		l := &listener{DB: h.DB}
		h.Dossiers.ReadThrough(l)
		for _, a := range []identity.Account{team.Officer, team.Clerk, team.Leader, province.Leader} {
			ctx := h.As(t, a)
			for _, q := range dossier.Queues() {
				for _, x := range []dossier.QueueQuery{
					{}, {Search: "vuong thi"}, {Procedure: dossiertest.Code}, {Agency: h.Commune.ID}, {Status: dossier.StatusReturned}, {Overdue: true},
					{Figure: dossier.Figure{Kind: "done", From: "2026-01", To: "2026-12"}}, {Figure: dossier.Figure{Kind: "pending"}, Agency: h.Commune.ID},
					{Procedure: dossiertest.Code, Agency: h.Commune.ID, Status: dossier.StatusProcessing, Overdue: true, Search: "vuong"},
				} {
					x.Queue, x.Limit = q, 1
					page, err := h.Dossiers.Queue(ctx, x)
					if err != nil {
						t.Fatal(err)
					}
					if x.After = page.Next; x.After != "" {
						if _, err := h.Dossiers.Queue(ctx, x); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			if _, err := h.Dossiers.Counters(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Dossiers.Get(ctx, d.Number, "process"); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Dossiers.ControlSheet(ctx, d.ID); err != nil {
				t.Fatal(err)
			}
			for _, by := range []string{"agency", "procedure", "month"} {
				if _, err := h.Dossiers.Stats(ctx, dossier.StatQuery{By: by, From: "2026-11"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		ctx := h.As(t, citizen)
		for _, q := range []dossier.ListQuery{{Limit: 1}, {Open: true}} {
			if _, err := h.Dossiers.Mine(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Dossiers.Timeline(ctx, d.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Dossiers.Track(ctx, d.Number); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Dossiers.Drafts(ctx); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, q := range l.heard {
			if seen[q.text] {
				continue
			}
			seen[q.text] = true
			for _, line := range explain(t, h.DB, q) {
				if bad := scan(h.DB.Dialect(), line); bad != "" {
					t.Errorf("%s\n  in %.400s", bad, strings.Join(strings.Fields(q.text), " "))
				}
			}
		}
		if len(seen) < 60 {
			t.Errorf("only %d queries were heard", len(seen))
		}
	})
}

// explain asks the engine for its plan. PostgreSQL is told to avoid reading tables
// whole, which on the few rows of a test it would do whatever the indexes: what
// then still does has no index to stand on.
func explain(t *testing.T, db *sqldb.DB, q query) []string {
	t.Helper()
	ctx := context.Background()
	conn, err := db.SQL().Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	prefix := "EXPLAIN QUERY PLAN "
	if db.Dialect() == sqldb.Postgres {
		prefix = "EXPLAIN "
		for _, set := range []string{"SET enable_seqscan = off", "SET enable_bitmapscan = on"} {
			if _, err := conn.ExecContext(ctx, set); err != nil {
				t.Fatal(err)
			}
		}
		defer func() { _, _ = conn.ExecContext(ctx, "RESET ALL") }()
	}
	rows, err := conn.QueryContext(ctx, prefix+q.text, q.args...)
	if err != nil {
		t.Fatalf("%v\n  in %s", err, q.text)
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		if db.Dialect() == sqldb.Postgres {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
			continue
		}
		var a, b, c int
		var line string
		if err := rows.Scan(&a, &b, &c, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// scan finds the lines that read a table of ours from end to end.
func scan(d sqldb.Dialect, line string) string {
	line = strings.TrimSpace(line)
	if d == sqldb.Postgres {
		if strings.Contains(line, "Seq Scan on dossier_") {
			return line
		}
		return ""
	}
	name, ok := strings.CutPrefix(line, "SCAN ")
	if !ok || strings.Contains(line, "INDEX") {
		return ""
	}
	name, _, _ = strings.Cut(name, " ")
	for _, alias := range []string{"d", "t", "x", "f", "b", "dossier_dossier", "dossier_task", "dossier_search", "dossier_reach", "dossier_follow", "dossier_draft", "dossier_note", "dossier_clock", "dossier_stat"} {
		if name == alias {
			return fmt.Sprintf("%s reads it all", line)
		}
	}
	return ""
}
