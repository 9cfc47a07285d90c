package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/i18n"
)

// recorder remembers what was sent, for the log and for recovery.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection (flush, deadlines, hijack).
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// began reports whether the answer has begun, looking through every wrapper.
func began(w http.ResponseWriter) bool {
	for {
		switch v := w.(type) {
		case *recorder:
			return v.status != 0
		case *compressor:
			if v.decided {
				return true
			}
			w = v.rec
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return false
		}
	}
}

func noteGone(ctx context.Context, _ error) { stateOf(ctx).gone = true }

// recoverPanic answers a panic with the page prepared at start.
func (s *Site) recoverPanic(rec *recorder, r *http.Request, st *state) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so, too
		// Asked for: log the event, then let net/http cut the connection.
		defer panic(p)
		return
	}
	st.cause = panicError{value: p, stack: debug.Stack()}
	if rec.status != 0 {
		defer panic(http.ErrAbortHandler)
		return
	}
	s.cleanHeaders(rec.Header())
	s.sendPlain(rec, r.WithContext(i18n.WithLang(r.Context(), st.lang)), http.StatusInternalServerError)
}

type panicError struct {
	value any
	stack []byte
}

func (p panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// finish writes the one log event of a request and measures it.
func (s *Site) finish(rec *recorder, r *http.Request, st *state, start time.Time) {
	took := time.Since(start)
	status := rec.status
	if st.gone && status == 0 {
		status = 499 // nginx's number: the client closed the connection first
	} else if status == 0 {
		status = http.StatusOK
	}
	pattern := st.pattern
	if pattern == "" {
		pattern = "none"
	}
	s.metrics.observe(method(r.Method), pattern, status, took, st.statements)

	attrs := []slog.Attr{
		slog.String("method", method(r.Method)),
		slog.String("pattern", pattern),
		slog.Int("status", status),
		slog.Duration("took", took.Round(time.Microsecond)),
		slog.Int64("bytes", rec.bytes),
		slog.String("ref", st.ref),
	}
	if st.actor != "" {
		attrs = append(attrs, slog.String("actor", st.actor))
	}
	if st.code != "" {
		attrs = append(attrs, slog.String("code", st.code))
	}
	level := slog.LevelInfo
	if st.cause != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", scrub(st.cause)))
		var p panicError
		if errors.As(st.cause, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	s.opts.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// method keeps invented methods from becoming labels without end.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

var (
	longDigits = regexp.MustCompile(`\d[\d .-]{4,}\d`)
	mailLike   = regexp.MustCompile(`[^\s"'<>]+@[^\s"'<>]+`)
	quoted     = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|'[^']*'")
	notASCII   = regexp.MustCompile(`[^\s"]*[^\x00-\x7F]+[^\s"]*`)
	titleCase  = regexp.MustCompile(`(^|[\s(:])[A-Z][a-z]+\b`)
	capitals   = regexp.MustCompile(`\b[A-Z]+(?: [A-Z]+)+\b`)
	plainName  = regexp.MustCompile("^[\"'`][a-z0-9_.:/-]{0,80}[\"'`]$")
)

// scrub makes an error's text fit for the log: causes sometimes quote what a
// person typed (strconv does), so numbers that could be a citizen or telephone
// number, addresses of mail, words with Vietnamese letters or written like names (our
// own messages are lower case), and anything quoted that is not a lower-case technical
// name are masked. The shape of the message stays. It is a net under the rule
// that causes hold no personal data, not a licence to put them there.
func scrub(err error) string {
	text := err.Error()
	var num *strconv.NumError
	if errors.As(err, &num) && num.Num != "" {
		text = strings.ReplaceAll(text, strconv.Quote(num.Num), `"?"`)
	}
	text = quoted.ReplaceAllStringFunc(text, func(q string) string {
		if plainName.MatchString(q) && !longDigits.MatchString(q) {
			return q
		}
		return `"?"`
	})
	text = notASCII.ReplaceAllString(text, "?")
	text = titleCase.ReplaceAllString(text, "$1?")
	text = capitals.ReplaceAllStringFunc(text, func(words string) string {
		switch words {
		case "NOT NULL", "FOREIGN KEY", "PRIMARY KEY", "ON CONFLICT", "GROUP BY", "ORDER BY":
			return words
		}
		return "?"
	})
	text = mailLike.ReplaceAllString(text, "?@?")
	text = longDigits.ReplaceAllString(text, "?")
	if len(text) > 2000 {
		text = text[:2000]
	}
	return text
}

type metrics struct {
	seconds    *prometheus.HistogramVec
	statements *prometheus.HistogramVec
	refused    *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, g *gate) (*metrics, error) {
	if reg == nil {
		return nil, nil
	}
	m := &metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "motcua_http_request_seconds",
			Help:    "Time to serve a request, by route pattern.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30},
		}, []string{"method", "route", "status"}),
		statements: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "motcua_http_request_statements",
			Help:    "SQL statements run to serve a request, by route pattern.",
			Buckets: []float64{0, 1, 2, 5, 10, 20, 50, 100},
		}, []string{"method", "route"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "motcua_http_shed_total",
			Help: "Requests refused because too many were in flight, by kind.",
		}, []string{"kind"}),
	}
	all := []prometheus.Collector{m.seconds, m.statements, m.refused}
	for k := range kinds {
		m.refused.WithLabelValues(k.name()) // there from the start, so that a rate can be seen
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "motcua_http_in_flight", Help: "Requests being served, by kind; heavy ones are counted among those that send, too.",
			ConstLabels: prometheus.Labels{"kind": k.name()},
		}, func() float64 { return float64(g.now[k].Load()) }))
	}
	for _, c := range all {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("web: metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) observe(method, route string, status int, took time.Duration, statements *atomic.Int64) {
	if m == nil {
		return
	}
	m.seconds.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
	if statements != nil {
		m.statements.WithLabelValues(method, route).Observe(float64(statements.Load()))
	}
}

func (m *metrics) shed(k kind) {
	if m != nil {
		m.refused.WithLabelValues(k.name()).Inc()
	}
}
