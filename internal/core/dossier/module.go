package dossier

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"time"

	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
)

//go:embed migrations/*.sql locale/*.json
var embedded embed.FS

func sub(dir string) fs.FS {
	f, err := fs.Sub(embedded, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return f
}

// Line is the room's tables, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "dossier", FS: sub("migrations")} }

// Locales are the room's words.
func Locales() fs.FS { return sub("locale") }

// Module is what the room gives the app. Register OnMove with org.Service.OnMove too.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "dossier", Migrations: sub("migrations"), Locales: sub("locale"),
		Jobs:      s.handlers(),
		Schedules: []job.Schedule{{Name: "dossier.sweep", Cron: "40 1 * * *", Run: s.SweepDrafts}},
		Subscribers: []journal.Subscriber{
			{Name: "dossier.stats", Types: []string{"dossier."}, Handle: s.count},
			{Name: "dossier.calendar", Types: []string{"org.calendar-changed"}, Handle: s.calendarChanged},
		},
	}
}

// handlers are the kinds of work the room does outside requests.
func (s *Service) handlers() []job.Handler {
	return []job.Handler{
		handler(jobTimer, time.Minute, s.fireTimer),
		handler(jobRemind, time.Minute, func(ctx context.Context, p dossierPayload) error { return s.remind(ctx, p.Dossier) }),
		handler(jobNudge, time.Minute, s.nudge),
		handler(jobChild, time.Minute, s.openChild),
		handler(jobParent, time.Minute, func(ctx context.Context, p dossierPayload) error { return s.childEnded(ctx, p.Dossier) }),
		handler(jobDue, 2*time.Hour, func(ctx context.Context, p duePayload) error { return s.recompute(ctx, p.Path) }),
	}
}

func handler[P any](kind string, timeout time.Duration, run func(context.Context, P) error) job.Handler {
	return job.Handler{Kind: kind, Timeout: timeout, Run: func(ctx context.Context, payload json.RawMessage) error {
		var p P
		if err := json.Unmarshal(payload, &p); err != nil {
			return job.Permanent(err)
		}
		return run(ctx, p)
	}}
}
