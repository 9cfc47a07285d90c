package portal

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"motcua/internal/core/document"
	"motcua/internal/core/dossier"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
)

type homeView struct {
	Drafts  []dossier.Draft
	Popular []procedure.Hit
}

type searchView struct {
	Query      procedure.Query
	Page       procedure.Page
	Anywhere   string      // the same without what was looked at before
	Answer     *answerView // to a question about what was looked at before
	AgencyName string      // when only what one agency offers is shown
	Everywhere string      // the same without that agency
	Prev, Next string
}

// keep are the filters that a new search goes on with.
func (v searchView) keep() map[string]string {
	keep := map[string]string{}
	for name, value := range map[string]string{
		"linh-vuc": v.Query.Field, "cap": string(v.Query.Level), "su-kien": string(v.Query.LifeEvent), "kenh": string(v.Query.Channel),
		"bo": v.Query.Announcer, "co-quan": v.Query.Agency,
	} {
		if value != "" {
			keep[name] = value
		}
	}
	return keep
}

// keepOn adds what a next question is about: the procedure this one was about, or the
// first one found.
func (v searchView) keepOn() map[string]string {
	keep := v.keep()
	if v.Query.Text != "" && v.Query.Offset == 0 && len(v.Page.Hits) > 0 {
		keep["sau"] = v.Page.Hits[0].Code
	} else if v.Query.After != "" {
		keep["sau"] = v.Query.After
	}
	return keep
}

// note says which part of the results stands on the page.
func (v searchView) note(ctx context.Context) string {
	if v.Prev == "" && v.Next == "" {
		return ""
	}
	return i18n.T(ctx, "portal.search.part", "from", v.Query.Offset+1, "to", v.Query.Offset+len(v.Page.Hits), "total", v.Page.Total)
}

type procedureView struct {
	Def      *procedure.Definition
	Case     string // the case whose papers stand open
	CanFile  bool   // some agency takes it online
	ReadOnly bool   // it stands in the national catalogue only: nobody here takes it
	Minutes  int    // how long the form takes to fill, about
	Places   []org.Agency
}

type startView struct {
	Def         *procedure.Definition
	Offers      []ui.Option
	Cases       []ui.Option
	Offer, Case string
	Errors      ui.Errors
}

type verifyView struct {
	Paper document.Verification
	Valid bool
}

type registerView struct {
	Code, Name, Text string
	Entries          []register.PublicEntry
}

type mineView struct {
	Drafts     []dossier.Draft
	Page       dossier.Page
	All        bool
	Prev, Next string
}

type dossierView struct {
	D        dossier.Detail
	Items    []dossier.Item
	Clock    dossier.ClockView
	Summary  templ.Component // the answers as people read them
	TrackURL string
	Fresh    bool // just filed
	Errors   ui.Errors
	Stars    string
	Comment  string
	Reason   string
}

func hints(ctx context.Context) []ui.LinkProps {
	var links []ui.LinkProps
	for _, key := range []string{"birth", "shop", "house", "copy"} {
		words := i18n.T(ctx, "portal.hint."+key)
		links = append(links, ui.LinkProps{Text: words, Href: "/thu-tuc?q=" + url.QueryEscape(words)})
	}
	return links
}

func eventCards(ctx context.Context) []ui.CardProps {
	var cards []ui.CardProps
	for _, e := range procedure.LifeEvents() {
		cards = append(cards, ui.CardProps{Title: i18n.T(ctx, "portal.event."+string(e)), Href: "/thu-tuc?su-kien=" + string(e), Level: 3})
	}
	return cards
}

func draftLinks(ctx context.Context, drafts []dossier.Draft) []ui.LinkItem {
	var items []ui.LinkItem
	for _, d := range drafts {
		items = append(items, ui.LinkItem{Text: d.Title, Href: "/ho-so-nhap/" + d.ID, Note: i18n.T(ctx, "portal.draft.saved", "at", i18n.DateTime(ctx, d.UpdatedAt))})
	}
	return items
}

func hitLinks(ctx context.Context, hits []procedure.Hit) []ui.LinkItem {
	var items []ui.LinkItem
	for _, h := range hits {
		items = append(items, ui.LinkItem{Text: h.Name.In(ctx), Href: "/thu-tuc/" + h.Code, Note: h.Field.Name().In(ctx)})
	}
	return items
}

func fieldOptions(ctx context.Context, fields []procedure.FieldCount) []ui.Option {
	var opts []ui.Option
	for _, f := range fields {
		opts = append(opts, ui.Option{Value: f.Field.Code, Text: f.Field.Name().In(ctx) + " (" + strconv.Itoa(f.Count) + ")"})
	}
	return opts
}

// facetOptions are values with their number, their words under a prefix.
func facetOptions(ctx context.Context, prefix string, facets []procedure.Facet) []ui.Option {
	var opts []ui.Option
	for _, f := range facets {
		opts = append(opts, ui.Option{Value: f.Value, Text: i18n.T(ctx, prefix+f.Value) + " (" + strconv.Itoa(f.Count) + ")"})
	}
	return opts
}

// namedOptions are values that are their own words.
func namedOptions(facets []procedure.Facet) []ui.Option {
	var opts []ui.Option
	for _, f := range facets {
		opts = append(opts, ui.Option{Value: f.Value, Text: f.Value + " (" + strconv.Itoa(f.Count) + ")"})
	}
	return opts
}

func channelColumns(ctx context.Context) []ui.Column {
	return []ui.Column{{Text: i18n.T(ctx, "portal.procedure.channel")}, {Text: i18n.T(ctx, "portal.procedure.term")}, {Text: i18n.T(ctx, "portal.procedure.fee")}}
}

func paperColumns(ctx context.Context) []ui.Column {
	return []ui.Column{
		{Text: i18n.T(ctx, "portal.paper.name")},
		{Text: i18n.T(ctx, "portal.paper.originals"), Numeric: true, Narrow: true},
		{Text: i18n.T(ctx, "portal.paper.copies"), Numeric: true, Narrow: true},
		{Text: i18n.T(ctx, "portal.paper.required"), Narrow: true},
	}
}

func requiredWords(ctx context.Context, rule string) string {
	switch rule {
	case "true":
		return i18n.T(ctx, "portal.paper.always")
	case "", "false":
		return i18n.T(ctx, "portal.paper.optional")
	default:
		return i18n.T(ctx, "portal.paper.sometimes")
	}
}

func factTerms(ctx context.Context, d *procedure.Definition) []ui.Term {
	terms := []ui.Term{
		{Term: i18n.T(ctx, "portal.fact.code"), Value: d.Code},
		{Term: i18n.T(ctx, "portal.fact.field"), Value: d.Field.Name().In(ctx)},
		{Term: i18n.T(ctx, "portal.fact.level"), Value: levelWords(ctx, d)},
	}
	if !d.Competent.IsZero() {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.fact.competent"), Value: d.Competent.In(ctx)})
	}
	if announced := announcedWords(d.AnnouncedBy); announced != "" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.fact.decision"), Value: announced})
	}
	for _, r := range d.Results {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.fact.result"), Value: r.Name.In(ctx)})
	}
	return terms
}

func levelWords(ctx context.Context, d *procedure.Definition) string {
	levels := d.Levels
	if len(levels) == 0 {
		levels = []procedure.Level{d.Level}
	}
	words := make([]string, len(levels))
	for i, l := range levels {
		words[i] = i18n.T(ctx, "portal.level."+string(l))
	}
	return strings.Join(words, ", ")
}

func announcedWords(a procedure.Announcement) string {
	if a.Decision == "" || a.Agency == "" {
		return a.Decision + a.Agency
	}
	return a.Decision + " · " + a.Agency
}

// paperNumber is how many of a paper are handed in; nothing where nobody has said.
func paperNumber(p procedure.Component, n int) string {
	if p.Uncounted {
		return "–"
	}
	return strconv.Itoa(n)
}

// doubtful reports whether some words of a published procedure did not become fields.
func doubtful(d *procedure.Definition) bool {
	return d.Source != nil && slices.ContainsFunc(d.Source.Parts, func(p procedure.SourcePart) bool { return p.Doubts })
}

func statusTone(s dossier.Status) ui.Tone {
	switch s {
	case dossier.StatusNew:
		return ui.Neutral
	case dossier.StatusDone, dossier.StatusReturned:
		return ui.OK
	case dossier.StatusSupplement, dossier.StatusPayment:
		return ui.Warn
	case dossier.StatusRefused, dossier.StatusStopped, dossier.StatusWithdrawn:
		return ui.Danger
	default:
		return ui.Info
	}
}

func stageSteps(stages []dossier.StageMark) []ui.Step {
	steps := make([]ui.Step, len(stages))
	for i, s := range stages {
		state := ui.StepTodo
		if s.Done {
			state = ui.StepDone
		}
		if s.Here {
			state = ui.StepCurrent
		}
		steps[i] = ui.Step{Text: s.Name, State: state}
	}
	return steps
}

// when adds a line for a moment that has come.
func when(ctx context.Context, terms []ui.Term, key string, at time.Time) []ui.Term {
	if at.IsZero() {
		return terms
	}
	return append(terms, ui.Term{Term: i18n.T(ctx, key), Value: i18n.DateTime(ctx, at)})
}

func publicTerms(ctx context.Context, s dossier.PublicStatus) []ui.Term {
	terms := []ui.Term{{Term: i18n.T(ctx, "portal.track.holder"), Value: s.AgencyName}}
	if s.StageName != "" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.track.stage"), Value: s.StageName})
	}
	terms = when(ctx, terms, "portal.date.submitted", s.SubmittedAt)
	terms = when(ctx, terms, "portal.date.received", s.ReceivedAt)
	if s.FinishedAt.IsZero() {
		terms = when(ctx, terms, "portal.date.due", s.DueAt)
	}
	terms = when(ctx, terms, "portal.date.finished", s.FinishedAt)
	return when(ctx, terms, "portal.date.returned", s.ReturnedAt)
}

func dossierTerms(ctx context.Context, d dossier.Detail) []ui.Term {
	terms := []ui.Term{
		{Term: i18n.T(ctx, "portal.dossier.number"), Value: d.Number},
		{Term: i18n.T(ctx, "portal.dossier.procedure"), Value: d.ProcedureName},
		{Term: i18n.T(ctx, "portal.dossier.owner"), Value: d.Owner.Name},
		{Term: i18n.T(ctx, "portal.dossier.receiving"), Value: d.ReceivingAgency},
	}
	if d.CompetentAgency != d.ReceivingAgency {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.dossier.competent"), Value: d.CompetentAgency})
	}
	if d.TermText != "" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.dossier.term"), Value: d.TermText})
	}
	terms = when(ctx, terms, "portal.date.submitted", d.SubmittedAt)
	terms = when(ctx, terms, "portal.date.received", d.ReceivedAt)
	terms = when(ctx, terms, "portal.date.due", d.DueAt)
	terms = when(ctx, terms, "portal.date.finished", d.FinishedAt)
	return when(ctx, terms, "portal.date.returned", d.ReturnedAt)
}

func resultTerms(ctx context.Context, r dossier.ResultRef) []ui.Term {
	terms := []ui.Term{
		{Term: i18n.T(ctx, "portal.result.register"), Value: r.Register},
		{Term: i18n.T(ctx, "portal.result.number"), Value: r.Number},
		{Term: i18n.T(ctx, "portal.result.holder"), Value: r.Holder},
		{Term: i18n.T(ctx, "portal.result.state"), Value: i18n.T(ctx, "register.state."+r.State)},
	}
	if to, err := civil.Parse(r.ValidTo); err == nil && !to.IsZero() {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.result.until"), Value: day(ctx, to)})
	}
	return terms
}

func day(ctx context.Context, d civil.Date) string {
	return d.Screen(i18n.Lang(ctx))
}

func verifyTerms(ctx context.Context, v verifyView) []ui.Term {
	return when(ctx, []ui.Term{
		{Term: i18n.T(ctx, "portal.verify.paper"), Value: v.Paper.Name},
		{Term: i18n.T(ctx, "portal.result.number"), Value: v.Paper.Number},
		{Term: i18n.T(ctx, "portal.verify.agency"), Value: v.Paper.Agency},
		{Term: i18n.T(ctx, "portal.verify.hash"), Body: ui.Code(v.Paper.Hash)},
	}, "portal.verify.issued", v.Paper.IssuedAt)
}

func entryTerms(ctx context.Context, e register.PublicEntry) []ui.Term {
	var terms []ui.Term
	if e.Keeper != "" && e.Keeper != e.Agency {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.result.keeper"), Value: e.Keeper})
	}
	if e.Holder != "" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.result.holder"), Value: e.Holder})
	}
	for _, f := range e.Fields {
		terms = append(terms, ui.Term{Term: f.Label, Value: f.Value})
	}
	if !e.ValidFrom.IsZero() {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.result.from"), Value: day(ctx, e.ValidFrom)})
	}
	if !e.ValidTo.IsZero() {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.result.until"), Value: day(ctx, e.ValidTo)})
	}
	return terms
}

// rowSentence says in one sentence what a person wants to know of a dossier in a list.
func rowSentence(ctx context.Context, r dossier.Row) string {
	switch {
	case !r.ReturnedAt.IsZero():
		return i18n.T(ctx, "portal.row.returned", "at", i18n.Date(ctx, r.ReturnedAt))
	case r.Status == dossier.StatusDone:
		return i18n.T(ctx, "portal.row.done", "agency", r.AgencyName)
	case !r.Open():
		return i18n.T(ctx, "portal.row.ended", "at", i18n.Date(ctx, r.FinishedAt))
	case r.Status == dossier.StatusSupplement:
		return i18n.T(ctx, "portal.row.supplement")
	case r.Status == dossier.StatusPayment:
		return i18n.T(ctx, "portal.row.payment")
	case !r.DueAt.IsZero():
		return i18n.T(ctx, "portal.row.due", "agency", r.AgencyName, "at", i18n.DateTime(ctx, r.DueAt))
	default:
		return i18n.T(ctx, "portal.row.waiting", "agency", r.AgencyName)
	}
}

// moments draws the timeline, the future first.
func moments(ctx context.Context, number string, items []dossier.Item) []ui.Moment {
	all := make([]ui.Moment, 0, len(items))
	for _, it := range items {
		m := ui.Moment{At: it.At, Title: it.Title, Body: it.Text, Actor: it.Who, Next: it.Next}
		switch it.Tone {
		case "success":
			m.Tone = ui.OK
		case "warning":
			m.Tone = ui.Warn
		case "danger":
			m.Tone = ui.Danger
		}
		if it.DocumentID != "" {
			m.Links = []ui.LinkProps{{Text: i18n.T(ctx, "portal.dossier.open-paper"), Href: "/ho-so/" + number + "/giay-to/" + it.DocumentID, Icon: "file"}}
		}
		all = append(all, m)
	}
	return all
}

func starOptions(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for n := 5; n >= 1; n-- {
		s := strconv.Itoa(n)
		opts = append(opts, ui.Option{Value: s, Text: i18n.T(ctx, "portal.rate."+s)})
	}
	return opts
}

// casePaperColumns leave out what the national catalogue does not tell: whether a
// paper is needed always.
func casePaperColumns(ctx context.Context, fromSource bool) []ui.Column {
	if fromSource {
		return paperColumns(ctx)[:3]
	}
	return paperColumns(ctx)
}

// sourceWords say what a page from the national catalogue is, and what to beware of.
func sourceWords(ctx context.Context, d *procedure.Definition) string {
	if doubtful(d) {
		return i18n.T(ctx, "portal.source.doubts")
	}
	return i18n.T(ctx, "portal.source.text")
}

// sourceSteps are the steps of all cases: the catalogue tells them for the procedure.
func sourceSteps(d *procedure.Definition) (steps []i18n.Text) {
	for _, c := range d.Cases {
		steps = append(steps, c.Steps...)
	}
	return steps
}

func hasPapers(d *procedure.Definition) bool {
	return d.Source == nil || slices.ContainsFunc(d.Cases, func(c procedure.Case) bool { return len(c.Components) > 0 })
}

func basisWords(ctx context.Context, b procedure.LegalBasis) string {
	words := b.Name.In(ctx)
	if b.Number != "" && !strings.Contains(words, b.Number) {
		words += " (" + b.Number + ")"
	}
	return words
}
