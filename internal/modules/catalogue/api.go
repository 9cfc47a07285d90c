package catalogue

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/modules/catalogue/source"
)

// api registers what programs may ask of the import; each operation has the rule of its page.
func (s *Service) api(api huma.API) {
	security := []map[string][]string{{"bearer": {}}, {"session": {}}}
	op := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/catalogue" + path, Tags: []string{"catalogue"}, Summary: summary, Description: description, Security: security}
	}
	huma.Register(api, op("start-import", http.MethodPost, "/imports", "Start an import",
		"Imports files uploaded before (POST /api/v1/files). With apply everything is put in force at once; otherwise every difference waits for a decision."), s.apiStart)
	huma.Register(api, op("get-import", http.MethodGet, "/imports/{id}", "How an import stands", "State, bytes done, and what became of every record so far."), s.apiRun)
	huma.Register(api, op("stop-import", http.MethodPost, "/imports/{id}/stop", "Stop an import", "What is done stays done."), s.apiStop)
	huma.Register(api, op("continue-import", http.MethodPost, "/imports/{id}/continue", "Go on with a stopped import", "It goes on from where it stood."), s.apiContinue)
	huma.Register(api, op("accept-import", http.MethodPost, "/imports/{id}/accept", "Accept all open changes of an import", "Done as a job."), s.apiAcceptAll)
	huma.Register(api, op("list-import-refusals", http.MethodGet, "/imports/{id}/refused", "Refused records of an import", "By file and line, 500 at a time."), s.apiRefused)
	huma.Register(api, op("list-import-changes", http.MethodGet, "/imports/{id}/changes", "Changes of an import", "By code, 100 at a time."), s.apiChanges)
	huma.Register(api, op("accept-change", http.MethodPost, "/changes/{id}/accept", "Accept one change", ""), s.apiAccept)
	huma.Register(api, op("reject-change", http.MethodPost, "/changes/{id}/reject", "Reject one change", ""), s.apiReject)
	huma.Register(api, op("catalogue-standings", http.MethodGet, "/standings", "Completeness by announcing agency", "Mandatory parts of Decree 63/2010/NĐ-CP article 8(2) and those due where they exist."), s.apiStandings)
}

type runJSON struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	State  RunState `json:"state"`
	Apply  bool     `json:"apply"`
	Size   int64    `json:"size" doc:"bytes"`
	Done   int64    `json:"done" doc:"bytes"`
	Counts Counts   `json:"counts"`
	Error  string   `json:"error,omitempty"`
	Open   int64    `json:"open_changes"`
}

type runOut struct{ Body runJSON }

func runOutOf(r Run, open int64) *runOut {
	return &runOut{runJSON{r.ID, r.Title, r.State, r.Apply, r.Size, r.Done, r.Counts, r.Error, open}}
}

type startIn struct {
	Body struct {
		Files []string `json:"files" minItems:"1" maxItems:"2000" doc:"Ids of uploaded files, read in this order"`
		Apply bool     `json:"apply,omitempty"`
	}
}

func (s *Service) apiStart(ctx context.Context, in *startIn) (*runOut, error) {
	run, err := s.Start(ctx, in.Body.Files, in.Body.Apply)
	if err != nil {
		return nil, err
	}
	return runOutOf(run, 0), nil
}

type idIn struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Service) apiRun(ctx context.Context, in *idIn) (*runOut, error) {
	run, states, err := s.Run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return runOutOf(run, states[Open]), nil
}

func (s *Service) apiStop(ctx context.Context, in *idIn) (*runOut, error) {
	if err := s.Stop(ctx, in.ID); err != nil {
		return nil, err
	}
	return s.apiRun(ctx, in)
}

func (s *Service) apiContinue(ctx context.Context, in *idIn) (*runOut, error) {
	if err := s.Continue(ctx, in.ID); err != nil {
		return nil, err
	}
	return s.apiRun(ctx, in)
}

func (s *Service) apiAcceptAll(ctx context.Context, in *idIn) (*runOut, error) {
	if err := s.AcceptAll(ctx, in.ID); err != nil {
		return nil, err
	}
	return s.apiRun(ctx, in)
}

type refusedIn struct {
	ID   string `path:"id" maxLength:"64"`
	File int64  `query:"after_file" default:"-1" minimum:"-1" doc:"File and line of the last one seen"`
	Line int64  `query:"after_line" default:"0" minimum:"0"`
}

type refusedJSON struct {
	File   int64         `json:"file" doc:"Position among the files, from 0"`
	Line   int64         `json:"line"`
	Code   string        `json:"code,omitempty"`
	Field  string        `json:"field,omitempty"`
	Reason source.Reason `json:"reason"`
	Words  string        `json:"words,omitempty"`
	Hint   string        `json:"hint,omitempty"`
}

type refusedOut struct {
	Body struct {
		Items []refusedJSON `json:"items"`
	}
}

func (s *Service) apiRefused(ctx context.Context, in *refusedIn) (*refusedOut, error) {
	rows, err := s.Rows(ctx, in.ID, OutcomeRefused, in.File, in.Line, 500)
	if err != nil {
		return nil, err
	}
	out := &refusedOut{}
	out.Body.Items = []refusedJSON{}
	for _, l := range rows {
		out.Body.Items = append(out.Body.Items, refusedJSON{l.File, l.Line, l.Code, l.Field, l.Reason, l.Words, l.Hint})
	}
	return out, nil
}

type changesIn struct {
	ID    string      `path:"id" maxLength:"64"`
	State ChangeState `query:"state" enum:"open,accepted,rejected,superseded" required:"false"`
	After string      `query:"after" maxLength:"40" doc:"Code of the last one seen"`
}

type changeJSON struct {
	ID    string       `json:"id"`
	Code  string       `json:"code"`
	Name  string       `json:"name"`
	Kind  ChangeKind   `json:"kind"`
	State ChangeState  `json:"state"`
	Shape source.Shape `json:"source"`
	Parts []PartDiff   `json:"parts"`
}

type changesOut struct {
	Body struct {
		Items []changeJSON `json:"items"`
	}
}

func (s *Service) apiChanges(ctx context.Context, in *changesIn) (*changesOut, error) {
	list, err := s.Changes(ctx, in.ID, in.State, "", in.After, 100)
	if err != nil {
		return nil, err
	}
	out := &changesOut{}
	out.Body.Items = []changeJSON{}
	for _, c := range list {
		j := changeJSON{c.ID, c.Code, c.Name, c.Kind, c.State, c.Shape, c.Parts}
		if j.Parts == nil {
			j.Parts = []PartDiff{}
		}
		out.Body.Items = append(out.Body.Items, j)
	}
	return out, nil
}

func (s *Service) apiAccept(ctx context.Context, in *idIn) (*struct{}, error) {
	return nil, s.Accept(ctx, in.ID)
}

func (s *Service) apiReject(ctx context.Context, in *idIn) (*struct{}, error) {
	return nil, s.Reject(ctx, in.ID)
}

type standingJSON struct {
	Agency   string         `json:"agency"`
	Entries  int64          `json:"entries"`
	Complete int64          `json:"complete"`
	Score    float64        `json:"score"`
	Missing  map[Need]int64 `json:"missing"`
	Words    map[Need]int64 `json:"in_words_only"`
}

type standingsOut struct {
	Body struct {
		Items []standingJSON `json:"items"`
	}
}

func (s *Service) apiStandings(ctx context.Context, _ *struct{}) (*standingsOut, error) {
	all, err := s.Standings(ctx)
	if err != nil {
		return nil, err
	}
	out := &standingsOut{}
	out.Body.Items = []standingJSON{}
	for _, st := range all {
		out.Body.Items = append(out.Body.Items, standingJSON{st.Agency, st.Entries, st.Complete, st.Score, st.None, st.Words})
	}
	return out, nil
}
