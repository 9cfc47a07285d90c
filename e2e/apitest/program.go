package apitest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is the built binary.
type Program struct {
	Bin  string
	Env  []string // more of the environment, such as settings of the house
	logs string   // folder: one file for each process that ever ran

	mu sync.Mutex
	n  int
}

// T is what both a test and a drill offer those who check something.
type T interface {
	Helper()
	Log(args ...any)
	Logf(format string, args ...any)
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(f func())
	Context() context.Context
	TempDir() string
}

// Build builds the program into dir.
func Build(dir string) (*Program, error) {
	p := &Program{Bin: filepath.Join(dir, "motcua"), logs: filepath.Join(dir, "logs")}
	if err := os.MkdirAll(p.logs, 0o750); err != nil {
		return nil, err
	}
	build := exec.CommandContext(context.Background(), "go", "build", "-o", p.Bin, "motcua/cmd/motcua")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building: %w\n%s", err, out)
	}
	return p, nil
}

// Environ is the environment of a newcomer: no settings of whoever runs the tests.
func Environ() (env []string) {
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "MOTCUA_") && !strings.HasPrefix(e, "LC_") && !strings.HasPrefix(e, "LANG") {
			env = append(env, e)
		}
	}
	return append(env, "LANG=C.UTF-8")
}

// With is the same program with more of an environment.
func (p *Program) With(env ...string) *Program {
	return &Program{Bin: p.Bin, Env: append(slices.Clone(p.Env), env...), logs: p.logs}
}

func (p *Program) logFile() (*os.File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	return os.CreateTemp(p.logs, fmt.Sprintf("%03d-*.log", p.n))
}

// keep keeps the log lines among what a command said; the rest was said to the
// person at the keyboard.
func (p *Program) keep(said string) error {
	var logged strings.Builder
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "{") {
			logged.WriteString(line)
		}
	}
	if logged.Len() == 0 {
		return nil
	}
	f, err := p.logFile()
	if err != nil {
		return err
	}
	_, err = f.WriteString(logged.String())
	return errors.Join(err, f.Close())
}

// Logs are the logs of every process so far, by file name.
func (p *Program) Logs() (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(p.logs, "*.log"))
	all := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		all[filepath.Base(f)] = string(text)
	}
	return all, err
}

// Result is how a command ended.
type Result struct {
	Status      int
	Out, Err    string
	Took        time.Duration
	commandLine string
}

// Last is the last line on standard output, which scripts read.
func (r Result) Last() string {
	lines := strings.Split(strings.TrimRight(r.Out, "\n"), "\n")
	return lines[len(lines)-1]
}

func (r Result) String() string {
	return fmt.Sprintf("%s ended with %d\n%s%s", r.commandLine, r.Status, r.Out, r.Err)
}

// Run runs a command to its end, for two minutes at most.
func (p *Program) Run(t T, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, p.Bin, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(Environ(), p.Env...), &out, &errOut
	began := time.Now()
	err := cmd.Run()
	if logErr := p.keep(errOut.String()); logErr != nil {
		t.Fatal(logErr)
	}
	r := Result{Out: out.String(), Err: errOut.String(), Took: time.Since(began), commandLine: "motcua " + strings.Join(args, " ")}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.Status = exit.ExitCode()
	case err != nil:
		t.Fatalf("%s: %v", r.commandLine, err)
	}
	return r
}

// Must runs a command that has to end with 0.
func (p *Program) Must(t T, args ...string) Result {
	t.Helper()
	r := p.Run(t, args...)
	if r.Status != 0 {
		t.Fatal(r)
	}
	return r
}

// Server is a running house.
type Server struct {
	Base  string        // "http://127.0.0.1:41234"
	Took  time.Duration // from the start of the process to "listening"
	Said  string        // what it printed before
	cmd   *exec.Cmd
	ended chan struct{}
	err   error
}

// Start starts a command that serves and waits until it listens. The test's end
// stops it, if nothing did before.
func (p *Program) Start(t T, args ...string) *Server {
	t.Helper()
	s, err := p.TryStart(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TryStart is Start for houses that may refuse to open.
func (p *Program) TryStart(t T, args ...string) (*Server, error) {
	t.Helper()
	log, err := p.logFile()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), p.Bin, args...) // it lives until it is stopped
	cmd.Env, cmd.Stderr = append(Environ(), p.Env...), log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{cmd: cmd, ended: make(chan struct{})}
	heard := make(chan struct{})
	go func() {
		defer close(s.ended)
		var said strings.Builder
		for lines := bufio.NewScanner(out); lines.Scan(); {
			base, ok := strings.CutPrefix(lines.Text(), "listening ")
			if !ok || s.Base != "" {
				said.WriteString(lines.Text() + "\n")
				continue
			}
			s.Base, s.Took, s.Said = base, time.Since(began), said.String()
			close(heard)
		}
		s.err = cmd.Wait()
		_ = log.Close()
	}()
	t.Cleanup(func() {
		if !s.gone() {
			s.Kill()
		}
	})
	select {
	case <-heard:
	case <-s.ended:
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("motcua %s ended before it listened: %w\n%s", strings.Join(args, " "), s.err, text)
	case <-time.After(3 * time.Minute):
		s.Kill()
		return nil, fmt.Errorf("motcua %s did not listen within three minutes", strings.Join(args, " "))
	}
	return s, nil
}

func (s *Server) gone() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Pid is the process, for whoever attaches to it or reads what it uses.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Ended is closed when the process is gone.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Kill is kill -9: no goodbye, nothing flushed.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.ended
}

// Stop asks the house to close and fails the test unless it does so in order.
func (s *Server) Stop(t T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("stopping: %v", err)
	}
	select {
	case <-s.ended:
		if s.err != nil {
			t.Fatalf("the house closed with %v", s.err)
		}
	case <-time.After(30 * time.Second):
		s.Kill()
		t.Fatal("the house did not close within thirty seconds")
	}
}
