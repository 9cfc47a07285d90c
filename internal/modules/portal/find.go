package portal

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/web"
)

// hitsPerPage is how many procedures one page of results shows.
const hitsPerPage = 20

func (p *Portal) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	popular, err := p.catalogue.Search(ctx, procedure.Query{Channel: procedure.Online, Limit: 8})
	if err != nil {
		return err
	}
	v := homeView{Popular: popular.Hits}
	if signedIn(r) {
		if v.Drafts, err = p.dossiers.Drafts(ctx); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, homePage(v))
}

func (p *Portal) search(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := searchView{Query: procedure.Query{
		Text: strings.TrimSpace(q.Get("q")), Field: q.Get("linh-vuc"), Level: procedure.Level(q.Get("cap")),
		LifeEvent: procedure.LifeEvent(q.Get("su-kien")), Channel: procedure.ChannelKind(q.Get("kenh")),
		Announcer: q.Get("bo"), Agency: q.Get("co-quan"), After: q.Get("sau"), Limit: hitsPerPage,
	}}
	// A page that is not a number is the first.
	page, _ := strconv.Atoi(q.Get("trang"))
	page = min(max(page, 1), 1000)
	v.Query.Offset = (page - 1) * hitsPerPage
	var err error
	if v.Page, err = p.catalogue.Search(ctx, v.Query); err != nil {
		return err
	}
	if v.Page.About != nil {
		rest := maps.Clone(q)
		rest.Del("sau")
		v.Anywhere = withQuery(rest, 1)
		if v.Answer, err = p.answer(ctx, v.Page.About.Code, v.Page.Part); err != nil {
			return err
		}
	}
	if v.Query.Agency != "" {
		names, err := p.agencies.AgenciesByID(ctx, v.Query.Agency)
		if err != nil {
			return err
		}
		v.AgencyName = names[v.Query.Agency].Name
		rest := maps.Clone(q)
		rest.Del("co-quan")
		v.Everywhere = withQuery(rest, 1)
	}
	if page > 1 {
		v.Prev = withQuery(q, page-1)
	}
	if v.Query.Offset+len(v.Page.Hits) < v.Page.Total {
		v.Next = withQuery(q, page+1)
	}
	return web.Render(w, r, http.StatusOK, searchPage(v))
}

// suggested is how many names are offered while typing.
const suggested = 6

// suggest completes what is being typed into the search box.
func (p *Portal) suggest(w http.ResponseWriter, r *http.Request) error {
	hits, err := p.catalogue.Suggest(r.Context(), r.URL.Query().Get("q"), suggested)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, suggestions(hits))
}

// withQuery is the address of another page of the same results.
func withQuery(q url.Values, page int) string {
	next := url.Values{}
	for name, values := range q {
		if name != "trang" && values[0] != "" {
			next.Set(name, values[0])
		}
	}
	if page > 1 {
		next.Set("trang", strconv.Itoa(page))
	}
	return "/thu-tuc?" + next.Encode()
}

func (p *Portal) procedure(w http.ResponseWriter, r *http.Request) error {
	v, err := p.procedureView(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	v.Case = cmp.Or(r.URL.Query().Get("truong-hop"), v.Case)
	return web.Render(w, r, http.StatusOK, procedurePage(v))
}

func (p *Portal) procedureView(ctx context.Context, code string) (procedureView, error) {
	version, err := p.catalogue.Get(ctx, code, civil.Date{})
	if err != nil {
		return procedureView{}, err
	}
	offers, err := p.offers(ctx, version.Code)
	if err != nil {
		return procedureView{}, err
	}
	v := procedureView{Def: version.Def, ReadOnly: version.Pack == procedure.Catalogue}
	if len(version.Def.Cases) > 0 {
		v.Case = version.Def.Cases[0].ID
	}
	seen := map[string]bool{}
	for _, o := range offers {
		if o.offer.Channel == procedure.Online && o.offer.Online != procedure.InfoOnly {
			v.CanFile = true
		}
		if o.offer.Channel == procedure.Direct && !seen[o.agency.ID] && len(v.Places) < 12 {
			seen[o.agency.ID] = true
			v.Places = append(v.Places, o.agency)
		}
	}
	if v.ReadOnly {
		return v, nil
	}
	compiled, err := p.catalogue.Compiled(ctx, version.ID)
	if err != nil {
		return procedureView{}, err
	}
	if f := compiled.Form(version.Def.Cases[0].ID); f != nil {
		v.Minutes = f.Minutes()
	}
	return v, nil
}

// place is an agency that offers a procedure.
type place struct {
	offer  procedure.Offer
	agency org.Agency
}

// offers lists who offers a procedure, with what a person needs to know of them.
func (p *Portal) offers(ctx context.Context, code string) ([]place, error) {
	offers, err := p.catalogue.Offers(ctx, code)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, o := range offers {
		ids = append(ids, o.AgencyID)
	}
	agencies, err := p.agencies.AgenciesByID(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var places []place
	for _, o := range offers {
		if a, ok := agencies[o.AgencyID]; ok {
			places = append(places, place{o, a})
		}
	}
	return places, nil
}

// onlineOffers are those of the offers that take dossiers here.
func (p *Portal) onlineOffers(ctx context.Context, code string) ([]place, error) {
	all, err := p.offers(ctx, code)
	if err != nil {
		return nil, err
	}
	var online []place
	for _, o := range all {
		if o.offer.Channel == procedure.Online && o.offer.Online != procedure.InfoOnly {
			online = append(online, o)
		}
	}
	return online, nil
}
