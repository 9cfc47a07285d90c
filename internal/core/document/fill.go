package document

import (
	"context"
	"errors"
	"reflect"

	"motcua/internal/platform/rules"
)

// Filled is a template with everything known filled in; only the entry's number
// and dates are still open. It is a plain value that is kept with the paper until
// the PDF stands, so that drawing needs neither the form nor the rules.
type Filled struct {
	Title  string        `json:"title"`
	Paper  PaperDef      `json:"paper,omitzero"`
	Blocks []filledBlock `json:"blocks"`
}

type filledBlock struct {
	Kind      BlockKind      `json:"kind"`
	Text      expression     `json:"text,omitempty"`
	Sub       expression     `json:"sub,omitempty"`
	Left      expression     `json:"left,omitempty"`
	Title     expression     `json:"title,omitempty"`
	Align     string         `json:"align,omitempty"`
	Style     string         `json:"style,omitempty"`
	Columns   int            `json:"columns,omitempty"`
	Heads     []ColumnDef    `json:"heads,omitempty"`
	Labels    []string       `json:"labels,omitempty"`
	Cells     [][]expression `json:"cells,omitempty"`
	Items     []expression   `json:"items,omitempty"`
	Numbered  bool           `json:"numbered,omitempty"`
	PlaceDate bool           `json:"place_date,omitempty"`
}

// Fill puts values into the template. Rules see the answers; a rule that cannot
// be decided because an answer is missing hides its block.
func (t *Template) Fill(ctx context.Context, v Values) (*Filled, error) {
	scope := t.env.NewScope(ctx, v.Today)
	for name, kind := range t.vars {
		scope.Set(name, typed(kind, v.Answers[name]))
	}
	for name, party := range map[string]Party{"owner": v.Owner, "submitter": v.Submitter} {
		if _, declared := t.vars[name]; declared {
			m := map[string]string{}
			for _, p := range roots["owner"] {
				m[p] = party.property(p)
			}
			scope.Set(name, m)
		}
	}
	shown := func(r *rules.Rule) (bool, error) {
		if r == nil {
			return true, nil
		}
		ok, err := r.Bool(scope)
		if errors.Is(err, rules.ErrUnknown) {
			return false, nil
		}
		return ok, err
	}
	out := &Filled{Title: t.def.Title.VI, Paper: t.def.Paper}
	for _, b := range t.blocks {
		ok, err := shown(b.show)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		f := filledBlock{
			Kind: b.def.Kind, Align: b.def.Align, Style: b.def.Style, Columns: b.def.Columns.N, Heads: b.def.Columns.List,
			Numbered: b.def.Numbered, PlaceDate: b.def.PlaceDate,
			Text: b.text.fill(&v, nil, ""), Sub: b.sub.fill(&v, nil, ""), Left: b.left.fill(&v, nil, ""), Title: b.title.fill(&v, nil, ""),
		}
		for _, it := range b.items {
			f.Items = append(f.Items, it.fill(&v, nil, ""))
		}
		for _, r := range b.rows {
			ok, err := shown(r.show)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if r.cells == nil {
				f.Labels = append(f.Labels, r.label)
				f.Cells = append(f.Cells, []expression{r.value.fill(&v, nil, "")})
				continue
			}
			f.Cells = append(f.Cells, fillRow(r.cells, &v, nil, ""))
		}
		if b.def.Of != "" {
			for _, one := range rowsOf(v.Answers[b.def.Of]) {
				f.Cells = append(f.Cells, fillRow(b.cols, &v, one, b.def.Of))
			}
		}
		out.Blocks = append(out.Blocks, f)
	}
	return out, nil
}

func fillRow(cells []expression, v *Values, row map[string]any, group string) []expression {
	out := make([]expression, len(cells))
	for i, c := range cells {
		out[i] = c.fill(v, row, group)
	}
	return out
}

// rowsOf sees the rows of a group answer, whatever map type they have.
func rowsOf(v any) []map[string]any {
	rv := reflect.ValueOf(v)
	if !rv.IsValid() || rv.Kind() != reflect.Slice {
		return nil
	}
	var out []map[string]any
	for i := range rv.Len() {
		if m, ok := object(rv.Index(i).Interface()); ok {
			out = append(out, m)
		}
	}
	return out
}

// typed gives a rule variable the Go value its type wants: answers that went
// through JSON carry every number as float64.
func typed(t rules.Type, v any) any {
	if f, ok := v.(float64); ok && t == rules.Int {
		return int64(f)
	}
	return v
}
