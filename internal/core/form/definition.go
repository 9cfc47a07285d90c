package form

import (
	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
)

// Kind is what a field asks for; it decides the control on the page, the shape
// of the answer and the checks that need no rule.
type Kind string

// The kinds of field. The comment gives the shape of the answer.
const (
	Text          Kind = "text"           // string, one line
	LongText      Kind = "long_text"      // string, lines separated by \n
	Number        Kind = "number"         // float64
	Money         Kind = "money"          // int64, đồng
	Date          Kind = "date"           // "2006-01-02"
	PartialDate   Kind = "partial_date"   // "2006", "2006-01" or "2006-01-02": papers of old people know only a year
	Choice        Kind = "choice"         // string, the value of one option
	MultiChoice   Kind = "multi_choice"   // []string, in the order of the options
	YesNo         Kind = "yes_no"         // bool
	AddressKind   Kind = "address"        // Answers{"province","commune","line","text","old","on"}: codes as of the day in on; text alone for a foreign address or one in the words of an old paper
	CitizenNumber Kind = "citizen_number" // string, 12 digits (số định danh cá nhân)
	TaxCode       Kind = "tax_code"       // string, 10, 10-3 or 12 digits (mã số thuế)
	Phone         Kind = "phone"          // string, as dialled in Vietnam (0…) or +…
	Email         Kind = "email"          // string
	FileKind      Kind = "file"           // []File
	Group         Kind = "group"          // []Answers, one per row
	Declaration   Kind = "declaration"    // bool: "tôi cam đoan…"
	Computed      Kind = "computed"       // string, float64, int64 or bool: written by the server only
	Information   Kind = "information"    // no answer: words on the page
)

// Definition is a form as its author writes it, in YAML. [Decode] reads it,
// [Compile] checks it and makes a [Form].
type Definition struct {
	ID            string            `yaml:"id" json:"id"`
	Title         i18n.Text         `yaml:"title" json:"title"`
	Intro         i18n.Text         `yaml:"intro" json:"intro,omitzero"`                    // shown above the first step
	Minutes       int               `yaml:"minutes" json:"minutes,omitempty"`               // how long filling takes; 0: estimated from the fields
	Steps         []StepDef         `yaml:"steps" json:"steps"`                             //
	OwnerFields   map[string]string `yaml:"owner_fields" json:"owner_fields,omitempty"`     // property of the owner (chủ hồ sơ) → field id; properties: OwnerProperties
	TitleTemplate string            `yaml:"title_template" json:"title_template,omitempty"` // trích yếu of the dossier: "Đăng ký khai sinh cho {child_name}"
	Pos           decl.Pos          `yaml:"-" json:"-"`
}

// StepDef is one page of the form.
type StepDef struct {
	ID     string     `yaml:"id" json:"id"`
	Title  i18n.Text  `yaml:"title" json:"title"`
	Help   i18n.Text  `yaml:"help" json:"help,omitzero"`
	Show   string     `yaml:"show" json:"show,omitempty"` // CEL bool; the whole step is left out when false
	Fields []FieldDef `yaml:"fields" json:"fields"`
	Check  []CheckDef `yaml:"check" json:"check,omitempty"`
	Pos    decl.Pos   `yaml:"-" json:"-"`
}

// FieldDef is one question (or one piece of information) of a step or of a group.
type FieldDef struct {
	ID      string    `yaml:"id" json:"id"`
	Kind    Kind      `yaml:"kind" json:"kind"`
	Label   i18n.Text `yaml:"label" json:"label"`
	Help    i18n.Text `yaml:"help" json:"help,omitzero"`
	Example i18n.Text `yaml:"example" json:"example,omitzero"` // "Ví dụ: …", shown with the help
	Width   string    `yaml:"width" json:"width,omitempty"`    // full (default) | half | third, on wide screens

	Show    string `yaml:"show" json:"show,omitempty"`       // CEL bool; a hidden field is not asked and its answer is dropped
	Require string `yaml:"require" json:"require,omitempty"` // "true" or CEL bool
	Compute string `yaml:"compute" json:"compute,omitempty"` // CEL string, number, money (int) or bool; kind computed only
	Prefill string `yaml:"prefill" json:"prefill,omitempty"` // owner.<property> or submitter.<property>
	Default any    `yaml:"default" json:"default,omitempty"` // the answer a new draft starts with

	MinLength      *int      `yaml:"min_length" json:"min_length,omitempty"` // in characters, not bytes
	MaxLength      *int      `yaml:"max_length" json:"max_length,omitempty"`
	Pattern        string    `yaml:"pattern" json:"pattern,omitempty"` // RE2, matched against the whole text
	PatternMessage i18n.Text `yaml:"pattern_message" json:"pattern_message,omitzero"`
	Min            string    `yaml:"min" json:"min,omitempty"` // number, money; date: 2006-01-02, today, -18y, +3m, -10d (from today)
	Max            string    `yaml:"max" json:"max,omitempty"`
	Decimals       int       `yaml:"decimals" json:"decimals,omitempty"` // number: digits after the comma
	Unit           i18n.Text `yaml:"unit" json:"unit,omitzero"`          // number, computed: m², người…

	Options     []OptionDef `yaml:"options" json:"options,omitempty"`
	OptionsFrom string      `yaml:"options_from" json:"options_from,omitempty"` // a shared list: ethnic, country, province, gender, relationship, religion…; see Lists

	Fields   []FieldDef `yaml:"fields" json:"fields,omitempty"`       // group: the questions of one row
	MinItems int        `yaml:"min_items" json:"min_items,omitempty"` // group: rows; file: files
	MaxItems int        `yaml:"max_items" json:"max_items,omitempty"` // group: 20 when 0; file: 1 when 0
	ItemName i18n.Text  `yaml:"item_name" json:"item_name,omitzero"`  // group: "Người con", numbered on the page

	Accept []string `yaml:"accept" json:"accept,omitempty"` // file: pdf, jpeg, png…; default pdf jpeg png
	MaxMB  int      `yaml:"max_mb" json:"max_mb,omitempty"` // file: per file, default 10

	Text     i18n.Text `yaml:"text" json:"text,omitzero"`          // information, declaration: the words
	Tone     string    `yaml:"tone" json:"tone,omitempty"`         // information: info (default) | warning | success
	Personal *bool     `yaml:"personal" json:"personal,omitempty"` // masked where people without need look; default by kind
	Pos      decl.Pos  `yaml:"-" json:"-"`
}

// OptionDef is one answer a choice offers.
type OptionDef struct {
	Value string    `yaml:"value" json:"value"`
	Label i18n.Text `yaml:"label" json:"label"`
	Help  i18n.Text `yaml:"help" json:"help,omitzero"`
	Pos   decl.Pos  `yaml:"-" json:"-"`
}

// CheckDef is a rule over several answers. A check whose fields are not all
// answered well is not asked yet: the person fixes those first.
type CheckDef struct {
	Rule    string    `yaml:"rule" json:"rule"`   // CEL bool, true when all is well
	Field   string    `yaml:"field" json:"field"` // where the message stands
	Message i18n.Text `yaml:"message" json:"message"`
	Pos     decl.Pos  `yaml:"-" json:"-"`
}

// Decode reads a form from YAML; file is used to name the place of problems. The
// error is a [decl.Problems] with every problem of the text.
func Decode(file string, data []byte) (*Definition, error) {
	def := &Definition{}
	if err := decl.Decode(file, data, def); err != nil {
		return nil, err
	}
	return def, nil
}
