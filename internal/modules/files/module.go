package files

import (
	"context"
	"embed"
	"io"
	"io/fs"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/core/identity"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/job"
	"motcua/internal/platform/module"
	"motcua/internal/platform/web"
)

//go:embed locale/*.json
var locales embed.FS

// Authorizer says who may read a file that something holds.
type Authorizer interface {
	// MayRead returns nil when the actor of ctx may have the file, an errs.NotFound when
	// not: a file that is not yours does not exist. streams are what claims it
	// ("dossier:…", "document:…"), never empty; a read of personal data is
	// journaled here.
	MayRead(ctx context.Context, file blob.File, streams []string) error
}

// Deps are what the room needs.
type Deps struct {
	Files  *blob.Files
	Access Authorizer
	// MaxAtOnce is how many files one multipart form may bring; 0 means 20.
	MaxAtOnce int
}

// Service serves files.
type Service struct {
	files  *blob.Files
	access Authorizer
	most   int
}

// New makes the service.
func New(d Deps) *Service {
	if d.MaxAtOnce == 0 {
		d.MaxAtOnce = 20
	}
	return &Service{files: d.Files, access: d.Access, most: d.MaxAtOnce}
}

// Module is what this room gives the house: its doors, and the chores of the file
// store underneath.
func (s *Service) Module() module.Module {
	words, err := fs.Sub(locales, "locale")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	// Uploads and downloads over a slow line outlast any fixed time; each piece has
	// its own deadline instead.
	open := func(pattern string, h web.Handler) web.Route {
		return web.Route{Pattern: pattern, Access: identity.SignedIn, Handle: h, MaxBody: -1, Timeout: -1}
	}
	brief := func(pattern string, h web.Handler) web.Route {
		return web.Route{Pattern: pattern, Access: identity.SignedIn, Handle: h}
	}
	return module.Module{
		Name:    "files",
		Locales: words,
		Routes: []web.Route{
			open("POST /tep", s.create),
			brief("OPTIONS /tep", s.options),
			open("PATCH /tep/{id}", s.patch),
			brief("HEAD /tep/{id}", s.head),
			brief("DELETE /tep/{id}", s.abort),
			open("POST /tep/{id}/xong", s.finish),
			open("GET /tep/{id}/{name}", s.download),
		},
		API:       func(api huma.API) { s.api(api) },
		Schedules: chores(s.files),
		Checks: []module.Check{
			// None keeps requests out: a house whose file store is away can still be read.
			{Name: "blob.check.store", Run: s.files.Store().Check},
			{Name: "blob.check.content", Run: s.files.Healthy},
			{Name: "blob.check.scanner", Run: s.files.ScannerUp},
		},
	}
}

func chores(f *blob.Files) []job.Schedule {
	return []job.Schedule{
		{Name: "blob.rescan", Cron: "@every 5m", Timeout: 30 * time.Minute, Run: func(ctx context.Context) error {
			_, err := f.Rescan(ctx)
			return err
		}},
		{Name: "blob.sweep", Cron: "17 * * * *", Timeout: time.Hour, Run: func(ctx context.Context) error {
			_, err := f.Sweep(ctx)
			return err
		}},
		{Name: "blob.verify", Cron: "23 1 * * *", Timeout: 5 * time.Hour, Run: func(ctx context.Context) error {
			// What one night does not get through, the next one goes on with.
			ctx, cancel := context.WithTimeout(ctx, 4*time.Hour)
			defer cancel()
			_, err := f.Verify(ctx)
			return err
		}},
	}
}

// owner is in whose name the actor uploads.
func owner(ctx context.Context) string { return identity.From(ctx).AccountID }

// save stores one whole file.
func (s *Service) save(ctx context.Context, name, key string, r io.Reader) (blob.File, error) {
	return s.files.SaveOnce(ctx, name, owner(ctx), key, r)
}
