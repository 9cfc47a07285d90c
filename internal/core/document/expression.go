package document

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/money"
)

// expression is text with placeholders, "Số: {entry.number}", taken apart once.
type expression []segment

// segment is either literal text or a placeholder with its filters.
type segment struct {
	Text    string   `json:"t,omitempty"`
	Path    string   `json:"p,omitempty"`
	Filters []filter `json:"f,omitempty"`
}

type filter struct {
	Name string `json:"n"`
	Arg  string `json:"a,omitempty"`
}

// filterNames are the filters a placeholder may use.
var filterNames = []string{"upper", "date", "longdate", "words", "money", "label", "yesno", "default"}

var pathForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$`)

// parseExpression reads {path|filter|filter:argument} among literal text.
func parseExpression(text string) (expression, error) {
	var out expression
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			if strings.Contains(text, "}") {
				return nil, fmt.Errorf("a } without {")
			}
			return append(out, segment{Text: text}), nil
		}
		if open > 0 {
			out = append(out, segment{Text: text[:open]})
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			return nil, fmt.Errorf("a { that is not closed")
		}
		parts := strings.Split(text[open+1:open+end], "|")
		seg := segment{Path: strings.TrimSpace(parts[0])}
		if !pathForm.MatchString(seg.Path) {
			return nil, fmt.Errorf("{%s} is no placeholder: write {field}, {owner.name}, {entry.number|filter}", text[open+1:open+end])
		}
		for _, f := range parts[1:] {
			name, arg, _ := strings.Cut(f, ":")
			name = strings.TrimSpace(name)
			if !slices.Contains(filterNames, name) {
				return nil, fmt.Errorf("unknown filter %q; there are: %s", name, strings.Join(filterNames, " "))
			}
			seg.Filters = append(seg.Filters, filter{Name: name, Arg: arg})
		}
		out = append(out, seg)
		text = text[open+end+1:]
	}
	return out, nil
}

// Values is what placeholders stand for.
type Values struct {
	Answers   map[string]any
	Result    map[string]any
	Owner     Party
	Submitter Party
	Agency    Agency
	Dossier   About
	Signer    Signer
	Labels    map[string]string // "<field>=<value>" → words
	Today     time.Time
}

// late are the namespaces that are known only when the number has been given.
func late(path string) bool { return strings.HasPrefix(path, "entry.") }

// fill replaces every placeholder that is known already and keeps the late ones.
func (e expression) fill(v *Values, row map[string]any, group string) expression {
	var out expression
	var text strings.Builder
	for _, seg := range e {
		switch {
		case seg.Path == "":
			text.WriteString(seg.Text)
		case late(seg.Path):
			if text.Len() > 0 {
				out = append(out, segment{Text: text.String()})
				text.Reset()
			}
			out = append(out, seg)
		default:
			field := seg.Path
			if rest, ok := strings.CutPrefix(field, "row."); ok {
				field = group + "." + rest
			}
			text.WriteString(seg.show(v.lookup(seg.Path, row), strings.TrimPrefix(field, "result."), v.Labels))
		}
	}
	if text.Len() > 0 {
		out = append(out, segment{Text: text.String()})
	}
	return out
}

// finish writes an expression out, with the entry's values.
func (e expression) finish(entry map[string]any, labels map[string]string) string {
	var b strings.Builder
	for _, seg := range e {
		if seg.Path == "" {
			b.WriteString(seg.Text)
			continue
		}
		name := strings.TrimPrefix(seg.Path, "entry.")
		b.WriteString(seg.show(entry[name], name, labels))
	}
	return b.String()
}

func (v *Values) lookup(path string, row map[string]any) any {
	root, rest, dotted := strings.Cut(path, ".")
	if !dotted {
		if path == "today" {
			return civil.DateOf(v.Today).String()
		}
		return v.Answers[root]
	}
	switch root {
	case "row":
		return row[rest]
	case "result":
		return v.Result[rest]
	case "owner":
		return v.Owner.property(rest)
	case "submitter":
		return v.Submitter.property(rest)
	case "agency":
		return map[string]string{"name": v.Agency.Name, "short_name": v.Agency.ShortName, "address": v.Agency.Address,
			"place": v.Agency.Place, "phone": v.Agency.Phone, "parent": v.Agency.Parent, "unit": v.Agency.Unit}[rest]
	case "dossier":
		return map[string]string{"number": v.Dossier.Number, "title": v.Dossier.Title, "procedure": v.Dossier.Procedure,
			"received": isoDay(v.Dossier.ReceivedAt), "due": isoDay(v.Dossier.DueAt)}[rest]
	case "signer":
		return map[string]string{"name": v.Signer.Name, "title": v.Signer.Title, "authority": v.Signer.Authority}[rest]
	}
	if m, ok := object(v.Answers[root]); ok {
		return m[rest]
	}
	return nil
}

func (p Party) property(name string) string {
	switch name {
	case "name":
		return p.Name
	case "citizen_no":
		return p.CitizenNo
	case "tax_code":
		return p.TaxCode
	case "phone":
		return p.Phone
	case "email":
		return p.Email
	case "address":
		return p.Address
	case "birth":
		return p.Birth
	case "gender":
		return p.Gender
	case "kind":
		return p.Kind
	}
	return ""
}

func isoDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return civil.DateOf(t).String()
}

// show writes a value through the filters. What is empty prints as dots, unless
// a default says otherwise.
func (s segment) show(value any, field string, labels map[string]string) string {
	defaulted := false
	for _, f := range s.Filters {
		empty := isEmpty(value)
		switch f.Name {
		case "default":
			if empty {
				value, defaulted = f.Arg, true
			}
		case "upper":
			if !defaulted {
				value = fold.Upper(text(value))
			}
		case "label":
			value = labelOf(value, field, labels)
		case "yesno":
			if b, ok := value.(bool); ok {
				value = yesNo(b)
			}
		case "date":
			if p, ok := partial(value); ok {
				value = p.Screen("vi")
			}
		case "longdate":
			if p, ok := partial(value); ok {
				value = p.Printed("vi")
			}
		case "words":
			value = inWords(value)
		case "money":
			if n, ok := whole(value); ok {
				value = money.VND(n).String()
			}
		}
	}
	out := text(value)
	if out == "" && !defaulted {
		return dots
	}
	return out
}

func isEmpty(v any) bool { return text(v) == "" }

// text writes a value the way a paper shows it when no filter says otherwise.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(x)
	case bool:
		return yesNo(x)
	case int:
		return strconv.Itoa(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strings.Replace(strconv.FormatFloat(x, 'f', -1, 64), ".", ",", 1)
	case json.Number:
		return x.String()
	case []string:
		return strings.Join(x, ", ")
	case []any:
		parts := make([]string, 0, len(x))
		for _, e := range x {
			parts = append(parts, text(e))
		}
		return strings.Join(parts, ", ")
	}
	if m, ok := object(v); ok {
		return addressText(m)
	}
	return fmt.Sprint(v)
}

// addressText writes an address answer; a file answer gives its name.
func addressText(m map[string]any) string {
	if t := text(m["text"]); t != "" {
		return t
	}
	if name := text(m["name"]); name != "" {
		return name
	}
	var parts []string
	for _, k := range []string{"line", "commune", "province"} {
		if t := text(m[k]); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, ", ")
}

// object sees a map through any named map type.
func object(v any) (map[string]any, bool) {
	switch m := v.(type) {
	case map[string]any:
		return m, true
	case nil:
		return nil, false
	}
	rv := reflect.ValueOf(v)
	if want := reflect.TypeFor[map[string]any](); rv.Kind() == reflect.Map && rv.Type().ConvertibleTo(want) {
		return rv.Convert(want).Interface().(map[string]any), true
	}
	return nil, false
}

func labelOf(v any, field string, labels map[string]string) any {
	one := func(s string) string {
		if l, ok := labels[field+"="+s]; ok {
			return l
		}
		return s
	}
	switch x := v.(type) {
	case string:
		return one(x)
	case []string:
		out := make([]string, len(x))
		for i, s := range x {
			out[i] = one(s)
		}
		return out
	case []any:
		out := make([]string, len(x))
		for i, s := range x {
			out[i] = one(text(s))
		}
		return out
	}
	return v
}

func yesNo(b bool) string {
	if b {
		return "Có"
	}
	return "Không"
}

func partial(v any) (civil.PartialDate, bool) {
	s, ok := v.(string)
	if !ok {
		return civil.PartialDate{}, false
	}
	p, err := civil.ParsePartial(s)
	return p, err == nil
}

func whole(v any) (int64, bool) {
	switch x := v.(type) {
	case int64:
		return x, true
	case int:
		return int64(x), true
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return int64(x), true
		}
	case json.Number:
		n, err := x.Int64()
		return n, err == nil
	case string:
		n, err := strconv.ParseInt(x, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// inWords writes dates and amounts the way certificates repeat them: "ngày hai
// mươi hai tháng mười một năm hai nghìn không trăm hai mươi sáu".
func inWords(v any) any {
	if s, ok := v.(string); ok && len(s) >= 4 && !strings.ContainsAny(s[:4], "-.") {
		if p, ok := partial(v); ok && len(s) > 4 {
			var b strings.Builder
			if p.Day() > 0 {
				b.WriteString("ngày " + number(int64(p.Day())) + " ")
			}
			b.WriteString("tháng " + number(int64(p.Month())) + " năm " + number(int64(p.Year())))
			return b.String()
		} else if ok && len(s) == 4 {
			return "năm " + number(int64(p.Year()))
		}
	}
	if n, ok := whole(v); ok {
		return number(n)
	}
	return v
}

// number reads a whole number aloud.
func number(n int64) string {
	if n < 0 {
		return "âm " + money.Number(uint64(-n))
	}
	return money.Number(uint64(n))
}
