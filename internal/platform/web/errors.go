package web

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

//go:embed locale/vi.json locale/en.json
var locales embed.FS

// Locales returns the words of the site itself (error pages), for the bundle.
// A site without any bundle speaks with these alone.
func Locales() fs.FS { return locales }

func withOwnWords(b *i18n.Bundle) (*i18n.Bundle, error) {
	if b != nil && b.Has(i18n.VI, "error.web.internal") {
		return b, nil
	}
	if b != nil {
		return nil, errors.New("web: the bundle lacks web.Locales()")
	}
	return i18n.New(locales)
}

// ErrorInfo is what an error page may show. Nothing in it comes from the cause.
type ErrorInfo struct {
	Status    int
	Code      string          // public code; "" for internal errors
	Ref       string          // reference, also in the log
	Title     string          // a few words: "Không tìm thấy trang"
	Sentence  string          // what happened and what to do now
	Fields    []FieldSentence // bad inputs, when the form could not be shown again
	RetryPath string          // where to try again; "" when trying again is no use
}

// FieldSentence is one bad input in words.
type FieldSentence struct{ Name, Sentence string }

// statusError is an error of the site itself whose status no errs.Kind has.
type statusError struct {
	status int
	code   string
	err    error
}

func (e statusError) Error() string {
	if e.err != nil {
		return e.code + ": " + e.err.Error()
	}
	return e.code
}

func (e statusError) Unwrap() error { return e.err }

// Fail answers with the page (or JSON problem) for err. Routes just return their
// error; Fail is for middleware and mounted handlers.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	if s := stateOf(r.Context()).site; s != nil {
		s.fail(w, r, err)
		return
	}
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}

// StatusOf returns the HTTP status that answers err.
func StatusOf(err error) int {
	status, _, _ := classify(err)
	return status
}

func classify(err error) (status int, code string, args map[string]any) {
	var se statusError
	var tooLarge *http.MaxBytesError
	e, isOurs := errs.As(err)
	switch {
	case errors.As(err, &se):
		return se.status, se.code, nil
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "web.body-too-large", map[string]any{"limit": tooLarge.Limit}
	case !isOurs && errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "web.timeout", nil
	case !isOurs:
		return http.StatusInternalServerError, "", nil
	}
	switch e.Kind {
	case errs.Invalid:
		status = http.StatusUnprocessableEntity
	case errs.NotFound:
		status = http.StatusNotFound
	case errs.Unauthenticated:
		status = http.StatusUnauthorized
	case errs.Conflict:
		status = http.StatusConflict
	case errs.TooLarge:
		status = http.StatusRequestEntityTooLarge
	case errs.RateLimited:
		status = http.StatusTooManyRequests
	case errs.Unavailable:
		status = http.StatusServiceUnavailable
	case errs.Full:
		status = http.StatusInsufficientStorage
	case errs.Gone:
		status = http.StatusGone
	default:
		return http.StatusInternalServerError, "", nil
	}
	return status, e.Code, e.Args
}

// fail turns an error into the one answer. It writes nothing when the answer has
// already begun or the client is gone.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	st := stateOf(r.Context())
	if errors.Is(err, context.Canceled) && timedOut(r.Context()) {
		err = statusError{http.StatusServiceUnavailable, "web.timeout", err}
	}
	status, code, args := classify(err)
	st.code = code
	if status >= 500 {
		st.cause = err
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil && !timedOut(r.Context()) {
		st.gone = true
		return
	}
	if began(w) {
		st.cause = err
		// Half an answer must not look whole: cut the connection.
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	s.cleanHeaders(h)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		comeAgain(h)
	}
	asJSON := wantsJSON(r)
	if status == http.StatusUnauthorized && !asJSON {
		s.sendToSignIn(w, r)
		return
	}
	info := s.describe(r, status, code, args, err)
	if asJSON {
		s.sendProblem(w, r, info)
		return
	}
	if r.Header.Get("HX-Request") == "true" {
		h.Set("HX-Retarget", "body")
		h.Set("HX-Reswap", "innerHTML")
	}
	if s.opts.ErrorPage != nil {
		buf := new(bytes.Buffer)
		renderErr := safely(func() error { return s.opts.ErrorPage(info).Render(r.Context(), buf) })
		if renderErr == nil {
			h.Set("Content-Type", "text/html; charset=utf-8")
			_ = send(w, r, status, buf.Bytes())
			return
		}
		st.cause = errors.Join(err, fmt.Errorf("render error page: %w", renderErr))
		s.sendPlain(w, r, status)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	_ = send(w, r, status, barePage(r.Context(), info))
}

// cleanHeaders forgets what the handler said about an answer it did not give. Cookies
// stay: the session may have been renewed on the way.
func (s *Site) cleanHeaders(h http.Header) {
	for _, name := range []string{"Content-Disposition", "Content-Encoding", "Content-Length", "Content-Type", "ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	setSecurityHeaders(h, s.opts.HTTPS)
}

func (s *Site) describe(r *http.Request, status int, code string, args map[string]any, err error) ErrorInfo {
	ctx := r.Context()
	generic := "web.status-" + fmt.Sprint(status)
	if !s.opts.Bundle.Has(i18n.VI, "title."+generic) {
		generic = "web.status-500"
	}
	info := ErrorInfo{
		Status: status, Code: code, Ref: Ref(ctx),
		Title: i18n.T(ctx, "title."+generic),
	}
	if code != "" && s.opts.Bundle.Has(i18n.Lang(ctx), "error."+code) {
		if limit, ok := args["limit"].(int64); ok && code == "web.body-too-large" {
			args = map[string]any{"limit": i18n.Bytes(ctx, limit)}
		}
		info.Sentence = i18n.TMap(ctx, "error."+code, args)
	} else {
		info.Sentence = i18n.T(ctx, "error."+generic)
	}
	if e, ok := errs.As(err); ok && status < 500 {
		for _, f := range e.Fields {
			info.Fields = append(info.Fields, FieldSentence{f.Name, i18n.TMap(ctx, "error."+f.Code, f.Args)})
		}
	}
	if status >= 500 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		info.RetryPath = LocalURL(r.URL.RequestURI())
	}
	return info
}

// sendToSignIn brings the person back to the page they were on after signing in.
// A POST cannot be repeated for them: they return to the page with the form.
func (s *Site) sendToSignIn(w http.ResponseWriter, r *http.Request) {
	next := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		next = "/"
		if ref, err := url.Parse(r.Referer()); err == nil && ref.Host == r.Host {
			next = ref.RequestURI()
		}
	}
	target := s.opts.SignInPath
	if next = LocalURL(next); next != "/" {
		target += "?next=" + url.QueryEscape(next)
	}
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", target)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// problem is RFC 9457 with our code, reference and fields. It never echoes a value.
type problem struct {
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code,omitempty"`
	Reference string         `json:"reference"`
	Errors    []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

func (s *Site) sendProblem(w http.ResponseWriter, r *http.Request, info ErrorInfo) {
	p := problem{Title: info.Title, Status: info.Status, Detail: info.Sentence, Code: info.Code, Reference: info.Ref}
	for _, f := range info.Fields {
		p.Errors = append(p.Errors, problemField{f.Name, f.Sentence})
	}
	b, err := json.Marshal(p)
	if err != nil { // strings and ints cannot fail to encode
		b = []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	_ = send(w, r, info.Status, append(b, '\n'))
}

// wantsJSON reports whether a program asks. Browsers accept text/html.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	if strings.Contains(accept, "text/html") {
		return false
	}
	return strings.Contains(accept, "json") || strings.HasPrefix(r.URL.Path, "/api/") ||
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// refMark stands for the reference in a prepared page.
const refMark = "@@REF@@"

// preparePlainPages renders the pages for the moments when nothing else can be
// trusted: our fault, and the house is full.
func (s *Site) preparePlainPages() {
	s.plain = map[string][]byte{}
	for _, lang := range i18n.Languages() {
		for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable} {
			s.plain[fmt.Sprint(lang, status)] = s.preparePlain(lang, status)
		}
	}
}

func (s *Site) preparePlain(lang string, status int) []byte {
	st := &state{site: s, ref: refMark, url: &url.URL{Path: "/"}, method: http.MethodGet}
	ctx := i18n.WithLang(i18n.WithBundle(context.WithValue(context.Background(), requestKey, st), s.opts.Bundle), lang)
	code := "web.internal"
	if status == http.StatusServiceUnavailable {
		code = "web.busy"
	}
	info := ErrorInfo{
		Status: status, Ref: refMark,
		Title:    i18n.T(ctx, fmt.Sprint("title.web.status-", status)),
		Sentence: i18n.T(ctx, "error."+code),
	}
	if s.opts.ErrorPage != nil {
		buf := new(bytes.Buffer)
		if err := safely(func() error { return s.opts.ErrorPage(info).Render(ctx, buf) }); err == nil {
			return buf.Bytes()
		}
	}
	return barePage(ctx, info)
}

// barePage is the page of a house without a stylesheet.
func barePage(ctx context.Context, info ErrorInfo) []byte {
	return fmt.Appendf(nil, `<!doctype html><html lang="%s"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title><main><h1>%s</h1><p>%s</p><p>%s %s</p></main></html>`,
		i18n.Lang(ctx), html.EscapeString(info.Title), html.EscapeString(info.Title), html.EscapeString(info.Sentence),
		html.EscapeString(i18n.T(ctx, "web.reference")), html.EscapeString(info.Ref))
}

// sendPlain sends a prepared page; it needs nothing but memory.
func (s *Site) sendPlain(w http.ResponseWriter, r *http.Request, status int) {
	prepared := http.StatusInternalServerError
	if status == http.StatusServiceUnavailable {
		prepared = status
	}
	body := bytes.ReplaceAll(s.plain[fmt.Sprint(i18n.Lang(r.Context()), prepared)], []byte(refMark), []byte(Ref(r.Context())))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		comeAgain(h)
	}
	_ = send(w, r, status, body)
}

// safely turns a panic of f into an error.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}
