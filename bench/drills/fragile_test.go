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
		if b[b[0]] == 0xff && b[0] == 0xff {
			t.Error("never so far")
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
