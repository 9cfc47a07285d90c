package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"motcua/internal/platform/sqldb"
)

// The rules of ARCHITECTURE.md, held against the source. Each rule is a function
// of a tree, so that arch_rules_test.go can show that it fails when it should.

// coreOrder is the order in which the nouns of the law may know each other.
var coreOrder = []string{"place", "org", "identity", "form", "register", "clock", "flow", "procedure", "document", "dossier"}

// tree is the source of a house.
type tree struct {
	packages     []*pkg
	tables       map[string]string // table → room that creates it ("internal/core/org")
	architecture string
	fsys         fs.FS
}

// pkg is one folder of Go files.
type pkg struct {
	path        string // from the root: "internal/core/org/orgtest"
	name        string
	imports     map[string]string // path from the root → file that imports it; test files apart
	testImports map[string]string
	commented   bool
	literals    []literal // of files that are not tests
}

type literal struct{ text, at string }

// room is the folder of internal/<floor>/<room> that a path lies in, "" outside.
func room(p string) string {
	parts := strings.Split(p, "/")
	if len(parts) >= 3 && parts[0] == "internal" && (parts[1] == "platform" || parts[1] == "core" || parts[1] == "modules") {
		return strings.Join(parts[:3], "/")
	}
	return ""
}

// The floors, lowest first. Data that is embedded lies below everything, what
// operates the house as a whole (backup, doctor) between core and modules, tools
// and journeys on top.
var floors = []string{"data", "platform", "core", "ops", "modules", "app", "cmd"}

func floor(p string) int {
	parts := strings.Split(p, "/")
	name := "cmd"
	switch {
	case parts[0] == "packs" || parts[0] == "web":
		name = "data"
	case parts[0] == "internal" && len(parts) > 1:
		name = parts[1]
	}
	return slices.Index(floors, name)
}

var createTable = regexp.MustCompile(`(?im)^\s*CREATE\s+(?:VIRTUAL\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z_0-9]+)`)

// plant reads a tree. module is the name in go.mod.
func plant(fsys fs.FS, module string) (*tree, error) {
	t := &tree{tables: map[string]string{}, fsys: fsys}
	files := token.NewFileSet()
	byPath := map[string]*pkg{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if base == "node_modules" || base == "testdata" || name == "data" || name == "tmp" || name == "bin" || name != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(base, ".sql") && room(name) != "" {
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
				t.tables[strings.ToLower(m[1])] = room(name)
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		p := byPath[path.Dir(name)]
		if p == nil {
			p = &pkg{path: path.Dir(name), imports: map[string]string{}, testImports: map[string]string{}}
			byPath[p.path] = p
			t.packages = append(t.packages, p)
		}
		test := strings.HasSuffix(base, "_test.go")
		for _, spec := range file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			inside, ok := strings.CutPrefix(target, module+"/")
			if !ok {
				continue
			}
			if test {
				p.testImports[inside] = name
			} else {
				p.imports[inside] = name
			}
		}
		if test {
			return nil
		}
		p.name = file.Name.Name
		p.commented = p.commented || file.Doc != nil && strings.TrimSpace(file.Doc.Text()) != ""
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					at := files.Position(lit.Pos())
					p.literals = append(p.literals, literal{s, fmt.Sprintf("%s:%d", name, at.Line)})
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(fsys, "ARCHITECTURE.md")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	t.architecture = string(text)
	slices.SortFunc(t.packages, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return t, nil
}

// helper reports whether a package is there for tests only.
func helper(p string) bool { return strings.HasSuffix(path.Base(p), "test") }

// tries reports whether a package tries the house out from outside, as journeys
// do: benchmarks and drills, which are part of no program that people run.
func tries(p string) bool { return p == "bench" || strings.HasPrefix(p, "bench/") }

// arrows: an import only goes down a floor; in core only to rooms before; modules
// never to each other; and nothing but tests to a test helper.
func (t *tree) arrows() (faults []string) {
	for _, p := range t.packages {
		from := floor(p.path)
		if from < 0 {
			faults = append(faults, fmt.Sprintf("%s lies on no floor", p.path))
			continue
		}
		for _, to := range sorted(p.imports) {
			at := p.imports[to]
			switch {
			case helper(to) && !helper(p.path) && !(tries(p.path) && strings.HasPrefix(to, "e2e/")):
				faults = append(faults, fmt.Sprintf("%s imports %s, which is there for tests", at, to))
			case helper(p.path):
				// A helper of tests may reach across, like the tests it serves.
			case floor(to) > from:
				faults = append(faults, fmt.Sprintf("%s imports %s: from %s up to %s", at, to, floors[from], floors[floor(to)]))
			case floors[from] == "modules" && floors[floor(to)] == "modules" && room(p.path) != room(to):
				faults = append(faults, fmt.Sprintf("%s imports %s: modules never import each other", at, to))
			case floors[from] == "core" && floors[floor(to)] == "core" && room(p.path) != room(to) && !before(room(to), room(p.path)):
				faults = append(faults, fmt.Sprintf("%s imports %s, which does not come before it", at, to))
			}
		}
	}
	return faults
}

func before(a, b string) bool {
	i, j := slices.Index(coreOrder, path.Base(a)), slices.Index(coreOrder, path.Base(b))
	return i >= 0 && j >= 0 && i < j
}

// comments: every package says what it is.
func (t *tree) comments() (faults []string) {
	for _, p := range t.packages {
		if p.name != "" && !p.commented {
			faults = append(faults, p.path+" has no package comment")
		}
	}
	return faults
}

var (
	sqlish  = regexp.MustCompile(`\b(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|DROP|ALTER|LOCK|FROM|JOIN)\b`)
	touched = regexp.MustCompile(`(?i)\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\s+([a-z][a-z0-9]*_[a-z0-9_]+)`)
)

// ownTables: a table is named after the room that creates it, and only that
// room's SQL names it.
func (t *tree) ownTables() (faults []string) {
	for _, table := range sorted(t.tables) {
		if owner := path.Base(t.tables[table]); !strings.HasPrefix(table, strings.ReplaceAll(owner, "-", "_")+"_") {
			faults = append(faults, fmt.Sprintf("table %s of %s does not begin with %s_", table, t.tables[table], owner))
		}
	}
	prefixes := map[string]string{}
	for _, owner := range t.tables {
		prefixes[path.Base(owner)] = owner
	}
	for _, p := range t.packages {
		mine := room(p.path)
		if helper(p.path) || tries(p.path) { // they look from outside, as somebody with a database tool
			continue
		}
		for _, l := range p.literals {
			if !sqlish.MatchString(l.text) {
				continue
			}
			for _, m := range touched.FindAllStringSubmatch(l.text, -1) {
				table := strings.ToLower(m[1])
				owner, known := t.tables[table]
				if !known {
					prefix, _, _ := strings.Cut(table, "_")
					owner = prefixes[prefix]
					if owner == "" || owner == mine {
						continue // a CTE, a name of the engine's, or a word of prose
					}
				}
				if owner != mine {
					faults = append(faults, fmt.Sprintf("%s: %s names the table %s of %s", l.at, p.path, table, owner))
				}
			}
		}
	}
	return faults
}

var listed = regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \| ([^|]*) \|$`)

// listedRooms: ARCHITECTURE.md lists exactly the rooms that exist, floor by
// floor, core in its order.
func (t *tree) listedRooms() (faults []string) {
	exist := map[string][]string{}
	for _, p := range t.packages {
		if r := room(p.path); r != "" && p.name != "" {
			f, name := strings.Split(r, "/")[1], path.Base(r)
			if !slices.Contains(exist[f], name) {
				exist[f] = append(exist[f], name)
			}
		}
	}
	for _, f := range []string{"platform", "core", "modules"} {
		_, section, found := strings.Cut(t.architecture, "\n### "+strings.ToUpper(f[:1])+f[1:])
		if !found {
			faults = append(faults, "ARCHITECTURE.md has no section on "+f)
			continue
		}
		section, _, _ = strings.Cut(section, "\n##")
		var names []string
		for _, m := range listed.FindAllStringSubmatch(section, -1) {
			if m[1] == "room" {
				continue
			}
			names = append(names, m[1])
			if !slices.Contains(exist[f], m[1]) {
				faults = append(faults, fmt.Sprintf("ARCHITECTURE.md lists %s/%s, which does not exist", f, m[1]))
			}
			if strings.TrimSpace(m[2]) == "" {
				faults = append(faults, fmt.Sprintf("ARCHITECTURE.md says nothing about %s/%s", f, m[1]))
			}
		}
		for _, name := range exist[f] {
			if !slices.Contains(names, name) {
				faults = append(faults, fmt.Sprintf("ARCHITECTURE.md does not list %s/%s", f, name))
			}
		}
		if f == "core" && !slices.Equal(names, coreOrder) {
			faults = append(faults, fmt.Sprintf("ARCHITECTURE.md lists core as %v, the order of imports is %v", names, coreOrder))
		}
	}
	return faults
}

// migrations: every line of migrations has the same steps on both engines.
func (t *tree) migrations() (faults []string) {
	for _, p := range t.packages {
		r := room(p.path)
		if r == "" || r != p.path {
			continue
		}
		dir := r + "/migrations"
		if _, err := fs.Stat(t.fsys, dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		sub, err := fs.Sub(t.fsys, dir)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		steps, err := sqldb.Line{Name: path.Base(r), FS: sub}.Steps()
		if err != nil {
			faults = append(faults, err.Error())
		}
		for _, s := range steps {
			lite, pg := tablesIn(s.SQL[sqldb.SQLite]), tablesIn(s.SQL[sqldb.Postgres])
			if !slices.Equal(lite, pg) {
				faults = append(faults, fmt.Sprintf("%s/%04d_%s creates %v on SQLite and %v on PostgreSQL", dir, s.Number, s.Name, lite, pg))
			}
		}
	}
	return faults
}

// tablesIn are the ordinary tables a migration creates. Search tables are each
// engine's own affair.
func tablesIn(text string) (names []string) {
	for _, m := range createTable.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(strings.ToUpper(m[0]), "VIRTUAL") {
			names = append(names, strings.ToLower(m[1]))
		}
	}
	slices.Sort(names)
	return names
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func repositoryRoot(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above this package")
		}
		dir = parent
	}
}

func TestArchitecture(t *testing.T) {
	house, err := plant(os.DirFS(repositoryRoot(t)), "motcua")
	if err != nil {
		t.Fatal(err)
	}
	if len(house.packages) < 20 || len(house.tables) < 10 {
		t.Fatalf("only %d packages and %d tables seen: the test looks in the wrong place", len(house.packages), len(house.tables))
	}
	for name, rule := range map[string]func() []string{
		"arrows": house.arrows, "package comments": house.comments, "tables": house.ownTables,
		"ARCHITECTURE.md": house.listedRooms, "migrations": house.migrations,
	} {
		t.Run(name, func(t *testing.T) {
			for _, fault := range rule() {
				t.Error(fault)
			}
		})
	}
}

// cgoPackages returns the packages outside the standard library, among those
// that `go list -deps -json` printed, that would be compiled with cgo.
func cgoPackages(list io.Reader) (faults []string, seen int, err error) {
	for dec := json.NewDecoder(list); ; seen++ {
		var p struct {
			ImportPath string
			Standard   bool
			CgoFiles   []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return faults, seen, nil
		} else if err != nil {
			return nil, 0, err
		}
		if !p.Standard && len(p.CgoFiles) > 0 {
			faults = append(faults, fmt.Sprintf("%s needs cgo (%s)", p.ImportPath, p.CgoFiles[0]))
		}
	}
}

// The program is one static file: none of its packages needs a C compiler.
func TestMainIsFreeOfCgo(t *testing.T) {
	if testing.Short() {
		t.Skip("lists all dependencies")
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,CgoFiles", "./cmd/motcua")
	cmd.Dir = repositoryRoot(t)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // or the files would not be listed
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	faults, seen, err := cgoPackages(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Fatalf("only %d packages listed", seen)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}
