package ident

import "strings"

// Place is a province as codes know it.
type Place struct {
	Code string // two digits
	Name string // at the time the code was given out
	Now  string // the province it has been part of since 1 July 2025; "" when it is not known
}

// OldPlace finds a province of the list of 63 by its two digits.
func OldPlace(code string) (Place, bool) {
	name, ok := birthPlaces["0"+code]
	if !ok {
		return Place{}, false
	}
	return Place{Code: code, Name: name, Now: provinceNow(code)}, true
}

// NewPlace finds a province of the list of 34 by its two digits. Seven names kept
// their province and changed the number, so the same two digits may mean two places:
// "15" was Yên Bái and is Lào Cai.
func NewPlace(code string) (string, bool) {
	for _, p := range provinces2025 {
		if p.code == code {
			return p.name, true
		}
	}
	return "", false
}

func provinceNow(old string) string {
	for _, p := range provinces2025 {
		if strings.Contains(" "+p.old+" ", " "+old+" ") {
			return p.name
		}
	}
	return ""
}

// provinces2025 are the 34 provinces since 1 July 2025 (Nghị quyết 202/2025/QH15) with
// the codes of the list of 63 that went into them.
var provinces2025 = []struct{ code, name, old string }{
	{"01", "Hà Nội", "01"}, {"04", "Cao Bằng", "04"}, {"08", "Tuyên Quang", "08 02"}, {"11", "Điện Biên", "11"}, {"12", "Lai Châu", "12"},
	{"14", "Sơn La", "14"}, {"15", "Lào Cai", "15 10"}, {"19", "Thái Nguyên", "19 06"}, {"20", "Lạng Sơn", "20"}, {"22", "Quảng Ninh", "22"},
	{"24", "Bắc Ninh", "24 27"}, {"25", "Phú Thọ", "25 17 26"}, {"31", "Hải Phòng", "31 30"}, {"33", "Hưng Yên", "33 34"}, {"37", "Ninh Bình", "37 35 36"},
	{"38", "Thanh Hóa", "38"}, {"40", "Nghệ An", "40"}, {"42", "Hà Tĩnh", "42"}, {"44", "Quảng Trị", "44 45"}, {"46", "Huế", "46"},
	{"48", "Đà Nẵng", "48 49"}, {"51", "Quảng Ngãi", "51 62"}, {"52", "Gia Lai", "52 64"}, {"56", "Khánh Hòa", "56 58"}, {"66", "Đắk Lắk", "66 54"},
	{"68", "Lâm Đồng", "68 60 67"}, {"75", "Đồng Nai", "75 70"}, {"79", "Hồ Chí Minh", "79 74 77"}, {"80", "Tây Ninh", "72 80"}, {"82", "Đồng Tháp", "87 82"},
	{"86", "Vĩnh Long", "86 83 84"}, {"91", "An Giang", "89 91"}, {"92", "Cần Thơ", "92 93 94"}, {"96", "Cà Mau", "96 95"},
}

// cardSeries are the places that issued the nine-digit identity cards, by the first
// two digits, in their borders of the time.
var cardSeries = map[string]string{
	"01": "Hà Nội", "02": "Hồ Chí Minh", "03": "Hải Phòng", "04": "Điện Biên, Lai Châu", "05": "Sơn La", "06": "Lào Cai, Yên Bái",
	"07": "Hà Giang, Tuyên Quang", "08": "Lạng Sơn, Cao Bằng", "09": "Thái Nguyên, Bắc Kạn", "10": "Quảng Ninh", "11": "Hà Tây, Hòa Bình",
	"12": "Bắc Giang, Bắc Ninh", "13": "Phú Thọ, Vĩnh Phúc", "14": "Hải Dương, Hưng Yên", "15": "Thái Bình", "16": "Nam Định, Hà Nam, Ninh Bình",
	"17": "Thanh Hóa", "18": "Nghệ An, Hà Tĩnh", "19": "Quảng Bình, Quảng Trị, Thừa Thiên Huế", "20": "Quảng Nam, Đà Nẵng", "21": "Quảng Ngãi, Bình Định",
	"22": "Khánh Hòa, Phú Yên", "23": "Gia Lai, Kon Tum", "24": "Đắk Lắk, Đắk Nông", "25": "Lâm Đồng", "26": "Ninh Thuận, Bình Thuận",
	"27": "Đồng Nai, Bà Rịa - Vũng Tàu", "28": "Bình Dương, Bình Phước", "29": "Tây Ninh", "30": "Long An", "31": "Tiền Giang", "32": "Bến Tre",
	"33": "Vĩnh Long, Trà Vinh", "34": "Đồng Tháp", "35": "An Giang", "36": "Cần Thơ, Hậu Giang, Sóc Trăng", "37": "Kiên Giang", "38": "Cà Mau, Bạc Liêu",
}

// topAgencies are the ministries and provinces whose identifier was seen in official
// use. The rest of the list is loaded with the agencies, never guessed.
var topAgencies = map[string]string{
	"H14": "Cao Bằng", "H15": "Đắk Lắk", "H22": "Hà Giang", "H30": "Hậu Giang", "H38": "Lào Cai", "H41": "Nghệ An", "H55": "Thái Nguyên", "H56": "Thanh Hóa",
	"G22": "Văn phòng Chính phủ",
}
