package catalogue

import (
	"context"

	"motcua/internal/core/identity"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Run returns an import with the number of its changes by state.
func (s *Service) Run(ctx context.Context, runID string) (Run, map[ChangeState]int64, error) {
	if err := allow(ctx); err != nil {
		return Run{}, nil, err
	}
	run, err := runByID(ctx, s.deps.DB, runID)
	if err != nil {
		return run, nil, err
	}
	states, err := countChanges(ctx, s.deps.DB, runID)
	return run, states, err
}

// Runs lists the latest imports, newest first.
func (s *Service) Runs(ctx context.Context, limit int) ([]Run, error) {
	if err := allow(ctx); err != nil {
		return nil, err
	}
	return runsBefore(ctx, s.deps.DB, limit)
}

// Rows lists what became of the records of a run, in their order, behind a place;
// outcome "" is all.
func (s *Service) Rows(ctx context.Context, runID string, outcome Outcome, afterFile, afterLine int64, limit int) ([]Row, error) {
	if err := allow(ctx); err != nil {
		return nil, err
	}
	return linesOf(ctx, s.deps.DB, runID, outcome, afterFile, afterLine, limit)
}

// Changes lists the changes of a run by code, behind one; state and kind "" are all.
func (s *Service) Changes(ctx context.Context, runID string, state ChangeState, kind ChangeKind, after string, limit int) ([]Change, error) {
	if err := allow(ctx); err != nil {
		return nil, err
	}
	return changesOf(ctx, s.deps.DB, runID, state, kind, after, limit)
}

// Change returns one change.
func (s *Service) Change(ctx context.Context, changeID string) (Change, error) {
	if err := allow(ctx); err != nil {
		return Change{}, err
	}
	return changeByID(ctx, s.deps.DB, changeID)
}

// Accept puts one change in force. A Conflict "catalogue.change-decided" when
// somebody has decided it.
func (s *Service) Accept(ctx context.Context, changeID string) error {
	if err := allow(ctx); err != nil {
		return err
	}
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := changeByID(ctx, tx, changeID)
		if err != nil {
			return err
		}
		b, err := s.board(ctx, tx, []string{c.Code}, s.deps.Now())
		if err != nil {
			return err
		}
		return s.accept(ctx, tx, b, c)
	})
}

func (s *Service) accept(ctx context.Context, tx *sqldb.Tx, b *board, c Change) error {
	ok, err := decide(ctx, tx, c.ID, Accepted, identity.From(ctx).AccountID, b.now)
	if err != nil {
		return err
	}
	if !ok {
		return errs.NewConflict("catalogue.change-decided")
	}
	text, err := changeRecord(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	r, err := readRecord(text)
	if err != nil {
		return err
	}
	if err := b.accept(ctx, tx, r, c.Shape, text, c.hash, c.RunID); err != nil {
		return err
	}
	return s.note(ctx, tx, "procedure:"+c.Code, "catalogue.change-accepted", map[string]any{"change": c.ID, "run": c.RunID, "source": c.Shape})
}

// Reject leaves things as they are. The same record comes up again with the next import.
func (s *Service) Reject(ctx context.Context, changeID string) error {
	if err := allow(ctx); err != nil {
		return err
	}
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := changeByID(ctx, tx, changeID)
		if err != nil {
			return err
		}
		ok, err := decide(ctx, tx, c.ID, Rejected, identity.From(ctx).AccountID, s.deps.Now())
		if err != nil {
			return err
		}
		if !ok {
			return errs.NewConflict("catalogue.change-decided")
		}
		return s.note(ctx, tx, "procedure:"+c.Code, "catalogue.change-rejected", map[string]any{"change": c.ID, "run": c.RunID, "source": c.Shape})
	})
}

// AcceptAll puts every open change of a run in force, as a job: there may be thousands.
func (s *Service) AcceptAll(ctx context.Context, runID string) error {
	if err := allow(ctx); err != nil {
		return err
	}
	run, err := runByID(ctx, s.deps.DB, runID)
	if err != nil {
		return err
	}
	if run.State != Done {
		return errs.NewConflict("catalogue.run-not-done")
	}
	who := identity.From(ctx)
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := s.note(ctx, tx, "catalogue:"+runID, "catalogue.all-accepted", map[string]any{}); err != nil {
			return err
		}
		return s.deps.Jobs.Enqueue(ctx, tx, acceptKind, acceptJob{Run: runID, By: who.AccountID, As: who.Name}, job.Key(runID))
	})
}

// ProcessAccept puts the open changes of a run in force, batch by batch. What is done
// is known by the state of each change, so it may be killed and begun again.
func (s *Service) ProcessAccept(ctx context.Context, runID string) error {
	if err := allow(ctx); err != nil {
		return err
	}
	after := ""
	for {
		var last string
		err := s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			last = ""
			open, err := changesOf(ctx, tx, runID, Open, "", after, s.batch)
			if err != nil || len(open) == 0 {
				return err
			}
			var codes []string
			for _, c := range open {
				codes = append(codes, c.Code)
			}
			b, err := s.board(ctx, tx, codes, s.deps.Now())
			if err != nil {
				return err
			}
			for _, c := range open {
				if err := s.accept(ctx, tx, b, c); err != nil {
					return err
				}
			}
			last = codes[len(codes)-1]
			return nil
		})
		if err != nil || last == "" {
			return err
		}
		// Two shapes of one code may stand on both sides of a batch: go back one.
		after = previous(last)
		if s.after != nil {
			s.after(ctx)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// previous is a text before the code and behind every other one before it.
func previous(code string) string {
	if code == "" {
		return ""
	}
	return code[:len(code)-1] + string(code[len(code)-1]-1) + "~"
}

// followPacks keeps entries true when packs take procedures over or give them back.
func (s *Service) followPacks() journal.Subscriber {
	return journal.Subscriber{
		Name: "catalogue.packs", Types: []string{"procedure.published", "procedure.withdrawn", "procedure.reinstated"},
		Handle: func(ctx context.Context, tx *sqldb.Tx, e journal.Event) error {
			code := e.Stream[min(len("procedure:"), len(e.Stream)):]
			h, err := heads(ctx, tx, []string{code})
			if err != nil {
				return err
			}
			have, known := h[code]
			if !known {
				return nil
			}
			newest, err := s.deps.Procedures.NewestOf(ctx, tx, code)
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			if newest != nil && (newest.ID == have.versionID || have.pack != "" && newest.Pack == have.pack) {
				return nil // it is as the entry says
			}
			b, err := s.board(ctx, tx, []string{code}, s.deps.Now())
			if err != nil {
				return err
			}
			return b.settle(identity.With(ctx, identity.System), tx, code)
		},
	}
}

// SourcesOf lists the accepted records of a procedure by shape, the most trusted first.
func (s *Service) SourcesOf(ctx context.Context, code string) (map[source.Shape]*source.Record, error) {
	if err := see().Check(ctx); err != nil {
		return nil, err
	}
	all, err := sourcesOf(ctx, s.deps.DB, []string{code})
	if err != nil {
		return nil, err
	}
	out := map[source.Shape]*source.Record{}
	for shape, k := range all[code] {
		out[shape] = k.record
	}
	return out, nil
}
