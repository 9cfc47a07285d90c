package journal

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locales embed.FS

// Locales are the words of its errors and of what Verify finds.
func Locales() fs.FS { return locales }

// Line is the journal's tables, for the migrator.
func Line() sqldb.Line {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.Line{Name: "journal", FS: sub}
}

// Options tune a Journal. The zero value appends and seals but signs nothing,
// which is enough for tests of other rooms.
type Options struct {
	// Dir is the audit folder with the signing key and the checkpoint file. It is
	// made when absent. "" means no signatures.
	Dir string
	// Name is the name of the key and the origin line of checkpoints; default "motcua".
	Name string
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Log receives what an operator should know; default slog.Default().
	Log *slog.Logger
	// CheckpointEvery is the longest time that sealed events stay without a
	// signature; default 10 s.
	CheckpointEvery time.Duration
	// Poll is how often the sealer and subscribers look without being woken
	// (other replicas append too); default 1 s.
	Poll time.Duration
	// Observe, when set, is told of the work done, for metrics.
	Observe Observer
}

// Observer receives measurements. Any field may be nil.
type Observer struct {
	// Sealed reports a batch of n events and how long it took.
	Sealed func(n int, took time.Duration)
	// Handled reports an event (or a batch) of a subscriber: outcome is "ok", "retry" or "parked".
	Handled func(subscriber, outcome string, n int, took time.Duration)
	// Lag reports how many sealed events a subscriber has not handled yet.
	Lag func(subscriber string, events int64)
}

// Journal is the ledger. It is safe for concurrent use.
type Journal struct {
	db     *sqldb.DB
	opts   Options
	holder string // names this process in leases
	roles  roles
	sealer *sealer
	wake   chan struct{} // the sealer's
	size   atomic.Int64  // of the log, as this process last saw it
	fault  fault
	// running is set while Run is at work.
	running atomic.Bool

	wakesMu sync.Mutex
	wakes   []chan struct{} // the subscribers'

	startMu sync.Mutex
	keys    keys
	log     *checkpointLog // nil without an audit folder, or before Start
}

// New opens the journal on a migrated database.
func New(db *sqldb.DB, opts Options) (*Journal, error) {
	if opts.Name == "" {
		opts.Name = "motcua"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.CheckpointEvery == 0 {
		opts.CheckpointEvery = 10 * time.Second
	}
	if opts.Poll == 0 {
		opts.Poll = time.Second
	}
	j := &Journal{db: db, opts: opts, holder: id.New(), wake: make(chan struct{}, 1)}
	j.sealer = &sealer{j: j}
	return j, nil
}

// Append adds an event to its stream inside the caller's transaction and
// returns it with ID, Seq and At set. Stream and Type must be given; an empty
// Data becomes {}. Concurrent appends to one stream take turns.
func (j *Journal) Append(ctx context.Context, tx *sqldb.Tx, e Event) (Event, error) {
	if e.Stream == "" || e.Type == "" {
		return Event{}, errors.New("journal: an event needs a stream and a type")
	}
	if len(e.Data) == 0 {
		e.Data = json.RawMessage("{}")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, e.Data); err != nil {
		return Event{}, fmt.Errorf("journal: data of %s is not JSON: %w", e.Type, err)
	}
	e.Data = compact.Bytes()
	if e.At.IsZero() {
		e.At = j.opts.Now()
	}
	e.At = sqldb.Time(sqldb.Millis(e.At))
	e.Position = Unsealed
	e.ID = id.New()
	if err := number(ctx, tx, &e); err != nil {
		return Event{}, fmt.Errorf("journal: numbering %s: %w", e.Type, err)
	}
	if err := tx.Later(ctx, `INSERT INTO journal_event (id, stream, seq, type, at, actor, actor_name, on_behalf, purpose, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.ID, e.Stream, e.Seq, e.Type, sqldb.Millis(e.At), e.Actor, e.ActorName, e.OnBehalf, e.Purpose, string(e.Data)); err != nil {
		return Event{}, fmt.Errorf("journal: appending %s: %w", e.Type, err)
	}
	tx.AfterCommit(j.wakeSealer)
	return e, nil
}

// AppendAll adds many events, each to a stream of its own, with few statements:
// for what changes tens of thousands of things at once. The rules are those of
// [Journal.Append]; two events of one stream are refused.
func (j *Journal) AppendAll(ctx context.Context, tx *sqldb.Tx, events []Event) error {
	for part := range slices.Chunk(events, sqldb.AtOnce(10)) {
		if err := j.appendPart(ctx, tx, part); err != nil {
			return err
		}
	}
	if len(events) > 0 {
		tx.AfterCommit(j.wakeSealer)
	}
	return nil
}

func (j *Journal) appendPart(ctx context.Context, tx *sqldb.Tx, events []Event) error {
	rows := make([]Event, len(events))
	at := make(map[string]int, len(events))
	var heads, bodies placeholders
	for i, e := range events {
		if e.Stream == "" || e.Type == "" {
			return errors.New("journal: an event needs a stream and a type")
		}
		if _, twice := at[e.Stream]; twice {
			return fmt.Errorf("journal: two events of stream %s at once", e.Stream)
		}
		if len(e.Data) == 0 {
			e.Data = json.RawMessage("{}")
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, e.Data); err != nil {
			return fmt.Errorf("journal: data of %s is not JSON: %w", e.Type, err)
		}
		e.Data = compact.Bytes()
		if e.At.IsZero() {
			e.At = j.opts.Now()
		}
		e.At = sqldb.Time(sqldb.Millis(e.At))
		e.ID = id.New()
		at[e.Stream], rows[i] = i, e
		heads.add(e.Stream, 1, e.ID)
	}
	type head struct {
		stream, last string
		seq          int64
	}
	found, err := sqldb.Collect[head](tx.Query(ctx, `INSERT INTO journal_stream (stream, seq, last_id) VALUES `+heads.text()+`
		ON CONFLICT (stream) DO UPDATE SET seq = journal_stream.seq + 1,
			last_id = CASE WHEN excluded.last_id > journal_stream.last_id THEN excluded.last_id ELSE journal_stream.last_id END
		RETURNING stream, seq, last_id`, heads.args...))(func(r *sqldb.Rows) (h head, err error) { return h, r.Scan(&h.stream, &h.seq, &h.last) })
	if err != nil {
		return fmt.Errorf("journal: numbering %d events: %w", len(rows), err)
	}
	for _, h := range found {
		e := &rows[at[h.stream]]
		e.Seq = h.seq
		if h.last == e.ID {
			continue
		}
		// The clock of the replica that wrote the event before is ahead of ours.
		if e.ID, err = successor(h.last); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE journal_stream SET last_id = $1 WHERE stream = $2`, e.ID, e.Stream); err != nil {
			return err
		}
	}
	for _, e := range rows {
		bodies.add(e.ID, e.Stream, e.Seq, e.Type, sqldb.Millis(e.At), e.Actor, e.ActorName, e.OnBehalf, e.Purpose, string(e.Data))
	}
	if _, err := tx.Exec(ctx, `INSERT INTO journal_event (id, stream, seq, type, at, actor, actor_name, on_behalf, purpose, data) VALUES `+bodies.text(), bodies.args...); err != nil {
		return fmt.Errorf("journal: appending %d events: %w", len(rows), err)
	}
	return nil
}

// placeholders gathers the rows of a VALUES list.
type placeholders struct {
	rows []string
	args []any
}

func (p *placeholders) add(values ...any) {
	marks := make([]string, len(values))
	for i, v := range values {
		p.args = append(p.args, v)
		marks[i] = "$" + strconv.Itoa(len(p.args))
	}
	p.rows = append(p.rows, "("+strings.Join(marks, ", ")+")")
}

func (p *placeholders) text() string { return strings.Join(p.rows, ", ") }

// number gives e the next number of its stream. The head of the stream is one
// row, updated in place: appends to one stream queue for it, appends to others
// do not meet. (Reading the last event instead would, under PostgreSQL's
// SERIALIZABLE, make neighbours in the index fail each other.)
func number(ctx context.Context, tx *sqldb.Tx, e *Event) error {
	var last string
	if err := tx.QueryRow(ctx, `INSERT INTO journal_stream (stream, seq, last_id) VALUES ($1, 1, $2)
		ON CONFLICT (stream) DO UPDATE SET seq = journal_stream.seq + 1,
			last_id = CASE WHEN excluded.last_id > journal_stream.last_id THEN excluded.last_id ELSE journal_stream.last_id END
		RETURNING seq, last_id`, e.Stream, e.ID).Scan(&e.Seq, &last); err != nil {
		return err
	}
	if last == e.ID {
		return nil
	}
	// The clock of the replica that wrote the event before is ahead of ours.
	var err error
	if e.ID, err = successor(last); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE journal_stream SET last_id = $1 WHERE stream = $2`, e.ID, e.Stream)
	return err
}

// successor is the next UUID in order: the random bits, counted up by one.
func successor(s string) (string, error) {
	u, err := uuid.Parse(s)
	if err != nil {
		return "", err
	}
	for i := len(u) - 1; i > 8; i-- { // the bytes after version, sequence and variant
		if u[i]++; u[i] != 0 {
			return u.String(), nil
		}
	}
	return "", fmt.Errorf("no id follows %s", s)
}

func (j *Journal) wakeSealer() {
	select {
	case j.wake <- struct{}{}:
	default: // it is awake already
	}
}

const columns = `id, stream, seq, type, at, actor, actor_name, on_behalf, purpose, data, position`

func scan(r *sqldb.Rows) (Event, error) { return scanEvent(r) }

// scanEvent reads the columns, and more after them into extra.
func scanEvent(r *sqldb.Rows, extra ...any) (Event, error) {
	var e Event
	var at int64
	var data string
	var position sql.NullInt64
	into := append([]any{&e.ID, &e.Stream, &e.Seq, &e.Type, &at, &e.Actor, &e.ActorName, &e.OnBehalf, &e.Purpose, &data, &position}, extra...)
	if err := r.Scan(into...); err != nil {
		return Event{}, err
	}
	e.At = sqldb.Time(at)
	e.Data = json.RawMessage(data)
	e.Position = Unsealed
	if position.Valid {
		e.Position = position.Int64
	}
	return e, nil
}

// Stream returns the events of a stream with Seq > afterSeq, oldest first, at
// most limit. Events not sealed yet are among them.
func (j *Journal) Stream(ctx context.Context, r sqldb.Reader, stream string, afterSeq int64, limit int) ([]Event, error) {
	rows, err := r.Query(ctx, `SELECT `+columns+` FROM journal_event WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3`, stream, afterSeq, limit)
	return sqldb.Collect[Event](rows, err)(scan)
}

// Since returns sealed events at position and later, in order, at most limit.
func (j *Journal) Since(ctx context.Context, r sqldb.Reader, position int64, limit int) ([]Event, error) {
	rows, err := r.Query(ctx, `SELECT `+columns+` FROM journal_event WHERE position >= $1 ORDER BY position LIMIT $2`, position, limit)
	return sqldb.Collect[Event](rows, err)(scan)
}

// OfType returns the events of one type that happened in [from, to), oldest
// first, at most limit. Page on with the last event's At and ID as after; the
// zero Event starts at the beginning.
func (j *Journal) OfType(ctx context.Context, r sqldb.Reader, typ string, from, to time.Time, after Event, limit int) ([]Event, error) {
	start, last := sqldb.Millis(from), ""
	if after.ID != "" {
		start, last = sqldb.Millis(after.At), after.ID
	}
	rows, err := r.Query(ctx, `SELECT `+columns+` FROM journal_event
		WHERE type = $1 AND (at, id) > ($2, $3) AND at < $4 ORDER BY at, id LIMIT $5`, typ, start, last, sqldb.Millis(to), limit)
	return sqldb.Collect[Event](rows, err)(scan)
}
