package journal

import (
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
