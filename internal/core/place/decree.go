package place

import (
	"fmt"
	"slices"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// Decree is a change of the units from one day on: what ends, what begins, and what
// takes over what. A unit that only changes its name, kind or place ends and begins
// again under its code.
type Decree struct {
	ID    string     // the id under which it can be undone
	Day   civil.Date // first day of the new state
	Legal string     // the text that orders it
	Close []string   // codes of units whose last day is the day before
	Open  []Unit     // units from Day on; ValidFrom, Legal and Origin are filled in
	Links []Link
}

// Link says that the unit that carries New on the day takes over from the one that
// carried Old on the day before.
type Link struct {
	Old, New  string
	Share     Share
	Residents bool // of a part: all who live there
}

// Check returns every fault of a decree against the units as they are. Inputs are
// named close.0, open.0.code, links.0.
func (x *Index) Check(d Decree) (bad []errs.Field) {
	if d.Day.IsZero() || !d.Day.After(Beginning) {
		return []errs.Field{errs.Bad("day", "place.day")}
	}
	if d.Legal == "" {
		bad = append(bad, errs.Bad("legal", "place.legal"))
	}
	eve := d.Day.AddDays(-1)
	closing := map[string]bool{}
	for i, code := range d.Close {
		name := fmt.Sprintf("close.%d", i)
		switch n := x.at(code, eve); {
		case closing[code]:
			bad = append(bad, errs.Bad(name, "place.twice", "unit", code))
		case n == nil || !n.ValidTo.IsZero():
			bad = append(bad, errs.Bad(name, "place.not-standing", "unit", code, "day", screen(eve)))
		}
		closing[code] = true
	}
	opening := map[string]bool{}
	stands := func(code string) bool {
		return opening[code] || !closing[code] && x.at(code, d.Day) != nil
	}
	for i, u := range d.Open {
		name := fmt.Sprintf("open.%d", i)
		level, ok := LevelOf(u.Code)
		switch {
		case !ok || u.Level != "" && u.Level != level:
			bad = append(bad, errs.Bad(name+".code", "place.code", "unit", u.Code))
			continue
		case opening[u.Code]:
			bad = append(bad, errs.Bad(name+".code", "place.twice", "unit", u.Code))
		case slices.ContainsFunc(x.byCode[u.Code], func(n *node) bool {
			return !n.ValidFrom.Before(d.Day) || n.ValidOn(d.Day) && !closing[u.Code]
		}):
			bad = append(bad, errs.Bad(name+".code", "place.code-taken", "unit", u.Code, "day", screen(d.Day)))
		}
		if !slices.Contains(Kinds(level), u.Kind) {
			bad = append(bad, errs.Bad(name+".kind", "place.kind", "unit", u.Code))
		}
		if u.Name == "" {
			bad = append(bad, errs.Bad(name+".name", "place.name", "unit", u.Code))
		}
		opening[u.Code] = true
	}
	for i, u := range d.Open {
		name := fmt.Sprintf("open.%d.parent", i)
		level, ok := LevelOf(u.Code)
		above, known := LevelOf(u.Parent)
		switch {
		case !ok:
		case level == Province && u.Parent != "", level == District && above != Province, level == Commune && above != Province && above != District:
			bad = append(bad, errs.Bad(name, "place.parent", "unit", u.Code))
		case level != Province && (!known || !stands(u.Parent)):
			bad = append(bad, errs.Bad(name, "place.parent-gone", "unit", u.Code, "parent", u.Parent, "day", screen(d.Day)))
		}
	}
	bad = append(bad, x.checkLinks(d, closing, stands)...)
	for i, code := range d.Close {
		if stands(code) {
			continue
		}
		for _, n := range x.children[code] {
			if n.ValidOn(d.Day) && !closing[n.Code] {
				bad = append(bad, errs.Bad(fmt.Sprintf("close.%d", i), "place.orphan", "unit", n.FullName()+" ("+n.Code+")", "parent", code))
			}
		}
	}
	return bad
}

func (x *Index) checkLinks(d Decree, closing map[string]bool, stands func(string) bool) (bad []errs.Field) {
	eve := d.Day.AddDays(-1)
	parts, whole := map[string]int{}, map[string]int{}
	seen := map[[2]string]bool{}
	for i, l := range d.Links {
		name := fmt.Sprintf("links.%d", i)
		pair := [2]string{l.Old, l.New}
		switch {
		case l.Share != Full && l.Share != Partial:
			bad = append(bad, errs.Bad(name, "place.share", "unit", l.Old))
		case seen[pair]:
			bad = append(bad, errs.Bad(name, "place.twice", "unit", l.Old))
		case x.at(l.Old, eve) == nil:
			bad = append(bad, errs.Bad(name, "place.not-standing", "unit", l.Old, "day", screen(eve)))
		case !stands(l.New):
			bad = append(bad, errs.Bad(name, "place.not-standing", "unit", l.New, "day", screen(d.Day)))
		case !closing[l.Old] && l.Share == Full:
			bad = append(bad, errs.Bad(name, "place.whole-but-stands", "unit", l.Old))
		}
		seen[pair] = true
		parts[l.Old]++
		if l.Share == Full {
			whole[l.Old]++
		}
	}
	for i, code := range d.Close {
		level, _ := LevelOf(code)
		switch {
		case parts[code] == 0 && level != District:
			bad = append(bad, errs.Bad(fmt.Sprintf("close.%d", i), "place.no-successor", "unit", code))
		case whole[code] > 0 && parts[code] > 1:
			bad = append(bad, errs.Bad(fmt.Sprintf("close.%d", i), "place.whole-and-parts", "unit", code))
		}
	}
	return bad
}

func screen(d civil.Date) string { return d.Screen("vi") }

// rows returns what a sound decree writes: the units it opens, the keys of those it
// closes, and the successions.
func (x *Index) rows(d Decree) (open []Unit, closed []Key, links []Succession) {
	eve := d.Day.AddDays(-1)
	now := map[string]Key{}
	for _, code := range d.Close {
		closed = append(closed, x.at(code, eve).Key())
	}
	for _, u := range d.Open {
		u.Level, _ = LevelOf(u.Code)
		u.ValidFrom, u.ValidTo, u.Legal, u.EndLegal, u.Origin, u.EndOrigin = d.Day, civil.Date{}, d.Legal, "", d.ID, ""
		open = append(open, u)
		now[u.Code] = u.Key()
	}
	for _, l := range d.Links {
		to, opened := now[l.New]
		if !opened {
			to = x.at(l.New, d.Day).Key()
		}
		links = append(links, Succession{Old: x.at(l.Old, eve).Key(), New: to, Share: l.Share, Residents: l.Residents, Day: d.Day, Legal: d.Legal, Origin: d.ID})
	}
	return open, closed, links
}

// With returns the index as it would be after a decree, for a look before it is
// applied; or its faults.
func (x *Index) With(d Decree) (*Index, error) {
	if bad := x.Check(d); len(bad) > 0 {
		return nil, errs.NewInvalid(bad...)
	}
	open, closed, links := x.rows(d)
	units := make([]Unit, 0, len(x.nodes)+len(open))
	for _, n := range x.nodes {
		u := n.Unit
		if slices.Contains(closed, u.Key()) {
			u.ValidTo, u.EndLegal, u.EndOrigin = d.Day.AddDays(-1), d.Legal, d.ID
		}
		units = append(units, u)
	}
	return NewIndex(append(units, open...), append(slices.Clone(x.links), links...)), nil
}
