package org

import (
	"context"
	"fmt"
	"slices"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// maxDelegation is the longest delegation (ủy quyền): it is limited in time by
// law (Luật Tổ chức chính quyền địa phương 2025), and a year is the most that a
// decision names in practice.
const maxDelegation = 366 // days

// AssignInput puts an account on a post.
type AssignInput struct {
	PostID, AccountID string
	From, To          civil.Date // From zero is today; To zero is open
	Basis             string     // the decision it rests on
}

// Assign puts a staff account on a post from a day to a day. An account holds a
// post once at a time.
func (s *Service) Assign(ctx context.Context, in AssignInput) (Holding, error) {
	if in.From.IsZero() {
		in.From = s.today()
	}
	in.Basis = fold.Clean(in.Basis)
	h := Holding{ID: id.New(), PostID: in.PostID, AccountID: in.AccountID, From: in.From, To: in.To, Basis: in.Basis}
	bad := length("basis", in.Basis, false, maxText)
	if !in.To.IsZero() && in.To.Before(in.From) {
		bad = append(bad, errs.Bad("to", "org.period"))
	}
	if b := s.checkHolder(ctx, in.AccountID); b != nil {
		bad = append(bad, *b)
	}
	err := s.write(ctx, func(tx *sqldb.Tx) error {
		p, err := loadPost(ctx, tx, in.PostID)
		if err != nil {
			return err
		}
		if err := s.mayChange(ctx, tx, p.AgencyID); err != nil {
			return err
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		if err := s.storeHolding(ctx, tx, h, ""); err != nil {
			return err
		}
		return s.record(ctx, tx, p.AgencyID, "org.post-assigned", map[string]any{
			"post": p.ID, "holding": h.ID, "account": h.AccountID, "from": h.From, "to": h.To, "basis": h.Basis,
		})
	})
	if err != nil {
		return Holding{}, err
	}
	return h, nil
}

// DelegateInput hands a held post to another account for some days.
type DelegateInput struct {
	HoldingID, AccountID string
	From, To             civil.Date // From zero is today; To is required
	Basis                string     // the written delegation, required
}

// Delegate lets another account act in a held post for a limited time (ủy quyền).
// The holder may delegate their own post, an administrator any. A delegation has
// an end, stays within the holding it comes from and is not delegated further.
func (s *Service) Delegate(ctx context.Context, in DelegateInput) (Holding, error) {
	if in.From.IsZero() {
		in.From = s.today()
	}
	in.Basis = fold.Clean(in.Basis)
	bad := length("basis", in.Basis, true, maxText)
	switch {
	case in.To.IsZero():
		bad = append(bad, errs.Bad("to", "org.delegation-needs-end"))
	case in.To.Before(in.From):
		bad = append(bad, errs.Bad("to", "org.period"))
	case in.To.DaysSince(in.From) > maxDelegation:
		bad = append(bad, errs.Bad("to", "org.delegation-too-long", "days", maxDelegation))
	}
	if b := s.checkHolder(ctx, in.AccountID); b != nil {
		bad = append(bad, *b)
	}
	h := Holding{ID: id.New(), AccountID: in.AccountID, From: in.From, To: in.To, Basis: in.Basis}
	var made Holding
	err := s.write(ctx, func(tx *sqldb.Tx) error {
		source, agency, err := s.holdingFor(ctx, tx, in.HoldingID, true)
		if err != nil {
			return err
		}
		bad := append([]errs.Field{}, bad...)
		if source.DelegatedFrom != "" {
			return errs.NewConflict("org.delegation-not-further")
		}
		if in.AccountID == source.AccountID {
			bad = append(bad, errs.Bad("account", "org.delegation-to-self"))
		}
		if in.From.Before(source.From) || !source.To.IsZero() && in.To.After(source.To) {
			bad = append(bad, errs.Bad("to", "org.delegation-beyond"))
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		made = h
		made.PostID, made.DelegatedFrom = source.PostID, source.AccountID
		if err := s.storeHolding(ctx, tx, made, source.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, agency.ID, "org.post-delegated", map[string]any{
			"post": made.PostID, "holding": made.ID, "source": source.ID, "by": source.AccountID, "account": made.AccountID,
			"from": made.From, "to": made.To, "basis": made.Basis,
		})
	})
	if err != nil {
		return Holding{}, err
	}
	return made, nil
}

// EndHolding ends a holding with lastDay, or at this moment when lastDay is zero.
// What was delegated from it ends with it. Whoever holds a post may end a
// delegation they gave.
func (s *Service) EndHolding(ctx context.Context, holdingID string, lastDay civil.Date) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		h, agency, err := s.holdingFor(ctx, tx, holdingID, false)
		if err != nil {
			return err
		}
		now := s.now()
		if lastDay.IsZero() {
			if _, err := tx.Exec(ctx, `UPDATE org_holding SET ended_at = $1 WHERE (id = $2 OR delegated_from = $2) AND ended_at IS NULL`,
				sqldb.Millis(now), holdingID); err != nil {
				return fmt.Errorf("end holding: %w", err)
			}
		} else {
			if lastDay.Before(h.From) || lastDay.Before(s.today()) {
				return errs.NewInvalid(errs.Bad("to", "org.end-in-past"))
			}
			if _, err := tx.Exec(ctx, `UPDATE org_holding SET to_day = $1 WHERE (id = $2 OR delegated_from = $2) AND ended_at IS NULL
				AND (to_day IS NULL OR to_day > $1)`, lastDay, holdingID); err != nil {
				return fmt.Errorf("end holding: %w", err)
			}
		}
		return s.record(ctx, tx, agency.ID, "org.post-ended", map[string]any{
			"post": h.PostID, "holding": h.ID, "account": h.AccountID, "last_day": lastDay,
		})
	})
}

// EndHoldingsOf ends, at this moment, everything an account holds and everything
// delegated from it; package identity calls it when an account is suspended.
func (s *Service) EndHoldingsOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	now := sqldb.Millis(s.now())
	if _, err := tx.Exec(ctx, `UPDATE org_holding SET ended_at = $1 WHERE ended_at IS NULL AND (account_id = $2 OR delegated_by = $2)`, now, accountID); err != nil {
		return fmt.Errorf("end holdings: %w", err)
	}
	return s.changed(ctx, tx)
}

// HoldingsOf returns the posts an account holds at a moment, with their agencies.
// Posts that were closed and agencies that are over do not count.
func (s *Service) HoldingsOf(ctx context.Context, accountID string, at time.Time) ([]HeldPost, error) {
	held, err := heldPosts(ctx, s.db, heldFilter{accountID: accountID, at: at})
	if err != nil {
		return nil, err
	}
	return s.withAgencies(ctx, held, at)
}

// Reach returns the paths of the agencies in which an account holds a post, now
// or at a later day: whoever takes the account over would act there.
func (s *Service) Reach(ctx context.Context, accountID string) ([]string, error) {
	rows, err := s.db.Query(ctx, `SELECT DISTINCT p.agency_id FROM org_holding h JOIN org_post p ON p.id = h.post_id
		WHERE h.account_id = $1 AND h.ended_at IS NULL AND (h.to_day IS NULL OR h.to_day >= $2) AND p.closed_at IS NULL LIMIT 500`,
		accountID, s.today().String())
	ids, err := sqldb.Strings(rows, err)
	if err != nil {
		return nil, fmt.Errorf("find where posts are held: %w", err)
	}
	agencies, err := s.AgenciesByID(ctx, ids...)
	if err != nil {
		return nil, err
	}
	paths := make([]string, 0, len(agencies))
	for _, a := range agencies {
		paths = append(paths, a.Path)
	}
	slices.Sort(paths)
	return paths, nil
}

// Holder is somebody on a post.
type Holder struct {
	AccountID string
	HeldPost
}

// HolderQuery says which holders to find.
type HolderQuery struct {
	AgencyID     string
	DepartmentID string    // "" any
	Role         string    // "" any
	At           time.Time // zero is now
}

// Holders returns who holds posts of an agency at a moment, at most 500: whom a
// dossier can be assigned to.
func (s *Service) Holders(ctx context.Context, q HolderQuery) ([]Holder, error) {
	if q.At.IsZero() {
		q.At = s.now()
	}
	rows, err := heldRows(ctx, s.db, heldFilter{agencyID: q.AgencyID, departmentID: q.DepartmentID, role: q.Role, at: q.At})
	if err != nil {
		return nil, err
	}
	posts := make([]HeldPost, len(rows))
	for i := range rows {
		posts[i] = rows[i].HeldPost
	}
	posts, err = s.withAgencies(ctx, posts, q.At)
	if err != nil {
		return nil, err
	}
	byHolding := make(map[string]HeldPost, len(posts))
	for _, p := range posts {
		byHolding[p.HoldingID] = p
	}
	var holders []Holder
	for _, r := range rows {
		if p, ok := byHolding[r.HoldingID]; ok {
			holders = append(holders, Holder{AccountID: r.AccountID, HeldPost: p})
		}
	}
	return holders, nil
}

// withAgencies fills in the agencies and drops posts of agencies that are over.
func (s *Service) withAgencies(ctx context.Context, held []HeldPost, at time.Time) ([]HeldPost, error) {
	if len(held) == 0 {
		return nil, nil
	}
	t, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	day := civil.DateOf(at)
	kept := held[:0]
	for _, h := range held {
		if a := t.byID[h.AgencyID]; a != nil && a.ValidOn(day) {
			h.AgencyPath, h.AgencyName = a.Path, a.ShortName
			kept = append(kept, h)
		}
	}
	return kept, nil
}

// holdingFor loads a holding that has not ended and that the actor may change:
// an administrator of the agency, the holder when own is set, or whoever delegated it.
func (s *Service) holdingFor(ctx context.Context, tx *sqldb.Tx, holdingID string, own bool) (Holding, Agency, error) {
	h, agencyID, err := loadHolding(ctx, tx, holdingID, s.now())
	if err != nil {
		return Holding{}, Agency{}, err
	}
	a, err := loadAgency(ctx, tx, agencyID)
	if err != nil {
		return Holding{}, Agency{}, err
	}
	me := s.who(ctx).ID
	mine := me != "" && (own && me == h.AccountID || me == h.DelegatedFrom)
	if !mine {
		if err := s.allow(ctx, permOrg, a.Path); err != nil {
			return Holding{}, Agency{}, errHoldingNotFound()
		}
	}
	return h, a, nil
}

func (s *Service) checkHolder(ctx context.Context, accountID string) *errs.Field {
	if accountID == "" {
		f := errs.Bad("account", "org.required")
		return &f
	}
	if s.people == nil || s.people.CheckHolder(ctx, accountID) != nil {
		f := errs.Bad("account", "org.account-unfit")
		return &f
	}
	return nil
}

func (s *Service) storeHolding(ctx context.Context, tx *sqldb.Tx, h Holding, source string) error {
	var clashes int64
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM org_holding WHERE post_id = $1 AND account_id = $2 AND ended_at IS NULL
		AND (to_day IS NULL OR to_day >= $3) AND ($4 = '' OR from_day <= $4)`,
		h.PostID, h.AccountID, h.From.String(), h.To.String()).Scan(&clashes); err != nil {
		return fmt.Errorf("look for the same holding: %w", err)
	}
	if clashes > 0 {
		return errs.NewInvalid(errs.Bad("account", "org.holds-already"))
	}
	if _, err := tx.Exec(ctx, `INSERT INTO org_holding (id, post_id, account_id, from_day, to_day, delegated_from, delegated_by, basis, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		h.ID, h.PostID, h.AccountID, h.From, h.To, sqldb.NullString(source), sqldb.NullString(h.DelegatedFrom), h.Basis, sqldb.Millis(s.now())); err != nil {
		return fmt.Errorf("store holding: %w", err)
	}
	return nil
}

func errHoldingNotFound() error { return errs.NewNotFound("org.holding-not-found") }
