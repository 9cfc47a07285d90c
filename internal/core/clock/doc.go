// Package clock is the legal clock (đồng hồ pháp lý) of a dossier: from what
// happened to it (received, stopped for a supplement, resumed, extended, finished)
// and the working calendar of the office it computes when the law wants the result,
// and can print why.
//
// Nobody ever writes a due date. A due date is [Due] of a [Term], the append-only
// entries and one version of the calendar; change the calendar and it is computed
// anew. Everything here is pure: no clock of its own, no database; the order in
// which entries are handed over does not matter.
//
// # The rules
//
//   - The clock starts at receipt (tiếp nhận), when the dossier is complete and
//     valid, not at online registration.
//   - Terms in hours run from that moment; in terms of days, weeks and months the
//     day of receipt does not count (Bộ luật Dân sự 2015, Điều 147).
//   - A term in working days (ngày làm việc) ends when the office closes on its last
//     working day.
//   - A term in calendar days (ngày) or months ends on that day; when the office is
//     closed then, on the next working day (Điều 148 khoản 5). A month ends on the
//     corresponding day, or on the last of a shorter month (khoản 3). The law's end of
//     the day is 24:00; a result can be handed over only while the counter is open, so
//     the due time is the closing time, never later than the law allows.
//   - "Trong ngày": a term with SameDayBefore counts the day of receipt as its first
//     day when the dossier came before that time ("nhận hồ sơ sau 15 giờ thì trả kết quả
//     vào ngày làm việc tiếp theo").
//   - While the clock is paused the office's time does not run: a supplement is asked
//     for (status 5), the citizen has a payment to make (6), the law suspends the case
//     (8), another authority must act first. In terms of hours and working days the due
//     time moves by the working time that was paused; in terms of calendar days and
//     months by the number of days from the pause to the resumption, where what happens
//     after closing time belongs to the next day.
//   - An extension (gia hạn, form 04 "xin lỗi và hẹn lại ngày trả kết quả") adds time on
//     a stated basis. It must come before the due time; one that comes later changes
//     nothing, because lateness cannot be undone (Nghị định 118/2025/NĐ-CP).
//   - For the same reason a pause that begins at or after the due time does not move it.
//   - When another agency takes over (chuyển cơ quan giải quyết, a move), the due time
//     that was promised stays promised. Pauses and extensions after it are measured by
//     the calendar of the new agency; those before it are no longer asked about.
//   - The clock stops when the processing ends (status 9) or the case is closed.
//
// On time means: stopped at or before the due time (Quyết định 766/QĐ-TTg, 2.1).
package clock
