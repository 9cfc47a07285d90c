// Command newmodule writes a new room of the house under internal/modules, green
// at once: types, rules, store with migration, page, words in two languages and
// tests on both engines. It adds the room to internal/app/modules.go, to the
// table of ARCHITECTURE.md and to the matrix of who may what.
//
//	make new-module name=lottery
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

//go:embed template/*
var templates embed.FS

func main() {
	name := flag.String("name", "", "name of the module: one short English noun in lower case")
	root := flag.String("root", ".", "root of the repository")
	flag.Parse()
	written, err := generate(*root, *name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "newmodule:", err)
		os.Exit(1)
	}
	for _, f := range written {
		fmt.Println(f)
	}
	fmt.Printf("\ngo test ./internal/modules/%s ./internal/app\nThen say in doc.go what it is for, and give it its real noun.\n", *name)
}

var goodName = regexp.MustCompile(`^[a-z][a-z0-9]{2,19}$`)

// reserved are words that a Go package should not have, and rooms elsewhere.
var reserved = []string{"app", "cmd", "core", "internal", "main", "modules", "platform", "test", "type", "func", "package", "util", "utils", "common"}

// files are what a room consists of: template → path in the room.
var files = map[string]string{
	"doc.go.tmpl": "doc.go", "noun.go.tmpl": "{name}.go", "service.go.tmpl": "service.go", "store.go.tmpl": "store.go", "pages.go.tmpl": "pages.go",
	"pages.templ.tmpl": "pages.templ", "module.go.tmpl": "module.go", "test.go.tmpl": "{name}_test.go",
	"migration.sql.tmpl": "migrations/0001_{name}.sql", "vi.json.tmpl": "locale/vi.json", "en.json.tmpl": "locale/en.json",
}

// generate writes the room and returns the paths of what it wrote or changed.
func generate(root, name string) ([]string, error) {
	switch {
	case !goodName.MatchString(name):
		return nil, fmt.Errorf("%q is no name for a module: 3 to 20 small letters and digits, beginning with a letter (make new-module name=lottery)", name)
	case slices.Contains(reserved, name):
		return nil, fmt.Errorf("%q means something else already", name)
	}
	for _, floor := range []string{"platform", "core", "modules"} {
		if _, err := os.Stat(filepath.Join(root, "internal", floor, name)); err == nil {
			return nil, fmt.Errorf("internal/%s/%s exists already", floor, name)
		}
	}
	room := filepath.Join("internal", "modules", name)
	data := struct{ Name, Title string }{name, strings.ToUpper(name[:1]) + name[1:]}

	// Everything is made in memory first: a failure leaves nothing half done.
	out := map[string][]byte{}
	for from, to := range files {
		text, err := templates.ReadFile("template/" + from)
		if err != nil {
			return nil, err
		}
		t, err := template.New(from).Delims("[[", "]]").Parse(string(text))
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return nil, err
		}
		content := b.Bytes()
		if strings.HasSuffix(to, ".go") {
			if content, err = format.Source(content); err != nil {
				return nil, fmt.Errorf("%s: %w", from, err)
			}
		}
		out[filepath.Join(room, strings.ReplaceAll(to, "{name}", name))] = content
	}
	list := filepath.Join("internal", "app", "modules.go")
	page := "ARCHITECTURE.md"
	matrix := filepath.Join("internal", "app", "testdata", "access.txt")
	for path, change := range map[string]func(string, string) (string, error){list: enlist, page: describe, matrix: admit} {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		changed, err := change(string(text), name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out[path] = []byte(changed)
	}
	var written []string
	for path, content := range out {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(full, content, 0o644); err != nil {
			return nil, err
		}
		written = append(written, path)
	}
	templ := exec.CommandContext(context.Background(), "go", "tool", "templ", "generate", "-f", filepath.Join(room, "pages.templ"))
	templ.Dir = root
	if text, err := templ.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("templ: %w\n%s", err, text)
	}
	if _, err := os.Stat(filepath.Join(root, room, "pages_templ.go")); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("templ wrote nothing")
	}
	written = append(written, filepath.Join(room, "pages_templ.go"))
	slices.Sort(written)
	return written, nil
}

// marker is the line of modules.go above which new rooms go.
const marker = "\t\t// `make new-module` adds above this line.\n"

// enlist adds the room to the list of what exists.
func enlist(text, name string) (string, error) {
	if strings.Count(text, marker) != 1 {
		return "", fmt.Errorf("the line %q must stand there once", strings.TrimSpace(marker))
	}
	text = strings.Replace(text, marker, fmt.Sprintf("\t\t%s.New(%s.Deps{DB: h.db, Journal: h.journal, Now: h.now}).Module(),\n", name, name)+marker, 1)
	anchor := "\t\"motcua/internal/modules/"
	at := strings.Index(text, anchor)
	if at < 0 {
		return "", errors.New("no module is imported there")
	}
	text = text[:at] + anchor + name + "\"\n" + text[at:]
	sorted, err := format.Source([]byte(text)) // puts the import in its place
	return string(sorted), err
}

var row = regexp.MustCompile(`^\| ([a-z0-9-]+) \| `)

// describe adds the room to the table of modules.
func describe(text, name string) (string, error) {
	head, section, found := strings.Cut(text, "\n### Modules")
	if !found {
		return "", errors.New("there is no section on modules")
	}
	lines := strings.Split(section, "\n")
	last := 0
	for i, l := range lines {
		m := row.FindStringSubmatch(l)
		if m == nil || m[1] == "room" {
			continue
		}
		if m[1] > name {
			last = i - 1
			break
		}
		last = i
	}
	if last == 0 {
		return "", errors.New("there is no table of modules")
	}
	lines = slices.Insert(lines, last+1, fmt.Sprintf("| %s | new: say here what it is |", name))
	return head + "\n### Modules" + strings.Join(lines, "\n"), nil
}

var matrixRow = regexp.MustCompile(`^([+.!]+)  (.+)  \[(.+)\]$`)

// admit adds the pages of the room to the access matrix: like every page for
// staff, open to whom the others are.
func admit(text, name string) (string, error) {
	lines := strings.Split(text, "\n")
	marks := ""
	for _, l := range lines {
		if m := matrixRow.FindStringSubmatch(l); m != nil && m[3] == "staff" {
			marks = m[1]
			break
		}
	}
	if marks == "" {
		return "", errors.New("there is no page for staff to go by")
	}
	for _, pattern := range []string{"GET /" + name, "POST /" + name} {
		at := len(lines)
		if lines[at-1] == "" { // the file ends with a line's end
			at--
		}
		for i, l := range lines {
			if m := matrixRow.FindStringSubmatch(l); m != nil && m[2] > pattern {
				at = i
				break
			}
		}
		lines = slices.Insert(lines, at, marks+"  "+pattern+"  [staff]")
	}
	return strings.Join(lines, "\n"), nil
}
