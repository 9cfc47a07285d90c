package account_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/modules/account"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
	"motcua/internal/platform/web"
)

const hoa, binh = "038190000012", "038190000013"

func each(t *testing.T, test func(t *testing.T, s *identitytest.Site)) {
	sqldbtest.Each(t, append(identitytest.Lines(), account.Line()), func(t *testing.T, db *sqldb.DB) { test(t, serve(t, db)) })
}

// serve opens the account pages and one form of another room, /thu.
func serve(t *testing.T, db *sqldb.DB) *identitytest.Site {
	t.Helper()
	h := identitytest.New(t, db)
	room := account.New(account.Deps{DB: db, Identity: h.Identity, Org: h.Org, Now: h.Clock.Now, Home: func(a identity.Actor) string {
		if a.May(identity.DossierReceive) {
			return "/nha-quay"
		}
		return "/nha-" + string(a.Kind)
	}})
	form := func(w http.ResponseWriter, r *http.Request) error {
		f, err := web.Form(r)
		if err != nil {
			return err
		}
		if f.Get("sai") != "" {
			return web.JSON(w, r, http.StatusUnprocessableEntity, f)
		}
		return web.JSON(w, r, http.StatusOK, f)
	}
	s := h.Serve(t, []module.Module{room.Module()}, []web.Route{
		{Pattern: "POST /thu", Access: identity.Citizen, Handle: form},
		{Pattern: "POST /mo", Access: identity.Anyone, Handle: form},
	}, room.Park)
	h.Citizen(t, hoa, "Nguyễn Thị Hoa")
	h.Citizen(t, binh, "Trần Văn Bình")
	return s
}

func TestAFormSentTooLateIsKeptForItsOwner(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		b := s.Browser(t)
		b.SignIn(hoa)
		s.Clock.Add(3 * time.Hour)
		const typed = "Nguyễn Văn Bé, sinh tại trạm y tế"
		p := b.Post("/thu?buoc=2", "ten", typed, "con", "một", "con", "hai", "trong", "")
		if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, "/dang-nhap") {
			t.Fatalf("%d to %s", p.Status, p.Location)
		}
		if !strings.Contains(b.Get("/dang-nhap").Text(), "Nội dung vừa nhập đã được giữ lại") {
			t.Error("the sign-in page does not say that the content is kept")
		}
		p = b.Post("/dang-nhap", "login", hoa, "password", identitytest.Password)
		if p.Status != http.StatusSeeOther || p.Location != "/dang-nhap/tiep-tuc" {
			t.Fatalf("after signing in: %d to %s", p.Status, p.Location)
		}
		p = b.Get("/dang-nhap/tiep-tuc")
		for _, piece := range []string{`action="/thu?buoc=2"`, `name="ten" value="` + typed + `"`, `name="con" value="một"`, `name="con" value="hai"`, "Tiếp tục gửi nội dung vừa nhập"} {
			if !p.Has(piece) {
				t.Errorf("the page lacks %s", piece)
			}
		}
		// Faults in it keep it, success lets it go.
		if p := b.Post("/thu?buoc=2", "sai", "1", "ten", typed); p.Status != http.StatusUnprocessableEntity {
			t.Fatal(p.Status)
		}
		if p := b.Get("/dang-nhap/tiep-tuc"); p.Status != http.StatusOK {
			t.Errorf("after a refusal it is gone: %d", p.Status)
		}
		if p := b.Post("/thu?buoc=2", "ten", typed, "con", "một", "con", "hai"); p.Status != http.StatusOK || !strings.Contains(p.Body, typed) {
			t.Fatal(p.Status, p.Body)
		}
		if p := b.Get("/dang-nhap/tiep-tuc"); p.Status != http.StatusSeeOther || p.Location != "/nha-citizen" {
			t.Errorf("once sent it is still offered: %d", p.Status)
		}
		if n := parkedRows(t, s); n != 0 {
			t.Errorf("%d rows stay", n)
		}
	})
}

func parkedRows(t *testing.T, s *identitytest.Site) (n int) {
	t.Helper()
	if err := s.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM account_parked`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheNextPersonAtASharedComputerSeesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		b := s.Browser(t)
		b.SignIn(hoa)
		s.Clock.Add(3 * time.Hour)
		b.Post("/thu", "ten", "chuyện riêng của Hoa")
		p := b.Post("/dang-nhap", "login", binh, "password", identitytest.Password)
		if p.Location != "/nha-citizen" {
			t.Errorf("Bình is led to %s", p.Location)
		}
		if p := b.Get("/dang-nhap/tiep-tuc"); p.Status != http.StatusSeeOther || strings.Contains(p.Body, "chuyện riêng") {
			t.Errorf("Bình reads what Hoa typed: %d", p.Status)
		}
		if n := parkedRows(t, s); n != 0 {
			t.Errorf("%d rows stay for nobody", n)
		}

		// Even with the cookie, a parked form opens for its owner only.
		h := s.Browser(t)
		h.SignIn(hoa)
		s.Clock.Add(3 * time.Hour)
		h.Post("/thu", "ten", "chuyện riêng khác")
		thief := s.Browser(t)
		thief.SignIn(binh)
		if p := thief.Do(http.MethodGet, "/dang-nhap/tiep-tuc", "", nil, "Cookie", "motcua_phien="+thief.Cookie("motcua_phien")+"; motcua_gui="+h.Cookie("motcua_gui")); strings.Contains(p.Body, "chuyện riêng") {
			t.Error("the cookie alone opens somebody else's form")
		}
	})
}

func TestAVisitorsFormBelongsToWhoeverSignsInFirst(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		b := s.Browser(t)
		b.Post("/thu", "ten", "điền trước khi đăng nhập")
		if p := b.Post("/dang-nhap", "login", hoa, "password", identitytest.Password); p.Location != "/dang-nhap/tiep-tuc" {
			t.Fatalf("led to %s", p.Location)
		}
		b.Post("/dang-xuat")
		if p := b.Post("/dang-nhap", "login", binh, "password", identitytest.Password); p.Location != "/nha-citizen" {
			t.Errorf("the second person is led to %s", p.Location)
		}
	})
}

func TestWhatIsNotParked(t *testing.T) {
	s := serve(t, sqldbtest.SQLite(t, append(identitytest.Lines(), account.Line())...))
	b := s.Browser(t)
	b.Post("/thu", "password", "bí mật", "ten", "x y")
	b.Post("/thu", "ten", strings.Repeat("dài ", 100_000))
	b.Post("/mo", "ten", "ai cũng gửi được")
	b.Post("/khong-co", "ten", "trang không có")
	b.Do(http.MethodPost, "/thu", "application/json", strings.NewReader(`{"ten":"máy"}`), "Accept", "application/json")
	b.Do(http.MethodPost, "/thu", "application/x-www-form-urlencoded", strings.NewReader(""))
	b.Post("/tai-khoan/mat-khau", "old", "cũ", "moi", "mới")
	for _, h := range [][]string{{"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Mode", "same-origin"}, {"HX-Request", "true"}} {
		b.Do(http.MethodPost, "/thu", "application/x-www-form-urlencoded", strings.NewReader("ten=tự+lưu"), h...)
	}
	if n := parkedRows(t, s); n != 0 {
		t.Errorf("%d forms were parked that should not be", n)
	}
}

func TestAMultipartFormKeepsItsFieldsAndCountsItsFiles(t *testing.T) {
	s := serve(t, sqldbtest.SQLite(t, append(identitytest.Lines(), account.Line())...))
	b := s.Browser(t)
	b.SignIn(hoa)
	s.Clock.Add(3 * time.Hour)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("ten", "Nguyễn Văn Bé"); err != nil {
		t.Fatal(err)
	}
	f, err := w.CreateFormFile("giay", "giay-khai-sinh.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Repeat([]byte("x"), 300_000)); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteField("ghi_chu", "gửi kèm giấy chứng sinh"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b.Do(http.MethodPost, "/thu", w.FormDataContentType(), &body)
	b.Post("/dang-nhap", "login", hoa, "password", identitytest.Password)
	p := b.Get("/dang-nhap/tiep-tuc")
	if !p.Has(`value="Nguyễn Văn Bé"`) || !p.Has(`value="gửi kèm giấy chứng sinh"`) || !strings.Contains(p.Text(), "Có 1 tệp đính kèm không giữ lại được") {
		t.Errorf("page: %s", p.Text())
	}
	if p := b.Post("/dang-nhap/bo-qua"); p.Status != http.StatusSeeOther || parkedRows(t, s) != 0 {
		t.Errorf("discarding: %d", p.Status)
	}
}

func TestParkedFormsAreSealedAndShortLived(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		b := s.Browser(t)
		b.SignIn(hoa)
		s.Clock.Add(3 * time.Hour)
		b.Post("/thu", "ten", "canary-noi-dung")
		rows, err := s.DB.Query(t.Context(), `SELECT id || account_id || sealed FROM account_parked LIMIT 10`)
		list, err := sqldb.Strings(rows, err)
		if err != nil || len(list) != 1 || strings.Contains(list[0], "canary") || strings.Contains(list[0], b.Cookie("motcua_gui")) {
			t.Errorf("the table opens by itself: %q, %v", list, err)
		}
		s.Clock.Add(31 * time.Minute)
		if p := b.Post("/dang-nhap", "login", hoa, "password", identitytest.Password); p.Location != "/nha-citizen" {
			t.Errorf("after half an hour it is still offered: %s", p.Location)
		}
		if strings.Contains(s.Log(), "canary") {
			t.Error("the log holds what was typed")
		}
	})
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	s := serve(t, sqldbtest.SQLite(t, append(identitytest.Lines(), account.Line())...))
	for next, want := range map[string]string{
		"/ho-so?trang=2": "/ho-so?trang=2", "": "/nha-citizen", "/": "/nha-citizen", "/dang-ky": "/nha-citizen",
		"//ke-gian.example": "/nha-citizen", "https://ke-gian.example/": "/nha-citizen", `/\ke-gian.example`: "/nha-citizen", "javascript:alert(1)": "/nha-citizen",
	} {
		b := s.Browser(t)
		if p := b.Post("/dang-nhap", "login", hoa, "password", identitytest.Password, "next", next); p.Location != want {
			t.Errorf("next %q leads to %q", next, p.Location)
		}
	}
}

func TestSignInPageTellsWhatIsWrongAndKeepsTheLogin(t *testing.T) {
	s := serve(t, sqldbtest.SQLite(t, append(identitytest.Lines(), account.Line())...))
	b := s.Browser(t)
	var p identitytest.Page
	for range 5 {
		p = b.Post("/dang-nhap", "login", hoa, "password", "sai mật khẩu", "next", "/ho-so")
	}
	if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="`+hoa+`"`) || p.Has("sai mật khẩu") || !strings.Contains(p.Text(), "Tên đăng nhập hoặc mật khẩu không đúng") || !p.Has(`name="next" value="/ho-so"`) {
		t.Errorf("%d: %s", p.Status, p.Text())
	}
	if p = b.Post("/dang-nhap", "login", hoa, "password", "sai mật khẩu"); p.Status != http.StatusTooManyRequests || !strings.Contains(p.Text(), "Hãy chờ 2 giây") {
		t.Errorf("%d: %s", p.Status, p.Text())
	}
	en := s.Browser(t).Get("/dang-nhap?lang=en")
	if !strings.Contains(en.Text(), "Sign in") {
		t.Error("no English")
	}
}

func TestRegistering(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		b := s.Browser(t)
		p := b.Post("/dang-ky", "citizen_no", "123", "name", "Đặng Văn Chín", "birth", "31/02/1990", "phone", "", "password", "ngắn", "password2", "khác")
		text := p.Text()
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Đặng Văn Chín"`) || !p.Has(`value="31/02/1990"`) || !p.Has(`value="123"`) || p.Has("ngắn\"") {
			t.Errorf("%d: typed content is lost", p.Status)
		}
		for _, sentence := range []string{"Hai lần nhập mật khẩu chưa giống nhau", "Mật khẩu cần ít nhất 10 ký tự", "Mục này chưa được điền"} {
			if !strings.Contains(text, sentence) {
				t.Errorf("not told: %s", sentence)
			}
		}
		if strings.Count(p.Body, `href="#f-birth"`) != 1 {
			t.Error("the date is complained about twice, or not at all")
		}
		// The number says female, born 1990: asked once, then taken.
		odd := []string{"citizen_no", "038190000077", "name", "Đặng Văn Chín", "birth", "1985", "gender", "male", "phone", "0912345678", "password", "mùa xuân năm ấy", "password2", "mùa xuân năm ấy"}
		p = b.Post("/dang-ky", odd...)
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`name="sure"`) {
			t.Fatalf("%d: %s", p.Status, p.Text())
		}
		p = b.Post("/dang-ky", append(odd, "sure", "true", "next", "/thu-tuc/1.001193")...)
		if p.Status != http.StatusSeeOther || p.Location != "/thu-tuc/1.001193" {
			t.Fatalf("%d to %s: %s", p.Status, p.Location, p.Text())
		}
		if p = b.Get("/tai-khoan"); p.Status != http.StatusOK || !strings.Contains(p.Text(), "Đặng Văn Chín") || strings.Contains(p.Body, "038190000077") {
			t.Errorf("%d: %s", p.Status, p.Text())
		}
		p = s.Browser(t).Post("/dang-ky", append(odd, "sure", "true")...)
		if !strings.Contains(p.Text(), "Số định danh này đã có tài khoản") {
			t.Errorf("%d: %s", p.Status, p.Text())
		}
		p = s.Browser(t).Post("/dang-ky/to-chuc", "tax_code", "0100109106", "name", "Công ty Thử", "phone", "02438574574", "password", "mùa xuân năm ấy", "password2", "mùa xuân năm ấy")
		if p.Status != http.StatusSeeOther || p.Location != "/nha-organisation" {
			t.Errorf("organisation: %d to %s %s", p.Status, p.Location, p.Text())
		}
	})
}

func TestOneTimeLink(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		root := s.Agency(t, "H56", "UBND tỉnh", "")
		who := s.Staff(t, "moi.vao", "Vũ Mới Vào", root)
		secret, _, err := s.Identity.ResetLink(identitytest.AsSystem(), who.ID)
		if err != nil {
			t.Fatal(err)
		}
		path := "/dat-mat-khau/" + secret
		for range 2 {
			if p := s.Browser(t).Get(path); p.Status != http.StatusOK || !strings.Contains(p.Text(), "Vũ Mới Vào") {
				t.Fatal(p.Status)
			}
		}
		b := s.Browser(t)
		if p := b.Post(path, "password", "mùa xuân năm ấy", "password2", "mùa hạ"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("two different passwords: %d", p.Status)
		}
		if p := b.Post(path, "password", "mùa xuân năm ấy", "password2", "mùa xuân năm ấy"); p.Status != http.StatusSeeOther || p.Location != "/nha-staff" {
			t.Errorf("%d to %s", p.Status, p.Location)
		}
		if p := s.Browser(t).Get(path); p.Status != http.StatusGone {
			t.Errorf("used and still open: %d", p.Status)
		}
		if strings.Contains(s.Log(), secret) {
			t.Error("the log holds the link")
		}
	})
}

func TestOnesOwnPages(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		b, elsewhere := s.Browser(t), s.Browser(t)
		b.SignIn(hoa)
		elsewhere.SignIn(hoa)
		if p := b.Post("/tai-khoan", "phone", "abc", "email", "x", "address", "Số 1", "lang", "en"); p.Status != http.StatusUnprocessableEntity || !p.Has(`value="abc"`) || !p.Has(`value="Số 1"`) {
			t.Errorf("bad profile: %d", p.Status)
		}
		if p := b.Post("/tai-khoan", "phone", "0987 654 321", "email", "hoa@example.vn", "address", "Số 1", "lang", "en"); p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		if p := b.Get("/tai-khoan"); !p.Has(`value="0987654321"`) || !strings.Contains(p.Text(), "Đã lưu thông tin liên hệ") {
			t.Error("the profile was not saved")
		}
		// A token is shown once.
		if p := b.Post("/tai-khoan/ma-truy-cap", "name", "", "days", "9999"); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "Thời hạn từ 1 đến 400 ngày") {
			t.Errorf("bad token: %d %s", p.Status, p.Text())
		}
		p := b.Post("/tai-khoan/ma-truy-cap", "name", "kế toán", "days", "30")
		at := strings.Index(p.Body, "mctk_")
		if p.Status != http.StatusCreated || at < 0 {
			t.Fatalf("%d", p.Status)
		}
		key := p.Body[at : at+48]
		if p := b.Get("/tai-khoan/ma-truy-cap"); p.Has(key) || !p.Has(key[:11]) {
			t.Error("the key is shown twice, or its beginning not at all")
		}
		// The other browser goes.
		if p := b.Get("/tai-khoan/phien"); strings.Count(p.Body, "/ket-thuc") != 1 {
			t.Errorf("sessions: %s", p.Text())
		}
		b.Post("/tai-khoan/phien/noi-khac")
		if p := elsewhere.Get("/tai-khoan"); p.Status != http.StatusSeeOther {
			t.Errorf("signed out elsewhere, and still in: %d", p.Status)
		}
		if p := b.Post("/tai-khoan/mat-khau", "old", "sai", "password", "mùa xuân năm ấy", "password2", "mùa xuân năm ấy"); !strings.Contains(p.Text(), "Mật khẩu hiện tại không đúng") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p := b.Post("/tai-khoan/mat-khau", "old", identitytest.Password, "password", "mùa xuân năm ấy", "password2", "mùa xuân năm ấy"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p := b.Post("/dang-xuat"); p.Status != http.StatusSeeOther || p.Location != "/" {
			t.Errorf("%d", p.Status)
		}
		if p := b.Get("/tai-khoan"); p.Status != http.StatusSeeOther {
			t.Errorf("signed out and still in: %d", p.Status)
		}
	})
}

// Every page of this room against a visitor and a signed-in person.
func TestAccessMatrix(t *testing.T) {
	s := serve(t, sqldbtest.SQLite(t, append(identitytest.Lines(), account.Line())...))
	room := account.New(account.Deps{DB: s.DB, Identity: s.Identity, Org: s.Org})
	visitor, person := s.Browser(t), s.Browser(t)
	person.SignIn(hoa)
	open := map[string]bool{}
	for _, p := range []string{"GET /dang-nhap", "POST /dang-nhap", "POST /dang-xuat", "GET /dang-ky", "POST /dang-ky", "GET /dang-ky/to-chuc", "POST /dang-ky/to-chuc", "GET /dat-mat-khau/{secret}", "POST /dat-mat-khau/{secret}"} {
		open[p] = true
	}
	for _, route := range room.Module().Routes {
		method, path, _ := strings.Cut(route.Pattern, " ")
		path = strings.NewReplacer("{secret}", "khong-co", "{id}", "khong-co").Replace(path)
		p := visitor.Do(method, path, "", nil)
		toSignIn := p.Status == http.StatusSeeOther && strings.HasPrefix(p.Location, "/dang-nhap")
		if toSignIn == open[route.Pattern] {
			t.Errorf("%s for a visitor: %d %s", route.Pattern, p.Status, p.Location)
		}
		if p.Status >= 500 {
			t.Errorf("%s breaks for a visitor: %d", route.Pattern, p.Status)
		}
		if p := person.Do(method, path, "", nil); p.Status >= 500 || strings.HasPrefix(p.Location, "/dang-nhap?") {
			t.Errorf("%s for a signed-in person: %d %s", route.Pattern, p.Status, p.Location)
		}
		if route.Pattern == "POST /dang-xuat" {
			person.SignIn(hoa)
		}
	}
}

func TestWordsAreComplete(t *testing.T) {
	room := account.New(account.Deps{})
	b, err := i18n.New(room.Module().Locales)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range i18n.Check(b) {
		t.Error(fault)
	}
}

// Where somebody lands follows from the posts they hold, at the sign-in itself.
func TestPostsDecideWhereOneLands(t *testing.T) {
	each(t, func(t *testing.T, s *identitytest.Site) {
		x := s.Agency(t, "H56", "Ủy ban nhân dân tỉnh Thử", "")
		s.Staff(t, "quay", "Lê Thị Quầy", x, "counter_clerk")
		s.Staff(t, "quantri", "Trần Quản Trị", x, "admin")
		for login, want := range map[string]string{"quay": "/nha-quay", "quantri": "/nha-staff", hoa: "/nha-citizen"} {
			if p := s.Browser(t).Post("/dang-nhap", "login", login, "password", identitytest.Password); p.Status != http.StatusSeeOther || p.Location != want {
				t.Errorf("%s lands on %q, want %q (%d)", login, p.Location, want, p.Status)
			}
		}
	})
}
