package source

import (
	"errors"
	"io"
	"strings"
	"testing"

	"motcua/internal/core/procedure"
)

func TestReadTerm(t *testing.T) {
	for _, c := range []struct {
		words  string
		state  TermState
		amount int
		unit   TermUnit
		before string
		why    Why
	}{
		{"07 Ngày làm việc", TermRule, 7, WorkingDay, "", ""},
		{"15 Ngày", TermRule, 15, Day, "", ""},
		{"1 Tháng", TermRule, 1, Month, "", ""},
		{"1 Năm", TermRule, 12, Month, "", ""},
		{"2 Tuần", TermRule, 14, Day, "", ""},
		{"4 Giờ làm việc", TermRule, 4, WorkingHour, "", ""},
		{"8 Giờ", TermDoubtful, 8, Hour, "", TermHours},
		{"1", TermDoubtful, 0, "", "", TermNoUnit},
		{"0", TermDoubtful, 0, "", "", TermNoUnit},
		{"0 Ngày", TermDoubtful, 0, "", "", TermWords},
		{"99999 Ngày", TermDoubtful, 0, "", "", TermWords},
		{"", TermUnknown, 0, "", "", ""},
		{"Không có thông tin", TermUnknown, 0, "", "", ""},
		{"Không quy định", TermNone, 0, "", "", ""},
		{"không quy định thời hạn", TermNone, 0, "", "", ""},
		{"Không phải trả kết quả cho người nộp thuế", TermNone, 0, "", "", ""},
		{"Tối đa 6 ngày làm việc kể từ ngày cơ quan BHXH nhận đủ hồ sơ theo quy định.", TermRule, 6, WorkingDay, "", ""},
		{"Trong thời hạn 05 (năm) ngày làm việc kể từ ngày nhận được hồ sơ hợp lệ", TermRule, 5, WorkingDay, "", ""},
		{"15 ngày kể từ ngày bắt đầu rà soát", TermDoubtful, 0, "", "", TermWords},
		{"từ 3 đến 5 ngày", TermDoubtful, 0, "", "", TermWords},
		{"03 - 05 ngày", TermDoubtful, 0, "", "", TermWords},
		{"30 ngày; trường hợp phức tạp 45 ngày", TermDoubtful, 0, "", "", TermWords},
		{"Ngay trong ngày tiếp nhận hồ sơ; trường hợp nhận hồ sơ sau 15 giờ mà không giải quyết được ngay thì trả kết quả trong ngày làm việc tiếp theo.", TermRule, 1, WorkingDay, "15:00", ""},
		{"Ngay trong ngày", TermDoubtful, 0, "", "", TermWords},
		{"Tùy theo đợt", TermDoubtful, 0, "", "", TermWords},
	} {
		got := ReadTerm(c.words)
		if got.State != c.state || got.Before != c.before || got.Why != c.why || c.state == TermRule && (got.Amount != c.amount || got.Unit != c.unit) {
			t.Errorf("ReadTerm(%q) = %+v", c.words, got)
		}
		if rule, ok := got.Rule(); ok && rule.Clock().Validate() != nil {
			t.Errorf("%q gives a rule the clock refuses: %+v", c.words, rule)
		}
	}
}

func TestReadFees(t *testing.T) {
	for _, c := range []struct {
		words string
		state FeeState
		total int64
		why   Why
	}{
		{"", FeeUnknown, 0, ""},
		{"Phí: ĐồngXem chi tiết", FeeUnknown, 0, ""},
		{"Phí : 0 Đồng", FeeFree, 0, ""},
		{"Phí : Không Đồng", FeeFree, 0, ""},
		{"Miễn phí", FeeFree, 0, ""},
		{"Lệ phí: 200000 ĐồngXem chi tiết", FeeAmounts, 200000, ""},
		{"Phí : 2.000.000 Đồng (thẩm định)", FeeAmounts, 2000000, ""},
		{"Phí: 150.000 Đồng (lần đầu) Lệ phí: 50.000 Đồng (cấp lại)", FeeAmounts, 200000, ""},
		{"Phí: 150.000 ĐồngXem chi tiết Phí: 500.000 ĐồngXem chi tiết", FeeDoubtful, 0, FeeSeveral},
		{"Lệ phí : 1.5 USD", FeeDoubtful, 0, FeeCurrency},
		{"Phí : o Đồng", FeeDoubtful, 0, FeeWords},
		{"Phí : 0 Đồng (50.000 đồng/lần)", FeeDoubtful, 0, FeeFreeButNote},
		{"Phí: 150 Đồng", FeeDoubtful, 0, FeeSmall},
		{"Phí : 800.000 Đồng (áp dụng 400.000 đồng đến hết 2026)", FeeDoubtful, 0, FeeOtherAmount},
		{"Phí : 400.000 Đồng (lý thuyết; 1,700,000 thực hành)", FeeDoubtful, 0, FeeOtherAmount},
		{"Phí : Mức thu bằng 50% mức thu phí quy định", FeeDoubtful, 0, FeeWords},
		{"theo Nghị quyết của HĐND tỉnh", FeeDoubtful, 0, FeeWords},
	} {
		got := ReadFees(c.words)
		total := int64(0)
		for _, x := range got.Items {
			total += x.Amount
		}
		if got.State != c.state || got.Why != c.why || total != c.total {
			t.Errorf("ReadFees(%q) = %+v", c.words, got)
		}
	}
}

func TestTablesThatLostTheirBorders(t *testing.T) {
	r := &Record{}
	r.flatWays("Hình thức nộpThời gianPhí, lệ phíMô tảTrực tuyến5 Ngày làm việc800,000 Việt Nam Đồng(/trường hợp)Nộp qua mạngTrực tiếp1Miễn phíDịch vụ bưu chính120 VNĐ(20.000 vnđ/tờ khai)")
	want := []struct {
		kind procedure.ChannelKind
		term TermState
		fee  FeeState
	}{{procedure.Online, TermRule, FeeAmounts}, {procedure.Direct, TermDoubtful, FeeFree}, {procedure.Postal, TermDoubtful, FeeDoubtful}}
	if len(r.Channels) != len(want) {
		t.Fatalf("%d rows: %+v", len(r.Channels), r.Channels)
	}
	for i, w := range want {
		c := r.Channels[i]
		if c.Kind != w.kind || c.Term.State != w.term || c.Fees.State != w.fee {
			t.Errorf("row %d: %+v", i, c)
		}
	}
	if c := r.Channels[0]; c.Fees.Items[0].Amount != 800000 || c.Note != "Nộp qua mạng" {
		t.Errorf("first row: %+v", c)
	}

	r = &Record{}
	r.flatPapers("--Tên giấy tờMẫu đơn, tờ khaiSố lượng- Đơn theo Mẫu số 29 kèm Thông tư số 85/2025/TT-BNNMT.Mẫu số 29.docx1 bản chính- Tờ khai: 02 bản chính. Ghi rõ số;2 bản chínhBản sao hồ sơ0 bản chính,1 bản saoĐơn theo Mẫu số 031 bản chính")
	if len(r.Cases) != 1 || len(r.Cases[0].Papers) != 4 {
		t.Fatalf("papers: %+v", r.Cases)
	}
	p := r.Cases[0].Papers
	if p[0].Form != "Mẫu số 29.docx" || p[0].Originals != 1 || !strings.HasSuffix(p[0].Name, "TT-BNNMT.") {
		t.Errorf("paper with a form: %+v", p[0])
	}
	if p[1].Originals != 2 || !strings.Contains(p[1].Name, "02 bản chính. Ghi rõ") {
		t.Errorf("a number inside the name: %+v", p[1])
	}
	if p[2].Copies != 1 || p[2].Originals != 0 {
		t.Errorf("copies: %+v", p[2])
	}
	if !p[3].Uncounted || !r.Doubtful(PartCases) {
		t.Errorf("Mẫu số 03 and 1, or 0 and 31? %+v", p[3])
	}

	r = &Record{}
	r.flatLaws("Tên văn bản pháp lýMã văn bảnLuật 54/2014/QH1354/2014/QH13Quy định về thủ tục hải quan38/2015/TT-BTCThông tư số 08/2025/TT-BTP ngày 12/6/2025 của Bộ trưởng Bộ Tư pháp08/2025/TT-BTPNghị định về ngành nghề nông thônNghị định 52/2018/NĐ-CP")
	if len(r.LegalBases) != 4 {
		t.Fatalf("legal bases: %+v", r.LegalBases)
	}
	if b := r.LegalBases[0]; b.Number != "54/2014/QH13" || b.Name != "Luật 54/2014/QH13" || b.Agency != "Quốc hội" {
		t.Errorf("number in name and column: %+v", b)
	}
	if b := r.LegalBases[2]; b.Date != "2025-06-12" || b.Agency != "Bộ Tư pháp" {
		t.Errorf("day and issuer: %+v", b)
	}
	if b := r.LegalBases[3]; b.Number != "52/2018/NĐ-CP" || b.Name != "Nghị định về ngành nghề nông thôn" {
		t.Errorf("kind before the number: %+v", b)
	}
}

const nationalRecord = `{"error_code":"0","result":[{"MATTHC":"1.001193","TENTTHC":"Đăng ký khai sinh","CAPTHUCHIEN":"Cấp xã","LINHVUCTHUCHIEN":[{"MALINHVUC":"G15-TP01","TENLINHVUC":"Hộ tịch"}],
"DOITUONGTHUCHIEN":[{"MADOITUONG":"1","TENDOITUONG":"Công dân Việt Nam"}],"COQUANTHUCHIEN":[{"MADONVI":"H56","TENDONVI":"Ủy ban nhân dân cấp xã"}],
"TRINHTUTHUCHIEN":[{"TRUONGHOP":"","TRINHTU":[{"TENTRINHTU":"Nộp hồ sơ"},{"TENTRINHTU":"Nhận kết quả"}]}],
"CACHTHUCTHUCHIEN":[{"KENH":"2","THOIGIAN":[{"THOIGIANGIAIQUYET":"5","DONVITINH":"Ngày làm việc","MOTA":"","PHILEPHI":[{"SOTIEN":"50000","DONVI":"Đồng","MOTA":"cấp bản sao"}]}]}],
"THANHPHANHOSO":[{"TRUONGHOP":"","GIAYTO":[{"MAGIAYTO":"KS01","TENGIAYTO":"Giấy chứng sinh","SOBANCHINH":"1","SOBANSAO":"0","MaKetQuaThayThe":"KQ.G15.000031"}]}],
"KETQUATHUCHIEN":[{"MAKETQUA":"KQ.G15.000031","TENKETQUA":"Giấy khai sinh"}],"CANCUPHAPLY":[{"SOVANBAN":"60/2014/QH13","TENVANBAN":"Luật Hộ tịch","DIACHITRUYCAP":"https://vbpl.vn/1"}],"NGAYHIEULUC":"20260115"}]}`

func TestNationalRecord(t *testing.T) {
	it, err := NewSplitter(strings.NewReader(nationalRecord)).Next()
	if err != nil || it.Err != nil {
		t.Fatal(err, it.Err)
	}
	r, shape, err := Read(it.Data)
	if err != nil || shape != National {
		t.Fatal(shape, err)
	}
	p := r.Cases[0].Papers[0]
	if r.Field.Code != "G15-TP01" || r.Announcement.Effective != "2026-01-15" || len(r.Steps) != 2 || p.Originals != 1 || p.ReplacedBy[0] != "KQ.G15.000031" ||
		r.Channels[0].Term.Amount != 5 || r.Channels[0].Fees.Items[0].Amount != 50000 || r.LegalBases[0].URL == "" || r.Results[0].Code == "" {
		t.Errorf("%+v", r)
	}
	d := r.Definition("2026-01-15")
	if d.Level != procedure.Commune || d.Offers.Online != procedure.InfoOnly || len(d.Offers.Channels) != 0 || d.Cases[0].Form != "" {
		t.Errorf("the entry must be readable and not fileable: %+v", d.Offers)
	}
}

func TestSplitterForms(t *testing.T) {
	for name, text := range map[string]string{
		"lines":      "{\"a\":1}\n\n{\"a\":2}\n{\"a\":3}",
		"array":      "\ufeff[\n {\"a\": 1},\n {\"a\": 2}, {\"a\": 3}\n]",
		"one by one": "{\n \"a\": 1\n}\n{\n \"a\": 2\n}{\"a\":3}",
		"envelope":   `{"error_code": "0", "data": [{"a":1},{"a":2},{"a":3}], "total": 3}`,
	} {
		s := NewSplitter(strings.NewReader(text))
		n := 0
		for {
			it, err := s.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(name, err)
			}
			if it.Err == nil {
				n++
			}
			rest := ResumeSplitter(strings.NewReader(text[it.Next:]), it.Next, it.Rows, s.Lines())
			after := 0
			for {
				x, err := rest.Next()
				if err != nil {
					break
				}
				if x.Err == nil {
					after++
				}
			}
			if it.Err == nil && n+after != 3 {
				t.Errorf("%s: %d read, %d after going on from %d", name, n, after, it.Next)
			}
		}
		if n != 3 {
			t.Errorf("%s: %d records, want 3", name, n)
		}
	}
	// A broken line spoils no other, and says where it is.
	s := NewSplitter(strings.NewReader("{\"ma_so\":\"1.000001\",\"ten\":\"A\"}\n{\"ma_so\": \"1.00\n{\"ma_so\":\"1.000003\",\"ten\":\"C\"}\n"))
	var lines []int64
	for {
		it, err := s.Next()
		if err != nil {
			break
		}
		if _, _, err := Read(it.Data); err != nil {
			lines = append(lines, it.Line)
		}
	}
	if len(lines) != 1 || lines[0] != 2 {
		t.Errorf("refused lines %v, want line 2 alone", lines)
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]Reason{
		`{"ma_so": "1.000001", "ten": "A"`: NotJSON, `[1]`: NotObject, `{"x": 1}`: ShapeUnknown, `{"ma_so": "", "ten": "A"}`: NoCode,
		`{"ma_so": "12", "ten": "A"}`: BadCode, `{"ma_so": "1.000001", "ten": ""}`: NoName,
	} {
		_, _, err := Read([]byte(text))
		var ref *Refusal
		if !errors.As(err, &ref) || ref.Why != want {
			t.Errorf("%s is refused with %v, want %s", text, err, want)
		}
	}
}

// The parsers meet whatever people have typed: they must end, keep the words, and give
// figures that the clock and the till can take.
func FuzzFigures(f *testing.F) {
	for _, s := range []string{"07 Ngày làm việc", "Phí : 2.000.000 Đồng (a)", "Trực tuyến120 VNĐ(20.000 vnđ /tờ khai)", "Tên giấy tờMẫu đơn, tờ khaiSố lượngĐơn1 bản chính", "Luật 54/2014/QH1354/2014/QH13", "((", "9999999999999999999 Ngày"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4000 {
			return
		}
		if rule, ok := ReadTerm(s).Rule(); ok {
			if err := rule.Clock().Validate(); err != nil {
				t.Errorf("ReadTerm(%q): %v", s, err)
			}
		}
		for _, x := range ReadFees(s).Items {
			if x.Amount < smallestFee || x.Amount > largestFee {
				t.Errorf("ReadFees(%q) = %d", s, x.Amount)
			}
		}
		r := &Record{Code: "1.000001", Name: "x"}
		r.flatWays(waysHead + s)
		r.flatPapers(s + papersHead + s)
		r.flatLaws(lawsHead + s)
		r.flatResults(s)
		r.readSteps(s)
		for _, c := range r.Cases {
			for _, p := range c.Papers {
				if p.Originals < 0 || p.Copies < 0 || p.Originals > 99 || p.Copies > 99 {
					t.Errorf("papers of %q: %+v", s, p)
				}
			}
		}
		if first, again := r.Hash(), r.Hash(); first != again {
			t.Error("hash differs")
		}
		r.Definition("2026-01-01")
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(nationalRecord))
	f.Add([]byte(`{"ma_thu_tuc":"1.000001","ten_thu_tuc":"A","cach_thuc_thuc_hien":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewSplitter(strings.NewReader(string(data)))
		last := int64(-1)
		for {
			it, err := s.Next()
			if err != nil {
				return
			}
			if it.Next <= last {
				t.Fatalf("no progress at %d", last)
			}
			last = it.Next
			if it.Err == nil {
				if r, _, err := Read(it.Data); err == nil {
					r.Definition("2026-01-01")
				}
			}
		}
	})
}
