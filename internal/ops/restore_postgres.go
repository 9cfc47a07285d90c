package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"motcua/internal/platform/sqldb"
)

// postgresFresh is a schema with the new tables beside those in use.
type postgresFresh struct {
	url    string
	schema string
	old    string // schema that takes the old tables
	gone   bool   // the schema was emptied and dropped
}

const (
	freshSchema = "motcua_restore_"
	oldSchema   = "motcua_before_restore_"
)

// buildPostgres makes the new tables in a schema of their own and fills them.
func (r *restorer) buildPostgres(address string, lines []sqldb.Line) (newDatabase, error) {
	stamp := strings.ReplaceAll(r.stamp, "-", "_")
	fresh := &postgresFresh{url: address, schema: freshSchema + stamp, old: oldSchema + stamp}
	if err := withDatabase(r.ctx, address, func(db *sqldb.DB) error { return prepareSchema(r.ctx, db, fresh.schema) }); err != nil {
		return nil, err
	}
	return fresh, withDatabase(r.ctx, fresh.address(), func(db *sqldb.DB) error {
		if err := sqldb.Migrate(r.ctx, db, lines...); err != nil {
			return err
		}
		return withPgx(r.ctx, db, func(c *pgx.Conn) error { return r.fillPostgres(c) })
	})
}

// prepareSchema refuses a database in use and removes what an interrupted restore left.
func prepareSchema(ctx context.Context, db *sqldb.DB, schema string) error {
	return withPgx(ctx, db, func(c *pgx.Conn) error {
		tx, err := c.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after the commit it does nothing
		others, err := stillConnected(ctx, tx)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return fmt.Errorf("%w: others are connected to the database (%s); stop every motcua and close other programs first", ErrRunning, strings.Join(others, ", "))
		}
		left, err := collect(ctx, tx, pgx.RowTo[string], `SELECT nspname FROM pg_namespace WHERE nspname LIKE $1`, strings.ReplaceAll(freshSchema, "_", `\_`)+"%")
		if err != nil {
			return err
		}
		for _, s := range left {
			if _, err := tx.Exec(ctx, `DROP SCHEMA `+quoted(s)+` CASCADE`); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `CREATE SCHEMA `+quoted(schema)); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

// farewell is how long those who have just hung up are waited for: PostgreSQL ends
// their sessions a moment after they are gone.
const farewell = 3 * time.Second

// stillConnected names some of the others in the database, when they stay.
func stillConnected(ctx context.Context, tx pgx.Tx) (others []string, err error) {
	for end := time.Now().Add(farewell); ; {
		others, err = collect(ctx, tx, pgx.RowTo[string], `SELECT COALESCE(NULLIF(application_name, ''), 'unnamed') || ' from ' || COALESCE(host(client_addr), 'this machine')
			FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' LIMIT 5`)
		if err != nil || len(others) == 0 || time.Now().After(end) {
			return others, err
		}
		// Statistics are frozen at their first reading in a transaction.
		if _, err := tx.Exec(ctx, `SELECT pg_stat_clear_snapshot(), pg_sleep(0.05)`); err != nil {
			return nil, err
		}
	}
}

func (p *postgresFresh) address() string {
	u, err := url.Parse(p.url)
	if err != nil {
		return p.url // it was opened before
	}
	q := u.Query()
	q.Set("search_path", p.schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// fillPostgres copies the rows of the backup into the empty tables, in one transaction.
func (r *restorer) fillPostgres(c *pgx.Conn) error {
	tx, err := c.Begin(r.ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(r.ctx)) }() // after the commit it does nothing
	known, err := postgresTables(r.ctx, tx)
	if err != nil {
		return err
	}
	todo := r.common(known)
	for _, t := range known {
		if t.Name != "schema_step" {
			if _, err := tx.Exec(r.ctx, `TRUNCATE `+quoted(t.Name)+` CASCADE`); err != nil {
				return err
			}
		}
	}
	load := r.loadFromRows
	if r.m.Engine == sqldb.SQLite {
		load = r.loadFromFile
	}
	if err := load(tx, c, known, todo); err != nil {
		return err
	}
	return tx.Commit(r.ctx)
}

func copyIn(ctx context.Context, c *pgx.Conn, t Table, rows io.Reader) error {
	tag, err := c.PgConn().CopyFrom(ctx, rows, `COPY `+quoted(t.Name)+` (`+quotedList(t.Columns)+`) FROM STDIN`)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	if tag.RowsAffected() != t.Rows {
		return damaged("table %s has %d rows, not %d", t.Name, tag.RowsAffected(), t.Rows)
	}
	return nil
}

// loadFromRows hands the rows of a PostgreSQL backup on as they are. They stand in
// an order in which references hold.
func (r *restorer) loadFromRows(_ pgx.Tx, c *pgx.Conn, _ []Table, todo map[string]Table) error {
	var n int64
	return r.eachStream(func(name string, content io.Reader) error {
		n++
		r.tell("database", n, int64(len(r.m.Tables)))
		t, ok := todo[strings.TrimPrefix(name, tableDir)]
		if !ok {
			return nil
		}
		return copyIn(r.ctx, c, t, content)
	})
}

// loadFromFile reads the rows out of an SQLite database in the backup.
func (r *restorer) loadFromFile(tx pgx.Tx, c *pgx.Conn, known []Table, todo map[string]Table) (err error) {
	path := filepath.Join(r.target.Config.Dir, "restore.db")
	defer func() { err = errors.Join(err, removeDatabase(path)) }()
	if err := errors.Join(removeDatabase(path), r.unpackSQLite(path)); err != nil {
		return err
	}
	return withDatabase(r.ctx, "sqlite:"+path, func(src *sqldb.DB) error {
		for _, k := range known { // in the order of references
			t, ok := todo[k.Name]
			if !ok {
				continue
			}
			kinds, err := postgresKinds(r.ctx, tx, t)
			if err != nil {
				return err
			}
			rows, w := io.Pipe()
			go func() { w.CloseWithError(writeRows(r.ctx, src, t, kinds, w)) }()
			if err := errors.Join(copyIn(r.ctx, c, t, rows), rows.Close()); err != nil {
				return err
			}
		}
		return nil
	})
}

func postgresKinds(ctx context.Context, tx pgx.Tx, t Table) ([]kind, error) {
	type column struct{ Name, Type string }
	list, err := collect(ctx, tx, pgx.RowToStructByPos[column], `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`, quoted(t.Name))
	if err != nil {
		return nil, err
	}
	kinds := make([]kind, len(t.Columns))
columns:
	for i, name := range t.Columns {
		for _, c := range list {
			if c.Name == name {
				kinds[i] = kindOf(c.Type)
				continue columns
			}
		}
		return nil, fmt.Errorf("table %s has no column %s here", t.Name, name)
	}
	return kinds, nil
}

// writeRows writes a table of SQLite as COPY text.
func writeRows(ctx context.Context, src *sqldb.DB, t Table, kinds []kind, w io.Writer) (err error) {
	rows, err := src.Query(ctx, `SELECT `+quotedList(t.Columns)+` FROM `+quoted(t.Name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]any, len(t.Columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	var buf []byte
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			if i > 0 {
				buf = append(buf, '\t')
			}
			if buf, err = appendField(buf, v, kinds[i]); err != nil {
				return fmt.Errorf("table %s, column %s: %w", t.Name, t.Columns[i], err)
			}
		}
		if buf = append(buf, '\n'); len(buf) > 64<<10 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_, err = w.Write(buf)
	return err
}

// swap moves the old tables into a schema of their own and the new ones into their
// place, in one transaction.
func (p *postgresFresh) swap(ctx context.Context) (kept []string, err error) {
	err = withDatabase(ctx, p.url, func(db *sqldb.DB) error {
		return withPgx(ctx, db, func(c *pgx.Conn) error {
			tx, err := c.Begin(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after the commit it does nothing
			const list = `SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' ORDER BY relname`
			var home string
			if err := tx.QueryRow(ctx, `SELECT current_schema()`).Scan(&home); err != nil {
				return err
			}
			old, err := collect(ctx, tx, pgx.RowTo[string], list, quoted(home))
			if err != nil {
				return err
			}
			fresh, err := collect(ctx, tx, pgx.RowTo[string], list, quoted(p.schema))
			if err != nil {
				return err
			}
			if len(old) > 0 {
				if _, err := tx.Exec(ctx, `CREATE SCHEMA `+quoted(p.old)); err != nil {
					return err
				}
				kept = []string{"schema " + p.old}
			}
			for _, t := range old {
				if _, err := tx.Exec(ctx, `ALTER TABLE `+quoted(home)+`.`+quoted(t)+` SET SCHEMA `+quoted(p.old)); err != nil {
					return err
				}
			}
			for _, t := range fresh {
				if _, err := tx.Exec(ctx, `ALTER TABLE `+quoted(p.schema)+`.`+quoted(t)+` SET SCHEMA `+quoted(home)); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `DROP SCHEMA `+quoted(p.schema)); err != nil {
				return err
			}
			return tx.Commit(ctx)
		})
	})
	p.gone = err == nil
	return kept, err
}

func (p *postgresFresh) drop(ctx context.Context) error {
	if p.gone {
		return nil
	}
	return withDatabase(ctx, p.url, func(db *sqldb.DB) error {
		_, err := db.SQL().ExecContext(ctx, `DROP SCHEMA IF EXISTS `+quoted(p.schema)+` CASCADE`)
		return err
	})
}
