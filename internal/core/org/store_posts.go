package org

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

func loadPost(ctx context.Context, r sqldb.Reader, postID string) (Post, error) {
	var p Post
	var department sql.NullString
	err := r.QueryRow(ctx, `SELECT id, agency_id, department_id, title, rev FROM org_post WHERE id = $1 AND closed_at IS NULL`, postID).
		Scan(&p.ID, &p.AgencyID, &department, &p.Title, &p.Rev)
	if err != nil {
		return Post{}, missing(err, errPostNotFound, "load post")
	}
	p.DepartmentID = department.String
	rows, err := r.Query(ctx, `SELECT role FROM org_post_role WHERE post_id = $1 ORDER BY role LIMIT 100`, postID)
	if p.Roles, err = sqldb.Strings(rows, err); err != nil {
		return Post{}, fmt.Errorf("load roles of post: %w", err)
	}
	return p, nil
}

func storePost(ctx context.Context, tx *sqldb.Tx, p *Post, fresh bool) error {
	if fresh {
		if _, err := tx.Exec(ctx, `INSERT INTO org_post (id, agency_id, department_id, title, sort_key, rev) VALUES ($1, $2, $3, $4, $5, 1)`,
			p.ID, p.AgencyID, sqldb.NullString(p.DepartmentID), p.Title, fold.Sort(p.Title)); err != nil {
			return fmt.Errorf("store post: %w", err)
		}
		p.Rev = 1
	} else {
		n, err := tx.Exec(ctx, `UPDATE org_post SET department_id = $1, title = $2, sort_key = $3, rev = rev + 1 WHERE id = $4 AND rev = $5`,
			sqldb.NullString(p.DepartmentID), p.Title, fold.Sort(p.Title), p.ID, p.Rev)
		if err != nil {
			return fmt.Errorf("store post: %w", err)
		}
		if n == 0 {
			return errStale()
		}
		p.Rev++
		if _, err := tx.Exec(ctx, `DELETE FROM org_post_role WHERE post_id = $1`, p.ID); err != nil {
			return fmt.Errorf("clear roles: %w", err)
		}
	}
	for _, role := range p.Roles {
		if _, err := tx.Exec(ctx, `INSERT INTO org_post_role (post_id, role) VALUES ($1, $2)`, p.ID, role); err != nil {
			return fmt.Errorf("store role: %w", err)
		}
	}
	return nil
}

func openPostTitles(ctx context.Context, tx *sqldb.Tx, agencyID string) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT title FROM org_post WHERE agency_id = $1 AND closed_at IS NULL ORDER BY sort_key, id LIMIT 500`, agencyID)
	titles, err := sqldb.Strings(rows, err)
	if err != nil {
		return nil, fmt.Errorf("list open posts: %w", err)
	}
	return titles, nil
}

func listPosts(ctx context.Context, r sqldb.Reader, agencyID, after string, limit int, now time.Time) (PostPage, error) {
	var q query
	q.and(`p.agency_id = ` + q.arg(agencyID))
	q.and(`p.closed_at IS NULL`)
	if key, id, ok := splitCursor(after); ok {
		q.and(`(p.sort_key, p.id) > (` + q.arg(key) + `, ` + q.arg(id) + `)`)
	}
	rows, err := r.Query(ctx, `SELECT p.id, p.agency_id, p.department_id, p.title, p.rev, d.name, p.sort_key
		FROM org_post p LEFT JOIN org_department d ON d.id = p.department_id`+q.where()+` ORDER BY p.sort_key, p.id LIMIT `+q.arg(limit+1), q.args...)
	var keys []string
	list, err := sqldb.Collect[PostHolders](rows, err)(func(r *sqldb.Rows) (p PostHolders, err error) {
		var department, name sql.NullString
		var key string
		err = r.Scan(&p.ID, &p.AgencyID, &department, &p.Title, &p.Rev, &name, &key)
		p.DepartmentID, p.DepartmentName = department.String, name.String
		keys = append(keys, key)
		return p, err
	})
	if err != nil {
		return PostPage{}, fmt.Errorf("list posts: %w", err)
	}
	page := PostPage{Items: list}
	if len(list) > limit {
		page.Items = list[:limit]
		page.Next = cursor(keys[limit-1], list[limit-1].ID)
	}
	return page, fillPosts(ctx, r, page.Items, now)
}

// fillPosts adds roles and holdings to a page of posts, two queries whatever its length.
func fillPosts(ctx context.Context, r sqldb.Reader, posts []PostHolders, now time.Time) error {
	if len(posts) == 0 {
		return nil
	}
	at := make(map[string]int, len(posts))
	var in inList
	for i := range posts {
		at[posts[i].ID] = i
		in.add(posts[i].ID)
	}
	type pair struct{ post, role string }
	rows, err := r.Query(ctx, `SELECT post_id, role FROM org_post_role WHERE post_id IN `+in.sql()+` ORDER BY post_id, role LIMIT 20000`, in.args...)
	roles, err := sqldb.Collect[pair](rows, err)(func(r *sqldb.Rows) (p pair, err error) { return p, r.Scan(&p.post, &p.role) })
	if err != nil {
		return fmt.Errorf("list roles of posts: %w", err)
	}
	for _, x := range roles {
		posts[at[x.post]].Roles = append(posts[at[x.post]].Roles, x.role)
	}
	where := in.sql()
	in.args = append(in.args, civil.DateOf(now).String())
	rows, err = r.Query(ctx, `SELECT id, post_id, account_id, from_day, to_day, delegated_by, basis FROM org_holding
		WHERE post_id IN `+where+` AND ended_at IS NULL AND (to_day IS NULL OR to_day >= `+fmt.Sprintf("$%d", len(in.args))+`)
		ORDER BY from_day, id LIMIT 20000`, in.args...)
	holdings, err := sqldb.Collect[Holding](rows, err)(func(r *sqldb.Rows) (h Holding, err error) {
		var by sql.NullString
		err = r.Scan(&h.ID, &h.PostID, &h.AccountID, &h.From, &h.To, &by, &h.Basis)
		h.DelegatedFrom = by.String
		return h, err
	})
	if err != nil {
		return fmt.Errorf("list holdings of posts: %w", err)
	}
	for _, h := range holdings {
		posts[at[h.PostID]].Holdings = append(posts[at[h.PostID]].Holdings, h)
	}
	return nil
}

// loadHolding returns a holding that has not ended, and the agency of its post.
func loadHolding(ctx context.Context, r sqldb.Reader, holdingID string, now time.Time) (Holding, string, error) {
	var h Holding
	var by sql.NullString
	var agencyID string
	err := r.QueryRow(ctx, `SELECT h.id, h.post_id, h.account_id, h.from_day, h.to_day, h.delegated_by, h.basis, p.agency_id
		FROM org_holding h JOIN org_post p ON p.id = h.post_id
		WHERE h.id = $1 AND h.ended_at IS NULL AND p.closed_at IS NULL AND (h.to_day IS NULL OR h.to_day >= $2)`,
		holdingID, civil.DateOf(now).String()).
		Scan(&h.ID, &h.PostID, &h.AccountID, &h.From, &h.To, &by, &h.Basis, &agencyID)
	h.DelegatedFrom = by.String
	return h, agencyID, missing(err, errHoldingNotFound, "load holding")
}

type heldFilter struct {
	accountID, agencyID, departmentID, role string
	at                                      time.Time
}

func heldPosts(ctx context.Context, r sqldb.Reader, f heldFilter) ([]HeldPost, error) {
	rows, err := heldRows(ctx, r, f)
	if err != nil {
		return nil, err
	}
	posts := make([]HeldPost, len(rows))
	for i := range rows {
		posts[i] = rows[i].HeldPost
	}
	return posts, nil
}

// heldRows finds the holdings in force at a moment. A delegation counts only while
// the holding it comes from does.
func heldRows(ctx context.Context, r sqldb.Reader, f heldFilter) ([]Holder, error) {
	var q query
	day, ms := q.arg(civil.DateOf(f.at).String()), q.arg(sqldb.Millis(f.at))
	inForce := func(h string) string {
		return h + `.from_day <= ` + day + ` AND (` + h + `.to_day IS NULL OR ` + h + `.to_day >= ` + day + `)
			AND (` + h + `.ended_at IS NULL OR ` + h + `.ended_at > ` + ms + `)`
	}
	q.and(inForce("h"))
	q.and(`(h.delegated_from IS NULL OR EXISTS (SELECT 1 FROM org_holding s WHERE s.id = h.delegated_from AND ` + inForce("s") + `))`)
	q.and(`(p.closed_at IS NULL OR p.closed_at > ` + ms + `)`)
	if f.accountID != "" {
		q.and(`h.account_id = ` + q.arg(f.accountID))
	}
	if f.agencyID != "" {
		q.and(`p.agency_id = ` + q.arg(f.agencyID))
	}
	if f.departmentID != "" {
		q.and(`p.department_id = ` + q.arg(f.departmentID))
	}
	if f.role != "" {
		q.and(`EXISTS (SELECT 1 FROM org_post_role x WHERE x.post_id = p.id AND x.role = ` + q.arg(f.role) + `)`)
	}
	rows, err := r.Query(ctx, `SELECT h.account_id, h.id, p.id, p.title, p.agency_id, p.department_id, d.name, h.delegated_by, h.to_day
		FROM org_holding h JOIN org_post p ON p.id = h.post_id LEFT JOIN org_department d ON d.id = p.department_id`+
		q.where()+` ORDER BY p.sort_key, h.id LIMIT 500`, q.args...)
	held, err := sqldb.Collect[Holder](rows, err)(func(r *sqldb.Rows) (h Holder, err error) {
		var department, name, by sql.NullString
		err = r.Scan(&h.AccountID, &h.HoldingID, &h.PostID, &h.Title, &h.AgencyID, &department, &name, &by, &h.Until)
		h.DepartmentID, h.DepartmentName, h.DelegatedFrom = department.String, name.String, by.String
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("find held posts: %w", err)
	}
	if len(held) == 0 {
		return nil, nil
	}
	var in inList
	seen := map[string][]string{}
	for _, h := range held {
		if _, dup := seen[h.PostID]; !dup {
			seen[h.PostID] = nil
			in.add(h.PostID)
		}
	}
	type pair struct{ post, role string }
	rows, err = r.Query(ctx, `SELECT post_id, role FROM org_post_role WHERE post_id IN `+in.sql()+` ORDER BY post_id, role LIMIT 20000`, in.args...)
	roles, err := sqldb.Collect[pair](rows, err)(func(r *sqldb.Rows) (p pair, err error) { return p, r.Scan(&p.post, &p.role) })
	if err != nil {
		return nil, fmt.Errorf("find roles of held posts: %w", err)
	}
	for _, x := range roles {
		seen[x.post] = append(seen[x.post], x.role)
	}
	for i := range held {
		held[i].Roles = seen[held[i].PostID]
	}
	return held, nil
}

// inList gathers the parameters of an IN (…).
type inList struct{ args []any }

func (l *inList) add(v any) { l.args = append(l.args, v) }

func (l *inList) sql() string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range l.args {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteByte(')')
	return b.String()
}
