// Package job does work outside requests: sending mail, rendering long lists,
// timers, what must happen every night.
//
// A job is a row written in the transaction that wants the work done, so there
// is never a job without its reason, nor a reason without its job. Workers of
// any replica take rows under a lease; a worker that dies loses the lease and
// another takes over. A job therefore runs at least once: handlers are written
// so that a second run does no harm. What keeps failing is parked where an
// operator sees it, and stops nobody else.
package job
