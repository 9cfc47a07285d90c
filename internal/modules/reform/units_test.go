package reform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/place"
	"motcua/internal/modules/reform"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// withUnits gives the province its administrative units: 90 is Hà Sơn.
func (p *hasp) withUnits() *place.Service {
	p.t.Helper()
	places := place.New(p.DB, p.Clock.Now)
	seed := &place.Seed{Version: "hasp", Units: []place.Unit{{Code: "90", Level: place.Province, Kind: place.KindProvince, Name: "Hà Sơn"}}}
	for _, u := range []struct {
		code, parent, name string
		kind               place.Kind
	}{
		{"901", "90", "Đông Hà", place.KindRuralDistrict}, {"902", "90", "Tây Hà", place.KindRuralDistrict},
		{"90001", "901", "An Hòa", place.KindCommune}, {"90002", "901", "An Phú", place.KindCommune}, {"90003", "901", "An Lộc", place.KindCommune},
		{"90004", "902", "Bình An", place.KindCommune}, {"90005", "902", "Bình Lâm", place.KindCommune}, {"90006", "902", "Tây Hà", place.KindTownship},
	} {
		level, _ := place.LevelOf(u.code)
		seed.Units = append(seed.Units, place.Unit{Code: u.code, Level: level, Kind: u.kind, Name: u.name, Parent: u.parent})
	}
	for i := range seed.Units {
		seed.Units[i].ValidFrom = place.Beginning
	}
	if _, err := places.Load(p.t.Context(), seed); err != nil {
		p.t.Fatal(err)
	}
	p.reforms = reform.New(reform.Deps{DB: p.DB, Journal: p.Journal, Jobs: p.Jobs, Org: p.Org, Identity: p.Identity, Dossiers: p.Dossiers, Registers: p.Registers,
		Procedures: p.Procedures, Places: places, Now: p.Clock.Now})
	return places
}

func unitDecree(number int, on civil.Date, operations string) []byte {
	return fmt.Appendf(nil, "number: %d/NQ-UBTVQH15\ndate: 2025-06-16\neffective: %s\ntitle: {vi: Thử, en: Test}\nunits:\n%s", number, on, operations)
}

// stored is every unit and succession as the database has them.
func (p *hasp) stored() []string {
	p.t.Helper()
	var out []string
	for _, query := range []string{
		`SELECT code || '|' || name || '|' || kind || '|' || parent || '|' || valid_from || '|' || COALESCE(valid_to, '') || '|' || origin || '|' || end_origin FROM place_unit ORDER BY 1`,
		`SELECT old_code || '|' || new_code || '|' || share || '|' || day || '|' || origin FROM place_succession ORDER BY 1`,
	} {
		rows, err := p.DB.Query(p.t.Context(), query)
		list, err := sqldb.Strings(rows, err)
		if err != nil {
			p.t.Fatal(err)
		}
		out = append(out, list...)
	}
	return out
}

// kindsOfDecree are one decree for each thing that can happen to units, each on the
// day after the one before.
var kindsOfDecree = []struct {
	name, operations string
	effects          []string            // what preview and dry run list
	today            map[string][]string // old code → codes of those that stand for it on the day
	addresses        map[string]string   // address as people wrote it → code of the unit of the day, "" when they must choose
}{
	{
		"merge into a new unit", "  - create: {code: \"90101\", name: An Thịnh, kind: commune, parent: \"901\"}\n  - {merge: [\"90001\", \"90002\"], into: \"90101\"}\n",
		[]string{"Xã An Hòa → Xã An Thịnh: unit-whole", "Xã An Phú → Xã An Thịnh: unit-whole"},
		map[string][]string{"90001": {"90101"}, "90002": {"90101"}, "90003": {"90003"}},
		map[string]string{"Thôn 2, xã An Phú, huyện Đông Hà": "90101", "xa an hoa, dong ha, ha son": "90101"},
	}, {
		"merge into one that stays", "  - {merge: [\"90005\"], into: \"90004\"}\n",
		[]string{"Xã Bình Lâm → Xã Bình An: unit-whole"},
		map[string][]string{"90005": {"90004"}, "90004": {"90004"}},
		map[string]string{"xã Bình Lâm, huyện Tây Hà, Hà Sơn": "90004"},
	}, {
		"split", "  - create: {code: \"90102\", name: Lộc Sơn, kind: commune, parent: \"901\"}\n  - {split: \"90003\", parts: [\"90102\", \"90101\"]}\n",
		[]string{"Xã An Lộc → Xã Lộc Sơn: unit-part", "Xã An Lộc → Xã An Thịnh: unit-part"},
		map[string][]string{"90003": {"90101", "90102"}},
		map[string]string{"xã An Lộc, huyện Đông Hà": ""},
	}, {
		"rename", "  - {rename: \"90006\", as: {name: Tây Sơn, kind: commune}}\n",
		[]string{"Thị trấn Tây Hà → Xã Tây Sơn: unit-whole"},
		map[string][]string{"90006": {"90006"}},
		map[string]string{"thị trấn Tây Hà, huyện Tây Hà": "90006", "xã Tây Sơn, Hà Sơn": "90006"},
	}, {
		"another code", "  - {rename: \"90102\", as: {code: \"90202\"}}\n",
		[]string{"Xã Lộc Sơn → Xã Lộc Sơn: unit-whole"},
		map[string][]string{"90102": {"90202"}, "90003": {"90101", "90202"}},
		map[string]string{"xã Lộc Sơn, Hà Sơn": "90202"},
	}, {
		"move", "  - {move: [\"90006\"], to: \"901\"}\n",
		[]string{"Xã Tây Sơn → Xã Tây Sơn: unit-whole"},
		map[string][]string{"90006": {"90006"}},
		map[string]string{"thị trấn Tây Hà, huyện Tây Hà": "90006"},
	}, {
		"abolish a level", "  - {move: [\"90101\", \"90202\", \"90004\", \"90006\"], to: \"90\"}\n  - {abolish: {level: district, in: [\"90\"]}}\n",
		[]string{"Huyện Tây Hà → : unit-ends", "Huyện Đông Hà → : unit-ends", "Xã An Thịnh → Xã An Thịnh: unit-whole", "Xã Bình An → Xã Bình An: unit-whole",
			"Xã Lộc Sơn → Xã Lộc Sơn: unit-whole", "Xã Tây Sơn → Xã Tây Sơn: unit-whole"},
		map[string][]string{"901": {"90006", "90101", "90202"}, "902": {"90004"}, "90001": {"90101"}, "90005": {"90004"}},
		map[string]string{"Thôn 2, xã An Phú, huyện Đông Hà, tỉnh Hà Sơn": "90101", "thị trấn Tây Hà, huyện Tây Hà": "90006", "xã An Thịnh, Hà Sơn": "90101"},
	},
}

// TestUnitsOfADecree does to the units of a province what a decree can do, one decree a
// day: dry run, schedule, take back, schedule again, apply, and look up what was before.
func TestUnitsOfADecree(t *testing.T) {
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) {
		p := newProvince(t, db)
		places := p.withUnits()
		p.live(8)
		p.Clock.Set(day.AddDays(-1).At(9, 0))
		for i, c := range kindsOfDecree {
			on := day.AddDays(i)
			untouched := p.stored()
			d, err := p.reforms.Propose(p.asAdmin(), "units.yaml", unitDecree(i+1, on, c.operations))
			if err != nil || len(d.Problems) > 0 {
				t.Fatalf("%s: %v, %v", c.name, found(d.Problems), err)
			}
			p.lists(d, c.name, c.effects)
			if !slices.Equal(p.stored(), untouched) {
				t.Errorf("%s: a dry run changed the units", c.name)
			}
			for _, again := range []bool{true, false} {
				if d, err = p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: d.ID}); err != nil || d.State != reform.Scheduled {
					t.Fatal(c.name, d.State, err)
				}
				p.stand(places, on.AddDays(-1), c.name+" on the eve", nil, c.addresses) // ahead of its day nothing is different
				if !again {
					break
				}
				if d, err = p.reforms.Try(p.asAdmin(), d.ID); err != nil || len(d.Problems) > 0 {
					t.Errorf("%s: tried again while scheduled: %v, %v", c.name, found(d.Problems), err)
				}
				if d, err = p.reforms.Undo(p.asAdmin(), d.ID); err != nil || d.State != reform.Undone {
					t.Fatal(c.name, d.State, err)
				}
				if !slices.Equal(p.stored(), untouched) {
					t.Errorf("%s: undone, and yet the units are not what they were", c.name)
				}
				if d, err = p.reforms.Propose(p.asAdmin(), "units.yaml", unitDecree(i+1, on, c.operations)); err != nil || len(d.Problems) > 0 {
					t.Fatalf("%s a second time: %v, %v", c.name, found(d.Problems), err)
				}
			}
			p.Clock.Set(on.At(0, 0))
			if _, err := p.Jobs.RunDue(t.Context(), p.reforms.Module().Jobs, nil); err != nil {
				t.Fatal(c.name, err)
			}
			if d, err = p.reforms.Decree(p.asAdmin(), d.ID); err != nil || d.State != reform.Applied {
				t.Fatal(c.name, d.State, d.Failure, err)
			}
			p.lists(d, c.name+", applied", c.effects)
			p.stand(places, on, c.name, c.today, c.addresses)
			if _, err := p.reforms.Undo(p.asAdmin(), d.ID); !errs.HasCode(err, "reform.too-late") {
				t.Errorf("%s: undone after its day: %v", c.name, err)
			}
		}
		p.still(places)
	})
}

// lists compares what a decree says it does to units.
func (p *hasp) lists(d reform.Decree, name string, want []string) {
	p.t.Helper()
	list, err := p.reforms.Effects(p.asAdmin(), d, reform.KindUnit, 0, 100)
	if err != nil {
		p.t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.FromName+" → "+e.ToName+": "+e.Note)
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) || d.Summary[reform.KindUnit] != int64(len(want)) {
		p.t.Errorf("%s lists %d:\n%s\nwant\n%s", name, d.Summary[reform.KindUnit], strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// stand asks what old codes and addresses mean on a day. Before the day of the decree
// (today is nil) every code must still mean itself.
func (p *hasp) stand(places *place.Service, on civil.Date, name string, today map[string][]string, addresses map[string]string) {
	p.t.Helper()
	x, err := places.Index(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for code, want := range today {
		versions := x.Versions(code)
		var got []string
		for _, h := range x.Today(versions[0], on) {
			got = append(got, h.Unit.Code)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			p.t.Errorf("%s: for %s stand %v, want %v", name, code, got, want)
		}
	}
	for text, want := range addresses {
		a := x.Resolve(text, place.Options{Today: on})
		switch {
		case today == nil:
		case want == "" && (a.Status != place.Ambiguous || len(a.Choices) < 2):
			p.t.Errorf("%s: %q is %v %v, and should be asked for", name, text, a.Status, a.Now().Code)
		case want != "" && a.Now().Code != want:
			p.t.Errorf("%s: %q is %v %q, want %q", name, text, a.Status, a.Now().Code, want)
		}
	}
}

// still asks after all decrees whether what was given out before them still leads where
// it led: old codes on their day, numbers, papers, entries, agencies.
func (p *hasp) still(places *place.Service) {
	t := p.t
	t.Helper()
	x, err := places.Index(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for code, name := range map[string]string{"901": "Huyện Đông Hà", "90001": "Xã An Hòa", "90003": "Xã An Lộc", "90006": "Thị trấn Tây Hà"} {
		if u, ok := x.At(code, civil.MustDate("2024-01-01")); !ok || u.FullName() != name {
			t.Errorf("%s was %s, and is now said to have been %q", code, name, u.FullName())
		}
		if len(x.History(code)) == 0 {
			t.Errorf("%s has no history", code)
		}
	}
	for code, a := range p.at {
		if now, err := p.Org.AgencyByCode(identitytest.AsSystem(), code); err != nil || now.ID != a.ID {
			t.Errorf("agency %s, which no decree named: %v", code, err)
		}
	}
	words := p.As(t, p.people[0])
	papers := 0
	for _, d := range p.dossiers {
		if _, err := p.Dossiers.Track(words, d.Number); err != nil {
			t.Errorf("number %s: %v", d.Number, err)
		}
		issued, err := p.Documents.OfDossier(identitytest.AsSystem(), p.DB, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, paper := range issued {
			papers++
			if v, err := p.Documents.Verify(words, paper.VerifyCode); err != nil || v.Number != paper.Number {
				t.Errorf("QR code %s of %s: %v", paper.VerifyCode, paper.Number, err)
			}
		}
	}
	if papers == 0 {
		t.Error("no paper was issued, so no QR code was looked up")
	}
}

// TestUnitsThatDoNotFit tells everything that is wrong with the units of a decree at
// once, beside what is wrong with its agencies, each with its line.
func TestUnitsThatDoNotFit(t *testing.T) {
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) {
		p := newProvince(t, db)
		p.withUnits()
		propose := func(file string) reform.Decree {
			t.Helper()
			d, err := p.reforms.Propose(p.asAdmin(), "x.yaml", []byte(file))
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		untouched := p.stored()
		for name, c := range map[string]struct {
			operations string
			want       []string
		}{
			"shape": {"  - {merge: [\"90001\"]}\n  - {rename: \"90001\"}\n  - {move: [\"90001\"]}\n  - {abolish: {level: district}}\n  - {abolish: {level: canton, in: [\"90\"]}}\n" +
				"  - {split: \"90001\", parts: [\"90002\"]}\n  - {close: [\"90001\"], move: [\"90002\"], to: \"90\"}\n  - {create: {code: \"90101\"}}\n",
				[]string{"10 unit-level", "11 split-parts", "12 one-verb", "13 body-missing", "6 merge-into", "7 rename-as", "8 move-to", "9 abolish-where"}},
			"unknown codes": {"  - {merge: [\"90077\"], into: \"90001\"}\n  - {move: [\"90078\"], to: \"90\"}\n  - {rename: \"90079\", as: {name: A}}\n  - {abolish: {level: district, in: [\"91\"]}}\n" +
				"  - {merge: [\"90002\"], into: \"90999\"}\n  - {move: [\"90003\"], to: \"909\"}\n",
				[]string{"10 error:place.not-standing", "11 error:place.parent-gone", "6 error:place.not-standing", "6 error:place.not-standing", "7 error:place.no-successor", "7 error:place.not-standing",
					"8 error:place.no-successor", "8 error:place.not-standing", "9 unit-level-empty"}},
			"in each other's way": {"  - create: {code: \"90006\", name: A, kind: commune, parent: \"901\"}\n  - {merge: [\"90001\"], into: \"90002\"}\n  - {split: \"90001\", parts: [\"90002\", \"90003\"]}\n" +
				"  - {move: [\"90004\"], to: \"901\"}\n  - {rename: \"90004\", as: {name: B}}\n  - create: {code: \"9010\", name: C, kind: shed, parent: \"901\"}\n",
				[]string{"10 error:place.twice", "10 error:place.twice", "11 error:place.code", "6 error:place.code-taken", "7 error:place.whole-and-parts", "8 error:place.twice", "9 error:place.whole-and-parts"}},
			"left behind":    {"  - {abolish: {level: district, in: [\"90\"]}}\n  - {move: [\"90001\", \"90002\", \"90004\", \"90005\", \"90006\"], to: \"90\"}\n", []string{"6 error:place.orphan"}},
			"kind and level": {"  - create: {code: \"90101\", name: A, kind: town, parent: \"90\"}\n  - {close: [\"90001\"]}\n", []string{"6 error:place.kind", "7 error:place.no-successor"}},
		} {
			d := propose(string(unitDecree(1, day, c.operations)))
			if got := found(d.Problems); !slices.Equal(got, c.want) {
				t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
			}
			if _, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: d.ID}); err == nil {
				t.Errorf("%s: it was scheduled all the same", name)
			}
		}
		// Agencies and units are looked at together.
		d := propose(head + "  - {move: [H63.99], to: H63}\nunits:\n  - {move: [\"90078\"], to: \"90\"}\n")
		if got := found(d.Problems); !slices.Equal(got, []string{"6 unknown-agency", "8 error:place.no-successor", "8 error:place.not-standing"}) {
			t.Errorf("agencies and units: %q", got)
		}
		if !slices.Equal(p.stored(), untouched) {
			t.Error("bad decrees changed the units")
		}
		// Two decrees on one unit: the second is told which the first is.
		first := propose(string(unitDecree(1, day, "  - create: {code: \"90101\", name: Bình Hòa, kind: commune, parent: \"902\"}\n  - {merge: [\"90005\", \"90004\"], into: \"90101\"}\n")))
		if _, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: first.ID}); err != nil {
			t.Fatal(err)
		}
		second := propose(string(unitDecree(2, day.AddDays(5), "  - {merge: [\"90001\"], into: \"90002\"}\n  - {move: [\"90005\"], to: \"901\"}\n")))
		if got := found(second.Problems); !slices.Equal(got, []string{"7 error:place.no-successor", "7 error:place.not-standing", "7 overlap"}) {
			t.Errorf("two decrees on one unit: %q", got)
		}
		// Nor may it build on a unit that is still to come: the first could be undone.
		third := propose(string(unitDecree(3, day.AddDays(5), "  - {rename: \"90101\", as: {name: Bình Thịnh}}\n")))
		if got := found(third.Problems); !slices.Equal(got, []string{"6 overlap"}) {
			t.Errorf("a decree on what another will bring: %q", got)
		}
		if _, err := p.reforms.Undo(p.asAdmin(), first.ID); err != nil {
			t.Error(err)
		}
		if second, err := p.reforms.Try(p.asAdmin(), second.ID); err != nil || len(second.Problems) > 0 {
			t.Errorf("after the first was undone: %q, %v", found(second.Problems), err)
		}
		if !slices.Equal(p.stored(), untouched) {
			t.Error("undone, and yet the units are not what they were")
		}
	})
}
