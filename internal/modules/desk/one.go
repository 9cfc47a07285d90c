package desk

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"motcua/internal/core/dossier"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/register"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// oneView is the page of a dossier for whoever works on it.
type oneView struct {
	D          dossier.Detail
	Actions    []choice
	Items      []dossier.Item
	Clock      dossier.ClockView
	Summary    templ.Component
	Drawing    string // SVG of the way
	Candidates []dossier.Candidate
	Fields     []register.FieldDef // what the officer types for the result
	Errors     ui.Errors
	Typed      typed
	Key        string // the same for every press of a button of this page
}

// choice is one action with what must be said for it.
type choice struct {
	flow.Action
	Words   string // on the button
	About   string // which task, where several can be done in the same way
	Blocked string // why not, in words
	Warning string
	Lead    bool // the one obvious next step: its form stands open
	Open    bool // it was just refused: its form stands open with what was typed
}

func (c choice) needs(n flow.Need) bool { return slices.Contains(c.Needs, n) }

// simple reports whether the action is one press, with nothing to say.
func (c choice) simple() bool { return len(c.Needs) == 0 && c.Warning == "" && c.Confirm.IsZero() }

// typed is what was in the form of an action that was refused.
type typed struct {
	Task, Action, Reason, Note, Assignee, Due, Opinion, Amount, ReceiptNo string
	Missing                                                               []string
	Fields                                                                map[string]string
}

// is reports whether it was this action that was refused.
func (t typed) is(a dossier.Action) bool { return t.Action == a.ID && t.Task == a.Task }

// title names the action, and its task where the name alone does not tell.
func (c choice) title() string {
	if c.About == "" {
		return c.Words
	}
	return c.Words + ": " + c.About
}

func (d *Desk) one(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, http.StatusOK, typed{}, nil)
}

func (d *Desk) show(w http.ResponseWriter, r *http.Request, status int, t typed, err error) error {
	ctx := r.Context()
	detail, gerr := d.dossiers.Get(ctx, r.PathValue("number"), "process")
	if gerr != nil {
		return gerr
	}
	if detail.Audience == dossier.ForCitizen {
		return web.SeeOther(w, r, "/ho-so/"+detail.Number)
	}
	v := oneView{D: detail, Typed: t, Errors: ui.ErrorsIn(ctx, err, nil), Key: id.New()}
	if v.Items, gerr = d.dossiers.Timeline(ctx, detail.ID); gerr != nil {
		return gerr
	}
	if v.Clock, gerr = d.dossiers.Explain(ctx, detail.ID); gerr != nil {
		return gerr
	}
	v.Actions = choices(ctx, detail, t)
	if slices.ContainsFunc(v.Actions, func(c choice) bool { return c.needs(flow.NeedAssignee) }) {
		if v.Candidates, gerr = d.dossiers.Candidates(ctx, detail.ID, ""); gerr != nil {
			return gerr
		}
	}
	if slices.ContainsFunc(v.Actions, func(c choice) bool { return c.needs(flow.NeedResult) }) {
		if v.Fields, gerr = d.dossiers.ResultFields(ctx, detail.Dossier); gerr != nil {
			return gerr
		}
	}
	v.Summary = detail.Form.Summary(detail.Answers, form.SummaryOptions{
		Env:     d.dossiers.DossierEnv(detail.Dossier),
		FileURL: func(f form.File) string { return "/tep/" + f.ID + "/" + url.PathEscape(f.Name) },
	})
	v.Drawing = flow.SVG(detail.Flow, &detail.Run, i18n.Lang(ctx))
	return web.Render(w, r, status, onePage(v))
}

// choices puts the actions into the order of the page: what moves the dossier on
// first, what stops it last.
func choices(ctx context.Context, d dossier.Detail, refused typed) []choice {
	list := make([]choice, 0, len(d.Actions))
	for _, a := range d.Actions {
		c := choice{Action: a, Words: a.Name.In(ctx), Open: refused.is(a)}
		if a.Name.IsZero() {
			c.Words = i18n.T(ctx, "flow.action."+a.ID)
		}
		// The same may be done for several tasks at once, as with opinions asked for
		// side by side: then each says for which.
		if slices.ContainsFunc(d.Actions, func(b dossier.Action) bool { return b.ID == a.ID && b.Task != a.Task }) {
			if i := slices.IndexFunc(d.Tasks, func(t dossier.Task) bool { return t.ID == a.Task }); i >= 0 {
				c.About = d.Tasks[i].StepName
			}
		}
		c.Blocked, c.Warning = why(ctx, a.Blocked), why(ctx, a.Warning)
		list = append(list, c)
	}
	rank := func(c choice) int {
		switch c.Tone {
		case "primary":
			return 0
		case "danger":
			return 2
		default:
			return 1
		}
	}
	slices.SortStableFunc(list, func(a, b choice) int { return rank(a) - rank(b) })
	if len(list) > 0 && list[0].Tone == "primary" && list[0].Blocked == "" {
		list[0].Lead = true
	}
	return list
}

func why(ctx context.Context, r *flow.Reason) string {
	switch {
	case r == nil:
		return ""
	case !r.Text.IsZero():
		return r.Text.In(ctx)
	default:
		return i18n.TMap(ctx, "error."+r.Code, r.Args)
	}
}

// act carries out one action of the flow.
func (d *Desk) act(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	values, err := web.Form(r)
	if err != nil {
		return err
	}
	detail, err := d.dossiers.Get(ctx, r.PathValue("number"), "process")
	if err != nil {
		return err
	}
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	t := typed{
		Task: get("viec-cua"), Action: get("viec"), Reason: get("ly-do"), Note: get("ghi-chu"), Assignee: get("giao-cho"), Due: get("hen-lai"), Opinion: get("y-kien"),
		Amount: get("so-tien"), ReceiptNo: get("so-bien-lai"), Missing: values["thieu"], Fields: map[string]string{},
	}
	in := dossier.ActInput{
		DossierID: detail.ID, TaskID: t.Task, Action: t.Action, Reason: t.Reason, Note: t.Note, AssignTo: t.Assignee,
		Missing: t.Missing, Key: get("khoa"), Fields: map[string]any{},
	}
	in.Version, _ = strconv.ParseInt(get("phien-ban"), 10, 64) // not a number: not compared
	var bad []errs.Field
	if t.Due != "" {
		day, err := civil.ParseTyped(t.Due)
		if err != nil {
			bad = append(bad, errs.Bad("hen-lai", "date.format"))
		}
		in.Due = day.At(17, 0) // until the end of the working day
	}
	if t.Opinion != "" {
		in.Fields["value"] = t.Opinion
	}
	if t.Amount != "" {
		in.Fields["amount"] = t.Amount
	}
	if t.ReceiptNo != "" {
		in.Fields["receipt_no"] = t.ReceiptNo
	}
	for name := range values {
		if field, ok := strings.CutPrefix(name, "ket-qua."); ok {
			t.Fields[field] = get(name)
			in.Fields[field] = get(name)
		}
	}
	if err := errs.NewInvalid(bad...); err != nil {
		return d.show(w, r, http.StatusUnprocessableEntity, t, err)
	}
	after, err := d.dossiers.Act(ctx, in)
	switch errs.KindOf(err) {
	case errs.Invalid:
		if err != nil {
			return d.show(w, r, http.StatusUnprocessableEntity, t, pageFields(err))
		}
	case errs.Conflict:
		return d.show(w, r, http.StatusConflict, t, err)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "desk.done", "number", after.Number)
	// Whoever still has something to do on it stays; the others go on with their queue.
	if actions, err := d.dossiers.Actions(ctx, after.ID); err == nil && len(actions) > 0 {
		return web.SeeOther(w, r, "/xu-ly/"+after.Number)
	}
	return web.SeeOther(w, r, "/xu-ly")
}

// pageFields gives the fields of an act the names they have on the page.
func pageFields(err error) error {
	e, ok := errs.As(err)
	if !ok {
		return err
	}
	names := map[string]string{"reason": "ly-do", "note": "ghi-chu", "assignee": "giao-cho", "due": "hen-lai", "value": "y-kien", "amount": "so-tien", "receipt_no": "so-bien-lai", "missing": "thieu"}
	fields := slices.Clone(e.Fields)
	for i, f := range fields {
		name, known := names[f.Name]
		if !known {
			name = "ket-qua." + strings.TrimPrefix(f.Name, "result.")
		}
		fields[i].Name = name
	}
	return errs.NewInvalid(fields...)
}

func (d *Desk) follow(w http.ResponseWriter, r *http.Request) error {
	values, err := web.Form(r)
	if err != nil {
		return err
	}
	detail, err := d.dossiers.Get(r.Context(), r.PathValue("number"), "process")
	if err != nil {
		return err
	}
	if err := d.dossiers.Follow(r.Context(), detail.ID, values.Get("theo-doi") == "1"); err != nil {
		return err
	}
	return web.SeeOther(w, r, "/xu-ly/"+detail.Number)
}

// issued opens a paper that was issued on the dossier.
func (d *Desk) issued(w http.ResponseWriter, r *http.Request) error {
	detail, err := d.dossiers.Get(r.Context(), r.PathValue("number"), "process")
	if err != nil {
		return err
	}
	name, pdf, err := d.dossiers.DocumentFile(r.Context(), detail.ID, r.PathValue("document"))
	if err != nil {
		return err
	}
	return web.Inline(w, r, name, "application/pdf", int64(len(pdf)), bytes.NewReader(pdf))
}

// sheet is the control sheet of the dossier (form 06).
func (d *Desk) sheet(w http.ResponseWriter, r *http.Request) error {
	detail, err := d.dossiers.Get(r.Context(), r.PathValue("number"), "process")
	if err != nil {
		return err
	}
	sheet, err := d.dossiers.ControlSheet(r.Context(), detail.ID)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, sheetPage(sheet))
}

func opinions(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for _, v := range []string{"agree", "disagree", "other"} {
		opts = append(opts, ui.Option{Value: v, Text: i18n.T(ctx, "desk.opinion."+v)})
	}
	return opts
}

func candidates(ctx context.Context, list []dossier.Candidate) []ui.Option {
	var opts []ui.Option
	for _, c := range list {
		opts = append(opts, ui.Option{Value: c.AccountID, Text: i18n.T(ctx, "desk.candidate", "name", c.Name, "title", c.Title, "n", c.Open)})
	}
	return opts
}

func missing(papers []dossier.Paper) []ui.Option {
	var opts []ui.Option
	for _, p := range papers {
		if p.Code != "" {
			opts = append(opts, ui.Option{Value: p.Code, Text: p.Name})
		}
	}
	return opts
}

func fieldOptions(ctx context.Context, f register.FieldDef) []ui.Option {
	var opts []ui.Option
	for _, o := range f.Options {
		opts = append(opts, ui.Option{Value: o.Value, Text: o.Label.In(ctx)})
	}
	return opts
}

func terms(ctx context.Context, d dossier.Detail) []ui.Term {
	list := []ui.Term{
		{Term: i18n.T(ctx, "desk.fact.procedure"), Value: d.ProcedureName},
		{Term: i18n.T(ctx, "desk.fact.owner"), Value: d.Owner.Name},
		{Term: i18n.T(ctx, "desk.fact.citizen-no"), Value: d.Owner.CitizenNo},
		{Term: i18n.T(ctx, "desk.fact.tax-code"), Value: d.Owner.TaxCode},
		{Term: i18n.T(ctx, "desk.fact.phone"), Value: d.Owner.Phone},
		{Term: i18n.T(ctx, "desk.fact.address"), Value: d.Owner.Address},
		{Term: i18n.T(ctx, "desk.fact.channel"), Value: i18n.T(ctx, "dossier.channel."+string(d.Channel))},
		{Term: i18n.T(ctx, "desk.fact.receiving"), Value: d.ReceivingAgency},
		{Term: i18n.T(ctx, "desk.fact.competent"), Value: d.CompetentAgency},
		{Term: i18n.T(ctx, "desk.fact.submitted"), Value: i18n.DateTime(ctx, d.SubmittedAt)},
		{Term: i18n.T(ctx, "desk.fact.received"), Value: i18n.DateTime(ctx, d.ReceivedAt)},
		{Term: i18n.T(ctx, "desk.fact.due"), Value: i18n.DateTime(ctx, d.DueAt)},
	}
	if d.Proxy != dossier.NoProxy {
		list = append(list, ui.Term{Term: i18n.T(ctx, "desk.fact.submitter"), Value: d.Submitter.Name + " (" + i18n.T(ctx, "dossier.proxy."+d.Proxy) + ")"})
	}
	return slices.DeleteFunc(list, func(t ui.Term) bool { return t.Value == "" })
}

func moments(ctx context.Context, d dossier.Detail, items []dossier.Item) []ui.Moment {
	all := make([]ui.Moment, 0, len(items))
	for _, it := range items {
		m := ui.Moment{At: it.At, Title: it.Title, Body: it.Text, Actor: it.Who, Next: it.Next, Tone: itemTone(it.Tone)}
		if it.DocumentID != "" {
			m.Links = []ui.LinkProps{{Text: i18n.T(ctx, "desk.open-paper"), Href: "/xu-ly/" + d.Number + "/giay-to/" + it.DocumentID, Icon: "file"}}
		}
		all = append(all, m)
	}
	return all
}

func itemTone(tone string) ui.Tone {
	switch tone {
	case "success":
		return ui.OK
	case "warning":
		return ui.Warn
	case "danger":
		return ui.Danger
	default:
		return ui.Info
	}
}
