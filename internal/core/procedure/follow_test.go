package procedure

import "testing"

// TestAskingOn holds conversations: what comes first for a question asked after another.
func TestAskingOn(t *testing.T) {
	x := nationalIndex(t)
	for _, c := range []struct {
		after, text string
		about       bool
		want        string
		part        Part
	}{
		{birth, "nộp ở đâu?", true, birth, PartWhere},
		{birth, "Lệ phí bao nhiêu", true, birth, PartFee},
		{birth, "mat bao lau", true, birth, PartTerm},
		{birth, "cần mang theo giấy tờ gì?", true, birth, PartPapers},
		{birth, "có làm online được không", true, birth, PartHow},
		{birth, "nhờ người khác làm thủ tục này được không", true, birth, PartHow},
		{birth, "căn cứ pháp lý của thủ tục này", true, birth, PartBasis},
		{birth, "kết quả nhận được là gì", true, birth, PartResult},
		{birth, "điều kiện để được làm thủ tục này là gì?", true, birth, PartWho},
		{birth, "mất giấy chứng sinh thì làm thế nào", true, birth, ""},
		{birth, "Đăng ký khai sinh mất bao lâu", true, birth, PartTerm},
		{birth, "đăng ký kết hôn cần gì", false, marriage, ""},
		{birth, "giay doc than", false, marital, ""},
		{birth, "mở nhà thuốc", false, pharmacy, ""},
		{marriage, "khai sinh", false, birth, ""},
		{pharmacy, "thời hạn giải quyết", true, pharmacy, PartTerm},
		{pharmacy, "1.001193", false, birth, ""},
		{"9.999999", "nộp hồ sơ đăng ký khai sinh ở đâu", false, birth, PartWhere}, // no such procedure: as if nothing had been asked
		{"", "đăng ký khai sinh", false, birth, ""},
	} {
		found, about, _ := x.findAfter(c.text, c.after)
		if len(found) == 0 || x.entries[found[0].entry].code != c.want || (about != nil) != c.about {
			t.Errorf("%q after %s: %v, about %v", c.text, c.after, x.top(c.text, 3), about != nil)
		}
		if got := partOf(c.text); got != c.part {
			t.Errorf("%q asks for %q, want %q", c.text, got, c.part)
		}
	}
}

// What is like the procedure spoken of comes after it, not what happens to share a word.
func TestAskingOnOffersWhatIsAlike(t *testing.T) {
	x := nationalIndex(t)
	found, _, _ := x.findAfter("nộp hồ sơ ở đâu", birth)
	if len(found) < 3 {
		t.Fatalf("%d found", len(found))
	}
	for _, f := range found[:3] {
		if field := x.entries[f.entry].card.Field.VI; field != "Hộ tịch" {
			t.Errorf("%s (%s)", x.entries[f.entry].card.Name.VI, field)
		}
	}
}
