package form

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/rules"
)

// Compile checks a definition as a whole and makes a Form of it. The error is a
// [decl.Problems] that holds every problem, each with its place.
func Compile(def *Definition) (*Form, error) {
	c := &compiler{def: def, form: &Form{def: def, fields: map[string]*field{}, places: national{}}}
	c.head()
	for i := range def.Steps {
		c.step(&def.Steps[i])
	}
	if len(c.problems) > 0 {
		return nil, c.problems.Err() // names and kinds first: rules would only repeat them
	}
	c.rules()
	c.references()
	if len(c.problems) == 0 {
		c.sort()
	}
	if len(c.problems) == 0 {
		if err := c.form.buildSchema(); err != nil {
			c.bad(def.Pos, "the JSON Schema of the form does not compile: %v", err)
		}
	}
	if len(c.problems) > 0 {
		return nil, c.problems.Err()
	}
	return c.form, nil
}

type compiler struct {
	def      *Definition
	form     *Form
	problems decl.Problems
	stepIDs  map[string]decl.Pos
}

func (c *compiler) bad(pos decl.Pos, format string, args ...any) {
	c.problems = append(c.problems, pos.At(format, args...))
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// variables are names the rules have besides the fields.
var variables = []string{"today", "owner", "submitter", "row"}

func (c *compiler) head() {
	c.stepIDs = map[string]decl.Pos{}
	if !idForm.MatchString(c.def.ID) {
		c.bad(c.def.Pos, "the form needs an id of small letters, digits, _ and -, not %q", c.def.ID)
	}
	if c.def.Title.IsZero() {
		c.bad(c.def.Pos, "the form needs a title")
	}
	if len(c.def.Steps) == 0 {
		c.bad(c.def.Pos, "the form has no steps")
	}
}

func (c *compiler) step(def *StepDef) {
	s := &step{def: def}
	switch first, twice := c.stepIDs[def.ID]; {
	case !idForm.MatchString(def.ID):
		c.bad(def.Pos, "a step needs an id of small letters, digits, _ and -, not %q", def.ID)
	case twice:
		c.bad(def.Pos, "the step id %q is used twice (first at %s)", def.ID, first)
	}
	c.stepIDs[def.ID] = def.Pos
	if def.Title.IsZero() {
		c.bad(def.Pos, "step %q needs a title", def.ID)
	}
	if len(def.Fields) == 0 {
		c.bad(def.Pos, "step %q has no fields", def.ID)
	}
	for i := range def.Fields {
		fd := &def.Fields[i]
		if first, twice := c.form.fields[fd.ID]; twice {
			c.bad(fd.Pos, "the field id %q is used twice (first at %s)", fd.ID, first.def.Pos)
			continue
		}
		fl := c.field(fd, s, nil)
		s.fields = append(s.fields, fl)
		c.form.fields[fd.ID] = fl
	}
	c.form.steps = append(c.form.steps, s)
}

func (c *compiler) field(def *FieldDef, s *step, group *field) *field {
	fl := &field{def: def, step: s, group: group}
	if err := rules.CheckName(def.ID); err != nil {
		c.bad(def.Pos, "field id: %v", err)
	} else if slices.Contains(variables, def.ID) {
		c.bad(def.Pos, "field id: %q already means something in rules", def.ID)
	}
	if def.Label.IsZero() {
		c.bad(def.Pos, "field %q needs a label", def.ID)
	}
	c.applicable(fl)
	switch def.Kind {
	case Choice, MultiChoice:
		c.options(fl)
	case Group:
		c.group(fl)
	case Computed:
		if def.Compute == "" {
			c.bad(def.Pos, "computed field %q needs compute", def.ID)
		}
	case Information:
		if def.Text.IsZero() {
			c.bad(def.Pos, "information %q needs text", def.ID)
		}
	}
	c.limits(fl)
	return fl
}

// uses lists, for every key that not all kinds have, the kinds that have it.
var uses = map[string][]Kind{
	"require":    {Text, LongText, Number, Money, Date, PartialDate, Choice, MultiChoice, YesNo, AddressKind, CitizenNumber, TaxCode, Phone, Email, FileKind, Group, Declaration},
	"compute":    {Computed},
	"prefill":    {Text, LongText, Date, PartialDate, Choice, AddressKind, CitizenNumber, TaxCode, Phone, Email},
	"default":    {Text, LongText, Number, Money, Date, PartialDate, Choice, MultiChoice, YesNo, TaxCode, Phone, Email},
	"min_length": {Text, LongText},
	"max_length": {Text, LongText},
	"pattern":    {Text},
	"min":        {Number, Money, Date, PartialDate},
	"max":        {Number, Money, Date, PartialDate},
	"decimals":   {Number, Computed},
	"unit":       {Number, Computed},
	"options":    {Choice, MultiChoice},
	"fields":     {Group},
	"min_items":  {Group, FileKind, MultiChoice},
	"max_items":  {Group, FileKind, MultiChoice},
	"item_name":  {Group},
	"accept":     {FileKind},
	"max_mb":     {FileKind},
	"text":       {Information, Declaration},
	"tone":       {Information},
}

var kinds = []Kind{Text, LongText, Number, Money, Date, PartialDate, Choice, MultiChoice, YesNo, AddressKind, CitizenNumber, TaxCode,
	Phone, Email, FileKind, Group, Declaration, Computed, Information}

// applicable refuses keys that mean nothing for the kind: a limit that is silently
// ignored is worse than none.
func (c *compiler) applicable(fl *field) {
	d := fl.def
	if !slices.Contains(kinds, d.Kind) {
		names := make([]string, len(kinds))
		for i, k := range kinds {
			names[i] = string(k)
		}
		hint := "; the kinds are " + strings.Join(names, " ")
		if near := decl.Nearest(string(d.Kind), names); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		c.bad(d.Pos, "field %q has the unknown kind %q%s", d.ID, d.Kind, hint)
		return
	}
	given := map[string]bool{
		"require": d.Require != "", "compute": d.Compute != "", "prefill": d.Prefill != "", "default": d.Default != nil,
		"min_length": d.MinLength != nil, "max_length": d.MaxLength != nil, "pattern": d.Pattern != "", "min": d.Min != "", "max": d.Max != "",
		"decimals": d.Decimals != 0, "unit": !d.Unit.IsZero(), "options": len(d.Options) > 0 || d.OptionsFrom != "", "fields": len(d.Fields) > 0,
		"min_items": d.MinItems != 0, "max_items": d.MaxItems != 0, "item_name": !d.ItemName.IsZero(), "accept": len(d.Accept) > 0,
		"max_mb": d.MaxMB != 0, "text": !d.Text.IsZero(), "tone": d.Tone != "",
	}
	for _, key := range sortedKeys(given) {
		if given[key] && !slices.Contains(uses[key], d.Kind) {
			c.bad(d.Pos, "field %q: a %s field has no %s", d.ID, d.Kind, key)
		}
	}
	if d.Width != "" && !slices.Contains([]string{"full", "half", "third"}, d.Width) {
		c.bad(d.Pos, "field %q: width is full, half or third, not %q", d.ID, d.Width)
	}
	if d.Tone != "" && !slices.Contains([]string{"info", "warning", "success"}, d.Tone) {
		c.bad(d.Pos, "field %q: tone is info, warning or success, not %q", d.ID, d.Tone)
	}
}

func (c *compiler) options(fl *field) {
	d := fl.def
	switch {
	case d.OptionsFrom != "" && len(d.Options) > 0:
		c.bad(d.Pos, "field %q has both options and options_from", d.ID)
	case d.OptionsFrom != "":
		list, ok := List(d.OptionsFrom)
		if !ok {
			c.bad(d.Pos, "field %q: there is no list %q; the lists are %s", d.ID, d.OptionsFrom, strings.Join(Lists(), " "))
		}
		fl.options = list
	case len(d.Options) == 0:
		c.bad(d.Pos, "field %q needs options or options_from", d.ID)
	default:
		for _, o := range d.Options {
			fl.options = append(fl.options, Option{Value: o.Value, Label: o.Label, Help: o.Help})
			if o.Value == "" || len(o.Value) > 60 {
				c.bad(o.Pos, "an option of %q needs a value of 1 to 60 characters", d.ID)
			}
			if o.Label.IsZero() {
				c.bad(o.Pos, "option %q of %q needs a label", o.Value, d.ID)
			}
		}
	}
	fl.byValue = make(map[string]Option, len(fl.options))
	for _, o := range fl.options {
		if _, twice := fl.byValue[o.Value]; twice {
			c.bad(d.Pos, "field %q has the option %q twice", d.ID, o.Value)
		}
		fl.byValue[o.Value] = o
	}
}

func (c *compiler) group(fl *field) {
	if fl.group != nil {
		c.bad(fl.def.Pos, "field %q: a group cannot stand inside a group", fl.def.ID)
		return
	}
	if len(fl.def.Fields) == 0 {
		c.bad(fl.def.Pos, "group %q has no fields", fl.def.ID)
	}
	seen := map[string]bool{}
	for i := range fl.def.Fields {
		d := &fl.def.Fields[i]
		if seen[d.ID] {
			c.bad(d.Pos, "the field id %q is used twice in the group %q", d.ID, fl.def.ID)
			continue
		}
		seen[d.ID] = true
		if d.Prefill != "" {
			c.bad(d.Pos, "field %q: a field of a group cannot be prefilled", d.ID)
		}
		fl.rows = append(fl.rows, c.field(d, fl.step, fl))
	}
}

func (c *compiler) limits(fl *field) {
	d := fl.def
	var err error
	if fl.min, err = parseBound(d.Kind, d.Min); err != nil {
		c.bad(d.Pos, "field %q: min: %v", d.ID, err)
	}
	if fl.max, err = parseBound(d.Kind, d.Max); err != nil {
		c.bad(d.Pos, "field %q: max: %v", d.ID, err)
	}
	if (d.Kind == Number || d.Kind == Money) && fl.min.set && fl.max.set && fl.min.number > fl.max.number {
		c.bad(d.Pos, "field %q: min %s is above max %s", d.ID, d.Min, d.Max)
	}
	if d.MinLength != nil && (*d.MinLength < 0 || *d.MinLength > fl.maxLength()) {
		c.bad(d.Pos, "field %q: min_length %d does not fit below max_length %d", d.ID, *d.MinLength, fl.maxLength())
	}
	if d.MaxLength != nil && (*d.MaxLength < 1 || *d.MaxLength > 20_000) {
		c.bad(d.Pos, "field %q: max_length is between 1 and 20000", d.ID)
	}
	if d.Decimals < 0 || d.Decimals > 6 {
		c.bad(d.Pos, "field %q: decimals is between 0 and 6", d.ID)
	}
	if d.MinItems < 0 || d.MaxItems < 0 || d.MaxItems > 200 || d.MaxItems > 0 && d.MinItems > d.MaxItems {
		c.bad(d.Pos, "field %q: min_items is at most max_items, and max_items at most 200", d.ID)
	}
	if d.MaxMB < 0 || d.MaxMB > 200 {
		c.bad(d.Pos, "field %q: max_mb is between 1 and 200", d.ID)
	}
	for _, a := range d.Accept {
		if _, ok := mimeTypes[a]; !ok {
			c.bad(d.Pos, "field %q: unknown file kind %q; the kinds are %s", d.ID, a, strings.Join(sortedKeys(mimeTypes), " "))
		}
	}
	if d.Pattern != "" {
		if fl.pattern, err = regexp.Compile(`^(?:` + d.Pattern + `)$`); err != nil {
			c.bad(d.Pos, "field %q: pattern: %v", d.ID, err)
		}
		if d.PatternMessage.IsZero() {
			c.bad(d.Pos, "field %q has a pattern and needs pattern_message: people do not read patterns", d.ID)
		}
	}
	if source, property, ok := strings.Cut(d.Prefill, "."); d.Prefill != "" && (!ok || source != "owner" && source != "submitter" || !slices.Contains(OwnerProperties(), property)) {
		c.bad(d.Pos, "field %q: prefill is owner.<property> or submitter.<property>; the properties are %s", d.ID, strings.Join(OwnerProperties(), " "))
	}
	if d.Default != nil && len(c.problems) == 0 {
		v, ok := coerce(fl, d.Default)
		if value, isText := v.(string); isText && d.Kind == Choice {
			_, ok = fl.byValue[value]
		}
		if !ok {
			c.bad(d.Pos, "field %q: the default %v does not fit a %s", d.ID, d.Default, d.Kind)
		}
	}
}

// references checks the names in checks, owner_fields and title_template.
func (c *compiler) references() {
	for _, s := range c.form.steps {
		for _, ch := range s.checks {
			if c.form.fields[ch.def.Field] == nil {
				c.unknownField(ch.def.Pos, "the check", ch.def.Field)
			}
			if ch.def.Message.IsZero() {
				c.bad(ch.def.Pos, "the check needs a message")
			}
		}
	}
	for _, property := range sortedKeys(c.def.OwnerFields) {
		id := c.def.OwnerFields[property]
		fl := c.form.fields[id]
		switch {
		case !slices.Contains(OwnerProperties(), property):
			c.bad(c.def.Pos, "owner_fields: there is no property %q; the properties are %s", property, strings.Join(OwnerProperties(), " "))
		case fl == nil:
			c.unknownField(c.def.Pos, "owner_fields", id)
		case fl.kind() == Group || fl.kind() == FileKind || !fl.input():
			c.bad(c.def.Pos, "owner_fields: %q is a %s field and cannot be a property of a person", id, fl.kind())
		}
	}
	for _, id := range placeholders(c.def.TitleTemplate) {
		if c.form.fields[id] == nil {
			c.unknownField(c.def.Pos, "title_template", id)
		}
	}
}

func (c *compiler) unknownField(pos decl.Pos, where, id string) {
	hint := ""
	if near := decl.Nearest(id, sortedKeys(c.form.fields)); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	c.bad(pos, "%s names the unknown field %q%s", where, id, hint)
}

var placeholderForm = regexp.MustCompile(`\{([^{}]*)\}`)

func placeholders(template string) []string {
	var out []string
	for _, m := range placeholderForm.FindAllStringSubmatch(template, -1) {
		out = append(out, m[1])
	}
	return out
}

// ruleProblem reports a rule that does not compile: one problem for each fault in it.
func (c *compiler) ruleProblem(pos decl.Pos, what string, err error) {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		for _, e := range many.Unwrap() {
			c.bad(pos, "%s: %v", what, e)
		}
		return
	}
	c.bad(pos, "%s: %v", what, err)
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
