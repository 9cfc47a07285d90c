package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Subscriber follows the sealed journal.
type Subscriber struct {
	// Name is durable: the cursor is kept under it. A new name starts at position 0.
	Name string
	// Types are the event types wanted; one that ends in "." takes all with that
	// prefix ("dossier."). None means all.
	Types []string
	// Handle does its work in tx, which also moves the cursor. It may see an event
	// again when that transaction did not commit, so it touches nothing but tx; for
	// the world outside it enqueues a job. An error is tried again with growing
	// pauses; after MaxTries the event is parked for an operator and the next one
	// is handled.
	Handle func(ctx context.Context, tx *sqldb.Tx, e Event) error
	// MaxTries defaults to 8, about two minutes.
	MaxTries int
}

// Wants reports whether the subscriber asked for events of this type.
func (s Subscriber) Wants(typ string) bool {
	if len(s.Types) == 0 {
		return true
	}
	for _, t := range s.Types {
		if t == typ || strings.HasSuffix(t, ".") && strings.HasPrefix(typ, t) {
			return true
		}
	}
	return false
}

const (
	defaultTries = 8
	// page is how many events are read at once, group how many are handled in one
	// transaction.
	page  = 256
	group = 32
	// skipMost is how far the cursor in the database may lag behind over events
	// that the subscriber does not want, on the way; at the end of the journal it is
	// a page, so that a start has little to read again.
	skipMost = 4096
)

// errMoved says that another process moved the cursor.
var errMoved = errors.New("the cursor was moved by another process")

// follower runs one subscriber.
type follower struct {
	j       *Journal
	sub     Subscriber
	loaded  bool
	next    int64 // position to look at next
	durable int64 // what the cursor in the database says
	tries   int
	retryAt time.Time
}

func (f *follower) role() string { return "sub:" + f.sub.Name }

// run follows until ctx ends. What was not handled then is handled by the next process.
func (f *follower) run(ctx context.Context, wake <-chan struct{}) {
	tick := time.NewTicker(f.j.opts.Poll)
	defer tick.Stop()
	for {
		more := false
		if f.j.holds(f.role()) {
			var err error
			more, err = f.step(ctx)
			switch {
			case errors.Is(err, errMoved):
				f.j.lost(f.role())
				f.loaded = false
			case err != nil && ctx.Err() == nil:
				f.loaded = false
				f.j.opts.Log.ErrorContext(ctx, "following the journal", "subscriber", f.sub.Name, "err", err)
			}
		} else {
			f.loaded = false
		}
		if more && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// load reads the cursor, making it for a new subscriber.
func (f *follower) load(ctx context.Context) error {
	read := func(r sqldb.Reader) error {
		var tries, retryAt int64
		if err := r.QueryRow(ctx, `SELECT next, tries, retry_at FROM journal_cursor WHERE name = $1`, f.sub.Name).Scan(&f.durable, &tries, &retryAt); err != nil {
			return err
		}
		f.next, f.tries, f.retryAt, f.loaded = f.durable, int(tries), sqldb.Time(retryAt), true
		return nil
	}
	err := read(f.j.db)
	if !errors.Is(err, sqldb.ErrNotFound) {
		return err
	}
	return f.j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO journal_cursor (name, next, tries, retry_at, error) VALUES ($1, 0, 0, 0, '')
			ON CONFLICT (name) DO NOTHING`, f.sub.Name); err != nil {
			return err
		}
		return read(tx)
	})
}

// step handles the next events and reports whether there may be more to do at once.
func (f *follower) step(ctx context.Context) (more bool, err error) {
	if !f.loaded {
		if err := f.load(ctx); err != nil {
			return false, err
		}
	}
	if f.tries > 0 && f.j.opts.Now().Before(f.retryAt) {
		return false, nil
	}
	events, err := f.j.Since(ctx, f.j.db, f.next, page)
	if err != nil {
		return false, err
	}
	f.lag()
	if len(events) == 0 {
		return false, nil
	}
	if f.tries > 0 {
		// The event that failed is tried alone.
		return true, f.handle(ctx, events[:1], events[0].Position+1)
	}
	var wanted []Event
	for i, e := range events {
		if f.sub.Wants(e.Type) {
			wanted = append(wanted, e)
		}
		last := i == len(events)-1
		if len(wanted) == group || last && len(wanted) > 0 {
			if err := f.handle(ctx, wanted, e.Position+1); err != nil {
				return false, err
			}
			if f.next != e.Position+1 { // one failed; go on from where it left the cursor
				return true, nil
			}
			wanted = nil
		}
	}
	f.next = events[len(events)-1].Position + 1
	atEnd := len(events) < page
	if skipped := f.next - f.durable; skipped > skipMost || atEnd && skipped > page {
		if err := f.j.db.Tx(ctx, func(tx *sqldb.Tx) error { return f.move(ctx, tx, f.next) }); err != nil {
			return false, err
		}
		f.durable = f.next
	}
	return !atEnd, nil
}

// handle runs the handler over events in one transaction that moves the cursor
// to next. When one fails, those before it are handled again without it, and it
// is noted as failed: tried later, or parked.
func (f *follower) handle(ctx context.Context, events []Event, next int64) error {
	start := time.Now()
	at := 0
	handling := false
	err := f.j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for i, e := range events {
			at, handling = i, true
			if err := f.sub.Handle(ctx, tx, e); err != nil {
				return err
			}
		}
		handling = false
		return f.move(ctx, tx, next)
	})
	if err == nil {
		f.next, f.durable, f.tries = next, next, 0
		f.observe("ok", len(events), start)
		return nil
	}
	if !handling || !blames(err) {
		return err
	}
	if at > 0 {
		return f.handle(ctx, events[:at], events[at].Position)
	}
	return f.failed(ctx, events[0], err, start)
}

// blames reports whether a failure is the event's or the handler's, rather than
// that of a database gone away or a process told to stop.
func blames(err error) bool {
	return !errors.Is(err, context.Canceled) && !errs.Is(err, errs.Unavailable) && !errs.Is(err, errs.Full)
}

// failed counts a failure of e, and parks it when it was the last try.
func (f *follower) failed(ctx context.Context, e Event, cause error, start time.Time) error {
	most := f.sub.MaxTries
	if most == 0 {
		most = defaultTries
	}
	tries := f.tries + 1 // a count above zero is that of the event at the cursor, which is e
	now := f.j.opts.Now()
	text := cut(cause.Error(), 2000)
	if tries >= most {
		err := f.j.db.Tx(ctx, func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO journal_parked (subscriber, position, event_id, tries, error, parked_at) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (subscriber, position) DO UPDATE SET tries = excluded.tries, error = excluded.error, parked_at = excluded.parked_at`,
				f.sub.Name, e.Position, e.ID, tries, text, sqldb.Millis(now)); err != nil {
				return err
			}
			return f.move(ctx, tx, e.Position+1)
		})
		if err != nil {
			return err
		}
		f.next, f.durable, f.tries = e.Position+1, e.Position+1, 0
		f.j.opts.Log.ErrorContext(ctx, "event parked: a subscriber could not handle it", "subscriber", f.sub.Name, "position", e.Position, "type", e.Type, "tries", tries, "err", cause)
		f.observe("parked", 1, start)
		return nil
	}
	retryAt := now.Add(min(time.Second<<(tries-1), 2*time.Minute))
	err := f.j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE journal_cursor SET next = $1, tries = $2, retry_at = $3, error = $4 WHERE name = $5 AND next = $6`,
			e.Position, tries, sqldb.Millis(retryAt), text, f.sub.Name, f.durable)
		if err == nil && n != 1 {
			return errMoved
		}
		return err
	})
	if err != nil {
		return err
	}
	f.next, f.durable, f.tries, f.retryAt = e.Position, e.Position, tries, retryAt
	f.j.opts.Log.WarnContext(ctx, "event failed, will be tried again", "subscriber", f.sub.Name, "position", e.Position, "type", e.Type, "tries", tries, "err", cause)
	f.observe("retry", 1, start)
	return nil
}

// move sets the cursor, if nobody else has.
func (f *follower) move(ctx context.Context, tx *sqldb.Tx, next int64) error {
	n, err := tx.Exec(ctx, `UPDATE journal_cursor SET next = $1, tries = 0, retry_at = 0, error = '' WHERE name = $2 AND next = $3`, next, f.sub.Name, f.durable)
	if err == nil && n != 1 {
		return errMoved
	}
	return err
}

func (f *follower) observe(outcome string, n int, start time.Time) {
	if o := f.j.opts.Observe.Handled; o != nil {
		o(f.sub.Name, outcome, n, time.Since(start))
	}
}

func (f *follower) lag() {
	if o := f.j.opts.Observe.Lag; o != nil {
		o(f.sub.Name, max(0, f.j.size.Load()-f.next))
	}
}

// Parked is an event that a subscriber could not handle.
type Parked struct {
	Subscriber string
	Event      Event
	Tries      int
	Error      string
	At         time.Time
}

// Parked lists what waits for an operator, oldest first.
func (j *Journal) Parked(ctx context.Context, r sqldb.Reader, limit int) ([]Parked, error) {
	rows, err := r.Query(ctx, `SELECT e.id, e.stream, e.seq, e.type, e.at, e.actor, e.actor_name, e.on_behalf, e.purpose, e.data, e.position,
			p.subscriber, p.tries, p.error, p.parked_at
		FROM journal_parked p JOIN journal_event e ON e.position = p.position
		ORDER BY p.parked_at, p.subscriber, p.position LIMIT $1`, limit)
	return sqldb.Collect[Parked](rows, err)(func(r *sqldb.Rows) (Parked, error) {
		var p Parked
		var at int64
		var err error
		p.Event, err = scanEvent(r, &p.Subscriber, &p.Tries, &p.Error, &at)
		p.At = sqldb.Time(at)
		return p, err
	})
}

// Retry runs a parked event through its subscriber once more and, when that
// works, takes it off the list. It is not in the order of the others any more.
func (j *Journal) Retry(ctx context.Context, s Subscriber, position int64) error {
	events, err := j.Since(ctx, j.db, position, 1)
	if err != nil {
		return err
	}
	if len(events) == 0 || events[0].Position != position {
		return errs.NewNotFound("journal.parked-unknown")
	}
	err = j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM journal_parked WHERE subscriber = $1 AND position = $2`, s.Name, position)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NewNotFound("journal.parked-unknown")
		}
		return s.Handle(ctx, tx, events[0])
	})
	if err != nil {
		return fmt.Errorf("journal: retry %s at %d: %w", s.Name, position, err)
	}
	return nil
}

// cut shortens a text to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "?")
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
