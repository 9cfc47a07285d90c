// Package calendar answers one question: when does an office work? From that
// follow working days (ngày làm việc), working hours (giờ làm việc) and every due
// date of the house. It is pure: a [Calendar] is a value, and a question to it
// depends on nothing else.
//
// # What it is made of
//
// A week of office hours, and the days that differ from it: public holidays (ngày
// lễ, Tết: Bộ luật Lao động 2019, Điều 112), days off in lieu (nghỉ bù: Điều 111
// khoản 3), days swapped by the Government (hoán đổi: a weekday off, a Saturday
// worked), closures and special hours of one agency. [National] holds the week of
// state offices and the days of 2015 onwards; a province, a commune or a police
// post lays its own differences over it with [Calendar.Overlay].
//
// # Working hours and office hours
//
// One working day is eight working hours in law (Bộ luật Lao động 2019, Điều 105;
// procedures published in hours count 8 for a day), whatever the clock on the door
// says: offices open 7.5 hours or 8.5 hours a day exist. Here a full day is worth
// [FullDay] and a half day (một buổi) [HalfDay]; the worth of a day runs evenly
// while the office is open that day. In an office open 07:30–11:30 and 13:30–17:30
// a working hour is an hour of the clock; in one that closes at 17:00 it passes in
// 56 minutes and 15 seconds. So "8 hours" and "1 day" never differ, and a term does
// not depend on whether somebody stored it in hours or in days.
//
// A day is a half day when the office is open for five hours or less; two half days
// count as one working day in a term of days. A Saturday morning therefore helps to
// end a term a little earlier and never shortens a day that the law gives the
// office to half of it.
//
// # Exactness
//
// Working time is measured on one line: [Calendar.Between] is additive
// (a..b plus b..c is a..c, to the nanosecond) and [Calendar.Add] is its inverse.
// Everything is integer arithmetic in the fixed zone UTC+7.
package calendar
