package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"motcua/e2e/browser"
)

// A decree of the demo province that only ever stays a draft: no other journey meets it.
const decree = `number: 90/NQ-UBTVQH
kind: {vi: Nghị quyết, en: Resolution}
issuer: {vi: Ủy ban Thường vụ Quốc hội, en: Standing Committee of the National Assembly}
date: 2034-11-20
effective: 2035-01-01
title: {vi: Sắp xếp phường Bình Minh và xã An Phú, en: Rearranging Bình Minh and An Phú}
text: Thành lập phường An Bình trên cơ sở toàn bộ phường Bình Minh và xã An Phú.
agencies:
  - create: {code: H64.41, name: Ủy ban nhân dân phường An Bình, short_name: UBND phường An Bình, kind: commune, level: commune, parent: H64, receives: true}
  - merge: [H64.31, H64.32]
    into: H64.41
`

// brokenDecree has mistakes of every weight: a day, a code, a verb without its end.
const brokenDecree = `number: 91/NQ-UBTVQH
date: 20/11/2034
effective: 2035-01-01
title: {vi: Nghị quyết còn lỗi}
agencies:
  - merge: [H64.31, H64.99]
  - rename: H64.08
`

// record is a line of a catalogue as the crawled pages have it, with a term in doubt.
func record(code, name, term string) string {
	return fmt.Sprintf(`{"ma_thu_tuc": %q, "ten_thu_tuc": %q, "so_quyet_dinh": "12/QĐ-UBND", "cap_thuc_hien": "Cấp xã", "linh_vuc": "Hộ tịch", `+
		`"doi_tuong_thuc_hien": "Công dân Việt Nam", "co_quan_thuc_hien": "Ủy ban nhân dân cấp xã", "trinh_tu_thuc_hien": "Bước 1: Nộp hồ sơ.\nBước 2: Nhận kết quả.", `+
		`"cach_thuc_thuc_hien": "Hình thức nộpThời gianPhí, lệ phíMô tả%s", "thanh_phan_ho_so": "--Tên giấy tờMẫu đơn, tờ khaiSố lượngTờ khai1 bản chính", `+
		`"can_cu_phap_ly": "Tên văn bản pháp lýMã văn bảnLuật Hộ tịch60/2014/QH13", "ket_qua_xu_ly": "Giấy xác nhậnMã: KQ.G15.000031Từ khóaKhông có thông tin"}`, code, name, term)
}

// rooms are the pages that show what an administrator has brought in: a decree that
// is tried out, one with mistakes, a catalogue with a change to review and a line
// that was refused. They are brought in once, by the pages.
func (s *site) rooms(t *testing.T) []visit {
	t.Helper()
	p := s.person(t, browser.Options{Name: "archivist"})
	defer p.Close()
	s.signIn(p, s.account(t, "admin", ""))

	p.Visit("/quan-tri/sap-xep?lang=vi")
	var drafts []string
	for _, text := range []string{decree, brokenDecree} {
		p.Visit("/quan-tri/sap-xep")
		p.Fill("Nội dung văn bản (YAML)", text)
		p.Press("Kiểm tra và chạy thử")
		drafts = append(drafts, p.Path())
	}
	p.Visit(drafts[1])
	p.Sees("3 lỗi cần sửa")
	p.Visit(drafts[0])
	p.Sees("Văn bản không có lỗi", "Hồ sơ đang giải quyết")
	pages := []visit{{"admin", "/quan-tri/sap-xep"}, {"admin", drafts[0]}, {"admin", drafts[1]}, {"admin", drafts[0] + "/agency"}, {"admin", drafts[0] + "/dossier"}}

	dir := t.TempDir()
	load := func(name, how string, lines ...string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p.Visit("/quan-tri/danh-muc")
		p.Attach("Tệp danh mục hoặc thủ tục", path)
		p.WaitFor(name)
		p.Choose(how)
		p.Press("Bắt đầu nạp")
		run := p.Path()
		for end := time.Now().Add(time.Minute); !strings.Contains(p.Text(), "Đã xong"); p.Visit(run) {
			if time.Now().After(end) {
				t.Fatalf("the import of %s is not done:\n%s", name, p.Text())
			}
		}
		return run
	}
	first := load("xa-an-phu.jsonl", "Áp dụng ngay", record("9.990001", "Xác nhận nơi cư trú tại thôn", "Trực tuyến5 Ngày làm việcMiễn phí"), record("9.990002", "Xác nhận hoàn cảnh gia đình tại thôn", "Trực tiếp1Miễn phí"))
	again := load("xa-an-phu-sua.jsonl", "Chờ duyệt", record("9.990001", "Xác nhận nơi cư trú tại thôn", "Trực tuyến7 Ngày làm việcMiễn phí"), `{"ma_thu_tuc": "sai", "ten_thu_tuc": "Thủ tục sai mã"}`, "khong phai JSON")
	p.Visit(again)
	change := ""
	for _, link := range p.Links() {
		if strings.HasPrefix(link, "/quan-tri/danh-muc/thay-doi/") {
			change = link
		}
	}
	if change == "" {
		t.Fatalf("no change to review:\n%s", p.Text())
	}
	for _, path := range []string{"", "/muc", "/muc/9.990002", "/muc/9.990002/sua"} {
		pages = append(pages, visit{"admin", "/quan-tri/danh-muc" + path})
	}
	return append(pages, visit{"admin", first}, visit{"admin", again}, visit{"admin", change}, visit{"admin", "/quan-tri/dia-ban"}, visit{"admin", "/quan-tri/dia-ban?q=tu+liem&cu=true"})
}
