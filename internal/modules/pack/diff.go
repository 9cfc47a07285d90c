package pack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is what became of one declaration between two states of a pack.
type Change struct {
	Pack string
	Kind string // added | changed | removed
	What string // procedure | form | flow | register | template | role
	ID   string
	Name string // Vietnamese
	// Fields says what changed inside, in the order of the paths; empty when the
	// whole declaration came or went.
	Fields []FieldChange
}

// The kinds of change.
const (
	Added   = "added"
	Changed = "changed"
	Removed = "removed"
)

// FieldChange is one difference inside a declaration.
type FieldChange struct {
	Path     string // "channels[online].fees[birth_late].amount"
	Old, New string // "" when it was not there
}

// String gives one line: "channels[online].fees[birth_late].amount: 8000 → 10000".
func (f FieldChange) String() string {
	nothing := func(s string) string { return cmp.Or(s, "∅") }
	return fmt.Sprintf("%s: %s → %s", f.Path, nothing(f.Old), nothing(f.New))
}

// String gives one line: "changed procedure 1.001193 (Thủ tục đăng ký khai sinh): 2 changes".
func (c Change) String() string {
	s := fmt.Sprintf("%s %s %s", c.Kind, c.What, c.ID)
	if c.Name != "" {
		s += " (" + c.Name + ")"
	}
	if n := len(c.Fields); n > 0 {
		s += ": " + count(n, "change")
	}
	return s
}

// difference lists what changes from one state of a pack to another, in the order
// procedures, forms, flows, registers, templates, roles. Either may be nil.
func difference(was, is *Pack) []Change {
	code := ""
	for _, p := range []*Pack{was, is} {
		if p != nil {
			code = p.Manifest.Code
		}
	}
	before, after := trees(was), trees(is)
	var out []Change
	for _, what := range []string{"procedure", "form", "flow", "register", "template", "role"} {
		a, b := before[what], after[what]
		ids := slices.Sorted(maps.Keys(a))
		for id := range b {
			if _, ok := a[id]; !ok {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		for _, id := range ids {
			c := Change{Pack: code, What: what, ID: id, Name: nameOf(cmp.Or(b[id], a[id]))}
			switch {
			case a[id] == nil:
				c.Kind = Added
			case b[id] == nil:
				c.Kind = Removed
			default:
				if c.Kind, c.Fields = Changed, compareTrees(*a[id], *b[id]); len(c.Fields) == 0 {
					continue
				}
			}
			out = append(out, c)
		}
	}
	return out
}

// trees gives every declaration of a pack as plain JSON values, by kind and id.
func trees(p *Pack) map[string]map[string]*any {
	out := map[string]map[string]*any{}
	if p == nil {
		return out
	}
	put(out, "procedure", p.Procedures)
	put(out, "form", p.Forms)
	put(out, "flow", p.Flows)
	put(out, "register", p.Registers)
	put(out, "template", p.Templates)
	roles := map[string]*roleDef{}
	for i := range p.Roles {
		roles[p.Roles[i].Code] = &p.Roles[i]
	}
	put(out, "role", roles)
	return out
}

func put[D any](out map[string]map[string]*any, what string, defs map[string]*D) {
	out[what] = map[string]*any{}
	for id, def := range defs {
		text, err := json.Marshal(def)
		if err != nil {
			continue // declarations hold nothing that JSON cannot say
		}
		var tree any
		if json.Unmarshal(text, &tree) == nil {
			out[what][id] = &tree
		}
	}
}

func nameOf(tree *any) string {
	if tree == nil {
		return ""
	}
	m, _ := (*tree).(map[string]any)
	for _, key := range []string{"name", "title"} {
		switch t := m[key].(type) {
		case string:
			return t
		case map[string]any:
			if vi, ok := t["vi"].(string); ok {
				return vi
			}
		}
	}
	return ""
}

func compareTrees(a, b any) []FieldChange {
	var out []FieldChange
	walkTrees("", a, b, &out)
	slices.SortStableFunc(out, func(x, y FieldChange) int { return strings.Compare(x.Path, y.Path) })
	return out
}

func walkTrees(path string, a, b any, out *[]FieldChange) {
	am, aIsMap := keyed(a)
	bm, bIsMap := keyed(b)
	if !aIsMap || !bIsMap {
		if was, is := words(a), words(b); was != is {
			*out = append(*out, FieldChange{path, was, is})
		}
		return
	}
	keys := slices.Sorted(maps.Keys(am))
	for k := range bm {
		if _, ok := am[k]; !ok {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		walkTrees(join(path, k), am[k], bm[k], out)
	}
}

// join appends a key; keys of lists come as "[id]".
func join(path, key string) string {
	if path == "" || strings.HasPrefix(key, "[") {
		return path + key
	}
	return path + "." + key
}

// keyed gives the parts of a map, or of a list whose elements have names: those keep
// their identity when one is put between them.
func keyed(v any) (map[string]any, bool) {
	switch x := v.(type) {
	case map[string]any:
		return x, true
	case []any:
		out := map[string]any{}
		for _, e := range x {
			m, ok := e.(map[string]any)
			if !ok {
				return nil, false
			}
			key := identityOf(m)
			if key == "" || out["["+key+"]"] != nil {
				return nil, false
			}
			out["["+key+"]"] = e
		}
		return out, len(x) > 0
	}
	return nil, false
}

func identityOf(m map[string]any) string {
	for _, k := range []string{"id", "code", "value", "number", "rule", "kind"} {
		if s, ok := m[k].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// words writes a value as its author would.
func words(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}
