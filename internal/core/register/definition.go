package register

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
)

// Definition is a register as its author writes it, in YAML. [Decode] reads it,
// [Check] judges it.
type Definition struct {
	Code     string      `yaml:"code" json:"code"`                     // unique in its pack; globally "<pack>/<code>"
	Name     i18n.Text   `yaml:"name" json:"name"`                     // "Sổ đăng ký khai sinh"
	Number   string      `yaml:"number" json:"number"`                 // "{n}/{yyyy}": {n} {n:4} {yyyy} {yy} {agency}; without a year the numbers never restart
	Holder   string      `yaml:"holder" json:"holder"`                 // "{child_name}", over the entry's fields, the answers and the result
	Numbers  []string    `yaml:"holder_numbers" json:"holder_numbers"` // fields with the citizen numbers or tax codes under whom the entry is found again; default: the owner's
	Validity ValidityDef `yaml:"validity" json:"validity,omitzero"`    // absent = no end
	States   []State     `yaml:"states" json:"states,omitempty"`       // default all
	Fields   []FieldDef  `yaml:"fields" json:"fields"`                 // what an entry keeps
	Public   PublicDef   `yaml:"public" json:"public,omitzero"`        // absent = no public look-up
	Pos      decl.Pos    `yaml:"-" json:"-"`
}

// ValidityDef is how long an entry is valid.
type ValidityDef struct {
	Amount int      `yaml:"amount" json:"amount"`
	Unit   string   `yaml:"unit" json:"unit"` // day | month | year
	Pos    decl.Pos `yaml:"-" json:"-"`
}

// Until returns the last day of validity of an entry issued on a day, none when
// it has no end: a year from 10/03/2026 ends with 09/03/2027.
func (v ValidityDef) Until(from civil.Date) civil.Date {
	switch {
	case v.Amount == 0:
		return civil.Date{}
	case v.Unit == "day":
		return from.AddDays(v.Amount - 1)
	case v.Unit == "month":
		return from.AddMonths(v.Amount).AddDays(-1)
	default:
		return from.AddYears(v.Amount).AddDays(-1)
	}
}

// FieldDef is one thing an entry keeps: copied from the answers, or typed by the
// officer who issues the result.
type FieldDef struct {
	ID      string      `yaml:"id" json:"id"`
	Label   i18n.Text   `yaml:"label" json:"label"`
	From    string      `yaml:"from" json:"from,omitempty"`       // field of the form
	By      string      `yaml:"by" json:"by,omitempty"`           // officer: asked when an action needs result_fields
	Kind    string      `yaml:"kind" json:"kind,omitempty"`       // by officer: text (default) long_text number money date choice yes_no citizen_number
	Options []OptionDef `yaml:"options" json:"options,omitempty"` // kind choice
	Require bool        `yaml:"require" json:"require,omitempty"` // by officer
	Public  string      `yaml:"public" json:"public,omitempty"`   // hidden (default) | masked | shown
	Pos     decl.Pos    `yaml:"-" json:"-"`
}

// OptionDef is one answer of a choice.
type OptionDef struct {
	Value string    `yaml:"value" json:"value"`
	Label i18n.Text `yaml:"label" json:"label"`
	Pos   decl.Pos  `yaml:"-" json:"-"`
}

// PublicDef says what anybody may look up.
type PublicDef struct {
	Search []string `yaml:"search" json:"search,omitempty"` // number, holder
	Shown  []string `yaml:"shown" json:"shown,omitempty"`   // number, holder, state, valid_from, valid_to, and fields that are shown or masked
	Pos    decl.Pos `yaml:"-" json:"-"`
}

// IsZero reports whether there is no public look-up.
func (p PublicDef) IsZero() bool { return len(p.Search) == 0 && len(p.Shown) == 0 }

// Decode reads a register from YAML; file is used to name the place of problems.
// The error is a [decl.Problems] with every problem of the text.
func Decode(file string, data []byte) (*Definition, error) {
	def := &Definition{}
	if err := decl.Decode(file, data, def); err != nil {
		return nil, err
	}
	return def, nil
}

var (
	codeForm    = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	fieldForm   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	numberPart  = regexp.MustCompile(`\{[^{}]*\}`)
	runningPart = regexp.MustCompile(`^\{n(:[1-9])?\}$`)
	fieldKinds  = []string{"", "text", "long_text", "number", "money", "date", "choice", "yes_no", "citizen_number"}
)

// Check judges a definition; answers are the field ids of the form whose dossiers
// end in it, nil when they are not known. The error is a [decl.Problems].
func Check(d *Definition, answers []string) error {
	var ps decl.Problems
	bad := func(p decl.Pos, format string, args ...any) { ps = append(ps, p.At(format, args...)) }
	if !codeForm.MatchString(d.Code) {
		bad(d.Pos, "code %q: use small letters, digits and hyphens", d.Code)
	}
	if d.Name.VI == "" {
		bad(d.Pos, "the register needs a Vietnamese name")
	}
	checkNumber(d, bad)
	ids := map[string]*FieldDef{}
	for i := range d.Fields {
		f := &d.Fields[i]
		checkField(f, answers, bad)
		if ids[f.ID] != nil {
			bad(f.Pos, "the field %q stands twice", f.ID)
		}
		ids[f.ID] = f
	}
	known := func(name string) bool {
		return ids[name] != nil || answers == nil || slices.Contains(answers, name)
	}
	if d.Holder == "" {
		bad(d.Pos, "the register needs a holder: \"{child_name}\"")
	}
	for _, m := range numberPart.FindAllString(d.Holder, -1) {
		if name := strings.Trim(m, "{}"); !known(name) {
			bad(d.Pos, "holder: unknown field %q", name)
		}
	}
	for _, name := range d.Numbers {
		if !known(name) {
			bad(d.Pos, "holder_numbers: unknown field %q", name)
		}
	}
	if v := d.Validity; v.Amount != 0 && (v.Amount < 0 || !slices.Contains([]string{"day", "month", "year"}, v.Unit)) {
		bad(v.Pos, "validity is {amount: 5, unit: day | month | year}")
	}
	for _, s := range d.States {
		if !slices.Contains(States(), s) {
			bad(d.Pos, "unknown state %q; there are: valid suspended revoked expired", s)
		}
	}
	for _, s := range d.Public.Search {
		if s != "number" && s != "holder" {
			bad(d.Public.Pos, "the public searches by number or holder, not by %q", s)
		}
	}
	for _, s := range d.Public.Shown {
		if slices.Contains([]string{"number", "holder", "state", "valid_from", "valid_to"}, s) {
			continue
		}
		f := ids[s]
		switch {
		case f == nil:
			bad(d.Public.Pos, "shown: unknown field %q", s)
		case f.Public != "shown" && f.Public != "masked":
			bad(d.Public.Pos, "shown: the field %q is hidden; mark it public: shown or masked", s)
		}
	}
	return ps.Err()
}

func checkNumber(d *Definition, bad func(decl.Pos, string, ...any)) {
	running := 0
	for _, m := range numberPart.FindAllString(d.Number, -1) {
		switch {
		case runningPart.MatchString(m):
			running++
		case m == "{yyyy}" || m == "{yy}" || m == "{agency}":
		default:
			bad(d.Pos, "number: unknown part %s; there are {n} {n:4} {yyyy} {yy} {agency}", m)
		}
	}
	if running != 1 {
		bad(d.Pos, "number: the pattern needs {n} exactly once")
	}
}

func checkField(f *FieldDef, answers []string, bad func(decl.Pos, string, ...any)) {
	if !fieldForm.MatchString(f.ID) {
		bad(f.Pos, "field %q: use small letters, digits and _", f.ID)
	}
	if f.Label.IsZero() {
		bad(f.Pos, "the field %q needs a label", f.ID)
	}
	switch {
	case f.By == "officer" && f.From != "":
		bad(f.Pos, "the field %q comes either from the answers or from the officer", f.ID)
	case f.By == "" && f.From == "":
		bad(f.Pos, "the field %q needs `from` (a field of the form) or `by: officer`", f.ID)
	case f.By != "" && f.By != "officer":
		bad(f.Pos, "by is officer, not %q", f.By)
	}
	if f.From != "" && answers != nil && !slices.Contains(answers, f.From) {
		bad(f.Pos, "the form has no field %q", f.From)
	}
	if !slices.Contains(fieldKinds, f.Kind) {
		bad(f.Pos, "unknown kind %q; an officer's field is one of: text long_text number money date choice yes_no citizen_number", f.Kind)
	}
	if (f.Kind == "choice") != (len(f.Options) > 0) {
		bad(f.Pos, "options belong to kind choice")
	}
	if !slices.Contains([]string{"", "hidden", "masked", "shown"}, f.Public) {
		bad(f.Pos, "public is hidden, masked or shown, not %q", f.Public)
	}
	if (f.Public == "shown" || f.Public == "masked") && (f.Kind == "citizen_number" || neverPublic(f.ID) || neverPublic(f.From)) {
		bad(f.Pos, "the field %q is never public: citizen numbers and dates of birth stay hidden (Luật 91/2025/QH15)", f.ID)
	}
}

// neverPublic recognises fields that hold a citizen number, a date of birth, a
// phone, a mail address or a passport by the names authors give them. Values are
// looked at again when they are shown; see guard.
func neverPublic(field string) bool {
	for _, part := range strings.Split(field, "_") {
		switch part {
		case "birth", "born", "birthday", "dob", "cccd", "cmnd", "citizen", "passport", "phone", "email":
			return true
		}
	}
	return strings.HasSuffix(field, "_no") && personal(field)
}

// personal says whether a "…_no" names a number of a person rather than of a paper.
func personal(field string) bool {
	for _, who := range []string{"person", "owner", "child", "mother", "father", "husband", "wife", "dead", "requester", "holder", "personal", "chief"} {
		if strings.HasPrefix(field, who) {
			return true
		}
	}
	return false
}

// OfficerFields are the fields an officer types when an action needs result_fields.
func (d *Definition) OfficerFields() []FieldDef {
	var out []FieldDef
	for _, f := range d.Fields {
		if f.By == "officer" {
			out = append(out, f)
		}
	}
	return out
}

// restarts reports whether the numbers begin anew each year.
func (d *Definition) restarts() bool {
	return strings.Contains(d.Number, "{yyyy}") || strings.Contains(d.Number, "{yy}")
}

// format writes a number by the pattern.
func (d *Definition) format(n int64, year int, agency string) string {
	return numberPart.ReplaceAllStringFunc(d.Number, func(m string) string {
		switch m {
		case "{yyyy}":
			return strconv.Itoa(year)
		case "{yy}":
			return strconv.Itoa(year)[2:]
		case "{agency}":
			return agency
		}
		s := strconv.FormatInt(n, 10)
		if _, digits, ok := strings.Cut(strings.Trim(m, "{}"), ":"); ok {
			if w, err := strconv.Atoi(digits); err == nil && len(s) < w {
				s = strings.Repeat("0", w-len(s)) + s
			}
		}
		return s
	})
}

// Abbreviation makes the short form of an agency for numbers and notations, as NĐ
// 30/2020 has it: "Sở Y tế" is SYT, every people's committee is UBND.
func Abbreviation(name string) string {
	if strings.HasPrefix(fold.Key(name), "uy ban nhan dan") || strings.HasPrefix(fold.Key(name), "ubnd") {
		return "UBND"
	}
	var b strings.Builder
	for _, w := range strings.Fields(fold.NFC(name)) {
		first := []rune(w)[0]
		if !unicode.IsLetter(first) {
			continue
		}
		b.WriteRune(unicode.ToUpper(first))
	}
	short := b.String()
	// "Trung tâm Phục vụ hành chính công" is written with two letters for trung tâm.
	if strings.HasPrefix(fold.Key(name), "trung tam phuc vu hanh chinh cong") {
		return "TTPVHCC"
	}
	return short
}
