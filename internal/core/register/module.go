package register

import (
	"embed"
	"io/fs"

	"motcua/internal/platform/job"
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
func Line() sqldb.Line { return sqldb.Line{Name: "register", FS: sub("migrations")} }

// Module is what the room gives the app.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "register", Migrations: sub("migrations"), Locales: sub("locale"),
		Schedules: []job.Schedule{{Name: "register.expire", Cron: "10 0 * * *", Run: s.Expire}},
	}
}
