package app

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/journal"
)

// Every key that code hands to the words is there, with every placeholder that its
// words have; and every word that is there is spoken somewhere. Code is read, not
// run: a key that is put together counts as the pattern of its fixed parts.
func TestEveryKeyHasItsWords(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	cliWords, err := i18n.New(dirFS(t, "cli"), journal.Locales(), ident.Locales(), Locales())
	if err != nil {
		t.Fatal(err)
	}
	code := readCode(t, filepath.Join("..", ".."))
	checked, patterns := 0, 0
	for _, use := range code.uses() {
		words := a.Bundle
		if use.dir == "internal/app/cli" {
			words = cliWords
		}
		if use.key == "" {
			patterns++
			if !slices.ContainsFunc(words.Keys(i18n.VI), use.pattern.MatchString) {
				t.Errorf("%s: no key fits %s", use.at, use.pattern)
			}
			continue
		}
		checked++
		if !words.Has(i18n.VI, use.key) {
			t.Errorf("%s: no words for %q", use.at, use.key)
			continue
		}
		if use.given == nil {
			continue
		}
		if slices.Contains(filledLater, use.key) && len(use.given) == 0 {
			continue
		}
		for _, lang := range i18n.Languages() {
			for _, hole := range gaps(words, lang, use.key) {
				if !slices.Contains(use.given, hole) {
					t.Errorf("%s: the %s words of %q want {%s}, which is not given", use.at, lang, use.key, hole)
				}
			}
		}
	}
	if checked < 400 || patterns < 10 {
		t.Errorf("only %d keys and %d patterns seen: the reader of the code is blind", checked, patterns)
	}
	for _, key := range a.Bundle.Keys(i18n.VI) {
		if !code.speaks(key) {
			t.Errorf("nobody says %q", key)
		}
	}
}

// filledLater are errors that are made bare and given their placeholders by the one
// caller of their maker.
var filledLater = []string{"error.form.option", "error.form.number", "error.flow.blocked"}

// gaps are the placeholders of all forms of a key.
func gaps(b *i18n.Bundle, lang, key string) (names []string) {
	for _, n := range []int{1, 2} {
		for _, m := range hole.FindAllStringSubmatch(b.T(lang, key, "n", n), -1) {
			names = append(names, m[1])
		}
	}
	if b.T(lang, key, "n", 1) != b.T(lang, key, "n", 7) {
		names = append(names, "n")
	}
	return names
}

var hole = regexp.MustCompile(`\{([a-zA-Z_][a-zA-Z0-9_.]*)\}`)

func dirFS(t *testing.T, dir string) fs.FS {
	t.Helper()
	sub, err := fs.Sub(os.DirFS("."), dir)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// use is one place where code asks for words.
type use struct {
	at      string
	dir     string         // package folder from the root
	key     string         // "" when it is put together
	pattern *regexp.Regexp // of a key that is put together
	given   []string       // names of placeholders; nil when they cannot be told
}

// speaker is a function that takes a key.
type speaker struct {
	arg    int      // which argument the key is
	prefix string   // what is put before it
	kv     int      // where name, value, name, value… begin; -1 they cannot be told
	more   []string // names that it gives itself
	maybe  bool     // it asks first whether there are words
}

// source is the code of the house, parsed.
type source struct {
	fset     *token.FileSet
	files    []sourceFile
	speakers map[string][]speaker // "dir.Func" or "dir.(method)"
	consts   map[string]string    // "dir.Name"
	literals map[string]struct{}  // every string in the code
	glued    []*regexp.Regexp     // every string that something is put after or before
}

type sourceFile struct {
	dir     string
	ast     *ast.File
	imports map[string]string // name → folder of ours
}

func readCode(t *testing.T, root string) *source {
	t.Helper()
	s := &source{fset: token.NewFileSet(), consts: map[string]string{}, literals: map[string]struct{}{}, speakers: map[string][]speaker{
		"internal/platform/i18n.T":           {{arg: 1, kv: 2}},
		"internal/platform/i18n.TMap":        {{arg: 1, kv: -1}},
		"internal/platform/web.Flash":        {{arg: 2, kv: 3}},
		"internal/platform/web.FlashWarning": {{arg: 2, kv: 3}},
		"internal/platform/errs.New":         {{arg: 1, prefix: "error.", kv: 2}},
		"internal/platform/errs.NewNotFound": {{arg: 0, prefix: "error.", kv: 1}},
		"internal/platform/errs.NewConflict": {{arg: 0, prefix: "error.", kv: 1}},
		"internal/platform/errs.Bad":         {{arg: 1, prefix: "error.", kv: 2}},
	}}
	for _, top := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(s.fset, file, nil, 0)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil {
				return err
			}
			s.add(filepath.ToSlash(rel), f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for s.learn() {
	}
	return s
}

func (s *source) add(dir string, f *ast.File) {
	sf := sourceFile{dir: dir, ast: f, imports: map[string]string{}}
	for _, im := range f.Imports {
		p, err := strconv.Unquote(im.Path.Value)
		if inside, ours := strings.CutPrefix(p, "motcua/"); err == nil && ours {
			name := path.Base(inside)
			if im.Name != nil {
				name = im.Name.Name
			}
			sf.imports[name] = inside
		}
	}
	s.files = append(s.files, sf)
	for _, decl := range f.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec) //nolint:forcetypeassert // a const is one
				for i, n := range v.Names {
					if i < len(v.Values) {
						if text, ok := stringOf(v.Values[i]); ok {
							s.consts[dir+"."+n.Name] = text
						}
					}
				}
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if text, ok := stringOf(n); ok {
				s.literals[text] = struct{}{}
				if strings.HasSuffix(text, ".") && len(text) > 4 {
					s.glued = append(s.glued, regexp.MustCompile("^"+regexp.QuoteMeta(text)))
				}
			}
		case *ast.BinaryExpr:
			if re := s.glue(sf, n); re != nil {
				s.glued = append(s.glued, re)
			}
		case *ast.CallExpr:
			// fmt.Sprint("title.", x) glues as well.
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "Sprint") && len(n.Args) > 1 {
				if text, ok := stringOf(n.Args[0]); ok {
					if text, _, _ = strings.Cut(text, "%"); strings.Contains(text, ".") && len(text) > 3 {
						s.glued = append(s.glued, regexp.MustCompile("^"+regexp.QuoteMeta(text)+".+$"))
					}
				}
			}
		}
		return true
	})
}

func stringOf(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// glue is the pattern of a string that is put together, nil when it has too little
// that is fixed to say anything.
func (s *source) glue(f sourceFile, e *ast.BinaryExpr) *regexp.Regexp {
	if e.Op != token.ADD {
		return nil
	}
	var parts []string
	fixed := 0
	var walk func(ast.Expr)
	walk = func(e ast.Expr) {
		if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.ADD {
			walk(b.X)
			walk(b.Y)
			return
		}
		if text, ok := s.fixed(f, e); ok {
			fixed += len(text)
			parts = append(parts, regexp.QuoteMeta(text))
			return
		}
		parts = append(parts, ".+")
	}
	walk(e)
	if fixed < 4 || !strings.Contains(strings.ReplaceAll(strings.Join(parts, ""), ".+", ""), ".") {
		return nil
	}
	return regexp.MustCompile("^" + strings.Join(parts, "") + "$")
}

// fixed is the value of a literal or a constant of the same package.
func (s *source) fixed(f sourceFile, e ast.Expr) (string, bool) {
	if id, ok := e.(*ast.Ident); ok {
		text, ok := s.consts[f.dir+"."+id.Name]
		return text, ok
	}
	return stringOf(e)
}

// speakersOf are the ways in which the function that a call calls takes keys.
func (s *source) speakersOf(f sourceFile, call *ast.CallExpr) []speaker {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return s.speakers[f.dir+"."+fun.Name]
	case *ast.SelectorExpr:
		if pkg, ok := fun.X.(*ast.Ident); ok && f.imports[pkg.Name] != "" {
			return s.speakers[f.imports[pkg.Name]+"."+fun.Sel.Name]
		}
		if own := s.speakers[f.dir+".("+fun.Sel.Name+")"]; own != nil {
			return own
		}
		if fun.Sel.Name == "T" && len(call.Args) >= 2 { // (*i18n.Bundle).T
			return []speaker{{arg: 1, kv: 2}}
		}
	}
	return nil
}

// learn finds functions that hand a parameter on as a key, and reports whether
// there was a new one.
func (s *source) learn() (news bool) {
	for _, f := range s.files {
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil || f.dir == "internal/platform/i18n" || f.dir == "internal/platform/errs" {
				continue
			}
			name := f.dir + "." + fn.Name.Name
			if fn.Recv != nil {
				name = f.dir + ".(" + fn.Name.Name + ")"
			}
			params, variadic := paramsOf(fn)
			asked := askedFirst(fn)
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				for _, sp := range s.speakersOf(f, call) {
					made, ok := s.handsOn(f, call, sp, params, variadic)
					if !ok {
						continue
					}
					made.maybe = made.maybe || slices.Contains(asked, types.ExprString(call.Args[sp.arg]))
					if !slices.ContainsFunc(s.speakers[name], func(have speaker) bool { return have.arg == made.arg && have.prefix == made.prefix }) {
						s.speakers[name], news = append(s.speakers[name], made), true
					}
				}
				return true
			})
		}
	}
	return news
}

// handsOn is what a function with params becomes by making a call to sp.
func (s *source) handsOn(f sourceFile, call *ast.CallExpr, sp speaker, params []string, variadic int) (speaker, bool) {
	if sp.arg >= len(call.Args) {
		return sp, false
	}
	prefix, last := sp.prefix, call.Args[sp.arg]
	if b, ok := last.(*ast.BinaryExpr); ok && b.Op == token.ADD {
		if text, ok := s.fixed(f, b.X); ok {
			prefix, last = prefix+text, b.Y
		}
	}
	id, ok := last.(*ast.Ident)
	if !ok || !slices.Contains(params, id.Name) {
		return sp, false
	}
	made := speaker{arg: slices.Index(params, id.Name), prefix: prefix, kv: -1, maybe: sp.maybe}
	switch {
	case call.Ellipsis.IsValid() && variadic >= 0:
		if tail, ok := call.Args[len(call.Args)-1].(*ast.Ident); ok && params[variadic] == tail.Name {
			made.kv = variadic
		}
	case !call.Ellipsis.IsValid() && sp.kv >= 0 && len(call.Args) >= sp.kv:
		made.more = append(names(call.Args[sp.kv:]), sp.more...)
		made.kv = len(params) // nothing more comes from the caller
	}
	return made, true
}

// askedFirst are the keys of which a function asks whether there are words.
func askedFirst(fn *ast.FuncDecl) (keys []string) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 2 {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Has" {
				keys = append(keys, types.ExprString(call.Args[1]))
			}
		}
		return true
	})
	return keys
}

func paramsOf(fn *ast.FuncDecl) (names []string, variadic int) {
	variadic = -1
	for _, p := range fn.Type.Params.List {
		if len(p.Names) == 0 {
			names = append(names, "_")
		}
		for _, n := range p.Names {
			if _, ok := p.Type.(*ast.Ellipsis); ok {
				variadic = len(names)
			}
			names = append(names, n.Name)
		}
	}
	return names, variadic
}

// names are the literal names of a list of name, value, name, value….
func names(kv []ast.Expr) []string {
	out := []string{}
	for i := 0; i < len(kv); i += 2 {
		if text, ok := stringOf(kv[i]); ok {
			out = append(out, text)
		}
	}
	return out
}

// uses are all places that ask for words.
func (s *source) uses() (all []use) {
	for _, f := range s.files {
		for _, decl := range f.ast.Decls {
			values := assigned(decl)
			ast.Inspect(decl, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					for _, sp := range s.speakersOf(f, call) {
						if sp.arg < len(call.Args) && !sp.maybe {
							all = append(all, s.usesOf(f, call, sp, values)...)
						}
					}
				}
				return true
			})
		}
	}
	return all
}

func (s *source) usesOf(f sourceFile, call *ast.CallExpr, sp speaker, values map[string][]string) (all []use) {
	u := use{at: s.at(call), dir: f.dir}
	if sp.kv >= 0 && !call.Ellipsis.IsValid() {
		u.given = append([]string{}, sp.more...)
		if sp.kv < len(call.Args) {
			u.given = append(u.given, names(call.Args[sp.kv:])...)
		}
	}
	arg := call.Args[sp.arg]
	if text, ok := s.fixed(f, arg); ok && text != "" {
		u.key = sp.prefix + text
		return []use{u}
	}
	switch arg := arg.(type) {
	case *ast.BinaryExpr:
		if re := s.glue(f, arg); re != nil {
			u.pattern = regexp.MustCompile("^" + regexp.QuoteMeta(sp.prefix) + strings.TrimPrefix(re.String(), "^"))
			all = append(all, u)
		}
	case *ast.Ident:
		for _, text := range values[arg.Name] {
			u.key = sp.prefix + text
			all = append(all, u)
		}
	}
	return all
}

func (s *source) at(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", strings.TrimPrefix(filepath.ToSlash(p.Filename), "../../"), p.Line)
}

// assigned are the strings that variables of a function are ever set to, for those
// variables that are set to nothing else.
func assigned(decl ast.Decl) map[string][]string {
	values, other := map[string][]string{}, map[string]bool{}
	ast.Inspect(decl, func(n ast.Node) bool {
		set, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, l := range set.Lhs {
			id, ok := l.(*ast.Ident)
			if !ok {
				continue
			}
			if len(set.Lhs) != len(set.Rhs) {
				other[id.Name] = true
				continue
			}
			if text, ok := stringOf(set.Rhs[i]); ok && text != "" {
				values[id.Name] = append(values[id.Name], text)
			} else {
				other[id.Name] = true
			}
		}
		return true
	})
	for name := range other {
		delete(values, name)
	}
	return values
}

// speaks reports whether any code names the key: whole, or by the fixed parts of a
// key that is put together.
func (s *source) speaks(key string) bool {
	for _, k := range []string{key, strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")} {
		for _, form := range []string{k, strings.TrimPrefix(k, "error."), strings.TrimPrefix(k, "title.")} {
			if _, ok := s.literals[form]; ok {
				return true
			}
			for _, re := range s.glued {
				if re.MatchString(form) {
					return true
				}
			}
		}
	}
	return false
}
