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

// work is the computation in progress.
type work struct {
	term  Term
	cal   calendar.Calendar
	state State

	// from is where counting begins: the receipt, or the end of its day.
	from time.Time
	// allowance is the working time from there to the due time, for terms in
	// working time. Pauses and extensions add to it.
	allowance time.Duration
	// last is the last day of a term in calendar days or months.
	last civil.Date
	// extraHours and extraDays are extensions in the measure that the term does
	// not have; they are added after the rest.
	extraHours time.Duration
	extraDays  int
	// held tells whether the running pause began in time and so moves the due time.
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
		if w.held = !w.overdueAt(e.At); !w.held {
			return tooLate
		}
	case Resume:
		return w.release(e.At)
	case Extend:
		reference := e.At
		if before == Paused {
			reference = w.state.PausedAt
		}
		if w.overdueAt(reference) {
			return tooLate
		}
		w.extend(e)
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
	day := civil.DateOf(at)
	if w.term.Unit != WorkingHour {
		if !w.sameDay(at) {
			w.from = day.End()
		}
	}
	switch w.term.Unit {
	case WorkingHour:
		w.allowance = time.Duration(w.term.Amount) * time.Hour
	case WorkingDay:
		n := w.term.Amount
		if w.sameDay(at) {
			n--
		}
		w.allowance = w.cal.Between(w.from, w.cal.Closing(w.cal.AddDays(day, n)))
	case Day:
		w.last = day.AddDays(w.term.Amount)
		if w.sameDay(at) {
			w.last = w.last.AddDays(-1)
		}
	case Month:
		w.last = day.AddMonths(w.term.Amount)
	}
	w.state.Due = w.due()
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
	if w.term.inWorkingTime() {
		w.allowance += w.cal.Between(later(pausedAt, w.from), later(at, w.from))
	} else if !w.last.IsZero() {
		w.last = w.last.AddDays(civil.DateOf(at).DaysSince(civil.DateOf(pausedAt)))
	}
	w.state.Due = w.due()
	return counted
}

// extend adds an extension.
func (w *work) extend(e Entry) {
	w.state.Extensions++
	hours := time.Duration(e.Hours) * time.Hour
	if w.term.inWorkingTime() {
		w.allowance += hours
		w.extraDays += e.Days
	} else {
		w.extraHours += hours
		w.last = w.last.AddDays(e.Days)
	}
	w.state.Due = w.due()
}

func (w *work) overdueAt(t time.Time) bool {
	return !w.state.Due.IsZero() && t.After(w.state.Due)
}

// due computes the due time from the base. It is a whole minute, rounded up,
// because the slip in the citizen's hand shows minutes and is what binds.
func (w *work) due() time.Time {
	var t time.Time
	switch {
	case w.term.IsZero() || w.term.Amount < 1:
		return time.Time{}
	case w.term.inWorkingTime():
		t = w.cal.Add(w.from, w.allowance)
		if w.extraDays > 0 && !t.IsZero() {
			t = w.closeOnOrAfter(civil.DateOf(t).AddDays(w.extraDays))
		}
	default:
		t = w.closeOnOrAfter(w.last)
		if w.extraHours > 0 && !t.IsZero() {
			t = w.cal.Add(t, w.extraHours)
		}
	}
	if t.IsZero() {
		return time.Time{}
	}
	if whole := t.Truncate(time.Minute); !whole.Equal(t) {
		t = whole.Add(time.Minute)
	}
	return t.UTC()
}

func (w *work) closeOnOrAfter(d civil.Date) time.Time {
	return w.cal.Closing(w.cal.OnOrAfter(d))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
