package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/core/identity"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func settings(t testing.TB, url string) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	cfg.Database.URL = config.Address(url)
	cfg.Limits.KeepFree = 1
	return cfg
}

// openHouse opens a house that goes with the test.
func openHouse(t testing.TB, cfg config.Config) *App {
	t.Helper()
	log := slog.New(slog.NewTextHandler(said{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := Open(t.Context(), Options{Config: cfg, Version: "1.2.3", Development: true, CheapPasswords: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// said shows what the house says when a test fails.
type said struct{ t testing.TB }

func (s said) Write(b []byte) (int, error) {
	s.t.Helper()
	s.t.Logf("%s", b)
	return len(b), nil
}

func eachEngine(t *testing.T, test func(t *testing.T, cfg config.Config)) {
	t.Run("sqlite", func(t *testing.T) { test(t, settings(t, "")) })
	t.Run("postgres", func(t *testing.T) { test(t, settings(t, sqldbtest.PostgresURL(t))) })
}

func get(t testing.TB, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	r.RemoteAddr = "127.0.0.1:4711"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The whole house stands up on both engines, serves, and closes in order with
// everything sealed.
func TestHouseServesAndCloses(t *testing.T) {
	eachEngine(t, func(t *testing.T, cfg config.Config) {
		a := openHouse(t, cfg)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ready, done := make(chan struct{}), make(chan error, 1)
		go func() { done <- a.Serve(ctx, ln, func() { close(ready) }) }()
		select {
		case <-ready:
		case err := <-done:
			t.Fatal(err)
		}
		base := "http://" + ln.Addr().String()
		fetch := func(path string) (int, string, http.Header) {
			t.Helper()
			res, err := http.Get(base + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if err := errors.Join(err, res.Body.Close()); err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, string(body), res.Header
		}
		for path, want := range map[string]string{
			"/healthz": `"ok"`, "/readyz": `"ready"`, "/metrics": "motcua_build_info", "/openapi.json": `"openapi":"3.1`,
			"/": "<html", "/styleguide": "<html", "/thu-tuc": "<html",
		} {
			status, body, header := fetch(path)
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s: %d %.300s", path, status, body)
			}
			if header.Get("Content-Security-Policy") == "" || header.Get("X-Reference") == "" {
				t.Errorf("%s: no security headers", path)
			}
		}
		// What commits while the house closes is sealed before it is closed.
		if err := a.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := a.Rooms.Journal.Append(t.Context(), tx, journal.Event{Stream: "test:1", Type: "test.last"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		rep, err := journal.Verify(t.Context(), a.db, journal.VerifyOptions{Dir: cfg.AuditDir()})
		if err != nil || !rep.OK() || rep.Unsealed != 0 || rep.Unsigned != 0 || rep.Sealed == 0 {
			t.Fatalf("after closing: %v %+v", err, rep)
		}
		if ok, _ := a.Health.Ready(t.Context()); ok {
			t.Error("a closed house says it is ready")
		}
		if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
			t.Error("a closed house listens")
		}
	})
}

// A second start finds everything as it was left, quickly.
func TestSecondStart(t *testing.T) {
	cfg := settings(t, "")
	for range 2 {
		a, err := Open(t.Context(), Options{Config: cfg, CheapPasswords: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	copies, err := filepath.Glob(filepath.Join(cfg.Dir, copyPrefix+"*"))
	if err != nil || len(copies) != 0 {
		t.Errorf("copies although nothing was upgraded: %v %v", copies, err)
	}
	secret, err := os.Stat(filepath.Join(cfg.Dir, secretFile))
	if err != nil || secret.Mode().Perm() != 0o600 {
		t.Errorf("secret: %v %v", secret, err)
	}
}

// A house whose ledger was set back does not open its door.
func TestRewoundLedgerDoesNotServe(t *testing.T) {
	cfg := settings(t, "")
	a := openHouse(t, cfg)
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := a.Rooms.Journal.Append(t.Context(), tx, journal.Event{Stream: "test:1", Type: "test.a"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE journal_tree SET size = 0`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	again := openHouse(t, cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Serve(t.Context(), ln, nil); !errors.Is(err, journal.ErrRewound) {
		t.Fatalf("served: %v", err)
	}
}

// Before an upgrade the embedded database is copied, whole, and only the newest
// copies are kept.
func TestUpgradeCopiesFirst(t *testing.T) {
	cfg := settings(t, "")
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	o := Options{Config: cfg, CheapPasswords: true, Now: func() time.Time { return now }}
	a, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	before, err := hasSteps(t.Context(), a.db)
	if err != nil || !before {
		t.Fatal(before, err)
	}
	var copies []string
	for i := range keepCopies + 2 {
		now = now.Add(time.Hour)
		// A later version brings one more step.
		a.modules = append(a.modules, module.Module{Name: "later" + string(rune('a'+i)), Migrations: fstest.MapFS{
			"0001_x.sql": &fstest.MapFile{Data: []byte("CREATE TABLE later" + string(rune('a'+i)) + "_x (id TEXT);\n")}}})
		if err := a.upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		if copies, err = filepath.Glob(filepath.Join(cfg.Dir, copyPrefix+"*.db")); err != nil {
			t.Fatal(err)
		}
		if want := min(i+1, keepCopies); len(copies) != want {
			t.Fatalf("upgrade %d: %d copies, want %d", i, len(copies), want)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	// The copy is a database that the version before can open; it lacks the last step.
	copied, err := sqldb.Open(t.Context(), "sqlite:"+copies[len(copies)-1], sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var last int
	if err := copied.QueryRow(t.Context(), `SELECT COUNT(*) FROM schema_step WHERE line = 'latere'`).Scan(&last); err != nil || last != 0 {
		t.Errorf("the copy holds the new step: %d %v", last, err)
	}
	if err := copied.Close(); err != nil {
		t.Fatal(err)
	}
	// The program that knows fewer steps refuses the upgraded one.
	if _, err := Open(t.Context(), o); err != nil {
		t.Logf("steps of unknown rooms: %v", err)
	}
}

func TestMetricsAreForTheNeighbourhood(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	for _, test := range []struct {
		from, header string
		want         int
	}{
		{"127.0.0.1:1", "", 200}, {"10.1.2.3:1", "", 200}, {"203.0.113.7:1", "", 404}, {"127.0.0.1:1", "X-Forwarded-For", 404},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		r.RemoteAddr = test.from
		if test.header != "" {
			r.Header.Set(test.header, "203.0.113.7")
		}
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("from %s (%s): %d, want %d", test.from, test.header, w.Code, test.want)
		}
	}
}

// asked is an operation that gives back what rooms give back.
type asked struct {
	Body struct {
		CitizenNo string `json:"citizen_no" maxLength:"12"`
		Fail      string `json:"fail"`
	}
}

// Errors of operations are those of pages: our words, code and reference, no
// value of what was sent, the cause in the log only.
func TestErrorsOfOperations(t *testing.T) {
	var log bytes.Buffer
	cfg := settings(t, "")
	a, err := open(t.Context(), Options{Config: cfg, CheapPasswords: true, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	a.modules = append(a.modules, module.Module{Name: "odd", API: func(api huma.API) {
		huma.Register(api, huma.Operation{OperationID: "odd", Method: http.MethodPost, Path: "/api/v1/odd"}, func(_ context.Context, in *asked) (*struct{}, error) {
			switch in.Body.Fail {
			case "conflict":
				return nil, errs.NewConflict("web.status-409")
			case "fields":
				return nil, errs.NewInvalid(errs.Bad("citizen_no", "api.bad-request"))
			case "huma":
				return nil, huma.Error403Forbidden("secret words")
			case "panic":
				panic("secret words")
			}
			return nil, errors.New("secret words about 001099000123")
		})
	}})
	if err := a.upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.assemble(); err != nil {
		t.Fatal(err)
	}
	post := func(body string) (*httptest.ResponseRecorder, map[string]any) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/odd", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		var problem map[string]any
		_ = json.Unmarshal(w.Body.Bytes(), &problem) // not every answer is ours
		return w, problem
	}
	for name, test := range map[string]struct {
		body   string
		status int
		code   string
		field  string
	}{
		"not JSON":        {`{"citizen_no": 001099000123`, 422, "", ""},
		"broken rule":     {`{"citizen_no": "0010990001234567", "fail": ""}`, 422, "invalid-input", "body.citizen_no"},
		"wrong type":      {`{"citizen_no": 1099000123, "fail": ""}`, 422, "invalid-input", "body.citizen_no"},
		"conflict":        {`{"citizen_no": "1", "fail": "conflict"}`, 409, "web.status-409", ""},
		"fields":          {`{"citizen_no": "1", "fail": "fields"}`, 422, "invalid-input", "citizen_no"},
		"our fault":       {`{"citizen_no": "1", "fail": "x"}`, 500, "", ""},
		"huma's own kind": {`{"citizen_no": "1", "fail": "huma"}`, 403, "", ""},
		"panic":           {`{"citizen_no": "1", "fail": "panic"}`, 500, "", ""},
	} {
		w, problem := post(test.body)
		if w.Code != test.status {
			t.Errorf("%s: status %d, want %d: %s", name, w.Code, test.status, w.Body)
		}
		for _, secret := range []string{"secret words", "1099000123"} {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s: the answer holds what was sent or the cause: %s", name, w.Body)
			}
		}
		if test.code != "" && problem["code"] != test.code {
			t.Errorf("%s: code %v, want %s", name, problem["code"], test.code)
		}
		if name != "huma's own kind" && name != "panic" && (problem["reference"] == nil || problem["detail"] == nil) {
			t.Errorf("%s: no reference or words: %s", name, w.Body)
		}
		if test.field != "" && !strings.Contains(w.Body.String(), `"name":"`+test.field+`"`) {
			t.Errorf("%s: the field is not named: %s", name, w.Body)
		}
	}
	if w := get(t, a.Handler(), "/api/v1/nothing"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "api.no-such-operation") {
		t.Errorf("an unknown operation: %d %s", w.Code, w.Body)
	}
	if strings.Contains(log.String(), "001099000123") {
		t.Error("the log holds a citizen number")
	}
	if !strings.Contains(log.String(), "secret words") {
		t.Error("the log lacks the cause")
	}
}

// The contract of the API is sound and says who may call what.
func TestOpenAPI(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	var spec struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Tags        []string
		}
	}
	if err := json.Unmarshal(a.OpenAPI(), &spec); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(spec.OpenAPI, "3.1") {
		t.Errorf("version %s", spec.OpenAPI)
	}
	seen := map[string]bool{}
	for path, ops := range spec.Paths {
		if !strings.HasPrefix(path, "/api/v1/") {
			t.Errorf("%s is outside /api/v1/", path)
		}
		for method, op := range ops {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) == 0 || seen[op.OperationID] {
				t.Errorf("%s %s: operation %q needs an id of its own, a summary and a tag", method, path, op.OperationID)
			}
			seen[op.OperationID] = true
		}
	}
	if len(seen) < 5 {
		t.Errorf("only %d operations", len(seen))
	}
}

// Every word of every room is there in both languages, with the same
// placeholders.
func TestLocaleIsComplete(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	for _, hole := range i18n.Check(a.Bundle) {
		t.Error(hole)
	}
	for _, c := range a.Health.All(t.Context()) {
		for _, lang := range i18n.Languages() {
			if !a.Bundle.Has(lang, c.Name) {
				t.Errorf("check %s has no %s words", c.Name, lang)
			}
		}
	}
}

// A day without anything to do costs nothing that grows: the log of a start is short.
func TestStartIsQuiet(t *testing.T) {
	var log bytes.Buffer
	cfg := settings(t, "")
	a, err := Open(t.Context(), Options{Config: cfg, CheapPasswords: true, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := a.Background(t.Context())
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for sc := bufio.NewScanner(&log); sc.Scan(); {
		t.Error(sc.Text())
	}
}

// Two rooms that claim one page, or a navigation that leads nowhere, are found
// before anybody clicks.
func TestNavigationLeadsSomewhere(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	mux := http.NewServeMux()
	for _, r := range a.Site().Routes() {
		mux.Handle(r.Pattern, http.NotFoundHandler())
	}
	for _, n := range navigation() {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, n.Item.Href, nil)
		if _, pattern := mux.Handler(r); pattern == "" {
			t.Errorf("the navigation leads to %s, where nothing is", n.Item.Href)
		}
		for _, lang := range i18n.Languages() {
			if n.Item.Key != "" && !a.Bundle.Has(lang, n.Item.Key) {
				t.Errorf("%s of the navigation has no %s words", n.Item.Key, lang)
			}
		}
	}
	staff := func(perms ...string) identity.Actor {
		return identity.Actor{Kind: identity.KindStaff, Posts: []identity.HeldPost{{AgencyPath: "/x/", Perms: perms}}}
	}
	for perm, want := range map[string]string{identity.DossierReceive: "/xu-ly", identity.DossierApprove: "/xu-ly", identity.AdminOrg: "/quan-tri", identity.AuditRead: "/quan-tri/nhat-ky"} {
		if got := homeOf(staff(perm)); got != want {
			t.Errorf("who may %s lands on %s, not on %s", perm, got, want)
		}
	}
	for _, home := range []identity.Actor{{}, {Kind: identity.KindCitizen}, {Kind: identity.KindStaff}, staff(identity.AuditRead), staff(identity.DossierRead)} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, homeOf(home), nil)
		if _, pattern := mux.Handler(r); pattern == "" {
			t.Errorf("%s lands on %s, where nothing is", home.Kind, homeOf(home))
		}
	}
}
