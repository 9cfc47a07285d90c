package decl_test

import (
	"fmt"
	"strings"
	"testing"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
)

type page struct {
	ID     string            `yaml:"id"`
	Title  i18n.Text         `yaml:"title"`
	Limit  *int              `yaml:"limit"`
	Price  float64           `yaml:"price"`
	Open   bool              `yaml:"open"`
	When   string            `yaml:"when"`
	Names  map[string]string `yaml:"names"`
	Any    any               `yaml:"any"`
	Parts  []part            `yaml:"parts"`
	Pos    decl.Pos          `yaml:"-"`
	hidden int
}

type part struct {
	Code string   `yaml:"code"`
	Pos  decl.Pos `yaml:"-"`
}

func TestDecode(t *testing.T) {
	var p page
	err := decl.Decode("a.yaml", []byte(`
id: 0123
title: {vi: Tên, en: Name}
limit: 5
price: 2
open: true
when: true
names: {a: b}
any: {x: [1, 2.5, yes, "01", 2026-01-02, null]}
parts:
  - code: A
  - {code: B}
`), &p)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %s/%s %d %v %v %s %v %v %s:%d %s:%d", p.ID, p.Title.VI, p.Title.EN, *p.Limit, p.Price, p.Open, p.When, p.Names, p.Any,
		p.Parts[0].Code, p.Parts[0].Pos.Line, p.Parts[1].Code, p.Parts[1].Pos.Line)
	if want := "0123 Tên/Name 5 2 true true map[a:b] map[x:[1 2.5 yes 01 2026-01-02 <nil>]] A:11 B:12"; got != want {
		t.Errorf("read %s\nwant %s", got, want)
	}
	if p.hidden != 0 || p.Pos.String() != "a.yaml:2" {
		t.Errorf("position of the file = %s; want a.yaml:2", p.Pos)
	}
}

func TestDecodeTellsEverything(t *testing.T) {
	var p page
	err := decl.Decode("a.yaml", []byte(`id: x
tilte: Tên
limit: nhiều
price: "2"
open: có
parts:
  - cod: A
  - just a word
id: y
title: {vi: a, fr: b}
names: [a]
`), &p)
	want := []string{
		`a.yaml:2: unknown key "tilte"; did you mean "title"?`,
		`a.yaml:3: expected a whole number, found "nhiều"`,
		`a.yaml:4: expected a number, found "2"`,
		`a.yaml:5: expected true or false, found "có"`,
		`a.yaml:7: unknown key "cod"; did you mean "code"?`,
		`a.yaml:8: expected keys and values here, found "just a word"`,
		`a.yaml:9: key "id" is written twice (first on line 1)`,
		`a.yaml:10: a text has the languages vi and en, not "fr" (inside {…} a sentence with a comma goes in quotes)`,
		`a.yaml:11: expected keys and values here, found a list`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("problems:\n%v\nwant:\n%s", err, strings.Join(want, "\n"))
	}
}

func TestDecodeRefuses(t *testing.T) {
	bomb := "any: &a [1]\nnames: {x: *a}\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":          {"", "the file is empty"},
		"only a comment":   {"# x\n", "the file is empty"},
		"two documents":    {"id: a\n---\nid: b\n", "a second document"},
		"broken":           {"id: [", "line 1"},
		"aliases":          {bomb, "anchors and aliases"},
		"alias in a text":  {"title: &t {vi: a}\n", "anchors and aliases"},
		"merge key":        {"<<: {id: a}\n", "merge keys"},
		"tab indentation":  {"parts:\n\t- code: a\n", "a.yaml:2"},
		"too large":        {"id: " + strings.Repeat("x", decl.MaxBytes), "at most"},
		"too deep":         {"any: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested deeper"},
		"octal look-alike": {"any: 08x\nlimit: 0o7\n", ""},
		"a huge number":    {"any: 123456789012345678901234567890\n", ""},
	} {
		var p page
		err := decl.Decode("a.yaml", []byte(c.text), &p)
		if c.want != "" && (err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "a.yaml:1:", "a.yaml:1: line 1:"), c.want)) {
			t.Errorf("%s: %v; want it to say %q", name, err, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"title", "steps", "show", "require", "child_name"}
	for word, want := range map[string]string{"tilte": "title", "step": "steps", "requierd": "require", "child_nam": "child_name", "zzz": "", "": ""} {
		if got := decl.Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q; want %q", word, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("id: x\nparts: [{code: a}]\n"))
	f.Add([]byte("any: {a: [1, {b: c}]}\ntitle: {vi: x, en: y}\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Add([]byte("id: !!binary x\nlimit: !!int x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p page
		if err := decl.Decode("f.yaml", text, &p); err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
	})
}
