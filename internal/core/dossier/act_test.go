package dossier_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/flow"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

func received(t *testing.T, h *dossiertest.House) (dossiertest.Team, identity.Account, dossier.Dossier) {
	t.Helper()
	team := h.Team(t, h.Commune)
	citizen := h.Person(t, "Đinh Thị Công")
	return team, citizen, h.Act(t, team.Clerk, h.File(t, citizen), "accept")
}

func documents(d dossier.Detail) string {
	var kinds []string
	for _, r := range d.Documents {
		kinds = append(kinds, r.Kind)
	}
	return strings.Join(kinds, " ")
}

func get(t *testing.T, h *dossiertest.House, a identity.Account, d dossier.Dossier) dossier.Detail {
	t.Helper()
	x, err := h.Dossiers.Get(h.As(t, a), d.ID, "process")
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestASupplementStopsTheClockOnce(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, citizen, d := received(t, h)
		due := d.DueAt
		h.Wait(24 * time.Hour) // Wednesday 09:00
		if _, err := h.Dossiers.Act(h.As(t, team.Officer), dossier.ActInput{DossierID: d.ID, Action: "ask"}); !hasField(err, "reason") {
			t.Fatalf("asking without a reason: %v", err)
		}
		if _, err := h.Dossiers.Act(h.As(t, team.Officer), dossier.ActInput{DossierID: d.ID, Action: "ask", Reason: "Mờ", Missing: []string{"gold"}}); !hasField(err, "missing") {
			t.Fatalf("asking for a paper that is none: %v", err)
		}
		d = h.Act(t, team.Officer, d, "ask", func(in *dossier.ActInput) {
			in.Reason, in.Note, in.Missing = "Bản vẽ mờ, không đọc được kích thước", "Chụp lại đủ bốn góc", []string{"drawing"}
		})
		if d.Status != dossier.StatusSupplement || d.ClockState != dossier.ClockPaused || d.PausedAt.IsZero() || d.Late {
			t.Fatalf("asked: %+v", d)
		}
		x := get(t, h, citizen, d)
		if !x.MaySupply || len(x.Supplements) != 1 || x.Supplements[0].Missing[0].Name != "Bản vẽ" || x.Supplements[0].AskedBy != h.Commune.Name || documents(x) != "01 02" {
			t.Errorf("the citizen sees %+v, documents %s", x.Supplements, documents(x))
		}
		if x.Supplements[0].DocumentID == "" || !x.Supplements[0].DueAt.Equal(h.Clock.Now().Add(30*24*time.Hour).Truncate(24*time.Hour).Add(17*time.Hour)) {
			t.Errorf("the request: %+v", x.Supplements[0])
		}
		h.Wait(5 * 24 * time.Hour) // Monday 09:00: three working days went by
		if _, err := h.Dossiers.Supplement(h.As(t, citizen), dossier.SupplementInput{DossierID: d.ID}); !hasField(err, "papers") {
			t.Errorf("a supplement of nothing: %v", err)
		}
		file := h.Upload(t, citizen, "ban-ve-moi.pdf")
		in := dossier.SupplementInput{
			DossierID: d.ID, Answers: map[string]any{"place": "Số 14 ngõ 5 phố Trường Thi"}, Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{file}}},
			Note: "Tôi gửi lại bản rõ", Version: d.Version, Key: "bo-sung-1",
		}
		supplied, err := h.Dossiers.Supplement(h.As(t, citizen), in)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := h.Dossiers.Supplement(h.As(t, citizen), in); err != nil || again.Version != supplied.Version {
			t.Errorf("a second click: %v", err)
		}
		d = supplied
		if d.Status != dossier.StatusProcessing || d.ClockState != dossier.ClockRunning {
			t.Fatalf("supplied: %+v", d)
		}
		if got, want := civil.DateOf(d.DueAt), civil.DateOf(due).AddDays(3); got != want {
			t.Errorf("due %s, want %s: three working days were paused", got, want)
		}
		x = get(t, h, team.Officer, d)
		if x.Revision != 1 || x.Answers["place"] != "Số 14 ngõ 5 phố Trường Thi" || x.Answers["purpose"] != "home" || x.Supplements[0].AnsweredAt.IsZero() {
			t.Errorf("after the supplement: revision %d %v %+v", x.Revision, x.Answers, x.Supplements[0])
		}
		var drawings int
		for _, p := range x.Papers {
			if p.Code == "drawing" {
				drawings++
			}
		}
		if drawings != 2 {
			t.Errorf("%d drawings are kept, want the old and the new", drawings)
		}
		// A second request is allowed, warned about, and makes the dossier late for good.
		for _, a := range x.Actions {
			if a.ID == "ask" && a.Warning == nil {
				t.Error("a second request is not warned about")
			}
		}
		d = h.Act(t, team.Officer, d, "ask")
		if !d.Late || get(t, h, citizen, d).Supplements[1].Round != 2 {
			t.Errorf("asked twice: %+v", d)
		}
		rebuilt(t, h, d)
	})
}

func TestASupplementRunsOut(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, citizen, d := received(t, h)
		d = h.Act(t, team.Officer, d, "ask")
		h.Wait(28 * 24 * time.Hour)
		h.Run(t)
		if types := eventTypes(h, t, d); types[len(types)-1] != "dossier.reminded" {
			t.Errorf("two days before the end: %v", types)
		}
		h.Wait(4 * 24 * time.Hour)
		h.Run(t)
		h.Run(t) // a worker that starts again finds the timer gone
		x := get(t, h, citizen, d)
		if x.Status != dossier.StatusStopped || x.Open() || x.Supplements[0].ExpiredAt.IsZero() || x.FinishedAt.IsZero() || documents(x) != "01 02 05" {
			t.Errorf("after 32 days: %+v %+v %s", x.Dossier, x.Supplements, documents(x))
		}
		if types := eventTypes(h, t, d); types[len(types)-1] != "dossier.supplement-expired" {
			t.Errorf("events %v", types)
		}
		if _, err := h.Dossiers.Supplement(h.As(t, citizen), dossier.SupplementInput{DossierID: d.ID, Note: "Muộn"}); !errs.HasCode(err, "dossier.nothing-asked") {
			t.Errorf("too late: %v", err)
		}
		rebuilt(t, h, d)
	})
}

func eventTypes(h *dossiertest.House, t *testing.T, d dossier.Dossier) []string {
	var types []string
	for _, e := range h.Events(t, d) {
		types = append(types, e.Type)
	}
	return types
}

func TestRefusal(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		citizen := h.Person(t, "Lưu Văn Từ")
		d := h.Act(t, team.Clerk, h.File(t, citizen), "refuse", func(in *dossier.ActInput) { in.Reason = "Không thuộc thẩm quyền" })
		x := get(t, h, citizen, d)
		if x.Status != dossier.StatusRefused || x.FinishedAt.IsZero() || !x.ReceivedAt.IsZero() || documents(x) != "03" || x.Late {
			t.Errorf("refused: %+v, %s", x.Dossier, documents(x))
		}
		items, err := h.Dossiers.Timeline(h.As(t, citizen), d.ID)
		if err != nil || items[len(items)-1].Text != "Không thuộc thẩm quyền" || items[len(items)-1].Who != h.Commune.Name {
			t.Errorf("the citizen is told %+v, %v", items, err)
		}
		rebuilt(t, h, d)
	})
}

func TestExtension(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, _, d := received(t, h)
		to := func(day string) func(*dossier.ActInput) {
			return func(in *dossier.ActInput) { in.Due = civil.MustDate(day).At(17, 0) }
		}
		for day, field := range map[string]string{"2026-11-02": "due", "2026-11-10": "due", "2028-11-10": "due"} {
			in := dossier.ActInput{DossierID: d.ID, Action: "extend", Reason: "Chờ xác minh"}
			to(day)(&in)
			if _, err := h.Dossiers.Act(h.As(t, team.Officer), in); !hasField(err, field) {
				t.Errorf("extended to %s: %v", day, err)
			}
		}
		d = h.Act(t, team.Officer, d, "extend", to("2026-11-13"))
		if got := civil.DateOf(d.DueAt).String(); got != "2026-11-13" || d.Status != dossier.StatusProcessing {
			t.Errorf("due %s", got)
		}
		x := get(t, h, team.Officer, d)
		if documents(x) != "01 04" {
			t.Errorf("documents %s", documents(x))
		}
		for _, a := range x.Actions {
			if a.ID == "extend" && a.Blocked == nil {
				t.Error("a second extension is offered")
			}
		}
		rebuilt(t, h, d)
		_, pdf, err := h.Dossiers.DocumentFile(h.As(t, team.Officer), d.ID, x.Documents[1].ID)
		if err != nil {
			t.Fatal(err)
		}
		if text := pdfText(t, pdf); !strings.Contains(text, "17 giờ 30 phút, ngày 13 tháng 11 năm 2026") || !strings.Contains(text, "Đinh Thị Công") {
			t.Errorf("form 04 says\n%s", text)
		}
	})
}

func TestPayment(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, citizen, d := received(t, h)
		d = h.Act(t, team.Officer, d, "charge")
		if d.Status != dossier.StatusPayment || d.ClockState != dossier.ClockPaused {
			t.Fatalf("asked: %+v", d)
		}
		pay := dossier.PayInput{DossierID: d.ID, Amount: 75000, ReceiptNo: "BL-0012", Method: "online", Key: "ipn-1"}
		if _, err := h.Dossiers.Pay(h.As(t, citizen), pay); !errs.Is(err, errs.NotFound) {
			t.Errorf("the citizen declares the payment: %v", err)
		}
		wrong := pay
		wrong.Amount, wrong.Key = 1000, "ipn-0"
		if _, err := h.Dossiers.Pay(identitytest.AsSystem(), wrong); !hasField(err, "amount") {
			t.Errorf("a wrong amount: %v", err)
		}
		var wg sync.WaitGroup
		for range 8 { // the gateway tells it again and again
			wg.Go(func() {
				if _, err := h.Dossiers.Pay(identitytest.AsSystem(), pay); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		x := get(t, h, team.Officer, d)
		if x.Status != dossier.StatusProcessing || x.FeeDue != 0 || x.FeePaid != 75000 || x.Fees[0].ReceiptNo != "BL-0012" || x.Fees[0].Method != "online" || x.ClockState != dossier.ClockRunning {
			t.Errorf("paid: %+v %+v", x.Dossier, x.Fees)
		}
		if n := strings.Count(strings.Join(eventTypes(h, t, d), " "), "dossier.paid"); n != 1 {
			t.Errorf("%d payments are told", n)
		}
		rebuilt(t, h, d)
	})
}

func TestOpinionsAndAssignment(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, _, d := received(t, h)
		second := h.Staff(t, "cv-hai", "Đoàn Văn Hai", h.Commune, "officer")
		d = h.Act(t, team.Officer, d, "consult")
		tasks := get(t, h, team.Head, d).Tasks
		if len(tasks) != 2 {
			t.Fatalf("asked %+v", tasks)
		}
		d = h.Act(t, team.Head, d, flow.GiveOpinion, func(in *dossier.ActInput) { in.Note, in.Fields = "Đồng ý", map[string]any{"value": "agree"} })
		d = h.Act(t, second, d, flow.GiveOpinion, func(in *dossier.ActInput) {
			in.Note, in.Fields = "Cần thêm cột", map[string]any{"value": "disagree"}
		})
		if d.Step != "process" {
			t.Fatalf("after both opinions at %s", d.Step)
		}
		candidates, err := h.Dossiers.Candidates(h.As(t, team.Head), d.ID, "")
		if err != nil || len(candidates) != 2 {
			t.Fatalf("candidates %+v, %v", candidates, err)
		}
		d = h.Act(t, team.Head, d, flow.Reassign, func(in *dossier.ActInput) { in.AssignTo = second.ID })
		if _, err := h.Dossiers.Act(h.As(t, team.Officer), dossier.ActInput{DossierID: d.ID, Action: "propose", Fields: map[string]any{"scope": "x"}}); err == nil {
			t.Error("a task in other hands was done")
		}
		if _, err := h.Dossiers.Act(h.As(t, team.Head), dossier.ActInput{DossierID: d.ID, Action: flow.Reassign, AssignTo: team.Clerk.ID}); !hasField(err, "assignee") {
			t.Errorf("assigned to somebody without the role: %v", err)
		}
		page, err := h.Dossiers.Queue(h.As(t, second), dossier.QueueQuery{Queue: dossier.QueueMine})
		if err != nil || len(page.Rows) != 1 || !page.Rows[0].New || page.Rows[0].AssigneeName != "Đoàn Văn Hai" {
			t.Errorf("the queue of the assignee: %+v, %v", page.Rows, err)
		}
		get(t, h, second, d)
		page, err = h.Dossiers.Queue(h.As(t, second), dossier.QueueQuery{Queue: dossier.QueueMine})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].New {
			t.Errorf("after opening it: %+v, %v", page.Rows, err)
		}
		if _, err := h.Dossiers.Act(h.As(t, second), dossier.ActInput{DossierID: d.ID, Action: "propose"}); !hasField(err, "result.scope") {
			t.Errorf("proposed without the result: %v", err)
		}
		if _, err := h.Dossiers.Act(h.As(t, second), dossier.ActInput{DossierID: d.ID, Action: "propose", Fields: map[string]any{"scope": "x", "checked_on": "31/02/2026"}}); !hasField(err, "result.checked_on") {
			t.Errorf("proposed with a day that is none: %v", err)
		}
		rebuilt(t, h, d)
	})
}

// Whoever acts on what they saw minutes ago learns who was faster and what they did.
func TestAFriendlyConflict(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		second := h.Staff(t, "quay-hai", "Tô Thị Chậm", h.Commune, "counter_clerk")
		d := h.File(t, h.Person(t, "Lý Văn Một"))
		h.Act(t, team.Clerk, d, "accept", func(in *dossier.ActInput) { in.Version = d.Version })
		_, err := h.Dossiers.Act(h.As(t, second), dossier.ActInput{DossierID: d.ID, Action: "refuse", Reason: "Không hợp lệ", Version: d.Version})
		e, ok := errs.As(err)
		if !ok || e.Code != "dossier.changed" || e.Args["who"] != "Lê Thị Quầy" || e.Args["what"] != "tiếp nhận hồ sơ" || e.Args["at"] != h.Clock.Now().UTC() {
			t.Errorf("conflict %v %v", err, e)
		}
		// Twelve clerks press at once without saying what they saw: one wins, the others find the button gone.
		d = h.File(t, h.Person(t, "Lý Văn Hai"))
		won := make(chan bool, 12)
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				_, err := h.Dossiers.Act(h.As(t, team.Clerk), dossier.ActInput{DossierID: d.ID, Action: "accept"})
				if err != nil && errs.KindOf(err) == errs.Internal {
					t.Error(err)
				}
				won <- err == nil
			})
		}
		wg.Wait()
		close(won)
		n := 0
		for ok := range won {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d clerks received one dossier", n)
		}
		if got := strings.Count(strings.Join(eventTypes(h, t, d), " "), "dossier.received"); got != 1 {
			t.Errorf("received %d times", got)
		}
	})
}

func TestActsAreIdempotentByKey(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, _, d := received(t, h)
		in := dossier.ActInput{DossierID: d.ID, Action: "ask", Reason: "Thiếu", Version: d.Version, Key: "yc-1"}
		first, err := h.Dossiers.Act(h.As(t, team.Officer), in)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			again, err := h.Dossiers.Act(h.As(t, team.Officer), in)
			if err != nil || again.Version != first.Version || again.Supplements != 1 {
				t.Errorf("again: %+v, %v", again, err)
			}
		}
		in.Action = "extend"
		if _, err := h.Dossiers.Act(h.As(t, team.Officer), in); !errs.HasCode(err, "dossier.key-reused") {
			t.Errorf("the key for another action: %v", err)
		}
	})
}

func TestChildDossiers(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		h.Publish(t, func(_ *procedure.Definition, _ *formDef, fl *flow.Definition) {
			for i := range fl.Steps {
				s := &fl.Steps[i]
				if s.ID == "opinions" {
					*s = flow.StepDef{ID: "opinions", Stage: "work", Name: s.Name, Kind: flow.ChildStep, Status: 4, Join: "all", To: "@back",
						Children: []flow.ChildDef{{ID: "other", Procedure: dossiertest.Code, Case: "default", At: h.Other.Code, Name: s.Name}}}
				}
				for j := range s.Actions {
					if s.Actions[j].ID == "consult" {
						s.Actions[j].Effect = flow.OpenChild
					}
				}
			}
		})
		team, citizen, d := received(t, h)
		other := h.Team(t, h.Other)
		d = h.Act(t, team.Officer, d, "consult")
		h.Run(t)
		h.Run(t)
		x := get(t, h, team.Officer, d)
		if len(x.Children) != 1 || x.Children[0].AgencyName != h.Other.Name || x.Step != "opinions" {
			t.Fatalf("children %+v at %s", x.Children, x.Step)
		}
		child := get(t, h, other.Clerk, dossier.Dossier{ID: x.Children[0].ID})
		if child.ParentID != d.ID || child.Number != "H99.15.03-261103-0001" || child.Answers["place"] != x.Answers["place"] {
			t.Errorf("child %+v", child.Dossier)
		}
		c := h.Act(t, other.Clerk, child.Dossier, "refuse")
		h.Run(t)
		x = get(t, h, team.Officer, d)
		if x.Step != "process" || x.Run.Children[0].Result != "rejected" {
			t.Errorf("after the child was refused: at %s, %+v", x.Step, x.Run.Children)
		}
		rebuilt(t, h, d)
		_, _ = citizen, c
	})
}

func TestTheCalendarMovesDueTimes(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, _, d := received(t, h)
		closeDay(t, h, "2026-11-05")
		h.Run(t)
		h.Run(t)
		x := get(t, h, team.Officer, d)
		if got := civil.DateOf(x.DueAt).String(); got != "2026-11-11" {
			t.Errorf("due %s after a day off was announced", got)
		}
		types := eventTypes(h, t, d)
		if types[len(types)-1] != "dossier.due-recomputed" {
			t.Errorf("events %v", types)
		}
		rebuilt(t, h, d)
	})
}

func TestRemindersBeforeAndAfterTheDueTime(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, _, d := received(t, h)
		h.Clock.Set(d.DueAt.Add(-4 * time.Hour))
		h.Run(t)
		h.Run(t)
		h.Clock.Set(d.DueAt.Add(2 * time.Minute))
		h.Run(t)
		h.Run(t)
		got := strings.Join(eventTypes(h, t, d)[2:], " ")
		if got != "dossier.due-soon dossier.overdue" {
			t.Errorf("reminders: %s", got)
		}
		page, err := h.Dossiers.Queue(h.As(t, team.Officer), dossier.QueueQuery{Queue: dossier.QueueOverdue})
		if err != nil || len(page.Rows) != 1 || !page.Rows[0].Late || page.Rows[0].DaysLeft != 0 {
			t.Errorf("overdue: %+v, %v", page.Rows, err)
		}
		d = h.Act(t, team.Officer, d, "propose")
		d = h.Act(t, team.Leader, d, "approve")
		d = h.Act(t, team.Records, d, "finish")
		if !d.Late {
			t.Error("finished after the due time, and not late")
		}
		rebuilt(t, h, d)
	})
}
