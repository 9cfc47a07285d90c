package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"motcua/e2e/browser"
)

// TestScreens takes the pictures of the README: `make screens`. It runs only when
// it is told where to put them.
func TestScreens(t *testing.T) {
	dir := os.Getenv("MOTCUA_SCREENS")
	if dir == "" {
		t.Skip("set MOTCUA_SCREENS to a folder, or run make screens")
	}
	s := open(t)
	mine, work := s.numberOf(t, "citizen"), s.numberOf(t, "officer")
	for _, shot := range []struct{ role, path, name string }{
		{"", "/", "home"},
		{"", "/thu-tuc?q=lam+giay+khai+sinh", "search"},
		{"", "/thu-tuc/1.001193", "procedure"},
		{"", "/tra-cuu/" + mine, "track"},
		{"citizen", "/ho-so", "mine"},
		{"citizen", "/ho-so/" + mine, "dossier"},
		{"counter_clerk", "/mot-cua", "counter"},
		{"counter_clerk", "/mot-cua/1.001193", "intake"},
		{"officer", "/xu-ly?hang=all", "queue"},
		{"officer", "/xu-ly/" + work, "desk"},
		{"leader", "/thong-ke", "stats"},
		{"admin", "/quan-tri", "admin"},
	} {
		for _, width := range []int{1280, 360} {
			p := s.person(t, browser.Options{Name: shot.name, Width: width, Height: 800})
			if shot.role != "" {
				s.signIn(p, s.account(t, shot.role, ""))
			}
			p.Visit(shot.path)
			p.Screenshot(filepath.Join(dir, shot.name+map[int]string{1280: "-1280.png", 360: "-360.png"}[width]))
			p.Close()
		}
	}
	p := s.person(t, browser.Options{Name: "form", Width: 360, Height: 800})
	s.signIn(p, s.account(t, "citizen", ""))
	p.Visit("/thu-tuc/1.001193/nop")
	p.Choose("Ủy ban nhân dân phường Bình Minh")
	p.Press("Bắt đầu")
	p.Visit(strings.Join(strings.Split(p.Path(), "/")[:3], "/") + "/child")
	p.Screenshot(filepath.Join(dir, "form-360.png"))
}
