// Package build turns the sources in web/src into the committed files in
// web/static, and checks that they belong together.
//
// The stylesheet needs Node (Tailwind, daisyUI; versions pinned in
// web/package-lock.json); the scripts are bundled by esbuild's Go API. The result
// is committed, so that building the program needs neither. A manifest records
// the fingerprints of all sources and all results: [Check] compares them
// without Node, so a source edited without a build fails the tests.
package build

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
)

// Manifest is web/manifest.json.
type Manifest struct {
	Sources map[string]string `json:"sources"` // path below web/ → sha256
	Built   map[string]string `json:"built"`   // path below web/static/ → sha256
}

// scripts are the entry points, by built name.
func scripts() map[string]string {
	return map[string]string{"app.js": "src/js/app.js", "staff.js": "src/js/staff.js"}
}

// sourceFiles lists what a build depends on: everything in src and the two files
// that pin the tools.
func sourceFiles(web string) (map[string]string, error) {
	out := map[string]string{}
	add := func(path string) error {
		b, err := os.ReadFile(filepath.Join(web, path))
		if err != nil {
			return err
		}
		out[filepath.ToSlash(path)] = digest(b)
		return nil
	}
	for _, f := range []string{"package.json", "package-lock.json"} {
		if err := add(f); err != nil {
			return nil, err
		}
	}
	err := filepath.WalkDir(filepath.Join(web, "src"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(web, path)
		if err != nil {
			return err
		}
		return add(rel)
	})
	return out, err
}

// Build writes web/static and web/manifest.json. web is the path of the folder web.
func Build(web string) error {
	files, err := Assets(web)
	if err != nil {
		return err
	}
	static := filepath.Join(web, "static")
	if err := os.RemoveAll(static); err != nil {
		return err
	}
	m := Manifest{Built: map[string]string{}}
	for name, b := range files {
		path := filepath.Join(static, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			return err
		}
		m.Built[name] = digest(b)
	}
	if m.Sources, err = sourceFiles(web); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(web, "manifest.json"), append(b, '\n'), 0o644)
}

// Assets builds every file of web/static in memory, by name.
func Assets(web string) (map[string][]byte, error) {
	files := map[string][]byte{}
	fonts, err := os.ReadDir(filepath.Join(web, "src", "fonts"))
	if err != nil {
		return nil, err
	}
	css, err := stylesheet(web)
	if err != nil {
		return nil, err
	}
	for _, f := range fonts {
		if filepath.Ext(f.Name()) != ".woff2" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(web, "src", "fonts", f.Name()))
		if err != nil {
			return nil, err
		}
		// The stylesheet names the font by its fingerprint, so that each release
		// asks for its own, and it is cached for a year.
		printed := strings.TrimSuffix(f.Name(), ".woff2") + "." + digest(b)[:8] + ".woff2"
		files["fonts/"+printed] = b
		css = bytes.ReplaceAll(css, []byte("/static/fonts/"+f.Name()), []byte("/static/fonts/"+printed))
	}
	licence, err := os.ReadFile(filepath.Join(web, "src", "fonts", "OFL.txt"))
	if err != nil {
		return nil, err
	}
	files["fonts/OFL.txt"] = licence
	files["app.css"] = css

	for name, entry := range scripts() {
		if files[name], err = script(filepath.Join(web, filepath.FromSlash(entry))); err != nil {
			return nil, err
		}
	}
	if files["htmx.js"], err = os.ReadFile(filepath.Join(web, "node_modules", "htmx.org", "dist", "htmx.min.js")); err != nil {
		return nil, fmt.Errorf("%w (run npm ci in web/)", err)
	}
	if files["favicon.svg"], err = os.ReadFile(filepath.Join(web, "src", "img", "favicon.svg")); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch filepath.Ext(name) {
		case ".css", ".js", ".svg":
			if files[name+".br"], err = squeeze(brotliTo, files[name]); err != nil {
				return nil, err
			}
			if files[name+".gz"], err = squeeze(gzipTo, files[name]); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// stylesheet runs Tailwind, then lowers what old telephones do not know (nesting).
func stylesheet(web string) ([]byte, error) {
	cmd := exec.CommandContext(context.Background(), filepath.Join("node_modules", ".bin", "tailwindcss"), "-i", "src/css/app.css", "-o", "-")
	cmd.Dir = web
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("tailwind: %w (run npm ci in web/)\n%s", err, complaint.String())
	}
	r := api.Transform(out.String(), api.TransformOptions{
		Loader: api.LoaderCSS, MinifyWhitespace: true, MinifySyntax: true, LegalComments: api.LegalCommentsInline,
		Engines: oldest(), LogLevel: api.LogLevelSilent,
	})
	if err := problems(r.Errors); err != nil {
		return nil, fmt.Errorf("stylesheet: %w", err)
	}
	return r.Code, nil
}

func script(entry string) ([]byte, error) {
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, Format: api.FormatIIFE,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Engines: oldest(), LogLevel: api.LogLevelSilent, Charset: api.CharsetUTF8,
	})
	if err := problems(r.Errors); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(entry), err)
	}
	return r.OutputFiles[0].Contents, nil
}

// oldest names the browsers we still serve in full: telephones of 2021 and later.
func oldest() []api.Engine {
	return []api.Engine{{Name: api.EngineChrome, Version: "87"}, {Name: api.EngineSafari, Version: "14.1"}, {Name: api.EngineFirefox, Version: "89"}}
}

func problems(list []api.Message) error {
	var out []error
	for _, m := range list {
		where := ""
		if m.Location != nil {
			where = fmt.Sprintf("%s:%d: ", filepath.Base(m.Location.File), m.Location.Line)
		}
		out = append(out, errors.New(where+m.Text))
	}
	return errors.Join(out...)
}

type writeCloser interface {
	Write([]byte) (int, error)
	Close() error
}

func brotliTo(b *bytes.Buffer) (writeCloser, error) {
	return brotli.NewWriterLevel(b, brotli.BestCompression), nil
}

func gzipTo(b *bytes.Buffer) (writeCloser, error) {
	return gzip.NewWriterLevel(b, gzip.BestCompression)
}

func squeeze(to func(*bytes.Buffer) (writeCloser, error), raw []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := to(&b)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Check compares sources and built files with the manifest. The error names every
// file that does not belong, and what to do.
func Check(web string) error {
	raw, err := os.ReadFile(filepath.Join(web, "manifest.json"))
	if err != nil {
		return err
	}
	var m Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	sources, err := sourceFiles(web)
	if err != nil {
		return err
	}
	built := map[string]string{}
	static := filepath.Join(web, "static")
	err = filepath.WalkDir(static, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(static, path)
		built[filepath.ToSlash(rel)] = digest(b)
		return err
	})
	if err != nil {
		return err
	}
	faults := append(differ("source", m.Sources, sources), differ("built file", m.Built, built)...)
	if len(faults) > 0 {
		return fmt.Errorf("web/static does not belong to web/src: run `go run ./web/build/run`\n%w", errors.Join(faults...))
	}
	return nil
}

func differ(what string, want, got map[string]string) []error {
	var out []error
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch have, ok := got[name]; {
		case !ok:
			out = append(out, fmt.Errorf("%s %s is gone", what, name))
		case have != want[name]:
			out = append(out, fmt.Errorf("%s %s was changed", what, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			out = append(out, fmt.Errorf("%s %s is new", what, name))
		}
	}
	return out
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
