package dossier

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"

	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

// What the owner and the submitter may do with a filed dossier.

// partyChange plans a change by the owner or the submitter, or by a member of staff
// to whom the flow offers it on their behalf; to others the dossier does not exist.
func (s *Service) partyChange(ctx context.Context, dossierID string, version int64, key usedFor, planned func(actor identity.Actor, me flow.Who, m *matter) (*plan, error)) (Dossier, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Dossier{}, err
	}
	key.account = actor.AccountID
	return s.once(ctx, key, func() (Dossier, error) {
		return s.change(ctx, dossierID, version, key, func(m *matter) (*plan, error) {
			me := who(actor, m.rec.CompetentPath)
			if relate(actor, &m.rec, nil, false) == party {
				me = asCitizen(actor)
			}
			return planned(actor, me, m)
		})
	})
}

// asCitizen is the actor on the citizen's side of the flow.
func asCitizen(a identity.Actor) flow.Who {
	return flow.Who{Person: flow.Person{ID: a.AccountID}, Side: flow.Citizen}
}

// Supplement answers a request for more papers: changed answers make a new
// revision, new papers are added, and the dossier goes on.
//
// Errors: dossier.not-found; dossier.nothing-asked (Conflict) when no request is
// open; Invalid as in Submit; dossier.changed (Conflict).
func (s *Service) Supplement(ctx context.Context, in SupplementInput) (Dossier, error) {
	in.Note = fold.CleanLines(in.Note)
	return s.partyChange(ctx, in.DossierID, in.Version, usedFor{key: in.Key, operation: "supplement:" + in.DossierID}, func(actor identity.Actor, me flow.Who, m *matter) (*plan, error) {
		return s.planSupply(ctx, actor, me, m, in)
	})
}

func (s *Service) planSupply(ctx context.Context, actor identity.Actor, me flow.Who, m *matter, in SupplementInput) (*plan, error) {
	action, found := effectAction(m.flow.Actions(m.rec.Run, me, m.facts()), flow.Supplied)
	if !found || action.Blocked != nil {
		return nil, errs.NewConflict("dossier.nothing-asked")
	}
	merged := maps.Clone(m.answers)
	if merged == nil {
		merged = form.Answers{}
	}
	for field, v := range in.Answers {
		if v == nil {
			delete(merged, field)
			continue
		}
		merged[field] = v
	}
	env := m.env()
	bad := m.form.Validate(merged, env)
	fresh := m.form.Clean(merged, env)
	components := m.comp.Components(m.rec.CaseID, fresh, env)
	t, paperBad, err := s.take(ctx, components, in.Papers, m.rec.Owner, actor.AccountID, actor.Kind != identity.KindStaff, m.now)
	if err != nil {
		return nil, err
	}
	formFiles, fileBad, err := s.newAnswerFiles(ctx, m, fresh, actor.AccountID)
	if err != nil {
		return nil, err
	}
	if bad = append(append(bad, paperBad...), fileBad...); len(bad) > 0 {
		return nil, errs.NewInvalid(once(bad)...)
	}
	files := unique(append(t.files, formFiles...))
	if err := s.Files.Present(ctx, files); err != nil {
		return nil, err
	}
	if len(t.papers) == 0 && sameAnswers(m.answers, fresh) && in.Note == "" {
		return nil, errs.NewInvalid(errs.Bad("papers", "dossier.nothing-new"))
	}
	revision := m.revision + 1
	for i := range t.papers {
		t.papers[i].Revision = revision
	}
	raw, err := toJSON(fresh)
	if err != nil {
		return nil, err
	}
	was := len(m.papers)
	m.papers = append(m.papers[:was:was], t.papers...)
	if err := m.setAnswers([]byte(raw)); err != nil {
		return nil, err
	}
	p := newPlan(m, actor)
	run, effects, err := m.flow.Act(m.rec.Run, flow.Input{Action: action.ID, Task: action.Task, Note: in.Note}, me, m.facts(), m.moment(ctx, s))
	if err != nil {
		return nil, err
	}
	p.also(func(ctx context.Context, tx *sqldb.Tx, rec *record) error {
		if err := insertAnswers(ctx, tx, rec.ID, revision, m.now, actor.AccountID, raw); err != nil {
			return err
		}
		if err := insertPapers(ctx, tx, rec.ID, was+1, t.papers); err != nil {
			return err
		}
		if len(files) == 0 {
			return nil
		}
		return s.Files.Claim(ctx, tx, stream(rec.ID), files...)
	})
	return p, p.finishAct(run, effects, act{effect: flow.Supplied, action: action.ID, task: action.Task, reason: in.Note})
}

// newAnswerFiles checks the files that the answers hold now and did not before.
func (s *Service) newAnswerFiles(ctx context.Context, m *matter, fresh form.Answers, fileOwner string) ([]string, []errs.Field, error) {
	had := map[string]bool{}
	for _, f := range m.form.Files(m.answers) {
		had[f.ID] = true
	}
	var ids []string
	for _, f := range m.form.Files(fresh) {
		if !had[f.ID] {
			ids = append(ids, f.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil, nil
	}
	found, err := s.Files.GetMany(ctx, unique(ids))
	if err != nil {
		return nil, nil, err
	}
	if len(found) != len(unique(ids)) {
		return nil, []errs.Field{errs.Bad("files", "file.not-found")}, nil
	}
	for _, f := range found {
		if f.Owner != fileOwner {
			return nil, []errs.Field{errs.Bad("files", "file.not-found")}, nil
		}
	}
	return ids, nil, nil
}

func sameAnswers(a, b form.Answers) bool {
	x, err1 := toJSON(a)
	y, err2 := toJSON(b)
	return err1 == nil && err2 == nil && x == y
}

// Withdraw takes a dossier back (công dân yêu cầu rút hồ sơ), at any time before its
// result is done.
//
// Errors: dossier.not-found; dossier.too-late-to-withdraw (Conflict); Invalid naming
// reason.
func (s *Service) Withdraw(ctx context.Context, in WithdrawInput) (Dossier, error) {
	in.Reason = fold.CleanLines(in.Reason)
	return s.partyChange(ctx, in.DossierID, in.Version, usedFor{key: in.Key, operation: "withdraw:" + in.DossierID}, func(actor identity.Actor, me flow.Who, m *matter) (*plan, error) {
		action, found := withdrawal(m.flow.Actions(m.rec.Run, me, m.facts()))
		if !found || action.Blocked != nil {
			return nil, errs.NewConflict("dossier.too-late-to-withdraw")
		}
		run, effects, err := m.flow.Act(m.rec.Run, flow.Input{Action: action.ID, Task: action.Task, Reason: in.Reason}, me, m.facts(), m.moment(ctx, s))
		if err != nil {
			return nil, err
		}
		p := newPlan(m, actor)
		return p, p.finishAct(run, effects, act{typ: evWithdrawn, effect: flow.Withdraw, action: action.ID, task: action.Task, reason: in.Reason})
	})
}

// withdrawal finds the way out among the citizen's actions: the pack's own or the built-in one.
func withdrawal(actions []flow.Action) (flow.Action, bool) {
	if a, ok := effectAction(actions, flow.Withdraw); ok {
		return a, true
	}
	return findAction(actions, flow.WithdrawByID, "")
}

// Rate keeps the judgement of the owner or the submitter, once for each dossier,
// after it has ended. A second one is the conflict dossier.rated.
func (s *Service) Rate(ctx context.Context, in RateInput) error {
	actor, err := signedIn(ctx)
	if err != nil {
		return err
	}
	if in.Stars < 1 || in.Stars > 5 {
		return errs.NewInvalid(errs.Bad("stars", "dossier.stars"))
	}
	in.Comment = fold.CleanLines(in.Comment)
	if len([]rune(in.Comment)) > maxWords {
		return errs.NewInvalid(errs.Bad("comment", "dossier.too-long", "max", maxWords))
	}
	key := usedFor{account: actor.AccountID, key: in.Key, operation: "rate:" + in.DossierID}
	_, err = s.once(ctx, key, func() (Dossier, error) { return Dossier{}, s.rate(ctx, in, key) })
	return err
}

func (s *Service) rate(ctx context.Context, in RateInput, key usedFor) error {
	rec, _, rel, err := s.see(ctx, s.read, in.DossierID)
	if err != nil {
		return err
	}
	if rel != party {
		return errNotFound()
	}
	if !rec.Ended() {
		return errs.NewConflict("dossier.not-ended")
	}
	now := s.now()
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if key.key != "" {
			first, err := insertKey(ctx, tx, key.account, key.key, key.operation, rec.ID, now)
			if err != nil {
				return err
			}
			if !first {
				return errReplay
			}
		}
		n, err := tx.Exec(ctx, `INSERT INTO dossier_rating (dossier_id, account_id, stars, comment, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (dossier_id) DO NOTHING`, rec.ID, key.account, in.Stars, in.Comment, sqldb.Millis(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NewConflict("dossier.rated")
		}
		return s.note(ctx, tx, stream(rec.ID), evRated, key.account, "", Event{Stars: in.Stars, Competent: rec.CompetentAgencyID})
	})
}

func ratingOf(ctx context.Context, r sqldb.Reader, dossierID string) (*Rating, error) {
	var rating Rating
	var at int64
	err := r.QueryRow(ctx, `SELECT stars, comment, at FROM dossier_rating WHERE dossier_id = $1`, dossierID).Scan(&rating.Stars, &rating.Comment, &at)
	if errors.Is(err, sqldb.ErrNotFound) {
		return nil, nil
	}
	rating.At = sqldb.Time(at)
	return &rating, err
}

// Follow puts a dossier on the list of those a member of staff follows, or takes
// it off.
func (s *Service) Follow(ctx context.Context, dossierID string, on bool) error {
	actor, err := signedIn(ctx)
	if err != nil {
		return err
	}
	rec, _, rel, err := s.see(ctx, s.read, dossierID)
	if err != nil {
		return err
	}
	if rel != staffReads {
		return errNotFound()
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if !on {
			_, err := tx.Exec(ctx, `DELETE FROM dossier_follow WHERE account_id = $1 AND dossier_id = $2`, actor.AccountID, rec.ID)
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO dossier_follow (account_id, dossier_id, at) VALUES ($1, $2, $3) ON CONFLICT (account_id, dossier_id) DO NOTHING`,
			actor.AccountID, rec.ID, sqldb.Millis(s.now()))
		return err
	})
}

func wholeNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(strings.NewReplacer(".", "", " ", "", ",", "").Replace(text), 10, 64)
	return n, err == nil
}
