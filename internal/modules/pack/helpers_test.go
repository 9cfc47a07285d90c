package pack

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"motcua/packs"
)

// shipped reads the packs that ship with the program.
func shipped(t testing.TB) []Source {
	t.Helper()
	list, err := Embedded(packs.FS)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// one gives a copy of one shipped pack that may be changed.
func one(t testing.TB, code string) Source {
	t.Helper()
	for _, s := range shipped(t) {
		if codeOf(s) == code {
			s.Files = maps.Clone(s.Files)
			return s
		}
	}
	t.Fatalf("there is no pack %s", code)
	return Source{}
}

// edit replaces text in a file, which must hold it.
func (s Source) edit(t testing.TB, name, from, to string) Source {
	t.Helper()
	data, ok := s.Files[name]
	if !ok || !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s has no %q", name, from)
	}
	s.Files[name] = []byte(strings.Replace(string(data), from, to, 1))
	return s
}

// drop takes the lines that hold a text out of a file.
func (s Source) drop(t testing.TB, name string, texts ...string) Source {
	t.Helper()
	for _, text := range texts {
		data := string(s.Files[name])
		if !strings.Contains(data, text) {
			t.Fatalf("%s has no %q", name, text)
		}
		lines := slices.DeleteFunc(strings.SplitAfter(data, "\n"), func(l string) bool { return strings.Contains(l, text) })
		s.Files[name] = []byte(strings.Join(lines, ""))
	}
	return s
}

func (s Source) put(name, text string) Source {
	s.Files[name] = []byte(text)
	return s
}

func (s Source) without(name string) Source {
	delete(s.Files, name)
	return s
}
