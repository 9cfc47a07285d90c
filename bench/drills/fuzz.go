package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/bench/drills/drill"
)

// fuzz throws mutated bytes at every parser of foreign bytes in the module. Which
// those are, the module tells itself: every function FuzzX of a test.
func fuzz() drill.Drill {
	return drill.Drill{
		Name:   "fuzz",
		Proves: "every parser of foreign bytes takes mutated input without a crash, an endless loop, or more than 512 MB",
		Breaks: []drill.Break{{Name: "fragile", What: "a parser that reads beyond what it was given", Fails: "FuzzFragile"}},
		Run:    runFuzz,
	}
}

// target is one fuzz function.
type target struct{ room, name string }

// fuzzMemory is how much a fuzzed process may hold: the engine of Go's fuzzing keeps
// its corpus and 100 MB shared with its workers beside what the parser takes.
const fuzzMemory = 512 << 20

func runFuzz(t *drill.T) {
	root, err := moduleRoot()
	t.Must(err)
	all, err := targets(root)
	t.Must(err)
	if len(all) < 15 {
		t.Fatalf("only %d fuzz targets are found: %v", len(all), all)
	}
	t.Figure("targets", len(all))
	chosen, each := all, 440*time.Second/time.Duration(len(all))
	switch {
	case t.Broken != "":
		chosen, each = []target{{"bench/drills", "FuzzFragile"}}, 15*time.Second
	default:
		chosen = slices.DeleteFunc(chosen, func(g target) bool { return g.room == "bench/drills" })
		if t.Short {
			t.Rand(1).Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
			chosen, each = chosen[:3], 3*time.Second
		}
	}
	var sum outcome
	crashers := 0
	built := map[string]string{}
	for _, g := range chosen {
		if built[g.room] == "" {
			if built[g.room], err = g.build(t, root); err != nil {
				t.Errorf("%s: %v", g.room, err)
				continue
			}
		}
		o := g.fuzz(t, root, built[g.room], each)
		t.Logf("%s %s: %d executions, %d new", g.room, g.name, o.executions, o.found)
		if o.crash != "" {
			crashers++
			t.Errorf("%s %s: %s", g.room, g.name, o.crash)
		}
		if o.executions == 0 && o.crash == "" {
			t.Errorf("%s %s was not executed", g.room, g.name)
		}
		if o.memory > fuzzMemory {
			t.Errorf("%s %s took %d MB", g.room, g.name, o.memory>>20)
		}
		sum.executions += o.executions
		sum.found += o.found
		sum.memory = max(sum.memory, o.memory)
	}
	t.Figure("fuzzed", len(chosen))
	t.Figure("seconds-each", int(each.Seconds()))
	t.Figure("executions", sum.executions)
	t.Figure("new-corpus", sum.found)
	t.Zero("crashers", crashers)
	t.Figure("peak-rss-mb", sum.memory>>20)
}

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

// targets finds every fuzz function below root.
func targets(root string) (all []target, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "data") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // of the checkout
		if err != nil {
			return err
		}
		room, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range fuzzFunc.FindAllSubmatch(text, -1) {
			all = append(all, target{filepath.ToSlash(room), string(m[1])})
		}
		return err
	})
	return all, err
}

// build makes the test binary of a room. The full edition counts what code each
// input reaches; building everything for that takes minutes the first time.
func (g target) build(t *drill.T, root string) (string, error) {
	bin := filepath.Join(t.TempDir(), "fuzz.test")
	args := []string{"test", "-c", "-o", bin}
	if !t.Short && t.Broken == "" {
		args = append(args, "-fuzz=Fuzz")
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./"+g.room)...) //nolint:gosec // our own tests
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return bin, nil
}

// outcome is what came of fuzzing one target.
type outcome struct {
	executions, found, memory int64
	crash                     string
}

var (
	fuzzExecs = regexp.MustCompile(`execs: (\d+) `)
	fuzzNew   = regexp.MustCompile(`new interesting: (\d+)`)
)

// fuzz runs one target for a while. A crasher is written beside the seeds of the
// room, as a seed for ever; only a drill that is broken on purpose leaves none.
func (g target) fuzz(t *drill.T, root, bin string, each time.Duration) (o outcome) {
	work := filepath.Join(root, filepath.FromSlash(g.room))
	if t.Broken != "" {
		work = t.TempDir()
	}
	cmd := exec.CommandContext(t.Context(), bin, "-test.run=^$", "-test.fuzz=^"+g.name+"$", "-test.fuzztime="+each.String(), "-test.parallel=2", //nolint:gosec // just built
		"-test.fuzzcachedir="+t.TempDir(), "-test.fuzzminimizetime=5s", "-test.timeout=5m")
	cmd.Dir, cmd.Env = work, append(os.Environ(), "MOTCUA_DRILL_BREAK="+t.Broken)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	for _, m := range fuzzExecs.FindAllStringSubmatch(out.String(), -1) {
		n, _ := strconv.ParseInt(m[1], 10, 64) // digits
		o.executions = max(o.executions, n)
	}
	for _, m := range fuzzNew.FindAllStringSubmatch(out.String(), -1) {
		n, _ := strconv.ParseInt(m[1], 10, 64) // digits
		o.found = max(o.found, n)
	}
	o.memory = peak(cmd.ProcessState)
	var exit *exec.ExitError
	// A worker that is told to stop while it starts is no crasher.
	if err != nil && (!errors.As(err, &exit) || !strings.HasSuffix(strings.TrimSpace(out.String()), "context deadline exceeded\nFAIL")) {
		text := out.String()
		if i := strings.Index(text, "--- FAIL"); i >= 0 {
			text = text[i:]
		}
		o.crash = fmt.Sprintf("%v\n%s", err, text[:min(len(text), 3000)])
	}
	return o
}
