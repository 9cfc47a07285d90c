package drill

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
)

// Crowd is people at work in a house: citizens who upload, file and supplement,
// and officers who search and act. Each worker keeps a ledger of what was
// acknowledged, and does not rest before it was: when an answer is lost, the same
// request goes out again under the same key.
type Crowd struct {
	House   *House
	Workers int           // default 8
	Bases   []string      // where they knock, each at the next one after a failure; default the address of the house
	Patient time.Duration // how long somebody knocks for one thing; default a minute
	Rest    time.Duration // between two knocks; default 20 ms
	Pause   time.Duration // between two stories
	Hurry   bool          // file only: no supplements, no results
	Wait    func(a apitest.Answer) bool
	// Wait, when given, says of an answer that is no success that the client should
	// come again, besides 429 and 503 (a full house, for example).

	// Careless makes clients take a new key for each knock. A drill is broken so.
	Careless bool

	offer  string
	ledger []*ledger
	lines  sync.Map // *apitest.Client by base and login
	done   atomic.Bool
	wg     sync.WaitGroup

	// What was seen on the way.
	Again    atomic.Int64 // knocks that were not the first
	Refused  atomic.Int64 // of those, answers that asked to come again
	Searches atomic.Int64
	Stale    atomic.Int64 // what was acknowledged and then not found
	Acked    atomic.Int64 // all acknowledgements
}

// ledger is what one worker was told.
type ledger struct {
	citizen apitest.Account
	filed   []*filed
	files   map[string]string // id → SHA-256
	err     error
}

type filed struct {
	child, number, key, file string
	version                  int64 // that the last acknowledgement gave
	acts                     []string
	result                   string // number in the register
	status                   int
}

// made counts the children of all crowds of the process: no two have one name.
var made atomic.Int64

// Start puts everybody to work. The house must be open.
func (c *Crowd) Start(t *T) {
	t.Helper()
	if c.Workers == 0 {
		c.Workers = 8
	}
	if c.Patient == 0 {
		c.Patient = time.Minute
	}
	if c.Rest == 0 {
		c.Rest = 20 * time.Millisecond
	}
	if len(c.Bases) == 0 {
		c.Bases = []string{"http://" + c.House.Address}
	}
	if c.offer == "" {
		c.offer = apitest.OfferOf(t, c.House.Client(""), "1.001193", "online", "Bình Minh")
	}
	c.done.Store(false)
	for i := range c.Workers {
		if len(c.ledger) <= i {
			c.ledger = append(c.ledger, &ledger{citizen: c.House.People.Citizens[i%citizens], files: map[string]string{}})
		}
		w := &worker{Crowd: c, ledger: c.ledger[i], base: i, n: i}
		c.wg.Go(func() {
			for !c.done.Load() && w.ledger.err == nil && t.ctx.Err() == nil {
				w.ledger.err = w.story()
				time.Sleep(c.Pause)
			}
		})
	}
}

// Stop lets everybody finish what they are at, and waits for them.
func (c *Crowd) Stop(t *T) {
	t.Helper()
	c.done.Store(true)
	c.wg.Wait()
	for i, l := range c.ledger {
		if l.err != nil {
			t.Errorf("worker %d gave up: %v", i, l.err)
		}
	}
}

// worker is one who works, playing a citizen and the officers in turn.
type worker struct {
	*Crowd
	ledger *ledger
	base   int // which of the bases it knocks at
	n      int // stories told
}

// as is a line to the house in the name of an account.
func (w *worker) as(login string) *apitest.Client {
	base := w.Bases[w.base%len(w.Bases)]
	c, _ := w.lines.LoadOrStore(base+" "+login, apitest.NewClient(base, w.House.People.Tokens[login]))
	return c.(*apitest.Client) //nolint:forcetypeassert // nothing else is stored
}

// knock sends something until it is acknowledged.
func (w *worker) knock(login, method, path string, body, v any) error {
	key := id.New()
	_, err := w.knockWith(login, method, path, key, body, v)
	return err
}

func (w *worker) knockWith(login, method, path, key string, body, v any) (string, error) {
	end := time.Now().Add(w.Patient)
	for {
		var failed bool
		c := w.as(login)
		err := c.Insist(method, path, key, body, v, func(a apitest.Answer, err error) bool {
			failed = w.again(a, err) && time.Now().Before(end)
			return false // so that the next knock may be at another door
		})
		if err == nil {
			if method != http.MethodGet {
				w.Acked.Add(1)
			}
			return key, nil
		}
		if !failed {
			return key, err
		}
		w.base++
		if w.Careless {
			key = id.New()
		}
		time.Sleep(w.Rest)
	}
}

// again reports whether to come again, and counts it.
func (w *worker) again(a apitest.Answer, err error) bool {
	if err == nil && a.Status != http.StatusServiceUnavailable && a.Status != http.StatusTooManyRequests && a.Status != http.StatusBadGateway && (w.Wait == nil || !w.Wait(a)) {
		return false
	}
	w.Again.Add(1)
	if err == nil {
		w.Refused.Add(1)
	}
	return true
}

// upload hands a paper in, every third one in pieces.
func (w *worker) upload(content []byte) (string, error) {
	var f struct{ ID string }
	if w.n%3 != 0 {
		if err := w.knock(w.ledger.citizen.Login, http.MethodPost, "/api/v1/files?name=chung-sinh.pdf", content, &f); err != nil {
			return "", err
		}
	} else {
		end := time.Now().Add(w.Patient)
		var err error
		if f.ID, err = w.as(w.ledger.citizen.Login).Pieces("chung-sinh.pdf", id.New(), content, 16<<10, func(a apitest.Answer, err error) bool {
			if !w.again(a, err) || time.Now().After(end) {
				return false
			}
			time.Sleep(w.Rest)
			return true
		}); err != nil {
			return "", err
		}
		w.Acked.Add(1)
	}
	sum := sha256.Sum256(content)
	w.ledger.files[f.ID] = hex.EncodeToString(sum[:])
	return f.ID, nil
}

// paper is one of a few kilobytes that nobody else has; in pieces it needs three.
func (w *worker) paper(child string) []byte {
	size := 2 << 10
	if w.n%3 == 0 {
		size = 40 << 10
	}
	return apitest.PDF(child + " " + strings.Repeat(id.New()+" ", size/37))
}

// story files one dossier, and takes some of them further.
func (w *worker) story() error {
	w.n++
	me := w.ledger.citizen
	child := apitest.Child(200_000 + int(made.Add(1)))
	file, err := w.upload(w.paper(child))
	if err != nil {
		return err
	}
	d := &filed{child: child, file: file, status: 1}
	var ack struct{ Number string }
	if d.key, err = w.knockWith(me.Login, http.MethodPost, "/api/v1/dossiers", id.New(), apitest.Declaration(w.offer, me.Name, me.Login, child, file), &ack); err != nil {
		return err
	}
	d.number = ack.Number
	w.ledger.filed = append(w.ledger.filed, d)
	if err := w.search(d); err != nil || w.Hurry {
		return err
	}
	staff := w.House.People
	switch w.n % 4 {
	case 1: // asked for more, and supplied
		if err := w.act(d, staff.Clerk.Login, "accept", nil); err != nil {
			return err
		}
		if err := w.act(d, staff.Officer.Login, "ask", map[string]any{"reason": "Giấy chứng sinh bị mờ"}); err != nil {
			return err
		}
		better, err := w.upload(w.paper(child + " rõ hơn"))
		if err != nil {
			return err
		}
		supply := map[string]any{"papers": []map[string]any{{"code": "birth_notice", "file_ids": []string{better}}}, "note": "Tôi gửi lại bản rõ"}
		if err := w.knock(me.Login, http.MethodPost, "/api/v1/dossiers/"+d.number+"/supplement", supply, nil); err != nil {
			return err
		}
		return w.see(d, "supplement")
	case 3: // to the end
		steps := []struct {
			who, action string
			more        map[string]any
		}{
			{staff.Clerk.Login, "accept", nil},
			{staff.Officer.Login, "propose", map[string]any{"fields": map[string]any{"personal_no": fmt.Sprintf("099226%06d", made.Add(1)), "book": "01/2026"}}},
			{staff.Leader.Login, "approve", nil},
			{staff.Records.Login, "finish", nil},
		}
		for _, s := range steps {
			if err := w.act(d, s.who, s.action, s.more); err != nil {
				return err
			}
		}
		var after apitest.Dossier
		if err := w.knock(me.Login, http.MethodGet, "/api/v1/dossiers/"+d.number, nil, &after); err != nil {
			return err
		}
		if after.Result == nil || after.Result.Number == "" {
			return fmt.Errorf("%s is finished and has no result", d.number)
		}
		d.result = after.Result.Number
	}
	return nil
}

// search looks for what was just acknowledged, as the counter would.
func (w *worker) search(d *filed) error {
	var queue struct{ Dossiers []struct{ Number string } }
	w.Searches.Add(1)
	if err := w.knock(w.House.People.Clerk.Login, http.MethodGet, "/api/v1/queues/to_receive?search="+url.QueryEscape(d.number), nil, &queue); err != nil {
		return err
	}
	if len(queue.Dossiers) != 1 || queue.Dossiers[0].Number != d.number {
		w.Stale.Add(1)
	}
	var found struct{ Items []struct{ Code string } }
	if err := w.knock("", http.MethodGet, "/api/v1/procedures?q=lam+giay+khai+sinh", nil, &found); err != nil {
		return err
	}
	if len(found.Items) == 0 {
		return fmt.Errorf("searching finds nothing")
	}
	return nil
}

// act takes one action and notes the version it led to.
func (w *worker) act(d *filed, login, action string, more map[string]any) error {
	var before apitest.Dossier
	if err := w.knock(login, http.MethodGet, "/api/v1/dossiers/"+d.number, nil, &before); err != nil {
		return err
	}
	body := map[string]any{"action": action, "version": before.Version}
	maps.Copy(body, more)
	var after struct {
		Version int64
		Status  int
	}
	if err := w.knock(login, http.MethodPost, "/api/v1/dossiers/"+d.number+"/actions", body, &after); err != nil {
		return err
	}
	d.acts, d.version, d.status = append(d.acts, action), after.Version, after.Status
	return nil
}

// see notes the version that an acknowledged act of the citizen led to.
func (w *worker) see(d *filed, action string) error {
	var after apitest.Dossier
	if err := w.knock(w.House.People.Clerk.Login, http.MethodGet, "/api/v1/dossiers/"+d.number, nil, &after); err != nil {
		return err
	}
	d.acts, d.version, d.status = append(d.acts, action), after.Version, after.Status
	return nil
}

// Tally is what came of the ledgers.
type Tally struct {
	Acked                int // acknowledgements of all kinds
	Filed, Files         int // dossiers and files among them
	Lost, Doubled, Torn  int
	ResultNumbersDoubled int
}

// Tally holds every ledger against what the house says. The house must be open
// and nobody at work. What it finds wrong is a problem of the drill.
func (c *Crowd) Tally(t *T) (sum Tally) {
	t.Helper()
	sum.Acked = int(c.Acked.Load())
	clerk := c.House.Client(c.House.People.Clerk.Login)
	numbers, results := map[string]string{}, map[string]string{}
	seen := map[string]map[string][]string{} // by citizen
	lost := func(format string, args ...any) { sum.Lost++; t.Errorf("lost: "+format, args...) }
	doubled := func(format string, args ...any) { sum.Doubled++; t.Errorf("doubled: "+format, args...) }
	torn := func(format string, args ...any) { sum.Torn++; t.Errorf("torn: "+format, args...) }
	known := map[string]bool{}
	for _, l := range c.ledger {
		me := c.House.Client(l.citizen.Login)
		there := seen[l.citizen.Login]
		if there == nil {
			there = apitest.Mine(t, me)
			seen[l.citizen.Login] = there
		}
		for _, d := range l.filed {
			sum.Filed++
			known[d.child] = true
			if other, taken := numbers[d.number]; taken {
				doubled("%s was given to %s and to %s", d.number, other, d.child)
			}
			numbers[d.number] = d.child
			switch got := there[apitest.BirthTitle(d.child)]; {
			case !slices.Contains(got, d.number):
				lost("%s was acknowledged for %s; there is %v", d.number, d.child, got)
				continue
			case len(got) > 1:
				doubled("%s has %v", d.child, got)
			}
			a, err := clerk.Do(http.MethodGet, "/api/v1/dossiers/"+d.number, "", nil)
			if err != nil || a.Status != http.StatusOK {
				lost("%s: %v, status %d", d.number, err, a.Status)
				continue
			}
			var now apitest.Dossier
			a.Into(t, http.StatusOK, &now)
			if now.Answers["child_name"] != d.child {
				torn("%s is somebody else's: %v", d.number, now.Answers["child_name"])
			}
			switch {
			case now.Version < d.version:
				lost("%s is at version %d, acknowledged was %d after %v", d.number, now.Version, d.version, d.acts)
			case l.err != nil && d == l.filed[len(l.filed)-1]: // gave up on it: the last act may stand
			case d.version > 0 && now.Version > d.version:
				doubled("%s is at version %d, acknowledged was %d after %v", d.number, now.Version, d.version, d.acts)
			case d.version > 0 && now.Status != d.status:
				torn("%s has status %d, acknowledged was %d", d.number, now.Status, d.status)
			}
			if d.result != "" {
				if now.Result == nil || now.Result.Number != d.result {
					lost("the result %s of %s: %+v", d.result, d.number, now.Result)
				}
				if other := results[d.result]; other != "" {
					doubled("%s is the result of %s and of %s", d.result, other, d.number)
				}
				results[d.result] = d.number
			}
		}
		for file, hash := range l.files {
			sum.Files++
			a, err := me.Do(http.MethodGet, "/api/v1/files/"+file+"/content", "", nil)
			got := sha256.Sum256(a.Body)
			switch {
			case err != nil || a.Status != http.StatusOK:
				lost("file %s: %v, status %d", file, err, a.Status)
			case hex.EncodeToString(got[:]) != hash:
				torn("file %s has %d other bytes", file, len(a.Body))
			}
		}
	}
	for citizen, there := range seen {
		for title, got := range there {
			if child, ours := strings.CutPrefix(title, apitest.BirthTitle("")); ours && strings.HasPrefix(child, "Trịnh Thử ") && !known[child] && c.finished(citizen) {
				doubled("%s of %s was acknowledged to nobody", got, child)
			}
		}
	}
	return sum
}

// finished reports whether all who play a citizen ended in order; somebody who
// gave up may have left one dossier whose answer never came.
func (c *Crowd) finished(login string) bool {
	for _, l := range c.ledger {
		if l.citizen.Login == login && l.err != nil {
			return false
		}
	}
	return true
}

// Report notes the usual figures of a tally.
func (s Tally) Report(t *T) {
	t.Figure("acked", s.Acked)
	t.Figure("dossiers", s.Filed)
	t.Figure("files", s.Files)
	t.Figure("lost", s.Lost)
	t.Figure("doubled", s.Doubled)
	t.Figure("torn", s.Torn)
}

// Sound checks what a house can tell about itself: the ledger of what happened
// verifies and the doctor finds nothing broken.
func (h *House) Sound(t *T) {
	t.Helper()
	if r := h.Command(t, "audit", "verify"); r.Status != 0 || !strings.HasPrefix(r.Last(), "OK: ") {
		t.Errorf("torn: the journal does not verify: %s", r)
	}
	if r := h.Command(t, "doctor"); r.Status > 1 {
		t.Errorf("torn: %s", r)
	}
}
