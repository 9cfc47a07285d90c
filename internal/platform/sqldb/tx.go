package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"motcua/internal/platform/errs"
)

// Tx runs fn in a transaction. When it returns nil the changes are durable: on
// the disk, or in PostgreSQL's write-ahead log. When fn or the commit fails,
// nothing was changed and the error is returned.
//
// fn must be quick and touch nothing but tx: on SQLite every writer of the
// process stands in one line. On PostgreSQL fn runs again when the server finds
// that it clashed with another, so it must assign to outer variables, not add
// to them.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	if db.group != nil {
		return db.group.do(ctx, &task{fn: fn})
	}
	return retried(ctx, func() error { return db.postgresTx(ctx, fn) })
}

// TxAlone is Tx for what writes much, such as a whole province: it shares its commit with
// nobody. What shares one runs in a savepoint, for which SQLite keeps every page that
// was changed in memory and walks them after each statement.
func (db *DB) TxAlone(ctx context.Context, fn func(tx *Tx) error) error {
	if db.group != nil {
		return db.group.do(ctx, &task{fn: fn, alone: true})
	}
	return db.Tx(ctx, func(tx *Tx) error {
		tx.later.forget() // of throughIndexes: what wants whole tables may walk through them
		return fn(tx)
	})
}

func (db *DB) postgresTx(ctx context.Context, fn func(tx *Tx) error) (err error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return keep(err)
	}
	defer func() { err = errors.Join(err, ignoreDone(conn.Close())) }()
	stx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return keep(err)
	}
	tx := &Tx{dialect: Postgres, q: plainHandle{stx}, later: &pgLater{conn: conn}}
	tx.later.add(throughIndexes, nil) // travels with the first statement
	err = guarded(fn, tx)
	if err == nil {
		if err = tx.later.send(ctx); err != nil {
			err = keep(err)
		}
	}
	if err != nil {
		return errors.Join(err, ignoreDone(stx.Rollback()))
	}
	if err := stx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", errCommit, keep(err))
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// throughIndexes lets a writer read small tables by their indexes too. PostgreSQL
// remembers what a serializable transaction has read: from an index a page, from a
// walk through the table all of it, and then everybody who writes there clashes.
const throughIndexes = `SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)`

// keep gives a lost server its public face and leaves all else to Tx, which asks
// whether the transaction may run again.
func keep(err error) error {
	if retriable(err) {
		return err
	}
	return fromDriver(err)
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// guarded turns a panic in fn into an error, so that one request cannot take the
// writer of all others down with it.
func guarded(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(tx)
}

// committer writes for everybody on SQLite. It takes the closures that wait,
// runs each in a savepoint of its own (one by itself needs none), commits them with
// one wait for the disk, and only then answers each caller. One fsync so serves many submissions.
type committer struct {
	work    chan *task
	still   chan *stillness
	quit    chan struct{}
	stopped chan struct{}
	conn    *sql.Conn // the one writer; statements stay compiled on it
	kept    *prepared
	run     *compiledHandle
	fault   atomic.Pointer[error] // why nothing is written any more
}

type task struct {
	ctx   context.Context
	fn    func(*Tx) error
	alone bool // shares its commit with nobody
	tx    *Tx
	err   error
	done  chan struct{}
}

// batchMost bounds how many callers share a commit, and so how long the first
// of them waits for the last.
const batchMost = 256

func newCommitter(ctx context.Context, db *sql.DB) (*committer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &committer{
		work: make(chan *task, batchMost), still: make(chan *stillness), quit: make(chan struct{}), stopped: make(chan struct{}),
		conn: conn, kept: newPrepared(true, conn.PrepareContext),
	}
	c.run = &compiledHandle{c.kept, conn}
	go c.loop()
	return c, nil
}

var errClosed = errors.New("the database is closed")

func (c *committer) do(ctx context.Context, t *task) error {
	if p := c.fault.Load(); p != nil {
		return *p
	}
	t.ctx, t.done = ctx, make(chan struct{})
	select {
	case <-c.quit:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case c.work <- t:
	}
	// Once handed over, the answer is waited for even when the caller's context
	// ends: whether it was committed must not be guessed. The loop itself drops
	// tasks whose context ended before their turn.
	select {
	case <-t.done:
		return translate(t.err)
	case <-c.stopped:
		select {
		case <-t.done:
			return translate(t.err)
		default:
			return errClosed
		}
	}
}

func (c *committer) close() error {
	close(c.quit)
	<-c.stopped
	c.kept.close()
	return c.conn.Close()
}

func (c *committer) loop() {
	defer close(c.stopped)
	for {
		var batch []*task
		select {
		case t := <-c.work:
			batch = append(batch, t)
		case s := <-c.still:
			s.done <- s.fn(c.conn)
			continue
		case <-c.quit:
			// Serve those already in line, then stop.
			for {
				select {
				case t := <-c.work:
					c.commit([]*task{t})
				default:
					return
				}
			}
		}
		var last *task
	more:
		for last == nil && !batch[0].alone && len(batch) < batchMost {
			select {
			case t := <-c.work:
				if t.alone {
					last = t
				} else {
					batch = append(batch, t)
				}
			default:
				break more
			}
		}
		c.commit(batch)
		if last != nil {
			c.commit([]*task{last})
		}
	}
}

// commit runs a batch in one SQLite transaction and answers every task.
func (c *committer) commit(batch []*task) {
	defer func() {
		for _, t := range batch {
			if t.err == nil {
				for _, f := range t.tx.after {
					f()
				}
			}
			close(t.done)
		}
	}()
	if p := c.fault.Load(); p != nil { // came to be while they stood in line
		failAll(batch, *p)
		return
	}
	if err := c.say("BEGIN IMMEDIATE"); err != nil {
		failAll(batch, c.distrust(err))
		return
	}
	if len(batch) == 1 {
		c.single(batch[0])
		return
	}
	for i, t := range batch {
		if t.err = c.one(t); errors.Is(t.err, errBroken) {
			// The transaction itself is gone (disk full, I/O error): those before
			// are undone with it, those after have not run.
			t.err = c.distrust(t.err)
			failAll(batch[:i], t.err)
			failAll(batch[i+1:], t.err)
			_ = c.say("ROLLBACK") // reports what we already know
			return
		}
	}
	if err := c.say("COMMIT"); err != nil {
		_ = c.say("ROLLBACK") // the commit's error says more
		failAll(batch, c.distrust(err))
	}
}

// single runs the one task of a batch in the transaction that has begun.
func (c *committer) single(t *task) {
	if t.err = t.ctx.Err(); t.err == nil {
		t.tx = &Tx{dialect: SQLite, q: c.run}
		t.err = guarded(t.fn, t.tx)
	}
	if t.err != nil {
		if c.say("ROLLBACK") != nil { // it is gone already: disk full, I/O error
			t.err = c.distrust(fmt.Errorf("%w: %w", errBroken, t.err))
		}
		return
	}
	if err := c.say("COMMIT"); err != nil {
		_ = c.say("ROLLBACK") // the commit's error says more
		t.err = c.distrust(err)
	}
}

// say runs a statement that steers the transaction.
func (c *committer) say(statement string) error {
	_, err := c.run.exec(context.Background(), statement, nil)
	return err
}

// distrust looks at why a batch was not written. When the disk failed to sync,
// nobody knows any more what is on it: the kernel may have thrown the pages away
// and will say yes to the next sync. Nothing is written from then on until the
// program starts again, which reads what the disk really has.
func (c *committer) distrust(err error) error {
	if !untrusted(err) {
		return err
	}
	told := error(errs.New(errs.Unavailable, "database.untrusted").Because(err))
	c.fault.CompareAndSwap(nil, &told)
	return told
}

func failAll(batch []*task, err error) {
	for _, t := range batch {
		if t.err == nil {
			t.err = err
		}
	}
}

var errBroken = errors.New("transaction lost")

// one runs a task inside its savepoint.
func (c *committer) one(t *task) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if err := c.say("SAVEPOINT task"); err != nil {
		return fmt.Errorf("%w: %w", errBroken, translate(err))
	}
	t.tx = &Tx{dialect: SQLite, q: c.run}
	if err := guarded(t.fn, t.tx); err != nil {
		if rerr := c.say("ROLLBACK TO task"); rerr != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		if rerr := c.say("RELEASE task"); rerr != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		return err
	}
	if err := c.say("RELEASE task"); err != nil {
		return fmt.Errorf("%w: %w", errBroken, translate(err))
	}
	return nil
}
