package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// listed makes n lines of a list.
func listed(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"ma_so": "1.%06d", "ten": "Thủ tục số %d", "co_quan_ban_hanh": "Bộ Tư pháp", "co_quan_thuc_hien": "Sở Tư pháp", "linh_vuc": "Hộ tịch"}`+"\n", i+1, i+1)
	}
	return []byte(b.String())
}

// page is a full record whose online row is as given.
func page(code, row string) []byte {
	text, err := json.Marshal(map[string]string{
		"ma_thu_tuc": code, "ten_thu_tuc": "Cấp giấy " + code, "so_quyet_dinh": "163/QĐ-BTP", "cap_thuc_hien": "Cấp xã", "linh_vuc": "Hộ tịch", "doi_tuong_thuc_hien": "Công dân Việt Nam",
		"co_quan_thuc_hien": "Ủy ban nhân dân cấp xã", "trinh_tu_thuc_hien": "Bước 1: Nộp.\nBước 2: Nhận.", "cach_thuc_thuc_hien": "Hình thức nộpThời gianPhí, lệ phíMô tả" + row,
		"thanh_phan_ho_so": "--Tên giấy tờMẫu đơn, tờ khaiSố lượngTờ khai1 bản chính", "can_cu_phap_ly": "Tên văn bản pháp lýMã văn bảnLuật Hộ tịch60/2014/QH13", "ket_qua_xu_ly": "Giấy khai sinhMã: KQ.G15.000031Từ khóaKhông có thông tin",
	})
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	sqldbtest.Each(t, roomLines(), func(t *testing.T, db *sqldb.DB) { test(t, furnish(t, db)) })
}

// A run that is killed between any two batches goes on where it stood; nothing is lost,
// nothing is done twice.
func TestKilledAndResumed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.batch = 7
		run, err := h.Prepare(h.ctx, h.upload(listed(50), append(listed(60)[len(listed(50)):], "{broken\n"...)), true)
		if err != nil {
			t.Fatal(err)
		}
		killed := 0
		for {
			ctx, cancel := context.WithCancel(h.ctx)
			h.after = func(context.Context) { cancel() }
			err := h.Process(ctx, run.ID)
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if killed++; killed > 100 {
				t.Fatal("no progress")
			}
		}
		got := h.run(run.ID)
		if want := (Counts{Added: 60, Refused: 1}); got.Counts != want || got.State != Done || got.Done != got.Size {
			t.Errorf("%s %+v %d of %d bytes after %d kills, want %+v", got.State, got.Counts, got.Done, got.Size, killed, want)
		}
		if killed < 5 {
			t.Errorf("only %d kills", killed)
		}
		if n := h.count(`SELECT COUNT(*) FROM catalogue_line WHERE run_id = $1`, run.ID); n != 61 {
			t.Errorf("%d lines accounted for, want 61", n)
		}
		rows, err := h.Rows(h.ctx, run.ID, OutcomeRefused, -1, 0, 10)
		if err != nil || len(rows) != 1 || rows[0].File != 1 || rows[0].Line != 11 {
			t.Errorf("refused: %+v %v, want line 11 of the second file", rows, err)
		}
	})
}

func TestStoppedAndContinued(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.batch = 10
		run, err := h.Start(h.ctx, h.upload(listed(40)), true)
		if err != nil {
			t.Fatal(err)
		}
		h.after = func(ctx context.Context) {
			h.after = nil
			if err := h.Stop(ctx, run.ID); err != nil {
				t.Error(err)
			}
		}
		h.work()
		if got := h.run(run.ID); got.State != Stopped || got.Counts.Added != 10 {
			t.Fatalf("%s %+v after a stop", got.State, got.Counts)
		}
		if err := h.Continue(h.ctx, run.ID); err != nil {
			t.Fatal(err)
		}
		h.work()
		if got := h.run(run.ID); got.State != Done || got.Counts.Added != 40 {
			t.Errorf("%s %+v after going on", got.State, got.Counts)
		}
		if err := h.Stop(h.ctx, run.ID); !errs.HasCode(err, "catalogue.run-state") {
			t.Errorf("a finished run is stopped: %v", err)
		}
	})
}

// Nothing is in force before somebody accepts it; a change makes a new version and
// leaves the old one to the dossiers pinned to it.
func TestReview(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.load(false, page("1.000101", "Trực tuyến5 Ngày làm việcMiễn phí"), page("1.000102", "Trực tuyến1Miễn phí"))
		if first.Counts.Pending != 2 {
			t.Fatalf("%+v", first.Counts)
		}
		if _, err := h.procs.Get(h.ctx, "1.000101", civil.Date{}); !errs.Is(err, errs.NotFound) {
			t.Errorf("published before it was accepted: %v", err)
		}
		if again := h.load(false, page("1.000101", "Trực tuyến5 Ngày làm việcMiễn phí")); again.Counts.Pending != 1 {
			t.Errorf("the same file again: %+v", again.Counts)
		}
		open, err := h.Changes(h.ctx, first.ID, Open, "", "", 10)
		if err != nil || len(open) != 2 {
			t.Fatalf("%d open: %v", len(open), err)
		}
		if err := h.Reject(h.ctx, open[1].ID); err != nil {
			t.Fatal(err)
		}
		if err := h.AcceptAll(h.ctx, first.ID); err != nil {
			t.Fatal(err)
		}
		h.work()
		if err := h.Accept(h.ctx, open[0].ID); !errs.HasCode(err, "catalogue.change-decided") {
			t.Errorf("accepted twice: %v", err)
		}
		v1, err := h.procs.Get(h.ctx, "1.000101", civil.Date{})
		if err != nil || v1.Number != 1 || v1.Def.Channels[0].Term.Amount != 5 {
			t.Fatalf("%+v %v", v1, err)
		}
		if _, err := h.procs.Get(h.ctx, "1.000102", civil.Date{}); !errs.Is(err, errs.NotFound) {
			t.Errorf("rejected and published: %v", err)
		}
		run := h.load(false, page("1.000101", "Trực tuyến7 Ngày làm việcMiễn phí"))
		changed, err := h.Changes(h.ctx, run.ID, Open, KindChanged, "", 10)
		if err != nil || len(changed) != 1 || len(changed[0].Parts) != 1 {
			t.Fatalf("%+v %v", changed, err)
		}
		d := changed[0].Parts[0]
		if d.Part != source.PartChannels || !strings.Contains(d.Old[0], "5 ngày làm việc") || !strings.Contains(d.New[0], "7 ngày làm việc") {
			t.Errorf("difference: %+v", d)
		}
		if err := h.Accept(h.ctx, changed[0].ID); err != nil {
			t.Fatal(err)
		}
		v2, err := h.procs.Get(h.ctx, "1.000101", civil.Date{})
		if err != nil || v2.Number != 2 || v2.Def.Channels[0].Term.Amount != 7 {
			t.Errorf("%+v %v", v2, err)
		}
		pinned, err := h.procs.VersionByID(h.ctx, v1.ID)
		if err != nil || pinned.Def.Channels[0].Term.Amount != 5 {
			t.Errorf("the version of running dossiers changed: %+v %v", pinned, err)
		}
	})
}

// packed publishes a procedure as a pack does.
func (h *house) packed(code string, days int) (v *procedure.Version) {
	h.t.Helper()
	err := h.db.Tx(h.ctx, func(tx *sqldb.Tx) (err error) {
		v, _, err = h.procs.Publish(h.ctx, tx, procedure.Bundle{Pack: "justice", Def: &procedure.Definition{
			Code: code, Name: i18n.V("Của gói"), Level: procedure.Commune, ValidFrom: "2025-07-01",
			Channels: []procedure.Channel{{Kind: procedure.Direct, Term: procedure.Term{Amount: days, Unit: procedure.Day}}},
		}})
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.follow()
	return v
}

// follow lets the subscriber see what happened.
func (h *house) follow() {
	h.t.Helper()
	if err := h.ledger.CatchUp(h.ctx, h.Module().Subscribers...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) inForce(code string) string {
	v, err := h.procs.Get(h.ctx, code, civil.Date{})
	if err != nil {
		return err.Error()
	}
	return v.Pack
}

func TestPacksComeFirst(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const code = "1.000201"
		pack := h.packed(code, 3)
		h.load(true, page(code, "Trực tuyến5 Ngày làm việcMiễn phí"))
		if got := h.inForce(code); got != "justice" {
			t.Fatalf("in force: %s", got)
		}
		e, err := h.Entry(h.ctx, code)
		if err != nil || e.Pack != "justice" || e.VersionID != "" {
			t.Errorf("entry %+v %v", e, err)
		}
		mark := func(do func(ctx context.Context, tx *sqldb.Tx, id string) error) {
			t.Helper()
			if err := h.db.Tx(h.ctx, func(tx *sqldb.Tx) error { return do(h.ctx, tx, pack.ID) }); err != nil {
				t.Fatal(err)
			}
			h.follow()
		}
		mark(h.procs.Withdraw)
		if got := h.inForce(code); got != procedure.Catalogue {
			t.Errorf("without the pack in force: %s", got)
		}
		mark(h.procs.Reinstate)
		if got := h.inForce(code); got != "justice" {
			t.Errorf("with the pack back in force: %s", got)
		}
		if e, err := h.Entry(h.ctx, code); err != nil || e.Pack != "justice" {
			t.Errorf("entry %+v %v", e, err)
		}

		h.load(true, page("1.000202", "Trực tuyến5 Ngày làm việcMiễn phí"))
		if got := h.inForce("1.000202"); got != procedure.Catalogue {
			t.Fatalf("in force: %s", got)
		}
		h.packed("1.000202", 4)
		if got := h.inForce("1.000202"); got != "justice" {
			t.Errorf("a pack took it over, in force: %s", got)
		}
		if again := h.load(true, page("1.000202", "Trực tuyến9 Ngày làm việcMiễn phí")); again.Counts.Changed != 1 || h.inForce("1.000202") != "justice" {
			t.Errorf("the catalogue published over a pack: %+v", again.Counts)
		}
	})
}

func TestCorrections(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const code = "1.000301"
		h.load(true, page(code, "Trực tuyến1Miễn phí"))
		e, err := h.Entry(h.ctx, code)
		if err != nil || !e.Record.Doubtful(source.PartChannels) {
			t.Fatalf("%+v %v", e.Record, err)
		}
		before := e.Score
		form := formOf(e.Record)
		form.Set("way.0.amount", "3")
		form.Set("way.0.unit", "working_day")
		parts, bad := readForm(e.Record, form)
		if len(bad) > 0 || len(parts) != 1 {
			t.Fatalf("%v %v", parts, bad)
		}
		if err := h.Correct(h.ctx, code, parts); err != nil {
			t.Fatal(err)
		}
		check := func(amount, number int, over bool) {
			t.Helper()
			e, err := h.Entry(h.ctx, code)
			if err != nil {
				t.Fatal(err)
			}
			v, err := h.procs.Get(h.ctx, code, civil.Date{})
			if err != nil || v.Def.Channels[0].Term.Amount != amount || v.Number != number {
				t.Errorf("in force: %+v number %d %v, want %d and number %d", v.Def.Channels[0].Term, v.Number, err, amount, number)
			}
			if got := slices.ContainsFunc(e.Record.Doubts, func(d source.Doubt) bool { return d.Why == EditOver }); got != over {
				t.Errorf("the correction is stale: %v, want %v", got, over)
			}
		}
		check(3, 2, false)
		if e, _ := h.Entry(h.ctx, code); e.Score <= before {
			t.Errorf("score %d after the correction, %d before", e.Score, before)
		}
		if again := h.load(true, page(code, "Trực tuyến1Miễn phí")); again.Counts.Same != 1 {
			t.Errorf("%+v", again.Counts)
		}
		check(3, 2, false)
		h.load(true, page(code, "Trực tuyến2Miễn phí"))
		check(3, 3, true)
		if err := h.Restore(h.ctx, code, source.PartChannels); err != nil {
			t.Fatal(err)
		}
		check(0, 4, false)
		form.Set("way.0.amount", "x")
		form.Set("announcement.date", "32/13/2026")
		if _, bad := readForm(e.Record, form); len(bad) != 2 {
			t.Errorf("%v: every mistake is told at once", bad)
		}
	})
}

func TestAListFillsGapsOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.load(true, listed(1))
		h.load(true, page("1.000001", "Trực tuyến5 Ngày làm việcMiễn phí"))
		e, err := h.Entry(h.ctx, "1.000001")
		if err != nil || e.Shape != source.Page || e.Record.Name != "Cấp giấy 1.000001" || e.Record.Announcement.Agency != "Bộ Tư pháp" {
			t.Errorf("%+v %v", e, err)
		}
		if e.Score != 100 {
			t.Errorf("score %d, lacks %v", e.Score, e.Lacks)
		}
		if again := h.load(true, listed(1)); again.Counts.Same != 1 {
			t.Errorf("%+v", again.Counts)
		}
		all, err := h.Standings(h.ctx)
		if err != nil || len(all) != 1 || all[0].Complete != 1 {
			t.Errorf("%+v %v", all, err)
		}
		if list, err := h.Entries(h.ctx, EntryFilter{Text: "cap giay"}); err != nil || len(list) != 1 {
			t.Errorf("%v %v", list, err)
		}
		for whole, want := range map[Wholeness]int{Complete: 1, Lacking: 0, BelowAverage: 0} {
			if list, err := h.Entries(h.ctx, EntryFilter{Whole: whole, Below: all[0].Score}); err != nil || len(list) != want {
				t.Errorf("%s: %v %v", whole, list, err)
			}
		}
	})
}

func TestDeadlines(t *testing.T) {
	cal := calendar.National()
	for _, c := range []struct {
		a    source.Announcement
		want [2]DeadlineState
	}{
		{source.Announcement{Agency: "Bộ Tư pháp", Date: "2026-03-02", Effective: "2026-03-30", Published: "2026-03-16"}, [2]DeadlineState{InTime, InTime}},
		{source.Announcement{Agency: "Bộ Tư pháp", Date: "2026-03-02", Effective: "2026-03-27", Published: "2026-03-17"}, [2]DeadlineState{Late, Late}},
		{source.Announcement{Agency: "UBND tỉnh Thanh Hóa", Date: "2026-03-02", Effective: "2026-03-09", Published: "2026-03-09"}, [2]DeadlineState{InTime, InTime}},
		{source.Announcement{Agency: "Ủy ban nhân dân tỉnh", Date: "2026-03-02", Effective: "2026-03-06", Published: "2026-03-10"}, [2]DeadlineState{Late, Late}},
		{source.Announcement{Date: "2026-03-02"}, [2]DeadlineState{Unknown, Unknown}},
	} {
		got := Deadlines(c.a, cal)
		if got[0].State != c.want[0] || got[1].State != c.want[1] {
			t.Errorf("%+v: %+v, want %v", c.a, got, c.want)
		}
	}
}

func TestOnlyTheCatalogueOfAllIsChangedAtARoot(t *testing.T) {
	h := furnish(t, sqldbtest.SQLite(t, roomLines()...))
	guest := identity.With(t.Context(), identity.Actor{})
	if _, err := h.Start(guest, []string{"x"}, true); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("a visitor starts an import: %v", err)
	}
	local := identity.With(t.Context(), identity.Actor{AccountID: "a", Kind: identity.KindStaff, Posts: []identity.HeldPost{{AgencyPath: "/h56/x/", Perms: []string{identity.AdminCatalogue}}}})
	if _, err := h.Start(local, []string{"x"}, true); !errs.Is(err, errs.NotFound) {
		t.Errorf("a commune starts an import: %v", err)
	}
	if _, err := h.Standings(local); err != nil {
		t.Errorf("a commune may see how complete the catalogue is: %v", err)
	}
}
