package dossier

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
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

// count follows the journal and keeps the figures: see the cube.
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
	if e.Type == "dossier."+evHandedOver {
		return s.countHandover(ctx, tx, e, d)
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
	// The agency of the event: since then the dossier may have gone to another.
	return addStat(ctx, tx, or(d.Competent, rec.CompetentAgencyID), rec.ProcedureCode, monthOf(e.At), add)
}

// countHandover carries what is pending over to the successor. No month before
// changes: what the ended agency received and did stays its own.
func (s *Service) countHandover(ctx context.Context, tx *sqldb.Tx, e journal.Event, d Event) error {
	if d.FromCompetent == "" || !d.Open {
		return nil
	}
	if err := addStat(ctx, tx, d.FromCompetent, d.Procedure, monthOf(e.At), statCount{movedOut: 1}); err != nil {
		return err
	}
	return addStat(ctx, tx, d.Competent, d.Procedure, monthOf(e.At), statCount{movedIn: 1})
}

// statCount is one line of figures.
type statCount struct {
	received, online, done, inTime, late, refused, withdrawn, closed, movedIn, movedOut int64
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
	ids := slices.Sorted(maps.Keys(agencies))
	rows, all, err := s.figures(ctx, ids, by, period{or(q.From, "0000-00"), or(q.To, "9999-99")})
	if err != nil {
		return nil, err
	}
	if err := s.overdueNow(ctx, ids, all, by, rows); err != nil {
		return nil, err
	}
	var names map[string]string
	if by == "procedure_code" {
		if names, err = s.procedureNames(ctx, slices.Sorted(maps.Keys(rows))); err != nil {
			return nil, err
		}
	}
	out := make([]StatRow, 0, len(rows))
	for key, row := range rows {
		row.Key, row.Name = key, key
		switch by {
		case "agency_id":
			row.Name = agencies[key].Name
		case "procedure_code":
			row.Name = or(names[key], key)
		}
		row.Pending += row.Carried // what stood open, and what was added to it
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

// counted is the condition under which a figure counts a dossier. It says of heads
// what count says of events.
func (s *Service) counted(ctx context.Context, a identity.Actor, q QueueQuery, p *args) (string, error) {
	from, to, err := q.Figure.period()
	if err != nil {
		return "", err
	}
	scope := a.Scope(identity.StatsRead)
	if q.Figure.Under != "" {
		top, err := s.Agencies.Agency(ctx, q.Figure.Under)
		if err != nil {
			return "", err
		}
		if !a.MayAt(identity.StatsRead, top.Path) {
			return "", errNotFound()
		}
		scope = []string{top.Path}
	}
	competent, path, err := s.competentAt(ctx, func() string {
		switch q.Figure.Kind {
		case "carried":
			return p.add(from)
		case "received", "online":
			return "d.received_at"
		case "pending":
			return p.add(to)
		case "overdue":
			return p.add(sqldb.Millis(s.now()))
		}
		return "d.finished_at"
	})
	if err != nil {
		return "", err
	}
	where := " AND " + identity.Within(s.DB.Dialect(), path, scope, &p.list)
	if q.Agency != "" {
		where += " AND " + competent + " = " + p.add(q.Agency)
	}
	within := func(column string) string {
		return " AND " + column + " >= " + p.add(from) + " AND " + column + " < " + p.add(to)
	}
	openAt := func(at int64) string {
		return " AND d.received_at < " + p.add(at) + " AND (d.finished_at IS NULL OR d.finished_at >= " + p.add(at) + ")"
	}
	status := func(is ...Status) string {
		list := make([]string, len(is))
		for i, st := range is {
			list[i] = strconv.Itoa(int(st))
		}
		return strings.Join(list, ", ")
	}
	done := func() string {
		return within("d.finished_at") + " AND d.status NOT IN (" + status(StatusRefused, StatusWithdrawn) + ")"
	}
	switch q.Figure.Kind {
	case "carried":
		where += openAt(from)
	case "received":
		where += within("d.received_at")
	case "online":
		where += within("d.received_at") + " AND d.channel = '" + string(Online) + "'"
	case "done":
		where += done()
	case "in_time":
		where += done() + " AND d.late = 0"
	case "late":
		where += done() + " AND d.late = 1"
	case "refused":
		where += within("d.finished_at") + " AND d.status = " + status(StatusRefused)
	case "withdrawn":
		where += within("d.finished_at") + " AND d.status = " + status(StatusWithdrawn)
	case "pending":
		where += openAt(to)
	case "overdue":
		where += " AND d.finished_at IS NULL AND d.paused_at IS NULL AND d.due_at < " + p.add(sqldb.Millis(s.now()))
	default:
		return "", errs.NewInvalid(errs.Bad("figure", "dossier.stats-by"))
	}
	return where, nil
}

// period is from the first millisecond of the first month until the last of the last.
func (f Figure) period() (from, to int64, err error) {
	first, err := civil.Parse(or(f.From, "1900-01") + "-01")
	if err != nil {
		return 0, 0, errs.NewInvalid(errs.Bad("from", "date.format"))
	}
	last, err := civil.Parse(or(f.To, "2999-12") + "-01")
	if err != nil {
		return 0, 0, errs.NewInvalid(errs.Bad("to", "date.format"))
	}
	return sqldb.Millis(first.Start()), sqldb.Millis(last.AddMonths(1).Start()), nil
}

// overdueNow counts what is past due at this moment, one by one, but in an index of
// open dossiers with a due time: for each agency, or for each procedure. A reader of
// all agencies need not have each dossier's agency looked up among them: what is past
// due was received, so its agency is one for which something was counted.
func (s *Service) overdueNow(ctx context.Context, agencies []string, all bool, by string, into map[string]*StatRow) error {
	if by == "month" || len(into) == 0 {
		return nil
	}
	column, each := "competent_id", agencies
	if all && by == "procedure_code" {
		column, each = by, slices.Sorted(maps.Keys(into))
	}
	type count struct {
		key string
		n   int64
	}
	for chunk := range slices.Chunk(each, statChunk) {
		var p args
		late := `count(*) FROM dossier_dossier d WHERE d.finished_at IS NULL AND d.paused_at IS NULL AND d.due_at IS NOT NULL AND d.due_at < ` + p.add(sqldb.Millis(s.now()))
		var text string
		if by == "procedure_code" && !all {
			text = `SELECT d.procedure_code, ` + late + ` AND d.competent_id IN (` + inList(&p.list, chunk) + `) GROUP BY d.procedure_code LIMIT 100000`
		} else {
			keys := make([][]any, len(chunk))
			for i, key := range chunk {
				keys[i] = []any{key}
			}
			text = `SELECT c.column1, (SELECT ` + late + ` AND d.` + column + ` = c.column1) FROM (` + values(&p, []string{""}, keys) + `) c LIMIT 1000`
		}
		rows, err := s.read.Query(ctx, text, p.list...)
		list, err := sqldb.Collect[count](rows, err)(func(r *sqldb.Rows) (c count, err error) { return c, r.Scan(&c.key, &c.n) })
		if err != nil {
			return err
		}
		for _, c := range list {
			if row := into[c.key]; row != nil {
				row.Overdue += c.n
			}
		}
	}
	return nil
}

// procedureNames are the names of procedures as the newest dossier of each has them.
func (s *Service) procedureNames(ctx context.Context, codes []string) (map[string]string, error) {
	names := map[string]string{}
	for chunk := range slices.Chunk(codes, 300) {
		var p args
		values := make([]string, len(chunk))
		for i, code := range chunk {
			values[i] = "(CAST(" + p.add(code) + " AS TEXT))"
		}
		rows, err := s.read.Query(ctx, `SELECT d.procedure_code, d.procedure_name FROM dossier_dossier d WHERE d.id IN (
			SELECT (SELECT n.id FROM dossier_dossier n WHERE n.procedure_code = c.column1 ORDER BY n.submitted_at DESC, n.id DESC LIMIT 1)
			FROM (VALUES `+strings.Join(values, ", ")+`) c) LIMIT 1000`, p.list...)
		list, err := sqldb.Collect[[2]string](rows, err)(func(r *sqldb.Rows) (x [2]string, err error) { return x, r.Scan(&x[0], &x[1]) })
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			names[x[0]] = x[1]
		}
	}
	return names, nil
}
