package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"motcua/bench/drills/drill"
)

// shop is shared by the short editions of this process.
var shop *drill.Workshop

func TestMain(m *testing.M) {
	var err error
	if shop, err = drill.NewWorkshop(os.Getenv("MOTCUA_DRILLS_DIR")); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := shop.Close(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// lines gives the progress of a drill to the test's log.
type lines struct{ t *testing.T }

func (l lines) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// short runs the short edition of a drill, which must pass.
func short(t *testing.T, d drill.Drill) {
	t.Helper()
	if testing.Short() {
		t.Skip("drills hurt a running house for up to a minute")
	}
	r := drill.Run(d, drill.Options{Shop: shop, Short: true, Log: lines{t}})
	t.Log(r)
	switch {
	case r.Skipped != "":
		t.Skip("this machine lacks " + r.Skipped)
	case !r.Pass:
		t.Errorf("%s\n%s", r, strings.Join(r.Problems, "\n"))
	}
}

// broken runs a drill broken on purpose; it must fail, and for the reason that was broken.
func broken(t *testing.T, d drill.Drill, how string) {
	t.Helper()
	if testing.Short() {
		t.Skip("drills hurt a running house for up to a minute")
	}
	b, ok := d.Find(how)
	if !ok {
		t.Fatalf("%s has no break %q", d.Name, how)
	}
	r := drill.Run(d, drill.Options{Shop: shop, Short: true, Break: how, Log: lines{t}})
	switch {
	case r.Skipped != "":
		t.Skip("this machine lacks " + r.Skipped)
	case !r.Failed(b):
		t.Errorf("with %s it must fail by %q: %s\n%s", b.What, b.Fails, r, strings.Join(r.Problems, "\n"))
	}
}

func TestKill9(t *testing.T)        { short(t, kill9()) }
func TestKill9CanFail(t *testing.T) { broken(t, kill9(), "old-copy") }

// Every drill says what it proves and can be shown to fail.
func TestDrillsAreDeclared(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range drills() {
		if d.Name == "" || seen[d.Name] || d.Proves == "" || strings.ContainsAny(d.Name+d.Proves, "|\n") || d.Run == nil {
			t.Errorf("a drill lacks something, or its name is taken: %q", d.Name)
		}
		seen[d.Name] = true
		if len(d.Breaks) == 0 {
			t.Errorf("%s cannot be shown to fail", d.Name)
		}
		for _, b := range d.Breaks {
			if b.Name == "" || b.What == "" || b.Fails == "" {
				t.Errorf("%s: a break lacks something: %+v", d.Name, b)
			}
		}
	}
}

// The table keeps rows that were not run again, and takes only what counts.
func TestTheTable(t *testing.T) {
	all := []drill.Drill{{Name: "a", Proves: "that A holds"}, {Name: "b", Proves: "that B holds"}, {Name: "c", Proves: "that C holds"}}
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	page := "# Proof\n\n<!-- drills -->\n<!-- /drills -->\n\nThe end.\n"
	first := []drill.Result{
		{Drill: "a", Edition: "full", Pass: true, Figures: []drill.Figure{{Name: "lost", Value: "0"}}, At: at, Took: 90 * time.Second, Seed: 7},
		{Drill: "b", Edition: "short", At: at, Figures: []drill.Figure{{Name: "lost", Value: "2"}}},
	}
	page, err := render(page, all, first, "abc")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| a | that A holds | lost=0 | pass | full, 1m30s, seed 7 | 2026-11-27, abc |", "| b | that B holds | lost=2 | **FAIL** |", "# Proof\n", "\nThe end.\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	second := []drill.Result{
		{Drill: "a", Edition: "short", At: at},                           // does not replace a full one
		{Drill: "b", Edition: "full", Pass: true, At: at},                // does replace a short one
		{Drill: "c", Edition: "full", Break: "x", At: at},                // broken on purpose
		{Drill: "c", Edition: "short", Skipped: "a screwdriver", At: at}, // did not run
	}
	page, err = render(page, all, second, "def")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, "| a | that A holds | lost=0 | pass |") || !strings.Contains(page, "| b | that B holds |  | pass | full,") || strings.Contains(page, "| c |") {
		t.Errorf("the table is wrong:\n%s", page)
	}
	if _, err := render("only one "+openMark, all, first, "abc"); err == nil {
		t.Error("a page with half a mark is written")
	}
	for _, bare := range []string{"", "# Something else\n"} {
		if page, err := render(bare, all, first, "abc"); err != nil || !strings.HasPrefix(page, "# ") || !strings.Contains(page, "| a | that A holds |") {
			t.Errorf("%q becomes %q: %v", bare, page, err)
		}
	}
}

// The command ends with a status that scripts can trust.
func TestTheCommand(t *testing.T) {
	var out strings.Builder
	for _, test := range []struct {
		args   []string
		status int
	}{{[]string{"-list"}, 0}, {[]string{"nonsense"}, 2}, {[]string{"-break", "nonsense", "kill9"}, 2}, {[]string{"-nonsense"}, 2}} {
		if got := run(test.args, &out, &out); got != test.status {
			t.Errorf("%v ended with %d, want %d: %s", test.args, got, test.status, out.String())
		}
	}
}

func TestPowerloss(t *testing.T)        { short(t, powerloss()) }
func TestPowerlossCanFail(t *testing.T) { broken(t, powerloss(), "lying-disk") }

func TestFulldisk(t *testing.T)        { short(t, fulldisk()) }
func TestFulldiskCanFail(t *testing.T) { broken(t, fulldisk(), "thin-disk") }

func TestFailsync(t *testing.T)        { short(t, failsync()) }
func TestFailsyncCanFail(t *testing.T) { broken(t, failsync(), "silent") }

func TestReplicas(t *testing.T)        { short(t, replicas()) }
func TestReplicasCanFail(t *testing.T) { broken(t, replicas(), "forgetful") }

func TestBadline(t *testing.T)        { short(t, badline()) }
func TestBadlineCanFail(t *testing.T) { broken(t, badline(), "new-keys") }

func TestBurst(t *testing.T)        { short(t, burst()) }
func TestBurstCanFail(t *testing.T) { broken(t, burst(), "open-door") }
