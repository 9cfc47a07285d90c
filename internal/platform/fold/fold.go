package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NFC returns s in the composed form in which all text is stored. Keyboards of
// macOS and iOS send letters and marks apart; two strings that look the same would
// then differ. Ð (eth) and Ɖ, which look like Đ and come from old fonts and from
// text of code page 1258 read as Latin-1, become Đ; likewise the small letters.
func NFC(s string) string {
	if plainASCII(s) {
		return s
	}
	s = norm.NFC.String(s)
	if strings.IndexFunc(s, looksLikeDe) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case 'Ð', 'Ɖ':
			return 'Đ'
		case 'ð', 'ɖ':
			return 'đ'
		}
		return r
	}, s)
}

func looksLikeDe(r rune) bool { return r == 'Ð' || r == 'ð' || r == 'Ɖ' || r == 'ɖ' }

// Clean returns one line of typed input as it should be stored: NFC, valid UTF-8,
// without control characters and invisible ones (zero width, direction marks,
// byte order mark), every run of white space one space, none at the ends.
func Clean(s string) string {
	var b strings.Builder
	space := false
	for _, r := range NFC(s) {
		switch {
		case unicode.IsSpace(r), r == 0x00A0:
			space = b.Len() > 0
		case r == utf8.RuneError, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co):
			// dropped
		default:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	return NFC(b.String()) // a dropped joiner may leave a letter and its mark side by side
}

// CleanLines is Clean for long text: it keeps line breaks, as "\n", and at most
// one empty line between paragraphs.
func CleanLines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	var kept []string
	for line := range strings.SplitSeq(s, "\n") {
		line = Clean(line)
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimSuffix(strings.Join(kept, "\n"), "\n")
}

// Upper returns s in capital letters, "đặng thị hường" as "ĐẶNG THỊ HƯỜNG". The
// lower() and upper() of databases leave đ, ư, ơ alone under the C locale.
func Upper(s string) string { return strings.ToUpper(NFC(s)) }

// Lower returns s in small letters.
func Lower(s string) string { return strings.ToLower(NFC(s)) }

// Key returns the search key of s: letters without marks, đ as d, lower case,
// digits, and one space wherever there was anything else. Two texts that a person
// searching would call the same have the same key: "Đường Lý Thường-Kiệt", "duong
// li thuong kiet".
//
// y is folded to i where both spellings of one word are in use, that is after a
// consonant, after qu, and at the start of a word (Mỹ/Mĩ, quý/quí, y tế/i tế), and
// kept where it makes another word (tay/tai, thúy/thúi). The choice looks only at
// the letters before it, so the key of the beginning of a word is the beginning of
// the key of the word: search while typing works.
func Key(s string) string {
	w := keyWriter{buf: make([]byte, 0, len(s))}
	for _, r := range s {
		w.add(r)
	}
	return string(w.buf)
}

// Tokens returns the words of the search key.
func Tokens(s string) []string { return strings.Fields(Key(s)) }

// keyWriter builds a search key one rune at a time.
type keyWriter struct {
	buf  []byte
	gap  bool // a space is due before the next letter
	last byte // the last two letters of the running word, 0 at its start
	prev byte
}

func (w *keyWriter) add(r rune) {
	switch {
	case r < utf8.RuneSelf:
		c := byte(r)
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			w.put(c)
		case c >= 'A' && c <= 'Z':
			w.put(c | 0x20)
		default:
			w.brk()
		}
	case isMark(r):
		// A mark says nothing here.
	default:
		if l := letterOf(r); l.base != 0 {
			w.put(l.base)
			return
		}
		w.addRare(r)
	}
}

// addRare handles what is neither ASCII nor a Latin letter with marks.
func (w *keyWriter) addRare(r rune) {
	if r == utf8.RuneError {
		w.brk()
		return
	}
	if plain := spelledOut(r); plain != "" {
		for i := range len(plain) {
			w.put(plain[i])
		}
		return
	}
	if lower := unicode.ToLower(r); lower != r {
		w.add(lower)
		return
	}
	if apart := norm.NFKD.String(string(r)); apart != string(r) { // full-width forms, ligatures, Hangul, …
		for _, d := range apart {
			w.add(d)
		}
		return
	}
	switch {
	case unicode.IsLetter(r), unicode.IsNumber(r), unicode.Is(unicode.Mc, r):
		w.open()
		w.buf = utf8.AppendRune(w.buf, r)
		w.prev, w.last = w.last, 'x'
	case unicode.Is(unicode.Cf, r):
		// Zero-width characters do not part words.
	default:
		w.brk()
	}
}

func (w *keyWriter) open() {
	if w.gap {
		w.buf = append(w.buf, ' ')
		w.gap = false
	}
}

func (w *keyWriter) brk() {
	w.gap = len(w.buf) > 0
	w.last, w.prev = 0, 0
}

func (w *keyWriter) put(c byte) {
	w.open()
	if c == 'y' && w.spellsI() {
		c = 'i'
	}
	w.buf = append(w.buf, c)
	w.prev, w.last = w.last, c
}

// spellsI reports whether a y here is the vowel i in another spelling.
func (w *keyWriter) spellsI() bool {
	switch w.last {
	case 'a', 'e', 'i', 'o', 'y':
		return false
	case 'u':
		return w.prev == 'q'
	}
	return true
}

// ASCII returns s in the characters that bank transfers and old gateways accept:
// letters without marks in their case, digits, and one space for anything else.
func ASCII(s string) string {
	buf := make([]byte, 0, len(s))
	gap := false
	for _, r := range s {
		buf, gap = appendASCII(buf, gap, r)
	}
	return string(buf)
}

func appendASCII(buf []byte, gap bool, r rune) ([]byte, bool) {
	var plain string
	switch {
	case r < utf8.RuneSelf:
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return buf, len(buf) > 0
		}
		if gap {
			buf = append(buf, ' ')
		}
		return append(buf, byte(r)), false
	case r == utf8.RuneError:
		return buf, len(buf) > 0
	case isMark(r), unicode.Is(unicode.Cf, r):
		return buf, gap
	default:
		plain = plainLetter(r)
	}
	if plain != "" {
		if gap {
			buf = append(buf, ' ')
		}
		return append(buf, plain...), false
	}
	if apart := norm.NFKD.String(string(r)); apart != string(r) {
		for _, d := range apart {
			buf, gap = appendASCII(buf, gap, d)
		}
		return buf, gap
	}
	return buf, len(buf) > 0
}

// Strip returns s without marks, everything else as it is: "Đạ K' Nàng" as "Da K'
// Nang". What has no plain Latin spelling is kept.
func Strip(s string) string {
	if plainASCII(s) {
		return s
	}
	buf := make([]byte, 0, len(s))
	for _, r := range s {
		switch plain := plainLetter(r); {
		case r < utf8.RuneSelf:
			buf = append(buf, byte(r))
		case isMark(r):
		case plain != "":
			buf = append(buf, plain...)
		default:
			buf = utf8.AppendRune(buf, r)
		}
	}
	return string(buf)
}

// plainLetter returns the plain spelling of a non-ASCII Latin letter in its case.
func plainLetter(r rune) string {
	var plain string
	if l := letterOf(r); l.base != 0 {
		plain = lowerLetters[l.base-'a' : l.base-'a'+1]
	} else {
		plain = spelledOut(r)
	}
	if plain != "" && unicode.IsUpper(r) {
		return strings.ToUpper(plain)
	}
	return plain
}

const lowerLetters = "abcdefghijklmnopqrstuvwxyz"

// ASCIIMax is ASCII cut to at most limit characters, at the end of a word where
// one ends in the second half, for fields of fixed length.
func ASCIIMax(s string, limit int) string {
	s = ASCII(s)
	if len(s) <= limit {
		return s
	}
	if limit <= 0 {
		return ""
	}
	cut := s[:limit]
	if s[limit] != ' ' {
		if i := strings.LastIndexByte(cut, ' '); i >= limit/2 {
			cut = cut[:i]
		}
	}
	return strings.TrimRight(cut, " ")
}
