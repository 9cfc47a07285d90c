package drill

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
)

// Cluster is a PostgreSQL server of the drill's own, with its durability as a
// province runs it. Nobody else's server is ever hurt.
type Cluster struct {
	Dir  string   // its data
	Port string   //
	Set  []string // settings beyond the defaults: "fsync=off"

	bin  string
	who  *user.User // whom it runs as; nil as whoever runs the drill
	cmd  *exec.Cmd
	gone chan struct{}
	log  string
}

// pgBin finds the server programs, which Debian keeps out of the path.
func pgBin() (string, error) {
	// Where only some of the programs are in the path, the rest lie where those come from.
	if path, err := exec.LookPath("pg_receivewal"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && exists(filepath.Join(filepath.Dir(real), "initdb")) {
			return filepath.Dir(real), nil
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && exists(filepath.Join(filepath.Dir(path), "pg_receivewal")) {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.Join(errors.New("no initdb"), err)
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// newCluster makes the data of a server that holds nothing but an empty database "motcua".
func (t *T) newCluster(dir string) *Cluster {
	c := t.cluster(dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.own(dir); err != nil {
		t.Fatal(err)
	}
	if out, err := c.command(t.ctx, "initdb", "-D", dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.Start(t)
	db, err := sql.Open("pgx", c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.ctx, "CREATE DATABASE motcua")
	t.Must(errors.Join(err, db.Close()))
	c.Stop(t)
	return c
}

// Cluster is a database server of the drill's own with nothing in it, started.
func (t *T) Cluster() *Cluster {
	c := t.newCluster(filepath.Join(t.TempDir(), "pg"))
	c.Start(t)
	return c
}

// Around is a cluster around data that was put together elsewhere, not started.
func (t *T) Around(dir string) *Cluster {
	c := t.cluster(dir)
	return c
}

// Own gives a folder to whom the server runs as.
func (c *Cluster) Own(path string) error { return c.own(path) }

// Command is a program of PostgreSQL, run as whom the server runs.
func (c *Cluster) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return c.command(ctx, name, args...)
}

// copyCluster starts a copy of a server that is stopped.
func (t *T) copyCluster(from string) *Cluster {
	c := t.cluster(filepath.Join(t.TempDir(), "pg"))
	if out, err := exec.CommandContext(t.ctx, "cp", "-a", from, c.Dir).CombinedOutput(); err != nil { //nolint:gosec // our folders
		t.Fatalf("copying the database: %v\n%s", err, out)
	}
	c.Start(t)
	return c
}

func (t *T) cluster(dir string) *Cluster {
	bin, err := pgBin()
	if err != nil {
		t.Lacks("PostgreSQL (apt-get install postgresql)")
	}
	_, port, err := net.SplitHostPort(t.FreeAddress())
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{Dir: dir, Port: port, bin: bin, log: dir + ".log"}
	if os.Getuid() == 0 { // the server refuses to run as root
		if c.who, err = user.Lookup("postgres"); err != nil {
			t.Lacks("a user postgres")
		}
	}
	return c
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (c *Cluster) own(path string) error {
	if c.who == nil {
		return nil
	}
	uid, _ := strconv.Atoi(c.who.Uid)
	gid, _ := strconv.Atoi(c.who.Gid)
	return os.Chown(path, uid, gid)
}

// command is a program of PostgreSQL, run as whom it must run.
func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...) //nolint:gosec // found by pgBin
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	runAs(cmd, c.who)
	return cmd
}

// URL is the address of a database.
func (c *Cluster) URL(database string) string {
	return "postgres://postgres@" + net.JoinHostPort("127.0.0.1", c.Port) + "/" + database
}

// Start starts the server and waits until it answers; it gives the time that took.
func (c *Cluster) Start(t *T) time.Duration {
	t.Helper()
	took, err := c.TryStart(t)
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// TryStart is Start for goroutines of a drill, which may not end it.
func (c *Cluster) TryStart(t *T) (time.Duration, error) {
	began := time.Now()
	for {
		args := []string{"-D", c.Dir, "-p", c.Port, "-h", "127.0.0.1", "-k", "", "-c", "max_connections=100", "-c", "shared_buffers=64MB"}
		for _, s := range c.Set {
			args = append(args, "-c", s)
		}
		log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return 0, err
		}
		cmd := c.command(context.WithoutCancel(t.ctx), "postgres", args...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			return 0, errors.Join(err, log.Close())
		}
		gone := make(chan struct{})
		go func() {
			_ = cmd.Wait() // killed or stopped
			_ = log.Close()
			close(gone)
		}()
		c.cmd, c.gone = cmd, gone
		t.Cleanup(func() {
			select {
			case <-gone:
			default:
				killTree(cmd.Process.Pid)
				<-gone
			}
		})
		if c.answers(t.ctx, gone) {
			return time.Since(began), nil
		}
		// The children of one that was killed hold its memory for a moment.
		if time.Since(began) > 30*time.Second || t.ctx.Err() != nil {
			text, _ := os.ReadFile(c.log)
			return 0, fmt.Errorf("PostgreSQL does not start: %s", text[max(0, len(text)-2000):])
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Await waits until a server that recovers by itself takes connections again; it
// gives the time that took.
func (c *Cluster) Await(t *T) time.Duration {
	t.Helper()
	began := time.Now()
	time.Sleep(100 * time.Millisecond) // the server must first hear of what it lost
	if !c.answers(t.ctx, c.gone) {
		t.Fatal("PostgreSQL ended instead of recovering")
	}
	return time.Since(began)
}

// answers waits until the server takes connections; false when it ended.
func (c *Cluster) answers(ctx context.Context, gone <-chan struct{}) bool {
	db, err := sql.Open("pgx", c.URL("postgres"))
	if err != nil {
		return false
	}
	defer func() { _ = db.Close() }() // a probe
	for ctx.Err() == nil {
		if db.PingContext(ctx) == nil {
			return true
		}
		select {
		case <-gone:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

// Kill is kill -9 of the server and of all its processes at once.
func (c *Cluster) Kill() {
	killTree(c.cmd.Process.Pid)
	<-c.gone
}

// KillOne is kill -9 of one process that serves a connection: the server then
// throws everybody out and recovers by itself. It reports false when nobody was connected.
func (c *Cluster) KillOne(pick int) bool {
	var serving []int
	for _, pid := range children(c.cmd.Process.Pid) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte("motcua")) {
			serving = append(serving, pid)
		}
	}
	if len(serving) == 0 {
		return false
	}
	kill(serving[pick%len(serving)])
	return true
}

// Stop stops the server in order.
func (c *Cluster) Stop(t *T) {
	t.Helper()
	t.Must(c.cmd.Process.Signal(os.Interrupt)) // fast shutdown
	select {
	case <-c.gone:
	case <-time.After(30 * time.Second):
		c.Kill()
		t.Fatal("PostgreSQL did not stop")
	}
}

// children are the processes whose parent is pid.
func children(pid int) (all []int) {
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		text, err := os.ReadFile(e)
		if err != nil {
			continue // gone meanwhile
		}
		_, rest, ok := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); ok && len(f) > 1 && f[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(e)))
			if err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// killTree kills a process and what it started.
func killTree(pid int) {
	below := children(pid)
	kill(pid)
	for _, c := range below {
		kill(c)
	}
}

func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill() // it may have ended by itself
	}
}
