package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/modules/pack"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/id"
	"motcua/internal/platform/job"
	"motcua/internal/platform/sqldb"
	"motcua/packs"
)

// Names that only those who may see the objects of this test may ever read.
const (
	ownerName  = "Nguyễn Thị Kín Đáo"
	childName  = "Trần Kín Bưng Bít"
	ownerNo    = "001190012345"
	ownerPhone = "0987654321"
)

var secrets = []string{ownerName, childName, ownerNo, ownerPhone}

// street is a house with a citizen's affairs in commune X, and everybody who has
// no business there.
type street struct {
	*App
	house   *identitytest.House
	people  []persona
	objects map[string]string // what stands behind a door, by name
	owner   context.Context
	number  string
}

// door says what stands behind the routes that begin with path, and who may see
// it. Others must not even learn that it is there.
type door struct {
	path    string
	objects map[string]string // wildcard → name of the object in street.objects
	may     []string          // personas; nil: everybody, it is public
}

// doors covers every route with a wildcard; the longest path wins.
func doors() []door {
	readers := []string{"X counter_clerk", "X officer", "X head", "X leader", "X records_clerk", "P leader"}
	parties := append([]string{"owner"}, readers...)
	admins := []string{"X admin", "P admin"}
	number := map[string]string{"{number}": "number", "{document}": "receipt"}
	return []door{
		{"/thu-tuc/{code}", nil, nil},
		{"/tra-cuu/{number}", nil, nil},
		{"/kiem-tra/{code}", nil, nil},
		{"/so/{pack}/{register}", nil, nil},
		{"/dat-mat-khau/{secret}", nil, nil}, // whoever has the secret
		{"/ho-so-nhap/{id}", map[string]string{"{id}": "draft", "{step}": "step"}, []string{"owner"}},
		{"/ho-so/{number}", number, parties},
		{"/xu-ly/{number}", number, parties}, // a party is led to their own page
		{"/mot-cua/{code}", nil, nil},
		{"/mot-cua/xong/{number}", number, readers},
		{"/tep/{id}", map[string]string{"{id}": "upload"}, []string{"owner"}},
		{"/tep/{id}/{name}", map[string]string{"{id}": "file", "{name}": "name"}, parties},
		{"/tai-khoan/phien/{id}", map[string]string{"{id}": "session"}, []string{"owner"}},
		{"/tai-khoan/ma-truy-cap/{id}", map[string]string{"{id}": "token"}, []string{"owner"}},
		{"/quan-tri/co-quan/{id}", map[string]string{"{id}": "agency", "{department}": "department"}, admins},
		{"/quan-tri/vi-tri/{post}", map[string]string{"{post}": "post", "{holding}": "holding"}, admins},
		{"/quan-tri/tai-khoan/{id}", map[string]string{"{id}": "staff"}, admins},
		{"/quan-tri/viec-cho/{id}", map[string]string{"{id}": "job"}, []string{"P admin"}},
		{"/quan-tri/viec-cho/su-kien/{subscriber}/{position}", nil, []string{"P admin"}},
		{"/quan-tri/thu-tuc/{code}", nil, nil},
		{"/quan-tri/goi/{code}", map[string]string{"{code}": "pack"}, []string{"P admin"}},
		{"/quan-tri/goi-tai-len/{upload}", nil, []string{"P admin"}},
		{"/quan-tri/danh-muc/lan/{run}", nil, []string{"P admin"}},
		{"/quan-tri/danh-muc/thay-doi/{change}", nil, []string{"P admin"}},
		{"/quan-tri/danh-muc/muc/{code}", nil, admins},
		{"/api/v1/catalogue/imports/{id}", nil, []string{"P admin"}},
		{"/api/v1/catalogue/changes/{id}", nil, []string{"P admin"}},
		{"/danh-muc/{by}", nil, nil},
		{"/dia-ban/{code}", nil, nil},
		{"/quan-tri/sap-xep/{id}", map[string]string{"{id}": "decree", "{kind}": "kind"}, []string{"P admin"}},
		{"/api/v1/reforms/{id}", map[string]string{"{id}": "decree"}, []string{"P admin"}},
		{"/api/v1/units/{code}", nil, nil},
		{"/api/v1/procedures/{code}", nil, nil},
		{"/api/v1/track/{number}", nil, nil},
		{"/api/v1/dossiers/{number}", number, parties},
		{"/api/v1/files/{id}", map[string]string{"{id}": "file"}, parties},
		{"/api/v1/files/{id}/content", map[string]string{"{id}": "internal"}, readers}, // what an officer attached for colleagues
		{"/api/v1/queues/{queue}", nil, nil},                                           // each sees their own queue
	}
}

// forms is what a person would type into any form of the house, so that a refusal
// is not for want of it.
const forms = "ly-do=th%E1%BB%AD&sao=1&gop-y=x&viec=withdraw&action=accept&hanh-dong=accept&reason=x&note=x&theo-doi=1&nhan=online&reason=x&name=x&title=x&state=closed&confirm=1&to=2030-01-01"

// bodies of operations, complete enough to reach the object.
var bodies = map[string]string{
	"act-on-dossier":     `{"action":"accept","reason":"thử"}`,
	"stop-import":        `{}`,
	"continue-import":    `{}`,
	"accept-import":      `{}`,
	"accept-change":      `{}`,
	"reject-change":      `{}`,
	"supplement-dossier": `{"note":"thử"}`,
	"withdraw-dossier":   `{"reason":"thử"}`,
	"apply-decree":       `{"confirm_past":true}`,
	"undo-decree":        `{}`,
}

// Nobody learns from any answer that somebody else's affair exists: page and
// operation say the same of it, word for word, as of something that does not.
func TestForeignObjectsDoNotExist(t *testing.T) {
	if testing.Short() {
		t.Skip("asks every route for everybody's objects")
	}
	eachHouse(t, func(t *testing.T, a *App) {
		s := settle(t, a)
		before := s.look(t)
		seen, refused := 0, 0
		for _, way := range s.ways(t) {
			d, ok := doorOf(way.path)
			if !ok {
				t.Errorf("%s: say in doors whose object is behind it", way.name)
				continue
			}
			for _, p := range s.people {
				if d.may == nil {
					continue
				}
				if slices.Contains(d.may, p.name) {
					if way.method == http.MethodGet {
						if w := s.ask(t, way, d, p, true); w.Code < 400 {
							seen++
						}
					}
					continue
				}
				refused++
				there, nowhere := s.ask(t, way, d, p, true), s.ask(t, way, d, p, false)
				// 303 is the answer to taking away what is gone already.
				if there.Code < 300 || there.Code >= 500 {
					t.Errorf("%s as %s answers %d for somebody else's object", way.name, p.name, there.Code)
				}
				if a, b := s.plain(there.ResponseRecorder, there.path), s.plain(nowhere.ResponseRecorder, nowhere.path); there.Code != nowhere.Code || a != b {
					t.Errorf("%s as %s: somebody else's object (%d) does not look like none (%d):\n%s\n---\n%s", way.name, p.name, there.Code, nowhere.Code, onlyIn(a, b), onlyIn(b, a))
				}
				for _, secret := range secrets {
					if strings.Contains(there.Body.String(), secret) && p.name != "owner" {
						t.Errorf("%s as %s shows %s", way.name, p.name, secret)
					}
				}
			}
		}
		if seen < 40 || refused < 500 {
			t.Errorf("only %d visits of those who may and %d refusals of those who may not", seen, refused)
		}
		if after := s.look(t); after != before {
			t.Errorf("a stranger changed something:\n%s\n%s", before, after)
		}
		s.lists(t)
	})
}

// way is one page or operation.
type way struct{ name, method, path, body string }

// ways are all routes and operations with something in their path.
func (s *street) ways(t *testing.T) (all []way) {
	t.Helper()
	for _, r := range s.Site().Routes() {
		method, path, ok := strings.Cut(r.Pattern, " ")
		if ok && strings.Contains(strings.ReplaceAll(path, "{$}", ""), "{") {
			all = append(all, way{r.Pattern, method, path, forms})
		}
	}
	var spec struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(s.OpenAPI(), &spec); err != nil {
		t.Fatal(err)
	}
	for path, ops := range spec.Paths {
		for method, op := range ops {
			if strings.Contains(path, "{") {
				method = strings.ToUpper(method)
				if method != http.MethodGet && bodies[op.OperationID] == "" {
					t.Errorf("%s: give a body in bodies", op.OperationID)
				}
				all = append(all, way{method + " " + path, method, path, bodies[op.OperationID]})
			}
		}
	}
	slices.SortFunc(all, func(a, b way) int { return strings.Compare(a.name, b.name) })
	return all
}

func doorOf(path string) (best door, ok bool) {
	for _, d := range doors() {
		if (path == d.path || strings.HasPrefix(path, d.path+"/")) && len(d.path) > len(best.path) {
			best, ok = d, true
		}
	}
	return best, ok
}

// ask knocks: for the object itself, or for one of the same kind that is not there.
func (s *street) ask(t *testing.T, wy way, d door, p persona, itself bool) answer {
	t.Helper()
	path := wildcard.ReplaceAllStringFunc(wy.path, func(w string) string {
		if name, ok := d.objects[w]; ok && (itself || name == "step" || name == "name") {
			return s.objects[name]
		}
		if w == "{number}" {
			return "H56.15-260101-9999"
		}
		return id.New()
	})
	r := httptest.NewRequestWithContext(t.Context(), wy.method, path, strings.NewReader(wy.body))
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if strings.HasPrefix(path, "/api/") {
		r.Header.Set("Idempotency-Key", "matrix-"+id.New())
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Header.Set("Accept", "text/html")
		if wy.method != http.MethodGet {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	if wy.method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/offset+octet-stream")
		r.Header.Set("Upload-Offset", "0")
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return answer{w, path}
}

// answer is what came back, and the address that was asked.
type answer struct {
	*httptest.ResponseRecorder
	path string
}

// plain is an answer without what differs between any two: its reference, and the
// address that was asked for.
func (s *street) plain(w *httptest.ResponseRecorder, path string) string {
	text := w.Header().Get("Location") + "\n" + w.Body.String()
	for _, own := range []string{w.Header().Get("X-Reference"), path, url.QueryEscape(path)} {
		if own != "" {
			text = strings.ReplaceAll(text, own, "OWN")
		}
	}
	return uuid.ReplaceAllString(strings.ReplaceAll(text, "><", ">\n<"), "ID")
}

// onlyIn are the lines of a that b does not have.
func onlyIn(a, b string) string {
	var out []string
	have := strings.Split(b, "\n")
	for _, line := range strings.Split(a, "\n") {
		if !slices.Contains(have, line) {
			out = append(out, line[:min(len(line), 300)])
		}
	}
	return strings.Join(out[:min(len(out), 3)], "\n")
}

// look is the state of what strangers tried to change.
func (s *street) look(t *testing.T) string {
	t.Helper()
	d, err := s.Rooms.Dossiers.Get(s.owner, s.number, "own")
	if err != nil {
		t.Fatal(err)
	}
	drafts, err := s.Rooms.Dossiers.Drafts(s.owner)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := s.Rooms.Identity.Sessions(s.owner)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := s.Rooms.Identity.Tokens(s.owner)
	if err != nil {
		t.Fatal(err)
	}
	parked, err := s.Rooms.Jobs.Parked(t.Context(), s.db, 10)
	if err != nil {
		t.Fatal(err)
	}
	agency, err := s.Rooms.Org.Agency(s.owner, s.objects["agency"])
	if err != nil {
		t.Fatal(err)
	}
	staff, err := s.Rooms.Identity.Lookup(identitytest.AsSystem(), s.objects["staff"])
	if err != nil {
		t.Fatal(err)
	}
	posts, err := s.Rooms.Org.Posts(identitytest.AsSystem(), s.objects["agency"], "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %d %s drafts %d rev %d sessions %d tokens %d agency %v staff %s posts %d parked %d",
		d.Status, d.Version, d.Step, len(drafts), drafts[0].Rev, len(sessions), len(tokens), agency, staff.State, len(posts.Items), len(parked))
}

// lists asks for every list of the house: nobody finds the names there who may not
// open the object.
func (s *street) lists(t *testing.T) {
	t.Helper()
	d, _ := doorOf("/xu-ly/{number}")
	found := 0
	pages := []string{"/api/v1/dossiers", "/ho-so?tat-ca=1", "/thong-bao", "/tai-khoan", "/tai-khoan/phien", "/mot-cua", "/mot-cua?q=1.001193", "/thong-ke"}
	for _, q := range []string{"mine", "unassigned", "to_receive", "to_sign", "to_return", "waiting", "due_soon", "overdue", "following", "all"} {
		pages = append(pages, "/api/v1/queues/"+q, "/xu-ly?hang="+q)
	}
	for _, search := range []string{"Kin+Dao", ownerNo, s.number} {
		pages = append(pages, "/api/v1/queues/all?search="+search, "/xu-ly?hang=all&q="+search)
	}
	for _, p := range s.people {
		for _, page := range pages {
			w := s.ask(t, way{page, http.MethodGet, page, ""}, door{}, p, true)
			if w.Code >= 500 {
				t.Errorf("%s as %s: %d", page, p.name, w.Code)
			}
			for _, secret := range secrets {
				if strings.Contains(page, secret) || !strings.Contains(w.Body.String(), secret) { // a search box keeps its words
					continue
				}
				found++
				if !slices.Contains(d.may, p.name) {
					t.Errorf("%s shows %s to %s", page, secret, p.name)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("those who may see it found it in only %d lists", found)
	}
}

// settle builds the house: commune X, where a citizen has a dossier that was
// received, a draft, a half upload, a session and a token, and commune Y next door.
func settle(t *testing.T, a *App) *street {
	t.Helper()
	h := &identitytest.House{DB: a.db, Journal: a.Rooms.Journal, Org: a.Rooms.Org, Identity: a.Rooms.Identity}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &street{App: a, house: h, objects: map[string]string{"step": "child", "name": "giay.pdf", "pack": "justice"}, people: []persona{{name: "visitor", ctx: t.Context()}}}
	system := identitytest.AsSystem()
	justice, err := pack.Embedded(packs.FS)
	if err != nil {
		t.Fatal(err)
	}
	justice = slices.DeleteFunc(justice, func(src pack.Source) bool { return src.Where != "packs/justice" && src.Where != "justice" })
	if out, err := a.Rooms.Packs.Load(system, justice); err != nil || len(out.Loads) != 1 {
		t.Fatal(err, out.Summary())
	}
	province := h.Agency(t, "H56", "UBND tỉnh Mẫu", "")
	x, y := h.Agency(t, "H56.15", "UBND xã Mẫu", province.ID), h.Agency(t, "H56.16", "UBND xã Bên", province.ID)
	team := map[string]identity.Account{}
	for where, at := range map[string]org.Agency{"X": x, "Y": y, "P": province} {
		for _, r := range identity.ShippedRoles() {
			// Posts reach all agencies below; at the top sit those who watch over the whole.
			if where == "P" && !slices.Contains([]string{"leader", "admin", "auditor"}, r.Code) {
				continue
			}
			name := where + " " + r.Code
			team[name] = h.Staff(t, strings.ToLower(where)+"."+strings.ReplaceAll(r.Code, "_", "."), "Trần Văn "+name, at, r.Code)
		}
	}
	owner, other := s.citizen(t, ownerNo, ownerName, ownerPhone), s.citizen(t, "001190054326", "Lê Thị Người Khác", "0911222333")
	team["owner"], team["stranger"] = owner, other
	for name, account := range team {
		key, token, err := a.Rooms.Identity.CreateTokenFor(system, account.Login, "matrix", 1e13)
		if err != nil {
			t.Fatal(name, err)
		}
		if name == "owner" {
			s.objects["token"] = token.ID
		}
		s.people = append(s.people, persona{name: name, token: key, ctx: h.As(t, account.ID)})
	}
	slices.SortFunc(s.people, func(a, b persona) int { return strings.Compare(a.name, b.name) })
	s.owner = h.As(t, owner.ID)
	s.affairs(t, owner, x, team)
	return s
}

func (s *street) citizen(t *testing.T, no, name, phone string) identity.Account {
	t.Helper()
	hash, err := s.house.Identity.HashPassword(t.Context(), identitytest.Password)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.house.Identity.Register(identitytest.AsSystem(), identity.NewAccount{
		Kind: identity.KindCitizen, CitizenNo: no, Name: name, Birth: civil.MustPartial("1990"), Phone: phone, Hash: hash, Assurance: identity.EIdentity,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// secretDecree is one that nobody has heard of yet.
const secretDecree = `number: 99/NQ-KÍN
kind: {vi: Nghị quyết, en: Resolution}
issuer: {vi: Hội đồng nhân dân tỉnh, en: Provincial People's Council}
date: 2026-12-01
effective: 2027-01-01
title: {vi: Việc kín, en: A quiet matter}
text: Chưa công bố.
agencies:
  - create: {code: H64.99, name: Cơ quan Kín, kind: department, level: province, parent: H64}
`

// affairs makes everything that strangers will ask for.
func (s *street) affairs(t *testing.T, owner identity.Account, x org.Agency, team map[string]identity.Account) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	files, dossiers := s.Rooms.Files, s.Rooms.Dossiers
	pdf := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n% " + id.New() + "\ntrailer<</Root 1 0 R>>\n%%EOF\n")
	f, err := files.Save(s.owner, "giay.pdf", owner.ID, bytes.NewReader(pdf))
	must(err)
	s.objects["file"] = f.ID
	up, err := files.Begin(s.owner, blob.Upload{Name: "nua.pdf", Size: 1 << 20, Owner: owner.ID})
	must(err)
	s.objects["upload"] = up.ID
	offer := "1.001193~" + x.ID + "~online"
	answers, err := json.Marshal(birth())
	must(err)
	d, err := dossiers.File(s.owner, dossier.FileInput{
		Key: "matrix-" + id.New(), OfferID: offer, CaseID: "default", RawAnswers: answers, Papers: []dossier.PaperInput{{Code: "birth_notice", FileIDs: []string{f.ID}}},
		Delivery: dossier.Delivery{By: "online"},
	})
	must(err)
	s.number = d.Number
	s.objects["number"] = d.Number
	clerk := s.house.As(t, team["X counter_clerk"].ID)
	_, err = dossiers.Act(clerk, dossier.ActInput{DossierID: d.ID, Action: "accept"})
	must(err)
	officer := s.house.As(t, team["X officer"].ID)
	note, err := files.Save(officer, "y-kien.pdf", team["X officer"].ID, bytes.NewReader(slices.Concat(pdf, []byte("% note\n"))))
	must(err)
	s.objects["internal"] = note.ID
	_, err = dossiers.Act(officer, dossier.ActInput{DossierID: d.ID, Action: "ask", Reason: "Bản chụp mờ", Files: []string{note.ID}})
	must(err)
	must(s.CatchUp(t.Context()))
	detail, err := dossiers.Get(s.owner, d.Number, "own")
	must(err)
	if len(detail.Documents) == 0 {
		t.Fatal("no receipt was issued")
	}
	s.objects["receipt"] = detail.Documents[0].ID
	draft, err := dossiers.StartDraft(s.owner, offer, "default")
	must(err)
	_, err = dossiers.SaveDraft(s.owner, draft.ID, dossier.DraftPatch{Rev: draft.Rev, Step: "child", Answers: form.Answers{"child_name": childName}})
	must(err)
	s.objects["draft"] = draft.ID
	_, err = s.Rooms.Identity.Enter(identitytest.AsSystem(), owner.ID, identity.Client{})
	must(err)
	sessions, err := s.Rooms.Identity.Sessions(s.owner)
	must(err)
	s.objects["session"] = sessions[0].ID
	s.objects["agency"], s.objects["staff"] = x.ID, team["X officer"].ID
	dep, err := s.Rooms.Org.SaveDepartment(identitytest.AsSystem(), org.Department{AgencyID: x.ID, Name: "Phòng Kín"})
	must(err)
	s.objects["department"] = dep.ID
	held, err := s.Rooms.Org.HoldingsOf(s.owner, team["X officer"].ID, s.opts.Now())
	must(err)
	s.objects["post"], s.objects["holding"] = held[0].PostID, held[0].HoldingID
	decree, err := s.Rooms.Reforms.Propose(identitytest.AsSystem(), "kin.yaml", []byte(secretDecree))
	must(err)
	s.objects["decree"], s.objects["kind"] = decree.ID, "agency"
	must(s.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		return s.Rooms.Jobs.Enqueue(t.Context(), tx, "test.stuck", map[string]string{})
	}))
	_, stuck := s.Rooms.Jobs.RunDue(t.Context(), []job.Handler{{Kind: "test.stuck", Run: func(context.Context, json.RawMessage) error {
		return job.Permanent(errors.New("stuck"))
	}}}, nil)
	if stuck == nil {
		t.Fatal("the job that is to be parked was done")
	}
	parked, err := s.Rooms.Jobs.Parked(t.Context(), s.db, 10)
	must(err)
	s.objects["job"] = parked[0].ID
}

// birth are the answers of a declaration of birth.
func birth() map[string]any {
	place := map[string]any{"province": "01", "commune": "00004", "line": "Số 1 đường Hoa Sữa"}
	return map[string]any{
		"requester_name": ownerName, "requester_no": ownerNo, "requester_phone": ownerPhone,
		"relation": "mother", "child_name": childName, "child_gender": "male", "child_birth": civil.DateOf(time.Now()).AddDays(-9).String(), "born_at": "facility",
		"facility": "Bệnh viện Mẫu", "birth_place": place, "home_place": place, "child_ethnic": "01", "child_nationality": "VN",
		"mother_name": ownerName, "mother_no": ownerNo, "mother_birth": "1990", "married": true, "father_declared": false, "copies": 0, "exempt": "none", "sworn": true,
	}
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
