package desk

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/web"
)

type statsView struct {
	Query dossier.StatQuery
	Rows  []dossier.StatRow
	Opens bool // the reader may open the dossiers behind the figures
	Moved bool // a decree moved dossiers in this period
}

// stats shows the figures of a period, each line by agency, procedure or month.
func (d *Desk) stats(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	month := civil.DateOf(d.now()).String()[:7]
	year := month[:4] + "-01"
	v := statsView{Query: dossier.StatQuery{
		From: cmp.Or(monthOf(q.Get("tu")), year), To: cmp.Or(monthOf(q.Get("den")), month), Agency: q.Get("co-quan"), By: cmp.Or(q.Get("theo"), "agency"),
	}}
	var err error
	if v.Rows, err = d.dossiers.Stats(r.Context(), v.Query); err != nil {
		return err
	}
	v.Moved = slices.ContainsFunc(v.Rows, func(r dossier.StatRow) bool { return r.MovedIn > 0 || r.MovedOut > 0 })
	v.Opens = slices.ContainsFunc(Readers(), identity.From(r.Context()).May)
	return web.Render(w, r, http.StatusOK, statsPage(v))
}

// figures are the counts of a line in the order of its columns.
func (v statsView) figures(row dossier.StatRow) []figure {
	list := []figure{
		{"carried", row.Carried}, {"received", row.Received}, {"online", row.Online}, {"done", row.Done}, {"in_time", row.InTime},
		{"late", row.Late}, {"refused", row.Refused}, {"withdrawn", row.Withdrawn}, {"pending", row.Pending},
	}
	if v.Moved {
		list = slices.Insert(list, len(list)-1, figure{"moved_in", row.MovedIn}, figure{"moved_out", row.MovedOut})
	}
	if v.Query.By != "month" { // what is overdue is so today, in no month
		list = append(list, figure{"overdue", row.Overdue})
	}
	return list
}

type figure struct {
	kind string
	n    int64
}

// lists gives the address of the dossiers that each figure of a line counts, "" when it
// counts none or the reader may not open them. What a decree moved stands with the
// agency that has it now, so no list of the other shows it. The addresses of a line
// are written once: they differ in the kind of figure alone.
func (v statsView) lists(row dossier.StatRow) func(figure) string {
	const kind = "so-lieu="
	q := dossier.QueueQuery{Queue: dossier.QueueAll, Figure: dossier.Figure{Kind: "carried", From: v.Query.From, To: v.Query.To, Under: v.Query.Agency}}
	switch v.Query.By {
	case "month":
		q.Figure.From, q.Figure.To = row.Key, row.Key
	case "procedure":
		q.Procedure = row.Key
	default:
		q.Agency = row.Key
	}
	head, tail, _ := strings.Cut(address(q, ""), kind+q.Figure.Kind)
	return func(f figure) string {
		if f.n == 0 || !v.Opens || f.kind == "moved_in" || f.kind == "moved_out" {
			return ""
		}
		return head + kind + f.kind + tail
	}
}

// name is what a line is about, in words.
func (v statsView) name(row dossier.StatRow) string {
	if v.Query.By == "month" {
		return monthWords(row.Key)
	}
	return row.Name
}

// monthWords writes a month as people do: "2026-01" is 01/2026.
func monthWords(month string) string {
	year, m, ok := strings.Cut(month, "-")
	if !ok {
		return month
	}
	return m + "/" + year
}

// figureKey is where the words of a figure stand.
func figureKey(kind string) string { return "desk.stats." + strings.ReplaceAll(kind, "_", "-") }

// monthOf keeps what is a month ("2026-01") and drops everything else.
func monthOf(s string) string {
	if _, err := time.Parse("2006-01", s); err != nil {
		return ""
	}
	return s
}
