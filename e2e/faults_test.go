package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
)

// The program is killed again and again while people file. Each of them keeps a
// list of the numbers they were given; afterwards every number is there, exactly
// once, with its paper, and nothing is there twice.
func TestKilledWhilePeopleFile(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		h := copied(t, engine)
		kills, between := 6, 2500*time.Millisecond
		if engine == "postgres" {
			kills = 3 // what survives is PostgreSQL's doing; that we answer only after it is ours
		}
		const writers = 8
		at := address(t)
		s := h.serve(t, at)
		who := demoAccounts(t, h.dir)
		offer := offerOf(t, h.client(t, s, ""), "1.001193", "online", "Bình Minh")
		var done atomic.Bool
		var made atomic.Int64
		made.Store(1000) // names that no other test uses
		list := make([]*writer, writers)
		var wg sync.WaitGroup
		for i := range list {
			w := &writer{person: h.person(t, s, who.citizens[i%len(who.citizens)]), offer: offer, given: map[string]string{}, papers: map[string][]byte{}}
			list[i] = w
			wg.Go(func() {
				for !done.Load() && w.err == nil {
					w.err = w.file(child(int(made.Add(1))))
				}
			})
		}
		var restarts []time.Duration
		for range kills {
			time.Sleep(between)
			s.Kill()
			s = h.serve(t, at)
			up, err := ready(s.Base, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			restarts = append(restarts, s.Took+up)
		}
		time.Sleep(between / 2)
		done.Store(true)
		wg.Wait()
		t.Logf("%d kills, restarts %v", kills, restarts) // none longer than ready waits; what is fast, the bench says
		tally(t, h, s, list)
		s.Stop(t)
		if r := h.run(t, "audit", "verify"); r.Status != 0 || !strings.HasPrefix(r.Last(), "OK: ") {
			t.Error(r)
		}
		if r := h.run(t, "doctor"); r.Status > 1 {
			t.Error(r)
		}
	})
}

// writer is somebody who files and keeps the numbers.
type writer struct {
	person
	offer  string
	given  map[string]string // child → number that was acknowledged
	keys   map[string]string // child → Idempotency-Key, to ask again
	papers map[string][]byte // number → content of the paper
	again  int               // how often an answer was lost
	err    error
}

// file files one dossier and does not rest before it is acknowledged: when the
// answer is lost it asks again with the same key.
func (w *writer) file(child string) error {
	content := pdf("chứng sinh của " + id.New())
	var paper struct{ ID string }
	if err := w.insist("/api/v1/files?name=chung-sinh.pdf", id.New(), content, &paper); err != nil {
		return err
	}
	var d struct{ Number string }
	key := id.New()
	if err := w.insist("/api/v1/dossiers", key, declaration(w.offer, w.name, w.number, child, paper.ID), &d); err != nil {
		return err
	}
	if w.keys == nil {
		w.keys = map[string]string{}
	}
	w.given[child], w.keys[child], w.papers[d.Number] = d.Number, key, content
	return nil
}

func (w *writer) insist(path, key string, body, v any) error {
	for deadline := time.Now().Add(30 * time.Second); ; {
		a, err := w.Do(http.MethodPost, path, key, body)
		switch {
		case err == nil && (a.Status == http.StatusCreated || a.Status == http.StatusOK):
			return json.Unmarshal(a.Body, v)
		case err == nil && a.Status != http.StatusServiceUnavailable:
			return fmt.Errorf("%s: status %d: %.500s", path, a.Status, a.Body)
		case time.Now().After(deadline):
			return fmt.Errorf("%s: no answer for half a minute: %w", path, errors.Join(err, fmt.Errorf("status %d", a.Status)))
		}
		w.again++
		time.Sleep(20 * time.Millisecond)
	}
}

// tally holds what is there against the lists of the writers.
func tally(t *testing.T, h house, s *apitest.Server, list []*writer) {
	t.Helper()
	acknowledged, lost, numbers := 0, 0, map[string]string{}
	for i, w := range list {
		if w.err != nil {
			t.Errorf("writer %d: %v", i, w.err)
		}
		acknowledged += len(w.given)
		lost += w.again
		there := mine(t, w.Client)
		for child, number := range w.given {
			if other, taken := numbers[number]; taken {
				t.Errorf("%s was given to %s and to %s", number, other, child)
			}
			numbers[number] = child
			if got := there["Đăng ký khai sinh cho "+child]; len(got) != 1 || got[0] != number {
				t.Errorf("%s was acknowledged as %s; there is %v", child, number, got)
			}
		}
	}
	if acknowledged < 50 || lost == 0 {
		t.Errorf("no load: %d acknowledged, %d answers lost", acknowledged, lost)
	}
	before, err := strconv.Atoi(small)
	if err != nil {
		t.Fatal(err)
	}
	total := h.count(t, `SELECT COUNT(*) FROM dossier_dossier`)
	distinct := h.count(t, `SELECT COUNT(DISTINCT number) FROM dossier_dossier`)
	if total != before+acknowledged || distinct != total {
		t.Errorf("%d dossiers with %d numbers; %d were there and %d acknowledged", total, distinct, before, acknowledged)
	}
	t.Logf("%d acknowledged, %d answers lost on the way", acknowledged, lost)
	visitor := h.client(t, s, "")
	for _, w := range list {
		seen := 0
		for child, number := range w.given {
			if seen++; seen > 3 {
				break
			}
			var public struct {
				Number string
				Status int
			}
			visitor.Get(t, "/api/v1/track/"+number, &public)
			var again struct{ Number string }
			w.Post(t, "/api/v1/dossiers", w.keys[child], declaration(w.offer, w.name, w.number, child, ""), &again)
			var d detail
			w.Get(t, "/api/v1/dossiers/"+number, &d)
			if public.Number != number || public.Status != 1 || again.Number != number {
				t.Errorf("%s: tracked %+v, asked again %+v", number, public, again)
			}
			for _, p := range d.Papers {
				for _, f := range p.Files {
					if a := w.Call(t, http.MethodGet, "/api/v1/files/"+f+"/content", "", nil); !bytes.Equal(a.Body, w.papers[number]) {
						t.Errorf("%s: its paper is not what was handed in", number)
					}
				}
			}
		}
	}
	if after := h.count(t, `SELECT COUNT(*) FROM dossier_dossier`); after != total {
		t.Errorf("asking again made %d dossiers", after-total)
	}
}

// Whoever changes the record of what happened is found, wherever they do it.
func TestAuditFindsTampering(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		h := copied(t, engine)
		if r := h.run(t, "audit", "verify"); r.Status != 0 || !regexp.MustCompile(`^OK: .*\d`).MatchString(r.Last()) {
			t.Fatal(r)
		}
		events := h.count(t, `SELECT COUNT(*) FROM journal_event`)
		db := h.open(t)
		at := int64(1 + rand.IntN(events-1))
		var data, was string
		if err := db.QueryRow(`SELECT data, type FROM journal_event WHERE position = $1`, at).Scan(&data, &was); err != nil {
			t.Fatal(err)
		}
		for what, change := range map[string][2]string{
			"a word changed": {`UPDATE journal_event SET data = '{"nobody":"saw"}' WHERE position = $1`, `UPDATE journal_event SET data = $2 WHERE position = $1`},
			"another act":    {`UPDATE journal_event SET type = 'dossier.returned-x' WHERE position = $1`, `UPDATE journal_event SET type = $2 WHERE position = $1`},
		} {
			if _, err := db.Exec(change[0], at); err != nil {
				t.Fatal(err)
			}
			r := h.run(t, "audit", "verify")
			if r.Status != 1 || !strings.HasPrefix(r.Last(), "FAIL: ") || !regexp.MustCompile(`\b`+grouped(at)+`\b`).MatchString(r.Last()) {
				t.Errorf("%s at %d: %s", what, at, r)
			}
			back := data
			if strings.Contains(change[1], "type") {
				back = was
			}
			if _, err := db.Exec(change[1], at, back); err != nil {
				t.Fatal(err)
			}
		}
		if r := h.run(t, "audit", "verify"); r.Status != 0 {
			t.Errorf("put right again: %s", r)
		}
		if _, err := db.Exec(`DELETE FROM journal_event WHERE position = $1`, at); err != nil {
			t.Fatal(err)
		}
		if r := h.run(t, "audit", "verify"); r.Status != 1 || !strings.HasPrefix(r.Last(), "FAIL: ") {
			t.Errorf("taken out: %s", r)
		}
	})
}

// grouped is a number as Vietnamese screens write it, in a pattern.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + `\.?` + s[i:]
	}
	return s
}

// A backup taken while people file is one moment of the house: whole, with every
// number that was acknowledged before it began. A changed byte in it is refused
// before anything is replaced.
func TestBackupWhileServing(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		h := copied(t, engine)
		s := h.serve(t, "")
		who := demoAccounts(t, h.dir)
		offer := offerOf(t, h.client(t, s, ""), "1.001193", "online", "An Phú")
		list := make([]*writer, 3)
		var done atomic.Bool
		var wg sync.WaitGroup
		var first sync.WaitGroup
		for i := range list {
			w := &writer{person: h.person(t, s, who.citizens[i]), offer: offer, given: map[string]string{}, papers: map[string][]byte{}}
			list[i] = w
			first.Add(1)
			wg.Go(func() {
				for n := 0; !done.Load() && w.err == nil; n++ {
					w.err = w.file(child(50000 + 1000*i + n))
					if n == 4 || w.err != nil && n < 4 {
						first.Done()
					}
				}
			})
		}
		first.Wait()
		before := map[string]string{}
		var mark = h.count(t, `SELECT COUNT(*) FROM dossier_dossier`)
		file := filepath.Join(t.TempDir(), "motcua.backup")
		r := h.Must(t, append([]string{"backup", file}, h.flags()...)...)
		if !strings.HasPrefix(r.Last(), "OK: ") {
			t.Error(r)
		}
		done.Store(true)
		wg.Wait()
		for _, w := range list {
			if w.err != nil {
				t.Fatal(w.err)
			}
			maps.Copy(before, w.given)
		}
		s.Stop(t)
		t.Logf("backup took %s, %d dossiers when it began, %d at the end", r.Took.Round(time.Millisecond), mark, len(before)+50)

		damaged := flipped(t, file)
		if r := h.Run(t, "backup", "--check", damaged); r.Status == 0 {
			t.Errorf("a changed byte passes: %s", r)
		}
		twin := house{Program: h.Program, dir: filepath.Join(t.TempDir(), "twin")}
		if engine == "postgres" {
			twin.db = database(t, "")
			t.Cleanup(func() {
				if err := drop(twin.db); err != nil {
					t.Error(err)
				}
			})
		}
		twin.Must(t, append([]string{"restore", file}, twin.flags()...)...)
		if n := twin.count(t, `SELECT COUNT(*) FROM dossier_dossier`); n < mark || n > len(before)+50 {
			t.Errorf("restored are %d dossiers, between %d and %d were there", n, mark, len(before)+50)
		}
		if r := twin.run(t, "audit", "verify"); r.Status != 0 || !strings.HasPrefix(r.Last(), "OK: ") {
			t.Error(r)
		}
		checkTwin(t, twin, list)
		count := twin.count(t, `SELECT COUNT(*) FROM dossier_dossier`)
		if r := twin.run(t, "restore", damaged, "--reason", "thử"); r.Status == 0 {
			t.Errorf("a changed byte is restored: %s", r)
		}
		if n := twin.count(t, `SELECT COUNT(*) FROM dossier_dossier`); n != count {
			t.Errorf("the refused restore left %d dossiers of %d", n, count)
		}
		if r := twin.run(t, "audit", "verify"); r.Status != 0 {
			t.Errorf("after the refused restore: %s", r)
		}
	})
}

// checkTwin serves the restored house: accounts sign in, dossiers are open with their papers.
func checkTwin(t *testing.T, twin house, list []*writer) {
	t.Helper()
	s := twin.serve(t, "")
	defer s.Stop(t)
	w := list[0]
	c := apitest.NewClient(s.Base, w.Token) // tokens are part of the house
	there := 0
	for child, number := range w.given {
		a := c.Call(t, http.MethodGet, "/api/v1/dossiers/"+number, "", nil)
		if a.Status == http.StatusNotFound { // filed after the backup began
			continue
		}
		there++
		var d detail
		a.Into(t, http.StatusOK, &d)
		if d.Answers["child_name"] != child {
			t.Errorf("%s is somebody else's now", number)
		}
		for _, p := range d.Papers {
			for _, f := range p.Files {
				if a := c.Call(t, http.MethodGet, "/api/v1/files/"+f+"/content", "", nil); !bytes.Equal(a.Body, w.papers[number]) {
					t.Errorf("%s: its paper did not come back", number)
				}
			}
		}
	}
	if there < 5 {
		t.Errorf("only %d of the dossiers that were acknowledged before the backup are there", there)
	}
}

// flipped is a copy of a file with one bit changed somewhere.
func flipped(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := len(text)/4 + rand.IntN(len(text)/2)
	text[at] ^= 0x10
	t.Logf("byte %d of %d is changed", at, len(text))
	damaged := file + ".damaged"
	if err := os.WriteFile(damaged, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return damaged
}

// Two programs that serve one data folder would each believe to be alone: the
// second does not open. Looking is allowed.
func TestOneHouseOneProgram(t *testing.T) {
	h := copied(t, "sqlite")
	s := h.serve(t, "")
	if r := h.run(t, "serve", "--listen", "127.0.0.1:0"); r.Status == 0 || r.Took > time.Minute {
		t.Errorf("a second program serves the same house: %s", r)
	}
	if r := h.run(t, "restore", os.DevNull); r.Status == 0 {
		t.Errorf("restored over a house that serves: %s", r)
	}
	if r := h.run(t, "audit", "verify"); r.Status != 0 {
		t.Errorf("looking at a house that serves: %s", r)
	}
	s.Stop(t)
}
