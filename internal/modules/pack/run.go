package pack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
)

// agencies stand for the offices of a story. Codes that a flow names stand for themselves.
const (
	receivingOffice = "receiving"
	competentOffice = "competent"
)

// bench is what the cases of one file run against.
type bench struct {
	file     *caseFile
	compiled *procedure.Compiled
	form     *form.Form
	flow     *flow.Flow
	register *register.Definition
	calendar calendar.Calendar
	cover    *coverage
}

// coverage is shared by all files about one form or flow.
type coverage struct {
	forms map[string]*form.Coverage
	flows map[string]*flow.Coverage
	rules map[string]map[string]*outcome // procedure/case → rule → how it came out
}

type outcome struct {
	pos     decl.Pos
	yes, no bool
}

// story is one case on its way.
type story struct {
	*bench
	def      *caseDef
	channel  procedure.ChannelKind
	now      time.Time
	env      form.Env
	answers  form.Answers
	papers   map[string]bool
	owed     int64
	paid     int64
	run      flow.Run
	entries  []clock.Entry
	fields   map[string]any // typed by the officer
	issued   bool
	problems decl.Problems
}

func (s *story) bad(p decl.Pos, format string, args ...any) {
	s.problems = append(s.problems, p.At(format, args...))
}

// tell runs one case and returns what came out otherwise than it says.
func (b *bench) tell(def *caseDef) decl.Problems {
	s := &story{bench: b, def: def, fields: map[string]any{}}
	if s.submit() {
		main := &b.file.Cases[0]
		if def.Upto != "" && def != main {
			s.walk(main.Then, def.Upto)
		}
		s.walk(def.Then, "")
		s.outcome()
	}
	return s.problems
}

// submit files the dossier as the case says and judges the form; false when the
// story ends there.
func (s *story) submit() bool {
	at, ok := s.moment(s.def.Pos, cmp.Or(s.def.At, s.file.At, "2026-03-02T09:00"))
	if !ok {
		return false
	}
	s.now = at
	s.channel = procedure.ChannelKind(cmp.Or(s.def.Channel, s.file.Channel, string(procedure.Online)))
	if s.compiled.Version.Def.Channel(s.channel) == nil {
		s.bad(s.def.Pos, "the procedure has no channel %q", s.channel)
		return false
	}
	owner := first(s.def.Owner, s.file.Owner)
	s.env = form.Env{Now: at, Owner: owner, Submitter: first(s.def.Submitter, s.file.Submitter, owner)}
	s.papers = map[string]bool{}
	papers := s.def.Papers
	if papers == nil {
		papers = s.file.Papers
	}
	for _, p := range papers {
		s.givePaper(s.def.Pos, p)
	}
	answers, bad := s.form.FromMap(over(s.file.Answers, s.def.Answers))
	if len(bad) == 0 {
		answers = s.form.Prefill(answers, s.env)
		s.cover.form(s.form).Observe(answers, s.env)
		bad = s.form.Validate(answers, s.env)
	}
	s.answers = answers
	if !sameNames(bad, s.def.Errors) {
		s.bad(s.def.Pos, "the form marks %s, but %s was expected", describe(bad), describeNames(s.def.Errors))
		return false
	}
	if len(bad) > 0 {
		return false
	}
	s.answers = s.form.Clean(answers, s.env)
	s.computed()
	s.filing()
	return true
}

// first returns the first person that is named at all.
func first(persons ...map[string]string) map[string]string {
	for _, p := range persons {
		if p != nil {
			return p
		}
	}
	return nil
}

func (s *story) givePaper(pos decl.Pos, code string) {
	c := s.compiled.Case(s.file.Case)
	if !slices.ContainsFunc(c.Components, func(p procedure.Component) bool { return p.Code == code }) {
		s.bad(pos, "the procedure asks for no paper %q", code)
		return
	}
	s.papers[code] = true
}

// computed compares the answers the form computes.
func (s *story) computed() {
	for _, id := range slices.Sorted(maps.Keys(s.def.Fields)) {
		if want, got := s.def.Fields[id], s.answers[id]; !same(want, got) {
			s.bad(s.def.Pos, "%s is %v, but %v was expected", id, got, want)
		}
	}
}

// filing works out papers and fees, compares them, and starts the flow.
func (s *story) filing() {
	missing := s.missing()
	if want := sorted(s.def.Missing); !slices.Equal(missing, want) {
		s.bad(s.def.Pos, "required papers not handed in: %s, but %s was expected", describeNames(missing), describeNames(want))
	}
	due := map[string]int64{}
	for _, f := range s.compiled.Fees(s.file.Case, s.channel, s.answers, s.env) {
		due[f.Code] = f.Amount
		s.owed += f.Amount
	}
	if s.def.Fees != nil && !maps.Equal(due, s.def.Fees) {
		s.bad(s.def.Pos, "fees due are %v, but %v was expected", due, s.def.Fees)
	}
	s.observeRules(due)
	offices := map[string]string{"receiving": receivingOffice, "competent": competentOffice}
	for _, code := range s.flow.AgencyRefs() {
		if offices[code] == "" {
			offices[code] = code
		}
	}
	run, effects, err := s.cover.flow(s.flow).Start(flow.StartInput{
		Who: flow.Who{Person: flow.Person{ID: "citizen"}, Side: flow.Citizen}, Agencies: offices, Now: s.clockNow(),
	})
	if err != nil {
		s.bad(s.def.Pos, "the dossier cannot start: %v", err)
		return
	}
	s.run = run
	s.carry(effects)
}

// missing lists the required papers that are not there. The form filled on line
// stands for the declaration; a paper that is only shown at the counter is not
// handed in. Package dossier counts the same way.
func (s *story) missing() []string {
	out := []string{}
	for _, c := range s.compiled.Components(s.file.Case, s.answers, s.env) {
		if c.Required && c.Form == "" && !c.PresentOnly && !s.papers[c.Code] {
			out = append(out, c.Code)
		}
	}
	slices.Sort(out)
	return out
}

// observeRules remembers how the rules of papers and fees came out.
func (s *story) observeRules(due map[string]int64) {
	required := map[string]bool{}
	for _, c := range s.compiled.Components(s.file.Case, s.answers, s.env) {
		required[c.Code] = c.Required
	}
	seen := s.cover.of(s.compiled, s.file.Case)
	for name, o := range seen {
		what, code, _ := strings.Cut(name, " ")
		came := required[code]
		if what == "fee" {
			came = due[code] > 0
			if !s.charges(code) {
				continue
			}
		}
		o.yes, o.no = o.yes || came, o.no || !came
	}
}

// charges reports whether the channel of the story knows the fee at all.
func (s *story) charges(code string) bool {
	return slices.ContainsFunc(s.compiled.Version.Def.Channel(s.channel).Fees, func(f procedure.Fee) bool { return f.Code == code })
}

func (s *story) facts() flow.Facts {
	return flow.Facts{
		Answers: s.answers, FeeDue: max(s.owed-s.paid, 0), FeePaid: s.paid >= s.owed, PapersComplete: len(s.missing()) == 0,
		ResultReady: s.issued || s.register == nil, Channel: string(s.channel), Case: s.file.Case,
	}
}

func (s *story) clockNow() flow.Now {
	return flow.Now{At: s.now, Due: func(_ string, from time.Time, after flow.Span) time.Time { return s.end(from, after) }}
}

// end is the end of a span on the national calendar.
func (s *story) end(from time.Time, span flow.Span) time.Time {
	due, _ := clock.Due(clock.Term{Amount: span.Amount, Unit: clock.Unit(span.Unit)}, []clock.Entry{{Kind: clock.Start, At: from}}, s.calendar)
	if span.Unit == "hour" {
		return from.Add(time.Duration(span.Amount) * time.Hour)
	}
	return due
}

// walk does the acts, one after the other, until the dossier stands at a step.
func (s *story) walk(acts []actDef, until string) {
	for i := range acts {
		if until != "" && s.run.Step == until {
			return
		}
		if !s.act(&acts[i]) {
			return
		}
	}
	if until != "" && s.run.Step != until {
		s.bad(s.def.Pos, "upto: the main case never comes to the step %q", until)
	}
}

// act does one act and compares how things stand; false when it makes no sense to go on.
func (s *story) act(a *actDef) bool {
	at, ok := s.moment(a.Pos, cmp.Or(a.At, "+10m"))
	if !ok {
		return false
	}
	if at.Before(s.now) {
		s.bad(a.Pos, "the act lies before the one before it")
		return false
	}
	s.now = at
	s.paid += a.Pay
	for _, p := range a.Papers {
		s.givePaper(a.Pos, p)
	}
	in, ok := s.input(a)
	if !ok {
		return false
	}
	who := s.who(a)
	if a.Expect.Blocked {
		s.blocked(a, in, who)
		return s.stands(a)
	}
	run, effects, err := s.cover.flow(s.flow).Act(s.run, in, who, s.facts(), s.clockNow())
	switch {
	case a.Expect.Refused != "":
		if !refusedAs(err, a.Expect.Refused) {
			s.bad(a.Pos, "%s was expected to be refused as %q, but: %v", a.Do, a.Expect.Refused, outcomeOf(err))
		}
		return s.stands(a)
	case err != nil:
		s.bad(a.Pos, "%s cannot do %q at the step %q: %v", a.By, a.Do, s.run.Step, err)
		return false
	}
	for k, v := range a.With.Fields {
		s.fields[k] = v
	}
	s.run = run
	s.carry(effects)
	return s.stands(a)
}

func outcomeOf(err error) string {
	if err == nil {
		return "it was done"
	}
	return err.Error()
}

// blocked asks that the button is there and grey.
func (s *story) blocked(a *actDef, in flow.Input, who flow.Who) {
	_, _, err := s.cover.flow(s.flow).Act(s.run, in, who, s.facts(), s.clockNow())
	if !errs.Is(err, errs.Conflict) {
		s.bad(a.Pos, "%q was expected to be blocked, but: %v", a.Do, outcomeOf(err))
	}
}

// refusedAs reports whether err has the code, or marks the field.
func refusedAs(err error, want string) bool {
	e, ok := errs.As(err)
	return ok && (e.Code == want || slices.ContainsFunc(e.Fields, func(f errs.Field) bool { return f.Name == want || f.Code == want }))
}

// input makes the engine's input of an act.
func (s *story) input(a *actDef) (flow.Input, bool) {
	in := flow.Input{Action: a.Do, Reason: a.With.Reason, Note: a.With.Note, Value: a.With.Value, Files: a.With.Files, Fields: a.With.Fields}
	if a.With.Assignee != "" {
		in.Assignee = flow.Person{ID: a.With.Assignee, Name: a.With.Assignee}
	}
	if a.With.Due != "" {
		due, ok := s.moment(a.Pos, a.With.Due)
		if !ok {
			return in, false
		}
		in.Due = due
	}
	if a.Task != "" {
		for _, t := range s.run.Tasks {
			for _, o := range s.run.Opinions {
				if t.Opinion == o.ID && o.Ask == a.Task {
					in.Task = t.ID
				}
			}
		}
		if in.Task == "" {
			s.bad(a.Pos, "nobody is asked %q at the step %q", a.Task, s.run.Step)
			return in, false
		}
	}
	if a.By != "system" {
		return in, true
	}
	for _, t := range s.run.Timers {
		if t.Action != a.Do {
			continue
		}
		if s.now.Before(t.DueAt) {
			s.bad(a.Pos, "the timer of %q fires at %s, not before", a.Do, local(t.DueAt))
			return in, false
		}
		in.Timer = t.ID
	}
	return in, true
}

// who makes the actor: a role means somebody who holds it at every office of the story.
func (s *story) who(a *actDef) flow.Who {
	switch a.By {
	case "citizen":
		return flow.Who{Person: flow.Person{ID: "citizen"}, Side: flow.Citizen}
	case "system":
		return flow.Who{Side: flow.System}
	}
	role, _, _ := strings.Cut(a.By, "#")
	who := flow.Who{Person: flow.Person{ID: a.By, Name: a.By}, Side: flow.Staff}
	for _, office := range slices.Sorted(maps.Values(s.run.Agencies)) {
		who.Held = append(who.Held, flow.Held{Agency: office, Roles: []string{role}})
	}
	return who
}

// carry does what the engine asks for: the clock, and the result.
func (s *story) carry(effects []flow.Effect) {
	for _, e := range effects {
		switch x := e.(type) {
		case flow.ClockStarted:
			s.tick(clock.Entry{Kind: clock.Start, At: x.At})
		case flow.ClockPaused:
			s.tick(clock.Entry{Kind: clock.Pause, At: x.At, Reason: x.Reason})
		case flow.ClockResumed:
			s.tick(clock.Entry{Kind: clock.Resume, At: x.At, Reason: x.Reason})
		case flow.ClockExtended:
			s.extend(x)
		case flow.ClockEnded:
			s.tick(clock.Entry{Kind: clock.Stop, At: x.At})
		case flow.ResultNeeded:
			s.issue(x)
		}
	}
}

func (s *story) tick(e clock.Entry) {
	e.Seq = len(s.entries)
	if err := clock.Check(s.entries, e); err != nil {
		s.bad(s.def.Pos, "the clock cannot %s: %v", e.Kind, err)
	}
	s.entries = append(s.entries, e)
}

// extend adds the days that bring the due time to the promised one. The promised
// day may lie behind days off, so the difference of the dates is not always enough.
func (s *story) extend(x flow.ClockExtended) {
	e := clock.Entry{Kind: clock.Extend, At: x.At, Reason: x.Reason}
	for e.Days = 1; e.Days < 366; e.Days++ {
		if due, _ := clock.Due(s.term(), append(slices.Clone(s.entries), e), s.calendar); !due.Before(x.Until) {
			break
		}
	}
	s.tick(e)
}

func (s *story) term() clock.Term { return s.compiled.Term(s.file.Case, s.channel) }

func (s *story) due() (time.Time, clock.State) { return clock.Due(s.term(), s.entries, s.calendar) }

// issue enters the result: what the register requires of the officer must be there.
func (s *story) issue(x flow.ResultNeeded) {
	s.issued = true
	for k, v := range x.Fields {
		s.fields[k] = v
	}
	if s.register == nil {
		return
	}
	known := map[string]bool{}
	for _, f := range s.register.OfficerFields() {
		known[f.ID] = true
		if f.Require && s.fields[f.ID] == nil {
			s.bad(s.def.Pos, "the result was issued without %q, which the register %q requires of the officer", f.ID, s.register.Code)
		}
	}
	for k := range s.fields {
		if !known[k] {
			s.bad(s.def.Pos, "the register %q asks the officer for no field %q", s.register.Code, k)
		}
	}
}

// stands compares step, status and clock after an act.
func (s *story) stands(a *actDef) bool {
	before := len(s.problems)
	if a.Expect.Step != "" && s.run.Step != a.Expect.Step {
		s.bad(a.Pos, "after %q the dossier stands at the step %q, not %q", a.Do, s.run.Step, a.Expect.Step)
	}
	if a.Expect.Status != 0 && int(s.run.Status) != a.Expect.Status {
		s.bad(a.Pos, "after %q the status is %d, not %d", a.Do, s.run.Status, a.Expect.Status)
	}
	due, state := s.due()
	if a.Expect.Clock != "" && string(state.Phase) != a.Expect.Clock {
		s.bad(a.Pos, "after %q the clock is %s, not %s", a.Do, state.Phase, a.Expect.Clock)
	}
	switch want := a.Expect.Due; want {
	case "":
	case "none":
		if !due.IsZero() {
			s.bad(a.Pos, "after %q the due time is %s, but none was expected", a.Do, local(due))
		}
	default:
		if t, ok := s.moment(a.Pos, want); ok && !t.Equal(due) {
			s.bad(a.Pos, "after %q the due time is %s, not %s", a.Do, local(due), want)
		}
	}
	return len(s.problems) == before
}

// outcome compares what was issued.
func (s *story) outcome() {
	want := s.def.Result
	switch {
	case want == nil:
		return
	case !s.issued:
		s.bad(s.def.Pos, "no result was issued")
		return
	case want.Register != "" && (s.register == nil || s.register.Code != want.Register):
		s.bad(s.def.Pos, "the result is not entered in the register %q", want.Register)
		return
	}
	for k, v := range want.Fields {
		if !same(v, s.fields[k]) {
			s.bad(s.def.Pos, "the result has %s %v, not %v", k, s.fields[k], v)
		}
	}
	if want.Holder != "" {
		if got := s.holder(); got != want.Holder {
			s.bad(s.def.Pos, "the holder of the result is %q, not %q", got, want.Holder)
		}
	}
}

// holder fills the register's pattern of the holder.
func (s *story) holder() string {
	pairs := []string{}
	for k, v := range s.answers {
		pairs = append(pairs, "{"+k+"}", fmt.Sprint(v))
	}
	for k, v := range s.fields {
		pairs = append(pairs, "{"+k+"}", fmt.Sprint(v))
	}
	return strings.NewReplacer(pairs...).Replace(s.register.Holder)
}
