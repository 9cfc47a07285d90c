package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// house is a service on a fresh database with a clock that only tests move.
type house struct {
	*blob.Files
	db    *sqldb.DB
	store *blob.Dir
	opt   blob.Options
	now   atomic.Int64
}

func (h *house) wait(d time.Duration) { h.now.Add(int64(d)) }

// reopen is a restart: nothing of the old process is left.
func (h *house) reopen(t *testing.T) {
	t.Helper()
	store, err := blob.NewDir(h.store.Root())
	if err != nil {
		t.Fatal(err)
	}
	h.store = store
	h.Files = blob.NewFiles(h.db, store, h.opt)
}

func eachHouse(t *testing.T, opt blob.Options, test func(t *testing.T, h *house)) {
	sqldbtest.Each(t, []sqldb.Line{blob.Line()}, func(t *testing.T, db *sqldb.DB) {
		h := &house{db: db, store: newDir(t), opt: opt}
		// Long ago, so that moving the clock never makes files written now look old.
		h.now.Store(time.Date(2016, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano())
		h.opt.Now = func() time.Time { return time.Unix(0, h.now.Load()) }
		h.Files = blob.NewFiles(db, h.store, h.opt)
		test(t, h)
	})
}

func (h *house) claim(t *testing.T, stream string, ids ...string) {
	t.Helper()
	if err := h.db.Tx(context.Background(), func(tx *sqldb.Tx) error { return h.Claim(context.Background(), tx, stream, ids...) }); err != nil {
		t.Fatal(err)
	}
}

func (h *house) release(t *testing.T, stream string, ids ...string) {
	t.Helper()
	if err := h.db.Tx(context.Background(), func(tx *sqldb.Tx) error { return h.Release(context.Background(), tx, stream, ids...) }); err != nil {
		t.Fatal(err)
	}
}

func (h *house) save(t *testing.T, name string, b []byte) blob.File {
	t.Helper()
	f, err := h.Save(context.Background(), name, "hoa", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (h *house) read(t *testing.T, id string) []byte {
	t.Helper()
	_, c, err := h.OpenFile(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// stored counts contents in the store.
func (h *house) stored(t *testing.T) (n int) {
	t.Helper()
	if err := h.store.Walk(context.Background(), func(blob.Info) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func somePDF(n int) []byte { return []byte(fmt.Sprintf("%%PDF-1.7\n%% paper %d\n%%%%EOF\n", n)) }

func TestAFileIsKept(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		b := jpegFile(t)
		f := h.save(t, "chứng minh.pdf", b)
		want := blob.File{ID: f.ID, Name: "chứng minh.jpg", Hash: hashOf(b), Size: int64(len(b)), Type: blob.JPEG, Owner: "hoa",
			Scan: blob.Quarantined, ScanNote: "no-scanner", CreatedAt: h.opt.Now().UTC()}
		if f != want {
			t.Errorf("saved %+v\nwant  %+v", f, want)
		}
		h.reopen(t)
		if got, err := h.Get(ctx, f.ID); err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
		if !bytes.Equal(h.read(t, f.ID), b) {
			t.Error("other bytes came back")
		}
		// The same paper from another person is another file on the same bytes.
		g, err := h.Save(ctx, "b.jpg", "nam", bytes.NewReader(b))
		if err != nil || g.ID == f.ID || g.Hash != f.Hash || h.stored(t) != 1 {
			t.Errorf("%+v, %v, %d contents", g, err, h.stored(t))
		}
		if list, err := h.GetMany(ctx, []string{g.ID, "nonsense", f.ID}); err != nil || len(list) != 2 || list[0].ID != g.ID || list[1].ID != f.ID {
			t.Errorf("many: %+v, %v", list, err)
		}
		if err := h.Present(ctx, []string{f.ID, g.ID}); err != nil {
			t.Error(err)
		}
		if err := h.Present(ctx, []string{f.ID, "nonsense"}); !errs.HasCode(err, "file.not-found") {
			t.Errorf("present: %v", err)
		}
		if _, _, err := h.OpenFile(ctx, "nonsense"); !errs.Is(err, errs.NotFound) {
			t.Errorf("open: %v", err)
		}
	})
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	eachHouse(t, blob.Options{MaxFile: 100_000, MaxOwner: 250_000}, func(t *testing.T, h *house) {
		ctx := context.Background()
		save := func(owner string, r io.Reader) error {
			_, err := h.Save(ctx, "a.txt", owner, r)
			return err
		}
		fill := func(n, seed int) io.Reader { return strings.NewReader(fmt.Sprint(seed) + strings.Repeat("a", n-1)) }
		if err := save("hoa", strings.NewReader("")); !errs.HasCode(err, "file.empty") {
			t.Errorf("empty: %v", err)
		}
		if err := save("hoa", fill(100_001, 1)); !errs.HasCode(err, "file.too-large") || !errs.Is(err, errs.TooLarge) {
			t.Errorf("one byte too many: %v", err)
		}
		if err := save("hoa", strings.NewReader("MZ....")); !errs.HasCode(err, "file.type-refused.program") {
			t.Errorf("program: %v", err)
		}
		cut := errors.New("line cut")
		if err := save("hoa", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cut))); !errors.Is(err, cut) {
			t.Errorf("cut: %v", err)
		}
		if n := h.stored(t); n != 0 || len(stagedIDs(t, h.store)) != 0 {
			t.Errorf("%d contents, staged %v", n, stagedIDs(t, h.store))
		}
		// The limit itself is allowed, and counts for one owner only until something needs the files.
		var ids []string
		for i := range 2 {
			f, err := h.SaveOnce(ctx, "a.txt", "hoa", fmt.Sprint("key-", i), fill(100_000, i))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, f.ID)
		}
		if f, err := h.SaveOnce(ctx, "a.txt", "hoa", "key-1", fill(100_000, 1)); err != nil || f.ID != ids[1] {
			t.Errorf("the last one once more, its answer was lost: %v", err)
		}
		if err := save("hoa", fill(100_000, 3)); !errs.HasCode(err, "file.quota") {
			t.Errorf("third: %v", err)
		}
		if err := save("nam", fill(100_000, 3)); err != nil {
			t.Errorf("another owner: %v", err)
		}
		if _, err := h.Begin(ctx, blob.Upload{Name: "a", Size: 60_000, Owner: "hoa"}); !errs.HasCode(err, "file.quota") {
			t.Errorf("upload over the limit: %v", err)
		}
		h.claim(t, "dossier/1", ids...)
		if err := save("hoa", fill(100_000, 4)); err != nil {
			t.Errorf("after the claim: %v", err)
		}
	})
}

func TestTheSameKeyMakesOneFile(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		var ids sync.Map
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				f, err := h.SaveOnce(ctx, "a.pdf", "hoa", "key-1", strings.NewReader(pdf))
				if err != nil {
					t.Error(err)
				}
				ids.Store(f.ID, true)
			})
		}
		wg.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("16 tries with one key made %d files", n)
		}
		if _, err := h.SaveOnce(ctx, "a.pdf", "hoa", "key-1", bytes.NewReader(somePDF(2))); !errs.HasCode(err, "file.key-reused") {
			t.Errorf("other content under the key: %v", err)
		}
		if _, err := h.SaveOnce(ctx, "a.pdf", "nam", "key-1", strings.NewReader(pdf)); err != nil {
			t.Errorf("another owner's key: %v", err)
		}
		// Rooms make keys out of whatever they have.
		for _, key := range []string{"a\x00b", "\xff", strings.Repeat("k", 5000)} {
			a, err := h.SaveOnce(ctx, "a.pdf", "lan", key, strings.NewReader(pdf))
			b, err2 := h.SaveOnce(ctx, "a.pdf", "lan", key, strings.NewReader(pdf))
			if err != nil || err2 != nil || a.ID != b.ID {
				t.Errorf("key %.10q: %v, %v", key, err, err2)
			}
		}
	})
}

// slowStore holds every removal until it is let go.
// The narrowest moment: the sweep is just removing the bytes that somebody hands in again.
func TestReadsAreVerifiedOnDemand(t *testing.T) {
	eachHouse(t, blob.Options{VerifyReads: true}, func(t *testing.T, h *house) {
		f := h.save(t, "a.pdf", somePDF(1))
		h.read(t, f.ID)
		b := somePDF(1)
		b[5] ^= 1
		path := filepath.Join(h.store.Root(), f.Hash[:2], f.Hash[2:4], f.Hash)
		if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, b, 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.OpenFile(context.Background(), f.ID); !errs.HasCode(err, "file.lost") || !errors.Is(err, blob.ErrCorrupt) {
			t.Errorf("open: %v", err)
		}
		if err := h.Healthy(context.Background()); err == nil {
			t.Error("nobody remembers")
		}
	})
}

func TestAFullDiskIsSaidSoAndPasses(t *testing.T) {
	sqldbtest.Each(t, []sqldb.Line{blob.Line()}, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		disk := newMemDisk()
		d, err := blob.NewDirOn(disk, "/data/files")
		if err != nil {
			t.Fatal(err)
		}
		h := blob.NewFiles(db, d, blob.Options{})
		kept, err := h.Save(ctx, "a.pdf", "hoa", strings.NewReader(pdf))
		if err != nil {
			t.Fatal(err)
		}
		u, err := h.Begin(ctx, blob.Upload{Name: "b.txt", Size: 100_000, Owner: "hoa"})
		if err != nil {
			t.Fatal(err)
		}
		disk.fail = func(_ int, what string) error {
			if what == "write" {
				return syscall.ENOSPC
			}
			return nil
		}
		if _, err := h.Save(ctx, "b.txt", "hoa", strings.NewReader(longText)); !errs.Is(err, errs.Full) {
			t.Errorf("save: %v", err)
		}
		if got, err := h.Append(ctx, u.ID, "hoa", 0, strings.NewReader(longText[:100_000])); !errs.Is(err, errs.Full) || got.Offset != 0 {
			t.Errorf("append: %+v, %v", got, err)
		}
		if _, c, err := h.OpenFile(ctx, kept.ID); err != nil {
			t.Errorf("reading goes on: %v", err)
		} else if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left := stagedIDs(t, d); len(left) != 0 {
			t.Errorf("half files: %v", left)
		}
		disk.fail = nil
		if got, err := h.Append(ctx, u.ID, "hoa", 0, strings.NewReader(longText[:100_000])); err != nil || got.Offset != 100_000 {
			t.Errorf("with room again: %+v, %v", got, err)
		}
		if _, err := h.Finish(ctx, u.ID, "hoa"); err != nil {
			t.Error(err)
		}
	})
	t.Run("nearly full", func(t *testing.T) {
		db := sqldbtest.SQLite(t, blob.Line())
		h := blob.NewFiles(db, newDir(t), blob.Options{KeepFree: 1 << 60})
		if _, err := h.Save(context.Background(), "a.pdf", "hoa", strings.NewReader(pdf)); !errs.Is(err, errs.Full) {
			t.Errorf("save: %v", err)
		}
		if _, err := h.Begin(context.Background(), blob.Upload{Name: "a", Size: 10, Owner: "hoa"}); !errs.Is(err, errs.Full) {
			t.Errorf("begin: %v", err)
		}
	})
}
