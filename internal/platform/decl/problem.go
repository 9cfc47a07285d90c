package decl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is where a part of a declaration was written. Give a struct a field of this
// type and Decode fills it; the zero Pos means "built in Go, not read from a file".
type Pos struct {
	File string `json:"-" yaml:"-"`
	Line int    `json:"-" yaml:"-"` // from 1
	Col  int    `json:"-" yaml:"-"` // from 1
}

// String gives file:line, the form editors open on a click.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("line %d", p.Line)
	default:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
}

// At makes a problem at p.
func (p Pos) At(format string, args ...any) Problem {
	return Problem{Pos: p, Message: fmt.Sprintf(format, args...)}
}

// Problem is one thing wrong with a declaration, in words for its author.
type Problem struct {
	Pos
	Message string
}

// String gives "file:line: message".
func (p Problem) String() string {
	if where := p.Pos.String(); where != "" {
		return where + ": " + p.Message
	}
	return p.Message
}

// Problems is every thing wrong with one or more declarations. It is an error;
// use Err so that an empty list is a nil error.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns ps in the order of the files, each problem once, or nil when there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.Compact(sorted)
}
