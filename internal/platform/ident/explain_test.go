package ident

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sharedtest"
)

func TestInsurance(t *testing.T) {
	readings(t, ParseInsuranceCard,
		map[string]string{"DN4010123456789": "DN4010123456789", "dn 4 01 0123456789": "DN4010123456789", "TE-1-79-7912345678": "TE1797912345678", "QN5970123456789": "QN5970123456789"},
		map[string]string{"": "insurance-card.length", "DN401012345678": "insurance-card.length", "ZZ4010123456789": "insurance-card.object", "DN0010123456789": "insurance-card.level",
			"DN6010123456789": "insurance-card.level", "DN4000123456789": "insurance-card.place", "DN4X10123456789": "insurance-card.place", "DN401012345678A": "insurance-card.digits"})
	c := InsuranceCard("HN2380123456789")
	if c.Object() != "HN" || c.Level() != "2" || c.Place() != "38" || c.Number() != "0123456789" || c.Spaced() != "HN 2 38 0123456789" || c.Masked() != "HN238********89" {
		t.Errorf("%s %s %s %s %s %s", c.Object(), c.Level(), c.Place(), c.Number(), c.Spaced(), c.Masked())
	}
	readings(t, ParseInsuranceNumber, map[string]string{"0123456789": "0123456789", "01 2345 6789": "0123456789"},
		map[string]string{"": "insurance-number.digits", "012345678": "insurance-number.length", "01234567x9": "insurance-number.digits"})
}

func TestBusinessCodes(t *testing.T) {
	readings(t, ParseHouseholdCode, map[string]string{"41A8012345": "41A8012345", "41a8-012345": "41A8012345"},
		map[string]string{"": "household-code.format", "41A7012345": "household-code.format", "4118012345": "household-code.format", "41A80123456": "household-code.format"})
	readings(t, ParseBudgetUnit, map[string]string{"1012345": "1012345", "7 012 345": "7012345"}, map[string]string{"": "budget-unit.digits", "101234": "budget-unit.length", "101234x": "budget-unit.digits"})
	for u, want := range map[BudgetUnit]BudgetGroup{"1012345": BudgetSpender, "3012345": BudgetOther, "7012345": BudgetProject, "8012345": BudgetProject, "9012345": "", "": ""} {
		if u.Group() != want {
			t.Errorf("%q: %q", u, u.Group())
		}
	}
	readings(t, ParseFieldCode, map[string]string{"G15-TP01": "G15-TP01", "g03 – gd10": "G03-GD10"},
		map[string]string{"": "field-code.format", "G15": "field-code.format", "G15-T01": "field-code.format", "15-TP01": "field-code.format", "G15-TP0x": "field-code.format"})
	readings(t, ParseResultCode, map[string]string{"KQ.G07.000122": "KQ.G07.000122", "kq.g15.000031": "KQ.G15.000031", "000.00.00.G09-KQ002269": "000.00.00.G09-KQ002269"},
		map[string]string{"": "result-code.format", "KQ.G07.00122": "result-code.format", "KQ.07.000122": "result-code.format", "G09-KQ002269": "result-code.format", "000.00.00.G09-KQ00226": "result-code.format"})
	r := ResultCode("000.00.00.G09-KQ002269")
	if r.Agency() != "000.00.00.G09" || r.Number() != "002269" || r.Modern() != "KQ.G09.002269" || ResultCode("KQ.G07.000122").Modern() != "KQ.G07.000122" {
		t.Errorf("%s: %s, %s, %s", r, r.Agency(), r.Number(), r.Modern())
	}
	if f := FieldCode("G15-TP01"); f.Ministry() != "G15" {
		t.Errorf("%s: %s", f, f.Ministry())
	}
}

func TestAgencyIDBothWays(t *testing.T) {
	for old, modern := range map[AgencyID]AgencyID{
		"000.00.00.H41": "H41", "000.00.20.H13": "H13.20", "000.15.02.H56": "H56.02.15", "002.00.20.H13": "H13.20.00.002", "000.00.00.G22": "G22",
	} {
		if got := old.Modern(); got != modern {
			t.Errorf("%s is %s, want %s", old, got, modern)
		}
		if got, err := modern.Reversed(); err != nil || got != old {
			t.Errorf("%s reversed is %s, %v, want %s", modern, got, err, old)
		}
	}
	for _, a := range []AgencyID{"H55.242", "H15.50.05.13", "H56.15.002"} {
		if got, err := a.Reversed(); !errs.HasCode(err, "agency-id.no-old-form") {
			t.Errorf("%s reversed: %s, %v", a, got, err)
		}
	}
}

var someDay = civil.MustDate("2026-11-28")

// What people paste, what it is, and how sound.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		text   string
		kind   Kind
		state  State
		reason string
		says   string // "part=says" that must be among the parts
	}{
		{"038190001234", KindCitizen, Valid, "", "place=place"},
		{"015190001234", KindCitizen, Valid, "", "place=place-merged"},
		{"015325001234", KindCitizen, Valid, "", "place=place-either"},
		{"0380 9000 1234", KindCitizen, Valid, "", "century=century-male"},
		{"038190001234", KindCitizen, Valid, "", "century=century-female"},
		{"123190001234", KindCitizen, Valid, "", "place=place-abroad"},
		{"003190001234", KindCitizen, Doubtful, "citizen-number.place-unknown", "place=place-unknown"},
		{"038530001234", KindCitizen, Doubtful, "citizen-number.year-ahead", ""},
		{"171234567", KindOldID, Valid, "", "issuer=card-series"},
		{"0100109106", KindTax, Valid, "", "use=tax-enterprise"}, {"0101245486", KindTax, Valid, "", ""}, {"0300588569", KindTax, Valid, "", ""},
		{"0101248141", KindTax, Valid, "", ""}, {"0100100079", KindTax, Valid, "", ""},
		{"0100109106-001", KindTax, Valid, "", "branch=tax-branch"}, {"0100109106-000", KindTax, Invalid, "tax-code.branch", ""},
		{"0100109107", KindTax, Invalid, "tax-code.check-digit", ""},
		{"41A8012345", KindHousehold, Valid, "", "type=household-type"},
		{"1012345", KindBudget, Valid, "", "group=budget-spender"}, {"9012345", KindBudget, Doubtful, "budget-unit.group", ""},
		{"DN4380123456789", KindCard, Valid, "", "object=insured-DN"}, {"TE 1 79 0123456789", KindCard, Valid, "", "benefit=benefit-1"},
		{"ZZ4380123456789", KindCard, Invalid, "insurance-card.object", ""}, {"DN4990123456789", KindCard, Doubtful, "insurance-card.place-unknown", ""},
		{"H15.50.05.13", KindAgency, Valid, "", "top=agency-province"}, {"000.00.00.G22", KindAgency, Valid, "", "spelling=agency-modern"}, {"H99.1", KindAgency, Invalid, "agency-id.format", ""},
		{"1.005129", KindProcedure, Valid, "", "national=procedure-national"}, {"1.010708.000.00.00.H56", KindProcedure, Valid, "", "suffix=procedure-local"},
		{"2.000815.000.00.00.H55.02", KindProcedure, Valid, "", "suffix=procedure-service"}, {"4.005129", KindProcedure, Invalid, "procedure-code.format", ""},
		{"G03-GD10", KindField, Valid, "", "field=field"}, {"KQ.G07.000122", KindResult, Valid, "", "number=result"}, {"000.00.00.G09-KQ002269", KindResult, Valid, "", "spelling=result-modern"},
		{"H15.50.05.13-251008-0975", KindDossier, Valid, "", "number=dossier-sequence"}, {"G09.20-20260609-0092637", KindDossier, Valid, "", "day=dossier-day"},
		{"H15.50.05.13-281008-0975", KindDossier, Doubtful, "dossier-number.ahead", ""}, {"H15-261308-0975", KindDossier, Invalid, "dossier-number.date", ""},
		{"+84 912 345 678", KindPhone, Valid, "", "whole=phone-mobile"}, {"02373123456", KindPhone, Valid, "", "whole=phone-landline"},
		{"01906714478", KindCitizen, Invalid, "citizen-number.length", ""},
		{goodCard, KindQR, Valid, "", "sex=sex-female"},
		{"", KindUnknown, Invalid, "ident.unknown", ""}, {"xin chào", KindUnknown, Invalid, "ident.unknown", ""}, {"12", KindUnknown, Invalid, "ident.unknown", ""}, {"\xff", KindUnknown, Invalid, "ident.unknown", ""},
	} {
		r := Explain(c.text, someDay)[0]
		if r.Kind != c.kind || r.State() != c.state {
			t.Errorf("%q is %s, %s (%v); want %s, %s", c.text, r.Kind, r.State(), r.Reasons(), c.kind, c.state)
			continue
		}
		if c.reason != "" && !slices.ContainsFunc(r.Reasons(), func(f errs.Field) bool { return f.Code == c.reason }) {
			t.Errorf("%q: reasons %v, want %s", c.text, r.Reasons(), c.reason)
		}
		if c.says != "" && !slices.ContainsFunc(r.Parts, func(p Part) bool { return p.Name+"="+p.Says == c.says }) {
			t.Errorf("%q: parts %+v, want %s", c.text, r.Parts, c.says)
		}
	}
	// Ten digits are ambiguous, and it is said.
	if kinds := kindsOf(Explain("0100109106", someDay)); !slices.Equal(kinds, []Kind{KindTax, KindInsured}) {
		t.Errorf("kinds %v", kinds)
	}
	if kinds := kindsOf(Explain("0912345678", someDay)); !slices.Contains(kinds, KindPhone) {
		t.Errorf("kinds %v", kinds)
	}
}

func kindsOf(list []Reading) (kinds []Kind) {
	for _, r := range list {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

// Every reference card gets the verdict of the reference: the sound ones are valid, the
// others are refused or doubted for the reason given there.
func TestExplainReferenceCards(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "06-messages", "cccd-qr", "cccd_qr_synthetic.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID   string `json:"id"`
			QR   string `json:"qr"`
			Want struct {
				Valid bool   `json:"hop_le"`
				Fault string `json:"loi"`
			} `json:"ket_qua"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{
		"so_khong_du_12": "citizen-number.length", "ngay_khong_ton_tai": "card-qr.birth",
		"sai_nam_sinh_voi_so": "citizen-number.year-differs", "sai_gioi_tinh_voi_ma_the_ky": "citizen-number.sex-differs",
	}
	for _, c := range file.Cases {
		r := Explain(c.QR, civil.Date{})[0]
		var codes []string
		for _, f := range r.Reasons() {
			if f.Code != "card-qr.issued-before-birth" { // the reference makes cards so, and calls them sound
				codes = append(codes, f.Code)
			}
		}
		if c.Want.Valid != (len(codes) == 0) || !c.Want.Valid && !slices.Contains(codes, reasons[c.Want.Fault]) {
			t.Errorf("%s: %v, want valid %v, fault %q", c.ID, codes, c.Want.Valid, c.Want.Fault)
		}
		if c.Want.Valid {
			again, err := ParseCardQR(r.Value)
			first, _ := ParseCardQR(c.QR)
			if err != nil || !same(again, first) {
				t.Errorf("%s: written as %q and read as %+v, %v", c.ID, r.Value, again, err)
			}
		}
	}
}

// The merged provinces are those of the official lists: every old one has exactly one
// successor.
func TestEveryOldProvinceHasOneSuccessor(t *testing.T) {
	seen := map[string]int{}
	for _, p := range provinces2025 {
		for _, old := range strings.Fields(p.old) {
			seen[old]++
		}
	}
	for code := range birthPlaces {
		if seen[code[1:]] != 1 {
			t.Errorf("%s went into %d provinces", code, seen[code[1:]])
		}
	}
	if len(seen) != 63 || len(provinces2025) != 34 {
		t.Errorf("%d old, %d new provinces", len(seen), len(provinces2025))
	}
	if place, _ := OldPlace("15"); place.Name != "Yên Bái" || place.Now != "Lào Cai" {
		t.Errorf("15: %+v", place)
	}
	if name, _ := NewPlace("15"); name != "Lào Cai" {
		t.Errorf("15 is %s now", name)
	}
}

// Whatever a reading says has words in both languages.
func TestEverythingSaidHasWords(t *testing.T) {
	for _, lang := range []string{"vi", "en"} {
		raw, err := fs.ReadFile(Locales(), "locale/"+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatal(err)
		}
		check := func(text string) {
			for _, r := range Explain(text, someDay) {
				if err := spoken(words, r); err != nil {
					t.Errorf("%s: %q: %v", lang, text, err)
				}
			}
		}
		for _, kind := range Kinds() {
			if words["ident.kind."+string(kind)] == "" {
				t.Errorf("%s: no name for %s", lang, kind)
			}
		}
		for group := range insuredGroups {
			check(group + "4380123456789")
		}
		for _, text := range seeds {
			check(text)
		}
	}
}

func spoken(words map[string]string, r Reading) error {
	keys := []string{"ident.kind." + string(r.Kind)}
	for _, p := range r.Parts {
		keys = append(keys, "ident.part."+p.Name)
		if p.Says != "" {
			keys = append(keys, "ident.says."+p.Says)
		}
	}
	for _, f := range r.Reasons() {
		keys = append(keys, "error."+f.Code)
	}
	for _, key := range keys {
		if words[key] == "" {
			return errors.New("no words for " + key)
		}
	}
	return nil
}

var seeds = []string{
	"038190001234", "015325001234", "123190001234", "003190001234", "171234567", "991234567", "0100109106", "0100109106-001", "0100109107", "41A8012345", "1012345", "3012345", "8012345", "9012345",
	"DN4380123456789", "TE1790123456789", "QN5970123456789", "CN3380123456789", "HN2380123456789", "ZZ9990123456789", "H56.15.02", "H29", "G09.20", "A01.02", "000.15.02.H56", "002.00.20.H13", "000.00.00.G22",
	"1.005129", "1.010708.000.00.00.H56", "2.000815.000.00.00.H55.02", "G15-TP01", "KQ.G07.000122", "000.00.00.G09-KQ002269", "H56.15.02-260205-0007", "G09.20-20260609-0092637",
	"+84912345678", "02373123456", "+4915112345678", goodCard, "038190001234||A|00001990|Nữ|x|", "038090001234|171234567|A|12051991|Nữ|x|15041980", "", "x", "|||||||",
}

func FuzzExplain(f *testing.F) {
	raw, err := fs.ReadFile(Locales(), "locale/vi.json")
	if err != nil {
		f.Fatal(err)
	}
	words := map[string]string{}
	if err := json.Unmarshal(raw, &words); err != nil {
		f.Fatal(err)
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list := Explain(s, someDay)
		if len(list) == 0 {
			t.Fatalf("%+q: nothing said", s)
		}
		for _, r := range list {
			if (r.Err == nil) == (r.Value == "") {
				t.Errorf("%+q: value %q and refusal %v", s, r.Value, r.Err)
			}
			if err := spoken(words, r); err != nil {
				t.Errorf("%+q: %v", s, err)
			}
			if r.Err == nil && ExplainAs(r.Kind, r.Value, someDay).Value != r.Value {
				t.Errorf("%+q: %q is read again as %q", s, r.Value, ExplainAs(r.Kind, r.Value, someDay).Value)
			}
		}
		if a, err := ParseAgencyID(s); err == nil {
			if old, err := a.Reversed(); err == nil && old.Modern() != a.Modern() {
				t.Errorf("%q: %q: %q", a, old, old.Modern())
			}
		}
	})
}

func FuzzCodes(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		stable(t, ParseInsuranceCard, s)
		stable(t, ParseInsuranceNumber, s)
		stable(t, ParseHouseholdCode, s)
		stable(t, ParseBudgetUnit, s)
		stable(t, ParseFieldCode, s)
		stable(t, ParseResultCode, s)
	})
}
