// Package dossier is the heart of the house: the dossier of an administrative
// procedure (hồ sơ thủ tục hành chính), from the draft a citizen saves to the
// result that is handed over.
//
// Words: chủ hồ sơ is the owner, người nộp the submitter, thành phần hồ sơ the
// papers, mã hồ sơ the number ({agency id}-{yymmdd}-{nnnn}), phiếu bổ sung a
// supplement request, trích yếu the title. Law: NĐ 118/2025 (one-stop), TT
// 03/2025/TT-VPCP (forms 01-07), QĐ 766/QĐ-TTg (what counts as late).
//
// Invariants:
//   - a dossier is pinned to the procedure version it was filed under, for ever;
//   - its number is given once, in the transaction that creates it, and is never reused;
//   - the due time is computed from clock entries and a calendar, never written by hand;
//   - every change stands in the journal in the same transaction, and the row of
//     the dossier can be rebuilt from its events ([RebuildStatus]);
//   - every mutation takes an idempotency key: the same key gives the same answer;
//   - what a person may not see does not exist for them (NotFound).
//
// Journal events carry ids, codes and times only. Names, reasons and answers stay
// in rows that can be erased when the law says so.
package dossier
