package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// The ways to walk through the catalogue, as they stand in the address.
const (
	byField     = "linh-vuc"
	byEvent     = "su-kien"
	byAgency    = "co-quan"
	byLevel     = "cap"
	byAnnouncer = "bo"
)

func browseWays() []string { return []string{byField, byEvent, byAgency, byLevel, byAnnouncer} }

// lettered is how long a list may be before it is parted by letters.
const lettered = 30

type browseView struct {
	By     string
	Total  int
	Groups []linkGroup
}

// linkGroup is a part of a long list under its letter.
type linkGroup struct {
	Title string
	Links []ui.LinkItem
}

// browse lists every value of one facet with the number of its procedures.
func (p *Portal) browse(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := p.catalogue.Search(ctx, procedure.Query{Limit: 1})
	if err != nil {
		return err
	}
	v := browseView{By: r.PathValue("by"), Total: all.Total}
	switch v.By {
	case byField:
		for _, f := range all.Fields {
			under := ""
			if len(all.Fields) > lettered {
				under = letter(f.Field.Name().In(ctx))
			}
			v.addUnder(under, link(ctx, byField, f.Field.Code, f.Field.Name().In(ctx), f.Count))
		}
	case byEvent:
		v.facets(ctx, all.LifeEvents, "portal.event.")
	case byLevel:
		v.facets(ctx, all.Levels, "portal.level.")
	case byAnnouncer:
		for _, f := range all.Announcers {
			v.addUnder("", link(ctx, byAnnouncer, f.Value, f.Value, f.Count))
		}
	case byAgency:
		offering, err := p.catalogue.Offering(ctx)
		if err != nil {
			return err
		}
		for _, o := range offering {
			v.addUnder(i18n.T(ctx, "portal.browse.at."+string(o.Level)), link(ctx, byAgency, o.AgencyID, o.Name, o.Count))
		}
	default:
		return errs.NewNotFound("web.not-found")
	}
	return web.Render(w, r, http.StatusOK, browsePage(v))
}

func (v *browseView) facets(ctx context.Context, facets []procedure.Facet, prefix string) {
	for _, f := range facets {
		v.addUnder("", link(ctx, v.By, f.Value, i18n.T(ctx, prefix+f.Value), f.Count))
	}
}

// addUnder adds a link to the group with a title; groups come one after another.
func (v *browseView) addUnder(title string, l ui.LinkItem) {
	if n := len(v.Groups); n == 0 || v.Groups[n-1].Title != title {
		v.Groups = append(v.Groups, linkGroup{Title: title})
	}
	g := &v.Groups[len(v.Groups)-1]
	g.Links = append(g.Links, l)
}

func link(ctx context.Context, by, value, words string, count int) ui.LinkItem {
	return ui.LinkItem{Text: words, Href: "/thu-tuc?" + url.Values{by: {value}}.Encode(), Note: i18n.T(ctx, "portal.search.found", "n", count)}
}

// letter is the first letter of a name without marks, but Đ is a letter of its own.
func letter(name string) string {
	r, _ := utf8.DecodeRuneInString(fold.Upper(name))
	if r == 'Đ' {
		return "Đ"
	}
	return strings.ToUpper(fold.Strip(string(r)))
}

func browseTabs(ctx context.Context, current string) []ui.Tab {
	var tabs []ui.Tab
	for _, by := range browseWays() {
		tabs = append(tabs, ui.Tab{Text: i18n.T(ctx, "portal.browse.by."+by), Href: "/danh-muc/" + by, Current: by == current})
	}
	return tabs
}
