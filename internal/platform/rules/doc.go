// Package rules evaluates the small expressions inside declarations: when a
// question is asked, when a button may be pressed. It is a thin, typed and bounded
// layer over CEL (Common Expression Language).
//
// A rule is compiled once against the variables it may use; a misspelt name or a
// text compared with a number is refused then, with its place in the rule.
// Evaluation costs at most [CostLimit] and never panics. Rules see no clock, no
// network and no state: the same scope always gives the same answer.
//
// Beside the functions of CEL (strings, math and lists extensions included):
//
//	filled(x)      bool    something was answered: a text that is not empty, a list with an
//	                       element, a number or yes/no that was given (0 and no are answers)
//	age(d)         int     full years lived on the day of judgement; a date of which only
//	                       the year (or month) is known counts from its first day, as the
//	                       pension rules do (Nghị định 135/2020/NĐ-CP)
//	days(a, b)     int     days from a to b, negative when b is earlier; a and b are dates
//	                       or today
//	sum(list), list.sum()  total of a list of numbers or amounts
//	today          the day of judgement (a timestamp, 00:00 in Vietnam)
//
// age and days of an unanswered date are *unknown*: the rule as a whole then is
// unknown ([ErrUnknown]) unless && or || decide it without that part. Callers treat
// unknown as "not now": do not show, do not require, do not blame.
package rules
