package org

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// tree is a copy of all agencies in memory: a province has a thousand, and every
// page asks for some of them by id.
type tree struct {
	generation int64
	checked    time.Time // when generation was last compared with the database
	byID       map[string]*Agency
	byCode     map[string][]*Agency // newest first
	children   map[string][]*Agency // by parent id, by name; "" holds the roots
	calendars  map[string][]madeAt  // by agency id, oldest first
	heirs      map[string]string    // agency that ended → who took over what nobody else did
	former     map[string][]string  // the other way round, through every decree
}

// freshFor is how long another process's change may stay unseen here. Changes of
// this process are seen at once.
const freshFor = time.Second

func (s *Service) snapshot(ctx context.Context) (*tree, error) {
	if t := s.tree.Load(); t != nil && !s.dirty.Load() && time.Since(t.checked) < freshFor {
		return t, nil
	}
	s.reload.Lock()
	defer s.reload.Unlock()
	t := s.tree.Load()
	if t != nil && !s.dirty.Load() && time.Since(t.checked) < freshFor {
		return t, nil
	}
	s.dirty.Store(false)
	fresh, err := s.load(ctx, t)
	if err != nil {
		s.dirty.Store(true)
		return nil, err
	}
	s.tree.Store(fresh)
	return fresh, nil
}

// load reads the tree, or only confirms that old still holds.
func (s *Service) load(ctx context.Context, old *tree) (*tree, error) {
	checked := time.Now()
	var generation int64
	if err := s.db.QueryRow(ctx, `SELECT generation FROM org_state WHERE id = 1`).Scan(&generation); err != nil {
		return nil, fmt.Errorf("read generation of agencies: %w", err)
	}
	if old != nil && old.generation == generation {
		same := *old
		same.checked = checked
		return &same, nil
	}
	// A change between the two reads gives a newer list under an older number; the
	// next check then reads again.
	rows, err := s.db.Query(ctx, `SELECT `+agencyColumns+` FROM org_agency LIMIT 100000`)
	list, err := sqldb.Collect[Agency](rows, err)(scanAgency)
	if err != nil {
		return nil, fmt.Errorf("load agencies: %w", err)
	}
	calendars, err := loadCalendars(ctx, s.db)
	if err != nil {
		return nil, err
	}
	t := &tree{calendars: calendars, generation: generation, checked: checked, byID: map[string]*Agency{}, byCode: map[string][]*Agency{}, children: map[string][]*Agency{}}
	sortKeys := make(map[string]string, len(list))
	for i := range list {
		a := &list[i]
		sortKeys[a.ID] = fold.Sort(a.Name)
		t.byID[a.ID] = a
		t.byCode[a.Code] = append(t.byCode[a.Code], a)
		t.children[a.ParentID] = append(t.children[a.ParentID], a)
	}
	if err := t.succeed(ctx, s.db); err != nil {
		return nil, err
	}
	for _, same := range t.byCode {
		slices.SortFunc(same, func(a, b *Agency) int { return b.ValidFrom.Compare(a.ValidFrom) })
	}
	for _, c := range t.children {
		slices.SortFunc(c, func(a, b *Agency) int {
			return cmp.Or(cmp.Compare(sortKeys[a.ID], sortKeys[b.ID]), cmp.Compare(a.ID, b.ID))
		})
	}
	return t, nil
}

// Generation counts the changes to agencies, posts, holdings and calendars.
// Whoever keeps something built from them compares it. It is at most a second old.
func (s *Service) Generation(ctx context.Context) (int64, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return 0, err
	}
	return t.generation, nil
}

// Agency returns an agency, also one that no longer exists. Agencies are public.
func (s *Service) Agency(ctx context.Context, id string) (Agency, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return Agency{}, err
	}
	if a := t.byID[id]; a != nil {
		return *a, nil
	}
	return Agency{}, errAgencyNotFound()
}

// AgenciesByID returns the agencies with the given ids; unknown ids are left out.
func (s *Service) AgenciesByID(ctx context.Context, ids ...string) (map[string]Agency, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[string]Agency, len(ids))
	for _, id := range ids {
		if a := t.byID[id]; a != nil {
			found[id] = *a
		}
	}
	return found, nil
}

// AgencyByCode returns the agency that carries the agency id today. An agency id
// that was carried in the past leads to whoever took over: codes never die.
func (s *Service) AgencyByCode(ctx context.Context, code string) (Agency, error) {
	a, err := s.AgencyByCodeOn(ctx, code, s.today())
	if !errs.Is(err, errs.NotFound) {
		return a, err
	}
	t, err := s.snapshot(ctx)
	if err != nil {
		return Agency{}, err
	}
	var last *Agency
	for _, b := range t.byID {
		if code != "" && (b.Code == code || b.OldCode == code) && b.ValidFrom.Compare(s.today()) <= 0 && (last == nil || b.ValidFrom.After(last.ValidFrom)) {
			last = b
		}
	}
	if last == nil {
		return Agency{}, errAgencyNotFound()
	}
	if now := t.present(last.ID, s.today()); now != nil {
		return *now, nil
	}
	return Agency{}, errAgencyNotFound()
}

// AgencyByCodeOn returns the agency that carried the agency id, or the old agency
// id, on a day.
func (s *Service) AgencyByCodeOn(ctx context.Context, code string, on civil.Date) (Agency, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return Agency{}, err
	}
	for _, a := range t.byCode[code] {
		if a.ValidOn(on) {
			return *a, nil
		}
	}
	for _, a := range t.byID {
		if code != "" && a.OldCode == code && a.ValidOn(on) {
			return *a, nil
		}
	}
	return Agency{}, errAgencyNotFound()
}

// Children returns the agencies directly below parentID that exist today, by
// name; "" gives the roots.
func (s *Service) Children(ctx context.Context, parentID string) ([]Agency, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	today := s.today()
	var list []Agency
	for _, a := range t.children[parentID] {
		if a.ValidOn(today) {
			list = append(list, *a)
		}
	}
	return list, nil
}

// Ancestors returns the agencies from the root to the agency itself.
func (s *Service) Ancestors(ctx context.Context, id string) ([]Agency, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	a := t.byID[id]
	if a == nil {
		return nil, errAgencyNotFound()
	}
	var line []Agency
	for _, up := range a.Ancestors() {
		if b := t.byID[up]; b != nil {
			line = append(line, *b)
		}
	}
	return line, nil
}

// Agencies lists agencies by name, page by page.
func (s *Service) Agencies(ctx context.Context, f AgencyFilter) (AgencyPage, error) {
	return listAgencies(ctx, s.db, f, s.today().String())
}

func isNotFound(err error) bool { return errors.Is(err, sqldb.ErrNotFound) }
