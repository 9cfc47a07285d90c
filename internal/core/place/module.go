package place

import (
	"embed"
	"io/fs"

	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locales embed.FS

// Line is the tables of this room, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "place", FS: sub(migrations, "migrations")} }

// Module is what this room gives the house.
func (s *Service) Module() module.Module {
	return module.Module{Name: "place", Migrations: sub(migrations, "migrations"), Locales: sub(locales, "locale"), Start: s.Start, API: s.api}
}

func sub(f fs.FS, dir string) fs.FS {
	inner, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return inner
}
