package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// me is what a program learns about the account it acts for.
type me struct {
	ID        string   `json:"id" doc:"Account id."`
	Kind      string   `json:"kind" enum:"citizen,organisation,staff,system"`
	Name      string   `json:"name"`
	Login     string   `json:"login"`
	CitizenNo string   `json:"citizen_no,omitempty" doc:"Personal identification number (số định danh cá nhân)."`
	TaxCode   string   `json:"tax_code,omitempty" doc:"Tax code (mã số thuế)."`
	Via       string   `json:"via" doc:"How this request was signed in: session or token."`
	Posts     []mePost `json:"posts" doc:"Posts held now, with their permissions; they reach the agency and all below it."`
}

type mePost struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	AgencyID   string   `json:"agency_id"`
	AgencyName string   `json:"agency_name"`
	Roles      []string `json:"roles"`
	Perms      []string `json:"permissions"`
	Delegated  bool     `json:"delegated,omitempty" doc:"The post is held by delegation (ủy quyền)."`
	Until      string   `json:"until,omitempty" format:"date" doc:"Last day of holding the post."`
}

type meOutput struct{ Body me }

func (s *Service) api(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-me", Method: http.MethodGet, Path: "/api/v1/me", Tags: []string{"account"},
		Summary: "The account that acts", Description: "Who the session or API token of this request stands for, and what it may do.",
		Security: []map[string][]string{{"bearer": {}}, {"session": {}}},
	}, func(ctx context.Context, _ *struct{}) (*meOutput, error) {
		if err := SignedIn.Check(ctx); err != nil {
			return nil, err
		}
		a := From(ctx)
		out := me{ID: a.AccountID, Kind: string(a.Kind), Name: a.Name, Login: a.Login, CitizenNo: a.CitizenNo, TaxCode: a.TaxCode, Via: a.Via, Posts: []mePost{}}
		for _, p := range a.Posts {
			out.Posts = append(out.Posts, mePost{
				ID: p.PostID, Title: p.Title, AgencyID: p.AgencyID, AgencyName: p.AgencyName, Roles: orEmpty(p.Roles), Perms: orEmpty(p.Perms),
				Delegated: p.DelegatedFrom != "", Until: p.Until.String(),
			})
		}
		return &meOutput{out}, nil
	})
}

// orEmpty keeps null out of JSON where a list belongs.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
