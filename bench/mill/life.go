package mill

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"motcua/internal/core/dossier"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// life is one dossier of the demo, cut into what a copy keeps and what it changes.
type life struct {
	id, number, name, citizen string
	agencyID                  string
	filed                     int64
	open                      bool // still at work
	takeover                  bool // fit to be told in two events
	ids                       int
	rows                      []cutRow
	old                       []cutRow // the rows of a dossier taken over
	events                    []cutEvent
	oldEvents                 []cutEvent
	keys                      []text // of dossier_reach
	stats                     []stat
	procedure                 string
}

type cutRow struct {
	table  int
	values []cutValue
}

// cutValue is a column: a text, a number, a moment, or nothing.
type cutValue struct {
	text   text
	n      int64
	moment bool
	kind   byte // 't', 'n', '0'
}

type cutEvent struct {
	typ, actorName, onBehalf, purpose string
	actor                             text
	at                                int64
	data                              text
}

type stat struct {
	at  int64
	add [8]int64 // received, online, done, in time, late, refused, withdrawn, closed
}

// The tables that are milled, with their key column.
var tables = []struct{ name, key string }{
	{"dossier_dossier", "id"}, {"dossier_body", "dossier_id"}, {"dossier_answers", "dossier_id"}, {"dossier_paper", "dossier_id"},
	{"dossier_task", "dossier_id"}, {"dossier_clock", "dossier_id"}, {"dossier_supplement", "dossier_id"}, {"dossier_note", "dossier_id"},
	{"dossier_fee", "dossier_id"}, {"dossier_rating", "dossier_id"},
	// written by the mill itself
	{"dossier_reach", ""}, {"dossier_search", ""}, {"journal_event", ""}, {"journal_stream", ""}, {"journal_hash", ""},
}

const (
	tDossier = iota
	tBody
	tAnswers
	tPaper
	tTask
	tClock
	tSupplement
	tNote
	tFee
	tRating
	tReach
	tSearch
	tEvent
	tStream
	tHash
)

const copied = tReach // tables before it are copied row by row

// dropped are columns that would refer to what is not milled.
var dropped = map[string]bool{"receipt_id": true, "entry_id": true, "result_id": true, "document_id": true}

// inTakeover are the tables of a dossier taken over from the system before.
var inTakeover = map[int]bool{tDossier: true, tBody: true, tAnswers: true, tPaper: true, tClock: true, tFee: true}

type source struct {
	db      *sqldb.DB
	columns [][]string // by table
	staff   map[string]bool
	persons map[string]bool
	path    map[string]string
	code    map[string]string
}

func rowsOf(ctx context.Context, r sqldb.Reader, query string, args ...any) ([]string, [][]any, error) {
	rows, err := r.Query(ctx, query, args...)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }() // read to its end below
	columns, err := rows.Columns()
	if err != nil {
		return nil, nil, err
	}
	var all [][]any
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		all = append(all, row)
	}
	return columns, all, rows.Err()
}

func pairs(ctx context.Context, r sqldb.Reader, query string) (map[string]string, error) {
	_, rows, err := rowsOf(ctx, r, query)
	out := map[string]string{}
	for _, row := range rows {
		out[fmt.Sprint(row[0])] = fmt.Sprint(row[1])
	}
	return out, err
}

func newSource(ctx context.Context, db *sqldb.DB) (*source, error) {
	s := &source{db: db, staff: map[string]bool{}, persons: map[string]bool{}}
	var err error
	if s.path, err = pairs(ctx, db, `SELECT id, path FROM org_agency`); err != nil {
		return nil, err
	}
	if s.code, err = pairs(ctx, db, `SELECT id, code FROM org_agency`); err != nil {
		return nil, err
	}
	kinds, err := pairs(ctx, db, `SELECT id, kind FROM identity_account`)
	if err != nil {
		return nil, err
	}
	for id, kind := range kinds {
		if kind == "staff" {
			s.staff[id] = true
		} else {
			s.persons[id] = true
		}
	}
	for _, t := range tables {
		columns, _, err := rowsOf(ctx, db, `SELECT * FROM `+t.name+` LIMIT 0`)
		if err != nil {
			return nil, err
		}
		s.columns = append(s.columns, columns)
	}
	return s, nil
}

// lives reads every dossier of the demo.
func (s *source) lives(ctx context.Context) ([]*life, error) {
	ids, err := sqldb.Strings(s.db.Query(ctx, `SELECT id FROM dossier_dossier WHERE submitted_at IS NOT NULL ORDER BY submitted_at, id`))
	if err != nil {
		return nil, err
	}
	var all []*life
	for _, id := range ids {
		l, err := s.life(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("dossier %s: %w", id, err)
		}
		if l != nil {
			all = append(all, l)
		}
	}
	return all, nil
}

func (s *source) life(ctx context.Context, id string) (*life, error) {
	l := &life{id: id}
	raw := map[int][][]any{}
	for t := range copied {
		_, rows, err := rowsOf(ctx, s.db, `SELECT * FROM `+tables[t].name+` WHERE `+tables[t].key+` = $1`, id)
		if err != nil {
			return nil, err
		}
		raw[t] = rows
	}
	head := map[string]any{}
	for i, c := range s.columns[tDossier] {
		head[c] = raw[tDossier][0][i]
	}
	if str(head["parent_id"]) != "" || str(head["competent_id"]) != str(head["receiving_id"]) {
		return nil, nil
	}
	var owner dossier.Person
	if err := json.Unmarshal([]byte(str(raw[tBody][0][slices.Index(s.columns[tBody], "owner")])), &owner); err != nil {
		return nil, err
	}
	l.number, l.name, l.citizen, l.agencyID, l.procedure = str(head["number"]), owner.Name, owner.CitizenNo, str(head["competent_id"]), str(head["procedure_code"])
	l.filed, l.open = integer(head["submitted_at"]), head["finished_at"] == nil
	l.takeover = !l.open && integer(head["supplements"]) == 0 && integer(head["status"]) == int64(dossier.StatusReturned)

	events, err := journalOf(ctx, s.db, "dossier:"+id)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	c := &cutter{ids: map[string]part{}, cached: map[string]text{}}
	c.own(id)
	for _, e := range events {
		c.own(e.ID)
	}
	for _, t := range []int{tPaper, tSupplement, tNote} {
		at := slices.Index(s.columns[t], "id")
		for _, row := range raw[t] {
			c.own(str(row[at]))
		}
	}
	c.ids[l.agencyID] = part{kind: agency}
	for account := range s.staff {
		c.ids[account] = part{kind: staff, text: account}
	}
	for i, account := range []string{str(head["owner_account"]), str(head["submitter_account"])} {
		if account != "" {
			if _, known := c.ids[account]; !known {
				c.ids[account] = part{kind: person, n: i}
			}
		}
	}
	c.fixed = []replacement{{s.path[l.agencyID], pathOf}, {l.number, number}, {l.name, holder}, {l.citizen, citizen}}
	for t := range copied {
		for _, row := range raw[t] {
			l.rows = append(l.rows, c.row(t, s.columns[t], row))
		}
	}
	if l.takeover {
		l.old, l.oldEvents, err = s.takeover(c, head, raw, events)
		if err != nil {
			return nil, err
		}
	}
	for _, e := range events {
		cut, err := c.event(e)
		if err != nil {
			return nil, err
		}
		l.events = append(l.events, cut)
		if st, ok := count(e, str(head["channel"]) == string(dossier.Online)); ok {
			l.stats = append(l.stats, st)
		}
	}
	reach, err := sqldb.Strings(s.db.Query(ctx, `SELECT key FROM dossier_reach WHERE dossier_id = $1 ORDER BY key`, id))
	if err != nil {
		return nil, err
	}
	for _, key := range reach {
		l.keys = append(l.keys, c.cut(key))
	}
	l.ids = c.order
	return l, nil
}

func journalOf(ctx context.Context, db *sqldb.DB, stream string) ([]journal.Event, error) {
	j, err := journal.New(db, journal.Options{})
	if err != nil {
		return nil, err
	}
	return j.Stream(ctx, db, stream, 0, 1000)
}

func str(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case string:
		return v
	}
	return fmt.Sprint(v)
}

func integer(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case int32:
		return int64(v)
	}
	return 0
}

func (c *cutter) row(table int, columns []string, row []any) cutRow {
	out := cutRow{table: table, values: make([]cutValue, len(columns))}
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			out.values[i] = cutValue{kind: '0'}
		case int64, int32:
			n := integer(v)
			out.values[i] = cutValue{kind: 'n', n: n, moment: n > 1_600_000_000_000 && n < 2_200_000_000_000}
		default:
			s := str(v)
			switch {
			case dropped[columns[i]]:
				s = ""
			case columns[i] == "offer_id": // names an offer, which is not copied
				out.values[i] = cutValue{kind: 't', text: text{{kind: literal, text: s}}}
				continue
			case columns[i] == "files":
				s = "[]"
			}
			out.values[i] = cutValue{kind: 't', text: c.cut(s)}
		}
	}
	return out
}

// event cuts an event. Papers and register entries are not milled, so it names none.
func (c *cutter) event(e journal.Event) (cutEvent, error) {
	var data map[string]json.RawMessage
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return cutEvent{}, err
	}
	if data["documents"] != nil || data["entry"] != nil {
		var whole dossier.Event
		if err := json.Unmarshal(e.Data, &whole); err != nil {
			return cutEvent{}, err
		}
		whole.Documents, whole.Entry = nil, ""
		var err error
		if e.Data, err = json.Marshal(whole); err != nil {
			return cutEvent{}, err
		}
	}
	return cutEvent{typ: e.Type, actorName: e.ActorName, onBehalf: "", purpose: e.Purpose, actor: c.cut(e.Actor), at: e.At.UnixMilli(), data: c.cut(string(e.Data))}, nil
}

// takeover tells a finished dossier in two events, and makes its row say what they say.
func (s *source) takeover(c *cutter, head map[string]any, raw map[int][][]any, events []journal.Event) ([]cutRow, []cutEvent, error) {
	end := integer(head["finished_at"])
	var first dossier.Event
	if err := json.Unmarshal(events[0].Data, &first); err != nil {
		return nil, nil, err
	}
	status, stage, step := dossier.Status(integer(head["status"])), str(head["stage"]), str(head["step"])
	late, due, feeDue, feePaid := integer(head["late"]) == 1, integer(head["due_at"]), integer(head["fee_due"]), integer(head["fee_paid"])
	last := dossier.Event{
		Version: 2, Status: &status, Stage: &stage, Step: &step, Late: &late, Due: &due, FeeDue: &feeDue, Paid: &feePaid,
		Owner: first.Owner, Submitter: first.Submitter, Receiving: first.Receiving, Competent: first.Competent,
	}
	kind, at := slices.Index(s.columns[tClock], "kind"), slices.Index(s.columns[tClock], "at")
	for _, row := range raw[tClock] {
		last.Clock = append(last.Clock, dossier.Tick{Kind: str(row[kind]), At: integer(row[at])})
	}
	slices.SortFunc(last.Clock, func(a, b dossier.Tick) int { return int(a.At - b.At) })
	var cut []cutEvent
	for i, data := range []dossier.Event{{
		Version: 1, Status: first.Status, Stage: first.Stage, Step: first.Step, Number: first.Number, Procedure: first.Procedure, VersionID: first.VersionID,
		Case: first.Case, Offer: first.Offer, Channel: first.Channel, Owner: first.Owner, Submitter: first.Submitter, Receiving: first.Receiving, Competent: first.Competent,
	}, last} {
		text, err := json.Marshal(data)
		if err != nil {
			return nil, nil, err
		}
		e := cutEvent{typ: events[0].Type, at: integer(head["submitted_at"]), actor: c.cut(events[0].Actor), actorName: events[0].ActorName, data: c.cut(string(text))}
		if i == 1 {
			e.typ, e.at, e.actor, e.actorName = events[len(events)-1].Type, end, c.cut(events[len(events)-1].Actor), events[len(events)-1].ActorName
		}
		if e.typ == "dossier.rated" || e.typ == "dossier.paid" {
			e.typ = "dossier.returned"
		}
		cut = append(cut, e)
	}
	var rows []cutRow
	for t := range copied {
		if !inTakeover[t] {
			continue
		}
		for _, row := range raw[t] {
			r := c.row(t, s.columns[t], row)
			if t == tDossier {
				for i, column := range s.columns[t] {
					switch column {
					case "returned_at", "finished_at":
						r.values[i] = cutValue{kind: 'n', n: end, moment: true}
					case "version":
						r.values[i] = cutValue{kind: 'n', n: 2}
					}
				}
			}
			rows = append(rows, r)
		}
	}
	return rows, cut, nil
}

// count is what the statistics make of an event; the rules are those of the dossier room.
func count(e journal.Event, online bool) (stat, bool) {
	var d dossier.Event
	if json.Unmarshal(e.Data, &d) != nil {
		return stat{}, false
	}
	has := func(kind string) bool {
		return slices.ContainsFunc(d.Clock, func(t dossier.Tick) bool { return t.Kind == kind })
	}
	st := stat{at: e.At.UnixMilli()}
	if has("start") {
		st.add[0] = 1
		if online {
			st.add[1] = 1
		}
	}
	if d.Status != nil {
		switch *d.Status {
		case dossier.StatusRefused:
			st.add[5], st.add[7] = 1, 1
		case dossier.StatusWithdrawn:
			st.add[6], st.add[7] = 1, 1
		case dossier.StatusDone, dossier.StatusReturned, dossier.StatusStopped:
			if *d.Status == dossier.StatusReturned && !has("stop") || *d.Status == dossier.StatusStopped && has("pause") {
				break
			}
			st.add[2], st.add[7] = 1, 1
			if d.Late != nil && *d.Late {
				st.add[4] = 1
			} else {
				st.add[3] = 1
			}
		}
	}
	return st, st.add != [8]int64{}
}
