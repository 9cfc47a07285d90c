package demo

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/flow"
	"motcua/internal/platform/civil"
)

// life is one dossier from the wish to the result: what was drawn for it, and where
// it stands.
type life struct {
	no      int
	story   *story
	r       *rand.Rand
	strays  *strays
	filing  filing
	channel dossier.Channel
	counter *office // receives
	office  *office // decides
	officer *worker // whom tasks of officers are given to
	filed   time.Time

	fate     fate
	hold     string // step at which it stands today, "" for none
	turn     *turn  // where it leaves the straight way; without an action the citizen takes it back
	share    float64
	asks     int  // how often more papers are asked for
	askEarly bool // already before it is received
	extend   bool
	rework   bool
	silent   bool // those asked for an opinion do not answer

	d       dossier.Dossier
	goal    time.Time // when the work shall be done, or the held step reached
	turned  bool
	visited map[string]bool
	asked   []*worker      // who gave an opinion
	found   map[string]any // result fields
	ended   bool
	timed   bool // waits for a timer: what we know of it may be old
}

// next is what happens next in a life.
type next struct {
	at time.Time
	do func(ctx context.Context) error
}

// step is where the dossier stands.
func (l *life) step() *flow.StepDef { return l.story.steps[l.d.Step] }

// onward decides what happens next; a zero next is nothing any more.
func (p *player) onward(l *life) next {
	step := l.step()
	l.visited[l.d.Step] = true
	if l.d.Step == l.hold && (l.turn == nil || l.turned) {
		return next{}
	}
	if l.fate == withdrawn && !l.turned && l.d.Step == l.turn.at {
		l.turned = true
		return next{p.pace(l, step), func(ctx context.Context) error { return p.withdraw(ctx, l) }}
	}
	switch kindOf(step) {
	case flow.EndStep:
		return p.afterwards(l)
	case flow.WaitStep:
		return p.wait(l, step)
	case flow.OpinionsStep:
		return p.opinions(l, step)
	case flow.ChildStep:
		return p.forTimer(l, p.clock().Add(72*time.Hour))
	}
	a := p.choose(l, step)
	if a == nil {
		return next{}
	}
	if needsPayment(a) && l.d.FeeDue > 0 {
		return next{p.soon(l, 0.02, 0.3), func(ctx context.Context) error { return p.pay(ctx, l) }}
	}
	return next{p.when(l, step, a), func(ctx context.Context) error { return p.act(ctx, l, step, a) }}
}

// choose is what the member of staff does whose turn it is.
func (p *player) choose(l *life, step *flow.StepDef) *flow.ActionDef {
	find := func(fits func(a *flow.ActionDef) bool) *flow.ActionDef {
		for i := range step.Actions {
			if a := &step.Actions[i]; byStaff(step, a) && fits(a) {
				return a
			}
		}
		return nil
	}
	if l.turn != nil && l.turn.action != nil && !l.turned && l.d.Step == l.turn.at {
		l.turned = true
		return l.turn.action
	}
	if l.fate == declined && l.turned {
		if a := find(func(a *flow.ActionDef) bool { return a.Effect == flow.Reject }); a != nil {
			return a
		}
	}
	if l.asks > 0 && (l.askEarly || l.d.Step != l.story.first) {
		a := find(func(a *flow.ActionDef) bool {
			return a.Effect == flow.Supplement && (l.d.Supplements == 0 || !strings.Contains(a.Guard, "supplements"))
		})
		if a != nil {
			l.asks--
			return a
		}
	}
	if l.extend && l.d.ClockState == dossier.ClockRunning && l.d.DueAt.After(p.clock().Add(time.Hour)) {
		if a := find(func(a *flow.ActionDef) bool { return a.Effect == flow.Extend }); a != nil {
			l.extend = false
			return a
		}
	}
	if l.rework {
		if a := find(func(a *flow.ActionDef) bool { return a.Effect == flow.ReturnBack && a.Tone != "primary" }); a != nil {
			l.rework = false
			return a
		}
	}
	if a := usual(step, l.visited, l.d.FeeDue > 0); a != nil {
		return a
	}
	return find(func(*flow.ActionDef) bool { return true })
}

// when is the moment of an act of the staff.
func (p *player) when(l *life, step *flow.StepDef, a *flow.ActionDef) time.Time {
	switch {
	case l.hold != "" && (a.Effect == flow.Receive || !l.goal.After(p.clock())):
		return p.soon(l, 0.03, 0.1) // it has to get there by today
	case a.Effect == flow.Receive, a.Effect == flow.Refuse, l.d.ReceivedAt.IsZero():
		return p.soon(l, 0.1, pick(l.r, []float64{0.6, 1.5, 3})) // the counter looks at what came in
	case a.Effect == flow.Extend:
		left := l.office.cal.Between(p.clock(), l.d.DueAt).Hours()
		return p.soon(l, left*0.3, left*0.8)
	case a.Effect == flow.ReturnResult:
		if l.d.Delivery.By != "counter" {
			return p.soon(l, 0.1, 2)
		}
		return p.soon(l, 0.2, pick(l.r, []float64{2, 8, 16, 40})) // until the citizen comes
	}
	return p.pace(l, step)
}

// pace is when the work at a step is done, by its share of the time that is left
// until the goal.
func (p *player) pace(l *life, step *flow.StepDef) time.Time {
	now := p.clock()
	left := 0.0
	if l.goal.After(now) {
		left = l.office.cal.Between(now, l.goal).Hours()
	}
	until := ""
	if l.hold != "" {
		until = l.hold
		if l.turn != nil && !l.turned {
			until = l.turn.at
		}
	}
	mine := hours(step)
	work, waits := l.story.rest(l.d.Step, until)
	left = max(left-waits, 0)
	h := left * mine / max(work, mine) * between(l.r, 0.75, 1.05)
	if left == 0 {
		h = min(mine, 4) * between(l.r, 0.05, 0.3)
	}
	return p.after(l.office, max(h, 0.03))
}

// soon is a moment low to high working hours from now.
func (p *player) soon(l *life, low, high float64) time.Time {
	return p.after(l.office, between(l.r, low, high))
}

func (p *player) after(o *office, h float64) time.Time {
	return o.cal.NextOpening(o.cal.Add(p.clock(), time.Duration(h*float64(time.Hour))))
}

// aim sets the goal anew: after receipt, and whenever the due time has moved.
func (p *player) aim(l *life) {
	if l.hold != "" || l.d.ClockState != dossier.ClockRunning {
		return
	}
	now, share := p.clock(), l.share
	left := 40.0
	if !l.d.DueAt.IsZero() {
		left = l.office.cal.Between(now, l.d.DueAt).Hours()
	}
	if left < 0 {
		left, share = 8, between(l.r, 0.1, 0.5)
	}
	l.goal = l.office.cal.Add(now, time.Duration(left*share*float64(time.Hour)))
}

// wait is what happens at a step that waits for somebody outside.
func (p *player) wait(l *life, step *flow.StepDef) next {
	switch waitsFor(step) {
	case "payment":
		longest := 50.0
		if l.hold != "" {
			longest = 2
		}
		return next{p.atHome(l, 0.5, longest), func(ctx context.Context) error { return p.pay(ctx, l) }}
	case "agency":
		for i := range step.Actions {
			a := &step.Actions[i]
			if byStaff(step, a) && p.returns(l, step, a) && chance(l.r, 0.75) {
				return next{p.soon(l, 2, max(hours(step)*0.7, 3)), func(ctx context.Context) error { return p.act(ctx, l, step, a) }}
			}
		}
		return p.forTimer(l, p.timerEnd(l, step))
	}
	if l.fate == forgotten {
		return p.forTimer(l, p.timerEnd(l, step))
	}
	days := min(max(p.termDays(l)*between(l.r, 0.2, 0.6), 0.5), 9)
	return next{p.atHome(l, days*8, days*40), func(ctx context.Context) error { return p.supply(ctx, l, step) }}
}

// returns reports whether an action leads back to the straight way as the answer
// that was waited for, and not as an objection that begins everything anew.
func (p *player) returns(l *life, step *flow.StepDef, a *flow.ActionDef) bool {
	return a.Tone == "primary" && !slices.Contains(l.story.straight, step.ID)
}

// termDays is the term of the dossier in working days, about.
func (p *player) termDays(l *life) float64 {
	if l.d.DueAt.IsZero() || l.d.ReceivedAt.IsZero() {
		return 3
	}
	return l.office.cal.Between(l.d.ReceivedAt, l.d.DueAt).Hours() / 8
}

// atHome is a moment low to high hours from now at which people are awake.
func (p *player) atHome(l *life, low, high float64) time.Time {
	t := p.clock().Add(time.Duration(between(l.r, low, high) * float64(time.Hour)))
	if l.filing.submitter.AccountID == "" { // they come to the counter
		if open := l.counter.cal.NextOpening(t); open.After(t) {
			return open.Add(time.Duration(l.r.IntN(3600)) * time.Second)
		}
		return t
	}
	if day := civil.DateOf(t); t.Before(day.At(6, 0)) || t.After(day.At(23, 0)) {
		t = day.At(7, 0).Add(time.Duration(l.r.IntN(14*3600)) * time.Second)
		if t.Before(p.clock()) {
			t = p.clock().Add(9 * time.Hour)
		}
	}
	return t
}

// timerEnd is when the first of the timers of a step runs out.
func (p *player) timerEnd(l *life, step *flow.StepDef) time.Time {
	now := p.clock()
	end := now.AddDate(0, 0, 30)
	for i, t := range step.Timers {
		var e time.Time
		day := civil.DateOf(now)
		switch t.After.Unit {
		case "working_hour":
			e = l.office.cal.Add(now, time.Duration(t.After.Amount)*time.Hour)
		case "working_day":
			e = l.office.cal.Closing(l.office.cal.AddDays(day, t.After.Amount))
		case "hour":
			e = now.Add(time.Duration(t.After.Amount) * time.Hour)
		case "month":
			e = day.AddMonths(t.After.Amount).End()
		default:
			e = day.AddDays(t.After.Amount).End()
		}
		if i == 0 || e.Before(end) {
			end = e
		}
	}
	return end
}

// forTimer looks at the dossier again when a timer has run out.
func (p *player) forTimer(l *life, end time.Time) next {
	l.timed = true
	p.tickOnce(end.Add(2 * time.Minute))
	return next{end.Add(5 * time.Minute), func(ctx context.Context) error { return p.look(ctx, l) }}
}

// opinions lets those who were asked answer, one after another.
func (p *player) opinions(l *life, step *flow.StepDef) next {
	if l.silent && len(step.Timers) > 0 {
		return p.forTimer(l, p.timerEnd(l, step))
	}
	return next{p.pace(l, step), func(ctx context.Context) error { return p.opine(ctx, l, step) }}
}

// afterwards: some say what they think of it.
func (p *player) afterwards(l *life) next {
	share := 0.3
	if l.d.Status != dossier.StatusReturned {
		share = 0.04
	}
	if l.filing.submitter.AccountID == "" || !chance(l.r, share) {
		return next{}
	}
	return next{p.atHome(l, 0.2, 60), func(ctx context.Context) error { return p.rate(ctx, l) }}
}
