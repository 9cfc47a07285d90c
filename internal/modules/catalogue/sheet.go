package catalogue

import (
	"strconv"

	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/i18n"
)

// The sheet of errors (bảng lỗi): one line for each record that was not taken, with
// its place, what is wrong and what to do.

// SheetHead is its headings.
func SheetHead(words *i18n.Bundle, lang string) []string {
	var out []string
	for _, col := range []string{"file", "line", "code", "field", "reason", "words", "remedy"} {
		out = append(out, words.T(lang, "catalogue.sheet."+col))
	}
	return out
}

// SheetRow is one line of it.
func SheetRow(words *i18n.Bundle, lang string, run Run, l Row) []string {
	name := strconv.FormatInt(l.File+1, 10)
	if int(l.File) < len(run.Files) {
		name = run.Files[l.File].Name
	}
	return []string{
		name, strconv.FormatInt(l.Line, 10), l.Code, l.Field, words.T(lang, "catalogue.reason."+string(l.Reason)), l.Words, Remedy(words, lang, l),
	}
}

// Remedy says what to do about a refused record.
func Remedy(words *i18n.Bundle, lang string, l Row) string {
	if l.Hint != "" {
		return words.T(lang, "catalogue.remedy-hint."+string(l.Reason), "hint", l.Hint)
	}
	return words.T(lang, "catalogue.remedy."+string(l.Reason))
}

// PartWords names a part.
func PartWords(words *i18n.Bundle, lang string, p source.Part) string {
	return words.T(lang, "catalogue.part."+string(p))
}

// NeedWords names a need.
func NeedWords(words *i18n.Bundle, lang string, n Need) string {
	return words.T(lang, "catalogue.need."+string(n))
}
