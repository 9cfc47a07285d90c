package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"motcua/e2e/browser"
)

// until looks at a page again and again until it shows some words.
func until(t *testing.T, p *browser.Person, path, words string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; p.Visit(path) {
		if strings.Contains(p.Text(), words) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s never shows %q:\n%s", path, words, p.Text())
		}
	}
}

// download fetches a file as the person who is signed in.
func (s *site) download(t *testing.T, p *browser.Person, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "motcua_phien", Value: p.Cookie("motcua_phien")})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
	}
	return string(body)
}

// TestACatalogueIsImportedStoppedAndResumed is the morning of an administrator with a
// long file that has bad lines: it is stopped on the way and goes on, the sheet tells
// every bad line, and one procedure is put in force for everybody to read.
func TestACatalogueIsImportedStoppedAndResumed(t *testing.T) {
	s := open(t)
	const lines = 4000
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%v", noScript), func(t *testing.T) {
			// Codes that no earlier run of this journey on the same site has brought.
			base := int(time.Now().Unix()) % 90 * 1000
			family := map[bool]string{false: "8.1", true: "8.2"}[noScript]
			code := func(i int) string { return fmt.Sprintf("%s%05d", family, base+i) }
			name := map[bool]string{false: "danh-muc-tinh.jsonl", true: "danh-muc-tinh-2.jsonl"}[noScript]
			var b strings.Builder
			b.WriteString("khong phai JSON\n" + `{"ma_thu_tuc": "sai", "ten_thu_tuc": "Thủ tục sai mã"}` + "\n")
			for i := range lines {
				b.WriteString(record(code(i), "Xác nhận việc số "+code(i)+" của tổ dân phố", "Trực tuyến5 Ngày làm việcMiễn phí") + "\n")
			}
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			p := s.person(t, browser.Options{Name: "archivist", NoScript: noScript})
			s.signIn(p, s.account(t, "admin", ""))
			p.Visit("/quan-tri/danh-muc")
			p.Press("Bắt đầu nạp")
			if noScript {
				p.Sees("Tệp danh mục hoặc thủ tục") // nothing was chosen: the page says so and stays
			}
			p.Visit("/quan-tri/danh-muc")
			p.Attach("Tệp danh mục hoặc thủ tục", path)
			if p.Scripted() {
				p.WaitFor(name)
			}
			p.Choose("Chờ duyệt")
			p.Press("Bắt đầu nạp")
			if p.Scripted() {
				p.WaitFor("Nạp " + name) // what is still on its way is waited for, then the form goes by itself
			}
			run := p.Path()
			p.Sees("Nạp " + name)
			p.Press("Dừng")
			until(t, p, run, "Đã dừng")
			p.SeesNot("Đã xong")
			p.Press("Nạp tiếp")
			until(t, p, run, "Đã xong")
			p.Sees("4.000", "Dòng bị từ chối", "Không phải một thủ tục", "Mã thủ tục sai dạng")
			sheet := s.download(t, p, strings.SplitN(run, "?", 2)[0]+"/loi.csv")
			if rows := strings.Count(sheet, "\n"); rows != 3 || !strings.Contains(sheet, name) || !strings.Contains(sheet, "sai") {
				t.Errorf("the sheet of errors has %d rows:\n%s", rows, sheet)
			}
			p.Press("Xác nhận việc số " + code(0) + " của tổ dân phố")
			p.Press("Chấp nhận")
			p.Sees("Đã chấp nhận thay đổi")
			p.Visit("/thu-tuc/" + code(0))
			p.Sees("Xác nhận việc số "+code(0)+" của tổ dân phố", "5 Ngày làm việc")
			p.Visit("/quan-tri/danh-muc")
			p.Press("Đủ các phần")
			p.Sees("Đã đầy đủ")
		})
	}
}

// TestADecreeIsScheduledAndTakenBack is what an administrator does with a decree of a day
// to come: mistakes first, then the dry run, scheduled, and taken back before its day.
func TestADecreeIsScheduledAndTakenBack(t *testing.T) {
	s := open(t)
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%v", noScript), func(t *testing.T) {
			number := map[bool]string{false: "92", true: "93"}[noScript]
			p := s.person(t, browser.Options{Name: "reformer", NoScript: noScript})
			s.signIn(p, s.account(t, "admin", ""))
			p.Visit("/quan-tri/sap-xep")
			p.Fill("Nội dung văn bản (YAML)", strings.Replace(brokenDecree, "91/", number+"/", 1))
			p.Press("Kiểm tra và chạy thử")
			p.Sees("3 lỗi cần sửa")
			p.Visit("/quan-tri/sap-xep")
			p.Fill("Nội dung văn bản (YAML)", strings.Replace(decree, "90/", number+"/", 1))
			p.Press("Kiểm tra và chạy thử")
			p.Sees("Văn bản không có lỗi", "Hồ sơ đang giải quyết")
			page := p.Path()
			p.Press("Hồ sơ đang giải quyết")
			p.Sees("UBND phường Bình Minh", "UBND phường An Bình", "H64.41")
			p.Visit(page)
			p.Press("Đặt lịch áp dụng")
			p.Sees("Văn bản được áp dụng lúc 00:00 ngày 01/01/2035", "Trước thời điểm đó có thể hủy")
			p.Press("Hủy trước ngày có hiệu lực")
			p.Sees("Đã hủy")
			p.Visit("/quan-tri/co-quan")
			p.Sees("UBND xã An Phú")
		})
	}
}
