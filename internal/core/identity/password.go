package identity

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
)

// Length of a password in characters. There are no rules about kinds of
// characters: they make passwords shorter and written down.
const (
	minPassword = 10
	maxPassword = 200
)

//go:embed common_passwords.txt
var commonText string

// common holds passwords that attackers try first, folded.
var common = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(commonText))
	for lines.Scan() {
		if p := strings.TrimSpace(lines.Text()); p != "" && !strings.HasPrefix(p, "#") {
			set[passwordKey(p)] = true
		}
	}
	return set
})

// CheckPassword says what is wrong with a new password, nothing when it will do.
// facts are what an attacker knows about the person (login, number, telephone,
// name); a password may not be made of them.
func CheckPassword(field, password string, facts ...string) []errs.Field {
	password = fold.NFC(password)
	switch n := utf8.RuneCountInString(password); {
	case n == 0:
		return []errs.Field{errs.Bad(field, "identity.required")}
	case n < minPassword:
		return []errs.Field{errs.Bad(field, "identity.password-short", "least", minPassword, "got", n)}
	case n > maxPassword:
		return []errs.Field{errs.Bad(field, "identity.password-long", "most", maxPassword)}
	}
	key := passwordKey(password)
	if common()[key] || monotonous(key) {
		return []errs.Field{errs.Bad(field, "identity.password-common")}
	}
	for _, fact := range facts {
		f := passwordKey(fact)
		if len(f) < 4 {
			continue
		}
		// What is left when the fact is taken out must itself be hard to guess.
		if rest := strings.ReplaceAll(key, f, ""); len(rest) < len(key) && len(rest) < 6 {
			return []errs.Field{errs.Bad(field, "identity.password-personal")}
		}
	}
	return nil
}

// passwordKey is how passwords are compared with lists: without marks, case,
// blanks and punctuation.
func passwordKey(p string) string { return strings.ReplaceAll(fold.Key(p), " ", "") }

// monotonous reports runs like 1111111111, 1234567890, abcabcabcabc.
func monotonous(p string) bool {
	for _, period := range []int{1, 2, 3, 4} {
		same := len(p) > period
		for i := period; i < len(p) && same; i++ {
			same = p[i] == p[i-period]
		}
		if same {
			return true
		}
	}
	rising, falling := len(p) > 1, len(p) > 1
	for i := 1; i < len(p); i++ {
		step := (int(p[i]) - int(p[i-1]) + 10) % 10
		digits := p[i] >= '0' && p[i] <= '9' && p[i-1] >= '0' && p[i-1] <= '9'
		rising = rising && (digits && step == 1 || !digits && p[i] == p[i-1]+1)
		falling = falling && (digits && step == 9 || !digits && p[i] == p[i-1]-1)
	}
	return rising || falling
}

// Argon are the costs of argon2id. The default is the second recommendation of
// RFC 9106 scaled to the machines of a commune: 19 MiB, 2 passes, about 50 ms.
type Argon struct {
	MemoryKiB uint32
	Passes    uint32
	Threads   uint8
}

// DefaultArgon is what new passwords are hashed with when nothing else is set.
func DefaultArgon() Argon { return Argon{MemoryKiB: 19 * 1024, Passes: 2, Threads: 1} }

// hasher hashes passwords, a few at once: every hash takes its memory, and a
// morning's rush must not take all of it.
type hasher struct {
	cost  Argon
	slots chan struct{}
	dummy string      // verified when there is no account, so that the answer takes as long
	spent func(Argon) // told of every hash that is computed; tests count
}

// patience is how long a sign-in waits for its turn before the person is asked to try again.
const patience = 15 * time.Second

func newHasher(cost Argon) (*hasher, error) {
	if cost == (Argon{}) {
		cost = DefaultArgon()
	}
	h := &hasher{cost: cost, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0))), spent: func(Argon) {}}
	salt, err := randomBytes(16)
	if err != nil {
		return nil, err
	}
	secret, err := randomBytes(32)
	if err != nil {
		return nil, err
	}
	h.dummy = cost.encode(salt, cost.key(secret, salt, 32))
	return h, nil
}

func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wait.C:
		return nil, errs.New(errs.Unavailable, "identity.busy")
	}
}

// hash returns the password in the PHC form $argon2id$v=19$m=…,t=…,p=…$salt$key.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt, err := randomBytes(16)
	if err != nil {
		return "", err
	}
	return h.cost.encode(salt, h.cost.key([]byte(fold.NFC(password)), salt, 32)), nil
}

// verify reports whether the password is the one that was hashed, and whether
// it should be hashed again because the costs changed. An empty encoded is an account
// without password or no account at all: never right, and just as slow.
func (h *hasher) verify(ctx context.Context, encoded, password string) (ok, stale bool, err error) {
	known := encoded != ""
	if !known {
		encoded = h.dummy
	}
	cost, salt, want, err := decodeHash(encoded)
	if err != nil {
		return false, false, err
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	got := cost.key([]byte(fold.NFC(password)), salt, uint32(len(want)))
	h.spent(cost)
	ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	return ok, ok && cost != h.cost, nil
}

func (a Argon) key(password, salt []byte, length uint32) []byte {
	return argon2.IDKey(password, salt, a.Passes, a.MemoryKiB, a.Threads, length)
}

func (a Argon) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.MemoryKiB, a.Passes, a.Threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func decodeHash(encoded string) (a Argon, salt, key []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return a, nil, nil, fmt.Errorf("password hash of an unknown kind")
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return a, nil, nil, fmt.Errorf("password hash of an unknown version")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.MemoryKiB, &a.Passes, &a.Threads); err != nil {
		return a, nil, nil, fmt.Errorf("password hash: costs: %w", err)
	}
	b64 := base64.RawStdEncoding
	if salt, err = b64.DecodeString(parts[4]); err != nil {
		return a, nil, nil, fmt.Errorf("password hash: salt: %w", err)
	}
	if key, err = b64.DecodeString(parts[5]); err != nil {
		return a, nil, nil, fmt.Errorf("password hash: key: %w", err)
	}
	if a.Passes == 0 || a.Threads == 0 || len(key) < 16 {
		return a, nil, nil, fmt.Errorf("password hash: costs out of range")
	}
	return a, salt, key, nil
}

func randomBytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("random source: %w", err)
	}
	return b, nil
}
