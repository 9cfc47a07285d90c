package demo

import (
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/job"
	"motcua/internal/platform/sqldb"
)

// player lets the lives happen, all of them in the order of time.
type player struct {
	d      *Demo
	seed   uint64
	town   *town
	scans  *scans
	start  time.Time
	end    time.Time
	jobs   []job.Handler // what the house does by itself
	timers []job.Handler // as much of it as it does while the year goes by
	lives  []*life
	queue  queue
	acts   int
	ended  []string // dossiers whose reminders are still to be taken back
	found  []string // troubles
}

// event is one moment in the queue.
type event struct {
	at   time.Time
	no   int // life; -1 the house itself
	life *life
	do   func(ctx context.Context) error
}

// queue is a heap of events, the earliest first.
type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].no < q[j].no
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return last
}

func (p *player) clock() time.Time { return p.d.Clock.Now() }

// play lives through the period.
func (p *player) play(ctx context.Context) error {
	for _, l := range p.lives {
		p.queue = append(p.queue, event{l.filed, l.no, l, func(ctx context.Context) error { return p.file(ctx, l) }})
	}
	// Whether to go on is asked before each event. A context that can end would cost
	// a goroutine for every query.
	stop := ctx.Err
	ctx = context.WithoutCancel(ctx)
	heap.Init(&p.queue)
	p.timers = slices.DeleteFunc(slices.Clone(p.jobs), func(h job.Handler) bool { return h.Kind == remindJob })
	p.tick(p.start)
	p.unfinished()
	for len(p.queue) > 0 {
		e := heap.Pop(&p.queue).(event)
		if e.at.After(p.end) {
			break
		}
		if err := stop(); err != nil {
			return err
		}
		p.d.Clock.set(e.at)
		if err := e.do(ctx); err != nil {
			if e.life == nil {
				return err // the house itself does not work
			}
			if err := p.trouble(e.life, err); err != nil {
				return err
			}
			continue
		}
		if e.life != nil {
			p.acts++
		}
	}
	p.d.Clock.set(p.end)
	return p.close(ctx)
}

// unfinished lets some of the citizens whose accounts are printed have begun an
// application that they have not filed yet.
func (p *player) unfinished() {
	r := rand.New(rand.NewPCG(p.seed, 3))
	for i, form := range []string{"marital-status", "household-business", "certified-copy"} {
		s := p.storyOf(form)
		at := p.end.Add(-time.Duration(between(r, 3, 40) * float64(time.Hour)))
		who := 2 + i
		if s == nil || who >= len(p.town.citizens) {
			continue
		}
		heap.Push(&p.queue, event{at: at, no: -2 - i, do: func(ctx context.Context) error { return p.draft(ctx, r, s, p.town.citizens[who], i) }})
	}
}

func (p *player) storyOf(form string) *story {
	for _, l := range p.lives {
		if l.story.form.ID() == form {
			return l.story
		}
	}
	return nil
}

// draft fills in the first page of a form, and leaves.
func (p *player) draft(ctx context.Context, r *rand.Rand, s *story, who person, no int) error {
	ctx = p.asCitizen(ctx, who)
	offer := ""
	for agency, channels := range s.offers {
		if o := p.town.byID[agency]; o != nil && (o.key == who.Home || offer == "" && o.key == "ward") {
			offer = channels[procedure.Online]
		}
	}
	steps := s.form.StepIDs()
	if offer == "" || len(steps) < 2 {
		return nil
	}
	d, err := p.d.Dossiers.StartDraft(ctx, offer, s.caseID)
	if err != nil {
		return fmt.Errorf("demo: draft: %w", err)
	}
	f := filing{owner: who, submitter: who}
	party := properties(who.party())
	s.write(&f, r, newStrays(r, 49_000+no), form.Env{Now: p.clock(), Owner: party, Submitter: party})
	patch := dossier.DraftPatch{Step: steps[1], Answers: form.Answers{}, Owner: &dossier.Person{}}
	for _, fd := range s.form.Definition().Steps[0].Fields {
		if v, ok := f.lawful[fd.ID]; ok {
			patch.Answers[fd.ID] = v
		}
	}
	if _, err := p.d.Dossiers.SaveDraft(ctx, d.ID, patch); err != nil {
		return fmt.Errorf("demo: draft: %w", err)
	}
	return nil
}

// remindJob is the kind of job that reminds the staff of a dossier that is nearly due,
// or past it. There is one for each dossier, and it finds nothing to do for those
// that have ended: a third of all transactions of the year. So it waits until today,
// and runs for what is still open.
const remindJob = "dossier.remind"

// close brings the house up to today.
func (p *player) close(ctx context.Context) error {
	for _, l := range p.lives {
		if l.d.ID != "" && l.timed { // its timer may have run out last
			if err := p.refresh(ctx, l); err != nil {
				return err
			}
			p.note(l)
		}
	}
	if err := p.unremind(ctx); err != nil {
		return err
	}
	return p.runJobs(ctx, p.jobs)
}

// note remembers a dossier that has ended.
func (p *player) note(l *life) {
	if !l.ended && l.d.Ended() {
		l.ended = true
		p.ended = append(p.ended, l.d.ID)
	}
}

// unremind takes the reminders of dossiers back that have ended since it was called last.
func (p *player) unremind(ctx context.Context) error {
	const atOnce = 500
	for some := range slices.Chunk(p.ended, atOnce) {
		if err := p.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			for _, id := range some {
				if _, err := p.d.Jobs.Cancel(ctx, tx, remindJob, id); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	p.ended = p.ended[:0]
	return nil
}

func (p *player) runJobs(ctx context.Context, handlers []job.Handler) error {
	if _, err := p.d.Jobs.RunDue(identity.With(ctx, identity.System), handlers, nil); err != nil {
		return fmt.Errorf("demo: timers and reminders: %w", err)
	}
	return nil
}

// trouble gives up one life. When that happens often something is wrong with the
// house, and the demo says so instead of going on.
func (p *player) trouble(l *life, err error) error {
	where := fmt.Sprintf("%s %s (%d) at %s: %v", l.story.procedure, l.d.Number, l.no, l.d.Step, err)
	p.found = append(p.found, where)
	if len(p.found) > 5+len(p.lives)/50 {
		return fmt.Errorf("demo: too many dossiers cannot go their way, the last one: %s", where)
	}
	return nil
}

// onto plans what comes next in a life.
func (p *player) onto(l *life) {
	n := p.onward(l)
	if n.do == nil {
		l.filing, l.found, l.strays = filing{unvaried: l.filing.unvaried}, nil, nil // nobody asks any more
		return
	}
	heap.Push(&p.queue, event{n.at, l.no, l, n.do})
}

// tick lets the house do what it does by the clock, in the morning and at night:
// timers of flows, reminders of citizens.
func (p *player) tick(at time.Time) {
	heap.Push(&p.queue, event{at: at, no: -1, do: func(ctx context.Context) error {
		day := civil.DateOf(at)
		if next := day.At(8, 5); at.Before(next) {
			p.tick(next)
		} else {
			p.tick(day.AddDays(1).At(0, 2))
		}
		if err := p.unremind(ctx); err != nil {
			return err
		}
		return p.runJobs(ctx, p.timers)
	}})
}

// tickOnce lets it do so at a moment at which a timer is known to run out.
func (p *player) tickOnce(at time.Time) {
	heap.Push(&p.queue, event{at: at, no: -1, do: func(ctx context.Context) error { return p.runJobs(ctx, p.timers) }})
}

// as is a context in which a member of staff acts.
func as(ctx context.Context, w *worker) context.Context { return identity.With(ctx, w.actor) }

// asCitizen is a context in which somebody with an account acts.
func (p *player) asCitizen(ctx context.Context, who person) context.Context {
	return identity.With(ctx, p.town.actors[who.AccountID])
}

func (p *player) clerk(l *life) *worker { return l.counter.whoIs(roleClerk, l.story.def.Field.Code) }

// file files the dossier: online by the submitter, or at the counter.
func (p *player) file(ctx context.Context, l *life) error {
	now := p.clock()
	f := &l.filing
	owner := f.owner.party()
	if f.business != "" {
		owner = dossier.Person{Kind: dossier.Organisation, Name: f.business, TaxCode: f.owner.CitizenNo, Phone: f.owner.Phone, Email: f.owner.Email, Address: f.owner.Address}
	}
	env := form.Env{Now: now, Owner: properties(owner), Submitter: properties(f.submitter.party())}
	l.story.write(f, l.r, l.strays, env)
	if f.proxy == dossier.Authorised {
		f.lawful["proxy"] = true
	}
	f.clean = l.story.form.Clean(f.lawful, env)
	components := l.papers(env)
	l.found = l.story.finding(f, l.r, l.strays, civil.DateOf(now))
	offer := l.story.offers[l.office.agency.ID][procedure.ChannelKind(l.channel)]
	var err error
	if l.channel == dossier.Online {
		err = p.fileOnline(ctx, l, owner, components, offer)
	} else {
		err = p.intake(ctx, l, owner, components, env, offer)
	}
	if err != nil {
		return err
	}
	if l.d.ClockState == dossier.ClockRunning {
		p.aim(l)
	}
	p.onto(l)
	return nil
}

func (p *player) fileOnline(ctx context.Context, l *life, owner dossier.Person, components []procedure.ComponentNow, offer string) error {
	f := &l.filing
	in := dossier.FileInput{OfferID: offer, CaseID: l.story.caseID, Proxy: f.proxy}
	if f.business != "" {
		in.Owner = &owner
	}
	raw, err := json.Marshal(f.lawful)
	if err != nil {
		return err
	}
	in.RawAnswers = raw
	for _, c := range components {
		id, err := p.scans.of(ctx, f.submitter.AccountID, c.Component)
		if err != nil {
			return err
		}
		in.Papers = append(in.Papers, dossier.PaperInput{Code: c.Code, Kind: "electronic", FileIDs: []string{id}})
	}
	switch x := l.r.Float64(); {
	case x < 0.25:
		in.Delivery = dossier.Delivery{By: "counter"}
	case x < 0.4:
		in.Delivery = dossier.Delivery{By: "post", Address: f.submitter.Address, Phone: f.submitter.Phone}
	default:
		in.Delivery = dossier.Delivery{By: "online"}
	}
	l.d, err = p.d.Dossiers.File(p.asCitizen(ctx, f.submitter), in)
	return err
}

func (p *player) intake(ctx context.Context, l *life, owner dossier.Person, components []procedure.ComponentNow, env form.Env, offer string) error {
	f := &l.filing
	clerk := p.clerk(l)
	in := dossier.IntakeInput{
		OfferID: offer, CaseID: l.story.caseID, ReceivingAgencyID: l.counter.agency.ID, Channel: l.channel, Owner: owner, Proxy: f.proxy,
		Answers: f.lawful, Sets: max(l.story.comp.Case(l.story.caseID).Sets, 1), Delivery: dossier.Delivery{By: "counter"},
	}
	if f.proxy != "" {
		in.Submitter = f.submitter.party()
	}
	if l.channel == dossier.Postal || chance(l.r, 0.12) {
		in.Delivery = dossier.Delivery{By: "post", Address: f.owner.Address, Phone: f.owner.Phone}
	}
	scanned := chance(l.r, 0.6)
	for _, c := range components {
		paper := dossier.PaperInput{Code: c.Code, Originals: c.Originals, Copies: c.Copies}
		if paper.Originals+paper.Copies == 0 {
			paper.Originals = 1
		}
		if paper.Originals == 0 && chance(l.r, 0.4) {
			paper.Kind = "certified"
		}
		if scanned && !c.PresentOnly {
			id, err := p.scans.of(ctx, clerk.actor.AccountID, c.Component)
			if err != nil {
				return err
			}
			paper.FileIDs = []string{id}
		}
		in.Papers = append(in.Papers, paper)
	}
	due := int64(0)
	for _, fee := range l.story.comp.Fees(l.story.caseID, procedure.ChannelKind(l.channel), f.clean, env) {
		due += fee.Amount
	}
	if due > 0 && l.paysFirst() {
		in.FeePaid, in.ReceiptNo = due, l.receiptNo()
	}
	var err error
	l.d, err = p.d.Dossiers.Intake(as(ctx, clerk), in)
	return err
}

// papers are the components that are handed in: those that are required, and others
// that the acceptance case brings too.
func (l *life) papers(env form.Env) (given []procedure.ComponentNow) {
	for _, c := range l.story.comp.Components(l.story.caseID, l.filing.clean, env) {
		if c.Form == "" && (c.Required || !c.PresentOnly && c.Component.Required == "" && slices.Contains(l.story.papers, c.Code)) {
			given = append(given, c)
		}
	}
	return given
}

// paysFirst reports whether fees are collected with the dossier: where receiving it
// asks for that, and mostly where no step of the flow asks for it later.
func (l *life) paysFirst() bool {
	later := false
	for _, s := range l.story.steps {
		for i := range s.Actions {
			if a := &s.Actions[i]; a.Effect == flow.Receive && needsPayment(a) {
				return true
			} else if a.Effect == flow.Pay {
				later = true
			}
		}
	}
	return !later && chance(l.r, 0.6)
}

func (l *life) receiptNo() string { return fmt.Sprintf("BL%07d", 100_000+l.no*3+l.r.IntN(3)) }

func properties(o dossier.Person) map[string]string {
	return map[string]string{
		"name": o.Name, "citizen_no": o.CitizenNo, "tax_code": o.TaxCode, "phone": o.Phone, "email": o.Email,
		"address": o.Address, "birth": o.Birth.String(), "gender": o.Gender, "kind": o.Kind,
	}
}

// settled keeps what an act has changed and plans what comes next.
func (p *player) settled(l *life, what string, d dossier.Dossier, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	moved := !d.DueAt.Equal(l.d.DueAt) || l.d.ClockState != d.ClockState
	l.d, l.timed = d, false
	p.note(l)
	if moved {
		p.aim(l)
	}
	p.onto(l)
	return nil
}

// worker finds who does an action of a step.
func (p *player) worker(l *life, step *flow.StepDef, a *flow.ActionDef) (*worker, error) {
	role := a.Role
	if role == "" {
		role = step.Role
	}
	o := l.office
	if step.At == "receiving" || step.At == "" && step.ID == l.story.first {
		o = l.counter
	}
	if role == roleOfficer && o == l.office {
		return l.officer, nil
	}
	if w := o.whoIs(role, l.story.def.Field.Code); w != nil {
		return w, nil
	}
	return nil, fmt.Errorf("nobody at %s is %s", o.agency.Code, role)
}

// act carries out an action of a member of staff.
func (p *player) act(ctx context.Context, l *life, step *flow.StepDef, a *flow.ActionDef) error {
	w, err := p.worker(l, step, a)
	if err != nil {
		return err
	}
	in := dossier.ActInput{DossierID: l.d.ID, Action: a.ID}
	for _, need := range a.Needs {
		switch need {
		case flow.NeedReason:
			in.Reason = p.reason(l, a)
		case flow.NeedNote:
			in.Note = pick(l.r, notes)
		case flow.NeedAssignee:
			in.AssignTo = l.officer.actor.AccountID
		case flow.NeedResult:
			in.Fields = l.found
		case flow.NeedDue:
			in.Due = p.newDue(l)
		case flow.NeedFile:
			id, err := p.scans.of(ctx, w.actor.AccountID, sheet())
			if err != nil {
				return err
			}
			in.Files = []string{id}
		}
	}
	if a.Effect == flow.Supplement {
		in.Missing = p.missing(l)
	}
	d, err := p.d.Dossiers.Act(as(ctx, w), in)
	return p.settled(l, w.spec.Login+" does "+a.ID, d, err)
}

// sheet is a paper of an officer.
func sheet() procedure.Component {
	c := procedure.Component{}
	c.Name.VI = "Biên bản làm việc"
	return c
}

// newDue is the end of an extension: some working days after the due time.
func (p *player) newDue(l *life) time.Time {
	cal := l.office.cal
	day := civil.DateOf(l.d.DueAt)
	return cal.Closing(cal.AddDays(day, 1+l.r.IntN(max(int(p.termDays(l)/3), 2))))
}

// missing names the paper that is asked for again or for the first time.
func (p *player) missing(l *life) []string {
	c, ok := p.wanted(l)
	if !ok {
		return nil
	}
	return []string{c.Code}
}

// wanted is the paper that a supplement request is about: the first that was handed in.
func (p *player) wanted(l *life) (procedure.Component, bool) {
	env := form.Env{Now: l.d.SubmittedAt, Owner: properties(l.d.Owner), Submitter: properties(l.d.Submitter)}
	for _, c := range l.papers(env) {
		if !c.PresentOnly && c.Code != dossier.ProxyPaper {
			return c.Component, true
		}
	}
	return procedure.Component{}, false
}

// supply hands in what was asked for: by the submitter online, else at the counter.
func (p *player) supply(ctx context.Context, l *life, step *flow.StepDef) error {
	who := l.filing.submitter
	c, ok := p.wanted(l)
	if who.AccountID != "" {
		in := dossier.SupplementInput{DossierID: l.d.ID, Note: pick(l.r, supplied)}
		if ok {
			id, err := p.scans.of(ctx, who.AccountID, c)
			if err != nil {
				return err
			}
			in.Papers = []dossier.PaperInput{{Code: c.Code, Kind: "electronic", FileIDs: []string{id}}}
		}
		d, err := p.d.Dossiers.Supplement(p.asCitizen(ctx, who), in)
		return p.settled(l, "supply", d, err)
	}
	clerk := p.clerk(l)
	if !ok {
		c = sheet()
	}
	id, err := p.scans.of(ctx, clerk.actor.AccountID, c)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(step.Actions, func(a flow.ActionDef) bool { return a.Effect == flow.Supplied })
	if i < 0 {
		return fmt.Errorf("step %s has no way to supply", step.ID)
	}
	d, err := p.d.Dossiers.Act(as(ctx, clerk), dossier.ActInput{DossierID: l.d.ID, Action: step.Actions[i].ID, Note: pick(l.r, supplied), Files: []string{id}})
	return p.settled(l, "supply at the counter", d, err)
}

// withdraw takes the dossier back.
func (p *player) withdraw(ctx context.Context, l *life) error {
	reason := pick(l.r, regrets)
	if who := l.filing.submitter; who.AccountID != "" {
		d, err := p.d.Dossiers.Withdraw(p.asCitizen(ctx, who), dossier.WithdrawInput{DossierID: l.d.ID, Reason: reason})
		return p.settled(l, "withdraw", d, err)
	}
	d, err := p.d.Dossiers.Act(as(ctx, p.clerk(l)), dossier.ActInput{DossierID: l.d.ID, Action: flow.WithdrawByID, Reason: reason})
	return p.settled(l, "withdraw at the counter", d, err)
}

// pay pays what is owed: at the counter, or through the payment gateway.
func (p *player) pay(ctx context.Context, l *life) error {
	in := dossier.PayInput{DossierID: l.d.ID, Amount: l.d.FeeDue, ReceiptNo: l.receiptNo(), Method: "counter"}
	by := as(ctx, p.clerk(l))
	if !l.counter.cal.IsOpen(p.clock()) || l.channel == dossier.Online && (l.d.ReceivedAt.IsZero() || chance(l.r, 0.7)) {
		in.Method, in.ReceiptNo = "online", ""
		by = identity.With(ctx, identity.System)
	}
	d, err := p.d.Dossiers.Pay(by, in)
	return p.settled(l, "pay", d, err)
}

// opine gives the next of the opinions that are still missing.
func (p *player) opine(ctx context.Context, l *life, step *flow.StepDef) error {
	detail, err := p.d.Dossiers.Get(identity.With(ctx, identity.System), l.d.ID, "")
	if err != nil {
		return err
	}
	if detail.Step != step.ID { // they took so long that a timer went on without them
		delete(l.visited, step.ID)
		return p.settled(l, "look", detail.Dossier, nil)
	}
	for _, t := range detail.Run.Tasks {
		o := p.town.byID[t.Agency]
		if t.Opinion == "" || o == nil {
			continue
		}
		w := o.whoIs(t.Role, l.story.def.Field.Code, append(l.asked, l.officer)...)
		l.asked = append(l.asked, w)
		if w == nil {
			return fmt.Errorf("nobody at %s is %s", o.agency.Code, t.Role)
		}
		action := flow.GiveOpinion
		for _, a := range step.Actions {
			if a.By == "asked" {
				action = a.ID
			}
		}
		d, err := p.d.Dossiers.Act(as(ctx, w), dossier.ActInput{
			DossierID: l.d.ID, TaskID: t.ID, Action: action, Note: pick(l.r, opinions), Fields: map[string]any{"value": flow.Agree},
		})
		return p.settled(l, w.spec.Login+" gives an opinion", d, err)
	}
	return fmt.Errorf("step %s waits for opinions, but nobody was asked", step.ID)
}

// refresh reads where the dossier stands.
func (p *player) refresh(ctx context.Context, l *life) error {
	detail, err := p.d.Dossiers.Get(identity.With(ctx, identity.System), l.d.ID, "")
	if err == nil {
		l.d = detail.Dossier
	}
	return err
}

// look goes on after a timer has run out.
func (p *player) look(ctx context.Context, l *life) error {
	was := l.d.Step
	before := l.d
	if err := p.refresh(ctx, l); err != nil {
		return err
	}
	if l.d.Step == was {
		return fmt.Errorf("the timer of step %s has not run out", was)
	}
	after := l.d
	l.d = before
	delete(l.visited, was) // what nobody answered is asked again when the dossier comes by
	if l.turn != nil && l.turn.action != nil && l.turn.action.To == after.Step {
		l.turned = true
	}
	return p.settled(l, "look", after, nil)
}

// rate says how it went.
func (p *player) rate(ctx context.Context, l *life) error {
	stars := pick(l.r, []int{5, 5, 5, 5, 5, 5, 4, 4, 4, 3})
	if l.d.Late || l.d.Status != dossier.StatusReturned {
		stars = pick(l.r, []int{1, 2, 2, 3, 3, 4})
	}
	in := dossier.RateInput{DossierID: l.d.ID, Stars: stars}
	if chance(l.r, 0.5) {
		in.Comment = pick(l.r, judgements[stars])
	}
	return p.d.Dossiers.Rate(p.asCitizen(ctx, l.filing.submitter), in)
}
