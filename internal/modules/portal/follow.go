package portal

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"motcua/internal/core/dossier"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// rowsPerPage is how many dossiers a citizen sees at once; few have more.
const rowsPerPage = 20

// mine lists the drafts and dossiers of whoever is signed in.
func (p *Portal) mine(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	after := r.URL.Query().Get("sau")
	v := mineView{All: r.URL.Query().Get("tat-ca") != ""}
	var err error
	if after == "" {
		if v.Drafts, err = p.dossiers.Drafts(ctx); err != nil {
			return err
		}
	}
	if v.Page, err = p.dossiers.Mine(ctx, dossier.ListQuery{Open: !v.All, After: after, Limit: rowsPerPage}); err != nil {
		return err
	}
	q := url.Values{}
	if v.All {
		q.Set("tat-ca", "1")
	}
	if after != "" {
		v.Prev = "/ho-so?" + q.Encode()
	}
	if v.Page.Next != "" {
		q.Set("sau", v.Page.Next)
		v.Next = "/ho-so?" + q.Encode()
	}
	return web.Render(w, r, http.StatusOK, minePage(v))
}

// one shows a dossier to its owner or submitter.
func (p *Portal) one(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, dossierView{Fresh: r.URL.Query().Get("moi") != ""})
}

// show draws the page of a dossier; v brings what was typed into its small forms.
func (p *Portal) show(w http.ResponseWriter, r *http.Request, status int, v dossierView) error {
	ctx := r.Context()
	d, err := p.dossiers.Get(ctx, r.PathValue("number"), "own")
	if err != nil {
		return err
	}
	if d.Audience != dossier.ForCitizen {
		// An officer followed a citizen's link: their own desk shows it better.
		return web.SeeOther(w, r, "/xu-ly/"+d.Number)
	}
	v.D = d
	if v.Items, err = p.dossiers.Timeline(ctx, d.ID); err != nil {
		return err
	}
	if v.Clock, err = p.dossiers.Explain(ctx, d.ID); err != nil {
		return err
	}
	v.Summary = d.Form.Summary(d.Answers, form.SummaryOptions{Env: p.dossiers.DossierEnv(d.Dossier), FileURL: func(f form.File) string { return "/tep/" + f.ID + "/" + url.PathEscape(f.Name) }})
	v.TrackURL = p.publicURL + "/tra-cuu/" + d.Number
	return web.Render(w, r, status, dossierPage(v))
}

func (p *Portal) withdraw(w http.ResponseWriter, r *http.Request) error {
	values, err := web.Form(r)
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(values.Get("ly-do"))
	if reason == "" {
		bad := []errs.Field{errs.Bad("ly-do", "portal.reason")}
		return p.show(w, r, http.StatusUnprocessableEntity, dossierView{Errors: ui.ErrorsOf(r.Context(), bad, nil)})
	}
	d, err := p.dossiers.Get(r.Context(), r.PathValue("number"), "own")
	if err != nil {
		return err
	}
	// A version that is not a number is 0, which the service does not compare.
	version, _ := strconv.ParseInt(values.Get("phien-ban"), 10, 64)
	if _, err := p.dossiers.Withdraw(r.Context(), dossier.WithdrawInput{DossierID: d.ID, Reason: reason, Version: version, Key: "withdraw:" + d.ID}); err != nil {
		return p.showAgain(w, r, err, dossierView{Reason: reason})
	}
	web.Flash(w, r, "portal.withdraw.done")
	return web.SeeOther(w, r, "/ho-so/"+d.Number)
}

func (p *Portal) rate(w http.ResponseWriter, r *http.Request) error {
	values, err := web.Form(r)
	if err != nil {
		return err
	}
	v := dossierView{Stars: values.Get("sao"), Comment: values.Get("gop-y")}
	stars, err := strconv.Atoi(v.Stars)
	if err != nil || stars < 1 || stars > 5 {
		v.Errors = ui.ErrorsOf(r.Context(), []errs.Field{errs.Bad("sao", "portal.stars")}, nil)
		return p.show(w, r, http.StatusUnprocessableEntity, v)
	}
	d, err := p.dossiers.Get(r.Context(), r.PathValue("number"), "own")
	if err != nil {
		return err
	}
	if err := p.dossiers.Rate(r.Context(), dossier.RateInput{DossierID: d.ID, Stars: stars, Comment: v.Comment, Key: "rate:" + d.ID}); err != nil {
		return p.showAgain(w, r, err, v)
	}
	web.Flash(w, r, "portal.rate.sent")
	return web.SeeOther(w, r, "/ho-so/"+d.Number)
}

// showAgain draws the dossier with what was typed and what was wrong with it.
// Errors that no form can mend go on to the error page.
func (p *Portal) showAgain(w http.ResponseWriter, r *http.Request, err error, v dossierView) error {
	switch errs.KindOf(err) {
	case errs.Invalid:
		v.Errors = ui.ErrorsIn(r.Context(), err, nil)
		return p.show(w, r, http.StatusUnprocessableEntity, v)
	case errs.Conflict:
		v.Errors = ui.ErrorsIn(r.Context(), err, nil)
		return p.show(w, r, http.StatusConflict, v)
	default:
		return err
	}
}

// issued opens a paper that the agency issued on a dossier.
func (p *Portal) issued(w http.ResponseWriter, r *http.Request) error {
	d, err := p.dossiers.Get(r.Context(), r.PathValue("number"), "own")
	if err != nil {
		return err
	}
	name, pdf, err := p.dossiers.DocumentFile(r.Context(), d.ID, r.PathValue("document"))
	if err != nil {
		return err
	}
	return web.Inline(w, r, name, "application/pdf", int64(len(pdf)), bytes.NewReader(pdf))
}

// track is the public look-up: the box, or the answer for a number typed into it.
func (p *Portal) track(w http.ResponseWriter, r *http.Request) error {
	typed := strings.TrimSpace(r.URL.Query().Get("ma"))
	if typed == "" {
		return web.Render(w, r, http.StatusOK, trackPage("", ""))
	}
	number, err := ident.ParseDossierNumber(typed)
	if err != nil {
		bad := ui.ErrorsOf(r.Context(), []errs.Field{errs.Bad("ma", "portal.number")}, nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, trackPage(typed, bad.For("ma")))
	}
	return web.SeeOther(w, r, "/tra-cuu/"+url.PathEscape(string(number)))
}

// status is where the QR code of a receipt leads: where it stands, not whose it is.
func (p *Portal) status(w http.ResponseWriter, r *http.Request) error {
	number := r.PathValue("number")
	s, err := p.dossiers.Track(r.Context(), number)
	if errs.Is(err, errs.NotFound) {
		bad := ui.ErrorsOf(r.Context(), []errs.Field{errs.Bad("ma", "portal.number-unknown")}, nil)
		return web.Render(w, r, http.StatusNotFound, trackPage(number, bad.For("ma")))
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, statusPage(s))
}

// verify tells whoever holds a paper whether it was issued as it looks.
func (p *Portal) verify(w http.ResponseWriter, r *http.Request) error {
	paper, err := p.documents.Verify(r.Context(), r.PathValue("code"))
	if errors.Is(err, sqldb.ErrNotFound) {
		return errs.NewNotFound("document.not-found")
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, verifyPage(verifyView{Paper: paper, Valid: paper.State != "revoked"}))
}

// book is the public look-up in one register.
func (p *Portal) book(w http.ResponseWriter, r *http.Request) error {
	code := r.PathValue("pack") + "/" + r.PathValue("register")
	name, ok, err := p.registers.PublicName(r.Context(), code)
	if err != nil {
		return err
	}
	if !ok {
		return errs.NewNotFound("web.not-found")
	}
	v := registerView{Code: code, Name: name, Text: strings.TrimSpace(r.URL.Query().Get("q"))}
	if v.Text != "" {
		if v.Entries, err = p.registers.PublicLookup(r.Context(), code, v.Text); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, registerPage(v))
}

// signedIn reports whether somebody is signed in who files dossiers.
func signedIn(r *http.Request) bool {
	a := identity.From(r.Context())
	return a.Kind == identity.KindCitizen || a.Kind == identity.KindOrganisation
}
