package place

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func each(t *testing.T, test func(t *testing.T, s *Service, db *sqldb.DB)) {
	sqldbtest.Each(t, []sqldb.Line{Line()}, func(t *testing.T, db *sqldb.DB) {
		s := New(db, func() time.Time { return today.At(9, 0) })
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, s, db)
	})
}

func index(t testing.TB, s *Service) *Index {
	t.Helper()
	x, err := s.Index(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func apply(s *Service, db *sqldb.DB, d Decree) error {
	return db.Tx(context.Background(), func(tx *sqldb.Tx) error { return s.Apply(context.Background(), tx, d) })
}

func undoDecree(s *Service, db *sqldb.DB, id string) error {
	return db.Tx(context.Background(), func(tx *sqldb.Tx) error { return s.Undo(context.Background(), tx, id) })
}

// merger joins two communes of Hà Tĩnh and splits a third on 1 January 2027.
func merger() Decree {
	return Decree{
		ID: "d1", Day: civil.MustDate("2027-01-01"), Legal: "Nghị quyết 1/NQ",
		Close: []string{"18184", "18073", "18100"},
		Open: []Unit{
			{Code: "18184", Kind: KindWard, Name: "Sơn Giang", Parent: "42"},
			{Code: "18100", Kind: KindCommune, Name: "Trần Phú Mới", Parent: "42"},
		},
		Links: []Link{
			{Old: "18184", New: "18184", Share: Full}, {Old: "18073", New: "18184", Share: Partial, Residents: true},
			{Old: "18073", New: "18100", Share: Partial}, {Old: "18100", New: "18100", Share: Full},
		},
	}
}

// What was loaded is what was written, loading again does nothing, and what is read
// from the tables equals what is embedded.
func TestLoad(t *testing.T) {
	each(t, func(t *testing.T, s *Service, db *sqldb.DB) {
		seed := theSeed()
		stored, err := readIndex(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if stored.Len() != len(seed.Units) || len(stored.links) != len(seed.Successions) {
			t.Errorf("%d units and %d successions stored of %d and %d", stored.Len(), len(stored.links), len(seed.Units), len(seed.Successions))
		}
		for _, u := range seed.Units {
			if got, _ := stored.Unit(u.Key()); got != u {
				t.Fatalf("stored %+v, want %+v", got, u)
			}
		}
		if index(t, s) != National() {
			t.Error("without a decree the house builds an index of its own")
		}
		if done, err := s.Load(t.Context(), seed); err != nil || done.Added+done.Changed+done.Withdrawn != 0 {
			t.Errorf("loading again: %+v, %v", done, err)
		}

		// A list that renames one unit, withdraws one and adds one.
		next := &Seed{Version: "next", Units: slices.Clone(seed.Units), Successions: slices.Clone(seed.Successions)}
		at := slices.IndexFunc(next.Units, func(u Unit) bool { return u.Code == "00004" && u.ValidFrom == reform })
		next.Units[at].Name = "Ba Đình Mới"
		gone := slices.IndexFunc(next.Units, func(u Unit) bool { return u.Code == "32248" && u.ValidFrom == reform })
		key := next.Units[gone].Key()
		next.Units[gone] = Unit{Code: "99999", Level: Commune, Kind: KindCommune, Name: "Thêm", Parent: "01", ValidFrom: reform}
		next.Successions = slices.DeleteFunc(next.Successions, func(l Succession) bool { return l.New == key || l.Old == key })
		lost := len(seed.Successions) - len(next.Successions)
		done, err := s.Load(t.Context(), next)
		if err != nil || done.Changed != 1 || done.Added != 1 || done.Withdrawn != 1+lost {
			t.Errorf("the next list: %+v, %v", done, err)
		}
		x := index(t, s)
		if u, _ := x.At("00004", today); u.Name != "Ba Đình Mới" {
			t.Errorf("00004 is %s", u.FullName())
		}
		if _, ok := x.At("32248", today); ok {
			t.Error("a withdrawn unit stands")
		}
	})
}

// Two processes that start on one fresh database load the list once.
func TestTwoStartAtOnce(t *testing.T) {
	sqldbtest.Each(t, []sqldb.Line{Line()}, func(t *testing.T, db *sqldb.DB) {
		var wg sync.WaitGroup
		failed := make([]error, 2)
		for i := range failed {
			wg.Go(func() { failed[i] = New(db, nil).Start(t.Context()) })
		}
		wg.Wait()
		if err := errors.Join(failed...); err != nil {
			t.Fatal(err)
		}
		if x, err := readIndex(t.Context(), db); err != nil || x.Len() != len(theSeed().Units) {
			t.Errorf("%v, %v", x.Len(), err)
		}
	})
}

func TestDecree(t *testing.T) {
	each(t, func(t *testing.T, s *Service, db *sqldb.DB) {
		other := New(db, func() time.Time { return today.At(9, 0) }) // another process
		index(t, other)
		d := merger()
		then := d.Day
		old, _ := index(t, s).At("18073", today)
		if err := apply(s, db, d); err != nil {
			t.Fatal(err)
		}
		x := index(t, s)
		if err := sound(x); err != nil {
			t.Error(err)
		}
		// Until the day nothing changes.
		if heirs := x.Today(old, today); len(heirs) != 1 || heirs[0].Unit.Code != "18073" {
			t.Errorf("before the day: %v", heirs)
		}
		if x.Count(Commune, today) != 3321 || x.Count(Commune, then) != 3320 {
			t.Errorf("communes: %d before, %d after", x.Count(Commune, today), x.Count(Commune, then))
		}
		// From the day on the old one is divided, those with the people first; addresses follow.
		a := x.Resolve(old.FullName()+", Hà Tĩnh", Options{Today: then})
		if a.Status != Ambiguous || a.Reason != Split || a.Choices[0].Now.FullName() != "Phường Sơn Giang" || !a.Choices[0].Residents {
			t.Errorf("after the day: %s %+v", a.Status, a.Choices)
		}
		if u, _ := x.At("18184", then); u.FullName() != "Phường Sơn Giang" || u.Legal != d.Legal || u.Origin != "d1" {
			t.Errorf("18184 then: %+v", u)
		}
		if u, _ := x.At("18184", today); u.FullName() != "Xã Sơn Giang" || u.EndLegal != d.Legal {
			t.Errorf("18184 now: %+v", u)
		}
		// What lay in the old three-level unit follows both reforms.
		oldest, _ := x.At("18352", eve) // Thị trấn Xuân An
		if len(x.Today(oldest, then)) == 0 {
			t.Error("an old commune leads nowhere")
		}
		if err := apply(s, db, d); err != nil || s.mustGeneration(t) != 3 {
			t.Errorf("applied again: %v, generation %d", err, s.mustGeneration(t))
		}
		// Another process sees it within a second.
		other.held.Store(&held{index: other.held.Load().index, generation: other.held.Load().generation})
		if u, _ := index(t, other).At("18184", then); u.FullName() != "Phường Sơn Giang" {
			t.Errorf("the other process knows %s", u.FullName())
		}
		// A new national list leaves the decree alone.
		next := &Seed{Version: "next", Units: slices.Clone(theSeed().Units), Successions: theSeed().Successions}
		if _, err := s.Load(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if u, _ := index(t, s).At("18184", then); u.Origin != "d1" {
			t.Errorf("a new list removed the decree: %+v", u)
		}
		// A decree that builds on it keeps it from being undone.
		second := Decree{ID: "d2", Day: civil.MustDate("2027-06-01"), Legal: "Nghị quyết 2/NQ", Close: []string{"18184"},
			Open: []Unit{{Code: "18184", Kind: KindWard, Name: "Sơn Giang Mới", Parent: "42"}}, Links: []Link{{Old: "18184", New: "18184", Share: Full}}}
		if err := apply(s, db, second); err != nil {
			t.Fatal(err)
		}
		if err := undoDecree(s, db, "d1"); !errs.HasCode(err, "place.decree-built-upon") {
			t.Errorf("undo under another: %v", err)
		}
		if err := errors.Join(undoDecree(s, db, "d2"), undoDecree(s, db, "d1"), undoDecree(s, db, "d1")); err != nil {
			t.Fatal(err)
		}
		for _, u := range theSeed().Units {
			if got, _ := index(t, s).Unit(u.Key()); got != u {
				t.Fatalf("after the undoing %+v, want %+v", got, u)
			}
		}
		// In force it stays.
		d.Day = today
		if err := apply(s, db, d); err != nil {
			t.Fatal(err)
		}
		if err := undoDecree(s, db, "d1"); !errs.HasCode(err, "place.decree-in-force") {
			t.Errorf("undo in force: %v", err)
		}
	})
}

func (s *Service) mustGeneration(t testing.TB) int64 {
	t.Helper()
	g, err := s.Generation(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A transaction that fails leaves neither rows nor memory behind.
func TestDecreeRolledBack(t *testing.T) {
	each(t, func(t *testing.T, s *Service, db *sqldb.DB) {
		stop := errors.New("stop")
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			if err := s.Apply(t.Context(), tx, merger()); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if index(t, s) != National() {
			t.Error("memory changed")
		}
		if x, err := readIndex(t.Context(), db); err != nil || x.Len() != len(theSeed().Units) {
			t.Error("rows stayed", err)
		}
	})
}

func TestDecreeFaults(t *testing.T) {
	x := National()
	for want, change := range map[string]func(*Decree){
		"day:place.day":              func(d *Decree) { d.Day = civil.Date{} },
		"legal:place.legal":          func(d *Decree) { d.Legal = "" },
		"close.3:place.twice":        func(d *Decree) { d.Close = append(d.Close, "18184") },
		"close.3:place.not-standing": func(d *Decree) { d.Close = append(d.Close, "00001") },
		"close.3:place.no-successor": func(d *Decree) { d.Close = append(d.Close, "00004") },
		"open.0.code:place.code":     func(d *Decree) { d.Open[0].Code = "1818" },
		"open.2.code:place.code-taken": func(d *Decree) {
			d.Open = append(d.Open, Unit{Code: "00004", Kind: KindWard, Name: "Ba Đình", Parent: "01"})
		},
		"open.0.kind:place.kind":          func(d *Decree) { d.Open[0].Kind = KindTown },
		"open.0.name:place.name":          func(d *Decree) { d.Open[0].Name = "" },
		"open.0.parent:place.parent":      func(d *Decree) { d.Open[0].Parent = "18100" },
		"open.0.parent:place.parent-gone": func(d *Decree) { d.Open[0].Parent = "02" },
		"links.0:place.share":             func(d *Decree) { d.Links[0].Share = "" },
		"links.4:place.whole-but-stands":  func(d *Decree) { d.Links = append(d.Links, Link{Old: "00004", New: "18184", Share: Full}) },
		"close.0:place.whole-and-parts":   func(d *Decree) { d.Links = append(d.Links, Link{Old: "18184", New: "18100", Share: Partial}) },
		"close.3:place.orphan": func(d *Decree) {
			d.Close = append(d.Close, "01")
			d.Links = append(d.Links, Link{Old: "01", New: "04", Share: Full})
		},
		"links.4:place.not-standing": func(d *Decree) { d.Links = append(d.Links, Link{Old: "18184", New: "00001", Share: Partial}) },
	} {
		d := merger()
		change(&d)
		bad := x.Check(d)
		if !slices.ContainsFunc(bad, func(f errs.Field) bool { return f.Name+":"+f.Code == want }) {
			t.Errorf("want %s, got %v", want, bad)
		}
		if _, err := x.With(d); err == nil {
			t.Errorf("%s: applied all the same", want)
		}
	}
	if bad := x.Check(merger()); len(bad) > 0 {
		t.Errorf("a sound decree: %v", bad)
	}
}

// Any chain of sound decrees leaves a sound index in which every unit that ever was
// leads to units that stand, and no past day changes.
func TestAnyDecreesKeepTheInvariants(t *testing.T) {
	var province []Unit // Cô Tô and all of Hà Tĩnh: small enough to try much
	keys := map[Key]bool{}
	for _, u := range theSeed().Units {
		if p := National().ProvinceOf(u, u.ValidFrom); p == "42" {
			province, keys[u.Key()] = append(province, u), true
		}
	}
	var links []Succession
	for _, l := range theSeed().Successions {
		if keys[l.Old] && keys[l.New] {
			links = append(links, l)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex(province, links)
		day := today
		for i := range rapid.IntRange(1, 4).Draw(t, "decrees") {
			day = day.AddDays(rapid.IntRange(1, 400).Draw(t, "later"))
			now := x.Children("42", day)
			rapid.Permutation(now).Draw(t, "order")
			n := rapid.IntRange(1, min(4, len(now)-1)).Draw(t, "merged")
			order := rapid.Permutation(now).Draw(t, "which")
			d := Decree{ID: string(rune('a' + i)), Day: day, Legal: "NQ", Open: []Unit{{Code: order[0].Code, Kind: KindWard, Name: "Mới", Parent: "42"}}}
			for _, u := range order[:n] {
				d.Close = append(d.Close, u.Code)
				if rapid.Bool().Draw(t, "split") {
					d.Links = append(d.Links, Link{u.Code, order[0].Code, Partial, true}, Link{u.Code, order[n].Code, Partial, false})
				} else {
					d.Links = append(d.Links, Link{u.Code, order[0].Code, Full, false})
				}
			}
			next, err := x.With(d)
			if err != nil {
				t.Fatal(err)
			}
			if err := sound(next); err != nil {
				t.Fatal(err)
			}
			for _, past := range []civil.Date{eve, today, day.AddDays(-1)} {
				if a, b := x.Children("42", past), next.Children("42", past); len(a) != len(b) {
					t.Fatalf("%s changed: %d units, now %d", past, len(a), len(b))
				}
			}
			x = next
		}
		for _, n := range x.nodes {
			heirs := x.heirs(n, day)
			if len(heirs) == 0 {
				t.Fatalf("%s %s leads nowhere", n.Code, n.FullName())
			}
			for _, h := range heirs {
				if !h.Unit.ValidOn(day) {
					t.Fatalf("%s leads to %s, which does not stand", n.FullName(), h.Unit.FullName())
				}
			}
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	each(t, func(t *testing.T, s *Service, db *sqldb.DB) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					if a, err := s.Resolve(context.Background(), "Xã Sơn Giang, Hà Tĩnh", Options{}); err != nil || a.Status != Resolved {
						t.Errorf("%s, %v", a.Status, err)
						return
					}
				}
			})
		}
		if err := errors.Join(apply(s, db, merger()), undoDecree(s, db, "d1")); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
}
