package place

import (
	"context"
	"fmt"
	"time"

	"motcua/internal/platform/sqldb"
)

// Loaded says what loading the national list did.
type Loaded struct {
	Version                   string
	Units, Successions        int // in the list
	Added, Changed, Withdrawn int // units and successions
	Took                      time.Duration
}

// Start loads the national list when the house has not seen this version of it.
func (s *Service) Start(ctx context.Context) error {
	_, err := s.Load(ctx, theSeed())
	return err
}

// Load brings a national list into the tables, in one transaction, when its version is
// another than the one loaded last. What decrees of this house opened or closed stays:
// where the list knows the same change, the house's own row is kept.
func (s *Service) Load(ctx context.Context, seed *Seed) (Loaded, error) {
	began := time.Now()
	done := Loaded{Version: seed.Version, Units: len(seed.Units), Successions: len(seed.Successions)}
	st, err := readState(ctx, s.db)
	if err != nil || st.seed == seed.Version {
		return done, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		done.Added, done.Changed, done.Withdrawn = 0, 0, 0 // a retried transaction counts anew
		// The update comes first: of two processes that start at once the second waits here
		// and then finds nothing to do.
		n, err := tx.Exec(ctx, `UPDATE place_state SET seed = $1 WHERE id = 1 AND seed <> $1`, seed.Version)
		if err != nil || n == 0 {
			return err
		}
		if err := loadUnits(ctx, tx, seed.Units, &done); err != nil {
			return err
		}
		if err := loadSuccessions(ctx, tx, seed.Successions, &done); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
	if err != nil {
		return done, fmt.Errorf("load the list of units %s: %w", seed.Version, err)
	}
	done.Took = time.Since(began)
	return done, nil
}

func loadUnits(ctx context.Context, tx *sqldb.Tx, list []Unit, done *Loaded) error {
	have, err := readUnits(ctx, tx)
	if err != nil {
		return err
	}
	byKey := make(map[Key]Unit, len(have))
	for _, u := range have {
		byKey[u.Key()] = u
	}
	wanted := make(map[Key]bool, len(list))
	var add []Unit
	for _, u := range list {
		wanted[u.Key()] = true
		old, there := byKey[u.Key()]
		if !there {
			add = append(add, u)
			continue
		}
		if old.Origin != "" {
			continue
		}
		if u.EndOrigin = old.EndOrigin; old.EndOrigin != "" {
			u.ValidTo, u.EndLegal = old.ValidTo, old.EndLegal
		}
		if u != old {
			done.Changed++
			if err := updateUnit(ctx, tx, u); err != nil {
				return err
			}
		}
	}
	for _, old := range have {
		if wanted[old.Key()] || old.Origin != "" || old.EndOrigin != "" {
			continue
		}
		done.Withdrawn++
		if err := deleteUnit(ctx, tx, old.Key()); err != nil {
			return err
		}
	}
	done.Added += len(add)
	return insertUnits(ctx, tx, add)
}

func loadSuccessions(ctx context.Context, tx *sqldb.Tx, list []Succession, done *Loaded) error {
	have, err := readSuccessions(ctx, tx)
	if err != nil {
		return err
	}
	type pair struct{ old, new Key }
	byPair := make(map[pair]Succession, len(have))
	for _, s := range have {
		byPair[pair{s.Old, s.New}] = s
	}
	wanted := make(map[pair]bool, len(list))
	var add []Succession
	for _, s := range list {
		p := pair{s.Old, s.New}
		wanted[p] = true
		old, there := byPair[p]
		switch {
		case there && (old == s || old.Origin != ""):
			continue
		case there:
			done.Changed++
			if err := deleteSuccession(ctx, tx, old); err != nil {
				return err
			}
		default:
			done.Added++
		}
		add = append(add, s)
	}
	for p, old := range byPair {
		if wanted[p] || old.Origin != "" {
			continue
		}
		done.Withdrawn++
		if err := deleteSuccession(ctx, tx, old); err != nil {
			return err
		}
	}
	return insertSuccessions(ctx, tx, add)
}
