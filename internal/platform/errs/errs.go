// Package errs holds the one error vocabulary of the house.
//
// An error has two readers. A person reads a sentence found by a stable public
// code (the locale key "error.<code>"); an operator reads the wrapped cause in
// the log, under the same reference. Anything that is not an *Error is
// Internal: people then see only a reference, never the cause.
//
// Not allowed looks exactly like not found: a room that refuses access returns
// NotFound with the code it uses for things that do not exist.
package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what the caller can do about an error; the web kit maps each kind
// to one HTTP status. The zero value is Internal, so that an unclassified error
// never blames the person.
type Kind int

// The kinds, with the HTTP status the web kit answers.
const (
	Internal        Kind = iota // 500: our fault
	Invalid                     // 422: the input is wrong; Fields say where
	NotFound                    // 404: absent, or not yours to see
	Unauthenticated             // 401: sign in first (pages redirect to the sign-in page)
	Conflict                    // 409: somebody was faster, or the state forbids it
	TooLarge                    // 413: over a stated limit
	RateLimited                 // 429: slow down
	Unavailable                 // 503: a part we need is down; try again
	Full                        // 507: no room left on the disk
	Gone                        // 410: was here, is no more
)

// Error is an error with a public face.
type Error struct {
	Kind   Kind
	Code   string         // public, stable, e.g. "dossier.already-received"
	Args   map[string]any // values for the placeholders of the sentence
	Fields []Field        // every bad input at once, in the order of the page
	Err    error          // the cause, for the log only
}

// Field is one bad input.
type Field struct {
	Name string         // form field name, as posted; a row of a group is "children.2.name"
	Code string         // locale key is "error.<Code>"
	Args map[string]any // values for the placeholders of the sentence
}

// Error describes the failure for logs; people never see it.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s:%s", f.Name, f.Code)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of kind k with a public code and key/value pairs for its sentence.
func New(k Kind, code string, kv ...any) *Error {
	return &Error{Kind: k, Code: code, Args: args(kv)}
}

// Because attaches the cause for the log and returns e.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// NewNotFound says that a thing is absent or not the caller's to see.
func NewNotFound(code string) *Error { return New(NotFound, code) }

// NewConflict says that the state of a thing forbids what was asked.
func NewConflict(code string, kv ...any) *Error { return New(Conflict, code, kv...) }

// NewInvalid gathers bad fields into one error; it returns nil when there are none.
// The result is a plain error so that nil stays nil.
func NewInvalid(fields ...Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "invalid-input", Fields: fields}
}

// Bad makes one Field.
func Bad(name, code string, kv ...any) Field {
	return Field{Name: name, Code: code, Args: args(kv)}
}

// As finds the *Error in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf returns the kind of the first *Error in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is an *Error of kind k.
func Is(err error, k Kind) bool {
	e, ok := As(err)
	return ok && e.Kind == k
}

// HasCode reports whether err carries the public code.
func HasCode(err error, code string) bool {
	e, ok := As(err)
	return ok && e.Code == code
}

func args(kv []any) map[string]any {
	if len(kv) == 0 {
		return nil
	}
	m := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		m[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return m
}
