package ident

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/civil"
)

// ProcedureCode is the code of an administrative procedure (mã thủ tục hành chính):
// the national code "1.001193", followed, when a province announced or offers it, by
// an agency: "1.010708.000.00.00.H56" or "2.000815.000.00.00.H55.02".
type ProcedureCode string

// ParseProcedureCode reads a procedure code. Codes: procedure-code.format.
func ParseProcedureCode(s string) (ProcedureCode, error) {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	if len(s) < 8 || s[0] < '1' || s[0] > '3' || s[1] != '.' || !allDigits(s[2:8]) {
		return "", bad("procedure-code.format")
	}
	if rest := s[8:]; rest != "" {
		agency, branch := strings.CutPrefix(rest, ".000.00.00")
		if !strings.HasPrefix(agency, ".") || !newAgencyID(agency[1:]) && (branch || !oldAgencyID(agency[1:])) {
			return "", bad("procedure-code.format")
		}
	}
	return ProcedureCode(s), nil
}

// National returns the national part: "1.010708".
func (c ProcedureCode) National() ProcedureCode { return c[:min(len(c), 8)] }

// Agency returns the announcing or offering agency after the national part, in the
// form of 2020 where the code allows: "H55.02"; "" when there is none.
func (c ProcedureCode) Agency() AgencyID {
	if len(c) <= 9 {
		return ""
	}
	rest := string(c[9:])
	return AgencyID(strings.TrimPrefix(rest, "000.00.00."))
}

// DossierNumber is the number of a dossier (mã hồ sơ): the agency that received it,
// the day, and a running number of that day: "H56.15.02-260205-0007". Ministries
// write longer running numbers and four-digit years: "G09.20-20260609-0092637".
// Once issued it never changes, also when the dossier moves.
type DossierNumber string

// NewDossierNumber makes the number of the seq-th dossier (from 1) that an agency
// receives on a day. Numbers above 9999 grow a digit. It panics on a sequence
// below 1 and on a missing agency or day, which are programming errors.
func NewDossierNumber(agency AgencyID, day civil.Date, seq int) DossierNumber {
	if agency == "" || day.IsZero() || seq < 1 {
		panic(fmt.Sprintf("ident: no dossier number for agency %q, day %q, sequence %d", agency, day, seq))
	}
	return DossierNumber(fmt.Sprintf("%s-%s-%04d", agency, day.YYMMDD(), seq))
}

// ParseDossierNumber reads a dossier number as people type it: small letters,
// spaces and long dashes are forgiven.
//
// Codes: dossier-number.format, dossier-number.agency, dossier-number.date.
func ParseDossierNumber(s string) (DossierNumber, error) {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	s = strings.NewReplacer("–", "-", "—", "-", "‐", "-", "‑", "-", "−", "-").Replace(s)
	agency, day, seq, ok := cutNumber(s)
	if !ok || !allDigits(day) || !allDigits(seq) || len(seq) < 4 || len(seq) > 9 {
		return "", bad("dossier-number.format")
	}
	if !newAgencyID(agency) && !oldAgencyID(agency) {
		return "", bad("dossier-number.agency")
	}
	if _, ok := numberDate(day); !ok {
		return "", bad("dossier-number.date")
	}
	return DossierNumber(s), nil
}

func cutNumber(s string) (agency, day, seq string, ok bool) {
	parts := strings.Split(s, "-")
	if len(parts) != 3 {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}

// numberDate reads yymmdd (of this century) or yyyymmdd.
func numberDate(s string) (civil.Date, bool) {
	if len(s) == 6 {
		s = "20" + s
	}
	if len(s) != 8 {
		return civil.Date{}, false
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return civil.Date{}, false
	}
	return civil.NewDate(n/10000, time.Month(n/100%100), n%100)
}

// Agency returns the agency that issued the number.
func (n DossierNumber) Agency() AgencyID {
	agency, _, _, _ := cutNumber(string(n))
	return AgencyID(agency)
}

// Date returns the day of issue.
func (n DossierNumber) Date() civil.Date {
	_, day, _, _ := cutNumber(string(n))
	d, _ := numberDate(day)
	return d
}

// Sequence returns the running number of the day.
func (n DossierNumber) Sequence() int {
	_, _, seq, _ := cutNumber(string(n))
	i, _ := strconv.Atoi(seq)
	return i
}
