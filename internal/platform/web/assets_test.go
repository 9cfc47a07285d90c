package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"motcua/internal/platform/web"
)

func TestCachesKeepNothingOfSignedInPeople(t *testing.T) {
	s := newSite(t, web.Options{Routes: []web.Route{
		get("GET /open", page("x")),
		get("GET /mine", func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r.WithContext(web.WithViewer(r.Context(), web.Viewer{SignedIn: true})), 200, text("x"))
		}),
	}})
	if got := do(t, s, call{method: "GET", target: "/open"}).Header.Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("open page: %q", got)
	}
	if got := do(t, s, call{method: "GET", target: "/mine"}).Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("own page: %q", got)
	}
}

func TestCompression(t *testing.T) {
	long := strings.Repeat("Một cửa ", 1000)
	s := newSite(t, web.Options{Routes: []web.Route{
		get("GET /long", page(long)), get("GET /short", page("x")),
		get("GET /file", func(w http.ResponseWriter, r *http.Request) error {
			return web.Inline(w, r, "kết quả.pdf", "application/pdf", int64(len(long)), strings.NewReader(long))
		}),
		get("GET /html-file", func(w http.ResponseWriter, r *http.Request) error {
			return web.Inline(w, r, "x.html", "text/html", 1, strings.NewReader("x"))
		}),
	}})
	zip := http.Header{"Accept-Encoding": {"br, gzip"}}
	res := do(t, s, call{method: "GET", target: "/long", header: zip})
	if res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept-Encoding") {
		t.Fatalf("headers %v", res.Header)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != long {
		t.Errorf("%d bytes back, %v", len(b), err)
	}
	for _, c := range []struct {
		path   string
		header http.Header
	}{{"/short", zip}, {"/long", nil}, {"/long", http.Header{"Accept-Encoding": {"gzip;q=0"}}}, {"/file", zip}} {
		if res := do(t, s, call{method: "GET", target: c.path, header: c.header}); res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s %v is compressed", c.path, c.header)
		}
	}
	res = do(t, s, call{method: "HEAD", target: "/long", header: zip})
	if b := bodyOf(t, res); res.StatusCode != 200 || b != "" {
		t.Errorf("HEAD: %d, %d bytes", res.StatusCode, len(b))
	}
	res = do(t, s, call{method: "GET", target: "/file"})
	if d := res.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "inline; filename*=utf-8''k%E1%BA%BFt") {
		t.Errorf("disposition %q", d)
	}
	res = do(t, s, call{method: "GET", target: "/html-file"})
	if d := res.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("an uploaded page would run: %q", d)
	}
}

func assets(t *testing.T) *web.Assets {
	t.Helper()
	a, err := web.NewAssets(fstest.MapFS{
		"app.css": {Data: []byte("body{}")}, "app.css.br": {Data: []byte("BR")}, "app.css.gz": {Data: []byte("GZ")},
		"fonts/x-400.0a1b2c3d.woff2": {Data: []byte("font")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAssetsAreKeptForAYear(t *testing.T) {
	a := assets(t)
	s := newSite(t, web.Options{Assets: a, Routes: []web.Route{get("GET /x", page("x"))}})
	address := a.URL("app.css")
	if !strings.HasPrefix(address, "/static/app.") || address == "/static/app.css" {
		t.Fatalf("address %q", address)
	}
	for _, c := range []struct{ accept, encoding, body string }{{"gzip, br", "br", "BR"}, {"gzip", "gzip", "GZ"}, {"", "", "body{}"}, {"br;q=0", "", "body{}"}} {
		res := do(t, s, call{method: "GET", target: address, header: http.Header{"Accept-Encoding": {c.accept}}})
		if res.Header.Get("Content-Encoding") != c.encoding || bodyOf(t, res) != c.body || res.Header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("accept %q: %v", c.accept, res.Header)
		}
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("cache %q", got)
		}
	}
	if got := a.URL("fonts/x-400.woff2"); got != "/static/fonts/x-400.0a1b2c3d.woff2" {
		t.Errorf("a name with a fingerprint got another: %q", got)
	}
	res := do(t, s, call{method: "GET", target: "/static/app.css"})
	if res.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("a plain name is cached: %q", res.Header.Get("Cache-Control"))
	}
	if res := do(t, s, call{method: "GET", target: address, header: http.Header{"If-None-Match": {res.Header.Get("ETag")}}}); res.StatusCode != 304 {
		t.Errorf("got %d", res.StatusCode)
	}
	for _, path := range []string{"/static/app.00000000.css", "/static/../web.go", "/static/app.css.br", "/static/"} {
		if res := do(t, s, call{method: "GET", target: path}); res.StatusCode == 200 {
			t.Errorf("%s is served", path)
		}
	}
}
