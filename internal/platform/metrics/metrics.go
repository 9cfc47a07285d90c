// Package metrics gathers what operators measure, for Prometheus to fetch.
//
// There is no global registry: a Registry is made by the app and handed to the
// rooms as a prometheus.Registerer, so that two houses can live in one test.
// Labels take values from small fixed sets (a route's pattern, a job's kind),
// never from what people type.
package metrics

import (
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build says which program runs.
type Build struct {
	Version  string // "1.4.0"
	Revision string // commit
	Time     string // of the commit, RFC 3339
	Go       string // "go1.26.8"
}

// ReadBuild reads what the Go tool wrote into the program; version wins over it
// when it is not empty.
func ReadBuild(version string) Build {
	b := Build{Version: version}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Go = info.GoVersion
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	dirty := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+changes"
			}
		}
	}
	if b.Revision != "" {
		b.Revision += dirty
	}
	return b
}

// ShortVersion is a version as people read it: a release by its number, a build
// between releases by its day and revision, "2026-11-27 a9e6215".
func ShortVersion(version string) string {
	base, _, _ := strings.Cut(version, "+")
	parts := strings.Split(base, "-")
	if len(parts) < 3 {
		return version
	}
	stamp, revision := parts[len(parts)-2], parts[len(parts)-1]
	if i := strings.LastIndexByte(stamp, '.'); i >= 0 {
		stamp = stamp[i+1:]
	}
	day, err := time.Parse("20060102150405", stamp)
	if err != nil || len(revision) < 7 {
		return version
	}
	return day.Format(time.DateOnly) + " " + revision[:7]
}

// Registry is everything measured in one house. It is a prometheus.Registerer.
type Registry struct {
	*prometheus.Registry
	redacted *prometheus.CounterVec
}

// New makes a registry with the measurements of the process, the Go runtime and the build.
func New(b Build) (*Registry, error) {
	r := &Registry{
		Registry: prometheus.NewRegistry(),
		redacted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "motcua_log_redacted_total", Help: "Values blanked in the log because they looked personal; each is a bug in the module that logged it.",
		}, []string{"key"}),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "motcua_build_info", Help: "The running program; always 1.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "go": b.Go},
	}, func() float64 { return 1 })
	return r, errors.Join(r.Register(build), r.Register(r.redacted), r.Register(collectors.NewGoCollector()),
		r.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})))
}

// maxKey bounds the length of a label made from an attribute's key.
const maxKey = 40

// Redacted counts a value blanked in the log; it fits logx.Options.OnRedact.
func (r *Registry) Redacted(key string) {
	if len(key) > maxKey {
		key = key[:maxKey]
	}
	r.redacted.WithLabelValues(key).Inc()
}

// Handler serves the measurements. Who may fetch them is the route's rule.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.Registry, promhttp.HandlerOpts{Registry: r.Registry, MaxRequestsInFlight: 4})
}
