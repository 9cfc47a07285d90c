package identity

import (
	"context"
	"fmt"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// StaffChange is what an administrator may change about a colleague.
type StaffChange struct {
	AccountID, Name, Phone, Email, AgencyID string
	Rev                                     int64
}

// UpdateStaff changes a staff account; moving it to another agency needs the right at both.
func (s *Service) UpdateStaff(ctx context.Context, c StaffChange) (Account, error) {
	me := From(ctx)
	agency, agencyErr := s.org.Agency(ctx, c.AgencyID)
	if agencyErr != nil && !errs.Is(agencyErr, errs.NotFound) {
		return Account{}, agencyErr
	}
	var made Account
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		a, _, err := s.byID(ctx, tx, c.AccountID)
		if err != nil {
			return err
		}
		if a.Kind != KindStaff || !me.administers(a) {
			return errAccountNotFound()
		}
		a.Name = fold.Clean(c.Name)
		bad := length("name", a.Name, true, 150)
		bad = append(bad, a.contact(c.Phone, c.Email, a.Lang, false)...)
		if agencyErr != nil || !me.MayAt(AdminAccounts, agency.Path) {
			bad = append(bad, errs.Bad("agency_id", "identity.choose"))
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		moved := a.AgencyID != agency.ID
		a.AgencyID, a.AgencyPath, a.Rev = agency.ID, agency.Path, c.Rev
		n, err := updateAccount(ctx, tx, a)
		if err != nil {
			return fmt.Errorf("store account: %w", err)
		}
		if n == 0 {
			return errs.NewConflict("identity.changed-meanwhile")
		}
		a.Rev++
		made = a
		return s.record(ctx, tx, a.ID, "identity.account-changed", map[string]any{"agency": a.AgencyID, "moved": moved})
	})
	return made, err
}

// SetState suspends an account, lets it in again, or closes it for good. Leaving
// Active ends its sessions; closing also ends its posts and tokens. Nobody does it to
// themselves, nor to somebody who also holds a post beyond their scope.
func (s *Service) SetState(ctx context.Context, accountID string, to State, reason string) (Account, error) {
	me := From(ctx)
	reason = fold.Clean(reason)
	elsewhere := s.mayTakeOver(ctx, accountID)
	var made Account
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		a, _, err := s.byID(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if !me.administers(a) {
			return errAccountNotFound()
		}
		if elsewhere != nil {
			return elsewhere
		}
		if a.ID == me.AccountID {
			return errs.NewConflict("identity.not-yourself")
		}
		bad := length("reason", reason, true, 500)
		if to != Active && to != Suspended && to != Closed {
			bad = append(bad, errs.Bad("state", "identity.choose"))
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		from := a.State
		made = a
		if from == to {
			return nil
		}
		a.State = to
		if _, err := updateAccount(ctx, tx, a); err != nil {
			return fmt.Errorf("store state: %w", err)
		}
		if to != Active {
			if _, err := s.endSessions(ctx, tx, a.ID, ""); err != nil {
				return err
			}
		}
		if to == Closed {
			if err := s.org.EndHoldingsOf(ctx, tx, a.ID); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE identity_token SET revoked_at = $1 WHERE account_id = $2 AND revoked_at IS NULL`, sqldb.Millis(s.now()), a.ID); err != nil {
				return fmt.Errorf("revoke tokens: %w", err)
			}
		}
		if err := s.changed(ctx, tx); err != nil {
			return err
		}
		a.Rev++
		made = a
		return s.record(ctx, tx, a.ID, "identity.state-changed", map[string]any{"from": from, "to": to, "reason": reason})
	})
	return made, err
}

// linkLife is how long a one-time link waits.
const linkLife = 72 * time.Hour

// ResetLink makes the secret of a one-time link with which the account's password
// is set, for an administrator to hand over; earlier links end. The secret is shown once.
// It is refused (errs.Conflict identity.holds-elsewhere) for somebody who also holds
// a post beyond the actor's scope.
func (s *Service) ResetLink(ctx context.Context, accountID string) (secret string, until time.Time, err error) {
	me := From(ctx)
	elsewhere := s.mayTakeOver(ctx, accountID)
	if secret, err = newSecret(); err != nil {
		return "", time.Time{}, err
	}
	until = s.now().UTC().Add(linkLife)
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		a, _, err := s.byID(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if !me.administers(a) {
			return errAccountNotFound()
		}
		if elsewhere != nil {
			return elsewhere
		}
		if a.State != Active {
			return errs.NewConflict("identity.suspended")
		}
		now := sqldb.Millis(s.now())
		if _, err := tx.Exec(ctx, `UPDATE identity_link SET used_at = $1 WHERE account_id = $2 AND used_at IS NULL`, now, a.ID); err != nil {
			return fmt.Errorf("end earlier links: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO identity_link (hash, account_id, created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5)`,
			hashSecret(secret), a.ID, now, me.AccountID, sqldb.Millis(until)); err != nil {
			return fmt.Errorf("store link: %w", err)
		}
		return s.record(ctx, tx, a.ID, "identity.reset-link-made", map[string]any{"until": until})
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return secret, until, nil
}
