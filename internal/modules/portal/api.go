package portal

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// apiPerson is one party of a dossier on the wire.
type apiPerson struct {
	Kind      string `json:"kind,omitempty" enum:"citizen,organisation,foreigner" doc:"Default citizen."`
	Name      string `json:"name,omitempty" maxLength:"255"`
	CitizenNo string `json:"citizen_no,omitempty" maxLength:"20" doc:"Personal identification number (số định danh cá nhân), 12 digits."`
	TaxCode   string `json:"tax_code,omitempty" maxLength:"20" doc:"Tax code (mã số thuế)."`
	Phone     string `json:"phone,omitempty" maxLength:"30"`
	Email     string `json:"email,omitempty" maxLength:"255"`
	Address   string `json:"address,omitempty" maxLength:"500"`
	Birth     string `json:"birth,omitempty" maxLength:"10" doc:"2006, 2006-01 or 2006-01-02."`
	Gender    string `json:"gender,omitempty" enum:"male,female"`
}

func (a apiPerson) person() (dossier.Person, error) {
	p := dossier.Person{Kind: a.Kind, Name: a.Name, CitizenNo: a.CitizenNo, TaxCode: a.TaxCode, Phone: a.Phone, Email: a.Email, Address: a.Address, Gender: a.Gender}
	if a.Birth != "" {
		birth, err := civil.ParsePartial(a.Birth)
		if err != nil {
			return p, errs.NewInvalid(errs.Bad("owner.birth", "date.format"))
		}
		p.Birth = birth
	}
	return p, nil
}

// apiPaper is one component on the wire.
type apiPaper struct {
	Code    string   `json:"code" maxLength:"64" doc:"Component code of the procedure."`
	FileIDs []string `json:"file_ids,omitempty" maxItems:"50" doc:"Files uploaded before."`
	EntryID string   `json:"entry_id,omitempty" maxLength:"64" doc:"Register entry that replaces the paper."`
	Note    string   `json:"note,omitempty" maxLength:"1000"`
}

func papersOf(in []apiPaper) []dossier.PaperInput {
	out := make([]dossier.PaperInput, len(in))
	for i, p := range in {
		out[i] = dossier.PaperInput{Code: p.Code, FileIDs: p.FileIDs, EntryID: p.EntryID, Note: p.Note}
	}
	return out
}

// apiDossier is the head of a dossier on the wire.
type apiDossier struct {
	ID          string     `json:"id"`
	Number      string     `json:"number" doc:"Mã hồ sơ."`
	Procedure   string     `json:"procedure" doc:"Procedure code (mã TTHC)."`
	Title       string     `json:"title,omitempty"`
	Channel     string     `json:"channel"`
	Status      int        `json:"status" minimum:"1" maximum:"10" doc:"National dossier status."`
	Stage       string     `json:"stage,omitempty"`
	Step        string     `json:"step,omitempty"`
	SubmittedAt *time.Time `json:"submitted_at,omitempty"`
	ReceivedAt  *time.Time `json:"received_at,omitempty"`
	DueAt       *time.Time `json:"due_at,omitempty"`
	FinishedAt  *time.Time `json:"finished_at,omitempty"`
	ReturnedAt  *time.Time `json:"returned_at,omitempty"`
	Late        bool       `json:"late"`
	Version     int64      `json:"version" doc:"Give it back with every act."`
}

// wire puts a dossier on the wire.
func wire(d dossier.Dossier) apiDossier {
	return apiDossier{
		ID: d.ID, Number: d.Number, Procedure: d.ProcedureCode, Title: d.Title, Channel: string(d.Channel), Status: int(d.Status),
		Stage: d.Stage, Step: d.Step, SubmittedAt: some(d.SubmittedAt), ReceivedAt: some(d.ReceivedAt), DueAt: some(d.DueAt),
		FinishedAt: some(d.FinishedAt), ReturnedAt: some(d.ReturnedAt), Late: d.Late, Version: d.Version,
	}
}

func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type dossierOutput struct{ Body apiDossier }

type fileInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key gives the same dossier, however often it is sent."`
	Body struct {
		Offer    string          `json:"offer" maxLength:"128" doc:"Offer id: procedure at an agency through a channel."`
		Case     string          `json:"case,omitempty" maxLength:"64" doc:"Case of the procedure; the first when left out."`
		Owner    *apiPerson      `json:"owner,omitempty" doc:"Owner (chủ hồ sơ); the account itself when left out."`
		Proxy    string          `json:"proxy,omitempty" enum:"authorised,guardian,relative,employee" doc:"In what capacity the account files for another owner."`
		Answers  json.RawMessage `json:"answers" doc:"Answers to the form, by field id; see the form's JSON Schema."`
		Papers   []apiPaper      `json:"papers,omitempty" maxItems:"100"`
		Delivery struct {
			By      string `json:"by,omitempty" enum:"online,counter,post" doc:"Default online."`
			Address string `json:"address,omitempty" maxLength:"500"`
			Phone   string `json:"phone,omitempty" maxLength:"30"`
		} `json:"delivery,omitempty"`
	}
}

type numberInput struct {
	Number string `path:"number" maxLength:"64"`
}

type trackOutput struct {
	Body struct {
		Number      string     `json:"number"`
		Procedure   string     `json:"procedure"`
		Agency      string     `json:"agency" doc:"Who holds it."`
		Status      int        `json:"status"`
		Stage       string     `json:"stage,omitempty"`
		SubmittedAt *time.Time `json:"submitted_at,omitempty"`
		ReceivedAt  *time.Time `json:"received_at,omitempty"`
		DueAt       *time.Time `json:"due_at,omitempty"`
		FinishedAt  *time.Time `json:"finished_at,omitempty"`
		ReturnedAt  *time.Time `json:"returned_at,omitempty"`
		Paused      bool       `json:"paused"`
		Late        bool       `json:"late"`
	}
}

type listInput struct {
	Open  bool   `query:"open" doc:"Only those under way."`
	After string `query:"after" maxLength:"256"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"25"`
}

type listOutput struct {
	Body struct {
		Dossiers []apiDossier `json:"dossiers"`
		Next     string       `json:"next,omitempty"`
	}
}

type supplyInput struct {
	Number string `path:"number" maxLength:"64"` // not embedded: huma sees no fields of an unexported type
	Key    string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128"`
	Body   struct {
		Answers json.RawMessage `json:"answers,omitempty" doc:"Changed answers only."`
		Papers  []apiPaper      `json:"papers,omitempty" maxItems:"100"`
		Note    string          `json:"note,omitempty" maxLength:"1000"`
		Version int64           `json:"version,omitempty"`
	}
}

type withdrawInput struct {
	Number string `path:"number" maxLength:"64"` // not embedded: huma sees no fields of an unexported type
	Key    string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128"`
	Body   struct {
		Reason  string `json:"reason" minLength:"1" maxLength:"2000"`
		Version int64  `json:"version,omitempty"`
	}
}

// api registers the operations of citizens and their programs.
func (p *Portal) api(api huma.API) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, DefaultStatus: status, Tags: []string{"dossier"},
			Security: []map[string][]string{{"bearer": {}}, {"session": {}}},
		}
	}
	huma.Register(api, op("file-dossier", http.MethodPost, "/dossiers", "File a dossier online", http.StatusCreated), p.apiFile)
	huma.Register(api, op("list-dossiers", http.MethodGet, "/dossiers", "Dossiers of the account", http.StatusOK), p.apiList)
	huma.Register(api, op("supplement-dossier", http.MethodPost, "/dossiers/{number}/supplement", "Answer a supplement request", http.StatusOK), p.apiSupply)
	huma.Register(api, op("withdraw-dossier", http.MethodPost, "/dossiers/{number}/withdrawal", "Withdraw a dossier", http.StatusOK), p.apiWithdraw)
	track := op("track-dossier", http.MethodGet, "/track/{number}", "Where a dossier stands, without personal data", http.StatusOK)
	track.Security = nil
	huma.Register(api, track, p.apiTrack)
}

func (p *Portal) apiFile(ctx context.Context, in *fileInput) (*dossierOutput, error) {
	if err := identity.Citizen.Check(ctx); err != nil {
		return nil, err
	}
	file := dossier.FileInput{
		Key: in.Key, OfferID: in.Body.Offer, CaseID: in.Body.Case, Proxy: in.Body.Proxy, RawAnswers: in.Body.Answers, Papers: papersOf(in.Body.Papers),
		Delivery: dossier.Delivery{By: in.Body.Delivery.By, Address: in.Body.Delivery.Address, Phone: in.Body.Delivery.Phone},
	}
	if file.Delivery.By == "" {
		file.Delivery.By = "online"
	}
	if in.Body.Owner != nil {
		owner, err := in.Body.Owner.person()
		if err != nil {
			return nil, err
		}
		file.Owner = &owner
	}
	d, err := p.dossiers.File(ctx, file)
	if err != nil {
		return nil, err
	}
	return &dossierOutput{wire(d)}, nil
}

func (p *Portal) apiList(ctx context.Context, in *listInput) (*listOutput, error) {
	if err := identity.Citizen.Check(ctx); err != nil {
		return nil, err
	}
	page, err := p.dossiers.Mine(ctx, dossier.ListQuery{Open: in.Open, After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &listOutput{}
	out.Body.Dossiers, out.Body.Next = []apiDossier{}, page.Next
	for _, r := range page.Rows {
		out.Body.Dossiers = append(out.Body.Dossiers, wire(r.Dossier))
	}
	return out, nil
}

func (p *Portal) apiSupply(ctx context.Context, in *supplyInput) (*dossierOutput, error) {
	if err := identity.Citizen.Check(ctx); err != nil {
		return nil, err
	}
	d, err := p.dossiers.Get(ctx, in.Number, "own")
	if err != nil {
		return nil, err
	}
	supply := dossier.SupplementInput{DossierID: d.ID, Papers: papersOf(in.Body.Papers), Note: in.Body.Note, Version: in.Body.Version, Key: in.Key}
	if len(in.Body.Answers) > 0 {
		answers, bad := d.Form.ParseJSON(in.Body.Answers)
		if err := errs.NewInvalid(bad...); err != nil {
			return nil, err
		}
		supply.Answers = answers
	}
	after, err := p.dossiers.Supplement(ctx, supply)
	if err != nil {
		return nil, err
	}
	return &dossierOutput{wire(after)}, nil
}

func (p *Portal) apiWithdraw(ctx context.Context, in *withdrawInput) (*dossierOutput, error) {
	if err := identity.Citizen.Check(ctx); err != nil {
		return nil, err
	}
	d, err := p.dossiers.Find(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	after, err := p.dossiers.Withdraw(ctx, dossier.WithdrawInput{DossierID: d.ID, Reason: in.Body.Reason, Version: in.Body.Version, Key: in.Key})
	if err != nil {
		return nil, err
	}
	return &dossierOutput{wire(after)}, nil
}

func (p *Portal) apiTrack(ctx context.Context, in *numberInput) (*trackOutput, error) {
	s, err := p.dossiers.Track(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	out := &trackOutput{}
	b := &out.Body
	b.Number, b.Procedure, b.Agency, b.Status, b.Stage = s.Number, s.ProcedureCode, s.AgencyName, int(s.Status), s.StageName
	b.SubmittedAt, b.ReceivedAt, b.DueAt, b.FinishedAt, b.ReturnedAt = some(s.SubmittedAt), some(s.ReceivedAt), some(s.DueAt), some(s.FinishedAt), some(s.ReturnedAt)
	b.Paused, b.Late = s.Paused, s.Late
	return out, nil
}
