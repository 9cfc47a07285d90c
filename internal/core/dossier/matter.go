package dossier

import (
	"context"
	"encoding/json"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// matter is one dossier with all that deciding about it needs, read before the
// transaction: the pinned procedure, the answers, the papers, the clock and the
// calendars. Everything computed from it is pure.
type matter struct {
	rec      record
	comp     *procedure.Compiled
	form     *form.Form
	flow     *flow.Flow
	answers  form.Answers
	plain    map[string]any // the answers as rules of the flow see them
	revision int
	papers   []Paper
	fees     []Fee
	entries  []clock.Entry

	receiving org.Agency
	competent org.Agency
	cal       calendar.Calendar // of the competent agency
	calendars map[string]calendar.Calendar
	now       time.Time
}

// pinned finds the procedure version, form and flow of a case.
func (s *Service) pinned(ctx context.Context, m *matter, versionID, caseID string) error {
	comp, err := s.Procedures.Compiled(ctx, versionID)
	if err != nil {
		return err
	}
	m.comp, m.form, m.flow = comp, comp.Form(caseID), comp.Flow(caseID)
	if m.form == nil || m.flow == nil {
		return errs.NewInvalid(errs.Bad("case", "dossier.no-such-case"))
	}
	return nil
}

// places reads the two agencies and their calendars.
func (s *Service) places(ctx context.Context, m *matter, receivingID, competentID string) error {
	var err error
	if m.competent, err = s.Agencies.Agency(ctx, competentID); err != nil {
		return err
	}
	m.receiving = m.competent
	if receivingID != competentID {
		if m.receiving, err = s.Agencies.Agency(ctx, receivingID); err != nil {
			return err
		}
	}
	m.calendars = map[string]calendar.Calendar{}
	if m.cal, err = s.Agencies.Calendar(ctx, competentID, time.Time{}); err != nil {
		return err
	}
	m.calendars[competentID] = m.cal
	if receivingID != competentID {
		c, err := s.Agencies.Calendar(ctx, receivingID, time.Time{})
		if err != nil {
			return err
		}
		m.calendars[receivingID] = c
	}
	return nil
}

// load reads everything about a dossier.
func (s *Service) load(ctx context.Context, r sqldb.Reader, rec record) (*matter, error) {
	m := &matter{rec: rec, now: s.now()}
	err := s.pinned(ctx, m, rec.VersionID, rec.CaseID)
	if err != nil {
		return nil, err
	}
	if err := s.places(ctx, m, rec.ReceivingAgencyID, rec.CompetentAgencyID); err != nil {
		return nil, err
	}
	if m.rec.Run.Agencies, err = s.standing(ctx, rec.Run.Agencies); err != nil {
		return nil, err
	}
	revision, raw, err := latestAnswers(ctx, r, rec.ID)
	if err != nil {
		return nil, err
	}
	m.revision = revision
	if err := m.setAnswers([]byte(raw)); err != nil {
		return nil, err
	}
	if m.papers, err = papersOf(ctx, r, rec.ID); err != nil {
		return nil, err
	}
	if m.fees, err = feesOf(ctx, r, rec.ID); err != nil {
		return nil, err
	}
	m.entries, err = clockOf(ctx, r, rec.ID)
	return m, err
}

// standing are the agencies a run names, those that a decree ended since replaced by
// whoever took over: a later step of an old flow may name one.
func (s *Service) standing(ctx context.Context, named map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(named))
	for ref, agencyID := range named {
		out[ref] = agencyID
		if ref == "receiving" || ref == "competent" {
			continue // these stand in the dossier itself
		}
		switch a, err := s.Agencies.Present(ctx, agencyID); {
		case err == nil:
			out[ref] = a.ID
		case !errs.Is(err, errs.NotFound):
			return nil, err
		}
	}
	return out, nil
}

// setAnswers reads stored answers, typed for the form and plain for the flow.
func (m *matter) setAnswers(raw []byte) error {
	typed, err := m.form.Load(raw)
	if err != nil {
		return err
	}
	m.answers, m.plain = typed, map[string]any{}
	return json.Unmarshal(raw, &m.plain)
}

// env is what rules of the form may know besides the answers.
func (m *matter) env() form.Env {
	return form.Env{Now: m.now, Owner: m.rec.Owner.properties(), Submitter: m.rec.Submitter.properties()}
}

// properties are the person by the names forms use.
func (p Person) properties() map[string]string {
	return map[string]string{
		"name": p.Name, "citizen_no": p.CitizenNo, "tax_code": p.TaxCode, "phone": p.Phone, "email": p.Email,
		"address": p.Address, "birth": p.Birth.String(), "gender": p.Gender, "kind": p.Kind,
	}
}

// facts is what guards of the flow may know.
func (m *matter) facts() flow.Facts {
	return flow.Facts{
		Answers: m.plain, FeeDue: m.rec.FeeDue, FeePaid: m.rec.FeeDue == 0, PapersComplete: m.papersComplete(),
		ResultReady: m.resultReady(), Channel: string(m.rec.Channel), Case: m.rec.CaseID, Now: m.now,
	}
}

// papersComplete reports whether every paper the answers require has been given.
func (m *matter) papersComplete() bool {
	return len(missing(m.comp.Components(m.rec.CaseID, m.answers, m.env()), m.papers)) == 0
}

// resultReady reports whether all that the result needs has been typed.
func (m *matter) resultReady() bool {
	return m.rec.EntryID != "" || m.rec.ResultID != "" || len(m.rec.Run.Result) > 0 || m.comp.Register(m.rec.CaseID) == ""
}

// term is what the law allows the agency in this channel.
func (m *matter) term() clock.Term {
	return m.comp.Term(m.rec.CaseID, procedure.ChannelKind(m.rec.Channel))
}

// moment is the time of an act with the calendars that turn spans into dates.
func (m *matter) moment(ctx context.Context, s *Service) flow.Now {
	return flow.Now{At: m.now, Due: func(agency string, from time.Time, after flow.Span) time.Time {
		cal, ok := m.calendars[agency]
		if !ok {
			var err error
			if cal, err = s.Agencies.Calendar(ctx, agency, time.Time{}); err != nil {
				cal = m.cal // an agency that is gone: the competent one's hours are near enough for a step's allowance
			}
			m.calendars[agency] = cal
		}
		return spanEnd(cal, from, after)
	}}
}

// spanEnd adds a span of the flow to a moment by a working calendar.
func spanEnd(cal calendar.Calendar, from time.Time, after flow.Span) time.Time {
	day := civil.DateOf(from)
	switch after.Unit {
	case "working_hour":
		return cal.Add(from, time.Duration(after.Amount)*time.Hour)
	case "working_day":
		return cal.Closing(cal.AddDays(day, after.Amount))
	case "hour":
		return from.Add(time.Duration(after.Amount) * time.Hour)
	case "month":
		return day.AddMonths(after.Amount).End()
	default:
		return day.AddDays(after.Amount).End()
	}
}

// person is the actor as the flow engine names people.
func person(a identity.Actor) flow.Person {
	if a.Kind == identity.KindSystem {
		return flow.Person{}
	}
	return flow.Person{ID: a.AccountID, Name: a.Name}
}

// who is the actor as the flow engine sees them.
func who(a identity.Actor, competentPath string) flow.Who {
	w := flow.Who{Person: person(a), Side: flow.Staff}
	switch a.Kind {
	case identity.KindSystem:
		w.Side = flow.System
	case identity.KindCitizen, identity.KindOrganisation:
		w.Side = flow.Citizen
	default:
		w.Override = a.MayAt(identity.DossierAssign, competentPath)
		for _, p := range a.Posts {
			w.Held = append(w.Held, flow.Held{Agency: p.AgencyID, Department: p.DepartmentID, Roles: p.Roles, DelegatedFrom: flow.Person{ID: p.DelegatedFrom}})
		}
	}
	return w
}

// agencyRefs resolves the agencies a flow speaks of: receiving, competent, and codes.
func (s *Service) agencyRefs(ctx context.Context, m *matter) (map[string]string, error) {
	refs := map[string]string{"receiving": m.receiving.ID, "competent": m.competent.ID}
	for _, code := range m.flow.AgencyRefs() {
		if _, known := refs[code]; known {
			continue
		}
		a, err := s.Agencies.AgencyByCode(ctx, code)
		if err != nil {
			return nil, errs.New(errs.Unavailable, "dossier.agency-missing", "code", code).Because(err)
		}
		refs[code] = a.ID
	}
	return refs, nil
}

// actingPost is the post in which an actor acts on a task: the one whose role the
// task wants, else the first at one of the dossier's agencies.
func actingPost(a identity.Actor, agencyIDs ...string) identity.HeldPost {
	for _, id := range agencyIDs {
		for _, p := range a.Posts {
			if p.AgencyID == id {
				return p
			}
		}
	}
	if len(a.Posts) > 0 {
		return a.Posts[0]
	}
	return identity.HeldPost{}
}
