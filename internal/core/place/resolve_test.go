package place

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sharedtest"
)

// say writes an answer in short: status, reason, today's units.
func say(x *Index, a Answer) string {
	var b strings.Builder
	b.WriteString(string(a.Status))
	if a.Reason != "" {
		b.WriteString(" " + string(a.Reason))
	}
	for i, c := range a.Choices {
		if i == 3 {
			fmt.Fprintf(&b, " …%d", len(a.Choices))
			break
		}
		b.WriteString("; " + x.Address(c.Now, today))
	}
	if a.Line != "" {
		b.WriteString("; line " + a.Line)
	}
	if a.Mended {
		b.WriteString("; mended")
	}
	return b.String()
}

func TestResolve(t *testing.T) {
	x := National()
	for _, c := range []struct{ text, want string }{
		// The old system, whole, abbreviated, bare.
		{"Phường Tân Thới Hiệp, Quận 12", "resolved; Phường Tân Thới Hiệp, Thành phố Hồ Chí Minh"},
		{"12/3 TTH07, P. Tân Thới Hiệp, Q.12, TP.HCM", "resolved; Phường Tân Thới Hiệp, Thành phố Hồ Chí Minh; line 12/3 TTH07"},
		{"12/3 TTH07 p tan thoi hiep q12 tphcm", "resolved; Phường Tân Thới Hiệp, Thành phố Hồ Chí Minh; line 12/3 TTH07"},
		{"P5 Q3", "resolved; Phường Bàn Cờ, Thành phố Hồ Chí Minh"},
		{"Phường 05, TP Đà Lạt, Lâm Đồng", "resolved; Phường Cam Ly - Đà Lạt, Tỉnh Lâm Đồng"},
		{"P.Bến Nghé, Q1", "resolved; Phường Sài Gòn, Thành phố Hồ Chí Minh"},
		{"Thôn 3, xã Ea H’leo, huyện Ea Hleo, Đăk Lăk", "resolved; Xã Ea H'Leo, Tỉnh Đắk Lắk; line Thôn 3"},
		{"số 5 phố Lê Lợi, phường Trần Phú, thành phố Hà Tĩnh, Hà Tĩnh, Việt Nam", "resolved; Phường Thành Sen, Tỉnh Hà Tĩnh; line số 5 phố Lê Lợi"},
		{"TT. Mường Chà - H. Mường Chà - T. Điện Biên", "resolved; Xã Na Sang, Tỉnh Điện Biên"},
		{"Phường I, thành phố Vị Thanh, Hậu Giang", "resolved; Phường Vị Thanh, Thành phố Cần Thơ"},
		// The new system.
		{"Phường Ngọc Hà, Hà Nội", "resolved; Phường Ngọc Hà, Thành phố Hà Nội"},
		{"103 Nguyễn Huệ, Xã Sơn Giang, Tỉnh Hà Tĩnh", "resolved; Xã Sơn Giang, Tỉnh Hà Tĩnh; line 103 Nguyễn Huệ"},
		{"Xã Trảng Bom, tỉnh Đồng Nai", "resolved; Phường Trảng Bom, Thành phố Đồng Nai"},
		// Both mixed, as people write in these years.
		{"Phường Lái Thiêu, TP Hồ Chí Minh", "resolved; Phường Lái Thiêu, Thành phố Hồ Chí Minh"},
		{"Phường Lái Thiêu, Bình Dương", "resolved; Phường Lái Thiêu, Thành phố Hồ Chí Minh"},
		{"Phường An Khánh, TP Thủ Đức", "resolved; Phường An Khánh, Thành phố Hồ Chí Minh"},
		// Districts that ended before the lists begin.
		{"Phường Vĩnh Ninh, TP Huế, Tỉnh Thừa Thiên Huế", "resolved; Phường Thuận Hóa, Thành phố Huế; mended"},
		// Divided, of one name, without a commune.
		{"Xã Kỳ Lợi, TX Kỳ Anh, Hà Tĩnh", "ambiguous split; Phường Sông Trí, Tỉnh Hà Tĩnh; Phường Vũng Áng, Tỉnh Hà Tĩnh; Phường Hoành Sơn, Tỉnh Hà Tĩnh"},
		{"thôn 3, xã Tân An", "ambiguous same-name; Xã Tân An, Tỉnh Tuyên Quang; Xã Tân An, Thành phố Hải Phòng; Xã Tân An, Tỉnh Nghệ An …6; line thôn 3"},
		{"12 Lê Lợi, Quận 1, TPHCM", "ambiguous no-commune; Phường Sài Gòn, Thành phố Hồ Chí Minh; Phường Bến Thành, Thành phố Hồ Chí Minh; Phường Cầu Ông Lãnh, Thành phố Hồ Chí Minh …4; line 12 Lê Lợi"},
		{"45 nguyen hue tan an long an", "ambiguous no-commune; Phường Long An, Tỉnh Tây Ninh; Phường Tân An, Tỉnh Tây Ninh; Phường Khánh Hậu, Tỉnh Tây Ninh; line 45 nguyen hue"},
		{"12 Lê Lợi, Hà Tĩnh", "unknown no-commune; line 12 Lê Lợi"},
		// A unit of another level.
		{"Hà Tĩnh", "resolved; Tỉnh Hà Tĩnh"},
		{"Thừa Thiên Huế", "resolved; Thành phố Huế"},
		{"Huyện Lý Sơn, Quảng Ngãi", "resolved; Đặc khu Lý Sơn, Tỉnh Quảng Ngãi"},
		{"SG", "resolved; Thành phố Hồ Chí Minh"},
		// Typing.
		{"Xã Sơn Gaing, Tỉnh Hà Tĩnh", "resolved; Xã Sơn Giang, Tỉnh Hà Tĩnh; mended"},
		{"Xã Sơn Giang, Tỉnh Hà Tnih", "resolved; Xã Sơn Giang, Tỉnh Hà Tĩnh; mended"},
		{"Phường Tân Thới Hiệm, Quận 12", "resolved; Phường Tân Thới Hiệp, Thành phố Hồ Chí Minh; mended"},
		// Codes, also of units that are no more.
		{"00004", "resolved; Phường Ba Đình, Thành phố Hà Nội"},
		{"00001", "resolved; Phường Hồng Hà, Thành phố Hà Nội"},
		// Nothing.
		{"", "unknown not-found"},
		{"   ,,, ", "unknown not-found"},
		{"12 đường Láng", "unknown not-found; line 12 đường Láng"},
		{"Phường Không Có Thật, Quận 12", "unknown no-commune; line Phường Không Có Thật"},
	} {
		if got := say(x, x.Resolve(c.text, Options{Today: today})); got != c.want {
			t.Errorf("%s\n got  %s\n want %s", c.text, got, c.want)
		}
	}
}

func TestResolveOnADayAndWithinAProvince(t *testing.T) {
	x := National()
	a := x.Resolve("Phường Điện Biên, Hà Nội", Options{Today: today, On: eve})
	if a.Written.Code != "00019" || a.Status != Ambiguous || a.Reason != Split {
		t.Errorf("in June 2025: %s %s", a.Written.Code, say(x, a))
	}
	// On the day before the reform that day's unit is the answer, however it was divided.
	if a := x.Resolve("Phường Điện Biên, Quận Ba Đình", Options{Today: eve}); say(x, a) != "resolved; Phường Điện Biên" && a.Now().Code != "00019" {
		t.Errorf("asked in June 2025: %s", say(x, a))
	}
	a = x.Resolve("xã Tân An", Options{Today: today, Within: "40"})
	if say(x, a) != "resolved; Xã Tân An, Tỉnh Nghệ An" {
		t.Errorf("within Nghệ An: %s", say(x, a))
	}
}

// The synthetic people have an address of each system with its codes.
func TestResolveAddressesOfPeople(t *testing.T) {
	var people []struct {
		Old     string `json:"dia_chi_cu"`
		New     string `json:"dia_chi_moi"`
		OldCode string `json:"ma_xa_cu"`
		NewCode string `json:"ma_xa_moi"`
	}
	readJSON(t, filepath.Join(sharedtest.Dir(t), "03-calendar-names", "synthetic_people.json"), &people)
	x := National()
	for _, p := range people {
		line, _, _ := strings.Cut(p.New, ",")
		if a := x.Resolve(p.New, Options{Today: today}); a.Status != Resolved || a.Now().Code != p.NewCode || a.Line != line {
			t.Errorf("%s: %s", p.New, say(x, a))
		}
		a := x.Resolve(p.Old, Options{Today: today})
		if a.Written.Code != p.OldCode && (p.OldCode != "" || a.Status != Resolved) { // Cồn Cỏ was a district without communes
			t.Errorf("%s: %s, written %s", p.Old, say(x, a), a.Written.Code)
		}
		if a.Line != line {
			t.Errorf("%s: line %q", p.Old, a.Line)
		}
	}
	if len(people) < 200 {
		t.Errorf("only %d people", len(people))
	}
}

// Whatever is written, the answer is sound; and any unit's own address leads to it.
func TestResolveProperties(t *testing.T) {
	x := National()
	check := func(t *rapid.T, a Answer) {
		switch a.Status {
		case Resolved:
			if len(a.Choices) != 1 || a.Reason != "" || a.Written.IsZero() {
				t.Fatalf("resolved with %d choices, reason %q", len(a.Choices), a.Reason)
			}
		case Ambiguous:
			if len(a.Choices) < 2 || a.Reason == "" {
				t.Fatalf("ambiguous with %d choices", len(a.Choices))
			}
		case Unknown:
			if a.Reason == "" {
				t.Fatal("unknown without a reason")
			}
		default:
			t.Fatalf("status %q", a.Status)
		}
		for _, c := range a.Choices {
			if !c.Now.ValidOn(today) {
				t.Fatalf("%s does not stand today", c.Now.FullName())
			}
		}
	}
	word := rapid.SampledFrom([]string{"phường", "P.", "xã", "quận", "Q12", "tp", "thị trấn", "huyện", "tỉnh", "Tân", "An", "Hà", "Nội", "12", "Lê Lợi", ",", " - ", "đường", "Huế", "Bình", "01", "I"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(word, 0, 12).Draw(t, "words"), " ")
		if rapid.Bool().Draw(t, "noise") {
			text += rapid.String().Draw(t, "text")
		}
		check(t, x.Resolve(text, Options{Today: today}))
	})
	rapid.Check(t, func(t *rapid.T) {
		n := x.nodes[rapid.IntRange(0, len(x.nodes)-1).Draw(t, "unit")]
		text := x.Address(n.Unit, n.last())
		switch rapid.IntRange(0, 3).Draw(t, "writing") {
		case 1:
			text = strings.ToUpper(text)
		case 2:
			text = "Tổ 4, " + text
		case 3:
			text = "Số 7 ngõ 12; " + text + ", Việt Nam"
		}
		a := x.Resolve(text, Options{Today: today, On: n.dayNear(today)})
		check(t, a)
		if n.Level != Commune {
			return
		}
		heirs := x.heirs(n, today)
		if a.Written.Code != n.Code || len(a.Choices) != len(heirs) {
			t.Fatalf("%s (%s): %s", text, n.Code, say(x, a))
		}
	})
}

// A letter left out, doubled, or swapped with its neighbour leads to the same commune,
// or at least never to another one without a word.
func TestTypingMistakesNeverMislead(t *testing.T) {
	x := National()
	var communes []*node
	for _, n := range x.nodes {
		if n.Level == Commune && n.ValidOn(today) && len(n.bare) > 6 {
			communes = append(communes, n)
		}
	}
	right, total := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		n := communes[rapid.IntRange(0, len(communes)-1).Draw(t, "unit")]
		name := []rune(n.Name)
		at := rapid.IntRange(1, len(name)-2).Draw(t, "at")
		switch rapid.IntRange(0, 2).Draw(t, "mistake") {
		case 0:
			name = append(name[:at:at], name[at+1:]...)
		case 1:
			name = append(name[:at:at], append([]rune{name[at]}, name[at:]...)...)
		case 2:
			name[at], name[at+1] = name[at+1], name[at]
		}
		up, _ := x.At(n.Parent, today)
		a := x.Resolve(n.Kind.Word()+" "+string(name)+", "+up.FullName(), Options{Today: today})
		total++
		if a.Status == Resolved && a.Now().Code == n.Code {
			right++
		} else if a.Status == Resolved && !a.Mended && compact(string(name)) != compact(a.Written.Name) {
			t.Fatalf("%s, %s led to %s without a word", string(name), up.FullName(), a.Now().FullName())
		}
	})
	t.Logf("%d of %d mistyped names found", right, total)
	if right*10 < total*8 {
		t.Errorf("only %d of %d mistyped names found", right, total)
	}
}

// The kind before a name says where the name begins: its last words are not another's.
func TestAMistypedNameIsNotItsLastWords(t *testing.T) {
	a := National().Resolve("Phường A Nhơn Đông, Tỉnh Gia Lai", Options{Today: today})
	if a.Status == Resolved && a.Now().Name != "An Nhơn Đông" {
		t.Errorf("led to %s", a.Now().FullName())
	}
}

func TestSearch(t *testing.T) {
	x := National()
	first := func(f Filter) string {
		f.Today = today
		list, _ := x.Search(f)
		if len(list) == 0 {
			return ""
		}
		return x.Address(list[0].Unit, today)
	}
	for text, want := range map[string]string{
		"ba dinh ha noi":   "Phường Ba Đình, Thành phố Hà Nội",
		"tan thoi hi":      "Phường Tân Thới Hiệp, Thành phố Hồ Chí Minh",
		"Hoà An, Cao Bằng": "Xã Hòa An, Tỉnh Cao Bằng",
		"sơn giang hà t":   "Xã Sơn Giang, Tỉnh Hà Tĩnh",
		"00004":            "Phường Ba Đình, Thành phố Hà Nội",
		"ha tinh":          "Tỉnh Hà Tĩnh",
		"không đâu cả":     "",
	} {
		if got := first(Filter{Text: text}); got != want {
			t.Errorf("%q finds %q, want %q", text, got, want)
		}
	}
	if got := first(Filter{Text: "p truc bach q ba dinh", Past: true}); got != "Phường Trúc Bạch, Quận Ba Đình, Thành phố Hà Nội" {
		t.Errorf("among past units: %q", got)
	}
	if list, total := x.Search(Filter{Today: today, Level: Commune, Within: "42", Limit: 100}); total != 69 || len(list) != 69 {
		t.Errorf("Hà Tĩnh has %d communes", total)
	}
}

func TestLineage(t *testing.T) {
	x := National()
	u, _ := x.At("25270", civil.MustDate("2025-06-30"))
	heirs := x.Today(u, today)
	if u.FullName() != "Thị trấn Lộc Ninh" || len(heirs) != 1 || heirs[0].Unit.FullName() != "Phường Lộc Ninh" {
		t.Errorf("Lộc Ninh: %s → %v", u.FullName(), heirs)
	}
	if list := x.History("25270"); len(list) != 3 || list[1].Unit.FullName() != "Xã Lộc Ninh" || list[0].From[0].Unit.Key() != list[1].Unit.Key() {
		t.Errorf("history: %+v", list)
	}
	now, _ := x.At("79", today)
	var from []string
	for _, o := range x.Origins(now, eve) {
		from = append(from, o.Unit.FullName())
	}
	if strings.Join(from, ", ") != "Tỉnh Bình Dương, Tỉnh Bà Rịa - Vũng Tàu, Thành phố Hồ Chí Minh" {
		t.Errorf("Hồ Chí Minh was made from %v", from)
	}
	old, _ := x.At("761", eve) // Quận 12 left no successor; its communes did
	if heirs := x.Today(old, today); len(heirs) != 5 {
		t.Errorf("Quận 12 stands for %d communes", len(heirs))
	}
	if en := now.Text().EN; en != "Ho Chi Minh City" {
		t.Errorf("in English: %s", en)
	}
}

func BenchmarkResolve(b *testing.B) {
	x := National()
	for name, text := range map[string]string{
		"old":   "12 Tô Ký, Phường Tân Thới Hiệp, Quận 12, Thành phố Hồ Chí Minh",
		"new":   "103 Nguyễn Huệ, Xã Sơn Giang, Tỉnh Hà Tĩnh",
		"bare":  "12 to ky p tan thoi hiep q12 tphcm",
		"typo":  "Xã Sơn Gaing, Tỉnh Hà Tĩnh",
		"names": "Phường 1",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Resolve(text, Options{Today: today})
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	x := National()
	for b.Loop() {
		x.Search(Filter{Text: "tan thoi hi", Today: today, Past: true, Limit: 10})
	}
}

func BenchmarkNewIndex(b *testing.B) {
	for b.Loop() {
		NewIndex(theSeed().Units, theSeed().Successions)
	}
}

func FuzzResolve(f *testing.F) {
	x := National()
	for _, s := range []string{"P.5, Q.3", "Xã Tân An", "\xff,", "q", "tp", "Phường", "- , -", "Việt Nam"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a := x.Resolve(text, Options{Today: today})
		if a.Status == Resolved && len(a.Choices) != 1 {
			t.Errorf("%q: resolved with %d choices", text, len(a.Choices))
		}
		_ = fold.Key(a.Line)
		x.Search(Filter{Text: text, Today: today})
	})
}
