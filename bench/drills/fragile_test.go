package main

import (
	"os"
	"testing"
)

// FuzzFragile is a parser as nobody should write one. It is only fragile where the
// drill is broken on purpose.
func FuzzFragile(f *testing.F) {
	f.Add([]byte{2, 'a', 'b'})
	f.Fuzz(func(t *testing.T, b []byte) {
		if os.Getenv("MOTCUA_DRILL_BREAK") != "fragile" || len(b) == 0 {
			return
		}
		if n := int(b[0]); len(b[1:1+n]) != n {
			t.Error("short")
		}
	})
}

// The runner finds the fuzz functions of the module.
func TestTargetsAreFound(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	all, err := targets(root)
	if err != nil {
		t.Fatal(err)
	}
	have := map[target]bool{}
	for _, g := range all {
		have[g] = true
	}
	for _, want := range []target{{"internal/platform/ident", "FuzzCardQR"}, {"internal/core/form", "FuzzParse"}, {"internal/platform/money", "FuzzParse"}, {"bench/drills", "FuzzFragile"}} {
		if !have[want] {
			t.Errorf("%+v is not found among %v", want, all)
		}
	}
}
