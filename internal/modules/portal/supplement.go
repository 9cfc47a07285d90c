package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"motcua/internal/core/dossier"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// supplementView is the page on which a citizen answers a supplement request: the
// papers that were asked for, and the answers in case one of them is to be mended.
type supplementView struct {
	D       dossier.Detail
	Request dossier.SupplementRequest
	Papers  papersView
	Steps   []supplementStep
	Note    string
	Errors  ui.Errors
}

type supplementStep struct {
	Title string
	Open  bool
	Body  templ.Component
}

func (p *Portal) supplement(w http.ResponseWriter, r *http.Request) error {
	d, request, err := p.asked(r)
	if err != nil {
		return err
	}
	if request == nil {
		return web.SeeOther(w, r, "/ho-so/"+d.Number)
	}
	v := supplementView{D: d, Request: *request}
	return p.drawSupplement(w, r, http.StatusOK, v, nil)
}

// asked opens the dossier and the request that waits for this reader, nil when none does.
func (p *Portal) asked(r *http.Request) (dossier.Detail, *dossier.SupplementRequest, error) {
	d, err := p.dossiers.Get(r.Context(), r.PathValue("number"), "own")
	if err != nil || !d.MaySupply {
		return d, nil, err
	}
	i := slices.IndexFunc(d.Supplements, func(s dossier.SupplementRequest) bool { return s.AnsweredAt.IsZero() && s.ExpiredAt.IsZero() })
	if i < 0 {
		return d, nil, nil
	}
	return d, &d.Supplements[i], nil
}

func (p *Portal) drawSupplement(w http.ResponseWriter, r *http.Request, status int, v supplementView, bad []errs.Field) error {
	ctx := r.Context()
	env := p.dossiers.DossierEnv(v.D.Dossier)
	labels := v.D.Form.Labels(i18n.Lang(ctx))
	v.Errors = ui.ErrorsOf(ctx, bad, labels)
	components, err := p.dossiers.Components(ctx, v.D.VersionID, v.D.CaseID, v.D.Answers, v.D.Owner, v.D.Submitter)
	if err != nil {
		return err
	}
	v.Papers.MaxBytes, v.Papers.Errors = p.files.MaxFile(), v.Errors
	posted := v.Papers.Components
	v.Papers.Components = nil
	for _, c := range components {
		asked := slices.ContainsFunc(v.Request.Missing, func(m dossier.MissingPaper) bool { return m.Code == c.Code })
		if len(v.Request.Missing) > 0 && !asked {
			continue
		}
		c.Required = asked
		cv := componentView{Component: c}
		if i := slices.IndexFunc(posted, func(have componentView) bool { return have.Component.Code == c.Code }); i >= 0 {
			cv.Files, cv.EntryID = posted[i].Files, posted[i].EntryID
		}
		v.Papers.Components = append(v.Papers.Components, cv)
	}
	for _, s := range v.D.Form.Steps(v.D.Answers, env) {
		v.Steps = append(v.Steps, supplementStep{Title: s.Title.In(ctx), Body: v.D.Form.View(s.ID, v.D.Answers, bad, env), Open: slices.ContainsFunc(bad, func(f errs.Field) bool { return stepOf(v.D.Form, f.Name) == s.ID })})
	}
	return web.Render(w, r, status, supplementPage(v))
}

func (p *Portal) sendSupplement(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	values, bad, err := p.take(r)
	if err != nil {
		return err
	}
	d, request, err := p.asked(r)
	if err != nil {
		return err
	}
	if request == nil {
		return web.SeeOther(w, r, "/ho-so/"+d.Number)
	}
	answers, formBad := d.Form.Parse("", values)
	p.fillFiles(ctx, d.Form, answers)
	bad = append(bad, formBad...)
	papers := papersFrom(values, codesOf(values))
	v := supplementView{D: d, Request: *request, Note: strings.TrimSpace(values.Get("loi-nhan"))}
	v.D.Answers = d.Form.Merge(d.Answers, "", answers)
	for _, in := range papers {
		files, err := p.uploaded(ctx, in.FileIDs)
		if err != nil {
			return err
		}
		v.Papers.Components = append(v.Papers.Components, componentView{Component: dossier.Component{Code: in.Code}, Files: files, EntryID: in.EntryID})
	}
	if _, pressed := d.Form.RowAction(values); pressed {
		return p.drawSupplement(w, r, http.StatusOK, v, nil)
	}
	if len(bad) > 0 {
		return p.drawSupplement(w, r, http.StatusUnprocessableEntity, v, bad)
	}
	version, _ := strconv.ParseInt(values.Get("phien-ban"), 10, 64) // not a number: not compared
	_, err = p.dossiers.Supplement(ctx, dossier.SupplementInput{
		DossierID: d.ID, Answers: answers, Papers: given(papers), Note: v.Note, Version: version, Key: "supplement:" + request.ID,
	})
	if e, ok := errs.As(err); ok && e.Kind == errs.Invalid {
		return p.drawSupplement(w, r, http.StatusUnprocessableEntity, v, e.Fields)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "portal.supplement.sent")
	return web.SeeOther(w, r, "/ho-so/"+d.Number)
}

// codesOf finds the components that a posted page speaks of.
func codesOf(values url.Values) []string {
	var codes []string
	for name := range values {
		code, ok := strings.CutPrefix(name, "papers.")
		if !ok {
			continue
		}
		for _, suffix := range []string{"_id", "_entry", "_remove"} {
			code = strings.TrimSuffix(code, suffix)
		}
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func given(papers []dossier.PaperInput) []dossier.PaperInput {
	return slices.DeleteFunc(papers, func(in dossier.PaperInput) bool { return in.Remove })
}

func whyNot(v reviewView) string {
	if len(v.Missing) == 0 {
		return ""
	}
	return v.Missing[0].Text
}
