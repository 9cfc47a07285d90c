package form_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"motcua/internal/core/form"
	"motcua/internal/platform/i18n"
)

// Every key and every error code in the source has words in both languages, and no
// words lie about that nobody says.
func TestEveryWordIsThere(t *testing.T) {
	b, err := i18n.New(form.Locales())
	if err != nil {
		t.Fatal(err)
	}
	if bad := i18n.Check(b); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
	said := map[string]bool{}
	for _, pattern := range []string{"*.go", "*.templ"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range regexp.MustCompile(`"(form\.[a-z-]+)"`).FindAllStringSubmatch(string(read(t, file)), -1) {
				said[m[1]] = true
				if !b.Has(i18n.VI, m[1]) && !b.Has(i18n.VI, "error."+m[1]) {
					t.Errorf("%s says %s, which has no words", file, m[1])
				}
			}
		}
	}
	for _, key := range b.Keys(i18n.VI) {
		key = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(key, "error."), ".other"), ".one")
		if !said[key] && key != "form.minutes" { // for the pages that announce how long a form takes
			t.Errorf("nobody says %s", key)
		}
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
