// Package flow is the electronic process table (quy trình điện tử) as data and
// the engine that moves a dossier along it.
//
// A [Definition] is read from YAML, checked as a whole by [Compile] (every
// problem at once) and becomes an immutable [Flow]. Where one dossier stands is a
// [Run], a plain JSON value. The engine is pure: [Flow.Start] and [Flow.Act] take
// a run, who acts and what is known, and return the new run with the list of
// [Effect] the caller must carry out in the same transaction. It knows no clock,
// no database and no calendar of its own.
//
// Stages (giai đoạn) are what the citizen sees, steps (bước) what the staff sees.
// Every step maps to one of the ten national statuses; only the transitions of
// the national list are possible (status.go).
package flow
