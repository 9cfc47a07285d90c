package counter_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/modules/counter"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// booth is a counter with its clerk at work.
type booth struct {
	*dossiertest.House
	site *identitytest.Site
	team dossiertest.Team
	page *identitytest.Browser
}

func open(t *testing.T) *booth {
	t.Helper()
	h := dossiertest.New(t, sqldbtest.SQLite(t, dossiertest.Lines()...))
	b := &booth{House: h, team: h.Team(t, h.Commune)}
	b.site = h.Serve(t, counter.New(counter.Deps{Catalogue: h.Procedures, Dossiers: h.Dossiers, Files: h.Files}).Module())
	b.page = b.site.Browser(t)
	b.page.SignIn(b.team.Clerk.Login)
	return b
}

// filled is the intake page with everything a good dossier needs.
func filled() map[string]string {
	return map[string]string{
		"truong-hop": "default", "khoa": "lan-bam-1",
		"owner.name": "Trần Thị Mận", "owner.citizen_no": "001190000099", "owner.phone": "0912345678",
		"purpose": "home", "place": "Số 12 phố Trường Thi", "area": "84,5",
		"co.drawing": "1", "sao.drawing": "1", "loai.drawing": "copy", "co.application": "1", "co.card": "1",
		"nhan": "counter", "so-bo": "1", "kenh": "direct",
	}
}

func with(fields map[string]string, change ...string) []string {
	fields = maps.Clone(fields)
	for i := 0; i+1 < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		list = append(list, name, fields[name])
	}
	return list
}

func (b *booth) taken(t *testing.T) []dossier.Row {
	t.Helper()
	page, err := b.Dossiers.Queue(b.As(t, b.team.Clerk), dossier.QueueQuery{Queue: dossier.QueueAll})
	if err != nil {
		t.Fatal(err)
	}
	return page.Rows
}

const intake = "/mot-cua/" + dossiertest.Code

func TestOnePressOneDossier(t *testing.T) {
	b := open(t)
	first := b.page.Post(intake, with(filled())...)
	if first.Status != http.StatusSeeOther || !strings.HasPrefix(first.Location, "/mot-cua/xong/H99.15.02-") {
		t.Fatalf("%d to %q\n%s", first.Status, first.Location, first.Text())
	}
	if again := b.page.Post(intake, with(filled())...); again.Location != first.Location {
		t.Errorf("pressed twice: %q and %q", first.Location, again.Location)
	}
	if rows := b.taken(t); len(rows) != 1 || rows[0].Owner.Name != "Trần Thị Mận" || rows[0].ReceivedAt.IsZero() {
		t.Errorf("%+v", rows)
	}
	if done := b.page.Get(first.Location); done.Status != http.StatusOK || !done.Has(strings.TrimPrefix(first.Location, "/mot-cua/xong/")) {
		t.Errorf("the end of the intake: %d", done.Status)
	}
	// Other people's numbers do not exist for a clerk elsewhere.
	elsewhere := b.site.Browser(t)
	elsewhere.SignIn(b.Team(t, b.Other).Clerk.Login)
	if p := elsewhere.Get(first.Location); p.Status != http.StatusNotFound {
		t.Errorf("a clerk elsewhere opens it: %d", p.Status)
	}
}

func TestWhatIsWrongLosesNothingTyped(t *testing.T) {
	b := open(t)
	for name, change := range map[string][]string{
		"no name":            {"owner.name", ""},
		"a wrong number":     {"owner.citizen_no", "123"},
		"a birth that never": {"owner.birth", "31/02/1990"},
		"a fee in words":     {"phi-da-thu", "tám nghìn"},
		"a missing paper":    {"co.drawing", ""},
		"an empty answer":    {"place", ""},
		"sets in words":      {"so-bo", "nhiều"},
		"originals in words": {"chinh.drawing", "hai"},
	} {
		fields := filled()
		if name == "a missing paper" {
			delete(fields, "co.drawing")
			change = nil
		}
		p := b.page.Post(intake, with(fields, change...)...)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d to %q", name, p.Status, p.Location)
			continue
		}
		for i := 0; i+1 < len(change); i += 2 {
			fields[change[i]] = change[i+1]
		}
		for field, value := range fields {
			if value == "" || value == "1" || field == "khoa" {
				continue
			}
			if !p.Has(`value="`+value+`"`) && !p.Has(">"+value+"<") {
				t.Errorf("%s: %q of %s is gone", name, value, field)
			}
		}
		if !p.Has(`value="lan-bam-1"`) {
			t.Errorf("%s: the key of the press is gone", name)
		}
	}
	if rows := b.taken(t); len(rows) != 0 {
		t.Errorf("taken all the same: %+v", rows)
	}
}

func TestFilesOfOthersAreNoScans(t *testing.T) {
	b := open(t)
	foreign := b.Upload(t, b.team.Officer, "cua-nguoi-khac.pdf")
	p := b.page.Post(intake, with(filled(), "papers.drawing_id", foreign)...)
	if p.Status != http.StatusUnprocessableEntity {
		t.Errorf("a colleague's file is taken in: %d to %q", p.Status, p.Location)
	}
	own := b.Upload(t, b.team.Clerk, "quet.pdf")
	if p := b.page.Post(intake, with(filled(), "papers.drawing_id", own)...); p.Status != http.StatusSeeOther {
		t.Errorf("the clerk's own scan: %d\n%s", p.Status, p.Text())
	}
}

func TestTheScannerOpensDossiersAndFillsOwners(t *testing.T) {
	b := open(t)
	for _, scanned := range []string{"H99.15.02-261122-0001", "https://motcua.example.gov.vn/tra-cuu/H99.15.02-261122-0001"} {
		if p := b.page.Get("/mot-cua?q=" + url.QueryEscape(scanned)); p.Status != http.StatusSeeOther || p.Location != "/xu-ly/H99.15.02-261122-0001" {
			t.Errorf("%s: %d to %q", scanned, p.Status, p.Location)
		}
	}
	// Without JavaScript the line of the card itself arrives.
	p := b.page.Post(intake, with(filled(), "owner.name", "", "owner.citizen_no", "", "quet", "001190000098||Lý Thị Thẻ|05021990|Nữ|Số 3 phố Quét, phường Hồng Hà|01012022")...)
	if p.Status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", p.Status, p.Text())
	}
	if rows := b.taken(t); len(rows) != 1 || rows[0].Owner.Name != "Lý Thị Thẻ" {
		t.Errorf("%+v", rows)
	}
}

func TestOnlyClerksReceive(t *testing.T) {
	b := open(t)
	for who, a := range map[string]identity.Account{"an officer": b.team.Officer, "a citizen": b.Person(t, "Đỗ Thị Dân")} {
		page := b.site.Browser(t)
		login := a.Login
		if login == "" {
			login = a.CitizenNo
		}
		page.SignIn(login)
		for _, path := range []string{"/mot-cua", intake} {
			if p := page.Get(path); p.Status != http.StatusNotFound {
				t.Errorf("%s opens %s: %d", who, path, p.Status)
			}
		}
		if p := page.Post(intake, with(filled())...); p.Status != http.StatusNotFound {
			t.Errorf("%s receives: %d", who, p.Status)
		}
	}
	if p := b.page.Get("/mot-cua/9.999999"); p.Status != http.StatusNotFound {
		t.Errorf("a procedure that is not there: %d", p.Status)
	}
	if _, err := b.Dossiers.Queue(context.Background(), dossier.QueueQuery{}); err == nil {
		t.Error("nobody reads a queue")
	}
}
