// Package sqldb is a thin layer over database/sql that makes one SQL text run
// on the embedded SQLite of a commune and on the PostgreSQL of a metropolis.
//
// Reads go through DB (many at once). Writes go through Tx: the closure's
// changes are durable when Tx returns nil, and gone when it returns an error.
// SQL is written in the portable subset ($1 parameters, RETURNING, ON CONFLICT,
// ->>); where an engine differs, the caller asks Dialect and keeps the pair of
// texts side by side.
//
// Driver errors are translated here and nowhere else: a missing row is
// ErrNotFound, a broken unique rule ErrDuplicate, a full disk an errs.Full, a
// vanished server an errs.Unavailable.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// Dialect names the engine behind a DB.
type Dialect string

// The two engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Reader runs queries that change nothing.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (*Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *Row
	Dialect() Dialect
}

// Querier also changes rows. Only a Tx is one.
type Querier interface {
	Reader
	// Exec returns how many rows were changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	read    *sql.DB
	write   *sql.DB    // SQLite: one connection, owned by the committer; PostgreSQL: same pool as read
	group   *committer // SQLite: who writes for everybody
	turns   turnstile  // PostgreSQL: who waits for whom
	reads   runner     // runs what goes through read
	kept    *prepared  // SQLite: the statements of the readers
	path    string     // SQLite file, "" on PostgreSQL

	opening sync.Mutex
	file    *os.File // path as it lies there, once somebody asked for it
}

// Options tune Open; the zero value is right for production.
type Options struct {
	// MaxConns bounds the connections to the server (PostgreSQL) or the readers
	// of the file (SQLite). 0 means a default fit for two cores.
	MaxConns int
	// Unsafe turns off the wait for the disk. Only fault drills set it, to show
	// that they can fail.
	Unsafe bool
	// KeepLog leaves what was committed in SQLite's write-ahead log until Still is
	// used to empty it. A continuous backup sets it, to read the log first.
	KeepLog bool
}

// Open opens the database at rawURL: "sqlite:/path/file.db" (created when
// absent) or "postgres://user@host/name".
func Open(ctx context.Context, rawURL string, opts Options) (*DB, error) {
	scheme, rest, _ := strings.Cut(rawURL, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(rest, "//"), opts)
	case "postgres", "postgresql":
		return openPostgres(ctx, rawURL, opts)
	}
	return nil, fmt.Errorf("database address must begin with sqlite: or postgres:, not %q", scheme)
}

func openSQLite(ctx context.Context, path string, opts Options) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("making the database folder: %w", err)
	}
	// Under load the log is carried into the file every 16 MB, not every 4: fewer
	// waits, and a page that changes often is written once.
	carry := 4000
	if opts.KeepLog {
		carry = 0
	}
	dsn := func(cache int) string { // kB of pages that a connection keeps
		q := url.Values{}
		// Pragmas stand in the address so that every connection of the pool has them.
		// The driver sorts them, the wait for locks first: setting one twice leaves the
		// value that sorts last.
		synchronous := "FULL"
		if opts.Unsafe {
			synchronous = "OFF"
		}
		for _, p := range []string{
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + synchronous + ")",
			"foreign_keys(1)", "temp_store(MEMORY)", "cache_size(-" + strconv.Itoa(cache) + ")",
			"journal_size_limit(67108864)", "wal_autocheckpoint(" + strconv.Itoa(carry) + ")",
		} {
			q.Add("_pragma", p)
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	write, err := sql.Open("sqlite", dsn(32<<10))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", filepath.Base(path), err), write.Close())
	}
	// Readers keep little: the system has the file in its own memory, once for all of
	// them. It is not mapped, for each connection would count the same pages again.
	read, err := sql.Open("sqlite", dsn(4<<10))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	n := opts.MaxConns
	if n == 0 {
		n = 8
	}
	read.SetMaxOpenConns(n)
	read.SetMaxIdleConns(n)
	db := &DB{dialect: SQLite, read: read, write: write, path: path, kept: newPrepared(false, read.PrepareContext)}
	db.reads = &compiledHandle{db.kept, read}
	if db.group, err = newCommitter(ctx, write); err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	return db, nil
}

func openPostgres(ctx context.Context, rawURL string, opts Options) (*DB, error) {
	pool, err := sql.Open("pgx", plainAtHome(rawURL))
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	n := opts.MaxConns
	if n == 0 {
		n = 24
	}
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reaching PostgreSQL: %w", err), pool.Close())
	}
	db := &DB{dialect: Postgres, read: pool, write: pool, reads: plainHandle{pool}}
	db.turns.db = db
	return db, nil
}

// plainAtHome leaves the encryption out on the way to a server on this machine,
// unless the address asks for it: nobody stands between, and it costs a fifth of
// the time of a submission.
func plainAtHome(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Query().Has("sslmode") {
		return rawURL
	}
	if host := u.Hostname(); host != "localhost" && (net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback()) {
		return rawURL
	}
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return u.String()
}

// Dialect names the engine.
func (db *DB) Dialect() Dialect { return db.dialect }

// Path is the SQLite file, or "" on PostgreSQL. To read it see File.
func (db *DB) Path() string { return db.path }

// File reads the SQLite file as it lies there. It stays open as long as the database:
// POSIX takes every lock of a process on a file away when the process closes any
// handle of it, and other programs would then take the house for empty.
func (db *DB) File() (io.ReaderAt, error) {
	db.opening.Lock()
	defer db.opening.Unlock()
	if db.file == nil {
		f, err := os.Open(db.path)
		if err != nil {
			return nil, err
		}
		db.file = f
	}
	return db.file, nil
}

// SQL gives the raw pool to the few that copy or inspect the whole database
// (backup, doctor). Rooms do not use it.
func (db *DB) SQL() *sql.DB { return db.read }

// Close waits for the commits under way and closes the connections.
func (db *DB) Close() error {
	if db.group == nil {
		return db.read.Close()
	}
	err := db.group.close()
	db.kept.close()
	err = errors.Join(err, db.read.Close(), db.write.Close())
	db.opening.Lock()
	defer db.opening.Unlock()
	if db.file != nil {
		err = errors.Join(err, db.file.Close())
	}
	return err
}

// Fault says why nothing is written any more until the program starts again, or nil.
func (db *DB) Fault() error {
	if db.group != nil {
		if p := db.group.fault.Load(); p != nil {
			return *p
		}
	}
	return nil
}

// Ping reports whether the database answers and can be written.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.Fault(); err != nil {
		return err
	}
	var one int
	return db.QueryRow(ctx, "SELECT 1").Scan(&one)
}

// Query implements Reader.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	return runQuery(ctx, db.reads, query, args)
}

// QueryRow implements Reader.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *Row {
	return runQueryRow(ctx, db.reads, query, args)
}

// Snapshot runs fn on one consistent state of the database, unmoved by writers.
func (db *DB) Snapshot(ctx context.Context, fn func(Reader) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.dialect == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.read.BeginTx(ctx, opts)
	if err != nil {
		return fromDriver(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return fn(&Tx{dialect: db.dialect, q: plainHandle{tx}})
}

// Tx is one transaction. It is valid only inside the closure that received it,
// and is used by one goroutine.
type Tx struct {
	dialect Dialect
	q       runner
	after   []func()
	later   later // PostgreSQL: what waits to be sent; nil on SQLite
	shared  bool  // PostgreSQL: others write in this transaction too
}

// Dialect names the engine.
func (tx *Tx) Dialect() Dialect { return tx.dialect }

// Query implements Reader.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	if err := tx.send(ctx); err != nil {
		return nil, err
	}
	return runQuery(tx.shield(ctx), tx.q, query, args)
}

// QueryRow implements Reader.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *Row {
	if err := tx.send(ctx); err != nil {
		return &Row{err: err}
	}
	return runQueryRow(tx.shield(ctx), tx.q, query, args)
}

// shield keeps a caller that hangs up from interrupting a shared SQLite commit:
// an interrupted write rolls back the whole transaction, the neighbours' too. On
// PostgreSQL it would cut the connection that some share in TxInTurn.
func (tx *Tx) shield(ctx context.Context) context.Context {
	if tx.dialect == SQLite || tx.shared {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// Exec implements Querier.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := tx.send(ctx); err != nil {
		return 0, err
	}
	watch(ctx, query, args)
	res, err := tx.q.exec(tx.shield(ctx), query, args)
	if err != nil {
		return 0, fromDriver(err)
	}
	return res.RowsAffected()
}

// AfterCommit registers f to run once, after the commit is durable; it does not
// run when the transaction fails. Use it to wake workers, never to change data.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// runner runs statements. done, when there is one, is called when the result is closed.
type runner interface {
	query(ctx context.Context, query string, args []any) (rows *sql.Rows, done func(), err error)
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
}

// handle is what *sql.DB, *sql.Tx and *sql.Conn have in common.
type handle interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// plainHandle runs statements as they are. pgx compiles and keeps them itself.
type plainHandle struct{ h handle }

func (p plainHandle) query(ctx context.Context, query string, args []any) (*sql.Rows, func(), error) {
	rows, err := p.h.QueryContext(ctx, query, args...)
	return rows, nil, err
}

func (p plainHandle) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	return p.h.ExecContext(ctx, query, args...)
}
