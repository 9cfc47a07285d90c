package ops

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A backup file from anywhere: its checksum can be made to fit, so everything behind
// it is read with care, too.
func FuzzBackupFile(f *testing.F) {
	var b bytes.Buffer
	a := newArchiveWriter(&b)
	m := Manifest{Format: format, Engine: "sqlite", Tables: []Table{{Name: "x", Columns: []string{"y"}}}}
	sum := sha256.Sum256([]byte("z"))
	for _, err := range []error{
		a.addJSON(headName, m), a.add("audit/key", []byte("k")), a.stream(sqliteName, func(w io.Writer) error { _, err := w.Write([]byte("SQLite")); return err }),
		a.add(blobDir+string(hexOf(sum[:])), []byte("z")), a.addJSON(manifestName, m), a.tar.Flush(),
	} {
		if err != nil {
			f.Fatal(err)
		}
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:512])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		body = append(bytes.Clone(body), make([]byte, (512-len(body)%512)%512)...)
		sum := sha256.Sum256(body)
		end, err := tail(sum[:])
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "b.tar")
		if err := os.WriteFile(path, append(body, end...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := VerifyBackup(t.Context(), path); err != nil {
			return
		}
		ar, err := openArchive(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = ar.Close() }()
		for {
			h, err := ar.next()
			if err != nil {
				return
			}
			if _, first := streamName(h.Name); !first {
				continue
			}
			r, err := ar.group(h)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, io.LimitReader(r, 64<<20))
			_ = r.Close()
		}
	})
}

func hexOf(b []byte) []byte {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return out
}

// Rows of PostgreSQL out of a backup: what is read is written the same again.
func FuzzCopyText(f *testing.F) {
	f.Add([]byte("1\tt\t\\N\t\\\\x00ff\t1.5\n"))
	f.Add([]byte("-9223372036854775808\tf\ta\\tb\\n\t\\\\x\tNaN\n"))
	f.Add([]byte("1\tt\t\\"))
	kinds := []kind{kindInt, kindBool, kindText, kindBytes, kindFloat}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newCopyReader(bytes.NewReader(text), kinds)
		for {
			row, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("%q: %v", text, err)
				}
				return
			}
			var line []byte
			for i, v := range row {
				if i > 0 {
					line = append(line, '\t')
				}
				if line, err = appendField(line, v, kinds[i]); err != nil {
					return // a text that PostgreSQL would not take
				}
			}
			again, err := newCopyReader(bytes.NewReader(append(line, '\n')), kinds).next()
			if err != nil || len(again) != len(row) {
				t.Fatalf("%q is written as %q, which is read as %v, %v", text, line, again, err)
			}
		}
	})
}
