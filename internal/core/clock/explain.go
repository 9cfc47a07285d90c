package clock

import (
	"time"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

// LineKind says what a line of the explanation is about.
type LineKind string

// The kinds of lines. Counted, Remaining, Late, Held and Waiting are intervals; the
// others are moments, with From equal to To.
const (
	Waiting      LineKind = "waiting"       // the rest of the day of receipt, not counted
	Counted      LineKind = "counted"       // the office's time ran
	Held         LineKind = "paused"        // it did not run, for Reason
	HeldLate     LineKind = "paused_late"   // a pause that began after the due time: nothing moved
	Extended     LineKind = "extended"      // time was added
	ExtendedLate LineKind = "extended_late" // an extension after the due time: nothing was added
	DueLine      LineKind = "due"           // the due time
	Late         LineKind = "late"          // after the due time, still open
	Remaining    LineKind = "remaining"     // from now to the due time
	Ended        LineKind = "stopped"       // the clock stopped
	Moved        LineKind = "moved"         // another office took over: the due time stayed
	Ignored      LineKind = "ignored"       // an entry that made no sense; Reason is the code
)

// Line is one line of the answer to "why this date?" and "why is this late?".
type Line struct {
	From, To time.Time
	Kind     LineKind
	// WorkingMinutes is the working time in the interval (8 hours a day), counted
	// or not as Kind says; of an extension, the hours it added.
	WorkingMinutes int
	// Days is the number of calendar days of a Held interval in a term of calendar
	// days, or of an extension.
	Days                 int
	Reason, Basis, Paper string
	// DaysOff are the holidays, swaps and closures inside the interval, runs of
	// the same name joined.
	DaysOff []DayOff
}

// DayOff is a run of days that differ from the usual week.
type DayOff struct {
	From, To    civil.Date
	Kind        calendar.Kind
	Name        i18n.Text
	Provisional bool
}

// Explain accounts for every minute from receipt to now, or to the stop: what
// counted, what did not and why, and where the due time fell. With a zero now an
// open clock is accounted for up to its due time. Lines are in order of time.
func Explain(term Term, entries []Entry, cal calendar.Calendar, now time.Time) []Line {
	a := account{work: newWork(term, cal)}
	for _, e := range ordered(entries) {
		a.take(e)
	}
	a.finish(now)
	return a.split()
}

// account writes the lines while the work proceeds.
type account struct {
	*work
	lines []Line
	since time.Time // where the running or paused interval began
	pause Entry     // the entry that began the pause
}

func (a *account) take(e Entry) {
	before := a.state.Phase
	a.cut(e.At)
	done := a.work.take(e)
	if done == ignored {
		_, err := before.after(e)
		a.moment(Ignored, e, codeOf(err))
		return
	}
	switch e.Kind {
	case Start:
		if a.from.After(e.At) {
			a.interval(Waiting, e.At, a.from, Entry{})
		}
		a.since = a.from
	case Pause:
		a.pause = e
	case Resume:
		if !e.At.After(a.from) { // over before counting began: told, without effect
			a.interval(Held, a.pause.At, e.At, a.pause)
		}
	case Extend:
		kind := Extended
		if done == tooLate {
			kind = ExtendedLate
		}
		a.moment(kind, e, e.Reason)
	case Move:
		a.moment(Moved, e, e.Reason)
	case Stop:
		a.moment(Ended, e, e.Reason)
	}
}

// cut ends the line that is being written at the time of an entry.
func (a *account) cut(at time.Time) {
	switch a.state.Phase {
	case Running:
		a.interval(Counted, a.since, at, Entry{})
	case Paused:
		a.interval(a.heldKind(), a.since, at, a.pause)
	default:
		return
	}
	a.since = later(at, a.since)
}

func (a *account) heldKind() LineKind {
	if a.held {
		return Held
	}
	return HeldLate
}

// finish accounts for what is still open at now.
func (a *account) finish(now time.Time) {
	switch a.state.Phase {
	case Running:
		end := now
		if end.IsZero() {
			end = a.state.Due
		}
		a.interval(Counted, a.since, end, Entry{})
		if !a.state.Due.IsZero() && a.state.Due.After(later(end, a.since)) {
			a.interval(Remaining, later(end, a.since), a.state.Due, Entry{})
		}
	case Paused:
		a.interval(a.heldKind(), a.since, now, a.pause)
	}
}

// interval adds a line for from..to unless it is empty.
func (a *account) interval(kind LineKind, from, to time.Time, e Entry) {
	if !to.After(from) {
		return
	}
	l := Line{
		From: from.UTC(), To: to.UTC(), Kind: kind,
		WorkingMinutes: minutes(a.cal.Between(later(from, a.from), later(to, a.from))),
		Reason:         e.Reason, Basis: e.Basis, Paper: e.Paper,
		DaysOff: daysOff(a.cal, from, to),
	}
	if (kind == Held || kind == HeldLate) && a.inDays {
		l.Days = a.pausedDays(from, l.To)
	}
	a.lines = append(a.lines, l)
}

func (a *account) moment(kind LineKind, e Entry, reason string) {
	a.lines = append(a.lines, Line{
		From: e.At.UTC(), To: e.At.UTC(), Kind: kind,
		WorkingMinutes: e.Hours * 60, Days: e.Days,
		Reason: reason, Basis: e.Basis, Paper: e.Paper,
	})
}

// split puts the due time where it fell: a counted interval that crosses it becomes
// two, the second one late.
func (a *account) split() []Line {
	due := a.state.Due
	if due.IsZero() || a.held { // while the clock is held, the due time is not settled
		return a.lines
	}
	mark := Line{From: due, To: due, Kind: DueLine}
	out := make([]Line, 0, len(a.lines)+2)
	placed := false
	for _, l := range a.lines {
		if placed || !l.To.After(due) {
			if placed && l.Kind == Counted {
				l.Kind = Late
			}
			out = append(out, l)
			continue
		}
		placed = true
		if l.Kind != Counted || !l.From.Before(due) {
			if l.Kind == Counted {
				l.Kind = Late
			}
			out = append(out, mark, l)
			continue
		}
		first, second := l, l
		first.To, second.From, second.Kind = due, due, Late
		for _, part := range []*Line{&first, &second} {
			part.WorkingMinutes = minutes(a.cal.Between(part.From, part.To))
			part.DaysOff = daysOff(a.cal, part.From, part.To)
		}
		out = append(out, first, mark, second)
	}
	if !placed {
		out = append(out, mark)
	}
	return out
}

func minutes(work time.Duration) int { return int(work.Round(time.Minute) / time.Minute) }

// daysOff lists what differs from the week between two instants.
func daysOff(cal calendar.Calendar, from, to time.Time) []DayOff {
	if !to.After(from) {
		return nil
	}
	var runs []DayOff
	last := civil.DateOf(to.Add(-1))
	for d := civil.DateOf(from); !d.IsZero() && !d.After(last); d = d.AddDays(1) {
		day, ok := cal.Exception(d)
		if !ok || day.Kind == calendar.Ordinary {
			continue
		}
		if n := len(runs) - 1; n >= 0 && runs[n].To.AddDays(1) == d && runs[n].Kind == day.Kind && runs[n].Name == day.Name {
			runs[n].To = d
			runs[n].Provisional = runs[n].Provisional || day.Provisional
			continue
		}
		runs = append(runs, DayOff{From: d, To: d, Kind: day.Kind, Name: day.Name, Provisional: day.Provisional})
	}
	return runs
}
