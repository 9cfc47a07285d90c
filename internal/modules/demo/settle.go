package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
)

// Password is the one password of every demo account. It is printed at start: the
// demo guards nothing.
const Password = "motcua-demo-2026"

// AccountsFile is where the demo accounts stand, in the data folder.
const AccountsFile = "demo-accounts.json"

// Account is one line of the demo accounts, for people and for tests.
type Account struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Role     string `json:"role"`   // role code of staff; "citizen"
	Agency   string `json:"agency"` // agency id of staff, "" for citizens
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
}

// founded is the first day of the demo agencies: the day the two-level government began.
var founded = civil.MustDate("2025-07-01")

// town is the settled province: who is who in it.
type town struct {
	agencies map[string]org.Agency // by code
	staff    []worker
	citizens []resident
}

type worker struct {
	actor   identity.Actor
	role    string
	agency  string // agency id (row)
	account Account
}

type resident struct {
	person
	AccountID string
}

// settle makes agencies, posts, staff and citizens.
func (d *Demo) settle(ctx context.Context, citizens int) (*town, error) {
	ctx = identity.With(ctx, identity.System)
	hash, err := d.identity.HashPassword(ctx, Password)
	if err != nil {
		return nil, err
	}
	t := &town{agencies: map[string]org.Agency{}}
	keys := map[string]org.Agency{}
	r := rand.New(rand.NewPCG(seed, 1))
	var staff []identity.NewAccount
	var posts []string
	var specs []staffSpec
	for _, spec := range province {
		a, err := d.org.CreateAgency(ctx, org.Agency{
			Code: spec.Code, Name: spec.Name, ShortName: spec.Short, Kind: org.Kind(spec.Kind), Level: org.Level(spec.Level),
			ParentID: keys[spec.Parent].ID, Address: spec.Address, Phone: spec.Phone,
			Email: "vanthu." + strings.ToLower(strings.ReplaceAll(spec.Code, ".", "-")) + "@anbinh.example", ReceivesDossiers: spec.Counter, ValidFrom: founded,
		})
		if err != nil {
			return nil, fmt.Errorf("agency %s: %w", spec.Code, err)
		}
		keys[spec.Key], t.agencies[a.Code] = a, a
		departments := map[string]string{}
		for _, name := range spec.Departments {
			dep, err := d.org.SaveDepartment(ctx, org.Department{AgencyID: a.ID, Name: name})
			if err != nil {
				return nil, fmt.Errorf("department %s: %w", name, err)
			}
			departments[name] = dep.ID
		}
		for _, s := range spec.Staff {
			post, err := d.org.SavePost(ctx, org.Post{AgencyID: a.ID, DepartmentID: departments[s.Department], Title: s.Title, Roles: []string{s.Role}})
			if err != nil {
				return nil, fmt.Errorf("post %s: %w", s.Title, err)
			}
			gender := pick(r, []string{"male", "female"})
			staff = append(staff, identity.NewAccount{
				Kind: identity.KindStaff, Login: s.Login, Name: name(r, gender), Gender: gender, AgencyID: a.ID, Hash: hash,
				Email: s.Login + "@anbinh.example", Assurance: identity.AtCounter,
			})
			posts = append(posts, post.ID)
			specs = append(specs, s)
		}
	}
	made, err := d.identity.CreateAccounts(ctx, staff)
	if err != nil {
		return nil, fmt.Errorf("staff: %w", err)
	}
	for i, a := range made {
		if _, err := d.org.Assign(ctx, org.AssignInput{PostID: posts[i], AccountID: a.ID, From: founded, Basis: "Quyết định phân công công tác (mẫu)"}); err != nil {
			return nil, fmt.Errorf("post of %s: %w", a.Login, err)
		}
		agency, err := d.org.Agency(ctx, a.AgencyID)
		if err != nil {
			return nil, err
		}
		actor, err := d.identity.ActorOf(ctx, a.ID)
		if err != nil {
			return nil, err
		}
		t.staff = append(t.staff, worker{actor: actor, role: specs[i].Role, agency: a.AgencyID, account: Account{
			Login: a.Login, Password: Password, Role: specs[i].Role, Agency: agency.Code, Name: a.Name, Title: specs[i].Title,
		}})
	}
	return t, d.populate(ctx, t, r, hash, citizens)
}

func (d *Demo) populate(ctx context.Context, t *town, r *rand.Rand, hash string, n int) error {
	var many []identity.NewAccount
	all := people(r, n, d.today)
	commune := []string{"phường Bình Minh", "xã An Phú"}
	for i := range all {
		all[i].Address += ", " + commune[i%2] + ", tỉnh An Bình"
		p := all[i]
		many = append(many, identity.NewAccount{
			Kind: identity.KindCitizen, Name: p.Name, CitizenNo: p.CitizenNo, Birth: civil.DateOf(p.Birth).Partial(), Gender: p.Gender,
			Phone: p.Phone, Email: p.Email, Address: p.Address, Hash: hash, Assurance: identity.EIdentity,
		})
	}
	made, err := d.identity.CreateAccounts(ctx, many)
	if err != nil {
		return fmt.Errorf("citizens: %w", err)
	}
	for i, a := range made {
		t.citizens = append(t.citizens, resident{person: all[i], AccountID: a.ID})
	}
	return nil
}

// accounts lists who may sign in: all staff and the first few citizens.
func (t *town) accounts() []Account {
	var list []Account
	for _, c := range t.citizens[:min(5, len(t.citizens))] {
		list = append(list, Account{Login: c.CitizenNo, Password: Password, Role: "citizen", Name: c.Name})
	}
	for _, w := range t.staff {
		list = append(list, w.account)
	}
	return list
}

// writeAccounts keeps the accounts beside the data.
func writeAccounts(dir string, list []Account) error {
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, AccountsFile), append(b, '\n'), 0o600)
}

// ReadAccounts reads the accounts of a demo that was loaded before.
func ReadAccounts(dir string) ([]Account, error) {
	b, err := os.ReadFile(filepath.Join(dir, AccountsFile))
	if err != nil {
		return nil, err
	}
	var list []Account
	return list, json.Unmarshal(b, &list)
}

// moment is a working moment of a day: hours of 07:30 to 16:45.
func moment(r *rand.Rand, day civil.Date) time.Time {
	minutes := r.IntN(555) + 7*60 + 30
	return day.At(minutes/60, minutes%60)
}
