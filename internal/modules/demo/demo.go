package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"motcua/internal/core/document"
	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/packs"
)

// Packs is what the demo asks of the room that loads packs.
type Packs interface {
	// LoadPacks loads every pack that ships with the program.
	LoadPacks(ctx context.Context) error
}

// Deps is what the demo needs. Every room must go by Clock.Now, and nothing of them
// may run in the background while Load is at work.
type Deps struct {
	DB         *sqldb.DB
	Journal    *journal.Journal
	Jobs       *job.Queue
	Files      *blob.Files
	Org        *org.Service
	Identity   *identity.Service
	Procedures *procedure.Service
	Dossiers   *dossier.Service
	Packs      Packs
	Clock      *Clock
	Bundle     *i18n.Bundle // words that rooms write into what they keep
	Shipped    fs.FS        // packs whose acceptance cases give the answers; nil is packs.FS
	Dir        string       // where the accounts are written, "" nowhere
	Log        *slog.Logger // nil discards
}

// Demo loads the demo province.
type Demo struct{ Deps }

// New makes the loader.
func New(d Deps) *Demo {
	if d.Shipped == nil {
		d.Shipped = packs.FS
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Demo{d}
}

// Defaults of Options.
const (
	DefaultDossiers = 2000
	DefaultCitizens = 100
	DefaultSeed     = 20250701
)

// Options say how large a province to make.
type Options struct {
	Dossiers int    // 0 is DefaultDossiers
	Citizens int    // with accounts; 0 is DefaultCitizens, or one for twenty dossiers when that is more
	Seed     uint64 // 0 is DefaultSeed; the same day, seed and size give the same province
}

func (o Options) settled() Options {
	if o.Dossiers == 0 {
		o.Dossiers = DefaultDossiers
	}
	if o.Citizens == 0 {
		o.Citizens = max(DefaultCitizens, o.Dossiers/20)
	}
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	return o
}

// Report says what stands in the house after Load.
type Report struct {
	Loaded     bool // false: a demo stood there already and nothing was done
	Staff      int
	Citizens   int
	Dossiers   int
	Acts       int                    // what people did with them
	Statuses   map[dossier.Status]int // dossiers by national status
	Procedures map[string]int         // dossiers by procedure code
	Channels   map[dossier.Channel]int
	InTime     float64  // share of the ended dossiers that were in time
	Unvaried   int      // filings for which the generator's answers did not fit the form
	Troubles   []string // dossiers that could not go their way, and why
	Took       time.Duration
}

// stream is where the journal keeps that a demo was loaded.
const stream = "demo:province"

// begun is the payload of "demo.begun": what follows from it can be told again.
type begun struct {
	Day      string `json:"day"`
	Seed     uint64 `json:"seed"`
	Citizens int    `json:"citizens"`
	Dossiers int    `json:"dossiers"`
}

// Errors of Load.
var (
	ErrNotEmpty    = errors.New("demo: there is already an agency in this house; the demo is only loaded into an empty one")
	ErrInterrupted = errors.New("demo: loading was interrupted before; delete the data folder (or empty the database) and start again")
	ErrTooEarly    = errors.New("demo: the clock of this machine stands before August 2025, when the agencies of the demo did not exist")
)

// Load fills an empty house. In a house with a demo it does nothing and takes no
// time. Errors: [ErrNotEmpty], [ErrInterrupted], [ErrTooEarly], and whatever a room
// refuses.
func (d *Demo) Load(ctx context.Context, o Options) (Report, error) {
	began := time.Now()
	before, done, err := d.loadedBefore(ctx)
	if err != nil {
		return Report{}, err
	}
	if done {
		return Report{Took: time.Since(began)}, d.leaveAccounts(before)
	}
	o = o.settled()
	if d.Bundle != nil {
		ctx = i18n.WithLang(i18n.WithBundle(ctx, d.Bundle), i18n.VI)
	}
	now := d.Clock.Now()
	today := civil.DateOf(now)
	start := today.AddYears(-1)
	if earliest := founded.AddDays(7); start.Before(earliest) {
		start = earliest
	}
	if start.AddDays(20).After(today) {
		return Report{}, ErrTooEarly
	}
	what := begun{Day: today.String(), Seed: o.Seed, Citizens: o.Citizens, Dossiers: o.Dossiers}
	defer d.Clock.release()
	d.Clock.set(founded.At(7, 30))
	if err := d.mark(ctx, "demo.begun", what); err != nil {
		return Report{}, err
	}
	report, err := d.load(ctx, what, start.At(0, 1), now)
	if err != nil {
		return report, err
	}
	d.Clock.release()
	if err := d.mark(ctx, "demo.loaded", what); err != nil {
		return report, err
	}
	report.Took = time.Since(began)
	return report, d.leaveAccounts(what)
}

func (d *Demo) load(ctx context.Context, what begun, start, end time.Time) (Report, error) {
	people := casting(what.Seed, what.Citizens, civil.MustDate(what.Day))
	town, err := d.settle(ctx, people)
	if err != nil {
		return Report{}, fmt.Errorf("demo: %w", err)
	}
	if err := d.Packs.LoadPacks(identity.With(ctx, identity.System)); err != nil {
		return Report{}, fmt.Errorf("demo: loading packs: %w", err)
	}
	d.Clock.set(start)
	stories, err := d.stories(ctx, d.Shipped, civil.DateOf(end))
	if err != nil {
		return Report{}, fmt.Errorf("demo: %w", err)
	}
	plan := planner{seed: what.Seed, town: town, stories: stories, start: start, end: end}
	p := &player{d: d, seed: what.Seed, town: town, scans: d.newScans(), start: start, end: end, jobs: d.Dossiers.Module().Jobs, lives: plan.plan(what.Dossiers)}
	// Nothing else is at work here, and little stays in memory: collecting garbage less
	// often saves a fifth of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	err = p.play(document.OnDemand(ctx))
	report := p.report()
	report.Staff, report.Citizens = len(people.staff), len(people.citizens)
	return report, err
}

// report counts what the lives have come to.
func (p *player) report() Report {
	r := Report{Loaded: true, Acts: p.acts, Statuses: map[dossier.Status]int{}, Procedures: map[string]int{}, Channels: map[dossier.Channel]int{}, Troubles: p.found}
	ended, late := 0, 0
	for _, l := range p.lives {
		if l.d.ID == "" {
			continue
		}
		r.Dossiers++
		r.Statuses[l.d.Status]++
		r.Procedures[l.d.ProcedureCode]++
		r.Channels[l.d.Channel]++
		if l.filing.unvaried {
			r.Unvaried++
		}
		if l.d.Status == dossier.StatusDone || l.d.Status == dossier.StatusReturned {
			ended++
			if l.d.Late {
				late++
			}
		}
	}
	if ended > 0 {
		r.InTime = float64(ended-late) / float64(ended)
	}
	return r
}

// loadedBefore looks whether a demo stands in the house.
func (d *Demo) loadedBefore(ctx context.Context) (what begun, done bool, err error) {
	events, err := d.Journal.Stream(ctx, d.DB, stream, 0, 10)
	if err != nil {
		return what, false, err
	}
	if len(events) == 0 {
		page, err := d.Org.Agencies(identity.With(ctx, identity.System), org.AgencyFilter{Limit: 1})
		if err == nil && len(page.Items) > 0 {
			err = ErrNotEmpty
		}
		return what, false, err
	}
	last := slices.IndexFunc(events, func(e journal.Event) bool { return e.Type == "demo.loaded" })
	if last < 0 {
		return what, false, ErrInterrupted
	}
	return what, true, events[last].Decode(&what)
}

func (d *Demo) mark(ctx context.Context, typ string, what begun) error {
	data, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := d.Journal.Append(ctx, tx, journal.Event{Stream: stream, Type: typ, At: d.Clock.Now(), Data: data})
		return err
	})
}

// leaveAccounts writes the accounts beside the data, if they are not there yet.
func (d *Demo) leaveAccounts(what begun) error {
	if d.Dir == "" {
		return nil
	}
	if _, err := Accounts(d.Dir); err == nil {
		return nil
	}
	day, err := civil.Parse(what.Day)
	if err != nil {
		return err
	}
	return writeAccounts(d.Dir, casting(what.Seed, what.Citizens, day).accounts())
}
