package dossier

import (
	"testing"

	"motcua/internal/platform/errs"
)

// The mark of a page comes back from the browser: it is refused or read as it was written.
func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(cursor{at: 1764000000000, id: "0199-abc", ok: true}.String())
	f.Add("MTIz")
	f.Add("LS8v")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := readCursor(s)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if !c.ok {
			return
		}
		if again, err := readCursor(c.String()); err != nil || again != c {
			t.Errorf("%q is %+v, written %q, read %+v, %v", s, c, c.String(), again, err)
		}
	})
}
