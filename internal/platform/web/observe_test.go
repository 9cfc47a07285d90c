package web_test

import (
	"bytes"
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
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/web"
)

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

// When many come at once, those who only read are served before those who send,
// and what is dear gets the fewest places.
func TestWhoIsServedFirst(t *testing.T) {
	entered, release := make(chan bool), make(chan bool)
	hold := func(w http.ResponseWriter, r *http.Request) error {
		entered <- true
		<-release
		return web.JSON(w, r, 200, "ok")
	}
	reg := prometheus.NewRegistry()
	s := newSite(t, web.Options{MaxInFlight: 16, Registerer: reg, Routes: []web.Route{
		{Pattern: "POST /in", Access: anyone(), Handle: hold, Heavy: true},
		{Pattern: "POST /a", Access: anyone(), Handle: hold},
		{Pattern: "GET /a", Access: anyone(), Handle: hold},
	}, Mounts: []web.Mount{{Pattern: "GET /readyz", Access: anyone(), Vital: true, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}}})
	var wg sync.WaitGroup
	// fill sends n requests that must be let in, and one more that must not.
	fill := func(method, path string, n int) {
		t.Helper()
		for range n {
			wg.Go(func() {
				if res := do(t, s, call{method: method, target: path}); res.StatusCode != 200 {
					t.Errorf("%s %s: %d", method, path, res.StatusCode)
				}
			})
			<-entered
		}
		res := do(t, s, call{method: method, target: path, header: http.Header{"Accept": {"application/json"}}})
		if body := bodyOf(t, res); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.Contains(body, `"code":"web.busy"`) {
			t.Errorf("one %s %s too many: %d %s", method, path, res.StatusCode, body)
		}
	}
	fill("POST", "/in", 2)
	fill("POST", "/a", 10) // with those two, three quarters
	fill("GET", "/a", 4)
	if res := do(t, s, call{method: "GET", target: "/readyz"}); res.StatusCode != 200 {
		t.Errorf("a full house does not say how it is: %d", res.StatusCode)
	}
	close(release)
	wg.Wait()
	got, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got {
		for _, m := range f.GetMetric() {
			switch {
			case f.GetName() == "motcua_http_in_flight" && m.GetGauge().GetValue() != 0:
				t.Errorf("places were not given back: %v", m)
			case f.GetName() == "motcua_http_shed_total" && m.GetLabel()[0].GetValue() != "stream" && m.GetCounter().GetValue() != 1:
				t.Errorf("refusals are not counted: %v", m)
			}
		}
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

// slowBody sends n pieces with a pause before each, then ends.
type slowBody struct {
	piece []byte
	n     int
	pause time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.n == 0 {
		return 0, io.EOF
	}
	b.n--
	time.Sleep(b.pause)
	return copy(p, b.piece), nil
}

func TestSlowLineIsNotSlowWork(t *testing.T) {
	for _, c := range []struct {
		name string
		body slowBody
		work time.Duration
		want int
	}{
		{"five minutes over a poor line", slowBody{bytes.Repeat([]byte("x"), 4000), 300, time.Second}, time.Second, 303},
		{"one byte now and then", slowBody{[]byte("x"), 300, 5 * time.Second}, 0, 503},
		{"a poor line, then work without end", slowBody{bytes.Repeat([]byte("x"), 4000), 60, time.Second}, time.Minute, 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), MaxBody: 1 << 30, Handle: func(w http.ResponseWriter, r *http.Request) error {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						return err
					}
					select {
					case <-time.After(c.work):
						if err := r.Context().Err(); err != nil {
							return fmt.Errorf("store: %w", err)
						}
						return web.SeeOther(w, r, "/")
					case <-r.Context().Done():
						return fmt.Errorf("store: %w", r.Context().Err())
					}
				}}}})
				w := httptest.NewRecorder()
				s.ServeHTTP(w, httptest.NewRequest("POST", "/a", &c.body))
				if w.Code != c.want {
					t.Errorf("got %d, want %d", w.Code, c.want)
				}
			})
		})
	}
}
