package org

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// The permissions that guard changes here; package identity lists them all.
const (
	permOrg      = "admin.org"
	permCalendar = "admin.calendar"
)

// Who is the account behind a change.
type Who struct{ ID, Name string }

// People is what package identity, one room above, tells this one. Without it
// nobody may change anything.
type People interface {
	// Who acts in ctx; the zero Who when nobody does.
	Who(ctx context.Context) Who
	// MayAt reports whether whoever acts holds the permission at an agency path.
	MayAt(ctx context.Context, perm, agencyPath string) bool
	// KnownRole reports whether a role with this code exists.
	KnownRole(ctx context.Context, code string) (bool, error)
	// CheckHolder returns nil when the account is an active staff account.
	CheckHolder(ctx context.Context, accountID string) error
}

// Deps is what the service needs.
type Deps struct {
	DB      *sqldb.DB
	Journal *journal.Journal
	Now     func() time.Time // nil is time.Now
	// BeforeClose may refuse the closing of an agency, for instance because
	// dossiers are still open there. nil never refuses.
	BeforeClose func(ctx context.Context, tx *sqldb.Tx, a Agency) error
}

// Service keeps agencies, posts, holdings and calendars.
type Service struct {
	db          *sqldb.DB
	journal     *journal.Journal
	now         func() time.Time
	beforeClose func(context.Context, *sqldb.Tx, Agency) error
	people      People
	onMove      []func(ctx context.Context, tx *sqldb.Tx, m Move) error

	national  calendar.Calendar
	calendars sync.Map // version name → calendar.Calendar
	tree      atomic.Pointer[tree]
	dirty     atomic.Bool
	reload    sync.Mutex
}

// New makes the service. [Service.Use] completes it.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{db: d.DB, journal: d.Journal, now: d.Now, beforeClose: d.BeforeClose, national: calendar.National()}
}

// Use sets whose word counts. Call it before serving.
func (s *Service) Use(p People) { s.people = p }

// Move says that an agency and all below it got another path.
type Move struct {
	AgencyID         string
	OldPath, NewPath string
}

// OnMove registers f to run in the transaction that moves an agency, so that
// copies of the path kept in other tables move with it:
//
//	UPDATE … SET path = $new || substr(path, length($old) + 1) WHERE path LIKE $old || '%'
//
// Call it before serving.
func (s *Service) OnMove(f func(ctx context.Context, tx *sqldb.Tx, m Move) error) {
	s.onMove = append(s.onMove, f)
}

func (s *Service) today() civil.Date { return civil.DateOf(s.now()) }

// allow returns nil when the actor holds perm at the path; otherwise the agency
// does not exist for them.
func (s *Service) allow(ctx context.Context, perm, path string) error {
	if s.people == nil || !s.people.MayAt(ctx, perm, path) {
		return errAgencyNotFound()
	}
	return nil
}

func (s *Service) who(ctx context.Context) Who {
	if s.people == nil {
		return Who{}
	}
	return s.people.Who(ctx)
}

// write runs a change: fn in a transaction, then the new generation.
func (s *Service) write(ctx context.Context, fn func(tx *sqldb.Tx) error) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
}

// changed counts a change, so that every copy of the tree is read anew.
func (s *Service) changed(ctx context.Context, tx *sqldb.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE org_state SET generation = generation + 1 WHERE id = 1`); err != nil {
		return fmt.Errorf("count the change: %w", err)
	}
	tx.AfterCommit(func() { s.dirty.Store(true) })
	return nil
}

// record appends an event about an agency.
func (s *Service) record(ctx context.Context, tx *sqldb.Tx, agencyID, typ string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode %s: %w", typ, err)
	}
	who := s.who(ctx)
	_, err = s.journal.Append(ctx, tx, journal.Event{
		Stream: "org:" + agencyID, Type: typ, At: s.now(), Actor: who.ID, ActorName: who.Name, Data: raw,
	})
	if err != nil {
		return fmt.Errorf("journal %s: %w", typ, err)
	}
	return nil
}

func errAgencyNotFound() error { return errs.NewNotFound("org.agency-not-found") }
func errPostNotFound() error   { return errs.NewNotFound("org.post-not-found") }
func errStale() error          { return errs.NewConflict("org.changed-meanwhile") }
