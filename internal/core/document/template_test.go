package document

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/rules"
)

var vars = []rules.Var{
	{Name: "child_name", Type: rules.String}, {Name: "child_birth", Type: rules.String}, {Name: "mother_birth", Type: rules.String}, {Name: "gender", Type: rules.String},
	{Name: "kinds", Type: rules.List(rules.String)}, {Name: "home", Type: rules.Map}, {Name: "fee", Type: rules.Int}, {Name: "area", Type: rules.Float},
	{Name: "sworn", Type: rules.Bool}, {Name: "papers", Type: rules.List(rules.Map)}, {Name: "empty", Type: rules.String},
}

const template = `
id: birth
title: {vi: Giấy khai sinh}
blocks:
  - {kind: national}
  - {kind: number, text: {vi: "Số: {entry.number}"}}
  - {kind: heading, text: {vi: GIẤY KHAI SINH}, sub: {vi: "(Bản chính)"}}
  - {kind: paragraph, text: {vi: "Theo đề nghị của {owner.name}, {agency.name} chứng nhận:"}}
  - kind: fields
    rows:
      - {label: {vi: "Họ, chữ đệm, tên"}, value: "{child_name|upper}"}
      - {label: {vi: Ngày sinh}, value: "{child_birth|date} ({child_birth|words})"}
      - {label: {vi: Năm sinh của mẹ}, value: "{mother_birth|date}, {mother_birth|words}"}
      - {label: {vi: Giới tính}, value: "{gender|label}"}
      - {label: {vi: Loại}, value: "{kinds|label}"}
      - {label: {vi: Quê quán}, value: "{home}"}
      - {label: {vi: Lệ phí}, value: "{fee|money} ({fee|words} đồng)"}
      - {label: {vi: Diện tích}, value: "{area} m²"}
      - {label: {vi: Cam đoan}, value: "{sworn|yesno}"}
      - {label: {vi: Để trống}, value: "{empty}"}
      - {label: {vi: Mặc định}, value: "{empty|default:Không có}"}
      - {label: {vi: Ẩn}, value: "không được in", show: filled(empty)}
      - {label: {vi: Hiện}, value: "được in", show: "fee > 1000 && sworn"}
  - {kind: table, of: papers, columns: [{title: {vi: Giấy tờ}, value: "{row.name}", width: 70}, {title: {vi: Số bản}, value: "{row.copies}", width: 30, align: right}]}
  - {kind: table, columns: [{title: {vi: ""}}, {title: {vi: CHỒNG}}], rows: [["Tên", "{owner.name}"]]}
  - {kind: list, numbered: true, items: [{vi: Điều thứ nhất}, {vi: Điều thứ hai}]}
  - {kind: paragraph, style: bold, align: center, text: {vi: "Có giá trị từ {entry.valid_from|date} đến {entry.valid_to|longdate}, phạm vi {result.scope}, ghi tại {entry.register}."}}
  - {kind: signature, place_date: true, title: {vi: NGƯỜI KÝ}, left: {vi: "Nơi nhận:\n- Như trên;"}}
`

func TestATemplateBecomesAPaper(t *testing.T) {
	def, err := Decode("birth.yaml", []byte(template))
	if err != nil {
		t.Fatal(err)
	}
	// What is stored with a procedure version is its JSON: it must come back the same.
	raw, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	back := &Definition{}
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	tm, err := Compile(back, Known{Vars: vars, Result: []string{"scope"}, Entry: []string{"child_name"}})
	if err != nil {
		t.Fatal(err)
	}
	d := sample()
	filled, err := tm.Fill(t.Context(), Values{
		Answers: map[string]any{
			"child_name": "Nguyễn Đặng Minh Khuê {entry.number}", "child_birth": "2026-11-15", "mother_birth": "1992", "gender": "female", "kinds": []any{"a", "b"},
			"home": map[string]any{"line": "Thôn 3", "commune": "Xã Nga Sơn", "province": "Thanh Hóa"}, "fee": 1205000.0, "area": 84.5, "sworn": true,
			"papers": []any{map[string]any{"name": "Bằng tốt nghiệp", "copies": 3.0}, map[string]any{"name": "Sổ hộ khẩu"}},
		},
		Result: map[string]any{"scope": "toàn quốc"}, Owner: d.Owner, Agency: d.Agency, Today: at,
		Labels: map[string]string{"gender=female": "Nữ", "kinds=a": "Loại A", "kinds=b": "Loại B"},
	})
	if err != nil {
		t.Fatal(err)
	}
	// It waits for its number as JSON.
	raw, err = json.Marshal(filled)
	if err != nil {
		t.Fatal(err)
	}
	waiting := &Filled{}
	if err := json.Unmarshal(raw, waiting); err != nil {
		t.Fatal(err)
	}
	d.Entry = map[string]any{"number": "128/2026", "valid_from": "2026-11-22", "valid_to": "2031-02-05", "register": "Sổ đăng ký khai sinh"}
	d.Signer = Signer{Name: "Trịnh Quốc Hùng", Title: "Chủ tịch"}
	p := samplePage(d)
	p.track = "https://motcua.example.gov.vn/kiem-tra/7FK3QX2A9M"
	pdf, err := drawResult(waiting, p)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "result", pdf)
	text := flowOf(t, pdf)
	for _, want := range []string{
		"Số: 128/2026", "GIẤY KHAI SINH", "(Bản chính)", "Theo đề nghị của Đặng Thị Hường, Ủy ban nhân dân phường Hạc Thành chứng nhận:",
		"15/11/2026 (ngày mười lăm tháng mười một năm hai nghìn không trăm hai mươi sáu)", "1992, năm một nghìn chín trăm chín mươi hai", "Giới tính: Nữ",
		"Loại: Loại A, Loại B", "Quê quán: Thôn 3, Xã Nga Sơn, Thanh Hóa", "1.205.000 đồng (một triệu hai trăm linh năm nghìn đồng)", "Diện tích: 84,5 m²", "Cam đoan: Có",
		"Để trống: …………", "Mặc định: Không có", "Hiện: được in", "Bằng tốt nghiệp", "1. Điều thứ nhất", "từ 22/11/2026 đến ngày 05 tháng 02 năm 2031, phạm vi toàn quốc, ghi tại Sổ đăng ký khai sinh.",
		"NGƯỜI KÝ", "CHỦ TỊCH", "Trịnh Quốc Hùng", "Nơi nhận:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the paper does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "không được in") {
		t.Error("a row whose rule is false is printed")
	}
	// What a citizen types is never read as a placeholder.
	if !strings.Contains(text, "NGUYỄN ĐẶNG MINH KHUÊ {ENTRY.NUMBER}") {
		t.Errorf("a placeholder in an answer was carried out:\n%s", text)
	}
	if got := scanned(t, pdf, "2"); got != p.track {
		t.Errorf("the code says %q", got)
	}
}

// A template names a post or a role; the paper says each once, and for whom a deputy signs.
func TestByWhatAuthorityAPaperIsSigned(t *testing.T) {
	for _, test := range []struct{ named, post, authority, title string }{
		{"CHỦ TỊCH", "Chủ tịch Ủy ban nhân dân phường", "", "CHỦ TỊCH"},
		{"CHỦ TỊCH", "Chủ tịch", "", "CHỦ TỊCH"},
		{"CHỦ TỊCH", "Phó Chủ tịch Ủy ban nhân dân tỉnh", "KT. CHỦ TỊCH", "Phó Chủ tịch Ủy ban nhân dân tỉnh"},
		{"TM. ỦY BAN NHÂN DÂN", "Chủ tịch Ủy ban nhân dân xã", "TM. ỦY BAN NHÂN DÂN", "Chủ tịch Ủy ban nhân dân xã"},
		{"NGƯỜI KÝ", "", "", "NGƯỜI KÝ"},
	} {
		if authority, title := signs(test.named, test.post); authority != test.authority || title != test.title {
			t.Errorf("%s, signed by %q: %q, %q", test.named, test.post, authority, title)
		}
	}
}

func TestEveryMistakeOfATemplateIsNamed(t *testing.T) {
	def, err := Decode("bad.yaml", []byte(`
id: bad
title: {vi: Hỏng}
paper: {size: A3, orientation: sideways}
blocks:
  - {kind: paragraph, text: {vi: "{nobody} {child_name|shout} {owner.password} {result.secret} {entry.nothing} {row.x}"}}
  - {kind: paragraph, text: {vi: "{child_name"}}
  - {kind: paragraph, text: {vi: "x"}, show: "child_nam == 'x'"}
  - {kind: paragraph, text: {vi: "x"}, show: "fee"}
  - {kind: drawing}
  - {kind: fields}
  - {kind: table, of: strangers, columns: [{title: {vi: A}}]}
  - {kind: table, columns: [{title: {vi: A}}], rows: [["1", "2"]]}
`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compile(def, Known{Vars: vars, Result: []string{"scope"}, Entry: []string{}})
	var problems decl.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%v", err)
	}
	all := problems.Error()
	for _, want := range []string{"A3", "sideways", "unknown filter \"shout\"", "not closed", "unknown name \"child_nam\"", "yes/no", "unknown kind of block \"drawing\"", "fields need rows", "no group \"strangers\"", "2 cells", "bad.yaml:"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing is said about %q:\n%s", want, all)
		}
	}
	for _, one := range []string{"{nobody}", "{owner.password}", "{result.secret}", "{entry.nothing}", "{row.x}"} {
		def, err := Decode("x.yaml", []byte("id: x\ntitle: {vi: X}\nblocks:\n  - {kind: paragraph, text: {vi: \""+one+"\"}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(def, Known{Vars: vars, Result: []string{"scope"}, Entry: []string{}}); err == nil {
			t.Errorf("%s is let in", one)
		}
	}
	if _, err := Decode("y.yaml", []byte("id: y\ntitle: {vi: Y}\nblocks:\n  - {kind: fields, rows: [{labl: {vi: A}, value: x}]}\n")); err == nil {
		t.Error("an unknown key of a row is let in")
	}
}
