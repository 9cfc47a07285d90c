package calendar

import (
	"testing"

	"motcua/internal/platform/i18n"
)

func TestEveryCodeHasWords(t *testing.T) {
	bundle, err := i18n.New(Locales())
	if err != nil {
		t.Fatal(err)
	}
	for _, hole := range i18n.Check(bundle) {
		t.Error(hole)
	}
	for _, code := range []string{"hours", "kind", "no-hours", "never-open"} {
		if !bundle.Has("vi", "error.calendar."+code) {
			t.Errorf("no words for %s", code)
		}
	}
}

func FuzzParseHours(f *testing.F) {
	for _, s := range []string{"07:30-11:30 13:30-17:30", "7h-11h30, 13h30–17h", "", "00:00-24:00", "11:00-07:00", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHours(s)
		if err != nil {
			return
		}
		again, err := ParseHours(h.String())
		if err != nil || again.String() != h.String() || again.Worth() != h.Worth() {
			t.Errorf("%q is %q, read again %q, %v", s, h, again, err)
		}
		if h.worked(24*60*60*1e9) != h.Worth() {
			t.Errorf("%q is worth %s and works %s", s, h.Worth(), h.worked(24*60*60*1e9))
		}
	})
}
