package reform

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/place"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// unitDecree is the part of a decree that package place carries out, with the lines
// from which its parts come.
type unitDecree struct {
	place.Decree
	close, open, links []decl.Pos
}

// unitsOf reads the operations on administrative units: a merged unit ends, unless it
// is the one that takes the others in and is not founded anew.
func unitsOf(decree string, f *File) unitDecree {
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
	for _, u := range f.Units {
		switch {
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

// units lists what a decree does to administrative units, or says what is wrong.
func (s *Service) units(ctx context.Context, decree string, f *File, l *list) ([]Problem, error) {
	if len(f.Units) == 0 {
		return nil, nil
	}
	if s.places == nil {
		return []Problem{problem(f.Units[0].Pos, "no-units")}, nil
	}
	d := unitsOf(decree, f)
	x, err := s.places.Index(ctx)
	if err != nil {
		return nil, err
	}
	var bad []errs.Field
	if !appliedBefore(x, d) { // units may stand ahead of their day
		bad = x.Check(d.Decree)
	}
	var problems []Problem
	for _, b := range bad {
		problems = append(problems, Problem{Pos: d.lineOf(f, b.Name), Code: "error:" + b.Code, Args: b.Args})
	}
	if len(problems) > 0 {
		return sortProblems(problems), nil
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
			return nil, err
		}
	}
	for _, code := range d.Close {
		if !slices.ContainsFunc(d.Links, func(k place.Link) bool { return k.Old == code }) {
			if err := l.add(Effect{Kind: KindUnit, Subject: code, Label: name(code, false), FromCode: code, FromName: name(code, false), Note: "unit-ends"}); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
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
	return s.places.Apply(ctx, tx, unitsOf(decree, f).Decree)
}
