package explain

import (
	"context"
	"testing"
	"time"

	"motcua/internal/platform/ident"
)

type names struct{}

func (names) Procedure(_ context.Context, code, _ string) string {
	if code == "1.001193" {
		return "Thủ tục đăng ký khai sinh"
	}
	return ""
}

func (names) Agency(_ context.Context, id string) string {
	if id == "H56.15" {
		return "UBND xã Mẫu"
	}
	return ""
}

func TestNamesStandBesideCodes(t *testing.T) {
	x := New(Deps{Names: names{}, Now: func() time.Time { return time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC) }})
	for text, want := range map[string]string{
		"1.001193": "Thủ tục đăng ký khai sinh", "1.001193.000.00.00.H56": "Thủ tục đăng ký khai sinh", "1.999999": "",
		"H56.15": "UBND xã Mẫu", "H56.15-260205-0007": "UBND xã Mẫu", "H56.16": "",
		"038190001234": "", "0100109106": "", // of persons and enterprises nothing is looked up
	} {
		if got := x.explain(t.Context(), text, "", "vi"); got[0].Name != want {
			t.Errorf("%q: %q, want %q", text, got[0].Name, want)
		}
	}
	if got := x.explain(t.Context(), "0123456789", string(ident.KindInsured), "vi"); len(got) != 1 || got[0].Kind != ident.KindInsured || got[0].State() != ident.Valid {
		t.Errorf("read as asked: %+v", got)
	}
}
