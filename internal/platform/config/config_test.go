package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"motcua/internal/platform/config"
	"motcua/internal/platform/i18n"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func problems(t *testing.T, err error) config.Problems {
	t.Helper()
	if err == nil {
		return nil
	}
	var p config.Problems
	if !errors.As(err, &p) {
		t.Fatalf("%T: %v", err, err)
	}
	return p
}

func TestADefaultIsRight(t *testing.T) {
	cfg, origins, err := config.Load(config.Input{})
	if err != nil || len(origins) != 0 || !reflect.DeepEqual(cfg, config.Default()) {
		t.Errorf("%+v, %v, %v", cfg, origins, err)
	}
	if got := cfg.DatabaseURL(); got != "sqlite:"+filepath.Join("data", "motcua.db") {
		t.Error(got)
	}
}

func TestLastWordWins(t *testing.T) {
	file := write(t, "motcua.toml", `
listen = "127.0.0.1:9000"
public_url = "https://motcua.anbinh.gov.vn"
dir = "/srv/motcua"

[smtp]
host = "thu.anbinh.gov.vn"
from = "Một cửa <motcua@anbinh.gov.vn>"
user = "motcua"
password_file = "smtp.key"
port = 465
tls = "tls"

[limits]
max_file = "20 MB"
max_owner = 1073741824
upload_ttl = "2d"

[security]
trusted_proxies = ["10.0.0.0/8", "192.168.1.7"]

[log]
levels = { dossier = "debug" }
`)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "smtp.key"), []byte("mật khẩu\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := write(t, "s3.key", "khóa")
	cfg, origins, err := config.Load(config.Input{
		File: file,
		Environ: []string{"PATH=/bin", "MOTCUA_DIR=/data", "MOTCUA_SMTP_PORT=2525", "MOTCUA_S3_ENDPOINT=https://s3.example.vn", "MOTCUA_S3_BUCKET=b", "MOTCUA_S3_ACCESS_KEY=a",
			"MOTCUA_S3_SECRET_KEY_FILE=" + secret, "MOTCUA_TEST_POSTGRES=x", "MOTCUA_CONFIG=x", "MOTCUA_LOG_LEVELS=job=warn, dossier=error", "MOTCUA_SECURITY_TRUSTED_ORIGINS=https://dichvucong.gov.vn"},
		Flags: map[string]string{"listen": ":7777"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(cfg.Listen, cfg.Dir, cfg.SMTP.Port, cfg.SMTP.Password.Reveal(), cfg.S3.SecretKey.Reveal(), cfg.Limits.MaxFile.Bytes(), cfg.Limits.MaxOwner, cfg.Limits.UploadTTL,
		cfg.Security.TrustedProxies, cfg.Log.Levels, cfg.Security.TrustedOrigins, cfg.HTTPS())
	want := ":7777/data2525mật khẩukhóa209715201 GB48h[10.0.0.0/8 192.168.1.7/32]map[dossier:error job:warn][https://dichvucong.gov.vn]true"
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for key, from := range map[string]string{"listen": "--listen", "dir": "MOTCUA_DIR", "smtp.port": "MOTCUA_SMTP_PORT", "smtp.host": "motcua.toml:7", "smtp.password": "motcua.toml:10",
		"limits.max_file": "motcua.toml:15", "s3.secret_key": "MOTCUA_S3_SECRET_KEY_FILE"} {
		if origins[key] != from {
			t.Errorf("%s comes from %q, want %q", key, origins[key], from)
		}
	}
	shown := cfg.Show(origins)
	for _, never := range []string{"mật khẩu", "khóa"} {
		if strings.Contains(shown, never) {
			t.Errorf("a secret is shown:\n%s", shown)
		}
	}
	for _, line := range []string{`port = 2525  # MOTCUA_SMTP_PORT`, `password = "***"  # motcua.toml:10`, `upload_ttl = "48h"`, `trusted_proxies = ["10.0.0.0/8", "192.168.1.7/32"]`, "[limits]"} {
		if !strings.Contains(shown, line) {
			t.Errorf("%q is not shown:\n%s", line, shown)
		}
	}
}

func TestEveryMistakeIsToldAtOnceWithItsLine(t *testing.T) {
	file := write(t, "motcua.toml", `listn = ":80"
language = "fr"
port = 3
[limits]
max_file = 5.5
max_ower = "1 GB"
"keep_free" = "plenty"
upload_ttl = 3
[smtp]
port = "587"
host = "thu"
tls = "ssl"
[nonsense]
a = 1
[security]
trusted_proxies = ["everybody"]
cookie_secure = true
[s3]
endpoint = "s3.example.vn"
`)
	_, _, err := config.Load(config.Input{File: file, Environ: []string{"MOTCUA_SMTP_PORTS=1", "MOTCUA_CLAMAV_REQUIRE=có", "MOTCUA_S3_SECRET_KEY_FILE=/nowhere"}})
	var got []string
	for _, p := range problems(t, err) {
		got = append(got, p.Where+" "+p.Key)
		if p.What.VI == "" || p.What.EN == "" || p.Remedy.VI == "" || p.Remedy.EN == "" {
			t.Errorf("%s %s lacks words", p.Where, p.Key)
		}
	}
	want := []string{
		"motcua.toml:2 language", "motcua.toml:5 limits.max_file", "motcua.toml:7 limits.keep_free", "motcua.toml:6 limits.max_ower", "motcua.toml:8 limits.upload_ttl",
		"motcua.toml:1 listn", "motcua.toml:13 nonsense", "motcua.toml:3 port", "motcua.toml:17 security.cookie_secure", "motcua.toml:16 security.trusted_proxies",
		"motcua.toml:10 smtp.port", "motcua.toml:12 smtp.tls", "motcua.toml:19 s3.endpoint", "MOTCUA_SMTP_PORTS smtp_ports", "MOTCUA_CLAMAV_REQUIRE clamav.require", "MOTCUA_S3_SECRET_KEY_FILE s3.secret_key",
		" smtp.from", " s3.bucket", " s3.access_key", " s3.secret_key",
	}
	for _, w := range want {
		found := 0
		for _, g := range got {
			if g == w {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%q was told %d times", w, found)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	vi := problems(t, err).In(i18n.VI)
	for _, words := range []string{`motcua.toml:1: listn: không có mục cấu hình này`, `→ Có phải ý ông/bà là "listen"?`, `ý ông/bà là "limits.max_owner"?`} {
		if !strings.Contains(vi, words) {
			t.Errorf("%q is not said:\n%s", words, vi)
		}
	}
	if got := config.Summary(i18n.VI, err); got != fmt.Sprintf("Cấu hình có %d lỗi.", len(want)) {
		t.Error(got)
	}
}

func TestBadSyntaxNamesItsLine(t *testing.T) {
	_, _, err := config.Load(config.Input{File: write(t, "motcua.toml", "listen = \":80\"\ndir = data\n")})
	if p := problems(t, err); len(p) != 1 || p[0].Where != "motcua.toml:2" {
		t.Errorf("%v", err)
	}
	_, _, err = config.Load(config.Input{File: filepath.Join(t.TempDir(), "motcua.toml")})
	if p := problems(t, err); len(p) != 1 || !strings.Contains(p[0].Remedy.VI, "motcua config example") {
		t.Errorf("%v", err)
	}
}

func TestWhatDoesNotGoTogether(t *testing.T) {
	for key, change := range map[string]func(*config.Config){
		"listen":                 func(c *config.Config) { c.Listen = "8080" },
		"dir":                    func(c *config.Config) { c.Dir = "" },
		"public_url":             func(c *config.Config) { c.PublicURL = "https://a.vn/motcua" },
		"security.cookie_secure": func(c *config.Config) { c.Security.CookieSecure = "true" },
		"database.url":           func(c *config.Config) { c.Database.URL = "mysql://x" },
		"tls.cert_file":          func(c *config.Config) { c.TLS.KeyFile = "key.pem" },
		"smtp.password":          func(c *config.Config) { c.SMTP.Host, c.SMTP.From, c.SMTP.User = "thu.vn", "a@b.vn", "u" },
		"smtp.tls": func(c *config.Config) {
			c.SMTP = config.SMTP{Host: "thu.vn", From: "a@b.vn", User: "u", Password: "p", Port: 25, TLS: "none"}
		},
		"smtp.host":                func(c *config.Config) { c.SMTP.From = "a@b.vn" },
		"clamav.require":           func(c *config.Config) { c.ClamAV.Require = true },
		"limits.max_file":          func(c *config.Config) { c.Limits.MaxFile = 2 << 30 },
		"limits.max_in_flight":     func(c *config.Config) { c.Limits.MaxInFlight = 0 },
		"security.secret":          func(c *config.Config) { c.Security.Secret = "short" },
		"security.trusted_origins": func(c *config.Config) { c.Security.TrustedOrigins = []string{"https://*.gov.vn"} },
		"backup.keep":              func(c *config.Config) { c.Backup.Keep = 0 },
		"backup.cron":              func(c *config.Config) { c.Backup.Cron = "at night" },
		"log.level":                func(c *config.Config) { c.Log.Level = "loud" },
		"log.format":               func(c *config.Config) { c.Log.Format = "xml" },
	} {
		cfg := config.Default()
		change(&cfg)
		if p := problems(t, cfg.Validate()); len(p) != 1 || p[0].Key != key {
			t.Errorf("%s: %v", key, p)
		}
	}
	_, _, err := config.Load(config.Input{Environ: []string{"MOTCUA_SECURITY_TRUSTED_PROXIES=0.0.0.0/0"}})
	if p := problems(t, err); len(p) != 1 || p[0].Key != "security.trusted_proxies" {
		t.Errorf("%v", p)
	}
}

func TestTheExampleIsTheDefault(t *testing.T) {
	for _, lang := range i18n.Languages() {
		example := config.Example(lang)
		// As it is it changes nothing; with every line switched on it says what holds anyway.
		for name, text := range map[string]string{"as it is": example, "switched on": regexp.MustCompile(`(?m)^# ([a-z_0-9]+ = )`).ReplaceAllString(example, "$1")} {
			cfg, _, err := config.Load(config.Input{File: write(t, "motcua.toml", text)})
			if err != nil {
				t.Fatalf("%s, %s: %v\n%s", lang, name, err, text)
			}
			if fmt.Sprintf("%+v", cfg) != fmt.Sprintf("%+v", config.Default()) {
				t.Errorf("%s, %s:\n%+v\n%+v", lang, name, cfg, config.Default())
			}
		}
		if n := strings.Count(example, "## \n"); n > 0 {
			t.Errorf("%d settings lack an explanation", n)
		}
		if !strings.Contains(example, "[smtp]") || !strings.Contains(example, `# max_file = "50 MB"`) {
			t.Error(example)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	cfg := config.Default()
	cfg.SMTP.Password, cfg.S3.SecretKey, cfg.Security.Secret = "mật khẩu thư", "khóa kho", "chuỗi bí mật"
	cfg.Database.URL = "postgres://motcua:sesame@db/motcua?sslpassword=sesame"
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "cfg", cfg, "secret", cfg.SMTP.Password, "url", cfg.Database.URL)
	js, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", cfg, cfg, cfg, cfg.SMTP.Password, cfg.SMTP.Password, cfg.SMTP.Password), out.String(), string(js), cfg.Show(nil)} {
		for _, never := range []string{"mật khẩu thư", "khóa kho", "chuỗi bí mật", "sesame", "6de1baad74"} {
			if strings.Contains(s, never) {
				t.Errorf("%q is printed: %s", never, s)
			}
		}
	}
	if !strings.Contains(cfg.Show(nil), "motcua:***@db") {
		t.Error(cfg.Show(nil))
	}
}

func TestSizesAndDurations(t *testing.T) {
	for in, want := range map[string]int64{"50 MB": 50 << 20, "50mb": 50 << 20, "50M": 50 << 20, "1.5 GB": 3 << 29, "1 TiB": 1 << 40, "0": 0, "100": 100, "7 B": 7} {
		var s config.Size
		if err := s.UnmarshalText([]byte(in)); err != nil || s.Bytes() != want {
			t.Errorf("%q = %d, %v", in, s, err)
		}
	}
	for _, in := range []string{"", "MB", "-1 MB", "5 XB", "1e30 TB", "NaN", "five"} {
		var s config.Size
		if err := s.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q = %d", in, s)
		}
	}
	for in, want := range map[string]string{"48h": "48h", "2d": "48h", "90m": "1h30m", "10m30s": "10m30s", "1s": "1s"} {
		var d config.Duration
		if err := d.UnmarshalText([]byte(in)); err != nil || d.String() != want {
			t.Errorf("%q = %v, %v", in, d, err)
		}
	}
}
