package procedure

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
)

// card is the part of a version that lists and search need.
type card struct {
	Name       i18n.Text     `json:"name"`
	Field      Field         `json:"field"`
	Level      Level         `json:"level"`
	Levels     []Level       `json:"levels,omitempty"`
	Summary    i18n.Text     `json:"summary"`
	Keywords   Keywords      `json:"keywords,omitzero"`
	LifeEvents []LifeEvent   `json:"life_events,omitempty"`
	Audience   []Audience    `json:"audience,omitempty"`
	Channels   []ChannelKind `json:"channels"`
	TermText   i18n.Text     `json:"term_text,omitzero"`
	Free       bool          `json:"free,omitempty"`
	Results    []i18n.Text   `json:"results,omitempty"`
	Cases      []i18n.Text   `json:"cases,omitempty"`
	Offers     OfferRule     `json:"offers"`

	Competent   i18n.Text `json:"competent,omitzero"`
	AnnouncedBy string    `json:"announced_by,omitempty"`
}

func cardOf(d *Definition) card {
	c := card{
		Name: d.Name, Field: d.Field, Level: d.Level, Levels: d.Levels, Summary: d.Summary, Keywords: d.Keywords,
		LifeEvents: d.LifeEvents, Audience: d.Audience, Offers: d.Offers, Free: len(d.Channels) > 0, Competent: d.Competent, AnnouncedBy: d.AnnouncedBy.Agency,
	}
	for _, ch := range d.Channels {
		c.Channels = append(c.Channels, ch.Kind)
		c.Free = c.Free && len(ch.Fees) == 0 && ch.FeeText.IsZero()
	}
	if len(d.Channels) > 0 {
		c.TermText = d.Channels[0].TermText
	}
	for _, r := range d.Results {
		c.Results = append(c.Results, r.Name)
	}
	for _, cs := range d.Cases {
		c.Cases = append(c.Cases, cs.Name)
	}
	return c
}

// levels are all levels that perform the procedure.
func (c card) levels() []Level {
	if len(c.Levels) == 0 {
		return []Level{c.Level}
	}
	return c.Levels
}

const versionColumns = `id, code, number, pack, valid_from, valid_to, hash, definition, parts, published_at, withdrawn_at`

func scanVersion(scan func(...any) error) (*Version, error) {
	var (
		v                Version
		validTo          sql.NullString
		published        int64
		withdrawn        sql.NullInt64
		definition, part string
	)
	if err := scan(&v.ID, &v.Code, &v.Number, &v.Pack, &v.ValidFrom, &validTo, &v.Hash, &definition, &part, &published, &withdrawn); err != nil {
		return nil, err
	}
	v.ValidTo, v.Published, v.Withdrawn = validTo.String, sqldb.Time(published), withdrawn.Valid
	v.Def = &Definition{}
	if err := json.Unmarshal([]byte(definition), v.Def); err != nil {
		return nil, fmt.Errorf("read definition of procedure version %s: %w", v.ID, err)
	}
	if err := json.Unmarshal([]byte(part), &v.Parts); err != nil {
		return nil, fmt.Errorf("read parts of procedure version %s: %w", v.ID, err)
	}
	return &v, nil
}

func errNotFound() error { return errs.NewNotFound("procedure.not-found") }

// versionByID reads one version, withdrawn or not.
func versionByID(ctx context.Context, r sqldb.Reader, id string) (*Version, error) {
	v, err := scanVersion(r.QueryRow(ctx, `SELECT `+versionColumns+` FROM procedure_version WHERE id = $1`, id).Scan)
	return v, found(err)
}

// versionOn reads the version in force on a day.
func versionOn(ctx context.Context, r sqldb.Reader, code, day string) (*Version, error) {
	v, err := scanVersion(r.QueryRow(ctx, `SELECT `+versionColumns+` FROM procedure_version
		WHERE code = $1 AND withdrawn_at IS NULL AND valid_from <= $2 AND (valid_to IS NULL OR valid_to >= $2)
		ORDER BY number DESC LIMIT 1`, code, day).Scan)
	return v, found(err)
}

// newest reads the latest version that is not withdrawn, in force or still to come.
func newest(ctx context.Context, r sqldb.Reader, code string) (*Version, error) {
	v, err := scanVersion(r.QueryRow(ctx, `SELECT `+versionColumns+` FROM procedure_version
		WHERE code = $1 AND withdrawn_at IS NULL ORDER BY number DESC LIMIT 1`, code).Scan)
	return v, found(err)
}

func found(err error) error {
	if errors.Is(err, sqldb.ErrNotFound) {
		return errNotFound()
	}
	if err != nil {
		return fmt.Errorf("read procedure version: %w", err)
	}
	return nil
}

// newestOfPack lists the latest live versions that a pack brought, by code.
func newestOfPack(ctx context.Context, r sqldb.Reader, pack string) ([]*Version, error) {
	list, err := sqldb.Collect[*Version](r.Query(ctx, `SELECT `+versionColumns+` FROM procedure_version v
		WHERE pack = $1 AND withdrawn_at IS NULL
		  AND number = (SELECT MAX(w.number) FROM procedure_version w WHERE w.code = v.code AND w.withdrawn_at IS NULL)
		ORDER BY code LIMIT 10000`, pack))(func(rows *sqldb.Rows) (*Version, error) { return scanVersion(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("list versions of pack %s: %w", pack, err)
	}
	return list, nil
}

func insertVersion(ctx context.Context, tx *sqldb.Tx, v *Version) error {
	cardText, err := json.Marshal(cardOf(v.Def))
	if err != nil {
		return fmt.Errorf("encode card of %s: %w", v.Code, err)
	}
	definition, err := json.Marshal(v.Def)
	if err != nil {
		return fmt.Errorf("encode procedure %s: %w", v.Code, err)
	}
	parts, err := json.Marshal(v.Parts)
	if err != nil {
		return fmt.Errorf("encode parts of %s: %w", v.Code, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO procedure_version
		(id, code, number, pack, valid_from, valid_to, hash, card, definition, parts, published_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		v.ID, v.Code, v.Number, v.Pack, v.ValidFrom, sqldb.NullString(v.ValidTo), v.Hash,
		string(cardText), string(definition), string(parts), sqldb.Millis(v.Published))
	if err != nil {
		return fmt.Errorf("store version %d of procedure %s: %w", v.Number, v.Code, err)
	}
	return nil
}

// lastNumber is the highest number ever given to a version of the procedure.
func lastNumber(ctx context.Context, tx *sqldb.Tx, code string) (n int, err error) {
	err = tx.QueryRow(ctx, `SELECT COALESCE(MAX(number), 0) FROM procedure_version WHERE code = $1`, code).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("number of the last version of %s: %w", code, err)
	}
	return n, nil
}

// catalogueAfter lists the live versions of the national catalogue that are newer
// than a number.
func catalogueAfter(ctx context.Context, r sqldb.Reader, code string, number int) ([]string, error) {
	ids, err := sqldb.Collect[string](r.Query(ctx, `SELECT id FROM procedure_version
		WHERE code = $1 AND pack = $2 AND number > $3 AND withdrawn_at IS NULL ORDER BY number LIMIT 1000`, code, Catalogue, number))(
		func(rows *sqldb.Rows) (id string, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("list catalogue versions of %s: %w", code, err)
	}
	return ids, nil
}

func setWithdrawn(ctx context.Context, tx *sqldb.Tx, id string, at sql.NullInt64) error {
	n, err := tx.Exec(ctx, `UPDATE procedure_version SET withdrawn_at = $1 WHERE id = $2`, at, id)
	switch {
	case err != nil:
		return fmt.Errorf("withdraw procedure version %s: %w", id, err)
	case n == 0:
		return errNotFound()
	}
	return nil
}

func generation(ctx context.Context, r sqldb.Reader) (n int64, err error) {
	if err := r.QueryRow(ctx, `SELECT generation FROM procedure_state WHERE id = 1`).Scan(&n); err != nil {
		return 0, fmt.Errorf("read generation of the catalogue: %w", err)
	}
	return n, nil
}

func bumpGeneration(ctx context.Context, tx *sqldb.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE procedure_state SET generation = generation + 1 WHERE id = 1`); err != nil {
		return fmt.Errorf("count the change of the catalogue: %w", err)
	}
	return nil
}

// listed is one live version as the index reads it.
type listed struct {
	id, code, validFrom, validTo string
	number                       int
	card                         card
	former                       []string // names of earlier versions, see buildIndex
}

// cards reads the cards of all live versions, a page at a time.
func cards(ctx context.Context, r sqldb.Reader) ([]listed, error) {
	const page = 2000
	var all []listed
	lastCode, lastN := "", 0
	for {
		part, err := sqldb.Collect[listed](r.Query(ctx, `SELECT id, code, number, valid_from, valid_to, card FROM procedure_version
			WHERE withdrawn_at IS NULL AND (code > $1 OR (code = $1 AND number > $2)) ORDER BY code, number LIMIT `+fmt.Sprint(page), lastCode, lastN))(scanListed)
		if err != nil {
			return nil, fmt.Errorf("list the catalogue: %w", err)
		}
		all = append(all, part...)
		if len(part) < page {
			return all, nil
		}
		lastCode, lastN = part[page-1].code, part[page-1].number
	}
}

func scanListed(rows *sqldb.Rows) (l listed, err error) {
	var validTo sql.NullString
	var text string
	if err := rows.Scan(&l.id, &l.code, &l.number, &l.validFrom, &validTo, &text); err != nil {
		return l, err
	}
	l.validTo = validTo.String
	if err := json.Unmarshal([]byte(text), &l.card); err != nil {
		return l, fmt.Errorf("read card of version %s: %w", l.id, err)
	}
	return l, nil
}

type offerKey struct {
	code, agency string
	channel      ChannelKind
}

// exceptions reads every agency's own way of offering.
func exceptions(ctx context.Context, r sqldb.Reader) (map[offerKey]OnlineLevel, error) {
	type row struct {
		key    offerKey
		online OnlineLevel
	}
	rows, err := sqldb.Collect[row](r.Query(ctx, `SELECT code, agency_id, channel, online FROM procedure_offer ORDER BY code, agency_id, channel LIMIT 200000`))(
		func(rows *sqldb.Rows) (x row, err error) {
			return x, rows.Scan(&x.key.code, &x.key.agency, &x.key.channel, &x.online)
		})
	if err != nil {
		return nil, fmt.Errorf("list offers: %w", err)
	}
	out := make(map[offerKey]OnlineLevel, len(rows))
	for _, x := range rows {
		out[x.key] = x.online
	}
	return out, nil
}

func saveException(ctx context.Context, tx *sqldb.Tx, key offerKey, online OnlineLevel) error {
	_, err := tx.Exec(ctx, `INSERT INTO procedure_offer (code, agency_id, channel, online) VALUES ($1, $2, $3, $4)
		ON CONFLICT (code, agency_id, channel) DO UPDATE SET online = excluded.online`, key.code, key.agency, key.channel, online)
	if err != nil {
		return fmt.Errorf("store offer: %w", err)
	}
	return nil
}

func dropException(ctx context.Context, tx *sqldb.Tx, key offerKey) error {
	if _, err := tx.Exec(ctx, `DELETE FROM procedure_offer WHERE code = $1 AND agency_id = $2 AND channel = $3`, key.code, key.agency, key.channel); err != nil {
		return fmt.Errorf("drop offer: %w", err)
	}
	return nil
}
