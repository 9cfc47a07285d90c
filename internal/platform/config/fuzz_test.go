package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"motcua/internal/platform/config"
)

// A settings file and a variable are refused in words or give settings that are
// sound; nothing an operator can write stops the program otherwise.
func FuzzLoad(f *testing.F) {
	f.Add("dir = \"x\"\n[smtp]\nport = 25\n", "MOTCUA_LIMITS_MAX_FILE=50MB")
	f.Add("[backup]\ncron = \"15 2 * * *\"\nkeep = 0\n[log.levels]\ndossier = \"debug\"\n", "MOTCUA_LIMITS_UPLOAD_TTL=48h")
	f.Add("[security]\ntrusted_proxies = [\"10.0.0.0/8\", \"x\"]\n", "MOTCUA_SECURITY_TRUSTED_PROXIES=10.0.0.0/8,::1/128")
	f.Add("a = [[[", "MOTCUA_DATABASE_URL=postgres://u:p@h/d")
	f.Add("[limits]\nmax_file = \"9999999999999999999 TB\"\n", "MOTCUA_=")
	f.Fuzz(func(t *testing.T, text, variable string) {
		path := filepath.Join(t.TempDir(), "motcua.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, err := config.Load(config.Input{File: path, Environ: []string{variable}})
		if err == nil {
			if err := c.Validate(); err != nil {
				t.Errorf("taken, and not sound: %v", err)
			}
		} else if err.Error() == "" {
			t.Error("refused without a word")
		}
	})
}
