package journal

import (
	"os"
	"path/filepath"
	"testing"

	"motcua/internal/platform/sqldb"
)

func verify(t testing.TB, db *sqldb.DB, dir string) Report {
	t.Helper()
	r, err := Verify(t.Context(), db, VerifyOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func clean(t testing.TB, db *sqldb.DB, dir string) {
	t.Helper()
	if r := verify(t, db, dir); !r.OK() || r.Unsealed != 0 || r.Unsigned != 0 {
		t.Fatalf("not clean: %+v", r)
	}
}

func copyFile(t testing.TB, from, to, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
