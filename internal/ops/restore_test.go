package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// past is a house that had a monday, with its backup, and a tuesday.
type past struct {
	cfg             *config.Config
	file            string
	monday, tuesday state
}

func live(t testing.TB, engine sqldb.Dialect, papers int) past {
	t.Helper()
	ctx := context.Background()
	p := past{cfg: settings(t, engine), file: filepath.Join(t.TempDir(), "monday.tar")}
	h := enter(t, p.cfg)
	defer h.leave(t)
	h.furnish(t)
	day := func(seed uint64) state {
		if err := h.work(ctx, seed, papers); err != nil {
			t.Fatal(err)
		}
		if err := h.journal.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		return h.inspect(t)
	}
	p.monday = day(1)
	if _, err := Backup(ctx, h.source(), p.file, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	p.tuesday = day(2)
	return p
}

// now enters the house, inspects it and leaves it.
func (p past) now(t testing.TB) state {
	t.Helper()
	h := enter(t, p.cfg)
	defer h.leave(t)
	return h.inspect(t)
}

var errDrill = errors.New("drill")

func TestAnInterruptedRestoreLeavesTheOldHouse(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine sqldb.Dialect) {
		p := live(t, engine, 5)
		var stages []string
		for i := 0; ; i++ {
			reached := 0
			_, err := Restore(context.Background(), p.file, target(t, p.cfg), RestoreOptions{step: func(stage string) error {
				if reached == i {
					stages = append(stages, stage)
					return errDrill
				}
				reached++
				return nil
			}})
			if err == nil {
				break
			}
			if !errors.Is(err, errDrill) {
				t.Fatalf("after %s: %v", stages, err)
			}
			want := p.tuesday
			if slices.Contains(stages, "audit") {
				want = p.monday // the change of place has happened
			}
			// In the stage before the rewind is on record the ledger knows more than the database.
			if slices.Contains(stages, "audit") {
				continue
			}
			if got := p.now(t); got != want {
				t.Errorf("stopped before %s: %+v, want %+v", stages[i], got, want)
			}
			if left := leftovers(t, p.cfg); len(left) > 0 {
				t.Errorf("stopped before %s: left behind %v", stages[i], left)
			}
		}
		if fmt.Sprint(stages) != "[space database prove files present swap audit rewind]" {
			t.Errorf("stages = %v", stages)
		}
		if got := p.now(t); got != p.monday {
			t.Errorf("in the end: %+v, want %+v", got, p.monday)
		}
	})
}

// leftovers are things that only a restore makes, apart from what it keeps on purpose.
func leftovers(t *testing.T, cfg *config.Config) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "restore") {
			found = append(found, e.Name())
		}
	}
	if strings.HasPrefix(cfg.DatabaseURL(), "postgres") {
		if err := withDatabase(context.Background(), cfg.DatabaseURL(), func(db *sqldb.DB) error {
			schemas, err := sqldb.Strings(db.Query(context.Background(), `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'motcua_%'`))
			found = append(found, schemas...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// The same with a process that is killed, at any moment: whatever is found
// afterwards is the old house or the new one, and the restore can be run again.
func TestAKilledRestoreLeavesAWholeHouse(t *testing.T) {
	if dir := os.Getenv("MOTCUA_TEST_KILLED_DIR"); dir != "" {
		cfg := config.Default()
		cfg.Dir, cfg.Database.URL = dir, config.Address(os.Getenv("MOTCUA_TEST_KILLED_URL"))
		fmt.Println("begin")
		if _, err := Restore(context.Background(), os.Getenv("MOTCUA_TEST_KILLED_FILE"), target(t, &cfg), RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("end")
		return
	}
	eachEngine(t, func(t *testing.T, engine sqldb.Dialect) {
		p := live(t, engine, 40)
		rounds := 12
		if engine == sqldb.Postgres {
			rounds = 4
		}
		r := rand.New(rand.NewPCG(5, 5))
		var full time.Duration
		before, after := 0, 0
		for round := range rounds {
			cmd := exec.Command(os.Args[0], "-test.run=^TestAKilledRestoreLeavesAWholeHouse$")
			cmd.Env = append(os.Environ(), "MOTCUA_TEST_KILLED_DIR="+p.cfg.Dir, "MOTCUA_TEST_KILLED_URL="+string(p.cfg.Database.URL), "MOTCUA_TEST_KILLED_FILE="+p.file)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(out, make([]byte, 6)); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if round > 0 { // the first one is let through, to know how long it takes
				wait := full/2 + time.Duration(r.Int64N(int64(full)/2+1)) // the second half is where things change place
				time.Sleep(wait)
				_ = cmd.Process.Kill() // it may be through already
			}
			_, _ = io.Copy(io.Discard, out)
			err = cmd.Wait()
			if round == 0 {
				if err != nil {
					t.Fatal(err)
				}
				full = time.Since(begun)
			}
			switch got := p.nowWhole(t); got {
			case p.tuesday:
				before++
			case p.monday:
				after++
				// What was cut off is finished, then it is tuesday again.
				if _, err := Restore(context.Background(), p.file, target(t, p.cfg), RestoreOptions{}); err != nil {
					t.Fatal(err)
				}
				if err := p.redo(t); err != nil {
					t.Fatal(err)
				}
			default:
				t.Fatalf("round %d: neither monday nor tuesday: %+v", round, got)
			}
		}
		t.Logf("%d times the old house, %d times the new one, a restore takes %v", before, after, full)
		if _, err := Restore(context.Background(), p.file, target(t, p.cfg), RestoreOptions{}); err != nil {
			t.Errorf("the restore cannot be finished: %v", err)
		}
		if got := p.now(t); got != p.monday {
			t.Errorf("%+v, want %+v", got, p.monday)
		}
	})
}

// nowWhole inspects the house as it is; its ledger may still wait for the rewind.
func (p past) nowWhole(t testing.TB) state {
	t.Helper()
	h := enter(t, p.cfg)
	defer h.leave(t)
	h.alone = true
	return h.inspect(t)
}

// redo lives tuesday again.
func (p *past) redo(t testing.TB) error {
	t.Helper()
	h := enter(t, p.cfg)
	defer h.leave(t)
	if err := h.work(context.Background(), 2, 40); err != nil {
		return err
	}
	err := h.journal.CatchUp(context.Background())
	p.tuesday = h.inspect(t)
	return err
}

func TestARestoreKnowsWhatItMayNotDo(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine sqldb.Dialect) {
		p := live(t, engine, 5)
		ctx := context.Background()
		refuse := func(name string, to Target, file string, check func(error) bool) {
			t.Helper()
			if _, err := Restore(ctx, file, to, RestoreOptions{}); err == nil || !check(err) {
				t.Errorf("%s: %v", name, err)
			}
			if got := p.now(t); got != p.tuesday {
				t.Errorf("%s changed the house: %+v", name, got)
			}
			if left := leftovers(t, p.cfg); len(left) > 0 {
				t.Errorf("%s left behind %v", name, left)
			}
		}
		says := func(words string) func(error) bool {
			return func(err error) bool { return strings.Contains(err.Error(), words) }
		}
		is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
		full := func(err error) bool { return errs.Is(err, errs.Full) }

		lock, err := AcquireLock(p.cfg.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if !Running(p.cfg.Dir) {
			t.Error("nobody seems to run")
		}
		refuse("a running program", target(t, p.cfg), p.file, is(ErrRunning))
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
		if Running(p.cfg.Dir) {
			t.Error("somebody still seems to run")
		}
		if engine == sqldb.Postgres {
			other, err := sqldb.Open(ctx, p.cfg.DatabaseURL(), sqldb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Restore(ctx, p.file, target(t, p.cfg), RestoreOptions{}); !errors.Is(err, ErrRunning) {
				t.Errorf("another replica: %v", err)
			}
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
		}
		older := target(t, p.cfg)
		older.Lines = slices.Clone(lines())
		older.Lines[2].FS = upTo{older.Lines[2].FS, 1}
		refuse("an older program", older, p.file, says("newer program"))
		without := target(t, p.cfg)
		without.Lines = lines()[:2]
		refuse("a program without a room", without, p.file, says(`tables of "purse"`))
		edited := target(t, p.cfg)
		changed := fstest.MapFS{}
		for name, f := range purse().FS.(fstest.MapFS) {
			changed[name] = &fstest.MapFile{Data: append([]byte("-- edited\n"), f.Data...)}
		}
		edited.Lines = append(slices.Clone(lines()[:2]), sqldb.Line{Name: "purse", FS: changed})
		refuse("edited migrations", edited, p.file, says("differs"))

		note := filepath.Join(t.TempDir(), "note.txt")
		if err := os.WriteFile(note, []byte(strings.Repeat("not a backup\n", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		refuse("something else", target(t, p.cfg), note, is(ErrDamaged))
		refuse("a folder", target(t, p.cfg), t.TempDir(), func(err error) bool { return true })
		refuse("nothing", target(t, p.cfg), note+".gone", is(os.ErrNotExist))

		narrow := target(t, p.cfg)
		narrow.Files = &troubled{Store: narrow.Files, free: 10, put: -1}
		if err := os.RemoveAll(p.cfg.FilesDir()); err != nil { // the files are lost, so they need room
			t.Fatal(err)
		}
		if _, err := Restore(ctx, p.file, narrow, RestoreOptions{}); !full(err) {
			t.Errorf("no room for the files: %v", err)
		}
		filling := target(t, p.cfg)
		filling.Files = &troubled{Store: filling.Files, free: -1, put: 3}
		if _, err := Restore(ctx, p.file, filling, RestoreOptions{}); !full(err) {
			t.Errorf("the disk fills up: %v", err)
		}
		if left := leftovers(t, p.cfg); len(left) > 0 {
			t.Errorf("left behind %v", left)
		}
		if _, err := Restore(ctx, p.file, target(t, p.cfg), RestoreOptions{}); err != nil {
			t.Errorf("with room again: %v", err)
		}
		if got := p.now(t); got != p.monday {
			t.Errorf("%+v", got)
		}
	})
}

// troubled is a store with little room.
type troubled struct {
	blob.Store
	free int64
	put  int
}

func (s *troubled) Free(context.Context) (int64, error) { return s.free, nil }

func (s *troubled) Put(ctx context.Context, r io.Reader) (blob.Ref, error) {
	if s.put--; s.put == 0 {
		return blob.Ref{}, errs.New(errs.Full, "storage.full")
	}
	return s.Store.Put(ctx, r)
}

// A house whose database is beyond help is the one that needs a restore most.
func TestARuinIsReplacedAndKept(t *testing.T) {
	p := live(t, sqldb.SQLite, 5)
	path := filepath.Join(p.cfg.Dir, "motcua.db")
	ruin := "SQLite format 3\x00 and then nothing that makes sense"
	for end, content := range map[string]string{"": ruin, "-wal": "a log of something"} {
		if err := os.WriteFile(path+end, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Restore(context.Background(), p.file, target(t, p.cfg), RestoreOptions{step: func(stage string) error {
		if _, err := os.Stat(path + "-wal"); stage == "audit" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the log of the old database lies beside the new one: %v", err)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if s := p.now(t); s != p.monday {
		t.Errorf("%+v", s)
	}
	if b, err := os.ReadFile(got.Kept[0]); err != nil || string(b) != ruin {
		t.Errorf("the ruin was not kept: %v, %v", got.Kept, err)
	}
}

// What a crash left in the log belongs to the old database, not to the new one.
func TestTheLogOfACrashGoesWithTheOldHouse(t *testing.T) {
	p := live(t, sqldb.SQLite, 5)
	path := filepath.Join(p.cfg.Dir, "motcua.db")
	h := enter(t, p.cfg)
	if err := h.work(context.Background(), 3, 30); err != nil {
		t.Fatal(err)
	}
	crashed := map[string][]byte{}
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		crashed[end] = b
	}
	h.leave(t)
	if len(crashed["-wal"]) < 100_000 {
		t.Fatalf("the log has %d bytes", len(crashed["-wal"]))
	}
	for end, b := range crashed {
		if err := os.WriteFile(path+end, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Restore(context.Background(), p.file, target(t, p.cfg), RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s := p.now(t); s != p.monday {
		t.Errorf("%+v", s)
	}
	if err := withDatabase(context.Background(), "sqlite:"+got.Kept[0], func(db *sqldb.DB) error {
		var n int64
		err := db.QueryRow(context.Background(), `SELECT count(*) FROM purse_move`).Scan(&n)
		if n != p.tuesday.moves+30 {
			t.Errorf("the old database has %d moves, not %d", n, p.tuesday.moves+30)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestAnothersLedgerIsKept(t *testing.T) {
	p := live(t, sqldb.SQLite, 3)
	cfg := settings(t, sqldb.SQLite)
	other := enter(t, cfg)
	if err := other.journal.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	other.leave(t)
	key, err := os.ReadFile(filepath.Join(cfg.AuditDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Restore(context.Background(), p.file, target(t, cfg), RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	aside := got.Kept[len(got.Kept)-1]
	if b, err := os.ReadFile(filepath.Join(aside, "key")); err != nil || string(b) != string(key) {
		t.Errorf("the other ledger's key is gone from %s: %v", filepath.Base(aside), err)
	}
	if s := (past{cfg: cfg}).now(t); s != p.monday {
		t.Errorf("%+v", s)
	}
}
