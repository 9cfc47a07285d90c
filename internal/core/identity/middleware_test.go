package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
	"motcua/internal/platform/web"
)

// site is a small site in front of the house, with everything it logs.
type site struct {
	*identitytest.House
	url string
	log *bytes.Buffer
}

func newSite(t *testing.T, db *sqldb.DB) *site {
	t.Helper()
	h := identitytest.New(t, db, func(o *identitytest.Options) {
		o.Identity.Nav = []identity.NavRule{
			{Item: web.NavItem{Key: "nav.home", Href: "/"}, Access: identity.Anyone},
			{Item: web.NavItem{Key: "nav.admin", Href: "/quan-tri"}, Access: identity.Holding(identity.AdminOrg)},
			{Item: web.NavItem{Key: "nav.mine", Href: "/ho-so"}, Access: identity.SignedIn, Kinds: []identity.Kind{identity.KindCitizen}},
		}
	})
	s := &site{House: h, log: new(bytes.Buffer)}
	bundle, err := i18n.New(web.Locales(), h.Identity.Module().Locales, h.Org.Module().Locales)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	h.Identity.Module().API(humago.New(mux, huma.DefaultConfig("test", "1")))
	who := func(w http.ResponseWriter, r *http.Request) error {
		a := identity.From(r.Context())
		v := web.ViewerFrom(r.Context())
		var nav []string
		for _, n := range v.Nav {
			nav = append(nav, n.Key)
		}
		return web.JSON(w, r, http.StatusOK, map[string]any{
			"id": a.AccountID, "via": a.Via, "prior": identity.PriorAccount(r.Context()), "nav": nav, "name": v.Name, "agency": v.Agency,
		})
	}
	st, err := web.New(web.Options{
		Bundle: bundle, Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Middleware: []func(http.Handler) http.Handler{h.Identity.Middleware},
		Mounts:     []web.Mount{{Pattern: "/api/", Access: identity.Anyone, Handler: mux}},
		Routes: []web.Route{
			{Pattern: "GET /ai", Access: identity.Anyone, Handle: who},
			{Pattern: "GET /trong", Access: identity.SignedIn, Handle: who},
			{Pattern: "POST /vao", Access: identity.Anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
				f, err := web.Form(r)
				if err != nil {
					return err
				}
				in, err := h.Identity.SignIn(r.Context(), f.Get("login"), f.Get("password"), h.Identity.ClientOf(r))
				if err != nil {
					return err
				}
				h.Identity.Keep(w, in)
				return web.SeeOther(w, r, "/ai")
			}},
			{Pattern: "POST /ra", Access: identity.SignedIn, Handle: func(w http.ResponseWriter, r *http.Request) error {
				if err := h.Identity.SignOut(r.Context(), w); err != nil {
					return err
				}
				return web.SeeOther(w, r, "/ai")
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(st)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// browser keeps cookies and follows nothing by itself.
type browser struct {
	t *testing.T
	s *site
	c *http.Client
}

func (s *site) browser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is what of a response outlives its body.
type answer struct {
	Header  http.Header
	cookies []*http.Cookie
}

func (b *browser) do(method, path string, form url.Values, header ...string) (int, map[string]any, answer) {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, b.s.url+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	raw, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		b.t.Fatal(err)
	}
	var data map[string]any
	_ = json.Unmarshal(raw, &data) // pages are not JSON
	return res.StatusCode, data, answer{res.Header, res.Cookies()}
}

func (b *browser) signIn(login, password string) {
	b.t.Helper()
	if code, _, _ := b.do("POST", "/vao", url.Values{"login": {login}, "password": {password}}); code != http.StatusSeeOther {
		b.t.Fatalf("sign-in of %s answers %d", login, code)
	}
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.s.url)
	for _, c := range b.c.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func TestASessionFromSignInToSignOut(t *testing.T) {
	sqldbtest.Each(t, identitytest.Lines(), func(t *testing.T, db *sqldb.DB) {
		s := newSite(t, db)
		a := s.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
		b := s.browser(t)
		if code, _, res := b.do("GET", "/trong", nil); code != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/dang-nhap?next=") {
			t.Errorf("a visitor gets %d to %s", code, res.Header.Get("Location"))
		}
		_, _, res := b.do("POST", "/vao", url.Values{"login": {"038190000012"}, "password": {identitytest.Password}})
		for _, c := range res.cookies {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("cookie %s is too open: %+v", c.Name, c)
			}
			if c.Name == "motcua_phien" && c.MaxAge != 0 {
				t.Error("the session cookie outlives the browser")
			}
		}
		_, who, res := b.do("GET", "/trong", nil)
		if who["id"] != a.ID || who["via"] != "session" || fmt.Sprint(who["nav"]) != "[nav.home nav.mine]" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("signed in: %v", who)
		}
		stolen := b.cookie("motcua_phien")
		if code, _, _ := b.do("POST", "/ra", url.Values{}); code != http.StatusSeeOther {
			t.Errorf("sign-out answers %d", code)
		}
		thief := s.browser(t)
		if _, who, _ := thief.do("GET", "/ai", nil, "Cookie", "motcua_phien="+stolen); who["id"] != "" {
			t.Error("the cookie works after signing out")
		}
	})
}

func TestSessionFixationIsWorthNothing(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t, identitytest.Lines()...))
	s.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
	attacker := s.Citizen(t, "038190000013", "Kẻ Gian")
	u, _ := url.Parse(s.url)

	// A made-up secret is never taken over.
	victim := s.browser(t)
	victim.c.Jar.SetCookies(u, []*http.Cookie{{Name: "motcua_phien", Value: "planted-by-somebody", Path: "/"}})
	victim.signIn("038190000012", identitytest.Password)
	if victim.cookie("motcua_phien") == "planted-by-somebody" {
		t.Error("the planted secret became the session")
	}
	// A genuine session of the attacker, planted: signing in replaces and ends it.
	bad := s.browser(t)
	bad.signIn("038190000013", identitytest.Password)
	planted := bad.cookie("motcua_phien")
	victim = s.browser(t)
	victim.c.Jar.SetCookies(u, []*http.Cookie{{Name: "motcua_phien", Value: planted, Path: "/"}})
	victim.signIn("038190000012", identitytest.Password)
	if _, who, _ := bad.do("GET", "/ai", nil); who["id"] == attacker.ID || who["id"] != "" {
		t.Errorf("the planted session lives on as %v", who["id"])
	}
	// The secret is not what the database holds.
	var n int
	if err := s.DB.QueryRow(context.Background(), `SELECT COUNT(*) FROM identity_session WHERE hash = $1`, victim.cookie("motcua_phien")).Scan(&n); err != nil || n != 0 {
		t.Errorf("the secret itself is stored: %d, %v", n, err)
	}
}

func TestSessionsEndIdleAndInAnyCase(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t, identitytest.Lines()...))
	root := s.Agency(t, "H56", "UBND tỉnh", "")
	staff := s.Staff(t, "canbo", "Vũ Cán Bộ", root, "officer")
	s.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
	alive := func(b *browser) bool {
		_, who, _ := b.do("GET", "/ai", nil)
		return who["id"] != ""
	}
	b, c := s.browser(t), s.browser(t)
	b.signIn("canbo", identitytest.Password)
	c.signIn("038190000012", identitytest.Password)
	start := s.Clock.Now()
	for range 3 { // use keeps it alive
		s.Clock.Add(25 * time.Minute)
		if !alive(b) {
			t.Fatal("a session in use ended")
		}
	}
	s.Clock.Add(31 * time.Minute)
	if alive(b) {
		t.Error("staff: idle for 31 minutes and still in")
	}
	if _, who, _ := b.do("GET", "/ai", nil); who["prior"] != staff.ID {
		t.Errorf("the owner of the expired session is forgotten: %v", who["prior"])
	}
	if !alive(c) {
		t.Error("citizen: out while filling in a form")
	}
	s.Clock.Set(start)
	b.signIn("canbo", identitytest.Password)
	for range 60 {
		s.Clock.Add(13 * time.Minute)
		alive(b)
	}
	if alive(b) {
		t.Error("staff: a session lives past twelve hours")
	}
}

func TestRevokingElsewhere(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t, identitytest.Lines()...))
	a := s.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
	other := s.Citizen(t, "038190000013", "Trần Văn Bình")
	phone, desk := s.browser(t), s.browser(t)
	phone.signIn("038190000012", identitytest.Password)
	desk.signIn("038190000012", identitytest.Password)
	sessions, err := s.Identity.Sessions(s.As(t, a.ID))
	if err != nil || len(sessions) != 2 {
		t.Fatal(sessions, err)
	}
	if err := s.Identity.EndSession(s.As(t, other.ID), sessions[0].ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("somebody else ended it: %v", err)
	}
	if err := s.Identity.ChangePassword(s.As(t, a.ID), "sai mật khẩu cũ", "đò dọc đò ngang", from("203.0.113.7")); err == nil {
		t.Error("the old password was not asked for")
	}
	if err := s.Identity.ChangePassword(s.As(t, a.ID), identitytest.Password, "đò dọc đò ngang", from("203.0.113.7")); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*browser{phone, desk} {
		if _, who, _ := b.do("GET", "/ai", nil); who["id"] != "" {
			t.Error("a session survived the change of password")
		}
	}
}

func TestBearerTokens(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t, identitytest.Lines()...))
	root := s.Agency(t, "H56", "UBND tỉnh", "")
	a := s.Staff(t, "canbo", "Vũ Cán Bộ", root, "admin")
	key, _, err := s.Identity.CreateToken(s.As(t, a.ID), identity.TokenInput{Name: "thử"})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	code, me, _ := b.do("GET", "/api/v1/me", nil, "Authorization", "Bearer "+key)
	if code != http.StatusOK || me["id"] != a.ID || me["via"] != "token" {
		t.Errorf("%d %v", code, me)
	}
	posts := me["posts"].([]any)
	if len(posts) != 1 || !strings.Contains(fmt.Sprint(posts[0]), identity.AdminOrg) {
		t.Errorf("posts %v", posts)
	}
	for _, h := range []string{"Bearer wrong", "Bearer", "Basic YWRtaW46YWRtaW4=", "bearer  " + key + "x"} {
		if code, _, _ := b.do("GET", "/api/v1/me", nil, "Authorization", h); code != http.StatusUnauthorized {
			t.Errorf("%q answers %d", h, code)
		}
	}
	// Identity never comes from other headers.
	if _, who, _ := b.do("GET", "/ai", nil, "X-Forwarded-User", "canbo", "X-User-Id", a.ID, "X-Remote-User", "canbo", "X-Agency", root.ID); who["id"] != "" {
		t.Errorf("a forged header made %v", who["id"])
	}
}

// Passwords, tokens, links and session secrets must be found nowhere but in the
// hands of their owners; numbers of people nowhere in journal and log.
func TestSecretsStayOutOfJournalLogAndTables(t *testing.T) {
	sqldbtest.Each(t, identitytest.Lines(), func(t *testing.T, db *sqldb.DB) {
		s := newSite(t, db)
		ctx := context.Background()
		root := s.Agency(t, "H56", "UBND tỉnh", "")
		admin := s.Staff(t, "admin.root", "Quản Trị Tỉnh", root, "admin")
		const password, next = "canary một hai ba bốn", "canary năm sáu bảy tám"
		in := newCitizen()
		in.Password, in.Email = password, "canary@example.vn"
		a, err := s.Identity.Register(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		b := s.browser(t)
		b.do("POST", "/vao", url.Values{"login": {a.Login}, "password": {"canary sai mật khẩu"}})
		b.signIn(a.Login, password)
		secrets := []string{password, next, "canary sai mật khẩu", "canary@example.vn", "0912345678", "038190000012", "Thị Hoa", b.cookie("motcua_phien")}
		key, _, err := s.Identity.CreateToken(s.As(t, a.ID), identity.TokenInput{Name: "kế toán"})
		if err != nil {
			t.Fatal(err)
		}
		b.do("GET", "/api/v1/me", nil, "Authorization", "Bearer "+key)
		b.do("GET", "/api/v1/me", nil, "Authorization", "Bearer "+key+"wrong")
		if err := s.Identity.ChangePassword(s.As(t, a.ID), password, next, from("203.0.113.7")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Identity.UpdateProfile(s.As(t, a.ID), identity.Profile{Phone: "0987654321", Email: "canary2@example.vn", Address: "Số 1 đường Canary"}); err != nil {
			t.Fatal(err)
		}
		link, _, err := s.Identity.ResetLink(s.As(t, admin.ID), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Identity.Search(s.As(t, admin.ID), identity.AccountFilter{Kind: identity.KindCitizen, Text: a.CitizenNo, Purpose: "hỗ trợ"}); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			_, _ = s.Identity.SignIn(ctx, a.Login, "canary sai mật khẩu", from("203.0.113.9"))
		}
		secrets = append(secrets, key, strings.TrimPrefix(key, "mctk_"), link, "0987654321", "canary2@example.vn", "đường Canary")

		found := func(where, text string) {
			for _, x := range secrets {
				if x != "" && strings.Contains(text, x) {
					t.Errorf("%q stands in the %s", x, where)
				}
			}
		}
		found("log", s.log.String())
		rows, err := db.Query(ctx, `SELECT id || stream || type || actor || actor_name || on_behalf || purpose || data FROM journal_event LIMIT 10000`)
		events, err := sqldb.Strings(rows, err)
		if err != nil || len(events) < 8 {
			t.Fatal(len(events), err)
		}
		found("journal", strings.Join(events, "\n"))
		// The tables of identity hold personal data in the account and nowhere else, secrets nowhere.
		personal := secrets
		for _, q := range []string{
			`SELECT id || hash || account_id || agent || address FROM identity_session LIMIT 1000`,
			`SELECT id || hash || prefix || account_id || name FROM identity_token LIMIT 1000`,
			`SELECT hash || account_id || created_by FROM identity_link LIMIT 1000`,
			`SELECT key FROM identity_throttle LIMIT 1000`,
			`SELECT password FROM identity_account LIMIT 1000`,
		} {
			rows, err := db.Query(ctx, q)
			list, err := sqldb.Strings(rows, err)
			if err != nil {
				t.Fatal(q, err)
			}
			secrets = personal
			found(q, strings.Join(list, "\n"))
		}
		if !strings.Contains(s.log.String(), "/vao") {
			t.Error("the log was not looked at")
		}
	})
}

func TestSweepKeepsWhatLives(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t, identitytest.Lines()...))
	s.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
	b := s.browser(t)
	b.signIn("038190000012", identitytest.Password)
	if err := s.Identity.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, who, _ := b.do("GET", "/ai", nil); who["id"] == "" {
		t.Error("the sweep signed somebody out")
	}
	s.Clock.Add(72 * time.Hour)
	if err := s.Identity.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.DB.QueryRow(context.Background(), `SELECT (SELECT COUNT(*) FROM identity_session) + (SELECT COUNT(*) FROM identity_throttle)`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d old rows stay, %v", n, err)
	}
}

func TestWordsAreComplete(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t, identitytest.Lines()...))
	b, err := i18n.New(s.Identity.Module().Locales, s.Org.Module().Locales)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range i18n.Check(b) {
		t.Error(fault)
	}
	for _, p := range identity.Permissions() {
		if !b.Has("vi", "identity.perm."+p) {
			t.Errorf("the permission %s has no name", p)
		}
	}
	for _, k := range org.Kinds() {
		if !b.Has("vi", "org.kind."+string(k)) {
			t.Errorf("the kind %s has no name", k)
		}
	}
}
