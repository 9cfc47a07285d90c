package main

import (
	"os"
	"path/filepath"
	"time"

	"motcua/bench/drills/drill"
	"motcua/bench/drills/faultfs"
	"motcua/e2e/apitest"
)

// powerloss cuts the power of a house whose database, files and audit log lie on
// a disk that forgets what was not synced.
func powerloss() drill.Drill {
	return drill.Drill{
		Name:   "powerloss",
		Proves: "the power goes while people work: of unsynced writes, names and renames a random part is gone and the last write torn; nothing acknowledged is lost",
		Breaks: []drill.Break{
			{Name: "lying-disk", What: "durability is off: the disk says that it synced, and did not", Fails: "^(lost|torn): |ended before it listened"},
		},
		Run: runPowerloss,
	}
}

// weak is a house on a file system of ours.
type weak struct {
	*drill.House
	fs      *faultfs.FS
	mount   string
	unmount func() error
}

// weakHouse puts the demo onto such a disk, as a machine that was shut down in order.
func weakHouse(t *drill.T) *weak {
	w := &weak{fs: faultfs.New(), mount: filepath.Join(t.TempDir(), "disk")}
	t.Must(os.Mkdir(w.mount, 0o700))
	w.plug(t)
	t.Cleanup(func() { t.Must(w.unmount()) })
	w.House = t.House("sqlite", filepath.Join(w.mount, "house"))
	w.fs.Settle()
	return w
}

func (w *weak) plug(t *drill.T) {
	var err error
	if w.unmount, err = w.fs.Mount(w.mount); err != nil {
		t.Lacks("FUSE: " + err.Error())
	}
}

func runPowerloss(t *drill.T) {
	w := weakHouse(t)
	w.fs.Lie(t.Broken == "lying-disk")
	s := w.Open(t)
	crowd := &drill.Crowd{House: w.House}
	crowd.Start(t)
	cuts := drill.Full(t, 30, 5)
	chance := t.Rand(1)
	var lost faultfs.Loss
	var away []time.Duration
	for range cuts {
		time.Sleep(time.Duration(drill.Full(t, 1000, 500)+chance.IntN(drill.Full(t, 5000, 1500))) * time.Millisecond)
		w.fs.Cut()
		s.Kill()
		t.Must(w.unmount())
		gone := w.fs.Restore(chance)
		lost.Writes, lost.Names, lost.Torn = lost.Writes+gone.Writes, lost.Names+gone.Names, lost.Torn+gone.Torn
		w.plug(t)
		began := time.Now()
		s = w.Open(t)
		if _, err := apitest.Ready(s.Base, 30*time.Second); err != nil {
			t.Fatal(err)
		}
		away = append(away, time.Since(began))
	}
	time.Sleep(time.Second)
	crowd.Stop(t)
	t.Figure("cuts", cuts)
	t.Figure("writes-gone", lost.Writes)
	t.Figure("names-gone", lost.Names)
	t.Figure("torn-writes", lost.Torn)
	t.Figure("serve-max", drill.Quantile(away, 1))
	if lost.Writes == 0 || lost.Names == 0 {
		t.Errorf("the cuts took nothing: %+v", lost)
	}
	settle(t, crowd, w.House, s)
}
