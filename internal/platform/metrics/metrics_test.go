package metrics_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/metrics"
)

func TestWhatIsMeasuredIsServed(t *testing.T) {
	b := metrics.ReadBuild("1.2.3")
	if b.Version != "1.2.3" || !strings.HasPrefix(b.Go, "go1.") {
		t.Errorf("%+v", b)
	}
	for range 2 { // two houses in one process do not meet
		r, err := metrics.New(b)
		if err != nil {
			t.Fatal(err)
		}
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "motcua_room_total", Help: "x"})
		if err := r.Register(c); err != nil {
			t.Fatal(err)
		}
		c.Add(3)
		r.Redacted("name")
		r.Redacted(strings.Repeat("k", 500))
		w := httptest.NewRecorder()
		r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		body, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"motcua_room_total 3\n", `motcua_build_info{go="` + b.Go, `version="1.2.3"} 1`, `motcua_log_redacted_total{key="name"} 1`, "go_goroutines ", "process_open_fds "} {
			if !strings.Contains(string(body), want) {
				t.Errorf("%q is not served", want)
			}
		}
		if strings.Contains(string(body), strings.Repeat("k", 41)) {
			t.Error("a label of any length is taken")
		}
	}
}

func TestShortVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.4.0": "v1.4.0", "1.2.3": "1.2.3", "(devel)": "(devel)", "": "", "v1.5.0-rc.1": "v1.5.0-rc.1",
		"v0.0.0-20261127231504-a9e6215f9900":         "2026-11-27 a9e6215",
		"v1.4.1-0.20261127231504-a9e6215f9900+dirty": "2026-11-27 a9e6215",
	} {
		if got := metrics.ShortVersion(version); got != want {
			t.Errorf("%q is shown as %q, want %q", version, got, want)
		}
	}
}
