package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

const (
	defaultAttempts = 12
	defaultTimeout  = time.Minute
	// A lease is short and renewed while the work goes on, so that the work of a
	// killed process is soon taken over however long it may last.
	leaseTerm  = 30 * time.Second
	leaseRenew = 10 * time.Second
)

// Task is one job as a worker or an operator sees it.
type Task struct {
	ID, Kind, Key string
	Payload       json.RawMessage
	RunAt         time.Time
	Tries         int    // attempts begun
	Error         string // of the last attempt
	CreatedAt     time.Time
	ChangedAt     time.Time
}

const taskColumns = `id, kind, COALESCE(key, ''), payload, run_at, tries, error, created_at, changed_at`

func scanTask(r *sqldb.Rows) (Task, error) {
	var t Task
	var payload string
	var runAt, created, changed int64
	err := r.Scan(&t.ID, &t.Kind, &t.Key, &payload, &runAt, &t.Tries, &t.Error, &created, &changed)
	t.Payload = json.RawMessage(payload)
	t.RunAt, t.CreatedAt, t.ChangedAt = sqldb.Time(runAt), sqldb.Time(created), sqldb.Time(changed)
	return t, err
}

// Run works until ctx ends: jobs by handlers, and schedules by the clock. It
// then takes no more, lets those under way finish for a while, hands back what
// did not, and returns. It fails at once when a handler or schedule is badly made.
func (q *Queue) Run(ctx context.Context, handlers []Handler, schedules []Schedule) error {
	p, err := q.pool(handlers, schedules)
	if err != nil {
		return err
	}
	// Begun is begun: a stop in the middle of this is no failure.
	begin, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTerm)
	defer cancel()
	if err := p.register(begin); err != nil {
		return err
	}
	var clock sync.WaitGroup
	clock.Go(func() { p.tickSchedules(ctx) })
	renew, stop := context.WithCancel(context.WithoutCancel(ctx))
	clock.Go(func() { p.renewLeases(renew) })
	p.loop(ctx)
	err = p.drain()
	stop()
	clock.Wait()
	return err
}

// renewLeases keeps what runs here from being taken for dead.
func (p *pool) renewLeases(ctx context.Context) {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := p.renew(ctx); err != nil && ctx.Err() == nil {
			p.q.opts.Log.WarnContext(ctx, "renewing job leases", "err", err)
		}
	}
}

func (p *pool) renew(ctx context.Context) error {
	args := []any{sqldb.Millis(p.q.opts.Now().Add(leaseTerm)), p.q.holder}
	p.mu.Lock()
	var marks []string
	for taskID, r := range p.running {
		if time.Now().Before(r.until) {
			args = append(args, taskID)
			marks = append(marks, "$"+strconv.Itoa(len(args)))
		}
	}
	p.mu.Unlock()
	if len(marks) == 0 {
		return nil
	}
	return p.q.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE job_task SET lease_until = $1 WHERE holder = $2 AND state = 'run' AND id IN (`+strings.Join(marks, ", ")+`)`, args...)
		return err
	})
}

// RunDue runs everything that is due now, one after another, and returns how
// many were run. Work enqueued by it is run too. Tests and the demo use it
// instead of Run; failures are kept for later as always, and the first is returned.
func (q *Queue) RunDue(ctx context.Context, handlers []Handler, schedules []Schedule) (int, error) {
	p, err := q.pool(handlers, schedules)
	if err != nil {
		return 0, err
	}
	if err := p.register(ctx); err != nil {
		return 0, err
	}
	if err := p.fire(ctx); err != nil {
		return 0, err
	}
	done := 0
	var first error
	for {
		tasks, err := p.claim(ctx, 1)
		if err != nil || len(tasks) == 0 {
			return done, errors.Join(first, err)
		}
		if err := p.do(ctx, tasks[0]); err != nil && first == nil {
			first = fmt.Errorf("job %s: %w", tasks[0].Kind, err)
		}
		done++
	}
}

// pool is the workers of one process.
type pool struct {
	q         *Queue
	handlers  map[string]Handler
	kinds     []string
	schedules []schedule
	freed     chan struct{} // a worker has finished
	busy      int
	mu        sync.Mutex
	running   map[string]running
	work      sync.WaitGroup
}

// running is a task under way.
type running struct {
	cancel context.CancelCauseFunc
	until  time.Time // by the clock of the process; past it the lease is not renewed any more
}

func (q *Queue) pool(handlers []Handler, schedules []Schedule) (*pool, error) {
	p := &pool{q: q, handlers: map[string]Handler{}, freed: make(chan struct{}, q.opts.Workers), running: map[string]running{}}
	for _, s := range schedules {
		parsed, err := parse(s)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(p.schedules, func(o schedule) bool { return o.Name == s.Name }) {
			return nil, fmt.Errorf("job: two schedules are called %s", s.Name)
		}
		p.schedules = append(p.schedules, parsed)
		handlers = append(slices.Clip(handlers), parsed.handler())
	}
	for _, h := range handlers {
		if h.Kind == "" || h.Run == nil {
			return nil, fmt.Errorf("job: handler %q needs a kind and something to run", h.Kind)
		}
		if _, twice := p.handlers[h.Kind]; twice {
			return nil, fmt.Errorf("job: two handlers for %s", h.Kind)
		}
		if h.MaxAttempts == 0 {
			h.MaxAttempts = defaultAttempts
		}
		if h.Timeout == 0 {
			h.Timeout = defaultTimeout
		}
		p.handlers[h.Kind] = h
		p.kinds = append(p.kinds, h.Kind)
	}
	slices.Sort(p.kinds)
	return p, nil
}

// loop takes jobs while there are free workers, until ctx ends.
func (p *pool) loop(ctx context.Context) {
	tick := time.NewTicker(p.q.opts.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		if free := p.q.opts.Workers - p.busy; free > 0 && len(p.kinds) > 0 {
			tasks, err := p.claim(ctx, free)
			if err != nil && ctx.Err() == nil {
				p.q.opts.Log.ErrorContext(ctx, "taking jobs", "err", err)
			}
			for _, t := range tasks {
				p.start(ctx, t)
			}
			if len(tasks) == free {
				continue
			}
		}
		select {
		case <-ctx.Done():
		case <-p.freed:
			p.busy--
		case <-p.q.wake:
		case <-tick.C:
		}
	}
}

// start runs a task on a worker of its own. A stop of the house does not cut it
// off at once: drain decides that.
func (p *pool) start(ctx context.Context, t Task) {
	p.busy++
	tctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	p.mu.Lock()
	p.running[t.ID] = running{cancel: cancel, until: time.Now().Add(p.handlers[t.Kind].Timeout)}
	p.mu.Unlock()
	p.work.Go(func() {
		defer func() {
			p.mu.Lock()
			delete(p.running, t.ID)
			p.mu.Unlock()
			cancel(nil)
			p.freed <- struct{}{}
		}()
		_ = p.do(tctx, t) // it has told the log
	})
}

// errStopping is the cause of contexts that end because the house closes.
var errStopping = errors.New("the house is closing")

// drain waits for the work under way and interrupts it when it takes too long;
// what was interrupted goes back to the queue at once.
func (p *pool) drain() error {
	done := make(chan struct{})
	go func() {
		p.work.Wait()
		close(done)
	}()
	// The channel has room for one message per worker, so nobody blocks on it.
	select {
	case <-done:
		return nil
	case <-time.After(p.q.opts.StopWait):
	}
	p.mu.Lock()
	for _, r := range p.running {
		r.cancel(errStopping)
	}
	p.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-time.After(5 * time.Second):
		return errors.New("job: some work did not stop; its lease will run out")
	}
}

// claim takes up to n due jobs under a lease: those that wait for their time,
// and those whose worker died. Jobs of kinds that this program does not know
// are left for one that does.
func (p *pool) claim(ctx context.Context, n int) ([]Task, error) {
	q := p.q
	now := q.opts.Now()
	lock := ""
	if q.db.Dialect() == sqldb.Postgres {
		lock = "FOR UPDATE SKIP LOCKED"
	}
	args := []any{sqldb.Millis(now), q.holder, n}
	marks := make([]string, len(p.kinds))
	for i, k := range p.kinds {
		args = append(args, k)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	known := strings.Join(marks, ", ")
	args = append(args, sqldb.Millis(now.Add(leaseTerm)))
	until := "$" + strconv.Itoa(len(args))
	take := func(where, order string) string {
		return `UPDATE job_task SET state = 'run', holder = $2, lease_until = ` + until + `, tries = tries + 1, changed_at = $1
			WHERE id IN (SELECT id FROM job_task WHERE ` + where + ` AND kind IN (` + known + `) ORDER BY ` + order + ` LIMIT $3 ` + lock + `)
			RETURNING ` + taskColumns
	}
	// Nothing to do is by far the most common answer: it costs one read.
	var due int
	err := q.db.QueryRow(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM job_task WHERE state = 'ready' AND run_at <= $1)
		OR EXISTS (SELECT 1 FROM job_task WHERE state = 'run' AND lease_until < $1) THEN 1 ELSE 0 END`, sqldb.Millis(now)).Scan(&due)
	if err != nil || due == 0 {
		return nil, err
	}
	// A stop must not cut the commit off: what was taken would wait for its lease
	// to run out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTerm/2)
	defer cancel()
	var tasks []Task
	err = q.db.Tx(ctx, func(tx *sqldb.Tx) error {
		tasks = nil
		rows, err := tx.Query(ctx, take(`state = 'run' AND lease_until < $1`, `lease_until`), args...)
		dead, err := sqldb.Collect[Task](rows, err)(scanTask)
		if err != nil {
			return err
		}
		tasks = dead
		if len(dead) == n {
			return nil
		}
		args[2] = n - len(dead)
		rows, err = tx.Query(ctx, take(`state = 'ready' AND run_at <= $1`, `run_at, id`), args...)
		ready, err := sqldb.Collect[Task](rows, err)(scanTask)
		tasks = append(tasks, ready...)
		return err
	})
	if err != nil {
		return nil, err // nothing was taken
	}
	return tasks, nil
}

// do runs one task and writes down how it went. The error is that of the handler.
func (p *pool) do(ctx context.Context, t Task) error {
	h := p.handlers[t.Kind]
	start := time.Now()
	if t.Tries > h.MaxAttempts {
		// Its workers died every time: it may be what kills them.
		err := errors.New("every worker that took it vanished")
		p.close(ctx, t, "parked", err, time.Time{}, start)
		return err
	}
	wctx, cancel := context.WithTimeout(ctx, h.Timeout)
	err := guard(wctx, h, t)
	cancel()
	var forever permanent
	switch now := p.q.opts.Now(); {
	case err == nil:
		p.close(ctx, t, "ok", nil, time.Time{}, start)
	case errors.Is(context.Cause(ctx), errStopping):
		p.close(ctx, t, "stopped", err, now, start)
	case errors.As(err, &forever) || t.Tries >= h.MaxAttempts:
		p.close(ctx, t, "parked", err, time.Time{}, start)
	default:
		p.close(ctx, t, "retry", err, now.Add(pause(t.Tries)), start)
	}
	return err
}

// guard turns a panic of a handler into its error.
func guard(ctx context.Context, h Handler, t Task) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return h.Run(ctx, t.Payload)
}

// pause grows fourfold from two seconds to six hours, with up to a half of it
// as jitter so that what failed together does not come back together.
func pause(tries int) time.Duration {
	d := 6 * time.Hour
	if tries < 8 {
		d = min(d, 2*time.Second<<(2*(tries-1)))
	}
	return d/2 + rand.N(d/2+1)
}

// close writes the outcome, if the lease is still ours: a worker that was away
// too long must not touch what another has taken over.
func (p *pool) close(ctx context.Context, t Task, outcome string, cause error, runAt, start time.Time) {
	q := p.q
	now := sqldb.Millis(q.opts.Now())
	text := ""
	if cause != nil {
		text = cut(cause.Error(), 2000)
	}
	ctx = context.WithoutCancel(ctx)
	mine := false
	write := func(tx *sqldb.Tx) (int64, error) {
		switch outcome {
		case "ok":
			return tx.Exec(ctx, `DELETE FROM job_task WHERE id = $1 AND state = 'run' AND holder = $2 AND tries = $3`, t.ID, q.holder, t.Tries)
		case "parked":
			return tx.Exec(ctx, `UPDATE job_task SET state = 'parked', error = $4, changed_at = $5 WHERE id = $1 AND state = 'run' AND holder = $2 AND tries = $3`,
				t.ID, q.holder, t.Tries, text, now)
		}
		tries := t.Tries
		if outcome == "stopped" {
			tries-- // it was not the job's fault
		}
		// Was the same work asked for again while this ran, the newer one does it.
		n, err := tx.Exec(ctx, `DELETE FROM job_task WHERE id = $1 AND state = 'run' AND holder = $2 AND tries = $3
			AND EXISTS (SELECT 1 FROM job_task o WHERE o.kind = $4 AND o.key = $5 AND o.state = 'ready')`, t.ID, q.holder, t.Tries, t.Kind, t.Key)
		if err != nil || n > 0 {
			return n, err
		}
		return tx.Exec(ctx, `UPDATE job_task SET state = 'ready', run_at = $4, tries = $5, error = $6, changed_at = $7 WHERE id = $1 AND state = 'run' AND holder = $2 AND tries = $3`,
			t.ID, q.holder, t.Tries, sqldb.Millis(runAt), tries, text, now)
	}
	err := q.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := write(tx)
		mine = n > 0
		return err
	})
	log := q.opts.Log.With("kind", t.Kind, "id", t.ID, "tries", t.Tries)
	switch {
	case err != nil:
		log.ErrorContext(ctx, "job ended but its row could not be written; it will run again", "outcome", outcome, "err", errors.Join(cause, err))
		outcome = "lost"
	case !mine:
		log.WarnContext(ctx, "job took longer than its lease; another worker has it", "outcome", outcome)
		outcome = "lost"
	case outcome == "parked":
		log.ErrorContext(ctx, "job parked", "err", cause)
	case outcome == "retry":
		log.WarnContext(ctx, "job failed, will be tried again", "err", cause)
	}
	if q.opts.Observe != nil {
		q.opts.Observe(t.Kind, outcome, time.Since(start))
	}
}

// Parked lists the jobs that wait for an operator, oldest first.
func (q *Queue) Parked(ctx context.Context, r sqldb.Reader, limit int) ([]Task, error) {
	rows, err := r.Query(ctx, `SELECT `+taskColumns+` FROM job_task WHERE state = 'parked' ORDER BY changed_at, id LIMIT $1`, limit)
	return sqldb.Collect[Task](rows, err)(scanTask)
}

// Waiting counts the jobs that could run now, and how long the oldest has been due.
func (q *Queue) Waiting(ctx context.Context, r sqldb.Reader) (n int64, oldest time.Duration, err error) {
	now := q.opts.Now()
	var first int64
	err = r.QueryRow(ctx, `SELECT COUNT(*), COALESCE(MIN(run_at), $1) FROM job_task WHERE state = 'ready' AND run_at <= $1`, sqldb.Millis(now)).Scan(&n, &first)
	return n, now.Sub(sqldb.Time(first)), err
}

// Retry puts a parked job back in line with all its attempts before it.
func (q *Queue) Retry(ctx context.Context, tx *sqldb.Tx, taskID string) error {
	n, err := tx.Exec(ctx, `UPDATE job_task SET state = 'ready', tries = 0, run_at = $2, changed_at = $2 WHERE id = $1 AND state = 'parked'`, taskID, sqldb.Millis(q.opts.Now()))
	if errors.Is(err, sqldb.ErrDuplicate) {
		return errs.NewConflict("job.waits-already")
	}
	if err == nil && n == 0 {
		return errs.NewNotFound("job.unknown")
	}
	if err == nil {
		tx.AfterCommit(q.wakeUp)
	}
	return err
}

// Discard gives a parked job up.
func (q *Queue) Discard(ctx context.Context, tx *sqldb.Tx, taskID string) error {
	n, err := tx.Exec(ctx, `DELETE FROM job_task WHERE id = $1 AND state = 'parked'`, taskID)
	if err == nil && n == 0 {
		return errs.NewNotFound("job.unknown")
	}
	return err
}

// cut shortens a text to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "?")
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
