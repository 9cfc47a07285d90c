package ident

import "strings"

// HouseholdCode is the number of a household business as districts gave it out until
// 2025 (số đăng ký hộ kinh doanh): "41A8012345", two digits of the province, a letter
// of the district, 8, and six running digits. Since Nghị định 168/2025/NĐ-CP the tax
// code of the owner stands in its place.
type HouseholdCode string

// ParseHouseholdCode reads such a number. Codes: household-code.format.
func ParseHouseholdCode(s string) (HouseholdCode, error) {
	s = strings.ToUpper(compact(s))
	if len(s) != 10 || !allDigits(s[:2]) || s[2] < 'A' || s[2] > 'Z' || s[3] != '8' || !allDigits(s[4:]) {
		return "", bad("household-code.format")
	}
	return HouseholdCode(s), nil
}

// BudgetUnit is the code of a unit that has to do with the state budget (mã số đơn vị
// quan hệ ngân sách, Thông tư 185/2015/TT-BTC), seven digits.
type BudgetUnit string

// ParseBudgetUnit reads seven digits. Codes: budget-unit.digits, budget-unit.length
// (args got).
func ParseBudgetUnit(s string) (BudgetUnit, error) {
	s = compact(s)
	switch {
	case !allDigits(s):
		return "", bad("budget-unit.digits")
	case len(s) != 7:
		return "", bad("budget-unit.length", "got", len(s))
	}
	return BudgetUnit(s), nil
}

// BudgetGroup is what kind of unit a code stands for.
type BudgetGroup string

// The groups, told by the first digit.
const (
	BudgetSpender BudgetGroup = "spender" // 1: đơn vị sử dụng ngân sách
	BudgetOther   BudgetGroup = "other"   // 3: đơn vị khác có quan hệ với ngân sách
	BudgetProject BudgetGroup = "project" // 7, 8: dự án đầu tư
)

// Group tells the kind of unit; "" for a first digit that is not in use.
func (u BudgetUnit) Group() BudgetGroup {
	if u == "" {
		return ""
	}
	switch u[0] {
	case '1':
		return BudgetSpender
	case '3':
		return BudgetOther
	case '7', '8':
		return BudgetProject
	}
	return ""
}

// FieldCode is the code of a field of administration (mã lĩnh vực): "G15-TP01", the
// ministry and its field.
type FieldCode string

// ParseFieldCode reads a field code. Codes: field-code.format.
func ParseFieldCode(s string) (FieldCode, error) {
	s = strings.ToUpper(plainDashes(strings.Join(strings.Fields(s), "")))
	top, rest, ok := strings.Cut(s, "-")
	if !ok || !topAgency(top) || len(rest) < 4 || len(rest) > 6 || !capitals(rest[:2]) || !allDigits(rest[2:]) {
		return "", bad("field-code.format")
	}
	return FieldCode(s), nil
}

// Ministry is the body the field belongs to: "G15".
func (c FieldCode) Ministry() AgencyID { return AgencyID(c[:min(len(c), 3)]) }

// ResultCode is the code of a kind of result (mã kết quả): "KQ.G07.000122", or in the
// older spelling "000.00.00.G09-KQ002269". With it one procedure's result stands in
// for a paper of another.
type ResultCode string

// ParseResultCode reads either spelling. Codes: result-code.format.
func ParseResultCode(s string) (ResultCode, error) {
	s = strings.ToUpper(plainDashes(strings.Join(strings.Fields(s), "")))
	if rest, ok := strings.CutPrefix(s, "KQ."); ok {
		if top, number, _ := strings.Cut(rest, "."); topAgency(top) && len(number) == 6 && allDigits(number) {
			return ResultCode(s), nil
		}
		return "", bad("result-code.format")
	}
	agency, number, _ := strings.Cut(s, "-KQ")
	if oldAgencyID(agency) && len(number) == 6 && allDigits(number) {
		return ResultCode(s), nil
	}
	return "", bad("result-code.format")
}

// Agency is the body that gives the result: "G07", or an old identifier.
func (c ResultCode) Agency() AgencyID {
	if rest, ok := strings.CutPrefix(string(c), "KQ."); ok {
		top, _, _ := strings.Cut(rest, ".")
		return AgencyID(top)
	}
	agency, _, _ := strings.Cut(string(c), "-")
	return AgencyID(agency)
}

// Number is the running number: "000122".
func (c ResultCode) Number() string { return string(c[max(0, len(c)-6):]) }

// Modern is the spelling "KQ.G09.002269" of either. An identifier below a ministry has none.
func (c ResultCode) Modern() ResultCode {
	a := c.Agency()
	if a.Level() != 1 {
		return c
	}
	return ResultCode("KQ." + a.Top() + "." + c.Number())
}

func capitals(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != ""
}

// plainDashes makes every dash of print a hyphen.
func plainDashes(s string) string {
	return strings.NewReplacer("–", "-", "—", "-", "‐", "-", "‑", "-", "−", "-").Replace(s)
}
