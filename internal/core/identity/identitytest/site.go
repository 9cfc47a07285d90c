package identitytest

import (
	"bytes"
	"errors"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// Site is the pages of some rooms, served for a test.
type Site struct {
	*House
	URL string
	log *lockedBuffer
}

// lockedBuffer is a log that requests write at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Log returns what the site has logged so far.
func (s *Site) Log() string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.b.String()
}

// Serve serves the routes of the modules behind identity's middleware and then
// the given ones. Words that are missing make the test fail where they are shown.
func (h *House) Serve(t testing.TB, modules []module.Module, more []web.Route, middleware ...func(http.Handler) http.Handler) *Site {
	t.Helper()
	s := &Site{House: h, log: new(lockedBuffer)}
	words := []fs.FS{web.Locales(), ui.Locales(), civil.Locales(), ident.Locales(), calendar.Locales(), journal.Locales(), job.Locales(),
		h.Org.Module().Locales, h.Identity.Module().Locales}
	routes := more
	for _, m := range modules {
		routes = append(routes, m.Routes...)
		words = append(words, m.Locales)
	}
	bundle, err := i18n.New(words...)
	if err != nil {
		t.Fatal(err)
	}
	bundle.OnMissing(func(lang, key string) { t.Errorf("%s: %q has no words", lang, key) })
	site, err := web.New(web.Options{
		Routes: routes, Bundle: bundle, ErrorPage: ui.ErrorPage, Log: slog.New(slog.NewTextHandler(s.log, nil)),
		Middleware: append([]func(http.Handler) http.Handler{h.Identity.Middleware}, middleware...),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Browser is somebody at the site: it keeps cookies and follows no redirect by itself.
type Browser struct {
	t      testing.TB
	site   *Site
	client *http.Client
}

// Browser opens a fresh one.
func (s *Site) Browser(t testing.TB) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t, s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Page is an answer.
type Page struct {
	Status   int
	Location string // path and query of a redirect
	Body     string
	Header   http.Header
}

// Text is the body without tags, entities resolved, blanks folded: what a person reads.
func (p Page) Text() string {
	text := tag.ReplaceAllString(script.ReplaceAllString(p.Body, " "), " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

var (
	tag    = regexp.MustCompile(`<[^>]*>`)
	script = regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>`)
)

// Has reports whether the body holds a piece of HTML.
func (p Page) Has(piece string) bool { return strings.Contains(p.Body, piece) }

// Do sends a request; body may be nil. Headers come in pairs.
func (b *Browser) Do(method, path, contentType string, body io.Reader, header ...string) Page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.site.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	raw, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		b.t.Fatal(err)
	}
	return Page{Status: res.StatusCode, Location: res.Header.Get("Location"), Body: string(raw), Header: res.Header}
}

// Get loads a page.
func (b *Browser) Get(path string) Page {
	b.t.Helper()
	return b.Do(http.MethodGet, path, "", nil)
}

// Post sends a form; fields come in pairs.
func (b *Browser) Post(path string, fields ...string) Page {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.Do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// SignIn signs an account of this package in, without the sign-in page.
func (b *Browser) SignIn(login string) {
	b.t.Helper()
	in, err := b.site.Identity.SignIn(b.t.Context(), login, Password, clientFor(login))
	if err != nil {
		b.t.Fatalf("sign-in of %s: %v", login, err)
	}
	rec := httptest.NewRecorder()
	b.site.Identity.Keep(rec, in)
	u, err := url.Parse(b.site.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, rec.Result().Cookies())
}

// Cookie returns the value of a cookie, "" when there is none.
func (b *Browser) Cookie(name string) string {
	u, err := url.Parse(b.site.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
