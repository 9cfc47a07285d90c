package admin

import (
	"context"
	"strconv"
	"time"

	"motcua/internal/core/org"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
)

func dayColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "day", "weekday", "day-kind", "day-name", "source")
	c[0].Narrow, c[1].Narrow, c[2].Narrow = true, true, true
	return c
}

func monthColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "month", "working", "special")
	c[0].Narrow, c[1].Narrow, c[1].Numeric = true, true, true
	return c
}

// monthRow is one month of the year view.
type monthRow struct {
	Month   time.Month
	Working int
	Runs    []dayRun
}

// dayRun is days in a row that differ in the same way: the five days of Tết.
type dayRun struct {
	First, Last civil.Date
	Day         calendar.Day
	Own         bool
}

// months draws the year, a row a month.
func months(v calendarView) []monthRow {
	rows := make([]monthRow, 12)
	first, last := yearOf(v.Year)
	for d := first; !d.After(last); d = d.AddDays(1) {
		row := &rows[d.Month()-1]
		row.Month = d.Month()
		if v.Cal.IsWorking(d) {
			row.Working++
		}
	}
	for _, d := range v.Days {
		row := &rows[d.Date.Month()-1]
		if n := len(row.Runs); n > 0 {
			run := &row.Runs[n-1]
			if run.Last.AddDays(1) == d.Date && run.Day.Kind == d.Kind && run.Day.Name == d.Name && run.Own == d.Own {
				run.Last = d.Date
				continue
			}
		}
		row.Runs = append(row.Runs, dayRun{d.Date, d.Date, d.Day, d.Own})
	}
	return rows
}

// runText says which days, and what they are: "16–20: Tết Nguyên đán".
func runText(ctx context.Context, x dayRun) string {
	days := strconv.Itoa(x.First.Day())
	if x.First != x.Last {
		days += "–" + strconv.Itoa(x.Last.Day())
	}
	name, kind := dayName(ctx, x.Day), word(ctx, "admin.day."+string(x.Day.Kind))
	if name == kind || x.Day.Kind == calendar.Holiday {
		return days + ": " + name
	}
	return days + ": " + kind + " (" + name + ")"
}

// inheritedFrom says where what is not the agency's own comes from.
func inheritedFrom(ctx context.Context, a org.Agency) string {
	if a.ParentID == "" {
		return word(ctx, "admin.national")
	}
	return word(ctx, "admin.inherited")
}

func versionColumns(ctx context.Context) []ui.Column {
	c := columns(ctx, "version", "when", "who", "reason", "own-days")
	c[4].Numeric = true
	return c
}

func dayPath(agencyID string, d civil.Date) string {
	return calendarPath(agencyID) + "/ngay?ngay=" + d.String()
}

// yearTabs offers the year before, this one and the next two.
func yearTabs(v calendarView) []ui.Tab {
	var tabs []ui.Tab
	for y := max(firstYear, v.Year-1); y <= min(v.Year+2, v.Today.Year()+aheadYears); y++ {
		tabs = append(tabs, ui.Tab{Text: strconv.Itoa(y), Href: calendarPath(v.Agency.ID) + "?nam=" + strconv.Itoa(y), Current: y == v.Year})
	}
	return tabs
}

// daysOff counts the days of the year that are off although the week would have
// the office open.
func daysOff(v calendarView) int {
	n := 0
	for _, d := range v.Days {
		if len(v.Cal.Week[d.Date.Weekday()]) > 0 && !v.Cal.IsWorking(d.Date) {
			n++
		}
	}
	return n
}

func provisional(v calendarView) bool {
	for _, d := range v.Days {
		if d.Provisional {
			return true
		}
	}
	return false
}

func dayTone(k calendar.Kind) ui.Tone {
	switch k {
	case calendar.Holiday, calendar.InLieu:
		return ui.Danger
	case calendar.SwapOff, calendar.Closed:
		return ui.Warn
	case calendar.MakeUp:
		return ui.OK
	default:
		return ui.Info
	}
}

func weekTerms(ctx context.Context, w calendar.Week) []ui.Term {
	var terms []ui.Term
	for _, f := range weekFields() {
		value := w[f.Day].String()
		if value == "" {
			value = word(ctx, "admin.closed-day")
		}
		terms = append(terms, ui.Term{Term: civil.WeekdayName(f.Day, i18n.Lang(ctx)), Value: value})
	}
	return terms
}

// weekSource says whose hours these are.
func weekSource(ctx context.Context, v calendarView) string {
	if v.Own.Layer.Week.IsZero() {
		return inheritedFrom(ctx, v.Agency)
	}
	return word(ctx, "admin.own-week")
}

func dayTitle(ctx context.Context, v dayForm) string {
	if !v.Given {
		return word(ctx, "admin.add-day")
	}
	return word(ctx, "admin.edit-day", "day", v.Form.Get("date"))
}

func dayOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, k := range dayKinds() {
		options = append(options, ui.Option{Value: string(k), Text: word(ctx, "admin.day."+string(k)), Help: word(ctx, "admin.day-help."+string(k))})
	}
	return options
}
