package identity

import "testing"

// A stored password hash may come from a backup of another time.
func FuzzPasswordHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=3,p=2$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$")
	f.Add("$2b$12$x")
	f.Fuzz(func(t *testing.T, s string) {
		a, salt, key, err := decodeHash(s)
		if err == nil && (a.Passes == 0 || a.Threads == 0 || len(key) < 16) {
			t.Errorf("%q: %+v, %d, %d", s, a, len(salt), len(key))
		}
	})
}
