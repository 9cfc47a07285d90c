//go:build linux

package faultfs

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mounted is a fresh file system; again is the power going and coming back.
func mounted(t *testing.T) (f *FS, dir string, again func() Loss) {
	t.Helper()
	f, dir = New(), t.TempDir()
	unmount, err := f.Mount(dir)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := unmount(); err != nil {
			t.Error(err)
		}
	})
	seed := uint64(0)
	return f, dir, func() Loss {
		f.Cut()
		if _, err := os.ReadDir(dir); !errors.Is(err, syscall.EIO) {
			t.Errorf("without power: %v", err)
		}
		if err := unmount(); err != nil {
			t.Fatal(err)
		}
		seed++
		lost := f.Restore(rand.New(rand.NewPCG(seed, 1)))
		if unmount, err = f.Mount(dir); err != nil {
			t.Fatal(err)
		}
		return lost
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, text string, synced bool) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	if synced {
		must(t, f.Sync())
	}
	must(t, f.Close())
}

func syncDir(t *testing.T, dir string) {
	t.Helper()
	d, err := os.Open(dir)
	must(t, err)
	must(t, errors.Join(d.Sync(), d.Close()))
}

// It works as a file system does, as long as there is power.
func TestItIsAFileSystem(t *testing.T) {
	_, dir, _ := mounted(t)
	p := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.MkdirAll(p("a/b"), 0o750))
	put(t, p("a/b/x"), "một cửa", false)
	must(t, os.Link(p("a/b/x"), p("a/y")))
	if err := os.Link(p("a/b/x"), p("a/y")); !errors.Is(err, os.ErrExist) {
		t.Errorf("a name taken: %v", err)
	}
	must(t, os.Rename(p("a/b/x"), p("z")))
	must(t, os.Truncate(p("z"), 4))
	must(t, os.Remove(p("a/b")))
	if text, err := os.ReadFile(p("a/y")); err != nil || string(text) != "một cửa"[:4] {
		t.Errorf("%q %v", text, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "a" || !entries[0].IsDir() || entries[1].Name() != "z" {
		t.Errorf("%v %v", entries, err)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	must(t, os.WriteFile(p("big"), big, 0o600))
	if got, err := os.ReadFile(p("big")); err != nil || !bytes.Equal(got, big) {
		t.Errorf("%d bytes %v", len(got), err)
	}
}

// What was synced is there after a cut, name and content; what was not may be gone.
func TestWhatACutTakes(t *testing.T) {
	f, dir, again := mounted(t)
	p := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Mkdir(p("d"), 0o750))
	syncDir(t, dir)
	put(t, p("d/kept"), "kept", true)
	put(t, p("d/gone"), "gone", true)
	must(t, os.Rename(p("d/gone"), p("d/moved")))
	syncDir(t, p("d"))
	var lost Loss
	for range 20 {
		put(t, p("d/nameless"), "synced, but not its name", true)
		file, err := os.OpenFile(p("d/kept"), os.O_RDWR, 0)
		must(t, err)
		for i := range 8 {
			_, err = file.WriteAt([]byte(strings.Repeat("x", 1024)), int64(4+1024*i))
			must(t, err)
		}
		must(t, file.Close())
		now := again()
		lost.Writes, lost.Names, lost.Torn = lost.Writes+now.Writes, lost.Names+now.Names, lost.Torn+now.Torn
		if text, err := os.ReadFile(p("d/kept")); err != nil || !strings.HasPrefix(string(text), "kept") {
			t.Fatalf("%q %v", text, err)
		}
		if text, err := os.ReadFile(p("d/moved")); err != nil || string(text) != "gone" {
			t.Fatalf("%q %v", text, err)
		}
	}
	if lost.Writes == 0 || lost.Names == 0 || lost.Torn == 0 {
		t.Errorf("twenty cuts took %+v", lost)
	}
	f.Lie(true)
	for try := 0; ; try++ {
		put(t, p("d/lied"), "says it is synced", true)
		syncDir(t, p("d"))
		again()
		if text, err := os.ReadFile(p("d/lied")); err != nil || string(text) != "says it is synced" {
			break
		}
		if try == 20 {
			t.Fatal("a disk that lies loses nothing")
		}
	}
}

func TestSyncFailsAndDiskFills(t *testing.T) {
	f, dir, _ := mounted(t)
	p := func(name string) string { return filepath.Join(dir, name) }
	file, err := os.Create(p("x"))
	must(t, err)
	defer file.Close()
	f.FailSync(1)
	must(t, file.Sync())
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("the second sync: %v", err)
	}
	f.FailSync(-1)
	must(t, file.Sync())
	f.Squeeze(10_000)
	if _, err := file.Write(make([]byte, 20_000)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("more than fits: %v", err)
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil || st.Bavail > 3 {
		t.Errorf("%d blocks free, %v", st.Bavail, err)
	}
	f.Limit(0)
	_, err = file.Write(make([]byte, 20_000))
	must(t, err)
	if c := f.Counts(); c.FailedSyncs != 1 || c.RefusedWrites == 0 {
		t.Errorf("%+v", c)
	}
}
