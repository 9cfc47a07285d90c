// Package browser drives a real Chromium as a person would: it finds fields by
// the words beside them and buttons by the words on them, so that a journey that
// passes is one that a person could have made.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Browser is one Chromium, shared by the journeys of a test run.
type Browser struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// Start launches Chromium. It fails where none is installed.
func Start() (*Browser, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("chromium is not installed: %w", err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-quic", true),
		// A page taken back out of memory loses the thread by which it is driven.
		chromedp.Flag("disable-features", "site-per-process,Translate,BlinkGenPropertyTrees,BackForwardCache"),
		chromedp.Flag("lang", "vi"), chromedp.WindowSize(1280, 900))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	if err := chromedp.Run(ctx); err != nil {
		cancel()
		stop()
		return nil, fmt.Errorf("starting chromium: %w", err)
	}
	return &Browser{ctx: ctx, cancel: func() { cancel(); stop() }}, nil
}

// Close ends the browser.
func (b *Browser) Close() { b.cancel() }

// Person is somebody at a screen of their own, with their own cookies.
type Person struct {
	t       *testing.T
	ctx     context.Context
	base    string
	name    string
	script  bool
	stop    func()
	mu      sync.Mutex
	bytes   map[string]float64 // what the last page cost on the wire, by request
	console []string
}

// Options say what the person sits at.
type Options struct {
	Name     string // for the names of screenshots
	NoScript bool   // JavaScript switched off
	Width    int    // 0 means 1280
	Height   int    // 0 means 900
}

// patience is how long a page may take to say or do something. It judges no speed, which
// is the bench's to do: other tests compute beside this one.
const patience = 45 * time.Second

// Person opens a window with cookies of its own on the site at base. When the
// test fails, a screenshot is kept.
func (b *Browser) Person(t *testing.T, base string, o Options) *Person {
	t.Helper()
	if o.Width == 0 {
		o.Width = 1280
	}
	if o.Height == 0 {
		o.Height = 900
	}
	window, err := b.window()
	if err != nil {
		t.Fatalf("opening a window: %v", err)
	}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(window))
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	p := &Person{t: t, ctx: ctx, base: base, name: o.Name, script: !o.NoScript, bytes: map[string]float64{}, stop: func() { stop(); cancel() }}
	chromedp.ListenTarget(ctx, p.listen)
	actions := []chromedp.Action{
		network.Enable(), runtime.Enable(), page.Enable(),
		emulation.SetDeviceMetricsOverride(int64(o.Width), int64(o.Height), 1, o.Width < 600),
	}
	if o.NoScript {
		actions = append(actions, emulation.SetScriptExecutionDisabled(true))
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatalf("opening a window: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			p.keep("failed")
		}
		p.stop()
	})
	return p
}

// window opens a window with cookies of its own. Chromium's headless mode wants
// a window, not a tab, as the first of a set of cookies.
func (b *Browser) window() (target.ID, error) {
	ctx := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)
	set, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(ctx)
	if err != nil {
		return "", err
	}
	return target.CreateTarget("about:blank").WithBrowserContextID(set).WithNewWindow(true).Do(ctx)
}

func (p *Person) listen(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventLoadingFinished:
		p.bytes[string(ev.RequestID)] = ev.EncodedDataLength
	case *runtime.EventExceptionThrown:
		p.console = append(p.console, ev.ExceptionDetails.Error())
	case *page.EventJavascriptDialogOpening:
		// "Are you sure?" is answered with yes; not from here, where events wait.
		go func() { _ = chromedp.Run(p.ctx, page.HandleJavaScriptDialog(true)) }()
	}
}

func (p *Person) run(what string, actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v\nat %s\n%s", what, err, p.URL(), p.excerpt())
	}
}

// Visit opens a path of the site.
func (p *Person) Visit(path string) {
	p.t.Helper()
	p.mu.Lock()
	clear(p.bytes)
	p.mu.Unlock()
	if !strings.HasPrefix(path, "http") {
		path = p.base + path
	}
	p.run("visit "+path, chromedp.Navigate(path), chromedp.WaitReady("body"))
}

// URL is where the person is.
func (p *Person) URL() string {
	var u string
	if err := chromedp.Run(p.ctx, chromedp.Location(&u)); err != nil {
		return "?"
	}
	return u
}

// Path is the path and query of where the person is.
func (p *Person) Path() string { return strings.TrimPrefix(p.URL(), p.base) }

// Text is what the page says.
func (p *Person) Text() string {
	p.t.Helper()
	var s string
	p.eval(`document.body ? document.body.innerText : ""`, &s)
	return s
}

func (p *Person) excerpt() string {
	var s string
	if err := chromedp.Run(p.ctx, chromedp.Evaluate(`document.body ? document.body.innerText : ""`, &s)); err != nil {
		return ""
	}
	if len(s) > 1500 {
		s = s[:1500] + "…"
	}
	return s
}

// Sees fails the test unless the page says every one of the words.
func (p *Person) Sees(words ...string) {
	p.t.Helper()
	text := squeeze(p.Text())
	for _, w := range words {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(squeeze(w))) {
			p.t.Fatalf("%s does not see %q at %s; the page says:\n%s", p.name, w, p.Path(), p.excerpt())
		}
	}
}

// SeesNot fails the test when the page says any of the words.
func (p *Person) SeesNot(words ...string) {
	p.t.Helper()
	text := squeeze(p.Text())
	for _, w := range words {
		if strings.Contains(text, squeeze(w)) {
			p.t.Fatalf("%s sees %q at %s", p.name, w, p.Path())
		}
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// finder is run in the page. It finds a control by its visible words; it only
// reads, so that pages are driven by mouse and keyboard alone.
const finder = `(function(kind, words, nth){
  const norm = s => (s||"").normalize("NFC").replace(/[\s*]+/g," ").trim().toLowerCase();
  const want = norm(words);
  const visible = e => !!(e.offsetWidth||e.offsetHeight||e.getClientRects().length) || e.type==="file";
  const match = (s, exact) => { s = norm(s); return exact ? s===want : s.includes(want); };
  let found = [];
  const labelText = e => { const l=[...(e.labels||[])].map(x=>x.innerText).join(" "); return l || e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby")||"").split(" ").map(i=>document.getElementById(i)?.innerText||"").join(" "); };
  for (const exact of [true,false]) {
    if (found.length) break;
    if (kind==="button") found=[...document.querySelectorAll("button,a[href],input[type=submit],summary,[role=button],[role=tab]")].filter(e=>visible(e)&&(match(e.innerText||e.value,exact)||match(e.getAttribute("aria-label"),exact)));
    if (kind==="field") found=[...document.querySelectorAll("input:not([type=hidden]):not([type=radio]):not([type=checkbox]),textarea,select")].filter(e=>visible(e)&&match(labelText(e).split("\n")[0],exact));
    if (kind==="choice") found=[...document.querySelectorAll("input[type=radio],input[type=checkbox]")].filter(e=>match(labelText(e).split("\n")[0],exact));
  }
  // What the page is about comes before its frame.
  found.sort((a,b)=>(b.closest("main")?1:0)-(a.closest("main")?1:0));
  document.querySelectorAll("[data-found]").forEach(e=>e.removeAttribute("data-found"));
  const e=found[nth]; if(!e) return 0; e.setAttribute("data-found","1"); e.scrollIntoView({block:"center",behavior:"instant"}); return found.length;
})(%s,%s,%d)`

func (p *Person) find(kind, words string, nth int) bool {
	var n int
	p.eval(fmt.Sprintf(finder, quote(kind), quote(words), nth), &n)
	return n > nth
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(b)
}

func (p *Person) eval(script string, into any) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, chromedp.Evaluate(script, into)); err != nil {
		p.t.Fatalf("reading the page at %s: %v", p.URL(), err)
	}
}

func (p *Person) must(kind, words string, nth int) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !p.find(kind, words, nth) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s finds no %s %q at %s; the page says:\n%s", p.name, kind, words, p.Path(), p.excerpt())
		}
		time.Sleep(50 * time.Millisecond) // the page may still be loading
	}
}

const found = `[data-found="1"]`

// Has reports whether a button or link with the words is there.
func (p *Person) Has(words string) bool { return p.find("button", words, 0) }

// Press clicks the button or link with the words, and waits for the page that follows.
func (p *Person) Press(words string) { p.t.Helper(); p.PressNth(words, 0) }

// PressNth clicks the nth of several buttons with the same words, from 0.
func (p *Person) PressNth(words string, nth int) {
	p.t.Helper()
	p.must("button", words, nth)
	p.follow("press "+words, chromedp.Click(found, chromedp.ByQuery))
}

// follow runs an action and waits until the page it may load has settled.
func (p *Person) follow(what string, action chromedp.Action) {
	p.t.Helper()
	loaded := make(chan struct{}, 8)
	started := make(chan struct{}, 8)
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	chromedp.ListenTarget(ctx, func(ev any) {
		switch ev.(type) {
		case *page.EventFrameStartedLoading, *page.EventFrameRequestedNavigation:
			select {
			case started <- struct{}{}:
			default:
			}
		case *page.EventLoadEventFired:
			select {
			case loaded <- struct{}{}:
			default:
			}
		}
	})
	p.run(what, action)
	select {
	case <-started:
		p.loaded(what, loaded)
	case <-time.After(250 * time.Millisecond):
		// Nothing was loaded: a details element, a script. Or the machine is busy: a page
		// that answers has come to what it was told before, and says so first.
		var one int
		_ = chromedp.Run(ctx, chromedp.Evaluate(`1`, &one)) // a page on its way out need not answer
		select {
		case <-started:
			p.loaded(what, loaded)
		default:
		}
	}
	p.run("settle", chromedp.WaitReady("body"))
}

// loaded waits for the page that is on its way.
func (p *Person) loaded(what string, done <-chan struct{}) {
	p.t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		p.t.Fatalf("%s: the next page did not load within %s (at %s)", what, patience, p.URL())
	}
}

// Fill types into the field labelled with the words, replacing what stood there.
func (p *Person) Fill(label, value string) { p.t.Helper(); p.FillNth(label, value, 0) }

// FillNth fills the nth of several fields with the same label, from 0.
func (p *Person) FillNth(label, value string, nth int) {
	p.t.Helper()
	p.must("field", label, nth)
	var tag string
	p.run("look at "+label, chromedp.Evaluate(`document.querySelector('[data-found="1"]').tagName`, &tag))
	if tag == "SELECT" {
		p.choose(label, value)
		return
	}
	p.run("fill "+label, chromedp.Focus(found, chromedp.ByQuery), chromedp.KeyEvent("a", chromedp.KeyModifiers(input.ModifierCtrl)),
		chromedp.KeyEvent("\b"), input.InsertText(value))
}

// choose picks the option with the words in the found select and says so to the
// page, as a person's choice does.
func (p *Person) choose(label, words string) {
	p.t.Helper()
	var picked bool
	p.eval(fmt.Sprintf(`(function(w){
		const norm = s => s.normalize("NFC").replace(/\s+/g," ").trim().toLowerCase();
		const e = document.querySelector('[data-found="1"]');
		let i = [...e.options].findIndex(o => norm(o.text)===norm(w) || o.value===w);
		if (i < 0) i = [...e.options].findIndex(o => norm(o.text).includes(norm(w)));
		if (i < 0) return false;
		e.selectedIndex = i;
		for (const kind of ["input","change"]) e.dispatchEvent(new Event(kind,{bubbles:true}));
		return true;
	})(%s)`, quote(words)), &picked)
	if !picked {
		p.t.Fatalf("%s: the list %q has no choice %q", p.name, label, words)
	}
}

// Choose ticks the radio button or checkbox with the words.
func (p *Person) Choose(words string) { p.t.Helper(); p.ChooseNth(words, 0) }

// ChooseNth ticks the nth of several choices with the same words, from 0.
func (p *Person) ChooseNth(words string, nth int) {
	p.t.Helper()
	p.must("choice", words, nth)
	p.run("choose "+words, chromedp.Click(found, chromedp.ByQuery))
}

// Attach puts a file into the file field labelled with the words.
func (p *Person) Attach(label, path string) { p.t.Helper(); p.AttachNth(label, path, 0) }

// AttachNth puts a file into the nth of several file fields with the same label.
func (p *Person) AttachNth(label, path string, nth int) {
	p.t.Helper()
	p.must("field", label, nth)
	p.run("attach "+filepath.Base(path), chromedp.SetUploadFiles(found, []string{path}, chromedp.ByQuery))
}

// Keys types keys as they are, wherever the focus is: letters, kb constants.
func (p *Person) Keys(keys string, modifiers ...input.Modifier) {
	p.t.Helper()
	p.follow("keys", chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// Type inserts text at the focus, as a scanner or an input method does.
func (p *Person) Type(text string) { p.t.Helper(); p.run("type", input.InsertText(text)) }

// Focused is the label or words of what has the focus.
func (p *Person) Focused() string {
	var s string
	p.eval(`(function(){const e=document.activeElement;if(!e||e===document.body)return "";return ([...(e.labels||[])].map(l=>l.innerText).join(" ")||e.innerText||e.getAttribute("aria-label")||e.name||e.id||e.tagName).split("\n")[0]})()`, &s)
	return s
}

// Back presses the browser's back button. The page may come out of the browser's
// memory, so it is the address that is waited for, not a load.
func (p *Person) Back() {
	p.t.Helper()
	from := p.URL()
	p.run("back", chromedp.Evaluate(`history.back(); 1`, nil))
	for range 100 {
		if p.URL() != from {
			p.run("settle", chromedp.WaitReady("body"))
			return
		}
		time.Sleep(50 * time.Millisecond) // the browser is on its way back
	}
	p.t.Fatalf("%s pressed back and stayed at %s", p.name, from)
}

// Weight is how many bytes the last visited page cost on the wire, all included.
func (p *Person) Weight() int {
	time.Sleep(150 * time.Millisecond) // late requests of the page
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := 0.0
	for _, n := range p.bytes {
		sum += n
	}
	return int(sum)
}

// ScriptErrors are exceptions that the page's scripts threw so far.
func (p *Person) ScriptErrors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.console...)
}

// Forget drops the cookies: the session ends.
func (p *Person) Forget() {
	p.t.Helper()
	p.run("drop cookies", network.ClearBrowserCookies())
}

// Cookie is the value of a cookie of the site, or "".
func (p *Person) Cookie(name string) string {
	var value string
	p.run("read cookies", chromedp.ActionFunc(func(ctx context.Context) error {
		all, err := network.GetCookies().Do(ctx)
		for _, c := range all {
			if c.Name == name {
				value = c.Value
			}
		}
		return err
	}))
	return value
}

// Axe runs axe-core on the page and returns one line per violation. It needs
// script, so it works in windows that have it.
func (p *Person) Axe(source string) []string {
	p.t.Helper()
	if !p.script {
		p.t.Fatal("axe needs a window with JavaScript")
	}
	var out []string
	p.run("axe", chromedp.Evaluate(source+";0", nil), chromedp.Evaluate(
		`axe.run(document,{resultTypes:["violations"]}).then(r=>r.violations.map(v=>v.id+" ("+v.impact+"): "+v.nodes.map(n=>n.target.join(" ")).slice(0,4).join(", ")))`,
		&out, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return out
}

// Overflows reports how many pixels the page is wider than its window: sideways
// scrolling is a defect on a telephone.
func (p *Person) Overflows() int {
	var n int
	p.eval(`Math.max(0, document.documentElement.scrollWidth - window.innerWidth)`, &n)
	return n
}

// Screenshot writes the whole page as a PNG.
func (p *Person) Screenshot(path string) {
	p.t.Helper()
	if err := p.shoot(path); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Person) shoot(path string) error {
	var png []byte
	if err := chromedp.Run(p.ctx, chromedp.FullScreenshot(&png, 100)); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, png, 0o644))
}

// keep saves what the person saw when a journey failed.
func (p *Person) keep(why string) {
	name := strings.ReplaceAll(p.t.Name(), "/", "-") + "-" + p.name + "-" + why + ".png"
	dir := os.Getenv("MOTCUA_E2E_KEEP")
	if dir == "" {
		dir = os.TempDir()
	}
	path := filepath.Join(dir, name)
	if err := p.shoot(path); err != nil {
		p.t.Logf("no screenshot: %v", err)
		return
	}
	p.t.Logf("what %s saw: %s", p.name, path)
}

// HTML is the source of the element a selector names, for assertions on markup.
func (p *Person) HTML(selector string) string {
	var s string
	p.run("html "+selector, chromedp.ActionFunc(func(ctx context.Context) error {
		doc, err := dom.GetDocument().Do(ctx)
		if err != nil {
			return err
		}
		n, err := dom.QuerySelector(doc.NodeID, selector).Do(ctx)
		if err != nil {
			return err
		}
		s, err = dom.GetOuterHTML().WithNodeID(n).Do(ctx)
		return err
	}))
	return s
}

// Links are the addresses of the links on the page, as paths of the site.
func (p *Person) Links() []string {
	var all []string
	p.eval(`[...document.querySelectorAll("main a[href]")].map(a=>a.getAttribute("href"))`, &all)
	return all
}

// ForgetCache empties the browser's cache, so that the next page is a first view.
func (p *Person) ForgetCache() {
	p.t.Helper()
	p.run("empty the cache", network.ClearBrowserCache())
}

// Close shuts the window before the test ends.
func (p *Person) Close() { p.stop() }

// Scripted reports whether JavaScript is on.
func (p *Person) Scripted() bool { return p.script }

// HasField reports whether a field with the label is there.
func (p *Person) HasField(label string) bool { return p.find("field", label, 0) }

// WaitField waits until a field appears that follows from an answer; false when it
// does not.
func (p *Person) WaitField(label string) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) { // the page changes by itself
		if p.HasField(label) {
			return true
		}
	}
	return false
}

// Value is what stands in the field with the label.
func (p *Person) Value(label string) string {
	p.t.Helper()
	p.must("field", label, 0)
	var s string
	p.eval(`document.querySelector('[data-found="1"]').value`, &s)
	return s
}

// WaitFor waits until the page says the words: an upload that finishes.
func (p *Person) WaitFor(words string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !strings.Contains(p.Text(), words) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s waited for %q at %s; the page says:\n%s", p.name, words, p.Path(), p.excerpt())
		}
		time.Sleep(100 * time.Millisecond) // the page changes by itself
	}
}

// TabTo presses Tab until what has the focus carries the words.
func (p *Person) TabTo(words string) {
	p.t.Helper()
	for range 200 {
		if strings.Contains(squeeze(p.Focused()), words) {
			return
		}
		p.run("tab", chromedp.KeyEvent("\t"))
	}
	p.t.Fatalf("%s cannot reach %q with the keyboard at %s", p.name, words, p.Path())
}

// Key presses one key that leads nowhere: an arrow in a list, the space bar on a box.
func (p *Person) Key(key string) { p.t.Helper(); p.run("key", chromedp.KeyEvent(key)) }

// Chosen reports whether the nth of several choices with the same words is ticked, from 0.
func (p *Person) Chosen(words string, nth int) bool {
	p.t.Helper()
	p.must("choice", words, nth)
	var yes bool
	p.eval(`document.querySelector('[data-found="1"]').checked`, &yes)
	return yes
}
