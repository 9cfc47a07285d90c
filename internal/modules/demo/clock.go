package demo

import (
	"sync/atomic"
	"time"
)

// Clock is the one clock of a house that may be given a demo: pass its Now to
// every room. It shows the real time, except while Load lives through the past year.
// The zero Clock is ready.
type Clock struct {
	// Real is where the real time comes from; nil is time.Now.
	Real func() time.Time

	moved atomic.Pointer[time.Time]
}

// Now is the present moment of the house.
func (c *Clock) Now() time.Time {
	if t := c.moved.Load(); t != nil {
		return *t
	}
	return c.real()
}

func (c *Clock) real() time.Time {
	if c.Real != nil {
		return c.Real()
	}
	return time.Now()
}

// set moves the clock. It never goes back, and no two moments are the same, so
// that the order of what happens is also the order of its times.
func (c *Clock) set(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	if last := c.moved.Load(); last != nil && !t.After(*last) {
		t = last.Add(time.Millisecond)
	}
	c.moved.Store(&t)
	return t
}

// release lets the clock show the real time again.
func (c *Clock) release() { c.moved.Store(nil) }
