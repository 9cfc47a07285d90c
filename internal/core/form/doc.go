// Package form holds the electronic forms (tờ khai điện tử) of procedures.
//
// A form is data: a [Definition] in YAML, checked as a whole by [Compile] (every
// problem at once, with its line), which makes an immutable [Form]. The same form
// draws the pages (View), reads what was posted (Parse) or sent by the API
// (ParseJSON), validates it by one JSON Schema 2020-12 plus its rules in CEL
// (Validate), and shows it to people (Summary).
//
// Invariants: what is hidden is neither asked nor kept; what is computed is
// computed here, never taken from a client; what was typed is never lost, even
// when it cannot be read; an answer nobody asked for is refused.
package form
