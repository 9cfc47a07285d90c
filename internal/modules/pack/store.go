package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
)

// State of a load.
type State string

// The states.
const (
	Current  State = "current"  // in force
	Replaced State = "replaced" // a later load took its place
	Undone   State = "undone"   // rolled back
)

// Load is one load of a pack.
type Load struct {
	ID       string
	Pack     string
	Number   int // 1, 2, … per pack
	Version  int // of the pack's author
	Name     i18n.Text
	Hash     string
	Content  Content
	State    State
	LoadedAt time.Time
	LoadedBy string // account id

	published, withdrawn []string // procedure versions
}

const loadColumns = `id, pack, number, version, name, hash, content, published, withdrawn, state, loaded_at, loaded_by`

func scanLoad(scan func(...any) error) (l Load, err error) {
	var name, content, published, withdrawn string
	var at int64
	if err := scan(&l.ID, &l.Pack, &l.Number, &l.Version, &name, &l.Hash, &content, &published, &withdrawn, &l.State, &at, &l.LoadedBy); err != nil {
		return l, err
	}
	l.LoadedAt = sqldb.Time(at)
	for _, part := range []struct {
		text string
		into any
	}{{name, &l.Name}, {content, &l.Content}, {published, &l.published}, {withdrawn, &l.withdrawn}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return l, fmt.Errorf("read load %s: %w", l.ID, err)
		}
	}
	return l, nil
}

func errNotLoaded() error { return errs.NewNotFound("pack.not-loaded") }

// currentLoads lists the loads in force, by pack.
func currentLoads(ctx context.Context, r sqldb.Reader) ([]Load, error) {
	list, err := sqldb.Collect[Load](r.Query(ctx, `SELECT `+loadColumns+` FROM pack_load WHERE state = 'current' ORDER BY pack LIMIT 1000`))(
		func(rows *sqldb.Rows) (Load, error) { return scanLoad(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("list loads: %w", err)
	}
	return list, nil
}

// history lists the loads of a pack, newest first.
func history(ctx context.Context, r sqldb.Reader, pack string, limit int) ([]Load, error) {
	list, err := sqldb.Collect[Load](r.Query(ctx, `SELECT `+loadColumns+` FROM pack_load WHERE pack = $1 ORDER BY number DESC LIMIT $2`, pack, limit))(
		func(rows *sqldb.Rows) (Load, error) { return scanLoad(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("list loads of %s: %w", pack, err)
	}
	return list, nil
}

// newestIn finds the newest load of a pack in a state.
func newestIn(ctx context.Context, r sqldb.Reader, pack string, state State) (Load, error) {
	l, err := scanLoad(r.QueryRow(ctx, `SELECT `+loadColumns+` FROM pack_load WHERE pack = $1 AND state = $2 ORDER BY number DESC LIMIT 1`, pack, state).Scan)
	switch {
	case errors.Is(err, sqldb.ErrNotFound):
		return l, errNotLoaded()
	case err != nil:
		return l, fmt.Errorf("read load of %s: %w", pack, err)
	}
	return l, nil
}

// filesOf reads the texts of a load.
func filesOf(ctx context.Context, r sqldb.Reader, l Load) (Source, error) {
	var text string
	if err := r.QueryRow(ctx, `SELECT files FROM pack_load WHERE id = $1`, l.ID).Scan(&text); err != nil {
		return Source{}, fmt.Errorf("read files of load %s: %w", l.ID, err)
	}
	var files map[string]string
	if err := json.Unmarshal([]byte(text), &files); err != nil {
		return Source{}, fmt.Errorf("read files of load %s: %w", l.ID, err)
	}
	s := Source{Where: l.Pack, Files: make(map[string][]byte, len(files))}
	for name, content := range files {
		s.Files[name] = []byte(content)
	}
	return s, nil
}

func insertLoad(ctx context.Context, tx *sqldb.Tx, l Load, files string) error {
	texts := make([]string, 4)
	for i, part := range []any{l.Name, l.Content, orEmpty(l.published), orEmpty(l.withdrawn)} {
		text, err := json.Marshal(part)
		if err != nil {
			return fmt.Errorf("encode load of %s: %w", l.Pack, err)
		}
		texts[i] = string(text)
	}
	_, err := tx.Exec(ctx, `INSERT INTO pack_load (id, pack, number, version, name, hash, files, content, published, withdrawn, state, loaded_at, loaded_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		l.ID, l.Pack, l.Number, l.Version, texts[0], l.Hash, files, texts[1], texts[2], texts[3], string(l.State), sqldb.Millis(l.LoadedAt), l.LoadedBy)
	if err != nil {
		return fmt.Errorf("store load of %s: %w", l.Pack, err)
	}
	return nil
}

func setState(ctx context.Context, tx *sqldb.Tx, id string, state State) error {
	if _, err := tx.Exec(ctx, `UPDATE pack_load SET state = $1 WHERE id = $2`, string(state), id); err != nil {
		return fmt.Errorf("mark load %s: %w", id, err)
	}
	return nil
}

func lastLoad(ctx context.Context, tx *sqldb.Tx, pack string) (n int, err error) {
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(number), 0) FROM pack_load WHERE pack = $1`, pack).Scan(&n); err != nil {
		return 0, fmt.Errorf("number of the last load of %s: %w", pack, err)
	}
	return n, nil
}
