package portal

import (
	"context"
	"embed"
	"io"
	"io/fs"

	"motcua/internal/core/document"
	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/module"
	"motcua/internal/platform/web"
)

//go:embed locale/*.json
var locales embed.FS

// Files is what the portal asks of the file store.
type Files interface {
	Save(ctx context.Context, name, owner string, r io.Reader) (blob.File, error)
	Get(ctx context.Context, id string) (blob.File, error)
	GetMany(ctx context.Context, ids []string) ([]blob.File, error)
	MaxFile() int64
}

// Deps is what the portal needs.
type Deps struct {
	Catalogue *procedure.Service
	Dossiers  *dossier.Service
	Documents *document.Service
	Registers *register.Service
	Agencies  *org.Service
	Files     Files
	PublicURL string // where citizens reach the site, "https://motcua.tinh.gov.vn": printed in QR codes
}

// Portal serves the pages of citizens.
type Portal struct {
	catalogue *procedure.Service
	dossiers  *dossier.Service
	documents *document.Service
	registers *register.Service
	agencies  *org.Service
	files     Files
	publicURL string
}

// New makes the module.
func New(d Deps) *Portal {
	return &Portal{
		catalogue: d.Catalogue, dossiers: d.Dossiers, documents: d.Documents, registers: d.Registers,
		agencies: d.Agencies, files: d.Files, publicURL: d.PublicURL,
	}
}

// uploadLimit bounds a page posted with files and no JavaScript.
const uploadLimit = 60 << 20

// Module is what the portal gives the house.
func (p *Portal) Module() module.Module {
	words, err := fs.Sub(locales, "locale")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return module.Module{Name: "portal", Locales: words, API: p.api, Routes: []web.Route{
		{Pattern: "GET /{$}", Access: identity.Anyone, Handle: p.home},
		{Pattern: "GET /thu-tuc", Access: identity.Anyone, Handle: p.search},
		{Pattern: "GET /thu-tuc/goi-y", Access: identity.Anyone, Handle: p.suggest},
		{Pattern: "GET /danh-muc/{by}", Access: identity.Anyone, Handle: p.browse},
		{Pattern: "GET /thu-tuc/{code}", Access: identity.Anyone, Handle: p.procedure},
		{Pattern: "GET /tra-cuu", Access: identity.Anyone, Handle: p.track},
		{Pattern: "GET /tra-cuu/{number}", Access: identity.Anyone, Handle: p.status},
		{Pattern: "GET /kiem-tra/{code}", Access: identity.Anyone, Handle: p.verify},
		{Pattern: "GET /so/{pack}/{register}", Access: identity.Anyone, Handle: p.book},

		{Pattern: "GET /thu-tuc/{code}/nop", Access: identity.Citizen, Handle: p.start},
		{Pattern: "POST /thu-tuc/{code}/nop", Access: identity.Citizen, Handle: p.begin},
		{Pattern: "GET /ho-so-nhap/{id}", Access: identity.Citizen, Handle: p.resume},
		{Pattern: "POST /ho-so-nhap/{id}/xoa", Access: identity.Citizen, Handle: p.discard},
		{Pattern: "POST /ho-so-nhap/{id}/nop", Access: identity.Citizen, Handle: p.submit},
		{Pattern: "GET /ho-so-nhap/{id}/{step}", Access: identity.Citizen, Handle: p.step},
		{Pattern: "POST /ho-so-nhap/{id}/{step}", Access: identity.Citizen, Handle: p.save, MaxBody: uploadLimit},
		{Pattern: "POST /ho-so-nhap/{id}/{step}/luu", Access: identity.Citizen, Handle: p.autosave},

		{Pattern: "GET /ho-so", Access: identity.Citizen, Handle: p.mine},
		{Pattern: "GET /ho-so/{number}", Access: identity.SignedIn, Handle: p.one},
		{Pattern: "GET /ho-so/{number}/giay-to/{document}", Access: identity.SignedIn, Handle: p.issued},
		{Pattern: "GET /ho-so/{number}/bo-sung", Access: identity.Citizen, Handle: p.supplement},
		{Pattern: "POST /ho-so/{number}/bo-sung", Access: identity.Citizen, Handle: p.sendSupplement, MaxBody: uploadLimit},
		{Pattern: "POST /ho-so/{number}/rut", Access: identity.Citizen, Handle: p.withdraw},
		{Pattern: "POST /ho-so/{number}/danh-gia", Access: identity.Citizen, Handle: p.rate},
	}}
}

// Nav are the entries of the navigation that lead here; staff have their own.
func Nav() []identity.NavRule {
	people := []identity.Kind{"", identity.KindCitizen, identity.KindOrganisation} // "" is a visitor
	return []identity.NavRule{
		{Access: identity.Anyone, Kinds: people, Item: web.NavItem{Key: "nav.procedures", Href: "/thu-tuc"}},
		{Access: identity.Anyone, Kinds: people, Item: web.NavItem{Key: "nav.track", Href: "/tra-cuu"}},
		{Access: identity.Citizen, Kinds: people, Item: web.NavItem{Key: "nav.mine", Href: "/ho-so"}},
	}
}
