package calendar

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

// Kind says why a day differs from the usual week.
type Kind string

// The kinds of days.
const (
	Holiday  Kind = "holiday"  // ngày lễ, Tết
	InLieu   Kind = "in_lieu"  // nghỉ bù: the holiday fell on a day off
	SwapOff  Kind = "swap_off" // nghỉ hoán đổi: a working day given off against a Saturday
	MakeUp   Kind = "make_up"  // làm bù: the Saturday worked for it
	Closed   Kind = "closed"   // the agency is closed: flood, removal, power cut
	Special  Kind = "special"  // the agency works other hours that day
	Ordinary Kind = "ordinary" // in an overlay: as in the usual week after all
)

// Day is what differs on one date.
type Day struct {
	Kind Kind      `json:"kind"`
	Name i18n.Text `json:"name,omitzero"`
	// Hours are the hours of a Special day. A MakeUp day without hours has those
	// of the weekday it makes up for.
	Hours Hours `json:"hours,omitempty"`
	// Pair is the other day of a swap.
	Pair civil.Date `json:"pair,omitzero"`
	// Basis is the law or notice that says so.
	Basis string `json:"basis,omitempty"`
	// Provisional days follow from the law, but the notice of the Government that
	// fixes them (which days of Tết, which swaps) was not yet known.
	Provisional bool `json:"provisional,omitempty"`
}

// Dated is a Day with its date.
type Dated struct {
	Date civil.Date `json:"date"`
	Day
}

// Calendar is the working calendar (lịch làm việc) of one office. It is a value;
// its methods never change it. Share it freely, and use With to derive another.
//
// The zero Calendar never opens; functions that look for an opening then return
// the zero time or date.
type Calendar struct {
	// Version names the state of the data; it is kept with every due date that
	// was computed from it.
	Version string             `json:"version"`
	Week    Week               `json:"week"`
	Days    map[civil.Date]Day `json:"days,omitempty"`
}

// HoursOn returns the hours of a day, none when the office is closed. The result
// is shared and must not be changed.
func (c Calendar) HoursOn(d civil.Date) Hours {
	if d.IsZero() {
		return nil
	}
	day, ok := c.Days[d]
	if !ok {
		return c.Week[d.Weekday()]
	}
	switch day.Kind {
	case Special:
		return day.Hours
	case MakeUp:
		if len(day.Hours) > 0 {
			return day.Hours
		}
		if !day.Pair.IsZero() {
			if usual := c.Week[day.Pair.Weekday()]; len(usual) > 0 {
				return usual
			}
		}
		return c.Week.longest()
	case Ordinary:
		return c.Week[d.Weekday()]
	}
	return nil
}

// IsWorking reports whether the office opens at all on d.
func (c Calendar) IsWorking(d civil.Date) bool { return len(c.HoursOn(d)) > 0 }

// IsOpen reports whether the office is open at t.
func (c Calendar) IsOpen(t time.Time) bool {
	d, at := moment(t)
	for _, s := range c.HoursOn(d) {
		if at >= time.Duration(s.From)*time.Minute && at < time.Duration(s.To)*time.Minute {
			return true
		}
	}
	return false
}

// Exception returns what differs on d, if anything does.
func (c Calendar) Exception(d civil.Date) (Day, bool) {
	day, ok := c.Days[d]
	return day, ok
}

// Exceptions returns the days from..to that differ, in order; a zero end is open.
func (c Calendar) Exceptions(from, to civil.Date) []Dated {
	var found []Dated
	for d, day := range c.Days {
		if d.In(from, to) {
			found = append(found, Dated{d, day})
		}
	}
	slices.SortFunc(found, func(a, b Dated) int { return a.Date.Compare(b.Date) })
	return found
}

// Opening returns when the office opens on d, the zero time when it does not.
func (c Calendar) Opening(d civil.Date) time.Time {
	if hours := c.HoursOn(d); len(hours) > 0 {
		return hours[0].From.On(d)
	}
	return time.Time{}
}

// Closing returns when the office closes on d, the zero time when it is closed all day.
func (c Calendar) Closing(d civil.Date) time.Time {
	if hours := c.HoursOn(d); len(hours) > 0 {
		return hours[len(hours)-1].To.On(d)
	}
	return time.Time{}
}

// With returns a copy of c in which the day d is as given.
func (c Calendar) With(d civil.Date, day Day) Calendar {
	days := make(map[civil.Date]Day, len(c.Days)+1)
	maps.Copy(days, c.Days)
	days[d] = day
	c.Days = days
	return c
}

// Without returns a copy of c in which the day d is as the week says.
func (c Calendar) Without(d civil.Date) Calendar {
	c.Days = maps.Clone(c.Days)
	delete(c.Days, d)
	return c
}

// Overlay lays the differences of a smaller office over c: own hours of the week
// if it has any, own days before those of c. The versions are joined, so that the
// result is named by both.
func (c Calendar) Overlay(own Calendar) Calendar {
	out := Calendar{Version: c.Version, Week: c.Week, Days: c.Days}
	if own.Version != "" {
		if out.Version != "" {
			out.Version += "+"
		}
		out.Version += own.Version
	}
	if !own.Week.IsZero() {
		out.Week = own.Week
	}
	if len(own.Days) > 0 {
		out.Days = make(map[civil.Date]Day, len(c.Days)+len(own.Days))
		maps.Copy(out.Days, c.Days)
		maps.Copy(out.Days, own.Days)
	}
	return out
}

// Validate returns an errs.Invalid error that names every wrong part: fields
// "week.mon" and "days.2026-02-17" with the codes calendar.hours, calendar.kind,
// calendar.no-hours (a special day needs hours), and "week" with calendar.never-open.
// A calendar meant as an overlay may leave the week empty; judge the result.
func (c Calendar) Validate() error {
	var bad []errs.Field
	if c.Week.IsZero() {
		bad = append(bad, errs.Bad("week", "calendar.never-open"))
	}
	for i, h := range c.Week {
		if h.check() != nil {
			bad = append(bad, errs.Bad("week."+weekKeys[i], "calendar.hours"))
		}
	}
	for _, d := range c.Exceptions(civil.Date{}, civil.Date{}) {
		name := fmt.Sprintf("days.%s", d.Date)
		switch d.Kind {
		case Holiday, InLieu, SwapOff, MakeUp, Closed, Ordinary:
		case Special:
			if len(d.Hours) == 0 {
				bad = append(bad, errs.Bad(name, "calendar.no-hours"))
			}
		default:
			bad = append(bad, errs.Bad(name, "calendar.kind"))
		}
		if d.Hours.check() != nil {
			bad = append(bad, errs.Bad(name, "calendar.hours"))
		}
	}
	return errs.NewInvalid(bad...)
}
