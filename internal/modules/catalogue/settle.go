package catalogue

import (
	"context"
	"fmt"
	"time"

	"motcua/internal/core/procedure"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// board holds what is known of some procedures within one transaction.
type board struct {
	s       *Service
	now     time.Time
	sources map[string]map[source.Shape]kept
	edits   map[string][]edit
	heads   map[string]head
}

func (s *Service) board(ctx context.Context, tx *sqldb.Tx, codes []string, now time.Time) (b *board, err error) {
	b = &board{s: s, now: now}
	if b.sources, err = sourcesOf(ctx, tx, codes); err != nil {
		return nil, err
	}
	if b.edits, err = editsOf(ctx, tx, codes); err != nil {
		return nil, err
	}
	b.heads, err = heads(ctx, tx, codes)
	return b, err
}

// accept makes a record the one of its shape and settles the entry.
func (b *board) accept(ctx context.Context, tx *sqldb.Tx, r *source.Record, shape source.Shape, text, hash, runID string) error {
	if err := saveSource(ctx, tx, r.Code, shape, text, hash, runID, b.now); err != nil {
		return err
	}
	if b.sources[r.Code] == nil {
		b.sources[r.Code] = map[source.Shape]kept{}
	}
	b.sources[r.Code][shape] = kept{r, hash}
	return b.settle(ctx, tx, r.Code)
}

// settle makes the entry of a code anew from its sources and corrections, and
// publishes it when its content changed and no pack brings the procedure.
func (b *board) settle(ctx context.Context, tx *sqldb.Tx, code string) error {
	records := map[source.Shape]*source.Record{}
	for shape, k := range b.sources[code] {
		records[shape] = k.record
	}
	if len(records) == 0 {
		return errs.NewNotFound("catalogue.entry-unknown")
	}
	r, shape, err := merge(records, b.edits[code])
	if err != nil {
		return err
	}
	e := Entry{Code: code, Shape: shape, Record: r, Hash: r.Hash()}
	e.Score, e.Lacks = Judge(r)
	before := b.heads[code]
	e.VersionID, e.Pack = before.versionID, before.pack
	newest, err := b.s.deps.Procedures.NewestOf(ctx, tx, code)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	switch {
	case newest != nil && newest.Pack != procedure.Catalogue:
		e.VersionID, e.Pack = "", newest.Pack
	case newest != nil && before.hash == e.Hash && before.versionID == newest.ID:
		e.Pack = ""
	default:
		from := b.s.today()
		if day := r.Announcement.Effective; day != "" {
			from = day
		}
		bundle, err := procedure.Bundle{Pack: procedure.Catalogue, Def: r.Definition(from)}.Seal()
		if err != nil {
			return err
		}
		v, _, err := b.s.deps.Procedures.Publish(ctx, tx, bundle)
		if err != nil {
			return fmt.Errorf("publish %s: %w", code, err)
		}
		e.VersionID, e.Pack = v.ID, ""
	}
	b.heads[code] = head{e.Hash, e.VersionID, e.Pack}
	return saveEntry(ctx, tx, e, b.now)
}

func saveEntry(ctx context.Context, tx *sqldb.Tx, e Entry, now time.Time) error {
	text, err := writeRecord(e.Record)
	if err != nil {
		return err
	}
	level := ""
	if len(e.Record.Levels) > 0 {
		level = string(e.Record.Definition("").Level)
	}
	_, err = tx.Exec(ctx, `INSERT INTO catalogue_entry (code, name, name_key, field, agency, level, shape, record, hash, version_id, pack, score, missing, doubts, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, field = excluded.field, agency = excluded.agency, level = excluded.level,
			shape = excluded.shape, record = excluded.record, hash = excluded.hash, version_id = excluded.version_id, pack = excluded.pack, score = excluded.score,
			missing = excluded.missing, doubts = excluded.doubts, changed_at = excluded.changed_at`,
		e.Code, e.Record.Name, fold.Key(e.Record.Name), e.Record.Field.Name, e.Record.Announcement.Agency, level, e.Shape, text, e.Hash, e.VersionID, e.Pack,
		e.Score, writeLacks(e.Lacks), writeDoubts(e.Record), sqldb.Millis(now))
	if err != nil {
		return fmt.Errorf("store entry %s: %w", e.Code, err)
	}
	return nil
}
