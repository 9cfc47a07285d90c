package dossier_test

import (
	"context"

	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/platform/i18n"
)

// h18n gives a context the words of the house.
func h18n(h *dossiertest.House, ctx context.Context) context.Context {
	return i18n.WithBundle(ctx, h.Words)
}
