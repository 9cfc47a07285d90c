// Package app puts the house together: it opens and migrates the database,
// builds every room, mounts their pages and operations, runs their jobs,
// schedules and subscribers, and stops it all in reverse order.
//
// modules.go is the one list of what exists. The tests of this package hold the
// architecture: who may import whom, whose table is whose, that every route
// names its rule.
package app
