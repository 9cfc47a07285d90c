package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/money"
	"motcua/internal/platform/sqldb"
)

// Service keeps the registers. It is safe for concurrent use.
type Service struct {
	db      *sqldb.DB
	journal *journal.Journal
	now     func() time.Time
}

// New makes the service; now nil is the clock of the machine.
func New(db *sqldb.DB, j *journal.Journal, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{db: db, journal: j, now: now}
}

// SaveDefinition keeps the definition of a register of a pack, in the caller's
// transaction. The same definition changes nothing and reports false. Entries
// already written keep what they have.
func (s *Service) SaveDefinition(ctx context.Context, tx *sqldb.Tx, pack string, def *Definition) (bool, error) {
	if err := Check(def, nil); err != nil {
		return false, err
	}
	raw, err := json.Marshal(def)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:])
	registerID := pack + "/" + def.Code
	_, old, version, err := definitionRow(ctx, tx, registerID)
	switch {
	case err == nil && old == hash:
		return false, nil
	case err != nil && !errs.Is(err, errs.NotFound):
		return false, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO register_definition (id, pack, code, version, hash, def, public) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, hash = excluded.hash, def = excluded.def, public = excluded.public`,
		registerID, pack, def.Code, version+1, hash, string(raw), flag(!def.Public.IsZero())); err != nil {
		return false, err
	}
	return true, s.note(ctx, tx, "register:"+registerID, "register.defined", identity.From(ctx).AccountID, map[string]any{"register": registerID, "version": version + 1, "hash": hash})
}

// Definition returns the definition of a register, "<pack>/<code>".
func (s *Service) Definition(ctx context.Context, registerID string) (*Definition, error) {
	def, _, _, err := definitionRow(ctx, s.db, registerID)
	return def, err
}

// Info is one register in a list.
type Info struct {
	ID     string // "<pack>/<code>"
	Name   i18n.Text
	Public bool
	Search []string // number, holder
}

// Registers lists the registers, only those open to the public when public.
func (s *Service) Registers(ctx context.Context, public bool) ([]Info, error) {
	rows, err := s.db.Query(ctx, `SELECT id, def, public FROM register_definition WHERE public >= $1 ORDER BY id LIMIT 1000`, flag(public))
	return sqldb.Collect[Info](rows, err)(func(r *sqldb.Rows) (i Info, err error) {
		var raw string
		var pub int
		if err := r.Scan(&i.ID, &raw, &pub); err != nil {
			return i, err
		}
		var def Definition
		err = json.Unmarshal([]byte(raw), &def)
		i.Name, i.Public, i.Search = def.Name, pub == 1, def.Public.Search
		return i, err
	})
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ReadResult reads the fields an officer typed into their stored shapes (number
// float64, money int64, date "2006-01-02", yes_no bool, text) and says what is
// wrong with them, by "result.<field>". Unknown fields are refused.
func (d *Definition) ReadResult(typed map[string]any) (map[string]any, []errs.Field) {
	var bad []errs.Field
	out := map[string]any{}
	known := map[string]bool{}
	for _, f := range d.OfficerFields() {
		known[f.ID] = true
		v, problem := f.read(typed[f.ID])
		switch {
		case problem != nil:
			bad = append(bad, *problem)
		case v == nil && f.Require:
			bad = append(bad, errs.Bad("result."+f.ID, "register.required", "label", f.Label))
		case v != nil:
			out[f.ID] = v
		}
	}
	for name := range typed {
		if !known[name] {
			bad = append(bad, errs.Bad("result."+name, "register.unknown-field"))
		}
	}
	slices.SortFunc(bad, func(a, b errs.Field) int { return strings.Compare(a.Name, b.Name) })
	return out, bad
}

// read brings one typed value into its stored shape; nil is nothing.
func (f FieldDef) read(v any) (any, *errs.Field) {
	if v == nil {
		return nil, nil
	}
	if b, ok := v.(bool); ok && f.Kind == "yes_no" {
		return b, nil
	}
	text := strings.TrimSpace(plainText(v))
	if text == "" {
		return nil, nil
	}
	fail := func(code string) (any, *errs.Field) {
		bad := errs.Bad("result."+f.ID, code, "label", f.Label)
		return nil, &bad
	}
	switch f.Kind {
	case "date":
		day, err := civil.ParseTyped(text)
		if err != nil {
			bad := ident.Field("result."+f.ID, err)
			return nil, &bad
		}
		return day.String(), nil
	case "number":
		n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return fail("register.not-a-number")
		}
		return n, nil
	case "money":
		n, err := money.Parse(text)
		if err != nil {
			return fail("register.not-a-number")
		}
		return int64(n), nil
	case "yes_no":
		switch text {
		case "true", "1", "yes":
			return true, nil
		case "false", "0", "no":
			return false, nil
		}
		return fail("register.not-an-option")
	case "choice":
		if !slices.ContainsFunc(f.Options, func(o OptionDef) bool { return o.Value == text }) {
			return fail("register.not-an-option")
		}
	case "citizen_number":
		n, err := ident.ParseCitizenNumber(text)
		if err != nil {
			bad := ident.Field("result."+f.ID, err)
			return nil, &bad
		}
		return string(n), nil
	case "long_text":
		text = fold.CleanLines(text)
	default:
		text = fold.Clean(text)
	}
	if len([]rune(text)) > 4000 {
		return fail("register.too-long")
	}
	return text, nil
}

// Issue writes an entry with the next number of its register, agency and year, in
// the caller's transaction.
func (s *Service) Issue(ctx context.Context, tx *sqldb.Tx, n NewEntry) (Entry, error) {
	def, _, _, err := definitionRow(ctx, tx, n.Register)
	if err != nil {
		return Entry{}, err
	}
	result, bad := def.ReadResult(n.Result)
	if err := errs.NewInvalid(bad...); err != nil {
		return Entry{}, err
	}
	n.Result = result
	day := civil.DateOf(n.At)
	e := Entry{
		ID: id.New(), Register: n.Register, RegisterName: def.Name.VI, AgencyID: n.AgencyID, AgencyPath: n.AgencyPath, AgencyName: n.AgencyName,
		Title: n.Title, ResultCode: n.ResultCode, ProcedureCode: n.ProcedureCode, IssuedOn: day, ValidFrom: day, ValidTo: def.Validity.Until(day),
		State: Valid, Data: map[string]any{}, DossierID: n.DossierID, DossierNumber: n.DossierNumber, Rev: 1, CreatedAt: sqldb.Time(sqldb.Millis(s.now())),
	}
	for _, f := range def.Fields {
		if f.By == "officer" {
			if v, ok := n.Result[f.ID]; ok && v != nil {
				e.Data[f.ID] = v
			}
		} else if v, ok := n.Answers[f.From]; ok && v != nil {
			e.Data[f.ID] = v
		}
	}
	lookup := func(name string) string {
		for _, m := range []map[string]any{e.Data, n.Answers, n.Result} {
			if v, ok := m[name]; ok && v != nil {
				return plainText(v)
			}
		}
		return ""
	}
	e.Holder = strings.TrimSpace(numberPart.ReplaceAllStringFunc(def.Holder, func(m string) string { return lookup(strings.Trim(m, "{}")) }))
	e.Holders = holders(def, n, lookup)
	if def.restarts() {
		e.Year = day.Year()
	}
	if e.Seq, err = nextNumber(ctx, tx, n.Register, n.AgencyID, e.Year); err != nil {
		return Entry{}, err
	}
	e.Number = def.format(e.Seq, day.Year(), n.AgencyAbbr)
	if err := insertEntry(ctx, tx, e); err != nil {
		return Entry{}, err
	}
	if err := insertChange(ctx, tx, e.ID, Change{At: s.now(), Kind: "issue", To: Valid, Actor: n.Actor, On: day}); err != nil {
		return Entry{}, err
	}
	return e, s.note(ctx, tx, "register:"+e.ID, "register.issued", n.Actor, map[string]any{
		"register": e.Register, "number": e.Number, "agency": e.AgencyID, "dossier": e.DossierID, "valid_to": e.ValidTo.String(),
	})
}

// holders says under whom the entry is found again: the numbers the definition
// names, and always the holders the dossier names.
func holders(def *Definition, n NewEntry, lookup func(string) string) []Holder {
	out := slices.Clone(n.Holders)
	for _, field := range def.Numbers {
		number := lookup(field)
		if number == "" || slices.ContainsFunc(out, func(h Holder) bool { return h.CitizenNo == number || h.TaxCode == number }) {
			continue
		}
		h := Holder{}
		if len(number) == 12 {
			h.CitizenNo = number
		} else {
			h.TaxCode = number
		}
		out = append(out, h)
	}
	return out
}

func plainText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case map[string]any:
		if t, ok := x["text"].(string); ok {
			return t
		}
		return ""
	}
	return fmt.Sprint(v)
}

// AttachDocument links the rendered paper of an entry.
func (s *Service) AttachDocument(ctx context.Context, tx *sqldb.Tx, entryID, documentID string) error {
	_, err := tx.Exec(ctx, `UPDATE register_entry SET document_id = $1 WHERE id = $2`, documentID, entryID)
	return err
}

// PublicName is the name of a register in the reader's language; ok is false when
// there is none, or it is not open to the public.
func (s *Service) PublicName(ctx context.Context, registerID string) (name string, ok bool, err error) {
	def, err := s.Definition(ctx, registerID)
	if errs.Is(err, errs.NotFound) {
		return "", false, nil
	}
	if err != nil || def.Public.IsZero() {
		return "", false, err
	}
	return def.Name.In(ctx), true, nil
}

// Get returns an entry to staff who may read dossiers of its agency and to its
// holders; to everybody else it does not exist.
func (s *Service) Get(ctx context.Context, entryID string) (Entry, error) {
	e, err := entryByID(ctx, s.db, entryID)
	if err != nil {
		return Entry{}, err
	}
	if !maySee(identity.From(ctx), e) {
		return Entry{}, errs.NewNotFound("register.not-found")
	}
	return s.named(ctx, e)
}

// OfDossier returns the entry a dossier ended in. Who may see the dossier may see it.
func (s *Service) OfDossier(ctx context.Context, r sqldb.Reader, dossierID string) (Entry, error) {
	e, err := entryOfDossier(ctx, r, dossierID)
	if err != nil {
		return Entry{}, err
	}
	return s.named(ctx, e)
}

func (s *Service) named(ctx context.Context, e Entry) (Entry, error) {
	def, _, _, err := definitionRow(ctx, s.db, e.Register)
	if err == nil {
		e.RegisterName = def.Name.VI
	}
	return e, err
}

func maySee(a identity.Actor, e Entry) bool {
	if a.MayAt(identity.DossierRead, e.AgencyPath) {
		return true
	}
	return a.SignedIn() && slices.ContainsFunc(e.Holders, func(h Holder) bool {
		return h.AccountID == a.AccountID || h.CitizenNo != "" && h.CitizenNo == a.CitizenNo || h.TaxCode != "" && h.TaxCode == a.TaxCode
	})
}

// History returns what happened to an entry, oldest first, to those who may see it.
func (s *Service) History(ctx context.Context, entryID string) ([]Change, error) {
	if _, err := s.Get(ctx, entryID); err != nil {
		return nil, err
	}
	return changesOf(ctx, s.db, entryID)
}

// moves are the changes of state that the law knows; revoked is final.
var moves = map[State][]State{
	Valid:     {Suspended, Revoked, Expired},
	Suspended: {Valid, Revoked, Expired},
	Expired:   {Revoked},
}

// ChangeState suspends, restores or revokes an entry, with its reason and basis.
// It asks for dossier.approve at the entry's agency.
//
// Errors: register.not-found; register.reason (Invalid); register.move and
// register.changed (Conflict).
func (s *Service) ChangeState(ctx context.Context, in ChangeInput) (Entry, error) {
	actor := identity.From(ctx)
	if strings.TrimSpace(in.Reason) == "" {
		return Entry{}, errs.NewInvalid(errs.Bad("reason", "register.reason"))
	}
	if in.To == Expired || !slices.Contains(States(), in.To) {
		return Entry{}, errs.NewInvalid(errs.Bad("state", "register.state"))
	}
	if in.On.IsZero() {
		in.On = civil.DateOf(s.now())
	}
	var e Entry
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var err error
		if e, err = entryByID(ctx, tx, in.EntryID); err != nil {
			return err
		}
		if !actor.MayAt(identity.DossierApprove, e.AgencyPath) {
			return errs.NewNotFound("register.not-found")
		}
		if in.Rev != 0 && in.Rev != e.Rev {
			return errs.NewConflict("register.changed")
		}
		from := e.StateOn(civil.DateOf(s.now()))
		if !slices.Contains(moves[from], in.To) {
			return errs.NewConflict("register.move", "from", string(from), "to", string(in.To))
		}
		return s.move(ctx, tx, &e, from, in, actor.AccountID)
	})
	return e, err
}

func (s *Service) move(ctx context.Context, tx *sqldb.Tx, e *Entry, from State, in ChangeInput, actor string) error {
	ok, err := setState(ctx, tx, e.ID, in.To, e.Rev)
	if err != nil {
		return err
	}
	if !ok {
		return errs.NewConflict("register.changed")
	}
	kind := map[State]string{Suspended: "suspend", Revoked: "revoke", Valid: "restore", Expired: "expire"}[in.To]
	if err := insertChange(ctx, tx, e.ID, Change{At: s.now(), Kind: kind, From: from, To: in.To, Reason: in.Reason, Basis: in.Basis, Actor: actor, On: in.On}); err != nil {
		return err
	}
	e.State, e.Rev = in.To, e.Rev+1
	return s.note(ctx, tx, "register:"+e.ID, "register."+kind, actor, map[string]any{"register": e.Register, "from": from, "to": in.To, "on": in.On.String()})
}

// Expire marks entries whose last day has passed. It is run every night.
func (s *Service) Expire(ctx context.Context) error {
	today := civil.DateOf(s.now())
	for {
		done := 0
		if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			rows, err := tx.Query(ctx, `SELECT `+entryColumns+` FROM register_entry e WHERE e.valid_to IS NOT NULL AND e.valid_to < $1
				AND e.state IN ('valid', 'suspended') ORDER BY e.valid_to LIMIT 200`, today.String())
			over, err := entries(rows, err)
			if err != nil {
				return err
			}
			for i := range over {
				e := &over[i]
				if err := s.move(ctx, tx, e, e.State, ChangeInput{To: Expired, On: e.ValidTo.AddDays(1)}, ""); err != nil {
					return err
				}
			}
			done = len(over)
			return nil
		}); err != nil || done == 0 {
			return err
		}
	}
}

func (s *Service) note(ctx context.Context, tx *sqldb.Tx, stream, typ, actor string, data map[string]any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = s.journal.Append(ctx, tx, journal.Event{Stream: stream, Type: typ, At: s.now(), Actor: actor, Data: raw})
	return err
}
