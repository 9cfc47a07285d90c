package calendar

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/sharedtest"
)

func reference(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "03-calendar-names", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// referenceDays returns the days off of the holiday library and the swapped
// Saturdays worked, with the swaps of 2025 and 2026 that the library lacks.
func referenceDays(t *testing.T) (off, worked map[string]bool) {
	var holidays, swaps, later map[string]string
	reference(t, "holidays_vacanza_VN_2015-2027.json", &holidays)
	reference(t, "swaps_vacanza.json", &swaps)
	reference(t, "swaps_to_verify.json", &later)
	off, worked = map[string]bool{}, map[string]bool{}
	for day := range holidays {
		off[day] = true
	}
	for _, list := range []map[string]string{swaps, later} {
		for free, saturday := range list {
			if _, err := civil.Parse(free); err == nil {
				off[free], worked[saturday] = true, true
			}
		}
	}
	return off, worked
}

// Every day of 2015 to 2027: we work exactly when the reference says so.
func TestNationalAgreesWithReferenceOnEveryDay(t *testing.T) {
	off, worked := referenceDays(t)
	cal := National()
	days := 0
	for d := civil.MustDate("2015-01-01"); !d.After(civil.MustDate("2027-12-31")); d = d.AddDays(1) {
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		want := !weekend && !off[d.String()] || worked[d.String()]
		if got := cal.IsWorking(d); got != want {
			day, _ := cal.Exception(d)
			t.Errorf("%s %s: working %v, the reference says %v (%s %s)", d.Weekday(), d, got, want, day.Kind, day.Name.EN)
		}
		days++
	}
	if days != 4748 {
		t.Errorf("%d days compared", days)
	}
}

func TestWorkingDayCases(t *testing.T) {
	var file struct {
		Cases []struct {
			ID   string     `json:"id"`
			From civil.Date `json:"ngay_tiep_nhan"`
			N    int        `json:"so_ngay_lam_viec"`
			Want civil.Date `json:"ngay_hen_tra"`
		} `json:"cases"`
	}
	reference(t, "working_day_cases.json", &file)
	if len(file.Cases) < 90 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	cal := National()
	for _, c := range file.Cases {
		if got := cal.AddDays(c.From, c.N); got != c.Want {
			t.Errorf("%s: %d working days after %s is %s, want %s", c.ID, c.N, c.From, got, c.Want)
		}
	}
}

// What the law and the moon say must be what the file says: all days of all years,
// names and reasons, except the swaps, which follow from nothing.
func TestNationalFollowsFromTheLaw(t *testing.T) {
	cal := National()
	for year := 2015; year <= 2027; year++ {
		lawful := Statutory(year)
		for d, day := range lawful {
			got := cal.Days[d]
			if got.Kind != day.Kind || got.Name != day.Name || got.Basis != day.Basis {
				t.Errorf("%s: the law gives %s %s (%s), the file %s %s (%s)", d, day.Kind, day.Name, day.Basis, got.Kind, got.Name, got.Basis)
			}
		}
		for d, day := range cal.Days {
			if d.Year() != year || day.Kind == SwapOff || day.Kind == MakeUp {
				continue
			}
			if _, ok := lawful[d]; !ok {
				t.Errorf("%s: %s %s does not follow from the law", d, day.Kind, day.Name)
			}
		}
	}
}

func TestSwapsArePairs(t *testing.T) {
	cal := National()
	pairs := 0
	for d, day := range cal.Days {
		switch day.Kind {
		case SwapOff:
			pairs++
			other := cal.Days[day.Pair]
			if other.Kind != MakeUp || other.Pair != d || other.Name != day.Name {
				t.Errorf("%s is off for %s, which says %+v", d, day.Pair, other)
			}
			if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
				t.Errorf("%s is a weekend and needs no swap", d)
			}
		case MakeUp:
			if cal.Days[day.Pair].Kind != SwapOff || d.Weekday() != time.Saturday {
				t.Errorf("%s makes up for %s", d, day.Pair)
			}
			if !cal.IsWorking(d) || cal.HoursOn(d).String() != "07:30-11:30 13:30-17:30" {
				t.Errorf("%s is worked %q", d, cal.HoursOn(d))
			}
		}
	}
	if pairs != 9 {
		t.Errorf("%d swaps since 2015, want 9", pairs)
	}
}

func TestProvisionalDays(t *testing.T) {
	cal := National()
	known := KnownTo()
	if known.String() != "2026-12-31" {
		t.Errorf("announced up to %s", known)
	}
	for d, day := range cal.Days {
		if day.Provisional != d.After(known) {
			t.Errorf("%s: provisional %v", d, day.Provisional)
		}
		if day.Name.VI == "" || day.Name.EN == "" || day.Basis == "" {
			t.Errorf("%s lacks a name or a basis: %+v", d, day)
		}
	}
	// A term that runs past the data meets Tết 2028 (26 January) all the same.
	if got := cal.AddDays(civil.MustDate("2028-01-21"), 1); got.String() != "2028-01-31" {
		t.Errorf("one working day after 21/01/2028 is %s", got)
	}
	if err := cal.Validate(); err != nil {
		t.Error(err)
	}
	cal.Days[known] = Day{Kind: Closed}
	if _, ok := National().Days[known]; ok {
		t.Error("a change to one copy reaches another")
	}
}

func TestReaderRefusesMistakes(t *testing.T) {
	const head = "version v\nfixed-to 2026-12-31\nname tet Tết | Tết\nbasis L Luật\nyear 2026\n"
	if _, err := readNational(head + "02-17..18 tet L\n"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"02-30 tet L", "02-17 tat L", "02-17 tet M", "02-17 tet", "02-17 off tet L", "02-17 off tet = 02-99 L", "02-17 tet L\n02-17 tet L", "year x", "name one", "02-17..99 tet L", "hello",
	} {
		if _, err := readNational(head + line + "\n"); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q is accepted: %v", line, err)
		}
	}
}

func TestLunarCalendar(t *testing.T) {
	// Known days of the Vietnamese calendar, among them the years in which Tết
	// differs from the Chinese New Year: 1968, 1985, 2007, 2030.
	for date, want := range map[string]Lunar{
		"1968-01-29": {1968, 1, false, 1}, "1985-01-21": {1985, 1, false, 1}, "2000-02-05": {2000, 1, false, 1}, "2007-02-17": {2007, 1, false, 1},
		"2024-02-09": {2023, 12, false, 30}, "2024-02-10": {2024, 1, false, 1}, "2025-01-28": {2024, 12, false, 29}, "2025-01-29": {2025, 1, false, 1},
		"2025-04-07": {2025, 3, false, 10}, "2025-07-25": {2025, 6, true, 1}, "2025-07-24": {2025, 6, false, 30}, "2026-02-17": {2026, 1, false, 1}, "2026-09-25": {2026, 8, false, 15},
		"2027-02-05": {2026, 12, false, 29}, "2030-02-02": {2030, 1, false, 1}, "2020-05-23": {2020, 4, true, 1}, "2023-03-22": {2023, 2, true, 1}, "2033-12-22": {2033, 11, true, 1},
	} {
		d := civil.MustDate(date)
		if got := LunarOf(d); got != want {
			t.Errorf("%s is %+v, want %+v", date, got, want)
		}
		if got := FromLunar(want.Year, want.Month, want.Day, want.Leap); got != d {
			t.Errorf("%+v is %s, want %s", want, got, date)
		}
	}
	if got := FromLunar(2026, 6, 1, true); !got.IsZero() {
		t.Errorf("2026 has no leap month, got %s", got)
	}
	if got := FromLunar(2026, 12, 30, false); !got.IsZero() {
		t.Errorf("the last month of Bính Ngọ has 29 days, got %s", got)
	}
	if got := LunarOf(civil.MustDate("2025-08-01")).String(); got != "8/6 nhuận âm lịch" {
		t.Errorf("%q", got)
	}
}

// Day follows day: months of 29 or 30 days, twelve or thirteen to a year, and the
// way back leads to where it came from.
func TestLunarDaysFollowEachOther(t *testing.T) {
	before := LunarOf(civil.MustDate("1999-12-31"))
	for d := civil.MustDate("2000-01-01"); d.Year() < 2060; d = d.AddDays(1) {
		l := LunarOf(d)
		if l.Day != before.Day+1 && (l.Day != 1 || before.Day < 29) {
			t.Fatalf("%s: %+v after %+v", d, l, before)
		}
		if l.Day == 1 {
			next := before.Month%12 + 1
			if l.Month != next && (l.Month != before.Month || !l.Leap) || (l.Year != before.Year) != (l.Month == 1 && !l.Leap) {
				t.Fatalf("%s: month %+v after %+v", d, l, before)
			}
		}
		if back := FromLunar(l.Year, l.Month, l.Day, l.Leap); back != d {
			t.Fatalf("%s is %+v, which is %s", d, l, back)
		}
		before = l
	}
}
