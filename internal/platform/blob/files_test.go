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
			f, err := h.Save(ctx, "a.txt", "hoa", fill(100_000, i))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, f.ID)
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

func TestAnUploadSurvivesEverything(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		whole := append([]byte(pdf), content(1, 300_000)...)
		whole = append(whole, "\n%%EOF\n"...)
		u, err := h.Begin(ctx, blob.Upload{Name: "đơn.pdf", Size: int64(len(whole)), Owner: "hoa", Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := h.Begin(ctx, blob.Upload{Name: "đơn.pdf", Size: int64(len(whole)), Owner: "hoa", Key: "k"}); err != nil || again.ID != u.ID {
			t.Errorf("begun again: %+v, %v", again, err)
		}
		if _, err := h.Begin(ctx, blob.Upload{Name: "đơn.pdf", Size: 5, Owner: "hoa", Key: "k"}); !errs.HasCode(err, "file.key-reused") {
			t.Errorf("another size under the key: %v", err)
		}
		if _, err := h.Upload(ctx, u.ID, "nam"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger sees the upload: %v", err)
		}
		if _, err := h.Append(ctx, u.ID, "nam", 0, bytes.NewReader(whole)); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger adds to the upload: %v", err)
		}
		// The line is cut in the middle of a chunk: what came is kept, also when the
		// request's context went with it.
		gone, cancel := context.WithCancel(ctx)
		line := io.MultiReader(bytes.NewReader(whole[:50_000]), readerFunc(func([]byte) (int, error) { cancel(); return 0, io.ErrUnexpectedEOF }))
		u, err = h.Append(gone, u.ID, "hoa", 0, line)
		if !errors.Is(err, io.ErrUnexpectedEOF) || u.Offset != 50_000 {
			t.Fatalf("after the cut: %+v, %v", u, err)
		}
		h.reopen(t)
		if u, err = h.Upload(ctx, u.ID, "hoa"); err != nil || u.Offset != 50_000 || u.State != blob.UploadOpen {
			t.Fatalf("after the restart: %+v, %v", u, err)
		}
		if _, err := h.Finish(ctx, u.ID, "hoa"); !errs.HasCode(err, "upload.incomplete") {
			t.Errorf("finished too early: %v", err)
		}
		add := func(from, to int64) (blob.Upload, error) {
			return h.Append(ctx, u.ID, "hoa", from, bytes.NewReader(whole[from:to]))
		}
		if u, err = add(50_000, 150_000); err != nil || u.Offset != 150_000 {
			t.Fatalf("%+v, %v", u, err)
		}
		// The same chunk again, because its answer was lost.
		if u, err = add(50_000, 150_000); err != nil || u.Offset != 150_000 {
			t.Errorf("repeated: %+v, %v", u, err)
		}
		// Chunks that fit nowhere say where the upload stands.
		for _, from := range []int64{0, 10, 49_999, 100_000, 150_001, 200_000} {
			got, err := add(from, from+10)
			e, _ := errs.As(err)
			if !errs.HasCode(err, "upload.offset") || got.Offset != 150_000 || e.Args["offset"] != int64(150_000) {
				t.Errorf("at %d: %+v, %v", from, got, err)
			}
		}
		if _, err := h.Append(ctx, u.ID, "hoa", -1, strings.NewReader("x")); !errs.Is(err, errs.Conflict) {
			t.Errorf("negative: %v", err)
		}
		if _, err := h.Append(ctx, u.ID, "hoa", 150_000, bytes.NewReader(content(2, len(whole)))); !errs.HasCode(err, "upload.too-long") {
			t.Errorf("more than announced: %v", err)
		}
		if u, err = add(150_000, int64(len(whole))); err != nil || u.Offset != int64(len(whole)) {
			t.Fatalf("%+v, %v", u, err)
		}
		h.reopen(t)
		var files sync.Map
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				f, err := h.Finish(ctx, u.ID, "hoa")
				if err != nil {
					t.Error(err)
				}
				files.Store(f, true)
			})
		}
		wg.Wait()
		n := 0
		var f blob.File
		files.Range(func(k, _ any) bool { n++; f = k.(blob.File); return true })
		if n != 1 || f.Hash != hashOf(whole) || f.Type != blob.PDF || f.Name != "đơn.pdf" || f.Size != int64(len(whole)) {
			t.Errorf("%d files, %+v", n, f)
		}
		if !bytes.Equal(h.read(t, f.ID), whole) {
			t.Error("other bytes came back")
		}
		if left := stagedIDs(t, h.store); len(left) != 0 {
			t.Errorf("staged: %v", left)
		}
		if _, err := add(0, 10); !errs.HasCode(err, "upload.closed") {
			t.Errorf("adding to a finished upload: %v", err)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestManyAppendAtOnce(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		whole := []byte(longText)
		u, err := h.Begin(ctx, blob.Upload{Name: "a.txt", Size: -1, Owner: "hoa"})
		if err != nil {
			t.Fatal(err)
		}
		// Six impatient senders push the same file through the same door, each with
		// pieces of its own size, each going on where it is told to.
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				at, size := int64(0), int64(9_000+i*1_700)
				for tries := 0; at < int64(len(whole)); tries++ {
					if tries > 500 {
						t.Error("no progress")
						return
					}
					got, err := h.Append(ctx, u.ID, "hoa", at, bytes.NewReader(whole[at:min(at+size, int64(len(whole)))]))
					if err != nil && !errs.HasCode(err, "upload.offset") {
						t.Error(err)
						return
					}
					at = got.Offset
				}
			})
		}
		wg.Wait()
		f, err := h.Finish(ctx, u.ID, "hoa")
		if err != nil || f.Hash != hashOf(whole) {
			t.Fatalf("%+v, %v", f, err)
		}
		if left := stagedIDs(t, h.store); len(left) != 0 {
			t.Errorf("%d pieces were left behind", len(left))
		}
	})
}

func TestARefusedUploadIsClosed(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		u, err := h.Begin(ctx, blob.Upload{Name: "a.pdf", Size: -1, Owner: "hoa"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Append(ctx, u.ID, "hoa", 0, strings.NewReader("MZ\x90 not a paper")); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Finish(ctx, u.ID, "hoa"); !errs.HasCode(err, "file.type-refused.program") {
			t.Errorf("finish: %v", err)
		}
		if _, err := h.Finish(ctx, u.ID, "hoa"); !errs.HasCode(err, "upload.refused") {
			t.Errorf("finish again: %v", err)
		}
		if left := stagedIDs(t, h.store); len(left) != 0 || h.stored(t) != 0 {
			t.Errorf("left behind: %v", left)
		}
		v, err := h.Begin(ctx, blob.Upload{Name: "b.pdf", Size: 20, Owner: "hoa"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Append(ctx, v.ID, "hoa", 0, strings.NewReader("half")); err != nil {
			t.Fatal(err)
		}
		if err := h.Abort(ctx, v.ID, "nam"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger gives it up: %v", err)
		}
		if err := h.Abort(ctx, v.ID, "hoa"); err != nil {
			t.Error(err)
		}
		if _, err := h.Upload(ctx, v.ID, "hoa"); !errs.Is(err, errs.NotFound) || len(stagedIDs(t, h.store)) != 0 {
			t.Errorf("after giving up: %v, %v", err, stagedIDs(t, h.store))
		}
	})
}

func TestUnclaimedFilesGoClaimedOnesStay(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		orphan, drafted, kept, twin := h.save(t, "a.pdf", somePDF(1)), h.save(t, "b.pdf", somePDF(2)), h.save(t, "c.pdf", somePDF(3)), h.save(t, "d.pdf", somePDF(1))
		h.claim(t, "draft/1", drafted.ID, kept.ID)
		h.claim(t, "draft/1", drafted.ID, kept.ID) // again: nothing
		h.claim(t, "dossier/1", kept.ID)
		h.claim(t, "dossier/2", twin.ID)
		if list, err := h.ClaimedBy(ctx, h.db, "draft/1"); err != nil || len(list) != 2 || list[0] != drafted || list[1] != kept {
			t.Errorf("claimed: %+v, %v", list, err)
		}
		if s, err := h.Streams(ctx, h.db, kept.ID); err != nil || fmt.Sprint(s) != "[dossier/1 draft/1]" {
			t.Errorf("streams: %v, %v", s, err)
		}
		gone := func() (s string) {
			t.Helper()
			r, err := h.Sweep(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range []blob.File{orphan, drafted, kept, twin} {
				if _, err := h.Get(ctx, f.ID); errs.Is(err, errs.NotFound) {
					s += fmt.Sprint(i)
				} else if err != nil {
					t.Fatal(err)
				} else if b := h.read(t, f.ID); hashOf(b) != f.Hash {
					t.Errorf("bytes of %d are not its own", i)
				}
			}
			return fmt.Sprint(s, " ", r.Files, r.Objects, " ", h.stored(t))
		}
		if s := gone(); s != " 0 0 3" {
			t.Errorf("at once: %s", s)
		}
		h.wait(23 * time.Hour)
		if s := gone(); s != " 0 0 3" {
			t.Errorf("within the day: %s", s)
		}
		h.wait(2 * time.Hour)
		// The orphan is marked; its bytes are its twin's, too.
		if s := gone(); s != "0 1 0 3" {
			t.Errorf("after a day: %s", s)
		}
		h.release(t, "draft/1") // the draft is deleted; the dossier still needs one of them
		h.wait(23 * time.Hour)
		if s := gone(); s != "0 0 0 3" {
			t.Errorf("a day is counted from the release: %s", s)
		}
		h.wait(2 * time.Hour)
		if s := gone(); s != "01 1 0 3" {
			t.Errorf("after the release: %s", s)
		}
		h.wait(8 * 24 * time.Hour)
		if s := gone(); s != "01 0 1 2" {
			t.Errorf("after the grace: %s", s)
		}
		h.wait(365 * 24 * time.Hour)
		if s := gone(); s != "01 0 0 2" {
			t.Errorf("a year later: %s", s)
		}
		if err := h.db.Tx(ctx, func(tx *sqldb.Tx) error { return h.Claim(ctx, tx, "dossier/3", orphan.ID) }); !errs.HasCode(err, "file.not-found") {
			t.Errorf("claiming what is gone: %v", err)
		}
		// The swept paper can be handed in again.
		again := h.save(t, "b.pdf", somePDF(2))
		if hashOf(h.read(t, again.ID)) != again.Hash {
			t.Error("the bytes did not come back")
		}
	})
}

func TestTheSweepAndTheCitizenMeet(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		for round := range 12 {
			// Everything is just due to be removed when the same papers come in again.
			for i := range 4 {
				h.save(t, "a.pdf", somePDF(i))
			}
			h.wait(30 * time.Hour)
			if _, err := h.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			h.wait(8 * 24 * time.Hour)
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := h.Sweep(ctx); err != nil {
					t.Error(err)
				}
			})
			for i := range 4 {
				wg.Go(func() {
					f, err := h.Save(ctx, "a.pdf", "nam", bytes.NewReader(somePDF(i)))
					if err != nil {
						t.Error(err)
						return
					}
					if err := h.db.Tx(ctx, func(tx *sqldb.Tx) error { return h.Claim(ctx, tx, fmt.Sprint("dossier/", round, i), f.ID) }); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if _, err := h.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			for i := range 4 {
				if hash := hashOf(somePDF(i)); hashOf(readAll(t, h.store, hash)) != hash {
					t.Fatalf("round %d: a paper just handed in is gone", round)
				}
			}
			for i := range 4 {
				h.release(t, fmt.Sprint("dossier/", round, i))
			}
			h.wait(10 * 24 * time.Hour)
			for range 2 {
				if _, err := h.Sweep(ctx); err != nil {
					t.Fatal(err)
				}
				h.wait(10 * 24 * time.Hour)
			}
		}
		if n := h.stored(t); n != 0 {
			t.Errorf("%d contents that nobody needs", n)
		}
	})
}

// slowStore holds every removal until it is let go.
type slowStore struct {
	blob.Store
	removing, goOn chan bool
}

func (s *slowStore) Delete(ctx context.Context, hash string) error {
	s.removing <- true
	<-s.goOn
	return s.Store.Delete(ctx, hash)
}

// The narrowest moment: the sweep is just removing the bytes that somebody hands in again.
func TestAPaperHandedInWhileItIsSwept(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		h.save(t, "a.pdf", somePDF(1))
		for range 2 {
			h.wait(10 * 24 * time.Hour)
			if _, err := h.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
		}
		h.save(t, "a.pdf", somePDF(1))
		h.wait(2 * 24 * time.Hour)
		if _, err := h.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		h.wait(10 * 24 * time.Hour)
		slow := &slowStore{h.store, make(chan bool), make(chan bool)}
		sweeping := blob.NewFiles(h.db, slow, h.opt)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := sweeping.Sweep(ctx); err != nil {
				t.Error(err)
			}
		})
		<-slow.removing
		var again blob.File
		done := make(chan bool)
		wg.Go(func() {
			var err error
			if again, err = h.Save(ctx, "a.pdf", "nam", bytes.NewReader(somePDF(1))); err != nil {
				t.Error(err)
			}
			close(done)
		})
		select {
		case <-done:
			t.Error("it was acknowledged while its bytes were being removed")
		case <-time.After(150 * time.Millisecond):
		}
		slow.goOn <- true
		wg.Wait()
		if hashOf(h.read(t, again.ID)) != again.Hash {
			t.Error("the bytes are gone")
		}
	})
}

func TestLeftoversAreSwept(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		stale, err := h.Begin(ctx, blob.Upload{Name: "a", Size: -1, Owner: "hoa"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Append(ctx, stale.ID, "hoa", 0, strings.NewReader("abandoned")); err != nil {
			t.Fatal(err)
		}
		// A process died while bytes arrived.
		crashed, err := h.store.Stage(ctx, strings.NewReader("half a paper"))
		if err != nil {
			t.Fatal(err)
		}
		h.wait(20 * time.Hour)
		live, err := h.Begin(ctx, blob.Upload{Name: "b", Size: -1, Owner: "hoa"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Append(ctx, live.ID, "hoa", 0, strings.NewReader("going on")); err != nil {
			t.Fatal(err)
		}
		old := h.opt.Now().Add(-40 * time.Hour)
		for _, id := range stagedIDs(t, h.store) {
			if err := os.Chtimes(filepath.Join(h.store.Root(), "tmp", id), old, old); err != nil {
				t.Fatal(err)
			}
		}
		r, err := h.Sweep(ctx)
		if err != nil || r.Staged != 1 || r.Uploads != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err := h.store.OpenStaged(ctx, crashed.ID()); !errors.Is(err, blob.ErrAbsent) {
			t.Errorf("what the crash left is still there: %v", err)
		}
		h.wait(30 * time.Hour)
		if _, err := h.Append(ctx, stale.ID, "hoa", 9, strings.NewReader("too late")); !errs.Is(err, errs.Gone) {
			t.Errorf("an expired upload goes on: %v", err)
		}
		if r, err = h.Sweep(ctx); err != nil || r.Uploads != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		if f, err := h.Finish(ctx, live.ID, "hoa"); err != nil || f.Size != 8 {
			t.Errorf("%+v, %v", f, err)
		}
		h.wait(100 * time.Hour)
		if _, err = h.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if left := stagedIDs(t, h.store); len(left) != 0 {
			t.Errorf("staged: %v", left)
		}
		// A restore brings uploads back without their pieces.
		lost, err := h.Begin(ctx, blob.Upload{Name: "c", Size: -1, Owner: "hoa"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Append(ctx, lost.ID, "hoa", 0, strings.NewReader("here and gone")); err != nil {
			t.Fatal(err)
		}
		for _, id := range stagedIDs(t, h.store) {
			if err := h.store.DiscardStaged(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Finish(ctx, lost.ID, "hoa"); !errs.Is(err, errs.Gone) {
			t.Errorf("an upload without its pieces: %v", err)
		}
	})
}

func TestVerifyFindsWhatTheDiskLost(t *testing.T) {
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		ctx := context.Background()
		var files []blob.File
		for i := range 130 { // more than one bite
			files = append(files, h.save(t, "a.pdf", somePDF(i)))
		}
		h.wait(2 * time.Hour)
		if r, err := h.Verify(ctx); err != nil || r.Checked != 130 || !r.Complete || len(r.Missing)+len(r.Corrupt) != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := h.Healthy(ctx); err != nil {
			t.Error(err)
		}
		path := func(f blob.File) string { return filepath.Join(h.store.Root(), f.Hash[:2], f.Hash[2:4], f.Hash) }
		if err := os.Remove(path(files[3])); err != nil {
			t.Fatal(err)
		}
		b := somePDF(77)
		b[12] ^= 4
		if err := errors.Join(os.Chmod(path(files[77]), 0o600), os.WriteFile(path(files[77]), b, 0o600)); err != nil {
			t.Fatal(err)
		}
		h.wait(24 * time.Hour)
		r, err := h.Verify(ctx)
		if err != nil || fmt.Sprint(r.Missing, r.Corrupt) != fmt.Sprint([]string{files[3].Hash}, []string{files[77].Hash}) {
			t.Errorf("%+v, %v", r, err)
		}
		if bad, err := h.Problems(ctx, 10); err != nil || len(bad) != 2 {
			t.Errorf("problems: %v, %v", bad, err)
		}
		if err := h.Healthy(ctx); !errs.HasCode(err, "blob.problems") {
			t.Errorf("healthy: %v", err)
		}
		if _, _, err := h.OpenFile(ctx, files[3].ID); !errs.HasCode(err, "file.lost") {
			t.Errorf("open: %v", err)
		}
		if err := h.Present(ctx, []string{files[2].ID, files[3].ID}); !errs.HasCode(err, "file.lost") {
			t.Errorf("present: %v", err)
		}
		// Handing the papers in again heals both.
		h.save(t, "a.pdf", somePDF(3))
		h.save(t, "a.pdf", somePDF(77))
		if err := h.Healthy(ctx); err != nil {
			t.Errorf("after healing: %v", err)
		}
		h.read(t, files[3].ID)
		// A night too short is gone on with in the next.
		h.wait(24 * time.Hour)
		short, cancel := context.WithCancel(ctx)
		cancel()
		if r, err := h.Verify(short); err != nil || r.Complete || r.Checked != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err := h.Verify(ctx); err != nil || r.Checked != 130 || len(r.Missing)+len(r.Corrupt) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

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
