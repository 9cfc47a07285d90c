package procedure

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/fold"
	"motcua/internal/platform/sharedtest"
)

const (
	birth        = "1.001193"
	marriage     = "1.000894"
	death        = "1.000656"
	marital      = "1.004873"
	copies       = "2.000815"
	practice     = "1.012289"
	pharmacy     = "1.004593"
	household    = "1.001612"
	construction = "1.013225"
	allowance    = "1.001776"
)

// everyday is what people type, and what they mean.
var everyday = []struct{ text, want string }{
	// as the law says it
	{"Đăng ký khai sinh", birth}, {"đăng ký kết hôn", marriage}, {"đăng ký khai tử", death},
	{"giấy xác nhận tình trạng hôn nhân", marital}, {"chứng thực bản sao từ bản chính", copies},
	{"giấy phép hành nghề khám bệnh chữa bệnh", practice}, {"giấy chứng nhận đủ điều kiện kinh doanh dược", pharmacy},
	{"đăng ký thành lập hộ kinh doanh", household}, {"giấy phép xây dựng nhà ở riêng lẻ", construction}, {"trợ cấp xã hội hàng tháng", allowance},
	// as people say it
	{"làm giấy khai sinh", birth}, {"làm giấy khai sinh cho con mới đẻ", birth}, {"vợ tôi mới sinh em bé", birth},
	{"muốn cưới vợ", marriage}, {"lấy chồng cần giấy gì", marriage}, {"ông nội tôi mới mất", death}, {"giấy chứng tử", death}, {"báo tử cho bố", death},
	{"giấy độc thân", marital}, {"xác nhận chưa kết hôn", marital}, {"công chứng bằng đại học", copies}, {"sao y bản chính", copies}, {"photo công chứng", copies},
	{"bác sĩ xin chứng chỉ hành nghề", practice}, {"mở hiệu thuốc tây", pharmacy}, {"mở quán ăn", household}, {"mở quán cà phê", household},
	{"đăng ký kinh doanh cá thể", household}, {"xin phép xây nhà", construction}, {"xây nhà cần giấy phép gì", construction},
	{"trợ cấp cho người khuyết tật", allowance}, {"tiền hỗ trợ người già neo đơn", allowance}, {"mẹ đơn thân nuôi con được hỗ trợ gì", allowance},
	// without marks
	{"dang ky khai sinh", birth}, {"lam giay khai sinh", birth}, {"ket hon", marriage}, {"khai tu", death}, {"giay doc than", marital},
	{"cong chung giay to", copies}, {"mo quan an", household}, {"xin phep xay nha", construction}, {"tro cap khuyet tat", allowance}, {"mo nha thuoc", pharmacy},
	// with mistakes of typing
	{"khia sinh", birth}, {"giay khai shin", birth}, {"khai sihn", birth}, {"ket hno", marriage}, {"kêt hon", marriage}, {"chung thcu ban sao", copies},
	{"giấy phép xay dựg", construction}, {"ho kinh donh", household}, {"tình trạg hôn nhân", marital}, {"nha thuoocs", pharmacy},
	// spelling, abbreviations, words run together, capitals, other composition
	{"giấy khai sanh", birth}, {"khaisinh", birth}, {"kethon", marriage}, {"GPXD", construction}, {"HKD", household}, {"XNTTHN", marital}, {"CCHN bác sỹ", practice},
	{"GIẤY KHAI SINH", birth}, {"giấy khai sinh", birth}, {"hoá đơn hộ kinh doanh", household},
	// still typing
	{"khai si", birth}, {"giấy phép xây d", construction}, {"hộ kinh d", household},
	// in English
	{"birth certificate", birth}, {"get married", marriage}, {"death certificate", death}, {"open a shop", household}, {"building permit", construction}, {"certified true copy", copies},
	// by code
	{"1.001193", birth}, {"2.000815", copies}, {"1.0047", ""},
}

func TestSearchEveryday(t *testing.T) {
	x := indexOf(shipped(t))
	for _, c := range everyday {
		got := x.top(c.text, 1)
		if c.want == "" {
			if len(got) != 0 {
				t.Errorf("%q: found %v, want nothing", c.text, got)
			}
			continue
		}
		if len(got) == 0 || got[0] != c.want {
			t.Errorf("%q: found %v, want %s", c.text, x.top(c.text, 3), c.want)
		}
	}
}

// TestSearchAmongTheCatalogue asks the same among thousands of other names.
func TestSearchAmongTheCatalogue(t *testing.T) {
	x := nationalIndex(t)
	missed := 0
	for _, c := range everyday {
		if c.want == "" {
			continue
		}
		if got := x.top(c.text, 5); !slices.Contains(got, c.want) {
			missed++
			t.Logf("%q: not among the first five: %v", c.text, got)
		}
	}
	if most := len(everyday) / 20; missed > most {
		t.Errorf("%d of %d not among the first five; at most %d may be", missed, len(everyday), most)
	}
}

// TestSearchQuestions asks the questions that an office collected about four of
// the shipped procedures. Only those that name their subject can be understood
// alone ("how long does it take?" cannot).
func TestSearchQuestions(t *testing.T) {
	dir := filepath.Join(sharedtest.Dir(t), "02-procedures", "commune_justice_questions")
	x := indexOf(shipped(t))
	asked, right := 0, 0
	for _, c := range []struct {
		file, want string
		subject    []string
	}{
		{"quy_trinh_cap_ho_tich_cap_xa/01. Đăng ký khai sinh.json", birth, []string{"khai sinh", "sinh con"}},
		{"quy_trinh_cap_ho_tich_cap_xa/11. Đăng ký kết hôn.json", marriage, []string{"ket hon", "lay nhau", "hon nhan dong gioi"}},
		{"quy_trinh_cap_ho_tich_cap_xa/33. Cấp Giấy xác nhận tình trạng hôn nhân.json", marital, []string{"doc than", "tinh trang hon nhan"}},
		{"quy_trinh_chung_thuc/11.Thủ tục chứng thực bản sao từ bản chính giấy tờ, văn bản.json", copies, []string{"cong chung", "chung thuc", "sao y"}},
	} {
		data, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil {
			t.Fatal(err)
		}
		var set struct {
			Main     string   `json:"main_question"`
			Variants []string `json:"question_variants"`
		}
		if err := json.Unmarshal(data, &set); err != nil {
			t.Fatal(err)
		}
		for _, q := range append(set.Variants, set.Main) {
			key := fold.Key(q)
			if !slices.ContainsFunc(c.subject, func(s string) bool { return strings.Contains(key, fold.Key(s)) }) {
				continue
			}
			asked++
			if got := x.top(q, 1); len(got) > 0 && got[0] == c.want {
				right++
			} else {
				t.Logf("%q: found %v, want %s", q, x.top(q, 3), c.want)
			}
		}
	}
	t.Logf("%d of %d questions lead to their procedure first", right, asked)
	if asked < 40 || right*100 < asked*92 {
		t.Errorf("%d of %d right; 92%% must be", right, asked)
	}
}

func TestSearchRanksNameAboveKeywordsAboveSummary(t *testing.T) {
	name, keyword, summary := named("1.000001", "Cấp thẻ căn cước", "A"), named("1.000002", "Một việc khác", "A"), named("1.000003", "Việc thứ ba", "A")
	keyword.Keywords.VI = []string{"thẻ căn cước"}
	summary.Summary.VI = "Nói về thẻ căn cước ở đây."
	x := indexOf([]*Definition{summary, keyword, name})
	if got := x.top("thẻ căn cước", 3); !slices.Equal(got, []string{"1.000001", "1.000002", "1.000003"}) {
		t.Errorf("order %v", got)
	}
}

// Typed marks count: đất (land) is not đặt (to place), though both fold to dat.
func TestSearchPrefersTheMarksTyped(t *testing.T) {
	x := indexOf([]*Definition{named("1.000001", "Đặt tên đường", "A"), named("1.000002", "Đất công ích", "A")})
	if got := x.top("đất", 2); len(got) != 2 || got[0] != "1.000002" {
		t.Errorf("đất: %v", got)
	}
	if got := x.top("đặt", 2); len(got) != 2 || got[0] != "1.000001" {
		t.Errorf("đặt: %v", got)
	}
	if got := x.top("dat", 2); len(got) != 2 {
		t.Errorf("dat finds both: %v", got)
	}
}

func TestSearchSuggests(t *testing.T) {
	x := indexOf(shipped(t))
	if _, got := x.find("giấy khai sihn"); got != "giấy khai sinh" {
		t.Errorf("suggestion %q", got)
	}
	if _, got := x.find("giấy khai sinh"); got != "" {
		t.Errorf("a sound query is not corrected: %q", got)
	}
}

func TestSearchOddities(t *testing.T) {
	x := indexOf(shipped(t))
	all, _ := x.find("")
	if len(all) != len(x.entries) {
		t.Errorf("an empty query lists %d of %d", len(all), len(x.entries))
	}
	for _, q := range []string{"   ", "?!…", "toi muon hoi", strings.Repeat("khai sinh ", 400), "'; DROP TABLE procedure_version; --", "\x00\xff", "🙂", "%", "zzzzzzz"} {
		found, _ := x.find(q) // must not fail; what it finds is its own business
		_ = found
	}
	if got := x.top("zzzzzzz qqqqqq", 3); len(got) != 0 {
		t.Errorf("nonsense finds %v", got)
	}
	if found, _ := indexOf(nil).find("khai sinh"); len(found) != 0 {
		t.Error("an empty catalogue finds nothing")
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"sinh", "sinh", 0}, {"shin", "sinh", 2}, {"sihn", "sinh", 1}, {"khia", "khai", 1}, {"sin", "sinh", 1}, {"sinhh", "sinh", 1}, {"abc", "xyz", 3}, {"", "ab", 2},
	} {
		if got := mistakes(c.a, c.b, 2); got != min(c.want, 3) {
			t.Errorf("%s → %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// TestSearchIsFast holds searches among six thousand procedures to 20 ms, also
// those with mistakes in them.
func TestSearchIsFast(t *testing.T) {
	x := indexOf(append(shipped(t), many(6000)...))
	for _, q := range []string{"làm giấy khai sinh cho con", "giáy phép xay dựg nhà ở rieng lẻ", "khaisihn", "thẩm định cấp giấy chứng nhận đăng ký hoạt động"} {
		best := time.Hour
		for range 40 { // other tests share the machine: what counts is that it can be done in the time
			start := time.Now()
			x.find(q)
			if best = min(best, time.Since(start)); best <= 20*time.Millisecond {
				break
			}
		}
		t.Logf("%q: %v", q, best)
		if best > 20*time.Millisecond {
			t.Errorf("%q takes %v", q, best)
		}
	}
}

// many makes procedures out of the words that names of procedures are made of.
func many(n int) []*Definition {
	verbs := []string{"Cấp", "Cấp lại", "Gia hạn", "Điều chỉnh", "Thu hồi", "Thẩm định", "Đăng ký", "Công nhận", "Xác nhận", "Phê duyệt"}
	things := []string{"giấy phép hoạt động", "giấy chứng nhận đủ điều kiện", "chứng chỉ hành nghề", "quyết định thành lập", "phương án bảo vệ", "hồ sơ quy hoạch", "kết quả thẩm định"}
	of := []string{"cơ sở giáo dục", "công trình thủy lợi", "phòng khám đa khoa", "tàu cá", "trung tâm ngoại ngữ", "vườn ươm giống cây", "mỏ khoáng sản", "nhà máy nước sạch", "bến xe khách", "trạm kiểm dịch", "xuồng cao tốc"}
	var out []*Definition
	for i := range n {
		out = append(out, named(fmt.Sprintf("3.%06d", i), fmt.Sprintf("%s %s đối với %s loại %d theo phân cấp của Ủy ban nhân dân cấp tỉnh", verbs[i%len(verbs)], things[i/7%len(things)], of[i/3%len(of)], i%40), "Lĩnh vực"))
	}
	return out
}

func BenchmarkSearch(b *testing.B) {
	x := indexOf(append(shipped(b), many(6000)...))
	for b.Loop() {
		x.find("xin giấy phép xay dựg nhà ở riêng lẻ")
	}
}
