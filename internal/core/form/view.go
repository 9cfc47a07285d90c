package form

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/money"
	"motcua/internal/platform/ui"
)

// StepElement is the id of the element that View draws for a step. When an answer
// decides what else is asked, htmx posts the form to the page's own address with a row
// button, and takes this element out of the page it is sent back to. A page may hold
// several steps.
func StepElement(stepID string) string { return "form-step-" + stepID }

// View draws the fields of one step with everything that was typed and the errors at
// their fields. The page puts a ui.Form around it (Multipart when NeedsMultipart,
// PageProps.Live for htmx), the error summary above and its own buttons below.
func (f *Form) View(stepID string, a Answers, errors []errs.Field, env Env) templ.Component {
	st := f.step(stepID)
	if st == nil {
		return templ.NopComponent
	}
	return stepView(&viewer{sheet: f.judge(a, env), env: env, step: st, stored: a, bad: errors})
}

// NeedsMultipart reports whether the step takes files.
func (f *Form) NeedsMultipart(stepID string) bool {
	st := f.step(stepID)
	if st == nil {
		return false
	}
	for _, fl := range st.fields {
		if fl.kind() == FileKind || slices.ContainsFunc(fl.rows, func(r *field) bool { return r.kind() == FileKind }) {
			return true
		}
	}
	return false
}

// Labels gives the label of every input by its name, for error summaries.
func (f *Form) Labels(lang string) map[string]string {
	out := make(map[string]string, len(f.fields))
	for id, fl := range f.fields {
		out[id] = fl.def.Label.Lang(lang)
	}
	return out
}

// viewer draws one step.
type viewer struct {
	*sheet
	env    Env
	step   *step
	stored Answers
	bad    []errs.Field
	lists  map[string]bool // communes lists already on the page, by province
}

// block is one or several fields that stand side by side.
type block struct {
	parts []templ.Component
	row   bool
}

// blocks lays out fields: consecutive half (two) and third (three) fields share a row.
func (v *viewer) blocks(ctx context.Context, fields []*field, prefix string, a Answers, values Answers, row *rowView) []block {
	var out []block
	room := 0
	for _, fl := range fields {
		name := prefix + fl.def.ID
		if v.hidden[name] {
			// What was answered before the question disappeared comes back with it.
			if c := v.carried(fl, name, a[fl.def.ID]); c != nil {
				out = append(out, block{parts: []templ.Component{c}})
			}
			continue
		}
		c := v.field(ctx, fl, name, a, values, row)
		share := map[string]int{"half": 3, "third": 2}[fl.def.Width] // of six
		switch {
		case share == 0:
			room = 0
			out = append(out, block{parts: []templ.Component{c}})
		case room >= share:
			room -= share
			last := &out[len(out)-1]
			last.parts, last.row = append(last.parts, c), true
		default:
			room = 6 - share
			out = append(out, block{parts: []templ.Component{c}})
		}
	}
	return out
}

// common fills what every kind of field has.
func (v *viewer) common(ctx context.Context, fl *field, name string, row *rowView) ui.FieldProps {
	scope := v.scope
	if row != nil {
		scope = row.scope
	}
	help := fl.def.Help.In(ctx)
	if !fl.def.Example.IsZero() {
		help = strings.TrimSpace(help + " " + i18n.T(ctx, "form.example", "example", fl.def.Example))
	}
	return ui.FieldProps{
		Name: name, Label: fl.def.Label.In(ctx), Help: help, Error: v.errorAt(ctx, name),
		Required: v.required(fl, scope),
	}
}

func (v *viewer) errorAt(ctx context.Context, name string) string {
	return ui.ErrorsOf(ctx, v.bad, nil).For(name)
}

// refreshing makes a control ask the server what the page asks next.
func (v *viewer) refreshing(fl *field, name string) templ.Attributes {
	if !fl.refresh {
		return nil
	}
	return templ.Attributes{
		"hx-post": "", "hx-trigger": "change, again", "hx-include": "closest form", "hx-vals": `{"` + rowButton + `":"refresh:` + name + `"}`,
		"hx-target": "#" + StepElement(v.step.def.ID), "hx-select": "#" + StepElement(v.step.def.ID), "hx-swap": "outerHTML",
		// Two answers given quickly: refresh.js asks again when the first has come back, whose
		// page does not know the second. It is not broken off: the server may have saved it.
		"hx-sync": "closest .form-step:drop",
	}
}

// rowID names a row button, so that the focus on it outlives a redrawing of the step.
func rowID(action string) templ.Attributes { return templ.Attributes{"id": "row-" + action} }

// typed is the text of an input: what was typed when it could not be read, else the
// value in the form people type it.
func (v *viewer) typed(fl *field, name string, value any) string {
	if raw, ok := v.raw[name]; ok {
		return raw
	}
	switch x := value.(type) {
	case string:
		if fl.kind() == Date || fl.kind() == PartialDate {
			if p, err := civil.ParsePartial(x); err == nil {
				return p.Screen(i18n.VI)
			}
		}
		return x
	case float64:
		return strings.Replace(strconv.FormatFloat(x, 'f', -1, 64), ".", ",", 1)
	case int64:
		return money.VND(x).Digits()
	default:
		return ""
	}
}

func (v *viewer) field(ctx context.Context, fl *field, name string, a, values Answers, row *rowView) templ.Component {
	stored := a[fl.def.ID]
	value, _ := coerceAny(fl, stored)
	p := v.common(ctx, fl, name, row)
	control := v.refreshing(fl, name)
	switch fl.kind() {
	case Group:
		return groupView(v, ctx, fl, p)
	case Information:
		return ui.Notice(ui.NoticeProps{Tone: noticeTone(fl.def.Tone), Title: p.Label, Text: fl.def.Text.In(ctx)})
	case Computed:
		text := ""
		if x := values[fl.def.ID]; !blank(x) {
			text = fl.words(x, i18n.Lang(ctx))
		}
		return computedView(p, text)
	case AddressKind:
		return addressView(v.address(ctx, fl, p, value))
	case FileKind:
		return ui.FileInput(v.files(fl, p, value))
	case LongText:
		return ui.Textarea(ui.TextareaProps{FieldProps: p, Value: v.typed(fl, name, value), MaxLength: fl.maxLength(), Control: control})
	case Date, PartialDate:
		if v.isKnown(fl, value) {
			p.Help = strings.TrimSpace(p.Help + " " + i18n.T(ctx, "form.known-help"))
		}
		return withRefresh(fl, name, ui.DateInput(ui.DateProps{FieldProps: p, Value: v.typed(fl, name, value), Partial: fl.kind() == PartialDate, Control: control}))
	case YesNo:
		chosen := ""
		if b, ok := value.(bool); ok {
			chosen = strconv.FormatBool(b)
		}
		return withRefresh(fl, name, ui.Radios(ui.RadiosProps{FieldProps: p, Value: chosen, Inline: true, Control: control, Options: []ui.Option{
			{Value: "true", Text: i18n.T(ctx, "form.yes")}, {Value: "false", Text: i18n.T(ctx, "form.no")},
		}}))
	case Declaration:
		if !fl.def.Text.IsZero() {
			p.Label = fl.def.Text.In(ctx)
		}
		return withRefresh(fl, name, ui.Checkbox(ui.CheckboxProps{FieldProps: p, Checked: value == true, Control: control}))
	case MultiChoice:
		picked, _ := value.([]string)
		return withRefresh(fl, name, ui.Checkboxes(ui.CheckboxesProps{FieldProps: p, Values: picked, Options: uiOptions(ctx, fl), Control: control}))
	case Choice:
		return withRefresh(fl, name, v.choice(ctx, fl, p, value, control))
	default:
		return withRefresh(fl, name, ui.Input(v.input(ctx, fl, p, value, control)))
	}
}

func coerceAny(fl *field, v any) (any, bool) {
	if blank(v) {
		return nil, false
	}
	return coerce(fl, v)
}

// fewOptions is how many choices are shown open instead of in a list.
const fewOptions = 7

func (v *viewer) choice(ctx context.Context, fl *field, p ui.FieldProps, value any, control templ.Attributes) templ.Component {
	chosen, _ := value.(string)
	if len(fl.options) <= fewOptions {
		return ui.Radios(ui.RadiosProps{FieldProps: p, Value: chosen, Options: uiOptions(ctx, fl), Inline: len(fl.options) <= 3 && shortOptions(ctx, fl), Control: control})
	}
	return ui.Select(ui.SelectProps{FieldProps: p, Value: chosen, Options: uiOptions(ctx, fl), Control: control})
}

func uiOptions(ctx context.Context, fl *field) []ui.Option {
	out := make([]ui.Option, len(fl.options))
	for i, o := range fl.options {
		out[i] = ui.Option{Value: o.Value, Text: o.Label.In(ctx), Help: o.Help.In(ctx)}
	}
	return out
}

// shortOptions: a few short words stand side by side.
func shortOptions(ctx context.Context, fl *field) bool {
	total := 0
	for _, o := range fl.options {
		if !o.Help.IsZero() {
			return false
		}
		total += len([]rune(o.Label.In(ctx)))
	}
	return total <= 30
}

func (v *viewer) input(ctx context.Context, fl *field, p ui.FieldProps, value any, control templ.Attributes) ui.InputProps {
	in := ui.InputProps{FieldProps: p, Value: v.typed(fl, p.Name, value), Control: control, Autocomplete: "off"}
	self := strings.HasPrefix(fl.def.Prefill, "submitter.") // the browser may offer what it knows of the person at the keyboard
	auto := func(name string) {
		if self {
			in.Autocomplete = name
		}
	}
	switch fl.kind() {
	case Number:
		in.InputMode, in.Width, in.Suffix = "decimal", ui.W10, fl.def.Unit.In(ctx)
		if fl.def.Decimals == 0 {
			in.InputMode = "numeric"
		}
	case Money:
		in.InputMode, in.Width, in.Suffix = "numeric", ui.W20, i18n.T(ctx, "form.dong")
	case CitizenNumber:
		in.InputMode, in.Width = "numeric", ui.W20
	case TaxCode:
		in.InputMode, in.Width = "numeric", ui.W20
	case Phone:
		in.Type, in.InputMode, in.Width = "tel", "tel", ui.W20
		auto("tel")
	case Email:
		in.Type, in.InputMode = "email", "email"
		auto("email")
	default:
		in.MaxLength = fl.maxLength()
		if strings.HasSuffix(fl.def.Prefill, ".name") {
			auto("name")
		}
	}
	if v.isKnown(fl, value) {
		in.Source = i18n.T(ctx, "form.known")
	}
	return in
}

// isKnown reports whether the answer is what the state already had (once-only).
func (v *viewer) isKnown(fl *field, value any) bool {
	known, ok := v.form.known(fl, v.env)
	text, isText := known.(string)
	return ok && isText && value == text
}

func (v *viewer) files(fl *field, p ui.FieldProps, value any) ui.FileProps {
	out := ui.FileProps{FieldProps: p, Accept: fl.accept(), MaxBytes: fl.maxBytes(), Multiple: fl.maxItems() > 1, Upload: "/tep"}
	files, _ := value.([]File)
	for _, file := range files {
		out.Files = append(out.Files, ui.UploadedFile{ID: file.ID, Name: file.Name, Size: file.Size})
	}
	return out
}

func noticeTone(tone string) ui.Tone {
	switch tone {
	case "warning":
		return ui.Warn
	case "success":
		return ui.OK
	default:
		return ui.Info
	}
}

// carried returns hidden inputs that post the answer of a question that is not shown
// at the moment, so that changing one's mind twice loses nothing.
func (v *viewer) carried(fl *field, name string, stored any) templ.Component {
	var inputs [][2]string
	add := func(name, value string) {
		if value != "" {
			inputs = append(inputs, [2]string{name, value})
		}
	}
	if raw, ok := v.raw[name]; ok {
		add(name, raw)
	} else {
		value, _ := coerceAny(fl, stored)
		v.carry(fl, name, value, add)
	}
	add(name+".commune", v.raw[name+".commune"])
	if len(inputs) == 0 {
		return nil
	}
	return hiddenInputs(inputs)
}

func (v *viewer) carry(fl *field, name string, value any, add func(name, value string)) {
	switch x := value.(type) {
	case bool:
		add(name, strconv.FormatBool(x))
	case []string:
		for _, s := range x {
			add(name, s)
		}
	case Answers:
		if province := textOf(x["province"]); province != "" {
			add(name+".province", province)
			add(name+".commune", textOf(x["commune"]))
			add(name+".line", textOf(x["line"]))
			add(name+".old", textOf(x["old"]))
		} else if text := textOf(x["text"]); text != "" {
			add(name+".province", otherAddress)
			add(name+".line", text)
		}
	case []File:
		for _, file := range x {
			add(name+"_id", file.ID)
		}
	case []Answers:
		for i, row := range x {
			for _, r := range fl.rows {
				if value, ok := coerceAny(r, row[r.def.ID]); ok {
					v.carry(r, name+"."+strconv.Itoa(i)+"."+r.def.ID, value, add)
				}
			}
		}
	default:
		add(name, v.typed(fl, name, value))
	}
}

// groupModel is what the group control shows.
type groupModel struct {
	field   ui.FieldProps
	rows    []groupRow
	add     string // words of the add button, "" when there is no room
	note    string
	addName string
}

type groupRow struct {
	title  string
	blocks []block
	remove string // value of the remove button, "" when the row must stay
	id     string
}

func (v *viewer) group(ctx context.Context, fl *field, p ui.FieldProps) groupModel {
	id := fl.def.ID
	m := groupModel{field: p, addName: "add:" + id}
	m.field.Attrs = templ.Attributes{"id": ui.FieldID(id), "tabindex": "-1"}
	stored, _ := rowsOf(v.stored[id])
	for i := range v.rows[id] {
		view := &v.rows[id][i]
		row := newRow(fl)
		if i < len(stored) {
			row = stored[i]
		}
		prefix := id + "." + strconv.Itoa(i) + "."
		r := groupRow{title: rowTitle(fl, i+1, i18n.Lang(ctx)), id: ui.FieldID(id + "." + strconv.Itoa(i))}
		r.blocks = v.blocks(ctx, fl.rows, prefix, row, view.values, view)
		if len(v.rows[id]) > fl.def.MinItems {
			r.remove = "remove:" + id + ":" + strconv.Itoa(i)
		}
		m.rows = append(m.rows, r)
	}
	if len(v.rows[id]) < fl.maxItems() {
		name := fl.def.ItemName
		if name.IsZero() {
			name = fl.def.Label
		}
		m.add = i18n.T(ctx, "form.row-add", "name", name)
	} else {
		m.note = i18n.T(ctx, "form.row-count", "max", fl.maxItems())
	}
	return m
}

// SummaryOptions say how a filled form is shown.
type SummaryOptions struct {
	Env     Env
	Mask    bool                       // personal data only as far as needed to recognise the case
	EditURL func(stepID string) string // nil: no links to change an answer
	FileURL func(file File) string     // nil: files are named, not linked
}

// Summary shows a filled form for reading: the review page before submission and
// the officer's view.
func (f *Form) Summary(a Answers, o SummaryOptions) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w writer) error {
		return summaryView(f.Display(a, o.Env, i18n.Lang(ctx), o.Mask), o).Render(ctx, w)
	})
}
