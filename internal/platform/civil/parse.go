package civil

import (
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/errs"
)

// The public codes of parse errors.
const (
	CodeFormat      = "date.format"      // cannot be read as a date
	CodeNonexistent = "date.nonexistent" // args day, month, year (text), last: the month ends on day last
	CodeMonth       = "date.month"       // args month: not 1..12
	CodeYear        = "date.year"        // the year must be written with four digits
)

// Parse reads "2006-01-02" and nothing else. It is for stored data and
// interfaces; for what people type see ParseTyped.
func Parse(s string) (Date, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return Date{}, errs.New(errs.Invalid, CodeFormat)
	}
	y, okY := digits(s[:4])
	m, okM := digits(s[5:7])
	d, okD := digits(s[8:])
	if !okY || !okM || !okD {
		return Date{}, errs.New(errs.Invalid, CodeFormat)
	}
	return dateOrWhy(y, m, d)
}

// ParseTyped reads a date as people in Viet Nam type it: 5/2/2026, 05/02/2026,
// 05-02-2026, 05.02.2026, 05022026; and 2026-02-05, which browsers send.
func ParseTyped(s string) (Date, error) {
	parts, err := typedParts(s)
	if err != nil {
		return Date{}, err
	}
	if len(parts) != 3 {
		return Date{}, errs.New(errs.Invalid, CodeFormat)
	}
	return dateOrWhy(parts[0], parts[1], parts[2])
}

// ParseCompact reads ddMMyyyy, the form inside the QR code of the identity card.
func ParseCompact(s string) (Date, error) {
	if len(s) != 8 {
		return Date{}, errs.New(errs.Invalid, CodeFormat)
	}
	d, okD := digits(s[:2])
	m, okM := digits(s[2:4])
	y, okY := digits(s[4:])
	if !okD || !okM || !okY {
		return Date{}, errs.New(errs.Invalid, CodeFormat)
	}
	return dateOrWhy(y, m, d)
}

// dateOrWhy makes a Date or says which part the calendar refuses.
func dateOrWhy(y, m, d int) (Date, error) {
	if err := checkMonth(y, m); err != nil {
		return Date{}, err
	}
	date, ok := NewDate(y, time.Month(m), d)
	if !ok {
		return Date{}, errs.New(errs.Invalid, CodeNonexistent,
			"day", d, "month", m, "year", strconv.Itoa(y), "last", DaysIn(y, time.Month(m)))
	}
	return date, nil
}

func checkMonth(y, m int) error {
	if y < minYear || y > maxYear {
		return errs.New(errs.Invalid, CodeYear)
	}
	if m < 1 || m > 12 {
		return errs.New(errs.Invalid, CodeMonth, "month", m)
	}
	return nil
}

// typedParts splits what a person typed into year, month, day: one, two or three
// numbers, the year first.
func typedParts(s string) ([]int, error) {
	s = strings.TrimSpace(s)
	if len(s) == 8 {
		if _, ok := digits(s); ok {
			s = s[:2] + "/" + s[2:4] + "/" + s[4:]
		}
	}
	fields := strings.FieldsFunc(s, func(r rune) bool {
		return r == '/' || r == '-' || r == '.' || r == ' '
	})
	if len(fields) < 1 || len(fields) > 3 {
		return nil, errs.New(errs.Invalid, CodeFormat)
	}
	yearFirst := len(fields) > 1 && len(fields[0]) == 4
	if !yearFirst {
		for i, j := 0, len(fields)-1; i < j; i, j = i+1, j-1 {
			fields[i], fields[j] = fields[j], fields[i]
		}
	}
	parts := make([]int, len(fields))
	for i, f := range fields {
		n, ok := digits(f)
		switch {
		case !ok || len(f) > 4:
			return nil, errs.New(errs.Invalid, CodeFormat)
		case i == 0 && len(f) != 4:
			return nil, errs.New(errs.Invalid, CodeYear)
		case i > 0 && len(f) > 2:
			return nil, errs.New(errs.Invalid, CodeFormat)
		}
		parts[i] = n
	}
	return parts, nil
}

// digits reads an unsigned number of ASCII digits only.
func digits(s string) (n int, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
