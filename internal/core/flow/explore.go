package flow

import (
	"fmt"
	"slices"
	"strings"
)

// state is where a dossier can be, as far as the shape of the flow decides it.
type state struct {
	step     string
	status   Status
	received bool
	back     string // steps @back returns to, joined with "/"
}

// maxStates bounds the exploration; a real flow has some dozens of states.
const maxStates = 20_000

// explore walks every way through the flow, guards taken as open, and reports steps
// nobody reaches, moves the national statuses do not allow, and places from which no
// end can be reached.
func (c *compiler) explore() {
	start := state{step: c.flow.steps[0].ID, status: StatusNew}
	next := map[state][]state{}
	previous := c.predecessors()
	said := map[string]bool{}
	complain := func(key string, s *step, a *ActionDef, format string, args ...any) {
		if !said[key] {
			said[key] = true
			pos := s.Pos
			if a != nil {
				pos = a.Pos
			}
			c.bad(pos, format, args...)
		}
	}
	queue := []state{start}
	next[start] = nil
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		s := c.flow.byID[at.step]
		for _, e := range c.flow.exits(s, at) {
			targets := []string{e.to}
			switch e.to {
			case Previous:
				targets = previous[s.ID]
			case Back:
				if at.back == "" {
					complain("back "+s.ID, s, e.action, "step %s can be reached without having been led to from another step, so @back has nowhere to go", s.ID)
					continue
				}
			}
			for _, target := range targets {
				to, why := c.flow.arrive(at, s, e, target)
				if why != "" {
					complain(fmt.Sprint(s.ID, e.name, why), s, e.action, "step %s: %s: %s", s.ID, e.name, why)
					continue
				}
				next[at] = append(next[at], to)
				if _, known := next[to]; !known {
					next[to] = nil
					queue = append(queue, to)
				}
			}
		}
		if len(next) > maxStates {
			c.bad(c.def.Pos, "the flow has too many ways to be checked (over %d states); split it", maxStates)
			return
		}
	}
	c.unreached(next)
	if len(c.problems) == 0 {
		c.endless(next)
	}
}

// exit is one way out of a step.
type exit struct {
	name   string
	action *ActionDef // nil: by itself, or built in
	effect EffectName
	to     string
}

func (f *Flow) exits(s *step, at state) []exit {
	if s.Kind == EndStep {
		return nil
	}
	var out []exit
	withdraws := false
	for _, a := range s.actions {
		withdraws = withdraws || a.Effect == Withdraw
		if leads(a.To) {
			out = append(out, exit{"action " + a.ID, a.ActionDef, a.Effect, a.To})
		}
	}
	if s.Kind == OpinionsStep || s.Kind == ChildStep {
		out = append(out, exit{"to", nil, Forward, s.To})
	}
	if !withdraws && at.status < StatusDone {
		out = append(out, exit{"withdraw", nil, Withdraw, f.withdrawn.ID})
	}
	return out
}

// arrive computes where an exit leads, or says why it cannot be taken.
func (f *Flow) arrive(at state, s *step, e exit, target string) (state, string) {
	to := state{received: at.received}
	stack := strings.Split(at.back, "/")
	if at.back == "" {
		stack = nil
	}
	if target == Back {
		target = stack[len(stack)-1]
		stack = stack[:len(stack)-1]
	} else {
		stack = stackAfter(stack, s, f.byID[target])
	}
	t := f.byID[target]
	to.step, to.back = target, strings.Join(stack, "/")
	status := at.status
	if e.effect == Receive {
		if status != StatusReceived && !MayFollow(status, StatusReceived) {
			return to, fmt.Sprintf("a dossier of status %d cannot be received", status)
		}
		status, to.received = StatusReceived, true
	}
	landed, ok := land(status, Status(t.Status), to.received)
	switch {
	case !ok:
		return to, fmt.Sprintf("the status would go from %d to %d (step %s), which the national statuses do not allow", status, t.Status, target)
	case !to.received && slices.Contains([]Status{StatusReceived, StatusProcessing, StatusFinancialDuty, StatusDone}, landed):
		return to, fmt.Sprintf("the dossier would have status %d (step %s) without ever having been received: some action before must have the effect receive", landed, target)
	}
	to.status = landed
	return to, ""
}

// stackAfter is the stack of @back after moving from a step to another: entering a
// wait, an opinions or a child step remembers where it came from; entering a task or
// an end by name forgets all.
func stackAfter(stack []string, from, to *step) []string {
	if to.Kind == TaskStep || to.Kind == EndStep {
		return nil
	}
	if from.ID == to.ID {
		return stack
	}
	if i := slices.Index(stack, from.ID); i >= 0 {
		stack = stack[:i] // a wait that leads to a wait that leads back: remember each once
	}
	return append(slices.Clone(stack), from.ID)
}

// predecessors are the tasks from which a task is reached directly or through waits.
func (c *compiler) predecessors() map[string][]string {
	out := map[string][]string{}
	for _, s := range c.flow.steps {
		if s.Kind != TaskStep {
			continue
		}
		seen := map[string]bool{}
		var walk func(id string)
		walk = func(id string) {
			if seen[id] || c.flow.byID[id] == nil {
				return
			}
			seen[id] = true
			t := c.flow.byID[id]
			if t.Kind == TaskStep {
				if t != s && !slices.Contains(out[t.ID], s.ID) {
					out[t.ID] = append(out[t.ID], s.ID)
				}
				return
			}
			for _, a := range t.actions {
				walk(a.To)
			}
			walk(t.To)
		}
		for _, a := range s.actions {
			if a.Effect != ReturnBack {
				walk(a.To)
			}
		}
	}
	return out
}

func (c *compiler) unreached(next map[state][]state) {
	reached := map[string]bool{}
	for s := range next {
		reached[s.step] = true
	}
	for _, s := range c.flow.steps {
		if !reached[s.ID] && !s.added {
			c.bad(s.Pos, "step %s is never reached", s.ID)
		}
	}
}

// endless finds places from which the dossier can never end, withdrawal not counted.
func (c *compiler) endless(next map[state][]state) {
	before := map[state][]state{}
	var open []state
	ends := map[state]bool{}
	for s, targets := range next {
		if t := c.flow.byID[s.step]; t.Kind == EndStep && Status(t.Status) != StatusWithdrawn {
			ends[s] = true
			open = append(open, s)
		}
		for _, t := range targets {
			before[t] = append(before[t], s)
		}
	}
	for len(open) > 0 {
		s := open[len(open)-1]
		open = open[:len(open)-1]
		for _, p := range before[s] {
			if !ends[p] {
				ends[p] = true
				open = append(open, p)
			}
		}
	}
	stuck := map[string]bool{}
	for s := range next {
		if t := c.flow.byID[s.step]; !ends[s] && t.Kind != EndStep {
			stuck[s.step] = true
		}
	}
	for _, s := range c.flow.steps {
		if stuck[s.ID] {
			c.bad(s.Pos, "step %s: from here no way leads to an end", s.ID)
		}
	}
}
