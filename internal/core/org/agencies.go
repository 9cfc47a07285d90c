package org

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// CreateAgency adds an agency below a.ParentID (a root when empty, which only the
// system may do). ID, Path and Rev are set here; a zero ValidFrom is today.
//
// Errors: errs.Invalid with the fields of the page; the parent's NotFound when it
// is not there or not the actor's to change.
func (s *Service) CreateAgency(ctx context.Context, a Agency) (Agency, error) {
	var made Agency
	err := s.write(ctx, func(tx *sqldb.Tx) (err error) {
		made, err = s.createAgency(ctx, tx, a)
		return err
	})
	if err != nil {
		return Agency{}, err
	}
	return made, nil
}

func (s *Service) createAgency(ctx context.Context, tx *sqldb.Tx, a Agency) (Agency, error) {
	if a.ValidFrom.IsZero() {
		a.ValidFrom = s.today()
	}
	bad := a.check()
	a.ID = id.New()
	parentPath := "/"
	if a.ParentID != "" {
		parent, err := loadAgency(ctx, tx, a.ParentID)
		if err != nil {
			return Agency{}, err
		}
		parentPath = parent.Path
		bad = append(bad, a.checkUnder(parent)...)
	}
	if err := s.allow(ctx, permOrg, parentPath); err != nil {
		return Agency{}, err
	}
	a.Path = parentPath + a.ID + "/"
	a.Rev = 1
	if err := refuseSameCode(ctx, tx, a, &bad); err != nil {
		return Agency{}, err
	}
	if err := errs.NewInvalid(bad...); err != nil {
		return Agency{}, err
	}
	if err := insertAgency(ctx, tx, a); err != nil {
		return Agency{}, codeTaken(err)
	}
	return a, s.record(ctx, tx, a.ID, "org.agency-created", agencyEvent(a))
}

// UpdateAgency changes what is written about an agency. Rev must be the one that
// was read: when somebody changed the agency meanwhile it is errs.Conflict. The
// parent is changed with MoveAgency, the end with CloseAgency.
func (s *Service) UpdateAgency(ctx context.Context, a Agency) (Agency, error) {
	bad := a.check()
	var made Agency
	err := s.write(ctx, func(tx *sqldb.Tx) error {
		old, err := loadAgency(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if err := s.allow(ctx, permOrg, old.Path); err != nil {
			return err
		}
		made = a
		made.ParentID, made.Path, made.ValidTo = old.ParentID, old.Path, old.ValidTo
		bad := slices.Clone(bad)
		if old.ParentID != "" {
			parent, err := loadAgency(ctx, tx, old.ParentID)
			if err != nil {
				return err
			}
			bad = append(bad, made.checkUnder(parent)...)
		}
		children, err := childrenIn(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		for _, c := range children {
			if c.ValidFrom.Before(made.ValidFrom) {
				bad = append(bad, errs.Bad("valid_from", "org.after-child", "child", c.ShortName, "day", screen(c.ValidFrom)))
				break
			}
		}
		if err := refuseSameCode(ctx, tx, made, &bad); err != nil {
			return err
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		n, err := updateAgency(ctx, tx, made)
		if err != nil {
			return codeTaken(err)
		}
		if n == 0 {
			return errStale()
		}
		made.Rev = a.Rev + 1
		return s.record(ctx, tx, made.ID, "org.agency-changed", agencyEvent(made))
	})
	if err != nil {
		return Agency{}, err
	}
	return made, nil
}

// MoveAgency hangs an agency, with everything below it, under another parent. The
// actor needs the right at both places. Codes and history stay.
func (s *Service) MoveAgency(ctx context.Context, agencyID, parentID, reason string) (Agency, error) {
	var moved Agency
	err := s.write(ctx, func(tx *sqldb.Tx) (err error) {
		moved, err = s.moveAgency(ctx, tx, agencyID, parentID, reason)
		return err
	})
	if err != nil {
		return Agency{}, err
	}
	return moved, nil
}

func (s *Service) moveAgency(ctx context.Context, tx *sqldb.Tx, agencyID, parentID, reason string) (Agency, error) {
	reason = fold.Clean(reason)
	a, err := loadAgency(ctx, tx, agencyID)
	if err != nil {
		return Agency{}, err
	}
	if err := s.allow(ctx, permOrg, a.Path); err != nil {
		return Agency{}, err
	}
	parent, err := loadAgency(ctx, tx, parentID)
	if err != nil {
		return Agency{}, err
	}
	if err := s.allow(ctx, permOrg, parent.Path); err != nil {
		return Agency{}, err
	}
	bad := append(a.checkUnder(parent), length("reason", reason, true, maxText)...)
	if err := errs.NewInvalid(bad...); err != nil {
		return Agency{}, err
	}
	if a.ParentID == parentID {
		return a, nil
	}
	m := Move{AgencyID: a.ID, OldPath: a.Path, NewPath: parent.Path + a.ID + "/"}
	if err := movePaths(ctx, tx, a.ID, parentID, m); err != nil {
		return Agency{}, err
	}
	for _, f := range s.onMove {
		if err := f(ctx, tx, m); err != nil {
			return Agency{}, fmt.Errorf("move copies of the path: %w", err)
		}
	}
	from := a.ParentID
	a.ParentID, a.Path, a.Rev = parentID, m.NewPath, a.Rev+1
	return a, s.record(ctx, tx, a.ID, "org.agency-moved", map[string]any{
		"from": from, "to": parentID, "old_path": m.OldPath, "new_path": m.NewPath, "reason": reason,
	})
}

// CloseAgency ends an agency after lastDay. It is refused, with the list, while
// children or posts would outlive it (errs.Conflict org.agency-has-children,
// org.agency-has-posts: args list and n).
func (s *Service) CloseAgency(ctx context.Context, agencyID string, lastDay civil.Date, reason string) (Agency, error) {
	var closed Agency
	err := s.write(ctx, func(tx *sqldb.Tx) (err error) {
		closed, err = s.closeAgency(ctx, tx, agencyID, lastDay, reason)
		return err
	})
	if err != nil {
		return Agency{}, err
	}
	return closed, nil
}

func (s *Service) closeAgency(ctx context.Context, tx *sqldb.Tx, agencyID string, lastDay civil.Date, reason string) (Agency, error) {
	reason = fold.Clean(reason)
	a, err := loadAgency(ctx, tx, agencyID)
	if err != nil {
		return Agency{}, err
	}
	if err := s.allow(ctx, permOrg, a.Path); err != nil {
		return Agency{}, err
	}
	if !a.ValidTo.IsZero() {
		return Agency{}, errs.NewConflict("org.agency-closed", "day", screen(a.ValidTo))
	}
	var bad []errs.Field
	if lastDay.IsZero() {
		bad = append(bad, errs.Bad("valid_to", "org.required"))
	} else if lastDay.Before(a.ValidFrom) {
		bad = append(bad, errs.Bad("valid_to", "org.period"))
	}
	bad = append(bad, length("reason", reason, true, maxText)...)
	if err := errs.NewInvalid(bad...); err != nil {
		return Agency{}, err
	}
	children, err := childrenIn(ctx, tx, a.ID)
	if err != nil {
		return Agency{}, err
	}
	var names []string
	for _, c := range children {
		if c.ValidTo.IsZero() || c.ValidTo.After(lastDay) {
			names = append(names, c.ShortName)
		}
	}
	if len(names) > 0 {
		return Agency{}, errs.NewConflict("org.agency-has-children", "n", len(names), "list", someOf(names))
	}
	posts, err := openPostTitles(ctx, tx, a.ID)
	if err != nil {
		return Agency{}, err
	}
	if len(posts) > 0 {
		return Agency{}, errs.NewConflict("org.agency-has-posts", "n", len(posts), "list", someOf(posts))
	}
	if s.beforeClose != nil {
		if err := s.beforeClose(ctx, tx, a); err != nil {
			return Agency{}, err
		}
	}
	a.ValidTo = lastDay
	n, err := updateAgency(ctx, tx, a)
	if err != nil {
		return Agency{}, fmt.Errorf("close agency: %w", err)
	}
	if n == 0 {
		return Agency{}, errStale()
	}
	a.Rev++
	return a, s.record(ctx, tx, a.ID, "org.agency-closed", map[string]any{"valid_to": lastDay, "reason": reason})
}

// refuseSameCode adds a bad field when another agency carries the code on a common day.
func refuseSameCode(ctx context.Context, tx *sqldb.Tx, a Agency, bad *[]errs.Field) error {
	if a.Code == "" {
		return nil
	}
	clash, err := overlapping(ctx, tx, a)
	if err != nil {
		return err
	}
	if len(clash) > 0 {
		*bad = append(*bad, errs.Bad("code", "org.code-taken", "name", clash[0].ShortName))
	}
	return nil
}

// codeTaken is the same refusal when two writers met and the database decided.
func codeTaken(err error) error {
	if errors.Is(err, sqldb.ErrDuplicate) {
		return errs.NewInvalid(errs.Bad("code", "org.code-taken-just-now"))
	}
	return fmt.Errorf("store agency: %w", err)
}

func agencyEvent(a Agency) map[string]any {
	return map[string]any{
		"code": a.Code, "old_code": a.OldCode, "name": a.Name, "short_name": a.ShortName, "kind": a.Kind, "level": a.Level,
		"parent": a.ParentID, "path": a.Path, "unit_code": a.UnitCode, "receives": a.ReceivesDossiers,
		"valid_from": a.ValidFrom, "valid_to": a.ValidTo,
	}
}

// someOf joins names for a sentence; a long list ends with an ellipsis.
func someOf(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], "; ") + "; …"
	}
	return strings.Join(names, "; ")
}
