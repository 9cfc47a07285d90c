package clock

import (
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// Unit is the unit of a term.
type Unit string

// The units that procedures use.
const (
	WorkingHour Unit = "working_hour" // giờ làm việc
	WorkingDay  Unit = "working_day"  // ngày làm việc, 8 working hours
	Day         Unit = "day"          // ngày (calendar day)
	Month       Unit = "month"        // tháng
)

// Units lists the units.
func Units() []Unit { return []Unit{WorkingHour, WorkingDay, Day, Month} }

// Term is how long the office has (thời hạn giải quyết). The zero Term means that the
// procedure sets none (không quy định); such a clock runs but is never due.
type Term struct {
	Amount int  `json:"amount,omitempty" yaml:"amount"`
	Unit   Unit `json:"unit,omitempty" yaml:"unit"`
	// SameDayBefore is the cut-off of terms that begin on the day of receipt:
	// 1 working day before "15:00" is the same day, after it the next working
	// day. It is used with WorkingDay and Day; none (00:00) for other terms.
	SameDayBefore civil.TimeOfDay `json:"same_day_before,omitempty" yaml:"same_day_before,omitempty"`
}

// IsZero reports whether there is no term.
func (t Term) IsZero() bool { return t.Amount == 0 && t.Unit == "" }

// Limits of a term; what is longer is a typing error.
const (
	maxHours  = 8 * 1000
	maxDays   = 3660
	maxMonths = 120
)

// Validate returns an errs.Invalid error for a term that cannot be meant: fields
// amount, unit, same_day_before with the codes clock.amount (args most), clock.unit,
// clock.same-day.
func (t Term) Validate() error {
	if t.IsZero() && t.SameDayBefore == 0 {
		return nil
	}
	var bad []errs.Field
	most := 0
	switch t.Unit {
	case WorkingHour:
		most = maxHours
	case WorkingDay, Day:
		most = maxDays
	case Month:
		most = maxMonths
	default:
		bad = append(bad, errs.Bad("unit", "clock.unit"))
	}
	if most > 0 && (t.Amount < 1 || t.Amount > most) {
		bad = append(bad, errs.Bad("amount", "clock.amount", "most", most))
	}
	if t.SameDayBefore != 0 && t.Unit != WorkingDay && t.Unit != Day {
		bad = append(bad, errs.Bad("same_day_before", "clock.same-day"))
	}
	return errs.NewInvalid(bad...)
}
