// Package sharedtest finds the founders' reference data, which lies beside the
// repository and is never committed, for the tests that judge us by it.
package sharedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder of reference data. Where it is absent the test is
// skipped with the reason; in CI its absence is a failure.
func Dir(t testing.TB) string {
	t.Helper()
	root := root(t)
	dir := filepath.Join(filepath.Dir(root), "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("reference data is required in CI: %v", err)
		}
		t.Skipf("reference data is not beside the repository (%s); this test judges against it", filepath.Base(filepath.Dir(dir)))
	}
	return dir
}

// root is the folder of go.mod above the test, which also stands when the binary
// was built with -trimpath.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}
