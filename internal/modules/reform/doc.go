// Package reform carries a province through a decree on its administrative units
// and agencies (sắp xếp đơn vị hành chính và tổ chức bộ máy): a level abolished,
// communes merged or split, agencies renamed, moved or created, from a day on.
//
// A decree is a file ([File]). It is checked as a whole, every mistake with its line.
// The dry run (chạy thử) lists everything that would change, each with from and to:
// agencies, posts, accounts, open dossiers, entries of registers, calendars, offers.
// Applied, it is written in one transaction at 00:00 of its day, Vietnam time, or at
// once when that day has come. Until then it can be taken back (hủy); not after,
// because from then on the successors have acted: going back is another decree.
//
// Invariants: every open dossier, post and entry has exactly one owner before and
// after; what has ended, the journal, and the figures of past months do not change;
// codes, numbers and links given before lead where they should; a decree is applied
// once, whatever number of replicas tries.
//
// Each room does its own part in the transaction it is given: org.Change,
// dossier.HandOver, register.Keep, procedure.SucceedOffers, identity.MoveHome. This
// one reads the decree, decides who gets what, and keeps the list.
//
// Law: Nghị quyết 202/2025/QH15, Luật Tổ chức chính quyền địa phương 72/2025/QH15.
// Rows are kept for good: they are the record of what became of the agencies.
package reform
