package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

func (s *Service) overview(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, overviewPage())
}

// scope is where the actor administers anything that hangs on agencies.
func scope(a identity.Actor) []string {
	var paths []string
	for _, perm := range []string{identity.AdminOrg, identity.AdminAccounts, identity.AdminCalendar} {
		paths = append(paths, a.Scope(perm)...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// visible loads an agency of the actor's scope; others do not exist for them.
func (s *Service) visible(ctx context.Context, agencyID string) (org.Agency, error) {
	a, err := s.org.Agency(ctx, agencyID)
	if err != nil {
		return org.Agency{}, err
	}
	if !slices.ContainsFunc(scope(identity.From(ctx)), a.Within) {
		return org.Agency{}, errs.NewNotFound("org.agency-not-found")
	}
	return a, nil
}

// manageable loads an agency at which the actor holds the permission.
func (s *Service) manageable(ctx context.Context, agencyID, perm string) (org.Agency, error) {
	a, err := s.org.Agency(ctx, agencyID)
	if err != nil {
		return org.Agency{}, err
	}
	if !identity.From(ctx).MayAt(perm, a.Path) {
		return org.Agency{}, errs.NewNotFound("org.agency-not-found")
	}
	return a, nil
}

// crumbs leads from the top of the actor's scope to the agency's parent.
func (s *Service) crumbs(ctx context.Context, a org.Agency, own bool) ([]ui.Crumb, error) {
	line, err := s.org.Ancestors(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	mine := scope(identity.From(ctx))
	out := []ui.Crumb{{Text: word(ctx, "admin.nav.agencies"), Href: "/quan-tri/co-quan"}}
	for _, up := range line {
		if (own || up.ID != a.ID) && slices.ContainsFunc(mine, up.Within) {
			out = append(out, ui.Crumb{Text: up.ShortName, Href: agencyPath(up.ID)})
		}
	}
	return out, nil
}

func agencyPath(id string) string { return "/quan-tri/co-quan/" + url.PathEscape(id) }

type agenciesView struct {
	Filter   org.AgencyFilter
	Query    url.Values
	Page     org.AgencyPage
	Parents  map[string]org.Agency
	Next     string
	Filtered bool
	Tree     []branch // when nothing is looked for
}

// branch is an agency with what is below it.
type branch struct {
	Agency   org.Agency
	Branches []branch
}

// treeMost is how many agencies are drawn as a tree; more are listed by pages.
const treeMost = 400

// tree draws the actor's scope; nil when it is too large.
func (s *Service) tree(ctx context.Context, paths []string) ([]branch, error) {
	left := treeMost
	var grow func(a org.Agency) (branch, error)
	grow = func(a org.Agency) (branch, error) {
		b := branch{Agency: a}
		if left--; left < 0 {
			return b, nil
		}
		children, err := s.org.Children(ctx, a.ID)
		if err != nil {
			return b, err
		}
		for _, c := range children {
			sub, err := grow(c)
			if err != nil {
				return b, err
			}
			b.Branches = append(b.Branches, sub)
		}
		return b, nil
	}
	var tops []branch
	for i, path := range paths {
		if i > 0 && strings.HasPrefix(path, paths[i-1]) {
			continue // inside the one before
		}
		ids := org.PathIDs(path)
		a, err := s.org.Agency(ctx, ids[len(ids)-1])
		if err != nil {
			return nil, err
		}
		top, err := grow(a)
		if err != nil {
			return nil, err
		}
		tops = append(tops, top)
	}
	if left < 0 {
		return nil, nil
	}
	return tops, nil
}

func (s *Service) agencies(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := agenciesView{Query: q, Filter: org.AgencyFilter{
		Text: q.Get("q"), Kind: org.Kind(q.Get("loai")), Level: org.Level(q.Get("cap")), Closed: q.Get("ca-cu") != "",
		Under: scope(identity.From(ctx)), After: q.Get("sau"), Limit: 50,
	}}
	v.Filtered = v.Filter.Text != "" || v.Filter.Kind != "" || v.Filter.Level != "" || v.Filter.Closed || v.Filter.After != ""
	if !v.Filtered {
		var err error
		if v.Tree, err = s.tree(ctx, v.Filter.Under); err != nil {
			return err
		}
		if v.Tree != nil {
			return web.Render(w, r, http.StatusOK, agenciesPage(v))
		}
	}
	page, err := s.org.Agencies(ctx, v.Filter)
	if err != nil {
		return err
	}
	v.Page = page
	if page.Next != "" {
		v.Next = nextPage(r, page.Next)
	}
	ids := []string{}
	for _, a := range page.Items {
		ids = append(ids, a.ParentID)
	}
	if v.Parents, err = s.org.AgenciesByID(ctx, ids...); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, agenciesPage(v))
}

// nextPage is the address of this list from a cursor on.
func nextPage(r *http.Request, after string) string {
	q := r.URL.Query()
	q.Set("sau", after)
	return r.URL.Path + "?" + q.Encode()
}

type agencyView struct {
	Agency   org.Agency
	Crumbs   []ui.Crumb
	Children org.AgencyPage
	Next     string
	May      bool // change it
	Heirs    []kin
	Former   []kin
}

// kin is an agency that took over or was taken over.
type kin struct {
	org.Succession
	Name string
	Href string // "" where the reader administers nothing
}

// kinship names the agencies at the other end of successions. Agencies are public;
// their administration is not.
func (s *Service) kinship(ctx context.Context, list []org.Succession, end func(org.Succession) string) ([]kin, error) {
	out := make([]kin, 0, len(list))
	for _, x := range list {
		a, err := s.org.Agency(ctx, end(x))
		if err != nil {
			return nil, err
		}
		k := kin{Succession: x, Name: a.Name}
		if slices.ContainsFunc(scope(identity.From(ctx)), a.Within) {
			k.Href = agencyPath(a.ID)
		}
		out = append(out, k)
	}
	return out, nil
}

func (s *Service) agency(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := s.visible(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := agencyView{Agency: a, May: identity.From(ctx).MayAt(identity.AdminOrg, a.Path)}
	if v.Crumbs, err = s.crumbs(ctx, a, false); err != nil {
		return err
	}
	if v.Children, err = s.org.Agencies(ctx, org.AgencyFilter{ParentID: a.ID, Limit: 100, After: r.URL.Query().Get("sau")}); err != nil {
		return err
	}
	if v.Children.Next != "" {
		v.Next = nextPage(r, v.Children.Next)
	}
	to, from, err := s.org.Successions(ctx, a.ID)
	if err != nil {
		return err
	}
	if v.Heirs, err = s.kinship(ctx, to, func(x org.Succession) string { return x.ToID }); err != nil {
		return err
	}
	if v.Former, err = s.kinship(ctx, from, func(x org.Succession) string { return x.FromID }); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, agencyPage(v))
}

type agencyForm struct {
	Agency org.Agency // the one that is edited, or the parent of a new one
	New    bool
	Crumbs []ui.Crumb
	Form   url.Values
	Errors ui.Errors
}

func agencyValues(ctx context.Context, a org.Agency) url.Values {
	f := url.Values{
		"name": {a.Name}, "short_name": {a.ShortName}, "code": {a.Code}, "old_code": {a.OldCode}, "kind": {string(a.Kind)}, "level": {string(a.Level)},
		"address": {a.Address}, "phone": {a.Phone}, "email": {a.Email}, "unit_code": {a.UnitCode}, "valid_from": {typedDay(ctx, a.ValidFrom)}, "rev": {number(a.Rev)},
	}
	if a.ReceivesDossiers {
		f.Set("receives", "true")
	}
	return f
}

// readAgency reads the form into a; the fields that cannot be read are returned.
func readAgency(f url.Values, a org.Agency) (org.Agency, []errs.Field) {
	a.Name, a.ShortName, a.Code, a.OldCode = f.Get("name"), f.Get("short_name"), f.Get("code"), f.Get("old_code")
	a.Kind, a.Level = org.Kind(f.Get("kind")), org.Level(f.Get("level"))
	a.Address, a.Phone, a.Email, a.UnitCode = f.Get("address"), f.Get("phone"), f.Get("email"), f.Get("unit_code")
	a.ReceivesDossiers = f.Get("receives") != ""
	var bad []errs.Field
	a.ValidFrom = readDay(f, "valid_from", &bad)
	return a, bad
}

func (s *Service) newAgencyPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, true)
	if err != nil {
		return err
	}
	level := v.Agency.Level
	v.Form = url.Values{"level": {string(level)}, "kind": {string(org.KindUnit)}, "valid_from": {typedDay(r.Context(), s.today())}}
	return web.Render(w, r, http.StatusOK, agencyFormPage(v))
}

func (s *Service) agencyForm(r *http.Request, fresh bool) (agencyForm, error) {
	ctx := r.Context()
	a, err := s.manageable(ctx, r.PathValue("id"), identity.AdminOrg)
	if err != nil {
		return agencyForm{}, err
	}
	v := agencyForm{Agency: a, New: fresh}
	v.Crumbs, err = s.crumbs(ctx, a, true)
	return v, err
}

func (s *Service) createAgency(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, true)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	a, bad := readAgency(v.Form, org.Agency{ParentID: v.Agency.ID})
	if len(bad) == 0 {
		var made org.Agency
		if made, err = s.org.CreateAgency(r.Context(), a); err == nil {
			web.Flash(w, r, "admin.agency-created")
			return web.SeeOther(w, r, agencyPath(made.ID))
		}
	}
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return agencyFormPage(v) })
}

func (s *Service) editAgencyPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, false)
	if err != nil {
		return err
	}
	v.Form = agencyValues(r.Context(), v.Agency)
	return web.Render(w, r, http.StatusOK, agencyFormPage(v))
}

func (s *Service) saveAgency(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, false)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	a, bad := readAgency(v.Form, v.Agency)
	a.Rev = rev(v.Form)
	if len(bad) == 0 {
		if _, err = s.org.UpdateAgency(r.Context(), a); err == nil {
			web.Flash(w, r, "admin.saved")
			return web.SeeOther(w, r, agencyPath(a.ID))
		}
	}
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return agencyFormPage(v) })
}

func (s *Service) moveAgencyPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, false)
	if err != nil {
		return err
	}
	v.Form = url.Values{}
	return web.Render(w, r, http.StatusOK, moveAgencyPage(v))
}

func (s *Service) moveAgency(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, false)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	ctx := r.Context()
	var bad []errs.Field
	parent, err := s.agencyTyped(ctx, v.Form.Get("parent"), identity.AdminOrg)
	if err != nil {
		bad = append(bad, errs.Bad("parent", "admin.agency-unknown"))
	} else if _, err = s.org.MoveAgency(ctx, v.Agency.ID, parent.ID, v.Form.Get("reason")); err == nil {
		web.Flash(w, r, "admin.agency-moved")
		return web.SeeOther(w, r, agencyPath(v.Agency.ID))
	}
	return again(w, r, renamed(err, "parent_id", "parent"), bad, func(errors ui.Errors) templComponent { v.Errors = errors; return moveAgencyPage(v) })
}

// agencyTyped finds an agency in scope by the agency id that somebody typed.
func (s *Service) agencyTyped(ctx context.Context, code, perm string) (org.Agency, error) {
	id, err := ident.ParseAgencyID(code)
	if err != nil {
		return org.Agency{}, err
	}
	a, err := s.org.AgencyByCode(ctx, string(id))
	if err != nil {
		return org.Agency{}, err
	}
	return s.manageable(ctx, a.ID, perm)
}

func (s *Service) closeAgencyPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, false)
	if err != nil {
		return err
	}
	v.Form = url.Values{}
	return web.Render(w, r, http.StatusOK, closeAgencyPage(v))
}

func (s *Service) closeAgency(w http.ResponseWriter, r *http.Request) error {
	v, err := s.agencyForm(r, false)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	var bad []errs.Field
	last := readDay(v.Form, "valid_to", &bad)
	if len(bad) == 0 {
		if _, err = s.org.CloseAgency(r.Context(), v.Agency.ID, last, v.Form.Get("reason")); err == nil {
			web.Flash(w, r, "admin.agency-closed")
			return web.SeeOther(w, r, agencyPath(v.Agency.ID))
		}
	}
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return closeAgencyPage(v) })
}

// readDay reads a typed day; an empty one is none, an unreadable one goes to bad.
func readDay(f url.Values, name string, bad *[]errs.Field) civil.Date {
	typed := strings.TrimSpace(f.Get(name))
	if typed == "" {
		return civil.Date{}
	}
	d, err := civil.ParseTyped(typed)
	if err != nil {
		*bad = append(*bad, ident.Field(name, err))
	}
	return d
}
