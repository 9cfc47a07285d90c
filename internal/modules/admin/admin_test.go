package admin_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/admin"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// office is a small province: ward A with its own administrator, ward B, and
// people of every kind.
type office struct {
	*identitytest.Site
	jobs                         *job.Queue
	packs                        *packRoom
	verified                     int
	root, a, b                   org.Agency
	postA, postB                 org.Post
	heldA, heldB                 org.Holding
	depA, depB                   org.Department
	chief, local, clerkA, clerkB identity.Account
	citizen                      identity.Account
}

// packRoom stands for the room that loads packs.
type packRoom struct {
	state    []admin.PackState
	loaded   []admin.PackFiles
	problems []admin.PackProblem
	undone   int
}

func (p *packRoom) Loaded(context.Context) ([]admin.PackState, error) { return p.state, nil }
func (p *packRoom) History(context.Context, string) ([]admin.PackLoad, error) {
	return []admin.PackLoad{{Number: 2, Version: 2, State: "current", LoadedBy: "system"}, {Number: 1, Version: 1, State: "replaced", LoadedBy: "system"}}, nil
}
func (p *packRoom) Plan(_ context.Context, f admin.PackFiles) (admin.PackPlan, error) {
	return admin.PackPlan{Code: "thu", Name: i18n.V("Gói thử"), Version: 3, Problems: p.problems, Cases: 4, Changes: []admin.PackChange{
		{Kind: "changed", What: "procedure", ID: "1.001193", Name: "Đăng ký khai sinh", Fields: []admin.PackField{{Path: "channels[online].term.amount", Old: "2", New: "1"}}},
	}}, nil
}
func (p *packRoom) Load(_ context.Context, f admin.PackFiles) error {
	if len(p.problems) > 0 {
		return errs.New(errs.Invalid, "admin.pack-missing")
	}
	p.loaded = append(p.loaded, f)
	return nil
}
func (p *packRoom) Rollback(context.Context, string) error { p.undone++; return nil }

func lines() []sqldb.Line {
	return append(identitytest.Lines(), admin.Line(), job.Line(), procedure.Line())
}

func each(t *testing.T, test func(t *testing.T, o *office)) {
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) { test(t, open(t, db)) })
}

func open(t *testing.T, db *sqldb.DB) *office {
	t.Helper()
	h := identitytest.New(t, db)
	o := &office{packs: &packRoom{state: []admin.PackState{{Code: "thu", Name: i18n.V("Gói thử"), Version: 2, LoadedAt: h.Clock.Now(), LoadedBy: "system"}}}}
	o.jobs = job.New(db, job.Options{Now: h.Clock.Now})
	room, err := admin.New(admin.Deps{
		DB: db, Org: h.Org, Identity: h.Identity, Jobs: o.jobs, Ledger: h.Journal, Packs: o.packs, PublicURL: "https://motcua.example/", Now: h.Clock.Now,
		Catalogue: procedure.New(procedure.Deps{DB: db, Journal: h.Journal, Agencies: h.Org, Now: h.Clock.Now}),
		System: admin.System{Version: "1.2.3", Started: h.Clock.Now().Add(-50 * time.Hour),
			Checks: func() []module.Check {
				return []module.Check{{Name: "check.good", Run: func(context.Context) error { return nil }}, {Name: "check.bad", Run: func(context.Context) error { return errors.New("canary-path") }}}
			},
			Verify:     func(context.Context) (journal.Report, error) { o.verified++; return journal.Report{Events: 12}, nil },
			RetryEvent: func(context.Context, string, int64) error { return errors.New("again") },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Site = h.Serve(t, []module.Module{room.Module()}, nil)
	o.root = h.Agency(t, "H56", "Ủy ban nhân dân tỉnh Thử", "")
	o.a = h.Agency(t, "H56.15", "Ủy ban nhân dân phường A", o.root.ID)
	o.b = h.Agency(t, "H56.16", "Ủy ban nhân dân phường B", o.root.ID)
	o.chief = h.Staff(t, "quantri.tinh", "Trần Quản Trị", o.root, "admin", "auditor")
	o.local = h.Staff(t, "quantri.a", "Lê Quản Trị", o.a, "admin", "auditor")
	o.clerkA = h.Staff(t, "canbo.a", "Phạm Cán Bộ", o.a)
	o.clerkB = h.Staff(t, "canbo.b", "Bùi Cán Bộ", o.b)
	o.postA, o.heldA = h.Post(t, "Công chức một cửa A", o.a, o.clerkA.ID, "counter_clerk")
	o.postB, o.heldB = h.Post(t, "Công chức một cửa B", o.b, o.clerkB.ID, "counter_clerk")
	for dep, at := range map[*org.Department]org.Agency{&o.depA: o.a, &o.depB: o.b} {
		if *dep, err = h.Org.SaveDepartment(identitytest.AsSystem(), org.Department{AgencyID: at.ID, Name: "Văn phòng"}); err != nil {
			t.Fatal(err)
		}
	}
	o.citizen = h.Citizen(t, "038190000012", "Nguyễn Thị Dân")
	return o
}

func (o *office) as(t *testing.T, login string) *identitytest.Browser {
	t.Helper()
	b := o.Browser(t)
	b.SignIn(login)
	return b
}

func routes(t *testing.T, o *office) []string {
	t.Helper()
	room, err := admin.New(admin.Deps{DB: o.DB, Org: o.Org, Identity: o.Identity, Jobs: o.jobs, Ledger: o.Journal, Packs: o.packs,
		Catalogue: procedure.New(procedure.Deps{DB: o.DB, Journal: o.Journal, Agencies: o.Org}),
		System: admin.System{Checks: func() []module.Check { return nil }, Verify: func(context.Context) (journal.Report, error) { return journal.Report{}, nil },
			RetryEvent: func(context.Context, string, int64) error { return nil }}})
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for _, r := range room.Module().Routes {
		patterns = append(patterns, r.Pattern)
	}
	return patterns
}

// Every route × every kind of person × an own and a foreign object. A route that is
// added shows up here by itself.
func TestAccessMatrix(t *testing.T) {
	o := open(t, sqldbtest.SQLite(t, lines()...))
	// What concerns the whole system, a commune's administrator never sees.
	system := func(path string) bool {
		for _, p := range []string{"/quan-tri/goi", "/quan-tri/viec-cho", "/quan-tri/he-thong", "/quan-tri/tai-khoan/cong-dan", "/quan-tri/nhat-ky/kiem-tra"} {
			if strings.HasPrefix(path, p) {
				return true
			}
		}
		return false
	}
	fill := func(path string, own bool) string {
		agency, post, held, dep, account := o.a, o.postA, o.heldA, o.depA, o.clerkA
		if !own {
			agency, post, held, dep, account = o.b, o.postB, o.heldB, o.depB, o.clerkB
		}
		id := agency.ID
		if strings.HasPrefix(path, "/quan-tri/tai-khoan/") {
			id = account.ID
		}
		return strings.NewReplacer("{id}", id, "{post}", post.ID, "{holding}", held.ID, "{department}", dep.ID, "{code}", "thu", "{upload}", "khong-co", "{subscriber}", "x", "{position}", "1").Replace(path)
	}
	visitor := o.Browser(t)
	people := map[string]*identitytest.Browser{
		"citizen": o.as(t, "038190000012"), "clerk": o.as(t, "canbo.a"), "commune": o.as(t, "quantri.a"), "province": o.as(t, "quantri.tinh"),
	}
	for _, pattern := range routes(t, o) {
		method, path, _ := strings.Cut(pattern, " ")
		foreign := strings.Contains(path, "{id}") || strings.Contains(path, "{post}")
		if p := visitor.Do(method, fill(path, true), "", nil); p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, "/dang-nhap") {
			t.Errorf("%s lets a visitor in: %d", pattern, p.Status)
		}
		for _, who := range []string{"citizen", "clerk"} {
			if p := people[who].Do(method, fill(path, true), "", nil); p.Status != http.StatusNotFound {
				t.Errorf("%s lets a %s in: %d", pattern, who, p.Status)
			}
		}
		// GETs only from here on: a POST of the right person would change what the next row needs.
		if method != http.MethodGet {
			if foreign && !system(path) {
				if p := people["commune"].Do(method, fill(path, false), "", nil); p.Status != http.StatusNotFound {
					t.Errorf("%s lets the neighbour's administrator in: %d", pattern, p.Status)
				}
			}
			if system(path) {
				if p := people["commune"].Do(method, fill(path, true), "", nil); p.Status != http.StatusNotFound {
					t.Errorf("%s lets a commune into the whole system: %d", pattern, p.Status)
				}
			}
			continue
		}
		own := people["commune"].Get(fill(path, true))
		switch {
		case system(path):
			if own.Status != http.StatusNotFound {
				t.Errorf("%s lets a commune into the whole system: %d", pattern, own.Status)
			}
		case strings.HasSuffix(path, "{code}"):
			// Nothing is published here.
		case own.Status != http.StatusOK && own.Status != http.StatusSeeOther:
			t.Errorf("%s refuses the commune's own: %d", pattern, own.Status)
		}
		if foreign && !system(path) {
			p := people["commune"].Get(fill(path, false))
			nowhere := people["commune"].Get(strings.NewReplacer(o.b.ID, "khong-co", o.postB.ID, "khong-co", o.clerkB.ID, "khong-co").Replace(fill(path, false)))
			if p.Status != http.StatusNotFound || p.Status != nowhere.Status {
				t.Errorf("%s shows the neighbour's: %d (nothing there: %d)", pattern, p.Status, nowhere.Status)
			}
			if strings.Contains(p.Text(), "phường B") {
				t.Errorf("%s names the neighbour", pattern)
			}
		}
		if p := people["province"].Get(fill(path, false)); p.Status >= 500 || p.Status == http.StatusNotFound && !strings.Contains(path, "{code}") {
			t.Errorf("%s for the province: %d", pattern, p.Status)
		}
	}
}

func TestListsShowTheScopeOnly(t *testing.T) {
	o := open(t, sqldbtest.SQLite(t, lines()...))
	commune, province := o.as(t, "quantri.a"), o.as(t, "quantri.tinh")
	for path, want := range map[string][2]bool{ // does the commune see B, does the province
		"/quan-tri/co-quan":                     {false, true},
		"/quan-tri/co-quan?q=phuong":            {false, true},
		"/quan-tri/co-quan?loai=commune":        {false, true},
		"/quan-tri/tai-khoan":                   {false, true},
		"/quan-tri/tai-khoan?q=bui":             {false, true},
		"/quan-tri/nhat-ky":                     {false, false},
		"/quan-tri/tai-khoan/them":              {false, true},
		"/quan-tri/nhat-ky?nguoi=quantri.a":     {false, true},
		"/quan-tri/co-quan/" + o.a.ID + "/lich": {false, false},
	} {
		for i, b := range []*identitytest.Browser{commune, province} {
			p := b.Get(path)
			sees := strings.Contains(p.Body, "phường B") || strings.Contains(p.Body, "Bùi Cán Bộ")
			if p.Status != http.StatusOK || sees != want[i] && path != "/quan-tri/nhat-ky" {
				t.Errorf("%s for %d: %d, sees the neighbour %v", path, i, p.Status, sees)
			}
		}
	}
	if p := commune.Get("/quan-tri/nhat-ky?nguoi=canbo.b"); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("the journal of a neighbour: %d", p.Status)
	}
	if p := commune.Get("/quan-tri/nhat-ky?luong=org:" + o.b.ID); strings.Contains(p.Body, o.b.ID+`"`) && strings.Contains(p.Text(), "Thêm cơ quan") {
		t.Error("the journal of the neighbour by stream")
	}
}

func TestAgenciesFromTheFirstToTheLastDay(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		add := "/quan-tri/co-quan/" + o.a.ID + "/them"
		p := b.Post(add, "name", "", "code", "sai mã", "kind", "unit", "level", "commune", "valid_from", "31/02/2026", "address", "Số 9 phố Huế")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Số 9 phố Huế"`) || !p.Has(`value="sai mã"`) || !p.Has(`href="#f-valid_from"`) {
			t.Errorf("%d: %s", p.Status, p.Text())
		}
		p = b.Post(add, "name", "Trạm Y tế phường A", "short_name", "Trạm Y tế A", "code", "h56.15.04", "kind", "unit", "level", "commune", "valid_from", "01/01/2026", "phone", "x")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`href="#f-phone"`) || p.Has(`href="#f-code"`) {
			t.Errorf("%d: %s", p.Status, p.Text())
		}
		p = b.Post(add, "name", "Trạm Y tế phường A", "short_name", "Trạm Y tế A", "code", "h56.15.04", "kind", "unit", "level", "commune", "valid_from", "01/01/2026", "receives", "true")
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", p.Status, p.Text())
		}
		unit := p.Location
		if p = b.Get(unit); !strings.Contains(p.Text(), "H56.15.04") || !strings.Contains(p.Text(), "Đã thêm cơ quan") {
			t.Errorf("%s", p.Text())
		}
		// Two editors.
		first, second := b.Get(unit+"/sua"), b.Get(unit+"/sua")
		if first.Body != second.Body && first.Status != 200 {
			t.Fatal(first.Status)
		}
		fields := []string{"rev", "1", "name", "Trạm Y tế phường A mới", "code", "H56.15.04", "kind", "unit", "level", "commune", "valid_from", "01/01/2026"}
		if p = b.Post(unit+"/sua", fields...); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(unit+"/sua", fields...); p.Status != http.StatusConflict || !p.Has(`value="Trạm Y tế phường A mới"`) {
			t.Errorf("the second editor: %d", p.Status)
		}
		if p = b.Post(unit+"/chuyen", "parent", "H56.16", "reason", "sắp xếp"); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "Không tìm thấy cơ quan có mã này trong phạm vi quản lý") {
			t.Errorf("moving to the neighbour: %d %s", p.Status, p.Text())
		}
		if p = b.Post("/quan-tri/co-quan/"+o.a.ID+"/ket-thuc", "valid_to", "31/12/2026", "reason", "sáp nhập"); p.Status != http.StatusConflict || !strings.Contains(p.Text(), "còn 1 đơn vị trực thuộc") || !p.Has("sáp nhập") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(unit+"/ket-thuc", "valid_to", "31/12/2026", "reason", "giải thể"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get("/quan-tri/co-quan?q=tram%20y%20te"); !strings.Contains(p.Text(), "đến 31/12/2026") {
			t.Errorf("%s", p.Text())
		}
	})
}

func TestPostsAndWhoHoldsThem(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		posts := "/quan-tri/co-quan/" + o.a.ID + "/vi-tri"
		p := b.Post(posts+"/them", "title", "Trưởng phòng")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Trưởng phòng"`) || !strings.Contains(p.Text(), "Hãy chọn ít nhất một vai trò") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		p = b.Post(posts+"/them", "title", "Trưởng phòng", "roles", "head", "roles", "officer", "department_id", o.depB.ID)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("a department of the neighbour: %d", p.Status)
		}
		p = b.Post(posts+"/them", "title", "Trưởng phòng", "roles", "head", "roles", "officer", "department_id", o.depA.ID)
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		post := p.Location
		p = b.Post(post+"/phan-cong", "account", "canbo.b", "from", "03/11/2026", "basis", "Quyết định 9")
		if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "Không tìm thấy cán bộ có tên đăng nhập này") || !p.Has(`value="Quyết định 9"`) {
			t.Errorf("somebody of the neighbour: %d %s", p.Status, p.Text())
		}
		if p = b.Post(post+"/phan-cong", "account", "canbo.a", "from", "04/11/2026", "to", "03/11/2026"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(post+"/phan-cong", "account", "CanBo.A", "from", "03/11/2026"); p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		holdings, err := o.Org.PostHoldings(t.Context(), strings.TrimPrefix(post, "/quan-tri/vi-tri/"))
		if err != nil || len(holdings) != 1 {
			t.Fatal(holdings, err)
		}
		held := post + "/nguoi-giu/" + holdings[0].ID
		if p = b.Post(held+"/uy-quyen", "account", "quantri.a", "from", "03/11/2026", "basis", "Văn bản 1"); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "Ủy quyền phải có ngày kết thúc") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(held+"/uy-quyen", "account", "quantri.a", "from", "03/11/2026", "to", "10/11/2026", "basis", "Văn bản 1"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get(post); !strings.Contains(p.Text(), "được Phạm Cán Bộ ủy quyền") {
			t.Errorf("%s", p.Text())
		}
		if p = b.Post(held+"/ket-thuc", "when", "day"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(held + "/ket-thuc"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(held+"/ket-thuc", "when", "now"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if holdings, err = o.Org.PostHoldings(t.Context(), strings.TrimPrefix(post, "/quan-tri/vi-tri/")); err != nil || len(holdings) != 0 {
			t.Errorf("still held: %v, %v", holdings, err)
		}
		if p = b.Post(post + "/dong"); p.Status != http.StatusSeeOther {
			t.Errorf("%d", p.Status)
		}
		if p = b.Get(post); p.Status != http.StatusNotFound {
			t.Errorf("a closed post: %d", p.Status)
		}
		dep := "/quan-tri/co-quan/" + o.a.ID + "/phong-ban/"
		if p = b.Post(dep+o.depA.ID, "name", ""); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(dep+"them", "name", "Phòng Kinh tế"); p.Status != http.StatusSeeOther {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(dep + o.depA.ID + "/dong"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
	})
}

func TestAccounts(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		p := b.Post("/quan-tri/tai-khoan/them", "login", "Sai Tên", "name", "Vũ Mới", "agency", "H56.16")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Vũ Mới"`) || !strings.Contains(p.Text(), "Không tìm thấy cơ quan có mã này") || !p.Has(`href="#f-login"`) {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		p = b.Post("/quan-tri/tai-khoan/them", "login", "vu.moi", "name", "Vũ Mới", "agency", "H56.15")
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		page := p.Location
		if p = b.Get(page); !strings.Contains(p.Text(), "Chưa đặt mật khẩu") || !strings.Contains(p.Text(), "Chưa giữ vị trí nào") {
			t.Errorf("%s", p.Text())
		}
		p = b.Post(page + "/lien-ket")
		if p.Status != http.StatusCreated || !p.Has("https://motcua.example/dat-mat-khau/") || p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %s", p.Status, p.Header.Get("Cache-Control"))
		}
		if b.Get(page).Has("/dat-mat-khau/") {
			t.Error("the link is shown twice")
		}
		if p = b.Post(page, "rev", "1", "name", "Vũ Đã Đổi", "agency", "H56.16"); p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Vũ Đã Đổi"`) {
			t.Errorf("to the neighbour: %d", p.Status)
		}
		if p = b.Post(page, "rev", "1", "name", "Vũ Đã Đổi", "agency", "H56.15", "phone", "0912345678"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(page+"/trang-thai", "state", "suspended"); p.Status != http.StatusUnprocessableEntity || !p.Has("checked") {
			t.Errorf("without a reason: %d", p.Status)
		}
		if p = b.Post(page+"/trang-thai", "state", "suspended", "reason", "nghỉ phép dài"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post("/quan-tri/tai-khoan/"+o.local.ID+"/trang-thai", "state", "suspended", "reason", "tự khóa"); p.Status != http.StatusConflict {
			t.Errorf("oneself: %d", p.Status)
		}

		chief := o.as(t, "quantri.tinh")
		if p = chief.Post("/quan-tri/tai-khoan/cong-dan", "kind", "citizen", "q", "dan"); p.Status != http.StatusUnprocessableEntity || !p.Has(`value="dan"`) || !p.Has(`href="#f-purpose"`) {
			t.Errorf("without a purpose: %d %s", p.Status, p.Text())
		}
		p = chief.Post("/quan-tri/tai-khoan/cong-dan", "kind", "citizen", "q", "thi dan", "purpose", "Công dân quên mật khẩu")
		if p.Status != http.StatusOK || !strings.Contains(p.Text(), "Nguyễn Thị Dân") || p.Has("038190000012") || !strings.Contains(p.Text(), "0381******12") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = chief.Get("/quan-tri/tai-khoan/" + o.citizen.ID); p.Status != http.StatusOK || p.Has("038190000012") || p.Has("0912345678") {
			t.Errorf("a citizen's page is not masked: %d", p.Status)
		}
		events, err := o.Journal.Browse(t.Context(), o.DB, journal.BrowseFilter{Actor: o.chief.ID, Type: "identity.accounts-searched"})
		if err != nil || len(events) != 1 || events[0].Purpose != "Công dân quên mật khẩu" {
			t.Errorf("search journaled %d times, %v", len(events), err)
		}
	})
}

func TestEveryListIsPaged(t *testing.T) {
	o := open(t, sqldbtest.SQLite(t, lines()...))
	ctx := identitytest.AsSystem()
	hash, err := o.Identity.HashPassword(ctx, identitytest.Password)
	if err != nil {
		t.Fatal(err)
	}
	var many []identity.NewAccount
	for i := range 120 {
		many = append(many, identity.NewAccount{Kind: identity.KindStaff, Login: "nv" + string(rune('a'+i/26)) + string(rune('a'+i%26)), Name: "Nguyễn Văn " + string(rune('A'+i%26)), AgencyID: o.a.ID, Hash: hash})
	}
	if _, err := o.Identity.CreateAccounts(ctx, many); err != nil {
		t.Fatal(err)
	}
	b := o.as(t, "quantri.tinh")
	seen, path := 0, "/quan-tri/tai-khoan"
	for range 10 {
		p := b.Get(path)
		n := strings.Count(p.Body, "<tr") - 1
		if n > 50 {
			t.Errorf("%d rows on one page", n)
		}
		seen += n
		_, rest, more := strings.Cut(p.Body, `href="/quan-tri/tai-khoan?sau=`)
		if !more || !strings.Contains(p.Body, `rel="next"`) {
			break
		}
		cursor, _, _ := strings.Cut(rest, `"`)
		path = "/quan-tri/tai-khoan?sau=" + cursor
	}
	if seen != 124 {
		t.Errorf("the pages show %d accounts, there are 124", seen)
	}
	counted, n := sqldb.WithCounter(o.As(t, o.chief.ID))
	if _, err := o.Identity.Search(counted, identity.AccountFilter{Kind: identity.KindStaff}); err != nil || n.Load() > 2 {
		t.Errorf("%d queries for a page of accounts, %v", n.Load(), err)
	}
}

func TestCalendarOfAnAgency(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		cal := "/quan-tri/co-quan/" + o.a.ID + "/lich"
		if p := b.Get("/quan-tri/lich"); p.Location != cal {
			t.Errorf("led to %s", p.Location)
		}
		if p := b.Get(cal + "?nam=2026"); !strings.Contains(p.Text(), "16–20: Tết Nguyên đán") {
			t.Errorf("%s", p.Text())
		}
		for _, nam := range []string{"1900", "9999", "x", ""} {
			if p := b.Get(cal + "?nam=" + nam); p.Status != http.StatusOK {
				t.Errorf("year %q: %d", nam, p.Status)
			}
		}
		p := b.Post(cal+"/ngay", "number", "0", "date", "24/11/2026", "kind", "special", "hours", "7 giờ", "reason", "Lễ hội phường", "basis", "Thông báo 3")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="7 giờ"`) || !p.Has(`value="Thông báo 3"`) || !p.Has("Lễ hội phường") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		p = b.Post(cal+"/ngay", "number", "0", "date", "20/11/2026", "kind", "swap_off", "name_vi", "Nghỉ đổi", "pair", "28/11/2026", "both", "true", "reason", "Lễ hội phường")
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		c, err := o.Org.Calendar(t.Context(), o.a.ID, time.Time{})
		if err != nil || c.IsWorking(civil.MustDate("2026-11-20")) || !c.IsWorking(civil.MustDate("2026-11-28")) {
			t.Errorf("the swap did not change both days: %v", err)
		}
		if p = b.Post(cal+"/ngay", "number", "0", "date", "23/11/2026", "kind", "closed", "name_vi", "Bão", "reason", "chậm chân"); p.Status != http.StatusConflict || !p.Has(`value="Bão"`) {
			t.Errorf("an older version: %d", p.Status)
		}
		if p = b.Post(cal+"/ngay", "number", "1", "date", "20/11/2026", "action", "remove", "reason", "nhầm"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(cal+"/tuan", "number", "2", "mon", "07:30-11:30 10:00-12:00", "reason", "x"); p.Status != http.StatusUnprocessableEntity || !p.Has(`href="#f-mon"`) {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(cal+"/tuan", "number", "2", "reason", "x"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("never open: %d", p.Status)
		}
		if p = b.Post(cal+"/tuan", "number", "2", "mon", "07:30-11:30 13:30-17:30", "sat", "07:30-11:30", "reason", "thêm sáng thứ Bảy"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(cal+"/tuan", "number", "3", "action", "inherit", "reason", "như cũ"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get(cal + "/phien-ban"); !strings.Contains(p.Text(), "thêm sáng thứ Bảy") || !strings.Contains(p.Text(), "Lê Quản Trị") {
			t.Errorf("%s", p.Text())
		}
	})
}

func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func upload(t *testing.T, b *identitytest.Browser, content []byte) identitytest.Page {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, err := w.CreateFormFile("pack", "goi.zip")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Do(http.MethodPost, "/quan-tri/goi", w.FormDataContentType(), &body)
}

func TestPacksArePreviewedBeforeTheyAreLoaded(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.tinh")
		for name, content := range map[string][]byte{
			"nothing": nil, "no archive": []byte("hello"), "no pack": zipped(t, map[string]string{"readme.txt": "x"}),
			"a bomb": zipped(t, map[string]string{"pack.yaml": strings.Repeat("0", 17<<20)}), "too large": bytes.Repeat([]byte("PK\x03\x04"), 600_000),
		} {
			if p := upload(t, b, content); p.Status != http.StatusUnprocessableEntity && p.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %d", name, p.Status)
			}
		}
		p := upload(t, b, zipped(t, map[string]string{"goi/pack.yaml": "code: thu", "goi/forms/a.yaml": "id: a", "__MACOSX/goi/._pack.yaml": "x", "../../etc/passwd": "x"}))
		if p.Status != http.StatusSeeOther || len(o.packs.loaded) != 0 {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		plan := p.Location
		p = b.Get(plan)
		for _, piece := range []string{"Đăng ký khai sinh", "channels[online].term.amount", "2 → 1", "4 trường hợp kiểm thử đều đạt"} {
			if !strings.Contains(p.Text(), piece) {
				t.Errorf("the plan lacks %q: %s", piece, p.Text())
			}
		}
		if len(o.packs.loaded) != 0 {
			t.Error("looking loaded it")
		}
		// Somebody else's upload is nobody's business.
		other := o.Staff(t, "quantri.hai", "Đỗ Quản Trị", o.root, "admin")
		if p := o.as(t, other.Login).Post(plan); p.Status != http.StatusGone {
			t.Errorf("another administrator: %d", p.Status)
		}
		o.packs.problems = []admin.PackProblem{{Where: "forms/a.yaml:3", What: "thiếu nhãn"}}
		if p = b.Post(plan); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "forms/a.yaml:3") {
			t.Errorf("with faults: %d", p.Status)
		}
		o.packs.problems = nil
		if p = b.Post(plan); p.Status != http.StatusSeeOther || len(o.packs.loaded) != 1 {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		if files := o.packs.loaded[0]; len(files) != 2 || string(files["pack.yaml"]) != "code: thu" || string(files["forms/a.yaml"]) != "id: a" {
			t.Errorf("files %v", files)
		}
		if p = b.Post(plan); p.Status != http.StatusGone {
			t.Errorf("loading twice: %d", p.Status)
		}
		if p = b.Get("/quan-tri/goi/thu"); p.Status != http.StatusOK {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post("/quan-tri/goi/thu/quay-lai"); p.Status != http.StatusSeeOther || o.packs.undone != 1 {
			t.Errorf("%d", p.Status)
		}
	})
}

func TestJournalBrowser(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.tinh")
		p := b.Get("/quan-tri/nhat-ky")
		if p.Status != http.StatusOK || !strings.Contains(p.Text(), "Tạo tài khoản") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get("/quan-tri/nhat-ky?loai=org."); strings.Contains(p.Text(), "Tạo tài khoản") || !strings.Contains(p.Text(), "Phân công vào vị trí") {
			t.Errorf("%s", p.Text())
		}
		if p = b.Get("/quan-tri/nhat-ky?tu-ngay=04/11/2026"); !strings.Contains(p.Text(), "Không có sự kiện nào khớp") {
			t.Errorf("%s", p.Text())
		}
		if p = b.Get("/quan-tri/nhat-ky?tu-ngay=40/11/2026"); p.Status != http.StatusUnprocessableEntity || !p.Has(`value="40/11/2026"`) {
			t.Errorf("%d", p.Status)
		}
		if p = b.Get("/quan-tri/nhat-ky?sau=rac"); p.Status != http.StatusOK {
			t.Errorf("%d", p.Status)
		}
		// Looking at one person is itself journaled.
		b.Get("/quan-tri/nhat-ky?nguoi=canbo.b")
		events, err := o.Journal.Browse(t.Context(), o.DB, journal.BrowseFilter{Type: "admin.journal-read"})
		if err != nil || len(events) != 1 || events[0].Actor != o.chief.ID {
			t.Errorf("%d events, %v", len(events), err)
		}
		// The commune's auditor looks at their own people.
		local := o.as(t, "quantri.a")
		if p = local.Get("/quan-tri/nhat-ky"); strings.Contains(p.Text(), "Tạo tài khoản ") && strings.Contains(p.Text(), "Hệ thống Chi tiết") || !strings.Contains(p.Text(), "Chọn một người để xem") {
			t.Errorf("%s", p.Text())
		}
		local.Get("/quan-tri/co-quan")
		if p = local.Get("/quan-tri/nhat-ky?nguoi=quantri.a"); !strings.Contains(p.Text(), "Đăng nhập") {
			t.Errorf("%s", p.Text())
		}
		// Verification runs in the background and says what it found.
		if p = b.Post("/quan-tri/nhat-ky/kiem-tra"); p.Status != http.StatusSeeOther {
			t.Fatal(p.Status)
		}
		for range 1000 { // a busy machine takes its time
			if p = b.Get("/quan-tri/nhat-ky"); strings.Contains(p.Text(), "12 sự kiện đều khớp") {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("no result: %s", p.Text())
	})
}

func TestParkedWorkAndHealth(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		if err := o.DB.Tx(ctx, func(tx *sqldb.Tx) error { return o.jobs.Enqueue(ctx, tx, "notify.mail", map[string]string{}) }); err != nil {
			t.Fatal(err)
		}
		fail := []job.Handler{{Kind: "notify.mail", MaxAttempts: 1, Run: func(context.Context, json.RawMessage) error { return errors.New("máy chủ thư không trả lời") }}}
		if _, err := o.jobs.RunDue(ctx, fail, nil); err == nil {
			t.Fatal("the job did not fail")
		}
		b := o.as(t, "quantri.tinh")
		p := b.Get("/quan-tri/viec-cho")
		_, rest, found := strings.Cut(p.Body, `action="/quan-tri/viec-cho/`)
		id, _, _ := strings.Cut(rest, "/")
		if !found || !strings.Contains(p.Text(), "Gửi thư điện tử") || !strings.Contains(p.Text(), "máy chủ thư không trả lời") {
			t.Fatalf("%s", p.Text())
		}
		if p = b.Post("/quan-tri/viec-cho/" + id + "/lam-lai"); p.Status != http.StatusSeeOther {
			t.Errorf("%d", p.Status)
		}
		if p = b.Get("/quan-tri/viec-cho"); !strings.Contains(p.Text(), "Không có việc nào bị dừng") {
			t.Errorf("%s", p.Text())
		}
		if b.Post("/quan-tri/viec-cho/" + id + "/bo"); !strings.Contains(b.Get("/quan-tri/viec-cho").Text(), "Việc này đã được người khác xử lý") {
			t.Error("discarding what is not parked says nothing")
		}
		b.Post("/quan-tri/viec-cho/su-kien/insight/7/lam-lai")
		if !strings.Contains(b.Get("/quan-tri/viec-cho").Text(), "Chạy lại vẫn chưa thành công") {
			t.Error("a second failure is not told")
		}
		p = b.Get("/quan-tri/he-thong")
		if !strings.Contains(p.Text(), "1.2.3") || !strings.Contains(p.Text(), "2 ngày") || !strings.Contains(p.Text(), "1 phép kiểm tra không đạt") || p.Has("canary-path") {
			t.Errorf("%s", p.Text())
		}
	})
}

func TestEnglishIsComplete(t *testing.T) {
	o := open(t, sqldbtest.SQLite(t, lines()...))
	b := o.as(t, "quantri.tinh")
	b.Get("/quan-tri?lang=en")
	for _, path := range []string{"/quan-tri", "/quan-tri/co-quan", "/quan-tri/co-quan/" + o.a.ID, "/quan-tri/co-quan/" + o.a.ID + "/vi-tri", "/quan-tri/vi-tri/" + o.postA.ID,
		"/quan-tri/tai-khoan", "/quan-tri/tai-khoan/cong-dan", "/quan-tri/tai-khoan/" + o.clerkA.ID, "/quan-tri/co-quan/" + o.a.ID + "/lich", "/quan-tri/nhat-ky", "/quan-tri/viec-cho", "/quan-tri/he-thong", "/quan-tri/goi"} {
		if p := b.Get(path); p.Status != http.StatusOK || p.Has("⟦") {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
}

func TestWordsAreComplete(t *testing.T) {
	o := open(t, sqldbtest.SQLite(t, lines()...))
	room, err := admin.New(admin.Deps{DB: o.DB, Org: o.Org, Identity: o.Identity, Jobs: o.jobs, Ledger: o.Journal, System: admin.System{
		Checks: func() []module.Check { return nil }, Verify: func(context.Context) (journal.Report, error) { return journal.Report{}, nil }, RetryEvent: func(context.Context, string, int64) error { return nil }}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := i18n.New(room.Module().Locales)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range i18n.Check(b) {
		t.Error(fault)
	}
	for _, rule := range admin.Nav() {
		if !b.Has("vi", rule.Item.Key) || !b.Has("vi", rule.Item.Group) {
			t.Errorf("the entry %s has no words", rule.Item.Key)
		}
	}
}
