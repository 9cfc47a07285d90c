package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"motcua/bench/drills/drill"
	"motcua/e2e/apitest"
	"motcua/internal/platform/sqldb"
)

// restore takes a house back to a chosen moment after everything but its backup was
// lost, and then to the last moment there is.
func restore() drill.Drill {
	return drill.Drill{
		Name:   "restore",
		Proves: "after the house is wiped in the middle of its work it comes back, on both engines, to a chosen moment with every table and the audit checkpoint as recorded then, and to the last moment with little lost; a changed byte in the backup is found",
		Breaks: []drill.Break{{Name: "other-moment", What: "the house is taken back to a moment eight seconds before", Fails: "^mismatch: "}},
		Run: func(t *drill.T) {
			engines := []string{"sqlite", "postgres"}
			if t.Broken != "" {
				engines = engines[:1]
			}
			for _, engine := range engines {
				(&rescue{engine: engine}).run(t)
			}
		},
	}
}

// rescue is one house that is lost and comes back.
type rescue struct {
	engine string
	h      *drill.House
	follow string // continuous backup
	pg     keeper // of PostgreSQL, on that engine

	moment     time.Time // chosen
	tables     map[string]string
	checkpoint string
}

func (r *rescue) run(t *drill.T) {
	r.h = t.House(r.engine, "")
	r.follow = filepath.Join(t.TempDir(), "follow")
	settings := filepath.Join(t.TempDir(), "motcua.toml")
	t.Must(os.WriteFile(settings, fmt.Appendf(nil, "[backup]\nfollow = %q\n", r.follow), 0o600))
	if r.engine == "postgres" {
		r.pg.begin(t, r.h.Cluster)
	}
	s, err := r.h.TryStart(t, append([]string{"serve", "--listen", r.h.Address, "--config", settings}, r.h.Flags()...)...)
	t.Must(err)

	crowd := &drill.Crowd{House: r.h}
	crowd.Start(t)
	time.Sleep(time.Duration(drill.Full(t, 60, 5)) * time.Second)
	crowd.Stop(t)
	r.choose(t)

	// Life goes on after the chosen moment, and then all is lost.
	told := r.loseEverything(t, s)
	r.back(t, r.moment)
	if t.Broken == "" {
		r.latest(t, told)
		r.flips(t)
	}
}

// snapshot is the digest of every table at one moment.
func snapshot(t *drill.T, address string) map[string]string {
	t.Helper()
	db, err := sqldb.Open(t.Context(), address, sqldb.Options{KeepLog: true})
	t.Must(err)
	defer func() { t.Must(db.Close()) }()
	all := map[string]string{}
	t.Must(db.Snapshot(t.Context(), func(r sqldb.Reader) error {
		list := `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
		if r.Dialect() == sqldb.Postgres {
			list = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename`
		}
		names, err := sqldb.Strings(r.Query(t.Context(), list))
		if err != nil {
			return err
		}
		for _, name := range names {
			if all[name], err = digest(t, r, name); err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
		return nil
	}))
	return all
}

func digest(t *drill.T, r sqldb.Reader, table string) (_ string, err error) {
	rows, err := r.Query(t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var lines []string // their order on the disk means nothing
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%q", values))
		lines = append(lines, string(sum[:]))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return fmt.Sprintf("%d rows %s", len(lines), hex.EncodeToString(sum[:8])), rows.Err()
}

func (r *rescue) address() string {
	if r.h.DB != "" {
		return r.h.DB
	}
	return "sqlite:" + filepath.Join(r.h.Dir, "motcua.db")
}

// choose waits for a moment at which nothing happened for a while, and records it.
func (r *rescue) choose(t *drill.T) {
	const quiet = 2500 * time.Millisecond // longer than it takes to follow
	before := snapshot(t, r.address())
	for range 60 {
		time.Sleep(quiet)
		// What lies between two equal snapshots lies in no change.
		said, at := r.h.Command(t, "audit", "checkpoint"), time.Now()
		now := snapshot(t, r.address())
		if differ(before, now) == "" {
			r.moment, r.tables, r.checkpoint = at, now, said.Out
			t.Logf("the chosen moment is %s, with %d tables", r.moment.Format(time.StampMilli), len(now))
			return
		}
		before = now
	}
	t.Fatal("the house never rests")
}

// differ names the tables that are not the same.
func differ(a, b map[string]string) string {
	var names []string
	for name, d := range a {
		if b[name] != d {
			names = append(names, fmt.Sprintf("%s (%s, %s)", name, d, b[name]))
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// ack is a dossier that was acknowledged.
type ack struct {
	number string
	at     time.Time
}

// ledger is what people were told between the chosen moment and the end of everything.
type ledger struct {
	mu    sync.Mutex
	acked []ack
	end   time.Time
}

// loseEverything kills the house while people file, and removes it.
func (r *rescue) loseEverything(t *drill.T, s *apitest.Server) *ledger {
	st := &stage{base: s.Base, h: r.h, offer: apitest.OfferOf(t, r.h.Client(""), "1.001193", "online", "Bình Minh")}
	st.people(t)
	l := &ledger{}
	var done atomic.Bool
	var wg sync.WaitGroup
	for i := range 8 {
		c := st.client(i % len(st.file))
		wg.Go(func() {
			for !done.Load() {
				sub := st.fresh(i % len(st.file))
				a, err := c.Do("POST", "/api/v1/dossiers", sub.key, sub.body)
				var d struct{ Number string }
				if err != nil || a.Status != 201 || json.Unmarshal(a.Body, &d) != nil {
					continue // the house is gone
				}
				l.mu.Lock()
				l.acked = append(l.acked, ack{d.Number, time.Now()})
				l.mu.Unlock()
			}
		})
	}
	time.Sleep(time.Duration(drill.Full(t, 20, 4)) * time.Second)
	l.end = time.Now()
	s.Kill()
	done.Store(true)
	wg.Wait()
	if len(l.acked) == 0 {
		t.Errorf("nothing was filed after the chosen moment")
	}
	if r.engine == "postgres" {
		r.pg.lose(t, r.h.Cluster)
	}
	t.Must(os.RemoveAll(r.h.Dir))
	return l
}

// twin is an empty house on another port; on PostgreSQL its database has been
// brought to a time, the end when it is zero.
func (r *rescue) twin(t *drill.T, at time.Time) apitest.House {
	h := apitest.House{Program: r.h.Program, Dir: filepath.Join(t.TempDir(), "twin")}
	if r.engine == "postgres" {
		h.DB = r.pg.recover(t, at).URL("motcua")
	}
	return h
}

// back takes the house back to the chosen moment.
func (r *rescue) back(t *drill.T, at time.Time) {
	if t.Broken == "other-moment" {
		at = at.Add(-8 * time.Second)
	}
	began := time.Now()
	twin := r.twin(t, at)
	said := twin.Command(t, "restore", "--follow", r.follow, "--at", at.Format(time.RFC3339Nano), "--reason", "diễn tập")
	if said.Status != 0 {
		t.Fatalf("mismatch: not restored: %s", said)
	}
	took := time.Since(began)

	address := twin.DB
	if address == "" {
		address = "sqlite:" + filepath.Join(twin.Dir, "motcua.db")
	}
	mismatches := 0
	if d := differ(r.tables, snapshot(t, address)); d != "" {
		mismatches += strings.Count(d, ", ") + 1
		t.Errorf("mismatch: %.1000s", d)
	}
	if said := twin.Command(t, "audit", "checkpoint"); said.Out != r.checkpoint {
		mismatches++
		t.Errorf("mismatch: the checkpoint is\n%s\nit was\n%s", said.Out, r.checkpoint)
	}
	if said := twin.Command(t, "audit", "verify"); said.Status != 0 {
		mismatches++
		t.Errorf("mismatch: %s", said)
	}
	began = time.Now()
	s := twin.Serve(t, "")
	if _, err := apitest.Ready(s.Base, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	took += time.Since(began)
	s.Stop(t)
	t.Figure(r.engine+"-tables", len(r.tables))
	t.Zero(r.engine+"-mismatches", mismatches)
	t.Figure(r.engine+"-rto", took)
	if took > 5*time.Minute {
		t.Errorf("it took %s", took)
	}
}

// lossMost is how much work may be lost when everything but the backup is gone. A
// machine that runs all other tests at the same time may be late with a moment.
func lossMost(t *drill.T) time.Duration { return drill.Full(t, 3*time.Second, 15*time.Second) }

// latest takes it back to the last moment there is, and looks what of that which
// people were told is missing. The loss is counted from the first such word.
func (r *rescue) latest(t *drill.T, told *ledger) {
	twin := r.twin(t, time.Time{})
	if said := twin.Command(t, "restore", "--follow", r.follow); said.Status != 0 {
		t.Fatalf("mismatch: not restored: %s", said)
	}
	if said := twin.Command(t, "audit", "verify"); said.Status != 0 {
		t.Errorf("mismatch: %s", said)
	}
	s := twin.Serve(t, "")
	there := map[string]bool{}
	for _, c := range r.h.People.Citizens {
		if token := r.h.People.Tokens[c.Login]; token != "" {
			for n := range byNumber(t, apitest.NewClient(s.Base, token)) {
				there[n] = true
			}
		}
	}
	s.Stop(t)
	lost, loss := 0, time.Duration(0)
	for _, a := range told.acked {
		if !there[a.number] {
			lost++
			loss = max(loss, told.end.Sub(a.at))
		}
	}
	t.Figure(r.engine+"-rpo", loss)
	t.Figure(r.engine+"-filed-since", len(told.acked))
	t.Figure(r.engine+"-of-them-lost", lost)
	if loss > lossMost(t) {
		t.Errorf("%s of work is lost", loss)
	}
}

// flips changes single bytes of the backup.
func (r *rescue) flips(t *drill.T) {
	var files []string
	t.Must(filepath.WalkDir(r.follow, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(strings.TrimPrefix(path, r.follow), "/tmp/") {
			return err
		}
		st, err := d.Info()
		if err == nil && st.Size() > 0 {
			files = append(files, path)
		}
		return err
	}))
	if said := r.h.Run(t, "backup", "--check", r.follow); said.Status != 0 {
		t.Fatalf("the untouched backup: %s", said)
	}
	chance := t.Rand(5)
	found, tries := 0, drill.Full(t, 20, 3)
	for i := range tries {
		path := files[chance.IntN(len(files))]
		if i%2 == 0 {
			path = files[slices.IndexFunc(files, func(f string) bool { return strings.HasSuffix(f, ".follow") })]
		}
		whole, err := os.ReadFile(path) //nolint:gosec // of this drill
		t.Must(err)
		at := chance.IntN(len(whole))
		bad := slices.Clone(whole)
		bad[at] ^= 1 << chance.IntN(8)
		t.Must(os.WriteFile(path, bad, 0o600))
		if said := r.h.Run(t, "backup", "--check", r.follow); said.Status != 0 {
			found++
		} else {
			t.Errorf("byte %d of %s was changed and not found", at, filepath.Base(path))
		}
		t.Must(os.WriteFile(path, whole, 0o600))
	}
	if r.engine == "postgres" {
		tries++
		if r.pg.flip(t) {
			found++
		}
	}
	t.Figure(r.engine+"-flips-found", fmt.Sprintf("%d/%d", found, tries))
}
