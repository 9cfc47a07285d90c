package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

var counterLine = sqldb.Line{Name: "counter", FS: fstest.MapFS{
	"0001_counter.sql": {Data: []byte("CREATE TABLE counter (name TEXT PRIMARY KEY, n BIGINT NOT NULL);\nCREATE TABLE mark (id TEXT PRIMARY KEY);\n")},
}}

func each(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	sqldbtest.Each(t, []sqldb.Line{counterLine}, test)
}

// write is a way to run a transaction; whichever it is, its contract is the same.
type write func(ctx context.Context, fn func(tx *sqldb.Tx) error) error

func eachWay(t *testing.T, test func(t *testing.T, db *sqldb.DB, write write)) {
	t.Run("alone", func(t *testing.T) {
		each(t, func(t *testing.T, db *sqldb.DB) { test(t, db, db.Tx) })
	})
	t.Run("in turn", func(t *testing.T) {
		each(t, func(t *testing.T, db *sqldb.DB) {
			var n atomic.Int64
			test(t, db, func(ctx context.Context, fn func(tx *sqldb.Tx) error) error {
				// Some want one turn, some two, some name them in another order.
				turns := [][]string{{"a"}, {"a", "b"}, {"b", "a"}, {"a", "a"}}
				return db.TxInTurn(ctx, turns[n.Add(1)%4], fn)
			})
		})
	})
}

func TestWritersNeverLoseAnUpdate(t *testing.T) {
	eachWay(t, func(t *testing.T, db *sqldb.DB, write write) {
		ctx := context.Background()
		const writers, rounds = 16, 12
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range rounds {
					if err := write(ctx, func(tx *sqldb.Tx) error {
						// Read then write: only isolation keeps this right.
						var n int64
						err := tx.QueryRow(ctx, `SELECT n FROM counter WHERE name = $1`, "x").Scan(&n)
						if errors.Is(err, sqldb.ErrNotFound) {
							_, err = tx.Exec(ctx, `INSERT INTO counter (name, n) VALUES ($1, 1)`, "x")
							return err
						}
						if err != nil {
							return err
						}
						_, err = tx.Exec(ctx, `UPDATE counter SET n = $1 WHERE name = $2`, n+1, "x")
						return err
					}); err != nil && !errors.Is(err, sqldb.ErrDuplicate) {
						t.Error(err)
					} else if err != nil {
						// Two first inserts met on PostgreSQL: the loser counts again.
						if err := write(ctx, func(tx *sqldb.Tx) error {
							_, err := tx.Exec(ctx, `UPDATE counter SET n = n + 1 WHERE name = 'x'`)
							return err
						}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		var n int64
		if err := db.QueryRow(ctx, `SELECT n FROM counter WHERE name = 'x'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != writers*rounds {
			t.Errorf("counter = %d, want %d", n, writers*rounds)
		}
	})
}

func TestAFailedTxLeavesNothingAndHarmsNobody(t *testing.T) {
	eachWay(t, func(t *testing.T, db *sqldb.DB, write write) {
		ctx := context.Background()
		boom := errors.New("boom")
		var committed atomic.Int64
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				err := write(ctx, func(tx *sqldb.Tx) error {
					if _, err := tx.Exec(ctx, `INSERT INTO mark (id) VALUES ($1)`, fmt.Sprint(i)); err != nil {
						return err
					}
					tx.AfterCommit(func() { committed.Add(1) })
					switch i % 3 {
					case 1:
						return boom
					case 2:
						panic("a bug in one closure")
					}
					return nil
				})
				if (i%3 == 0) != (err == nil) || i%3 == 1 && !errors.Is(err, boom) {
					t.Errorf("task %d: err = %v", i, err)
				}
			})
		}
		wg.Wait()
		var n int64
		if err := db.QueryRow(ctx, `SELECT count(*) FROM mark`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 20 || committed.Load() != 20 {
			t.Errorf("rows = %d, AfterCommit = %d, want 20 of each", n, committed.Load())
		}
	})
}

func TestACallerThatHangsUpHarmsNobody(t *testing.T) {
	eachWay(t, func(t *testing.T, db *sqldb.DB, write write) {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				err := write(ctx, func(tx *sqldb.Tx) error {
					if i%2 == 1 {
						cancel() // in the middle of its own write
					}
					_, err := tx.Exec(ctx, `INSERT INTO mark (id) VALUES ($1)`, fmt.Sprint(i))
					return err
				})
				if i%2 == 0 && err != nil {
					t.Errorf("a neighbour's cancellation failed task %d: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}

// An error that only comes when what waits is sent is of the one who wrote it.
func TestALateErrorIsOfItsOwnTask(t *testing.T) {
	eachWay(t, func(t *testing.T, db *sqldb.DB, write write) {
		var wg sync.WaitGroup
		errs := make([]error, 40)
		for i := range errs {
			wg.Go(func() {
				errs[i] = write(context.Background(), func(tx *sqldb.Tx) error {
					if i%4 == 3 { // its own row twice
						if err := tx.Later(context.Background(), `INSERT INTO mark (id) VALUES ($1)`, fmt.Sprint(i)); err != nil {
							return err
						}
					}
					return tx.Later(context.Background(), `INSERT INTO mark (id) VALUES ($1)`, fmt.Sprint(i))
				})
			})
		}
		wg.Wait()
		for i, err := range errs {
			if i%4 == 3 && !errors.Is(err, sqldb.ErrDuplicate) || i%4 != 3 && err != nil {
				t.Errorf("task %d: %v", i, err)
			}
		}
		var n int64
		if err := db.QueryRow(context.Background(), `SELECT count(*) FROM mark`).Scan(&n); err != nil || n != 30 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// Nor does one that fails before its first statement take the others with it.
func TestAnEarlyErrorIsOfItsOwnTask(t *testing.T) {
	eachWay(t, func(t *testing.T, db *sqldb.DB, write write) {
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				err := write(context.Background(), func(tx *sqldb.Tx) error {
					if i%3 == 0 {
						return boom
					}
					return tx.Later(context.Background(), `INSERT INTO mark (id) VALUES ($1)`, fmt.Sprint(i))
				})
				if i%3 == 0 && !errors.Is(err, boom) || i%3 != 0 && err != nil {
					t.Errorf("task %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		var n int64
		if err := db.QueryRow(context.Background(), `SELECT count(*) FROM mark`).Scan(&n); err != nil || n != 40 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// What stands in line shares a commit, on both engines.
func TestThoseWhoWaitShareACommit(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		const many = 64
		ctx := context.Background()
		commits := map[string]bool{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range many {
			wg.Go(func() {
				var which string
				if err := db.TxInTurn(ctx, []string{"a"}, func(tx *sqldb.Tx) error {
					if _, err := tx.Exec(ctx, `INSERT INTO mark (id) VALUES ($1)`, id.New()); err != nil || tx.Dialect() == sqldb.SQLite {
						return err
					}
					return tx.QueryRow(ctx, `SELECT CAST(pg_current_xact_id() AS text)`).Scan(&which)
				}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				commits[which] = true
			})
		}
		wg.Wait()
		if len(commits) > many/2 {
			t.Errorf("%d callers at once took %d commits", many, len(commits))
		}
	})
}

func TestErrorsAreTranslated(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		insert := func() error {
			return db.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO mark (id) VALUES ('a')`)
				return err
			})
		}
		if err := insert(); err != nil {
			t.Fatal(err)
		}
		if err := insert(); !errors.Is(err, sqldb.ErrDuplicate) {
			t.Errorf("second insert: %v, want ErrDuplicate", err)
		}
		var id string
		if err := db.QueryRow(ctx, `SELECT id FROM mark WHERE id = 'none'`).Scan(&id); !errors.Is(err, sqldb.ErrNotFound) {
			t.Errorf("absent row: %v, want ErrNotFound", err)
		}
	})
}

func TestQueriesAreCounted(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, n := sqldb.WithCounter(context.Background())
		rows, err := db.Query(ctx, `SELECT id FROM mark LIMIT 5`)
		if _, err := sqldb.Strings(rows, err); err != nil {
			t.Fatal(err)
		}
		if n.Load() != 1 {
			t.Errorf("counted %d queries, want 1", n.Load())
		}
	})
}

func TestTimesSurvive(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	if got := sqldb.Time(sqldb.Millis(now)); !got.Equal(now) {
		t.Errorf("got %v, want %v", got, now)
	}
	if got := sqldb.NullTime(sqldb.NullMillis(time.Time{})); !got.IsZero() {
		t.Errorf("the absent time came back as %v", got)
	}
}
