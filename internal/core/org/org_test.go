package org_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func each(t *testing.T, test func(t *testing.T, h *identitytest.House)) {
	sqldbtest.Each(t, identitytest.Lines(), func(t *testing.T, db *sqldb.DB) { test(t, identitytest.New(t, db)) })
}

func wantField(t *testing.T, err error, name, code string) {
	t.Helper()
	e, ok := errs.As(err)
	if !ok || !slices.ContainsFunc(e.Fields, func(f errs.Field) bool { return f.Name == name && f.Code == code }) {
		t.Errorf("err = %v, want field %s:%s", err, name, code)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !errs.HasCode(err, code) {
		t.Errorf("err = %v, want %s", err, code)
	}
}

func TestTreeHoldsItsInvariants(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "Ủy ban nhân dân tỉnh Thanh Hóa", "")
		ward := h.Agency(t, "H56.15", "Ủy ban nhân dân phường Hạc Thành", root.ID)
		unit := h.Agency(t, "H56.15.02", "Trung tâm Phục vụ hành chính công phường Hạc Thành", ward.ID)

		if want := "/" + root.ID + "/" + ward.ID + "/" + unit.ID + "/"; unit.Path != want {
			t.Errorf("path = %s, want %s", unit.Path, want)
		}
		_, err := h.Org.MoveAgency(ctx, ward.ID, unit.ID, "thử vòng")
		wantField(t, err, "parent_id", "org.cycle")
		_, err = h.Org.MoveAgency(ctx, ward.ID, ward.ID, "thử vòng")
		wantField(t, err, "parent_id", "org.cycle")

		early := org.Agency{Code: "H56.16", Name: "UBND xã Sớm", Kind: org.KindCommune, Level: org.LevelCommune, ParentID: root.ID, ValidFrom: civil.MustDate("2025-06-30")}
		_, err = h.Org.CreateAgency(ctx, early)
		wantField(t, err, "valid_from", "org.before-parent")

		same := early
		same.ValidFrom, same.Code = civil.MustDate("2025-07-01"), "h56.15 "
		_, err = h.Org.CreateAgency(ctx, same)
		wantField(t, err, "code", "org.code-taken")

		_, err = h.Org.CreateAgency(ctx, org.Agency{ParentID: root.ID, Code: "X", Phone: "12", Email: "a@", UnitCode: "1234"})
		for name, code := range map[string]string{"name": "org.required", "code": "agency-id.format", "kind": "org.choose", "level": "org.choose", "unit_code": "org.unit-code"} {
			wantField(t, err, name, code)
		}
	})
}

func TestClosingIsRefusedWithTheList(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		ward := h.Agency(t, "H56.15", "UBND phường Hạc Thành", root.ID)
		clerk := h.Staff(t, "clerk", "Lê Thị Hoa", ward)
		post, _ := h.Post(t, "Công chức tiếp nhận", ward, clerk.ID, "counter_clerk")

		last := civil.MustDate("2026-12-31")
		_, err := h.Org.CloseAgency(ctx, root.ID, last, "sáp nhập")
		wantCode(t, err, "org.agency-has-children")
		_, err = h.Org.CloseAgency(ctx, ward.ID, last, "sáp nhập")
		wantCode(t, err, "org.agency-has-posts")
		if e, _ := errs.As(err); e == nil || !strings.Contains(e.Args["list"].(string), "Công chức tiếp nhận") {
			t.Errorf("the refusal does not name the post: %v", err)
		}
		if err := h.Org.ClosePost(ctx, post.ID); err != nil {
			t.Fatal(err)
		}
		if held, err := h.Org.HoldingsOf(ctx, clerk.ID, h.Clock.Now()); err != nil || len(held) != 0 {
			t.Errorf("a closed post is still held: %v, %v", held, err)
		}
		closed, err := h.Org.CloseAgency(ctx, ward.ID, last, "sáp nhập")
		if err != nil {
			t.Fatal(err)
		}
		if !closed.ValidOn(last) || closed.ValidOn(last.AddDays(1)) {
			t.Errorf("valid to %s", closed.ValidTo)
		}
		_, err = h.Org.CloseAgency(ctx, ward.ID, last, "lần hai")
		wantCode(t, err, "org.agency-closed")

		// The same agency id may be given out again afterwards, not before.
		next := org.Agency{Code: "H56.15", Name: "UBND phường Mới", Kind: org.KindCommune, Level: org.LevelCommune, ParentID: root.ID, ValidFrom: last}
		_, err = h.Org.CreateAgency(ctx, next)
		wantField(t, err, "code", "org.code-taken")
		next.ValidFrom = last.AddDays(1)
		if _, err := h.Org.CreateAgency(ctx, next); err != nil {
			t.Errorf("the code of a closed agency cannot be used again: %v", err)
		}
		if a, err := h.Org.AgencyByCodeOn(ctx, "H56.15", last); err != nil || a.ID != ward.ID {
			t.Errorf("on its last day the code leads to %s, %v", a.Name, err)
		}
		if a, err := h.Org.AgencyByCodeOn(ctx, "H56.15", last.AddDays(1)); err != nil || a.Name != "UBND phường Mới" {
			t.Errorf("the day after the code leads to %s, %v", a.Name, err)
		}
	})
}

func TestMovingTakesTheSubtreeAndCopiesAlong(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		a := h.Agency(t, "H56.15", "UBND phường A", root.ID)
		b := h.Agency(t, "H56.16", "UBND phường B", root.ID)
		unit := h.Agency(t, "H56.15.02", "Trung tâm A", a.ID)
		clerk := h.Staff(t, "clerk", "Lê Thị Hoa", unit, "counter_clerk")
		if _, err := h.Org.MoveAgency(ctx, unit.ID, b.ID, "sắp xếp lại"); err != nil {
			t.Fatal(err)
		}
		moved, err := h.Org.Agency(ctx, unit.ID)
		if err != nil || moved.Path != b.Path+unit.ID+"/" || moved.ParentID != b.ID {
			t.Errorf("moved to %s under %s, %v", moved.Path, moved.ParentID, err)
		}
		acc, err := h.Identity.Lookup(ctx, clerk.ID)
		if err != nil || acc.AgencyPath != moved.Path {
			t.Errorf("the account stayed at %s, %v", acc.AgencyPath, err)
		}
		actor := identity.From(h.As(t, clerk.ID))
		if actor.MayAt(identity.DossierReceive, a.Path) || !actor.MayAt(identity.DossierReceive, moved.Path) {
			t.Error("the scope did not move with the agency")
		}
	})
}

func TestOnlyAdministratorsOfTheSubtreeChangeIt(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		a := h.Agency(t, "H56.15", "UBND phường A", root.ID)
		b := h.Agency(t, "H56.16", "UBND phường B", root.ID)
		admin := h.Staff(t, "adminA", "Quản Trị A", a, "admin")
		clerk := h.Staff(t, "clerkA", "Công Chức A", a, "counter_clerk")
		draft := func(parent, code string) org.Agency {
			return org.Agency{Code: code, Name: "Đơn vị " + code, Kind: org.KindUnit, Level: org.LevelCommune, ParentID: parent}
		}
		for name, tc := range map[string]struct {
			ctx    context.Context
			parent string
			ok     bool
		}{
			"own":        {h.As(t, admin.ID), a.ID, true},
			"neighbour":  {h.As(t, admin.ID), b.ID, false},
			"above":      {h.As(t, admin.ID), root.ID, false},
			"a new root": {h.As(t, admin.ID), "", false},
			"clerk":      {h.As(t, clerk.ID), a.ID, false},
			"visitor":    {context.Background(), a.ID, false},
			"system":     {identitytest.AsSystem(), "", true},
		} {
			code := "H56.15.0" + string(rune('1'+len(name)%9))
			if name == "system" {
				code = "H57"
			}
			_, err := h.Org.CreateAgency(tc.ctx, draft(tc.parent, code))
			if tc.ok && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !tc.ok && !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: err = %v, want not found", name, err)
			}
		}
		// Nothing leaks through editing either: the neighbour does not exist for A's administrator.
		if _, err := h.Org.UpdateAgency(h.As(t, admin.ID), b); !errs.Is(err, errs.NotFound) {
			t.Errorf("editing the neighbour: %v", err)
		}
		if _, err := h.Org.MoveAgency(h.As(t, admin.ID), a.ID, b.ID, "chiếm"); !errs.Is(err, errs.NotFound) {
			t.Errorf("moving under the neighbour: %v", err)
		}
	})
}

func TestEditorsWhoMeetAreToldApart(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		first, second := root, root
		first.Phone = "0237 3852 246"
		if _, err := h.Org.UpdateAgency(ctx, first); err != nil {
			t.Fatal(err)
		}
		second.Address = "35 Đại lộ Lê Lợi"
		_, err := h.Org.UpdateAgency(ctx, second)
		wantCode(t, err, "org.changed-meanwhile")
	})
}

func TestListingFindsWithoutMarksAndPagesWithoutHoles(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		root := h.Agency(t, "H56", "UBND tỉnh Thanh Hóa", "")
		names := []string{"UBND xã Đông Sơn", "UBND phường Hạc Thành", "UBND xã Ân Phú", "UBND xã An Nông", "UBND phường Đào Duy Từ"}
		for i, n := range names {
			h.Agency(t, "H56.1"+string(rune('0'+i)), n, root.ID)
		}
		page, err := h.Org.Agencies(ctx, org.AgencyFilter{Text: "dong son"})
		if err != nil || len(page.Items) != 1 || page.Items[0].Name != names[0] {
			t.Errorf("search without marks: %v, %v", page.Items, err)
		}
		page, err = h.Org.Agencies(ctx, org.AgencyFilter{Text: "h56.12"})
		if err != nil || len(page.Items) != 1 || page.Items[0].Name != names[2] {
			t.Errorf("search by code: %v, %v", page.Items, err)
		}
		var got []string
		after := ""
		for range 10 {
			page, err := h.Org.Agencies(ctx, org.AgencyFilter{ParentID: root.ID, Limit: 2, After: after})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page.Items {
				got = append(got, a.Name)
			}
			if after = page.Next; after == "" {
				break
			}
		}
		want := []string{"UBND phường Đào Duy Từ", "UBND phường Hạc Thành", "UBND xã An Nông", "UBND xã Ân Phú", "UBND xã Đông Sơn"}
		if !slices.Equal(got, want) {
			t.Errorf("pages give %q, want %q", got, want)
		}
		page, err = h.Org.Agencies(ctx, org.AgencyFilter{Under: []string{}})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("an empty scope shows %d agencies, %v", len(page.Items), err)
		}
	})
}

func TestDelegationIsLimitedAndEndsWithItsSource(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		chair := h.Staff(t, "chutich", "Phạm Chủ Tịch", root)
		deputy := h.Staff(t, "phochutich", "Đỗ Phó Chủ Tịch", root)
		third := h.Staff(t, "nguoithuba", "Vũ Thứ Ba", root)
		_, held := h.Post(t, "Chủ tịch", root, chair.ID, "leader")
		today := civil.DateOf(h.Clock.Now())

		in := org.DelegateInput{HoldingID: held.ID, AccountID: deputy.ID, From: today, To: today.AddDays(4), Basis: "Văn bản ủy quyền số 1"}
		open := in
		open.To = civil.Date{}
		_, err := h.Org.Delegate(ctx, open)
		wantField(t, err, "to", "org.delegation-needs-end")
		long := in
		long.To = today.AddDays(400)
		_, err = h.Org.Delegate(ctx, long)
		wantField(t, err, "to", "org.delegation-too-long")
		self := in
		self.AccountID = chair.ID
		_, err = h.Org.Delegate(ctx, self)
		wantField(t, err, "account", "org.delegation-to-self")
		early := in
		early.From = today.AddDays(-1)
		_, err = h.Org.Delegate(ctx, early)
		wantField(t, err, "to", "org.delegation-beyond")

		// The holder delegates themselves, somebody without the right does not.
		if _, err := h.Org.Delegate(h.As(t, third.ID), in); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger delegates: %v", err)
		}
		given, err := h.Org.Delegate(h.As(t, chair.ID), in)
		if err != nil {
			t.Fatal(err)
		}
		actor := identity.From(h.As(t, deputy.ID))
		if !actor.MayAt(identity.DossierApprove, root.Path) || actor.Posts[0].DelegatedFrom != chair.ID {
			t.Errorf("the deputy cannot act: %+v", actor.Posts)
		}
		_, err = h.Org.Delegate(h.As(t, deputy.ID), org.DelegateInput{HoldingID: given.ID, AccountID: third.ID, From: today, To: today.AddDays(1), Basis: "tiếp"})
		wantCode(t, err, "org.delegation-not-further")

		// Last moment of the last day, then over.
		h.Clock.Set(in.To.At(23, 59))
		if !identity.From(h.As(t, deputy.ID)).May(identity.DossierApprove) {
			t.Error("the delegation ended before its last day did")
		}
		h.Clock.Set(in.To.AddDays(1).At(0, 0))
		if identity.From(h.As(t, deputy.ID)).May(identity.DossierApprove) {
			t.Error("the delegation outlived its last day")
		}

		// Ending the source ends what hangs on it, at once.
		h.Clock.Set(today.At(10, 0))
		if err := h.Org.EndHolding(ctx, held.ID, civil.Date{}); err != nil {
			t.Fatal(err)
		}
		h.Clock.Add(time.Second)
		if identity.From(h.As(t, deputy.ID)).May(identity.DossierApprove) || identity.From(h.As(t, chair.ID)).May(identity.DossierApprove) {
			t.Error("a holding goes on after it was ended")
		}
	})
}

func TestAnAccountHoldsAPostOnceAtATime(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		clerk := h.Staff(t, "clerk", "Lê Thị Hoa", root)
		citizen := h.Citizen(t, "038190000012", "Nguyễn Văn Dân")
		post, _ := h.Post(t, "Chuyên viên", root, clerk.ID, "officer")
		_, err := h.Org.Assign(ctx, org.AssignInput{PostID: post.ID, AccountID: clerk.ID})
		wantField(t, err, "account", "org.holds-already")
		_, err = h.Org.Assign(ctx, org.AssignInput{PostID: post.ID, AccountID: citizen.ID})
		wantField(t, err, "account", "org.account-unfit")
		_, err = h.Org.SavePost(ctx, org.Post{AgencyID: root.ID, Title: "Lạ", Roles: []string{"wizard"}})
		wantField(t, err, "roles", "org.role-unknown")
		holders, err := h.Org.Holders(ctx, org.HolderQuery{AgencyID: root.ID, Role: "officer"})
		if err != nil || len(holders) != 1 || holders[0].AccountID != clerk.ID || holders[0].AgencyPath != root.Path {
			t.Errorf("holders = %+v, %v", holders, err)
		}
		if holders, err := h.Org.Holders(ctx, org.HolderQuery{AgencyID: root.ID, Role: "leader"}); err != nil || len(holders) != 0 {
			t.Errorf("holders of another role = %+v, %v", holders, err)
		}
	})
}

func TestCalendarsInheritAndKeepTheirVersions(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		ward := h.Agency(t, "H56.15", "UBND phường A", root.ID)
		police := h.Agency(t, "H56.15.03", "Công an phường A", ward.ID)
		culture := civil.MustDate("2026-11-24")
		before := h.Clock.Now()

		base, err := h.Org.Calendar(ctx, police.ID, time.Time{})
		if err != nil || !base.IsWorking(culture) || base.Version != calendar.National().Version {
			t.Fatalf("without layers: working %v, version %s, %v", base.IsWorking(culture), base.Version, err)
		}
		h.Clock.Add(time.Hour)
		day := calendar.Day{Kind: calendar.Holiday, Name: i18n.Text{VI: "Ngày Văn hóa Việt Nam", EN: "Vietnam Culture Day"}, Basis: "Luật sửa đổi"}
		if _, err := h.Org.SaveCalendarDay(ctx, root.ID, culture, day, "Nghị quyết mới"); err != nil {
			t.Fatal(err)
		}
		// The police post works on Saturday mornings and on that holiday.
		week := calendar.OfficeHours()
		week[time.Saturday] = calendar.MustHours("07:30-11:30")
		h.Clock.Add(time.Hour)
		v, err := h.Org.ChangeCalendar(ctx, org.CalendarChange{AgencyID: police.ID, Week: &week,
			Set: []calendar.Dated{{Date: culture, Day: calendar.Day{Kind: calendar.Ordinary}}}, Reason: "Tiếp nhận cả sáng thứ Bảy"})
		if err != nil || v.Number != 1 {
			t.Fatal(v.Number, err)
		}
		wardCal, err := h.Org.Calendar(ctx, ward.ID, time.Time{})
		if err != nil || wardCal.IsWorking(culture) {
			t.Errorf("the ward did not inherit the holiday: %v", err)
		}
		cal, err := h.Org.Calendar(ctx, police.ID, time.Time{})
		if err != nil || !cal.IsWorking(culture) || !cal.IsWorking(civil.MustDate("2026-11-07")) {
			t.Errorf("the police layer does not lie on top: %v", err)
		}
		if want := calendar.National().Version + "+H56#1+H56.15.03#1"; cal.Version != want {
			t.Errorf("version %s, want %s", cal.Version, want)
		}
		then, err := h.Org.Calendar(ctx, police.ID, before)
		if err != nil || then.Version != base.Version || !then.IsWorking(culture) || then.IsWorking(civil.MustDate("2026-11-07")) {
			t.Errorf("the calendar of the past changed: %s, %v", then.Version, err)
		}

		// Two editors of one version.
		_, err = h.Org.ChangeCalendar(ctx, org.CalendarChange{AgencyID: police.ID, Number: 0, Remove: []civil.Date{culture}, Reason: "chậm chân"})
		wantCode(t, err, "org.changed-meanwhile")
		_, err = h.Org.ChangeCalendar(ctx, org.CalendarChange{AgencyID: police.ID, Number: 1, Remove: []civil.Date{culture}})
		wantField(t, err, "reason", "org.required")
		_, err = h.Org.ChangeCalendar(ctx, org.CalendarChange{AgencyID: police.ID, Number: 1, Reason: "x",
			Set: []calendar.Dated{{Date: culture, Day: calendar.Day{Kind: calendar.Special}}}})
		wantField(t, err, "days.2026-11-24", "calendar.no-hours")

		events, err := h.Journal.Stream(ctx, h.DB, "org:"+police.ID, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		last := events[len(events)-1]
		var data struct {
			Path, Reason string
			Number       int64
		}
		if err := json.Unmarshal(last.Data, &data); err != nil || last.Type != "org.calendar-changed" || data.Path != police.Path || data.Number != 1 || data.Reason == "" {
			t.Errorf("event %s %s, %v", last.Type, last.Data, err)
		}
		versions, err := h.Org.CalendarVersions(ctx, police.ID, 0, 10)
		if err != nil || len(versions) != 1 || versions[0].Layer.Week[time.Saturday].String() != "07:30-11:30" {
			t.Errorf("versions = %+v, %v", versions, err)
		}
	})
}

func TestAChangedNationalCalendarIsJournaledOnce(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		for range 2 {
			if err := h.Org.Start(ctx); err != nil {
				t.Fatal(err)
			}
		}
		events, err := h.Journal.Stream(ctx, h.DB, "org:national", 0, 10)
		if err != nil || len(events) != 1 {
			t.Errorf("%d events, %v; want one", len(events), err)
		}
	})
}

func TestLookupsCostOneQueryASecondAtMost(t *testing.T) {
	db := sqldbtest.SQLite(t, identitytest.Lines()...)
	h := identitytest.New(t, db)
	root := h.Agency(t, "H56", "UBND tỉnh", "")
	ctx, n := sqldb.WithCounter(context.Background())
	for range 100 {
		if _, err := h.Org.Agency(ctx, root.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := n.Load(); got > 5 {
		t.Errorf("%d queries for 100 look-ups", got)
	}
}

func TestPostsAndCalendarsOfTheNeighbourAreOutOfReach(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		a := h.Agency(t, "H56.15", "UBND phường A", root.ID)
		b := h.Agency(t, "H56.16", "UBND phường B", root.ID)
		admin := h.As(t, h.Staff(t, "admin.a", "Quản Trị A", a, "admin").ID)
		clerk := h.Staff(t, "clerk.b", "Công Chức B", b)
		post, held := h.Post(t, "Công chức B", b, clerk.ID, "counter_clerk")
		department, err := h.Org.SaveDepartment(identitytest.AsSystem(), org.Department{AgencyID: b.ID, Name: "Văn phòng"})
		if err != nil {
			t.Fatal(err)
		}
		for name, try := range map[string]func() error{
			"add a post": func() error {
				_, err := h.Org.SavePost(admin, org.Post{AgencyID: b.ID, Title: "Gián điệp", Roles: []string{"leader"}})
				return err
			},
			"change a post": func() error { p := post; p.Roles = []string{"leader"}; _, err := h.Org.SavePost(admin, p); return err },
			"close a post":  func() error { return h.Org.ClosePost(admin, post.ID) },
			"assign": func() error {
				_, err := h.Org.Assign(admin, org.AssignInput{PostID: post.ID, AccountID: clerk.ID})
				return err
			},
			"end a holding": func() error { return h.Org.EndHolding(admin, held.ID, civil.Date{}) },
			"add a department": func() error {
				_, err := h.Org.SaveDepartment(admin, org.Department{AgencyID: b.ID, Name: "X"})
				return err
			},
			"rename a department": func() error {
				_, err := h.Org.SaveDepartment(admin, org.Department{ID: department.ID, Name: "X"})
				return err
			},
			"close a department": func() error { return h.Org.CloseDepartment(admin, department.ID) },
			"close the agency":   func() error { _, err := h.Org.CloseAgency(admin, b.ID, civil.MustDate("2026-12-31"), "x"); return err },
			"change the calendar": func() error {
				_, err := h.Org.SaveCalendarDay(admin, b.ID, civil.MustDate("2026-11-24"), calendar.Day{Kind: calendar.Closed}, "x")
				return err
			},
			"delegate": func() error {
				_, err := h.Org.Delegate(admin, org.DelegateInput{HoldingID: held.ID, AccountID: clerk.ID, To: civil.MustDate("2026-11-10"), Basis: "x"})
				return err
			},
		} {
			if err := try(); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v, want not found", name, err)
			}
		}
	})
}

func TestTwoWritersNeverGetOneCode(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		var made atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := h.Org.CreateAgency(identitytest.AsSystem(), org.Agency{ParentID: root.ID, Code: "H56.99", Name: "UBND xã Trùng", Kind: org.KindCommune, Level: org.LevelCommune})
				switch {
				case err == nil:
					made.Add(1)
				case !errs.Is(err, errs.Invalid):
					t.Errorf("refused with %v", err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Errorf("%d agencies carry one code", made.Load())
		}
	})
}
