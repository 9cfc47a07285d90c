package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/sqldb"
)

// dumpSQLite copies the database file as it is at one moment.
func dumpSQLite(ctx context.Context, db *sqldb.DB, a *archiveWriter, scratch string, m *Manifest, tell func(int64, int64)) (_ []object, err error) {
	snapshot := scratch + ".db"
	if err := removeDatabase(snapshot); err != nil { // left by a backup that was killed
		return nil, err
	}
	defer func() { err = errors.Join(err, removeDatabase(snapshot)) }()
	if _, err := db.SQL().ExecContext(ctx, `VACUUM INTO ?`, snapshot); err != nil {
		return nil, err
	}
	var objects []object
	if err := withDatabase(ctx, "sqlite:"+snapshot, func(copied *sqldb.DB) error {
		if m.Steps, err = readSteps(ctx, copied); err != nil {
			return err
		}
		if m.Tables, err = sqliteTables(ctx, copied); err != nil {
			return err
		}
		for i := range m.Tables {
			if err := copied.QueryRow(ctx, `SELECT count(*) FROM `+quoted(m.Tables[i].Name)).Scan(&m.Tables[i].Rows); err != nil {
				return err
			}
		}
		objects, err = readObjects(func(after string, limit int) ([]blob.Object, error) { return blob.Objects(ctx, copied, after, limit) })
		return err
	}); err != nil {
		return nil, err
	}
	f, err := os.Open(snapshot)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m.Database = st.Size()
	return objects, a.stream(sqliteName, func(w io.Writer) error {
		_, err := io.Copy(w, &watched{ctx: ctx, r: f, total: m.Database, tell: tell})
		return err
	})
}

// withDatabase opens a database for fn and closes it.
func withDatabase(ctx context.Context, address string, fn func(*sqldb.DB) error) (err error) {
	db, err := sqldb.Open(ctx, address, sqldb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return fn(db)
}

// removeDatabase removes a database file and its companions.
func removeDatabase(path string) error {
	var all error
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// readSteps lists the migrations that have run.
func readSteps(ctx context.Context, r sqldb.Reader) ([]Step, error) {
	rows, err := r.Query(ctx, `SELECT line, number, name, hash FROM schema_step ORDER BY line, number LIMIT 100000`)
	return sqldb.Collect[Step](rows, err)(func(r *sqldb.Rows) (s Step, err error) { return s, r.Scan(&s.Line, &s.Number, &s.Name, &s.Hash) })
}

// sqliteTables lists the plain tables with their columns; what an index keeps for
// itself (shadow tables) is not data.
func sqliteTables(ctx context.Context, r sqldb.Reader) ([]Table, error) {
	names, err := sqldb.Strings(r.Query(ctx, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`))
	if err != nil {
		return nil, err
	}
	var tables []Table
	for _, name := range names {
		cols, err := sqldb.Strings(r.Query(ctx, `SELECT name FROM pragma_table_info($1) ORDER BY cid`, name))
		if err != nil {
			return nil, err
		}
		tables = append(tables, Table{Name: name, Columns: cols})
	}
	return tables, nil
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quotedList(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = quoted(n)
	}
	return strings.Join(q, ", ")
}

// dumpPostgres streams every table of the schema inside one snapshot.
func dumpPostgres(ctx context.Context, db *sqldb.DB, a *archiveWriter, _ string, m *Manifest, tell func(int64, int64)) (objects []object, err error) {
	err = withPgx(ctx, db, func(c *pgx.Conn) error {
		tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it was only read
		if m.Steps, err = collect(ctx, tx, pgx.RowToStructByPos[Step], `SELECT line, number, name, hash FROM schema_step ORDER BY line, number`); err != nil {
			return err
		}
		if m.Tables, err = postgresTables(ctx, tx); err != nil {
			return err
		}
		for i := range m.Tables {
			t := &m.Tables[i]
			if err := a.stream(tableDir+t.Name, func(w io.Writer) error {
				counted := &countingWriter{w: w}
				tag, err := c.PgConn().CopyTo(ctx, counted, `COPY `+quoted(t.Name)+` (`+quotedList(t.Columns)+`) TO STDOUT`)
				t.Rows = tag.RowsAffected()
				m.Database += counted.n
				return err
			}); err != nil {
				return fmt.Errorf("table %s: %w", t.Name, err)
			}
			tell(int64(i+1), int64(len(m.Tables)))
		}
		objects, err = readObjects(func(after string, limit int) ([]blob.Object, error) {
			return collect(ctx, tx, pgx.RowToStructByPos[blob.Object], blob.ObjectsQuery, after, int64(limit))
		})
		return err
	})
	return objects, err
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// withPgx lends a connection of the pool as the driver knows it.
func withPgx(ctx context.Context, db *sqldb.DB, fn func(*pgx.Conn) error) (err error) {
	conn, err := db.SQL().Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver is a %T", driver)
		}
		return fn(c.Conn())
	})
}

func collect[T any](ctx context.Context, tx pgx.Tx, scan pgx.RowToFunc[T], query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// postgresTables lists the tables of the current schema with their columns, those
// that others refer to first.
func postgresTables(ctx context.Context, tx pgx.Tx) ([]Table, error) {
	type column struct{ Table, Column string }
	columns, err := collect(ctx, tx, pgx.RowToStructByPos[column], `SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		ORDER BY c.relname, a.attnum`)
	if err != nil {
		return nil, err
	}
	refs, err := collect(ctx, tx, pgx.RowToStructByPos[column], `SELECT f.relname, t.relname FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
		WHERE k.contype = 'f' AND f.relnamespace = current_schema()::regnamespace AND f.oid <> t.oid ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	var tables []Table
	for _, c := range columns {
		if n := len(tables); n == 0 || tables[n-1].Name != c.Table {
			tables = append(tables, Table{Name: c.Table})
		}
		t := &tables[len(tables)-1]
		t.Columns = append(t.Columns, c.Column)
	}
	needs := map[string][]string{}
	for _, r := range refs {
		needs[r.Table] = append(needs[r.Table], r.Column)
	}
	return inOrder(tables, needs), nil
}

// inOrder puts tables after those that they refer to.
func inOrder(tables []Table, needs map[string][]string) []Table {
	var out []Table
	done := map[string]bool{}
	var put func(t Table)
	put = func(t Table) {
		if done[t.Name] {
			return
		}
		done[t.Name] = true
		for _, n := range needs[t.Name] {
			if i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == n }); i >= 0 {
				put(tables[i])
			}
		}
		out = append(out, t)
	}
	for _, t := range tables {
		put(t)
	}
	return out
}
