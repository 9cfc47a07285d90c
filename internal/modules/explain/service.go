package explain

import (
	"context"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/ident"
)

// Names is what this room asks of the catalogue and the agencies: public names.
type Names interface {
	// Procedure is the name of a procedure in force, "" when there is none.
	Procedure(ctx context.Context, code, lang string) string
	// Agency is the name of an agency of this house, "" when there is none.
	Agency(ctx context.Context, id string) string
}

// Deps is what the room needs.
type Deps struct {
	Names Names
	Now   func() time.Time // nil is time.Now
}

// Explainer explains codes.
type Explainer struct {
	names Names
	now   func() time.Time
}

// New makes the module.
func New(d Deps) *Explainer {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Explainer{names: d.Names, now: d.Now}
}

// explained is a reading with the public names that belong to it.
type explained struct {
	ident.Reading
	Name string
}

// explain reads a text, as one kind when that is known.
func (x *Explainer) explain(ctx context.Context, text, kind, lang string) []explained {
	today := civil.DateOf(x.now())
	var list []ident.Reading
	if kind == "" {
		list = ident.Explain(text, today)
	} else {
		list = []ident.Reading{ident.ExplainAs(ident.Kind(kind), text, today)}
	}
	out := make([]explained, len(list))
	for i, r := range list {
		out[i] = explained{r, x.name(ctx, r, lang)}
	}
	return out
}

// name is the public name behind a code.
func (x *Explainer) name(ctx context.Context, r ident.Reading, lang string) string {
	if r.Err != nil || x.names == nil {
		return ""
	}
	switch r.Kind {
	case ident.KindProcedure:
		return x.names.Procedure(ctx, string(ident.ProcedureCode(r.Value).National()), lang)
	case ident.KindAgency:
		return x.names.Agency(ctx, r.Value)
	case ident.KindDossier:
		return x.names.Agency(ctx, string(ident.DossierNumber(r.Value).Agency()))
	}
	return ""
}
