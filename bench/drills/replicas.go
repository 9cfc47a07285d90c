package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"motcua/bench/drills/drill"
	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
)

// replicas runs two programs on one PostgreSQL and one file store, and kills one
// after the other while people work.
func replicas() drill.Drill {
	return drill.Drill{
		Name:   "replicas",
		Proves: "two programs on one PostgreSQL, one dies: jobs, timers and subscribers go on within their lease, every effect happens once, numbers stay unique",
		Breaks: []drill.Break{
			{Name: "forgetful", What: "the subscribers' cursors and what they did are put back in the middle, as if nobody remembered", Fails: "^doubled: "},
		},
		Run: runReplicas,
	}
}

// Takeover: a journal lease lasts ten seconds, a job's thirty; the rest is for a
// busy machine.
const (
	takeoverMost = 10*time.Second + 20*time.Second
	jobsMost     = 30*time.Second + 30*time.Second
)

// twin is one of the two programs.
type twin struct {
	*drill.House
	s *apitest.Server
}

func runReplicas(t *drill.T) {
	sink := newSink(t)
	first := t.House("postgres", "")
	first.Program = first.Program.With("MOTCUA_SMTP_HOST=127.0.0.1", "MOTCUA_SMTP_PORT="+sink.port, "MOTCUA_SMTP_TLS=none", "MOTCUA_SMTP_FROM=Một cửa <motcua@province.example>")
	pair := []*twin{{House: first}, {House: secondOf(t, first)}}
	db := openDB(t, first)
	if _, err := db.ExecContext(t.Context(), `UPDATE identity_account SET email = login || '@people.example' WHERE kind = 'citizen'`); err != nil {
		t.Fatal(err)
	}
	var since int64
	t.Must(db.QueryRowContext(t.Context(), `SELECT COALESCE(MAX(position), 0) FROM journal_event`).Scan(&since))
	for _, r := range pair {
		r.s = r.Open(t)
	}
	crowd := &drill.Crowd{House: first, Bases: []string{"http://" + pair[0].Address, "http://" + pair[1].Address}}
	crowd.Start(t)
	chance := t.Rand(1)
	kills := drill.Full(t, 8, 1)
	var takeover, jobs []time.Duration
	var unanswered []string // whose time runs out
	for i := range kills {
		time.Sleep(time.Duration(1000+chance.IntN(drill.Full(t, 4000, 1000))) * time.Millisecond)
		if t.Broken == "forgetful" { // nobody needs to die for that
			t.Eventually("somebody is told", time.Minute, func() error {
				if mails, _ := sink.seen(); mails == 0 {
					return errors.New("no mail has come")
				}
				return nil
			})
			forget(t, db, since)
			kills = 0
			break
		}
		asked := unansweredIn(t, first, i)
		setTimersDue(t, db, asked)
		unanswered = append(unanswered, asked...)
		dead := pair[i%2]
		dead.s.Kill()
		at := time.Now()
		var mark int64
		t.Must(db.QueryRowContext(t.Context(), `SELECT COALESCE(MAX(position), 0) FROM journal_event`).Scan(&mark))
		t.Eventually("the other one takes over the subscribers", takeoverMost, func() error {
			return allTold(t, db, since, mark)
		})
		takeover = append(takeover, time.Since(at))
		jobs = append(jobs, t.Eventually("the other one takes over the jobs", jobsMost, func() error { return noneHeldBy(t, db, at) }))
		dead.s = dead.Open(t)
		if _, err := apitest.Ready(dead.s.Base, 30*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	crowd.Stop(t)
	t.Eventually("all is done in the end", time.Minute, func() error { return idle(t, db, since) })
	t.Figure("kills", kills)
	t.Figure("takeover-max", drill.Quantile(takeover, 1))
	t.Figure("jobs-max", drill.Quantile(jobs, 1))
	effects(t, db, sink, since, kills)
	fired(t, db, unanswered)
	pair[1].s.Stop(t)
	settle(t, crowd, first, pair[0].s)
}

// secondOf is another program on the same database, file store and keys.
func secondOf(t *drill.T, first *drill.House) *drill.House {
	dir := filepath.Join(t.TempDir(), "second")
	t.Must(os.Mkdir(dir, 0o750))
	for _, shared := range []string{"files", "audit", "secret"} {
		t.Must(os.Symlink(filepath.Join(first.Dir, shared), filepath.Join(dir, shared)))
	}
	second := *first
	second.Dir, second.Address = dir, t.FreeAddress()
	return &second
}

func openDB(t *drill.T, h *drill.House) *sql.DB {
	db, err := sql.Open("pgx", h.DB)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { t.Must(db.Close()) })
	return db
}

// unansweredIn files dossiers that are asked for more papers and never get them:
// their timers may run out without taking anything from somebody at work.
func unansweredIn(t *drill.T, h *drill.House, round int) (numbers []string) {
	t.Helper()
	me := h.People.Citizens[0]
	c := h.Client(me.Login)
	offer := apitest.OfferOf(t, c, "1.001193", "online", "Bình Minh")
	for n := range 3 {
		child := fmt.Sprintf("Lê Chờ Mãi %c%c", 'A'+round, 'A'+n)
		var d struct{ Number string }
		c.Post(t, "/api/v1/dossiers", id.New(), apitest.Declaration(offer, me.Name, me.Login, child, apitest.Upload(t, c, apitest.PDF(child))), &d)
		for _, s := range []struct {
			who, action string
		}{{h.People.Clerk.Login, "accept"}, {h.People.Officer.Login, "ask"}} {
			h.Client(s.who).Post(t, "/api/v1/dossiers/"+d.Number+"/actions", id.New(), map[string]any{"action": s.action, "reason": "Giấy chứng sinh bị mờ"}, nil)
		}
		numbers = append(numbers, d.Number)
	}
	return numbers
}

// setTimersDue lets the time of dossiers run out at once.
func setTimersDue(t *drill.T, db *sql.DB, numbers []string) {
	t.Helper()
	for _, number := range numbers {
		res, err := db.ExecContext(t.Context(), `UPDATE job_task SET run_at = 0 WHERE kind = 'dossier.timer' AND state = 'ready'
			AND key LIKE (SELECT id FROM dossier_dossier WHERE number = $1) || '/%'`, number)
		t.Must(err)
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			t.Fatalf("%s has %d timers, %v", number, n, err)
		}
	}
}

// fired looks that each timer acted on its dossier, once.
func fired(t *drill.T, db *sql.DB, numbers []string) {
	t.Helper()
	for _, number := range numbers {
		var n int
		t.Must(db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM journal_event WHERE type = 'dossier.supplement-expired'
			AND stream = (SELECT 'dossier:' || id FROM dossier_dossier WHERE number = $1)`, number).Scan(&n))
		switch {
		case n == 0:
			t.Errorf("lost: the timer of %s never fired", number)
		case n > 1:
			t.Errorf("doubled: the timer of %s fired %d times", number, n)
		}
	}
	t.Figure("timers-fired", len(numbers))
}

// noneHeldBy is nil once nothing waits that was due before a moment or is held by
// the dead since then.
func noneHeldBy(t *drill.T, db *sql.DB, at time.Time) error {
	var n int
	err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM job_task WHERE state = 'run' AND changed_at <= $1 OR state = 'ready' AND run_at <= $1`, at.UnixMilli()).Scan(&n)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d jobs from before the kill are not done", n)
	}
	return err
}

// allTold is nil once a notice stands for everything that was filed between two
// positions of the journal.
func allTold(t *drill.T, db *sql.DB, since, mark int64) error {
	var n int
	err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM journal_event WHERE type = 'dossier.submitted' AND position > $1 AND position <= $2
		AND NOT EXISTS (SELECT 1 FROM notify_notice WHERE event_id = journal_event.id)`, since, mark).Scan(&n)
	if err == nil && n > 0 {
		err = fmt.Errorf("nobody was told of %d filings", n)
	}
	return err
}

// idle is nil once all are told and no job is due.
func idle(t *drill.T, db *sql.DB, since int64) error {
	var due int
	if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM job_task WHERE state = 'run' OR state = 'ready' AND run_at <= $1`, time.Now().UnixMilli()).Scan(&due); err != nil {
		return err
	}
	if due > 0 {
		return fmt.Errorf("%d jobs are due", due)
	}
	return allTold(t, db, since, 1<<62)
}

// effects counts what was done about the events since the drill began.
func effects(t *drill.T, db *sql.DB, sink *sink, since int64, kills int) {
	t.Helper()
	count := func(query string, args ...any) (n int) {
		t.Must(db.QueryRowContext(t.Context(), query, args...).Scan(&n))
		return n
	}
	// Each time its own dossier was filed a citizen is told, once.
	filed := count(`SELECT COUNT(*) FROM journal_event WHERE type = 'dossier.submitted' AND position > $1`, since)
	told := count(`SELECT COUNT(*) FROM notify_notice n WHERE n.kind = 'submitted' AND n.event_id IN (SELECT id FROM journal_event WHERE position > $1)`, since)
	t.Figure("submitted", filed)
	t.Figure("notices", told)
	switch {
	case told < filed:
		t.Errorf("lost: %d were filed, %d notices were made", filed, told)
	case told > filed:
		t.Errorf("doubled: %d were filed, %d notices were made", filed, told)
	}
	// Every notice to somebody with an address was mailed; one that was under way when
	// the program died may go out again, with the same Message-ID.
	due := count(`SELECT COUNT(*) FROM notify_notice n JOIN identity_account a ON a.id = n.account_id WHERE a.email <> '' AND n.event_id IN (SELECT id FROM journal_event WHERE position > $1)`, since)
	mails, again := sink.seen()
	t.Figure("mails", mails)
	t.Figure("mails-again", again)
	if mails < due {
		t.Errorf("lost: %d mails were due, %d came", due, mails)
	}
	if mails > due {
		t.Errorf("doubled: %d mails were due, %d different ones came", due, mails)
	}
	if most := 8 * kills; again > most {
		t.Errorf("doubled: %d mails came again, at most the %d under way at a kill may", again, most)
	}
	if n := count(`SELECT COUNT(*) FROM job_task WHERE state = 'parked'`); n > 0 {
		t.Errorf("lost: %d jobs were given up", n)
	}
	total, distinct := count(`SELECT COUNT(*) FROM dossier_dossier`), count(`SELECT COUNT(DISTINCT number) FROM dossier_dossier`)
	if total != distinct {
		t.Errorf("doubled: %d dossiers have %d numbers", total, distinct)
	}
}

// forget puts the mail subscriber back to the beginning and takes its memory, so
// that it does everything again under new names.
func forget(t *drill.T, db *sql.DB, since int64) {
	t.Helper()
	for _, q := range []string{
		`UPDATE notify_notice SET event_id = event_id || '-forgotten' WHERE event_id IN (SELECT id FROM journal_event WHERE position > $1)`,
		`UPDATE journal_cursor SET next = $1 WHERE name LIKE 'notify%'`,
	} {
		if _, err := db.ExecContext(t.Context(), q, since); err != nil {
			t.Fatal(err)
		}
	}
}

// sink is a mail server that keeps only the Message-IDs.
type sink struct {
	port string
	mu   sync.Mutex
	ids  map[string]int
}

func newSink(t *drill.T) *sink {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at the end
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { t.Must(ln.Close()) })
	_, port, err := net.SplitHostPort(ln.Addr().String())
	t.Must(err)
	s := &sink{port: port, ids: map[string]int{}}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.talk(c)
		}
	}()
	return s
}

// talk is SMTP (RFC 5321) as far as a sender needs it.
func (s *sink) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	say := func(line string) { _, _ = c.Write([]byte(line + "\r\n")) } // whoever hung up sends no more
	say("220 sink")
	lines := bufio.NewScanner(c)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
		switch verb {
		case "EHLO", "HELO":
			say("250 sink")
		case "DATA":
			say("354 go on")
			key, whole := "", false
			for !whole && lines.Scan() {
				if v, ok := strings.CutPrefix(lines.Text(), "Message-ID: "); ok {
					key = v
				}
				whole = lines.Text() == "."
			}
			if !whole {
				return // whoever sent it was killed in the middle: no mail server takes that
			}
			s.mu.Lock()
			s.ids[key]++ // taken before it is said, as a mail server does
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// seen gives how many different mails came, and how many came again.
func (s *sink) seen() (mails, again int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.ids {
		mails++
		again += n - 1
	}
	return mails, again
}
