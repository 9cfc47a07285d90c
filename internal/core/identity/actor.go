package identity

import (
	"context"
	"slices"
	"strings"

	"motcua/internal/platform/civil"
)

// Kind is the kind of an account.
type Kind string

// The kinds of account.
const (
	KindCitizen      Kind = "citizen"      // cá nhân
	KindOrganisation Kind = "organisation" // tổ chức, doanh nghiệp
	KindStaff        Kind = "staff"        // cán bộ, công chức, viên chức
	KindSystem       Kind = "system"       // the program itself
)

// The permissions of the house. Which role carries which is data (see [Role]).
const (
	DossierRead    = "dossier.read"
	DossierReceive = "dossier.receive"
	DossierProcess = "dossier.process"
	DossierApprove = "dossier.approve"
	DossierAssign  = "dossier.assign"
	DossierReturn  = "dossier.return"
	StatsRead      = "stats.read"
	AdminOrg       = "admin.org"
	AdminAccounts  = "admin.accounts"
	AdminCatalogue = "admin.catalogue"
	AdminPacks     = "admin.packs"
	AdminCalendar  = "admin.calendar"
	AuditRead      = "audit.read"
)

// Permissions lists every permission, in the order of a menu.
func Permissions() []string {
	return []string{
		DossierRead, DossierReceive, DossierProcess, DossierApprove, DossierAssign, DossierReturn, StatsRead,
		AdminOrg, AdminAccounts, AdminCatalogue, AdminPacks, AdminCalendar, AuditRead,
	}
}

// Actor is whoever acts in a request: an account with what it may do at this
// moment. The zero Actor is a visitor who has not signed in.
type Actor struct {
	AccountID string
	Kind      Kind
	Login     string
	Name      string
	CitizenNo string // citizens
	TaxCode   string // organisations
	Via       string // "session", "token" or "system"
	Posts     []HeldPost
}

// HeldPost is a post the actor holds now, with the permissions of its roles.
type HeldPost struct {
	PostID, Title                string
	AgencyID, AgencyPath         string
	AgencyName                   string
	DepartmentID, DepartmentName string
	Roles, Perms                 []string
	DelegatedFrom                string     // account id of whoever delegated the post; "" for the holder proper
	Until                        civil.Date // last day of holding it, none while open
	Former                       []string   // paths of ended agencies whose archive this one keeps; see [archive]
}

// archive are the permissions that reach what an agency took over from others that
// a decree ended (cơ quan kế thừa): its open work has moved to the successor, its
// archive and past figures stay where they were and are read from there.
var archive = []string{DossierRead, StatsRead}

// reaches reports whether a post reaches an agency with a permission it carries.
func (p *HeldPost) reaches(perm, agencyPath string) bool {
	if p.AgencyPath == "" || !slices.Contains(p.Perms, perm) {
		return false
	}
	if strings.HasPrefix(agencyPath, p.AgencyPath) {
		return true
	}
	return len(p.Former) > 0 && slices.Contains(archive, perm) && slices.ContainsFunc(p.Former, func(f string) bool { return strings.HasPrefix(agencyPath, f) })
}

// SignedIn reports whether an account stands behind the actor.
func (a Actor) SignedIn() bool { return a.AccountID != "" }

// May reports whether the actor holds the permission anywhere.
func (a Actor) May(perm string) bool {
	if a.Kind == KindSystem {
		return true
	}
	for i := range a.Posts {
		if slices.Contains(a.Posts[i].Perms, perm) {
			return true
		}
	}
	return false
}

// MayAt reports whether the actor holds the permission at the agency with the
// given path: on a post of that agency or of one above it, or, to read, of the one
// that keeps its archive.
func (a Actor) MayAt(perm, agencyPath string) bool {
	if a.Kind == KindSystem {
		return true
	}
	if agencyPath == "" {
		return false
	}
	for i := range a.Posts {
		if a.Posts[i].reaches(perm, agencyPath) {
			return true
		}
	}
	return false
}

// Scope returns the agency paths the permission reaches, each with everything
// below it, without doubles and without paths inside one another. The system
// reaches "/", that is all; whoever lacks the permission gets none. See [Within].
func (a Actor) Scope(perm string) []string {
	if a.Kind == KindSystem {
		return []string{"/"}
	}
	var paths []string
	for i := range a.Posts {
		if p := &a.Posts[i]; p.AgencyPath != "" && slices.Contains(p.Perms, perm) {
			paths = append(paths, p.AgencyPath)
			if slices.Contains(archive, perm) {
				paths = append(paths, p.Former...)
			}
		}
	}
	slices.Sort(paths)
	kept := paths[:0]
	for _, p := range paths { // sorted, a path stands right before what lies inside it
		if n := len(kept); n == 0 || !strings.HasPrefix(p, kept[n-1]) {
			kept = append(kept, p)
		}
	}
	return kept
}

// RolesAt returns the roles the actor holds on posts of exactly this agency,
// sorted, without doubles.
func (a Actor) RolesAt(agencyID string) []string {
	var roles []string
	for i := range a.Posts {
		if a.Posts[i].AgencyID == agencyID {
			roles = append(roles, a.Posts[i].Roles...)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// System is the program itself: schedules, jobs, packs, demonstrations. It may
// everything; never put it into the context of a request.
var System = Actor{AccountID: "system", Kind: KindSystem, Login: "system", Name: "Hệ thống", Via: "system"}

type ctxKey int

const (
	actorKey ctxKey = iota
	sessionKey
)

// From returns the actor of ctx, the zero Actor when nobody has signed in.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey).(Actor)
	return a
}

// With returns a context in which a acts.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey, a) }
