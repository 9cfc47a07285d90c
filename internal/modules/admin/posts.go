package admin

import (
	"context"
	"net/http"
	"net/url"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

type postsView struct {
	Agency      org.Agency
	Crumbs      []ui.Crumb
	Departments []org.Department
	Page        org.PostPage
	Next        string
	Roles       map[string]i18n.Text
	Names       map[string]string
	May         bool
}

func (s *Service) posts(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := s.visible(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := postsView{Agency: a, May: identity.From(ctx).MayAt(identity.AdminOrg, a.Path)}
	if v.Crumbs, err = s.crumbs(ctx, a, false); err != nil {
		return err
	}
	if v.Departments, err = s.org.Departments(ctx, a.ID); err != nil {
		return err
	}
	if v.Page, err = s.org.Posts(ctx, a.ID, r.URL.Query().Get("sau"), 50); err != nil {
		return err
	}
	if v.Page.Next != "" {
		v.Next = nextPage(r, v.Page.Next)
	}
	if v.Roles, err = s.identity.RoleNames(ctx); err != nil {
		return err
	}
	var ids []string
	for _, p := range v.Page.Items {
		for _, h := range p.Holdings {
			ids = append(ids, h.AccountID, h.DelegatedFrom)
		}
	}
	if v.Names, err = s.identity.Names(ctx, ids...); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, postsPage(v))
}

func postsPath(agencyID string) string { return agencyPath(agencyID) + "/vi-tri" }

type departmentForm struct {
	Agency     org.Agency
	Department org.Department // zero for a new one
	Crumbs     []ui.Crumb
	Form       url.Values
	Errors     ui.Errors
}

func (s *Service) departmentForm(r *http.Request) (departmentForm, error) {
	ctx := r.Context()
	a, err := s.manageable(ctx, r.PathValue("id"), identity.AdminOrg)
	if err != nil {
		return departmentForm{}, err
	}
	v := departmentForm{Agency: a, Form: url.Values{}}
	if v.Crumbs, err = s.crumbs(ctx, a, true); err != nil {
		return v, err
	}
	if wanted := r.PathValue("department"); wanted != "" {
		all, err := s.org.Departments(ctx, a.ID)
		if err != nil {
			return v, err
		}
		for _, d := range all {
			if d.ID == wanted {
				v.Department, v.Form = d, url.Values{"name": {d.Name}}
				return v, nil
			}
		}
		return v, errs.NewNotFound("org.department-not-found")
	}
	return v, nil
}

func (s *Service) newDepartmentPage(w http.ResponseWriter, r *http.Request) error {
	return s.departmentPage(w, r)
}

func (s *Service) departmentPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.departmentForm(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, departmentPage(v))
}

func (s *Service) createDepartment(w http.ResponseWriter, r *http.Request) error {
	return s.saveDepartment(w, r)
}

func (s *Service) saveDepartment(w http.ResponseWriter, r *http.Request) error {
	v, err := s.departmentForm(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	_, err = s.org.SaveDepartment(r.Context(), org.Department{ID: v.Department.ID, AgencyID: v.Agency.ID, Name: v.Form.Get("name")})
	if err == nil {
		web.Flash(w, r, "admin.saved")
		return web.SeeOther(w, r, postsPath(v.Agency.ID))
	}
	return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return departmentPage(v) })
}

func (s *Service) closeDepartment(w http.ResponseWriter, r *http.Request) error {
	v, err := s.departmentForm(r)
	if err != nil {
		return err
	}
	if err := s.org.CloseDepartment(r.Context(), v.Department.ID); err != nil {
		return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return departmentPage(v) })
	}
	web.Flash(w, r, "admin.department-closed")
	return web.SeeOther(w, r, postsPath(v.Agency.ID))
}

type postForm struct {
	Agency      org.Agency
	Post        org.Post // zero for a new one
	Crumbs      []ui.Crumb
	Departments []org.Department
	Roles       []identity.Role
	Form        url.Values
	Errors      ui.Errors
}

// postFrame loads what pages of a post show around their form: the post in the
// path, or the agency of a new one.
func (s *Service) postFrame(r *http.Request) (postForm, error) {
	ctx := r.Context()
	var v postForm
	agencyID := r.PathValue("id")
	if postID := r.PathValue("post"); postID != "" {
		p, err := s.org.Post(ctx, postID)
		if err != nil {
			return v, err
		}
		v.Post, agencyID = p, p.AgencyID
		v.Form = url.Values{"title": {p.Title}, "department_id": {p.DepartmentID}, "roles": p.Roles, "rev": {number(p.Rev)}}
	} else {
		v.Form = url.Values{}
	}
	a, err := s.manageable(ctx, agencyID, identity.AdminOrg)
	if err != nil {
		return v, errs.NewNotFound("org.post-not-found")
	}
	v.Agency = a
	if v.Crumbs, err = s.crumbs(ctx, a, true); err != nil {
		return v, err
	}
	v.Crumbs = append(v.Crumbs, ui.Crumb{Text: word(ctx, "admin.posts"), Href: postsPath(a.ID)})
	if v.Departments, err = s.org.Departments(ctx, a.ID); err != nil {
		return v, err
	}
	v.Roles, err = s.identity.Roles(ctx)
	return v, err
}

func (s *Service) newPostPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postFrame(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, newPostPage(v))
}

func (s *Service) postPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	v.Form = v.Written
	return web.Render(w, r, http.StatusOK, postPage(v))
}

func (s *Service) createPost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postFrame(r)
	if err != nil {
		return err
	}
	return s.storePost(w, r, &v, func() templComponent { return newPostPage(v) })
}

func (s *Service) savePost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	return s.storePost(w, r, &v.postForm, func() templComponent { return postPage(v) })
}

// storePost reads the form into v and stores the post, or shows the page again.
func (s *Service) storePost(w http.ResponseWriter, r *http.Request, v *postForm, page func() templComponent) error {
	var err error
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	p, err := s.org.SavePost(r.Context(), org.Post{
		ID: v.Post.ID, AgencyID: v.Agency.ID, DepartmentID: v.Form.Get("department_id"), Title: v.Form.Get("title"), Roles: v.Form["roles"], Rev: rev(v.Form),
	})
	if err == nil {
		web.Flash(w, r, "admin.saved")
		return web.SeeOther(w, r, postPath(p.ID))
	}
	return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return page() })
}

type postStep struct {
	postForm
	Holders []org.Holding
	Names   map[string]string
	Staff   []ui.Option // staff near the post, offered while typing
	Written url.Values  // the post as it is, for its own form
	Holding org.Holding // the one in the path
}

// postStepFrame adds who holds the post and who could.
func (s *Service) postStepFrame(r *http.Request) (postStep, error) {
	frame, err := s.postFrame(r)
	if err != nil {
		return postStep{}, err
	}
	ctx := r.Context()
	v := postStep{postForm: frame, Written: frame.Form}
	v.Form = url.Values{}
	if v.Holders, err = s.org.PostHoldings(ctx, v.Post.ID); err != nil {
		return v, err
	}
	ids := make([]string, 0, len(v.Holders))
	for _, h := range v.Holders {
		ids = append(ids, h.AccountID, h.DelegatedFrom)
	}
	if v.Names, err = s.identity.Names(ctx, ids...); err != nil {
		return v, err
	}
	if wanted := r.PathValue("holding"); wanted != "" {
		for _, h := range v.Holders {
			if h.ID == wanted {
				v.Holding = h
			}
		}
		if v.Holding.ID == "" {
			return v, errs.NewNotFound("org.holding-not-found")
		}
	}
	colleagues, err := s.identity.Colleagues(ctx, v.Agency.Path, 200)
	if err != nil {
		return v, err
	}
	for _, c := range colleagues {
		v.Staff = append(v.Staff, ui.Option{Value: c.Login, Text: c.Name})
	}
	return v, nil
}

// staffTyped finds the staff account somebody typed, in an agency where the actor
// may put people on posts.
func (s *Service) staffTyped(ctx context.Context, login string) (identity.Account, error) {
	a, err := s.identity.FindStaff(ctx, login)
	if err != nil {
		return identity.Account{}, err
	}
	if !identity.From(ctx).MayAt(identity.AdminOrg, a.AgencyPath) {
		return identity.Account{}, errs.NewNotFound("identity.account-not-found")
	}
	return a, nil
}

func (s *Service) assignPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	v.Form = url.Values{"from": {typedDay(r.Context(), s.today())}}
	return web.Render(w, r, http.StatusOK, assignPage(v))
}

func (s *Service) assign(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	ctx := r.Context()
	who, bad, err := s.holderTyped(ctx, v.Form)
	if err != nil {
		return err
	}
	in := org.AssignInput{PostID: v.Post.ID, AccountID: who.ID, Basis: v.Form.Get("basis")}
	in.From, in.To = readDay(v.Form, "from", &bad), readDay(v.Form, "to", &bad)
	if len(bad) == 0 {
		if _, err = s.org.Assign(ctx, in); err == nil {
			web.Flash(w, r, "admin.assigned")
			return web.SeeOther(w, r, postPath(v.Post.ID))
		}
	}
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return assignPage(v) })
}

func (s *Service) holderTyped(ctx context.Context, f url.Values) (identity.Account, []errs.Field, error) {
	who, err := s.staffTyped(ctx, f.Get("account"))
	switch {
	case errs.Is(err, errs.NotFound):
		return who, []errs.Field{errs.Bad("account", "admin.staff-unknown")}, nil
	case err != nil:
		return who, nil, err
	}
	return who, nil, nil
}

func (s *Service) delegatePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	v.Form = url.Values{"from": {typedDay(r.Context(), s.today())}}
	return web.Render(w, r, http.StatusOK, delegatePage(v))
}

func (s *Service) delegate(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	ctx := r.Context()
	who, bad, err := s.holderTyped(ctx, v.Form)
	if err != nil {
		return err
	}
	in := org.DelegateInput{HoldingID: v.Holding.ID, AccountID: who.ID, Basis: v.Form.Get("basis")}
	in.From, in.To = readDay(v.Form, "from", &bad), readDay(v.Form, "to", &bad)
	if len(bad) == 0 {
		if _, err = s.org.Delegate(ctx, in); err == nil {
			web.Flash(w, r, "admin.delegated")
			return web.SeeOther(w, r, postPath(v.Post.ID))
		}
	}
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return delegatePage(v) })
}

func (s *Service) endPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, endPage(v))
}

func (s *Service) end(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	var bad []errs.Field
	last := readDay(v.Form, "to", &bad)
	now := v.Form.Get("when") == "now"
	switch {
	case v.Form.Get("when") == "":
		bad = append(bad, errs.Bad("when", "org.choose"))
	case !now && last.IsZero() && len(bad) == 0:
		bad = append(bad, errs.Bad("to", "org.required"))
	}
	if len(bad) == 0 {
		if now {
			last = civil.Date{} // at this moment
		}
		if err = s.org.EndHolding(r.Context(), v.Holding.ID, last); err == nil {
			web.Flash(w, r, "admin.ended")
			return web.SeeOther(w, r, postPath(v.Post.ID))
		}
	}
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return endPage(v) })
}

func (s *Service) closePostPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postStepFrame(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, closePostPage(v))
}

func (s *Service) closePost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.postFrame(r)
	if err != nil {
		return err
	}
	if err := s.org.ClosePost(r.Context(), v.Post.ID); err != nil {
		return err
	}
	web.Flash(w, r, "admin.post-closed")
	return web.SeeOther(w, r, postsPath(v.Agency.ID))
}
