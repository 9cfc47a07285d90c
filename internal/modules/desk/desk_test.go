package desk_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/modules/desk"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// office is a commune at work on one received dossier.
type office struct {
	*dossiertest.House
	site *identitytest.Site
	team dossiertest.Team
	d    dossier.Dossier
}

func open(t *testing.T) *office {
	t.Helper()
	h := dossiertest.New(t, sqldbtest.SQLite(t, dossiertest.Lines()...))
	o := &office{House: h, team: h.Team(t, h.Commune)}
	o.site = h.Serve(t, desk.New(desk.Deps{Dossiers: h.Dossiers, Now: h.Clock.Now}).Module())
	o.d = h.Act(t, o.team.Clerk, h.File(t, h.Person(t, "Trương Thị Chủ")), "accept")
	return o
}

func (o *office) as(t *testing.T, a identity.Account) *identitytest.Browser {
	t.Helper()
	b := o.site.Browser(t)
	b.SignIn(a.Login)
	return b
}

func (o *office) now(t *testing.T) dossier.Detail {
	t.Helper()
	d, err := o.Dossiers.Get(o.As(t, o.team.Officer), o.d.Number, "process")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var hidden = regexp.MustCompile(`name="(viec|viec-cua|phien-ban|khoa)" value="([^"]*)"`)

// form is what stands in the hidden fields of the form of an action.
func form(t *testing.T, page identitytest.Page, action string) []string {
	t.Helper()
	for _, part := range strings.Split(page.Body, "<form")[1:] {
		part, _, _ = strings.Cut(part, "</form>")
		if !strings.Contains(part, `name="viec" value="`+action+`"`) {
			continue
		}
		var fields []string
		for _, m := range hidden.FindAllStringSubmatch(part, -1) {
			fields = append(fields, m[1], m[2])
		}
		return fields
	}
	t.Fatalf("the page has no form for %q:\n%s", action, page.Text())
	return nil
}

func TestARefusedActKeepsWhatWasTyped(t *testing.T) {
	o := open(t)
	page := o.as(t, o.team.Officer)
	at := "/xu-ly/" + o.d.Number
	fields := form(t, page.Get(at), "propose")
	p := page.Post(at, append(fields, "ket-qua.scope", "Toàn phường, trừ khu 3", "ket-qua.checked_on", "31/02/2026")...)
	if p.Status != http.StatusUnprocessableEntity || !p.Has("Toàn phường, trừ khu 3") || !p.Has(`value="31/02/2026"`) {
		t.Fatalf("%d\n%s", p.Status, p.Text())
	}
	if o.now(t).Step != "process" {
		t.Fatal("it went on all the same")
	}
	p = page.Post(at, append(form(t, page.Get(at), "ask"), "ly-do", "", "thieu", "drawing")...)
	if p.Status != http.StatusUnprocessableEntity || !p.Has("ly-do") {
		t.Errorf("a request for papers without a reason: %d", p.Status)
	}
	p = page.Post(at, append(form(t, page.Get(at), "extend"), "ly-do", "Cần xác minh thêm", "hen-lai", "mai")...)
	if p.Status != http.StatusUnprocessableEntity || !p.Has("Cần xác minh thêm") || !p.Has(`value="mai"`) {
		t.Errorf("a day that is none: %d", p.Status)
	}
}

func TestAPressCountsOnceAndAnOldPageNotAtAll(t *testing.T) {
	o := open(t)
	page := o.as(t, o.team.Officer)
	at := "/xu-ly/" + o.d.Number
	fields := append(form(t, page.Get(at), "propose"), "ket-qua.scope", "Toàn phường", "ket-qua.checked_on", "02/11/2026")
	before := len(o.Events(t, o.d))
	for i := range 2 { // an impatient finger
		if p := page.Post(at, fields...); p.Status != http.StatusSeeOther {
			t.Fatalf("press %d: %d\n%s", i+1, p.Status, p.Text())
		}
	}
	if got := len(o.Events(t, o.d)) - before; got != 1 {
		t.Errorf("two presses wrote %d events", got)
	}
	leader := o.as(t, o.team.Leader)
	stale := form(t, leader.Get(at), "rework")
	o.Act(t, o.team.Leader, o.d, "approve") // meanwhile, in another window
	if p := leader.Post(at, append(stale, "ly-do", "Xem lại diện tích")...); p.Status != http.StatusConflict && p.Status != http.StatusNotFound {
		t.Errorf("an act from an old page: %d", p.Status)
	}
	if o.now(t).Step != "issue" {
		t.Errorf("the dossier is at %s", o.now(t).Step)
	}
}

func TestForeignDossiersAreNotThere(t *testing.T) {
	o := open(t)
	stranger := o.as(t, o.Team(t, o.Other).Officer)
	at := "/xu-ly/" + o.d.Number
	for _, path := range []string{at, at + "/phieu-kiem-soat", at + "/giay-to/" + o.d.ReceiptID, "/xu-ly/H99.15.02-000000-0000"} {
		if p := stranger.Get(path); p.Status != http.StatusNotFound {
			t.Errorf("a stranger opens %s: %d", path, p.Status)
		}
	}
	for _, path := range []string{at, at + "/theo-doi"} {
		if p := stranger.Post(path, "viec", "propose", "theo-doi", "1"); p.Status != http.StatusNotFound {
			t.Errorf("a stranger posts to %s: %d", path, p.Status)
		}
	}
	if p := stranger.Get("/xu-ly?hang=all&q=truong+thi"); p.Status != http.StatusOK || p.Has(o.d.Number) {
		t.Errorf("a stranger finds it: %d", p.Status)
	}
}

func TestOpinionsSideBySideSayAboutWhat(t *testing.T) {
	o := open(t)
	o.Act(t, o.team.Officer, o.d, "consult")
	both := o.Staff(t, "canhai", "Đinh Thị Cả Hai", o.Commune, "officer", "head")
	p := o.as(t, both).Get("/xu-ly/" + o.d.Number)
	for _, words := range []string{"Ý kiến trưởng phòng", "Ý kiến chuyên viên"} {
		if !p.Has(words) {
			t.Errorf("the page does not say %q:\n%s", words, p.Text())
		}
	}
}

// TestEveryFigureIsALink follows the figures of the statistics to their dossiers.
func TestEveryFigureIsALink(t *testing.T) {
	o := open(t)
	o.Run(t)
	page := o.as(t, o.team.Leader)
	stats := page.Get("/thong-ke")
	links := regexp.MustCompile(`<a href="(/xu-ly\?[^"]*so-lieu=[^"]*)"`).FindAllStringSubmatch(stats.Body, -1)
	if len(links) != 3 { // received, online, pending
		t.Errorf("%d figures open a list:\n%s", len(links), stats.Text())
	}
	for _, l := range links {
		path := strings.ReplaceAll(l[1], "&amp;", "&")
		if p := page.Get(path); p.Status != http.StatusOK || !p.Has(o.d.Number) {
			t.Errorf("%s: %d does not show the dossier", path, p.Status)
		}
	}
	// Who may not read dossiers reads the figures only.
	admin := o.Staff(t, "quantri", "Đào Thị Quản", o.Commune, "admin")
	if p := o.as(t, admin).Get("/thong-ke"); p.Status != http.StatusOK || p.Has("so-lieu=") {
		t.Errorf("an administrator: %d", p.Status)
	}
}
