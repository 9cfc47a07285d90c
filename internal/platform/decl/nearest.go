package decl

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Nearest returns the name that word most likely meant, or "" when none is near:
// at most a third of the letters may differ.
func Nearest(word string, names []string) string {
	best, bestDistance := "", len(word)/3+1
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := distance(word, name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or change, and the neighbours to
// swap (Levenshtein with transpositions).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			cost = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, before[j-1]+1)
			}
			row[j+1] = cost
		}
	}
	return row[len(b)]
}

// syntaxProblem turns "yaml: line 7: did not find…" into a problem on line 7.
func syntaxProblem(file string, err error) Problem {
	return problemAt(Pos{File: file}, errors.New(strings.TrimPrefix(err.Error(), "yaml: ")))
}

// problemAt reads the line out of an error that names one.
func problemAt(pos Pos, err error) Problem {
	msg := err.Error()
	var typeErr *yaml.TypeError
	if errors.As(err, &typeErr) && len(typeErr.Errors) > 0 {
		msg = typeErr.Errors[0]
	}
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if digits, text, ok := strings.Cut(rest, ": "); ok {
			if line, e := strconv.Atoi(digits); e == nil {
				pos.Line, pos.Col, msg = line, 0, text
			}
		}
	}
	if strings.HasPrefix(msg, "a text has the languages") {
		msg += " (inside {…} a sentence with a comma goes in quotes)"
	}
	return Problem{Pos: pos, Message: msg}
}
