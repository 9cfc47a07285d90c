package civil

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/platform/errs"
)

// The standard library is the independent judge of the calendar: every day from
// 0001-01-01 to 9999-12-31.
func TestEveryDayAgreesWithTime(t *testing.T) {
	want := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	d := MustDate("0001-01-01")
	last := MustDate("9999-12-31")
	step := 1
	if testing.Short() {
		step = 13
	}
	for {
		y, m, day := d.Split()
		wy, wm, wd := want.Date()
		if y != wy || m != wm || day != wd || d.Weekday() != want.Weekday() {
			t.Fatalf("day %d: %d-%d-%d %s, want %s", d.n, y, m, day, d.Weekday(), want.Format(time.RFC1123))
		}
		if back, ok := NewDate(y, m, day); !ok || back != d {
			t.Fatalf("NewDate(%d, %d, %d) = %v, %v; want %v", y, m, day, back, ok, d)
		}
		if last.DaysSince(d) < step {
			break
		}
		d = d.AddDays(step)
		want = want.AddDate(0, 0, step)
	}
	if step == 1 && d != last {
		t.Errorf("the calendar ends on %s", d)
	}
}

func TestNewDateRefusesWhatTheCalendarLacks(t *testing.T) {
	for _, c := range []struct{ y, m, d int }{
		{2026, 2, 29}, {1900, 2, 29}, {2026, 4, 31}, {2026, 13, 1}, {2026, 0, 1}, {2026, 1, 0}, {0, 1, 1}, {10000, 1, 1}, {-5, 1, 1},
	} {
		if d, ok := NewDate(c.y, time.Month(c.m), c.d); ok {
			t.Errorf("NewDate(%d, %d, %d) = %s, want refusal", c.y, c.m, c.d, d)
		}
	}
	if _, ok := NewDate(2000, 2, 29); !ok {
		t.Error("29/02/2000 exists")
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{"2026-02-05": "2026-02-05", "0001-01-01": "0001-01-01"} {
		if d, err := Parse(in); err != nil || d.String() != want {
			t.Errorf("Parse(%q) = %s, %v", in, d, err)
		}
	}
	for in, code := range map[string]string{
		"": CodeFormat, "2026-2-5": CodeFormat, "05/02/2026": CodeFormat, "2026-02-05T00:00": CodeFormat, "2026-0a-05": CodeFormat,
		"+026-02-05": CodeFormat, "2026-13-01": CodeMonth, "2026-00-01": CodeMonth, "2026-02-30": CodeNonexistent, "0000-01-01": CodeYear,
	} {
		if d, err := Parse(in); !errs.HasCode(err, code) || !d.IsZero() {
			t.Errorf("Parse(%q) = %s, %v; want %s", in, d, err, code)
		}
	}
	_, err := Parse("2025-02-29")
	e, _ := errs.As(err)
	if e.Args["last"] != 28 || e.Args["day"] != 29 || e.Args["year"] != "2025" {
		t.Errorf("args of %v: %v", err, e.Args)
	}
}

func TestParseTyped(t *testing.T) {
	for _, in := range []string{"5/2/2026", "05/02/2026", " 05-02-2026 ", "5.2.2026", "05022026", "2026-02-05", "2026/2/5", "05 02 2026"} {
		if d, err := ParseTyped(in); err != nil || d != MustDate("2026-02-05") {
			t.Errorf("ParseTyped(%q) = %s, %v", in, d, err)
		}
	}
	for in, code := range map[string]string{
		"": CodeFormat, "hôm nay": CodeFormat, "5/2": CodeYear, "5/2/26": CodeYear, "5/2/20266": CodeFormat, "31/4/2026": CodeNonexistent,
		"5/13/2026": CodeMonth, "1/2/3/2026": CodeFormat, "2026": CodeFormat, "02/2026": CodeFormat, "005/02/2026": CodeFormat, "٠٥/٠٢/٢٠٢٦": CodeFormat,
	} {
		if d, err := ParseTyped(in); !errs.HasCode(err, code) {
			t.Errorf("ParseTyped(%q) = %s, %v; want %s", in, d, err, code)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ date, printed, screen, english string }{
		{"2026-02-05", "ngày 05 tháng 02 năm 2026", "05/02/2026", "5 February 2026"},
		{"2026-01-31", "ngày 31 tháng 01 năm 2026", "31/01/2026", "31 January 2026"},
		{"2026-03-05", "ngày 05 tháng 3 năm 2026", "05/03/2026", "5 March 2026"},
		{"2026-12-10", "ngày 10 tháng 12 năm 2026", "10/12/2026", "10 December 2026"},
	} {
		d := MustDate(c.date)
		if got := d.Printed("vi"); got != c.printed {
			t.Errorf("Printed = %q, want %q", got, c.printed)
		}
		if got := d.Screen("vi"); got != c.screen {
			t.Errorf("Screen = %q, want %q", got, c.screen)
		}
		if got := d.Printed("en"); got != c.english {
			t.Errorf("Printed(en) = %q, want %q", got, c.english)
		}
	}
	if got := MustDate("2026-02-05").Screen("en"); got != "5 Feb 2026" {
		t.Errorf("Screen(en) = %q", got)
	}
	if got := MustDate("2026-02-05").YYMMDD(); got != "260205" {
		t.Errorf("YYMMDD = %q", got)
	}
	var none Date
	if s := none.String() + none.Screen("vi") + none.Printed("vi") + none.YYMMDD() + none.YYYYMMDD() + Screen(time.Time{}, "vi"); s != "" {
		t.Errorf("none is written as %q", s)
	}
	at := time.Date(2026, 2, 4, 17, 30, 0, 0, time.UTC) // already the 5th in Viet Nam
	if got := Screen(at, "vi"); got != "05/02/2026 00:30" {
		t.Errorf("Screen = %q", got)
	}
	if got := Screen(at, "en"); got != "5 Feb 2026, 00:30" {
		t.Errorf("Screen(en) = %q", got)
	}
	if got := Printed(at, "vi"); got != "00 giờ 30 phút, ngày 05 tháng 02 năm 2026" {
		t.Errorf("Printed = %q", got)
	}
	if got := WeekdayName(MustDate("2026-02-05").Weekday(), "vi"); got != "Thứ Năm" {
		t.Errorf("weekday %q", got)
	}
}

func TestMonthsEndAsTheCivilCodeSays(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2026-03-31", 6, "2026-09-30"},
		{"2026-11-30", 3, "2027-02-28"}, {"2026-03-31", -1, "2026-02-28"}, {"2026-05-15", 12, "2027-05-15"}, {"0001-01-15", -1, ""}, {"9999-12-01", 1, ""},
	} {
		if got := MustDate(c.from).AddMonths(c.months).String(); got != c.want {
			t.Errorf("%s + %d months = %s, want %s", c.from, c.months, got, c.want)
		}
	}
}

func TestAge(t *testing.T) {
	for _, c := range []struct {
		born, on string
		want     int
	}{
		{"2008-02-05", "2026-02-04", 17}, {"2008-02-05", "2026-02-05", 18}, {"2008-02-29", "2026-02-27", 17},
		{"2008-02-29", "2026-02-28", 18}, {"2008-02-29", "2028-02-28", 19}, {"2008-02-29", "2028-02-29", 20}, {"2026-02-05", "2026-02-05", 0}, {"2026-02-05", "2026-02-04", -1},
	} {
		if got := MustDate(c.born).AgeOn(MustDate(c.on)); got != c.want {
			t.Errorf("born %s is %d on %s, want %d", c.born, got, c.on, c.want)
		}
	}
}

func TestDayOfAnInstantIsTheDayInVietNam(t *testing.T) {
	for in, want := range map[string]string{
		"2026-02-04T16:59:59Z": "2026-02-04", "2026-02-04T17:00:00Z": "2026-02-05", "2026-02-05T23:59:59+07:00": "2026-02-05", "2025-12-31T12:00:00-08:00": "2026-01-01",
	} {
		at, _ := time.Parse(time.RFC3339, in)
		if got := DateOf(at).String(); got != want {
			t.Errorf("DateOf(%s) = %s, want %s", in, got, want)
		}
	}
	d := MustDate("2026-02-05")
	if d.Start().Format(time.RFC3339) != "2026-02-04T17:00:00Z" || d.End() != d.AddDays(1).Start() || !(Date{}).Start().IsZero() {
		t.Errorf("start %s, end %s", d.Start(), d.End())
	}
}

func TestDateRoundTrips(t *testing.T) {
	type record struct {
		D    Date          `json:"d"`
		P    PartialDate   `json:"p"`
		Gone Date          `json:"gone,omitzero"`
		M    map[Date]bool `json:"m"`
		At   TimeOfDay     `json:"at"`
	}
	in := record{D: MustDate("2026-02-05"), P: MustPartial("1948-05"), M: map[Date]bool{MustDate("2026-02-17"): true}, At: MustTime("15:00")}
	raw, err := json.Marshal(in)
	if want := `{"d":"2026-02-05","p":"1948-05","m":{"2026-02-17":true},"at":"15:00"}`; err != nil || string(raw) != want {
		t.Fatalf("%s, %v; want %s", raw, err, want)
	}
	var out record
	if err := json.Unmarshal(raw, &out); err != nil || out.D != in.D || out.P != in.P || !out.M[MustDate("2026-02-17")] || out.At != in.At {
		t.Errorf("%+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"d":"","p":null}`), &out); err != nil || !out.D.IsZero() {
		t.Errorf("%+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"d":"05/02/2026"}`), &out); err == nil {
		t.Error("a typed date is not an interface date")
	}
}

func TestScan(t *testing.T) {
	for _, src := range []any{"2026-02-05", []byte("2026-02-05"), time.Date(2026, 2, 5, 0, 0, 0, 0, time.UTC)} {
		var d Date
		if err := d.Scan(src); err != nil || d != MustDate("2026-02-05") {
			t.Errorf("Scan(%T) = %s, %v", src, d, err)
		}
	}
	d := MustDate("2026-02-05")
	for _, src := range []any{nil, ""} {
		if err := d.Scan(src); err != nil || !d.IsZero() {
			t.Errorf("Scan(%v) = %s, %v", src, d, err)
		}
	}
	if err := d.Scan(5.0); err == nil {
		t.Error("a float is not a date")
	}
	if v, err := (Date{}).Value(); v != nil || err != nil {
		t.Errorf("none is stored as %v, %v", v, err)
	}
	if v, _ := MustDate("2026-02-05").Value(); v != "2026-02-05" {
		t.Errorf("stored as %v", v)
	}
	var p PartialDate
	for src, want := range map[any]string{"1948": "1948", int64(1948): "1948", "1948-05": "1948-05", "": ""} {
		if err := p.Scan(src); err != nil || p.String() != want {
			t.Errorf("Scan(%v) = %s, %v", src, p, err)
		}
	}
}

func anyDate(t *rapid.T, name string) Date {
	return Date{int32(rapid.IntRange(1, int(lastOrdinal)).Draw(t, name))}
}

func TestArithmeticProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate(t, "d")
		n := rapid.IntRange(-100000, 100000).Draw(t, "n")
		if sum := d.AddDays(n); !sum.IsZero() && (sum.DaysSince(d) != n || sum.AddDays(-n) != d) {
			t.Fatalf("%s + %d = %s", d, n, sum)
		}
		if back, err := Parse(d.String()); err != nil || back != d {
			t.Fatalf("%s parses as %s, %v", d, back, err)
		}
		if back, err := ParseTyped(d.Screen("vi")); err != nil || back != d {
			t.Fatalf("%s, typed as on screen, is %s, %v", d, back, err)
		}
		if DateOf(d.At(23, 59)) != d || DateOf(d.Start()) != d {
			t.Fatalf("instants of %s lie on another day", d)
		}
	})
}

func FuzzParseTyped(f *testing.F) {
	for _, s := range []string{"5/2/2026", "05022026", "2026-02-05", "1948", "00/00/1948", "31/02/2001", "9/9/99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseTyped(s); err == nil {
			if back, err := Parse(d.String()); err != nil || back != d {
				t.Errorf("ParseTyped(%q) = %s, which is %v, %v", s, d, back, err)
			}
		} else if !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v has no public code", s, err)
		}
		if p, err := ParsePartialTyped(s); err == nil {
			if back, err := ParsePartial(p.String()); err != nil || back != p {
				t.Errorf("ParsePartialTyped(%q) = %s, which is %v, %v", s, p, back, err)
			}
			if p.First().IsZero() || p.Last().Before(p.First()) {
				t.Errorf("%q: interval %s..%s", s, p.First(), p.Last())
			}
		}
		if at, err := ParseTimeOfDay(s); err == nil && MustTime(at.String()) != at {
			t.Errorf("time %q is %s", s, at)
		}
	})
}

func BenchmarkDateOf(b *testing.B) {
	at := time.Date(2026, 2, 5, 3, 0, 0, 0, time.UTC)
	for b.Loop() {
		_ = DateOf(at)
	}
}

func BenchmarkDateString(b *testing.B) {
	d := MustDate("2026-02-05")
	for b.Loop() {
		_ = d.String()
	}
}
