package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// A checkpoint is read in one way only, and a file of checkpoints, a witness from
// outside among them, never stops whoever reads it.
func FuzzCheckpoints(f *testing.F) {
	s := stranger(f)
	for _, c := range []checkpoint{
		{origin: "motcua", size: 7, at: time.UnixMilli(1)},
		{origin: "motcua/rewind", size: 9, back: 3, reason: "khôi phục", at: time.UnixMilli(2)},
	} {
		f.Add(c.text())
		msg, err := c.sign(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(msg + "\n" + msg + "\n")
		f.Add(msg[:len(msg)-9])
	}
	f.Add("\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseCheckpoint(text); err == nil && (c.text() != text || c.size < 0 || c.back < 0) {
			t.Errorf("%q is read as %+v", text, c)
		}
		path := filepath.Join(t.TempDir(), "w")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := openFileMarks(path, note.VerifierList(), true)
		if err != nil {
			return
		}
		defer m.close()
		bad := 0
		m.bad = func(error) { bad++ }
		for range len(text) + 2 {
			if _, ok, err := m.peek(); err != nil && !errors.Is(err, io.EOF) {
				return
			} else if !ok {
				return
			}
			m.pop()
		}
		t.Error("a file of checkpoints has no end")
	})
}
