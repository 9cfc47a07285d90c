package journal

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// These compare ways to keep the ledger; docs/adr/0002 has their figures. Run
//
//	go test ./internal/platform/journal -run '^$' -bench Append -benchtime 2s
//
// The work is that of filing: a transaction that writes one row of its own and
// appends one event, from 16 callers at once, each to a stream of its own.

const callers = 16

func benchEach(b *testing.B, bench func(b *testing.B, db *sqldb.DB)) {
	run := func(b *testing.B, url string) {
		db, err := sqldb.Open(b.Context(), url, sqldb.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer func() {
			if err := db.Close(); err != nil {
				b.Error(err)
			}
		}()
		if db.Dialect() == sqldb.Postgres {
			for _, table := range append(slices.Clone(houseTables), "journal_lease", "journal_cursor", "journal_parked", "schema_step", "work") {
				sqlExec(b, db, `DROP TABLE IF EXISTS `+table)
			}
		}
		if err := sqldb.Migrate(b.Context(), db, Line()); err != nil {
			b.Fatal(err)
		}
		sqlExec(b, db, `CREATE TABLE work (id TEXT PRIMARY KEY, note TEXT NOT NULL)`)
		bench(b, db)
	}
	b.Run("sqlite", func(b *testing.B) { run(b, "sqlite:"+b.TempDir()+"/bench.db") })
	b.Run("postgres", func(b *testing.B) {
		// A database of its own that the benchmark may empty.
		url := os.Getenv("MOTCUA_BENCH_POSTGRES")
		if url == "" {
			b.Skip("set MOTCUA_BENCH_POSTGRES to a database that may be emptied")
		}
		run(b, url)
	})
}

// many runs do from all callers b.N times in all and reports the slow end.
func many(b *testing.B, do func(i int) error) {
	var next atomic.Int64
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				start := time.Now()
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}

func work(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO work (id, note) VALUES ($1, 'hồ sơ')`, id.New())
	return err
}

func sample(i int) Event {
	return Event{Stream: "dossier:" + strconv.Itoa(i), Type: "dossier.received", Actor: id.New(), ActorName: "Nguyễn Thị Nụ",
		Data: []byte(`{"number":"H56.15.02-260302-0001","step":"receive","note":"Hồ sơ đủ thành phần, hẹn trả ngày 05/03/2026"}`)}
}

// The work without any ledger: what everything else is measured against.
func BenchmarkAppendNothing(b *testing.B) {
	benchEach(b, func(b *testing.B, db *sqldb.DB) {
		many(b, func(int) error {
			return db.Tx(b.Context(), func(tx *sqldb.Tx) error { return work(b.Context(), tx) })
		})
	})
}

// What we do: append in the transaction, seal afterwards, the sealer at work.
func BenchmarkAppendSealedAfter(b *testing.B) {
	benchEach(b, func(b *testing.B, db *sqldb.DB) {
		var lag atomic.Int64
		j := open(b, db, Options{Log: quiet, Observe: Observer{Sealed: func(n int, _ time.Duration) { lag.Add(-int64(n)) }}})
		ctx, stop := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- j.Run(ctx, nil) }()
		var worst int64
		many(b, func(i int) error {
			if n := lag.Add(1); n > worst {
				worst = n // a race costs nothing but precision
			}
			return db.Tx(b.Context(), func(tx *sqldb.Tx) error {
				if err := work(b.Context(), tx); err != nil {
					return err
				}
				_, err := j.Append(b.Context(), tx, sample(i))
				return err
			})
		})
		b.ReportMetric(float64(worst), "most-unsealed")
		start := time.Now()
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "rest-ms")
	})
}

// Append alone, nobody sealing.
func BenchmarkAppendNeverSealed(b *testing.B) {
	benchEach(b, func(b *testing.B, db *sqldb.DB) {
		j := open(b, db, Options{Log: quiet})
		many(b, func(i int) error {
			return db.Tx(b.Context(), func(tx *sqldb.Tx) error {
				if err := work(b.Context(), tx); err != nil {
					return err
				}
				_, err := j.Append(b.Context(), tx, sample(i))
				return err
			})
		})
	})
}

// The other way: position and hashes in the same transaction, which makes every
// writer of the house queue for the end of the log.
func BenchmarkAppendSealedInCommit(b *testing.B) {
	benchEach(b, func(b *testing.B, db *sqldb.DB) {
		j := open(b, db, Options{Log: quiet})
		var refused atomic.Int64
		// On PostgreSQL even the twenty tries of a transaction are often not enough;
		// a caller that is sent away comes again here, so that there is a figure.
		again := func(do func() error) error {
			for {
				err := do()
				if !errs.Is(err, errs.Unavailable) {
					return err
				}
				refused.Add(1)
			}
		}
		defer func() { b.ReportMetric(float64(refused.Load()), "refused") }()
		many(b, func(i int) error {
			return again(func() error {
				return db.Tx(b.Context(), func(tx *sqldb.Tx) error {
					if err := work(b.Context(), tx); err != nil {
						return err
					}
					e, err := j.Append(b.Context(), tx, sample(i))
					if err != nil {
						return err
					}
					var size int64
					if err := tx.QueryRow(b.Context(), `UPDATE journal_tree SET size = size + 1 WHERE id = 1 RETURNING size - 1`).Scan(&size); err != nil {
						return err
					}
					edge, err := loadFrontier(b.Context(), tx, size)
					if err != nil {
						return err
					}
					if err := storeHashes(b.Context(), tx, edge.add(tlog.RecordHash(e.Record())), tlog.StoredHashIndex(0, size)); err != nil {
						return err
					}
					return place(b.Context(), tx, []Event{e}, size)
				})
			})
		})
	})
}

// Numbering a stream by reading its last event instead of keeping its head.
func BenchmarkAppendByReadingTheLast(b *testing.B) {
	benchEach(b, func(b *testing.B, db *sqldb.DB) {
		many(b, func(i int) error {
			e := sample(i)
			return db.Tx(b.Context(), func(tx *sqldb.Tx) error {
				if err := work(b.Context(), tx); err != nil {
					return err
				}
				var seq int64
				if err := tx.QueryRow(b.Context(), `SELECT COALESCE(MAX(seq), 0) + 1 FROM journal_event WHERE stream = $1`, e.Stream).Scan(&seq); err != nil {
					return err
				}
				_, err := tx.Exec(b.Context(), `INSERT INTO journal_event (id, stream, seq, type, at, actor, actor_name, on_behalf, purpose, data)
					VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
					id.New(), e.Stream, seq, e.Type, 0, e.Actor, e.ActorName, e.OnBehalf, e.Purpose, string(e.Data))
				return err
			})
		})
	})
}

// Verify over a large journal.
func BenchmarkVerify(b *testing.B) {
	benchEach(b, func(b *testing.B, db *sqldb.DB) {
		dir := b.TempDir()
		j := open(b, db, Options{Dir: dir, Log: quiet})
		const events = 50_000
		for i := 0; i < events; i += 500 {
			if err := db.Tx(b.Context(), func(tx *sqldb.Tx) error {
				for n := range 500 {
					e := sample(i + n)
					e.Stream = fmt.Sprintf("dossier:%d", (i+n)/10)
					if _, err := j.Append(b.Context(), tx, e); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		start := time.Now()
		catchUp(b, j)
		b.ReportMetric(events/time.Since(start).Seconds(), "sealed/s")
		b.ResetTimer()
		for b.Loop() {
			clean(b, db, dir)
		}
		b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "verified/s")
	})
}
