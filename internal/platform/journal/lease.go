package journal

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"motcua/internal/platform/sqldb"
)

// Leases say which replica seals and which runs each subscriber. They only
// spare work: that nothing is sealed or handled twice rests on the sizes and
// cursors that every transaction compares, not on anybody's clock.
const (
	leaseTerm  = 10 * time.Second
	leaseRenew = 3 * time.Second
)

// roles are the leases this process wants and holds.
type roles struct {
	mu   sync.Mutex
	want []string
	held map[string]bool
}

func (j *Journal) holds(name string) bool {
	j.roles.mu.Lock()
	defer j.roles.mu.Unlock()
	return j.roles.held[name]
}

func (j *Journal) holdsAll() bool {
	j.roles.mu.Lock()
	defer j.roles.mu.Unlock()
	for _, name := range j.roles.want {
		if !j.roles.held[name] {
			return false
		}
	}
	return true
}

func (j *Journal) lost(name string) {
	j.roles.mu.Lock()
	defer j.roles.mu.Unlock()
	delete(j.roles.held, name)
}

func (j *Journal) wantRole(name string) {
	j.roles.mu.Lock()
	defer j.roles.mu.Unlock()
	if !slices.Contains(j.roles.want, name) {
		j.roles.want = append(j.roles.want, name)
	}
}

// takeRoles renews what is held and takes what is free. With force it takes
// everything, which is right for the one process of an embedded database: a
// lease left by a process that was killed must not delay its successor.
func (j *Journal) takeRoles(ctx context.Context, force bool) error {
	j.roles.mu.Lock()
	want := slices.Clone(j.roles.want)
	j.roles.mu.Unlock()
	now := j.opts.Now()
	held := map[string]bool{}
	err := j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		clear(held)
		for _, name := range want {
			free := sqldb.Millis(now)
			if force {
				free = 1<<63 - 1
			}
			n, err := tx.Exec(ctx, `INSERT INTO journal_lease (name, holder, until) VALUES ($1, $2, $3)
				ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
				WHERE journal_lease.holder = excluded.holder OR journal_lease.until < $4`,
				name, j.holder, sqldb.Millis(now.Add(leaseTerm)), free)
			if err != nil {
				return err
			}
			held[name] = n == 1
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("journal: leases: %w", err)
	}
	j.roles.mu.Lock()
	defer j.roles.mu.Unlock()
	j.roles.held = held
	return nil
}

// keepRoles renews until ctx ends. On SQLite there is nobody to renew against,
// so an idle house writes nothing; only what was lost is taken again.
func (j *Journal) keepRoles(ctx context.Context) {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if j.db.Dialect() == sqldb.SQLite && j.holdsAll() {
			continue
		}
		if err := j.takeRoles(context.WithoutCancel(ctx), false); err != nil && ctx.Err() == nil {
			j.opts.Log.WarnContext(ctx, "renewing journal leases", "err", err)
		}
	}
}

// dropRoles lets another replica take over at once.
func (j *Journal) dropRoles(ctx context.Context) error {
	j.roles.mu.Lock()
	clear(j.roles.held)
	j.roles.mu.Unlock()
	return j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM journal_lease WHERE holder = $1`, j.holder)
		return err
	})
}
