package reform_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/modules/reform"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// verdict is what the proof counts. All are 0 after a good reform.
type verdict struct{ orphans, doubles, changed, unresolved int }

func (v verdict) String() string {
	return fmt.Sprintf("orphans=%d double_owners=%d changed_history=%d unresolved_old_codes=%d", v.orphans, v.doubles, v.changed, v.unresolved)
}

// past is what must be the same after the reform, row by row.
type past map[string]string

// remember reads the past: ended dossiers, every event, figures of months gone by,
// entries of registers, issued papers, who held which post in June.
func (p *hasp) remember() past {
	out := past{}
	for name, query := range map[string]string{
		"dossier": `SELECT id, number || '|' || status || '|' || competent_id || '|' || receiving_id || '|' || version || '|' || COALESCE(due_at, 0) || '|' || COALESCE(finished_at, 0)
			FROM dossier_dossier WHERE status IN (3, 7, 10)`,
		"number":   `SELECT id, number || '|' || submitted_at || '|' || COALESCE(received_at, 0) || '|' || version_id || '|' || owner_name FROM dossier_dossier`,
		"event":    `SELECT id, stream || '|' || seq || '|' || type || '|' || at || '|' || actor || '|' || data FROM journal_event`,
		"stat":     `SELECT agency_id || '|' || procedure_code || '|' || month, received || '|' || online || '|' || done || '|' || in_time || '|' || late || '|' || closed || '|' || moved_in || '|' || moved_out FROM dossier_stat WHERE month < '2025-07' AND month NOT IN ('2025', '')`,
		"register": `SELECT id, register || '|' || agency_id || '|' || agency_name || '|' || number || '|' || seq || '|' || holder || '|' || state || '|' || data || '|' || rev FROM register_entry`,
		"paper":    `SELECT id, kind || '|' || number || '|' || agency_id || '|' || agency_name || '|' || dossier_number FROM document_paper`,
		"agency":   `SELECT id, code || '|' || name || '|' || valid_from FROM org_agency`,
		"clock":    `SELECT dossier_id || '|' || seq, kind || '|' || at || '|' || reason FROM dossier_clock`,
	} {
		rows, err := p.DB.Query(context.Background(), query+` ORDER BY 1`)
		list, err := sqldb.Collect[[2]string](rows, err)(func(r *sqldb.Rows) (x [2]string, err error) { return x, r.Scan(&x[0], &x[1]) })
		if err != nil {
			p.t.Fatal(name, err)
		}
		for _, x := range list {
			out[name+"/"+x[0]] = fmt.Sprintf("%x", sha256.Sum256([]byte(x[1])))
		}
	}
	june := day.AddDays(-15).At(12, 0)
	for code, team := range p.teams {
		for _, a := range []identity.Account{team.Clerk, team.Officer, team.Head, team.Leader, team.Records} {
			held, err := p.Org.HoldingsOf(context.Background(), a.ID, june)
			if err != nil {
				p.t.Fatal(err)
			}
			for _, h := range held {
				out["held/"+code+"/"+a.ID] += h.PostID + h.AgencyID
			}
		}
	}
	return out
}

// judge counts what is wrong in the house after the reform.
func (p *hasp) judge(before past) (v verdict) {
	ctx := identitytest.AsSystem()
	count := func(query string, args ...any) (n int) {
		p.t.Helper()
		if err := p.DB.QueryRow(ctx, `SELECT COUNT(*) FROM (`+query+`) x`, args...).Scan(&n); err != nil {
			p.t.Fatal(query, err)
		}
		return n
	}
	on := day.String()
	gone := `SELECT id FROM org_agency WHERE valid_to IS NOT NULL AND valid_to < '` + on + `'`
	open := `d.status NOT IN (3, 7, 10) AND (d.status <> 8 OR d.clock = 'paused')`
	v.orphans += count(`SELECT d.id FROM dossier_dossier d WHERE ` + open + ` AND (d.competent_id IN (` + gone + `) OR d.receiving_id IN (` + gone + `))`)
	v.orphans += count(`SELECT d.id FROM dossier_dossier d WHERE ` + open + ` AND NOT EXISTS (SELECT 1 FROM dossier_task t WHERE t.dossier_id = d.id AND t.closed_at IS NULL)`)
	v.orphans += count(`SELECT t.task FROM dossier_task t WHERE t.closed_at IS NULL AND t.agency_id IN (` + gone + `)`)
	v.orphans += count(`SELECT id FROM org_post WHERE closed_at IS NULL AND agency_id IN (` + gone + `)`)
	v.orphans += count(`SELECT id FROM identity_account WHERE kind = 'staff' AND agency_id IN (` + gone + `)`)
	v.orphans += count(`SELECT id FROM register_entry WHERE COALESCE(NULLIF(keeper_id, ''), agency_id) IN (` + gone + `)`)
	v.orphans += count(`SELECT id FROM org_agency a WHERE a.valid_to < '` + on + `' AND NOT EXISTS (SELECT 1 FROM org_succession s WHERE s.from_id = a.id AND s.share = 'heir')`)
	// Paths are copies: they must be those of the owner.
	v.orphans += count(`SELECT d.id FROM dossier_dossier d JOIN org_agency a ON a.id = d.competent_id WHERE a.path <> d.competent_path`)
	v.orphans += count(`SELECT e.id FROM register_entry e JOIN org_agency a ON a.id = COALESCE(NULLIF(e.keeper_id, ''), e.agency_id) WHERE a.path <> e.agency_path`)

	v.doubles += count(`SELECT code FROM org_agency WHERE valid_from <= '` + on + `' AND (valid_to IS NULL OR valid_to >= '` + on + `') GROUP BY code HAVING COUNT(*) > 1`)
	v.doubles += count(`SELECT from_id FROM org_succession WHERE share = 'heir' GROUP BY from_id HAVING COUNT(*) > 1`)
	v.doubles += count(`SELECT x.dossier_id FROM dossier_reach x JOIN dossier_dossier d ON d.id = x.dossier_id WHERE ` + open + ` AND x.key LIKE 'a:%'
		AND x.key NOT LIKE 'a:' || d.competent_id || '%' AND x.key NOT LIKE 'a:' || d.receiving_id || '%'`)
	v.doubles += count(`SELECT h.id FROM org_holding h JOIN org_post q ON q.id = h.post_id WHERE h.ended_at IS NULL AND (h.to_day IS NULL OR h.to_day >= '` + on + `') AND q.closed_at IS NOT NULL`)

	after := p.remember()
	for key, was := range before {
		if after[key] != was {
			v.changed++
			if v.changed <= 5 {
				p.t.Logf("changed: %s", key)
			}
		}
	}
	differences := 0
	if _, err := p.Dossiers.Audit(ctx, func(d dossier.Difference) { differences++; p.t.Log(d) }); err != nil {
		p.t.Fatal(err)
	}
	v.changed += differences

	miss := func(what string, err error) {
		if err != nil {
			v.unresolved++
			if v.unresolved <= 5 {
				p.t.Logf("unresolved %s: %v", what, err)
			}
		}
	}
	for code, a := range p.at {
		then, err := p.Org.AgencyByCodeOn(ctx, code, day.AddDays(-1))
		if err == nil && then.ID != a.ID {
			err = fmt.Errorf("is %s on the eve", then.Name)
		}
		miss(code, err)
		now, err := p.Org.AgencyByCode(ctx, code)
		if err == nil && !now.ValidOn(day) {
			err = fmt.Errorf("leads to %s, which has ended", now.Name)
		}
		miss(code, err)
		if a.Kind == org.KindCommune {
			o, err := p.Procedures.Offer(ctx, dossiertest.Code+"~"+a.ID+"~direct")
			if err == nil {
				var at org.Agency
				if at, err = p.Org.Agency(ctx, o.AgencyID); err == nil && !at.ValidOn(day) {
					err = fmt.Errorf("offered by %s, which has ended", at.Name)
				}
			}
			miss("offer of "+code, err)
		}
	}
	// What the districts offered in construction, the department offers on.
	department, err := p.Org.AgencyByCode(ctx, "H63.18")
	miss("H63.18", err)
	_, err = p.Procedures.Offer(ctx, building+"~"+department.ID+"~direct")
	miss("construction after the districts", err)
	words := p.As(p.t, p.people[0])
	for _, d := range p.dossiers {
		_, err := p.Dossiers.Track(words, d.Number)
		miss(d.Number, err)
	}
	rows, err := p.DB.Query(ctx, `SELECT id FROM register_entry ORDER BY id LIMIT 10000`)
	ids, err := sqldb.Strings(rows, err)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, id := range ids {
		e, err := p.Registers.Public(words, id)
		if err == nil && (e.Agency == "" || e.Number == "") {
			err = fmt.Errorf("shows %+v", e)
		}
		miss("entry "+id, err)
	}
	return v
}

// TestReform carries a three-level province through the abolition of its districts.
func TestReform(t *testing.T) {
	n := 160
	if testing.Short() {
		n = 40 // every place and every way at least once
	}
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) {
		p := newProvince(t, db)
		p.live(n)
		d := p.propose()
		for _, kind := range []reform.Kind{reform.KindAgency, reform.KindPost, reform.KindAccount, reform.KindDossier, reform.KindRegister, reform.KindCalendar, reform.KindOffer} {
			if d.Summary[kind] == 0 {
				t.Errorf("the dry run lists no %s", kind)
			}
		}
		tried := p.effects(d, reform.KindDossier)
		if d, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: d.ID}); err != nil || d.State != reform.Scheduled {
			t.Fatal(d.State, err)
		}
		p.Run(t)
		dues := p.dues()
		before := p.remember()
		p.Clock.Set(day.AddDays(-1).At(23, 59))
		if _, err := p.Jobs.RunDue(context.Background(), p.reforms.Module().Jobs, nil); err != nil {
			t.Fatal(err)
		}
		if v := p.judge(before); v.changed != 0 {
			t.Fatalf("before its day the decree changed something: %s", v)
		}
		if err := p.midnight(); err != nil {
			t.Fatal(err)
		}
		d, err := p.reforms.Decree(identitytest.AsSystem(), d.ID)
		if err != nil || d.State != reform.Applied {
			t.Fatal(d.State, d.Failure, err)
		}
		v := p.judge(before)
		fmt.Printf("reform (%s, %d dossiers, %d open): %s read_only_ms=%d\n", db.Dialect(), n, len(tried), v, d.Took.Milliseconds())
		if v != (verdict{}) {
			t.Error(v)
		}
		if done := p.effects(d, reform.KindDossier); !slices.Equal(tried, done) {
			t.Errorf("the dry run promised otherwise:\n%v\n%v", tried, done)
		}
		for id, due := range p.dues() {
			if was := dues[id]; !was.IsZero() && due.After(was) {
				t.Errorf("dossier %s was promised for %s and is now due %s", id, was, due)
			}
		}
		p.goesOn()
		if v := p.judge(before); v != (verdict{}) {
			t.Errorf("after a day of work: %s", v)
		}
		if _, err := p.reforms.Undo(p.As(t, p.admin), d.ID); !errs.HasCode(err, "reform.too-late") {
			t.Errorf("undo after the day: %v", err)
		}
	})
}

func (p *hasp) effects(d reform.Decree, kind reform.Kind) (out []string) {
	for after := int64(0); ; {
		list, err := p.reforms.Effects(identitytest.AsSystem(), d, kind, after, 500)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range list {
			out = append(out, e.Label+" "+e.FromCode+" → "+e.ToCode)
			after = e.Seq
		}
		if len(list) < 500 {
			slices.Sort(out)
			return out
		}
	}
}

func (p *hasp) dues() map[string]time.Time {
	out := map[string]time.Time{}
	for _, d := range p.dossiers {
		now, err := p.Dossiers.Get(identity.With(p.As(p.t, p.people[0]), identity.System), d.ID, "test")
		if err != nil {
			p.t.Fatal(err)
		}
		out[d.ID] = now.DueAt
	}
	return out
}

// goesOn lets the people of the new agencies work the next morning: every open
// dossier has somebody who can do something with it, and the citizen reads why
// another agency has it.
func (p *hasp) goesOn() {
	t := p.t
	p.Clock.Set(day.At(9, 0))
	worked, told := 0, 0
	for _, d := range p.dossiers {
		now, err := p.Dossiers.Get(identity.With(p.As(t, p.people[0]), identity.System), d.ID, "test")
		if err != nil {
			t.Fatal(err)
		}
		if !now.Open() {
			continue
		}
		able := false
		for _, team := range p.teams {
			for _, a := range []identity.Account{team.Clerk, team.Officer, team.Head, team.Leader, team.Records} {
				actions, err := p.Dossiers.Actions(p.As(t, a), d.ID)
				if errs.Is(err, errs.NotFound) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				able = able || slices.ContainsFunc(actions, func(x dossier.Action) bool { return x.Blocked == nil })
				if able {
					break
				}
			}
		}
		if !able {
			t.Errorf("nobody can work on %s, status %d, at %s", d.Number, now.Status, now.CompetentAgency)
		}
		worked++
		if now.Owner.AccountID == "" || told > 20 {
			continue
		}
		for _, who := range p.people {
			if who.ID != now.Owner.AccountID {
				continue
			}
			items, err := p.Dossiers.Timeline(p.As(t, who), d.ID)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(items, func(i dossier.Item) bool {
				return i.Type == "handed-over" && strings.Contains(i.Title, "Nghị quyết số 1699/NQ-UBTVQH15 ngày 16/06/2025") && strings.Contains(i.Title, "Ủy ban nhân dân")
			}) {
				told++
			}
		}
	}
	if worked == 0 || told == 0 {
		t.Errorf("%d open dossiers, %d told", worked, told)
	}
}

// TestReformProofCanFail forgets one step at a time and asks whether the proof sees it.
func TestReformProofCanFail(t *testing.T) {
	for _, step := range []string{"people", "dossiers", "books", "accounts", "offers"} {
		t.Run(step, func(t *testing.T) {
			if testing.Short() && step != "books" {
				t.Skip("the long edition forgets every step")
			}
			p := newProvince(t, sqldbtest.SQLite(t, lines()...))
			p.live(24)
			d := p.propose()
			if _, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: d.ID}); err != nil {
				t.Fatal(err)
			}
			p.Run(t)
			before := p.remember()
			p.reforms.Skip(step)
			if err := p.midnight(); err != nil {
				t.Logf("refused by the house itself: %v", err)
				return
			}
			if v := p.judge(before); v == (verdict{}) {
				t.Errorf("forgetting %s was not noticed", step)
			} else {
				t.Logf("seen: %s", v)
			}
		})
	}
}
