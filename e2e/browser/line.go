package browser

import (
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Line stands between the server and what htmx asks for a page.
type Line struct {
	p    *Person
	mu   sync.Mutex
	held []fetch.RequestID
	open bool
}

// Hold keeps back, from now on, what the server answers to htmx: a line so slow that
// the person goes on before an answer comes.
func (p *Person) Hold() *Line {
	p.t.Helper()
	l := &Line{p: p}
	chromedp.ListenTarget(p.ctx, func(ev any) {
		paused, ok := ev.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.open {
			l.held = append(l.held, paused.RequestID)
			return
		}
		// Not from here, where events wait.
		go func() { _ = chromedp.Run(p.ctx, fetch.ContinueRequest(paused.RequestID)) }()
	})
	p.run("hold the line", fetch.Enable().WithPatterns([]*fetch.RequestPattern{
		{URLPattern: "*", ResourceType: network.ResourceTypeXHR, RequestStage: fetch.RequestStageResponse},
	}))
	return l
}

// Waits until the server has answered something that is kept back.
func (l *Line) Waits() {
	l.p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { // the page asks by itself
		l.mu.Lock()
		n := len(l.held)
		l.mu.Unlock()
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			l.p.t.Fatalf("%s: the page at %s asks for nothing", l.p.name, l.p.Path())
		}
	}
}

// Pass lets through what was kept back, once, and keeps back what follows.
func (l *Line) Pass() {
	l.p.t.Helper()
	l.each("pass", func(id fetch.RequestID) chromedp.Action { return fetch.ContinueRequest(id) })
}

// Instead puts an empty page with a status in the place of what was kept back.
func (l *Line) Instead(status int64) {
	l.p.t.Helper()
	l.each("instead", func(id fetch.RequestID) chromedp.Action { return fetch.FulfillRequest(id, status) })
	l.p.answered()
}

// Release lets everything through, from now on, and waits until the page has it.
func (l *Line) Release() {
	l.p.t.Helper()
	l.mu.Lock()
	l.open = true
	l.mu.Unlock()
	l.Pass()
	l.p.answered()
}

func (l *Line) each(what string, do func(fetch.RequestID) chromedp.Action) {
	l.p.t.Helper()
	l.mu.Lock()
	held := l.held
	l.held = nil
	l.mu.Unlock()
	for _, id := range held {
		// A question that the page took back no longer waits.
		if err := chromedp.Run(l.p.ctx, do(id)); err != nil && !strings.Contains(err.Error(), "Invalid InterceptionId") {
			l.p.t.Fatalf("%s: %v", what, err)
		}
	}
}

// answered waits until the page has come to what was let through.
func (p *Person) answered() {
	p.t.Helper()
	waiting := true
	for deadline := time.Now().Add(patience); waiting; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: what was let through does not reach the page at %s", p.name, p.Path())
		}
		p.eval(`!!document.querySelector(".htmx-request")`, &waiting)
	}
}
