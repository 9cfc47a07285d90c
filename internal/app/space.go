package app

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
)

// space watches how much the disk can still take. Before it is full the house only
// lets people read: what was promised can then still be kept, and the journal can
// still say who read what.
type space struct {
	dir   string
	below int64 // bytes; 0 never closes
	free  func(dir string) (int64, error)
	now   func() time.Time
	log   *slog.Logger
	gauge prometheus.Gauge

	mu     sync.Mutex
	asked  time.Time
	closed error
}

// roomFresh is how long an answer holds: a statfs is cheap, not free.
const roomFresh = 250 * time.Millisecond

// newSpace watches the disk on which the house lies. It never asks for more than
// uploads leave free (keep_free), or the house would be closed before they are.
func newSpace(dir string, below, keepFree int64, log *slog.Logger, reg prometheus.Registerer) (*space, error) {
	r := &space{dir: dir, below: min(below, max(keepFree, 0)), free: blob.Free, now: time.Now, log: log,
		gauge: prometheus.NewGauge(prometheus.GaugeOpts{Name: "motcua_read_only", Help: "1 while nothing is taken in because the disk is nearly full."})}
	return r, reg.Register(r.gauge)
}

// Closed says why nothing is taken in, or nil. Once closed the house opens again
// when there is a quarter more room than closed it, so that it does not flutter.
func (r *space) Closed() error {
	if r.below <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.asked.IsZero() && r.now().Sub(r.asked) < roomFresh {
		return r.closed
	}
	r.asked = r.now()
	free, err := r.free(r.dir)
	if err != nil {
		// Whoever writes will see for themselves.
		r.log.Warn("asking how much room the disk has", "err", err)
		return r.closed
	}
	switch {
	case free < 0: // nobody knows
	case r.closed == nil && free < r.below:
		r.closed = errs.New(errs.Full, "storage.read-only").Because(fmt.Errorf("%d bytes are free, %d are kept", free, r.below))
		r.gauge.Set(1)
		r.log.Error("the disk is nearly full: things can only be read until there is room", "free", free, "read_only_below", r.below)
	case r.closed != nil && free >= r.below+r.below/4:
		r.closed = nil
		r.gauge.Set(0)
		r.log.Info("there is room again: everything is taken in", "free", free)
	}
	return r.closed
}

// check is Closed in the words of the doctor.
func (r *space) check() error {
	err := r.Closed()
	if e, ok := errs.As(err); ok {
		return errors.Join(errors.New("the disk is nearly full; things can only be read"), e.Err)
	}
	return err
}
