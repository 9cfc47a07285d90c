package clock

import (
	"time"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
)

// Phase is where the clock stands.
type Phase string

// The phases.
const (
	NotStarted Phase = "not_started" // chưa tính giờ
	Running    Phase = "running"     // đang tính giờ
	Paused     Phase = "paused"      // tạm dừng
	Stopped    Phase = "stopped"     // đã kết thúc
)

// State is what the entries amount to.
type State struct {
	Phase     Phase     `json:"phase"`
	StartedAt time.Time `json:"started_at,omitzero"`
	PausedAt  time.Time `json:"paused_at,omitzero"` // only while paused
	StoppedAt time.Time `json:"stopped_at,omitzero"`
	// Due is the due time, whole minutes, in UTC; zero before the start and without
	// a term. While the clock is paused it is the due time as if it resumed at once:
	// the real one will be later.
	Due time.Time `json:"due,omitzero"`
	// FirstDue is the due time as promised at receipt, without pauses and extensions.
	FirstDue time.Time `json:"first_due,omitzero"`
	// Supplements counts the pauses for a supplement; more than one makes the
	// dossier late in the national index (Quyết định 766/QĐ-TTg, 2.1).
	Supplements int `json:"supplements,omitempty"`
	Pauses      int `json:"pauses,omitempty"`
	Extensions  int `json:"extensions,omitempty"` // those that counted
	// Calendar is the version of the calendar used.
	Calendar string `json:"calendar,omitempty"`
}

// Due computes the due time and the state from the term, the entries in any order
// and the calendar of the office. The time is zero when there is none: not started,
// no term, or a calendar that never opens.
func Due(term Term, entries []Entry, cal calendar.Calendar) (time.Time, State) {
	w := newWork(term, cal)
	for _, e := range ordered(entries) {
		w.take(e)
	}
	return w.state.Due, w.state
}

// effect is what an entry did.
type effect int

const (
	ignored effect = iota // it made no sense in that phase
	tooLate               // it came after the due time and changed nothing
	counted
)

// work is the computation in progress. Every entry moves the due time it finds; the
// due time is measured either in working time, or in days of the calendar.
type work struct {
	term  Term
	cal   calendar.Calendar
	state State

	// from is where counting begins: the receipt, or the end of its day.
	from time.Time
	// exact is the due time before it is rounded up to a whole minute.
	exact time.Time
	// inDays says that the due time is measured in calendar days; last is then the
	// day it falls on, working or not.
	inDays bool
	last   civil.Date
	// held says that the running pause began in time and so moves the due time.
	held bool
}

func newWork(term Term, cal calendar.Calendar) *work {
	return &work{term: term, cal: cal, state: State{Phase: NotStarted, Calendar: cal.Version}}
}

// take applies one entry.
func (w *work) take(e Entry) effect {
	phase, err := w.state.Phase.after(e)
	if err != nil {
		return ignored
	}
	before := w.state.Phase
	w.state.Phase = phase
	switch e.Kind {
	case Start:
		w.start(e.At)
	case Pause:
		w.state.PausedAt = e.At
		w.state.Pauses++
		if e.Reason == ReasonSupplement {
			w.state.Supplements++
		}
		if w.held = w.state.Due.IsZero() || e.At.Before(w.state.Due); !w.held {
			return tooLate
		}
	case Resume:
		return w.release(e.At)
	case Extend:
		if before == Paused && !w.held || before != Paused && w.overdueAt(e.At) {
			return tooLate
		}
		w.extend(e)
	case Move:
		w.move(e)
	case Stop:
		w.state.StoppedAt = e.At
		if before == Paused {
			return w.release(e.At)
		}
	}
	return counted
}

// start sets the base of the count.
func (w *work) start(at time.Time) {
	w.state.StartedAt = at
	w.from = at
	day, first := civil.DateOf(at), 0
	if w.sameDay(at) {
		first = 1 // the day of receipt is the first day
	} else if w.term.Unit != WorkingHour {
		w.from = day.End()
	}
	switch n := w.term.Amount; {
	case w.term.IsZero(), w.term.Validate() != nil: // no term, no due time
	case w.term.Unit == WorkingHour:
		w.exact = w.cal.Add(at, time.Duration(n)*time.Hour)
	case w.term.Unit == WorkingDay:
		w.exact = w.cal.Closing(w.cal.AddDays(day, n-first))
	case w.term.Unit == Day:
		w.endOn(day.AddDays(n - first))
	case w.term.Unit == Month:
		w.endOn(day.AddMonths(n))
	}
	w.settle()
	w.state.FirstDue = w.state.Due
}

// sameDay reports whether the day of receipt counts as the first day: the dossier
// came before the cut-off, on a day when the office is still open after it. On a
// Saturday morning there is no afternoon to finish in.
func (w *work) sameDay(at time.Time) bool {
	cut := w.term.SameDayBefore
	if cut == 0 {
		return false
	}
	cutOff := cut.On(civil.DateOf(at))
	return at.Before(cutOff) && w.cal.Closing(civil.DateOf(at)).After(cutOff)
}

// release ends a pause and moves the due time by what was paused.
func (w *work) release(at time.Time) effect {
	pausedAt := w.state.PausedAt
	w.state.PausedAt = time.Time{}
	if !w.held {
		return tooLate
	}
	w.held = false
	switch {
	case w.exact.IsZero():
	case w.inDays:
		if w.day(pausedAt).After(w.last) {
			// The term had run out on a day off; only the working day that stands in was left.
			w.endOn(laterDay(civil.DateOf(w.exact), w.day(at)))
			break
		}
		w.endOn(w.last.AddDays(w.pausedDays(pausedAt, at)))
	default:
		w.exact = w.cal.Add(w.exact, w.cal.Between(later(pausedAt, w.from), later(at, w.from)))
	}
	w.settle()
	return counted
}

// pausedDays counts the days of a pause: from the day it began, which is lost, to the
// day of the resumption, which counts again. Days before counting began are not lost.
func (w *work) pausedDays(from, to time.Time) int {
	return w.day(later(to, w.from)).DaysSince(w.day(later(from, w.from)))
}

// day is the day to which a moment belongs in a count of days: what happens after
// the office has closed belongs to the next day. A citizen who completes a dossier
// at night does not cost the office the day.
func (w *work) day(t time.Time) civil.Date {
	d := civil.DateOf(t)
	if closing := w.cal.Closing(d); !closing.IsZero() && !t.Before(closing) {
		return d.AddDays(1)
	}
	return d
}

// extend adds an extension. From then on the due time is measured as the extension is.
func (w *work) extend(e Entry) {
	w.state.Extensions++
	if w.exact.IsZero() {
		return
	}
	if e.Days > 0 {
		end := civil.DateOf(w.exact)
		if w.inDays {
			end = w.last
		}
		w.endOn(end.AddDays(e.Days))
	}
	if e.Hours > 0 {
		w.exact = w.cal.Add(w.exact, time.Duration(e.Hours)*time.Hour)
		w.inDays = false
	}
	w.settle()
}

// move hands the count to another office. Its calendar measures what comes after;
// what was promised before it stays promised, even when the two calendars differ.
func (w *work) move(e Entry) {
	if e.Promised.IsZero() || w.exact.IsZero() || e.Promised.Equal(w.state.Due) {
		return
	}
	w.exact = e.Promised
	if w.inDays {
		w.last = civil.DateOf(e.Promised)
	}
	w.settle()
}

// endOn lets the term end on a day: when the office closes then, or on the next
// working day.
func (w *work) endOn(last civil.Date) {
	w.inDays, w.last = true, last
	w.exact = w.cal.Closing(w.cal.OnOrAfter(last))
}

func (w *work) overdueAt(t time.Time) bool {
	return !w.state.Due.IsZero() && t.After(w.state.Due)
}

// settle states the due time: a whole minute, rounded up, because the slip in the
// citizen's hand shows minutes and is what binds.
func (w *work) settle() {
	due := w.exact.Truncate(time.Minute)
	if due.Before(w.exact) {
		due = due.Add(time.Minute)
	}
	w.state.Due = due.UTC()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func laterDay(a, b civil.Date) civil.Date {
	if a.After(b) {
		return a
	}
	return b
}
