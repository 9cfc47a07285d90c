package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
)

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
