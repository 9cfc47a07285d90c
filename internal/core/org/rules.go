package org

import (
	"slices"
	"strings"
	"unicode/utf8"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
)

// Longest texts, in characters.
const (
	maxName  = 250
	maxShort = 120
	maxText  = 500
)

// searchKey is what a search for the agency compares.
func (a Agency) searchKey() string {
	return fold.Key(strings.Join([]string{a.Name, a.ShortName, a.Code, a.OldCode}, " "))
}

// check cleans what was typed and says what is wrong with it, in the order of the page.
func (a *Agency) check() []errs.Field {
	var bad []errs.Field
	a.Name, a.ShortName = fold.Clean(a.Name), fold.Clean(a.ShortName)
	a.Address = fold.Clean(a.Address)
	bad = append(bad, length("name", a.Name, true, maxName)...)
	if a.ShortName == "" {
		a.ShortName = a.Name
		if utf8.RuneCountInString(a.ShortName) > maxShort {
			bad = append(bad, errs.Bad("short_name", "org.required"))
		}
	} else {
		bad = append(bad, length("short_name", a.ShortName, false, maxShort)...)
	}
	if code, err := ident.ParseAgencyID(a.Code); err != nil {
		bad = append(bad, ident.Field("code", err))
	} else {
		a.Code = string(code)
	}
	if a.OldCode != "" {
		if code, err := ident.ParseAgencyID(a.OldCode); err != nil {
			bad = append(bad, ident.Field("old_code", err))
		} else {
			a.OldCode = string(code)
		}
	}
	if !slices.Contains(Kinds(), a.Kind) {
		bad = append(bad, errs.Bad("kind", "org.choose"))
	}
	if !slices.Contains(Levels(), a.Level) {
		bad = append(bad, errs.Bad("level", "org.choose"))
	}
	bad = append(bad, length("address", a.Address, false, maxText)...)
	if a.Phone != "" {
		if p, err := ident.ParsePhone(a.Phone); err != nil {
			bad = append(bad, ident.Field("phone", err))
		} else {
			a.Phone = string(p)
		}
	}
	if a.Email != "" {
		if m, err := ident.ParseEmail(a.Email); err != nil {
			bad = append(bad, ident.Field("email", err))
		} else {
			a.Email = string(m)
		}
	}
	a.UnitCode = strings.TrimSpace(a.UnitCode)
	if a.UnitCode != "" && !unitCode(a.UnitCode) {
		bad = append(bad, errs.Bad("unit_code", "org.unit-code"))
	}
	if a.ValidFrom.IsZero() {
		bad = append(bad, errs.Bad("valid_from", "org.required"))
	} else if !a.ValidTo.IsZero() && a.ValidTo.Before(a.ValidFrom) {
		bad = append(bad, errs.Bad("valid_to", "org.period"))
	}
	return bad
}

// unitCode reports whether s looks like the code of an administrative unit: a
// province has 2 digits, a commune 5 (Quyết định 19/2025/QĐ-TTg), a district of
// before 1 July 2025 has 3.
func unitCode(s string) bool {
	if len(s) != 2 && len(s) != 3 && len(s) != 5 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// checkUnder says what forbids a to stand below parent.
func (a Agency) checkUnder(parent Agency) []errs.Field {
	var bad []errs.Field
	if a.ID != "" && slices.Contains(parent.Ancestors(), a.ID) {
		bad = append(bad, errs.Bad("parent_id", "org.cycle"))
	}
	if a.ValidFrom.Before(parent.ValidFrom) {
		bad = append(bad, errs.Bad("valid_from", "org.before-parent", "parent", parent.ShortName, "day", screen(parent.ValidFrom)))
	}
	if !parent.ValidTo.IsZero() && (a.ValidTo.IsZero() || a.ValidTo.After(parent.ValidTo)) {
		bad = append(bad, errs.Bad("valid_to", "org.after-parent", "parent", parent.ShortName, "day", screen(parent.ValidTo)))
	}
	return bad
}

// periodsMeet reports whether two periods share a day; a zero end is open.
func periodsMeet(fromA, toA, fromB, toB civil.Date) bool {
	return (toB.IsZero() || !fromA.After(toB)) && (toA.IsZero() || !fromB.After(toA))
}

// screen writes a day for the sentence of an error, in the language it will be read in.
func screen(d civil.Date) i18n.Text { return i18n.Text{VI: d.Screen(i18n.VI), EN: d.Screen(i18n.EN)} }

// length checks a cleaned text.
func length(name, s string, required bool, most int) []errs.Field {
	switch n := utf8.RuneCountInString(s); {
	case n == 0 && required:
		return []errs.Field{errs.Bad(name, "org.required")}
	case n > most:
		return []errs.Field{errs.Bad(name, "org.too-long", "most", most)}
	}
	return nil
}
