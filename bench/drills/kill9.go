package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"motcua/bench/drills/drill"
	"motcua/e2e/apitest"
)

// kill9 kills the server again and again, and then the database server, while
// people file, act, upload, supplement and search.
func kill9() drill.Drill {
	return drill.Drill{
		Name:   "kill9",
		Proves: "kill -9 of the program and of PostgreSQL under mixed load: nothing acknowledged is lost, doubled or torn, and the house serves again within three seconds, counted from when its database does",
		Breaks: []drill.Break{
			{Name: "old-copy", What: "at one kill the data folder is put back to an earlier copy", Fails: "^lost: |ended before it listened"},
		},
		Run: runKill9,
	}
}

func runKill9(t *drill.T) {
	killProgram(t)
	if t.Broken == "" {
		killPostgres(t)
	}
}

// serveMost is how long the house may be away after a kill.
const serveMost = 3 * time.Second

// killProgram kills the program on its embedded database.
func killProgram(t *drill.T) {
	h := t.House("sqlite", "")
	s := h.Open(t)
	kills := drill.Full(t, 60, 6)
	crowd := &drill.Crowd{House: h}
	crowd.Start(t)
	chance := t.Rand(1)
	var away []time.Duration
	for i := range kills {
		time.Sleep(time.Duration(drill.Full(t, 800, 400)+chance.IntN(drill.Full(t, 3200, 1200))) * time.Millisecond)
		s.Kill()
		if i == kills/2 && t.Broken == "old-copy" {
			rollBack(t, h)
		}
		began := time.Now()
		s = h.Open(t)
		if _, err := apitest.Ready(s.Base, 30*time.Second); err != nil {
			t.Fatal(err)
		}
		away = append(away, time.Since(began))
		if i == 1 && t.Broken == "old-copy" {
			keepCopy(t, h)
		}
	}
	time.Sleep(time.Second)
	crowd.Stop(t)
	t.Figure("kills", kills)
	served(t, "serve", away)
	settle(t, crowd, h, s)
}

// served notes how long the house was away, and holds it to the limit.
func served(t *drill.T, name string, away []time.Duration) {
	t.Helper()
	worst := drill.Quantile(away, 1)
	t.Figure(name+"-median", drill.Median(away))
	t.Figure(name+"-max", worst)
	// Short editions share two cores with the other tests: only the middle counts there.
	if got, most := drill.Full(t, worst, drill.Median(away)), drill.Full(t, serveMost, 3*serveMost); got > most {
		t.Errorf("away for %s, at most %s are allowed", got, most)
	}
}

// settle holds the ledgers against the house and closes it.
func settle(t *drill.T, crowd *drill.Crowd, h *drill.House, s *apitest.Server) {
	t.Helper()
	sum := crowd.Tally(t)
	sum.Report(t)
	t.Figure("retried", crowd.Again.Load())
	if n := crowd.Stale.Load(); n > 0 {
		t.Errorf("%d dossiers were acknowledged and then not found by a search", n)
	}
	if crowd.Again.Load() == 0 || sum.Filed < drill.Full(t, 500, 10) {
		t.Errorf("no load: %d dossiers filed, %d requests sent again", sum.Filed, crowd.Again.Load())
	}
	s.Stop(t)
	h.Sound(t)
}

// killPostgres kills the database server: all of it, or one of its processes,
// upon which it throws everybody out and recovers.
func killPostgres(t *drill.T) {
	h := t.House("postgres", "")
	s := h.Open(t)
	kills := drill.Full(t, 20, 3)
	crowd := &drill.Crowd{House: h}
	crowd.Start(t)
	chance := t.Rand(2)
	var recovery, away []time.Duration
	for i := range kills {
		time.Sleep(time.Duration(drill.Full(t, 1500, 500)+chance.IntN(drill.Full(t, 3000, 1000))) * time.Millisecond)
		if i%4 == 3 && h.Cluster.KillOne(chance.IntN(1000)) {
			recovery = append(recovery, h.Cluster.Await(t))
		} else {
			h.Cluster.Kill()
			recovery = append(recovery, h.Cluster.Start(t))
		}
		// How long PostgreSQL replays its log is a matter of its settings and of the
		// disk; the house answers for what it takes from there.
		began := time.Now()
		t.Eventually("ready after PostgreSQL was killed", 30*time.Second, func() error {
			a, err := h.Client("").Do("GET", "/readyz", "", nil)
			if err == nil && a.Status != 200 {
				err = fmt.Errorf("status %d: %s", a.Status, a.Body)
			}
			return err
		})
		away = append(away, time.Since(began))
	}
	time.Sleep(time.Second)
	crowd.Stop(t)
	t.Figure("pg-kills", kills)
	t.Figure("pg-recovery-max", drill.Quantile(recovery, 1))
	served(t, "pg-serve", away)
	settle(t, crowd, h, s)
}

// keepCopy keeps the embedded database as it is now, for a drill broken on purpose.
func keepCopy(t *drill.T, h *drill.House) {
	t.Helper()
	for _, name := range []string{"motcua.db", "motcua.db-wal"} {
		text, err := os.ReadFile(filepath.Join(h.Dir, name))
		t.Must(err)
		t.Must(os.WriteFile(filepath.Join(h.Dir, name+".old"), text, 0o600))
	}
}

// rollBack puts the copy back, as somebody would who restores without thinking.
func rollBack(t *drill.T, h *drill.House) {
	t.Helper()
	for _, name := range []string{"motcua.db", "motcua.db-wal"} {
		t.Must(os.Rename(filepath.Join(h.Dir, name+".old"), filepath.Join(h.Dir, name)))
	}
	if err := os.Remove(filepath.Join(h.Dir, "motcua.db-shm")); err != nil && !strings.Contains(err.Error(), "no such file") {
		t.Fatal(err)
	}
}
