package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"motcua/internal/core/document"
	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/place"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/modules/account"
	"motcua/internal/modules/admin"
	"motcua/internal/modules/catalogue"
	"motcua/internal/modules/counter"
	"motcua/internal/modules/desk"
	"motcua/internal/modules/explain"
	"motcua/internal/modules/files"
	"motcua/internal/modules/notify"
	"motcua/internal/modules/pack"
	"motcua/internal/modules/portal"
	"motcua/internal/modules/reform"
	"motcua/internal/modules/units"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

// house is what rooms are built from.
type house struct {
	cfg     *config.Config
	db      *sqldb.DB
	journal *journal.Journal
	jobs    *job.Queue
	files   *blob.Files
	secret  []byte
	log     *slog.Logger
	now     func() time.Time
	bundle  func() *i18n.Bundle
	cheap   bool         // fast password hashes, for tests
	system  admin.System // what the house knows about itself
}

// Rooms are the services behind the pages, for the commands and for tests.
type Rooms struct {
	DB         *sqldb.DB
	Journal    *journal.Journal
	Jobs       *job.Queue
	Files      *blob.Files
	Places     *place.Service
	Org        *org.Service
	Identity   *identity.Service
	Registers  *register.Service
	Procedures *procedure.Service
	Catalogue  *catalogue.Service
	Documents  *document.Service
	Dossiers   *dossier.Service
	Packs      *pack.Service
	Reforms    *reform.Service

	middleware []func(http.Handler) http.Handler
}

// build makes every room and says who needs whom. This is the map of the system:
// what stands here exists, what does not, does not.
func build(h house) (*Rooms, []module.Module, error) {
	r := &Rooms{}

	// The nouns of the law, each given those before it.
	r.Places = place.New(h.db, h.now)
	r.Org = org.New(org.Deps{DB: h.db, Journal: h.journal, Now: h.now, BeforeClose: func(ctx context.Context, tx *sqldb.Tx, a org.Agency) error {
		return nothingOpen(ctx, tx, r.Dossiers, a)
	}})
	var decorate []func(context.Context, identity.Actor, *web.Viewer)
	accounts, err := identity.New(identity.Deps{DB: h.db, Journal: h.journal, Org: r.Org, Options: identity.Options{
		Secret: h.secret, HTTPS: h.cfg.HTTPS(), Argon: h.argon(), Nav: navigation(), Now: h.now,
		Decorate: func(ctx context.Context, a identity.Actor, v *web.Viewer) {
			for _, d := range decorate {
				d(ctx, a, v)
			}
		},
	}})
	if err != nil {
		return nil, nil, err
	}
	r.Identity = accounts
	r.Registers = register.New(h.db, h.journal, h.now)
	r.Procedures = procedure.New(procedure.Deps{DB: h.db, Journal: h.journal, Agencies: r.Org, Places: r.Places, Now: h.now})
	r.Documents = document.New(h.db, h.files, h.jobs, h.journal, document.Options{Base: h.cfg.PublicURL, Now: h.now})
	r.Dossiers = dossier.New(dossier.Deps{
		DB: h.db, Journal: h.journal, Jobs: h.jobs, Procedures: r.Procedures, Agencies: r.Org, People: r.Identity,
		Registers: r.Registers, Documents: r.Documents, Files: h.files, Now: h.now,
	})
	r.Org.OnMove(r.Dossiers.OnMove)
	r.Org.OnMove(r.Registers.OnMove)

	// Capabilities over the nouns.
	accountRoom := account.New(account.Deps{DB: h.db, Identity: r.Identity, Org: r.Org, HTTPS: h.cfg.HTTPS(), Home: homeOf, Now: h.now, Log: h.log})
	portalRoom := portal.New(portal.Deps{
		Catalogue: r.Procedures, Dossiers: r.Dossiers, Documents: r.Documents, Registers: r.Registers, Agencies: r.Org, Files: h.files, PublicURL: h.cfg.PublicURL,
	})
	counterRoom := counter.New(counter.Deps{Catalogue: r.Procedures, Dossiers: r.Dossiers, Files: h.files})
	deskRoom := desk.New(desk.Deps{Dossiers: r.Dossiers, Now: h.now})
	r.Catalogue = catalogue.New(catalogue.Deps{DB: h.db, Journal: h.journal, Procedures: r.Procedures, Files: h.files, Jobs: h.jobs, Now: h.now})
	notifyRoom := notify.New(notify.Deps{
		DB: h.db, Jobs: h.jobs, Dossiers: subjects{r.Dossiers}, Accounts: r.Identity, Sender: h.mail(), Bundle: h.bundle, PublicURL: h.cfg.PublicURL, Now: h.now, Log: h.log,
	})
	fileRoom := files.New(files.Deps{Files: h.files, Access: papers{r.Dossiers, r.Documents}})
	r.Packs = pack.New(pack.Deps{DB: h.db, Journal: h.journal, Procedures: r.Procedures, Registers: r.Registers, Roles: r.Identity, Now: h.now})
	r.Reforms = reform.New(reform.Deps{
		DB: h.db, Journal: h.journal, Jobs: h.jobs, Org: r.Org, Identity: r.Identity, Dossiers: r.Dossiers, Registers: r.Registers, Procedures: r.Procedures,
		Places: r.Places, Now: h.now,
	})
	adminRoom, err := admin.New(admin.Deps{
		DB: h.db, Org: r.Org, Identity: r.Identity, Catalogue: r.Procedures, Packs: packDesk{r.Packs}, Jobs: h.jobs, Ledger: h.journal, System: h.system,
		PublicURL: h.cfg.PublicURL, Now: h.now, Log: h.log,
	})
	if err != nil {
		return nil, nil, err
	}
	decorate = append(decorate, accountRoom.Decorate, deskRoom.Decorate, notifyRoom.Decorate)
	r.middleware = []func(http.Handler) http.Handler{r.Identity.Middleware, accountRoom.Park}

	return r, []module.Module{
		r.Places.Module(),
		r.Org.Module(),
		r.Identity.Module(),
		r.Registers.Module(),
		r.Procedures.Module(),
		r.Documents.Module(),
		r.Dossiers.Module(),

		accountRoom.Module(),
		portalRoom.Module(),
		units.New(r.Places).Module(),
		counterRoom.Module(),
		r.Catalogue.Module(),
		deskRoom.Module(),
		fileRoom.Module(),
		notifyRoom.Module(),
		r.Packs.Module(),
		r.Reforms.Module(),
		adminRoom.Module(),
		explain.New(explain.Deps{Names: publicNames{r.Procedures, r.Org}, Now: h.now}).Module(),
		// `make new-module` adds above this line.
	}, nil
}

// navigation is every entry of the navigation with the rule that shows it.
func navigation() []identity.NavRule {
	var all []identity.NavRule
	all = append(all, portal.Nav()...)
	all = append(all, counter.Nav()...)
	all = append(all, desk.Nav()...)
	all = append(all, admin.Nav()...)
	all = append(all, catalogue.Nav()...)
	all = append(all, reform.Nav()...)
	all = append(all, units.Nav()...)
	return all
}
