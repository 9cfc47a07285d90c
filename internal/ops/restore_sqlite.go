package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/sqldb"
)

// sqliteFresh is a new database file beside the one in use.
type sqliteFresh struct {
	path  string // the new file
	final string // where it goes
	stamp string
}

const restoring = ".restore-"

// buildSQLite writes the new database file.
func (r *restorer) buildSQLite(final string, lines []sqldb.Line) (newDatabase, error) {
	// What an earlier restore left when it was interrupted.
	left, err := filepath.Glob(final + restoring + "*")
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	fresh := &sqliteFresh{path: final + restoring + r.stamp, final: final, stamp: r.stamp}
	build := r.unpackSQLite
	if r.m.Engine != sqldb.SQLite {
		build = func(path string) error { return r.loadSQLite(path, lines) }
	}
	if err := build(fresh.path); err != nil {
		return fresh, err
	}
	return fresh, syncFile(fresh.path)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// unpackSQLite takes the database file out of the backup.
func (r *restorer) unpackSQLite(path string) error {
	return r.eachStream(func(name string, content io.Reader) (err error) {
		if name != sqliteName {
			return nil
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
		if err != nil {
			return err
		}
		n, err := io.Copy(f, &watched{ctx: r.ctx, r: content, total: r.m.Database, tell: func(done, total int64) { r.tell("database", done, total) }})
		if err = errors.Join(err, f.Close()); err == nil && n != r.m.Database {
			err = damaged("the database has %d bytes, not %d", n, r.m.Database)
		}
		return err
	})
}

// eachStream calls fn for every compressed stream of the backup.
func (r *restorer) eachStream(fn func(name string, content io.Reader) error) error {
	r.a.rewind()
	for {
		h, err := r.a.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, first := streamName(h.Name)
		if !first {
			continue
		}
		content, err := r.a.group(h)
		if err != nil {
			return err
		}
		if err := errors.Join(fn(name, content), content.Close()); err != nil {
			return err
		}
	}
}

// loadSQLite builds a database file out of rows from PostgreSQL.
func (r *restorer) loadSQLite(path string, lines []sqldb.Line) error {
	// Nothing depends on this file before it is complete and synced.
	db, err := sqldb.Open(r.ctx, "sqlite:"+path, sqldb.Options{Unsafe: true})
	if err != nil {
		return err
	}
	err = sqldb.Migrate(r.ctx, db, lines...)
	if err == nil {
		err = r.loadTables(db)
	}
	return errors.Join(err, db.Close())
}

func (r *restorer) loadTables(db *sqldb.DB) error {
	known, err := sqliteTables(r.ctx, db)
	if err != nil {
		return err
	}
	todo := r.common(known)
	for _, t := range known {
		// Rows that the migrations made are in the backup, too.
		if t.Name != "schema_step" {
			if err := db.Tx(r.ctx, func(tx *sqldb.Tx) error { _, err := tx.Exec(r.ctx, `DELETE FROM `+quoted(t.Name)); return err }); err != nil {
				return err
			}
		}
	}
	var n int64
	return r.eachStream(func(name string, content io.Reader) error {
		n++
		r.tell("database", n, int64(len(r.m.Tables)))
		t, ok := todo[strings.TrimPrefix(name, tableDir)]
		if !ok {
			return nil
		}
		kinds, err := sqliteKinds(r.ctx, db, t)
		if err != nil {
			return err
		}
		return loadRows(r.ctx, db, t, newCopyReader(content, kinds))
	})
}

// common picks the tables of the backup that the new database has, and remembers
// the others. A column that only one of them has is a fault of the program.
func (r *restorer) common(known []Table) map[string]Table {
	todo := map[string]Table{}
	for _, t := range r.m.Tables {
		switch {
		case t.Name == "schema_step": // each engine keeps its own
		case containsTable(known, t.Name):
			todo[t.Name] = t
		default:
			r.result.Skipped = append(r.result.Skipped, t.Name)
		}
	}
	return todo
}

func containsTable(tables []Table, name string) bool {
	for _, t := range tables {
		if t.Name == name {
			return true
		}
	}
	return false
}

func sqliteKinds(ctx context.Context, db *sqldb.DB, t Table) ([]kind, error) {
	type column struct{ name, declared string }
	rows, err := db.Query(ctx, `SELECT name, type FROM pragma_table_info($1)`, t.Name)
	list, err := sqldb.Collect[column](rows, err)(func(r *sqldb.Rows) (c column, err error) { return c, r.Scan(&c.name, &c.declared) })
	if err != nil {
		return nil, err
	}
	types := map[string]string{}
	for _, c := range list {
		types[c.name] = c.declared
	}
	kinds := make([]kind, len(t.Columns))
	for i, c := range t.Columns {
		declared, ok := types[c]
		if !ok {
			return nil, fmt.Errorf("table %s has no column %s here", t.Name, c)
		}
		kinds[i] = kindOf(declared)
	}
	return kinds, nil
}

// loadRows inserts rows, some thousands to a transaction.
func loadRows(ctx context.Context, db *sqldb.DB, t Table, rows *copyReader) error {
	marks := make([]string, len(t.Columns))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	insert := `INSERT INTO ` + quoted(t.Name) + ` (` + quotedList(t.Columns) + `) VALUES (` + strings.Join(marks, ", ") + `)`
	for more := true; more; {
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			// The order of tables is that of PostgreSQL's references; here they are
			// checked when all is there.
			if _, err := tx.Exec(ctx, `PRAGMA defer_foreign_keys = ON`); err != nil {
				return err
			}
			for range 5000 {
				row, err := rows.next()
				if errors.Is(err, io.EOF) {
					more = false
					return nil
				}
				if err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, insert, row...); err != nil {
					return fmt.Errorf("table %s: %w", t.Name, err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteFresh) address() string { return "sqlite:" + s.path }

func (s *sqliteFresh) drop(context.Context) error { return removeDatabase(s.path) }

// swap lets the new file take the place of the old one. The old one gets a second
// name first, so that at no moment there is no database.
func (s *sqliteFresh) swap(ctx context.Context) (kept []string, err error) {
	// What was used to prove the new file must not leave a log behind.
	for _, end := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(s.path + end); err == nil {
			return nil, fmt.Errorf("%s%s is still there", filepath.Base(s.path), end)
		}
	}
	if _, err := os.Stat(s.final); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(os.Rename(s.path, s.final), blob.SyncDir(filepath.Dir(s.final)))
	}
	// Opening and closing takes the old log into the old file, if it is well enough.
	healthy := withDatabase(ctx, "sqlite:"+s.final, func(db *sqldb.DB) error { return db.Ping(ctx) })
	aside := s.final + ".before-restore-" + s.stamp
	for _, end := range []string{"", "-wal"} {
		if _, err := os.Stat(s.final + end); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.Link(s.final+end, aside+end); err != nil {
			if healthy != nil || end != "" {
				return nil, err
			}
			// A file system without links: for a moment there is only the old name.
			if err := os.Rename(s.final, aside); err != nil {
				return nil, err
			}
		}
		kept = append(kept, aside+end)
	}
	if err := blob.SyncDir(filepath.Dir(s.final)); err != nil {
		return nil, err
	}
	// A log of the old file would be taken for one of the new.
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(s.final + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := os.Rename(s.path, s.final); err != nil {
		return nil, err
	}
	return kept, blob.SyncDir(filepath.Dir(s.final))
}
