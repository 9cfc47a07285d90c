package sqldb

import (
	"context"
	"database/sql"
	"sync"
)

// preparedMost is how many statements one cache keeps at most. A house has some
// hundreds of texts; lists of ids of every length make more, and turn over.
const preparedMost = 512

// prepared keeps the statements of a pool or a connection compiled, by their
// text. Compiling costs SQLite more than running: a third of the time of a
// submission before there was this cache.
//
// Of two generations the older is closed when the younger is full, so that what
// is used stays, and nothing is counted while a statement runs.
type prepared struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)
	// alone says that one statement serves one result at a time: on a single
	// connection, running it again would empty the result that is being read.
	alone bool

	mu         sync.Mutex
	young, old map[string]*compiled
}

// compiled is one statement and how many are using it.
type compiled struct {
	stmt  *sql.Stmt
	users int
	gone  bool // left the cache: the last user closes it
}

func newPrepared(alone bool, prepare func(ctx context.Context, query string) (*sql.Stmt, error)) *prepared {
	return &prepared{prepare: prepare, alone: alone, young: map[string]*compiled{}, old: map[string]*compiled{}}
}

// take returns a statement, or nil when the text should run uncompiled: it is
// being read from already, or it cannot be compiled and running it tells why.
func (p *prepared) take(ctx context.Context, query string) *compiled {
	p.mu.Lock()
	c := p.young[query]
	if c == nil {
		if c = p.old[query]; c != nil {
			delete(p.old, query)
			p.keep(query, c)
		}
	}
	if c != nil {
		defer p.mu.Unlock()
		if p.alone && c.users > 0 {
			return nil
		}
		c.users++
		return c
	}
	p.mu.Unlock()
	stmt, err := p.prepare(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c = &compiled{stmt: stmt, users: 1}
	if p.young[query] != nil || p.old[query] != nil {
		c.gone = true // another was faster; this one serves once
		return c
	}
	p.keep(query, c)
	return c
}

// keep puts a statement among the young.
func (p *prepared) keep(query string, c *compiled) {
	if len(p.young) >= preparedMost/2 {
		for _, o := range p.old {
			o.gone = true
			if o.users == 0 {
				_ = o.stmt.Close() // nobody waits for a statement nobody uses
			}
		}
		p.old, p.young = p.young, map[string]*compiled{}
	}
	p.young[query] = c
}

// done gives a statement back.
func (p *prepared) done(c *compiled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.users--; c.users == 0 && c.gone {
		_ = c.stmt.Close() // as above
	}
}

// close closes every statement.
func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, all := range []map[string]*compiled{p.young, p.old} {
		for _, c := range all {
			_ = c.stmt.Close() // the connection goes next
		}
	}
	p.young, p.old = map[string]*compiled{}, map[string]*compiled{}
}

// compiledHandle runs everything by way of the cache.
type compiledHandle struct {
	cache *prepared
	plain handle
}

// query implements runner. On a single connection the statement comes
// back when the result is closed; on a pool at once, for there database/sql keeps
// a statement open as long as a result needs it.
func (h *compiledHandle) query(ctx context.Context, query string, args []any) (*sql.Rows, func(), error) {
	c := h.cache.take(ctx, query)
	if c == nil {
		rows, err := h.plain.QueryContext(ctx, query, args...)
		return rows, nil, err
	}
	rows, err := c.stmt.QueryContext(ctx, args...)
	if err != nil || !h.cache.alone {
		h.cache.done(c)
		return rows, nil, err
	}
	return rows, func() { h.cache.done(c) }, nil
}

func (h *compiledHandle) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	c := h.cache.take(ctx, query)
	if c == nil {
		return h.plain.ExecContext(ctx, query, args...)
	}
	defer h.cache.done(c)
	return c.stmt.ExecContext(ctx, args...)
}
