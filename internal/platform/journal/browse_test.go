package journal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func TestBrowse(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		j := open(t, db, Options{Now: func() time.Time { return now }})
		for i := range 24 {
			now = now.Add(time.Hour)
			if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				_, err := j.Append(t.Context(), tx, Event{Stream: fmt.Sprintf("d:%d", i%2), Type: []string{"dossier.read", "dossier.moved", "dossierx.moved"}[i%3], Actor: fmt.Sprintf("a%d", i%4)})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		for name, test := range map[string]struct {
			f    BrowseFilter
			want int
		}{
			"all":    {BrowseFilter{}, 24},
			"stream": {BrowseFilter{Stream: "d:1"}, 12},
			"type":   {BrowseFilter{Type: "dossier.moved"}, 8},
			"prefix": {BrowseFilter{Type: "dossier."}, 16},
			"actor":  {BrowseFilter{Actor: "a3"}, 6},
			"time":   {BrowseFilter{From: day.Add(5 * time.Hour), To: day.Add(8 * time.Hour)}, 3},
			"more":   {BrowseFilter{Stream: "d:1", Type: "dossier.", Actor: "a3", From: day.Add(5 * time.Hour)}, 3},
		} {
			var got []Event
			test.f.Limit = 5
			for {
				page, err := j.Browse(t.Context(), db, test.f)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				got = append(got, page...)
				test.f.Before = page[len(page)-1]
			}
			if len(got) != test.want {
				t.Errorf("%s: %d events, want %d", name, len(got), test.want)
			}
			if !slices.IsSortedFunc(got, func(a, b Event) int { return b.At.Compare(a.At) }) {
				t.Errorf("%s: not newest first", name)
			}
		}
	})
}

// A page of a large journal is found by index, not by reading all of it.
func TestBrowseUsesItsIndexes(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	for where, index := range map[string]string{
		``:                             "journal_event_at",
		`WHERE actor = 'a' AND at < 5`: "journal_event_actor",
		`WHERE (at, id) < (5, 'x')`:    "journal_event_at",
		`WHERE position IS NULL`:       "",
	} {
		rows, err := db.Query(t.Context(), `EXPLAIN QUERY PLAN SELECT id FROM journal_event `+where+` ORDER BY at DESC, id DESC LIMIT 50`)
		plan, err := sqldb.Collect[string](rows, err)(func(r *sqldb.Rows) (s string, err error) {
			var a, b, c int
			return s, r.Scan(&a, &b, &c, &s)
		})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "; ")
		if !strings.Contains(text, index) || index != "" && strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s: %s", where, text)
		}
	}
}
