package procedure

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// offerID names an offer by its parts, so that it needs no row and never changes.
func offerID(code, agencyID string, ch ChannelKind) string {
	return code + "~" + agencyID + "~" + string(ch)
}

func encode(data any) (json.RawMessage, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	return text, nil
}

// matches reports whether an agency offers a procedure by the version's rule.
func (o OfferRule) matches(a org.Agency, nameKey string) bool {
	if len(o.Codes) > 0 {
		return slices.Contains(o.Codes, a.Code)
	}
	if string(a.Level) != string(o.Level) {
		return false
	}
	switch {
	case len(o.AgencyNames) > 0:
		return slices.ContainsFunc(o.AgencyNames, func(name string) bool {
			key := fold.Key(name)
			return nameKey == key || strings.HasPrefix(nameKey, key+" ")
		})
	case o.Level == Commune:
		return a.Kind == org.KindCommune
	default:
		return a.Kind == org.KindDepartment || a.Kind == org.KindProvince
	}
}

// places are the agencies that exist today, as the index was built.
type places struct {
	generation int64
	day        string
	list       []place
	byID       map[string]*place
}

type place struct {
	agency org.Agency
	key    string // folded name
}

func (s *Service) places(ctx context.Context, old *places) (*places, error) {
	if s.deps.Agencies == nil {
		return &places{}, nil
	}
	gen, err := s.deps.Agencies.Generation(ctx)
	if err != nil {
		return nil, err
	}
	day := s.today()
	if old != nil && old.generation == gen && old.day == day {
		return old, nil
	}
	p := &places{generation: gen, day: day, byID: map[string]*place{}}
	for after := ""; ; {
		page, err := s.deps.Agencies.Agencies(ctx, org.AgencyFilter{Limit: 500, After: after})
		if err != nil {
			return nil, fmt.Errorf("list agencies: %w", err)
		}
		for _, a := range page.Items {
			p.list = append(p.list, place{agency: a, key: fold.Key(a.Name)})
		}
		if after = page.Next; after == "" {
			break
		}
	}
	for i := range p.list {
		p.byID[p.list[i].agency.ID] = &p.list[i]
	}
	return p, nil
}

// onlineAt is how far online an agency offers a procedure through a channel; ok is
// false when it does not offer it.
func (x *index) onlineAt(e *entry, p *place, ch ChannelKind) (OnlineLevel, bool) {
	if level, own := x.exceptions[offerKey{e.code, p.agency.ID, ch}]; own {
		return level, level != ""
	}
	if !slices.Contains(e.card.Offers.Channels, ch) || !e.card.Offers.matches(p.agency, p.key) {
		return "", false
	}
	return e.card.Offers.Online, true
}

// offeredBy reports whether the agency offers the procedure through any channel.
func (x *index) offeredBy(e *entry, agencyID string) bool {
	p := x.places.byID[agencyID]
	if p == nil {
		return false
	}
	for _, ch := range []ChannelKind{Direct, Online, Postal} {
		if _, ok := x.onlineAt(e, p, ch); ok {
			return true
		}
	}
	return false
}

// Offers lists who takes dossiers of a procedure today, by agency name and then
// channel. NotFound when no version of it is in force.
func (s *Service) Offers(ctx context.Context, code string) ([]Offer, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	e := x.byCode[code]
	if e == nil {
		return nil, errNotFound()
	}
	var out []Offer
	for i := range x.places.list {
		p := &x.places.list[i]
		for _, ch := range []ChannelKind{Direct, Online, Postal} {
			if level, ok := x.onlineAt(e, p, ch); ok {
				out = append(out, offer(e, p, ch, level))
			}
		}
	}
	return out, nil
}

// Offering is an agency with the number of procedures it takes.
type Offering struct {
	AgencyID, Name string
	Level          Level
	Count          int
}

// Offering lists the agencies that take dossiers today, those of the province first,
// by name.
func (s *Service) Offering(ctx context.Context) ([]Offering, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	// Thousands of procedures share a handful of rules, and thousands of agencies too:
	// each rule is asked once of each agency.
	type shared struct {
		rule    OfferRule
		entries []*entry
	}
	rules := map[string]*shared{}
	for i := range x.entries {
		e := &x.entries[i]
		r := e.card.Offers
		if len(r.Channels) == 0 {
			continue
		}
		key := string(r.Level) + "|" + strings.Join(r.AgencyNames, ",") + "|" + strings.Join(r.Codes, ",")
		if rules[key] == nil {
			rules[key] = &shared{rule: r}
		}
		rules[key].entries = append(rules[key].entries, e)
	}
	own := map[string]bool{} // agencies that offer something otherwise
	for key := range x.exceptions {
		own[key.agency] = true
	}
	var out []Offering
	for i := range x.places.list {
		p := &x.places.list[i]
		o := Offering{AgencyID: p.agency.ID, Name: p.agency.Name, Level: Level(p.agency.Level)}
		if own[p.agency.ID] {
			for j := range x.entries {
				if x.offeredBy(&x.entries[j], p.agency.ID) {
					o.Count++
				}
			}
		} else {
			for _, r := range rules {
				if r.rule.matches(p.agency, p.key) {
					o.Count += len(r.entries)
				}
			}
		}
		if o.Count > 0 {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b Offering) int {
		return cmp.Or(-cmp.Compare(a.Level, b.Level), strings.Compare(fold.Sort(a.Name), fold.Sort(b.Name)))
	})
	return out, nil
}

func offer(e *entry, p *place, ch ChannelKind, level OnlineLevel) Offer {
	return Offer{
		ID: offerID(e.code, p.agency.ID, ch), ProcedureCode: e.code, VersionID: e.id,
		AgencyID: p.agency.ID, AgencyName: p.agency.Name, Channel: ch, Online: level,
	}
}

// Offer finds an offer again, that of an agency which a decree ended as its heir's.
// NotFound when it does not stand any more: the agency closed, the version ended,
// or the agency stopped offering it.
func (s *Service) Offer(ctx context.Context, id string) (Offer, error) {
	code, rest, _ := strings.Cut(id, "~")
	agencyID, channel, ok := strings.Cut(rest, "~")
	if !ok {
		return Offer{}, errNotFound()
	}
	x, err := s.fresh(ctx)
	if err != nil {
		return Offer{}, err
	}
	e, p := x.byCode[code], x.places.byID[agencyID]
	if e != nil && p == nil && s.deps.Agencies != nil {
		// A decree ended the agency: links and drafts made before lead to its heir.
		heir, err := s.deps.Agencies.Present(ctx, agencyID)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return Offer{}, err
		}
		p = x.places.byID[heir.ID]
	}
	if e == nil || p == nil {
		return Offer{}, errNotFound()
	}
	level, ok := x.onlineAt(e, p, ChannelKind(channel))
	if !ok {
		return Offer{}, errNotFound()
	}
	return offer(e, p, ChannelKind(channel), level), nil
}

// SetOffer makes one agency offer a procedure otherwise than the rule says; level
// "" stops it. Whoever asks needs admin.catalogue at the agency.
func (s *Service) SetOffer(ctx context.Context, code, agencyID string, ch ChannelKind, level OnlineLevel) error {
	return s.changeOffer(ctx, code, agencyID, ch, func(tx *sqldb.Tx, key offerKey) error {
		return saveException(ctx, tx, key, level)
	}, map[string]any{"agency": agencyID, "channel": ch, "online": level})
}

// ResetOffer lets the version's rule decide again for one agency.
func (s *Service) ResetOffer(ctx context.Context, code, agencyID string, ch ChannelKind) error {
	return s.changeOffer(ctx, code, agencyID, ch, func(tx *sqldb.Tx, key offerKey) error {
		return dropException(ctx, tx, key)
	}, map[string]any{"agency": agencyID, "channel": ch, "reset": true})
}

func (s *Service) changeOffer(ctx context.Context, code, agencyID string, ch ChannelKind, change func(*sqldb.Tx, offerKey) error, data map[string]any) error {
	x, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	p, e := x.places.byID[agencyID], x.byCode[code]
	if p == nil || e == nil || !identity.From(ctx).MayAt(identity.AdminCatalogue, p.agency.Path) {
		return errNotFound()
	}
	if !slices.Contains(e.card.Channels, ch) {
		return errs.NewInvalid(errs.Bad("channel", "procedure.no-such-channel"))
	}
	v, err := versionByID(ctx, s.deps.DB, e.id)
	if err != nil {
		return err
	}
	if v.Pack == Catalogue {
		return errs.NewConflict("procedure.no-form", "code", code)
	}
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := change(tx, offerKey{code, agencyID, ch}); err != nil {
			return err
		}
		if err := bumpGeneration(ctx, tx); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.dirty.Store(true) })
		return s.note(ctx, tx, "procedure:"+code, "procedure.offer-changed", data)
	})
}
