package place

import (
	"slices"

	"motcua/internal/platform/civil"
)

// Heir is a unit that stands today for one of the past.
type Heir struct {
	Unit      Unit
	Share     Share // how much of the old unit it has
	Residents bool  // of a part: all who lived there
}

// Today returns the units that stand on a day for a unit of another time: itself
// while it stands, otherwise those that took it over, the most likely first. A
// district that left no successor stands for the communes that lay in it. None when
// the unit is still to come.
func (x *Index) Today(u Unit, on civil.Date) []Heir {
	n := x.byKey[u.Key()]
	if n == nil {
		return nil
	}
	return x.heirs(n, on)
}

func (x *Index) heirs(n *node, on civil.Date) []Heir {
	if n.ValidOn(on) {
		return []Heir{{n.Unit, Full, true}}
	}
	var list []Heir
	if on.Before(n.ValidFrom) {
		return nil
	}
	x.follow(n, Heir{Share: Full, Residents: true}, on, map[*node]bool{}, &list)
	if len(list) == 0 && n.Level == District {
		for _, c := range x.children[n.Code] {
			if c.ValidOn(n.ValidTo) {
				for _, h := range x.heirs(c, on) {
					list = merge(list, Heir{Unit: h.Unit, Share: Partial})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Heir) int {
		return weight(Succession{Share: b.Share, Residents: b.Residents}) - weight(Succession{Share: a.Share, Residents: a.Residents})
	})
	return list
}

// follow walks the successions from n to what stands on the day.
func (x *Index) follow(n *node, way Heir, on civil.Date, seen map[*node]bool, list *[]Heir) {
	if seen[n] {
		return
	}
	seen[n] = true
	for _, e := range n.next {
		if e.Day.After(on) {
			continue
		}
		h := way
		if e.Share == Partial {
			h.Share = Partial
			h.Residents = h.Residents && e.Residents
		}
		if e.to.ValidOn(on) {
			h.Unit = e.to.Unit
			*list = merge(*list, h)
			continue
		}
		x.follow(e.to, h, on, seen, list)
	}
	seen[n] = false
}

// merge adds an heir, or strengthens the one that is there.
func merge(list []Heir, h Heir) []Heir {
	for i := range list {
		if list[i].Unit.Key() == h.Unit.Key() {
			if h.Share == Full {
				list[i].Share = Full
			}
			list[i].Residents = list[i].Residents || h.Residents
			return list
		}
	}
	return append(list, h)
}

// Origins returns the units that stood on an earlier day for what u is now: itself
// when it stood, otherwise those it was made from.
func (x *Index) Origins(u Unit, on civil.Date) []Heir {
	n := x.byKey[u.Key()]
	if n == nil {
		return nil
	}
	var list []Heir
	var back func(n *node, way Heir)
	back = func(n *node, way Heir) {
		if n.ValidOn(on) {
			way.Unit = n.Unit
			list = merge(list, way)
			return
		}
		for _, e := range n.prev {
			h := way
			if e.Share == Partial {
				h.Share = Partial
				h.Residents = h.Residents && e.Residents
			}
			back(e.to, h)
		}
	}
	back(n, Heir{Share: Full, Residents: true})
	return list
}

// Chapter is one state in the life of a unit.
type Chapter struct {
	Unit Unit
	From []Relation // what it was made from, none when it reaches back to the beginning of the lists
	Into []Relation // what took it over
}

// Relation is a unit and how much of the older of the two it concerns.
type Relation struct {
	Unit      Unit
	Share     Share
	Residents bool
	Legal     string
	Day       civil.Date
}

// History returns the lives of a code and of what its units were made from and went
// into, one step each way, the latest first.
func (x *Index) History(code string) []Chapter {
	var list []Chapter
	for _, n := range x.byCode[code] {
		list = append(list, Chapter{n.Unit, relations(n.prev), relations(n.next)})
	}
	slices.Reverse(list)
	return list
}

// Chapter returns one unit with what it was made from and what took it over.
func (x *Index) Chapter(k Key) (Chapter, bool) {
	n := x.byKey[k]
	if n == nil {
		return Chapter{}, false
	}
	return Chapter{n.Unit, relations(n.prev), relations(n.next)}, true
}

func relations(edges []edge) []Relation {
	list := make([]Relation, len(edges))
	for i, e := range edges {
		list[i] = Relation{e.to.Unit, e.Share, e.Residents, e.Legal, e.Day}
	}
	return list
}

// Successions returns every succession that happened in a period, both days
// included; a zero end is open.
func (x *Index) Successions(from, to civil.Date) []Succession {
	var list []Succession
	for _, s := range x.links {
		if s.Day.In(from, to) {
			list = append(list, s)
		}
	}
	return list
}
