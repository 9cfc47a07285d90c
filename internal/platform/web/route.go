package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"motcua/internal/platform/i18n"
)

// Handler serves one route. It either writes a whole answer and returns nil, or
// writes nothing and returns an error, which the site turns into a page; see
// package errs for the kinds. It writes through [Render], [JSON], [SeeOther] or
// [Attachment].
type Handler func(w http.ResponseWriter, r *http.Request) error

// Access is the rule that guards a route. Name is what the access matrix and the
// documentation print ("signed in", "staff", "dossier.receive"); Check returns nil, an
// errs.Unauthenticated error (the person is sent to sign in), or an
// errs.NotFound error: not allowed looks exactly like not found. The rules
// themselves live in core/identity. The zero Access is refused at start.
type Access struct {
	Name  string
	Check func(ctx context.Context) error
}

// Route is one row of a room's table.
type Route struct {
	Pattern string // "GET /thu-tuc/{code}"; the method is required, GET serves HEAD as well
	Access  Access
	Handle  Handler

	// MaxBody is the largest request body in bytes; 0 means [DefaultMaxBody],
	// a negative value none at all (resumable uploads bring their own limit).
	MaxBody int64
	// Timeout bounds the work, by the request's context; the time a body needs on a slow
	// line does not count. 0 means [DefaultTimeout], negative no bound: event
	// streams, and uploads that watch their line themselves; those are counted
	// apart and not shed.
	Timeout time.Duration
	// Always keeps a route open that writes a little, while the house only lets read:
	// signing in and out.
	Always bool
	// Heavy marks what takes much time and memory each time, such as hashing a
	// password: only an eighth of the places are for these.
	Heavy bool
}

// The limits of a route that names none.
const (
	DefaultMaxBody int64         = 1 << 20 // 1 MiB holds the longest form
	DefaultTimeout time.Duration = 30 * time.Second
)

// Mount hangs a whole http.Handler (the JSON API, the metrics endpoint) under a
// pattern. What is mounted guards itself; Access still is required, so that a
// mount, too, says who may reach it.
type Mount struct {
	Pattern string // "/api/" or "GET /metrics"; the method may be left out
	Access  Access
	Handler http.Handler
	MaxBody int64         // as in Route
	Timeout time.Duration // as in Route
	// CrossOrigin lifts the cross-origin check: only for endpoints that look at no
	// cookie (signed exchange between agencies).
	CrossOrigin bool
	// Vital keeps a mount open however many are in the house: what supervisors and
	// operators ask.
	Vital bool
}

// Viewer is the person looking at the page, as far as the layout needs to know.
// The identity middleware puts it into the context, package ui reads it.
type Viewer struct {
	SignedIn bool
	Name     string // as the person writes it: "Nguyễn Thị Hoa"
	Kind     string // "citizen", "organisation" or "staff"; "" when nobody is signed in
	Agency   string // staff: where they work now, "UBND phường Hồng Hà"
	Post     string // staff: the post's title, "Chuyên viên"
	Nav      []NavItem
	Unread   int    // notices not yet read
	Notices  string // address of the notices; "" shows no bell
	Account  string // address of the person's own page; "" none
	SignOut  string // address that takes the sign-out POST; "" is "/dang-xuat"
	Search   string // staff: address of the quick search; "" shows none
}

// Brand is whose door this is: words and addresses that the layout shows on every
// page. It is configuration, the same for everybody.
type Brand struct {
	Name    i18n.Text // "Cổng dịch vụ công tỉnh Phú Thọ", beside the wordmark
	Short   i18n.Text // "Tỉnh Phú Thọ", in its place on telephones
	Owner   i18n.Text // "Ủy ban nhân dân tỉnh Phú Thọ", in the footer
	Address i18n.Text
	Hotline string // "1022"; shown as a telephone link
	Email   string
	Nav     []NavItem // entries for guests, when the viewer brings none
	Footer  []NavItem // privacy, terms, accessibility, open data
	Version string    // of the program, small in the footer of staff pages
}

// NavItem is one entry of the navigation.
type NavItem struct {
	Key   string    // locale key of the words, "nav.queue"
	Text  i18n.Text // the words themselves, when they are data and not code
	Href  string
	Icon  string // a name from ui.Icons(), may be empty
	Count int    // shown beside the words when above zero: dossiers waiting
	Late  int    // of Count, how many are overdue; shown as such
	Group string // locale key of the heading in the staff sidebar; entries of a group stand together
	Hot   string // keyboard shortcut, "g h": announced in the help
}

type ctxKey int

const (
	viewerKey ctxKey = iota
	requestKey
)

// WithViewer returns a context in which v looks at the page.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey, v)
}

// WithViewerLater is WithViewer for what costs something to know: complete adds it
// when a page is drawn. Programs ask for no pages.
func WithViewerLater(ctx context.Context, v Viewer, complete func(ctx context.Context, v *Viewer)) context.Context {
	return context.WithValue(ctx, viewerKey, &laterViewer{v: v, complete: complete})
}

type laterViewer struct {
	v        Viewer
	once     sync.Once
	complete func(context.Context, *Viewer)
}

// ViewerFrom returns who looks at the page; the zero Viewer when nobody is signed in.
func ViewerFrom(ctx context.Context) Viewer {
	switch v := ctx.Value(viewerKey).(type) {
	case Viewer:
		return v
	case *laterViewer:
		v.once.Do(func() { v.complete(ctx, &v.v) })
		return v.v
	}
	return Viewer{}
}

// signedIn tells whether anybody is, without drawing up the rest.
func signedIn(ctx context.Context) bool {
	switch v := ctx.Value(viewerKey).(type) {
	case Viewer:
		return v.SignedIn
	case *laterViewer:
		return v.v.SignedIn
	}
	return false
}
