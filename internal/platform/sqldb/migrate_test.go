package sqldb_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func file(sql string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(sql)} }

func TestLineIsChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"gap":     {fstest.MapFS{"0001_a.sql": file("SELECT 1;"), "0003_b.sql": file("SELECT 1;")}, "0002 is missing"},
		"no twin": {fstest.MapFS{"0001_a.sqlite.sql": file("SELECT 1;")}, "lacks its twin"},
		"double":  {fstest.MapFS{"0001_a.sql": file("SELECT 1;"), "0001_b.sql": file("SELECT 1;")}, "stands twice"},
		"overlap": {fstest.MapFS{"0001_a.sql": file("SELECT 1;"), "0001_a.sqlite.sql": file("SELECT 1;")}, "two texts"},
		"name":    {fstest.MapFS{"first.sql": file("SELECT 1;")}, "NNNN_what.sql"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqldb.Line{Name: "x", FS: tc.files}.Steps()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("err = %v, want one that says %q", err, tc.want)
			}
		})
	}
}

func TestMigrateOnceTogetherAndNeverBackwards(t *testing.T) {
	sqldbtest.Each(t, nil, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		one := fstest.MapFS{"0001_a.sql": file("-- a comment; with a semicolon\nCREATE TABLE a (id TEXT PRIMARY KEY);\nINSERT INTO a (id) VALUES ('x;y');\n")}
		two := fstest.MapFS{"0001_a.sql": one["0001_a.sql"], "0002_b.sqlite.sql": file("CREATE TABLE b (id TEXT);"), "0002_b.postgres.sql": file("CREATE TABLE b (id UUID);")}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := sqldb.Migrate(ctx, db, sqldb.Line{Name: "room", FS: one}); err != nil {
					t.Errorf("four programs starting together: %v", err)
				}
			})
		}
		wg.Wait()
		if err := sqldb.Migrate(ctx, db, sqldb.Line{Name: "room", FS: two}); err != nil {
			t.Fatal(err)
		}
		if todo, err := sqldb.Pending(ctx, db, sqldb.Line{Name: "room", FS: two}); err != nil || len(todo) != 0 {
			t.Errorf("pending after migrating: %v, %v", todo, err)
		}
		if err := sqldb.Migrate(ctx, db, sqldb.Line{Name: "room", FS: one}); err == nil || !strings.Contains(err.Error(), "newer program") {
			t.Errorf("an older program was let in: %v", err)
		}
		edited := fstest.MapFS{"0001_a.sql": file("CREATE TABLE a (id BIGINT);"), "0002_b.sqlite.sql": two["0002_b.sqlite.sql"], "0002_b.postgres.sql": two["0002_b.postgres.sql"]}
		if err := sqldb.Migrate(ctx, db, sqldb.Line{Name: "room", FS: edited}); err == nil || !strings.Contains(err.Error(), "changed after it ran") {
			t.Errorf("an edited migration was let in: %v", err)
		}
	})
}

func TestAFailedMigrationLeavesNothing(t *testing.T) {
	sqldbtest.Each(t, nil, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		bad := fstest.MapFS{"0001_a.sql": file("CREATE TABLE a (id TEXT);\nCREATE TABLE a (id TEXT);\n")}
		if err := sqldb.Migrate(ctx, db, sqldb.Line{Name: "room", FS: bad}); err == nil {
			t.Fatal("creating a table twice succeeded")
		}
		good := fstest.MapFS{"0001_a.sql": file("CREATE TABLE a (id TEXT);")}
		if err := sqldb.Migrate(ctx, db, sqldb.Line{Name: "room", FS: good}); err != nil {
			t.Errorf("half of the failed migration stayed: %v", err)
		}
	})
}
