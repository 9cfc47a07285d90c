// Package sharedtest finds the founders' reference data, which lies beside the
// repository and is never committed, for the tests that judge us by it.
package sharedtest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder of reference data. Where it is absent the test is
// skipped with the reason; in CI its absence is a failure.
func Dir(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(file))))
	dir := filepath.Join(filepath.Dir(root), "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("reference data is required in CI: %v", err)
		}
		t.Skipf("reference data is not beside the repository (%s); this test judges against it", filepath.Base(filepath.Dir(dir)))
	}
	return dir
}
