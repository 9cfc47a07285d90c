package app

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/modules/admin"
	"motcua/internal/ops"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/health"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/logx"
	"motcua/internal/platform/metrics"
	"motcua/internal/platform/module"
	"motcua/internal/platform/money"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
	assets "motcua/web"
)

//go:embed locale/*.json
var locales embed.FS

// Locales are the words of the house itself, of no room.
func Locales() fs.FS { return locales }

// Options are what Open needs besides the settings.
type Options struct {
	Config config.Config
	// Version is shown to staff and to programs; "" asks the build.
	Version string
	// Log receives everything; nil discards.
	Log *slog.Logger
	// Metrics gathers measurements; nil makes a registry of its own.
	Metrics *metrics.Registry
	// Now is the clock of the rooms; nil is time.Now.
	Now func() time.Time
	// Development shows the gallery of components under /styleguide, and profiles
	// under /debug to callers nearby.
	Development bool
	// Hasty does not wait for the disk at each commit. Only the demo sets it, while
	// it fills a house in which there is nothing to lose yet.
	Hasty bool
	// CheapPasswords makes hashing fast. Only tests set it.
	CheapPasswords bool
}

// App is the assembled house.
type App struct {
	Rooms   *Rooms
	Bundle  *i18n.Bundle
	Health  *health.Health
	Metrics *metrics.Registry

	opts    Options
	cfg     *config.Config
	log     *slog.Logger
	db      *sqldb.DB
	modules []module.Module
	checks  []module.Check
	store   blob.Store
	site    *web.Site
	follow  *ops.Follower // nil without a continuous backup
	spec    []byte        // OpenAPI
	space   *space
}

// Open opens the database, brings it to what this program needs, and builds
// every room. Nothing runs yet; Close lets go of it.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.upgrade(ctx); err != nil {
		return nil, err
	}
	return a, a.assemble()
}

// open does what needs no tables.
func open(ctx context.Context, o Options) (_ *App, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	build := metrics.ReadBuild(o.Version)
	if o.Metrics == nil {
		if o.Metrics, err = metrics.New(build); err != nil {
			return nil, err
		}
	}
	o.Version = build.Version
	a := &App{opts: o, cfg: &o.Config, log: o.Log, Metrics: o.Metrics}
	if err := os.MkdirAll(a.cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	address := a.cfg.DatabaseURL()
	if o.Hasty {
		address = hasty(address)
	}
	if a.db, err = sqldb.Open(ctx, address, sqldb.Options{MaxConns: a.cfg.Database.MaxConns, Unsafe: o.Hasty, KeepLog: a.cfg.Backup.Follow != ""}); err != nil {
		return nil, err
	}
	if err := a.furnish(); err != nil {
		return nil, errors.Join(err, a.db.Close())
	}
	return a, nil
}

// hasty asks a PostgreSQL server not to wait for the disk.
func hasty(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return address
	}
	q := u.Query()
	q.Set("synchronous_commit", "off")
	u.RawQuery = q.Encode()
	return u.String()
}

// furnish builds the rooms.
func (a *App) furnish() error {
	secret, err := a.secret()
	if err != nil {
		return err
	}
	watch, err := newWatch(a.Metrics)
	if err != nil {
		return err
	}
	l := a.cfg.Limits
	if a.space, err = newSpace(a.cfg.Dir, int64(l.ReadOnly), int64(l.KeepFree), a.log, a.Metrics); err != nil {
		return err
	}
	ledger, err := journal.New(a.db, journal.Options{
		Dir: a.cfg.AuditDir(), Now: a.opts.Now, Log: logx.For(a.log, "journal"), Observe: watch.journal(),
	})
	if err != nil {
		return err
	}
	jobs := job.New(a.db, job.Options{Now: a.opts.Now, Log: logx.For(a.log, "job"), Observe: watch.job, Busy: a.busy})
	if a.store, err = storeOf(a.cfg); err != nil {
		return err
	}
	files := blob.NewFiles(a.db, a.store, blob.Options{
		MaxFile: int64(a.cfg.Limits.MaxFile), MaxOwner: int64(a.cfg.Limits.MaxOwner), KeepFree: int64(a.cfg.Limits.KeepFree),
		UploadTTL: time.Duration(a.cfg.Limits.UploadTTL), Scanner: a.scanner(), RequireScan: a.cfg.ClamAV.Require,
		Log: logx.For(a.log, "blob"), Now: a.opts.Now,
	})
	if err := files.Register(a.Metrics); err != nil {
		return err
	}
	a.Rooms, a.modules, err = build(house{
		cfg: a.cfg, db: a.db, journal: ledger, jobs: jobs, files: files, secret: secret, log: a.log, now: a.opts.Now,
		bundle: func() *i18n.Bundle { return a.Bundle }, cheap: a.opts.CheapPasswords, system: a.system(),
	})
	if err != nil {
		return err
	}
	a.Rooms.Journal, a.Rooms.Jobs, a.Rooms.Files, a.Rooms.DB = ledger, jobs, files, a.db
	if a.Bundle, err = words(a.modules); err != nil {
		return err
	}
	a.Bundle.OnMissing(func(lang, key string) { a.log.Error("no words for a key", "lang", lang, "key", key) })
	return nil
}

// words gathers what the rooms say.
func words(modules []module.Module) (*i18n.Bundle, error) {
	all := []fs.FS{
		web.Locales(), ui.Locales(), journal.Locales(), job.Locales(), blob.Locales(), money.Locales(), ident.Locales(), civil.Locales(),
		calendar.Locales(), form.Locales(), clock.Locales(), flow.Locales(), locales,
	}
	for _, m := range modules {
		if m.Locales != nil {
			all = append(all, m.Locales)
		}
	}
	return i18n.New(all...)
}

// lines are the tables of the house, in the order in which they are made.
func lines(modules []module.Module) []sqldb.Line {
	all := []sqldb.Line{journal.Line(), job.Line(), blob.Line()}
	for _, m := range modules {
		if m.Migrations != nil {
			all = append(all, sqldb.Line{Name: m.Name, FS: m.Migrations})
		}
	}
	return all
}

// busy says that people wait; while the rooms are being built there is nobody yet.
func (a *App) busy() bool { return a.site != nil && a.site.Busy() }

// assemble puts the rooms behind one door.
func (a *App) assemble() error {
	files, err := web.NewAssets(assets.FS())
	if err != nil {
		return err
	}
	secret, err := a.secret()
	if err != nil {
		return err
	}
	checks := a.ownChecks()
	var routes []web.Route
	for _, m := range a.modules {
		routes = append(routes, m.Routes...)
		checks = append(checks, m.Checks...)
	}
	a.checks = checks
	a.Health = health.New(checks, logx.For(a.log, "health"))
	a.Health.ReadOnly = func() bool { return a.space.Closed() != nil }
	api, spec, err := a.api()
	if err != nil {
		return err
	}
	a.spec = spec
	if a.opts.Development {
		routes = append(routes, web.Route{Pattern: "GET /styleguide", Access: identity.Anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, http.StatusOK, ui.StyleGuide(ui.Frame(r.URL.Query().Get("frame"))))
		}})
	}
	mounts := []web.Mount{}
	if a.opts.Development {
		mounts = append(mounts, web.Mount{Pattern: "GET /debug/cpu", Access: nearby, Timeout: -1, Handler: onlyNearby(http.HandlerFunc(cpuProfile))},
			web.Mount{Pattern: "GET /debug/heap", Access: nearby, Handler: onlyNearby(http.HandlerFunc(heapProfile))})
	}
	a.site, err = web.New(web.Options{
		Routes: routes,
		Mounts: append(mounts, []web.Mount{
			{Pattern: "GET /healthz", Access: identity.Anyone, Handler: a.Health.Live(), Vital: true},
			{Pattern: "GET /readyz", Access: identity.Anyone, Handler: a.Health.Readiness(), Vital: true},
			{Pattern: "GET /metrics", Access: nearby, Handler: onlyNearby(a.Metrics.Handler()), Vital: true},
			{Pattern: "GET /openapi.json", Access: identity.Anyone, Handler: a.openAPI()},
			{Pattern: "/api/", Access: web.Access{Name: "each operation has its own", Check: identity.Anyone.Check}, Handler: api},
		}...),
		Brand: a.brand(), Bundle: a.Bundle, Assets: files, ErrorPage: ui.ErrorPage, Middleware: a.Rooms.middleware,
		Log: a.log, Registerer: a.Metrics, Secret: secret, HTTPS: a.cfg.HTTPS(), TrustedOrigins: a.cfg.Security.TrustedOrigins,
		TrustedProxies: a.cfg.Security.TrustedProxies, MaxInFlight: a.cfg.Limits.MaxInFlight,
		Closed: a.space.Closed,
	})
	return err
}

// brand is whose door this is.
func (a *App) brand() web.Brand {
	return web.Brand{
		Name:  i18n.Text{VI: a.Bundle.T(i18n.VI, "app.name"), EN: a.Bundle.T(i18n.EN, "app.name")},
		Short: i18n.Text{VI: a.Bundle.T(i18n.VI, "app.short"), EN: a.Bundle.T(i18n.EN, "app.short")},
		Owner: i18n.Text{VI: a.Bundle.T(i18n.VI, "app.owner"), EN: a.Bundle.T(i18n.EN, "app.owner")},
		Nav:   a.guestNav(), Version: metrics.ShortVersion(a.opts.Version),
	}
}

// guestNav is the navigation of those who have not signed in.
func (a *App) guestNav() (items []web.NavItem) {
	for _, r := range navigation() {
		if r.Access.Check(context.Background()) == nil && (len(r.Kinds) == 0 || containsKind(r.Kinds, "")) {
			items = append(items, r.Item)
		}
	}
	return items
}

func containsKind(kinds []identity.Kind, k identity.Kind) bool {
	for _, have := range kinds {
		if have == k {
			return true
		}
	}
	return false
}

// Handler is the house as one http.Handler.
func (a *App) Handler() http.Handler { return a.site }

// Site is the assembled site, for the access matrix.
func (a *App) Site() *web.Site { return a.site }

// Modules are what the rooms gave.
func (a *App) Modules() []module.Module { return a.modules }

// OpenAPI is the contract of the JSON API.
func (a *App) OpenAPI() []byte { return a.spec }

// Start checks the ledger and prepares the rooms. It comes before the first request.
func (a *App) Start(ctx context.Context) error {
	if err := a.Rooms.Journal.Start(ctx); err != nil {
		return err
	}
	for _, m := range a.modules {
		if m.Start == nil {
			continue
		}
		if err := m.Start(identity.With(ctx, identity.System)); err != nil {
			return fmt.Errorf("preparing %s: %w", m.Name, err)
		}
	}
	return nil
}

// CreateToken makes an API token for the account with this login.
func (a *App) CreateToken(ctx context.Context, login, name string, days int) (key string, until time.Time, err error) {
	ctx = identity.With(ctx, identity.System)
	key, token, err := a.Rooms.Identity.CreateTokenFor(ctx, login, name, time.Duration(days)*24*time.Hour)
	return key, token.ExpiresAt, err
}

// system is what the house tells its administrators about itself.
func (a *App) system() admin.System {
	return admin.System{
		Version: metrics.ShortVersion(a.opts.Version), Started: a.opts.Now(),
		Checks: func() []module.Check { return a.checks },
		Verify: func(ctx context.Context) (journal.Report, error) {
			return journal.Verify(ctx, a.db, journal.VerifyOptions{Dir: a.cfg.AuditDir()})
		},
		RetryEvent: func(ctx context.Context, subscriber string, position int64) error {
			_, _, subs := a.work()
			for _, s := range subs {
				if s.Name == subscriber {
					return a.Rooms.Journal.Retry(identity.With(ctx, identity.System), s, position)
				}
			}
			return errs.NewNotFound("journal.parked-unknown")
		},
	}
}

// Close closes the database. What runs must have stopped.
func (a *App) Close() error {
	path := a.db.Path()
	var err error
	if a.follow != nil {
		err = a.follow.Finish(context.Background())
	}
	err = errors.Join(err, a.db.Close())
	if a.opts.Hasty && path != "" {
		// What nobody waited for is waited for now.
		f, oerr := os.OpenFile(path, os.O_RDWR, 0)
		if oerr != nil {
			return errors.Join(err, oerr)
		}
		err = errors.Join(err, f.Sync(), f.Close())
	}
	return err
}

// handlers, schedules and subscribers of all rooms.
func (a *App) work() (handlers []job.Handler, schedules []job.Schedule, subs []journal.Subscriber) {
	if a.cfg.Backup.Dir != "" {
		schedules = append(schedules, job.Schedule{Name: "app.backup", Cron: a.cfg.Backup.Cron, Timeout: 6 * time.Hour, Run: a.autoBackup})
	}
	for _, m := range a.modules {
		handlers = append(handlers, m.Jobs...)
		schedules = append(schedules, m.Schedules...)
		subs = append(subs, m.Subscribers...)
	}
	return handlers, schedules, subs
}

// CatchUp does now all that the background would do: seals the journal, feeds
// the subscribers, runs the jobs that are due. The demo and tests use it.
func (a *App) CatchUp(ctx context.Context) error {
	handlers, _, subs := a.work()
	ctx = identity.With(ctx, identity.System)
	for {
		if err := a.Rooms.Journal.CatchUp(ctx, subs...); err != nil {
			return err
		}
		n, err := a.Rooms.Jobs.RunDue(ctx, handlers, nil)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// storeOf is where the settings keep files.
func storeOf(cfg *config.Config) (blob.Store, error) {
	if s := cfg.S3; s.Endpoint != "" {
		return blob.NewS3(blob.S3Config{
			Endpoint: s.Endpoint, Region: s.Region, Bucket: s.Bucket, Prefix: s.Prefix, AccessKey: s.AccessKey, SecretKey: string(s.SecretKey), PathStyle: s.PathStyle,
		})
	}
	return blob.NewDir(cfg.FilesDir())
}

// scanner is nil, not a nil *ClamAV, when there is none.
func (a *App) scanner() blob.Scanner {
	if a.cfg.ClamAV.Address == "" {
		return nil
	}
	return blob.NewClamAV(a.cfg.ClamAV.Address, int64(a.cfg.ClamAV.MaxStream))
}

const secretFile = "secret"

// secret signs cookies and marks. It stands in the settings, or in a file that
// is made at the first start.
func (a *App) secret() ([]byte, error) {
	if s := a.cfg.Security.Secret; s != "" {
		return []byte(s), nil
	}
	path := filepath.Join(a.cfg.Dir, secretFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, 32)
		if _, err := rand.Read(fresh); err != nil {
			return nil, err
		}
		text = []byte(hex.EncodeToString(fresh) + "\n")
		err = blob.WriteDurably(path, text, 0o600)
		if err != nil {
			return nil, fmt.Errorf("secret: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	s := strings.TrimSpace(string(text))
	if len(s) < 32 {
		return nil, fmt.Errorf("%s is shorter than 32 characters; delete it to have a new one made (everybody then signs in again)", path)
	}
	return []byte(s), nil
}
