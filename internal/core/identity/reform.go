package identity

import (
	"context"
	"fmt"

	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// HomeMove is the account of a staff member whose agency a decree ended.
type HomeMove struct{ AccountID, FromID, ToID string }

// StaffAt lists the staff accounts that belong to an agency, in whatever state, by
// id: the account behind after and on, at most limit. It is for the administrators
// of the agency.
func (s *Service) StaffAt(ctx context.Context, r sqldb.Reader, a org.Agency, after string, limit int) ([]Listed, error) {
	if !From(ctx).MayAt(AdminOrg, a.Path) {
		return nil, errs.NewNotFound("org.agency-not-found")
	}
	rows, err := r.Query(ctx, `SELECT `+accountColumns+` FROM identity_account
		WHERE kind = 'staff' AND agency_path = $1 AND id > $2 ORDER BY id LIMIT $3`, a.Path, after, limit)
	list, err := sqldb.Collect[Account](rows, err)(func(r *sqldb.Rows) (Account, error) {
		a, _, err := scanAccount(r)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	out := make([]Listed, len(list))
	for i, a := range list {
		out[i] = a.listed()
	}
	return out, nil
}

// MoveHome writes accounts of an ended agency over to its successors, in the
// transaction of the decree. Sessions, passwords and tokens go on; the next page
// of each shows the new agency.
func (s *Service) MoveHome(ctx context.Context, tx *sqldb.Tx, decree string, from org.Agency, to map[string]org.Agency, moves []HomeMove) error {
	if !From(ctx).MayAt(AdminOrg, from.Path) {
		return errs.NewNotFound("org.agency-not-found")
	}
	for _, m := range moves {
		target, ok := to[m.ToID]
		if !ok {
			return fmt.Errorf("account %s goes to agency %s, which is not there", m.AccountID, m.ToID)
		}
		if _, err := tx.Exec(ctx, `UPDATE identity_account SET agency_id = $1, agency_path = $2, rev = rev + 1 WHERE id = $3 AND agency_id = $4`,
			target.ID, target.Path, m.AccountID, m.FromID); err != nil {
			return fmt.Errorf("move account: %w", err)
		}
		if err := s.record(ctx, tx, m.AccountID, "identity.agency-changed", map[string]any{"from": m.FromID, "to": m.ToID, "decree": decree}); err != nil {
			return err
		}
	}
	return s.changed(ctx, tx)
}
