package flow_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/core/flow"
	"motcua/internal/platform/errs"
)

// model is a second, naive account of where a dossier stands, written from the
// definition alone.
type model struct {
	def     *flow.Definition
	step    string
	status  int
	clock   string // "", running, paused, stopped
	back    []string
	history []string // tasks passed
}

func (m *model) def1(id string) (flow.StepDef, bool) {
	for _, s := range m.def.Steps {
		if s.ID == id {
			return s, true
		}
	}
	return flow.StepDef{ID: id, Kind: flow.EndStep, Status: 7}, false // the added end of withdrawn dossiers
}

func kindOf(s flow.StepDef) flow.StepKind {
	if s.Kind == "" {
		return flow.TaskStep
	}
	return s.Kind
}

// follow moves the model by an effect to a target.
func (m *model) follow(effect flow.EffectName, target string) {
	from, _ := m.def1(m.step)
	switch target {
	case "", flow.Stay:
		return
	case flow.Back:
		target = m.back[len(m.back)-1]
		m.back = m.back[:len(m.back)-1]
	case flow.Previous:
		target = m.history[len(m.history)-1]
		m.back = nil
	default:
		to, _ := m.def1(target)
		switch {
		case kindOf(to) == flow.TaskStep || kindOf(to) == flow.EndStep:
			m.back = nil
		case target != m.step:
			if i := slices.Index(m.back, m.step); i >= 0 {
				m.back = m.back[:i]
			}
			m.back = append(m.back, m.step)
		}
	}
	to, _ := m.def1(target)
	if kindOf(from) == flow.TaskStep && from.ID != to.ID && !slices.Contains(m.history, from.ID) {
		m.history = append(m.history, from.ID)
	}
	if i := slices.Index(m.history, to.ID); i >= 0 && kindOf(to) == flow.TaskStep {
		m.history = m.history[:i]
	}
	if effect == flow.Receive && m.clock == "" {
		m.status, m.clock = 2, "running"
	}
	was := m.status
	switch {
	case to.Status != 0:
		m.status = to.Status
	case was == 5 || was == 6 || was == 8:
		m.status = 4
		if m.clock == "" {
			m.status = 1
		}
	}
	if m.status == 2 && (was == 4 || was == 6 || was == 8) {
		m.status = 4
	}
	switch {
	case m.clock == "" || m.clock == "stopped":
	case m.status >= 9 || kindOf(to) == flow.EndStep:
		m.clock = "stopped"
	case m.status == 5 || m.status == 6 || m.status == 8:
		m.clock = "paused"
	default:
		m.clock = "running"
	}
	m.step = target
}

// ledger checks what the effects say against what the run says.
type ledger struct {
	tasks, timers map[string]bool
	clock         string
	status        flow.Status
	issued        int
}

func (l *ledger) book(t *rapid.T, effects []flow.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case flow.TaskOpened:
			if l.tasks[e.Task.ID] {
				t.Fatalf("task %s is opened twice", e.Task.ID)
			}
			l.tasks[e.Task.ID] = true
		case flow.TaskClosed:
			if !l.tasks[e.Task.ID] {
				t.Fatalf("task %s is closed but was not open", e.Task.ID)
			}
			delete(l.tasks, e.Task.ID)
		case flow.TimerSet:
			l.timers[e.Timer.ID] = true
		case flow.TimerCancelled:
			if !l.timers[e.Timer.ID] {
				t.Fatalf("timer %s is cancelled but was not set", e.Timer.ID)
			}
			delete(l.timers, e.Timer.ID)
		case flow.ClockStarted:
			l.tick(t, "", "running")
		case flow.ClockPaused:
			l.tick(t, "running", "paused")
		case flow.ClockResumed:
			l.tick(t, "paused", "running")
		case flow.ClockExtended:
			l.tick(t, "running", "running")
		case flow.ClockEnded:
			if l.clock != "running" && l.clock != "paused" {
				t.Fatalf("a clock that is %q ends", l.clock)
			}
			l.clock = "stopped"
		case flow.StatusChanged:
			if e.From != l.status {
				t.Fatalf("the status changes from %d, but it was %d", e.From, l.status)
			}
			supplied := e.From == flow.StatusSupplement && e.To == flow.StatusNew && l.clock == ""
			if e.From != 0 && !flow.MayFollow(e.From, e.To) && !supplied {
				t.Fatalf("the status goes from %d to %d", e.From, e.To)
			}
			l.status = e.To
		case flow.ResultNeeded:
			if l.issued++; l.issued > 1 {
				t.Fatal("the result is issued twice")
			}
		}
	}
}

func (l *ledger) tick(t *rapid.T, from, to string) {
	if l.clock != from {
		t.Fatalf("the clock goes from %q to %q, but it is %q", from, to, l.clock)
	}
	l.clock = to
}

// walk drives a flow at random and checks every step of the way.
func walk(t *rapid.T, f *flow.Flow, steps int) flow.Run {
	def := f.Definition()
	m := &model{def: def, step: def.Steps[0].ID, status: 1}
	l := &ledger{tasks: map[string]bool{}, timers: map[string]bool{}}
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	agencies := map[string]string{"receiving": desk, "competent": office}
	for _, ref := range f.AgencyRefs() {
		agencies[ref] = fire
	}
	run, effects, err := f.Start(flow.StartInput{Agencies: agencies, Who: citizen, Now: flow.Now{At: at}})
	if err != nil {
		t.Fatal(err)
	}
	l.book(t, effects)
	people := everybody()
	for range steps {
		compare(t, f, run, m, l)
		if f.Final(run) {
			for _, who := range people {
				if a := f.Actions(run, who, flow.Facts{}); len(a) > 0 {
					t.Fatalf("an ended dossier offers %v to %s", a, who.ID)
				}
			}
			return run
		}
		facts := anyFacts(t)
		who, in, move := anyMove(t, f, run, people, facts)
		if who.Side == "" {
			continue
		}
		at = at.Add(time.Hour)
		now := flow.Now{At: at}
		before, _ := json.Marshal(run)
		next, effects, err := act(f, run, in, who, facts, now)
		again, effects2, err2 := act(f, run, in, who, facts, now)
		if after, _ := json.Marshal(run); string(after) != string(before) {
			t.Fatalf("acting changed the run that was given")
		}
		if fmt.Sprint(next, describe(effects), err) != fmt.Sprint(again, describe(effects2), err2) {
			t.Fatalf("%s: acting twice differs:\n%v\n%v", in.Action, describe(effects), describe(effects2))
		}
		if move.blocked {
			if !errs.Is(err, errs.Conflict) {
				t.Fatalf("a grey button %s was pressed and gave %v", in.Action, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s offers %s to %s, which fails: %v", run.Step, in.Action, who.ID, err)
		}
		l.book(t, effects)
		if in.Timer != "" {
			delete(l.timers, in.Timer)
		}
		m.follow(move.effect, move.to)
		for i := 0; joined(effects) > i; i++ { // what moved by itself
			s, _ := m.def1(m.step)
			m.follow(flow.Forward, orBack(s.To))
		}
		run = next
		raw, _ := json.Marshal(run)
		var stored flow.Run
		if err := json.Unmarshal(raw, &stored); err != nil {
			t.Fatal(err)
		}
		if back, _ := json.Marshal(stored); string(back) != string(raw) {
			t.Fatalf("the run does not survive JSON:\n%s\n%s", raw, back)
		}
		run = stored
	}
	return run
}

// act is the engine under test. A drill that is broken on purpose has one in which
// the clock runs on while the dossier waits for the citizen.
func act(f *flow.Flow, run flow.Run, in flow.Input, who flow.Who, facts flow.Facts, now flow.Now) (flow.Run, []flow.Effect, error) {
	next, effects, err := f.Act(run, in, who, facts, now)
	if os.Getenv("MOTCUA_DRILL_BREAK") == "clock-runs-on" && err == nil && next.Clock == flow.Paused && next.Status == flow.StatusSupplement {
		next.Clock = flow.Running
		effects = slices.DeleteFunc(effects, func(e flow.Effect) bool { _, paused := e.(flow.ClockPaused); return paused })
	}
	return next, effects, err
}

func joined(effects []flow.Effect) int {
	n := 0
	for _, e := range effects {
		if notify, ok := e.(flow.Notify); ok && notify.Code == "joined" {
			n++
		}
	}
	return n
}

func orBack(to string) string {
	if to == "" {
		return flow.Back
	}
	return to
}

func compare(t *rapid.T, f *flow.Flow, run flow.Run, m *model, l *ledger) {
	if run.Step != m.step || int(run.Status) != m.status || string(run.Clock) != m.clock {
		t.Fatalf("the engine says %s %d %q, the model %s %d %q", run.Step, run.Status, run.Clock, m.step, m.status, m.clock)
	}
	if l.status != run.Status || l.clock != string(run.Clock) {
		t.Fatalf("the effects add up to %d %q, the run says %d %q", l.status, l.clock, run.Status, run.Clock)
	}
	if len(l.tasks) != len(run.Tasks) || len(l.timers) != len(run.Timers) {
		t.Fatalf("at %s the effects add up to %d tasks and %d timers, the run has %d and %d", run.Step, len(l.tasks), len(l.timers), len(run.Tasks), len(run.Timers))
	}
	if f.Final(run) {
		if len(run.Tasks)+len(run.Timers) > 0 || run.Clock == flow.Running || run.Clock == flow.Paused {
			t.Fatalf("an ended dossier still has tasks, timers or a clock: %+v", run)
		}
		return
	}
	// Somebody, or time, or another agency can always move it on.
	open := flow.Facts{PapersComplete: true, ResultReady: true, FeeDue: 1, FeePaid: true}
	for _, who := range everybody() {
		if slices.ContainsFunc(f.Actions(run, who, open), func(a flow.Action) bool { return a.Blocked == nil }) {
			return
		}
	}
	if len(run.Timers) == 0 && !slices.ContainsFunc(run.Children, func(c flow.Child) bool { return c.Ended.IsZero() && !c.Dropped }) {
		t.Fatalf("nobody can do anything at %s", run.Step)
	}
}

func anyFacts(t *rapid.T) flow.Facts {
	return flow.Facts{
		PapersComplete: rapid.Bool().Draw(t, "papers"), ResultReady: rapid.Bool().Draw(t, "draft"),
		FeeDue: int64(rapid.IntRange(0, 1).Draw(t, "fee")), Answers: map[string]any{"floors": float64(rapid.IntRange(1, 9).Draw(t, "floors"))},
	}
}

// made is what a move does, for the model.
type made struct {
	effect  flow.EffectName
	to      string
	blocked bool
}

func anyMove(t *rapid.T, f *flow.Flow, run flow.Run, people []flow.Who, facts flow.Facts) (flow.Who, flow.Input, made) {
	in := flow.Input{Reason: "r", Note: "n", Due: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Files: []string{"f"}, Fields: map[string]any{"a": 1.0},
		Value: "", Assignee: officer.Person}
	type move struct {
		who flow.Who
		in  flow.Input
		made
	}
	var all []move
	step, _ := (&model{def: f.Definition()}).def1(run.Step)
	written := func(id string) (flow.ActionDef, bool) {
		for _, a := range append(slices.Clone(step.Actions), f.Definition().Always...) {
			if a.ID == id {
				return a, true
			}
		}
		return flow.ActionDef{}, false
	}
	for _, who := range people {
		for _, a := range f.Actions(run, who, facts) {
			x := move{who: who, in: in, made: made{blocked: a.Blocked != nil}}
			x.in.Action, x.in.Task = a.ID, a.Task
			if def, ok := written(a.ID); ok {
				x.effect, x.to = def.Effect, def.To
			} else if a.ID == flow.WithdrawByID {
				x.effect, x.to = flow.Withdraw, "withdrawn"
				for _, s := range f.Definition().Steps {
					if s.Kind == flow.EndStep && s.Status == 7 {
						x.to = s.ID
					}
				}
			}
			if a.ID == flow.GiveOpinion || a.ID == "opine" {
				x.in.Value = flow.Agree
			}
			all = append(all, x)
		}
	}
	for _, timer := range run.Timers {
		def, _ := written(timer.Action)
		x := move{who: system, in: in, made: made{effect: def.Effect, to: def.To}}
		x.in.Timer = timer.ID
		all = append(all, x)
	}
	for _, c := range run.Children {
		if c.Ended.IsZero() {
			x := move{who: system, in: in}
			x.in.Action, x.in.Child = flow.ChildEnded, c.ID
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return flow.Who{}, in, made{}
	}
	// Leave withdrawing and ending rare, so that walks grow long.
	pick := rapid.IntRange(0, len(all)-1).Draw(t, "move")
	if all[pick].effect == flow.Withdraw && rapid.IntRange(0, 9).Draw(t, "really") > 0 {
		return flow.Who{}, in, made{}
	}
	return all[pick].who, all[pick].in, all[pick].made
}

func TestEngineAgreesWithTheModel(t *testing.T) {
	f := permit(t)
	rapid.Check(t, func(t *rapid.T) { walk(t, f, 60) })
}

// A flow that compiles cannot get stuck or make an illegal move, however it was
// mangled.
func TestWhatCompilesRuns(t *testing.T) {
	text := string(mustRead(t, "testdata/permit.yaml"))
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		def, err := flow.Decode("permit.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		mangle(t, def)
		f, err := flow.Compile(def)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		accepted++
		walk(t, f, 40)
	})
	if accepted == 0 {
		t.Error("no mangled flow was accepted: the test proves nothing")
	}
}

// mangle makes one or two changes an author could make.
func mangle(t *rapid.T, def *flow.Definition) {
	targets := []string{flow.Back, flow.Previous, flow.Stay, ""}
	for _, s := range def.Steps {
		targets = append(targets, s.ID)
	}
	for range rapid.IntRange(1, 2).Draw(t, "changes") {
		s := &def.Steps[rapid.IntRange(0, len(def.Steps)-1).Draw(t, "step")]
		switch rapid.IntRange(0, 5).Draw(t, "change") {
		case 0:
			s.Status = rapid.IntRange(0, 10).Draw(t, "status")
		case 1:
			if len(s.Actions) > 0 {
				i := rapid.IntRange(0, len(s.Actions)-1).Draw(t, "action")
				s.Actions = slices.Delete(slices.Clone(s.Actions), i, i+1)
			}
		case 2:
			s.Timers = nil
		case 3:
			if s.Kind == flow.OpinionsStep || s.Kind == flow.ChildStep {
				s.To = rapid.SampledFrom(targets).Draw(t, "to")
				s.Join = rapid.SampledFrom([]string{"all", "any"}).Draw(t, "join")
			}
		default:
			if len(s.Actions) > 0 {
				i := rapid.IntRange(0, len(s.Actions)-1).Draw(t, "action")
				s.Actions = slices.Clone(s.Actions)
				s.Actions[i].To = rapid.SampledFrom(targets).Draw(t, "to")
				if rapid.Bool().Draw(t, "plain") {
					s.Actions[i].Effect = flow.Forward
				}
			}
		}
	}
}

func FuzzDecodeFlow(f *testing.F) {
	f.Add(string(mustRead(f, "testdata/permit.yaml")))
	f.Add("{id: f, name: F, steps: [{id: a, name: A, role: officer, status: 1, actions: [{id: x, name: X, to: '@back', guard: 'answers.a.b[0] > 1'}]}]}")
	f.Fuzz(func(t *testing.T, text string) {
		def, err := flow.Decode("f.yaml", []byte(text))
		if err != nil {
			return
		}
		compiled, err := flow.Compile(def)
		if err != nil {
			return
		}
		flow.SVG(compiled, nil, "vi")
		flow.BPMN(compiled)
	})
}

func BenchmarkAct(b *testing.B) {
	f := permit(b)
	p := start(b, f)
	p.do(clerk, "accept")
	p.do(head, "assign")
	in := flow.Input{Action: "propose", Fields: map[string]any{"a": 1}}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := f.Act(p.run, in, officer, p.facts, p.now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkActions(b *testing.B) {
	f := permit(b)
	p := start(b, f)
	p.do(clerk, "accept")
	p.do(head, "assign")
	b.ReportAllocs()
	for b.Loop() {
		if n := len(f.Actions(p.run, officer, p.facts)); n == 0 {
			b.Fatal("no actions")
		}
	}
}
