package account

import (
	"net/http"
	"net/url"
	"strings"

	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// next is where somebody goes after signing in: where they were going, or home.
func (s *Service) next(asked string, a identity.Actor) string {
	n := web.LocalURL(asked)
	if n == "/" || strings.HasPrefix(n, "/dang-") {
		return s.home(a)
	}
	return n
}

type signInView struct {
	Login, Next string
	Kept        bool // what they were sending is kept
	Expired     bool
	Errors      ui.Errors
}

func (s *Service) signInPage(w http.ResponseWriter, r *http.Request) error {
	asked := r.URL.Query().Get("next")
	if a := identity.From(r.Context()); a.SignedIn() {
		return web.SeeOther(w, r, s.next(asked, a))
	}
	return web.Render(w, r, http.StatusOK, signInPage(signInView{
		Next: asked, Kept: s.waiting(r), Expired: identity.PriorAccount(r.Context()) != "",
	}))
}

func (s *Service) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	in, err := s.identity.SignIn(r.Context(), f.Get("login"), f.Get("password"), s.identity.ClientOf(r))
	if err != nil {
		status := web.StatusOf(err)
		if status >= 500 {
			return err
		}
		if status == http.StatusConflict { // suspended: a form with one error, as the others
			status = http.StatusUnprocessableEntity
		}
		v := signInView{Login: f.Get("login"), Next: f.Get("next"), Kept: s.waiting(r)}
		v.Errors = ui.ErrorsIn(r.Context(), err, nil)
		for i := range v.Errors {
			v.Errors[i].Name = "login"
		}
		return web.Render(w, r, status, signInPage(v))
	}
	return s.let(w, r, in, f.Get("next"))
}

// let gives the browser its session and leads on: first to what was parked.
func (s *Service) let(w http.ResponseWriter, r *http.Request, in identity.SignedInSession, asked string) error {
	s.identity.Keep(w, in)
	kept, err := s.claim(w, r, in.Account.ID)
	if err != nil {
		return err
	}
	if kept {
		return web.SeeOther(w, r, "/dang-nhap/tiep-tuc")
	}
	// This request came from nobody yet; who it is from now on decides where it leads.
	actor, err := s.identity.Actor(r.Context(), in.Account.ID)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, s.next(asked, actor))
}

func (s *Service) resumePage(w http.ResponseWriter, r *http.Request) error {
	a := identity.From(r.Context())
	p, found, err := s.parkedFor(r, a.AccountID)
	if err != nil {
		return err
	}
	if !found {
		return web.SeeOther(w, r, s.home(a))
	}
	return web.Render(w, r, http.StatusOK, resumePage(p, typed(p.Fields)))
}

// typed are the values a person would recognise, for showing what was kept.
func typed(fields [][2]string) []string {
	var seen []string
	for _, f := range fields {
		v := strings.TrimSpace(f[1])
		// Machine values (ids, keys, choices in code) say nothing to a person.
		if v == "" || !strings.ContainsAny(v, " ") && len(v) > 24 || !strings.ContainsAny(v, " 0123456789") && !hasMarks(v) {
			continue
		}
		if len(seen) == 6 {
			break
		}
		seen = append(seen, v)
	}
	return seen
}

func hasMarks(s string) bool {
	for _, c := range s {
		if c > 0x7f {
			return true
		}
	}
	return false
}

func (s *Service) dropParked(w http.ResponseWriter, r *http.Request) error {
	if err := s.forget(r.Context(), r); err != nil {
		return err
	}
	s.setParkCookie(w, "", -1)
	return web.SeeOther(w, r, s.home(identity.From(r.Context())))
}

func (s *Service) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.identity.SignOut(r.Context(), w); err != nil {
		return err
	}
	web.Flash(w, r, "account.signed-out")
	return web.SeeOther(w, r, "/")
}

type registerView struct {
	Kind     identity.Kind
	Form     url.Values
	Next     string
	Warnings ui.Errors // implausible, to be looked at once more
	Errors   ui.Errors
}

func (s *Service) registerPage(kind identity.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		asked := r.URL.Query().Get("next")
		if a := identity.From(r.Context()); a.SignedIn() {
			return web.SeeOther(w, r, s.next(asked, a))
		}
		return web.Render(w, r, http.StatusOK, registerPage(registerView{Kind: kind, Form: url.Values{}, Next: asked}))
	}
}

func (s *Service) register(kind identity.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := web.Form(r)
		if err != nil {
			return err
		}
		ctx := r.Context()
		v := registerView{Kind: kind, Form: f, Next: f.Get("next")}
		in, bad := newAccount(kind, f)
		in.From = web.ClientIP(r)
		warnings := in.Warnings()
		if len(warnings) > 0 && f.Get("sure") == "" {
			v.Warnings = ui.ErrorsOf(ctx, warnings, nil)
			bad = append(bad, errs.Bad("sure", "account.look-again"))
		}
		if f.Get("password") != f.Get("password2") {
			bad = append(bad, errs.Bad("password2", "account.passwords-differ"))
		}
		if len(bad) > 0 {
			// Ask the service as well, so that every fault is told at once.
			bad = append(s.identity.CheckNew(in), bad...)
			v.Errors = ui.ErrorsOf(ctx, firstOfEach(bad), nil)
			return web.Render(w, r, http.StatusUnprocessableEntity, registerPage(v))
		}
		a, err := s.identity.Register(ctx, in)
		if err != nil {
			if status := web.StatusOf(err); status == http.StatusUnprocessableEntity || status == http.StatusTooManyRequests {
				v.Errors = ui.ErrorsIn(ctx, err, nil)
				return web.Render(w, r, status, registerPage(v))
			}
			return err
		}
		session, err := s.identity.Enter(ctx, a.ID, s.identity.ClientOf(r))
		if err != nil {
			return err
		}
		web.Flash(w, r, "account.registered")
		return s.let(w, r, session, f.Get("next"))
	}
}

// newAccount reads the form; what cannot even be read as a date is returned as bad.
func newAccount(kind identity.Kind, f url.Values) (identity.NewAccount, []errs.Field) {
	in := identity.NewAccount{
		Kind: kind, Name: f.Get("name"), CitizenNo: f.Get("citizen_no"), TaxCode: f.Get("tax_code"), Gender: f.Get("gender"),
		Phone: f.Get("phone"), Email: f.Get("email"), Address: f.Get("address"), Lang: f.Get("lang"), Password: f.Get("password"),
	}
	var bad []errs.Field
	if typed := strings.TrimSpace(f.Get("birth")); typed != "" && kind == identity.KindCitizen {
		birth, err := civil.ParsePartialTyped(typed)
		if err != nil {
			bad = append(bad, ident.Field("birth", err))
		}
		in.Birth = birth
	}
	return in, bad
}

// firstOfEach keeps one fault per field: an unreadable date is not also missing.
func firstOfEach(bad []errs.Field) []errs.Field {
	last := map[string]errs.Field{}
	var order []string
	for _, f := range bad {
		if _, seen := last[f.Name]; !seen {
			order = append(order, f.Name)
		}
		last[f.Name] = f // a later one says more: it looked at what was typed
	}
	out := make([]errs.Field, len(order))
	for i, name := range order {
		out[i] = last[name]
	}
	return out
}

type linkView struct {
	Name, Login, Secret string
	Errors              ui.Errors
}

func (s *Service) linkPage(w http.ResponseWriter, r *http.Request) error {
	a, err := s.identity.LinkOwner(r.Context(), r.PathValue("secret"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, linkPage(linkView{Name: a.Name, Login: a.Login, Secret: r.PathValue("secret")}))
}

func (s *Service) useLink(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx, secret := r.Context(), r.PathValue("secret")
	owner, err := s.identity.LinkOwner(ctx, secret)
	if err != nil {
		return err
	}
	v := linkView{Name: owner.Name, Login: owner.Login, Secret: secret}
	if f.Get("password") != f.Get("password2") {
		v.Errors = ui.ErrorsOf(ctx, []errs.Field{errs.Bad("password2", "account.passwords-differ")}, nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, linkPage(v))
	}
	a, err := s.identity.UseLink(ctx, secret, f.Get("password"))
	if errs.Is(err, errs.Invalid) {
		v.Errors = ui.ErrorsIn(ctx, err, nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, linkPage(v))
	}
	if err != nil {
		return err
	}
	in, err := s.identity.Enter(ctx, a.ID, s.identity.ClientOf(r))
	if err != nil {
		return err
	}
	web.Flash(w, r, "account.password-set")
	return s.let(w, r, in, "")
}
