package calendar

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

// at reads "2026-02-05 14:30" as Vietnamese time.
func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, civil.Zone)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func show(t time.Time) string { return t.In(civil.Zone).Format("2006-01-02 15:04:05.999999999") }

// office is a week of eight-hour days and nothing else.
func office() Calendar { return Calendar{Version: "test", Week: OfficeHours()} }

// police is a commune police post: it also opens on Saturday mornings.
func police() Calendar {
	c := National().Overlay(Calendar{Version: "police", Week: OfficeHours()})
	c.Week[time.Saturday] = MustHours("07:30-11:30")
	return c
}

// shortDay is an office of 7.5 hours a day.
func shortDay() Calendar {
	c := National()
	for d := time.Monday; d <= time.Friday; d++ {
		c.Week[d] = MustHours("07:30-11:30 13:30-17:00")
	}
	return c
}

func TestAdd(t *testing.T) {
	for _, c := range []struct {
		name, from string
		work       time.Duration
		want       string
	}{
		{"within the morning", "2026-03-02 08:00", 3 * time.Hour, "2026-03-02 11:00"},
		{"over lunch", "2026-03-02 10:30", 2 * time.Hour, "2026-03-02 14:30"},
		{"ends with the day, not with the next", "2026-03-02 07:30", 8 * time.Hour, "2026-03-02 17:30"},
		{"ends with the morning", "2026-03-02 07:30", 4 * time.Hour, "2026-03-02 11:30"},
		{"one minute into the next day", "2026-03-02 07:30", 8*time.Hour + time.Minute, "2026-03-03 07:31"},
		{"over a weekend", "2026-03-06 16:30", 2 * time.Hour, "2026-03-09 08:30"},
		{"received at night", "2026-03-02 22:00", time.Hour, "2026-03-03 08:30"},
		{"received before opening", "2026-03-02 05:00", time.Hour, "2026-03-02 08:30"},
		{"received at lunch", "2026-03-02 12:00", time.Hour, "2026-03-02 14:30"},
		{"received on Sunday", "2026-03-01 12:00", time.Hour, "2026-03-02 08:30"},
		{"over Tết", "2026-02-13 16:30", 2 * time.Hour, "2026-02-23 08:30"},
		{"into a make-up Saturday", "2026-08-21 16:30", 2 * time.Hour, "2026-08-22 08:30"},
		{"over swapped days off and the National Day", "2026-08-28 16:30", 2 * time.Hour, "2026-09-03 08:30"},
		{"over the New Year", "2025-12-31 16:30", 2 * time.Hour, "2026-01-05 08:30"},
		{"over a leap day", "2024-02-28 17:00", 9 * time.Hour, "2024-03-01 08:00"},
		{"no work", "2026-03-01 12:00", 0, "2026-03-01 12:00"},
		{"back within the day", "2026-03-02 11:00", -3 * time.Hour, "2026-03-02 08:00"},
		{"back over a weekend", "2026-03-09 08:30", -2 * time.Hour, "2026-03-06 16:30"},
		{"back to the latest such moment", "2026-03-02 14:30", -time.Hour, "2026-03-02 13:30"},
		{"back over Tết", "2026-02-23 08:30", -2 * time.Hour, "2026-02-13 16:30"},
	} {
		if got := show(National().Add(at(c.from), c.work)); got != show(at(c.want)) {
			t.Errorf("%s: %s + %s = %s, want %s", c.name, c.from, c.work, got, c.want)
		}
	}
}

func TestEightHoursAreOneDayWhateverTheOfficeHours(t *testing.T) {
	cal := shortDay()
	for _, start := range []string{"2026-03-02 07:30", "2026-03-02 09:17", "2026-03-03 13:30", "2026-03-04 16:59"} {
		from := at(start)
		for days := 1; days <= 2; days++ {
			want := from.AddDate(0, 0, days)
			if from.In(civil.Zone).Format("15:04") == "07:30" {
				want = cal.Closing(civil.DateOf(from).AddDays(days - 1))
			} else if from.In(civil.Zone).Format("15:04") == "13:30" {
				want = at(want.In(civil.Zone).Format("2006-01-02") + " 11:30")
			}
			if got := cal.Add(from, time.Duration(days)*FullDay); !got.Equal(want) {
				t.Errorf("%d × 8 hours after %s is %s, want %s", days, start, show(got), show(want))
			}
		}
	}
	if got := cal.Between(at("2026-03-02 00:00"), at("2026-03-07 00:00")); got != 5*FullDay {
		t.Errorf("a week of 37.5 office hours has %s working hours", got)
	}
	if got := show(cal.Add(at("2026-03-02 07:30"), time.Hour)); got != "2026-03-02 08:26:15" {
		t.Errorf("one working hour of a 7.5-hour day ends at %s", got)
	}
}

func TestHalfDays(t *testing.T) {
	cal := police()
	friday, saturday := civil.MustDate("2026-03-06"), civil.MustDate("2026-03-07")
	if !cal.IsWorking(saturday) || cal.HoursOn(saturday).Worth() != HalfDay {
		t.Fatalf("Saturday is worth %s", cal.HoursOn(saturday).Worth())
	}
	for n, want := range map[int]string{1: "2026-03-09", 2: "2026-03-10", 5: "2026-03-13", 6: "2026-03-14"} {
		// Saturday is half of the first day; the fifth is filled by Friday, the sixth half by Saturday.
		if got := cal.AddDays(friday, n).String(); got != want {
			t.Errorf("%d working days after Friday end on %s, want %s", n, got, want)
		}
	}
	if got := cal.AddDays(saturday, 1); got.String() != "2026-03-09" {
		t.Errorf("one working day after Saturday is %s", got)
	}
	if got := show(cal.Add(at("2026-03-06 17:30"), 5*time.Hour)); got != "2026-03-09 08:30:00" {
		t.Errorf("five hours after Friday evening end at %s", got)
	}
	if got := cal.WorkingDays(civil.MustDate("2026-03-02"), civil.MustDate("2026-03-08")); got != 5.5 {
		t.Errorf("the week has %v working days", got)
	}
	// A flood closes the office on Wednesday afternoon.
	flood := cal.With(civil.MustDate("2026-03-04"), Day{Kind: Special, Name: i18n.V("Bão số 1"), Hours: MustHours("07:30-11:30")})
	if got := show(flood.Add(at("2026-03-04 09:30"), 4*time.Hour)); got != "2026-03-05 09:30:00" {
		t.Errorf("four hours from 09:30 end at %s", got)
	}
	if cal.HoursOn(civil.MustDate("2026-03-04")).Worth() != FullDay {
		t.Error("With changed the calendar it was called on")
	}
}

func TestOpenings(t *testing.T) {
	cal := National()
	for in, want := range map[string]string{
		"2026-03-02 08:00": "2026-03-02 08:00", "2026-03-02 12:00": "2026-03-02 13:30", "2026-03-02 17:30": "2026-03-03 07:30", "2026-03-02 11:30": "2026-03-02 13:30",
		"2026-03-02 00:00": "2026-03-02 07:30", "2026-02-13 17:30": "2026-02-23 07:30", "2026-08-21 20:00": "2026-08-22 07:30",
	} {
		if got := show(cal.NextOpening(at(in))); got != show(at(want)) {
			t.Errorf("next opening after %s is %s, want %s", in, got, want)
		}
		if open := cal.IsOpen(at(in)); open != (in == want) {
			t.Errorf("open at %s: %v", in, open)
		}
	}
	if got := cal.OnOrAfter(civil.MustDate("2026-02-14")).String(); got != "2026-02-23" {
		t.Errorf("first working day from 14/02/2026 is %s", got)
	}
	tet := civil.MustDate("2026-02-17")
	if !cal.Opening(tet).IsZero() || !cal.Closing(tet).IsZero() || cal.IsWorking(tet) {
		t.Error("the office is open on Tết")
	}
	if got := cal.Exceptions(civil.MustDate("2026-08-01"), civil.MustDate("2026-09-30")); len(got) != 4 || got[0].Kind != MakeUp || got[3].Date.String() != "2026-09-02" {
		t.Errorf("%+v", got)
	}
}

func TestAnOfficeThatNeverOpens(t *testing.T) {
	var cal Calendar
	now := at("2026-03-02 08:00")
	if !cal.Add(now, time.Hour).IsZero() || !cal.Add(now, -time.Hour).IsZero() || !cal.NextOpening(now).IsZero() ||
		!cal.AddDays(civil.DateOf(now), 1).IsZero() || !cal.OnOrAfter(civil.DateOf(now)).IsZero() {
		t.Error("an opening was found")
	}
	if cal.Between(now, now.AddDate(1, 0, 0)) != 0 {
		t.Error("working time passed")
	}
	office := office()
	var never time.Time
	if !office.Add(never, time.Hour).IsZero() || office.Between(never, now) != 0 || office.IsOpen(never) {
		t.Error("the zero time is a time")
	}
}

func TestOverlay(t *testing.T) {
	base := National()
	national := base.Version
	own := Calendar{Version: "xa-1", Days: map[civil.Date]Day{
		civil.MustDate("2026-03-04"): {Kind: Closed, Name: i18n.V("Lũ")},
		civil.MustDate("2026-02-18"): {Kind: Special, Hours: MustHours("08:00-10:00")},
		civil.MustDate("2026-02-19"): {Kind: Ordinary},
	}}
	cal := base.Overlay(own)
	if cal.Version != national+"+xa-1" || cal.IsWorking(civil.MustDate("2026-03-04")) || cal.HoursOn(civil.MustDate("2026-02-18")).String() != "08:00-10:00" ||
		!cal.IsWorking(civil.MustDate("2026-02-19")) || cal.IsWorking(civil.MustDate("2026-02-17")) || cal.Week.IsZero() {
		t.Errorf("%s: %+v", cal.Version, cal.Exceptions(civil.MustDate("2026-02-15"), civil.MustDate("2026-03-05")))
	}
	if !base.IsWorking(civil.MustDate("2026-03-04")) {
		t.Error("the base has changed")
	}
	if cal := base.Overlay(Calendar{}); cal.Version != national || len(cal.Days) != len(base.Days) {
		t.Error("nothing laid over changes nothing")
	}
	summer := base.Overlay(Calendar{Version: "he", Week: Week{time.Monday: MustHours("07:00-11:00 13:00-17:00")}})
	if summer.IsWorking(civil.MustDate("2026-03-03")) || summer.Opening(civil.MustDate("2026-03-02")) != at("2026-03-02 07:00") {
		t.Error("own hours replace the week")
	}
	// The make-up Saturday of 22/08/2026 stands for a Monday (31/08).
	if summer.Opening(civil.MustDate("2026-08-22")) != at("2026-08-22 07:00") {
		t.Errorf("make-up Saturday opens %s", show(summer.Opening(civil.MustDate("2026-08-22"))))
	}
	if without := cal.Without(civil.MustDate("2026-03-04")); !without.IsWorking(civil.MustDate("2026-03-04")) || cal.IsWorking(civil.MustDate("2026-03-04")) {
		t.Error("Without")
	}
}

func TestCalendarJSON(t *testing.T) {
	cal := police()
	raw, err := json.Marshal(cal)
	if err != nil {
		t.Fatal(err)
	}
	var back Calendar
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(raw) {
		t.Errorf("the calendar changes on its way through JSON (%v)", err)
	}
	for d := civil.MustDate("2015-01-01"); d.Year() < 2028; d = d.AddDays(1) {
		if cal.HoursOn(d).String() != back.HoursOn(d).String() {
			t.Fatalf("%s: %s, then %s", d, cal.HoursOn(d), back.HoursOn(d))
		}
	}
	small, _ := json.Marshal(Calendar{Version: "v", Week: Week{time.Monday: MustHours("7:30-11:30")}, Days: map[civil.Date]Day{civil.MustDate("2026-03-04"): {Kind: Closed}}})
	if want := `{"version":"v","week":{"mon":"07:30-11:30"},"days":{"2026-03-04":{"kind":"closed"}}}`; string(small) != want {
		t.Errorf("%s", small)
	}
	for _, bad := range []string{`{"week":{"monday":"07:30-11:30"}}`, `{"week":{"mon":"11:30-07:30"}}`, `{"week":{"mon":"07:30-11:30 11:00-12:00"}}`, `{"week":{"mon":"7"}}`, `{"week":{"mon":"07:30-25:00"}}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestValidate(t *testing.T) {
	day := civil.MustDate("2026-03-04")
	for name, c := range map[string]struct {
		cal  Calendar
		want string
	}{
		"good":          {office(), ""},
		"never opens":   {Calendar{}, "week:calendar.never-open"},
		"odd hours":     {Calendar{Week: Week{time.Monday: Hours{{600, 500}}}}, "week.mon:calendar.hours"},
		"unknown kind":  {office().With(day, Day{Kind: "x"}), "days.2026-03-04:calendar.kind"},
		"special day":   {office().With(day, Day{Kind: Special}), "days.2026-03-04:calendar.no-hours"},
		"special hours": {office().With(day, Day{Kind: Special, Hours: Hours{{600, 500}}}), "days.2026-03-04:calendar.hours"},
	} {
		got := ""
		if e, ok := errs.As(c.cal.Validate()); ok {
			for _, f := range e.Fields {
				got += fmt.Sprintf("%s:%s", f.Name, f.Code)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// slow is the reference model: it knows the same hours, walks minute by minute and
// adds up. It shares no arithmetic with the calendar.
type slow struct{ cal Calendar }

func (s slow) open(m time.Time) bool {
	local := m.In(civil.Zone)
	minute := local.Hour()*60 + local.Minute()
	for _, session := range s.cal.HoursOn(civil.DateOf(m)) {
		if minute >= int(session.From) && minute < int(session.To) {
			return true
		}
	}
	return false
}

// add walks until so many open minutes are over.
func (s slow) add(m time.Time, minutes int) time.Time {
	for minutes > 0 {
		if s.open(m) {
			minutes--
		}
		m = m.Add(time.Minute)
	}
	return m
}

func (s slow) between(from, to time.Time) int {
	n := 0
	for m := from; m.Before(to); m = m.Add(time.Minute) {
		if s.open(m) {
			n++
		}
	}
	return n
}

// addDays walks the days of the reference lists: weekdays, holidays, Saturdays worked.
func addDaysByList(off, worked map[string]bool, from time.Time, n int) string {
	day := from
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		iso := day.Format("2006-01-02")
		weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
		if !weekend && !off[iso] || worked[iso] {
			n--
		}
	}
	return day.Format("2006-01-02")
}

// Each working day term from each day around the places where calendars go wrong:
// Tết, swaps and make-up Saturdays, the turn of the year, leap days, 30 April.
func TestThousandsOfTermsAgainstTheLists(t *testing.T) {
	off, worked := referenceDays(t)
	cal := National()
	cases := 0
	for _, span := range [][2]string{
		{"2015-02-05", "2015-03-01"}, {"2016-02-25", "2016-03-05"}, {"2018-12-20", "2019-01-15"}, {"2019-01-25", "2019-02-15"}, {"2019-04-20", "2019-05-10"}, {"2020-01-15", "2020-03-05"},
		{"2021-08-25", "2021-09-10"}, {"2022-04-01", "2022-05-10"}, {"2023-04-20", "2023-05-10"}, {"2024-02-01", "2024-03-05"}, {"2024-04-20", "2024-05-10"},
		{"2024-12-20", "2025-02-10"}, {"2025-04-01", "2025-05-10"}, {"2025-08-20", "2025-09-10"}, {"2025-12-20", "2026-03-05"}, {"2026-04-15", "2026-05-10"}, {"2026-08-15", "2026-09-10"}, {"2026-12-15", "2027-02-20"},
	} {
		for d := civil.MustDate(span[0]); !d.After(civil.MustDate(span[1])); d = d.AddDays(1) {
			for _, n := range []int{1, 2, 3, 5, 10, 15, 20, 30, 45} {
				y, m, day := d.Split()
				want := addDaysByList(off, worked, time.Date(y, m, day, 0, 0, 0, 0, time.UTC), n)
				if got := cal.AddDays(d, n).String(); got != want {
					t.Errorf("%d working days after %s: %s, want %s", n, d, got, want)
				}
				cases++
			}
		}
	}
	if cases < 500 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d cases", cases)
}

// The minute walker agrees on hundreds of terms in hours, for days worth their hours.
func TestHoursAgainstTheMinuteWalker(t *testing.T) {
	for name, cal := range map[string]Calendar{"national": National(), "police": police()} {
		model := slow{cal}
		cases := 0
		for _, day := range []string{"2015-02-13", "2018-12-28", "2019-01-04", "2024-02-07", "2024-05-03", "2025-04-25", "2026-01-09", "2026-02-13", "2026-04-24", "2026-08-21", "2024-02-28", "2025-12-31"} {
			for _, clock := range []string{"00:00", "07:29", "07:30", "10:15", "11:30", "12:00", "13:30", "17:29", "17:30", "23:59"} {
				from := at(day + " " + clock)
				for _, minutes := range []int{1, 59, 240, 241, 480, 481, 1000} {
					want := model.add(from, minutes)
					got := cal.Add(from, time.Duration(minutes)*time.Minute)
					if !got.Equal(want) {
						t.Errorf("%s: %s + %d minutes = %s, want %s", name, show(from), minutes, show(got), show(want))
					}
					if b := cal.Between(from, want); b != time.Duration(minutes)*time.Minute || model.between(from, want) != minutes {
						t.Errorf("%s: between %s and %s lie %s", name, show(from), show(want), b)
					}
					cases++
				}
			}
		}
		if cases < 500 {
			t.Errorf("only %d cases", cases)
		}
	}
}

// drawCalendar draws an office with odd hours, half days and closures.
func drawCalendar(t *rapid.T) Calendar {
	cal := National()
	menu := []string{"07:30-11:30 13:30-17:30", "07:30-11:30 13:30-17:00", "07:00-11:30 13:30-17:30", "07:30-11:30", "", "00:00-24:00", "08:00-16:30", "07:00-07:01", "07:03-11:20 13:37-16:59"}
	for d := range cal.Week {
		cal.Week[d] = MustHours(rapid.SampledFrom(menu).Draw(t, "hours"))
	}
	cal.Week[rapid.IntRange(0, 6).Draw(t, "open")] = MustHours(menu[0])
	for range rapid.IntRange(0, 5).Draw(t, "special days") {
		day := civil.MustDate("2026-01-01").AddDays(rapid.IntRange(0, 400).Draw(t, "day"))
		kind := rapid.SampledFrom([]Kind{Closed, Special, Ordinary, MakeUp}).Draw(t, "kind")
		cal = cal.With(day, Day{Kind: kind, Hours: MustHours(rapid.SampledFrom(menu[:4]).Draw(t, "special hours"))})
	}
	return cal
}

func instants() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		base := at("2026-01-01 00:00")
		if rapid.Bool().Draw(t, "whole minutes") {
			return base.Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "minute")) * time.Minute)
		}
		return base.Add(time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "ns")))
	})
}

func works() *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.OneOf(rapid.Int64Range(0, int64(40*FullDay)), rapid.Map(rapid.Int64Range(0, 100), func(n int64) int64 { return n * int64(HalfDay) })),
		func(n int64) time.Duration { return time.Duration(n) })
}

// grain is the finest step of working time: in an office open around the clock three
// nanoseconds of the clock are one of the eight hours.
const grain = 3

func TestWorkingTimeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := drawCalendar(t)
		a, b, c := instants().Draw(t, "a"), instants().Draw(t, "b"), instants().Draw(t, "c")
		if cal.Between(a, b)+cal.Between(b, c) != cal.Between(a, c) {
			t.Fatalf("not additive over %s, %s, %s: %s + %s != %s", show(a), show(b), show(c), cal.Between(a, b), cal.Between(b, c), cal.Between(a, c))
		}
		work, more := works().Draw(t, "work"), works().Draw(t, "more")
		end := cal.Add(a, work)
		if got := cal.Between(a, end); got < work || work > 0 && cal.Between(a, end.Add(-1)) >= work {
			t.Fatalf("Add(%s, %s) = %s is not the earliest: %s worked, %s a nanosecond before", show(a), work, show(end), got, cal.Between(a, end.Add(-1)))
		}
		if further := cal.Add(a, work+more); further.Before(end) {
			t.Fatalf("not monotone in duration: %s for %s, %s for %s", show(end), work, show(further), work+more)
		}
		if a.Before(b) && cal.Add(b, work).Before(end) {
			t.Fatalf("not monotone in the start")
		}
		if back := cal.Add(a, -work); back.After(a) || cal.Between(back, a) < work || work > 0 && cal.Between(back.Add(grain), a) >= work {
			t.Fatalf("Add(%s, -%s) = %s is not the latest", show(a), work, show(back))
		}
		open := cal.NextOpening(a)
		if open.Before(a) || !cal.IsOpen(open) || cal.Between(a, open) != 0 {
			t.Fatalf("next opening after %s is %s", show(a), show(open))
		}
	})
}

func TestWorkingDayProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := drawCalendar(t)
		from := civil.DateOf(instants().Draw(t, "from"))
		n, m := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(0, 60).Draw(t, "m")
		end := cal.AddDays(from, n)
		if n > 0 && (!cal.IsWorking(end) || !end.After(from)) {
			t.Fatalf("%d working days after %s end on %s", n, from, end)
		}
		if cal.AddDays(from, n+m).Before(end) || cal.AddDays(from.AddDays(m), n).Before(end) {
			t.Fatalf("not monotone")
		}
		if n > 0 {
			worked := cal.WorkingDays(from.AddDays(1), end)
			if worked < float64(n) || cal.WorkingDays(from.AddDays(1), end.AddDays(-1)) >= float64(n) {
				t.Fatalf("%v working days lie in a term of %d", worked, n)
			}
			// A term in days ends with the day in which the same term in hours ends.
			if inHours := civil.DateOf(cal.Add(from.End(), time.Duration(n)*FullDay).Add(-1)); inHours != end {
				t.Fatalf("%d days after %s: %s counted in days, %s counted in hours", n, from, end, inHours)
			}
		}
	})
}

func BenchmarkNational(b *testing.B) {
	for b.Loop() {
		_ = National()
	}
}

func BenchmarkAddDays30(b *testing.B) {
	cal, from := National(), civil.MustDate("2026-02-02")
	b.ReportAllocs()
	for b.Loop() {
		_ = cal.AddDays(from, 30)
	}
}

func BenchmarkAdd3Days(b *testing.B) {
	cal, from := National(), at("2026-02-12 10:00")
	b.ReportAllocs()
	for b.Loop() {
		_ = cal.Add(from, 3*FullDay)
	}
}
