package journal

import (
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// Our right edge says what package tlog says, at every size.
func TestFrontierAgreesWithTlog(t *testing.T) {
	var all []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, all[i])
		}
		return out, nil
	})
	var f frontier
	for n := range int64(300) {
		h := tlog.RecordHash([]byte{byte(n), byte(n >> 8)})
		want, err := tlog.StoredHashesForRecordHash(n, h, read)
		if err != nil {
			t.Fatal(err)
		}
		if first := tlog.StoredHashIndex(0, n); first != int64(len(all)) {
			t.Fatalf("record %d is stored at %d", n, first)
		}
		got := f.add(h)
		if !slices.Equal(got, want) {
			t.Fatalf("stored hashes of record %d", n)
		}
		all = append(all, got...)
		root, err := tlog.TreeHash(n+1, read)
		if err != nil {
			t.Fatal(err)
		}
		if f.root() != root {
			t.Fatalf("root at size %d", n+1)
		}
		edge, err := read.ReadHashes(frontierIndexes(n + 1))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(edge, f.roots) {
			t.Fatalf("edge read back at size %d", n+1)
		}
	}
}

// No two different events have one record.
func TestRecordIsInjective(t *testing.T) {
	gen := rapid.Custom(func(t *rapid.T) Event {
		s := rapid.StringMatching(`[a:,0-9]{0,4}`)
		return Event{ID: s.Draw(t, "id"), Stream: s.Draw(t, "stream"), Seq: rapid.Int64Range(0, 12).Draw(t, "seq"), Type: s.Draw(t, "type"),
			Actor: s.Draw(t, "actor"), ActorName: s.Draw(t, "name"), OnBehalf: s.Draw(t, "behalf"), Purpose: s.Draw(t, "purpose"), Data: []byte(s.Draw(t, "data"))}
	})
	same := func(a, b Event) bool {
		return a.ID == b.ID && a.Stream == b.Stream && a.Seq == b.Seq && a.Type == b.Type && a.Actor == b.Actor &&
			a.ActorName == b.ActorName && a.OnBehalf == b.OnBehalf && a.Purpose == b.Purpose && string(a.Data) == string(b.Data)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		if same(a, b) != (string(a.Record()) == string(b.Record())) {
			t.Fatalf("%q\n%q", a.Record(), b.Record())
		}
	})
}

// The encoding is a promise to verifiers that others write: it never changes.
func TestRecordIsAsDocumented(t *testing.T) {
	e := Event{ID: "01", Stream: "d:1", Seq: 7, Type: "d.a", Actor: "ac", ActorName: "Ấu", Purpose: "p", Data: []byte(`{"a":1}`)}
	const want = "14:motcua-event/1,2:01,3:d:1,1:7,3:d.a,15:-62135596800000,2:ac,4:Ấu,0:,1:p,7:{\"a\":1},"
	if got := string(e.Record()); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}
