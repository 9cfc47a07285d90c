package identity

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// tokenMark begins every API token, so that scanners for leaked secrets find it.
const tokenMark = "mctk_"

// maxTokenLife is the longest an API token lives.
const maxTokenLife = 400 * 24 * time.Hour

// Token is a key with which a program acts for an account, with exactly the
// rights of the account (mã truy cập API). The key itself is shown once.
type Token struct {
	ID        string
	AccountID string
	Name      string // what it is for, in the owner's words
	Prefix    string // the first characters of the key, to tell keys apart
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero when never used; kept to the hour
}

// TokenInput asks for a token.
type TokenInput struct {
	AccountID string // empty is the actor's own; only the system makes tokens for others
	Name      string
	Life      time.Duration // at most 400 days; 0 is 90 days
}

// CreateToken makes an API token and returns its key, which is not kept.
func (s *Service) CreateToken(ctx context.Context, in TokenInput) (key string, t Token, err error) {
	me := From(ctx)
	switch {
	case !me.SignedIn():
		return "", Token{}, unauthenticated()
	case in.AccountID == "":
		in.AccountID = me.AccountID
	case in.AccountID != me.AccountID && me.Kind != KindSystem:
		return "", Token{}, errAccountNotFound()
	}
	in.Name = fold.Clean(in.Name)
	if in.Life == 0 {
		in.Life = 90 * 24 * time.Hour
	}
	bad := length("name", in.Name, true, 100)
	if in.Life < 0 || in.Life > maxTokenLife {
		bad = append(bad, errs.Bad("days", "identity.token-life", "most", int(maxTokenLife/(24*time.Hour))))
	}
	if err := errs.NewInvalid(bad...); err != nil {
		return "", Token{}, err
	}
	plain, err := newSecret()
	if err != nil {
		return "", Token{}, err
	}
	key = tokenMark + plain
	now := s.now().UTC()
	t = Token{ID: id.New(), AccountID: in.AccountID, Name: in.Name, Prefix: key[:len(tokenMark)+6], CreatedAt: now, ExpiresAt: now.Add(in.Life)}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var state State
		if err := tx.QueryRow(ctx, `SELECT state FROM identity_account WHERE id = $1`, in.AccountID).Scan(&state); err != nil {
			return missing(err, "load account")
		}
		if state != Active {
			return errs.NewConflict("identity.suspended")
		}
		if _, err := tx.Exec(ctx, `INSERT INTO identity_token (id, hash, prefix, account_id, name, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			t.ID, hashSecret(key), t.Prefix, t.AccountID, t.Name, sqldb.Millis(t.CreatedAt), sqldb.Millis(t.ExpiresAt)); err != nil {
			return fmt.Errorf("store token: %w", err)
		}
		return s.record(ctx, tx, t.AccountID, "identity.token-created", map[string]any{"token": t.ID, "expires": t.ExpiresAt})
	})
	if err != nil {
		return "", Token{}, err
	}
	return key, t, nil
}

// CreateTokenFor is CreateToken for the account with a login: `motcua token create`.
func (s *Service) CreateTokenFor(ctx context.Context, login, name string, life time.Duration) (string, Token, error) {
	a, _, err := s.byLogin(ctx, s.db, loginKey(login))
	if err != nil {
		return "", Token{}, err
	}
	return s.CreateToken(ctx, TokenInput{AccountID: a.ID, Name: name, Life: life})
}

// Tokens returns the actor's live tokens, newest first.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) {
	me := From(ctx)
	if !me.SignedIn() {
		return nil, unauthenticated()
	}
	rows, err := s.db.Query(ctx, `SELECT id, account_id, name, prefix, created_at, expires_at, used_at FROM identity_token
		WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY created_at DESC, id LIMIT 200`, me.AccountID, sqldb.Millis(s.now()))
	list, err := sqldb.Collect[Token](rows, err)(func(r *sqldb.Rows) (t Token, err error) {
		var created, expires int64
		var used sql.NullInt64
		err = r.Scan(&t.ID, &t.AccountID, &t.Name, &t.Prefix, &created, &expires, &used)
		t.CreatedAt, t.ExpiresAt, t.UsedAt = sqldb.Time(created), sqldb.Time(expires), sqldb.NullTime(used)
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return list, nil
}

// RevokeToken ends one of the actor's own tokens.
func (s *Service) RevokeToken(ctx context.Context, tokenID string) error {
	me := From(ctx)
	if !me.SignedIn() {
		return unauthenticated()
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE identity_token SET revoked_at = $1 WHERE id = $2 AND account_id = $3 AND revoked_at IS NULL`,
			sqldb.Millis(s.now()), tokenID, me.AccountID)
		if err != nil {
			return fmt.Errorf("revoke token: %w", err)
		}
		if n == 0 {
			return errs.NewNotFound("identity.token-not-found")
		}
		return s.record(ctx, tx, me.AccountID, "identity.token-revoked", map[string]any{"token": tokenID})
	})
}

// ActorByToken returns who acts with an API token. A key that is unknown,
// expired, revoked, or of an account that is not active is errs.Unauthenticated.
func (s *Service) ActorByToken(ctx context.Context, key string) (Actor, error) {
	v, err := s.byToken(ctx, key)
	if err != nil {
		return Actor{}, err
	}
	return s.actorOf(ctx, v.account, "token")
}

func (s *Service) byToken(ctx context.Context, key string) (visit, error) {
	refused := errs.New(errs.Unauthenticated, "identity.token-refused")
	if !strings.HasPrefix(key, tokenMark) || len(key) > 200 {
		return visit{}, refused
	}
	var v visit
	var citizen, tax nullText
	var expires int64
	var used sql.NullInt64
	dest := append([]any{&v.sessionID, &expires, &used}, v.fields(&citizen, &tax)...)
	err := s.db.QueryRow(ctx, `SELECT t.id, t.expires_at, t.used_at, `+visitColumns+` FROM identity_token t
		JOIN identity_account a ON a.id = t.account_id WHERE t.hash = $1 AND t.revoked_at IS NULL`, hashSecret(key)).Scan(dest...)
	if isNotFound(err) {
		return visit{}, refused
	}
	if err != nil {
		return visit{}, fmt.Errorf("find token: %w", err)
	}
	now := s.now()
	if now.After(sqldb.Time(expires)) || v.account.State != Active {
		return visit{}, refused
	}
	v.account.CitizenNo, v.account.TaxCode = string(citizen), string(tax)
	if now.Sub(sqldb.NullTime(used)) > time.Hour {
		if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE identity_token SET used_at = $1 WHERE id = $2`, sqldb.Millis(now), v.sessionID)
			return err
		}); err != nil {
			return visit{}, fmt.Errorf("note use of token: %w", err)
		}
	}
	return v, nil
}
