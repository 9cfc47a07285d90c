package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// calendars leads to the calendar of the agency where the actor's scope begins.
func (s *Service) calendars(w http.ResponseWriter, r *http.Request) error {
	paths := identity.From(r.Context()).Scope(identity.AdminCalendar)
	if len(paths) == 0 {
		return errs.NewNotFound("web.not-found")
	}
	ids := org.PathIDs(paths[0])
	if len(ids) == 0 {
		return errs.NewNotFound("web.not-found")
	}
	return web.SeeOther(w, r, calendarPath(ids[len(ids)-1]))
}

func calendarPath(agencyID string) string { return agencyPath(agencyID) + "/lich" }

type calendarView struct {
	Agency  org.Agency
	Crumbs  []ui.Crumb
	Year    int
	Today   civil.Date
	Cal     calendar.Calendar // in force, with everything inherited
	Own     org.CalendarVersion
	Working int // working days of the year
	Days    []dayRow
	KnownTo civil.Date // last day of which the national calendar is announced
	May     bool
}

// dayRow is one day that differs from the usual week.
type dayRow struct {
	calendar.Dated
	Own bool // said by this agency itself, not by one above it
}

// firstYear and aheadYears bound the years that are shown.
const (
	firstYear  = 2015
	aheadYears = 5
)

func (s *Service) calendarView(r *http.Request) (calendarView, error) {
	ctx := r.Context()
	a, err := s.visible(ctx, r.PathValue("id"))
	if err != nil {
		return calendarView{}, err
	}
	v := calendarView{Agency: a, Today: s.today(), May: identity.From(ctx).MayAt(identity.AdminCalendar, a.Path), KnownTo: calendar.KnownTo()}
	v.Year = v.Today.Year()
	if y, err := strconv.Atoi(r.URL.Query().Get("nam")); err == nil && y >= firstYear && y <= v.Today.Year()+aheadYears {
		v.Year = y
	}
	if v.Crumbs, err = s.crumbs(ctx, a, true); err != nil {
		return v, err
	}
	if v.Cal, err = s.org.Calendar(ctx, a.ID, time.Time{}); err != nil {
		return v, err
	}
	v.Own, err = s.org.CalendarLayer(ctx, a.ID)
	return v, err
}

func (s *Service) calendar(w http.ResponseWriter, r *http.Request) error {
	v, err := s.calendarView(r)
	if err != nil {
		return err
	}
	first, last := yearOf(v.Year)
	for _, d := range v.Cal.Exceptions(first, last) {
		_, own := v.Own.Layer.Days[d.Date]
		v.Days = append(v.Days, dayRow{d, own})
	}
	for d := first; !d.After(last); d = d.AddDays(1) {
		if v.Cal.IsWorking(d) {
			v.Working++
		}
	}
	return web.Render(w, r, http.StatusOK, calendarPage(v))
}

func yearOf(year int) (first, last civil.Date) {
	first, _ = civil.NewDate(year, time.January, 1)
	last, _ = civil.NewDate(year, time.December, 31)
	return first, last
}

type dayForm struct {
	calendarView
	Form   url.Values
	Errors ui.Errors
	Given  bool // the day came with the address
	Above  calendar.Day
	HasOwn bool
}

// dayKinds are the kinds of day an administrator chooses from.
func dayKinds() []calendar.Kind {
	return []calendar.Kind{calendar.Holiday, calendar.InLieu, calendar.SwapOff, calendar.MakeUp, calendar.Closed, calendar.Special, calendar.Ordinary}
}

func (s *Service) dayFrame(r *http.Request) (dayForm, error) {
	v, err := s.calendarView(r)
	if err != nil {
		return dayForm{}, err
	}
	if !v.May {
		return dayForm{}, errs.NewNotFound("org.agency-not-found")
	}
	return dayForm{calendarView: v, Form: url.Values{}}, nil
}

func (s *Service) dayPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.dayFrame(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v.Form.Set("number", number(v.Own.Number))
	if d, err := civil.Parse(r.URL.Query().Get("ngay")); err == nil {
		v.Given = true
		v.Form.Set("date", typedDay(ctx, d))
		day, differs := v.Cal.Exception(d)
		_, v.HasOwn = v.Own.Layer.Days[d]
		if differs {
			v.Above = day
			v.Form.Set("kind", string(day.Kind))
			v.Form.Set("name_vi", day.Name.VI)
			v.Form.Set("name_en", day.Name.EN)
			v.Form.Set("hours", day.Hours.String())
			v.Form.Set("pair", typedDay(ctx, day.Pair))
			v.Form.Set("basis", day.Basis)
		}
	}
	return web.Render(w, r, http.StatusOK, dayPage(v))
}

func (s *Service) saveDay(w http.ResponseWriter, r *http.Request) error {
	v, err := s.dayFrame(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	date, day, bad := readDayForm(v.Form)
	c := org.CalendarChange{AgencyID: v.Agency.ID, Number: layerNumber(v.Form), Reason: v.Form.Get("reason")}
	_, v.HasOwn = v.Own.Layer.Days[date]
	if v.Form.Get("action") == "remove" {
		c.Remove, bad = []civil.Date{date}, nil
	} else {
		c.Set = []calendar.Dated{{Date: date, Day: day}}
		// A swap changes two days at once: the day off and the Saturday worked for it.
		if other, ok := pairOf(date, day); ok && v.Form.Get("both") != "" {
			c.Set = append(c.Set, other)
		}
	}
	if len(bad) == 0 {
		if _, err = s.org.ChangeCalendar(r.Context(), c); err == nil {
			web.Flash(w, r, "admin.calendar-saved")
			return web.SeeOther(w, r, calendarPath(v.Agency.ID)+"?nam="+strconv.Itoa(date.Year()))
		}
	}
	err = onPage(err, date)
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return dayPage(v) })
}

// layerNumber is the version of the layer that the form was made from.
func layerNumber(f url.Values) int64 {
	n, err := strconv.ParseInt(f.Get("number"), 10, 64)
	if err != nil {
		return -1 // fits no version
	}
	return n
}

// readDayForm reads one day; in the form's own words what is wrong with it.
func readDayForm(f url.Values) (civil.Date, calendar.Day, []errs.Field) {
	var bad []errs.Field
	date := readDay(f, "date", &bad)
	if date.IsZero() && len(bad) == 0 {
		bad = append(bad, errs.Bad("date", "org.required"))
	}
	day := calendar.Day{Kind: calendar.Kind(f.Get("kind")), Name: i18n.Text{VI: f.Get("name_vi"), EN: f.Get("name_en")}, Basis: f.Get("basis")}
	if !slices.Contains(dayKinds(), day.Kind) {
		bad = append(bad, errs.Bad("kind", "org.choose"))
	}
	if off(day.Kind) && day.Name.VI == "" {
		bad = append(bad, errs.Bad("name_vi", "org.required"))
	}
	if f.Get("hours") != "" {
		hours, err := calendar.ParseHours(f.Get("hours"))
		if err != nil {
			bad = append(bad, errs.Bad("hours", "admin.hours"))
		}
		day.Hours = hours
	}
	if day.Kind == calendar.Special && f.Get("hours") == "" {
		bad = append(bad, errs.Bad("hours", "org.required"))
	}
	if day.Kind == calendar.SwapOff || day.Kind == calendar.MakeUp {
		day.Pair = readDay(f, "pair", &bad)
		if day.Pair == date && !date.IsZero() {
			bad = append(bad, errs.Bad("pair", "admin.pair-same"))
		}
	}
	return date, day, bad
}

func off(k calendar.Kind) bool {
	return k == calendar.Holiday || k == calendar.InLieu || k == calendar.SwapOff || k == calendar.Closed
}

// pairOf is the other half of a swap.
func pairOf(date civil.Date, day calendar.Day) (calendar.Dated, bool) {
	if day.Pair.IsZero() {
		return calendar.Dated{}, false
	}
	other := calendar.Day{Name: day.Name, Basis: day.Basis, Pair: date}
	switch day.Kind {
	case calendar.SwapOff:
		other.Kind = calendar.MakeUp
	case calendar.MakeUp:
		other.Kind = calendar.SwapOff
	default:
		return calendar.Dated{}, false
	}
	return calendar.Dated{Date: day.Pair, Day: other}, true
}

// onPage turns the field names of package calendar into those of the day form.
func onPage(err error, date civil.Date) error {
	return renamed(err, "days."+date.String(), "kind", "week", "kind")
}

type weekForm struct {
	calendarView
	Form   url.Values
	Errors ui.Errors
}

// weekFields are the form fields of the week, Monday first, with their day.
func weekFields() []struct {
	Name string
	Day  time.Weekday
} {
	return []struct {
		Name string
		Day  time.Weekday
	}{{"mon", time.Monday}, {"tue", time.Tuesday}, {"wed", time.Wednesday}, {"thu", time.Thursday}, {"fri", time.Friday}, {"sat", time.Saturday}, {"sun", time.Sunday}}
}

func (s *Service) weekFrame(r *http.Request) (weekForm, error) {
	v, err := s.calendarView(r)
	if err != nil {
		return weekForm{}, err
	}
	if !v.May {
		return weekForm{}, errs.NewNotFound("org.agency-not-found")
	}
	return weekForm{calendarView: v, Form: url.Values{}}, nil
}

func (s *Service) weekPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.weekFrame(r)
	if err != nil {
		return err
	}
	for _, f := range weekFields() {
		v.Form.Set(f.Name, v.Cal.Week[f.Day].String())
	}
	v.Form.Set("number", number(v.Own.Number))
	return web.Render(w, r, http.StatusOK, weekPage(v))
}

func (s *Service) saveWeek(w http.ResponseWriter, r *http.Request) error {
	v, err := s.weekFrame(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.Form(r); err != nil {
		return err
	}
	var week calendar.Week
	var bad []errs.Field
	inherit := v.Form.Get("action") == "inherit"
	for _, f := range weekFields() {
		if inherit {
			break
		}
		hours, err := calendar.ParseHours(v.Form.Get(f.Name))
		if err != nil {
			bad = append(bad, errs.Bad(f.Name, "admin.hours"))
		}
		week[f.Day] = hours
	}
	if len(bad) == 0 && !inherit && week.IsZero() {
		bad = append(bad, errs.Bad("mon", "calendar.never-open"))
	}
	if len(bad) == 0 {
		_, err = s.org.ChangeCalendar(r.Context(), org.CalendarChange{AgencyID: v.Agency.ID, Number: layerNumber(v.Form), Week: &week, Reason: v.Form.Get("reason")})
		if err == nil {
			web.Flash(w, r, "admin.calendar-saved")
			return web.SeeOther(w, r, calendarPath(v.Agency.ID))
		}
	}
	return again(w, r, err, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return weekPage(v) })
}

type versionsView struct {
	calendarView
	List  []org.CalendarVersion
	Names map[string]string
	Next  string
}

func (s *Service) calendarVersions(w http.ResponseWriter, r *http.Request) error {
	base, err := s.calendarView(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := versionsView{calendarView: base}
	before, err := strconv.ParseInt(r.URL.Query().Get("sau"), 10, 64)
	if err != nil {
		before = 0
	}
	const most = 20
	if v.List, err = s.org.CalendarVersions(ctx, base.Agency.ID, before, most); err != nil {
		return err
	}
	if len(v.List) == most && v.List[most-1].Number > 1 {
		v.Next = nextPage(r, number(v.List[most-1].Number))
	}
	ids := make([]string, 0, len(v.List))
	for _, x := range v.List {
		ids = append(ids, x.CreatedBy)
	}
	if v.Names, err = s.identity.Names(ctx, ids...); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, versionsPage(v))
}

// dayName says what a day is called, and what kind of day it is when it has no name.
func dayName(ctx context.Context, d calendar.Day) string {
	if n := d.Name.In(ctx); n != "" {
		return n
	}
	return word(ctx, "admin.day."+string(d.Kind))
}
