package dossier

import (
	"context"
	"strings"
	"time"

	"motcua/internal/core/document"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Procedures is what the room asks of the catalogue.
type Procedures interface {
	Compiled(ctx context.Context, versionID string) (*procedure.Compiled, error)
	Offer(ctx context.Context, offerID string) (procedure.Offer, error)
	Offers(ctx context.Context, code string) ([]procedure.Offer, error)
}

// Agencies is what the room asks of package org.
type Agencies interface {
	Agency(ctx context.Context, id string) (org.Agency, error)
	AgenciesByID(ctx context.Context, ids ...string) (map[string]org.Agency, error)
	AgencyByCode(ctx context.Context, code string) (org.Agency, error)
	Present(ctx context.Context, id string) (org.Agency, error)
	Children(ctx context.Context, parentID string) ([]org.Agency, error)
	Ancestors(ctx context.Context, id string) ([]org.Agency, error)
	Agencies(ctx context.Context, f org.AgencyFilter) (org.AgencyPage, error)
	Calendar(ctx context.Context, agencyID string, at time.Time) (calendar.Calendar, error)
	Holders(ctx context.Context, q org.HolderQuery) ([]org.Holder, error)
}

// People is what the room asks of package identity.
type People interface {
	Lookup(ctx context.Context, accountID string) (identity.Account, error)
	FindCitizen(ctx context.Context, citizenNo string) (identity.Account, error)
	Names(ctx context.Context, accountIDs ...string) (map[string]string, error)
}

// Files is what the room asks of the blob store.
type Files interface {
	Get(ctx context.Context, id string) (blob.File, error)
	GetMany(ctx context.Context, ids []string) ([]blob.File, error)
	Present(ctx context.Context, ids []string) error
	Claim(ctx context.Context, tx *sqldb.Tx, stream string, fileIDs ...string) error
	Release(ctx context.Context, tx *sqldb.Tx, stream string, fileIDs ...string) error
}

// Deps is what the service needs; every field but Now and DraftLife is required.
type Deps struct {
	DB         *sqldb.DB
	Journal    *journal.Journal
	Jobs       *job.Queue
	Procedures Procedures
	Agencies   Agencies
	People     People
	Registers  *register.Service
	Documents  *document.Service
	Files      Files
	Now        func() time.Time // nil is time.Now
	DraftLife  time.Duration    // how long an untouched draft is kept; 0 is 60 days
}

// Service is the use cases of dossiers. It is safe for concurrent use.
type Service struct {
	Deps
	read      sqldb.Reader // where use cases read from: the database, in tests one that listens
	templates templateCache
}

// New makes the service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.DraftLife == 0 {
		d.DraftLife = 60 * 24 * time.Hour
	}
	return &Service{Deps: d, read: d.DB}
}

// now is the moment as it is stored: UTC, to the millisecond.
func (s *Service) now() time.Time { return sqldb.Time(sqldb.Millis(s.Now())) }

// relation is how a reader stands to a dossier.
type relation int

const (
	stranger   relation = iota
	party               // owner or submitter
	staffReads          // may read it
)

// relate decides what a dossier is to an actor. tasks are its open tasks; held
// says that the actor has or had a task of it.
func relate(a identity.Actor, r *record, tasks []taskRow, held bool) relation {
	if !a.SignedIn() {
		return stranger
	}
	if a.Kind == identity.KindSystem {
		return staffReads
	}
	if a.Kind != identity.KindStaff {
		if a.AccountID == r.Owner.AccountID || a.AccountID == r.Submitter.AccountID {
			return party
		}
		return stranger
	}
	for _, t := range tasks {
		if t.AssigneeID == a.AccountID || t.For == "" && mayTake(a, t) {
			return staffReads
		}
	}
	if held {
		return staffReads
	}
	if r.Confidentiality == Restricted {
		for _, p := range a.Posts {
			if p.AgencyID == r.CompetentAgencyID && a.MayAt(identity.DossierApprove, r.CompetentPath) {
				return staffReads
			}
		}
		return stranger
	}
	if a.MayAt(identity.DossierRead, r.CompetentPath) || a.MayAt(identity.DossierRead, r.ReceivingPath) || a.MayAt(identity.DossierReceive, r.ReceivingPath) {
		return staffReads
	}
	return stranger
}

// mayTake reports whether the actor holds the role of an open task on a post of
// the task's agency.
func mayTake(a identity.Actor, t taskRow) bool {
	for _, p := range a.Posts {
		if p.AgencyID != t.AgencyID || t.DepartmentID != "" && p.DepartmentID != "" && p.DepartmentID != t.DepartmentID {
			continue
		}
		for _, role := range p.Roles {
			if role == t.Role {
				return true
			}
		}
	}
	return false
}

// see reads a dossier and refuses it to strangers as if it did not exist.
func (s *Service) see(ctx context.Context, r sqldb.Reader, numberOrID string) (record, []taskRow, relation, error) {
	id := numberOrID
	if !looksLikeID(numberOrID) {
		head, err := headBy(ctx, r, "number", strings.ToUpper(strings.TrimSpace(numberOrID)))
		if err != nil {
			return record{}, nil, stranger, err
		}
		id = head.ID
	}
	rec, err := whole(ctx, r, id)
	if err != nil {
		return record{}, nil, stranger, err
	}
	tasks, err := tasksOf(ctx, r, id, true)
	if err != nil {
		return record{}, nil, stranger, err
	}
	actor := identity.From(ctx)
	rel := relate(actor, &rec, tasks, false)
	if rel == stranger && actor.Kind == identity.KindStaff {
		held, err := heldTask(ctx, r, id, actor.AccountID)
		if err != nil {
			return record{}, nil, stranger, err
		}
		rel = relate(actor, &rec, tasks, held)
	}
	if rel == stranger {
		return record{}, nil, stranger, errNotFound()
	}
	return rec, tasks, rel, nil
}

// looksLikeID tells a row id (a UUID) from a dossier number.
func looksLikeID(s string) bool { return len(s) == 36 && strings.Count(s, "-") == 4 }

// signedIn returns the actor, or asks to sign in.
func signedIn(ctx context.Context) (identity.Actor, error) {
	a := identity.From(ctx)
	if !a.SignedIn() {
		return a, errs.New(errs.Unauthenticated, "identity.sign-in-first")
	}
	return a, nil
}
