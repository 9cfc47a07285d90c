package procedure

import (
	"math"
	"slices"
	"strings"

	"motcua/internal/platform/fold"
)

// request is a query as the index understands it.
type request struct {
	whole      string            // all folded words, with a space at each end
	key        string            // folded words that count, for comparing with names
	terms      map[int32]float64 // term → how surely it is meant
	suggestion string
	bare       bool // nothing in it tells a procedure from another: "nộp ở đâu?"
	this       bool // it speaks of "this procedure"
}

// How surely a term is meant.
const (
	sure       = 1.0
	sameWord   = 0.5  // extra for the same marks as typed
	otherMarks = 0.6  // marks were typed; a word that differs in them counts less
	pair       = 0.8  // two neighbouring words: in Vietnamese mostly one word
	apart      = 0.7  // a pair with a word between
	meant      = 0.9  // by the list of synonyms
	replaced   = 0.6  // the words the list has a better one for
	begun      = 0.6  // the beginning of a word
	mended     = 0.55 // a word with a letter wrong
)

// How much the words of a query count.
const (
	content = 1.0
	asks    = 0.15 // "hồ sơ gồm những gì": asked of every procedure, yet some names hold it
	aside   = 0.4  // "có cần nộp sổ đỏ không": a paper or a condition, seldom the procedure itself
	chatter = 0.0
)

// heard is one word of a query.
type heard struct {
	word
	weight   float64
	readings []string // folded
	how      float64
}

// understand looks the words of a query up: as they are, by synonym, as the
// beginning of a word, as two words written together, or with a letter wrong.
func (x *index) understand(words []word) request {
	r := request{terms: map[int32]float64{}}
	query, bare, this := x.hear(words)
	r.bare, r.this = bare, this
	meanings := mean(query)
	var key, whole []string
	changed := false
	mend := make([]string, len(words))
	for i := range query {
		h := &query[i]
		mend[i] = h.exact
		whole = append(whole, h.folded)
		h.readings, h.how = []string{h.folded}, sure
		if h.weight == chatter {
			continue
		}
		key = append(key, h.folded)
		last := i == len(query)-1
		if x.uses(h.folded) > 0 {
			x.sure(&r, *h)
			if last { // perhaps it is still being typed
				for _, n := range x.beginning(h.folded) {
					x.raise(&r, n, h.weight*begun/3)
					h.readings = append(h.readings, n)
				}
			}
			continue
		}
		if near, how := x.near(h.folded, last); len(near) > 0 {
			h.readings, h.how = near, how
			for _, n := range near {
				x.raise(&r, n, h.weight*how)
			}
			if how == mended {
				mend[i], changed = x.show(near[0]), true
			}
		}
	}
	r.key, r.whole = strings.Join(key, " "), " "+strings.Join(whole, " ")+" "
	x.pairs(&r, query)
	for _, m := range meanings {
		m.raise(x, &r)
	}
	if changed && !bare {
		r.suggestion = strings.Join(mend, " ")
	}
	return r
}

// hear says how much each word counts. When nothing would (bare), everything does. this
// reports whether the question points back at something.
func (x *index) hear(words []word) (query []heard, bare, this bool) {
	query = make([]heard, len(words))
	for i, w := range words {
		query[i] = heard{word: w, weight: content}
	}
	lists := phrases()
	for i := range words {
		phrase := ""
		for j := i; j < min(i+longestPhrase, len(words)); j++ {
			phrase = strings.TrimPrefix(phrase+" "+words[j].folded, " ")
			if lists.asking[phrase] {
				for k := i; k <= j; k++ {
					query[k].weight = min(query[k].weight, asks)
				}
			}
			this = this || lists.this[phrase]
			if lists.aside[phrase] {
				setAside(query, j+1, lists.back)
			}
			if words[j].stop {
				break
			}
		}
	}
	for i := range words {
		if x.idle(words, i) {
			query[i].weight = chatter
		}
	}
	bare = !slices.ContainsFunc(query, func(h heard) bool { return h.weight > asks })
	if bare {
		for i := range query {
			query[i].weight = content
		}
	}
	return query, bare, this
}

// setAside lowers a part of the question from a word on to the end of its clause.
func setAside(query []heard, from int, back map[string]bool) {
	for k := from; k < len(query); k++ {
		if back[query[k].folded] {
			return
		}
		query[k].weight = min(query[k].weight, aside)
		if query[k].stop {
			return
		}
	}
}

func (x *index) raise(r *request, term string, by float64) {
	if id, ok := x.vocabulary[term]; ok && by > 0 {
		r.terms[id] = max(r.terms[id], by)
	}
}

// sure adds a word that the catalogue has.
func (x *index) sure(r *request, h heard) {
	if h.exact == h.folded {
		x.raise(r, h.folded, h.weight*sure)
		return
	}
	x.raise(r, h.folded, h.weight*otherMarks)
	x.raise(r, "="+h.exact, h.weight*sameWord)
}

// pairs adds neighbours that the catalogue has as a pair, also with a word between:
// "lại giấy khai sinh" holds lại–khai and giấy–sinh.
func (x *index) pairs(r *request, query []heard) {
	for i := range query {
		for step := 1; step <= 2 && i+step < len(query); step++ {
			a, b := query[i], query[i+step]
			by := math.Sqrt(a.weight * b.weight)
			if step == 2 {
				by *= apart
			}
			for _, left := range a.readings {
				for _, right := range b.readings {
					how := by
					if left != a.folded || right != b.folded {
						how *= mended
					}
					x.raise(r, left+" "+right, how)
				}
			}
		}
	}
}

// meaning is what the catalogue calls a phrase of the query.
type meaning struct {
	words []string
	by    float64
}

// mean looks the phrases of the query up in the list of synonyms. A phrase counts as
// much as its words, however many words the catalogue needs for it; the words
// themselves count less from here on.
func mean(query []heard) (out []meaning) {
	list := synonyms()
	said := map[int]bool{}
	until := 0 // a phrase within a longer one is not meant: "nhận con" in "nhận con nuôi"
	for i := range query {
		for j := min(i+longestPhrase, len(query)) - 1; j >= max(i, until); j-- {
			weight := 0.0
			folded := make([]string, 0, longestPhrase)
			for _, h := range query[i : j+1] {
				folded, weight = append(folded, h.folded), max(weight, h.weight)
			}
			ways := list[strings.Join(folded, " ")]
			if len(ways) == 0 {
				continue
			}
			for _, to := range ways {
				out = append(out, meaning{to, meant * weight * min(1, math.Sqrt(1.5*float64(j-i+1)/float64(len(to))))})
			}
			for k := i; k <= j; k++ {
				said[k] = true
			}
			until = j + 1
			break
		}
	}
	for k := range said {
		query[k].weight *= replaced
	}
	return out
}

func (m meaning) raise(x *index, r *request) {
	for k, t := range m.words {
		if talk[t] {
			continue
		}
		x.raise(r, t, m.by)
		if k > 0 && !talk[m.words[k-1]] {
			x.raise(r, m.words[k-1]+" "+t, m.by)
		}
	}
}

// talk are the words of questions that say nothing about the procedure. The marks
// matter: "chúng" is talk and "chứng" is not, "di sản" is no "đi". A query made of
// nothing else keeps them.
var talk = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`tôi bạn mình em chị chúng ta của thì là mà và hay hoặc như thế nào những các một vài khi nếu để được
		bị ở đâu đang có không cần phải làm sao gì bao nhiêu lâu muốn xin hỏi cho biết giúp này đó kia ai nhé nhỉ à ạ vậy thôi
		cũng chỉ sẽ đã rồi với tại đến đi về ra vào từ lên xuống trước sau hiện bây giờ thủ tục quy trình hướng dẫn
		i want to how do the of for my is what where please need get a an can`) {
		out[w] = true
	}
	return out
}()

// smallTalk are the same words without their marks.
var smallTalk = func() map[string]bool {
	out := map[string]bool{}
	for w := range talk {
		out[fold.Key(w)] = true
	}
	return out
}()

// idle reports whether a word of a title says nothing.
func idle(words []word, i int) bool {
	return talk[words[i].exact] && (words[i].exact != "sao" || i == 0 || words[i-1].folded != "ban") // "bản sao" is a copy, "làm sao" is how
}

// idle is the same for a question, which may be typed without marks: "di" is "đi" unless
// it makes a pair with its neighbour that titles know, as in "di chuc".
func (x *index) idle(words []word, i int) bool {
	w := words[i]
	if w.exact != w.folded || !smallTalk[w.folded] {
		return idle(words, i)
	}
	for _, pair := range [][]word{words[max(i-1, 0) : i+1], words[i:min(i+2, len(words))]} {
		if len(pair) == 2 && (!smallTalk[pair[0].folded] || !smallTalk[pair[1].folded] || pair[0].folded+" "+pair[1].folded == "ban sao") && x.titled(pair[0].folded+" "+pair[1].folded) {
			return false
		}
	}
	return true
}

// titled reports whether several titles hold a pair of words.
func (x *index) titled(pair string) bool {
	id, ok := x.vocabulary[pair]
	return ok && len(x.inTitles[id]) >= 2
}
