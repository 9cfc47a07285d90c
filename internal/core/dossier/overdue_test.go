package dossier_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/identity"
)

// TestWhatWaitedLongestComesFirst lists what is past due page by page: for a ward, for
// the ward that took a dossier in for another, and for a province so large that it reads
// the list of all. What is paused, ended or not yet due is not in it.
func TestWhatWaitedLongestComesFirst(t *testing.T) {
	each(t, func(t *testing.T, h *dossiertest.House) {
		ctx := context.Background()
		team, other, province := h.Team(t, h.Commune), h.Team(t, h.Other), h.Team(t, h.Province)
		citizen := h.Person(t, "Lý Thị Chờ")
		var waiting []string
		var last dossier.Dossier
		for range 4 {
			last = h.Act(t, team.Clerk, h.File(t, citizen), "accept")
			waiting = append(waiting, last.ID)
			h.Wait(24 * time.Hour)
		}
		// Taken in at the other ward's counter, and due before all others.
		taken := waiting[2]
		if _, err := h.DB.SQL().ExecContext(ctx, `UPDATE dossier_dossier SET receiving_id = $1, receiving_path = $2, due_at = due_at - 864000000 WHERE id = $3`, h.Other.ID, h.Other.Path, taken); err != nil {
			t.Fatal(err)
		}
		waiting = []string{taken, waiting[0], waiting[1], waiting[3]}
		h.Act(t, team.Clerk, h.File(t, citizen), "refuse", func(in *dossier.ActInput) {
			in.Fields = map[string]any{"reason": "Sai nơi nộp", "legal_basis": "Điều 17 Nghị định 61/2018/NĐ-CP"}
		})
		paused := h.Act(t, team.Clerk, h.File(t, citizen), "accept")
		if _, err := h.DB.SQL().ExecContext(ctx, `UPDATE dossier_dossier SET paused_at = due_at - 1 WHERE id = $1`, paused.ID); err != nil {
			t.Fatal(err)
		}
		h.Clock.Set(last.DueAt.Add(24 * time.Hour))
		h.Act(t, team.Clerk, h.File(t, citizen), "accept") // has all its time yet
		h.Run(t)

		list := func(a identity.Account, q dossier.QueueQuery) (ids []string) {
			t.Helper()
			q.Queue, q.Overdue, q.Limit = dossier.QueueAll, true, 1
			for {
				page, err := h.Dossiers.Queue(h.As(t, a), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range page.Rows {
					ids = append(ids, row.ID)
				}
				if q.After = page.Next; q.After == "" {
					return ids
				}
			}
		}
		check := func(what string, got, want []string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		check("the ward", list(team.Leader, dossier.QueueQuery{}), waiting)
		check("the ward's procedure", list(team.Leader, dossier.QueueQuery{Procedure: dossiertest.Code}), waiting)
		check("another procedure", list(team.Leader, dossier.QueueQuery{Procedure: "9.999999"}), nil)
		check("the other ward", list(other.Leader, dossier.QueueQuery{}), waiting[:1])
		check("a name", list(team.Leader, dossier.QueueQuery{Search: "ly thi cho"}), waiting)
		check("the province", list(province.Leader, dossier.QueueQuery{}), waiting)
		for i := range 70 {
			h.Agency(t, fmt.Sprintf("H99.40.%02d", i), fmt.Sprintf("Ủy ban nhân dân xã Số %d", i), h.Province.ID)
		}
		check("a large province", list(province.Leader, dossier.QueueQuery{}), waiting)
		check("a large province's procedure", list(province.Leader, dossier.QueueQuery{Procedure: dossiertest.Code}), waiting)
		check("a ward of a large province", list(province.Leader, dossier.QueueQuery{Agency: h.Other.ID}), waiting[:1])

		for procedure, want := range map[string]bool{dossiertest.Code: true, "9.999999": false} {
			page, err := h.Dossiers.Queue(h.As(t, team.Officer), dossier.QueueQuery{Queue: dossier.QueueOverdue, Procedure: procedure})
			if err != nil || len(page.Rows) > 0 != want {
				t.Errorf("tasks of %s that are late: %d, %v", procedure, len(page.Rows), err)
			}
		}
	})
}
