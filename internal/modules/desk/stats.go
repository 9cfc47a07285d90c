package desk

import (
	"cmp"
	"net/http"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/web"
)

type statsView struct {
	Query dossier.StatQuery
	Rows  []dossier.StatRow
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
	return web.Render(w, r, http.StatusOK, statsPage(v))
}

// monthOf keeps what is a month ("2026-01") and drops everything else.
func monthOf(s string) string {
	if _, err := time.Parse("2006-01", s); err != nil {
		return ""
	}
	return s
}
