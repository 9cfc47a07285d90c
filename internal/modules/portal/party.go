package portal

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
)

// personView is the page that asks for whom a dossier is filed.
type personView struct {
	Who       string // self | other | organisation
	Owner     dossier.Person
	Proxy     string
	Proxies   []ui.Option
	Submitter string // name of whoever is signed in
	Errors    ui.Errors
}

func (p *Portal) personView(ctx context.Context, a *application, errors ui.Errors) personView {
	me := identity.From(ctx)
	v := personView{Who: "self", Proxy: a.draft.Proxy, Submitter: me.Name, Errors: errors}
	if a.draft.Owner != nil {
		v.Owner = *a.draft.Owner
		if a.draft.Proxy != dossier.NoProxy || v.Owner.AccountID != me.AccountID {
			v.Who = "other"
		}
	} else {
		v.Owner = p.dossiers.Self(ctx)
	}
	for _, kind := range []string{dossier.Authorised, dossier.Guardian, dossier.Relative, dossier.Employee} {
		v.Proxies = append(v.Proxies, ui.Option{Value: kind, Text: i18n.T(ctx, "dossier.proxy."+kind)})
	}
	return v
}

// personFrom reads who the owner is. For oneself only what may differ from the
// account is asked: where to be reached.
func personFrom(_ context.Context, values url.Values) (*dossier.Person, *string) {
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	owner := &dossier.Person{
		Name: get("owner.name"), CitizenNo: get("owner.citizen_no"), TaxCode: get("owner.tax_code"),
		Phone: get("owner.phone"), Email: get("owner.email"), Address: get("owner.address"),
	}
	proxy := get("proxy")
	if get("who") != "other" {
		// Name and numbers of oneself come from the account, whatever was posted.
		owner.Name, owner.CitizenNo, owner.TaxCode, proxy = "", "", "", dossier.NoProxy
	} else if owner.TaxCode != "" && owner.CitizenNo == "" {
		owner.Kind = dossier.Organisation
	}
	return owner, &proxy
}

// papersView is the page of the papers.
type papersView struct {
	Components []componentView
	MaxBytes   int64
	Errors     ui.Errors
}

type componentView struct {
	Component dossier.Component
	Files     []ui.UploadedFile
	EntryID   string
}

func (a *application) componentCodes() []string {
	var codes []string
	for _, c := range a.version.Def.Cases {
		if c.ID != a.draft.CaseID {
			continue
		}
		for _, comp := range c.Components {
			codes = append(codes, comp.Code)
		}
	}
	return append(codes, dossier.ProxyPaper)
}

func (p *Portal) papersView(ctx context.Context, a *application, errors ui.Errors) (papersView, error) {
	var owner dossier.Person
	if a.draft.Owner != nil {
		owner = *a.draft.Owner
	}
	components, err := p.dossiers.Components(ctx, a.draft.VersionID, a.draft.CaseID, a.draft.Answers, owner, p.dossiers.Self(ctx))
	if err != nil {
		return papersView{}, err
	}
	v := papersView{MaxBytes: p.files.MaxFile(), Errors: errors}
	for _, c := range components {
		cv := componentView{Component: c}
		i := slices.IndexFunc(a.draft.Papers, func(in dossier.PaperInput) bool { return in.Code == c.Code })
		if i >= 0 {
			cv.EntryID = a.draft.Papers[i].EntryID
			if cv.Files, err = p.uploaded(ctx, a.draft.Papers[i].FileIDs); err != nil {
				return papersView{}, err
			}
		}
		v.Components = append(v.Components, cv)
	}
	return v, nil
}

func (p *Portal) uploaded(ctx context.Context, ids []string) ([]ui.UploadedFile, error) {
	files, err := p.files.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	var list []ui.UploadedFile
	for _, f := range files {
		list = append(list, ui.UploadedFile{ID: f.ID, Name: f.Name, Size: f.Size, Href: "/tep/" + f.ID + "/" + url.PathEscape(f.Name)})
	}
	return list, nil
}

// papersFrom reads the papers page: the files of each component, or the entry of a
// register that replaces it.
func papersFrom(values url.Values, codes []string) []dossier.PaperInput {
	var papers []dossier.PaperInput
	for _, code := range codes {
		name := "papers." + code
		removed := values[name+"_remove"]
		in := dossier.PaperInput{Code: code, EntryID: values.Get(name + "_entry")}
		for _, id := range values[name+"_id"] {
			if id != "" && !slices.Contains(removed, id) && !slices.Contains(in.FileIDs, id) {
				in.FileIDs = append(in.FileIDs, id)
			}
		}
		in.Remove = len(in.FileIDs) == 0 && in.EntryID == ""
		papers = append(papers, in)
	}
	return papers
}

func reuseOptions(ctx context.Context, refs []dossier.ReuseRef) []ui.Option {
	opts := make([]ui.Option, 0, len(refs)+1)
	for _, r := range refs {
		opts = append(opts, ui.Option{Value: r.EntryID, Text: i18n.T(ctx, "portal.papers.reuse-item", "name", r.Name, "number", r.Number)})
	}
	return append(opts, ui.Option{Value: "", Text: i18n.T(ctx, "portal.papers.reuse-none")})
}

type deliveryView struct {
	Delivery dossier.Delivery
	Errors   ui.Errors
}

func deliveryOptions(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for _, by := range []string{"online", "counter", "post"} {
		opts = append(opts, ui.Option{Value: by, Text: i18n.T(ctx, "portal.delivery."+by)})
	}
	return opts
}

func personTerms(ctx context.Context, v personView) []ui.Term {
	terms := []ui.Term{{Term: i18n.T(ctx, "portal.dossier.owner"), Value: v.Owner.Name}}
	add := func(key, value string) {
		if value != "" {
			terms = append(terms, ui.Term{Term: i18n.T(ctx, key), Value: value})
		}
	}
	add("portal.person.number", v.Owner.CitizenNo)
	add("portal.person.tax", v.Owner.TaxCode)
	add("portal.person.phone", v.Owner.Phone)
	add("portal.person.email", v.Owner.Email)
	add("portal.person.address", v.Owner.Address)
	if v.Proxy != dossier.NoProxy {
		add("portal.person.proxy", i18n.T(ctx, "dossier.proxy."+v.Proxy))
	}
	return terms
}

func deliveryTerms(ctx context.Context, d dossier.Delivery) []ui.Term {
	if d.By == "" {
		return nil
	}
	terms := []ui.Term{{Term: i18n.T(ctx, "portal.delivery.title"), Value: i18n.T(ctx, "portal.delivery."+d.By)}}
	if d.By == "post" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "portal.delivery.address"), Value: d.Address}, ui.Term{Term: i18n.T(ctx, "portal.delivery.phone"), Value: d.Phone})
	}
	return terms
}

func feeTerms(ctx context.Context, fees []dossier.Fee) []ui.Term {
	var terms []ui.Term
	for _, f := range fees {
		terms = append(terms, ui.Term{Term: f.Name, Value: i18n.Money(ctx, f.Amount)})
	}
	return terms
}

func paperTerms(ctx context.Context, v papersView) []ui.Term {
	var terms []ui.Term
	for _, c := range v.Components {
		value := i18n.T(ctx, "portal.review.no-paper")
		switch {
		case c.EntryID != "":
			value = i18n.T(ctx, "portal.papers.reuse")
		case len(c.Files) > 0:
			names := make([]string, len(c.Files))
			for i, f := range c.Files {
				names[i] = f.Name
			}
			value = strings.Join(names, ", ")
		case c.Component.PresentOnly:
			value = i18n.T(ctx, "portal.papers.show")
		}
		terms = append(terms, ui.Term{Term: c.Component.Name, Value: value})
	}
	return terms
}

func revText(rev int64) string { return strconv.FormatInt(rev, 10) }
