package civil

import (
	"fmt"
	"strings"
	"time"

	"motcua/internal/platform/errs"
)

// TimeOfDay is minutes after midnight, 0..1440; 1440 (24:00) is the end of a day.
// As text it is "07:30".
type TimeOfDay int16

// CodeTime is the public code for a time of day that cannot be read.
const CodeTime = "time.format"

// ParseTimeOfDay reads "07:30" and the ways people write it: 7:30, 7h30, 7h, 7g30.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	hour, minute, _ := strings.Cut(strings.NewReplacer("h", ":", "g", ":").Replace(s), ":")
	if minute == "" && !strings.Contains(s, ":") && s != "" && s[len(s)-1] > '9' { // "7h"
		minute = "00"
	}
	h, okH := digits(hour)
	m, okM := digits(minute)
	t := h*60 + m
	if !okH || !okM || len(hour) > 2 || len(minute) != 2 || m > 59 || t > 24*60 {
		return 0, errs.New(errs.Invalid, CodeTime)
	}
	return TimeOfDay(t), nil
}

// MustTime parses "07:30" and panics when it is wrong.
func MustTime(s string) TimeOfDay {
	t, err := ParseTimeOfDay(s)
	if err != nil {
		panic(fmt.Sprintf("civil: %q: %v", s, err))
	}
	return t
}

// TimeOfDayOf returns the time of day of t in Viet Nam, whole minutes.
func TimeOfDayOf(t time.Time) TimeOfDay {
	local := t.In(Zone)
	return TimeOfDay(local.Hour()*60 + local.Minute())
}

// On returns the instant of t on the day d, in UTC; the zero time for no day.
func (t TimeOfDay) On(d Date) time.Time { return d.At(0, int(t)) }

// String gives "07:30".
func (t TimeOfDay) String() string {
	b := [5]byte{2: ':'}
	put(b[0:2], int(t)/60)
	put(b[3:5], int(t)%60)
	return string(b[:])
}

// MarshalText gives String.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseTimeOfDay reads; nothing is 00:00.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = 0
		return nil
	}
	parsed, err := ParseTimeOfDay(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}
