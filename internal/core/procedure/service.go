package procedure

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Agencies is what this room asks of package org: who exists today.
type Agencies interface {
	// Generation changes whenever any agency does.
	Generation(ctx context.Context) (int64, error)
	Agency(ctx context.Context, id string) (org.Agency, error)
	// Present is the agency itself, or whoever took over when a decree ended it.
	Present(ctx context.Context, id string) (org.Agency, error)
	Agencies(ctx context.Context, f org.AgencyFilter) (org.AgencyPage, error)
}

// Deps is what the service needs.
type Deps struct {
	DB       *sqldb.DB
	Journal  *journal.Journal
	Agencies Agencies
	Places   form.Places      // administrative units for addresses; nil is the national list
	Now      func() time.Time // nil is time.Now
}

// Service is the catalogue.
type Service struct {
	deps  Deps
	index atomic.Pointer[index]
	dirty atomic.Bool
	build sync.Mutex
	cache compiledCache
}

// New makes the service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{deps: d}
}

func (s *Service) today() string { return civil.DateOf(s.deps.Now()).String() }

// Get returns the version of a procedure in force on a day; the zero day is today.
// NotFound "procedure.not-found" when there is none.
func (s *Service) Get(ctx context.Context, code string, day civil.Date) (*Version, error) {
	on := s.today()
	if !day.IsZero() {
		on = day.String()
	}
	return versionOn(ctx, s.deps.DB, code, on)
}

// VersionByID returns a version, also one that is no longer in force: dossiers
// are pinned to it.
func (s *Service) VersionByID(ctx context.Context, versionID string) (*Version, error) {
	if c := s.cache.get(versionID); c != nil {
		return c.Version, nil
	}
	return versionByID(ctx, s.deps.DB, versionID)
}

// Publish makes a bundle the newest version of its procedure, in the caller's
// transaction. The same content as the newest one changes nothing: changed is
// false and that version is returned. A procedure of another pack is refused as a
// Conflict "procedure.other-pack"; but what the national catalogue brought
// ([Catalogue]) gives way to any pack, since a pack says all that and how it is done.
func (s *Service) Publish(ctx context.Context, tx *sqldb.Tx, b Bundle) (v *Version, changed bool, err error) {
	hash, err := b.Hash()
	if err != nil {
		return nil, false, err
	}
	before, err := newest(ctx, tx, b.Def.Code)
	switch {
	case errs.Is(err, errs.NotFound):
	case err != nil:
		return nil, false, err
	case before.Pack != b.Pack && before.Pack != Catalogue:
		return nil, false, errs.NewConflict("procedure.other-pack", "code", b.Def.Code, "pack", before.Pack)
	case before.Pack == b.Pack && before.Hash == hash:
		return before, false, nil
	}
	number, err := lastNumber(ctx, tx, b.Def.Code)
	if err != nil {
		return nil, false, err
	}
	v = &Version{
		ID: id.New(), Code: b.Def.Code, Number: number + 1, Pack: b.Pack, ValidFrom: b.Def.ValidFrom, ValidTo: b.Def.ValidTo,
		Hash: hash, Published: s.deps.Now().UTC().Truncate(time.Millisecond), Def: b.Def, Parts: b.Parts,
	}
	if err := insertVersion(ctx, tx, v); err != nil {
		return nil, false, err
	}
	return v, true, s.changed(ctx, tx, "procedure.published", v)
}

// Withdraw takes a version out of force for good (unless [Service.Reinstate] puts it
// back): the one before it is in force again. Dossiers pinned to it go on.
func (s *Service) Withdraw(ctx context.Context, tx *sqldb.Tx, versionID string) error {
	return s.mark(ctx, tx, versionID, sqldb.NullMillis(s.deps.Now()), "procedure.withdrawn")
}

// Reinstate takes back a withdrawal. What the national catalogue brought while the
// version was away gives way to it again.
func (s *Service) Reinstate(ctx context.Context, tx *sqldb.Tx, versionID string) error {
	v, err := versionByID(ctx, tx, versionID)
	if err != nil {
		return err
	}
	if v.Pack != Catalogue {
		later, err := catalogueAfter(ctx, tx, v.Code, v.Number)
		if err != nil {
			return err
		}
		for _, id := range later {
			if err := s.Withdraw(ctx, tx, id); err != nil {
				return err
			}
		}
	}
	return s.mark(ctx, tx, versionID, sql.NullInt64{}, "procedure.reinstated")
}

func (s *Service) mark(ctx context.Context, tx *sqldb.Tx, versionID string, at sql.NullInt64, event string) error {
	v, err := versionByID(ctx, tx, versionID)
	if err != nil {
		return err
	}
	if v.Withdrawn == at.Valid {
		return nil
	}
	if err := setWithdrawn(ctx, tx, versionID, at); err != nil {
		return err
	}
	return s.changed(ctx, tx, event, v)
}

// changed counts a change of the catalogue and writes it into the journal.
func (s *Service) changed(ctx context.Context, tx *sqldb.Tx, event string, v *Version) error {
	if err := bumpGeneration(ctx, tx); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.dirty.Store(true) })
	return s.note(ctx, tx, "procedure:"+v.Code, event, map[string]any{
		"version": v.ID, "number": v.Number, "pack": v.Pack, "hash": v.Hash, "valid_from": v.ValidFrom, "valid_to": v.ValidTo,
	})
}

func (s *Service) note(ctx context.Context, tx *sqldb.Tx, stream, event string, data map[string]any) error {
	text, err := encode(data)
	if err != nil {
		return err
	}
	who := identity.From(ctx)
	if _, err := s.deps.Journal.Append(ctx, tx, journal.Event{Stream: stream, Type: event, Actor: who.AccountID, ActorName: who.Name, Data: text}); err != nil {
		return fmt.Errorf("journal %s: %w", event, err)
	}
	return nil
}

// Newest lists the latest live version of every procedure that a pack brought, by code.
func (s *Service) Newest(ctx context.Context, r sqldb.Reader, pack string) ([]*Version, error) {
	return newestOfPack(ctx, r, pack)
}

// NewestOf returns the latest live version of one procedure, whoever brought it.
func (s *Service) NewestOf(ctx context.Context, r sqldb.Reader, code string) (*Version, error) {
	return newest(ctx, r, code)
}

// History lists the versions of a procedure, newest first, withdrawn ones too.
func (s *Service) History(ctx context.Context, code string) ([]*Version, error) {
	list, err := sqldb.Collect[*Version](s.deps.DB.Query(ctx, `SELECT `+versionColumns+` FROM procedure_version
		WHERE code = $1 ORDER BY number DESC LIMIT 200`, code))(func(rows *sqldb.Rows) (*Version, error) { return scanVersion(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("list versions of %s: %w", code, err)
	}
	if len(list) == 0 {
		return nil, errNotFound()
	}
	return list, nil
}
