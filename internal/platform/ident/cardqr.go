package ident

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
)

// CardQR is the text inside the QR code of the identity card (căn cước công dân
// gắn chip, thẻ căn cước). It is not signed and proves nothing: it only saves
// typing. Proof is VNeID, the chip, or the population database.
type CardQR struct {
	Number  CitizenNumber
	OldID   OldIDNumber // "" when the holder had no CMND
	Name    string      // as printed, NFC
	Birth   civil.PartialDate
	Sex     Sex
	Address string // one line, as printed; its form varies with the year of the card
	Issued  civil.Date
	// Warnings tell the clerk to look twice: citizen-number.sex-differs,
	// citizen-number.year-differs, card-qr.issued-before-birth.
	Warnings []errs.Field
}

// maxQR bounds the text; the longest real cards stay below 400 bytes.
const maxQR = 4096

// ParseCardQR reads
//
//	number|old number|NAME|ddMMyyyy|sex|address|ddMMyyyy of issue
//
// and tolerates what scanners and cards do: trailing fields and bars, a byte order
// mark, line ends, decomposed letters, an empty old number, a birth date of which
// only the year is known, a missing date of issue.
//
// Codes: card-qr.format (not the QR code of an identity card), card-qr.name,
// card-qr.sex, card-qr.birth and card-qr.issued (args reason: a date.* code), and
// those of ParseCitizenNumber and ParseOldIDNumber.
func ParseCardQR(s string) (CardQR, error) {
	if len(s) > maxQR || !utf8.ValidString(s) {
		return CardQR{}, bad("card-qr.format")
	}
	parts := strings.Split(fold.Clean(s), "|")
	if len(parts) < 6 {
		return CardQR{}, bad("card-qr.format")
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	var card CardQR
	var err error
	if card.Number, err = ParseCitizenNumber(parts[0]); err != nil {
		return CardQR{}, err
	}
	if parts[1] != "" {
		if card.OldID, err = ParseOldIDNumber(parts[1]); err != nil {
			return CardQR{}, err
		}
	}
	if card.Name = parts[2]; fold.Key(card.Name) == "" {
		return CardQR{}, bad("card-qr.name")
	}
	if card.Birth, err = cardBirth(parts[3]); err != nil {
		return CardQR{}, err
	}
	if card.Sex, err = cardSex(parts[4]); err != nil {
		return CardQR{}, err
	}
	card.Address = parts[5]
	if len(parts) > 6 && parts[6] != "" {
		if card.Issued, err = civil.ParseCompact(parts[6]); err != nil {
			return CardQR{}, because("card-qr.issued", err)
		}
	}
	card.Warnings = card.Number.Warnings(card.Sex, card.Birth)
	if !card.Issued.IsZero() && card.Issued.Before(card.Birth.First()) {
		card.Warnings = append(card.Warnings, errs.Bad("", "card-qr.issued-before-birth"))
	}
	return card, nil
}

// String is the card in the layout that ParseCardQR reads.
func (c CardQR) String() string {
	birth := "0000" + c.Birth.String()
	if d, ok := c.Birth.Date(); ok {
		birth = compactDate(d)
	}
	issued := ""
	if !c.Issued.IsZero() {
		issued = compactDate(c.Issued)
	}
	sex := "Nam"
	if c.Sex == Female {
		sex = "Nữ"
	}
	return strings.Join([]string{string(c.Number), string(c.OldID), c.Name, birth, sex, c.Address, issued}, "|")
}

func compactDate(d civil.Date) string {
	year, month, day := d.Split()
	return fmt.Sprintf("%02d%02d%04d", day, int(month), year)
}

// cardBirth reads ddMMyyyy; a card whose holder knows only the year has zeros or
// the year alone.
func cardBirth(s string) (civil.PartialDate, error) {
	if len(s) == 8 && strings.HasPrefix(s, "0000") {
		s = s[4:]
	}
	if len(s) == 4 {
		p, err := civil.ParsePartial(s)
		if err != nil {
			return p, because("card-qr.birth", err)
		}
		return p, nil
	}
	d, err := civil.ParseCompact(s)
	if err != nil {
		return civil.PartialDate{}, because("card-qr.birth", err)
	}
	return d.Partial(), nil
}

func cardSex(s string) (Sex, error) {
	switch fold.Key(s) {
	case "nam":
		return Male, nil
	case "nu":
		return Female, nil
	}
	return "", bad("card-qr.sex")
}

// because says which date of the card is wrong and carries the reason along.
func because(code string, err error) error {
	reason, kv := civil.CodeFormat, []any(nil)
	if e, ok := errs.As(err); ok {
		reason = e.Code
		for k, v := range e.Args {
			kv = append(kv, k, v)
		}
	}
	return bad(code, append(kv, "reason", reason)...)
}
