package journal

import (
	"context"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"motcua/internal/platform/sqldb"
)

// frontier is the right edge of the Merkle log: the roots of its largest whole
// subtrees, left to right. It is all that is needed to append and to know the
// root, whatever the size: 64 hashes at most.
type frontier struct {
	size  int64
	roots []tlog.Hash
}

// add appends a record hash and returns the hashes to store, whose indexes run
// on from tlog.StoredHashIndex(0, size).
func (f *frontier) add(h tlog.Hash) []tlog.Hash {
	stored := []tlog.Hash{h}
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.roots) - 1
		h = tlog.NodeHash(f.roots[last], h)
		f.roots = f.roots[:last]
		stored = append(stored, h)
	}
	f.roots = append(f.roots, h)
	f.size++
	return stored
}

// root is the hash of the whole log.
func (f *frontier) root() tlog.Hash {
	if f.size == 0 {
		h, err := tlog.TreeHash(0, nil)
		if err != nil {
			panic(err) // the empty tree reads no hashes
		}
		return h
	}
	h := f.roots[len(f.roots)-1]
	for i := len(f.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.roots[i], h)
	}
	return h
}

func (f *frontier) clone() frontier {
	return frontier{size: f.size, roots: append([]tlog.Hash(nil), f.roots...)}
}

// frontierIndexes are the places of the roots of a log of that size among the stored hashes.
func frontierIndexes(size int64) []int64 {
	var all []int64
	var before int64
	for level := bits.Len64(uint64(size)) - 1; level >= 0; level-- {
		if size>>level&1 == 1 {
			all = append(all, tlog.StoredHashIndex(level, before>>level))
			before += 1 << level
		}
	}
	return all
}

// loadFrontier reads the right edge of a log of that size.
func loadFrontier(ctx context.Context, r sqldb.Reader, size int64) (frontier, error) {
	roots, err := hashes(ctx, r).ReadHashes(frontierIndexes(size))
	return frontier{size: size, roots: roots}, err
}

// hashes reads stored hashes for package tlog.
func hashes(ctx context.Context, r sqldb.Reader) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		if len(indexes) == 0 {
			return nil, nil
		}
		var q strings.Builder
		q.WriteString(`SELECT idx, hash FROM journal_hash WHERE idx IN (`)
		args := make([]any, len(indexes))
		place := map[int64][]int{}
		for i, index := range indexes {
			if i > 0 {
				q.WriteByte(',')
			}
			q.WriteString("$" + strconv.Itoa(i+1))
			args[i] = index
			place[index] = append(place[index], i)
		}
		q.WriteByte(')')
		type row struct {
			index int64
			hash  []byte
		}
		rows, err := r.Query(ctx, q.String(), args...)
		found, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (v row, err error) {
			return v, r.Scan(&v.index, &v.hash)
		})
		if err != nil {
			return nil, err
		}
		out := make([]tlog.Hash, len(indexes))
		for _, f := range found {
			if len(f.hash) != tlog.HashSize {
				return nil, fmt.Errorf("journal: hash %d has %d bytes", f.index, len(f.hash))
			}
			for _, i := range place[f.index] {
				copy(out[i][:], f.hash)
			}
			delete(place, f.index)
		}
		for index := range place {
			return nil, fmt.Errorf("journal: hash %d is missing", index)
		}
		return out, nil
	})
}

// Proof shows to anybody who holds a signed checkpoint that an event is in the log.
type Proof struct {
	Event      Event
	Hashes     tlog.RecordProof // from the record up to the root
	Checkpoint string           // a signed note; its size is that of the log proven against
}

// Prove makes the proof for the event at position against the newest
// checkpoint. It fails while no checkpoint covers the event yet.
func (j *Journal) Prove(ctx context.Context, r sqldb.Reader, position int64) (Proof, error) {
	var size int64
	var p Proof
	err := r.QueryRow(ctx, `SELECT size, note FROM journal_checkpoint WHERE size > $1 ORDER BY size DESC LIMIT 1`, position).Scan(&size, &p.Checkpoint)
	if err != nil {
		return Proof{}, fmt.Errorf("journal: a checkpoint over position %d: %w", position, err)
	}
	events, err := j.Since(ctx, r, position, 1)
	if err != nil {
		return Proof{}, err
	}
	if len(events) == 0 || events[0].Position != position {
		return Proof{}, fmt.Errorf("journal: position %d: %w", position, sqldb.ErrNotFound)
	}
	p.Event = events[0]
	p.Hashes, err = tlog.ProveRecord(size, position, hashes(ctx, r))
	return p, err
}

// Check tells whether the proof holds under one of the trusted keys.
func (p Proof) Check(trusted note.Verifiers) error {
	c, err := openCheckpoint(p.Checkpoint, trusted)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(p.Hashes, c.size, c.root, p.Event.Position, tlog.RecordHash(p.Event.Record()))
}
