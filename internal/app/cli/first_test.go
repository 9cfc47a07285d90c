package cli

import (
	"regexp"
	"strings"
	"testing"
)

// An empty house gets its first administrator; asking again makes nothing twice
// and gives a fresh link.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	first := []string{"init", "--dir", dir, "--code", "H64", "--agency", "Ủy ban nhân dân tỉnh Mẫu", "--login", "quantri", "--name", "Lê Thị Quản"}
	link := regexp.MustCompile(`^http://localhost:8080/dat-mat-khau/\S{20,}$`)
	seen := map[string]bool{}
	for range 2 {
		status, out, stderr := motcua(t, first...)
		if status != exitOK || !link.MatchString(lastLine(out)) || !strings.Contains(stderr, "quantri") {
			t.Fatalf("%d %s %s", status, out, stderr)
		}
		seen[lastLine(out)] = true
		first = []string{"init", "--dir", dir, "--code", "H64", "--login", "quantri"}
	}
	if len(seen) != 2 {
		t.Error("the same link twice")
	}
	if status, out, stderr := motcua(t, "token", "create", "--dir", dir, "--login", "quantri"); status != exitOK {
		t.Error(status, out, stderr)
	}
	for what, args := range map[string][]string{
		"code":  {"--code", "64", "--agency", "UBND tỉnh Khác", "--login", "khac", "--name", "Lê Thị Khác"},
		"name":  {"--code", "H64", "--login", "khac"},
		"login": {"--code", "H64", "--login", "Có Dấu", "--name", "Lê Thị Khác"},
	} {
		status, out, stderr := motcua(t, append([]string{"init", "--dir", dir}, args...)...)
		if status != exitFail || !strings.HasPrefix(stderr, what+": ") || strings.Contains(stderr, "⟦") || out != "" {
			t.Errorf("%s: %d %s %s", what, status, out, stderr)
		}
	}
}
