package register

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

const entryColumns = `e.id, e.register, e.agency_id, e.agency_path, e.agency_name, e.number, e.year, e.seq, e.holder, e.holders, e.title, e.result_code, e.procedure_code,
	e.issued_on, e.valid_from, e.valid_to, e.state, e.data, e.dossier_id, e.dossier_number, e.document_id, e.rev, e.created_at, e.keeper_id, e.keeper_name`

func scanEntry(scan func(...any) error) (e Entry, err error) {
	var holders, data string
	var created int64
	if err := scan(&e.ID, &e.Register, &e.AgencyID, &e.AgencyPath, &e.AgencyName, &e.Number, &e.Year, &e.Seq, &e.Holder, &holders, &e.Title, &e.ResultCode, &e.ProcedureCode,
		&e.IssuedOn, &e.ValidFrom, &e.ValidTo, &e.State, &data, &e.DossierID, &e.DossierNumber, &e.DocumentID, &e.Rev, &created, &e.KeeperID, &e.KeeperName); err != nil {
		return e, err
	}
	e.CreatedAt = sqldb.Time(created)
	return e, errors.Join(json.Unmarshal([]byte(holders), &e.Holders), json.Unmarshal([]byte(data), &e.Data))
}

func entries(rows *sqldb.Rows, err error) ([]Entry, error) {
	return sqldb.Collect[Entry](rows, err)(func(r *sqldb.Rows) (Entry, error) { return scanEntry(r.Scan) })
}

func entryByID(ctx context.Context, r sqldb.Reader, id string) (Entry, error) {
	e, err := scanEntry(r.QueryRow(ctx, `SELECT `+entryColumns+` FROM register_entry e WHERE e.id = $1`, id).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return e, errs.NewNotFound("register.not-found")
	}
	return e, err
}

func entryOfDossier(ctx context.Context, r sqldb.Reader, dossierID string) (Entry, error) {
	e, err := scanEntry(r.QueryRow(ctx, `SELECT `+entryColumns+` FROM register_entry e WHERE e.dossier_id = $1 ORDER BY e.id DESC LIMIT 1`, dossierID).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return e, errs.NewNotFound("register.not-found")
	}
	return e, err
}

func nextNumber(ctx context.Context, tx *sqldb.Tx, register, agencyID string, year int) (n int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO register_number (register, agency_id, year, n) VALUES ($1, $2, $3, 1)
		ON CONFLICT (register, agency_id, year) DO UPDATE SET n = register_number.n + 1 RETURNING n`, register, agencyID, year).Scan(&n)
	return n, err
}

func insertEntry(ctx context.Context, tx *sqldb.Tx, e Entry) error {
	holders, err := json.Marshal(e.Holders)
	if err != nil {
		return err
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO register_entry (id, register, agency_id, agency_path, agency_name, number, number_key, year, seq, holder, holders, title,
			result_code, procedure_code, issued_on, valid_from, valid_to, state, data, dossier_id, dossier_number, document_id, rev, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`,
		e.ID, e.Register, e.AgencyID, e.AgencyPath, e.AgencyName, e.Number, numberKey(e.Number), e.Year, e.Seq, e.Holder, string(holders), e.Title,
		e.ResultCode, e.ProcedureCode, e.IssuedOn, e.ValidFrom, e.ValidTo, e.State, string(data),
		e.DossierID, e.DossierNumber, e.DocumentID, e.Rev, sqldb.Millis(e.CreatedAt)); err != nil {
		return err
	}
	seen := map[string]bool{}
	var rows [][]any
	for _, h := range e.Holders {
		for _, key := range []string{h.CitizenNo, h.TaxCode} {
			if key != "" && !seen[key] {
				seen[key] = true
				rows = append(rows, []any{key, e.ID, e.ResultCode})
			}
		}
	}
	if err := insertMany(ctx, tx, "register_holder (key, entry_id, result_code)", rows); err != nil {
		return err
	}
	rows = rows[:0:0]
	for _, key := range searchKeys(e.Holder) {
		rows = append(rows, []any{e.Register, key, e.ID})
	}
	return insertMany(ctx, tx, "register_search (register, key, entry_id)", rows)
}

// insertMany writes rows with one statement.
func insertMany(ctx context.Context, tx *sqldb.Tx, into string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("INSERT INTO " + into + " VALUES ")
	var args []any
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j, v := range row {
			if j > 0 {
				b.WriteString(", ")
			}
			args = append(args, v)
			b.WriteString("$" + strconv.Itoa(len(args)))
		}
		b.WriteByte(')')
	}
	_, err := tx.Exec(ctx, b.String(), args...)
	return err
}

// searchKeys are the folded name from each word on, so that every part of a name
// finds it by prefix.
func searchKeys(name string) []string {
	words := fold.Tokens(name)
	if len(words) > 12 {
		words = words[:12]
	}
	seen := map[string]bool{}
	var keys []string
	for i := range words {
		key := strings.Join(words[i:], " ")
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// numberKey makes numbers comparable however they are typed: "0012/ĐKKDD-SYT".
func numberKey(number string) string { return strings.Join(fold.Tokens(number), " ") }

func insertChange(ctx context.Context, tx *sqldb.Tx, entryID string, c Change) error {
	_, err := tx.Exec(ctx, `INSERT INTO register_change (entry_id, seq, at, kind, from_state, to_state, reason, basis, actor, effective)
		VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM register_change WHERE entry_id = $1), $2, $3, $4, $5, $6, $7, $8, $9)`,
		entryID, sqldb.Millis(c.At), c.Kind, c.From, c.To, c.Reason, c.Basis, c.Actor, c.On.String())
	return err
}

func changesOf(ctx context.Context, r sqldb.Reader, entryID string) ([]Change, error) {
	rows, err := r.Query(ctx, `SELECT seq, at, kind, from_state, to_state, reason, basis, actor, effective FROM register_change
		WHERE entry_id = $1 ORDER BY seq LIMIT 500`, entryID)
	return sqldb.Collect[Change](rows, err)(func(r *sqldb.Rows) (c Change, err error) {
		var at int64
		err = r.Scan(&c.Seq, &at, &c.Kind, &c.From, &c.To, &c.Reason, &c.Basis, &c.Actor, &c.On)
		c.At = sqldb.Time(at)
		return c, err
	})
}

// setState moves an entry on; false when its revision is another by now.
func setState(ctx context.Context, tx *sqldb.Tx, entryID string, to State, rev int64) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE register_entry SET state = $1, rev = rev + 1 WHERE id = $2 AND rev = $3`, to, entryID, rev)
	return n == 1, err
}

func definitionRow(ctx context.Context, r sqldb.Reader, id string) (def *Definition, hash string, version int, err error) {
	var raw string
	err = r.QueryRow(ctx, `SELECT def, hash, version FROM register_definition WHERE id = $1`, id).Scan(&raw, &hash, &version)
	if errors.Is(err, sqldb.ErrNotFound) {
		return nil, "", 0, errs.NewNotFound("register.unknown")
	}
	if err != nil {
		return nil, "", 0, err
	}
	def = &Definition{}
	return def, hash, version, json.Unmarshal([]byte(raw), def)
}
