package desk

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/platform/i18n"
)

// apiRow is one dossier in a queue on the wire.
type apiRow struct {
	Number    string     `json:"number"`
	Procedure string     `json:"procedure"`
	Title     string     `json:"title"`
	Owner     string     `json:"owner"`
	Agency    string     `json:"agency"`
	Status    int        `json:"status" minimum:"1" maximum:"10"`
	Step      string     `json:"step"`
	TaskID    string     `json:"task_id,omitempty"`
	Assignee  string     `json:"assignee,omitempty"`
	DueAt     *time.Time `json:"due_at,omitempty"`
	Late      bool       `json:"late"`
	Version   int64      `json:"version"`
}

type queueInput struct {
	Queue     string `path:"queue" enum:"mine,unassigned,to_receive,to_sign,to_return,waiting,due_soon,overdue,following,all"`
	Search    string `query:"search" maxLength:"200" doc:"Number, name or citizen number, with or without diacritics."`
	Procedure string `query:"procedure" maxLength:"64"`
	Agency    string `query:"agency" maxLength:"64"`
	Status    int    `query:"status" minimum:"0" maximum:"10"`
	Overdue   bool   `query:"overdue"`
	After     string `query:"after" maxLength:"512" doc:"The next of the page before."`
	Limit     int    `query:"limit" minimum:"1" maximum:"100" default:"25"`
}

type queueOutput struct {
	Body struct {
		Dossiers []apiRow `json:"dossiers"`
		Next     string   `json:"next,omitempty"`
	}
}

type countersOutput struct {
	Body struct {
		Counters map[string]int `json:"counters"`
	}
}

// apiAction is one act that may be done, or not yet and why.
type apiAction struct {
	ID      string   `json:"id"`
	TaskID  string   `json:"task_id"`
	Name    string   `json:"name"`
	Needs   []string `json:"needs" doc:"What must be given: reason, note, assignee, result_fields, file, due."`
	Blocked string   `json:"blocked,omitempty" doc:"Why it cannot be done now."`
	Warning string   `json:"warning,omitempty"`
}

type apiTimeline struct {
	At    time.Time `json:"at"`
	Type  string    `json:"type"`
	Title string    `json:"title"`
	Text  string    `json:"text,omitempty"`
	Who   string    `json:"who,omitempty"`
}

type detailOutput struct {
	Body struct {
		ID          string         `json:"id"`
		Number      string         `json:"number"`
		Procedure   string         `json:"procedure"`
		Title       string         `json:"title"`
		Owner       string         `json:"owner"`
		Status      int            `json:"status" minimum:"1" maximum:"10"`
		Stage       string         `json:"stage,omitempty"`
		Step        string         `json:"step,omitempty"`
		SubmittedAt *time.Time     `json:"submitted_at,omitempty"`
		ReceivedAt  *time.Time     `json:"received_at,omitempty"`
		DueAt       *time.Time     `json:"due_at,omitempty"`
		FinishedAt  *time.Time     `json:"finished_at,omitempty"`
		ReturnedAt  *time.Time     `json:"returned_at,omitempty"`
		Late        bool           `json:"late"`
		Version     int64          `json:"version"`
		Answers     map[string]any `json:"answers"`
		Papers      []apiPaper     `json:"papers"`
		Actions     []apiAction    `json:"actions"`
		Timeline    []apiTimeline  `json:"timeline"`
		Result      *apiResult     `json:"result,omitempty"`
	}
}

type apiPaper struct {
	Code  string   `json:"code,omitempty"`
	Name  string   `json:"name"`
	Given bool     `json:"given"`
	Files []string `json:"file_ids"`
}

type apiResult struct {
	Register   string `json:"register"`
	Number     string `json:"number"`
	State      string `json:"state"`
	DocumentID string `json:"document_id,omitempty"`
}

type numberInput struct {
	Number string `path:"number" maxLength:"64"`
}

type actInput struct {
	Number string `path:"number" maxLength:"64"` // not embedded: huma sees no fields of an unexported type
	Key    string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key acts once, however often it is sent."`
	Body   struct {
		Action   string         `json:"action" maxLength:"64"`
		TaskID   string         `json:"task_id,omitempty" maxLength:"64"`
		Reason   string         `json:"reason,omitempty" maxLength:"2000"`
		Note     string         `json:"note,omitempty" maxLength:"2000"`
		Assignee string         `json:"assignee,omitempty" maxLength:"64" doc:"Account id."`
		Due      *time.Time     `json:"due,omitempty"`
		Missing  []string       `json:"missing,omitempty" maxItems:"100" doc:"Component codes asked for."`
		Fields   map[string]any `json:"fields,omitempty" doc:"Data of the result, or amount and receipt_no of a payment, or value of an opinion."`
		Files    []string       `json:"file_ids,omitempty" maxItems:"50"`
		Version  int64          `json:"version,omitempty" doc:"The version that was seen; left out, it is not compared."`
	}
}

type actOutput struct {
	Body struct {
		Number  string     `json:"number"`
		Status  int        `json:"status"`
		Step    string     `json:"step,omitempty"`
		DueAt   *time.Time `json:"due_at,omitempty"`
		Version int64      `json:"version"`
	}
}

// api registers what staff's programs do; a dossier is opened by its citizen too.
func (d *Desk) api(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, Tags: []string{"dossier"},
			Security: []map[string][]string{{"bearer": {}}, {"session": {}}},
		}
	}
	huma.Register(api, op("get-dossier", http.MethodGet, "/dossiers/{number}", "One dossier, with what may be done on it"), d.apiGet)
	huma.Register(api, op("act-on-dossier", http.MethodPost, "/dossiers/{number}/actions", "Carry out an action"), d.apiAct)
	huma.Register(api, op("list-queue", http.MethodGet, "/queues/{queue}", "One page of a work queue"), d.apiQueue)
	huma.Register(api, op("count-queues", http.MethodGet, "/queues", "How many dossiers wait in each queue"), d.apiCounters)
}

func (d *Desk) apiGet(ctx context.Context, in *numberInput) (*detailOutput, error) {
	if err := identity.SignedIn.Check(ctx); err != nil {
		return nil, err
	}
	x, err := d.dossiers.Get(ctx, in.Number, "api")
	if err != nil {
		return nil, err
	}
	items, err := d.dossiers.Timeline(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	out := &detailOutput{}
	b := &out.Body
	b.ID, b.Number, b.Procedure, b.Title, b.Owner = x.ID, x.Number, x.ProcedureCode, x.Title, x.Owner.Name
	b.Status, b.Stage, b.Step, b.Late, b.Version = int(x.Status), x.Stage, x.Step, x.Late, x.Version
	b.SubmittedAt, b.ReceivedAt, b.DueAt, b.FinishedAt, b.ReturnedAt = some(x.SubmittedAt), some(x.ReceivedAt), some(x.DueAt), some(x.FinishedAt), some(x.ReturnedAt)
	b.Answers, b.Papers, b.Actions, b.Timeline = x.Answers, []apiPaper{}, []apiAction{}, []apiTimeline{}
	for _, p := range x.Papers {
		paper := apiPaper{Code: p.Code, Name: p.Name, Given: p.Given, Files: []string{}}
		for _, f := range p.Files {
			paper.Files = append(paper.Files, f.ID)
		}
		b.Papers = append(b.Papers, paper)
	}
	for _, a := range x.Actions {
		words := a.Name.In(ctx)
		if a.Name.IsZero() {
			words = i18n.T(ctx, "flow.action."+a.ID)
		}
		action := apiAction{ID: a.ID, TaskID: a.Task, Name: words, Needs: []string{}, Blocked: why(ctx, a.Blocked), Warning: why(ctx, a.Warning)}
		for _, n := range a.Needs {
			action.Needs = append(action.Needs, string(n))
		}
		b.Actions = append(b.Actions, action)
	}
	for _, it := range items {
		if !it.Next {
			b.Timeline = append(b.Timeline, apiTimeline{At: it.At, Type: it.Type, Title: it.Title, Text: it.Text, Who: it.Who})
		}
	}
	if x.Result != nil {
		b.Result = &apiResult{Register: x.Result.Register, Number: x.Result.Number, State: x.Result.State, DocumentID: x.Result.DocumentID}
	}
	return out, nil
}

func (d *Desk) apiAct(ctx context.Context, in *actInput) (*actOutput, error) {
	if err := identity.Staff.Check(ctx); err != nil {
		return nil, err
	}
	x, err := d.dossiers.Find(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	act := dossier.ActInput{
		DossierID: x.ID, TaskID: in.Body.TaskID, Action: in.Body.Action, Reason: in.Body.Reason, Note: in.Body.Note, AssignTo: in.Body.Assignee,
		Missing: in.Body.Missing, Fields: in.Body.Fields, Files: in.Body.Files, Version: in.Body.Version, Key: in.Key,
	}
	if in.Body.Due != nil {
		act.Due = *in.Body.Due
	}
	after, err := d.dossiers.Act(ctx, act)
	if err != nil {
		return nil, err
	}
	out := &actOutput{}
	out.Body.Number, out.Body.Status, out.Body.Step, out.Body.DueAt, out.Body.Version = after.Number, int(after.Status), after.Step, some(after.DueAt), after.Version
	return out, nil
}

func (d *Desk) apiQueue(ctx context.Context, in *queueInput) (*queueOutput, error) {
	if err := identity.Staff.Check(ctx); err != nil {
		return nil, err
	}
	page, err := d.dossiers.Queue(ctx, dossier.QueueQuery{
		Queue: dossier.Queue(in.Queue), Search: in.Search, Procedure: in.Procedure, Agency: in.Agency, Status: dossier.Status(in.Status),
		Overdue: in.Overdue, After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &queueOutput{}
	out.Body.Dossiers, out.Body.Next = []apiRow{}, page.Next
	for _, r := range page.Rows {
		out.Body.Dossiers = append(out.Body.Dossiers, apiRow{
			Number: r.Number, Procedure: r.ProcedureCode, Title: r.Title, Owner: r.Owner.Name, Agency: r.AgencyName, Status: int(r.Status),
			Step: r.Step, TaskID: r.TaskID, Assignee: r.AssigneeName, DueAt: some(r.DueAt), Late: r.Late, Version: r.Version,
		})
	}
	return out, nil
}

func (d *Desk) apiCounters(ctx context.Context, _ *struct{}) (*countersOutput, error) {
	if err := identity.Staff.Check(ctx); err != nil {
		return nil, err
	}
	counters, err := d.dossiers.Counters(ctx)
	if err != nil {
		return nil, err
	}
	out := &countersOutput{}
	out.Body.Counters = map[string]int{}
	for q, n := range counters {
		out.Body.Counters[string(q)] = n
	}
	return out, nil
}

func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
