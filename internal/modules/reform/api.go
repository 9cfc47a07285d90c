package reform

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// api registers what programs of the province may do with decrees; it asks for what
// the pages ask for.
func (s *Service) api(api huma.API) {
	tags := []string{"reform"}
	huma.Register(api, huma.Operation{
		OperationID: "list-decrees", Method: http.MethodGet, Path: "/api/v1/reforms", Tags: tags, Summary: "List decrees",
		Description: "Decrees on administrative units and agencies, newest first. Asks for admin.org over the province.",
	}, func(ctx context.Context, _ *struct{}) (*decreesOut, error) {
		list, err := s.Decrees(ctx)
		if err != nil {
			return nil, err
		}
		out := &decreesOut{}
		out.Body.Decrees = []decreeJSON{}
		for _, d := range list {
			out.Body.Decrees = append(out.Body.Decrees, decreeOf(ctx, d))
		}
		return out, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "propose-decree", Method: http.MethodPost, Path: "/api/v1/reforms", Tags: tags, DefaultStatus: http.StatusCreated, Summary: "Try a decree",
		Description: "Keeps a decree (YAML, see docs/reform.md) as a draft and tries it out: every problem with its line, and how many things of each kind it would change. Nothing changes.",
	}, func(ctx context.Context, in *proposeIn) (*decreeOut, error) {
		d, err := s.Propose(ctx, in.Body.Name, []byte(in.Body.File))
		return answer(ctx, d, err)
	})
	huma.Register(api, huma.Operation{
		OperationID: "get-decree", Method: http.MethodGet, Path: "/api/v1/reforms/{id}", Tags: tags, Summary: "Read a decree",
	}, func(ctx context.Context, in *decreeIn) (*decreeOut, error) {
		d, err := s.Decree(ctx, in.ID)
		return answer(ctx, d, err)
	})
	huma.Register(api, huma.Operation{
		OperationID: "list-decree-effects", Method: http.MethodGet, Path: "/api/v1/reforms/{id}/effects", Tags: tags, Summary: "List what a decree changes",
		Description: "The dry run of a draft, or what was done. Page on with next as after.",
	}, s.apiEffects)
	huma.Register(api, huma.Operation{
		OperationID: "apply-decree", Method: http.MethodPost, Path: "/api/v1/reforms/{id}/apply", Tags: tags, DefaultStatus: http.StatusAccepted, Summary: "Schedule a decree",
		Description: "It is applied at 00:00 of its day, Vietnam time, or at once when that day has come. Asking twice is the same as once.",
	}, func(ctx context.Context, in *applyIn) (*decreeOut, error) {
		d, err := s.Apply(ctx, ApplyInput{DecreeID: in.ID, ConfirmPast: in.Body.ConfirmPast})
		return answer(ctx, d, err)
	})
	huma.Register(api, huma.Operation{
		OperationID: "undo-decree", Method: http.MethodPost, Path: "/api/v1/reforms/{id}/undo", Tags: tags, Summary: "Take a decree back",
		Description: "Before it is applied. Afterwards it is refused (409): the successors have acted.",
	}, func(ctx context.Context, in *decreeIn) (*decreeOut, error) {
		d, err := s.Undo(ctx, in.ID)
		return answer(ctx, d, err)
	})
}

type decreeIn struct {
	ID string `path:"id" maxLength:"64"`
}

type applyIn struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ConfirmPast bool `json:"confirm_past,omitempty" doc:"The day has passed, and that is meant"`
	}
}

type proposeIn struct {
	Body struct {
		Name string `json:"name" maxLength:"200" doc:"Name of the file, for the places of problems" example:"nq1685.yaml"`
		File string `json:"file" maxLength:"1048576" doc:"The decree in YAML"`
	}
}

type problemJSON struct {
	Line int    `json:"line"`
	Code string `json:"code,omitempty"`
	Text string `json:"text"`
}

type decreeJSON struct {
	ID        string           `json:"id"`
	Number    string           `json:"number"`
	Title     string           `json:"title"`
	Effective string           `json:"effective" doc:"First day, 2025-07-01"`
	State     State            `json:"state" enum:"draft,scheduled,applied,undone"`
	Problems  []problemJSON    `json:"problems"`
	Changes   map[string]int64 `json:"changes" doc:"How many things of each kind"`
	AppliedAt *time.Time       `json:"applied_at,omitempty"`
	TookMs    int64            `json:"took_ms,omitempty" doc:"How long the transaction took, during which nobody could write"`
}

type decreeOut struct{ Body decreeJSON }

type decreesOut struct {
	Body struct {
		Decrees []decreeJSON `json:"decrees"`
	}
}

func decreeOf(ctx context.Context, d Decree) decreeJSON {
	out := decreeJSON{ID: d.ID, Number: d.Number, Title: d.Title, Effective: d.Effective.String(), State: d.State, Problems: []problemJSON{}, Changes: map[string]int64{}, TookMs: d.Took.Milliseconds()}
	for _, p := range d.Problems {
		out.Problems = append(out.Problems, problemJSON{p.Line, p.Code, p.words(ctx)})
	}
	for k, n := range d.Summary {
		out.Changes[string(k)] = n
	}
	if !d.AppliedAt.IsZero() {
		out.AppliedAt = &d.AppliedAt
	}
	return out
}

func answer(ctx context.Context, d Decree, err error) (*decreeOut, error) {
	if err != nil {
		return nil, err
	}
	return &decreeOut{decreeOf(ctx, d)}, nil
}

type effectsIn struct {
	ID    string `path:"id" maxLength:"64"`
	Kind  string `query:"kind" enum:"agency,unit,post,account,dossier,register,calendar,offer" default:"dossier"`
	After int64  `query:"after" minimum:"0"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type effectJSON struct {
	Kind     Kind   `json:"kind"`
	ID       string `json:"id"`
	Label    string `json:"label"`
	FromCode string `json:"from_code,omitempty"`
	From     string `json:"from,omitempty"`
	ToCode   string `json:"to_code,omitempty"`
	To       string `json:"to,omitempty"`
	Note     string `json:"note,omitempty"`
}

type effectsOut struct {
	Body struct {
		Effects []effectJSON `json:"effects"`
		Next    int64        `json:"next,omitempty" doc:"Give it as after for the next page"`
	}
}

func (s *Service) apiEffects(ctx context.Context, in *effectsIn) (*effectsOut, error) {
	d, err := s.Decree(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := s.Effects(ctx, d, Kind(in.Kind), in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &effectsOut{}
	out.Body.Effects = []effectJSON{}
	for _, e := range list {
		out.Body.Effects = append(out.Body.Effects, effectJSON{e.Kind, e.Subject, e.Label, e.FromCode, e.FromName, e.ToCode, e.ToName, noteWords(ctx, e.Note)})
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].Seq
	}
	return out, nil
}
