package procedure

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"motcua/internal/platform/fold"
)

// The index lives in memory and is rebuilt when the catalogue, the agencies or the
// day change. A national catalogue has six thousand procedures of a few hundred
// words: some ten megabytes, built in about half a second, the same on both
// engines; FTS5 and pg_trgm would be two searches with two rankings, and neither
// forgives a swapped letter in a three-letter syllable. docs/search.md tells more.

// A procedure is known by several titles. Each is weighed by its own length, so
// that twenty keywords do not make the name count less.
const (
	nameTitle    = 1.0
	plainTitle   = 0.97 // the name without what stands in brackets
	verbTitle    = 0.95 // one of several verbs with the object they share
	formerTitle  = 0.9  // what an earlier version was called: people go on saying it
	keywordTitle = 0.92 // what people call it
	partTitle    = 0.01 // between two commas of the name
	resultTitle  = 0.6  // the paper it ends in
)

// What is said about a procedure beside its titles adds a little.
const (
	fieldWeight   = 0.25
	summaryWeight = 0.2
)

// lengthCost is how much a long title loses against a short one with the same
// words: 0 nothing, 1 all. At one half the length is that of a vector, and the score
// a cosine but for the question's own length, which is the same for all.
const lengthCost = 0.33

// rarest is the least number of procedures a word counts as standing in: one that
// stands in a single name is mostly there by chance.
const rarest = 3

// shortTitle keeps titles of a word or two from being wholly said too easily.
const shortTitle = 10.0

// entry is one procedure in force.
type entry struct {
	at       int32 // its place among the entries
	id, code string
	card     card
	events   []LifeEvent
	sortKey  string
	nameKey  string   // folded, without "thủ tục"
	former   []string // names of earlier versions, likewise
	prior    float64
}

// title is one name of an entry.
type title struct {
	entry int32
	kind  float32
	mass  float32 // what a question must hold to have said all of it
}

// posting says that a term stands in a title or, in the second list, how much it
// adds to an entry.
type posting struct {
	at     int32
	weight float32
}

// index is immutable once built.
type index struct {
	generation int64
	day        string
	entries    []entry
	byCode     map[string]*entry
	titles     []title
	vocabulary map[string]int32 // folded words, pairs "a b", and words with marks "=đất" → term
	inTitles   [][]posting      // by term
	around     [][]posting      // by term: field, cases, summary
	rarity     []float32        // by term: how telling it is
	words      []string         // the folded words, sorted: for prefixes and near misses
	shown      map[string]string
	joined     map[string]string // pair written as one word → pair
	fields     []Field
	announcers []string
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
	var former []string
	for i, l := range all {
		if i == 0 || all[i-1].code != l.code {
			former = nil
		}
		// Several live versions of a procedure: the highest number in force today counts.
		if l.validFrom > day {
			continue
		}
		if l.validTo != "" && l.validTo < day || i+1 < len(all) && all[i+1].code == l.code && supersedes(all[i+1:], l.code, day) {
			former = append(former, l.card.Name.VI)
			continue
		}
		l.former = former
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
	terms  [][]int32 // by title: the terms its mass is made of
	seen   map[string]bool
}

func newBuilder(gen int64, day string) *builder {
	return &builder{
		x:     &index{generation: gen, day: day, byCode: map[string]*entry{}, vocabulary: map[string]int32{}, shown: map[string]string{}, joined: map[string]string{}},
		exact: map[string]map[string]int{}, fields: map[string]Field{}, seen: map[string]bool{},
	}
}

func (b *builder) add(l listed) {
	n := int32(len(b.x.entries))
	c := l.card
	e := entry{
		at: n, id: l.id, code: l.code, card: c, sortKey: fold.Sort(plainName(c.Name.VI)), nameKey: fold.Key(plainName(c.Name.VI)),
		events: c.LifeEvents, prior: prior(c),
	}
	if len(e.events) == 0 {
		e.events = guessEvents(c)
	}
	b.x.entries = append(b.x.entries, e)
	b.fields[c.Field.Code] = c.Field
	if c.AnnouncedBy != "" && !slices.Contains(b.x.announcers, c.AnnouncedBy) {
		b.x.announcers = append(b.x.announcers, c.AnnouncedBy)
	}

	for _, former := range l.former {
		b.x.entries[n].former = append(b.x.entries[n].former, fold.Key(plainName(former)))
	}

	clear(b.seen)
	name := plainName(c.Name.VI)
	b.title(n, nameTitle, name)
	b.title(n, plainTitle, withoutBrackets(name))
	for _, variant := range eachVerb(name) {
		b.title(n, verbTitle, variant)
	}
	for _, former := range l.former {
		b.title(n, formerTitle, plainName(former))
	}
	b.title(n, nameTitle, c.Name.EN)
	for _, list := range [][]string{c.Keywords.VI, c.Keywords.EN} {
		for _, k := range list {
			b.title(n, keywordTitle, k)
		}
	}
	for _, r := range c.Results {
		b.title(n, resultTitle, r.VI)
		b.title(n, resultTitle, r.EN)
	}

	weights := map[int32]float64{}
	b.about(weights, fieldWeight, c.Field.VI, c.Field.EN)
	b.about(weights, summaryWeight, c.Summary.VI, c.Summary.EN)
	for _, cs := range c.Cases {
		b.about(weights, summaryWeight, cs.VI, cs.EN)
	}
	for _, term := range slices.Sorted(maps.Keys(weights)) {
		b.x.around[term] = append(b.x.around[term], posting{n, float32(weights[term])})
	}
}

// term gives a text its number.
func (b *builder) term(text string) int32 {
	if id, ok := b.x.vocabulary[text]; ok {
		return id
	}
	id := int32(len(b.x.inTitles))
	b.x.vocabulary[strings.Clone(text)] = id
	b.x.inTitles = append(b.x.inTitles, nil)
	b.x.around = append(b.x.around, nil)
	return id
}

// title adds a name of an entry. A word counts once in it.
func (b *builder) title(entry int32, kind float64, text string) {
	key := fold.Key(text)
	if key == "" || b.seen[key] {
		return
	}
	b.seen[key] = true
	n := int32(len(b.x.titles))
	b.x.titles = append(b.x.titles, title{entry: entry, kind: float32(kind)})
	var mass []int32
	put := func(id int32, counts bool) {
		list := b.x.inTitles[id]
		if len(list) > 0 && list[len(list)-1].at == n {
			return
		}
		b.x.inTitles[id] = append(list, posting{n, 1})
		if counts {
			mass = append(mass, id)
		}
	}
	before, told := "", false
	words := wordsOf(text)
	for i, w := range words {
		b.spelling(w)
		tells := !idle(words, i)
		put(b.term(w.folded), tells)
		if w.exact != w.folded {
			put(b.term("="+w.exact), false)
		}
		if before != "" {
			pair := before + " " + w.folded
			put(b.term(pair), told && tells)
			if _, ok := b.x.joined[before+w.folded]; !ok {
				b.x.joined[before+w.folded] = pair
			}
		}
		before, told = w.folded, tells
	}
	b.terms = append(b.terms, mass)
}

// about adds what is said of an entry; a word is worth the best place it stands in.
func (b *builder) about(weights map[int32]float64, weight float64, texts ...string) {
	for _, t := range texts {
		before := ""
		for _, w := range wordsOf(t) {
			b.spelling(w)
			id := b.term(w.folded)
			weights[id] = max(weights[id], weight)
			if before != "" {
				id = b.term(before + " " + w.folded)
				weights[id] = max(weights[id], weight)
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
	x := b.x
	for i := range x.entries {
		x.byCode[x.entries[i].code] = &x.entries[i]
	}
	for folded, spellings := range b.exact {
		x.words = append(x.words, folded)
		best, most := "", 0
		for s, n := range spellings {
			if n > most || n == most && s < best {
				best, most = s, n
			}
		}
		if best != folded {
			x.shown[folded] = best
		}
	}
	slices.Sort(x.words)
	x.weigh(b.terms)
	for id := range x.inTitles {
		x.inTitles[id], x.around[id] = slices.Clip(x.inTitles[id]), slices.Clip(x.around[id])
	}
	for _, f := range b.fields {
		x.fields = append(x.fields, f)
	}
	slices.SortFunc(x.fields, func(a, c Field) int { return strings.Compare(fold.Sort(a.VI), fold.Sort(c.VI)) })
	slices.SortFunc(x.announcers, func(a, c string) int { return strings.Compare(fold.Sort(a), fold.Sort(c)) })
	return x
}

// weigh says how telling each term is, and with it how much each title says.
func (x *index) weigh(terms [][]int32) {
	x.rarity = make([]float32, len(x.inTitles))
	for id, list := range x.inTitles {
		entries, last := 0, int32(-1)
		for _, p := range list {
			if e := x.titles[p.at].entry; e != last {
				entries, last = entries+1, e
			}
		}
		entries = max(entries, rarest, len(x.around[id])/8) // a word of every summary tells little too
		x.rarity[id] = float32(math.Log(1 + float64(len(x.entries))/(0.5+float64(entries))))
	}
	for word, id := range x.vocabulary {
		if strings.Contains(word, " ") {
			x.rarity[id] *= pair
		}
	}
	for i, list := range terms {
		sum := 0.0
		for _, id := range list {
			sum += float64(x.rarity[id])
		}
		x.titles[i].mass = float32(math.Pow(shortTitle+sum, lengthCost))
	}
}

// word is one word as written (small letters, with marks) and folded.
type word struct {
	exact, folded string
	stop          bool // a clause ends after it
}

// wordsOf splits a text; a word that folds to several (an abbreviation with dots)
// gives each.
func wordsOf(text string) []word {
	var out []word
	text = fold.Lower(text)
	for text != "" {
		end := strings.IndexFunc(text, parts)
		if end < 0 {
			end = len(text)
		}
		for _, f := range fold.Tokens(text[:end]) {
			out = append(out, word{exact: text[:end], folded: f})
		}
		if end == len(text) {
			break
		}
		r, size := utf8.DecodeRuneInString(text[end:])
		if n := len(out); n > 0 && strings.ContainsRune(",;:.?!\n", r) {
			out[n-1].stop = true
		}
		text = text[end+size:]
	}
	return out
}

func parts(r rune) bool {
	return r == ' ' || r == '\n' || r == '\t' || strings.ContainsRune(".,;:/()[]“”\"'?!–-…", r)
}

// plainName is a name without the "Thủ tục" that half of all names begin with.
func plainName(name string) string {
	for _, prefix := range []string{"Tên thủ tục:", "Thủ tục:", "Thủ tục"} {
		if len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			if rest := strings.TrimSpace(name[len(prefix):]); rest != "" {
				name = rest
			}
		}
	}
	return name
}

// withoutBrackets leaves out what a name adds in brackets.
func withoutBrackets(name string) string {
	open := strings.IndexByte(name, '(')
	if open < 1 {
		return ""
	}
	var b strings.Builder
	depth := 0
	for _, r := range name {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth = max(depth-1, 0)
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// prior says how often a procedure is meant when the question does not say. What a
// commune does concerns everybody; what an embassy or a ministry does, few.
func prior(c card) float64 {
	where := fold.Key(c.Competent.VI)
	switch {
	case strings.Contains(where, "co quan dai dien"), strings.Contains(where, "co quan lanh su"), strings.Contains(where, "bo ngoai giao"):
		return 0.85
	case slices.Contains(c.levels(), Commune):
		return 1
	case slices.Contains(c.levels(), Province), slices.Contains(c.levels(), District):
		return 0.93
	}
	return 0.86
}
