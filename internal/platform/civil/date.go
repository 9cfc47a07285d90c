package civil

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"time"
)

// Zone is the legal time of Viet Nam, UTC+7 all year round.
var Zone = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// Years a Date can hold.
const (
	minYear = 1
	maxYear = 9999
)

// Date is a day of the calendar (ngày dương lịch), without time or zone. Dates
// compare with == and serve as map keys. The zero value is "none".
//
// As text it is "2026-02-05"; none is "". In the database none is NULL.
type Date struct {
	n int32 // days, 1 is 0001-01-01; 0 is none
}

// NewDate returns the given day; ok is false when the calendar has no such day
// (31 April, month 13, a year outside 1..9999).
func NewDate(year int, month time.Month, day int) (d Date, ok bool) {
	if year < minYear || year > maxYear || month < 1 || month > 12 || day < 1 || day > DaysIn(year, month) {
		return Date{}, false
	}
	return Date{ordinal(year, month, day)}, true
}

// MustDate parses "2006-01-02" and panics when it is wrong. It is for constants
// in tests and data written by us.
func MustDate(iso string) Date {
	d, err := Parse(iso)
	if err != nil {
		panic(fmt.Sprintf("civil: %q: %v", iso, err))
	}
	return d
}

// DateOf returns the day that the instant t falls on in Viet Nam.
// The zero time gives the zero Date.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	y, m, d := t.In(Zone).Date()
	date, _ := NewDate(y, m, d)
	return date
}

// IsZero reports whether d is none.
func (d Date) IsZero() bool { return d.n == 0 }

// Split returns the parts of d, all zero for none.
func (d Date) Split() (year int, month time.Month, day int) {
	if d.n == 0 {
		return 0, 0, 0
	}
	return split(d.n)
}

// Year returns the year, 0 for none.
func (d Date) Year() int { y, _, _ := d.Split(); return y }

// Month returns the month, 0 for none.
func (d Date) Month() time.Month { _, m, _ := d.Split(); return m }

// Day returns the day of the month, 0 for none.
func (d Date) Day() int { _, _, day := d.Split(); return day }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday(d.n % 7) } // 0001-01-01 was a Monday

// Compare returns -1, 0 or +1. None sorts before every day; where none means an
// open end, the caller must ask IsZero first.
func (d Date) Compare(e Date) int { return cmp.Compare(d.n, e.n) }

// Before reports whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.n < e.n }

// After reports whether d is a later day than e.
func (d Date) After(e Date) bool { return d.n > e.n }

// In reports whether d lies in the period from..to, both days included, where a
// zero end is open.
func (d Date) In(from, to Date) bool {
	return (from.IsZero() || !d.Before(from)) && (to.IsZero() || !d.After(to))
}

// AddDays returns the day n days later (earlier when n is negative). None stays
// none, and so does a result outside the years 1..9999.
func (d Date) AddDays(n int) Date {
	if d.n == 0 {
		return Date{}
	}
	sum := int64(d.n) + int64(n)
	if sum < 1 || sum > int64(lastOrdinal) {
		return Date{}
	}
	return Date{int32(sum)}
}

// AddMonths returns the corresponding day n months later. Where that month has no
// such day it is the last day of the month (Bộ luật Dân sự 2015, Điều 148 khoản
// 3): one month after 31 January is 28 or 29 February.
func (d Date) AddMonths(n int) Date {
	if d.n == 0 {
		return Date{}
	}
	y, m, day := split(d.n)
	if n > 12*maxYear || n < -12*maxYear {
		return Date{}
	}
	months := y*12 + int(m) - 1 + n
	if months < 12*minYear {
		return Date{}
	}
	y, m = months/12, time.Month(months%12+1)
	sum, _ := NewDate(y, m, min(day, DaysIn(y, m)))
	return sum
}

// AddYears returns the same day n years later; 29 February becomes 28 February in
// a common year.
func (d Date) AddYears(n int) Date {
	if n > maxYear || n < -maxYear {
		return Date{}
	}
	return d.AddMonths(12 * n)
}

// DaysSince returns the number of days from e to d, negative when d is earlier.
func (d Date) DaysSince(e Date) int { return int(d.n) - int(e.n) }

// AgeOn returns the number of full years (đủ tuổi) a person born on d has lived
// on the day on. One born on 29 February completes a year on 28 February where
// the year is common (Bộ luật Dân sự 2015, Điều 148). It is negative before birth.
func (d Date) AgeOn(on Date) int {
	if d.n == 0 || on.n == 0 {
		return 0
	}
	years := on.Year() - d.Year()
	if on.Before(d.AddYears(years)) {
		years--
	}
	return years
}

// At returns the instant of hour:minute on d in Viet Nam, in UTC.
func (d Date) At(hour, minute int) time.Time {
	y, m, day := d.Split()
	if d.n == 0 {
		return time.Time{}
	}
	return time.Date(y, m, day, hour, minute, 0, 0, Zone).UTC()
}

// Start returns the instant at which d begins in Viet Nam, in UTC.
func (d Date) Start() time.Time { return d.At(0, 0) }

// End returns the instant at which d is over (24:00, the start of the next day).
func (d Date) End() time.Time { return d.At(24, 0) }

// MarshalText gives "2006-01-02", or nothing for none.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Value stores d as text "2006-01-02", and none as NULL.
func (d Date) Value() (driver.Value, error) {
	if d.n == 0 {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads a text column; NULL and "" are none.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case string:
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.UnmarshalText(v)
	case time.Time: // a driver that turns a DATE column into a time gives that day at midnight, whatever the zone
		y, m, day := v.Date()
		*d, _ = NewDate(y, m, day)
		return nil
	}
	return fmt.Errorf("civil: cannot read a date from %T", src)
}

// DaysIn returns the number of days of a month.
func DaysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if isLeap(year) {
			return 29
		}
		return 28
	}
	return 31
}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// lastOrdinal is 9999-12-31.
const lastOrdinal int32 = 3652059

// The two conversions below count in years that begin on 1 March, so that the
// leap day is the last day of a year and month lengths follow one line
// (153*m+2)/5; eras of 400 years have 146,097 days. The algorithm is E. G.
// Richards' and H. Hinnant's, shifted so that 1 is 0001-01-01.

func ordinal(year int, month time.Month, day int) int32 {
	y, m := year, int(month)
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yearOfEra := y % 400
	dayOfYear := (153*(m-3)+2)/5 + day - 1
	return int32(era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 305)
}

func split(n int32) (year int, month time.Month, day int) {
	z := int(n) + 305
	era := z / 146097
	dayOfEra := z % 146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	day = dayOfYear - (153*m+2)/5 + 1
	m += 3
	year = era*400 + yearOfEra
	if m > 12 {
		m -= 12
		year++
	}
	return year, time.Month(m), day
}
