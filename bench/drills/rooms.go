package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"motcua/bench/drills/drill"
)

// Some drills work inside a room, with what only its own tests can reach: its keys,
// its rows, its naive twin. They run those tests with more rounds and read the
// figures that they print.

// suite is tests of one room.
type suite struct {
	room string   // "internal/core/flow"
	run  string   // pattern of the tests
	args []string // of the test binary
	env  []string
}

// sums are figures added up over tests and engines.
type sums struct {
	mu    sync.Mutex
	order []string
	of    map[string]float64
}

func (s *sums) add(name string, v float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string]float64{}
	}
	if _, known := s.of[name]; !known {
		s.order = append(s.order, name)
	}
	s.of[name] += v
}

var (
	figuresLine = regexp.MustCompile(`FIGURES (.*)`)
	problemLine = regexp.MustCompile(`^\s+\w+_test\.go:\d+: `)
)

// try runs a suite. What its tests say is wrong is a problem of the drill.
func (u suite) try(t *drill.T, total *sums) {
	root, err := moduleRoot()
	if err != nil {
		t.Error(err)
		return
	}
	args := append([]string{"test", "./" + u.room, "-count=1", "-v", "-timeout", "10m", "-run", u.run}, u.args...)
	cmd := exec.CommandContext(t.Context(), "go", args...) //nolint:gosec // our own tests
	cmd.Dir, cmd.Env = root, append(append(os.Environ(), "CGO_ENABLED=0"), u.env...)
	if t.Broken != "" {
		cmd.Env = append(cmd.Env, "MOTCUA_DRILL_BREAK="+t.Broken)
	}
	out, err := cmd.CombinedOutput()
	said, figures := 0, 0
	for line := range strings.Lines(string(out)) {
		if m := figuresLine.FindStringSubmatch(line); m != nil {
			figures++
			for pair := range strings.FieldsSeq(m[1]) {
				name, value, _ := strings.Cut(pair, "=")
				if v, err := strconv.ParseFloat(value, 64); err == nil {
					total.add(name, v)
				}
			}
		} else if err != nil && problemLine.MatchString(line) {
			if said++; said <= 5 {
				t.Error(strings.TrimSpace(line))
			}
		}
	}
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		t.Errorf("%s: %v", u.room, err)
	case err != nil && said == 0:
		t.Errorf("%s: %s", u.room, out[max(0, len(out)-2000):])
	case err == nil && figures == 0:
		t.Errorf("%s: the tests print no figures", u.room)
	}
}

// figures notes what was added up.
func (s *sums) figures(t *drill.T, names ...string) {
	for _, n := range names {
		t.Figure(n, int(s.of[n]))
	}
}

// moduleRoot is the folder of go.mod, above where the drills run.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		text, rerr := os.ReadFile(filepath.Join(dir, "go.mod"))
		if rerr == nil && bytes.HasPrefix(text, []byte("module motcua\n")) {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return "", errors.Join(err, errors.New("run this in a checkout of motcua"))
}

// tamper attacks the audit log with the rights of a database superuser.
func tamper() drill.Drill {
	return drill.Drill{
		Name:   "tamper",
		Proves: "of 1,000 tamperings with superuser rights on each engine every one is found and the first bad place named; 1,000 honest lives raise no alarm",
		Breaks: []drill.Break{{Name: "blind", What: "the verifier does not look at the checkpoints outside the database", Fails: "not found"}},
		Run: func(t *drill.T) {
			c := t.Cluster()
			runs, lives := drill.Full(t, 1000, 39), drill.Full(t, 500, 6)
			tests := "^(TestEveryTamperingIsFound|TestNoFalseAlarm)$"
			if t.Broken != "" {
				runs, tests = 117, "^TestEveryTamperingIsFound$/sqlite"
			}
			var total sums
			suite{room: "internal/platform/journal", run: tests, env: []string{
				"MOTCUA_TEST_POSTGRES=" + c.URL("postgres"), "MOTCUA_DRILL_RUNS=" + strconv.Itoa(runs), "MOTCUA_DRILL_LIVES=" + strconv.Itoa(lives),
				"MOTCUA_DRILL_SEED=" + strconv.FormatUint(t.Seed, 10),
			}}.try(t, &total)
			total.figures(t, "tampered", "found", "exact-position", "checkpoint-span", "note", "clean-runs", "verified", "false-alarms")
			if t.Broken == "" && (int(total.of["tampered"]) != 2*runs || total.of["found"] != total.of["tampered"] || int(total.of["clean-runs"]) != 2*lives) {
				t.Errorf("%v is not all of %d tamperings and %d lives on each engine", total.of, runs, lives)
			}
		},
	}
}

// models lives through process tables and clocks beside naive accounts of them.
func models() drill.Drill {
	return drill.Drill{
		Name:   "models",
		Proves: "the engine of flows and the legal clock agree with a naive second account over at least 50,000 random lives under random process tables and calendars",
		Breaks: []drill.Break{
			{Name: "clock-runs-on", What: "the engine forgets to stop the clock while the dossier waits for the citizen", Fails: "the model supplement|the model says|the engine says"},
			{Name: "no-extension", What: "the clock forgets the first extension", Fails: "lived"},
		},
		Run: func(t *drill.T) {
			tables, clocks := drill.Full(t, 11_000, 150), drill.Full(t, 5_000, 150) // four lives a table
			args := func(checks int) []string {
				return []string{"-rapid.checks=" + strconv.Itoa(checks), "-rapid.seed=" + strconv.FormatUint(t.Seed, 10), "-rapid.nofailfile", "-rapid.shrinktime=1s"}
			}
			var total sums
			var wg sync.WaitGroup
			wg.Go(func() {
				if t.Broken != "no-extension" {
					suite{room: "internal/core/flow", run: "^TestInventedFlowsAgreeWithTheModel$", args: args(tables)}.try(t, &total)
				}
			})
			wg.Go(func() {
				if t.Broken != "clock-runs-on" {
					suite{room: "internal/core/clock", run: "^(TestAgainstTheMinuteByMinuteModel|TestCalendarDaysAgainstTheLeavesOfTheCalendar)$", args: args(clocks)}.try(t, &total)
				}
			})
			wg.Wait()
			all := total.of["flow-sequences"] + total.of["clock-sequences"] + total.of["leaf-sequences"]
			t.Figure("sequences", int(all))
			total.figures(t, "flow-sequences", "tables", "clock-sequences", "leaf-sequences")
			if s := total.of["flow-seconds"]; s > 0 {
				t.Figure("flow-sequences/s", int(total.of["flow-sequences"]/s))
			}
			if s := total.of["clock-seconds"]; s > 0 {
				t.Figure("clock-sequences/s", int((total.of["clock-sequences"]+total.of["leaf-sequences"])/s))
			}
			if want := drill.Full(t, 50_000, 700); t.Broken == "" && int(all) < want {
				t.Errorf("%d sequences are less than %d", int(all), want)
			}
			if t.Broken == "" {
				t.Zero("disagreements", 0)
			}
		},
	}
}
