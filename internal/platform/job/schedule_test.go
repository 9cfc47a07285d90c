package job

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"motcua/internal/platform/sqldb"
)

// Eight in the morning in Vietnam, on working days, for a week: five times, on
// two replicas that both look every half hour.
func TestEachMomentOnceAcrossReplicas(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, a *Queue) {
		c.forward(-2 * time.Hour) // Monday six o'clock
		b := New(db, Options{Now: c.now, Log: slog.New(slog.DiscardHandler)})
		var mu sync.Mutex
		var ran []time.Time
		s := []Schedule{{Name: "report", Cron: "0 8 * * 1-5", Run: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			ran = append(ran, c.now())
			return nil
		}}}
		for range 7 * 48 {
			var wg sync.WaitGroup
			for _, q := range []*Queue{a, b} {
				wg.Go(func() {
					if _, err := q.RunDue(t.Context(), nil, s); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			c.forward(30 * time.Minute)
		}
		if len(ran) != 5 {
			t.Fatalf("ran %d times: %v", len(ran), ran)
		}
		for i, at := range ran {
			if want := monday.AddDate(0, 0, i); !at.Equal(want) {
				t.Errorf("run %d at %v, want %v", i, at, want)
			}
		}
	})
}

func TestMissedMomentsAreMadeUpForOnce(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB, c *clock, q *Queue) {
		n := 0
		s := []Schedule{{Name: "hourly", Cron: "@hourly", Run: func(context.Context) error { n++; return nil }}}
		runDue := func() {
			if _, err := q.RunDue(t.Context(), nil, s); err != nil {
				t.Fatal(err)
			}
		}
		runDue()
		if n != 0 {
			t.Fatal("a new schedule fires at its next moment, not at once")
		}
		c.forward(10*time.Hour + time.Minute)
		runDue()
		runDue()
		if n != 1 {
			t.Fatalf("ran %d times after ten hours away", n)
		}
		c.forward(59 * time.Minute)
		runDue()
		if n != 2 {
			t.Fatalf("ran %d times; the rhythm is lost", n)
		}
	})
}
