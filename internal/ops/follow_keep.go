package ops

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"motcua/internal/platform/blob"
)

// forget removes generations that nobody can want any more, and files that only
// they needed.
func (f *Follower) forget(ctx context.Context, now time.Time) error {
	all, err := generations(f.opt.Dir)
	if err != nil {
		return err
	}
	limit := now.Add(-f.opt.Keep)
	gone := 0 // those before one from which the oldest moment that is kept can be made
	for i := 1; i < len(all) && all[i].began.Before(limit); i++ {
		m, err := all[i].read(ctx, limit, func(note, []byte) error { return nil })
		if err != nil {
			return err
		}
		if !m.At.IsZero() {
			gone = i
		}
	}
	if gone == 0 {
		return nil
	}
	for _, g := range all[:gone] {
		if err := os.Remove(g.path); err != nil {
			return err
		}
	}
	all = all[gone:]
	// Reading all that is kept is also how damage is found while there is still
	// time to make another copy.
	needed := map[string]bool{}
	for _, g := range all {
		if _, err := g.read(ctx, time.Time{}, func(n note, _ []byte) error {
			for _, hash := range n.Objects {
				needed[hash] = true
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return f.files.Walk(ctx, func(in blob.Info) error {
		if needed[in.Hash] {
			return nil
		}
		return f.files.Delete(ctx, in.Hash)
	})
}

// generation is one file of a continuous backup.
type generation struct {
	path  string
	began time.Time
}

// generations lists those in a folder, the oldest first.
func generations(dir string) ([]generation, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []generation
	for _, e := range entries {
		stamp, ok := strings.CutSuffix(e.Name(), followEnd)
		if began, err := time.Parse(stampForm, stamp); ok && err == nil {
			all = append(all, generation{filepath.Join(dir, e.Name()), began})
		}
	}
	slices.SortFunc(all, func(a, b generation) int { return a.began.Compare(b.began) })
	return all, nil
}

// newestMoment is the last one in a folder; zero when there is none.
func newestMoment(dir string) (at time.Time, err error) {
	all, err := generations(dir)
	if err != nil {
		return at, ignoreAbsent(err)
	}
	for _, g := range slices.Backward(all) {
		if at, err = lastMoment(g.path); err != nil || !at.IsZero() {
			return at, err
		}
	}
	return at, nil
}
