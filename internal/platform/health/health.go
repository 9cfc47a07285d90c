// Package health answers three questions: does the process live (/healthz), may
// requests be sent to it (/readyz), and what is wrong with the house (doctor).
//
// Being alive asks nothing of anybody: a database that is away must not make a
// supervisor kill the program. Being ready asks the checks marked so, at most
// once a second however many ask. The answers carry the names of the checks and
// never the causes, which are for the log and for doctor.
package health

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"motcua/internal/platform/module"
)

// Limits of a question.
const (
	checkLimit = 5 * time.Second // of one check
	fresh      = time.Second     // how long an answer about readiness holds
)

// Health asks the checks of all modules. It is safe for concurrent use.
type Health struct {
	// ReadOnly, when given, says whether things can only be read for the moment. A
	// house that can be read is ready; the answer says so.
	ReadOnly func() bool

	checks []module.Check
	log    *slog.Logger
	now    func() time.Time

	mu       sync.Mutex
	draining bool
	asked    time.Time
	last     []Result
}

// Result is the answer of one check.
type Result struct {
	Name string        // locale key
	Err  error         // nil when all is well
	Took time.Duration //
}

// New makes a Health over the checks of all modules. log nil means slog.Default().
func New(checks []module.Check, log *slog.Logger) *Health {
	if log == nil {
		log = slog.Default()
	}
	return &Health{checks: checks, log: log, now: time.Now}
}

// Drain makes the house not ready from now on, so that no new requests are sent
// while those under way end.
func (h *Health) Drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
}

// Ready reports whether requests may come in, with the checks that decided.
func (h *Health) Ready(ctx context.Context) (bool, []Result) {
	// The lock is held while asking: a hundred askers make one question.
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return false, nil
	}
	if h.last == nil || h.now().Sub(h.asked) >= fresh {
		var need []module.Check
		for _, c := range h.checks {
			if c.Ready {
				need = append(need, c)
			}
		}
		// Not the asker's context: the answer is for the next ones, too.
		results := Run(context.WithoutCancel(ctx), need)
		for i, r := range results {
			if r.Err != nil && (h.last == nil || h.last[i].Err == nil) {
				h.log.ErrorContext(ctx, "not ready", "check", r.Name, "err", r.Err)
			} else if r.Err == nil && h.last != nil && h.last[i].Err != nil {
				h.log.InfoContext(ctx, "ready again", "check", r.Name)
			}
		}
		h.asked, h.last = h.now(), results
		if results == nil {
			h.last = []Result{}
		}
	}
	for _, r := range h.last {
		if r.Err != nil {
			return false, h.last
		}
	}
	return true, h.last
}

// All asks every check, for doctor.
func (h *Health) All(ctx context.Context) []Result { return Run(ctx, h.checks) }

// Run asks checks side by side, each for five seconds at most, and returns the
// answers in their order. One that panics has failed.
func Run(ctx context.Context, checks []module.Check) []Result {
	if len(checks) == 0 {
		return nil
	}
	results := make([]Result, len(checks))
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() {
			begun := time.Now()
			results[i] = Result{Name: c.Name, Err: ask(ctx, c)}
			results[i].Took = time.Since(begun)
		})
	}
	wg.Wait()
	return results
}

func ask(ctx context.Context, c module.Check) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		done <- c.Run(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %v: %w", checkLimit, ctx.Err())
	}
}

// Live serves /healthz: 200 as long as the process answers at all.
func (h *Health) Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write(w, http.StatusOK, answer{Status: "ok"})
	})
}

// Readiness serves /readyz: 200 when requests may come in, else 503.
func (h *Health) Readiness() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ok, results := h.Ready(r.Context())
		a, status := answer{Status: "ready"}, http.StatusOK
		if ok && h.ReadOnly != nil && h.ReadOnly() {
			a.Status = "read-only"
		}
		if !ok {
			a.Status, status = "not ready", http.StatusServiceUnavailable
			if results == nil {
				a.Status = "draining"
			}
		}
		for _, res := range results {
			if a.Checks == nil {
				a.Checks = map[string]string{}
			}
			a.Checks[res.Name] = map[bool]string{true: "ok", false: "failed"}[res.Err == nil]
		}
		write(w, status, a)
	})
}

type answer struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

func write(w http.ResponseWriter, status int, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // whoever asked has gone
}
