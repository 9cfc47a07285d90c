package form

import (
	"context"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/place"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
)

// Places tells which administrative units stand; the service of package place is one.
type Places interface {
	Current() *place.Index
	Today() civil.Date
}

// national are the units of the list that comes with the program.
type national struct{}

func (national) Current() *place.Index { return place.National() }
func (national) Today() civil.Date     { return civil.DateOf(time.Now()) }

// In returns the form for a house with its own units, which decrees change.
func (f *Form) In(p Places) *Form {
	if p == nil {
		return f
	}
	housed := *f
	housed.places = p
	return &housed
}

// The parts of an address (see AddressKind): codes as of the day in "on", the line
// below them, all of it as one line in "text", and in "old" the words of the unit as
// the person wrote it when that unit is no more.
var addressParts = []string{"province", "commune", "line", "text", "old", "on"}

// mostPicks is how many candidates a page offers.
const mostPicks = 20

// address reads a province, a commune and the line below them. The commune is typed
// by name, or as an address of the old system, with or without its province. What
// leads to several units stays as raw text under its own input until one is picked.
func (p *parser) address(fl *field, from, to string) any {
	province := p.posted.Get(from + ".province")
	commune := fold.Clean(p.posted.Get(from + ".commune"))
	line := fold.Clean(p.posted.Get(from + ".line"))
	a := Answers{}
	if province == otherAddress {
		if line == "" {
			line = commune
		}
		if line != "" {
			a["text"] = line
			return a
		}
		p.raw[to+".province"] = otherAddress
		return nil
	}
	x, today := p.form.places.Current(), p.form.places.Today()
	if u, ok := x.At(province, today); ok && u.Level == place.Province {
		a["province"] = province
	} else if province != "" {
		p.bad = append(p.bad, errs.Bad(to+".province", "form.option", "label", fl.def.Label))
	}
	if commune != "" {
		found := findCommune(x, textOf(a["province"]), commune, today)
		chosen, sure := found.pick(p.posted.Get(from + ".pick"))
		if sure {
			a["commune"], a["province"] = chosen.Now.Code, x.ProvinceOf(chosen.Now, today)
			if line == "" {
				line = found.Line
			}
			if chosen.Written.Key() != chosen.Now.Key() {
				a["old"] = x.Address(chosen.Written, today)
			} else if old := fold.Clean(p.posted.Get(from + ".old")); old != "" && leadsTo(x, old, chosen.Now, today) {
				a["old"] = old
			}
		} else {
			p.raw[to+".commune"] = commune
			p.bad = append(p.bad, found.fault(fl, to))
		}
	}
	if line != "" {
		a["line"] = line
	}
	p.form.completeAddress(a)
	if len(a) == 0 {
		return nil
	}
	return a
}

// leadsTo reports whether the words of an old unit mean a unit of today.
func leadsTo(x *place.Index, old string, now place.Unit, today civil.Date) bool {
	return slices.ContainsFunc(x.Resolve(old, place.Options{Today: today}).Choices, func(c place.Choice) bool { return c.Now.Key() == now.Key() })
}

// communeFound is what the words of a commune lead to.
type communeFound struct {
	place.Answer
	typed    string
	province string // code, "" when none was chosen
}

// findCommune resolves what a person typed for a commune within a province ("" is the
// whole country).
func findCommune(x *place.Index, province, typed string, today civil.Date) communeFound {
	a := x.Resolve(typed, place.Options{Today: today, Within: province})
	a.Choices = slices.DeleteFunc(slices.Clone(a.Choices), func(c place.Choice) bool { return c.Now.Level != place.Commune })
	if a.Status == place.Resolved && len(a.Choices) == 0 { // a province or a district that is one
		a.Status, a.Reason = place.Unknown, place.NoCommune
	}
	return communeFound{a, typed, province}
}

// pick returns the unit that is meant: the only one there is, when it was not guessed
// from a typing mistake, or the candidate that was picked.
func (f communeFound) pick(code string) (place.Choice, bool) {
	if f.Status == place.Resolved && !f.Mended {
		return f.Choices[0], true
	}
	for _, c := range f.Choices {
		if code != "" && c.Now.Code == code {
			return c, true
		}
	}
	return place.Choice{}, false
}

// fault says why the words do not lead to one unit, and what to do.
func (f communeFound) fault(fl *field, name string) errs.Field {
	name += ".commune"
	switch {
	case len(f.Choices) == 0:
		return errs.Bad(name, "form.commune", "label", fl.def.Label, "typed", f.typed)
	case f.Status == place.Unknown || len(f.Choices) == 1:
		return errs.Bad(name, "form.commune-near", "label", fl.def.Label, "typed", f.typed, "near", f.Choices[0].Now.FullName())
	case f.Reason == place.Split:
		return errs.Bad(name, "form.commune-split", "label", fl.def.Label, "typed", f.typed, "names", f.names())
	case f.Reason == place.NoCommune:
		return errs.Bad(name, "form.commune-missing", "label", fl.def.Label, "typed", f.typed)
	}
	return errs.Bad(name, "form.commune-ambiguous", "label", fl.def.Label, "typed", f.typed, "names", f.names())
}

func (f communeFound) names() string {
	names := make([]string, 0, len(f.Choices))
	for _, c := range f.Choices {
		names = append(names, c.Now.FullName())
	}
	return strings.Join(names[:min(len(names), mostPicks)], "; ")
}

// settle brings an address from a stranger to the units of today: codes of the day it
// names in "on", or codes that are no more, become those of the one unit that took
// over. Several are left for Validate to refuse.
func (f *Form) settle(a Answers) {
	x, today := f.places.Current(), f.places.Today()
	day := today
	if on, err := civil.Parse(textOf(a["on"])); err == nil {
		day = on
	}
	code := textOf(a["commune"])
	u, ok := x.At(code, day)
	if !ok {
		if all := x.Versions(code); len(all) > 0 {
			u, ok = all[len(all)-1], true
		}
	}
	if ok && u.Level == place.Commune {
		if heirs := x.Today(u, today); len(heirs) == 1 && heirs[0].Unit.Key() != u.Key() {
			a["commune"], a["province"], a["old"] = heirs[0].Unit.Code, x.ProvinceOf(heirs[0].Unit, today), x.Address(u, today)
		}
	}
	delete(a, "on")
	f.completeAddress(a)
}

// completeAddress writes the whole address as one line into text, from the smallest
// part to the largest, as addresses are read in Viet Nam, and the day of its codes.
func (f *Form) completeAddress(a Answers) {
	province, commune := textOf(a["province"]), textOf(a["commune"])
	if province == "" && commune == "" {
		return
	}
	x, today := f.places.Current(), f.places.Today()
	var parts []string
	for _, part := range []string{textOf(a["line"]), nameOf(x, commune, today), nameOf(x, province, today)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	delete(a, "text")
	if line := strings.Join(parts, ", "); line != "" { // no unit of that code: nothing to say
		a["text"] = line
	}
	if commune != "" {
		a["on"] = today.String()
	}
}

// nameOf is the full name of a unit, "" when none has the code on the day.
func nameOf(x *place.Index, code string, on civil.Date) string {
	u, _ := x.At(code, on)
	return u.FullName()
}

// addressError judges an address against the units that stand on the day of judgement.
func (s *sheet) addressError(fl *field, name string, a Answers) (errs.Field, bool) {
	province, commune := textOf(a["province"]), textOf(a["commune"])
	x, day := s.form.places.Current(), s.day()
	switch {
	case province == "" && commune == "" && textOf(a["line"]) == "":
		return errs.Field{}, false // text alone: abroad, or in the words of an old paper
	case province == "":
		return errs.Bad(name+".province", "form.required-province", "label", fl.def.Label), true
	case nameOf(x, province, day) == "":
		return errs.Bad(name+".province", "form.option", "label", fl.def.Label), true
	case commune == "":
		return errs.Bad(name+".commune", "form.required-commune", "label", fl.def.Label), true
	}
	u, ok := x.At(commune, day)
	if ok && u.Level == place.Commune && x.ProvinceOf(u, day) == province {
		return errs.Field{}, false
	}
	if all := x.Versions(commune); !ok && len(all) > 0 {
		// It was right when it was written; a decree has changed the units since.
		f := communeFound{Answer: x.Resolve(commune, place.Options{Today: day, On: all[len(all)-1].ValidFrom})}
		if len(f.Choices) > 0 {
			return errs.Bad(name+".commune", "form.commune-gone", "label", fl.def.Label, "old", all[len(all)-1].FullName(), "names", f.names()), true
		}
	}
	return errs.Bad(name+".commune", "form.commune", "label", fl.def.Label, "typed", commune), true
}

// day is the day of judgement.
func (s *sheet) day() civil.Date {
	if s.now.IsZero() {
		return s.form.places.Today()
	}
	return s.today
}

// addressWords shows an address in words, with the old unit it was written with.
func addressWords(a Answers, lang string) string {
	text := textOf(a["text"])
	if old := textOf(a["old"]); old != "" && text != "" {
		return text + " (" + ownWords().T(lang, "form.address-was", "old", old) + ")"
	}
	return text
}

// maskedAddress leaves only the province.
func maskedAddress(a Answers) string {
	if text := textOf(a["text"]); textOf(a["province"]) != "" && text != "" {
		return "***, " + text[strings.LastIndex(text, ", ")+len(", ")*min(1, strings.Count(text, ", ")):]
	}
	return "***"
}

// addressModel is what the address control shows.
type addressModel struct {
	field    ui.FieldProps
	province ui.SelectProps
	commune  ui.InputProps
	line     ui.InputProps
	picks    *ui.RadiosProps // the units that the typed commune can mean
	old      [2]string       // hidden input that keeps the old words
	was      string          // sentence about them
	list     string          // id of the datalist of communes, "" when the province is not known yet
	communes []place.Unit
}

func (v *viewer) address(ctx context.Context, fl *field, p ui.FieldProps, value any) addressModel {
	x, today := v.form.places.Current(), v.form.places.Today()
	a, _ := value.(Answers)
	province, line := textOf(a["province"]), textOf(a["line"])
	commune := nameOf(x, textOf(a["commune"]), today)
	typed, raw := v.raw[p.Name+".commune"]
	if raw {
		commune = typed
	} else if commune == "" && textOf(a["commune"]) != "" { // no more since it was written
		if all := x.Versions(textOf(a["commune"])); len(all) > 0 {
			commune, typed, raw = all[len(all)-1].FullName(), x.Address(all[len(all)-1], today), true
		}
	}
	if other := textOf(a["text"]); province == "" && commune == "" && line == "" && other != "" || v.raw[p.Name+".province"] == otherAddress {
		province, line = otherAddress, other
	}
	m := addressModel{field: p}
	m.field.Attrs = map[string]any{"id": ui.FieldID(p.Name)}
	part := func(name, key string, required bool) ui.FieldProps {
		return ui.FieldProps{Name: p.Name + "." + name, Label: i18n.T(ctx, key), Error: v.errorAt(ctx, p.Name+"."+name), Required: required, NoMark: true}
	}
	m.province = ui.SelectProps{FieldProps: part("province", "form.province", p.Required), Value: province, Control: v.refreshing(fl, p.Name)}
	for _, u := range x.Provinces(today) {
		m.province.Options = append(m.province.Options, ui.Option{Value: u.Code, Text: u.Text().In(ctx)})
	}
	m.province.Options = append(m.province.Options, ui.Option{Value: otherAddress, Text: i18n.T(ctx, "form.address-other")})
	m.field.Help = strings.TrimSpace(p.Help + " " + i18n.T(ctx, "form.commune-help"))
	m.line = ui.InputProps{FieldProps: part("line", "form.line", false), Value: line, Autocomplete: "off", MaxLength: 255}
	m.commune = ui.InputProps{FieldProps: part("commune", "form.commune", p.Required), Value: commune, Autocomplete: "off"}
	m.commune.Control = map[string]any{"data-units": ui.FieldID(p.Name + ".province")}
	if raw && province != otherAddress {
		m.picks = v.picks(ctx, x, part("pick", "form.commune-pick", false), findCommune(x, province, typed, today))
	}
	if old := textOf(a["old"]); old != "" && !raw {
		m.old, m.was = [2]string{p.Name + ".old", old}, i18n.T(ctx, "form.address-was", "old", old)
	}
	if u, ok := x.At(province, today); ok && u.Level == place.Province {
		m.list = "communes-" + province
		m.commune.Control["list"] = m.list
		if !v.lists[province] {
			if v.lists == nil {
				v.lists = map[string]bool{}
			}
			v.lists[province] = true
			m.communes = x.Children(province, today)
		}
	}
	return m
}

// picks offers the units that the words of a commune can mean.
func (v *viewer) picks(ctx context.Context, x *place.Index, p ui.FieldProps, found communeFound) *ui.RadiosProps {
	if len(found.Choices) == 0 {
		return nil
	}
	out := &ui.RadiosProps{FieldProps: p}
	today := v.form.places.Today()
	for _, c := range found.Choices[:min(len(found.Choices), mostPicks)] {
		o := ui.Option{Value: c.Now.Code, Text: x.Address(c.Now, today)}
		switch {
		case c.Written.Key() == c.Now.Key() || c.Written.Level != place.Commune:
		case c.Share == place.Full:
			o.Help = i18n.T(ctx, "form.pick-whole", "old", x.Address(c.Written, today))
		case c.Residents:
			o.Help = i18n.T(ctx, "form.pick-residents", "old", c.Written.FullName())
		default:
			o.Help = i18n.T(ctx, "form.pick-part", "old", c.Written.FullName())
		}
		out.Options = append(out.Options, o)
	}
	return out
}
