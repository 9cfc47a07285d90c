package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"

	"motcua/internal/app"
	"motcua/internal/platform/config"
	"motcua/internal/platform/sqldb"
)

// A plan that scans reads a large table from end to end. The pages are asked for
// once in this process, with every statement seen, and the engine is asked how it
// would run each.

// large is how many rows make a table large. PostgreSQL rightly reads a table of a
// few megabytes whole when the other way are hundreds of look-ups.
const (
	large      = 5000
	largeBytes = 4 << 20
)

func plans(ctx context.Context, b *book, h house, pages []*page) (err error) {
	found, err := scans1(ctx, h, pages)
	if err != nil {
		return err
	}
	for _, f := range found {
		b.problems = append(b.problems, b.group+": "+f)
	}
	b.set(figure{Name: "plans that scan a large table", Value: float64(len(found)), Target: 0.5 / b.harder, AtMost: true, More: strings.Join(found, "; ")})
	return nil
}

// scans1 lists the statements of the pages whose plan scans a large table.
func scans1(ctx context.Context, h house, pages []*page) (found []string, err error) {
	cfg := config.Default()
	cfg.Dir = h.dir
	cfg.Database.URL = config.Address(h.url)
	a, err := app.Open(ctx, app.Options{Config: cfg})
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := a.Close(); err == nil {
			err = cerr
		}
	}()
	if err := a.Start(ctx); err != nil {
		return nil, err
	}
	db := a.Rooms.DB
	big, err := largeTables(ctx, db)
	if err != nil {
		return nil, err
	}
	tokens := map[string]string{}
	seen := map[string]bool{}
	for _, p := range pages {
		for _, path := range p.paths[:min(2, len(p.paths))] {
			type said struct {
				query string
				args  []any
			}
			var all []said
			traced := sqldb.WithTrace(ctx, func(query string, args []any) { all = append(all, said{query, args}) })
			r := httptest.NewRequestWithContext(traced, http.MethodGet, path, nil)
			if p.login != "" {
				if tokens[p.login] == "" {
					if tokens[p.login], _, err = a.CreateToken(ctx, p.login, "bench", 1); err != nil {
						return nil, err
					}
				}
				r.Header.Set("Authorization", "Bearer "+tokens[p.login])
			}
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				return nil, fmt.Errorf("%s: status %d in this process", path, w.Code)
			}
			for _, s := range all {
				if !strings.HasPrefix(strings.TrimSpace(s.query), "SELECT") || seen[p.name+s.query] {
					continue
				}
				seen[p.name+s.query] = true
				tables, err := scanned(ctx, db, s.query, s.args)
				if err != nil {
					return nil, fmt.Errorf("%s: plan of %s: %w", path, s.query, err)
				}
				for _, t := range tables {
					if big[t] {
						found = append(found, fmt.Sprintf("%s: %s in `%.90s…`", p.name, t, strings.Join(strings.Fields(s.query), " ")))
					}
				}
			}
		}
	}
	return slices.Compact(found), nil
}

func largeTables(ctx context.Context, db *sqldb.DB) (map[string]bool, error) {
	big := map[string]bool{}
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if db.Dialect() == sqldb.Postgres {
		query = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	}
	names, err := sqldb.Strings(db.Query(ctx, query))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		n, err := count(ctx, db, fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT 1 AS one FROM %s LIMIT %d) x`, name, large))
		if err != nil {
			return nil, err
		}
		big[name] = n >= large
		if big[name] && db.Dialect() == sqldb.Postgres {
			bytes, err := count(ctx, db, `SELECT pg_table_size('`+name+`'::regclass)`)
			if err != nil {
				return nil, err
			}
			big[name] = bytes >= largeBytes
		}
	}
	return big, nil
}

var (
	// "SCAN t", "SCAN t USING INDEX i": from end to end. "SEARCH …" is not.
	sqliteScan = regexp.MustCompile(`^SCAN (\S+)`)
	alias      = regexp.MustCompile(`(?i)\b(?:FROM|JOIN)\s+([a-z_]+)\s+(?:AS\s+)?([a-z]\w*)`)
	pgScan     = regexp.MustCompile(`Seq Scan on (\w+)`)
)

// scanned names the tables that the plan of a statement reads from end to end.
func scanned(ctx context.Context, db *sqldb.DB, query string, args []any) (out []string, err error) {
	if db.Dialect() == sqldb.Postgres {
		lines, err := sqldb.Strings(db.Query(ctx, `EXPLAIN `+query, args...))
		for _, line := range lines {
			if m := pgScan.FindStringSubmatch(line); m != nil {
				out = append(out, m[1])
			}
		}
		return out, err
	}
	names := map[string]string{}
	for _, m := range alias.FindAllStringSubmatch(query, -1) {
		names[m[2]] = m[1]
	}
	rows, err := db.Query(ctx, `EXPLAIN QUERY PLAN `+query, args...)
	lines, err := sqldb.Collect[string](rows, err)(func(r *sqldb.Rows) (s string, err error) {
		var a, b, c int
		return s, r.Scan(&a, &b, &c, &s)
	})
	for _, line := range lines {
		if m := sqliteScan.FindStringSubmatch(line); m != nil {
			t := m[1]
			if names[t] != "" {
				t = names[t]
			}
			out = append(out, t)
		}
	}
	return out, err
}
