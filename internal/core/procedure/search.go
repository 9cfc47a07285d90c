package procedure

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"motcua/internal/platform/i18n"
)

// Query asks the catalogue. All filters narrow; the zero Query lists everything in
// force by name.
type Query struct {
	Text      string // everyday words, in any spelling, also with mistakes; or a code
	Field     string // field code
	Level     Level
	Channel   ChannelKind
	LifeEvent LifeEvent
	Audience  Audience
	Agency    string // id of an agency that offers it
	Announcer string // who announced it: "Bộ Tư pháp"
	After     string // code of the procedure the person was at when asking
	Limit     int    // 0 is 20, at most 100
	Offset    int
}

// Hit is one procedure found.
type Hit struct {
	Code       string
	VersionID  string
	Name       i18n.Text
	Summary    i18n.Text
	Field      Field
	Level      Level
	Announcer  string
	Channels   []ChannelKind
	Online     OnlineLevel // by the version's rule
	LifeEvents []LifeEvent
	TermText   i18n.Text
	Free       bool // nothing to pay in any channel
}

// FieldCount says how many procedures found lie in a field.
type FieldCount struct {
	Field Field
	Count int
}

// Facet is a value that would narrow the result, and to how many.
type Facet struct {
	Value string
	Count int
}

// Page is a part of what was found, best first. Every facet is counted over what the
// other filters leave, so that a person sees what changing one of them would give.
type Page struct {
	Hits       []Hit
	Total      int
	Fields     []FieldCount // by name
	Levels     []Facet
	Channels   []Facet
	LifeEvents []Facet
	Announcers []Facet
	Suggestion string // the text with its typing mistakes mended, "" when nothing was mended
	About      *Hit   // what the question was taken to be about because of Query.After; it comes first
	Part       Part   // what it wants to know of the procedure, "" when it does not say
}

// MaxQuery is how many characters of a query are read; nobody types more by hand.
const MaxQuery = 300

// weakest is how much worse than the best a result may be and still be shown.
const weakest = 0.22

// enough results that are fairly sure leave out those that are less so.
const enough = 3

// Search finds procedures in force today.
func (s *Service) Search(ctx context.Context, q Query) (Page, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return Page{}, err
	}
	found, about, suggestion := x.findAfter(q.Text, q.After)
	page := Page{Suggestion: suggestion, Part: partOf(q.Text)}
	if about != nil && x.fails(about, q) == 0 {
		hit := about.hit()
		page.About = &hit
	}
	found = x.narrow(found, q, &page)
	page.Total = len(found)
	limit := min(cmp.Or(max(q.Limit, 0), 20), 100)
	from := min(max(q.Offset, 0), len(found))
	for _, f := range found[from:min(from+limit, len(found))] {
		page.Hits = append(page.Hits, x.entries[f.entry].hit())
	}
	return page, nil
}

// Suggest completes what is being typed: the names that begin with it or hold it.
func (s *Service) Suggest(ctx context.Context, text string, limit int) ([]Hit, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	page, err := s.Search(ctx, Query{Text: text, Limit: min(max(limit, 1), 20)})
	return page.Hits, err
}

// Fields lists the fields of the procedures in force, by name.
func (s *Service) Fields(ctx context.Context) ([]Field, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(x.fields), nil
}

func (e *entry) hit() Hit {
	return Hit{
		Code: e.code, VersionID: e.id, Name: e.card.Name, Summary: e.card.Summary, Field: e.card.Field, Level: e.card.Level, Announcer: e.card.AnnouncedBy,
		Channels: e.card.Channels, Online: e.card.Offers.Online, LifeEvents: e.events, TermText: e.card.TermText, Free: e.card.Free,
	}
}

// The filters that have a facet, as bits.
const (
	failsField = 1 << iota
	failsLevel
	failsChannel
	failsEvent
	failsAnnouncer
	failsOther
)

// fails says which filters an entry does not pass.
func (x *index) fails(e *entry, q Query) (bits int) {
	if q.Field != "" && e.card.Field.Code != q.Field {
		bits |= failsField
	}
	if q.Level != "" && !slices.Contains(e.card.levels(), q.Level) {
		bits |= failsLevel
	}
	if q.Channel != "" && !slices.Contains(e.card.Offers.Channels, q.Channel) {
		bits |= failsChannel
	}
	if q.LifeEvent != "" && !slices.Contains(e.events, q.LifeEvent) {
		bits |= failsEvent
	}
	if q.Announcer != "" && e.card.AnnouncedBy != q.Announcer {
		bits |= failsAnnouncer
	}
	if q.Audience != "" && !slices.Contains(e.card.Audience, q.Audience) || q.Agency != "" && !x.offeredBy(e, q.Agency) {
		bits |= failsOther
	}
	return bits
}

// narrow applies the filters and counts the facets.
func (x *index) narrow(found []scored, q Query, page *Page) []scored {
	fields, levels, channels, events, announcers := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	kept := found[:0]
	for _, f := range found {
		e := &x.entries[f.entry]
		bits := x.fails(e, q)
		if bits&^failsField == 0 {
			fields[e.card.Field.Code]++
		}
		if bits&^failsLevel == 0 {
			for _, l := range e.card.levels() {
				levels[string(l)]++
			}
		}
		if bits&^failsAnnouncer == 0 && e.card.AnnouncedBy != "" {
			announcers[e.card.AnnouncedBy]++
		}
		if bits&^failsChannel == 0 {
			for _, c := range e.card.Offers.Channels {
				channels[string(c)]++
			}
		}
		if bits&^failsEvent == 0 {
			for _, ev := range e.events {
				events[string(ev)]++
			}
		}
		if bits == 0 {
			kept = append(kept, f)
		}
	}
	for _, f := range x.fields {
		if n := fields[f.Code]; n > 0 {
			page.Fields = append(page.Fields, FieldCount{f, n})
		}
	}
	page.Levels = facets(levels, Levels())
	page.Channels = facets(channels, []ChannelKind{Online, Direct, Postal})
	page.LifeEvents = facets(events, LifeEvents())
	page.Announcers = facets(announcers, x.announcers)
	return kept
}

// facets lists what was counted in the order people read it; what is in no order comes
// last.
func facets[T ~string](counts map[string]int, order []T) (out []Facet) {
	for _, v := range order {
		if n := counts[string(v)]; n > 0 {
			out = append(out, Facet{string(v), n})
			delete(counts, string(v))
		}
	}
	for _, v := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, Facet{v, counts[v]})
	}
	return out
}

type scored struct {
	entry int32
	score float64
}

// find ranks the entries for a text. An empty text gives all by name.
func (x *index) find(text string) (found []scored, suggestion string) {
	found, _, suggestion = x.findAfter(text, "")
	return found, suggestion
}

// findAfter is find for somebody who was at the procedure of that code; about is its
// entry when the question is about it. A code that is not in force counts as none.
func (x *index) findAfter(text, after string) (found []scored, about *entry, suggestion string) {
	if runes := []rune(text); len(runes) > MaxQuery {
		text = string(runes[:MaxQuery])
	}
	if byCode := x.codes(text); byCode != nil {
		return byCode, nil, ""
	}
	words := wordsOf(text)
	if len(words) == 0 {
		for i := range x.entries {
			found = append(found, scored{entry: int32(i)})
		}
		x.sort(found)
		return found, nil, ""
	}
	ask := x.understand(words)
	scores := x.score(ask)
	if e := x.byCode[after]; e != nil && x.follows(ask, scores, e) {
		about = e
		scores = x.beside(ask, scores, e)
	}
	best := slices.Max(append(scores, 0))
	for _, least := range []float64{weakest, weakest / 16} {
		found = found[:0]
		for i, s := range scores {
			if s > 0 && s >= least*best {
				found = append(found, scored{int32(i), s})
			}
		}
		if len(found) >= enough {
			break
		}
	}
	x.sort(found)
	return found, about, ask.suggestion
}

// score weighs every entry: by the title that says most of what was asked in the
// fewest other words, and a little by what is said around it.
func (x *index) score(ask request) []float64 {
	titles := x.said(ask)
	scores := make([]float64, len(x.entries))
	for term, sure := range ask.terms {
		w := sure * float64(x.rarity[term])
		for _, p := range x.around[term] {
			scores[p.at] += w * float64(p.weight) / around
		}
	}
	best := make([]float64, len(x.entries))
	for i, s := range titles {
		if s > 0 {
			t := &x.titles[i]
			best[t.entry] = max(best[t.entry], s*float64(t.kind)/float64(t.mass))
		}
	}
	for i := range scores {
		if scores[i] += best[i]; scores[i] > 0 {
			scores[i] *= x.entries[i].prior * x.fit(&x.entries[i], ask)
		}
	}
	return scores
}

// said adds up what a question says of each title.
func (x *index) said(ask request) []float64 {
	titles := make([]float64, len(x.titles))
	for term, sure := range ask.terms {
		w := sure * float64(x.rarity[term])
		for _, p := range x.inTitles[term] {
			titles[p.at] += w
		}
	}
	return titles
}

// around brings what is said around a title to the measure of the titles.
const around = 8

// fit rewards an entry whose name is what was asked for, and nothing else.
func (x *index) fit(e *entry, ask request) float64 {
	switch {
	case e.nameKey == ask.key:
		return 1.5
	case strings.HasPrefix(e.nameKey, ask.key):
		return 1.15
	case strings.Count(e.nameKey, " ") >= 3 && strings.Contains(ask.whole, " "+e.nameKey+" "):
		return 1.25 // the question holds the whole name
	}
	return 1
}

func (x *index) sort(found []scored) {
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(x.entries[a.entry].sortKey, x.entries[b.entry].sortKey), strings.Compare(x.entries[a.entry].code, x.entries[b.entry].code))
	})
}

// codes answers a query that is the beginning of a procedure code.
func (x *index) codes(text string) []scored {
	text = strings.ToUpper(strings.TrimSpace(text))
	if len(text) < 4 || text[1] != '.' {
		return nil
	}
	var found []scored
	for i := range x.entries {
		if strings.HasPrefix(x.entries[i].code, text) {
			found = append(found, scored{int32(i), 1})
		}
	}
	x.sort(found)
	return found
}
