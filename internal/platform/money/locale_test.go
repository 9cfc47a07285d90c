package money

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
	for _, code := range []string{"format", "grouping", "fraction", "too-large"} {
		if !bundle.Has("vi", "error.money."+code) {
			t.Errorf("no words for %s", code)
		}
	}
}
