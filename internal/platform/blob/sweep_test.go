package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

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

type slowStore struct {
	blob.Store
	removing, goOn chan bool
}

func (s *slowStore) Delete(ctx context.Context, hash string) error {
	s.removing <- true
	<-s.goOn
	return s.Store.Delete(ctx, hash)
}

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
