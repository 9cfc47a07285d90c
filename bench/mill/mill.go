package mill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Options say what to mill.
type Options struct {
	URL      string // of the house's database: a demo
	Dossiers int    // how many to add
	Seed     uint64
	Progress func(done, total int)
}

// Report says what was milled.
type Report struct {
	Dossiers, Open, Rows int
	Events               int64
	Took, Indexes        time.Duration
}

// communes is how many agencies are added to those of the demo.
const communes = 120

// years is how far back the dossiers go.
const years = 5

const week = 7 * 24 * 3600 * 1000

// Load mills. The house must be closed, and a demo without milled dossiers.
func Load(ctx context.Context, o Options) (_ Report, err error) {
	began := time.Now()
	db, err := sqldb.Open(ctx, o.URL, sqldb.Options{})
	if err != nil {
		return Report{}, err
	}
	m := &mill{o: o, rng: rand.New(rand.NewPCG(o.Seed, 77)), counters: map[string]int64{}, stats: map[statKey]*[8]int64{}}
	path, dialect := db.Path(), db.Dialect()
	if err := errors.Join(m.prepare(ctx, db), db.Close()); err != nil {
		return Report{}, err
	}
	m.sink, err = openSink(ctx, dialect, path, o.URL, m.src.columns)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, m.sink.close()) }()
	if err := m.run(ctx); err != nil {
		return Report{}, err
	}
	indexing := time.Now()
	if err := m.sink.finish(ctx); err != nil {
		return Report{}, err
	}
	m.report.Took, m.report.Indexes = time.Since(began), time.Since(indexing)
	if dialect == sqldb.SQLite {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return m.report, err
		}
		return m.report, errors.Join(f.Sync(), f.Close())
	}
	return m.report, nil
}

type statKey struct{ agency, procedure, month string }

type mill struct {
	o      Options
	rng    *rand.Rand
	src    *source
	sink   sink
	closed []*life // over, by the time they were filed
	taken  []*life // over, and fit to be told in two events
	open   []*life
	places []*place
	home   map[string]*place

	size     int64 // of the ledger
	roots    []tlog.Hash
	nextHash int64
	counters map[string]int64 // agency/day → numbers given
	stats    map[statKey]*[8]int64
	report   Report
	row      []any
}

// place is an agency at which copies are handled.
type place struct {
	id, path, code string
	home           bool // of the demo: its staff is its own
	staff          map[string]string
	rng            *rand.Rand
	took           []string // accounts made for it, in order
}

// staffOf is the account at this place of somebody at the place of the original.
func (p *place) staffOf(account string) string {
	if p.home {
		return account
	}
	if p.staff[account] == "" {
		p.staff[account] = uuid7(1_700_000_000_000, 0, p.rng)
		p.took = append(p.took, account)
	}
	return p.staff[account]
}

func (m *mill) prepare(ctx context.Context, db *sqldb.DB) error {
	var err error
	if m.src, err = newSource(ctx, db); err != nil {
		return err
	}
	var milled int
	if err := db.QueryRow(ctx, `SELECT COUNT(*) FROM org_agency WHERE code LIKE 'H64.1__'`).Scan(&milled); err != nil {
		return err
	}
	if milled > 0 {
		return errors.New("mill: this house was milled before")
	}
	lives, err := m.src.lives(ctx)
	if err != nil {
		return err
	}
	for _, l := range lives {
		switch {
		case l.open:
			m.open = append(m.open, l)
		default:
			m.closed = append(m.closed, l)
			if l.takeover {
				m.taken = append(m.taken, l)
			}
		}
	}
	if len(m.closed) == 0 || len(m.taken) == 0 || len(m.open) == 0 {
		return fmt.Errorf("mill: a demo with more lives is needed: %d over, %d taken over, %d open", len(m.closed), len(m.taken), len(m.open))
	}
	if err := db.QueryRow(ctx, `SELECT size FROM journal_tree WHERE id = 1`).Scan(&m.size); err != nil {
		return err
	}
	var unsealed int
	if err := db.QueryRow(ctx, `SELECT COUNT(*) FROM journal_event WHERE position IS NULL`).Scan(&unsealed); err != nil {
		return err
	}
	if unsealed > 0 {
		return errors.New("mill: the house has events that are not sealed yet; serve it once")
	}
	m.nextHash = tlog.StoredHashIndex(0, m.size)
	if m.roots, err = frontier(ctx, db, m.size); err != nil {
		return err
	}
	_, rows, err := rowsOf(ctx, db, `SELECT agency, day, n FROM dossier_number`)
	if err != nil {
		return err
	}
	for _, r := range rows {
		m.counters[str(r[0])+"/"+str(r[1])] = integer(r[2])
	}
	return m.found(ctx, db)
}

// found founds the communes.
func (m *mill) found(ctx context.Context, db *sqldb.DB) error {
	m.home = map[string]*place{}
	columns, rows, err := rowsOf(ctx, db, `SELECT * FROM org_agency ORDER BY code`)
	if err != nil {
		return err
	}
	col := func(name string) int { return slices.Index(columns, name) }
	var model []any
	for _, r := range rows {
		p := &place{id: str(r[col("id")]), path: str(r[col("path")]), code: str(r[col("code")]), home: true}
		m.home[p.id] = p
		if p.code == "H64.31" {
			model = r
		}
	}
	if model == nil {
		return errors.New("mill: the ward of the demo is not here")
	}
	parent := strings.TrimSuffix(str(model[col("path")]), str(model[col("id")])+"/")
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		for i := range communes {
			r := slices.Clone(model)
			id := uuid7(1_700_000_000_000+int64(i), 0, m.rng)
			code := fmt.Sprintf("H64.%d", 101+i)
			name := fmt.Sprintf("Ủy ban nhân dân xã %s %s", pick(m.rng, communeNames), pick(m.rng, communeNames))
			for column, v := range map[string]string{
				"id": id, "code": code, "name": name, "short_name": strings.TrimPrefix(name, "Ủy ban nhân dân "), "name_key": fold.Key(name), "sort_key": fold.Key(name),
				"path": parent + id + "/", "unit_code": "", "old_code": "",
			} {
				r[col(column)] = v
			}
			marks := make([]string, len(r))
			for j := range r {
				marks[j] = fmt.Sprintf("$%d", j+1)
			}
			if _, err := tx.Exec(ctx, `INSERT INTO org_agency (`+strings.Join(columns, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`, r...); err != nil {
				return err
			}
			m.places = append(m.places, &place{id: id, path: parent + id + "/", code: code, staff: map[string]string{}, rng: rand.New(rand.NewPCG(m.o.Seed, uint64(i)))})
		}
		_, err := tx.Exec(ctx, `UPDATE org_state SET generation = generation + 1`)
		return err
	})
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// order is one copy to make.
type order struct {
	at    int64 // when it is filed
	life  *life
	shift int64
	full  bool
}

// plan says which lives are copied to when, in the order of time.
func (m *mill) plan() []order {
	n := m.o.Dossiers
	all := make([]order, 0, n)
	// The demo's own year is this one. Open dossiers stay within weeks of where they
	// are; the others go back by whole weeks, so that working days stay working days.
	for i := range n {
		switch {
		case i%50 == 0:
			l := m.open[i/50%len(m.open)]
			all = append(all, order{life: l, shift: -int64(m.rng.IntN(4)) * week, full: true})
		case i%years == 1 || i%years == 0:
			if i%years == 0 { // a fifth is of this year
				l := m.closed[m.rng.IntN(len(m.closed))]
				all = append(all, order{life: l, full: true})
				continue
			}
			fallthrough
		default:
			l := m.taken[m.rng.IntN(len(m.taken))]
			all = append(all, order{life: l, shift: -int64(52+m.rng.IntN((years-2)*52)) * week})
		}
	}
	for i := range all {
		all[i].at = all[i].life.filed + all[i].shift
	}
	slices.SortStableFunc(all, func(a, b order) int { return int(min(max(a.at-b.at, -1), 1)) })
	return all
}

func (m *mill) run(ctx context.Context) error {
	orders := m.plan()
	for i, o := range orders {
		if err := m.copy(ctx, o); err != nil {
			return err
		}
		if m.o.Progress != nil && i%10_000 == 9_999 {
			m.o.Progress(i+1, len(orders))
		}
	}
	return m.books(ctx)
}

// where says at which agency a copy is handled: a tenth stays in the ward of the demo.
func (m *mill) where(l *life) *place {
	home := m.home[l.agencyID]
	if home.code != "H64.31" && home.code != "H64.32" || m.rng.IntN(10) == 0 {
		return home
	}
	return m.places[m.rng.IntN(len(m.places))]
}

func (m *mill) copy(ctx context.Context, o order) error {
	l := o.life
	p := m.where(l)
	day := civil.DateOf(time.UnixMilli(o.at)).YYMMDD()
	key := p.code + "/" + day
	m.counters[key]++
	c := &copyOf{shift: o.shift, place: p, number: fmt.Sprintf("%s-%s-%04d", p.code, day, m.counters[key]), name: personName(m.rng)}
	if l.citizen != "" {
		c.citizen = fmt.Sprintf("099%09d", m.rng.IntN(1_000_000_000))
	}
	// Few file twice: an account of its own for each.
	c.persons[0] = uuid7(o.at-1000, 0, m.rng)
	c.persons[1] = uuid7(o.at-1000, 1, m.rng)
	rows, events := l.rows, l.events
	if !o.full {
		rows, events = l.old, l.oldEvents
	}
	c.ids = make([]string, l.ids)
	for i := range c.ids {
		c.ids[i] = uuid7(o.at, uint16(i), m.rng)
	}
	m.report.Dossiers++
	if l.open {
		m.report.Open++
	}
	for _, r := range rows {
		row := m.values(len(r.values))
		for i, v := range r.values {
			switch {
			case v.kind == '0':
				row[i] = nil
			case v.kind == 'n' && v.moment:
				row[i] = v.n + o.shift
			case v.kind == 'n':
				row[i] = v.n
			default:
				row[i] = c.write(v.text)
			}
		}
		if err := m.put(ctx, r.table, row); err != nil {
			return err
		}
	}
	id := c.ids[0]
	for _, k := range l.keys {
		row := m.values(3)
		row[0], row[1], row[2] = c.write(k), o.at, id
		if err := m.put(ctx, tReach, row); err != nil {
			return err
		}
	}
	for _, k := range searchKeys(c) {
		row := m.values(4)
		row[0], row[1], row[2], row[3] = p.id, k, id, o.at
		if err := m.put(ctx, tSearch, row); err != nil {
			return err
		}
	}
	for _, s := range l.stats {
		k := statKey{p.id, l.procedure, civil.DateOf(time.UnixMilli(s.at + o.shift)).String()[:7]}
		if m.stats[k] == nil {
			m.stats[k] = new([8]int64)
		}
		for i, n := range s.add {
			m.stats[k][i] += n
		}
	}
	return m.ledger(ctx, c, id, events)
}

func (m *mill) values(n int) []any {
	if cap(m.row) < n {
		m.row = make([]any, n)
	}
	return m.row[:n]
}

func (m *mill) put(ctx context.Context, table int, row []any) error {
	m.report.Rows++
	return m.sink.add(ctx, table, row)
}

// ledger appends the events of a copy and seals them.
func (m *mill) ledger(ctx context.Context, c *copyOf, id string, events []cutEvent) error {
	stream, last := "dossier:"+id, ""
	for i, e := range events {
		at := e.at + c.shift
		last = uuid7(at, uint16(i), m.rng)
		ev := journal.Event{
			ID: last, Stream: stream, Seq: int64(i + 1), Type: e.typ, At: sqldb.Time(at), Actor: c.write(e.actor), ActorName: e.actorName,
			OnBehalf: e.onBehalf, Purpose: e.purpose, Data: []byte(c.write(e.data)),
		}
		row := m.values(11)
		row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10] =
			ev.ID, ev.Stream, ev.Seq, ev.Type, at, ev.Actor, ev.ActorName, ev.OnBehalf, ev.Purpose, string(ev.Data), m.size
		if err := m.put(ctx, tEvent, row); err != nil {
			return err
		}
		if err := m.seal(ctx, tlog.RecordHash(ev.Record())); err != nil {
			return err
		}
	}
	row := m.values(3)
	row[0], row[1], row[2] = stream, int64(len(events)), last
	return m.put(ctx, tStream, row)
}

// seal adds a record to the Merkle log, as the sealer does.
func (m *mill) seal(ctx context.Context, h tlog.Hash) error {
	store := func(h tlog.Hash) error {
		row := m.values(2)
		row[0], row[1] = m.nextHash, slices.Clone(h[:])
		m.nextHash++
		return m.put(ctx, tHash, row)
	}
	if err := store(h); err != nil {
		return err
	}
	for n := m.size; n&1 == 1; n >>= 1 {
		last := len(m.roots) - 1
		h = tlog.NodeHash(m.roots[last], h)
		m.roots = m.roots[:last]
		if err := store(h); err != nil {
			return err
		}
	}
	m.roots = append(m.roots, h)
	m.size++
	m.report.Events++
	return nil
}

// books writes what counts and remembers: numbers, figures, the size of the
// ledger, how far everybody has followed it, who works in the communes.
func (m *mill) books(ctx context.Context) error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(m.counters)), 100) {
		values, args := make([]string, len(some)), make([]any, 0, 3*len(some))
		for i, key := range some {
			agency, day, _ := strings.Cut(key, "/")
			values[i] = fmt.Sprintf("($%d, $%d, CAST($%d AS BIGINT))", 3*i+1, 3*i+2, 3*i+3)
			args = append(args, agency, day, m.counters[key])
		}
		if err := m.sink.exec(ctx, `INSERT INTO dossier_number (agency, day, n) VALUES `+strings.Join(values, ", ")+` ON CONFLICT (agency, day) DO UPDATE SET n = excluded.n`, args...); err != nil {
			return err
		}
	}
	for k, n := range m.cube() {
		if err := m.sink.exec(ctx, `INSERT INTO dossier_stat (agency_id, month, procedure_code, received, online, done, in_time, late, refused, withdrawn, closed, moved_in, moved_out)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0)
			ON CONFLICT (agency_id, month, procedure_code) DO UPDATE SET received = dossier_stat.received + excluded.received, online = dossier_stat.online + excluded.online,
			done = dossier_stat.done + excluded.done, in_time = dossier_stat.in_time + excluded.in_time, late = dossier_stat.late + excluded.late,
			refused = dossier_stat.refused + excluded.refused, withdrawn = dossier_stat.withdrawn + excluded.withdrawn, closed = dossier_stat.closed + excluded.closed`,
			k.agency, k.month, k.procedure, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]); err != nil {
			return err
		}
	}
	for _, p := range m.places {
		for _, account := range p.took {
			if err := m.sink.exec(ctx, `INSERT INTO identity_account (id, kind, login, login_key, name, name_key, sort_key, gender, phone, email, address, lang, state, assurance, agency_id, agency_path, password, created_at, rev)
				SELECT $1, kind, login || '.' || $2, login_key || '.' || $2, name, name_key, sort_key, gender, phone, email, address, lang, state, assurance, $3, $4, password, created_at, rev
				FROM identity_account WHERE id = $5`, p.staff[account], strings.ToLower(p.code), p.id, p.path, account); err != nil {
				return err
			}
		}
	}
	if err := m.sink.exec(ctx, `UPDATE journal_tree SET size = $1 WHERE id = 1`, m.size); err != nil {
		return err
	}
	return m.sink.exec(ctx, `UPDATE journal_cursor SET next = $1, tries = 0, retry_at = 0, error = ''`, m.size)
}

// cube adds the figures up as dossier_stat keeps them: each also for all agencies, all
// procedures, its year and all time.
func (m *mill) cube() map[statKey]*[8]int64 {
	lines := map[statKey]*[8]int64{}
	for k, n := range m.stats {
		for _, agency := range []string{k.agency, ""} {
			for _, procedure := range []string{k.procedure, ""} {
				for _, month := range []string{k.month, k.month[:4], ""} {
					line := statKey{agency, procedure, month}
					if lines[line] == nil {
						lines[line] = new([8]int64)
					}
					for i := range n {
						lines[line][i] += n[i]
					}
				}
			}
		}
	}
	return lines
}

// searchKeys are the words of dossier_search; the rules are those of the dossier room.
func searchKeys(c *copyOf) []string {
	var keys []string
	_, tail, _ := strings.Cut(c.number, "-")
	keys = append(keys, strings.Join(fold.Tokens(tail), " "))
	_, seq, _ := strings.Cut(tail, "-")
	keys = append(keys, seq)
	words := fold.Tokens(c.name)
	for i := range words {
		keys = append(keys, strings.Join(words[i:], " "))
	}
	if c.citizen != "" {
		keys = append(keys, c.citizen)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// frontier reads the right edge of the log, as the sealer does.
func frontier(ctx context.Context, r sqldb.Reader, size int64) ([]tlog.Hash, error) {
	var roots []tlog.Hash
	var before int64
	for level := 62; level >= 0; level-- {
		if size>>level&1 == 0 {
			continue
		}
		var h []byte
		if err := r.QueryRow(ctx, `SELECT hash FROM journal_hash WHERE idx = $1`, tlog.StoredHashIndex(level, before>>level)).Scan(&h); err != nil {
			return nil, fmt.Errorf("mill: the ledger's edge: %w", err)
		}
		roots = append(roots, tlog.Hash(h))
		before += 1 << level
	}
	return roots, nil
}

var (
	families     = strings.Fields("Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Mai Tô Hà Lâm Trịnh Đoàn Cao Châu")
	middles      = strings.Fields("Thị Thị Thị Văn Văn Văn Đức Minh Quang Hữu Công Đình Xuân Thanh Gia Bảo Tuấn Anh Hoàng Ngọc Thu Phương Kim Bích Hồng Diệu Khánh Mỹ Thùy")
	givens       = strings.Fields("An Anh Bình Bích Chi Cường Dung Dũng Duyên Đạt Đông Đào Giang Hà Hải Hạnh Hiếu Hiền Hoa Hùng Huy Hương Hường Khang Khoa Kiên Lâm Lan Linh Long Ly Mai Minh Nam Nga Ngân Nghĩa Nhung Oanh Phong Phúc Phương Quân Quỳnh Sơn Tài Tâm Thành Thảo Thắng Thủy Trang Tuấn Uyên Vân Việt Vinh Yến")
	communeNames = strings.Fields("An Bình Cẩm Đông Gia Hòa Hưng Khánh Lạc Long Mỹ Nam Nghĩa Phú Phước Quang Sơn Tân Thanh Thịnh Trung Vĩnh Xuân Yên")
)

func personName(r *rand.Rand) string {
	return pick(r, families) + " " + pick(r, middles) + " " + pick(r, givens)
}
