// Package procedure is the catalogue of administrative procedures (thủ tục hành
// chính, TTHC): what the state offers, on which terms, and who offers it.
//
// A procedure is announced by a decision and described by the parts that Decree
// 63/2010/NĐ-CP article 8(2) makes mandatory; [Definition] carries them with the
// fields of the national database (CSDL quốc gia về TTHC). Terms and fees hang on
// the channel (cách thức thực hiện), steps and papers on the case (trường hợp).
//
// Invariants:
//   - A [Version] never changes after it is published. Publishing a definition
//     with the same content hash makes no new version; any other content makes the
//     next number. A dossier is pinned to the version it was received under, so
//     that version's form, flow and templates are kept for ever.
//   - The version in force on a day is the one with the highest number among those
//     whose validity covers the day; a withdrawn version covers none.
//   - An [Offer] (who receives it, through which channel, at which online level) is
//     derived from the version's rule and the agencies that exist on the day;
//     exceptions are kept per agency. A new commune offers at once, a closed one
//     at once no more.
package procedure
