package dossier

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// Lists that are no work queues: everything a reader may see, what they follow,
// what is theirs; and the search.

// following reads the dossiers a person follows, the last followed first.
func (s *Service) following(ctx context.Context, a identity.Actor, q QueueQuery, found []string, after cursor) (Page, error) {
	limit := pageSize(q.Limit)
	p := args{}
	where := "f.account_id = " + p.add(a.AccountID)
	if after.ok {
		where += " AND (f.at, f.dossier_id) < (" + p.add(after.at) + ", " + p.add(after.id) + ")"
	}
	if found != nil {
		where += " AND f.dossier_id IN (" + inList(&p.list, found) + ")"
	}
	if q.Overdue {
		where += " AND d.finished_at IS NULL AND d.paused_at IS NULL AND d.due_at < " + p.add(sqldb.Millis(s.now()))
	}
	list, err := listed(s.read.Query(ctx, `SELECT f.at, d.id FROM dossier_follow f JOIN dossier_dossier d ON d.id = f.dossier_id`+filters(q, &p)+` WHERE `+where+
		` ORDER BY f.at DESC, f.dossier_id DESC LIMIT `+p.add(limit+1), p.list...))
	if err != nil {
		return Page{}, err
	}
	return s.pageOf(ctx, a, list, limit)
}

// keyed is a dossier with the value its list is sorted by.
type keyed struct {
	at int64
	id string
}

// listed reads the rows of a list: the value it is sorted by, and the id.
func listed(rows *sqldb.Rows, err error) ([]keyed, error) {
	return sqldb.Collect[keyed](rows, err)(func(r *sqldb.Rows) (k keyed, err error) { return k, r.Scan(&k.at, &k.id) })
}

func idsOf(list []keyed) []string {
	ids := make([]string, len(list))
	for i, k := range list {
		ids[i] = k.id
	}
	return ids
}

// pageOf reads the heads of a list in its order; one more than the limit says that
// there is another page. What the reader may no longer see is left out.
func (s *Service) pageOf(ctx context.Context, a identity.Actor, list []keyed, limit int) (Page, error) {
	var page Page
	if len(list) > limit {
		list = list[:limit]
		page.Next = cursor{at: list[limit-1].at, id: list[limit-1].id}.String()
	}
	ids := idsOf(list)
	byID, err := s.headsOf(ctx, ids)
	if err != nil {
		return Page{}, err
	}
	var recs []record
	for _, dossierID := range ids {
		rec, ok := byID[dossierID]
		if ok && relate(a, &rec, nil, false) != stranger {
			recs = append(recs, rec)
		}
	}
	page.Rows, err = s.rows(ctx, recs, nil)
	return page, err
}

// reach is what an actor may read: agencies by id, or everything.
type reach struct {
	all      bool
	agencies []string
}

// reachOf expands the scope of a reader to the agencies below it.
func (s *Service) reachOf(ctx context.Context, a identity.Actor) (reach, error) {
	scope := a.Scope(identity.DossierRead)
	var r reach
	if slices.Contains(scope, "/") {
		r.all = true
	}
	if len(scope) > 0 {
		for after := ""; ; {
			page, err := s.Agencies.Agencies(ctx, org.AgencyFilter{Under: scope, Closed: true, Limit: 500, After: after})
			if err != nil {
				return r, err
			}
			for _, agency := range page.Items {
				r.agencies = append(r.agencies, agency.ID)
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	// Where one has a post but not the permission to read everything, one still
	// finds what one's counter took in.
	for _, post := range a.Posts {
		if !slices.Contains(r.agencies, post.AgencyID) && slices.Contains(post.Perms, identity.DossierReceive) {
			r.agencies = append(r.agencies, post.AgencyID)
		}
	}
	return r, nil
}

// all reads everything the reader may read, newest first; what is past due, longest
// waiting first. A reader of few agencies is served from the list of each; a reader
// of many from the list of all, in which most dossiers are theirs.
func (s *Service) all(ctx context.Context, a identity.Actor, q QueueQuery, after cursor) (Page, error) {
	limit := pageSize(q.Limit)
	var found []keyed
	if strings.TrimSpace(q.Search) != "" {
		var err error
		if found, err = s.find(ctx, a, q); err != nil || len(found) == 0 {
			return Page{}, err
		}
	}
	r, err := s.reachOf(ctx, a)
	if err != nil || !r.all && len(r.agencies) == 0 {
		return Page{}, err
	}
	if q.Agency != "" {
		if !r.all && !slices.Contains(r.agencies, q.Agency) {
			return Page{}, nil
		}
		r = reach{agencies: []string{q.Agency}}
	}
	p := args{}
	where := ""
	if q.Status != 0 {
		where += " AND d.status = " + p.add(int(q.Status))
	}
	if q.Figure.Kind != "" {
		counted, err := s.counted(ctx, a, q, &p)
		if err != nil {
			return Page{}, err
		}
		where += counted
	}
	var text string
	switch {
	case q.Overdue || q.Figure.Kind == "overdue":
		text = s.overdue(a, q, r, found, where, after, limit, &p)
	case found != nil && where == "" && q.Procedure == "" && q.Agency == "":
		return s.pageOf(ctx, a, newest(found, after, limit+1), limit)
	case found != nil:
		if q.Agency != "" {
			is := p.add(q.Agency)
			where += " AND (d.competent_id = " + is + " OR d.receiving_id = " + is + ")"
		}
		text = `SELECT d.submitted_at, d.id FROM dossier_dossier d WHERE d.id IN (` + inList(&p.list, idsOf(found)) + `)` + where + procedureIs(q, &p) + before(after, "d.submitted_at", "d.id", &p) +
			` ORDER BY d.submitted_at DESC, d.id DESC LIMIT ` + p.add(limit+1)
	case r.few():
		text = s.byAgency(q, r, where, after, limit, &p)
	default:
		where += procedureIs(q, &p) + before(after, "d.submitted_at", "d.id", &p) + s.within(a, r, &p)
		text = `SELECT d.submitted_at, d.id FROM dossier_dossier d WHERE d.submitted_at > 0` + where + ` ORDER BY d.submitted_at DESC, d.id DESC LIMIT ` + p.add(limit+1)
	}
	list, err := listed(s.read.Query(ctx, text, p.list...))
	if err != nil {
		return Page{}, err
	}
	return s.pageOf(ctx, a, list, limit)
}

// newest are the n newest of what comes after a cursor.
func newest(found []keyed, after cursor, n int) []keyed {
	list := slices.DeleteFunc(slices.Clone(found), func(k keyed) bool {
		return after.ok && (k.at > after.at || k.at == after.at && k.id >= after.id)
	})
	slices.SortFunc(list, func(x, y keyed) int { return cmp.Or(cmp.Compare(y.at, x.at), cmp.Compare(y.id, x.id)) })
	return list[:min(n, len(list))]
}

// few tells whether each agency's own list is read.
func (r reach) few() bool { return !r.all && len(r.agencies) <= directScopes }

// overdue reads what is past due from the indexes of open dossiers by due time: of
// each agency, with what it took in for others, or of all.
func (s *Service) overdue(a identity.Actor, q QueueQuery, r reach, found []keyed, where string, after cursor, limit int, p *args) string {
	where = ` WHERE d.finished_at IS NULL AND d.due_at IS NOT NULL AND d.paused_at IS NULL AND d.due_at < ` + p.add(sqldb.Millis(s.now())) + where + procedureIs(q, p)
	if after.ok {
		where += " AND (d.due_at, d.id) > (" + p.add(after.at) + ", " + p.add(after.id) + ")"
	}
	n := p.add(limit + 1)
	list := func(more string) string {
		return `SELECT d.due_at, d.id FROM dossier_dossier d` + where + more + ` ORDER BY d.due_at, d.id LIMIT ` + n
	}
	switch {
	case found != nil:
		return list(" AND d.id IN (" + inList(&p.list, idsOf(found)) + ")")
	case !r.few():
		return list(s.within(a, r, p))
	}
	var parts []string
	for _, agency := range r.agencies {
		is := p.add(agency)
		for _, more := range []string{" AND d.competent_id = " + is, " AND d.receiving_id = " + is + " AND d.receiving_id <> d.competent_id"} {
			parts = append(parts, `SELECT * FROM (`+list(more)+`) b`+strconv.Itoa(len(parts)))
		}
	}
	return `SELECT DISTINCT due_at, id FROM (` + strings.Join(parts, " UNION ALL ") + `) q ORDER BY due_at, id LIMIT ` + n
}

// byAgency reads the newest of each agency's own list and merges them. A dossier
// that two agencies of the reader's share comes once.
func (s *Service) byAgency(q QueueQuery, r reach, where string, after cursor, limit int, p *args) string {
	n := p.add(limit + 1)
	parts := make([]string, len(r.agencies))
	back := before(after, "x.submitted_at", "x.dossier_id", p)
	for i, agency := range r.agencies {
		parts[i] = `SELECT * FROM (SELECT x.submitted_at, x.dossier_id AS id FROM dossier_reach x`
		if where != "" {
			parts[i] += ` JOIN dossier_dossier d ON d.id = x.dossier_id` + where
		}
		parts[i] += ` WHERE x.key = ` + p.add(agencyKey(agency, q.Procedure)) + back + ` ORDER BY x.submitted_at DESC, x.dossier_id DESC LIMIT ` + n + `) b` + strconv.Itoa(i)
	}
	return `SELECT DISTINCT submitted_at, id FROM (` + strings.Join(parts, " UNION ALL ") + `) q ORDER BY submitted_at DESC, id DESC LIMIT ` + n
}

func procedureIs(q QueueQuery, p *args) string {
	if q.Procedure == "" {
		return ""
	}
	return " AND d.procedure_code = " + p.add(q.Procedure)
}

func before(c cursor, at, id string, p *args) string {
	if !c.ok {
		return ""
	}
	return " AND (" + at + ", " + id + ") < (" + p.add(c.at) + ", " + p.add(c.id) + ")"
}

// within limits a list of all dossiers to those of a reader, in the query.
func (s *Service) within(a identity.Actor, r reach, p *args) string {
	if r.all {
		return ""
	}
	scope := a.Scope(identity.DossierRead)
	return " AND (" + identity.Within(s.DB.Dialect(), "d.competent_path", scope, &p.list) + " OR " + identity.Within(s.DB.Dialect(), "d.receiving_path", scope, &p.list) + ")"
}

// find looks a search text up among the agencies in the reader's reach, or at one of
// them, and returns dossiers with their time of filing: by number, citizen number, tax
// code, or name from any word on.
func (s *Service) find(ctx context.Context, a identity.Actor, q QueueQuery) ([]keyed, error) {
	text := strings.TrimSpace(q.Search)
	if strings.Count(text, "-") == 2 && strings.ContainsAny(text, "0123456789") {
		rec, err := headBy(ctx, s.read, "number", strings.ToUpper(strings.Join(strings.Fields(text), "")))
		if err == nil {
			if relate(a, &rec, nil, false) == stranger {
				return nil, nil
			}
			return []keyed{{at: sqldb.Millis(rec.SubmittedAt), id: rec.ID}}, nil
		}
		if !errs.Is(err, errs.NotFound) {
			return nil, err
		}
	}
	key := fold.Key(text)
	if len(key) < 2 {
		return nil, errs.NewInvalid(errs.Bad("search", "dossier.search-short"))
	}
	r, err := s.reachOf(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, d := range desks(a) { // what waits at one's own desk is found too
		if !slices.Contains(r.agencies, d.agencyID) {
			r.agencies = append(r.agencies, d.agencyID)
		}
	}
	if q.Agency != "" {
		r.agencies = slices.DeleteFunc(r.agencies, func(agency string) bool { return agency != q.Agency })
	}
	if len(r.agencies) == 0 {
		return nil, nil
	}
	if len(r.agencies) > searchAgency {
		r.agencies = r.agencies[:searchAgency]
	}
	var p args
	from, to := p.add(key), p.add(key+"~")
	return listed(s.read.Query(ctx, `SELECT DISTINCT submitted_at, dossier_id FROM dossier_search WHERE agency_id IN (`+inList(&p.list, r.agencies)+`) AND key >= `+from+` AND key < `+to+
		` LIMIT `+p.add(searchCap), p.list...))
}

// Mine reads one page of the dossiers of whoever is signed in, as owner or
// submitter, newest first.
func (s *Service) Mine(ctx context.Context, q ListQuery) (Page, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Page{}, err
	}
	after, err := readCursor(q.After)
	if err != nil {
		return Page{}, err
	}
	limit := pageSize(q.Limit)
	p := args{}
	join := ""
	if q.Open {
		join = ` JOIN dossier_dossier d ON d.id = x.dossier_id AND d.status NOT IN (3, 7, 10) AND (d.status <> 8 OR d.paused_at IS NOT NULL)`
	}
	list, err := listed(s.read.Query(ctx, `SELECT x.submitted_at, x.dossier_id FROM dossier_reach x`+join+` WHERE x.key = `+p.add(personKey(actor.AccountID))+
		before(after, "x.submitted_at", "x.dossier_id", &p)+` ORDER BY x.submitted_at DESC, x.dossier_id DESC LIMIT `+p.add(limit+1), p.list...))
	if err != nil {
		return Page{}, err
	}
	return s.pageOf(ctx, actor, list, limit)
}
