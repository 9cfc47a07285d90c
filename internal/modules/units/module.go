package units

import (
	"context"
	"embed"
	"io/fs"

	"motcua/internal/core/identity"
	"motcua/internal/core/place"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/module"
	"motcua/internal/platform/web"
)

//go:embed locale/*.json
var locales embed.FS

// Places is what the pages ask of package place.
type Places interface {
	Index(ctx context.Context) (*place.Index, error)
	Today() civil.Date
}

// Units serves the pages.
type Units struct{ places Places }

// New makes the module.
func New(p Places) *Units { return &Units{p} }

// Module is what this room gives the house.
func (u *Units) Module() module.Module {
	words, err := fs.Sub(locales, "locale")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return module.Module{Name: "units", Locales: words, Routes: []web.Route{
		{Pattern: "GET /dia-ban", Access: identity.Anyone, Handle: u.lookUp},
		{Pattern: "GET /dia-ban/{code}", Access: identity.Anyone, Handle: u.unit},
		{Pattern: "GET /quan-tri/dia-ban", Access: identity.Holding(identity.AdminOrg), Handle: u.list},
	}}
}

// Nav are the entries of this room in the navigation.
func Nav() []identity.NavRule {
	return []identity.NavRule{{
		Access: identity.Holding(identity.AdminOrg), Kinds: []identity.Kind{identity.KindStaff},
		Item: web.NavItem{Key: "units.nav", Href: "/quan-tri/dia-ban", Icon: "map-pin", Group: "admin.nav.group"},
	}}
}
