package admin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/admin"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// office is a small province: ward A with its own administrator, ward B, and
// people of every kind.
type office struct {
	*identitytest.Site
	jobs                         *job.Queue
	packs                        *packRoom
	verified                     int
	root, a, b                   org.Agency
	postA, postB                 org.Post
	heldA, heldB                 org.Holding
	depA, depB                   org.Department
	chief, local, clerkA, clerkB identity.Account
	citizen                      identity.Account
}

func lines() []sqldb.Line {
	return append(identitytest.Lines(), admin.Line(), job.Line(), procedure.Line())
}

func each(t *testing.T, test func(t *testing.T, o *office)) {
	sqldbtest.Each(t, lines(), func(t *testing.T, db *sqldb.DB) { test(t, open(t, db)) })
}

func open(t *testing.T, db *sqldb.DB) *office {
	t.Helper()
	h := identitytest.New(t, db)
	o := &office{packs: &packRoom{state: []admin.PackState{{Code: "thu", Name: i18n.V("Gói thử"), Version: 2, LoadedAt: h.Clock.Now(), LoadedBy: "system"}}}}
	o.jobs = job.New(db, job.Options{Now: h.Clock.Now})
	room, err := admin.New(admin.Deps{
		DB: db, Org: h.Org, Identity: h.Identity, Jobs: o.jobs, Ledger: h.Journal, Packs: o.packs, PublicURL: "https://motcua.example/", Now: h.Clock.Now,
		Catalogue: procedure.New(procedure.Deps{DB: db, Journal: h.Journal, Agencies: h.Org, Now: h.Clock.Now}),
		System: admin.System{Version: "1.2.3", Started: h.Clock.Now().Add(-50 * time.Hour),
			Checks: func() []module.Check {
				return []module.Check{{Name: "check.good", Run: func(context.Context) error { return nil }}, {Name: "check.bad", Run: func(context.Context) error { return errors.New("canary-path") }}}
			},
			Verify:     func(context.Context) (journal.Report, error) { o.verified++; return journal.Report{Events: 12}, nil },
			RetryEvent: func(context.Context, string, int64) error { return errors.New("again") },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Site = h.Serve(t, []module.Module{room.Module()}, nil)
	o.root = h.Agency(t, "H56", "Ủy ban nhân dân tỉnh Thử", "")
	o.a = h.Agency(t, "H56.15", "Ủy ban nhân dân phường A", o.root.ID)
	o.b = h.Agency(t, "H56.16", "Ủy ban nhân dân phường B", o.root.ID)
	o.chief = h.Staff(t, "quantri.tinh", "Trần Quản Trị", o.root, "admin", "auditor")
	o.local = h.Staff(t, "quantri.a", "Lê Quản Trị", o.a, "admin", "auditor")
	o.clerkA = h.Staff(t, "canbo.a", "Phạm Cán Bộ", o.a)
	o.clerkB = h.Staff(t, "canbo.b", "Bùi Cán Bộ", o.b)
	o.postA, o.heldA = h.Post(t, "Công chức một cửa A", o.a, o.clerkA.ID, "counter_clerk")
	o.postB, o.heldB = h.Post(t, "Công chức một cửa B", o.b, o.clerkB.ID, "counter_clerk")
	for dep, at := range map[*org.Department]org.Agency{&o.depA: o.a, &o.depB: o.b} {
		if *dep, err = h.Org.SaveDepartment(identitytest.AsSystem(), org.Department{AgencyID: at.ID, Name: "Văn phòng"}); err != nil {
			t.Fatal(err)
		}
	}
	o.citizen = h.Citizen(t, "038190000012", "Nguyễn Thị Dân")
	return o
}

func (o *office) as(t *testing.T, login string) *identitytest.Browser {
	t.Helper()
	b := o.Browser(t)
	b.SignIn(login)
	return b
}

func routes(t *testing.T, o *office) []string {
	t.Helper()
	room, err := admin.New(admin.Deps{DB: o.DB, Org: o.Org, Identity: o.Identity, Jobs: o.jobs, Ledger: o.Journal, Packs: o.packs,
		Catalogue: procedure.New(procedure.Deps{DB: o.DB, Journal: o.Journal, Agencies: o.Org}),
		System: admin.System{Checks: func() []module.Check { return nil }, Verify: func(context.Context) (journal.Report, error) { return journal.Report{}, nil },
			RetryEvent: func(context.Context, string, int64) error { return nil }}})
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for _, r := range room.Module().Routes {
		patterns = append(patterns, r.Pattern)
	}
	return patterns
}
