package job

import (
	"context"
	"encoding/json"
	"os"
	"sync/atomic"
	"testing"

	"motcua/internal/platform/sqldb"
)

// BenchmarkDrain enqueues b.N jobs, one a transaction, and lets four workers
// run them; docs/adr/0003 has the figures.
func BenchmarkDrain(b *testing.B) {
	drain := func(b *testing.B, url string) {
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
			if err := db.Tx(b.Context(), func(tx *sqldb.Tx) error {
				for _, table := range []string{"job_task", "job_schedule", "schema_step"} {
					if _, err := tx.Exec(b.Context(), `DROP TABLE IF EXISTS `+table); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		if err := sqldb.Migrate(b.Context(), db, Line()); err != nil {
			b.Fatal(err)
		}
		q := New(db, Options{})
		for i := range b.N {
			enqueue1(b, db, q, "a.b", i)
		}
		b.ResetTimer()
		ctx, stop := context.WithCancel(b.Context())
		var n atomic.Int64
		if err := q.Run(ctx, []Handler{{Kind: "a.b", Run: func(context.Context, json.RawMessage) error {
			if n.Add(1) == int64(b.N) {
				stop()
			}
			return nil
		}}}, nil); err != nil {
			b.Error(err)
		}
		stop()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	}
	b.Run("sqlite", func(b *testing.B) { drain(b, "sqlite:"+b.TempDir()+"/bench.db") })
	b.Run("postgres", func(b *testing.B) {
		url := os.Getenv("MOTCUA_BENCH_POSTGRES")
		if url == "" {
			b.Skip("set MOTCUA_BENCH_POSTGRES to a database that may be emptied")
		}
		drain(b, url)
	})
}
