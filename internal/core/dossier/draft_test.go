package dossier_test

import (
	"fmt"
	"sync"
	"testing"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/form"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/errs"
)

func TestADraftSurvives(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen, other := h.Person(t, "Ngô Thị Nháp"), h.Person(t, "Ngô Văn Lạ")
		ctx := h.As(t, citizen)
		d, err := h.Dossiers.StartDraft(ctx, h.Offer(h.Commune, procedure.Online), "")
		if err != nil {
			t.Fatal(err)
		}
		if d.CaseID != "default" || d.Answers["person_name"] != citizen.Name || d.Answers["person_no"] != citizen.CitizenNo {
			t.Errorf("not prefilled: %+v", d)
		}
		again, err := h.Dossiers.StartDraft(ctx, h.Offer(h.Commune, procedure.Online), "default")
		if err != nil || again.ID != d.ID {
			t.Errorf("a double click opened %s beside %s: %v", again.ID, d.ID, err)
		}
		saved, err := h.Dossiers.SaveDraft(ctx, d.ID, dossier.DraftPatch{Rev: d.Rev, Step: "what", Answers: form.Answers{"place": "Ngõ 5", "area": 12.5, form.RawKey: map[string]string{"since": "31/02/2026"}, "since": nil}})
		if err != nil {
			t.Fatal(err)
		}
		elsewhere, err := h.Dossiers.Draft(h.As(t, citizen), d.ID)
		if err != nil || elsewhere.Step != "what" || elsewhere.Answers["place"] != "Ngõ 5" || elsewhere.Rev != saved.Rev {
			t.Errorf("resumed elsewhere: %+v, %v", elsewhere, err)
		}
		if typed, _ := elsewhere.Answers[form.RawKey].(map[string]string); typed["since"] != "31/02/2026" {
			t.Errorf("what could not be read is gone: %v", elsewhere.Answers)
		}
		if bad, err := h.Dossiers.CheckDraft(ctx, d.ID); err != nil || len(bad) == 0 {
			t.Errorf("an unfinished draft is good: %v, %v", bad, err)
		}
		for name, try := range map[string]func() error{
			"read": func() error { _, err := h.Dossiers.Draft(h.As(t, other), d.ID); return err },
			"write": func() error {
				_, err := h.Dossiers.SaveDraft(h.As(t, other), d.ID, dossier.DraftPatch{Step: "x"})
				return err
			},
			"file": func() error {
				_, err := h.Dossiers.Submit(h.As(t, other), dossier.SubmitInput{DraftID: d.ID})
				return err
			},
			"judge": func() error { _, err := h.Dossiers.CheckDraft(h.As(t, other), d.ID); return err },
		} {
			if err := try(); !errs.Is(err, errs.NotFound) {
				t.Errorf("a stranger may %s: %v", name, err)
			}
		}
		if err := h.Dossiers.DeleteDraft(h.As(t, other), d.ID); err != nil {
			t.Fatal(err)
		}
		if list, err := h.Dossiers.Drafts(ctx); err != nil || len(list) != 1 {
			t.Errorf("a stranger's delete: %v, %v", list, err)
		}
		if err := h.Dossiers.DeleteDraft(ctx, d.ID); err != nil {
			t.Fatal(err)
		}
		if list, err := h.Dossiers.Drafts(ctx); err != nil || len(list) != 0 {
			t.Errorf("after discarding: %v, %v", list, err)
		}
		if err := h.Dossiers.DeleteDraft(ctx, d.ID); err != nil {
			t.Errorf("a second click on discard: %v", err)
		}
	})
}

// Two tabs lose nothing: each keeps what it changed, whatever the other has saved,
// and an old tab never brings back what it only showed.
func TestTwoTabsLoseNothing(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Mai Thị Hai")
		ctx := h.As(t, citizen)
		start, err := h.Dossiers.StartDraft(ctx, h.Offer(h.Commune, procedure.Online), "")
		if err != nil {
			t.Fatal(err)
		}
		save := func(rev int64, a form.Answers) dossier.Draft {
			t.Helper()
			d, err := h.Dossiers.SaveDraft(ctx, start.ID, dossier.DraftPatch{Rev: rev, Answers: a})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		both := save(start.Rev, form.Answers{"place": "cũ", "note": "cũ", "area": 1.0})
		// Both tabs are drawn now. The first changes the place, the second the note; each posts its whole page.
		first := save(both.Rev, form.Answers{"place": "mới của tab một", "note": "cũ", "area": 1.0})
		second := save(both.Rev, form.Answers{"place": "cũ", "note": "mới của tab hai", "area": 1.0})
		if second.Answers["place"] != "mới của tab một" || second.Answers["note"] != "mới của tab hai" {
			t.Errorf("merged: %v", second.Answers)
		}
		// The second tab clears the area; the first, still older, shows it and changes something else.
		cleared := save(second.Rev, form.Answers{"area": nil})
		late := save(first.Rev, form.Answers{"place": "mới của tab một", "note": "cũ", "area": 1.0, "purpose": "shop"})
		if late.Answers["area"] != nil || late.Answers["purpose"] != "shop" || late.Answers["note"] != "mới của tab hai" {
			t.Errorf("an old tab brought back what it only showed: %v (cleared at %d)", late.Answers, cleared.Rev)
		}
		// When both changed the same field the later one stands.
		a, b := save(late.Rev, form.Answers{"place": "A"}), save(late.Rev, form.Answers{"place": "B"})
		if a.Answers["place"] != "A" || b.Answers["place"] != "B" {
			t.Errorf("last word: %v, %v", a.Answers["place"], b.Answers["place"])
		}
		papers := func(rev int64, p ...dossier.PaperInput) dossier.Draft {
			t.Helper()
			d, err := h.Dossiers.SaveDraft(ctx, start.ID, dossier.DraftPatch{Rev: rev, Papers: p})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		drawing := dossier.PaperInput{Code: "drawing", FileIDs: []string{h.Upload(t, citizen, "a.pdf")}}
		licence := dossier.PaperInput{Code: "licence", FileIDs: []string{h.Upload(t, citizen, "b.pdf")}}
		one := papers(b.Rev, drawing, dossier.PaperInput{Code: "licence", Remove: true})
		two := papers(b.Rev, dossier.PaperInput{Code: "drawing", Remove: true}, licence)
		if len(one.Papers) != 1 || len(two.Papers) != 2 {
			t.Errorf("papers of two tabs: %+v then %+v", one.Papers, two.Papers)
		}
	})
}

// A tab that saves again and again never sees what another one wrote, and yet neither
// wipes it out nor loses an answer that it takes back itself.
func TestATabThatGoesOnLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Mai Thị Ba")
		ctx := h.As(t, citizen)
		d, err := h.Dossiers.StartDraft(ctx, h.Offer(h.Commune, procedure.Online), "")
		if err != nil {
			t.Fatal(err)
		}
		here, there := dossier.DraftPatch{Rev: d.Rev}, dossier.DraftPatch{Rev: d.Rev}
		save := func(tab *dossier.DraftPatch, place, note string) {
			t.Helper()
			tab.Answers = form.Answers{"place": place, "note": note}
			if d, err = h.Dossiers.SaveDraft(ctx, d.ID, *tab); err != nil {
				t.Fatal(err)
			}
			tab.Rev, tab.Own = tab.Next(d.Rev)
		}
		stands := func(place, note string) {
			t.Helper()
			for field, want := range map[string]string{"place": place, "note": note} {
				if got, _ := d.Answers[field].(string); got != want {
					t.Errorf("%s is %q, not %q", field, got, want)
				}
			}
		}
		save(&here, "Ngõ 5", "")
		if here.Rev != d.Rev || here.Own != nil {
			t.Errorf("alone with the draft at %d, and yet one of %d with %v", d.Rev, here.Rev, here.Own)
		}
		save(&there, "", "gọi trước khi đến")
		stands("Ngõ 5", "gọi trước khi đến")
		for _, place := range []string{"Ngõ 51", "Ngõ 517", "Ngõ 5"} {
			save(&here, place, "")
			stands(place, "gọi trước khi đến")
		}
		save(&there, "", "")
		stands("Ngõ 5", "")
	})
}

// Many tabs saving at the same moment: every one's own field is there at the end.
func TestManySavesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Cao Văn Nhiều")
		ctx := h.As(t, citizen)
		d, err := h.Dossiers.StartDraft(ctx, h.Offer(h.Commune, procedure.Online), "")
		if err != nil {
			t.Fatal(err)
		}
		values := form.Answers{"place": "Nơi", "area": 33.0, "note": "Ghi chú", "purpose": "home", "since": "2026-12-01"}
		var wg sync.WaitGroup
		for field, v := range values {
			wg.Go(func() {
				if _, err := h.Dossiers.SaveDraft(ctx, d.ID, dossier.DraftPatch{Rev: d.Rev, Answers: form.Answers{field: v}}); err != nil {
					t.Errorf("%s: %v", field, err)
				}
			})
		}
		wg.Wait()
		got, err := h.Dossiers.Draft(ctx, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		for field, v := range values {
			if fmt.Sprint(got.Answers[field]) != fmt.Sprint(v) {
				t.Errorf("%s is %v, want %v", field, got.Answers[field], v)
			}
		}
		if got.Rev != d.Rev+int64(len(values)) {
			t.Errorf("revision %d after %d saves", got.Rev, len(values))
		}
	})
}

func TestDraftsExpire(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		citizen := h.Person(t, "Tạ Thị Quên")
		d := h.Draft(t, citizen)
		filed := h.File(t, citizen) // continues the same draft
		if _, err := h.Dossiers.Draft(h.As(t, citizen), d.ID); err != nil {
			t.Errorf("the draft of a filed dossier leads nowhere: %v", err)
		}
		if _, err := h.Dossiers.SaveDraft(h.As(t, citizen), d.ID, dossier.DraftPatch{Step: "x"}); !errs.HasCode(err, "dossier.draft-filed") {
			t.Errorf("saving after filing: %v", err)
		}
		open := h.Draft(t, citizen)
		h.Clock.Add(61 * 24 * 3600e9)
		if err := h.Dossiers.SweepDrafts(h.As(t, citizen)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Dossiers.Draft(h.As(t, citizen), open.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("an old draft stays: %v", err)
		}
		if n := count(t, h, `SELECT count(*) FROM dossier_dossier WHERE id = $1`, filed.ID); n != 1 {
			t.Error("the dossier went with its draft")
		}
		// Its files are free again; those of the dossier stay claimed.
		if n := count(t, h, `SELECT count(*) FROM blob_claim WHERE stream LIKE 'draft:%'`); n != 0 {
			t.Errorf("%d claims of drafts are left", n)
		}
		if n := count(t, h, `SELECT count(*) FROM blob_claim WHERE stream = $1`, "dossier:"+filed.ID); n != 1 {
			t.Errorf("%d claims of the dossier", n)
		}
	})
}
