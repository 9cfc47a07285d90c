package drill

import (
	"strings"
	"testing"
	"time"
)

func run(f func(t *T)) Result {
	return Run(Drill{Name: "x", Run: f}, Options{Shop: &Workshop{}, Short: true})
}

// A drill fails for every reason for which it should, and only then.
func TestHowADrillEnds(t *testing.T) {
	cleaned := ""
	r := run(func(t *T) {
		t.Cleanup(func() { cleaned += "1" })
		t.Cleanup(func() { cleaned += "2"; t.Fatal("the cleanup fails") })
		t.Figure("took", 1234567*time.Microsecond)
		t.Zero("lost", 2)
		t.Fatalf("no more of %d", 1)
		t.Error("never reached")
	})
	if r.Pass || strings.Join(r.Problems, ";") != "lost=2, must be 0;no more of 1;the cleanup fails" || cleaned != "21" {
		t.Errorf("%+v, cleaned %q", r, cleaned)
	}
	if got := r.String(); !strings.HasPrefix(got, "x: FAIL took=1.23s lost=2 (short edition, ") {
		t.Error(got)
	}
	if r := run(func(*T) { panic("oh") }); r.Pass || !strings.HasPrefix(r.Problems[0], "panic: oh") {
		t.Errorf("%+v", r)
	}
	if r := run(func(t *T) { t.Zero("lost", 0) }); !r.Pass || !strings.HasPrefix(r.String(), "x: PASS lost=0 ") {
		t.Errorf("%+v", r)
	}
	many := run(func(t *T) {
		for range 100 {
			t.Error("again")
		}
	})
	if len(many.Problems) != problemsMost+1 || many.Problems[problemsMost] != "… and 70 more" {
		t.Errorf("%d problems are told", len(many.Problems))
	}
}

// What a machine lacks is no excuse in CI.
func TestLacking(t *testing.T) {
	t.Setenv("CI", "")
	if r := run(func(t *T) { t.Lacks("a screwdriver") }); r.Skipped != "a screwdriver" || r.Pass || len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
	t.Setenv("CI", "true")
	if r := run(func(t *T) { t.Lacks("a screwdriver") }); r.Skipped != "" || len(r.Problems) != 1 {
		t.Errorf("%+v", r)
	}
}

// A break counts only when it made the drill fail for its own reason.
func TestBreaks(t *testing.T) {
	b := Break{Fails: "^lost: "}
	for _, test := range []struct {
		r    Result
		want bool
	}{{Result{Problems: []string{"x", "lost: 1"}}, true}, {Result{Problems: []string{"not lost: 1"}}, false}, {Result{Pass: true}, false}} {
		if test.r.Failed(b) != test.want {
			t.Errorf("%+v", test.r)
		}
	}
}

func TestQuantiles(t *testing.T) {
	all := []time.Duration{5, 1, 4, 2, 3}
	if Median(all) != 3 || Quantile(all, 1) != 5 || Quantile(all, 0) != 1 || Median(nil) != 0 {
		t.Error(Median(all), Quantile(all, 1), Quantile(all, 0))
	}
}
