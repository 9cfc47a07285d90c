package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A room made in a copy of the house builds, passes its own tests and those of
// the architecture. The compiler is shown the new files by an overlay on the
// house itself, so that only they are compiled.
func TestTheRoomIsGreenAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the house")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "ARCHITECTURE.md", "internal"} {
		if out, err := exec.CommandContext(t.Context(), "cp", "-r", filepath.Join(root, name), copied).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	written, err := generate(copied, "lottery")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := generate(copied, "lottery"); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("made twice: %v", err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, path := range written {
		overlay.Replace[filepath.Join(root, path)] = filepath.Join(copied, path)
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	shown := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(shown, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(dir, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	for room, tests := range map[string]string{
		"internal/modules/lottery": ".",
		"internal/app":             "TestArchitecture|TestHouse|TestLocaleIs|TestAccessMatrix|TestNavigation",
	} {
		binary := filepath.Join(t.TempDir(), "room.test")
		run(root, "go", "test", "-vet=off", "-overlay", shown, "-c", "-o", binary, "./"+room)
		out := run(filepath.Join(copied, room), binary, "-test.short", "-test.v", "-test.run", tests)
		if !strings.Contains(out, "--- PASS") {
			t.Errorf("%s: nothing ran:\n%s", room, out)
		}
	}
	out := run(copied, "gofmt", "-l", "internal/modules/lottery", "internal/app/modules.go")
	if strings.TrimSpace(strings.ReplaceAll(out, "internal/modules/lottery/pages_templ.go", "")) != "" {
		t.Errorf("gofmt: %s", out)
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

func TestAdmit(t *testing.T) {
	matrix := "# columns\n!.+  GET /a  [staff]\n+++  GET /z  [anyone]\n!.+  POST /a  [staff]\n"
	got, err := admit(matrix, "lottery")
	if err != nil {
		t.Fatal(err)
	}
	if want := "# columns\n!.+  GET /a  [staff]\n!.+  GET /lottery  [staff]\n+++  GET /z  [anyone]\n!.+  POST /a  [staff]\n!.+  POST /lottery  [staff]\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	if _, err := admit("# nothing\n", "lottery"); err == nil {
		t.Error("a matrix without staff is accepted")
	}
}
