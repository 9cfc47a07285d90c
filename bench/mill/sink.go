package mill

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // driver "sqlite"

	"motcua/internal/platform/sqldb"
)

// sink takes rows as fast as an engine can: no waiting for the disk, no indexes
// but the primary keys, which come in order.
type sink interface {
	// add takes one row; the values are string, int64, []byte or nil.
	add(ctx context.Context, table int, row []any) error
	// exec runs a statement in its turn.
	exec(ctx context.Context, query string, args ...any) error
	// finish writes what is left and builds the indexes.
	finish(ctx context.Context) error
	close() error
}

func openSink(ctx context.Context, dialect sqldb.Dialect, path, url string, columns [][]string) (sink, error) {
	if dialect == sqldb.SQLite {
		return openSQLite(ctx, path, columns)
	}
	return openPostgres(ctx, url, columns)
}

// sqliteSink writes many rows with one compiled statement.
type sqliteSink struct {
	db      *sql.DB
	conn    *sql.Conn
	columns [][]string
	some    []*sql.Stmt // of many rows
	one     []*sql.Stmt
	waiting [][]any // flattened rows by table
	indexes []string
}

const together = 24 // rows in one statement

// sorted tables have keys in no order: they are gathered beside and put in sorted.
var sortedTables = map[int]bool{tSearch: true}

func openSQLite(ctx context.Context, path string, columns [][]string) (_ *sqliteSink, err error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return nil, err
	}
	s := &sqliteSink{db: db, columns: columns, waiting: make([][]any, len(tables))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	for _, p := range []string{
		"PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA cache_size=-1000000", "PRAGMA temp_store=FILE",
		"PRAGMA threads=2", "PRAGMA foreign_keys=OFF",
	} {
		if _, err := s.conn.ExecContext(ctx, p); err != nil {
			return nil, err
		}
	}
	if s.indexes, err = s.dropIndexes(ctx); err != nil {
		return nil, err
	}
	if _, err := s.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	for t, table := range tables {
		name := table.name
		if sortedTables[t] {
			if _, err := s.conn.ExecContext(ctx, `CREATE TABLE mill_`+name+` AS SELECT * FROM `+name+` LIMIT 0`); err != nil {
				return nil, err
			}
			name = "mill_" + name
		}
		for _, n := range []int{1, together} {
			row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(columns[t])), ",") + ")"
			stmt, err := s.conn.PrepareContext(ctx, `INSERT INTO `+name+` (`+strings.Join(columns[t], ", ")+`) VALUES `+strings.TrimSuffix(strings.Repeat(row+",", n), ","))
			if err != nil {
				return nil, err
			}
			if n == 1 {
				s.one = append(s.one, stmt)
			} else {
				s.some = append(s.some, stmt)
			}
		}
	}
	return s, nil
}

func (s *sqliteSink) dropIndexes(ctx context.Context) ([]string, error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var drop, again []string
	for rows.Next() {
		var name, table, text string
		if err := rows.Scan(&name, &table, &text); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		if slices.ContainsFunc(tables, func(t struct{ name, key string }) bool { return t.name == table }) {
			drop, again = append(drop, name), append(again, text)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, name := range drop {
		if _, err := s.conn.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return nil, err
		}
	}
	return again, nil
}

func (s *sqliteSink) add(ctx context.Context, table int, row []any) error {
	s.waiting[table] = append(s.waiting[table], row...)
	if len(s.waiting[table]) < together*len(s.columns[table]) {
		return nil
	}
	_, err := s.some[table].ExecContext(ctx, s.waiting[table]...)
	s.waiting[table] = s.waiting[table][:0]
	return err
}

func (s *sqliteSink) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, query, args...)
	return err
}

func (s *sqliteSink) finish(ctx context.Context) error {
	for t := range tables {
		for row := range slices.Chunk(s.waiting[t], len(s.columns[t])) {
			if _, err := s.one[t].ExecContext(ctx, row...); err != nil {
				return err
			}
		}
	}
	for t := range sortedTables {
		name, columns := tables[t].name, strings.Join(s.columns[t], ", ")
		if err := s.exec(ctx, `INSERT INTO `+name+` (`+columns+`) SELECT `+columns+` FROM mill_`+name+` ORDER BY `+columns); err != nil {
			return err
		}
		if err := errors.Join(s.some[t].Close(), s.one[t].Close()); err != nil { // closing again is nothing
			return err
		}
		if err := s.exec(ctx, `DROP TABLE mill_`+name); err != nil {
			return err
		}
	}
	if err := s.exec(ctx, "COMMIT"); err != nil {
		return err
	}
	for _, text := range s.indexes {
		if err := s.exec(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return s.exec(ctx, "PRAGMA journal_mode=WAL")
}

func (s *sqliteSink) close() error {
	var err error
	// A connection with statements left on it keeps its lock.
	for _, stmt := range slices.Concat(s.some, s.one) {
		err = errors.Join(err, stmt.Close())
	}
	if s.conn != nil {
		err = errors.Join(err, s.conn.Close())
	}
	return errors.Join(err, s.db.Close())
}

// postgresSink copies text into each table in large pieces.
type postgresSink struct {
	conn    *pgx.Conn
	columns [][]string
	waiting [][]byte
	again   []string // constraints and indexes to build
}

const piece = 4 << 20 // bytes copied at once

func openPostgres(ctx context.Context, url string, columns [][]string) (*postgresSink, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	s := &postgresSink{conn: conn, columns: columns, waiting: make([][]byte, len(tables))}
	for _, q := range []string{"SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'"} {
		if err := s.exec(ctx, q); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	if err := s.dropIndexes(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *postgresSink) dropIndexes(ctx context.Context) error {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.name
	}
	type index struct{ name, table, def, constraint string }
	rows, err := s.conn.Query(ctx, `SELECT i.indexname, i.tablename, i.indexdef, COALESCE(pg_get_constraintdef(c.oid), '')
		FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname AND c.conrelid = (quote_ident(i.schemaname) || '.' || quote_ident(i.tablename))::regclass
		WHERE i.schemaname = current_schema() AND i.tablename = ANY($1)`, names)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (x index, err error) {
		return x, r.Scan(&x.name, &x.table, &x.def, &x.constraint)
	})
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.constraint != "" {
			s.again = append(s.again, `ALTER TABLE `+x.table+` ADD CONSTRAINT `+x.name+` `+x.constraint)
			err = s.exec(ctx, `ALTER TABLE `+x.table+` DROP CONSTRAINT `+x.name)
		} else {
			s.again = append(s.again, x.def)
			err = s.exec(ctx, `DROP INDEX `+x.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *postgresSink) add(ctx context.Context, table int, row []any) error {
	b := s.waiting[table]
	for i, v := range row {
		if i > 0 {
			b = append(b, '\t')
		}
		switch v := v.(type) {
		case nil:
			b = append(b, `\N`...)
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case []byte:
			b = append(b, `\\x`...)
			b = hex.AppendEncode(b, v)
		case string:
			b = escape(b, v)
		}
	}
	s.waiting[table] = append(b, '\n')
	if len(s.waiting[table]) < piece {
		return nil
	}
	return s.flush(ctx, table)
}

func escape(b []byte, v string) []byte {
	if !strings.ContainsAny(v, "\\\t\n\r") {
		return append(b, v...)
	}
	for i := range len(v) {
		switch v[i] {
		case '\\':
			b = append(b, `\\`...)
		case '\t':
			b = append(b, `\t`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		default:
			b = append(b, v[i])
		}
	}
	return b
}

func (s *postgresSink) flush(ctx context.Context, table int) error {
	if len(s.waiting[table]) == 0 {
		return nil
	}
	_, err := s.conn.PgConn().CopyFrom(ctx, strings.NewReader(string(s.waiting[table])), `COPY `+tables[table].name+` (`+strings.Join(s.columns[table], ", ")+`) FROM STDIN`)
	s.waiting[table] = s.waiting[table][:0]
	return err
}

func (s *postgresSink) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.conn.Exec(ctx, query, args...)
	return err
}

func (s *postgresSink) finish(ctx context.Context) error {
	for t := range tables {
		if err := s.flush(ctx, t); err != nil {
			return err
		}
	}
	for _, text := range s.again {
		if err := s.exec(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	// What autovacuum would do in its first minutes.
	return s.exec(ctx, "VACUUM (ANALYZE)")
}

func (s *postgresSink) close() error { return s.conn.Close(context.Background()) }
