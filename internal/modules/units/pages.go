package units

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"motcua/internal/core/place"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// lookView is what the public page shows.
type lookView struct {
	x      *place.Index
	today  civil.Date
	Text   string
	Asked  bool
	Answer place.Answer
	Others []place.Found // of similar name, when the answer leaves a doubt
}

// longest is how much of an address is read.
const longest = 300

func (u *Units) lookUp(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := u.places.Index(ctx)
	if err != nil {
		return err
	}
	v := lookView{x: x, today: u.places.Today(), Text: fold.Clean(r.URL.Query().Get("q"))}
	if len(v.Text) > longest {
		v.Text = strings.ToValidUTF8(v.Text[:longest], "")
	}
	if v.Text != "" {
		v.Asked, v.Answer = true, x.Resolve(v.Text, place.Options{Today: v.today})
		if v.Answer.Status == place.Unknown {
			v.Others, _ = x.Search(place.Filter{Text: v.Text, Today: v.today, Past: true, Limit: 10})
		}
	}
	return web.Render(w, r, http.StatusOK, lookPage(v))
}

// unitView is one code with its history.
type unitView struct {
	x       *place.Index
	today   civil.Date
	Unit    place.Unit
	Stands  bool
	Heirs   []place.Heir
	History []place.Chapter
	Below   []place.Unit
}

func (u *Units) unit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := u.places.Index(ctx)
	if err != nil {
		return err
	}
	v := unitView{x: x, today: u.places.Today()}
	code := r.PathValue("code")
	if v.Unit, v.Stands = x.At(code, v.today); !v.Stands {
		all := x.Versions(code)
		if len(all) == 0 {
			return errs.NewNotFound("place.unit-not-found")
		}
		v.Unit = all[len(all)-1]
	}
	v.Heirs, v.History = x.Today(v.Unit, v.today), x.History(code)
	if v.Stands {
		v.Below = x.Children(code, v.today)
	}
	return web.Render(w, r, http.StatusOK, unitPage(v))
}

// listView is what administrators browse.
type listView struct {
	x          *place.Index
	today      civil.Date
	Filter     place.Filter
	Found      []place.Found
	Total      int
	Prev, Next string
	Counts     [3]int // provinces, districts, communes that stand today
}

const perPage = 50

func (u *Units) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := u.places.Index(ctx)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	// A page that is not a number is the first.
	page, _ := strconv.Atoi(q.Get("trang"))
	page = min(max(page, 1), 1000)
	v := listView{x: x, today: u.places.Today()}
	v.Filter = place.Filter{
		Text: fold.Clean(q.Get("q")), Today: v.today, Level: place.Level(q.Get("cap")), Within: q.Get("tinh"), Past: q.Get("cu") == "true",
		Limit: perPage, Offset: (page - 1) * perPage,
	}
	v.Found, v.Total = x.Search(v.Filter)
	if page > 1 {
		v.Prev = listAddress(q, page-1)
	}
	if v.Filter.Offset+len(v.Found) < v.Total {
		v.Next = listAddress(q, page+1)
	}
	for i, l := range []place.Level{place.Province, place.District, place.Commune} {
		v.Counts[i] = x.Count(l, v.today)
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// listAddress is the address of another page of the same list.
func listAddress(q url.Values, page int) string {
	next := url.Values{}
	for _, name := range []string{"q", "cap", "tinh", "cu"} {
		if v := q.Get(name); v != "" {
			next.Set(name, v)
		}
	}
	if page > 1 {
		next.Set("trang", strconv.Itoa(page))
	}
	return "/quan-tri/dia-ban?" + next.Encode()
}

func unitAddress(u place.Unit) string { return "/dia-ban/" + u.Code }

func levelOptions(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: string(place.Province), Text: i18n.T(ctx, "units.level.province")},
		{Value: string(place.District), Text: i18n.T(ctx, "units.level.district")},
		{Value: string(place.Commune), Text: i18n.T(ctx, "units.level.commune")},
	}
}

func provinceOptions(ctx context.Context, v listView) []ui.Option {
	var list []ui.Option
	for _, p := range v.x.Provinces(v.today) {
		list = append(list, ui.Option{Value: p.Code, Text: p.Text().In(ctx)})
	}
	return list
}

// when says in words from when until when a unit stood.
func when(ctx context.Context, u place.Unit) string {
	lang := i18n.Lang(ctx)
	switch first := u.ValidFrom == place.Beginning; {
	case first && u.ValidTo.IsZero():
		return i18n.T(ctx, "units.always")
	case first:
		return i18n.T(ctx, "units.until", "day", u.ValidTo.Screen(lang))
	case u.ValidTo.IsZero():
		return i18n.T(ctx, "units.since", "day", u.ValidFrom.Screen(lang))
	}
	return i18n.T(ctx, "units.between", "from", u.ValidFrom.Screen(lang), "to", u.ValidTo.Screen(lang))
}

// how says how much of the older unit a relation concerns.
func how(ctx context.Context, share place.Share, residents bool) string {
	switch {
	case share == place.Full:
		return i18n.T(ctx, "units.whole")
	case residents:
		return i18n.T(ctx, "units.part-residents")
	}
	return i18n.T(ctx, "units.part")
}

// heirLinks are the units of today as links, with the share they have.
func heirLinks(ctx context.Context, x *place.Index, heirs []place.Heir, today civil.Date) []ui.LinkItem {
	list := make([]ui.LinkItem, len(heirs))
	for i, h := range heirs {
		list[i] = ui.LinkItem{Text: x.Address(h.Unit, today), Href: unitAddress(h.Unit), Note: how(ctx, h.Share, h.Residents)}
	}
	return list
}

func choiceLinks(ctx context.Context, v lookView) []ui.LinkItem {
	list := make([]ui.LinkItem, len(v.Answer.Choices))
	for i, c := range v.Answer.Choices {
		list[i] = ui.LinkItem{Text: v.x.Address(c.Now, v.today), Href: unitAddress(c.Now)}
		if c.Written.Key() != c.Now.Key() {
			list[i].Note = i18n.T(ctx, "units.was", "old", v.x.Address(c.Written, v.today))
			if c.Share == place.Partial && c.Written.Level == place.Commune {
				list[i].Note += ". " + how(ctx, c.Share, c.Residents)
			}
		}
	}
	return list
}

func relationLinks(ctx context.Context, x *place.Index, relations []place.Relation, today civil.Date) []ui.LinkItem {
	list := make([]ui.LinkItem, len(relations))
	for i, r := range relations {
		list[i] = ui.LinkItem{Text: x.Address(r.Unit, today), Href: unitAddress(r.Unit), Note: how(ctx, r.Share, r.Residents)}
	}
	return list
}

func foundLinks(ctx context.Context, v lookView) []ui.LinkItem {
	list := make([]ui.LinkItem, len(v.Others))
	for i, f := range v.Others {
		list[i] = ui.LinkItem{Text: v.x.Address(f.Unit, v.today), Href: unitAddress(f.Unit), Note: when(ctx, f.Unit)}
	}
	return list
}

func belowLinks(list []place.Unit) []ui.LinkItem {
	links := make([]ui.LinkItem, len(list))
	for i, u := range list {
		links[i] = ui.LinkItem{Text: u.FullName(), Href: unitAddress(u)}
	}
	return links
}

// answerTone is how the answer looks.
func answerTone(a place.Answer) ui.Tone {
	switch a.Status {
	case place.Resolved:
		return ui.OK
	case place.Ambiguous:
		return ui.Info
	}
	return ui.Warn
}

// chapterTerms are the facts of one state in the life of a unit.
func chapterTerms(ctx context.Context, v unitView, c place.Chapter) []ui.Term {
	terms := []ui.Term{{Term: i18n.T(ctx, "units.when"), Value: when(ctx, c.Unit)}}
	if up := v.x.Above(c.Unit, v.today); len(up) > 0 {
		names := make([]string, len(up))
		for i, u := range up {
			names[i] = u.Text().In(ctx)
		}
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "units.in"), Value: strings.Join(names, ", ")})
	}
	if c.Unit.Legal != "" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "units.founded"), Value: c.Unit.Legal})
	}
	if c.Unit.EndLegal != "" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "units.ended"), Value: c.Unit.EndLegal})
	}
	return terms
}

// heirNames are the units that a past one belongs to today, a dash for one that stands.
func heirNames(f place.Found) string {
	var names []string
	for _, h := range f.Heirs {
		if h.Unit.Key() != f.Unit.Key() {
			names = append(names, h.Unit.FullName())
		}
	}
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, "; ")
}
