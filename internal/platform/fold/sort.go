package fold

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A sort key is made of the characters 0-9 and a-z only, so that byte order,
// PostgreSQL under any locale and SQLite agree on it. Its grammar, in rising
// order of the first character of each piece:
//
//	0            the end of a part
//	1            between two words of a part
//	2 + digit    a digit
//	a0 a1 a2 …   a letter and which one it is: a ă â
//	zz + hex     anything else, after all letters
//
// A part is first all its words in letters, then 0, then one tone digit for each
// word, then 0: letters decide, tones break ties.
const (
	sortEnd  = '0'
	sortWord = '1'
)

// Sort returns a key whose byte order is the order of the Vietnamese dictionary:
// a ă â b c d đ e ê …, tones ngang huyền hỏi ngã sắc nặng between words of the same
// letters, wherever in the word the tone is written (hoà = hòa). Case and
// punctuation do not count.
func Sort(s string) string {
	return string(appendPart(make([]byte, 0, 3*len(s)), sortWords(s)))
}

// NameSort returns a key that sorts people as official lists do: by given name
// (tên, the last word), then family name (họ, the first), then the middle ones
// (chữ đệm): "Lê Văn An" before "Bùi Thị Ánh" before "Trần Bình".
func NameSort(name string) string {
	words := sortWords(name)
	key := make([]byte, 0, 3*len(name)+4)
	if len(words) == 0 {
		return ""
	}
	last := len(words) - 1
	key = appendPart(key, words[last:])
	if last > 0 {
		key = appendPart(key, words[:1])
	}
	if last > 1 {
		key = appendPart(key, words[1:last])
	}
	return string(key)
}

func sortWords(s string) []string {
	return strings.FieldsFunc(NFC(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

func appendPart(key []byte, words []string) []byte {
	tones := make([]byte, 0, 8)
	for i, word := range words {
		if i > 0 {
			key = append(key, sortWord)
		}
		var t tone
		key, t = appendWord(key, word)
		tones = append(tones, '1'+byte(t))
	}
	key = append(key, sortEnd)
	key = append(key, tones...)
	return append(key, sortEnd)
}

// appendWord appends the letters of a word and returns its tone.
func appendWord(key []byte, word string) ([]byte, tone) {
	var heard tone
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'z':
			key = append(key, byte(r), '0')
		case r >= 'A' && r <= 'Z':
			key = append(key, byte(r)|0x20, '0')
		case r >= '0' && r <= '9':
			key = append(key, '2', byte(r))
		case isMark(r):
			// A mark that did not compose with its letter carries at most a tone.
			if t := toneOf(r); heard == ngang {
				heard = t
			}
		default:
			l := letterOf(r)
			if l.base == 0 {
				key = appendRareLetter(key, r)
				continue
			}
			key = append(key, l.base, '0'+l.shape)
			if heard == ngang {
				heard = l.tone
			}
		}
	}
	return key, heard
}

func toneOf(mark rune) tone {
	var l letter
	l.mark(mark)
	return l.tone
}

func appendRareLetter(key []byte, r rune) []byte {
	plain := spelledOut(r)
	if plain == "" {
		for _, d := range norm.NFKD.String(string(unicode.ToLower(r))) {
			if d < utf8.RuneSelf && (d >= 'a' && d <= 'z') {
				plain += string(d)
			}
		}
	}
	if plain == "" {
		return fmt.Appendf(key, "zz%06x", r)
	}
	for i := range len(plain) {
		key = append(key, plain[i], '0')
	}
	return key
}
