package web

import (
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
)

// kind is what a request costs the house. When many come at once those who only
// read are served before those who send, and those before what is dear.
type kind int

const (
	reading kind = iota // GET: looking up, following, reading
	sending             // everything that changes something
	dear                // routes with Heavy: each takes much time and memory
	streams             // event streams, slow uploads, and what asks how the house is: no load
	kinds
)

// name is what the measurements call a kind.
func (k kind) name() string { return [kinds]string{"read", "send", "heavy", "stream"}[k] }

// gate counts the requests in flight and refuses early: a request that would
// stand in line for longer than anybody waits is better told at once.
type gate struct {
	now  [kinds]atomic.Int64
	most [kinds]int64
	all  atomic.Int64 // without streams
	max  int64
}

// newGate shares the places: those who send get at most three quarters of them, so
// that a rush of filings never keeps people from reading; what is dear gets an eighth.
func newGate(places, open int) *gate {
	most := int64(places)
	g := &gate{max: most}
	g.most = [kinds]int64{reading: most, sending: max(1, most*3/4), dear: max(1, most/8), streams: int64(open)}
	return g
}

// busy says that people wait for each other: more requests are in flight than the
// processors serve without a line.
func (g *gate) busy() bool { return g.all.Load() > int64(2*runtime.GOMAXPROCS(0)) }

// Busy says that so many people are being served that what nobody waits for should
// give way to them.
func (s *Site) Busy() bool { return s.gate.busy() }

// enter takes a place; false means that there is none for this kind.
func (g *gate) enter(k kind) (leave func(), ok bool) {
	if g.now[k].Add(1) > g.most[k] {
		g.now[k].Add(-1)
		return nil, false
	}
	if k == streams {
		return func() { g.now[k].Add(-1) }, true
	}
	if k == dear { // it sends as well
		if g.now[sending].Add(1) > g.most[sending] {
			g.now[sending].Add(-1)
			g.now[k].Add(-1)
			return nil, false
		}
	}
	leave = func() {
		g.all.Add(-1)
		if k == dear {
			g.now[sending].Add(-1)
		}
		g.now[k].Add(-1)
	}
	if g.all.Add(1) > g.max {
		leave()
		return nil, false
	}
	return leave, true
}

// kindOf says what a request will cost.
func kindOf(method string, sv served) kind {
	switch {
	case sv.timeout < 0 || sv.vital:
		return streams
	case sv.heavy:
		return dear
	case reads(method):
		return reading
	}
	return sending
}

// comeAgain spreads those who were refused over the next seconds, or all of them
// would be back at once.
func comeAgain(h http.Header) {
	h.Set("Retry-After", strconv.Itoa(2+rand.IntN(9))) //nolint:gosec // no secret
}

// shed refuses a request for want of a place, in the form that was asked for.
func (s *Site) shed(w http.ResponseWriter, r *http.Request, st *state, k kind) {
	s.metrics.shed(k)
	if wantsJSON(r) {
		s.fail(w, r, statusError{http.StatusServiceUnavailable, "web.busy", nil})
		return
	}
	st.code = "web.busy"
	s.sendPlain(w, r, http.StatusServiceUnavailable)
}
