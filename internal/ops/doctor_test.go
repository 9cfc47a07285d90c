package ops

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
)

// smtp is a mail server that says no more than it must.
func smtp(t *testing.T) (host string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the test is over
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }() // nothing depends on it
				say := func(s string) { _, _ = fmt.Fprintf(c, "%s\r\n", s) }
				say("220 thu.example ESMTP")
				buf := make([]byte, 1000)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if strings.HasPrefix(string(buf[:n]), "QUIT") {
						say("221 bye")
						return
					}
					say("250 thu.example")
				}
			}()
		}
	}()
	addr := l.Addr().(*net.TCPAddr)
	return addr.IP.String(), addr.Port
}

// certificate writes a self-signed one.
func certificate(t *testing.T, host string, until time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// patient is a house in the best of health.
func patient(t *testing.T, engine sqldb.Dialect) (Patient, *house) {
	t.Helper()
	cfg := settings(t, engine)
	h := enter(t, cfg)
	t.Cleanup(func() { h.leave(t) })
	all := append(lines(), job.Line())
	if err := sqldb.Migrate(context.Background(), h.db, all...); err != nil {
		t.Fatal(err)
	}
	h.furnish(t)
	if err := h.work(context.Background(), 1, 5); err != nil {
		t.Fatal(err)
	}
	if err := h.journal.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	cfg.SMTP.Host, cfg.SMTP.Port = smtp(t)
	cfg.SMTP.From, cfg.SMTP.TLS = "a@b.vn", "none"
	cfg.PublicURL = "https://motcua.example.vn"
	cfg.TLS.CertFile, cfg.TLS.KeyFile = certificate(t, "motcua.example.vn", time.Now().Add(90*24*time.Hour))
	cfg.Backup.Dir = t.TempDir()
	cfg.Limits.KeepFree = 1 << 20
	if _, err := AutoBackup(context.Background(), h.source(), cfg.Backup.Dir, 3, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{cfg.Dir} {
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return Patient{Config: cfg, DB: h.db, Lines: all, Store: h.store, Files: h.files, Jobs: job.New(h.db, job.Options{}), Journal: h.journal}, h
}

func printed(t *testing.T, f Findings, lang string) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.Print(&b, lang); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAHealthyHouseIsToldSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine sqldb.Dialect) {
		p, _ := patient(t, engine)
		f := Doctor(context.Background(), p)
		for _, x := range f {
			// The test's disk may be nearly full; everything else is ours.
			if x.Status != Well && x.What.EN != "Room on the disk" {
				t.Errorf("%+v", x)
			}
		}
		if len(f) < 13 {
			t.Errorf("only %d things were looked at:\n%s", len(f), printed(t, f, i18n.EN))
		}
		for _, lang := range i18n.Languages() {
			lines := strings.Split(strings.TrimSpace(printed(t, f, lang)), "\n")
			if last := lines[len(lines)-1]; last != f.Summary(lang) {
				t.Errorf("the last line is %q", last)
			}
		}
	})
}

func TestTheDoctorFindsWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	long := time.Now().Add(-70 * time.Hour)
	for _, c := range []struct {
		name   string
		spoil  func(t *testing.T, p *Patient, h *house)
		what   string
		status Status
		vi     string
	}{
		{"settings", func(_ *testing.T, p *Patient, _ *house) { p.Config.Language = "fr" }, "Settings language", Ill, "Chọn một trong: vi, en."},
		{"settings file", func(_ *testing.T, p *Patient, _ *house) { p.ConfigErr = errors.New("x") }, "Settings", Ill, "motcua config check"},
		{"open folder", func(t *testing.T, p *Patient, _ *house) {
			if err := os.Chmod(p.Config.Dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "Data folder", Unwell, "chmod o-rwx"},
		{"full disk", func(_ *testing.T, p *Patient, _ *house) { p.Config.Limits.KeepFree = 1 << 60 }, "Room on the disk", Ill, "Xóa bớt dữ liệu"},
		{"database gone", func(_ *testing.T, p *Patient, _ *house) {
			p.DB, p.Config.Database.URL = nil, "sqlite:/nowhere/at/all.db"
		}, "Database", Unwell, "khôi phục bản sao lưu"},
		{"server gone", func(_ *testing.T, p *Patient, _ *house) {
			p.DB, p.Config.Database.URL = nil, "postgres://nobody@127.0.0.1:1/none"
		}, "Database", Ill, "database.url"},
		{"future", func(t *testing.T, p *Patient, h *house) {
			if err := h.db.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := h.journal.Append(ctx, tx, journal.Event{Stream: "a:1", Type: "a.b", At: time.Now().Add(time.Hour)})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}, "Clock", Ill, "timedatectl"},
		{"upgrade pending", func(_ *testing.T, p *Patient, _ *house) {
			p.Lines = append(p.Lines, sqldb.Line{Name: "later", FS: purse().FS})
		}, "Schema", Unwell, "motcua migrate"},
		{"newer database", func(_ *testing.T, p *Patient, _ *house) { p.Lines[2].FS = upTo{p.Lines[2].FS, 1} }, "Schema", Ill, "phiên bản"},
		{"unsealed", func(t *testing.T, p *Patient, h *house) {
			if err := h.db.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := h.journal.Append(ctx, tx, journal.Event{Stream: "a:1", Type: "a.b", At: long})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}, "Ledger", Unwell, "niêm phong khi motcua chạy lại"},
		{"parked job", func(t *testing.T, p *Patient, h *house) {
			if err := h.db.Tx(ctx, func(tx *sqldb.Tx) error { return p.Jobs.Enqueue(ctx, tx, "notify.mail", nil) }); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Jobs.RunDue(ctx, []job.Handler{{Kind: "notify.mail", MaxAttempts: 1, Run: func(context.Context, json.RawMessage) error { return job.Permanent(errors.New("no such address")) }}}, nil); err == nil {
				t.Fatal("the job did not fail")
			}
		}, "Background work", Unwell, "cho chạy lại"},
		{"lost file", func(t *testing.T, _ *Patient, h *house) {
			if err := h.store.Walk(ctx, func(in blob.Info) error {
				return os.WriteFile(filepath.Join(h.store.Root(), in.Hash[:2], in.Hash[2:4], in.Hash), []byte("rotten"), 0o600)
			}); err != nil {
				t.Fatal(err)
			}
		}, "Stored files", Ill, "lấy lại tệp từ bản sao lưu"},
		{"store away", func(_ *testing.T, p *Patient, _ *house) { p.Store = &deadStore{p.Store} }, "File store", Ill, "[s3]"},
		{"scanner away", func(_ *testing.T, p *Patient, _ *house) { p.Config.ClamAV.Address = "127.0.0.1:1" }, "Virus scanner", Unwell, "systemctl start clamav-daemon"},
		{"mail away", func(_ *testing.T, p *Patient, _ *house) { p.Config.SMTP.Port = 1 }, "Mail server", Ill, "tường lửa"},
		{"no mail", func(_ *testing.T, p *Patient, _ *house) { p.Config.SMTP = config.Default().SMTP }, "Mail server", Unwell, "[smtp]"},
		{"old certificate", func(t *testing.T, p *Patient, _ *house) {
			p.Config.TLS.CertFile, p.Config.TLS.KeyFile = certificate(t, "motcua.example.vn", time.Now().Add(-time.Minute))
		}, "HTTPS certificate", Ill, "Gia hạn"},
		{"ageing certificate", func(t *testing.T, p *Patient, _ *house) {
			p.Config.TLS.CertFile, p.Config.TLS.KeyFile = certificate(t, "motcua.example.vn", time.Now().Add(5*24*time.Hour))
		}, "HTTPS certificate", Unwell, "Gia hạn"},
		{"another's certificate", func(t *testing.T, p *Patient, _ *house) {
			p.Config.TLS.CertFile, p.Config.TLS.KeyFile = certificate(t, "other.example.vn", time.Now().Add(90*24*time.Hour))
		}, "HTTPS certificate", Ill, "public_url"},
		{"no certificate", func(_ *testing.T, p *Patient, _ *house) {
			p.Config.TLS, p.Config.PublicURL = config.TLS{}, "http://motcua.example.vn"
		}, "HTTPS certificate", Unwell, "không mã hóa"},
		{"no backup", func(_ *testing.T, p *Patient, _ *house) { p.Config.Backup.Dir = "" }, "Backup", Unwell, "backup.dir"},
		{"empty backups", func(t *testing.T, p *Patient, _ *house) { p.Config.Backup.Dir = t.TempDir() }, "Backup", Unwell, "motcua backup"},
		{"old backup", func(t *testing.T, p *Patient, _ *house) {
			p.Config.Backup.Dir = t.TempDir()
			if err := os.WriteFile(filepath.Join(p.Config.Backup.Dir, "motcua-20260101-000000.tar"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "Backup", Ill, "vì sao sao lưu không chạy"},
		{"a room's trouble", func(_ *testing.T, p *Patient, _ *house) {
			p.Checks = []module.Check{{Name: "pack.check", Run: func(context.Context) error {
				return errs.New(errs.Internal, "storage.full").Because(errors.New("the cause"))
			}},
				{Name: "known.already", Run: func(context.Context) error { return errors.New("told twice") }}}
			p.Skip = []string{"known.already"}
			words, err := i18n.New(blob.Locales())
			if err != nil {
				panic(err)
			}
			p.Bundle = words
		}, "pack.check", Ill, "hết chỗ lưu"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			p, h := patient(t, sqldb.SQLite)
			c.spoil(t, &p, h)
			f := Doctor(ctx, p)
			found := false
			for _, x := range f {
				if x.What.EN != c.what || x.Status == Well {
					continue
				}
				found = true
				if x.Status != c.status || !strings.Contains(x.Remedy.VI, c.vi) {
					t.Errorf("%+v", x)
				}
				if x.Detail.VI == "" || x.Detail.EN == "" || (x.Remedy.VI == "") != (x.Remedy.EN == "") {
					t.Errorf("words are missing: %+v", x)
				}
			}
			if !found {
				t.Errorf("not found:\n%s", printed(t, f, i18n.EN))
			}
			if f.Exit() < int(c.status) {
				t.Errorf("exit status %d", f.Exit())
			}
			if s := printed(t, f, i18n.VI); strings.Contains(s, "told twice") || strings.Contains(s, "%!") {
				t.Error(s)
			}
		})
	}
}

type deadStore struct{ blob.Store }

func (deadStore) Check(context.Context) error { return errors.New("connection refused") }

func TestAnEmptyDatabaseIsOneFinding(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine sqldb.Dialect) {
		p, _ := patient(t, engine)
		empty := settings(t, engine)
		if err := withDatabase(context.Background(), empty.DatabaseURL(), func(db *sqldb.DB) error {
			p.DB = db
			for _, x := range Doctor(context.Background(), p) {
				if x.Status == Ill || x.Status == Unwell && x.What.EN != "Schema" && x.What.EN != "Room on the disk" {
					t.Errorf("%+v", x)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTheDoctorChangesNothing(t *testing.T) {
	cfg := config.Default()
	cfg.Dir = filepath.Join(t.TempDir(), "not-there-yet")
	f := Doctor(context.Background(), Patient{Config: &cfg, Lines: lines()})
	if f.Worst() == Well {
		t.Errorf("%s", printed(t, f, i18n.EN))
	}
	if _, err := os.Stat(cfg.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the doctor made a house: %v", err)
	}
}
