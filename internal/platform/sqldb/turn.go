package sqldb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"motcua/internal/platform/errs"
)

// TxInTurn is Tx for transactions that count on the same rows, such as the next
// number of an agency: turns names what they count on. On PostgreSQL those of one
// process would meet at the row and be cancelled again and again, each waiting
// for the disk while it holds the row. Here they stand in line instead, and those
// that wait share a transaction, each in a savepoint of its own: one commit serves
// them all. SQLite does so for every transaction anyway.
//
// The contract is that of Tx: nil means durable, an error means that nothing of fn
// was done, and a neighbour that fails harms nobody. fn may run again.
func (db *DB) TxInTurn(ctx context.Context, turns []string, fn func(tx *Tx) error) error {
	if db.group != nil {
		return db.Tx(ctx, fn)
	}
	return db.turns.do(ctx, turns, fn)
}

// together bounds how many callers share a transaction of PostgreSQL: a clash
// makes all of them run again.
const together = 32

// turnstile lets transactions with the same turns through together.
type turnstile struct {
	db *DB

	mu    sync.Mutex
	lines map[string]*line
	rows  lockedKeys // one process holds a turn once, whatever line it stands in
}

// line is those who want the same turns. While it exists somebody serves it.
type line struct {
	turns   []string
	waiting []*task
}

func (s *turnstile) do(ctx context.Context, turns []string, fn func(tx *Tx) error) error {
	turns = slices.Clone(turns)
	slices.Sort(turns) // always in one order, so that no two lines wait for each other
	turns = slices.Compact(turns)
	name := strings.Join(turns, "\x00")
	t := &task{ctx: ctx, fn: fn, done: make(chan struct{})}
	s.mu.Lock()
	if s.lines == nil {
		s.lines = map[string]*line{}
	}
	l := s.lines[name]
	if l == nil {
		l = &line{turns: turns}
		s.lines[name] = l
		go s.serve(name, l)
	}
	l.waiting = append(l.waiting, t)
	s.mu.Unlock()
	// As in committer.do: once it stands in line the outcome is waited for.
	<-t.done
	return translate(t.err)
}

// serve runs what stands in a line until nobody does.
func (s *turnstile) serve(name string, l *line) {
	for _, turn := range l.turns {
		defer s.rows.lock(turn)()
	}
	for {
		s.mu.Lock()
		batch := l.waiting[:min(len(l.waiting), together)]
		l.waiting = l.waiting[len(batch):]
		if len(batch) == 0 {
			delete(s.lines, name)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		s.commit(batch)
	}
}

// patience is how long a line tries to get a batch through while others clash
// with it or the server is away.
const patience = 30 * time.Second

// commit runs a batch and answers everybody in it.
func (s *turnstile) commit(batch []*task) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := retried(ctx, func() error { return s.db.postgresBatch(ctx, batch) })
	for _, t := range batch {
		if err != nil {
			t.err = err
		} else if t.err == nil {
			for _, f := range t.tx.after {
				f()
			}
		}
		close(t.done)
	}
}

// postgresBatch is postgresTx for several at once. An error of its own is one of
// the whole batch; what went wrong with one task alone stands in the task.
func (db *DB) postgresBatch(ctx context.Context, batch []*task) error {
	if len(batch) == 1 {
		return db.postgresAlone(batch[0])
	}
	return db.postgresTx(ctx, func(tx *Tx) error {
		for _, t := range batch {
			if t.err = t.ctx.Err(); t.err != nil {
				continue
			}
			t.tx = &Tx{dialect: Postgres, q: tx.q, later: tx.later, shared: true}
			if err := db.inSavepoint(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// postgresAlone runs a task that shares its transaction with nobody: it needs no
// savepoint, and may be interrupted.
func (db *DB) postgresAlone(t *task) error {
	t.err = nil
	err := db.postgresTx(t.ctx, func(tx *Tx) error {
		t.tx = &Tx{dialect: Postgres, q: tx.q, later: tx.later}
		return t.fn(t.tx)
	})
	if retriable(err) {
		return err
	}
	t.err = err
	return nil
}

// inSavepoint runs a task inside its savepoint. The two statements that steer it
// travel with those of the task.
func (db *DB) inSavepoint(ctx context.Context, t *task) error {
	before := t.tx.later.sent()
	t.tx.later.add("SAVEPOINT task", nil)
	err := guarded(t.fn, t.tx)
	if err == nil {
		t.tx.later.add("RELEASE SAVEPOINT task", nil)
		err = t.tx.later.send(ctx)
	}
	if err == nil || retriable(err) {
		return err
	}
	// The connection may be what failed: then this fails too, and the batch with it.
	t.err = err
	t.tx.later.forget()
	if t.tx.later.sent() == before {
		return nil // it failed before it asked anything: the savepoint was never set
	}
	if _, err := t.tx.q.exec(ctx, "ROLLBACK TO SAVEPOINT task", nil); err != nil {
		return fmt.Errorf("after %w: %w", t.err, keep(err))
	}
	return nil
}

// retried runs a transaction again while the server finds that it clashed.
func retried(ctx context.Context, run func() error) error {
	const tries = 100 // the context bounds it sooner: a request gives up after its own time
	for try := 0; ; try++ {
		err := run()
		if err == nil || !retriable(err) {
			return translate(err)
		}
		if try == tries {
			return errs.New(errs.Unavailable, "database.busy").Because(err)
		}
		// Full jitter: those that clashed must not meet again.
		wait := rand.N(time.Millisecond << min(try, 7))
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// lockedKeys is a set of mutexes by key; unused ones take no room.
type lockedKeys struct {
	mu   sync.Mutex
	held map[string]*keyLock
}

type keyLock struct {
	sync.Mutex
	uses int
}

func (l *lockedKeys) lock(key string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*keyLock{}
	}
	k := l.held[key]
	if k == nil {
		k = &keyLock{}
		l.held[key] = k
	}
	k.uses++
	l.mu.Unlock()
	k.Lock()
	return func() {
		k.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.uses--; k.uses == 0 {
			delete(l.held, key)
		}
	}
}
