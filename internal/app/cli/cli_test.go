package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/app"
	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/config"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
)

// motcua runs a command and returns its exit status and what it said.
func motcua(t testing.TB, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = Run(t.Context(), args, Env{Environ: []string{"MOTCUA_LOG_LEVEL=error"}, Stdout: &out, Stderr: &err, Version: "1.2.3"})
	return status, out.String(), err.String()
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// Every command explains itself in both languages, and no words are missing.
func TestHelp(t *testing.T) {
	for _, lang := range i18n.Languages() {
		for _, command := range []string{
			"", "serve", "demo", "init", "backup", "restore", "doctor", "migrate", "pack", "pack check", "pack test", "pack diff", "pack load", "pack list", "reform", "reform check", "reform preview", "reform apply", "reform undo", "audit", "audit verify",
			"audit checkpoint", "audit accept-restore", "audit parked", "token", "token create", "config", "config show", "config check", "config example", "version",
		} {
			args := append(strings.Fields(command), "--help", "--lang", lang)
			status, out, stderr := motcua(t, args...)
			if status != exitOK || stderr != "" || len(out) < 60 || strings.Contains(out, "⟦") || strings.Contains(out, "${") {
				t.Errorf("%s %s: %d %s %s", lang, command, status, out, stderr)
			}
			if vietnamese := strings.Contains(out, "Cách dùng:"); vietnamese != (lang == i18n.VI) {
				t.Errorf("%s %s is in the wrong language:\n%s", lang, command, out)
			}
		}
	}
	if status, out, _ := motcua(t); status != exitOK || !strings.Contains(out, "serve") {
		t.Errorf("without arguments: %d %s", status, out)
	}
}

func TestLanguage(t *testing.T) {
	for want, environ := range map[string][]string{
		"vi": {"LANG=C.UTF-8"}, "en": {"LANG=en_US.UTF-8"},
	} {
		if got := language(nil, environ); got != want {
			t.Errorf("%v: %s", environ, got)
		}
	}
	if got := language([]string{"--lang", "vi"}, []string{"LANG=en_US.UTF-8"}); got != "vi" {
		t.Error(got)
	}
	if got := language(nil, []string{"LANG=en_US.UTF-8", "MOTCUA_LANGUAGE=vi"}); got != "vi" {
		t.Error(got)
	}
}

// What is not understood is said so, with status 2; a house that is not there is
// not made by looking at it.
func TestMisuse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	for _, test := range []struct {
		args   string
		status int
	}{
		{"nonsense", exitUsage}, {"serve --nonsense", exitUsage}, {"token create", exitUsage},
		{"audit verify --dir " + dir, exitFail}, {"token create --login x --dir " + dir, exitFail}, {"audit parked --dir " + dir, exitFail},
		{"audit verify --database nonsense:x", exitUsage},
	} {
		status, _, stderr := motcua(t, strings.Fields(test.args)...)
		if status != test.status || stderr == "" {
			t.Errorf("%s: status %d, want %d: %s", test.args, status, test.status, stderr)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("looking made %s", dir)
	}
}

// What a command is to read and is not there is told in the language of the person.
func TestWhatIsNotThereIsNamed(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	file := filepath.Join(t.TempDir(), "pack.yaml")
	if err := os.WriteFile(file, []byte("id: x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ args, vi, en string }{
		{"pack test " + none, "Không có gói nào ở " + none, "There is no pack at " + none},
		{"pack check " + file, "Không có gói nào ở " + file, "There is no pack at " + file},
		{"pack check " + t.TempDir(), "Không có gói nào ở ", "There is no pack at "},
		{"reform check " + none, "Không có tệp hoặc thư mục " + none, "There is no file or folder " + none},
		{"backup --check " + none, "Không có tệp hoặc thư mục " + none, "There is no file or folder " + none},
	} {
		for lang, want := range map[string]string{"vi": test.vi, "en": test.en} {
			if status, _, stderr := motcua(t, append(strings.Fields(test.args), "--lang", lang)...); status == exitOK || !strings.Contains(stderr, want) {
				t.Errorf("%s in %s: status %d: %s", test.args, lang, status, stderr)
			}
		}
	}
}

func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	status, out, stderr := motcua(t, "migrate", "--dry-run", "--dir", dir)
	if status != exitOK || !strings.Contains(out, "journal/0001_journal") || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Fatalf("dry: %d %s %s", status, out, stderr)
	}
	if _, again, _ := motcua(t, "migrate", "--dry-run", "--dir", dir); again != out {
		t.Error("a dry run changed something")
	}
	if status, out, stderr := motcua(t, "migrate", "--dir", dir); status != exitOK || !strings.Contains(out, "journal/0001_journal") {
		t.Fatalf("%d %s %s", status, out, stderr)
	}
	if status, out, _ := motcua(t, "migrate", "--dir", dir); status != exitOK || strings.Contains(out, "0001") {
		t.Fatalf("twice: %d %s", status, out)
	}
}

func TestPacks(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"pack", "check"}, {"pack", "test"}} {
		if status, out, stderr := motcua(t, args...); status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
			t.Fatalf("%v: %d %s %s", args, status, out, stderr)
		}
	}
	if status, out, _ := motcua(t, "pack", "diff", "--dir", dir); status != exitOK || !strings.Contains(out, "added procedure") {
		t.Errorf("diff: %d %s", status, out)
	}
	if status, out, stderr := motcua(t, "pack", "load", "--dir", dir); status != exitOK || !strings.Contains(out, "added procedure") {
		t.Fatalf("load: %d %s %s", status, out, stderr)
	}
	if status, out, _ := motcua(t, "pack", "diff", "--dir", dir); status != exitOK || strings.Contains(out, "procedure ") {
		t.Errorf("diff after the load: %d %s", status, out)
	}
	if status, out, _ := motcua(t, "pack", "list", "--dir", dir); status != exitOK || !strings.Contains(out, "justice") {
		t.Errorf("list: %d %s", status, out)
	}
	if status, out, _ := motcua(t, "audit", "verify", "--dir", dir); status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Errorf("the load is sealed: %d %s", status, out)
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.MkdirAll(broken, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "pack.yaml"), []byte("code: broken\nnane: {vi: Hỏng, en: Broken}\nversion: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"check", "test"} {
		if status, out, _ := motcua(t, "pack", command, broken); status != exitFail || !strings.Contains(out, "pack.yaml:2") || !strings.HasPrefix(lastLine(out), "FAIL: ") {
			t.Errorf("%s of a broken pack: %d %s", command, status, out)
		}
	}
	if status, out, _ := motcua(t, "pack", "load", "--dir", dir, broken); status != exitFail || !strings.HasPrefix(lastLine(out), "FAIL: ") {
		t.Errorf("load of a broken pack: %d %s", status, out)
	}
}

// settled is a house with a citizen in it, and events.
func settled(t *testing.T) string {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	a, err := app.Open(t.Context(), app.Options{Config: cfg, CheapPasswords: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := identity.With(t.Context(), identity.System)
	for i, no := range []string{"001090000018", "001090000026", "001090000034"} {
		hash, err := a.Rooms.Identity.HashPassword(ctx, "mùa lúa chín đồng xa")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Rooms.Identity.Register(ctx, identity.NewAccount{Kind: identity.KindCitizen, CitizenNo: no, Name: "Nguyễn Thị Mẫu", Birth: civil.MustPartial("1990"), Phone: "091234567" + string(rune('0'+i)), Hash: hash}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return cfg.Dir
}

// The journal is whole; then somebody with the rights of a superuser changes a
// letter, and the command says where, with status 1.
func TestAudit(t *testing.T) {
	dir := settled(t)
	status, out, stderr := motcua(t, "audit", "verify", "--dir", dir)
	if status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Fatalf("%d %s %s", status, out, stderr)
	}
	status, note, _ := motcua(t, "audit", "checkpoint", "--dir", dir)
	if status != exitOK || !strings.HasPrefix(note, "motcua\n") || !strings.Contains(note, "— motcua ") {
		t.Fatalf("checkpoint: %d %s", status, note)
	}
	witness := filepath.Join(t.TempDir(), "witness")
	if err := os.WriteFile(witness, []byte(note+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, stderr := motcua(t, "audit", "verify", "--dir", dir, "--witness", witness); status != exitOK {
		t.Fatalf("with a witness: %d %s %s", status, out, stderr)
	}
	if status, out, _ := motcua(t, "audit", "parked", "--dir", dir); status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Errorf("parked: %d %s", status, out)
	}
	db, err := sqldb.Open(t.Context(), "sqlite:"+filepath.Join(dir, "motcua.db"), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE journal_event SET actor_name = 'x' WHERE position = 1`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for lang, words := range map[string]string{"vi": "vị trí 1 ", "en": "position 1 "} {
		status, out, _ = motcua(t, "audit", "verify", "--dir", dir, "--lang", lang)
		if status != exitFail || !strings.HasPrefix(lastLine(out), "FAIL: ") || !strings.Contains(lastLine(out), words) {
			t.Errorf("tampered: %d %s", status, out)
		}
	}
}

func TestToken(t *testing.T) {
	dir := settled(t)
	status, out, stderr := motcua(t, "token", "create", "--dir", dir, "--login", "001090000018", "--days", "3")
	if status != exitOK || !regexp.MustCompile(`^\S{20,}\n$`).MatchString(out) || !strings.Contains(stderr, "001090000018") {
		t.Fatalf("%d %q %s", status, out, stderr)
	}
	if status, out, stderr := motcua(t, "token", "create", "--dir", dir, "--login", "nobody"); status != exitFail || out != "" || stderr == "" {
		t.Errorf("for nobody: %d %q %s", status, out, stderr)
	}
	if status, _, _ := motcua(t, "token", "create", "--dir", dir, "--login", "001090000018", "--days", "0"); status != exitFail {
		t.Errorf("for no time: %d", status)
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.toml"), filepath.Join(dir, "bad.toml")
	_, example, _ := motcua(t, "config", "example")
	for path, text := range map[string]string{good: example, bad: "lisen = \":8080\"\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if status, out, stderr := motcua(t, "config", "check", "-c", good); status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Errorf("the example: %d %s %s", status, out, stderr)
	}
	if status, out, _ := motcua(t, "config", "check", "-c", bad); status != exitFail || !strings.Contains(out, "listen") || !strings.HasPrefix(lastLine(out), "FAIL: ") {
		t.Errorf("an unknown key: %d %s", status, out)
	}
	if status, out, stderr := motcua(t, "serve", "-c", bad); status != exitUsage || !strings.Contains(stderr, "listen") {
		t.Errorf("serve with an unknown key: %d %s %s", status, out, stderr)
	}
	if status, out, _ := motcua(t, "config", "show", "-c", good); status != exitOK || !strings.Contains(out, "listen") {
		t.Errorf("show: %d %s", status, out)
	}
}

// server is one started by the command, stopped by its context.
type server struct {
	mu  sync.Mutex
	buf bytes.Buffer
	up  chan string // the address
}

var listening = regexp.MustCompile(`(?m)^listening (http://\S+)$`)

func (s *server) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf.Write(b)
	if m := listening.FindSubmatch(s.buf.Bytes()); m != nil {
		select {
		case s.up <- string(m[1]):
		default:
		}
	}
	return len(b), nil
}

func TestServe(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	out := &server{up: make(chan string, 1)}
	done := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		done <- Run(ctx, []string{"serve", "--dir", dir, "--listen", "127.0.0.1:0"}, Env{Environ: []string{"MOTCUA_LOG_LEVEL=warn"}, Stdout: out, Stderr: &stderr})
	}()
	var base string
	select {
	case base = <-out.up:
	case status := <-done:
		t.Fatalf("ended with %d: %s", status, &stderr)
	case <-time.After(time.Minute):
		t.Fatal("not up after a minute")
	}
	res, err := http.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Status string }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK || answer.Status != "ready" {
		t.Errorf("%d %v %v", res.StatusCode, answer, err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	// The address is taken now; a second house says so.
	if status, _, said := motcua(t, "serve", "--dir", t.TempDir(), "--listen", strings.TrimPrefix(base, "http://")); status != exitFail || !strings.Contains(said, strings.TrimPrefix(base, "http://")) {
		t.Errorf("a taken address: %d %s", status, said)
	}
	stop()
	if status := <-done; status != exitOK {
		t.Errorf("stopped with %d: %s", status, &stderr)
	}
	if status, out, _ := motcua(t, "audit", "verify", "--dir", dir); status != exitOK {
		t.Errorf("after the stop: %d %s", status, out)
	}
}

// A demo is made once, served, saved, restored elsewhere and found well, each time
// with the last line that scripts read.
func TestDemoBackupRestoreDoctor(t *testing.T) {
	if testing.Short() {
		t.Skip("lives through a year")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	status, out, stderr := motcua(t, "demo", "--dir", dir, "--listen", "127.0.0.1:0", "--dossiers", "12", "--no-serve")
	if status != exitOK || !strings.Contains(out, "12") {
		t.Fatalf("%d %s %s", status, out, stderr)
	}
	var accounts []struct{ Login, Password, Role, Agency string }
	text, err := os.ReadFile(filepath.Join(dir, "demo-accounts.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &accounts); err != nil || len(accounts) < 20 || accounts[0].Login == "" || accounts[0].Password == "" || accounts[0].Role == "" {
		t.Fatalf("accounts: %v %+v", err, accounts)
	}

	// Served, on what was made before.
	ctx, stop := context.WithCancel(t.Context())
	served := &server{up: make(chan string, 1)}
	done := make(chan int, 1)
	go func() {
		done <- Run(ctx, []string{"demo", "--dir", dir, "--listen", "127.0.0.1:0"}, Env{Environ: []string{"MOTCUA_LOG_LEVEL=warn"}, Stdout: served, Stderr: new(bytes.Buffer)})
	}()
	select {
	case <-served.up:
	case status := <-done:
		t.Fatalf("ended with %d", status)
	case <-time.After(time.Minute):
		t.Fatal("not up after a minute")
	}
	if status, _, said := motcua(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0"); status != exitFail || !strings.Contains(said, "dừng") {
		t.Errorf("two programs in one folder: %d %s", status, said)
	}
	file := filepath.Join(t.TempDir(), "house.tar")
	if status, out, stderr := motcua(t, "backup", "--dir", dir, file); status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Fatalf("backup while serving: %d %s %s", status, out, stderr)
	}
	if status, _, said := motcua(t, "backup", "--dir", dir, file); status != exitFail || !strings.Contains(said, "--replace") {
		t.Errorf("backup over a file: %d %s", status, said)
	}
	if status, _, said := motcua(t, "restore", "--dir", dir, file); status != exitFail || !strings.Contains(said, "dừng") {
		t.Errorf("restore into a running house: %d %s", status, said)
	}
	if status, out, _ := motcua(t, "doctor", "--dir", dir, "--lang", "vi"); status > 1 || !strings.HasPrefix(lastLine(out), "WARN: ") {
		t.Errorf("doctor of a running house: %d %s", status, out)
	}
	stop()
	if status := <-done; status != exitOK {
		t.Errorf("stopped with %d", status)
	}

	if status, out, _ := motcua(t, "backup", "--check", file); status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Errorf("check: %d %s", status, out)
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if status, out, stderr := motcua(t, "restore", "--dir", elsewhere, file); status != exitOK || !strings.HasPrefix(lastLine(out), "OK: ") {
		t.Fatalf("restore: %d %s %s", status, out, stderr)
	}
	if status, out, stderr := motcua(t, "audit", "verify", "--dir", elsewhere); status != exitOK {
		t.Errorf("the restored journal: %d %s %s", status, out, stderr)
	}
	damaged, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged[len(damaged)/2] ^= 1
	if err := os.WriteFile(file, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"backup", "--check", file}, {"restore", "--dir", elsewhere, file}} {
		if status, _, said := motcua(t, args...); status != exitFail || !strings.Contains(said, "hỏng") {
			t.Errorf("%v of a damaged file: %d %s", args, status, said)
		}
	}
	if status, out, _ := motcua(t, "doctor", "--dir", filepath.Join(t.TempDir(), "none"), "--lang", "en"); status > 1 || !strings.HasPrefix(lastLine(out), "WARN: ") {
		t.Errorf("doctor of nothing: %d %s", status, out)
	}
}
