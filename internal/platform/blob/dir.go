package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"motcua/internal/platform/id"
)

// Dir is a Store in a folder: <root>/ab/cd/<hash>, and what is staged in
// <root>/tmp, on the same file system so that giving bytes their name is one
// atomic step.
type Dir struct {
	root string
	disk Disk

	mu    sync.Mutex
	known map[string]bool // folders whose names are durable
}

// pieces are what bytes are copied through: large enough that a scanned page takes
// few calls.
var pieces = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// NewDir opens the store in root, making the folder when it is absent.
func NewDir(root string) (*Dir, error) { return NewDirOn(OS{}, root) }

// NewDirOn is NewDir on a given disk.
func NewDirOn(disk Disk, root string) (*Dir, error) {
	d := &Dir{root: root, disk: disk, known: map[string]bool{}}
	if err := disk.MkdirAll(d.tmp("")); err != nil {
		return nil, fmt.Errorf("making the folder of the files: %w", diskError(err))
	}
	if err := d.syncRoots(); err != nil {
		return nil, fmt.Errorf("making the folder of the files durable: %w", diskError(err))
	}
	return d, nil
}

// syncRoots makes the way to the folder durable, as far up as we may look.
func (d *Dir) syncRoots() error {
	if err := d.disk.SyncDir(d.root); err != nil {
		return err
	}
	for dir := filepath.Clean(d.root); dir != filepath.Dir(dir); {
		dir = filepath.Dir(dir)
		if err := d.disk.SyncDir(dir); errors.Is(err, fs.ErrPermission) {
			return nil // not ours, so it was not us who made it
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Root is the folder.
func (d *Dir) Root() string { return d.root }

func (d *Dir) tmp(id string) string { return filepath.Join(d.root, "tmp", id) }

func (d *Dir) path(hash string) string {
	return filepath.Join(d.root, hash[:2], hash[2:4], hash)
}

type dirStaged struct {
	d   *Dir
	id  string
	ref Ref
}

// Stage implements Store: the bytes are synced before it returns, so that a
// later Commit only has to give them a name.
func (d *Dir) Stage(ctx context.Context, r io.Reader) (_ Staged, err error) {
	name := id.New()
	f, err := d.disk.Create(d.tmp(name))
	if err != nil {
		return nil, diskError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreAbsent(d.disk.Remove(d.tmp(name))))
		}
	}()
	h := sha256.New()
	piece, _ := pieces.Get().(*[]byte)
	n, err := io.CopyBuffer(io.MultiWriter(f, h), readerWith(ctx, r), *piece)
	pieces.Put(piece)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, diskError(err)
	}
	return &dirStaged{d, name, Ref{Hash: hex.EncodeToString(h.Sum(nil)), Size: n}}, nil
}

func (s *dirStaged) ID() string { return s.id }
func (s *dirStaged) Ref() Ref   { return s.ref }

func (s *dirStaged) Open(ctx context.Context) (Content, error) { return s.d.OpenStaged(ctx, s.id) }

func (s *dirStaged) Keep(context.Context) error { return diskError(s.d.disk.SyncDir(s.d.tmp(""))) }

func (s *dirStaged) Discard(ctx context.Context) error { return s.d.DiscardStaged(ctx, s.id) }

func (s *dirStaged) Commit(ctx context.Context) error {
	d, final := s.d, s.d.path(s.ref.Hash)
	if !d.isKnown(filepath.Dir(final)) {
		if err := d.disk.MkdirAll(filepath.Dir(final)); err != nil {
			return diskError(err)
		}
	}
	// A link, unlike a rename, never replaces what is there.
	err := d.disk.Link(d.tmp(s.id), final)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// Some file systems (memory cards, network shares) know no links.
		if _, absent := d.disk.Stat(final); errors.Is(absent, fs.ErrNotExist) {
			if err := d.disk.Rename(d.tmp(s.id), final); err != nil {
				return diskError(err)
			}
			return diskError(d.settle(filepath.Dir(final)))
		}
		err = fs.ErrExist
	}
	if err != nil {
		// Somebody stored the same bytes before. The copy is only as good as the
		// disk kept it, and this caller will be told that the file is safe.
		switch _, err := Verify(ctx, d, s.ref.Hash); {
		case errors.Is(err, ErrCorrupt), errors.Is(err, ErrAbsent):
			if err := d.disk.Rename(d.tmp(s.id), final); err != nil {
				return diskError(err)
			}
		case err != nil:
			return err
		}
	}
	// Also when the name was there: the one who made it may not have got this far.
	if err := d.settle(filepath.Dir(final)); err != nil {
		return diskError(err)
	}
	return s.Discard(ctx)
}

// settle makes the names in a folder durable, and its own name and that of the
// folder above once per process. The innermost comes first: a disk that keeps a
// journal has then written all of them at once, and the others cost nothing.
func (d *Dir) settle(dir string) error {
	if err := d.disk.SyncDir(dir); err != nil {
		return err
	}
	var fresh []string
	for ; dir != d.root && !d.isKnown(dir); dir = filepath.Dir(dir) {
		if err := d.disk.SyncDir(filepath.Dir(dir)); err != nil {
			return err
		}
		fresh = append(fresh, dir)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range fresh { // only when those above are durable too
		d.known[name] = true
	}
	return nil
}

func (d *Dir) isKnown(dir string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known[dir]
}

// Put implements Store.
func (d *Dir) Put(ctx context.Context, r io.Reader) (Ref, error) { return put(ctx, d, r) }

// Open implements Store.
func (d *Dir) Open(_ context.Context, hash string) (Content, error) {
	if !validHash(hash) {
		return nil, ErrAbsent
	}
	f, err := d.disk.Open(d.path(hash))
	if err != nil {
		return nil, diskError(err)
	}
	return f, nil
}

// Stat implements Store.
func (d *Dir) Stat(_ context.Context, hash string) (Info, error) {
	if !validHash(hash) {
		return Info{}, ErrAbsent
	}
	st, err := d.disk.Stat(d.path(hash))
	if err != nil {
		return Info{}, diskError(err)
	}
	return Info{Hash: hash, Size: st.Size(), At: st.ModTime()}, nil
}

// Delete implements Store.
func (d *Dir) Delete(_ context.Context, hash string) error {
	if !validHash(hash) {
		return nil
	}
	return diskError(ignoreAbsent(d.disk.Remove(d.path(hash))))
}

// Walk implements Store.
func (d *Dir) Walk(ctx context.Context, fn func(Info) error) error {
	return d.walk(ctx, d.root, 0, fn)
}

func (d *Dir) walk(ctx context.Context, dir string, depth int, fn func(Info) error) error {
	entries, err := d.disk.ReadDir(dir)
	if err != nil {
		return diskError(err)
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch name := e.Name(); {
		case depth < 2 && e.IsDir() && len(name) == 2:
			if err := d.walk(ctx, filepath.Join(dir, name), depth+1, fn); err != nil {
				return err
			}
		case depth == 2 && validHash(name):
			st, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // swept while we walked
			}
			if err != nil {
				return err
			}
			if err := fn(Info{Hash: name, Size: st.Size(), At: st.ModTime()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// OpenStaged implements Store.
func (d *Dir) OpenStaged(_ context.Context, id string) (Content, error) {
	if !validStaged(id) {
		return nil, ErrAbsent
	}
	f, err := d.disk.Open(d.tmp(id))
	if err != nil {
		return nil, diskError(err)
	}
	return f, nil
}

// DiscardStaged implements Store.
func (d *Dir) DiscardStaged(_ context.Context, id string) error {
	if !validStaged(id) {
		return nil
	}
	return diskError(ignoreAbsent(d.disk.Remove(d.tmp(id))))
}

// WalkStaged implements Store.
func (d *Dir) WalkStaged(ctx context.Context, fn func(id string, at time.Time) error) error {
	entries, err := d.disk.ReadDir(d.tmp(""))
	if err != nil {
		return diskError(err)
	}
	for _, e := range entries {
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if validStaged(e.Name()) {
			if err := fn(e.Name(), st.ModTime()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Free implements Store.
func (d *Dir) Free(context.Context) (int64, error) { return d.disk.Free(d.root) }

// Check implements Store: it writes, syncs, reads and removes a small file.
func (d *Dir) Check(ctx context.Context) (err error) {
	const probe = "is anybody there?"
	staged, err := d.Stage(ctx, strings.NewReader(probe))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, staged.Discard(context.WithoutCancel(ctx))) }()
	c, err := staged.Open(ctx)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	if string(got) != probe {
		return fmt.Errorf("a probe file came back different: %w", ErrCorrupt)
	}
	return nil
}

// validStaged keeps anything but an id of ours from becoming a path.
func validStaged(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') && c != '-' {
			return false
		}
	}
	return true
}
