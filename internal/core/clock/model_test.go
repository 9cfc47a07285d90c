package clock

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
)

// lived is the reference model: it lives through the dossier minute by minute, with
// a counter for what the office has used up. It knows nothing of due times until
// the counter is full. Entries must lie on whole minutes and make sense.
func lived(term Term, entries []Entry, cal calendar.Calendar) time.Time {
	start := entries[0].At
	day := civil.DateOf(start)
	open := func(m time.Time) bool {
		clock := civil.TimeOfDayOf(m)
		for _, s := range cal.HoursOn(civil.DateOf(m)) {
			if clock >= s.From && clock < s.To {
				return true
			}
		}
		return false
	}
	need := 60 * term.Amount
	countFrom := start
	if term.Unit == WorkingDay {
		// All days here are of eight hours, so days are 480 minutes from the next day on.
		need, countFrom = 480*term.Amount, midnightAfter(day)
		cut := civil.MustTime("15:00")
		if term.SameDayBefore == cut && civil.TimeOfDayOf(start) < cut && open(cut.On(day)) {
			countFrom = start
			need -= 480
			for m := start; m.Before(midnightAfter(day)); m = m.Add(time.Minute) {
				if open(m) {
					need++
				}
			}
		}
	}
	used, next := 0, 1
	paused, moves := false, false // moves: the pause began in time
	var due time.Time             // set when the counter is full
	for m := start; ; m = m.Add(time.Minute) {
		for ; next < len(entries) && entries[next].At.Equal(m); next++ {
			inTime := due.IsZero() || !m.After(due)
			switch e := entries[next]; e.Kind {
			case Pause:
				paused, moves = true, due.IsZero() || m.Before(due)
			case Resume:
				paused, moves = false, false
			case Extend:
				if paused && moves || !paused && inTime {
					need += 60 * e.Hours
					due = time.Time{}
				}
			case Stop:
				if !due.IsZero() {
					return due
				}
				// Run on as if nothing more happened.
				paused, moves = false, false
				entries, next = nil, 0
			}
			if entries == nil {
				break
			}
		}
		if used == need && due.IsZero() {
			due = m
		}
		if !due.IsZero() && next >= len(entries) {
			return due
		}
		if open(m) && !m.Before(countFrom) && used < need && !paused {
			used++
			if used == need { // full at the end of this minute, also when the office closes then
				due = m.Add(time.Minute)
			}
		}
	}
}

func midnightAfter(d civil.Date) time.Time { return d.AddDays(1).Start() }

// drawLife draws a sensible life of a dossier: a start, then pauses that end,
// extensions, perhaps a stop, at whole minutes.
func drawLife(t *rapid.T, length int) []Entry {
	m := at("2026-01-05 00:00").Add(time.Duration(rapid.IntRange(0, 360*24*60).Draw(t, "start")) * time.Minute)
	entries := []Entry{{Seq: 1, Kind: Start, At: m}}
	add := func(kind Kind, hours int) {
		m = m.Add(time.Duration(rapid.OneOf(rapid.IntRange(0, 600), rapid.IntRange(0, 12*24*60)).Draw(t, string(kind))) * time.Minute)
		entries = append(entries, Entry{Seq: len(entries) + 1, Kind: kind, At: m, Hours: hours, Reason: ReasonSupplement})
	}
	for range rapid.IntRange(0, length).Draw(t, "events") {
		switch rapid.IntRange(0, 3).Draw(t, "event") {
		case 0:
			add(Extend, rapid.IntRange(1, 24).Draw(t, "hours"))
		case 1:
			add(Pause, 0)
			add(Extend, rapid.IntRange(1, 24).Draw(t, "hours"))
			add(Resume, 0)
		default:
			add(Pause, 0)
			add(Resume, 0)
		}
	}
	if rapid.Bool().Draw(t, "stopped") {
		add(Stop, 0)
	}
	return entries
}

func drawWorkTerm(t *rapid.T) Term {
	switch rapid.IntRange(0, 2).Draw(t, "unit") {
	case 0:
		return hours(rapid.IntRange(1, 60).Draw(t, "hours"))
	case 1:
		return days(rapid.IntRange(1, 12).Draw(t, "days"))
	}
	return sameDay(rapid.IntRange(1, 5).Draw(t, "days, the first today"))
}

func drawTerm(t *rapid.T) Term {
	switch rapid.IntRange(0, 3).Draw(t, "measure") {
	case 0:
		return dates(rapid.IntRange(1, 60).Draw(t, "calendar days"))
	case 1:
		return months(rapid.IntRange(1, 6).Draw(t, "months"))
	}
	return drawWorkTerm(t)
}

// drawOffice draws a calendar with half days, short days and closures.
func drawOffice(t *rapid.T) calendar.Calendar {
	cal := calendar.National()
	if rapid.Bool().Draw(t, "plain") {
		return cal
	}
	menu := []string{"07:30-11:30 13:30-17:00", "07:00-11:30 13:30-17:30", "07:30-11:30", "08:00-16:30"}
	for d := time.Monday; d <= time.Saturday; d++ {
		if rapid.Bool().Draw(t, "own hours") {
			cal.Week[d] = calendar.MustHours(rapid.SampledFrom(menu).Draw(t, "hours"))
		}
	}
	return cal
}

func lifeText(entries []Entry) string {
	s := ""
	for _, e := range entries {
		s += fmt.Sprintf("%s %s %d; ", e.Kind, show(e.At), e.Hours)
	}
	return s
}

// due is the clock under test. A drill that is broken on purpose has one that
// forgets the first extension.
func due(term Term, entries []Entry, cal calendar.Calendar) (time.Time, State) {
	if os.Getenv("MOTCUA_DRILL_BREAK") == "no-extension" {
		if i := slices.IndexFunc(entries, func(e Entry) bool { return e.Kind == Extend }); i >= 0 {
			entries = slices.Delete(slices.Clone(entries), i, i+1)
		}
	}
	return Due(term, entries, cal)
}

func TestAgainstTheMinuteByMinuteModel(t *testing.T) {
	sequences, began := 0, time.Now()
	defer func() {
		t.Logf("FIGURES clock-sequences=%d clock-seconds=%.1f", sequences, time.Since(began).Seconds())
	}()
	rapid.Check(t, func(t *rapid.T) {
		sequences++
		cal := calendar.National()
		term := drawWorkTerm(t)
		entries := drawLife(t, 4)
		want := lived(term, slices.Clone(entries), cal)
		if got, _ := due(term, entries, cal); !got.Equal(want) {
			t.Fatalf("%+v: %s: due %s, lived %s", term, lifeText(entries), show(got), show(want))
		}
	})
}

// daily is the reference for terms of calendar days: it turns the leaves of the
// calendar, crossing out the days that a pause takes.
func daily(term Term, start, paused, resumed time.Time, cal calendar.Calendar) civil.Date {
	belongs := func(m time.Time) civil.Date {
		d := civil.DateOf(m)
		if c := cal.Closing(d); !c.IsZero() && !m.Before(c) {
			return d.AddDays(1)
		}
		return d
	}
	taken := func(d civil.Date) bool { return !d.Before(belongs(paused)) && d.Before(belongs(resumed)) }
	n := 0
	d := civil.DateOf(start)
	for n < term.Amount {
		d = d.AddDays(1)
		if !taken(d) {
			n++
		}
	}
	for !cal.IsWorking(d) || taken(d) {
		d = d.AddDays(1)
	}
	return d
}

func TestCalendarDaysAgainstTheLeavesOfTheCalendar(t *testing.T) {
	sequences, began := 0, time.Now()
	defer func() { t.Logf("FIGURES leaf-sequences=%d clock-seconds=%.1f", sequences, time.Since(began).Seconds()) }()
	rapid.Check(t, func(t *rapid.T) {
		sequences++
		cal := calendar.National()
		term := dates(rapid.IntRange(1, 40).Draw(t, "days"))
		start := at("2026-01-05 00:00").Add(time.Duration(rapid.IntRange(0, 360*24*60).Draw(t, "start")) * time.Minute)
		free, _ := Due(term, []Entry{{Kind: Start, At: start}}, cal)
		span := int(free.Sub(start) / time.Minute)
		paused := start.Add(time.Duration(rapid.IntRange(0, span-1).Draw(t, "paused")) * time.Minute)
		resumed := paused.Add(time.Duration(rapid.IntRange(0, 30*24*60).Draw(t, "resumed")) * time.Minute)
		got, _ := Due(term, []Entry{{Kind: Start, At: start}, {Seq: 1, Kind: Pause, At: paused}, {Seq: 2, Kind: Resume, At: resumed}}, cal)
		want := daily(term, start, paused, resumed, cal)
		if civil.DateOf(got) != want || !got.Equal(cal.Closing(want)) {
			t.Fatalf("%d days from %s, paused %s to %s: due %s, leaves say %s", term.Amount, show(start), show(paused), show(resumed), show(got), want)
		}
		if got.Before(resumed) {
			t.Fatalf("resumed %s, due before that: %s", show(resumed), show(got))
		}
	})
}

// A pause in time moves the due time by the working time paused: exactly, in an
// office whose hours are hours; to the minute in any other.
func TestAPauseMovesTheDueTimeByTheWorkingTimePaused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := drawOffice(t)
		term := drawWorkTerm(t)
		entries := drawLife(t, 0)[:1]
		free, _ := Due(term, entries, cal)
		from := entries[0].At
		if term.Unit == WorkingDay {
			from = midnightAfter(civil.DateOf(from))
		}
		span := int(free.Sub(from) / time.Minute)
		if span < 1 {
			t.Skip("due on the day of receipt")
		}
		paused := from.Add(time.Duration(rapid.IntRange(0, span-1).Draw(t, "paused")) * time.Minute)
		resumed := paused.Add(time.Duration(rapid.IntRange(0, 20*24*60).Draw(t, "resumed")) * time.Minute)
		entries = append(entries, Entry{Seq: 2, Kind: Pause, At: paused}, Entry{Seq: 3, Kind: Resume, At: resumed})
		got, _ := Due(term, entries, cal)
		moved, want := cal.Between(free, got), cal.Between(paused, resumed)
		if (moved - want).Abs() > 2*time.Minute { // the due time is rounded up to a minute, twice
			t.Fatalf("%+v: %s: due %s, then %s: moved %s, paused %s", term, lifeText(entries), show(free), show(got), moved, want)
		}
		if got.Before(resumed.Truncate(time.Minute)) && want > 0 && cal.Between(got, resumed) > 0 {
			t.Fatalf("due %s, before the resumption at %s", show(got), show(resumed))
		}
	})
}

func TestDueIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := drawOffice(t)
		term := drawTerm(t)
		entries := drawLife(t, 3)
		due, _ := Due(term, entries, cal)
		longer := term
		longer.Amount += rapid.IntRange(1, 10).Draw(t, "longer by")
		if more, _ := Due(longer, entries, cal); more.Before(due) {
			t.Fatalf("%+v is due %s, %+v already %s: %s", term, show(due), longer, show(more), lifeText(entries))
		}
		// A later receipt is never due earlier. (The same-day rule may make two receipts due together.)
		start := entries[:1]
		first, _ := Due(term, start, cal)
		shifted := []Entry{start[0]}
		shifted[0].At = shifted[0].At.Add(time.Duration(rapid.IntRange(0, 10*24*60).Draw(t, "received later by")) * time.Minute)
		if second, _ := Due(term, shifted, cal); second.Before(first) {
			t.Fatalf("%+v: received %s due %s, received %s due %s", term, show(start[0].At), show(first), show(shifted[0].At), show(second))
		}
		// One more extension never shortens.
		extended := append(slices.Clone(entries), Entry{Seq: 99, Kind: Extend, At: entries[len(entries)-1].At, Hours: 8})
		if more, _ := Due(term, extended, cal); more.Before(due) {
			t.Fatalf("an extension moved the due time from %s to %s", show(due), show(more))
		}
	})
}

func TestTheOrderOfEvaluationIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := calendar.National()
		term := drawTerm(t)
		entries := drawLife(t, 4)
		due, state := Due(term, entries, cal)
		shuffled := slices.Clone(entries)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, stateAgain := Due(term, shuffled, cal)
		if !due.Equal(again) || state != stateAgain {
			t.Fatalf("due %s, shuffled %s; %+v, %+v", show(due), show(again), state, stateAgain)
		}
	})
}

// What happened after the due time can no longer move it.
func TestLatenessCannotBeUndone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := drawOffice(t)
		term := drawTerm(t)
		entries := drawLife(t, 2)
		if entries[len(entries)-1].Kind == Stop {
			entries = entries[:len(entries)-1]
		}
		due, _ := Due(term, entries, cal)
		late := later(due, entries[len(entries)-1].At).Add(time.Minute)
		after := append(slices.Clone(entries),
			Entry{Seq: 90, Kind: Extend, At: late, Hours: 80},
			Entry{Seq: 91, Kind: Pause, At: late.Add(time.Hour)},
			Entry{Seq: 92, Kind: Extend, At: late.Add(2 * time.Hour), Days: 30},
			Entry{Seq: 93, Kind: Resume, At: late.AddDate(0, 1, 0)})
		if got, _ := Due(term, after, cal); !got.Equal(due) {
			t.Fatalf("due %s, after the fact %s", show(due), show(got))
		}
	})
}
