package reform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/place"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Deps is what the module needs.
type Deps struct {
	DB         *sqldb.DB
	Journal    *journal.Journal
	Jobs       *job.Queue
	Org        *org.Service
	Identity   *identity.Service
	Dossiers   *dossier.Service
	Registers  *register.Service
	Procedures *procedure.Service
	Places     *place.Service   // nil: decrees about administrative units are refused
	Now        func() time.Time // nil is time.Now
}

// Service keeps and applies decrees. It is safe for concurrent use.
type Service struct {
	db         *sqldb.DB
	journal    *journal.Journal
	jobs       *job.Queue
	org        *org.Service
	identity   *identity.Service
	dossiers   *dossier.Service
	registers  *register.Service
	procedures *procedure.Service
	places     *place.Service
	now        func() time.Time

	// skip leaves a step of the walk out; only tests set it, to show that the proof fails then.
	skip string
}

// New makes the module.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{
		db: d.DB, journal: d.Journal, jobs: d.Jobs, org: d.Org, identity: d.Identity, dossiers: d.Dossiers, registers: d.Registers,
		procedures: d.Procedures, places: d.Places, now: d.Now,
	}
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// MaxFile is the largest decree, in bytes.
const MaxFile = 1 << 20

// asRoot asks for admin.org over a whole province: a decree reaches all of it.
func asRoot(ctx context.Context) error {
	a := identity.From(ctx)
	if !a.SignedIn() {
		return errs.New(errs.Unauthenticated, "identity.sign-in-first")
	}
	for _, p := range a.Scope(identity.AdminOrg) {
		if len(org.PathIDs(p)) <= 1 {
			return nil
		}
	}
	return errs.NewNotFound("web.not-found")
}

// Propose keeps a decree and tries it out. What is wrong with it stands in Problems,
// all at once; nothing is changed.
func (s *Service) Propose(ctx context.Context, name string, data []byte) (Decree, error) {
	if err := asRoot(ctx); err != nil {
		return Decree{}, err
	}
	switch {
	case len(data) == 0:
		return Decree{}, errs.NewInvalid(errs.Bad("file", "reform.file-missing"))
	case len(data) > MaxFile:
		return Decree{}, errs.NewInvalid(errs.Bad("file", "reform.file-too-large"))
	}
	f, problems := Parse(name, data)
	d := Decree{
		ID: id.New(), Number: f.Number, Title: f.Title.VI, Effective: f.on, Name: name, File: string(data), State: Draft, Problems: problems,
		CreatedAt: sqldb.Time(sqldb.Millis(s.now())), CreatedBy: identity.From(ctx).AccountID,
	}
	if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return insertDecree(ctx, tx, d) }); err != nil {
		return Decree{}, err
	}
	if len(problems) > 0 {
		return d, nil
	}
	return s.Try(ctx, d.ID)
}

// Try runs a draft or scheduled decree against the house as it is now and lists what
// it would change.
func (s *Service) Try(ctx context.Context, decreeID string) (Decree, error) {
	if err := asRoot(ctx); err != nil {
		return Decree{}, err
	}
	d, err := decreeBy(ctx, s.db, decreeID)
	if err != nil {
		return d, err
	}
	if d.State != Draft && d.State != Scheduled {
		return d, nil
	}
	f, problems := Parse(d.Name, []byte(d.File))
	next := d.Run + 1
	l := &list{counted: Summary{}, flush: func(part []Effect) error {
		return s.db.Tx(ctx, func(tx *sqldb.Tx) error { return insertEffects(ctx, tx, d.ID, next, part) })
	}}
	var touched []string
	if len(problems) == 0 {
		var plan *Plan
		if plan, problems, err = s.plan(ctx, d, f); err != nil {
			return d, err
		}
		touched = plan.touches()
		if len(problems) == 0 {
			before, err := s.prepare(ctx, plan)
			if err != nil {
				return d, err
			}
			// What an earlier, broken run left.
			if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, `DELETE FROM reform_effect WHERE decree_id = $1 AND run = $2`, d.ID, next)
				return err
			}); err != nil {
				return d, err
			}
			if err := s.units(ctx, plan.units, f, l); err != nil {
				return d, err
			}
			r := s.newRun(d.ID, plan, before, l)
			r.r = s.db
			if err := r.walk(ctx); err != nil {
				return d, err
			}
			problems = r.bad
		}
	}
	p, summary, err := encoded(problems, l.counted)
	if err != nil {
		return d, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE reform_decree SET run = $1, problems = $2, summary = $3, checked_at = $4 WHERE id = $5 AND state IN ('draft', 'scheduled')`,
			next, p, summary, sqldb.Millis(s.now()), d.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM reform_effect WHERE decree_id = $1 AND run < $2`, d.ID, next); err != nil {
			return err
		}
		return touch(ctx, tx, d.ID, touched)
	})
	if err != nil {
		return d, err
	}
	return decreeBy(ctx, s.db, d.ID)
}

func touch(ctx context.Context, tx *sqldb.Tx, decree string, codes []string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM reform_touch WHERE decree_id = $1`, decree); err != nil {
		return err
	}
	for _, code := range codes {
		if _, err := tx.Exec(ctx, `INSERT INTO reform_touch (decree_id, code) VALUES ($1, $2)`, decree, code); err != nil {
			return err
		}
	}
	return nil
}

// lineOf is where the file of a plan speaks of an agency or of a unit; their codes are
// not alike.
func (p *Plan) lineOf(code string) decl.Pos {
	for i, c := range p.units.Close {
		if c == code {
			return p.units.close[i]
		}
	}
	for i, u := range p.units.Open {
		if u.Code == code {
			return p.units.open[i]
		}
	}
	return p.File.lineOf(code)
}

// touches are the agency ids and the unit codes a plan ends, begins or moves.
func (p *Plan) touches() []string {
	var out []string
	for _, e := range p.Endings {
		out = append(out, e.Agency.Code)
	}
	for _, c := range p.Create {
		out = append(out, c.Agency.Code)
	}
	for _, m := range p.Moves {
		out = append(out, m.Agency.Code)
	}
	out = append(out, p.units.Close...)
	for _, u := range p.units.Open {
		out = append(out, u.Code)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// plan resolves a decree against the agencies as they are.
func (s *Service) plan(ctx context.Context, d Decree, f *File) (*Plan, []Problem, error) {
	actor := identity.From(ctx)
	var agencies []org.Agency
	for after := ""; ; {
		part, err := s.org.Agencies(ctx, org.AgencyFilter{Closed: true, Limit: 500, After: after})
		if err != nil {
			return nil, nil, err
		}
		agencies = append(agencies, part.Items...)
		if after = part.Next; after == "" {
			break
		}
	}
	plan, problems := resolve(f, agencies, func(a org.Agency) bool { return actor.MayAt(identity.AdminOrg, a.Path) })
	units, wrong, err := s.unitsIn(ctx, d.ID, f)
	if err != nil {
		return nil, nil, err
	}
	plan.units = units
	others, err := s.overlaps(ctx, d, plan)
	return plan, sortProblems(slices.Concat(problems, wrong, others)), err
}

// overlaps finds other decrees that are scheduled for the same agencies or units, or
// that carry the same number.
func (s *Service) overlaps(ctx context.Context, d Decree, plan *Plan) ([]Problem, error) {
	var bad []Problem
	var state string
	err := s.db.QueryRow(ctx, `SELECT state FROM reform_decree WHERE number_key = $1 AND id <> $2 AND state IN ('scheduled', 'applied')`, numberKey(d.Number), d.ID).Scan(&state)
	if err == nil {
		bad = append(bad, problem(plan.File.Pos, "same-number", "number", d.Number, "state", state))
	} else if !errors.Is(err, sqldb.ErrNotFound) {
		return nil, err
	}
	type pair struct{ code, number string }
	rows, err := s.db.Query(ctx, `SELECT t.code, d.number FROM reform_touch t JOIN reform_decree d ON d.id = t.decree_id
		WHERE d.state = 'scheduled' AND d.id <> $1 ORDER BY t.code LIMIT 20000`, d.ID)
	list, err := sqldb.Collect[pair](rows, err)(func(r *sqldb.Rows) (p pair, err error) { return p, r.Scan(&p.code, &p.number) })
	mine := plan.touches()
	for _, p := range list {
		if slices.Contains(mine, p.code) {
			bad = append(bad, problem(plan.lineOf(p.code), "overlap", "code", p.code, "number", p.number))
		}
	}
	return bad, err
}

// prepare reads what lies in the memory of other rooms, before any transaction.
func (s *Service) prepare(ctx context.Context, plan *Plan) (prepared, error) {
	p := prepared{offers: map[string][]procedure.OfferMove{}, fieldOf: map[string]string{}, logins: map[string]string{}}
	infos, err := s.registers.Registers(ctx, false)
	if err != nil {
		return p, err
	}
	for _, i := range infos {
		p.registers = append(p.registers, i.ID)
	}
	for i := range plan.Endings {
		e := &plan.Endings[i]
		if p.offers[e.Agency.ID], err = s.procedures.OffersOf(ctx, e.Agency.ID); err != nil {
			return p, err
		}
		for _, o := range p.offers[e.Agency.ID] {
			p.fieldOf[o.Code] = o.Field
		}
		if !slices.ContainsFunc(e.Rules, func(r Rule) bool { return len(r.Staff) > 0 }) {
			continue
		}
		for after := ""; ; {
			staff, err := s.identity.StaffAt(ctx, s.db, e.Agency, after, page)
			if err != nil {
				return p, err
			}
			for _, a := range staff {
				p.logins[a.ID] = a.Login
			}
			if len(staff) < page {
				break
			}
			after = staff[len(staff)-1].ID
		}
	}
	return p, nil
}

func (s *Service) newRun(decree string, plan *Plan, before prepared, l *list) *run {
	return &run{
		s: s, plan: plan, id: decree, before: before, out: l, now: map[string]org.Agency{}, holders: map[string]map[string][]string{}, offices: map[string]string{},
		heirs: map[string]string{}, fields: map[string]string{}, needs: map[string]map[string]int64{},
	}
}

// ApplyInput is an order to apply a decree.
type ApplyInput struct {
	DecreeID    string
	ConfirmPast bool // the day of the decree has passed, and that is meant
}

// Apply orders a decree to be applied at 00:00 of its day, or at once when that day
// has come. The work itself is a job: see [Service.Carry].
//
// Errors: reform.not-found; reform.has-problems, reform.not-draft,
// reform.number-taken (Conflict); confirm_past (Invalid) when the day has passed.
func (s *Service) Apply(ctx context.Context, in ApplyInput) (Decree, error) {
	d, err := s.Try(ctx, in.DecreeID)
	if err != nil {
		return d, err
	}
	today := civil.DateOf(s.now())
	switch {
	case d.State == Scheduled || d.State == Applied:
		return d, nil // asked for twice
	case d.State != Draft:
		return d, errs.NewConflict("reform.not-draft")
	case len(d.Problems) > 0:
		return d, errs.NewConflict("reform.has-problems", "n", len(d.Problems))
	case d.Effective.Before(today) && !in.ConfirmPast:
		return d, errs.NewInvalid(errs.Bad("confirm_past", "reform.confirm-past", "day", d.Effective.Screen("vi")))
	}
	at := d.Effective.At(0, 0)
	if now := s.now(); at.Before(now) {
		at = now
	}
	me := identity.From(ctx)
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE reform_decree SET state = 'scheduled', scheduled_at = $1, scheduled_by = $2, failure = '' WHERE id = $3 AND state = 'draft'`,
			sqldb.Millis(s.now()), me.AccountID, d.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil // somebody else was faster
		}
		// Units carry their days: they stand from now on as they will be on the day.
		f, _ := Parse(d.Name, []byte(d.File))
		if err := s.applyUnits(ctx, tx, d.ID, f); err != nil {
			return err
		}
		if err := s.jobs.Enqueue(ctx, tx, jobApply, applyPayload{Decree: d.ID}, job.Key(d.ID), job.At(at)); err != nil {
			return err
		}
		return s.note(ctx, tx, d, "reform.scheduled", map[string]any{"number": d.Number, "on": d.Effective, "summary": d.Summary})
	})
	if errors.Is(err, sqldb.ErrDuplicate) {
		return d, errs.NewConflict("reform.number-taken", "number", d.Number)
	}
	if err != nil {
		return d, err
	}
	return decreeBy(ctx, s.db, d.ID)
}

// Due reports whether a scheduled decree is to be applied now.
func (s *Service) Due(d Decree) bool {
	return d.State == Scheduled && !s.now().Before(d.Effective.At(0, 0))
}

// Undo takes a decree back before it was applied. Afterwards it is refused: from its
// day on the successors have received, decided and issued in their own names.
func (s *Service) Undo(ctx context.Context, decreeID string) (Decree, error) {
	if err := asRoot(ctx); err != nil {
		return Decree{}, err
	}
	me := identity.From(ctx)
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		d, err := decreeBy(ctx, tx, decreeID)
		switch {
		case err != nil:
			return err
		case d.State == Undone:
			return nil
		case d.State == Applied:
			return errs.NewConflict("reform.too-late", "number", d.Number, "at", d.AppliedAt)
		}
		if _, err := tx.Exec(ctx, `UPDATE reform_decree SET state = 'undone', undone_at = $1, undone_by = $2 WHERE id = $3 AND state IN ('draft', 'scheduled')`,
			sqldb.Millis(s.now()), me.AccountID, d.ID); err != nil {
			return err
		}
		if _, err := s.jobs.Cancel(ctx, tx, jobApply, d.ID); err != nil {
			return err
		}
		if s.places != nil {
			if err := s.places.Undo(ctx, tx, d.ID); err != nil {
				return err
			}
		}
		return s.note(ctx, tx, d, "reform.undone", map[string]any{"number": d.Number, "was": d.State})
	})
	if err != nil {
		return Decree{}, err
	}
	return decreeBy(ctx, s.db, decreeID)
}

// Carry applies a scheduled decree whose day has come, in one transaction, once:
// whoever takes the row first does it, for the others there is nothing to do.
func (s *Service) Carry(ctx context.Context, decreeID string) (Decree, error) {
	ctx = identity.With(ctx, identity.System)
	d, err := decreeBy(ctx, s.db, decreeID)
	if err != nil || d.State != Scheduled {
		return d, err
	}
	if s.now().Before(d.Effective.At(0, 0)) {
		return d, errs.NewConflict("reform.too-early", "day", d.Effective.Screen("vi"))
	}
	err = s.carry(ctx, d)
	if err != nil {
		return d, errors.Join(err, s.failed(ctx, d.ID, err))
	}
	return decreeBy(ctx, s.db, decreeID)
}

// failed keeps why applying did not work, for the page; the job tries again.
func (s *Service) failed(ctx context.Context, decreeID string, cause error) error {
	text := cause.Error()
	if letters := []rune(text); len(letters) > 1000 {
		text = string(letters[:1000])
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE reform_decree SET failure = $1 WHERE id = $2 AND state = 'scheduled'`, text, decreeID)
		return err
	})
}

func (s *Service) carry(ctx context.Context, d Decree) error {
	f, problems := Parse(d.Name, []byte(d.File))
	if len(problems) > 0 {
		return hasProblems(problems)
	}
	plan, problems, err := s.plan(ctx, d, f)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return hasProblems(problems)
	}
	before, err := s.prepare(ctx, plan)
	if err != nil {
		return err
	}
	next := d.Run + 1
	return s.db.TxAlone(ctx, func(tx *sqldb.Tx) error {
		began := time.Now()
		n, err := tx.Exec(ctx, `UPDATE reform_decree SET state = 'applied', applied_at = $1, run = $2, problems = '[]', failure = '' WHERE id = $3 AND state = 'scheduled'`,
			sqldb.Millis(s.now()), next, d.ID)
		if err != nil || n == 0 {
			return err
		}
		if err := s.dossiers.HoldStill(ctx, tx); err != nil {
			return err
		}
		l := &list{counted: Summary{}, flush: func(part []Effect) error { return insertEffects(ctx, tx, d.ID, next, part) }}
		r := s.newRun(d.ID, plan, before, l)
		r.r, r.tx = tx, tx
		if r.tree, err = s.org.Change(ctx, tx, d.ID, f.Basis("vi"), f.on); err != nil {
			return err
		}
		if err := s.units(ctx, plan.units, f, l); err != nil {
			return err
		}
		if err := s.applyUnits(ctx, tx, d.ID, f); err != nil {
			return err
		}
		if err := r.walk(ctx); err != nil {
			return err
		}
		if len(r.bad) > 0 {
			return hasProblems(r.bad)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM reform_effect WHERE decree_id = $1 AND run < $2`, d.ID, next); err != nil {
			return err
		}
		_, summary, err := encoded(nil, l.counted)
		if err != nil {
			return err
		}
		for _, wait := range []time.Duration{time.Minute, time.Hour} {
			if err := s.jobs.Enqueue(ctx, tx, jobSweep, applyPayload{Decree: d.ID}, job.Key(d.ID+wait.String()), job.At(s.now().Add(wait))); err != nil {
				return err
			}
		}
		if err := s.note(ctx, tx, d, "reform.applied", map[string]any{"number": d.Number, "on": d.Effective, "summary": l.counted, "by": d.ScheduledBy}); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE reform_decree SET summary = $1, took_ms = $2 WHERE id = $3`, summary, time.Since(began).Milliseconds(), d.ID)
		return err
	})
}

// hasProblems is a decree that does not fit any more.
func hasProblems(list []Problem) error {
	if len(list) == 0 {
		return nil
	}
	first := list[0]
	return errs.NewConflict("reform.has-problems", "n", len(list)).Because(fmt.Errorf("line %d: %s %v %s", first.Line, first.Code, first.Args, first.Text))
}

// Sweep hands over what a request that was under way at midnight filed at an agency
// that had ended meanwhile. It goes to the heir.
func (s *Service) Sweep(ctx context.Context, decreeID string) error {
	ctx = identity.With(ctx, identity.System)
	list, err := s.org.SuccessionsBy(ctx, s.db, decreeID)
	if err != nil {
		return err
	}
	heirs := map[string]string{}
	for _, x := range list {
		if x.Heir {
			heirs[x.FromID] = x.ToID
		}
	}
	for _, x := range list {
		if !x.Heir {
			continue
		}
		from, err := s.org.Agency(ctx, x.FromID)
		if err != nil {
			return err
		}
		for _, after := range []string{"", "t"} {
			held, err := s.dossiers.HeldBy(ctx, s.db, from, false, after, page)
			if err != nil {
				return err
			}
			if len(held.Items) == 0 {
				continue
			}
			var moves []dossier.Handover
			for _, h := range held.Items {
				competent, err := s.org.Present(ctx, h.CompetentID)
				if err != nil {
					return err
				}
				receiving, err := s.org.Present(ctx, h.ReceivingID)
				if err != nil {
					return err
				}
				moves = append(moves, dossier.Handover{Held: h, Competent: competent, Receiving: receiving})
			}
			terms := dossier.HandoverTerms{Decree: decreeID, Basis: x.Basis, Agencies: heirs, Holds: func(string, string) bool { return true }}
			if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.dossiers.HandOver(ctx, tx, terms, moves) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// Decree reads one.
func (s *Service) Decree(ctx context.Context, decreeID string) (Decree, error) {
	if err := asRoot(ctx); err != nil {
		return Decree{}, err
	}
	return decreeBy(ctx, s.db, decreeID)
}

// ByNumber finds the decree of a number that is scheduled or applied, else the newest
// draft of it.
func (s *Service) ByNumber(ctx context.Context, number string) (Decree, error) {
	if err := asRoot(ctx); err != nil {
		return Decree{}, err
	}
	d, err := scanDecree(s.db.QueryRow(ctx, `SELECT `+decreeColumns+` FROM reform_decree WHERE number_key = $1 AND state <> 'undone'
		ORDER BY CASE state WHEN 'draft' THEN 1 ELSE 0 END, created_at DESC, id DESC LIMIT 1`, numberKey(number)).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return d, errs.NewNotFound("reform.not-found")
	}
	return d, err
}

// Decrees lists them, newest first, at most 200.
func (s *Service) Decrees(ctx context.Context) ([]Decree, error) {
	if err := asRoot(ctx); err != nil {
		return nil, err
	}
	rows, err := s.db.Query(ctx, `SELECT `+decreeColumns+` FROM reform_decree ORDER BY created_at DESC, id DESC LIMIT 200`)
	return sqldb.Collect[Decree](rows, err)(func(r *sqldb.Rows) (Decree, error) { return scanDecree(r.Scan) })
}

// Effects pages through what a decree changes, of one kind.
func (s *Service) Effects(ctx context.Context, d Decree, kind Kind, after int64, limit int) ([]Effect, error) {
	if err := asRoot(ctx); err != nil {
		return nil, err
	}
	return effectsOf(ctx, s.db, d.ID, d.Run, kind, after, limit)
}
