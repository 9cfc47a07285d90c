package main

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"motcua/bench/drills/drill"
)

// badline lets people work over a line that is slow, then loses, then is cut.
func badline() drill.Drill {
	return drill.Drill{
		Name:   "badline",
		Proves: "a slow, lossy and cut line: requests and answers break off in the middle, also after the house committed; clients come again with the same key, uploads go on where they were; nothing is lost or doubled",
		Breaks: []drill.Break{
			{Name: "new-keys", What: "clients take a new Idempotency-Key when an answer was lost", Fails: "^doubled: |status 409"},
		},
		Run: runBadline,
	}
}

func runBadline(t *drill.T) {
	h := t.House("sqlite", "")
	s := h.Open(t)
	l := newLine(t, h.Address)
	crowd := &drill.Crowd{House: h, Bases: []string{"http://" + l.Addr().String()}, Careless: t.Broken == "new-keys", Patient: 2 * time.Minute, Rest: 50 * time.Millisecond}
	crowd.Start(t)
	each := drill.Full(t, 90*time.Second, 6*time.Second)
	// 256 kbit/s, 400 ms there and back: a telephone at the edge of the network.
	l.set(weather{delay: 200 * time.Millisecond, rate: 32 << 10})
	time.Sleep(each)
	l.set(weather{delay: 20 * time.Millisecond, rate: 256 << 10, stall: .05, swallow: .08, tear: .04})
	time.Sleep(each)
	for end := time.Now().Add(each); time.Now().Before(end); {
		l.set(weather{swallow: .03})
		time.Sleep(drill.Full(t, 3*time.Second, time.Second))
		l.cut(true)
		time.Sleep(drill.Full(t, 2*time.Second, 500*time.Millisecond))
		l.cut(false)
	}
	l.set(weather{})
	time.Sleep(time.Second)
	crowd.Stop(t)
	t.Figure("answers-swallowed", l.swallowed.Load())
	t.Figure("torn-in-the-middle", l.torn.Load())
	t.Figure("stalls", l.stalled.Load())
	t.Figure("outages", l.outages.Load())
	if l.swallowed.Load() == 0 || l.torn.Load() == 0 || l.outages.Load() == 0 {
		t.Errorf("the line was too good")
	}
	settle(t, crowd, h, s)
}

// weather is how bad a line is.
type weather struct {
	delay   time.Duration // each way
	rate    int           // bytes a second each way, 0 without end
	stall   float64       // how often a piece waits for a second, as lost packets do
	tear    float64       // how often the line breaks after half a piece
	swallow float64       // how often it breaks when the answer begins to come back
}

// line carries connections to a house, as badly as the weather says.
type line struct {
	net.Listener
	to string

	mu    sync.Mutex
	now   weather
	down  bool
	conns map[net.Conn]bool

	swallowed, torn, stalled, outages atomic.Int64
	seed                              atomic.Uint64
}

func newLine(t *drill.T, to string) *line {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at the end
	if err != nil {
		t.Fatal(err)
	}
	l := &line{Listener: ln, to: to, conns: map[net.Conn]bool{}}
	l.seed.Store(t.Seed)
	t.Cleanup(func() { t.Must(ln.Close()); l.cut(true) })
	go l.accept()
	return l
}

func (l *line) accept() {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go l.carry(in)
	}
}

func (l *line) carry(in net.Conn) {
	out, err := net.Dial("tcp", l.to) //nolint:noctx // on this machine
	if err != nil || !l.hold(in, out) {
		reset(in)
		if err == nil {
			reset(out)
		}
		return
	}
	var once sync.Once
	end := func() { once.Do(func() { l.release(in, out) }) }
	go l.pump(in, out, false, end)
	l.pump(out, in, true, end)
}

func (l *line) hold(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.conns[c] = true
	}
	return !l.down
}

func (l *line) release(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.conns, c)
		reset(c)
	}
}

// reset ends a connection without a goodbye.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // so that what is under way is thrown away
	}
	_ = c.Close()
}

// pump carries one direction, piece by piece.
func (l *line) pump(from, to net.Conn, answers bool, end func()) {
	defer end()
	chance := rand.New(rand.NewPCG(l.seed.Add(1), 1)) //nolint:gosec // not a secret
	buf := make([]byte, 8<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			w := l.weather()
			wait := w.delay
			if w.rate > 0 {
				wait += time.Duration(n) * time.Second / time.Duration(w.rate)
			}
			if chance.Float64() < w.stall {
				l.stalled.Add(1)
				wait += time.Second
			}
			time.Sleep(wait)
			switch {
			case answers && chance.Float64() < w.swallow:
				l.swallowed.Add(1)
				return
			case chance.Float64() < w.tear:
				l.torn.Add(1)
				_, _ = to.Write(buf[:n/2]) // it breaks anyway
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *line) weather() weather {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *line) set(w weather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = w
}

// cut breaks every connection and lets no new one through, until it is mended.
func (l *line) cut(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	if !down {
		return
	}
	l.outages.Add(1)
	for c := range l.conns {
		reset(c)
	}
	clear(l.conns)
}
