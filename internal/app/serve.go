package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/logx"
	"motcua/internal/platform/web"
)

// stopWait is how long requests under way may take once the house closes.
const stopWait = 25 * time.Second

// settleMemory gives back what starting took: reading packs and templates leaves
// twice what stays. Then garbage is collected half as often as Go would by itself,
// for what lives is small beside what requests leave, unless memory grows short.
// GOGC and GOMEMLIMIT in the environment decide otherwise.
func settleMemory() {
	debug.FreeOSMemory()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(200 << 20)
	}
}

// Serve answers requests on ln and does the work of the background until ctx
// ends. It then stops in the order in which things depend on each other: no new
// requests, requests under way end, jobs end, the journal is sealed and signed.
// The database stays open for Close. ready, when not nil, is called once requests
// are answered.
func (a *App) Serve(ctx context.Context, ln net.Listener, ready func()) error {
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, ln.Close())
	}
	// Each part has a context of its own: the end of ctx begins the closing, it
	// does not end everything at once.
	base := identity.With(context.WithoutCancel(ctx), identity.System)
	jobsCtx, stopJobs := context.WithCancel(base)
	defer stopJobs()
	ledgerCtx, stopLedger := context.WithCancel(base)
	defer stopLedger()

	follow := func() {}
	if a.cfg.Backup.Follow != "" {
		stop, err := a.followed(base)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		follow = stop
	}
	handlers, schedules, subs := a.work()
	failed := make(chan error, 3)
	run := func(name string, part func() error) <-chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := part(); err != nil {
				failed <- fmt.Errorf("%s: %w", name, err)
			}
		}()
		return done
	}
	ledger := run("journal", func() error { return a.Rooms.Journal.Run(ledgerCtx, subs) })
	jobs := run("jobs", func() error { return a.Rooms.Jobs.Run(jobsCtx, handlers, schedules) })
	server := web.NewServer(a.site, logx.For(a.log, "web"))
	requests := run("requests", func() error {
		var err error
		if t := a.cfg.TLS; t.CertFile != "" {
			err = server.ServeTLS(ln, t.CertFile, t.KeyFile)
		} else {
			err = server.Serve(ln)
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	})
	settleMemory()
	if ready != nil {
		ready()
	}

	var problems []error
	select {
	case <-ctx.Done():
	case err := <-failed: // one part is gone: the house closes
		problems = append(problems, err)
	}
	a.log.Info("closing")
	a.Health.Drain()
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	if err := server.Shutdown(wait); err != nil {
		problems = append(problems, fmt.Errorf("requests under way did not end in time: %w", err), server.Close())
	}
	<-requests
	stopJobs()
	<-jobs
	stopLedger()
	<-ledger
	follow()
	close(failed)
	for err := range failed {
		problems = append(problems, err)
	}
	a.log.Info("closed")
	return errors.Join(problems...)
}

// Background does the work of the background only, until stop is called; the
// demo loader uses it while it files dossiers.
func (a *App) Background(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(identity.With(ctx, identity.System))
	handlers, schedules, subs := a.work()
	var wg sync.WaitGroup
	var ledger, jobs error
	wg.Go(func() { ledger = a.Rooms.Journal.Run(ctx, subs) })
	wg.Go(func() { jobs = a.Rooms.Jobs.Run(ctx, handlers, schedules) })
	return func() error {
		cancel()
		wg.Wait()
		return errors.Join(ledger, jobs)
	}
}
