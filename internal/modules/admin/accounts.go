package admin

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

type accountsView struct {
	Query    url.Values
	Page     identity.AccountPage
	Next     string
	Agencies map[string]org.Agency
	Citizens bool // the actor may look for citizens, too
}

func (s *Service) accounts(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := accountsView{Query: q, Citizens: identity.From(ctx).MayManageCitizens()}
	var err error
	if v.Page, err = s.identity.Search(ctx, identity.AccountFilter{
		Kind: identity.KindStaff, Text: q.Get("q"), State: identity.State(q.Get("trang-thai")), After: q.Get("sau"),
	}); err != nil {
		return err
	}
	if v.Page.Next != "" {
		v.Next = nextPage(r, v.Page.Next)
	}
	ids := make([]string, 0, len(v.Page.Items))
	for _, a := range v.Page.Items {
		ids = append(ids, a.AgencyID)
	}
	if v.Agencies, err = s.org.AgenciesByID(ctx, ids...); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, accountsPage(v))
}

type citizensView struct {
	Form   url.Values
	Page   identity.AccountPage
	Asked  bool
	Errors ui.Errors
}

func (s *Service) citizensPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, citizensPage(citizensView{Form: url.Values{"kind": {string(identity.KindCitizen)}}}))
}

// citizens is a POST although it changes nothing that people see: what is looked
// for (a citizen number, a name) must not stand in addresses, and the search itself is
// journaled.
func (s *Service) citizens(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	v := citizensView{Form: f, Asked: true}
	v.Page, err = s.identity.Search(r.Context(), identity.AccountFilter{
		Kind: identity.Kind(f.Get("kind")), Text: f.Get("q"), Purpose: f.Get("purpose"), After: f.Get("sau"), Limit: 20,
	})
	if err != nil {
		v.Asked = false
		return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return citizensPage(v) })
	}
	return web.Render(w, r, http.StatusOK, citizensPage(v))
}

type accountForm struct {
	Account  identity.Account // zero for a new one
	Agency   org.Agency
	Agencies []ui.Option // of the actor's scope, when they are few enough to choose from
	Posts    []org.HeldPost
	Form     url.Values
	Errors   ui.Errors
	Link     string // one-time link just made; shown this once
	Until    time.Time
	Self     bool
	// States of the account that can be chosen.
	States []ui.Option
}

func accountPath(id string) string { return "/quan-tri/tai-khoan/" + url.PathEscape(id) }

// agencyOptions offers the agencies where the actor administers accounts; many
// are typed by their agency id instead.
func (s *Service) agencyOptions(r *http.Request) ([]ui.Option, error) {
	page, err := s.org.Agencies(r.Context(), org.AgencyFilter{Under: identity.From(r.Context()).Scope(identity.AdminAccounts), Limit: 200})
	if err != nil || page.Next != "" {
		return nil, err
	}
	options := make([]ui.Option, 0, len(page.Items))
	for _, a := range page.Items {
		options = append(options, ui.Option{Value: a.Code, Text: a.ShortName})
	}
	return options, nil
}

func (s *Service) newAccountPage(w http.ResponseWriter, r *http.Request) error {
	v := accountForm{Form: url.Values{}}
	var err error
	if v.Agencies, err = s.agencyOptions(r); err != nil {
		return err
	}
	if len(v.Agencies) == 1 {
		v.Form.Set("agency", v.Agencies[0].Value)
	}
	return web.Render(w, r, http.StatusOK, accountFormPage(v))
}

func (s *Service) createAccount(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := accountForm{Form: f}
	if v.Agencies, err = s.agencyOptions(r); err != nil {
		return err
	}
	agency, agencyErr := s.agencyTyped(ctx, f.Get("agency"), identity.AdminAccounts)
	a, err := s.identity.CreateStaff(ctx, identity.NewAccount{
		Login: f.Get("login"), Name: f.Get("name"), Phone: f.Get("phone"), Email: f.Get("email"), AgencyID: agency.ID,
	})
	if err == nil {
		web.Flash(w, r, "admin.account-created")
		return web.SeeOther(w, r, accountPath(a.ID))
	}
	err = renamed(err, "agency_id", "agency")
	if agencyErr != nil && strings.TrimSpace(f.Get("agency")) != "" {
		err = recoded(err, "agency", "admin.agency-unknown")
	}
	return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return accountFormPage(v) })
}

// recoded gives a bad field another sentence.
func recoded(err error, name, code string) error {
	if e, ok := errs.As(err); ok {
		for i := range e.Fields {
			if e.Fields[i].Name == name {
				e.Fields[i].Code = code
			}
		}
		return e
	}
	return err
}

func (s *Service) accountFrame(r *http.Request) (accountForm, error) {
	ctx := r.Context()
	a, err := s.identity.Account(ctx, r.PathValue("id"))
	if err != nil {
		return accountForm{}, err
	}
	me := identity.From(ctx)
	// One's own account is one's own page, unless one administers it as well.
	if a.Kind == identity.KindStaff && !me.MayAt(identity.AdminAccounts, a.AgencyPath) {
		return accountForm{}, errs.NewNotFound("identity.account-not-found")
	}
	v := accountForm{Account: a, Self: me.AccountID == a.ID}
	if a.AgencyID != "" {
		if v.Agency, err = s.org.Agency(ctx, a.AgencyID); err != nil && !errs.Is(err, errs.NotFound) {
			return v, err
		}
	}
	v.Form = url.Values{"name": {a.Name}, "phone": {a.Phone}, "email": {a.Email}, "agency": {v.Agency.Code}, "rev": {number(a.Rev)}}
	if v.Posts, err = s.org.HoldingsOf(ctx, a.ID, s.now()); err != nil {
		return v, err
	}
	for _, st := range []identity.State{identity.Active, identity.Suspended, identity.Closed} {
		if st != a.State {
			v.States = append(v.States, ui.Option{Value: string(st), Text: word(ctx, "admin.set-state."+string(st)), Help: word(ctx, "admin.set-state-help."+string(st))})
		}
	}
	v.Agencies, err = s.agencyOptions(r)
	return v, err
}

func (s *Service) account(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accountFrame(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, accountPage(v))
}

func (s *Service) saveAccount(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accountFrame(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	ctx := r.Context()
	agency, agencyErr := s.agencyTyped(ctx, v.Form.Get("agency"), identity.AdminAccounts)
	_, err = s.identity.UpdateStaff(ctx, identity.StaffChange{
		AccountID: v.Account.ID, Name: v.Form.Get("name"), Phone: v.Form.Get("phone"), Email: v.Form.Get("email"), AgencyID: agency.ID, Rev: rev(v.Form),
	})
	if err == nil {
		web.Flash(w, r, "admin.saved")
		return web.SeeOther(w, r, accountPath(v.Account.ID))
	}
	err = renamed(err, "agency_id", "agency")
	if agencyErr != nil {
		err = recoded(err, "agency", "admin.agency-unknown")
	}
	return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return accountPage(v) })
}

// resetLink answers with the page itself: the link is shown once and kept nowhere.
func (s *Service) resetLink(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accountFrame(r)
	if err != nil {
		return err
	}
	secret, until, err := s.identity.ResetLink(r.Context(), v.Account.ID)
	if err != nil {
		return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return accountPage(v) })
	}
	v.Link, v.Until = strings.TrimSuffix(s.publicURL, "/")+"/dat-mat-khau/"+secret, until
	return web.Render(w, r, http.StatusCreated, accountPage(v))
}

func (s *Service) statePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accountFrame(r)
	if err != nil {
		return err
	}
	v.Form = url.Values{}
	return web.Render(w, r, http.StatusOK, statePage(v))
}

func (s *Service) setState(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accountFrame(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	_, err = s.identity.SetState(r.Context(), v.Account.ID, identity.State(v.Form.Get("state")), v.Form.Get("reason"))
	if err == nil {
		web.Flash(w, r, "admin.state-changed")
		return web.SeeOther(w, r, accountPath(v.Account.ID))
	}
	return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return statePage(v) })
}
