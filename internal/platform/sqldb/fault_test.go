package sqldb

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"motcua/internal/platform/errs"
)

// After the disk failed to sync, nothing is written until the program starts
// again; reading goes on.
func TestAfterAFailedSyncNothingIsWritten(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := func() error {
		return db.Tx(t.Context(), func(tx *Tx) error {
			_, err := tx.Exec(t.Context(), `CREATE TABLE IF NOT EXISTS a (x INTEGER)`)
			return err
		})
	}
	if err := write(); err != nil || db.Fault() != nil {
		t.Fatal(err, db.Fault())
	}
	for _, harmless := range []error{nil, errors.New("anything"), context.Canceled, errs.New(errs.Full, "storage.full")} {
		if got := db.group.distrust(harmless); !errors.Is(got, harmless) || db.Fault() != nil {
			t.Errorf("%v makes the house distrust its disk: %v", harmless, got)
		}
	}
	told := errs.New(errs.Unavailable, "database.untrusted")
	var fault error = told
	db.group.fault.Store(&fault)
	ran := false
	if err := db.Tx(t.Context(), func(*Tx) error { ran = true; return nil }); !errs.HasCode(err, "database.untrusted") || ran {
		t.Errorf("written on a disk that nobody trusts: %v", err)
	}
	waiting := &task{ctx: t.Context(), fn: func(*Tx) error { ran = true; return nil }, done: make(chan struct{})}
	db.group.work <- waiting // stood in line when it happened
	if <-waiting.done; !errs.HasCode(waiting.err, "database.untrusted") || ran {
		t.Errorf("whoever stood in line: %v", waiting.err)
	}
	var n int
	if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM a`).Scan(&n); err != nil {
		t.Errorf("reading: %v", err)
	}
	if err := db.Ping(t.Context()); !errs.HasCode(err, "database.untrusted") {
		t.Errorf("the house is ready: %v", err)
	}
}
