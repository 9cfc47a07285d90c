package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// errTooSlow is why a request's context ends when its time is up.
var errTooSlow = errors.New("the request took longer than its route allows")

// slowest is the speed in bytes a second below which a body no longer counts as
// coming: a poor line carries 256 kbit/s, an attack one byte now and then.
const slowest = 2048

// bounded gives the request a context that ends after timeout of work. The time a
// body needs on a slow line is not work: as long as it keeps coming, the clock
// starts again, so that five megabytes over 256 kbit/s reach a handler whose
// context is still alive.
func bounded(w http.ResponseWriter, r *http.Request, timeout time.Duration) (*http.Request, func()) {
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(timeout, func() {
		cancel(errTooSlow)
		// A handler that waits for the body must wake up as well. Writers that know no
		// deadline (tests) have no line that could stall.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	})
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &patientBody{ReadCloser: r.Body, timer: timer, timeout: timeout, start: time.Now()}
	}
	return r, func() {
		timer.Stop()
		cancel(nil)
	}
}

// timedOut reports whether ctx ended because the route's time was up.
func timedOut(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errTooSlow) }

type patientBody struct {
	io.ReadCloser
	timer   *time.Timer
	timeout time.Duration
	start   time.Time
	got     int64
}

func (b *patientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.got += int64(n)
	took := time.Since(b.start)
	if n > 0 && (took < b.timeout || float64(b.got) >= slowest*took.Seconds()) {
		b.timer.Reset(b.timeout)
	}
	return n, err
}
