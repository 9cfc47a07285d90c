package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
)

// founded is the first day of the demo agencies: the day the two-level government began.
var founded = civil.MustDate("2025-07-01")

// cast is who lives and works in a province: everything about people that follows
// from seed, size and day alone.
type cast struct {
	staff    []staffMember
	citizens []person
}

type staffMember struct {
	spec   staffSpec
	agency *agencySpec
	name   string
	gender string
}

func casting(seed uint64, citizens int, today civil.Date) cast {
	r := rand.New(rand.NewPCG(seed, 1))
	var c cast
	for i := range province {
		for _, s := range province[i].Staff {
			gender := anyGender(r)
			c.staff = append(c.staff, staffMember{spec: s, agency: &province[i], name: name(r, "", gender), gender: gender})
		}
	}
	c.citizens = people(r, citizens, today)
	return c
}

// shownCitizens is how many of the citizens are printed with the accounts.
const shownCitizens = 5

// accounts lists who may sign in: the first few citizens and all staff.
func (c cast) accounts() []Account {
	var list []Account
	for _, p := range c.citizens[:min(shownCitizens, len(c.citizens))] {
		list = append(list, Account{Login: p.CitizenNo, Password: Password, Role: roleCitizen, Name: p.Name})
	}
	for _, m := range c.staff {
		list = append(list, Account{Login: m.spec.Login, Password: Password, Role: m.spec.Role, Agency: m.agency.Code, Name: m.name, Title: m.spec.Title})
	}
	return list
}

// town is the settled province: who can act, and where.
type town struct {
	offices  map[string]*office // by key
	byID     map[string]*office
	citizens []person
	actors   map[string]identity.Actor // citizens, by account
}

// office is one agency with its people and its hours.
type office struct {
	key    string
	agency org.Agency
	cal    calendar.Calendar
	staff  []*worker
}

type worker struct {
	actor identity.Actor
	spec  staffSpec
}

// settle makes agencies, posts, staff and citizens.
func (d *Demo) settle(ctx context.Context, c cast) (*town, error) {
	ctx = identity.With(ctx, identity.System)
	hash, err := d.Identity.HashPassword(ctx, Password)
	if err != nil {
		return nil, err
	}
	t := &town{offices: map[string]*office{}, byID: map[string]*office{}, actors: map[string]identity.Actor{}}
	posts := map[string]string{} // login → post
	for i := range province {
		if err := d.foundAgency(ctx, t, &province[i], posts); err != nil {
			return nil, err
		}
	}
	if err := d.employ(ctx, t, c, posts, hash); err != nil {
		return nil, err
	}
	for _, o := range t.offices {
		if o.cal, err = d.Org.Calendar(ctx, o.agency.ID, time.Time{}); err != nil {
			return nil, err
		}
	}
	return t, d.populate(ctx, t, c, hash)
}

func (d *Demo) foundAgency(ctx context.Context, t *town, spec *agencySpec, posts map[string]string) error {
	a := org.Agency{
		Code: spec.Code, Name: spec.Name, ShortName: spec.Short, Kind: org.Kind(spec.Kind), Level: org.Level(spec.Level), Address: spec.Address, Phone: spec.Phone,
		Email: "vanthu." + strings.ToLower(strings.ReplaceAll(spec.Code, ".", "-")) + "@anbinh.example", ReceivesDossiers: spec.Counter, ValidFrom: founded,
	}
	if up := t.offices[spec.Parent]; up != nil {
		a.ParentID = up.agency.ID
	}
	a, err := d.Org.CreateAgency(ctx, a)
	if err != nil {
		return fmt.Errorf("agency %s: %w", spec.Code, err)
	}
	o := &office{key: spec.Key, agency: a}
	t.offices[spec.Key], t.byID[a.ID] = o, o
	departments := map[string]string{}
	for _, name := range spec.Departments {
		dep, err := d.Org.SaveDepartment(ctx, org.Department{AgencyID: a.ID, Name: name})
		if err != nil {
			return fmt.Errorf("department %s: %w", name, err)
		}
		departments[name] = dep.ID
	}
	for _, s := range spec.Staff {
		post, err := d.Org.SavePost(ctx, org.Post{AgencyID: a.ID, DepartmentID: departments[s.Department], Title: s.Title, Roles: []string{s.Role}})
		if err != nil {
			return fmt.Errorf("post %s: %w", s.Title, err)
		}
		posts[s.Login] = post.ID
	}
	return nil
}

func (d *Demo) employ(ctx context.Context, t *town, c cast, posts map[string]string, hash string) error {
	many := make([]identity.NewAccount, len(c.staff))
	for i, m := range c.staff {
		many[i] = identity.NewAccount{
			Kind: identity.KindStaff, Login: m.spec.Login, Name: m.name, Gender: m.gender, AgencyID: t.offices[m.agency.Key].agency.ID, Hash: hash,
			Email: m.spec.Login + "@anbinh.example", Assurance: identity.AtCounter,
		}
	}
	made, err := d.Identity.CreateAccounts(ctx, many)
	if err != nil {
		return fmt.Errorf("staff: %w", err)
	}
	for _, a := range made {
		if _, err := d.Org.Assign(ctx, org.AssignInput{PostID: posts[a.Login], AccountID: a.ID, From: founded, Basis: "Quyết định phân công công tác (mẫu)"}); err != nil {
			return fmt.Errorf("post of %s: %w", a.Login, err)
		}
	}
	for i, a := range made {
		actor, err := d.Identity.Actor(ctx, a.ID)
		if err != nil {
			return err
		}
		o := t.offices[c.staff[i].agency.Key]
		o.staff = append(o.staff, &worker{actor: actor, spec: c.staff[i].spec})
	}
	return nil
}

func (d *Demo) populate(ctx context.Context, t *town, c cast, hash string) error {
	const atOnce = 500
	t.citizens = slices.Clone(c.citizens)
	for from := 0; from < len(t.citizens); from += atOnce {
		some := t.citizens[from:min(from+atOnce, len(t.citizens))]
		many := make([]identity.NewAccount, len(some))
		for i, p := range some {
			many[i] = identity.NewAccount{
				Kind: identity.KindCitizen, Name: p.Name, CitizenNo: p.CitizenNo, Birth: p.Birth.Partial(), Gender: p.Gender,
				Phone: p.Phone, Email: p.Email, Address: p.Address, Hash: hash, Assurance: identity.EIdentity,
			}
		}
		made, err := d.Identity.CreateAccounts(ctx, many)
		if err != nil {
			return fmt.Errorf("citizens: %w", err)
		}
		for i, a := range made {
			some[i].AccountID = a.ID
			if t.actors[a.ID], err = d.Identity.Actor(ctx, a.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// whoIs finds somebody of a role for a field of procedures, who is none of those
// named when there is another.
func (o *office) whoIs(role, field string, not ...*worker) *worker {
	var best *worker
	score := -1
	for _, w := range o.staff {
		if w.spec.Role != role {
			continue
		}
		s := 0
		if len(w.spec.Fields) == 0 || slices.ContainsFunc(w.spec.Fields, func(f string) bool { return strings.HasPrefix(field, f) }) {
			s++
		}
		if !slices.Contains(not, w) {
			s += 2
		}
		if s > score {
			best, score = w, s
		}
	}
	return best
}
