package dossier_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// each runs a test in a fresh house on every engine.
func each(t *testing.T, test func(t *testing.T, h *dossiertest.House)) {
	sqldbtest.Each(t, dossiertest.Lines(), func(t *testing.T, db *sqldb.DB) { test(t, dossiertest.New(t, db)) })
}

func TestFromFormToResult(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		citizen := h.Person(t, "Đặng Thị Hường")
		d := h.File(t, citizen)
		if d.Number != "H99.15.02-261103-0001" || d.Status != dossier.StatusNew || d.Step != "receive" || d.Stage != "intake" {
			t.Fatalf("filed: %s status %d at %s/%s", d.Number, d.Status, d.Stage, d.Step)
		}
		if d.Title != "Cấp phép thử cho Đặng Thị Hường tại Số 12 ngõ 5 phố Trường Thi" {
			t.Errorf("title %q", d.Title)
		}
		if d.FeeDue != 75000 || !d.DueAt.IsZero() || d.ClockState != dossier.ClockNotStarted {
			t.Errorf("fee %d, due %v, clock %q before receipt", d.FeeDue, d.DueAt, d.ClockState)
		}

		h.Wait(30 * time.Minute)
		d = h.Act(t, team.Clerk, d, "accept")
		if d.Status != dossier.StatusProcessing || d.ClockState != dossier.ClockRunning || d.ReceiptID == "" {
			t.Fatalf("received: status %d clock %q receipt %q", d.Status, d.ClockState, d.ReceiptID)
		}
		// Five working days from Tuesday 3 November 2026, until closing time.
		if got := d.DueAt.In(time.FixedZone("", 7*3600)).Format("2006-01-02 15:04"); got != "2026-11-10 17:30" {
			t.Errorf("due %s", got)
		}
		d = h.Act(t, team.Officer, d, "propose")
		d = h.Act(t, team.Leader, d, "approve")
		if d.EntryID != "" {
			t.Error("the result was issued before it was finished")
		}
		h.Wait(time.Hour)
		d = h.Act(t, team.Records, d, "finish")
		if d.Status != dossier.StatusDone || d.EntryID == "" || d.ResultID == "" || d.Late || d.ClockState != dossier.ClockStopped || d.FinishedAt.IsZero() {
			t.Fatalf("finished: %+v", d)
		}
		entry, err := h.Registers.Get(h.As(t, team.Officer), d.EntryID)
		if err != nil {
			t.Fatal(err)
		}
		if entry.Number != "0001/GPTN-UBND" || entry.Holder != "Đặng Thị Hường" || entry.Data["scope"] != "Toàn phường" || entry.Data["checked_on"] != "2026-11-02" {
			t.Errorf("entry %+v", entry)
		}
		d = h.Act(t, team.Clerk, d, "hand")
		if d.Status != dossier.StatusReturned || d.ReturnedAt.IsZero() || d.Open() {
			t.Fatalf("returned: %+v", d)
		}
		if err := h.Dossiers.Rate(h.As(t, citizen), dossier.RateInput{DossierID: d.ID, Stars: 5, Comment: "Nhanh gọn"}); err != nil {
			t.Fatal(err)
		}

		h.Run(t)
		name, pdf, err := h.Dossiers.DocumentFile(h.As(t, citizen), d.ID, d.ResultID)
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF")) || name != "giay-phep-thu-nghiem-0001-gptn-ubnd.pdf" {
			t.Errorf("result %q, %d bytes, %v", name, len(pdf), err)
		}
		story(h.As(t, citizen), t, h, d, []string{
			"Hồ sơ đã được nộp đến Ủy ban nhân dân phường Hồng Hà.",
			"Ủy ban nhân dân phường Hồng Hà đã tiếp nhận hồ sơ, hẹn trả kết quả lúc 17:30 ngày 10/11/2026.",
			"Hồ sơ được chuyển đến bước: Lãnh đạo ký.",
			"Hồ sơ được chuyển đến bước: Văn thư phát hành.",
			"Ủy ban nhân dân phường Hồng Hà đã xử lý xong, kết quả sẵn sàng để trả.",
			"Đã trả kết quả.",
			"Đánh giá 5 sao.",
		})
		rebuilt(t, h, d)
	})
}

// story checks the titles of the timeline.
func story(ctx context.Context, t *testing.T, h *dossiertest.House, d dossier.Dossier, want []string) {
	t.Helper()
	items, err := h.Dossiers.Timeline(ctx, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range items {
		got = append(got, it.Title)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the timeline says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// rebuilt checks that the events tell the same as the table.
func rebuilt(t *testing.T, h *dossiertest.House, d dossier.Dossier) {
	t.Helper()
	p, err := dossier.RebuildStatus(h.Events(t, d))
	if err != nil {
		t.Fatal(err)
	}
	detail, err := h.Dossiers.Get(h.As(t, h.Team(t, h.Commune).Leader), d.ID, "inspect")
	if err != nil {
		t.Fatal(err)
	}
	if diff := p.Differs(detail.Dossier); len(diff) > 0 {
		t.Errorf("events and table differ in %v:\n%+v\n%+v", diff, p, detail.Dossier)
	}
}

func TestIntakeAtTheCounter(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		other := h.Team(t, h.Other)
		ctx := h.As(t, other.Clerk)
		in := dossier.IntakeInput{
			Key: "k1", OfferID: h.Offer(h.Commune, procedure.Direct), Owner: dossier.Person{Name: "Nguyễn Văn Nghĩa", CitizenNo: "001090123456", Phone: "0987654321", Address: "Thôn 3"},
			Answers: dossiertest.Answers("Nguyễn Văn Nghĩa", "001090123456"),
			Papers:  []dossier.PaperInput{{Code: "drawing", Copies: 1}, {Name: "Đơn xác nhận", Originals: 1}},
			FeePaid: 75000, ReceiptNo: "BL-0007", Sets: 2,
		}
		d, err := h.Dossiers.Intake(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		// The number is the receiving counter's; the competent agency is another commune.
		if d.Number != "H99.15.03-261103-0001" || d.CompetentAgencyID != h.Commune.ID || d.ReceivingAgencyID != h.Other.ID {
			t.Errorf("intake: %s, receiving %s", d.Number, d.ReceivingAgencyID)
		}
		if d.Status != dossier.StatusProcessing || d.ReceiptID == "" || d.FeeDue != 0 || d.FeePaid != 75000 {
			t.Errorf("intake: %+v", d)
		}
		again, err := h.Dossiers.Intake(ctx, in)
		if err != nil || again.ID != d.ID {
			t.Errorf("the same key gave %s, %v", again.Number, err)
		}
		events := h.Events(t, d)
		if len(events) != 2 || events[0].Type != "dossier.submitted" || events[1].Type != "dossier.received" {
			t.Errorf("events %v", events)
		}
		detail, err := h.Dossiers.Get(h.As(t, team.Officer), d.Number, "process")
		if err != nil {
			t.Fatal(err)
		}
		if len(detail.Papers) != 3 || len(detail.Fees) != 1 || detail.Fees[0].ReceiptNo != "BL-0007" {
			t.Errorf("papers %+v fees %+v", detail.Papers, detail.Fees)
		}
		rebuilt(t, h, d)
		name, pdf, err := h.Dossiers.DocumentFile(ctx, d.ID, d.ReceiptID)
		if err != nil || !strings.HasPrefix(name, "giay-tiep-nhan") || len(pdf) < 10000 {
			t.Errorf("receipt %q, %d bytes, %v", name, len(pdf), err)
		}
		in.Key, in.Papers = "k2", nil
		if _, err := h.Dossiers.Intake(ctx, in); !errs.Is(err, errs.Invalid) || !hasField(err, "papers.drawing") {
			t.Errorf("intake without the required paper: %v", err)
		}
		if _, err := h.Dossiers.Intake(h.As(t, team.Officer), in); !errs.Is(err, errs.NotFound) {
			t.Errorf("intake by an officer without a counter: %v", err)
		}
	})
}

func hasField(err error, name string) bool {
	e, ok := errs.As(err)
	if !ok {
		return false
	}
	for _, f := range e.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}
