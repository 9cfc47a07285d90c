// Package catalogue fills the catalogue of procedures from what the state publishes
// (danh mục thủ tục hành chính quốc gia) and watches over how complete it is.
//
// A run (lần nạp) reads files line by line as a job that can be stopped, killed and
// resumed; every line is accounted for: new, changed, unchanged, waiting for a
// decision, or refused with its place, field and remedy. What a run finds becomes a
// change (thay đổi) that an administrator accepts, or is applied at once. What is
// accepted becomes an entry (mục), published over core/procedure as a version that
// can be read and not filed.
//
// Invariants:
//   - One record is kept for each code and shape of source; the entry is made of the
//     most trusted full one, gaps filled from the others, and the corrections of
//     officers on top. Reading the same files again therefore changes nothing.
//   - A new version is published only when the entry's content changed. Versions
//     never change, so running dossiers stay with theirs.
//   - A pack is the authority for the procedures it brings: their entries are kept and
//     compared, never published.
//   - A correction holds as long as the words it was made of; when they change, the
//     entry says so.
//
// Lines of runs are kept for a year, everything else for ever. Law: Decree
// 63/2010/NĐ-CP article 8(2) (mandatory parts), Decision 766/QĐ-TTg indicators 1.1 to 1.3.
package catalogue
