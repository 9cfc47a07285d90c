package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"motcua/e2e/browser"
)

// typist is somebody at the counter who never touches the mouse.
type typist struct{ *browser.Person }

// write goes on with Tab to the next field with the label and types into it.
func (p typist) write(label, text string) {
	p.Key("\t")
	p.TabTo(label)
	p.Type(text)
}

// no goes on to the next question of yes and no and answers no.
func (p typist) no() {
	p.Key("\t")
	p.TabTo("Có")
	p.Key(kb.ArrowDown)
}

// press goes on to a button or link and presses it.
func (p typist) press(words string) {
	p.TabTo(words)
	p.Keys(kb.Enter)
}

// TestTheCounterNeedsNoMouse takes a dossier in at the counter by keyboard alone: from
// the search for the procedure to the receipt, with a mistake on the way. Once with
// JavaScript, where the scanner reads the identity card, and once without.
func TestTheCounterNeedsNoMouse(t *testing.T) {
	s := open(t)
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%v", noScript), func(t *testing.T) {
			p := typist{s.person(t, browser.Options{Name: "counter", NoScript: noScript})}
			s.signIn(p.Person, s.account(t, "counter_clerk", ""))
			p.Visit("/mot-cua")
			p.Type("chung thuc ban sao") // the search has the focus
			p.Keys(kb.Enter)
			p.press("Chứng thực bản sao từ bản chính giấy tờ")
			if noScript {
				p.write("Họ và tên", "Trần Thị Bích Lan")
				p.write("Số định danh", "099195900777")
			} else {
				p.TabTo("Quét")
				p.Type("099195900777||Trần Thị Bích Lan|12051995|Nữ|Tổ 2, phường Thành Sen, tỉnh Hà Tĩnh|15042021")
				p.Keys(kb.Enter)
				if got := p.Value("Số định danh"); got != "099195900777" {
					t.Errorf("the card gives the number %q", got)
				}
			}
			p.write("Điện thoại", "0912345678")
			p.write("Tên giấy tờ", "Bằng tốt nghiệp đại học")
			p.write("Số trang của bản chính", "2")
			p.no()
			p.no()
			receive := func() {
				if noScript {
					p.press("Tiếp nhận và in giấy hẹn")
				} else {
					p.Keys(kb.F9)
				}
			}
			receive()
			p.Sees("Có 1 mục cần sửa", "Còn thiếu: Bản chính giấy tờ cần chứng thực bản sao.")
			if got := p.Value("Tên giấy tờ"); got != "Bằng tốt nghiệp đại học" {
				t.Errorf("after the mistake the paper is called %q", got)
			}
			p.TabTo("Đã nhận")
			p.Key(" ")
			receive()
			p.Sees("Đã tiếp nhận hồ sơ")
			n := numberOn(t, p.Person)
			p.press("Mở hồ sơ")
			p.Sees(n, "Trần Thị Bích Lan", "Bằng tốt nghiệp đại học")
			p.TabTo("Giấy tiếp nhận hồ sơ")
		})
	}
}
