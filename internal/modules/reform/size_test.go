package reform_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/core/identity/identitytest"
	"motcua/internal/modules/reform"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// copies makes n more of the open dossiers there are, row for row under new ids: what
// a reform has to carry, without the hours it takes to file them.
func (p *hasp) copies(n int) {
	p.t.Helper()
	ctx := context.Background()
	rows, err := p.DB.Query(ctx, `SELECT id FROM dossier_dossier WHERE status NOT IN (3, 7, 10) ORDER BY id`)
	open, err := sqldb.Strings(rows, err)
	if err != nil {
		p.t.Fatal(err)
	}
	heads := "procedure_code, procedure_name, version_id, case_id, offer_id, title, channel, receiving_id, receiving_path, competent_id, competent_path, owner_account, owner_name, submitter_account, proxy, sets, status, stage, step, clock, submitted_at, received_at, due_at, paused_at, finished_at, returned_at, supplements, late, confidentiality, parent_id, fee_due, fee_paid, receipt_id, entry_id, result_id, version, updated_at"
	for made := 0; made < n; {
		pairs := make([]string, 0, 2000)
		var args []any
		for ; len(pairs) < cap(pairs) && made < n; made++ {
			pairs = append(pairs, fmt.Sprintf("(CAST($%d AS TEXT), CAST($%d AS TEXT), CAST($%d AS TEXT))", len(args)+1, len(args)+2, len(args)+3))
			args = append(args, open[made%len(open)], id.New(), strconv.Itoa(100000+made))
		}
		if err := p.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			for _, table := range []struct{ name, columns, key, own string }{
				{"dossier_body", "owner, submitter, delivery, run, outcome", "dossier_id", "v.made"},
				{"dossier_task", "task, step, kind, role, agency_id, department_id, assignee_id, delegated_from, for_whom, opened_at, due_at, late_at, sort_at, closed_at, closed_by, seen_at", "dossier_id", "v.made"},
				{"dossier_clock", "seq, kind, at, reason, basis, paper, hours, days, promised", "dossier_id", "v.made"},
				{"dossier_answers", "revision, at, actor, answers", "dossier_id", "v.made"},
				{"dossier_reach", "key, submitted_at", "dossier_id", "v.made"},
				{"dossier_dossier", heads, "id, number", "v.made, substr(o.number, 1, 16) || v.n"},
			} {
				owner, _, _ := strings.Cut(table.key, ",")
				if _, err := tx.Exec(ctx, `WITH v(source, made, n) AS (VALUES `+strings.Join(pairs, ", ")+`) INSERT INTO `+table.name+` (`+table.columns+`, `+table.key+`)
					SELECT o.`+strings.ReplaceAll(table.columns, ", ", ", o.")+`, `+table.own+` FROM v JOIN `+table.name+` o ON o.`+owner+` = v.source`, args...); err != nil {
					return fmt.Errorf("%s: %w", table.name, err)
				}
			}
			return nil
		}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// TestSize measures a reform of as many open dossiers as MOTCUA_REFORM_SIZE says.
func TestSize(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("MOTCUA_REFORM_SIZE"))
	if err != nil {
		t.Skip("a measurement: MOTCUA_REFORM_SIZE=2000 go test ./internal/modules/reform -run TestSize -v")
	}
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) {
		p := newProvince(t, db)
		p.live(40)
		p.copies(n)
		began := time.Now()
		d := p.propose()
		dry := time.Since(began)
		if _, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: d.ID}); err != nil {
			t.Fatal(err)
		}
		p.Clock.Set(day.At(0, 0))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		most := before.HeapAlloc
		done, stop := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
					runtime.ReadMemStats(&after)
					most = max(most, after.HeapAlloc)
				}
			}
		}()
		d, err := p.reforms.Carry(identitytest.AsSystem(), d.ID)
		close(stop)
		<-done
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("size (%s): open=%d dry_run_ms=%d read_only_ms=%d heap_mb=%d\n", db.Dialect(), d.Summary[reform.KindDossier], dry.Milliseconds(), d.Took.Milliseconds(), (most-before.HeapAlloc)>>20)
	})
}

// TestApplyOnce lets many replicas apply one decree at the same moment.
func TestApplyOnce(t *testing.T) {
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) {
		p := newProvince(t, db)
		p.live(8)
		d := p.propose()
		if _, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: d.ID}); err != nil {
			t.Fatal(err)
		}
		p.Clock.Set(day.At(0, 0))
		var wg sync.WaitGroup
		failures := make([]error, 4)
		for i := range failures {
			other := reform.New(reform.Deps{DB: db, Journal: p.Journal, Jobs: p.Jobs, Org: p.Org, Identity: p.Identity, Dossiers: p.Dossiers, Registers: p.Registers, Procedures: p.Procedures, Now: p.Clock.Now})
			wg.Go(func() { _, failures[i] = other.Carry(context.Background(), d.ID) })
		}
		wg.Wait()
		for _, err := range failures {
			// Whoever came a moment later may have planned against the tree of before or after; nothing of it is written.
			if err != nil && !strings.Contains(err.Error(), "reform.has-problems") {
				t.Error(err)
			}
		}
		var applied, created int
		if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM journal_event WHERE type = 'reform.applied'`).Scan(&applied); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM org_agency WHERE code IN ('H63.41', 'H63.42')`).Scan(&created); err != nil {
			t.Fatal(err)
		}
		if applied != 1 || created != 2 {
			t.Errorf("applied %d times, %d agencies created", applied, created)
		}
	})
}
