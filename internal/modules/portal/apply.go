package portal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"motcua/internal/core/dossier"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// The pages of an application that every procedure has, around those of its form.
const (
	stepPerson   = "nguoi-nop"
	stepPapers   = "giay-to"
	stepDelivery = "nhan-ket-qua"
	stepReview   = "xem-lai"
)

// application is a draft with everything its pages need.
type application struct {
	draft   dossier.Draft
	version *procedure.Version
	form    *form.Form
	env     form.Env
	steps   []applyStep
}

type applyStep struct {
	ID    string
	Title string
	Done  bool
}

func (a *application) path(step string) string { return "/ho-so-nhap/" + a.draft.ID + "/" + step }

func (a *application) index(step string) int {
	return slices.IndexFunc(a.steps, func(s applyStep) bool { return s.ID == step })
}

// after is the page that follows step.
func (a *application) after(step string) string {
	if i := a.index(step); i >= 0 && i+1 < len(a.steps) {
		return a.steps[i+1].ID
	}
	return stepReview
}

// before is the page in front of step, "" for the first.
func (a *application) before(step string) string {
	if i := a.index(step); i > 0 {
		return a.steps[i-1].ID
	}
	return ""
}

// open reads a draft of whoever is signed in.
func (p *Portal) open(ctx context.Context, id string) (*application, error) {
	d, err := p.dossiers.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	return p.application(ctx, d)
}

func (p *Portal) application(ctx context.Context, d dossier.Draft) (*application, error) {
	v, err := p.catalogue.VersionByID(ctx, d.VersionID)
	if err != nil {
		return nil, err
	}
	compiled, err := p.catalogue.Compiled(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	a := &application{draft: d, version: v, form: compiled.Form(d.CaseID)}
	if a.form == nil {
		return nil, errs.NewNotFound("web.not-found")
	}
	a.env = p.dossiers.DraftEnv(ctx, d)
	a.steps = append(a.steps, applyStep{ID: stepPerson, Title: i18n.T(ctx, "portal.person.title"), Done: d.Owner != nil})
	for _, s := range a.form.Steps(d.Answers, a.env) {
		a.steps = append(a.steps, applyStep{ID: s.ID, Title: s.Title.In(ctx), Done: s.Done})
	}
	a.steps = append(a.steps,
		applyStep{ID: stepPapers, Title: i18n.T(ctx, "portal.papers.title"), Done: len(d.Papers) > 0},
		applyStep{ID: stepDelivery, Title: i18n.T(ctx, "portal.delivery.title"), Done: d.Delivery.By != ""},
		applyStep{ID: stepReview, Title: i18n.T(ctx, "portal.review.title")})
	return a, nil
}

// start asks where and in which case, and opens the draft.
func (p *Portal) start(w http.ResponseWriter, r *http.Request) error {
	v, err := p.startView(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v.Offer, v.Case = q.Get("noi-nop"), q.Get("truong-hop")
	return web.Render(w, r, http.StatusOK, startPage(v))
}

func (p *Portal) startView(ctx context.Context, code string) (startView, error) {
	version, err := p.catalogue.Get(ctx, code, civil.Date{})
	if err != nil {
		return startView{}, err
	}
	places, err := p.onlineOffers(ctx, code)
	if err != nil {
		return startView{}, err
	}
	v := startView{Def: version.Def}
	for _, o := range places {
		v.Offers = append(v.Offers, ui.Option{Value: o.offer.ID, Text: o.agency.Name, Help: o.agency.Address})
	}
	for _, c := range version.Def.Cases {
		v.Cases = append(v.Cases, ui.Option{Value: c.ID, Text: c.Name.In(ctx), Help: c.When.In(ctx)})
	}
	return v, nil
}

func (p *Portal) begin(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	values, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := p.startView(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	v.Offer, v.Case = values.Get("noi-nop"), values.Get("truong-hop")
	var bad []errs.Field
	if !has(v.Offers, v.Offer) {
		bad = append(bad, errs.Bad("noi-nop", "portal.offer"))
	}
	if !has(v.Cases, v.Case) {
		bad = append(bad, errs.Bad("truong-hop", "portal.case"))
	}
	if len(bad) > 0 {
		v.Errors = ui.ErrorsOf(ctx, bad, nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, startPage(v))
	}
	d, err := p.dossiers.StartDraft(ctx, v.Offer, v.Case)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/ho-so-nhap/"+d.ID)
}

func has(options []ui.Option, value string) bool {
	return slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == value })
}

// resume leads to where the person stopped.
func (p *Portal) resume(w http.ResponseWriter, r *http.Request) error {
	a, err := p.open(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if done, err := p.filed(w, r, a); done || err != nil {
		return err
	}
	step := a.draft.Step
	if a.index(step) < 0 {
		step = a.steps[0].ID
	}
	return web.SeeOther(w, r, a.path(step))
}

// filed sends whoever comes back to a draft that was filed to the dossier.
func (p *Portal) filed(w http.ResponseWriter, r *http.Request, a *application) (bool, error) {
	if a.draft.DossierID == "" {
		return false, nil
	}
	d, err := p.dossiers.Get(r.Context(), a.draft.DossierID, "own")
	if err != nil {
		return false, err
	}
	web.Flash(w, r, "portal.apply.expired")
	return true, web.SeeOther(w, r, "/ho-so/"+d.Number)
}

// step draws one page of the application.
func (p *Portal) step(w http.ResponseWriter, r *http.Request) error {
	a, err := p.open(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if done, err := p.filed(w, r, a); done || err != nil {
		return err
	}
	step := r.PathValue("step")
	if a.index(step) < 0 {
		return web.SeeOther(w, r, "/ho-so-nhap/"+a.draft.ID)
	}
	return p.draw(w, r, http.StatusOK, a, step, nil)
}

// draw renders a page of the application with what is wrong on it.
func (p *Portal) draw(w http.ResponseWriter, r *http.Request, status int, a *application, step string, bad []errs.Field) error {
	ctx := r.Context()
	v := applyView{
		Title: a.version.Def.Name.In(ctx), Path: a.path(step), Rev: strconv.FormatInt(a.draft.Rev, 10),
		Step: step, Way: a.way(step), Labels: a.form.Labels(i18n.Lang(ctx)),
	}
	if back := a.before(step); back != "" {
		v.Back = a.path(back)
	}
	v.Errors = ui.ErrorsOf(ctx, bad, v.Labels)
	var err error
	switch step {
	case stepPerson:
		v.Heading = i18n.T(ctx, "portal.person.title")
		v.Body = personFields(p.personView(ctx, a, v.Errors))
	case stepPapers:
		v.Heading = i18n.T(ctx, "portal.papers.title")
		v.Lead = i18n.T(ctx, "portal.papers.lead")
		v.Multipart = true
		var papers papersView
		if papers, err = p.papersView(ctx, a, v.Errors); err == nil {
			v.Body = papersFields(papers)
		}
	case stepDelivery:
		v.Heading = i18n.T(ctx, "portal.delivery.title")
		v.Body = deliveryFields(deliveryView{Delivery: a.draft.Delivery, Errors: v.Errors})
	case stepReview:
		return p.review(w, r, status, a, bad)
	default:
		i := a.index(step)
		v.Heading = a.steps[i].Title
		v.Multipart = a.form.NeedsMultipart(step)
		v.Body = a.form.View(step, a.draft.Answers, bad, a.env)
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, status, applyPage(v))
}

func (a *application) way(current string) []ui.Step {
	at := a.index(current)
	steps := make([]ui.Step, len(a.steps))
	for i, s := range a.steps {
		steps[i] = ui.Step{Text: s.Title, State: ui.StepTodo}
		if s.Done || i < at {
			steps[i].State = ui.StepDone
			steps[i].Href = a.path(s.ID)
		}
		if i == at {
			steps[i].State = ui.StepCurrent
		}
	}
	return steps
}

// save takes one page: it is saved first and judged then, so that nothing typed is
// lost whatever is wrong with it.
func (p *Portal) save(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := p.open(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	if done, err := p.filed(w, r, a); done || err != nil {
		return err
	}
	step := r.PathValue("step")
	if a.index(step) < 0 {
		return web.SeeOther(w, r, "/ho-so-nhap/"+a.draft.ID)
	}
	values, uploadBad, err := p.take(r)
	if err != nil {
		return err
	}
	patch, bad := p.patch(ctx, a, step, values)
	bad = append(bad, uploadBad...)
	d, err := p.dossiers.SaveDraft(ctx, a.draft.ID, patch)
	if err != nil {
		return err
	}
	// For a page that goes on with what it shows (web/src/js/refresh.js).
	w.Header().Set("Draft-Seen", revisions(patch.Next(d.Rev)))
	if a, err = p.application(ctx, d); err != nil {
		return err
	}
	if values.Get("_sau") != "" {
		web.Flash(w, r, "portal.apply.saved")
		return web.SeeOther(w, r, "/ho-so")
	}
	if anchor, pressed := pressedRow(a, step, values); pressed && len(uploadBad) == 0 {
		if r.Header.Get("HX-Request") != "" {
			return p.draw(w, r, http.StatusOK, a, step, nil) // the script takes the new fields out of it
		}
		return web.SeeOther(w, r, a.path(step)+"#"+anchor)
	}
	if bad = append(bad, p.judge(ctx, a, step)...); len(bad) > 0 {
		return p.draw(w, r, http.StatusUnprocessableEntity, a, step, uniqueFields(bad))
	}
	return web.SeeOther(w, r, a.path(a.after(step)))
}

// autosave takes a page while the person types, and judges nothing.
func (p *Portal) autosave(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := p.open(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	values, err := web.Form(r)
	if err != nil {
		return err
	}
	patch, _ := p.patch(ctx, a, r.PathValue("step"), values)
	d, err := p.dossiers.SaveDraft(ctx, a.draft.ID, patch)
	if err != nil {
		return err
	}
	return web.JSON(w, r, http.StatusOK, map[string]string{"rev": revisions(patch.Next(d.Rev))})
}

// revisions writes what a page knows of a draft: the revision it was drawn from, and
// those it has made since. seen reads it.
func revisions(rev int64, own []int64) string {
	text := strconv.FormatInt(rev, 10)
	for _, o := range own {
		text += "." + strconv.FormatInt(o, 10)
	}
	return text
}

// seen reads what a page knows of a draft. What is not a number is 0: every field then
// counts as changed there.
func seen(text string) (rev int64, own []int64) {
	first, rest, _ := strings.Cut(text, ".")
	rev, _ = strconv.ParseInt(first, 10, 64)
	for o := range strings.SplitSeq(rest, ".") {
		if n, err := strconv.ParseInt(o, 10, 64); err == nil {
			own = append(own, n)
		}
	}
	return rev, own
}

// take reads a posted page. Files that came with it (no JavaScript) are stored,
// and stand in the values as ids under the name the upload script uses.
func (p *Portal) take(r *http.Request) (url.Values, []errs.Field, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		values, err := web.Form(r)
		return values, nil, err
	}
	ctx := r.Context()
	owner := identity.From(ctx).AccountID
	var bad []errs.Field
	added := url.Values{}
	values, err := web.Upload(r, func(f web.File) error {
		stored, err := p.files.Save(ctx, f.Name, owner, f.Body)
		if e, ok := errs.As(err); ok && e.Kind != errs.Internal {
			bad = append(bad, errs.Field{Name: f.Field, Code: e.Code, Args: e.Args})
			return nil
		}
		if err != nil {
			return err
		}
		added.Add(f.Field+"_id", stored.ID)
		return nil
	})
	for name, ids := range added {
		values[name] = append(values[name], ids...)
	}
	return values, bad, err
}

// patch turns a posted page into a change of the draft, with what could not be read.
func (p *Portal) patch(ctx context.Context, a *application, step string, values url.Values) (dossier.DraftPatch, []errs.Field) {
	rev, own := seen(values.Get("rev"))
	patch := dossier.DraftPatch{Rev: rev, Own: own, Step: step}
	switch step {
	case stepPerson:
		patch.Owner, patch.Proxy = personFrom(ctx, values)
	case stepPapers:
		patch.Papers = papersFrom(values, a.componentCodes())
	case stepDelivery:
		patch.Delivery = &dossier.Delivery{By: values.Get("nhan"), Address: strings.TrimSpace(values.Get("dia-chi-nhan")), Phone: strings.TrimSpace(values.Get("dien-thoai-nhan"))}
	case stepReview:
	default:
		answers, bad := a.form.Parse(step, values)
		p.fillFiles(ctx, a.form, answers)
		patch.Answers = answers
		return patch, bad
	}
	return patch, nil
}

// fillFiles gives posted file ids their names and sizes; files of others are dropped.
func (p *Portal) fillFiles(ctx context.Context, f *form.Form, answers form.Answers) {
	owner := identity.From(ctx).AccountID
	f.FillFiles(answers, func(id string) (form.File, bool) {
		file, err := p.files.Get(ctx, id)
		if err != nil || file.Owner != owner {
			return form.File{}, false
		}
		return form.File{ID: file.ID, Name: file.Name, Size: file.Size, Type: file.Type}, true
	})
}

func pressedRow(a *application, step string, values url.Values) (string, bool) {
	if anchor, pressed := a.form.RowAction(values); pressed {
		return anchor, true
	}
	return "", step == stepPapers && values.Get("_tai-len") != ""
}

// judge says what keeps this page from being left.
func (p *Portal) judge(ctx context.Context, a *application, step string) []errs.Field {
	switch step {
	case stepPerson:
		return p.dossiers.CheckPersons(ctx, a.draft)
	case stepPapers:
		all, err := p.dossiers.CheckDraft(ctx, a.draft.ID)
		if err != nil {
			return nil // the review page asks again and shows the error
		}
		return slices.DeleteFunc(all, func(f errs.Field) bool { return !strings.HasPrefix(f.Name, "papers.") })
	case stepDelivery:
		return judgeDelivery(a.draft.Delivery)
	case stepReview:
		return nil
	default:
		return a.form.ValidateStep(step, a.draft.Answers, a.env)
	}
}

func judgeDelivery(d dossier.Delivery) []errs.Field {
	switch {
	case d.By != "online" && d.By != "counter" && d.By != "post":
		return []errs.Field{errs.Bad("nhan", "portal.delivery")}
	case d.By == "post" && d.Address == "":
		return []errs.Field{errs.Bad("dia-chi-nhan", "portal.address")}
	default:
		return nil
	}
}

// uniqueFields keeps the first complaint about each field.
func uniqueFields(bad []errs.Field) []errs.Field {
	seen := map[string]bool{}
	return slices.DeleteFunc(bad, func(f errs.Field) bool {
		twice := seen[f.Name]
		seen[f.Name] = true
		return twice
	})
}

// review shows everything once more, with what is missing, and the button that files.
func (p *Portal) review(w http.ResponseWriter, r *http.Request, status int, a *application, bad []errs.Field) error {
	ctx := r.Context()
	missing, err := p.dossiers.CheckDraft(ctx, a.draft.ID)
	if err != nil {
		return err
	}
	papers, err := p.papersView(ctx, a, nil)
	if err != nil {
		return err
	}
	labels := a.form.Labels(i18n.Lang(ctx))
	for _, c := range papers.Components {
		labels["papers."+c.Component.Code] = c.Component.Name
	}
	v := reviewView{
		Title: a.version.Def.Name.In(ctx), Base: "/ho-so-nhap/" + a.draft.ID, Way: a.way(stepReview), Rev: a.draft.Rev,
		Person: p.personView(ctx, a, nil), Papers: papers, Delivery: a.draft.Delivery,
		Errors: ui.ErrorsOf(ctx, bad, labels), Fees: p.dossiers.DraftFees(ctx, a.draft),
	}
	v.Summary = a.form.Summary(a.draft.Answers, form.SummaryOptions{Env: a.env, EditURL: a.path})
	for _, f := range ui.ErrorsOf(ctx, missing, labels) {
		v.Missing = append(v.Missing, ui.LinkItem{Text: f.Text, Href: a.path(a.stepOf(f.Name)) + "#" + ui.FieldID(f.Name)})
	}
	return web.Render(w, r, status, reviewPage(v))
}

// stepOf is the page on which a field stands.
func (a *application) stepOf(field string) string {
	switch {
	case strings.HasPrefix(field, "papers."):
		return stepPapers
	case field == "proxy" || strings.HasPrefix(field, "owner."):
		return stepPerson
	case strings.HasPrefix(field, "delivery"):
		return stepDelivery
	default:
		if s := stepOf(a.form, field); s != "" {
			return s
		}
		return stepReview
	}
}

// stepOf is the step of a form that asks for a field, "" for none. A field of a
// group's row is named after its group: "children.0.name".
func stepOf(f *form.Form, name string) string {
	top, _, _ := strings.Cut(name, ".")
	for _, s := range f.Definition().Steps {
		for _, fl := range s.Fields {
			if fl.ID == top {
				return s.ID
			}
		}
	}
	return ""
}

// submit files the draft. Pressing twice, or in two tabs, gives one dossier.
func (p *Portal) submit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := p.open(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	values, err := web.Form(r)
	if err != nil {
		return err
	}
	rev, _ := strconv.ParseInt(values.Get("rev"), 10, 64) // not a number: whatever is saved is filed
	d, err := p.dossiers.Submit(ctx, dossier.SubmitInput{DraftID: a.draft.ID, Key: "draft:" + a.draft.ID, Rev: rev})
	if e, ok := errs.As(err); ok && (e.Kind == errs.Invalid || e.Kind == errs.Conflict) {
		status := http.StatusUnprocessableEntity
		bad := e.Fields
		if e.Kind == errs.Conflict {
			status, bad = http.StatusConflict, []errs.Field{{Code: e.Code, Args: e.Args}}
		}
		if a, err = p.open(ctx, a.draft.ID); err != nil {
			return err
		}
		return p.review(w, r, status, a, bad)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/ho-so/"+d.Number+"?moi=1")
}

func (p *Portal) discard(w http.ResponseWriter, r *http.Request) error {
	if err := p.dossiers.DeleteDraft(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	web.Flash(w, r, "portal.draft.deleted")
	return web.SeeOther(w, r, "/ho-so")
}

type applyView struct {
	Title, Heading, Lead string
	Path, Back, Rev      string
	Step                 string
	Way                  []ui.Step
	Multipart            bool
	Labels               map[string]string
	Errors               ui.Errors
	Body                 templ.Component
}

type reviewView struct {
	Title, Base string
	Rev         int64
	Way         []ui.Step
	Person      personView
	Summary     templ.Component
	Papers      papersView
	Delivery    dossier.Delivery
	Fees        []dossier.Fee
	Missing     []ui.LinkItem
	Errors      ui.Errors
}
