package identity

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/sqldb"
)

// NewAccount is what a person types to get an account, or what an administrator
// types for a colleague.
type NewAccount struct {
	Kind      Kind
	Login     string // staff only; citizens and organisations sign in with their number
	Name      string
	CitizenNo string // citizens
	TaxCode   string // organisations
	Birth     civil.PartialDate
	Gender    string
	Phone     string
	Email     string
	Address   string
	Lang      string
	AgencyID  string // staff
	Password  string
	// Hash is a password hashed before with HashPassword, instead of Password. Only
	// the system may bring one (demonstrations, imports).
	Hash string
	// Assurance is SelfDeclared unless the system says otherwise.
	Assurance Assurance
	// From is where the request came from, to slow down registration by machine.
	From netip.Addr
}

// Warnings says what looks implausible about a new account: a citizen number
// that disagrees with the stated sex or year of birth. They ask the person to
// look twice and never refuse, because corrected records exist.
func (n NewAccount) Warnings() []errs.Field {
	number, err := ident.ParseCitizenNumber(n.CitizenNo)
	if n.Kind != KindCitizen || err != nil {
		return nil
	}
	warnings := number.Warnings(ident.Sex(n.Gender), n.Birth)
	for i := range warnings {
		warnings[i].Name = "birth"
		if warnings[i].Code == "citizen-number.sex-differs" {
			warnings[i].Name = "gender"
		}
	}
	return warnings
}

// Register makes an account for a citizen or an organisation who comes by
// themselves. Errors: errs.Invalid with the fields of the page (citizen_no,
// tax_code, name, birth, gender, phone, email, address, password);
// errs.RateLimited when too many accounts come from one address.
func (s *Service) Register(ctx context.Context, in NewAccount) (Account, error) {
	if in.Kind != KindCitizen && in.Kind != KindOrganisation {
		return Account{}, errs.NewInvalid(errs.Bad("kind", "identity.choose"))
	}
	if From(ctx).Kind != KindSystem {
		in.Hash, in.Assurance = "", SelfDeclared
	}
	a, bad := s.draw(in, civil.DateOf(s.now()))
	hash := in.Hash
	if hash == "" {
		bad = append(bad, CheckPassword("password", in.Password, a.CitizenNo, a.TaxCode, a.Phone, a.Name)...)
	}
	if err := errs.NewInvalid(bad...); err != nil {
		return Account{}, err
	}
	if From(ctx).Kind != KindSystem {
		if _, err := s.spend(ctx, []limit{{s.throttleKey("register", network(in.From)), byRegistration}}); err != nil {
			return Account{}, err
		}
	}
	if hash == "" {
		var err error
		if hash, err = s.hasher.hash(ctx, in.Password); err != nil {
			return Account{}, err
		}
	}
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.add(ctx, tx, a, hash) })
	if err != nil {
		return Account{}, err
	}
	a.HasPassword = true
	return a, nil
}

// CheckNew says what is wrong with a new account as far as it can be told without
// looking whether its number is taken.
func (s *Service) CheckNew(in NewAccount) []errs.Field {
	a, bad := s.draw(in, civil.DateOf(s.now()))
	return append(bad, CheckPassword("password", in.Password, a.CitizenNo, a.TaxCode, a.Phone, a.Name)...)
}

// CreateStaff makes a staff account at an agency in which the actor administers
// accounts. It has no password: hand the person a link from ResetLink.
func (s *Service) CreateStaff(ctx context.Context, in NewAccount) (Account, error) {
	in.Kind = KindStaff
	system := From(ctx).Kind == KindSystem
	if !system {
		in.Hash = ""
	}
	in.Assurance = AtCounter
	a, bad := s.draw(in, civil.DateOf(s.now()))
	agency, err := s.org.Agency(ctx, in.AgencyID)
	switch {
	case errs.Is(err, errs.NotFound), err == nil && !From(ctx).MayAt(AdminAccounts, agency.Path):
		bad = append(bad, errs.Bad("agency_id", "identity.choose"))
	case err != nil:
		return Account{}, err
	}
	if err := errs.NewInvalid(bad...); err != nil {
		return Account{}, err
	}
	a.AgencyPath = agency.Path
	if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.add(ctx, tx, a, in.Hash) }); err != nil {
		return Account{}, err
	}
	a.HasPassword = in.Hash != ""
	return a, nil
}

// CreateAccounts makes many accounts of any kind in one transaction; only the
// system may (demonstrations, imports). Errors name the first that fails.
func (s *Service) CreateAccounts(ctx context.Context, many []NewAccount) ([]Account, error) {
	if From(ctx).Kind != KindSystem {
		return nil, notFound()
	}
	made := make([]Account, len(many))
	today := civil.DateOf(s.now())
	for i, in := range many {
		a, bad := s.draw(in, today)
		if in.Kind == KindStaff {
			agency, err := s.org.Agency(ctx, in.AgencyID)
			if err != nil {
				return nil, fmt.Errorf("account %d: %w", i, err)
			}
			a.AgencyPath = agency.Path
		}
		if err := errs.NewInvalid(bad...); err != nil {
			return nil, fmt.Errorf("account %d: %w", i, err)
		}
		a.HasPassword = in.Hash != ""
		made[i] = a
	}
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for i, a := range made {
			if err := s.add(ctx, tx, a, many[i].Hash); err != nil {
				return fmt.Errorf("account %d: %w", i, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// HashPassword hashes a password for NewAccount.Hash.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	return s.hasher.hash(ctx, password)
}

func (s *Service) add(ctx context.Context, tx *sqldb.Tx, a Account, hash string) error {
	var taken errs.Field
	switch a.Kind {
	case KindCitizen:
		taken = errs.Bad("citizen_no", "identity.citizen-number-taken")
	case KindOrganisation:
		taken = errs.Bad("tax_code", "identity.tax-code-taken")
	default:
		taken = errs.Bad("login", "identity.login-taken")
	}
	// Asked before writing: after a refused INSERT PostgreSQL takes no more statements.
	var n int64
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM identity_account WHERE login_key = $1`, loginKey(a.Login)).Scan(&n); err != nil {
		return fmt.Errorf("look for the login: %w", err)
	}
	if n > 0 {
		return errs.NewInvalid(taken)
	}
	if err := insertAccount(ctx, tx, a, hash); err != nil {
		if errors.Is(err, sqldb.ErrDuplicate) {
			return errs.NewInvalid(taken)
		}
		return fmt.Errorf("store account: %w", err)
	}
	return s.record(ctx, tx, a.ID, "identity.account-created", map[string]any{"kind": a.Kind, "agency": a.AgencyID, "assurance": a.Assurance})
}

var loginShape = regexp.MustCompile(`^[a-z][a-z0-9._-]{2,39}$`)

// draw makes the account out of what was typed and says what is wrong with it.
func (s *Service) draw(in NewAccount, today civil.Date) (Account, []errs.Field) {
	a := Account{
		ID: id.New(), Kind: in.Kind, State: Active, Assurance: in.Assurance, CreatedAt: s.now().UTC(),
		Name: fold.Clean(in.Name), Birth: in.Birth, Gender: in.Gender, Address: fold.Clean(in.Address), Rev: 1,
	}
	if a.Assurance == "" {
		a.Assurance = SelfDeclared
	}
	var bad []errs.Field
	switch in.Kind {
	case KindCitizen:
		n, err := ident.ParseCitizenNumber(in.CitizenNo)
		if err != nil {
			bad = append(bad, blank("citizen_no", in.CitizenNo, ident.Field("citizen_no", err)))
		}
		a.CitizenNo, a.Login = string(n), string(n)
	case KindOrganisation:
		c, err := ident.ParseTaxCode(in.TaxCode)
		if err != nil {
			bad = append(bad, blank("tax_code", in.TaxCode, ident.Field("tax_code", err)))
		}
		a.TaxCode, a.Login = string(c), string(c)
	case KindStaff:
		a.Login = strings.ToLower(fold.Clean(in.Login))
		if !loginShape.MatchString(a.Login) {
			bad = append(bad, blank("login", a.Login, errs.Bad("login", "identity.login-shape")))
		}
		a.AgencyID = in.AgencyID
	default:
		bad = append(bad, errs.Bad("kind", "identity.choose"))
	}
	bad = append(bad, length("name", a.Name, true, 150)...)
	if in.Kind == KindCitizen {
		bad = append(bad, checkBirth(a.Birth, today)...)
	}
	if a.Gender != "" && a.Gender != string(ident.Male) && a.Gender != string(ident.Female) {
		bad = append(bad, errs.Bad("gender", "identity.choose"))
	}
	bad = append(bad, a.contact(in.Phone, in.Email, in.Lang, in.Kind != KindStaff)...)
	return a, bad
}

// contact fills in what a person may change at any time.
func (a *Account) contact(phone, email, lang string, phoneRequired bool) []errs.Field {
	var bad []errs.Field
	a.Phone, a.Email = "", ""
	if strings.TrimSpace(phone) != "" || phoneRequired {
		p, err := ident.ParsePhone(phone)
		if err != nil {
			bad = append(bad, blank("phone", phone, ident.Field("phone", err)))
		}
		a.Phone = string(p)
	}
	if strings.TrimSpace(email) != "" {
		m, err := ident.ParseEmail(email)
		if err != nil {
			bad = append(bad, ident.Field("email", err))
		}
		a.Email = string(m)
	}
	bad = append(bad, length("address", a.Address, false, 300)...)
	a.Lang = i18n.VI
	if lang == i18n.EN {
		a.Lang = i18n.EN
	}
	return bad
}

func checkBirth(b civil.PartialDate, today civil.Date) []errs.Field {
	switch {
	case b.IsZero():
		return []errs.Field{errs.Bad("birth", "identity.required")}
	case b.First().After(today):
		return []errs.Field{errs.Bad("birth", "identity.birth-future")}
	case b.Year() < today.Year()-130:
		return []errs.Field{errs.Bad("birth", "identity.birth-long-ago")}
	}
	return nil
}

// blank prefers "not filled in" over what a parser says about nothing.
func blank(name, typed string, otherwise errs.Field) errs.Field {
	if strings.TrimSpace(typed) == "" {
		return errs.Bad(name, "identity.required")
	}
	return otherwise
}

func length(name, s string, required bool, most int) []errs.Field {
	switch n := utf8.RuneCountInString(s); {
	case n == 0 && required:
		return []errs.Field{errs.Bad(name, "identity.required")}
	case n > most:
		return []errs.Field{errs.Bad(name, "identity.too-long", "most", most)}
	}
	return nil
}

// Lookup returns an account to the code of another room, which answers for who
// may see it. People get Account.
func (s *Service) Lookup(ctx context.Context, accountID string) (Account, error) {
	a, _, err := s.byID(ctx, s.db, accountID)
	return a, err
}

// FindCitizen returns the account of a citizen number to the code of another
// room; NotFound when that citizen has none.
func (s *Service) FindCitizen(ctx context.Context, citizenNo string) (Account, error) {
	n, err := ident.ParseCitizenNumber(citizenNo)
	if err != nil {
		return Account{}, errAccountNotFound()
	}
	a, _, err := scanAccount(s.db.QueryRow(ctx, `SELECT `+accountColumns+` FROM identity_account WHERE citizen_no = $1 AND kind = 'citizen'`, string(n)))
	return a, missing(err, "find citizen")
}

// FindStaff returns the staff account with a login to the code of another room.
func (s *Service) FindStaff(ctx context.Context, login string) (Account, error) {
	a, _, err := s.byLogin(ctx, s.db, loginKey(login))
	if err == nil && a.Kind != KindStaff {
		return Account{}, errAccountNotFound()
	}
	return a, err
}

// Colleagues returns active staff accounts of the agency at a path and below it,
// by given name, at most limit, for offering names while somebody types.
func (s *Service) Colleagues(ctx context.Context, agencyPath string, limit int) ([]Listed, error) {
	page, err := s.searchAccounts(ctx, AccountFilter{Kind: KindStaff, State: Active, Limit: limit}, []string{agencyPath})
	return page.Items, err
}

// Names returns the names of accounts by id, for lists that show who did what.
func (s *Service) Names(ctx context.Context, accountIDs ...string) (map[string]string, error) {
	names := make(map[string]string, len(accountIDs))
	ids := slices.Compact(slices.Sorted(slices.Values(accountIDs)))
	for chunk := range slices.Chunk(ids, 500) {
		args := make([]any, len(chunk))
		marks := make([]string, len(chunk))
		for i, v := range chunk {
			args[i], marks[i] = v, fmt.Sprintf("$%d", i+1)
		}
		type pair struct{ id, name string }
		rows, err := s.db.Query(ctx, `SELECT id, name FROM identity_account WHERE id IN (`+strings.Join(marks, ", ")+`) LIMIT 500`, args...)
		list, err := sqldb.Collect[pair](rows, err)(func(r *sqldb.Rows) (p pair, err error) { return p, r.Scan(&p.id, &p.name) })
		if err != nil {
			return nil, fmt.Errorf("look up names: %w", err)
		}
		for _, p := range list {
			names[p.id] = p.name
		}
	}
	if slices.Contains(ids, System.AccountID) {
		names[System.AccountID] = System.Name
	}
	return names, nil
}

// purposeAdministration is the purpose journaled when an administrator opens
// somebody's account; journals are read in the law's language.
const purposeAdministration = "Quản lý tài khoản"

// Account returns an account to its owner, or to an administrator in whose scope
// it lies; the second is journaled with its purpose.
func (s *Service) Account(ctx context.Context, accountID string) (Account, error) {
	me := From(ctx)
	a, _, err := s.byID(ctx, s.db, accountID)
	if err != nil {
		return Account{}, err
	}
	if me.AccountID == accountID || me.Kind == KindSystem {
		return a, nil
	}
	if !me.administers(a) {
		return Account{}, errAccountNotFound()
	}
	if a.Kind != KindStaff {
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			return s.recordFor(ctx, tx, a.ID, "identity.account-read", purposeAdministration, nil)
		})
		if err != nil {
			return Account{}, err
		}
	}
	return a, nil
}

// administers reports whether the actor may manage the account: staff by the
// subtree of their agency; citizens and organisations, who belong to no agency,
// by those who administer a whole province.
func (a Actor) administers(other Account) bool {
	if other.Kind == KindStaff {
		return a.MayAt(AdminAccounts, other.AgencyPath)
	}
	return other.Kind != KindSystem && a.MayManageCitizens()
}

// mayTakeOver returns nil when the actor administers accounts wherever the account
// holds a post. Whoever resets a password could act in all these posts, so the
// administrator of a commune must not do it to somebody who also works for the province.
func (s *Service) mayTakeOver(ctx context.Context, accountID string) error {
	me := From(ctx)
	paths, err := s.org.Reach(ctx, accountID)
	if err != nil {
		return err
	}
	for _, p := range paths {
		if !me.MayAt(AdminAccounts, p) {
			return errs.NewConflict("identity.holds-elsewhere")
		}
	}
	return nil
}

// MayManageCitizens reports whether the actor administers accounts from the root
// of a tree.
func (a Actor) MayManageCitizens() bool {
	return slices.ContainsFunc(a.Scope(AdminAccounts), func(p string) bool { return len(org.PathIDs(p)) <= 1 })
}

// Search finds accounts in the actor's scope, numbers masked. Looking for
// citizens and organisations needs a purpose and is journaled.
func (s *Service) Search(ctx context.Context, f AccountFilter) (AccountPage, error) {
	me := From(ctx)
	f.Text, f.Purpose = fold.Clean(f.Text), fold.Clean(f.Purpose)
	scope := me.Scope(AdminAccounts)
	if len(scope) == 0 {
		return AccountPage{}, notFound()
	}
	if f.Kind == KindStaff {
		return s.searchAccounts(ctx, f, scope)
	}
	if f.Kind != KindCitizen && f.Kind != KindOrganisation || !me.MayManageCitizens() {
		return AccountPage{}, notFound()
	}
	var bad []errs.Field
	if f.Text == "" {
		bad = append(bad, errs.Bad("q", "identity.required"))
	}
	bad = append(bad, length("purpose", f.Purpose, true, 200)...)
	if err := errs.NewInvalid(bad...); err != nil {
		return AccountPage{}, err
	}
	page, err := s.searchAccounts(ctx, f, nil)
	if err != nil {
		return AccountPage{}, err
	}
	found := make([]string, len(page.Items))
	for i, l := range page.Items {
		found[i] = l.ID
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return s.recordFor(ctx, tx, me.AccountID, "identity.accounts-searched", f.Purpose, map[string]any{"kind": f.Kind, "found": found})
	})
	if err != nil {
		return AccountPage{}, err
	}
	return page, nil
}

// Profile is what the owner of an account may change at any time.
type Profile struct{ Phone, Email, Address, Lang string }

// UpdateProfile changes the actor's own contact data.
func (s *Service) UpdateProfile(ctx context.Context, p Profile) (Account, error) {
	me := From(ctx)
	if !me.SignedIn() || me.Kind == KindSystem {
		return Account{}, unauthenticated()
	}
	var made Account
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		a, _, err := s.byID(ctx, tx, me.AccountID)
		if err != nil {
			return err
		}
		a.Address = fold.Clean(p.Address)
		if err := errs.NewInvalid(a.contact(p.Phone, p.Email, p.Lang, a.Kind != KindStaff)...); err != nil {
			return err
		}
		if _, err := updateAccount(ctx, tx, a); err != nil {
			return fmt.Errorf("store profile: %w", err)
		}
		a.Rev++
		made = a
		return s.record(ctx, tx, a.ID, "identity.profile-changed", nil)
	})
	return made, err
}
