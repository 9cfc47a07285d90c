package counter

import (
	"context"
	"embed"
	"io"
	"io/fs"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/module"
	"motcua/internal/platform/web"
)

//go:embed locale/*.json
var locales embed.FS

// Files is what the counter asks of the file store.
type Files interface {
	Save(ctx context.Context, name, owner string, r io.Reader) (blob.File, error)
	Get(ctx context.Context, id string) (blob.File, error)
	GetMany(ctx context.Context, ids []string) ([]blob.File, error)
	MaxFile() int64
}

// Deps is what the counter needs.
type Deps struct {
	Catalogue *procedure.Service
	Dossiers  *dossier.Service
	Files     Files
}

// Counter serves the pages of clerks.
type Counter struct {
	catalogue *procedure.Service
	dossiers  *dossier.Service
	files     Files
}

// New makes the module.
func New(d Deps) *Counter {
	return &Counter{catalogue: d.Catalogue, dossiers: d.Dossiers, files: d.Files}
}

// uploadLimit bounds a page posted with scans and no JavaScript.
const uploadLimit = 60 << 20

// Module is what the counter gives the house.
func (c *Counter) Module() module.Module {
	words, err := fs.Sub(locales, "locale")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	clerk := identity.Holding(identity.DossierReceive)
	return module.Module{Name: "counter", Locales: words, API: c.api, Routes: []web.Route{
		{Pattern: "GET /mot-cua", Access: clerk, Handle: c.home},
		{Pattern: "GET /mot-cua/{code}", Access: clerk, Handle: c.blank},
		{Pattern: "POST /mot-cua/{code}", Access: clerk, Handle: c.take, MaxBody: uploadLimit},
		{Pattern: "GET /mot-cua/xong/{number}", Access: clerk, Handle: c.done},
	}}
}

// Nav are the entries of the navigation that lead here.
func Nav() []identity.NavRule {
	return []identity.NavRule{{
		Access: identity.Holding(identity.DossierReceive), Kinds: []identity.Kind{identity.KindStaff},
		Item: web.NavItem{Key: "counter.title", Href: "/mot-cua", Group: "counter.nav", Icon: "scan", Hot: "g m"},
	}}
}
