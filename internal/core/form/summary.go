package form

import (
	"context"

	"motcua/internal/platform/ui"
)

// summaryTerms turns a section into facts.
func summaryTerms(ctx context.Context, s Section, o SummaryOptions) []ui.Term {
	return terms(ctx, s.Items, o)
}

func terms(_ context.Context, items []Item, o SummaryOptions) []ui.Term {
	out := make([]ui.Term, 0, len(items))
	for _, item := range items {
		t := ui.Term{Term: item.Label, Value: item.Value}
		switch {
		case len(item.Rows) > 0:
			t.Body = summaryRows(item, o)
		case len(item.Files) > 0:
			t.Body = summaryFiles(item.Files, o)
		case item.Value == "" && item.Kind == Computed:
			t.Value = "–" // cannot be computed yet; nobody was asked
		case item.Value == "":
			t.Body = notGiven()
		}
		out = append(out, t)
	}
	return out
}
