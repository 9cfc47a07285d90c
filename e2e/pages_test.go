package e2e

import (
	"strings"
	"testing"

	"motcua/e2e/browser"
)

// firstView is the most a citizen page may cost on the wire with an empty cache:
// stylesheet, fonts and scripts included. On a 256 kbit/s line that is three seconds.
const firstView = 100 << 10

// visit is one page as somebody sees it.
type visit struct {
	who  string // role of the demo account, "" for a visitor
	path string
}

// pages lists what every kind of person can open, with a real dossier in it. A new
// page is added here.
func (s *site) pages(t *testing.T) []visit {
	t.Helper()
	mine := s.numberOf(t, "citizen")
	work := s.numberOf(t, "officer")
	return append(s.rooms(t), []visit{
		{"", "/"}, {"", "/thu-tuc"}, {"", "/thu-tuc?q=khai+sinh"}, {"", "/thu-tuc?q=zzzzqqqq"}, {"", "/thu-tuc/1.001193"}, {"", "/danh-muc/linh-vuc"}, {"", "/danh-muc/co-quan"}, {"", "/danh-muc/su-kien"}, {"", "/tra-ma"}, {"", "/thu-tuc/2.000815"}, {"", "/thu-tuc?q=mất+bao+lâu&sau=1.001193"},
		{"", "/tra-cuu"}, {"", "/dia-ban"}, {"", "/dia-ban?q=Phường+Điện+Biên,+Quận+Ba+Đình"}, {"", "/dia-ban/00019"}, {"", "/tra-cuu?ma=sai"}, {"", "/tra-cuu/" + mine}, {"", "/dang-nhap"}, {"", "/dang-ky"}, {"", "/khong-co-trang-nay"},
		{"citizen", "/"}, {"citizen", "/ho-so"}, {"citizen", "/ho-so?tat-ca=1"}, {"citizen", "/ho-so/" + mine}, {"citizen", "/thu-tuc/1.001193/nop"},
		{"citizen", "/thong-bao"}, {"citizen", "/tai-khoan"},
		{"counter_clerk", "/mot-cua"}, {"counter_clerk", "/mot-cua/1.001193"}, {"counter_clerk", "/xu-ly?hang=to_receive"},
		{"officer", "/xu-ly"}, {"officer", "/xu-ly?hang=all"}, {"officer", "/xu-ly/" + work}, {"officer", "/xu-ly/" + work + "/phieu-kiem-soat"},
		{"leader", "/xu-ly"}, {"leader", "/thong-ke"},
		{"admin", "/quan-tri"},
	}...)
}

// numberOf finds the number of a dossier that the demo account of a role sees first.
func (s *site) numberOf(t *testing.T, role string) string {
	t.Helper()
	p := s.person(t, browser.Options{Name: "scout"})
	s.signIn(p, s.account(t, role, ""))
	if role == "citizen" {
		p.Visit("/ho-so?tat-ca=1")
	} else {
		p.Visit("/xu-ly?hang=unassigned") // where there is something to do
	}
	for _, link := range p.Links() {
		for _, base := range []string{"/ho-so/", "/xu-ly/"} {
			if number, ok := strings.CutPrefix(link, base); ok && strings.HasPrefix(number, "H64") {
				return number
			}
		}
	}
	t.Fatalf("no dossier on the page of %s:\n%s", role, p.Text())
	return ""
}

// TestEveryPageIsFitForEverybody walks every page as its people do, in both
// languages, on a desk and on a telephone: nothing for axe-core to find, no sideways
// scrolling, no script error, no missing word, no citizen page too heavy.
func TestEveryPageIsFitForEverybody(t *testing.T) {
	s := open(t)
	byRole := map[string][]string{}
	var roles []string
	for _, v := range s.pages(t) {
		if byRole[v.who] == nil {
			roles = append(roles, v.who)
		}
		byRole[v.who] = append(byRole[v.who], v.path)
	}
	for _, role := range roles {
		for _, width := range []int{1280, 360} {
			name := role
			if role == "" {
				name = "visitor"
			}
			t.Run(name+"-"+map[int]string{1280: "desk", 360: "telephone"}[width], func(t *testing.T) {
				p := s.person(t, browser.Options{Name: name, Width: width})
				if role != "" {
					s.signIn(p, s.account(t, role, ""))
				}
				for _, path := range byRole[role] {
					for _, lang := range []string{"vi", "en"} {
						s.fit(t, p, role, path, lang, width)
					}
				}
			})
		}
	}
}

func (s *site) fit(t *testing.T, p *browser.Person, role, path, lang string, width int) {
	t.Helper()
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	where := path + " in " + lang
	citizenPage := role == "" || role == "citizen"
	if citizenPage && width == 360 && lang == "vi" {
		p.ForgetCache()
	}
	p.Visit(path + join + "lang=" + lang)
	if citizenPage && width == 360 && lang == "vi" {
		if w := p.Weight(); w > firstView {
			t.Errorf("%s weighs %d bytes on first view, more than %d", where, w, firstView)
		}
	}
	if text := p.Text(); strings.Contains(text, "⟦") {
		t.Errorf("%s: words are missing: %s", where, text[strings.Index(text, "⟦"):min(len(text), strings.Index(text, "⟦")+80)])
	}
	for _, v := range p.Axe(axe) {
		t.Errorf("%s: axe-core: %s", where, v)
	}
	if over := p.Overflows(); over > 0 {
		t.Errorf("%s scrolls sideways by %d px at %d px", where, over, width)
	}
	for _, e := range p.ScriptErrors() {
		t.Errorf("%s: script error: %s", where, e)
	}
}
