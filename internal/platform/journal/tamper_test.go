package journal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// house is a journal after some days of life: several streams, several
// checkpoints, a graceful stop, all sealed and signed.
type house struct {
	t      *testing.T
	db     *sqldb.DB
	j      *Journal
	dir    string
	file   string // text of the checkpoint file
	events []Event
	size   int64
	signed []int64 // sizes of the checkpoints
	r      *mrand.Rand
	tx     *sqldb.Tx // of the attack under way
}

var houseTables = []string{"journal_event", "journal_stream", "journal_hash", "journal_tree", "journal_checkpoint"}

func newHouse(t *testing.T, db *sqldb.DB, seed uint64) *house {
	h := &house{t: t, db: db, dir: t.TempDir(), r: mrand.New(mrand.NewPCG(seed, 1))}
	var c clockwork
	h.j = open(t, db, Options{Dir: h.dir, Now: c.now, Log: quiet})
	for range 12 {
		for range 1 + h.r.IntN(15) {
			add(t, h.j, fmt.Sprintf("dossier:%d", h.r.IntN(9)), fmt.Sprintf("dossier.t%d", h.r.IntN(4)), map[string]any{"n": h.r.IntN(1000), "ghi chú": "đã nhận"})
			c.ms.Add(1000)
		}
		catchUp(t, h.j)
	}
	var err error
	if h.events, err = h.j.Since(t.Context(), db, 0, 100000); err != nil {
		t.Fatal(err)
	}
	h.size = int64(len(h.events))
	if h.signed, err = sqldb.Collect[int64](db.Query(t.Context(), `SELECT size FROM journal_checkpoint ORDER BY size`))(func(r *sqldb.Rows) (n int64, err error) { return n, r.Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(h.dir, checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	h.file = string(text)
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		// A superuser is not stopped by indexes.
		for _, q := range []string{`DROP INDEX journal_event_stream`, `DROP INDEX journal_event_position`} {
			if _, err := tx.Exec(t.Context(), q); err != nil {
				return err
			}
		}
		for _, table := range houseTables {
			if _, err := tx.Exec(t.Context(), `CREATE TABLE pristine_`+table+` AS SELECT * FROM `+table); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return h
}

// restore undoes an attack.
func (h *house) restore() {
	h.t.Helper()
	if err := h.db.Tx(h.t.Context(), func(tx *sqldb.Tx) error {
		for _, table := range houseTables {
			for _, q := range []string{`DELETE FROM ` + table, `INSERT INTO ` + table + ` SELECT * FROM pristine_` + table} {
				if _, err := tx.Exec(h.t.Context(), q); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
	h.setFile(h.file)
}

func (h *house) setFile(text string) {
	if err := os.WriteFile(filepath.Join(h.dir, checkpointFile), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) exec(q string, args ...any) int64 {
	h.t.Helper()
	n, err := h.tx.Exec(h.t.Context(), q, args...)
	if err != nil {
		h.t.Fatalf("%s: %v", q, err)
	}
	return n
}

func (h *house) pick() Event { return h.events[h.r.IntN(len(h.events))] }

// edit changes one column of a sealed event.
func (h *house) edit(e Event) {
	switch h.r.IntN(9) {
	case 0:
		h.exec(`UPDATE journal_event SET type = type || 'x' WHERE position = $1`, e.Position)
	case 1:
		h.exec(`UPDATE journal_event SET at = at + 1 WHERE position = $1`, e.Position)
	case 2:
		h.exec(`UPDATE journal_event SET actor = 'a2' WHERE position = $1`, e.Position)
	case 3:
		h.exec(`UPDATE journal_event SET actor_name = 'Nguyễn Thị Nu' WHERE position = $1`, e.Position)
	case 4:
		h.exec(`UPDATE journal_event SET on_behalf = '' WHERE position = $1`, e.Position)
	case 5:
		h.exec(`UPDATE journal_event SET purpose = purpose || ' ' WHERE position = $1`, e.Position)
	case 6:
		h.exec(`UPDATE journal_event SET data = data || ' ' WHERE position = $1`, e.Position)
	case 7:
		h.exec(`UPDATE journal_event SET data = '{}' WHERE position = $1`, e.Position)
	case 8:
		// A move of a boundary between two fields, their concatenation being the same.
		h.exec(`UPDATE journal_event SET actor = actor || 'N', actor_name = SUBSTR(actor_name, 2) WHERE position = $1`, e.Position)
	}
}

// reseal recomputes every stored hash from the rows as they are now, as
// somebody would who knows how the log is made.
func (h *house) reseal() frontier {
	h.t.Helper()
	events, err := h.j.Since(h.t.Context(), h.tx, 0, 100000)
	if err != nil {
		h.t.Fatal(err)
	}
	h.exec(`DELETE FROM journal_hash`)
	var f frontier
	for _, e := range events {
		first := tlog.StoredHashIndex(0, f.size)
		if err := storeHashes(h.t.Context(), h.tx, f.add(tlog.RecordHash(e.Record())), first); err != nil {
			h.t.Fatal(err)
		}
	}
	h.exec(`UPDATE journal_tree SET size = $1`, f.size)
	return f
}

// renumber makes positions and numbers of streams gap-free again, and the heads fit.
func (h *house) renumber() {
	events, err := h.j.Since(h.t.Context(), h.tx, -1000, 100000)
	if err != nil {
		h.t.Fatal(err)
	}
	seq := map[string]int64{}
	h.exec(`DELETE FROM journal_stream`)
	for i, e := range events {
		seq[e.Stream]++
		h.exec(`UPDATE journal_event SET position = $1, seq = $2 WHERE id = $3`, i, seq[e.Stream], e.ID)
		h.exec(`INSERT INTO journal_stream (stream, seq, last_id) VALUES ($1, $2, $3) ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, last_id = excluded.last_id`, e.Stream, seq[e.Stream], e.ID)
	}
}

// resign signs the rewritten log anew, at the sizes at which it was signed.
func (h *house) resign(s note.Signer) {
	rows, err := h.tx.Query(h.t.Context(), `SELECT size, at FROM journal_checkpoint ORDER BY size`)
	type row struct{ size, at int64 }
	all, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (w row, err error) { return w, r.Scan(&w.size, &w.at) })
	if err != nil {
		h.t.Fatal(err)
	}
	var size int64
	if err := h.tx.QueryRow(h.t.Context(), `SELECT size FROM journal_tree`).Scan(&size); err != nil {
		h.t.Fatal(err)
	}
	h.exec(`DELETE FROM journal_checkpoint WHERE size > $1`, size)
	for _, w := range all {
		if w.size > size {
			continue
		}
		root, err := tlog.TreeHash(w.size, hashes(h.t.Context(), h.tx))
		if err != nil {
			h.t.Fatal(err)
		}
		msg, err := checkpoint{origin: "motcua", size: w.size, root: root, at: sqldb.Time(w.at)}.sign(s)
		if err != nil {
			h.t.Fatal(err)
		}
		h.exec(`UPDATE journal_checkpoint SET note = $1 WHERE size = $2`, msg, w.size)
	}
}

func (h *house) fake(position int64) Event {
	e := h.pick()
	fake := e
	fake.ID, fake.Position = id.New(), position
	h.exec(`INSERT INTO journal_event (id, stream, seq, type, at, actor, actor_name, on_behalf, purpose, data, position) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		fake.ID, fake.Stream, 1000, fake.Type, sqldb.Millis(fake.At), fake.Actor, fake.ActorName, fake.OnBehalf, fake.Purpose, string(fake.Data), position)
	return fake
}

func stranger(t testing.TB) note.Signer {
	secret, _, err := note.GenerateKey(rand.Reader, "motcua")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// attack changes the database, or the file, and knows where the damage begins.
type attack struct {
	name string
	do   func(h *house) spot
}

// spot is what a report must name.
type spot struct {
	position int64 // the first event that is not as it was sealed
	span     bool  // every hash was made anew: no more can be known than the checkpoint after which it begins
	note     bool  // a checkpoint was attacked, or a row that has no place in the log
}

func at(position int64) spot   { return spot{position: position} }
func from(position int64) spot { return spot{position: position, span: true} }

var aside = spot{note: true}

// named reports whether a report's first problem is the place.
func (p spot) named(h *house, first *Problem) bool {
	switch {
	case p.note:
		return first.Position == NoPosition
	case p.span:
		return h.signedBefore(first.Position) == h.signedBefore(p.position)
	}
	return first.Position == p.position
}

// signedBefore is the size of the last checkpoint that does not cover the position.
func (h *house) signedBefore(position int64) (size int64) {
	for _, s := range h.signed {
		if s <= position {
			size = max(size, s)
		}
	}
	return size
}

// storedWith is the event with which a stored hash was written.
func storedWith(index int64) spot {
	level, n := tlog.SplitStoredHashIndex(index)
	return at((n+1)<<level - 1)
}

var attacks = []attack{
	{"edit an event", func(h *house) spot { e := h.pick(); h.edit(e); return at(e.Position) }},
	{"delete an event", func(h *house) spot {
		e := h.pick()
		h.exec(`DELETE FROM journal_event WHERE position = $1`, e.Position)
		return at(e.Position)
	}},
	{"delete an event and close the gap", func(h *house) spot {
		e := h.pick()
		h.exec(`DELETE FROM journal_event WHERE position = $1`, e.Position)
		h.renumber()
		return at(e.Position)
	}},
	{"swap two events", func(h *house) spot {
		a, b := h.pick(), h.pick()
		for a.Position == b.Position {
			b = h.pick()
		}
		h.exec(`UPDATE journal_event SET position = CASE WHEN position = $1 THEN CAST($2 AS BIGINT) ELSE CAST($1 AS BIGINT) END WHERE position IN ($1, $2)`, a.Position, b.Position)
		return at(min(a.Position, b.Position))
	}},
	{"swap two payloads", func(h *house) spot {
		a, b := h.pick(), h.pick()
		for string(a.Data) == string(b.Data) {
			b = h.pick()
		}
		h.exec(`UPDATE journal_event SET data = $1 WHERE position = $2`, string(b.Data), a.Position)
		h.exec(`UPDATE journal_event SET data = $1 WHERE position = $2`, string(a.Data), b.Position)
		return at(min(a.Position, b.Position))
	}},
	{"insert beside an event", func(h *house) spot { e := h.pick(); h.fake(e.Position); return at(e.Position) }},
	{"insert and push the rest along", func(h *house) spot {
		e := h.pick()
		h.exec(`UPDATE journal_event SET position = position + 1 WHERE position >= $1`, e.Position)
		h.fake(e.Position)
		h.renumber()
		return at(e.Position)
	}},
	{"insert after the end", func(h *house) spot { h.fake(h.size); return at(h.size) }},
	{"insert far after the end", func(h *house) spot { h.fake(h.size + 5); return at(h.size + 5) }},
	{"insert before the beginning", func(h *house) spot { h.fake(-3); return at(-3) }},
	{"edit and recompute the hashes", func(h *house) spot { e := h.pick(); h.edit(e); h.reseal(); return from(e.Position) }},
	{"delete and recompute the hashes", func(h *house) spot {
		e := h.pick()
		h.exec(`DELETE FROM journal_event WHERE position = $1`, e.Position)
		h.renumber()
		h.reseal()
		return from(e.Position)
	}},
	{"insert and recompute the hashes", func(h *house) spot {
		e := h.pick()
		h.exec(`UPDATE journal_event SET position = position + 1 WHERE position >= $1`, e.Position)
		h.fake(e.Position)
		h.renumber()
		h.reseal()
		return from(e.Position)
	}},
	{"edit, recompute, drop the checkpoints", func(h *house) spot {
		e := h.pick()
		h.edit(e)
		h.reseal()
		h.exec(`DELETE FROM journal_checkpoint`)
		return from(e.Position)
	}},
	{"edit, recompute, sign with the stolen key", func(h *house) spot {
		e := h.pick()
		h.edit(e)
		h.reseal()
		h.resign(h.j.keys.signer)
		return from(e.Position)
	}},
	{"edit, recompute, sign with another key", func(h *house) spot {
		e := h.pick()
		h.edit(e)
		h.reseal()
		h.resign(stranger(h.t))
		return from(e.Position)
	}},
	{"truncate the tail", func(h *house) spot {
		keep := h.r.Int64N(h.size)
		h.exec(`DELETE FROM journal_event WHERE position >= $1`, keep)
		return at(keep)
	}},
	{"truncate the tail and all traces", func(h *house) spot {
		keep := h.r.Int64N(h.size)
		h.exec(`DELETE FROM journal_event WHERE position >= $1`, keep)
		h.renumber()
		h.reseal()
		h.exec(`DELETE FROM journal_checkpoint WHERE size > $1`, keep)
		return at(keep)
	}},
	{"truncate everything", func(h *house) spot {
		for _, table := range []string{"journal_event", "journal_stream", "journal_hash", "journal_checkpoint"} {
			h.exec(`DELETE FROM ` + table)
		}
		h.exec(`UPDATE journal_tree SET size = 0`)
		return at(0)
	}},
	{"rewrite the end as another history", func(h *house) spot {
		begin, first := h.r.Int64N(h.size), int64(-1)
		for _, e := range h.events[begin:] {
			if h.r.IntN(3) == 0 || e.Position == h.size-1 {
				h.edit(e)
				if first < 0 {
					first = e.Position
				}
			}
		}
		h.reseal()
		h.resign(h.j.keys.signer)
		return from(first)
	}},
	{"change a stored hash", func(h *house) spot {
		hash := tlog.RecordHash([]byte("other"))
		index := h.r.Int64N(tlog.StoredHashCount(h.size))
		h.exec(`UPDATE journal_hash SET hash = $1 WHERE idx = $2`, hash[:], index)
		return storedWith(index)
	}},
	{"shorten a stored hash", func(h *house) spot {
		index := h.r.Int64N(tlog.StoredHashCount(h.size))
		h.exec(`UPDATE journal_hash SET hash = $1 WHERE idx = $2`, []byte("short"), index)
		return storedWith(index)
	}},
	{"delete a stored hash", func(h *house) spot {
		index := h.r.Int64N(tlog.StoredHashCount(h.size))
		h.exec(`DELETE FROM journal_hash WHERE idx = $1`, index)
		return storedWith(index)
	}},
	{"add a stored hash", func(h *house) spot {
		hash := tlog.RecordHash([]byte("other"))
		h.exec(`INSERT INTO journal_hash (idx, hash) VALUES ($1, $2)`, tlog.StoredHashCount(h.size)+h.r.Int64N(3), hash[:])
		return aside
	}},
	{"change the size", func(h *house) spot {
		by := []int64{-3, -1, 1, 2}[h.r.IntN(4)]
		h.exec(`UPDATE journal_tree SET size = size + $1`, by)
		return at(h.size + min(by, 0))
	}},
	{"delete the size", func(h *house) spot { h.exec(`DELETE FROM journal_tree`); return at(0) }},
	{"unseal an event", func(h *house) spot {
		e := h.pick()
		h.exec(`UPDATE journal_event SET position = NULL WHERE position = $1`, e.Position)
		return at(e.Position)
	}},
	{"move an event to another stream", func(h *house) spot {
		e := h.pick()
		h.exec(`UPDATE journal_event SET stream = 'dossier:other', seq = 1 WHERE position = $1`, e.Position)
		h.exec(`INSERT INTO journal_stream (stream, seq, last_id) VALUES ('dossier:other', 1, $1)`, e.ID)
		return at(e.Position)
	}},
	{"delete a whole stream", func(h *house) spot {
		s := h.pick().Stream
		first := slices.IndexFunc(h.events, func(e Event) bool { return e.Stream == s })
		h.exec(`DELETE FROM journal_event WHERE stream = $1`, s)
		h.exec(`DELETE FROM journal_stream WHERE stream = $1`, s)
		return at(int64(first))
	}},
	{"set a stream's head back", func(h *house) spot {
		e := h.pick()
		for _, later := range h.events[e.Position:] {
			if later.Stream == e.Stream {
				e = later
			}
		}
		h.exec(`UPDATE journal_stream SET seq = seq - 1 WHERE stream = $1`, e.Stream)
		return at(e.Position)
	}},
	{"slip in an unsealed event", func(h *house) spot {
		e := h.fake(h.size)
		h.exec(`UPDATE journal_event SET position = NULL WHERE id = $1`, e.ID)
		return aside
	}},
	{"forge a checkpoint row", func(h *house) spot {
		msg, err := checkpoint{origin: "motcua", size: h.size, root: tlog.RecordHash([]byte("x")), at: time.Now()}.sign(stranger(h.t))
		if err != nil {
			h.t.Fatal(err)
		}
		h.exec(`UPDATE journal_checkpoint SET note = $1 WHERE size = $2`, msg, h.size)
		return aside
	}},
	{"add a checkpoint from the future", func(h *house) spot {
		msg, err := checkpoint{origin: "motcua", size: h.size + 9, root: tlog.RecordHash([]byte("x")), at: time.Now()}.sign(stranger(h.t))
		if err != nil {
			h.t.Fatal(err)
		}
		h.exec(`INSERT INTO journal_checkpoint (size, at, note) VALUES ($1, 1, $2)`, h.size+9, msg)
		return aside
	}},
	{"edit a checkpoint row", func(h *house) spot {
		col := []string{`note = REPLACE(note, 'time 2', 'time 1')`, `size = size + 100000`, `at = at + 1`, `note = note || ' '`, `note = ''`}[h.r.IntN(5)]
		h.exec(`UPDATE journal_checkpoint SET ` + col + ` WHERE size = (SELECT MIN(size) FROM journal_checkpoint)`)
		return aside
	}},
	{"delete a checkpoint row", func(h *house) spot {
		h.exec(`DELETE FROM journal_checkpoint WHERE size = (SELECT MAX(size) FROM journal_checkpoint)`)
		return aside
	}},
	{"edit the file", func(h *house) spot {
		b := []byte(h.file)
		i := h.r.IntN(len(b))
		for b[i] == '\n' {
			i = h.r.IntN(len(b))
		}
		b[i] ^= 1
		h.setFile(string(b))
		return aside
	}},
	{"forge a note in the file", func(h *house) spot {
		msg, err := checkpoint{origin: "motcua", size: h.size, root: tlog.RecordHash([]byte("x")), at: time.Now()}.sign(stranger(h.t))
		if err != nil {
			h.t.Fatal(err)
		}
		h.setFile(h.file + msg + "\n")
		return aside
	}},
	{"forge a rewind in the file", func(h *house) spot {
		keep := h.r.Int64N(h.size)
		h.exec(`DELETE FROM journal_event WHERE position >= $1`, keep)
		h.renumber()
		h.reseal()
		h.exec(`DELETE FROM journal_checkpoint WHERE size > $1`, keep)
		msg, err := checkpoint{origin: "motcua/rewind", size: h.size, at: time.Now(), back: keep, reason: "restore"}.sign(stranger(h.t))
		if err != nil {
			h.t.Fatal(err)
		}
		h.setFile(h.file + msg + "\n")
		return at(keep)
	}},
	{"delete the file", func(h *house) spot {
		if err := os.Remove(filepath.Join(h.dir, checkpointFile)); err != nil {
			h.t.Fatal(err)
		}
		return aside
	}},
}

// Attacks with the rights of a database superuser, every kind many times: all are
// found, and the first bad place is named.
func TestEveryTamperingIsFound(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		h := newHouse(t, db, uint64(drilled("SEED", 20260302)))
		clean(t, db, h.dir)
		runs := drilled("RUNS", 200)
		if testing.Short() {
			runs = len(attacks)
		}
		found, named, kinds := 0, map[string]int{}, map[string]int{}
		for i := range runs {
			a := attacks[i%len(attacks)]
			var want spot
			if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				h.tx = tx
				want = a.do(h)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			r := h.verify()
			switch first := r.First(); {
			case first == nil:
				t.Errorf("attack %d, %s: not found", i, a.name)
			case !want.named(h, first):
				t.Errorf("attack %d, %s: the report names position %d, it is %+v: %+v", i, a.name, first.Position, want, r.Problems)
			default:
				kinds[a.name]++
				found++
				switch {
				case want.note:
					named["note"]++
				case want.span:
					named["span"]++
				default:
					named["exact"]++
				}
			}
			h.restore()
		}
		clean(t, db, h.dir)
		t.Logf("FIGURES tampered=%d found=%d kinds=%d exact-position=%d checkpoint-span=%d note=%d", runs, found, len(kinds), named["exact"], named["span"], named["note"])
	})
}

// drilled is a number that the drills set; without them it is usual.
func drilled(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv("MOTCUA_DRILL_" + name)); err == nil {
		return n
	}
	return usual
}

// verify is how somebody looks who keeps the checkpoints outside the database. A
// drill that is broken on purpose looks without them.
func (h *house) verify() Report {
	if os.Getenv("MOTCUA_DRILL_BREAK") == "blind" {
		return verify(h.t, h.db, "")
	}
	return verify(h.t, h.db, h.dir)
}

// Deleting what is not sealed yet cannot be proven by the log; the numbers of
// the stream and its head still tell.
func TestTamperingWithTheUnsealedTail(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		dir := t.TempDir()
		j := open(t, db, Options{Dir: dir, Log: quiet})
		for range 5 {
			add(t, j, "d:1", "d.a", nil)
		}
		catchUp(t, j)
		for range 4 {
			add(t, j, "d:1", "d.b", nil)
		}
		if r := verify(t, db, dir); !r.OK() || r.Unsealed != 4 || r.Sealed != 5 || r.Unsigned != 0 {
			t.Fatalf("%+v", r)
		}
		for _, q := range []string{
			`DELETE FROM journal_event WHERE seq = 7`, `DELETE FROM journal_event WHERE seq = 9`, `DELETE FROM journal_event WHERE seq = 6`,
			`UPDATE journal_event SET seq = 17 WHERE seq = 7`, `UPDATE journal_event SET stream = 'd:2' WHERE seq = 9`,
		} {
			saved, err := j.Stream(t.Context(), db, "d:1", 5, 10)
			if err != nil {
				t.Fatal(err)
			}
			sqlExec(t, db, q)
			if r := verify(t, db, dir); r.OK() {
				t.Errorf("%s: not found", q)
			}
			sqlExec(t, db, `DELETE FROM journal_event WHERE position IS NULL`)
			for _, e := range saved {
				sqlExec(t, db, `INSERT INTO journal_event (id, stream, seq, type, at, actor, actor_name, on_behalf, purpose, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
					e.ID, e.Stream, e.Seq, e.Type, sqldb.Millis(e.At), e.Actor, e.ActorName, e.OnBehalf, e.Purpose, string(e.Data))
			}
			if r := verify(t, db, dir); !r.OK() {
				t.Fatalf("not undone: %+v", r)
			}
		}
	})
}

func sqlExec(t testing.TB, db *sqldb.DB, q string, args ...any) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), q, args...)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// Honest lives, with writers at work, stops, crashes between any two steps and
// restarts: never an alarm.
func TestNoFalseAlarm(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		dir := t.TempDir()
		r := mrand.New(mrand.NewPCG(uint64(drilled("SEED", 7)), 7))
		runs, looked := drilled("LIVES", 50), 0
		if testing.Short() {
			runs = 10
		}
		for i := range runs {
			if i%100 == 99 { // a new house, or looking takes ever longer
				dir = t.TempDir()
				for _, table := range houseTables {
					sqlExec(t, db, `DELETE FROM `+table)
				}
				sqlExec(t, db, `INSERT INTO journal_tree (id, size) VALUES (1, 0)`)
			}
			j := open(t, db, Options{Dir: dir, Poll: time.Millisecond, CheckpointEvery: time.Duration(r.IntN(20)) * time.Millisecond, Log: quiet})
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- j.Run(ctx, nil) }()
			var writers sync.WaitGroup
			for w := range 3 {
				writers.Go(func() {
					for n := range 6 {
						body, _ := json.Marshal(n) // an int
						if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
							_, err := j.Append(t.Context(), tx, Event{Stream: fmt.Sprintf("d:%d", (w+n)%4), Type: "d.a", Data: body})
							return err
						}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for range r.IntN(3) {
				looked++
				if rep := verify(t, db, dir); !rep.OK() {
					t.Fatalf("run %d, at work: %+v", i, rep)
				}
			}
			crash := r.IntN(3) == 0
			if !crash {
				writers.Wait()
			}
			stop()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			writers.Wait()
			if crash {
				// What a crash leaves: a note in the database that the file lacks, or half of it in the file.
				text, err := os.ReadFile(filepath.Join(dir, checkpointFile))
				if err != nil {
					t.Fatal(err)
				}
				notes := strings.SplitAfter(string(text), "=\n\n")
				last := len(notes) - 2
				if last > 0 {
					cut := notes[last][:r.IntN(len(notes[last]))]
					if err := os.WriteFile(filepath.Join(dir, checkpointFile), []byte(strings.Join(notes[:last], "")+cut), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			looked++
			rep := verify(t, db, dir)
			if !rep.OK() || !crash && (rep.Unsealed != 0 || rep.Unsigned != 0) {
				t.Fatalf("run %d (crash %v): %+v", i, crash, rep)
			}
		}
		t.Logf("FIGURES clean-runs=%d verified=%d false-alarms=0", runs, looked)
	})
}
