package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"motcua/internal/platform/sqldb"
)

// A statement that is being read from runs again inside the loop, in the same
// transaction and with the same text: each reading keeps its own place.
func TestOneTextReadTwiceAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		fill(t, db, 20)
		if db.Dialect() == sqldb.Postgres {
			return // one connection reads one result at a time there; nobody nests
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			seen := 0
			outer, err := tx.Query(ctx, `SELECT n FROM thing WHERE n >= $1 ORDER BY n`, 1)
			if err != nil {
				return err
			}
			for outer.Next() {
				seen++
				var n int
				if err := outer.Scan(&n); err != nil {
					return err
				}
				inner, err := numbers(tx.Query(ctx, `SELECT n FROM thing WHERE n >= $1 ORDER BY n`, 18))
				if err != nil || len(inner) != 3 {
					return fmt.Errorf("inside %d: %v %w", n, inner, err)
				}
				if n != seen {
					return fmt.Errorf("row %d is %d: the reading lost its place", seen, n)
				}
			}
			if seen != 20 {
				return fmt.Errorf("read %d of 20", seen)
			}
			return outer.Close()
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// More texts than are kept, by many at once, while rows come and go and the table
// itself changes: every answer is right.
func TestMoreTextsThanAreKept(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		fill(t, db, 50)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 300 {
					want := (i*7 + g) % 50
					text := fmt.Sprintf(`SELECT n FROM thing WHERE n > $1 AND %d = %d ORDER BY n`, i, i)
					got, err := numbers(db.Query(ctx, text, want))
					if err != nil || len(got) != 50-want {
						t.Errorf("%s with %d: %d rows, %v", text, want, len(got), err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(ctx, `ALTER TABLE thing ADD COLUMN more TEXT NOT NULL DEFAULT 'x'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := numbers(db.Query(ctx, `SELECT n FROM thing WHERE n > $1 AND 3 = 3 ORDER BY n`, 0)); err != nil || len(got) != 50 {
			t.Errorf("after the table changed: %d rows, %v", len(got), err)
		}
	})
}

// What a transaction could not do is undone although its statements stay compiled,
// and its neighbours in the same commit stand.
func TestCompiledStatementsRollBack(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		fill(t, db, 1)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				err := db.Tx(ctx, func(tx *sqldb.Tx) error {
					if _, err := tx.Exec(ctx, `INSERT INTO thing (n) VALUES ($1)`, 100+i); err != nil {
						return err
					}
					if i%2 == 0 {
						_, err := tx.Exec(ctx, `INSERT INTO thing (n) VALUES ($1)`, 1) // there already
						return err
					}
					return nil
				})
				if (err != nil) != (i%2 == 0) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if got, err := numbers(db.Query(ctx, `SELECT n FROM thing ORDER BY n`)); err != nil || len(got) != 21 {
			t.Errorf("%d rows, %v", len(got), err)
		}
	})
}

// Statements are counted and shown to whoever asks.
func TestTraceSeesStatements(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		fill(t, db, 3)
		var seen []string
		ctx := sqldb.WithTrace(t.Context(), func(query string, args []any) { seen = append(seen, fmt.Sprint(query, args)) })
		if _, err := numbers(db.Query(ctx, `SELECT n FROM thing WHERE n > $1`, 1)); err != nil {
			t.Fatal(err)
		}
		counted, n := sqldb.WithCounter(ctx)
		if _, err := numbers(db.Query(counted, `SELECT n FROM thing WHERE n > $1`, 1)); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 2 || seen[0] != seen[1] || seen[0] != `SELECT n FROM thing WHERE n > $1[1]` || n.Load() != 1 {
			t.Errorf("%q, %d", seen, n.Load())
		}
	})
}

func fill(t *testing.T, db *sqldb.DB, n int) {
	t.Helper()
	ctx := context.Background()
	if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TABLE thing (n BIGINT PRIMARY KEY)`); err != nil {
			return err
		}
		for i := range n {
			if _, err := tx.Exec(ctx, `INSERT INTO thing (n) VALUES ($1)`, i+1); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func numbers(rows *sqldb.Rows, err error) ([]int, error) {
	return sqldb.Collect[int](rows, err)(func(r *sqldb.Rows) (n int, err error) { return n, r.Scan(&n) })
}

// What was put off is there for the next statement of the transaction, and what is
// wrong with it undoes the transaction.
func TestLater(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		fill(t, db, 2)
		type small string
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			for i := range 5 {
				if err := tx.Later(ctx, `INSERT INTO thing (n) VALUES ($1)`, 10+i); err != nil {
					return err
				}
			}
			var n int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM thing`).Scan(&n); err != nil || n != 7 {
				return fmt.Errorf("%d in the transaction: %w", n, err)
			}
			if err := tx.Later(ctx, `DELETE FROM thing WHERE n = $1`, 1); err != nil {
				return err
			}
			if err := tx.Later(ctx, `INSERT INTO counter (name, n) VALUES ($1, $2)`, small("named types too"), sqldb.NullMillis(sqldb.Time(5))); err != nil {
				return err
			}
			return tx.Later(ctx, `DELETE FROM thing WHERE n = $1`, 2)
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := numbers(db.Query(ctx, `SELECT n FROM thing ORDER BY n`)); err != nil || len(got) != 5 || got[0] != 10 {
			t.Errorf("%v, %v", got, err)
		}
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			if err := tx.Later(ctx, `INSERT INTO thing (n) VALUES (77)`); err != nil {
				return err
			}
			return tx.Later(ctx, `INSERT INTO thing (n) VALUES (10)`) // there already
		})
		if !errors.Is(err, sqldb.ErrDuplicate) {
			t.Errorf("a double row: %v", err)
		}
		if got, err := numbers(db.Query(ctx, `SELECT n FROM thing WHERE n = $1`, 77)); err != nil || len(got) != 0 {
			t.Errorf("its neighbour stayed: %v, %v", got, err)
		}
	})
}
