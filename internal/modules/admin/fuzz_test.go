package admin

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"testing"
)

// An uploaded archive of a pack is unpacked within bounds, and its names stay inside.
func FuzzUnpack(f *testing.F) {
	for _, names := range [][]string{{"pack.yaml", "forms/a.yaml"}, {"x/pack.yaml", "x/../../etc/passwd", "x/./b"}, {"a/b/pack.yaml", "pack.yaml"}, {"none"}} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			w, err := z.Create(n)
			if err == nil {
				_, err = w.Write([]byte("pack: x\n"))
			}
			if err != nil {
				f.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := unpack(b)
		if err != nil {
			return
		}
		total := 0
		for name, content := range files {
			if !fs.ValidPath(name) {
				t.Errorf("a file is called %q", name)
			}
			total += len(content)
		}
		if total > unpackBytes || len(files) > unpackFiles {
			t.Errorf("%d files of %d bytes", len(files), total)
		}
	})
}
