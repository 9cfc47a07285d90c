package admin

import (
	"context"
	"net/url"
	"strconv"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/ui"
)

func procedureColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "procedure", "code", "field", "level", "online")
	c[1].Narrow, c[3].Narrow, c[4].Narrow = true, true, true
	return c
}

func caseColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "case", "papers", "steps", "register")
	c[1].Numeric, c[2].Numeric = true, true
	return c
}

func historyColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "version", "valid-from", "valid-to", "published", "state")
	c[0].Narrow, c[4].Narrow = true, true
	return c
}

func packColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "pack", "version", "procedures", "when", "who")
	c[2].Numeric = true
	return c
}

func changeColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "part", "part-kind", "change", "what")
}

func loadColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "load", "version", "when", "who", "state")
}

func fieldOptions(ctx context.Context, fields []procedure.FieldCount) []ui.Option {
	options := make([]ui.Option, len(fields))
	for i, f := range fields {
		options[i] = ui.Option{Value: f.Field.Code, Text: f.Field.Name().In(ctx) + " (" + strconv.Itoa(f.Count) + ")"}
	}
	return options
}

func onlineTone(o procedure.OnlineLevel) ui.Tone {
	switch o {
	case procedure.Full:
		return ui.OK
	case procedure.Partial:
		return ui.Info
	default:
		return ui.Neutral
	}
}

func procedureTerms(ctx context.Context, v procedureView) []ui.Term {
	d := v.Newest.Def
	terms := []ui.Term{
		{Term: word(ctx, "admin.col.code"), Value: v.Newest.Code},
		{Term: word(ctx, "admin.col.field"), Value: d.Field.Name().In(ctx)},
		{Term: word(ctx, "admin.col.level"), Value: word(ctx, "procedure.level."+string(d.Level))},
		{Term: word(ctx, "admin.col.online"), Body: onlineTag(d.Offers.Online)},
		{Term: word(ctx, "admin.announced"), Value: announced(d.AnnouncedBy)},
		{Term: word(ctx, "admin.col.valid-from"), Value: isoDay(ctx, v.Newest.ValidFrom)},
		{Term: word(ctx, "admin.offers"), Value: word(ctx, "admin.offers-count", "n", v.Offers, "online", v.Online)},
		{Term: word(ctx, "admin.bases"), Value: strconv.Itoa(len(d.LegalBases))},
	}
	return terms
}

// announced names a decision and who made it.
func announced(a procedure.Announcement) string {
	if a.Agency == "" || a.Decision == "" {
		return a.Decision
	}
	return a.Decision + " (" + a.Agency + ")"
}

// isoDay puts a stored day into words; none is an open end.
func isoDay(ctx context.Context, iso string) string {
	d, err := civil.Parse(iso)
	if err != nil {
		return word(ctx, "admin.no-end")
	}
	return screenDay(ctx, d)
}

func packPath(code string) string { return "/quan-tri/goi/" + url.PathEscape(code) }

func packCrumbs(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: word(ctx, "admin.nav.packs"), Href: "/quan-tri/goi"}}
}

func changeTone(kind string) ui.Tone {
	switch kind {
	case "added":
		return ui.OK
	case "removed":
		return ui.Danger
	default:
		return ui.Info
	}
}

func loadTone(state string) ui.Tone {
	if state == "current" {
		return ui.OK
	}
	return ui.Neutral
}
