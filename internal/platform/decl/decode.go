package decl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxBytes is the largest declaration accepted; the whole text of a pack file is
// a few kilobytes, so more is a mistake or an attack.
const MaxBytes = 1 << 20

// maxDepth bounds nesting of the document.
const maxDepth = 40

// Decode reads one YAML document into v, a pointer to a struct, and returns
// every problem at once as [Problems].
//
// Struct fields are matched by their yaml tag. Strings take any scalar as it is
// written (true stays "true", 0123 keeps its zero); numbers and booleans must be
// written as such. Types with UnmarshalYAML read themselves. file is only used to
// name the place of problems.
func Decode(file string, data []byte, v any) error {
	if len(data) > MaxBytes {
		return Problems{Pos{File: file}.At("the file has %d bytes; at most %d are accepted", len(data), MaxBytes)}
	}
	root, err := parse(data)
	if err != nil {
		return Problems{syntaxProblem(file, err)}
	}
	if root == nil {
		return Problems{Pos{File: file}.At("the file is empty")}
	}
	d := decoder{file: file}
	d.value(root, reflect.ValueOf(v).Elem(), 0)
	return d.problems.Err()
}

// parse reads exactly one document; the YAML library panics on a few broken
// inputs, which must not stop the program that loads a stranger's pack.
func parse(data []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, fmt.Errorf("yaml: unreadable: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := dec.Decode(&second); err == nil {
		return nil, fmt.Errorf("yaml: line %d: a second document; one file holds one declaration", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil, nil
	}
	return doc.Content[0], nil
}

type decoder struct {
	file     string
	problems Problems
}

func (d *decoder) at(n *yaml.Node) Pos { return Pos{File: d.file, Line: n.Line, Col: n.Column} }

func (d *decoder) bad(n *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, d.at(n).At(format, args...))
}

var posType = reflect.TypeFor[Pos]()

func (d *decoder) value(n *yaml.Node, v reflect.Value, depth int) {
	if depth > maxDepth {
		d.bad(n, "nested deeper than %d levels", maxDepth)
		return
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.bad(n, "anchors and aliases (& and *) are not accepted; write the value out")
		return
	}
	if n.Tag == "!!null" && n.Kind == yaml.ScalarNode {
		return // an empty value is the zero value
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), depth)
		return
	}
	if u, ok := v.Addr().Interface().(yaml.Unmarshaler); ok {
		if err := d.unmarshal(u, n); err != nil {
			d.problems = append(d.problems, problemAt(d.at(n), err))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, depth)
	case reflect.Slice:
		d.list(n, v, depth)
	case reflect.Map:
		d.dictionary(n, v, depth)
	case reflect.Interface:
		if x, ok := d.plain(n, depth); ok {
			v.Set(reflect.ValueOf(&x).Elem())
		}
	default:
		d.scalar(n, v)
	}
}

// unmarshal lets a type read itself; a panic in it is the author's file, not our end.
func (d *decoder) unmarshal(u yaml.Unmarshaler, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unreadable: %v", r)
		}
	}()
	if hasAlias(n, 0) {
		return errors.New("anchors and aliases (& and *) are not accepted; write the value out")
	}
	return u.UnmarshalYAML(n)
}

func hasAlias(n *yaml.Node, depth int) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || depth > maxDepth {
		return true
	}
	for _, c := range n.Content {
		if hasAlias(c, depth+1) {
			return true
		}
	}
	return false
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, depth int) {
	if n.Kind != yaml.MappingNode {
		d.bad(n, "expected keys and values here, found %s", describe(n))
		return
	}
	fields := fieldsOf(v)
	if pos, ok := fields[""]; ok {
		pos.Set(reflect.ValueOf(d.at(n)))
		delete(fields, "")
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		field, known := fields[key.Value]
		switch first, twice := seen[key.Value]; {
		case key.Value == "<<":
			d.bad(key, "merge keys (<<) are not accepted; write the keys out")
		case !known:
			d.bad(key, "unknown key %q%s", key.Value, suggestion(key.Value, fields))
		case twice:
			d.bad(key, "key %q is written twice (first on line %d)", key.Value, first)
		default:
			seen[key.Value] = key.Line
			d.value(n.Content[i+1], field, depth+1)
		}
	}
}

// fieldsOf maps yaml keys to the settable fields of v; the key "" is its Pos.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == posType {
			out[""] = v.Field(i)
			continue
		}
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case f.Anonymous && opts == "inline":
			for k, fv := range fieldsOf(v.Field(i)) {
				out[k] = fv
			}
		case name == "":
			out[strings.ToLower(f.Name)] = v.Field(i)
		default:
			out[name] = v.Field(i)
		}
	}
	return out
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, depth int) {
	if n.Kind != yaml.SequenceNode {
		d.bad(n, "expected a list here, found %s", describe(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		d.value(c, out.Index(i), depth+1)
	}
	v.Set(out)
}

func (d *decoder) dictionary(n *yaml.Node, v reflect.Value, depth int) {
	if n.Kind != yaml.MappingNode {
		d.bad(n, "expected keys and values here, found %s", describe(n))
		return
	}
	if v.Type().Key().Kind() != reflect.String {
		panic("decl: a map in a declaration has string keys")
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if first, twice := seen[key.Value]; twice {
			d.bad(key, "key %q is written twice (first on line %d)", key.Value, first)
			continue
		}
		seen[key.Value] = key.Line
		x := reflect.New(v.Type().Elem()).Elem()
		d.value(n.Content[i+1], x, depth+1)
		out.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), x)
	}
	v.Set(out)
}

// plain reads a value of free shape: string, bool, int64, float64, []any, map[string]any.
// Dates stay as they are written.
func (d *decoder) plain(n *yaml.Node, depth int) (any, bool) {
	switch {
	case depth > maxDepth:
		d.bad(n, "nested deeper than %d levels", maxDepth)
		return nil, false
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.bad(n, "anchors and aliases (& and *) are not accepted; write the value out")
		return nil, false
	}
	switch n.Kind {
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			x, _ := d.plain(c, depth+1)
			out = append(out, x)
		}
		return out, true
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if _, twice := out[key.Value]; twice {
				d.bad(key, "key %q is written twice", key.Value)
				continue
			}
			x, _ := d.plain(n.Content[i+1], depth+1)
			out[key.Value] = x
		}
		return out, true
	}
	switch n.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE", true
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return i, true
		}
		d.bad(n, "%q is not a whole number (a code with a leading zero goes in quotes)", n.Value)
		return nil, false
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f, true
		}
		d.bad(n, "%q is not a number", n.Value)
		return nil, false
	default:
		return n.Value, true
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.bad(n, "expected %s here, found %s", kindName(v), describe(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Tag != "!!bool" {
			d.bad(n, "expected true or false, found %q", n.Value)
			return
		}
		v.SetBool(n.Value == "true" || n.Value == "True" || n.Value == "TRUE")
	case reflect.Int, reflect.Int64, reflect.Int32:
		i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
		if err != nil || n.Tag != "!!int" {
			d.bad(n, "expected a whole number, found %q", n.Value)
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || n.Tag != "!!float" && n.Tag != "!!int" {
			d.bad(n, "expected a number, found %q", n.Value)
			return
		}
		v.SetFloat(f)
	default:
		panic("decl: cannot read into " + v.Type().String())
	}
}

func kindName(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Float64:
		return "a number"
	default:
		return "a word or a sentence"
	}
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	default:
		return strconv.Quote(n.Value)
	}
}

// suggestion names the nearest known key, or lists them when none is near.
func suggestion(key string, fields map[string]reflect.Value) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
