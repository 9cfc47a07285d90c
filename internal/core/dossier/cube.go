package dossier

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/platform/sqldb"
)

// The figures are kept as a cube, so that a page reads a few lines of it however
// many dossiers and years there are. A line is of an agency or of all (""), of a
// month ("2026-11"), a year ("2026") or all time (""), of a procedure or of all
// (""). Every event is counted in all lines it belongs to.

// statColumns are the figures of a line; those of statEvents are the ones of which
// every event that is counted adds to at least one.
var (
	statColumns = []string{"received", "online", "done", "in_time", "late", "refused", "withdrawn", "closed", "moved_in", "moved_out"}
	statEvents  = "received + done + refused + withdrawn + moved_in + moved_out"
)

// statChunk is how many agencies one statement asks about.
const statChunk = 300

// addStatText adds to the lines of one event. Its parameters are the agency, the
// month, the procedure, and the figures.
var addStatText = func() string {
	var figures, lines, sums []string
	for i, c := range statColumns {
		figures = append(figures, "$"+strconv.Itoa(i+4))
		sums = append(sums, c+" = dossier_stat."+c+" + excluded."+c)
	}
	for _, agency := range []string{"$1", "''"} {
		for _, month := range []string{"$2", "substr($2, 1, 4)", "''"} {
			for _, procedure := range []string{"$3", "''"} {
				lines = append(lines, "("+agency+", "+month+", "+procedure+", "+strings.Join(figures, ", ")+")")
			}
		}
	}
	return `INSERT INTO dossier_stat (agency_id, month, procedure_code, ` + strings.Join(statColumns, ", ") + `) VALUES ` + strings.Join(lines, ", ") +
		` ON CONFLICT (agency_id, month, procedure_code) DO UPDATE SET ` + strings.Join(sums, ", ")
}()

func addStat(ctx context.Context, tx *sqldb.Tx, agency, procedure, month string, c statCount) error {
	_, err := tx.Exec(ctx, addStatText, agency, month, procedure, c.received, c.online, c.done, c.inTime, c.late, c.refused, c.withdrawn, c.closed, c.movedIn, c.movedOut)
	return err
}

// period is the months from..to, both included.
type period struct{ from, to string }

// The parts of time as a period divides it. What came after it nobody asks for.
const (
	earlier = iota
	inside
	later
)

// part is where a month lies.
func (p period) part(month string) int {
	switch {
	case month > p.to:
		return later
	case month < p.from:
		return earlier
	}
	return inside
}

// shares says how often the figures of a line count in each part of time.
type shares [3]int64

// lines names few lines, by month, year or all time, from which the figures before
// the period and during it can be told, when nothing was counted outside the months
// of time. A line may count less than nothing: what was before this year is all there
// is, less this year.
func (p period) lines(time span) map[string]shares {
	one := func(month string) map[string]shares {
		var s shares
		s[p.part(month)] = 1
		return map[string]shares{month: s}
	}
	out := divide("", time.years(), func(year string) map[string]shares { return divide(year, time.months(year), one) })
	maps.DeleteFunc(out, func(_ string, s shares) bool { return s[earlier] == 0 && s[inside] == 0 })
	return out
}

// divide tells the parts of a line from it and from the lines of which it is the sum.
func divide(whole string, of []string, lines func(string) map[string]shares) map[string]shares {
	all := make([]map[string]shares, len(of))
	var within [3]int // how many lie in one part
	for i, name := range of {
		all[i] = lines(name)
		if s, ok := all[i][name]; ok && len(all[i]) == 1 {
			within[slices.Index(s[:], 1)]++
		}
	}
	if part := slices.Index(within[:], len(of)); part >= 0 {
		var s shares
		s[part] = 1
		return map[string]shares{whole: s}
	}
	// Either all of them but those after the period; or the whole, and all but those of
	// one part, which is what they leave of the whole.
	rest, least := later, within[earlier]+within[inside]
	for part := earlier; part <= inside; part++ {
		if n := 1 + within[earlier] + within[inside] + within[later] - within[part]; n < least {
			rest, least = part, n
		}
	}
	out := map[string]shares{}
	if rest != later {
		var s shares
		s[rest] = 1
		out[whole] = s
	}
	for _, l := range all {
		for name, s := range l {
			if rest != later {
				s[rest] -= s[earlier] + s[inside] + s[later]
			}
			if s != (shares{}) {
				out[name] = s
			}
		}
	}
	return out
}

// span is from the first month in which anything was counted to the last.
type span struct{ first, last string }

func (t span) years() []string {
	first, _ := strconv.Atoi(t.first[:4])
	last, _ := strconv.Atoi(t.last[:4])
	out := make([]string, 0, last-first+1)
	for y := first; y <= last; y++ {
		out = append(out, fmt.Sprintf("%04d", y))
	}
	return out
}

// months are those of a year.
func (t span) months(year string) []string {
	out := make([]string, 0, 12)
	for m := 1; m <= 12; m++ {
		if month := fmt.Sprintf("%s-%02d", year, m); month >= t.first && month <= t.last {
			out = append(out, month)
		}
	}
	return out
}

// line is one line of the cube, or the sum of those of some agencies.
type line struct {
	key, month string
	statCount
}

// open is what is left open of what the line counts.
func (c statCount) open() int64 { return c.received + c.movedIn - c.closed - c.movedOut }

// events is how much was counted; no line counts nothing.
func (c statCount) events() int64 {
	return c.received + c.done + c.refused + c.withdrawn + c.movedIn + c.movedOut
}

// figures are the rows of a period by agency, procedure or month. A row stands where
// anything was counted until the end of the period; by month, where in that month.
// all says that nothing was counted for other agencies; by agency nobody asks.
func (s *Service) figures(ctx context.Context, agencies []string, by string, p period) (rows map[string]*StatRow, all bool, err error) {
	some := agencies
	if by == "agency_id" {
		some = agencies[:1] // each has lines of its own: nobody asks whether they are all
	}
	known, all, err := s.reached(ctx, some)
	if err != nil || known.first == "" {
		return nil, false, err
	}
	if all && by != "agency_id" {
		agencies = []string{""}
	}
	known.last = max(known.last, monthOf(s.now())) // what is counted while we read is counted there
	lines := p.lines(known)
	if by == "month" {
		for name, s := range lines {
			lines[name] = shares{earlier: s[earlier]}
		}
		for _, year := range known.years() {
			for _, month := range known.months(year) {
				if p.part(month) == inside {
					lines[month] = shares{earlier: lines[month][earlier], inside: 1}
				}
			}
		}
		maps.DeleteFunc(lines, func(_ string, s shares) bool { return s[earlier] == 0 && s[inside] == 0 })
	}
	if len(lines) == 0 { // a period before anything was counted
		return nil, all, nil
	}
	rows = map[string]*StatRow{}
	seen := map[string]int64{}
	var carried int64
	for chunk := range slices.Chunk(agencies, statChunk) {
		list, err := s.linesOf(ctx, chunk, slices.Sorted(maps.Keys(lines)), by)
		if err != nil {
			return nil, false, err
		}
		for _, l := range list {
			share := lines[l.month]
			if by == "month" {
				carried += share[earlier] * l.open()
				share[earlier] = 0
			}
			row := rows[l.key]
			if row == nil {
				row = &StatRow{}
				rows[l.key] = row
			}
			seen[l.key] += (share[earlier] + share[inside]) * l.events()
			row.Carried += share[earlier] * l.open()
			n := share[inside]
			row.Received += n * l.received
			row.Online += n * l.online
			row.Done += n * l.done
			row.InTime += n * l.inTime
			row.Late += n * l.late
			row.Refused += n * l.refused
			row.Withdrawn += n * l.withdrawn
			row.Pending += n * l.open()
			row.MovedIn += n * l.movedIn
			row.MovedOut += n * l.movedOut
		}
	}
	maps.DeleteFunc(rows, func(key string, _ *StatRow) bool { return seen[key] == 0 })
	if by == "month" { // what stood open is carried from month to month
		for _, month := range slices.Sorted(maps.Keys(rows)) {
			rows[month].Carried = carried
			carried += rows[month].Pending
		}
	}
	return rows, all, nil
}

// reached tells in which months anything was counted, first "" when in none, and
// whether these agencies are all for which anything was.
func (s *Service) reached(ctx context.Context, agencies []string) (known span, all bool, err error) {
	var left int64
	for chunk := range slices.Chunk(agencies, statChunk) {
		var p args
		var first, last sql.NullString
		var whole, theirs sql.NullInt64
		const total = `month = '' AND procedure_code = ''`
		if err := s.read.QueryRow(ctx, `SELECT (SELECT MIN(month) FROM dossier_stat WHERE agency_id = '' AND month > ''), (SELECT MAX(month) FROM dossier_stat WHERE agency_id = ''),
			(SELECT `+statEvents+` FROM dossier_stat WHERE agency_id = '' AND `+total+`),
			(SELECT SUM(`+statEvents+`) FROM dossier_stat WHERE agency_id IN (`+inList(&p.list, chunk)+`) AND `+total+`)`, p.list...).Scan(&first, &last, &whole, &theirs); err != nil {
			return span{}, false, err
		}
		if !first.Valid {
			return span{}, false, nil
		}
		if known.first == "" {
			left = whole.Int64
		}
		known = span{first.String + "-01", last.String} // the first line after "" is of a year, the last of a month
		left -= theirs.Int64
	}
	return known, left == 0, nil
}

// linesOf reads the lines of some agencies, as sums by key.
func (s *Service) linesOf(ctx context.Context, agencies, months []string, by string) ([]line, error) {
	var p args
	where := "agency_id IN (" + inList(&p.list, agencies) + ") AND month IN (" + inList(&p.list, months) + ") AND procedure_code "
	group := by
	switch by {
	case "procedure_code":
		where += "> ''"
		group += ", month"
	case "agency_id":
		where += "= ''"
		group += ", month"
	default:
		where += "= ''"
	}
	rows, err := s.read.Query(ctx, `SELECT `+by+`, month, SUM(`+strings.Join(statColumns, "), SUM(")+`) FROM dossier_stat WHERE `+where+` GROUP BY `+group+` LIMIT 100000`, p.list...)
	return sqldb.Collect[line](rows, err)(func(r *sqldb.Rows) (l line, err error) {
		return l, r.Scan(&l.key, &l.month, &l.received, &l.online, &l.done, &l.inTime, &l.late, &l.refused, &l.withdrawn, &l.closed, &l.movedIn, &l.movedOut)
	})
}
