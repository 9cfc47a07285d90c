// Package desk is where officers and leaders work (bàn làm việc): queues with
// counters, one dossier with its papers beside its form, the clock explained, the
// way drawn, and the next action as the obvious button.
//
// What may be done is decided by the flow and said by it, also why not yet. The desk
// only draws and passes on: every act carries the version of the dossier that was
// seen, so that two officers cannot overwrite one another, and a key, so that a
// double click acts once.
package desk
