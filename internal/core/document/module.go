package document

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"time"

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
func Line() sqldb.Line { return sqldb.Line{Name: "document", FS: sub("migrations")} }

// Module is what the room gives the app.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "document", Migrations: sub("migrations"), Locales: sub("locale"),
		Jobs: []job.Handler{{
			Kind: renderJob, Timeout: 30 * time.Second,
			Run: func(ctx context.Context, payload json.RawMessage) error {
				var p renderPayload
				if err := json.Unmarshal(payload, &p); err != nil {
					return job.Permanent(err)
				}
				return s.render(ctx, p.ID)
			},
		}},
	}
}
