package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"motcua/bench/drills/drill"
	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
)

// fulldisk lets the disk of a house run full while people work, twice: with the
// watch of the house, which closes it in time, and without, so that writes fail in
// the middle.
func fulldisk() drill.Drill {
	return drill.Drill{
		Name:   "fulldisk",
		Proves: "the disk runs full: people get a clear 507, reading and tracking go on, nothing acknowledged is lost, and work goes on by itself once there is room",
		Breaks: []drill.Break{
			{Name: "thin-disk", What: "the disk takes what it has no room for, and forgets it", Fails: "^(lost|torn): |status 5|malformed|never refused|work goes on once there is room: not within"},
		},
		Run: runFulldisk,
	}
}

// askAgain is what clients do when the house is full.
func askAgain(a apitest.Answer) bool { return a.Status == http.StatusInsufficientStorage }

func runFulldisk(t *drill.T) {
	w := weakHouse(t)
	crowd := &drill.Crowd{House: w.House, Wait: askAgain, Rest: 50 * time.Millisecond, Patient: 2 * time.Minute}
	work := func() { time.Sleep(drill.Full(t, 5*time.Second, 1500*time.Millisecond)) }
	rounds := drill.Full(t, 6, 1)
	var back []time.Duration
	if t.Broken == "" {
		s := w.Open(t)
		crowd.Start(t)
		for range rounds {
			w.fs.Squeeze(1 << 30)
			work()
			w.closes(t, work)
			back = append(back, w.opensAgain(t, crowd))
			work()
		}
		crowd.Stop(t)
		s.Stop(t)
	}

	w.Program = w.Program.With("MOTCUA_LIMITS_READ_ONLY_BELOW=0", "MOTCUA_LIMITS_KEEP_FREE=1")
	w.fs.Lie(t.Broken == "thin-disk")
	s := w.Open(t)
	crowd.Start(t)
	refused := w.fs.Counts().RefusedWrites
	for range rounds {
		work()
		w.fs.Squeeze(100 << 10)
		t.Eventually("the disk refuses a write", 30*time.Second, func() error {
			if w.fs.Counts().RefusedWrites == refused {
				return fmt.Errorf("never refused")
			}
			return nil
		})
		w.stillReads(t)
		work()
		refused = w.fs.Counts().RefusedWrites
		back = append(back, w.opensAgain(t, crowd))
		work()
	}
	crowd.Stop(t)
	t.Figure("rounds", 2*rounds)
	t.Figure("writes-refused", refused)
	t.Figure("back-max", drill.Quantile(back, 1))
	settle(t, crowd, w.House, s)
}

// closes fills the disk step by step and looks at what people meet.
func (w *weak) closes(t *drill.T, work func()) {
	t.Helper()
	me := w.Client(w.People.Citizens[0].Login)
	w.fs.Squeeze(200 << 20) // less than uploads must leave free
	t.Eventually("uploads are refused", 10*time.Second, func() error {
		return refused507(me, "/api/v1/files?name=x.pdf", apitest.PDF(id.New()), "storage.full")
	})
	w.fs.Squeeze(32 << 20) // less than the house needs for itself
	t.Eventually("the house only lets people read", 10*time.Second, func() error {
		return refused507(me, "/api/v1/dossiers", map[string]any{}, "storage.read-only")
	})
	w.stillReads(t)
	w.pageSays(t)
	if a := w.Client("").Call(t, http.MethodGet, "/readyz", "", nil); a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"read-only"`) {
		t.Errorf("readyz of a house that can be read: %d %s", a.Status, a.Body)
	}
	work()
	w.fs.Squeeze(0) // nothing at all
	w.stillReads(t)
	work()
}

// refused507 is nil when a request is refused as it should be.
func refused507(c *apitest.Client, path string, body any, code string) error {
	a, err := c.Do(http.MethodPost, path, id.New(), body)
	if err != nil {
		return err
	}
	var p apitest.Problem
	if err := json.Unmarshal(a.Body, &p); err != nil || a.Status != http.StatusInsufficientStorage || p.Code != code || p.Detail == "" || p.Title == "" {
		return fmt.Errorf("status %d: %.300s", a.Status, a.Body)
	}
	return nil
}

// stillReads: what changes nothing goes on.
func (w *weak) stillReads(t *drill.T) {
	t.Helper()
	me := w.Client(w.People.Citizens[0].Login)
	var mine struct{ Dossiers []struct{ Number string } }
	me.Get(t, "/api/v1/dossiers?limit=1", &mine)
	paths := []string{"/", "/healthz", "/api/v1/procedures?q=lam+giay+khai+sinh", "/thu-tuc?q=khai+sinh"}
	for _, d := range mine.Dossiers {
		paths = append(paths, "/api/v1/track/"+d.Number, "/api/v1/dossiers/"+d.Number)
	}
	for _, p := range paths {
		if a := me.Call(t, http.MethodGet, p, "", nil); a.Status != http.StatusOK {
			t.Errorf("%s cannot be read: %d %.300s", p, a.Status, a.Body)
		}
	}
}

// pageSays: a person with a browser reads what happened, in words; signing in goes on.
func (w *weak) pageSays(t *drill.T) {
	t.Helper()
	send := func(path string, form url.Values) apitest.Answer {
		a, err := w.Client("").Send(http.MethodPost, path, http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"},
		}, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := send("/dang-ky", url.Values{"name": {"x"}})
	if a.Status != http.StatusInsufficientStorage || !strings.Contains(string(a.Body), "chỉ cho xem và tra cứu") || !strings.Contains(string(a.Body), "Những gì đã gửi vẫn còn nguyên") {
		t.Errorf("a form on a full disk: %d %.1000s", a.Status, a.Body)
	}
	citizen := w.People.Citizens[1]
	if a := send("/dang-nhap", url.Values{"login": {citizen.Login}, "password": {citizen.Password}}); a.Status != http.StatusSeeOther {
		t.Errorf("signing in on a full disk: %d %.500s", a.Status, a.Body)
	}
}

// opensAgain makes room and waits until something is acknowledged.
func (w *weak) opensAgain(t *drill.T, crowd *drill.Crowd) time.Duration {
	t.Helper()
	w.fs.Limit(0)
	before := crowd.Acked.Load()
	return t.Eventually("work goes on once there is room", 15*time.Second, func() error {
		if crowd.Acked.Load() == before {
			return fmt.Errorf("nothing is acknowledged")
		}
		return nil
	})
}

// failsync lets the disk of a house fail to sync, and then takes the power.
func failsync() drill.Drill {
	return drill.Drill{
		Name:   "failsync",
		Proves: "the disk fails to sync: not one acknowledgement afterwards, also when it says yes again, until the program starts anew; reading goes on; the power going then takes nothing acknowledged",
		Breaks: []drill.Break{
			{Name: "silent", What: "the disk fails to sync and says nothing", Fails: "^(lost|torn): |ended before it listened"},
		},
		Run: runFailsync,
	}
}

func runFailsync(t *drill.T) {
	w := weakHouse(t)
	s := w.Open(t)
	crowd := &drill.Crowd{House: w.House, Patient: 2 * time.Minute, Rest: 50 * time.Millisecond}
	crowd.Start(t)
	chance := t.Rand(1)
	rounds := drill.Full(t, 15, 2)
	for range rounds {
		time.Sleep(time.Duration(1500+chance.IntN(drill.Full(t, 4000, 500))) * time.Millisecond)
		if t.Broken == "silent" {
			w.fs.Lie(true)
			time.Sleep(time.Second)
		} else {
			w.fs.FailSync(chance.IntN(8))
			w.stopsWriting(t, crowd)
		}
		w.fs.Cut()
		s.Kill()
		t.Must(w.unmount())
		w.fs.Restore(chance)
		w.plug(t)
		s = w.Open(t)
		if _, err := apitest.Ready(s.Base, 30*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	crowd.Stop(t)
	t.Figure("rounds", rounds)
	settle(t, crowd, w.House, s)
}

// stopsWriting: after a failed sync nothing is acknowledged, whatever the disk says.
func (w *weak) stopsWriting(t *drill.T, crowd *drill.Crowd) {
	t.Helper()
	t.Eventually("the house is not ready after a failed sync", 30*time.Second, func() error {
		a, err := w.Client("").Do(http.MethodGet, "/readyz", "", nil)
		if err == nil && a.Status == http.StatusServiceUnavailable {
			return nil
		}
		return fmt.Errorf("status %d, %w", a.Status, err)
	})
	before := crowd.Acked.Load()
	w.refuses(t)
	w.fs.FailSync(-1) // the disk says yes again; nobody knows what it kept
	time.Sleep(drill.Full(t, 2*time.Second, time.Second))
	w.refuses(t)
	w.stillReads(t)
	if after := crowd.Acked.Load(); after != before {
		t.Errorf("lost: %d acknowledgements after a failed sync", after-before)
	}
}

// refuses: what would change something is refused in words.
func (w *weak) refuses(t *drill.T) {
	t.Helper()
	a := w.Client(w.People.Citizens[0].Login).Call(t, http.MethodPost, "/api/v1/files?name=x.pdf", id.New(), apitest.PDF(id.New()))
	var p apitest.Problem
	if err := json.Unmarshal(a.Body, &p); err != nil || a.Status != http.StatusServiceUnavailable || p.Detail == "" || p.Code == "" {
		t.Errorf("an upload after a failed sync: %d %.500s", a.Status, a.Body)
	}
}
