package place

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// api registers what other programs may ask about units. All of it is public.
func (s *Service) api(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "search-units", Method: http.MethodGet, Path: "/api/v1/units", Tags: []string{"units"},
		Summary:     "Search administrative units",
		Description: "Provinces, districts (until 30 June 2025) and communes by words in any spelling or by code, best first; serves search while typing.",
	}, s.apiSearch)
	huma.Register(api, huma.Operation{
		OperationID: "get-unit", Method: http.MethodGet, Path: "/api/v1/units/{code}", Tags: []string{"units"},
		Summary:     "Read a unit and its history",
		Description: "What a code meant on a day (today when left out), what it lay in, what stands for it today, and every unit that ever carried the code with what it was made from and went into.",
	}, s.apiGet)
	huma.Register(api, huma.Operation{
		OperationID: "list-unit-children", Method: http.MethodGet, Path: "/api/v1/units/{code}/children", Tags: []string{"units"},
		Summary:     "List what lies in a unit",
		Description: "The units directly below on a day, by name. Code 00 gives the provinces.",
	}, s.apiChildren)
	huma.Register(api, huma.Operation{
		OperationID: "resolve-address", Method: http.MethodGet, Path: "/api/v1/resolve-address", Tags: []string{"units"},
		Summary:     "Find today's commune of an address",
		Description: "Reads an address of either system (two levels, or three as before 1 July 2025), of any time, with or without diacritics and house number. Answers with one unit, with candidates to choose from, or with the nearest names.",
	}, s.apiResolve)
}

type wordsJSON struct {
	VI string `json:"vi" doc:"Vietnamese"`
	EN string `json:"en" doc:"English"`
}

type unitJSON struct {
	Code      string     `json:"code" example:"26791" doc:"2 digits province, 3 district, 5 commune"`
	Level     Level      `json:"level" enum:"province,district,commune"`
	Kind      Kind       `json:"kind" example:"ward"`
	Name      wordsJSON  `json:"name" doc:"With its kind"`
	Address   string     `json:"address" doc:"With what it lay in at its time"`
	Parent    string     `json:"parent,omitempty" doc:"Code of the unit it lies in"`
	ValidFrom civil.Date `json:"valid_from" doc:"0001-01-01: as long as the lists reach back"`
	ValidTo   civil.Date `json:"valid_to,omitzero" doc:"Last day; absent while it stands"`
	Legal     string     `json:"legal,omitempty" doc:"What founded it"`
	EndLegal  string     `json:"end_legal,omitempty" doc:"What ended it"`
}

func unitOut(x *Index, u Unit, today civil.Date) unitJSON {
	t := u.Text()
	return unitJSON{
		Code: u.Code, Level: u.Level, Kind: u.Kind, Name: wordsJSON{t.VI, t.EN}, Address: x.Address(u, today), Parent: u.Parent,
		ValidFrom: u.ValidFrom, ValidTo: u.ValidTo, Legal: u.Legal, EndLegal: u.EndLegal,
	}
}

// heirJSON is a unit and how much of another it has.
type heirJSON struct {
	Unit      unitJSON `json:"unit"`
	Share     Share    `json:"share" enum:"full,partial"`
	Residents bool     `json:"residents" doc:"Of a part: all who lived there"`
}

func heirsOut(x *Index, heirs []Heir, today civil.Date) []heirJSON {
	list := make([]heirJSON, len(heirs))
	for i, h := range heirs {
		list[i] = heirJSON{unitOut(x, h.Unit, today), h.Share, h.Residents}
	}
	return list
}

func relationsOut(x *Index, relations []Relation, today civil.Date) []heirJSON {
	list := make([]heirJSON, len(relations))
	for i, r := range relations {
		list[i] = heirJSON{unitOut(x, r.Unit, today), r.Share, r.Residents}
	}
	return list
}

type searchIn struct {
	Text   string `query:"q" maxLength:"200" doc:"Words or a code; the last word may be half typed" example:"tan thoi hiep"`
	Level  string `query:"level" enum:"province,district,commune"`
	Within string `query:"within" maxLength:"5" pattern:"^[0-9]{2,3}$" doc:"Code of the province or district it lies in"`
	Past   bool   `query:"past" doc:"Also units that are no more"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Offset int    `query:"offset" minimum:"0" maximum:"100000" default:"0"`
}

type foundJSON struct {
	unitJSON
	Today []heirJSON `json:"today" doc:"What stands for it today"`
}

type searchOut struct {
	Body struct {
		Total int         `json:"total"`
		Items []foundJSON `json:"items"`
	}
}

func (s *Service) apiSearch(ctx context.Context, in *searchIn) (*searchOut, error) {
	x, err := s.Index(ctx)
	if err != nil {
		return nil, err
	}
	today := s.Today()
	found, total := x.Search(Filter{Text: in.Text, Today: today, Level: Level(in.Level), Within: in.Within, Past: in.Past, Limit: in.Limit, Offset: in.Offset})
	out := &searchOut{}
	out.Body.Total, out.Body.Items = total, []foundJSON{}
	for _, f := range found {
		out.Body.Items = append(out.Body.Items, foundJSON{unitOut(x, f.Unit, today), heirsOut(x, f.Heirs, today)})
	}
	return out, nil
}

type getIn struct {
	Code string `path:"code" pattern:"^[0-9]{2,5}$" example:"26791"`
	On   string `query:"on" format:"date" doc:"Day asked for; today when left out" example:"2025-06-30"`
}

type chapterJSON struct {
	Unit unitJSON   `json:"unit"`
	From []heirJSON `json:"from" doc:"What it was made from"`
	Into []heirJSON `json:"into" doc:"What took it over"`
}

type getOut struct {
	Body struct {
		Unit    unitJSON      `json:"unit"`
		Above   []unitJSON    `json:"above" doc:"What it lay in, the nearest first"`
		Today   []heirJSON    `json:"today" doc:"What stands for it today"`
		History []chapterJSON `json:"history" doc:"All that carried this code, the latest first"`
	}
}

// day reads a day of a request; today when there is none.
func (s *Service) day(on string) (civil.Date, error) {
	if on == "" {
		return s.Today(), nil
	}
	d, err := civil.Parse(on)
	if err != nil {
		return civil.Date{}, errs.NewInvalid(errs.Bad("on", "place.day"))
	}
	return d, nil
}

func errUnitNotFound() error { return errs.NewNotFound("place.unit-not-found") }

func (s *Service) apiGet(ctx context.Context, in *getIn) (*getOut, error) {
	x, err := s.Index(ctx)
	if err != nil {
		return nil, err
	}
	on, err := s.day(in.On)
	if err != nil {
		return nil, err
	}
	u, ok := x.At(in.Code, on)
	if !ok {
		// A code that is no more is asked for without a day: its last unit answers.
		all := x.Versions(in.Code)
		if in.On != "" || len(all) == 0 {
			return nil, errUnitNotFound()
		}
		u = all[len(all)-1]
	}
	today := s.Today()
	out := &getOut{}
	out.Body.Unit, out.Body.Above, out.Body.History = unitOut(x, u, on), []unitJSON{}, []chapterJSON{}
	for _, up := range x.Above(u, on) {
		out.Body.Above = append(out.Body.Above, unitOut(x, up, on))
	}
	out.Body.Today = heirsOut(x, x.Today(u, today), today)
	for _, c := range x.History(in.Code) {
		out.Body.History = append(out.Body.History, chapterJSON{unitOut(x, c.Unit, today), relationsOut(x, c.From, today), relationsOut(x, c.Into, today)})
	}
	return out, nil
}

type childrenOut struct {
	Body struct {
		Items []unitJSON `json:"items"`
	}
}

func (s *Service) apiChildren(ctx context.Context, in *getIn) (*childrenOut, error) {
	x, err := s.Index(ctx)
	if err != nil {
		return nil, err
	}
	on, err := s.day(in.On)
	if err != nil {
		return nil, err
	}
	list := x.Children(in.Code, on)
	if in.Code == "00" {
		list = x.Provinces(on)
	} else if _, ok := x.At(in.Code, on); !ok {
		return nil, errUnitNotFound()
	}
	out := &childrenOut{}
	out.Body.Items = []unitJSON{}
	for _, u := range list {
		out.Body.Items = append(out.Body.Items, unitOut(x, u, on))
	}
	return out, nil
}

type resolveIn struct {
	Text   string `query:"text" required:"true" minLength:"1" maxLength:"300" example:"12 Tô Ký, Phường Tân Thới Hiệp, Quận 12"`
	On     string `query:"on" format:"date" doc:"Day on which the address was true; any when left out"`
	Within string `query:"within" maxLength:"2" pattern:"^[0-9]{2}$" doc:"Code of today's province"`
}

type choiceJSON struct {
	Written   unitJSON `json:"written" doc:"As the text has it, of its time"`
	Now       unitJSON `json:"now"`
	Share     Share    `json:"share" enum:"full,partial"`
	Residents bool     `json:"residents" doc:"Of a part: all who lived there"`
}

type resolveOut struct {
	Body struct {
		Status      Status       `json:"status" enum:"resolved,ambiguous,unknown"`
		Reason      Reason       `json:"reason,omitempty" enum:"split,same-name,no-commune,not-found"`
		Explanation string       `json:"explanation" doc:"The same for people"`
		Line        string       `json:"line" doc:"What stands before the unit: house number, street"`
		Mended      bool         `json:"mended" doc:"A typing mistake was put right"`
		Choices     []choiceJSON `json:"choices" doc:"One when resolved, candidates when ambiguous, the nearest names when unknown"`
	}
}

func (s *Service) apiResolve(ctx context.Context, in *resolveIn) (*resolveOut, error) {
	x, err := s.Index(ctx)
	if err != nil {
		return nil, err
	}
	o := Options{Today: s.Today(), Within: in.Within}
	if in.On != "" {
		if o.On, err = s.day(in.On); err != nil {
			return nil, err
		}
	}
	a := x.Resolve(in.Text, o)
	out := &resolveOut{}
	out.Body.Status, out.Body.Reason, out.Body.Line, out.Body.Mended = a.Status, a.Reason, a.Line, a.Mended
	out.Body.Explanation = a.Explain(ctx)
	out.Body.Choices = []choiceJSON{}
	for _, c := range a.Choices {
		out.Body.Choices = append(out.Body.Choices, choiceJSON{unitOut(x, c.Written, o.Today), unitOut(x, c.Now, o.Today), c.Share, c.Residents})
	}
	return out, nil
}
