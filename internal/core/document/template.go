package document

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/rules"
)

// Definition is the template of a result as its author writes it, in YAML.
// [Decode] reads it, [Compile] checks it as a whole.
type Definition struct {
	ID     string     `yaml:"id" json:"id"`
	Title  i18n.Text  `yaml:"title" json:"title"` // name of the issued paper: "Giấy khai sinh"
	Paper  PaperDef   `yaml:"paper" json:"paper,omitzero"`
	Blocks []BlockDef `yaml:"blocks" json:"blocks"`
	Pos    decl.Pos   `yaml:"-" json:"-"`
}

// PaperDef is the sheet.
type PaperDef struct {
	Size        string   `yaml:"size" json:"size,omitempty"`               // A4 (default) | A5
	Orientation string   `yaml:"orientation" json:"orientation,omitempty"` // portrait (default) | landscape
	Pos         decl.Pos `yaml:"-" json:"-"`
}

// BlockKind is one kind of block.
type BlockKind string

// The kinds of block.
const (
	National  BlockKind = "national"  // Quốc hiệu, Tiêu ngữ, issuing agency, place and date
	NumberRow BlockKind = "number"    // "Số: {entry.number}", below the agency
	Heading   BlockKind = "heading"   // name of the paper in capitals, sub below
	Paragraph BlockKind = "paragraph" //
	Fields    BlockKind = "fields"    // label: value, in one or two columns
	TableOf   BlockKind = "table"     // rows of a group, or rows written out
	List      BlockKind = "list"      // items, with dashes or numbers
	Signature BlockKind = "signature" // signer, room for the signature and the seal, QR code to check the paper
)

// BlockDef is one part of the paper, from top to bottom.
type BlockDef struct {
	Kind      BlockKind   `yaml:"kind" json:"kind"`
	Text      i18n.Text   `yaml:"text" json:"text,omitzero"`
	Sub       i18n.Text   `yaml:"sub" json:"sub,omitzero"`
	Align     string      `yaml:"align" json:"align,omitempty"` // left | center | right | justify (default of paragraphs)
	Style     string      `yaml:"style" json:"style,omitempty"` // normal (default) | bold | italic
	Show      string      `yaml:"show" json:"show,omitempty"`   // CEL bool over the answers
	Columns   Columns     `yaml:"columns" json:"columns,omitzero"`
	Rows      []RowDef    `yaml:"rows" json:"rows,omitempty"`
	Of        string      `yaml:"of" json:"of,omitempty"` // table: id of a group field; each row of it is `row`
	Items     []i18n.Text `yaml:"items" json:"items,omitempty"`
	Numbered  bool        `yaml:"numbered" json:"numbered,omitempty"`
	PlaceDate bool        `yaml:"place_date" json:"place_date,omitempty"` // signature: place and date above the signer instead of in the head
	Left      i18n.Text   `yaml:"left" json:"left,omitzero"`              // signature: left column ("Nơi nhận: …")
	Title     i18n.Text   `yaml:"title" json:"title,omitzero"`            // signature: authority or post of the signer
	Pos       decl.Pos    `yaml:"-" json:"-"`
}

// Columns is a number of columns (fields) or the columns themselves (table).
type Columns struct {
	N    int
	List []ColumnDef
}

// ColumnDef is one column of a table.
type ColumnDef struct {
	Title i18n.Text `yaml:"title" json:"title"`
	Value string    `yaml:"value" json:"value,omitempty"` // with {row.…}
	Width float64   `yaml:"width" json:"width,omitempty"` // percent; default an equal share
	Align string    `yaml:"align" json:"align,omitempty"`
}

// IsZero reports whether no columns are named.
func (c Columns) IsZero() bool { return c.N == 0 && len(c.List) == 0 }

// UnmarshalYAML reads a number or a list of columns.
func (c *Columns) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&c.N)
	}
	for _, n := range node.Content {
		if err := onlyKeys(n, "title", "value", "width", "align"); err != nil {
			return err
		}
	}
	return node.Decode(&c.List)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Columns) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, &c.List)
	}
	return json.Unmarshal(b, &c.N)
}

// MarshalJSON writes a number or a list.
func (c Columns) MarshalJSON() ([]byte, error) {
	if len(c.List) > 0 {
		return json.Marshal(c.List)
	}
	return json.Marshal(c.N)
}

// RowDef is one row: {label, value, show} of fields, or a list of cells of a table.
type RowDef struct {
	Label i18n.Text
	Value string
	Show  string
	Cells []string
}

type plainRow struct {
	Label i18n.Text `yaml:"label" json:"label,omitzero"`
	Value string    `yaml:"value" json:"value,omitempty"`
	Show  string    `yaml:"show" json:"show,omitempty"`
	Cells []string  `yaml:"-" json:"cells,omitempty"`
}

// UnmarshalYAML reads a list of cells or a map.
func (r *RowDef) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		return node.Decode(&r.Cells)
	}
	if err := onlyKeys(node, "label", "value", "show"); err != nil {
		return err
	}
	var p plainRow
	if err := node.Decode(&p); err != nil {
		return err
	}
	*r = RowDef(p)
	return nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *RowDef) UnmarshalJSON(b []byte) error {
	var p plainRow
	err := json.Unmarshal(b, &p)
	*r = RowDef(p)
	return err
}

// MarshalJSON writes the row as an object.
func (r RowDef) MarshalJSON() ([]byte, error) { return json.Marshal(plainRow(r)) }

// onlyKeys refuses keys that a map may not have.
func onlyKeys(node *yaml.Node, keys ...string) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("expected keys and values here")
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if k := node.Content[i].Value; !slices.Contains(keys, k) {
			return errors.New("unknown key \"" + k + "\"; here may stand: " + strings.Join(keys, ", "))
		}
	}
	return nil
}

// Decode reads a template from YAML; file is used to name the place of problems.
// The error is a [decl.Problems] with every problem of the text.
func Decode(file string, data []byte) (*Definition, error) {
	def := &Definition{}
	if err := decl.Decode(file, data, def); err != nil {
		return nil, err
	}
	return def, nil
}

// Known says what a template may refer to.
type Known struct {
	Vars   []rules.Var // the fields of the form, for `show` rules and placeholders; nil: rules cannot be checked and `show` is refused
	Result []string    // fields the officer types
	Entry  []string    // fields of the register
}

// Template is a checked template, immutable and safe for concurrent use.
type Template struct {
	def    *Definition
	blocks []block
	env    *rules.Env
	vars   map[string]rules.Type
}

// Title is the name of the issued paper.
func (t *Template) Title() i18n.Text { return t.def.Title }

type block struct {
	def   *BlockDef
	show  *rules.Rule
	text  expression
	sub   expression
	left  expression
	title expression
	items []expression
	rows  []row
	cols  []expression
}

type row struct {
	label string
	value expression
	show  *rules.Rule
	cells []expression
}

// Compile checks a template and makes it ready to be filled. The error is a
// [decl.Problems] with every problem at once.
func Compile(def *Definition, known Known) (*Template, error) {
	c := &compiler{known: known, t: &Template{def: def, vars: map[string]rules.Type{}}}
	for _, v := range known.Vars {
		c.t.vars[v.Name] = v.Type
	}
	env, err := rules.NewEnv(known.Vars...)
	if err != nil {
		return nil, decl.Problems{def.Pos.At("%v", err)}
	}
	c.t.env = env
	if def.ID == "" {
		c.bad(def.Pos, "the template needs an id")
	}
	if def.Title.IsZero() {
		c.bad(def.Pos, "the template needs a title: the name of the issued paper")
	}
	if !slices.Contains([]string{"", "A4", "A5"}, def.Paper.Size) {
		c.bad(def.Paper.Pos, "size is A4 or A5, not %q", def.Paper.Size)
	}
	if !slices.Contains([]string{"", "portrait", "landscape"}, def.Paper.Orientation) {
		c.bad(def.Paper.Pos, "orientation is portrait or landscape, not %q", def.Paper.Orientation)
	}
	if len(def.Blocks) == 0 {
		c.bad(def.Pos, "the template has no blocks")
	}
	for i := range def.Blocks {
		c.t.blocks = append(c.t.blocks, c.block(&def.Blocks[i]))
	}
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	return c.t, nil
}

type compiler struct {
	known    Known
	t        *Template
	problems decl.Problems
}

func (c *compiler) bad(p decl.Pos, format string, args ...any) {
	c.problems = append(c.problems, p.At(format, args...))
}

func (c *compiler) block(d *BlockDef) block {
	b := block{def: d}
	if d.Show != "" {
		b.show = c.rule(d.Pos, d.Show)
	}
	if !slices.Contains([]string{"", "left", "center", "right", "justify"}, d.Align) {
		c.bad(d.Pos, "align is left, center, right or justify, not %q", d.Align)
	}
	if !slices.Contains([]string{"", "normal", "bold", "italic"}, d.Style) {
		c.bad(d.Pos, "style is normal, bold or italic, not %q", d.Style)
	}
	b.text, b.sub = c.expr(d.Pos, d.Text.VI, ""), c.expr(d.Pos, d.Sub.VI, "")
	b.left, b.title = c.expr(d.Pos, d.Left.VI, ""), c.expr(d.Pos, d.Title.VI, "")
	switch d.Kind {
	case National:
	case NumberRow, Heading, Paragraph:
		if d.Text.VI == "" {
			c.bad(d.Pos, "a %s needs a Vietnamese text", d.Kind)
		}
	case Fields:
		if n := d.Columns.N; n != 0 && n != 1 && n != 2 || len(d.Columns.List) > 0 {
			c.bad(d.Pos, "fields have 1 or 2 columns")
		}
		if len(d.Rows) == 0 {
			c.bad(d.Pos, "fields need rows")
		}
		for _, r := range d.Rows {
			if len(r.Cells) > 0 {
				c.bad(d.Pos, "a row of fields is {label, value}, not a list")
			}
			x := row{label: r.Label.VI, value: c.expr(d.Pos, r.Value, "")}
			if r.Show != "" {
				x.show = c.rule(d.Pos, r.Show)
			}
			b.rows = append(b.rows, x)
		}
	case TableOf:
		c.table(d, &b)
	case List:
		if len(d.Items) == 0 {
			c.bad(d.Pos, "a list needs items")
		}
		for _, it := range d.Items {
			b.items = append(b.items, c.expr(d.Pos, it.VI, ""))
		}
	case Signature:
	default:
		c.bad(d.Pos, "unknown kind of block %q; there are: national number heading paragraph fields table list signature", d.Kind)
	}
	return b
}

func (c *compiler) table(d *BlockDef, b *block) {
	if len(d.Columns.List) == 0 {
		c.bad(d.Pos, "a table needs columns: [{title, value, width}]")
	}
	if (d.Of == "") == (len(d.Rows) == 0) {
		c.bad(d.Pos, "a table has either `of` (a group of the form) or `rows`")
	}
	if d.Of != "" && c.known.Vars != nil {
		if _, ok := c.t.vars[d.Of]; !ok {
			c.bad(d.Pos, "the form has no group %q", d.Of)
		}
	}
	for _, col := range d.Columns.List {
		if !slices.Contains([]string{"", "left", "center", "right"}, col.Align) {
			c.bad(d.Pos, "align of a column is left, center or right, not %q", col.Align)
		}
		if d.Of != "" && col.Value == "" {
			c.bad(d.Pos, "the column %q needs a value", col.Title.VI)
		}
		b.cols = append(b.cols, c.expr(d.Pos, col.Value, d.Of))
	}
	for _, r := range d.Rows {
		if len(r.Cells) != len(d.Columns.List) {
			c.bad(d.Pos, "a row has %d cells, the table %d columns", len(r.Cells), len(d.Columns.List))
		}
		var x row
		for _, cell := range r.Cells {
			x.cells = append(x.cells, c.expr(d.Pos, cell, ""))
		}
		b.rows = append(b.rows, x)
	}
}

func (c *compiler) rule(p decl.Pos, source string) *rules.Rule {
	r, err := c.t.env.Compile(source, rules.Bool)
	if err != nil {
		c.bad(p, "show: %v", err)
		return nil
	}
	return r
}

func (c *compiler) expr(p decl.Pos, text, group string) expression {
	e, err := parseExpression(text)
	if err != nil {
		c.bad(p, "%v", err)
		return nil
	}
	for _, seg := range e {
		if seg.Path == "" {
			continue
		}
		if why := c.unknown(seg.Path, group); why != "" {
			c.bad(p, "{%s}: %s", seg.Path, why)
		}
	}
	return e
}

// roots are the namespaces of placeholders and what each knows; nil means that
// Known decides.
var roots = map[string][]string{
	"owner":     {"name", "citizen_no", "tax_code", "phone", "email", "address", "birth", "gender", "kind"},
	"submitter": {"name", "citizen_no", "tax_code", "phone", "email", "address", "birth", "gender", "kind"},
	"agency":    {"name", "short_name", "address", "place", "phone", "parent", "unit"},
	"dossier":   {"number", "title", "procedure", "received", "due"},
	"signer":    {"name", "title", "authority"},
	"entry":     {"number", "date", "valid_from", "valid_to", "register", "holder"},
}

func (c *compiler) unknown(path, group string) string {
	root, rest, dotted := strings.Cut(path, ".")
	if path == "today" {
		return ""
	}
	if !dotted {
		if c.known.Vars == nil {
			return ""
		}
		if _, ok := c.t.vars[root]; !ok {
			return "the form has no field of this name"
		}
		return ""
	}
	switch root {
	case "row":
		if group == "" {
			return "row stands only in a table of a group"
		}
		return ""
	case "result":
		if c.known.Result != nil && !slices.Contains(c.known.Result, rest) {
			return "the register asks the officer for no such field"
		}
		return ""
	case "entry":
		if slices.Contains(roots["entry"], rest) || c.known.Entry == nil || slices.Contains(c.known.Entry, rest) {
			return ""
		}
		return "the register keeps no such field"
	}
	if known, ok := roots[root]; ok {
		if !slices.Contains(known, rest) {
			return root + " has: " + strings.Join(known, ", ")
		}
		return ""
	}
	if c.known.Vars != nil {
		if _, ok := c.t.vars[root]; ok {
			return "" // a part of an address
		}
	}
	return "unknown name"
}
