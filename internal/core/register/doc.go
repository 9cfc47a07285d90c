// Package register keeps the books of the state (sổ đăng ký, cơ sở dữ liệu kết
// quả): what was issued, to whom, under which number, and whether it still stands.
//
// A [Definition] (file of a pack) says how entries of one register are numbered,
// what they keep, how long they are valid and what the public may look up. An
// [Entry] is written when a dossier ends well. Its number comes from a counter per
// register, agency and year in the transaction that writes it; numbers are never
// reused and a revoked entry stays visible under its number (handbook trap 13).
//
// An entry is valid, suspended (tạm đình chỉ), revoked (thu hồi) or expired (hết
// hiệu lực). Every change stands in an append-only history with its reason and
// legal basis; corrections are new history lines, never edits.
//
// The issuer of an entry never changes. When a decree ends it, another agency keeps
// the book on (see [Service.Keep]): it answers for the entries, and whoever looks one
// up reads both names.
//
// Once only (NĐ 45/2020): [Service.FindForHolder] finds the results a person
// already has, so that nobody is asked for a paper the state keeps.
//
// The public sees only what the definition shows, never a citizen number or a
// date of birth, whatever a definition says.
package register
