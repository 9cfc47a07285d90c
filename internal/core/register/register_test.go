package register_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/register"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

const pharmacy = `
code: pharmacy
name: {vi: Sổ cấp giấy chứng nhận, en: Register of certificates}
number: "{n:4}/ĐKKDD-{agency}"
holder: "{business_name}"
holder_numbers: [tax_no]
validity: {amount: 3, unit: year}
fields:
  - {id: business_name, label: {vi: Tên cơ sở, en: Establishment}, from: business_name, public: shown}
  - {id: chief_name, label: {vi: Người phụ trách, en: Pharmacist}, from: chief_name, public: masked}
  - {id: person_no, label: {vi: Số định danh, en: Citizen number}, from: person_no}
  - {id: note, label: {vi: Ghi chú, en: Note}, from: note, public: shown}
  - {id: scope, label: {vi: Phạm vi, en: Scope}, kind: choice, by: officer, require: true, public: shown, options: [{value: retail, label: {vi: Bán lẻ, en: Retail}}]}
  - {id: report_date, label: {vi: Ngày biên bản, en: Report}, kind: date, by: officer}
  - {id: sheets, label: {vi: Số tờ, en: Sheets}, kind: number, by: officer}
public: {search: [number, holder], shown: [number, business_name, chief_name, note, scope, state, valid_from, valid_to]}
`

const birth = `
code: birth
name: {vi: Sổ đăng ký khai sinh, en: Birth register}
number: "{n}/{yyyy}"
holder: "{child_name}"
fields: [{id: child_name, label: {vi: Họ tên, en: Name}, from: child_name}]
`

type room struct {
	*identitytest.House
	s *register.Service
}

func each(t *testing.T, test func(t *testing.T, r room)) {
	sqldbtest.Each(t, append(identitytest.Lines(), register.Line()), func(t *testing.T, db *sqldb.DB) {
		h := identitytest.New(t, db)
		r := room{House: h, s: register.New(db, h.Journal, h.Clock.Now)}
		for _, text := range []string{pharmacy, birth} {
			def, err := register.Decode("r.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			r.tx(t, func(tx *sqldb.Tx) error {
				_, err := r.s.SaveDefinition(identitytest.AsSystem(), tx, "test", def)
				return err
			})
		}
		test(t, r)
	})
}

func (r room) tx(t *testing.T, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := r.DB.Tx(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func (r room) issue(t *testing.T, n register.NewEntry) register.Entry {
	t.Helper()
	for {
		var out register.Entry
		err := r.DB.Tx(context.Background(), func(tx *sqldb.Tx) (err error) {
			out, err = r.s.Issue(identitytest.AsSystem(), tx, n)
			return err
		})
		if errs.HasCode(err, "database.busy") { // a loaded PostgreSQL says "try again", and callers do
			continue
		}
		if err != nil {
			t.Error(err)
		}
		return out
	}
}

func (r room) shop(agencyID, path, name string) register.NewEntry {
	return register.NewEntry{
		Register: "test/pharmacy", AgencyID: agencyID, AgencyPath: path, AgencyName: "Sở Y tế", AgencyAbbr: register.Abbreviation("Sở Y tế"), At: r.Clock.Now(),
		Answers: map[string]any{"business_name": name, "chief_name": "Đặng Thị Hường", "person_no": "099190000001", "tax_no": "0100109106", "note": "Chủ số 099190000001, sinh năm 1990"},
		Result:  map[string]any{"scope": "retail", "report_date": "02/11/2026", "sheets": "3"}, Title: "Giấy chứng nhận", ResultCode: "KQ.G99.000002",
		Holders: []register.Holder{{Name: "Đặng Thị Hường", CitizenNo: "099190000001"}}, DossierID: "d-" + name, DossierNumber: "H99.01-261103-0001",
	}
}

func TestEntriesAreNumberedAndKeepTheirFields(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		e := r.issue(t, r.shop("a", "/a/", "Nhà thuốc Hồng Hà"))
		if e.Number != "0001/ĐKKDD-SYT" || e.Holder != "Nhà thuốc Hồng Hà" || e.Year != 0 || e.State != register.Valid {
			t.Errorf("%+v", e)
		}
		if e.ValidFrom.String() != "2026-11-03" || e.ValidTo.String() != "2029-11-02" {
			t.Errorf("valid %s to %s", e.ValidFrom, e.ValidTo)
		}
		if e.Data["report_date"] != "2026-11-02" || e.Data["sheets"] != 3.0 || e.Data["scope"] != "retail" || e.Data["tax_no"] != nil {
			t.Errorf("data %v", e.Data)
		}
		got, err := r.s.Get(identitytest.AsSystem(), e.ID)
		if err != nil || fmt.Sprint(got.Data) != fmt.Sprint(e.Data) || got.ValidTo != e.ValidTo || len(got.Holders) != 2 || got.RegisterName == "" {
			t.Errorf("read back %+v, %v", got, err)
		}
		// A number that restarts every year and one that never does; agencies count apart.
		line := func(agency string, at time.Time) string {
			return r.issue(t, register.NewEntry{Register: "test/birth", AgencyID: agency, AgencyPath: "/" + agency + "/", At: at, Answers: map[string]any{"child_name": "A"}}).Number
		}
		end := civil.MustDate("2026-12-31").At(16, 0)
		if a, b, c, d := line("a", end), line("a", end), line("b", end), line("a", end.Add(12*time.Hour)); a != "1/2026" || b != "2/2026" || c != "1/2026" || d != "1/2027" {
			t.Errorf("numbers %s %s %s %s", a, b, c, d)
		}
		if n := r.issue(t, r.shop("a", "/a/", "Khác")).Number; n != "0002/ĐKKDD-SYT" {
			t.Errorf("the second: %s", n)
		}
		bad := r.shop("a", "/a/", "Sai")
		bad.Result = map[string]any{"scope": "wholesale", "report_date": "31/02/2026", "sheets": "ba", "admin": true}
		err = r.DB.Tx(context.Background(), func(tx *sqldb.Tx) error { _, err := r.s.Issue(identitytest.AsSystem(), tx, bad); return err })
		ee, ok := errs.As(err)
		if !ok || len(ee.Fields) != 4 {
			t.Errorf("bad result fields: %v", err)
		}
		if n := r.issue(t, r.shop("a", "/a/", "Sau")).Number; n != "0003/ĐKKDD-SYT" {
			t.Errorf("a failed entry took a number: %s", n)
		}
	})
}

func TestNumbersAreNeverGivenTwice(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		var mu sync.Mutex
		seen := map[string]bool{}
		var wg sync.WaitGroup
		for i := range 4 { // package dossier lets more of them take turns
			wg.Go(func() {
				for j := range 30 {
					n := r.issue(t, r.shop("a", "/a/", fmt.Sprintf("N%d-%d", i, j))).Number
					mu.Lock()
					if seen[n] {
						t.Errorf("%s twice", n)
					}
					seen[n] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if !seen["0120/ĐKKDD-SYT"] {
			t.Errorf("%d numbers", len(seen))
		}
	})
}

func TestStatesMoveByTheLawAndLeaveATrace(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		top := r.Agency(t, "H99", "Ủy ban nhân dân tỉnh Thử", "")
		health, other := r.Agency(t, "H99.15", "Sở Y tế", top.ID), r.Agency(t, "H99.16", "Sở Khác", top.ID)
		leader, stranger := r.Staff(t, "lanhdao", "Lãnh Đạo", health, "leader"), r.Staff(t, "nguoila", "Người Lạ", other, "leader")
		e := r.issue(t, r.shop(health.ID, health.Path, "Nhà thuốc"))
		change := func(a identity.Account, to register.State, rev int64) (register.Entry, error) {
			return r.s.ChangeState(r.As(t, a.ID), register.ChangeInput{EntryID: e.ID, To: to, Reason: "Vi phạm", Basis: "QĐ 12/QĐ-SYT", Rev: rev})
		}
		if _, err := change(stranger, register.Suspended, 0); !errs.Is(err, errs.NotFound) {
			t.Errorf("a leader elsewhere: %v", err)
		}
		if _, err := r.s.ChangeState(r.As(t, leader.ID), register.ChangeInput{EntryID: e.ID, To: register.Suspended}); !errs.Is(err, errs.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		suspended, err := change(leader, register.Suspended, e.Rev)
		if err != nil || suspended.State != register.Suspended || suspended.Rev != e.Rev+1 {
			t.Fatalf("%+v, %v", suspended, err)
		}
		if _, err := change(leader, register.Revoked, e.Rev); !errs.HasCode(err, "register.changed") {
			t.Errorf("on an old page: %v", err)
		}
		if _, err := change(leader, register.Valid, 0); err != nil {
			t.Errorf("restored: %v", err)
		}
		if _, err := change(leader, register.Revoked, 0); err != nil {
			t.Errorf("revoked: %v", err)
		}
		for _, to := range []register.State{register.Valid, register.Suspended, register.Revoked} {
			if _, err := change(leader, to, 0); !errs.HasCode(err, "register.move") {
				t.Errorf("from revoked to %s: %v", to, err)
			}
		}
		if _, err := change(leader, register.Expired, 0); !errs.Is(err, errs.Invalid) {
			t.Errorf("expired by hand: %v", err)
		}
		history, err := r.s.History(r.As(t, leader.ID), e.ID)
		if err != nil || len(history) != 4 {
			t.Fatalf("%+v, %v", history, err)
		}
		var kinds []string
		for i, c := range history {
			kinds = append(kinds, c.Kind)
			if c.Seq != i+1 {
				t.Errorf("history is numbered %d at %d", c.Seq, i)
			}
		}
		if strings.Join(kinds, " ") != "issue suspend restore revoke" || history[1].Basis != "QĐ 12/QĐ-SYT" || history[3].Actor != leader.ID {
			t.Errorf("%+v", history)
		}
		events, err := r.Journal.Stream(context.Background(), r.DB, "register:"+e.ID, 0, 10)
		if err != nil || len(events) != 4 || events[3].Type != "register.revoke" {
			t.Errorf("%v, %v", types(events), err)
		}
		// A revoked entry keeps its number for ever.
		found, err := r.s.PublicLookup(context.Background(), "test/pharmacy", e.Number)
		if err != nil || len(found) != 1 || found[0].State != register.Revoked {
			t.Errorf("%+v, %v", found, err)
		}
		if _, err := r.s.Get(r.As(t, stranger.ID), e.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger reads the entry: %v", err)
		}
	})
}

func types(events []journal.Event) (out []string) {
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}

func TestEntriesExpire(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		e := r.issue(t, r.shop("a", "/a/", "Nhà thuốc"))
		forever := r.issue(t, register.NewEntry{Register: "test/birth", AgencyID: "a", AgencyPath: "/a/", At: r.Clock.Now(), Answers: map[string]any{"child_name": "A"}})
		r.Clock.Set(civil.MustDate("2029-11-02").At(23, 0))
		if err := r.s.Expire(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got, _ := r.s.Get(identitytest.AsSystem(), e.ID); got.State != register.Valid {
			t.Errorf("on its last day: %s", got.State)
		}
		r.Clock.Set(civil.MustDate("2029-11-03").At(0, 5))
		got, _ := r.s.Get(identitytest.AsSystem(), e.ID)
		if got.State != register.Valid || got.StateOn(civil.DateOf(r.Clock.Now())) != register.Expired {
			t.Errorf("before the night's work it says %s, means %s", got.State, got.StateOn(civil.DateOf(r.Clock.Now())))
		}
		for range 2 {
			if err := r.s.Expire(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		got, _ = r.s.Get(identitytest.AsSystem(), e.ID)
		still, _ := r.s.Get(identitytest.AsSystem(), forever.ID)
		if got.State != register.Expired || still.State != register.Valid {
			t.Errorf("%s, %s", got.State, still.State)
		}
		if history, err := r.s.History(identitytest.AsSystem(), e.ID); err != nil || len(history) != 2 || history[1].Kind != "expire" || history[1].On.String() != "2029-11-03" {
			t.Errorf("%+v, %v", history, err)
		}
	})
}

func TestThePublicSeesOnlyWhatIsShown(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		ctx := context.Background()
		r.issue(t, r.shop("a", "/a/", "Nhà thuốc Hồng Hà"))
		r.issue(t, r.shop("a", "/a/", "Nhà thuốc Hoàng Hoa"))
		for query, want := range map[string]int{
			"0001/ĐKKDD-SYT": 1, "0001/đkkdd-syt": 1, "0001 dkkdd syt": 1, "Nhà thuốc Hồng": 1, "nha thuoc ho": 2, "hong ha": 1, "Hoàng Hoa": 1, "9999/ĐKKDD-SYT": 0, "không có ai": 0, "099190000001": 0, "hhhhhh": 0,
		} {
			found, err := r.s.PublicLookup(ctx, "test/pharmacy", query)
			if err != nil || len(found) != want {
				t.Errorf("%q finds %d, want %d (%v)", query, len(found), want, err)
			}
			for _, e := range found {
				all := fmt.Sprintf("%+v", e)
				for _, secret := range []string{"099190000001", "Đặng Thị", "0100109106"} {
					if strings.Contains(all, secret) {
						t.Errorf("%q tells %q: %s", query, secret, all)
					}
				}
				if !strings.Contains(all, "Đ. T. Hường") || !strings.Contains(all, "Bán lẻ") {
					t.Errorf("what is shown is missing: %s", all)
				}
			}
		}
		for _, short := range []string{"nha", "", "a"} {
			if _, err := r.s.PublicLookup(ctx, "test/pharmacy", short); !errs.Is(err, errs.Invalid) {
				t.Errorf("%q lists the register: %v", short, err)
			}
		}
		for _, closed := range []string{"test/birth", "test/none"} {
			if _, err := r.s.PublicLookup(ctx, closed, "1/2026"); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s is open: %v", closed, err)
			}
		}
		if list, err := r.s.Registers(ctx, true); err != nil || len(list) != 1 || list[0].ID != "test/pharmacy" {
			t.Errorf("public registers %+v, %v", list, err)
		}
		if name, ok, err := r.s.PublicName(ctx, "test/birth"); ok || err != nil || name != "" {
			t.Errorf("%q %v %v", name, ok, err)
		}
	})
}

func TestOnceOnly(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		ctx := context.Background()
		e := r.issue(t, r.shop("a", "/a/", "Nhà thuốc"))
		find := func(q register.FindQuery) int {
			t.Helper()
			found, err := r.s.FindForHolder(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			return len(found)
		}
		for name, tc := range map[string]struct {
			q    register.FindQuery
			want int
		}{
			"by the owner's number": {register.FindQuery{Numbers: []string{"099190000001"}}, 1},
			"by the field's number": {register.FindQuery{Numbers: []string{"0100109106"}}, 1},
			"by both, once":         {register.FindQuery{Numbers: []string{"099190000001", "0100109106"}}, 1},
			"of the right kind":     {register.FindQuery{Numbers: []string{"099190000001"}, ResultCodes: []string{"KQ.G99.000002", "x"}}, 1},
			"of another kind":       {register.FindQuery{Numbers: []string{"099190000001"}, ResultCodes: []string{"KQ.G99.000009"}}, 0},
			"of somebody else":      {register.FindQuery{Numbers: []string{"099190000002"}}, 0},
			"without a number":      {register.FindQuery{Numbers: []string{"", ""}}, 0},
			"still valid":           {register.FindQuery{Numbers: []string{"099190000001"}, Valid: true}, 1},
		} {
			if got := find(tc.q); got != tc.want {
				t.Errorf("%s: %d, want %d", name, got, tc.want)
			}
		}
		if _, err := r.s.ChangeState(identitytest.AsSystem(), register.ChangeInput{EntryID: e.ID, To: register.Revoked, Reason: "x"}); err != nil {
			t.Fatal(err)
		}
		if got := find(register.FindQuery{Numbers: []string{"099190000001"}, Valid: true}); got != 0 {
			t.Error("a revoked result is offered for reuse")
		}
		citizen := r.Citizen(t, "099190000001", "Đặng Thị Hường")
		if _, err := r.s.Get(r.As(t, citizen.ID), e.ID); err != nil {
			t.Errorf("the holder may not see the entry: %v", err)
		}
	})
}

func TestStaffSearchTheirRegisters(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		top := r.Agency(t, "H99", "Ủy ban nhân dân tỉnh Thử", "")
		a, b := r.Agency(t, "H99.15", "Sở Y tế", top.ID), r.Agency(t, "H99.16", "Sở Khác", top.ID)
		officer := r.Staff(t, "chuyenvien", "Chuyên Viên", a, "officer")
		for i := range 5 {
			r.issue(t, r.shop(a.ID, a.Path, fmt.Sprintf("Nhà thuốc số %d", i)))
			r.issue(t, r.shop(b.ID, b.Path, fmt.Sprintf("Quầy thuốc số %d", i)))
		}
		ctx := r.As(t, officer.ID)
		list := func(q register.ListQuery) []register.Entry {
			t.Helper()
			q.Register = "test/pharmacy"
			got, err := r.s.List(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := list(register.ListQuery{}); len(got) != 5 {
			t.Errorf("%d entries, want those of the officer's agency", len(got))
		}
		first := list(register.ListQuery{Limit: 3})
		rest := list(register.ListQuery{Limit: 3, After: first[2].ID})
		if len(first) != 3 || len(rest) != 2 {
			t.Errorf("pages of %d and %d", len(first), len(rest))
		}
		if got := list(register.ListQuery{Search: "nha thuoc"}); len(got) != 5 {
			t.Errorf("by name %d", len(got))
		}
		if got := list(register.ListQuery{Search: "0002/ĐKKDD-SYT"}); len(got) != 1 {
			t.Errorf("by number %d", len(got))
		}
		if got := list(register.ListQuery{State: register.Revoked}); len(got) != 0 {
			t.Errorf("revoked %d", len(got))
		}
	})
}

func TestMistakesOfADefinitionAreNamed(t *testing.T) {
	def, err := register.Decode("bad.yaml", []byte(`
code: Bad Code
name: {vi: Sổ hỏng}
number: "{yyyy}/{serial}"
holder: "{nobody}"
validity: {amount: 3, unit: moon}
states: [broken]
fields:
  - {id: a, label: {vi: A}}
  - {id: a, label: {vi: A}, from: missing}
  - {id: b, label: {vi: B}, by: officer, from: x}
  - {id: c, label: {vi: C}, by: officer, kind: drawing}
  - {id: d, label: {vi: D}, by: officer, kind: choice}
  - {id: child_birth, label: {vi: Ngày sinh}, from: x, public: shown}
  - {id: owner_no, label: {vi: Số}, from: x, public: masked}
  - {id: e, label: {vi: E}, from: x, public: everybody}
public: {search: [birth], shown: [secret, a]}
`))
	if err != nil {
		t.Fatal(err)
	}
	err = register.Check(def, []string{"x"})
	var problems decl.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{"Bad Code", "{serial}", "exactly once", "nobody", "unit: day", "broken", "stands twice", "no field \"missing\"", "either from the answers", "drawing", "options belong", "child_birth", "owner_no", "everybody", "by \"birth\"", "unknown field \"secret\"", "hidden"} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("nothing is said about %q:\n%s", want, problems.Error())
		}
	}
}

func TestADefinitionChangesOnlyWhenItDiffers(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		def, err := register.Decode("r.yaml", []byte(birth))
		if err != nil {
			t.Fatal(err)
		}
		save := func() (changed bool) {
			r.tx(t, func(tx *sqldb.Tx) (err error) {
				changed, err = r.s.SaveDefinition(identitytest.AsSystem(), tx, "test", def)
				return err
			})
			return changed
		}
		if save() {
			t.Error("the same definition changed something")
		}
		def.Name.VI = "Sổ khác"
		if !save() {
			t.Error("another definition changed nothing")
		}
		// The numbers go on.
		n := register.NewEntry{Register: "test/birth", AgencyID: "a", AgencyPath: "/a/", At: r.Clock.Now(), Answers: map[string]any{"child_name": "A"}}
		if a, b := r.issue(t, n).Number, r.issue(t, n).Number; a != "1/2026" || b != "2/2026" {
			t.Errorf("%s %s", a, b)
		}
	})
}

func TestAbbreviations(t *testing.T) {
	for name, want := range map[string]string{
		"Sở Y tế": "SYT", "Ủy ban nhân dân phường Hồng Hà": "UBND", "UBND xã Đồng Xanh": "UBND", "Sở Xây dựng": "SXD", "Sở Nông nghiệp và Môi trường": "SNNVMT",
		"Trung tâm Phục vụ hành chính công phường Hồng Hà": "TTPVHCC",
	} {
		if got := register.Abbreviation(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
