package account

import (
	"context"
	"net/url"

	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/ui"
)

// field is a field whose words stand under account.field.<name>, with the help of
// account.help.<name> when there is one.
func field(ctx context.Context, errors ui.Errors, name string, required bool, width ui.Width) ui.FieldProps {
	p := ui.FieldProps{Name: name, Label: i18n.T(ctx, "account.field."+name), Error: errors.For(name), Required: required, Width: width}
	if b := i18n.From(ctx); b != nil && b.Has(i18n.VI, "account.help."+name) {
		p.Help = i18n.T(ctx, "account.help."+name)
	}
	return p
}

// labelled is what stands in the summary above a form: there a sentence needs to
// say which field it is about.
func labelled(ctx context.Context, errors ui.Errors) ui.Errors {
	b := i18n.From(ctx)
	out := make(ui.Errors, len(errors))
	for i, e := range errors {
		out[i] = e
		if key := "account.field." + e.Name; b != nil && b.Has(i18n.VI, key) {
			out[i].Text = i18n.T(ctx, key) + ": " + e.Text
		}
	}
	return out
}

func registerPath(kind identity.Kind) string {
	if kind == identity.KindOrganisation {
		return "/dang-ky/to-chuc"
	}
	return "/dang-ky"
}

func registerTabs(ctx context.Context, v registerView) []ui.Tab {
	var tabs []ui.Tab
	for _, k := range []identity.Kind{identity.KindCitizen, identity.KindOrganisation} {
		tabs = append(tabs, ui.Tab{Text: i18n.T(ctx, "identity.kind."+string(k)), Href: withNext(registerPath(k), v.Next), Current: k == v.Kind})
	}
	return tabs
}

func withNext(path, next string) string {
	if next == "" || next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

// facts are what stands about a person in their account and is not theirs to change here.
func facts(ctx context.Context, v profileView) []ui.Term {
	a := v.Account
	var terms []ui.Term
	add := func(key, value string) {
		if value != "" {
			terms = append(terms, ui.Term{Term: i18n.T(ctx, "account.field."+key), Value: value})
		}
	}
	switch a.Kind {
	case identity.KindStaff:
		add("login", a.Login)
		add("agency", v.Agency)
	case identity.KindOrganisation:
		add("tax_code", a.TaxCode)
	default:
		add("citizen_no", ident.CitizenNumber(a.CitizenNo).Masked())
		add("birth", a.Birth.Screen(i18n.Lang(ctx)))
		if a.Gender != "" {
			add("gender", i18n.T(ctx, "account."+a.Gender))
		}
	}
	if a.Kind != identity.KindStaff {
		add("assurance", i18n.T(ctx, "account.assurance."+string(a.Assurance)))
	}
	return terms
}

func postColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "account.col-post", "account.col-place", "account.col-until")
}

func sessionColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "account.col-device", "account.col-address", "account.col-since", "account.col-seen", "account.col-action")
	c[1].Quiet, c[4].NoText = true, true
	return c
}

func tokenColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "account.token-name", "account.col-key", "account.col-expires", "account.col-used", "account.col-action")
	c[4].NoText = true
	return c
}

func columns(ctx context.Context, keys ...string) []ui.Column {
	c := make([]ui.Column, len(keys))
	for i, k := range keys {
		c[i] = ui.Column{Text: i18n.T(ctx, k)}
	}
	return c
}

func until(ctx context.Context, d civil.Date) string {
	if d.IsZero() {
		return i18n.T(ctx, "account.no-end")
	}
	return d.Screen(i18n.Lang(ctx))
}

func agent(ctx context.Context, a string) string {
	if a == "" {
		return i18n.T(ctx, "account.unknown-device")
	}
	return a
}

func nonEmpty(list ...string) []string {
	var kept []string
	for _, s := range list {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// short cuts a long text for a glance, at a character and not inside one.
func short(s string) string {
	r := []rune(s)
	if len(r) <= 120 {
		return s
	}
	return string(r[:120]) + "…"
}
