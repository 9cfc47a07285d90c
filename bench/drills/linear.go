package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"motcua/bench/drills/drill"
	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
)

// linear asks whether numbers of dossiers, keys of submissions and versions of
// dossiers behave as if one person did everything in some order that fits what the
// clients saw.
func linear() drill.Drill {
	return drill.Drill{
		Name:   "linear",
		Proves: "64 clients over HTTP on both engines: numbers without gaps or doubles, one dossier for one key, one winner for one version, in some order that fits what everybody saw (porcupine)",
		Breaks: []drill.Break{{Name: "careless-counter", What: "a house that counts without a lock, forgets keys and does not compare versions", Fails: "no order explains"}},
		Run: func(t *drill.T) {
			if t.Broken != "" {
				hall := &careless{}
				t.Must(hall.open(t))
				playLinear(t, &stage{base: hall.base, offer: "x"}, 2*time.Second)
				return
			}
			for _, engine := range []string{"sqlite", "postgres"} {
				h := t.House(engine, "")
				s := h.Open(t)
				st := &stage{base: s.Base, h: h, offer: apitest.OfferOf(t, h.Client(""), "1.001193", "online", "Bình Minh")}
				playLinear(t, st, time.Duration(drill.Full(t, 60, 6))*time.Second)
				s.Stop(t)
				t.Figure("on-"+engine, st.submits)
			}
		},
	}
}

// stage is where the clients play.
type stage struct {
	base, offer string
	h           *drill.House // nil in a house that is none
	file        []string     // one paper for each citizen
	submits     int
	last        atomic.Int64 // highest number seen
	form        atomic.Value // how a number is written: everything before the count
	child       atomic.Int64
}

const linearClients = 64

// submission is a request under a key; repeating it must change nothing.
type submission struct {
	key     string
	citizen int
	body    map[string]any
}

// asked and told are an operation on the counter.
type asked struct {
	key  string // "" looks
	look int64
}

type told struct {
	number int64
	there  bool
}

// playLinear lets everybody play in rounds; between two rounds nobody is at work, so
// that each is a history of its own.
func playLinear(t *drill.T, st *stage, long time.Duration) {
	st.people(t)
	end := time.Now().Add(long)
	ops, raced, rounds := 0, 0, 0
	counter := int64(-1)
	for round := uint64(0); time.Now().Before(end) && !t.Failed(); round++ {
		history, made := st.round(t, round)
		if t.Failed() {
			return
		}
		n, ok := explain(t, history, &counter)
		ops += n
		if !ok {
			return
		}
		raced += st.race(t, made, round)
		rounds++
	}
	if ops == 0 {
		t.Errorf("nothing was done")
	}
	t.Figure("rounds", rounds)
	t.Figure("operations", ops)
	t.Figure("races", raced)
	t.Zero("unexplained", 0)
}

func (st *stage) people(t *drill.T) {
	if st.h == nil {
		st.file = make([]string, 1)
		return
	}
	for _, c := range st.h.People.Citizens {
		if st.h.People.Tokens[c.Login] != "" {
			st.file = append(st.file, apitest.Upload(t, st.h.Client(c.Login), apitest.PDF("tuyến tính "+c.Login)))
		}
	}
}

func (st *stage) client(citizen int) *apitest.Client {
	if st.h == nil {
		return apitest.NewClient(st.base, "")
	}
	return st.h.Client(st.h.People.Citizens[citizen].Login)
}

func (st *stage) clerk() *apitest.Client {
	if st.h == nil {
		return apitest.NewClient(st.base, "")
	}
	return st.h.Client(st.h.People.Clerk.Login)
}

// fresh makes a submission that nobody has made.
func (st *stage) fresh(citizen int) submission {
	child := apitest.Child(700_000 + int(st.child.Add(1)))
	s := submission{key: id.New(), citizen: citizen, body: map[string]any{"child": child}}
	if st.h != nil {
		me := st.h.People.Citizens[citizen]
		s.body = apitest.Declaration(st.offer, me.Name, me.Login, child, st.file[citizen])
	}
	return s
}

// round lets each client do some operations, many under keys that others use at the
// same time. It returns what everybody saw, and the numbers made.
func (st *stage) round(t *drill.T, round uint64) (history []porcupine.Operation, made []string) {
	const each = 8
	var mu sync.Mutex
	var recent []submission
	began := time.Now()
	var wg sync.WaitGroup
	for c := range linearClients {
		chance := rand.New(rand.NewPCG(t.Seed+round, uint64(c))) //nolint:gosec // not a secret
		mine, clerk := st.client(c%len(st.file)), st.clerk()
		wg.Go(func() {
			for range each {
				op := porcupine.Operation{ClientId: c, Call: int64(time.Since(began))}
				if prefix, _ := st.form.Load().(string); prefix != "" && chance.IntN(4) == 0 {
					look := max(1, st.last.Load()+int64(chance.IntN(6))-2)
					a, err := clerk.Do(http.MethodGet, fmt.Sprintf("/api/v1/dossiers/%s%04d", prefix, look), "", nil)
					if err != nil || a.Status != http.StatusOK && a.Status != http.StatusNotFound {
						t.Errorf("looking: %v, status %d: %.300s", err, a.Status, a.Body)
						return
					}
					op.Input, op.Output = asked{look: look}, told{there: a.Status == http.StatusOK}
				} else {
					s := st.fresh(c % len(st.file))
					mu.Lock()
					// A key belongs to whoever made it: others knock under the same account.
					if n := len(recent); n > 0 && chance.IntN(100) < 45 {
						if r := recent[n-1-chance.IntN(min(n, 10))]; r.citizen == s.citizen || st.h == nil {
							s = r
						}
					}
					recent = append(recent, s)
					mu.Unlock()
					number, err := submit(mine, s)
					if err != nil {
						t.Error(err)
						return
					}
					prefix, count, err := splitNumber(number)
					if err != nil {
						t.Error(err)
						return
					}
					st.form.Store(prefix)
					for now := st.last.Load(); count > now && !st.last.CompareAndSwap(now, count); now = st.last.Load() {
					}
					op.Input, op.Output = asked{key: s.key}, told{number: count}
					mu.Lock()
					made = append(made, number)
					mu.Unlock()
				}
				op.Return = int64(time.Since(began))
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	st.submits += len(made)
	return history, made
}

// submit knocks under one key until there is an answer.
func submit(c *apitest.Client, s submission) (string, error) {
	for end := time.Now().Add(30 * time.Second); ; {
		a, err := c.Do(http.MethodPost, "/api/v1/dossiers", s.key, s.body)
		if err == nil && (a.Status == http.StatusCreated || a.Status == http.StatusOK) {
			var d struct{ Number string }
			return d.Number, json.Unmarshal(a.Body, &d)
		}
		if err == nil && a.Status != http.StatusServiceUnavailable && a.Status != http.StatusTooManyRequests && a.Status != http.StatusConflict || time.Now().After(end) {
			return "", fmt.Errorf("submitting: %w, status %d: %.300s", err, a.Status, a.Body)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// splitNumber takes {agency}-{yymmdd}-{nnnn} apart.
func splitNumber(number string) (prefix string, count int64, err error) {
	i := strings.LastIndexByte(number, '-')
	if i < 0 {
		return "", 0, fmt.Errorf("%q is no number of a dossier", number)
	}
	count, err = strconv.ParseInt(number[i+1:], 10, 64)
	return number[:i+1], count, err
}

// explain looks for an order of a round in which a counter without gaps and a memory
// of keys give the answers that were seen. counter is where the last round ended, -1
// at first.
func explain(t *drill.T, history []porcupine.Operation, counter *int64) (n int, ok bool) {
	owner, given := map[int64]string{}, map[string]int64{}
	lowest, highest := int64(-1), *counter
	for _, op := range history {
		in, out := op.Input.(asked), op.Output.(told) //nolint:forcetypeassert // ours
		if in.key == "" {
			continue
		}
		if lowest < 0 || out.number < lowest {
			lowest = out.number
		}
		highest = max(highest, out.number)
		if was, known := given[in.key]; known && was != out.number {
			t.Errorf("no order explains that one key was given %d and %d", was, out.number)
			return 0, false
		}
		if who, known := owner[out.number]; known && who != in.key {
			t.Errorf("no order explains that %d was given to two keys", out.number)
			return 0, false
		}
		owner[out.number], given[in.key] = in.key, out.number
	}
	start := *counter
	if start < 0 {
		start = lowest - 1
	}
	points, impossible := fold(history, start)
	if impossible != "" {
		t.Errorf("no order explains %s", impossible)
		return 0, false
	}
	model := porcupine.Model{
		Init: func() any { return start },
		Step: func(state, input, _ any) (bool, any) { return input == state.(int64)+1, input }, //nolint:forcetypeassert // ours
	}
	switch porcupine.CheckOperationsTimeout(model, points, time.Minute) {
	case porcupine.Illegal:
		t.Errorf("no order explains a round of %d operations from %d to %d", len(history), start, highest)
		return 0, false
	case porcupine.Unknown:
		t.Errorf("a round of %d operations could not be judged in a minute", len(history))
		return 0, false
	}
	*counter = highest
	return len(history), true
}

// fold turns a round into one operation for each number: its birth. By now a number
// belongs to one key and a key to one number. A repetition of the key says that the
// number was born before it returned, and so does whoever saw it; whoever did not see
// it says that it was not yet born when they began. Those are intervals, and the
// birth must lie in all of them; the search for an order is then quick.
func fold(history []porcupine.Operation, start int64) (births []porcupine.Operation, impossible string) {
	at := map[int64]int{}
	for _, op := range history {
		in, out := op.Input.(asked), op.Output.(told) //nolint:forcetypeassert // ours
		if in.key == "" {
			continue
		}
		i, known := at[out.number]
		if !known {
			i = len(births)
			at[out.number] = i
			births = append(births, porcupine.Operation{ClientId: i, Input: out.number, Call: op.Call, Return: op.Return})
		}
		b := &births[i]
		b.Call, b.Return = min(b.Call, op.Call), min(b.Return, op.Return)
	}
	for _, op := range history {
		in, out := op.Input.(asked), op.Output.(told) //nolint:forcetypeassert // ours
		if in.key != "" {
			continue
		}
		i, born := at[in.look]
		switch {
		case !born && out.there != (in.look <= start):
			return nil, fmt.Sprintf("that number %d was there: %v", in.look, out.there)
		case born && out.there:
			births[i].Return = min(births[i].Return, op.Return)
		case born:
			births[i].Call = max(births[i].Call, op.Call)
		}
		if born && births[i].Call > births[i].Return {
			return nil, fmt.Sprintf("that number %d was seen before and not seen after", in.look)
		}
	}
	return births, ""
}

// cas is an operation on the version of a dossier: accept it at a version, or look.
type cas struct{ expect int64 } // 0 looks

type won struct {
	ok      bool
	version int64
}

// race lets several hands receive the same dossier at the same version.
func (st *stage) race(t *drill.T, made []string, round uint64) (raced int) {
	chance := rand.New(rand.NewPCG(t.Seed, 1000+round)) //nolint:gosec // not a secret
	seen := map[string]bool{}
	for range 4 {
		number := made[chance.IntN(len(made))]
		if seen[number] {
			continue
		}
		seen[number] = true
		var before struct{ Version int64 }
		a, err := st.clerk().Do(http.MethodGet, "/api/v1/dossiers/"+number, "", nil)
		if err == nil {
			err = json.Unmarshal(a.Body, &before)
		}
		if err != nil {
			t.Errorf("%s: %v, status %d", number, err, a.Status)
			return raced
		}
		history := st.hands(t, number, before.Version)
		model := porcupine.Model{
			Init: func() any { return before.Version },
			Step: func(state, input, output any) (bool, any) {
				now, in, out := state.(int64), input.(cas), output.(won) //nolint:forcetypeassert // ours
				switch {
				case in.expect == 0:
					return out.version == now, now
				case out.ok:
					return in.expect == now && out.version > now, out.version
				}
				return in.expect != now, now
			},
		}
		if porcupine.CheckOperationsTimeout(model, history, time.Minute) != porcupine.Ok {
			t.Errorf("no order explains who received %s: %+v", number, history)
			return raced
		}
		raced++
	}
	return raced
}

func (st *stage) hands(t *drill.T, number string, version int64) (history []porcupine.Operation) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for hand := range 8 {
		clerk := st.clerk()
		wg.Go(func() {
			for _, expect := range []int64{0, version, 0} {
				if hand%2 == 1 && expect == version && hand > 4 {
					expect = version - 1 // one who has not looked lately
				}
				op := porcupine.Operation{ClientId: hand, Call: int64(time.Since(began)), Input: cas{expect}}
				var a apitest.Answer
				var err error
				if expect == 0 {
					a, err = clerk.Do(http.MethodGet, "/api/v1/dossiers/"+number, "", nil)
				} else {
					a, err = clerk.Do(http.MethodPost, "/api/v1/dossiers/"+number+"/actions", id.New(), map[string]any{"action": "accept", "version": expect})
				}
				op.Return = int64(time.Since(began))
				var got struct{ Version int64 }
				switch {
				case err != nil || a.Status >= 500:
					t.Errorf("%s: %v, status %d: %.300s", number, err, a.Status, a.Body)
					return
				case a.Status == http.StatusOK || a.Status == http.StatusCreated:
					if err := json.Unmarshal(a.Body, &got); err != nil {
						t.Error(err)
						return
					}
					op.Output = won{true, got.Version}
				default:
					op.Output = won{}
				}
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return history
}

// careless is a house as people write it who have not been to one: it reads, thinks,
// and writes.
type careless struct {
	base    string
	count   atomic.Int64
	version sync.Map // number → *atomic.Int64
}

func (c *careless) open(t *drill.T) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return err
	}
	c.base = "http://" + ln.Addr().String()
	s := &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(ln) }() // until Close
	t.Cleanup(func() { _ = s.Close() })
	return nil
}

// ServeHTTP implements http.Handler.
func (c *careless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	part := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/dossiers"), "/")
	answer := map[string]any{}
	switch {
	case len(part) == 1:
		n := c.count.Load()
		time.Sleep(time.Millisecond)
		c.count.Store(n + 1)
		answer["number"] = fmt.Sprintf("H64.31-260101-%04d", n+1)
	case len(part) == 2:
		_, n, err := splitNumber(part[1])
		if err != nil || n > c.count.Load() {
			http.NotFound(w, r)
			return
		}
		answer["version"] = c.of(part[1]).Load()
	default:
		answer["version"] = c.of(part[1]).Add(1)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // to a client of this drill
}

func (c *careless) of(number string) *atomic.Int64 {
	v, _ := c.version.LoadOrStore(number, func() *atomic.Int64 { n := new(atomic.Int64); n.Store(1); return n }())
	return v.(*atomic.Int64) //nolint:forcetypeassert // nothing else is stored
}
