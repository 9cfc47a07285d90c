package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"motcua/bench/mill"
	"motcua/internal/modules/demo"
	"motcua/internal/platform/sqldb"
)

// seedDossiers is the demo that is milled: enough lives of every kind.
const seedDossiers = 500

// copied is the largest house of which each run measures a copy.
const copied = 100_000

// house is one that is measured: a data folder and a database.
type house struct {
	bin, dir, engine string
	size             int
	url              string // of the database; "" is in the folder
}

func (h house) flags() []string {
	if h.url == "" {
		return []string{"--dir", h.dir}
	}
	return []string{"--dir", h.dir, "--database", h.url}
}

// database is the address of the database for those who look beside the program.
func (h house) database() string {
	if h.url != "" {
		return h.url
	}
	return "sqlite:" + filepath.Join(h.dir, "motcua.db")
}

func (h house) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, h.bin, append(args, h.flags()...)...) //nolint:gosec // the program under test
	cmd.Env = environ()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("motcua %s: %w: %s%s", strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String(), nil
}

// environ is that of a newcomer: no settings of whoever measures.
func environ() (env []string) {
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "MOTCUA_") {
			env = append(env, e)
		}
	}
	return env
}

// build builds the program as `make build` does.
func build(ctx context.Context, o options) (string, error) {
	bin := filepath.Join(o.cache, "motcua")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "motcua/cmd/motcua") //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return bin, nil
}

// prepare gives a house of a size, from the cache when it is there.
func prepare(ctx context.Context, o options, b *book, bin, engine string, size int) (house, error) {
	seed := house{bin: bin, dir: filepath.Join(o.cache, engine+"-seed"), engine: engine}
	h := house{bin: bin, dir: filepath.Join(o.cache, fmt.Sprintf("%s-%d", engine, size)), engine: engine, size: size}
	if engine == "postgres" {
		var err error
		if seed.url, err = named(o.postgres, "motcua_bench_seed"); err != nil {
			return h, err
		}
		if h.url, err = named(o.postgres, fmt.Sprintf("motcua_bench_%d", size)); err != nil {
			return h, err
		}
	}
	if !h.ready(ctx) {
		if !seed.ready(ctx) {
			fmt.Printf("making the demo of %d dossiers on %s\n", seedDossiers, engine)
			if err := seed.fresh(ctx, o, house{}); err != nil {
				return h, err
			}
			if _, err := seed.run(ctx, "demo", "--no-serve", "--dossiers", strconv.Itoa(seedDossiers)); err != nil {
				return h, err
			}
			if err := seed.done(); err != nil {
				return h, err
			}
		}
		if err := h.fresh(ctx, o, seed); err != nil {
			return h, err
		}
		if size > 0 {
			fmt.Printf("milling %s dossiers on %s\n", number(float64(size)), engine)
			r, err := mill.Load(ctx, mill.Options{URL: h.database(), Dossiers: size, Seed: 2026, Progress: func(done, total int) {
				if done%(max(total/10/10000, 1)*10000) == 0 {
					fmt.Printf("  %s of %s\n", number(float64(done)), number(float64(total)))
				}
			}})
			if err != nil {
				return h, err
			}
			b.add("bulk load of dossiers with their whole ledger", float64(r.Dossiers)/r.Took.Seconds(), "/s",
				fmt.Sprintf("%s rows, %s events in %s, %s of it indexes", number(float64(r.Rows)), number(float64(r.Events)), r.Took.Round(time.Second), r.Indexes.Round(time.Second)))
		}
		if err := h.done(); err != nil {
			return h, err
		}
	}
	if size > copied || o.keep {
		return h, nil // it grows by what is filed
	}
	twin := h
	twin.dir += "-run"
	if engine == "postgres" {
		twin.url = must(named(o.postgres, fmt.Sprintf("motcua_bench_%d_run", size)))
	}
	return twin, twin.fresh(ctx, o, h)
}

func (h house) mark() string { return filepath.Join(h.dir, "ready") }

func (h house) ready(ctx context.Context) bool {
	if _, err := os.Stat(h.mark()); err != nil {
		return false
	}
	if h.url == "" {
		return true
	}
	db, err := sqldb.Open(ctx, h.url, sqldb.Options{MaxConns: 1})
	if err != nil {
		return false
	}
	return db.Close() == nil
}

func (h house) done() error { return os.WriteFile(h.mark(), nil, 0o600) }

// fresh makes the folder and the database anew, from another house when there is one.
func (h house) fresh(ctx context.Context, o options, from house) error {
	if err := h.remove(ctx, o); err != nil {
		return err
	}
	if from.dir == "" {
		if err := os.MkdirAll(h.dir, 0o750); err != nil {
			return err
		}
	} else if err := copyFolder(from.dir, h.dir); err != nil {
		return err
	}
	if h.url == "" {
		return nil
	}
	db, err := sqldb.Open(ctx, o.postgres, sqldb.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	like := ""
	if from.url != "" {
		like = " TEMPLATE " + databaseOf(from.url)
	}
	_, err = db.SQL().ExecContext(ctx, "CREATE DATABASE "+databaseOf(h.url)+like)
	return errors.Join(err, db.Close())
}

// remove throws the folder and the database away.
func (h house) remove(ctx context.Context, o options) error {
	if err := os.RemoveAll(h.dir); err != nil || h.url == "" {
		return err
	}
	db, err := sqldb.Open(ctx, o.postgres, sqldb.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	_, err = db.SQL().ExecContext(ctx, "DROP DATABASE IF EXISTS "+databaseOf(h.url)+" WITH (FORCE)")
	return errors.Join(err, db.Close())
}

func named(server, name string) (string, error) {
	if server == "" {
		return "", errors.New("no PostgreSQL server: give -postgres or MOTCUA_BENCH_POSTGRES, or leave postgres out of -engines")
	}
	rest, query, _ := strings.Cut(server, "?")
	i := strings.LastIndex(rest, "/")
	if i < len("postgres://") {
		return "", fmt.Errorf("%s names no database", server)
	}
	if query != "" {
		query = "?" + query
	}
	return rest[:i+1] + name + query, nil
}

func databaseOf(url string) string {
	rest, _, _ := strings.Cut(url, "?")
	return rest[strings.LastIndex(rest, "/")+1:]
}

func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := filepath.Join(to, strings.TrimPrefix(path, from))
		switch {
		case d.IsDir():
			return os.MkdirAll(at, 0o750)
		case d.Name() == "ready" || d.Name() == "motcua.lock":
			return nil
		}
		in, err := os.Open(path) //nolint:gosec // our own scratch
		if err != nil {
			return err
		}
		out, err := os.Create(at) //nolint:gosec // our own scratch
		if err != nil {
			return errors.Join(err, in.Close())
		}
		_, err = out.ReadFrom(in)
		return errors.Join(err, in.Close(), out.Close())
	})
}

// server is a running house.
type server struct {
	base    string
	took    time.Duration
	cmd     *exec.Cmd
	ended   chan error
	watched chan struct{}
	most    atomic.Int64 // bytes of memory, the most seen
}

// serve starts a program and waits for "listening http://…".
func serve(ctx context.Context, bin string, env []string, args ...string) (*server, error) {
	return serveAt(ctx, bin, "/readyz", env, args...)
}

// serveAt is serve for programs that tell elsewhere that they are ready.
func serveAt(ctx context.Context, bin, ready string, env []string, args ...string) (*server, error) {
	cmd := exec.CommandContext(ctx, bin, args...) //nolint:gosec // programs under test
	s := &server{cmd: cmd, ended: make(chan error, 1), watched: make(chan struct{})}
	log, err := os.Create(bin + ".log")
	if err != nil {
		return nil, err
	}
	cmd.Env, cmd.Stderr = env, log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	heard := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if base, ok := strings.CutPrefix(lines.Text(), "listening "); ok {
				heard <- base
			}
		}
		s.ended <- errors.Join(cmd.Wait(), log.Close())
	}()
	select {
	case s.base = <-heard:
	case err := <-s.ended:
		text, _ := os.ReadFile(bin + ".log") // it only explains
		return nil, fmt.Errorf("%s ended before it listened: %w\n%s", bin, err, text)
	case <-time.After(2 * time.Minute):
		return nil, errors.Join(fmt.Errorf("%s did not listen within two minutes", bin), cmd.Process.Kill())
	}
	if err := s.wait(ready, began); err != nil {
		return nil, err
	}
	go s.watch()
	return s, nil
}

// serveNode starts a program under Node whose address is known beforehand.
func serveNode(ctx context.Context, dir, script string, env []string, base string) (*server, error) {
	cmd := exec.CommandContext(ctx, "node", script, "start") //nolint:gosec // a peer
	cmd.Dir, cmd.Env = dir, env
	s := &server{base: base, cmd: cmd, ended: make(chan error, 1), watched: make(chan struct{})}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- cmd.Wait() }()
	if err := s.wait("/server/ping", began); err != nil {
		return nil, err
	}
	go s.watch()
	return s, nil
}

func freePort(ctx context.Context) (int, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := ln.Addr().(*net.TCPAddr).Port
	return port, ln.Close()
}

// wait asks until the program is ready.
func (s *server) wait(ready string, began time.Time) error {
	for {
		res, err := http.Get(s.base + ready) //nolint:noctx,gosec // of our own server
		if err == nil {
			_ = res.Body.Close() // only the status counts
			if res.StatusCode == http.StatusOK {
				s.took = time.Since(began)
				return nil
			}
		}
		if time.Since(began) > 2*time.Minute {
			return errors.Join(errors.New("not ready within two minutes"), s.cmd.Process.Kill())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *server) watch() {
	for {
		select {
		case <-s.watched:
			return
		case <-time.After(100 * time.Millisecond):
			if m := s.memory(); m > s.most.Load() {
				s.most.Store(m)
			}
		}
	}
}

// memory is what the process holds now, in bytes: its RSS, mapped pages of the
// database among it.
func (s *server) memory() int64 { return memoryOf(s.cmd.Process.Pid, "VmRSS:") }

// computed is the processor time that a server has used; what a database server
// beside it uses is not in it. 0 where nobody tells.
func (s *server) computed() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// After the name in brackets: the 12th and 13th field are the time in the
	// program and in the kernel, in hundredths of a second.
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	var sum int64
	for _, field := range f[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		sum += n
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

func memoryOf(pid int, what string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == what {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}

func (s *server) stop() error {
	close(s.watched)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.ended:
		return err
	case <-time.After(time.Minute):
		return errors.Join(errors.New("it did not close within a minute"), s.cmd.Process.Kill())
	}
}

// accounts of the demo by role and agency.
func (h house) accounts() ([]demo.Account, error) {
	raw, err := os.ReadFile(filepath.Join(h.dir, demo.AccountsFile))
	if err != nil {
		return nil, err
	}
	var all []demo.Account
	return all, json.Unmarshal(raw, &all)
}
