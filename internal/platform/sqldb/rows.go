package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"
)

// Rows is a result to step through.
type Rows struct {
	*sql.Rows
	done func() // gives the statement back; nil when there is nothing to give
}

// Close ends the reading. It may be called again.
func (r *Rows) Close() error {
	err := r.Rows.Close()
	if r.done != nil {
		r.done()
		r.done = nil
	}
	return err
}

// Err says why there are no more rows: nil when all were read.
func (r *Rows) Err() error { return fromDriver(r.Rows.Err()) }

// Row is a result of at most one row.
type Row struct {
	rows *Rows
	err  error
}

// Scan copies the columns of the row. It returns ErrNotFound when there is none.
func (r *Row) Scan(dest ...any) (err error) {
	if r.err != nil {
		return fromDriver(r.err)
	}
	defer func() { err = errors.Join(err, r.rows.Close()) }()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return fromDriver(err)
		}
		return ErrNotFound
	}
	return translate(r.rows.Scan(dest...))
}

func runQuery(ctx context.Context, h runner, query string, args []any) (*Rows, error) {
	watch(ctx, query, args)
	rows, done, err := h.query(ctx, query, args)
	if err != nil {
		return nil, fromDriver(err)
	}
	return &Rows{rows, done}, nil
}

func runQueryRow(ctx context.Context, h runner, query string, args []any) *Row {
	watch(ctx, query, args)
	rows, done, err := h.query(ctx, query, args)
	if err != nil {
		return &Row{err: err}
	}
	return &Row{rows: &Rows{rows, done}}
}

// Collect reads every row with scan and closes the result. It takes the error of
// Query so that the two can be written as one:
//
//	sqldb.Collect(q.Query(ctx, "SELECT …", x))(scan)
func Collect[T any](rows *Rows, err error) func(scan func(*Rows) (T, error)) ([]T, error) {
	return func(scan func(*Rows) (T, error)) (_ []T, err2 error) {
		if err != nil {
			return nil, err
		}
		defer func() { err2 = errors.Join(err2, rows.Close()) }()
		var all []T
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return nil, translate(err)
			}
			all = append(all, v)
		}
		return all, rows.Err()
	}
}

// Strings reads a one-column result.
func Strings(rows *Rows, err error) ([]string, error) {
	return Collect[string](rows, err)(func(r *Rows) (s string, err error) { return s, r.Scan(&s) })
}

// Millis is how a moment is stored: UTC milliseconds since 1970.
func Millis(t time.Time) int64 { return t.UnixMilli() }

// Time is the moment of stored milliseconds, in UTC.
func Time(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// NullMillis stores the zero time as NULL.
func NullMillis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// NullTime reads NULL as the zero time.
func NullTime(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return Time(n.Int64)
}

// NullString stores "" as NULL, for columns whose uniqueness must ignore the absent.
func NullString(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

type watchKey struct{}

// watcher sees the statements of one context, and tells those of the contexts around it.
type watcher struct {
	n    atomic.Int64
	seen func(query string, args []any)
	up   *watcher
}

func watching(ctx context.Context, w *watcher) context.Context {
	w.up, _ = ctx.Value(watchKey{}).(*watcher)
	return context.WithValue(ctx, watchKey{}, w)
}

// WithCounter returns a context in which statements are counted, and the counter:
// pages are held to a budget with it, and operators see what a route costs.
func WithCounter(ctx context.Context) (context.Context, *atomic.Int64) {
	w := new(watcher)
	return watching(ctx, w), &w.n
}

// WithTrace returns a context in which every statement is shown to seen before it
// runs. Benchmarks ask the engines for the plans of what a page does.
func WithTrace(ctx context.Context, seen func(query string, args []any)) context.Context {
	return watching(ctx, &watcher{seen: seen})
}

func watch(ctx context.Context, query string, args []any) {
	w, _ := ctx.Value(watchKey{}).(*watcher)
	for ; w != nil; w = w.up {
		w.n.Add(1)
		if w.seen != nil {
			w.seen(query, args)
		}
	}
}
