package ident

import "strings"

// InsuranceNumber is the number of a person in social insurance (mã số BHXH), ten
// digits. Health-insurance cards are looked up by it; it has no check digit.
type InsuranceNumber string

// ParseInsuranceNumber reads ten digits.
// Codes: insurance-number.digits, insurance-number.length (args got).
func ParseInsuranceNumber(s string) (InsuranceNumber, error) {
	s = compact(s)
	switch {
	case !allDigits(s):
		return "", bad("insurance-number.digits")
	case len(s) != 10:
		return "", bad("insurance-number.length", "got", len(s))
	}
	return InsuranceNumber(s), nil
}

// Masked shows two digits at each end.
func (n InsuranceNumber) Masked() string { return mask(string(n), 2) }

// InsuranceCard is the number of a health-insurance card (thẻ BHYT), fifteen
// characters OO B PP SSSSSSSSSS: who pays (Object), how much is paid (Level), the
// province of issue, and the holder's social-insurance number. Cards printed since
// 2021 show only the last ten.
type InsuranceCard string

// ParseInsuranceCard reads a card number, with or without spaces and dashes.
//
// Codes: insurance-card.length (args got), insurance-card.object (args object: no
// such group), insurance-card.level (args level), insurance-card.place,
// insurance-card.digits.
func ParseInsuranceCard(s string) (InsuranceCard, error) {
	s = strings.ToUpper(compact(s))
	if len(s) != 15 {
		return "", bad("insurance-card.length", "got", len(s))
	}
	if !insuredGroups[s[:2]] {
		return "", bad("insurance-card.object", "object", printable(s[:2]))
	}
	if s[2] < '1' || s[2] > '5' {
		return "", bad("insurance-card.level", "level", printable(s[2:3]))
	}
	if !allDigits(s[3:5]) || s[3:5] == "00" {
		return "", bad("insurance-card.place")
	}
	if !allDigits(s[5:]) {
		return "", bad("insurance-card.digits")
	}
	return InsuranceCard(s), nil
}

// printable keeps what can be shown back of a refused piece.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '?'
	}, s)
}

// Object is the group the holder is insured in: "DN".
func (c InsuranceCard) Object() string { return c.cut(0, 2) }

// Level is the level of benefit: "1" to "5".
func (c InsuranceCard) Level() string { return c.cut(2, 3) }

// Place is the code of the province of issue.
func (c InsuranceCard) Place() string { return c.cut(3, 5) }

// Number is the social-insurance number of the holder.
func (c InsuranceCard) Number() InsuranceNumber { return InsuranceNumber(c.cut(5, 15)) }

func (c InsuranceCard) cut(from, to int) string {
	if len(c) != 15 {
		return ""
	}
	return string(c[from:to])
}

// Spaced is the number in the groups it is printed in: "DN 4 01 0123456789".
func (c InsuranceCard) Spaced() string {
	if len(c) != 15 {
		return string(c)
	}
	return strings.Join([]string{c.Object(), c.Level(), c.Place(), string(c.Number())}, " ")
}

// Masked hides the holder's number but its ends.
func (c InsuranceCard) Masked() string { return mask(string(c), 5) }

// insuredGroups are the groups of insured persons (Quyết định 1351/QĐ-BHXH); what they
// mean stands in the locale files, insured.<code>.
var insuredGroups = set(`DN HX CH NN TK HC XK HT TB NO CT XB TN CS QN CA CY XN MS CC CK CB KC HD TE BT HN DT DK XD TS TC TQ TA TY HG LS PV CN HS SV GB GD`)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}
