package admin

import (
	"net/http"
	"net/url"
	"strconv"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/web"
)

// perPage is how many procedures a page of the catalogue shows.
const perPage = 30

type proceduresView struct {
	Query      url.Values
	Page       procedure.Page
	Prev, Next string
}

func (s *Service) procedures(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	offset, err := strconv.Atoi(q.Get("tu"))
	if err != nil || offset < 0 || offset > 100000 {
		offset = 0
	}
	v := proceduresView{Query: q}
	if v.Page, err = s.catalogue.Search(r.Context(), procedure.Query{
		Text: q.Get("q"), Field: q.Get("linh-vuc"), Level: procedure.Level(q.Get("cap")), Limit: perPage, Offset: offset,
	}); err != nil {
		return err
	}
	at := func(n int) string {
		next := r.URL.Query()
		next.Set("tu", strconv.Itoa(n))
		return r.URL.Path + "?" + next.Encode()
	}
	if offset > 0 {
		v.Prev = at(max(0, offset-perPage))
	}
	if offset+len(v.Page.Hits) < v.Page.Total && len(v.Page.Hits) > 0 {
		v.Next = at(offset + perPage)
	}
	return web.Render(w, r, http.StatusOK, proceduresPage(v))
}

type procedureView struct {
	Newest   *procedure.Version
	History  []*procedure.Version
	Offers   int
	Online   int
	Problems []decl.Problem // what today's rules of publication would object to
	Listed   bool           // it comes from the national catalogue, which is judged on pages of its own
}

func (s *Service) procedure(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	history, err := s.catalogue.History(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	v := procedureView{History: history, Newest: history[0]}
	for _, h := range history {
		if !h.Withdrawn {
			v.Newest = h
			break
		}
	}
	offers, err := s.catalogue.Offers(ctx, v.Newest.Code)
	if err != nil {
		return err
	}
	v.Offers = len(offers)
	for _, o := range offers {
		if o.Channel == procedure.Online {
			v.Online++
		}
	}
	if v.Listed = v.Newest.Pack == procedure.Catalogue; !v.Listed {
		v.Problems = publicationProblems(v.Newest.Def)
	}
	return web.Render(w, r, http.StatusOK, procedurePage(v))
}
