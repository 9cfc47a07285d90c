package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A room made in a copy of the house builds, passes its own tests and those of
// the architecture.
func TestTheRoomIsGreenAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a copy of the house")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "ARCHITECTURE.md", "internal", "packs", "web", "cmd"} {
		if out, err := exec.CommandContext(t.Context(), "cp", "-r", filepath.Join(root, name), copied).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	if _, err := generate(copied, "lottery"); err != nil {
		t.Fatal(err)
	}
	if _, err := generate(copied, "lottery"); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("made twice: %v", err)
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = copied
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("vet", "./internal/modules/lottery", "./internal/app/...", "./cmd/...")
	run("test", "-short", "./internal/modules/lottery")
	run("test", "-short", "-run", "TestArchitecture|TestHouse|TestLocale", "./internal/app")
	formatted := exec.CommandContext(t.Context(), "gofmt", "-l", "internal/modules/lottery", "internal/app/modules.go")
	formatted.Dir = copied
	if out, err := formatted.CombinedOutput(); err != nil || strings.TrimSpace(strings.ReplaceAll(string(out), "internal/modules/lottery/pages_templ.go", "")) != "" {
		t.Errorf("gofmt: %v %s", err, out)
	}
}

func TestBadNamesWriteNothing(t *testing.T) {
	for _, name := range []string{"", "x", "Lottery", "lot-tery", "../evil", "1st", "util", "thisnameismuchtoolongforaroom"} {
		dir := t.TempDir()
		if _, err := generate(dir, name); err == nil {
			t.Errorf("%q: accepted", name)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) > 0 {
			t.Errorf("%q: wrote %v", name, entries)
		}
	}
}

func TestEnlistAndDescribe(t *testing.T) {
	list := "package app\n\nimport (\n\t\"motcua/internal/modules/account\"\n\t\"motcua/internal/modules/portal\"\n)\n\nvar x = []any{\n" + marker + "}\n"
	got, err := enlist(list, "lottery")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Index(got, "modules/account") > strings.Index(got, "modules/lottery") || strings.Index(got, "modules/lottery") > strings.Index(got, "modules/portal") {
		t.Errorf("the import is not in its place:\n%s", got)
	}
	if !strings.Contains(got, "lottery.New(lottery.Deps{") {
		t.Errorf("not in the list:\n%s", got)
	}
	if _, err := enlist("package app\n", "lottery"); err == nil {
		t.Error("a list without the marker is accepted")
	}
	table := "# x\n\n### Modules\n\n| room | what it is |\n|---|---|\n| account | a |\n| portal | p |\n\n## More\n"
	for name, want := range map[string]string{"lottery": "| account | a |\n| lottery |", "zoo": "| portal | p |\n| zoo |", "aaa": "|---|---|\n| aaa |"} {
		got, err := describe(table, name)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	if _, err := describe("# x\n", "lottery"); err == nil {
		t.Error("a page without the section is accepted")
	}
}
