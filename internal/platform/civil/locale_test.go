package civil_test

import (
	"testing"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

func TestEveryCodeHasWords(t *testing.T) {
	bundle, err := i18n.New(civil.Locales())
	if err != nil {
		t.Fatal(err)
	}
	for _, hole := range i18n.Check(bundle) {
		t.Error(hole)
	}
	for _, code := range []string{civil.CodeFormat, civil.CodeNonexistent, civil.CodeMonth, civil.CodeYear, civil.CodeTime} {
		if !bundle.Has("vi", "error."+code) {
			t.Errorf("no words for %s", code)
		}
	}
	_, err = civil.ParseTyped("31/02/2001")
	if got := bundle.T("vi", "error.date.nonexistent", "day", 31, "month", 2, "year", "2001", "last", 28); got != "Tháng 2 năm 2001 không có ngày 31, ngày cuối là 28." || err == nil {
		t.Errorf("%s", got)
	}
}
