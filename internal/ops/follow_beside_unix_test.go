//go:build unix

package ops

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"motcua/internal/platform/sqldb"
)

// Whoever closes a database last takes its log away, and asks the locks of the file
// whether they are the last. A house that is followed must be seen to be in.
func TestAFollowedHouseIsSeenFromOutside(t *testing.T) {
	const file = "MOTCUA_TEST_LOCKS_OF"
	if path := os.Getenv(file); path != "" { // another program
		f, err := os.Open(path) //nolint:gosec // of the test
		if err != nil {
			t.Fatal(err)
		}
		shared := syscall.Flock_t{Type: syscall.F_WRLCK, Start: 1<<30 + 2, Len: 510} // https://sqlite.org/fileformat2.html#the_lock_byte_page
		if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &shared); err != nil {
			t.Fatal(err)
		}
		if shared.Type == syscall.F_RDLCK {
			t.Log("somebody is in")
		}
		return
	}
	h, f := followed(t, settings(t, sqldb.SQLite), filepath.Join(t.TempDir(), "follow"))
	if err := f.Copy(t.Context()); err != nil { // makes a whole copy
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$") //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), file+"="+h.db.Path())
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "somebody is in") {
		t.Errorf("nobody seems to be in: %v\n%s", err, out)
	}
	if err := f.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.leave(t)
}
