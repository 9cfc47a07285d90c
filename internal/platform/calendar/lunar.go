package calendar

import (
	"fmt"
	"math"

	"motcua/internal/platform/civil"
)

// Lunar is a day of the Vietnamese lunar calendar (âm lịch). The calendar is the
// East Asian one reckoned for the meridian of UTC+7: months begin on the day of the
// new moon, the winter solstice lies in month 11, and in a year of thirteen months
// the first month without a principal solar term is the leap month. (Quyết định
// 121/CP of 1967 made UTC+7 the base; dates before 1968 may differ from those then
// in use.)
type Lunar struct {
	Year  int
	Month int  // 1..12
	Leap  bool // tháng nhuận
	Day   int  // 1..30
}

// String gives "10/3 âm lịch" or "10/6 nhuận âm lịch" without the year.
func (l Lunar) String() string {
	leap := ""
	if l.Leap {
		leap = " nhuận"
	}
	return fmt.Sprintf("%d/%d%s âm lịch", l.Day, l.Month, leap)
}

// julianOfFirst is the Julian day number of 0001-01-01.
const julianOfFirst = 1721426

// The astronomy follows Jean Meeus, Astronomical Algorithms (1998), in the
// abridged series that Hồ Ngọc Đức published for the Vietnamese calendar; the error
// of a few minutes matters only when a new moon falls within minutes of midnight,
// which does not happen between 1968 and 2100.

// LunarOf returns the lunar date of a day.
func LunarOf(d civil.Date) Lunar {
	if d.IsZero() {
		return Lunar{}
	}
	day := julian(d)
	k := int(math.Floor((float64(day) - 2415021.076998695) / 29.530588853))
	start := newMoonDay(k + 1)
	for ; start > day; k-- {
		start = newMoonDay(k)
	}
	year := d.Year()
	winter := month11(year) // first day of month 11 of this solar year
	next := winter
	lunarYear := year + 1
	if winter >= start {
		lunarYear = year
		winter = month11(year - 1)
	} else {
		next = month11(year + 1)
	}
	since := int(math.Floor(float64(start-winter) / 29))
	month, leap := since+11, false
	if next-winter > 365 { // thirteen months between two winter solstices
		leapAt := leapOffset(winter)
		if since >= leapAt {
			month = since + 10
			leap = since == leapAt
		}
	}
	if month > 12 {
		month -= 12
	}
	if month >= 11 && since < 4 {
		lunarYear--
	}
	return Lunar{Year: lunarYear, Month: month, Leap: leap, Day: day - start + 1}
}

// FromLunar returns the day of a lunar date; none when that year has no such leap
// month or the month no such day.
func FromLunar(year, month, day int, leap bool) civil.Date {
	if month < 1 || month > 12 || day < 1 || day > 30 {
		return civil.Date{}
	}
	winter, next := month11(year-1), month11(year)
	if month >= 11 {
		winter, next = month11(year), month11(year+1)
	}
	offset := month - 11
	if offset < 0 {
		offset += 12
	}
	switch {
	case next-winter > 365:
		leapAt := leapOffset(winter)
		if leap && offset+1 != leapAt {
			return civil.Date{}
		}
		if leap || offset >= leapAt {
			offset++
		}
	case leap:
		return civil.Date{}
	}
	k := int(math.Floor(0.5 + (float64(winter)-2415021.076998695)/29.530588853))
	d := fromJulian(newMoonDay(k+offset) + day - 1)
	if back := LunarOf(d); back.Day != day { // the month ended on the 29th
		return civil.Date{}
	}
	return d
}

func julian(d civil.Date) int { return d.DaysSince(solar(1, 1, 1)) + julianOfFirst }

func fromJulian(jd int) civil.Date { return solar(1, 1, 1).AddDays(jd - julianOfFirst) }

// newMoonDay returns the Julian day number, in Viet Nam, of the k-th new moon after
// that of 1 January 1900 (Meeus, chapter 49).
func newMoonDay(k int) int {
	const rad = math.Pi / 180
	n := float64(k)
	t := n / 1236.85
	t2, t3 := t*t, t*t*t
	jd := 2415020.75933 + 29.53058868*n + 0.0001178*t2 - 0.000000155*t3 +
		0.00033*math.Sin((166.56+132.87*t-0.009173*t2)*rad)
	sun := (359.2242 + 29.10535608*n - 0.0000333*t2 - 0.00000347*t3) * rad
	moon := (306.0253 + 385.81691806*n + 0.0107306*t2 + 0.00001236*t3) * rad
	lat := (21.2964 + 390.67050646*n - 0.0016528*t2 - 0.00000239*t3) * rad
	c := (0.1734-0.000393*t)*math.Sin(sun) + 0.0021*math.Sin(2*sun) -
		0.4068*math.Sin(moon) + 0.0161*math.Sin(2*moon) - 0.0004*math.Sin(3*moon) +
		0.0104*math.Sin(2*lat) - 0.0051*math.Sin(sun+moon) - 0.0074*math.Sin(sun-moon) +
		0.0004*math.Sin(2*lat+sun) - 0.0004*math.Sin(2*lat-sun) -
		0.0006*math.Sin(2*lat+moon) + 0.0010*math.Sin(2*lat-moon) + 0.0005*math.Sin(2*moon+sun)
	return int(math.Floor(jd + c - deltaT(t) + 0.5 + 7.0/24))
}

// deltaT is the difference between dynamical and universal time in days, t in
// Julian centuries since 1900.
func deltaT(t float64) float64 {
	if t < -11 {
		return 0.001 + 0.000839*t + 0.0002261*t*t - 0.00000845*t*t*t - 0.000000081*t*t*t*t
	}
	return -0.000278 + 0.000265*t + 0.000262*t*t
}

// solarTerm returns in which twelfth of its yearly path, 0 from the March equinox
// on, the sun stands at the beginning of a day in Viet Nam.
func solarTerm(jd int) int {
	const rad = math.Pi / 180
	t := (float64(jd) - 2451545.5 - 7.0/24) / 36525
	t2 := t * t
	m := 357.52910 + 35999.05030*t - 0.0001559*t2 - 0.00000048*t*t2
	l := 280.46645 + 36000.76983*t + 0.0003032*t2 +
		(1.914600-0.004817*t-0.000014*t2)*math.Sin(m*rad) +
		(0.019993-0.000101*t)*math.Sin(2*m*rad) + 0.000290*math.Sin(3*m*rad)
	l = math.Mod(l, 360)
	if l < 0 {
		l += 360
	}
	return int(l / 30)
}

// month11 returns the first day of the lunar month that holds the winter solstice
// of a solar year.
func month11(year int) int {
	off := julian(solar(year, 12, 31)) - 2415021
	k := int(math.Floor(float64(off) / 29.530588853))
	start := newMoonDay(k)
	if solarTerm(start) >= 9 { // the solstice was before this new moon
		start = newMoonDay(k - 1)
	}
	return start
}

// leapOffset returns how many months after the month 11 that begins on winter the
// leap month of that lunar year lies.
func leapOffset(winter int) int {
	k := int(math.Floor((float64(winter)-2415021.076998695)/29.530588853 + 0.5))
	last := solarTerm(newMoonDay(k + 1))
	for i := 2; ; i++ {
		term := solarTerm(newMoonDay(k + i))
		if term == last || i > 13 {
			return i - 1
		}
		last = term
	}
}
