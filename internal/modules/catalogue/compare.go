package catalogue

import (
	"context"
	"errors"
	"io"

	"motcua/internal/modules/catalogue/source"
)

// Found is one record of a comparison.
type Found struct {
	Row   Row
	Shape source.Shape
	Name  string
	Parts []PartDiff // of a changed one
}

// Compare says what importing a stream would change, record by record, and changes nothing.
func (s *Service) Compare(ctx context.Context, r io.Reader, each func(Found) error) error {
	if err := allow(ctx); err != nil {
		return err
	}
	split := source.NewSplitter(r)
	seen := map[string]bool{}
	for {
		it, err := split.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p := read(0, it)
		f := Found{Row: p.line, Shape: p.shape}
		if p.record == nil {
			if f.Row.Hint, err = s.hint(ctx, s.deps.DB, f.Row); err != nil {
				return err
			}
		} else {
			f.Name = p.record.Name
			if err := s.compareOne(ctx, p, &f, seen); err != nil {
				return err
			}
		}
		if err := each(f); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (s *Service) compareOne(ctx context.Context, p parsed, f *Found, seen map[string]bool) error {
	key := p.record.Code + "/" + string(p.shape)
	if seen[key] {
		f.Row.Outcome, f.Row.Reason, f.Row.Field = OutcomeRefused, source.Duplicate, "code"
		return nil
	}
	seen[key] = true
	all, err := sourcesOf(ctx, s.deps.DB, []string{p.record.Code})
	if err != nil {
		return err
	}
	old, known := all[p.record.Code][p.shape]
	switch {
	case !known:
		f.Row.Outcome = OutcomeAdded
	case old.hash == p.hash:
		f.Row.Outcome = OutcomeSame
	default:
		f.Row.Outcome = OutcomeChanged
		f.Parts = difference(old.record, p.record)
	}
	return nil
}
