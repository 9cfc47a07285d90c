package dossier

import (
	"context"
	"strings"

	"motcua/internal/platform/journal"
)

// Difference is a dossier whose table says otherwise than its events.
type Difference struct {
	ID, Number string
	Fields     []string // what differs; "events" when the events themselves make no sense
}

// Audit rebuilds every dossier from its events and compares: the answer to "did
// anybody write into the table by hand?". found is called for each that differs;
// the number of dossiers compared comes back.
func (s *Service) Audit(ctx context.Context, found func(Difference)) (checked int, err error) {
	after := ""
	for {
		rows, err := s.read.Query(ctx, `SELECT `+headColumns+` FROM dossier_dossier d WHERE d.id > $1 ORDER BY d.id LIMIT 200`, after)
		list, err := heads(rows, err)
		if err != nil || len(list) == 0 {
			return checked, err
		}
		for i := range list {
			after = list[i].ID
			fields, err := s.compare(ctx, &list[i])
			if err != nil {
				return checked, err
			}
			if checked++; len(fields) > 0 {
				found(Difference{ID: list[i].ID, Number: list[i].Number, Fields: fields})
			}
		}
	}
}

func (s *Service) compare(ctx context.Context, rec *record) ([]string, error) {
	var all []journal.Event
	for seq := int64(0); ; {
		events, err := s.Journal.Stream(ctx, s.read, stream(rec.ID), seq, 1000)
		if err != nil {
			return nil, err
		}
		if all = append(all, events...); len(events) < 1000 {
			break
		}
		seq = events[len(events)-1].Seq
	}
	p, broken := RebuildStatus(all)
	if broken != nil {
		return []string{"events"}, nil //nolint:nilerr // a journal that does not add up is the finding
	}
	fields := p.Differs(rec.Dossier)
	if len(fields) == 0 {
		return nil, nil
	}
	// A change that committed between the two reads is no difference.
	again, err := headBy(ctx, s.read, "id", rec.ID)
	if err != nil || again.Version != rec.Version {
		return nil, err
	}
	return fields, nil
}

// String lists a difference for an operator.
func (d Difference) String() string { return d.Number + ": " + strings.Join(d.Fields, ", ") }
