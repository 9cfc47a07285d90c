package register

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
)

// FindQuery asks for results somebody already has.
type FindQuery struct {
	ResultCodes []string // mã kết quả; empty = any
	Numbers     []string // citizen numbers and tax codes of the holder
	Valid       bool     // only those still valid today
	Limit       int      // default 20
}

// FindForHolder finds the entries of a holder, newest first (once only). The
// caller has made sure that the numbers are the asker's own, or that the asker
// works on a dossier of theirs.
func (s *Service) FindForHolder(ctx context.Context, q FindQuery) ([]Entry, error) {
	numbers := slices.DeleteFunc(slices.Clone(q.Numbers), func(n string) bool { return n == "" })
	if len(numbers) == 0 {
		return nil, nil
	}
	if q.Limit == 0 {
		q.Limit = 20
	}
	var args []any
	in := func(values []string) string {
		marks := make([]string, len(values))
		for i, v := range values {
			args = append(args, v)
			marks[i] = "$" + strconv.Itoa(len(args))
		}
		return strings.Join(marks, ", ")
	}
	where := `h.key IN (` + in(numbers) + `)`
	if len(q.ResultCodes) > 0 {
		where += ` AND h.result_code IN (` + in(q.ResultCodes) + `)`
	}
	args = append(args, q.Limit)
	rows, err := s.db.Query(ctx, `SELECT DISTINCT `+entryColumns+` FROM register_holder h JOIN register_entry e ON e.id = h.entry_id
		WHERE `+where+` ORDER BY e.id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
	found, err := entries(rows, err)
	if err != nil || !q.Valid {
		return found, err
	}
	today := civil.DateOf(s.now())
	return slices.DeleteFunc(found, func(e Entry) bool { return e.StateOn(today) != Valid }), nil
}

// ListQuery asks for one page of a register, for staff.
type ListQuery struct {
	Register string
	Search   string // number or holder
	State    State  // "" = any
	After    string // id of the last entry of the page before
	Limit    int    // default 50, at most 200
}

// List returns entries of a register within the reach of the reader, newest first.
func (s *Service) List(ctx context.Context, q ListQuery) ([]Entry, error) {
	if q.Limit <= 0 || q.Limit > 200 {
		q.Limit = 50
	}
	args := []any{q.Register}
	arg := func(v any) string { args = append(args, v); return "$" + strconv.Itoa(len(args)) }
	where := `e.register = $1 AND ` + identity.Within(s.db.Dialect(), "e.agency_path", identity.From(ctx).Scope(identity.DossierRead), &args)
	from := `register_entry e`
	if key := fold.Key(q.Search); key != "" {
		if number := numberKey(q.Search); strings.ContainsAny(q.Search, "0123456789") {
			where += ` AND e.number_key = ` + arg(number)
		} else {
			from += ` JOIN register_search k ON k.entry_id = e.id`
			where += ` AND k.register = $1 AND k.key >= ` + arg(key) + ` AND k.key < ` + arg(key+"~")
		}
	}
	if q.State != "" {
		where += ` AND e.state = ` + arg(q.State)
	}
	if q.After != "" {
		where += ` AND e.id < ` + arg(q.After)
	}
	rows, err := s.db.Query(ctx, `SELECT DISTINCT `+entryColumns+` FROM `+from+` WHERE `+where+` ORDER BY e.id DESC LIMIT `+arg(q.Limit), args...)
	return entries(rows, err)
}

// PublicLookup finds entries of a register that is open to the public: by number,
// or by the holder's name (at least two words or six letters), with or without
// marks. Only what the definition shows comes back, at most 20 entries.
//
// Errors: register.unknown (NotFound) also for registers that are not public;
// register.search-short (Invalid).
func (s *Service) PublicLookup(ctx context.Context, registerID, query string) ([]PublicEntry, error) {
	def, err := s.Definition(ctx, registerID)
	if err != nil {
		return nil, err
	}
	if def.Public.IsZero() {
		return nil, errs.NewNotFound("register.unknown")
	}
	key := numberKey(query)
	if key == "" {
		return nil, errs.NewInvalid(errs.Bad("q", "register.search-short"))
	}
	var found []Entry
	if slices.Contains(def.Public.Search, "number") && strings.ContainsAny(query, "0123456789") {
		rows, err := s.db.Query(ctx, `SELECT `+entryColumns+` FROM register_entry e WHERE e.register = $1 AND e.number_key = $2 ORDER BY e.id DESC LIMIT 20`, registerID, key)
		if found, err = entries(rows, err); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 && slices.Contains(def.Public.Search, "holder") && !looksLikeNumber(query) {
		if !strings.Contains(key, " ") && len(key) < 6 {
			return nil, errs.NewInvalid(errs.Bad("q", "register.search-short"))
		}
		rows, err := s.db.Query(ctx, `SELECT DISTINCT `+entryColumns+` FROM register_search k JOIN register_entry e ON e.id = k.entry_id
			WHERE k.register = $1 AND k.key >= $2 AND k.key < $3 ORDER BY e.id DESC LIMIT 20`, registerID, key, key+"~")
		if found, err = entries(rows, err); err != nil {
			return nil, err
		}
	}
	out := make([]PublicEntry, 0, len(found))
	for _, e := range found {
		out = append(out, def.public(ctx, e, civil.DateOf(s.now())))
	}
	return out, nil
}

// Public returns what anybody may see of one entry, for the page behind the code
// on a paper. A register without public look-up shows its number and state only.
func (s *Service) Public(ctx context.Context, entryID string) (PublicEntry, error) {
	e, err := entryByID(ctx, s.db, entryID)
	if err != nil {
		return PublicEntry{}, err
	}
	def, err := s.Definition(ctx, e.Register)
	if err != nil {
		return PublicEntry{}, err
	}
	if def.Public.IsZero() {
		def.Public.Shown = []string{"number", "state", "valid_from", "valid_to"}
	}
	return def.public(ctx, e, civil.DateOf(s.now())), nil
}

func (d *Definition) public(ctx context.Context, e Entry, today civil.Date) PublicEntry {
	out := PublicEntry{Register: d.Name.In(ctx), Agency: e.AgencyName, Keeper: e.KeeperName}
	for _, name := range d.Public.Shown {
		switch name {
		case "number":
			out.Number = guard(e.Number)
		case "holder":
			out.Holder = guard(e.Holder)
		case "state":
			out.State = e.StateOn(today)
		case "valid_from":
			out.ValidFrom = e.ValidFrom
		case "valid_to":
			out.ValidTo = e.ValidTo
		default:
			for _, f := range d.Fields {
				if f.ID != name || f.Public != "shown" && f.Public != "masked" {
					continue
				}
				v := d.words(ctx, f, e.Data[f.ID])
				if f.Public == "masked" {
					v = Mask(v)
				}
				if v = guard(v); v != "" {
					out.Fields = append(out.Fields, PublicField{Label: f.Label.In(ctx), Value: v})
				}
			}
		}
	}
	return out
}

// words writes a value for a screen.
func (d *Definition) words(ctx context.Context, f FieldDef, v any) string {
	if v == nil {
		return ""
	}
	text := plainText(v)
	for _, o := range f.Options {
		if o.Value == text {
			return o.Label.In(ctx)
		}
	}
	if day, err := civil.Parse(text); err == nil {
		return day.Screen(i18n.Lang(ctx))
	}
	return text
}

// Mask hides most of a value: "Đặng Thị Hường" becomes "Đ. T. Hường", a number
// keeps four digits at its start and two at its end.
func Mask(s string) string {
	if strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsFunc(s, unicode.IsDigit) {
		words := strings.Fields(s)
		for i := range words[:max(len(words)-1, 0)] {
			words[i] = string([]rune(words[i])[0]) + "."
		}
		return strings.Join(words, " ")
	}
	letters := []rune(s)
	if len(letters) <= 6 {
		return strings.Repeat("*", len(letters))
	}
	return string(letters[:4]) + strings.Repeat("*", len(letters)-6) + string(letters[len(letters)-2:])
}

var citizenNumber = regexp.MustCompile(`\b\d{12}\b`)

// guard is the last look at what goes to the public: a citizen number never does,
// in whatever field somebody has typed it.
func guard(s string) string { return citizenNumber.ReplaceAllStringFunc(s, Mask) }

func looksLikeNumber(q string) bool { return strings.Trim(q, "0123456789 .-/") == "" }
