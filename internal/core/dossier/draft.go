package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// undoDepth is how many saves back a tab may have been drawn and still be merged
// field by field.
const undoDepth = 60

// undo is what one save overwrote, by field. From these the draft as it was at an
// older revision can be told, and so what a tab really changed.
type undo struct {
	Rev    int64                      `json:"rev"`    // revision that the save made
	Before map[string]json.RawMessage `json:"before"` // field → value before; null = not answered
}

const draftColumns = `id, account_id, offer_id, version_id, case_id, step, answers, papers, owner, proxy, delivery, undo, rev, title, created_at, updated_at, expires_at, dossier_id`

// storedDraft is a draft as its row keeps it.
type storedDraft struct {
	Draft
	raw     map[string]json.RawMessage // answers by field
	history []undo
	created time.Time
}

func scanDraft(scan func(...any) error) (d storedDraft, err error) {
	var answers, papers, owner, delivery, history string
	var created, updated, expires int64
	if err := scan(&d.ID, &d.AccountID, &d.OfferID, &d.VersionID, &d.CaseID, &d.Step, &answers, &papers, &owner, &d.Proxy, &delivery, &history,
		&d.Rev, &d.Title, &created, &updated, &expires, &d.DossierID); err != nil {
		return d, err
	}
	d.created, d.UpdatedAt, d.ExpiresAt = sqldb.Time(created), sqldb.Time(updated), sqldb.Time(expires)
	if owner != "" {
		d.Owner = &Person{}
		err = fromJSON(owner, d.Owner)
	}
	return d, errors.Join(err, fromJSON(answers, &d.raw), fromJSON(papers, &d.Papers), fromJSON(delivery, &d.Delivery), fromJSON(history, &d.history))
}

// typed reads the answers by the form of the draft's case.
func (s *Service) typed(ctx context.Context, d *storedDraft) (*matter, error) {
	m := &matter{now: s.now()}
	if err := s.pinned(ctx, m, d.VersionID, d.CaseID); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(d.raw)
	if err != nil {
		return nil, err
	}
	d.Answers, err = m.form.Load(raw)
	m.answers = d.Answers
	return m, err
}

func draftBy(ctx context.Context, r sqldb.Reader, account, draftID string) (storedDraft, error) {
	d, err := scanDraft(r.QueryRow(ctx, `SELECT `+draftColumns+` FROM dossier_draft WHERE id = $1 AND account_id = $2`, draftID, account).Scan)
	if errors.Is(err, sqldb.ErrNotFound) {
		return d, errs.NewNotFound("dossier.draft-not-found")
	}
	return d, err
}

// StartDraft opens a draft for whoever is signed in, prefilled with what the state
// knows. A draft of the same offer and case that was not filed yet is continued
// instead, so that a double click opens one.
//
// Errors: procedure.not-found (NotFound) when the offer does not stand;
// dossier.not-online (Invalid); dossier.no-such-case (Invalid).
func (s *Service) StartDraft(ctx context.Context, offerID, caseID string) (Draft, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Draft{}, err
	}
	offer, m, caseID, err := s.offered(ctx, offerID, caseID)
	if err != nil {
		return Draft{}, err
	}
	self := s.Self(ctx)
	env := form.Env{Now: m.now, Owner: self.properties(), Submitter: self.properties()}
	answers, err := toJSON(m.form.Prefill(form.Answers{}, env))
	if err != nil {
		return Draft{}, err
	}
	delivery, err := toJSON(Delivery{By: "online"})
	if err != nil {
		return Draft{}, err
	}
	fresh := id.New()
	var draftID string
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		err := tx.QueryRow(ctx, `SELECT id FROM dossier_draft WHERE account_id = $1 AND offer_id = $2 AND case_id = $3 AND dossier_id = '' AND expires_at > $4
			ORDER BY updated_at DESC LIMIT 1`, actor.AccountID, offerID, caseID, sqldb.Millis(m.now)).Scan(&draftID)
		if err == nil || !errors.Is(err, sqldb.ErrNotFound) {
			return err
		}
		draftID = fresh
		_, err = tx.Exec(ctx, `INSERT INTO dossier_draft (`+draftColumns+`) VALUES ($1, $2, $3, $4, $5, '', $6, '[]', '', '', $7, '[]', 1, $8, $9, $9, $10, '')`,
			fresh, actor.AccountID, offerID, offer.VersionID, caseID, answers, delivery, m.comp.Version.Def.Name.VI, sqldb.Millis(m.now), sqldb.Millis(m.now.Add(s.DraftLife)))
		return err
	})
	if err != nil {
		return Draft{}, err
	}
	return s.Draft(ctx, draftID)
}

// offered finds an offer that may be filed online, and the case asked for or the
// only one.
func (s *Service) offered(ctx context.Context, offerID, caseID string) (procedure.Offer, *matter, string, error) {
	offer, err := s.Procedures.Offer(ctx, offerID)
	if err != nil {
		return offer, nil, "", err
	}
	if offer.Channel != procedure.Online || offer.Online == procedure.InfoOnly {
		return offer, nil, "", errs.NewInvalid(errs.Bad("offer", "dossier.not-online"))
	}
	m := &matter{now: s.now()}
	caseID, err = s.caseOf(ctx, m, offer.VersionID, caseID)
	return offer, m, caseID, err
}

func (s *Service) caseOf(ctx context.Context, m *matter, versionID, caseID string) (string, error) {
	comp, err := s.Procedures.Compiled(ctx, versionID)
	if err != nil {
		return "", err
	}
	if caseID == "" && len(comp.Version.Def.Cases) > 0 {
		caseID = comp.Version.Def.Cases[0].ID
	}
	return caseID, s.pinned(ctx, m, versionID, caseID)
}

// Draft returns a draft of whoever is signed in. One that was begun under a version
// of the procedure no longer in force is brought to the one that is: what was
// answered stays as far as the new form still asks it.
func (s *Service) Draft(ctx context.Context, draftID string) (Draft, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Draft{}, err
	}
	d, err := draftBy(ctx, s.read, actor.AccountID, draftID)
	if err != nil {
		return Draft{}, err
	}
	if _, err := s.upgraded(ctx, &d); err != nil {
		return Draft{}, err
	}
	_, err = s.typed(ctx, &d)
	return d.Draft, err
}

// upgraded moves a draft that is not filed yet to the version in force; changed
// tells whether it was another.
func (s *Service) upgraded(ctx context.Context, d *storedDraft) (changed bool, err error) {
	if d.DossierID != "" {
		return false, nil
	}
	offer, err := s.Procedures.Offer(ctx, d.OfferID)
	if errs.Is(err, errs.NotFound) || err == nil && offer.VersionID == d.VersionID {
		return false, nil // an offer that ended is refused when it is filed, not when it is looked at
	}
	if err != nil {
		return false, err
	}
	caseID := d.CaseID
	var m matter
	if err := s.pinned(ctx, &m, offer.VersionID, caseID); errs.Is(err, errs.Invalid) {
		if caseID, err = s.caseOf(ctx, &m, offer.VersionID, ""); err != nil {
			return false, err
		}
	} else if err != nil {
		return false, err
	}
	if err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE dossier_draft SET version_id = $1, case_id = $2, rev = rev + 1 WHERE id = $3 AND version_id = $4`,
			offer.VersionID, caseID, d.ID, d.VersionID)
		return err
	}); err != nil {
		return false, err
	}
	*d, err = draftBy(ctx, s.read, d.AccountID, d.ID)
	return true, err
}

// Drafts lists the drafts of whoever is signed in, the last touched first.
func (s *Service) Drafts(ctx context.Context) ([]Draft, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.Query(ctx, `SELECT `+draftColumns+` FROM dossier_draft WHERE account_id = $1 AND dossier_id = '' AND expires_at > $2 ORDER BY updated_at DESC LIMIT 50`,
		actor.AccountID, sqldb.Millis(s.now()))
	list, err := sqldb.Collect[storedDraft](rows, err)(func(r *sqldb.Rows) (storedDraft, error) { return scanDraft(r.Scan) })
	out := make([]Draft, 0, len(list))
	for i := range list {
		if _, err := s.typed(ctx, &list[i]); err != nil {
			continue // a version that cannot be read must not hide the others
		}
		out = append(out, list[i].Draft)
	}
	return out, err
}

// DeleteDraft discards a draft. One that is not there is no error: a second click
// finds it gone.
func (s *Service) DeleteDraft(ctx context.Context, draftID string) error {
	actor, err := signedIn(ctx)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM dossier_draft WHERE id = $1 AND account_id = $2 AND dossier_id = ''`, draftID, actor.AccountID)
		if err != nil || n == 0 {
			return err
		}
		return s.Files.Release(ctx, tx, draftStream(draftID))
	})
}

func draftStream(draftID string) string { return "draft:" + draftID }

// SaveDraft changes parts of a draft; see [DraftPatch]. What two tabs wrote is
// merged field by field: a field this tab did not change never overwrites what the
// other tab has written meanwhile.
//
// Errors: dossier.draft-not-found (NotFound); dossier.draft-filed (Conflict) when it
// is a dossier already; file.not-found (Invalid).
func (s *Service) SaveDraft(ctx context.Context, draftID string, patch DraftPatch) (Draft, error) {
	actor, err := signedIn(ctx)
	if err != nil {
		return Draft{}, err
	}
	self := s.Self(ctx)
	for try := 0; ; try++ {
		saved, err := s.saveOnce(ctx, actor, self, draftID, patch)
		if errors.Is(err, errStale) && try < 20 {
			continue // another save came between reading and writing: merge with it
		}
		if err != nil {
			return Draft{}, err
		}
		_, err = s.typed(ctx, &saved)
		return saved.Draft, err
	}
}

func (s *Service) saveOnce(ctx context.Context, actor identity.Actor, self Person, draftID string, patch DraftPatch) (storedDraft, error) {
	d, err := draftBy(ctx, s.read, actor.AccountID, draftID)
	if err != nil {
		return d, err
	}
	if d.DossierID != "" {
		return d, errs.NewConflict("dossier.draft-filed")
	}
	was := d.Rev
	if patch.CaseID != "" && patch.CaseID != d.CaseID {
		var m matter
		if err := s.pinned(ctx, &m, d.VersionID, patch.CaseID); err != nil {
			return d, err
		}
		d.CaseID = patch.CaseID
	}
	if patch.Step != "" {
		d.Step = patch.Step
	}
	if err := d.mergeAnswers(patch); err != nil {
		return d, err
	}
	if err := d.mergePapers(patch); err != nil {
		return d, err
	}
	if patch.Proxy != nil {
		d.Proxy = *patch.Proxy
	}
	if patch.Owner != nil {
		owner := tidy(*patch.Owner)
		if owner.Name == "" && owner.CitizenNo == "" && owner.TaxCode == "" && d.Proxy == NoProxy {
			owner = merge(Person{Phone: owner.Phone, Email: owner.Email, Address: owner.Address}, self)
		}
		owner.AccountID = ""
		if same(owner, self) {
			owner.AccountID = self.AccountID
		}
		d.Owner = &owner
	}
	if patch.Delivery != nil {
		d.Delivery = *patch.Delivery
	}
	return s.writeDraft(ctx, actor, d, was)
}

// writeDraft stores the merged draft when nobody was faster; files attached to it
// are claimed, so that they are kept as long as it is.
func (s *Service) writeDraft(ctx context.Context, actor identity.Actor, d storedDraft, was int64) (storedDraft, error) {
	now := s.now()
	m, err := s.typed(ctx, &d)
	if err != nil {
		return d, err
	}
	owner := s.Self(ctx)
	if d.Owner != nil {
		owner = *d.Owner
	}
	d.Title = m.form.DossierTitle(d.Answers, form.Env{Now: now, Owner: owner.properties(), Submitter: owner.properties()})
	files, err := s.draftFiles(ctx, &d, m.form)
	if err != nil {
		return d, err
	}
	d.Rev, d.UpdatedAt, d.ExpiresAt = was+1, now, now.Add(s.DraftLife)
	if len(d.history) > undoDepth {
		d.history = d.history[len(d.history)-undoDepth:]
	}
	ownerJSON := ""
	var e [5]error
	if d.Owner != nil {
		ownerJSON, e[0] = toJSON(d.Owner)
	}
	answers, err1 := toJSON(d.raw)
	papers, err2 := toJSON(d.Papers)
	delivery, err3 := toJSON(d.Delivery)
	history, err4 := toJSON(d.history)
	if err := errors.Join(e[0], err1, err2, err3, err4); err != nil {
		return d, err
	}
	return d, s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE dossier_draft SET case_id = $1, step = $2, answers = $3, papers = $4, owner = $5, proxy = $6, delivery = $7, undo = $8,
				rev = $9, title = $10, updated_at = $11, expires_at = $12 WHERE id = $13 AND account_id = $14 AND rev = $15 AND dossier_id = ''`,
			d.CaseID, d.Step, answers, papers, ownerJSON, d.Proxy, delivery, history, d.Rev, d.Title, sqldb.Millis(now), sqldb.Millis(d.ExpiresAt),
			d.ID, actor.AccountID, was)
		if err != nil {
			return err
		}
		if n == 0 {
			return errStale
		}
		return s.Files.Claim(ctx, tx, draftStream(d.ID), files...)
	})
}

// draftFiles lists the files of a draft that are its account's own; others are
// dropped from the papers.
func (s *Service) draftFiles(ctx context.Context, d *storedDraft, f *form.Form) ([]string, error) {
	mine, err := s.filesOf(ctx, d.Papers)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range d.Papers {
		d.Papers[i].FileIDs = slices.DeleteFunc(slices.Clone(d.Papers[i].FileIDs), func(fileID string) bool {
			file, ok := mine[fileID]
			return !ok || file.Owner != d.AccountID
		})
		ids = append(ids, d.Papers[i].FileIDs...)
	}
	for _, file := range f.Files(d.Answers) {
		ids = append(ids, file.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// untouched reports whether the page that sends a field shows it as it was last seen
// there, so that whatever stands in the draft by now is another tab's and stays. It is
// never so when the page is too old to know. now is the value in the draft.
func (d *storedDraft) untouched(field string, now, sent json.RawMessage, patch DraftPatch) bool {
	if patch.Rev <= 0 || patch.Rev >= d.Rev {
		return false
	}
	if len(d.history) == 0 || d.history[0].Rev > patch.Rev+1 {
		return false
	}
	shown, since := now, false
	for _, u := range d.history {
		if u.Rev <= patch.Rev {
			continue
		}
		before, changed := u.Before[field]
		if !changed {
			continue
		}
		if !since {
			shown, since = before, true // the first change after the page was drawn
		}
		if slices.Contains(patch.Own, u.Rev) {
			shown, since = now, false // it was this page that wrote it
		}
	}
	return sameJSON(shown, sent)
}

// mergeAnswers takes over the fields this tab changed since the revision it was
// drawn from. Input that could not be read is kept as typed, by field.
func (d *storedDraft) mergeAnswers(patch DraftPatch) error {
	if patch.Answers == nil {
		d.history = append(d.history, undo{Rev: d.Rev + 1, Before: map[string]json.RawMessage{}})
		return nil
	}
	before := map[string]json.RawMessage{}
	if d.raw == nil {
		d.raw = map[string]json.RawMessage{}
	}
	for field, value := range patch.Answers {
		if field == form.RawKey {
			continue
		}
		now, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if blankJSON(now) {
			now = nil
		}
		if d.untouched(field, d.raw[field], now, patch) || sameJSON(d.raw[field], now) {
			continue
		}
		before[field] = d.raw[field]
		if now == nil {
			delete(d.raw, field)
		} else {
			d.raw[field] = now
		}
	}
	d.history = append(d.history, undo{Rev: d.Rev + 1, Before: before})
	return d.mergeTyped(patch.Answers)
}

// mergeTyped keeps unreadable input of the fields the patch speaks of.
func (d *storedDraft) mergeTyped(patch form.Answers) error {
	typed := map[string]string{}
	if old, ok := d.raw[form.RawKey]; ok {
		if err := json.Unmarshal(old, &typed); err != nil {
			return err
		}
	}
	for name := range maps.Clone(typed) {
		field, _, _ := strings.Cut(name, ".")
		if _, spoken := patch[field]; spoken {
			delete(typed, name)
		}
	}
	if fresh, ok := patch[form.RawKey].(map[string]string); ok {
		maps.Copy(typed, fresh)
	}
	if len(typed) == 0 {
		delete(d.raw, form.RawKey)
		return nil
	}
	raw, err := json.Marshal(typed)
	d.raw[form.RawKey] = raw
	return err
}

func blankJSON(b []byte) bool {
	switch string(b) {
	case "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// sameJSON compares two values; nil is no answer.
func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || blankJSON(a) {
		return len(b) == 0 || blankJSON(b)
	}
	if len(b) == 0 {
		return false
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

// papersField is the name under which a paper stands in the undo history.
func papersField(code string) string { return "papers." + code }

// mergePapers takes over the papers this tab changed.
func (d *storedDraft) mergePapers(patch DraftPatch) error {
	if len(patch.Papers) == 0 {
		return nil
	}
	last := &d.history[len(d.history)-1] // mergeAnswers has just opened it
	for i, p := range patch.Papers {
		field := papersField(p.Code)
		if p.Code == "" {
			field = papersField("name:" + p.Name)
		}
		at := slices.IndexFunc(d.Papers, func(q PaperInput) bool { return q.Code == p.Code && (p.Code != "" || q.Name == p.Name) })
		var current, wanted json.RawMessage
		var err error
		if at >= 0 {
			if current, err = json.Marshal(d.Papers[at]); err != nil {
				return err
			}
		}
		if !p.Remove {
			if wanted, err = json.Marshal(patch.Papers[i]); err != nil {
				return err
			}
		}
		if d.untouched(field, current, wanted, patch) || sameJSON(current, wanted) {
			continue
		}
		last.Before[field] = orNull(current)
		switch {
		case p.Remove && at >= 0:
			d.Papers = slices.Delete(slices.Clone(d.Papers), at, at+1)
		case p.Remove:
		case at >= 0:
			d.Papers = slices.Clone(d.Papers)
			d.Papers[at] = p
		default:
			d.Papers = append(d.Papers, p)
		}
	}
	return nil
}

func orNull(b json.RawMessage) json.RawMessage {
	if b == nil {
		return json.RawMessage("null")
	}
	return b
}

// SweepDrafts discards drafts nobody has touched for long, and the keys and read
// marks of long ago. It is run every night.
func (s *Service) SweepDrafts(ctx context.Context) error {
	now := s.now()
	for {
		var ids []string
		if err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			rows, err := tx.Query(ctx, `SELECT id FROM dossier_draft WHERE expires_at < $1 ORDER BY expires_at LIMIT 100`, sqldb.Millis(now))
			if ids, err = sqldb.Strings(rows, err); err != nil {
				return err
			}
			for _, draftID := range ids {
				if _, err := tx.Exec(ctx, `DELETE FROM dossier_draft WHERE id = $1`, draftID); err != nil {
					return err
				}
				if err := s.Files.Release(ctx, tx, draftStream(draftID)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM dossier_key WHERE at < $1`, sqldb.Millis(now.AddDate(0, -3, 0))); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM dossier_read WHERE hour < $1`, now.Add(-48*time.Hour).Unix()/3600)
		return err
	})
}
