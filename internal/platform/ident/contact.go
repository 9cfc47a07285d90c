package ident

import (
	"strings"

	"motcua/internal/platform/fold"
)

// Phone is a telephone number in its stored spelling: "0912345678" for Viet Nam,
// "+4915112345678" for abroad.
type Phone string

// PhoneKind says what can be done with a number.
type PhoneKind string

// The kinds of numbers.
const (
	PhoneMobile   PhoneKind = "mobile"   // di động: SMS and Zalo reach it
	PhoneLandline PhoneKind = "landline" // cố định
	PhoneForeign  PhoneKind = "foreign"  // outside Viet Nam
)

// oldMobile maps the eleven-digit mobile prefixes that ended in 2018 to their
// successors (Quyết định 798/QĐ-BTTTT). Old papers and old files are full of them.
var oldMobile = map[string]string{
	"0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036", "0167": "037", "0168": "038", "0169": "039",
	"0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
	"0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
	"0186": "056", "0188": "058", "0199": "059",
}

// ParsePhone reads a number as people write it: 0912 345 678, 091.234.5678,
// (+84) 912345678, 84912345678, 0084…, a landline 02438 … with its area code, an
// eleven-digit mobile number of before 2018, or +country for a number abroad.
//
// Codes: phone.digits, phone.length (args got), phone.prefix (args prefix: no
// Vietnamese number begins so), phone.area-code (a landline without area code).
func ParsePhone(s string) (Phone, error) {
	s = strings.NewReplacer("(", "", ")", "", "/", "").Replace(compact(s))
	international := strings.HasPrefix(s, "+")
	s = strings.TrimPrefix(s, "+")
	if !allDigits(s) {
		return "", bad("phone.digits")
	}
	switch {
	case strings.HasPrefix(s, "0084"):
		s = s[4:]
	case international && !strings.HasPrefix(s, "84"):
		if len(s) < 7 || len(s) > 15 || s[0] == '0' {
			return "", bad("phone.length", "got", len(s))
		}
		return Phone("+" + s), nil
	case international, strings.HasPrefix(s, "84") && len(s) >= 11:
		s = s[2:]
	case s[0] != '0':
		if len(s) == 9 && strings.IndexByte("35789", s[0]) >= 0 { // spreadsheets eat the leading zero
			break
		}
		if len(s) == 7 || len(s) == 8 {
			return "", bad("phone.area-code")
		}
	}
	if s == "" {
		return "", bad("phone.length", "got", 0)
	}
	if s[0] != '0' {
		s = "0" + s
	}
	return domestic(s)
}

// domestic judges a number that begins with the trunk 0.
func domestic(s string) (Phone, error) {
	if len(s) == 11 {
		if successor, ok := oldMobile[s[:4]]; ok {
			s = successor + s[4:]
		}
	}
	if len(s) < 2 {
		return "", bad("phone.length", "got", len(s))
	}
	want := 10
	switch s[1] {
	case '3', '5', '7', '8', '9':
	case '2':
		want = 11
	default:
		return "", bad("phone.prefix", "prefix", s[:2])
	}
	if len(s) != want {
		return "", bad("phone.length", "got", len(s))
	}
	return Phone(s), nil
}

// Kind says what kind of number it is; "" for something that was never parsed.
func (p Phone) Kind() PhoneKind {
	switch {
	case strings.HasPrefix(string(p), "+"):
		return PhoneForeign
	case len(p) == 11:
		return PhoneLandline
	case len(p) == 10:
		return PhoneMobile
	}
	return ""
}

// E164 returns the international form: "+84912345678".
func (p Phone) E164() string {
	if strings.HasPrefix(string(p), "0") {
		return "+84" + string(p[1:])
	}
	return string(p)
}

// Masked shows two digits at each end: "09******21".
func (p Phone) Masked() string { return mask(string(p), 2) }

// Email is an e-mail address, its domain in lower case.
type Email string

// ParseEmail reads an address of the form local@domain. It refuses what no mail
// server will deliver and leaves the rest to delivery.
//
// Codes: email.format, email.domain, email.length, email.marks (the address
// contains Vietnamese letters; args suggestion).
func ParseEmail(s string) (Email, error) {
	s = fold.Clean(s)
	s = strings.TrimPrefix(s, "mailto:")
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 {
		return "", bad("email.format")
	}
	local, domain := s[:at], strings.ToLower(s[at+1:])
	for i := range len(s) {
		if s[i] >= 0x80 {
			return "", bad("email.marks", "suggestion", fold.Strip(local)+"@"+fold.Strip(domain))
		}
	}
	if len(s) > 254 || len(local) > 64 {
		return "", bad("email.length")
	}
	if !localPart(local) {
		return "", bad("email.format")
	}
	if !domainName(domain) {
		return "", bad("email.domain")
	}
	return Email(local + "@" + domain), nil
}

func localPart(s string) bool {
	if s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !alphanumeric(c) && strings.IndexByte("!#$%&'*+/=?^_`{|}~.-", c) < 0 {
			return false
		}
	}
	return true
}

func domainName(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !alphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return len(labels[len(labels)-1]) >= 2 && !allDigits(labels[len(labels)-1])
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// Masked shows the first letter and the domain: "n***@example.vn".
func (e Email) Masked() string {
	at := strings.LastIndexByte(string(e), '@')
	if at < 1 {
		return strings.Repeat("*", len(e))
	}
	return string(e[:1]) + "***" + string(e[at:])
}
