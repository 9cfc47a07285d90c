package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"motcua/internal/core/identity"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Correct sets parts of a procedure right: values by part in JSON. A value equal to
// what the sources say takes a correction back. Nothing else is touched, and the
// words of the source stay beside it.
func (s *Service) Correct(ctx context.Context, code string, parts map[source.Part]json.RawMessage) error {
	if err := allow(ctx); err != nil {
		return err
	}
	who := identity.From(ctx).AccountID
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.deps.Now()
		b, err := s.board(ctx, tx, []string{code}, now)
		if err != nil {
			return err
		}
		records := map[source.Shape]*source.Record{}
		for shape, k := range b.sources[code] {
			records[shape] = k.record
		}
		if len(records) == 0 {
			return errs.NewNotFound("catalogue.entry-unknown")
		}
		plain, _, err := merge(records, nil)
		if err != nil {
			return err
		}
		var names []string
		for _, p := range source.Parts() {
			value, given := parts[p]
			if !given {
				continue
			}
			probe := *plain
			if err := probe.SetValue(p, value); err != nil {
				return errs.NewInvalid(errs.Bad(string(p), "catalogue.bad-value")) // a page makes whole values; this is a program's mistake
			}
			if sameValue(plain.Value(p), probe.Value(p)) && !plain.Doubtful(p) {
				err = dropEdit(ctx, tx, code, p)
			} else {
				err = saveEdit(ctx, tx, code, edit{p, value, plain.PartHash(p)}, who, now)
			}
			if err != nil {
				return err
			}
			names = append(names, string(p))
		}
		edits, err := editsOf(ctx, tx, []string{code})
		if err != nil {
			return err
		}
		b.edits = edits
		if err := b.settle(ctx, tx, code); err != nil {
			return err
		}
		return s.note(ctx, tx, "procedure:"+code, "catalogue.entry-edited", map[string]any{"parts": names})
	})
}

// Restore takes the correction of a part back.
func (s *Service) Restore(ctx context.Context, code string, p source.Part) error {
	if err := allow(ctx); err != nil {
		return err
	}
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := dropEdit(ctx, tx, code, p); err != nil {
			return err
		}
		b, err := s.board(ctx, tx, []string{code}, s.deps.Now())
		if err != nil {
			return err
		}
		if err := b.settle(ctx, tx, code); err != nil {
			return err
		}
		return s.note(ctx, tx, "procedure:"+code, "catalogue.entry-edited", map[string]any{"restored": p})
	})
}

// Corrected lists the parts that officers have set right.
func (s *Service) Corrected(ctx context.Context, code string) (map[source.Part]bool, error) {
	if err := see().Check(ctx); err != nil {
		return nil, err
	}
	all, err := editsOf(ctx, s.deps.DB, []string{code})
	out := map[source.Part]bool{}
	for _, e := range all[code] {
		out[e.Part] = true
	}
	return out, err
}

func sameValue(a, b any) bool {
	x, xerr := json.Marshal(a)
	y, yerr := json.Marshal(b)
	return errors.Join(xerr, yerr) == nil && bytes.Equal(x, y)
}

// encode makes the JSON of a value a page has put together.
func encode(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("encode a part: %w", err)) // plain values always have a form in JSON
	}
	return text
}

// oneLine is a text of a form field without line breaks.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
