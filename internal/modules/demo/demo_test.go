package demo_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/demo"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// friday is a moment at which the counters are open.
var friday = civil.MustDate("2026-11-20").At(10, 20)

// row is what the tests look at of a dossier.
type row struct {
	id, number, procedure, title, channel, step, owner string
	status                                             int
	due, submitted, received, finished                 int64
	late                                               bool
}

func dossiers(t testing.TB, db *sqldb.DB) []row {
	t.Helper()
	list, err := sqldb.Collect[row](db.Query(t.Context(), `SELECT id, number, procedure_code, title, channel, step, owner_name, status, COALESCE(due_at, 0), submitted_at,
		COALESCE(received_at, 0), COALESCE(finished_at, 0), late FROM dossier_dossier ORDER BY number`))(func(r *sqldb.Rows) (d row, err error) {
		var late int
		err = r.Scan(&d.id, &d.number, &d.procedure, &d.title, &d.channel, &d.step, &d.owner, &d.status, &d.due, &d.submitted, &d.received, &d.finished, &late)
		d.late = late != 0
		return d, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func system(ctx context.Context) context.Context { return identity.With(ctx, identity.System) }

// history is everything in the journal since the demo began, in its sealed order.
func history(t testing.TB, h *house) []journal.Event {
	t.Helper()
	if err := h.Journal.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all []journal.Event
	for position := int64(0); ; {
		some, err := h.Journal.Since(t.Context(), h.DB, position, 2000)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			break
		}
		all = append(all, some...)
		position = some[len(some)-1].Position + 1
	}
	begun := slices.IndexFunc(all, func(e journal.Event) bool { return e.Type == "demo.begun" })
	if begun < 0 {
		t.Fatal("the journal does not say that a demo was begun")
	}
	return all[begun:]
}

// TestYear looks at one province from all sides.
func TestYear(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t, lines()...), friday)
	report := h.load(t, demo.Options{Dossiers: 260})
	all := dossiers(t, h.DB)

	t.Run("report", func(t *testing.T) {
		if len(report.Troubles) > 0 || report.Unvaried > 0 {
			t.Errorf("%d dossiers had trouble and %d were not varied", len(report.Troubles), report.Unvaried)
		}
		if report.Dossiers != 260 || len(all) != 260 || report.Citizens != 100 {
			t.Errorf("%d dossiers reported, %d stored, %d citizens", report.Dossiers, len(all), report.Citizens)
		}
		stored := map[dossier.Status]int{}
		for _, d := range all {
			stored[dossier.Status(d.status)]++
		}
		if !maps.Equal(stored, report.Statuses) {
			t.Errorf("reported %v, stored %v", report.Statuses, stored)
		}
	})
	t.Run("plausible", func(t *testing.T) {
		// Status 2 is passed in the act of receiving: no shipped flow stays there.
		for _, s := range []dossier.Status{1, 3, 4, 5, 6, 7, 8, 9, 10} {
			if report.Statuses[s] == 0 {
				t.Errorf("no dossier has status %d", s)
			}
		}
		if share := float64(report.Statuses[dossier.StatusReturned]) / float64(report.Dossiers); share < 0.76 || share > 0.92 {
			t.Errorf("%.0f %% are finished and returned, want about 85 %%", share*100)
		}
		if report.InTime < 0.87 || report.InTime > 0.99 {
			t.Errorf("%.1f %% were in time, want about 94 %%", report.InTime*100)
		}
		if share := float64(report.Channels[dossier.Online]) / float64(report.Dossiers); share < 0.5 || share > 0.72 {
			t.Errorf("%.0f %% came online, want about 60 %%", share*100)
		}
		if report.Channels[dossier.Postal] == 0 {
			t.Error("nothing came by post")
		}
		if len(report.Procedures) != 10 {
			t.Errorf("%d procedures occur, want the ten that ship: %v", len(report.Procedures), report.Procedures)
		}
		busiest := slices.MaxFunc(slices.Collect(maps.Keys(report.Procedures)), func(a, b string) int { return report.Procedures[a] - report.Procedures[b] })
		if busiest != "2.000815" {
			t.Errorf("%s is asked for most, want certified copies", busiest)
		}
	})
	t.Run("order", func(t *testing.T) { checkOrder(t, h, all) })
	t.Run("clocks", func(t *testing.T) { checkClocks(t, h, all) })
	t.Run("rows follow the journal", func(t *testing.T) { checkRebuilt(t, h, all) })
	t.Run("nobody is real", func(t *testing.T) { checkNobodyIsReal(t, h, all) })
	t.Run("papers", func(t *testing.T) { checkPapers(t, h, all) })
	t.Run("accounts", func(t *testing.T) { checkAccounts(t, h) })
	t.Run("again", func(t *testing.T) { checkAgain(t, h) })
}

// checkOrder: what happened stands in the journal in the order of its times, between
// the founding and today, and the staff worked while the office was open.
func checkOrder(t *testing.T, h *house, all []row) {
	events := history(t, h)
	hours := map[string]org.Agency{}
	last := events[0].At
	for _, e := range events {
		if e.At.Before(last) {
			t.Fatalf("%s of %s happened at %s, after what happened at %s", e.Type, e.Stream, e.At, last)
		}
		last = e.At
		if e.At.After(friday) {
			t.Fatalf("%s happened at %s, in the future", e.Type, e.At)
		}
		var data dossier.Event
		if !strings.HasPrefix(e.Type, "dossier.") || e.ActorName == "" || e.Decode(&data) != nil || data.Agency == "" {
			continue
		}
		if _, known := hours[data.Agency]; !known {
			a, err := h.Org.Agency(t.Context(), data.Agency)
			if err != nil {
				t.Fatal(err)
			}
			hours[data.Agency] = a
		}
		cal, err := h.Org.Calendar(t.Context(), data.Agency, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		// The last act of a session may be its last moment.
		if !cal.IsOpen(e.At) && !cal.IsOpen(e.At.Add(-time.Second)) {
			t.Errorf("%s of %s at %s: %s was closed", e.Type, e.Stream, e.At.In(civil.Zone), hours[data.Agency].ShortName)
		}
	}
	oldest := slices.MinFunc(all, func(a, b row) int { return int(min(max(a.submitted-b.submitted, -1), 1)) })
	if first := civil.DateOf(sqldb.Time(oldest.submitted)); first.After(civil.DateOf(friday).AddDays(-330)) {
		t.Errorf("the first dossier is of %s: the year is not lived through", first)
	}
	times := map[int64]string{}
	for _, d := range all {
		if other := times[d.submitted]; other != "" {
			t.Errorf("%s and %s were filed at the same moment", d.number, other)
		}
		times[d.submitted] = d.number
		if d.status == 1 && friday.Sub(sqldb.Time(d.submitted)) > 100*time.Hour {
			t.Errorf("%s has been waiting at the counter since %s", d.number, sqldb.Time(d.submitted))
		}
	}
}

// checkClocks computes every due time anew from the entries of the legal clock.
func checkClocks(t *testing.T, h *house, all []row) {
	ctx := t.Context()
	running := 0
	for _, d := range all {
		detail, err := h.Dossiers.Get(system(ctx), d.id, "")
		if err != nil {
			t.Fatal(err)
		}
		comp, err := h.Procedures.Compiled(ctx, detail.VersionID)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := sqldb.Collect[clock.Entry](h.DB.Query(ctx, `SELECT seq, kind, at, reason, hours, days FROM dossier_clock WHERE dossier_id = $1 ORDER BY seq`, d.id))(
			func(r *sqldb.Rows) (e clock.Entry, err error) {
				var at int64
				err = r.Scan(&e.Seq, &e.Kind, &at, &e.Reason, &e.Hours, &e.Days)
				e.At = sqldb.Time(at)
				return e, err
			})
		if err != nil {
			t.Fatal(err)
		}
		cal, err := h.Org.Calendar(ctx, detail.CompetentAgencyID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		due, _ := clock.Due(comp.Term(detail.CaseID, procedure.ChannelKind(detail.Channel)), entries, cal)
		if !due.Equal(detail.DueAt) {
			t.Errorf("%s is due at %s, its clock says %s", d.number, detail.DueAt, due)
		}
		if len(entries) > 0 {
			running++
		}
		if late := d.finished != 0 && d.due != 0 && d.finished > d.due || detail.Dossier.Supplements > 1; late != d.late && d.status >= 9 {
			t.Errorf("%s: late is %v, finished %s, due %s", d.number, d.late, sqldb.Time(d.finished), detail.DueAt)
		}
	}
	if running < len(all)*9/10 {
		t.Errorf("only %d of %d dossiers have a clock", running, len(all))
	}
}

// checkRebuilt: the rows say what the events say.
func checkRebuilt(t *testing.T, h *house, all []row) {
	for _, d := range all {
		events, err := h.Journal.Stream(t.Context(), h.DB, "dossier:"+d.id, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		events = slices.DeleteFunc(events, func(e journal.Event) bool { return e.Type == "dossier.due-soon" || e.Type == "dossier.overdue" })
		rebuilt, err := dossier.RebuildStatus(events)
		if err != nil {
			t.Fatal(err)
		}
		detail, err := h.Dossiers.Get(system(t.Context()), d.id, "")
		if err != nil {
			t.Fatal(err)
		}
		if differs := rebuilt.Differs(detail.Dossier); len(differs) > 0 {
			t.Errorf("%s differs from its events in %v", d.number, differs)
		}
	}
}

var (
	citizenNumber = regexp.MustCompile(`\b\d{12}\b`)
	mobile        = regexp.MustCompile(`\b0[35789]\d{8}\b`)
)

// checkNobodyIsReal: numbers begin with a place that does not exist, telephones with
// a prefix that nobody has, and names come from the generator.
func checkNobodyIsReal(t *testing.T, h *house, all []row) {
	ctx := t.Context()
	rows, err := h.DB.Query(ctx, `SELECT answers FROM dossier_answers LIMIT 100000`)
	texts, err := sqldb.Strings(rows, err)
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) < len(all) {
		t.Fatalf("%d answers for %d dossiers", len(texts), len(all))
	}
	for _, text := range texts {
		for _, n := range citizenNumber.FindAllString(text, -1) {
			if !strings.HasPrefix(n, "099") && !strings.HasPrefix(n, "99") { // accounts at banks begin with 99
				t.Errorf("the number %s could be somebody's: %s", n, text)
			}
		}
		for _, n := range mobile.FindAllString(text, -1) {
			if !strings.HasPrefix(n, "050") {
				t.Errorf("the telephone %s could be somebody's: %s", n, text)
			}
		}
	}
	for _, d := range all {
		name := strings.TrimPrefix(d.owner, "Hộ kinh doanh Nhà thuốc ")
		for _, word := range strings.Fields(name) {
			if !demo.KnowsNamePart(word) {
				t.Errorf("%s: the generator does not know %q of %q", d.number, word, d.owner)
			}
		}
	}
}

// checkPapers: who hands a paper in owns its file, receipts and results can be opened,
// though nothing has drawn them yet.
func checkPapers(t *testing.T, h *house, all []row) {
	ctx := t.Context()
	var waiting int
	if err := h.DB.QueryRow(ctx, `SELECT COUNT(*) FROM job_task WHERE kind = 'document.render'`).Scan(&waiting); err != nil {
		t.Fatal(err)
	}
	if waiting > 0 {
		t.Errorf("%d papers wait to be drawn: the first start would be busy with them", waiting)
	}
	files, opened := 0, map[string]bool{}
	for _, d := range all {
		detail, err := h.Dossiers.Get(system(ctx), d.id, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range detail.Papers {
			for _, f := range p.Files {
				files++
				stored, err := h.Files.Get(ctx, f.ID)
				if err != nil {
					t.Fatal(err)
				}
				if detail.Channel == dossier.Online && p.Revision == 0 && p.Code != "" && stored.Owner != detail.Submitter.AccountID {
					t.Errorf("%s: %s belongs to %s", d.number, f.Name, stored.Owner)
				}
			}
		}
		for _, doc := range detail.Documents {
			if opened[doc.Kind+d.procedure] {
				continue
			}
			opened[doc.Kind+d.procedure] = true
			name, pdf, err := h.Dossiers.DocumentFile(system(ctx), d.id, doc.ID)
			if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
				t.Errorf("%s: %s %s cannot be opened: %v", d.number, doc.Name, name, err)
			}
		}
	}
	if files < len(all)/2 {
		t.Errorf("only %d files were handed in with %d dossiers", files, len(all))
	}
	for _, kind := range []string{"01", "02", "03", "05"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(opened)), func(k string) bool { return strings.HasPrefix(k, kind) }) {
			t.Errorf("form %s was never issued", kind)
		}
	}
	for code := range procedures(all) {
		if !opened["result"+code] {
			t.Errorf("no result of %s was issued", code)
		}
	}
}

func procedures(all []row) map[string]int {
	n := map[string]int{}
	for _, d := range all {
		n[d.procedure]++
	}
	return n
}

// checkAccounts: whoever is printed can sign in, and has something to do.
func checkAccounts(t *testing.T, h *house) {
	list, err := demo.Accounts(h.Dir)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]int{}
	for _, a := range list {
		roles[a.Role]++
		in, err := h.Identity.SignIn(t.Context(), a.Login, a.Password, identity.Client{Address: netip.MustParseAddr("127.0.0.1")})
		if err != nil {
			t.Errorf("%s cannot sign in: %v", a.Login, err)
			continue
		}
		if in.Account.Name != a.Name {
			t.Errorf("%s is called %q, not %q", a.Login, in.Account.Name, a.Name)
		}
		actor, err := h.Identity.Actor(t.Context(), in.Account.ID)
		if err != nil {
			t.Fatal(err)
		}
		if a.Role == "citizen" {
			page, err := h.Dossiers.Mine(identity.With(t.Context(), actor), dossier.ListQuery{Limit: 50})
			if err != nil || len(page.Rows) == 0 {
				t.Errorf("citizen %s has no dossier: %v", a.Login, err)
			}
			continue
		}
		agency, err := h.Org.AgencyByCode(t.Context(), a.Agency)
		if err != nil {
			t.Fatalf("%s belongs to %q: %v", a.Login, a.Agency, err)
		}
		if !slices.Contains(actor.RolesAt(agency.ID), a.Role) {
			t.Errorf("%s has no post as %s at %s", a.Login, a.Role, a.Agency)
		}
		if slices.Contains([]string{"counter_clerk", "leader", "records_clerk"}, a.Role) && a.Agency != "H64" {
			page, err := h.Dossiers.Queue(identity.With(t.Context(), actor), dossier.QueueQuery{Queue: dossier.QueueAll, Limit: 5})
			if err != nil || len(page.Rows) == 0 {
				t.Errorf("%s sees no dossier: %v", a.Login, err)
			}
		}
	}
	for _, role := range []string{"citizen", "counter_clerk", "officer", "head", "leader", "records_clerk", "admin", "auditor"} {
		if roles[role] == 0 {
			t.Errorf("nobody is %s", role)
		}
	}
	var out strings.Builder
	if err := demo.PrintAccounts(&out, list); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Đăng nhập", "motcua.anphu", demo.Password, "Công chức một cửa", "Sở Y tế An Bình", list[0].Name} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table of accounts does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Count(out.String(), "\n") != len(list)+1 {
		t.Errorf("the table has %d lines for %d accounts", strings.Count(out.String(), "\n"), len(list))
	}
}

// checkAgain: a second start loads nothing, quickly, and finds the accounts again.
func checkAgain(t *testing.T, h *house) {
	before, err := os.ReadFile(filepath.Join(h.Dir, demo.AccountsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(h.Dir, demo.AccountsFile)); err != nil {
		t.Fatal(err)
	}
	events := len(history(t, h))
	later := build(t, h.DB, friday.AddDate(0, 0, 3)) // another process, some days later
	later.Dir = h.Dir
	report := later.load(t, demo.Options{Dossiers: 5000})
	if report.Loaded || report.Dossiers != 0 {
		t.Errorf("the second load did something: %+v", report)
	}
	if n := len(history(t, later)); n != events {
		t.Errorf("the journal grew from %d to %d events", events, n)
	}
	after, err := os.ReadFile(filepath.Join(h.Dir, demo.AccountsFile))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the accounts are not written again as they were: %v", err)
	}
}

// TestSameAgain: day, seed and size decide everything but the ids.
func TestSameAgain(t *testing.T) {
	load := func(o demo.Options) (demo.Report, []row) {
		h := build(t, sqldbtest.SQLite(t, lines()...), friday)
		r := h.load(t, o)
		r.Took = 0
		all := dossiers(t, h.DB)
		for i := range all {
			all[i].id = ""
		}
		return r, all
	}
	first, a := load(demo.Options{Dossiers: 70, Citizens: 30})
	second, b := load(demo.Options{Dossiers: 70, Citizens: 30})
	if first.Acts != second.Acts || first.InTime != second.InTime || !maps.Equal(first.Statuses, second.Statuses) || !maps.Equal(first.Channels, second.Channels) {
		t.Errorf("two loads differ:\n%+v\n%+v", first, second)
	}
	if !slices.Equal(a, b) {
		for i := range a {
			if i < len(b) && a[i] != b[i] {
				t.Fatalf("two loads differ first in\n%+v\n%+v", a[i], b[i])
			}
		}
		t.Fatalf("two loads have %d and %d dossiers", len(a), len(b))
	}
	if _, c := load(demo.Options{Dossiers: 70, Citizens: 30, Seed: 7}); slices.Equal(a, c) {
		t.Error("another seed gives the same province")
	}
}

// TestEveryStep: in a province of some size a dossier stands at every step of every
// flow today, so that every page has something to show.
func TestEveryStep(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand dossiers take a while")
	}
	h := build(t, sqldbtest.SQLite(t, lines()...), friday)
	report := h.load(t, demo.Options{Dossiers: 1250})
	if len(report.Troubles) > 0 || report.Unvaried > 0 {
		t.Errorf("%d dossiers had trouble and %d were not varied", len(report.Troubles), report.Unvaried)
	}
	here := map[string]int{}
	for _, d := range dossiers(t, h.DB) {
		here[d.procedure+" "+d.step]++
	}
	var steps int
	var missing []string
	for code := range report.Procedures {
		v, err := h.Procedures.Get(t.Context(), code, civil.Date{})
		if err != nil {
			t.Fatal(err)
		}
		comp, err := h.Procedures.Compiled(t.Context(), v.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range comp.Flow("default").Definition().Steps {
			if s.Kind != "end" {
				steps++
				if here[code+" "+s.ID] == 0 {
					missing = append(missing, code+" at "+s.ID)
				}
			}
		}
	}
	// How far a dossier comes by today is drawn: one or the other may not get there.
	if steps < 50 || len(missing) > 2 {
		t.Errorf("of %d steps these have no dossier today: %v", steps, missing)
	}
}

// TestEngines loads a small province on both engines.
func TestEngines(t *testing.T) {
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) {
		h := build(t, db, friday)
		report := h.load(t, demo.Options{Dossiers: 40, Citizens: 20})
		if report.Dossiers != 40 || len(report.Troubles) > 0 {
			t.Errorf("%d dossiers, %d troubles", report.Dossiers, len(report.Troubles))
		}
		all := dossiers(t, db)
		checkOrder(t, h, all)
		checkRebuilt(t, h, all)
	})
}

// TestWeekend: the demo may be loaded on a Sunday evening.
func TestWeekend(t *testing.T) {
	now := civil.MustDate("2026-11-22").At(21, 40)
	h := build(t, sqldbtest.SQLite(t, lines()...), now)
	report := h.load(t, demo.Options{Dossiers: 60, Citizens: 20})
	if report.Statuses[dossier.StatusNew] == 0 || report.Statuses[dossier.StatusProcessing] == 0 {
		t.Errorf("nothing is new or in process on a Sunday: %v", report.Statuses)
	}
	if len(report.Troubles) > 0 {
		t.Errorf("%d dossiers had trouble", len(report.Troubles))
	}
}

func TestRefusals(t *testing.T) {
	t.Run("a house that is lived in", func(t *testing.T) {
		h := build(t, sqldbtest.SQLite(t, lines()...), friday)
		if _, err := h.Org.CreateAgency(system(t.Context()), org.Agency{
			Code: "H56", Name: "Ủy ban nhân dân tỉnh X", Kind: org.KindProvince, Level: org.LevelProvince, ValidFrom: civil.MustDate("2025-07-01"),
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := demo.New(h.Deps).Load(t.Context(), demo.Options{Dossiers: 10}); !errors.Is(err, demo.ErrNotEmpty) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		h := build(t, sqldbtest.SQLite(t, lines()...), friday)
		ctx, cancel := context.WithCancel(t.Context())
		h.Packs = stopping{cancel}
		if _, err := demo.New(h.Deps).Load(ctx, demo.Options{Dossiers: 10}); err == nil {
			t.Fatal("a load that was told to stop went on")
		}
		if now := h.Clock.Now(); !now.Equal(friday) {
			t.Errorf("the clock stands at %s after the interruption", now)
		}
		h.Packs = h
		if _, err := demo.New(h.Deps).Load(t.Context(), demo.Options{Dossiers: 10}); !errors.Is(err, demo.ErrInterrupted) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("before the agencies existed", func(t *testing.T) {
		h := build(t, sqldbtest.SQLite(t, lines()...), civil.MustDate("2025-07-10").At(9, 0))
		if _, err := demo.New(h.Deps).Load(t.Context(), demo.Options{Dossiers: 10}); !errors.Is(err, demo.ErrTooEarly) {
			t.Errorf("got %v", err)
		}
	})
}

// stopping ends the load in the middle.
type stopping struct{ cancel context.CancelFunc }

func (s stopping) LoadPacks(ctx context.Context) error {
	s.cancel()
	return ctx.Err()
}

func TestClock(t *testing.T) {
	var c demo.Clock
	if d := time.Since(c.Now()); d < 0 || d > time.Minute {
		t.Errorf("an untouched clock is off by %s", d)
	}
}
