package calendar

import (
	"slices"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

// Statutory returns the holidays of a year as they follow from the law (Bộ luật Lao
// động 2019, Điều 111 khoản 3 and Điều 112; before 2021 Bộ luật Lao động 2012, Điều
// 115), without swaps. Where the law leaves a choice to the Government it takes the
// choice of the years before: Tết is the last day of the old year and four days of
// the new one when the first falls on a Monday or Tuesday, otherwise two and three;
// the second day of the National Day (since 2021) is the one that joins a weekend.
// A test holds it against every announced year.
func Statutory(year int) map[civil.Date]Day {
	basis, inLieu := "Bộ luật Lao động 45/2019/QH14, Điều 112", "Bộ luật Lao động 45/2019/QH14, Điều 111 khoản 3"
	if year < 2021 {
		basis = "Bộ luật Lao động 10/2012/QH13, Điều 115"
		inLieu = basis + " khoản 3"
	}
	days := map[civil.Date]Day{}
	add := func(d civil.Date, name i18n.Text) { days[d] = Day{Kind: Holiday, Name: name, Basis: basis} }

	add(solar(year, time.January, 1), i18n.Text{VI: "Tết Dương lịch", EN: "New Year's Day"})
	tet := FromLunar(year, 1, 1, false)
	first := tet.AddDays(-2)
	if w := tet.Weekday(); w == time.Monday || w == time.Tuesday {
		first = tet.AddDays(-1)
	}
	for i := range 5 {
		add(first.AddDays(i), i18n.Text{VI: "Tết Nguyên đán", EN: "Lunar New Year (Tết)"})
	}
	add(FromLunar(year, 3, 10, false), i18n.Text{VI: "Giỗ Tổ Hùng Vương", EN: "Hung Kings' Commemoration Day"})
	add(solar(year, time.April, 30), i18n.Text{VI: "Ngày Chiến thắng 30/4", EN: "Reunification Day"})
	add(solar(year, time.May, 1), i18n.Text{VI: "Ngày Quốc tế lao động 1/5", EN: "International Labour Day"})
	second := solar(year, time.September, 2)
	add(second, i18n.Text{VI: "Quốc khánh", EN: "National Day"})
	if year >= 2021 {
		switch second.Weekday() {
		case time.Monday, time.Thursday, time.Sunday:
			add(second.AddDays(1), i18n.Text{VI: "Quốc khánh", EN: "National Day"})
		default:
			add(second.AddDays(-1), i18n.Text{VI: "Quốc khánh", EN: "National Day"})
		}
	}
	return lieu(days, inLieu)
}

// lieu adds the days off in lieu: for each holiday on a Saturday or Sunday, in
// order, the next day that is neither a weekend nor already off.
func lieu(days map[civil.Date]Day, basis string) map[civil.Date]Day {
	var weekend []civil.Date
	for d := range days {
		if isWeekend(d) {
			weekend = append(weekend, d)
		}
	}
	slices.SortFunc(weekend, civil.Date.Compare)
	for _, d := range weekend {
		off := d
		for taken := true; taken || isWeekend(off); _, taken = days[off] {
			off = off.AddDays(1)
		}
		days[off] = Day{Kind: InLieu, Name: days[d].Name, Basis: basis}
	}
	return days
}

func isWeekend(d civil.Date) bool {
	return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
}

func solar(year int, month time.Month, day int) civil.Date {
	d, _ := civil.NewDate(year, month, day)
	return d
}
