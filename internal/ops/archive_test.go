package ops

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"motcua/internal/platform/sqldb"
)

func TestAChangedByteAnywhereIsFound(t *testing.T) {
	p := live(t, sqldb.SQLite, 3)
	ctx := context.Background()
	whole, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyBackup(ctx, p.file); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.tar")
	check := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := VerifyBackup(ctx, path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s was not found: %v", what, err)
		}
	}
	tries := 0
	for i := 0; i < len(whole); i++ {
		// Every byte of the first header and of the tail's, and many between.
		if i > 520 && i < len(whole)-2060 && i%977 != 0 || i > len(whole)-1500 && i%7 != 0 {
			continue
		}
		tries++
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		check("a bit of byte "+string(rune('0'+i%10)), b)
		if t.Failed() {
			t.Fatalf("at byte %d of %d", i, len(whole))
		}
	}
	for _, n := range []int{0, 1, 511, 512, 2048, len(whole) / 2, len(whole) - 2048, len(whole) - 512, len(whole) - 1} {
		check("a cut", whole[:n])
	}
	check("a byte more", append(bytes.Clone(whole), 0))
	check("a block more", append(bytes.Clone(whole), make([]byte, 512)...))
	check("two in one", append(bytes.Clone(whole), whole...))
	if tries < 1000 {
		t.Errorf("only %d bytes were tried", tries)
	}
	// And a restore of such a file changes nothing.
	b := bytes.Clone(whole)
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(ctx, path, target(t, p.cfg), RestoreOptions{}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if got := p.now(t); got != p.tuesday {
		t.Errorf("%+v", got)
	}
}

// A file that was put together with a right checksum and wrong contents is a
// matter of the second look.
func TestWhatIsWrongInsideIsFoundToo(t *testing.T) {
	ctx := context.Background()
	build := func(fill func(a *archiveWriter)) string {
		path := filepath.Join(t.TempDir(), "b.tar")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		a := newArchiveWriter(f)
		fill(a)
		if err := errors.Join(a.finish(), f.Close()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	head := Manifest{Format: format, Engine: sqldb.SQLite}
	add := func(a *archiveWriter, name string, v any) {
		if err := a.addJSON(name, v); err != nil {
			t.Fatal(err)
		}
	}
	for what, fill := range map[string]func(a *archiveWriter){
		"nothing":     func(*archiveWriter) {},
		"no manifest": func(a *archiveWriter) { add(a, headName, head) },
		"no database": func(a *archiveWriter) { add(a, headName, head); add(a, manifestName, head) },
		"a file under another's name": func(a *archiveWriter) {
			add(a, headName, head)
			add(a, blobDir+strings.Repeat("ab", 32), "x")
			add(a, manifestName, Manifest{Blobs: 1, BlobBytes: 4})
		},
		"a file too few": func(a *archiveWriter) { add(a, headName, head); add(a, manifestName, Manifest{Blobs: 1}) },
		"a table too few": func(a *archiveWriter) {
			add(a, headName, head)
			add(a, manifestName, Manifest{Engine: sqldb.Postgres, Tables: []Table{{Name: "a"}}})
		},
		"another head": func(a *archiveWriter) { add(a, "hello.json", head) },
	} {
		if _, err := VerifyBackup(ctx, build(fill)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	newer := build(func(a *archiveWriter) { add(a, headName, Manifest{Format: format + 1, Program: "9.9"}) })
	if _, err := VerifyBackup(ctx, newer); err == nil || !strings.Contains(err.Error(), "newer program (9.9)") {
		t.Errorf("newer: %v", err)
	}
}

// Whoever inherits the file without the program can look inside.
func TestAnyTarReadsIt(t *testing.T) {
	p := live(t, sqldb.SQLite, 3)
	st, err := os.Stat(p.file)
	if err != nil || st.Size()%512 != 0 {
		t.Errorf("%d bytes, %v", st.Size(), err)
	}
	tool, err := exec.LookPath("tar")
	if err != nil {
		t.Skip("tar(1) is not installed")
	}
	out, err := exec.Command(tool, "tf", p.file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "manifest.json\nchecksum\n") || !strings.HasPrefix(string(out), "motcua-backup.json\naudit/key\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestStreamsComeBackInOnePiece(t *testing.T) {
	for _, size := range []int{0, 1, pieceSize, 3*pieceSize + 17} {
		want := make([]byte, size)
		x := uint32(1)
		for i := range want { // does not compress
			x = x*1664525 + 1013904223
			want[i] = byte(x >> 24)
		}
		path := filepath.Join(t.TempDir(), "b.tar")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		a := newArchiveWriter(f)
		for _, err := range []error{
			a.addJSON(headName, Manifest{Format: format}),
			a.stream("tables/a", func(w io.Writer) error { _, err := w.Write(want); return err }),
			a.stream("tables/b", func(w io.Writer) error { _, err := w.Write([]byte("next")); return err }),
			a.addJSON(manifestName, Manifest{}), a.finish(), f.Close(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		r, err := openArchive(context.Background(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if err := (&restorer{ctx: context.Background(), a: r}).eachStream(func(name string, content io.Reader) error {
			b, err := io.ReadAll(content)
			got[name] = string(b)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got["tables/a"] != string(want) || got["tables/b"] != "next" {
			t.Errorf("%d bytes: %d streams, %d bytes, %q", size, len(got), len(got["tables/a"]), got["tables/b"])
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCopyTextComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]kind{kindText, kindInt, kindBool, kindFloat, kindBytes}), 1, 6).Draw(t, "kinds")
		rows := rapid.IntRange(0, 5).Draw(t, "rows")
		var text []byte
		var want [][]any
		for range rows {
			var row []any
			for i, k := range kinds {
				if i > 0 {
					text = append(text, '\t')
				}
				var v any
				switch {
				case rapid.Bool().Draw(t, "null"):
				case k == kindInt:
					v = rapid.Int64().Draw(t, "int")
				case k == kindBool:
					v = rapid.Int64Range(0, 1).Draw(t, "bool")
				case k == kindFloat:
					v = rapid.Float64Range(-1e300, 1e300).Draw(t, "float")
				case k == kindBytes:
					v = rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
				default:
					v = strings.ReplaceAll(rapid.String().Draw(t, "text"), "\x00", "")
				}
				var err error
				if text, err = appendField(text, v, k); err != nil {
					t.Fatal(err)
				}
				row = append(row, v)
			}
			text = append(text, '\n')
			want = append(want, row)
		}
		r := newCopyReader(bytes.NewReader(text), kinds)
		for _, w := range want {
			got, err := r.next()
			if err != nil {
				t.Fatal(err)
			}
			for i := range w {
				a, isBytes := w[i].([]byte)
				if b, ok := got[i].([]byte); isBytes != ok || isBytes && !bytes.Equal(a, b) || !isBytes && got[i] != w[i] {
					t.Fatalf("%v came back as %v", w[i], got[i])
				}
			}
		}
		if _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the last row: %v", err)
		}
	})
	for _, bad := range []string{"1", "1\t2\t3\n", "x\ta\n", "1\ta\\\n", "1\t\\q\n"} {
		if _, err := newCopyReader(strings.NewReader(bad), []kind{kindInt, kindText}).next(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := appendField(nil, "a\x00b", kindText); err == nil {
		t.Error("a NUL was taken into a text")
	}
}
