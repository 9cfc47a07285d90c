package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"motcua/internal/platform/sqldb"
)

// Run seals and feeds the subscribers until ctx ends. It then seals and signs
// what was committed before, lets go of its leases and returns. Stop whatever
// appends first.
func (j *Journal) Run(ctx context.Context, subs []Subscriber) error {
	// Begun is begun: told to stop in the middle of this, it goes on to the end,
	// and leaves neither a lease nor an unsealed event behind.
	begin, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := j.Start(begin); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, s := range subs {
		if s.Name == "" || s.Handle == nil || seen[s.Name] {
			return fmt.Errorf("journal: subscriber %q needs a name of its own and a handler", s.Name)
		}
		seen[s.Name] = true
	}
	j.wantRole(sealerRole)
	followers := make([]*follower, len(subs))
	wakes := make([]chan struct{}, len(subs))
	for i, s := range subs {
		followers[i] = &follower{j: j, sub: s}
		wakes[i] = make(chan struct{}, 1)
		j.wantRole(followers[i].role())
	}
	if err := j.takeRoles(begin, j.db.Dialect() == sqldb.SQLite); err != nil {
		return err
	}
	j.running.Store(true)
	defer j.running.Store(false)
	j.listen(wakes)
	j.wakeSealer() // events may have been left unsealed by a crash

	var others sync.WaitGroup
	others.Go(func() { j.keepRoles(ctx) })
	for i, f := range followers {
		others.Go(func() { f.run(ctx, wakes[i]) })
	}
	err := j.sealer.run(ctx)
	others.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, j.dropRoles(last))
}

// CatchUp seals and signs everything committed and hands it to subs, in this
// call and whoever else may hold the leases. The demo loader and tests use it
// instead of Run. An event that a subscriber fails on stops it with that error;
// nothing is parked.
func (j *Journal) CatchUp(ctx context.Context, subs ...Subscriber) error {
	if err := j.Start(ctx); err != nil {
		return err
	}
	j.wantRole(sealerRole)
	followers := make([]*follower, len(subs))
	for i, s := range subs {
		followers[i] = &follower{j: j, sub: s}
		j.wantRole(followers[i].role())
	}
	// A handler may append events; they are sealed and handled in the next round.
	for {
		if err := j.takeRoles(ctx, true); err != nil {
			return err
		}
		before := j.size.Load()
		if err := j.sealer.once(ctx, true); err != nil {
			return err
		}
		for _, f := range followers {
			for more := true; more; {
				var err error
				if more, err = f.step(ctx); err != nil {
					return fmt.Errorf("journal: subscriber %s: %w", f.sub.Name, err)
				}
				if f.tries > 0 {
					return f.cause(ctx)
				}
			}
		}
		if j.size.Load() == before {
			break
		}
	}
	if j.running.Load() {
		return nil // Run keeps them
	}
	return j.dropRoles(ctx)
}

// cause tells what the subscriber failed on.
func (f *follower) cause(ctx context.Context) error {
	var text string
	if err := f.j.db.QueryRow(ctx, `SELECT error FROM journal_cursor WHERE name = $1`, f.sub.Name).Scan(&text); err != nil {
		return err
	}
	return fmt.Errorf("journal: subscriber %s at position %d: %s", f.sub.Name, f.next, text)
}

// listen registers who is woken when events are sealed.
func (j *Journal) listen(wakes []chan struct{}) {
	j.wakesMu.Lock()
	defer j.wakesMu.Unlock()
	j.wakes = wakes
}

// sealed tells the subscribers of this process that the log has grown.
func (j *Journal) sealed(size int64) {
	j.size.Store(size)
	j.wakesMu.Lock()
	defer j.wakesMu.Unlock()
	for _, w := range j.wakes {
		select {
		case w <- struct{}{}:
		default: // it is awake already
		}
	}
}

// fault remembers why sealing does not go on.
type fault struct {
	mu  sync.Mutex
	err error
}

func (f *fault) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// Fault returns why the sealer of this process cannot do its work, or nil. A
// readiness check asks it.
func (j *Journal) Fault() error {
	j.fault.mu.Lock()
	defer j.fault.mu.Unlock()
	return j.fault.err
}
