package money

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var digitWords = [10]string{"không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"}

// Words writes the amount out as receipts want it: "Một triệu hai trăm linh năm
// nghìn đồng".
//
// The rules of reading: tens are mười (10) or mươi (20…90); 1 after mươi is mốt, 4
// after mươi is tư, 5 after mười and mươi is lăm; a zero in the tens before a one
// is linh; a group of three that follows a higher one says its hundreds even when
// they are zero (không trăm); a group of nothing is skipped. Beyond a thousand
// million the count begins anew with tỷ.
func (v VND) Words() string {
	n := uint64(v)
	sign := ""
	if v < 0 {
		n = -n
		sign = "âm "
	}
	return capital(sign + Number(n) + " đồng")
}

// Number writes a number out: "một nghìn không trăm linh năm".
func Number(n uint64) string {
	if n == 0 {
		return digitWords[0]
	}
	var words []string
	read(&words, n, false)
	return strings.Join(words, " ")
}

// read appends the words of n; after says that something higher was said before.
func read(words *[]string, n uint64, after bool) {
	const billion = 1_000_000_000
	if n >= billion {
		read(words, n/billion, after)
		*words = append(*words, "tỷ")
		n, after = n%billion, true
	}
	for _, scale := range [...]struct {
		unit uint64
		name string
	}{{1_000_000, "triệu"}, {1_000, "nghìn"}, {1, ""}} {
		group := n / scale.unit
		n %= scale.unit
		if group == 0 {
			continue
		}
		readGroup(words, int(group), after)
		if scale.name != "" {
			*words = append(*words, scale.name)
		}
		after = true
	}
}

// readGroup appends the words of 1..999.
func readGroup(words *[]string, n int, after bool) {
	hundreds, tens, ones := n/100, n/10%10, n%10
	say := func(w ...string) { *words = append(*words, w...) }
	if hundreds > 0 || after {
		say(digitWords[hundreds], "trăm")
		after = true
	}
	switch {
	case tens == 0 && ones > 0 && after:
		say("linh", digitWords[ones])
		return
	case tens == 0 && ones > 0:
		say(digitWords[ones])
		return
	case tens == 1:
		say("mười")
	case tens > 1:
		say(digitWords[tens], "mươi")
	}
	switch {
	case ones == 0:
	case ones == 1 && tens > 1:
		say("mốt")
	case ones == 4 && tens > 1:
		say("tư")
	case ones == 5:
		say("lăm")
	default:
		say(digitWords[ones])
	}
}

// capital makes the first letter a capital one.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
