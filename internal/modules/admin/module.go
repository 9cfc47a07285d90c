package admin

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locales embed.FS

// Line is the tables of this room, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "admin", FS: sub(migrations, "migrations")} }

// Catalogue is what administration asks of package procedure.
type Catalogue interface {
	Search(ctx context.Context, q procedure.Query) (procedure.Page, error)
	History(ctx context.Context, code string) ([]*procedure.Version, error)
	Offers(ctx context.Context, code string) ([]procedure.Offer, error)
}

// Jobs is what administration asks of the job queue.
type Jobs interface {
	Parked(ctx context.Context, r sqldb.Reader, limit int) ([]job.Task, error)
	Waiting(ctx context.Context, r sqldb.Reader) (n int64, oldest time.Duration, err error)
	Retry(ctx context.Context, tx *sqldb.Tx, taskID string) error
	Discard(ctx context.Context, tx *sqldb.Tx, taskID string) error
}

// Ledger is what administration asks of the journal.
type Ledger interface {
	Append(ctx context.Context, tx *sqldb.Tx, e journal.Event) (journal.Event, error)
	Browse(ctx context.Context, r sqldb.Reader, f journal.BrowseFilter) ([]journal.Event, error)
	Parked(ctx context.Context, r sqldb.Reader, limit int) ([]journal.Parked, error)
}

// System is what the app tells about itself.
type System struct {
	Version string
	Started time.Time
	// Checks are the questions of readiness and doctor, of all rooms.
	Checks func() []module.Check
	// Verify reads the whole journal and says what is wrong with it.
	Verify func(ctx context.Context) (journal.Report, error)
	// RetryEvent gives a parked event to its subscriber once more.
	RetryEvent func(ctx context.Context, subscriber string, position int64) error
}

// Deps is what the module needs. Packs and Catalogue may be nil; their pages are then absent.
type Deps struct {
	DB        *sqldb.DB
	Org       *org.Service
	Identity  *identity.Service
	Catalogue Catalogue
	Packs     Packs
	Jobs      Jobs
	Ledger    Ledger
	System    System
	PublicURL string           // of the site, for links that are handed over: "https://motcua.tinh.gov.vn"
	Now       func() time.Time // nil is time.Now
	Log       *slog.Logger     // nil discards
}

// Service serves the pages of administration.
type Service struct {
	db        *sqldb.DB
	org       *org.Service
	identity  *identity.Service
	catalogue Catalogue
	packs     Packs
	jobs      Jobs
	ledger    Ledger
	system    System
	publicURL string
	now       func() time.Time
	log       *slog.Logger
	verifier  verifier
}

// New makes the module.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Org == nil || d.Identity == nil || d.Jobs == nil || d.Ledger == nil || d.System.Verify == nil || d.System.Checks == nil || d.System.RetryEvent == nil {
		return nil, errors.New("admin: a dependency is missing")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		db: d.DB, org: d.Org, identity: d.Identity, catalogue: d.Catalogue, packs: d.Packs, jobs: d.Jobs, ledger: d.Ledger,
		system: d.System, publicURL: d.PublicURL, now: d.Now, log: d.Log,
	}, nil
}

func (s *Service) today() civil.Date { return civil.DateOf(s.now()) }

// AtRoot asks for a permission held at a root agency: what it opens concerns the
// whole system and not one subtree.
func AtRoot(perm string) web.Access {
	held := identity.Holding(perm)
	return web.Access{Name: perm + " at a root", Check: func(ctx context.Context) error {
		if err := held.Check(ctx); err != nil {
			return err
		}
		if !wholeSystem(identity.From(ctx), perm) {
			return errs.NewNotFound("web.not-found")
		}
		return nil
	}}
}

// wholeSystem reports whether the permission is held at a root agency.
func wholeSystem(a identity.Actor, perm string) bool {
	for _, p := range a.Scope(perm) {
		if len(org.PathIDs(p)) <= 1 {
			return true
		}
	}
	return false
}

// uploadLimit is the largest packed pack, in bytes.
const uploadLimit = 2_000_000

// Module is what the room gives the house.
func (s *Service) Module() module.Module {
	orgs, accounts, calendars := identity.Holding(identity.AdminOrg), identity.Holding(identity.AdminAccounts), identity.Holding(identity.AdminCalendar)
	// An administrator of anything sees agencies: they are the frame of everything else.
	see := identity.HoldingAny(identity.AdminOrg, identity.AdminAccounts, identity.AdminCalendar)
	audit, system := identity.Holding(identity.AuditRead), AtRoot(identity.AdminPacks)
	routes := []web.Route{
		{Pattern: "GET /quan-tri", Access: anyAdmin(), Handle: s.overview},

		{Pattern: "GET /quan-tri/co-quan", Access: see, Handle: s.agencies},
		{Pattern: "GET /quan-tri/co-quan/{id}", Access: see, Handle: s.agency},
		{Pattern: "GET /quan-tri/co-quan/{id}/them", Access: orgs, Handle: s.newAgencyPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/them", Access: orgs, Handle: s.createAgency},
		{Pattern: "GET /quan-tri/co-quan/{id}/sua", Access: orgs, Handle: s.editAgencyPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/sua", Access: orgs, Handle: s.saveAgency},
		{Pattern: "GET /quan-tri/co-quan/{id}/chuyen", Access: orgs, Handle: s.moveAgencyPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/chuyen", Access: orgs, Handle: s.moveAgency},
		{Pattern: "GET /quan-tri/co-quan/{id}/ket-thuc", Access: orgs, Handle: s.closeAgencyPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/ket-thuc", Access: orgs, Handle: s.closeAgency},

		{Pattern: "GET /quan-tri/co-quan/{id}/vi-tri", Access: see, Handle: s.posts},
		{Pattern: "GET /quan-tri/co-quan/{id}/vi-tri/them", Access: orgs, Handle: s.newPostPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/vi-tri/them", Access: orgs, Handle: s.createPost},
		{Pattern: "GET /quan-tri/co-quan/{id}/phong-ban/them", Access: orgs, Handle: s.newDepartmentPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/phong-ban/them", Access: orgs, Handle: s.createDepartment},
		{Pattern: "GET /quan-tri/co-quan/{id}/phong-ban/{department}", Access: orgs, Handle: s.departmentPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/phong-ban/{department}", Access: orgs, Handle: s.saveDepartment},
		{Pattern: "POST /quan-tri/co-quan/{id}/phong-ban/{department}/dong", Access: orgs, Handle: s.closeDepartment},
		{Pattern: "GET /quan-tri/vi-tri/{post}", Access: orgs, Handle: s.postPage},
		{Pattern: "POST /quan-tri/vi-tri/{post}", Access: orgs, Handle: s.savePost},
		{Pattern: "GET /quan-tri/vi-tri/{post}/dong", Access: orgs, Handle: s.closePostPage},
		{Pattern: "POST /quan-tri/vi-tri/{post}/dong", Access: orgs, Handle: s.closePost},
		{Pattern: "GET /quan-tri/vi-tri/{post}/phan-cong", Access: orgs, Handle: s.assignPage},
		{Pattern: "POST /quan-tri/vi-tri/{post}/phan-cong", Access: orgs, Handle: s.assign},
		{Pattern: "GET /quan-tri/vi-tri/{post}/nguoi-giu/{holding}/uy-quyen", Access: orgs, Handle: s.delegatePage},
		{Pattern: "POST /quan-tri/vi-tri/{post}/nguoi-giu/{holding}/uy-quyen", Access: orgs, Handle: s.delegate},
		{Pattern: "GET /quan-tri/vi-tri/{post}/nguoi-giu/{holding}/ket-thuc", Access: orgs, Handle: s.endPage},
		{Pattern: "POST /quan-tri/vi-tri/{post}/nguoi-giu/{holding}/ket-thuc", Access: orgs, Handle: s.end},

		{Pattern: "GET /quan-tri/tai-khoan", Access: accounts, Handle: s.accounts},
		{Pattern: "GET /quan-tri/tai-khoan/cong-dan", Access: AtRoot(identity.AdminAccounts), Handle: s.citizensPage},
		{Pattern: "POST /quan-tri/tai-khoan/cong-dan", Access: AtRoot(identity.AdminAccounts), Handle: s.citizens},
		{Pattern: "GET /quan-tri/tai-khoan/them", Access: accounts, Handle: s.newAccountPage},
		{Pattern: "POST /quan-tri/tai-khoan/them", Access: accounts, Handle: s.createAccount},
		{Pattern: "GET /quan-tri/tai-khoan/{id}", Access: accounts, Handle: s.account},
		{Pattern: "POST /quan-tri/tai-khoan/{id}", Access: accounts, Handle: s.saveAccount},
		{Pattern: "POST /quan-tri/tai-khoan/{id}/lien-ket", Access: accounts, Handle: s.resetLink},
		{Pattern: "GET /quan-tri/tai-khoan/{id}/trang-thai", Access: accounts, Handle: s.statePage},
		{Pattern: "POST /quan-tri/tai-khoan/{id}/trang-thai", Access: accounts, Handle: s.setState},

		{Pattern: "GET /quan-tri/lich", Access: calendars, Handle: s.calendars},
		{Pattern: "GET /quan-tri/co-quan/{id}/lich", Access: see, Handle: s.calendar},
		{Pattern: "GET /quan-tri/co-quan/{id}/lich/ngay", Access: calendars, Handle: s.dayPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/lich/ngay", Access: calendars, Handle: s.saveDay},
		{Pattern: "GET /quan-tri/co-quan/{id}/lich/tuan", Access: calendars, Handle: s.weekPage},
		{Pattern: "POST /quan-tri/co-quan/{id}/lich/tuan", Access: calendars, Handle: s.saveWeek},
		{Pattern: "GET /quan-tri/co-quan/{id}/lich/phien-ban", Access: see, Handle: s.calendarVersions},

		{Pattern: "GET /quan-tri/nhat-ky", Access: audit, Handle: s.journal},
		{Pattern: "POST /quan-tri/nhat-ky/kiem-tra", Access: AtRoot(identity.AuditRead), Handle: s.startVerify},

		{Pattern: "GET /quan-tri/viec-cho", Access: system, Handle: s.parked},
		{Pattern: "POST /quan-tri/viec-cho/{id}/lam-lai", Access: system, Handle: s.retryJob},
		{Pattern: "POST /quan-tri/viec-cho/{id}/bo", Access: system, Handle: s.discardJob},
		{Pattern: "POST /quan-tri/viec-cho/su-kien/{subscriber}/{position}/lam-lai", Access: system, Handle: s.retryEvent},
		{Pattern: "GET /quan-tri/he-thong", Access: system, Handle: s.health},
	}
	if s.catalogue != nil {
		catalogue := identity.Holding(identity.AdminCatalogue)
		routes = append(routes,
			web.Route{Pattern: "GET /quan-tri/thu-tuc", Access: catalogue, Handle: s.procedures},
			web.Route{Pattern: "GET /quan-tri/thu-tuc/{code}", Access: catalogue, Handle: s.procedure})
	}
	if s.packs != nil {
		routes = append(routes,
			web.Route{Pattern: "GET /quan-tri/goi", Access: system, Handle: s.packList},
			web.Route{Pattern: "POST /quan-tri/goi", Access: system, Handle: s.uploadPack, MaxBody: uploadLimit + 64<<10},
			web.Route{Pattern: "GET /quan-tri/goi-tai-len/{upload}", Access: system, Handle: s.planPage, Timeout: 2 * time.Minute},
			web.Route{Pattern: "POST /quan-tri/goi-tai-len/{upload}", Access: system, Handle: s.loadPack, Timeout: 2 * time.Minute},
			web.Route{Pattern: "GET /quan-tri/goi/{code}", Access: system, Handle: s.packPage},
			web.Route{Pattern: "POST /quan-tri/goi/{code}/quay-lai", Access: system, Handle: s.rollbackPack})
	}
	return module.Module{
		Name: "admin", Migrations: sub(migrations, "migrations"), Locales: sub(locales, "locale"), Routes: routes,
		Schedules: []job.Schedule{{Name: "admin.sweep", Cron: "33 * * * *", Run: s.sweep}},
	}
}

// anyAdmin lets in whoever administers anything.
func anyAdmin() web.Access {
	return identity.HoldingAny(identity.AdminOrg, identity.AdminAccounts, identity.AdminCatalogue, identity.AdminPacks, identity.AdminCalendar, identity.AuditRead)
}

// Nav is the entries of the navigation that lead here.
func Nav() []identity.NavRule {
	staff := []identity.Kind{identity.KindStaff}
	entry := func(key, href, icon string, access web.Access) identity.NavRule {
		return identity.NavRule{Item: web.NavItem{Key: "admin.nav." + key, Href: href, Icon: icon, Group: "admin.nav.group"}, Access: access, Kinds: staff}
	}
	return []identity.NavRule{
		entry("agencies", "/quan-tri/co-quan", "building", identity.Holding(identity.AdminOrg)),
		entry("accounts", "/quan-tri/tai-khoan", "users", identity.Holding(identity.AdminAccounts)),
		entry("calendar", "/quan-tri/lich", "calendar", identity.Holding(identity.AdminCalendar)),
		entry("procedures", "/quan-tri/thu-tuc", "list", identity.Holding(identity.AdminCatalogue)),
		entry("packs", "/quan-tri/goi", "archive", AtRoot(identity.AdminPacks)),
		entry("journal", "/quan-tri/nhat-ky", "shield", identity.Holding(identity.AuditRead)),
		entry("parked", "/quan-tri/viec-cho", "refresh", AtRoot(identity.AdminPacks)),
		entry("system", "/quan-tri/he-thong", "settings", AtRoot(identity.AdminPacks)),
	}
}

func (s *Service) sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM admin_upload WHERE created_at < $1`, sqldb.Millis(s.now().Add(-uploadLife)))
		return err
	})
}

func sub(f fs.FS, dir string) fs.FS {
	inner, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return inner
}
