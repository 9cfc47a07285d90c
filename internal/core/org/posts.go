package org

import (
	"context"
	"fmt"
	"slices"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// Departments returns the departments of an agency by name; closed ones are left out.
func (s *Service) Departments(ctx context.Context, agencyID string) ([]Department, error) {
	rows, err := s.db.Query(ctx, `SELECT id, agency_id, name FROM org_department
		WHERE agency_id = $1 AND closed_at IS NULL ORDER BY sort_key, id LIMIT 500`, agencyID)
	list, err := sqldb.Collect[Department](rows, err)(func(r *sqldb.Rows) (d Department, err error) {
		return d, r.Scan(&d.ID, &d.AgencyID, &d.Name)
	})
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	return list, nil
}

// SaveDepartment adds a department (ID empty) or renames one.
func (s *Service) SaveDepartment(ctx context.Context, d Department) (Department, error) {
	d.Name = fold.Clean(d.Name)
	bad := length("name", d.Name, true, maxName)
	fresh := d.ID == ""
	if fresh {
		d.ID = id.New()
	}
	err := s.write(ctx, func(tx *sqldb.Tx) error {
		if !fresh {
			if err := tx.QueryRow(ctx, `SELECT agency_id FROM org_department WHERE id = $1 AND closed_at IS NULL`, d.ID).Scan(&d.AgencyID); err != nil {
				return missing(err, errDepartmentNotFound, "load department")
			}
		}
		if err := s.mayChange(ctx, tx, d.AgencyID); err != nil {
			return err
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		typ := "org.department-renamed"
		var err error
		if fresh {
			typ = "org.department-created"
			_, err = tx.Exec(ctx, `INSERT INTO org_department (id, agency_id, name, sort_key) VALUES ($1, $2, $3, $4)`,
				d.ID, d.AgencyID, d.Name, fold.Sort(d.Name))
		} else {
			_, err = tx.Exec(ctx, `UPDATE org_department SET name = $1, sort_key = $2 WHERE id = $3`, d.Name, fold.Sort(d.Name), d.ID)
		}
		if err != nil {
			return fmt.Errorf("store department: %w", err)
		}
		return s.record(ctx, tx, d.AgencyID, typ, map[string]any{"department": d.ID, "name": d.Name})
	})
	if err != nil {
		return Department{}, err
	}
	return d, nil
}

// CloseDepartment ends a department. Its open posts forbid it (errs.Conflict org.department-has-posts).
func (s *Service) CloseDepartment(ctx context.Context, departmentID string) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		var agencyID string
		if err := tx.QueryRow(ctx, `SELECT agency_id FROM org_department WHERE id = $1 AND closed_at IS NULL`, departmentID).Scan(&agencyID); err != nil {
			return missing(err, errDepartmentNotFound, "load department")
		}
		if err := s.mayChange(ctx, tx, agencyID); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT title FROM org_post WHERE department_id = $1 AND closed_at IS NULL ORDER BY sort_key, id LIMIT 100`, departmentID)
		titles, err := sqldb.Strings(rows, err)
		if err != nil {
			return fmt.Errorf("list posts: %w", err)
		}
		if len(titles) > 0 {
			return errs.NewConflict("org.department-has-posts", "n", len(titles), "list", someOf(titles))
		}
		if _, err := tx.Exec(ctx, `UPDATE org_department SET closed_at = $1 WHERE id = $2`, sqldb.Millis(s.now()), departmentID); err != nil {
			return fmt.Errorf("close department: %w", err)
		}
		return s.record(ctx, tx, agencyID, "org.department-closed", map[string]any{"department": departmentID})
	})
}

// SavePost adds a post (ID empty) or changes title, department and roles of one;
// then Rev must be the one that was read.
func (s *Service) SavePost(ctx context.Context, p Post) (Post, error) {
	p.Title = fold.Clean(p.Title)
	bad := length("title", p.Title, true, maxName)
	p.Roles = slices.Compact(slices.Sorted(slices.Values(p.Roles)))
	if len(p.Roles) == 0 {
		bad = append(bad, errs.Bad("roles", "org.roles-required"))
	}
	for _, role := range p.Roles {
		known, err := s.knownRole(ctx, role)
		if err != nil {
			return Post{}, err
		}
		if !known {
			bad = append(bad, errs.Bad("roles", "org.role-unknown"))
			break
		}
	}
	fresh := p.ID == ""
	if fresh {
		p.ID = id.New()
	}
	var made Post
	err := s.write(ctx, func(tx *sqldb.Tx) error {
		made = p
		bad := slices.Clone(bad)
		if !fresh {
			old, err := loadPost(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			made.AgencyID = old.AgencyID
		}
		if err := s.mayChange(ctx, tx, made.AgencyID); err != nil {
			return err
		}
		if made.DepartmentID != "" {
			var agencyID string
			err := tx.QueryRow(ctx, `SELECT agency_id FROM org_department WHERE id = $1 AND closed_at IS NULL`, made.DepartmentID).Scan(&agencyID)
			if err != nil && !isNotFound(err) {
				return fmt.Errorf("load department: %w", err)
			}
			if agencyID != made.AgencyID {
				bad = append(bad, errs.Bad("department_id", "org.choose"))
			}
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		if err := storePost(ctx, tx, &made, fresh); err != nil {
			return err
		}
		typ := "org.post-changed"
		if fresh {
			typ = "org.post-created"
		}
		return s.record(ctx, tx, made.AgencyID, typ, map[string]any{
			"post": made.ID, "title": made.Title, "department": made.DepartmentID, "roles": made.Roles,
		})
	})
	if err != nil {
		return Post{}, err
	}
	return made, nil
}

// ClosePost ends a post and, at this moment, every holding of it.
func (s *Service) ClosePost(ctx context.Context, postID string) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		p, err := loadPost(ctx, tx, postID)
		if err != nil {
			return err
		}
		if err := s.mayChange(ctx, tx, p.AgencyID); err != nil {
			return err
		}
		now := sqldb.Millis(s.now())
		if _, err := tx.Exec(ctx, `UPDATE org_post SET closed_at = $1, rev = rev + 1 WHERE id = $2`, now, postID); err != nil {
			return fmt.Errorf("close post: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE org_holding SET ended_at = $1 WHERE post_id = $2 AND ended_at IS NULL`, now, postID); err != nil {
			return fmt.Errorf("end holdings: %w", err)
		}
		return s.record(ctx, tx, p.AgencyID, "org.post-closed", map[string]any{"post": postID})
	})
}

// Post returns an open post.
func (s *Service) Post(ctx context.Context, postID string) (Post, error) {
	return loadPost(ctx, s.db, postID)
}

// PostHolders is a post with whoever holds it now or later.
type PostHolders struct {
	Post
	DepartmentName string
	Holdings       []Holding
}

// PostPage is one page of posts, by title.
type PostPage struct {
	Items []PostHolders
	Next  string
}

// Posts lists the open posts of an agency by title, each with its holdings that
// have not ended.
func (s *Service) Posts(ctx context.Context, agencyID, after string, limit int) (PostPage, error) {
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	return listPosts(ctx, s.db, agencyID, after, limit, s.now())
}

// PostHoldings returns who holds a post now or later, at most 500, earliest first.
func (s *Service) PostHoldings(ctx context.Context, postID string) ([]Holding, error) {
	one := []PostHolders{{Post: Post{ID: postID}}}
	if err := fillPosts(ctx, s.db, one, s.now()); err != nil {
		return nil, err
	}
	return one[0].Holdings, nil
}

// mayChange returns nil when the agency is the actor's to change and not over.
func (s *Service) mayChange(ctx context.Context, tx *sqldb.Tx, agencyID string) error {
	a, err := loadAgency(ctx, tx, agencyID)
	if err != nil {
		return err
	}
	if err := s.allow(ctx, permOrg, a.Path); err != nil {
		return err
	}
	if !a.ValidTo.IsZero() && a.ValidTo.Before(s.today()) {
		return errs.NewConflict("org.agency-closed", "day", screen(a.ValidTo))
	}
	return nil
}

func (s *Service) knownRole(ctx context.Context, code string) (bool, error) {
	if s.people == nil {
		return false, nil
	}
	known, err := s.people.KnownRole(ctx, code)
	if err != nil {
		return false, fmt.Errorf("look up role: %w", err)
	}
	return known, nil
}

func errDepartmentNotFound() error { return errs.NewNotFound("org.department-not-found") }
