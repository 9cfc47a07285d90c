package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
)

// drill stores papers until the power goes at a random step, and returns what
// was acknowledged and is lost, and what stands under a name it does not deserve.
func drill(t *testing.T, seed uint64, disk *memDisk) (acked int, lost, torn []string) {
	t.Helper()
	ctx := context.Background()
	r := rand.New(rand.NewPCG(seed, 7))
	dark := r.IntN(80)
	disk.fail = func(op int, _ string) error {
		if op > dark {
			return errPower
		}
		return nil
	}
	var safe []string
	if d, err := blob.NewDirOn(disk, "/data/files"); err == nil {
		for range 8 {
			// Some papers are handed in twice.
			ref, err := d.Put(ctx, bytes.NewReader(content(uint64(r.IntN(5)), 1000+r.IntN(3)*40_000)))
			if err == nil {
				safe = append(safe, ref.Hash)
			}
		}
	}
	after, err := blob.NewDirOn(disk.cut(r), "/data/files")
	if err != nil {
		t.Fatal(err)
	}
	for _, hash := range safe {
		if _, err := blob.Verify(ctx, after, hash); err != nil {
			lost = append(lost, hash)
		}
	}
	if err := after.Walk(ctx, func(in blob.Info) error {
		if _, err := blob.Verify(ctx, after, in.Hash); err != nil {
			torn = append(torn, in.Hash)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return len(safe), lost, torn
}

func TestAPowerCutLosesNothingAcknowledged(t *testing.T) {
	for _, noLinks := range []bool{false, true} {
		acked := 0
		for seed := range uint64(400) {
			disk := newMemDisk()
			disk.noLinks = noLinks
			n, lost, torn := drill(t, seed, disk)
			acked += n
			if len(lost)+len(torn) > 0 {
				t.Fatalf("seed %d (links: %v): %d acknowledged, lost %v, torn %v", seed, !noLinks, n, lost, torn)
			}
		}
		if acked < 500 {
			t.Errorf("the drill acknowledged only %d papers: it proves little", acked)
		}
	}
}

func TestThePowerCutDrillCanFail(t *testing.T) {
	lost, torn := 0, 0
	for seed := range uint64(400) {
		disk := newMemDisk()
		disk.liar = true
		_, l, to := drill(t, seed, disk)
		lost, torn = lost+len(l), torn+len(to)
	}
	if lost == 0 || torn == 0 {
		t.Errorf("on a disk that syncs nothing the drill found %d lost and %d torn: it sees nothing", lost, torn)
	}
}

func TestEveryStepMayFail(t *testing.T) {
	ctx := context.Background()
	for _, trouble := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for step := 1; ; step++ {
			disk := newMemDisk()
			d, err := blob.NewDirOn(disk, "/data/files")
			if err != nil {
				t.Fatal(err)
			}
			begin, failed := disk.ops, ""
			disk.fail = func(op int, what string) error {
				if op == begin+step {
					failed = what
					return trouble
				}
				return nil
			}
			want := content(1, 100_000)
			ref, err := d.Put(ctx, bytes.NewReader(want))
			disk.fail = nil
			if failed == "" {
				if step < 8 {
					t.Fatalf("storing takes only %d steps: the drill is blind", step)
				}
				break
			}
			// Two steps may fail unseen: where a link is refused the name is given by
			// renaming, and removing the temporary name comes when everything is done.
			if err == nil && failed != "remove" && failed != "link" {
				t.Errorf("%v in step %d (%s) was acknowledged", trouble, step, failed)
			}
			if err == nil {
				if _, err := blob.Verify(ctx, d, ref.Hash); err != nil {
					t.Errorf("%v in step %d (%s) was acknowledged and lost: %v", trouble, step, failed, err)
				}
			}
			if err != nil && errors.Is(trouble, syscall.ENOSPC) && !errs.Is(err, errs.Full) {
				t.Errorf("a full disk in step %d (%s) is called %v", step, failed, err)
			}
			if err != nil && !errors.Is(trouble, syscall.ENOSPC) && !errs.Is(err, errs.Unavailable) {
				t.Errorf("a failing disk in step %d (%s) is called %v", step, failed, err)
			}
			if err == nil && ref.Hash != hashOf(want) {
				t.Errorf("step %d: ref = %+v", step, ref)
			}
			if left := stagedIDs(t, d); len(left) > 0 && failed != "remove" {
				t.Errorf("%v in step %d (%s) left %v behind", trouble, step, failed, left)
			}
			// Once there is room again the same paper is taken.
			if ref, err := d.Put(ctx, bytes.NewReader(want)); err != nil {
				t.Errorf("after %v in step %d: %v", trouble, step, err)
			} else if _, err := blob.Verify(ctx, d, ref.Hash); err != nil {
				t.Errorf("after %v in step %d: %v", trouble, step, err)
			}
		}
	}
}

func TestAShortWriteIsNotAcknowledged(t *testing.T) {
	disk := newMemDisk()
	d, err := blob.NewDirOn(disk, "/data/files")
	if err != nil {
		t.Fatal(err)
	}
	disk.short = true
	if _, err := d.Put(context.Background(), bytes.NewReader(content(1, 1000))); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("err = %v", err)
	}
	if left := stagedIDs(t, d); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A change of the order of steps shall be seen in review: bytes are synced before
// they get a name; the name, and those of the folders it is in, before the answer.
func TestTheOrderOfSteps(t *testing.T) {
	disk := newMemDisk()
	d, err := blob.NewDirOn(disk, "/data/files")
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	disk.fail = func(_ int, what string) error { steps = append(steps, what); return nil }
	if _, err := d.Put(context.Background(), bytes.NewReader(content(1, 1000))); err != nil {
		t.Fatal(err)
	}
	want := []string{"create", "write", "sync", "mkdir", "link", "syncdir", "syncdir", "syncdir", "remove"}
	if !slices.Equal(steps, want) {
		t.Errorf("steps = %v\nwant    %v", steps, want)
	}
}
