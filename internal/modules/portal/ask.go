package portal

import (
	"context"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/i18n"
)

// The parts of a procedure's page that links lead to.
const (
	anchorWays       = "cach-nop"
	anchorSteps      = "trinh-tu"
	anchorPapers     = "giay-to"
	anchorConditions = "dieu-kien"
	anchorFacts      = "thong-tin"
	anchorBases      = "can-cu"
)

// answerView is the part of a procedure that a question asks for.
type answerView struct {
	View   procedureView
	Title  string
	Anchor string
	Places bool // with the agencies that take it
}

// answer shows what a question wants to know of a procedure; nil when it does not say, or
// the catalogue does not tell.
func (p *Portal) answer(ctx context.Context, code string, part procedure.Part) (*answerView, error) {
	if part == "" {
		return nil, nil //nolint:nilnil // no answer is no mistake
	}
	v, err := p.procedureView(ctx, code)
	if err != nil {
		return nil, err
	}
	anchor := anchorOf(v, part)
	if anchor == "" {
		return nil, nil //nolint:nilnil // likewise
	}
	titles := map[string]string{
		anchorWays: "portal.procedure.how", anchorSteps: "portal.procedure.steps", anchorPapers: "portal.procedure.papers",
		anchorConditions: "portal.procedure.conditions", anchorFacts: "portal.procedure.facts", anchorBases: "portal.procedure.bases",
	}
	return &answerView{View: v, Title: i18n.T(ctx, titles[anchor]), Anchor: anchor, Places: part == procedure.PartWhere && len(v.Places) > 0}, nil
}

// anchorOf is where the page of a procedure tells a part, "" when nowhere.
func anchorOf(v procedureView, part procedure.Part) string {
	d := v.Def
	switch {
	case part == procedure.PartPapers && hasPapers(d):
		return anchorPapers
	case part == procedure.PartHow && v.ReadOnly && len(sourceSteps(d)) > 0:
		return anchorSteps
	case part == procedure.PartHow && !v.ReadOnly && hasSteps(d):
		return anchorPapers // the steps of each case stand under its papers
	case part == procedure.PartFee || part == procedure.PartTerm || part == procedure.PartHow:
		if len(d.Channels) > 0 {
			return anchorWays
		}
	case part == procedure.PartWho && !d.Conditions.IsZero():
		return anchorConditions
	case part == procedure.PartBasis && len(d.LegalBases) > 0:
		return anchorBases
	case part == procedure.PartWhere, part == procedure.PartResult && len(d.Results) > 0:
		return anchorFacts
	}
	return ""
}

func hasSteps(d *procedure.Definition) bool { return len(sourceSteps(d)) > 0 }
