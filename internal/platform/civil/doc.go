// Package civil holds the time of citizens: calendar dates without a zone, dates
// of which only a part is known, and the one time zone of the country.
//
//   - [Date] is a day of the (Gregorian) calendar, ngày dương lịch. The zero Date
//     is "none": an open end, an unanswered question.
//   - [PartialDate] is a date as the civil-status books know it: a year, a year and
//     a month, or a full day. Birth dates of older people are often only a year.
//   - [Zone] is Asia/Ho_Chi_Minh, fixed at UTC+7. The country has one zone and no
//     summer time; a fixed zone gives the same answer on a machine without tzdata.
//
// Formats follow the law and habit of the place they appear in: screens
// 05/02/2026 14:30; printed documents "ngày 05 tháng 02 năm 2026" (Nghị định
// 30/2020/NĐ-CP, Phụ lục I); codes 260205; storage and interfaces 2026-02-05.
//
// Parse errors are *errs.Error of kind Invalid with a public code (date.format,
// date.nonexistent, …), ready to be put on a form field.
package civil
