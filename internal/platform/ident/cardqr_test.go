package ident

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/text/unicode/norm"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sharedtest"
)

const goodCard = "038190001234|171234567|Nguyễn Thị Hường|12051990|Nữ|Thôn 1, Xã Hoằng Hóa, Thanh Hóa|15042021"

func TestCardQR(t *testing.T) {
	card, err := ParseCardQR(goodCard)
	want := CardQR{
		Number: "038190001234", OldID: "171234567", Name: "Nguyễn Thị Hường", Birth: civil.MustPartial("1990-05-12"), Sex: Female,
		Address: "Thôn 1, Xã Hoằng Hóa, Thanh Hóa", Issued: civil.MustDate("2021-04-15"),
	}
	if err != nil || !same(card, want) {
		t.Errorf("%+v, %v", card, err)
	}
}

func same(a, b CardQR) bool {
	codes := func(c CardQR) (list []string) {
		for _, w := range c.Warnings {
			list = append(list, w.Code)
		}
		return list
	}
	warnings := slices.Equal(codes(a), codes(b))
	a.Warnings, b.Warnings = nil, nil
	return warnings && a.Number == b.Number && a.OldID == b.OldID && a.Name == b.Name && a.Birth == b.Birth &&
		a.Sex == b.Sex && a.Address == b.Address && a.Issued == b.Issued
}

func TestCardQRToleratesScannersAndCards(t *testing.T) {
	want, err := ParseCardQR(goodCard)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"trailing bars":   goodCard + "||||",
		"further fields":  goodCard + "|Vợ|Chồng|x",
		"line end":        goodCard + "\r\n",
		"byte order mark": "\ufeff" + goodCard,
		"decomposed":      norm.NFD.String(goodCard),
		"spaces":          " 038190001234 | 171234567 | Nguyễn  Thị Hường | 12051990 | NỮ | Thôn 1, Xã Hoằng Hóa, Thanh Hóa | 15042021",
	} {
		if got, err := ParseCardQR(in); err != nil || !same(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for in, birth := range map[string]string{
		"038190001234||A|1990|Nữ|x|":            "1990",
		"038190001234||A|00001990|Nữ|x|":        "1990",
		"038190001234||A|12051990|Nữ|x":         "1990-05-12",
		"038190001234||A|12051990|Nữ|x|||||":    "1990-05-12",
		"038190001234||Lê Ðắc|12051990|nu|x||":  "1990-05-12",
		"038190001234||A|12051990|Nữ||15042021": "1990-05-12",
	} {
		if got, err := ParseCardQR(in); err != nil || got.Birth.String() != birth || got.OldID != "" {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}

func TestCardQRSaysWhyItRefuses(t *testing.T) {
	for in, code := range map[string]string{
		"":                                "card-qr.format",
		"https://example.vn":              "card-qr.format",
		"038190001234|171234567|A":        "card-qr.format",
		"\xff|171234567|A|12051990|Nữ|x|": "card-qr.format",
		"03819000123||A|12051990|Nữ|x|15042021":             "citizen-number.length",
		"171234567||A|12051990|Nữ|x|15042021":               "citizen-number.old-id",
		"038190001234|17123|A|12051990|Nữ|x|15042021":       "old-id.length",
		"038190001234|| . |12051990|Nữ|x|15042021":          "card-qr.name",
		"038190001234||A|31022001|Nữ|x|15042021":            "card-qr.birth",
		"038190001234||A|1205199|Nữ|x|15042021":             "card-qr.birth",
		"038190001234||A|12051990|?|x|15042021":             "card-qr.sex",
		"038190001234||A|12051990|Nữ|x|15132021":            "card-qr.issued",
		"038190001234||A|12051990|Nữ|x|ngày 15 tháng 4":     "card-qr.issued",
		string(make([]byte, maxQR+1)) + "|||||||||||||||||": "card-qr.format",
	} {
		if got, err := ParseCardQR(in); !errs.HasCode(err, code) {
			t.Errorf("%.60q: %+v, %v; want %s", in, got, err, code)
		}
	}
	_, err := ParseCardQR("038190001234||A|31022001|Nữ|x|15042021")
	if e, _ := errs.As(err); e.Args["reason"] != civil.CodeNonexistent || e.Args["last"] != 28 {
		t.Errorf("args %v", e.Args)
	}
}

// The reference cards: the valid ones are read field by field; of the others, what
// cannot be read is refused and what is only implausible is a warning.
func TestCardQRAgainstReferenceCards(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "06-messages", "cccd-qr", "cccd_qr_synthetic.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID   string `json:"id"`
			QR   string `json:"qr"`
			Want struct {
				Valid   bool   `json:"hop_le"`
				Number  string `json:"so_dinh_danh"`
				OldID   string `json:"so_cmnd_cu"`
				Name    string `json:"ho_ten"`
				Birth   string `json:"ngay_sinh"`
				Sex     string `json:"gioi_tinh"`
				Address string `json:"dia_chi"`
				Issued  string `json:"ngay_cap"`
				Fault   string `json:"loi"`
			} `json:"ket_qua"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 50 {
		t.Fatalf("only %d cards", len(file.Cases))
	}
	refusals := map[string]string{"so_khong_du_12": "citizen-number.length", "ngay_khong_ton_tai": "card-qr.birth"}
	warnings := map[string]string{"sai_nam_sinh_voi_so": "citizen-number.year-differs", "sai_gioi_tinh_voi_ma_the_ky": "citizen-number.sex-differs"}
	for _, c := range file.Cases {
		card, err := ParseCardQR(c.QR)
		if code, ok := refusals[c.Want.Fault]; ok {
			if !errs.HasCode(err, code) {
				t.Errorf("%s (%s): %v, want %s", c.ID, c.Want.Fault, err, code)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		if code, ok := warnings[c.Want.Fault]; ok {
			if !slices.ContainsFunc(card.Warnings, func(w errs.Field) bool { return w.Code == code }) {
				t.Errorf("%s (%s): warnings %v, want %s", c.ID, c.Want.Fault, card.Warnings, code)
			}
			continue
		}
		if !c.Want.Valid {
			t.Errorf("%s: unknown fault %s", c.ID, c.Want.Fault)
			continue
		}
		sex := map[string]Sex{"Nam": Male, "Nữ": Female}[c.Want.Sex]
		want := CardQR{
			Number: CitizenNumber(c.Want.Number), OldID: OldIDNumber(c.Want.OldID), Birth: civil.MustPartial(c.Want.Birth),
			Sex: sex, Issued: civil.MustDate(c.Want.Issued), Warnings: card.Warnings,
			Name: foldEth(c.Want.Name), Address: foldEth(c.Want.Address),
		}
		if !same(card, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.ID, card, want)
		}
		for _, w := range card.Warnings { // some reference cards are issued before birth; nothing else may be said
			if w.Code != "card-qr.issued-before-birth" {
				t.Errorf("%s: warning %s on a valid card", c.ID, w.Code)
			}
		}
	}
}

// foldEth is the one repair that reading makes: some reference names have Ð for Đ.
func foldEth(s string) string {
	out := []rune(norm.NFC.String(s))
	for i, r := range out {
		if r == 'Ð' {
			out[i] = 'Đ'
		}
	}
	return string(out)
}

func TestReferencePeopleHaveSoundNumbers(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "03-calendar-names", "synthetic_people.json"))
	if err != nil {
		t.Fatal(err)
	}
	var people []struct {
		Number   string `json:"so_dinh_danh"`
		Sex      string `json:"gioi_tinh"`
		Birth    string `json:"ngay_sinh"`
		Province string `json:"ma_tinh_cu"`
	}
	if err := json.Unmarshal(raw, &people); err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		n, err := ParseCitizenNumber(p.Number)
		if err != nil {
			t.Errorf("%s: %v", p.Number, err)
			continue
		}
		sex := map[string]Sex{"Nam": Male, "Nữ": Female}[p.Sex]
		if w := n.Warnings(sex, civil.MustPartial(p.Birth)); len(w) != 0 {
			t.Errorf("%s, %s, %s: %v", p.Number, p.Sex, p.Birth, w)
		}
		if e := n.Explain(); e.PlaceCode[1:] != p.Province || e.Place == "" {
			t.Errorf("%s of province %s: %+v", p.Number, p.Province, e)
		}
	}
}

// The names of provinces in our table are those of the official list of 63.
func TestBirthPlacesAreTheOldProvinces(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "01-admin", "before-2025-07", "vn_units_63_provinces.json"))
	if err != nil {
		t.Fatal(err)
	}
	var provinces []struct {
		Code string `json:"Code"`
		Name string `json:"Name"`
	}
	if err := json.Unmarshal(raw, &provinces); err != nil {
		t.Fatal(err)
	}
	if len(provinces) != 63 {
		t.Fatalf("%d provinces", len(provinces))
	}
	for _, p := range provinces {
		if p.Code == "46" { // the list is of 2025, when Thừa Thiên Huế had become the city of Huế
			p.Name = "Thừa Thiên Huế"
		}
		if got := birthPlaces["0"+p.Code]; fold.Key(got) != fold.Key(p.Name) {
			t.Errorf("0%s is %q, the list says %q", p.Code, got, p.Name)
		}
	}
}
