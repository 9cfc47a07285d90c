package dossier_test

import (
	"context"
	"strings"
	"testing"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/sqldb"
)

// meanwhile reads, and lets something happen right after the first look for a key:
// what was not there then is there when the service goes on.
type meanwhile struct {
	sqldb.Reader
	happen func()
}

func (m *meanwhile) QueryRow(ctx context.Context, query string, args ...any) *sqldb.Row {
	if m.happen == nil || !strings.Contains(query, "FROM dossier_key") {
		return m.Reader.QueryRow(ctx, query, args...)
	}
	happen := m.happen
	m.happen = nil
	happen()
	return m.Reader.QueryRow(ctx, query, "nobody", "no key") // what the look found before
}

// A request whose answer was lost is sent again while the program that took it is
// still at it, or dying: its commit comes between the look for the key and the reading
// of the dossier, in which nothing is left to do then. Both get one answer.
func TestTheSameRequestCommittedMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		team, citizen := h.Team(t, h.Commune), h.Person(t, "Đinh Thị Công")
		ctx, clerk, officer := h.As(t, citizen), h.As(t, team.Clerk), h.As(t, team.Officer)
		received := func() dossier.Dossier { return h.Act(t, team.Clerk, h.File(t, citizen), "accept") }
		end := func(ch procedure.ChannelKind) {
			t.Helper()
			code, _, _ := strings.Cut(h.Offer(h.Commune, ch), "~")
			if err := h.Procedures.SetOffer(identitytest.AsSystem(), code, h.Commune.ID, ch, ""); err != nil {
				t.Fatal(err)
			}
		}
		online, direct := h.Offer(h.Commune, procedure.Online), h.Offer(h.Commune, procedure.Direct)
		answers, file := dossiertest.Answers(citizen.Name, citizen.CitizenNo), h.Upload(t, citizen, "ban-ve.pdf")

		draft := h.Draft(t, citizen)
		asked := h.Act(t, team.Officer, received(), "ask")
		supplement := dossier.SupplementInput{
			DossierID: asked.ID, Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{h.Upload(t, citizen, "moi.pdf")}}}, Version: asked.Version, Key: "k-supplement",
		}
		withdrawn, filed, charged := received(), h.File(t, citizen), h.Act(t, team.Officer, received(), "charge")
		rated := h.Act(t, team.Clerk, h.File(t, citizen), "refuse")
		for _, test := range []struct {
			name  string
			do    func(s *dossier.Service) (dossier.Dossier, error)
			spoil func() // what else makes a repetition impossible
		}{
			{"supplement", func(s *dossier.Service) (dossier.Dossier, error) { return s.Supplement(ctx, supplement) }, nil},
			{"withdraw", func(s *dossier.Service) (dossier.Dossier, error) {
				return s.Withdraw(ctx, dossier.WithdrawInput{DossierID: withdrawn.ID, Reason: "Thôi", Version: withdrawn.Version, Key: "k-withdraw"})
			}, nil},
			{"act", func(s *dossier.Service) (dossier.Dossier, error) {
				return s.Act(clerk, dossier.ActInput{DossierID: filed.ID, Action: "accept", Key: "k-act"})
			}, nil},
			{"act on a version", func(s *dossier.Service) (dossier.Dossier, error) {
				return s.Act(officer, dossier.ActInput{DossierID: filed.ID, Action: "ask", Reason: "Mờ", Version: 2, Key: "k-ask"})
			}, nil},
			{"pay", func(s *dossier.Service) (dossier.Dossier, error) {
				return s.Pay(clerk, dossier.PayInput{DossierID: charged.ID, Amount: charged.FeeDue, ReceiptNo: "BL-1", Key: "k-pay"})
			}, nil},
			{"rate", func(s *dossier.Service) (dossier.Dossier, error) {
				return dossier.Dossier{}, s.Rate(ctx, dossier.RateInput{DossierID: rated.ID, Stars: 4, Key: "k-rate"})
			}, nil},
			{"submit", func(s *dossier.Service) (dossier.Dossier, error) {
				return s.Submit(ctx, dossier.SubmitInput{DraftID: draft.ID, Rev: draft.Rev, Key: "k-submit"})
			}, nil},
			{"file", func(s *dossier.Service) (dossier.Dossier, error) {
				return s.File(ctx, dossier.FileInput{Key: "k-file", OfferID: online, RawAnswers: raw(t, answers), Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{file}}}})
			}, func() { end(procedure.Online) }},
			{"intake", func(s *dossier.Service) (dossier.Dossier, error) {
				return s.Intake(clerk, dossier.IntakeInput{
					Key: "k-intake", OfferID: direct, Owner: dossier.Person{Name: citizen.Name, CitizenNo: citizen.CitizenNo}, Answers: answers,
					Papers: []dossier.PaperInput{{Code: "drawing", Copies: 1}},
				})
			}, func() { end(procedure.Direct) }},
		} {
			var first dossier.Dossier
			h.Dossiers.ReadThrough(&meanwhile{Reader: h.DB, happen: func() {
				var err error
				if first, err = test.do(dossier.New(h.Dossiers.Deps)); err != nil { // the other program
					t.Fatalf("%s: %v", test.name, err)
				}
				if test.spoil != nil {
					test.spoil()
				}
			}})
			again, err := test.do(h.Dossiers)
			if err != nil || test.name != "rate" && (again.Number != first.Number || again.Version != first.Version) {
				t.Errorf("%s: %s at version %d, %v; it was %s at version %d", test.name, again.Number, again.Version, err, first.Number, first.Version)
			}
			h.Dossiers.ReadThrough(h.DB)
		}
	})
}
