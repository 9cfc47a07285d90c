package clock

import (
	"context"
	"embed"
	"io/fs"
	"strings"
	"time"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

//go:embed locale/vi.json locale/en.json
var locales embed.FS

// Locales returns the words of the clock, for the bundle.
func Locales() fs.FS { return locales }

// Words says a line in a sentence without its times: "Đang chờ công dân bổ sung hồ
// sơ, không tính 1 ngày làm việc 2 giờ (nghỉ Tết Nguyên đán 16/02/2026–20/02/2026)".
func (l Line) Words(ctx context.Context) string {
	s := i18n.T(ctx, "clock.line."+string(l.Kind), "work", l.measure(ctx), "reason", reasonWords(ctx, l))
	if len(l.DaysOff) > 0 {
		runs := make([]string, len(l.DaysOff))
		for i, d := range l.DaysOff {
			runs[i] = d.Words(ctx)
		}
		s += " (" + strings.Join(runs, "; ") + ")"
	}
	if l.Basis != "" {
		s += ". " + i18n.T(ctx, "clock.basis", "basis", l.Basis)
	}
	return s
}

// measure says how much time a line is about, in the measure that counts there:
// working time, calendar days, or what an extension adds of both.
func (l Line) measure(ctx context.Context) string {
	work := WorkWords(ctx, time.Duration(l.WorkingMinutes)*time.Minute)
	if l.Days == 0 {
		return work
	}
	days := i18n.T(ctx, "clock.calendar-days", "n", l.Days)
	if l.WorkingMinutes > 0 && (l.Kind == Extended || l.Kind == ExtendedLate) {
		return days + ", " + work
	}
	return days
}

// reasonWords says why: words of the house for its own reasons, the officer's own
// words otherwise.
func reasonWords(ctx context.Context, l Line) string {
	if l.Kind == Ignored {
		return i18n.T(ctx, "error."+l.Reason)
	}
	switch l.Reason {
	case ReasonSupplement, ReasonPayment, ReasonSuspension, ReasonOtherAgency:
		return i18n.T(ctx, "clock.reason."+l.Reason)
	case "":
		return i18n.T(ctx, "clock.reason.none")
	}
	return l.Reason
}

// Words names a run of days that differ: "nghỉ Tết Nguyên đán 16/02/2026–20/02/2026".
func (d DayOff) Words(ctx context.Context) string {
	lang := i18n.Lang(ctx)
	span := d.From.Screen(lang)
	if d.To != d.From {
		span += "–" + d.To.Screen(lang)
	}
	key := "clock.day." + string(d.Kind)
	s := strings.TrimSpace(i18n.T(ctx, key, "name", d.Name.In(ctx), "span", span))
	if d.Provisional {
		s += " " + i18n.T(ctx, "clock.day.provisional")
	}
	return s
}

// Words says a term: "5 ngày làm việc", "trong ngày (nhận trước 15:00)".
func (t Term) Words(ctx context.Context) string {
	switch {
	case t.IsZero():
		return i18n.T(ctx, "clock.term.none")
	case t.SameDayBefore != 0 && t.Amount == 1:
		return i18n.T(ctx, "clock.term.same-day", "time", t.SameDayBefore.String())
	}
	return i18n.T(ctx, "clock.term."+string(t.Unit), "n", t.Amount)
}

// WorkWords says a working time in working days, hours and minutes: "2 ngày làm
// việc 3 giờ 30 phút". A negative one is said without its sign.
func WorkWords(ctx context.Context, work time.Duration) string {
	work = work.Abs().Round(time.Minute)
	days := int(work / calendar.FullDay)
	hours := int(work % calendar.FullDay / time.Hour)
	mins := int(work % time.Hour / time.Minute)
	var parts []string
	if days > 0 {
		parts = append(parts, i18n.T(ctx, "clock.working-days", "n", days))
	}
	if hours > 0 {
		parts = append(parts, i18n.T(ctx, "clock.hours", "n", hours))
	}
	if mins > 0 || len(parts) == 0 {
		parts = append(parts, i18n.T(ctx, "clock.minutes", "n", mins))
	}
	return strings.Join(parts, " ")
}

// Words says a judgement: "Còn 2 ngày làm việc", "Quá hạn 3 giờ 10 phút",
// "Trước hạn 1 ngày làm việc". Lateness over a weekend is said in time of the clock.
func (j Judgement) Words(ctx context.Context) string {
	by := WorkWords(ctx, j.Remaining)
	if j.Verdict == Overdue && j.Remaining.Abs() < time.Minute {
		by = clockWords(ctx, j.Late)
	}
	return i18n.T(ctx, "clock.verdict."+string(j.Verdict), "work", by)
}

// clockWords says a time of the clock in days of 24 hours, hours and minutes.
func clockWords(ctx context.Context, d time.Duration) string {
	const day = 24 * time.Hour
	d = max(d.Abs().Round(time.Minute), time.Minute)
	var parts []string
	if n := int(d / day); n > 0 {
		parts = append(parts, i18n.T(ctx, "clock.calendar-days", "n", n))
	}
	if n := int(d % day / time.Hour); n > 0 {
		parts = append(parts, i18n.T(ctx, "clock.hours", "n", n))
	}
	if n := int(d % time.Hour / time.Minute); n > 0 {
		parts = append(parts, i18n.T(ctx, "clock.minutes", "n", n))
	}
	return strings.Join(parts, " ")
}

// Span says the times of a line: "09:00 05/02/2026 – 16:30 06/02/2026", or one
// moment.
func (l Line) Span(ctx context.Context) string {
	lang := i18n.Lang(ctx)
	if l.From.Equal(l.To) {
		return civil.Screen(l.From, lang)
	}
	return civil.Screen(l.From, lang) + " – " + civil.Screen(l.To, lang)
}
