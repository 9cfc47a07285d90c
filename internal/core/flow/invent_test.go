package flow_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/core/flow"
	"motcua/internal/platform/i18n"
)

// inventor makes up process tables that nobody wrote: tasks in a row with ways
// back and across, waits, opinions, dossiers of other agencies, timers, guards.
type inventor struct {
	t     *rapid.T
	tasks int
	steps map[string]bool // what there is besides the tasks
}

func (v *inventor) chance(what string, percent int) bool {
	return rapid.IntRange(1, 100).Draw(v.t, what) <= percent
}

func named(s string) i18n.Text { return i18n.Text{VI: s, EN: s} }

// definition makes one up.
func (v *inventor) definition() *flow.Definition {
	v.tasks = rapid.IntRange(1, 5).Draw(v.t, "tasks")
	v.steps = map[string]bool{}
	for _, s := range []string{"supplement", "payment", "suspended", "ask", "linked"} {
		v.steps[s] = v.chance(s, 60)
	}
	def := &flow.Definition{ID: "invented", Name: named("Invented")}
	def.Steps = append(def.Steps, v.first())
	for i := range v.tasks {
		def.Steps = append(def.Steps, v.task(i))
	}
	def.Steps = append(def.Steps, flow.StepDef{ID: "hand_out", Name: named("Hand out"), Role: "counter_clerk", At: "receiving", Status: 9, Actions: []flow.ActionDef{
		{ID: "hand", Name: named("Hand"), Effect: flow.ReturnResult, To: "returned"}}})
	def.Steps = append(def.Steps, v.waits()...)
	for _, e := range []struct {
		id     string
		status int
	}{{"refused", 3}, {"stopped", 8}, {"returned", 10}} {
		def.Steps = append(def.Steps, flow.StepDef{ID: e.id, Name: named(e.id), Kind: flow.EndStep, Status: e.status})
	}
	if v.chance("a withdrawal of its own", 30) {
		def.Steps = append(def.Steps, flow.StepDef{ID: "taken_back", Name: named("Taken back"), Kind: flow.EndStep, Status: 7})
	}
	def.Steps = led(def.Steps)
	if v.chance("always extend", 40) {
		def.Always = append(def.Always, flow.ActionDef{ID: "extend", Name: named("Extend"), Effect: flow.Extend, Role: "officer", Needs: []flow.Need{flow.NeedReason, flow.NeedDue}})
	}
	return def
}

// led keeps the steps to which some way leads from the first: an author does not
// write others, and they are refused.
func led(steps []flow.StepDef) (kept []flow.StepDef) {
	reached := map[string]bool{steps[0].ID: true, "taken_back": true}
	for more := true; more; {
		more = false
		for _, s := range steps {
			to := []string{s.To}
			for _, a := range s.Actions {
				to = append(to, a.To)
			}
			for _, t := range to {
				if reached[s.ID] && t != "" && t[0] != '@' && !reached[t] {
					reached[t], more = true, true
				}
			}
		}
	}
	for _, s := range steps {
		if reached[s.ID] {
			kept = append(kept, s)
		}
	}
	return kept
}

func (v *inventor) first() flow.StepDef {
	s := flow.StepDef{ID: "intake", Name: named("Intake"), Role: "counter_clerk", Status: 1, Actions: []flow.ActionDef{
		{ID: "accept", Name: named("Accept"), Effect: flow.Receive, To: "t0"},
		{ID: "refuse", Name: named("Refuse"), Effect: flow.Refuse, To: "refused", Needs: []flow.Need{flow.NeedReason}},
	}}
	v.aside(&s, "supplement", 50)
	v.guard(&s)
	return s
}

func taskID(i int) string { return fmt.Sprintf("t%d", i) }

func (v *inventor) task(i int) flow.StepDef {
	s := flow.StepDef{ID: taskID(i), Name: named("Task"), Role: rapid.SampledFrom([]string{"officer", "head", "leader", "records_clerk"}).Draw(v.t, "role"),
		Hours: rapid.IntRange(0, 40).Draw(v.t, "hours"), Status: 4}
	if i == 0 {
		s.Status = rapid.SampledFrom([]int{0, 2, 4}).Draw(v.t, "first status")
	}
	on := flow.ActionDef{ID: "on", Name: named("On"), Effect: rapid.SampledFrom([]flow.EffectName{flow.Forward, flow.Propose, flow.Approve, ""}).Draw(v.t, "effect"), To: taskID(i + 1)}
	if i == v.tasks-1 {
		on.Effect, on.To = flow.Finish, "hand_out"
	}
	s.Actions = append(s.Actions, on)
	if v.chance("back", 50) {
		to := flow.Previous
		if i > 0 && v.chance("back to a task", 40) {
			to = taskID(rapid.IntRange(0, i-1).Draw(v.t, "to"))
		}
		if i > 0 { // before the first task the dossier is not received
			s.Actions = append(s.Actions, flow.ActionDef{ID: "back", Name: named("Back"), Effect: flow.ReturnBack, To: to, Needs: []flow.Need{flow.NeedNote}})
		}
	}
	if v.chance("jump", 30) {
		s.Actions = append(s.Actions, flow.ActionDef{ID: "jump", Name: named("Jump"), Effect: flow.Forward, To: taskID(rapid.IntRange(0, v.tasks-1).Draw(v.t, "to"))})
	}
	if v.chance("assign", 30) {
		s.Actions = append(s.Actions, flow.ActionDef{ID: "assign", Name: named("Assign"), Effect: flow.Assign, Needs: []flow.Need{flow.NeedAssignee}})
	}
	if v.chance("reject", 40) {
		s.Actions = append(s.Actions, flow.ActionDef{ID: "reject", Name: named("Reject"), Effect: flow.Reject, To: rapid.SampledFrom([]string{"stopped", "hand_out"}).Draw(v.t, "to"), Needs: []flow.Need{flow.NeedReason}})
	}
	for _, wait := range []string{"supplement", "payment", "suspended", "ask", "linked"} {
		v.aside(&s, wait, 35)
	}
	v.guard(&s)
	if v.chance("timer", 25) {
		s.Actions = append(s.Actions, flow.ActionDef{ID: "late", Name: named("Late"), By: "system", Effect: flow.Forward, To: taskID(rapid.IntRange(0, v.tasks-1).Draw(v.t, "to"))})
		s.Timers = append(s.Timers, flow.TimerDef{After: flow.Span{Amount: rapid.IntRange(1, 30).Draw(v.t, "after"), Unit: rapid.SampledFrom([]string{"working_hour", "working_day", "hour", "day", "month"}).Draw(v.t, "unit")}, Action: "late"})
	}
	return s
}

// aside adds a way to something the dossier waits for.
func (v *inventor) aside(s *flow.StepDef, to string, percent int) {
	if !v.steps[to] || !v.chance("to "+to, percent) {
		return
	}
	a := flow.ActionDef{ID: "to_" + to, Name: named(to), To: to}
	switch to {
	case "supplement":
		a.Effect, a.Needs = flow.Supplement, []flow.Need{flow.NeedReason}
	case "payment":
		a.Effect = flow.Pay
	case "suspended":
		a.Effect, a.Needs = flow.Suspend, []flow.Need{flow.NeedReason}
	case "ask":
		a.Effect = flow.AskOpinion
	case "linked":
		a.Effect = flow.OpenChild
	}
	s.Actions = append(s.Actions, a)
}

func (v *inventor) guard(s *flow.StepDef) {
	if v.chance("guard", 35) {
		a := &s.Actions[0]
		a.Guard = rapid.SampledFrom([]string{"papers_complete", "result_ready", "fee_due == 0 || fee_paid", "papers_complete && result_ready"}).Draw(v.t, "guard text")
		a.GuardReason = named("Not now")
	}
}

func (v *inventor) waits() (all []flow.StepDef) {
	back := func(s string) string {
		if v.chance("back to a task from "+s, 25) {
			return "t0"
		}
		return flow.Back
	}
	for _, s := range []flow.StepDef{
		{ID: "supplement", Status: 5, Actions: []flow.ActionDef{{ID: "supplied", Effect: flow.Supplied, To: flow.Back}}},
		{ID: "payment", For: "payment", Status: 6, Actions: []flow.ActionDef{{ID: "paid", Effect: flow.Paid, To: back("payment")}}},
		{ID: "suspended", For: "agency", Role: "officer", Status: 8, Actions: []flow.ActionDef{{ID: "resume", Effect: flow.Resume, To: back("suspended")}}},
	} {
		if !v.steps[s.ID] {
			continue
		}
		s.Kind, s.Name, s.Actions[0].Name = flow.WaitStep, named(s.ID), named(s.ID)
		if v.chance("waits end", 50) {
			s.Actions = append(s.Actions, flow.ActionDef{ID: "expire", Name: named("Expire"), By: "system", Effect: flow.Reject, To: "stopped"})
			s.Timers = []flow.TimerDef{{After: flow.Span{Amount: 30, Unit: "day"}, Action: "expire"}}
		}
		all = append(all, s)
	}
	join := func() string { return rapid.SampledFrom([]string{"all", "any"}).Draw(v.t, "join") }
	if v.steps["ask"] {
		s := flow.StepDef{ID: "ask", Name: named("Opinions"), Kind: flow.OpinionsStep, Role: "officer", Join: join(), To: back("ask")}
		for i := range rapid.IntRange(1, 3).Draw(v.t, "asked") {
			s.Ask = append(s.Ask, flow.AskDef{ID: fmt.Sprint("q", i), Role: "officer", At: rapid.SampledFrom([]string{"competent", "H56.20"}).Draw(v.t, "asked at"), Name: named("Opinion")})
		}
		if v.chance("recall", 50) {
			s.Actions = append(s.Actions, flow.ActionDef{ID: "recall", Name: named("Recall"), Effect: flow.Forward, To: flow.Back})
		}
		v.aside(&s, "supplement", 40)
		all = append(all, s)
	}
	if v.steps["linked"] {
		s := flow.StepDef{ID: "linked", Name: named("Linked"), Kind: flow.ChildStep, Role: "officer", Join: join(), To: back("linked")}
		for i := range rapid.IntRange(1, 3).Draw(v.t, "children") {
			s.Children = append(s.Children, flow.ChildDef{ID: fmt.Sprint("c", i), Procedure: "1.012345", At: "H56.20", Name: named("Child")})
		}
		v.aside(&s, "supplement", 40)
		all = append(all, s)
	}
	return all
}

// Process tables that nobody wrote, and what people do with them in any order:
// the engine and the naive model agree after every act.
func TestInventedFlowsAgreeWithTheModel(t *testing.T) {
	const lives = 4 // of dossiers under one table
	sequences, acts, refused, tables := 0, 0, 0, 0
	why := map[string]int{}
	began := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		def := (&inventor{t: t}).definition()
		f, err := flow.Compile(def)
		if err != nil {
			refused++
			why[err.Error()]++
			return
		}
		tables++
		for range lives {
			sequences++
			acts += len(walk(t, f, 40).Trail)
		}
	})
	took := time.Since(began)
	if tables*3 < refused {
		t.Errorf("only %d of %d invented tables compile: %v", tables, tables+refused, why)
	}
	t.Logf("FIGURES flow-sequences=%d tables=%d refused-tables=%d flow-seconds=%.1f", sequences, tables, refused, took.Seconds())
}
