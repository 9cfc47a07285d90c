package ui

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"motcua/internal/platform/i18n"
)

// ScanTargets names the fields that the QR code of a citizen card fills; an empty name fills nothing.
type ScanTargets struct {
	CitizenNo, OldNo, Name, Birth, Gender, Address, Issued string
	Male, Female                                           string // values of the gender field; "" is "male"/"female"
}

func (t ScanTargets) attrs() templ.Attributes {
	a := templ.Attributes{"data-male": valueOr(t.Male, "male"), "data-female": valueOr(t.Female, "female")}
	for key, name := range map[string]string{
		"citizen-no": t.CitizenNo, "old-no": t.OldNo, "name": t.Name, "birth": t.Birth,
		"gender": t.Gender, "address": t.Address, "issued": t.Issued,
	} {
		if name != "" {
			a["data-to-"+key] = name
		}
	}
	return a
}

func buttonClass(t Tone, small, wide bool) string {
	class := "btn btn-"
	switch t {
	case Primary, Danger, Quiet:
		class += string(t)
	default:
		class += string(Secondary)
	}
	if small {
		class += " btn-small"
	}
	if wide {
		class += " btn-wide"
	}
	return class
}

func whyID(p ButtonProps) string { return FieldID(p.Name+"-"+p.Value) + "-why" }

// showKeys writes keys the way they are printed on a keyboard.
func showKeys(keys string) string {
	r := strings.NewReplacer("alt+", "Alt ", "ctrl+", "Ctrl ", "shift+", "Shift ", "enter", "Enter", "escape", "Esc")
	return r.Replace(keys)
}

func fieldClass(p FieldProps) string {
	class := "field"
	if p.Error != "" {
		class += " field-bad"
	}
	if p.Width == Half {
		class += " field-half"
	}
	return class
}

// controlAttrs is what every control carries: its id, and what help and error say about it.
func controlAttrs(p FieldProps) templ.Attributes {
	a := templ.Attributes{"id": FieldID(p.Name)}
	if ids := DescribedBy(p); ids != "" {
		a["aria-describedby"] = ids
	}
	if p.Error != "" {
		a["aria-invalid"] = "true"
	}
	if p.Required {
		a["aria-required"] = "true"
	}
	return a
}

func inputAttrs(p InputProps) templ.Attributes {
	a := templ.Attributes{"type": valueOr(p.Type, "text")}
	set := func(name, value string) {
		if value != "" {
			a[name] = value
		}
	}
	set("inputmode", p.InputMode)
	set("autocomplete", p.Autocomplete)
	set("placeholder", p.Placeholder)
	if p.MaxLength > 0 {
		// maxlength counts UTF-16 units and would cut a pasted name silently: the
		// box is only given some air, the server counts characters.
		a["maxlength"] = strconv.Itoa(p.MaxLength * 2)
	}
	if !p.Spellcheck {
		a["spellcheck"] = "false"
	}
	if p.Readonly {
		a["readonly"] = true
	}
	if p.Focus {
		a["autofocus"] = true
	}
	if p.Scan {
		a["data-scan"] = true
	}
	return a
}

func dateField(ctx context.Context, p DateProps) FieldProps {
	f := p.FieldProps
	if f.Help == "" {
		f.Help = i18n.T(ctx, "ui.date-help")
		if p.Partial {
			f.Help = i18n.T(ctx, "ui.date-help-partial")
		}
	}
	return f
}

// fileField says what kinds and sizes are taken, so that nobody learns it from an error.
func fileField(ctx context.Context, p FileProps) FieldProps {
	f := p.FieldProps
	var parts []string
	if f.Help != "" {
		parts = append(parts, f.Help)
	}
	if len(p.Accept) > 0 {
		kinds := make([]string, len(p.Accept))
		for i, a := range p.Accept {
			kinds[i] = strings.ToUpper(a)
		}
		parts = append(parts, i18n.T(ctx, "ui.file-kinds", "kinds", strings.Join(kinds, ", ")))
	}
	if p.MaxBytes > 0 {
		parts = append(parts, i18n.T(ctx, "ui.file-max", "max", i18n.Bytes(ctx, p.MaxBytes)))
	}
	f.Help = strings.Join(parts, " ")
	return f
}

func acceptOf(kinds []string) string {
	var out []string
	for _, k := range kinds {
		out = append(out, "."+k)
		if k == "jpeg" {
			out = append(out, ".jpg")
		}
	}
	return strings.Join(out, ",")
}

func rowsOf(n int) int {
	if n <= 0 {
		return 5
	}
	return n
}

type optionGroup struct {
	name    string
	options []Option
}

// optionGroups cuts the list where the heading changes; order is kept.
func optionGroups(list []Option) []optionGroup {
	var out []optionGroup
	for _, o := range list {
		if len(out) == 0 || out[len(out)-1].name != o.Group {
			out = append(out, optionGroup{name: o.Group})
		}
		last := &out[len(out)-1]
		last.options = append(last.options, o)
	}
	return out
}

// optionID: the first choice has the id of the field, so that the error summary leads to it.
func optionID(name string, i int) string {
	if i == 0 {
		return FieldID(name)
	}
	return FieldID(name) + "-" + strconv.Itoa(i)
}

func choiceDescribedBy(p FieldProps, o Option, i int) string {
	var ids []string
	if o.Help != "" {
		ids = append(ids, optionID(p.Name, i)+"-help")
	}
	if p.Error != "" {
		ids = append(ids, FieldID(p.Name)+"-error")
	}
	return strings.Join(ids, " ")
}

func contains(list []string, v string) bool { return slices.Contains(list, v) }

func valueOr(v, fallback string) string {
	if v == "" {
		return fallback
	}
	return v
}

func sorted(m map[string]string) [][2]string {
	out := make([][2]string, 0, len(m))
	for k, v := range m {
		out = append(out, [2]string{k, v})
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

func searchID(p SearchProps) string {
	if p.Big {
		return "tim-lon"
	}
	return "tim-" + valueOr(p.Name, "q")
}

func searchTone(p SearchProps) Tone {
	if p.Big {
		return Primary
	}
	return Secondary
}

// suggest makes the box ask for completions a quarter second after the last letter.
func suggest(p SearchProps) templ.Attributes {
	if p.Suggest == "" {
		return nil
	}
	return templ.Attributes{
		"hx-get": p.Suggest, "hx-trigger": "input changed delay:250ms", "hx-target": "#" + searchID(p) + "-goi-y", "hx-sync": "this:replace",
	}
}
