package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
)

// What the guides tell people to type is what the program understands.
func TestGuidesTellTheTruth(t *testing.T) {
	spoken, err := i18n.New(locales, journal.Locales())
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, guide := range []string{"operate.md", "api.md", "packs.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", guide))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range typed(string(text)) {
			commands++
			r := &run{ctx: t.Context(), env: Env{Stderr: new(bytes.Buffer)}, lang: "en", words: spoken}
			var g grammar
			parser, err := r.parser(&g, new(bytes.Buffer))
			if err != nil {
				t.Fatal(err)
			}
			// A guide imagines files, and names a command without what belongs to it.
			if _, err := parser.Parse(line); err != nil && !strings.Contains(err.Error(), "no such file") && !strings.HasPrefix(err.Error(), `expected "<`) {
				t.Errorf("%s: motcua %s: %v", guide, strings.Join(line, " "), err)
			}
		}
	}
	if commands < 20 {
		t.Errorf("only %d commands found in the guides", commands)
	}
}

// The settings that the guide for operators recommends are sound.
func TestRecommendedSettings(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "motcua.toml")
	block := regexp.MustCompile(`(?s)\n    dir = .*?\n\n[^ ]`).FindString(string(text))
	if !strings.Contains(block, "public_url") {
		t.Fatalf("no settings in the guide: %s", block)
	}
	if err := os.WriteFile(file, []byte(block[:len(block)-1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, stderr := motcua(t, "--config", file, "config", "check"); status != exitOK {
		t.Error(out, stderr)
	}
}

// typed are the commands of a guide: in indented lines, and between backquotes.
func typed(guide string) (lines [][]string) {
	guide = regexp.MustCompile(`\s+`).ReplaceAllStringFunc(guide, func(s string) string {
		if strings.HasPrefix(s, "\n") && !strings.HasPrefix(strings.TrimLeft(s, "\n"), "    ") && strings.Count(s, "\n") == 1 {
			return " " // a command between backquotes may be broken over two lines
		}
		return s
	})
	for _, m := range regexp.MustCompile("(?:\\n {4}|`)motcua ([^`\\n]*)").FindAllStringSubmatch(guide, -1) {
		words := regexp.MustCompile(`"[^"]*"|[^ ]+`).FindAllString(m[1], -1)
		for i := range words {
			words[i] = strings.Trim(words[i], `"`)
			if words[i] == ">" { // what comes after is the shell's
				words = words[:i]
				break
			}
		}
		if len(words) > 0 && !strings.ContainsAny(m[1], "…|") && !slices.Contains(words, "--help") {
			lines = append(lines, words)
		}
	}
	return lines
}
