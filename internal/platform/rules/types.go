package rules

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Type is the type of a variable or of the result of a rule. The zero Type is invalid.
type Type struct {
	kind   kind
	elem   *Type
	object *object
}

type kind int

const (
	boolKind kind = iota + 1
	intKind
	floatKind
	stringKind
	timeKind
	listKind
	objectKind
	mapKind
	anyKind
)

// The simple types, with the Go value a variable of the type takes.
var (
	Bool   = Type{kind: boolKind}   // bool
	Int    = Type{kind: intKind}    // int, int64
	Float  = Type{kind: floatKind}  // float64
	String = Type{kind: stringKind} // string
	Time   = Type{kind: timeKind}   // time.Time
	// Map is a dictionary of which nothing is known beforehand: map[string]any. A key
	// that is not there makes the rule fail; ask has(m.x) or filled(m.x) first.
	Map = Type{kind: mapKind}
	// Any is a value whose type is not known yet; nothing about it is checked beforehand.
	Any = Type{kind: anyKind}
)

// List is a list of elements of type elem: a Go slice.
func List(elem Type) Type { return Type{kind: listKind, elem: &elem} }

// Object is a record with known fields: map[string]any (or a map type of that
// shape). A field without a value reads as the zero value of its type. name is
// used in error messages and must be unique within an [Env].
func Object(name string, fields ...Var) Type {
	o := &object{name: name, fields: make(map[string]Type, len(fields))}
	for _, f := range fields {
		o.fields[f.Name] = f.Type
	}
	return Type{kind: objectKind, object: o}
}

type object struct {
	name   string
	fields map[string]Type
}

// Var is a variable a rule may use.
type Var struct {
	Name string
	Type Type
}

func (t Type) cel() *cel.Type {
	switch t.kind {
	case boolKind:
		return cel.BoolType
	case intKind:
		return cel.IntType
	case floatKind:
		return cel.DoubleType
	case stringKind:
		return cel.StringType
	case timeKind:
		return cel.TimestampType
	case listKind:
		return cel.ListType(t.elem.cel())
	case objectKind:
		return cel.ObjectType(t.object.name)
	case mapKind:
		return cel.MapType(cel.StringType, cel.DynType)
	default:
		return cel.DynType
	}
}

// String names the type for the author of a rule.
func (t Type) String() string {
	switch t.kind {
	case boolKind:
		return "yes/no"
	case intKind:
		return "whole number"
	case floatKind:
		return "number"
	case stringKind:
		return "text"
	case timeKind:
		return "date"
	case listKind:
		return "list of " + t.elem.String()
	case objectKind:
		return t.object.name
	case mapKind:
		return "dictionary"
	default:
		return "any"
	}
}

// value turns a Go value into a value of type t; nil and a value of another shape
// are the zero value, so that stale or hostile data cannot make a typed rule fail.
func (t Type) value(v any) ref.Val {
	switch t.kind {
	case boolKind:
		b, _ := v.(bool)
		return types.Bool(b)
	case intKind:
		switch n := v.(type) {
		case int64:
			return types.Int(n)
		case int:
			return types.Int(n)
		case float64:
			if n == float64(int64(n)) {
				return types.Int(int64(n))
			}
		}
		return types.Int(0)
	case floatKind:
		switch n := v.(type) {
		case float64:
			return types.Double(n)
		case int64:
			return types.Double(n)
		case int:
			return types.Double(n)
		}
		return types.Double(0)
	case stringKind:
		s, _ := v.(string)
		return types.String(s)
	case timeKind:
		at, _ := v.(time.Time)
		return types.Timestamp{Time: at}
	case listKind:
		return t.list(v)
	case objectKind:
		return record{object: t.object, values: dictionary(v)}
	case mapKind:
		return types.NewStringInterfaceMap(types.DefaultTypeAdapter, dictionary(v))
	default:
		return types.DefaultTypeAdapter.NativeToValue(v)
	}
}

func (t Type) list(v any) ref.Val {
	switch l := v.(type) {
	case nil:
		return types.NewRefValList(types.DefaultTypeAdapter, nil)
	case []string:
		if t.elem.kind == stringKind {
			return types.NewStringList(types.DefaultTypeAdapter, l)
		}
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Slice {
		return types.NewRefValList(types.DefaultTypeAdapter, nil)
	}
	out := make([]ref.Val, rv.Len())
	for i := range out {
		out[i] = t.elem.value(rv.Index(i).Interface())
	}
	return types.NewRefValList(types.DefaultTypeAdapter, out)
}

// dictionary accepts every map with string keys and any-typed or string values.
func dictionary(v any) map[string]any {
	switch m := v.(type) {
	case nil:
		return nil
	case map[string]any:
		return m
	case map[string]string:
		out := make(map[string]any, len(m))
		for k, s := range m {
			out[k] = s
		}
		return out
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Map || rv.Type().Key().Kind() != reflect.String {
		return nil
	}
	if as := reflect.TypeFor[map[string]any](); rv.Type().ConvertibleTo(as) {
		return rv.Convert(as).Interface().(map[string]any)
	}
	return nil
}

// isFilled says whether a Go value is an answer.
func isFilled(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case string:
		return x != ""
	case bool, float64, int64, int, time.Time:
		return true
	case map[string]string:
		return len(x) > 0
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Slice:
		return rv.Len() > 0
	case reflect.Map:
		for _, e := range rv.Seq2() {
			if isFilled(e.Interface()) {
				return true
			}
		}
		return false
	default:
		return true
	}
}

// record is an Object value: it indexes like a message, so that an absent field
// has a default while has() still tells the difference.
type record struct {
	object *object
	values map[string]any
}

var (
	_ traits.Indexer     = record{}
	_ traits.FieldTester = record{}
)

func (r record) Get(index ref.Val) ref.Val {
	name, ok := index.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(index)
	}
	t, ok := r.object.fields[string(name)]
	if !ok {
		return types.NewErr("no such field %q", string(name))
	}
	return t.value(r.values[string(name)])
}

func (r record) IsSet(field ref.Val) ref.Val {
	name, ok := field.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(field)
	}
	return types.Bool(isFilled(r.values[string(name)]))
}

func (r record) ConvertToNative(t reflect.Type) (any, error) {
	if v := reflect.ValueOf(r.values); v.IsValid() && v.Type().ConvertibleTo(t) {
		return v.Convert(t).Interface(), nil
	}
	return nil, fmt.Errorf("a %s cannot become a %v", r.object.name, t)
}

func (r record) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return cel.ObjectType(r.object.name)
	}
	if t.TypeName() == r.object.name {
		return r
	}
	return types.NewErr("a %s cannot become a %s", r.object.name, t.TypeName())
}

func (r record) Equal(other ref.Val) ref.Val {
	o, ok := other.(record)
	return types.Bool(ok && o.object == r.object && reflect.DeepEqual(r.values, o.values))
}

func (r record) Type() ref.Type { return types.NewObjectType(r.object.name) }
func (r record) Value() any     { return r.values }

// provider tells the type checker the fields of objects.
type provider struct {
	*types.Registry
	objects map[string]*object
}

func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if o, ok := p.objects[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(o.name)), true
	}
	return p.Registry.FindStructType(name)
}

func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	if o, ok := p.objects[name]; ok {
		return slices.Sorted(maps.Keys(o.fields)), true
	}
	return p.Registry.FindStructFieldNames(name)
}

func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if o, ok := p.objects[name]; ok {
		t, ok := o.fields[field]
		if !ok {
			return nil, false
		}
		return &types.FieldType{Type: t.cel()}, true
	}
	return p.Registry.FindStructFieldType(name, field)
}

// collect gathers the object types reachable from t.
func (p *provider) collect(t Type) error {
	switch t.kind {
	case listKind:
		return p.collect(*t.elem)
	case objectKind:
		if known, ok := p.objects[t.object.name]; ok {
			if known != t.object && !reflect.DeepEqual(known, t.object) {
				return fmt.Errorf("two different records are called %q", t.object.name)
			}
			return nil
		}
		p.objects[t.object.name] = t.object
		for _, f := range t.object.fields {
			if err := p.collect(f); err != nil {
				return err
			}
		}
	}
	return nil
}
