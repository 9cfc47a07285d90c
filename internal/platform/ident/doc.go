// Package ident reads the numbers by which Viet Nam knows its people, bodies,
// procedures and dossiers, and prints them masked.
//
//   - [CitizenNumber] số định danh cá nhân, 12 digits; [OldIDNumber] CMND, 9 digits
//   - [TaxCode] mã số thuế: 10 digits, 10-3 for a branch, or the citizen number
//   - [HouseholdCode] số đăng ký hộ kinh doanh, [BudgetUnit] mã số đơn vị quan hệ ngân sách
//   - [InsuranceCard] thẻ bảo hiểm y tế, [InsuranceNumber] mã số bảo hiểm xã hội
//   - [Phone], [Email]
//   - [AgencyID] mã định danh điện tử của cơ quan (Quyết định 20/2020/QĐ-TTg, and the
//     reversed form of Thông tư 10/2016/TT-BTTTT)
//   - [ProcedureCode] mã thủ tục hành chính, [DossierNumber] mã hồ sơ, [FieldCode] mã
//     lĩnh vực, [ResultCode] mã kết quả
//   - [CardQR] the text inside the QR code of the identity card
//
// Each Parse takes what a person typed or a partner sent, returns the one stored
// spelling as a typed string, and refuses with an *errs.Error of kind Invalid whose
// code and args say why (citizen-number.length, tax-code.check-digit, …).
// Field turns that error into a bad form field.
//
// [Explain] tells what a text may be, piece by piece, for the page that explains codes.
//
// Numbers that look numeric are text here: leading zeros count. What only looks
// implausible (a citizen number that disagrees with the stated sex) is a warning,
// never a refusal, because corrected records exist.
package ident

import "motcua/internal/platform/errs"

// Field returns the parse error err as the bad input of the form field name.
func Field(name string, err error) errs.Field {
	if e, ok := errs.As(err); ok {
		return errs.Field{Name: name, Code: e.Code, Args: e.Args}
	}
	return errs.Field{Name: name, Code: "invalid-input"}
}

// bad is a refusal with its public code.
func bad(code string, kv ...any) error { return errs.New(errs.Invalid, code, kv...) }

// compact drops the separators that people write into long numbers.
func compact(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r == ' ', r == '.', r == '-', r == '\t', r == 0x00A0, r == 0x2010, r == 0x2011, r == 0x2013, r == 0x200B:
		case r < 0x80:
			out = append(out, byte(r))
		default:
			out = append(out, '?') // not a digit, and not to be mistaken for one
		}
	}
	return string(out)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// mask shows the first characters of s and its last two, and stars for the rest. What is
// too short to hide anything becomes stars altogether.
func mask(s string, first int) string {
	b, last := []byte(s), 2
	if len(b) < first+last+3 {
		first, last = 0, 0
	}
	for i := first; i < len(b)-last; i++ {
		b[i] = '*'
	}
	return string(b)
}
