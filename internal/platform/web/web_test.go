package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/a-h/templ"
	"github.com/prometheus/client_golang/prometheus"

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

func TestPersonalDataNeverReachesTheLog(t *testing.T) {
	canaries := map[string]string{
		"name": "Nguyễn Thị Chim Hoàng Yến", "no": "001190123456", "phone": "0912 345 678", "mail": "chim.yen@vidu.example",
		"address": "Thôn Canary, xã Yến", "plain": "canary-in-path", "file": "giay chung sinh cua Yen.pdf",
	}
	var log bytes.Buffer
	handle := func(w http.ResponseWriter, r *http.Request) error {
		values, err := web.Upload(r, func(f web.File) error {
			if _, err := io.Copy(io.Discard, f.Body); err != nil {
				return err
			}
			if f.Name != canaries["file"] {
				return errors.New("file name lost")
			}
			return nil
		})
		if err != nil {
			return err
		}
		if values.Get("name") != canaries["name"] {
			return errors.New("form lost")
		}
		_, numErr := strconv.ParseInt(values.Get("name"), 10, 64)
		switch r.PathValue("how") {
		case "panic":
			panic("cannot handle " + values.Get("name") + " " + values.Get("no"))
		case "invalid":
			return errs.NewInvalid(errs.Bad("no", "bad", "value", values.Get("no"))).(*errs.Error).Because(fmt.Errorf("look up %s: %w", values.Get("name"), numErr))
		default:
			return fmt.Errorf("store %s (%q, tel %s, %s) of %s: %w", values.Get("no"), values.Get("address"), values.Get("phone"), values.Get("mail"), values.Get("name"), numErr)
		}
	}
	s := newSite(t, web.Options{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Routes: []web.Route{{Pattern: "POST /khai/{who}/{how}", Access: anyone(), Handle: handle}}})
	for _, how := range []string{"ok", "panic", "invalid"} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for k, v := range canaries {
			if k != "file" {
				if err := form.WriteField(k, v); err != nil {
					t.Fatal(err)
				}
			}
		}
		part, err := form.CreateFormFile("giay", canaries["file"])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte("%PDF-1.7"))
		_ = form.Close()
		do(t, s, call{method: "POST", target: "/khai/canary-in-path/" + how + "?q=" + url.QueryEscape(canaries["name"]+canaries["no"]), body: body.String(), header: http.Header{
			"Content-Type": {form.FormDataContentType()}, "Referer": {"http://example.com/?q=" + canaries["no"]}, "User-Agent": {"Canary-Agent"}, "Cookie": {"sid=" + canaries["no"]},
		}})
	}
	if n := strings.Count(log.String(), `"msg":"request"`); n != 3 {
		t.Fatalf("%d events for 3 requests:\n%s", n, log.String())
	}
	for _, secret := range []string{"Nguyễn", "Chim", "Hoàng", "Yến", "001190123456", "190123", "345 678", "0912", "chim.yen", "Canary", "canary", "chung sinh"} {
		for _, line := range strings.Split(log.String(), "\n") {
			// The stack of a panic holds names of functions of this test, nothing typed.
			if i := strings.Index(line, `"stack"`); i > 0 {
				line = line[:i]
			}
			if strings.Contains(line, secret) {
				t.Errorf("the log holds %q:\n%s", secret, line)
			}
		}
	}
	if !strings.Contains(log.String(), `"pattern":"POST /khai/{who}/{how}"`) || !strings.Contains(log.String(), `"ref":"`) {
		t.Errorf("the event lacks pattern or reference:\n%s", log.String())
	}
	if !strings.Contains(log.String(), "store ") || !strings.Contains(log.String(), "invalid syntax") {
		t.Errorf("the cause lost its shape:\n%s", log.String())
	}
}

func TestEventNamesTheActor(t *testing.T) {
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	s := newSite(t, web.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Registerer: reg, Routes: []web.Route{get("GET /a/{id}", page("12345"))},
		Mounts: []web.Mount{{Pattern: "/api/", Access: anyone(), Handler: func() http.Handler {
			m := http.NewServeMux()
			m.HandleFunc("GET /api/things/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
			return m
		}()}},
		Middleware: []func(http.Handler) http.Handler{func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				web.SetActor(r.Context(), "acc-7")
				next.ServeHTTP(w, r)
			})
		}}})
	do(t, s, call{method: "GET", target: "/a/1"})
	do(t, s, call{method: "GET", target: "/a/2"})
	do(t, s, call{method: "GET", target: "/api/things/3"})
	do(t, s, call{method: "BREW", target: "/nowhere"})
	for _, want := range []string{`pattern="GET /a/{id}" status=200`, "bytes=5", "actor=acc-7", `pattern="GET /api/things/{id}"`, "method=OTHER pattern=none status=404"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := 0
	for _, f := range families {
		if f.GetName() == "motcua_http_request_seconds" {
			series = len(f.GetMetric())
		}
	}
	if series != 3 {
		t.Errorf("%d series, want one a pattern: 3", series)
	}
	if _, err := web.New(web.Options{Registerer: reg}); err == nil {
		t.Error("a second site on one registry went unnoticed")
	}
}

func TestFullHouseIsToldAtOnce(t *testing.T) {
	entered, release := make(chan bool), make(chan bool)
	s := newSite(t, web.Options{MaxInFlight: 1, Routes: []web.Route{
		get("GET /slow", func(w http.ResponseWriter, r *http.Request) error {
			entered <- true
			<-release
			return web.Render(w, r, 200, text("done"))
		}),
		get("GET /a", page("x")),
		{Pattern: "GET /events", Access: anyone(), Handle: page("stream"), Timeout: -1},
	}, Assets: assets(t)})
	first := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/slow", nil))
		first <- w.Code
	}()
	<-entered
	res := do(t, s, call{method: "GET", target: "/a?lang=en"})
	if body := bodyOf(t, res); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.Contains(body, "What you saved is safe") {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	if res := do(t, s, call{method: "GET", target: "/static/app.css"}); res.StatusCode != 200 {
		t.Errorf("the stylesheet waits in the queue: %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "GET", target: "/events"}); res.StatusCode != 200 {
		t.Errorf("an idle stream counts as load: %d", res.StatusCode)
	}
	close(release)
	if code := <-first; code != 200 {
		t.Errorf("the first request got %d", code)
	}
	if res := do(t, s, call{method: "GET", target: "/a"}); res.StatusCode != 200 {
		t.Errorf("the place was not given back: %d", res.StatusCode)
	}
}

func TestTimeoutReachesTheHandler(t *testing.T) {
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "GET /a", Access: anyone(), Timeout: time.Millisecond, Handle: func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return fmt.Errorf("read: %w", r.Context().Err())
	}}}})
	if res := do(t, s, call{method: "GET", target: "/a"}); res.StatusCode != 503 {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestBodiesAreLimited(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request) error {
		if _, err := web.Form(r); err != nil {
			return err
		}
		return web.SeeOther(w, r, "/")
	}
	s := newSite(t, web.Options{Routes: []web.Route{
		{Pattern: "POST /small", Access: anyone(), Handle: read, MaxBody: 100},
		{Pattern: "POST /default", Access: anyone(), Handle: read},
	}})
	res := do(t, s, call{method: "POST", target: "/small", body: "a=" + strings.Repeat("x", 200)})
	if body := bodyOf(t, res); res.StatusCode != 413 || !strings.Contains(body, "quá lớn") {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	if res := do(t, s, call{method: "POST", target: "/small", body: "a=1"}); res.StatusCode != 303 {
		t.Errorf("a small form got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=" + strings.Repeat("x", int(web.DefaultMaxBody))}); res.StatusCode != 413 {
		t.Errorf("a huge form got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: strings.Repeat("a=1&", 2001)}); res.StatusCode != 422 {
		t.Errorf("2001 fields got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=%FF%FE"}); res.StatusCode != 422 {
		t.Errorf("broken UTF-8 got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=%00"}); res.StatusCode != 422 {
		t.Errorf("NUL got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=%zz"}); res.StatusCode != 422 {
		t.Errorf("a broken escape got %d", res.StatusCode)
	}
}

func TestFormNormalises(t *testing.T) {
	var got url.Values
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
		var err error
		got, err = web.Form(r)
		if err != nil {
			return err
		}
		return web.SeeOther(w, r, "/")
	}}}})
	nfd := "Nguye\u0302\u0303n" // as a Mac types it
	do(t, s, call{method: "POST", target: "/a?trang=2", body: url.Values{"ten": {nfd}, "ghi-chu": {"a\r\nb\rc"}}.Encode()})
	if got.Get("ten") != "Nguy\u1ec5n" || got.Get("ghi-chu") != "a\nb\nc" || got.Has("trang") {
		t.Errorf("got %q", got)
	}
}

func TestUploadStreams(t *testing.T) {
	var seen []string
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), MaxBody: 64 << 20, Handle: func(w http.ResponseWriter, r *http.Request) error {
		values, err := web.Upload(r, func(f web.File) error {
			n, err := io.Copy(io.Discard, f.Body)
			seen = append(seen, fmt.Sprintf("%s %s %d", f.Field, f.Name, n))
			return err
		})
		if err != nil {
			return err
		}
		seen = append(seen, "ten="+values.Get("ten"))
		return web.SeeOther(w, r, "/")
	}}}})
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("ten", "Hoa")
	for name, size := range map[string]int{"C:\\ảnh\\chứng sinh.jpg": 3 << 20} {
		p, _ := form.CreateFormFile("giay", name)
		_, _ = p.Write(make([]byte, size))
	}
	_, _ = form.CreateFormFile("rong", "")
	_ = form.Close()
	res := do(t, s, call{method: "POST", target: "/a", body: body.String(), header: http.Header{"Content-Type": {form.FormDataContentType()}}})
	if want := []string{"giay chứng sinh.jpg 3145728", "ten=Hoa"}; res.StatusCode != 303 || strings.Join(seen, "|") != strings.Join(want, "|") {
		t.Errorf("%d %q, want %q", res.StatusCode, seen, want)
	}
	if res := do(t, s, call{method: "POST", target: "/a", body: "cut off", header: http.Header{"Content-Type": {form.FormDataContentType()}}}); res.StatusCode != 422 {
		t.Errorf("a cut-off body got %d", res.StatusCode)
	}
}

func TestReadJSON(t *testing.T) {
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
		var in struct{ Name string }
		if err := web.ReadJSON(r, &in); err != nil {
			return err
		}
		return web.JSON(w, r, http.StatusCreated, map[string]string{"hello": in.Name})
	}}}})
	js := http.Header{"Content-Type": {"application/json"}}
	if res := do(t, s, call{method: "POST", target: "/a", body: `{"name":"Hoa"}`, header: js}); res.StatusCode != 201 || bodyOf(t, res) != "{\"hello\":\"Hoa\"}\n" {
		t.Errorf("got %d", res.StatusCode)
	}
	for _, bad := range []string{`{"name":"Hoa","x":1}`, `{"name":"Hoa"} {}`, `{`, `[]`} {
		if res := do(t, s, call{method: "POST", target: "/a", body: bad, header: js}); res.StatusCode != 422 {
			t.Errorf("%s got %d", bad, res.StatusCode)
		}
	}
}

func TestFlashIsShownOnce(t *testing.T) {
	bundle := mustBundle(t, `{"x.saved":"Đã lưu {n} hồ sơ"}`)
	shown := func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, 200, templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			for _, m := range web.TakeFlash(ctx) {
				fmt.Fprintf(w, "[%s %t]", i18n.TMap(ctx, m.Key, m.Args), m.Warn)
			}
			return nil
		}))
	}
	routes := []web.Route{
		{Pattern: "POST /luu", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			web.Flash(w, r, "x.saved", "n", 2)
			web.FlashWarning(w, r, "x.saved", "n", 1)
			return web.SeeOther(w, r, "/xem")
		}},
		get("GET /xem", shown),
		get("GET /khac", page("no layout here")),
	}
	s := newSite(t, web.Options{Bundle: bundle, Routes: routes})
	res := do(t, s, call{method: "POST", target: "/luu", body: "x=1"})
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookies %v", cookies)
	}
	header := http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}}
	if res := do(t, s, call{method: "GET", target: "/khac", header: header}); len(res.Cookies()) != 0 {
		t.Error("a page that shows no messages swallowed them")
	}
	res = do(t, s, call{method: "GET", target: "/xem", header: header})
	if body := bodyOf(t, res); body != "[Đã lưu 2 hồ sơ false][Đã lưu 1 hồ sơ true]" {
		t.Errorf("shown %q", body)
	}
	if c := res.Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("the message stays: %v", c)
	}
	forged := http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value[:len(cookies[0].Value)-2] + "AA"}}
	if body := bodyOf(t, do(t, s, call{method: "GET", target: "/xem", header: forged})); body != "" {
		t.Errorf("a forged message is shown: %q", body)
	}
	other := newSite(t, web.Options{Bundle: bundle, Routes: routes, Secret: bytes.Repeat([]byte("k"), 32)})
	if body := bodyOf(t, do(t, other, call{method: "GET", target: "/xem", header: header})); body != "" {
		t.Errorf("a message of another key is shown: %q", body)
	}
}

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

func TestClientIP(t *testing.T) {
	var got netip.Addr
	s := newSite(t, web.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Routes: []web.Route{get("GET /a", func(w http.ResponseWriter, r *http.Request) error {
		got = web.ClientIP(r)
		return web.Render(w, r, 200, text("x"))
	})}})
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.7:1234", "", "203.0.113.7"},
		{"203.0.113.7:1234", "198.51.100.1", "203.0.113.7"},
		{"10.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1234", "1.2.3.4, 198.51.100.1, 10.0.0.9", "198.51.100.1"},
		{"10.0.0.1:1234", "not an address", "10.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/a", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		s.ServeHTTP(httptest.NewRecorder(), r)
		if got.String() != c.want {
			t.Errorf("%s via %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
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

func TestHalfSentAnswersAreCut(t *testing.T) {
	s := newSite(t, web.Options{Routes: []web.Route{get("GET /a", func(w http.ResponseWriter, r *http.Request) error {
		_ = web.Render(w, r, 200, text("half"))
		return errors.New("and then the disk broke")
	})}})
	srv := httptest.NewServer(s)
	defer srv.Close()
	res, err := http.Get(srv.URL + "/a")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("a broken answer looked whole")
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
