package account

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

type profileView struct {
	Account identity.Account
	Agency  string
	Posts   []identity.HeldPost
	Form    url.Values
	Errors  ui.Errors
}

func (s *Service) profile(r *http.Request) (profileView, error) {
	me := identity.From(r.Context())
	a, err := s.identity.Account(r.Context(), me.AccountID)
	if err != nil {
		return profileView{}, err
	}
	v := profileView{Account: a, Posts: me.Posts, Form: url.Values{
		"phone": {a.Phone}, "email": {a.Email}, "address": {a.Address}, "lang": {a.Lang},
	}}
	if a.AgencyID != "" {
		agency, err := s.org.Agency(r.Context(), a.AgencyID)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return profileView{}, err
		}
		v.Agency = agency.Name
	}
	return v, nil
}

func (s *Service) profilePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.profile(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, profilePage(v))
}

func (s *Service) saveProfile(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	_, err = s.identity.UpdateProfile(r.Context(), identity.Profile{
		Phone: f.Get("phone"), Email: f.Get("email"), Address: f.Get("address"), Lang: f.Get("lang"),
	})
	if errs.Is(err, errs.Invalid) {
		v, loadErr := s.profile(r)
		if loadErr != nil {
			return loadErr
		}
		v.Form, v.Errors = f, ui.ErrorsIn(r.Context(), err, nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, profilePage(v))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "account.profile-saved")
	return web.SeeOther(w, r, "/tai-khoan")
}

func (s *Service) passwordPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, passwordPage(nil))
}

func (s *Service) changePassword(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if f.Get("password") != f.Get("password2") {
		return web.Render(w, r, http.StatusUnprocessableEntity,
			passwordPage(ui.ErrorsOf(ctx, []errs.Field{errs.Bad("password2", "account.passwords-differ")}, nil)))
	}
	err = s.identity.ChangePassword(ctx, f.Get("old"), f.Get("password"), s.identity.ClientOf(r))
	if status := web.StatusOf(err); err != nil && (status == http.StatusUnprocessableEntity || status == http.StatusTooManyRequests) {
		return web.Render(w, r, status, passwordPage(ui.ErrorsIn(ctx, err, nil)))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "account.password-changed")
	return web.SeeOther(w, r, "/tai-khoan")
}

func (s *Service) sessionsPage(w http.ResponseWriter, r *http.Request) error {
	list, err := s.identity.Sessions(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, sessionsPage(list))
}

func (s *Service) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.identity.EndSession(r.Context(), r.PathValue("id")); err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	web.Flash(w, r, "account.session-ended")
	return web.SeeOther(w, r, "/tai-khoan/phien")
}

func (s *Service) endOthers(w http.ResponseWriter, r *http.Request) error {
	n, err := s.identity.EndOtherSessions(r.Context())
	if err != nil {
		return err
	}
	web.Flash(w, r, "account.sessions-ended", "n", n)
	return web.SeeOther(w, r, "/tai-khoan/phien")
}

type tokensView struct {
	List   []identity.Token
	Key    string // of the token just made; shown this once
	Form   url.Values
	Errors ui.Errors
}

func (s *Service) tokensPage(w http.ResponseWriter, r *http.Request) error {
	list, err := s.identity.Tokens(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, tokensPage(tokensView{List: list, Form: url.Values{"days": {"90"}}}))
}

// createToken answers with the page itself and not with a redirect: the key is
// shown once and stands in no address, cookie or table.
func (s *Service) createToken(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	days, convErr := strconv.Atoi(f.Get("days"))
	if convErr != nil || days < 1 || days > 10000 {
		days = 10000 // beyond the limit: the service says so together with the other faults
	}
	key, _, err := s.identity.CreateToken(ctx, identity.TokenInput{Name: f.Get("name"), Life: time.Duration(days) * 24 * time.Hour})
	if err != nil && !errs.Is(err, errs.Invalid) {
		return err
	}
	list, listErr := s.identity.Tokens(ctx)
	if listErr != nil {
		return listErr
	}
	v := tokensView{List: list, Key: key, Form: url.Values{"days": {"90"}}}
	status := http.StatusCreated
	if err != nil {
		v.Form, v.Errors, status = f, ui.ErrorsIn(ctx, err, nil), http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, tokensPage(v))
}

func (s *Service) revokeToken(w http.ResponseWriter, r *http.Request) error {
	if err := s.identity.RevokeToken(r.Context(), r.PathValue("id")); err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	web.Flash(w, r, "account.token-revoked")
	return web.SeeOther(w, r, "/tai-khoan/ma-truy-cap")
}

// langs are the languages as their speakers call them.
func langs() []ui.Option {
	return []ui.Option{{Value: i18n.VI, Text: "Tiếng Việt"}, {Value: i18n.EN, Text: "English"}}
}
