package blob_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"motcua/internal/platform/blob"
)

// memDisk is a disk in memory that tells what is written from what is safe: a
// power cut keeps what was synced, and of the rest whatever chance likes.
type memDisk struct {
	mu    sync.Mutex
	names map[string]*memInode // what programs see; a folder has a nil inode
	safe  map[string]*memInode // what a power cut keeps for certain

	ops     int
	fail    func(op int, what string) error // called for everything that changes the disk
	liar    bool                            // syncs do nothing: what a cheap disk does
	noLinks bool
	short   bool // writes take half and say nothing
}

type memInode struct {
	data, safe []byte
	at         time.Time
}

func newMemDisk() *memDisk {
	return &memDisk{names: map[string]*memInode{"/": nil}, safe: map[string]*memInode{"/": nil}}
}

var errPower = errors.New("no power")

func (m *memDisk) step(what string) error {
	m.ops++
	if m.fail != nil {
		return m.fail(m.ops, what)
	}
	return nil
}

// cut loses the power and returns the disk as it is found afterwards.
func (m *memDisk) cut(r *rand.Rand) *memDisk {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := &memDisk{names: map[string]*memInode{}, liar: m.liar, noLinks: m.noLinks}
	all := map[string]bool{}
	for p := range m.names {
		all[p] = true
	}
	for p := range m.safe {
		all[p] = true
	}
	paths := make([]string, 0, len(all))
	for p := range all {
		paths = append(paths, p)
	}
	slices.Sort(paths) // parents first
	seen := map[*memInode]*memInode{}
	for _, p := range paths {
		now, inNames := m.names[p]
		was, inSafe := m.safe[p]
		node, ok := was, inSafe
		if (inNames != inSafe || now != was) && r.IntN(2) == 0 {
			node, ok = now, inNames // the change of name happened to reach the disk
		}
		if _, parent := after.names[filepath.Dir(p)]; !ok || !parent && p != "/" {
			continue
		}
		if node == nil {
			after.names[p] = nil
			continue
		}
		kept := seen[node]
		if kept == nil {
			data := bytes.Clone(node.safe)
			if len(node.data) > len(data) {
				data = append(data, node.data[len(data):len(data)+r.IntN(len(node.data)-len(data)+1)]...)
			}
			kept = &memInode{data: data, safe: bytes.Clone(data), at: node.at}
			seen[node] = kept
		}
		after.names[p] = kept
	}
	after.safe = map[string]*memInode{}
	for p, n := range after.names {
		after.safe[p] = n
	}
	return after
}

func (m *memDisk) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("mkdir"); err != nil {
		return err
	}
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, ok := m.names[d]; !ok {
			m.names[d] = nil
		}
		if d == "/" {
			return nil
		}
	}
}

func (m *memDisk) Create(path string) (blob.DiskFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("create"); err != nil {
		return nil, err
	}
	path = filepath.Clean(path)
	if _, ok := m.names[path]; ok {
		return nil, fs.ErrExist
	}
	if _, ok := m.names[filepath.Dir(path)]; !ok {
		return nil, fs.ErrNotExist
	}
	n := &memInode{at: time.Now()}
	m.names[path] = n
	return &memFile{m: m, n: n}, nil
}

func (m *memDisk) Open(path string) (blob.DiskFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[filepath.Clean(path)]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	return &memFile{m: m, n: n}, nil
}

func (m *memDisk) Link(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.noLinks {
		return errors.ErrUnsupported
	}
	if err := m.step("link"); err != nil {
		return err
	}
	from, to = filepath.Clean(from), filepath.Clean(to)
	if _, ok := m.names[to]; ok {
		return fs.ErrExist
	}
	if m.names[from] == nil {
		return fs.ErrNotExist
	}
	m.names[to] = m.names[from]
	return nil
}

func (m *memDisk) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("rename"); err != nil {
		return err
	}
	from, to = filepath.Clean(from), filepath.Clean(to)
	if m.names[from] == nil {
		return fs.ErrNotExist
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	return nil
}

func (m *memDisk) Remove(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("remove"); err != nil {
		return err
	}
	path = filepath.Clean(path)
	if m.names[path] == nil {
		return fs.ErrNotExist
	}
	delete(m.names, path)
	return nil
}

type memInfo struct {
	name string
	n    *memInode
}

func (i memInfo) Name() string               { return i.name }
func (i memInfo) IsDir() bool                { return i.n == nil }
func (i memInfo) Type() fs.FileMode          { return i.Mode().Type() }
func (i memInfo) Info() (fs.FileInfo, error) { return i, nil }
func (i memInfo) Sys() any                   { return nil }
func (i memInfo) Mode() fs.FileMode {
	if i.n == nil {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
func (i memInfo) Size() int64 {
	if i.n == nil {
		return 0
	}
	return int64(len(i.n.data))
}
func (i memInfo) ModTime() time.Time {
	if i.n == nil {
		return time.Time{}
	}
	return i.n.at
}

func (m *memDisk) Stat(path string) (fs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	path = filepath.Clean(path)
	n, ok := m.names[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return memInfo{filepath.Base(path), n}, nil
}

func (m *memDisk) ReadDir(dir string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir = filepath.Clean(dir)
	if _, ok := m.names[dir]; !ok {
		return nil, fs.ErrNotExist
	}
	var list []fs.DirEntry
	for p, n := range m.names {
		if filepath.Dir(p) == dir && p != dir {
			list = append(list, memInfo{filepath.Base(p), n})
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

func (m *memDisk) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("syncdir"); err != nil {
		return err
	}
	if m.liar {
		return nil
	}
	dir = filepath.Clean(dir)
	for p := range m.safe {
		if _, ok := m.names[p]; !ok && filepath.Dir(p) == dir {
			delete(m.safe, p)
		}
	}
	for p, n := range m.names {
		if filepath.Dir(p) == dir {
			m.safe[p] = n
		}
	}
	return nil
}

func (m *memDisk) Free(string) (int64, error) { return -1, nil }

type memFile struct {
	m   *memDisk
	n   *memInode
	pos int64
}

func (f *memFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return bytes.NewReader(f.n.data).ReadAt(p, off)
}

func (f *memFile) Seek(off int64, whence int) (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		off += f.pos
	case io.SeekEnd:
		off += int64(len(f.n.data))
	}
	f.pos = off
	return off, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.m.step("write"); err != nil {
		half := len(p) / 2
		if errors.Is(err, syscall.ENOSPC) { // the last bytes that fit are written
			f.n.data = append(f.n.data, p[:half]...)
		}
		return half, err
	}
	if f.m.short {
		p = p[:len(p)/2]
	}
	f.n.data = append(f.n.data, p...)
	return len(p), nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.m.step("sync"); err != nil {
		return err
	}
	if !f.m.liar {
		f.n.safe = bytes.Clone(f.n.data)
	}
	return nil
}

func (f *memFile) Close() error { return nil }
