package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"motcua/internal/platform/sqldb"
)

// sealBatch bounds one sealing transaction: on SQLite other writers wait for it.
const sealBatch = 256

// linger is how long the sealer lets commits gather once it is woken.
const linger = 5 * time.Millisecond

// ErrRewound says that the database does not continue what was signed: it was
// set back, or its history was rewritten.
var ErrRewound = errors.New("the journal in the database does not continue the signed checkpoints")

// errNotMine says that another process seals.
var errNotMine = errors.New("another process holds the lease")

const sealerRole = "sealer"

// sealer puts committed events into the log. One runs at a time: the lease says
// which, and should two ever think so, the size of the tree, compared and set in
// every sealing transaction, lets only one of them win.
type sealer struct {
	j        *Journal
	mu       sync.Mutex // held by once; Run and CatchUp may meet
	edge     frontier
	loaded   bool
	signed   int64     // size of the newest checkpoint in the database
	signedAt time.Time // when this process last signed
}

// Start prepares the audit folder and compares its newest checkpoint with the
// database. It returns ErrRewound when they contradict each other: the house
// must then not go on before a person has looked. Run calls it when it was not
// called before. Without a folder it does nothing.
func (j *Journal) Start(ctx context.Context) error {
	j.startMu.Lock()
	defer j.startMu.Unlock()
	if j.opts.Dir == "" || j.log != nil {
		return nil
	}
	k, err := signingKeys(j.opts.Dir, j.opts.Name)
	if err != nil {
		return err
	}
	log, err := openLog(j.opts.Dir, k)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := agrees(ctx, j.db, log.last); err != nil {
		return err
	}
	if err := log.mend(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := j.putBack(ctx, log, k); err != nil {
		return err
	}
	j.keys, j.log = k, log
	return nil
}

// putBack gives the database the newest notes of the file that it lacks: a
// backup can hold the events and yet be older than the note about them.
func (j *Journal) putBack(ctx context.Context, log *checkpointLog, k keys) error {
	var newest, size int64
	if err := j.db.QueryRow(ctx, `SELECT size, (SELECT COALESCE(MAX(size), -1) FROM journal_checkpoint) FROM journal_tree WHERE id = 1`).Scan(&size, &newest); err != nil {
		return fmt.Errorf("journal: size of the log: %w", err)
	}
	for _, msg := range log.recent {
		c, err := openCheckpoint(msg, k.trusted)
		if err != nil {
			return err
		}
		if c.isRewind() || c.size <= newest || c.size > size {
			continue
		}
		if err := j.db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO journal_checkpoint (size, at, note) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING`, c.size, sqldb.Millis(c.at), msg)
			return err
		}); err != nil {
			return fmt.Errorf("journal: putting a checkpoint back: %w", err)
		}
	}
	return nil
}

// AcceptRewind puts on record, signed, that the database was set back on
// purpose, to a backup: what was signed after the point it stands at now is
// given up, with the reason. Without it a journal that does not continue its
// checkpoints does not start. It refuses when the part that remains was changed.
func AcceptRewind(ctx context.Context, db *sqldb.DB, dir, name, reason string) (Rewind, error) {
	if strings.TrimSpace(reason) == "" {
		return Rewind{}, errors.New("journal: a rewind needs a reason")
	}
	j, err := New(db, Options{Dir: dir, Name: name})
	if err != nil {
		return Rewind{}, err
	}
	k, err := signingKeys(dir, j.opts.Name)
	if err != nil {
		return Rewind{}, err
	}
	log, err := openLog(dir, k)
	if err != nil {
		return Rewind{}, fmt.Errorf("journal: %w", err)
	}
	var size int64
	if err := db.QueryRow(ctx, `SELECT size FROM journal_tree WHERE id = 1`).Scan(&size); err != nil {
		return Rewind{}, fmt.Errorf("journal: size of the log: %w", err)
	}
	if size >= log.last.size {
		return Rewind{}, errors.New("journal: nothing was set back")
	}
	if err := errors.Join(log.agreesBelow(ctx, db, size, k), log.mend()); err != nil {
		return Rewind{}, err
	}
	c := checkpoint{origin: j.opts.Name + rewindSuffix, size: log.last.size, root: log.last.root, at: j.opts.Now(), back: size, reason: reason}
	msg, err := c.sign(k.signer)
	if err != nil {
		return Rewind{}, err
	}
	if err := log.append([]string{msg}, k); err != nil {
		return Rewind{}, fmt.Errorf("journal: checkpoint file: %w", err)
	}
	return Rewind{From: c.size, To: size, At: c.at, Reason: reason}, nil
}

// agreesBelow checks the newest checkpoint of the file that is not above size.
func (l *checkpointLog) agreesBelow(ctx context.Context, r sqldb.Reader, size int64, k keys) error {
	for _, msg := range slices.Backward(l.recent) {
		c, err := openCheckpoint(msg, k.trusted)
		if err != nil {
			return err
		}
		if !c.isRewind() && c.size <= size {
			return agrees(ctx, r, c)
		}
	}
	return nil // older than what is read at start: Verify goes through all of them
}

// agrees checks that the log in the database is a continuation of c.
func agrees(ctx context.Context, r sqldb.Reader, c checkpoint) error {
	if c.origin == "" {
		return nil
	}
	var size int64
	if err := r.QueryRow(ctx, `SELECT size FROM journal_tree WHERE id = 1`).Scan(&size); err != nil {
		return fmt.Errorf("journal: size of the log: %w", err)
	}
	if size < c.size {
		return fmt.Errorf("%w: %d events were signed on %s, the database has %d", ErrRewound, c.size, c.at.Format(time.RFC3339), size)
	}
	if c.isRewind() {
		return nil
	}
	root, err := tlog.TreeHash(c.size, hashes(ctx, r))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRewound, err)
	}
	if root != c.root {
		return fmt.Errorf("%w: the first %d events are not those signed on %s", ErrRewound, c.size, c.at.Format(time.RFC3339))
	}
	return nil
}

// run seals until ctx ends, and then once more what was committed before.
func (s *sealer) run(ctx context.Context) error {
	tick := time.NewTicker(s.j.opts.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			// What is left is sealed and signed; whoever holds the lease instead does the same.
			return s.once(ctx, true)
		case <-s.j.wake:
			select {
			case <-time.After(linger):
			case <-ctx.Done():
			}
		case <-tick.C:
		}
		if err := s.once(ctx, false); err != nil && ctx.Err() == nil {
			s.j.fault.set(err)
			s.j.opts.Log.ErrorContext(ctx, "sealing the journal", "err", err)
		} else if err == nil {
			s.j.fault.set(nil)
		}
	}
}

// once seals everything committed so far and signs when it is time to. It is
// not interrupted when ctx ends: a sealing transaction cut off half way may yet
// commit, and the next one would meet it.
func (s *sealer) once(ctx context.Context, sign bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.j.holds(sealerRole) {
		s.loaded = false
		return s.follow(ctx)
	}
	for {
		n, err := s.batch(ctx)
		if errors.Is(err, errNotMine) {
			s.j.lost(sealerRole)
			s.loaded = false
			return nil
		}
		if err != nil {
			s.loaded = false // what is in memory may not be what was committed
			return err
		}
		if n < sealBatch {
			break
		}
		if s.due() {
			if err := s.sign(ctx); err != nil {
				return err
			}
		}
	}
	if sign || s.due() {
		return s.sign(ctx)
	}
	return nil
}

// load reads where the log stands.
func (s *sealer) load(ctx context.Context) error {
	var size int64
	if err := s.j.db.QueryRow(ctx, `SELECT size FROM journal_tree WHERE id = 1`).Scan(&size); err != nil {
		return fmt.Errorf("journal: size of the log: %w", err)
	}
	if s.j.log != nil {
		if err := agrees(ctx, s.j.db, s.j.log.last); err != nil {
			return err
		}
	}
	edge, err := loadFrontier(ctx, s.j.db, size)
	if err != nil {
		return err
	}
	var signed int64
	if err := s.j.db.QueryRow(ctx, `SELECT COALESCE(MAX(size), 0) FROM journal_checkpoint`).Scan(&signed); err != nil {
		return err
	}
	s.edge, s.signed, s.loaded = edge, signed, true
	s.j.size.Store(size)
	return nil
}

// batch seals up to sealBatch events and returns how many.
//
// The order is that of ids among the events visible now. Ids ascend within a
// stream and an event sees its predecessor committed, so a stream's events are
// always sealed in the order of their numbers; between streams the order is that
// of commits, give or take the length of a batch.
func (s *sealer) batch(ctx context.Context) (int, error) {
	if !s.loaded {
		if err := s.load(ctx); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	db := s.j.db
	rows, err := db.Query(ctx, `SELECT `+columns+` FROM journal_event WHERE position IS NULL ORDER BY id LIMIT $1`, sealBatch)
	events, err := sqldb.Collect[Event](rows, err)(scan)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	edge := s.edge.clone()
	first := tlog.StoredHashIndex(0, edge.size)
	var stored []tlog.Hash
	for _, e := range events {
		stored = append(stored, edge.add(tlog.RecordHash(e.Record()))...)
	}
	size := s.edge.size
	err = db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := s.mine(ctx, tx); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE journal_tree SET size = $1 WHERE id = 1 AND size = $2`, edge.size, size)
		if err != nil {
			return err
		}
		if n != 1 {
			return errNotMine
		}
		for i := 0; i < len(events); {
			some := events[i:min(len(events), i+chunk(len(events)-i))]
			if err := place(ctx, tx, some, size+int64(i)); err != nil {
				return err
			}
			i += len(some)
		}
		for i := 0; i < len(stored); {
			some := stored[i:min(len(stored), i+chunk(len(stored)-i))]
			if err := storeHashes(ctx, tx, some, first+int64(i)); err != nil {
				return err
			}
			i += len(some)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	s.edge = edge
	s.j.sealed(edge.size)
	if f := s.j.opts.Observe.Sealed; f != nil {
		f(len(events), time.Since(start))
	}
	return len(events), nil
}

// mine fails with errNotMine unless this process holds the sealer's lease.
func (s *sealer) mine(ctx context.Context, tx *sqldb.Tx) error {
	var holder string
	err := tx.QueryRow(ctx, `SELECT holder FROM journal_lease WHERE name = $1`, sealerRole).Scan(&holder)
	if errors.Is(err, sqldb.ErrNotFound) || err == nil && holder != s.j.holder {
		return errNotMine
	}
	return err
}

// chunk rounds down to one of few sizes, so that the statements repeat and the
// server's prepared ones are used again.
func chunk(n int) int {
	for _, size := range []int{256, 64, 16, 4} {
		if n >= size {
			return size
		}
	}
	return 1
}

func place(ctx context.Context, tx *sqldb.Tx, events []Event, position int64) error {
	var q strings.Builder
	q.WriteString(`UPDATE journal_event SET position = v.column2 FROM (VALUES `)
	args := make([]any, 0, 2*len(events))
	for i, e := range events {
		if i > 0 {
			q.WriteByte(',')
		}
		q.WriteString("(CAST($" + strconv.Itoa(2*i+1) + " AS TEXT), CAST($" + strconv.Itoa(2*i+2) + " AS BIGINT))")
		args = append(args, e.ID, position+int64(i))
	}
	q.WriteString(`) AS v WHERE journal_event.id = v.column1 AND journal_event.position IS NULL`)
	n, err := tx.Exec(ctx, q.String(), args...)
	if err != nil {
		return err
	}
	if n != int64(len(events)) {
		return fmt.Errorf("journal: %d of %d events could be placed", n, len(events))
	}
	return nil
}

func storeHashes(ctx context.Context, tx *sqldb.Tx, hashes []tlog.Hash, index int64) error {
	var q strings.Builder
	q.WriteString(`INSERT INTO journal_hash (idx, hash) VALUES `)
	args := make([]any, 0, 2*len(hashes))
	for i, h := range hashes {
		if i > 0 {
			q.WriteByte(',')
		}
		q.WriteString("($" + strconv.Itoa(2*i+1) + ", $" + strconv.Itoa(2*i+2) + ")")
		args = append(args, index+int64(i), h[:])
	}
	_, err := tx.Exec(ctx, q.String(), args...)
	return err
}

// due reports whether it is time to sign.
func (s *sealer) due() bool {
	return s.loaded && s.edge.size > s.signed && s.j.opts.Now().Sub(s.signedAt) >= s.j.opts.CheckpointEvery
}

// sign makes a checkpoint of everything sealed, first in the database, then in
// the file. A crash between the two is made good by follow at the next start.
func (s *sealer) sign(ctx context.Context) error {
	if s.j.log == nil || !s.loaded {
		return nil
	}
	if s.edge.size > s.signed {
		now := s.j.opts.Now()
		c := checkpoint{origin: s.j.opts.Name, size: s.edge.size, root: s.edge.root(), at: now}
		msg, err := c.sign(s.j.keys.signer)
		if err != nil {
			return fmt.Errorf("journal: signing: %w", err)
		}
		err = s.j.db.Tx(ctx, func(tx *sqldb.Tx) error {
			if err := s.mine(ctx, tx); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO journal_checkpoint (size, at, note) VALUES ($1, $2, $3)`, c.size, sqldb.Millis(now), msg)
			return err
		})
		if errors.Is(err, errNotMine) {
			s.j.lost(sealerRole)
			return nil
		}
		if err != nil {
			return fmt.Errorf("journal: keeping a checkpoint: %w", err)
		}
		s.signed, s.signedAt = c.size, now
	}
	return s.follow(ctx)
}

// follow copies to the file the checkpoints it does not have yet: those just
// signed here, and on a replica those signed by another.
func (s *sealer) follow(ctx context.Context) error {
	if s.j.log == nil {
		return nil
	}
	for {
		rows, err := s.j.db.Query(ctx, `SELECT note FROM journal_checkpoint WHERE size > $1 ORDER BY size LIMIT 1000`, s.j.log.last.size)
		msgs, err := sqldb.Strings(rows, err)
		if err != nil || len(msgs) == 0 {
			return err
		}
		if err := s.j.log.append(msgs, s.j.keys); err != nil {
			return fmt.Errorf("journal: checkpoint file: %w", err)
		}
	}
}
