package identity

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Client is where a sign-in comes from.
type Client struct {
	Address netip.Addr
	Agent   string // the User-Agent header
	Device  string // the value of the cookie of a known browser, "" when there is none
	Session string // the secret of the session cookie that this sign-in replaces
}

// SignedInSession is a fresh session: what the browser must keep.
type SignedInSession struct {
	Account Account
	Session Session
	Secret  string // value of the session cookie
	Device  string // value of the cookie that marks the browser as known
}

// SignIn checks login and password and opens a session. Whatever session the
// browser had before ends: a secret that somebody planted there is worth nothing
// afterwards. Errors: those of Prove.
func (s *Service) SignIn(ctx context.Context, login, password string, from Client) (SignedInSession, error) {
	a, err := s.Prove(ctx, login, password, from)
	if err != nil {
		return SignedInSession{}, err
	}
	return s.enter(ctx, a, from)
}

// Prove checks login and password and nothing more. A second factor asks for its
// proof between Prove and Enter.
//
// Errors: errs.Invalid identity.wrong-password (also for logins that do not exist),
// errs.RateLimited identity.too-many-tries (args seconds), errs.Conflict
// identity.suspended (only after the right password).
func (s *Service) Prove(ctx context.Context, login, password string, from Client) (Account, error) {
	wrong := errs.New(errs.Invalid, "identity.wrong-password")
	if strings.TrimSpace(login) == "" || password == "" || len(login) > 200 || len(password) > 4*maxPassword {
		return Account{}, wrong
	}
	key := loginKey(login)
	a, hash, err := s.byLogin(ctx, s.db, key)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return Account{}, err
	}
	limits := s.signInLimits(key, s.knownDevice(from.Device, a.ID), from.Address)
	began, err := s.spend(ctx, limits)
	if err != nil {
		return Account{}, err
	}
	ok, stale, err := s.hasher.verify(ctx, hash, password)
	if err != nil {
		// Nobody looked at it, so it counts against nobody.
		forgive := s.db.Tx(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error { return undo(ctx, tx, limits) })
		return Account{}, errors.Join(err, forgive)
	}
	if !ok {
		if began && a.ID != "" {
			err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.record(ctx, tx, a.ID, "identity.sign-in-slowed", nil) })
			if err != nil {
				return Account{}, err
			}
		}
		return Account{}, wrong
	}
	fresh := ""
	if stale && a.State == Active {
		if fresh, err = s.hasher.hash(ctx, password); err != nil {
			return Account{}, err
		}
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if fresh != "" {
			if _, err := tx.Exec(ctx, `UPDATE identity_account SET password = $1 WHERE id = $2 AND password = $3`, fresh, a.ID, hash); err != nil {
				return fmt.Errorf("store hash: %w", err)
			}
		}
		return refund(ctx, tx, limits)
	})
	if err != nil {
		return Account{}, err
	}
	if a.State != Active {
		return Account{}, errs.NewConflict("identity.suspended")
	}
	return a, nil
}

// Enter opens a session for an account that proved itself in another way: by
// registering just now, by a one-time link, or later by a national sign-on (VNeID).
func (s *Service) Enter(ctx context.Context, accountID string, from Client) (SignedInSession, error) {
	a, err := s.Lookup(ctx, accountID)
	if err != nil {
		return SignedInSession{}, err
	}
	if a.State != Active {
		return SignedInSession{}, errs.NewConflict("identity.suspended")
	}
	return s.enter(ctx, a, from)
}

func (s *Service) enter(ctx context.Context, a Account, from Client) (SignedInSession, error) {
	secret, err := newSecret()
	if err != nil {
		return SignedInSession{}, err
	}
	device := from.Device
	if s.knownDevice(device, a.ID) == "" {
		if device, err = s.deviceMark(a.ID); err != nil {
			return SignedInSession{}, err
		}
	}
	in := SignedInSession{Account: a, Secret: secret, Device: device}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if from.Session != "" {
			if _, err := tx.Exec(ctx, `UPDATE identity_session SET ended_at = $1 WHERE hash = $2 AND ended_at IS NULL`,
				sqldb.Millis(s.now()), hashSecret(from.Session)); err != nil {
				return fmt.Errorf("end earlier session: %w", err)
			}
		}
		ses, err := s.openSession(ctx, tx, a, from, secret)
		if err != nil {
			return err
		}
		in.Session = ses
		asSelf := With(ctx, Actor{AccountID: a.ID, Kind: a.Kind, Name: a.Name})
		return s.record(asSelf, tx, a.ID, "identity.signed-in", map[string]any{"session": ses.ID})
	})
	if err != nil {
		return SignedInSession{}, err
	}
	return in, nil
}

// ChangePassword sets the actor's own password after checking the old one, and
// signs them out everywhere but here.
func (s *Service) ChangePassword(ctx context.Context, old, fresh string, from Client) error {
	me := From(ctx)
	if !me.SignedIn() || me.Kind == KindSystem {
		return unauthenticated()
	}
	a, hash, err := s.byID(ctx, s.db, me.AccountID)
	if err != nil {
		return err
	}
	if bad := CheckPassword("password", fresh, a.CitizenNo, a.TaxCode, a.Phone, a.Name, a.Login); len(bad) > 0 {
		return errs.NewInvalid(bad...)
	}
	limits := s.signInLimits(loginKey(a.Login), "session:"+a.ID, from.Address)
	if _, err := s.spend(ctx, limits); err != nil {
		return err
	}
	ok, _, err := s.hasher.verify(ctx, hash, old)
	if err != nil {
		return err
	}
	if !ok {
		return errs.NewInvalid(errs.Bad("old", "identity.old-password-wrong"))
	}
	next, err := s.hasher.hash(ctx, fresh)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := refund(ctx, tx, limits); err != nil {
			return err
		}
		return s.storePassword(ctx, tx, a.ID, next, sessionOf(ctx))
	})
}

// SetPassword sets an account's password without asking for the old one; only
// the system may. People use ChangePassword or a link.
func (s *Service) SetPassword(ctx context.Context, accountID, password string) error {
	if From(ctx).Kind != KindSystem {
		return errAccountNotFound()
	}
	a, err := s.Lookup(ctx, accountID)
	if err != nil {
		return err
	}
	if err := errs.NewInvalid(CheckPassword("password", password, a.CitizenNo, a.TaxCode, a.Phone, a.Name, a.Login)...); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.storePassword(ctx, tx, a.ID, hash, "") })
}

// storePassword writes the hash and ends the sessions that the old password opened.
func (s *Service) storePassword(ctx context.Context, tx *sqldb.Tx, accountID, hash, keepSession string) error {
	if _, err := tx.Exec(ctx, `UPDATE identity_account SET password = $1, rev = rev + 1 WHERE id = $2`, hash, accountID); err != nil {
		return fmt.Errorf("store password: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE identity_link SET used_at = $1 WHERE account_id = $2 AND used_at IS NULL`, sqldb.Millis(s.now()), accountID); err != nil {
		return fmt.Errorf("end links: %w", err)
	}
	n, err := s.endSessions(ctx, tx, accountID, keepSession)
	if err != nil {
		return err
	}
	return s.record(ctx, tx, accountID, "identity.password-changed", map[string]any{"sessions_ended": n})
}

// LinkOwner returns the account a one-time link belongs to; errs.Gone when the
// link was used, replaced or is too old. Looking does not use it up: mail and chat
// programs look at every link.
func (s *Service) LinkOwner(ctx context.Context, secret string) (Account, error) {
	var accountID string
	var expires int64
	err := s.db.QueryRow(ctx, `SELECT account_id, expires_at FROM identity_link WHERE hash = $1 AND used_at IS NULL`, hashSecret(secret)).Scan(&accountID, &expires)
	gone := errs.New(errs.Gone, "identity.link-used")
	if isNotFound(err) || err == nil && s.now().After(sqldb.Time(expires)) {
		return Account{}, gone
	}
	if err != nil {
		return Account{}, fmt.Errorf("find link: %w", err)
	}
	a, err := s.Lookup(ctx, accountID)
	if err != nil || a.State != Active {
		return Account{}, gone
	}
	return a, nil
}

// UseLink sets the password with a one-time link and uses the link up.
func (s *Service) UseLink(ctx context.Context, secret, password string) (Account, error) {
	a, err := s.LinkOwner(ctx, secret)
	if err != nil {
		return Account{}, err
	}
	if err := errs.NewInvalid(CheckPassword("password", password, a.CitizenNo, a.TaxCode, a.Phone, a.Name, a.Login)...); err != nil {
		return Account{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE identity_link SET used_at = $1 WHERE hash = $2 AND used_at IS NULL AND expires_at > $1`,
			sqldb.Millis(s.now()), hashSecret(secret))
		if err != nil {
			return fmt.Errorf("use link: %w", err)
		}
		if n == 0 {
			return errs.New(errs.Gone, "identity.link-used")
		}
		return s.storePassword(With(ctx, Actor{AccountID: a.ID, Kind: a.Kind, Name: a.Name}), tx, a.ID, hash, "")
	})
	return a, err
}

// Sweep removes what is long over: ended sessions after a day, used links and
// old counters. It runs every night.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		dayAgo := sqldb.Millis(now.Add(-24 * time.Hour))
		for _, q := range []string{
			`DELETE FROM identity_session WHERE expires_at < $1 OR ended_at < $1`,
			`DELETE FROM identity_throttle WHERE last_at < $1`,
			`DELETE FROM identity_link WHERE expires_at < $1`,
		} {
			if _, err := tx.Exec(ctx, q, dayAgo); err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
		}
		return nil
	})
}

// shortAgent keeps what tells a person which of their machines it is: system and
// browser.
func shortAgent(agent string) string {
	if len(agent) > 600 {
		agent = agent[:600]
	}
	system, browser := "", ""
	for _, s := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, s[0]) {
			system = s[1]
			break
		}
	}
	for _, b := range [][2]string{{"coc_coc_browser", "Cốc Cốc"}, {"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"Zalo", "Zalo"}, {"CriOS", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, b[0]) {
			browser = b[1]
			break
		}
	}
	switch {
	case system == "" && browser == "":
		return ""
	case system == "":
		return browser
	case browser == "":
		return system
	}
	return browser + " · " + system
}
