package dossier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

func raw(t testing.TB, a form.Answers) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func count(t testing.TB, h *dossiertest.House, query string, args ...any) (n int) {
	t.Helper()
	if err := h.DB.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Sixty-four clicks on one button, from as many places at once, file one dossier,
// and everybody is told the same number.
func TestOneKeyFilesOneDossier(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Nguyễn Văn Nhanh")
		draft := h.Draft(t, citizen)
		ctx := h.As(t, citizen)
		numbers := make([]string, 64)
		var wg sync.WaitGroup
		for i := range numbers {
			wg.Go(func() {
				d, err := h.Dossiers.Submit(ctx, dossier.SubmitInput{DraftID: draft.ID, Key: "mot-khoa"})
				if err != nil {
					t.Error(err)
				}
				numbers[i] = d.Number
			})
		}
		wg.Wait()
		for _, n := range numbers {
			if n != numbers[0] || n == "" {
				t.Fatalf("numbers %v", numbers)
			}
		}
		if n := count(t, h, `SELECT count(*) FROM dossier_dossier`); n != 1 {
			t.Errorf("%d dossiers", n)
		}
		if n := count(t, h, `SELECT count(*) FROM journal_event WHERE type = 'dossier.submitted'`); n != 1 {
			t.Errorf("%d events", n)
		}
		// Without a key the draft itself is the key.
		again, err := h.Dossiers.Submit(ctx, dossier.SubmitInput{DraftID: draft.ID})
		if err != nil || again.Number != numbers[0] {
			t.Errorf("another click: %s, %v", again.Number, err)
		}
		other := h.Draft(t, citizen)
		if _, err := h.Dossiers.Submit(ctx, dossier.SubmitInput{DraftID: other.ID, Key: "mot-khoa"}); !errs.HasCode(err, "dossier.key-reused") {
			t.Errorf("the key of one draft used for another: %v", err)
		}
	})
}

// A thousand filings at once over two counters: no number twice, and a caller that
// hangs up in the middle and asks again with its key does not file twice.
func TestNumbersAreUniqueUnderLoad(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		n := 1000
		if h.DB.Dialect() == sqldb.Postgres {
			n = 200 // every commit waits for the server's disk
		}
		if testing.Short() {
			n = 100
		}
		citizen := h.Person(t, "Trần Thị Đông")
		ctx := h.As(t, citizen)
		file := h.Upload(t, citizen, "ban-ve.pdf")
		answers := raw(t, dossiertest.Answers(citizen.Name, citizen.CitizenNo))
		numbers := make([]string, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				at := h.Commune
				if i%2 == 1 {
					at = h.Other
				}
				in := dossier.FileInput{
					Key: fmt.Sprintf("k%d", i), OfferID: h.Offer(at, procedure.Online), RawAnswers: answers,
					Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{file}}},
				}
				try := ctx
				if i%10 == 0 {
					hang, cancel := context.WithCancel(ctx)
					go cancel()
					try = hang
				}
				d, err := h.Dossiers.File(try, in)
				if err != nil { // hung up, or cut off: ask again with the same key
					d, err = h.Dossiers.File(ctx, in)
				}
				if err != nil {
					t.Errorf("filing %d: %v", i, err)
				}
				numbers[i] = d.Number
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		for i, number := range numbers {
			if seen[number] || number == "" {
				t.Fatalf("filing %d got number %q, which is taken", i, number)
			}
			seen[number] = true
		}
		if got := count(t, h, `SELECT count(*) FROM dossier_dossier`); got != n {
			t.Errorf("%d dossiers for %d filings", got, n)
		}
	})
}

func TestNumbersGrowBeyondFourDigitsAndBeginAnewEachDay(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Lê Văn Tây")
		if first := h.File(t, citizen); first.Number != "H99.15.02-261103-0001" {
			t.Fatal(first.Number)
		}
		if err := h.DB.Tx(context.Background(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(context.Background(), `UPDATE dossier_number SET n = 9999`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if d := h.File(t, citizen); d.Number != "H99.15.02-261103-10000" {
			t.Errorf("after 9999: %s", d.Number)
		}
		h.Clock.Add(24 * 3600e9)
		if d := h.File(t, citizen); d.Number != "H99.15.02-261104-0001" {
			t.Errorf("the next day: %s", d.Number)
		}
	})
}

func TestWhatIsWrongIsSaidAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen, stranger := h.Person(t, "Phạm Thị Nam"), h.Person(t, "Vũ Văn Bắc")
		ctx := h.As(t, citizen)
		good := func() dossier.FileInput {
			return dossier.FileInput{
				OfferID: h.Offer(h.Commune, procedure.Online), RawAnswers: raw(t, dossiertest.Answers(citizen.Name, citizen.CitizenNo)),
				Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{h.Upload(t, citizen, "a.pdf")}}},
			}
		}
		for name, tc := range map[string]struct {
			change func(*dossier.FileInput)
			field  string
			code   string
		}{
			"a required answer": {func(in *dossier.FileInput) { in.RawAnswers = json.RawMessage(`{"person_name":"A"}`) }, "place", ""},
			"an unknown answer": {func(in *dossier.FileInput) { in.RawAnswers = json.RawMessage(`{"admin":true}`) }, "admin", ""},
			"a required paper":  {func(in *dossier.FileInput) { in.Papers = nil }, "papers.drawing", "dossier.paper-missing"},
			"a paper by the rule": {func(in *dossier.FileInput) {
				a := dossiertest.Answers(citizen.Name, citizen.CitizenNo)
				a["purpose"] = "shop"
				in.RawAnswers = raw(t, a)
			}, "papers.licence", "dossier.paper-missing"},
			"an unknown paper": {func(in *dossier.FileInput) {
				in.Papers = append(in.Papers, dossier.PaperInput{Code: "gold", Copies: 1})
			}, "papers.gold", "dossier.paper-unknown"},
			"a paper twice":      {func(in *dossier.FileInput) { in.Papers = append(in.Papers, in.Papers[0]) }, "papers.drawing", "dossier.paper-twice"},
			"a file of another":  {func(in *dossier.FileInput) { in.Papers[0].FileIDs = []string{h.Upload(t, stranger, "b.pdf")} }, "papers.drawing", "file.not-found"},
			"a file that is not": {func(in *dossier.FileInput) { in.Papers[0].FileIDs = []string{"0199"} }, "papers.drawing", "file.not-found"},
			"somebody else's": {func(in *dossier.FileInput) {
				in.Owner = &dossier.Person{Name: stranger.Name, CitizenNo: stranger.CitizenNo}
			}, "proxy", "dossier.proxy-required"},
			"no letter of authority": {func(in *dossier.FileInput) {
				in.Owner, in.Proxy = &dossier.Person{Name: stranger.Name, CitizenNo: stranger.CitizenNo}, dossier.Authorised
			}, "papers.proxy", "dossier.proxy-paper"},
			"an owner without a number": {func(in *dossier.FileInput) { in.Owner, in.Proxy = &dossier.Person{Name: "Bé Con"}, dossier.Employee }, "owner.citizen_no", "dossier.owner-number"},
			"a wrong number": {func(in *dossier.FileInput) {
				in.Owner, in.Proxy = &dossier.Person{Name: "Bé Con", CitizenNo: "12345"}, dossier.Relative
			}, "owner.citizen_no", ""},
			"a made-up right": {func(in *dossier.FileInput) {
				in.Owner, in.Proxy = &dossier.Person{Name: "Ai", CitizenNo: "001090999999"}, "friend"
			}, "proxy", "dossier.proxy-unknown"},
			"a post without address": {func(in *dossier.FileInput) { in.Delivery = dossier.Delivery{By: "post"} }, "delivery.address", "dossier.delivery-address"},
			"a result of nobody's": {func(in *dossier.FileInput) {
				in.Papers = append(in.Papers, dossier.PaperInput{Code: "old_permit", EntryID: "0199"})
			}, "papers.old_permit", "dossier.reuse"},
		} {
			in := good()
			tc.change(&in)
			_, err := h.Dossiers.File(ctx, in)
			if !errs.Is(err, errs.Invalid) || !hasField(err, tc.field) || tc.code != "" && !hasCode(err, tc.code) {
				t.Errorf("%s: %v, want field %s %s", name, err, tc.field, tc.code)
			}
		}
		if n := count(t, h, `SELECT count(*) FROM dossier_dossier`); n != 0 {
			t.Errorf("%d dossiers were filed all the same", n)
		}
		// What is right goes through: a guardian for one who has no number, and authority with its letter.
		in := good()
		in.Owner, in.Proxy = &dossier.Person{Name: "Nguyễn Bé Con"}, dossier.Guardian
		if d, err := h.Dossiers.File(ctx, in); err != nil || d.Owner.Name != "Nguyễn Bé Con" || d.Submitter.AccountID != citizen.ID || d.Proxy != dossier.Guardian {
			t.Errorf("guardian: %+v, %v", d, err)
		}
		in = good()
		in.Owner, in.Proxy = &dossier.Person{Name: stranger.Name, CitizenNo: stranger.CitizenNo}, dossier.Authorised
		in.Papers = append(in.Papers, dossier.PaperInput{Code: dossier.ProxyPaper, FileIDs: []string{h.Upload(t, citizen, "uy-quyen.pdf")}})
		d, err := h.Dossiers.File(ctx, in)
		if err != nil || d.Owner.AccountID != stranger.ID {
			t.Errorf("authority: %+v, %v", d, err)
		}
		if _, err := h.Dossiers.Get(h.As(t, stranger), d.Number, ""); err != nil {
			t.Errorf("the owner does not see what was filed for them: %v", err)
		}
		if _, err := h.Dossiers.File(context.Background(), good()); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
		if _, err := h.Dossiers.File(h.As(t, h.Team(t, h.Commune).Officer), good()); !errs.Is(err, errs.Invalid) {
			t.Errorf("staff online: %v", err)
		}
	})
}

func hasCode(err error, code string) bool {
	e, ok := errs.As(err)
	if !ok {
		return false
	}
	for _, f := range e.Fields {
		if f.Code == code {
			return true
		}
	}
	return e.Code == code
}

// Somebody who registers under another's number sees nothing of theirs.
func TestAnUncheckedAccountIsNotTheOwner(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		thief := h.Citizen(t, "001090777777", "Kẻ Gian")
		d, err := h.Dossiers.Intake(h.As(t, team.Clerk), dossier.IntakeInput{
			OfferID: h.Offer(h.Commune, procedure.Direct), Owner: dossier.Person{Name: "Người Thật", CitizenNo: "001090777777"},
			Answers: dossiertest.Answers("Người Thật", "001090777777"), Papers: []dossier.PaperInput{{Code: "drawing", Copies: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if thief.Assurance != identity.SelfDeclared {
			t.Skip("the account is checked")
		}
		if _, err := h.Dossiers.Get(h.As(t, thief), d.Number, ""); !errs.Is(err, errs.NotFound) {
			t.Errorf("the thief reads the dossier: %v", err)
		}
		page, err := h.Dossiers.Mine(h.As(t, thief), dossier.ListQuery{})
		if err != nil || len(page.Rows) != 0 {
			t.Errorf("the thief's list: %v, %v", page.Rows, err)
		}
	})
}

func TestOnceOnlyReusesAResult(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		citizen, other := h.Person(t, "Bùi Thị Tái"), h.Person(t, "Hồ Văn Khác")
		d := h.File(t, citizen)
		for _, step := range []struct {
			by     identity.Account
			action string
		}{{team.Clerk, "accept"}, {team.Officer, "propose"}, {team.Leader, "approve"}, {team.Records, "finish"}} {
			d = h.Act(t, step.by, d, step.action)
		}
		ctx := h.As(t, citizen)
		components, err := h.Dossiers.Components(ctx, h.VersionID, "default", dossiertest.Answers(citizen.Name, citizen.CitizenNo), dossier.Person{}, h.Dossiers.Self(ctx))
		if err != nil {
			t.Fatal(err)
		}
		var reuse []dossier.ReuseRef
		for _, c := range components {
			if c.Code == "application" {
				t.Error("the form itself is asked for as a paper")
			}
			if c.Code == "old_permit" {
				reuse = c.Reusable
			}
		}
		if len(reuse) != 1 || reuse[0].EntryID != d.EntryID {
			t.Fatalf("reusable %+v", reuse)
		}
		file := func(a identity.Account) (dossier.Dossier, error) {
			return h.Dossiers.File(h.As(t, a), dossier.FileInput{
				OfferID: h.Offer(h.Commune, procedure.Online), RawAnswers: raw(t, dossiertest.Answers(a.Name, a.CitizenNo)),
				Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{h.Upload(t, a, "a.pdf")}}, {Code: "old_permit", EntryID: d.EntryID}},
			})
		}
		again, err := file(citizen)
		if err != nil {
			t.Fatal(err)
		}
		detail, err := h.Dossiers.Get(ctx, again.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range detail.Papers {
			if p.Code == "old_permit" && (p.Reused != 1 || p.FromStore != 1 || p.Digitised != 2 || p.ResultCode != "KQ.G99.000001") {
				t.Errorf("flags of the reused paper: %+v", p)
			}
			if p.Code == "drawing" && (p.Digitised != 2 || p.Reused != 0) {
				t.Errorf("flags of the uploaded paper: %+v", p)
			}
		}
		if _, err := file(other); !hasCode(err, "dossier.reuse") {
			t.Errorf("another's result was reused: %v", err)
		}
	})
}

func TestAVersionStaysPinned(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team := h.Team(t, h.Commune)
		citizen := h.Person(t, "Đỗ Văn Cũ")
		old := h.File(t, citizen)
		draft := h.Draft(t, citizen)
		fresh := h.Publish(t, func(p *procedure.Definition, f *form.Definition, fl *flow.Definition) {
			f.Steps[1].Fields = f.Steps[1].Fields[:2] // since and note are no longer asked
			for i := range fl.Steps {
				if fl.Steps[i].ID == "process" {
					fl.Steps[i].Name.VI = "Thẩm định theo quy định mới"
				}
			}
		})
		_, err := h.Dossiers.Submit(h.As(t, citizen), dossier.SubmitInput{DraftID: draft.ID})
		if !errs.HasCode(err, "dossier.form-changed") {
			t.Fatalf("filing under new rules without looking: %v", err)
		}
		moved, err := h.Dossiers.Draft(h.As(t, citizen), draft.ID)
		if err != nil || moved.VersionID != fresh || moved.Answers["place"] != draft.Answers["place"] || moved.Answers["since"] != nil {
			t.Errorf("draft after the change: %+v, %v", moved, err)
		}
		now, err := h.Dossiers.Submit(h.As(t, citizen), dossier.SubmitInput{DraftID: draft.ID})
		if err != nil || now.VersionID != fresh {
			t.Errorf("filed under %s, %v", now.VersionID, err)
		}
		old = h.Act(t, team.Clerk, old, "accept")
		detail, err := h.Dossiers.Get(h.As(t, team.Officer), old.ID, "")
		if err != nil || detail.VersionID != h.VersionID || detail.StepName != "Chuyên viên thẩm định" || detail.Answers["since"] == nil {
			t.Errorf("the old dossier: %s %q %v", detail.VersionID, detail.StepName, err)
		}
	})
}
