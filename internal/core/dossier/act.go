package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/flow"
	"motcua/internal/core/identity"
	"motcua/internal/core/register"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// maxWords bounds what a person may type with an act, in characters.
const maxWords = 4000

// Act carries out one action of the flow: receive, ask for more papers, refuse,
// assign, propose, give an opinion, approve, issue, hand over… What each action does
// beside moving the dossier follows from its effect (package flow).
//
// Who may: the flow decides by the role of the step at its agency, the assignee, or
// dossier.assign over the agency. Errors: dossier.not-found; flow.no-such-action
// (NotFound); dossier.blocked or the flow's own codes (Conflict) with the reason;
// Invalid naming reason, note, assignee, due, files, missing, result.<field>;
// dossier.changed (Conflict) with who did what since the version that was seen.
func (s *Service) Act(ctx context.Context, in ActInput) (Dossier, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Dossier{}, err
	}
	key := usedFor{account: actor.AccountID, key: in.Key, operation: "act:" + in.DossierID + ":" + in.Action}
	return s.once(ctx, key, func() (Dossier, error) {
		if bad := in.tidy(); bad != nil {
			return Dossier{}, errs.NewInvalid(bad...)
		}
		return s.change(ctx, in.DossierID, in.Version, key, func(m *matter) (*plan, error) {
			return s.planAct(ctx, actor, m, in)
		})
	})
}

func (in *ActInput) tidy() []errs.Field {
	in.Reason, in.Note = fold.CleanLines(in.Reason), fold.CleanLines(in.Note)
	var bad []errs.Field
	for name, text := range map[string]string{"reason": in.Reason, "note": in.Note} {
		if len([]rune(text)) > maxWords {
			bad = append(bad, errs.Bad(name, "dossier.too-long", "max", maxWords))
		}
	}
	if len(in.Files) > maxFiles {
		bad = append(bad, errs.Bad("files", "dossier.files-many", "max", maxFiles))
	}
	return bad
}

// change reads a dossier, plans a change and writes it. When somebody was faster
// and the caller did not say which version it saw, it reads and plans again.
func (s *Service) change(ctx context.Context, dossierID string, version int64, key usedFor, plan func(*matter) (*plan, error)) (Dossier, error) {
	for try := 0; ; try++ {
		d, err := s.changeOnce(ctx, dossierID, version, key, plan)
		if err == nil {
			return d, nil
		}
		switch {
		case !errors.Is(err, errStale):
			return Dossier{}, err
		case version != 0:
			return Dossier{}, s.changedSince(ctx, dossierID, version)
		case try == 10:
			return Dossier{}, errs.NewConflict("dossier.busy")
		}
	}
}

func (s *Service) changeOnce(ctx context.Context, dossierID string, version int64, key usedFor, plan func(*matter) (*plan, error)) (Dossier, error) {
	rec, _, _, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return Dossier{}, err
	}
	if version != 0 && version != rec.Version {
		return Dossier{}, errStale
	}
	m, err := s.load(ctx, s.read, rec)
	if err != nil {
		return Dossier{}, err
	}
	p, err := plan(m)
	if err != nil {
		return Dossier{}, err
	}
	r, err := s.prepare(ctx, p, key)
	if err != nil {
		return Dossier{}, err
	}
	return s.write(ctx, r)
}

// changedSince says who did what since a version: "Lê Thị Hoa đã tiếp nhận hồ sơ lúc …".
func (s *Service) changedSince(ctx context.Context, dossierID string, version int64) error {
	conflict := errs.NewConflict("dossier.changed", "who", "", "what", "", "at", time.Time{})
	if !looksLikeID(dossierID) {
		rec, err := headBy(ctx, s.read, "number", strings.ToUpper(dossierID))
		if err != nil {
			return conflict.Because(err)
		}
		dossierID = rec.ID
	}
	events, err := s.Journal.Stream(ctx, s.read, stream(dossierID), 0, 1000)
	if err != nil {
		return conflict.Because(err)
	}
	for _, e := range slices.Backward(events) {
		var d Event
		if json.Unmarshal(e.Data, &d) != nil || d.Version <= version {
			continue
		}
		who := e.ActorName
		if who == "" {
			who = i18n.T(ctx, "dossier.who.citizen")
			if e.Actor == "" {
				who = i18n.T(ctx, "dossier.who.system")
			}
		}
		what := i18n.T(ctx, "dossier.did."+strings.TrimPrefix(e.Type, "dossier."))
		return errs.NewConflict("dossier.changed", "who", who, "what", what, "at", e.At)
	}
	return conflict
}

// planAct plans one action.
func (s *Service) planAct(ctx context.Context, actor identity.Actor, m *matter, in ActInput) (*plan, error) {
	me := who(actor, m.rec.CompetentPath)
	action, found := findAction(m.flow.Actions(m.rec.Run, me, m.facts()), in.Action, in.TaskID)
	if !found {
		return nil, errs.NewNotFound("flow.no-such-action")
	}
	if action.Blocked != nil {
		return nil, blocked(action)
	}
	p := newPlan(m, actor)
	if post, ok := postFor(actor, m, action); ok {
		p.post = post
	}
	input := flow.Input{
		Action: action.ID, Task: action.Task, Reason: in.Reason, Note: in.Note, Files: in.Files, Due: in.Due,
		Value: text(in.Fields["value"]),
	}
	if err := s.assignee(ctx, m, action, in.AssignTo, &input); err != nil {
		return nil, err
	}
	result, bad, err := s.resultFields(ctx, m, action, in.Fields)
	if err != nil {
		return nil, err
	}
	if len(bad) > 0 {
		return nil, errs.NewInvalid(bad...)
	}
	input.Fields = result
	if len(in.Files) > 0 {
		if err := s.officerFiles(ctx, p, actor, in.Files); err != nil {
			return nil, err
		}
	}
	switch action.Effect {
	case flow.Approve:
		p.rec.Outcome = outcome{By: actor.AccountID, Name: actor.Name, Title: p.post.Title, At: m.now}
	case flow.Paid:
		if err := p.pay(in.Fields, "counter"); err != nil {
			return nil, err
		}
	default: // the flow alone knows what follows
	}
	run, effects, err := m.flow.Act(m.rec.Run, input, me, m.facts(), m.moment(ctx, s))
	if err != nil {
		return nil, err
	}
	what := act{effect: action.Effect, action: action.ID, task: action.Task, reason: in.Reason, note: in.Note, value: input.Value}
	if action.Effect == flow.Supplement {
		if bad := p.ask(m, in, run); len(bad) > 0 {
			return nil, errs.NewInvalid(bad...)
		}
		what.data.Supplement, what.data.Round = p.asked.ID, p.asked.Round
	}
	return p, p.finishAct(run, effects, what)
}

// finishAct carries the effects and names the event after where the dossier
// really went: a decision against that ends it is told as a stop or a refusal.
func (p *plan) finishAct(run flow.Run, effects []flow.Effect, what act) error {
	if what.typ == "" && (what.effect == flow.Reject || what.effect == flow.Refuse) {
		switch run.Status {
		case StatusStopped:
			what.typ = evSuspended
		case StatusRefused:
			what.typ = evRefused
		default: // it goes on
		}
	}
	if p.rec.Status == StatusSupplement && run.Status != StatusSupplement && p.ended == "" {
		p.ended = "expired"
		if what.effect == flow.Supplied {
			p.ended = "answered"
		}
	}
	return p.carry(run, effects, what)
}

// findAction finds an action among those the flow offers.
func findAction(actions []flow.Action, actionID, taskID string) (flow.Action, bool) {
	for _, a := range actions {
		if a.ID == actionID && (taskID == "" || a.Task == "" || a.Task == taskID) {
			return a, true
		}
	}
	return flow.Action{}, false
}

// postFor is the post in which the actor does an action: the one that holds the
// role of the task.
func postFor(a identity.Actor, m *matter, action flow.Action) (identity.HeldPost, bool) {
	for _, t := range m.rec.Run.Tasks {
		if t.ID != action.Task {
			continue
		}
		for _, p := range a.Posts {
			if p.AgencyID == t.Agency && slices.Contains(p.Roles, t.Role) {
				return p, true
			}
		}
	}
	return identity.HeldPost{}, false
}

// assignee looks up the person a task is given to: somebody who holds a post at
// one of the dossier's agencies.
func (s *Service) assignee(ctx context.Context, m *matter, action flow.Action, accountID string, input *flow.Input) error {
	if accountID == "" {
		return nil
	}
	candidates, err := s.candidates(ctx, m, action)
	if err != nil {
		return err
	}
	for _, c := range candidates {
		if c.AccountID == accountID {
			input.Assignee = flow.Person{ID: c.AccountID, Name: c.Name}
			return nil
		}
	}
	return errs.NewInvalid(errs.Bad("assignee", "dossier.assignee"))
}

// resultFields reads what the officer typed for the register, when the action asks
// for it. nil means that this act brings none.
func (s *Service) resultFields(ctx context.Context, m *matter, action flow.Action, typed map[string]any) (map[string]any, []errs.Field, error) {
	if !slices.Contains(action.Needs, flow.NeedResult) {
		return nil, nil, nil
	}
	reg := m.comp.Register(m.rec.CaseID)
	if reg == "" {
		return map[string]any{resultGiven: true}, nil, nil
	}
	def, err := s.Registers.Definition(ctx, reg)
	if err != nil {
		return nil, nil, err
	}
	only := map[string]any{}
	for _, f := range def.OfficerFields() {
		if v, ok := typed[f.ID]; ok {
			only[f.ID] = v
		} else if v, ok := m.rec.Run.Result[f.ID]; ok {
			only[f.ID] = v // typed before, when the dossier came back for rework
		}
	}
	result, bad := def.ReadResult(only)
	result[resultGiven] = true
	return result, bad, nil
}

// resultGiven tells the flow that the officer has seen to the result, also when
// nothing had to be typed.
const resultGiven = "_given"

// ResultFields are what the officer types for the result of a dossier, "" when its
// case has no register.
func (s *Service) ResultFields(ctx context.Context, d Dossier) ([]register.FieldDef, error) {
	comp, err := s.Procedures.Compiled(ctx, d.VersionID)
	if err != nil {
		return nil, err
	}
	reg := comp.Register(d.CaseID)
	if reg == "" {
		return nil, nil
	}
	def, err := s.Registers.Definition(ctx, reg)
	if err != nil {
		return nil, err
	}
	return def.OfficerFields(), nil
}

// officerFiles attaches files that an officer brings with an act.
func (s *Service) officerFiles(ctx context.Context, p *plan, actor identity.Actor, ids []string) error {
	files, err := s.Files.GetMany(ctx, unique(ids))
	if err != nil {
		return err
	}
	if len(files) != len(unique(ids)) {
		return errs.NewInvalid(errs.Bad("files", "file.not-found"))
	}
	paper := Paper{ID: id.New(), Name: i18n.T(i18n.WithLang(ctx, i18n.VI), "dossier.paper.officer"), Internal: true, Kind: "electronic", Digitised: 2, Given: true, GivenAt: p.m.now, Revision: p.m.revision}
	for _, f := range files {
		if f.Owner != actor.AccountID {
			return errs.NewInvalid(errs.Bad("files", "file.not-found"))
		}
		paper.Files = append(paper.Files, PaperFile{ID: f.ID, Name: f.Name, Size: f.Size, Type: f.Type, Hash: f.Hash})
	}
	seq := len(p.m.papers) + 1
	p.also(func(ctx context.Context, tx *sqldb.Tx, rec *record) error {
		if err := insertPapers(ctx, tx, rec.ID, seq, []Paper{paper}); err != nil {
			return err
		}
		return s.Files.Claim(ctx, tx, stream(rec.ID), unique(ids)...)
	})
	return nil
}

// also adds rows of the caller's to the transaction of the plan.
func (p *plan) also(f func(context.Context, *sqldb.Tx, *record) error) {
	before := p.more
	p.more = func(ctx context.Context, tx *sqldb.Tx, rec *record) error {
		if before != nil {
			if err := before(ctx, tx, rec); err != nil {
				return err
			}
		}
		return f(ctx, tx, rec)
	}
}

// ask opens a supplement request.
func (p *plan) ask(m *matter, in ActInput, run flow.Run) []errs.Field {
	q := &SupplementRequest{
		ID: id.New(), Round: run.Supplements, AskedAt: m.now, AskedBy: p.signature(), Reason: in.Reason, Guidance: in.Note,
	}
	components := m.comp.Components(m.rec.CaseID, m.answers, m.env())
	var bad []errs.Field
	for _, code := range in.Missing {
		c, known := componentOf(components, code)
		if !known {
			bad = append(bad, errs.Bad("missing", "dossier.paper-unknown"))
			continue
		}
		q.Missing = append(q.Missing, MissingPaper{Code: code, Name: c.Name.VI})
	}
	for _, t := range run.Timers {
		if q.DueAt.IsZero() || t.DueAt.Before(q.DueAt) {
			q.DueAt = t.DueAt
		}
	}
	p.asked = q
	return bad
}

// signature is the name and post of the actor, as papers show them.
func (p *plan) signature() string {
	name := p.actorName()
	if p.post.Title != "" && name != "" {
		return name + ", " + p.post.Title
	}
	return name
}

// pay marks what is owed as paid.
func (p *plan) pay(fields map[string]any, method string) error {
	if p.rec.FeeDue == 0 {
		return nil
	}
	if amount := text(fields["amount"]); amount != "" {
		if n, ok := wholeNumber(amount); !ok || n != p.rec.FeeDue {
			return errs.NewInvalid(errs.Bad("amount", "dossier.fee-amount", "due", p.rec.FeeDue))
		}
	}
	p.paid = &payment{receiptNo: text(fields["receipt_no"]), method: method, amount: p.rec.FeeDue}
	p.rec.FeePaid += p.rec.FeeDue
	p.rec.FeeDue = 0
	return nil
}

// PayInput records that what a dossier owes was paid.
type PayInput struct {
	DossierID string
	Amount    int64  // đồng; must be what is owed
	ReceiptNo string // number of the fee receipt
	Method    string // counter | online | bank
	Version   int64
	Key       string
}

// Pay records a payment: by a clerk who may receive at the dossier's counter, or by
// the payment gateway (the system). A dossier that waits for the payment (status 6)
// goes on.
func (s *Service) Pay(ctx context.Context, in PayInput) (Dossier, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Dossier{}, err
	}
	key := usedFor{account: actor.AccountID, key: in.Key, operation: "pay:" + in.DossierID}
	return s.once(ctx, key, func() (Dossier, error) {
		return s.change(ctx, in.DossierID, in.Version, key, func(m *matter) (*plan, error) { return s.planPay(ctx, actor, m, in) })
	})
}

func (s *Service) planPay(ctx context.Context, actor identity.Actor, m *matter, in PayInput) (*plan, error) {
	if actor.Kind != identity.KindSystem && !actor.MayAt(identity.DossierReceive, m.rec.ReceivingPath) {
		return nil, errNotFound()
	}
	if m.rec.FeeDue == 0 {
		return nil, errs.NewConflict("dossier.nothing-owed")
	}
	if in.Amount != m.rec.FeeDue {
		return nil, errs.NewInvalid(errs.Bad("amount", "dossier.fee-amount", "due", m.rec.FeeDue))
	}
	p := newPlan(m, actor)
	if err := p.pay(map[string]any{"receipt_no": in.ReceiptNo}, or(in.Method, "counter")); err != nil {
		return nil, err
	}
	facts := m.facts()
	facts.FeeDue, facts.FeePaid = 0, true
	machine := flow.Who{Side: flow.System}
	waiting, found := effectAction(m.flow.Actions(m.rec.Run, machine, facts), flow.Paid)
	if !found || m.rec.Status != StatusPayment {
		p.paidOnly(m.rec)
		return p, nil
	}
	run, effects, err := m.flow.Act(m.rec.Run, flow.Input{Action: waiting.ID, Task: waiting.Task}, machine, facts, m.moment(ctx, s))
	if err != nil {
		return nil, err
	}
	before := p.rec
	p.rec.FeeDue, p.rec.FeePaid = m.rec.FeeDue, m.rec.FeePaid // so that the event tells the payment
	return p, p.carryPaid(before, run, effects, act{effect: flow.Paid, action: waiting.ID, task: waiting.Task})
}

// paidOnly tells a payment that moves nothing else.
func (p *plan) paidOnly(old record) {
	e := planned{typ: evPaid, at: p.m.now}
	if p.actor.Kind == identity.KindStaff {
		e.data.Post, e.data.Agency = p.post.Title, p.post.AgencyID
	}
	p.differences(old, &e.data)
	e.data.Owner, e.data.Submitter = p.rec.Owner.AccountID, p.rec.Submitter.AccountID
	p.events = append(p.events, e)
}

// carryPaid carries an act together with the payment made with it.
func (p *plan) carryPaid(paid record, run flow.Run, effects []flow.Effect, what act) error {
	if err := p.carry(run, effects, what); err != nil {
		return err
	}
	p.rec.FeeDue, p.rec.FeePaid = paid.FeeDue, paid.FeePaid
	due, sum := paid.FeeDue, paid.FeePaid
	last := &p.events[len(p.events)-1].data
	last.FeeDue, last.Paid = &due, &sum
	return nil
}

func effectAction(actions []flow.Action, effect flow.EffectName) (flow.Action, bool) {
	at := slices.IndexFunc(actions, func(a flow.Action) bool { return a.Effect == effect })
	if at < 0 {
		return flow.Action{}, false
	}
	return actions[at], true
}

// text reads a field of an act.
func text(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}
