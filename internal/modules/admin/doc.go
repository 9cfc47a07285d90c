// Package admin is the office of those who keep the house in order: agencies,
// departments and posts, staff accounts, working calendars, the catalogue of
// procedures, sector packs, the journal, parked work and the health of the system
// (trang quản trị).
//
// It holds almost no data of its own. Who may do what is decided twice: the route
// asks for a permission, the use case in the room behind it asks for that
// permission at the agency concerned, so that the administrator of a commune sees and
// changes only its subtree. What concerns the whole system (packs, parked work,
// health, the journal as a whole) is for administrators of a root agency.
package admin
