package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"motcua/internal/platform/web"
)

// Each rule of the architecture, broken on purpose: the rule must say so, and
// say nothing about the sound house beside it.

// sound is a small house in which all is well.
func sound() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"packs/packs.go":                                       file("// Package packs is data.\npackage packs\n"),
		"cmd/house/main.go":                                    file("// Command house is the program.\npackage main\nimport _ \"house/internal/app\"\n"),
		"internal/app/app.go":                                  file("// Package app assembles.\npackage app\nimport (\n_ \"house/internal/modules/portal\"\n_ \"house/internal/core/org\"\n)\n"),
		"internal/platform/sqldb/a.go":                         file("// Package sqldb is SQL.\npackage sqldb\n"),
		"internal/core/org/org.go":                             file("// Package org is agencies.\npackage org\nimport _ \"house/internal/platform/sqldb\"\nconst q = `SELECT id FROM org_agency JOIN org_post ON 1=1`\n"),
		"internal/core/org/migrations/0001_org.sql":            file("CREATE TABLE org_agency (id TEXT);\nCREATE TABLE IF NOT EXISTS org_post (id TEXT);\n"),
		"internal/core/identity/identity.go":                   file("// Package identity is accounts.\npackage identity\nimport _ \"house/internal/core/org\"\n"),
		"internal/core/identity/identity_test.go":              file("package identity\nimport _ \"house/internal/core/identity/identitytest\"\n"),
		"internal/core/identity/identitytest/help.go":          file("// Package identitytest helps.\npackage identitytest\nimport _ \"house/internal/modules/portal\"\n"),
		"internal/modules/portal/portal.go":                    file("// Package portal is pages.\npackage portal\nimport _ \"house/internal/core/identity\"\nconst prose = \"select from org_chart what you like\"\n"),
		"internal/modules/portal/portal_test.go":               file("package portal\nimport _ \"house/internal/modules/desk\"\n"),
		"internal/modules/desk/desk.go":                        file("// Package desk is work.\npackage desk\nimport _ \"house/packs\"\n"),
		"internal/modules/desk/migrations/0001.sqlite.sql":     nil,
		"internal/modules/desk/migrations/0001_d.sqlite.sql":   file("CREATE TABLE desk_seat (id TEXT);\nCREATE VIRTUAL TABLE desk_search USING fts5(x);\n"),
		"internal/modules/desk/migrations/0001_d.postgres.sql": file("CREATE TABLE desk_seat (id TEXT);\n"),
		"ARCHITECTURE.md":                                      file("# House\n\n### Platform\n\n| room | what |\n|---|---|\n| sqldb | SQL |\n\n### Core, in order\n\n| room | what |\n|---|---|\n| org | a |\n| identity | b |\n\n### Modules\n\n| room | what |\n|---|---|\n| desk | work |\n| portal | pages |\n\n## More\n"),
	}
}

func plantTest(t *testing.T, change func(fstest.MapFS)) *tree {
	t.Helper()
	fsys := sound()
	delete(fsys, "internal/modules/desk/migrations/0001.sqlite.sql")
	if change != nil {
		change(fsys)
	}
	house, err := plant(fsys, "house")
	if err != nil {
		t.Fatal(err)
	}
	return house
}

func TestRulesCanFail(t *testing.T) {
	keep := coreOrder
	coreOrder = []string{"org", "identity"} // the sound house is small
	defer func() { coreOrder = keep }()

	all := map[string]func(*tree) []string{
		"arrows": (*tree).arrows, "comments": (*tree).comments, "tables": (*tree).ownTables,
		"rooms": (*tree).listedRooms, "migrations": (*tree).migrations,
	}
	for name, rule := range all {
		if faults := rule(plantTest(t, nil)); len(faults) > 0 {
			t.Errorf("%s finds fault with a sound house: %v", name, faults)
		}
	}
	add := func(name, text string) func(fstest.MapFS) {
		return func(f fstest.MapFS) { f[name] = &fstest.MapFile{Data: []byte(text)} }
	}
	for _, test := range []struct {
		name, rule, want string
		change           func(fstest.MapFS)
	}{
		{"up a floor", "arrows", "from core up to modules", add("internal/core/org/up.go", "package org\nimport _ \"house/internal/modules/portal\"\n")},
		{"platform knows a noun", "arrows", "from platform up to core", add("internal/platform/sqldb/up.go", "package sqldb\nimport _ \"house/internal/core/org\"\n")},
		{"a module imports another", "arrows", "modules never import each other", add("internal/modules/portal/x.go", "package portal\nimport _ \"house/internal/modules/desk\"\n")},
		{"against the order of core", "arrows", "does not come before it", add("internal/core/org/x.go", "package org\nimport _ \"house/internal/core/identity\"\n")},
		{"a core room outside the order", "arrows", "does not come before it", add("internal/core/tax/x.go", "// Package tax.\npackage tax\nimport _ \"house/internal/core/org\"\n")},
		{"a helper of tests in the program", "arrows", "there for tests", add("internal/modules/portal/x.go", "package portal\nimport _ \"house/internal/core/identity/identitytest\"\n")},
		{"a helper of rooms in a drill", "arrows", "there for tests", add("bench/drills/x.go", "// Package main drills.\npackage main\nimport _ \"house/internal/core/identity/identitytest\"\n")},
		{"no such floor", "arrows", "lies on no floor", add("internal/util/x.go", "// Package util.\npackage util\n")},
		{"no comment", "comments", "no package comment", add("internal/modules/geo/x.go", "package geo\n")},
		{"a foreign table", "tables", "names the table org_agency", add("internal/modules/portal/x.go", "package portal\nconst q = `SELECT id FROM org_agency`\n")},
		{"a foreign table written to", "tables", "names the table org_post", add("internal/modules/portal/x.go", "package portal\nconst q = `UPDATE org_post SET id = 1`\n")},
		{"a foreign table in part of a statement", "tables", "names the table org_post", add("internal/modules/portal/x.go", "package portal\nconst q = ` LEFT JOIN org_post p ON p.id = x`\n")},
		{"a foreign table that is not there", "tables", "names the table org_tree", add("internal/modules/portal/x.go", "package portal\nconst q = `DELETE FROM org_tree`\n")},
		{"a table with a wrong name", "tables", "does not begin with org_", add("internal/core/org/migrations/0002_x.sql", "CREATE TABLE agency_tree (id TEXT);\n")},
		{"a room not listed", "rooms", "does not list modules/geo", add("internal/modules/geo/x.go", "// Package geo.\npackage geo\n")},
		{"a room listed that is gone", "rooms", "lists modules/desk, which does not exist", func(f fstest.MapFS) { delete(f, "internal/modules/desk/desk.go") }},
		{"a room without words", "rooms", "says nothing about modules/desk", func(f fstest.MapFS) {
			f["ARCHITECTURE.md"].Data = []byte(strings.Replace(string(f["ARCHITECTURE.md"].Data), "| desk | work |", "| desk |  |", 1))
		}},
		{"core listed out of order", "rooms", "the order of imports is", func(f fstest.MapFS) {
			f["ARCHITECTURE.md"].Data = []byte(strings.Replace(string(f["ARCHITECTURE.md"].Data), "| org | a |\n| identity | b |", "| identity | b |\n| org | a |", 1))
		}},
		{"no section", "rooms", "no section on modules", func(f fstest.MapFS) {
			f["ARCHITECTURE.md"].Data = []byte(strings.Replace(string(f["ARCHITECTURE.md"].Data), "### Modules", "### Extras", 1))
		}},
		{"one engine only", "migrations", "lacks its twin", add("internal/core/org/migrations/0002_x.postgres.sql", "CREATE TABLE org_x (id TEXT);\n")},
		{"a gap", "migrations", "0002 is missing", add("internal/core/org/migrations/0003_x.sql", "CREATE TABLE org_x (id TEXT);\n")},
		{"engines differ", "migrations", "on SQLite and", add("internal/modules/desk/migrations/0001_d.postgres.sql", "CREATE TABLE desk_other (id TEXT);\n")},
	} {
		faults := all[test.rule](plantTest(t, test.change))
		if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, test.want) }) {
			t.Errorf("%s: the rule on %s found %q, not %q", test.name, test.rule, faults, test.want)
		}
	}

	faults, seen, err := cgoPackages(strings.NewReader(`{"ImportPath":"net","Standard":true,"CgoFiles":["cgo.go"]} {"ImportPath":"x/sqlite3","CgoFiles":["sqlite3.go"]} {"ImportPath":"x/pure"}`))
	if err != nil || seen != 3 || len(faults) != 1 || !strings.Contains(faults[0], "x/sqlite3 needs cgo") {
		t.Errorf("cgo: %v %d %v", faults, seen, err)
	}

	ok := func(http.ResponseWriter, *http.Request) error { return nil }
	rule := web.Access{Name: "anyone", Check: func(context.Context) error { return nil }}
	if _, err := web.New(web.Options{Routes: []web.Route{{Pattern: "GET /a", Access: rule, Handle: ok}}}); err != nil {
		t.Errorf("a guarded route is refused: %v", err)
	}
	if _, err := web.New(web.Options{Routes: []web.Route{{Pattern: "GET /a", Handle: ok}}}); err == nil || !strings.Contains(err.Error(), "no access rule") {
		t.Errorf("a route without a rule: %v", err)
	}
}
