// Package money holds amounts in Vietnamese đồng: whole numbers, printed with
// thousands dots, written out in words on receipts, and read the way people type
// them. There are no smaller units in use (tiền lẻ), so nothing is ever rounded.
package money

import (
	"embed"
	"io/fs"
	"strconv"
	"strings"

	"motcua/internal/platform/errs"
)

//go:embed locale/vi.json locale/en.json
var locales embed.FS

// Locales returns the words of the error codes, for the bundle.
func Locales() fs.FS { return locales }

// VND is an amount in đồng. As JSON and in the database it is an integer.
type VND int64

// English is the language tag that switches Format to English.
const English = "en"

// String gives "1.234.567 đồng".
func (v VND) String() string { return v.Format("vi") }

// Format gives "1.234.567 đồng", in English "VND 1,234,567".
func (v VND) Format(lang string) string {
	if lang == English {
		return "VND " + v.group(',')
	}
	return v.group('.') + " đồng"
}

// Digits gives "1.234.567", for columns of a table whose head names the unit and
// for input fields.
func (v VND) Digits() string { return v.group('.') }

func (v VND) group(sep byte) string {
	digits := strconv.FormatInt(int64(v), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, sep)
		}
		out = append(out, digits[i])
	}
	return sign + string(out)
}

// Parse reads an amount as people type it: 8000, 8.000, 8,000, 8 000, 8.000 đ,
// 8.000 đồng, 8.000 VND, also 8.000,00. A dot or comma must part groups of three
// digits, so that "1.5" is a question and never fifteen.
//
// Codes: money.format, money.grouping (dots in odd places), money.fraction (a part
// of a đồng), money.too-large.
func Parse(s string) (VND, error) {
	if len(s) > 64 { // no amount is that long
		return 0, errs.New(errs.Invalid, "money.too-large")
	}
	s = strings.ToLower(strings.TrimSpace(s))
	s = trimUnit(s)
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimSpace(strings.TrimPrefix(s, "-"))
	if s == "" {
		return 0, errs.New(errs.Invalid, "money.format")
	}
	whole, err := ungroup(s)
	if err != nil {
		return 0, err
	}
	if negative {
		whole = "-" + whole
	}
	n, convErr := strconv.ParseInt(whole, 10, 64)
	if convErr != nil { // only the range is left to be wrong
		return 0, errs.New(errs.Invalid, "money.too-large")
	}
	return VND(n), nil
}

// trimUnit drops the unit before or after the number.
func trimUnit(s string) string {
	for _, unit := range [...]string{"đồng", "dong", "vnđ", "vnd", "đ", "₫", "d"} {
		if rest, ok := strings.CutSuffix(s, unit); ok {
			return strings.TrimSpace(rest)
		}
	}
	for _, unit := range [...]string{"vnđ", "vnd", "₫"} {
		if rest, ok := strings.CutPrefix(s, unit); ok {
			return strings.TrimSpace(rest)
		}
	}
	return s
}

// ungroup drops the separators after checking that they part groups of three, and
// a fraction of nothing but zeros after the other separator.
func ungroup(s string) (string, error) {
	s = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s) // no-break spaces
	sep := byte(0)                                                   // the separator of groups, once seen
	groups := []string{""}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			groups[len(groups)-1] += string(c)
		case c == '.' || c == ',' || c == ' ':
			if sep == 0 {
				sep = c
			}
			if c != sep {
				return whole(groups, s[i+1:])
			}
			groups = append(groups, "")
		default:
			return "", errs.New(errs.Invalid, "money.format")
		}
	}
	return whole(groups, "")
}

// whole joins groups of three digits; fraction is what followed the other separator.
func whole(groups []string, fraction string) (string, error) {
	for i, g := range groups {
		if g == "" || len(groups) > 1 && (len(g) > 3 || i > 0 && len(g) != 3) {
			return "", errs.New(errs.Invalid, "money.grouping")
		}
	}
	if strings.Trim(fraction, "0123456789") != "" {
		return "", errs.New(errs.Invalid, "money.format")
	}
	if strings.Trim(fraction, "0") != "" {
		return "", errs.New(errs.Invalid, "money.fraction")
	}
	return strings.Join(groups, ""), nil
}
