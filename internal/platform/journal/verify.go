package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"motcua/internal/platform/sqldb"
)

// VerifyOptions say what to hold the database against.
type VerifyOptions struct {
	// Dir is the audit folder. "" checks the database against itself only, which
	// catches no one who rewrote all of it.
	Dir string
	// Witnesses are copies of checkpoint files kept elsewhere.
	Witnesses []string
	// Progress, when set, is told now and then how many events were checked.
	Progress func(done, total int64)
}

// Report is what Verify found.
type Report struct {
	Events      int64 // rows of the journal
	Sealed      int64 // of them in the log
	Unsealed    int64 // of them committed but not sealed yet; zero after a graceful stop
	Unsigned    int64 // sealed but not under any checkpoint yet; zero after a graceful stop
	Streams     int64
	Checkpoints int64 // in the database
	Files       int64 // notes in the checkpoint file and the witnesses
	Root        string
	Problems    []Problem // at most one of each kind and place, worst first
	Rewinds     []Rewind  // restores from backup that an operator accepted
	Took        time.Duration
}

// OK reports whether nothing was found wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// First is the problem with the lowest position, nil when there is none. What
// the log itself says comes before what the numbers of the streams say: when an
// event is gone, its stream ends at an earlier one, which is sound.
func (r Report) First() *Problem {
	var first *Problem
	for i := range r.Problems {
		p := &r.Problems[i]
		if first == nil || first.stream && !p.stream && p.Position != NoPosition || first.stream == p.stream && p.Position < first.Position {
			first = p
		}
	}
	return first
}

// Problem is one thing that is not as it was sealed.
type Problem struct {
	// Code is the locale key "audit.problem.<Code>"; Args are its values.
	Code string
	Args map[string]any
	// Position is the first position concerned, or NoPosition.
	Position int64
	// Count is how many places have the same problem.
	Count int64

	stream bool // found by way of the streams, not of the log
}

// NoPosition marks a problem that is not about one place of the log. It sorts last.
const NoPosition int64 = math.MaxInt64

// Rewind is a restore from backup accepted by an operator: the log went from
// From back to To. What was signed between is given up, on record.
type Rewind struct {
	From, To int64
	At       time.Time
	Reason   string
}

// verifier works through one snapshot with memory that does not grow with the journal.
type verifier struct {
	ctx    context.Context
	r      sqldb.Reader
	opts   VerifyOptions
	keys   note.Verifiers
	report Report
	edge   frontier
	marks  []*marks // the checkpoints of the database and of each file, in order
	late   []checkpoint
	found  map[string]int // code → index in Problems
	stream bool           // walking the streams
	signed int64          // size of the largest checkpoint that agrees
	agreed int64          // up to here some checkpoint agrees
}

// Verify recomputes the whole log from the rows and compares it with the stored
// hashes, every checkpoint in the database and every one in the files. It finds
// any edit, deletion, insertion, reordering, truncation or rewriting of what is
// under a checkpoint kept outside the database. It may run while the house is
// at work.
//
// An error means that it could not look; what it found is in the report.
func Verify(ctx context.Context, db *sqldb.DB, opts VerifyOptions) (Report, error) {
	start := time.Now()
	v := &verifier{ctx: ctx, opts: opts, found: map[string]int{}}
	// The files are opened before the snapshot: what they say by now, the snapshot must have.
	defer func() {
		for _, m := range v.marks {
			m.close()
		}
	}()
	if err := v.openFiles(); err != nil {
		return Report{}, err
	}
	err := db.Snapshot(ctx, func(r sqldb.Reader) error {
		v.r = r
		for _, step := range []func() error{v.log, v.tail, v.checkpoints, v.streams} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	v.report.Took = time.Since(start)
	if err != nil {
		return Report{}, fmt.Errorf("verifying the journal: %w", err)
	}
	return v.report, nil
}

// problem notes one finding; the first of a kind tells the place.
func (v *verifier) problem(code string, position int64, kv ...any) {
	if i, ok := v.found[code]; ok {
		v.report.Problems[i].Count++
		return
	}
	args := map[string]any{"position": position}
	for i := 0; i+1 < len(kv); i += 2 {
		args[fmt.Sprint(kv[i])] = kv[i+1]
	}
	v.found[code] = len(v.report.Problems)
	v.report.Problems = append(v.report.Problems, Problem{Code: code, Args: args, Position: position, Count: 1, stream: v.stream})
}

const verifyPage = 1000

// log walks the sealed events in order.
func (v *verifier) log() error {
	var size int64
	if err := v.r.QueryRow(v.ctx, `SELECT size FROM journal_tree WHERE id = 1`).Scan(&size); err != nil && !errors.Is(err, sqldb.ErrNotFound) {
		return err
	} else if err != nil {
		v.problem("size-missing", NoPosition)
	}
	v.databaseMarks()
	stored := &hashPages{v: v}
	if err := v.reach(); err != nil { // checkpoints of the empty log
		return err
	}
	lastPosition, lastID := int64(math.MinInt64), ""
	for {
		rows, err := v.r.Query(v.ctx, `SELECT `+columns+` FROM journal_event WHERE position IS NOT NULL AND (position > $1 OR position = $1 AND id > $2)
			ORDER BY position, id LIMIT $3`, lastPosition, lastID, verifyPage)
		events, err := sqldb.Collect[Event](rows, err)(scan)
		if err != nil {
			return err
		}
		for _, e := range events {
			lastPosition, lastID = e.Position, e.ID
			v.report.Sealed++
			if e.Position < v.edge.size {
				v.problem("double", e.Position, "id", e.ID)
				continue
			}
			for v.edge.size < e.Position {
				if v.edge.size >= size {
					break // beyond the end of the log nothing is due
				}
				v.problem("missing", v.edge.size)
				if err := v.grow(stored, nil); err != nil {
					return err
				}
			}
			if e.Position >= size {
				v.problem("beyond", e.Position, "size", size)
				continue
			}
			if err := v.grow(stored, &e); err != nil {
				return err
			}
		}
		if v.opts.Progress != nil {
			v.opts.Progress(v.edge.size, size)
		}
		if len(events) < verifyPage {
			break
		}
	}
	for v.edge.size < size {
		v.problem("missing", v.edge.size)
		if err := v.grow(stored, nil); err != nil {
			return err
		}
	}
	v.report.Root = v.edge.root().String()
	return stored.rest()
}

// grow adds an event to the recomputed log, or, for an event that is gone, the
// hash that was stored for it.
func (v *verifier) grow(stored *hashPages, e *Event) error {
	position := v.edge.size
	leaf, err := stored.next(tlog.StoredHashIndex(0, position))
	if err != nil {
		return err
	}
	var h tlog.Hash
	switch {
	case e != nil:
		h = tlog.RecordHash(e.Record())
		if leaf == nil {
			v.problem("hash-missing", position)
		} else if !bytes.Equal(leaf, h[:]) {
			v.problem("changed", position, "id", e.ID, "stream", e.Stream, "type", e.Type)
		}
	default:
		copy(h[:], leaf)
	}
	nodes := v.edge.add(h)
	for i, want := range nodes[1:] {
		got, err := stored.next(tlog.StoredHashIndex(0, position) + int64(i) + 1)
		if err != nil {
			return err
		}
		// Above a changed event every node differs; that is said already.
		if got == nil {
			v.problem("hash-missing", position)
		} else if !bytes.Equal(got, want[:]) && !v.has("changed") && !v.has("missing") {
			v.problem("node", position)
		}
	}
	return v.reach()
}

func (v *verifier) has(code string) bool {
	_, ok := v.found[code]
	return ok
}

// tail counts what is not sealed yet.
func (v *verifier) tail() error {
	if err := v.r.QueryRow(v.ctx, `SELECT COUNT(*) FROM journal_event WHERE position IS NULL`).Scan(&v.report.Unsealed); err != nil {
		return err
	}
	v.report.Events = v.report.Sealed + v.report.Unsealed
	v.report.Unsigned = max(0, v.edge.size-v.signed)
	return nil
}

// checkpoints reports what is signed beyond the end of the log, and compares
// those that came out of order.
func (v *verifier) checkpoints() error {
	for _, m := range v.marks {
		for {
			c, ok, err := m.peek()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			m.pop()
			v.count(m)
			v.problem("truncated", v.edge.size, "size", c.size, "at", c.at, "source", m.name)
		}
		v.report.Rewinds = append(v.report.Rewinds, m.rewinds...)
	}
	// The very first note may not have reached the file yet.
	if v.opts.Dir != "" && v.report.Checkpoints > 1 && v.marks[1].closer == nil {
		v.problem("file-gone", NoPosition, "source", v.marks[1].name)
	}
	for _, c := range v.late {
		root, err := tlog.TreeHash(c.size, hashes(v.ctx, v.r))
		if err != nil || root != c.root {
			v.problem("root", 0, "size", c.size, "at", c.at)
		}
	}
	return nil
}

// hashPages steps through the stored hashes in order.
type hashPages struct {
	v    *verifier
	rows []storedHash
	last int64 // index read last, -1 before the first
	init bool
	done bool
}

type storedHash struct {
	index int64
	hash  []byte
}

func (p *hashPages) fill() error {
	if len(p.rows) > 0 || p.done {
		return nil
	}
	if !p.init {
		p.last, p.init = math.MinInt64, true
	}
	rows, err := p.v.r.Query(p.v.ctx, `SELECT idx, hash FROM journal_hash WHERE idx > $1 ORDER BY idx LIMIT $2`, p.last, 2*verifyPage)
	p.rows, err = sqldb.Collect[storedHash](rows, err)(func(r *sqldb.Rows) (h storedHash, err error) {
		return h, r.Scan(&h.index, &h.hash)
	})
	if err != nil {
		return err
	}
	if len(p.rows) == 0 {
		p.done = true
		return nil
	}
	p.last = p.rows[len(p.rows)-1].index
	return nil
}

// next returns the hash at index, nil when it is missing. Indexes are asked for in order.
func (p *hashPages) next(index int64) ([]byte, error) {
	for {
		if err := p.fill(); err != nil {
			return nil, err
		}
		if len(p.rows) == 0 || p.rows[0].index > index {
			return nil, nil
		}
		h := p.rows[0]
		p.rows = p.rows[1:]
		if h.index == index {
			return h.hash, nil
		}
		p.v.problem("hash-extra", NoPosition, "index", h.index)
	}
}

// rest reports hashes after the end of the log.
func (p *hashPages) rest() error {
	for {
		if err := p.fill(); err != nil {
			return err
		}
		if len(p.rows) == 0 {
			return nil
		}
		for _, h := range p.rows {
			p.v.problem("hash-extra", NoPosition, "index", h.index)
		}
		p.rows = nil
	}
}

// streams walks all events by stream: numbers without gaps, ids and positions
// ascending, and the head of the stream where the last event is.
func (v *verifier) streams() error {
	type row struct {
		stream, id    string
		seq, position int64
		headSeq       int64
		headID        string
	}
	v.stream = true
	var last row
	end := func() {
		if last.stream != "" && (last.headSeq != last.seq || last.headID != last.id) {
			v.problem("head", placeOf(last.position), "stream", last.stream, "seq", last.seq)
		}
	}
	for {
		rows, err := v.r.Query(v.ctx, `SELECT e.stream, e.seq, e.id, COALESCE(e.position, -1), COALESCE(s.seq, 0), COALESCE(s.last_id, '')
			FROM journal_event e LEFT JOIN journal_stream s ON s.stream = e.stream
			WHERE (e.stream, e.seq, e.id) > ($1, $2, $3) ORDER BY e.stream, e.seq, e.id LIMIT $4`, last.stream, last.seq, last.id, verifyPage)
		some, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (e row, err error) {
			return e, r.Scan(&e.stream, &e.seq, &e.id, &e.position, &e.headSeq, &e.headID)
		})
		if err != nil {
			return err
		}
		for _, e := range some {
			if e.stream != last.stream {
				end()
				v.report.Streams++
				last = row{stream: e.stream}
			}
			switch {
			case e.seq != last.seq+1:
				v.problem("sequence", placeOf(e.position), "stream", e.stream, "seq", e.seq, "want", last.seq+1)
			case last.seq > 0 && (e.id <= last.id || e.position != Unsealed && e.position <= last.position || e.position != Unsealed && last.position == Unsealed):
				v.problem("order", placeOf(e.position), "stream", e.stream, "seq", e.seq)
			}
			last = e
		}
		if len(some) < verifyPage {
			break
		}
	}
	end()
	var orphan string
	err := v.r.QueryRow(v.ctx, `SELECT s.stream FROM journal_stream s WHERE NOT EXISTS (SELECT 1 FROM journal_event e WHERE e.stream = s.stream) LIMIT 1`).Scan(&orphan)
	if err == nil {
		v.problem("stream-gone", NoPosition, "stream", orphan)
	} else if !errors.Is(err, sqldb.ErrNotFound) {
		return err
	}
	return nil
}

func placeOf(position int64) int64 {
	if position == Unsealed {
		return NoPosition
	}
	return position
}
