package ident

// TaxCode is a tax code (mã số thuế, MST) in its stored spelling: "0100109106",
// "0100109106-001" for a dependent unit, or a citizen number.
type TaxCode string

// TaxKind says whose tax code it is.
type TaxKind string

// The kinds of tax codes (Thông tư 86/2024/TT-BTC).
const (
	TaxEnterprise TaxKind = "enterprise" // 10 digits: enterprise, organisation; also its enterprise number
	TaxBranch     TaxKind = "branch"     // 10-3 digits: branch, representative office, dependent unit
	TaxPerson     TaxKind = "person"     // 12 digits: the citizen number
)

// ParseTaxCode reads a tax code of 10, 13 (with or without the dash) or 12 digits.
//
// Codes: tax-code.digits, tax-code.length (args got), tax-code.check-digit (a typing
// error), tax-code.branch (branch 000 does not exist).
func ParseTaxCode(s string) (TaxCode, error) {
	s = compact(s)
	if !allDigits(s) {
		return "", bad("tax-code.digits")
	}
	switch len(s) {
	case 12:
		return TaxCode(s), nil
	case 10, 13:
		if !taxCheck(s[:10]) {
			return "", bad("tax-code.check-digit")
		}
		if len(s) == 10 {
			return TaxCode(s), nil
		}
		if s[10:] == "000" {
			return "", bad("tax-code.branch")
		}
		return TaxCode(s[:10] + "-" + s[10:]), nil
	}
	return "", bad("tax-code.length", "got", len(s))
}

// taxCheck reports whether the tenth digit is 10 − (Σ weight·digit mod 11). A sum
// divisible by 11 would need the digit 10; such numbers are not issued.
func taxCheck(s string) bool {
	weights := [9]int{31, 29, 23, 19, 17, 13, 7, 5, 3}
	sum := 0
	for i, w := range weights {
		sum += w * int(s[i]-'0')
	}
	return 10-sum%11 == int(s[9]-'0')
}

// Kind says whose code it is; "" for something that was never parsed.
func (c TaxCode) Kind() TaxKind {
	switch len(c) {
	case 10:
		return TaxEnterprise
	case 14:
		return TaxBranch
	case 12:
		return TaxPerson
	}
	return ""
}

// Head returns the code of the enterprise a branch belongs to, and c itself otherwise.
func (c TaxCode) Head() TaxCode {
	if c.Kind() == TaxBranch {
		return c[:10]
	}
	return c
}

// Masked hides a person's code as a citizen number; codes of organisations are public.
func (c TaxCode) Masked() string {
	if c.Kind() == TaxPerson {
		return CitizenNumber(c).Masked()
	}
	return string(c)
}
