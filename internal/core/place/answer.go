package place

import (
	"cmp"
	"slices"
	"strings"

	"motcua/internal/platform/fold"
)

// mostChoices is how many candidates an answer offers.
const mostChoices = 40

// answer turns the best readings into what is told.
func (r *resolver) answer() Answer {
	if len(r.parses) == 0 {
		if p := r.x.at(r.o.Within, r.o.Today); p != nil {
			return r.withoutCommune(parse{unit: p, start: len(r.tokens)})
		}
		return Answer{Status: Unknown, Reason: NotFound, Line: fold.Clean(r.text), Choices: r.nearest(nil, r.last(len(r.tokens)))}
	}
	p := r.parses[0]
	if p.unit.Level == Commune || p.start == 0 {
		nodes := make([]*node, 0, len(r.parses))
		for _, q := range r.parses {
			if !slices.Contains(nodes, q.unit) {
				nodes = append(nodes, q.unit)
			}
		}
		a := r.choose(nodes)
		a.Line, a.Mended = r.lineBefore(p.start), p.mended
		return a
	}
	return r.withoutCommune(p)
}

// choose answers with units that fit equally well.
func (r *resolver) choose(nodes []*node) Answer {
	var a Answer
	for _, n := range nodes {
		for _, h := range r.x.heirs(n, r.o.Today) {
			c := Choice{Written: n.Unit, Now: h.Unit, Share: h.Share, Residents: h.Residents}
			if !slices.ContainsFunc(a.Choices, func(d Choice) bool { return d.Now.Key() == c.Now.Key() }) {
				a.Choices = append(a.Choices, c)
			}
		}
	}
	if len(nodes) == 1 {
		a.Written = nodes[0].Unit
	}
	switch {
	case len(a.Choices) == 0: // all of them are still to come
		return Answer{Status: Unknown, Reason: NotFound}
	case len(a.Choices) == 1:
		a.Status, a.Written = Resolved, a.Choices[0].Written
	case len(nodes) == 1 && nodes[0].Level == District:
		a.Status, a.Reason = Ambiguous, NoCommune
	case len(nodes) == 1:
		a.Status, a.Reason = Ambiguous, Split
	default:
		a.Status, a.Reason = Ambiguous, SameName
		slices.SortStableFunc(a.Choices, func(c, d Choice) int {
			return cmp.Compare(r.x.ProvinceOf(c.Now, r.o.Today), r.x.ProvinceOf(d.Now, r.o.Today))
		})
	}
	if len(a.Choices) > mostChoices {
		a.Choices = a.Choices[:mostChoices]
	}
	return a
}

// withoutCommune answers when the text names a district or province and the words
// before it are no commune of it as they stand.
func (r *resolver) withoutCommune(p parse) Answer {
	part := r.last(p.start)
	found := r.mendCommune(p, part)
	if len(found) > 0 {
		a := r.choose(found)
		a.Line, a.Mended = r.lineBefore(part.start), true
		return a
	}
	a := Answer{Status: Unknown, Reason: NoCommune, Written: p.unit.Unit, Line: r.lineBefore(p.start), Mended: p.mended}
	if !part.kind && p.unit.Level == District {
		// A street and a district: one of the communes that lay in it.
		chosen := r.choose([]*node{p.unit})
		if chosen.Status != Unknown {
			chosen.Line, chosen.Written, chosen.Mended, chosen.Reason = a.Line, a.Written, p.mended, NoCommune
			if chosen.Status == Resolved {
				chosen.Reason = ""
			}
			return chosen
		}
	}
	a.Choices = r.nearest(p.unit, part)
	return a
}

// part is the piece of a text that should name a commune.
type part struct {
	start int // its first token, the kind included
	key   string
	kinds []Kind
	kind  bool // a word for a commune stands before it
}

// last is the part before token end.
func (r *resolver) last(end int) part {
	if end == 0 {
		return part{}
	}
	from := end - 1
	for from > 0 && !r.tokens[from].hard {
		from--
	}
	// The last word for a commune within it, or all of it.
	p := part{start: from}
	name := from
	for at := end - 1; at > from; at-- {
		if kinds, k := r.kindBefore(Commune, at); len(kinds) > 0 && k >= from {
			p.start, p.kinds, p.kind, name = k, kinds, true, at
			break
		}
	}
	var key strings.Builder
	for _, t := range r.tokens[name:end] {
		key.WriteString(t.key)
	}
	p.key = key.String()
	return p
}

// mendCommune finds the communes of what the text names whose name is nearest to a
// part, if it is near enough.
func (r *resolver) mendCommune(p parse, part part) []*node {
	limit := mistakes(part.key)
	if limit == 0 || !part.kind && r.street(p.start) {
		return nil
	}
	fits := r.within(p)
	var found []*node
	best := limit + 1
	for _, n := range r.x.nodes {
		if n.Level != Commune {
			continue
		}
		d := distance(part.key, n.bare, best)
		if d > limit || d > best || !fits(n) {
			continue
		}
		if d < best {
			best, found = d, nil
		}
		found = append(found, n)
	}
	// The kind decides between two, and so does what stands today.
	if len(found) > 1 && part.kind {
		if same := keep(found, func(n *node) bool { return slices.Contains(part.kinds, n.Kind) }); len(same) > 0 {
			found = same
		}
	}
	if day := cmp.Or(r.o.On, r.o.Today); len(found) > 1 {
		if valid := keep(found, func(n *node) bool { return n.ValidOn(day) }); len(valid) > 0 {
			found = valid
		}
	}
	return found
}

func keep(nodes []*node, fits func(*node) bool) (out []*node) {
	for _, n := range nodes {
		if fits(n) {
			out = append(out, n)
		}
	}
	return out
}

// within returns what holds for the units that fit what a reading names.
func (r *resolver) within(p parse) func(*node) bool {
	provinces, districts := p.province, []*node{p.unit}
	if p.unit.Level == Province {
		provinces, districts = districts, nil
	}
	return func(n *node) bool {
		_, ok := r.fits(n, provinces, districts)
		return ok
	}
}

// nearest offers a few communes whose names are not too far from a part.
func (r *resolver) nearest(in *node, part part) []Choice {
	type near struct {
		n *node
		d int
	}
	var list []near
	most := max(1, len(part.key)/3)
	fits := func(n *node) bool { return n.Level != District && n.ValidOn(r.o.Today) }
	switch {
	case len(part.key) < 3:
		return nil
	case in != nil:
		inside := r.within(parse{unit: in})
		fits = func(n *node) bool { return n.Level == Commune && inside(n) }
	default:
		most = min(most, 2)
	}
	for _, n := range r.x.nodes {
		if d := distance(part.key, n.bare, most); d <= most && fits(n) {
			list = append(list, near{n, d})
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return cmp.Or(a.d-b.d, cmp.Compare(a.n.marks, b.n.marks)) })
	var out []Choice
	for _, l := range list {
		for _, h := range r.x.heirs(l.n, r.o.Today) {
			if len(out) == 5 {
				return out
			}
			if !slices.ContainsFunc(out, func(c Choice) bool { return c.Now.Key() == h.Unit.Key() }) {
				out = append(out, Choice{l.n.Unit, h.Unit, h.Share, h.Residents})
			}
		}
	}
	return out
}

// lineBefore is the text before a token, without what parts it from the unit.
func (r *resolver) lineBefore(at int) string {
	if at <= 0 {
		return ""
	}
	text := fold.NFC(r.text)
	end := len(text)
	if at < len(r.tokens) {
		end = r.tokens[at].from
	}
	return strings.Trim(fold.Clean(text[:end]), " ,;.-–—|")
}
