package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"

	"motcua/bench/drills/drill"
)

// The table of drills in docs/proof.md stands between these marks; nobody writes
// it by hand.
const (
	openMark  = "<!-- drills -->"
	closeMark = "<!-- /drills -->"
)

// machine says where and from what a run was made.
func machine() string {
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil { //nolint:noctx // at once
		commit = strings.TrimSpace(string(out))
	} else if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s", commit, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// chapter is what a page gets that has no table yet.
const chapter = "\n## Fault drills\n\n`make drills` writes this table; docs/drills.md says what each drill does and how it is shown able to fail.\n\n" + openMark + "\n" + closeMark + "\n"

// render puts what came out into the table of a page. Rows of drills that were
// not run stay; a full edition is never replaced by a short one, and a run that
// was broken on purpose never counts.
func render(page string, all []drill.Drill, ended []drill.Result, where string) (string, error) {
	if page == "" {
		page = "# Proof\n"
	}
	if !strings.Contains(page, openMark) && !strings.Contains(page, closeMark) {
		page += chapter
	}
	before, rest, ok := strings.Cut(page, openMark)
	table, after, ok2 := strings.Cut(rest, closeMark)
	if !ok || !ok2 {
		return "", fmt.Errorf("the page lacks %s … %s", openMark, closeMark)
	}
	rows := map[string]string{}
	for line := range strings.Lines(table) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok && strings.HasPrefix(line, "| ") {
			rows[name] = strings.TrimSuffix(line, "\n")
		}
	}
	for _, r := range ended {
		if r.Break != "" || r.Skipped != "" || r.Edition == "short" && strings.Contains(rows[r.Drill], "| full,") {
			continue
		}
		verdict := "pass"
		if !r.Pass {
			verdict = "**FAIL**"
		}
		rows[r.Drill] = fmt.Sprintf("| %s | %s | %s | %s | %s, %s, seed %d | %s, %s |", r.Drill, proves(all, r.Drill), r.Words(), verdict,
			r.Edition, drill.Brief(r.Took), r.Seed, r.At.Format("2006-01-02"), where)
	}
	var b strings.Builder
	b.WriteString("\n| drill | what it proves | figures | result | edition | run |\n|---|---|---|---|---|---|\n")
	for _, d := range all {
		if row := rows[d.Name]; row != "" {
			b.WriteString(row + "\n")
		}
	}
	return before + openMark + b.String() + closeMark + after, nil
}

func proves(all []drill.Drill, name string) string {
	for _, d := range all {
		if d.Name == name {
			return d.Proves
		}
	}
	return ""
}
