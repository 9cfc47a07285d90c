package procedure

import (
	"cmp"
	"slices"
	"strings"
)

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
	slices.SortStableFunc(best, func(a, b string) int { return cmp.Compare(x.uses(b), x.uses(a)) })
	return best[:min(len(best), 6)]
}

// show gives a folded word as it is mostly written.
func (x *index) show(folded string) string { return cmp.Or(x.shown[folded], folded) }

// longestWord is the longest word that is mended; no syllable is longer than seven letters.
const longestWord = 40

// mistakes counts the letters to insert, drop, change or swap with a neighbour to
// make b of a (optimal string alignment). It stops counting above most.
func mistakes(a, b string, most int) int {
	var store [3][longestWord + 1]int // no garbage: this runs for thousands of words
	if len(b) > longestWord {
		return most + 1
	}
	before, row, next := store[0][:len(b)+1], store[1][:len(b)+1], store[2][:len(b)+1]
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

// uses counts where a word stands.
func (x *index) uses(word string) int {
	id, ok := x.vocabulary[word]
	if !ok {
		return 0
	}
	return len(x.inTitles[id]) + len(x.around[id])
}
