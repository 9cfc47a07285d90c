package procedure

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"motcua/internal/platform/i18n"
)

// shipped reads the procedures of the packs that ship with the program.
func shipped(t testing.TB) []*Definition {
	t.Helper()
	root := os.DirFS("../../../packs")
	files, err := fs.Glob(root, "*/procedures/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("shipped procedures: %d files, %v", len(files), err)
	}
	var out []*Definition
	for _, name := range files {
		data, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		def, err := Decode(path.Join("packs", name), data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, def)
	}
	return out
}

// indexOf builds an index of definitions without a database.
func indexOf(defs []*Definition) *index {
	b := newBuilder(1, "2026-03-02")
	for _, d := range defs {
		b.add(listed{id: "v-" + d.Code, code: d.Code, number: 1, validFrom: d.ValidFrom, card: cardOf(d)})
	}
	x := b.finish()
	x.places = &places{}
	return x
}

// top gives the codes found, best first.
func (x *index) top(text string, n int) []string {
	found, _ := x.find(text)
	var out []string
	for _, f := range found[:min(n, len(found))] {
		out = append(out, x.entries[f.entry].code)
	}
	return out
}

// named makes a definition that has a name and a field only, as a catalogue entry.
func named(code, name, field string) *Definition {
	return &Definition{Code: code, Name: i18n.V(name), Field: Field{Code: "G00-AA00", VI: field}, Level: Commune, ValidFrom: "2025-01-01"}
}

const sound = `code: "1.001193"
name: {vi: Đăng ký khai sinh, en: Birth registration}
field: {code: G15-TP01, vi: Hộ tịch, en: Civil status}
level: commune
competent: {vi: UBND cấp xã, en: Commune}
valid_from: 2025-07-01
audience: [citizen]
announced_by: {agency: Bộ Tư pháp, decision: 163/QĐ-BTP}
summary: {vi: Tóm tắt, en: Summary}
term: {amount: 1, unit: working_day, same_day_before: "15:00"}
term_text: {vi: Trong ngày, en: Same day}
fees:
  - {code: late, name: {vi: Lệ phí, en: Charge}, kind: charge, amount: 8000}
channels: [{kind: direct}, {kind: online}]
cases:
  - id: default
    name: {vi: Thông thường, en: Usual}
    form: birth
    flow: civil-status
    steps: [{vi: Nộp, en: File}]
    components:
      - {code: notice, name: {vi: Giấy chứng sinh, en: Notice}, originals: 1}
results: [{code: KQ.G15.000031, name: {vi: Giấy khai sinh, en: Certificate}}]
legal_bases: [{number: 60/2014/QH13, name: {vi: Luật Hộ tịch, en: Law}}]
offers: {level: commune, channels: [direct, online], online: full}
`

// with changes a sound definition: old → new, each old must be there.
func with(t testing.TB, pairs ...string) []byte {
	t.Helper()
	text := sound
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the sound definition has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return []byte(text)
}
