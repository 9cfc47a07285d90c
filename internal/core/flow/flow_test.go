package flow_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/flow"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

func permit(t testing.TB) *flow.Flow {
	t.Helper()
	text, err := os.ReadFile("testdata/permit.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, "permit.yaml", string(text))
}

func compile(t testing.TB, file, text string) *flow.Flow {
	t.Helper()
	def, err := flow.Decode(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Compile(def)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	desk   = "agency-desk"   // receives
	office = "agency-office" // decides
	fire   = "agency-fire"   // H56.20
)

func person(id, agency string, roles ...string) flow.Who {
	return flow.Who{Person: flow.Person{ID: id, Name: strings.ToUpper(id)}, Side: flow.Staff, Held: []flow.Held{{Agency: agency, Roles: roles}}}
}

var (
	clerk    = person("clerk", desk, "counter_clerk")
	head     = person("head", office, "head")
	officer  = person("officer", office, "officer")
	planner  = flow.Who{Person: flow.Person{ID: "planner", Name: "PLANNER"}, Side: flow.Staff, Held: []flow.Held{{Agency: office, Department: "plan", Roles: []string{"officer"}}}}
	fireman  = person("fireman", fire, "officer")
	leader   = person("leader", office, "leader")
	records  = person("records", office, "records_clerk")
	stranger = person("stranger", fire, "leader")
	citizen  = flow.Who{Person: flow.Person{ID: "citizen"}, Side: flow.Citizen}
	system   = flow.Who{Side: flow.System}
)

func everybody() []flow.Who {
	boss := person("boss", office, "head")
	boss.Held = append(boss.Held, flow.Held{Agency: desk, Roles: []string{"head"}}, flow.Held{Agency: fire, Roles: []string{"head"}})
	boss.Override = true
	return []flow.Who{clerk, head, officer, planner, fireman, leader, records, citizen, system, boss}
}

// play drives one run and keeps everything that followed.
type play struct {
	t       testing.TB
	flow    *flow.Flow
	run     flow.Run
	effects []flow.Effect // of the last act
	facts   flow.Facts
	at      time.Time
}

func start(t testing.TB, f *flow.Flow) *play {
	t.Helper()
	p := &play{t: t, flow: f, at: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), facts: flow.Facts{PapersComplete: true, ResultReady: true, Answers: map[string]any{"floors": 2.0}}}
	var err error
	p.run, p.effects, err = f.Start(flow.StartInput{Agencies: map[string]string{"receiving": desk, "competent": office, "H56.20": fire}, Who: citizen, Now: p.now()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// now has a calendar of its own: a working hour is an hour, so that tests can count.
func (p *play) now() flow.Now {
	return flow.Now{At: p.at, Due: func(_ string, from time.Time, s flow.Span) time.Time {
		switch s.Unit {
		case "day", "working_day":
			return from.AddDate(0, 0, s.Amount)
		case "month":
			return from.AddDate(0, s.Amount, 0)
		default:
			return from.Add(time.Duration(s.Amount) * time.Hour)
		}
	}}
}

func (p *play) try(who flow.Who, in flow.Input) error {
	p.at = p.at.Add(time.Hour)
	before, _ := json.Marshal(p.run)
	run, effects, err := p.flow.Act(p.run, in, who, p.facts, p.now())
	if after, _ := json.Marshal(p.run); string(after) != string(before) {
		p.t.Fatalf("acting changed the run that was given:\n%s\n%s", before, after)
	}
	if err != nil {
		return err
	}
	p.run, p.effects = run, effects
	return nil
}

func (p *play) do(who flow.Who, action string, change ...func(*flow.Input)) {
	p.t.Helper()
	in := flow.Input{Action: action, Reason: "vì", Note: "ghi", Due: p.at.AddDate(0, 0, 9), Fields: map[string]any{"no": "1"}, Assignee: officer.Person, Files: []string{"f"}}
	for _, c := range change {
		c(&in)
	}
	if err := p.try(who, in); err != nil {
		p.t.Fatalf("%s does %s at %s: %v", who.ID, action, p.run.Step, err)
	}
}

// fires the only pending timer.
func (p *play) timer() {
	p.t.Helper()
	if len(p.run.Timers) != 1 {
		p.t.Fatalf("%d timers are pending", len(p.run.Timers))
	}
	if err := p.try(system, flow.Input{Timer: p.run.Timers[0].ID}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *play) where() string {
	clock := p.run.Clock
	if clock == "" {
		clock = "none"
	}
	return fmt.Sprintf("%s %d %s", p.run.Step, p.run.Status, clock)
}

func (p *play) want(where string, effects ...string) {
	p.t.Helper()
	if p.where() != where {
		p.t.Errorf("the run is at %q; want %q", p.where(), where)
	}
	if len(effects) > 0 {
		got := describe(p.effects)
		if strings.Join(got, "; ") != strings.Join(effects, "; ") {
			p.t.Errorf("at %s followed\n  %s\nwant\n  %s", where, strings.Join(got, "; "), strings.Join(effects, "; "))
		}
	}
}

func describe(effects []flow.Effect) []string {
	var out []string
	for _, e := range effects {
		switch e := e.(type) {
		case flow.StatusChanged:
			out = append(out, fmt.Sprintf("status %d→%d", e.From, e.To))
		case flow.StepChanged:
			out = append(out, fmt.Sprintf("step %s→%s", e.From, e.To))
		case flow.ClockStarted:
			out = append(out, "clock start")
		case flow.ClockPaused:
			out = append(out, "clock pause "+strings.TrimSpace(e.Reason+" "+e.Form))
		case flow.ClockResumed:
			out = append(out, "clock resume "+e.Reason)
		case flow.ClockExtended:
			out = append(out, "clock extend")
		case flow.ClockEnded:
			out = append(out, "clock end")
		case flow.TaskOpened:
			out = append(out, strings.TrimSpace(fmt.Sprintf("open %s %s%s", e.Task.Step, e.Task.Role, e.Task.For)))
		case flow.TaskClosed:
			out = append(out, fmt.Sprintf("close %s %v", e.Task.Step, e.Done))
		case flow.TaskAssigned:
			out = append(out, fmt.Sprintf("assign %s to %s", e.Task.Step, e.Task.Assignee.ID))
		case flow.DocumentNeeded:
			out = append(out, "form "+e.Form)
		case flow.ResultNeeded:
			out = append(out, fmt.Sprintf("result %v", e.Fields))
		case flow.PaymentNeeded:
			out = append(out, "payment")
		case flow.ChildNeeded:
			out = append(out, "child "+e.Child.Child+" at "+e.Agency)
		case flow.ChildDropped:
			out = append(out, "drop child "+e.Child.Child)
		case flow.TimerSet:
			out = append(out, "timer "+e.Timer.Action)
		case flow.TimerCancelled:
			out = append(out, "no timer "+e.Timer.Action)
		case flow.Notify:
			out = append(out, "tell "+e.To+" "+e.Code)
		}
	}
	return out
}

func TestTheStraightWay(t *testing.T) {
	p := start(t, permit(t))
	p.want("receive 1 none", "status 0→1", "step →receive", "open receive counter_clerk")
	if due := p.run.Tasks[0].DueAt; !due.Equal(p.at.Add(4 * time.Hour)) {
		t.Errorf("the counter has until %v", due)
	}
	p.do(clerk, "accept")
	p.want("assign 2 running", "form 01", "tell citizen received", "close receive true", "status 1→2", "clock start", "step receive→assign", "open assign head")
	p.do(head, "assign")
	p.want("appraise 4 running", "close assign true", "status 2→4", "step assign→appraise", "open appraise officer")
	if got := p.run.Tasks[0].Assignee.ID; got != "officer" {
		t.Errorf("the appraisal was given to %q", got)
	}
	p.do(officer, "propose")
	p.want("sign 4 running", "close appraise true", "step appraise→sign", "open sign leader")
	p.do(leader, "approve")
	p.do(records, "finish", func(in *flow.Input) { in.Fields = nil })
	p.want("hand_out 9 stopped", "close number true", "status 4→9", "clock end", "step number→hand_out", "open hand_out counter_clerk", "result map[no:1]", "tell citizen done")
	p.do(clerk, "hand", func(in *flow.Input) { in.Fields = nil })
	p.want("returned 10 stopped", "tell citizen returned", "close hand_out true", "status 9→10", "step hand_out→returned")
	if !p.flow.Final(p.run) || len(p.run.Tasks) != 0 {
		t.Error("the dossier has not ended")
	}
	if err := p.try(clerk, flow.Input{Action: "hand"}); !errs.HasCode(err, "flow.finished") {
		t.Errorf("acting on an ended dossier gave %v", err)
	}
}

func TestSupplementPausesTheClockAndComesBack(t *testing.T) {
	p := start(t, permit(t))
	// Before receipt no clock runs, and the dossier is new again when it comes back.
	p.do(clerk, "ask")
	p.want("supplement 5 none", "form 02", "tell citizen supplement", "close receive true", "status 1→5", "step receive→supplement", "open supplement citizen", "timer expire")
	p.do(citizen, "supplied")
	p.want("receive 1 none", "close supplement true", "no timer expire", "status 5→1", "step supplement→receive", "open receive counter_clerk")
	p.do(clerk, "accept")
	p.do(head, "assign")
	if a := p.action(officer, "ask"); a.Blocked != nil || a.Warning == nil || a.Warning.Code != "flow.second-supplement" {
		t.Errorf("a second request must warn: %+v", a)
	}
	p.do(officer, "ask")
	p.want("supplement 5 paused", "form 02", "tell citizen supplement", "close appraise true", "status 4→5", "clock pause supplement 02", "step appraise→supplement", "open supplement citizen", "timer expire")
	if p.run.Supplements != 2 {
		t.Errorf("%d supplements counted", p.run.Supplements)
	}
	// The counter takes the papers in for a citizen who stands there.
	if a := p.action(clerk, "supplied"); !a.OnBehalf {
		t.Errorf("the counter's action is not marked as on behalf: %+v", a)
	}
	p.do(clerk, "supplied")
	p.want("appraise 4 running", "close supplement true", "no timer expire", "status 5→4", "clock resume supplement", "step supplement→appraise", "open appraise officer")
	if got := p.run.Tasks[0].Assignee.ID; got != "officer" {
		t.Errorf("the dossier came back to %q, not to the same hands", got)
	}
	p.do(officer, "ask")
	p.timer()
	p.want("stopped 8 stopped", "form 05", "tell citizen rejected", "close supplement false", "status 5→8", "clock end", "step supplement→stopped")
}

func TestExtendOnce(t *testing.T) {
	p := start(t, permit(t))
	p.do(clerk, "accept")
	if p.has(officer, "extend") {
		t.Error("extend is offered at a step that is excepted")
	}
	p.do(head, "assign")
	p.do(officer, "extend")
	p.want("appraise 4 running", "form 04", "clock extend", "tell citizen extended")
	if a := p.action(officer, "extend"); a.Blocked == nil || a.Blocked.Code != "flow.extended-already" {
		t.Errorf("a second extension must be grey with its reason: %+v", a.Blocked)
	}
	err := p.try(officer, flow.Input{Action: "extend", Reason: "x", Due: p.at.AddDate(0, 0, 1)})
	if !errs.HasCode(err, "flow.extended-already") || errs.KindOf(err) != errs.Conflict {
		t.Errorf("a second extension gave %v", err)
	}
}

func TestNeeds(t *testing.T) {
	p := start(t, permit(t))
	p.do(clerk, "accept")
	p.do(head, "assign")
	for _, c := range []struct {
		who    flow.Who
		in     flow.Input
		fields string
	}{
		{officer, flow.Input{Action: "propose"}, "result"},
		{officer, flow.Input{Action: "ask", Reason: "  "}, "reason"},
		{officer, flow.Input{Action: "extend"}, "reason due"},
		{officer, flow.Input{Action: "extend", Note: "x", Due: p.at}, "due"},
		{officer, flow.Input{Action: "hand_over"}, "assignee"},
	} {
		err := p.try(c.who, c.in)
		e, _ := errs.As(err)
		var names []string
		if e != nil {
			for _, f := range e.Fields {
				names = append(names, f.Name)
			}
		}
		if strings.Join(names, " ") != c.fields {
			t.Errorf("%+v: missing %v; want %s", c.in, names, c.fields)
		}
	}
}

func TestGuards(t *testing.T) {
	p := start(t, permit(t))
	p.facts.PapersComplete = false
	a := p.action(clerk, "accept")
	if a.Blocked == nil || a.Blocked.Text.VI != "Còn thiếu giấy tờ." {
		t.Errorf("the grey button says %+v", a.Blocked)
	}
	if err := p.try(clerk, flow.Input{Action: "accept"}); !errs.HasCode(err, "flow.blocked") {
		t.Errorf("a closed guard let through: %v", err)
	} else if e, _ := errs.As(err); fmt.Sprint(e.Args["text"]) != "Còn thiếu giấy tờ." {
		t.Errorf("the refusal says %v", e.Args)
	}
	p.facts.PapersComplete = true
	p.do(clerk, "accept")
	p.do(head, "assign")
	p.facts.Answers = map[string]any{"floors": 5.0}
	if a := p.action(officer, "propose"); a.Blocked == nil {
		t.Error("five floors without opinions can be proposed")
	}
	p.facts.Answers = map[string]any{"floors": "many"} // cannot be compared: closed, not open
	if a := p.action(officer, "propose"); a.Blocked == nil {
		t.Error("a guard that cannot be evaluated is open")
	}
	p.facts.Answers = nil
	if a := p.action(officer, "propose"); a.Blocked != nil {
		t.Error("an unanswered question closes the guard that asks filled() first")
	}
	p.facts.FeeDue = 1
	p.do(officer, "charge")
	p.want("payment 6 paused", "payment", "tell citizen payment", "close appraise true", "status 4→6", "clock pause financial", "step appraise→payment", "open payment payment")
	for _, who := range []flow.Who{officer, clerk, citizen} {
		if err := p.try(who, flow.Input{Action: "paid"}); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s could say that it is paid: %v", who.ID, err)
		}
	}
	p.do(system, "paid")
	p.want("appraise 4 running")
}

func TestWhoMayAct(t *testing.T) {
	p := start(t, permit(t))
	for _, who := range []flow.Who{officer, head, leader, stranger, person("x", office, "counter_clerk"), {}} {
		if p.has(who, "accept") || p.try(who, flow.Input{Action: "accept"}) == nil {
			t.Errorf("%s of %v can receive", who.ID, who.Held)
		}
	}
	if p.has(citizen, "accept") {
		t.Error("a citizen can receive")
	}
	p.do(clerk, "accept")
	p.do(head, "assign")
	second := person("second", office, "officer")
	if a := p.action(second, "propose"); a.Blocked == nil || a.Blocked.Code != "flow.assigned-to" || a.Blocked.Args["name"] != "OFFICER" {
		t.Errorf("a colleague's button: %+v", a.Blocked)
	}
	if err := p.try(second, flow.Input{Action: "propose", Fields: map[string]any{"a": 1}}); !errs.HasCode(err, "flow.assigned-to") {
		t.Errorf("a colleague acted: %v", err)
	}
	deputy := flow.Who{Person: flow.Person{ID: "deputy"}, Side: flow.Staff, Held: []flow.Held{{Agency: office, Roles: []string{"officer"}, DelegatedFrom: officer.Person}}}
	if a := p.action(deputy, "propose"); a.Blocked != nil {
		t.Errorf("the deputy of the assignee is refused: %+v", a.Blocked)
	}
	boss := person("boss", office, "head")
	boss.Override = true
	p.do(boss, flow.Reassign, func(in *flow.Input) { in.Assignee = second.Person })
	p.want("appraise 4 running", "assign appraise to second")
	if err := p.try(officer, flow.Input{Action: "propose", Fields: map[string]any{"a": 1}}); !errs.HasCode(err, "flow.assigned-to") {
		t.Errorf("the former assignee acted: %v", err)
	}
	if p.has(head, flow.Reassign) {
		t.Error("a head without the permission can reassign")
	}
	p.do(second, flow.Delegate, func(in *flow.Input) { in.Assignee = officer.Person })
	if task := p.run.Tasks[0]; task.Assignee.ID != "officer" || task.DelegatedFrom.ID != "second" {
		t.Errorf("after delegation: %+v", task)
	}
	p.do(officer, "hand_over", func(in *flow.Input) { in.Assignee = second.Person })
	p.want("appraise 4 running", "assign appraise to second")
	// A person the task was given to by name may act without the role.
	p.do(boss, flow.Reassign, func(in *flow.Input) { in.Assignee = records.Person })
	p.do(records, "propose")
	p.want("sign 4 running")
	p.do(leader, "rework")
	p.want("appraise 4 running", "close sign true", "step sign→appraise", "open appraise officer")
	if got := p.run.Tasks[0].Assignee.ID; got != "records" {
		t.Errorf("the returned step went to %q", got)
	}
	p.do(records, "back")
	p.want("assign 4 running") // written 2, but what is being processed stays so
	if err := p.try(records, flow.Input{Action: "back"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("an action of another step: %v", err)
	}
}

func TestPreviousNeedsATrail(t *testing.T) {
	f := permit(t)
	p := start(t, f)
	p.do(clerk, "accept")
	p.do(head, "assign")
	run := p.run
	run.Trail = nil
	_, _, err := f.Act(run, flow.Input{Action: "back", Reason: "x"}, officer, p.facts, p.now())
	if !errs.HasCode(err, "flow.no-previous") {
		t.Errorf("returning without a way back gave %v", err)
	}
}

func TestOpinions(t *testing.T) {
	f := permit(t)
	at := func() *play {
		p := start(t, f)
		p.facts.Answers = map[string]any{"floors": 5.0}
		p.do(clerk, "accept")
		p.do(head, "assign")
		p.do(officer, "consult")
		p.want("opinions 4 running", "close appraise true", "step appraise→opinions", "open opinions officer", "open opinions officer", "open opinions officer", "timer silence")
		return p
	}
	p := at()
	if p.has(leader, "opine") || !p.has(planner, "opine") || !p.has(fireman, "opine") {
		t.Error("the wrong people are asked")
	}
	if p.has(officer, "opine") { // not of the department that is asked
		t.Error("an officer of another department is asked")
	}
	p.do(planner, "opine", func(in *flow.Input) { in.Value = flow.Agree })
	p.want("opinions 4 running", "close opinions true")
	if p.has(planner, "opine") {
		t.Error("one opinion can be given twice")
	}
	if err := p.try(fireman, flow.Input{Action: "opine", Note: "x", Value: "perhaps"}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("an unknown opinion gave %v", err)
	}
	p.do(fireman, "opine", func(in *flow.Input) { in.Value = flow.Disagree })
	p.want("appraise 4 running", "close opinions true", "tell asker joined", "close opinions false", "no timer silence", "step opinions→appraise", "open appraise officer")
	if a := p.action(officer, "propose"); a.Blocked == nil {
		t.Error("a dissenting opinion counts as consent")
	}
	// Asked again, only the new round counts.
	p.do(officer, "consult")
	p.do(fireman, "opine")
	p.do(planner, "opine")
	if a := p.action(officer, "propose"); a.Blocked != nil {
		t.Errorf("agreed in the second round, but %+v", a.Blocked)
	}
	if len(p.run.Opinions) != 4 {
		t.Errorf("%d opinions are kept; want both rounds", len(p.run.Opinions))
	}

	p = at()
	p.do(planner, "opine")
	p.do(officer, "more") // the coordinator asks the citizen; the open question waits
	p.want("supplement 5 paused")
	p.do(citizen, "supplied")
	p.want("opinions 4 running", "close supplement true", "no timer expire", "status 5→4", "clock resume supplement", "step supplement→opinions", "open opinions officer", "open opinions officer", "timer silence")
	p.do(fireman, "opine")
	p.want("appraise 4 running")

	p = at()
	p.do(planner, "opine")
	p.timer()
	p.want("appraise 4 running")
	if a := p.action(officer, "propose"); a.Blocked != nil {
		t.Error("silence of the other does not count as consent")
	}

	p = at()
	p.do(officer, "recall")
	p.want("appraise 4 running", "close opinions true", "close opinions false", "close opinions false", "no timer silence", "step opinions→appraise", "open appraise officer")
}

func TestChildDossiers(t *testing.T) {
	p := start(t, permit(t))
	p.do(clerk, "accept")
	p.do(head, "assign")
	p.do(officer, "land")
	p.want("linked 4 running", "close appraise true", "step appraise→linked", "child land at "+fire, "child tax at "+office, "open linked officer")
	land, tax := p.run.Children[0].ID, p.run.Children[1].ID
	p.do(system, flow.ChildOpened, func(in *flow.Input) { in.Child, in.Dossier = land, "d-9" })
	if p.run.Children[0].Dossier != "d-9" {
		t.Error("the child's dossier is not remembered")
	}
	// A child ends while the dossier waits for the citizen: it is not lost.
	p.do(officer, "wait")
	p.do(system, flow.ChildEnded, func(in *flow.Input) { in.Child = land })
	p.want("supplement 5 paused")
	p.do(system, flow.ChildEnded, func(in *flow.Input) { in.Child, in.Value = tax, flow.ChildRejected })
	if err := p.try(system, flow.Input{Action: flow.ChildEnded, Child: tax}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a child ended twice: %v", err)
	}
	if err := p.try(officer, flow.Input{Action: flow.ChildEnded, Child: tax}); !errs.Is(err, errs.NotFound) {
		t.Errorf("an officer ended a child: %v", err)
	}
	p.do(citizen, "supplied")
	p.want("appraise 4 running") // everything had come in meanwhile: the dossier moves on by itself

	p = start(t, permit(t))
	p.do(clerk, "accept")
	p.do(head, "assign")
	p.do(officer, "land")
	p.do(citizen, flow.WithdrawByID)
	p.want("withdrawn 7 stopped", "tell citizen withdrawn", "close linked false", "drop child land", "drop child tax", "status 4→7", "clock end", "step linked→withdrawn")
}

func TestSuspendAndResume(t *testing.T) {
	p := start(t, permit(t))
	p.do(clerk, "accept")
	p.do(head, "assign")
	p.do(officer, "suspend")
	p.want("suspended 8 paused", "form 05", "tell citizen suspended", "close appraise true", "status 4→8", "clock pause suspended 05", "step appraise→suspended", "open suspended officeragency")
	p.do(officer, "resume")
	p.want("appraise 4 running", "tell citizen resumed", "close suspended true", "status 8→4", "clock resume suspended", "step suspended→appraise", "open appraise officer")
	p.do(officer, "reject")
	p.want("stopped 8 stopped", "form 05", "tell citizen rejected", "close appraise true", "status 4→8", "clock end", "step appraise→stopped")
}

func TestWithdraw(t *testing.T) {
	f := permit(t)
	for _, way := range [][]string{{}, {"ask"}, {"accept"}, {"accept", "assign"}, {"accept", "assign", "suspend"}, {"accept", "assign", "consult"}, {"accept", "assign", "ask"}} {
		p := start(t, f)
		for _, step := range way {
			who := map[string]flow.Who{"accept": clerk, "assign": head, "suspend": officer, "consult": officer, "ask": officer}[step]
			if p.run.Step == "receive" {
				who = clerk
			}
			p.do(who, step)
		}
		if !p.has(citizen, flow.WithdrawByID) || !p.has(clerk, flow.WithdrawByID) || p.has(officer, flow.WithdrawByID) {
			t.Errorf("at %s the wrong people can withdraw", p.run.Step)
		}
		p.do(citizen, flow.WithdrawByID)
		if p.run.Step != "withdrawn" || p.run.Status != 7 || len(p.run.Tasks)+len(p.run.Timers) != 0 {
			t.Errorf("after %v: %s", way, p.where())
		}
	}
	p := start(t, f)
	p.do(clerk, "accept")
	p.do(head, "assign")
	p.do(officer, "propose")
	p.do(leader, "approve")
	p.do(records, "finish")
	if p.has(citizen, flow.WithdrawByID) {
		t.Error("a finished dossier can be withdrawn")
	}
}

func TestRejectedDossiersHaveNoResult(t *testing.T) {
	const text = `{id: f, name: F, steps: [
{id: receive, name: A, role: counter_clerk, status: 1, actions: [{id: accept, name: A, effect: receive, to: work}]},
{id: work, name: W, role: officer, status: 4, actions: [{id: no, name: N, effect: reject, to: out, needs: [reason]}, {id: yes, name: Y, effect: approve, to: out}]},
{id: out, name: O, role: counter_clerk, at: receiving, status: 9, actions: [{id: hand, name: H, effect: return_result, to: returned}]},
{id: returned, name: R, kind: end, status: 10}]}`
	for action, want := range map[string]string{"no": "form 03; tell citizen rejected; close work true; status 4→9; clock end; step work→out; open out counter_clerk",
		"yes": "close work true; status 4→9; clock end; step work→out; open out counter_clerk; result map[no:1]; tell citizen done"} {
		p := start(t, compile(t, "", text))
		p.do(clerk, "accept")
		p.do(officer, action)
		if got := strings.Join(describe(p.effects), "; "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", action, got, want)
		}
	}
}

func TestStartNeedsItsAgencies(t *testing.T) {
	f := permit(t)
	if got := f.AgencyRefs(); !slices.Equal(got, []string{"H56.20"}) {
		t.Errorf("agencies named by the flow: %v", got)
	}
	_, _, err := f.Start(flow.StartInput{Agencies: map[string]string{"receiving": desk, "competent": office}})
	if !errs.HasCode(err, "flow.no-agency") {
		t.Errorf("starting without an agency gave %v", err)
	}
	if got := f.Roles(); !slices.Equal(got, []string{"counter_clerk", "head", "leader", "officer", "records_clerk"}) {
		t.Errorf("roles = %v", got)
	}
}

func TestRunSurvivesJSON(t *testing.T) {
	f := permit(t)
	p := start(t, f)
	p.do(clerk, "accept")
	p.do(head, "assign")
	p.do(officer, "consult")
	raw, err := json.Marshal(p.run)
	if err != nil {
		t.Fatal(err)
	}
	var again flow.Run
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	back, _ := json.Marshal(again)
	if string(back) != string(raw) {
		t.Errorf("changed by a round through JSON:\n%s\n%s", raw, back)
	}
	p.run = again
	p.do(planner, "opine")
}

func (p *play) has(who flow.Who, action string) bool {
	return slices.ContainsFunc(p.flow.Actions(p.run, who, p.facts), func(a flow.Action) bool { return a.ID == action })
}

func (p *play) action(who flow.Who, id string) flow.Action {
	p.t.Helper()
	for _, a := range p.flow.Actions(p.run, who, p.facts) {
		if a.ID == id {
			return a
		}
	}
	p.t.Fatalf("%s has no action %s at %s", who.ID, id, p.run.Step)
	return flow.Action{}
}

func TestEveryWordIsThere(t *testing.T) {
	b, err := i18n.New(flow.Locales())
	if err != nil {
		t.Fatal(err)
	}
	if bad := i18n.Check(b); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
	for _, id := range []string{flow.GiveOpinion, flow.WithdrawByID, flow.Reassign, flow.Delegate} {
		if !b.Has(i18n.VI, "flow.action."+id) {
			t.Errorf("the built-in action %s has no words", id)
		}
	}
}
