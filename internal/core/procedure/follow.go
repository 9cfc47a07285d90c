package procedure

import (
	"math"
	"strings"
	"sync"

	"motcua/internal/platform/fold"
)

// People ask on: "Đăng ký khai sinh cần gì?", then "Nộp ở đâu?". The second question
// names no procedure; it is about the one before. Whoever shows a procedure, or found
// one, gives its code along (Query.After), and the question is understood in its light,
// unless it names another procedure.

// floor is by how much another procedure must beat the one spoken of, as a share of
// what the rarest word is worth; told is how much of one of its titles must have been
// said. Both were chosen on one half of the reference questions, see docs/search.md.
const (
	floor = 0.35
	told  = 0.3
)

// follows reports whether a question asked after e is about e: when it says nothing
// that tells procedures apart, when it says "this procedure", or when no other
// procedure is named clearly better.
func (x *index) follows(ask request, scores []float64, e *entry) bool {
	if ask.bare || ask.this {
		return true
	}
	other, best := int32(-1), 0.0
	for i, s := range scores {
		if s > best && int32(i) != e.at {
			other, best = int32(i), s
		}
	}
	if other < 0 || best <= scores[e.at]+floor*math.Log(1+float64(len(x.entries))/(0.5+rarest)) {
		return true
	}
	return x.saidOf(ask, other) <= told
}

// saidOf is how much of the title that speaks for an entry a question says: 1 is all.
func (x *index) saidOf(ask request, at int32) float64 {
	share, most := 0.0, 0.0
	for i, s := range x.said(ask) {
		t := &x.titles[i]
		if s *= float64(t.kind); t.entry == at && s > most {
			most, share = s, s/float64(t.kind)/t.says()
		}
	}
	return share
}

// says is what a question must hold to have said all of a title, undoing [index.weigh].
func (t *title) says() float64 {
	return max(math.Pow(float64(t.mass), 1/lengthCost)-shortTitle, 1e-9)
}

// beside ranks for a question about e: e, then what is like e and what the question
// says, for whoever was at the wrong one of several alike.
func (x *index) beside(ask request, scores []float64, e *entry) []float64 {
	alike := x.score(x.understand(wordsOf(plainName(e.card.Name.VI))))
	if ask.bare {
		scores = make([]float64, len(scores))
	}
	top := 0.0
	for i := range scores {
		scores[i] += alike[i]
		top = max(top, scores[i])
	}
	scores[e.at] = top + 1
	return scores
}

// Part is what a question wants to know of a procedure.
type Part string

// The parts, in the order in which a question is read for them.
const (
	PartResult Part = "result"
	PartFee    Part = "fee"
	PartTerm   Part = "term"
	PartWhere  Part = "where"
	PartBasis  Part = "basis"
	PartHow    Part = "how"
	PartWho    Part = "who"
	PartPapers Part = "papers"
)

// partPhrases are the folded phrases of each part, in order.
var partPhrases = sync.OnceValue(func() (out []struct {
	part    Part
	phrases []string
}) {
	for _, r := range rules(partText) {
		one := struct {
			part    Part
			phrases []string
		}{part: Part(r[0])}
		for phrase := range strings.SplitSeq(r[1], ",") {
			one.phrases = append(one.phrases, " "+fold.Key(phrase)+" ")
		}
		out = append(out, one)
	}
	return out
})

// partOf is the part a question asks for, "" when it does not say.
func partOf(text string) Part {
	asked := " " + fold.Key(text) + " "
	for _, p := range partPhrases() {
		for _, phrase := range p.phrases {
			if strings.Contains(asked, phrase) {
				return p.part
			}
		}
	}
	return ""
}
