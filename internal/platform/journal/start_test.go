package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// A journal set back behind its own back does not start; an operator who did it
// on purpose puts that on record, and from then on Verify knows.
func TestRestoreFromBackup(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		h := newHouse(t, db, 5)
		back := h.size - 20
		sqlExec(t, db, `DELETE FROM journal_checkpoint WHERE size > $1`, back)
		sqlExec(t, db, `DELETE FROM journal_event WHERE position >= $1`, back)
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			h.tx = tx
			h.renumber()
			h.reseal()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		again := open(t, db, Options{Dir: h.dir, Log: quiet})
		if err := again.Start(t.Context()); !errors.Is(err, ErrRewound) {
			t.Fatalf("started: %v", err)
		}
		if err := again.Run(t.Context(), nil); !errors.Is(err, ErrRewound) {
			t.Fatalf("ran: %v", err)
		}
		if r := verify(t, db, h.dir); r.OK() {
			t.Fatal("verified")
		}
		if _, err := AcceptRewind(t.Context(), db, h.dir, "", "  "); err == nil {
			t.Fatal("accepted without a reason")
		}
		rw, err := AcceptRewind(t.Context(), db, h.dir, "", "khôi phục từ bản sao lưu\nngày 02/03/2026")
		if err != nil {
			t.Fatal(err)
		}
		if rw.From != h.size || rw.To != back {
			t.Fatalf("%+v", rw)
		}
		if _, err := AcceptRewind(t.Context(), db, h.dir, "", "twice"); err == nil {
			t.Fatal("accepted twice")
		}
		r := verify(t, db, h.dir)
		if !r.OK() || len(r.Rewinds) != 1 || r.Rewinds[0].Reason != "khôi phục từ bản sao lưu ngày 02/03/2026" {
			t.Fatalf("%+v", r)
		}
		for range 60 { // life goes on past the old end
			add(t, again, "dossier:1", "dossier.t1", nil)
		}
		catchUp(t, again)
		clean(t, db, h.dir)
		catchUp(t, open(t, db, Options{Dir: h.dir, Log: quiet}))
		// What remains is still bound by what was signed before.
		sqlExec(t, db, `UPDATE journal_event SET purpose = 'x' WHERE position = 3`)
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			h.tx = tx
			h.reseal()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, db, h.dir); r.OK() {
			t.Fatal("a rewind covers up a change below it")
		}
	})
}

func TestAcceptRewindRefusesAChangedPast(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	h := newHouse(t, db, 6)
	sqlExec(t, db, `UPDATE journal_event SET purpose = 'x' WHERE position = 3`)
	sqlExec(t, db, `DELETE FROM journal_event WHERE position >= $1`, h.size-5)
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		h.tx = tx
		h.reseal()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := AcceptRewind(t.Context(), db, h.dir, "", "restored"); !errors.Is(err, ErrRewound) {
		t.Fatalf("accepted: %v", err)
	}
}

// A history rewritten to the same length does not start either.
func TestRewrittenHistoryDoesNotStart(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	h := newHouse(t, db, 7)
	sqlExec(t, db, `UPDATE journal_event SET actor = 'x' WHERE position = $1`, h.size/2)
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		h.tx = tx
		h.reseal()
		h.resign(h.j.keys.signer)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := open(t, db, Options{Dir: h.dir}).Start(t.Context()); !errors.Is(err, ErrRewound) {
		t.Fatalf("started: %v", err)
	}
}

// A database set back while the house runs stops the sealing, and says so.
func TestRewindUnderARunningHouse(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{Poll: time.Millisecond, Log: quiet})
		for range 9 {
			add(t, j, "d:1", "d.a", nil)
		}
		catchUp(t, j)
		for _, q := range []string{`DELETE FROM journal_event WHERE position >= 4`, `UPDATE journal_tree SET size = 4`, `DELETE FROM journal_checkpoint`, `UPDATE journal_stream SET seq = 4`} {
			sqlExec(t, db, q)
		}
		j.sealer.loaded = false
		add(t, j, "d:1", "d.b", nil)
		if err := j.CatchUp(t.Context()); !errors.Is(err, ErrRewound) {
			t.Fatalf("sealed on: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- j.Run(ctx, nil) }()
		for deadline := time.Now().Add(20 * time.Second); j.Fault() == nil; {
			if time.Now().After(deadline) {
				t.Fatal("no fault is reported")
			}
			runtime.Gosched()
		}
		stop()
		if err := <-done; !errors.Is(err, ErrRewound) {
			t.Fatalf("stopped with %v", err)
		}
	})
}

func TestKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	dir := filepath.Join(t.TempDir(), "audit")
	j := open(t, db, Options{Dir: dir, Log: quiet})
	add(t, j, "d:1", "d.a", nil)
	catchUp(t, j)
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key is readable by others: %v", info.Mode())
	}
	before, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := open(t, db, Options{Dir: dir}).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("a second start made a second key")
	}
	// Without its key the history cannot be gone on with unnoticed.
	if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	if err := open(t, db, Options{Dir: dir}).Start(t.Context()); err == nil {
		t.Error("started with checkpoints but no key")
	}
}

// Signing costs little: once per interval, however many events come.
func TestCheckpointsAreSpaced(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var c clockwork
		j := open(t, db, Options{Now: c.now, CheckpointEvery: 10 * time.Second, Log: quiet})
		if err := j.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		j.wantRole(sealerRole)
		if err := j.takeRoles(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			add(t, j, "d:1", "d.a", nil)
			if err := j.sealer.once(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			c.ms.Add(1000)
		}
		var n int
		if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM journal_checkpoint`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 10 {
			t.Fatalf("%d checkpoints in 100 seconds", n)
		}
	})
}

// Verify of many events takes no more memory than of few.
func TestVerifyStreams(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	dir := t.TempDir()
	j := open(t, db, Options{Dir: dir, Log: quiet})
	fat := []byte(`"` + strings.Repeat("x", 2000) + `"`)
	const events = 8_000 // 16 MB of payload
	for i := 0; i < events; i += 1000 {
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			for n := range 1000 {
				if _, err := j.Append(t.Context(), tx, Event{Stream: fmt.Sprintf("d:%d", (i+n)/20), Type: "d.a", Data: fat}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	catchUp(t, j)
	var most uint64
	var before, m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := Verify(t.Context(), db, VerifyOptions{Dir: dir, Progress: func(int64, int64) {
		runtime.GC()
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
	}})
	if err != nil || !r.OK() || r.Sealed != events || r.Streams != events/20 {
		t.Fatalf("%v %+v", err, r)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Fatalf("the heap grew by %d kB", grown>>10)
	}
}

// Every finding has words in both languages, and no words are left over.
func TestFindingsHaveWords(t *testing.T) {
	words, err := i18n.New(Locales())
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?:problem|badNotes)\("([a-z-]+)"`)
	found := 0
	for _, name := range []string{"verify.go", "marks.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			found++
			for _, lang := range i18n.Languages() {
				if !words.Has(lang, "audit.problem."+m[1]) {
					t.Errorf("no %s words for %s", lang, m[1])
				}
			}
		}
	}
	if found < 15 {
		t.Fatalf("only %d findings in the source: the test looks in the wrong place", found)
	}
}
