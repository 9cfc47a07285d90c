package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// Session is one browser in which an account is signed in (phiên đăng nhập).
type Session struct {
	ID        string
	AccountID string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time     // at the latest; earlier when nobody uses it
	Idle      time.Duration // how long it lives unused
	Agent     string        // browser and system, as the browser says, shortened
	Address   string        // where it came from, for the eyes of its owner
	Current   bool          // the session of the request that lists it
}

// Lifetimes are how long sessions live.
type Lifetimes struct {
	Idle time.Duration // unused
	Life time.Duration // at most
}

// DefaultStaffLife and DefaultCitizenLife: staff work with other people's data on
// shared machines; a citizen fills in a long form and drafts save themselves.
func DefaultStaffLife() Lifetimes { return Lifetimes{Idle: 30 * time.Minute, Life: 12 * time.Hour} }

// DefaultCitizenLife is how long sessions of citizens and organisations live.
func DefaultCitizenLife() Lifetimes { return Lifetimes{Idle: 2 * time.Hour, Life: 24 * time.Hour} }

// touchEvery bounds how often a session's last use is written down.
const touchEvery = time.Minute

// newSecret makes a random secret for a cookie, token or link. Only its hash is
// stored; it has 256 bits, so a plain hash is enough.
func newSecret() (string, error) {
	b, err := randomBytes(32)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func hashSecret(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

// openSession stores a new session and returns the secret for its cookie.
func (s *Service) openSession(ctx context.Context, tx *sqldb.Tx, a Account, in Client, plain string) (Session, error) {
	life := s.opts.CitizenLife
	if a.Kind == KindStaff {
		life = s.opts.StaffLife
	}
	now := s.now().UTC()
	ses := Session{
		ID: id.New(), AccountID: a.ID, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(life.Life), Idle: life.Idle,
		Agent: shortAgent(in.Agent), Address: addressText(in.Address),
	}
	if _, err := tx.Exec(ctx, `INSERT INTO identity_session (id, hash, account_id, created_at, seen_at, expires_at, idle_ms, agent, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		ses.ID, hashSecret(plain), a.ID, sqldb.Millis(now), sqldb.Millis(now), sqldb.Millis(ses.ExpiresAt), ses.Idle.Milliseconds(), ses.Agent, ses.Address); err != nil {
		return Session{}, fmt.Errorf("store session: %w", err)
	}
	return ses, nil
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// visit is what the secret of a session or token leads to.
type visit struct {
	sessionID string // or token id
	account   Account
	expired   bool
	seen      time.Time
}

const visitColumns = `a.id, a.kind, a.login, a.name, a.citizen_no, a.tax_code, a.lang, a.state, a.agency_id, a.agency_path`

func (v *visit) fields(citizen, tax *nullText) []any {
	a := &v.account
	return []any{&a.ID, &a.Kind, &a.Login, &a.Name, citizen, tax, &a.Lang, &a.State, &a.AgencyID, &a.AgencyPath}
}

// bySession finds the session of a cookie: one query on every request. Expired
// sessions are found too, so that what was being typed can be kept for their owner.
func (s *Service) bySession(ctx context.Context, plain string) (visit, bool, error) {
	var v visit
	var citizen, tax nullText
	var seen, expires, idle int64
	dest := append([]any{&v.sessionID, &seen, &expires, &idle}, v.fields(&citizen, &tax)...)
	err := s.db.QueryRow(ctx, `SELECT s.id, s.seen_at, s.expires_at, s.idle_ms, `+visitColumns+`
		FROM identity_session s JOIN identity_account a ON a.id = s.account_id WHERE s.hash = $1 AND s.ended_at IS NULL`, hashSecret(plain)).Scan(dest...)
	if isNotFound(err) {
		return visit{}, false, nil
	}
	if err != nil {
		return visit{}, false, fmt.Errorf("find session: %w", err)
	}
	v.account.CitizenNo, v.account.TaxCode = string(citizen), string(tax)
	now := s.now()
	v.seen = sqldb.Time(seen)
	v.expired = now.After(sqldb.Time(expires)) || now.Sub(v.seen) > time.Duration(idle)*time.Millisecond || v.account.State != Active
	return v, true, nil
}

// touch writes down that a session is in use, at most once a minute.
func (s *Service) touch(ctx context.Context, v visit) error {
	now := s.now()
	if now.Sub(v.seen) < touchEvery {
		return nil
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE identity_session SET seen_at = $1 WHERE id = $2 AND ended_at IS NULL AND seen_at < $1`, sqldb.Millis(now), v.sessionID)
		return err
	})
}

// Sessions returns the live sessions of the actor, newest use first.
func (s *Service) Sessions(ctx context.Context) ([]Session, error) {
	me := From(ctx)
	if !me.SignedIn() {
		return nil, unauthenticated()
	}
	now := sqldb.Millis(s.now())
	rows, err := s.db.Query(ctx, `SELECT id, account_id, created_at, seen_at, expires_at, idle_ms, agent, address FROM identity_session
		WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 AND seen_at + idle_ms > $2 ORDER BY seen_at DESC, id LIMIT 100`, me.AccountID, now)
	current := sessionOf(ctx)
	list, err := sqldb.Collect[Session](rows, err)(func(r *sqldb.Rows) (x Session, err error) {
		var created, seen, expires, idle int64
		err = r.Scan(&x.ID, &x.AccountID, &created, &seen, &expires, &idle, &x.Agent, &x.Address)
		x.CreatedAt, x.SeenAt, x.ExpiresAt, x.Idle = sqldb.Time(created), sqldb.Time(seen), sqldb.Time(expires), time.Duration(idle)*time.Millisecond
		x.Current = x.ID == current
		return x, err
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// EndSession signs one of the actor's own sessions out.
func (s *Service) EndSession(ctx context.Context, sessionID string) error {
	me := From(ctx)
	if !me.SignedIn() {
		return unauthenticated()
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE identity_session SET ended_at = $1 WHERE id = $2 AND account_id = $3 AND ended_at IS NULL`,
			sqldb.Millis(s.now()), sessionID, me.AccountID)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if n == 0 {
			return errs.NewNotFound("identity.session-not-found")
		}
		return s.record(ctx, tx, me.AccountID, "identity.signed-out", map[string]any{"session": sessionID})
	})
}

// EndOtherSessions signs the actor out everywhere but here and says how many sessions ended.
func (s *Service) EndOtherSessions(ctx context.Context) (int, error) {
	me := From(ctx)
	if !me.SignedIn() {
		return 0, unauthenticated()
	}
	var n int64
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var err error
		if n, err = s.endSessions(ctx, tx, me.AccountID, sessionOf(ctx)); err != nil {
			return err
		}
		return s.record(ctx, tx, me.AccountID, "identity.sessions-ended", map[string]any{"n": n})
	})
	return int(n), err
}

// endSessions ends every live session of an account but one.
func (s *Service) endSessions(ctx context.Context, tx *sqldb.Tx, accountID, except string) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE identity_session SET ended_at = $1 WHERE account_id = $2 AND id <> $3 AND ended_at IS NULL`,
		sqldb.Millis(s.now()), accountID, except)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return n, nil
}

// current is the session or token of a request.
type current struct {
	id     string
	priors string // account whose session has just expired, when nobody is signed in
}

func sessionOf(ctx context.Context) string {
	c, _ := ctx.Value(sessionKey).(current)
	return c.id
}

// PriorAccount returns the account whose session in this browser has expired,
// "" when there was none: what they were sending may be kept for them.
func PriorAccount(ctx context.Context) string {
	c, _ := ctx.Value(sessionKey).(current)
	return c.priors
}
