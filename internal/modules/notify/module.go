package notify

import (
	"context"
	"embed"
	"io/fs"

	"motcua/internal/core/identity"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locales embed.FS

// Line is the tables of this room, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "notify", FS: sub(migrations, "migrations")} }

// Module is what this room gives the house.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "notify", Migrations: sub(migrations, "migrations"), Locales: sub(locales, "locale"),
		Routes: []web.Route{
			{Pattern: "GET /thong-bao", Access: identity.SignedIn, Handle: s.page},
			{Pattern: "POST /thong-bao/da-doc", Access: identity.SignedIn, Handle: s.readAll},
		},
		Jobs:        []job.Handler{{Kind: mailJob, Run: s.mail}},
		Schedules:   []job.Schedule{{Name: "notify.sweep", Cron: "20 3 * * *", Run: s.sweep}},
		Subscribers: []journal.Subscriber{{Name: "notify", Types: told(), Handle: s.follow}},
	}
}

// Decorate adds the unread notices to the viewer of a page.
func (s *Service) Decorate(ctx context.Context, a identity.Actor, v *web.Viewer) {
	v.Notices = "/thong-bao"
	if n, err := s.Unread(ctx, a.AccountID); err == nil {
		v.Unread = n
	}
}

func sub(f fs.FS, dir string) fs.FS {
	inner, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return inner
}
