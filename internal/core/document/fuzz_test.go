package document

import "testing"

// A template of a paper, and the placeholders in it.
func FuzzTemplate(f *testing.F) {
	f.Add("{id: t, title: T, rows: [{text: 'Số: {entry.number}'}]}", "Số: {entry.number|upper|default:x}")
	f.Add("{id: t, name: {vi: T, en: T}, body: [{columns: ['{owner.name}', '{answers.a|date}']}]}", "{owner.name")
	f.Add("[", "}{")
	f.Add("{rows: [[['x']]]}", "{a.b|words:}{c}")
	f.Fuzz(func(t *testing.T, text, expr string) {
		_, _ = Decode("t.yaml", []byte(text))
		parts, err := parseExpression(expr)
		if err != nil {
			return
		}
		for _, s := range parts {
			if s.Text == "" && s.Path == "" {
				t.Errorf("%q holds an empty segment: %+v", expr, parts)
			}
		}
	})
}
