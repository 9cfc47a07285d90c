package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// ledger is what a subscriber of the tests writes: what it handled, in a table,
// so that a rolled-back handling leaves no trace.
func withTable(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), `CREATE TABLE seen (who TEXT NOT NULL, position BIGINT NOT NULL, nth BIGINT NOT NULL)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		test(t, db)
	})
}

func keep(ctx context.Context, tx *sqldb.Tx, who string, e Event) error {
	_, err := tx.Exec(ctx, `INSERT INTO seen (who, position, nth) SELECT $1, $2, COUNT(*) FROM seen WHERE who = $1`, who, e.Position)
	return err
}

func seen(t testing.TB, db *sqldb.DB, who string) []int64 {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT position FROM seen WHERE who = $1 ORDER BY nth`, who)
	list, err := sqldb.Collect[int64](rows, err)(func(r *sqldb.Rows) (n int64, err error) { return n, r.Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func upTo(n int64) []int64 {
	all := []int64{}
	for i := range n {
		all = append(all, i)
	}
	return all
}

var quiet = slog.New(slog.DiscardHandler)

func TestSubscriberSeesItsTypesInOrderOnce(t *testing.T) {
	withTable(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{Log: quiet})
		for i := range 700 {
			add(t, j, fmt.Sprintf("d:%d", i%7), []string{"dossier.received", "dossier.moved", "form.saved"}[i%3], i)
		}
		sub := func(name string, types ...string) Subscriber {
			return Subscriber{Name: name, Types: types, Handle: func(ctx context.Context, tx *sqldb.Tx, e Event) error { return keep(ctx, tx, name, e) }}
		}
		all, prefix, one, none := sub("all"), sub("prefix", "dossier."), sub("one", "form.saved"), sub("none", "nothing.here")
		catchUp(t, j, all, prefix, one, none)
		catchUp(t, j, all, prefix, one, none)
		if got := seen(t, db, "all"); !slices.Equal(got, upTo(700)) {
			t.Errorf("all: %d events", len(got))
		}
		if got := len(seen(t, db, "prefix")); got != 467 {
			t.Errorf("prefix: %d", got)
		}
		if got := len(seen(t, db, "one")); got != 233 {
			t.Errorf("one: %d", got)
		}
		if got := len(seen(t, db, "none")); got != 0 {
			t.Errorf("none: %d", got)
		}
	})
}

// clockwork is a clock that a test moves.
type clockwork struct{ ms atomic.Int64 }

func (c *clockwork) now() time.Time { return time.UnixMilli(1_770_000_000_000 + c.ms.Load()) }

// A poisoned event is tried with growing pauses, then parked; before and after,
// everything else is handled in order and once.
func TestPoisonedEventIsParked(t *testing.T) {
	withTable(t, func(t *testing.T, db *sqldb.DB) {
		var c clockwork
		j := open(t, db, Options{Now: c.now, Log: quiet})
		for i := range 50 {
			add(t, j, "d:1", "d.a", i)
		}
		catchUp(t, j)
		mended := false
		var tried []int64
		s := Subscriber{Name: "s", MaxTries: 4, Handle: func(ctx context.Context, tx *sqldb.Tx, e Event) error {
			if err := keep(ctx, tx, "s", e); err != nil {
				return err
			}
			if e.Position == 20 && !mended {
				if len(tried) == 0 || tried[len(tried)-1] != c.ms.Load() {
					tried = append(tried, c.ms.Load())
				}
				return errors.New("no such thing")
			}
			return nil
		}}
		j.wantRole("sub:s")
		f := &follower{j: j, sub: s}
		for range 40 {
			for more := true; more; {
				var err error
				if more, err = f.step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if c.ms.Load() == 0 && !slices.Equal(seen(t, db, "s"), upTo(20)) {
				t.Fatalf("before the poison: %v", seen(t, db, "s"))
			}
			c.ms.Add(500)
		}
		if !slices.Equal(tried, []int64{0, 1000, 3000, 7000}) {
			t.Errorf("tried at %v ms", tried)
		}
		want := slices.Delete(upTo(50), 20, 21)
		if got := seen(t, db, "s"); !slices.Equal(got, want) {
			t.Errorf("handled %v", got)
		}
		parked, err := j.Parked(t.Context(), db, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(parked) != 1 || parked[0].Subscriber != "s" || parked[0].Event.Position != 20 || parked[0].Tries != 4 || parked[0].Error != "no such thing" {
			t.Fatalf("parked: %+v", parked)
		}
		if err := j.Retry(t.Context(), s, 20); err == nil {
			t.Fatal("retried although it fails still")
		}
		mended = true
		if err := j.Retry(t.Context(), s, 20); err != nil {
			t.Fatal(err)
		}
		if got := seen(t, db, "s"); len(got) != 50 || got[49] != 20 {
			t.Errorf("after the retry: %v", got)
		}
		if err := j.Retry(t.Context(), s, 20); !errs.Is(err, errs.NotFound) {
			t.Errorf("retried twice: %v", err)
		}
	})
}

// A database that is away is nobody's fault: nothing is counted, nothing parked.
func TestAbsenceOfTheDatabaseIsNotAFailureOfTheEvent(t *testing.T) {
	withTable(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{Log: quiet})
		add(t, j, "d:1", "d.a", nil)
		catchUp(t, j)
		away := true
		f := &follower{j: j, sub: Subscriber{Name: "s", MaxTries: 2, Handle: func(ctx context.Context, tx *sqldb.Tx, e Event) error {
			if away {
				return errs.New(errs.Unavailable, "database.away")
			}
			return keep(ctx, tx, "s", e)
		}}}
		for range 5 {
			if _, err := f.step(t.Context()); !errs.Is(err, errs.Unavailable) {
				t.Fatal(err)
			}
		}
		away = false
		if _, err := f.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := seen(t, db, "s"); !slices.Equal(got, upTo(1)) {
			t.Fatal(got)
		}
	})
}

func TestPanicOfASubscriberIsAFailureOfTheEvent(t *testing.T) {
	withTable(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{Log: quiet})
		for range 3 {
			add(t, j, "d:1", "d.a", nil)
		}
		catchUp(t, j)
		f := &follower{j: j, sub: Subscriber{Name: "s", MaxTries: 1, Handle: func(ctx context.Context, tx *sqldb.Tx, e Event) error {
			if e.Position == 1 {
				panic("bug")
			}
			return keep(ctx, tx, "s", e)
		}}}
		for range 5 {
			if _, err := f.step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := seen(t, db, "s"); !slices.Equal(got, []int64{0, 2}) {
			t.Fatal(got)
		}
	})
}

// Two replicas follow with the same name, both believing that they hold the
// lease: every event has its effect once.
func TestTwoReplicasHandleOnce(t *testing.T) {
	withTable(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{Log: quiet})
		for i := range 400 {
			add(t, j, fmt.Sprintf("d:%d", i), "d.a", i)
		}
		catchUp(t, j)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				f := &follower{j: j, sub: Subscriber{Name: "s", Handle: func(ctx context.Context, tx *sqldb.Tx, e Event) error { return keep(ctx, tx, "s", e) }}}
				for range 100 {
					more, err := f.step(t.Context())
					if errors.Is(err, errMoved) {
						f.loaded = false
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					if !more && f.next == 400 {
						return
					}
				}
			})
		}
		wg.Wait()
		if got := seen(t, db, "s"); !slices.Equal(got, upTo(400)) {
			t.Fatalf("%d effects", len(got))
		}
	})
}

// Two whole journals run on one database, as two replicas do. One stops; the
// other goes on.
func TestReplicasTakeOver(t *testing.T) {
	withTable(t, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() == sqldb.SQLite {
			t.Skip("an embedded database has one process")
		}
		dirA, dirB := t.TempDir(), t.TempDir()
		a := open(t, db, Options{Dir: dirA, Poll: 10 * time.Millisecond, Log: quiet})
		// Both replicas sign with one key, as the operator's guide says.
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		copyFile(t, dirA, dirB, keyFile)
		copyFile(t, dirA, dirB, publicFile)
		b := open(t, db, Options{Dir: dirB, Poll: 10 * time.Millisecond, Log: quiet})
		reached := make(chan int64, 1000)
		sub := Subscriber{Name: "s", Handle: func(ctx context.Context, tx *sqldb.Tx, e Event) error {
			if err := keep(ctx, tx, "s", e); err != nil {
				return err
			}
			tx.AfterCommit(func() { reached <- e.Position })
			return nil
		}}
		run := func(j *Journal) (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- j.Run(ctx, []Subscriber{sub}) }()
			return func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		wait := func(position int64) {
			t.Helper()
			for {
				select {
				case p := <-reached:
					if p == position {
						return
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("position %d was not handled", position)
				}
			}
		}
		stopA := run(a)
		add(t, a, "d:1", "d.a", nil)
		wait(0)
		stopB := run(b)
		add(t, b, "d:1", "d.a", nil) // appended at B, sealed at A
		wait(1)
		stopA()
		add(t, b, "d:1", "d.a", nil)
		wait(2)
		stopB()
		if got := seen(t, db, "s"); !slices.Equal(got, upTo(3)) {
			t.Fatal(got)
		}
		clean(t, db, dirB)
		r, err := Verify(t.Context(), db, VerifyOptions{Dir: dirB, Witnesses: []string{dirA + "/" + checkpointFile}})
		if err != nil || !r.OK() {
			t.Fatalf("%v %+v", err, r)
		}
	})
}

func TestRunRefusesBadSubscribers(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	h := func(context.Context, *sqldb.Tx, Event) error { return nil }
	for name, subs := range map[string][]Subscriber{
		"no name":    {{Handle: h}},
		"no handler": {{Name: "a"}},
		"twice":      {{Name: "a", Handle: h}, {Name: "a", Handle: h}},
	} {
		j := open(t, db, Options{Log: quiet})
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		if err := j.Run(ctx, subs); err == nil {
			t.Errorf("%s: accepted", name)
		}
		stop()
	}
}
