package dossier

import (
	"context"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Limits of lists.
const (
	defaultPage  = 25
	largestPage  = 100
	searchCap    = 500 // candidates looked at for one search; who gets that many types more
	directScopes = 64  // agencies in reach up to which each is read by itself
	searchAgency = 400 // agencies in reach that a search goes through
)

func pageSize(n int) int {
	if n <= 0 {
		return defaultPage
	}
	return min(n, largestPage)
}

// cursor is where a page of a list ended: two sort values, as one opaque text.
type cursor struct {
	at int64
	id string
	ok bool
}

func readCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	at, id, found := strings.Cut(string(raw), "/")
	n, perr := strconv.ParseInt(at, 10, 64)
	if err != nil || perr != nil || !found || len(id) > 80 {
		return cursor{}, errs.NewInvalid(errs.Bad("after", "dossier.page"))
	}
	return cursor{at: n, id: id, ok: true}, nil
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.at, 10) + "/" + c.id))
}

// args gathers parameters while a query is written.
type args struct{ list []any }

func (a *args) add(v any) string {
	a.list = append(a.list, v)
	return "$" + strconv.Itoa(len(a.list))
}

// Queue reads one page of a work queue. Whose tasks it shows follows from the posts
// of the reader; see [Queue].
func (s *Service) Queue(ctx context.Context, q QueueQuery) (Page, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Page{}, err
	}
	if q.Queue == "" {
		q.Queue = QueueMine
	}
	after, err := readCursor(q.After)
	if err != nil {
		return Page{}, err
	}
	if q.Queue == QueueAll {
		return s.all(ctx, actor, q, after)
	}
	var found []string
	if strings.TrimSpace(q.Search) != "" {
		list, err := s.find(ctx, actor, q)
		if err != nil || len(list) == 0 {
			return Page{}, err
		}
		found = idsOf(list)
	}
	if q.Queue == QueueFollowing {
		return s.following(ctx, actor, q, found, after)
	}
	if !slices.Contains(Queues(), q.Queue) {
		return Page{}, errs.NewNotFound("dossier.no-queue")
	}
	return s.taskPage(ctx, actor, q, found, after)
}

// branch is one index-backed part of a work queue: a condition on dossier_task.
type branch string

// desks are the agencies and roles at which an actor works.
type desk struct{ agencyID, role string }

func desks(a identity.Actor) []desk {
	var out []desk
	for _, p := range a.Posts {
		for _, role := range p.Roles {
			d := desk{p.AgencyID, role}
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	return out
}

// branches are the parts of the work an actor sees in a queue: what is theirs by
// name, what waits in their roles, and all of an agency where they may assign.
func branches(a identity.Actor, queue Queue, p *args) []branch {
	mine := func() []branch {
		return []branch{branch("t.assignee_id = " + p.add(a.AccountID) + " AND t.assignee_id <> ''")}
	}
	roles := func() (out []branch) {
		for _, d := range desks(a) {
			out = append(out, branch("t.agency_id = "+p.add(d.agencyID)+" AND t.role = "+p.add(d.role)+" AND t.assignee_id = ''"))
		}
		return out
	}
	switch queue {
	case QueueMine:
		return mine()
	case QueueUnassigned:
		return roles()
	case QueueWaiting:
		var out []branch
		for _, agency := range agenciesOf(a, identity.DossierRead, identity.DossierReceive) {
			out = append(out, branch("t.agency_id = "+p.add(agency)+" AND t.role = '"+waitingRole+"'"))
		}
		return out
	case QueueDueSoon, QueueOverdue:
		out := append(mine(), roles()...)
		for _, agency := range agenciesOf(a, identity.DossierAssign) {
			out = append(out, branch("t.agency_id = "+p.add(agency)+" AND t.role <> '"+waitingRole+"' AND t.assignee_id <> "+p.add(a.AccountID)+" AND t.assignee_id <> ''"))
		}
		return out
	default: // to_receive, to_sign, to_return
		return append(mine(), roles()...)
	}
}

// agenciesOf are the agencies of the actor's posts that carry one of the permissions.
func agenciesOf(a identity.Actor, perms ...string) []string {
	var out []string
	for _, p := range a.Posts {
		if !slices.Contains(out, p.AgencyID) && slices.ContainsFunc(perms, func(perm string) bool { return slices.Contains(p.Perms, perm) }) {
			out = append(out, p.AgencyID)
		}
	}
	return out
}

// condition is what a queue asks of a task beside being in a branch.
func (s *Service) condition(queue Queue, p *args, now time.Time) string {
	switch queue {
	case QueueToReceive:
		return " AND t.kind = '" + kindReceive + "'"
	case QueueToSign:
		return " AND t.kind = '" + kindSign + "'"
	case QueueToReturn:
		return " AND t.kind = '" + kindReturn + "'"
	case QueueDueSoon:
		return " AND t.late_at >= " + p.add(sqldb.Millis(now)) + " AND t.late_at < " + p.add(sqldb.Millis(soon(now)))
	case QueueOverdue:
		return " AND t.late_at < " + p.add(sqldb.Millis(now))
	default:
		return ""
	}
}

// soon is until when a dossier counts as nearly due: the end of the next day that
// is no Sunday. The exact working calendar decides the due time itself.
func soon(now time.Time) time.Time {
	d := civil.DateOf(now).AddDays(1)
	for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
		d = d.AddDays(1)
	}
	return d.End()
}

// taskPage reads a page of a queue made of tasks. Every branch is read from its
// index in the order of urgency, then the branches are merged.
func (s *Service) taskPage(ctx context.Context, a identity.Actor, q QueueQuery, found []string, after cursor) (Page, error) {
	limit := pageSize(q.Limit)
	var p args
	parts := branches(a, q.Queue, &p)
	if len(parts) == 0 {
		return Page{}, nil
	}
	now := s.now()
	cond := s.condition(q.Queue, &p, now)
	if q.Overdue {
		cond += " AND t.late_at < " + p.add(sqldb.Millis(now))
	}
	if after.ok {
		dossierID, task, _ := strings.Cut(after.id, "/")
		cond += " AND (t.sort_at, t.dossier_id, t.task) > (" + p.add(after.at) + ", " + p.add(dossierID) + ", " + p.add(task) + ")"
	}
	if found != nil {
		cond += " AND t.dossier_id IN (" + inList(&p.list, found) + ")"
	}
	if q.Procedure != "" {
		cond += " AND t.procedure_code = " + p.add(q.Procedure)
		q.Procedure = "" // the head need not be asked
	}
	join := ""
	if q.Agency != "" || q.Status != 0 {
		join = " JOIN dossier_dossier d ON d.id = t.dossier_id" + filters(q, &p)
	}
	n := p.add(limit + 1)
	texts := make([]string, len(parts))
	for i, b := range parts {
		texts[i] = `SELECT * FROM (SELECT ` + taskColumns + `, t.sort_at FROM dossier_task t` + join + ` WHERE t.closed_at IS NULL AND ` + string(b) + cond +
			` ORDER BY t.sort_at, t.dossier_id, t.task LIMIT ` + n + `) b` + strconv.Itoa(i)
	}
	rows, err := s.read.Query(ctx, `SELECT * FROM (`+strings.Join(texts, " UNION ALL ")+`) q ORDER BY sort_at, dossier_id, task LIMIT `+n, p.list...)
	type sorted struct {
		taskRow
		at int64
	}
	list, err := sqldb.Collect[sorted](rows, err)(func(r *sqldb.Rows) (t sorted, err error) {
		var sc taskScan
		err = r.Scan(append(sc.dest(&t.taskRow), &t.at)...)
		sc.finish(&t.taskRow)
		return t, err
	})
	if err != nil {
		return Page{}, err
	}
	var page Page
	if len(list) > limit {
		last := list[limit-1]
		list = list[:limit]
		page.Next = cursor{at: last.at, id: last.DossierID + "/" + last.ID}.String()
	}
	tasks := make([]taskRow, len(list))
	ids := make([]string, len(list))
	for i, t := range list {
		tasks[i], ids[i] = t.taskRow, t.DossierID
	}
	byID, err := s.headsOf(ctx, ids)
	if err != nil {
		return Page{}, err
	}
	recs := make([]record, 0, len(tasks))
	kept := tasks[:0]
	for _, t := range tasks {
		// What may not be opened is not named either: confidential dossiers wait unseen.
		if rec, ok := byID[t.DossierID]; ok && relate(a, &rec, []taskRow{t}, false) != stranger {
			recs, kept = append(recs, rec), append(kept, t)
		}
	}
	page.Rows, err = s.rows(ctx, recs, kept)
	return page, err
}

// filters narrow a queue by what the head says.
func filters(q QueueQuery, p *args) string {
	out := ""
	if q.Procedure != "" {
		out += " AND d.procedure_code = " + p.add(q.Procedure)
	}
	if q.Agency != "" {
		out += " AND d.competent_id = " + p.add(q.Agency)
	}
	if q.Status != 0 {
		out += " AND d.status = " + p.add(int(q.Status))
	}
	return out
}

// headsOf reads heads by id.
func (s *Service) headsOf(ctx context.Context, ids []string) (map[string]record, error) {
	out := make(map[string]record, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var p []any
	rows, err := s.read.Query(ctx, `SELECT `+headColumns+` FROM dossier_dossier d WHERE d.id IN (`+inList(&p, unique(ids))+`) LIMIT 1000`, p...)
	list, err := heads(rows, err)
	for _, rec := range list {
		out[rec.ID] = rec
	}
	return out, err
}

// rows gives records the words of a list. tasks, when given, stand one to one.
func (s *Service) rows(ctx context.Context, recs []record, tasks []taskRow) ([]Row, error) {
	var accounts, agencies []string
	for _, rec := range recs {
		agencies = append(agencies, rec.CompetentAgencyID)
	}
	for _, t := range tasks {
		if t.AssigneeID != "" {
			accounts = append(accounts, t.AssigneeID)
		}
	}
	names, err := s.namesOf(ctx, accounts)
	if err != nil {
		return nil, err
	}
	where, err := s.Agencies.AgenciesByID(ctx, unique(agencies)...)
	if err != nil {
		return nil, err
	}
	now := s.now()
	out := make([]Row, len(recs))
	for i, rec := range recs {
		row := Row{Dossier: rec.Dossier, AgencyName: where[rec.CompetentAgencyID].Name, HasDue: !rec.DueAt.IsZero()}
		step := rec.Step
		if i < len(tasks) {
			t := tasks[i]
			step = t.Step
			row.TaskID, row.TaskDueAt, row.AssigneeID, row.AssigneeName = t.ID, t.DueAt, t.AssigneeID, names[t.AssigneeID]
			row.New = t.SeenAt.IsZero()
		}
		comp, err := s.Procedures.Compiled(ctx, rec.VersionID)
		if err != nil {
			return nil, err
		}
		row.ProcedureName = comp.Version.Def.Name.In(ctx)
		if f := comp.Flow(rec.CaseID); f != nil {
			if info, ok := f.Step(step); ok {
				row.StepName = info.Name.In(ctx)
			}
		}
		if row.HasDue {
			cal, err := s.Agencies.Calendar(ctx, rec.CompetentAgencyID, time.Time{})
			if err != nil {
				return nil, err
			}
			from, to := civil.DateOf(now), civil.DateOf(rec.DueAt)
			if to.Before(from) {
				row.DaysLeft = -int(math.Round(cal.WorkingDays(to.AddDays(1), from)))
				if row.DaysLeft == 0 {
					row.DaysLeft = -1
				}
			} else {
				row.DaysLeft = int(math.Round(cal.WorkingDays(from.AddDays(1), to)))
			}
		}
		if rec.FinishedAt.IsZero() && rec.ClockState == ClockRunning && row.HasDue && now.After(rec.DueAt) {
			row.Late = true
		}
		out[i] = row
	}
	return out, nil
}

// Counters says how much stands in each queue of the reader, in one query; counts
// stop at 999.
func (s *Service) Counters(ctx context.Context) (map[Queue]int, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	var p args
	var parts []string
	queues := []Queue{QueueMine, QueueUnassigned, QueueToReceive, QueueToSign, QueueToReturn, QueueWaiting, QueueDueSoon, QueueOverdue}
	for _, q := range queues {
		bs := branches(actor, q, &p)
		if len(bs) == 0 {
			continue
		}
		cond := s.condition(q, &p, now)
		texts := make([]string, len(bs))
		for i, b := range bs {
			texts[i] = `SELECT * FROM (SELECT 1 AS one FROM dossier_task t WHERE t.closed_at IS NULL AND ` + string(b) + cond + ` LIMIT 999) b` + strconv.Itoa(i)
		}
		parts = append(parts, `SELECT '`+string(q)+`' AS queue, count(*) AS n FROM (`+strings.Join(texts, " UNION ALL ")+`) q`)
	}
	parts = append(parts, `SELECT '`+string(QueueFollowing)+`' AS queue, count(*) AS n FROM (SELECT 1 AS one FROM dossier_follow WHERE account_id = `+p.add(actor.AccountID)+` LIMIT 999) q`)
	type count struct {
		queue string
		n     int
	}
	rows, err := s.read.Query(ctx, strings.Join(parts, " UNION ALL "), p.list...)
	list, err := sqldb.Collect[count](rows, err)(func(r *sqldb.Rows) (c count, err error) { return c, r.Scan(&c.queue, &c.n) })
	out := map[Queue]int{}
	for _, q := range Queues() {
		if q != QueueAll {
			out[q] = 0
		}
	}
	for _, c := range list {
		out[Queue(c.queue)] = min(c.n, 999)
	}
	return out, err
}
