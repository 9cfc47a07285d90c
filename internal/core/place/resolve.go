package place

import (
	"cmp"
	"slices"
	"strings"

	"motcua/internal/platform/civil"
)

// Status says how sure an answer is.
type Status string

// The answers to "which unit is this?".
const (
	Resolved  Status = "resolved"  // exactly one unit of today
	Ambiguous Status = "ambiguous" // one of several; a person must choose
	Unknown   Status = "unknown"   // none; Choices holds the nearest
)

// Reason says why a text did not lead to one unit.
type Reason string

// The reasons.
const (
	Split     Reason = "split"      // the unit was divided among several
	SameName  Reason = "same-name"  // several units are called so
	NoCommune Reason = "no-commune" // only the district or province is named, or its commune is not known
	NotFound  Reason = "not-found"  // nothing is called so
)

// Choice is one unit that can be meant.
type Choice struct {
	Written   Unit  // as the text has it, of its time
	Now       Unit  // as it is today
	Share     Share // how much of Written lies in Now
	Residents bool  // of a part: all who lived there
}

// Answer says which unit a text means.
type Answer struct {
	Status  Status
	Reason  Reason   // "" when resolved
	Line    string   // what stands before the unit: house number, street, hamlet
	Written Unit     // the unit as the text has it, when that much is sure
	Choices []Choice // one when resolved, the most likely first
	Mended  bool     // a typing mistake was put right
}

// Now returns today's unit of a resolved answer.
func (a Answer) Now() Unit {
	if a.Status != Resolved {
		return Unit{}
	}
	return a.Choices[0].Now
}

// Options guide a search for units.
type Options struct {
	Today  civil.Date // the day for which units are wanted
	On     civil.Date // the day on which the text was true; zero when it can be of any time
	Within string     // code of today's province that the unit must lie in, "" anywhere
}

// maxText is how many bytes of an address are read.
const maxText = 500

// Resolve finds the unit of today that an address text means: two or three levels,
// of any time, with or without diacritics, abbreviated, with or without house number
// and street before it; also a bare code. It corrects typing where only one unit can
// be meant.
func (x *Index) Resolve(text string, o Options) Answer {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	r := resolver{x: x, o: o, text: text, tokens: tokenize(text)}
	r.marked = slices.ContainsFunc(r.tokens, func(t token) bool { return t.marked })
	if len(r.tokens) == 0 {
		return Answer{Status: Unknown, Reason: NotFound}
	}
	if code := strings.TrimSpace(text); code != "" {
		if _, ok := LevelOf(code); ok {
			if a, ok := r.code(code); ok {
				return a
			}
		}
	}
	r.enumerate()
	if !r.settled() {
		r.fuzzy = true
		r.enumerate()
	}
	return r.answer()
}

// code answers for a bare code: on the day of the text, or the latest unit of it.
func (r *resolver) code(code string) (Answer, bool) {
	n := r.x.at(code, cmp.Or(r.o.On, r.o.Today))
	if n == nil {
		if all := r.x.byCode[code]; len(all) > 0 {
			n = all[len(all)-1]
		}
	}
	if n == nil {
		return Answer{}, false
	}
	if _, ok := r.fits(n, nil, nil); !ok { // in another province
		return Answer{Status: Unknown, Reason: NotFound}, true
	}
	a := r.choose([]*node{n})
	return a, true
}

// parse is one way to read the text.
type parse struct {
	province, district []*node // nil when the text names none
	unit               *node   // what it comes to
	start              int     // token at which the unit's words begin
	score              int
	mended             bool
}

type resolver struct {
	x      *Index
	o      Options
	text   string
	tokens []token
	marked bool // typed with marks
	fuzzy  bool
	parses []parse
	best   int
}

// enumerate reads the text from its end: perhaps a province, perhaps a district
// before it, perhaps a commune before that.
func (r *resolver) enumerate() {
	r.parses, r.best = nil, -1<<30
	end := len(r.tokens)
	for _, p := range append(r.matches(Province, end), match{start: end}) {
		districts := r.matches(District, p.start)
		if gone, ok := r.formerDistrict(p.start); ok && len(districts) == 0 {
			districts = append(districts, gone)
		}
		for _, d := range append(districts, match{start: p.start}) {
			r.communes(p, d)
			r.larger(p, d)
		}
	}
}

// The weights of a reading. What matters is their order: more of the text explained
// beats less, what stands on the day beats what does not, the right kind beats none.
const (
	forCommune     = 400
	forDistrict    = 150
	forProvince    = 120
	forTwoLevels   = 20   // a commune of the new system where no district is named
	forValid       = 6    // stands on the day
	forWrongDay    = -80  // does not stand on the day that was given
	forHeirs       = -15  // lay elsewhere at its time, but lies in the named province today
	forOldProvince = -40  // a new commune under the name of a province that is no more
	forFormer      = -100 // a district that no list has
	forOldDistrict = -60  // a new commune under a district that is no more
)

// communes tries every commune before a district and a province.
func (r *resolver) communes(p, d match) {
	for _, c := range r.matches(Commune, d.start) {
		if c.weak && p.nodes == nil && d.nodes == nil && c.start > 0 {
			continue // the last words of a street's name
		}
		if c.weak && r.withinName(c.start) {
			continue
		}
		town := c.weak && !c.marked && d.nodes == nil && r.isDistrict(c, p.nodes)
		for i, n := range c.nodes {
			if town && (p.nodes != nil || !n.ValidOn(r.o.Today)) {
				continue // "tan an long an": the town, as likely as a commune that is written so without its marks
			}
			fit, ok := r.fits(n, p.nodes, d.nodes)
			if !ok {
				continue
			}
			score := forCommune + p.score + d.score + c.scores[i] + fit + r.dayScore(n)
			if d.nodes == nil && n.District() == "" {
				score += forTwoLevels
			}
			r.add(parse{province: p.nodes, district: d.nodes, unit: n, start: c.start, score: score, mended: p.mended || d.mended || c.mended})
		}
	}
}

// larger tries readings that stop at the district or the province.
func (r *resolver) larger(p, d match) {
	switch {
	case d.nodes != nil && d.weak && p.nodes == nil && r.x.names[Province][d.nodes[0].bare] != nil:
		// "Hà Tĩnh" alone is the province.
	case d.nodes != nil:
		for i, n := range d.nodes {
			if fit, ok := r.fits(n, p.nodes, nil); ok {
				r.add(parse{province: p.nodes, unit: n, start: d.start, score: p.score + d.scores[i] + fit + r.dayScore(n), mended: p.mended || d.mended})
			}
		}
	case p.nodes != nil:
		for i, n := range p.nodes {
			r.add(parse{unit: n, start: p.start, score: p.scores[i] + r.dayScore(n), mended: p.mended})
		}
	}
}

// withinName reports whether the part before a token begins with the kind of a
// commune: then its name is all that follows, and not only the last words of it.
func (r *resolver) withinName(start int) bool {
	first := start
	for first > 0 && !r.tokens[first].hard {
		first--
	}
	if first == start {
		return false
	}
	kinds, _ := r.kindAt(Commune, first, start)
	return len(kinds) > 0
}

// isDistrict reports whether the words of a match are also the name of a district in
// one of the provinces.
func (r *resolver) isDistrict(c match, provinces []*node) bool {
	return slices.ContainsFunc(r.x.names[District][c.nodes[0].bare], func(n *node) bool {
		_, ok := r.fits(n, provinces, nil)
		return ok
	})
}

// formerDistrict passes over a part that begins with the kind of a district and names
// none that is known: districts that ended before the lists begin ("Quận 9", "Huyện Từ
// Liêm") still stand in old papers. The commune must then be found without it.
func (r *resolver) formerDistrict(end int) (match, bool) {
	if end == 0 {
		return match{}, false
	}
	start := end - 1
	for start > 0 && !r.tokens[start].hard {
		start--
	}
	if kinds, _ := r.kindAt(District, start, end); start == 0 || len(kinds) == 0 {
		return match{}, false
	}
	return match{start: start, score: forFormer, mended: true}, true
}

func (r *resolver) dayScore(n *node) int {
	if !r.o.On.IsZero() {
		if n.ValidOn(r.o.On) {
			return forValid
		}
		return forWrongDay
	}
	if n.ValidOn(r.o.Today) {
		return forValid
	}
	return 0
}

func (r *resolver) add(p parse) {
	switch {
	case p.score < r.best:
	case p.score > r.best:
		r.best = p.score
		r.parses = append(r.parses[:0], p)
	default:
		r.parses = append(r.parses, p)
	}
}

// settled reports whether the best reading explains the text down to a commune, or
// down to its first word.
func (r *resolver) settled() bool {
	return slices.ContainsFunc(r.parses, func(p parse) bool { return p.unit.Level == Commune || p.start == 0 })
}

// District is the code of the district a commune lies in, "" for all others.
func (n *node) District() string {
	if n.Level == Commune && len(n.Parent) == 3 {
		return n.Parent
	}
	return ""
}

// fits reports whether a unit can lie in one of the provinces and one of the
// districts that the text names, and how well.
func (r *resolver) fits(n *node, provinces, districts []*node) (score int, ok bool) {
	if districts != nil {
		best, found := 0, false
		for _, d := range districts {
			if n.Parent == d.Code && overlaps(n.Unit, d.Unit) {
				if provinces == nil || r.liesInAny(d, provinces) > -1000 {
					best, found = 0, true
					break
				}
			} else if n.District() == "" && n.Level == Commune && r.fromDistrict(n, d) {
				if !found || best < forOldDistrict {
					best, found = forOldDistrict, true
				}
			}
		}
		if !found {
			return 0, false
		}
		score = best
	}
	if provinces != nil {
		s := r.liesInAny(n, provinces)
		if s <= -1000 {
			return 0, false
		}
		score += s
	}
	if r.o.Within != "" {
		inside := false
		for _, h := range r.x.heirs(n, r.o.Today) {
			inside = inside || r.x.ProvinceOf(h.Unit, r.o.Today) == r.o.Within
		}
		if !inside {
			return 0, false
		}
	}
	return score, true
}

// fromDistrict reports whether a commune of today was made from communes of a
// district.
func (r *resolver) fromDistrict(n, d *node) bool {
	return slices.ContainsFunc(n.prev, func(e edge) bool {
		return e.to.Parent == d.Code && overlaps(e.to.Unit, d.Unit) || e.to == d
	})
}

// liesInAny returns how well a unit lies in the best of some provinces, -1000 when in
// none.
func (r *resolver) liesInAny(n *node, provinces []*node) int {
	best := -1000
	for _, p := range provinces {
		best = max(best, r.liesIn(n, p))
	}
	return best
}

func (r *resolver) liesIn(n, p *node) int {
	day := n.dayNear(r.o.Today)
	if up := r.x.above(n, day); len(up) > 0 {
		if top := up[len(up)-1]; top.Code == p.Code && overlaps(n.Unit, p.Unit) {
			return 0
		}
	}
	if p.ValidOn(r.o.Today) {
		for _, h := range r.x.heirs(n, r.o.Today) {
			if r.x.ProvinceOf(h.Unit, r.o.Today) == p.Code {
				return forHeirs
			}
		}
		return -1000
	}
	// A new commune under the name of an old province: it must have come from there.
	for _, e := range n.prev {
		if up := r.x.above(e.to, e.to.dayNear(r.o.Today)); len(up) > 0 && up[len(up)-1].Code == p.Code && overlaps(e.to.Unit, p.Unit) {
			return forOldProvince
		}
	}
	return -1000
}
