package procedure

import (
	"slices"
	"strings"

	"motcua/internal/platform/fold"
)

// What is right is said by rules that look at question, title and names, never at the
// ranking:
//
//   - The right procedures of a title are those with its name, or that had it once, else
//     one that says the same in a few words more or less ([titles.mean]).
//   - A general procedure is right for a question about a special one that says
//     nothing of what makes it special: "how long does a birth certificate take?"
//     may lead to birth registration, also from somebody whose child was born abroad.
//     Likewise for two procedures whose names differ in hardly a word ([index.twin]).
//   - A question names its subject when it holds a keyword of the title (a pair of its
//     words, where nobody chose keywords) that few names have, and what it shares with
//     the title tells it from the other procedures ([titles.apart]).

// place is the place of the first right procedure among the first ten, 0 for none.
func (x *index) place(found []scored, want []int32, a Asked) int {
	for i, f := range found[:min(10, len(found))] {
		if slices.Contains(want, f.entry) || x.general(&x.entries[f.entry], a) || x.twin(want, f.entry, a) {
			return i + 1
		}
	}
	return 0
}

// titles finds the procedures that titles mean.
type titles struct {
	x                *index
	byName, byFormer map[string][]int32
	counted          map[string]int // names that hold a phrase
}

func newTitles(x *index) *titles {
	t := &titles{x: x, byName: map[string][]int32{}, byFormer: map[string][]int32{}, counted: map[string]int{}}
	for i := range x.entries {
		key := x.entries[i].nameKey
		t.byName[key] = append(t.byName[key], int32(i))
		for _, former := range x.entries[i].former {
			t.byFormer[former] = append(t.byFormer[former], int32(i))
		}
	}
	return t
}

// mean lists the procedures with the name; else one whose name goes on where a long
// title ends; else one that differs from a long title in hardly a word. Short titles
// are never stretched: "đăng ký" and "đăng ký lại" are two things.
func (t *titles) mean(title string) (near []int32) {
	key := fold.Key(plainName(title))
	for _, names := range []map[string][]int32{t.byName, t.byFormer} {
		if same := names[key]; len(same) > 0 {
			return same
		}
	}
	words := strings.Fields(key)
	if short := fold.Key(withoutBrackets(plainName(title))); short != "" {
		near = t.byName[short]
	}
	best := sameTitle
	for i := range t.x.entries {
		name := t.x.entries[i].nameKey
		switch {
		case len(near) == 0 && fold.Key(withoutBrackets(plainName(t.x.entries[i].card.Name.VI))) == key,
			len(words) >= wholeTitle && strings.HasPrefix(name, key+" "):
			near, best = []int32{int32(i)}, 1
		case len(words) >= longTitle:
			if d := alike(words, strings.Fields(name)); d > best {
				near, best = []int32{int32(i)}, d
			}
		}
	}
	return near
}

const (
	wholeTitle = 10   // words that a name may go on after
	longTitle  = 12   // words that may differ in a few
	sameTitle  = 0.92 // share of words in common
)

// alike is the share of words that two lists have in common (Dice), with their number.
func alike(a, b []string) float64 {
	count := map[string]int{}
	for _, w := range a {
		count[w]++
	}
	common := 0
	for _, w := range b {
		if count[w] > 0 {
			count[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(max(len(a)+len(b), 1))
}

// subject says whether a question names what its title is about.
func (t *titles) subject(a Asked) bool {
	asked := " " + fold.Key(a.Text) + " "
	phrases := a.Keywords
	if len(phrases) == 0 {
		phrases = pairsOf(plainName(a.Title))
	}
	for _, p := range phrases {
		p = fold.Key(p)
		if strings.Contains(p, " ") && strings.Contains(asked, " "+p+" ") && t.count(p)*rareAmong <= len(t.x.entries) {
			return t.apart(a)
		}
	}
	return false
}

// apart reports whether what a question shares with its title tells it from all other
// procedures whose names are no longer, except the general ones ([index.general]).
// "How long does certification take?" asked of one kind of certification does not.
func (t *titles) apart(a Asked) bool {
	title, asked := fold.Tokens(plainName(a.Title)), fold.Tokens(a.Text)
	var shared []string
	for _, w := range title {
		if !smallTalk[w] && slices.Contains(asked, w) {
			shared = append(shared, w)
		}
	}
	for i := range t.x.entries {
		e := &t.x.entries[i]
		name := strings.Fields(e.nameKey)
		if len(name) <= len(title) && len(without(shared, name)) == 0 && len(without(name, title)) > 0 {
			return false
		}
	}
	return true
}

// rareAmong is among how many names a phrase may stand once to name a subject.
const rareAmong = 200

// count counts the names that hold a phrase.
func (t *titles) count(p string) int {
	n, known := t.counted[p]
	if !known {
		for i := range t.x.entries {
			if strings.Contains(" "+t.x.entries[i].nameKey+" ", " "+p+" ") {
				n++
			}
		}
		t.counted[p] = n
	}
	return n
}

// pairsOf lists the pairs of words of a text that are not small talk.
func pairsOf(text string) (out []string) {
	words := fold.Tokens(text)
	for i := 1; i < len(words); i++ {
		if !smallTalk[words[i-1]] && !smallTalk[words[i]] {
			out = append(out, words[i-1]+" "+words[i])
		}
	}
	return out
}

// general reports whether e is the general case of what a title names, and the
// question says nothing of what the title has beyond it.
func (x *index) general(e *entry, a Asked) bool {
	title, name, asked := fold.Tokens(plainName(a.Title)), strings.Fields(e.nameKey), fold.Tokens(a.Text)
	left := slices.Clone(title)
	for _, w := range name {
		i := slices.Index(left, w)
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) == 0 || len(name) < 3 {
		return false
	}
	for _, w := range left {
		if !smallTalk[w] && !slices.Contains(name, w) && slices.Contains(asked, w) {
			return false
		}
	}
	return true
}

// twin reports whether e differs from a right procedure in hardly a word, and the
// question holds none of those: nobody could tell which of the two is meant.
func (x *index) twin(want []int32, e int32, a Asked) bool {
	asked, name := fold.Tokens(a.Text), strings.Fields(x.entries[e].nameKey)
	for _, w := range want {
		right := strings.Fields(x.entries[w].nameKey)
		differ := append(without(right, name), without(name, right)...)
		if len(right) >= longTitle && len(name) >= longTitle && len(differ) <= twinWords && !slices.ContainsFunc(differ, func(d string) bool { return slices.Contains(asked, d) }) {
			return true
		}
	}
	return false
}

// twinWords is how many words twins may differ in.
const twinWords = 3

// without lists the words of a that are neither in b nor small talk.
func without(a, b []string) (out []string) {
	for _, w := range a {
		if !slices.Contains(b, w) && !smallTalk[w] {
			out = append(out, w)
		}
	}
	return out
}
