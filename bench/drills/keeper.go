package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"motcua/bench/drills/drill"
)

// keeper keeps a PostgreSQL the way docs/operate.md tells an operator: a base backup,
// and the log as it is written.
type keeper struct {
	cluster   *drill.Cluster // of those commands
	base, wal string
	receiving *exec.Cmd
}

func (k *keeper) begin(t *drill.T, c *drill.Cluster) {
	k.cluster = c
	dir := t.TempDir()
	t.Must(c.Own(dir))
	k.base, k.wal = filepath.Join(dir, "base"), filepath.Join(dir, "wal")
	t.Must(os.Mkdir(k.wal, 0o700))
	t.Must(c.Own(k.wal))
	at := []string{"-h", "127.0.0.1", "-p", c.Port, "-U", "postgres"}
	receive := func(more ...string) *exec.Cmd {
		return c.Command(t.Context(), "pg_receivewal", append(append(at, "-D", k.wal, "--synchronous", "--slot", "motcua"), more...)...)
	}
	if out, err := receive("--create-slot", "--if-not-exists").CombinedOutput(); err != nil {
		t.Fatalf("pg_receivewal: %v\n%s", err, out)
	}
	k.receiving = receive("--no-loop")
	t.Must(k.receiving.Start())
	t.Cleanup(func() { k.stop() })
	if out, err := c.Command(t.Context(), "pg_basebackup", append(at, "-D", k.base, "-X", "none", "-c", "fast", "--no-sync")...).CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
}

func (k *keeper) stop() {
	if k.receiving != nil {
		_ = k.receiving.Process.Kill() // it may have ended with the server
		_ = k.receiving.Wait()
		k.receiving = nil
	}
}

// lose kills the server and removes its data.
func (k *keeper) lose(t *drill.T, c *drill.Cluster) {
	c.Kill()
	k.stop()
	t.Must(os.RemoveAll(c.Dir))
}

// recover brings a new server to a time, to the end when it is zero.
func (k *keeper) recover(t *drill.T, at time.Time) *drill.Cluster {
	dir := t.TempDir()
	t.Must(k.cluster.Own(dir))
	c := t.Around(filepath.Join(dir, "pg"))
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", k.base, c.Dir).CombinedOutput(); err != nil { //nolint:gosec // our folders
		t.Fatalf("copying the base backup: %v\n%s", err, out)
	}
	settings := fmt.Sprintf("restore_command = 'cp %s/%%f \"%%p\" || cp %s/%%f.partial \"%%p\"'\nrecovery_target_action = 'promote'\n", k.wal, k.wal)
	if !at.IsZero() {
		settings += "recovery_target_time = '" + at.UTC().Format("2006-01-02 15:04:05.000000") + "+00'\n"
	}
	f, err := os.OpenFile(filepath.Join(c.Dir, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	t.Must(err)
	_, err = f.WriteString(settings)
	t.Must(err)
	t.Must(f.Close())
	signal := filepath.Join(c.Dir, "recovery.signal")
	t.Must(os.WriteFile(signal, nil, 0o600))
	t.Must(c.Own(signal))
	c.Start(t)
	db, err := sql.Open("pgx", c.URL("motcua"))
	t.Must(err)
	defer func() { t.Must(db.Close()) }()
	t.Eventually("PostgreSQL is recovered", 3*time.Minute, func() error {
		var still bool
		err := db.QueryRowContext(t.Context(), `SELECT pg_is_in_recovery()`).Scan(&still)
		if err == nil && still {
			err = fmt.Errorf("still in recovery")
		}
		return err
	})
	return c
}

// flip changes a byte of the base backup and asks PostgreSQL about it.
func (k *keeper) flip(t *drill.T) bool {
	path := filepath.Join(k.base, "global", "pg_control")
	whole, err := os.ReadFile(path) //nolint:gosec // of this drill
	t.Must(err)
	whole[100] ^= 1
	t.Must(os.WriteFile(path, whole, 0o600))
	out, err := k.cluster.Command(t.Context(), "pg_verifybackup", "-n", k.base).CombinedOutput()
	if err == nil {
		t.Errorf("a changed byte of the base backup is not found: %s", out)
	}
	return err != nil
}
