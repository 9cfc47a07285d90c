package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// auditPage is how many events a page of the journal shows.
const auditPage = 30

type journalView struct {
	Query   url.Values
	Events  []journal.Event
	Next    string
	Whole   bool        // the actor may see the whole journal and have it verified
	Staff   []ui.Option // whose doings the actor may look at
	Names   map[string]string
	Verify  verifyState
	Errors  ui.Errors
	Missing bool // whoever audits a subtree chooses a person first
}

// journal shows events, newest first. Whoever audits a root agency sees all of
// them; whoever audits a subtree sees what its staff did, one person at a time:
// events carry no agency of their own.
func (s *Service) journal(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	me := identity.From(ctx)
	v := journalView{Query: q, Whole: wholeSystem(me, identity.AuditRead), Verify: s.verifier.state()}
	f := journal.BrowseFilter{Stream: q.Get("luong"), Type: q.Get("loai"), Limit: auditPage + 1}
	var bad []errs.Field
	from, to := readDay(q, "tu-ngay", &bad), readDay(q, "den-ngay", &bad)
	if !from.IsZero() {
		f.From = from.Start()
	}
	if !to.IsZero() {
		f.To = to.End()
	}
	if before := q.Get("sau"); before != "" {
		f.Before = readMark(before)
	}
	if login := q.Get("nguoi"); login != "" {
		who, err := s.identity.FindStaff(ctx, login)
		switch {
		case errs.Is(err, errs.NotFound), err == nil && !me.MayAt(identity.AuditRead, who.AgencyPath):
			bad = append(bad, errs.Bad("nguoi", "admin.staff-unknown"))
		case err != nil:
			return err
		default:
			f.Actor = who.ID
		}
	}
	for _, path := range me.Scope(identity.AuditRead) {
		list, err := s.identity.Colleagues(ctx, path, 200)
		if err != nil {
			return err
		}
		for _, c := range list {
			v.Staff = append(v.Staff, ui.Option{Value: c.Login, Text: c.Name})
		}
	}
	v.Missing = !v.Whole && f.Actor == ""
	if len(bad) > 0 {
		return again(w, r, nil, bad, func(errors ui.Errors) templComponent { v.Errors = errors; return journalPage(v) })
	}
	if !v.Missing {
		if err := s.browse(ctx, f, &v, r); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, journalPage(v))
}

func (s *Service) browse(ctx context.Context, f journal.BrowseFilter, v *journalView, r *http.Request) error {
	events, err := s.ledger.Browse(ctx, s.db, f)
	if err != nil {
		return err
	}
	if len(events) > auditPage {
		events = events[:auditPage]
		v.Next = nextPage(r, mark(events[auditPage-1]))
	}
	v.Events = events
	ids := make([]string, 0, len(events))
	for _, e := range events {
		ids = append(ids, e.Actor)
	}
	if v.Names, err = s.identity.Names(ctx, ids...); err != nil {
		return err
	}
	if f.Actor == "" && f.Stream == "" {
		return nil
	}
	// Looking at one person's or one thing's history is itself worth a line.
	data, err := json.Marshal(map[string]any{"stream": f.Stream, "type": f.Type, "actor": f.Actor})
	if err != nil {
		return err
	}
	me := identity.From(ctx)
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := s.ledger.Append(ctx, tx, journal.Event{
			Stream: "admin:audit", Type: "admin.journal-read", At: s.now(), Actor: me.AccountID, ActorName: me.Name, Purpose: "Kiểm tra, giám sát", Data: data,
		})
		return err
	})
}

// mark is where a page of the journal ends: moment and id of its last event.
func mark(e journal.Event) string { return number(sqldb.Millis(e.At)) + "." + e.ID }

func readMark(s string) journal.Event {
	ms, id, ok := cut(s, '.')
	if !ok {
		return journal.Event{}
	}
	return journal.Event{At: sqldb.Time(ms), ID: id}
}

// verifier reads the whole journal in the background, one run at a time.
type verifier struct {
	mu      sync.Mutex
	running bool
	started time.Time
	ended   time.Time
	report  journal.Report
	err     error
}

type verifyState struct {
	Running        bool
	Started, Ended time.Time
	Report         journal.Report
	Failed         bool
}

func (v *verifier) state() verifyState {
	v.mu.Lock()
	defer v.mu.Unlock()
	return verifyState{Running: v.running, Started: v.started, Ended: v.ended, Report: v.report, Failed: v.err != nil}
}

// start begins a run unless one is under way.
func (v *verifier) start(now func() time.Time, run func() (journal.Report, error)) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.running {
		return false
	}
	v.running, v.started = true, now()
	go func() {
		report, err := run()
		v.mu.Lock()
		defer v.mu.Unlock()
		v.running, v.ended, v.report, v.err = false, now(), report, err
	}()
	return true
}

// verifyMost bounds one verification started from a page; `motcua audit verify` has no bound.
const verifyMost = 30 * time.Minute

func (s *Service) startVerify(w http.ResponseWriter, r *http.Request) error {
	// It goes on when the person closes the page: its result is for everybody.
	ctx := context.WithoutCancel(r.Context())
	s.verifier.start(s.now, func() (journal.Report, error) {
		ctx, cancel := context.WithTimeout(ctx, verifyMost)
		defer cancel()
		report, err := s.system.Verify(ctx)
		if err != nil {
			s.log.ErrorContext(ctx, "journal not verified", "error", err)
		}
		return report, err
	})
	return web.SeeOther(w, r, "/quan-tri/nhat-ky")
}

// eventGroups are the beginnings of event types that a reader chooses from.
func eventGroups() []string {
	return []string{"dossier.", "document.", "register.", "identity.", "org.", "procedure.", "pack.", "admin."}
}

// eventFacts are what an event carries, name and value, for a reader; names sorted.
func eventFacts(e journal.Event) [][2]string {
	var data map[string]json.RawMessage
	if json.Unmarshal(e.Data, &data) != nil {
		return nil
	}
	names := make([]string, 0, len(data))
	for n := range data {
		names = append(names, n)
	}
	slices.Sort(names)
	facts := make([][2]string, 0, len(names))
	for _, n := range names {
		value := string(data[n])
		var text string
		if json.Unmarshal(data[n], &text) == nil {
			value = text
		}
		if value != "" && value != "null" {
			facts = append(facts, [2]string{n, value})
		}
	}
	return facts
}
