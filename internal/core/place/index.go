package place

import (
	"cmp"
	"slices"
	"strings"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// Index holds all units and answers from memory. It never changes; a new state is a
// new Index. Safe for concurrent use.
type Index struct {
	nodes    []*node
	byKey    map[Key]*node
	byCode   map[string][]*node // oldest first
	children map[string][]*node // by code of the parent, in the order of names
	names    map[Level]map[string][]*node
	links    []Succession
}

// node is a unit and what is around it.
type node struct {
	Unit
	search     string // " phuong ba dinh thanh pho ha noi ": folded, with what it lies in
	bare       string // the folded name without spaces: "badinh"
	marks      string // the name for comparison with its marks
	next, prev []edge
}

// edge leads to a successor or a predecessor.
type edge struct {
	to *node
	Succession
}

// NewIndex builds an index. Successions that name an unknown unit are left out.
func NewIndex(units []Unit, successions []Succession) *Index {
	x := &Index{
		nodes: make([]*node, 0, len(units)), byKey: make(map[Key]*node, len(units)), byCode: make(map[string][]*node, len(units)),
		children: map[string][]*node{}, names: map[Level]map[string][]*node{Province: {}, District: {}, Commune: {}},
	}
	for _, u := range units {
		n := &node{Unit: u, bare: compact(u.Name), marks: fold.Sort(u.Name)}
		x.nodes = append(x.nodes, n)
		x.byKey[u.Key()] = n
		x.byCode[u.Code] = append(x.byCode[u.Code], n)
	}
	slices.SortFunc(x.nodes, func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.marks, b.marks), cmp.Compare(a.Code, b.Code), a.ValidFrom.Compare(b.ValidFrom))
	})
	for _, n := range x.nodes {
		if n.Parent != "" {
			x.children[n.Parent] = append(x.children[n.Parent], n)
		}
		if byName := x.names[n.Level]; byName != nil {
			byName[n.bare] = append(byName[n.bare], n)
		}
	}
	for _, same := range x.byCode {
		slices.SortFunc(same, func(a, b *node) int { return a.ValidFrom.Compare(b.ValidFrom) })
	}
	folded := make(map[*node]string, len(x.nodes))
	for _, n := range x.nodes {
		if n.Level != Commune {
			folded[n] = searchKey(n.FullName())
		}
	}
	for _, n := range x.nodes {
		if n.search = folded[n]; n.Level == Commune {
			n.search = searchKey(n.FullName())
		}
		for _, up := range x.above(n, n.last()) {
			n.search += folded[up]
		}
	}
	for _, s := range successions {
		old, next := x.byKey[s.Old], x.byKey[s.New]
		if old == nil || next == nil {
			continue
		}
		x.links = append(x.links, s)
		old.next = append(old.next, edge{next, s})
		next.prev = append(next.prev, edge{old, s})
	}
	for _, n := range x.nodes {
		for _, edges := range [][]edge{n.next, n.prev} {
			// Those with all who live there first: an address most likely went with them.
			slices.SortStableFunc(edges, func(a, b edge) int {
				return cmp.Or(a.Day.Compare(b.Day), weight(b.Succession)-weight(a.Succession), cmp.Compare(a.to.Code, b.to.Code))
			})
		}
	}
	return x
}

func weight(s Succession) int {
	switch {
	case s.Share == Full:
		return 2
	case s.Residents:
		return 1
	}
	return 0
}

// compact is a folded name without spaces, with numbers in one form: "Đa Krông" and
// "Đakrông", "Phường 01", "Phường 1" and "Phường I" are one.
func compact(name string) string {
	words := fold.Tokens(name)
	for i, w := range words {
		words[i] = plainNumber(w)
	}
	return wholeNumber(strings.Join(words, ""))
}

// Roman numbers that are no syllable are numbers anywhere, the others only when they
// are the whole name.
var (
	roman      = map[string]string{"ii": "2", "iii": "3", "iv": "4", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
	wholeRoman = map[string]string{"i": "1", "v": "5", "vi": "6", "x": "10"}
)

func wholeNumber(key string) string { return cmp.Or(wholeRoman[key], key) }

func plainNumber(w string) string {
	if n := roman[w]; n != "" {
		return n
	}
	if len(w) > 1 && w[0] == '0' && strings.Trim(w, "0123456789") == "" {
		if w = strings.TrimLeft(w, "0"); w == "" {
			return "0"
		}
	}
	return w
}

// searchKey is a folded name between spaces.
func searchKey(name string) string {
	words := fold.Tokens(name)
	for i, w := range words {
		words[i] = plainNumber(w)
	}
	return " " + strings.Join(words, " ") + " "
}

// Len returns how many units there are, of all times.
func (x *Index) Len() int { return len(x.nodes) }

// Count returns how many units of a level stand on a day.
func (x *Index) Count(l Level, on civil.Date) (count int) {
	for _, n := range x.nodes {
		if n.Level == l && n.ValidOn(on) {
			count++
		}
	}
	return count
}

// Unit returns one unit by its key.
func (x *Index) Unit(k Key) (Unit, bool) {
	if n := x.byKey[k]; n != nil {
		return n.Unit, true
	}
	return Unit{}, false
}

// At returns what a code meant on a day.
func (x *Index) At(code string, on civil.Date) (Unit, bool) {
	if n := x.at(code, on); n != nil {
		return n.Unit, true
	}
	return Unit{}, false
}

func (x *Index) at(code string, on civil.Date) *node {
	for _, n := range x.byCode[code] {
		if n.ValidOn(on) {
			return n
		}
	}
	return nil
}

// Versions returns every unit that ever carried a code, oldest first.
func (x *Index) Versions(code string) []Unit { return unitsOf(x.byCode[code]) }

// MeaningOfProvinceCode returns the province that a code meant on a day, for numbers
// that carry it: two digits, or three with a zero in front as citizen numbers have.
func (x *Index) MeaningOfProvinceCode(code string, on civil.Date) (Unit, bool) {
	if len(code) == 3 && code[0] == '0' {
		code = code[1:]
	}
	if len(code) != 2 {
		return Unit{}, false
	}
	return x.At(code, on)
}

// Provinces returns the provinces of a day, by code as official lists have them.
func (x *Index) Provinces(on civil.Date) []Unit {
	var list []*node
	for _, n := range x.nodes {
		if n.Level == Province && n.ValidOn(on) {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b *node) int { return cmp.Compare(a.Code, b.Code) })
	return unitsOf(list)
}

// Children returns what lies directly in a unit on a day, by name.
func (x *Index) Children(code string, on civil.Date) []Unit {
	var list []*node
	for _, n := range x.children[code] {
		if n.ValidOn(on) {
			list = append(list, n)
		}
	}
	return unitsOf(list)
}

// endless is the last day of units that stand.
var endless = civil.MustDate("9999-12-31")

func (n *node) last() civil.Date { return cmp.Or(n.ValidTo, endless) }

// dayNear is the day on which n is looked at when another is asked for: that day if
// it stands then, otherwise its last, or its first when it is still to come.
func (n *node) dayNear(on civil.Date) civil.Date {
	switch {
	case on.Before(n.ValidFrom):
		return n.ValidFrom
	case !n.ValidTo.IsZero() && on.After(n.ValidTo):
		return n.ValidTo
	}
	return on
}

// above returns the units that n lies in on a day, the nearest first.
func (x *Index) above(n *node, on civil.Date) (line []*node) {
	for range 3 {
		if n = x.at(n.Parent, on); n == nil {
			return line
		}
		line = append(line, n)
	}
	return line
}

// Above returns the units that u lies in on a day (when it does not stand then, on
// the nearest day it did), the nearest first.
func (x *Index) Above(u Unit, on civil.Date) []Unit {
	n := x.byKey[u.Key()]
	if n == nil {
		return nil
	}
	return unitsOf(x.above(n, n.dayNear(on)))
}

// Address writes a unit with all it lies in, from the smallest to the largest, as it
// was on a day: "Phường Tân Thới Hiệp, Quận 12, Thành phố Hồ Chí Minh".
func (x *Index) Address(u Unit, on civil.Date) string {
	parts := []string{u.FullName()}
	for _, up := range x.Above(u, on) {
		parts = append(parts, up.FullName())
	}
	return strings.Join(parts, ", ")
}

// ProvinceOf returns the code of the province that a unit lies in, its own for a
// province.
func (x *Index) ProvinceOf(u Unit, on civil.Date) string {
	if u.Level == Province {
		return u.Code
	}
	if up := x.Above(u, on); len(up) > 0 {
		return up[len(up)-1].Code
	}
	return ""
}

func unitsOf(nodes []*node) []Unit {
	list := make([]Unit, len(nodes))
	for i, n := range nodes {
		list[i] = n.Unit
	}
	return list
}
