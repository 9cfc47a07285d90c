package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// clock is a time that moves when the test says so.
type clock struct{ at atomic.Int64 }

func newClock(t time.Time) *clock {
	c := new(clock)
	c.at.Store(t.UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.at.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.at.Add(d.Milliseconds()) }

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, civil.Zone)

func each(t *testing.T, test func(t *testing.T, db *sqldb.DB, c *clock, q *Queue)) {
	t.Helper()
	sqldbtest.Each(t, []sqldb.Line{Line()}, func(t *testing.T, db *sqldb.DB) {
		c := newClock(monday)
		test(t, db, c, New(db, Options{Now: c.now, Log: slog.New(slog.DiscardHandler), Poll: 5 * time.Millisecond}))
	})
}

func enqueue1(t testing.TB, db *sqldb.DB, q *Queue, kind string, payload any, opts ...Option) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return q.Enqueue(t.Context(), tx, kind, payload, opts...) }); err != nil {
		t.Fatal(err)
	}
}

// recorder is a handler that keeps what it was given.
type recorder struct {
	mu  sync.Mutex
	got []string
	err error
}

func (r *recorder) handler(kind string) Handler {
	return Handler{Kind: kind, Run: func(_ context.Context, payload json.RawMessage) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, string(payload))
		return r.err
	}}
}

func (r *recorder) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func runDue(t testing.TB, q *Queue, handlers ...Handler) (int, error) {
	t.Helper()
	n, err := q.RunDue(t.Context(), handlers, nil)
	return n, err
}

func rows(t testing.TB, db *sqldb.DB, state string) int {
	t.Helper()
	var n int
	if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM job_task WHERE state = $1`, state).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEnqueueIsPartOfTheTransaction(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, _ *clock, q *Queue) {
		sorry := errors.New("sorry")
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			if err := q.Enqueue(t.Context(), tx, "a.b", 1); err != nil {
				return err
			}
			return sorry
		}); !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		if n := rows(t, db, "ready"); n != 0 {
			t.Fatalf("%d jobs of a transaction that failed", n)
		}
	})
}

func TestRunsAtItsTimeInOrder(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, q *Queue) {
		var r recorder
		enqueue1(t, db, q, "a.b", "later", At(monday.Add(time.Hour)))
		enqueue1(t, db, q, "a.b", "now")
		enqueue1(t, db, q, "x.unknown", "for another program")
		if n, err := runDue(t, q, r.handler("a.b")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		c.forward(time.Hour)
		if n, err := runDue(t, q, r.handler("a.b")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if got := r.seen(); !slices.Equal(got, []string{`"now"`, `"later"`}) {
			t.Fatal(got)
		}
		if n := rows(t, db, "ready"); n != 1 {
			t.Fatalf("a finished job leaves no row, an unknown kind stays: %d", n)
		}
	})
}

func TestWhatGivesWayWaitsWhileOthersDo(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, q *Queue) {
		var r recorder
		busy := true
		q.opts.Busy = func() bool { return busy }
		enqueue1(t, db, q, "a.b", "drawing", GivingWay())
		enqueue1(t, db, q, "a.b", "mail")
		enqueue1(t, db, q, "a.b", "tomorrow", GivingWay(), At(monday.Add(24*time.Hour)))
		busy = false
		enqueue1(t, db, q, "a.b", "drawing in peace", GivingWay())
		if n, err := runDue(t, q, r.handler("a.b")); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		c.forward(time.Minute)
		if n, err := runDue(t, q, r.handler("a.b")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		c.forward(24 * time.Hour)
		if n, err := runDue(t, q, r.handler("a.b")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if got := r.seen(); !slices.Equal(got, []string{`"mail"`, `"drawing in peace"`, `"drawing"`, `"tomorrow"`}) {
			t.Fatal(got)
		}
	})
}

func TestKeyIsOneJobWhileItWaits(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, q *Queue) {
		enqueue1(t, db, q, "a.b", 1, Key("k"), At(monday.Add(2*time.Hour)))
		enqueue1(t, db, q, "a.b", 2, Key("k"), At(monday.Add(time.Hour)))
		enqueue1(t, db, q, "a.b", 3, Key("k"), At(monday.Add(3*time.Hour)))
		enqueue1(t, db, q, "a.c", 4, Key("k"), At(monday.Add(time.Hour)))
		c.forward(time.Hour)
		var r recorder
		h := r.handler("a.b")
		inner := h.Run
		h.Run = func(ctx context.Context, p json.RawMessage) error {
			// While one runs the same may be asked for again.
			enqueue1(t, db, q, "a.b", 5, Key("k"), At(monday.Add(5*time.Hour)))
			return inner(ctx, p)
		}
		if n, err := runDue(t, q, h); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if got := r.seen(); !slices.Equal(got, []string{"3"}) {
			t.Fatalf("earliest time and newest payload: %v", got)
		}
		if n := rows(t, db, "ready"); n != 2 {
			t.Fatalf("%d wait", n)
		}
		var found bool
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
			found, err = q.Cancel(t.Context(), tx, "a.b", "k")
			return err
		}); err != nil || !found {
			t.Fatal(found, err)
		}
		if n := rows(t, db, "ready"); n != 1 {
			t.Fatalf("%d wait after cancel", n)
		}
	})
}

// A job that fails while the same was asked for again makes room for it.
func TestFailedJobYieldsToItsNewerTwin(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, _ *clock, q *Queue) {
		enqueue1(t, db, q, "a.b", 1, Key("k"))
		h := Handler{Kind: "a.b", Run: func(context.Context, json.RawMessage) error {
			enqueue1(t, db, q, "a.b", 2, Key("k"), At(monday.Add(time.Hour)))
			return errors.New("no")
		}}
		if _, err := runDue(t, q, h); err == nil {
			t.Fatal("the failure was not told")
		}
		if n := rows(t, db, "ready"); n != 1 {
			t.Fatalf("%d wait", n)
		}
	})
}

func TestPoisonIsParkedAndStopsNobody(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, q *Queue) {
		poison := recorder{err: errors.New("cannot: " + strings.Repeat("ố", 2000))}
		var good recorder
		ph, gh := poison.handler("p.p"), good.handler("g.g")
		ph.MaxAttempts = 4
		enqueue1(t, db, q, "p.p", 0)
		var gaps []time.Duration
		last := c.now()
		for i := range 200 {
			enqueue1(t, db, q, "g.g", i)
			before := len(poison.seen())
			_, _ = runDue(t, q, ph, gh)
			if len(poison.seen()) > before {
				gaps = append(gaps, c.now().Sub(last))
				last = c.now()
			}
			c.forward(time.Second)
		}
		if got := len(poison.seen()); got != 4 {
			t.Fatalf("tried %d times", got)
		}
		if len(good.seen()) != 200 {
			t.Fatalf("%d good ones ran", len(good.seen()))
		}
		for i := 2; i < len(gaps); i++ {
			if gaps[i] <= gaps[i-1] {
				t.Fatalf("the pauses do not grow: %v", gaps)
			}
		}
		parked, err := q.Parked(t.Context(), db, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(parked) != 1 || parked[0].Tries != 4 || !strings.HasPrefix(parked[0].Error, "cannot") || len(parked[0].Error) > 2010 {
			t.Fatalf("parked: %+v", parked)
		}
		// The operator mends it and lets it run again.
		poison.err = nil
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return q.Retry(t.Context(), tx, parked[0].ID) }); err != nil {
			t.Fatal(err)
		}
		if n, err := runDue(t, q, ph, gh); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		err = db.Tx(t.Context(), func(tx *sqldb.Tx) error { return q.Discard(t.Context(), tx, parked[0].ID) })
		if !errs.Is(err, errs.NotFound) {
			t.Fatalf("discarding what is gone: %v", err)
		}
	})
}

func TestPermanentErrorsAndPanics(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, _ *clock, q *Queue) {
		enqueue1(t, db, q, "a.b", 1)
		enqueue1(t, db, q, "c.d", 1)
		_, _ = runDue(t, q,
			Handler{Kind: "a.b", Run: func(context.Context, json.RawMessage) error {
				return fmt.Errorf("mail: %w", Permanent(errors.New("no such address")))
			}},
			Handler{Kind: "c.d", Run: func(context.Context, json.RawMessage) error { panic("bug") }})
		if rows(t, db, "parked") != 1 || rows(t, db, "ready") != 1 {
			t.Fatalf("parked %d, waiting %d", rows(t, db, "parked"), rows(t, db, "ready"))
		}
	})
}

// A process that dies loses its lease; another takes the job over, and the first
// cannot touch it any more should it come back.
func TestLeaseOfTheDeadRunsOut(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, dead *Queue) {
		enqueue1(t, db, dead, "a.b", 1)
		var r recorder
		dp, err := dead.pool([]Handler{r.handler("a.b")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		taken, err := dp.claim(t.Context(), 5)
		if err != nil || len(taken) != 1 {
			t.Fatal(taken, err)
		}
		other := New(db, Options{Now: c.now, Log: slog.New(slog.DiscardHandler)})
		if n, _ := runDue(t, other, r.handler("a.b")); n != 0 {
			t.Fatal("taken although the lease holds")
		}
		c.forward(leaseTerm + time.Second)
		if n, err := runDue(t, other, r.handler("a.b")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		enqueue1(t, db, other, "a.b", 2)
		// The dead comes back and finishes what is no longer its own.
		if err := dp.do(t.Context(), taken[0]); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, db, "ready"); n != 1 {
			t.Fatalf("%d wait: the late finish touched another job", n)
		}
	})
}

// A job that kills its process each time is parked in the end.
func TestJobThatKillsItsWorkersIsParked(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, q *Queue) {
		enqueue1(t, db, q, "a.b", 1)
		h := Handler{Kind: "a.b", MaxAttempts: 3, Run: func(context.Context, json.RawMessage) error { return nil }}
		p, err := q.pool([]Handler{h}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if taken, err := p.claim(t.Context(), 1); err != nil || len(taken) != 1 {
				t.Fatal(taken, err)
			}
			c.forward(leaseTerm + time.Second)
		}
		_, _ = runDue(t, q, h)
		if rows(t, db, "parked") != 1 {
			t.Fatal("not parked")
		}
	})
}

func TestLeaseIsRenewedWhileTheWorkGoesOn(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, q *Queue) {
		enqueue1(t, db, q, "a.b", 1)
		started, finish := make(chan struct{}), make(chan struct{})
		p, err := q.pool([]Handler{{Kind: "a.b", Run: func(context.Context, json.RawMessage) error {
			close(started)
			<-finish
			return nil
		}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		taken, err := p.claim(t.Context(), 1)
		if err != nil || len(taken) != 1 {
			t.Fatal(taken, err)
		}
		p.start(t.Context(), taken[0])
		<-started
		for range 5 {
			c.forward(leaseRenew)
			if err := p.renew(t.Context()); err != nil {
				t.Fatal(err)
			}
			if again, err := p.claim(t.Context(), 1); err != nil || len(again) != 0 {
				t.Fatal("taken from a living worker", again, err)
			}
		}
		close(finish)
		if err := p.drain(); err != nil {
			t.Fatal(err)
		}
		if rows(t, db, "run") != 0 {
			t.Fatal("the finished job is still there")
		}
	})
}

// Two queues, as two replicas would be, with several workers each: every job
// runs exactly once.
func TestTwoQueuesShareWithoutDoubles(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, a *Queue) {
		const jobs = 300
		b := New(db, Options{Now: c.now, Poll: 5 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
		var mu sync.Mutex
		ran := map[string]int{}
		by := map[string]int{}
		all := make(chan struct{})
		handler := func(who string) Handler {
			return Handler{Kind: "a.b", Run: func(_ context.Context, p json.RawMessage) error {
				mu.Lock()
				defer mu.Unlock()
				ran[string(p)]++
				by[who]++
				if len(ran) == jobs {
					select {
					case <-all:
					default:
						close(all)
					}
				}
				return nil
			}}
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for who, q := range map[string]*Queue{"a": a, "b": b} {
			wg.Go(func() {
				if err := q.Run(ctx, []Handler{handler(who)}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range jobs {
			enqueue1(t, db, []*Queue{a, b}[i%2], "a.b", i)
		}
		select {
		case <-all:
		case <-time.After(30 * time.Second):
			t.Error("not all ran")
		}
		stop()
		wg.Wait()
		mu.Lock()
		defer mu.Unlock()
		for p, n := range ran {
			if n != 1 {
				t.Errorf("job %s ran %d times", p, n)
			}
		}
		if len(ran) != jobs || by["a"] == 0 || by["b"] == 0 {
			t.Errorf("%d ran, shared as %v", len(ran), by)
		}
		if rows(t, db, "ready")+rows(t, db, "run") != 0 {
			t.Error("rows are left")
		}
	})
}

func TestGracefulStopHandsBackWhatDoesNotEnd(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, _ *Queue) {
		q := New(db, Options{Now: c.now, Poll: 5 * time.Millisecond, StopWait: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
		enqueue1(t, db, q, "a.b", 1)
		started := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- q.Run(ctx, []Handler{{Kind: "a.b", Run: func(ctx context.Context, _ json.RawMessage) error {
				close(started)
				<-ctx.Done()
				return ctx.Err()
			}}}, nil)
		}()
		<-started
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		var r recorder
		if n, err := runDue(t, q, r.handler("a.b")); n != 1 || err != nil {
			t.Fatalf("handed back at once, with no attempt lost: %d %v", n, err)
		}
	})
}

func TestBadSetUpIsRefused(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	q := New(db, Options{})
	run := func(context.Context, json.RawMessage) error { return nil }
	fire := func(context.Context) error { return nil }
	for name, test := range map[string]struct {
		h []Handler
		s []Schedule
	}{
		"no kind":        {h: []Handler{{Run: run}}},
		"nothing to run": {h: []Handler{{Kind: "a.b"}}},
		"twice":          {h: []Handler{{Kind: "a.b", Run: run}, {Kind: "a.b", Run: run}}},
		"bad cron":       {s: []Schedule{{Name: "a", Cron: "61 * * * *", Run: fire}}},
		"twice by clock": {s: []Schedule{{Name: "a", Cron: "@daily", Run: fire}, {Name: "a", Cron: "@daily", Run: fire}}},
	} {
		if err := q.Run(t.Context(), test.h, test.s); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPauseGrows(t *testing.T) {
	for tries := 1; tries < 40; tries++ {
		d := pause(tries)
		if d <= 0 || d > 6*time.Hour {
			t.Fatalf("pause after %d: %v", tries, d)
		}
	}
}
