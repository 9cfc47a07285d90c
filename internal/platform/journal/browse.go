package journal

import (
	"context"
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/sqldb"
)

// BrowseFilter narrows what Browse shows; zero fields narrow nothing.
type BrowseFilter struct {
	Stream string
	// Type is exact, or a prefix when it ends in ".".
	Type     string
	Actor    string    // account id
	From, To time.Time // at or after From, before To
	// Before is the last event of the page before; zero starts with the newest.
	Before Event
	Limit  int // 0 means 50
}

// Browse returns events newest first, for people who audit. Events not sealed
// yet are among them.
func (j *Journal) Browse(ctx context.Context, r sqldb.Reader, f BrowseFilter) ([]Event, error) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.Stream != "" {
		add(`stream = ?`, f.Stream)
	}
	switch prefix, ok := strings.CutSuffix(f.Type, "."); {
	case ok:
		add(`SUBSTR(type, 1, ?) = ?`, len(prefix)+1, prefix+".")
	case f.Type != "":
		add(`type = ?`, f.Type)
	}
	if f.Actor != "" {
		add(`actor = ?`, f.Actor)
	}
	if !f.From.IsZero() {
		add(`at >= ?`, sqldb.Millis(f.From))
	}
	if !f.To.IsZero() {
		add(`at < ?`, sqldb.Millis(f.To))
	}
	if f.Before.ID != "" {
		add(`(at, id) < (?, ?)`, sqldb.Millis(f.Before.At), f.Before.ID)
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	q := `SELECT ` + columns + ` FROM journal_event`
	if len(where) > 0 {
		q += ` WHERE ` + strings.Join(where, ` AND `)
	}
	args = append(args, f.Limit)
	rows, err := r.Query(ctx, q+` ORDER BY at DESC, id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
	return sqldb.Collect[Event](rows, err)(scan)
}
