package ident

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// readings runs one table through a parser: what is read as what, and what is
// refused with which code.
func readings[T ~string](t *testing.T, parse func(string) (T, error), good, refused map[string]string) {
	t.Helper()
	for in, want := range good {
		if got, err := parse(in); err != nil || string(got) != want {
			t.Errorf("%q is read as %q, %v; want %q", in, got, err, want)
		}
	}
	for in, code := range refused {
		got, err := parse(in)
		if !errs.HasCode(err, code) || !errs.Is(err, errs.Invalid) || got != "" {
			t.Errorf("%q is read as %q, %v; want refusal %s", in, got, err, code)
		}
	}
}

func TestCitizenNumber(t *testing.T) {
	readings(t, ParseCitizenNumber,
		map[string]string{"038090001234": "038090001234", " 038 090 001 234 ": "038090001234", "038.090.001.234": "038090001234", "038-090-001-234": "038090001234"},
		map[string]string{"": "citizen-number.digits", "171234567": "citizen-number.old-id", "03809000123": "citizen-number.length", "0380900012345": "citizen-number.length",
			"03809000123O": "citizen-number.digits", "٠٣٨٠٩٠٠٠١٢٣٤": "citizen-number.digits", "+38090001234": "citizen-number.digits"})
	_, err := ParseCitizenNumber("03809000123")
	if f := Field("owner_no", err); f.Name != "owner_no" || f.Code != "citizen-number.length" || f.Args["got"] != 11 {
		t.Errorf("field %+v", f)
	}
	if got := CitizenNumber("038090001212").Masked(); got != "0380******12" {
		t.Errorf("masked %q", got)
	}
}

func TestCitizenNumberExplains(t *testing.T) {
	for in, want := range map[CitizenNumber]Explanation{
		"038090001234": {"038", "Thanh Hóa", Male, 1990},
		"038190001234": {"038", "Thanh Hóa", Female, 1990},
		"001205001234": {"001", "Hà Nội", Male, 2005},
		"079305001234": {"079", "Hồ Chí Minh", Female, 2005},
		"001405001234": {"001", "Hà Nội", Male, 2105},
		"001905001234": {"001", "Hà Nội", Female, 2305},
		"132090001234": {"132", "", Male, 1990},
		"":             {},
	} {
		if got := in.Explain(); got != want {
			t.Errorf("%s: %+v, want %+v", in, got, want)
		}
	}
	if len(birthPlaces) != 63 {
		t.Errorf("%d provinces at the time of numbering, want 63", len(birthPlaces))
	}
}

func TestCitizenNumberWarnsButNeverRefuses(t *testing.T) {
	n := CitizenNumber("038190001234")
	for _, c := range []struct {
		sex   Sex
		birth string
		want  string
	}{
		{Female, "1990-05-12", ""}, {Female, "1990", ""}, {"", "", ""},
		{Male, "1990", "citizen-number.sex-differs"},
		{Female, "1991", "citizen-number.year-differs"},
		{Male, "1991-01", "citizen-number.sex-differs citizen-number.year-differs"},
	} {
		var birth civil.PartialDate
		_ = birth.UnmarshalText([]byte(c.birth))
		var codes []string
		for _, w := range n.Warnings(c.sex, birth) {
			codes = append(codes, w.Code)
		}
		if got := strings.Join(codes, " "); got != c.want {
			t.Errorf("%s born %s: %q, want %q", c.sex, c.birth, got, c.want)
		}
	}
}

func TestOldIDNumber(t *testing.T) {
	readings(t, ParseOldIDNumber,
		map[string]string{"171 234 567": "171234567", "012345678": "012345678"},
		map[string]string{"": "old-id.digits", "17123456": "old-id.length", "038090001234": "old-id.length", "17123456A": "old-id.digits"})
	if got := OldIDNumber("171234567").Masked(); got != "17*****67" {
		t.Errorf("masked %q", got)
	}
}

func TestTaxCode(t *testing.T) {
	readings(t, ParseTaxCode,
		map[string]string{
			"0100109106": "0100109106", "0101245486": "0101245486", "0300588569": "0300588569", "0101248141": "0101248141", "0100100079": "0100100079",
			"0100109106-001": "0100109106-001", "0100109106001": "0100109106-001", "0100109106 - 999": "0100109106-999", "038090001234": "038090001234",
		},
		map[string]string{
			"": "tax-code.digits", "010010910": "tax-code.length", "01001091066": "tax-code.length", "0100109107": "tax-code.check-digit", "0100109106-000": "tax-code.branch",
			"0100109107-001": "tax-code.check-digit", "41A8012345": "tax-code.digits", "0000000000": "tax-code.check-digit",
		})
	for code, want := range map[TaxCode]TaxKind{"0100109106": TaxEnterprise, "0100109106-001": TaxBranch, "038090001234": TaxPerson, "": ""} {
		if code.Kind() != want {
			t.Errorf("%q is of kind %q", code, code.Kind())
		}
	}
	if h := TaxCode("0100109106-001").Head(); h != "0100109106" {
		t.Errorf("head %q", h)
	}
	if m := TaxCode("038090001212").Masked(); m != "0380******12" {
		t.Errorf("masked %q", m)
	}
	if m := TaxCode("0100109106").Masked(); m != "0100109106" {
		t.Errorf("the code of an organisation is public, masked %q", m)
	}
}

// One mistyped digit is always found: the check digit is worth its name.
func TestTaxCodeFindsEverySingleTypo(t *testing.T) {
	for _, good := range []string{"0100109106", "0101245486", "0300588569", "0101248141", "0100100079"} {
		for i := range 10 {
			for c := byte('0'); c <= '9'; c++ {
				typo := []byte(good)
				if typo[i] == c {
					continue
				}
				typo[i] = c
				if _, err := ParseTaxCode(string(typo)); err == nil {
					t.Errorf("%s passes as %s", good, typo)
				}
			}
		}
	}
}

func TestPhone(t *testing.T) {
	readings(t, ParsePhone,
		map[string]string{
			"0912345678": "0912345678", "0912 345 678": "0912345678", "091.234.5678": "0912345678", "+84912345678": "0912345678", "(+84) 912 345 678": "0912345678",
			"84912345678": "0912345678", "0084912345678": "0912345678", "+84 0912345678": "0912345678", "912345678": "0912345678",
			"01662345678": "0362345678", "01692345678": "0392345678", "01202345678": "0702345678", "01272345678": "0812345678", "01882345678": "0582345678", "+841662345678": "0362345678",
			"02373123456": "02373123456", "024 3825 1234": "02438251234", "+842438251234": "02438251234", "(0237) 3123456": "02373123456",
			"+4915112345678": "+4915112345678", "+1 202 555 0123": "+12025550123",
		},
		map[string]string{
			"": "phone.digits", "+": "phone.digits", "abc": "phone.digits", "091234567": "phone.length", "09123456789": "phone.length", "0412345678": "phone.prefix", "0112345678": "phone.prefix",
			"0612345678": "phone.prefix", "3825123": "phone.area-code", "38251234": "phone.area-code", "0237312345": "phone.length", "+84": "phone.length", "0": "phone.length",
			"+12": "phone.length", "+0912345678": "phone.length", "0000000000": "phone.prefix", "1022": "phone.prefix", "19001022": "phone.area-code",
		})
	for p, want := range map[Phone]PhoneKind{"0912345678": PhoneMobile, "02373123456": PhoneLandline, "+4915112345678": PhoneForeign, "": ""} {
		if p.Kind() != want {
			t.Errorf("%q is %q", p, p.Kind())
		}
	}
	if Phone("0912345678").E164() != "+84912345678" || Phone("+4915112345678").E164() != "+4915112345678" {
		t.Error("E164")
	}
	if m := Phone("0912345621").Masked(); m != "09******21" {
		t.Errorf("masked %q", m)
	}
	if m := Phone("12").Masked(); m != "**" {
		t.Errorf("masked %q", m)
	}
}

func TestEmail(t *testing.T) {
	readings(t, ParseEmail,
		map[string]string{" An.Nguyen@Example.VN ": "An.Nguyen@example.vn", "a+b@x-y.gov.vn": "a+b@x-y.gov.vn", "mailto:a@b.vn": "a@b.vn"},
		map[string]string{
			"": "email.format", "an": "email.format", "@b.vn": "email.format", "an@": "email.format", "an@localhost": "email.domain", "an@b..vn": "email.domain", "an@-b.vn": "email.domain",
			"an@b.v": "email.domain", "an@1.2.3.4": "email.domain", "a n@b.vn": "email.format", ".a@b.vn": "email.format", "a..b@b.vn": "email.format", "hường@gmail.com": "email.marks",
			"a@b@c.vn": "email.format", strings.Repeat("a", 65) + "@b.vn": "email.length", "<a@b.vn>": "email.format", "a@b_c.vn": "email.domain",
		})
	_, err := ParseEmail("Hường.Đặng@gmail.com")
	if e, _ := errs.As(err); e.Args["suggestion"] != "Huong.Dang@gmail.com" {
		t.Errorf("suggestion %v", e.Args)
	}
	if m := Email("huong@gmail.com").Masked(); m != "h***@gmail.com" {
		t.Errorf("masked %q", m)
	}
}

func TestAgencyID(t *testing.T) {
	readings(t, ParseAgencyID,
		map[string]string{"H56": "H56", "h55.242": "H55.242", "H15.50.05.13": "H15.50.05.13", "G09.20": "G09.20", "000.00.00.H41": "000.00.00.H41", "002.00.20.H13": "002.00.20.H13"},
		map[string]string{"": "agency-id.format", "H5": "agency-id.format", "H56.1": "agency-id.format", "H56.1234": "agency-id.format", "H56.01.02.03.04": "agency-id.format",
			"00.00.00.H41": "agency-id.format", "000.00.00.041": "agency-id.format", "56": "agency-id.format", "H56.": "agency-id.format", "H56..01": "agency-id.format"})
	for _, c := range []struct {
		id, parent AgencyID
		level      int
		top        string
	}{
		{"H56", "", 1, "H56"}, {"H56.15", "H56", 2, "H56"}, {"H15.50.05.13", "H15.50.05", 4, "H15"},
		{"000.00.00.H41", "", 1, "H41"}, {"000.00.20.H13", "000.00.00.H13", 2, "H13"}, {"000.05.20.H13", "000.00.20.H13", 3, "H13"},
		{"002.05.20.H13", "000.05.20.H13", 4, "H13"}, {"002.00.20.H13", "000.00.20.H13", 4, "H13"},
	} {
		if c.id.Level() != c.level || c.id.Parent() != c.parent || c.id.Top() != c.top {
			t.Errorf("%s: level %d, parent %q, top %q", c.id, c.id.Level(), c.id.Parent(), c.id.Top())
		}
	}
	for _, c := range []struct {
		a, b   AgencyID
		within bool
	}{
		{"H56.15.02", "H56", true}, {"H56.15.02", "H56.15.02", true}, {"H56.15.02", "H56.15", true}, {"H56.150", "H56.15", false}, {"H56", "H56.15", false},
		{"000.05.20.H13", "000.00.20.H13", true}, {"000.05.20.H13", "000.00.21.H13", false}, {"000.05.20.H13", "H13", false}, {"", "H56", false}, {"H56", "", false},
	} {
		if got := c.a.Within(c.b); got != c.within {
			t.Errorf("%s within %s: %v", c.a, c.b, got)
		}
	}
}

func TestProcedureCode(t *testing.T) {
	readings(t, ParseProcedureCode,
		map[string]string{"1.001193": "1.001193", " 2.000815 ": "2.000815", "1.010708.000.00.00.h56": "1.010708.000.00.00.H56", "2.000815.000.00.00.H55.02": "2.000815.000.00.00.H55.02",
			"1.010708.H56": "1.010708.H56"},
		map[string]string{"": "procedure-code.format", "4.001193": "procedure-code.format", "1.00119": "procedure-code.format", "1.0011933": "procedure-code.format",
			"1-001193": "procedure-code.format", "1.001193.": "procedure-code.format", "1.001193.000.00.00": "procedure-code.format", "1.001193.XYZ": "procedure-code.format"})
	for _, c := range []struct {
		code, national ProcedureCode
		agency         AgencyID
	}{
		{"1.001193", "1.001193", ""}, {"1.010708.000.00.00.H56", "1.010708", "H56"}, {"2.000815.000.00.00.H55.02", "2.000815", "H55.02"}, {"1.010708.H56", "1.010708", "H56"},
	} {
		if c.code.National() != c.national || c.code.Agency() != c.agency {
			t.Errorf("%s: %q, %q", c.code, c.code.National(), c.code.Agency())
		}
	}
}

func TestDossierNumber(t *testing.T) {
	readings(t, ParseDossierNumber,
		map[string]string{"H15.50.05.13-261008-0975": "H15.50.05.13-261008-0975", "h56.15.02 – 260205 – 0007": "H56.15.02-260205-0007", "G09.20-20260609-0092637": "G09.20-20260609-0092637",
			"000.15.02.H56-250101-0001": "000.15.02.H56-250101-0001"},
		map[string]string{"": "dossier-number.format", "H56": "dossier-number.format", "H56-260205": "dossier-number.format", "H56-260205-007": "dossier-number.format", "H56-261305-0007": "dossier-number.date",
			"H56-260230-0007": "dossier-number.date", "56-260205-0007": "dossier-number.agency", "H56-26020-0007": "dossier-number.date", "H56-260205-0007-1": "dossier-number.format", "H56-abcdef-0007": "dossier-number.format"})
	n := NewDossierNumber("H56.15.02", civil.MustDate("2026-02-05"), 7)
	if n != "H56.15.02-260205-0007" || n.Agency() != "H56.15.02" || n.Date() != civil.MustDate("2026-02-05") || n.Sequence() != 7 {
		t.Errorf("%s: %s, %s, %d", n, n.Agency(), n.Date(), n.Sequence())
	}
	if n := NewDossierNumber("H56", civil.MustDate("2026-02-05"), 12345); n != "H56-260205-12345" || n.Sequence() != 12345 {
		t.Errorf("beyond 9999: %s", n)
	}
	if n := DossierNumber("G09.20-20260609-0092637"); n.Date() != civil.MustDate("2026-06-09") || n.Sequence() != 92637 {
		t.Errorf("ministry: %s, %d", n.Date(), n.Sequence())
	}
}

// Every code that a parser can give has words in both languages.
func TestEveryCodeHasWords(t *testing.T) {
	for _, lang := range []string{"vi", "en"} {
		raw, err := fs.ReadFile(Locales(), "locale/"+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatal(err)
		}
		for _, code := range publicCodes {
			if words["error."+code] == "" {
				t.Errorf("%s: no words for %s", lang, code)
			}
		}
		errors := 0
		for key := range words {
			if strings.HasPrefix(key, "error.") {
				errors++
			}
		}
		if errors != len(publicCodes) {
			t.Errorf("%s: %d words for %d codes", lang, errors, len(publicCodes))
		}
	}
}

// publicCodes are the codes that the documentation of the parsers names.
var publicCodes = strings.Fields(`
citizen-number.digits citizen-number.length citizen-number.old-id citizen-number.sex-differs citizen-number.year-differs
old-id.digits old-id.length
tax-code.digits tax-code.length tax-code.check-digit tax-code.branch
phone.digits phone.length phone.prefix phone.area-code
email.format email.domain email.length email.marks
agency-id.format agency-id.no-old-form procedure-code.format field-code.format result-code.format
citizen-number.place-unknown citizen-number.year-ahead
insurance-number.digits insurance-number.length
insurance-card.length insurance-card.object insurance-card.level insurance-card.place insurance-card.digits insurance-card.place-unknown
household-code.format budget-unit.digits budget-unit.length budget-unit.group
dossier-number.ahead ident.unknown
dossier-number.format dossier-number.agency dossier-number.date
card-qr.format card-qr.name card-qr.sex card-qr.birth card-qr.issued card-qr.issued-before-birth`)
