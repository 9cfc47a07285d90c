package civil

import (
	"testing"

	"pgregory.net/rapid"

	"motcua/internal/platform/errs"
)

func TestParsePartial(t *testing.T) {
	for _, s := range []string{"1948", "1948-05", "1948-05-12"} {
		if p, err := ParsePartial(s); err != nil || p.String() != s {
			t.Errorf("ParsePartial(%q) = %s, %v", s, p, err)
		}
	}
	for in, want := range map[string]string{
		"1948": "1948", "5/1948": "1948-05", "05/1948": "1948-05", "12/05/1948": "1948-05-12", "00/00/1948": "1948", "00/05/1948": "1948-05", "1948-05": "1948-05", "12.5.1948": "1948-05-12", "12051948": "1948-05-12",
	} {
		if p, err := ParsePartialTyped(in); err != nil || p.String() != want {
			t.Errorf("ParsePartialTyped(%q) = %s, %v; want %s", in, p, err, want)
		}
	}
	for in, code := range map[string]string{
		"": CodeFormat, "48": CodeYear, "13/1948": CodeMonth, "30/02/1948": CodeNonexistent, "12/00/1948": CodeMonth, "0000": CodeYear, "năm 1948": CodeFormat,
	} {
		if p, err := ParsePartialTyped(in); !errs.HasCode(err, code) {
			t.Errorf("ParsePartialTyped(%q) = %s, %v; want %s", in, p, err, code)
		}
	}
	for _, in := range []string{"1948-00", "1948-13", "1948-5", "48", "1948/05", "0000"} {
		if p, err := ParsePartial(in); err == nil {
			t.Errorf("ParsePartial(%q) = %s", in, p)
		}
	}
}

func TestPartialFormats(t *testing.T) {
	for _, c := range []struct{ in, screen, printed, english string }{
		{"1948", "1948", "năm 1948", "1948"},
		{"1948-02", "02/1948", "tháng 02 năm 1948", "February 1948"},
		{"1948-05", "05/1948", "tháng 5 năm 1948", "May 1948"},
		{"1948-05-02", "02/05/1948", "ngày 02 tháng 5 năm 1948", "2 May 1948"},
		{"", "", "", ""},
	} {
		var p PartialDate
		if err := p.UnmarshalText([]byte(c.in)); err != nil {
			t.Fatal(err)
		}
		if p.Screen("vi") != c.screen || p.Printed("vi") != c.printed || p.Printed("en") != c.english {
			t.Errorf("%q: %q, %q, %q", c.in, p.Screen("vi"), p.Printed("vi"), p.Printed("en"))
		}
	}
}

func TestPartialDatesCompareAsIntervals(t *testing.T) {
	for _, c := range []struct {
		p, q                 string
		before, after, equal bool
	}{
		{"1948", "1949", true, false, false},
		{"1948", "1948-05", false, false, true},
		{"1948-05", "1948-05-12", false, false, true},
		{"1948-04", "1948-05-01", true, false, false},
		{"1948-06", "1948-05-31", false, true, false},
		{"1948-05-12", "1948-05-12", false, false, true},
		{"", "1948", false, false, false},
	} {
		var p, q PartialDate
		_, _ = p.UnmarshalText([]byte(c.p)), q.UnmarshalText([]byte(c.q))
		if p.Before(q) != c.before || p.After(q) != c.after || p.MayEqual(q) != c.equal {
			t.Errorf("%q and %q: before %v, after %v, may equal %v", c.p, c.q, p.Before(q), p.After(q), p.MayEqual(q))
		}
	}
	if least, most := MustPartial("2008").AgeOn(MustDate("2026-06-15")); least != 17 || most != 18 {
		t.Errorf("born in 2008 is %d to %d", least, most)
	}
	if least, most := MustPartial("2007").AgeOn(MustDate("2026-12-31")); least != 19 || most != 19 {
		t.Errorf("born in 2007 is %d to %d at the end of 2026", least, most)
	}
}

// A partial date is before another exactly when every day it can be is before
// every day the other can be.
func TestPartialOrderProperty(t *testing.T) {
	any := rapid.Custom(func(t *rapid.T) PartialDate {
		y := rapid.IntRange(1946, 1950).Draw(t, "year")
		m := rapid.IntRange(0, 12).Draw(t, "month")
		d := 0
		if m > 0 {
			d = rapid.IntRange(0, 28).Draw(t, "day")
		}
		p, err := partial(y, m, d)
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
	rapid.Check(t, func(t *rapid.T) {
		p, q := any.Draw(t, "p"), any.Draw(t, "q")
		states := 0
		for _, b := range []bool{p.Before(q), p.After(q), p.MayEqual(q)} {
			if b {
				states++
			}
		}
		if states != 1 {
			t.Fatalf("%s and %s are in %d relations", p, q, states)
		}
		share := !p.First().After(q.Last()) && !q.First().After(p.Last())
		if p.MayEqual(q) != share {
			t.Fatalf("%s and %s: may equal %v, share a day %v", p, q, p.MayEqual(q), share)
		}
		if (p.Compare(q) == 0) != (p == q) || p.Compare(q) != -q.Compare(p) {
			t.Fatalf("%s and %s: compare %d and %d", p, q, p.Compare(q), q.Compare(p))
		}
	})
}

func TestTimeOfDay(t *testing.T) {
	for in, want := range map[string]string{"15:00": "15:00", "7:30": "07:30", "7h30": "07:30", "7h": "07:00", "7g30": "07:30", "24:00": "24:00", "0:00": "00:00"} {
		if got, err := ParseTimeOfDay(in); err != nil || got.String() != want {
			t.Errorf("ParseTimeOfDay(%q) = %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "15", "25:00", "24:01", "7:5", "7:60", "-1:00", "a:bc", "7h3"} {
		if got, err := ParseTimeOfDay(in); !errs.HasCode(err, CodeTime) {
			t.Errorf("ParseTimeOfDay(%q) = %s, %v", in, got, err)
		}
	}
	if got := MustTime("15:00").On(MustDate("2026-02-05")).UTC().Hour(); got != 8 {
		t.Errorf("15:00 in Viet Nam is %d:00 UTC", got)
	}
}
