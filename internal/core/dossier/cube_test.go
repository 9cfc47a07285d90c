package dossier_test

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// monthsOf are so many months from the first of a year on.
func monthsOf(year, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%04d-%02d", year+i/12, i%12+1)
	}
	return out
}

// wrongShares tells what is wrong about the lines of a period: every month counts
// once in the part of time it lies in, and in no other.
func wrongShares(from, to, first, last string, months []string) string {
	lines := dossier.PeriodLines(from, to, first, last)
	for _, month := range months {
		if month < first || month > last {
			continue
		}
		var got [2]int64
		for name, s := range lines {
			if strings.HasPrefix(month, name) {
				got[0] += s[0]
				got[1] += s[1]
			}
		}
		var want [2]int64
		switch {
		case month > to:
		case month < from:
			want[0] = 1
		default:
			want[1] = 1
		}
		if got != want {
			return fmt.Sprintf("%s..%s of %s..%s counts %s %v, want %v, by %v", from, to, first, last, month, got, want, lines)
		}
	}
	return ""
}

// TestPeriodsOfFewLines tries every period of three years in spans of them.
func TestPeriodsOfFewLines(t *testing.T) {
	months := monthsOf(2024, 36)
	most := 0
	for _, first := range []string{"2024-01", "2024-02", "2024-09", "2024-12", "2025-01"} {
		for _, last := range []string{"2025-01", "2025-07", "2025-12", "2026-01", "2026-06", "2026-11", "2026-12"} {
			for _, from := range append([]string{"0000-00", "2023-06", "2027-03"}, months...) {
				for _, to := range append([]string{"9999-99", "2023-06", "2027-03"}, months...) {
					if wrong := wrongShares(from, to, first, last, months); wrong != "" {
						t.Fatal(wrong)
					}
					most = max(most, len(dossier.PeriodLines(from, to, first, last)))
				}
			}
		}
	}
	if most > 16 {
		t.Errorf("%d lines for a period of three years", most)
	}
	rapid.Check(t, func(t *rapid.T) {
		months := monthsOf(2001, 12*rapid.IntRange(1, 30).Draw(t, "years"))
		month := rapid.SampledFrom(append([]string{"0000-00", "1999-12", "2050-01", "9999-99"}, months...))
		ends := []string{rapid.SampledFrom(months).Draw(t, "first"), rapid.SampledFrom(months).Draw(t, "last")}
		slices.Sort(ends)
		if wrong := wrongShares(month.Draw(t, "from"), month.Draw(t, "to"), ends[0], ends[1], months); wrong != "" {
			t.Fatal(wrong)
		}
	})
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"2026-01", "2026-11", 2}, {"2026-01", "9999-99", 2}, {"0000-00", "9999-99", 1}, {"2026-11", "2026-11", 2}, {"2025-01", "2025-12", 3},
		{"2026-06", "2026-11", 7}, {"2027-01", "2027-01", 1},
	} {
		if lines := dossier.PeriodLines(c.from, c.to, "2020-03", "2026-11"); len(lines) != c.want {
			t.Errorf("%s..%s by %d lines %v, want %d", c.from, c.to, len(lines), lines, c.want)
		}
	}
}

// counted is one event that the statistics count, in the columns of dossier_stat.
type counted struct {
	agency, procedure, month string
	n                        [10]int64
}

// kinds are what events add: received at a counter and online, done in time and late,
// refused before and after receipt, withdrawn, taken over, handed over.
var kinds = [][10]int64{
	{1}, {1, 1}, {0, 0, 1, 1, 0, 0, 0, 1}, {0, 0, 1, 0, 1, 0, 0, 1}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1, 0, 1}, {0, 0, 0, 0, 0, 0, 1, 1}, {8: 1}, {9: 1},
}

// byMonths adds events up the plain way: every month of every agency and procedure.
func byMonths(events []counted, agencies []string, q dossier.StatQuery) map[string]dossier.StatRow {
	from, to := cmp.Or(q.From, "0000-00"), cmp.Or(q.To, "9999-99")
	rows := map[string]dossier.StatRow{}
	var open int64
	for _, e := range events {
		if e.month > to || !slices.Contains(agencies, e.agency) {
			continue
		}
		key := map[string]string{"": e.agency, "agency": e.agency, "procedure": e.procedure, "month": e.month}[q.By]
		net := e.n[0] + e.n[8] - e.n[7] - e.n[9]
		if q.By == "month" && e.month < from {
			open += net
			continue
		}
		row := rows[key]
		row.Key = key
		if e.month < from {
			row.Carried += net
		} else {
			row.Received += e.n[0]
			row.Online += e.n[1]
			row.Done += e.n[2]
			row.InTime += e.n[3]
			row.Late += e.n[4]
			row.Refused += e.n[5]
			row.Withdrawn += e.n[6]
			row.Pending += net
			row.MovedIn += e.n[8]
			row.MovedOut += e.n[9]
		}
		rows[key] = row
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		row := rows[key]
		if q.By == "month" {
			row.Carried = open
			open += row.Pending
		}
		row.Pending += row.Carried
		if n := row.InTime + row.Late; n > 0 {
			rate := float64(row.InTime) / float64(n)
			row.OnTime = &rate
		}
		rows[key] = row
	}
	return rows
}

// TestCubeCountsAsMonthsDo counts random events and compares the figures of random
// periods with the plain sum over months: for one who reads everything, one who
// reads a part, and one part of what one reads, with events dated in the future.
func TestCubeCountsAsMonthsDo(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		rng := rand.New(rand.NewPCG(seed, 0))
		district := h.Agency(t, "H99.16", "Phòng Thử nghiệm", h.Province.ID)
		under := h.Agency(t, "H99.16.01", "Trạm Thử nghiệm", district.ID)
		elsewhere := h.Agency(t, "H98", "Ủy ban nhân dân tỉnh Láng Giềng", "")
		province := []string{h.Province.ID, h.Commune.ID, h.Other.ID, district.ID, under.ID}
		months := monthsOf(2023, 60) // the house's clock stands in November 2026
		queries := 0
		ask := func(reader identity.Account, events []counted, agencies []string, q dossier.StatQuery) {
			t.Helper()
			queries++
			list, err := h.Dossiers.Stats(h.As(t, reader), q)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]dossier.StatRow{}
			for _, row := range list {
				row.Name = ""
				got[row.Key] = row
			}
			if want := byMonths(events, agencies, q); !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v of %d events:\n got %+v\nwant %+v", q, len(events), got, want)
			}
		}
		leader, chief, outside := h.Team(t, h.Province).Leader, h.Team(t, district).Leader, h.Team(t, elsewhere).Leader
		if scope := identity.From(h.As(t, leader)).Scope(identity.StatsRead); !slices.Equal(scope, []string{h.Province.Path}) {
			t.Fatalf("the leader of the province reads %v", scope)
		}
		var events []counted
		ask(leader, events, province, dossier.StatQuery{})
		for round := range 6 {
			agencies := province
			if round >= 3 { // from here on the leader of the province does not read everything
				agencies = append(slices.Clone(province), elsewhere.ID)
			}
			if err := h.DB.Tx(context.Background(), func(tx *sqldb.Tx) error {
				for range 50 {
					e := counted{agencies[rng.IntN(len(agencies))], "1.00" + strconv.Itoa(rng.IntN(4)), months[rng.IntN(len(months))], kinds[rng.IntN(len(kinds))]}
					if round == 0 {
						e.month = months[30+rng.IntN(17)] // at first only months gone by
					}
					events = append(events, e)
					if err := dossier.Count(context.Background(), tx, e.agency, e.procedure, e.month, e.n); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for range 60 {
				some := func() string {
					if rng.IntN(6) == 0 {
						return ""
					}
					return append([]string{"1999-01", "2022-12", "2028-01", "2031-05"}, months...)[rng.IntN(len(months)+4)]
				}
				q := dossier.StatQuery{From: some(), To: some(), By: []string{"", "agency", "procedure", "month"}[rng.IntN(4)]}
				ask(leader, events, province, q)
				ask(chief, events, []string{district.ID, under.ID}, q)
				ask(outside, events, []string{elsewhere.ID}, q)
				q.Agency = district.ID
				ask(leader, events, []string{district.ID, under.ID}, q)
			}
		}
		if queries < 1000 {
			t.Errorf("only %d queries", queries)
		}
	})
}

// TestWhatIsOverdueNow counts open, paused and ended dossiers of random due times one by
// one and compares: for one who reads everything, and for one who reads a part. The
// index that each count stands on is the one in its order: that of all dossiers of a
// procedure would lead through everything ever filed.
func TestWhatIsOverdueNow(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		rng := rand.New(rand.NewPCG(7, 8))
		now := sqldb.Millis(h.Clock.Now())
		elsewhere := h.Agency(t, "H98", "Ủy ban nhân dân tỉnh Láng Giềng", "")
		agencies := []org.Agency{h.Province, h.Commune, h.Other, elsewhere}
		leader, chief := h.Team(t, h.Province).Leader, h.Team(t, h.Commune).Leader
		late := map[[2]string]int64{}
		l := &listener{DB: h.DB}
		h.Dossiers.ReadThrough(l)
		for step, some := range [][]org.Agency{agencies[:3], agencies} { // first the leader reads everything, then not
			var heads []head
			for range 300 {
				d := head{at: some[rng.IntN(len(some))], procedure: fmt.Sprintf("1.%06d", rng.IntN(4)), due: now - 1 + rng.Int64N(3)}
				if rng.IntN(2) == 0 {
					d.due = now + rng.Int64N(2e9) - 1e9
				}
				switch rng.IntN(5) {
				case 0:
					d.paused = now - 5
				case 1:
					d.finished = now - 5
				case 2:
					d.due = 0 // none
				default:
					if d.due < now {
						late[[2]string{d.at.ID, d.procedure}]++
					}
				}
				heads = append(heads, d)
			}
			seedHeads(t, h.DB, rng, heads)
			if err := h.DB.Tx(context.Background(), func(tx *sqldb.Tx) error {
				for _, d := range heads {
					if err := dossier.Count(context.Background(), tx, d.at.ID, d.procedure, "2026-10", [10]int64{1}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for _, reader := range []struct {
				account identity.Account
				reads   []org.Agency
			}{{leader, agencies[:3]}, {chief, agencies[1:2]}} {
				for by, key := range map[string]func(at, procedure string) string{
					"agency": func(at, _ string) string { return at }, "procedure": func(_, procedure string) string { return procedure },
				} {
					want := map[string]int64{}
					for _, at := range reader.reads {
						for of, n := range late {
							if of[0] == at.ID {
								want[key(of[0], of[1])] += n
							}
						}
					}
					rows, err := h.Dossiers.Stats(h.As(t, reader.account), dossier.StatQuery{By: by})
					if err != nil {
						t.Fatal(err)
					}
					got := map[string]int64{}
					for _, row := range rows {
						if row.Overdue > 0 {
							got[row.Key] = row.Overdue
						}
					}
					if len(want) == 0 || !maps.Equal(got, want) {
						t.Errorf("%d: past due by %s of %d agencies: %v, want %v", step, by, len(reader.reads), got, want)
					}
				}
			}
		}
		stands := map[string]int{}
		for _, q := range l.heard {
			if h.DB.Dialect() == sqldb.Postgres || !strings.Contains(q.text, "count(*) FROM dossier_dossier") {
				continue // the few rows of a test are no reason for PostgreSQL to choose
			}
			index := "dossier_dossier_late_agency"
			if strings.Contains(q.text, "procedure_code = c.column1") {
				index = "dossier_dossier_late_procedure"
			}
			stands[index]++
			if plan := strings.Join(explain(t, h.DB, q), "; "); !strings.Contains(plan, "COVERING INDEX "+index+" ") {
				t.Errorf("%s is %s", q.text, plan)
			}
		}
		if h.DB.Dialect() == sqldb.SQLite && len(stands) != 2 {
			t.Errorf("counted by %v", stands)
		}
	})
}

// earlierLines are the migrations up to before the cube.
func earlierLines(t testing.TB) []sqldb.Line {
	lines := dossiertest.Lines()
	for i, l := range lines {
		if l.Name != "dossier" {
			continue
		}
		files := fstest.MapFS{}
		names, err := fs.Glob(l.FS, "000[1-4]_*.sql")
		if err != nil || len(names) < 4 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(l.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = &fstest.MapFile{Data: text}
		}
		lines[i].FS = files
	}
	return lines
}

// fillEarlier writes figures as they were kept before the cube.
func fillEarlier(t testing.TB, db *sqldb.DB, rows []counted) {
	if err := db.Tx(context.Background(), func(tx *sqldb.Tx) error {
		for chunk := range slices.Chunk(rows, 500) {
			values := make([]string, len(chunk))
			for i, e := range chunk {
				values[i] = fmt.Sprintf("('%s', '%s', '%s', %s)", e.agency, e.procedure, e.month, strings.Trim(strings.ReplaceAll(fmt.Sprint(e.n), " ", ", "), "[]"))
			}
			if _, err := tx.Exec(context.Background(), `INSERT INTO dossier_stat (agency_id, procedure_code, month, `+strings.Join(dossier.StatColumns(), ", ")+`) VALUES `+strings.Join(values, ", ")); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestFiguresOfBeforeAreCarriedIntoTheCube migrates a house that has figures: its cube
// is the one that would have come of counting the same.
func TestFiguresOfBeforeAreCarriedIntoTheCube(t *testing.T) {
	sqldbtest.Each(t, nil, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		if err := sqldb.Migrate(ctx, db, earlierLines(t)...); err != nil {
			t.Fatal(err)
		}
		var rows []counted
		rng := rand.New(rand.NewPCG(3, 4))
		for _, agency := range []string{"a", "b", "c"} {
			for _, procedure := range []string{"1.001", "1.002"} {
				for _, month := range monthsOf(2024, 27) {
					if e := (counted{agency: agency, procedure: procedure, month: month}); rng.IntN(3) > 0 {
						for i := range e.n {
							e.n[i] = rng.Int64N(1000)
						}
						rows = append(rows, e)
					}
				}
			}
		}
		fillEarlier(t, db, rows)
		if err := sqldb.Migrate(ctx, db, dossiertest.Lines()...); err != nil {
			t.Fatal(err)
		}
		cube := func() []string {
			found, err := sqldb.Strings(db.Query(ctx, `SELECT agency_id || '/' || month || '/' || procedure_code || ' ' || `+strings.Join(dossier.StatColumns(), ` || ' ' || `)+
				` FROM dossier_stat ORDER BY agency_id, month, procedure_code LIMIT 10000`))
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		carried := cube()
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM dossier_stat`); err != nil {
				return err
			}
			for _, e := range rows {
				if err := dossier.Count(ctx, tx, e.agency, e.procedure, e.month, e.n); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		counted := cube()
		if !slices.Equal(carried, counted) || len(counted) < len(rows)+100 {
			t.Errorf("%d lines were carried over, %d come of counting", len(carried), len(counted))
			for i := range min(len(carried), len(counted)) {
				if carried[i] != counted[i] {
					t.Fatalf("%s, want %s", carried[i], counted[i])
				}
			}
		}
	})
}

// BenchmarkStatistics shows the figures of a province of 125 agencies, 12 procedures
// and 7 years, which were carried into the cube, with so many dossiers past due
// (MOTCUA_BENCH_OVERDUE, 8000) among two and a half times as many open ones.
func BenchmarkStatistics(b *testing.B) {
	overdue := 8000
	if n, err := strconv.Atoi(os.Getenv("MOTCUA_BENCH_OVERDUE")); err == nil {
		overdue = n
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			ctx := context.Background()
			url := sqldbtest.SQLiteURL(b)
			if engine == "postgres" {
				url = sqldbtest.PostgresURL(b)
			}
			db, err := sqldb.Open(ctx, url, sqldb.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			if err := sqldb.Migrate(ctx, db, earlierLines(b)...); err != nil {
				b.Fatal(err)
			}
			h := dossiertest.New(b, db)
			agencies := []org.Agency{h.Province, h.Commune, h.Other}
			for i := range 122 {
				agencies = append(agencies, h.Agency(b, fmt.Sprintf("H99.20.%03d", i), fmt.Sprintf("Ủy ban nhân dân xã Số %d", i), h.Province.ID))
			}
			var rows []counted
			for _, agency := range agencies {
				for procedure := range 12 {
					for _, month := range monthsOf(2020, 83) {
						rows = append(rows, counted{agency.ID, fmt.Sprintf("1.%06d", procedure), month, [10]int64{9, 4, 8, 7, 1, 0, 1, 9}})
					}
				}
			}
			fillEarlier(b, db, rows)
			seedOpen(b, h, agencies, overdue)
			began := time.Now()
			if err := sqldb.Migrate(ctx, db, dossiertest.Lines()...); err != nil {
				b.Fatal(err)
			}
			b.Logf("%d rows were carried over in %v", len(rows), time.Since(began))
			if engine == "postgres" {
				if _, err := db.SQL().Exec(`VACUUM ANALYZE`); err != nil {
					b.Fatal(err)
				}
			}
			leader := h.As(b, h.Team(b, h.Province).Leader)
			for _, q := range []dossier.StatQuery{
				{From: "2026-01", To: "2026-11"}, {From: "2026-01", To: "2026-11", By: "procedure"}, {From: "2026-01", To: "2026-11", By: "month"},
				{}, {By: "month"}, {From: "2022-04", To: "2024-09"},
			} {
				b.Run(fmt.Sprintf("%s-%s..%s", cmp.Or(q.By, "agency"), q.From, q.To), func(b *testing.B) {
					for b.Loop() {
						if list, err := h.Dossiers.Stats(leader, q); err != nil || len(list) < 11 {
							b.Fatal(len(list), err)
						}
					}
				})
			}
		})
	}
}

// seedOpen puts open dossiers of agencies, two fifths of them past due.
func seedOpen(b *testing.B, h *dossiertest.House, agencies []org.Agency, overdue int) {
	b.Helper()
	now := sqldb.Millis(h.Clock.Now())
	rng := rand.New(rand.NewPCG(5, 6))
	heads := make([]head, overdue*5/2)
	for i := range heads {
		heads[i] = head{at: agencies[rng.IntN(len(agencies))], procedure: fmt.Sprintf("1.%06d", rng.IntN(12)), due: now - 1 - rng.Int64N(40*86400e3)}
		if rng.IntN(5) > 1 {
			heads[i].due = now + 1 + rng.Int64N(60*86400e3)
		}
	}
	seedHeads(b, h.DB, rng, heads)
}

// head is what the statistics ask of a dossier; 0 is no time.
type head struct {
	at                    org.Agency
	procedure             string
	due, paused, finished int64
}

// seedHeads puts dossiers straight into the table of heads.
func seedHeads(t testing.TB, db *sqldb.DB, rng *rand.Rand, heads []head) {
	t.Helper()
	if err := db.Tx(context.Background(), func(tx *sqldb.Tx) error {
		for chunk := range slices.Chunk(heads, 250) {
			values := make([]string, len(chunk))
			for i, d := range chunk {
				values[i] = fmt.Sprintf("('%032x', '%016x', '%s', '', '', '', '', '', 'online', '%s', '%s', '%s', '%s', '', '', '', '', 1, 4, '', '', 'running', 1, 1, NULLIF(%d, 0), NULLIF(%d, 0), NULLIF(%d, 0), NULL, 0, 0, '', '', 0, 0, '', '', '', 1, 0)",
					rng.Uint64(), rng.Uint64(), d.procedure, d.at.ID, d.at.Path, d.at.ID, d.at.Path, d.due, d.paused, d.finished)
			}
			if _, err := tx.Exec(context.Background(), `INSERT INTO dossier_dossier (id, number, procedure_code, procedure_name, version_id, case_id, offer_id, title, channel, receiving_id, receiving_path, competent_id, competent_path,
				owner_account, owner_name, submitter_account, proxy, sets, status, stage, step, clock, submitted_at, received_at, due_at, paused_at, finished_at, returned_at,
				supplements, late, confidentiality, parent_id, fee_due, fee_paid, receipt_id, entry_id, result_id, version, updated_at) VALUES `+strings.Join(values, ", ")); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
