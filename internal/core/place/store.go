package place

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/sqldb"
)

// state is the one row of place_state.
type state struct {
	seed                string
	generation, decreed int64
}

func readState(ctx context.Context, r sqldb.Reader) (s state, err error) {
	err = r.QueryRow(ctx, `SELECT seed, generation, decreed FROM place_state WHERE id = 1`).Scan(&s.seed, &s.generation, &s.decreed)
	if err != nil {
		return s, fmt.Errorf("read state of units: %w", err)
	}
	return s, nil
}

const (
	unitColumns       = `code, valid_from, valid_to, level, kind, name, english, parent, legal, end_legal, origin, end_origin`
	successionColumns = `old_code, old_from, new_code, new_from, share, residents, day, legal, origin`
)

// mostRows is above what a country with centuries of decrees has.
const mostRows = 1_000_000

func readUnits(ctx context.Context, r sqldb.Reader) ([]Unit, error) {
	rows, err := r.Query(ctx, `SELECT `+unitColumns+` FROM place_unit LIMIT $1`, mostRows)
	list, err := sqldb.Collect[Unit](rows, err)(func(r *sqldb.Rows) (u Unit, err error) {
		err = r.Scan(&u.Code, &u.ValidFrom, &u.ValidTo, &u.Level, &u.Kind, &u.Name, &u.English, &u.Parent, &u.Legal, &u.EndLegal, &u.Origin, &u.EndOrigin)
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	return list, nil
}

func readSuccessions(ctx context.Context, r sqldb.Reader) ([]Succession, error) {
	rows, err := r.Query(ctx, `SELECT `+successionColumns+` FROM place_succession ORDER BY old_code, old_from, new_code, new_from LIMIT $1`, mostRows)
	list, err := sqldb.Collect[Succession](rows, err)(func(r *sqldb.Rows) (s Succession, err error) {
		var residents int64
		err = r.Scan(&s.Old.Code, &s.Old.From, &s.New.Code, &s.New.From, &s.Share, &residents, &s.Day, &s.Legal, &s.Origin)
		s.Residents = residents != 0
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read successions: %w", err)
	}
	return list, nil
}

func readIndex(ctx context.Context, r sqldb.Reader) (*Index, error) {
	units, err := readUnits(ctx, r)
	if err != nil {
		return nil, err
	}
	links, err := readSuccessions(ctx, r)
	if err != nil {
		return nil, err
	}
	return NewIndex(units, links), nil
}

// atOnce is how many rows one INSERT carries.
const atOnce = 2000

// insertRows writes many rows by few statements: the rows travel as one JSON array of
// arrays, which is five times faster here than a parameter for each value.
func insertRows[T any](ctx context.Context, tx *sqldb.Tx, table, columns string, list []T, values func(T) []any) error {
	var picked []string
	for i, c := range strings.Split(columns, ", ") {
		value := fmt.Sprintf("value->>%d", i)
		if c == "residents" {
			value = "CAST(" + value + " AS BIGINT)"
		}
		picked = append(picked, value)
	}
	from := map[sqldb.Dialect]string{
		sqldb.SQLite:   `json_each($1)`,
		sqldb.Postgres: `json_array_elements(CAST($1 AS json))`,
	}[tx.Dialect()]
	q := fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %s WHERE 1 = 1 ON CONFLICT DO NOTHING`, table, columns, strings.Join(picked, ", "), from)
	for part := range slices.Chunk(list, atOnce) {
		rows := make([][]any, len(part))
		for i, v := range part {
			rows[i] = values(v)
		}
		text, err := json.Marshal(rows)
		if err != nil {
			return fmt.Errorf("encode rows of %s: %w", table, err)
		}
		if _, err := tx.Exec(ctx, q, string(text)); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return nil
}

// day is a date as JSON carries it: null when there is none.
func day(d civil.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.String()
}

func insertUnits(ctx context.Context, tx *sqldb.Tx, units []Unit) error {
	return insertRows(ctx, tx, "place_unit", unitColumns, units, func(u Unit) []any {
		return []any{u.Code, day(u.ValidFrom), day(u.ValidTo), string(u.Level), string(u.Kind), u.Name, u.English, u.Parent, u.Legal, u.EndLegal, u.Origin, u.EndOrigin}
	})
}

func insertSuccessions(ctx context.Context, tx *sqldb.Tx, links []Succession) error {
	return insertRows(ctx, tx, "place_succession", successionColumns, links, func(s Succession) []any {
		var residents int64
		if s.Residents {
			residents = 1
		}
		return []any{s.Old.Code, day(s.Old.From), s.New.Code, day(s.New.From), string(s.Share), residents, day(s.Day), s.Legal, s.Origin}
	})
}

// updateUnit gives a unit of the national list its new content. The end that a decree
// of this house gave it stays.
func updateUnit(ctx context.Context, tx *sqldb.Tx, u Unit) error {
	_, err := tx.Exec(ctx, `UPDATE place_unit SET level = $1, kind = $2, name = $3, english = $4, parent = $5, legal = $6,
		valid_to = CASE WHEN end_origin = '' THEN $7 ELSE valid_to END, end_legal = CASE WHEN end_origin = '' THEN $8 ELSE end_legal END
		WHERE code = $9 AND valid_from = $10 AND origin = ''`,
		string(u.Level), string(u.Kind), u.Name, u.English, u.Parent, u.Legal, u.ValidTo, u.EndLegal, u.Code, u.ValidFrom)
	if err != nil {
		return fmt.Errorf("update unit %s: %w", u.Code, err)
	}
	return nil
}

func deleteUnit(ctx context.Context, tx *sqldb.Tx, k Key) error {
	if _, err := tx.Exec(ctx, `DELETE FROM place_unit WHERE code = $1 AND valid_from = $2 AND origin = ''`, k.Code, k.From); err != nil {
		return fmt.Errorf("delete unit %s: %w", k.Code, err)
	}
	return nil
}

func deleteSuccession(ctx context.Context, tx *sqldb.Tx, s Succession) error {
	_, err := tx.Exec(ctx, `DELETE FROM place_succession WHERE old_code = $1 AND old_from = $2 AND new_code = $3 AND new_from = $4 AND origin = ''`,
		s.Old.Code, s.Old.From, s.New.Code, s.New.From)
	if err != nil {
		return fmt.Errorf("delete succession of %s: %w", s.Old.Code, err)
	}
	return nil
}

func closeUnits(ctx context.Context, tx *sqldb.Tx, keys []Key, d Decree) error {
	for _, k := range keys {
		n, err := tx.Exec(ctx, `UPDATE place_unit SET valid_to = $1, end_legal = $2, end_origin = $3 WHERE code = $4 AND valid_from = $5 AND valid_to IS NULL`,
			d.Day.AddDays(-1), d.Legal, d.ID, k.Code, k.From)
		if err != nil {
			return fmt.Errorf("close unit %s: %w", k.Code, err)
		}
		if n != 1 {
			return fmt.Errorf("close unit %s: it is closed already", k.Code)
		}
	}
	return nil
}

// known reports whether a decree has left anything.
func known(ctx context.Context, r sqldb.Reader, id string) (bool, error) {
	var n int64
	err := r.QueryRow(ctx, `SELECT (SELECT count(*) FROM place_unit WHERE origin = $1) + (SELECT count(*) FROM place_unit WHERE end_origin = $1)
		+ (SELECT count(*) FROM place_succession WHERE origin = $1)`, id).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for a decree: %w", err)
	}
	return n > 0, nil
}

// dayOf returns the first day of what a decree made, and whether a later decree closed
// any of it or took it over.
func dayOf(ctx context.Context, r sqldb.Reader, id string) (first civil.Date, later bool, err error) {
	var last civil.Date
	err = r.QueryRow(ctx, `SELECT (SELECT min(valid_from) FROM place_unit WHERE origin = $1), (SELECT min(valid_to) FROM place_unit WHERE end_origin = $1)`, id).Scan(&first, &last)
	if err != nil {
		return first, false, fmt.Errorf("read the day of a decree: %w", err)
	}
	if first.IsZero() && !last.IsZero() {
		first = last.AddDays(1)
	}
	if first.IsZero() {
		if err := r.QueryRow(ctx, `SELECT min(day) FROM place_succession WHERE origin = $1`, id).Scan(&first); err != nil {
			return first, false, fmt.Errorf("read the day of a decree: %w", err)
		}
	}
	var built int64
	err = r.QueryRow(ctx, `SELECT (SELECT count(*) FROM place_unit WHERE origin = $1 AND end_origin <> '')
		+ (SELECT count(*) FROM place_succession s JOIN place_unit u ON u.code = s.old_code AND u.valid_from = s.old_from WHERE u.origin = $1 AND s.origin <> $1)
		+ (SELECT count(*) FROM place_succession s JOIN place_unit u ON u.code = s.new_code AND u.valid_from = s.new_from WHERE u.origin = $1 AND s.origin <> $1)
		+ (SELECT count(*) FROM place_unit c JOIN place_unit u ON u.code = c.parent WHERE u.origin = $1 AND c.origin <> '' AND c.origin <> $1 AND c.valid_from >= u.valid_from)`, id).Scan(&built)
	if err != nil {
		return first, false, fmt.Errorf("look for what builds on a decree: %w", err)
	}
	return first, built > 0, nil
}

func undo(ctx context.Context, tx *sqldb.Tx, id string) error {
	for _, q := range []string{
		`DELETE FROM place_succession WHERE origin = $1`,
		`DELETE FROM place_unit WHERE origin = $1`,
		`UPDATE place_unit SET valid_to = NULL, end_legal = '', end_origin = '' WHERE end_origin = $1`,
	} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return fmt.Errorf("undo a decree: %w", err)
		}
	}
	return nil
}

func countChange(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE place_state SET generation = generation + 1, decreed = (SELECT count(*) FROM place_unit WHERE origin <> '')
		+ (SELECT count(*) FROM place_unit WHERE end_origin <> '') + (SELECT count(*) FROM place_succession WHERE origin <> '') WHERE id = 1`)
	if err != nil {
		return fmt.Errorf("count the change of units: %w", err)
	}
	return nil
}
