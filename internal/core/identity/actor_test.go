package identity_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
	"motcua/internal/platform/web"
)

func post(path string, perms ...string) identity.HeldPost {
	return identity.HeldPost{AgencyID: path, AgencyPath: path, Perms: perms}
}

func TestPermissionReachesTheSubtreeAndNothingElse(t *testing.T) {
	a := identity.Actor{AccountID: "x", Kind: identity.KindStaff, Posts: []identity.HeldPost{
		post("/1/2/", identity.DossierRead), post("/1/2/3/", identity.DossierRead, identity.DossierApprove), post("/1/7/", identity.DossierRead), post("", identity.AdminOrg),
	}}
	for path, want := range map[string]bool{"/1/2/": true, "/1/2/3/": true, "/1/2/9/": true, "/1/": false, "/1/22/": false, "/1/3/": false, "": false, "/": false, "/1/2": false} {
		if got := a.MayAt(identity.DossierRead, path); got != want {
			t.Errorf("MayAt(%q) = %v", path, got)
		}
	}
	if got := a.Scope(identity.DossierRead); !slices.Equal(got, []string{"/1/2/", "/1/7/"}) {
		t.Errorf("scope = %v", got)
	}
	if a.Scope(identity.AdminOrg) != nil || a.MayAt(identity.AdminOrg, "/1/") {
		t.Error("a post without a path reaches something")
	}
	if (identity.Actor{}).May(identity.DossierRead) || (identity.Actor{}).Scope(identity.DossierRead) != nil {
		t.Error("nobody may something")
	}
	if !identity.System.MayAt(identity.AdminPacks, "/9/") || !slices.Equal(identity.System.Scope(identity.AdminPacks), []string{"/"}) {
		t.Error("the system may not")
	}
}

func TestAccessRules(t *testing.T) {
	citizen := identity.Actor{AccountID: "c", Kind: identity.KindCitizen}
	firm := identity.Actor{AccountID: "o", Kind: identity.KindOrganisation}
	clerk := identity.Actor{AccountID: "s", Kind: identity.KindStaff, Posts: []identity.HeldPost{post("/1/", identity.DossierReceive)}}
	const ok, signIn, hidden = 0, int(errs.Unauthenticated), int(errs.NotFound)
	for _, tc := range []struct {
		rule web.Access
		want [4]int // visitor, citizen, organisation, clerk
	}{
		{identity.Anyone, [4]int{ok, ok, ok, ok}},
		{identity.SignedIn, [4]int{signIn, ok, ok, ok}},
		{identity.Citizen, [4]int{signIn, ok, ok, hidden}},
		{identity.Staff, [4]int{signIn, hidden, hidden, ok}},
		{identity.Holding(identity.DossierReceive), [4]int{signIn, hidden, hidden, ok}},
		{identity.Holding(identity.DossierApprove), [4]int{signIn, hidden, hidden, hidden}},
		{identity.HoldingAny(identity.DossierApprove, identity.DossierReceive), [4]int{signIn, hidden, hidden, ok}},
	} {
		if tc.rule.Name == "" {
			t.Error("a rule has no name")
		}
		for i, a := range []identity.Actor{{}, citizen, firm, clerk} {
			got := ok
			if err := tc.rule.Check(identity.With(context.Background(), a)); err != nil {
				got = int(errs.KindOf(err))
			}
			if got != tc.want[i] {
				t.Errorf("%s for %q = %d, want %d", tc.rule.Name, a.Kind, got, tc.want[i])
			}
		}
	}
}

// The SQL of a scope must pick exactly the rows that MayAt lets through.
func TestScopeInSQLAgreesWithMayAt(t *testing.T) {
	sqldbtest.Each(t, identitytest.Lines(), func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(ctx, `CREATE TABLE probe (path TEXT NOT NULL)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		// Ids of one and two characters from an alphabet that borders on "/" ("." before, "0" after).
		ids := []string{"0", "1", "00", "a", "-", "0a", "f", "a-"}
		var paths []string
		for _, a := range ids {
			paths = append(paths, "/"+a+"/")
			for _, b := range ids {
				paths = append(paths, "/"+a+"/"+b+"/", "/"+a+"/"+b+"/0/")
			}
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			for _, p := range paths {
				if _, err := tx.Exec(ctx, `INSERT INTO probe (path) VALUES ($1)`, p); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(rt *rapid.T) {
			var actor identity.Actor
			if rapid.IntRange(0, 20).Draw(rt, "system") == 0 {
				actor = identity.System
			} else {
				actor = identity.Actor{AccountID: "x", Kind: identity.KindStaff}
				for range rapid.IntRange(0, 3).Draw(rt, "posts") {
					actor.Posts = append(actor.Posts, post(rapid.SampledFrom(append([]string{""}, paths...)).Draw(rt, "path"), identity.DossierRead))
				}
			}
			args := []any{"x"}
			where := identity.Within(db.Dialect(), "p.path", actor.Scope(identity.DossierRead), &args)
			got, err := sqldb.Strings(db.Query(ctx, `SELECT p.path FROM probe p WHERE 'x' = $1 AND `+where+` ORDER BY p.path`, args...))
			if err != nil {
				rt.Fatal(where, err)
			}
			var want []string
			for _, p := range paths {
				if actor.MayAt(identity.DossierRead, p) {
					want = append(want, p)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				rt.Fatalf("scope %v: SQL gives %d rows, MayAt %d\n%s", actor.Scope(identity.DossierRead), len(got), len(want), where)
			}
		})
	})
}

func TestScopeUsesTheIndexOnSQLite(t *testing.T) {
	db := sqldbtest.SQLite(t, identitytest.Lines()...)
	var args []any
	where := identity.Within(db.Dialect(), "agency_path", []string{"/1/2/", "/1/3/"}, &args)
	rows, err := db.Query(context.Background(), `EXPLAIN QUERY PLAN SELECT id FROM identity_account WHERE `+where, args...)
	plan, err := sqldb.Collect[string](rows, err)(func(r *sqldb.Rows) (s string, err error) {
		var a, b, c int
		return s, r.Scan(&a, &b, &c, &s)
	})
	if err != nil || !strings.Contains(fmt.Sprint(plan), "identity_account_agency") {
		t.Errorf("plan %v, %v", plan, err)
	}
}

func BenchmarkMayAt(b *testing.B) {
	a := identity.Actor{AccountID: "x", Kind: identity.KindStaff, Posts: []identity.HeldPost{
		post("/0198c1a2-aaaa-7aaa-8aaa-000000000001/0198c1a2-aaaa-7aaa-8aaa-000000000002/", identity.DossierRead, identity.DossierReceive),
	}}
	for b.Loop() {
		if !a.MayAt(identity.DossierReceive, "/0198c1a2-aaaa-7aaa-8aaa-000000000001/0198c1a2-aaaa-7aaa-8aaa-000000000002/0198c1a2-aaaa-7aaa-8aaa-000000000003/") {
			b.Fatal("wrong")
		}
	}
}
