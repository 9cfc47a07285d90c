package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

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
