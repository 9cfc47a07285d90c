package dossier_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// benchmarks run on SQLite, and on PostgreSQL when MOTCUA_TEST_POSTGRES is set.
func benchEach(b *testing.B, bench func(b *testing.B, h *dossiertest.House)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, dossiertest.New(b, sqldbtest.SQLite(b, dossiertest.Lines()...))) })
	if os.Getenv(sqldbtest.Env) == "" {
		return
	}
	b.Run("postgres", func(b *testing.B) {
		ctx := context.Background()
		db, err := sqldb.Open(ctx, sqldbtest.PostgresURL(b), sqldb.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		if err := sqldb.Migrate(ctx, db, dossiertest.Lines()...); err != nil {
			b.Fatal(err)
		}
		bench(b, dossiertest.New(b, db))
	})
}

// BenchmarkSubmit files dossiers from 64 places at once over two agencies; every
// one is durable before it is answered.
func BenchmarkSubmit(b *testing.B) {
	benchEach(b, func(b *testing.B, h *dossiertest.House) {
		citizen := h.Person(b, "Nguyễn Thị Tốc Độ")
		ctx := h.As(b, citizen)
		answers := raw(b, dossiertest.Answers(citizen.Name, citizen.CitizenNo))
		file := h.Upload(b, citizen, "a.pdf")
		var n atomic.Int64
		b.SetParallelism(32)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1)
				at := h.Commune
				if i%2 == 0 {
					at = h.Other
				}
				if _, err := h.Dossiers.File(ctx, dossier.FileInput{
					Key: strconv.FormatInt(i, 10), OfferID: h.Offer(at, procedure.Online), RawAnswers: answers,
					Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{file}}},
				}); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "dossiers/s")
	})
}

// seed puts n dossiers straight into the tables, one in fifty still open.
func seed(b *testing.B, h *dossiertest.House, n int) {
	b.Helper()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 2))
	family := []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô"}
	given := []string{"An", "Bình", "Chi", "Dũng", "Giang", "Hường", "Khuê", "Lan", "Minh", "Nghĩa", "Oanh", "Phúc"}
	now := h.Clock.Now()
	for from := 0; from < n; from += 500 {
		var heads, reach, search, tasks []string
		for i := from; i < min(from+500, n); i++ {
			dossierID := id.New()
			at := h.Commune
			if i%3 == 0 {
				at = h.Other
			}
			name := family[rng.IntN(len(family))] + " Thị " + given[rng.IntN(len(given))]
			when := sqldb.Millis(now.Add(-time.Duration(n-i) * time.Minute))
			status, clock, due := 10, "stopped", "NULL"
			if i%50 == 0 {
				status, clock, due = 4, "running", strconv.FormatInt(when+5*86400e3, 10)
				tasks = append(tasks, fmt.Sprintf("('%s','t2','process','work','officer','%s','','','','',%d,%s,%s,%s,NULL,'',NULL)", dossierID, at.ID, when, due, due, due))
			}
			number := fmt.Sprintf("%s-%06d-%04d", at.Code, i/1000, i%1000)
			heads = append(heads, fmt.Sprintf("('%s','%s','%s','Cấp giấy phép thử nghiệm','%s','default','','Đơn %d','online','%s','%s','%s','%s','','%s','','',1,%d,'work','process','%s',%d,%d,%s,NULL,%s,NULL,0,0,'','',0,0,'','','',5,%d)",
				dossierID, number, dossiertest.Code, h.VersionID, i, at.ID, at.Path, at.ID, at.Path, name, status, clock, when, when, due, map[bool]string{true: "NULL", false: strconv.FormatInt(when, 10)}[status == 4], when))
			for _, key := range []string{"a:" + at.ID, "a:" + at.ID + "|" + dossiertest.Code} {
				reach = append(reach, fmt.Sprintf("('%s',%d,'%s')", key, when, dossierID))
			}
			words := fold.Tokens(name)
			for w := range words {
				search = append(search, fmt.Sprintf("('%s','%s','%s',%d)", at.ID, strings.Join(words[w:], " "), dossierID, when))
			}
		}
		if err := h.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			for into, rows := range map[string][]string{
				`dossier_dossier (id, number, procedure_code, procedure_name, version_id, case_id, offer_id, title, channel, receiving_id, receiving_path, competent_id, competent_path,
					owner_account, owner_name, submitter_account, proxy, sets, status, stage, step, clock, submitted_at, received_at, due_at, paused_at, finished_at, returned_at,
					supplements, late, confidentiality, parent_id, fee_due, fee_paid, receipt_id, entry_id, result_id, version, updated_at)`: heads,
				`dossier_reach (key, submitted_at, dossier_id)`: reach, `dossier_search (agency_id, key, dossier_id, submitted_at)`: search,
				`dossier_task (dossier_id, task, step, kind, role, agency_id, department_id, assignee_id, delegated_from, for_whom, opened_at, due_at, late_at, sort_at, closed_at, closed_by, seen_at)`: tasks,
			} {
				if len(rows) == 0 {
					continue
				}
				if _, err := tx.Exec(ctx, `INSERT INTO `+into+` VALUES `+strings.Join(rows, ",")); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	if h.DB.Dialect() == sqldb.Postgres {
		if _, err := h.DB.SQL().Exec(`ANALYZE`); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkQueue reads pages among many dossiers (MOTCUA_BENCH_DOSSIERS, 20000).
func BenchmarkQueue(b *testing.B) {
	n := 20000
	if v, err := strconv.Atoi(os.Getenv("MOTCUA_BENCH_DOSSIERS")); err == nil {
		n = v
	}
	benchEach(b, func(b *testing.B, h *dossiertest.House) {
		seed(b, h, n)
		team, province := h.Team(b, h.Commune), h.Team(b, h.Province)
		officer, leader := h.As(b, team.Officer), h.As(b, province.Leader)
		last := deep(officer, b, h)
		for name, run := range map[string]func() error{
			"counters":           func() error { _, err := h.Dossiers.Counters(officer); return err },
			"unassigned":         page(officer, h, dossier.QueueQuery{Queue: dossier.QueueUnassigned}),
			"overdue":            page(officer, h, dossier.QueueQuery{Queue: dossier.QueueOverdue}),
			"all":                page(officer, h, dossier.QueueQuery{Queue: dossier.QueueAll}),
			"all-deep":           page(officer, h, dossier.QueueQuery{Queue: dossier.QueueAll, After: last}),
			"all-of-province":    page(leader, h, dossier.QueueQuery{Queue: dossier.QueueAll}),
			"all-open":           page(officer, h, dossier.QueueQuery{Queue: dossier.QueueAll, Status: dossier.StatusProcessing}),
			"search-name":        page(officer, h, dossier.QueueQuery{Queue: dossier.QueueAll, Search: "dang thi huong"}),
			"search-common-word": page(leader, h, dossier.QueueQuery{Queue: dossier.QueueAll, Search: "thi"}),
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}

func page(ctx context.Context, h *dossiertest.House, q dossier.QueueQuery) func() error {
	return func() error { _, err := h.Dossiers.Queue(ctx, q); return err }
}

// deep turns thirty pages.
func deep(ctx context.Context, b *testing.B, h *dossiertest.House) (after string) {
	b.Helper()
	for range 30 {
		p, err := h.Dossiers.Queue(ctx, dossier.QueueQuery{Queue: dossier.QueueAll, After: after, Limit: 100})
		if err != nil {
			b.Fatal(err)
		}
		after = p.Next
	}
	return after
}
