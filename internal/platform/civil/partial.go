package civil

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"time"

	"motcua/internal/platform/errs"
)

// Precision says how much of a PartialDate is known.
type Precision int

// The precisions; each is finer than the one before.
const (
	Nothing Precision = iota // no date at all
	ToYear                   // 1948
	ToMonth                  // 1948-05
	ToDay                    // 1948-05-12
)

// PartialDate is a date of which the month or the day may be unknown, as in the
// population database (NamSinh + NgayThangNam) and in old civil-status books:
// year, month?, day?. The zero value is "none".
//
// As text it is "1948", "1948-05" or "1948-05-12". It stands for the interval
// First..Last, and comparisons are comparisons of intervals.
type PartialDate struct {
	year  int16
	month uint8
	day   uint8
}

// NewPartial returns a partial date; month and day 0 are unknown, and a day needs
// a month. ok is false when the calendar has no such date.
func NewPartial(year int, month time.Month, day int) (p PartialDate, ok bool) {
	p, err := partial(year, int(month), day)
	return p, err == nil
}

// MustPartial parses "1948", "1948-05" or "1948-05-12" and panics when it is
// wrong. It is for tests and data written by us.
func MustPartial(iso string) PartialDate {
	p, err := ParsePartial(iso)
	if err != nil {
		panic(fmt.Sprintf("civil: %q: %v", iso, err))
	}
	return p
}

// ParsePartial reads "1948", "1948-05" or "1948-05-12".
func ParsePartial(s string) (PartialDate, error) {
	bad := func() (PartialDate, error) { return PartialDate{}, errs.New(errs.Invalid, CodeFormat) }
	var y, m, d int
	var ok bool
	switch len(s) {
	case 10:
		full, err := Parse(s)
		return full.Partial(), err
	case 7:
		if m, ok = digits(s[5:]); !ok || s[4] != '-' {
			return bad()
		}
		if m == 0 {
			return PartialDate{}, checkMonth(1, 0)
		}
	case 4:
	default:
		return bad()
	}
	if y, ok = digits(s[:4]); !ok {
		return bad()
	}
	return partial(y, m, d)
}

// ParsePartialTyped reads a partial date as people type it: 1948, 5/1948,
// 12/05/1948, with the separators of ParseTyped, and the stored form. A part
// typed as 00 is unknown, as on old papers: 00/00/1948 is 1948.
func ParsePartialTyped(s string) (PartialDate, error) {
	parts, err := typedParts(s)
	if err != nil {
		return PartialDate{}, err
	}
	parts = append(parts, 0, 0)
	return partial(parts[0], parts[1], parts[2])
}

func partial(y, m, d int) (PartialDate, error) {
	switch {
	case m == 0 && d != 0:
		return PartialDate{}, errs.New(errs.Invalid, CodeMonth, "month", 0)
	case m == 0:
		if err := checkMonth(y, 1); err != nil {
			return PartialDate{}, err
		}
	case d == 0:
		if err := checkMonth(y, m); err != nil {
			return PartialDate{}, err
		}
	default:
		if _, err := dateOrWhy(y, m, d); err != nil {
			return PartialDate{}, err
		}
	}
	return PartialDate{int16(y), uint8(m), uint8(d)}, nil
}

// Partial returns d as a PartialDate of full precision.
func (d Date) Partial() PartialDate {
	y, m, day := d.Split()
	return PartialDate{int16(y), uint8(m), uint8(day)}
}

// Year returns the year, 0 for none.
func (p PartialDate) Year() int { return int(p.year) }

// Month returns the month, 0 when unknown.
func (p PartialDate) Month() time.Month { return time.Month(p.month) }

// Day returns the day of the month, 0 when unknown.
func (p PartialDate) Day() int { return int(p.day) }

// IsZero reports whether p is none.
func (p PartialDate) IsZero() bool { return p.year == 0 }

// Precision says how much is known.
func (p PartialDate) Precision() Precision {
	switch {
	case p.year == 0:
		return Nothing
	case p.month == 0:
		return ToYear
	case p.day == 0:
		return ToMonth
	}
	return ToDay
}

// Date returns the day when it is fully known.
func (p PartialDate) Date() (d Date, ok bool) {
	if p.Precision() != ToDay {
		return Date{}, false
	}
	return p.First(), true
}

// First returns the first day p can be, none for none.
func (p PartialDate) First() Date {
	if p.year == 0 {
		return Date{}
	}
	return Date{ordinal(int(p.year), time.Month(max(p.month, 1)), int(max(p.day, 1)))}
}

// Last returns the last day p can be, none for none.
func (p PartialDate) Last() Date {
	switch p.Precision() {
	case Nothing:
		return Date{}
	case ToYear:
		return Date{ordinal(int(p.year), time.December, 31)}
	case ToMonth:
		return Date{ordinal(int(p.year), p.Month(), DaysIn(int(p.year), p.Month()))}
	}
	return p.First()
}

// Before reports whether p is certainly earlier than q, whatever the unknown parts.
func (p PartialDate) Before(q PartialDate) bool {
	return p.year != 0 && q.year != 0 && p.Last().Before(q.First())
}

// After reports whether p is certainly later than q.
func (p PartialDate) After(q PartialDate) bool { return q.Before(p) }

// MayEqual reports whether p and q can be the same day: 1948 and 12/05/1948 can.
func (p PartialDate) MayEqual(q PartialDate) bool {
	return p.year != 0 && q.year != 0 && !p.Before(q) && !q.Before(p)
}

// Includes reports whether d can be the day that p stands for.
func (p PartialDate) Includes(d Date) bool { return !d.IsZero() && p.MayEqual(d.Partial()) }

// Compare is a total order for sorting: by first possible day, then the less
// precise first. It is not a statement about which day was earlier; see Before.
func (p PartialDate) Compare(q PartialDate) int {
	return cmp.Or(cmp.Compare(p.year, q.year), cmp.Compare(p.month, q.month), cmp.Compare(p.day, q.day))
}

// AgeOn returns the least and the most number of full years a person born on p
// has lived on the day on; they are equal when the unknown parts do not matter.
func (p PartialDate) AgeOn(on Date) (least, most int) {
	return p.Last().AgeOn(on), p.First().AgeOn(on)
}

// String gives "1948", "1948-05", "1948-05-12" or "".
func (p PartialDate) String() string {
	switch p.Precision() {
	case Nothing:
		return ""
	case ToYear:
		return fmt.Sprintf("%04d", p.year)
	case ToMonth:
		return fmt.Sprintf("%04d-%02d", p.year, p.month)
	}
	return p.First().String()
}

// MarshalText gives String.
func (p PartialDate) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (p *PartialDate) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = PartialDate{}
		return nil
	}
	parsed, err := ParsePartial(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

// Value stores p as text, and none as NULL.
func (p PartialDate) Value() (driver.Value, error) {
	if p.year == 0 {
		return nil, nil
	}
	return p.String(), nil
}

// Scan reads a text column; NULL and "" are none.
func (p *PartialDate) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*p = PartialDate{}
		return nil
	case string:
		return p.UnmarshalText([]byte(v))
	case []byte:
		return p.UnmarshalText(v)
	case int64: // a year alone, in an engine that stores digits as a number
		return p.UnmarshalText(fmt.Appendf(nil, "%04d", v))
	}
	return fmt.Errorf("civil: cannot read a partial date from %T", src)
}
