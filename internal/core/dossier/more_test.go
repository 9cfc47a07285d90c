package dossier_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/flow"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

func TestWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, citizen, d := received(t, h)
		if x := get(t, h, citizen, d); !x.MayWithdraw || x.MayRate || x.MaySupply {
			t.Errorf("rights %v %v %v", x.MayWithdraw, x.MayRate, x.MaySupply)
		}
		in := dossier.WithdrawInput{DossierID: d.ID, Reason: "Không còn nhu cầu", Version: d.Version, Key: "rut-1"}
		var wg sync.WaitGroup
		for range 6 { // an impatient finger
			wg.Go(func() {
				if _, err := h.Dossiers.Withdraw(h.As(t, citizen), in); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		x := get(t, h, citizen, d)
		if x.Status != dossier.StatusWithdrawn || x.FinishedAt.IsZero() || len(x.Tasks) != 0 || x.ClockState != dossier.ClockStopped || x.Late {
			t.Errorf("%+v", x.Dossier)
		}
		if got := strings.Count(strings.Join(eventTypes(h, t, d), " "), "withdrawn"); got != 1 {
			t.Errorf("withdrawn %d times", got)
		}
		in.Key = "rut-2"
		in.Version = 0
		if _, err := h.Dossiers.Withdraw(h.As(t, citizen), in); !errs.HasCode(err, "dossier.too-late-to-withdraw") {
			t.Errorf("withdrawn again: %v", err)
		}
		if _, err := h.Dossiers.Act(h.As(t, team.Officer), dossier.ActInput{DossierID: d.ID, Action: "propose"}); !errs.Is(err, errs.NotFound) {
			t.Errorf("worked on after withdrawal: %v", err)
		}
		// One who stands at the counter lets the clerk do it.
		d = h.File(t, citizen)
		d = h.Act(t, team.Clerk, d, flow.WithdrawByID)
		if d.Status != dossier.StatusWithdrawn {
			t.Errorf("at the counter: %+v", d)
		}
		rebuilt(t, h, d)
	})
}

func TestSupplementAtTheCounter(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, _, d := received(t, h)
		d = h.Act(t, team.Officer, d, "ask")
		out, err := h.Dossiers.Supplement(h.As(t, team.Clerk), dossier.SupplementInput{
			DossierID: d.ID, Papers: []dossier.PaperInput{{Code: "drawing", Copies: 1, FileIDs: []string{h.Upload(t, team.Clerk, "quet.pdf")}}},
		})
		if err != nil || out.Status != dossier.StatusProcessing {
			t.Fatalf("%+v, %v", out, err)
		}
		papers := get(t, h, team.Officer, d).Papers
		last := papers[len(papers)-1]
		if last.Digitised != 1 || last.Copies != 1 || last.Revision != 1 || last.Kind != "copy" {
			t.Errorf("handed in at the counter and scanned there: %+v", last)
		}
		if _, err := h.Dossiers.Supplement(h.As(t, team.Leader), dossier.SupplementInput{DossierID: d.ID, Note: "x"}); !errs.HasCode(err, "dossier.nothing-asked") {
			t.Errorf("the leader supplements: %v", err)
		}
		rebuilt(t, h, out)
	})
}

func TestSuspensionIsNoEnd(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, citizen, d := received(t, h)
		d = h.Act(t, team.Officer, d, "hold")
		if d.Status != dossier.StatusStopped || !d.Suspended() || !d.Open() || !d.FinishedAt.IsZero() {
			t.Fatalf("%+v", d)
		}
		if page, err := h.Dossiers.Mine(h.As(t, citizen), dossier.ListQuery{Open: true}); err != nil || len(page.Rows) != 1 {
			t.Errorf("the citizen's open dossiers: %d, %v", len(page.Rows), err)
		}
		if x := get(t, h, citizen, d); x.MayRate || documents(x) != "01 05" {
			t.Errorf("may rate %v, documents %s", x.MayRate, documents(x))
		}
		h.Wait(10 * 24 * time.Hour)
		h.Run(t)
		d = h.Act(t, team.Officer, d, "resume")
		if d.Status != dossier.StatusProcessing || d.ClockState != dossier.ClockRunning {
			t.Fatalf("%+v", d)
		}
		// From Tuesday 3 to Friday 13 November eight working days stood still.
		if got := civil.DateOf(d.DueAt).String(); got != "2026-11-20" {
			t.Errorf("due %s", got)
		}
		view, err := h.Dossiers.Explain(h.As(t, citizen), d.ID)
		if err != nil || len(view.Lines) < 3 || !view.Due.Equal(d.DueAt) {
			t.Errorf("%+v, %v", view, err)
		}
		for _, l := range view.Lines {
			if strings.Contains(l.Text, "⟦") {
				t.Errorf("a line of the clock has no words: %q", l.Text)
			}
		}
		rebuilt(t, h, d)
	})
}

// A filing whose caller is gone before the answer came, and asks again: one dossier.
func TestHangingUpNeverFilesTwice(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Ông Thị Mạng")
		drafts := make([]dossier.Draft, 12)
		for i := range drafts {
			drafts[i] = h.Draft(t, citizen)
			if _, err := h.Dossiers.Submit(gone(h.As(t, citizen), time.Duration(i)*500*time.Microsecond), dossier.SubmitInput{DraftID: drafts[i].ID}); err != nil && errs.KindOf(err) != errs.Internal && !errors.Is(err, context.Canceled) && !errs.Is(err, errs.Unavailable) {
				t.Logf("cut off: %v", err)
			}
			d, err := h.Dossiers.Submit(h.As(t, citizen), dossier.SubmitInput{DraftID: drafts[i].ID})
			if err != nil {
				t.Fatal(err)
			}
			again, err := h.Dossiers.Draft(h.As(t, citizen), drafts[i].ID)
			if err != nil || again.DossierID != d.ID {
				t.Errorf("the draft leads to %q, not to %q (%v)", again.DossierID, d.ID, err)
			}
		}
		if n := count(t, h, `SELECT count(*) FROM dossier_dossier`); n != len(drafts) {
			t.Errorf("%d dossiers of %d drafts", n, len(drafts))
		}
		// Nothing is half there.
		for _, table := range []string{"dossier_body", "dossier_answers", "dossier_task", "dossier_key"} {
			if n := count(t, h, `SELECT count(*) FROM `+table); n != len(drafts) {
				t.Errorf("%s has %d rows for %d dossiers", table, n, len(drafts))
			}
		}
	})
}

// gone is a context whose caller hangs up after a while.
func gone(ctx context.Context, after time.Duration) context.Context {
	c, cancel := context.WithCancel(ctx)
	time.AfterFunc(after, cancel)
	return c
}

// Workers that die between doing and saying so do it again: nothing is doubled.
func TestJobsMayRunTwice(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, _, d := received(t, h)
		d = h.Act(t, team.Officer, d, "ask")
		h.Wait(40 * 24 * time.Hour)
		var again []func() error
		for _, handler := range h.Dossiers.Module().Jobs {
			rows, err := h.DB.Query(context.Background(), `SELECT payload FROM job_task WHERE kind = $1`, handler.Kind)
			payloads, err := sqldb.Strings(rows, err)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range payloads {
				again = append(again, func() error { return handler.Run(identitytest.AsSystem(), []byte(p)) })
			}
		}
		if len(again) < 3 {
			t.Fatalf("%d jobs wait", len(again))
		}
		for range 3 {
			for _, run := range again {
				if err := run(); err != nil {
					t.Error(err)
				}
			}
		}
		h.Run(t)
		types := strings.Join(eventTypes(h, t, d), " ")
		if strings.Count(types, "dossier.supplement-expired") != 1 {
			t.Errorf("events %s", types)
		}
		x := get(t, h, team.Officer, d)
		if x.Status != dossier.StatusStopped || documents(x) != "01 02 05" {
			t.Errorf("%+v, %s", x.Dossier, documents(x))
		}
		rebuilt(t, h, x.Dossier)
	})
}

// A paper of the dossier says what the dossier says.
func TestTheReceiptTellsTheTruth(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		_, citizen, d := received(t, h)
		_, pdf, err := h.Dossiers.DocumentFile(h.As(t, citizen), d.ID, d.ReceiptID)
		if err != nil {
			t.Fatal(err)
		}
		text := pdfText(t, pdf)
		for _, want := range []string{
			"PHƯỜNG HỒNG HÀ", "Hồng Hà, ngày 03 tháng 11 năm 2026", "Số: 01/TNHS", "Mã hồ sơ: " + d.Number, "Tiếp nhận hồ sơ của: Đinh Thị Công",
			"Nội dung yêu cầu giải quyết: " + d.Title, "Bản vẽ", "Đơn đề nghị", "05 ngày làm việc kể từ ngày nhận đủ hồ sơ hợp lệ",
			"17 giờ 30 phút, ngày 10 tháng 11", "Lệ phí cấp phép: 75.000 đồng", "Lê Thị Quầy", "Nộp hồ sơ trực tuyến",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the receipt does not say %q:\n%s", want, text)
			}
		}
	})
}

// TestPapersAmongStaff: what an officer attaches is for colleagues, whatever it is
// called; what a party hands in under the same name stays theirs.
func TestPapersAmongStaff(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, citizen, d := received(t, h)
		note := h.Upload(t, team.Officer, "y-kien.pdf")
		_, err := h.Dossiers.Act(h.As(t, team.Officer), dossier.ActInput{DossierID: d.ID, Action: "ask", Reason: "Bản chụp mờ", Files: []string{note}})
		if err != nil {
			t.Fatal(err)
		}
		internal := func(papers []dossier.Paper) (n int, name string) {
			for _, p := range papers {
				if p.Internal {
					n, name = n+1, p.Name
				}
			}
			return n, name
		}
		n, name := internal(get(t, h, team.Officer, d).Papers)
		if n != 1 {
			t.Fatalf("the officer sees %d papers among staff", n)
		}
		if n, _ := internal(get(t, h, citizen, d).Papers); n != 0 {
			t.Errorf("the citizen sees %d papers among staff", n)
		}
		if _, err := h.Dossiers.PaperFile(h.As(t, citizen), d.ID, note); !errs.Is(err, errs.NotFound) {
			t.Errorf("the citizen opens it: %v", err)
		}
		own := h.Upload(t, citizen, "bo-sung.pdf")
		if _, err := h.Dossiers.Supplement(h.As(t, citizen), dossier.SupplementInput{
			DossierID: d.ID, Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{h.Upload(t, citizen, "ban-ve.pdf")}}, {Name: name, FileIDs: []string{own}}},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Dossiers.PaperFile(h.As(t, citizen), d.ID, own); err != nil {
			t.Errorf("the citizen cannot open their own paper: %v", err)
		}
		if n, _ := internal(get(t, h, team.Officer, d).Papers); n != 1 {
			t.Errorf("after the supplement %d papers are among staff", n)
		}
	})
}
