package counter

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
	"motcua/internal/platform/id"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/money"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// homeView is the first page of a clerk's day.
type homeView struct {
	Text     string
	Hits     []procedure.Hit
	Problem  string
	AgencyID string
}

type stepBody struct {
	Title string
	Body  templ.Component
}

// intakeView is the one page of the intake.
type intakeView struct {
	Version *procedure.Version
	Case    procedure.Case
	OfferID string
	Key     string // one press, one dossier
	In      dossier.IntakeInput
	Birth   string // as typed
	Fee     string
	Sets    string // as typed
	Steps   []stepBody
	Papers  []paperView
	Errors  ui.Errors
	MaxFile int64
}

// paperView is one line of the checklist.
type paperView struct {
	Component dossier.Component
	Given     bool
	Originals string
	Copies    string
	Kind      string
	Files     []ui.UploadedFile
}

// post is the agency of the clerk's post that may receive, the first when there are several.
func post(ctx context.Context) (identity.HeldPost, bool) {
	for _, p := range identity.From(ctx).Posts {
		if slices.Contains(p.Perms, identity.DossierReceive) {
			return p, true
		}
	}
	return identity.HeldPost{}, false
}

// home finds a procedure, or, when a dossier number was scanned, opens the dossier.
func (c *Counter) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := homeView{Text: strings.TrimSpace(r.URL.Query().Get("q"))}
	if number, ok := scannedNumber(v.Text); ok {
		return web.SeeOther(w, r, "/xu-ly/"+url.PathEscape(number))
	}
	if p, ok := post(ctx); ok {
		v.AgencyID = p.AgencyID
	}
	page, err := c.catalogue.Search(ctx, procedure.Query{Text: v.Text, Agency: v.AgencyID, Channel: procedure.Direct, Limit: 20})
	if err != nil {
		return err
	}
	v.Hits = page.Hits
	return web.Render(w, r, http.StatusOK, homePage(v))
}

// scannedNumber finds a dossier number in what a scanner typed: the number itself,
// or the tracking address of a receipt's QR code.
func scannedNumber(text string) (string, bool) {
	if i := strings.LastIndex(text, "/tra-cuu/"); i >= 0 {
		text = text[i+len("/tra-cuu/"):]
	}
	n, err := ident.ParseDossierNumber(text)
	if err != nil {
		return "", false
	}
	return string(n), true
}

// view prepares the intake of a procedure at the clerk's counter.
func (c *Counter) view(ctx context.Context, code, caseID string) (*intakeView, *form.Form, error) {
	p, ok := post(ctx)
	if !ok {
		return nil, nil, errs.NewNotFound("web.not-found")
	}
	version, err := c.catalogue.Get(ctx, code, civil.Date{})
	if err != nil {
		return nil, nil, err
	}
	v := &intakeView{Version: version, MaxFile: c.files.MaxFile()}
	offers, err := c.catalogue.Offers(ctx, code)
	if err != nil {
		return nil, nil, err
	}
	v.OfferID = offerFor(offers, p.AgencyID)
	if v.OfferID == "" {
		return nil, nil, errs.NewNotFound("counter.not-offered")
	}
	i := slices.IndexFunc(version.Def.Cases, func(cs procedure.Case) bool { return cs.ID == caseID })
	v.Case = version.Def.Cases[max(i, 0)]
	compiled, err := c.catalogue.Compiled(ctx, version.ID)
	if err != nil {
		return nil, nil, err
	}
	f := compiled.Form(v.Case.ID)
	if f == nil {
		return nil, nil, errs.NewNotFound("web.not-found")
	}
	return v, f, nil
}

// offerFor finds the counter offer of an agency; a counter of the province takes in
// for other agencies too (NĐ 118/2025, Điều 14), so any counter offer will do.
func offerFor(offers []procedure.Offer, agencyID string) string {
	any := ""
	for _, o := range offers {
		if o.Channel != procedure.Direct {
			continue
		}
		if o.AgencyID == agencyID {
			return o.ID
		}
		if any == "" {
			any = o.ID
		}
	}
	return any
}

func (c *Counter) blank(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, f, err := c.view(ctx, r.PathValue("code"), r.URL.Query().Get("truong-hop"))
	if err != nil {
		return err
	}
	v.Key = id.New()
	v.Sets = strconv.Itoa(max(v.Case.Sets, 1))
	v.In = dossier.IntakeInput{Channel: dossier.Direct, Delivery: dossier.Delivery{By: "counter"}, Answers: form.Answers{}}
	return c.draw(w, r, http.StatusOK, v, f, nil)
}

func (c *Counter) draw(w http.ResponseWriter, r *http.Request, status int, v *intakeView, f *form.Form, bad []errs.Field) error {
	ctx := r.Context()
	labels := f.Labels(i18n.Lang(ctx))
	env := c.dossiers.DossierEnv(dossier.Dossier{Owner: v.In.Owner, Submitter: v.In.Submitter})
	components, err := c.dossiers.Components(ctx, v.Version.ID, v.Case.ID, v.In.Answers, v.In.Owner, v.In.Submitter)
	if err != nil {
		return err
	}
	given := v.Papers
	v.Papers = nil
	for _, comp := range components {
		labels["papers."+comp.Code] = comp.Name
		p := paperView{Component: comp}
		if i := slices.IndexFunc(given, func(g paperView) bool { return g.Component.Code == comp.Code }); i >= 0 {
			p = given[i]
			p.Component = comp
		}
		v.Papers = append(v.Papers, p)
	}
	v.Errors = ui.ErrorsOf(ctx, bad, labels)
	for _, s := range f.Steps(v.In.Answers, env) {
		v.Steps = append(v.Steps, stepBody{Title: s.Title.In(ctx), Body: f.View(s.ID, v.In.Answers, bad, env)})
	}
	return web.Render(w, r, status, intakePage(*v))
}

// take receives a dossier.
func (c *Counter) take(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	values, bad, err := c.read(r)
	if err != nil {
		return err
	}
	v, f, err := c.view(ctx, r.PathValue("code"), values.Get("truong-hop"))
	if err != nil {
		return err
	}
	answers, formBad := f.Parse("", values)
	c.fillFiles(ctx, f, answers)
	v.Key = values.Get("khoa")
	more, err := c.fill(ctx, v, values)
	if err != nil {
		return err
	}
	// What the form asks of whoever files is on the page already: nobody types it twice.
	submitter := v.In.Submitter
	if submitter.Name == "" {
		submitter = v.In.Owner
	}
	v.In.Answers = f.Prefill(answers, c.dossiers.DossierEnv(dossier.Dossier{Owner: v.In.Owner, Submitter: submitter}))
	bad = append(append(bad, more...), formBad...)
	if _, pressed := f.RowAction(values); pressed || values.Get("_tai-len") != "" {
		return c.draw(w, r, http.StatusOK, v, f, nil)
	}
	if len(bad) > 0 {
		return c.draw(w, r, http.StatusUnprocessableEntity, v, f, bad)
	}
	v.In.Key, v.In.OfferID, v.In.CaseID = "counter:"+v.Key, v.OfferID, v.Case.ID
	done, err := c.dossiers.Intake(ctx, v.In)
	if e, ok := errs.As(err); ok && e.Kind == errs.Invalid {
		return c.draw(w, r, http.StatusUnprocessableEntity, v, f, e.Fields)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/mot-cua/xong/"+done.Number)
}

// read reads the page; files that came with it (no JavaScript) are stored and stand
// in the values by id.
func (c *Counter) read(r *http.Request) (url.Values, []errs.Field, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		values, err := web.Form(r)
		return values, nil, err
	}
	ctx := r.Context()
	owner := identity.From(ctx).AccountID
	var bad []errs.Field
	added := url.Values{}
	values, err := web.Upload(r, func(f web.File) error {
		stored, err := c.files.Save(ctx, f.Name, owner, f.Body)
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

func (c *Counter) fillFiles(ctx context.Context, f *form.Form, answers form.Answers) {
	owner := identity.From(ctx).AccountID
	f.FillFiles(answers, func(id string) (form.File, bool) {
		file, err := c.files.Get(ctx, id)
		if err != nil || file.Owner != owner {
			return form.File{}, false
		}
		return form.File{ID: file.ID, Name: file.Name, Size: file.Size, Type: file.Type}, true
	})
}

// fill puts what the page says beside the form into the intake.
func (c *Counter) fill(ctx context.Context, v *intakeView, values url.Values) ([]errs.Field, error) {
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	var bad []errs.Field
	in := &v.In
	in.Channel = dossier.Direct
	if get("kenh") == string(dossier.Postal) {
		in.Channel = dossier.Postal
	}
	in.Owner = dossier.Person{
		Name: get("owner.name"), CitizenNo: get("owner.citizen_no"), TaxCode: get("owner.tax_code"), Phone: get("owner.phone"),
		Email: get("owner.email"), Address: get("owner.address"), Gender: get("owner.gender"),
	}
	if in.Owner.TaxCode != "" && in.Owner.CitizenNo == "" {
		in.Owner.Kind = dossier.Organisation
	}
	// Without JavaScript the scanned line itself arrives: the server takes it apart.
	if card, err := ident.ParseCardQR(get("quet")); err == nil {
		in.Owner.CitizenNo, in.Owner.Name, in.Owner.Address = string(card.Number), card.Name, card.Address
		in.Owner.Gender = string(card.Sex)
		in.Owner.Birth = card.Birth
		v.Birth = card.Birth.Screen(i18n.VI)
	}
	if typed := get("owner.birth"); typed != "" && in.Owner.Birth.IsZero() {
		v.Birth = typed
		birth, err := civil.ParsePartialTyped(typed)
		if err != nil {
			bad = append(bad, errs.Bad("owner.birth", "date.format"))
		}
		in.Owner.Birth = birth
	}
	if get("nop-thay") != "" {
		in.Proxy = get("proxy")
		in.Submitter = dossier.Person{Name: get("submitter.name"), CitizenNo: get("submitter.citizen_no"), Phone: get("submitter.phone")}
	}
	in.Delivery = dossier.Delivery{By: get("nhan"), Address: get("dia-chi-nhan"), Phone: in.Owner.Phone}
	number := func(name string) int {
		typed := get(name)
		if typed == "" {
			return 0 // an empty count is none
		}
		n, err := strconv.Atoi(typed)
		if err != nil || n < 0 {
			bad = append(bad, errs.Bad(name, "counter.count"))
		}
		return n
	}
	v.Sets = get("so-bo")
	in.Sets = number("so-bo")
	v.Fee = get("phi-da-thu")
	if v.Fee != "" {
		amount, err := money.Parse(v.Fee)
		if err != nil {
			bad = append(bad, errs.Bad("phi-da-thu", "counter.fee"))
		}
		in.FeePaid = int64(amount)
	}
	in.ReceiptNo = get("so-bien-lai")
	for name := range values {
		code, ok := strings.CutPrefix(name, "co.")
		if !ok {
			continue
		}
		p := paperView{Component: dossier.Component{Code: code}, Given: true, Originals: get("chinh." + code), Copies: get("sao." + code), Kind: get("loai." + code)}
		paper := dossier.PaperInput{Code: code, Kind: p.Kind}
		paper.Originals, paper.Copies = number("chinh."+code), number("sao."+code)
		for _, fid := range values["papers."+code+"_id"] {
			if fid != "" && !slices.Contains(values["papers."+code+"_remove"], fid) {
				paper.FileIDs = append(paper.FileIDs, fid)
			}
		}
		files, err := c.files.GetMany(ctx, paper.FileIDs)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			p.Files = append(p.Files, ui.UploadedFile{ID: f.ID, Name: f.Name, Size: f.Size, Href: "/tep/" + f.ID + "/" + url.PathEscape(f.Name)})
		}
		v.Papers = append(v.Papers, p)
		in.Papers = append(in.Papers, paper)
	}
	return bad, nil
}

// done shows what was received, with the receipt to print.
func (c *Counter) done(w http.ResponseWriter, r *http.Request) error {
	d, err := c.dossiers.Get(r.Context(), r.PathValue("number"), "process")
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, donePage(d))
}
