package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func each(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	sqldbtest.Each(t, []sqldb.Line{Line()}, test)
}

// open makes a journal with an audit folder that goes with the test.
func open(t testing.TB, db *sqldb.DB, opts Options) *Journal {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	j, err := New(db, opts)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func add(t testing.TB, j *Journal, stream, typ string, data any) Event {
	t.Helper()
	body, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	var got Event
	if err := j.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		var err error
		got, err = j.Append(t.Context(), tx, Event{Stream: stream, Type: typ, Actor: "a1", ActorName: "Nguyễn Thị Nụ", OnBehalf: "p2", Purpose: "giải quyết hồ sơ", Data: body})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func catchUp(t testing.TB, j *Journal, subs ...Subscriber) {
	t.Helper()
	if err := j.CatchUp(t.Context(), subs...); err != nil {
		t.Fatal(err)
	}
}

func TestAppendNumbersStreams(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 123456789, time.UTC)
		j := open(t, db, Options{Now: func() time.Time { return now }})
		for i := range 3 {
			e := add(t, j, "dossier:1", "dossier.moved", map[string]int{"step": i})
			if e.Seq != int64(i+1) || e.Position != Unsealed || !e.At.Equal(now.Truncate(time.Millisecond)) {
				t.Fatalf("event %d: %+v", i, e)
			}
		}
		if e := add(t, j, "dossier:2", "dossier.received", nil); e.Seq != 1 {
			t.Fatalf("a new stream starts at 1, got %d", e.Seq)
		}
		got, err := j.Stream(t.Context(), db, "dossier:1", 1, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0].Seq != 2 || string(got[1].Data) != `{"step":2}` || got[0].ActorName != "Nguyễn Thị Nụ" {
			t.Fatalf("stream after 1: %+v", got)
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	db := sqldbtest.SQLite(t, Line())
	j := open(t, db, Options{})
	for name, e := range map[string]Event{
		"no stream": {Type: "x.y"},
		"no type":   {Stream: "x:1"},
		"not JSON":  {Stream: "x:1", Type: "x.y", Data: json.RawMessage(`{"a":`)},
	} {
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := j.Append(t.Context(), tx, e)
			return err
		})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The change and its event stand or fall together.
func TestAppendRollsBack(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{})
		sorry := errors.New("sorry")
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := j.Append(t.Context(), tx, Event{Stream: "d:1", Type: "d.a"}); err != nil {
				return err
			}
			return sorry
		}); !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		if e := add(t, j, "d:1", "d.b", nil); e.Seq != 1 {
			t.Fatalf("the number of a lost event is used again, got %d", e.Seq)
		}
	})
}

// Many writers on few streams: no gap, no double, and the sealed order follows
// each stream's numbers.
func TestConcurrentAppendAndSeal(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		dir := t.TempDir()
		j := open(t, db, Options{Dir: dir, Poll: 20 * time.Millisecond})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- j.Run(ctx, nil) }()
		const writers, each = 8, 40
		var wg sync.WaitGroup
		failed := make(chan error, writers)
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
						_, err := j.Append(t.Context(), tx, Event{Stream: fmt.Sprintf("s:%d", (w+i)%5), Type: "s.x"})
						return err
					}); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		wg.Wait()
		close(failed)
		for err := range failed {
			t.Error(err)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		events, err := j.Since(t.Context(), db, 0, writers*each+1)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != writers*each {
			t.Fatalf("%d of %d events sealed on stop", len(events), writers*each)
		}
		next := map[string]int64{}
		for i, e := range events {
			if e.Position != int64(i) {
				t.Fatalf("position %d at place %d", e.Position, i)
			}
			if next[e.Stream]++; e.Seq != next[e.Stream] {
				t.Fatalf("%s: number %d sealed where %d was due", e.Stream, e.Seq, next[e.Stream])
			}
		}
		clean(t, db, dir)
	})
}

// A replica whose clock is behind still appends ids that ascend in the stream.
func TestIDsAscendThoughClocksDiffer(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{})
		add(t, j, "d:1", "d.a", nil)
		ahead := "ffffffff-0000-7000-8000-0000000000ff"
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE journal_event SET id = $1`, ahead); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `UPDATE journal_stream SET last_id = $1`, ahead)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		b, c := add(t, j, "d:1", "d.b", nil), add(t, j, "d:1", "d.c", nil)
		if b.ID != "ffffffff-0000-7000-8000-000000000100" || c.ID <= b.ID {
			t.Fatalf("ids %s, %s", b.ID, c.ID)
		}
	})
}

func TestReads(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		j := open(t, db, Options{Now: func() time.Time { return now }})
		for i := range 9 {
			now = now.Add(time.Hour)
			add(t, j, "d:1", []string{"d.a", "d.b", "e.a"}[i%3], nil)
		}
		from, to := time.Date(2026, 3, 2, 10, 30, 0, 0, time.UTC), now
		var got []Event
		for after := (Event{}); ; {
			some, err := j.OfType(t.Context(), db, "d.b", from, to, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(some) == 0 {
				break
			}
			got = append(got, some...)
			after = some[len(some)-1]
		}
		hours := []int{}
		for _, e := range got {
			hours = append(hours, e.At.Hour())
		}
		if !slices.Equal(hours, []int{11, 14, 17}) {
			t.Fatalf("hours %v", hours)
		}
	})
}

func TestProve(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		j := open(t, db, Options{})
		for range 11 {
			add(t, j, "d:1", "d.a", nil)
		}
		if _, err := j.Prove(t.Context(), db, 3); !errors.Is(err, sqldb.ErrNotFound) {
			t.Fatalf("proof before sealing: %v", err)
		}
		catchUp(t, j)
		for pos := range int64(11) {
			p, err := j.Prove(t.Context(), db, pos)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(j.keys.trusted); err != nil {
				t.Errorf("position %d: %v", pos, err)
			}
			p.Event.ActorName += " "
			if p.Check(j.keys.trusted) == nil {
				t.Errorf("position %d: a changed event proves", pos)
			}
		}
	})
}
