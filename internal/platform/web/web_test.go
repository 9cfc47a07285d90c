package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/a-h/templ"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/web"
)

func anyone() web.Access {
	return web.Access{Name: "anyone", Check: func(context.Context) error { return nil }}
}

func nobody() web.Access {
	return web.Access{Name: "signed in", Check: func(context.Context) error { return errs.New(errs.Unauthenticated, "identity.sign-in-first") }}
}

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	})
}

func page(s string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, http.StatusOK, text(s)) }
}

func failing(err error) web.Handler {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

func get(pattern string, h web.Handler) web.Route {
	return web.Route{Pattern: pattern, Access: anyone(), Handle: h}
}

func newSite(t *testing.T, o web.Options) *web.Site {
	t.Helper()
	s, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type call struct {
	method, target, body string
	header               http.Header
}

func do(t *testing.T, h http.Handler, c call) *http.Response {
	t.Helper()
	r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
	if c.body != "" && c.header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range c.header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNewRefusesFaultyTables(t *testing.T) {
	ok := page("x")
	for _, c := range []struct {
		name   string
		routes []web.Route
		mounts []web.Mount
		want   string
	}{
		{"no access", []web.Route{{Pattern: "GET /a", Handle: ok}}, nil, `route "GET /a" names no access rule`},
		{"access without check", []web.Route{{Pattern: "GET /a", Handle: ok, Access: web.Access{Name: "x"}}}, nil, "no access rule"},
		{"access without name", []web.Route{{Pattern: "GET /a", Handle: ok, Access: web.Access{Check: anyone().Check}}}, nil, "no access rule"},
		{"no handler", []web.Route{{Pattern: "GET /a", Access: anyone()}}, nil, "no handler"},
		{"no method", []web.Route{{Pattern: "/a", Access: anyone(), Handle: ok}}, nil, "METHOD /path"},
		{"twice", []web.Route{get("GET /a", ok), get("GET /a", ok)}, nil, "conflicts"},
		{"overlap", []web.Route{get("GET /a/{x}/c", ok), get("GET /a/b/{y}", ok)}, nil, "conflicts"},
		{"mount without access", nil, []web.Mount{{Pattern: "/api/", Handler: http.NotFoundHandler()}}, "no access rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := web.New(web.Options{Routes: c.routes, Mounts: c.mounts})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := web.New(web.Options{Secret: []byte("short")}); err == nil {
		t.Error("a short secret was accepted")
	}
}

func TestAccessGuardsTheHandler(t *testing.T) {
	ran := false
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "GET /ho-so/{id}", Access: nobody(), Handle: func(http.ResponseWriter, *http.Request) error {
		ran = true
		return nil
	}}, {Pattern: "POST /ho-so/{id}", Access: nobody(), Handle: page("x")}}})

	res := do(t, s, call{method: "GET", target: "/ho-so/7?trang=2"})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/dang-nhap?next="+url.QueryEscape("/ho-so/7?trang=2") {
		t.Errorf("got %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if ran {
		t.Error("the handler ran without permission")
	}
	// After signing in a person returns to the page with the form, not to the POST address.
	res = do(t, s, call{method: "POST", target: "http://mc.test/ho-so/7", body: "a=1", header: http.Header{"Referer": {"http://mc.test/ho-so/7/sua"}}})
	if got := res.Header.Get("Location"); got != "/dang-nhap?next="+url.QueryEscape("/ho-so/7/sua") {
		t.Errorf("POST without session goes to %q", got)
	}
	res = do(t, s, call{method: "POST", target: "http://mc.test/ho-so/7", body: "a=1", header: http.Header{"Referer": {"http://evil.test/x"}}})
	if got := res.Header.Get("Location"); got != "/dang-nhap" {
		t.Errorf("a foreign referer was believed: %q", got)
	}
	res = do(t, s, call{method: "GET", target: "/ho-so/7", header: http.Header{"Accept": {"application/json"}}})
	if res.StatusCode != http.StatusUnauthorized || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program is answered %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

func TestErrorsBecomePagesInBothLanguages(t *testing.T) {
	bundle, err := i18n.New(web.Locales(), fstest.MapFS{
		"vi.json": {Data: []byte(`{"error.dossier.taken":"Hồ sơ {number} đã được tiếp nhận","error.too-long":"Quá {max} ký tự"}`)},
		"en.json": {Data: []byte(`{"error.dossier.taken":"Dossier {number} has already been received","error.too-long":"Over {max} characters"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	routes := []web.Route{
		get("GET /conflict", failing(errs.NewConflict("dossier.taken", "number", "H44-1"))),
		get("GET /wrapped", failing(fmt.Errorf("receive: %w", errs.NewConflict("dossier.taken", "number", "H44-1")))),
		get("GET /missing", failing(errs.NewNotFound("dossier.no-such"))),
		get("GET /invalid", failing(errs.NewInvalid(errs.Bad("name", "too-long", "max", 100)))),
		get("GET /limit", failing(errs.New(errs.RateLimited, "x.slow"))),
		get("GET /full", failing(errs.New(errs.Full, "x.full"))),
		get("GET /gone", failing(errs.New(errs.Gone, "x.gone"))),
		get("GET /internal", failing(errors.New("disk on fire at sector 9"))),
		get("GET /panic", func(http.ResponseWriter, *http.Request) error { panic("boom secret") }),
		get("GET /timeout", failing(fmt.Errorf("query: %w", context.DeadlineExceeded))),
		get("GET /half-rendered", func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
				_, _ = io.WriteString(w, "first half")
				return errors.New("template broke")
			}))
		}),
	}
	s := newSite(t, web.Options{Routes: routes, Bundle: bundle, ErrorPage: func(e web.ErrorInfo) templ.Component {
		out := fmt.Sprintf("<h1>%s</h1>%s|%s|%s|", e.Title, e.Sentence, e.Code, e.Ref)
		for _, f := range e.Fields {
			out += f.Name + "=" + f.Sentence
		}
		return text(out)
	}})
	for _, c := range []struct {
		path   string
		status int
		vi, en string
	}{
		{"/conflict", 409, "Hồ sơ H44-1 đã được tiếp nhận|dossier.taken|", "Dossier H44-1 has already been received|dossier.taken|"},
		{"/wrapped", 409, "Hồ sơ H44-1 đã được tiếp nhận", "Dossier H44-1 has already"},
		{"/missing", 404, "Không tìm thấy nội dung này", "We cannot find this"},
		{"/invalid", 422, "name=Quá 100 ký tự", "name=Over 100 characters"},
		{"/limit", 429, "Thao tác quá nhanh", "Too many attempts"},
		{"/full", 507, "hết chỗ lưu trữ", "out of space"},
		{"/gone", 410, "không còn nữa", "no longer here"},
		{"/internal", 500, "không phải của ông/bà", "our fault"},
		{"/panic", 500, "không phải của ông/bà", "our fault"},
		{"/timeout", 503, "trả lời quá lâu", "took too long"},
		{"/half-rendered", 500, "không phải của ông/bà", "our fault"},
		{"/no-such-page", 404, "đã được chuyển đi", "page has moved"},
	} {
		for lang, want := range map[string]string{"vi": c.vi, "en": c.en} {
			res := do(t, s, call{method: "GET", target: c.path, header: http.Header{"Cookie": {"lang=" + lang}}})
			body := bodyOf(t, res)
			if res.StatusCode != c.status || !strings.Contains(body, want) {
				t.Errorf("%s in %s: %d %q, want %d with %q", c.path, lang, res.StatusCode, body, c.status, want)
			}
			if ref := res.Header.Get("X-Reference"); ref == "" || !strings.Contains(body, ref) {
				t.Errorf("%s: the page does not show the reference %q", c.path, ref)
			}
			for _, leak := range []string{"disk on fire", "boom", "template broke", "first half", "query:", "⟦"} {
				if strings.Contains(body, leak) {
					t.Errorf("%s shows %q", c.path, leak)
				}
			}
			if got := res.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s may be cached: %q", c.path, got)
			}
		}
	}
	res := do(t, s, call{method: "GET", target: "/limit"})
	if res.Header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	res = do(t, s, call{method: "GET", target: "/invalid", header: http.Header{"Accept": {"application/json"}}})
	var p struct {
		Status                  int
		Code, Reference, Detail string
		Errors                  []struct{ Name, Detail string }
	}
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil || p.Status != 422 || p.Code != "invalid-input" || p.Reference == "" || len(p.Errors) != 1 || p.Errors[0].Detail != "Quá 100 ký tự" {
		t.Errorf("problem %+v, %v", p, err)
	}
}

func TestBrokenErrorPageFallsBackToThePreparedOne(t *testing.T) {
	for name, broken := range map[string]templ.Component{
		"error": templ.ComponentFunc(func(context.Context, io.Writer) error { return errors.New("no layout") }),
		"panic": templ.ComponentFunc(func(context.Context, io.Writer) error { panic("no layout") }),
	} {
		prepared := 0
		s := newSite(t, web.Options{Routes: []web.Route{get("GET /x", failing(errors.New("a")))}, ErrorPage: func(e web.ErrorInfo) templ.Component {
			if prepared < 4 { // two pages in two languages are drawn at start
				prepared++
				return text("prepared " + e.Ref)
			}
			return broken
		}})
		res := do(t, s, call{method: "GET", target: "/x"})
		if body := bodyOf(t, res); res.StatusCode != 500 || body != "prepared "+res.Header.Get("X-Reference") {
			t.Errorf("%s: %d %q", name, res.StatusCode, body)
		}
	}
	// And without any error page at all there still are words.
	s := newSite(t, web.Options{Routes: []web.Route{get("GET /x", failing(errors.New("a")))}})
	if body := bodyOf(t, do(t, s, call{method: "GET", target: "/x?lang=en"})); !strings.Contains(body, "our fault") {
		t.Errorf("plain page: %q", body)
	}
}

func TestWrongMethodSaysWhatIsAllowed(t *testing.T) {
	s := newSite(t, web.Options{Routes: []web.Route{get("GET /a", page("x"))}})
	res := do(t, s, call{method: "POST", target: "/a", body: "x=1"})
	if res.StatusCode != 405 || !strings.Contains(res.Header.Get("Allow"), "GET") {
		t.Errorf("%d Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
}

func TestHeadersAreStrict(t *testing.T) {
	s := newSite(t, web.Options{HTTPS: true, Routes: []web.Route{
		get("GET /a", page("x")),
		get("GET /hop", func(w http.ResponseWriter, r *http.Request) error {
			web.Allow(w, "connect-src", "wss://hop.example")
			web.AllowFeature(w, "camera", "microphone")
			return web.Render(w, r, 200, text("x"))
		}),
		get("GET /broken", func(w http.ResponseWriter, r *http.Request) error {
			web.Allow(w, "script-src", "'unsafe-inline'")
			return errors.New("x")
		}),
	}})
	for _, path := range []string{"/a", "/no-such", "/broken"} {
		h := do(t, s, call{method: "GET", target: path}).Header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self';") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		if h.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: no HSTS", path)
		}
	}
	h := do(t, s, call{method: "GET", target: "/hop"}).Header
	if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self' wss://hop.example;") {
		t.Errorf("policy %q", csp)
	}
	if p := h.Get("Permissions-Policy"); !strings.Contains(p, "camera=(self), microphone=(self), geolocation=()") {
		t.Errorf("permissions %q", p)
	}
}

func TestCrossSitePostIsRefused(t *testing.T) {
	ran := 0
	s := newSite(t, web.Options{
		TrustedOrigins: []string{"https://cong.example"},
		Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			ran++
			return web.SeeOther(w, r, "/xong")
		}}},
		Mounts: []web.Mount{{Pattern: "POST /lien-thong/", Access: anyone(), CrossOrigin: true, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran++ })}},
	})
	for _, c := range []struct {
		name, target string
		header       http.Header
		status, ran  int
	}{
		{"cross-site", "/a", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403, 0},
		{"same-site sibling", "/a", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403, 0},
		{"foreign origin", "/a", http.Header{"Origin": {"https://evil.example"}}, 403, 0},
		{"own page", "/a", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 303, 1},
		{"trusted origin", "/a", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://cong.example"}}, 303, 1},
		{"program", "/a", nil, 303, 1},
		{"exchange between agencies", "/lien-thong/x", http.Header{"Origin": {"https://other.example"}}, 200, 1},
	} {
		ran = 0
		res := do(t, s, call{method: "POST", target: c.target, body: "x=1", header: c.header})
		if res.StatusCode != c.status || ran != c.ran {
			t.Errorf("%s: %d, ran %d times; want %d, %d", c.name, res.StatusCode, ran, c.status, c.ran)
		}
	}
}

func TestLocalURL(t *testing.T) {
	for in, want := range map[string]string{
		"/ho-so?trang=2": "/ho-so?trang=2", "/a#b": "/a#b", "": "/", "https://evil.example": "/", "//evil.example": "/", `/\evil.example`: "/",
		"javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", "ho-so": "/", "/\t/evil.example": "/", `/a\b`: "/",
	} {
		if got := web.LocalURL(in); got != want {
			t.Errorf("LocalURL(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLanguageIsRememberedAndLinked(t *testing.T) {
	bundle := mustBundle(t, `{}`)
	s := newSite(t, web.Options{Bundle: bundle, Routes: []web.Route{
		get("GET /a", func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, text(i18n.Lang(r.Context())+" "+web.LangURL(r.Context(), "en")))
		}),
		{Pattern: "POST /a", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 422, text(web.LangURL(r.Context(), "en")))
		}},
	}})
	for _, c := range []struct{ target, cookie, want string }{
		{"/a", "", "vi /a?lang=en"}, {"/a?lang=en", "", "en /a?lang=en"}, {"/a?x=1", "en", "en /a?lang=en&x=1"}, {"/a?lang=fr", "", "vi /a?lang=en"}, {"/a", "<b>", "vi /a?lang=en"},
	} {
		res := do(t, s, call{method: "GET", target: c.target, header: http.Header{"Cookie": {"lang=" + c.cookie}}})
		if got := bodyOf(t, res); got != c.want {
			t.Errorf("%s with cookie %q: %q, want %q", c.target, c.cookie, got, c.want)
		}
	}
	if c := do(t, s, call{method: "GET", target: "/a?lang=en"}).Cookies(); len(c) != 1 || c[0].Value != "en" {
		t.Errorf("the choice is not remembered: %v", c)
	}
	res := do(t, s, call{method: "POST", target: "/a", body: "x=1", header: http.Header{"Referer": {"http://example.com/form?buoc=2"}}})
	if got := bodyOf(t, res); got != "/form?buoc=2&lang=en" && got != "/form?lang=en&buoc=2" {
		t.Errorf("the language link of a bad form leads to %q", got)
	}
}

func TestFragmentRequestsAreRedirectedWhole(t *testing.T) {
	s := newSite(t, web.Options{Routes: []web.Route{
		{Pattern: "POST /a", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error { return web.SeeOther(w, r, "/xong") }},
		{Pattern: "GET /mine", Access: nobody(), Handle: page("x")},
	}})
	hx := http.Header{"Hx-Request": {"true"}}
	if res := do(t, s, call{method: "POST", target: "/a", body: "x=1", header: hx}); res.StatusCode != 204 || res.Header.Get("HX-Redirect") != "/xong" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if res := do(t, s, call{method: "GET", target: "/mine", header: hx}); res.Header.Get("HX-Redirect") != "/dang-nhap?next=%2Fmine" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

func TestOwnWordsAreComplete(t *testing.T) {
	b, err := i18n.New(web.Locales())
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range i18n.Check(b) {
		t.Error(fault)
	}
	if _, err := web.New(web.Options{Bundle: mustEmpty(t)}); err == nil {
		t.Error("a bundle without the site's own words was accepted")
	}
}

func mustEmpty(t *testing.T) *i18n.Bundle {
	t.Helper()
	b, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mustBundle has the given words in both languages, beside the site's own.

func mustBundle(t *testing.T, words string) *i18n.Bundle {
	t.Helper()
	b, err := i18n.New(web.Locales(), fstest.MapFS{"vi.json": {Data: []byte(words)}, "en.json": {Data: []byte(words)}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// While nothing is taken in, reading and signing in go on, and whoever sends
// something is told why.
func TestAClosedHouse(t *testing.T) {
	closed := errs.New(errs.Full, "storage.full")
	var why error
	ok := func(w http.ResponseWriter, r *http.Request) error { return web.JSON(w, r, http.StatusOK, "ok") }
	s := newSite(t, web.Options{Closed: func() error { return why }, Routes: []web.Route{
		{Pattern: "GET /a", Access: anyone(), Handle: ok},
		{Pattern: "POST /a", Access: anyone(), Handle: ok},
		{Pattern: "POST /in", Access: anyone(), Handle: ok, Always: true},
	}})
	for _, test := range []struct {
		method, path string
		why          error
		status       int
	}{
		{"GET", "/a", nil, 200}, {"POST", "/a", nil, 200}, {"POST", "/in", nil, 200},
		{"GET", "/a", closed, 200}, {"HEAD", "/a", closed, 200}, {"POST", "/a", closed, 507}, {"POST", "/in", closed, 200},
		{"POST", "/nothing", closed, 507}, {"GET", "/nothing", closed, 404},
	} {
		why = test.why
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(test.method, test.path, nil))
		if rec.Code != test.status {
			t.Errorf("%s %s with %v: %d, want %d", test.method, test.path, test.why, rec.Code, test.status)
		}
	}
}
