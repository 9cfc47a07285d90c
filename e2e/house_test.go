package e2e

import (
	"database/sql"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx", to make scratch databases

	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// built is the program under test, built once for all tests that run it.
var built = sync.OnceValues(func() (*apitest.Program, error) {
	dir, err := os.MkdirTemp("", "motcua-house-")
	if err != nil {
		return nil, err
	}
	stop = append(stop, func() { _ = os.RemoveAll(dir) })
	return apitest.Build(dir)
})

func program(t *testing.T) *apitest.Program {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the built program")
	}
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// house is a data folder and, on PostgreSQL, a database.
type house struct {
	*apitest.Program
	dir, db string
}

func (h house) whole() apitest.House {
	return apitest.House{Program: h.Program, Dir: h.dir, DB: h.db}
}

func (h house) flags() []string { return h.whole().Flags() }

// serve opens the house at an address, "" any.
func (h house) serve(t *testing.T, listen string) *apitest.Server {
	t.Helper()
	return h.whole().Serve(t, listen)
}

// run runs a command on the house.
func (h house) run(t *testing.T, args ...string) apitest.Result {
	t.Helper()
	return h.whole().Command(t, args...)
}

func (h house) client(t *testing.T, s *apitest.Server, login string) *apitest.Client {
	t.Helper()
	return h.whole().Client(t, s.Base, login)
}

// open connects to the database beside the program, as a person with a database
// tool would.
func (h house) open(t *testing.T) *sql.DB {
	t.Helper()
	driver, address := "pgx", h.db
	if h.db == "" {
		driver, address = "sqlite", "file:"+filepath.Join(h.dir, "motcua.db")+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (h house) count(t *testing.T, query string) (n int) {
	t.Helper()
	db := h.open(t)
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// small is how many dossiers the demos of these tests have.
const small = "50"

// demos are the provinces, loaded once for each engine; tests work on copies.
var demos = map[string]*demoHouse{}

type demoHouse struct {
	house
	first apitest.Server // the first start
}

// demo loads the province of an engine the way the contract says, once, and closes it.
func demo(t *testing.T, engine string) *demoHouse {
	t.Helper()
	p := program(t)
	if d := demos[engine]; d != nil {
		return d
	}
	d := &demoHouse{house: house{Program: p, dir: filepath.Join(filepath.Dir(p.Bin), "demo-"+engine)}}
	if engine == "postgres" {
		d.db = database(t, "")
		stop = append(stop, func() { _ = drop(d.db) })
	}
	s := p.Start(t, append([]string{"demo", "--listen", "127.0.0.1:0", "--dossiers", small}, d.flags()...)...)
	s.Stop(t)
	d.first = *s
	demos[engine] = d
	return d
}

// copied is a demo of the test's own.
func copied(t *testing.T, engine string) house {
	t.Helper()
	d := demo(t, engine)
	h := house{Program: d.Program, dir: filepath.Join(t.TempDir(), "house")}
	copyDir(t, d.dir, h.dir)
	if engine == "postgres" {
		h.db = database(t, d.db)
		t.Cleanup(func() {
			if err := drop(h.db); err != nil {
				t.Error(err)
			}
		})
	}
	return h
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), info.Mode().Perm())
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// database makes a scratch database, a copy of another when template is given.
func database(t *testing.T, template string) string {
	t.Helper()
	server := os.Getenv(sqldbtest.Env)
	if server == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s must name a PostgreSQL server in CI", sqldbtest.Env)
		}
		t.Skipf("set %s=postgres://user@host/db to run this on PostgreSQL", sqldbtest.Env)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	name := "motcua_e2e_" + strings.ReplaceAll(id.New(), "-", "")
	make := "CREATE DATABASE " + name
	if template != "" {
		from, err := url.Parse(template)
		if err != nil {
			t.Fatal(err)
		}
		make += " TEMPLATE " + strings.TrimPrefix(from.Path, "/")
	}
	if _, err := admin.Exec(make); err != nil {
		t.Fatalf("scratch database: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

func drop(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	admin, err := sql.Open("pgx", os.Getenv(sqldbtest.Env))
	if err != nil {
		return err
	}
	_, err = admin.Exec("DROP DATABASE " + strings.TrimPrefix(u.Path, "/") + " WITH (FORCE)")
	return errors.Join(err, admin.Close())
}

// eachEngine runs a test on SQLite, and on PostgreSQL where there is one.
func eachEngine(t *testing.T, test func(t *testing.T, engine string)) {
	t.Helper()
	program(t)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { test(t, engine) })
	}
}

// address is a free one, for houses that must come back to the same place.
func address(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// planted is personal data that a test made up and sent in. No log may hold it.
var planted struct {
	sync.Mutex
	words map[string]bool
}

func plant(words ...string) {
	planted.Lock()
	defer planted.Unlock()
	if planted.words == nil {
		planted.words = map[string]bool{}
	}
	for _, w := range words {
		planted.words[w] = true
	}
}

func child(n int) string { return apitest.Child(n) }

// person is somebody who files.
type person struct {
	*apitest.Client
	name, number string
}

func (h house) person(t *testing.T, s *apitest.Server, a account) person {
	t.Helper()
	return person{h.client(t, s, a.Login), a.Name, a.Login}
}

// declaration is a filing of a birth registration for one child.
func declaration(offer, name, number, child, file string) map[string]any {
	plant(child, "0977123456", "Số 7 ngõ Canh Gác")
	return apitest.Declaration(offer, name, number, child, file)
}

func pdf(text string) []byte { return apitest.PDF(text) }

func upload(t *testing.T, c *apitest.Client, content []byte) string {
	t.Helper()
	return apitest.Upload(t, c, content)
}

func offerOf(t *testing.T, c *apitest.Client, code, channel, agency string) string {
	t.Helper()
	return apitest.OfferOf(t, c, code, channel, agency)
}

func mine(t *testing.T, c *apitest.Client) map[string][]string {
	t.Helper()
	return apitest.Mine(t, c)
}

func ready(base string, most time.Duration) (time.Duration, error) { return apitest.Ready(base, most) }
