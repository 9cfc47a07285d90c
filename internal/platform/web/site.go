package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/a-h/templ"
	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// Options is what a site is assembled from. The zero value of every field but
// Routes works; New says what is missing.
type Options struct {
	Routes []Route
	Mounts []Mount

	Brand  Brand
	Bundle *i18n.Bundle // the words of all rooms, web.Locales() and ui.Locales() among them
	Assets *Assets      // stylesheet, fonts, scripts; nil serves none

	// ErrorPage draws the page for an error; package ui has it. When it is nil or
	// itself fails, a plain page prepared at start is sent.
	ErrorPage func(ErrorInfo) templ.Component

	// Middleware runs after the site's own and before the routes, first one
	// outermost: sessions, identity (which sets the [Viewer] and calls [SetActor]).
	// It reports errors with [Fail].
	Middleware []func(http.Handler) http.Handler

	Log        *slog.Logger          // nil discards
	Registerer prometheus.Registerer // nil measures nothing

	Secret         []byte         // signs one-time messages; at least 32 bytes, the same on all replicas. Random when nil
	HTTPS          bool           // the public address is https: cookies Secure, HSTS sent
	TrustedOrigins []string       // other origins whose forms may post here: "https://cong.tinh.gov.vn"
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	SignInPath     string         // default "/dang-nhap"
	MaxInFlight    int            // requests served at once before shedding, see [gate]; default 256
	MaxStreams     int            // open event streams (Timeout < 0); default 1024

	// Closed says why nothing is taken in for the moment (errs.Full, errs.Unavailable),
	// or nil. Reading goes on, and so do routes with Always.
	Closed func() error
}

// Site is the assembled program as one http.Handler.
type Site struct {
	opts    Options
	mux     *http.ServeMux
	routes  map[string]served // by full pattern
	handler http.Handler      // middleware chain ending in the mux
	guard   *http.CrossOriginProtection
	metrics *metrics
	plain   map[string][]byte // error pages prepared at start: lang + status

	gate *gate
}

// served is what the site remembers about a route or a mount.
type served struct {
	access      Access
	maxBody     int64
	timeout     time.Duration
	crossOrigin bool
	always      bool
	heavy       bool
	vital       bool
}

// New assembles a site. It returns every fault of the tables at once: a route
// without access rule, without handler, without method, or with a pattern that
// another route already claims.
func New(opts Options) (*Site, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.SignInPath == "" {
		opts.SignInPath = "/dang-nhap"
	}
	if opts.MaxInFlight == 0 {
		opts.MaxInFlight = 256
	}
	if opts.MaxStreams == 0 {
		opts.MaxStreams = 1024
	}
	if opts.Secret == nil {
		opts.Secret = make([]byte, 32)
		if _, err := rand.Read(opts.Secret); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	if len(opts.Secret) < 32 {
		return nil, errors.New("web: Secret needs at least 32 bytes")
	}
	s := &Site{opts: opts, mux: http.NewServeMux(), routes: map[string]served{}}
	own, err := withOwnWords(opts.Bundle)
	if err != nil {
		return nil, err
	}
	s.opts.Bundle = own

	var faults []error
	for _, r := range opts.Routes {
		if err := s.add(r); err != nil {
			faults = append(faults, err)
		}
	}
	for _, m := range opts.Mounts {
		if err := s.mount(m); err != nil {
			faults = append(faults, err)
		}
	}
	s.guard = http.NewCrossOriginProtection()
	for _, o := range opts.TrustedOrigins {
		if err := s.guard.AddTrustedOrigin(o); err != nil {
			faults = append(faults, fmt.Errorf("web: trusted origin: %w", err))
		}
	}
	s.gate = newGate(opts.MaxInFlight, opts.MaxStreams)
	if s.metrics, err = newMetrics(opts.Registerer, s.gate); err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}

	s.handler = s.dispatch()
	for _, wrap := range slices.Backward(opts.Middleware) {
		s.handler = wrap(s.handler)
	}
	s.preparePlainPages()
	return s, nil
}

// Routes lists every pattern with the name of its rule, sorted: the rows of the access matrix.
func (s *Site) Routes() []Route {
	var out []Route
	for p, r := range s.routes {
		out = append(out, Route{Pattern: p, Access: r.access, MaxBody: r.maxBody, Timeout: r.timeout})
	}
	slices.SortFunc(out, func(a, b Route) int { return strings.Compare(a.Pattern, b.Pattern) })
	return out
}

func (s *Site) add(r Route) error {
	if method, path, ok := strings.Cut(r.Pattern, " "); !ok || method == "" || !strings.HasPrefix(strings.TrimLeft(path, " "), "/") {
		return fmt.Errorf("web: route %q: a pattern is \"METHOD /path\"", r.Pattern)
	}
	if r.Handle == nil {
		return fmt.Errorf("web: route %q has no handler", r.Pattern)
	}
	if r.Access.Name == "" || r.Access.Check == nil {
		return fmt.Errorf("web: route %q names no access rule", r.Pattern)
	}
	return s.register(r.Pattern, served{access: r.Access, maxBody: r.MaxBody, timeout: r.Timeout, always: r.Always, heavy: r.Heavy},
		http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			err := r.Access.Check(req.Context())
			if err == nil {
				err = r.Handle(w, req)
			}
			if err != nil {
				s.fail(w, req, err)
			}
		}))
}

func (s *Site) mount(m Mount) error {
	if m.Handler == nil {
		return fmt.Errorf("web: mount %q has no handler", m.Pattern)
	}
	if m.Access.Name == "" || m.Access.Check == nil {
		return fmt.Errorf("web: mount %q names no access rule", m.Pattern)
	}
	return s.register(m.Pattern, served{access: m.Access, maxBody: m.MaxBody, timeout: m.Timeout, crossOrigin: m.CrossOrigin, vital: m.Vital},
		http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if err := m.Access.Check(req.Context()); err != nil {
				s.fail(w, req, err)
				return
			}
			m.Handler.ServeHTTP(w, req)
			if req.Pattern != m.Pattern { // the mounted mux found a finer pattern
				stateOf(req.Context()).pattern = req.Pattern
			}
		}))
}

// register turns the mux's panic on a conflicting pattern into an error.
func (s *Site) register(pattern string, sv served, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("web: %v", p)
		}
	}()
	s.mux.Handle(pattern, h)
	s.routes[pattern] = sv
	return nil
}

// state is what one request gathers on its way, for the layout and the log.
type state struct {
	site    *Site
	ref     string
	method  string
	url     *url.URL
	referer string
	pattern string
	lang    string
	actor   string
	cause   error  // what went wrong inside; for the log only
	code    string // public code of the error, if any
	gone    bool   // the client closed the connection
	flash   flashes

	statements *atomic.Int64 // of SQL that the request ran
	once       map[any]any   // what was worked out for this request; see [Once]
}

func stateOf(ctx context.Context) *state {
	if st, ok := ctx.Value(requestKey).(*state); ok {
		return st
	}
	return &state{url: &url.URL{Path: "/"}}
}

// BrandOf returns whose door this is.
func BrandOf(ctx context.Context) Brand {
	if s := stateOf(ctx).site; s != nil {
		return s.opts.Brand
	}
	return Brand{}
}

// Ref returns the reference of the request: eight characters that a person can
// read over the telephone and an operator finds in the log.
func Ref(ctx context.Context) string { return stateOf(ctx).ref }

// Path returns the path of the request, for marking the current entry of a
// navigation. It may hold personal identifiers and must not be logged.
func Path(ctx context.Context) string { return stateOf(ctx).url.Path }

// SetActor notes the account id of whoever acts, for the log event of the request.
func SetActor(ctx context.Context, accountID string) { stateOf(ctx).actor = accountID }

// Asset returns the fingerprinted URL of a built asset, such as "app.css".
func Asset(ctx context.Context, name string) string {
	if s := stateOf(ctx).site; s != nil && s.opts.Assets != nil {
		return s.opts.Assets.URL(name)
	}
	return staticPrefix + name
}

// LangURL returns the address of the current page in another language. The page
// that answers a bad form stands at a POST address, so there it is the page the form was on.
func LangURL(ctx context.Context, lang string) string {
	st := stateOf(ctx)
	u := &url.URL{Path: st.url.Path, RawQuery: st.url.RawQuery}
	if st.method != "" && st.method != http.MethodGet && st.method != http.MethodHead {
		u = &url.URL{Path: "/"}
		if ref, err := url.Parse(st.referer); err == nil && strings.HasPrefix(ref.Path, "/") {
			u = &url.URL{Path: ref.Path, RawQuery: ref.RawQuery}
		}
	}
	q := u.Query()
	q.Set("lang", lang)
	u.RawQuery = q.Encode()
	return LocalURL(u.String())
}

// ServeHTTP serves one request from first byte to log line.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	_, pattern := s.mux.Handler(r)
	st := &state{site: s, ref: id.Public(8), method: r.Method, url: r.URL, pattern: pattern, referer: r.Header.Get("Referer")}
	ctx := context.WithValue(r.Context(), requestKey, st)
	ctx = i18n.WithBundle(ctx, s.opts.Bundle)
	ctx, st.statements = sqldb.WithCounter(ctx)
	r = r.WithContext(ctx)

	rec := &recorder{ResponseWriter: w}
	setSecurityHeaders(rec.Header(), s.opts.HTTPS)
	rec.Header().Set("X-Reference", st.ref)
	defer s.finish(rec, r, st, start)
	defer s.recoverPanic(rec, r, st)

	if s.serveStatic(rec, r, st) {
		return
	}
	s.serveDynamic(rec, r, st)
}

func (s *Site) serveDynamic(rec *recorder, r *http.Request, st *state) {
	zip := newCompressor(rec, r)
	defer zip.Close()

	r = r.WithContext(s.withLanguage(zip, r))
	sv := s.routes[st.pattern]
	k := kindOf(r.Method, sv)
	leave, ok := s.gate.enter(k)
	if !ok {
		s.shed(zip, r, st, k)
		return
	}
	defer leave()

	if sv.timeout >= 0 {
		timeout := sv.timeout
		if timeout == 0 {
			timeout = DefaultTimeout
		}
		var done func()
		r, done = bounded(rec.ResponseWriter, r, timeout)
		defer done()
	}
	if sv.maxBody >= 0 && r.Body != nil {
		limit := sv.maxBody
		if limit == 0 {
			limit = DefaultMaxBody
		}
		// The server's own writer, so that it can close a connection that sends too much.
		r.Body = http.MaxBytesReader(rec.ResponseWriter, r.Body, limit)
	}
	if !sv.crossOrigin {
		if err := s.guard.Check(r); err != nil {
			s.fail(zip, r, statusError{http.StatusForbidden, "web.cross-site", err})
			return
		}
	}
	if s.opts.Closed != nil && !sv.always && !reads(r.Method) {
		if err := s.opts.Closed(); err != nil {
			s.fail(zip, r, err)
			return
		}
	}
	s.readFlash(r)
	s.handler.ServeHTTP(zip, r)
}

// reads reports whether a method changes nothing.
func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// dispatch is the end of the chain: the mux, with our pages in place of its plain ones.
func (s *Site) dispatch() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := s.mux.Handler(r)
		if pattern != "" {
			s.mux.ServeHTTP(w, r)
			return
		}
		// No route. The mux's own handler knows whether the method or the path is wrong.
		probe := &probeWriter{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			s.fail(w, r, statusError{http.StatusMethodNotAllowed, "web.method-not-allowed", nil})
			return
		}
		s.fail(w, r, statusError{http.StatusNotFound, "web.not-found", nil})
	})
}

// langCookie keeps the chosen language for a year; it says nothing about the person.
const langCookie = "lang"

// withLanguage takes the language from ?lang=, which is remembered, or from the cookie.
func (s *Site) withLanguage(w http.ResponseWriter, r *http.Request) context.Context {
	lang := r.URL.Query().Get("lang")
	if lang == i18n.VI || lang == i18n.EN {
		http.SetCookie(w, &http.Cookie{
			Name: langCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, Secure: s.opts.HTTPS, SameSite: http.SameSiteLaxMode,
		})
	} else if c, err := r.Cookie(langCookie); err == nil {
		lang = c.Value
	}
	ctx := i18n.WithLang(r.Context(), lang)
	stateOf(ctx).lang = i18n.Lang(ctx)
	return ctx
}

// ClientIP returns the address of the caller, seen through the trusted proxies. It is
// personal data: good for counting attempts, never for the log.
func ClientIP(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := peer.Addr().Unmap()
	s := stateOf(r.Context()).site
	if s == nil {
		return ip
	}
	trusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(s.opts.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	// Walk from the nearest hop outwards: the first address that is not one of our
	// proxies is the client; whatever stands before it, the client may have invented.
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !trusted(ip) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		ip = next.Unmap()
	}
	return ip
}

type probeWriter struct {
	header http.Header
	status int
}

func (p *probeWriter) Header() http.Header         { return p.header }
func (p *probeWriter) Write(b []byte) (int, error) { return len(b), nil }
func (p *probeWriter) WriteHeader(status int)      { p.status = status }
