package dossier_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// TestWhoSeesWhat tries every use case on somebody else's dossier. Not allowed is
// not there.
func TestWhoSeesWhat(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, other := h.Team(t, h.Commune), h.Team(t, h.Other)
		province := h.Team(t, h.Province)
		owner, stranger := h.Person(t, "Trương Thị Chủ"), h.Person(t, "Trương Văn Khách")
		d := h.Act(t, team.Clerk, h.File(t, owner), "accept")
		detail := get(t, h, owner, d)
		file := detail.Papers[len(detail.Papers)-1].Files
		if detail.Papers[0].Files != nil {
			file = detail.Papers[0].Files
		}
		cases := map[string]func(ctx context.Context) error{
			"get":       func(ctx context.Context) error { _, err := h.Dossiers.Get(ctx, d.Number, "process"); return err },
			"get by id": func(ctx context.Context) error { _, err := h.Dossiers.Get(ctx, d.ID, "process"); return err },
			"find":      func(ctx context.Context) error { _, err := h.Dossiers.Find(ctx, d.Number); return err },
			"timeline":  func(ctx context.Context) error { _, err := h.Dossiers.Timeline(ctx, d.ID); return err },
			"explain":   func(ctx context.Context) error { _, err := h.Dossiers.Explain(ctx, d.ID); return err },
			"actions":   func(ctx context.Context) error { _, err := h.Dossiers.Actions(ctx, d.ID); return err },
			"document": func(ctx context.Context) error {
				_, _, err := h.Dossiers.DocumentFile(ctx, d.ID, d.ReceiptID)
				return err
			},
			"file": func(ctx context.Context) error { _, err := h.Dossiers.PaperFile(ctx, d.ID, file[0].ID); return err },
		}
		mutations := map[string]func(ctx context.Context) error{
			"act": func(ctx context.Context) error {
				_, err := h.Dossiers.Act(ctx, dossier.ActInput{DossierID: d.ID, Action: "propose", Fields: map[string]any{"scope": "x"}})
				return err
			},
			"supplement": func(ctx context.Context) error {
				_, err := h.Dossiers.Supplement(ctx, dossier.SupplementInput{DossierID: d.ID, Note: "x"})
				return err
			},
			"withdraw": func(ctx context.Context) error {
				_, err := h.Dossiers.Withdraw(ctx, dossier.WithdrawInput{DossierID: d.ID, Reason: "x"})
				return err
			},
			"rate": func(ctx context.Context) error {
				return h.Dossiers.Rate(ctx, dossier.RateInput{DossierID: d.ID, Stars: 1})
			},
			"follow": func(ctx context.Context) error { return h.Dossiers.Follow(ctx, d.ID, true) },
			"pay": func(ctx context.Context) error {
				_, err := h.Dossiers.Pay(ctx, dossier.PayInput{DossierID: d.ID, Amount: 75000})
				return err
			},
			"candidates": func(ctx context.Context) error { _, err := h.Dossiers.Candidates(ctx, d.ID, ""); return err },
			"sheet":      func(ctx context.Context) error { _, err := h.Dossiers.ControlSheet(ctx, d.ID); return err },
		}
		for who, a := range map[string]identity.Account{"a stranger": stranger, "an officer elsewhere": other.Officer, "a leader elsewhere": other.Leader, "a clerk elsewhere": other.Clerk} {
			for what, try := range cases {
				if err := try(h.As(t, a)); !errs.Is(err, errs.NotFound) {
					t.Errorf("%s may %s: %v", who, what, err)
				}
			}
			for what, try := range mutations {
				if err := try(h.As(t, a)); !errs.Is(err, errs.NotFound) {
					t.Errorf("%s may %s: %v", who, what, err)
				}
			}
		}
		for what, try := range cases {
			if err := try(context.Background()); !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("nobody may %s: %v", what, err)
			}
			for who, a := range map[string]identity.Account{"the owner": owner, "the officer": team.Officer, "the leader above": province.Leader} {
				if err := try(h.As(t, a)); err != nil {
					t.Errorf("%s may not %s: %v", who, what, err)
				}
			}
		}
		// The owner acts as a citizen, never as staff; the staff not in the citizen's place.
		if err := mutations["act"](h.As(t, owner)); !errs.Is(err, errs.NotFound) {
			t.Errorf("the owner proposes: %v", err)
		}
		if err := mutations["act"](h.As(t, team.Clerk)); !errs.Is(err, errs.NotFound) {
			t.Errorf("the clerk proposes: %v", err)
		}
		if err := mutations["rate"](h.As(t, team.Officer)); !errs.Is(err, errs.NotFound) {
			t.Errorf("the officer rates: %v", err)
		}
		if err := mutations["follow"](h.As(t, owner)); !errs.Is(err, errs.NotFound) {
			t.Errorf("the owner follows: %v", err)
		}
		for _, x := range []dossier.Detail{get(t, h, owner, d)} {
			for _, task := range x.Tasks {
				if task.AssigneeID != "" || task.ClosedBy != "" {
					t.Errorf("the owner learns who works on it: %+v", task)
				}
			}
		}
	})
}

func TestRestrictedDossiers(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		d, err := h.Dossiers.Intake(h.As(t, team.Clerk), dossier.IntakeInput{
			OfferID: h.Offer(h.Commune, procedure.Direct), Owner: dossier.Person{Name: "Người Cần Kín", CitizenNo: "001090555555"}, Confidentiality: dossier.Restricted,
			Answers: dossiertest.Answers("Người Cần Kín", "001090555555"), Papers: []dossier.PaperInput{{Code: "drawing", Copies: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		sees := func(a identity.Account) bool {
			_, err := h.Dossiers.Get(h.As(t, a), d.Number, "")
			return err == nil
		}
		if !sees(team.Officer) || !sees(team.Leader) || sees(team.Records) || sees(h.Team(t, h.Province).Leader) {
			t.Errorf("officer %v, leader %v, records clerk %v", sees(team.Officer), sees(team.Leader), sees(team.Records))
		}
		if _, err := h.Dossiers.Track(context.Background(), d.Number); !errs.Is(err, errs.NotFound) {
			t.Errorf("tracked by anybody: %v", err)
		}
		page, err := h.Dossiers.Queue(h.As(t, team.Records), dossier.QueueQuery{Queue: dossier.QueueAll})
		if err != nil || len(page.Rows) != 0 {
			t.Errorf("listed: %v, %v", page.Rows, err)
		}
	})
}

func TestReadsAreWrittenDownOnceAnHour(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		owner := h.Person(t, "Kiều Thị Đọc")
		d := h.File(t, owner)
		for range 3 {
			get(t, h, team.Clerk, d)
			get(t, h, owner, d)
		}
		get(t, h, team.Leader, d)
		h.Wait(time.Hour)
		get(t, h, team.Clerk, d)
		if n := count(t, h, `SELECT count(*) FROM journal_event WHERE type = 'dossier.read' AND purpose = 'process'`); n != 3 {
			t.Errorf("%d reads are written down, want the clerk's two hours and the leader's one", n)
		}
		if n := len(h.Events(t, d)); n != 1 {
			t.Errorf("reading added to the dossier's own story: %d events", n)
		}
	})
}

func TestTrackTellsNothingPersonal(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		owner := h.Person(t, "Bí Mật Thị Mai")
		d := h.Act(t, team.Clerk, h.File(t, owner), "accept")
		s, err := h.Dossiers.Track(h18n(context.Background(), h), " "+strings.ToLower(d.Number)+" ")
		if err != nil || s.Status != dossier.StatusProcessing || s.AgencyName != h.Commune.Name || s.DueAt.IsZero() || len(s.Stages) != 4 || !s.Stages[0].Done || !s.Stages[1].Here {
			t.Fatalf("%+v, %v", s, err)
		}
		for _, secret := range []string{"Bí Mật", owner.CitizenNo, "Trường Thi", owner.ID} {
			if strings.Contains(fmt.Sprintf("%+v", s), secret) {
				t.Errorf("tells %q: %+v", secret, s)
			}
		}
		if _, err := h.Dossiers.Track(context.Background(), "H99.15.02-261103-9999"); !errs.Is(err, errs.NotFound) {
			t.Errorf("an unknown number: %v", err)
		}
	})
}

func TestQueuesAreDataAndCountersAgree(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		other := h.Team(t, h.Other)
		people := []identity.Account{h.Person(t, "Đặng Thị Hường"), h.Person(t, "Nguyễn Văn Ân"), h.Person(t, "Hà Thị Ý")}
		var all []dossier.Dossier
		for i := range 9 {
			h.Wait(time.Minute)
			all = append(all, h.File(t, people[i%3]))
		}
		for i, d := range all[1:] {
			all[i+1] = h.Act(t, team.Clerk, d, "accept")
		}
		all[2] = h.Act(t, team.Officer, all[2], "ask")
		for _, i := range []int{3, 4, 5} {
			all[i] = h.Act(t, team.Officer, all[i], "propose")
		}
		all[4] = h.Act(t, team.Leader, all[4], "approve")
		all[5] = h.Act(t, team.Leader, all[5], "approve")
		all[5] = h.Act(t, team.Records, all[5], "finish")
		if err := h.Dossiers.Follow(h.As(t, team.Officer), all[7].ID, true); err != nil {
			t.Fatal(err)
		}
		want := map[string]map[dossier.Queue]int{
			"clerk":   {dossier.QueueToReceive: 1, dossier.QueueUnassigned: 2, dossier.QueueToReturn: 1, dossier.QueueWaiting: 1, dossier.QueueAll: 9},
			"officer": {dossier.QueueUnassigned: 4, dossier.QueueWaiting: 1, dossier.QueueFollowing: 1, dossier.QueueAll: 9},
			"leader":  {dossier.QueueToSign: 1, dossier.QueueUnassigned: 1, dossier.QueueWaiting: 1, dossier.QueueAll: 9},
			"records": {dossier.QueueUnassigned: 1, dossier.QueueWaiting: 1, dossier.QueueAll: 9},
			"other":   {},
		}
		who := map[string]identity.Account{"clerk": team.Clerk, "officer": team.Officer, "leader": team.Leader, "records": team.Records, "other": other.Officer}
		for name, account := range who {
			ctx := h.As(t, account)
			counted, queries := sqldb.WithCounter(ctx)
			counters, err := h.Dossiers.Counters(counted)
			if err != nil {
				t.Fatal(err)
			}
			if queries.Load() != 1 {
				t.Errorf("counters took %d queries", queries.Load())
			}
			for _, q := range dossier.Queues() {
				counted, queries := sqldb.WithCounter(ctx)
				page, err := h.Dossiers.Queue(counted, dossier.QueueQuery{Queue: q, Limit: 100})
				if err != nil {
					t.Fatalf("%s %s: %v", name, q, err)
				}
				if len(page.Rows) != want[name][q] {
					t.Errorf("%s sees %d in %s, want %d", name, len(page.Rows), q, want[name][q])
				}
				if n := counters[q]; q != dossier.QueueAll && n != len(page.Rows) {
					t.Errorf("%s: the counter of %s says %d, the list %d", name, q, n, len(page.Rows))
				}
				if n := queries.Load(); n >= 20 {
					t.Errorf("%s %s took %d queries", name, q, n)
				}
			}
		}
		counted, queries := sqldb.WithCounter(h.As(t, team.Officer))
		if _, err := h.Dossiers.Get(counted, all[3].ID, "process"); err != nil {
			t.Fatal(err)
		}
		if queries.Load() >= 20 {
			t.Errorf("one dossier took %d queries", queries.Load())
		}
		pages(t, h, team, all)
		searches(t, h, team, other, all)
	})
}

// pages checks that pages of every size come to the whole, in order, once each.
func pages(t *testing.T, h *dossiertest.House, team dossiertest.Team, all []dossier.Dossier) {
	t.Helper()
	for _, q := range []dossier.QueueQuery{{Queue: dossier.QueueAll}, {Queue: dossier.QueueUnassigned}, {Queue: dossier.QueueAll, Procedure: dossiertest.Code}, {Queue: dossier.QueueAll, Agency: h.Commune.ID, Status: dossier.StatusProcessing}} {
		for _, account := range []identity.Account{team.Officer, h.Team(t, h.Province).Leader} {
			ctx := h.As(t, account)
			whole, err := h.Dossiers.Queue(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{1, 2, 4} {
				var got []string
				page := q
				for page.Limit = size; ; {
					p, err := h.Dossiers.Queue(ctx, page)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range p.Rows {
						got = append(got, r.Number+r.TaskID)
					}
					if page.After = p.Next; page.After == "" {
						break
					}
				}
				var want []string
				for _, r := range whole.Rows {
					want = append(want, r.Number+r.TaskID)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%+v by %d: %v, want %v", q, size, got, want)
				}
			}
		}
	}
	if _, err := h.Dossiers.Queue(h.As(t, team.Officer), dossier.QueueQuery{Queue: dossier.QueueAll, After: "'; DROP TABLE"}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a forged page: %v", err)
	}
}

// searches finds dossiers by number, name and citizen number, with and without
// marks, whole and by their beginnings, and never beyond the reader's reach.
func searches(t *testing.T, h *dossiertest.House, team, other dossiertest.Team, all []dossier.Dossier) {
	t.Helper()
	owner := all[0].Owner
	for text, want := range map[string]int{
		"Đặng Thị Hường": 3, "dang thi huong": 3, "DANG thi": 3, "Hường": 3, "hương": 3, "thi": 6, "huong dang": 0,
		all[0].Number: 1, strings.ToLower(all[4].Number): 1, "0003": 1, "261103-0003": 1, "261103": 9,
		owner.CitizenNo: 3, owner.CitizenNo[:9]: 9, "999999": 0, "ha thi i": 3, "hà thị ý": 3,
	} {
		page, err := h.Dossiers.Queue(h.As(t, team.Officer), dossier.QueueQuery{Queue: dossier.QueueAll, Search: text})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(page.Rows) != want {
			t.Errorf("%q finds %d, want %d", text, len(page.Rows), want)
		}
		page, err = h.Dossiers.Queue(h.As(t, other.Officer), dossier.QueueQuery{Queue: dossier.QueueAll, Search: text})
		if err != nil || len(page.Rows) != 0 {
			t.Errorf("%q finds %d beyond the reader's reach, %v", text, len(page.Rows), err)
		}
	}
	page, err := h.Dossiers.Queue(h.As(t, team.Officer), dossier.QueueQuery{Queue: dossier.QueueUnassigned, Search: "Nguyễn Văn Ân"})
	if err != nil || len(page.Rows) != 2 {
		t.Errorf("searched in a queue: %d, %v", len(page.Rows), err)
	}
	if _, err := h.Dossiers.Queue(h.As(t, team.Officer), dossier.QueueQuery{Queue: dossier.QueueAll, Search: "a"}); !errs.Is(err, errs.Invalid) {
		t.Errorf("one letter: %v", err)
	}
}

// TestASearchIsPaged: what is found comes newest first, page by page, and can be
// narrowed to an agency.
func TestASearchIsPaged(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Tạ Thị Tìm")
		province := h.Team(t, h.Province)
		var filed []string
		for i := range 5 {
			if i != 3 { // two at the same moment
				h.Wait(time.Minute)
			}
			filed = append(filed, h.File(t, citizen).ID)
		}
		slices.SortFunc(filed[2:4], func(x, y string) int { return cmp.Compare(x, y) })
		slices.Reverse(filed)
		// Taken in at the other ward's counter.
		for _, text := range []string{`UPDATE dossier_dossier SET receiving_id = $1, receiving_path = $2 WHERE id = $3`,
			`INSERT INTO dossier_search (agency_id, key, dossier_id, submitted_at) SELECT $1, s.key, s.dossier_id, s.submitted_at FROM dossier_search s WHERE s.dossier_id = $3 AND $2 <> ''`} {
			if _, err := h.DB.SQL().ExecContext(t.Context(), text, h.Other.ID, h.Other.Path, filed[1]); err != nil {
				t.Fatal(err)
			}
		}
		for what, c := range map[string]struct {
			q    dossier.QueueQuery
			want []string
		}{
			"all":               {dossier.QueueQuery{}, filed},
			"a status":          {dossier.QueueQuery{Status: dossier.StatusNew}, filed},
			"the ward":          {dossier.QueueQuery{Agency: h.Commune.ID}, filed},
			"the other ward":    {dossier.QueueQuery{Agency: h.Other.ID}, filed[1:2]},
			"its procedure":     {dossier.QueueQuery{Agency: h.Other.ID, Procedure: dossiertest.Code}, filed[1:2]},
			"another procedure": {dossier.QueueQuery{Procedure: "9.999999"}, nil},
		} {
			var got []string
			for c.q.Queue, c.q.Search, c.q.Limit = dossier.QueueAll, "ta thi", 2; ; {
				page, err := h.Dossiers.Queue(h.As(t, province.Leader), c.q)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range page.Rows {
					got = append(got, row.ID)
				}
				if c.q.After = page.Next; c.q.After == "" {
					break
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", what, got, c.want)
			}
		}
	})
}

func TestMine(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Quách Thị Của")
		team := h.Team(t, h.Commune)
		var numbers []string
		for range 5 {
			h.Wait(time.Minute)
			numbers = append([]string{h.File(t, citizen).Number}, numbers...)
		}
		page, err := h.Dossiers.Mine(h.As(t, citizen), dossier.ListQuery{Limit: 3})
		if err != nil || len(page.Rows) != 3 || page.Next == "" || page.Rows[0].Number != numbers[0] {
			t.Fatalf("%+v, %v", page, err)
		}
		rest, err := h.Dossiers.Mine(h.As(t, citizen), dossier.ListQuery{Limit: 3, After: page.Next})
		if err != nil || len(rest.Rows) != 2 || rest.Next != "" || rest.Rows[1].Number != numbers[4] {
			t.Errorf("%+v, %v", rest, err)
		}
		h.Act(t, team.Clerk, page.Rows[0].Dossier, "refuse")
		open, err := h.Dossiers.Mine(h.As(t, citizen), dossier.ListQuery{Open: true})
		if err != nil || len(open.Rows) != 4 {
			t.Errorf("open: %d, %v", len(open.Rows), err)
		}
	})
}

func TestStatistics(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		citizen := h.Person(t, "La Thị Số")
		leader := h.Team(t, h.Province).Leader
		var all []dossier.Dossier
		for range 4 {
			all = append(all, h.Act(t, team.Clerk, h.File(t, citizen), "accept"))
		}
		h.Act(t, team.Clerk, h.File(t, citizen), "refuse")
		h.File(t, citizen)
		finish := func(d dossier.Dossier) {
			d = h.Act(t, team.Officer, d, "propose")
			d = h.Act(t, team.Leader, d, "approve")
			d = h.Act(t, team.Records, d, "finish")
			h.Act(t, team.Clerk, d, "hand")
		}
		finish(all[0])
		h.Run(t)
		stats := func(q dossier.StatQuery) []dossier.StatRow {
			t.Helper()
			rows, err := h.Dossiers.Stats(h.As(t, leader), q)
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		rows := stats(dossier.StatQuery{From: "2026-11", To: "2026-11"})
		if len(rows) != 1 || rows[0].Received != 4 || rows[0].Online != 4 || rows[0].Done != 1 || rows[0].InTime != 1 || rows[0].Refused != 1 || rows[0].Pending != 3 || rows[0].Overdue != 0 || rows[0].OnTime == nil || *rows[0].OnTime != 1 {
			t.Errorf("November: %+v", rows)
		}
		h.Clock.Add(30 * 24 * time.Hour)
		finish(all[1]) // long past due, in December
		h.Run(t)
		rows = stats(dossier.StatQuery{From: "2026-12", To: "2026-12", By: "procedure"})
		if len(rows) != 1 || rows[0].Carried != 3 || rows[0].Received != 0 || rows[0].Done != 1 || rows[0].Late != 1 || rows[0].Pending != 2 || rows[0].Overdue != 2 || rows[0].OnTime == nil || *rows[0].OnTime != 0 || rows[0].Name != "Cấp giấy phép thử nghiệm" {
			t.Errorf("December: %+v", rows)
		}
		rows = stats(dossier.StatQuery{From: "2026-12", To: "2026-12", By: "month"})
		if len(rows) != 1 || rows[0].Key != "2026-12" || rows[0].Carried != 3 || rows[0].Done != 1 || rows[0].Pending != 2 {
			t.Errorf("December by month: %+v", rows)
		}
		// Every figure opens exactly the dossiers it counts.
		for _, q := range []dossier.StatQuery{
			{From: "2026-11", To: "2026-11"}, {From: "2026-12", To: "2026-12"}, {From: "2026-11", To: "2026-12"}, {},
			{From: "2026-12", By: "procedure"}, {From: "2026-11", To: "2026-11", By: "month"}, {Agency: h.Commune.ID, By: "procedure"},
		} {
			for _, row := range stats(q) {
				counts := map[string]int64{
					"carried": row.Carried, "received": row.Received, "online": row.Online, "done": row.Done, "in_time": row.InTime, "late": row.Late,
					"refused": row.Refused, "withdrawn": row.Withdrawn, "pending": row.Pending, "overdue": row.Overdue,
				}
				for _, kind := range dossier.FigureKinds() {
					if kind == "overdue" && q.By == "month" {
						continue // a figure of today, not of a month
					}
					list := dossier.QueueQuery{Queue: dossier.QueueAll, Figure: dossier.Figure{Kind: kind, From: q.From, To: q.To, Under: q.Agency}}
					switch q.By {
					case "procedure":
						list.Procedure = row.Key
					case "":
						list.Agency = row.Key
					}
					page, err := h.Dossiers.Queue(h.As(t, leader), list)
					if err != nil || int64(len(page.Rows)) != counts[kind] {
						t.Errorf("%+v says %d are %s, the list has %d, %v", q, counts[kind], kind, len(page.Rows), err)
					}
				}
			}
		}
		for _, f := range []dossier.Figure{{Kind: "done", Under: h.Other.ID}, {Kind: "nonsense"}, {Kind: "done", From: "2026-13"}} {
			if page, err := h.Dossiers.Queue(h.As(t, team.Leader), dossier.QueueQuery{Queue: dossier.QueueAll, Figure: f}); err == nil {
				t.Errorf("%+v lists %d dossiers", f, len(page.Rows))
			}
		}
		rows = stats(dossier.StatQuery{From: "2027-01", To: "2027-01"})
		if len(rows) != 1 || rows[0].OnTime != nil || rows[0].Carried != 2 {
			t.Errorf("a month in which nothing was done: %+v", rows)
		}
		if rows, err := h.Dossiers.Stats(h.As(t, team.Officer), dossier.StatQuery{Agency: h.Other.ID}); err != nil || len(rows) != 0 {
			t.Errorf("figures of others: %+v, %v", rows, err)
		}
	})
}

func TestControlSheet(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		d := h.Act(t, team.Clerk, h.File(t, h.Person(t, "Nghiêm Thị Giao")), "accept")
		h.Wait(9 * 24 * time.Hour)
		d = h.Act(t, team.Officer, d, "propose")
		sheet, err := h.Dossiers.ControlSheet(h.As(t, team.Leader), d.ID)
		if err != nil || len(sheet.Rows) != 3 {
			t.Fatalf("%+v, %v", sheet, err)
		}
		if r := sheet.Rows[0]; r.From != "Nghiêm Thị Giao" || r.To != "Lê Thị Quầy" || r.Result != "early" {
			t.Errorf("first: %+v", r)
		}
		if r := sheet.Rows[1]; r.From != "Lê Thị Quầy" || r.To != "Phạm Văn Chuyên" || r.Result != "late" {
			t.Errorf("second: %+v", r)
		}
		if r := sheet.Rows[2]; r.Result != "" || !r.ClosedAt.IsZero() {
			t.Errorf("third: %+v", r)
		}
	})
}

// Whoever writes into the table by hand is found out by its events.
func TestAuditFindsWhatWasWrittenByHand(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		citizen := h.Person(t, "Thái Thị Soi")
		var all []dossier.Dossier
		for range 3 {
			all = append(all, h.Act(t, team.Clerk, h.File(t, citizen), "accept"))
		}
		audit := func() (found []dossier.Difference) {
			t.Helper()
			n, err := h.Dossiers.Audit(context.Background(), func(d dossier.Difference) { found = append(found, d) })
			if err != nil || n != 3 {
				t.Fatalf("%d checked, %v", n, err)
			}
			return found
		}
		if found := audit(); len(found) != 0 {
			t.Fatalf("untouched dossiers differ: %v", found)
		}
		for column, want := range map[string]string{
			"due_at = due_at + 86400000": "due_at", "status = 9": "status", "received_at = NULL": "received_at", "fee_due = 0": "fee_due", "late = 1": "late",
			"supplements = 1": "supplements", "number = 'H99.15.02-261103-7777'": "number", "step = 'sign'": "step", "version = 1": "version",
		} {
			before := get(t, h, team.Leader, all[1])
			if err := h.DB.Tx(context.Background(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(context.Background(), `UPDATE dossier_dossier SET `+column+` WHERE id = $1`, all[1].ID)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			found := audit()
			if len(found) != 1 || found[0].ID != all[1].ID || !slices.Contains(found[0].Fields, want) {
				t.Errorf("%s: found %v", column, found)
			}
			if err := h.DB.Tx(context.Background(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(context.Background(), `UPDATE dossier_dossier SET due_at = $1, status = $2, received_at = $3, fee_due = $4, late = 0, supplements = 0, number = $5, step = $6, version = $7 WHERE id = $8`,
					sqldb.Millis(before.DueAt), before.Status, sqldb.Millis(before.ReceivedAt), before.FeeDue, before.Number, before.Step, before.Version, before.ID)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
