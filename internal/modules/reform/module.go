package reform

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

//go:embed migrations/*.sql locale/*.json
var embedded embed.FS

// Line is the tables of this room, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "reform", FS: sub("migrations")} }

// Locales are the room's words.
func Locales() fs.FS { return sub("locale") }

// Kinds of job.
const (
	jobApply = "reform.apply"
	jobSweep = "reform.sweep"
)

type applyPayload struct {
	Decree string `json:"decree"`
}

// root asks for admin.org over a whole province.
func root() web.Access { return web.Access{Name: identity.AdminOrg + " at a root", Check: asRoot} }

// Module is what this room gives the house.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "reform", Migrations: sub("migrations"), Locales: sub("locale"), Routes: s.routes(), API: s.api,
		Jobs: []job.Handler{
			handler(jobApply, 2*time.Hour, func(ctx context.Context, id string) error { _, err := s.Carry(ctx, id); return err }),
			handler(jobSweep, 10*time.Minute, s.Sweep),
		},
		Checks: []module.Check{{Name: "reform.check", Run: s.overdue}},
	}
}

func handler(kind string, timeout time.Duration, do func(ctx context.Context, decree string) error) job.Handler {
	return job.Handler{Kind: kind, Timeout: timeout, Run: func(ctx context.Context, payload json.RawMessage) error {
		var p applyPayload
		if err := json.Unmarshal(payload, &p); err != nil {
			return job.Permanent(err)
		}
		return do(ctx, p.Decree)
	}}
}

// overdue is what doctor asks: whether a decree waits whose hour has passed.
func (s *Service) overdue(ctx context.Context) error {
	var number string
	err := s.db.QueryRow(ctx, `SELECT number FROM reform_decree WHERE state = 'scheduled' AND effective <= $1 AND scheduled_at < $2 ORDER BY effective LIMIT 1`,
		today(s.now()), sqldb.Millis(s.now().Add(-15*time.Minute))).Scan(&number)
	if errors.Is(err, sqldb.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("decree %s should have been applied by now; see /quan-tri/sap-xep", number)
	}
	return err
}

// Nav is the entry of the navigation that leads here.
func Nav() []identity.NavRule {
	return []identity.NavRule{{
		Item:   web.NavItem{Key: "reform.nav", Href: path, Icon: "building", Group: "admin.nav.group"},
		Access: root(), Kinds: []identity.Kind{identity.KindStaff},
	}}
}

func (s *Service) note(ctx context.Context, tx *sqldb.Tx, d Decree, typ string, data map[string]any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	me := identity.From(ctx)
	e := journal.Event{Stream: "reform:" + d.ID, Type: typ, At: s.now(), Actor: me.AccountID, ActorName: me.Name, Data: raw}
	if me.Kind == identity.KindSystem {
		e.Actor, e.ActorName, e.OnBehalf = "", "", d.ScheduledBy
	}
	_, err = s.journal.Append(ctx, tx, e)
	return err
}

func sub(dir string) fs.FS {
	inner, err := fs.Sub(embedded, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return inner
}
