package reform

import (
	"slices"
	"strings"

	"motcua/internal/core/dossier"
	"motcua/internal/core/org"
	"motcua/internal/platform/fold"
)

// matter is what rules may ask of a dossier, an entry or an offer.
type matter struct {
	number, procedure, field, register string
	places                             []dossier.Address
}

// asksPlaces reports whether any rule of the plan needs addresses to share e.
func (e *Ending) asksPlaces() bool {
	return slices.ContainsFunc(e.Rules, func(r Rule) bool { return r.places() })
}

// of decides to whom a dossier of an ended agency goes: the agency id.
func (p *Plan) of(e *Ending, m matter) string {
	for i := range e.Rules {
		r := &e.Rules[i]
		if !r.conditional() {
			return r.To
		}
		if to, fits := p.fits(e, r, m); fits {
			return to
		}
	}
	return e.Heir
}

// fits reports whether a rule takes a matter. Conditions of one rule hold together;
// a list of numbers decides by itself.
func (p *Plan) fits(e *Ending, r *Rule, m matter) (to string, ok bool) {
	if slices.Contains(r.Dossiers, m.number) && m.number != "" || m.register != "" && slices.Contains(r.Registers, m.register) {
		return r.To, r.To != ""
	}
	if len(r.Fields)+len(r.Procedures) > 0 && !slices.Contains(r.Procedures, m.procedure) &&
		!slices.ContainsFunc(r.Fields, func(f string) bool { return m.field != "" && strings.HasPrefix(m.field, f) }) {
		return "", false
	}
	if len(r.Villages)+len(r.Units) > 0 && !lies(r, m.places) {
		return "", false
	}
	if r.Territory {
		to = p.territory(e, m.places)
		return to, to != ""
	}
	return r.To, r.places() || len(r.Fields)+len(r.Procedures) > 0
}

// lies reports whether an address names one of the villages or units of a rule.
func lies(r *Rule, places []dossier.Address) bool {
	for _, a := range places {
		if a.Commune != "" && slices.Contains(r.Units, a.Commune) {
			return true
		}
		text := " " + fold.Key(a.Text) + " "
		for _, v := range r.Villages {
			if strings.Contains(text, " "+fold.Key(v)+" ") {
				return true
			}
		}
	}
	return false
}

// territory finds the commune agency in whose territory an address lies on the day of
// the decree: by the code of the unit, else by the name in the text. A commune that
// ends too is followed to its successor, by its own rules when it is split. Names that
// stand twice in the province are looked for under the ended agency first.
func (p *Plan) territory(e *Ending, places []dossier.Address) string {
	for _, a := range places {
		if a.Commune != "" {
			for _, l := range p.lands {
				if l.unit == a.Commune {
					return p.after(l.agency, places)
				}
			}
		}
		text := " " + fold.Key(a.Text) + " "
		var found []*org.Agency
		length := 0
		for _, l := range p.lands {
			if len(found) > 0 && len(l.key) < length {
				break
			}
			if l.key != "" && strings.Contains(text, " "+l.key+" ") {
				found, length = append(found, l.agency), len(l.key)
			}
		}
		if near := slices.DeleteFunc(slices.Clone(found), func(a *org.Agency) bool { return !a.Within(e.Agency.Path) && !p.sisters(e.Agency, *a) }); len(near) > 0 {
			found = near
		}
		if len(found) > 0 {
			return p.after(found[0], places)
		}
	}
	return ""
}

// sisters reports whether a commune lies under the parent of an ended unit: the
// one-stop centre of a district serves the communes of the district.
func (p *Plan) sisters(e, commune org.Agency) bool {
	return e.Kind != org.KindDistrict && e.ParentID != "" && strings.Contains(commune.Path, "/"+e.ParentID+"/") && strings.Count(e.Path, "/") > 3
}

// after is the agency id of a commune agency from the day of the decree.
func (p *Plan) after(a *org.Agency, places []dossier.Address) string {
	if a.ID == "" || p.ends[a.ID] == nil {
		return a.Code
	}
	e := p.ends[a.ID]
	for i := range e.Rules {
		r := &e.Rules[i]
		if !r.conditional() {
			return r.To
		}
		if len(r.Villages)+len(r.Units) > 0 && len(r.Fields)+len(r.Procedures) == 0 && lies(r, places) {
			return r.To
		}
	}
	return e.Heir
}

// post decides to whom a post goes: by its title, or by who holds it.
func (e *Ending) post(title string, logins []string) string {
	for i := range e.Rules {
		r := &e.Rules[i]
		if r.To == "" {
			continue
		}
		if !r.conditional() {
			return r.To
		}
		if slices.ContainsFunc(r.Posts, func(t string) bool { return fold.Key(t) == fold.Key(title) }) ||
			slices.ContainsFunc(r.Staff, func(s string) bool { return slices.Contains(logins, s) }) {
			return r.To
		}
	}
	return e.Heir
}

// entry decides who keeps an entry of a register: a rule about registers or about the
// procedure it came from; the rest keeps the heir. Where the holder lives does not
// matter: a book is not torn apart.
func (p *Plan) entry(e *Ending, m matter) string {
	for i := range e.Rules {
		r := &e.Rules[i]
		if !r.conditional() {
			return r.To
		}
		if r.places() || r.To == "" {
			continue
		}
		if to, fits := p.fits(e, r, matter{procedure: m.procedure, field: m.field, register: m.register}); fits {
			return to
		}
	}
	return e.Heir
}

// offerers are all who offer a procedure on after an ended agency.
func (p *Plan) offerers(e *Ending, m matter) []string {
	var out []string
	add := func(to string) {
		if to != "" && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	for i := range e.Rules {
		r := &e.Rules[i]
		about := len(r.Fields)+len(r.Procedures) > 0
		takes := !about || slices.Contains(r.Procedures, m.procedure) || slices.ContainsFunc(r.Fields, func(f string) bool { return m.field != "" && strings.HasPrefix(m.field, f) })
		switch {
		case !r.conditional():
			if len(out) == 0 {
				add(r.To)
			}
			return out
		case r.Territory && takes:
			for _, l := range p.lands {
				if l.agency.Within(e.Agency.Path) || p.sisters(e.Agency, *l.agency) {
					add(p.after(l.agency, nil))
				}
			}
		case r.places() && takes:
			add(r.To)
		case about && takes:
			add(r.To)
			return out
		}
	}
	return out
}
