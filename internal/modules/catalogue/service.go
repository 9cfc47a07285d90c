package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

// Procedures is what this room asks of the catalogue of core.
type Procedures interface {
	Publish(ctx context.Context, tx *sqldb.Tx, b procedure.Bundle) (v *procedure.Version, changed bool, err error)
	NewestOf(ctx context.Context, r sqldb.Reader, code string) (*procedure.Version, error)
}

// Files is what it asks of the file store.
type Files interface {
	Save(ctx context.Context, name, owner string, r io.Reader) (blob.File, error)
	Get(ctx context.Context, id string) (blob.File, error)
	OpenFile(ctx context.Context, id string) (blob.File, blob.Content, error)
	Claim(ctx context.Context, tx *sqldb.Tx, stream string, fileIDs ...string) error
	MaxFile() int64
}

// Jobs is what it asks of the job queue.
type Jobs interface {
	Enqueue(ctx context.Context, tx *sqldb.Tx, kind string, payload any, opts ...job.Option) error
}

// Deps is what the service needs.
type Deps struct {
	DB         *sqldb.DB
	Journal    *journal.Journal
	Procedures Procedures
	Files      Files
	Jobs       Jobs
	Now        func() time.Time // nil is time.Now
}

// Service is the import and the watch over the catalogue.
type Service struct {
	deps  Deps
	batch int                       // records in one transaction
	after func(ctx context.Context) // between two batches, for tests; nil otherwise
}

// New makes the service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{deps: d, batch: 40}
}

// see asks for admin.catalogue anywhere: completeness is watched by every agency.
func see() web.Access { return identity.Holding(identity.AdminCatalogue) }

// change asks for admin.catalogue over the whole house: the catalogue is one for all.
func change() web.Access {
	held := identity.Holding(identity.AdminCatalogue)
	return web.Access{Name: identity.AdminCatalogue + " at a root", Check: func(ctx context.Context) error {
		if err := held.Check(ctx); err != nil {
			return err
		}
		if !mayChange(ctx) {
			return errs.NewNotFound("web.not-found")
		}
		return nil
	}}
}

func mayChange(ctx context.Context) bool {
	a := identity.From(ctx)
	if a.Kind == identity.KindSystem {
		return true
	}
	return slices.ContainsFunc(a.Scope(identity.AdminCatalogue), func(path string) bool { return len(org.PathIDs(path)) <= 1 })
}

func allow(ctx context.Context) error { return change().Check(ctx) }

const (
	importKind = "catalogue.import"
	acceptKind = "catalogue.accept"
)

type importJob struct {
	Run string `json:"run"`
}

type acceptJob struct {
	Run string `json:"run"`
	By  string `json:"by"`
	As  string `json:"as"` // name of whoever accepted
}

// maxFiles bounds the files of one run.
const maxFiles = 2000

// Start begins an import of files that the store has. Nothing is read yet; the job
// does that. With apply everything is put in force at once, otherwise every
// difference waits for a decision.
func (s *Service) Start(ctx context.Context, fileIDs []string, apply bool) (Run, error) {
	return s.start(ctx, fileIDs, apply, true)
}

// Prepare is Start for a caller that goes on to [Service.Process] itself. A house
// that starts takes up what such a caller left behind.
func (s *Service) Prepare(ctx context.Context, fileIDs []string, apply bool) (Run, error) {
	return s.start(ctx, fileIDs, apply, false)
}

// Save stores a file for an import in the name of whoever asks.
func (s *Service) Save(ctx context.Context, name string, r io.Reader) (string, error) {
	if err := allow(ctx); err != nil {
		return "", err
	}
	f, err := s.deps.Files.Save(ctx, name, identity.From(ctx).AccountID, r)
	return f.ID, err
}

// takeUp lets runs go on whose worker is gone and whom no job will wake.
func (s *Service) takeUp(ctx context.Context) error {
	live, err := sqldb.Strings(s.deps.DB.Query(ctx, `SELECT id FROM catalogue_run WHERE state IN ('waiting', 'running') ORDER BY created_at LIMIT 100`))
	if err != nil || len(live) == 0 {
		return err
	}
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		for _, id := range live {
			if err := s.deps.Jobs.Enqueue(ctx, tx, importKind, importJob{id}, job.Key(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) start(ctx context.Context, fileIDs []string, apply, enqueue bool) (Run, error) {
	if err := allow(ctx); err != nil {
		return Run{}, err
	}
	if len(fileIDs) == 0 {
		return Run{}, errs.NewInvalid(errs.Bad("files", "catalogue.no-files"))
	}
	if len(fileIDs) > maxFiles {
		return Run{}, errs.NewInvalid(errs.Bad("files", "catalogue.too-many-files", "max", maxFiles))
	}
	who := identity.From(ctx)
	run := Run{ID: id.New(), Apply: apply, State: Waiting, StartedBy: who.AccountID, CreatedAt: s.deps.Now().UTC().Truncate(time.Millisecond)}
	for _, fid := range fileIDs {
		f, err := s.deps.Files.Get(ctx, fid)
		if err != nil {
			return Run{}, err
		}
		if f.Owner != who.AccountID && who.Kind != identity.KindSystem {
			return Run{}, errs.NewNotFound("file.not-found")
		}
		if f.Type != blob.Text {
			return Run{}, errs.NewInvalid(errs.Bad("files", "catalogue.not-text", "name", f.Name))
		}
		name := strings.TrimSuffix(f.Name, ".txt")
		run.Files = append(run.Files, RunFile{ID: f.ID, Name: name, Size: f.Size})
		run.Size += f.Size
	}
	run.Title = run.Files[0].Name
	if n := len(run.Files) - 1; n > 0 {
		run.Title = fmt.Sprintf("%s (+%d)", run.Title, n)
	}
	err := s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := insertRun(ctx, tx, run); err != nil {
			return err
		}
		if err := s.deps.Files.Claim(ctx, tx, "catalogue:"+run.ID, fileIDs...); err != nil {
			return err
		}
		if enqueue {
			if err := s.deps.Jobs.Enqueue(ctx, tx, importKind, importJob{run.ID}, job.Key(run.ID)); err != nil {
				return err
			}
		}
		return s.note(ctx, tx, "catalogue:"+run.ID, "catalogue.import-started", map[string]any{"files": len(run.Files), "bytes": run.Size, "apply": apply})
	})
	return run, err
}

// Stop ends a run after the batch under way; what is done stays done.
func (s *Service) Stop(ctx context.Context, runID string) error {
	return s.turn(ctx, runID, Stopped, "catalogue.import-stopped", Waiting, Running)
}

// Continue lets a stopped or failed run go on from where it stood.
func (s *Service) Continue(ctx context.Context, runID string) error {
	return s.turn(ctx, runID, Waiting, "catalogue.import-continued", Stopped, Failed)
}

func (s *Service) turn(ctx context.Context, runID string, to RunState, event string, from ...RunState) error {
	if err := allow(ctx); err != nil {
		return err
	}
	if _, err := runByID(ctx, s.deps.DB, runID); err != nil {
		return err
	}
	return s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		ok, err := turn(ctx, tx, runID, to, "", s.deps.Now(), from...)
		if err != nil {
			return err
		}
		if !ok {
			return errs.NewConflict("catalogue.run-state")
		}
		if to == Waiting {
			if err := s.deps.Jobs.Enqueue(ctx, tx, importKind, importJob{runID}, job.Key(runID)); err != nil {
				return err
			}
		}
		return s.note(ctx, tx, "catalogue:"+runID, event, map[string]any{})
	})
}

func (s *Service) note(ctx context.Context, tx *sqldb.Tx, stream, event string, data map[string]any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	who := identity.From(ctx)
	if _, err := s.deps.Journal.Append(ctx, tx, journal.Event{Stream: stream, Type: event, Actor: who.AccountID, ActorName: who.Name, Data: text}); err != nil {
		return fmt.Errorf("journal %s: %w", event, err)
	}
	return nil
}

// errElsewhere ends work on a run that was stopped, or that somebody else works on.
var errElsewhere = errors.New("the run was stopped or is worked on elsewhere")

// Process reads a run to its end, batch by batch; each batch is one transaction with
// the cursor behind it. It returns nil as well when the run was stopped.
func (s *Service) Process(ctx context.Context, runID string) error {
	if err := allow(ctx); err != nil {
		return err
	}
	var run Run
	err := s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		if _, err := turn(ctx, tx, runID, Running, "", s.deps.Now(), Waiting); err != nil {
			return err
		}
		run, err = runByID(ctx, tx, runID)
		return err
	})
	if err != nil || run.State != Running {
		return err
	}
	err = s.files(ctx, &run)
	if errors.Is(err, errElsewhere) {
		return nil
	}
	if err != nil && ctx.Err() == nil {
		code := "internal"
		if e, ok := errs.As(err); ok {
			code = e.Code
		}
		if terr := s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := turn(ctx, tx, runID, Failed, code, s.deps.Now(), Running)
			return err
		}); terr != nil {
			return errors.Join(err, terr)
		}
	}
	return err
}

func (s *Service) files(ctx context.Context, run *Run) error {
	for run.cursor.file < len(run.Files) {
		if err := s.file(ctx, run); err != nil {
			return err
		}
	}
	if run.State == Done {
		return nil
	}
	return s.commit(ctx, run, nil, run.cursor, true) // a run whose last file was empty
}

// file reads one file from the cursor on.
func (s *Service) file(ctx context.Context, run *Run) (err error) {
	_, content, err := s.deps.Files.OpenFile(ctx, run.Files[run.cursor.file].ID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	var split *source.Splitter
	if run.cursor.at > 0 {
		if _, err := content.Seek(run.cursor.at, io.SeekStart); err != nil {
			return err
		}
		split = source.ResumeSplitter(content, run.cursor.at, run.cursor.line, run.cursor.byLine)
	} else {
		split = source.NewSplitter(content)
	}
	index := int64(run.cursor.file)
	for {
		var batch []parsed
		next := run.cursor
		end := false
		for bytes := 0; len(batch) < s.batch && bytes < 1<<20; {
			it, err := split.Next()
			if errors.Is(err, io.EOF) {
				end = true
				break
			}
			if err != nil {
				return err
			}
			bytes += len(it.Data)
			batch = append(batch, read(index, it))
			next = cursor{run.cursor.file, it.Next, it.Rows, split.Lines()}
		}
		if end {
			next = cursor{file: run.cursor.file + 1, line: 1}
		}
		if err := s.commit(ctx, run, batch, next, end && next.file == len(run.Files)); err != nil {
			return err
		}
		if end {
			return nil
		}
		if s.after != nil {
			s.after(ctx)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// parsed is a record on its way.
type parsed struct {
	line   Row
	record *source.Record // nil when refused
	shape  source.Shape
	hash   string
	text   string // the record in JSON
}

func read(file int64, it source.Item) parsed {
	p := parsed{line: Row{File: file, Line: it.Line}}
	err := it.Err
	var r *source.Record
	if err == nil {
		r, p.shape, err = source.Read(it.Data)
	}
	if err == nil {
		p.record, p.hash = r, r.Hash()
		p.line.Code = r.Code
		p.text, err = writeRecord(r)
	}
	if err != nil {
		p.record = nil
		p.line.Outcome, p.line.Reason = OutcomeRefused, source.NotJSON
		var ref *source.Refusal
		if errors.As(err, &ref) {
			p.line.Reason, p.line.Field, p.line.Words = ref.Why, ref.Field, fold.Clean(ref.Text)
		}
		if r != nil && ref != nil && ref.Why != source.BadCode {
			p.line.Code = r.Code
		}
	}
	return p
}

// commit writes a batch and moves the cursor, all or nothing.
func (s *Service) commit(ctx context.Context, run *Run, batch []parsed, next cursor, last bool) error {
	now := s.deps.Now().UTC().Truncate(time.Millisecond)
	var after Run
	err := s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		after = *run
		after.cursor = next
		after.Done = 0
		for i, f := range run.Files {
			if i < next.file {
				after.Done += f.Size
			}
		}
		after.Done += next.at
		if last {
			after.State, after.FinishedAt = Done, now
		}
		lines, err := s.take(ctx, tx, run, batch, now)
		if err != nil {
			return err
		}
		for _, l := range lines {
			after.Counts.add(l.Outcome)
		}
		if err := insertLines(ctx, tx, run.ID, lines); err != nil {
			return err
		}
		if last {
			c := after.Counts
			if err := s.note(ctx, tx, "catalogue:"+run.ID, "catalogue.import-finished", map[string]any{
				"added": c.Added, "changed": c.Changed, "unchanged": c.Same, "pending": c.Pending, "refused": c.Refused,
			}); err != nil {
				return err
			}
		}
		ok, err := advance(ctx, tx, *run, after, now)
		if err == nil && !ok {
			err = errElsewhere
		}
		return err
	})
	if err == nil {
		*run = after
	}
	return err
}

// take decides what becomes of the records of a batch.
func (s *Service) take(ctx context.Context, tx *sqldb.Tx, run *Run, batch []parsed, now time.Time) ([]Row, error) {
	var codes []string
	for _, p := range batch {
		if p.record != nil {
			codes = append(codes, p.record.Code)
		}
	}
	b, err := s.board(ctx, tx, codes, now)
	if err != nil {
		return nil, err
	}
	taken, err := takenCodes(ctx, tx, run.ID, codes)
	if err != nil {
		return nil, err
	}
	waiting, err := openChanges(ctx, tx, codes)
	if err != nil {
		return nil, err
	}
	lines := make([]Row, 0, len(batch))
	for _, p := range batch {
		l := p.line
		if p.record == nil {
			if l.Hint, err = s.hint(ctx, tx, l); err != nil {
				return nil, err
			}
			lines = append(lines, l)
			continue
		}
		key := l.Code + "/" + string(p.shape)
		if first, twice := taken[key]; twice {
			l.Outcome, l.Reason, l.Field = OutcomeRefused, source.Duplicate, "code"
			l.Hint = fmt.Sprintf("%s:%d", run.Files[first.File].Name, first.Line)
			l.Words = p.record.Name
			lines = append(lines, l)
			continue
		}
		if l.Outcome, err = s.one(ctx, tx, run, p, b, waiting[key], now); err != nil {
			return nil, err
		}
		l.Hint = string(p.shape)
		taken[key] = l
		lines = append(lines, l)
	}
	return lines, nil
}

// one takes one record.
func (s *Service) one(ctx context.Context, tx *sqldb.Tx, run *Run, p parsed, b *board, waiting Change, now time.Time) (Outcome, error) {
	code := p.record.Code
	old, known := b.sources[code][p.shape]
	if known && old.hash == p.hash {
		if waiting.ID != "" { // it was otherwise in between, and is as before again
			if _, err := decide(ctx, tx, waiting.ID, Superseded, identity.From(ctx).AccountID, now); err != nil {
				return "", err
			}
		}
		return OutcomeSame, nil
	}
	if waiting.ID != "" && waiting.hash == p.hash && !run.Apply {
		return OutcomePending, nil
	}
	if waiting.ID != "" {
		if _, err := decide(ctx, tx, waiting.ID, Superseded, identity.From(ctx).AccountID, now); err != nil {
			return "", err
		}
	}
	c := Change{ID: id.New(), RunID: run.ID, Code: code, Shape: p.shape, Kind: KindNew, Name: p.record.Name, State: Open, CreatedAt: now, hash: p.hash}
	if known {
		c.Kind = KindChanged
	}
	c.Parts = difference(old.record, p.record)
	if !known && run.Apply {
		c.Parts = nil // everything is new: the entry tells it
	}
	if run.Apply {
		c.State, c.DecidedBy, c.DecidedAt = Accepted, identity.From(ctx).AccountID, now
	}
	if err := insertChange(ctx, tx, c, p.text); err != nil {
		return "", err
	}
	if !run.Apply {
		return OutcomePending, nil
	}
	if err := b.accept(ctx, tx, p.record, p.shape, p.text, p.hash, run.ID); err != nil {
		return "", err
	}
	if known {
		return OutcomeChanged, nil
	}
	return OutcomeAdded, nil
}

// hint helps with a record without a code: the one procedure of the same name.
func (s *Service) hint(ctx context.Context, q sqldb.Reader, l Row) (string, error) {
	if l.Reason != source.NoCode || l.Words == "" {
		return "", nil
	}
	codes, err := sqldb.Strings(q.Query(ctx, `SELECT code FROM catalogue_entry WHERE name_key = $1 ORDER BY code LIMIT 2`, fold.Key(l.Words)))
	if err != nil || len(codes) != 1 {
		return "", err
	}
	return codes[0], nil
}

// today is the civil day.
func (s *Service) today() string { return civil.DateOf(s.deps.Now()).String() }
