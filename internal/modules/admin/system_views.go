package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/ui"
)

func eventColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "when", "event", "who", "details")
}

func jobColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "job", "tries", "since", "error", "actions")
	c[1].Numeric = true
	return c
}

func parkedEventColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "event", "subscriber", "since", "error", "actions")
}

func checkColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "check", "state", "took")
	c[2].Numeric = true
	return c
}

// groupOptions offers the beginnings of event types, and the exact one that a link brought.
func groupOptions(ctx context.Context, chosen string) []ui.Option {
	var options []ui.Option
	for _, g := range eventGroups() {
		options = append(options, ui.Option{Value: g, Text: word(ctx, "admin.events."+strings.TrimSuffix(g, "."))})
	}
	if chosen != "" && !slices.Contains(eventGroups(), chosen) {
		options = append(options, ui.Option{Value: chosen, Text: eventName(ctx, chosen)})
	}
	return options
}

// eventName says what happened. Rooms bring the words as event.<type>; a type that
// nobody has words for shows itself, which an auditor can still look up.
func eventName(ctx context.Context, typ string) string {
	return known(ctx, "event."+typ, known(ctx, "admin.event."+typ, typ))
}

func eventActor(ctx context.Context, v journalView, e journal.Event) string {
	switch {
	case e.Actor == "" || e.Actor == identity.System.AccountID:
		return word(ctx, "identity.kind.system")
	case v.Names[e.Actor] != "":
		return v.Names[e.Actor]
	default:
		return valueOr(e.ActorName, e.Actor)
	}
}

func eventTerms(ctx context.Context, e journal.Event) []ui.Term {
	terms := []ui.Term{{Term: word(ctx, "admin.event-stream"), Value: e.Stream}}
	if e.Position != journal.Unsealed {
		terms = append(terms, ui.Term{Term: word(ctx, "admin.event-position"), Value: i18n.Number(ctx, e.Position)})
	}
	if e.Purpose != "" {
		terms = append(terms, ui.Term{Term: word(ctx, "admin.purpose"), Value: e.Purpose})
	}
	if e.OnBehalf != "" {
		terms = append(terms, ui.Term{Term: word(ctx, "admin.event-on-behalf"), Value: e.OnBehalf})
	}
	for _, f := range eventFacts(e) {
		terms = append(terms, ui.Term{Term: known(ctx, "admin.fact."+f[0], f[0]), Value: f[1]})
	}
	return terms
}

func oldest(ctx context.Context, v parkedView) string {
	if v.Waiting == 0 {
		return ""
	}
	return word(ctx, "admin.oldest", "span", span(ctx, v.Oldest))
}

func parkedTone(n int) ui.Tone {
	if n > 0 {
		return ui.Warn
	}
	return ""
}

// span puts a duration into words, to the coarsest unit that says enough.
func span(ctx context.Context, d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return word(ctx, "admin.span-days", "n", int(d/(24*time.Hour)))
	case d >= 2*time.Hour:
		return word(ctx, "admin.span-hours", "n", int(d/time.Hour))
	case d >= time.Minute:
		return word(ctx, "admin.span-minutes", "n", int(d/time.Minute))
	default:
		return word(ctx, "admin.span-seconds", "n", int(max(0, d)/time.Second))
	}
}

func millis(ctx context.Context, d time.Duration) string {
	return i18n.Number(ctx, d.Milliseconds()) + " ms"
}
