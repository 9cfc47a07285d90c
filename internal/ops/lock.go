package ops

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// ErrRunning says that a program already works in a data folder.
var ErrRunning = errors.New("a program is running in this data folder")

const lockFile = "motcua.lock"

// Lock is the right to be the only program in a data folder. The system takes
// it back when the program dies, however it dies.
type Lock struct{ f *os.File }

// AcquireLock takes the right for dir, which is made when absent. The server
// holds it while it runs; restore needs it. The error is ErrRunning when
// somebody has it.
func AcquireLock(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Who holds it is for people; the lock itself is the system's.
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock: %w", err), f.Close())
		}
	}
	return &Lock{f}, nil
}

// Release gives the right back.
func (l *Lock) Release() error { return l.f.Close() }

// Running reports whether a program works in dir.
func Running(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, lockFile)); err != nil {
		return false
	}
	l, err := AcquireLock(dir)
	if err == nil {
		_ = l.Release() // it was only asked for
	}
	return errors.Is(err, ErrRunning)
}
