package desk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

const rowsPerPage = 25

type queueView struct {
	Query      dossier.QueueQuery
	Counters   map[dossier.Queue]int
	Page       dossier.Page
	Prev, Next string
}

// queue shows one work queue. Without a choice it is the first that has work.
func (d *Desk) queue(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := queueView{Query: dossier.QueueQuery{
		Queue: dossier.Queue(q.Get("hang")), Search: strings.TrimSpace(q.Get("q")), Procedure: q.Get("thu-tuc"), Overdue: q.Get("qua-han") != "",
		After: q.Get("sau"), Limit: rowsPerPage,
	}}
	if kind := q.Get("so-lieu"); slices.Contains(dossier.FigureKinds(), kind) {
		v.Query.Queue, v.Query.Agency = dossier.QueueAll, q.Get("co-quan")
		v.Query.Figure = dossier.Figure{Kind: kind, From: monthOf(q.Get("tu")), To: monthOf(q.Get("den")), Under: q.Get("duoi")}
	}
	var err error
	if v.Counters, err = d.counters(ctx); err != nil {
		return err
	}
	if !slices.Contains(dossier.Queues(), v.Query.Queue) {
		v.Query.Queue = first(v.Counters, v.Query.Search != "")
	}
	if v.Page, err = d.dossiers.Queue(ctx, v.Query); err != nil {
		return err
	}
	if v.Query.After != "" {
		v.Prev = address(v.Query, "")
	}
	if v.Page.Next != "" {
		v.Next = address(v.Query, v.Page.Next)
	}
	return web.Render(w, r, http.StatusOK, queuePage(v))
}

type countersKey struct{}

// counters counts once a request: the sidebar and the tabs show the same figures.
func (d *Desk) counters(ctx context.Context) (map[dossier.Queue]int, error) {
	return web.Once(ctx, countersKey{}, func() (map[dossier.Queue]int, error) { return d.dossiers.Counters(ctx) })
}

// first is the queue that a working day begins with. A search looks everywhere.
func first(counters map[dossier.Queue]int, searching bool) dossier.Queue {
	if searching {
		return dossier.QueueAll
	}
	for _, q := range dossier.Queues() {
		if q != dossier.QueueAll && q != dossier.QueueFollowing && q != dossier.QueueWaiting && counters[q] > 0 {
			return q
		}
	}
	return dossier.QueueAll
}

// section is where in the navigation the list stands.
func section(v queueView) string {
	if v.Query.Figure.Kind != "" {
		return "/thong-ke"
	}
	return "/xu-ly?hang=" + string(v.Query.Queue)
}

func crumbs(ctx context.Context, v queueView) []ui.Crumb {
	if v.Query.Figure.Kind == "" {
		return nil
	}
	return []ui.Crumb{{Text: i18n.T(ctx, "desk.stats"), Href: "/thong-ke"}}
}

func address(q dossier.QueueQuery, after string) string {
	v := url.Values{"hang": {string(q.Queue)}}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.Search)
	set("thu-tuc", q.Procedure)
	set("sau", after)
	if q.Overdue {
		v.Set("qua-han", "1")
	}
	if q.Figure.Kind != "" {
		set("so-lieu", q.Figure.Kind)
		set("co-quan", q.Agency)
		set("tu", q.Figure.From)
		set("den", q.Figure.To)
		set("duoi", q.Figure.Under)
	}
	return "/xu-ly?" + v.Encode()
}

// heading names the list: its queue, or the figure whose dossiers it shows.
func heading(ctx context.Context, v queueView) string {
	if kind := v.Query.Figure.Kind; kind != "" {
		return i18n.T(ctx, "desk.stats") + ": " + i18n.T(ctx, figureKey(kind))
	}
	return i18n.T(ctx, "dossier.queue."+string(v.Query.Queue))
}

// scope says of what and when a figure is, in words.
func scope(ctx context.Context, v queueView) string {
	f := v.Query.Figure
	if f.Kind == "" {
		return ""
	}
	var parts []string
	if len(v.Page.Rows) > 0 && v.Query.Agency != "" {
		parts = append(parts, v.Page.Rows[0].AgencyName)
	}
	if len(v.Page.Rows) > 0 && v.Query.Procedure != "" {
		parts = append(parts, v.Page.Rows[0].ProcedureName)
	}
	if f.Kind != "overdue" && f.From != "" && f.To != "" { // what is overdue is so today
		parts = append(parts, i18n.T(ctx, "desk.stats.period", "from", monthWords(f.From), "to", monthWords(f.To)))
	}
	return strings.Join(parts, " · ")
}

// kept are the filters that a search in this list goes on with.
func kept(v queueView) map[string]string {
	out := map[string]string{"hang": string(v.Query.Queue)}
	u, err := url.Parse(address(v.Query, ""))
	if err != nil {
		return out
	}
	for name, values := range u.Query() {
		if name != "q" {
			out[name] = values[0]
		}
	}
	return out
}

func tabs(ctx context.Context, v queueView) []ui.Tab {
	var all []ui.Tab
	for _, q := range dossier.Queues() {
		n := v.Counters[q]
		if n == 0 && q != v.Query.Queue && q != dossier.QueueAll {
			continue // an empty queue is no work; it comes back with its first dossier
		}
		if q == dossier.QueueAll {
			n = 0
		}
		all = append(all, ui.Tab{Text: i18n.T(ctx, "dossier.queue."+string(q)), Href: "/xu-ly?hang=" + string(q), Count: n, Current: q == v.Query.Queue})
	}
	return all
}

func columns(ctx context.Context) []ui.Column {
	return []ui.Column{
		{Text: i18n.T(ctx, "desk.column.dossier")},
		{Text: i18n.T(ctx, "desk.column.owner")},
		{Text: i18n.T(ctx, "desk.column.step")},
		{Text: i18n.T(ctx, "desk.column.assignee"), Quiet: true},
		{Text: i18n.T(ctx, "desk.column.due")},
	}
}

// shown are the columns of a list: without who works on it where nobody does, as among
// what nobody has taken yet.
func shown(ctx context.Context, v queueView) []ui.Column {
	all := columns(ctx)
	if !assigned(v) {
		return slices.Delete(all, 3, 4)
	}
	return all
}

func assigned(v queueView) bool {
	return slices.ContainsFunc(v.Page.Rows, func(r dossier.Row) bool { return r.AssigneeName != "" })
}

func rowTone(r dossier.Row) ui.Tone {
	switch {
	case r.Late && r.Open():
		return ui.Danger
	case r.HasDue && r.Open() && r.DaysLeft <= 1:
		return ui.Warn
	default:
		return ""
	}
}

// dueWords says how much time is left, not only when it ends.
func dueWords(ctx context.Context, r dossier.Row) string {
	switch {
	case !r.Open() || !r.HasDue:
		return ""
	case r.ClockState == "paused":
		return i18n.T(ctx, "desk.due.paused")
	case r.DaysLeft < 0:
		return i18n.T(ctx, "desk.due.late", "n", -r.DaysLeft)
	case r.DaysLeft == 0:
		return i18n.T(ctx, "desk.due.today")
	default:
		return i18n.T(ctx, "desk.due.left", "n", r.DaysLeft)
	}
}

// Decorate adds the queues with their counters to the sidebar of staff.
func (d *Desk) Decorate(ctx context.Context, a identity.Actor, v *web.Viewer) {
	if a.Kind != identity.KindStaff || !slices.ContainsFunc(Readers(), a.May) {
		return
	}
	v.Search = "/xu-ly"
	counters, err := d.counters(ctx)
	if err != nil {
		return // the page itself will say what is wrong
	}
	var items []web.NavItem
	for _, q := range dossier.Queues() {
		if n := counters[q]; n > 0 && q != dossier.QueueAll {
			item := web.NavItem{Key: "dossier.queue." + string(q), Href: "/xu-ly?hang=" + string(q), Count: n, Group: "desk.nav"}
			if q == dossier.QueueOverdue {
				item.Count, item.Late = 0, n
			}
			items = append(items, item)
		}
	}
	v.Nav = append(items, v.Nav...)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
