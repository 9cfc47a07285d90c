package ops

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// followed is a house at work with a continuous backup.
func followed(t testing.TB, cfg *config.Config, dir string) (*house, *Follower) {
	t.Helper()
	ctx := context.Background()
	db, err := sqldb.Open(ctx, cfg.DatabaseURL(), sqldb.Options{KeepLog: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := sqldb.Migrate(ctx, db, lines()...); err != nil {
		t.Fatal(err)
	}
	store, err := blob.NewDir(cfg.FilesDir())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.New(db, journal.Options{Dir: cfg.AuditDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Start(ctx); err != nil { // as a house does before anything else
		t.Fatal(err)
	}
	h := &house{cfg: cfg, db: db, store: store, files: blob.NewFiles(db, store, blob.Options{}), journal: j}
	f, err := Follow(h.source(), FollowOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return h, f
}

// moment is a state on record: what the house was at a time.
type recorded struct {
	at time.Time
	state
}

// A house is followed through work, emptied logs, a program beside it that takes
// the log away, and restarts. Every moment that was put on record comes back.
func TestEveryMomentComesBack(t *testing.T) {
	cfg := settings(t, sqldb.SQLite)
	dir := filepath.Join(t.TempDir(), "sao lưu")
	ctx := t.Context()
	rounds, moves := 4, 6
	if testing.Short() {
		rounds, moves = 2, 3
	}
	var all []recorded
	for round := range rounds {
		h, f := followed(t, cfg, dir)
		if round == 0 {
			h.furnish(t)
		}
		for i := range moves {
			if err := h.work(ctx, uint64(100*round+i), 4); err != nil {
				t.Fatal(err)
			}
			if err := h.journal.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
			switch i % 3 {
			case 1:
				if err := f.turn(ctx); f.gen != nil && err != nil {
					t.Fatal(err)
				}
			case 2: // somebody else empties the log behind our back
				stranger, err := sqldb.Open(ctx, cfg.DatabaseURL(), sqldb.Options{})
				if err != nil {
					t.Fatal(err)
				}
				var busy, frames, into int
				if err := stranger.QueryRow(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &into); err != nil || busy != 0 {
					t.Fatalf("busy %d, %v", busy, err)
				}
				if err := stranger.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.Copy(ctx); err != nil {
				t.Fatal(err)
			}
			all = append(all, recorded{time.Now(), h.inspect(t)})
			time.Sleep(2 * time.Millisecond) // moments are told apart by milliseconds
		}
		if err := f.Finish(ctx); err != nil {
			t.Fatal(err)
		}
		h.leave(t)
	}
	r, err := VerifyFollow(ctx, dir)
	if err != nil || r.Generations < rounds || r.Files == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, want := range all {
		back := settings(t, sqldb.SQLite)
		result, err := RestoreAt(ctx, dir, want.at, target(t, back), RestoreOptions{})
		if err != nil {
			t.Fatalf("moment %d: %v", i, err)
		}
		if result.Manifest.SnapshotAt.After(want.at) {
			t.Errorf("moment %d is of %s, asked for was %s", i, result.Manifest.SnapshotAt, want.at)
		}
		h := enter(t, back)
		if got := h.inspect(t); got != want.state {
			t.Errorf("moment %d came back as %+v, it was %+v", i, got, want.state)
		}
		h.leave(t)
	}
	if _, err := RestoreAt(ctx, dir, all[0].at.Add(-time.Hour), target(t, settings(t, sqldb.SQLite)), RestoreOptions{}); !errors.Is(err, ErrNoMoment) {
		t.Errorf("before the beginning: %v", err)
	}
}

// The house is followed while many write, and its folder is copied as a crash
// would leave it: what was committed before the last moment is there, in one piece.
func TestFollowedUnderLoad(t *testing.T) {
	cfg := settings(t, sqldb.SQLite)
	dir := filepath.Join(t.TempDir(), "follow")
	h, f := followed(t, cfg, dir)
	h.furnish(t)
	ctx, stop := context.WithCancel(t.Context())
	done := h.toil(ctx, t, 4)
	copies := 30
	if testing.Short() {
		copies = 8
	}
	for i := range copies {
		if err := f.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i%5 == 4 {
			f.mu.Lock()
			if err := f.turn(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.mu.Unlock()
		}
	}
	var before int64
	if err := h.db.QueryRow(t.Context(), `SELECT count(*) FROM purse_move`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	if err := f.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	done.Wait()
	h.leave(t)
	back := settings(t, sqldb.SQLite)
	if _, err := RestoreAt(t.Context(), dir, time.Now(), target(t, back), RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	twin := enter(t, back)
	if got := twin.inspect(t); got.moves < before || before == 0 {
		t.Errorf("%d moves came back, %d were there before the last moment", got.moves, before)
	}
	twin.leave(t)
}

// A changed, a missing or a moved byte is found; what a crash cut off is not damage.
func TestDamagedFollow(t *testing.T) {
	cfg := settings(t, sqldb.SQLite)
	dir := filepath.Join(t.TempDir(), "follow")
	h, f := followed(t, cfg, dir)
	h.furnish(t)
	for i := range 4 {
		if err := h.work(t.Context(), uint64(i), 3); err != nil {
			t.Fatal(err)
		}
		if err := f.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.leave(t)
	all, err := generations(dir)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d generations, %v", len(all), err)
	}
	whole, err := os.ReadFile(all[0].path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) {
		if err := os.WriteFile(all[0].path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	flips := 200
	if testing.Short() {
		flips = 30
	}
	for range flips {
		at := r.IntN(len(whole))
		bad := bytes.Clone(whole)
		bad[at] ^= 1 << r.IntN(8)
		put(bad)
		if _, err := VerifyFollow(t.Context(), dir); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d of %d was changed and not found: %v", at, len(whole), err)
		}
	}
	for range 20 {
		put(whole[:len(whole)-1-r.IntN(200)])
		if _, err := VerifyFollow(t.Context(), dir); err != nil {
			t.Errorf("cut off: %v", err)
		}
	}
	put(whole)
	if _, err := VerifyFollow(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

// On PostgreSQL the database is brought back by PostgreSQL; files, secret and the
// ledger's folder come from the continuous backup.
func TestFollowBesidePostgres(t *testing.T) {
	cfg := settings(t, sqldb.Postgres)
	dir := filepath.Join(t.TempDir(), "follow")
	h, f := followed(t, cfg, dir)
	h.furnish(t)
	for i := range 3 {
		if err := h.work(t.Context(), uint64(i), 3); err != nil {
			t.Fatal(err)
		}
		if err := h.journal.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := h.inspect(t)
	if err := f.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.leave(t)
	if err := os.RemoveAll(cfg.Dir); err != nil { // all but the database is gone
		t.Fatal(err)
	}
	result, err := RestoreAt(t.Context(), dir, time.Now(), target(t, cfg), RestoreOptions{})
	if err != nil || result.Lost != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	twin := enter(t, cfg)
	if got := twin.inspect(t); got != want {
		t.Errorf("came back as %+v, it was %+v", got, want)
	}
	twin.leave(t)
}

func FuzzFollowRecords(f *testing.F) {
	path := filepath.Join(f.TempDir(), "20260101T000000.000Z"+followEnd)
	w, err := newRecorder(path)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		n := note{At: time.UnixMilli(int64(i)), Ready: i > 0, Page: 512, Pages: i, Files: map[string][]byte{"audit/key": []byte("k")}}
		if err := w.write(n, make([]byte, i*516), false); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "20260101T000000.000Z"+followEnd), b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = replay(t.Context(), dir, time.Now(), t.TempDir()) // an error, never a crash
	})
}

func FuzzDatabaseLog(f *testing.F) {
	path := filepath.Join(f.TempDir(), "f.db")
	db, err := sqldb.Open(f.Context(), "sqlite:"+path, sqldb.Options{KeepLog: true})
	if err != nil {
		f.Fatal(err)
	}
	if err := db.Tx(f.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(f.Context(), `CREATE TABLE x (y TEXT)`)
		return err
	}); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(path + "-wal")
	if err := errors.Join(err, db.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "wal")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var c logCursor
		got, _, err := c.read(path)
		if err == nil && len(got.pages) > 0 && got.size == 0 {
			t.Error("pages without a commit")
		}
	})
}
