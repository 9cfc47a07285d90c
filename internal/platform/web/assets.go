package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

const staticPrefix = "/static/"

// Assets serves the built files (stylesheet, fonts, scripts, images) from memory
// under names that carry a fingerprint of the content, so that browsers may keep
// them for a year. A file with siblings "name.br" and "name.gz" is sent compressed.
type Assets struct {
	files map[string]*asset // by served name: "app.3f2a91cc.css"
	names map[string]string // logical name → served name: "app.css" → "app.3f2a91cc.css"
}

type asset struct {
	contentType string
	raw, br, gz []byte
	etag        string
	immutable   bool
}

// printed finds a fingerprint that the build already put into the name; the
// stylesheet refers to fonts by such names.
var printed = regexp.MustCompile(`\.[0-9a-f]{8}(\.[a-z0-9]+)$`)

// NewAssets reads every file below fsys.
func NewAssets(fsys fs.FS) (*Assets, error) {
	a := &Assets{files: map[string]*asset{}, names: map[string]string{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if ext := path.Ext(name); ext == ".br" || ext == ".gz" {
			return nil
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		print := hex.EncodeToString(sum[:4])
		f := &asset{contentType: typeOf(name), raw: raw, etag: `"` + print + `"`, immutable: true}
		f.br, _ = fs.ReadFile(fsys, name+".br") // absent is fine
		f.gz, _ = fs.ReadFile(fsys, name+".gz")
		if printed.MatchString(name) {
			a.files[name] = f
			a.names[printed.ReplaceAllString(name, "$1")] = name
			return nil
		}
		ext := path.Ext(name)
		served := strings.TrimSuffix(name, ext) + "." + print + ext
		a.files[served] = f
		a.names[name] = served
		plain := *f
		plain.immutable = false
		a.files[name] = &plain
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: read assets: %w", err)
	}
	return a, nil
}

// URL returns the address of the asset with the given logical name. An unknown
// name gives an address that answers 404; the tests of package ui look for those.
func (a *Assets) URL(name string) string {
	if served, ok := a.names[name]; ok {
		return staticPrefix + served
	}
	return staticPrefix + name
}

// Has reports whether there is an asset with this logical name.
func (a *Assets) Has(name string) bool {
	_, ok := a.names[name]
	return ok
}

// typeOf is fixed here: the machine's own table of types must not decide what a stylesheet is.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	default:
		return "application/octet-stream"
	}
}

// serveStatic answers requests for assets before anything else is asked: they
// need no identity, no language and no place in the queue.
func (s *Site) serveStatic(w http.ResponseWriter, r *http.Request, st *state) bool {
	if s.opts.Assets == nil {
		return false
	}
	name, ok := strings.CutPrefix(r.URL.Path, staticPrefix)
	if !ok {
		if r.URL.Path != "/favicon.ico" {
			return false
		}
		name = "favicon.ico"
	}
	f, ok := s.opts.Assets.files[name]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	st.pattern = "GET " + staticPrefix
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache")
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := f.raw
	if f.br != nil || f.gz != nil {
		h.Set("Vary", "Accept-Encoding")
		switch {
		case f.br != nil && acceptsEncoding(r, "br"):
			h.Set("Content-Encoding", "br")
			body = f.br
		case f.gz != nil && acceptsEncoding(r, "gzip"):
			h.Set("Content-Encoding", "gzip")
			body = f.gz
		}
	}
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = bytes.NewReader(body).WriteTo(w)
	}
	return true
}
