package journal

import (
	"bufio"
	"context"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/platform/sqldb"
)

const victimEnv = "MOTCUA_TEST_JOURNAL_VICTIM"

// TestVictim is the process that TestKill kills: it appends as fast as it can and
// says each number once it is committed.
func TestVictim(t *testing.T) {
	url := os.Getenv(victimEnv)
	if url == "" {
		t.Skip("run by TestKill")
	}
	db, err := sqldb.Open(t.Context(), url, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j := open(t, db, Options{Dir: os.Getenv(victimEnv + "_DIR"), Poll: time.Millisecond, CheckpointEvery: 3 * time.Millisecond, Log: quiet})
	go func() {
		if err := j.Run(context.Background(), nil); err != nil {
			fmt.Println("failed", err)
		}
	}()
	var out sync.Mutex
	for w := range 4 {
		go func() {
			for {
				var e Event
				if err := db.Tx(context.Background(), func(tx *sqldb.Tx) (err error) {
					e, err = j.Append(context.Background(), tx, Event{Stream: fmt.Sprintf("d:%d", w), Type: "d.a"})
					return err
				}); err != nil {
					fmt.Println("failed", err)
					return
				}
				out.Lock()
				fmt.Println("acked", e.ID)
				out.Unlock()
			}
		}()
	}
	select {}
}

// The process is killed at any moment, again and again: nothing that was
// acknowledged is lost, and the journal verifies after each death.
func TestKill(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		rounds := 8
		if testing.Short() {
			rounds = 2
		}
		url, dir := "", filepath.Join(t.TempDir(), "audit")
		if path := db.Path(); path != "" {
			url = "sqlite:" + path
		} else if err := db.QueryRow(t.Context(), `SELECT 'postgres://' || current_user || '@' || host(inet_server_addr()) || ':' || inet_server_port() || '/' || current_database()`).Scan(&url); err != nil {
			t.Skip("the server is not reached by a network address: ", err)
		}
		r := mrand.New(mrand.NewPCG(9, 9))
		total := 0
		for round := range rounds {
			victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestVictim$", "-test.timeout", "1m")
			victim.Env = append(os.Environ(), victimEnv+"="+url, victimEnv+"_DIR="+dir)
			stdout, err := victim.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			var acked []string
			lines := bufio.NewScanner(stdout)
			more := 20 + r.IntN(300)
			for lines.Scan() {
				line := lines.Text()
				if e, ok := strings.CutPrefix(line, "acked "); ok {
					acked = append(acked, e)
				} else if strings.HasPrefix(line, "failed ") {
					t.Errorf("round %d: %s", round, line)
				}
				if len(acked) == more { // the moment of death; what is said till then still counts
					if err := victim.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				}
			}
			_ = victim.Wait() // killed, as it should be
			if len(acked) < 20 {
				t.Fatalf("round %d: only %d events acknowledged", round, len(acked))
			}
			total += len(acked)
			for _, id := range acked {
				var n int
				if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM journal_event WHERE id = $1`, id).Scan(&n); err != nil {
					t.Fatal(err)
				}
				if n != 1 {
					t.Fatalf("round %d: the acknowledged event %s is there %d times", round, id, n)
				}
			}
			if rep := verify(t, db, dir); !rep.OK() {
				t.Fatalf("round %d: %+v", round, rep)
			}
		}
		j := open(t, db, Options{Dir: dir, Log: quiet})
		catchUp(t, j)
		clean(t, db, dir)
		t.Logf("%d kills, %d events acknowledged, none lost", rounds, total)
	})
}
