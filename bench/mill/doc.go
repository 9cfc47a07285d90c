// Package mill fills a house with as many dossiers as a province has after years,
// in minutes, for measuring.
//
// It takes a demo house, in which every dossier has lived its life through the
// real services, and mills copies of those lives: new ids, numbers, names,
// citizen numbers, agencies and times, the same everything else. Rows go straight
// into the tables with their indexes away; the ledger is hashed and chained as
// the sealer would, so that `motcua audit verify` holds afterwards and the row of
// every dossier says what its events say.
//
// What a milled province is:
//   - five years of dossiers, evenly; one in fifty is still open;
//   - 120 communes beside the three agencies of the demo; the ward of the demo has
//     a tenth of everything, which is the worst queue;
//   - dossiers of the last year have their whole lives; older ones were taken over
//     from the system before: head, parties, answers, papers, clock, lists, search,
//     and two events each, the filing and the end;
//   - issued papers, register entries, uploads, notices and reminders are not
//     milled: the dossiers refer to none.
//
// The same demo, size and seed give the same rows.
package mill
