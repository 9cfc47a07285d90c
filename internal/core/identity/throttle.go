package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Guessing is slowed by waits that double, counted three ways at once:
//
//   - by login and address together: one guesser at one account;
//   - by address alone: one guesser at many accounts. A commune hall shares an
//     address, so it takes many failures;
//   - by login alone: many addresses at one account. The wait is short, because
//     an attacker could otherwise lock a citizen out; and it does not hold for a
//     browser from which the person signed in before (a signed cookie), which is
//     counted by itself.
//
// Every attempt is counted before the password is looked at, so that parallel
// attempts gain nothing, and taken back when it was right.
type throttle struct {
	free    int           // failures without a wait
	first   time.Duration // the wait after that, doubling
	most    time.Duration // the longest wait
	forgets time.Duration // failures this long ago no longer count
}

var (
	byPair    = throttle{free: 5, first: 2 * time.Second, most: 15 * time.Minute, forgets: 2 * time.Hour}
	byAddress = throttle{free: 60, first: time.Second, most: 5 * time.Minute, forgets: time.Hour}
	byLogin   = throttle{free: 30, first: time.Second, most: time.Minute, forgets: time.Hour}
	byDevice  = throttle{free: 10, first: 2 * time.Second, most: 15 * time.Minute, forgets: 2 * time.Hour}
	// registrations from one address; a commune hall helps many people in a day
	byRegistration = throttle{free: 30, first: 10 * time.Second, most: 10 * time.Minute, forgets: 6 * time.Hour}
)

// wait is how long nobody may try after so many failures in a row.
func (t throttle) wait(failures int64) time.Duration {
	over := failures - int64(t.free)
	if over < 0 {
		return 0
	}
	if over > 30 {
		return t.most
	}
	return min(t.first<<over, t.most)
}

type limit struct {
	key  string
	rule throttle
}

// throttleKey names a counter without naming anybody: a dump of the table shows
// neither logins nor addresses.
func (s *Service) throttleKey(kind, value string) string {
	m := hmac.New(sha256.New, s.opts.Secret)
	m.Write([]byte("throttle\x00" + kind + "\x00" + value))
	return kind + ":" + base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:18])
}

// network is the address as attempts are counted: an IPv6 caller owns a /64.
func network(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

func (s *Service) signInLimits(loginKey, device string, from netip.Addr) []limit {
	net := network(from)
	limits := []limit{{s.throttleKey("address", net), byAddress}}
	if device != "" {
		return append(limits, limit{s.throttleKey("device", device), byDevice})
	}
	return append(limits,
		limit{s.throttleKey("pair", loginKey+"\x00"+net), byPair},
		limit{s.throttleKey("login", loginKey), byLogin})
}

// spend counts one attempt against every limit, or refuses it when one of them
// still waits (errs.RateLimited identity.too-many-tries, args seconds). A refused attempt is not counted, so
// waiting always ends. It reports whether this attempt is the one that started a wait.
func (s *Service) spend(ctx context.Context, limits []limit) (began bool, err error) {
	var wait time.Duration
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		wait, began = 0, false
		now := s.now()
		failures := make([]int64, len(limits))
		for i, l := range limits {
			var last, until int64
			err := tx.QueryRow(ctx, `SELECT failures, last_at, until FROM identity_throttle WHERE key = $1`, l.key).Scan(&failures[i], &last, &until)
			if err != nil && !errors.Is(err, sqldb.ErrNotFound) {
				return fmt.Errorf("read attempts: %w", err)
			}
			if now.Sub(sqldb.Time(last)) > l.rule.forgets {
				failures[i], until = 0, 0
			}
			wait = max(wait, sqldb.Time(until).Sub(now))
		}
		if wait > 0 {
			return nil
		}
		for i, l := range limits {
			n := failures[i] + 1
			w := l.rule.wait(n)
			began = began || w > 0 && l.rule.wait(n-1) == 0
			if _, err := tx.Exec(ctx, `INSERT INTO identity_throttle (key, failures, last_at, until) VALUES ($1, $2, $3, $4)
				ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, until = excluded.until`,
				l.key, n, sqldb.Millis(now), sqldb.Millis(now.Add(w))); err != nil {
				return fmt.Errorf("count attempt: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if wait > 0 {
		return false, errs.New(errs.RateLimited, "identity.too-many-tries", "seconds", int((wait+time.Second-1)/time.Second))
	}
	return began, nil
}

// refund takes a right attempt back: the counters of the person start anew, that
// of the address only loses the one.
func refund(ctx context.Context, tx *sqldb.Tx, limits []limit) error {
	for _, l := range limits {
		var err error
		if l.rule == byAddress {
			_, err = tx.Exec(ctx, `UPDATE identity_throttle SET failures = failures - 1, until = 0 WHERE key = $1 AND failures > 0`, l.key)
		} else {
			_, err = tx.Exec(ctx, `DELETE FROM identity_throttle WHERE key = $1`, l.key)
		}
		if err != nil {
			return fmt.Errorf("take attempt back: %w", err)
		}
	}
	return nil
}

// undo takes back an attempt at which nobody looked, right or wrong.
func undo(ctx context.Context, tx *sqldb.Tx, limits []limit) error {
	for _, l := range limits {
		if _, err := tx.Exec(ctx, `UPDATE identity_throttle SET failures = failures - 1 WHERE key = $1 AND failures > 0`, l.key); err != nil {
			return fmt.Errorf("take attempt back: %w", err)
		}
	}
	return nil
}

// deviceMark is the value of the cookie that says that an account signed in from
// this browser before: account, nonce and seal.
func (s *Service) deviceMark(accountID string) (string, error) {
	nonce, err := randomBytes(9)
	if err != nil {
		return "", err
	}
	body := accountID + "." + base64.RawURLEncoding.EncodeToString(nonce)
	return body + "." + s.seal("device", body), nil
}

// knownDevice returns the nonce of a genuine mark of that account, "" otherwise.
func (s *Service) knownDevice(mark, accountID string) string {
	if accountID == "" || len(mark) > 200 {
		return ""
	}
	body, seal, ok := cutLast(mark, '.')
	if !ok || !hmac.Equal([]byte(seal), []byte(s.seal("device", body))) {
		return ""
	}
	id, nonce, ok := cutLast(body, '.')
	if !ok || id != accountID {
		return ""
	}
	return nonce
}

func (s *Service) seal(purpose, body string) string {
	m := hmac.New(sha256.New, s.opts.Secret)
	m.Write([]byte(purpose + "\x00" + body))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:18])
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}
