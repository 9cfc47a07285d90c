package place

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Service keeps the units of the house.
type Service struct {
	db  *sqldb.DB
	now func() time.Time

	held   atomic.Pointer[held]
	dirty  atomic.Bool
	reload sync.Mutex
}

// held is the index in use and what it was built from.
type held struct {
	index      *Index
	generation int64
	checked    time.Time // when the generation was last compared with the database
}

// freshFor is how long a change by another process may stay unseen here. Changes of
// this process are seen at once.
const freshFor = time.Second

// New makes the service; now nil is time.Now.
func New(db *sqldb.DB, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{db: db, now: now}
}

// Today is the civil date of the house.
func (s *Service) Today() civil.Date { return civil.DateOf(s.now()) }

// Index returns the units as they are. Keep it for one request, not longer.
func (s *Service) Index(ctx context.Context) (*Index, error) {
	if h := s.held.Load(); h != nil && !s.dirty.Load() && time.Since(h.checked) < freshFor {
		return h.index, nil
	}
	s.reload.Lock()
	defer s.reload.Unlock()
	h := s.held.Load()
	if h != nil && !s.dirty.Load() && time.Since(h.checked) < freshFor {
		return h.index, nil
	}
	s.dirty.Store(false)
	fresh, err := s.load(ctx, h)
	if err != nil {
		s.dirty.Store(true)
		return nil, err
	}
	s.held.Store(fresh)
	return fresh.index, nil
}

// Current is Index for those that cannot wait or fail: the units last seen, or the
// national list before any were.
func (s *Service) Current() *Index {
	if x, err := s.Index(context.Background()); err == nil {
		return x
	}
	if h := s.held.Load(); h != nil {
		return h.index
	}
	return National()
}

// load reads the units, or only confirms that old still holds.
func (s *Service) load(ctx context.Context, old *held) (*held, error) {
	checked := time.Now()
	st, err := readState(ctx, s.db)
	if err != nil {
		return nil, err
	}
	switch {
	case old != nil && old.generation == st.generation:
		return &held{old.index, old.generation, checked}, nil
	case st.decreed == 0 && st.seed == theSeed().Version:
		return &held{National(), st.generation, checked}, nil
	}
	// A change between the two reads gives newer rows under an older number; the next
	// check then reads again.
	x, err := readIndex(ctx, s.db)
	if err != nil {
		return nil, err
	}
	return &held{x, st.generation, checked}, nil
}

// Generation counts the changes. Whoever keeps something built from the units
// compares it. It is at most a second old.
func (s *Service) Generation(ctx context.Context) (int64, error) {
	if _, err := s.Index(ctx); err != nil {
		return 0, err
	}
	return s.held.Load().generation, nil
}

// Resolve finds the unit of today that an address text means. See [Index.Resolve].
func (s *Service) Resolve(ctx context.Context, text string, o Options) (Answer, error) {
	x, err := s.Index(ctx)
	if err != nil {
		return Answer{}, err
	}
	if o.Today.IsZero() {
		o.Today = s.Today()
	}
	return x.Resolve(text, o), nil
}

// Apply writes a decree in the caller's transaction. Whoever calls it has asked who
// may and writes the journal. A decree applied again changes nothing; one with faults
// gives all of them as an Invalid error. The units in memory change after the commit,
// in other processes within a second.
func (s *Service) Apply(ctx context.Context, tx *sqldb.Tx, d Decree) error {
	if d.ID == "" {
		return fmt.Errorf("place: a decree without an id cannot be undone")
	}
	if again, err := known(ctx, tx, d.ID); err != nil || again {
		return err
	}
	x, err := readIndex(ctx, tx)
	if err != nil {
		return err
	}
	if bad := x.Check(d); len(bad) > 0 {
		return errs.NewInvalid(bad...)
	}
	open, closed, links := x.rows(d)
	if err := closeUnits(ctx, tx, closed, d); err != nil {
		return err
	}
	if err := insertUnits(ctx, tx, open); err != nil {
		return err
	}
	if err := insertSuccessions(ctx, tx, links); err != nil {
		return err
	}
	return s.changed(ctx, tx)
}

// Undo takes a decree back before its day, in the caller's transaction. It refuses a
// decree that is in force and one that a later decree builds on. Undoing what is not
// there changes nothing.
func (s *Service) Undo(ctx context.Context, tx *sqldb.Tx, id string) error {
	if id == "" {
		return errs.NewNotFound("place.decree-not-found")
	}
	if there, err := known(ctx, tx, id); err != nil || !there {
		return err
	}
	day, later, err := dayOf(ctx, tx, id)
	switch {
	case err != nil:
		return err
	case !day.After(s.Today()):
		return errs.NewConflict("place.decree-in-force", "day", screen(day))
	case later:
		return errs.NewConflict("place.decree-built-upon")
	}
	if err := undo(ctx, tx, id); err != nil {
		return err
	}
	return s.changed(ctx, tx)
}

// changed counts a change and forgets what is in memory after the commit.
func (s *Service) changed(ctx context.Context, tx *sqldb.Tx) error {
	if err := countChange(ctx, tx); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.dirty.Store(true) })
	return nil
}
