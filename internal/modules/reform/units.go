package reform

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/place"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/sqldb"
)

// unitDecree is the part of a decree that package place carries out, with the lines
// from which its parts come.
type unitDecree struct {
	place.Decree
	close, open, links []decl.Pos
}

// unitsOf reads the operations on administrative units: a merged unit ends, unless it
// is the one that takes the others in and is not founded anew. What is renamed or moved
// ends and begins again under its code, and takes over from itself.
func unitsOf(x *place.Index, decree string, f *File) unitDecree {
	d := unitDecree{Decree: place.Decree{ID: decree, Day: f.on, Legal: f.Basis("vi")}}
	founded := map[string]bool{}
	for _, u := range f.Units {
		if u.Create != nil {
			founded[u.Create.Code] = true
		}
	}
	end := func(at decl.Pos, code string) {
		if !slices.Contains(d.Close, code) {
			d.Close, d.close = append(d.Close, code), append(d.close, at)
		}
	}
	link := func(at decl.Pos, old, now string, share place.Share) {
		d.Links, d.links = append(d.Links, place.Link{Old: old, New: now, Share: share}), append(d.links, at)
	}
	again := func(at decl.Pos, code string, change func(*place.Unit)) {
		end(at, code)
		u, ok := x.At(code, f.on.AddDays(-1))
		if !ok {
			return // the check says so of the end
		}
		now := place.Unit{Code: u.Code, Name: u.Name, Kind: u.Kind, Parent: u.Parent}
		change(&now)
		d.Open, d.open = append(d.Open, now), append(d.open, at)
		link(at, code, now.Code, place.Full)
	}
	for _, u := range f.Units {
		switch {
		case u.Rename != "":
			again(u.Pos, u.Rename, func(now *place.Unit) {
				now.Code, now.Name, now.Kind = cmp.Or(u.As.Code, now.Code), cmp.Or(u.As.Name, now.Name), cmp.Or(place.Kind(u.As.Kind), now.Kind)
				now.Parent = cmp.Or(u.As.Parent, now.Parent)
			})
		case len(u.Move) > 0:
			for _, code := range u.Move {
				again(u.Pos, code, func(now *place.Unit) { now.Parent = u.To })
			}
		case u.Abolish != nil:
			for _, code := range ofLevel(x, u.Abolish, f) {
				end(u.Pos, code)
			}
		case u.Create != nil:
			d.Open = append(d.Open, place.Unit{Code: u.Create.Code, Name: u.Create.Name, Kind: place.Kind(u.Create.Kind), Parent: u.Create.Parent})
			d.open = append(d.open, u.Pos)
		case len(u.Close) > 0:
			for _, code := range u.Close {
				end(u.Pos, code)
			}
		case len(u.Merge) > 0:
			for _, code := range u.Merge {
				if code == u.Into && !founded[code] {
					continue
				}
				end(u.Pos, code)
				link(u.Pos, code, u.Into, place.Full)
			}
		case u.Split != "":
			end(u.Pos, u.Split)
			for _, part := range u.Parts {
				link(u.Pos, u.Split, part, place.Partial)
			}
		}
	}
	return d
}

// ofLevel lists the units of a level that stand on the eve within some units.
func ofLevel(x *place.Index, l *Level, f *File) (codes []string) {
	eve := f.on.AddDays(-1)
	for _, in := range l.In {
		for _, u := range x.Children(in, eve) {
			if string(u.Level) == l.Level {
				codes = append(codes, u.Code)
			}
			if u.Level == place.District && l.Level == string(place.Commune) {
				codes = append(codes, ofLevel(x, &Level{Level: l.Level, In: []string{u.Code}}, f)...)
			}
		}
	}
	return codes
}

// lineOf finds the line that a fault of package place is about: "open.3.parent".
func (d *unitDecree) lineOf(f *File, name string) decl.Pos {
	parts := strings.SplitN(name, ".", 3)
	if len(parts) > 1 {
		if i, err := strconv.Atoi(parts[1]); err == nil {
			for what, lines := range map[string][]decl.Pos{"close": d.close, "open": d.open, "links": d.links} {
				if what == parts[0] && i < len(lines) {
					return lines[i]
				}
			}
		}
	}
	return f.Pos
}

// unitsIn reads the units' part of a decree and says what is wrong with it.
func (s *Service) unitsIn(ctx context.Context, decree string, f *File) (d unitDecree, problems []Problem, err error) {
	if len(f.Units) == 0 {
		return d, nil, nil
	}
	if s.places == nil {
		return d, []Problem{problem(f.Units[0].Pos, "no-units")}, nil
	}
	x, err := s.places.Index(ctx)
	if err != nil {
		return d, nil, err
	}
	d = unitsOf(x, decree, f)
	if appliedBefore(x, d) { // units stand ahead of their day
		return d, nil, nil
	}
	for _, u := range f.Units {
		if u.Abolish != nil && len(ofLevel(x, u.Abolish, f)) == 0 {
			problems = append(problems, problem(u.Pos, "unit-level-empty", "level", u.Abolish.Level, "in", strings.Join(u.Abolish.In, ", ")))
		}
	}
	for _, b := range x.Check(d.Decree) {
		problems = append(problems, Problem{Pos: d.lineOf(f, b.Name), Code: "error:" + b.Code, Args: b.Args})
	}
	return d, problems, nil
}

// units lists what a decree does to administrative units.
func (s *Service) units(ctx context.Context, d unitDecree, f *File, l *list) error {
	if len(f.Units) == 0 {
		return nil
	}
	x, err := s.places.Index(ctx)
	if err != nil {
		return err
	}
	eve := f.on.AddDays(-1)
	name := func(code string, new bool) string {
		if new {
			for _, u := range d.Open {
				if u.Code == code {
					return u.FullName()
				}
			}
		}
		day := eve
		if new {
			day = f.on
		}
		u, _ := x.At(code, day)
		return u.FullName()
	}
	for _, k := range d.Links {
		note := "unit-whole"
		if k.Share == place.Partial {
			note = "unit-part"
		}
		if err := l.add(Effect{Kind: KindUnit, Subject: k.Old, Label: name(k.Old, false), FromCode: k.Old, FromName: name(k.Old, false), ToCode: k.New, ToName: name(k.New, true), Note: note}); err != nil {
			return err
		}
	}
	for _, code := range d.Close {
		if !slices.ContainsFunc(d.Links, func(k place.Link) bool { return k.Old == code }) {
			if err := l.add(Effect{Kind: KindUnit, Subject: code, Label: name(code, false), FromCode: code, FromName: name(code, false), Note: "unit-ends"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// appliedBefore reports whether the units of a decree stand already.
func appliedBefore(x *place.Index, d unitDecree) bool {
	for _, u := range d.Open {
		if there, ok := x.At(u.Code, d.Day); ok && there.Origin == d.ID {
			return true
		}
	}
	for _, code := range d.Close {
		if slices.ContainsFunc(x.Versions(code), func(u place.Unit) bool { return u.EndOrigin == d.ID }) {
			return true
		}
	}
	return false
}

func (s *Service) applyUnits(ctx context.Context, tx *sqldb.Tx, decree string, f *File) error {
	if len(f.Units) == 0 || s.places == nil {
		return nil
	}
	x, err := s.places.Index(ctx)
	if err != nil {
		return err
	}
	return s.places.Apply(ctx, tx, unitsOf(x, decree, f).Decree)
}
