package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figure is one measured thing.
type figure struct {
	Table   string  `json:"table"` // bench, peers, pages
	Group   string  `json:"group"` // "sqlite, 1,000,000"
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	More    string  `json:"more,omitempty"`   // p50, p95, worst window …
	Target  float64 `json:"target,omitempty"` // 0 = none
	AtMost  bool    `json:"at_most,omitempty"`
	Machine string  `json:"machine"`
	At      string  `json:"at"`
}

func (f figure) met() bool {
	if f.Target == 0 {
		return true
	}
	if f.AtMost {
		return f.Value <= f.Target
	}
	return f.Value >= f.Target
}

func (f figure) key() string { return f.Table + "\x00" + f.Group + "\x00" + f.Name }

// book gathers the figures of a run.
type book struct {
	figures  []figure
	problems []string // what is told beside the figures
	harder   float64
	where    string
	table    string
	group    string
}

func (b *book) add(name string, value float64, unit, more string) {
	b.set(figure{Name: name, Value: value, Unit: unit, More: more})
}

func (b *book) atLeast(name string, value, target float64, unit, more string) {
	b.set(figure{Name: name, Value: value, Unit: unit, More: more, Target: target * b.harder})
}

func (b *book) atMost(name string, value, target float64, unit, more string) {
	b.set(figure{Name: name, Value: value, Unit: unit, More: more, Target: target / b.harder, AtMost: true})
}

func (b *book) set(f figure) {
	f.Table, f.Group, f.Machine, f.At = b.table, b.group, b.where, time.Now().UTC().Format("2006-01-02 15:04")
	b.figures = append(b.figures, f)
	verdict := ""
	if f.Target != 0 {
		verdict = "  " + f.verdict()
	}
	fmt.Printf("%-22s %-44s %12s %-6s %s%s\n", f.Group, f.Name, number(f.Value), f.Unit, f.More, verdict)
}

func (f figure) verdict() string {
	switch {
	case f.Target == 0:
		return "–"
	case f.met():
		return "met"
	}
	return "missed"
}

func (f figure) wish() string {
	switch {
	case f.Target == 0:
		return "–"
	case f.AtMost:
		return "≤ " + number(f.Target)
	}
	return "≥ " + number(f.Target)
}

func (b *book) missed() (out []string) {
	for _, f := range b.figures {
		if !f.met() {
			out = append(out, fmt.Sprintf("%s %s %s%s of %s", f.Group, f.Name, number(f.Value), f.Unit, f.wish()))
		}
	}
	return out
}

func (b *book) targets() (n int) {
	for _, f := range b.figures {
		if f.Target != 0 {
			n++
		}
	}
	return n
}

// number writes a figure as people read it: three figures that count.
func number(v float64) string {
	switch {
	case v != math.Trunc(v) && math.Abs(v) < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v != math.Trunc(v) && math.Abs(v) < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// keepIn puts the figures into proof.json beside the page and writes the tables of
// the page anew. Figures that were not measured now stay.
func (b *book) keepIn(page string) error {
	store := strings.TrimSuffix(page, ".md") + ".json"
	var all []figure
	raw, err := os.ReadFile(store)
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range b.figures {
		if i := slices.IndexFunc(all, func(o figure) bool { return o.key() == f.key() }); i >= 0 {
			all[i] = f
		} else {
			all = append(all, f)
		}
	}
	raw, err = json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(store, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // a page of the repository
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	out := string(text)
	for _, table := range []string{"bench", "peers", "pages"} {
		if out, err = render(out, table, all); err != nil {
			return err
		}
	}
	return os.WriteFile(page, []byte(out), 0o644) //nolint:gosec // as above
}

// render writes one table between its marks.
func render(page, table string, all []figure) (string, error) {
	open, end := "<!-- "+table+" -->", "<!-- /"+table+" -->"
	before, rest, ok := strings.Cut(page, open)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("the page lacks %s … %s", open, end)
	}
	var groups []string
	for _, f := range all {
		if f.Table == table && !slices.Contains(groups, f.Group) {
			groups = append(groups, f.Group)
		}
	}
	var w strings.Builder
	w.WriteString(open + "\n")
	for _, g := range groups {
		seen := map[string]bool{}
		var where []string
		w.WriteString("\n### " + g + "\n\n| what | figure | more | target | |\n|---|---:|---|---:|---|\n")
		for _, f := range all {
			if f.Table != table || f.Group != g {
				continue
			}
			verdict := f.verdict()
			if verdict == "missed" {
				verdict = "**missed**"
			}
			fmt.Fprintf(&w, "| %s | %s %s | %s | %s | %s |\n", f.Name, number(f.Value), f.Unit, f.More, f.wish(), verdict)
			if m := f.At[:10] + ", " + f.Machine; !seen[m] {
				seen[m] = true
				where = append(where, m)
			}
		}
		w.WriteString("\n" + strings.Join(where, " · ") + "\n")
	}
	w.WriteString("\n" + end)
	return before + w.String() + after, nil
}

// machine says where a run was made: commit, cores, memory, how long the disk
// takes to make a small write durable, and how busy the machine was.
func machine(ctx context.Context, dir string) string {
	commit := "unknown"
	if out, err := output(ctx, "git", "rev-parse", "--short", "HEAD"); err == nil {
		commit = strings.TrimSpace(out)
	}
	memory := "?"
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "MemTotal:" {
				kb, _ := strconv.Atoi(f[1]) // 0 when the kernel says something else
				memory = strconv.Itoa(kb>>20) + " GB"
			}
		}
	}
	load := "?"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Fields(string(text))[0]
	}
	return fmt.Sprintf("commit %s, %d cores, %s, %s fsyncs/s, load %s at the start", commit, runtime.NumCPU(), memory, number(syncRate(dir)), load)
}

// syncRate is how many small writes a second the disk makes durable, one after the other.
func syncRate(dir string) float64 {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a scratch folder
		return 0
	}
	f, err := os.Create(filepath.Join(dir, "fsync")) //nolint:gosec // a scratch file
	if err != nil {
		return 0
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }() // scratch
	block := make([]byte, 4096)
	began, n := time.Now(), 0
	for ; time.Since(began) < 300*time.Millisecond; n++ {
		if _, err := f.WriteAt(block, 0); err != nil || f.Sync() != nil {
			return 0
		}
	}
	return float64(n) / time.Since(began).Seconds()
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output() //nolint:gosec // our own tools
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%s: %w: %s", name, err, exit.Stderr)
	}
	return string(out), err
}

// spread is what many durations look like.
type spread struct {
	n             int
	rate          float64
	p50, p95, p99 time.Duration
}

func spreadOf(all []time.Duration, over time.Duration) spread {
	if len(all) == 0 {
		return spread{}
	}
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[min(len(all)-1, int(float64(len(all))*q))] }
	return spread{n: len(all), rate: float64(len(all)) / over.Seconds(), p50: at(.50), p95: at(.95), p99: at(.99)}
}

func ms(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + " ms"
}

func (s spread) String() string {
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s", ms(s.p50), ms(s.p95), ms(s.p99))
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
