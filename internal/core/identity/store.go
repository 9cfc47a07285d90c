package identity

import (
	"context"
	"database/sql/driver"
	"encoding/base64"
	"fmt"
	"strings"

	"motcua/internal/platform/fold"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/sqldb"
)

// nullText is a text column in which NULL is "".
type nullText string

// Scan implements sql.Scanner.
func (n *nullText) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*n = ""
	case string:
		*n = nullText(v)
	case []byte:
		*n = nullText(v)
	default:
		return fmt.Errorf("cannot read a text from %T", src)
	}
	return nil
}

// Value implements driver.Valuer.
func (n nullText) Value() (driver.Value, error) {
	if n == "" {
		return nil, nil
	}
	return string(n), nil
}

const accountColumns = `id, kind, login, name, citizen_no, tax_code, birth, gender, phone, email, address, lang,
	state, assurance, agency_id, agency_path, password, created_at, rev`

func scanAccount(r interface{ Scan(...any) error }) (a Account, password string, err error) {
	var citizen, tax nullText
	var created int64
	err = r.Scan(&a.ID, &a.Kind, &a.Login, &a.Name, &citizen, &tax, &a.Birth, &a.Gender, &a.Phone, &a.Email, &a.Address, &a.Lang,
		&a.State, &a.Assurance, &a.AgencyID, &a.AgencyPath, &password, &created, &a.Rev)
	a.CitizenNo, a.TaxCode, a.CreatedAt, a.HasPassword = string(citizen), string(tax), sqldb.Time(created), password != ""
	return a, password, err
}

func (s *Service) byID(ctx context.Context, r sqldb.Reader, id string) (Account, string, error) {
	a, password, err := scanAccount(r.QueryRow(ctx, `SELECT `+accountColumns+` FROM identity_account WHERE id = $1`, id))
	return a, password, missing(err, "load account")
}

func (s *Service) byLogin(ctx context.Context, r sqldb.Reader, key string) (Account, string, error) {
	a, password, err := scanAccount(r.QueryRow(ctx, `SELECT `+accountColumns+` FROM identity_account WHERE login_key = $1`, key))
	return a, password, missing(err, "load account")
}

func insertAccount(ctx context.Context, tx *sqldb.Tx, a Account, password string) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_account (`+accountColumns+`, login_key, name_key, sort_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1, $19, $20, $21)`,
		a.ID, string(a.Kind), a.Login, a.Name, nullText(a.CitizenNo), nullText(a.TaxCode), a.Birth, a.Gender, a.Phone, a.Email, a.Address, a.Lang,
		string(a.State), string(a.Assurance), a.AgencyID, a.AgencyPath, password, sqldb.Millis(a.CreatedAt),
		loginKey(a.Login), fold.Key(a.Name), a.sortKey())
	return err
}

// updateAccount writes what may be edited; 0 rows when somebody else was faster.
func updateAccount(ctx context.Context, tx *sqldb.Tx, a Account) (int64, error) {
	return tx.Exec(ctx, `UPDATE identity_account SET name = $1, name_key = $2, sort_key = $3, birth = $4, gender = $5, phone = $6, email = $7,
		address = $8, lang = $9, state = $10, assurance = $11, agency_id = $12, agency_path = $13, rev = rev + 1 WHERE id = $14 AND rev = $15`,
		a.Name, fold.Key(a.Name), a.sortKey(), a.Birth, a.Gender, a.Phone, a.Email, a.Address, a.Lang, string(a.State), string(a.Assurance),
		a.AgencyID, a.AgencyPath, a.ID, a.Rev)
}

func (a Account) sortKey() string {
	if a.Kind == KindOrganisation {
		return fold.Sort(a.Name)
	}
	return fold.NameSort(a.Name)
}

// loginKey is how logins are compared: numbers without the separators people
// write, names without regard to case.
func loginKey(login string) string {
	login = strings.ToLower(fold.Clean(login))
	if n, err := ident.ParseCitizenNumber(login); err == nil {
		return string(n)
	}
	if c, err := ident.ParseTaxCode(login); err == nil {
		return string(c)
	}
	return login
}

// Listed is an account as a list shows it: numbers masked.
type Listed struct {
	ID, Name, Login string // Login is masked for citizens, whose login is their number
	Kind            Kind
	State           State
	CitizenNo       string // masked
	TaxCode         string
	Phone           string // masked
	AgencyID        string
	HasPassword     bool
}

func (a Account) listed() Listed {
	l := Listed{ID: a.ID, Name: a.Name, Login: a.Login, Kind: a.Kind, State: a.State, AgencyID: a.AgencyID, HasPassword: a.HasPassword,
		CitizenNo: ident.CitizenNumber(a.CitizenNo).Masked(), TaxCode: ident.TaxCode(a.TaxCode).Masked(), Phone: ident.Phone(a.Phone).Masked()}
	if a.Kind == KindCitizen {
		l.Login = l.CitizenNo
	}
	return l
}

// AccountFilter says which accounts to find.
type AccountFilter struct {
	Text    string // words of the name, a login, or a whole number (citizen number, tax code, telephone)
	Kind    Kind   // required
	State   State  // "" any
	Agency  string // path: staff of this agency and below; "" any in scope
	Purpose string // why: required to look for citizens and organisations
	After   string // Next of the page before
	Limit   int    // 0 is 50, at most 200
}

// AccountPage is one page of accounts, people by given name.
type AccountPage struct {
	Items []Listed
	Next  string
}

func (s *Service) searchAccounts(ctx context.Context, f AccountFilter, scope []string) (AccountPage, error) {
	limit := f.Limit
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	args := []any{string(f.Kind)}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where := `kind = $1`
	if f.State != "" {
		where += ` AND state = ` + arg(string(f.State))
	}
	if f.Kind == KindStaff {
		where += ` AND ` + Within(s.db.Dialect(), "agency_path", scope, &args)
	}
	if f.Agency != "" {
		where += ` AND ` + Within(s.db.Dialect(), "agency_path", []string{f.Agency}, &args)
	}
	if f.Text != "" {
		where += ` AND ` + textCondition(f.Text, arg)
	}
	if key, id, ok := splitCursor(f.After); ok {
		where += ` AND (sort_key, id) > (` + arg(key) + `, ` + arg(id) + `)`
	}
	rows, err := s.db.Query(ctx, `SELECT `+accountColumns+` FROM identity_account WHERE `+where+` ORDER BY sort_key, id LIMIT `+arg(limit+1), args...)
	list, err := sqldb.Collect[Account](rows, err)(func(r *sqldb.Rows) (Account, error) {
		a, _, err := scanAccount(r)
		return a, err
	})
	if err != nil {
		return AccountPage{}, fmt.Errorf("find accounts: %w", err)
	}
	var page AccountPage
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		page.Next = cursor(last.sortKey(), last.ID)
	}
	for _, a := range list {
		page.Items = append(page.Items, a.listed())
	}
	return page, nil
}

// textCondition finds numbers whole and names by their words.
func textCondition(text string, arg func(any) string) string {
	if n, err := ident.ParseCitizenNumber(text); err == nil {
		return `citizen_no = ` + arg(string(n))
	}
	if c, err := ident.ParseTaxCode(text); err == nil {
		return `tax_code = ` + arg(string(c))
	}
	if p, err := ident.ParsePhone(text); err == nil {
		return `phone = ` + arg(string(p))
	}
	words := []string{}
	for _, w := range fold.Tokens(text) {
		words = append(words, `name_key LIKE `+arg("%"+w+"%"))
	}
	if len(words) == 0 {
		return `1 = 0`
	}
	return `(` + strings.Join(words, " AND ") + ` OR login_key = ` + arg(loginKey(text)) + `)`
}

func cursor(key, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(key + "\x00" + id))
}

func splitCursor(c string) (key, id string, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || len(b) == 0 {
		return "", "", false
	}
	return strings.Cut(string(b), "\x00")
}
