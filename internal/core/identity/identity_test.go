package identity_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
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

func from(ip string) identity.Client { return identity.Client{Address: netip.MustParseAddr(ip)} }

func newCitizen() identity.NewAccount {
	return identity.NewAccount{Kind: identity.KindCitizen, CitizenNo: "038 190 000 012", Name: "  nguyễn   Thị Hoa ", Birth: civil.MustPartial("1990-05-12"),
		Gender: "female", Phone: "0912.345.678", Password: "con trâu là đầu cơ nghiệp", From: netip.MustParseAddr("203.0.113.7")}
}

func TestRegisterCleansChecksAndIsUnique(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		a, err := h.Identity.Register(ctx, newCitizen())
		if err != nil {
			t.Fatal(err)
		}
		if a.CitizenNo != "038190000012" || a.Login != a.CitizenNo || a.Name != "nguyễn Thị Hoa" || a.Phone != "0912345678" || a.Assurance != identity.SelfDeclared {
			t.Errorf("stored %+v", a)
		}
		_, err = h.Identity.Register(ctx, newCitizen())
		wantField(t, err, "citizen_no", "identity.citizen-number-taken")

		bad := identity.NewAccount{Kind: identity.KindCitizen, CitizenNo: "123456789", Birth: civil.MustPartial("2030"), Phone: "12", Email: "x", Password: "ngắn"}
		_, err = h.Identity.Register(ctx, bad)
		for name, code := range map[string]string{"citizen_no": "citizen-number.old-id", "name": "identity.required", "birth": "identity.birth-future",
			"email": "email.format", "password": "identity.password-short"} {
			wantField(t, err, name, code)
		}
		_, err = h.Identity.Register(ctx, identity.NewAccount{Kind: identity.KindStaff, Login: "root", Name: "Kẻ Gian", Password: "con trâu là đầu cơ nghiệp"})
		wantField(t, err, "kind", "identity.choose")

		sly := newCitizen()
		sly.CitizenNo, sly.Hash, sly.Assurance = "038190000013", "$argon2id$planted", identity.EIdentity
		b, err := h.Identity.Register(ctx, sly)
		if err != nil || b.Assurance != identity.SelfDeclared {
			t.Errorf("a visitor chose assurance %s, %v", b.Assurance, err)
		}
		firm, err := h.Identity.Register(ctx, identity.NewAccount{Kind: identity.KindOrganisation, TaxCode: "0100109106", Name: "Công ty Thử", Phone: "02438574574", Password: "con trâu là đầu cơ nghiệp"})
		if err != nil || firm.Login != "0100109106" {
			t.Errorf("organisation %+v, %v", firm, err)
		}
	})
}

func TestWarningsAskAndNeverRefuse(t *testing.T) {
	in := newCitizen()
	in.Gender, in.Birth = "male", civil.MustPartial("1985")
	warnings := in.Warnings()
	if len(warnings) != 2 || warnings[0].Name != "gender" || warnings[1].Name != "birth" {
		t.Errorf("warnings = %+v", warnings)
	}
	in = newCitizen()
	in.CitizenNo = "038190000012" // digit 1: born in the 1900s, female
	if w := in.Warnings(); len(w) != 0 {
		t.Errorf("a plausible number is warned about: %+v", w)
	}
}

func TestPasswordRules(t *testing.T) {
	for password, want := range map[string]string{
		"":                             "identity.required",
		"ngắn quá":                     "identity.password-short",
		"Đặng Thị Hường":               "identity.password-personal",
		"0912345678":                   "identity.password-personal",
		"038190000012":                 "identity.password-personal",
		"1234567890":                   "identity.password-common",
		"MatKhau@123":                  "identity.password-common",
		"Mật khẩu 123":                 "identity.password-common",
		"aaaaaaaaaaaa":                 "identity.password-common",
		"0123456789":                   "identity.password-common",
		"qwertyuiop123":                "identity.password-common",
		"abcabcabcabc":                 "identity.password-common",
		strings.Repeat("đ", 201):       "identity.password-long",
		"con trâu là đầu cơ nghiệp":    "",
		"tháng năm chưa nằm đã sáng":   "",
		"xk7qpv2mzd":                   "",
		"0912345678 nhà tôi ba gian":   "",
		"đặngthịhường thích ăn xoài":   "",
		strings.Repeat("ăê ", 60) + "": "identity.password-common",
	} {
		got := ""
		if bad := identity.CheckPassword("password", password, "Đặng Thị Hường", "0912345678", "038190000012"); len(bad) > 0 {
			got = bad[0].Code
		}
		if got != want {
			t.Errorf("%q: %q, want %q", password, got, want)
		}
	}
}

func TestSignInAcceptsEveryWayOfWritingTheSame(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		h.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		h.Staff(t, "le.hoa", "Lê Thị Hoa", root)
		// The same letters as an iPhone sends them, marks apart.
		apart := "mu\u0300a lu\u0301a chi\u0301n đo\u0302\u0300ng xa"
		for login, password := range map[string]string{"038190000012": identitytest.Password, " 038 190 000 012 ": apart, "LE.Hoa": identitytest.Password} {
			if _, err := h.Identity.SignIn(ctx, login, password, from("203.0.113.7")); err != nil {
				t.Errorf("%q: %v", login, err)
			}
		}
		for login, password := range map[string]string{"038190000012": "sai mật khẩu rồi", "999999999999": identitytest.Password, "": "", "le.hoa": "", "le.hoa' OR '1'='1": "x", "system": ""} {
			_, err := h.Identity.SignIn(ctx, login, password, from("203.0.113.8"))
			wantCode(t, err, "identity.wrong-password")
		}
	})
}

func TestGuessingIsSlowedAndNobodyIsLockedOut(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		h.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
		in, err := h.Identity.SignIn(ctx, "038190000012", identitytest.Password, from("198.51.100.1"))
		if err != nil {
			t.Fatal(err)
		}
		known := identity.Client{Address: netip.MustParseAddr("198.51.100.1"), Device: in.Device}

		// One guesser: five free attempts, then waits that double.
		wait := 0
		for i := range 12 {
			_, err := h.Identity.SignIn(ctx, "038190000012", "đoán mò", from("203.0.113.7"))
			if i < 5 {
				wantCode(t, err, "identity.wrong-password")
				continue
			}
			e, _ := errs.As(err)
			if e == nil || e.Kind != errs.RateLimited {
				t.Fatalf("attempt %d: %v, want to be told to wait", i+1, err)
			}
			if s := e.Args["seconds"].(int); s < wait {
				t.Errorf("the wait shrank from %d to %d s", wait, s)
			} else {
				wait = s
			}
			// Asking while waiting changes nothing; after the wait one attempt is allowed.
			h.Clock.Add(time.Duration(wait) * time.Second)
			_, err = h.Identity.SignIn(ctx, "038190000012", "đoán mò", from("203.0.113.7"))
			wantCode(t, err, "identity.wrong-password")
		}
		if wait < 60 {
			t.Errorf("after twelve rounds the wait is only %d s", wait)
		}
		// Even the right password waits at that address …
		_, err = h.Identity.SignIn(ctx, "038190000012", identitytest.Password, from("203.0.113.7"))
		wantCode(t, err, "identity.too-many-tries")
		// … but the owner at home is not bothered.
		if _, err := h.Identity.SignIn(ctx, "038190000012", identitytest.Password, from("198.51.100.9")); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}

		// Many addresses against one login: slowed for strangers, a minute at most, and never for a known browser.
		for i := range 80 {
			_, err = h.Identity.SignIn(ctx, "038190000012", "đoán mò", from(fmt.Sprintf("2001:db8:%x::1", i)))
			if err == nil {
				t.Fatal("a guess was right")
			}
		}
		e, _ := errs.As(err)
		if e == nil || e.Kind != errs.RateLimited || e.Args["seconds"].(int) > 60 {
			t.Errorf("a spread attack ends with %v", err)
		}
		if _, err := h.Identity.SignIn(ctx, "038190000012", identitytest.Password, known); err != nil {
			t.Errorf("a known browser is locked out: %v", err)
		}
		// A mark of another account, or a forged one, opens no side door.
		for _, device := range []string{in.Device[:len(in.Device)-1] + "x", "038190000012.abc.def", strings.Repeat("a", 300)} {
			c := identity.Client{Address: netip.MustParseAddr("2001:db8:ffff::1"), Device: device}
			_, err := h.Identity.SignIn(ctx, "038190000012", "đoán mò", c)
			wantCode(t, err, "identity.too-many-tries")
		}
		// A /64 is one caller.
		for i := range 5 {
			_, err = h.Identity.SignIn(ctx, "012345678901", "đoán", from(fmt.Sprintf("2001:db8:9999::%x", i+1)))
			wantCode(t, err, "identity.wrong-password")
		}
		_, err = h.Identity.SignIn(ctx, "012345678901", "đoán", from("2001:db8:9999::99"))
		wantCode(t, err, "identity.too-many-tries")
	})
}

func TestParallelGuessesGainNothing(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		h.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
		var mu sync.Mutex
		tried := 0
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				_, err := h.Identity.SignIn(ctx, "038190000012", "đoán mò", from("203.0.113.7"))
				mu.Lock()
				defer mu.Unlock()
				if errs.HasCode(err, "identity.wrong-password") {
					tried++
				} else if !errs.Is(err, errs.RateLimited) {
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		wg.Wait()
		if tried > 5 {
			t.Errorf("%d guesses were looked at, 5 are free", tried)
		}
	})
}

// Hashing is what takes the time of a sign-in. Work is compared, not clocks: a busy
// machine would make any stopwatch a liar.
// In a rush some are sent away before anybody looked at their password: that counts
// against nobody, however often they come again.
func TestSentAwayIsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		if _, err := h.Identity.Register(ctx, newCitizen()); err != nil {
			t.Fatal(err)
		}
		leave := h.Identity.Occupy()
		for range 80 {
			hurried, cancel := context.WithTimeout(ctx, time.Millisecond)
			_, err := h.Identity.Prove(hurried, "038190000012", newCitizen().Password, from("203.0.113.9"))
			cancel()
			if err == nil || errs.HasCode(err, "identity.too-many-tries") {
				t.Fatalf("while nobody has time: %v", err)
			}
		}
		leave()
		if _, err := h.Identity.Prove(ctx, "038190000012", newCitizen().Password, from("203.0.113.9")); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestUnknownLoginsTakeAsLong(t *testing.T) {
	db := sqldbtest.SQLite(t, identitytest.Lines()...)
	want := identity.Argon{MemoryKiB: 64, Passes: 2, Threads: 1}
	h := identitytest.New(t, db, func(o *identitytest.Options) { o.Identity.Argon = want })
	h.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
	bare := h.Citizen(t, "038190000020", "Trần Văn Nam")
	if err := db.Tx(context.Background(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(context.Background(), `UPDATE identity_account SET password = '' WHERE id = $1`, bare.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"038190000012", "038190000020", "038190000999", "không ai cả"} {
		var spent []identity.Argon
		h.Identity.OnHash(func(a identity.Argon) { spent = append(spent, a) })
		_, err := h.Identity.SignIn(context.Background(), login, "sai mật khẩu", from("2001:db8:1::1"))
		wantCode(t, err, "identity.wrong-password")
		if !slices.Equal(spent, []identity.Argon{want}) {
			t.Errorf("login %q costs %v, want one hash of %v", login, spent, want)
		}
	}
}

func TestHashesFollowTheCosts(t *testing.T) {
	db := sqldbtest.SQLite(t, identitytest.Lines()...)
	cheap := identitytest.New(t, db)
	cheap.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
	stored := func() (s string) {
		if err := db.QueryRow(context.Background(), `SELECT password FROM identity_account WHERE citizen_no = $1`, "038190000012").Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if !strings.HasPrefix(stored(), "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Fatalf("hash %s", stored()[:30])
	}
	dearer := identitytest.New(t, db, func(o *identitytest.Options) { o.Identity.Argon = identity.Argon{MemoryKiB: 64, Passes: 2, Threads: 1} })
	if _, err := dearer.Identity.SignIn(context.Background(), "038190000012", identitytest.Password, from("203.0.113.7")); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored(), "$argon2id$v=19$m=64,t=2,p=1$") {
		t.Errorf("the hash was not renewed: %s", stored()[:30])
	}
	if _, err := dearer.Identity.SignIn(context.Background(), "038190000012", identitytest.Password, from("203.0.113.7")); err != nil {
		t.Errorf("after renewal: %v", err)
	}
}

func TestStatesAndLinks(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		ward := h.Agency(t, "H56.15", "UBND phường A", root.ID)
		admin := h.Staff(t, "admin.a", "Quản Trị A", ward, "admin")
		other := h.Staff(t, "admin.root", "Quản Trị Tỉnh", root, "admin")
		asAdmin := h.As(t, admin.ID)

		made, err := h.Identity.CreateStaff(asAdmin, identity.NewAccount{Login: "Moi.Vao", Name: "Người Mới", AgencyID: ward.ID, Hash: "$argon2id$planted"})
		if err != nil || made.HasPassword || made.Login != "moi.vao" {
			t.Fatalf("%+v, %v", made, err)
		}
		_, err = h.Identity.CreateStaff(asAdmin, identity.NewAccount{Login: "x", Name: "", AgencyID: root.ID})
		for name, code := range map[string]string{"login": "identity.login-shape", "name": "identity.required", "agency_id": "identity.choose"} {
			wantField(t, err, name, code)
		}
		secret, until, err := h.Identity.ResetLink(asAdmin, made.ID)
		if err != nil || until.Sub(h.Clock.Now()) != 72*time.Hour {
			t.Fatal(until, err)
		}
		if _, _, err := h.Identity.ResetLink(asAdmin, other.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a commune's administrator resets the province's: %v", err)
		}
		newer, _, err := h.Identity.ResetLink(asAdmin, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Identity.UseLink(ctx, secret, "đò dọc đò ngang")
		wantCode(t, err, "identity.link-used")
		for range 3 { // looking is free
			if a, err := h.Identity.LinkOwner(ctx, newer); err != nil || a.ID != made.ID {
				t.Fatal(a.ID, err)
			}
		}
		_, err = h.Identity.UseLink(ctx, newer, "ngắn")
		wantField(t, err, "password", "identity.password-short")
		if _, err = h.Identity.UseLink(ctx, newer, "đò dọc đò ngang"); err != nil {
			t.Fatal(err)
		}
		_, err = h.Identity.UseLink(ctx, newer, "đò dọc đò ngang hai")
		wantCode(t, err, "identity.link-used")
		in, err := h.Identity.SignIn(ctx, "moi.vao", "đò dọc đò ngang", from("203.0.113.7"))
		if err != nil {
			t.Fatal(err)
		}

		if _, err := h.Identity.SetState(asAdmin, admin.ID, identity.Suspended, "thử"); !errs.HasCode(err, "identity.not-yourself") {
			t.Errorf("suspending oneself: %v", err)
		}
		_, err = h.Identity.SetState(asAdmin, made.ID, identity.Suspended, "")
		wantField(t, err, "reason", "identity.required")
		if _, err = h.Identity.SetState(asAdmin, made.ID, identity.Suspended, "kiểm tra"); err != nil {
			t.Fatal(err)
		}
		_, err = h.Identity.SignIn(ctx, "moi.vao", "đò dọc đò ngang", from("203.0.113.7"))
		wantCode(t, err, "identity.suspended")
		_, err = h.Identity.SignIn(ctx, "moi.vao", "sai hẳn rồi", from("203.0.113.7"))
		wantCode(t, err, "identity.wrong-password")
		if a, err := h.Identity.Actor(ctx, in.Account.ID); err == nil {
			t.Errorf("a suspended account still acts: %+v", a)
		}
		if _, err = h.Identity.SetState(asAdmin, made.ID, identity.Active, "xong"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Identity.SignIn(ctx, "moi.vao", "đò dọc đò ngang", from("203.0.113.7")); err != nil {
			t.Errorf("let in again: %v", err)
		}
	})
}

func TestNobodyRisesByTakingAnAccountOver(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		ward := h.Agency(t, "H56.15", "UBND phường A", root.ID)
		admin := h.As(t, h.Staff(t, "admin.a", "Quản Trị A", ward, "admin").ID)
		// Belongs to the ward, and also serves the province from next week on.
		both := h.Staff(t, "hai.noi", "Người Hai Nơi", ward, "officer")
		p, err := h.Org.SavePost(identitytest.AsSystem(), org.Post{AgencyID: root.ID, Title: "Quản trị tỉnh", Roles: []string{"admin"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.Identity.ResetLink(admin, both.ID); err != nil {
			t.Errorf("before that: %v", err)
		}
		if _, err := h.Org.Assign(identitytest.AsSystem(), org.AssignInput{PostID: p.ID, AccountID: both.ID, From: civil.DateOf(h.Clock.Now()).AddDays(7)}); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Identity.ResetLink(admin, both.ID)
		wantCode(t, err, "identity.holds-elsewhere")
		_, err = h.Identity.SetState(admin, both.ID, identity.Suspended, "x")
		wantCode(t, err, "identity.holds-elsewhere")
		if _, _, err := h.Identity.ResetLink(identitytest.AsSystem(), both.ID); err != nil {
			t.Errorf("the system: %v", err)
		}
	})
}

func TestProvingAloneOpensNothing(t *testing.T) {
	h := identitytest.New(t, sqldbtest.SQLite(t, identitytest.Lines()...))
	h.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
	a, err := h.Identity.Prove(context.Background(), "038190000012", identitytest.Password, from("203.0.113.7"))
	if err != nil || a.CitizenNo != "038190000012" {
		t.Fatal(err)
	}
	if list, err := h.Identity.Sessions(h.As(t, a.ID)); err != nil || len(list) != 0 {
		t.Errorf("%d sessions after a proof, %v", len(list), err)
	}
}

func TestClosingAnAccountEndsPostsAndTokens(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		chair := h.Staff(t, "chutich", "Phạm Chủ Tịch", root, "leader")
		key, _, err := h.Identity.CreateToken(h.As(t, chair.ID), identity.TokenInput{Name: "báo cáo"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Identity.SetState(identitytest.AsSystem(), chair.ID, identity.Closed, "nghỉ hưu"); err != nil {
			t.Fatal(err)
		}
		h.Clock.Add(time.Millisecond)
		if held, err := h.Org.HoldingsOf(context.Background(), chair.ID, h.Clock.Now()); err != nil || len(held) != 0 {
			t.Errorf("still holds %v, %v", held, err)
		}
		if _, err := h.Identity.ActorByToken(context.Background(), key); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("the token still works: %v", err)
		}
	})
}

func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := context.Background()
		a := h.Citizen(t, "038190000012", "Nguyễn Thị Hoa")
		b := h.Citizen(t, "038190000013", "Trần Văn Bình")
		key, tok, err := h.Identity.CreateTokenFor(identitytest.AsSystem(), "038190000012", "kế toán", 24*time.Hour)
		if err != nil || !strings.HasPrefix(key, tok.Prefix) || len(tok.Prefix) > 12 {
			t.Fatal(tok, err)
		}
		actor, err := h.Identity.ActorByToken(ctx, key)
		if err != nil || actor.AccountID != a.ID || actor.Via != "token" || actor.CitizenNo != "038190000012" {
			t.Errorf("%+v, %v", actor, err)
		}
		if _, _, err := h.Identity.CreateToken(h.As(t, b.ID), identity.TokenInput{AccountID: a.ID, Name: "trộm"}); !errs.Is(err, errs.NotFound) {
			t.Errorf("a token for somebody else: %v", err)
		}
		if err := h.Identity.RevokeToken(h.As(t, b.ID), tok.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("revoking somebody else's: %v", err)
		}
		_, _, err = h.Identity.CreateToken(h.As(t, a.ID), identity.TokenInput{Name: "", Life: 500 * 24 * time.Hour})
		wantField(t, err, "name", "identity.required")
		wantField(t, err, "days", "identity.token-life")
		for _, bad := range []string{"", "mctk_", key + "x", strings.TrimPrefix(key, "mctk_"), strings.Repeat("a", 1000), "mctk_' OR 1=1"} {
			if _, err := h.Identity.ActorByToken(ctx, bad); !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("%q is let in: %v", bad, err)
			}
		}
		h.Clock.Add(25 * time.Hour)
		if _, err := h.Identity.ActorByToken(ctx, key); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("an expired token: %v", err)
		}
		key, tok, err = h.Identity.CreateToken(h.As(t, a.ID), identity.TokenInput{Name: "kế toán"})
		if err != nil {
			t.Fatal(err)
		}
		if list, err := h.Identity.Tokens(h.As(t, a.ID)); err != nil || len(list) != 1 || list[0].ID != tok.ID {
			t.Errorf("list %+v, %v", list, err)
		}
		if err := h.Identity.RevokeToken(h.As(t, a.ID), tok.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Identity.ActorByToken(ctx, key); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("a revoked token: %v", err)
		}
	})
}

func TestSearchIsScopedMaskedAndJournaled(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		ward := h.Agency(t, "H56.15", "UBND phường A", root.ID)
		other := h.Agency(t, "H56.16", "UBND phường B", root.ID)
		chief := h.Staff(t, "admin.root", "Quản Trị Tỉnh", root, "admin")
		local := h.Staff(t, "admin.a", "Quản Trị Phường", ward, "admin")
		h.Staff(t, "clerk.a", "Đặng Thị Ánh", ward)
		h.Staff(t, "clerk.b", "Bùi Văn Bình", other)
		citizen := h.Citizen(t, "038190000012", "Nguyễn Thị Hoa")

		names := func(ctx context.Context, f identity.AccountFilter) []string {
			t.Helper()
			var got []string
			for range 20 {
				page, err := h.Identity.Search(ctx, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range page.Items {
					got = append(got, l.Name)
				}
				if f.After = page.Next; f.After == "" {
					break
				}
			}
			return got
		}
		if got := names(h.As(t, local.ID), identity.AccountFilter{Kind: identity.KindStaff, Limit: 1}); !slices.Equal(got, []string{"Đặng Thị Ánh", "Quản Trị Phường"}) {
			t.Errorf("the commune sees %v", got)
		}
		if got := names(h.As(t, chief.ID), identity.AccountFilter{Kind: identity.KindStaff, Limit: 3}); !slices.Equal(got, []string{"Đặng Thị Ánh", "Bùi Văn Bình", "Quản Trị Phường", "Quản Trị Tỉnh"}) {
			t.Errorf("the province sees %v", got)
		}
		if got := names(h.As(t, chief.ID), identity.AccountFilter{Kind: identity.KindStaff, Text: "dang anh"}); !slices.Equal(got, []string{"Đặng Thị Ánh"}) {
			t.Errorf("search without marks: %v", got)
		}
		// Asking beyond one's scope through a filter gives nothing.
		if got := names(h.As(t, local.ID), identity.AccountFilter{Kind: identity.KindStaff, Agency: other.Path}); len(got) != 0 {
			t.Errorf("the commune sees the neighbour: %v", got)
		}
		if _, err := h.Identity.Search(h.As(t, local.ID), identity.AccountFilter{Kind: identity.KindCitizen, Text: "Hoa", Purpose: "tò mò"}); !errs.Is(err, errs.NotFound) {
			t.Errorf("a commune looks for citizens: %v", err)
		}
		_, err := h.Identity.Search(h.As(t, chief.ID), identity.AccountFilter{Kind: identity.KindCitizen})
		wantField(t, err, "purpose", "identity.required")
		wantField(t, err, "q", "identity.required")
		page, err := h.Identity.Search(h.As(t, chief.ID), identity.AccountFilter{Kind: identity.KindCitizen, Text: "038190000012", Purpose: "Công dân quên mật khẩu"})
		if err != nil || len(page.Items) != 1 {
			t.Fatal(page, err)
		}
		if l := page.Items[0]; l.CitizenNo != "0381******12" || l.Login != "0381******12" || l.Phone != "09******78" {
			t.Errorf("not masked: %+v", l)
		}
		if _, err := h.Identity.Account(h.As(t, local.ID), citizen.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a commune reads a citizen: %v", err)
		}
		if a, err := h.Identity.Account(h.As(t, chief.ID), citizen.ID); err != nil || a.CitizenNo == "" {
			t.Errorf("%v", err)
		}
		for stream, typ := range map[string]string{"identity:" + chief.ID: "identity.accounts-searched", "identity:" + citizen.ID: "identity.account-read"} {
			events, err := h.Journal.Stream(context.Background(), h.DB, stream, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(events, func(e journalEvent) bool { return e.Type == typ })
			if i < 0 || events[i].Actor != chief.ID || events[i].Purpose == "" {
				t.Errorf("%s is not in the journal", typ)
			}
		}
	})
}

func TestRolesOfPacks(t *testing.T) {
	each(t, func(t *testing.T, h *identitytest.House) {
		ctx := identitytest.AsSystem()
		root := h.Agency(t, "H56", "UBND tỉnh", "")
		registrar := identity.Role{Code: "registrar", Name: identityText("Công chức tư pháp - hộ tịch"), Perms: []string{identity.DossierProcess}}
		faults, err := h.Identity.CheckRoles(ctx, "justice", []identity.Role{registrar, registrar, {Code: "leader", Perms: []string{"fly"}}})
		if err != nil || len(faults) != 4 {
			t.Errorf("faults %v, %v", faults, err)
		}
		save := func(roles ...identity.Role) {
			t.Helper()
			if err := h.DB.Tx(ctx, func(tx *sqldb.Tx) error { return h.Identity.SaveRoles(ctx, tx, "justice", roles) }); err != nil {
				t.Fatal(err)
			}
		}
		save(registrar)
		who := h.Staff(t, "hotich", "Vũ Hộ Tịch", root, "registrar")
		if !identity.From(h.As(t, who.ID)).May(identity.DossierProcess) {
			t.Error("the pack's role gives nothing")
		}
		// A changed role reaches those who are signed in; a removed one gives nothing.
		registrar.Perms = append(registrar.Perms, identity.DossierApprove)
		save(registrar)
		if !identity.From(h.As(t, who.ID)).May(identity.DossierApprove) {
			t.Error("the change did not arrive")
		}
		save()
		if identity.From(h.As(t, who.ID)).May(identity.DossierProcess) {
			t.Error("a removed role still gives permission")
		}
		err = h.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			return h.Identity.SaveRoles(ctx, tx, "justice", []identity.Role{{Code: "admin", Name: identityText("Chiếm"), Perms: identity.Permissions()}})
		})
		if err == nil {
			t.Error("a pack took over a shipped role")
		}
	})
}

func TestActorsCostNoQueryWhileNothingChanges(t *testing.T) {
	db := sqldbtest.SQLite(t, identitytest.Lines()...)
	h := identitytest.New(t, db)
	root := h.Agency(t, "H56", "UBND tỉnh", "")
	who := h.Staff(t, "canbo", "Vũ Cán Bộ", root, "officer")
	h.As(t, who.ID)
	ctx, n := sqldb.WithCounter(context.Background())
	for range 50 {
		if _, err := h.Identity.Actor(ctx, who.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := n.Load(); got > 50+6 {
		t.Errorf("%d queries for 50 actors; the account itself is one each", got)
	}
}
