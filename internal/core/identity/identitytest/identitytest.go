// Package identitytest gives tests of other rooms a small house with agencies,
// accounts and people to act as.
package identitytest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/id"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Password opens every account made here.
const Password = "mùa lúa chín đồng xa"

// Lines are the migrations that New needs.
func Lines() []sqldb.Line { return []sqldb.Line{journal.Line(), org.Line(), identity.Line()} }

// House is package org and package identity on a database.
type House struct {
	DB       *sqldb.DB
	Journal  *journal.Journal
	Org      *org.Service
	Identity *identity.Service
	Clock    *Clock
}

// Clock is a clock that tests set.
type Clock struct{ now time.Time }

// Now returns the time of the test.
func (c *Clock) Now() time.Time { return c.now }

// Set moves the clock to a moment.
func (c *Clock) Set(t time.Time) { c.now = t }

// Add moves the clock on.
func (c *Clock) Add(d time.Duration) { c.now = c.now.Add(d) }

// Options change how New builds the house.
type Options struct {
	Journal  journal.Options
	Identity identity.Options
}

// New builds a house on a database migrated with Lines. The clock stands at
// 09:00 on Tuesday 3 November 2026 and password hashing is cheap.
func New(t testing.TB, db *sqldb.DB, change ...func(*Options)) *House {
	t.Helper()
	h := &House{DB: db, Clock: &Clock{now: civil.MustDate("2026-11-03").At(9, 0)}}
	o := Options{
		Journal:  journal.Options{Now: h.Clock.Now},
		Identity: identity.Options{Now: h.Clock.Now, Argon: identity.Argon{MemoryKiB: 8, Passes: 1, Threads: 1}},
	}
	for _, f := range change {
		f(&o)
	}
	var err error
	if h.Journal, err = journal.New(db, o.Journal); err != nil {
		t.Fatal(err)
	}
	h.Org = org.New(org.Deps{DB: db, Journal: h.Journal, Now: h.Clock.Now})
	if h.Identity, err = identity.New(identity.Deps{DB: db, Journal: h.Journal, Org: h.Org, Options: o.Identity}); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := h.Org.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.Identity.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return h
}

// AsSystem is a context in which the program itself acts.
func AsSystem() context.Context { return identity.With(context.Background(), identity.System) }

// Agency makes an agency below parentID ("" a root) that has existed since 2025-07-01.
func (h *House) Agency(t testing.TB, code, name, parentID string) org.Agency {
	t.Helper()
	a := org.Agency{Code: code, Name: name, ParentID: parentID, Kind: org.KindCommune, Level: org.LevelCommune,
		ReceivesDossiers: true, ValidFrom: civil.MustDate("2025-07-01")}
	if parentID == "" {
		a.Kind, a.Level = org.KindProvince, org.LevelProvince
	}
	made, err := h.Org.CreateAgency(AsSystem(), a)
	if err != nil {
		t.Fatalf("making agency %s: %v", code, err)
	}
	return made
}

// Staff makes a staff account at an agency with a post that has the given roles
// (none: no post).
func (h *House) Staff(t testing.TB, login, name string, at org.Agency, roles ...string) identity.Account {
	t.Helper()
	ctx := AsSystem()
	hash, err := h.Identity.HashPassword(ctx, Password)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Identity.CreateStaff(ctx, identity.NewAccount{Login: login, Name: name, AgencyID: at.ID, Hash: hash})
	if err != nil {
		t.Fatalf("making staff %s: %v", login, err)
	}
	if len(roles) > 0 {
		h.Post(t, "Vị trí "+login, at, a.ID, roles...)
	}
	return a
}

// Post makes a post with the given roles and puts the account on it, open from today.
func (h *House) Post(t testing.TB, title string, at org.Agency, accountID string, roles ...string) (org.Post, org.Holding) {
	t.Helper()
	ctx := AsSystem()
	p, err := h.Org.SavePost(ctx, org.Post{AgencyID: at.ID, Title: title, Roles: roles})
	if err != nil {
		t.Fatalf("making post %s: %v", title, err)
	}
	held, err := h.Org.Assign(ctx, org.AssignInput{PostID: p.ID, AccountID: accountID})
	if err != nil {
		t.Fatalf("assigning post %s: %v", title, err)
	}
	return p, held
}

// Citizen makes the account of a citizen.
func (h *House) Citizen(t testing.TB, citizenNo, name string) identity.Account {
	t.Helper()
	ctx := AsSystem()
	hash, err := h.Identity.HashPassword(ctx, Password)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Identity.Register(ctx, identity.NewAccount{
		Kind: identity.KindCitizen, CitizenNo: citizenNo, Name: name, Birth: civil.MustPartial("1990"), Phone: "0912345678", Hash: hash,
	})
	if err != nil {
		t.Fatalf("making citizen: %v", err)
	}
	return a
}

// As is a context in which the account acts, with the posts it holds at the
// moment of the test's clock.
func (h *House) As(t testing.TB, accountID string) context.Context {
	t.Helper()
	a, err := h.Identity.Actor(context.Background(), accountID)
	if err != nil {
		t.Fatalf("building actor: %v", err)
	}
	return identity.With(context.Background(), a)
}

// Actor is an actor out of thin air, for tests that need no database: a staff
// member with one post of the given roles' permissions at the agency path.
func Actor(path string, perms ...string) identity.Actor {
	return identity.Actor{AccountID: id.New(), Kind: identity.KindStaff, Name: "Trần Thử", Via: "session",
		Posts: []identity.HeldPost{{PostID: id.New(), Title: "Chuyên viên", AgencyID: org.PathIDs(path)[0], AgencyPath: path, Perms: perms}}}
}

// clientFor is a client of its own for every login, so that tests that sign many in
// are not slowed down.
func clientFor(login string) identity.Client {
	var b [4]byte
	for i := range login {
		b[i%4] = b[i%4]*31 + login[i]
	}
	return identity.Client{Address: netip.AddrFrom4(b)}
}
