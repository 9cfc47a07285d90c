package job

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/sqldb"
)

// schedule is a Schedule with its times worked out.
type schedule struct {
	Schedule
	times cron.Schedule
}

func parse(s Schedule) (schedule, error) {
	if s.Name == "" || s.Run == nil {
		return schedule{}, fmt.Errorf("job: schedule %q needs a name and something to run", s.Name)
	}
	times, err := cron.ParseStandard(s.Cron)
	if err != nil {
		return schedule{}, fmt.Errorf("job: schedule %s: %w", s.Name, err)
	}
	// Whatever the clock of the machine is set to, eight in the morning is that of Vietnam.
	if spec, ok := times.(*cron.SpecSchedule); ok {
		spec.Location = civil.Zone
	}
	return schedule{Schedule: s, times: times}, nil
}

const schedulePrefix = "schedule:"

// handler makes each moment of the schedule an ordinary job.
func (s schedule) handler() Handler {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 10 * time.Minute
	}
	return Handler{Kind: schedulePrefix + s.Name, Timeout: timeout, Run: func(ctx context.Context, _ json.RawMessage) error { return s.Run(ctx) }}
}

// register makes the rows of new schedules; they fire at their next moment, not now.
func (p *pool) register(ctx context.Context) error {
	if len(p.schedules) == 0 {
		return nil
	}
	now := sqldb.Millis(p.q.opts.Now())
	return p.q.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for _, s := range p.schedules {
			if _, err := tx.Exec(ctx, `INSERT INTO job_schedule (name, last_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, s.Name, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *pool) tickSchedules(ctx context.Context) {
	if len(p.schedules) == 0 {
		return
	}
	tick := time.NewTicker(p.q.opts.Poll)
	defer tick.Stop()
	for {
		if err := p.fire(ctx); err != nil && ctx.Err() == nil {
			p.q.opts.Log.ErrorContext(ctx, "firing schedules", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// fire makes a job for every schedule whose moment has come. The row of the
// schedule moves on in the same transaction, compared with what was read, so of
// all replicas one makes the job. Several missed moments make one job.
func (p *pool) fire(ctx context.Context) error {
	if len(p.schedules) == 0 {
		return nil
	}
	now := p.q.opts.Now()
	last := map[string]int64{}
	type row struct {
		name string
		at   int64
	}
	rows, err := p.q.db.Query(ctx, `SELECT name, last_at FROM job_schedule LIMIT 10000`)
	all, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (w row, err error) { return w, r.Scan(&w.name, &w.at) })
	if err != nil {
		return err
	}
	for _, r := range all {
		last[r.name] = r.at
	}
	for _, s := range p.schedules {
		before := last[s.Name]
		due := s.times.Next(sqldb.Time(before))
		if due.IsZero() || due.After(now) {
			continue
		}
		for next := s.times.Next(due); !next.IsZero() && !next.After(now); next = s.times.Next(next) {
			due = next
		}
		if err := p.q.db.Tx(ctx, func(tx *sqldb.Tx) error {
			n, err := tx.Exec(ctx, `UPDATE job_schedule SET last_at = $1 WHERE name = $2 AND last_at = $3`, sqldb.Millis(due), s.Name, before)
			if err != nil || n == 0 { // another replica was first
				return err
			}
			return p.q.Enqueue(ctx, tx, schedulePrefix+s.Name, struct {
				At time.Time `json:"at"`
			}{due}, Key(s.Name))
		}); err != nil {
			return err
		}
	}
	return nil
}
