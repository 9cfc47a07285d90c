package procedure

import (
	"context"
	"encoding/json"

	"motcua/internal/core/clock"
	"motcua/internal/core/form"
	"motcua/internal/platform/errs"
)

// LANDING: bodies and Flow(caseID) *flow.Flow follow when core/flow compiles; signatures are final.

type compiledCache struct{}

func (compiledCache) get(string) *Compiled { return nil }

// Compiled is a version ready to work with.
type Compiled struct{ Version *Version }

// ComponentNow is a paper as it stands for certain answers.
type ComponentNow struct {
	Component
	Required bool
}

// FeeNow is a fee that falls due for certain answers.
type FeeNow struct {
	Fee
	Amount int64 // đồng due; Fee.Amount is what the announcement says
}

func (c *Compiled) Case(caseID string) *Case                                              { return c.Version.Def.Case(caseID) }
func (c *Compiled) Form(caseID string) *form.Form                                         { return nil }
func (c *Compiled) Template(caseID string) json.RawMessage                                { return nil }
func (c *Compiled) Register(caseID string) string                                         { return "" }
func (c *Compiled) Components(caseID string, a form.Answers, env form.Env) []ComponentNow { return nil }
func (c *Compiled) Fees(caseID string, channel ChannelKind, a form.Answers, env form.Env) []FeeNow {
	return nil
}
func (c *Compiled) Term(caseID string, channel ChannelKind) clock.Term { return clock.Term{} }

func (s *Service) Compiled(ctx context.Context, versionID string) (*Compiled, error) {
	return nil, errs.New(errs.Unavailable, "database.away")
}
