package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// stillness is something to do while nobody writes.
type stillness struct {
	fn   func(*sql.Conn) error
	done chan error
}

// Log is SQLite's write-ahead log while no writer of this process is at work.
type Log struct {
	ctx context.Context //nolint:containedctx // of one call
	db  *sql.Conn
}

// Still runs fn between two commits; writers wait, so it must be quick. Only
// SQLite has such a moment.
func (db *DB) Still(ctx context.Context, fn func(Log) error) error {
	if db.group == nil {
		return errors.New("only the embedded database can be still")
	}
	s := &stillness{fn: func(w *sql.Conn) error { return fn(Log{ctx, w}) }, done: make(chan error, 1)}
	select {
	case <-db.group.stopped:
		return errClosed
	case <-db.group.quit:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case db.group.still <- s:
		return <-s.done
	}
}

// readersWait is how long the log waits for readers when it is to begin again.
const readersWait = 200 * time.Millisecond

// Empty writes the log into the database file, so that the next writer begins it
// again. frames is how long the log was; done is false when readers still need it.
func (l Log) Empty() (frames int64, done bool, err error) {
	if _, err := l.db.ExecContext(l.ctx, fmt.Sprintf("PRAGMA busy_timeout(%d)", readersWait.Milliseconds())); err != nil {
		return 0, false, translate(err)
	}
	var busy, into int64
	err = l.db.QueryRowContext(l.ctx, "PRAGMA wal_checkpoint(RESTART)").Scan(&busy, &frames, &into)
	_, back := l.db.ExecContext(context.WithoutCancel(l.ctx), "PRAGMA busy_timeout(10000)")
	return frames, busy == 0 && frames == into, translate(errors.Join(err, back))
}
