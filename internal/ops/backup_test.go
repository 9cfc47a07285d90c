package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

func eachEngine(t *testing.T, test func(t *testing.T, engine sqldb.Dialect)) {
	for _, engine := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) { test(t, engine) })
	}
}

// The main promise: a backup made in the middle of the work, restored anywhere, is
// one consistent state.
func TestABackupOfAWorkingHouseIsOneMoment(t *testing.T) {
	eachEngine(t, func(t *testing.T, from sqldb.Dialect) {
		h := enter(t, settings(t, from))
		h.furnish(t)
		if err := h.work(context.Background(), 99, 20); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		working := h.toil(ctx, t, 4)
		time.Sleep(400 * time.Millisecond)
		file := filepath.Join(t.TempDir(), "backup.tar")
		result, err := Backup(context.Background(), h.source(), file, BackupOptions{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		stop()
		working.Wait()
		// A ledger that is stopped in good order has signed all it sealed.
		end := h.inspect(t)
		if !result.OK() || result.Manifest.Blobs < 20 || result.Manifest.Checkpoint == "" || result.Manifest.Engine != from {
			t.Errorf("%+v", result)
		}
		if m, err := VerifyBackup(context.Background(), file); err != nil || m.Blobs != result.Manifest.Blobs {
			t.Errorf("verify: %v", err)
		}
		h.leave(t)

		var moment state
		for _, to := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
			t.Run("to "+string(to), func(t *testing.T) {
				cfg := settings(t, to)
				got, err := Restore(context.Background(), file, target(t, cfg), RestoreOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Kept) != 0 && to == sqldb.SQLite || len(got.Skipped) != 0 || got.Lost != 0 || got.Rewind != nil {
					t.Errorf("%+v", got)
				}
				fresh := enter(t, cfg)
				defer fresh.leave(t)
				s := fresh.inspect(t)
				if s.moves < 20 || s.moves >= end.moves {
					t.Errorf("%d moves, from a house that had %d at the end: not the middle", s.moves, end.moves)
				}
				if moment.digest == "" {
					moment = s
				}
				if s != moment {
					t.Errorf("%+v, on the other engine %+v", s, moment)
				}
				// The house goes on where it was, under the same key.
				if err := fresh.work(context.Background(), 7, 5); err != nil {
					t.Fatal(err)
				}
				if err := fresh.journal.CatchUp(context.Background()); err != nil {
					t.Fatal(err)
				}
				if after := fresh.inspect(t); after.moves != s.moves+5 {
					t.Errorf("%d moves after five more than %d", after.moves, s.moves)
				}
				for _, name := range []string{"key", "key.pub", "checkpoints"} {
					st, err := os.Stat(filepath.Join(cfg.AuditDir(), name))
					if err != nil || name == "key" && st.Mode().Perm()&0o077 != 0 {
						t.Errorf("audit/%s: %v, %v", name, st, err)
					}
				}
			})
		}
	})
}

func TestGoingBackInTimeIsOnRecord(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine sqldb.Dialect) {
		cfg := settings(t, engine)
		h := enter(t, cfg)
		h.furnish(t)
		day := func(seed uint64) {
			if err := h.work(context.Background(), seed, 10); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			time.AfterFunc(150*time.Millisecond, stop)
			if err := h.journal.Run(ctx, nil); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		day(1)
		file := filepath.Join(t.TempDir(), "monday.tar")
		if _, err := Backup(context.Background(), h.source(), file, BackupOptions{}); err != nil {
			t.Fatal(err)
		}
		monday := h.inspect(t)
		day(2)
		tuesday := h.inspect(t)
		h.leave(t)
		got, err := Restore(context.Background(), file, h.target(), RestoreOptions{Reason: "the disk failed"})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Kept) == 0 || got.Rewind == nil || got.Rewind.Reason != "the disk failed" || got.Rewind.To != 10 || got.Rewind.From != 20 {
			t.Errorf("%+v %+v", got, got.Rewind)
		}
		for lang, words := range map[string]string{i18n.VI: "Dữ liệu cũ được giữ ở", i18n.EN: "The old data is kept in"} {
			if s := got.Summary(lang); !strings.Contains(s, words) || strings.Contains(s, "\n") {
				t.Error(s)
			}
		}
		h = enter(t, cfg)
		if s := h.inspect(t); s != monday {
			t.Errorf("%+v, want %+v", s, monday)
		}
		if err := h.journal.Start(context.Background()); err != nil {
			t.Errorf("the ledger does not go on: %v", err)
		}
		h.leave(t)
		// What was given up still is there, for whoever wants to look.
		if engine == sqldb.SQLite {
			old := *cfg
			old.Database.URL = ""
			if err := os.Rename(got.Kept[0], filepath.Join(filepath.Dir(got.Kept[0]), "old.db")); err != nil {
				t.Fatal(err)
			}
			if err := withDatabase(context.Background(), "sqlite:"+filepath.Join(filepath.Dir(got.Kept[0]), "old.db"), func(db *sqldb.DB) error {
				var n int64
				err := db.QueryRow(context.Background(), `SELECT count(*) FROM purse_move`).Scan(&n)
				if n != tuesday.moves {
					t.Errorf("the old database has %d moves, not %d", n, tuesday.moves)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
			return
		}
		if err := withDatabase(context.Background(), cfg.DatabaseURL(), func(db *sqldb.DB) error {
			var n int64
			err := db.QueryRow(context.Background(), `SELECT count(*) FROM `+strings.TrimPrefix(got.Kept[0], "schema ")+`.purse_move`).Scan(&n)
			if n != tuesday.moves {
				t.Errorf("the old schema has %d moves, not %d", n, tuesday.moves)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestAFullDiskLeavesNoHalfBackup(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine sqldb.Dialect) {
		h := enter(t, settings(t, engine))
		defer h.leave(t)
		h.furnish(t)
		if err := h.work(context.Background(), 1, 10); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for _, room := range []int64{0, 700, 5000, 20_000} {
			_, err := Backup(context.Background(), h.source(), filepath.Join(dir, "b.tar"), BackupOptions{wrap: func(w io.Writer) io.Writer { return &fullWriter{w, room} }})
			if !errs.Is(err, errs.Full) {
				t.Errorf("with room for %d bytes: %v", room, err)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
		// And it does not hurt the house, or the next backup.
		if _, err := Backup(context.Background(), h.source(), filepath.Join(dir, "b.tar"), BackupOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := Backup(context.Background(), h.source(), filepath.Join(dir, "b.tar"), BackupOptions{}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a backup was overwritten: %v", err)
		}
		if _, err := Backup(context.Background(), h.source(), filepath.Join(dir, "b.tar"), BackupOptions{Replace: true}); err != nil {
			t.Error(err)
		}
		h.inspect(t)
	})
}

type fullWriter struct {
	w    io.Writer
	room int64
}

func (f *fullWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > f.room {
		n, err := f.w.Write(p[:f.room])
		f.room = 0
		return n, errors.Join(err, &os.PathError{Op: "write", Path: "b.tar", Err: syscall.ENOSPC})
	}
	f.room -= int64(len(p))
	return f.w.Write(p)
}

func TestDamagedFilesDoNotStopABackup(t *testing.T) {
	h := enter(t, settings(t, sqldb.SQLite))
	h.furnish(t)
	if err := h.work(context.Background(), 1, 5); err != nil {
		t.Fatal(err)
	}
	big := "%PDF-1.7\n" + strings.Repeat("%", smallBlob+100) + "\n%%EOF\n"
	whole, err := h.files.Save(context.Background(), "big.pdf", "hoa", strings.NewReader(big))
	if err != nil {
		t.Fatal(err)
	}
	broken, err := h.files.Save(context.Background(), "big2.pdf", "hoa", strings.NewReader(big+" "))
	if err != nil {
		t.Fatal(err)
	}
	var hashes []string
	if err := h.store.Walk(context.Background(), func(in blob.Info) error {
		if in.Size < 1000 {
			hashes = append(hashes, in.Hash)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	path := func(hash string) string { return filepath.Join(h.store.Root(), hash[:2], hash[2:4], hash) }
	for _, err := range []error{os.Remove(path(hashes[0])), os.WriteFile(path(hashes[1]), []byte("rotten"), 0o600), os.Truncate(path(broken.Hash), 9_000)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "b.tar")
	r, err := Backup(context.Background(), h.source(), file, BackupOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h.leave(t)
	if r.OK() || fmt.Sprint(r.Manifest.Missing) != fmt.Sprint([]string{hashes[0]}) || len(r.Manifest.Corrupt) != 2 {
		t.Errorf("%+v", r.Manifest)
	}
	if s := r.Summary(i18n.VI); !strings.Contains(s, "CHÚ Ý: 3 tệp bị mất hoặc hỏng") {
		t.Error(s)
	}
	got, err := Restore(context.Background(), file, target(t, settings(t, sqldb.SQLite)), RestoreOptions{})
	if err != nil || got.Lost != 3 || !strings.Contains(got.Summary(i18n.EN), "lacked 3 files") {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := blob.Verify(context.Background(), h.store, whole.Hash); err != nil {
		t.Error(err)
	}
}

func TestBackupsLookAfterThemselves(t *testing.T) {
	h := enter(t, settings(t, sqldb.SQLite))
	defer h.leave(t)
	h.furnish(t)
	dir := filepath.Join(t.TempDir(), "bản sao")
	now := time.Date(2026, 3, 2, 2, 15, 0, 0, time.UTC)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"motcua-of-mine.tar", "other.tar"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("not yours"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		now = now.Add(24 * time.Hour)
		if _, err := AutoBackup(context.Background(), h.source(), dir, 3, BackupOptions{Now: func() time.Time { return now }}); err != nil {
			t.Fatal(err)
		}
	}
	names, err := autoBackups(dir)
	if err != nil || fmt.Sprint(names) != "[motcua-20260305-021500.tar motcua-20260306-021500.tar motcua-20260307-021500.tar]" {
		t.Errorf("%v, %v", names, err)
	}
	// A night on which the disk is full costs no older backup.
	now = now.Add(24 * time.Hour)
	if _, err := AutoBackup(context.Background(), h.source(), dir, 1, BackupOptions{Now: func() time.Time { return now }, wrap: func(w io.Writer) io.Writer { return &fullWriter{w, 100} }}); !errs.Is(err, errs.Full) {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 5 {
		t.Errorf("%v, %v", entries, err)
	}
	st, err := os.Stat(filepath.Join(dir, names[0]))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("everybody may read the backup: %v, %v", st.Mode(), err)
	}
}

func TestTheStepsHashAsTheDatabaseSays(t *testing.T) {
	h := enter(t, settings(t, sqldb.SQLite))
	defer h.leave(t)
	steps, err := readSteps(context.Background(), h.db)
	if err != nil {
		t.Fatal(err)
	}
	all, err := journal.Line().Steps()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Line == "journal" && s.Hash != stepHash(all[s.Number-1].SQL[sqldb.SQLite]) {
			t.Errorf("%+v is not %s", s, stepHash(all[s.Number-1].SQL[sqldb.SQLite]))
		}
	}
	if len(steps) < 4 {
		t.Errorf("%v", steps)
	}
}
