package faultfs

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount shows the file system under dir until unmount is called. Whoever has
// files open there must be gone by then.
func (f *FS) Mount(dir string) (unmount func() error, err error) {
	second := time.Second
	server, err := fs.Mount(dir, &inode{f: f, n: f.root}, &fs.Options{
		AttrTimeout: &second, EntryTimeout: &second,
		MountOptions: fuse.MountOptions{FsName: "faultfs", Name: "faultfs", DirectMount: true, MaxWrite: 1 << 20},
	})
	if err != nil {
		return nil, fmt.Errorf("mounting: %w", err)
	}
	var once sync.Once
	return func() (err error) {
		once.Do(func() {
			for try := 0; ; try++ {
				if err = server.Unmount(); err == nil || try == 50 {
					break
				}
				time.Sleep(20 * time.Millisecond) // the kernel lets go of the files of the dead
			}
			if err != nil {
				err = syscall.Unmount(dir, syscall.MNT_DETACH)
			}
		})
		return err
	}, nil
}

// inode is a node as FUSE sees it.
type inode struct {
	fs.Inode
	f *FS
	n *node
}

var (
	_ fs.NodeLookuper   = (*inode)(nil)
	_ fs.NodeGetattrer  = (*inode)(nil)
	_ fs.NodeSetattrer  = (*inode)(nil)
	_ fs.NodeOpener     = (*inode)(nil)
	_ fs.NodeReader     = (*inode)(nil)
	_ fs.NodeWriter     = (*inode)(nil)
	_ fs.NodeFsyncer    = (*inode)(nil)
	_ fs.NodeFlusher    = (*inode)(nil)
	_ fs.NodeReaddirer  = (*inode)(nil)
	_ fs.NodeMkdirer    = (*inode)(nil)
	_ fs.NodeCreater    = (*inode)(nil)
	_ fs.NodeUnlinker   = (*inode)(nil)
	_ fs.NodeRmdirer    = (*inode)(nil)
	_ fs.NodeRenamer    = (*inode)(nil)
	_ fs.NodeLinker     = (*inode)(nil)
	_ fs.NodeStatfser   = (*inode)(nil)
	_ fs.NodeOpendirer  = (*inode)(nil)
	_ fs.NodeAccesser   = (*inode)(nil)
	_ fs.NodeAllocater  = (*inode)(nil)
	_ fs.NodeGetxattrer = (*inode)(nil)
)

// begin takes the lock, unless the power is gone.
func (i *inode) begin() syscall.Errno {
	i.f.mu.Lock()
	if i.f.off {
		i.f.mu.Unlock()
		return syscall.EIO
	}
	return 0
}

func (n *node) attr(out *fuse.Attr) {
	out.Ino = n.id
	out.Mode = n.mode | uint32(syscall.S_IFREG)
	out.Nlink = uint32(max(1, n.links)) //nolint:gosec // a handful
	if n.dir {
		out.Mode = n.mode | uint32(syscall.S_IFDIR)
		out.Nlink = 2
	}
	out.Size = uint64(len(n.data))
	out.Blocks = (out.Size + 511) / 512
	out.Blksize = 4096
	out.SetTimes(&n.mtime, &n.mtime, &n.mtime)
}

// child is the inode of a node below.
func (i *inode) child(ctx context.Context, n *node, out *fuse.EntryOut) *fs.Inode {
	n.attr(&out.Attr)
	mode := uint32(syscall.S_IFREG)
	if n.dir {
		mode = syscall.S_IFDIR
	}
	return i.NewInode(ctx, &inode{f: i.f, n: n}, fs.StableAttr{Mode: mode, Ino: n.id})
}

// Lookup implements fs.NodeLookuper.
func (i *inode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if e := i.begin(); e != 0 {
		return nil, e
	}
	defer i.f.mu.Unlock()
	n := i.n.names[name]
	if n == nil {
		return nil, syscall.ENOENT
	}
	return i.child(ctx, n, out), 0
}

// Getattr implements fs.NodeGetattrer.
func (i *inode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if e := i.begin(); e != 0 {
		return e
	}
	defer i.f.mu.Unlock()
	i.n.attr(&out.Attr)
	return 0
}

// Setattr implements fs.NodeSetattrer.
func (i *inode) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if e := i.begin(); e != 0 {
		return e
	}
	defer i.f.mu.Unlock()
	if mode, ok := in.GetMode(); ok {
		i.n.mode = mode & 0o7777
	}
	if size, ok := in.GetSize(); ok {
		if e := i.f.put(i.n, write{size: int64(size)}); e != 0 { //nolint:gosec // files of a drill
			return e
		}
	}
	if at, ok := in.GetMTime(); ok {
		i.n.mtime = at
	}
	i.n.attr(&out.Attr)
	return 0
}

// Access implements fs.NodeAccesser.
func (i *inode) Access(context.Context, uint32) syscall.Errno {
	if e := i.begin(); e != 0 {
		return e
	}
	i.f.mu.Unlock()
	return 0
}

// Getxattr implements fs.NodeGetxattrer: there are none.
func (i *inode) Getxattr(context.Context, string, []byte) (uint32, syscall.Errno) {
	return 0, syscall.ENODATA
}

// Open implements fs.NodeOpener.
func (i *inode) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if e := i.begin(); e != 0 {
		return nil, 0, e
	}
	defer i.f.mu.Unlock()
	if flags&syscall.O_TRUNC != 0 {
		if e := i.f.put(i.n, write{}); e != 0 {
			return nil, 0, e
		}
	}
	return nil, 0, 0
}

// Opendir implements fs.NodeOpendirer.
func (i *inode) Opendir(context.Context) syscall.Errno {
	if e := i.begin(); e != 0 {
		return e
	}
	i.f.mu.Unlock()
	return 0
}

// Read implements fs.NodeReader.
func (i *inode) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if e := i.begin(); e != 0 {
		return nil, e
	}
	defer i.f.mu.Unlock()
	if off >= int64(len(i.n.data)) {
		return fuse.ReadResultData(nil), 0
	}
	n := copy(dest, i.n.data[off:])
	return fuse.ReadResultData(dest[:n]), 0
}

// Write implements fs.NodeWriter.
func (i *inode) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	if e := i.begin(); e != 0 {
		return 0, e
	}
	defer i.f.mu.Unlock()
	if len(data) == 0 {
		return 0, 0
	}
	if e := i.f.put(i.n, write{at: off, data: append([]byte(nil), data...)}); e != 0 {
		return 0, e
	}
	return uint32(len(data)), 0 //nolint:gosec // at most MaxWrite
}

// Allocate implements fs.NodeAllocater.
func (i *inode) Allocate(_ context.Context, _ fs.FileHandle, off, size uint64, mode uint32) syscall.Errno {
	if mode != 0 {
		return syscall.ENOTSUP
	}
	if e := i.begin(); e != 0 {
		return e
	}
	defer i.f.mu.Unlock()
	if end := int64(off + size); end > int64(len(i.n.data)) { //nolint:gosec // files of a drill
		return i.f.put(i.n, write{size: end})
	}
	return 0
}

// Fsync implements fs.NodeFsyncer, of files and of folders.
func (i *inode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	if e := i.begin(); e != 0 {
		return e
	}
	defer i.f.mu.Unlock()
	return i.f.sync(i.n)
}

// Flush implements fs.NodeFlusher: closing a file promises nothing.
func (i *inode) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// Readdir implements fs.NodeReaddirer.
func (i *inode) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	if e := i.begin(); e != 0 {
		return nil, e
	}
	defer i.f.mu.Unlock()
	var all []fuse.DirEntry
	for name, n := range i.n.names {
		mode := uint32(syscall.S_IFREG)
		if n.dir {
			mode = syscall.S_IFDIR
		}
		all = append(all, fuse.DirEntry{Name: name, Mode: mode, Ino: n.id})
	}
	return fs.NewListDirStream(all), 0
}

// Mkdir implements fs.NodeMkdirer.
func (i *inode) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n, e := i.add(name, true, mode)
	if e != 0 {
		return nil, e
	}
	defer i.f.mu.Unlock()
	return i.child(ctx, n, out), 0
}

// add makes a new node; the lock is held when it succeeds.
func (i *inode) add(name string, dir bool, mode uint32) (*node, syscall.Errno) {
	if e := i.begin(); e != 0 {
		return nil, e
	}
	if i.n.names[name] != nil {
		i.f.mu.Unlock()
		return nil, syscall.EEXIST
	}
	n := i.f.make(dir, mode&0o7777)
	n.links = 1
	i.n.name(name, n)
	return n, 0
}

// Create implements fs.NodeCreater.
func (i *inode) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n, e := i.add(name, false, mode)
	if e != 0 {
		return nil, nil, 0, e
	}
	defer i.f.mu.Unlock()
	return i.child(ctx, n, out), nil, 0, 0
}

// Unlink implements fs.NodeUnlinker.
func (i *inode) Unlink(_ context.Context, name string) syscall.Errno {
	if e := i.begin(); e != 0 {
		return e
	}
	defer i.f.mu.Unlock()
	n := i.n.names[name]
	if n == nil {
		return syscall.ENOENT
	}
	i.n.name(name, nil)
	i.f.drop(n)
	return 0
}

// Rmdir implements fs.NodeRmdirer.
func (i *inode) Rmdir(_ context.Context, name string) syscall.Errno {
	if e := i.begin(); e != 0 {
		return e
	}
	defer i.f.mu.Unlock()
	n := i.n.names[name]
	switch {
	case n == nil:
		return syscall.ENOENT
	case len(n.names) > 0:
		return syscall.ENOTEMPTY
	}
	i.n.name(name, nil)
	return 0
}

// Rename implements fs.NodeRenamer.
func (i *inode) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	target, ok := to.(*inode)
	if !ok || flags&^1 != 0 { // 1: RENAME_NOREPLACE
		return syscall.EINVAL
	}
	if e := i.begin(); e != 0 {
		return e
	}
	defer i.f.mu.Unlock()
	n, old := i.n.names[name], target.n.names[newName]
	switch {
	case n == nil:
		return syscall.ENOENT
	case old != nil && flags&1 != 0:
		return syscall.EEXIST
	case old == n:
		return 0
	case old != nil && old.dir:
		return syscall.EISDIR
	}
	target.n.name(newName, n)
	i.n.name(name, nil)
	if old != nil {
		i.f.drop(old)
	}
	return 0
}

// Link implements fs.NodeLinker.
func (i *inode) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	from, ok := target.(*inode)
	if !ok {
		return nil, syscall.EINVAL
	}
	if e := i.begin(); e != 0 {
		return nil, e
	}
	defer i.f.mu.Unlock()
	if i.n.names[name] != nil {
		return nil, syscall.EEXIST
	}
	from.n.links++
	i.n.name(name, from.n)
	return i.child(ctx, from.n, out), 0
}

// Statfs implements fs.NodeStatfser.
func (i *inode) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	i.f.mu.Lock()
	defer i.f.mu.Unlock()
	total, free := int64(1<<40), int64(1<<40)
	if i.f.limit > 0 && !i.f.lying {
		total, free = i.f.limit, max(0, i.f.limit-i.f.used)
	}
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, 255
	out.Blocks, out.Bfree, out.Bavail = uint64(total/4096), uint64(free/4096), uint64(free/4096) //nolint:gosec // not negative
	out.Files, out.Ffree = 1<<20, 1<<20
	return 0
}
