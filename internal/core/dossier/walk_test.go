package dossier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/flow"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// walker takes dossiers along random ways through the flow and checks after every
// act that everything kept about them agrees.
type walker struct {
	t      *testing.T
	h      *dossiertest.House
	rng    *rand.Rand
	team   dossiertest.Team
	people []identity.Account
	did    map[string]int
}

// TestEveryWayAgrees is the model test of the room: the table is what the events
// tell, the tasks are what the flow holds, the due time is what the clock computes,
// and nothing personal stands in the journal.
func TestEveryWayAgrees(t *testing.T) {
	seeds := 6
	if n, err := strconv.Atoi(os.Getenv("MOTCUA_TEST_WALKS")); err == nil {
		seeds = n
	}
	each(t, func(t *testing.T, h *dossiertest.House) {
		w := &walker{t: t, h: h, team: h.Team(t, h.Commune), did: map[string]int{}}
		for i := range 3 {
			w.people = append(w.people, h.Person(t, fmt.Sprintf("Đặng Thị Bí Mật %d", i)))
		}
		for seed := range seeds {
			w.rng = rand.New(rand.NewPCG(uint64(seed), 7))
			w.one()
		}
		w.noPersonalData()
		t.Logf("events seen: %v", w.did)
		if t.Failed() {
			return
		}
		for _, must := range []string{"dossier.received", "dossier.supplement-requested", "dossier.supplied"} {
			if seeds >= 6 && w.did[must] == 0 {
				t.Errorf("no walk came by %s: %v", must, w.did)
			}
		}
	})
}

func (w *walker) one() {
	h, t := w.h, w.t
	citizen := w.people[w.rng.IntN(len(w.people))]
	var d dossier.Dossier
	if w.rng.IntN(3) == 0 {
		var err error
		d, err = h.Dossiers.Intake(h.As(t, w.team.Clerk), dossier.IntakeInput{
			OfferID: h.Offer(h.Commune, procedure.Direct), Owner: dossier.Person{Name: citizen.Name, CitizenNo: citizen.CitizenNo},
			Answers: dossiertest.Answers(citizen.Name, citizen.CitizenNo), Papers: []dossier.PaperInput{{Code: "drawing", Copies: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
	} else {
		d = h.File(t, citizen)
	}
	for range 14 {
		w.check(d)
		if !d.Open() {
			return
		}
		h.Wait(time.Duration(w.rng.IntN(20*60)) * time.Minute)
		d = w.step(d, citizen)
	}
	w.check(d)
}

// step lets somebody do something that is offered; sometimes time runs out instead.
func (w *walker) step(d dossier.Dossier, citizen identity.Account) dossier.Dossier {
	h, t := w.h, w.t
	type move struct {
		by     identity.Account
		action dossier.Action
	}
	var moves []move
	for _, a := range []identity.Account{w.team.Clerk, w.team.Officer, w.team.Head, w.team.Leader, w.team.Records, citizen} {
		actions, err := h.Dossiers.Actions(h.As(t, a), d.ID)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range actions {
			if action.Blocked == nil && (action.Effect != flow.Withdraw || w.rng.IntN(12) == 0) && action.ID != flow.Delegate {
				moves = append(moves, move{a, action})
			}
		}
	}
	if d.Status == dossier.StatusPayment {
		paid, err := h.Dossiers.Pay(h.As(t, w.team.Clerk), dossier.PayInput{DossierID: d.ID, Amount: d.FeeDue, ReceiptNo: "BL-1"})
		if err != nil {
			t.Fatal(err)
		}
		return paid
	}
	if len(moves) == 0 || w.rng.IntN(15) == 0 {
		h.Wait(32 * 24 * time.Hour)
		h.Run(t)
		return w.read(d)
	}
	m := moves[w.rng.IntN(len(moves))]
	ctx := h.As(t, m.by)
	var out dossier.Dossier
	var err error
	switch {
	case m.by.ID == citizen.ID && m.action.Effect == flow.Supplied:
		out, err = h.Dossiers.Supplement(ctx, dossier.SupplementInput{
			DossierID: d.ID, Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{h.Upload(t, citizen, "lai.pdf")}}}, Note: "Bí mật của tôi",
		})
	case m.action.Effect == flow.Withdraw:
		out, err = h.Dossiers.Withdraw(ctx, dossier.WithdrawInput{DossierID: d.ID, Reason: "Bí mật gia đình"})
	default:
		in := dossier.ActInput{
			DossierID: d.ID, TaskID: m.action.Task, Action: m.action.ID, Reason: "Bí mật nghiệp vụ", Note: "Bí mật nội bộ",
			Fields: map[string]any{"scope": "Bí mật phạm vi", "value": "agree"}, Version: d.Version,
		}
		if m.action.Effect == flow.Extend {
			in.Due = d.DueAt.Add(time.Duration(1+w.rng.IntN(5)) * 24 * time.Hour)
			if in.Due.Before(h.Clock.Now()) {
				in.Due = h.Clock.Now().Add(72 * time.Hour)
			}
		}
		if m.action.ID == flow.Reassign {
			in.AssignTo = w.somebody(d, m.action)
		}
		out, err = h.Dossiers.Act(ctx, in)
		if errs.HasCode(err, "dossier.too-late-to-extend") || errs.HasCode(err, "dossier.assignee") || hasField(err, "assignee") {
			return d
		}
	}
	if err != nil {
		t.Fatalf("%s by %s on %s (step %s): %v", m.action.ID, m.by.Name, d.Number, d.Step, err)
	}
	return out
}

func (w *walker) somebody(d dossier.Dossier, action dossier.Action) string {
	for _, task := range w.detail(d).Run.Tasks {
		if task.ID == action.Task {
			return map[string]string{"officer": w.team.Officer.ID, "leader": w.team.Leader.ID, "head": w.team.Head.ID, "counter_clerk": w.team.Clerk.ID, "records_clerk": w.team.Records.ID}[task.Role]
		}
	}
	return ""
}

func (w *walker) system() context.Context { return identitytest.AsSystem() }

func (w *walker) read(d dossier.Dossier) dossier.Dossier { return w.detail(d).Dossier }

func (w *walker) detail(d dossier.Dossier) dossier.Detail {
	x, err := w.h.Dossiers.Get(w.system(), d.ID, "test")
	if err != nil {
		w.t.Fatal(err)
	}
	return x
}

// check holds everything that is kept about a dossier against each other.
func (w *walker) check(d dossier.Dossier) {
	w.t.Helper()
	h, t := w.h, w.t
	x := w.detail(d)
	if x.Version != d.Version || x.Status != d.Status || x.Step != d.Step || !x.DueAt.Equal(d.DueAt) {
		t.Errorf("%s: the answer %+v is not what is stored %+v", d.Number, d, x.Dossier)
	}
	events := h.Events(t, d)
	for _, e := range events {
		w.did[e.Type]++
	}
	p, err := dossier.RebuildStatus(events)
	if err != nil {
		t.Fatal(err)
	}
	if diff := p.Differs(x.Dossier); len(diff) > 0 {
		last := events[len(events)-1]
		t.Fatalf("%s after %s: events and table differ in %v\nevents %+v\ntable  %+v\nlast %s", d.Number, last.Type, diff, p, x.Dossier, last.Data)
	}
	if x.Run.Status != x.Status || x.Run.Step != x.Step || x.Run.Supplements != x.Dossier.Supplements {
		t.Errorf("%s: run %d at %s, table %d at %s", d.Number, x.Run.Status, x.Run.Step, x.Status, x.Step)
	}
	if string(x.Run.Clock) != string(x.ClockState) {
		t.Errorf("%s: clock of the run %q, of the table %q", d.Number, x.Run.Clock, x.ClockState)
	}
	open := map[string]string{}
	for _, task := range x.Run.Tasks {
		open[task.ID] = task.Assignee.ID
	}
	rows := map[string]string{}
	for _, task := range x.Tasks {
		rows[task.ID] = task.AssigneeID
	}
	if fmt.Sprint(open) != fmt.Sprint(rows) {
		t.Errorf("%s: the flow holds tasks %v, the queues %v", d.Number, open, rows)
	}
	if x.FeeDue+x.FeePaid != 75000 {
		t.Errorf("%s: owed %d, paid %d", d.Number, x.FeeDue, x.FeePaid)
	}
	var fees int64
	for _, f := range x.Fees {
		if !f.PaidAt.IsZero() {
			fees += f.Amount
		}
	}
	if fees != x.FeePaid {
		t.Errorf("%s: fee rows say %d paid, the head %d", d.Number, fees, x.FeePaid)
	}
	view, err := h.Dossiers.Explain(w.wordy(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !view.Due.Equal(x.DueAt) {
		t.Errorf("%s: explained due %v, kept %v", d.Number, view.Due, x.DueAt)
	}
	w.words(d)
}

func (w *walker) wordy() context.Context { return h18n(w.system(), w.h) }

// words looks for sentences that no locale has.
func (w *walker) words(d dossier.Dossier) {
	for _, ctx := range []context.Context{w.wordy(), w.h.As(w.t, w.team.Leader)} {
		items, err := w.h.Dossiers.Timeline(ctx, d.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, it := range items {
			if strings.Contains(it.Title+it.Who, "⟦") || strings.Contains(it.Title, "{") {
				w.t.Errorf("%s: %s is told as %q by %q", d.Number, it.Type, it.Title, it.Who)
			}
		}
	}
}

// noPersonalData reads the whole journal for what people are called and what they wrote.
func (w *walker) noPersonalData() {
	rows, err := w.h.DB.Query(context.Background(), `SELECT stream, type, actor_name, data FROM journal_event WHERE type LIKE 'dossier.%' LIMIT 100000`)
	type line struct{ stream, typ, name, data string }
	list, err := sqldb.Collect[line](rows, err)(func(r *sqldb.Rows) (l line, err error) { return l, r.Scan(&l.stream, &l.typ, &l.name, &l.data) })
	if err != nil || len(list) == 0 {
		w.t.Fatalf("%d events, %v", len(list), err)
	}
	for _, l := range list {
		for _, secret := range []string{"Bí Mật", "Bí mật", "0010900", "Trường Thi", "0912345678"} {
			if strings.Contains(l.data, secret) || strings.Contains(l.name, secret) {
				w.t.Errorf("%s in %s tells %q: %s", l.typ, l.stream, secret, l.data)
			}
		}
		if !json.Valid([]byte(l.data)) {
			w.t.Errorf("%s: not JSON", l.typ)
		}
	}
}
