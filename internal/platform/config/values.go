package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Secret is a text that is never printed: %v, %#v, JSON and logs show ***.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// Format hides the secret from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) } // fmt has no way to report

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Address is the address of a database, whose password is never printed. Convert
// it with string(a) to use it.
type Address string

// String hides the password.
func (a Address) String() string {
	s := string(a)
	u, err := url.Parse(s)
	if err != nil {
		if strings.Contains(s, "@") {
			return "***" // not to be taken apart, so it may hold a password
		}
		return s
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "xxx")
	}
	q := u.Query()
	for _, k := range []string{"password", "sslpassword"} {
		if q.Has(k) {
			q.Set(k, "xxx")
			u.RawQuery = q.Encode()
		}
	}
	return strings.ReplaceAll(u.String(), "xxx", "***")
}

// Format hides the password from every verb of fmt.
func (a Address) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) } // fmt has no way to report

// MarshalJSON hides the password.
func (a Address) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// LogValue hides the password.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Size is a number of bytes, written "50 MB": KB, MB, GB and TB are powers of 1024.
type Size int64

// Bytes is the number.
func (s Size) Bytes() int64 { return int64(s) }

var units = []string{"B", "KB", "MB", "GB", "TB"}

// String writes the size in its largest whole unit.
func (s Size) String() string {
	n, u := int64(s), 0
	for n != 0 && n%1024 == 0 && u < len(units)-1 {
		n, u = n/1024, u+1
	}
	return fmt.Sprintf("%d %s", n, units[u])
}

// UnmarshalText reads "50 MB", "50mb", "50M", "52428800".
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.ToUpper(strings.TrimSpace(string(b)))
	digits := strings.TrimRight(text, " KMGTIB")
	unit := strings.TrimSpace(strings.TrimPrefix(text, digits))
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 || math.IsNaN(n) {
		return errors.New("a size looks like 50 MB")
	}
	exp := strings.Index("BKMGT", strings.TrimSuffix(strings.TrimSuffix(unit, "B"), "I"))
	if unit == "" || unit == "B" {
		exp = 0
	} else if exp < 1 {
		return errors.New("a size looks like 50 MB")
	}
	n *= math.Pow(1024, float64(exp))
	if n > math.MaxInt64/2 {
		return errors.New("that size is too large")
	}
	*s = Size(n)
	return nil
}

// Duration is a length of time, written "48h" or "10m30s".
type Duration time.Duration

// Std is the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration without empty parts: 48h, 10m30s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// UnmarshalText reads what time.ParseDuration reads, and "2d".
func (d *Duration) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n < 100_000 {
			*d = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("a duration looks like 48h or 10m")
	}
	*d = Duration(v)
	return nil
}
