package procedure

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"motcua/internal/platform/fold"
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

// Page is a part of what was found, best first.
type Page struct {
	Hits       []Hit
	Total      int
	Fields     []FieldCount // over all found before the filter by field, by name
	Suggestion string       // the text with its typing mistakes mended, "" when nothing was mended
}

// MaxQuery is how many characters of a query are read; nobody types more by hand.
const MaxQuery = 300

// weakest is how much worse than the best a result may be and still be shown.
const weakest = 0.22

// Search finds procedures in force today.
func (s *Service) Search(ctx context.Context, q Query) (Page, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return Page{}, err
	}
	found, suggestion := x.find(q.Text)
	found = slices.DeleteFunc(found, func(f scored) bool { return !x.passes(&x.entries[f.entry], q) })
	page := Page{Suggestion: suggestion, Fields: x.count(found)}
	if q.Field != "" {
		found = slices.DeleteFunc(found, func(f scored) bool { return x.entries[f.entry].card.Field.Code != q.Field })
	}
	page.Total = len(found)
	limit := min(cmp.Or(max(q.Limit, 0), 20), 100)
	from := min(max(q.Offset, 0), len(found))
	for _, f := range found[from:min(from+limit, len(found))] {
		page.Hits = append(page.Hits, x.entries[f.entry].hit())
	}
	return page, nil
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
		Code: e.code, VersionID: e.id, Name: e.card.Name, Summary: e.card.Summary, Field: e.card.Field, Level: e.card.Level,
		Channels: e.card.Channels, Online: e.card.Offers.Online, LifeEvents: e.card.LifeEvents, TermText: e.card.TermText, Free: e.card.Free,
	}
}

// passes applies every filter but the one by field, which the counts are over.
func (x *index) passes(e *entry, q Query) bool {
	switch {
	case q.Level != "" && e.card.Level != q.Level,
		q.Channel != "" && !slices.Contains(e.card.Offers.Channels, q.Channel),
		q.LifeEvent != "" && !slices.Contains(e.card.LifeEvents, q.LifeEvent),
		q.Audience != "" && !slices.Contains(e.card.Audience, q.Audience),
		q.Agency != "" && !x.offeredBy(e, q.Agency):
		return false
	}
	return true
}

func (x *index) count(found []scored) []FieldCount {
	counts := map[string]int{}
	for _, f := range found {
		counts[x.entries[f.entry].card.Field.Code]++
	}
	var out []FieldCount
	for _, f := range x.fields {
		if n := counts[f.Code]; n > 0 {
			out = append(out, FieldCount{f, n})
		}
	}
	return out
}

type scored struct {
	entry int32
	score float64
}

// find ranks the entries for a text. An empty text gives all by name.
func (x *index) find(text string) (found []scored, suggestion string) {
	if runes := []rune(text); len(runes) > MaxQuery {
		text = string(runes[:MaxQuery])
	}
	if byCode := x.codes(text); byCode != nil {
		return byCode, ""
	}
	words := wordsOf(text)
	if len(words) == 0 {
		for i := range x.entries {
			found = append(found, scored{entry: int32(i)})
		}
		x.sort(found)
		return found, ""
	}
	ask := x.understand(words)
	scores := make([]float64, len(x.entries))
	for term, boost := range ask.terms {
		w := x.idf(term) * boost
		for _, p := range x.terms[term] {
			scores[p.entry] += w * float64(p.weight)
		}
	}
	best := 0.0
	for i, s := range scores {
		if s > 0 {
			s = s * x.fit(&x.entries[i], ask)
			scores[i], best = s, max(best, s)
		}
	}
	for i, s := range scores {
		if s > 0 && s >= weakest*best {
			found = append(found, scored{int32(i), s})
		}
	}
	x.sort(found)
	return found, ask.suggestion
}

// fit rewards an entry whose name is what was asked for, and nothing else.
func (x *index) fit(e *entry, ask request) float64 {
	switch name := strings.TrimPrefix(e.nameKey, "thu tuc "); {
	case name == ask.key:
		return 2
	case strings.HasPrefix(name, ask.key):
		return 1.5
	default:
		// Of two names that hold the same words the shorter one is meant more often.
		return 1 - min(float64(len(name)), 200)/800
	}
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

// request is a query as the index understands it.
type request struct {
	key        string             // folded words that count, for comparing with names
	terms      map[string]float64 // term → how surely it is meant, 0 to 1 (more for pairs)
	suggestion string
}

// How surely a term is meant.
const (
	sure       = 1.0
	sameWord   = 0.4  // extra for the same marks as typed
	otherMarks = 0.75 // marks were typed; a word that differs in them counts less
	pair       = 1.6  // two neighbouring words: in Vietnamese mostly one word
	meant      = 0.9  // by the list of synonyms
	begun      = 0.6  // the beginning of a word
	mended     = 0.55 // a word with a letter wrong
)

// understand looks the words of a query up: as they are, by synonym, as the
// beginning of a word, as two words written together, or with a letter wrong.
func (x *index) understand(words []word) request {
	r := request{terms: map[string]float64{}}
	kept := slices.DeleteFunc(slices.Clone(words), func(w word) bool { return smallTalk[w.folded] })
	if len(kept) == 0 {
		kept = words
	}
	var key []string
	for _, w := range kept {
		key = append(key, w.folded)
	}
	r.key = strings.Join(key, " ")
	mend := make([]string, len(words)) // what each word was read as, for the suggestion
	changed := false
	read := make([][]string, len(words)) // folded readings of each word
	for i, w := range words {
		mend[i] = w.exact
		read[i] = []string{w.folded}
		if smallTalk[w.folded] && len(kept) != len(words) {
			continue
		}
		last := i == len(words)-1
		if x.known(w) {
			x.sure(&r, w)
			if last { // perhaps it is still being typed
				for _, n := range x.beginning(w.folded) {
					r.raise(n, begun/3)
					read[i] = append(read[i], n)
				}
			}
			continue
		}
		if near, how := x.near(w.folded, last); len(near) > 0 {
			read[i] = near
			for _, n := range near {
				r.raise(n, how)
			}
			if how == mended {
				mend[i], changed = x.show(near[0]), true
			}
		}
	}
	x.pairs(&r, words, read)
	x.synonyms(&r, words)
	if changed {
		r.suggestion = strings.Join(mend, " ")
	}
	return r
}

func (r *request) raise(term string, by float64) { r.terms[term] = max(r.terms[term], by) }

func (x *index) known(w word) bool { return len(x.terms[w.folded]) > 0 }

// sure adds a word that the catalogue has.
func (x *index) sure(r *request, w word) {
	if w.exact == w.folded {
		r.raise(w.folded, sure)
		return
	}
	r.raise(w.folded, otherMarks)
	if len(x.terms["="+w.exact]) > 0 {
		r.raise("="+w.exact, sameWord)
	}
}

// pairs adds neighbours that the catalogue has as a pair.
func (x *index) pairs(r *request, words []word, read [][]string) {
	for i := 0; i+1 < len(words); i++ {
		for _, a := range read[i] {
			for _, b := range read[i+1] {
				if term := a + " " + b; len(x.terms[term]) > 0 && (!smallTalk[words[i].folded] || !smallTalk[words[i+1].folded]) {
					by := pair
					if a != words[i].folded || b != words[i+1].folded {
						by = pair * mended
					}
					r.raise(term, by)
				}
			}
		}
	}
}

// synonyms adds what the catalogue calls the phrases of the query.
func (x *index) synonyms(r *request, words []word) {
	list := synonyms()
	for i := range words {
		phrase := ""
		for j := i; j < min(i+4, len(words)); j++ {
			phrase = strings.TrimPrefix(phrase+" "+words[j].folded, " ")
			to, ok := list[phrase]
			if !ok {
				continue
			}
			for k, t := range to {
				r.raise(t, meant)
				if k > 0 {
					r.raise(to[k-1]+" "+t, pair*meant)
				}
			}
		}
	}
}

// near reads a word the catalogue does not have: two words written together, the
// beginning of a word when it is the last (still being typed), or a mistake.
func (x *index) near(w string, last bool) (readings []string, how float64) {
	if p, ok := x.joined[w]; ok {
		return append(strings.Fields(p), p), meant
	}
	if last {
		if readings = x.beginning(w); len(readings) > 0 {
			return readings, begun
		}
	}
	return x.misspelt(w), mended
}

// beginning lists words that go on after w.
func (x *index) beginning(w string) (readings []string) {
	if len(w) < 2 {
		return nil
	}
	from, _ := slices.BinarySearch(x.words, w)
	for i := from; i < len(x.words) && strings.HasPrefix(x.words[i], w) && len(readings) < 12; i++ {
		if x.words[i] != w {
			readings = append(readings, x.words[i])
		}
	}
	return readings
}

// misspelt returns the words of the catalogue that differ least from w: one letter
// for short words, two for long ones. More usual words come first.
func (x *index) misspelt(w string) []string {
	allowed := 1
	switch {
	case len(w) < 3:
		return nil
	case len(w) >= 7:
		allowed = 2
	}
	var best []string
	for _, have := range x.words {
		if d := len(have) - len(w); d > allowed || -d > allowed || have[0] >= '0' && have[0] <= '9' {
			continue
		}
		switch d := mistakes(w, have, allowed); {
		case d > allowed:
		case d < allowed && d > 0:
			allowed, best = d, append(best[:0], have)
		default:
			best = append(best, have)
		}
	}
	slices.SortStableFunc(best, func(a, b string) int { return cmp.Compare(len(x.terms[b]), len(x.terms[a])) })
	return best[:min(len(best), 6)]
}

// show gives a folded word as it is mostly written.
func (x *index) show(folded string) string { return cmp.Or(x.shown[folded], folded) }

// mistakes counts the letters to insert, drop, change or swap with a neighbour to
// make b of a (optimal string alignment). It stops counting above most.
func mistakes(a, b string, most int) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			n := min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, before[j-2]+1)
			}
			next[j] = n
			least = min(least, n)
		}
		if least > most {
			return most + 1
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// smallTalk are the words of questions that say nothing about the procedure
// (folded). A query made of nothing else keeps them.
var smallTalk = words(`toi ban minh em chi chung ta cua thi la ma va hay hoac nhu the nao nhung cac mot vai khi neu de duoc
	bi o dau dang co khong can phai lam sao gi bao nhieu lau muon xin hoi cho biet giup nay do kia ai nhe nhi a vay thoi
	cung chi se da roi voi tai den di ve ra vao tu len xuong trong ngoai truoc sau hien bay gio thu tuc quy trinh huong dan
	i want to how do the of for my is what where please need get a an can`)

func words(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(text) {
		out[fold.Key(w)] = true
	}
	return out
}
