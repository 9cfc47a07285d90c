package org

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// CalendarVersion is one state of the layer of working time that an agency lays
// over the calendar of its parent (lịch làm việc). It is never changed.
type CalendarVersion struct {
	AgencyID  string
	Number    int64             // 1, 2, 3…; 0 means that the agency has no layer of its own
	Layer     calendar.Calendar // own week, if any, and own days
	Reason    string
	CreatedAt time.Time
	CreatedBy string // account id
}

// CalendarChange is what an administrator changes at once.
type CalendarChange struct {
	AgencyID string
	Number   int64            // the version that was read, 0 for none: guards against two editors
	Week     *calendar.Week   // new usual hours; nil leaves them, a zero week inherits them again
	Set      []calendar.Dated // days that differ; a day of kind Ordinary cancels what a parent says
	Remove   []civil.Date     // own days to forget
	Reason   string           // why: the notice or decision; required
}

// Calendar returns the working calendar of an agency as it was known at a moment:
// the national calendar, and over it the layers of the agency's ancestors and its
// own, each in its newest version made by then. A zero at means now. Its Version
// names all of them, so equal versions are equal calendars.
func (s *Service) Calendar(ctx context.Context, agencyID string, at time.Time) (calendar.Calendar, error) {
	t, err := s.snapshot(ctx)
	if err != nil {
		return calendar.Calendar{}, err
	}
	a := t.byID[agencyID]
	if a == nil {
		return calendar.Calendar{}, errAgencyNotFound()
	}
	type layer struct {
		agency *Agency
		number int64
	}
	var layers []layer
	name := strings.Builder{}
	name.WriteString(s.national.Version)
	for _, up := range a.Ancestors() {
		b := t.byID[up]
		if b == nil {
			continue
		}
		if n := newestBy(t.calendars[up], at); n > 0 {
			layers = append(layers, layer{b, n})
			name.WriteString("+" + layerName(b.Code, n))
		}
	}
	if c, ok := s.calendars.Load(name.String()); ok {
		return c.(calendar.Calendar), nil
	}
	c := s.national
	for _, l := range layers {
		v, err := s.calendarVersion(ctx, l.agency.ID, l.number)
		if err != nil {
			return calendar.Calendar{}, err
		}
		v.Layer.Version = layerName(l.agency.Code, l.number)
		c = c.Overlay(v.Layer)
	}
	s.calendars.Store(name.String(), c)
	return c, nil
}

func layerName(code string, number int64) string { return code + "#" + strconv.FormatInt(number, 10) }

// madeAt says when a version of a layer was made.
type madeAt struct {
	number int64
	at     time.Time
}

// newestBy returns the number of the newest version made by the moment at, 0 for none.
func newestBy(versions []madeAt, at time.Time) int64 {
	for _, v := range slices.Backward(versions) {
		if at.IsZero() || !v.at.After(at) {
			return v.number
		}
	}
	return 0
}

// CalendarLayer returns the newest layer of an agency's own, Number 0 when it has none.
func (s *Service) CalendarLayer(ctx context.Context, agencyID string) (CalendarVersion, error) {
	if _, err := s.Agency(ctx, agencyID); err != nil {
		return CalendarVersion{}, err
	}
	return newestLayer(ctx, s.db, agencyID)
}

// CalendarVersions returns the versions of an agency's own layer, newest first,
// before the version numbered before (0 starts with the newest), at most limit.
func (s *Service) CalendarVersions(ctx context.Context, agencyID string, before int64, limit int) ([]CalendarVersion, error) {
	if limit <= 0 || limit > 200 {
		limit = 20
	}
	rows, err := s.db.Query(ctx, `SELECT `+calendarColumns+` FROM org_calendar_version
		WHERE agency_id = $1 AND ($2 = 0 OR number < $2) ORDER BY number DESC LIMIT $3`, agencyID, before, limit)
	list, err := sqldb.Collect[CalendarVersion](rows, err)(func(r *sqldb.Rows) (CalendarVersion, error) { return scanCalendar(r) })
	if err != nil {
		return nil, fmt.Errorf("list calendar versions: %w", err)
	}
	return list, nil
}

// SaveCalendarDay makes a new version in which one day is as given.
func (s *Service) SaveCalendarDay(ctx context.Context, agencyID string, date civil.Date, day calendar.Day, reason string) (CalendarVersion, error) {
	own, err := s.CalendarLayer(ctx, agencyID)
	if err != nil {
		return CalendarVersion{}, err
	}
	return s.ChangeCalendar(ctx, CalendarChange{
		AgencyID: agencyID, Number: own.Number, Set: []calendar.Dated{{Date: date, Day: day}}, Reason: reason,
	})
}

// ChangeCalendar makes a new version of an agency's layer and journals it with
// its reason (event org.calendar-changed, whose path says which agencies it
// reaches). Due dates are functions of the calendar: whoever keeps one follows
// that event and computes it anew.
func (s *Service) ChangeCalendar(ctx context.Context, c CalendarChange) (CalendarVersion, error) {
	c.Reason = fold.Clean(c.Reason)
	a, err := s.Agency(ctx, c.AgencyID)
	if err != nil {
		return CalendarVersion{}, err
	}
	if err := s.allow(ctx, permCalendar, a.Path); err != nil {
		return CalendarVersion{}, err
	}
	above, err := s.inherited(ctx, a)
	if err != nil {
		return CalendarVersion{}, err
	}
	bad := length("reason", c.Reason, true, maxText)
	if c.Week == nil && len(c.Set) == 0 && len(c.Remove) == 0 {
		bad = append(bad, errs.Bad("date", "org.calendar-nothing"))
	}
	for _, d := range c.Set {
		if d.Date.IsZero() {
			bad = append(bad, errs.Bad("date", "org.required"))
		}
	}
	var made CalendarVersion
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		own, err := newestLayer(ctx, tx, c.AgencyID)
		if err != nil {
			return err
		}
		if own.Number != c.Number {
			return errStale()
		}
		next := apply(own.Layer, c)
		bad := append(slices.Clone(bad), fieldsOf(above.Overlay(next).Validate())...)
		if err := errs.NewInvalid(bad...); err != nil {
			return err
		}
		made = CalendarVersion{
			AgencyID: c.AgencyID, Number: own.Number + 1, Layer: next, Reason: c.Reason, CreatedAt: s.now().UTC(), CreatedBy: s.who(ctx).ID,
		}
		content, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("encode calendar: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO org_calendar_version (`+calendarColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
			made.AgencyID, made.Number, string(content), made.Reason, sqldb.Millis(made.CreatedAt), made.CreatedBy); err != nil {
			return fmt.Errorf("store calendar: %w", err)
		}
		return s.record(ctx, tx, c.AgencyID, "org.calendar-changed", map[string]any{
			"path": a.Path, "number": made.Number, "week": c.Week, "set": c.Set, "remove": c.Remove, "reason": c.Reason,
		})
	})
	if err != nil {
		return CalendarVersion{}, err
	}
	return made, nil
}

// inherited is what an agency would have without a layer of its own.
func (s *Service) inherited(ctx context.Context, a Agency) (calendar.Calendar, error) {
	if a.ParentID == "" {
		return s.national, nil
	}
	return s.Calendar(ctx, a.ParentID, time.Time{})
}

func apply(own calendar.Calendar, c CalendarChange) calendar.Calendar {
	own.Version = ""
	own.Days = maps.Clone(own.Days)
	if own.Days == nil {
		own.Days = map[civil.Date]calendar.Day{}
	}
	if c.Week != nil {
		own.Week = *c.Week
	}
	for _, d := range c.Remove {
		delete(own.Days, d)
	}
	for _, d := range c.Set {
		own.Days[d.Date] = d.Day
	}
	return own
}

func fieldsOf(err error) []errs.Field {
	if e, ok := errs.As(err); ok {
		return e.Fields
	}
	return nil
}

const calendarColumns = `agency_id, number, content, reason, created_at, created_by`

func scanCalendar(r interface{ Scan(...any) error }) (v CalendarVersion, err error) {
	var content string
	var at int64
	if err := r.Scan(&v.AgencyID, &v.Number, &content, &v.Reason, &at, &v.CreatedBy); err != nil {
		return CalendarVersion{}, err
	}
	v.CreatedAt = sqldb.Time(at)
	if err := json.Unmarshal([]byte(content), &v.Layer); err != nil {
		return CalendarVersion{}, fmt.Errorf("read calendar version %d: %w", v.Number, err)
	}
	return v, nil
}

func newestLayer(ctx context.Context, r sqldb.Reader, agencyID string) (CalendarVersion, error) {
	v, err := scanCalendar(r.QueryRow(ctx, `SELECT `+calendarColumns+` FROM org_calendar_version
		WHERE agency_id = $1 ORDER BY number DESC LIMIT 1`, agencyID))
	if isNotFound(err) {
		return CalendarVersion{AgencyID: agencyID}, nil
	}
	if err != nil {
		return CalendarVersion{}, fmt.Errorf("load calendar layer: %w", err)
	}
	return v, nil
}

// calendarVersion reads one version; what was read once never changes.
func (s *Service) calendarVersion(ctx context.Context, agencyID string, number int64) (CalendarVersion, error) {
	v, err := scanCalendar(s.db.QueryRow(ctx, `SELECT `+calendarColumns+` FROM org_calendar_version WHERE agency_id = $1 AND number = $2`, agencyID, number))
	if err != nil {
		return CalendarVersion{}, fmt.Errorf("load calendar version %d: %w", number, err)
	}
	return v, nil
}

// loadCalendars reads which versions exist, without their contents.
func loadCalendars(ctx context.Context, r sqldb.Reader) (map[string][]madeAt, error) {
	type row struct {
		agency string
		madeAt
	}
	rows, err := r.Query(ctx, `SELECT agency_id, number, created_at FROM org_calendar_version ORDER BY agency_id, number LIMIT 100000`)
	list, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (x row, err error) {
		var at int64
		err = r.Scan(&x.agency, &x.number, &at)
		x.at = sqldb.Time(at)
		return x, err
	})
	if err != nil {
		return nil, fmt.Errorf("load calendar versions: %w", err)
	}
	byAgency := map[string][]madeAt{}
	for _, x := range list {
		byAgency[x.agency] = append(byAgency[x.agency], x.madeAt)
	}
	return byAgency, nil
}

// Start notes a change of the national calendar that came with this program, so
// that whoever keeps due dates computes them anew.
func (s *Service) Start(ctx context.Context) error {
	var known string
	if err := s.db.QueryRow(ctx, `SELECT national FROM org_state WHERE id = 1`).Scan(&known); err != nil {
		return fmt.Errorf("read national calendar version: %w", err)
	}
	if known == s.national.Version {
		return nil
	}
	return s.write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE org_state SET national = $1 WHERE id = 1 AND national <> $1`, s.national.Version)
		if err != nil {
			return fmt.Errorf("note national calendar version: %w", err)
		}
		if n == 0 { // another replica was first
			return nil
		}
		return s.record(ctx, tx, "national", "org.calendar-changed", map[string]any{
			"path": "/", "from": known, "version": s.national.Version,
		})
	})
}
