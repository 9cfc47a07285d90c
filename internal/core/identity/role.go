package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
)

// Role is a bundle of permissions that a post carries (vai trò). Roles are data:
// the house ships some, packs add more.
type Role struct {
	Code  string    `yaml:"code" json:"code"`
	Name  i18n.Text `yaml:"name" json:"name"`
	Perms []string  `yaml:"perms" json:"perms"`
	Pack  string    `yaml:"-" json:"pack,omitempty"` // which pack brought it; "" for the house
}

// ShippedRoles returns the roles that every installation has.
func ShippedRoles() []Role {
	return []Role{
		{"counter_clerk", i18n.Text{VI: "Công chức một cửa", EN: "Counter clerk"}, []string{DossierRead, DossierReceive, DossierReturn}, ""},
		{"officer", i18n.Text{VI: "Chuyên viên", EN: "Officer"}, []string{DossierRead, DossierProcess}, ""},
		{"head", i18n.Text{VI: "Trưởng phòng", EN: "Head of department"}, []string{DossierRead, DossierProcess, DossierAssign, StatsRead}, ""},
		{"leader", i18n.Text{VI: "Lãnh đạo", EN: "Leader"}, []string{DossierRead, DossierApprove, DossierAssign, StatsRead}, ""},
		{"records_clerk", i18n.Text{VI: "Văn thư", EN: "Records clerk"}, []string{DossierRead, DossierReturn}, ""},
		{"admin", i18n.Text{VI: "Quản trị", EN: "Administrator"}, []string{AdminOrg, AdminAccounts, AdminCatalogue, AdminPacks, AdminCalendar, StatsRead}, ""},
		{"auditor", i18n.Text{VI: "Kiểm tra, giám sát", EN: "Auditor"}, []string{AuditRead, StatsRead}, ""},
	}
}

// Roles returns every role in use, those of the house first.
func (s *Service) Roles(ctx context.Context) ([]Role, error) {
	k, err := s.knowledge(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(k.roles), nil
}

// RoleNames returns the names of all roles by code.
func (s *Service) RoleNames(ctx context.Context) (map[string]i18n.Text, error) {
	k, err := s.knowledge(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]i18n.Text, len(k.roles))
	for _, r := range k.roles {
		names[r.Code] = r.Name
	}
	return names, nil
}

// CheckRoles says what is wrong with roles that a pack declares: an empty or
// doubled code, a missing name, a permission that does not exist, the code of
// a role that somebody else brought.
func (s *Service) CheckRoles(ctx context.Context, pack string, roles []Role) ([]error, error) {
	k, err := s.knowledge(ctx)
	if err != nil {
		return nil, err
	}
	owner := map[string]string{}
	for _, r := range k.roles {
		owner[r.Code] = r.Pack
	}
	var faults []error
	seen := map[string]bool{}
	for i, r := range roles {
		at := func(field, format string, args ...any) {
			faults = append(faults, RoleError{fmt.Sprintf("roles[%d].%s", i, field), fmt.Sprintf(format, args...)})
		}
		switch from, taken := owner[r.Code]; {
		case r.Code == "":
			at("code", "a role needs a code")
		case seen[r.Code]:
			at("code", "the role %q stands twice", r.Code)
		case taken && from != pack:
			at("code", "the role %q belongs to %s", r.Code, cmpOr(from, "the house"))
		}
		seen[r.Code] = true
		if r.Name.VI == "" {
			at("name", "a role needs a Vietnamese name")
		}
		for j, p := range r.Perms {
			if !slices.Contains(Permissions(), p) {
				at(fmt.Sprintf("perms[%d]", j), "there is no permission %q", p)
			}
		}
	}
	return faults, nil
}

// RoleError is one thing wrong with the roles of a pack.
type RoleError struct{ at, text string }

// Error says what is wrong.
func (f RoleError) Error() string { return f.text }

// At is the place inside the declaration, "roles[0].perms[2]".
func (f RoleError) At() string { return f.at }

// SaveRoles makes the roles of a pack exactly these, in the transaction that
// loads the pack. A role that is gone keeps existing for the posts that carry it
// but gives no permission.
func (s *Service) SaveRoles(ctx context.Context, tx *sqldb.Tx, pack string, roles []Role) error {
	codes := make(map[string]bool, len(roles))
	for i, r := range roles {
		codes[r.Code] = true
		if err := saveRole(ctx, tx, pack, r, 1000+i); err != nil {
			return err
		}
	}
	rows, err := tx.Query(ctx, `SELECT code FROM identity_role WHERE pack = $1 AND removed_at IS NULL LIMIT 1000`, pack)
	old, err := sqldb.Strings(rows, err)
	if err != nil {
		return fmt.Errorf("list roles of pack: %w", err)
	}
	for _, code := range old {
		if codes[code] {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE identity_role SET removed_at = $1 WHERE code = $2`, sqldb.Millis(s.now()), code); err != nil {
			return fmt.Errorf("retire role: %w", err)
		}
	}
	return s.changed(ctx, tx)
}

func saveRole(ctx context.Context, tx *sqldb.Tx, pack string, r Role, order int) error {
	name, err := json.Marshal(r.Name)
	if err != nil {
		return fmt.Errorf("encode role: %w", err)
	}
	perms, err := json.Marshal(r.Perms)
	if err != nil {
		return fmt.Errorf("encode role: %w", err)
	}
	n, err := tx.Exec(ctx, `INSERT INTO identity_role (code, name, perms, pack, sort_order) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (code) DO UPDATE SET name = excluded.name, perms = excluded.perms, sort_order = excluded.sort_order, removed_at = NULL
		WHERE identity_role.pack = excluded.pack`, r.Code, string(name), string(perms), pack, order)
	if err != nil {
		return fmt.Errorf("store role: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("role %s belongs to another pack", r.Code)
	}
	return nil
}

func loadRoles(ctx context.Context, r sqldb.Reader) ([]Role, error) {
	rows, err := r.Query(ctx, `SELECT code, name, perms, pack FROM identity_role WHERE removed_at IS NULL ORDER BY sort_order, code LIMIT 1000`)
	list, err := sqldb.Collect[Role](rows, err)(func(r *sqldb.Rows) (role Role, err error) {
		var name, perms string
		if err := r.Scan(&role.Code, &name, &perms, &role.Pack); err != nil {
			return role, err
		}
		if err := json.Unmarshal([]byte(name), &role.Name); err != nil {
			return role, err
		}
		return role, json.Unmarshal([]byte(perms), &role.Perms)
	})
	if err != nil {
		return nil, fmt.Errorf("load roles: %w", err)
	}
	return list, nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
