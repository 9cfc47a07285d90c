package fold

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestKey(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Đường Lý Thường-Kiệt", "duong li thuong kiet"},
		{"đặng  thị\tHƯỜNG", "dang thi huong"},
		{"Hòa Bình", "hoa binh"}, {"Hoà Bình", "hoa binh"},
		{"Mỹ", "mi"}, {"Mĩ", "mi"}, {"quý", "qui"}, {"y tế", "i te"}, {"Yên Bái", "ien bai"}, {"quyền", "quien"},
		{"tay", "tay"}, {"tai", "tai"}, {"Thúy", "thuy"}, {"Nguyễn", "nguyen"}, {"huyện", "huyen"},
		{"1.001193", "1 001193"}, {"H56.15.02-260205-0007", "h56 15 02 260205 0007"},
		{"Đạ K' Nàng", "da k nang"}, {"  ", ""}, {"", ""}, {"…", ""},
		{"Ðinh", "dinh"}, {"ĐÌNH", "dinh"}, {"e\u0302\u0301", "e"}, {"ê\u0301", "e"},
		{"Straße Ærø", "strasse aero"}, {"Łódź", "lodz"}, {"ﬁle", "file"}, {"１２３", "123"}, {"東京", "東京"},
		{"a\u200bb", "ab"}, {"a\u00a0b", "a b"}, {"\xff", ""}, {"a\xffb", "a b"},
	} {
		if got := Key(c.in); got != c.want {
			t.Errorf("Key(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestTokens(t *testing.T) {
	if got := strings.Join(Tokens("Cấp lại Giấy khai-sinh (bản sao)"), "|"); got != "cap|lai|giay|khai|sinh|ban|sao" {
		t.Errorf("%s", got)
	}
	if got := Tokens(" .,"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// What a person has typed so far must find what she is about to type.
func TestKeyOfABeginningBeginsTheKey(t *testing.T) {
	for _, word := range []string{"Nguyễn", "huyện", "Yên", "quyết", "Mỹ Đình", "kỷ luật", "Kyoto", "thuỷ", "y tế", "đường"} {
		for i := range word {
			if begin := strings.TrimRight(Key(word[:i]), " "); !strings.HasPrefix(Key(word), begin) {
				t.Errorf("Key(%q) = %q does not begin Key(%q) = %q", word[:i], begin, word, Key(word))
			}
		}
	}
}

func TestNFC(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                       "plain",
		norm.NFD.String("Đường Hoà"):  "Đường Hoà",
		"Ðặng Ðình":                   "Đặng Đình",
		"ðường":                       "đường",
		"a\u0323\u0302":               "ậ",
		"a\u0302\u0323":               "ậ",
		"e\u0302\u0341":               "ế",
		norm.NFKD.String("ự") + "…":   "ự…",
		"\u0110\u0041\u0323\u0302ng…": "ĐẬng…",
	} {
		if got := NFC(in); got != want {
			t.Errorf("NFC(%+q) = %+q, want %+q", in, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"  Nguyễn \u00a0 Văn\tAn \r\n": "Nguyễn Văn An",
		"\ufeffAn\u200b\u202e":         "An",
		"An\x00\x07":                   "An",
		"An\xff":                       "An",
		"e\u200d\u0301":                "é",
		norm.NFD.String(" Đỗ  Hà "):    "Đỗ Hà",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%+q) = %+q, want %+q", in, got, want)
		}
	}
	if got, want := CleanLines("\r\n Một \r\n\r\n\r\n hai\x00\rba\n\n"), "Một\n\nhai\nba"; got != want {
		t.Errorf("CleanLines = %q, want %q", got, want)
	}
}

func TestUpperLower(t *testing.T) {
	if got := Upper(norm.NFD.String("đặng thị hường")); got != "ĐẶNG THỊ HƯỜNG" {
		t.Errorf("Upper = %q", got)
	}
	if got := Lower("ĐẶNG THỊ HƯỜNG"); got != "đặng thị hường" {
		t.Errorf("Lower = %q", got)
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{
		"Lệ phí khai sinh: 8.000đ": "Le phi khai sinh 8 000d",
		"ĐẶNG Thị Hường":           "DANG Thi Huong",
		"Ærø & Straße":             "AEro Strasse",
		"東京 ABC":                   "ABC",
		"":                         "",
	} {
		if got := ASCII(in); got != want {
			t.Errorf("ASCII(%q) = %q, want %q", in, got, want)
		}
	}
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"Nop le phi ho so dat dai", 25, "Nop le phi ho so dat dai"},
		{"Nộp lệ phí hồ sơ đất đai năm 2026", 25, "Nop le phi ho so dat dai"},
		{"Nộp lệ phí hồ sơ", 10, "Nop le phi"},
		{"Nộp lệ phí hồ sơ", 9, "Nop le"},
		{"Mộtchữrấtdàikhôngcáchnào", 10, "Motchuratd"},
		{"An", 0, ""},
	} {
		if got := ASCIIMax(c.in, c.limit); got != c.want || len(got) > c.limit {
			t.Errorf("ASCIIMax(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
	if got := Strip("Đạ K' Nàng, số 5/2 – Ấp 東"); got != "Da K' Nang, so 5/2 – Ap 東" {
		t.Errorf("Strip = %q", got)
	}
}

// seeds are texts that once were, or could be, trouble.
func seeds(f *testing.F) {
	for _, s := range []string{
		"Đường Lý Thường Kiệt", "e\u0302\u0301", "İstanbul", "ΐ", "ﬃ", "Ǆ", "\xff\xfe", "a\u0345b", "Ω", "ẞ", "ſ", "K", "가각", "①", "㎏", "ೃ", "yY", "quy", "ͺ", "ﾞ", "ʼn",
	} {
		f.Add(s)
	}
}

func FuzzFold(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		for name, fn := range map[string]func(string) string{"Key": Key, "Clean": Clean, "CleanLines": CleanLines, "ASCII": ASCII} {
			once := fn(s)
			if twice := fn(once); twice != once {
				t.Errorf("%s is not idempotent on %+q: %+q, then %+q", name, s, once, twice)
			}
			if !utf8.ValidString(once) {
				t.Errorf("%s(%+q) = %+q is not UTF-8", name, s, once)
			}
			if strings.Contains(once, "  ") || strings.TrimSpace(once) != once {
				t.Errorf("%s(%+q) = %+q has loose spaces", name, s, once)
			}
		}
		if nfc := NFC(s); NFC(nfc) != nfc {
			t.Errorf("NFC is not idempotent on %+q", s)
		}
		if utf8.ValidString(s) {
			if a, b := Key(norm.NFC.String(s)), Key(norm.NFD.String(s)); a != b {
				t.Errorf("composed and decomposed %+q have the keys %+q and %+q", s, a, b)
			}
		}
		for i, c := range []byte(ASCII(s)) {
			if c >= utf8.RuneSelf {
				t.Fatalf("ASCII(%+q) has byte %x at %d", s, c, i)
			}
		}
		if got := ASCIIMax(s, 25); len(got) > 25 {
			t.Errorf("ASCIIMax(%+q) = %q", s, got)
		}
		for _, key := range []string{Sort(s), NameSort(s)} {
			if strings.Trim(key, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
				t.Errorf("sort key %q of %+q leaves its alphabet", key, s)
			}
		}
	})
}

const sample = "Đường Lý Thường Kiệt, Phường Đông Hương, Thành phố Thanh Hóa, Tỉnh Thanh Hóa"

func BenchmarkKey(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		_ = Key(sample)
	}
}

// BenchmarkKeyByDecomposition is the usual way: decompose, drop marks, lower.
func BenchmarkKeyByDecomposition(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		out := make([]rune, 0, len(sample))
		for _, r := range norm.NFD.String(sample) {
			if !isMark(r) {
				out = append(out, r)
			}
		}
		_ = strings.ReplaceAll(strings.ToLower(string(out)), "đ", "d")
	}
}

func BenchmarkNameSort(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = NameSort("Nguyễn Thị Minh Hường")
	}
}

func BenchmarkNFCOfComposed(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = NFC(sample)
	}
}

func BenchmarkASCII(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = ASCII(sample)
	}
}
