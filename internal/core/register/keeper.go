package register

import (
	"context"
	"fmt"
	"slices"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Row is what says to whom an entry goes when its keeper ends.
type Row struct {
	ID, Register, Number, Title  string
	ProcedureCode, DossierNumber string
}

// KeptBy returns entries that an agency keeps, register by register: the entries of
// one register behind the id after, at most limit. It names no holder.
func (s *Service) KeptBy(ctx context.Context, r sqldb.Reader, registerID string, a org.Agency, after string, limit int) ([]Row, error) {
	if !identity.From(ctx).MayAt(identity.AdminOrg, a.Path) {
		return nil, errs.NewNotFound("org.agency-not-found")
	}
	rows, err := r.Query(ctx, `SELECT id, register, number, title, procedure_code, dossier_number FROM register_entry
		WHERE register = $1 AND agency_path = $2 AND id > $3 ORDER BY id LIMIT $4`, registerID, a.Path, after, limit)
	return sqldb.Collect[Row](rows, err)(func(r *sqldb.Rows) (x Row, err error) {
		return x, r.Scan(&x.ID, &x.Register, &x.Number, &x.Title, &x.ProcedureCode, &x.DossierNumber)
	})
}

// Keep hands entries to another keeper, in the transaction of a decree. The issuer,
// the number, the state and the paper stay as they are; the history of each entry
// says who keeps it from then on and why.
func (s *Service) Keep(ctx context.Context, tx *sqldb.Tx, from, to org.Agency, basis string, ids []string) error {
	me := identity.From(ctx)
	if !me.MayAt(identity.AdminOrg, from.Path) || !me.MayAt(identity.AdminOrg, to.Path) {
		return errs.NewNotFound("org.agency-not-found")
	}
	for part := range slices.Chunk(ids, 500) {
		var args []any
		in := marks(&args, part)
		n := len(args)
		at := func(i int) string { return fmt.Sprintf("$%d", n+i) }
		if _, err := tx.Exec(ctx, `INSERT INTO register_change (entry_id, seq, at, kind, from_state, to_state, reason, basis, actor, effective)
			SELECT e.id, (SELECT COALESCE(MAX(c.seq), 0) + 1 FROM register_change c WHERE c.entry_id = e.id), CAST(`+at(1)+` AS BIGINT), 'transfer', e.state, e.state,
				CAST(`+at(2)+` AS TEXT), CAST(`+at(3)+` AS TEXT), CAST(`+at(4)+` AS TEXT), CAST(`+at(5)+` AS TEXT)
			FROM register_entry e WHERE e.id IN (`+in+`)`,
			append(slices.Clone(args), sqldb.Millis(s.now()), to.Name, basis, me.AccountID, to.ValidFrom.String())...); err != nil {
			return fmt.Errorf("note the transfer: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE register_entry SET keeper_id = `+at(1)+`, keeper_name = `+at(2)+`, agency_path = `+at(3)+` WHERE id IN (`+in+`)`,
			append(slices.Clone(args), to.ID, to.Name, to.Path)...); err != nil {
			return fmt.Errorf("hand the entries over: %w", err)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return s.note(ctx, tx, "register.keeper:"+from.ID, "register.kept", me.AccountID, map[string]any{"from": from.ID, "to": to.ID, "entries": len(ids), "basis": basis})
}

// Number lets a successor count on where the agency before it stopped: for an agency
// that only changed its name or code, whose numbers must not come twice.
func (s *Service) Number(ctx context.Context, tx *sqldb.Tx, fromID, toID string) error {
	_, err := tx.Exec(ctx, `INSERT INTO register_number (register, agency_id, year, n) SELECT register, CAST($1 AS TEXT), year, n FROM register_number WHERE agency_id = $2
		ON CONFLICT (register, agency_id, year) DO NOTHING`, toID, fromID)
	return err
}

// OnMove is to be registered with org.Service.OnMove: the path of a keeper that
// moves in the tree moves here too.
func (s *Service) OnMove(ctx context.Context, tx *sqldb.Tx, m org.Move) error {
	_, err := tx.Exec(ctx, `UPDATE register_entry SET agency_path = $1 || substr(agency_path, $2) WHERE agency_path LIKE $3`,
		m.NewPath, len(m.OldPath)+1, m.OldPath+"%")
	return err
}

// marks appends values and returns their placeholders.
func marks(args *[]any, values []string) string {
	text := ""
	for i, v := range values {
		*args = append(*args, v)
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("$%d", len(*args))
	}
	return text
}
