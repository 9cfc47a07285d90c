package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"motcua/internal/platform/errs"
)

// ErrNotFound says that a query for one row found none.
var ErrNotFound = errors.New("no such row")

// ErrDuplicate says that a unique rule forbids the row.
var ErrDuplicate = errors.New("a row like this exists already")

// fromDriver is translate for errors that come straight from a driver, where an
// end of file means that the server died while it answered.
func fromDriver(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, pgconn.ErrConnClosed) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return unavailable(err)
	}
	return translate(err)
}

// translate maps what the drivers say to what rooms understand.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.ENOSPC):
		return full(err)
	}
	if _, done := errs.As(err); done {
		return err
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch code := lite.Code(); {
		case code == sqlite3.SQLITE_CONSTRAINT_UNIQUE, code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, code == sqlite3.SQLITE_CONSTRAINT_ROWID:
			return fmt.Errorf("%w: %w", ErrDuplicate, err)
		case code&0xff == sqlite3.SQLITE_FULL:
			return full(err)
		// SQLite reports a write refused for want of room as an I/O error when the
		// file system says so late.
		case code&0xff == sqlite3.SQLITE_IOERR && strings.Contains(lite.Error(), "no space"):
			return full(err)
		}
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "23505":
			return fmt.Errorf("%w: %w", ErrDuplicate, err)
		case "53100": // disk_full
			return full(err)
		case "53300", "57P01", "57P02", "57P03", "57P05": // too many connections, server going down or starting
			return unavailable(err)
		case "25006": // a standby that has not taken over yet
			return unavailable(err)
		}
		if strings.HasPrefix(pg.Code, "08") { // connection exceptions
			return unavailable(err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) {
		return unavailable(err)
	}
	return err
}

// untrusted reports whether err is the disk failing to keep a promise, as against
// having no room.
func untrusted(err error) bool {
	var lite *sqlite.Error
	if !errors.As(err, &lite) || errs.Is(translate(err), errs.Full) {
		return false
	}
	switch lite.Code() {
	case sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR:
		return true
	}
	return false
}

func full(err error) error { return errs.New(errs.Full, "storage.full").Because(err) }

func unavailable(err error) error { return errs.New(errs.Unavailable, "database.away").Because(err) }

// retriable reports whether the transaction may run again: PostgreSQL found a
// clash, or the pooled connection was dead before anything was sent on it.
func retriable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	return errors.Is(err, driver.ErrBadConn) && !errors.Is(err, errCommit)
}

// errCommit marks a failure of the commit itself, after which it is not known
// whether the changes stand.
var errCommit = errors.New("commit")
