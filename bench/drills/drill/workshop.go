package drill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"motcua/e2e/apitest"
)

// Workshop is what the drills of one process share: the built program, and demo
// provinces of which each drill takes a copy.
type Workshop struct {
	Dir string // goes with Close, unless it is kept

	keep    bool
	mu      sync.Mutex
	program *apitest.Program
	houses  map[string]*template // by engine
}

// template is a demo that nobody works in.
type template struct {
	dir     string // the house
	cluster string // data folder of its PostgreSQL, "" on SQLite
	keys    map[string]string
}

// People are the accounts of the demo that drills play, with their tokens.
type People struct {
	apitest.Cast
	Tokens map[string]string // by login
}

// House is a house of the drill's own, with the people who work in it.
type House struct {
	apitest.House
	People  People
	Cluster *Cluster // its own PostgreSQL server, nil on SQLite
	Address string   // where it listens, also after it was killed
}

// Dossiers is how many there are in the demo of the drills.
const Dossiers = 50

// NewWorkshop makes a folder to work in. dir, when given, is kept and used again by
// the next run, which so is spared making the demos; "" makes one that goes.
func NewWorkshop(dir string) (*Workshop, error) {
	if dir != "" {
		w := &Workshop{Dir: dir, keep: true, houses: map[string]*template{}}
		return w, os.MkdirAll(dir, 0o711) //nolint:gosec // as below
	}
	dir, err := os.MkdirTemp("", "motcua-drills-")
	if err != nil {
		return nil, err
	}
	// The database server of a drill runs as another user and must get through.
	return &Workshop{Dir: dir, houses: map[string]*template{}}, os.Chmod(dir, 0o711) //nolint:gosec // see above
}

// Close removes everything.
func (w *Workshop) Close() error {
	if w.keep {
		return nil
	}
	return os.RemoveAll(w.Dir)
}

// Program is the program under drill, built once.
func (t *T) Program() *apitest.Program {
	w := t.Shop
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.program == nil {
		t.share(func() {
			p, err := apitest.Build(w.Dir)
			if err != nil {
				t.Fatal(err)
			}
			w.program = p
		})
	}
	return w.program
}

// House is a copy of the demo on an engine, "sqlite" or "postgres", in a folder
// of the drill's own. dir is where it is to lie, "" anywhere.
func (t *T) House(engine, dir string) *House {
	p := t.Program()
	w := t.Shop
	w.mu.Lock()
	defer w.mu.Unlock()
	demo := w.houses[engine]
	if demo == nil {
		t.share(func() { demo = t.furnish(p, engine) })
		w.houses[engine] = demo
	}
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "house")
	}
	h := &House{House: apitest.House{Program: p, Dir: dir}, Address: t.FreeAddress()}
	t.Must(CopyDir(demo.dir, dir))
	if engine == "postgres" {
		h.Cluster = t.copyCluster(demo.cluster)
		h.DB = h.Cluster.URL("motcua")
	}
	h.People = People{Cast: apitest.CastOf(t, dir), Tokens: demo.keys}
	return h
}

// furnish loads the demo once, with a token for everybody who plays.
func (t *T) furnish(p *apitest.Program, engine string) *template {
	d := &template{dir: filepath.Join(t.Shop.Dir, "demo-"+engine), keys: map[string]string{}}
	if engine == "postgres" {
		d.cluster = filepath.Join(t.Shop.Dir, "cluster")
	}
	keys := filepath.Join(t.Shop.Dir, "tokens-"+engine+".json") // written last: what is there is whole
	if text, err := os.ReadFile(keys); err == nil {
		t.Must(json.Unmarshal(text, &d.keys))
		return d
	}
	t.Must(os.RemoveAll(d.dir))
	h := apitest.House{Program: p, Dir: d.dir}
	var c *Cluster
	if engine == "postgres" {
		t.Must(os.RemoveAll(d.cluster))
		c = t.newCluster(d.cluster)
		c.Start(t)
		h.DB = c.URL("motcua")
	}
	s := p.Start(t, append([]string{"demo", "--listen", "127.0.0.1:0", "--dossiers", fmt.Sprint(Dossiers)}, h.Flags()...)...)
	cast := apitest.CastOf(t, d.dir)
	for _, a := range append([]apitest.Account{cast.Clerk, cast.Officer, cast.Leader, cast.Records, cast.OtherClerk}, cast.Citizens[:citizens]...) {
		d.keys[a.Login] = p.Token(t, a.Login, h.Flags()...)
	}
	s.Stop(t)
	if c != nil {
		c.Stop(t)
	}
	text, err := JSON(d.keys)
	t.Must(err)
	t.Must(os.WriteFile(keys, text, 0o600))
	t.Logf("the demo on %s is made", engine)
	return d
}

// citizens is how many of the demo's play.
const citizens = 5

// Client connects as an account that plays, "" as a visitor.
func (h *House) Client(login string) *apitest.Client {
	return apitest.NewClient("http://"+h.Address, h.People.Tokens[login])
}

// Open serves the house at its address.
func (h *House) Open(t *T) *apitest.Server {
	t.Helper()
	return h.Serve(t, h.Address)
}

// FreeAddress is one that nobody listens on.
func (t *T) FreeAddress() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }() // only its number was wanted
	return ln.Addr().String()
}

// CopyDir copies a folder with its rights.
func CopyDir(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
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
		text, err := os.ReadFile(path) //nolint:gosec // below from
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, info.Mode().Perm()) //nolint:gosec // below to
	})
}

// Lookup finds a tool of the machine.
func Lookup(names ...string) (string, error) {
	var all error
	for _, n := range names {
		path, err := exec.LookPath(n)
		if err == nil {
			return path, nil
		}
		all = errors.Join(all, err)
	}
	return "", all
}

// JSON is v as indented text, for results.
func JSON(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "\t")
	return append(text, '\n'), err
}
