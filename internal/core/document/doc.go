// Package document issues the papers of the house (giấy tờ, biểu mẫu): immutable
// PDF files with a number, a hash and a code by which anybody can check them.
//
// Two families: the seven forms of TT 03/2025/TT-VPCP (01 receipt and appointment
// slip, 02 supplement request, 03 refusal, 04 apology and extension, 05 notice of
// stopping, 06 control sheet, 07 register of dossiers), and results drawn from the
// templates of packs. The layout follows Nghị định 30/2020/NĐ-CP, Phụ lục I:
// Quốc hiệu and Tiêu ngữ, issuing agency, number and notation, place and date,
// margins, a Times-like font.
//
// [Service.Issue] takes the number and keeps the data in the caller's transaction;
// the PDF is drawn afterwards by a job (or at once when somebody opens it) and
// never changes: a correction is a new paper. Drawing is deterministic, so that a
// job that runs twice stores the same bytes.
//
// Numbers run per agency, year and series without gaps in meaning: a number is
// given once and stays visible when the paper is cancelled (NĐ 30/2020 Đ15).
package document
