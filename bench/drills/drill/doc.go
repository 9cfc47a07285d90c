// Package drill is the frame of the fault drills: how one is declared, run,
// reported, and shown able to fail.
//
// A drill hurts a real house (kills it, cuts its power, fills its disk) while
// people work in it. Each of them keeps a ledger of what was acknowledged to
// them; afterwards the ledgers are held against what the house says. Every drill
// ends with one line of figures and PASS or FAIL, has a full edition and a short
// one for `make test`, and names ways to break it on purpose, under which it must
// fail: a drill that cannot fail proves nothing.
package drill
