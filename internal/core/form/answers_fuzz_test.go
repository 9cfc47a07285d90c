package form_test

import "testing"

// Answers as programs send them: what is taken survives the database and validation.
func FuzzParseJSON(f *testing.F) {
	f.Add(`{"child_name":"An","siblings":[{"name":"A","birth":"2020"}],"gift":1000,"home_place":{"province":"01","commune":"00004"}}`)
	f.Add(`{"child_name":["An"],"siblings":{"0":{}},"gift":"1.000","home_place":"x","unknown":null}`)
	f.Add(`{"siblings":[null,[],{"name":{"a":1}}],"gift":1e400,"child_name":"\u0000"}`)
	f.Add(`[]`)
	f.Add(`{"a":1}{"b":2}`)
	fm := birth(f)
	f.Fuzz(func(t *testing.T, text string) {
		a, bad := fm.ParseJSON([]byte(text))
		if len(bad) > 0 {
			return
		}
		stored, err := fm.Load([]byte(mustJSON(t, a)))
		if err != nil {
			t.Fatal(err)
		}
		if mustJSON(t, stored) != mustJSON(t, a) {
			t.Fatalf("the answers changed in the database:\n%s\n%s", mustJSON(t, a), mustJSON(t, stored))
		}
		fm.Validate(stored, env())
		fm.Clean(stored, env())
	})
}
