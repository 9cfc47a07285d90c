package e2e

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/e2e/apitest"
	"motcua/e2e/browser"
)

//go:embed testdata/axe.min.js
var axe string

// site is the real program, built and started the way a newcomer does, on a demo
// province of its own. It is started once for all journeys.
type site struct {
	base     string
	dir      string
	browser  *browser.Browser
	accounts []account
}

type account = apitest.Account

var (
	once    sync.Once
	shared  *site
	failure error
	stop    []func()
)

func TestMain(m *testing.M) {
	code := m.Run()
	for i := len(stop) - 1; i >= 0; i-- {
		stop[i]()
	}
	os.Exit(code)
}

// open gives the running site. Short runs and machines without a browser skip;
// in CI a missing browser is a failure.
func open(t *testing.T) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("journeys in a browser are not part of the quick loop")
	}
	once.Do(func() { shared, failure = start() })
	if failure != nil {
		if os.Getenv("CI") != "true" && strings.Contains(failure.Error(), "not installed") {
			t.Skip(failure)
		}
		t.Fatal(failure)
	}
	return shared
}

func start() (*site, error) {
	b, err := browser.Start()
	if err != nil {
		return nil, err
	}
	stop = append(stop, b.Close)
	if base := os.Getenv("MOTCUA_E2E_BASE"); base != "" {
		// A site that runs already, for whoever writes a journey.
		s := &site{browser: b, base: base, dir: os.Getenv("MOTCUA_E2E_DIR")}
		return s, s.readAccounts()
	}
	tmp, err := os.MkdirTemp("", "motcua-e2e-")
	if err != nil {
		return nil, err
	}
	stop = append(stop, func() { _ = os.RemoveAll(tmp) })
	bin := filepath.Join(tmp, "motcua")
	if out, err := exec.Command("go", "build", "-o", bin, "motcua/cmd/motcua").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building: %w\n%s", err, out)
	}
	s := &site{browser: b, dir: filepath.Join(tmp, "demo")}
	logFile, err := os.Create(filepath.Join(tmp, "log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(bin, "demo", "--dir", s.dir, "--listen", "127.0.0.1:0", "--dossiers", "300")
	cmd.Env, cmd.Stderr = apitest.Environ(), logFile
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = append(stop, func() {
		_ = cmd.Process.Signal(os.Interrupt)
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(15 * time.Second):
			_ = cmd.Process.Kill()
		}
	})
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), "listening "); ok {
				address <- strings.TrimSuffix(rest, "/")
			}
		}
		close(address)
	}()
	select {
	case a, ok := <-address:
		if !ok {
			text, _ := os.ReadFile(logFile.Name())
			return nil, fmt.Errorf("the demo ended before it listened:\n%s", text)
		}
		s.base = a
	case <-time.After(3 * time.Minute):
		return nil, fmt.Errorf("the demo did not listen within three minutes")
	}
	return s, s.readAccounts()
}

func (s *site) readAccounts() error {
	text, err := os.ReadFile(filepath.Join(s.dir, "demo-accounts.json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &s.accounts)
}

// person opens a window for somebody with their own cookies.
func (s *site) person(t *testing.T, o browser.Options) *browser.Person {
	t.Helper()
	return s.browser.Person(t, s.base, o)
}

// ward is the agency id of the demo ward, where most journeys happen.
const ward = "H64.31"

// account finds a demo account by role and agency id; staff of the ward when none is named.
func (s *site) account(t *testing.T, role, agency string) account {
	t.Helper()
	if agency == "" && role != "citizen" && role != "admin" && role != "auditor" {
		agency = ward
	}
	for _, a := range s.accounts {
		if a.Role == role && strings.Contains(a.Agency, agency) {
			return a
		}
	}
	t.Fatalf("the demo has no account with role %q at %q", role, agency)
	return account{}
}

// signIn signs somebody in by the page.
func (s *site) signIn(p *browser.Person, a account) {
	p.Visit("/dang-nhap")
	p.Fill("Tên đăng nhập", a.Login)
	p.Fill("Mật khẩu", a.Password)
	p.Press("Đăng nhập")
}
