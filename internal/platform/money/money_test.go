package money

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"motcua/internal/platform/errs"
)

func TestFormat(t *testing.T) {
	for in, want := range map[VND]string{
		0: "0 đồng", 999: "999 đồng", 8000: "8.000 đồng", 1234567: "1.234.567 đồng", -1234567: "-1.234.567 đồng", 100: "100 đồng",
		math.MaxInt64: "9.223.372.036.854.775.807 đồng", math.MinInt64: "-9.223.372.036.854.775.808 đồng",
	} {
		if got := in.String(); got != want {
			t.Errorf("%d is written %q, want %q", int64(in), got, want)
		}
	}
	if got := VND(1234567).Format("en"); got != "VND 1,234,567" {
		t.Errorf("in English %q", got)
	}
	if got := VND(1234567).Digits(); got != "1.234.567" {
		t.Errorf("digits %q", got)
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]VND{
		"8000": 8000, "8.000": 8000, "8,000": 8000, "8 000": 8000, "8\u00a0000": 8000, "8.000 đ": 8000, "8.000đ": 8000, "8.000 đồng": 8000, "8.000 ĐỒNG": 8000, "8.000 VND": 8000, "8.000 vnđ": 8000, "8.000₫": 8000,
		"VND 1,234,567": 1234567, "1.234.567,00": 1234567, "1,234,567.0": 1234567, "0": 0, "-5.000": -5000, " 10 ": 10, "008.000": 8000, "9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
	} {
		if got, err := Parse(in); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for in, code := range map[string]string{
		"": "money.format", "đ": "money.format", "-": "money.format", "tám nghìn": "money.format", "8k": "money.format", "1.5": "money.grouping", "12.34": "money.grouping", "1.2345": "money.grouping", "1..000": "money.grouping",
		"8.000.": "money.grouping", ".500": "money.grouping", "1234.567": "money.grouping", "8.000,50": "money.fraction", "8.000,5a": "money.format", "9223372036854775808": "money.too-large", "--5": "money.format",
		strings.Repeat("9", 65): "money.too-large",
	} {
		if got, err := Parse(in); !errs.HasCode(err, code) {
			t.Errorf("Parse(%q) = %d, %v; want %s", in, got, err, code)
		}
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[VND]string{
		0:    "Không đồng",
		1:    "Một đồng",
		4:    "Bốn đồng",
		5:    "Năm đồng",
		10:   "Mười đồng",
		11:   "Mười một đồng",
		14:   "Mười bốn đồng",
		15:   "Mười lăm đồng",
		20:   "Hai mươi đồng",
		21:   "Hai mươi mốt đồng",
		24:   "Hai mươi tư đồng",
		25:   "Hai mươi lăm đồng",
		91:   "Chín mươi mốt đồng",
		100:  "Một trăm đồng",
		101:  "Một trăm linh một đồng",
		104:  "Một trăm linh bốn đồng",
		105:  "Một trăm linh năm đồng",
		110:  "Một trăm mười đồng",
		111:  "Một trăm mười một đồng",
		115:  "Một trăm mười lăm đồng",
		555:  "Năm trăm năm mươi lăm đồng",
		1000: "Một nghìn đồng",
		1005: "Một nghìn không trăm linh năm đồng",
		1010: "Một nghìn không trăm mười đồng",
		1021: "Một nghìn không trăm hai mươi mốt đồng",
		8000: "Tám nghìn đồng",

		15_000:        "Mười lăm nghìn đồng",
		21_000:        "Hai mươi mốt nghìn đồng",
		105_000:       "Một trăm linh năm nghìn đồng",
		1_000_000:     "Một triệu đồng",
		1_000_005:     "Một triệu không trăm linh năm đồng",
		1_000_500:     "Một triệu năm trăm đồng",
		1_005_000:     "Một triệu không trăm linh năm nghìn đồng",
		1_050_000:     "Một triệu không trăm năm mươi nghìn đồng",
		1_205_000:     "Một triệu hai trăm linh năm nghìn đồng",
		1_234_567:     "Một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy đồng",
		1_000_000_000: "Một tỷ đồng",
		1_000_000_001: "Một tỷ không trăm linh một đồng",
		2_015_000_000: "Hai tỷ không trăm mười lăm triệu đồng",

		5_000_000_000_000:         "Năm nghìn tỷ đồng",
		1_005_021_000_000_000:     "Một triệu không trăm linh năm nghìn không trăm hai mươi mốt tỷ đồng",
		1_000_000_000_000_000_000: "Một tỷ tỷ đồng",
		-21_000:                   "Âm hai mươi mốt nghìn đồng",
		math.MinInt64: "Âm chín tỷ hai trăm hai mươi ba triệu ba trăm bảy mươi hai nghìn không trăm ba mươi sáu tỷ " +
			"tám trăm năm mươi tư triệu bảy trăm bảy mươi lăm nghìn tám trăm linh tám đồng",
	} {
		if got := in.Words(); got != want {
			t.Errorf("%d is %q, want %q", int64(in), got, want)
		}
	}
}

// listen reads words back into a number by rules of its own: the judge of Words.
func listen(t *rapid.T, words string) uint64 {
	digit := map[string]uint64{"không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9}
	var below, group, last uint64 // below one tỷ, below one thousand, the digit just heard
	var billions uint64
	for _, w := range strings.Fields(words) {
		switch w {
		case "linh":
		case "mười":
			group += 10
		case "mươi":
			group, last = group+10*last, 0
		case "trăm":
			group, last = 100*last, 0
		case "nghìn":
			below, group, last = below+(group+last)*1000, 0, 0
		case "triệu":
			below, group, last = below+(group+last)*1000000, 0, 0
		case "tỷ":
			billions, below, group, last = (billions+below+group+last)*1000000000, 0, 0, 0
		default:
			d, ok := digit[w]
			if !ok {
				t.Fatalf("unknown word %q in %q", w, words)
			}
			last = d
		}
	}
	return billions + below + group + last
}

func TestWordsAreUnderstood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Uint64Range(0, 2_000), rapid.Uint64Range(0, 99_999_999), rapid.Uint64Range(0, math.MaxInt64)).Draw(t, "n")
		if got := listen(t, Number(n)); got != n {
			t.Fatalf("%d is said %q, which is %d", n, Number(n), got)
		}
	})
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := VND(rapid.Int64().Draw(t, "v"))
		for _, s := range []string{v.String(), v.Digits(), v.Format("en")} {
			if got, err := Parse(s); err != nil || got != v {
				t.Fatalf("%q is read as %d, %v", s, got, err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"8.000 đ", "1,234,567.00", "-5 000", "VND 1", "\u00a0", "1.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if again, err := Parse(v.String()); err != nil || again != v {
			t.Errorf("%q is %d, written %q, read %d, %v", s, v, v, again, err)
		}
	})
}

func BenchmarkWords(b *testing.B) {
	for b.Loop() {
		_ = VND(1_234_567).Words()
	}
}
