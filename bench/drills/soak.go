package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"motcua/bench/drills/drill"
	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
)

// soak lets people come at a steady rate for minutes, whether or not those before
// them were served, and looks whether anything grows.
func soak() drill.Drill {
	return drill.Drill{
		Name:   "soak",
		Proves: "eight minutes of arrivals at a steady rate (reads, queues, searches, uploads, submissions): memory, goroutines and open files grow by less than 1 % a minute after warming up, and answers do not get slower",
		Breaks: []drill.Break{{Name: "leak", What: "visitors who connect, ask half a question and never hang up", Fails: "^(goroutines|files) grow"}},
		Run:    runSoak,
	}
}

// soakPlan is one edition. How fast answers are is only judged by the full one: the
// short one shares its cores with all other tests.
type soakPlan struct {
	long, warm, breath time.Duration
	rate               int     // arrivals a second
	slope, memory      float64 // percent a minute
	drift              float64 // percent
}

func runSoak(t *drill.T) {
	plan := drill.Full(t,
		soakPlan{long: 8 * time.Minute, warm: 2 * time.Minute, breath: 20 * time.Second, rate: 100, slope: 1, memory: 1, drift: 10},
		soakPlan{long: 45 * time.Second, warm: 9 * time.Second, breath: 9 * time.Second, rate: 30, slope: 25, memory: 100, drift: math.Inf(1)})
	h := t.House("sqlite", "")
	s := h.Open(t)
	crowd := newVisitors(t, h, s.Base)
	stop := make(chan struct{})
	if t.Broken == "leak" {
		go leak(s.Base, stop)
	}
	taken := crowd.come(t, plan, s)
	close(stop)

	t.Figure("arrivals", crowd.n.Load())
	t.Figure("rate/s", plan.rate)
	t.Figure("served", crowd.served.Load())
	t.Figure("shed", crowd.shed.Load())
	t.Zero("failed", int(crowd.failed.Load()))
	if crowd.served.Load() < crowd.n.Load()*9/10 {
		t.Errorf("of %d only %d were served", crowd.n.Load(), crowd.served.Load())
	}
	taken = slices.DeleteFunc(taken, func(x sample) bool { return x.after < plan.warm })
	if len(taken) < 3 {
		t.Fatalf("only %d samples", len(taken))
	}
	for _, of := range []struct {
		name         string
		get          func(sample) float64
		noise, slope float64 // how much may come and go by itself, and percent a minute
	}{
		{"memory", func(x sample) float64 { return x.memory / (1 << 20) }, 8, plan.memory},
		{"goroutines", func(x sample) float64 { return x.goroutines }, 6, plan.slope},
		{"files", func(x sample) float64 { return x.files }, drill.Full(t, 6.0, 36), plan.slope}, // a database pool that fills opens some
	} {
		var xs, ys []float64
		for _, x := range taken {
			xs, ys = append(xs, x.after.Minutes()), append(ys, of.get(x))
		}
		middle, rise := median(ys), theilSen(xs, ys)
		percent := 100 * rise / max(middle, 1)
		t.Figure(of.name, fmt.Sprintf("%.0f(%+.2f%%/min)", middle, percent))
		if grown := rise * (xs[len(xs)-1] - xs[0]); percent > of.slope && grown > of.noise {
			t.Errorf("%s grow by %.1f %% a minute, from %.0f on", of.name, percent, ys[0])
		}
	}
	first, last := crowd.p99(plan.warm, plan.warm+(plan.long-plan.warm)/3), crowd.p99(plan.long-(plan.long-plan.warm)/3, plan.long)
	drift := 100 * (float64(last)/float64(max(first, time.Millisecond)) - 1)
	t.Figure("p99-first", first)
	t.Figure("p99-last", last)
	t.Figure("p99-drift", fmt.Sprintf("%+.0f%%", drift))
	// A difference that nobody notices is no drift.
	if drift > plan.drift && last-first > 50*time.Millisecond {
		t.Errorf("answers got slower by %.0f %%: from %s to %s", drift, first, last)
	}
	s.Stop(t)
	h.Sound(t)
}

// visitors are those who come.
type visitors struct {
	st      *stage
	clerk   *apitest.Client
	people  []*apitest.Client
	visitor *apitest.Client

	n, served, shed, failed atomic.Int64
	mu                      sync.Mutex
	took                    []took
	numbers                 []string
	said                    int
}

type took struct{ at, long time.Duration }

func newVisitors(t *drill.T, h *drill.House, base string) *visitors {
	v := &visitors{st: &stage{base: base, h: h, offer: apitest.OfferOf(t, h.Client(""), "1.001193", "online", "Bình Minh")}}
	v.st.people(t)
	v.clerk, v.visitor = v.st.clerk(), apitest.NewClient(base, "")
	for i := range v.st.file {
		v.people = append(v.people, v.st.client(i))
	}
	for number := range byNumber(t, v.people[0]) {
		v.numbers = append(v.numbers, number)
	}
	return v
}

func byNumber(t *drill.T, c *apitest.Client) map[string]bool {
	all := map[string]bool{}
	for _, numbers := range apitest.Mine(t, c) {
		for _, n := range numbers {
			all[n] = true
		}
	}
	return all
}

// come sends somebody at every tick, however many are still inside. Now and then the
// door is shut for a moment until all are served and gone: what the process still
// holds then, it holds for nobody.
func (v *visitors) come(t *drill.T, plan soakPlan, s *apitest.Server) (all []sample) {
	chance := t.Rand(3)
	began, shut := time.Now(), time.Duration(0)
	var wg sync.WaitGroup
	breaths := 0
	for i := 0; t.Context().Err() == nil; i++ {
		due := time.Duration(i) * time.Second / time.Duration(plan.rate)
		if due > plan.long {
			break
		}
		if int(due/plan.breath) > breaths {
			breaths++
			pause := time.Now()
			wg.Wait()
			v.rest()
			x, err := look(s)
			if err != nil {
				t.Errorf("the process cannot be watched: %v", err)
				return all
			}
			x.after = due
			all = append(all, x)
			shut += time.Since(pause)
		}
		want := began.Add(due + shut)
		time.Sleep(time.Until(want))
		what, who := chance.IntN(100), chance.IntN(len(v.people))
		v.n.Add(1)
		wg.Go(func() {
			a, err := v.ask(what, who)
			v.note(t, a, err, took{due, time.Since(want)}) // from when they wanted to come
		})
	}
	wg.Wait()
	return all
}

// rest hangs up all lines that nobody speaks on.
func (v *visitors) rest() {
	for _, c := range append([]*apitest.Client{v.clerk, v.visitor}, v.people...) {
		c.HangUp()
	}
}

func (v *visitors) ask(what, who int) (apitest.Answer, error) {
	switch {
	case what < 25:
		return v.visitor.Do(http.MethodGet, "/api/v1/procedures?q=lam+giay+khai+sinh", "", nil)
	case what < 40:
		return v.visitor.Do(http.MethodGet, "/", "", nil)
	case what < 60:
		return v.clerk.Do(http.MethodGet, "/api/v1/queues/to_receive", "", nil)
	case what < 75:
		return v.people[who].Do(http.MethodGet, "/api/v1/dossiers?limit=20", "", nil)
	case what < 85:
		v.mu.Lock()
		number := "x"
		if len(v.numbers) > 0 {
			number = v.numbers[what*7919%len(v.numbers)]
		}
		v.mu.Unlock()
		return v.clerk.Do(http.MethodGet, "/api/v1/dossiers/"+number, "", nil)
	case what < 90:
		return v.people[who].Do(http.MethodPost, "/api/v1/files?name=giay.pdf", id.New(), apitest.PDF(id.New()))
	}
	s := v.st.fresh(who)
	return v.people[who].Do(http.MethodPost, "/api/v1/dossiers", s.key, s.body)
}

func (v *visitors) note(t *drill.T, a apitest.Answer, err error, how took) {
	switch {
	case err == nil && (a.Status == http.StatusServiceUnavailable || a.Status == http.StatusTooManyRequests):
		v.shed.Add(1)
		return
	case err != nil || a.Status >= 500 || a.Status == http.StatusUnauthorized || a.Status == http.StatusUnprocessableEntity:
		v.failed.Add(1)
		v.mu.Lock()
		v.said++
		if v.said < 5 {
			t.Errorf("%v, status %d: %.300s", err, a.Status, a.Body)
		}
		v.mu.Unlock()
		return
	}
	v.served.Add(1)
	v.mu.Lock()
	v.took = append(v.took, how)
	v.mu.Unlock()
}

// p99 is how long those waited who came in a span of time, but for one in a hundred.
func (v *visitors) p99(from, to time.Duration) time.Duration {
	var all []time.Duration
	for _, x := range v.took {
		if x.at >= from && x.at < to {
			all = append(all, x.long)
		}
	}
	return drill.Quantile(all, .99)
}

// sample is what the process holds at a time.
type sample struct {
	after                     time.Duration
	memory, goroutines, files float64
}

// look takes the lowest of what a process holds within a second: what it holds at
// rest. Memory is its own, without the pages of files that the system lends it.
func look(s *apitest.Server) (least sample, err error) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range 6 {
		time.Sleep(200 * time.Millisecond)
		x, err := holds(client, s)
		if err != nil {
			return least, err
		}
		if i == 0 {
			least = x
		}
		least.memory, least.goroutines, least.files = min(least.memory, x.memory), min(least.goroutines, x.goroutines), min(least.files, x.files)
	}
	return least, nil
}

func holds(client *http.Client, s *apitest.Server) (x sample, err error) {
	proc := filepath.Join("/proc", strconv.Itoa(s.Pid()))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return x, err
	}
	if _, rest, ok := bytes.Cut(status, []byte("RssAnon:")); ok {
		kb, _ := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64) // digits
		x.memory = kb * 1024
	}
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return x, err
	}
	x.files = float64(len(files))
	res, err := client.Get(s.Base + "/metrics") //nolint:noctx // has a timeout
	if err != nil {
		return x, err
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return x, err
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			x.goroutines, _ = strconv.ParseFloat(strings.TrimSpace(v), 64) // as Prometheus reads it
		}
	}
	return x, nil
}

// leak connects thirty times a second and never lets go.
func leak(base string, stop <-chan struct{}) {
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close() // the end of the drill
		}
	}()
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Second / 30):
		}
		if c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://")); err == nil { //nolint:noctx // at once
			_, _ = c.Write([]byte("POST /api/v1/files?name=x.pdf HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n%PDF"))
			held = append(held, c)
		}
	}
}

// theilSen is the median of the slopes between all pairs: what a few high or low
// samples say does not count.
func theilSen(xs, ys []float64) float64 {
	var slopes []float64
	for i := range xs {
		for j := range i {
			if dx := xs[i] - xs[j]; math.Abs(dx) > 1e-9 {
				slopes = append(slopes, (ys[i]-ys[j])/dx)
			}
		}
	}
	return median(slopes)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
