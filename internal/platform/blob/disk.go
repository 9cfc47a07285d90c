package blob

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"motcua/internal/platform/errs"
)

// Disk is the few file operations a Dir needs. The real one is the operating
// system's; drills put one in that runs full, loses writes or fails to sync.
type Disk interface {
	MkdirAll(dir string) error
	Create(path string) (DiskFile, error) // a new file; fails when there is one
	Open(path string) (DiskFile, error)   // to read
	Link(from, to string) error           // fs.ErrExist when to is there
	Rename(from, to string) error
	Remove(path string) error
	Stat(path string) (fs.FileInfo, error)
	ReadDir(dir string) ([]fs.DirEntry, error) // sorted by name
	SyncDir(dir string) error                  // makes names in dir durable
	Free(dir string) (int64, error)            // bytes left for us; -1 when unknown
}

// DiskFile is an open file of a Disk.
type DiskFile interface {
	io.ReadWriteSeeker
	io.ReaderAt
	io.Closer
	Sync() error
}

// OS is the real disk.
type OS struct{}

// MkdirAll implements Disk.
func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o750) }

// Create implements Disk.
func (OS) Create(path string) (DiskFile, error) {
	return opened(os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640))
}

// Open implements Disk.
func (OS) Open(path string) (DiskFile, error) { return opened(os.Open(path)) }

// opened keeps a nil *os.File from becoming a DiskFile that is not nil.
func opened(f *os.File, err error) (DiskFile, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Link implements Disk.
func (OS) Link(from, to string) error { return os.Link(from, to) }

// Rename implements Disk.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements Disk.
func (OS) Remove(path string) error { return os.Remove(path) }

// Stat implements Disk.
func (OS) Stat(path string) (fs.FileInfo, error) { return os.Stat(path) }

// ReadDir implements Disk.
func (OS) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }

// SyncDir implements Disk.
func (OS) SyncDir(dir string) error { return syncDir(dir) }

// Free implements Disk.
func (OS) Free(dir string) (int64, error) { return Free(dir) }

// diskError gives the errors of the disk their public face.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return errors.Join(ErrAbsent, err)
	case noRoom(err):
		return errs.New(errs.Full, "storage.full").Because(err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EIO):
		return errs.New(errs.Unavailable, "storage.away").Because(err)
	}
	return err
}

// WriteDurably writes a small file so that after a crash it is either the old
// one or the new one, never half of one.
func WriteDurably(path string, content []byte, perm fs.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return diskError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreAbsent(os.Remove(tmp.Name())))
		}
	}()
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(perm), tmp.Sync(), tmp.Close())
	if err != nil {
		return diskError(err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return diskError(err)
	}
	return diskError(syncDir(filepath.Dir(path)))
}

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error { return syncDir(dir) }

// IsFull reports whether err says that there is no room left on a disk.
func IsFull(err error) bool { return noRoom(err) || errs.Is(err, errs.Full) }

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrAbsent) {
		return nil
	}
	return err
}
