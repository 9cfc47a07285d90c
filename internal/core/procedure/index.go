package procedure

import (
	"context"
	_ "embed"
	"math"
	"slices"
	"strings"
	"sync"

	"motcua/internal/platform/fold"
)

// The index lives in memory and is rebuilt when the catalogue, the agencies or the
// day change. A national catalogue has six thousand procedures of a few hundred
// words: some ten megabytes, built in well under a second, the same on both
// engines; FTS5 and pg_trgm would be two searches with two rankings, and neither
// forgives a swapped letter in a three-letter syllable. docs/search.md tells more.

//go:embed synonyms.txt
var synonymText string

// Weights of the places a word may stand in: the name says what a procedure is, the
// keywords what people call it, the summary only what it is about.
const (
	nameWeight    = 3.0
	keywordWeight = 2.2
	resultWeight  = 1.6
	fieldWeight   = 1.0
	summaryWeight = 0.7
)

// entry is one procedure in force.
type entry struct {
	id, code string
	card     card
	sortKey  string
	nameKey  string
}

// posting says that a term stands in an entry, and how much that is worth.
type posting struct {
	entry  int32
	weight float32
}

// index is immutable once built.
type index struct {
	generation int64
	day        string
	entries    []entry
	byCode     map[string]*entry
	terms      map[string][]posting // folded words, pairs "a b", and words with marks "=đất"
	words      []string             // the folded words, sorted: for prefixes and near misses
	shown      map[string]string    // folded word → how it is mostly written
	joined     map[string]string    // pair written as one word → pair
	fields     []Field
	places     *places
	exceptions map[offerKey]OnlineLevel
}

// fresh returns an index that knows every change committed before the call.
func (s *Service) fresh(ctx context.Context) (*index, error) {
	gen, err := generation(ctx, s.deps.DB)
	if err != nil {
		return nil, err
	}
	day := s.today()
	x := s.index.Load()
	if x != nil && x.generation == gen && x.day == day && !s.dirty.Load() {
		return s.withPlaces(ctx, x)
	}
	s.build.Lock()
	defer s.build.Unlock()
	if x = s.index.Load(); x != nil && x.generation == gen && x.day == day && !s.dirty.Load() {
		return s.withPlaces(ctx, x)
	}
	s.dirty.Store(false)
	built, err := s.buildIndex(ctx, gen, day)
	if err != nil {
		s.dirty.Store(true)
		return nil, err
	}
	s.index.Store(built)
	return built, nil
}

// withPlaces gives the index the agencies of today, when they have changed.
func (s *Service) withPlaces(ctx context.Context, x *index) (*index, error) {
	p, err := s.places(ctx, x.places)
	if err != nil || p == x.places {
		return x, err
	}
	same := *x
	same.places = p
	s.index.CompareAndSwap(x, &same)
	return &same, nil
}

func (s *Service) buildIndex(ctx context.Context, gen int64, day string) (*index, error) {
	all, err := cards(ctx, s.deps.DB)
	if err != nil {
		return nil, err
	}
	own, err := exceptions(ctx, s.deps.DB)
	if err != nil {
		return nil, err
	}
	p, err := s.places(ctx, nil)
	if err != nil {
		return nil, err
	}
	b := newBuilder(gen, day)
	b.x.exceptions, b.x.places = own, p
	for i, l := range all {
		// Several live versions of a procedure: the highest number in force today counts.
		if l.validFrom > day || l.validTo != "" && l.validTo < day {
			continue
		}
		if i+1 < len(all) && all[i+1].code == l.code && supersedes(all[i+1:], l.code, day) {
			continue
		}
		b.add(l)
	}
	return b.finish(), nil
}

func supersedes(later []listed, code, day string) bool {
	for _, l := range later {
		if l.code != code {
			return false
		}
		if l.validFrom <= day && (l.validTo == "" || l.validTo >= day) {
			return true
		}
	}
	return false
}

// builder gathers the index.
type builder struct {
	x      *index
	exact  map[string]map[string]int // folded word → spelling → count
	fields map[string]Field
}

func newBuilder(gen int64, day string) *builder {
	return &builder{
		x:     &index{generation: gen, day: day, byCode: map[string]*entry{}, terms: map[string][]posting{}, shown: map[string]string{}, joined: map[string]string{}},
		exact: map[string]map[string]int{}, fields: map[string]Field{},
	}
}

func (b *builder) add(l listed) {
	n := len(b.x.entries)
	b.x.entries = append(b.x.entries, entry{
		id: l.id, code: l.code, card: l.card, sortKey: fold.Sort(plainName(l.card.Name.VI)), nameKey: fold.Key(l.card.Name.VI),
	})
	b.fields[l.card.Field.Code] = l.card.Field
	weights := map[string]float64{}
	b.text(weights, nameWeight, l.card.Name.VI, l.card.Name.EN)
	for _, k := range l.card.Keywords.VI {
		b.text(weights, keywordWeight, k)
	}
	for _, k := range l.card.Keywords.EN {
		b.text(weights, keywordWeight, k)
	}
	for _, r := range l.card.Results {
		b.text(weights, resultWeight, r.VI, r.EN)
	}
	for _, c := range l.card.Cases {
		b.text(weights, summaryWeight, c.VI, c.EN)
	}
	b.text(weights, fieldWeight, l.card.Field.VI, l.card.Field.EN)
	b.text(weights, summaryWeight, l.card.Summary.VI, l.card.Summary.EN)
	for term, w := range weights {
		b.x.terms[term] = append(b.x.terms[term], posting{int32(n), float32(w)})
	}
}

// text adds the words and pairs of words of texts; a word is worth the best place
// it stands in, so that repeating a word wins nothing.
func (b *builder) text(weights map[string]float64, weight float64, texts ...string) {
	raise := func(term string, w float64) { weights[term] = max(weights[term], w) }
	for _, t := range texts {
		before := ""
		for _, w := range wordsOf(t) {
			raise(w.folded, weight)
			if w.exact != w.folded {
				raise("="+w.exact, weight)
			}
			b.spelling(w)
			if before != "" {
				pair := before + " " + w.folded
				raise(pair, weight)
				b.x.joined[before+w.folded] = pair
			}
			before = w.folded
		}
	}
}

func (b *builder) spelling(w word) {
	m := b.exact[w.folded]
	if m == nil {
		m = map[string]int{}
		b.exact[w.folded] = m
	}
	m[w.exact]++
}

func (b *builder) finish() *index {
	for i := range b.x.entries {
		b.x.byCode[b.x.entries[i].code] = &b.x.entries[i]
	}
	for folded, spellings := range b.exact {
		b.x.words = append(b.x.words, folded)
		best, most := "", 0
		for s, n := range spellings {
			if n > most || n == most && s < best {
				best, most = s, n
			}
		}
		b.x.shown[folded] = best
	}
	slices.Sort(b.x.words)
	for _, f := range b.fields {
		b.x.fields = append(b.x.fields, f)
	}
	slices.SortFunc(b.x.fields, func(a, c Field) int { return strings.Compare(fold.Sort(a.VI), fold.Sort(c.VI)) })
	return b.x
}

// idf is how telling a term is: one that few procedures have tells more.
func (x *index) idf(term string) float64 {
	return math.Log(1 + float64(len(x.entries))/(0.5+float64(len(x.terms[term]))))
}

// word is one word as written (small letters, with marks) and folded.
type word struct{ exact, folded string }

// wordsOf splits a text; a word that folds to several (an abbreviation with dots)
// gives each.
func wordsOf(text string) []word {
	var out []word
	for _, piece := range strings.FieldsFunc(fold.Lower(text), func(r rune) bool {
		return r == ' ' || r == '\n' || r == '\t' || strings.ContainsRune(".,;:/()[]“”\"'?!–-…", r)
	}) {
		for _, f := range fold.Tokens(piece) {
			out = append(out, word{exact: piece, folded: f})
		}
	}
	return out
}

// plainName is a name without the "Thủ tục" that half of all names begin with.
func plainName(name string) string {
	rest, ok := strings.CutPrefix(name, "Thủ tục ")
	if !ok {
		return name
	}
	return rest
}

// synonyms maps folded phrases to what the catalogue says.
var synonyms = sync.OnceValue(func() map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(synonymText) {
		from, to, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if ok && !strings.HasPrefix(from, "#") {
			out[fold.Key(from)] = fold.Tokens(to)
		}
	}
	return out
})
