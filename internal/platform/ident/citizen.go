package ident

import (
	"strconv"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// Sex as the citizen number encodes it.
type Sex string

// The values of Sex; the zero value is unknown.
const (
	Male   Sex = "male"   // Nam
	Female Sex = "female" // Nữ
)

// CitizenNumber is the personal identification number (số định danh cá nhân),
// 12 digits, given at birth and never changed; for persons it is also the tax code
// since 01/07/2025 (Thông tư 86/2024/TT-BTC). It has the shape PPP G YY RRRRRR: place
// of birth registration, century and sex, year, random (Nghị định 137/2015/NĐ-CP,
// Thông tư 07/2016/TT-BCA). There is no check digit.
type CitizenNumber string

// ParseCitizenNumber reads 12 digits, with or without separators.
//
// Codes: citizen-number.old-id (nine digits: an old CMND), citizen-number.length
// (args got), citizen-number.digits.
func ParseCitizenNumber(s string) (CitizenNumber, error) {
	s = compact(s)
	switch {
	case !allDigits(s):
		return "", bad("citizen-number.digits")
	case len(s) == 9:
		return "", bad("citizen-number.old-id")
	case len(s) != 12:
		return "", bad("citizen-number.length", "got", len(s))
	}
	return CitizenNumber(s), nil
}

// Explanation is what a citizen number says about its holder. It describes the
// record at the time the number was given; sex and date of birth may have been
// corrected since, the number stays.
type Explanation struct {
	PlaceCode string // "038": province of the list of 63, or a country
	Place     string // "Thanh Hóa"; "" for a country or an unknown code
	Sex       Sex
	BirthYear int // four digits
}

// Explain takes the number apart. The result is meaningful only for a parsed number.
func (n CitizenNumber) Explain() Explanation {
	if len(n) != 12 || !allDigits(string(n)) {
		return Explanation{}
	}
	g := int(n[3] - '0')
	e := Explanation{
		PlaceCode: string(n[:3]),
		Place:     birthPlaces[string(n[:3])],
		Sex:       Male,
		BirthYear: 1900 + 100*(g/2) + int(n[4]-'0')*10 + int(n[5]-'0'),
	}
	if g%2 == 1 {
		e.Sex = Female
	}
	return e
}

// Warnings compares the number with the stated sex and birth; either may be zero.
// The codes are citizen-number.sex-differs and citizen-number.year-differs (args
// number, stated). They ask a clerk to look twice and never refuse a person.
func (n CitizenNumber) Warnings(sex Sex, birth civil.PartialDate) []errs.Field {
	e := n.Explain()
	if e.BirthYear == 0 {
		return nil
	}
	var warnings []errs.Field
	if sex != "" && sex != e.Sex {
		warnings = append(warnings, errs.Bad("", "citizen-number.sex-differs"))
	}
	if !birth.IsZero() && birth.Year() != e.BirthYear {
		warnings = append(warnings, errs.Bad("", "citizen-number.year-differs",
			"number", strconv.Itoa(e.BirthYear), "stated", strconv.Itoa(birth.Year())))
	}
	return warnings
}

// Masked shows four digits at the start and two at the end: "0380******12".
func (n CitizenNumber) Masked() string { return mask(string(n), 4) }

// OldIDNumber is the number of the old identity card (chứng minh nhân dân, CMND),
// nine digits. It still stands in old papers and in the QR code of the new card.
type OldIDNumber string

// ParseOldIDNumber reads nine digits. Codes: old-id.length (args got), old-id.digits.
func ParseOldIDNumber(s string) (OldIDNumber, error) {
	s = compact(s)
	switch {
	case !allDigits(s):
		return "", bad("old-id.digits")
	case len(s) != 9:
		return "", bad("old-id.length", "got", len(s))
	}
	return OldIDNumber(s), nil
}

// Masked shows two digits at each end: "17*****34".
func (n OldIDNumber) Masked() string { return mask(string(n), 2) }

// birthPlaces are the provinces at the time the numbering began (Thông tư
// 07/2016/TT-BCA, Phụ lục). The mergers of 2025 changed no number, so this list is
// history and never grows.
var birthPlaces = map[string]string{
	"001": "Hà Nội", "002": "Hà Giang", "004": "Cao Bằng", "006": "Bắc Kạn", "008": "Tuyên Quang",
	"010": "Lào Cai", "011": "Điện Biên", "012": "Lai Châu", "014": "Sơn La", "015": "Yên Bái",
	"017": "Hòa Bình", "019": "Thái Nguyên", "020": "Lạng Sơn", "022": "Quảng Ninh", "024": "Bắc Giang",
	"025": "Phú Thọ", "026": "Vĩnh Phúc", "027": "Bắc Ninh", "030": "Hải Dương", "031": "Hải Phòng",
	"033": "Hưng Yên", "034": "Thái Bình", "035": "Hà Nam", "036": "Nam Định", "037": "Ninh Bình",
	"038": "Thanh Hóa", "040": "Nghệ An", "042": "Hà Tĩnh", "044": "Quảng Bình", "045": "Quảng Trị",
	"046": "Thừa Thiên Huế", "048": "Đà Nẵng", "049": "Quảng Nam", "051": "Quảng Ngãi", "052": "Bình Định",
	"054": "Phú Yên", "056": "Khánh Hòa", "058": "Ninh Thuận", "060": "Bình Thuận", "062": "Kon Tum",
	"064": "Gia Lai", "066": "Đắk Lắk", "067": "Đắk Nông", "068": "Lâm Đồng", "070": "Bình Phước",
	"072": "Tây Ninh", "074": "Bình Dương", "075": "Đồng Nai", "077": "Bà Rịa - Vũng Tàu", "079": "Hồ Chí Minh",
	"080": "Long An", "082": "Tiền Giang", "083": "Bến Tre", "084": "Trà Vinh", "086": "Vĩnh Long",
	"087": "Đồng Tháp", "089": "An Giang", "091": "Kiên Giang", "092": "Cần Thơ", "093": "Hậu Giang",
	"094": "Sóc Trăng", "095": "Bạc Liêu", "096": "Cà Mau",
}
