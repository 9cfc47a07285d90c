package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"motcua/e2e/browser"
)

// scan is a small real PDF: what a telephone makes of a paper.
func scan(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	body := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var number = regexp.MustCompile(`H64\.\d{2}-\d{6}-\d{4,}`)

// numberOn finds the dossier number that a page shows.
func numberOn(t *testing.T, p *browser.Person) string {
	t.Helper()
	n := number.FindString(p.Text())
	if n == "" {
		t.Fatalf("%s shows no dossier number:\n%s", p.Path(), p.Text())
	}
	return n
}

// forgetDrafts deletes what earlier journeys left unfinished. It does so without
// JavaScript, where no question is asked first.
func (s *site) forgetDrafts(t *testing.T) {
	t.Helper()
	p := s.person(t, browser.Options{Name: "tidy", NoScript: true})
	s.signIn(p, s.account(t, "citizen", ""))
	for p.Visit("/ho-so"); p.Has("Xóa bản nháp"); p.Visit("/ho-so") {
		p.Press("Xóa bản nháp")
	}
	p.Close()
}

// fileBirth files a birth registration the way a citizen does: from the search box
// to the confirmation. It leaves the person on the dossier's page.
func (s *site) fileBirth(t *testing.T, p *browser.Person, child string) string {
	t.Helper()
	s.beginBirth(p)
	s.fillChild(p, child)
	p.Press("Tiếp tục")
	s.fillParents(p)
	p.Press("Tiếp tục")
	p.Choose("Tôi cam đoan")
	p.Press("Tiếp tục")
	p.Attach("Giấy chứng sinh", scan(t, "giay-chung-sinh.pdf"))
	if p.Scripted() {
		p.WaitFor("giay-chung-sinh.pdf")
	}
	p.Press("Tiếp tục")
	p.Choose("Tải về trên cổng này")
	p.Press("Tiếp tục")
	p.Sees("Xem lại và nộp", child, "giay-chung-sinh.pdf")
	p.Press("Nộp hồ sơ")
	p.Sees("Đã nộp hồ sơ")
	return numberOn(t, p)
}

// beginBirth goes from the search box to what is asked about the child.
func (s *site) beginBirth(p *browser.Person) {
	p.Visit("/")
	p.Fill("Bạn cần làm gì?", "lam giay khai sinh")
	p.Press("Tìm")
	p.Press("Thủ tục đăng ký khai sinh")
	p.Press("Nộp trực tuyến")
	p.Choose("Ủy ban nhân dân phường Bình Minh")
	p.Press("Bắt đầu")
	// For whom: the account knows the rest.
	p.Press("Tiếp tục")
	p.Choose("Mẹ")
	p.Press("Tiếp tục")
}

func (s *site) fillChild(p *browser.Person, child string) {
	p.Fill("Họ, chữ đệm, tên của trẻ", child)
	p.Choose("Nữ")
	p.Fill("Ngày sinh", "15/11/2026")
	p.Choose("Tại cơ sở y tế")
	if !p.Scripted() {
		// Without JavaScript the page asks what follows from the answer when it is sent.
		p.Press("Tiếp tục")
	}
	p.WaitField("Tên cơ sở y tế")
	p.Fill("Tên cơ sở y tế", "Bệnh viện Đa khoa An Bình")
	p.FillNth("Tỉnh, thành phố", "Hà Tĩnh", 0)
	p.FillNth("Xã, phường, đặc khu", "Thành Sen", 0)
	p.FillNth("Số nhà, đường, thôn, tổ dân phố", "Số 1 đường Trần Phú", 0)
	p.FillNth("Tỉnh, thành phố", "Hà Tĩnh", 1)
	p.FillNth("Xã, phường, đặc khu", "Thành Sen", 1)
	p.FillNth("Số nhà, đường, thôn, tổ dân phố", "Tổ 2", 1)
	p.Fill("Dân tộc", "Kinh")
}

func (s *site) fillParents(p *browser.Person) {
	p.Fill("Họ và tên mẹ", "Trần Thị Bích Lan")
	p.Fill("Số định danh của mẹ", "099195900777")
	p.Fill("Ngày sinh của mẹ", "12/05/1995")
	p.ChooseNth("Có", 0)
	p.ChooseNth("Không", 1)
}

// TestABirthFromFormToResult is the first journey of a newcomer: a citizen files a
// birth registration, the counter receives it, an officer and a leader work it, the
// records clerk issues it, and the citizen holds the result. Once with JavaScript
// and once without.
func TestABirthFromFormToResult(t *testing.T) {
	s := open(t)
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%v", noScript), func(t *testing.T) {
			child := "Nguyễn Minh An"
			s.forgetDrafts(t)
			citizen := s.person(t, browser.Options{Name: "citizen", NoScript: noScript})
			s.signIn(citizen, s.account(t, "citizen", ""))
			n := s.fileBirth(t, citizen, child)

			work := func(role string, steps func(p *browser.Person)) {
				t.Helper()
				p := s.person(t, browser.Options{Name: role, NoScript: noScript})
				s.signIn(p, s.account(t, role, ""))
				p.Visit("/xu-ly/" + n)
				p.Sees(child)
				steps(p)
				p.Sees("Đã cập nhật hồ sơ")
				p.Close()
			}
			work("counter_clerk", func(p *browser.Person) { p.Press("Tiếp nhận") })
			citizen.Visit("/ho-so/" + n)
			citizen.Sees("đã tiếp nhận hồ sơ", "Đang xử lý")
			work("officer", func(p *browser.Person) {
				p.Fill("Số định danh cá nhân của trẻ", "099326900999")
				p.Fill("Quyển số", "01/2026")
				p.Press("Trình ký")
			})
			work("leader", func(p *browser.Person) { p.Press("Ký duyệt") })
			work("records_clerk", func(p *browser.Person) { p.Press("Phát hành") })
			citizen.Visit("/ho-so/" + n)
			citizen.Sees("Kết quả", "Tải kết quả")
			work("counter_clerk", func(p *browser.Person) { p.Press("Đã trả kết quả") })
			citizen.Visit("/ho-so/" + n)
			citizen.Sees("Đã trả kết quả")
			citizen.Choose("Rất hài lòng")
			citizen.Press("Gửi đánh giá")
			citizen.Sees("Bạn đã đánh giá 5/5")
			citizen.Visit("/thong-bao")
			citizen.Sees(n)

			visitor := s.person(t, browser.Options{Name: "visitor", NoScript: noScript})
			visitor.Visit("/")
			visitor.Fill("Mã hồ sơ", strings.ToLower(n))
			visitor.Press("Tra cứu")
			visitor.Sees(n, "Đã trả kết quả")
			visitor.SeesNot(child, "Trần Thị Bích Lan")
		})
	}
}

// TestNothingTypedIsLost is the bad day of a citizen: the back button, a form left
// half-way, a session that ends, a double click, two tabs.
func TestNothingTypedIsLost(t *testing.T) {
	s := open(t)
	s.forgetDrafts(t)
	p := s.person(t, browser.Options{Name: "citizen"})
	s.signIn(p, s.account(t, "citizen", ""))
	p.Visit("/thu-tuc/1.004873/nop")
	p.Choose("Ủy ban nhân dân phường Bình Minh")
	if p.Has("Bắt đầu") {
		p.Press("Bắt đầu")
	}
	draft := strings.Join(strings.Split(p.Path(), "/")[:3], "/")
	p.Fill("Địa chỉ liên hệ", "Số 9 đường Nguyễn Du")
	p.Press("Tiếp tục")
	p.Back()
	p.Sees("Bạn nộp hồ sơ cho ai?")
	if got := p.Value("Địa chỉ liên hệ"); got != "Số 9 đường Nguyễn Du" {
		t.Errorf("after the back button the address is %q", got)
	}
	p.Fill("Địa chỉ liên hệ", "Số 11 đường Nguyễn Du")
	p.Press("Lưu và viết sau")
	p.Sees("Đã lưu", "Đang viết dở")

	// Another device goes on where this one stopped.
	other := s.person(t, browser.Options{Name: "telephone", Width: 360})
	s.signIn(other, s.account(t, "citizen", ""))
	other.Visit(draft + "/nguoi-nop")
	if got := other.Value("Địa chỉ liên hệ"); got != "Số 11 đường Nguyễn Du" {
		t.Errorf("on the telephone the address is %q", got)
	}

	// The session ends while the page is open: the answer is kept and sent after signing in.
	other.Fill("Địa chỉ liên hệ", "Số 13 đường Nguyễn Du")
	other.Forget()
	other.Press("Tiếp tục")
	other.Sees("Nội dung vừa nhập đã được giữ lại")
	a := s.account(t, "citizen", "")
	other.Fill("Tên đăng nhập", a.Login)
	other.Fill("Mật khẩu", a.Password)
	other.Press("Đăng nhập")
	other.Press("Tiếp tục gửi nội dung vừa nhập")
	other.Visit(draft + "/nguoi-nop")
	if got := other.Value("Địa chỉ liên hệ"); got != "Số 13 đường Nguyễn Du" {
		t.Errorf("after the session ended the address is %q", got)
	}
}

// TestASupplementIsAskedForAndGiven is a dossier that lacks something: received, asked
// for more by the officer while its clock stands still, supplied by the citizen from a
// telephone, and taken up again. Once with JavaScript and once without.
func TestASupplementIsAskedForAndGiven(t *testing.T) {
	s := open(t)
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%v", noScript), func(t *testing.T) {
			child := "Nguyễn Minh Bổ"
			s.forgetDrafts(t)
			as := func(role string, width int) *browser.Person {
				t.Helper()
				p := s.person(t, browser.Options{Name: role, NoScript: noScript, Width: width})
				s.signIn(p, s.account(t, role, ""))
				return p
			}
			n := s.fileBirth(t, as("citizen", 1280), child)
			clerk := as("counter_clerk", 1280)
			clerk.Visit("/xu-ly/" + n)
			clerk.Press("Tiếp nhận")
			clerk.Sees("Đã cập nhật hồ sơ")

			officer := as("officer", 1280)
			officer.Visit("/xu-ly/" + n)
			officer.Press("Yêu cầu bổ sung")
			officer.PressNth("Yêu cầu bổ sung", 1)
			officer.Sees("Có 1 mục cần sửa") // what is asked for must be said
			if !officer.HasField("Lý do") {
				officer.Press("Yêu cầu bổ sung")
			}
			officer.Choose("Giấy chứng sinh")
			officer.Fill("Lý do", "Bản chụp bị mờ, không đọc được ngày sinh.")
			officer.PressNth("Yêu cầu bổ sung", 1)
			officer.Sees("Đã cập nhật hồ sơ")
			officer.Visit("/xu-ly/" + n)
			officer.Sees("Chờ người dân bổ sung")

			telephone := as("citizen", 360)
			telephone.Visit("/thong-bao")
			telephone.Sees(n)
			telephone.Visit("/ho-so/" + n)
			telephone.Sees("Cần bổ sung hồ sơ", "Bản chụp bị mờ, không đọc được ngày sinh.")
			telephone.Press("Bổ sung ngay")
			telephone.Attach("Giấy chứng sinh", scan(t, "chung-sinh-ro-net.pdf"))
			if telephone.Scripted() {
				telephone.WaitFor("chung-sinh-ro-net.pdf")
			}
			telephone.Fill("Lời nhắn cho cán bộ", "Em chụp lại ạ.")
			telephone.Press("Gửi bổ sung")
			telephone.Sees("Đã gửi bổ sung", "Đang xử lý")

			officer.Visit("/xu-ly/" + n)
			officer.Sees("chung-sinh-ro-net.pdf", "Em chụp lại ạ.", "Đang xử lý")
			officer.Fill("Số định danh cá nhân của trẻ", "099326900998")
			officer.Fill("Quyển số", "01/2026")
			officer.Press("Trình ký")
			officer.Sees("Đã cập nhật hồ sơ")
		})
	}
}
