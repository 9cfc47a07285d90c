package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"motcua/internal/platform/web"
)

// browser starts one Chromium for the tests of this package. Where there is none
// the test is skipped with the reason; in CI its absence is a failure.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a real browser takes its time")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("Chromium is required in CI")
		}
		t.Skip("no Chromium here; the pages are not looked at")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(alloc)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// gallery serves the site, with more routes, and counts what a browser complains about.
func gallery(t *testing.T, more ...web.Route) string {
	t.Helper()
	site, err := newSite(slog.New(slog.DiscardHandler), more...)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site)
	t.Cleanup(srv.Close)
	return srv.URL
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval runs script and waits for its promise.
func eval[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	var out T
	run(t, ctx, chromedp.Evaluate(script, &out, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return out
}

// until waits for a script to become true, also across a change of page.
func until(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	var last error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		var yes bool
		if last = chromedp.Run(ctx, chromedp.Evaluate("!!("+script+")", &yes)); last == nil && yes {
			return
		}
	}
	var body string
	_ = chromedp.Run(ctx, chromedp.Evaluate("document.body.innerText.slice(0, 600)", &body))
	t.Fatalf("%s did not become true (%v)\n%s", script, last, body)
}

func clear(selector string) chromedp.Action {
	return chromedp.Evaluate(`document.querySelector("`+selector+`").value = ""`, nil)
}

func size(width, height int64) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		return emulation.SetDeviceMetricsOverride(width, height, 1, false).Do(ctx)
	})
}

func TestEveryPagePassesAxe(t *testing.T) {
	ctx := browser(t)
	base := gallery(t)
	axe, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "e2e", "testdata", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	var complaints []string
	var mu sync.Mutex
	chromedp.ListenTarget(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := ev.(type) {
		case *cdplog.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Error())
		}
	})
	for _, page := range []string{"", "staff", "error", "home", "form", "queue", "done"} {
		for _, width := range []int64{1280, 360, 320} {
			for _, lang := range []string{"vi", "en"} {
				name := fmt.Sprintf("%s/%d/%s", page, width, lang)
				run(t, ctx, size(width, 800), chromedp.Navigate(base+"/styleguide?khung="+page+"&lang="+lang))
				if over := eval[float64](t, ctx, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
					wide := eval[string](t, ctx, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".table-scroll, .tabs, .site-nav, .staff-side, .sr")).slice(0, 5).map(e => e.tagName + "." + e.className).join(" ")`)
					t.Errorf("%s: %v px wider than the window: %s", name, over, wide)
				}
				if width == 320 {
					continue // reflow only
				}
				eval[any](t, ctx, string(axe)+";0")
				for _, v := range eval[[]struct {
					ID, Help string
					Nodes    []struct{ HTML, FailureSummary string }
				}](t, ctx, `axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`) {
					t.Errorf("%s: %s (%s), %d times, first: %s\n%s", name, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
				}
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range complaints {
		t.Errorf("the browser complains: %s", c)
	}
}

func TestSecondPressSendsNothing(t *testing.T) {
	var mu sync.Mutex
	posts, release := 0, make(chan bool)
	base := gallery(t,
		web.Route{Pattern: "GET /thu", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, sampleSubmit())
		}},
		web.Route{Pattern: "POST /thu", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			mu.Lock()
			posts++
			mu.Unlock()
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return web.SeeOther(w, r, "/styleguide?khung=done")
		}},
	)
	ctx := browser(t)
	run(t, ctx, chromedp.Navigate(base+"/thu"))
	if got := eval[string](t, ctx, `(() => { const b = document.querySelector(".btn-primary"); for (let i = 0; i < 3; i++) b.click(); return b.textContent.trim() })()`); got != "Đang gửi…" {
		t.Errorf("the pressed button says %q", got)
	}
	time.AfterFunc(300*time.Millisecond, func() { close(release) }) // a slow line
	until(t, ctx, `location.search === "?khung=done"`)
	mu.Lock()
	defer mu.Unlock()
	if posts != 1 {
		t.Errorf("three presses sent %d forms", posts)
	}
}

func TestDraftIsSavedWhileTyping(t *testing.T) {
	saved := make(chan url.Values, 8)
	fail := true
	base := gallery(t,
		web.Route{Pattern: "GET /thu", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, sampleSubmit())
		}},
		web.Route{Pattern: "POST /thu/nhap", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			v, err := web.Form(r)
			if err != nil {
				return err
			}
			if fail { // the line is cut once; the script tries again by itself
				fail = false
				return errors.New("cut")
			}
			saved <- v
			return web.JSON(w, r, 200, map[string]string{"rev": "8"})
		}},
	)
	ctx := browser(t)
	run(t, ctx, chromedp.Navigate(base+"/thu"), chromedp.SendKeys("#f-ten", "Ánh"))
	select {
	case v := <-saved:
		if v.Get("ten") != "Ánh" || v.Get("rev") != "7" {
			t.Errorf("saved %v", v)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was saved")
	}
	until(t, ctx, `document.querySelector("[name=rev]").value === "8" && /Đã lưu lúc \d\d:\d\d/.test(document.querySelector("[data-autosave-state]").textContent)`)
}

func TestDatesCountersAndErrorsHelp(t *testing.T) {
	base := gallery(t)
	ctx := browser(t)
	run(t, ctx, chromedp.Navigate(base+"/styleguide"))
	if got := eval[string](t, ctx, `document.activeElement.className`); got != "error-summary" {
		t.Errorf("the page opens with the focus on %q, not on the errors", got)
	}
	run(t, ctx, chromedp.Click(`.error-summary a[href="#f-ngay_sinh"]`))
	until(t, ctx, `document.activeElement.id === "f-ngay_sinh"`)
	run(t, ctx, clear("#f-ngay_sinh"), chromedp.SendKeys("#f-ngay_sinh", "05022026"))
	until(t, ctx, `document.querySelector("#f-ngay_sinh").value === "05/02/2026"`)
	run(t, ctx, clear("#f-ngay_sinh"), chromedp.SendKeys("#f-ngay_sinh", "5/2/2026\t"))
	until(t, ctx, `document.querySelector("#f-ngay_sinh").value === "05/02/2026"`)
	run(t, ctx, clear("#f-ngay_sinh"), chromedp.SendKeys("#f-ngay_sinh", "05/0"+kb.Backspace+kb.Backspace))
	if got := eval[string](t, ctx, `document.querySelector("#f-ngay_sinh").value`); got != "05" {
		t.Errorf("erasing fights with the person: %q", got)
	}
	run(t, ctx, chromedp.SendKeys("#f-ghi_chu", strings.Repeat("ạ", 201)))
	until(t, ctx, `document.querySelector('[data-count-for="f-ghi_chu"]').textContent === "Thừa 1 ký tự"`)
}

func TestKeyboardOfStaff(t *testing.T) {
	base := gallery(t)
	ctx := browser(t)
	open := func() {
		run(t, ctx, size(1280, 900), chromedp.Navigate(base+"/styleguide?khung=queue"))
	}
	open()
	run(t, ctx, chromedp.KeyEvent("/"))
	until(t, ctx, `document.activeElement.id === "staff-q"`)
	run(t, ctx, chromedp.KeyEvent("g"), chromedp.KeyEvent("h"))
	if got := eval[string](t, ctx, `document.activeElement.value + location.search`); !strings.HasSuffix(got, "gh?khung=queue") {
		t.Errorf("letters typed into a box were taken for commands: %q", got)
	}
	open()
	run(t, ctx, chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	until(t, ctx, `document.activeElement.textContent === "H44.15.02-260204-0037"`)
	run(t, ctx, chromedp.KeyEvent("k"), chromedp.KeyEvent("x"))
	until(t, ctx, `document.querySelector("[data-selected]").textContent === "1" && document.querySelector("input[data-select]").checked`)
	run(t, ctx, chromedp.Click("[data-select-all]"))
	until(t, ctx, `document.querySelector("[data-selected]").textContent === "4"`)
	run(t, ctx, chromedp.KeyEvent("?", chromedp.KeyModifiers(input.ModifierShift)))
	until(t, ctx, `document.querySelector("dialog[open]") && document.querySelector("dialog").textContent.includes("Tiếp nhận tại quầy")`)
	open()
	run(t, ctx, chromedp.KeyEvent("g"), chromedp.KeyEvent("h"))
	until(t, ctx, `location.pathname === "/styleguide" && location.search === ""`)
}

func TestScannedCardFillsTheForm(t *testing.T) {
	base := gallery(t, web.Route{Pattern: "GET /quay", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, 200, sampleCounter())
	}})
	ctx := browser(t)
	read := func() string {
		return eval[string](t, ctx, `["so","ten","sinh"].map(n => document.querySelector("[name="+n+"]").value).join("|") + "|" + (document.querySelector("[name=gt]:checked")||{}).value + "|" + document.querySelector(".scanner-state").dataset.tone`)
	}
	const want = "001190000001|NGUYỄN THỊ HOA|05/02/1990|female|ok"
	const card = "001190000001||NGUYỄN THỊ HOA|05021990|Nữ|Thôn 1, Xã Hy Cương, Phú Thọ|15042021||||"

	run(t, ctx, chromedp.Navigate(base+"/quay"), chromedp.KeyEvent(kb.F2))
	until(t, ctx, `document.activeElement.id === "f-quet"`)
	run(t, ctx, chromedp.SendKeys("#f-quet", card+kb.Enter))
	if got := read(); got != want {
		t.Errorf("scanned %q, want %q", got, want)
	}
	// Scanned into the wrong box: the card is still understood, the box left clean for its own value.
	run(t, ctx, chromedp.Navigate(base+"/quay"), chromedp.SendKeys("#f-ten", card+kb.Enter))
	if got := read(); got != want {
		t.Errorf("scanned into the name: %q", got)
	}
	run(t, ctx, chromedp.Navigate(base+"/quay"), chromedp.SendKeys("#f-quet", "https://example.com/qr"+kb.Enter))
	if got := read(); got != "||||undefined|bad" && got != "|||undefined|bad" {
		t.Errorf("a foreign code: %q", got)
	}
}

// uploads is the server's side of the resumable protocol, on a line that is cut
// in the middle of the second piece and answers one request with an error.
type uploads struct {
	mu       sync.Mutex
	data     map[string][]byte
	patches  int
	finished []string
}

func (u *uploads) routes() []web.Route {
	route := func(pattern string, h web.Handler) web.Route {
		return web.Route{Pattern: pattern, Access: anyone(), Handle: h, MaxBody: -1, Timeout: -1}
	}
	return []web.Route{
		route("GET /gui", func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, 200, sampleUpload()) }),
		route("POST /gui", func(w http.ResponseWriter, r *http.Request) error {
			v, err := web.Form(r)
			if err != nil {
				return err
			}
			u.mu.Lock()
			u.finished = append(u.finished, v["giay_id"]...)
			u.mu.Unlock()
			return web.SeeOther(w, r, "/styleguide?khung=done")
		}),
		route("POST /tep", func(w http.ResponseWriter, r *http.Request) error {
			var in struct {
				Name string
				Size int64
			}
			if err := web.ReadJSON(r, &in); err != nil {
				return err
			}
			u.mu.Lock()
			defer u.mu.Unlock()
			id := fmt.Sprint("t", len(u.data))
			u.data[id] = nil
			return web.JSON(w, r, http.StatusCreated, map[string]any{"id": id, "offset": 0})
		}),
		route("PATCH /tep/{id}", u.patch),
		route("HEAD /tep/{id}", func(w http.ResponseWriter, r *http.Request) error {
			u.mu.Lock()
			defer u.mu.Unlock()
			w.Header().Set("Upload-Offset", strconv.Itoa(len(u.data[r.PathValue("id")])))
			w.WriteHeader(http.StatusNoContent)
			return nil
		}),
		route("POST /tep/{id}/xong", func(w http.ResponseWriter, r *http.Request) error {
			return web.JSON(w, r, 200, map[string]any{"id": "F-" + r.PathValue("id"), "name": "x", "size": 1})
		}),
	}
}

func (u *uploads) patch(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	u.mu.Lock()
	u.patches++
	n := u.patches
	have := len(u.data[id])
	u.mu.Unlock()
	if got := r.Header.Get("Upload-Offset"); got != strconv.Itoa(have) {
		w.WriteHeader(http.StatusConflict)
		return nil
	}
	piece, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	switch n {
	case 2: // half of it arrives, then the line is cut
		piece = piece[:len(piece)/2]
		u.mu.Lock()
		u.data[id] = append(u.data[id], piece...)
		u.mu.Unlock()
		panic(http.ErrAbortHandler)
	case 4:
		return errors.New("disk hiccup")
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.data[id] = append(u.data[id], piece...)
	return web.JSON(w, r, 200, map[string]any{"offset": len(u.data[id])})
}

func TestUploadSurvivesACutLine(t *testing.T) {
	u := &uploads{data: map[string][]byte{}}
	base := gallery(t, u.routes()...)
	want := make([]byte, 1_500_000)
	for i := range want {
		want[i] = byte(i * 7 >> 3)
	}
	path := filepath.Join(t.TempDir(), "giay chung sinh.pdf")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	run(t, ctx, chromedp.Navigate(base+"/gui"), chromedp.SetUploadFiles("#f-giay", []string{path}))
	// Sent while the file is on its way: the form waits for it.
	run(t, ctx, chromedp.Click(".btn-primary"))
	until(t, ctx, `location.search === "?khung=done"`)
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.data) != 1 || !bytes.Equal(u.data["t0"], want) {
		t.Errorf("%d uploads, %d bytes arrived of %d", len(u.data), len(u.data["t0"]), len(want))
	}
	if len(u.finished) != 1 || u.finished[0] != "F-t0" {
		t.Errorf("the form carries %v", u.finished)
	}
	if u.patches < 5 {
		t.Errorf("only %d pieces: the line was never cut", u.patches)
	}
}

// TestWithoutScripts: everything that matters is there when scripts are off.
func TestWithoutScripts(t *testing.T) {
	posted := make(chan url.Values, 1)
	base := gallery(t,
		web.Route{Pattern: "GET /thu", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, sampleSubmit())
		}},
		web.Route{Pattern: "POST /thu", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			v, err := web.Form(r)
			if err != nil {
				return err
			}
			posted <- v
			return web.SeeOther(w, r, "/styleguide?khung=done")
		}},
	)
	ctx := browser(t)
	run(t, ctx,
		chromedp.ActionFunc(func(ctx context.Context) error { return emulation.SetScriptExecutionDisabled(true).Do(ctx) }),
		network.Enable(), chromedp.Navigate(base+"/thu"), chromedp.SendKeys("#f-ten", "Ánh"), chromedp.Click(".btn-primary", chromedp.NodeVisible))
	select {
	case v := <-posted:
		if v.Get("ten") != "Ánh" {
			t.Errorf("posted %v", v)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the form was not sent")
	}
}

func TestProgramAnswersAreProblems(t *testing.T) {
	base := gallery(t)
	req, err := http.NewRequest(http.MethodGet, base+"/khong-co", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var p struct{ Code, Reference string }
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil || res.StatusCode != 404 || p.Code != "web.not-found" || len(p.Reference) != 8 {
		t.Errorf("%d %+v %v", res.StatusCode, p, err)
	}
}
