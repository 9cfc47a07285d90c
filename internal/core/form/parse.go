package form

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/money"
	"motcua/internal/platform/ui"
)

// rowButton is the name of the buttons that change the page instead of sending it:
// "add:children", "remove:children:2", "refresh:married".
const rowButton = "_row"

// otherAddress is the choice of the province list for an address abroad or one in
// the words of an old paper.
const otherAddress = "-"

// Parse reads what a page posted for one step (every step for ""). It never loses
// what was typed: what cannot be read is in Answers[RawKey] as well as in the
// errors. The result has an entry for every field of the step, nil when it was left
// empty; rules are for Validate.
//
// A field named x is posted as x; a group as children.0.name; an address as
// home.province, home.commune and home.line; files as ids in papers_id (the file
// component of package ui), papers_remove taking one back. A pressed row button
// (see RowAction) is carried out.
func (f *Form) Parse(stepID string, posted url.Values) (Answers, []errs.Field) {
	p := parser{form: f, posted: posted, raw: map[string]string{}}
	out := Answers{}
	for _, s := range f.stepsOf(stepID) {
		for _, fl := range s.fields {
			if !fl.input() {
				continue
			}
			if fl.kind() == Group {
				out[fl.def.ID] = p.group(fl)
			} else {
				out[fl.def.ID] = p.value(fl, fl.def.ID)
			}
		}
	}
	if len(p.raw) > 0 {
		out[RawKey] = p.raw
	}
	return out, p.bad
}

// RowAction reports whether a button was pressed that changes the page instead of
// sending it (add or remove a row, ask again after an answer that decides what else
// is asked, remove a file). The page then saves the draft and answers 303 to itself
// at the anchor, without showing errors.
func (f *Form) RowAction(posted url.Values) (anchor string, pressed bool) {
	if action := posted.Get(rowButton); action != "" {
		parts := strings.Split(action, ":")
		if len(parts) < 2 {
			return "", true
		}
		return ui.FieldID(parts[1]), true
	}
	for name, values := range posted {
		if id, ok := strings.CutSuffix(name, "_remove"); ok && len(values) > 0 && values[0] != "" {
			return ui.FieldID(id), true
		}
	}
	return "", false
}

// Merge returns the new state of a draft: the answers of the step (every step for
// "") come from posted, all others from stored. What the server knows about files
// (name, size, type) is kept.
func (f *Form) Merge(stored Answers, stepID string, posted Answers) Answers {
	out, raw := Answers{}, map[string]string{}
	for k, v := range stored {
		out[k] = v
	}
	mine := map[string]bool{}
	for _, s := range f.stepsOf(stepID) {
		for _, fl := range s.fields {
			mine[fl.def.ID] = true
			if !fl.input() {
				continue
			}
			before := out[fl.def.ID]
			delete(out, fl.def.ID)
			if v := posted[fl.def.ID]; !blank(v) {
				out[fl.def.ID] = keepFiles(v, before)
			}
		}
	}
	for name, typed := range rawOf(stored) {
		if head, _, _ := strings.Cut(name, "."); !mine[head] {
			raw[name] = typed
		}
	}
	for name, typed := range rawOf(posted) {
		raw[name] = typed
	}
	delete(out, RawKey)
	if len(raw) > 0 {
		out[RawKey] = raw
	}
	return out
}

// keepFiles gives posted file ids the details the draft already has.
func keepFiles(v, before any) any {
	switch now := v.(type) {
	case []File:
		old, _ := before.([]File)
		out := slices.Clone(now)
		for i, file := range out {
			for _, o := range old {
				if o.ID == file.ID && file.Name == "" {
					out[i] = o
				}
			}
		}
		return out
	case []Answers:
		old, _ := before.([]Answers)
		var all []File
		for _, row := range old {
			for _, x := range row {
				if files, ok := x.([]File); ok {
					all = append(all, files...)
				}
			}
		}
		for _, row := range now {
			for id, x := range row {
				if _, ok := x.([]File); ok {
					row[id] = keepFiles(x, all)
				}
			}
		}
	}
	return v
}

// FillFiles completes the details of files that were posted as ids only. lookup
// returns false for a file that does not exist or is not the person's: it is dropped.
func (f *Form) FillFiles(a Answers, lookup func(id string) (File, bool)) {
	fill := func(m Answers) {
		for id, v := range m {
			files, ok := v.([]File)
			if !ok {
				continue
			}
			var out []File
			for _, file := range files {
				if found, ok := lookup(file.ID); ok {
					out = append(out, found)
				}
			}
			if m[id] = out; len(out) == 0 {
				m[id] = nil
			}
		}
	}
	fill(a)
	for _, v := range a {
		if rows, ok := v.([]Answers); ok {
			for _, row := range rows {
				fill(row)
			}
		}
	}
}

type parser struct {
	form   *Form
	posted url.Values
	raw    map[string]string
	bad    []errs.Field
}

// group reads the rows of a group in the order of their indices, and carries out a
// pressed row button.
func (p *parser) group(fl *field) any {
	id := fl.def.ID
	indices := map[int]bool{}
	for name := range p.posted {
		rest, ok := strings.CutPrefix(name, id+".")
		if !ok {
			continue
		}
		index, _, ok := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(index); ok && err == nil && n >= 0 && strconv.Itoa(n) == index {
			indices[n] = true
		}
	}
	action := strings.Split(p.posted.Get(rowButton), ":")
	if len(action) == 3 && action[0] == "remove" && action[1] == id {
		if n, err := strconv.Atoi(action[2]); err == nil {
			delete(indices, n)
		}
	}
	rows := []Answers{}
	for _, n := range sortedInts(indices) {
		if len(rows) == fl.maxItems() {
			p.bad = append(p.bad, errs.Bad(id, "form.rows-many", "label", fl.def.Label, "max", fl.maxItems()))
			break
		}
		row := Answers{}
		for _, r := range fl.rows {
			if !r.input() {
				continue
			}
			from := id + "." + strconv.Itoa(n) + "." + r.def.ID
			to := id + "." + strconv.Itoa(len(rows)) + "." + r.def.ID
			if v := p.valueAt(r, from, to); !blank(v) {
				row[r.def.ID] = v
			}
		}
		rows = append(rows, row)
	}
	if len(action) == 2 && action[0] == "add" && action[1] == id {
		for len(rows) < fl.def.MinItems {
			rows = append(rows, newRow(fl))
		}
		if len(rows) < fl.maxItems() {
			rows = append(rows, newRow(fl))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return rows
}

// newRow is an empty row with its defaults.
func newRow(group *field) Answers {
	row := Answers{}
	for _, r := range group.rows {
		if r.def.Default != nil {
			if v, ok := coerce(r, r.def.Default); ok {
				row[r.def.ID] = v
			}
		}
	}
	return row
}

func sortedInts(set map[int]bool) []int {
	out := make([]int, 0, len(set))
	for n := range set {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (p *parser) value(fl *field, name string) any { return p.valueAt(fl, name, name) }

// valueAt reads the input called from; errors and raw text are filed under to,
// the name the input has when the page is drawn again.
func (p *parser) valueAt(fl *field, from, to string) any {
	switch fl.kind() {
	case YesNo:
		switch p.posted.Get(from) {
		case "true", "yes", "1", "on":
			return true
		case "false", "no", "0":
			return false
		}
		return nil
	case Declaration:
		if v := p.posted.Get(from); v == "true" || v == "on" {
			return true
		}
		return nil
	case MultiChoice:
		return p.choices(fl, from, to)
	case AddressKind:
		return p.address(fl, from, to)
	case FileKind:
		return p.files(from)
	}
	typed := p.posted.Get(from)
	if strings.TrimSpace(typed) == "" {
		return nil
	}
	v, err := readTyped(fl, typed)
	if err != nil {
		p.keep(fl, to, typed, err)
		return nil
	}
	if blank(v) {
		return nil
	}
	return v
}

// maxRaw bounds what is kept of unreadable input.
const maxRaw = 2_000

func (p *parser) keep(fl *field, name, typed string, err error) {
	if len(typed) > maxRaw {
		typed = typed[:maxRaw]
	}
	p.raw[name] = fold.NFC(strings.ToValidUTF8(typed, "�"))
	p.bad = append(p.bad, labelled(ident.Field(name, err), fl))
}

// labelled adds the field's label to the arguments of an error sentence.
func labelled(e errs.Field, fl *field) errs.Field {
	args := map[string]any{"label": fl.def.Label}
	for k, v := range e.Args {
		args[k] = v
	}
	e.Args = args
	return e
}

func (p *parser) choices(fl *field, from, to string) any {
	picked := p.posted[from]
	var out, unknown []string
	for _, o := range fl.options {
		if slices.Contains(picked, o.Value) {
			out = append(out, o.Value)
		}
	}
	for _, v := range picked {
		if _, ok := fl.byValue[v]; !ok && v != "" {
			unknown = append(unknown, v)
		}
	}
	if len(unknown) > 0 {
		p.bad = append(p.bad, errs.Bad(to, "form.option", "label", fl.def.Label))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// fileID is what an id of ours can look like.
var fileID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (p *parser) files(from string) any {
	removed := p.posted[from+"_remove"]
	var out []File
	for _, id := range p.posted[from+"_id"] {
		if fileID.MatchString(id) && !slices.Contains(removed, id) && !slices.ContainsFunc(out, func(f File) bool { return f.ID == id }) {
			out = append(out, File{ID: id})
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func textOf(v any) string { s, _ := v.(string); return s }

// readTyped reads one line as a person types it into the shape of the kind.
func readTyped(fl *field, typed string) (any, error) {
	switch fl.kind() {
	case LongText:
		return fold.CleanLines(typed), nil
	case Number:
		return readNumber(fold.Clean(typed))
	case Money:
		v, err := money.Parse(fold.Clean(typed))
		if err == nil && (v > largestWhole || v < -largestWhole) {
			return nil, errs.New(errs.Invalid, "money.too-large") // JSON would round it
		}
		return int64(v), err
	case Choice:
		if _, ok := fl.byValue[typed]; !ok {
			return nil, errs.New(errs.Invalid, "form.option")
		}
		return typed, nil
	default:
		return readText(fl.kind(), fold.Clean(typed))
	}
}

// readText reads the kinds whose stored shape is a text with a spelling of its own.
func readText(k Kind, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	switch k {
	case Date:
		d, err := civil.ParseTyped(s)
		return d.String(), err
	case PartialDate:
		d, err := civil.ParsePartialTyped(s)
		return d.String(), err
	case CitizenNumber:
		n, err := ident.ParseCitizenNumber(s)
		return string(n), err
	case TaxCode:
		n, err := ident.ParseTaxCode(s)
		return string(n), err
	case Phone:
		n, err := ident.ParsePhone(s)
		return string(n), err
	case Email:
		n, err := ident.ParseEmail(s)
		return string(n), err
	default:
		return s, nil
	}
}

// readNumber reads a number as people in Viet Nam type it: a comma parts the
// decimals (12,5), dots part groups of three (1.250), and a single dot that cannot
// part a group of three is taken for a decimal comma (12.5).
func readNumber(s string) (float64, error) {
	bad := errs.New(errs.Invalid, "form.number")
	s = strings.ReplaceAll(s, " ", "")
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789.,") != "" || len(digits) > 25 {
		return 0, bad
	}
	whole, fraction, comma := strings.Cut(s, ",")
	switch {
	case comma && strings.ContainsAny(fraction, ".,"), comma && fraction == "":
		return 0, bad
	case !comma && strings.Count(whole, ".") == 1 && !grouped(whole):
		whole, fraction, _ = strings.Cut(whole, ".")
		if fraction == "" {
			return 0, bad
		}
	case strings.Contains(whole, "."):
		if !grouped(whole) {
			return 0, bad
		}
		whole = strings.ReplaceAll(whole, ".", "")
	}
	if whole == "" || whole == "-" {
		return 0, bad
	}
	if fraction != "" {
		whole += "." + fraction
	}
	n, err := strconv.ParseFloat(whole, 64)
	if err != nil {
		return 0, bad
	}
	return n, nil
}

// grouped reports whether the dots part groups of three: 1.250, 12.345.678.
func grouped(s string) bool {
	groups := strings.Split(strings.TrimPrefix(s, "-"), ".")
	for i, g := range groups {
		if i == 0 && (len(g) < 1 || len(g) > 3 || g[0] == '0') || i > 0 && len(g) != 3 {
			return false
		}
	}
	return true
}
