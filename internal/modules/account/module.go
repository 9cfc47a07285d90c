package account

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/job"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locales embed.FS

// Line is the tables of this room, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "account", FS: sub(migrations, "migrations")} }

// Deps is what the module needs.
type Deps struct {
	DB       *sqldb.DB
	Identity *identity.Service
	Org      *org.Service
	HTTPS    bool                          // cookies are Secure
	Home     func(a identity.Actor) string // where somebody lands after signing in; nil is "/"
	Now      func() time.Time              // nil is time.Now
	Log      *slog.Logger                  // nil discards
}

// Service serves the pages of accounts.
type Service struct {
	db       *sqldb.DB
	identity *identity.Service
	org      *org.Service
	https    bool
	home     func(identity.Actor) string
	now      func() time.Time
	log      *slog.Logger
}

// New makes the module.
func New(d Deps) *Service {
	if d.Home == nil {
		d.Home = func(identity.Actor) string { return "/" }
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d.DB, identity: d.Identity, org: d.Org, https: d.HTTPS, home: d.Home, now: d.Now, log: d.Log}
}

const signInPath = "/dang-nhap"

// Module is what the room gives the house.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "account", Migrations: sub(migrations, "migrations"), Locales: sub(locales, "locale"),
		Routes: []web.Route{
			{Pattern: "GET /dang-nhap", Access: identity.Anyone, Handle: s.signInPage},
			{Pattern: "POST /dang-nhap", Access: identity.Anyone, Handle: s.signIn, Always: true, Heavy: true},
			{Pattern: "GET /dang-nhap/tiep-tuc", Access: identity.SignedIn, Handle: s.resumePage},
			{Pattern: "POST /dang-nhap/bo-qua", Access: identity.SignedIn, Handle: s.dropParked},
			{Pattern: "POST /dang-xuat", Access: identity.Anyone, Handle: s.signOut, Always: true},
			{Pattern: "GET /dang-ky", Access: identity.Anyone, Handle: s.registerPage(identity.KindCitizen)},
			{Pattern: "POST /dang-ky", Access: identity.Anyone, Handle: s.register(identity.KindCitizen), Heavy: true},
			{Pattern: "GET /dang-ky/to-chuc", Access: identity.Anyone, Handle: s.registerPage(identity.KindOrganisation)},
			{Pattern: "POST /dang-ky/to-chuc", Access: identity.Anyone, Handle: s.register(identity.KindOrganisation), Heavy: true},
			{Pattern: "GET /dat-mat-khau/{secret}", Access: identity.Anyone, Handle: s.linkPage},
			{Pattern: "POST /dat-mat-khau/{secret}", Access: identity.Anyone, Handle: s.useLink, Heavy: true},
			{Pattern: "GET /tai-khoan", Access: identity.SignedIn, Handle: s.profilePage},
			{Pattern: "POST /tai-khoan", Access: identity.SignedIn, Handle: s.saveProfile},
			{Pattern: "GET /tai-khoan/mat-khau", Access: identity.SignedIn, Handle: s.passwordPage},
			{Pattern: "POST /tai-khoan/mat-khau", Access: identity.SignedIn, Handle: s.changePassword, Heavy: true},
			{Pattern: "GET /tai-khoan/phien", Access: identity.SignedIn, Handle: s.sessionsPage},
			{Pattern: "POST /tai-khoan/phien/{id}/ket-thuc", Access: identity.SignedIn, Handle: s.endSession},
			{Pattern: "POST /tai-khoan/phien/noi-khac", Access: identity.SignedIn, Handle: s.endOthers},
			{Pattern: "GET /tai-khoan/ma-truy-cap", Access: identity.SignedIn, Handle: s.tokensPage},
			{Pattern: "POST /tai-khoan/ma-truy-cap", Access: identity.SignedIn, Handle: s.createToken},
			{Pattern: "POST /tai-khoan/ma-truy-cap/{id}/thu-hoi", Access: identity.SignedIn, Handle: s.revokeToken},
		},
		Schedules: []job.Schedule{{Name: "account.sweep", Cron: "17 * * * *", Run: s.sweep}},
	}
}

// Decorate adds the person's own page to the viewer.
func (s *Service) Decorate(_ context.Context, _ identity.Actor, v *web.Viewer) {
	v.Account = "/tai-khoan"
}

func sub(f fs.FS, dir string) fs.FS {
	inner, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return inner
}
