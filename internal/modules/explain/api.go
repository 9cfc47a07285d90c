package explain

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
)

func (x *Explainer) api(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "explain-code", Method: http.MethodPost, Path: "/api/v1/explain", Tags: []string{"codes"},
		Summary: "Explain a code",
		Description: "Says what an identifier is, whether it holds together and what its pieces stand for: citizen numbers, tax codes, insurance cards, " +
			"agency ids, procedure, field, result and dossier codes, the QR code of an identity card. The likeliest reading comes first. Nothing is stored or logged, and no person is looked up.",
	}, x.apiExplain)
}

type explainIn struct {
	Body struct {
		Text string `json:"text" maxLength:"4096" doc:"The code as it was typed, pasted or scanned" example:"0100109106"`
		Kind string `json:"kind,omitempty" maxLength:"40" doc:"Read it as this kind only, e.g. tax-code"`
		Lang string `json:"lang,omitempty" enum:"vi,en" doc:"Language of the words; left out, that of the request"`
	}
}

type partJSON struct {
	Name  string `json:"name" example:"place" doc:"Which piece it is"`
	Label string `json:"label"`
	Text  string `json:"text,omitempty" doc:"The characters; absent when the line is about the whole"`
	Says  string `json:"says,omitempty" doc:"What they mean"`
}

type reasonJSON struct {
	Code string `json:"code" example:"tax-code.check-digit"`
	Text string `json:"text"`
}

type readingJSON struct {
	Kind    string       `json:"kind" example:"tax-code"`
	Label   string       `json:"label"`
	State   string       `json:"state" enum:"valid,doubtful,invalid"`
	Value   string       `json:"value,omitempty" doc:"The stored spelling; absent when refused"`
	Name    string       `json:"name,omitempty" doc:"Public name of the procedure or agency"`
	Parts   []partJSON   `json:"parts"`
	Reasons []reasonJSON `json:"reasons" doc:"Why it is refused or doubted"`
}

type explainOut struct {
	Body struct {
		Readings []readingJSON `json:"readings"`
	}
}

func (x *Explainer) apiExplain(ctx context.Context, in *explainIn) (*explainOut, error) {
	if in.Body.Kind != "" && !slices.Contains(ident.Kinds(), ident.Kind(in.Body.Kind)) {
		return nil, errs.NewInvalid(errs.Bad("kind", "explain.kind"))
	}
	if in.Body.Lang != "" {
		ctx = i18n.WithLang(ctx, in.Body.Lang)
	}
	lang := i18n.Lang(ctx)
	out := &explainOut{}
	for _, r := range x.explain(ctx, in.Body.Text, in.Body.Kind, lang) {
		j := readingJSON{
			Kind: string(r.Kind), Label: i18n.T(ctx, "ident.kind."+string(r.Kind)), State: string(r.State()), Value: r.Value, Name: r.Name,
			Parts: []partJSON{}, Reasons: []reasonJSON{},
		}
		for i, l := range r.Lines(lang, say(ctx)) {
			j.Parts = append(j.Parts, partJSON{r.Parts[i].Name, l.Label, l.Text, l.Says})
		}
		told := r.Told(lang, say(ctx))
		for i, f := range r.Reasons() {
			j.Reasons = append(j.Reasons, reasonJSON{f.Code, told[i]})
		}
		out.Body.Readings = append(out.Body.Readings, j)
	}
	return out, nil
}
