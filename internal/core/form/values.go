package form

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
)

// mimeTypes maps the file kinds of declarations to the types the server sniffs.
var mimeTypes = map[string][]string{
	"pdf":  {"application/pdf"},
	"jpeg": {"image/jpeg"},
	"png":  {"image/png"},
	"webp": {"image/webp"},
	"heic": {"image/heic", "image/heif"},
	"docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip"},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"},
	"dwg":  {"image/vnd.dwg"},
	"zip":  {"application/zip"},
	"xml":  {"application/xml", "text/xml"},
}

// largestWhole is the largest whole number that float64, and so JSON of the
// browsers, holds exactly. Amounts beyond it (nine thousand million million đồng)
// do not exist.
const largestWhole = 1 << 53

// coerce brings a value from JSON, YAML or Go into the shape of the field's kind.
// ok is false when it has another shape; nil is not a value.
func coerce(fl *field, v any) (value any, ok bool) {
	switch fl.kind() {
	case Number:
		n, ok := number(v)
		return n, ok
	case Money:
		n, ok := number(v)
		if i, isInt := v.(int64); isInt {
			return i, i <= largestWhole && i >= -largestWhole
		}
		return int64(n), ok && n == math.Trunc(n) && math.Abs(n) <= largestWhole
	case YesNo, Declaration:
		b, ok := v.(bool)
		return b, ok
	case MultiChoice:
		list, ok := texts(v)
		return list, ok
	case AddressKind:
		return coerceAddress(v)
	case FileKind:
		return coerceFiles(v)
	case Group:
		rows, ok := rowsOf(v)
		return rows, ok
	case Computed:
		switch x := v.(type) {
		case string, bool, int64, float64:
			return x, true
		case int:
			return int64(x), true
		}
		return nil, false
	case Information:
		return nil, false
	default:
		s, ok := v.(string)
		return s, ok
	}
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil && !math.IsInf(f, 0)
	default:
		return 0, false
	}
}

func texts(v any) ([]string, bool) {
	switch l := v.(type) {
	case []string:
		return l, true
	case []any:
		out := make([]string, len(l))
		for i, x := range l {
			s, ok := x.(string)
			if !ok {
				return nil, false
			}
			out[i] = s
		}
		return out, true
	default:
		return nil, false
	}
}

func object(v any) (map[string]any, bool) {
	switch m := v.(type) {
	case Answers:
		return m, true
	case map[string]any:
		return m, true
	case map[string]string:
		out := make(map[string]any, len(m))
		for k, s := range m {
			out[k] = s
		}
		return out, true
	default:
		return nil, false
	}
}

func coerceAddress(v any) (any, bool) {
	m, ok := object(v)
	if !ok {
		return nil, false
	}
	out := Answers{}
	for k, x := range m {
		s, isText := x.(string)
		if !slices.Contains(addressParts, k) || !isText {
			return nil, false
		}
		if s != "" {
			out[k] = s
		}
	}
	return out, true
}

func coerceFiles(v any) (any, bool) {
	switch l := v.(type) {
	case []File:
		return l, true
	case []any:
		out := make([]File, len(l))
		for i, x := range l {
			m, ok := object(x)
			if !ok {
				return nil, false
			}
			for k, part := range m {
				switch k {
				case "id", "name", "type":
					s, ok := part.(string)
					if !ok {
						return nil, false
					}
					switch k {
					case "id":
						out[i].ID = s
					case "name":
						out[i].Name = s
					default:
						out[i].Type = s
					}
				case "size":
					n, ok := number(part)
					if !ok || n < 0 || n != math.Trunc(n) {
						return nil, false
					}
					out[i].Size = int64(n)
				default:
					return nil, false
				}
			}
		}
		return out, true
	default:
		return nil, false
	}
}

func rowsOf(v any) ([]Answers, bool) {
	switch l := v.(type) {
	case []Answers:
		return l, true
	case []map[string]any:
		out := make([]Answers, len(l))
		for i, m := range l {
			out[i] = m
		}
		return out, true
	case []any:
		out := make([]Answers, len(l))
		for i, x := range l {
			m, ok := object(x)
			if !ok {
				return nil, false
			}
			out[i] = m
		}
		return out, true
	default:
		return nil, false
	}
}

// blank reports whether a value of the right shape says nothing.
func blank(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case []string:
		return len(x) == 0
	case []File:
		return len(x) == 0
	case []Answers:
		return len(x) == 0
	case Answers:
		return len(x) == 0
	default:
		return false
	}
}

// rawOf returns what was typed and could not be read, by input name.
func rawOf(a Answers) map[string]string {
	switch m := a[RawKey].(type) {
	case map[string]string:
		return m
	case map[string]any: // as JSON gives it back
		out := make(map[string]string, len(m))
		for k, v := range m {
			if s, ok := v.(string); ok {
				out[k] = s
			}
		}
		return out
	default:
		return nil
	}
}

// Load reads answers that the program stored itself (a draft, a dossier) back into
// typed values; what no longer fits the form is left out. The error is about JSON.
func (f *Form) Load(raw []byte) (Answers, error) {
	var stored map[string]any
	if err := json.Unmarshal(raw, &stored); err != nil {
		return nil, errs.New(errs.Internal, "form.stored-answers").Because(err)
	}
	out := typedKnown(f.fields, stored)
	if raw := rawOf(stored); len(raw) > 0 {
		out[RawKey] = raw
	}
	return out, nil
}

func typedKnown(fields map[string]*field, stored map[string]any) Answers {
	out := Answers{}
	for id, v := range stored {
		fl := fields[id]
		if fl == nil || v == nil {
			continue
		}
		value, ok := coerce(fl, v)
		if !ok {
			continue
		}
		if rows, isRows := value.([]Answers); isRows {
			byID := rowFields(fl)
			typed := make([]Answers, len(rows))
			for i, r := range rows {
				typed[i] = typedKnown(byID, r)
			}
			value = typed
		}
		out[id] = value
	}
	return out
}

func rowFields(group *field) map[string]*field {
	out := make(map[string]*field, len(group.rows))
	for _, r := range group.rows {
		out[r.def.ID] = r
	}
	return out
}

// ParseJSON reads answers from a stranger (the API): every answer must be known, of
// the right shape and within the form's bounds of size. Texts are normalised as if
// they had been typed. Rules are for Validate.
func (f *Form) ParseJSON(raw []byte) (Answers, []errs.Field) {
	var sent map[string]any
	if err := json.Unmarshal(raw, &sent); err != nil || sent == nil {
		return Answers{}, []errs.Field{errs.Bad("", "form.not-json")}
	}
	var bad []errs.Field
	return f.strictKnown(f.fields, sent, "", &bad), bad
}

// FromMap is ParseJSON for answers that are already decoded, such as those of an
// acceptance case.
func (f *Form) FromMap(sent map[string]any) (Answers, []errs.Field) {
	var bad []errs.Field
	return f.strictKnown(f.fields, sent, "", &bad), bad
}

func (f *Form) strictKnown(fields map[string]*field, sent map[string]any, prefix string, bad *[]errs.Field) Answers {
	out := Answers{}
	for _, id := range sortedKeys(sent) {
		v, name := sent[id], prefix+id
		fl := fields[id]
		switch {
		case fl == nil || !fl.input():
			*bad = append(*bad, errs.Bad(name, "form.unknown-answer", "name", name))
			continue
		case v == nil:
			continue
		}
		value, ok := coerce(fl, v)
		if !ok {
			*bad = append(*bad, errs.Bad(name, "form.wrong-shape", "label", fl.def.Label))
			continue
		}
		switch x := value.(type) {
		case []Answers:
			if len(x) > fl.maxItems() {
				*bad = append(*bad, errs.Bad(name, "form.rows-many", "label", fl.def.Label, "max", fl.maxItems()))
				continue
			}
			byID := rowFields(fl)
			typed := make([]Answers, len(x))
			for i, r := range x {
				typed[i] = f.strictKnown(byID, r, name+"."+strconv.Itoa(i)+".", bad)
			}
			value = typed
		case string:
			value = tidy(fl, x)
		case Answers:
			for k, part := range x {
				x[k] = fold.Clean(part.(string))
			}
			f.settle(x)
		}
		if !blank(value) {
			out[id] = value
		}
	}
	return out
}

// tidy brings a text into its stored spelling; what cannot be read stays as it is,
// so that Validate can say what is wrong with it.
func tidy(fl *field, s string) string {
	if fl.kind() == LongText {
		return fold.CleanLines(s)
	}
	clean := fold.Clean(s)
	if v, err := readText(fl.kind(), clean); err == nil {
		return v
	}
	return clean
}
