package admin

import (
	"context"
	"net/url"
	"strings"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// sections are the parts of administration the viewer may enter, as cards.
func sections(ctx context.Context) []ui.CardProps {
	var cards []ui.CardProps
	for _, rule := range Nav() {
		if rule.Access.Check(ctx) != nil {
			continue
		}
		note := strings.Replace(rule.Item.Key, "admin.nav.", "admin.about.", 1)
		cards = append(cards, ui.CardProps{Title: word(ctx, rule.Item.Key), Note: word(ctx, note), Href: rule.Item.Href, Icon: rule.Item.Icon})
	}
	return cards
}

// filter is a field of the row above a list.
func filter(ctx context.Context, name string, width ui.Width) ui.FieldProps {
	return ui.FieldProps{Name: name, Label: word(ctx, "admin.filter."+name), NoMark: true, Width: width}
}

func columns(ctx context.Context, keys ...string) []ui.Column {
	c := make([]ui.Column, len(keys))
	for i, k := range keys {
		c[i] = ui.Column{Text: word(ctx, "admin.col."+k), NoText: k == "actions"}
	}
	return c
}

func agencyColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "agency", "code", "kind", "parent", "counter")
	c[1].Narrow, c[2].Quiet, c[4].Narrow = true, true, true
	return c
}

func childColumns(ctx context.Context) []ui.Column { return columns(ctx, "agency", "code", "kind") }

func postColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "post", "department", "roles", "holders")
	c[1].Quiet = true
	return c
}

func holderColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "person", "from", "until", "basis", "actions")
	c[1].Narrow, c[2].Narrow, c[4].Narrow = true, true, true
	return c
}

func accountColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "person", "login", "agency", "state")
	c[3].Narrow = true
	return c
}

func citizenColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "person", "number", "phone", "state")
}

func heldColumns(ctx context.Context) []ui.Column { return columns(ctx, "post", "agency", "until") }

func kindOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, k := range org.Kinds() {
		options = append(options, ui.Option{Value: string(k), Text: word(ctx, "org.kind."+string(k))})
	}
	return options
}

func levelOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, l := range org.Levels() {
		options = append(options, ui.Option{Value: string(l), Text: word(ctx, "org.level."+string(l))})
	}
	return options
}

func stateOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, st := range []identity.State{identity.Active, identity.Suspended, identity.Closed} {
		options = append(options, ui.Option{Value: string(st), Text: word(ctx, "identity.state."+string(st))})
	}
	return options
}

func citizenKinds(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: string(identity.KindCitizen), Text: word(ctx, "identity.kind.citizen")},
		{Value: string(identity.KindOrganisation), Text: word(ctx, "identity.kind.organisation")},
	}
}

func departmentOptions(list []org.Department) []ui.Option {
	options := make([]ui.Option, len(list))
	for i, d := range list {
		options[i] = ui.Option{Value: d.ID, Text: d.Name}
	}
	return options
}

// roleOptions says with every role what it may do.
func roleOptions(ctx context.Context, roles []identity.Role) []ui.Option {
	options := make([]ui.Option, len(roles))
	for i, r := range roles {
		perms := make([]string, len(r.Perms))
		for j, p := range r.Perms {
			perms[j] = word(ctx, "identity.perm."+p)
		}
		options[i] = ui.Option{Value: r.Code, Text: r.Name.In(ctx), Help: strings.Join(perms, "; ")}
	}
	return options
}

func roleNames(ctx context.Context, names map[string]i18n.Text, codes []string) string {
	list := make([]string, 0, len(codes))
	for _, c := range codes {
		if n, ok := names[c]; ok {
			list = append(list, n.In(ctx))
		} else {
			list = append(list, word(ctx, "admin.role-gone"))
		}
	}
	return strings.Join(list, ", ")
}

// firstPage is the way back to the beginning of a list, "" on its first page: a
// keyset knows no page before.
func firstPage(ctx context.Context, q url.Values) string {
	if q.Get("sau") == "" {
		return ""
	}
	first := url.Values{}
	for name, values := range q {
		if name != "sau" {
			first[name] = values
		}
	}
	return web.Path(ctx) + "?" + first.Encode()
}

func agencyTerms(ctx context.Context, a org.Agency) []ui.Term {
	terms := []ui.Term{
		{Term: word(ctx, "admin.field.code"), Value: a.Code},
		{Term: word(ctx, "admin.field.kind"), Value: word(ctx, "org.kind."+string(a.Kind))},
		{Term: word(ctx, "admin.field.level"), Value: word(ctx, "org.level."+string(a.Level))},
	}
	add := func(key, value string) {
		if value != "" {
			terms = append(terms, ui.Term{Term: word(ctx, "admin.field."+key), Value: value})
		}
	}
	add("old_code", a.OldCode)
	add("unit_code", a.UnitCode)
	add("address", a.Address)
	add("phone", a.Phone)
	add("email", a.Email)
	counter := word(ctx, "admin.no")
	if a.ReceivesDossiers {
		counter = word(ctx, "admin.yes")
	}
	add("receives", counter)
	add("valid_from", screenDay(ctx, a.ValidFrom))
	add("valid_to", screenDay(ctx, a.ValidTo))
	return terms
}

func kinColumns(ctx context.Context) []ui.Column {
	return []ui.Column{{Text: word(ctx, "admin.kin.agency"), Grow: true}, {Text: word(ctx, "admin.kin.day")}, {Text: word(ctx, "admin.kin.basis")}, {Text: word(ctx, "admin.kin.share")}}
}

// shareWords says what a successor took.
func shareWords(ctx context.Context, heir bool) string {
	if heir {
		return word(ctx, "admin.kin.heir")
	}
	return word(ctx, "admin.kin.part")
}

func agencyActions(ctx context.Context, a org.Agency) []ui.LinkItem {
	links := []ui.LinkItem{{Text: word(ctx, "admin.edit-agency"), Href: agencyPath(a.ID) + "/sua"}}
	if a.ParentID != "" {
		links = append(links, ui.LinkItem{Text: word(ctx, "admin.move"), Href: agencyPath(a.ID) + "/chuyen"})
	}
	if a.ValidTo.IsZero() {
		links = append(links, ui.LinkItem{Text: word(ctx, "admin.close-agency"), Href: agencyPath(a.ID) + "/ket-thuc"})
	}
	return links
}

func agencyFormTitle(ctx context.Context, v agencyForm) string {
	if v.New {
		return word(ctx, "admin.add-agency-under", "name", v.Agency.ShortName)
	}
	return word(ctx, "admin.edit-agency-title", "name", v.Agency.ShortName)
}

func agencyFormAction(v agencyForm) string {
	if v.New {
		return agencyPath(v.Agency.ID) + "/them"
	}
	return agencyPath(v.Agency.ID) + "/sua"
}

func departmentPath(agencyID, departmentID string) string {
	return agencyPath(agencyID) + "/phong-ban/" + url.PathEscape(departmentID)
}

func departmentTitle(ctx context.Context, v departmentForm) string {
	if v.Department.ID == "" {
		return word(ctx, "admin.add-department")
	}
	return v.Department.Name
}

func departmentAction(v departmentForm) string {
	if v.Department.ID == "" {
		return agencyPath(v.Agency.ID) + "/phong-ban/them"
	}
	return departmentPath(v.Agency.ID, v.Department.ID)
}

func postPath(postID string) string { return "/quan-tri/vi-tri/" + url.PathEscape(postID) }

// postHref opens the post, for those who may change it.
func postHref(v postsView, postID string) string {
	if !v.May {
		return ""
	}
	return postPath(postID)
}

// postSaveTone: on the page of a post the next step is to put somebody on it.
func postSaveTone(v postForm) ui.Tone {
	if v.Post.ID != "" {
		return ui.Secondary
	}
	return ui.Primary
}

func holdingPath(postID, holdingID string) string {
	return postPath(postID) + "/nguoi-giu/" + url.PathEscape(holdingID)
}

func postAction(v postForm) string {
	if v.Post.ID == "" {
		return postsPath(v.Agency.ID) + "/them"
	}
	return postPath(v.Post.ID)
}

func untilText(ctx context.Context, d civil.Date) string {
	if d.IsZero() {
		return word(ctx, "admin.no-end")
	}
	return screenDay(ctx, d)
}

func accountCrumbs(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: word(ctx, "admin.nav.accounts"), Href: "/quan-tri/tai-khoan"}}
}

func loginShown(a identity.Account) string {
	if a.Kind == identity.KindCitizen {
		return ident.CitizenNumber(a.CitizenNo).Masked()
	}
	return a.Login
}

func citizenTerms(ctx context.Context, a identity.Account) []ui.Term {
	var terms []ui.Term
	add := func(key, value string) {
		if value != "" {
			terms = append(terms, ui.Term{Term: word(ctx, "admin.field."+key), Value: value})
		}
	}
	add("citizen_no", ident.CitizenNumber(a.CitizenNo).Masked())
	add("tax_code", a.TaxCode)
	add("birth", a.Birth.Screen(i18n.Lang(ctx)))
	add("phone", ident.Phone(a.Phone).Masked())
	add("email", ident.Email(a.Email).Masked())
	return terms
}

func valueOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
