package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"motcua/internal/platform/i18n"
)

// schemaURL names the document inside the compiler; it is never fetched.
const schemaURL = "urn:motcua:form"

// refusing is the loader of schemas: everything a form needs is in its document,
// and a reference to a file or an address is refused instead of followed.
type refusing struct{}

func (refusing) Load(url string) (any, error) {
	return nil, fmt.Errorf("a schema refers to %s: references outside the form are refused", url)
}

// Schema returns the JSON Schema (draft 2020-12) of submitted answers. What rules
// decide (show, require, check) stands in x-rules as text; a schema alone cannot
// say it.
func (f *Form) Schema() []byte { return bytes.Clone(f.schema) }

// buildSchema writes the document and compiles one schema per field from it, so that
// an error always belongs to a field.
func (f *Form) buildSchema() error {
	defs, properties := map[string]any{}, map[string]any{}
	required, steps := []string{}, []any{}
	for _, s := range f.steps {
		ids := []string{}
		for _, fl := range s.fields {
			if fl.kind() == Information {
				continue
			}
			id := fl.def.ID
			for _, r := range fl.rows {
				if r.kind() != Information {
					defs[id+"."+r.def.ID] = r.schemaOf()
				}
			}
			defs[id] = fl.schemaOf()
			properties[id] = map[string]any{"$ref": "#/$defs/" + id}
			ids = append(ids, id)
			if fl.always && fl.show == nil && s.show == nil {
				required = append(required, id)
			}
		}
		steps = append(steps, words(map[string]any{"id": s.def.ID, "fields": ids}, s.def.Title, i18n.Text{}))
	}
	doc := words(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schemaURL + ":" + f.def.ID,
		"type": "object", "properties": properties, "required": required, "additionalProperties": false,
		"$defs": defs, "x-steps": steps,
	}, f.def.Title, f.def.Intro)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	f.schema = b.Bytes()
	return f.compileSchema()
}

func (f *Form) compileSchema() error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.schema))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(refusing{})
	c.AssertFormat()
	if err := c.AddResource(schemaURL+":"+f.def.ID, doc); err != nil {
		return err
	}
	at := func(def string) string { return schemaURL + ":" + f.def.ID + "#/$defs/" + def }
	var faults []error
	for _, s := range f.steps {
		for _, fl := range s.fields {
			if fl.kind() == Information {
				continue
			}
			if fl.schema, err = c.Compile(at(fl.def.ID)); err != nil {
				faults = append(faults, err)
			}
			for _, r := range fl.rows {
				if r.kind() == Information {
					continue
				}
				if r.schema, err = c.Compile(at(fl.def.ID + "." + r.def.ID)); err != nil {
					faults = append(faults, err)
				}
			}
		}
	}
	return errors.Join(faults...)
}

// words adds title and description in both languages.
func words(m map[string]any, title, description i18n.Text) map[string]any {
	for key, t := range map[string]i18n.Text{"title": title, "description": description} {
		if t.VI != "" {
			m[key] = t.VI
		}
		if t.EN != "" {
			m["x-"+key+"-en"] = t.EN
		}
	}
	return m
}

func (fl *field) schemaOf() map[string]any {
	d := fl.def
	m := words(map[string]any{"x-kind": string(d.Kind)}, d.Label, d.Help)
	rules := map[string]string{}
	for key, rule := range map[string]string{"show": d.Show, "require": d.Require, "compute": d.Compute} {
		if rule != "" && rule != "true" && rule != "false" {
			rules[key] = rule
		}
	}
	if len(rules) > 0 {
		m["x-rules"] = rules
	}
	set := func(kv ...any) {
		for i := 0; i+1 < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
	}
	switch d.Kind {
	case Text, LongText:
		set("type", "string", "minLength", 1, "maxLength", fl.maxLength())
		if d.MinLength != nil && *d.MinLength > 1 {
			set("minLength", *d.MinLength)
		}
		if fl.pattern != nil {
			set("pattern", fl.pattern.String())
		}
	case Number:
		set("type", "number")
		if d.Decimals == 0 {
			set("type", "integer")
		}
		fl.numberLimits(m)
	case Money:
		set("type", "integer", "minimum", 0, "maximum", int64(largestWhole))
		fl.numberLimits(m)
	case Date:
		set("type", "string", "format", "date")
	case PartialDate:
		set("type", "string", "pattern", `^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)
	case Choice:
		set("type", "string", "enum", fl.optionValues())
		fl.optionLabels(m)
	case MultiChoice:
		set("type", "array", "uniqueItems", true, "minItems", max(1, d.MinItems), "items", map[string]any{"type": "string", "enum": fl.optionValues()})
		if d.MaxItems > 0 {
			set("maxItems", d.MaxItems)
		}
		fl.optionLabels(m)
	case YesNo:
		set("type", "boolean")
	case Declaration:
		set("type", "boolean", "const", true)
	case AddressKind:
		set("type", "object", "additionalProperties", false, "properties", map[string]any{
			"province": map[string]any{"type": "string", "pattern": "^[0-9]{2}$"},
			"commune":  map[string]any{"type": "string", "pattern": "^[0-9]{5}$"},
			"line":     map[string]any{"type": "string", "maxLength": 255},
			"text":     map[string]any{"type": "string", "maxLength": 500},
			"old":      map[string]any{"type": "string", "maxLength": 255},
			"on":       map[string]any{"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
		})
	case CitizenNumber:
		set("type", "string", "pattern", "^[0-9]{12}$")
	case TaxCode:
		set("type", "string", "pattern", "^([0-9]{10}(-[0-9]{3})?|[0-9]{12})$")
	case Phone:
		set("type", "string", "pattern", `^(0[0-9]{8,11}|\+[0-9]{6,15})$`)
	case Email:
		set("type", "string", "format", "email", "maxLength", 254)
	case FileKind:
		set("type", "array", "minItems", max(1, d.MinItems), "maxItems", fl.maxItems(), "items", map[string]any{
			"type": "object", "required": []string{"id"}, "additionalProperties": false, "properties": map[string]any{
				"id":   map[string]any{"type": "string", "minLength": 1, "maxLength": 64},
				"name": map[string]any{"type": "string", "maxLength": 255},
				"size": map[string]any{"type": "integer", "minimum": 0},
				"type": map[string]any{"type": "string", "maxLength": 120},
			},
		})
	case Group:
		fl.groupSchema(m)
	case Computed:
		set("type", []string{"string", "number", "boolean"}, "readOnly", true)
	}
	return m
}

func (fl *field) groupSchema(m map[string]any) {
	properties, required := map[string]any{}, []string{}
	for _, r := range fl.rows {
		if r.kind() == Information {
			continue
		}
		properties[r.def.ID] = map[string]any{"$ref": "#/$defs/" + fl.def.ID + "." + r.def.ID}
		if r.always && r.show == nil {
			required = append(required, r.def.ID)
		}
	}
	m["type"], m["maxItems"], m["minItems"] = "array", fl.maxItems(), max(1, fl.def.MinItems)
	m["items"] = map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func (fl *field) numberLimits(m map[string]any) {
	if fl.min.set {
		m["minimum"] = fl.min.number
	}
	if fl.max.set {
		m["maximum"] = fl.max.number
	}
}

func (fl *field) optionValues() []string {
	out := make([]string, len(fl.options))
	for i, o := range fl.options {
		out[i] = o.Value
	}
	return out
}

// optionLabels names the options for people who write clients; shared lists are
// named by their list.
func (fl *field) optionLabels(m map[string]any) {
	if fl.def.OptionsFrom != "" {
		m["x-options-from"] = fl.def.OptionsFrom
	}
	labels := map[string]any{}
	for _, o := range fl.options {
		labels[o.Value] = o.Label
	}
	m["x-labels"] = labels
}
