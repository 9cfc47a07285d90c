package procedure

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

// api registers what other programs may ask of the catalogue. Everything in it is
// public by law, so nobody has to sign in.
func (s *Service) api(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "search-procedures", Method: http.MethodGet, Path: "/api/v1/procedures", Tags: []string{"procedures"},
		Summary: "Search procedures",
		Description: "Finds administrative procedures in force today by everyday words (any spelling, with or without diacritics) or by code, best first. " +
			"A question asked after another (\"how long does it take?\") is understood by the procedure given as after, unless it names another.",
	}, s.apiSearch)
	huma.Register(api, huma.Operation{
		OperationID: "get-procedure", Method: http.MethodGet, Path: "/api/v1/procedures/{code}", Tags: []string{"procedures"},
		Summary:     "Read one procedure",
		Description: "The version in force today, or on the day asked for: channels with terms and fees, cases with papers, results, legal bases, and who offers it.",
	}, s.apiGet)
	huma.Register(api, huma.Operation{
		OperationID: "list-fields", Method: http.MethodGet, Path: "/api/v1/procedure-fields", Tags: []string{"procedures"},
		Summary: "List fields of administration", Description: "The fields (lĩnh vực) that have procedures in force today.",
	}, s.apiFields)
}

// words is a text in both languages on the wire.
type wordsJSON struct {
	VI string `json:"vi" doc:"Vietnamese"`
	EN string `json:"en" doc:"English"`
}

func both(t i18n.Text) wordsJSON { return wordsJSON{t.VI, t.EN} }

type fieldJSON struct {
	Code string    `json:"code" example:"G15-TP01"`
	Name wordsJSON `json:"name"`
}

func fieldOut(f Field) fieldJSON { return fieldJSON{f.Code, both(f.Name())} }

type searchIn struct {
	Text      string `query:"q" maxLength:"300" doc:"Everyday words or a procedure code" example:"làm giấy khai sinh"`
	Field     string `query:"field" maxLength:"20" doc:"Field code"`
	Level     string `query:"level" enum:"province,commune,ministry,district,other" doc:"Tier of government"`
	Channel   string `query:"channel" enum:"direct,online,postal" doc:"Way of handing in"`
	LifeEvent string `query:"life_event" maxLength:"20" doc:"Life event, e.g. birth"`
	Audience  string `query:"audience" maxLength:"20" doc:"Who asks, e.g. citizen"`
	Agency    string `query:"agency" maxLength:"64" doc:"Id of an agency that offers it"`
	Announcer string `query:"announcer" maxLength:"200" doc:"Who announced it" example:"Bộ Tư pháp"`
	After     string `query:"after" maxLength:"40" doc:"Code of the procedure the person was at when asking" example:"1.001193"`
	Limit     int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Offset    int    `query:"offset" minimum:"0" maximum:"100000" default:"0"`
}

type hitJSON struct {
	Code       string        `json:"code" example:"1.001193"`
	VersionID  string        `json:"version_id"`
	Name       wordsJSON     `json:"name"`
	Summary    wordsJSON     `json:"summary"`
	Field      fieldJSON     `json:"field"`
	Level      Level         `json:"level"`
	Channels   []ChannelKind `json:"channels"`
	Online     OnlineLevel   `json:"online"`
	LifeEvents []LifeEvent   `json:"life_events"`
	Term       wordsJSON     `json:"term"`
	Free       bool          `json:"free" doc:"Nothing to pay in any channel"`
}

type facetJSON struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

func facetsOut(in []Facet) []facetJSON {
	out := make([]facetJSON, len(in))
	for i, f := range in {
		out[i] = facetJSON(f)
	}
	return out
}

type searchOut struct {
	Body struct {
		Total      int       `json:"total"`
		Items      []hitJSON `json:"items"`
		Suggestion string    `json:"suggestion,omitempty" doc:"The text with its typing mistakes mended"`
		About      string    `json:"about,omitempty" doc:"Code of the procedure given as after, when the question was taken to be about it; it comes first"`
		Part       Part      `json:"part,omitempty" enum:"result,fee,term,where,basis,how,who,papers" doc:"What the question wants to know of the procedure"`
		Facets     struct {
			Fields     []facetJSON `json:"fields"`
			Levels     []facetJSON `json:"levels"`
			Channels   []facetJSON `json:"channels"`
			LifeEvents []facetJSON `json:"life_events"`
			Announcers []facetJSON `json:"announcers"`
		} `json:"facets" doc:"What would narrow the result, each over what the other filters leave"`
	}
}

func (s *Service) apiSearch(ctx context.Context, in *searchIn) (*searchOut, error) {
	page, err := s.Search(ctx, Query{
		Text: in.Text, Field: in.Field, Level: Level(in.Level), Channel: ChannelKind(in.Channel), LifeEvent: LifeEvent(in.LifeEvent),
		Audience: Audience(in.Audience), Agency: in.Agency, Announcer: in.Announcer, After: in.After, Limit: in.Limit, Offset: in.Offset,
	})
	if err != nil {
		return nil, err
	}
	out := &searchOut{}
	out.Body.Total, out.Body.Suggestion, out.Body.Part, out.Body.Items = page.Total, page.Suggestion, page.Part, []hitJSON{}
	if page.About != nil {
		out.Body.About = page.About.Code
	}
	f := &out.Body.Facets
	f.Levels, f.Channels, f.LifeEvents, f.Announcers = facetsOut(page.Levels), facetsOut(page.Channels), facetsOut(page.LifeEvents), facetsOut(page.Announcers)
	f.Fields = []facetJSON{}
	for _, n := range page.Fields {
		f.Fields = append(f.Fields, facetJSON{n.Field.Code, n.Count})
	}
	for _, h := range page.Hits {
		out.Body.Items = append(out.Body.Items, hitJSON{
			Code: h.Code, VersionID: h.VersionID, Name: both(h.Name), Summary: both(h.Summary), Field: fieldOut(h.Field), Level: h.Level,
			Channels: list(h.Channels), Online: h.Online, LifeEvents: list(h.LifeEvents), Term: both(h.TermText), Free: h.Free,
		})
	}
	return out, nil
}

// list makes an absent list an empty one: the contract says array, never null.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

type getIn struct {
	Code string `path:"code" maxLength:"40" example:"1.001193"`
	On   string `query:"on" format:"date" doc:"Day asked for; today when left out" example:"2026-03-02"`
}

type feeJSON struct {
	Code   string    `json:"code"`
	Name   wordsJSON `json:"name"`
	Kind   FeeKind   `json:"kind" doc:"charge (lệ phí) or fee (phí)"`
	Amount int64     `json:"amount" doc:"đồng"`
	Unit   wordsJSON `json:"unit"`
	Exempt wordsJSON `json:"exempt"`
	Basis  string    `json:"basis"`
	Varies bool      `json:"varies" doc:"The amount due depends on the answers"`
}

type channelJSON struct {
	Kind ChannelKind `json:"kind"`
	Term struct {
		Amount        int      `json:"amount" doc:"0: the law names none"`
		Unit          TermUnit `json:"unit"`
		SameDayBefore string   `json:"same_day_before,omitempty"`
	} `json:"term"`
	TermText wordsJSON `json:"term_text"`
	Fees     []feeJSON `json:"fees"`
	Note     wordsJSON `json:"note"`
}

type componentJSON struct {
	Code        string    `json:"code"`
	Name        wordsJSON `json:"name"`
	Originals   int       `json:"originals"`
	Copies      int       `json:"copies"`
	Required    string    `json:"required" enum:"always,sometimes,never" doc:"sometimes: it depends on the answers"`
	PresentOnly bool      `json:"present_only" doc:"Shown at the counter, not handed in"`
	Reuse       []string  `json:"reuse" doc:"Result codes that replace it"`
	Accept      []string  `json:"accept" doc:"File types online"`
	Note        wordsJSON `json:"note"`
}

type caseJSON struct {
	ID         string          `json:"id"`
	Name       wordsJSON       `json:"name"`
	When       wordsJSON       `json:"when"`
	Sets       int             `json:"sets" doc:"Number of sets of papers"`
	Steps      []wordsJSON     `json:"steps"`
	Components []componentJSON `json:"components"`
}

type offerJSON struct {
	ID         string      `json:"id" doc:"Give it to start a dossier"`
	AgencyID   string      `json:"agency_id"`
	AgencyName string      `json:"agency_name"`
	Channel    ChannelKind `json:"channel"`
	Online     OnlineLevel `json:"online"`
}

type namedJSON struct {
	Code string    `json:"code"`
	Name wordsJSON `json:"name"`
}

type procedureJSON struct {
	Code        string        `json:"code"`
	VersionID   string        `json:"version_id"`
	Number      int           `json:"number" doc:"Number of the version"`
	Name        wordsJSON     `json:"name"`
	Summary     wordsJSON     `json:"summary"`
	Field       fieldJSON     `json:"field"`
	Level       Level         `json:"level"`
	Competent   wordsJSON     `json:"competent"`
	ValidFrom   string        `json:"valid_from" format:"date"`
	ValidTo     string        `json:"valid_to,omitempty" doc:"Last day in force"`
	Audience    []Audience    `json:"audience"`
	AnnouncedBy Announcement  `json:"announced_by"`
	Conditions  wordsJSON     `json:"conditions"`
	Channels    []channelJSON `json:"channels"`
	Cases       []caseJSON    `json:"cases"`
	Results     []namedJSON   `json:"results"`
	LegalBases  []namedJSON   `json:"legal_bases" doc:"code is the number of the text"`
	Related     []string      `json:"related"`
	Offers      []offerJSON   `json:"offers" doc:"Who takes it today; empty when the version asked for is not today's"`
}

type getOut struct {
	Body procedureJSON
}

func (s *Service) apiGet(ctx context.Context, in *getIn) (*getOut, error) {
	var day civil.Date
	if in.On != "" {
		d, err := civil.Parse(in.On)
		if err != nil {
			return nil, errNotFound()
		}
		day = d
	}
	v, err := s.Get(ctx, in.Code, day)
	if err != nil {
		return nil, err
	}
	out := &getOut{Body: v.json()}
	offers, err := s.Offers(ctx, in.Code)
	if err != nil && day.IsZero() {
		return nil, err
	}
	for _, o := range offers {
		if o.VersionID == v.ID {
			out.Body.Offers = append(out.Body.Offers, offerJSON{o.ID, o.AgencyID, o.AgencyName, o.Channel, o.Online})
		}
	}
	return out, nil
}

func (v *Version) json() procedureJSON {
	d := v.Def
	p := procedureJSON{
		Code: v.Code, VersionID: v.ID, Number: v.Number, Name: both(d.Name), Summary: both(d.Summary), Field: fieldOut(d.Field), Level: d.Level,
		Competent: both(d.Competent), ValidFrom: v.ValidFrom, ValidTo: v.ValidTo, Audience: list(d.Audience), AnnouncedBy: d.AnnouncedBy,
		Conditions: both(d.Conditions), Channels: []channelJSON{}, Cases: []caseJSON{}, Results: []namedJSON{}, LegalBases: []namedJSON{},
		Related: list(d.Related), Offers: []offerJSON{},
	}
	for _, ch := range d.Channels {
		c := channelJSON{Kind: ch.Kind, TermText: both(ch.TermText), Fees: []feeJSON{}, Note: both(ch.Note)}
		c.Term.Amount, c.Term.Unit, c.Term.SameDayBefore = ch.Term.Amount, ch.Term.Unit, ch.Term.SameDayBefore
		for _, f := range ch.Fees {
			c.Fees = append(c.Fees, feeJSON{f.Code, both(f.Name), f.Kind, f.Amount, both(f.Unit), both(f.Exempt), f.Basis, f.When != "" || f.From != ""})
		}
		p.Channels = append(p.Channels, c)
	}
	for _, cs := range d.Cases {
		p.Cases = append(p.Cases, caseOut(cs))
	}
	for _, r := range d.Results {
		p.Results = append(p.Results, namedJSON{r.Code, both(r.Name)})
	}
	for _, l := range d.LegalBases {
		p.LegalBases = append(p.LegalBases, namedJSON{l.Number, both(l.Name)})
	}
	return p
}

func caseOut(cs Case) caseJSON {
	c := caseJSON{ID: cs.ID, Name: both(cs.Name), When: both(cs.When), Sets: max(cs.Sets, 1), Steps: []wordsJSON{}, Components: []componentJSON{}}
	for _, t := range cs.Steps {
		c.Steps = append(c.Steps, both(t))
	}
	for _, p := range cs.Components {
		required := "sometimes"
		switch p.Required {
		case "":
			required = "never"
		case "true":
			required = "always"
		}
		c.Components = append(c.Components, componentJSON{
			Code: p.Code, Name: both(p.Name), Originals: p.Originals, Copies: p.Copies, Required: required, PresentOnly: p.PresentOnly,
			Reuse: list(p.Reuse), Accept: list(p.FileTypes()), Note: both(p.Note),
		})
	}
	return c
}

type fieldsOut struct {
	Body struct {
		Items []fieldJSON `json:"items"`
	}
}

func (s *Service) apiFields(ctx context.Context, _ *struct{}) (*fieldsOut, error) {
	fields, err := s.Fields(ctx)
	if err != nil {
		return nil, err
	}
	out := &fieldsOut{}
	out.Body.Items = []fieldJSON{}
	for _, f := range fields {
		out.Body.Items = append(out.Body.Items, fieldOut(f))
	}
	return out, nil
}
