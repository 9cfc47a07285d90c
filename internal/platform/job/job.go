package job

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locales embed.FS

// Locales are the words of its errors.
func Locales() fs.FS { return locales }

// Line is the queue's tables, for the migrator.
func Line() sqldb.Line {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.Line{Name: "job", FS: sub}
}

// Handler does one kind of work.
type Handler struct {
	// Kind names it in the rows: "<room>.<what>", e.g. "notify.mail".
	Kind string
	// Run does it. It may run again after a crash. An error is tried again later
	// with growing pauses; wrap it with Permanent when trying again is of no use.
	Run func(ctx context.Context, payload json.RawMessage) error
	// MaxAttempts before the job is parked; default 12, about a day.
	MaxAttempts int
	// Timeout of one attempt, after which ctx ends; default 1 minute. A handler
	// that goes on regardless loses its lease, and another worker starts.
	Timeout time.Duration
}

// Schedule is something done by the clock.
type Schedule struct {
	// Name is durable; what was run last is kept under it.
	Name string
	// Cron is five fields (minute hour day month weekday) or "@every 1h", in the
	// time zone of Vietnam. Each moment is run once across all replicas; moments
	// missed while nothing ran are made up for by one run.
	Cron string
	// Run does it, with the retries of a job.
	Run func(ctx context.Context) error
	// Timeout of one attempt; default 10 minutes.
	Timeout time.Duration
}

// Options tune a Queue; the zero value is right for production.
type Options struct {
	// Workers is how many jobs run at once in this process; default 4.
	Workers int
	// Poll is how often to look without being woken; default 1 s.
	Poll time.Duration
	// StopWait is how long Run lets work under way finish once it is told to
	// stop; default 20 s.
	StopWait time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Busy says that people are waiting, so that what nobody waits for gives way; default never.
	Busy func() bool
	// Log receives failures; default slog.Default().
	Log *slog.Logger
	// Observe, when set, is told the outcome of every attempt ("ok", "retry",
	// "parked", "lost"), for metrics.
	Observe func(kind, outcome string, took time.Duration)
}

// Queue is the door to the job table. It is safe for concurrent use; several
// may work on one database.
type Queue struct {
	db     *sqldb.DB
	opts   Options
	holder string
	wake   chan struct{}
}

// New opens the queue on a migrated database.
func New(db *sqldb.DB, opts Options) *Queue {
	if opts.Workers == 0 {
		opts.Workers = 4
	}
	if opts.Poll == 0 {
		opts.Poll = time.Second
	}
	if opts.StopWait == 0 {
		opts.StopWait = 20 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Busy == nil {
		opts.Busy = func() bool { return false }
	}
	return &Queue{db: db, opts: opts, holder: id.New(), wake: make(chan struct{}, 1)}
}

// Option changes one Enqueue.
type Option func(*enqueue)

type enqueue struct {
	at       time.Time
	key      string
	givesWay bool
}

// At keeps the job until t.
func At(t time.Time) Option { return func(e *enqueue) { e.at = t } }

// Key makes the job the only one of its kind and key that waits to be run.
// Enqueuing it again while it waits gives it the newer payload and the earlier
// of the two times. Once it runs, another may be enqueued.
func Key(key string) Option { return func(e *enqueue) { e.key = key } }

// giveWay is how long a job waits that gives way.
const giveWay = time.Minute

// GivingWay is for what computes much and nobody waits for: when people stand in
// line ([Options].Busy) it begins a minute later. A rush so pays for the work that
// it leaves behind when it is over; one that lasts pays from its second minute on.
func GivingWay() Option { return func(e *enqueue) { e.givesWay = true } }

// Enqueue adds a job in the caller's transaction; payload is stored as JSON.
func (q *Queue) Enqueue(ctx context.Context, tx *sqldb.Tx, kind string, payload any, opts ...Option) error {
	if kind == "" {
		return errors.New("job: a job needs a kind")
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("job: payload of %s: %w", kind, err)
	}
	now := q.opts.Now()
	e := enqueue{at: now}
	for _, o := range opts {
		o(&e)
	}
	if soon := now.Add(giveWay); e.givesWay && e.at.Before(soon) && q.opts.Busy() {
		e.at = soon
	}
	if err := tx.Later(ctx, `INSERT INTO job_task (id, kind, key, payload, state, run_at, tries, holder, lease_until, error, created_at, changed_at)
		VALUES ($1, $2, $3, $4, 'ready', $5, 0, '', 0, '', $6, $6)
		ON CONFLICT (kind, key) WHERE state = 'ready' DO UPDATE SET payload = excluded.payload, changed_at = excluded.changed_at,
			run_at = CASE WHEN excluded.run_at < job_task.run_at THEN excluded.run_at ELSE job_task.run_at END`,
		id.New(), kind, sqldb.NullString(e.key), string(body), sqldb.Millis(e.at), sqldb.Millis(now)); err != nil {
		return fmt.Errorf("job: enqueue %s: %w", kind, err)
	}
	if !e.at.After(now) {
		tx.AfterCommit(q.wakeUp)
	}
	return nil
}

// Cancel removes the waiting job of this kind and key; a running one finishes.
// It reports whether there was one.
func (q *Queue) Cancel(ctx context.Context, tx *sqldb.Tx, kind, key string) (bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM job_task WHERE kind = $1 AND key = $2 AND state = 'ready'`, kind, key)
	return n > 0, err
}

func (q *Queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Permanent marks an error that no further attempt can cure: the job is parked
// at once.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }
