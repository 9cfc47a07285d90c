package form

import (
	"context"
	"embed"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/money"
)

//go:embed locale/*.json
var localeFiles embed.FS

// Locales returns the words of this room, for the bundle.
func Locales() fs.FS { return localeFiles }

// ownWords is the room's own bundle: answers are also shown where there is no
// request and no context, on printed papers.
var ownWords = sync.OnceValue(func() *i18n.Bundle {
	b, err := i18n.New(localeFiles)
	if err != nil {
		panic(err) // embedded at build time, checked by a test
	}
	return b
})

// Section is one step of a filled form as people read it.
type Section struct {
	Step  string
	Title string
	Items []Item
}

// Item is one question and its answer in words.
type Item struct {
	Name   string // input name
	Kind   Kind
	Label  string
	Value  string // "" when not answered
	Masked bool
	Files  []File   // kind file
	Rows   [][]Item // kind group, in order
	Titles []string // kind group: "Người con 1"
}

// Display shows the answers that were asked, in words: dates 05/02/2026, amounts
// 8.000 đồng, labels instead of codes. With mask, personal data is shown as far as
// somebody needs it to recognise a case, not a person.
func (f *Form) Display(a Answers, env Env, lang string, mask bool) []Section {
	s := f.judge(a, env)
	d := displayer{lang: lang, mask: mask}
	var out []Section
	for _, st := range f.steps {
		if s.hidden["step:"+st.def.ID] {
			continue
		}
		section := Section{Step: st.def.ID, Title: st.def.Title.Lang(lang)}
		for _, fl := range st.fields {
			id := fl.def.ID
			if s.hidden[id] || fl.kind() == Information {
				continue
			}
			item := d.item(fl, id, s.values[id])
			if fl.kind() == Group {
				d.rows(&item, fl, s)
			}
			section.Items = append(section.Items, item)
		}
		if len(section.Items) > 0 {
			out = append(out, section)
		}
	}
	return out
}

type displayer struct {
	lang string
	mask bool
}

func (d displayer) rows(item *Item, fl *field, s *sheet) {
	item.Value = ""
	n := 0
	for i, view := range s.rows[fl.def.ID] {
		if !view.keep || len(view.values) == 0 {
			continue
		}
		n++
		var row []Item
		for _, r := range fl.rows {
			name := fl.def.ID + "." + strconv.Itoa(i) + "." + r.def.ID
			if !s.hidden[name] && r.kind() != Information {
				row = append(row, d.item(r, name, view.values[r.def.ID]))
			}
		}
		item.Rows = append(item.Rows, row)
		item.Titles = append(item.Titles, rowTitle(fl, n, d.lang))
	}
}

// rowTitle names the n-th row, from 1.
func rowTitle(fl *field, n int, lang string) string {
	name := fl.def.ItemName
	if name.IsZero() {
		name = fl.def.Label
	}
	return ownWords().T(lang, "form.row-title", "name", name, "number", strconv.Itoa(n))
}

func (d displayer) item(fl *field, name string, v any) Item {
	item := Item{Name: name, Kind: fl.kind(), Label: fl.def.Label.Lang(d.lang)}
	if blank(v) {
		return item
	}
	item.Value = fl.words(v, d.lang)
	if files, ok := v.([]File); ok {
		item.Files = files
	}
	if d.mask && fl.personal() {
		item.Value, item.Masked, item.Files = fl.masked(v), true, nil
	}
	return item
}

// words shows a value of the right shape in words.
func (fl *field) words(v any, lang string) string {
	ctx := i18n.WithLang(context.Background(), lang)
	switch x := v.(type) {
	case bool:
		switch {
		case fl.kind() == Declaration && x:
			return ownWords().T(lang, "form.declared")
		case x:
			return ownWords().T(lang, "form.yes")
		default:
			return ownWords().T(lang, "form.no")
		}
	case int64:
		if fl.kind() == Money {
			return money.VND(x).Format(lang)
		}
		return withUnit(i18n.Number(ctx, x), fl.def.Unit, lang)
	case float64:
		digits := fl.def.Decimals
		if digits == 0 && fl.kind() == Computed {
			digits = computedDigits
		}
		return withUnit(i18n.Decimal(ctx, x, trailing(x, digits)), fl.def.Unit, lang)
	case []string:
		labels := make([]string, len(x))
		for i, value := range x {
			labels[i] = fl.label(value, lang)
		}
		return strings.Join(labels, "; ")
	case Answers:
		return addressWords(x, lang)
	case []File:
		names := make([]string, len(x))
		for i, file := range x {
			names[i] = file.Name
		}
		return strings.Join(names, "; ")
	case string:
		switch fl.kind() {
		case Choice:
			return fl.label(x, lang)
		case Date, PartialDate:
			if p, err := civil.ParsePartial(x); err == nil {
				return p.Screen(lang)
			}
		}
		return x
	default:
		return ""
	}
}

// computedDigits is how exactly a computed number is shown when its form does not
// say: a third of a plot is 33,33 %, whatever the machine holds.
const computedDigits = 2

// trailing keeps no zeros behind the comma: 12,50 m² is 12,5 m².
func trailing(x float64, digits int) int {
	for digits > 0 {
		s := strconv.FormatFloat(x, 'f', digits, 64)
		if s[len(s)-1] != '0' {
			break
		}
		digits--
	}
	return digits
}

func withUnit(number string, unit i18n.Text, lang string) string {
	if unit.IsZero() {
		return number
	}
	return number + " " + unit.Lang(lang)
}

func (fl *field) label(value, lang string) string {
	if o, ok := fl.byValue[value]; ok {
		return o.Label.Lang(lang)
	}
	return value
}

// masked shows as much of a personal value as is needed to recognise the case.
func (fl *field) masked(v any) string {
	s, _ := v.(string)
	switch fl.kind() {
	case CitizenNumber:
		return ident.CitizenNumber(s).Masked()
	case TaxCode:
		return ident.TaxCode(s).Masked()
	case Phone:
		return ident.Phone(s).Masked()
	case Email:
		return ident.Email(s).Masked()
	case Date, PartialDate:
		year, _, _ := strings.Cut(s, "-")
		return "**/**/" + year
	case AddressKind:
		a, _ := v.(Answers)
		return maskedAddress(a)
	case Text:
		return maskName(s)
	default:
		return "***"
	}
}

// maskName keeps the first letter of each word: "N*** V*** A***".
func maskName(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		_, n := utf8.DecodeRuneInString(w)
		words[i] = w[:n] + "***"
	}
	return strings.Join(words, " ")
}

// DossierTitle is the trích yếu of the dossier: the form's template with the answers
// in words, in Vietnamese; the form's title when it has no template.
func (f *Form) DossierTitle(a Answers, env Env) string {
	if f.def.TitleTemplate == "" {
		return f.def.Title.VI
	}
	s := f.judge(a, env)
	out := placeholderForm.ReplaceAllStringFunc(f.def.TitleTemplate, func(m string) string {
		fl := f.fields[m[1:len(m)-1]]
		if v := s.values[fl.def.ID]; !blank(v) {
			return fl.words(v, i18n.VI)
		}
		return "…"
	})
	return strings.Join(strings.Fields(out), " ")
}

// Minutes estimates how long filling the form takes a practised adult, from the
// definition or, when it does not say, from what it asks.
func (f *Form) Minutes() int {
	if f.def.Minutes > 0 {
		return f.def.Minutes
	}
	seconds := 30 // reading the first page
	for _, s := range f.steps {
		for _, fl := range s.fields {
			seconds += effort(fl)
		}
	}
	return max(1, (seconds+59)/60)
}

// effort is the seconds one field takes; what is known already costs a glance, and
// what is only asked of some costs half.
func effort(fl *field) int {
	seconds := map[Kind]int{
		Text: 15, LongText: 60, Number: 10, Money: 12, Date: 10, PartialDate: 10, Choice: 8, MultiChoice: 12, YesNo: 6, AddressKind: 30,
		CitizenNumber: 20, TaxCode: 15, Phone: 12, Email: 15, FileKind: 60, Declaration: 10, Information: 8,
	}[fl.kind()]
	for _, r := range fl.rows {
		seconds += effort(r) * max(1, fl.def.MinItems)
	}
	if fl.def.Prefill != "" {
		seconds = 3
	}
	if fl.def.Show != "" || fl.step.def.Show != "" && fl.group == nil {
		seconds /= 2
	}
	return seconds
}
