package calendar

import (
	"time"

	"motcua/internal/platform/civil"
)

// longestClosure bounds the search for the next opening. An office closed for
// longer has been dissolved.
const longestClosure = 400

// moment splits an instant into the Vietnamese day and the time since its midnight.
func moment(t time.Time) (civil.Date, time.Duration) {
	d := civil.DateOf(t)
	return d, t.Sub(d.Start())
}

// Between returns the working time from one instant to another, negative when to
// is earlier. It is additive: Between(a,b) + Between(b,c) == Between(a,c).
func (c Calendar) Between(from, to time.Time) time.Duration {
	if to.Before(from) {
		return -c.Between(to, from)
	}
	d, fromAt := moment(from)
	last, toAt := moment(to)
	if d.IsZero() || last.IsZero() {
		return 0
	}
	sum := -c.HoursOn(d).worked(fromAt)
	for ; d.Before(last); d = d.AddDays(1) {
		sum += c.HoursOn(d).Worth()
	}
	return sum + c.HoursOn(last).worked(toAt)
}

// Add returns the instant at which the given working time after t has passed: the
// earliest u with Between(t, u) >= work. A term that ends with the day ends when the
// office closes, not when it opens again. Negative work goes back: the latest u with
// Between(u, t) >= -work. No work returns t itself.
func (c Calendar) Add(t time.Time, work time.Duration) time.Time {
	d, at := moment(t)
	switch {
	case work == 0 || d.IsZero():
		return t
	case work < 0:
		return c.back(d, at, -work)
	}
	work += c.HoursOn(d).worked(at) // counted from midnight
	for closed := 0; closed < longestClosure; d = d.AddDays(1) {
		hours := c.HoursOn(d)
		worth := hours.Worth()
		if worth == 0 {
			closed++
			continue
		}
		if work <= worth {
			return d.Start().Add(hours.firstAt(work))
		}
		work -= worth
		closed = 0
	}
	return time.Time{}
}

// back is Add for going back from the time at on the day d.
func (c Calendar) back(d civil.Date, at, work time.Duration) time.Time {
	hours := c.HoursOn(d)
	work += hours.Worth() - hours.worked(at) // counted from the end of the day
	for closed := 0; closed < longestClosure; d = d.AddDays(-1) {
		hours := c.HoursOn(d)
		worth := hours.Worth()
		if worth == 0 {
			closed++
			continue
		}
		if work <= worth {
			return d.Start().Add(hours.lastAt(worth - work))
		}
		work -= worth
		closed = 0
	}
	return time.Time{}
}

// AddDays returns the n-th working day after d; d itself does not count (Bộ luật
// Dân sự 2015, Điều 147 khoản 2). Two half days make one. n below 1 returns d.
func (c Calendar) AddDays(d civil.Date, n int) civil.Date {
	if n < 1 || d.IsZero() {
		return d
	}
	n = min(n, 1<<24) // beyond the end of the calendar, so that twice n cannot overflow
	halves := 2 * n
	for closed := 0; closed < longestClosure; {
		d = d.AddDays(1)
		worth := c.HoursOn(d).Worth()
		if worth == 0 {
			closed++
			continue
		}
		closed = 0
		if halves -= int(worth / HalfDay); halves <= 0 {
			return d
		}
	}
	return civil.Date{}
}

// OnOrAfter returns the first working day that is d or later: where a term that
// ends on a day off really ends (Bộ luật Dân sự 2015, Điều 148 khoản 5).
func (c Calendar) OnOrAfter(d civil.Date) civil.Date {
	for range longestClosure {
		if c.IsWorking(d) || d.IsZero() {
			return d
		}
		d = d.AddDays(1)
	}
	return civil.Date{}
}

// NextOpening returns t when the office is open at t, and otherwise the next time
// it opens.
func (c Calendar) NextOpening(t time.Time) time.Time {
	d, at := moment(t)
	for range longestClosure {
		for _, s := range c.HoursOn(d) {
			if at < time.Duration(s.To)*time.Minute {
				if at >= time.Duration(s.From)*time.Minute {
					return t
				}
				return s.From.On(d)
			}
		}
		d, at = d.AddDays(1), -1
	}
	return time.Time{}
}

// WorkingDays returns the working days from..to, both included; half days count
// half.
func (c Calendar) WorkingDays(from, to civil.Date) float64 {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	var sum time.Duration
	for d := from; !d.After(to) && !d.IsZero(); d = d.AddDays(1) {
		sum += c.HoursOn(d).Worth()
	}
	return InDays(sum)
}

// InDays expresses working time in working days of eight hours.
func InDays(work time.Duration) float64 { return float64(work) / float64(FullDay) }
