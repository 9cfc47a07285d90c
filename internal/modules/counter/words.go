package counter

import (
	"context"
	"strconv"

	"motcua/internal/core/dossier"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
)

func hitLinks(ctx context.Context, hits []procedure.Hit) []ui.LinkItem {
	items := make([]ui.LinkItem, len(hits))
	for i, h := range hits {
		items[i] = ui.LinkItem{Text: h.Name.In(ctx), Href: "/mot-cua/" + h.Code, Note: h.Field.Name().In(ctx)}
	}
	return items
}

func caseTabs(ctx context.Context, v intakeView) []ui.Tab {
	tabs := make([]ui.Tab, len(v.Version.Def.Cases))
	for i, c := range v.Version.Def.Cases {
		tabs[i] = ui.Tab{Text: c.Name.In(ctx), Href: "/mot-cua/" + v.Version.Code + "?truong-hop=" + c.ID, Current: c.ID == v.Case.ID}
	}
	return tabs
}

func proxies(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for _, kind := range []string{dossier.Authorised, dossier.Guardian, dossier.Relative, dossier.Employee, dossier.CounterIntake} {
		opts = append(opts, ui.Option{Value: kind, Text: i18n.T(ctx, "dossier.proxy."+kind)})
	}
	return opts
}

func deliveries(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for _, by := range []string{"counter", "post", "online"} {
		opts = append(opts, ui.Option{Value: by, Text: i18n.T(ctx, "counter.delivery."+by)})
	}
	return opts
}

func kinds(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for _, k := range []string{"original", "copy", "certified", "electronic"} {
		opts = append(opts, ui.Option{Value: k, Text: i18n.T(ctx, "counter.kind."+k)})
	}
	return opts
}

// given is the label of a checklist box; it says whether the paper must be there.
func given(ctx context.Context, c dossier.Component) string {
	switch {
	case c.PresentOnly:
		return i18n.T(ctx, "counter.shown")
	case c.Required:
		return i18n.T(ctx, "counter.given-required")
	default:
		return i18n.T(ctx, "counter.given")
	}
}

// count proposes what the law asks for until the clerk says otherwise.
func count(typed string, law int) string {
	if typed != "" {
		return typed
	}
	return strconv.Itoa(law)
}

func doneTerms(ctx context.Context, d dossier.Detail) []ui.Term {
	terms := []ui.Term{
		{Term: i18n.T(ctx, "counter.owner"), Value: d.Owner.Name},
		{Term: i18n.T(ctx, "counter.title-of"), Value: d.Title},
		{Term: i18n.T(ctx, "counter.received-at"), Value: i18n.DateTime(ctx, d.ReceivedAt)},
	}
	if !d.DueAt.IsZero() {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "counter.due-at"), Value: i18n.DateTime(ctx, d.DueAt)})
	}
	return terms
}
