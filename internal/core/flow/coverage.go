package flow

import (
	"fmt"
	"slices"
	"strings"

	"motcua/internal/platform/decl"
)

// Coverage drives runs like the Flow it wraps and remembers which actions were done
// and how guards came out: a pack whose own acceptance cases leave one unproven is
// not published. It is not safe for concurrent use.
type Coverage struct {
	flow   *Flow
	done   map[*ActionDef]bool
	fired  map[string]bool // step and action of timers that fired
	guards map[*ActionDef]outcome
	gave   map[string]bool // opinions steps with a built-in opinion given
	joined map[string]bool // opinions and child steps whose join completed
}

type outcome struct{ yes, no bool }

// Gap is something the cases leave unproven.
type Gap struct {
	Pos  decl.Pos
	What string // "step process: action extend"
	Need string // "never done", "guard never open", "guard never closed", "timer never fired", "never joined"
}

// String gives "file:line: step process: action extend is never done".
func (g Gap) String() string {
	return strings.TrimPrefix(fmt.Sprintf("%s: %s: %s", g.Pos, g.What, g.Need), ": ")
}

// NewCoverage starts with nothing seen.
func NewCoverage(f *Flow) *Coverage {
	return &Coverage{flow: f, done: map[*ActionDef]bool{}, fired: map[string]bool{}, guards: map[*ActionDef]outcome{}, gave: map[string]bool{}, joined: map[string]bool{}}
}

// Start is Flow.Start.
func (c *Coverage) Start(in StartInput) (Run, []Effect, error) { return c.flow.Start(in) }

// Actions is Flow.Actions; it also notes how the guards come out.
func (c *Coverage) Actions(run Run, who Who, facts Facts) []Action {
	c.Observe(run, who, facts)
	return c.flow.Actions(run, who, facts)
}

// Observe notes how the guards of the present step come out for these facts.
func (c *Coverage) Observe(run Run, who Who, facts Facts) {
	s := c.flow.byID[run.Step]
	if s == nil {
		return
	}
	facts.scope = c.flow.scope(run, s, who, facts)
	for _, a := range s.actions {
		if a.guard == nil {
			continue
		}
		o := c.guards[a.ActionDef]
		if c.flow.open(a.guard, run, s, who, facts) {
			o.yes = true
		} else {
			o.no = true
		}
		c.guards[a.ActionDef] = o
	}
}

// Act is Flow.Act; it notes the guards before and, when it succeeds, what was done.
func (c *Coverage) Act(run Run, in Input, who Who, facts Facts, now Now) (Run, []Effect, error) {
	c.Observe(run, who, facts)
	after, effects, err := c.flow.Act(run, in, who, facts, now)
	if err != nil {
		return after, effects, err
	}
	s := c.flow.byID[run.Step]
	id := in.Action
	if in.Timer != "" {
		if i := slices.IndexFunc(run.Timers, func(t Timer) bool { return t.ID == in.Timer }); i >= 0 {
			id = run.Timers[i].Action
			c.fired[s.ID+"/"+id] = true
		}
	}
	for _, a := range s.actions {
		if a.ID == id {
			c.done[a.ActionDef] = true
		}
	}
	if id == GiveOpinion {
		c.gave[s.ID] = true
	}
	for _, e := range effects {
		if n, ok := e.(Notify); ok && n.Code == "joined" {
			c.joined[fmt.Sprint(n.Args["step"])] = true
		}
	}
	return after, effects, nil
}

// Missing lists what was never seen, in the order of the flow. Built-in actions that
// every flow has (withdraw, reassign, delegate) are not asked for.
func (c *Coverage) Missing() []Gap {
	var out []Gap
	said := map[*ActionDef]bool{}
	for _, s := range c.flow.steps {
		for _, a := range s.actions {
			if said[a.ActionDef] {
				continue // offered at many steps: proven once is proven
			}
			said[a.ActionDef] = true
			what := fmt.Sprintf("step %s: action %s", s.ID, a.ID)
			if !c.done[a.ActionDef] {
				out = append(out, Gap{a.Pos, what, "never done"})
			}
			if a.guard != nil {
				if o := c.guards[a.ActionDef]; !o.yes {
					out = append(out, Gap{a.Pos, what, "guard never open"})
				} else if !o.no {
					out = append(out, Gap{a.Pos, what, "guard never closed"})
				}
			}
		}
		for _, t := range s.Timers {
			if !c.fired[s.ID+"/"+t.Action] {
				out = append(out, Gap{t.Pos, fmt.Sprintf("step %s: timer %s", s.ID, t.Action), "timer never fired"})
			}
		}
		if s.Kind == OpinionsStep || s.Kind == ChildStep {
			if !c.joined[s.ID] {
				out = append(out, Gap{s.Pos, "step " + s.ID, "never joined"})
			}
		}
	}
	return out
}
