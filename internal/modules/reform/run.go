package reform

import (
	"context"
	"fmt"
	"slices"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/sqldb"
)

// page is how many things are in memory at once.
const page = 500

// run goes through everything a plan touches. With a transaction it does it, without
// one it only lists it: one walk, so that the dry run cannot say otherwise.
type run struct {
	s    *Service
	plan *Plan
	id   string // of the decree
	r    sqldb.Reader
	tx   *sqldb.Tx   // nil in a dry run
	tree *org.Change // nil in a dry run

	before  prepared
	now     map[string]org.Agency          // by agency id of the day, as they stand in the run
	holders map[string]map[string][]string // agency id of the day → account → roles
	offices map[string]string              // "<old department>|<agency id in the database>" → new department
	heirs   map[string]string              // ended agency → heir, ids
	fields  map[string]string              // procedure version → field
	needs   map[string]map[string]int64    // agency id of the day → role → open tasks waiting for it
	out     *list
	bad     []Problem
}

// prepared is what is read before the transaction because it lies in memory anyway.
type prepared struct {
	offers    map[string][]procedure.OfferMove // by id of the ended agency
	fieldOf   map[string]string                // procedure code → field
	registers []string
	logins    map[string]string // account → login
}

// list gathers the effects and passes them on in pieces.
type list struct {
	flush   func([]Effect) error
	buffer  []Effect
	counted Summary
}

func (l *list) add(e Effect) error {
	l.counted[e.Kind]++
	e.Seq = l.counted[e.Kind]
	l.buffer = append(l.buffer, e)
	if len(l.buffer) >= page {
		return l.pass()
	}
	return nil
}

func (l *list) pass() error {
	if len(l.buffer) == 0 {
		return nil
	}
	err := l.flush(l.buffer)
	l.buffer = l.buffer[:0]
	return err
}

func (r *run) effect(kind Kind, subject, label string, from org.Agency, to org.Agency, note string) error {
	return r.out.add(Effect{Kind: kind, Subject: subject, Label: label, FromCode: from.Code, FromName: from.ShortName, ToCode: to.Code, ToName: to.ShortName, Note: note})
}

// walk does the steps in their order.
func (r *run) walk(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{{"frame", r.frame}, {"people", r.people}, {"dossiers", r.dossiers}, {"books", r.books}, {"offers", r.offers}, {"finish", r.finish}} {
		if step.name == r.s.skip {
			continue
		}
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return r.out.pass()
}

// frame changes the tree: who ends, who begins, who moves.
func (r *run) frame(ctx context.Context) error {
	for code, a := range r.plan.targets {
		r.now[code] = *a
	}
	if r.tx != nil {
		for i := range r.plan.Endings {
			if _, err := r.tree.Cease(ctx, r.plan.Endings[i].Agency.ID); err != nil {
				return named(r.plan.Endings[i].Agency, err)
			}
		}
	}
	for _, c := range r.plan.Create {
		a := c.Agency
		parent := r.now[c.ParentCode]
		if r.tx != nil {
			a.ParentID = parent.ID
			made, err := r.tree.Create(ctx, a)
			if err != nil {
				return named(a, err)
			}
			a = made
		} else {
			a.ID = "new:" + a.Code
			a.Path = parent.Path + a.ID + "/"
		}
		r.now[a.Code] = a
		if err := r.effect(KindAgency, a.ID, a.Name, org.Agency{}, a, "created"); err != nil {
			return err
		}
	}
	for _, m := range r.plan.Moves {
		from := *r.plan.byID[m.Agency.ParentID]
		to := r.now[m.ParentCode]
		if r.tx != nil {
			moved, err := r.tree.Move(ctx, m.Agency.ID, to.ID)
			if err != nil {
				return named(m.Agency, err)
			}
			r.now[moved.Code] = moved
		}
		if err := r.effect(KindAgency, m.Agency.ID, m.Agency.Name, from, to, "moved"); err != nil {
			return err
		}
		if err := r.effect(KindCalendar, m.Agency.ID, m.Agency.Name, m.Agency, m.Agency, "calendar-kept"); err != nil {
			return err
		}
	}
	if r.tx != nil && len(r.plan.Moves) > 0 { // what lies below a moved agency has another path now
		for code, a := range r.now {
			fresh, err := r.tree.Agency(ctx, a.ID)
			if err != nil {
				return err
			}
			r.now[code] = fresh
		}
	}
	return r.successions(ctx)
}

func (r *run) successions(ctx context.Context) error {
	kept := map[string]bool{} // targets that have a calendar by now
	for i := range r.plan.Endings {
		e := &r.plan.Endings[i]
		note := "ended"
		if e.Renamed {
			note = "renamed"
		}
		for j, code := range e.Targets() {
			to := r.now[code]
			if r.tx != nil {
				if err := r.tree.Succeed(ctx, e.Agency.ID, to.ID, j == 0); err != nil {
					return named(e.Agency, err)
				}
			}
			if j == 0 {
				r.heirs[e.Agency.ID] = to.ID
			} else {
				note = "part"
			}
			if err := r.effect(KindAgency, e.Agency.ID, e.Agency.Name, e.Agency, to, note); err != nil {
				return err
			}
		}
		heir := r.now[e.Heir]
		note, fresh := "calendar-of-successor", false
		for _, c := range r.plan.Create {
			fresh = fresh || c.Agency.Code == e.Heir && (c.Calendar == "" || c.Calendar == e.Agency.ID)
		}
		if fresh && !kept[e.Heir] && r.levels(e.Agency, heir) {
			note, kept[e.Heir] = "calendar-kept", true
			if r.tx != nil {
				if err := r.tree.KeepCalendar(ctx, e.Agency.ID, heir.ID); err != nil {
					return named(e.Agency, err)
				}
			}
		}
		if err := r.effect(KindCalendar, e.Agency.ID, e.Agency.Name, e.Agency, heir, note); err != nil {
			return err
		}
	}
	return nil
}

// levels reports whether two agencies are bodies of one level, so that the calendar
// of the one suits the other.
func (r *run) levels(a, b org.Agency) bool { return a.Level == b.Level }

// people carries posts with their holders, and the accounts of the agency.
func (r *run) people(ctx context.Context) error {
	for code, a := range r.now {
		r.holders[code] = map[string][]string{}
		if a.ID == "" || r.plan.byID[a.ID] == nil {
			continue // to come
		}
		held, err := r.s.org.HoldersOn(ctx, r.r, a.ID, r.plan.File.on)
		if err != nil {
			return err
		}
		r.holders[code] = held
	}
	for i := range r.plan.Endings {
		e := &r.plan.Endings[i]
		went, err := r.posts(ctx, e)
		if err != nil {
			return named(e.Agency, err)
		}
		if r.s.skip == "accounts" {
			continue
		}
		if err := r.accounts(ctx, e, went); err != nil {
			return named(e.Agency, err)
		}
	}
	return nil
}

// posts returns where the people of an ended agency went: account → agency id of the day.
func (r *run) posts(ctx context.Context, e *Ending) (map[string]string, error) {
	went := map[string]string{}
	decide := func(p org.PostHolders) string {
		var logins []string
		for _, h := range p.Holdings {
			logins = append(logins, r.before.logins[h.AccountID])
		}
		return e.post(p.Title, logins)
	}
	var posts []org.PostHolders
	for after := ""; ; {
		part, err := r.s.org.OpenPosts(ctx, r.r, e.Agency.ID, after, r.plan.File.on)
		if err != nil {
			return nil, err
		}
		posts = append(posts, part.Items...)
		if after = part.Next; after == "" {
			break
		}
	}
	for _, p := range posts {
		to := decide(p)
		for _, h := range p.Holdings {
			went[h.AccountID] = to
			r.holders[to][h.AccountID] = append(r.holders[to][h.AccountID], p.Roles...)
		}
		if err := r.effect(KindPost, p.ID, p.Title, e.Agency, r.now[to], vacant(p)); err != nil {
			return nil, err
		}
	}
	if r.tx == nil {
		return went, nil
	}
	moves, err := r.tree.MovePosts(ctx, e.Agency.ID, func(p org.PostHolders) string { return r.now[decide(p)].ID })
	for _, m := range moves {
		if m.OldDepartment != "" {
			r.offices[m.OldDepartment+"|"+m.ToID] = m.NewDepartment
		}
	}
	return went, err
}

func vacant(p org.PostHolders) string {
	if len(p.Holdings) == 0 {
		return "vacant"
	}
	return ""
}

func (r *run) accounts(ctx context.Context, e *Ending, went map[string]string) error {
	for after := ""; ; {
		staff, err := r.s.identity.StaffAt(ctx, r.r, e.Agency, after, page)
		if err != nil {
			return err
		}
		to := map[string]org.Agency{}
		var moves []identity.HomeMove
		for _, a := range staff {
			code := went[a.ID]
			if code == "" {
				code = e.Heir
			}
			target := r.now[code]
			to[target.ID] = target
			moves = append(moves, identity.HomeMove{AccountID: a.ID, FromID: e.Agency.ID, ToID: target.ID})
			if err := r.effect(KindAccount, a.ID, a.Name+" ("+a.Login+")", e.Agency, target, ""); err != nil {
				return err
			}
		}
		if r.tx != nil && len(moves) > 0 {
			if err := r.s.identity.MoveHome(ctx, r.tx, r.id, e.Agency, to, moves); err != nil {
				return err
			}
		}
		if len(staff) < page {
			return nil
		}
		after = staff[len(staff)-1].ID
	}
}

// dossiers carries every open dossier of the ended agencies.
func (r *run) dossiers(ctx context.Context) error {
	codes := make(map[string]string, len(r.now))
	for code, a := range r.now {
		codes[a.ID] = code
	}
	terms := dossier.HandoverTerms{
		Decree: r.id, Basis: r.plan.File.Basis("vi"), Agencies: r.heirs, Departments: r.offices,
		Holds: func(account, agency string) bool { return len(r.holders[codes[agency]][account]) > 0 },
	}
	for i := range r.plan.Endings {
		e := &r.plan.Endings[i]
		for after, more := "", true; more; {
			held, err := r.s.dossiers.HeldBy(ctx, r.r, e.Agency, e.asksPlaces() || r.asked(e), after, page)
			if err != nil {
				return named(e.Agency, err)
			}
			var leave []dossier.Handover
			for _, h := range held.Items {
				move, mine, err := r.handover(ctx, e, h)
				if err != nil {
					return err
				}
				if mine {
					leave = append(leave, move)
				}
			}
			if r.tx != nil {
				if err := r.s.dossiers.HandOver(ctx, r.tx, terms, leave); err != nil {
					return err
				}
			}
			after, more = held.Next, held.Next != ""
		}
	}
	return nil
}

// asked reports whether the counter of another ended agency may need addresses.
func (r *run) asked(e *Ending) bool { return e.Agency.ReceivesDossiers && e.asksPlaces() }

// handover decides about one dossier. mine is false when it comes again with the
// agency that is competent for it.
func (r *run) handover(ctx context.Context, e *Ending, h dossier.Held) (dossier.Handover, bool, error) {
	if h.CompetentID != e.Agency.ID && r.plan.ends[h.CompetentID] != nil ||
		h.CompetentID != e.Agency.ID && h.ReceivingID != e.Agency.ID && r.plan.ends[h.ReceivingID] != nil {
		return dossier.Handover{}, false, nil
	}
	field, err := r.field(ctx, h.VersionID)
	if err != nil {
		return dossier.Handover{}, false, err
	}
	m := matter{number: h.Number, procedure: h.ProcedureCode, field: field, places: h.Addresses}
	move := dossier.Handover{Held: h, Competent: r.stays(h.CompetentID), Receiving: r.stays(h.ReceivingID)}
	if h.CompetentID == e.Agency.ID {
		move.Competent = r.now[r.plan.of(e, m)]
	}
	if other := r.plan.ends[h.ReceivingID]; other != nil {
		switch {
		case h.CompetentID == e.Agency.ID:
			move.Receiving = r.counter(move.Competent)
		default:
			move.Receiving = r.now[r.plan.of(other, m)]
		}
	}
	from := e.Agency
	to := move.Competent
	note := ""
	if h.CompetentID != e.Agency.ID {
		to, note = move.Receiving, "counter"
		if h.ReceivingID != e.Agency.ID {
			to, note = r.agency(r.heirs[e.Agency.ID]), "task"
		}
	}
	for _, t := range h.OpenTasks() {
		at := move.Competent
		switch {
		case t.AgencyID == h.ReceivingID && h.ReceivingID != h.CompetentID:
			at = move.Receiving
		case t.AgencyID != h.CompetentID:
			continue
		}
		if t.For == "" && t.Role != "" {
			r.need(at.Code, t.Role)
		}
	}
	return move, true, r.effect(KindDossier, h.ID, h.Number, from, to, note)
}

func (r *run) need(code, role string) {
	if r.needs[code] == nil {
		r.needs[code] = map[string]int64{}
	}
	r.needs[code][role]++
}

// stays is an agency as it stands in the run.
func (r *run) stays(id string) org.Agency {
	if a := r.plan.byID[id]; a != nil {
		if now, ok := r.now[a.Code]; ok && now.ID == id {
			return now
		}
		return *a
	}
	return org.Agency{ID: id}
}

func (r *run) agency(id string) org.Agency {
	for _, a := range r.now {
		if a.ID == id {
			return a
		}
	}
	return org.Agency{}
}

// counter is where dossiers of an agency are received and handed back: at itself, or
// at the centre below it.
func (r *run) counter(a org.Agency) org.Agency {
	if a.ReceivesDossiers {
		return a
	}
	var best org.Agency
	for _, c := range r.now {
		if c.Kind == org.KindCenter && c.ReceivesDossiers && (r.below(c, a) || a.ParentID != "" && c.ParentID == a.ParentID) && (best.ID == "" || c.Code < best.Code) {
			best = c
		}
	}
	if best.ID != "" {
		return best
	}
	return a
}

func (r *run) below(c, a org.Agency) bool {
	if c.ParentID != "" {
		return c.ParentID == a.ID
	}
	for _, made := range r.plan.Create {
		if made.Agency.Code == c.Code {
			return made.ParentCode == a.Code
		}
	}
	return false
}

func (r *run) field(ctx context.Context, versionID string) (string, error) {
	if f, ok := r.fields[versionID]; ok {
		return f, nil
	}
	v, err := r.s.procedures.VersionByID(ctx, versionID)
	if err != nil {
		return "", err
	}
	r.fields[versionID] = v.Def.Field.Code
	return v.Def.Field.Code, nil
}

// books hands entries of registers to their keepers.
func (r *run) books(ctx context.Context) error {
	basis := r.plan.File.Basis("vi")
	for i := range r.plan.Endings {
		e := &r.plan.Endings[i]
		for _, reg := range r.before.registers {
			for after := ""; ; {
				rows, err := r.s.registers.KeptBy(ctx, r.r, reg, e.Agency, after, page)
				if err != nil {
					return named(e.Agency, err)
				}
				byKeeper := map[string][]string{}
				for _, x := range rows {
					to := r.plan.entry(e, matter{procedure: x.ProcedureCode, field: r.before.fieldOf[x.ProcedureCode], register: reg})
					byKeeper[to] = append(byKeeper[to], x.ID)
					if err := r.effect(KindRegister, x.ID, x.Title+" "+x.Number, e.Agency, r.now[to], ""); err != nil {
						return err
					}
				}
				if r.tx != nil {
					for _, to := range sorted(byKeeper) {
						if err := r.s.registers.Keep(ctx, r.tx, e.Agency, r.now[to], basis, byKeeper[to]); err != nil {
							return err
						}
					}
				}
				if len(rows) < page {
					break
				}
				after = rows[len(rows)-1].ID
			}
		}
		if r.tx != nil && e.Renamed {
			if err := r.s.registers.Number(ctx, r.tx, e.Agency.ID, r.now[e.Heir].ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// offers makes the successors offer what the ended agencies offered.
func (r *run) offers(ctx context.Context) error {
	for i := range r.plan.Endings {
		e := &r.plan.Endings[i]
		to := map[string]org.Agency{}
		var moves []procedure.OfferMove
		for _, o := range r.before.offers[e.Agency.ID] {
			for _, code := range r.plan.offerers(e, matter{procedure: o.Code, field: o.Field}) {
				target := r.now[code]
				byRule, err := r.s.procedures.RuleOffers(ctx, o.Code, target, o.Channel)
				if err != nil {
					return err
				}
				move := o
				move.ToID, move.ByRule = target.ID, byRule
				to[target.ID] = target
				moves = append(moves, move)
				if err := r.effect(KindOffer, o.Code+"~"+string(o.Channel), o.Code+" "+o.Name, e.Agency, target, "channel-"+string(o.Channel)); err != nil {
					return err
				}
			}
		}
		if r.tx != nil && len(moves) > 0 {
			if err := r.s.procedures.SucceedOffers(ctx, r.tx, r.id, to, moves); err != nil {
				return named(e.Agency, err)
			}
		}
	}
	return nil
}

// finish makes sure that nothing is left behind.
func (r *run) finish(ctx context.Context) error {
	for _, code := range sorted(r.needs) {
		for _, role := range sorted(r.needs[code]) {
			able := false
			for _, roles := range r.holders[code] {
				able = able || slices.Contains(roles, role)
			}
			if !able {
				r.bad = append(r.bad, problem(r.plan.File.Pos, "no-holder", "agency", r.now[code].ShortName, "code", code, "role", role, "n", r.needs[code][role]))
			}
		}
	}
	if r.tx == nil {
		return nil
	}
	for i := range r.plan.Endings {
		e := &r.plan.Endings[i]
		if err := r.tree.Emptied(ctx, e.Agency.ID); err != nil {
			return named(e.Agency, err)
		}
		for _, after := range []string{"", "t"} {
			left, err := r.s.dossiers.HeldBy(ctx, r.tx, e.Agency, false, after, 1)
			if err != nil {
				return err
			}
			if len(left.Items) > 0 {
				return fmt.Errorf("reform: dossier %s was left at %s", left.Items[0].Number, e.Agency.Code)
			}
		}
	}
	return nil
}

func named(a org.Agency, err error) error { return fmt.Errorf("agency %s: %w", a.Code, err) }

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
