package blob_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/i18n"
)

var code = regexp.MustCompile(`"((?:file|upload|storage|blob)\.[a-z-]+(?:\.[a-z-]+)?)"`)

func TestEveryRefusalHasWords(t *testing.T) {
	words, err := i18n.New(blob.Locales())
	if err != nil {
		t.Fatal(err)
	}
	for _, hole := range i18n.Check(words) {
		t.Error(hole)
	}
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(src), -1) {
			used++
			if !words.Has(i18n.VI, "error."+m[1]) {
				t.Errorf("%s: no words for %q", f, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`refused\("([a-z]+)"\)`).FindAllStringSubmatch(string(src), -1) {
			used++
			if !words.Has(i18n.VI, "error.file.type-refused."+m[1]) {
				t.Errorf("%s: no words for refusing %q", f, m[1])
			}
		}
	}
	if used < 20 {
		t.Errorf("only %d codes were found: the test looks in the wrong place", used)
	}
}
