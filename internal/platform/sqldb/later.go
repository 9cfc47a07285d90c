package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// later gathers statements whose answers nobody waits for, to send them together.
type later interface {
	add(query string, args []any)
	send(ctx context.Context) error
	forget()   // what waits
	sent() int // how often something was
}

// Later runs a statement whose outcome nobody asks for one by one, such as the
// inserts of a submission. SQLite runs it at once. PostgreSQL is sent all that
// came together in one message, before the next statement that has an answer or
// with the commit: ten ways there and back become one. An error comes then, and
// undoes the transaction like any other.
func (tx *Tx) Later(ctx context.Context, query string, args ...any) error {
	if tx.later == nil {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}
	watch(ctx, query, args)
	tx.later.add(query, args)
	return nil
}

// send sends what waits.
func (tx *Tx) send(ctx context.Context) error {
	if tx.later == nil {
		return nil
	}
	return fromDriver(tx.later.send(tx.shield(ctx)))
}

// pgLater is later on the connection of a transaction.
type pgLater struct {
	conn  *sql.Conn
	batch pgx.Batch
	sends int
}

func (l *pgLater) add(query string, args []any) { l.batch.Queue(query, plainArgs(args)...) }

// plainArgs are arguments as database/sql would give them to the driver: it asks
// each for its value and turns named strings and numbers into plain ones.
func plainArgs(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			v = a // the server says what is wrong with it
		}
		out[i] = v
	}
	return out
}

func (l *pgLater) forget()   { l.batch = pgx.Batch{} }
func (l *pgLater) sent() int { return l.sends }

func (l *pgLater) send(ctx context.Context) error {
	if l.batch.Len() == 0 {
		return nil
	}
	l.sends++
	err := l.conn.Raw(func(raw any) error {
		c, ok := raw.(*stdlib.Conn)
		if !ok {
			return errors.New("not a connection of pgx")
		}
		return c.Conn().SendBatch(ctx, &l.batch).Close()
	})
	l.forget()
	return err
}
