package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// FileInput files a dossier online in one go, for programs that keep no draft.
type FileInput struct {
	Key             string // idempotency key
	OfferID, CaseID string
	Owner           *Person // nil = the account itself
	Proxy           string
	RawAnswers      json.RawMessage
	Papers          []PaperInput
	Delivery        Delivery
}

// new is a filing before it is judged, from whichever side it comes.
type newFiling struct {
	offer       procedure.Offer
	caseID      string
	channel     Channel
	receivingID string
	answers     form.Answers
	papers      []PaperInput
	named       *Person
	submitter   Person
	proxy       string
	delivery    Delivery
	sets        int
	title       string
	fileOwner   string // account the files belong to
	conf        Confidentiality
	parent      string
	trusted     bool // opened by the system for another dossier: the form is not judged
	feePaid     int64
	receiptNo   string
}

// CheckDraft says what still keeps a draft from being filed: names of form fields,
// "papers.<code>", "owner.name"…, "proxy", "offer". Empty when nothing does.
func (s *Service) CheckDraft(ctx context.Context, draftID string) ([]errs.Field, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	d, err := draftBy(ctx, s.read, actor.AccountID, draftID)
	if err != nil {
		return nil, err
	}
	n, bad, err := s.fromDraft(ctx, &d)
	if err != nil || bad != nil {
		return bad, err
	}
	_, bad, err = s.judge(ctx, actor, n)
	return bad, err
}

// CheckPersons judges who files and for whom: "owner.name", "owner.citizen_no"…, "proxy".
func (s *Service) CheckPersons(ctx context.Context, d Draft) []errs.Field {
	var f *form.Form
	if comp, err := s.Procedures.Compiled(ctx, d.VersionID); err == nil {
		f = comp.Form(d.CaseID)
	}
	return s.settleParties(ctx, f, d.Answers, d.Owner, s.Self(ctx), d.Proxy).check(nil)
}

// DraftEnv is what the form's rules may know of a draft besides its answers.
func (s *Service) DraftEnv(ctx context.Context, d Draft) form.Env {
	self := s.Self(ctx)
	owner := self
	if d.Owner != nil {
		owner = *d.Owner
	}
	return form.Env{Now: s.now(), Owner: owner.properties(), Submitter: self.properties()}
}

// DossierEnv is the same of a filed dossier, as on the day it was filed.
func (s *Service) DossierEnv(d Dossier) form.Env {
	return form.Env{Now: d.SubmittedAt, Owner: d.Owner.properties(), Submitter: d.Submitter.properties()}
}

// DraftFees are the fees a draft would owe as it stands.
func (s *Service) DraftFees(ctx context.Context, d Draft) []Fee {
	comp, err := s.Procedures.Compiled(ctx, d.VersionID)
	if err != nil {
		return nil
	}
	return feesNow(comp, d.CaseID, Online, d.Answers, s.DraftEnv(ctx, d))
}

func feesNow(comp *procedure.Compiled, caseID string, channel Channel, a form.Answers, env form.Env) []Fee {
	var out []Fee
	for _, f := range comp.Fees(caseID, procedure.ChannelKind(channel), a, env) {
		out = append(out, Fee{Code: f.Code, Name: f.Name.VI, Kind: string(f.Kind), Amount: f.Amount})
	}
	return out
}

// Submit files a draft. One key, or one draft, gives one dossier however often and
// from how many places at once it is asked.
//
// Errors: dossier.draft-not-found (NotFound); Invalid with every bad field of the
// form, the papers and the parties; dossier.draft-changed (Conflict) when Rev is
// given and another tab saved since; dossier.form-changed (Conflict) when a new
// version of the procedure came into force: the draft now follows it and must be
// looked at again; dossier.offer-ended (Conflict); dossier.key-reused (Conflict).
func (s *Service) Submit(ctx context.Context, in SubmitInput) (Dossier, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Dossier{}, err
	}
	key := usedFor{account: actor.AccountID, key: or(in.Key, "draft:"+in.DraftID), operation: "submit:" + in.DraftID}
	return s.once(ctx, key, func() (Dossier, error) { return s.submit(ctx, actor, in, key) })
}

func (s *Service) submit(ctx context.Context, actor identity.Actor, in SubmitInput, key usedFor) (Dossier, error) {
	draft, err := draftBy(ctx, s.read, actor.AccountID, in.DraftID)
	if err != nil {
		return Dossier{}, err
	}
	if draft.DossierID != "" {
		return s.own(ctx, draft.DossierID)
	}
	if in.Rev != 0 && in.Rev != draft.Rev {
		return Dossier{}, errs.NewConflict("dossier.draft-changed")
	}
	if changed, err := s.upgraded(ctx, &draft); err != nil {
		return Dossier{}, err
	} else if changed {
		return Dossier{}, errs.NewConflict("dossier.form-changed")
	}
	n, bad, err := s.fromDraft(ctx, &draft)
	if err != nil {
		return Dossier{}, err
	}
	if bad != nil {
		return Dossier{}, errs.NewInvalid(bad...)
	}
	d, err := s.file(ctx, actor, n, key, func(ctx context.Context, tx *sqldb.Tx, rec *record) error {
		changed, err := tx.Exec(ctx, `UPDATE dossier_draft SET dossier_id = $1, answers = '{}', papers = '[]', owner = '', undo = '[]', expires_at = $2
			WHERE id = $3 AND dossier_id = '' AND rev = $4`, rec.ID, sqldb.Millis(s.now().AddDate(0, 0, 30)), draft.ID, draft.Rev)
		if err != nil {
			return err
		}
		if changed == 0 {
			return errStale
		}
		return s.Files.Release(ctx, tx, draftStream(draft.ID))
	})
	if errors.Is(err, errStale) {
		// Filed by another click, or saved by another tab, since it was read.
		return s.submit(ctx, actor, in, key)
	}
	return d, err
}

// fromDraft turns a draft into a filing. bad tells what forbids it from the start.
func (s *Service) fromDraft(ctx context.Context, d *storedDraft) (newFiling, []errs.Field, error) {
	offer, err := s.Procedures.Offer(ctx, d.OfferID)
	if errs.Is(err, errs.NotFound) {
		return newFiling{}, []errs.Field{errs.Bad("offer", "dossier.offer-ended")}, nil
	}
	if err != nil {
		return newFiling{}, nil, err
	}
	if _, err := s.typed(ctx, d); err != nil {
		return newFiling{}, nil, err
	}
	if typed := len(d.raw[form.RawKey]); typed > 0 {
		d.Answers[form.RawKey] = rawTyped(d.raw[form.RawKey])
	}
	return newFiling{
		offer: offer, caseID: d.CaseID, channel: Online, answers: d.Answers, papers: d.Papers, named: d.Owner, submitter: s.Self(ctx),
		proxy: d.Proxy, delivery: d.Delivery, sets: 1, fileOwner: d.AccountID,
	}, nil, nil
}

func rawTyped(raw json.RawMessage) map[string]string {
	m := map[string]string{}
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// File files a dossier online in one go; the rules are those of Submit.
func (s *Service) File(ctx context.Context, in FileInput) (Dossier, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Dossier{}, err
	}
	key := usedFor{account: actor.AccountID, key: in.Key, operation: "file:" + in.OfferID}
	return s.once(ctx, key, func() (Dossier, error) { return s.fileOnline(ctx, actor, in, key) })
}

func (s *Service) fileOnline(ctx context.Context, actor identity.Actor, in FileInput, key usedFor) (Dossier, error) {
	offer, m, caseID, err := s.offered(ctx, in.OfferID, in.CaseID)
	if err != nil {
		return Dossier{}, err
	}
	answers, bad := m.form.ParseJSON(in.RawAnswers)
	if len(bad) > 0 {
		return Dossier{}, errs.NewInvalid(bad...)
	}
	return s.file(ctx, actor, newFiling{
		offer: offer, caseID: caseID, channel: Online, answers: answers, papers: in.Papers, named: in.Owner, submitter: s.Self(ctx),
		proxy: in.Proxy, delivery: in.Delivery, sets: 1, fileOwner: actor.AccountID,
	}, key, nil)
}

// once carries out a request under its key. A key that was used before is answered
// with what it was used for. It is looked at again when the request is refused: what
// stands in its way may be its own trace, left by the same request that another
// program, or another goroutine, committed after the first look.
func (s *Service) once(ctx context.Context, key usedFor, do func() (Dossier, error)) (Dossier, error) {
	if d, done, err := s.replay(ctx, key); done || err != nil {
		return d, err
	}
	d, err := do()
	if err == nil {
		return d, nil
	}
	if again, done, rerr := s.replay(ctx, key); done || rerr != nil {
		return again, rerr
	}
	return d, err
}

// replay answers a repeated request with what its key was used for.
func (s *Service) replay(ctx context.Context, key usedFor) (d Dossier, done bool, err error) {
	if key.key == "" {
		return Dossier{}, false, nil
	}
	operation, dossierID, err := usedKey(ctx, s.read, key.account, key.key)
	if err != nil || dossierID == "" {
		return Dossier{}, false, err
	}
	if operation != key.operation {
		return Dossier{}, true, errs.NewConflict("dossier.key-reused")
	}
	d, err = s.own(ctx, dossierID)
	return d, true, err
}

// own reads a dossier of which it is known that the caller may see it.
func (s *Service) own(ctx context.Context, dossierID string) (Dossier, error) {
	rec, err := whole(ctx, s.read, dossierID)
	return rec.Dossier, err
}

// judged is a filing found good, ready to be planned.
type judged struct {
	m        *matter
	raw      string
	taken    taken
	papers   []Paper
	sets     int
	delivery Delivery
}

// judge validates a whole filing: the form, the papers, the parties, the delivery.
func (s *Service) judge(ctx context.Context, actor identity.Actor, n newFiling) (*judged, []errs.Field, error) {
	m := &matter{now: s.now()}
	if err := s.pinned(ctx, m, n.offer.VersionID, n.caseID); err != nil {
		return nil, nil, err
	}
	receiving := n.receivingID
	if receiving == "" {
		var err error
		if receiving, err = s.counterOf(ctx, n.offer.AgencyID); err != nil {
			return nil, nil, err
		}
	}
	if err := s.places(ctx, m, receiving, n.offer.AgencyID); err != nil {
		return nil, nil, err
	}
	who := s.settleParties(ctx, m.form, n.answers, n.named, n.submitter, n.proxy)
	m.rec = record{Dossier: Dossier{
		Owner: who.owner, Submitter: who.submitter, Proxy: who.proxy, CaseID: n.caseID, Channel: n.channel, VersionID: n.offer.VersionID,
	}}
	env := m.env()
	var bad []errs.Field
	if !n.trusted {
		bad = m.form.Validate(n.answers, env)
	}
	m.answers = m.form.Clean(n.answers, env)
	components := m.comp.Components(n.caseID, m.answers, env)
	t, paperBad, err := s.take(ctx, components, n.papers, who.owner, n.fileOwner, n.channel == Online, m.now)
	if err != nil {
		return nil, nil, err
	}
	bad = append(bad, paperBad...)
	formFiles, fileBad, err := s.answerFiles(ctx, m.form, m.answers, n.fileOwner)
	if err != nil {
		return nil, nil, err
	}
	bad = append(bad, fileBad...)
	t.files = append(t.files, formFiles...)
	papers := withForm(components, t.papers, m.now)
	if !n.trusted {
		bad = append(bad, missing(components, papers)...)
		bad = append(bad, who.check(func(code string) bool {
			return slices.ContainsFunc(papers, func(p Paper) bool { return p.Code == code && p.Given })
		})...)
	}
	if actor.Kind != identity.KindSystem && n.channel == Online && actor.Kind == identity.KindStaff {
		bad = append(bad, errs.Bad("offer", "dossier.staff-online"))
	}
	delivery, deliveryBad := n.delivery.check(n.channel)
	bad = append(bad, deliveryBad...)
	if len(bad) > 0 {
		return nil, once(bad), nil
	}
	raw, err := toJSON(m.answers)
	if err != nil {
		return nil, nil, err
	}
	if err := m.setAnswers([]byte(raw)); err != nil {
		return nil, nil, err
	}
	m.papers = papers
	return &judged{m: m, raw: raw, taken: t, papers: papers, sets: min(max(n.sets, 1), maxCount), delivery: delivery}, nil, nil
}

// answerFiles checks the files inside the answers: they must be there and belong
// to whoever files.
func (s *Service) answerFiles(ctx context.Context, f *form.Form, a form.Answers, fileOwner string) ([]string, []errs.Field, error) {
	files := f.Files(a)
	if len(files) == 0 {
		return nil, nil, nil
	}
	ids := make([]string, len(files))
	for i, file := range files {
		ids[i] = file.ID
	}
	found, err := s.Files.GetMany(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	var bad []errs.Field
	for _, fileID := range ids {
		ok := false
		for _, file := range found {
			ok = ok || file.ID == fileID && file.Owner == fileOwner
		}
		if !ok {
			bad = append(bad, errs.Bad("files", "file.not-found"))
		}
	}
	return ids, bad, nil
}

// check judges how the result is to be handed over.
func (d Delivery) check(channel Channel) (Delivery, []errs.Field) {
	if d.By == "" {
		d.By = "counter"
		if channel == Online {
			d.By = "online"
		}
	}
	switch d.By {
	case "counter", "online":
		return d, nil
	case "post":
		if d.Address == "" {
			return d, []errs.Field{errs.Bad("delivery.address", "dossier.delivery-address")}
		}
		return d, nil
	}
	return d, []errs.Field{errs.Bad("delivery", "dossier.delivery")}
}

// once keeps the first complaint about each field.
func once(bad []errs.Field) []errs.Field {
	seen := map[string]bool{}
	return slices.DeleteFunc(bad, func(f errs.Field) bool {
		twice := seen[f.Name+"\x00"+f.Code]
		seen[f.Name+"\x00"+f.Code] = true
		return twice
	})
}

// counterOf is the agency whose counter takes the dossiers of an agency: its own,
// or that of its one-stop centre.
func (s *Service) counterOf(ctx context.Context, agencyID string) (string, error) {
	a, err := s.Agencies.Agency(ctx, agencyID)
	if err != nil || a.ReceivesDossiers {
		return agencyID, err
	}
	for _, parent := range []string{a.ID, a.ParentID} {
		if parent == "" {
			continue
		}
		children, err := s.Agencies.Children(ctx, parent)
		if err != nil {
			return "", err
		}
		for _, c := range children {
			if c.Kind == org.KindCenter && c.ReceivesDossiers {
				return c.ID, nil
			}
		}
	}
	return agencyID, nil
}

// file judges, plans and writes a new dossier; more adds the caller's own rows.
func (s *Service) file(ctx context.Context, actor identity.Actor, n newFiling, key usedFor, more func(context.Context, *sqldb.Tx, *record) error) (Dossier, error) {
	j, bad, err := s.judge(ctx, actor, n)
	if err != nil {
		return Dossier{}, err
	}
	if err := errs.NewInvalid(bad...); err != nil {
		return Dossier{}, err
	}
	if err := s.Files.Present(ctx, unique(j.taken.files)); err != nil {
		return Dossier{}, err
	}
	p, err := s.planNew(ctx, actor, n, j)
	if err != nil {
		return Dossier{}, err
	}
	if n.channel != Online && !n.trusted {
		if err := s.planReceipt(ctx, p, actor); err != nil {
			return Dossier{}, err
		}
	}
	r, err := s.prepare(ctx, p, key)
	if err != nil {
		return Dossier{}, err
	}
	r.filing = &filing{agencyCode: j.m.receiving.Code, answers: j.raw, papers: j.papers, files: unique(j.taken.files)}
	if more != nil {
		p.also(more)
	}
	return s.write(ctx, r)
}

func unique(ids []string) []string {
	out := slices.Clone(ids)
	slices.Sort(out)
	return slices.Compact(out)
}

// planNew starts the flow of a new dossier.
func (s *Service) planNew(ctx context.Context, actor identity.Actor, n newFiling, j *judged) (*plan, error) {
	m := j.m
	def := m.comp.Version.Def
	m.rec.ID, m.rec.Version = id.New(), 0
	d := &m.rec.Dossier
	d.ProcedureCode, d.ProcedureName, d.OfferID = def.Code, def.Name.VI, n.offer.ID
	d.ReceivingAgencyID, m.rec.ReceivingPath = m.receiving.ID, m.receiving.Path
	d.CompetentAgencyID, d.CompetentPath = m.competent.ID, m.competent.Path
	d.Delivery, d.Sets, d.Confidentiality, d.ParentID = j.delivery, j.sets, n.conf, n.parent
	d.SubmittedAt, d.UpdatedAt = m.now, m.now
	d.Title = or(n.title, m.form.DossierTitle(m.answers, m.env()))
	if letters := []rune(d.Title); len(letters) > 1000 {
		d.Title = string(letters[:1000])
	}
	m.fees = feesNow(m.comp, n.caseID, n.channel, m.answers, m.env())
	for _, f := range m.fees {
		d.FeeDue += f.Amount
	}
	if err := m.payNow(n); err != nil {
		return nil, err
	}
	refs, err := s.agencyRefs(ctx, m)
	if err != nil {
		return nil, err
	}
	run, effects, err := m.flow.Start(flow.StartInput{Who: who(actor, m.competent.Path), Agencies: refs, Now: m.moment(ctx, s)})
	if err != nil {
		return nil, err
	}
	p := newPlan(m, actor)
	p.fees = m.fees
	d = &p.rec.Dossier
	d.Status, d.Step, d.Stage, d.ClockState = run.Status, run.Step, m.flow.StageOf(run.Step).ID, ClockNotStarted
	err = p.carry(run, effects, act{typ: evSubmitted, data: Event{
		Procedure: d.ProcedureCode, VersionID: d.VersionID, Case: d.CaseID, Offer: d.OfferID, Channel: string(d.Channel), Parent: d.ParentID,
	}})
	return p, err
}

// payNow takes what was collected at the counter with the filing.
func (m *matter) payNow(n newFiling) error {
	if n.feePaid == 0 {
		return nil
	}
	if n.feePaid != m.rec.FeeDue {
		return errs.NewInvalid(errs.Bad("fee_paid", "dossier.fee-amount", "due", m.rec.FeeDue))
	}
	m.rec.FeePaid, m.rec.FeeDue = n.feePaid, 0
	for i := range m.fees {
		m.fees[i].PaidAt, m.fees[i].ReceiptNo, m.fees[i].Method = m.now, n.receiptNo, "counter"
	}
	return nil
}
