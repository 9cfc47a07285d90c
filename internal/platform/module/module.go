// Package module says what a room gives the house.
//
// A Module is a plain value, built by a room's New and listed in
// internal/app/modules.go, the one list of what exists. A field added here for
// one room breaks none of the others.
package module

import (
	"context"
	"io/fs"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/web"
)

// Module is what one room contributes. Every field but Name may be empty.
type Module struct {
	// Name is the folder name: prefix of its tables, its log group, its migration line.
	Name string
	// Migrations holds NNNN_what.sql files at its root.
	Migrations fs.FS
	// Locales holds vi.json and en.json at its root.
	Locales fs.FS
	// Routes are its pages. A route without an Access keeps the program from starting.
	Routes []web.Route
	// API registers its JSON operations.
	API func(huma.API)
	// Jobs are the kinds of work it does outside requests.
	Jobs []job.Handler
	// Schedules are what it does by the clock.
	Schedules []job.Schedule
	// Subscribers follow the journal.
	Subscribers []journal.Subscriber
	// Checks are what readiness and `motcua doctor` ask of it.
	Checks []Check
	// Start prepares it after migration and before the first request.
	Start func(ctx context.Context) error
}

// Check is one question about the health of a running house.
type Check struct {
	// Name is a locale key; people read the sentence behind it.
	Name string
	// Ready marks checks that must pass before requests are let in.
	Ready bool
	// Run returns nil when all is well; the error says what is wrong and what to do.
	Run func(ctx context.Context) error
}
