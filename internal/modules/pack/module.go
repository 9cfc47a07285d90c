package pack

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
func Line() sqldb.Line { return sqldb.Line{Name: "pack", FS: sub(migrations, "migrations")} }

// Module is what this room gives the house.
func (s *Service) Module() module.Module {
	return module.Module{Name: "pack", Migrations: sub(migrations, "migrations"), Locales: Locales()}
}

// Locales are the room's words.
func Locales() fs.FS { return sub(locales, "locale") }

func sub(f fs.FS, dir string) fs.FS {
	inner, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return inner
}
