package ident

import (
	"testing"

	"motcua/internal/platform/errs"
)

// stable checks what holds for every parser: it never panics, a refusal has a
// public code, and the stored spelling is read back as itself.
func stable[T ~string](t *testing.T, parse func(string) (T, error), s string) {
	t.Helper()
	v, err := parse(s)
	if err != nil {
		if !errs.Is(err, errs.Invalid) || Field("f", err).Code == "invalid-input" {
			t.Errorf("%+q: refusal without a public code: %v", s, err)
		}
		return
	}
	if again, err := parse(string(v)); err != nil || again != v {
		t.Errorf("%+q is stored as %q, which is read as %q, %v", s, v, again, err)
	}
}

func FuzzParsers(f *testing.F) {
	for _, s := range []string{
		"038090001234", "0100109106-001", "+84 912.345.678", "01662345678", "842438251234", "a@b.vn", "Hường@gmail.com", "H15.50.05.13",
		"002.00.20.H13", "1.010708.000.00.00.H56", "2.000815.000.00.00.H55.02", "G09.20-20260609-0092637", "h56–260205–0007", "", "\xff", "+",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		stable(t, ParseCitizenNumber, s)
		stable(t, ParseOldIDNumber, s)
		stable(t, ParseTaxCode, s)
		stable(t, ParsePhone, s)
		stable(t, ParseEmail, s)
		stable(t, ParseAgencyID, s)
		stable(t, ParseProcedureCode, s)
		stable(t, ParseDossierNumber, s)
		if p, err := ParsePhone(s); err == nil && p.Kind() == "" {
			t.Errorf("%q has no kind", p)
		}
		if a, err := ParseAgencyID(s); err == nil {
			if a.Level() < 1 || a.Level() > 4 {
				t.Errorf("%q has level %d", a, a.Level())
			}
			for up := a; up != ""; up = up.Parent() {
				if !a.Within(up) {
					t.Errorf("%q is not within its own %q", a, up)
				}
				if _, err := ParseAgencyID(string(up)); err != nil {
					t.Errorf("parent %q of %q: %v", up, a, err)
				}
			}
		}
		if n, err := ParseDossierNumber(s); err == nil && (n.Agency() == "" || n.Date().IsZero()) {
			t.Errorf("%q: %q, %s", n, n.Agency(), n.Date())
		}
	})
}

func FuzzCardQR(f *testing.F) {
	for _, s := range []string{goodCard, goodCard + "||||", "038190001234||A|00001990|Nữ|x|", "|||||||", "038190001234||A|31022001|Nữ|x|15042021", "\ufeff|"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		card, err := ParseCardQR(s)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("%+q: %v", s, err)
			}
			return
		}
		if card.Number == "" || card.Name == "" || card.Sex == "" || card.Birth.IsZero() {
			t.Errorf("%+q is accepted with an empty field: %+v", s, card)
		}
	})
}

func BenchmarkParseCardQR(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseCardQR(goodCard); err != nil {
			b.Fatal(err)
		}
	}
}
