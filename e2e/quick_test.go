package e2e

import (
	"testing"

	"motcua/e2e/browser"
)

// certify opens the intake of a procedure whose form asks the server what follows from
// an answer, and what the fee is.
func (s *site) certify(t *testing.T) typist {
	t.Helper()
	p := typist{s.person(t, browser.Options{Name: "quick"})}
	s.signIn(p.Person, s.account(t, "counter_clerk", ""))
	p.Visit("/mot-cua")
	p.Fill("Thủ tục hoặc mã hồ sơ", "chung thuc ban sao")
	p.Press("Tìm")
	p.Press("Chứng thực bản sao từ bản chính giấy tờ")
	return p
}

const follows = "Đã hợp pháp hóa lãnh sự hoặc được miễn?"

// TestTheQuickLoseNothing: somebody goes on while the page waits for what follows from
// an answer. What they typed and chose meanwhile stands, and the cursor where it was.
func TestTheQuickLoseNothing(t *testing.T) {
	s := open(t)
	p := s.certify(t)
	line := p.Hold()
	p.ChooseNth("Có", 0) // issued abroad
	line.Waits()
	p.ChooseNth("Không", 1) // not damaged
	p.Fill("Số trang của bản chính", "2")
	p.TabTo("Số bản sao")
	p.Fill("Tên giấy tờ", "Bằng tốt nghiệp")
	line.Release() // the answer knows nothing of all that
	p.WaitFor(follows)
	p.Type(" đại học")
	if got := p.Value("Tên giấy tờ"); got != "Bằng tốt nghiệp đại học" {
		t.Errorf("the paper is called %q", got)
	}
	if got := p.Value("Số trang của bản chính"); got != "2" {
		t.Errorf("it has %q pages", got)
	}
	if !p.Chosen("Có", 0) || !p.Chosen("Không", 2) { // the new question stands between them
		t.Error("an answer is lost")
	}
	p.WaitFor("4.000 đồng")
}

// TestADeadLineTakesNothingFromThePage: what comes back is not the step of the form but
// an error, or another page.
func TestADeadLineTakesNothingFromThePage(t *testing.T) {
	s := open(t)
	p := s.certify(t)
	p.Fill("Tên giấy tờ", "Bằng tốt nghiệp")
	line := p.Hold()
	p.ChooseNth("Có", 0)
	for _, status := range []int64{503, 200} { // after the first it asks again by itself
		line.Waits()
		line.Instead(status)
		if got := p.Value("Tên giấy tờ"); got != "Bằng tốt nghiệp" {
			t.Fatalf("after an empty page with status %d the paper is called %q", status, got)
		}
	}
	p.ChooseNth("Không", 0)
	p.ChooseNth("Có", 0)
	line.Waits()
	line.Release()
	p.WaitFor(follows)
}

// TestAnAnswerTakenBackIsTakenBack: the server has saved the first answer already when
// the second, the same as before, comes from a page that was drawn earlier.
func TestAnAnswerTakenBackIsTakenBack(t *testing.T) {
	s := open(t)
	s.forgetDrafts(t)
	p := s.person(t, browser.Options{Name: "quick"})
	s.signIn(p, s.account(t, "citizen", ""))
	s.beginBirth(p)
	p.Choose("Tại cơ sở y tế")
	if !p.WaitField("Tên cơ sở y tế") {
		t.Fatal("no field for the hospital")
	}
	p.WaitFor("Đã lưu lúc")
	line := p.Hold()
	p.Choose("Nơi khác (ở nhà, trên đường…)")
	line.Waits() // saved
	p.Choose("Tại cơ sở y tế")
	line.Pass()
	line.Waits() // saved too
	line.Release()
	if !p.Chosen("Tại cơ sở y tế", 0) || !p.HasField("Tên cơ sở y tế") {
		t.Error("the answer that was taken back stands")
	}
	p.Visit(p.Path())
	if !p.Chosen("Tại cơ sở y tế", 0) {
		t.Error("the answer that was taken back was saved")
	}
}
