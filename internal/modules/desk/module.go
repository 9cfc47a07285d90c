package desk

import (
	"embed"
	"io/fs"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/platform/module"
	"motcua/internal/platform/web"
)

//go:embed locale/*.json
var locales embed.FS

// Deps is what the desk needs.
type Deps struct {
	Dossiers *dossier.Service
	Now      func() time.Time
}

// Desk serves the pages of officers and leaders.
type Desk struct {
	dossiers *dossier.Service
	now      func() time.Time
}

// New makes the module.
func New(d Deps) *Desk {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Desk{dossiers: d.Dossiers, now: d.Now}
}

// Module is what the desk gives the house.
func (d *Desk) Module() module.Module {
	words, err := fs.Sub(locales, "locale")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return module.Module{Name: "desk", Locales: words, API: d.api, Routes: []web.Route{
		{Pattern: "GET /xu-ly", Access: identity.Staff, Handle: d.queue},
		{Pattern: "GET /xu-ly/{number}", Access: identity.SignedIn, Handle: d.one},
		{Pattern: "POST /xu-ly/{number}", Access: identity.Staff, Handle: d.act},
		{Pattern: "POST /xu-ly/{number}/theo-doi", Access: identity.Staff, Handle: d.follow},
		{Pattern: "GET /xu-ly/{number}/giay-to/{document}", Access: identity.Staff, Handle: d.issued},
		{Pattern: "GET /xu-ly/{number}/phieu-kiem-soat", Access: identity.Staff, Handle: d.sheet},
		{Pattern: "GET /thong-ke", Access: identity.Holding(identity.StatsRead), Handle: d.stats},
	}}
}

// Readers are the permissions that bring dossiers to a desk.
func Readers() []string {
	return []string{identity.DossierRead, identity.DossierReceive, identity.DossierProcess, identity.DossierApprove, identity.DossierReturn}
}

// Nav are the entries of the navigation that lead here.
func Nav() []identity.NavRule {
	staff := []identity.Kind{identity.KindStaff}
	return []identity.NavRule{
		{Access: identity.HoldingAny(Readers()...), Kinds: staff, Item: web.NavItem{Key: "dossier.queue.all", Href: "/xu-ly?hang=all", Group: "desk.nav", Icon: "folder"}},
		{Access: identity.Holding(identity.StatsRead), Kinds: staff, Item: web.NavItem{Key: "desk.stats", Href: "/thong-ke", Group: "desk.nav-lead", Icon: "chart"}},
	}
}
