package ident

import (
	"strings"
)

// AgencyID is the electronic identifier of an agency (mã định danh điện tử) in one
// of two forms:
//
//	H56.15.02       Quyết định 20/2020/QĐ-TTg: a letter and two digits (H a province,
//	                G a ministry, …), then up to three levels of two or three digits
//	000.15.02.H56   Thông tư 10/2016/TT-BTTTT, still alive in old codes: the same read
//	                from the right, always 3+2+2 digits, zeros for levels not used
//
// The form of 2020 is a path: an agency lies under every prefix of its identifier.
type AgencyID string

// ParseAgencyID reads either form; letters may be small, spaces are dropped.
// Codes: agency-id.format.
func ParseAgencyID(s string) (AgencyID, error) {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	if newAgencyID(s) || oldAgencyID(s) {
		return AgencyID(s), nil
	}
	return "", bad("agency-id.format")
}

func newAgencyID(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) > 4 || !topAgency(parts[0]) {
		return false
	}
	for _, p := range parts[1:] {
		if len(p) < 2 || len(p) > 3 || !allDigits(p) {
			return false
		}
	}
	return true
}

func oldAgencyID(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 4 || !topAgency(parts[3]) {
		return false
	}
	for i, width := range [3]int{3, 2, 2} {
		if len(parts[i]) != width || !allDigits(parts[i]) {
			return false
		}
	}
	return true
}

func topAgency(s string) bool {
	return len(s) == 3 && s[0] >= 'A' && s[0] <= 'Z' && allDigits(s[1:])
}

// Old reports whether the identifier has the form of 2016.
func (a AgencyID) Old() bool { return a != "" && a[0] >= '0' && a[0] <= '9' }

// levels returns the codes from the top down, without the unused ones.
func (a AgencyID) levels() []string {
	parts := strings.Split(string(a), ".")
	if !a.Old() {
		return parts
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	for len(parts) > 1 && strings.Trim(parts[len(parts)-1], "0") == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// Level returns the depth: 1 for a ministry or province.
func (a AgencyID) Level() int {
	if a == "" {
		return 0
	}
	return len(a.levels())
}

// Top returns the ministry or province: "H56".
func (a AgencyID) Top() string { return a.levels()[0] }

// Parent returns the agency one level up in the same form, "" above the top.
func (a AgencyID) Parent() AgencyID {
	levels := a.levels()
	if len(levels) < 2 {
		return ""
	}
	if !a.Old() {
		return AgencyID(strings.Join(levels[:len(levels)-1], "."))
	}
	levels[len(levels)-1] = ""
	parts := [4]string{"000", "00", "00", levels[0]}
	for i, code := range levels[1 : len(levels)-1] {
		parts[2-i] = code
	}
	return AgencyID(strings.Join(parts[:], "."))
}

// Within reports whether a is b or lies under it. Identifiers of different forms
// are not comparable: the numbers were given out anew.
func (a AgencyID) Within(b AgencyID) bool {
	if a == "" || b == "" || a.Old() != b.Old() {
		return false
	}
	la, lb := a.levels(), b.levels()
	if len(la) < len(lb) {
		return false
	}
	for i := range lb {
		if la[i] != lb[i] {
			return false
		}
	}
	return true
}

// Modern reads an identifier of 2016 in the order of 2020: 000.15.02.H56 as H56.02.15.
// It is the same number written the other way round; whether the agency was given a new
// one since is known by the agencies, not by the number.
func (a AgencyID) Modern() AgencyID {
	if !a.Old() {
		return a
	}
	return AgencyID(strings.Join(a.levels(), "."))
}

// Reversed writes an identifier of 2020 in the order of 2016. A code of three digits
// on the second or third level, or of two on the fourth that would need a leading
// zero, has no place there: Invalid "agency-id.no-old-form".
func (a AgencyID) Reversed() (AgencyID, error) {
	if a == "" || a.Old() {
		return a, nil
	}
	parts := [4]string{"000", "00", "00", a.Top()}
	for i, code := range a.levels()[1:] {
		at := 2 - i
		if len(code) != len(parts[at]) {
			return "", bad("agency-id.no-old-form", "part", code)
		}
		parts[at] = code
	}
	old := AgencyID(strings.Join(parts[:], "."))
	if old.Modern() != a { // codes of zeros at the end
		return "", bad("agency-id.no-old-form", "part", string(a))
	}
	return old, nil
}
