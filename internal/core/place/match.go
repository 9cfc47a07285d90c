package place

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"motcua/internal/platform/fold"
)

// token is one word of a text.
type token struct {
	key        string // folded, a number without leading zeros
	word       string // as typed
	marked     bool   // typed with a mark or a đ
	hard, soft bool   // a comma, or at least a dash, stands before it
	from, to   int    // where it stands in the text
}

// tokenize splits a text into words. A comma, semicolon or line break is a hard
// border that no name crosses; " - " is a soft one, for "Bà Rịa - Vũng Tàu" is a name.
func tokenize(text string) []token {
	text = fold.NFC(text)
	var list []token
	hard, soft := true, true
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			switch r {
			case ',', ';', '\n', '|':
				hard, soft = true, true
			case '-', '–', '—':
				soft = true
			}
			i += size
			continue
		}
		from := i
		for i < len(text) {
			r, size = utf8.DecodeRuneInString(text[i:])
			if !wordRune(r) {
				break
			}
			i += size
		}
		word := text[from:i]
		key := strings.ReplaceAll(fold.Key(word), " ", "")
		if key == "" {
			continue
		}
		for _, part := range unglue(key) {
			t := token{key: plainNumber(part), word: word, hard: hard, soft: soft, from: from, to: i, marked: !ascii(word)}
			if part != key { // "Q12": both parts stand where the whole does
				t.word, t.marked = part, false
			}
			list = append(list, t)
			hard, soft = false, false
		}
	}
	return dropCountry(list)
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// unglue parts a kind from what is written onto it: "q12", "p5", "tphcm".
func unglue(key string) []string {
	for _, kind := range []string{"tp", "tx", "tt", "dk", "q", "p", "f"} {
		rest, ok := strings.CutPrefix(key, kind)
		if !ok || rest == "" {
			continue
		}
		if strings.Trim(rest, "0123456789") == "" && len(kind) == 1 && len(rest) <= 2 {
			return []string{kind, rest}
		}
		if kind == "tp" && nicknames[rest] != "" {
			return []string{kind, rest}
		}
	}
	return []string{key}
}

// dropCountry takes "Việt Nam" off the end.
func dropCountry(list []token) []token {
	n := len(list)
	switch {
	case n > 1 && (list[n-1].key == "vn" || list[n-1].key == "vietnam"):
		return list[:n-1]
	case n > 2 && list[n-1].key == "nam" && list[n-2].key == "viet" && list[n-2].soft:
		return list[:n-2]
	}
	return list
}

// nicknames are short names of provinces that stand in no list.
var nicknames = map[string]string{
	"hcm": "hochiminh", "hcmc": "hochiminh", "saigon": "hochiminh", "sg": "hochiminh", "hn": "hanoi", "brvt": "bariavungtau",
	"tthue": "thuathienhue",
}

// match is a name of one level that ends where it was looked for.
type match struct {
	nodes  []*node
	scores []int // by node: how well it is written
	score  int   // of the best
	start  int   // token at which it begins, its kind included
	marked bool  // typed with marks
	weak   bool  // no kind before it, or not at the beginning of a part
	mended bool
}

// The weights of a writing.
const (
	forWord      = 8   // each word of the name: "Tân An Hội" beats "An Hội"
	forKind      = 40  // the right kind before it
	forOtherKind = -10 // another kind of the level: "xã" of what is a ward
	forStart     = 15  // no kind, but the beginning of a part
	forMiddle    = -30 // no kind, in the middle of a part
	forMarks     = 12  // the marks are right
	forBadMarks  = -12 // marks were typed, and others
	forNickname  = -5
	forMistake   = -25 // each letter that was mended
)

// longest is how many words a name has at most.
const longest = 7

// matches finds every name of a level that ends before token end. The best writing of
// each start is kept.
func (r *resolver) matches(l Level, end int) []match {
	var list []match
	names := r.x.names[l]
	var key string
	for start := end - 1; start >= 0 && start >= end-longest; start-- {
		key = r.tokens[start].key + key
		found := names[wholeNumber(key)]
		nick := 0
		if full := nicknames[key]; l == Province && found == nil && full != "" {
			found, nick = names[full], forNickname
		}
		if found != nil {
			if m, ok := r.written(l, found, start, end); ok {
				for i := range m.scores {
					m.scores[i] += nick
				}
				m.score += nick
				list = append(list, m)
			}
		}
		if r.tokens[start].hard {
			break
		}
	}
	if r.fuzzy && len(list) == 0 && end > 0 {
		if m, ok := r.nearly(l, end); ok {
			list = append(list, m)
		}
	}
	return list
}

// written judges how the name in tokens start..end is written, looking also at the
// kind before it.
func (r *resolver) written(l Level, found []*node, start, end int) (match, bool) {
	m := match{start: start}
	kinds, from := r.kindBefore(l, start)
	if len(kinds) > 0 {
		m.start = from
	} else if number := strings.Trim(r.tokens[start].key, "0123456789") == "" && end == start+1; number {
		return match{}, false // a number alone is a house
	}
	if len(kinds) == 0 && r.otherKindBefore(l, start) {
		return match{}, false // "Huyện Lý Sơn" is not the commune of that name
	}
	first := r.tokens[m.start]
	m.weak = len(kinds) == 0
	if m.weak && l == Commune && !first.hard && r.street(m.start) {
		return match{}, false
	}
	typed, marked := r.typed(start, end)
	m.score, m.marked = -1<<30, marked
	for _, n := range found {
		score := forWord * (end - start)
		switch l {
		case Province:
			score += forProvince
		case District:
			score += forDistrict
		}
		switch {
		case slices.Contains(kinds, n.Kind):
			score += forKind
		case len(kinds) > 0:
			score += forOtherKind
		case first.hard || first.soft:
			score += forStart
		default:
			score += forMiddle
		}
		if marked {
			if typed == n.marks {
				score += forMarks
			} else {
				score += forBadMarks
			}
		}
		m.nodes, m.scores = append(m.nodes, n), append(m.scores, score)
		m.score = max(m.score, score)
	}
	// Of one province or district only the best writing goes on.
	if l != Commune {
		m.keepBest()
	}
	return m, true
}

// keepBest drops what is written worse than the best. Versions of one name are
// equally good.
func (m *match) keepBest() {
	var nodes []*node
	var scores []int
	for i, s := range m.scores {
		if s == m.score {
			nodes, scores = append(nodes, m.nodes[i]), append(scores, s)
		}
	}
	m.nodes, m.scores = nodes, scores
}

// typed is the name as typed, ready for comparison.
func (r *resolver) typed(start, end int) (sortKey string, marked bool) {
	words := make([]string, 0, end-start)
	for _, t := range r.tokens[start:end] {
		words = append(words, t.word)
	}
	if !r.marked { // who types no mark anywhere leaves them out
		return "", false
	}
	return fold.Sort(strings.Join(words, " ")), true
}

// kindBefore reads the kind that stands before a token, none when it is of another
// level.
func (r *resolver) kindBefore(l Level, at int) (kinds []Kind, from int) {
	if at == 0 || r.tokens[at].hard {
		return nil, at
	}
	one := r.tokens[at-1].key
	two := ""
	if at > 1 && !r.tokens[at-1].hard {
		two = r.tokens[at-2].key + " " + one
	}
	from = at
	for _, k := range kindTable {
		if k.level != l {
			continue
		}
		switch {
		case two != "" && slices.Contains(k.spoken, two):
			if from != at-2 {
				kinds, from = nil, at-2
			}
			kinds = append(kinds, k.kind)
		case from != at-2 && slices.Contains(k.spoken, one):
			from = at - 1
			kinds = append(kinds, k.kind)
		}
	}
	return kinds, from
}

// otherKindBefore reports whether the kind of another level stands before a token.
func (r *resolver) otherKindBefore(l Level, at int) bool {
	for _, other := range []Level{Province, District, Commune} {
		if kinds, _ := r.kindBefore(other, at); other != l && len(kinds) > 0 {
			return true
		}
	}
	return false
}

// streetWords stand before the name of a street, a hamlet or a house.
var streetWords = []string{"duong", "pho", "so", "ngo", "ngach", "hem", "kiet", "ap", "thon", "xom", "to", "khu", "doi", "ban", "buon", "khom", "lang", "hamlet", "street", "dai lo"}

// street reports whether the words before a token are those of a street or a house, in
// a text whose parts are parted by commas.
func (r *resolver) street(at int) bool {
	if !slices.ContainsFunc(r.tokens[1:], func(t token) bool { return t.hard }) {
		return false
	}
	if at > 0 && slices.Contains(streetWords, r.tokens[at-1].key) {
		return true
	}
	for i := at - 1; i >= 0; i-- {
		if r.tokens[i].hard {
			return strings.ContainsAny(r.tokens[i].key, "0123456789") || slices.Contains(streetWords, r.tokens[i].key)
		}
	}
	return false
}

// nearly finds the names that the last part of the text, as a whole, comes nearest
// to. Communes are looked for only within what the rest of the text names; see
// [resolver.mendCommune].
func (r *resolver) nearly(l Level, end int) (match, bool) {
	if l == Commune {
		return match{}, false
	}
	start := end - 1
	for start > 0 && !r.tokens[start].hard && end-start < longest+2 {
		start--
	}
	kinds, name := r.kindAt(l, start, end)
	var key strings.Builder
	for _, t := range r.tokens[name:end] {
		key.WriteString(t.key)
	}
	typed := key.String()
	if len(typed) < 5 || len(kinds) == 0 && l == District {
		return match{}, false
	}
	limit := mistakes(typed)
	best := limit + 1
	m := match{start: start, weak: len(kinds) == 0, mended: true}
	for bare, nodes := range r.x.names[l] {
		d := distance(typed, bare, best)
		if d > limit || d > best {
			continue
		}
		if d < best {
			best, m.nodes, m.scores = d, nil, nil
		}
		for _, n := range nodes {
			score := forMistake * d
			if l == Province {
				score += forProvince
			} else {
				score += forDistrict
			}
			if slices.Contains(kinds, n.Kind) {
				score += forKind
			}
			m.nodes, m.scores = append(m.nodes, n), append(m.scores, score)
		}
	}
	if len(m.nodes) == 0 {
		return match{}, false
	}
	m.score = slices.Max(m.scores)
	m.keepBest()
	return m, true
}

// kindAt reads the kind with which a part begins.
func (r *resolver) kindAt(l Level, start, end int) (kinds []Kind, name int) {
	for at := min(start+2, end-1); at > start; at-- {
		if kinds, from := r.kindBefore(l, at); len(kinds) > 0 && from == start {
			return kinds, at
		}
	}
	return nil, start
}

// mistakes is how many letters of a name may be wrong.
func mistakes(key string) int {
	switch {
	case len(key) < 5:
		return 0
	case len(key) < 9:
		return 1
	}
	return 2
}

// distance counts the letters to insert, delete, change or swap, and gives up above
// most.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	var rows [3][64]int
	if len(b) >= len(rows[0]) {
		return most + 1
	}
	before, last, row := rows[0][:], rows[1][:], rows[2][:]
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			cost = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, before[j-1]+1)
			}
			row[j+1] = cost
			least = min(least, cost)
		}
		if least > most {
			return most + 1
		}
	}
	return row[len(b)]
}
