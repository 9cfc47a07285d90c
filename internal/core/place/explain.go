package place

import (
	"context"

	"motcua/internal/platform/i18n"
)

// Explain says in a sentence what was found and what a person should do.
func (a Answer) Explain(ctx context.Context) string {
	written := a.Written.Text().In(ctx)
	switch {
	case a.Status == Resolved && a.Mended:
		return i18n.T(ctx, "place.resolved-mended", "unit", a.Now().Text().In(ctx))
	case a.Status == Resolved && a.Choices[0].Written.Key() != a.Choices[0].Now.Key():
		return i18n.T(ctx, "place.resolved-moved", "old", written, "unit", a.Now().Text().In(ctx))
	case a.Status == Resolved:
		return i18n.T(ctx, "place.resolved", "unit", a.Now().Text().In(ctx))
	case a.Reason == Split:
		return i18n.T(ctx, "place.split", "unit", written, "n", len(a.Choices))
	case a.Reason == SameName:
		return i18n.T(ctx, "place.same-name", "n", len(a.Choices))
	case a.Status == Ambiguous:
		return i18n.T(ctx, "place.which-commune", "unit", written)
	case a.Reason == NoCommune:
		return i18n.T(ctx, "place.no-commune", "unit", written)
	}
	return i18n.T(ctx, "place.not-found")
}
