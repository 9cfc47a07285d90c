package e2e

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// This file comes last, so that its test runs last: it reads what every other test
// has caused to be logged.

// citizenNumber is any twelve digits that could be one; the end of a row id is not.
var citizenNumber = regexp.MustCompile(`(?:^|[^0-9a-f-])(0\d{11})(?:[^0-9a-f]|$)`)

// Not one log line of the whole run holds a name, number, address, password or
// token of anybody: neither those that the tests made up nor those of the demo.
func TestLogsHoldNoPersonalData(t *testing.T) {
	p := program(t)
	logs, err := p.Logs()
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{"motcua-demo-2026": true, "mctk_": true}
	planted.Lock()
	for w := range planted.words {
		words[w] = true
	}
	planted.Unlock()
	for _, d := range demos {
		people(t, d.open(t), words)
	}
	if shared != nil {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(shared.dir), "log"))
		if err != nil {
			t.Fatal(err)
		}
		logs["browser"] = string(text)
		people(t, house{dir: shared.dir}.open(t), words)
	}
	lines, found := 0, 0
	for file, text := range logs {
		lines += strings.Count(text, "\n")
		for w := range words {
			if at := strings.Index(text, w); at >= 0 && found < 20 {
				found++
				t.Errorf("%s holds %q: …%s…", file, w, text[max(0, at-200):min(len(text), at+100)])
			}
		}
		for _, m := range citizenNumber.FindAllStringSubmatch(text, 5) {
			t.Errorf("%s holds what looks like a citizen number: %s", file, m[1])
		}
	}
	t.Logf("%d words in %d lines of %d logs", len(words), lines, len(logs))
	if len(demos) > 0 && (lines < 100 || len(words) < 100) {
		t.Error("there was nothing to read")
	}
}

// people adds everybody who is known to a house.
func people(t *testing.T, db *sql.DB, words map[string]bool) {
	t.Helper()
	for _, query := range []string{
		`SELECT name FROM identity_account`, `SELECT COALESCE(citizen_no, '') FROM identity_account`, `SELECT phone FROM identity_account`,
		`SELECT email FROM identity_account`, `SELECT address FROM identity_account`, `SELECT owner_name FROM dossier_dossier`, `SELECT title FROM dossier_dossier`,
	} {
		rows, err := db.Query(query + ` LIMIT 5000`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var w string
			if err := rows.Scan(&w); err != nil {
				t.Fatal(err)
			}
			if len(w) >= 8 { // shorter ones are words of any sentence
				words[w] = true
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}
