package flow_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"motcua/internal/core/flow"
)

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// small is a correct flow; each test changes one thing in it.
const small = `id: f
name: F
stages: [{id: one, name: One}]
steps:
- {id: receive, stage: one, name: R, role: counter_clerk, status: 1, actions: [{id: accept, name: A, effect: receive, to: work}, {id: no, name: N, effect: refuse, to: refused}]}
- {id: work, name: W, role: officer, status: 4, actions: [{id: ask, name: A, effect: supplement, to: wait, needs: [reason]}, {id: done, name: D, effect: finish, to: out}]}
- {id: wait, name: W, kind: wait, status: 5, actions: [{id: back, name: B, effect: supplied, to: "@back"}]}
- {id: out, name: O, role: counter_clerk, status: 9, actions: [{id: hand, name: H, effect: return_result, to: returned}]}
- {id: refused, name: R, kind: end, status: 3}
- {id: returned, name: R, kind: end, status: 10}
`

func TestCompileRefuses(t *testing.T) {
	if _, err := flow.Compile(mustDecode(t, small)); err != nil {
		t.Fatalf("the correct flow is refused:\n%v", err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":        {"id: f", "id: f\nnmae: x", `f.yaml:2: unknown key "nmae"; did you mean "name"?`},
		"no steps":           {small, "id: f\nname: F\n", "f.yaml:1: the flow has no steps"},
		"step twice":         {"id: out,", "id: work,", `f.yaml:8: the step id "work" is used twice (first at f.yaml:6)`},
		"unknown stage":      {"stage: one", "stage: two", `step receive: stage: unknown "two"; there are one`},
		"unknown kind":       {"kind: wait", "kind: wiat", `f.yaml:7: step wait: kind: unknown "wiat"; did you mean "wait"?`},
		"unknown role":       {"role: officer", "role: oficer", `f.yaml:6: step work: role: unknown "oficer"; did you mean "officer"?`},
		"no role":            {"role: officer, ", "", "f.yaml:6: step work needs a role: who does it?"},
		"unknown effect":     {"effect: finish", "effect: finsh", `step work: action done: effect: unknown "finsh"; did you mean "finish"?`},
		"unknown target":     {"to: out", "to: uot", `step work: action done: to: unknown "uot"; did you mean "out"?`},
		"unknown need":       {"needs: [reason]", "needs: [raeson]", `needs: unknown "raeson"; did you mean "reason"?`},
		"unknown by":         {"id: back, name: B,", "id: back, name: B, by: boss,", `by: unknown "boss"; there are officer, staff, citizen, asked, system`},
		"action twice":       {"id: no,", "id: accept,", "f.yaml:5: step receive: action accept: the id is used twice in this step"},
		"built-in id":        {"id: no,", "id: reassign,", "the id belongs to a built-in action"},
		"bad status":         {"status: 9", "status: 11", "status is one of the national statuses 1 to 10, not 11"},
		"start":              {"status: 1,", "status: 4,", "f.yaml:5: step receive: a flow begins with a task of status 1"},
		"end status":         {"kind: end, status: 3", "kind: end, status: 4", "step refused: an end has status 3, 7, 8 or 10, not 4"},
		"end with actions":   {"kind: end, status: 3", "kind: end, status: 3, hours: 2", "a step of kind end has no hours"},
		"illegal status":     {"effect: finish, to: out", "effect: forward, to: returned", "f.yaml:6: step work: action done: the status would go from 4 to 10 (step returned), which the national statuses do not allow"},
		"back to new":        {"effect: finish, to: out}", "effect: finish, to: out}, {id: x, name: X, effect: return_back, to: receive, needs: [reason]}", "the status would go from 4 to 1 (step receive)"},
		"never received":     {"effect: receive, to: work", "effect: forward, to: w2", ""},
		"without receipt":    {"- {id: work, name: W, role: officer, status: 4", "- {id: work, name: W, role: officer, status: 2", ""},
		"dead end":           {"actions: [{id: hand, name: H, effect: return_result, to: returned}]", "actions: [{id: hand, name: H}]", "f.yaml:8: step out is a dead end: no person can move the dossier on"},
		"wait without back":  {`{id: back, name: B, effect: supplied, to: "@back"}`, `{id: x, name: X, effect: refuse, to: refused}`, "step wait has no way back"},
		"unreached":          {"- {id: refused", "- {id: lost, name: L, role: officer, status: 4, actions: [{id: x, name: X, to: out}]}\n- {id: refused", "f.yaml:9: step lost is never reached"},
		"endless":            {"{id: done, name: D, effect: finish, to: out}", "{id: done, name: D, effect: forward, to: work}", "step out is never reached"},
		"supplement target":  {"effect: supplement, to: wait", "effect: supplement, to: out", "supplement leads to a wait of status 5"},
		"supplement reason":  {"needs: [reason]", "needs: [note]", "supplement needs reason"},
		"refuse target":      {"effect: refuse, to: refused", "effect: refuse, to: returned", "refuse leads to an end of status 3"},
		"supplied in a task": {"id: done, name: D, effect: finish", "id: done, name: D, effect: supplied", "supplied ends a wait"},
		"back from a task":   {"effect: finish, to: out", `effect: forward, to: "@back"`, "@back leads out of a wait, opinions or child step"},
		"previous of first":  {"effect: refuse, to: refused", `effect: return_back, to: "@previous", needs: [reason]`, "nothing comes before the first step"},
		"guard":              {"effect: finish", "effect: finish, guard: fee_payd, guard_reason: x", `guard: 1:1: unknown name "fee_payd"; did you mean "fee_paid"?`},
		"silent guard":       {"effect: finish", "effect: finish, guard: fee_paid", "has a guard and needs guard_reason"},
		"guard type":         {"effect: finish", "effect: finish, guard: fee_due, guard_reason: x", "guard: 1:1: the result must be yes/no, not whole number"},
		"timer target":       {`to: "@back"}]}`, `to: "@back"}], timers: [{after: {amount: 3, unit: day}, action: expire}]}`, `step wait: timer: unknown "expire"; there are back`},
		"timer unit":         {`to: "@back"}]}`, `to: "@back"}], timers: [{after: {amount: 3, unit: days}, action: back}]}`, `timer unit: unknown "days"; did you mean "day"?`},
		"timer amount":       {`to: "@back"}]}`, `to: "@back"}], timers: [{after: {unit: day}, action: back}]}`, "a timer runs after an amount of 1 or more"},
		"system alone":       {`to: "@back"}]}`, `to: "@back"}, {id: x, name: X, by: system, effect: reject, to: stopped}]}` + "\n- {id: stopped, name: S, kind: end, status: 8}", "action x is done by the system, but no timer does it"},
		"opinions of nobody": {"kind: wait, status: 5", "kind: opinions", "step wait asks nobody"},
		"child of nothing":   {"kind: wait, status: 5", "kind: child", "step wait opens no dossier"},
		"asked in a task":    {"id: done, name: D,", "id: done, name: D, by: asked,", "only an opinions step has asked persons"},
		"extend moves":       {"effect: finish", "effect: extend, needs: [reason, due]", "extend stays where the dossier is"},
		"assign":             {"effect: finish", "effect: assign", "assign needs assignee"},
		"useless":            {"kind: wait, status: 5", "kind: wait, status: 5, join: all", "a step of kind wait has no join"},
		"always except":      {"id: f\n", "id: f\nalways: [{id: x, name: X, effect: extend, role: officer, needs: [reason, due], except: [wrok]}]\n", `always x: except: unknown "wrok"; did you mean "work"?`},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		if text == small {
			t.Errorf("%s: nothing was changed", name)
			continue
		}
		def, err := flow.Decode("f.yaml", []byte(text))
		if err == nil {
			_, err = flow.Compile(def)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestADossierMustBeReceived(t *testing.T) {
	text := strings.Replace(small, "effect: receive, to: work", "effect: forward, to: work", 1)
	text = strings.Replace(text, "role: officer, status: 4", "role: officer, status: 2", 1)
	_, err := flow.Compile(mustDecode(t, text))
	if err == nil || !strings.Contains(err.Error(), "without ever having been received") {
		t.Errorf("a flow without receipt gave %v", err)
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	text := strings.NewReplacer("role: officer", "role: oficer", "effect: finish", "effect: finsh", "kind: end, status: 3", "kind: end, status: 4").Replace(small)
	_, err := flow.Compile(mustDecode(t, text))
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("want four problems (role, effect, where refuse leads, end), each on its line:\n%v", err)
	}
}

func mustDecode(t testing.TB, text string) *flow.Definition {
	t.Helper()
	def, err := flow.Decode("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return def
}

func TestRolesOfThePack(t *testing.T) {
	def := mustDecode(t, strings.Replace(small, "role: officer", "role: vet", 1))
	if _, err := flow.Compile(def); err == nil {
		t.Error("an unknown role was accepted")
	}
	if _, err := flow.Compile(def, "vet"); err != nil {
		t.Errorf("the role of the pack was refused: %v", err)
	}
}

func TestWithdrawalIsAdded(t *testing.T) {
	f := compile(t, "f.yaml", small)
	s, ok := f.Step("withdrawn")
	if !ok || s.Status != 7 || s.Name.VI == "" || s.Name.EN == "" {
		t.Errorf("the added end is %+v", s)
	}
	if s, _ := f.Step("work"); s.Stage != "one" || s.At != "competent" {
		t.Errorf("defaults of work: %+v", s)
	}
	if st := f.StageOf("work"); st.ID != "one" {
		t.Errorf("stage of work: %+v", st)
	}
}

func TestDefinitionSurvivesJSON(t *testing.T) {
	f := permit(t)
	raw, err := json.Marshal(f.Definition())
	if err != nil {
		t.Fatal(err)
	}
	var def flow.Definition
	if err := json.Unmarshal(raw, &def); err != nil {
		t.Fatal(err)
	}
	again, err := flow.Compile(&def)
	if err != nil {
		t.Fatal(err)
	}
	back, _ := json.Marshal(again.Definition())
	if string(back) != string(raw) {
		t.Errorf("changed by a round through JSON:\n%s\n%s", raw, back)
	}
	if string(flow.BPMN(again)) != string(flow.BPMN(f)) {
		t.Error("the diagram changed by a round through JSON")
	}
}

func TestCoverage(t *testing.T) {
	f := permit(t)
	c := flow.NewCoverage(f)
	all := len(c.Missing())
	p := start(t, f)
	act := func(who flow.Who, in flow.Input) {
		t.Helper()
		in.Reason, in.Note, in.Assignee, in.Fields = "r", "n", officer.Person, map[string]any{"a": 1}
		run, _, err := c.Act(p.run, in, who, p.facts, p.now())
		if err != nil {
			t.Fatal(err)
		}
		p.run = run
	}
	gaps := func(what string) string {
		var out []string
		for _, g := range c.Missing() {
			if g.What == what {
				out = append(out, g.Need)
			}
		}
		return strings.Join(out, ", ")
	}
	if got := gaps("step receive: action accept"); got != "never done, guard never open" {
		t.Errorf("nothing seen: %s", got)
	}
	act(clerk, flow.Input{Action: "accept"})
	if got := gaps("step receive: action accept"); got != "guard never closed" {
		t.Errorf("accepted once: %s", got)
	}
	closed := start(t, f)
	closed.facts.PapersComplete = false
	c.Actions(closed.run, clerk, closed.facts)
	if got := gaps("step receive: action accept"); got != "" {
		t.Errorf("accepted and refused: %s", got)
	}
	act(head, flow.Input{Action: "assign"})
	act(officer, flow.Input{Action: "consult"})
	act(system, flow.Input{Timer: p.run.Timers[0].ID})
	if got := gaps("step opinions: timer silence") + gaps("step opinions: action silence"); got != "" {
		t.Errorf("after the timer: %s", got)
	}
	if got := gaps("step opinions"); got != "never joined" {
		t.Errorf("opinions: %s", got)
	}
	act(officer, flow.Input{Action: "consult"})
	act(planner, flow.Input{Action: "opine"})
	act(fireman, flow.Input{Action: "opine"})
	if got := gaps("step opinions"); got != "" {
		t.Errorf("after both opinions: %s", got)
	}
	if n := len(c.Missing()); n >= all || !strings.HasPrefix(c.Missing()[0].String(), "permit.yaml:") {
		t.Errorf("%d of %d gaps are left, the first: %s", n, all, c.Missing()[0])
	}
}
