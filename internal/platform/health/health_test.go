package health_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"motcua/internal/platform/health"
	"motcua/internal/platform/module"
)

func get(t *testing.T, h http.Handler) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, strings.TrimSpace(string(b))
}

func TestAliveAndReadyAreTwoThings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		var asked atomic.Int64
		var log bytes.Buffer
		h := health.New([]module.Check{
			{Name: "db", Ready: true, Run: func(context.Context) error {
				asked.Add(1)
				if broken.Load() {
					return errors.New("secret host db-7 is away")
				}
				return nil
			}},
			{Name: "mail", Run: func(context.Context) error { return errors.New("never asked for readiness") }},
		}, slog.New(slog.NewTextHandler(&log, nil)))
		if code, body := get(t, h.Readiness()); code != 200 || body != `{"status":"ready","checks":{"db":"ok"}}` {
			t.Errorf("%d %s", code, body)
		}
		// However many ask, the database is asked once a second.
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { get(t, h.Readiness()) })
		}
		wg.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		broken.Store(true)
		time.Sleep(time.Second)
		if code, body := get(t, h.Readiness()); code != 503 || body != `{"status":"not ready","checks":{"db":"failed"}}` {
			t.Errorf("%d %s", code, body)
		}
		if code, _ := get(t, h.Live()); code != 200 {
			t.Error("a database that is away killed the process")
		}
		time.Sleep(time.Second)
		get(t, h.Readiness())
		broken.Store(false)
		time.Sleep(time.Second)
		if code, _ := get(t, h.Readiness()); code != 200 {
			t.Error("not ready again")
		}
		if s := log.String(); strings.Count(s, "not ready") != 1 || strings.Count(s, "ready again") != 1 || !strings.Contains(s, "db-7") {
			t.Errorf("the log says the changes, once each:\n%s", s)
		}
		h.Drain()
		if code, body := get(t, h.Readiness()); code != 503 || body != `{"status":"draining"}` {
			t.Errorf("%d %s", code, body)
		}
		if code, _ := get(t, h.Live()); code != 200 {
			t.Error("draining is not dying")
		}
	})
}

func TestOneBadCheckHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan bool)
		results := health.New([]module.Check{
			{Name: "deaf", Run: func(context.Context) error { <-release; return nil }},
			{Name: "mad", Run: func(context.Context) error { panic("mad") }},
			{Name: "well", Run: func(context.Context) error { return nil }},
		}, nil).All(t.Context())
		close(release)
		if len(results) != 3 || results[0].Name != "deaf" || !errors.Is(results[0].Err, context.DeadlineExceeded) || results[0].Took != 5*time.Second ||
			results[1].Err == nil || !strings.Contains(results[1].Err.Error(), "mad") || results[2].Err != nil {
			t.Errorf("%+v", results)
		}
	})
}

func TestAHouseWithoutChecksIsReady(t *testing.T) {
	h := health.New(nil, nil)
	for range 2 {
		if code, body := get(t, h.Readiness()); code != 200 || body != `{"status":"ready"}` {
			t.Errorf("%d %s", code, body)
		}
	}
}
