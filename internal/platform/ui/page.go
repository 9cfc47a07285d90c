package ui

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/web"
)

//go:embed locale/vi.json locale/en.json
var locales embed.FS

// Locales returns the words of the components, for the bundle.
func Locales() fs.FS { return locales }

// htmxConfig: no evaluated expressions and no injected style, both of which the
// content security policy forbids; a form with errors (422) is swapped in like a good answer.
const htmxConfig = `{"allowEval":false,"includeIndicatorStyles":false,"historyCacheSize":0,"selfRequestsOnly":true,` +
	`"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"422","swap":true},{"code":"[45]..","swap":true,"error":true}]}`

func frameOf(ctx context.Context, p PageProps) Frame {
	switch {
	case p.Frame != "":
		return p.Frame
	case web.ViewerFrom(ctx).Kind == "staff":
		return StaffFrame
	default:
		return CitizenFrame
	}
}

func documentTitle(ctx context.Context, p PageProps) string {
	title := p.Title
	if len(p.Errors) > 0 {
		title = i18n.T(ctx, "ui.error-prefix") + " " + title
	}
	if name := web.BrandOf(ctx).Name; !name.IsZero() {
		return title + " · " + name.In(ctx)
	}
	return title + " · Một cửa"
}

// scriptWords hands the few sentences that scripts say over to them, so that they
// need no words of their own.
func scriptWords(ctx context.Context) templ.Attributes {
	a := templ.Attributes{}
	for _, key := range []string{"saving", "saved", "save-failed", "sending", "upload-waiting", "upload-failed", "upload-done", "upload-remove", "upload-too-large", "left", "over", "scan-ok", "scan-bad", "keys", "close"} {
		a["data-t-"+key] = i18n.T(ctx, "ui.js."+key)
	}
	return a
}

func navOf(ctx context.Context) []web.NavItem {
	if nav := web.ViewerFrom(ctx).Nav; len(nav) > 0 {
		return nav
	}
	return web.BrandOf(ctx).Nav
}

func navText(ctx context.Context, item web.NavItem) string {
	if !item.Text.IsZero() {
		return item.Text.In(ctx)
	}
	return i18n.T(ctx, item.Key)
}

// current marks the entry the page belongs to: the one the page names, or the
// one with the longest address that is the beginning of the path.
func current(ctx context.Context, p PageProps, item web.NavItem) templ.Attributes {
	section := p.Section
	if section == "" {
		path := web.Path(ctx)
		for _, n := range navOf(ctx) {
			href, _, _ := strings.Cut(n.Href, "?")
			if (path == href || href != "/" && strings.HasPrefix(path, href+"/")) && len(href) > len(section) {
				section = n.Href
			}
		}
	}
	if section == "" || section != item.Href {
		return nil
	}
	if item.Href == web.Path(ctx) {
		return templ.Attributes{"aria-current": "page"}
	}
	return templ.Attributes{"aria-current": "true"}
}

type navGroup struct {
	key   string
	items []web.NavItem
}

// navGroups puts entries of one group together, in order of first appearance.
func navGroups(ctx context.Context) []navGroup {
	var out []navGroup
next:
	for _, item := range navOf(ctx) {
		for i := range out {
			if out[i].key == item.Group {
				out[i].items = append(out[i].items, item)
				continue next
			}
		}
		out = append(out, navGroup{item.Group, []web.NavItem{item}})
	}
	return out
}

func otherLang(ctx context.Context) string {
	if i18n.Lang(ctx) == i18n.EN {
		return i18n.VI
	}
	return i18n.EN
}

func signOut(v web.Viewer) string {
	if v.SignOut != "" {
		return v.SignOut
	}
	return "/dang-xuat"
}

// hotkey gives the attributes that keyboard.js and screen readers read.
func hotkey(keys string) templ.Attributes {
	if keys == "" {
		return nil
	}
	return templ.Attributes{"data-key": keys, "aria-keyshortcuts": ariaKeys(keys)}
}

// ariaKeys spells "alt+s" as "Alt+S", the way aria-keyshortcuts wants it; sequences
// ("g h") have no spelling there and are given as they are.
func ariaKeys(keys string) string {
	parts := strings.Split(keys, "+")
	for i, p := range parts {
		switch p {
		case "ctrl":
			parts[i] = "Control"
		case "alt", "shift", "enter", "escape":
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		default:
			if len(parts) > 1 {
				parts[i] = strings.ToUpper(p)
			}
		}
	}
	return strings.Join(parts, "+")
}

func errorIcon(status int) string {
	switch {
	case status == http.StatusNotFound || status == http.StatusGone:
		return "search"
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		return "clock"
	case status >= 500:
		return "alert"
	default:
		return "info"
	}
}
