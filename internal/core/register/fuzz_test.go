package register_test

import (
	"encoding/json"
	"testing"

	"motcua/internal/core/register"
)

// A register's declaration and what an officer types into it.
func FuzzDecode(f *testing.F) {
	f.Add("{id: r, name: R, fields: [{id: a, kind: text, label: A}]}", `{"a":"x"}`)
	f.Add("{id: r, name: {vi: R, en: R}, number: '{seq}/{yyyy}', fields: [{id: d, kind: date, label: D, required: true}, {id: n, kind: number, label: N}]}", `{"d":"2026-02-30","n":1e400}`)
	f.Add("{id: r, fields: [{id: c, kind: choice, options: [{id: x, name: X}]}]}", `{"c":["x"]}`)
	f.Add("[", "{")
	f.Fuzz(func(t *testing.T, text, typed string) {
		def, err := register.Decode("r.yaml", []byte(text))
		if err != nil {
			return
		}
		var values map[string]any
		if json.Unmarshal([]byte(typed), &values) != nil {
			return
		}
		read, _ := def.ReadResult(values)
		if _, err := json.Marshal(read); err != nil {
			t.Errorf("%s is read as %v, which cannot be stored: %v", typed, read, err)
		}
	})
}
