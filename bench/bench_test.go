package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"motcua/bench/mill"
	"motcua/internal/app"
	"motcua/internal/core/dossier"
	"motcua/internal/modules/demo"
	"motcua/internal/platform/config"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// The short edition: what does not depend on how busy the machine is. A milled
// house is whole; its pages give right answers with few statements, no plan scans
// a large table, weights and allocations stay within bounds.

const (
	testLives  = 150  // of the demo that is milled
	testMilled = 6000 // makes the tables large
)

// milled makes a demo, mills it, and gives the folder and the address of the database.
func milled(t *testing.T, engine string) house {
	t.Helper()
	if testing.Short() {
		t.Skip("fills a house with thousands of dossiers")
	}
	h := house{dir: t.TempDir(), engine: engine, size: testMilled}
	if engine == "postgres" {
		h.url = sqldbtest.PostgresURL(t)
	}
	clock := &demo.Clock{}
	a, err := app.Open(t.Context(), app.Options{Config: h.settings(), Now: clock.Now, Hasty: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.LoadDemo(t.Context(), clock, demo.Options{Dossiers: testLives})
	if err == nil {
		err = a.CatchUp(t.Context())
	}
	if err = errors.Join(err, a.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := mill.Load(t.Context(), mill.Options{URL: h.database(), Dossiers: testMilled, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d dossiers, %d rows in %s", engine, r.Dossiers, r.Rows, r.Took.Round(time.Millisecond))
	if r.Dossiers != testMilled || r.Open == 0 || r.Open > testMilled/20 {
		t.Errorf("milled %+v", r)
	}
	return h
}

func (h house) settings() config.Config {
	cfg := config.Default()
	cfg.Dir = h.dir
	cfg.Database.URL = config.Address(h.url)
	return cfg
}

func TestShortEdition(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			h := milled(t, engine)
			wholeLedger(t, h)
			pages := openPages(t, h)
			t.Run("pages", func(t *testing.T) { walk(t, h, pages) })
			t.Run("plans", func(t *testing.T) {
				found, err := scans1(t.Context(), h, pages)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range found {
					t.Errorf("a plan scans a large table: %s", f)
				}
			})
			t.Run("a lost index is found", func(t *testing.T) { loseAnIndex(t, h, pages) })
		})
	}
}

// wholeLedger holds the milled rows against the milled events.
func wholeLedger(t *testing.T, h house) {
	t.Helper()
	ctx := t.Context()
	db, err := sqldb.Open(ctx, h.database(), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	report, err := journal.Verify(ctx, db, journal.VerifyOptions{Dir: filepath.Join(h.dir, "audit")})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() || report.Events < testMilled*2 || report.Unsealed > 0 {
		t.Errorf("the ledger: %+v", report)
	}
	j, err := journal.New(db, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := sqldb.Strings(db.Query(ctx, `SELECT id FROM dossier_dossier ORDER BY number LIMIT 4000`))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(ids); i += 37 {
		events, err := j.Stream(ctx, db, "dossier:"+ids[i], 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		told, err := dossier.RebuildStatus(events)
		if err != nil {
			t.Fatal(err)
		}
		var number string
		var status, version, submitted int64
		var late int
		if err := db.QueryRow(ctx, `SELECT number, status, version, submitted_at, late FROM dossier_dossier WHERE id = $1`, ids[i]).Scan(&number, &status, &version, &submitted, &late); err != nil {
			t.Fatal(err)
		}
		if told.Number != number || int64(told.Status) != status || told.Version != version || sqldb.Millis(told.SubmittedAt) != submitted || told.Late != (late == 1) {
			t.Errorf("%s: the row says %d v%d, its %d events %d v%d %s", number, status, version, len(events), told.Status, told.Version, told.Number)
		}
	}
	var reached, dossiers int64
	if err := db.QueryRow(ctx, `SELECT (SELECT COUNT(DISTINCT s.dossier_id) FROM dossier_search s JOIN dossier_dossier d ON d.id = s.dossier_id AND d.submitted_at = s.submitted_at), (SELECT COUNT(*) FROM dossier_dossier)`).Scan(&reached, &dossiers); err != nil || reached != dossiers {
		t.Errorf("%d of %d dossiers can be searched for, %v", reached, dossiers, err)
	}
}

func openPages(t *testing.T, h house) []*page {
	t.Helper()
	db, err := sqldb.Open(t.Context(), h.database(), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	pages, err := pagesOf(t.Context(), db, &cast{wardOfficer: "chuyenvien", provinceLead: "lanhdao.tinh"})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// The bounds of a page: a third over what it takes today.
const (
	mostStatements  = 20
	mostOfDossier   = 34 // the page of one dossier gathers all its parts
	mostKB          = 100
	mostOfFigures   = 260 // kB, uncompressed: a line for each of 124 agencies
	mostAllocations = 85_000
)

// walk asks for every page once in this process.
func walk(t *testing.T, h house, pages []*page) {
	a, err := app.Open(t.Context(), app.Options{Config: h.settings()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for _, p := range pages {
		for _, path := range p.paths[:min(3, len(p.paths))] {
			ctx, n := sqldb.WithCounter(t.Context())
			body := ask(ctx, t, a, tokens, p.login, path)
			if err := p.check(path, body); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			most := int64(mostStatements)
			if strings.HasPrefix(path, "/xu-ly/") {
				most = mostOfDossier
			}
			if n.Load() > most {
				t.Errorf("%s: %d statements, at most %d are allowed", path, n.Load(), most)
			}
			heavy := mostKB
			if strings.HasPrefix(path, "/thong-ke") {
				heavy = mostOfFigures
			}
			if kb := len(body) / 1000; kb > heavy {
				t.Errorf("%s: %d kB, at most %d are allowed", path, kb, heavy)
			}
		}
		path := p.paths[0]
		if n := testing.AllocsPerRun(3, func() { ask(t.Context(), t, a, tokens, p.login, path) }); n > mostAllocations {
			t.Errorf("%s: %.0f allocations, at most %d are allowed", path, n, mostAllocations)
		}
	}
}

func ask(ctx context.Context, t *testing.T, a *app.App, tokens map[string]string, login, path string) []byte {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if login != "" {
		if tokens[login] == "" {
			token, _, err := a.CreateToken(t.Context(), login, "bench", 1)
			if err != nil {
				t.Fatal(err)
			}
			tokens[login] = token
		}
		r.Header.Set("Authorization", "Bearer "+tokens[login])
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d", path, w.Code)
	}
	return w.Body.Bytes()
}

// loseAnIndex shows that a plan that scans is found.
func loseAnIndex(t *testing.T, h house, pages []*page) {
	db, err := sqldb.Open(t.Context(), h.database(), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), `DROP INDEX dossier_dossier_number`)
		return err
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	found, err := scans1(t.Context(), h, pages)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(found, "\n"), "dossier_dossier") {
		t.Errorf("numbers are looked up without an index, and the plans show %q", found)
	}
}

// Targets can be missed, and a table written from figures says so.
func TestBook(t *testing.T) {
	b := &book{harder: 1, table: "bench", group: "sqlite, 0 dossiers", where: "commit abc, 2 cores"}
	b.atLeast("submit", 1999, 2000, "/s", "p50 1 ms")
	b.atMost("start", 0.2, 1, "s", "")
	b.add("plain", 7, "", "")
	if m := b.missed(); len(m) != 1 || !strings.Contains(m[0], "submit 1,999/s of ≥ 2,000") || b.targets() != 2 {
		t.Errorf("missed %q of %d", m, b.targets())
	}
	harder := &book{harder: 100, table: "bench", group: "x"}
	harder.atMost("start", 0.2, 1, "s", "")
	harder.atLeast("submit", 150_000, 2000, "/s", "")
	if len(harder.missed()) != 2 {
		t.Errorf("targets made a hundred times harder are met: %+v", harder.figures)
	}

	page := filepath.Join(t.TempDir(), "proof.md")
	text := "# Proof\n<!-- bench -->\nold\n<!-- /bench -->\nbetween\n<!-- peers -->\n<!-- /peers -->\n<!-- pages -->\n<!-- /pages -->\nend\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.keepIn(page); err != nil {
		t.Fatal(err)
	}
	later := &book{harder: 1, table: "bench", group: "sqlite, 0 dossiers", where: "commit def, 2 cores"}
	later.atLeast("submit", 2500, 2000, "/s", "p50 1 ms")
	if err := later.keepIn(page); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| submit | 2,500 /s | p50 1 ms | ≥ 2,000 | met |", "| start | 0.20 s |  | ≤ 1 | met |", "commit abc", "commit def", "between", "# Proof", "end\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the page lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "old") || strings.Contains(string(out), "1,999") {
		t.Errorf("what was measured again stays:\n%s", out)
	}
	if _, err := render("no marks", "bench", nil); err == nil {
		t.Error("a page without marks is taken")
	}
}

// A wrong answer ends a run, and the first failure is what is told.
func TestCrowdStopsAtAWrongAnswer(t *testing.T) {
	wrong := errors.New("another name")
	_, err := crowd(t.Context(), 8, time.Minute, func(_ context.Context, worker, round int) error {
		if worker == 3 && round == 5 {
			return wrong
		}
		return nil
	})
	if !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	s, err := crowd(t.Context(), 4, 20*time.Millisecond, func(context.Context, int, int) error { return nil })
	if err != nil || s.n == 0 || s.rate == 0 || s.p99 < s.p50 {
		t.Errorf("%+v, %v", s, err)
	}
}

// Papers of 200 kB are PDFs to whoever looks at the first bytes, and no two are the same.
func TestPapersDiffer(t *testing.T) {
	s, other := newScans(1), newScans(2)
	seen := map[string]bool{}
	for i := range int64(50) {
		for _, p := range [][]byte{s.next(i), other.next(i)} {
			if len(p) != paperSize || string(p[:5]) != "%PDF-" || seen[string(p)] {
				t.Fatalf("paper %d", i)
			}
			seen[string(p)] = true
		}
	}
	if fmt.Sprint(number(1234567), number(0.25), number(-1234), number(45.61)) != fmt.Sprint("1,234,567", "0.25", "-1,234", "45.6") {
		t.Error("numbers are not written as people read them")
	}
}
