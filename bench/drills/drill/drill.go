package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// How long an edition may take before it has failed, beside what is made once for
// all drills.
const (
	FullLimit  = 10 * time.Minute
	ShortLimit = 3 * time.Minute // the aim is a minute on two free cores
)

// Drill is one way to hurt a house.
type Drill struct {
	Name   string // what the command line calls it
	Proves string // one sentence for the table in docs/proof.md
	Breaks []Break
	Run    func(t *T)
}

// Break is a way to break a drill on purpose: durability off, a client without
// keys. Under it the drill must fail, and for the reason it names.
type Break struct {
	Name  string
	What  string // what is broken, for people
	Fails string // pattern that one of the problems found must match
}

// Find gives the break of a name.
func (d Drill) Find(name string) (Break, bool) {
	i := slices.IndexFunc(d.Breaks, func(b Break) bool { return b.Name == name })
	if i < 0 {
		return Break{}, false
	}
	return d.Breaks[i], true
}

// Options say which edition is run.
type Options struct {
	Shop  *Workshop
	Short bool
	Break string    // "" runs it whole
	Seed  uint64    // of everything random that the drill decides; 0 chooses one
	Log   io.Writer // progress; nil discards
}

// Result is how a drill ended.
type Result struct {
	Drill    string        `json:"drill"`
	Edition  string        `json:"edition"` // "full" or "short"
	Break    string        `json:"break,omitempty"`
	Pass     bool          `json:"pass"`
	Skipped  string        `json:"skipped,omitempty"` // what the machine lacks
	Figures  []Figure      `json:"figures"`
	Problems []string      `json:"problems,omitempty"`
	Took     time.Duration `json:"took"` // nanoseconds
	Seed     uint64        `json:"seed"`
	At       time.Time     `json:"at"`
}

// Figure is one measured thing: "lost" "0".
type Figure struct{ Name, Value string }

// Words are the figures in one line.
func (r Result) Words() string {
	var all []string
	for _, f := range r.Figures {
		all = append(all, f.Name+"="+f.Value)
	}
	return strings.Join(all, " ")
}

// String is the one line with which a drill ends.
func (r Result) String() string {
	verdict := "PASS"
	switch {
	case r.Skipped != "":
		return fmt.Sprintf("%s: SKIPPED: this machine lacks %s", r.Drill, r.Skipped)
	case !r.Pass:
		verdict = "FAIL"
	}
	name := r.Drill
	if r.Break != "" {
		name += " (broken on purpose: " + r.Break + ")"
	}
	return fmt.Sprintf("%s: %s %s (%s edition, %s, seed %d)", name, verdict, r.Words(), r.Edition, r.Took.Round(100*time.Millisecond), r.Seed)
}

// Failed reports whether one of the problems matches what a break should have caused.
func (r Result) Failed(b Break) bool {
	pattern := regexp.MustCompile(b.Fails)
	return !r.Pass && slices.ContainsFunc(r.Problems, pattern.MatchString)
}

// T is what a drill gets: the edition it should run, a place to work, and where
// it says what it found. It serves apitest as a test does.
type T struct {
	Shop   *Workshop
	Short  bool
	Broken string // name of the break under which it runs, "" none
	Seed   uint64

	ctx    context.Context //nolint:containedctx // the drill's own time, as in testing.T
	began  time.Time
	shared time.Duration // spent on what other drills use as well
	limit  *time.Timer
	log    io.Writer
	labels string

	mu       sync.Mutex
	figures  []Figure
	problems []string
	more     int // problems beyond those that are kept
	skipped  string
	cleanups []func()
}

// Run runs one edition of a drill to its end.
func Run(d Drill, o Options) Result {
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano()) % 1_000_000 //nolint:gosec // a seed, and easy to type
	}
	limit, edition := FullLimit, "full"
	if o.Short {
		limit, edition = ShortLimit, "short"
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	t := &T{Shop: o.Shop, Short: o.Short, Broken: o.Break, Seed: o.Seed, ctx: ctx, began: time.Now(), log: o.Log, labels: d.Name}
	if t.log == nil {
		t.log = io.Discard
	}
	t.limit = time.AfterFunc(limit, cancel)
	defer t.limit.Stop()
	t.inside(func() { d.Run(t) })
	if ctx.Err() != nil {
		t.Errorf("took longer than %s", limit)
	}
	t.clean()
	r := Result{
		Drill: d.Name, Edition: edition, Break: o.Break, Figures: t.figures, Problems: t.problems, Skipped: t.skipped,
		Took: time.Since(t.began) - t.shared, Seed: o.Seed, At: t.began.UTC().Truncate(time.Second),
	}
	if t.more > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("… and %d more", t.more))
	}
	r.Pass = len(r.Problems) == 0 && r.Skipped == ""
	return r
}

// share does what other drills will use as well, on time that is not the drill's.
func (t *T) share(f func()) {
	t.limit.Stop()
	began := time.Now()
	defer func() {
		t.shared += time.Since(began)
		limit := ShortLimit
		if !t.Short {
			limit = FullLimit
		}
		t.limit.Reset(limit - (time.Since(t.began) - t.shared))
	}()
	f()
}

// inside runs f on a goroutine of its own, so that Fatal can end it.
func (t *T) inside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		f()
	}()
	<-done
}

// clean runs what the drill left to be cleaned up, last first.
func (t *T) clean() {
	for {
		t.mu.Lock()
		if len(t.cleanups) == 0 {
			t.mu.Unlock()
			return
		}
		last := t.cleanups[len(t.cleanups)-1]
		t.cleanups = t.cleanups[:len(t.cleanups)-1]
		t.mu.Unlock()
		t.inside(last)
	}
}

// Full chooses by edition: what the full one does, and what the short one.
func Full[V any](t *T, full, short V) V {
	if t.Short {
		return short
	}
	return full
}

// Rand is a source of chance for one purpose, the same for the same seed.
func (t *T) Rand(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(t.Seed, stream)) } //nolint:gosec // not a secret

// Figure notes a measured thing for the last line, in the order in which they come.
func (t *T) Figure(name string, value any) {
	text := fmt.Sprint(value)
	switch v := value.(type) {
	case time.Duration:
		text = Brief(v)
	case float64:
		text = fmt.Sprintf("%.1f", v)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures = append(t.figures, Figure{name, text})
}

// Brief is a duration as people say it.
func Brief(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// Zero notes a count that must be nothing.
func (t *T) Zero(name string, n int) {
	t.Helper()
	t.Figure(name, n)
	if n != 0 {
		t.Errorf("%s=%d, must be 0", name, n)
	}
}

// Lacks ends the drill because the machine has no such thing. In CI, and wherever
// the full edition was asked for, that is a failure.
func (t *T) Lacks(what string) {
	if os.Getenv("CI") == "true" || !t.Short {
		t.Fatalf("this machine lacks %s", what)
	}
	t.mu.Lock()
	t.skipped = what
	t.mu.Unlock()
	runtime.Goexit()
}

// Helper implements apitest.T.
func (t *T) Helper() {}

// Log says what is going on.
func (t *T) Log(args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintf(t.log, "%s %6.1fs  %s", t.labels, time.Since(t.began).Seconds(), fmt.Sprintln(args...)) // progress only
}

// Logf says what is going on.
func (t *T) Logf(format string, args ...any) { t.Log(fmt.Sprintf(format, args...)) }

// problemsMost is how many problems are told; the rest are counted.
const problemsMost = 30

// Error notes a problem; the drill goes on and has failed.
func (t *T) Error(args ...any) {
	what := strings.TrimSuffix(fmt.Sprintln(args...), "\n")
	t.mu.Lock()
	if len(t.problems) < problemsMost {
		t.problems = append(t.problems, what)
	} else {
		t.more++
	}
	t.mu.Unlock()
	t.Log("PROBLEM:", what)
}

// Errorf notes a problem.
func (t *T) Errorf(format string, args ...any) { t.Error(fmt.Sprintf(format, args...)) }

// Fatal notes a problem and ends the drill. Only the drill's own goroutine calls it.
func (t *T) Fatal(args ...any) {
	t.Error(args...)
	runtime.Goexit()
}

// Fatalf notes a problem and ends the drill.
func (t *T) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }

// Failed reports whether a problem was noted.
func (t *T) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.problems) > 0
}

// Cleanup has f run at the end, last first.
func (t *T) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// Context ends when the edition's time is up.
func (t *T) Context() context.Context { return t.ctx }

// TempDir is a folder that goes at the end. Everybody may pass through it, so
// that a database server of another user can live inside.
func (t *T) TempDir() string {
	dir, err := os.MkdirTemp(t.Shop.Dir, t.labels+"-")
	if err == nil {
		err = os.Chmod(dir, 0o711) //nolint:gosec // see above
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Must ends the drill unless err is nil.
func (t *T) Must(err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// Eventually asks until it is so, and ends the drill when it is not within the time.
func (t *T) Eventually(what string, within time.Duration, so func() error) time.Duration {
	began := time.Now()
	for {
		err := so()
		if err == nil {
			return time.Since(began)
		}
		if time.Since(began) > within || t.ctx.Err() != nil {
			t.Fatalf("%s: not within %s: %v", what, within, errors.Join(err, t.ctx.Err()))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Median is the middle one.
func Median(all []time.Duration) time.Duration { return Quantile(all, .5) }

// Quantile is the q-th of all, 0 of none.
func Quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
