// Package sqldbtest runs store tests on every engine: SQLite always, PostgreSQL
// when MOTCUA_TEST_POSTGRES names a server on which databases may be created.
// In CI its absence is a failure, so that no engine is skipped in silence.
package sqldbtest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// Env names the variable with the address of the PostgreSQL server to test on.
const Env = "MOTCUA_TEST_POSTGRES"

// Each runs test once per engine, on a fresh migrated database.
func Each(t *testing.T, lines []sqldb.Line, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, migrated(t, SQLiteURL(t), lines))
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, migrated(t, PostgresURL(t), lines))
	})
}

// SQLite opens a fresh migrated SQLite database, for tests in which the engine
// does not matter.
func SQLite(t testing.TB, lines ...sqldb.Line) *sqldb.DB {
	t.Helper()
	return migrated(t, SQLiteURL(t), lines)
}

// SQLiteURL is the address of a fresh SQLite file that goes with the test.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// PostgresURL creates a database for the test and drops it afterwards.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s must name a PostgreSQL server in CI", Env)
		}
		t.Skipf("set %s=postgres://user@host/db to run this on PostgreSQL", Env)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "motcua_test_" + strings.ReplaceAll(id.New(), "-", "")
	if _, err := admin.ExecContext(t.Context(), `CREATE DATABASE `+name); err != nil {
		t.Fatalf("creating a test database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("dropping the test database: %v", err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func migrated(t testing.TB, address string, lines []sqldb.Line) *sqldb.DB {
	t.Helper()
	ctx := context.Background()
	db, err := sqldb.Open(ctx, address, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := sqldb.Migrate(ctx, db, lines...); err != nil {
		t.Fatal(err)
	}
	return db
}
