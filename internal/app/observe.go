package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

// watch measures the background.
type watch struct {
	sealed  prometheus.Counter
	sealing prometheus.Histogram
	handled *prometheus.CounterVec
	lag     *prometheus.GaugeVec
	jobs    *prometheus.HistogramVec
}

func newWatch(reg prometheus.Registerer) (*watch, error) {
	w := &watch{
		sealed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "motcua_journal_sealed_total", Help: "Events put into the Merkle log."}),
		sealing: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "motcua_journal_seal_seconds", Help: "Time to seal a batch.", Buckets: prometheus.ExponentialBuckets(.001, 2, 12)}),
		handled: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "motcua_journal_handled_total", Help: "Events handled by a subscriber, by outcome."}, []string{"subscriber", "outcome"}),
		lag:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "motcua_journal_lag_events", Help: "Sealed events that a subscriber has not seen yet."}, []string{"subscriber"}),
		jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "motcua_job_seconds", Help: "Time of an attempt of a job, by outcome.",
			Buckets: prometheus.ExponentialBuckets(.002, 4, 9)}, []string{"kind", "outcome"}),
	}
	return w, errors.Join(reg.Register(w.sealed), reg.Register(w.sealing), reg.Register(w.handled), reg.Register(w.lag), reg.Register(w.jobs))
}

func (w *watch) journal() journal.Observer {
	return journal.Observer{
		Sealed: func(n int, took time.Duration) {
			w.sealed.Add(float64(n))
			w.sealing.Observe(took.Seconds())
		},
		Handled: func(subscriber, outcome string, n int, _ time.Duration) {
			w.handled.WithLabelValues(subscriber, outcome).Add(float64(n))
		},
		Lag: func(subscriber string, events int64) { w.lag.WithLabelValues(subscriber).Set(float64(events)) },
	}
}

func (w *watch) job(kind, outcome string, took time.Duration) {
	w.jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// ownChecks are the questions of the parts that belong to no room.
func (a *App) ownChecks() []module.Check {
	return []module.Check{
		{Name: "check.database", Ready: true, Run: a.db.Ping},
		{Name: "check.migrations", Ready: true, Run: func(ctx context.Context) error {
			todo, err := sqldb.Pending(ctx, a.db, lines(a.modules)...)
			if err == nil && len(todo) > 0 {
				err = fmt.Errorf("%d migrations have not run; start the program again, or run `motcua migrate`", len(todo))
			}
			return err
		}},
		{Name: "check.journal", Ready: true, Run: func(context.Context) error { return a.Rooms.Journal.Fault() }},
		{Name: "check.files", Ready: true, Run: a.Rooms.Files.Healthy},
		{Name: "check.follow", Run: func(context.Context) error {
			if a.follow == nil {
				return nil
			}
			return a.follow.Fault()
		}},
		{Name: "check.space", Run: func(context.Context) error { return a.space.check() }},
		{Name: "check.parked-events", Run: func(ctx context.Context) error {
			parked, err := a.Rooms.Journal.Parked(ctx, a.db, 100)
			if err == nil && len(parked) > 0 {
				err = fmt.Errorf("%d events could not be handled (first: subscriber %s at position %d: %s)", len(parked), parked[0].Subscriber, parked[0].Event.Position, parked[0].Error)
			}
			return err
		}},
		{Name: "check.parked-jobs", Run: func(ctx context.Context) error {
			parked, err := a.Rooms.Jobs.Parked(ctx, a.db, 100)
			if err == nil && len(parked) > 0 {
				err = fmt.Errorf("%d jobs failed for good (first: %s: %s)", len(parked), parked[0].Kind, parked[0].Error)
			}
			return err
		}},
		{Name: "check.late-jobs", Run: func(ctx context.Context) error {
			n, oldest, err := a.Rooms.Jobs.Waiting(ctx, a.db)
			if err == nil && oldest > 10*time.Minute {
				err = fmt.Errorf("%d jobs wait, the oldest has been due for %s: is the program running?", n, oldest.Round(time.Minute))
			}
			return err
		}},
	}
}

// nearby is the rule of the measurements: they say much about the house and
// nothing about people, so machines of the same network may read them. The rule
// itself needs the request and is in onlyNearby.
var nearby = web.Access{Name: "same network", Check: func(context.Context) error { return nil }}

func onlyNearby(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ip := web.ClientIP(r)
		// A request passed on by a proxy that nobody declared comes from who knows where.
		passedOn := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
		if !ip.IsLoopback() && !ip.IsPrivate() || passedOn {
			web.Fail(w, r, errs.NewNotFound("web.not-found"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
