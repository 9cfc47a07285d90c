package desk

import (
	"context"
	"strconv"

	"motcua/internal/core/dossier"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
)

func tone(t string) ui.Tone {
	switch t {
	case "primary":
		return ui.Primary
	case "danger":
		return ui.Danger
	default:
		return ui.Secondary
	}
}

func statusTone(s dossier.Status) ui.Tone {
	switch s {
	case dossier.StatusNew:
		return ui.Neutral
	case dossier.StatusDone, dossier.StatusReturned:
		return ui.OK
	case dossier.StatusSupplement, dossier.StatusPayment:
		return ui.Warn
	case dossier.StatusRefused, dossier.StatusStopped, dossier.StatusWithdrawn:
		return ui.Danger
	default:
		return ui.Info
	}
}

// field names a control of one action. Several actions stand on the page, so the
// error is shown only at the one that was pressed.
func field(v oneView, c choice, name, label string, required bool) ui.FieldProps {
	p := ui.FieldProps{Name: name, Label: label, Required: required}
	if v.Typed.is(c.Action) {
		p.Error = v.Errors.For(name)
	}
	return p
}

func amount(v oneView) string {
	if v.Typed.Amount != "" {
		return v.Typed.Amount
	}
	return strconv.FormatInt(v.D.FeeDue, 10)
}

func sheetColumns(ctx context.Context) []ui.Column {
	var cols []ui.Column
	for _, key := range []string{"agency", "from", "to", "at", "due", "closed", "result"} {
		cols = append(cols, ui.Column{Text: i18n.T(ctx, "desk.sheet."+key)})
	}
	return cols
}

func sheetResult(ctx context.Context, h dossier.HandOver) string {
	if h.Result == "" {
		return ""
	}
	return i18n.T(ctx, "desk.sheet.result-"+h.Result)
}

func statColumns(ctx context.Context, v statsView) []ui.Column {
	cols := []ui.Column{{Text: i18n.T(ctx, "desk.stats.by-"+v.Query.By), Grow: true}}
	for _, f := range v.figures(dossier.StatRow{}) {
		cols = append(cols, ui.Column{Text: i18n.T(ctx, figureKey(f.kind)), Numeric: true})
	}
	return append(cols, ui.Column{Text: i18n.T(ctx, "desk.stats.on-time"), Numeric: true})
}

// onTime is a share, or a dash: nothing done is not everything in time.
func onTime(ctx context.Context, r dossier.StatRow) string {
	if r.OnTime == nil {
		return "–"
	}
	return i18n.Percent(ctx, *r.OnTime)
}
