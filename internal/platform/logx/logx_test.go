package logx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/logx"
)

// person is a canary: none of its values may ever be found in the log.
type person struct {
	Name, CitizenNo, Phone, Email string
}

func (p person) values() []string {
	return []string{p.Name, p.CitizenNo, p.Phone, p.Email, p.CitizenNo[:3] + " " + p.CitizenNo[3:6] + " " + p.CitizenNo[6:9] + " " + p.CitizenNo[9:], p.Phone[1:]}
}

func TestNoCanaryGetsOut(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		redacted := map[string]int{}
		l := logx.New(&out, logx.Options{Format: format, Level: slog.LevelDebug, OnRedact: func(key string) { redacted[key]++ }})
		for i := range 200 {
			p := person{Name: fmt.Sprintf("Nguyễn Thị Chim Yến %03d", i), CitizenNo: fmt.Sprintf("%012d", 1_099_000_000+i*7919), Phone: fmt.Sprintf("09%08d", 12_345_678+i), Email: fmt.Sprintf("chim%03d@vi-du.vn", i)}
			spaced := p.Phone[:4] + " " + p.Phone[4:7] + " " + p.Phone[7:]
			grouped := p.CitizenNo[:3] + " " + p.CitizenNo[3:6] + " " + p.CitizenNo[6:9] + " " + p.CitizenNo[9:]
			l.Info("hồ sơ của " + p.CitizenNo + ", gọi " + p.Phone)
			l.Info("x", "name", p.Name, "owner_name", p.Name, "fullName", p.Name, "citizen_no", p.CitizenNo, "CitizenNo", p.CitizenNo, "phone", p.Phone, "email", p.Email)
			l.Info("x", "note", "CCCD "+p.CitizenNo+".", "why", "sđt:"+spaced, "text", "+84"+p.Phone[1:], "what", "số "+grouped+" nhé", "who", "84"+p.Phone[1:])
			l.Warn("x", "err", fmt.Errorf("insert: %w", errors.New("Key (name)=("+p.Name+") and (citizen_no)=("+p.CitizenNo+") already exists")))
			l.Error("x", "person", p, "pointer", &p, "map", map[string]string{"a": p.Name}, "list", []string{p.CitizenNo, p.Email}, "bytes", []byte(p.Name), "json", json.RawMessage(`"`+p.Name+`"`))
			l.With("phone", p.Phone).WithGroup("g").With("contact", p.Email).Info("x", slog.Group("owner", "name", p.Name, "id", p.CitizenNo))
			l.Debug("x", "number", 123_000_000_000+int64(i), "lazy", lazy{p})
			r, err := http.NewRequest(http.MethodGet, "http://x/?q="+p.CitizenNo, nil)
			if err != nil {
				t.Fatal(err)
			}
			l.Info("x", "request", r, "url", r.URL)
			for _, v := range p.values() {
				if i := strings.Index(out.String(), v); i >= 0 {
					t.Fatalf("%s: %q got out: %s", format, v, out.String()[max(0, i-100):i+40])
				}
			}
			out.Reset()
		}
		if redacted["name"] < 200 || redacted["msg"] < 200 || redacted["person"] < 200 {
			t.Errorf("not everything blanked was counted: %v", redacted)
		}
	}
}

type lazy struct{ p person }

func (l lazy) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", l.p.Name), slog.String("x", l.p.Phone))
}

func TestWhatOperatorsNeedStays(t *testing.T) {
	var out bytes.Buffer
	var redacted []string
	l := logx.New(&out, logx.Options{Format: "json", OnRedact: func(k string) { redacted = append(redacted, k) }})
	at := time.Date(2026, 9, 3, 10, 0, 0, 0, time.UTC)
	args := []any{
		"id", "0198c2f1-7a3b-7c4d-8e5f-098765432109", "dossier", "H56.15-250701-0001", "hash", "09" + strings.Repeat("1234567890", 6) + "12", "took", 1500 * time.Millisecond,
		"bytes", int64(123_456_789_012), "free", int64(912_345_678_901), "at", at, "millis", at.UnixMilli(), "listen", "192.168.100.200:8080", "when", "2026-09-03 10:00:00",
		"err", errors.New("dial tcp 10.0.0.1:5432: connect: connection refused"), "n", 3, "share", 0.5, "ok", true, "codes", []string{"file.not-found", "G15"}, "module", "blob",
		"pattern", "GET /ho-so/{number}", "level2", slog.LevelWarn, "kind", kind("dossier.timer"), "hostname", "may-chu-1", "position", 123_456_789_012, "name", "",
		"term", "12 ngày 30 phút", "money", "1.500.000 đồng",
	}
	l.Info("sổ nhật ký: 17 sự kiện, 3.5 s", args...)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(redacted) > 0 {
		t.Errorf("blanked: %v\n%s", redacted, out.String())
	}
	for i := 0; i < len(args); i += 2 {
		if _, ok := got[args[i].(string)]; !ok {
			t.Errorf("%v is lost", args[i])
		}
	}
	if got["msg"] != "sổ nhật ký: 17 sự kiện, 3.5 s" || got["id"] != args[1] || got["kind"] != "dossier.timer" {
		t.Errorf("%s", out.String())
	}
}

type kind string

func TestModulesHaveLevelsOfTheirOwn(t *testing.T) {
	var out bytes.Buffer
	levels, err := logx.ParseLevels(map[string]string{"dossier": "debug", "job": "error"})
	if err != nil {
		t.Fatal(err)
	}
	l := logx.New(&out, logx.Options{Format: "json", Level: slog.LevelInfo, Levels: levels})
	l.Debug("none")
	logx.For(l, "dossier").Debug("one")
	logx.For(l, "dossier").WithGroup("g").With("a", 1).Debug("two")
	logx.For(l, "job").Warn("none")
	logx.For(l, "job").Error("three")
	logx.For(l, "blob").Info("four")
	logx.For(l, "blob").Debug("none")
	if got := strings.Count(out.String(), "\n"); got != 4 || strings.Contains(out.String(), "none") {
		t.Errorf("%d lines:\n%s", got, out.String())
	}
	if logx.For(l, "job").Enabled(context.Background(), slog.LevelWarn) {
		t.Error("job writes warnings")
	}
	if _, err := logx.ParseLevels(map[string]string{"a": "loud"}); err == nil {
		t.Error("an unknown level was taken")
	}
}

func TestALogLineStaysALine(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		logx.New(&out, logx.Options{Format: format}).Info("a\nlevel=ERROR msg=forged", "x", "b\r\ntime=2026", "nil", error(nil), "broken", (*broken)(nil))
		if n := strings.Count(out.String(), "\n"); n != 1 {
			t.Errorf("%s: %d lines: %q", format, n, out.String())
		}
	}
}

type broken struct{ s string }

func (b *broken) Error() string { return b.s }
