package counter

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/core/dossier"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

type apiPerson struct {
	Kind      string `json:"kind,omitempty" enum:"citizen,organisation,foreigner"`
	Name      string `json:"name" minLength:"1" maxLength:"255"`
	CitizenNo string `json:"citizen_no,omitempty" maxLength:"20"`
	TaxCode   string `json:"tax_code,omitempty" maxLength:"20"`
	Phone     string `json:"phone,omitempty" maxLength:"30"`
	Email     string `json:"email,omitempty" maxLength:"255"`
	Address   string `json:"address,omitempty" maxLength:"500"`
	Birth     string `json:"birth,omitempty" maxLength:"10"`
	Gender    string `json:"gender,omitempty" enum:"male,female"`
}

func (a apiPerson) person(field string) (dossier.Person, error) {
	p := dossier.Person{Kind: a.Kind, Name: a.Name, CitizenNo: a.CitizenNo, TaxCode: a.TaxCode, Phone: a.Phone, Email: a.Email, Address: a.Address, Gender: a.Gender}
	if a.Birth == "" {
		return p, nil
	}
	birth, err := civil.ParsePartial(a.Birth)
	if err != nil {
		return p, errs.NewInvalid(errs.Bad(field+".birth", "date.format"))
	}
	p.Birth = birth
	return p, nil
}

type intakeInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key gives the same dossier."`
	Body struct {
		Offer     string          `json:"offer" maxLength:"128"`
		Case      string          `json:"case,omitempty" maxLength:"64"`
		Channel   string          `json:"channel,omitempty" enum:"direct,postal" doc:"Default direct."`
		Owner     apiPerson       `json:"owner"`
		Submitter *apiPerson      `json:"submitter,omitempty" doc:"The owner when left out."`
		Proxy     string          `json:"proxy,omitempty" enum:"authorised,guardian,relative,employee,counter"`
		Answers   json.RawMessage `json:"answers"`
		Papers    []struct {
			Code      string   `json:"code" maxLength:"64"`
			Kind      string   `json:"kind,omitempty" enum:"original,copy,certified,electronic"`
			Originals int      `json:"originals,omitempty" minimum:"0" maximum:"99"`
			Copies    int      `json:"copies,omitempty" minimum:"0" maximum:"99"`
			FileIDs   []string `json:"file_ids,omitempty" maxItems:"50"`
			Note      string   `json:"note,omitempty" maxLength:"1000"`
		} `json:"papers,omitempty" maxItems:"100"`
		Delivery struct {
			By      string `json:"by,omitempty" enum:"online,counter,post"`
			Address string `json:"address,omitempty" maxLength:"500"`
			Phone   string `json:"phone,omitempty" maxLength:"30"`
		} `json:"delivery,omitempty"`
		Sets      int    `json:"sets,omitempty" minimum:"1" maximum:"99"`
		FeePaid   int64  `json:"fee_paid,omitempty" minimum:"0" doc:"Whole đồng."`
		ReceiptNo string `json:"receipt_no,omitempty" maxLength:"64"`
	}
}

type intakeOutput struct {
	Body struct {
		ID         string     `json:"id"`
		Number     string     `json:"number"`
		Status     int        `json:"status"`
		ReceivedAt time.Time  `json:"received_at"`
		DueAt      *time.Time `json:"due_at,omitempty"`
		ReceiptID  string     `json:"receipt_id,omitempty" doc:"Document id of form 01."`
		Version    int64      `json:"version"`
	}
}

// api registers the operation of counters and of the post office's programs.
func (c *Counter) api(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "intake-dossier", Method: http.MethodPost, Path: "/api/v1/intake", Tags: []string{"dossier"}, DefaultStatus: http.StatusCreated,
		Summary: "Take a dossier in at a counter", Description: "Creates and receives a dossier on behalf of whoever brought it, in one transaction.",
		Security: []map[string][]string{{"bearer": {}}, {"session": {}}},
	}, c.apiIntake)
}

func (c *Counter) apiIntake(ctx context.Context, in *intakeInput) (*intakeOutput, error) {
	if err := identity.Holding(identity.DossierReceive).Check(ctx); err != nil {
		return nil, err
	}
	b := in.Body
	owner, err := b.Owner.person("owner")
	if err != nil {
		return nil, err
	}
	take := dossier.IntakeInput{
		Key: in.Key, OfferID: b.Offer, CaseID: b.Case, Channel: dossier.Channel(b.Channel), Owner: owner, Proxy: b.Proxy,
		Delivery: dossier.Delivery{By: b.Delivery.By, Address: b.Delivery.Address, Phone: b.Delivery.Phone}, Sets: max(b.Sets, 1), FeePaid: b.FeePaid, ReceiptNo: b.ReceiptNo,
	}
	if take.Answers, err = c.answers(ctx, b.Offer, &take.CaseID, b.Answers); err != nil {
		return nil, err
	}
	if b.Submitter != nil {
		if take.Submitter, err = b.Submitter.person("submitter"); err != nil {
			return nil, err
		}
	}
	for _, p := range b.Papers {
		take.Papers = append(take.Papers, dossier.PaperInput{Code: p.Code, Kind: p.Kind, Originals: p.Originals, Copies: p.Copies, FileIDs: p.FileIDs, Note: p.Note})
	}
	d, err := c.dossiers.Intake(ctx, take)
	if err != nil {
		return nil, err
	}
	out := &intakeOutput{}
	out.Body.ID, out.Body.Number, out.Body.Status, out.Body.ReceivedAt = d.ID, d.Number, int(d.Status), d.ReceivedAt
	out.Body.ReceiptID, out.Body.Version = d.ReceiptID, d.Version
	if !d.DueAt.IsZero() {
		out.Body.DueAt = &d.DueAt
	}
	return out, nil
}

// answers reads the answers of an intake by the form of its case, the first case
// when none is named.
func (c *Counter) answers(ctx context.Context, offerID string, caseID *string, raw json.RawMessage) (form.Answers, error) {
	offer, err := c.catalogue.Offer(ctx, offerID)
	if err != nil {
		return nil, err
	}
	version, err := c.catalogue.Get(ctx, offer.ProcedureCode, civil.Date{})
	if err != nil {
		return nil, err
	}
	compiled, err := c.catalogue.Compiled(ctx, version.ID)
	if err != nil {
		return nil, err
	}
	if *caseID == "" {
		*caseID = version.Def.Cases[0].ID
	}
	f := compiled.Form(*caseID)
	if f == nil {
		return nil, errs.NewInvalid(errs.Bad("case", "dossier.no-such-case"))
	}
	read, bad := f.ParseJSON(raw)
	return read, errs.NewInvalid(bad...)
}
