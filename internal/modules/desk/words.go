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
	if v.Typed.Action == c.ID {
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

func statColumns(ctx context.Context) []ui.Column {
	cols := []ui.Column{{Text: i18n.T(ctx, "desk.stats.name")}}
	for _, key := range []string{"carried", "received", "online", "done", "in-time", "late", "pending", "overdue", "on-time"} {
		cols = append(cols, ui.Column{Text: i18n.T(ctx, "desk.stats."+key), Numeric: true})
	}
	return cols
}

// onTime is a share, or a dash: nothing done is not everything in time.
func onTime(ctx context.Context, r dossier.StatRow) string {
	if r.OnTime == nil {
		return "–"
	}
	return i18n.Percent(ctx, *r.OnTime)
}
