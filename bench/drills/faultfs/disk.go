package faultfs

import (
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// FS is the content of the file system. It survives being unmounted.
type FS struct {
	mu    sync.Mutex
	root  *node
	next  uint64
	off   bool // the power is gone
	lying bool // Sync says yes and does nothing
	limit int64
	used  int64
	fail  int // how many syncs still go well; then all fail; -1 never

	syncs, failed int
	full          int // writes refused
}

// node is a file or a folder.
type node struct {
	id    uint64
	dir   bool
	mode  uint32
	mtime time.Time
	links int // names that programs see

	// Of a file.
	data []byte  // as programs see it
	disk []byte  // as it is on the disk
	open []write // what is not on the disk yet, in order

	// Of a folder.
	names     map[string]*node
	diskNames map[string]*node
	moves     []move
}

// write is one that was not synced. data nil with a size cuts or extends.
type write struct {
	at   int64
	data []byte
	size int64
}

// move is a name that came (to is the node) or went (to is nil).
type move struct {
	name string
	to   *node
}

// New makes an empty file system.
func New() *FS {
	f := &FS{fail: -1}
	f.root = f.make(true, 0o755)
	return f
}

func (f *FS) make(dir bool, mode uint32) *node {
	f.next++
	n := &node{id: f.next, dir: dir, mode: mode, mtime: time.Now()}
	if dir {
		n.names, n.diskNames = map[string]*node{}, map[string]*node{}
	}
	return n
}

// apply does a write to content.
func (w write) apply(to []byte) []byte {
	if w.data == nil {
		return resize(to, w.size)
	}
	if end := w.at + int64(len(w.data)); end > int64(len(to)) {
		to = resize(to, end)
	}
	copy(to[w.at:], w.data)
	return to
}

func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size:size]
	}
	if size <= int64(cap(b)) {
		grown := b[:size]
		clear(grown[len(b):])
		return grown
	}
	grown := make([]byte, size, size+size/4+4096)
	copy(grown, b)
	return grown
}

// put notes a write.
func (f *FS) put(n *node, w write) syscall.Errno {
	var grow int64
	if w.data != nil {
		grow = max(0, w.at+int64(len(w.data))-int64(len(n.data)))
	} else {
		grow = w.size - int64(len(n.data))
	}
	if f.limit > 0 && grow > 0 && f.used+grow > f.limit {
		f.full++
		if !f.lying {
			return syscall.ENOSPC
		}
		w.data, w.size = make([]byte, len(w.data)), max(w.size, w.at+int64(len(w.data)))
	}
	f.used += grow
	n.data = w.apply(n.data)
	n.open = append(n.open, w)
	n.mtime = time.Now()
	return 0
}

// sync brings a node to the disk.
func (f *FS) sync(n *node) syscall.Errno {
	f.syncs++
	if f.fail == 0 {
		f.failed++
		return syscall.EIO
	}
	if f.fail > 0 {
		f.fail--
	}
	if !f.lying {
		n.flush()
	}
	return 0
}

func (n *node) flush() {
	for _, w := range n.open {
		n.disk = w.apply(n.disk)
	}
	n.open = nil
	for _, m := range n.moves {
		m.apply(n.diskNames)
	}
	n.moves = nil
}

func (m move) apply(to map[string]*node) {
	if m.to == nil {
		delete(to, m.name)
	} else {
		to[m.name] = m.to
	}
}

// name gives a node a name in a folder, or takes one away.
func (n *node) name(name string, to *node) {
	m := move{name, to}
	m.apply(n.names)
	n.moves = append(n.moves, m)
	n.mtime = time.Now()
}

// drop frees the room of a node without names.
func (f *FS) drop(n *node) {
	if n.links--; n.links <= 0 && !n.dir {
		f.used -= int64(len(n.data))
	}
}

// Settle brings everything to the disk, as a machine that was shut down in order.
func (f *FS) Settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.each(func(n *node) { n.flush() })
}

// each visits every node that programs see, once.
func (f *FS) each(visit func(*node)) {
	seen := map[*node]bool{}
	var walk func(*node)
	walk = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		visit(n)
		for _, c := range n.names {
			walk(c)
		}
	}
	walk(f.root)
}

// Cut is the power going: every operation fails from now on.
func (f *FS) Cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.off = true
}

// Loss is what a power cut took.
type Loss struct{ Writes, Names, Torn int }

// Restore is the power coming back. Of what was not synced a random part is on the
// disk: nothing, the first writes, or any of them, and the last of those torn.
func (f *FS) Restore(chance *rand.Rand) (lost Loss) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*node
	f.each(func(n *node) { all = append(all, n) })
	for _, n := range all {
		torn := false
		kept := some(len(n.open), chance)
		for i, w := range n.open {
			if !kept[i] {
				lost.Writes++
				continue
			}
			last := i == len(n.open)-1 || none(kept[i+1:])
			if last && len(w.data) > 1 {
				w.data = w.data[:1+chance.IntN(len(w.data)-1)]
				if len(w.data) > sector { // within a sector disks are whole
					w.data = w.data[:len(w.data)/sector*sector]
				}
				torn = true
			}
			n.disk = w.apply(n.disk)
		}
		if torn {
			lost.Torn++
		}
		// A journal keeps the order of names: what is there is a beginning.
		keep := 0
		if len(n.moves) > 0 {
			keep = chance.IntN(len(n.moves) + 1)
		}
		for _, m := range n.moves[:keep] {
			m.apply(n.diskNames)
		}
		lost.Names += len(n.moves) - keep
		n.open, n.moves = nil, nil
	}
	// What programs see is what was found on the disk; the rest is gone for good.
	f.used = 0
	links := map[*node]int{}
	var walk func(*node)
	walk = func(n *node) {
		if links[n]++; links[n] > 1 {
			return
		}
		n.open, n.moves = nil, nil
		if !n.dir {
			n.data = append([]byte(nil), n.disk...)
			f.used += int64(len(n.data))
			return
		}
		n.names = map[string]*node{}
		for name, c := range n.diskNames {
			n.names[name] = c
			walk(c)
		}
	}
	walk(f.root)
	for n, count := range links {
		n.links = count
	}
	f.off, f.fail = false, -1
	return lost
}

const sector = 512

// some chooses which of n writes reached the disk.
func some(n int, chance *rand.Rand) []bool {
	kept := make([]bool, n)
	switch chance.IntN(3) {
	case 0: // none
	case 1: // the first ones
		for i := range chance.IntN(n + 1) {
			kept[i] = true
		}
	case 2: // any
		for i := range kept {
			kept[i] = chance.IntN(2) == 0
		}
	}
	return kept
}

func none(kept []bool) bool {
	for _, k := range kept {
		if k {
			return false
		}
	}
	return true
}

// Lie makes syncs say yes and do nothing, and a full disk take what it has no room
// for, as cheap disks do. A drill is broken so.
func (f *FS) Lie(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lying = yes
}

// FailSync lets n more syncs go well and fails all after them; negative: none fails.
func (f *FS) FailSync(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = n
}

// Limit is how many bytes fit, 0 without end. less is what is taken away from what
// is free now: Squeeze.
func (f *FS) Limit(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limit = bytes
}

// Squeeze leaves so many bytes free.
func (f *FS) Squeeze(free int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limit = f.used + free
}

// Counts are what happened so far.
type Counts struct{ Syncs, FailedSyncs, RefusedWrites int }

// Counts gives what happened so far.
func (f *FS) Counts() Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Counts{f.syncs, f.failed, f.full}
}
