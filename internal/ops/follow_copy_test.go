package ops

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/sqldb"
)

// meddled is a store of files in which somebody does something else in between: files
// are copied after the pages of the database, and before its log is read.
type meddled struct {
	blob.Store
	meddle func()
}

func (m *meddled) Open(ctx context.Context, hash string) (blob.Content, error) {
	if m.meddle != nil {
		m.meddle()
		m.meddle = nil
	}
	return m.Store.Open(ctx, hash)
}

// carry has another program take the log into the database file, as any may that
// opens it: the next writer begins the log again.
func carry(t *testing.T, address string) {
	t.Helper()
	other, err := sqldb.Open(t.Context(), address, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var busy, frames, into int
	if err := other.QueryRow(t.Context(), `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &frames, &into); err != nil || busy != 0 || frames != into {
		t.Fatalf("%d of %d frames, busy %d, %v", into, frames, busy, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
}

// comesBack ends a house, restores its last moment and compares.
func comesBack(t *testing.T, h *house, f *Follower, dir string) {
	t.Helper()
	if err := f.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := h.inspect(t)
	h.leave(t)
	back := settings(t, sqldb.SQLite)
	if _, err := RestoreAt(t.Context(), dir, f.opt.Now(), target(t, back), RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	twin := enter(t, back)
	if got := twin.inspect(t); got != want {
		t.Errorf("came back as %+v, it was %+v", got, want)
	}
	twin.leave(t)
}

// While a whole copy is made the log is carried into the database file by somebody
// else and begins again, once or twice: what was copied before fits nothing.
func TestTheLogBeginsAgainUnderAWholeCopy(t *testing.T) {
	for _, test := range []struct {
		name  string
		turns int
		turn  bool // ours has been emptied before: then it may begin again, once
		left  int  // generations
	}{{"once", 1, false, 1}, {"twice", 2, false, 1}, {"after ours, once", 1, true, 2}, {"after ours, twice", 2, true, 2}} {
		t.Run(test.name, func(t *testing.T) {
			cfg := settings(t, sqldb.SQLite)
			dir := filepath.Join(t.TempDir(), "follow")
			h, f := followed(t, cfg, dir)
			h.furnish(t)
			if err := h.work(t.Context(), 1, 3); err != nil {
				t.Fatal(err)
			}
			if test.turn {
				if err := f.Copy(t.Context()); err != nil {
					t.Fatal(err)
				}
				f.began = f.began.Add(-2 * followAnew) // the next one is a whole copy,
				if err := f.files.Walk(t.Context(), func(in blob.Info) error { return f.files.Delete(t.Context(), in.Hash) }); err != nil {
					t.Fatal(err) // for which the files are copied once more
				}
			}
			f.src.Files = &meddled{Store: h.store, meddle: func() {
				for i := range test.turns {
					carry(t, cfg.DatabaseURL())
					if err := h.work(t.Context(), uint64(2+i), 3); err != nil {
						t.Fatal(err)
					}
				}
			}}
			if err := f.Copy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if f.src.Files.(*meddled).meddle != nil { //nolint:forcetypeassert // set above
				t.Fatal("no file was copied")
			}
			if all, err := generations(dir); err != nil || len(all) != test.left {
				t.Errorf("%d generations, %v", len(all), err)
			}
			comesBack(t, h, f, dir)
		})
	}
}

// More than the log holds before it is emptied comes in one second: it is followed,
// and no new whole copy is needed.
func TestABusySecondIsFollowed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "follow")
	h, f := followed(t, settings(t, sqldb.SQLite), dir)
	h.furnish(t)
	write := func(raw []byte) {
		t.Helper()
		if err := h.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE purse_odd SET raw = $1 WHERE id = 0`, raw)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 {
		if err := f.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
		for j := range 2 { // after the first SQLite would empty its log, with the second begin it again
			write(bytes.Repeat([]byte{byte(10*i + j)}, followTurn))
		}
	}
	write([]byte("\x00\xff" + odd[0])) // as it was
	comesBack(t, h, f, dir)
	if all, err := generations(dir); err != nil || len(all) != 1 {
		t.Errorf("%d generations, %v", len(all), err)
	}
}

// What is kept reaches back as far as was promised, also when a whole copy was never
// finished; an old copy that is damaged is told, and new ones are made all the same.
func TestOldCopiesAreForgotten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "follow")
	h, f := followed(t, settings(t, sqldb.SQLite), dir)
	h.furnish(t)
	clock := time.Now().Add(-10 * 24 * time.Hour)
	f.opt.Now = func() time.Time { return clock }
	day := func(days int) {
		t.Helper()
		clock = clock.Add(time.Duration(days)*24*time.Hour + time.Minute)
		if err := h.work(t.Context(), uint64(clock.Unix()), 1); err != nil {
			t.Fatal(err)
		}
		if err := f.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	count := func() int {
		all, err := generations(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	day(0)
	first, half := clock, filepath.Join(dir, clock.Add(12*time.Hour).UTC().Format(stampForm)+followEnd)
	if err := os.WriteFile(half, nil, 0o600); err != nil { // the power went
		t.Fatal(err)
	}
	day(7)
	if m, err := replay(t.Context(), dir, first.Add(13*time.Hour), t.TempDir()); err != nil || m.At.After(first.Add(time.Minute)) || count() != 3 {
		t.Fatalf("%d generations; %v", count(), err)
	}
	day(8) // now all moments that are kept are in the later ones
	if count() != 2 || f.Fault() != nil {
		t.Errorf("%d generations, %v", count(), f.Fault())
	}
	all, err := generations(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(all[1].path, []byte("no such thing as a record"), 0o600); err != nil {
		t.Fatal(err)
	}
	day(8)
	if fault := f.Fault(); !errors.Is(fault, ErrDamaged) {
		t.Errorf("the doctor is told %v", fault)
	}
	before := count()
	clock = clock.Add(time.Minute)
	if err := f.Copy(t.Context()); err != nil || count() != before {
		t.Errorf("%d generations, there were %d, %v", count(), before, err)
	}
	comesBack(t, h, f, dir)
}
