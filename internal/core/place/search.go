package place

import (
	"cmp"
	"slices"
	"strings"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// Filter says which units to find. The zero value of a field does not limit.
type Filter struct {
	Text   string     // words of the name and of what it lies in, in any spelling; the last may be half typed; or a code
	Today  civil.Date // required: what counts as standing
	Level  Level
	Within string // code of a unit of any time that it lies or lay in
	Past   bool   // also units that are no more
	Limit  int    // 0 is 20
	Offset int
}

// Found is one unit found and what stands for it today.
type Found struct {
	Unit  Unit
	Heirs []Heir
}

// Search finds units by words, the best first: those whose own name begins with what
// was typed, those that stand, and then by name. It serves search while typing.
func (x *Index) Search(f Filter) (list []Found, total int) {
	var words []string // " tan", or " 12 " for a number
	var name strings.Builder
	marked := false
	var typed []string
	tokens := tokenize(f.Text)
	begins := nameStart(tokens)
	for i, t := range tokens {
		if len(t.key) <= 2 && spokenKind(t.key) {
			continue
		}
		word := " " + t.key
		if strings.Trim(t.key, "0123456789") == "" {
			word += " "
		}
		words = append(words, word)
		if i < begins {
			continue
		}
		name.WriteString(t.key)
		typed = append(typed, t.word)
		marked = marked || t.marked
	}
	code := strings.TrimSpace(f.Text)
	bare, sortKey := name.String(), ""
	if marked {
		sortKey = strings.TrimRight(fold.Sort(strings.Join(typed, " ")), "0")
	}
	type hit struct {
		n    *node
		rank int
	}
	var hits []hit
	for _, n := range x.nodes {
		if f.Level != "" && n.Level != f.Level || !f.Past && !n.ValidOn(f.Today) {
			continue
		}
		rank := 0
		switch {
		case n.Code == code:
			rank = -20
		case !containsAll(n.search, words):
			continue
		default:
			switch {
			case bare == n.bare:
				rank = -6
			case strings.HasPrefix(n.bare, bare) || strings.HasPrefix(bare, n.bare):
				rank = -4
			}
			if marked && strings.HasPrefix(n.marks, sortKey) {
				rank -= 2
			}
			if !n.ValidOn(f.Today) {
				rank += 5
			}
		}
		if f.Within != "" && !x.inside(n, f.Within, f.Today) {
			continue
		}
		hits = append(hits, hit{n, rank})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) }) // nodes are in the order of names
	total = len(hits)
	from := min(max(f.Offset, 0), total)
	for _, h := range hits[from:min(total, from+cmp.Or(max(f.Limit, 0), 20))] {
		list = append(list, Found{h.n.Unit, x.heirs(h.n, f.Today)})
	}
	return list, total
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// spokenKind reports whether a word is one that stands before names, short or long.
func spokenKind(key string) bool {
	return slices.ContainsFunc(kindTable, func(k kindInfo) bool { return slices.Contains(k.spoken, key) })
}

// nameStart is where the name begins behind the kind that a text may begin with.
func nameStart(tokens []token) int {
	for _, k := range kindTable {
		for _, spoken := range k.spoken {
			words := strings.Fields(spoken)
			if len(tokens) > len(words) && slices.EqualFunc(tokens[:len(words)], words, func(t token, w string) bool { return t.key == w }) {
				return len(words)
			}
		}
	}
	return 0
}

// inside reports whether a unit lay in one of a code at its end, or what stands for it
// lies in it today.
func (x *Index) inside(n *node, code string, today civil.Date) bool {
	lies := func(up *node) bool { return up.Code == code }
	if slices.ContainsFunc(x.above(n, n.last()), lies) {
		return true
	}
	return slices.ContainsFunc(x.heirs(n, today), func(h Heir) bool { return x.ProvinceOf(h.Unit, today) == code })
}
