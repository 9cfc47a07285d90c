package desk

import (
	"testing"

	"motcua/internal/core/dossier"
)

// TestMovedFiguresStandOnlyWhereADecreeMovedSomething: two more columns after a
// decree, with the figures under their heads, and no list behind them.
func TestMovedFiguresStandOnlyWhereADecreeMovedSomething(t *testing.T) {
	row := dossier.StatRow{Key: "a", Pending: 5, MovedIn: 4, MovedOut: 3, Overdue: 2}
	plain := statsView{Query: dossier.StatQuery{By: "agency"}, Opens: true}
	moved := plain
	moved.Moved = true
	if a, b := len(plain.figures(row)), len(moved.figures(row)); b != a+2 {
		t.Errorf("%d figures without a decree, %d with one", a, b)
	}
	want := map[string]int64{"moved_in": 4, "moved_out": 3, "pending": 5, "overdue": 2}
	for _, f := range moved.figures(row) {
		if n, known := want[f.kind]; known && f.n != n {
			t.Errorf("%s is %d, want %d", f.kind, f.n, n)
		}
		delete(want, f.kind)
		opens := moved.lists(row)(f) != ""
		if list := f.n > 0 && f.kind != "moved_in" && f.kind != "moved_out"; opens != list {
			t.Errorf("%s opens a list: %t", f.kind, opens)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// TestEveryFigureHasItsOwnList: an address is the one of the queue that lists just the
// dossiers of that figure.
func TestEveryFigureHasItsOwnList(t *testing.T) {
	for by, want := range map[string]dossier.QueueQuery{
		"agency":    {Agency: "carried-so-lieu=x&y", Figure: dossier.Figure{From: "2026-01", To: "2026-11", Under: "u"}},
		"procedure": {Procedure: "carried-so-lieu=x&y", Figure: dossier.Figure{From: "2026-01", To: "2026-11", Under: "u"}},
		"month":     {Figure: dossier.Figure{From: "carried-so-lieu=x&y", To: "carried-so-lieu=x&y", Under: "u"}},
	} {
		v := statsView{Query: dossier.StatQuery{By: by, From: "2026-01", To: "2026-11", Agency: "u"}, Opens: true}
		list := v.lists(dossier.StatRow{Key: "carried-so-lieu=x&y"})
		for _, kind := range dossier.FigureKinds() {
			want.Queue, want.Figure.Kind = dossier.QueueAll, kind
			if got := list(figure{kind, 1}); got != address(want, "") {
				t.Errorf("%s by %s opens %s, want %s", kind, by, got, address(want, ""))
			}
		}
		if got := list(figure{"carried", 0}); got != "" {
			t.Errorf("nothing opens %s", got)
		}
	}
}
