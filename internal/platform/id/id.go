// Package id makes identifiers: time-ordered ones for rows, short ones for people.
package id

import (
	"crypto/rand"

	"github.com/google/uuid"
)

// New returns a UUIDv7: unique, and roughly ordered by time so that indexes stay dense.
func New() string {
	u, err := uuid.NewV7()
	if err != nil {
		// The system's random source is gone; nothing can be done safely.
		panic(err)
	}
	return u.String()
}

// alphabet is Crockford's base 32: no I, L, O or U, so a code read over the
// telephone is heard as it was meant.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Public returns n random unambiguous characters (5 bits each), for codes that
// people read, type and print.
func Public(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b)
}
