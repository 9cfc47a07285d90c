package procedure

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// OfferMove is a procedure that an ended agency offered and a successor offers on.
type OfferMove struct {
	Code     string
	Name     string // Vietnamese
	Field    string // code of the field
	Channel  ChannelKind
	Online   OnlineLevel
	FromID   string
	ToID     string
	ByRule   bool // the version's own rule already makes the successor offer it
	Excepted bool // the ended agency offered it by an exception
}

// OffersOf lists what an agency offers today, by code and channel, whoever asks:
// offers are public.
func (s *Service) OffersOf(ctx context.Context, agencyID string) ([]OfferMove, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	p := x.places.byID[agencyID]
	if p == nil {
		return nil, nil
	}
	var out []OfferMove
	for code, e := range x.byCode {
		for _, ch := range []ChannelKind{Direct, Online, Postal} {
			if level, ok := x.onlineAt(e, p, ch); ok {
				_, excepted := x.exceptions[offerKey{code, agencyID, ch}]
				out = append(out, OfferMove{Code: code, Name: e.card.Name.VI, Field: e.card.Field.Code, Channel: ch, Online: level, FromID: agencyID, Excepted: excepted})
			}
		}
	}
	slices.SortFunc(out, func(a, b OfferMove) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Channel, b.Channel))
	})
	return out, nil
}

// RuleOffers reports whether the version of a procedure in force makes an agency
// offer it through a channel, the agency being as it will be after a decree.
func (s *Service) RuleOffers(ctx context.Context, code string, a org.Agency, ch ChannelKind) (bool, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return false, err
	}
	e := x.byCode[code]
	return e != nil && slices.Contains(e.card.Offers.Channels, ch) && e.card.Offers.matches(a, fold.Key(a.Name)), nil
}

// SucceedOffers makes the successors of an ended agency offer what it offered, in
// the transaction of the decree. Where a version's own rule already says so nothing
// is written. The exceptions of the ended agency stay: they are history.
func (s *Service) SucceedOffers(ctx context.Context, tx *sqldb.Tx, decree string, to map[string]org.Agency, moves []OfferMove) error {
	for _, m := range moves {
		target, ok := to[m.ToID]
		if !ok {
			return fmt.Errorf("offer of %s goes to agency %s, which is not there", m.Code, m.ToID)
		}
		if !identity.From(ctx).MayAt(identity.AdminOrg, target.Path) {
			return errNotFound()
		}
		if m.ByRule {
			continue
		}
		n, err := tx.Exec(ctx, `INSERT INTO procedure_offer (code, agency_id, channel, online) VALUES ($1, $2, $3, $4)
			ON CONFLICT (code, agency_id, channel) DO NOTHING`, m.Code, m.ToID, string(m.Channel), string(m.Online))
		if err != nil {
			return fmt.Errorf("store offer: %w", err)
		}
		if n == 0 {
			continue
		}
		if err := s.note(ctx, tx, "procedure:"+m.Code, "procedure.offer-changed", map[string]any{
			"agency": m.ToID, "channel": m.Channel, "online": m.Online, "from": m.FromID, "decree": decree,
		}); err != nil {
			return err
		}
	}
	if err := bumpGeneration(ctx, tx); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.dirty.Store(true) })
	return nil
}
