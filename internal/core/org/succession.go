package org

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// Succession is what became of an agency that ended (cơ quan kế thừa).
type Succession struct {
	FromID, ToID string
	Heir         bool       // took what nobody else did; exactly one does
	On           civil.Date // first day
	Decree       string     // id of the decree
	Basis        string     // its words: "Nghị quyết số 1685/NQ-UBTVQH15"
}

// succeed reads who took over from whom.
func (t *tree) succeed(ctx context.Context, r sqldb.Reader) error {
	t.heirs, t.former = map[string]string{}, map[string][]string{}
	type pair struct{ from, to string }
	rows, err := r.Query(ctx, `SELECT from_id, to_id FROM org_succession WHERE share = 'heir' ORDER BY on_day, from_id LIMIT 100000`)
	list, err := sqldb.Collect[pair](rows, err)(func(r *sqldb.Rows) (p pair, err error) { return p, r.Scan(&p.from, &p.to) })
	if err != nil {
		return fmt.Errorf("load successions: %w", err)
	}
	for _, p := range list {
		t.heirs[p.from] = p.to
	}
	for from := range t.heirs {
		for at, steps := t.heirs[from], 0; at != "" && steps < maxHeirs; at, steps = t.heirs[at], steps+1 {
			t.former[at] = append(t.former[at], from)
		}
	}
	for _, list := range t.former {
		slices.Sort(list)
	}
	return nil
}

// maxHeirs bounds how often an agency can have been taken over in a row.
const maxHeirs = 50

// present follows the heirs of an agency to the one that exists on a day.
func (t *tree) present(agencyID string, on civil.Date) *Agency {
	for range maxHeirs {
		a := t.byID[agencyID]
		if a == nil || a.ValidOn(on) {
			return a
		}
		next, ended := t.heirs[agencyID]
		if !ended {
			return nil
		}
		agencyID = next
	}
	return nil
}

// Present returns the agency itself while it exists, and after a decree ended it
// the one that took over today. NotFound when nobody did.
func (s *Service) Present(ctx context.Context, agencyID string) (Agency, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return Agency{}, err
	}
	if a := t.present(agencyID, s.today()); a != nil {
		return *a, nil
	}
	return Agency{}, errAgencyNotFound()
}

// FormerPaths are the paths of the agencies whose archive an agency keeps: those
// it took over, and those that they had taken over before.
func (s *Service) FormerPaths(ctx context.Context, agencyID string) ([]string, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, from := range t.former[agencyID] {
		if a := t.byID[from]; a != nil {
			paths = append(paths, a.Path)
		}
	}
	return paths, nil
}

// Successions returns what became of an agency, and what it took over itself.
func (s *Service) Successions(ctx context.Context, agencyID string) (to, from []Succession, err error) {
	rows, err := s.db.Query(ctx, `SELECT from_id, to_id, share, on_day, decree, basis FROM org_succession
		WHERE from_id = $1 OR to_id = $1 ORDER BY on_day, share, from_id, to_id LIMIT 1000`, agencyID)
	list, err := sqldb.Collect[Succession](rows, err)(scanSuccession)
	if err != nil {
		return nil, nil, fmt.Errorf("list successions: %w", err)
	}
	for _, x := range list {
		if x.FromID == agencyID {
			to = append(to, x)
		} else {
			from = append(from, x)
		}
	}
	return to, from, nil
}

// Change is the tree under change by one decree, inside the caller's transaction:
// every step is checked and journaled like the same step of an administrator.
type Change struct {
	s      *Service
	tx     *sqldb.Tx
	decree string
	basis  string
	on     civil.Date
}

// Change begins to change the tree by a decree. On PostgreSQL nobody else changes
// agencies, posts or holdings until the transaction ends.
func (s *Service) Change(ctx context.Context, tx *sqldb.Tx, decree, basis string, on civil.Date) (*Change, error) {
	if tx.Dialect() == sqldb.Postgres {
		if _, err := tx.Exec(ctx, `LOCK TABLE org_agency, org_department, org_post, org_holding, org_calendar_version, org_succession IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return nil, fmt.Errorf("hold the tree: %w", err)
		}
	}
	return &Change{s: s, tx: tx, decree: decree, basis: fold.Clean(basis), on: on}, s.changed(ctx, tx)
}

// Agency reads an agency as it stands in the change.
func (c *Change) Agency(ctx context.Context, agencyID string) (Agency, error) {
	return loadAgency(ctx, c.tx, agencyID)
}

// Create adds an agency that exists from the day of the decree.
func (c *Change) Create(ctx context.Context, a Agency) (Agency, error) {
	a.ValidFrom, a.ValidTo = c.on, civil.Date{}
	return c.s.createAgency(ctx, c.tx, a)
}

// Move hangs an agency under another parent. It keeps its working calendar: what it
// inherited and would lose becomes its own.
func (c *Change) Move(ctx context.Context, agencyID, parentID string) (Agency, error) {
	before, err := loadAgency(ctx, c.tx, agencyID)
	if err != nil {
		return Agency{}, err
	}
	after, err := c.s.moveAgency(ctx, c.tx, agencyID, parentID, c.basis)
	if err != nil {
		return Agency{}, err
	}
	return after, c.keepCalendar(ctx, before, after)
}

// Succeed records that to took over from from, wholly or in part.
func (c *Change) Succeed(ctx context.Context, fromID, toID string, heir bool) error {
	from, err := loadAgency(ctx, c.tx, fromID)
	if err != nil {
		return err
	}
	to, err := loadAgency(ctx, c.tx, toID)
	if err != nil {
		return err
	}
	for _, a := range []Agency{from, to} {
		if err := c.s.allow(ctx, permOrg, a.Path); err != nil {
			return err
		}
	}
	share := "part"
	if heir {
		share = "heir"
	}
	if _, err := c.tx.Exec(ctx, `INSERT INTO org_succession (from_id, to_id, share, on_day, decree, basis) VALUES ($1, $2, $3, $4, $5, $6)`,
		fromID, toID, share, c.on, c.decree, c.basis); err != nil {
		return fmt.Errorf("store succession: %w", err)
	}
	return c.s.record(ctx, c.tx, fromID, "org.agency-succeeded", map[string]any{"to": toID, "share": share, "on": c.on, "decree": c.decree, "basis": c.basis})
}

// KeepCalendar gives the working calendar of from to its successor, unless that has
// one of its own.
func (c *Change) KeepCalendar(ctx context.Context, fromID, toID string) error {
	from, err := loadAgency(ctx, c.tx, fromID)
	if err != nil {
		return err
	}
	to, err := loadAgency(ctx, c.tx, toID)
	if err != nil {
		return err
	}
	if to.ValidFrom.Before(c.on) { // it was there before: its calendar stands
		return nil
	}
	own, err := newestLayer(ctx, c.tx, toID)
	if err != nil || own.Number > 0 {
		return err
	}
	return c.keepCalendar(ctx, from, to)
}

// keepCalendar makes a layer of what before had and after would not inherit.
func (c *Change) keepCalendar(ctx context.Context, before, after Agency) error {
	line := after.Ancestors()
	own, err := newestLayer(ctx, c.tx, after.ID)
	if err != nil {
		return err
	}
	var kept calendar.Calendar
	for _, up := range before.Ancestors() {
		if up != after.ID && slices.Contains(line, up) {
			continue
		}
		v, err := newestLayer(ctx, c.tx, up)
		if err != nil {
			return err
		}
		kept = kept.Overlay(v.Layer)
	}
	kept.Version = ""
	if kept.Week.IsZero() && len(kept.Days) == 0 || before.ID == after.ID && len(kept.Days) == len(own.Layer.Days) && kept.Week.IsZero() == own.Layer.Week.IsZero() {
		return nil
	}
	content, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode calendar: %w", err)
	}
	if _, err := c.tx.Exec(ctx, `INSERT INTO org_calendar_version (`+calendarColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		after.ID, own.Number+1, string(content), c.basis, sqldb.Millis(c.s.now()), c.s.who(ctx).ID); err != nil {
		return fmt.Errorf("store calendar: %w", err)
	}
	// No org.calendar-changed: nobody's working time has changed.
	return c.s.record(ctx, c.tx, after.ID, "org.calendar-kept", map[string]any{"path": after.Path, "number": own.Number + 1, "from": before.ID, "decree": c.decree})
}

// PostMove is a post that went to another agency, with whoever holds it.
type PostMove struct {
	OldID, NewID, Title string
	OldDepartment       string // id, "" for none
	NewDepartment       string
	ToID                string
	Holders             []string // account ids, now or later
}

// MovePosts carries the open posts of an agency to others, target by target, with
// those who hold them: every post goes to the agency that to names. The old post
// ends the day before; the new one begins with the same roles and the same people,
// so that they work on without a break and the past still says where they were.
func (c *Change) MovePosts(ctx context.Context, fromID string, to func(PostHolders) string) ([]PostMove, error) {
	from, err := loadAgency(ctx, c.tx, fromID)
	if err != nil {
		return nil, err
	}
	if err := c.s.allow(ctx, permOrg, from.Path); err != nil {
		return nil, err
	}
	midnight := sqldb.Millis(c.on.At(0, 0))
	departments := map[string]string{} // "<old department>|<agency>" → new department
	var moves []PostMove
	for after := ""; ; {
		page, err := listPosts(ctx, c.tx, fromID, after, 200, c.on.At(0, 0))
		if err != nil {
			return nil, err
		}
		for _, p := range page.Items {
			move, err := c.movePost(ctx, p, to(p), departments, midnight)
			if err != nil {
				return nil, fmt.Errorf("post %s: %w", p.ID, err)
			}
			moves = append(moves, move)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if _, err := c.tx.Exec(ctx, `UPDATE org_department SET closed_at = $1 WHERE agency_id = $2 AND closed_at IS NULL`, midnight, fromID); err != nil {
		return nil, fmt.Errorf("close departments: %w", err)
	}
	return moves, nil
}

func (c *Change) movePost(ctx context.Context, p PostHolders, toID string, departments map[string]string, midnight int64) (PostMove, error) {
	m := PostMove{OldID: p.ID, Title: p.Title, OldDepartment: p.DepartmentID, ToID: toID}
	to, err := loadAgency(ctx, c.tx, toID)
	if err != nil {
		return m, err
	}
	if err := c.s.allow(ctx, permOrg, to.Path); err != nil {
		return m, err
	}
	if m.NewDepartment, err = c.departmentAt(ctx, p, toID, departments); err != nil {
		return m, err
	}
	made := Post{ID: id.New(), AgencyID: toID, DepartmentID: m.NewDepartment, Title: p.Title, Roles: p.Roles}
	if err := storePost(ctx, c.tx, &made, true); err != nil {
		return m, err
	}
	m.NewID = made.ID
	if m.Holders, err = c.moveHoldings(ctx, p.ID, made.ID, midnight); err != nil {
		return m, err
	}
	if _, err := c.tx.Exec(ctx, `UPDATE org_post SET closed_at = $1, rev = rev + 1 WHERE id = $2`, midnight, p.ID); err != nil {
		return m, fmt.Errorf("close post: %w", err)
	}
	return m, c.s.record(ctx, c.tx, p.AgencyID, "org.post-moved", map[string]any{
		"post": p.ID, "to_post": made.ID, "to_agency": toID, "title": p.Title, "decree": c.decree,
	})
}

// departmentAt finds or makes the department of the same name at another agency.
func (c *Change) departmentAt(ctx context.Context, p PostHolders, toID string, known map[string]string) (string, error) {
	if p.DepartmentID == "" {
		return "", nil
	}
	key := p.DepartmentID + "|" + toID
	if d, ok := known[key]; ok {
		return d, nil
	}
	var found string
	err := c.tx.QueryRow(ctx, `SELECT id FROM org_department WHERE agency_id = $1 AND sort_key = $2 AND closed_at IS NULL ORDER BY id LIMIT 1`,
		toID, fold.Sort(p.DepartmentName)).Scan(&found)
	if err != nil && !isNotFound(err) {
		return "", fmt.Errorf("look for the department: %w", err)
	}
	if found == "" {
		found = id.New()
		if _, err := c.tx.Exec(ctx, `INSERT INTO org_department (id, agency_id, name, sort_key) VALUES ($1, $2, $3, $4)`,
			found, toID, p.DepartmentName, fold.Sort(p.DepartmentName)); err != nil {
			return "", fmt.Errorf("store department: %w", err)
		}
		if err := c.s.record(ctx, c.tx, toID, "org.department-created", map[string]any{"department": found, "name": p.DepartmentName, "decree": c.decree}); err != nil {
			return "", err
		}
	}
	known[key] = found
	return found, nil
}

// moveHoldings gives the people on a post the new one, delegations after what they
// were delegated from.
func (c *Change) moveHoldings(ctx context.Context, oldPost, newPost string, midnight int64) ([]string, error) {
	type row struct {
		Holding
		source, by string
	}
	rows, err := c.tx.Query(ctx, `SELECT id, account_id, from_day, to_day, COALESCE(delegated_from, ''), COALESCE(delegated_by, ''), basis FROM org_holding
		WHERE post_id = $1 AND ended_at IS NULL AND (to_day IS NULL OR to_day >= $2) ORDER BY COALESCE(delegated_from, ''), from_day, id LIMIT 5000`, oldPost, c.on)
	list, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (x row, err error) {
		return x, r.Scan(&x.ID, &x.AccountID, &x.From, &x.To, &x.source, &x.by, &x.Basis)
	})
	if err != nil {
		return nil, fmt.Errorf("read holdings: %w", err)
	}
	made := map[string]string{}
	var holders []string
	for _, h := range list {
		from, source := h.From, ""
		if from.Before(c.on) {
			from = c.on
		}
		if h.source != "" {
			if source = made[h.source]; source == "" {
				continue // what it was delegated from has ended
			}
		}
		made[h.ID] = id.New()
		if _, err := c.tx.Exec(ctx, `INSERT INTO org_holding (id, post_id, account_id, from_day, to_day, delegated_from, delegated_by, basis, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, made[h.ID], newPost, h.AccountID, from, h.To, sqldb.NullString(source), sqldb.NullString(h.by),
			cut(strings.TrimPrefix(h.Basis+"; "+c.basis, "; "), maxText), sqldb.Millis(c.s.now())); err != nil {
			return nil, fmt.Errorf("store holding: %w", err)
		}
		if !slices.Contains(holders, h.AccountID) {
			holders = append(holders, h.AccountID)
		}
	}
	// Those that had begun end with the day before; those that had not, never begin.
	if _, err := c.tx.Exec(ctx, `UPDATE org_holding SET to_day = $1 WHERE post_id = $2 AND ended_at IS NULL AND from_day < $3 AND (to_day IS NULL OR to_day >= $3)`,
		c.on.AddDays(-1), oldPost, c.on); err != nil {
		return nil, fmt.Errorf("end holdings: %w", err)
	}
	if _, err := c.tx.Exec(ctx, `UPDATE org_holding SET ended_at = $1 WHERE post_id = $2 AND ended_at IS NULL AND from_day >= $3`, midnight, oldPost, c.on); err != nil {
		return nil, fmt.Errorf("end holdings: %w", err)
	}
	return holders, nil
}

func cut(s string, most int) string {
	if letters := []rune(s); len(letters) > most {
		return string(letters[:most])
	}
	return s
}

// Cease ends an agency with the day before the decree, so that another may take its
// agency id over. What is still in it is carried away in the same transaction;
// [Change.Emptied] makes sure.
func (c *Change) Cease(ctx context.Context, agencyID string) (Agency, error) {
	a, err := loadAgency(ctx, c.tx, agencyID)
	if err != nil {
		return Agency{}, err
	}
	if err := c.s.allow(ctx, permOrg, a.Path); err != nil {
		return Agency{}, err
	}
	last := c.on.AddDays(-1)
	if !a.ValidTo.IsZero() {
		return Agency{}, errs.NewConflict("org.agency-closed", "day", screen(a.ValidTo))
	}
	if last.Before(a.ValidFrom) {
		return Agency{}, errs.NewInvalid(errs.Bad("valid_to", "org.period"))
	}
	a.ValidTo = last
	n, err := updateAgency(ctx, c.tx, a)
	if err != nil {
		return Agency{}, fmt.Errorf("close agency: %w", err)
	}
	if n == 0 {
		return Agency{}, errStale()
	}
	a.Rev++
	return a, c.s.record(ctx, c.tx, a.ID, "org.agency-closed", map[string]any{"valid_to": last, "reason": c.basis, "decree": c.decree})
}

// Emptied makes sure that nothing is left in an agency that ceased: no unit below it,
// no open post, and whatever the house asks before an agency closes.
func (c *Change) Emptied(ctx context.Context, agencyID string) error {
	a, err := loadAgency(ctx, c.tx, agencyID)
	if err != nil {
		return err
	}
	children, err := childrenIn(ctx, c.tx, agencyID)
	if err != nil {
		return err
	}
	for _, child := range children {
		if child.ValidTo.IsZero() || child.ValidTo.After(a.ValidTo) {
			return errs.NewConflict("org.agency-has-children", "n", 1, "list", child.ShortName)
		}
	}
	posts, err := openPostTitles(ctx, c.tx, agencyID)
	if err != nil {
		return err
	}
	if len(posts) > 0 {
		return errs.NewConflict("org.agency-has-posts", "n", len(posts), "list", someOf(posts))
	}
	if c.s.beforeClose != nil {
		return c.s.beforeClose(ctx, c.tx, a)
	}
	return nil
}

// SuccessionsBy lists what a decree made of which agencies.
func (s *Service) SuccessionsBy(ctx context.Context, r sqldb.Reader, decree string) ([]Succession, error) {
	rows, err := r.Query(ctx, `SELECT from_id, to_id, share, on_day, decree, basis FROM org_succession WHERE decree = $1 ORDER BY from_id, share, to_id LIMIT 100000`, decree)
	return sqldb.Collect[Succession](rows, err)(scanSuccession)
}

func scanSuccession(r *sqldb.Rows) (x Succession, err error) {
	var share string
	err = r.Scan(&x.FromID, &x.ToID, &share, &x.On, &x.Decree, &x.Basis)
	x.Heir = share == "heir"
	return x, err
}

// HoldersOn says who holds posts of an agency on a day, with their roles.
func (s *Service) HoldersOn(ctx context.Context, r sqldb.Reader, agencyID string, on civil.Date) (map[string][]string, error) {
	held, err := heldRows(ctx, r, heldFilter{agencyID: agencyID, at: on.At(12, 0)})
	out := map[string][]string{}
	for _, h := range held {
		out[h.AccountID] = append(out[h.AccountID], h.Roles...)
	}
	return out, err
}

// OpenPosts pages through the open posts of an agency by title, inside or outside a
// transaction, with whoever holds each on a day or later.
func (s *Service) OpenPosts(ctx context.Context, r sqldb.Reader, agencyID, after string, on civil.Date) (PostPage, error) {
	return listPosts(ctx, r, agencyID, after, 200, on.At(0, 0))
}
