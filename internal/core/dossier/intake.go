package dossier

import (
	"context"
	"slices"

	"motcua/internal/core/flow"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
)

// Intake takes a dossier in at a counter (or one that came by post): created and
// received in one transaction, with its receipt (form 01). The clerk needs
// dossier.receive at the receiving agency; any counter of the province takes any
// procedure (NĐ 118/2025 Đ14), so the receiving agency need not be the competent one.
//
// Errors: those of Submit; dossier.no-counter (NotFound) when the clerk has no
// counter; dossier.not-receivable (Conflict) when the flow does not let the first
// step receive.
func (s *Service) Intake(ctx context.Context, in IntakeInput) (Dossier, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Dossier{}, err
	}
	key := usedFor{account: actor.AccountID, key: in.Key, operation: "intake:" + in.OfferID}
	return s.once(ctx, key, func() (Dossier, error) { return s.intake(ctx, actor, in, key) })
}

func (s *Service) intake(ctx context.Context, actor identity.Actor, in IntakeInput, key usedFor) (Dossier, error) {
	receiving, err := s.counterFor(ctx, actor, in.ReceivingAgencyID)
	if err != nil {
		return Dossier{}, err
	}
	offer, err := s.Procedures.Offer(ctx, in.OfferID)
	if err != nil {
		return Dossier{}, err
	}
	if in.Channel == "" {
		in.Channel = Direct
	}
	if in.Channel == Online {
		return Dossier{}, errs.NewInvalid(errs.Bad("channel", "dossier.channel"))
	}
	m := &matter{now: s.now()}
	caseID, err := s.caseOf(ctx, m, offer.VersionID, in.CaseID)
	if err != nil {
		return Dossier{}, err
	}
	if m.comp.Version.Def.Channel(procedure.ChannelKind(in.Channel)) == nil {
		return Dossier{}, errs.NewInvalid(errs.Bad("channel", "dossier.channel"))
	}
	submitter := tidy(in.Submitter)
	if submitter.Name == "" && submitter.CitizenNo == "" {
		submitter = tidy(in.Owner)
	}
	submitter.AccountID = s.accountOf(ctx, submitter)
	owner := tidy(in.Owner)
	owner.AccountID = s.accountOf(ctx, owner)
	return s.file(ctx, actor, newFiling{
		offer: offer, caseID: caseID, channel: in.Channel, receivingID: receiving, answers: in.Answers, papers: in.Papers,
		named: &owner, submitter: submitter, proxy: in.Proxy, delivery: in.Delivery, sets: in.Sets, title: in.Title,
		fileOwner: actor.AccountID, conf: in.Confidentiality, feePaid: in.FeePaid, receiptNo: in.ReceiptNo,
	}, key, nil)
}

// counterFor is the agency at which a clerk takes dossiers in.
func (s *Service) counterFor(ctx context.Context, a identity.Actor, wanted string) (string, error) {
	if wanted != "" {
		agency, err := s.Agencies.Agency(ctx, wanted)
		if err != nil {
			return "", err
		}
		if !a.MayAt(identity.DossierReceive, agency.Path) {
			return "", errs.NewNotFound("dossier.no-counter")
		}
		return wanted, nil
	}
	for _, p := range a.Posts {
		if slices.Contains(p.Perms, identity.DossierReceive) {
			return p.AgencyID, nil
		}
	}
	return "", errs.NewNotFound("dossier.no-counter")
}

// planReceipt receives a dossier in the same plan that creates it: the action of
// its first step whose effect is to receive.
func (s *Service) planReceipt(ctx context.Context, p *plan, actor identity.Actor) error {
	m := p.m
	m.rec = p.rec // guards see the dossier as it stands
	me := who(actor, m.competent.Path)
	actions := m.flow.Actions(p.rec.Run, me, m.facts())
	at := slices.IndexFunc(actions, func(a flow.Action) bool { return a.Effect == flow.Receive })
	if at < 0 {
		return errs.NewConflict("dossier.not-receivable")
	}
	a := actions[at]
	if a.Blocked != nil {
		return blocked(a)
	}
	run, effects, err := m.flow.Act(p.rec.Run, flow.Input{Action: a.ID, Task: a.Task}, me, m.facts(), m.moment(ctx, s))
	if err != nil {
		return err
	}
	return p.carry(run, effects, act{effect: flow.Receive, action: a.ID, task: a.Task})
}

// blocked says why an action may not be done now, in the words of the pack or ours.
func blocked(a flow.Action) error {
	if !a.Blocked.Text.IsZero() {
		return errs.NewConflict("dossier.blocked", "why", a.Blocked.Text)
	}
	return &errs.Error{Kind: errs.Conflict, Code: a.Blocked.Code, Args: a.Blocked.Args}
}
