package catalogue

import (
	"bytes"
	"maps"
	"os"
	"testing"

	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/sharedtest"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// everything is every file of procedures of the reference data.
func everything(t testing.TB) (files [][]byte) {
	root := os.DirFS(sharedtest.Dir(t))
	files = append(files, folder(t, root, "02-procedures/catalogue_2025-04", "*.jsonl")...)
	files = append(files, folder(t, root, "02-procedures/full_2026-07", "*.jsonl")...)
	files = append(files, folder(t, root, "02-procedures/structured_bqp_2025", "*.json")...)
	files = append(files, folder(t, root, "02-procedures/structured_citizen_2021", "*.json")...)
	return append(files, folder(t, root, "02-procedures", "structured_example*.json")...)
}

// sample keeps every nth line of files with one record a line, and every nth other file.
func sample(files [][]byte, nth int) (out [][]byte) {
	for i, f := range files {
		lines := bytes.SplitAfter(f, []byte("\n"))
		if !bytes.HasPrefix(f, []byte(`{"`)) || len(lines) < 2 {
			if i%nth == 0 {
				out = append(out, f)
			}
			continue
		}
		var kept []byte
		for j, l := range lines {
			if j%nth == 0 {
				kept = append(kept, l...)
			}
		}
		out = append(out, kept)
	}
	return out
}

// Every record of the reference data is taken or refused with its reason, and taking
// everything again changes nothing.
func TestEveryRecord(t *testing.T) {
	files := everything(t)
	if testing.Short() {
		sqldbtest.Each(t, roomLines(), func(t *testing.T, db *sqldb.DB) { twice(t, db, sample(files, 60)) })
		return
	}
	sqldbtest.Each(t, roomLines(), func(t *testing.T, db *sqldb.DB) {
		h, run := twice(t, db, files)
		if got := run.Counts.Lines(); got != 5799 { // 3,881 of the list, 1,726 pages, 131 sheets, 60 of the former portal, one more page
			t.Errorf("%d records, the files have 5,799", got)
		}
		want := map[source.Reason]int{source.NoCode: 25, source.Duplicate: 2}
		if got := reasons(h, run); !maps.Equal(got, want) {
			t.Errorf("refused for %v, want %v: a record without a code, a code that stands twice", got, want)
		}
		if n := h.count(`SELECT COUNT(*) FROM catalogue_entry`); n != 4317 {
			t.Errorf("%d procedures, the files tell of 4,317", n)
		}
		tally, err := h.Tally(h.ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d records: %d taken, %d refused %v", run.Counts.Lines(), run.Counts.Taken(), run.Counts.Refused, reasons(h, run))
		t.Logf("terms: %d of %d rows became rules, %d say there is none, %d stay words, %d not stated", tally.Terms, tally.Ways, tally.NoTerms, tally.TermWords, tally.TermUnknown)
		t.Logf("fees: %d of %d rows are free, %d became amounts, %d stay words, %d not stated", tally.Free, tally.Ways, tally.Fees, tally.FeeWords, tally.FeeUnknown)
		t.Logf("papers: %d of %d counted, %d with a form; legal bases: %d of %d with number, %d with day, %d with issuer; results: %d of %d with code",
			tally.Counted, tally.Papers, tally.Forms, tally.Numbered, tally.Laws, tally.Dated, tally.Known, tally.ResultCodes, tally.Results)
	})
}

func reasons(h *house, run Run) map[source.Reason]int {
	h.t.Helper()
	rows, err := h.Rows(h.ctx, run.ID, OutcomeRefused, -1, 0, 500)
	if err != nil {
		h.t.Fatal(err)
	}
	got := map[source.Reason]int{}
	for _, r := range rows {
		got[r.Reason]++
		if Remedy(words(h.t), "vi", r) == "" || r.Line == 0 {
			h.t.Errorf("a refused record without place or remedy: %+v", r)
		}
	}
	return got
}

func twice(t *testing.T, db *sqldb.DB, files [][]byte) (*house, Run) {
	h := furnish(t, db)
	run := h.load(true, files...)
	if run.State != Done || run.Counts.Added != run.Counts.Taken() || run.Counts.Added == 0 {
		t.Fatalf("first import: %s %+v", run.State, run.Counts)
	}
	versions := h.count(`SELECT COUNT(*) FROM procedure_version`)
	again := h.load(true, files...)
	if want := (Counts{Same: run.Counts.Taken(), Refused: run.Counts.Refused}); again.Counts != want {
		t.Errorf("second import: %+v, want %+v", again.Counts, want)
	}
	if n := h.count(`SELECT COUNT(*) FROM procedure_version`); n != versions {
		t.Errorf("%d versions after the second import, %d before", n, versions)
	}
	return h, run
}
