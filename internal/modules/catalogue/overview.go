package catalogue

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// Standing is how complete the entries of an agency (or all) are.
type Standing struct {
	Agency   string
	Entries  int64
	Complete int64          // with nothing missing
	Score    float64        // average, 0 to 100
	None     map[Need]int64 // entries that do not tell it
	Words    map[Need]int64 // entries that tell it in words only
}

// Standings tells for each announcing agency how complete its entries are, by name.
func (s *Service) Standings(ctx context.Context) ([]Standing, error) {
	if err := see().Check(ctx); err != nil {
		return nil, err
	}
	var sums strings.Builder
	for _, n := range Needs() {
		for _, how := range []string{"none", "words"} {
			fmt.Fprintf(&sums, `, SUM(CASE WHEN missing LIKE '%%,%s:%s,%%' THEN 1 ELSE 0 END)`, n, how)
		}
	}
	return sqldb.Collect[Standing](s.deps.DB.Query(ctx, `SELECT agency, COUNT(*), CAST(SUM(score) AS BIGINT), SUM(CASE WHEN missing = ',' THEN 1 ELSE 0 END)`+sums.String()+`
		FROM catalogue_entry GROUP BY agency ORDER BY agency LIMIT 1000`))(func(rows *sqldb.Rows) (Standing, error) {
		st := Standing{None: map[Need]int64{}, Words: map[Need]int64{}}
		var sum int64
		counts := make([]int64, 2*len(Needs()))
		dest := []any{&st.Agency, &st.Entries, &sum, &st.Complete}
		for i := range counts {
			dest = append(dest, &counts[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return st, err
		}
		for i, n := range Needs() {
			st.None[n], st.Words[n] = counts[2*i], counts[2*i+1]
		}
		st.Score = float64(sum) / float64(st.Entries)
		return st, nil
	})
}

// Total adds standings up.
func Total(all []Standing) Standing {
	t := Standing{None: map[Need]int64{}, Words: map[Need]int64{}}
	sum := 0.0
	for _, st := range all {
		t.Entries += st.Entries
		t.Complete += st.Complete
		sum += st.Score * float64(st.Entries)
		for n, c := range st.None {
			t.None[n] += c
		}
		for n, c := range st.Words {
			t.Words[n] += c
		}
	}
	if t.Entries > 0 {
		t.Score = sum / float64(t.Entries)
	}
	return t
}

// EntryFilter narrows the list of entries; zero fields do not.
type EntryFilter struct {
	Text   string     // words of the name, or the beginning of a code
	Agency string     // announcing agency
	NoName bool       // those without an announcing agency
	Need   Need       // that is not met, wholly or in words
	Why    source.Why // a doubt of this kind
	Packs  bool       // those that a pack brings
	Whole  Wholeness
	Below  float64 // those with a lower score, for [BelowAverage]
	After  string  // "score:code" of the last one seen
	Limit  int     // 0 is 50
}

// Wholeness is how much of what it must tell an entry tells.
type Wholeness string

// The kinds of wholeness.
const (
	Complete     Wholeness = "complete"
	Lacking      Wholeness = "lacking"
	BelowAverage Wholeness = "below" // less than entries do on average
)

// Brief is an entry in a list.
type Brief struct {
	Code, Name, Agency, Pack string
	Score                    int
	Lacks                    []Lack
	Doubts                   []source.Why
}

// Mark is where the next page begins.
func (b Brief) Mark() string { return strconv.Itoa(b.Score) + ":" + b.Code }

// Entries lists entries, the least complete first.
func (s *Service) Entries(ctx context.Context, f EntryFilter) ([]Brief, error) {
	if err := see().Check(ctx); err != nil {
		return nil, err
	}
	where, args := []string{"1 = 1"}, []any{}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	switch text := strings.TrimSpace(f.Text); {
	case text == "":
	case strings.ContainsAny(text[:1], "123456789") && len(text) > 1 && text[1] == '.':
		where = append(where, `code LIKE `+arg(escape(text)+"%")+` ESCAPE '\'`)
	default:
		where = append(where, `name_key LIKE `+arg("%"+escape(fold.Key(text))+"%")+` ESCAPE '\'`)
	}
	if f.Agency != "" || f.NoName {
		where = append(where, `agency = `+arg(f.Agency))
	}
	if f.Need != "" {
		where = append(where, `missing LIKE `+arg("%,"+escape(string(f.Need))+":%")+` ESCAPE '\'`)
	}
	if f.Why != "" {
		where = append(where, `doubts LIKE `+arg("%,"+escape(string(f.Why))+",%")+` ESCAPE '\'`)
	}
	switch f.Whole {
	case Complete:
		where = append(where, `missing = ','`)
	case Lacking:
		where = append(where, `missing <> ','`)
	case BelowAverage:
		where = append(where, `score < `+arg(int64(math.Ceil(f.Below))))
	}
	if f.Packs {
		where = append(where, `pack <> ''`)
	}
	if score, code, ok := strings.Cut(f.After, ":"); ok {
		if n, err := strconv.Atoi(score); err == nil {
			a, c := arg(n), arg(code)
			where = append(where, `(score > `+a+` OR (score = `+a+` AND code > `+c+`))`)
		}
	}
	limit := f.Limit
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	return sqldb.Collect[Brief](s.deps.DB.Query(ctx, `SELECT code, name, agency, pack, score, missing, doubts FROM catalogue_entry WHERE `+strings.Join(where, " AND ")+`
		ORDER BY score, code LIMIT `+arg(limit), args...))(func(rows *sqldb.Rows) (b Brief, err error) {
		var missing, doubts string
		if err := rows.Scan(&b.Code, &b.Name, &b.Agency, &b.Pack, &b.Score, &missing, &doubts); err != nil {
			return b, err
		}
		b.Lacks = readLacks(missing)
		for w := range strings.SplitSeq(strings.Trim(doubts, ","), ",") {
			if w != "" {
				b.Doubts = append(b.Doubts, source.Why(w))
			}
		}
		return b, nil
	})
}

// escape takes their meaning from the signs of LIKE.
func escape(s string) string { return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) }

// Entry returns one entry.
func (s *Service) Entry(ctx context.Context, code string) (Entry, error) {
	if err := see().Check(ctx); err != nil {
		return Entry{}, err
	}
	return entryOf(ctx, s.deps.DB, code)
}

// Tally counts how much of the ways was read into fields: the figures of `motcua
// catalogue score`.
type Tally struct {
	Entries, Full                int64
	Ways, Terms, NoTerms         int64 // rows of the tables of ways; with a rule; where the law names none
	TermWords, TermUnknown       int64
	Fees, Free                   int64
	FeeWords, FeeUnknown         int64
	Papers, Counted, Forms       int64
	Laws, Numbered, Dated, Known int64 // legal texts; with number; with day; with issuer
	Results, ResultCodes         int64
}

// Add counts a record in.
func (t *Tally) Add(r *source.Record) {
	t.Entries++
	if r.Full() {
		t.Full++
	}
	for _, c := range r.Channels {
		t.Ways++
		switch c.Term.State {
		case source.TermRule:
			t.Terms++
		case source.TermNone:
			t.NoTerms++
		case source.TermDoubtful:
			t.TermWords++
		default:
			t.TermUnknown++
		}
		switch c.Fees.State {
		case source.FeeAmounts:
			t.Fees++
		case source.FeeFree:
			t.Free++
		case source.FeeDoubtful:
			t.FeeWords++
		default:
			t.FeeUnknown++
		}
	}
	for _, c := range r.Cases {
		for _, p := range c.Papers {
			t.Papers++
			if !p.Uncounted {
				t.Counted++
			}
			if p.Form != "" || p.FormURL != "" {
				t.Forms++
			}
		}
	}
	for _, l := range r.LegalBases {
		t.Laws++
		if l.Number != "" {
			t.Numbered++
		}
		if l.Date != "" {
			t.Dated++
		}
		if l.Agency != "" {
			t.Known++
		}
	}
	for _, x := range r.Results {
		t.Results++
		if x.Code != "" {
			t.ResultCodes++
		}
	}
}

// Tally counts over all entries.
func (s *Service) Tally(ctx context.Context) (t Tally, err error) {
	if err := see().Check(ctx); err != nil {
		return t, err
	}
	after := ""
	for {
		page, err := sqldb.Collect[Entry](s.deps.DB.Query(ctx, `SELECT `+entryColumns+` FROM catalogue_entry WHERE code > $1 ORDER BY code LIMIT 200`, after))(
			func(rows *sqldb.Rows) (Entry, error) { return scanEntry(rows.Scan) })
		if err != nil {
			return t, err
		}
		for _, e := range page {
			t.Add(e.Record)
			after = e.Code
		}
		if len(page) < 200 {
			return t, nil
		}
	}
}
