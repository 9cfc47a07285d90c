// Package pack reads sector packs: folders of declarations (registers, procedures,
// forms, flows, templates, roles) and the acceptance cases that prove them.
//
//   - [Check] reads packs strictly and reports every problem at once with its file
//     and line: unknown keys, rules that do not compile, references that lead
//     nowhere, mandatory parts that are missing.
//   - [Test] also runs the acceptance cases, without a database: answers are judged
//     by the form, the dossier walks through the flow, the legal clock counts on the
//     national calendar. A rule or a button that no case exercises is a gap.
//   - [Service.Load] puts packs in force in one transaction, [Service.Diff] says
//     before what would change, [Service.Rollback] goes back to the load before.
//
// A pack with a problem, a failed case or a gap is not loaded: what its own authors
// have not tried, no citizen shall be the first to try. Dossiers are not touched by
// a load: they stay with the version they were filed under.
package pack
