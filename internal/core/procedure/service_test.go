package procedure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

var _ Agencies = (*org.Service)(nil)

// offices is a stand-in for package org: who exists today.
type offices struct {
	mu   sync.Mutex
	gen  int64
	list []org.Agency
}

func (o *offices) Generation(context.Context) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.gen, nil
}

func (o *offices) Agency(_ context.Context, id string) (org.Agency, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.list {
		if a.ID == id {
			return a, nil
		}
	}
	return org.Agency{}, errs.NewNotFound("org.agency-not-found")
}

// Agencies pages by two, so that paging is exercised.
func (o *offices) Present(ctx context.Context, id string) (org.Agency, error) {
	return o.Agency(ctx, id)
}

func (o *offices) Agencies(_ context.Context, f org.AgencyFilter) (org.AgencyPage, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	from := 0
	if f.After != "" {
		from = slices.IndexFunc(o.list, func(a org.Agency) bool { return a.ID == f.After }) + 1
	}
	to := min(from+2, len(o.list))
	p := org.AgencyPage{Items: slices.Clone(o.list[from:to])}
	if to < len(o.list) {
		p.Next = o.list[to-1].ID
	}
	return p, nil
}

func (o *offices) set(list ...org.Agency) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gen++
	o.list = list
}

type world struct {
	*Service
	db      *sqldb.DB
	journal *journal.Journal
	offices *offices
	now     time.Time
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	sqldbtest.Each(t, []sqldb.Line{journal.Line(), Line()}, func(t *testing.T, db *sqldb.DB) {
		j, err := journal.New(db, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{db: db, journal: j, offices: &offices{}, now: civil.MustDate("2026-03-02").At(9, 0)}
		w.offices.set(
			org.Agency{ID: "p", Code: "H64", Name: "Ủy ban nhân dân tỉnh An Bình", Kind: org.KindProvince, Level: org.LevelProvince, Path: "/p/"},
			org.Agency{ID: "y", Code: "H64.08", Name: "Sở Y tế tỉnh An Bình", Kind: org.KindDepartment, Level: org.LevelProvince, Path: "/p/y/"},
			org.Agency{ID: "x", Code: "H64.09", Name: "Sở Xây dựng tỉnh An Bình", Kind: org.KindDepartment, Level: org.LevelProvince, Path: "/p/x/"},
			org.Agency{ID: "c1", Code: "H64.31", Name: "Ủy ban nhân dân phường Bình Minh", Kind: org.KindCommune, Level: org.LevelCommune, Path: "/p/c1/"},
			org.Agency{ID: "c2", Code: "H64.32", Name: "Ủy ban nhân dân xã An Phú", Kind: org.KindCommune, Level: org.LevelCommune, Path: "/p/c2/"},
		)
		w.Service = New(Deps{DB: db, Journal: j, Agencies: w.offices, Now: func() time.Time { return w.now }})
		test(t, w)
	})
}

// publish publishes definitions of the pack "test".
func (w *world) publish(t testing.TB, defs ...*Definition) []*Version {
	t.Helper()
	var out []*Version
	err := w.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		out = out[:0]
		for _, d := range defs {
			v, _, err := w.Publish(t.Context(), tx, Bundle{Pack: "test", Def: d})
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func definition(t testing.TB, pairs ...string) *Definition {
	t.Helper()
	def, err := Decode("p.yaml", with(t, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return def
}

func TestVersionsAreImmutable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.publish(t, definition(t))[0]
		if again := w.publish(t, definition(t))[0]; again.ID != first.ID || again.Number != 1 {
			t.Errorf("the same content made version %d", again.Number)
		}
		second := w.publish(t, definition(t, "amount: 8000", "amount: 10000"))[0]
		if second.Number != 2 || second.Hash == first.Hash {
			t.Errorf("another fee is version %d with the same hash: %t", second.Number, second.Hash == first.Hash)
		}
		now, err := w.Get(t.Context(), "1.001193", civil.Date{})
		if err != nil || now.ID != second.ID {
			t.Errorf("in force: %+v, %v", now, err)
		}
		old, err := w.VersionByID(t.Context(), first.ID)
		if err != nil || old.Def.Channels[0].Fees[0].Amount != 8000 {
			t.Errorf("the first version has changed: %+v, %v", old, err)
		}
		history, err := w.History(t.Context(), "1.001193")
		if err != nil || len(history) != 2 || history[0].Number != 2 {
			t.Errorf("history %v, %v", history, err)
		}
	})
}

func TestVersionsHaveValidity(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, definition(t))
		w.publish(t, definition(t, "valid_from: 2025-07-01", "valid_from: 2026-07-01", "amount: 8000", "amount: 9000"))
		for day, fee := range map[string]int64{"2026-03-02": 8000, "2026-06-30": 8000, "2026-07-01": 9000, "2030-01-01": 9000} {
			v, err := w.Get(t.Context(), "1.001193", civil.MustDate(day))
			if err != nil || v.Def.Channels[0].Fees[0].Amount != fee {
				t.Errorf("%s: %v, %v; want the fee %d", day, v, err, fee)
			}
		}
		if _, err := w.Get(t.Context(), "1.001193", civil.MustDate("2025-06-30")); !errs.Is(err, errs.NotFound) {
			t.Errorf("before it was announced: %v", err)
		}
		// The index follows the day, too.
		page, err := w.Search(t.Context(), Query{Text: "khai sinh"})
		if err != nil || page.Total != 1 {
			t.Fatalf("search %+v, %v", page, err)
		}
		before := page.Hits[0].VersionID
		w.now = civil.MustDate("2026-07-01").At(0, 1)
		if page, err = w.Search(t.Context(), Query{Text: "khai sinh"}); err != nil || page.Hits[0].VersionID == before {
			t.Errorf("after midnight the index still gives the old version: %v", err)
		}
	})
}

func TestEndedProcedureIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, definition(t, "valid_from: 2025-07-01", "valid_from: 2025-07-01\nvalid_to: 2026-03-01"))
		if _, err := w.Get(t.Context(), "1.001193", civil.Date{}); !errs.HasCode(err, "procedure.not-found") {
			t.Errorf("get: %v", err)
		}
		if page, err := w.Search(t.Context(), Query{}); err != nil || page.Total != 0 {
			t.Errorf("search: %+v, %v", page, err)
		}
		if _, err := w.Offers(t.Context(), "1.001193"); !errs.Is(err, errs.NotFound) {
			t.Errorf("offers: %v", err)
		}
	})
}

func TestWithdrawAndReinstate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.publish(t, definition(t))[0]
		second := w.publish(t, definition(t, "amount: 8000", "amount: 9000"))[0]
		tx := func(do func(tx *sqldb.Tx) error) {
			t.Helper()
			if err := w.db.Tx(t.Context(), do); err != nil {
				t.Fatal(err)
			}
		}
		tx(func(tx *sqldb.Tx) error { return w.Withdraw(t.Context(), tx, second.ID) })
		if v, err := w.Get(t.Context(), "1.001193", civil.Date{}); err != nil || v.ID != first.ID {
			t.Errorf("after the withdrawal: %v, %v", v, err)
		}
		if v, err := w.VersionByID(t.Context(), second.ID); err != nil || !v.Withdrawn {
			t.Errorf("a withdrawn version is still there for its dossiers: %v, %v", v, err)
		}
		tx(func(tx *sqldb.Tx) error { return w.Reinstate(t.Context(), tx, second.ID) })
		if v, err := w.Get(t.Context(), "1.001193", civil.Date{}); err != nil || v.ID != second.ID {
			t.Errorf("after taking it back: %v, %v", v, err)
		}
		// The number of a withdrawn version is never given again.
		tx(func(tx *sqldb.Tx) error { return w.Withdraw(t.Context(), tx, second.ID) })
		if third := w.publish(t, definition(t, "amount: 8000", "amount: 9500"))[0]; third.Number != 3 {
			t.Errorf("the next version is %d", third.Number)
		}
		events, err := w.journal.Stream(t.Context(), w.db, "procedure:1.001193", 0, 20)
		if err != nil || len(events) != 6 {
			t.Errorf("%d events, %v", len(events), err)
		}
		err = w.db.Tx(t.Context(), func(tx *sqldb.Tx) error { return w.Withdraw(t.Context(), tx, "none") })
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("withdrawing what is not there: %v", err)
		}
	})
}

func TestOnePackKeepsAProcedure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, definition(t))
		err := w.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, _, err := w.Publish(t.Context(), tx, Bundle{Pack: "other", Def: definition(t, "amount: 8000", "amount: 1")})
			return err
		})
		if !errs.HasCode(err, "procedure.other-pack") {
			t.Errorf("another pack takes it over: %v", err)
		}
	})
}

func TestOffers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, definition(t), definition(t, `"1.001193"`, `"1.012289"`, "level: commune\ncomp", "level: province\ncomp",
			"offers: {level: commune, channels: [direct, online]", "offers: {level: province, agency_names: [Sở Y tế], channels: [direct, online]"))
		agencies := func(code string) []string {
			offers, err := w.Offers(t.Context(), code)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, o := range offers {
				out = append(out, o.AgencyID+" "+string(o.Channel)+" "+string(o.Online))
			}
			return out
		}
		if got := agencies("1.001193"); !slices.Equal(got, []string{"c1 direct full", "c1 online full", "c2 direct full", "c2 online full"}) {
			t.Errorf("commune procedure: %v", got)
		}
		if got := agencies("1.012289"); !slices.Equal(got, []string{"y direct full", "y online full"}) {
			t.Errorf("only the department of health offers it: %v", got)
		}
		// A new commune offers at once, a closed one at once no more.
		w.offices.set(org.Agency{ID: "c3", Code: "H64.33", Name: "Ủy ban nhân dân xã Mới", Kind: org.KindCommune, Level: org.LevelCommune, Path: "/p/c3/"})
		if got := agencies("1.001193"); len(got) != 2 || got[0] != "c3 direct full" {
			t.Errorf("after the change of agencies: %v", got)
		}
		if _, err := w.Offer(t.Context(), "1.001193~c1~online"); !errs.Is(err, errs.NotFound) {
			t.Errorf("offer of a closed agency: %v", err)
		}
		o, err := w.Offer(t.Context(), "1.001193~c3~online")
		if err != nil || o.AgencyID != "c3" || o.Channel != Online || o.VersionID == "" {
			t.Errorf("offer: %+v, %v", o, err)
		}
		for _, id := range []string{"", "1.001193", "1.001193~c3", "1.001193~c3~postal", "9.999999~c3~online", "1.001193~zz~online", "~~"} {
			if _, err := w.Offer(t.Context(), id); !errs.Is(err, errs.NotFound) {
				t.Errorf("offer %q: %v", id, err)
			}
		}
	})
}

func TestOfferExceptions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, definition(t))
		boss := identity.With(t.Context(), identity.Actor{AccountID: "a", Kind: identity.KindStaff, Name: "A",
			Posts: []identity.HeldPost{{AgencyID: "c1", AgencyPath: "/p/c1/", Perms: []string{identity.AdminCatalogue}}}})
		level := func(agency string) string {
			o, err := w.Offer(t.Context(), "1.001193~"+agency+"~online")
			if err != nil {
				return "none"
			}
			return string(o.Online)
		}
		if err := w.SetOffer(boss, "1.001193", "c1", Online, Partial); err != nil {
			t.Fatal(err)
		}
		if level("c1") != "partial" || level("c2") != "full" {
			t.Errorf("c1 %s, c2 %s", level("c1"), level("c2"))
		}
		if err := w.SetOffer(boss, "1.001193", "c1", Online, ""); err != nil || level("c1") != "none" {
			t.Errorf("not offered any more: %s, %v", level("c1"), err)
		}
		if err := w.ResetOffer(boss, "1.001193", "c1", Online); err != nil || level("c1") != "full" {
			t.Errorf("by the rule again: %s, %v", level("c1"), err)
		}
		for name, err := range map[string]error{
			"another agency": w.SetOffer(boss, "1.001193", "c2", Online, ""),
			"a visitor":      w.SetOffer(t.Context(), "1.001193", "c1", Online, ""),
			"no procedure":   w.SetOffer(boss, "1.000000", "c1", Online, ""),
		} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.SetOffer(boss, "1.001193", "c1", Postal, Full); !errs.Is(err, errs.Invalid) {
			t.Errorf("a channel the procedure does not have: %v", err)
		}
	})
}

func TestSearchFiltersAndPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, shipped(t)...)
		find := func(q Query) []string {
			t.Helper()
			page, err := w.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, h := range page.Hits {
				out = append(out, h.Code)
			}
			if len(out) > page.Total {
				t.Errorf("%d hits of %d", len(out), page.Total)
			}
			return out
		}
		if got := find(Query{}); len(got) != len(shipped(t)) {
			t.Errorf("everything: %v", got)
		}
		for name, c := range map[string]struct {
			q    Query
			want []string
		}{
			"level":      {Query{Level: Province}, []string{practice, pharmacy}},
			"field":      {Query{Field: "G15-TP02"}, []string{copies}},
			"life event": {Query{LifeEvent: EventBirth}, []string{birth}},
			"channel":    {Query{Channel: Postal, Field: "G15-TP01"}, []string{birth, death, marital}},
			"audience":   {Query{Audience: Enterprise, Level: Province}, []string{pharmacy}},
			"agency":     {Query{Agency: "y"}, []string{practice, pharmacy}},
			"no agency":  {Query{Agency: "zz"}, nil},
			"after":      {Query{Text: "bao nhiêu tiền", After: birth, Level: Province}, nil}, // a filter that leaves the procedure out leaves the others
			"both":       {Query{Text: "mở nhà thuốc", Agency: "c1"}, nil},
		} {
			got := find(c.q)
			slices.Sort(got)
			slices.Sort(c.want)
			if name == "both" {
				if slices.Contains(got, pharmacy) {
					t.Errorf("a commune does not offer it: %v", got)
				}
			} else if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		var paged []string
		for offset := 0; offset < 12; offset += 3 {
			paged = append(paged, find(Query{Limit: 3, Offset: offset})...)
		}
		if !slices.Equal(paged, find(Query{})) {
			t.Errorf("the pages together are not the whole: %v", paged)
		}
		page, err := w.Search(t.Context(), Query{Text: "giấy", Field: "G15-TP01"})
		if err != nil || len(page.Fields) < 2 {
			t.Errorf("counts are over all fields: %+v, %v", page.Fields, err)
		}
		if got := find(Query{Offset: 100000, Limit: 1000}); len(got) != 0 {
			t.Errorf("beyond the end: %v", got)
		}
	})
}

// Facets say what each filter would leave, and what they promise is found.
func TestFacetsKeepTheirPromise(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, shipped(t)...)
		search := func(q Query) Page {
			t.Helper()
			page, err := w.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			return page
		}
		for name, q := range map[string]Query{"all": {}, "words": {Text: "giấy"}, "level": {Level: Commune}, "two": {Level: Commune, Channel: Online}} {
			page := search(q)
			if len(page.Levels) == 0 || len(page.Channels) == 0 || len(page.LifeEvents) == 0 || len(page.Announcers) == 0 || len(page.Fields) == 0 {
				t.Fatalf("%s: facets missing: %+v", name, page)
			}
			try := func(what string, count int, change func(*Query)) {
				t.Helper()
				narrowed := q
				change(&narrowed)
				if got := search(narrowed).Total; got != count {
					t.Errorf("%s: %s promises %d and gives %d", name, what, count, got)
				}
			}
			for _, f := range page.Levels {
				try(f.Value, f.Count, func(q *Query) { q.Level = Level(f.Value) })
			}
			for _, f := range page.Channels {
				try(f.Value, f.Count, func(q *Query) { q.Channel = ChannelKind(f.Value) })
			}
			for _, f := range page.LifeEvents {
				try(f.Value, f.Count, func(q *Query) { q.LifeEvent = LifeEvent(f.Value) })
			}
			for _, f := range page.Announcers {
				try(f.Value, f.Count, func(q *Query) { q.Announcer = f.Value })
			}
			for _, f := range page.Fields {
				try(f.Field.Code, f.Count, func(q *Query) { q.Field = f.Field.Code })
			}
		}
		offering, err := w.Offering(t.Context())
		if err != nil || len(offering) == 0 {
			t.Fatalf("%v, %v", offering, err)
		}
		for _, o := range offering {
			if got := search(Query{Agency: o.AgencyID}).Total; got != o.Count {
				t.Errorf("%s promises %d and gives %d", o.Name, o.Count, got)
			}
		}
		if hits, err := w.Suggest(t.Context(), "khai si", 3); err != nil || len(hits) == 0 || hits[0].Code != birth {
			t.Errorf("suggested %v, %v", hits, err)
		}
		if hits, err := w.Suggest(t.Context(), "  ", 3); err != nil || len(hits) != 0 {
			t.Errorf("nothing typed: %v, %v", hits, err)
		}
	})
}

// What one process publishes the others find, as soon as it is committed.
func TestSearchSeesOtherProcesses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := New(Deps{DB: w.db, Journal: w.journal, Agencies: w.offices, Now: func() time.Time { return w.now }})
		if page, err := other.Search(t.Context(), Query{}); err != nil || page.Total != 0 {
			t.Fatalf("%+v, %v", page, err)
		}
		w.publish(t, definition(t))
		if page, err := other.Search(t.Context(), Query{Text: "khai sinh"}); err != nil || page.Total != 1 {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

func TestSearchWhilePublishing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range 20 {
					if _, err := w.Search(t.Context(), Query{Text: "khai sinh"}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for i := range 10 {
			w.publish(t, definition(t, "amount: 8000", fmt.Sprintf("amount: %d", 100+i)))
		}
		group.Wait()
		page, err := w.Search(t.Context(), Query{Text: "khai sinh"})
		if err != nil || page.Total != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		if v, err := w.VersionByID(t.Context(), page.Hits[0].VersionID); err != nil || v.Number != 10 {
			t.Errorf("the index ends at version %d, %v", v.Number, err)
		}
	})
}

// The definition comes back from the database as it went in.
func TestDefinitionRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, v := range w.publish(t, shipped(t)...) {
			stored, err := w.VersionByID(t.Context(), v.ID)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := json.Marshal(shipped(t)[i])
			got, _ := json.Marshal(stored.Def)
			if string(want) != string(got) {
				t.Errorf("%s came back otherwise:\n%s\n%s", v.Code, want, got)
			}
		}
	})
}

func TestHashIgnoresLayout(t *testing.T) {
	a, err := Bundle{Def: definition(t)}.Hash()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Bundle{Def: definition(t, "audience: [citizen]", "audience:\n  - citizen   # who may ask")}.Hash()
	if err != nil || a != b {
		t.Errorf("layout changes the hash: %v", err)
	}
	c, err := Bundle{Def: definition(t), Parts: Parts{Forms: map[string]json.RawMessage{"birth": []byte(`{"id":"birth"}`)}}}.Hash()
	if err != nil || a == c {
		t.Errorf("a form is part of the hash: %v", err)
	}
}
