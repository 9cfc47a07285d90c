package clock

import (
	"time"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
)

// Verdict is how a dossier stands against its due time.
type Verdict string

// The verdicts.
const (
	NoDue   Verdict = "no_due"  // not started, or no term
	InTime  Verdict = "in_time" // trong hạn: open, not past the due time
	Early   Verdict = "early"   // trước hạn: stopped on a day before the due day
	OnTime  Verdict = "on_time" // đúng hạn: stopped on the due day, not after the due time
	Overdue Verdict = "overdue" // quá hạn: stopped late, or still open after the due time
)

// Judgement is a verdict with its measure.
type Judgement struct {
	Verdict Verdict `json:"verdict"`
	// Remaining is the working time left until the due time; negative is the
	// working time by which it was passed.
	Remaining time.Duration `json:"remaining"`
	// Late is the time of the clock by which the due time was passed, 0 when it
	// was not. On the Saturday after a Friday due time Remaining is 0 and Late is not.
	Late time.Duration `json:"late"`
}

// Judge says how the clock stands at now: a stopped clock by the time it stopped, a
// paused one by the time it was paused, a running one by now. cal must be the
// calendar that the state was computed with.
func (s State) Judge(now time.Time, cal calendar.Calendar) Judgement {
	if s.Due.IsZero() {
		return Judgement{Verdict: NoDue}
	}
	at := s.Moment(now)
	j := Judgement{Verdict: InTime, Remaining: cal.Between(at, s.Due)}
	switch {
	case at.After(s.Due):
		j.Verdict = Overdue
		j.Late = at.Sub(s.Due)
	case s.Phase != Stopped:
	case civil.DateOf(at).Before(civil.DateOf(s.Due)):
		j.Verdict = Early
	default:
		j.Verdict = OnTime
	}
	return j
}

// Moment is the time by which the clock is judged at now.
func (s State) Moment(now time.Time) time.Time {
	switch s.Phase {
	case Stopped:
		return s.StoppedAt
	case Paused:
		return s.PausedAt
	}
	return now
}
