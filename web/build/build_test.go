package build_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	assets "motcua/web"
	"motcua/web/build"
)

// TestBuiltFilesBelongToTheirSources needs no Node: it compares fingerprints.
func TestBuiltFilesBelongToTheirSources(t *testing.T) {
	if err := build.Check(".."); err != nil {
		t.Fatal(err)
	}
}

// TestBuildGivesTheSameBytes runs the whole build where its tools are installed.
func TestBuildGivesTheSameBytes(t *testing.T) {
	if _, err := os.Stat("../node_modules/.bin/tailwindcss"); err != nil {
		t.Skip("web/node_modules is not installed (npm ci in web/); the fingerprints are still checked")
	}
	built, err := build.Assets("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range built {
		got, err := fs.ReadFile(assets.FS(), name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from what the sources give (%v): run `go run ./web/build/run`", name, err)
		}
	}
}

func TestCheckFindsAForgottenBuild(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "web", "src"), os.DirFS("../src")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "web", "static"), os.DirFS("../static")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"manifest.json", "package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "web", name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	web := filepath.Join(dir, "web")
	if err := build.Check(web); err != nil {
		t.Fatalf("an untouched copy: %v", err)
	}
	for path, want := range map[string]string{"src/css/base.css": "source src/css/base.css was changed", "static/app.js": "built file app.js was changed"} {
		full := filepath.Join(web, path)
		before, err := os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, append(before, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := build.Check(web); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s edited: %v", path, err)
		}
		if err := os.WriteFile(full, before, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(web, "static", "extra.js"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := build.Check(web); err == nil || !strings.Contains(err.Error(), "extra.js is new") {
		t.Errorf("a stray file: %v", err)
	}
}

func TestCompressedTwinsAreTheSame(t *testing.T) {
	fsys := assets.FS()
	n := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ext := filepath.Ext(name)
		if ext != ".br" && ext != ".gz" {
			return nil
		}
		n++
		packed, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		var r io.Reader = brotli.NewReader(bytes.NewReader(packed))
		if ext == ".gz" {
			if r, err = gzip.NewReader(bytes.NewReader(packed)); err != nil {
				return err
			}
		}
		plain, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		want, err := fs.ReadFile(fsys, strings.TrimSuffix(name, ext))
		if err != nil || !bytes.Equal(plain, want) {
			t.Errorf("%s is not its plain twin (%v)", name, err)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func TestStylesheetAsksNobodyElse(t *testing.T) {
	css, err := fs.ReadFile(assets.FS(), "app.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"http://", "url(//", "@import"} {
		if i := bytes.Index(css, []byte(bad)); i >= 0 {
			t.Errorf("the stylesheet has %q: …%s…", bad, css[i:min(i+80, len(css))])
		}
	}
	if bytes.Count(css, []byte("/static/fonts/")) != 2 {
		t.Error("the stylesheet should ask for two fonts")
	}
}
