package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

func msTime(ms int64) time.Time { return sqldb.Time(ms) }

// monthOf is the month of a moment in Vietnam, "2026-11".
func monthOf(t time.Time) string { return civil.DateOf(t).String()[:7] }

// count follows the journal and keeps the figures by agency, procedure and month.
// It runs in the transaction that moves its cursor, so every event counts once.
func (s *Service) count(ctx context.Context, tx *sqldb.Tx, e journal.Event) error {
	dossierID, ok := strings.CutPrefix(e.Stream, "dossier:")
	if !ok {
		return nil
	}
	var d Event
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return err
	}
	received := slices.ContainsFunc(d.Clock, func(t Tick) bool { return t.Kind == "start" })
	ended := d.Status != nil && slices.Contains([]Status{StatusRefused, StatusWithdrawn, StatusStopped, StatusDone}, *d.Status)
	if ended && *d.Status == StatusStopped {
		ended = !slices.ContainsFunc(d.Clock, func(t Tick) bool { return t.Kind == "pause" }) // suspended only
	}
	if d.Status != nil && *d.Status == StatusReturned {
		// A flow may hand over at once; what was finished before is counted already.
		ended = slices.ContainsFunc(d.Clock, func(t Tick) bool { return t.Kind == "stop" })
	}
	if !received && !ended {
		return nil
	}
	rec, err := headBy(ctx, tx, "id", dossierID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var add statCount
	if received {
		add.received = 1
		if rec.Channel == Online {
			add.online = 1
		}
	}
	if ended {
		add.count(rec, d)
	}
	return addStat(ctx, tx, rec.CompetentAgencyID, rec.ProcedureCode, monthOf(e.At), add)
}

// statCount is one line of figures.
type statCount struct {
	received, online, done, inTime, late, refused, withdrawn, closed int64
}

// count adds an end: done in time or late, refused, withdrawn. closed counts every
// end of a dossier that had been received, so that what is open can be told.
func (c *statCount) count(rec record, d Event) {
	if !rec.ReceivedAt.IsZero() {
		c.closed = 1
	}
	switch *d.Status {
	case StatusRefused:
		c.refused = 1
		return
	case StatusWithdrawn:
		c.withdrawn = 1
		return
	}
	c.done = 1
	if d.Late != nil && *d.Late || d.Late == nil && rec.Late {
		c.late = 1
	} else {
		c.inTime = 1
	}
}

func addStat(ctx context.Context, tx *sqldb.Tx, agency, procedure, month string, c statCount) error {
	_, err := tx.Exec(ctx, `INSERT INTO dossier_stat (agency_id, procedure_code, month, received, online, done, in_time, late, refused, withdrawn, closed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (agency_id, procedure_code, month) DO UPDATE SET received = dossier_stat.received + excluded.received,
			online = dossier_stat.online + excluded.online, done = dossier_stat.done + excluded.done, in_time = dossier_stat.in_time + excluded.in_time,
			late = dossier_stat.late + excluded.late, refused = dossier_stat.refused + excluded.refused,
			withdrawn = dossier_stat.withdrawn + excluded.withdrawn, closed = dossier_stat.closed + excluded.closed`,
		agency, procedure, month, c.received, c.online, c.done, c.inTime, c.late, c.refused, c.withdrawn, c.closed)
	return err
}

// Stats gives the figures of a period within the reach of stats.read: received, in
// time, late, pending, by agency, procedure or month. Where nothing was done there
// is no rate: "no data" is not 100 %.
func (s *Service) Stats(ctx context.Context, q StatQuery) ([]StatRow, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	agencies, err := s.statAgencies(ctx, actor, q.Agency)
	if err != nil || len(agencies) == 0 {
		return nil, err
	}
	by, ok := map[string]string{"": "agency_id", "agency": "agency_id", "procedure": "procedure_code", "month": "month"}[q.By]
	if !ok {
		return nil, errs.NewInvalid(errs.Bad("by", "dossier.stats-by"))
	}
	from, to := or(q.From, "0000-00"), or(q.To, "9999-99")
	rows := map[string]*StatRow{}
	ids := make([]string, 0, len(agencies))
	for agencyID := range agencies {
		ids = append(ids, agencyID)
	}
	slices.Sort(ids)
	for chunk := range slices.Chunk(ids, 300) {
		if err := s.sums(ctx, chunk, by, from, to, rows); err != nil {
			return nil, err
		}
		if by != "month" {
			if err := s.overdueNow(ctx, chunk, by, rows); err != nil {
				return nil, err
			}
		}
	}
	out := make([]StatRow, 0, len(rows))
	for key, row := range rows {
		row.Key, row.Name = key, key
		switch by {
		case "agency_id":
			row.Name = agencies[key].Name
		case "procedure_code":
			row.Name = s.procedureName(ctx, key)
		}
		row.Pending += row.Carried
		if n := row.InTime + row.Late; n > 0 {
			rate := float64(row.InTime) / float64(n)
			row.OnTime = &rate
		}
		out = append(out, *row)
	}
	slices.SortFunc(out, func(a, b StatRow) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// statAgencies are the agencies whose figures a reader may see.
func (s *Service) statAgencies(ctx context.Context, a identity.Actor, under string) (map[string]org.Agency, error) {
	scope := a.Scope(identity.StatsRead)
	if under != "" {
		top, err := s.Agencies.Agency(ctx, under)
		if err != nil {
			return nil, err
		}
		if !a.MayAt(identity.StatsRead, top.Path) {
			return nil, nil
		}
		scope = []string{top.Path}
	}
	out := map[string]org.Agency{}
	if len(scope) == 0 {
		return out, nil
	}
	for after := ""; ; {
		page, err := s.Agencies.Agencies(ctx, org.AgencyFilter{Under: scope, Closed: true, Limit: 500, After: after})
		if err != nil {
			return nil, err
		}
		for _, agency := range page.Items {
			out[agency.ID] = agency
		}
		if after = page.Next; after == "" {
			return out, nil
		}
	}
}

// sums adds the months of a period, and what was open before it.
func (s *Service) sums(ctx context.Context, agencies []string, by, from, to string, into map[string]*StatRow) error {
	var p args
	in := inList(&p.list, agencies)
	f, t := p.add(from), p.add(to)
	inside := "CASE WHEN month >= " + f + " THEN "
	sum := func(column string) string { return "SUM(" + inside + column + " ELSE 0 END)" }
	carried := "SUM(CASE WHEN month < " + f + " THEN received - closed ELSE 0 END)"
	if by == "month" {
		carried = "0"
	}
	where := "agency_id IN (" + in + ") AND month <= " + t
	if by == "month" {
		where += " AND month >= " + f
	}
	rows, err := s.read.Query(ctx, `SELECT `+by+`, `+carried+`, `+sum("received")+`, `+sum("online")+`, `+sum("done")+`, `+sum("in_time")+`, `+sum("late")+`, `+
		sum("refused")+`, `+sum("withdrawn")+`, `+sum("received - closed")+` FROM dossier_stat WHERE `+where+` GROUP BY `+by+` LIMIT 100000`, p.list...)
	list, err := sqldb.Collect[StatRow](rows, err)(func(r *sqldb.Rows) (x StatRow, err error) {
		return x, r.Scan(&x.Key, &x.Carried, &x.Received, &x.Online, &x.Done, &x.InTime, &x.Late, &x.Refused, &x.Withdrawn, &x.Pending)
	})
	for _, x := range list {
		row := into[x.Key]
		if row == nil {
			row = &StatRow{}
			into[x.Key] = row
		}
		row.Carried += x.Carried
		row.Received += x.Received
		row.Online += x.Online
		row.Done += x.Done
		row.InTime += x.InTime
		row.Late += x.Late
		row.Refused += x.Refused
		row.Withdrawn += x.Withdrawn
		row.Pending += x.Pending
	}
	return err
}

// overdueNow counts what is past due at this moment, from the index of open
// dossiers with a due time.
func (s *Service) overdueNow(ctx context.Context, agencies []string, by string, into map[string]*StatRow) error {
	column := "competent_id"
	if by == "procedure_code" {
		column = by
	}
	var p args
	now := p.add(sqldb.Millis(s.now()))
	type count struct {
		key string
		n   int64
	}
	rows, err := s.read.Query(ctx, `SELECT `+column+`, count(*) FROM dossier_dossier WHERE finished_at IS NULL AND due_at IS NOT NULL AND due_at < `+now+
		` AND paused_at IS NULL AND competent_id IN (`+inList(&p.list, agencies)+`) GROUP BY `+column+` LIMIT 100000`, p.list...)
	list, err := sqldb.Collect[count](rows, err)(func(r *sqldb.Rows) (c count, err error) { return c, r.Scan(&c.key, &c.n) })
	for _, c := range list {
		if row := into[c.key]; row != nil {
			row.Overdue += c.n
		}
	}
	return err
}

// procedureName is the name of a procedure as the newest dossier of it has it.
func (s *Service) procedureName(ctx context.Context, code string) string {
	var name string
	err := s.read.QueryRow(ctx, `SELECT procedure_name FROM dossier_dossier WHERE procedure_code = $1 ORDER BY submitted_at DESC, id DESC LIMIT 1`, code).Scan(&name)
	if err != nil && !errors.Is(err, sqldb.ErrNotFound) {
		return code
	}
	return or(name, code)
}
