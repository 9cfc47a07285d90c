package catalogue

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locales embed.FS

// Line is the tables of this room, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "catalogue", FS: sub(migrations, "migrations")} }

// Module is what the room gives the house.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "catalogue", Migrations: sub(migrations, "migrations"), Locales: sub(locales, "locale"), Routes: s.routes(), API: s.api,
		Jobs: []job.Handler{
			// A whole catalogue takes minutes; a killed one goes on from its cursor.
			{Kind: importKind, Timeout: 6 * time.Hour, MaxAttempts: 5, Run: s.runImport},
			{Kind: acceptKind, Timeout: 6 * time.Hour, MaxAttempts: 5, Run: s.runAccept},
		},
		Schedules:   []job.Schedule{{Name: "catalogue.sweep", Cron: "17 3 * * *", Run: s.sweep}},
		Subscribers: []journal.Subscriber{s.followPacks()},
		Start:       s.takeUp,
	}
}

func (s *Service) runImport(ctx context.Context, payload json.RawMessage) error {
	var p importJob
	if err := json.Unmarshal(payload, &p); err != nil {
		return job.Permanent(fmt.Errorf("import: %w", err))
	}
	run, err := runByID(ctx, s.deps.DB, p.Run)
	if err != nil {
		return job.Permanent(err)
	}
	// It works in the name of whoever started it; they may have left since.
	by := identity.System
	by.AccountID = run.StartedBy
	err = s.Process(identity.With(ctx, by), p.Run)
	if err != nil && ctx.Err() == nil {
		return job.Permanent(err) // the run says so; a person lets it go on
	}
	return err
}

func (s *Service) runAccept(ctx context.Context, payload json.RawMessage) error {
	var p acceptJob
	if err := json.Unmarshal(payload, &p); err != nil {
		return job.Permanent(fmt.Errorf("accept: %w", err))
	}
	by := identity.System
	by.AccountID, by.Name = p.By, p.As
	return s.ProcessAccept(identity.With(ctx, by), p.Run)
}

// lineLife is how long the lines of a run are kept.
const lineLife = 365 * 24 * time.Hour

func (s *Service) sweep(ctx context.Context) error {
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM catalogue_line WHERE run_id IN (SELECT id FROM catalogue_run WHERE created_at < $1)`, sqldb.Millis(s.deps.Now().Add(-lineLife)))
		return err
	})
}

func sub(f fs.FS, dir string) fs.FS {
	inner, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return inner
}
