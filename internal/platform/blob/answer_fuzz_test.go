package blob

import (
	"strings"
	"testing"
)

// Whatever clamd says, a file is only clean when it says so.
func FuzzScannerAnswer(f *testing.F) {
	for _, s := range []string{"stream: OK\x00", "stream: Eicar-Test-Signature FOUND\x00", "INSTREAM size limit exceeded. ERROR\x00", "", " FOUND", "stream: OK FOUND", "OK\nstream: x FOUND"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseAnswer(b)
		if err == nil && v.Virus == "" && v.Skipped == "" && strings.TrimPrefix(strings.TrimSpace(strings.TrimRight(string(b), "\x00\n")), "stream: ") != "OK" {
			t.Errorf("%q counts as clean", b)
		}
	})
}
