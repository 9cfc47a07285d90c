package civil

import (
	"fmt"
	"time"
)

// English is the language tag that switches a format to English; every other tag
// gives Vietnamese.
const English = "en"

// String gives "2006-01-02", or "" for none.
func (d Date) String() string {
	if d.n == 0 {
		return ""
	}
	y, m, day := split(d.n)
	b := [10]byte{4: '-', 7: '-'}
	put(b[0:4], y)
	put(b[5:7], int(m))
	put(b[8:10], day)
	return string(b[:])
}

// Screen gives the form for screens: "05/02/2026"; in English "5 Feb 2026",
// which no reader can take for the second of May. None gives "".
func (d Date) Screen(lang string) string {
	if d.n == 0 {
		return ""
	}
	y, m, day := split(d.n)
	if lang == English {
		return fmt.Sprintf("%d %s %d", day, m.String()[:3], y)
	}
	b := [10]byte{2: '/', 5: '/'}
	put(b[0:2], day)
	put(b[3:5], int(m))
	put(b[6:10], y)
	return string(b[:])
}

// Printed gives the form for documents: "ngày 05 tháng 02 năm 2026". Days below
// ten and the months 1 and 2 take a leading zero, the other months do not
// (Nghị định 30/2020/NĐ-CP, Phụ lục I, phần I, mục II). In English "5 February 2026".
func (d Date) Printed(lang string) string {
	if d.n == 0 {
		return ""
	}
	y, m, day := split(d.n)
	if lang == English {
		return fmt.Sprintf("%d %s %d", day, m, y)
	}
	if m <= 2 {
		return fmt.Sprintf("ngày %02d tháng %02d năm %d", day, int(m), y)
	}
	return fmt.Sprintf("ngày %02d tháng %d năm %d", day, int(m), y)
}

// YYMMDD gives "260205", the form inside dossier numbers (mã hồ sơ).
func (d Date) YYMMDD() string {
	if d.n == 0 {
		return ""
	}
	return d.YYYYMMDD()[2:]
}

// YYYYMMDD gives "20260205", the form of ministry dossier numbers and of the
// health-insurance interfaces.
func (d Date) YYYYMMDD() string {
	if d.n == 0 {
		return ""
	}
	var b [8]byte
	y, m, day := split(d.n)
	put(b[0:4], y)
	put(b[4:6], int(m))
	put(b[6:8], day)
	return string(b[:])
}

// Screen gives the form for screens: "1948", "05/1948" or "12/05/1948"; in
// English "1948", "May 1948", "12 May 1948".
func (p PartialDate) Screen(lang string) string {
	switch p.Precision() {
	case Nothing:
		return ""
	case ToYear:
		return fmt.Sprintf("%04d", p.year)
	case ToMonth:
		if lang == English {
			return fmt.Sprintf("%s %d", p.Month().String()[:3], p.year)
		}
		return fmt.Sprintf("%02d/%04d", p.month, p.year)
	}
	return p.First().Screen(lang)
}

// Printed gives the form for documents: "năm 1948", "tháng 5 năm 1948" or
// "ngày 12 tháng 5 năm 1948"; in English "1948", "May 1948", "12 May 1948".
func (p PartialDate) Printed(lang string) string {
	switch p.Precision() {
	case Nothing:
		return ""
	case ToYear:
		if lang == English {
			return fmt.Sprintf("%d", p.year)
		}
		return fmt.Sprintf("năm %d", p.year)
	case ToMonth:
		if lang == English {
			return fmt.Sprintf("%s %d", p.Month(), p.year)
		}
		if p.month <= 2 {
			return fmt.Sprintf("tháng %02d năm %d", p.month, p.year)
		}
		return fmt.Sprintf("tháng %d năm %d", p.month, p.year)
	}
	return p.First().Printed(lang)
}

// Screen gives an instant in Vietnamese time for screens: "05/02/2026 14:30"; in
// English "5 Feb 2026, 14:30". The zero time gives "".
func Screen(t time.Time, lang string) string {
	if t.IsZero() {
		return ""
	}
	if lang == English {
		return DateOf(t).Screen(lang) + ", " + Clock(t)
	}
	return DateOf(t).Screen(lang) + " " + Clock(t)
}

// Printed gives an instant in Vietnamese time for documents:
// "14 giờ 30 phút, ngày 05 tháng 02 năm 2026"; in English "14:30, 5 February 2026".
func Printed(t time.Time, lang string) string {
	if t.IsZero() {
		return ""
	}
	if lang == English {
		return Clock(t) + ", " + DateOf(t).Printed(lang)
	}
	local := t.In(Zone)
	return fmt.Sprintf("%02d giờ %02d phút, %s", local.Hour(), local.Minute(), DateOf(t).Printed(lang))
}

// Clock gives the time of day in Viet Nam, "14:30".
func Clock(t time.Time) string { return t.In(Zone).Format("15:04") }

// weekdays begins with Sunday, as time.Weekday does.
var weekdays = [7]string{"Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"}

// WeekdayName gives "Thứ Hai" or "Monday".
func WeekdayName(w time.Weekday, lang string) string {
	if lang == English {
		return w.String()
	}
	return weekdays[w]
}

// put writes n into b as decimal digits with leading zeros.
func put(b []byte, n int) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}
