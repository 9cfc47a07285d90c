package demo_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/document"
	"motcua/internal/core/dossier"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/modules/demo"
	"motcua/internal/modules/pack"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/money"
	"motcua/internal/platform/sqldb"
)

func lines() []sqldb.Line {
	return []sqldb.Line{
		journal.Line(), job.Line(), blob.Line(), org.Line(), identity.Line(), register.Line(), procedure.Line(), document.Line(), dossier.Line(), pack.Line(),
	}
}

// house is everything below the demo, on one movable clock.
type house struct {
	demo.Deps
	packs *pack.Service
}

// LoadPacks loads the shipped packs.
func (h *house) LoadPacks(ctx context.Context) error {
	out, err := h.packs.LoadEmbedded(ctx)
	if err == nil && !out.Report.OK() {
		h.Log.ErrorContext(ctx, "packs", "summary", out.Summary())
	}
	return err
}

// build makes a house whose real time stands still at a moment.
func build(t testing.TB, db *sqldb.DB, now time.Time) *house {
	t.Helper()
	h := &house{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	h.Log, h.DB, h.Dir = log, db, t.TempDir()
	h.Clock = &demo.Clock{Real: func() time.Time { return now }}
	tick := h.Clock.Now
	var err error
	h.Journal, err = journal.New(db, journal.Options{Now: tick, Log: log})
	must(err)
	h.Jobs = job.New(db, job.Options{Now: tick, Log: log})
	store, err := blob.NewDir(t.TempDir())
	must(err)
	h.Files = blob.NewFiles(db, store, blob.Options{Now: tick, Log: log})
	h.Org = org.New(org.Deps{DB: db, Journal: h.Journal, Now: tick})
	h.Identity, err = identity.New(identity.Deps{DB: db, Journal: h.Journal, Org: h.Org, Options: identity.Options{Now: tick, Argon: identity.Argon{MemoryKiB: 8, Passes: 1, Threads: 1}}})
	must(err)
	registers := register.New(db, h.Journal, tick)
	h.Procedures = procedure.New(procedure.Deps{DB: db, Journal: h.Journal, Agencies: h.Org, Now: tick})
	papers := document.New(db, h.Files, h.Jobs, h.Journal, document.Options{Now: tick})
	h.Dossiers = dossier.New(dossier.Deps{
		DB: db, Journal: h.Journal, Jobs: h.Jobs, Procedures: h.Procedures, Agencies: h.Org, People: h.Identity, Registers: registers, Documents: papers, Files: h.Files, Now: tick,
	})
	h.packs = pack.New(pack.Deps{DB: db, Journal: h.Journal, Procedures: h.Procedures, Registers: registers, Roles: h.Identity, Now: tick})
	h.Packs = h
	h.Bundle, err = i18n.New(form.Locales(), clock.Locales(), flow.Locales(), civil.Locales(), calendar.Locales(), ident.Locales(), money.Locales(),
		h.Org.Module().Locales, h.Identity.Module().Locales, registers.Module().Locales, h.Procedures.Module().Locales, papers.Module().Locales, h.Dossiers.Module().Locales)
	must(err)
	must(h.Org.Start(t.Context()))
	must(h.Identity.Start(t.Context()))
	return h
}

func (h *house) load(t testing.TB, o demo.Options) demo.Report {
	t.Helper()
	report, err := demo.New(h.Deps).Load(t.Context(), o)
	for _, s := range report.Troubles {
		t.Log("trouble: ", s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return report
}
