package dossier_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"context"

	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/form"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

// h18n gives a context the words of the house.
func h18n(ctx context.Context, h *dossiertest.House) context.Context {
	return i18n.WithBundle(ctx, h.Words)
}

type formDef = form.Definition

// pdfText reads a PDF as people do, with poppler.
func pdfText(t testing.TB, pdf []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", path, "-").Output()
	if errors.Is(err, exec.ErrNotFound) {
		if os.Getenv("CI") == "true" {
			t.Fatal("pdftotext (poppler-utils) is missing")
		}
		t.Skip("pdftotext (poppler-utils) is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// closeDay announces a day off for the commune.
func closeDay(t testing.TB, h *dossiertest.House, day string) {
	t.Helper()
	if _, err := h.Org.SaveCalendarDay(identitytest.AsSystem(), h.Commune.ID, civil.MustDate(day), calendar.Day{Kind: calendar.Closed, Name: i18n.Text{VI: "Nghỉ bão", EN: "Storm"}}, "Công điện số 1"); err != nil {
		t.Fatal(err)
	}
}
