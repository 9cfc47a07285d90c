package portal_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/portal"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// town is a commune with a citizen at a screen.
type town struct {
	*dossiertest.House
	site    *identitytest.Site
	citizen identity.Account
	page    *identitytest.Browser
}

func open(t *testing.T) *town {
	t.Helper()
	h := dossiertest.New(t, sqldbtest.SQLite(t, dossiertest.Lines()...))
	w := &town{House: h, citizen: h.Person(t, "Trần Thị Mận")}
	w.site = h.Serve(t, portal.New(portal.Deps{
		Catalogue: h.Procedures, Dossiers: h.Dossiers, Documents: h.Documents, Registers: h.Registers, Agencies: h.Org, Files: h.Files, PublicURL: "https://motcua.example",
	}).Module())
	w.page = w.as(t, w.citizen)
	return w
}

func (w *town) as(t *testing.T, a identity.Account) *identitytest.Browser {
	t.Helper()
	b := w.site.Browser(t)
	login := a.Login
	if login == "" {
		login = a.CitizenNo
	}
	b.SignIn(login)
	return b
}

// begin starts an application and returns its address.
func (w *town) begin(t *testing.T) string {
	t.Helper()
	p := w.page.Post("/thu-tuc/"+dossiertest.Code+"/nop", "noi-nop", w.Offer(w.Commune, procedure.Online), "truong-hop", "default")
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, "/ho-so-nhap/") {
		t.Fatalf("%d to %q\n%s", p.Status, p.Location, p.Text())
	}
	return p.Location
}

var revision = regexp.MustCompile(`name="rev" value="(\d+)"`)

// rev is the revision that a page of an application was drawn from.
func rev(t *testing.T, p identitytest.Page) string {
	t.Helper()
	m := revision.FindStringSubmatch(p.Body)
	if m == nil {
		t.Fatalf("no revision on the page: %d to %q\n%s", p.Status, p.Location, p.Text())
	}
	return m[1]
}

func TestAStepWithMistakesKeepsWhatWasTyped(t *testing.T) {
	w := open(t)
	draft := w.begin(t)
	if p := w.page.Post("/thu-tuc/"+dossiertest.Code+"/nop", "noi-nop", "khong-co", "truong-hop", "default"); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("an agency that is not offered: %d", p.Status)
	}
	r := rev(t, w.page.Get(draft+"/what"))
	p := w.page.Post(draft+"/what", "rev", r, "place", "Số 12 ngõ 5", "area", "rộng lắm", "since", "31/02/2026")
	if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Số 12 ngõ 5"`) || !p.Has(`value="rộng lắm"`) || !p.Has(`value="31/02/2026"`) {
		t.Fatalf("%d\n%s", p.Status, p.Text())
	}
	// What could be read was saved all the same, for the next device.
	if p := w.as(t, w.citizen).Get(draft + "/what"); !p.Has(`value="Số 12 ngõ 5"`) {
		t.Errorf("not there on another device:\n%s", p.Text())
	}
	p = w.page.Post(draft+"/nhan-ket-qua", "rev", rev(t, w.page.Get(draft+"/nhan-ket-qua")), "nhan", "post", "dia-chi-nhan", "", "dien-thoai-nhan", "0912000111")
	if p.Status != http.StatusUnprocessableEntity || !p.Has("0912000111") {
		t.Errorf("by post without an address: %d", p.Status)
	}
	if p := w.page.Post(draft + "/nop"); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("filed with half of it missing: %d to %q", p.Status, p.Location)
	}
}

func TestTwoTabsLoseNothing(t *testing.T) {
	w := open(t)
	draft := w.begin(t)
	first, second := rev(t, w.page.Get(draft+"/what")), rev(t, w.page.Get(draft+"/what"))
	save := func(rev *string, place, area string) {
		t.Helper()
		var answer struct{ Rev string }
		p := w.page.Post(draft+"/what/luu", "rev", *rev, "place", place, "area", area, "note", "")
		if err := json.Unmarshal([]byte(p.Body), &answer); err != nil || answer.Rev == "" {
			t.Fatalf("%d %s: %v", p.Status, p.Body, err)
		}
		*rev = answer.Rev
	}
	save(&first, "Phố", "")
	save(&second, "", "84,5")
	save(&first, "Phố Một", "")
	save(&first, "Phố Một B", "")
	save(&second, "", "84,5")
	p := w.page.Get(draft + "/what")
	if !p.Has(`value="Phố Một B"`) || !p.Has(`value="84,5"`) {
		t.Errorf("one tab wiped out the other:\n%s", p.Body[strings.Index(p.Body, "<main"):])
	}
}

func TestPressedTwiceFiledOnce(t *testing.T) {
	w := open(t)
	d := w.Draft(t, w.citizen)
	at := "/ho-so-nhap/" + d.ID
	ctx := w.As(t, w.citizen)
	if _, err := w.Dossiers.SaveDraft(ctx, d.ID, dossier.DraftPatch{Rev: d.Rev, Delivery: &dossier.Delivery{By: "online"}}); err != nil {
		t.Fatal(err)
	}
	r := rev(t, w.page.Get(at+"/xem-lai"))
	first, second := w.page.Post(at+"/nop", "rev", r), w.page.Post(at+"/nop", "rev", r)
	number := regexp.MustCompile(`H99\.15\.02-\d{6}-\d{4}`)
	if first.Status != http.StatusSeeOther || number.FindString(first.Location) == "" || number.FindString(second.Location) != number.FindString(first.Location) {
		t.Fatalf("%d to %q, then %d to %q\n%s", first.Status, first.Location, second.Status, second.Location, first.Text())
	}
	mine, err := w.Dossiers.Mine(ctx, dossier.ListQuery{})
	if err != nil || len(mine.Rows) != 1 {
		t.Errorf("%d dossiers, %v", len(mine.Rows), err)
	}
	// The back button leads to the dossier, not to an application that is gone.
	if p := w.page.Get(at + "/what"); p.Status != http.StatusSeeOther || p.Location != "/ho-so/"+mine.Rows[0].Number {
		t.Errorf("back: %d to %q", p.Status, p.Location)
	}
}

func TestForeignThingsAreNotThere(t *testing.T) {
	w := open(t)
	stranger := w.as(t, w.Person(t, "Đỗ Văn Khách"))
	d := w.File(t, w.citizen)
	draft := w.begin(t)
	one := "/ho-so/" + d.Number
	for _, path := range []string{draft, draft + "/what", one, one + "/bo-sung", one + "/giay-to/khong-co"} {
		if p := stranger.Get(path); p.Status != http.StatusNotFound {
			t.Errorf("a stranger opens %s: %d", path, p.Status)
		}
	}
	for _, path := range []string{draft + "/what", draft + "/what/luu", draft + "/nop", one + "/bo-sung", one + "/rut", one + "/danh-gia"} {
		if p := stranger.Post(path, "ly-do", "x", "sao", "1", "place", "x"); p.Status != http.StatusNotFound {
			t.Errorf("a stranger posts to %s: %d to %q", path, p.Status, p.Location)
		}
	}
	// What is not theirs they throw away as little as what is gone already.
	stranger.Post(draft + "/xoa")
	for _, path := range []string{one, draft + "/what"} {
		if p := w.page.Get(path); p.Status != http.StatusOK {
			t.Errorf("the owner at %s: %d", path, p.Status)
		}
	}
	// Somebody else's file is not taken into one's own papers.
	foreign := w.Upload(t, w.Person(t, "Lý Thị Khác"), "cua-nguoi-khac.pdf")
	w.page.Post(draft+"/giay-to", "rev", rev(t, w.page.Get(draft+"/giay-to")), "papers.drawing_id", foreign)
	if p := w.page.Get(draft + "/giay-to"); p.Has("cua-nguoi-khac.pdf") {
		t.Error("a foreign file shows its name")
	}
}

func TestWithdrawAndRateSayWhatIsMissing(t *testing.T) {
	w := open(t)
	d := w.File(t, w.citizen)
	one := "/ho-so/" + d.Number
	if p := w.page.Post(one+"/rut", "ly-do", "  "); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("withdrawn without a reason: %d", p.Status)
	}
	if p := w.page.Post(one+"/rut", "ly-do", "Không còn nhu cầu"); p.Status != http.StatusSeeOther {
		t.Errorf("withdrawn: %d\n%s", p.Status, p.Text())
	}
}

// TestOwnPapersOpen follows the links to the papers on the page of a dossier: each
// is an address that the file room serves.
func TestOwnPapersOpen(t *testing.T) {
	w := open(t)
	d := w.File(t, w.citizen)
	p := w.page.Get("/ho-so/" + d.Number)
	links := regexp.MustCompile(`href="(/tep/[^"]+/ban-ve\.pdf)"`).FindAllString(p.Body, -1)
	if len(links) != 1 {
		t.Errorf("the drawing is linked %d times:\n%s", len(links), p.Text())
	}
}

func TestAQuestionAboutTheProcedureIsAnswered(t *testing.T) {
	w := open(t)
	about := "/thu-tuc?sau=" + dossiertest.Code + "&q="
	for question, anchor := range map[string]string{"mất bao lâu": "cach-nop", "lệ phí": "cach-nop", "giấy tờ gì": "giay-to", "ở đâu": "thong-tin"} {
		p := w.page.Get(about + url.QueryEscape(question))
		if !p.Has("Hiểu là hỏi về") || !p.Has(`href="/thu-tuc/`+dossiertest.Code+"#"+anchor+`"`) || !p.Has(`name="sau" value="`+dossiertest.Code+`"`) {
			t.Errorf("%q is not answered at %s:\n%s", question, anchor, p.Text())
		}
		if page := w.page.Get("/thu-tuc/" + dossiertest.Code); !page.Has(`id="` + anchor + `"`) {
			t.Errorf("the page has no #%s", anchor)
		}
	}
	if p := w.page.Get("/thu-tuc?q=" + url.QueryEscape("mất bao lâu") + "&sau=9.999999"); p.Has("Hiểu là hỏi về") || p.Status != http.StatusOK {
		t.Errorf("after a procedure that is not there: %d\n%s", p.Status, p.Text())
	}
}
