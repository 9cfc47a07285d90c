package calendar

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"motcua/internal/platform/civil"
)

// What days are worth in working time.
const (
	FullDay = 8 * time.Hour
	HalfDay = 4 * time.Hour
)

// halfDayLimit is the longest opening time, in minutes, that makes a half day.
const halfDayLimit = 5 * 60

// Session is one continuous opening of an office (buổi làm việc), From included,
// To not.
type Session struct {
	From, To civil.TimeOfDay
}

// Hours are the sessions of one day in order; no sessions is a day off. As text:
// "07:30-11:30 13:30-17:30".
type Hours []Session

// ParseHours reads "07:30-11:30 13:30-17:30"; commas between sessions are allowed
// and "" is a day off.
func ParseHours(s string) (Hours, error) {
	var hours Hours
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }) {
		from, to, ok := strings.Cut(strings.ReplaceAll(part, "–", "-"), "-")
		if !ok {
			return nil, fmt.Errorf("calendar: %q is not a session like 07:30-11:30", part)
		}
		a, errA := civil.ParseTimeOfDay(from)
		b, errB := civil.ParseTimeOfDay(to)
		if err := errors.Join(errA, errB); err != nil {
			return nil, fmt.Errorf("calendar: session %q: %w", part, err)
		}
		hours = append(hours, Session{a, b})
	}
	if err := hours.check(); err != nil {
		return nil, err
	}
	return hours, nil
}

// MustHours is ParseHours for constants; it panics when s is wrong.
func MustHours(s string) Hours {
	h, err := ParseHours(s)
	if err != nil {
		panic(err)
	}
	return h
}

// check reports sessions that are empty, out of order or overlapping.
func (h Hours) check() error {
	end := civil.TimeOfDay(-1)
	for _, s := range h {
		if s.From >= s.To || s.From < end || s.From < 0 || s.To > 24*60 {
			return fmt.Errorf("calendar: session %s-%s is empty, overlaps or is out of order", s.From, s.To)
		}
		end = s.To
	}
	return nil
}

// String gives "07:30-11:30 13:30-17:30".
func (h Hours) String() string {
	parts := make([]string, len(h))
	for i, s := range h {
		parts[i] = s.From.String() + "-" + s.To.String()
	}
	return strings.Join(parts, " ")
}

// MarshalText gives String.
func (h Hours) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what ParseHours reads.
func (h *Hours) UnmarshalText(text []byte) error {
	parsed, err := ParseHours(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// minutes is how long the office is open.
func (h Hours) minutes() int64 {
	var sum int64
	for _, s := range h {
		sum += int64(s.To - s.From)
	}
	return sum
}

// Worth is the working time of a day with these hours: FullDay, HalfDay or 0.
func (h Hours) Worth() time.Duration {
	switch open := h.minutes(); {
	case open == 0:
		return 0
	case open <= halfDayLimit:
		return HalfDay
	}
	return FullDay
}

// worked is the working time that has passed by the given time after midnight.
func (h Hours) worked(sinceMidnight time.Duration) time.Duration {
	var open, total int64 // open in nanoseconds, total in minutes
	for _, s := range h {
		from := time.Duration(s.From) * time.Minute
		to := time.Duration(s.To) * time.Minute
		total += int64(s.To - s.From)
		if sinceMidnight > from {
			open += int64(min(sinceMidnight, to) - from)
		}
	}
	if open == 0 {
		return 0
	}
	// open < 24 h and a worth of at most 480 minutes: the product stays below 2^63.
	return time.Duration(open * int64(h.Worth()/time.Minute) / total)
}

// firstAt is the earliest time after midnight by which the working time w, more
// than 0 and at most Worth, has passed.
func (h Hours) firstAt(w time.Duration) time.Duration {
	total, worth := h.minutes(), int64(h.Worth()/time.Minute)
	open := time.Duration((int64(w)*total + worth - 1) / worth) // rounded up
	for _, s := range h {
		length := time.Duration(s.To-s.From) * time.Minute
		if open <= length {
			return time.Duration(s.From)*time.Minute + open
		}
		open -= length
	}
	return time.Duration(h[len(h)-1].To) * time.Minute
}

// lastAt is the latest time after midnight at which no more than the working time
// w, at least 0 and less than Worth, has passed.
func (h Hours) lastAt(w time.Duration) time.Duration {
	total, worth := h.minutes(), int64(h.Worth()/time.Minute)
	open := time.Duration(int64(w) * total / worth) // rounded down
	for _, s := range h {
		length := time.Duration(s.To-s.From) * time.Minute
		if open < length {
			return time.Duration(s.From)*time.Minute + open
		}
		open -= length
	}
	return time.Duration(h[len(h)-1].To) * time.Minute
}

// Week holds the usual hours of each day, indexed by time.Weekday. As JSON:
// {"mon": "07:30-11:30 13:30-17:30", …}, days off left out.
type Week [7]Hours

// weekKeys are the JSON keys in the order of time.Weekday.
var weekKeys = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// MarshalJSON implements json.Marshaler.
func (w Week) MarshalJSON() ([]byte, error) {
	m := make(map[string]Hours, 7)
	for i, h := range w {
		if len(h) > 0 {
			m[weekKeys[i]] = h
		}
	}
	return json.Marshal(m)
}

// UnmarshalJSON implements json.Unmarshaler; an unknown key is an error.
func (w *Week) UnmarshalJSON(data []byte) error {
	var m map[string]Hours
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	var week Week
	known := 0
	for i, key := range weekKeys {
		if h, ok := m[key]; ok {
			week[i] = h
			known++
		}
	}
	if known != len(m) {
		return fmt.Errorf("calendar: the days of a week are %s", strings.Join(weekKeys[:], ", "))
	}
	*w = week
	return nil
}

// IsZero reports whether the week has no hours at all.
func (w Week) IsZero() bool {
	for _, h := range w {
		if len(h) > 0 {
			return false
		}
	}
	return true
}

// longest returns the hours of the day with the longest opening time, Monday
// first: the standard day of the office.
func (w Week) longest() Hours {
	best := w[time.Monday]
	for _, h := range w {
		if h.minutes() > best.minutes() {
			best = h
		}
	}
	return best
}
