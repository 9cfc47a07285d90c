package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

// Options tune the service.
type Options struct {
	// Secret keys the hashes of throttling and the marks of known browsers: at
	// least 32 bytes, the same on all replicas. Random when nil.
	Secret []byte
	// HTTPS says that the public address is https: cookies are Secure.
	HTTPS bool
	// Argon are the costs of new password hashes; zero is DefaultArgon.
	Argon Argon
	// StaffLife and CitizenLife bound sessions; zero is the default.
	StaffLife, CitizenLife Lifetimes
	// Nav is the navigation: each entry is shown to whom its rule lets in.
	Nav []NavRule
	// Decorate adds what changes from minute to minute to the viewer of a page: counts, unread notices.
	Decorate func(ctx context.Context, a Actor, v *web.Viewer)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Deps is what the service needs.
type Deps struct {
	DB      *sqldb.DB
	Journal *journal.Journal
	Org     *org.Service
	Options Options
}

// Service keeps accounts, sessions, tokens and roles.
type Service struct {
	db      *sqldb.DB
	journal *journal.Journal
	org     *org.Service
	opts    Options
	now     func() time.Time
	hasher  *hasher

	known  atomic.Pointer[knowledge]
	dirty  atomic.Bool
	reload sync.Mutex
	actors sync.Map // account id → cachedActor
}

// New makes the service and gives package org its People.
func New(d Deps) (*Service, error) {
	o := d.Options
	if o.Secret == nil {
		b, err := randomBytes(32)
		if err != nil {
			return nil, err
		}
		o.Secret = b
	}
	if len(o.Secret) < 32 {
		return nil, errors.New("identity: Secret needs at least 32 bytes")
	}
	if o.StaffLife == (Lifetimes{}) {
		o.StaffLife = DefaultStaffLife()
	}
	if o.CitizenLife == (Lifetimes{}) {
		o.CitizenLife = DefaultCitizenLife()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h, err := newHasher(o.Argon)
	if err != nil {
		return nil, err
	}
	s := &Service{db: d.DB, journal: d.Journal, org: d.Org, opts: o, now: o.Now, hasher: h}
	d.Org.Use(people{s})
	d.Org.OnMove(s.follow)
	return s, nil
}

// Start brings the shipped roles up to what this program ships.
func (s *Service) Start(ctx context.Context) error {
	current, err := loadRoles(ctx, s.db)
	if err != nil {
		return err
	}
	have := map[string]string{}
	for _, r := range current {
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		have[r.Code] = string(b)
	}
	var stale []Role
	for _, r := range ShippedRoles() {
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if have[r.Code] != string(b) {
			stale = append(stale, r)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for i, r := range ShippedRoles() {
			if err := saveRole(ctx, tx, "", r, i); err != nil {
				return err
			}
		}
		return s.changed(ctx, tx)
	})
}

// changed counts a change of roles or accounts, so that cached actors are built anew.
func (s *Service) changed(ctx context.Context, tx *sqldb.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE identity_state SET generation = generation + 1 WHERE id = 1`); err != nil {
		return fmt.Errorf("count the change: %w", err)
	}
	tx.AfterCommit(func() { s.dirty.Store(true) })
	return nil
}

// follow moves the copies of agency paths with an agency that moves.
func (s *Service) follow(ctx context.Context, tx *sqldb.Tx, m org.Move) error {
	if _, err := tx.Exec(ctx, `UPDATE identity_account SET agency_path = $1 || substr(agency_path, $2) WHERE agency_path LIKE $3`,
		m.NewPath, len(m.OldPath)+1, m.OldPath+"%"); err != nil {
		return err
	}
	return s.changed(ctx, tx)
}

// record appends an event about an account. Data holds ids and never what a person is called or numbered by.
func (s *Service) record(ctx context.Context, tx *sqldb.Tx, accountID, typ string, data map[string]any) error {
	return s.recordFor(ctx, tx, accountID, typ, "", data)
}

func (s *Service) recordFor(ctx context.Context, tx *sqldb.Tx, accountID, typ, purpose string, data map[string]any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode %s: %w", typ, err)
	}
	me := From(ctx)
	e := journal.Event{Stream: "identity:" + accountID, Type: typ, At: s.now(), Actor: me.AccountID, Purpose: purpose, Data: raw}
	if me.Kind == KindStaff || me.Kind == KindSystem {
		e.ActorName = me.Name // acts in public office; citizens stay ids
	}
	if _, err := s.journal.Append(ctx, tx, e); err != nil {
		return fmt.Errorf("journal %s: %w", typ, err)
	}
	return nil
}

// knowledge is what changes seldom and is asked on every request.
type knowledge struct {
	generation int64
	checked    time.Time
	roles      []Role
	perms      map[string][]string // by role
}

// freshFor is how long another process's change may stay unseen here.
const freshFor = time.Second

func (s *Service) knowledge(ctx context.Context) (*knowledge, error) {
	if k := s.known.Load(); k != nil && !s.dirty.Load() && time.Since(k.checked) < freshFor {
		return k, nil
	}
	s.reload.Lock()
	defer s.reload.Unlock()
	k := s.known.Load()
	if k != nil && !s.dirty.Load() && time.Since(k.checked) < freshFor {
		return k, nil
	}
	s.dirty.Store(false)
	fresh, err := s.learn(ctx, k)
	if err != nil {
		s.dirty.Store(true)
		return nil, err
	}
	s.known.Store(fresh)
	return fresh, nil
}

func (s *Service) learn(ctx context.Context, old *knowledge) (*knowledge, error) {
	checked := time.Now()
	var generation int64
	if err := s.db.QueryRow(ctx, `SELECT generation FROM identity_state WHERE id = 1`).Scan(&generation); err != nil {
		return nil, fmt.Errorf("read generation of accounts: %w", err)
	}
	if old != nil && old.generation == generation {
		same := *old
		same.checked = checked
		return &same, nil
	}
	roles, err := loadRoles(ctx, s.db)
	if err != nil {
		return nil, err
	}
	k := &knowledge{generation: generation, checked: checked, roles: roles, perms: map[string][]string{}}
	for _, r := range roles {
		k.perms[r.Code] = r.Perms
	}
	return k, nil
}

// cachedActor is an actor as of certain generations and a day.
type cachedActor struct {
	org, identity int64
	day           civil.Date
	built         time.Time
	posts         []HeldPost
}

// keepActor bounds how long the posts of an actor are kept, against what no
// generation counts.
const keepActor = time.Minute

// actorOf builds the actor of an account from the posts it holds now. The
// account comes fresh from the database; its posts may be a second old when another process changed them.
func (s *Service) actorOf(ctx context.Context, a Account, via string) (Actor, error) {
	actor := Actor{AccountID: a.ID, Kind: a.Kind, Login: a.Login, Name: a.Name, CitizenNo: a.CitizenNo, TaxCode: a.TaxCode, Via: via}
	if a.Kind != KindStaff {
		return actor, nil
	}
	k, err := s.knowledge(ctx)
	if err != nil {
		return Actor{}, err
	}
	orgGeneration, err := s.org.Generation(ctx)
	if err != nil {
		return Actor{}, err
	}
	now := s.now()
	day := civil.DateOf(now)
	if c, ok := s.actors.Load(a.ID); ok {
		c := c.(cachedActor)
		if c.org == orgGeneration && c.identity == k.generation && c.day == day && now.Sub(c.built).Abs() < keepActor {
			actor.Posts = c.posts
			return actor, nil
		}
	}
	held, err := s.org.HoldingsOf(ctx, a.ID, now)
	if err != nil {
		return Actor{}, err
	}
	for _, h := range held {
		p := HeldPost{
			PostID: h.PostID, Title: h.Title, AgencyID: h.AgencyID, AgencyPath: h.AgencyPath, AgencyName: h.AgencyName,
			DepartmentID: h.DepartmentID, DepartmentName: h.DepartmentName, Roles: h.Roles, DelegatedFrom: h.DelegatedFrom, Until: h.Until,
		}
		if p.Former, err = s.org.FormerPaths(ctx, h.AgencyID); err != nil {
			return Actor{}, err
		}
		for _, role := range h.Roles {
			p.Perms = append(p.Perms, k.perms[role]...)
		}
		actor.Posts = append(actor.Posts, p)
	}
	s.actors.Store(a.ID, cachedActor{org: orgGeneration, identity: k.generation, day: day, built: now, posts: actor.Posts})
	return actor, nil
}

// Actor returns the actor an account is now, for work that goes on after the
// request (jobs). An account that is not active is NotFound.
func (s *Service) Actor(ctx context.Context, accountID string) (Actor, error) {
	a, err := s.Lookup(ctx, accountID)
	if err != nil {
		return Actor{}, err
	}
	if a.State != Active {
		return Actor{}, errAccountNotFound()
	}
	return s.actorOf(ctx, a, "system")
}

// people is what package org asks of this one.
type people struct{ s *Service }

func (p people) Who(ctx context.Context) org.Who {
	me := From(ctx)
	who := org.Who{ID: me.AccountID}
	if me.Kind == KindStaff || me.Kind == KindSystem {
		who.Name = me.Name
	}
	return who
}

func (p people) MayAt(ctx context.Context, perm, agencyPath string) bool {
	return From(ctx).MayAt(perm, agencyPath)
}

func (p people) KnownRole(ctx context.Context, code string) (bool, error) {
	k, err := p.s.knowledge(ctx)
	if err != nil {
		return false, err
	}
	_, known := k.perms[code]
	return known, nil
}

func (p people) CheckHolder(ctx context.Context, accountID string) error {
	a, err := p.s.Lookup(ctx, accountID)
	if err != nil {
		return err
	}
	if a.Kind != KindStaff || a.State != Active {
		return errAccountNotFound()
	}
	return nil
}

func errAccountNotFound() error { return errs.NewNotFound("identity.account-not-found") }

func isNotFound(err error) bool { return errors.Is(err, sqldb.ErrNotFound) }

// missing turns "no such account" into what people are told.
func missing(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case isNotFound(err):
		return errAccountNotFound()
	}
	return fmt.Errorf("%s: %w", doing, err)
}
