package clock

import (
	"testing"
	"time"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

// at reads "2026-02-05 14:30" as Vietnamese time.
func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, civil.Zone)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func show(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.In(civil.Zone).Format("2006-01-02 15:04")
}

// life makes entries from "kind, time" pairs; Seq follows.
func life(pairs ...string) []Entry {
	var entries []Entry
	for i := 0; i+1 < len(pairs); i += 2 {
		e := Entry{Seq: i/2 + 1, Kind: Kind(pairs[i]), At: at(pairs[i+1])}
		if e.Kind == Pause {
			e.Reason = ReasonSupplement
		}
		entries = append(entries, e)
	}
	return entries
}

func extension(seq int, when string, hours, days int) Entry {
	return Entry{Seq: seq, Kind: Extend, At: at(when), Hours: hours, Days: days, Reason: "Hồ sơ phức tạp", Basis: "Nghị định 118/2025/NĐ-CP", Paper: "form-04"}
}

func hours(n int) Term  { return Term{Amount: n, Unit: WorkingHour} }
func days(n int) Term   { return Term{Amount: n, Unit: WorkingDay} }
func dates(n int) Term  { return Term{Amount: n, Unit: Day} }
func months(n int) Term { return Term{Amount: n, Unit: Month} }
func sameDay(n int) Term {
	return Term{Amount: n, Unit: WorkingDay, SameDayBefore: civil.MustTime("15:00")}
}

func TestDueOfAFreshDossier(t *testing.T) {
	for _, c := range []struct {
		name     string
		term     Term
		received string
		want     string
	}{
		{"four hours over lunch", hours(4), "2026-03-02 09:00", "2026-03-02 15:00"},
		{"eight hours from the afternoon", hours(8), "2026-03-02 15:00", "2026-03-03 15:00"},
		{"hours received at night", hours(4), "2026-03-02 20:00", "2026-03-03 11:30"},
		{"hours over Tết", hours(8), "2026-02-13 15:00", "2026-02-23 15:00"},
		{"one working day", days(1), "2026-03-02 09:00", "2026-03-03 17:30"},
		{"the hour of receipt does not matter", days(1), "2026-03-02 17:29", "2026-03-03 17:30"},
		{"three working days over a weekend", days(3), "2026-03-05 09:00", "2026-03-10 17:30"},
		{"five working days over Tết", days(5), "2026-02-11 09:00", "2026-02-25 17:30"},
		{"working days with a make-up Saturday", days(2), "2026-08-20 09:00", "2026-08-22 17:30"},
		{"working days over the swapped days off", days(3), "2026-08-27 09:00", "2026-09-04 17:30"},
		{"working days from a Sunday", days(1), "2026-03-01 09:00", "2026-03-02 17:30"},
		{"over the New Year", days(2), "2025-12-31 09:00", "2026-01-06 17:30"},
		{"same day before the cut-off", sameDay(1), "2026-03-02 14:59", "2026-03-02 17:30"},
		{"next day from the cut-off on", sameDay(1), "2026-03-02 15:00", "2026-03-03 17:30"},
		{"after the cut-off on Friday", sameDay(1), "2026-03-06 16:00", "2026-03-09 17:30"},
		{"after the cut-off before Tết", sameDay(1), "2026-02-13 16:00", "2026-02-23 17:30"},
		{"before opening counts as that day", sameDay(1), "2026-03-02 05:00", "2026-03-02 17:30"},
		{"same-day rule on a day off", sameDay(1), "2026-03-01 09:00", "2026-03-02 17:30"},
		{"two days, the first being today", sameDay(2), "2026-03-02 09:00", "2026-03-03 17:30"},
		{"calendar days", dates(10), "2026-03-02 09:00", "2026-03-12 17:30"},
		{"calendar days that end on a Sunday", dates(6), "2026-03-02 09:00", "2026-03-09 17:30"},
		{"calendar days that end in Tết", dates(15), "2026-02-02 09:00", "2026-02-23 17:30"},
		{"calendar days that end on a worked Saturday", dates(5), "2026-08-17 09:00", "2026-08-22 17:30"},
		{"calendar days with a cut-off", Term{Amount: 1, Unit: Day, SameDayBefore: civil.MustTime("15:00")}, "2026-03-02 09:00", "2026-03-02 17:30"},
		{"one month", months(1), "2026-03-02 09:00", "2026-04-02 17:30"},
		{"one month from the 31st", months(1), "2026-03-31 09:00", "2026-05-04 17:30"},
		{"six months that end on Sunday", months(6), "2026-02-06 09:00", "2026-08-06 17:30"},
		{"a month that ends in February", months(1), "2027-01-31 09:00", "2027-03-01 17:30"},
		{"a month that ends on a holiday", months(1), "2026-07-31 09:00", "2026-09-03 17:30"},
		{"no term", Term{}, "2026-03-02 09:00", "none"},
		{"a term nobody can mean", days(1 << 40), "2026-03-02 09:00", "none"},
	} {
		due, state := Due(c.term, life("start", c.received), calendar.National())
		if show(due) != c.want || state.Phase != Running || state.Due != due || state.FirstDue != due {
			t.Errorf("%s: received %s, due %s, want %s (%s)", c.name, c.received, show(due), c.want, state.Phase)
		}
	}
}

func TestPausesExtensionsAndStops(t *testing.T) {
	for _, c := range []struct {
		name    string
		term    Term
		entries []Entry
		want    string
		phase   Phase
	}{
		{"nothing happened", days(3), nil, "none", NotStarted},
		{"a pause of one working day", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-03 10:00", "resume", "2026-03-04 10:00"), "2026-03-06 17:30", Running},
		{"a pause of two hours", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-03 08:00", "resume", "2026-03-03 10:00"), "2026-03-06 09:30", Running},
		{"a pause over Tết costs the working time only", days(3), life("start", "2026-02-10 09:00", "pause", "2026-02-11 07:30", "resume", "2026-02-23 07:30"), "2026-02-25 17:30", Running},
		{"a pause over a weekend moves nothing", days(3), life("start", "2026-03-05 09:00", "pause", "2026-03-06 17:30", "resume", "2026-03-09 07:30"), "2026-03-10 17:30", Running},
		{"a pause before counting began", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-02 10:00", "resume", "2026-03-02 16:00"), "2026-03-05 17:30", Running},
		{"two pauses", hours(8), life("start", "2026-03-02 07:30", "pause", "2026-03-02 08:30", "resume", "2026-03-02 09:30", "pause", "2026-03-02 10:30", "resume", "2026-03-03 10:30"), "2026-03-04 08:30", Running},
		{"a pause that goes on", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-04 10:00"), "2026-03-05 17:30", Paused},
		{"a pause after the due time", days(1), life("start", "2026-03-02 09:00", "pause", "2026-03-04 10:00", "resume", "2026-03-09 10:00"), "2026-03-03 17:30", Running},
		{"a pause at the due time is too late", days(1), life("start", "2026-03-02 09:00", "pause", "2026-03-03 17:30", "resume", "2026-03-09 10:00"), "2026-03-03 17:30", Running},
		{"calendar days: a pause of three days", dates(10), life("start", "2026-03-02 09:00", "pause", "2026-03-03 10:00", "resume", "2026-03-06 10:00"), "2026-03-16 17:30", Running},
		{"calendar days: weekends of a pause count", dates(10), life("start", "2026-03-02 09:00", "pause", "2026-03-06 17:00", "resume", "2026-03-09 08:00"), "2026-03-16 17:30", Running},
		{"calendar days: Tết inside a pause costs nothing", dates(10), life("start", "2026-02-09 09:00", "pause", "2026-02-10 08:00", "resume", "2026-03-10 08:00"), "2026-03-19 17:30", Running},
		{"calendar days: resumed at night", dates(10), life("start", "2026-03-02 09:00", "pause", "2026-03-12 09:00", "resume", "2026-03-17 20:00"), "2026-03-18 17:30", Running},
		{"calendar days: paused on the working day that stands in", dates(6), life("start", "2026-03-02 09:00", "pause", "2026-03-09 09:00", "resume", "2026-03-11 09:00"), "2026-03-11 17:30", Running},
		{"months: a pause of ten days", months(1), life("start", "2026-03-02 09:00", "pause", "2026-03-10 09:00", "resume", "2026-03-20 09:00"), "2026-04-13 17:30", Running},
		{"an extension of two days", days(3), append(life("start", "2026-03-02 09:00"), extension(2, "2026-03-05 10:00", 16, 0)), "2026-03-09 17:30", Running},
		{"an extension at the due time", days(3), append(life("start", "2026-03-02 09:00"), extension(2, "2026-03-05 17:30", 8, 0)), "2026-03-06 17:30", Running},
		{"an extension one minute late", days(3), append(life("start", "2026-03-02 09:00"), extension(2, "2026-03-05 17:31", 8, 0)), "2026-03-05 17:30", Running},
		{"an extension by calendar days", dates(10), append(life("start", "2026-03-02 09:00"), extension(2, "2026-03-05 10:00", 0, 3)), "2026-03-16 17:30", Running},
		{"an extension in days of a term in working days", days(3), append(life("start", "2026-03-02 09:00"), extension(2, "2026-03-05 10:00", 0, 2)), "2026-03-09 17:30", Running},
		{"an extension in hours of a term in days", dates(10), append(life("start", "2026-03-02 09:00"), extension(2, "2026-03-05 10:00", 4, 0)), "2026-03-13 11:30", Running},
		{"an extension during a pause", days(3), append(life("start", "2026-03-02 09:00", "pause", "2026-03-05 09:30"), extension(3, "2026-03-20 10:00", 8, 0), Entry{Seq: 4, Kind: Resume, At: at("2026-03-23 09:30")}), "2026-03-24 17:30", Running},
		{"an extension of nothing", days(3), append(life("start", "2026-03-02 09:00"), extension(2, "2026-03-05 10:00", 0, 0)), "2026-03-05 17:30", Running},
		{"an extension after a late pause", days(1), append(life("start", "2026-03-02 09:00", "pause", "2026-03-04 09:30"), extension(3, "2026-03-05 10:00", 80, 0)), "2026-03-03 17:30", Paused},
		{"stopped", days(3), life("start", "2026-03-02 09:00", "stop", "2026-03-04 10:00"), "2026-03-05 17:30", Stopped},
		{"stopped while paused", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-05 09:30", "stop", "2026-04-06 09:30"), "2026-04-06 17:30", Stopped},
		{"nothing after the stop counts", days(3), append(life("start", "2026-03-02 09:00", "stop", "2026-03-04 10:00", "pause", "2026-03-04 11:00", "resume", "2026-03-05 11:00"), extension(9, "2026-03-04 12:00", 80, 0)), "2026-03-05 17:30", Stopped},
		{"a second start is ignored", days(3), life("start", "2026-03-02 09:00", "start", "2026-03-04 09:00"), "2026-03-05 17:30", Running},
		{"a resumption of nothing is ignored", days(3), life("start", "2026-03-02 09:00", "resume", "2026-03-04 09:00"), "2026-03-05 17:30", Running},
		{"a pause within a pause is ignored", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-03 10:00", "pause", "2026-03-03 16:00", "resume", "2026-03-04 10:00"), "2026-03-06 17:30", Running},
		{"a pause before the start is ignored", days(3), life("pause", "2026-03-01 09:00", "start", "2026-03-02 09:00"), "2026-03-05 17:30", Running},
		{"an unknown entry is ignored", days(3), life("start", "2026-03-02 09:00", "rewind", "2026-03-03 09:00"), "2026-03-05 17:30", Running},
		{"a clock without a term can be paused", Term{}, life("start", "2026-03-02 09:00", "pause", "2026-03-03 10:00", "resume", "2026-03-04 10:00"), "none", Running},
		{"seconds are rounded up", hours(4), []Entry{{Kind: Start, At: at("2026-03-02 08:00").Add(13*time.Second + 250*time.Millisecond)}}, "2026-03-02 14:01", Running},
	} {
		due, state := Due(c.term, c.entries, calendar.National())
		if show(due) != c.want || state.Phase != c.phase {
			t.Errorf("%s: due %s, want %s; %s, want %s", c.name, show(due), c.want, state.Phase, c.phase)
		}
	}
}

func TestStateCounts(t *testing.T) {
	entries := append(life("start", "2026-03-02 09:00", "pause", "2026-03-03 10:00", "resume", "2026-03-03 11:00", "pause", "2026-03-04 10:00"),
		extension(5, "2026-03-04 11:00", 8, 0))
	cal := calendar.National()
	_, s := Due(days(5), entries, cal)
	if s.Supplements != 2 || s.Pauses != 2 || s.Extensions != 1 || s.Calendar != cal.Version || show(s.StartedAt) != "2026-03-02 09:00" ||
		show(s.PausedAt) != "2026-03-04 10:00" || show(s.FirstDue) != "2026-03-09 17:30" || show(s.Due) != "2026-03-11 08:30" {
		t.Errorf("%+v, due %s", s, show(s.Due))
	}
	entries[1].Reason = ReasonPayment
	if _, s := Due(days(5), entries, cal); s.Supplements != 1 || s.Pauses != 2 {
		t.Errorf("a payment is not a supplement: %+v", s)
	}
}

func TestDueDoesNotChangeTheEntries(t *testing.T) {
	entries := life("pause", "2026-03-03 10:00", "start", "2026-03-02 09:00")
	Due(days(3), entries, calendar.National())
	if entries[0].Kind != Pause {
		t.Error("the caller's entries were sorted")
	}
}

// An entry read back from the store has lost what is below a millisecond; the due
// time on the slip was computed before.
func TestDueIsTheSameBeforeAndAfterTheStore(t *testing.T) {
	cal := calendar.National()
	entries := life("start", "2026-03-02 08:00", "pause", "2026-03-02 09:00", "resume", "2026-03-02 10:00")
	for i := range entries {
		entries[i].At = entries[i].At.Add(999 * time.Microsecond).In(civil.Zone)
	}
	due, state := Due(hours(2), entries, cal)
	for i := range entries {
		entries[i].At = time.UnixMilli(entries[i].At.UnixMilli())
	}
	again, stateAgain := Due(hours(2), entries, cal)
	if due != again || state != stateAgain || show(due) != "2026-03-02 11:00" {
		t.Errorf("%s, then %s", show(due), show(again))
	}
}

func TestSaturdayMorning(t *testing.T) {
	cal := calendar.National()
	cal.Week[time.Saturday] = calendar.MustHours("07:30-11:30")
	for _, c := range []struct {
		name, received, want string
		term                 Term
	}{
		{"half a day towards two", "2026-03-05 09:00", "2026-03-09 17:30", days(2)},
		{"hours run on Saturday morning", "2026-03-06 15:30", "2026-03-07 09:30", hours(4)},
		{"there is no afternoon to finish in", "2026-03-07 09:00", "2026-03-09 17:30", sameDay(1)},
		{"calendar days may end there", "2026-03-02 09:00", "2026-03-07 11:30", dates(5)},
	} {
		if due, _ := Due(c.term, life("start", c.received), cal); show(due) != c.want {
			t.Errorf("%s: %s, want %s", c.name, show(due), c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	cal := calendar.National()
	start := life("start", "2026-03-02 09:00") // due Thursday 05/03 17:30
	for _, c := range []struct {
		name      string
		entries   []Entry
		now       string
		verdict   Verdict
		remaining time.Duration
		late      time.Duration
	}{
		{"not started", nil, "2026-03-02 09:00", NoDue, 0, 0},
		{"at receipt", start, "2026-03-02 17:30", InTime, 24 * time.Hour, 0},
		{"on the last afternoon", start, "2026-03-05 15:30", InTime, 2 * time.Hour, 0},
		{"at the due time", start, "2026-03-05 17:30", InTime, 0, 0},
		{"that evening", start, "2026-03-05 18:30", Overdue, 0, time.Hour},
		{"the next morning", start, "2026-03-06 09:30", Overdue, -2 * time.Hour, 16 * time.Hour},
		{"paused in time", life("start", "2026-03-02 09:00", "pause", "2026-03-05 15:30"), "2026-06-01 09:00", InTime, 2 * time.Hour, 0},
		{"paused too late", life("start", "2026-03-02 09:00", "pause", "2026-03-06 09:30"), "2026-06-01 09:00", Overdue, -2 * time.Hour, 16 * time.Hour},
		{"finished a day early", life("start", "2026-03-02 09:00", "stop", "2026-03-04 17:30"), "2026-06-01 09:00", Early, 8 * time.Hour, 0},
		{"finished on the day", life("start", "2026-03-02 09:00", "stop", "2026-03-05 16:30"), "2026-06-01 09:00", OnTime, time.Hour, 0},
		{"finished on the minute", life("start", "2026-03-02 09:00", "stop", "2026-03-05 17:30"), "2026-06-01 09:00", OnTime, 0, 0},
		{"finished a minute late", life("start", "2026-03-02 09:00", "stop", "2026-03-05 17:31"), "2026-06-01 09:00", Overdue, 0, time.Minute},
		{"finished a week late", life("start", "2026-03-02 09:00", "stop", "2026-03-12 17:30"), "2026-03-01 09:00", Overdue, -40 * time.Hour, 7 * 24 * time.Hour},
		{"withdrawn during a supplement", life("start", "2026-03-02 09:00", "pause", "2026-03-04 17:30", "stop", "2026-05-04 09:30"), "2026-06-01 09:00", Early, 8 * time.Hour, 0},
	} {
		_, state := Due(days(3), c.entries, cal)
		j := state.Judge(at(c.now), cal)
		if j.Verdict != c.verdict || j.Remaining != c.remaining || j.Late != c.late {
			t.Errorf("%s: %s, %s left, %s late; want %s, %s, %s", c.name, j.Verdict, j.Remaining, j.Late, c.verdict, c.remaining, c.late)
		}
	}
}

func TestCheckRefusesBeforeItIsWritten(t *testing.T) {
	running := life("start", "2026-03-02 09:00")
	paused := life("start", "2026-03-02 09:00", "pause", "2026-03-03 09:00")
	stopped := life("start", "2026-03-02 09:00", "stop", "2026-03-03 09:00")
	for _, c := range []struct {
		entries []Entry
		next    Entry
		code    string
	}{
		{nil, Entry{Kind: Start, At: at("2026-03-02 09:00")}, ""},
		{nil, Entry{Kind: Pause, At: at("2026-03-02 09:00")}, "clock.not-started"},
		{running, Entry{Kind: Pause, At: at("2026-03-02 10:00")}, ""},
		{running, Entry{Kind: Start, At: at("2026-03-02 10:00")}, "clock.already-started"},
		{running, Entry{Kind: Resume, At: at("2026-03-02 10:00")}, "clock.not-paused"},
		{running, Entry{Kind: Pause, At: at("2026-03-02 08:00")}, "clock.earlier"},
		{running, extension(2, "2026-03-02 10:00", 8, 0), ""},
		{running, extension(2, "2026-03-02 10:00", 0, 0), "clock.extension"},
		{running, extension(2, "2026-03-02 10:00", -8, 10), "clock.extension"},
		{running, extension(2, "2026-03-02 10:00", maxHours+1, 0), "clock.extension"},
		{running, Entry{Kind: "rewind", At: at("2026-03-02 10:00")}, "clock.kind"},
		{paused, Entry{Kind: Pause, At: at("2026-03-04 10:00")}, "clock.paused"},
		{paused, Entry{Kind: Resume, At: at("2026-03-04 10:00")}, ""},
		{paused, Entry{Kind: Stop, At: at("2026-03-04 10:00")}, ""},
		{stopped, Entry{Kind: Resume, At: at("2026-03-04 10:00")}, "clock.stopped"},
		{stopped, Entry{Kind: Stop, At: at("2026-03-04 10:00")}, "clock.stopped"},
	} {
		err := Check(c.entries, c.next)
		if c.code == "" && err != nil || c.code != "" && !errs.HasCode(err, c.code) {
			t.Errorf("%s after %d entries: %v, want %q", c.next.Kind, len(c.entries), err, c.code)
		}
	}
}

func TestTermValidate(t *testing.T) {
	for _, good := range []Term{{}, hours(4), days(1), dates(30), months(6), sameDay(1)} {
		if err := good.Validate(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for _, c := range []struct {
		term  Term
		field string
		code  string
	}{
		{Term{Amount: 3}, "unit", "clock.unit"}, {Term{Amount: 3, Unit: "week"}, "unit", "clock.unit"}, {Term{Unit: Day}, "amount", "clock.amount"}, {days(-1), "amount", "clock.amount"}, {months(121), "amount", "clock.amount"},
		{Term{Amount: 4, Unit: WorkingHour, SameDayBefore: 900}, "same_day_before", "clock.same-day"}, {Term{SameDayBefore: 900}, "unit", "clock.unit"},
	} {
		e, ok := errs.As(c.term.Validate())
		if !ok || e.Fields[0].Name != c.field || e.Fields[0].Code != c.code {
			t.Errorf("%+v: %v", c.term, e)
		}
	}
}

// The same dossier under a corrected calendar: the flood of Wednesday is entered
// later, and the due time follows without anybody writing it.
func TestANewCalendarMovesTheDueTime(t *testing.T) {
	cal := calendar.National()
	entries := life("start", "2026-03-02 09:00")
	before, _ := Due(days(3), entries, cal)
	flood := cal.With(civil.MustDate("2026-03-04"), calendar.Day{Kind: calendar.Closed, Name: i18n.V("Lũ")})
	flood.Version += "+lu"
	after, state := Due(days(3), entries, flood)
	if show(before) != "2026-03-05 17:30" || show(after) != "2026-03-06 17:30" || state.Calendar != flood.Version {
		t.Errorf("%s, then %s under %s", show(before), show(after), state.Calendar)
	}
}
