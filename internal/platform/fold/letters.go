package fold

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// tone is the position of a tone mark (dấu thanh) in dictionary order.
type tone byte

// The tones in the order of the Vietnamese dictionary.
const (
	ngang tone = iota // no mark: ma
	huyen             // grave: mà
	hoi               // hook above: mả
	nga               // tilde: mã
	sac               // acute: má
	nang              // dot below: mạ
)

// letter is a Latin letter taken apart: the plain lower-case letter, which of the
// letters written with it (a 0, ă 1, â 2; d 0, đ 1; …), and the tone it carries.
type letter struct {
	base  byte
	shape byte
	tone  tone
}

// The table covers the blocks in which every composed Vietnamese letter lies, so
// that the common case is one array access. It is derived once from the Unicode
// decomposition data, not typed in.
const (
	latinFirst, latinLast = 0x00C0, 0x024F // Latin-1 Supplement to Latin Extended-B
	addFirst, addLast     = 0x1EA0, 0x1EF9 // the Vietnamese part of Latin Extended Additional
)

var (
	latin      = tabulate(latinFirst, latinLast)
	additional = tabulate(addFirst, addLast)
)

func tabulate(first, last rune) []letter {
	table := make([]letter, last-first+1)
	for r := first; r <= last; r++ {
		table[r-first] = takeApart(r)
	}
	return table
}

// takeApart returns the letter of a rune, base 0 when it is not one Latin letter
// with marks.
func takeApart(r rune) letter {
	var l letter
	for _, d := range norm.NFD.String(string(r)) {
		if l.base == 0 {
			lower := unicode.ToLower(d)
			switch {
			case lower == 'đ', lower == 'ð', lower == 'ɖ': // Ð and Ɖ look like Đ and are typed by mistake
				l.base, l.shape = 'd', 1
			case lower >= 'a' && lower <= 'z':
				l.base = byte(lower)
			default:
				return letter{}
			}
			continue
		}
		l.mark(d)
	}
	return l
}

// mark applies a combining mark to the letter.
func (l *letter) mark(m rune) {
	switch m {
	case 0x0300:
		l.tone = huyen
	case 0x0309:
		l.tone = hoi
	case 0x0303:
		l.tone = nga
	case 0x0301:
		l.tone = sac
	case 0x0323:
		l.tone = nang
	case 0x0306: // breve
		if l.base == 'a' {
			l.shape = 1 // ă
		}
	case 0x0302: // circumflex
		switch l.base {
		case 'a':
			l.shape = 2 // â
		case 'e', 'o':
			l.shape = 1 // ê, ô
		}
	case 0x031B: // horn
		switch l.base {
		case 'o':
			l.shape = 2 // ơ
		case 'u':
			l.shape = 1 // ư
		}
	}
}

// letterOf looks a non-ASCII rune up; base is 0 when it is not a Latin letter
// with marks.
func letterOf(r rune) letter {
	switch {
	case r >= addFirst && r <= addLast:
		return additional[r-addFirst]
	case r >= latinFirst && r <= latinLast:
		return latin[r-latinFirst]
	}
	return letter{}
}

// isMark reports whether r is a combining mark that folding drops.
func isMark(r rune) bool {
	return r >= 0x0300 && r <= 0x036F || r > 0x036F && unicode.Is(unicode.Mn, r)
}

// spelledOut gives the plain spelling of letters that Unicode does not decompose.
// They occur in the names of foreigners.
func spelledOut(r rune) string {
	switch r {
	case 'ø', 'Ø':
		return "o"
	case 'ł', 'Ł':
		return "l"
	case 'ħ', 'Ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ß', 'ẞ':
		return "ss"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'þ', 'Þ':
		return "th"
	}
	return ""
}

// plainASCII reports whether s is ASCII.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
