package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"

	"motcua/internal/platform/decl"
)

// Limits of a rule. A rule of a real form costs some dozens; a loop over the rows
// of a group some thousands.
const (
	CostLimit  = 200_000 // runtime cost units of CEL
	MaxLength  = 4_000   // characters of source
	checkEvery = 100     // loop turns between looks at the context
)

// ErrUnknown says that a rule could not be decided because a date it needs is not answered.
var ErrUnknown = errors.New("rules: a needed answer is missing")

// Env is a set of variables rules may use. It is immutable and safe for concurrent use.
type Env struct {
	vars    map[string]Type
	numeric map[string]bool // numbers and yes/no: filled() needs to be told
	cel     *cel.Env
}

// NewEnv declares variables; today is always there. It fails when two variables
// or two objects have one name, or a name cannot stand in a rule.
func NewEnv(vars ...Var) (*Env, error) {
	e := &Env{vars: map[string]Type{todayName: Time}, numeric: map[string]bool{}}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("make the type registry: %w", err)
	}
	p := &provider{Registry: registry, objects: map[string]*object{}}
	opts := []cel.EnvOption{
		cel.CustomTypeAdapter(registry), cel.CustomTypeProvider(p),
		cel.Variable(todayName, cel.TimestampType),
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(MaxLength), cel.ParserRecursionLimit(60),
		cel.ExpressionNodeLimit(5_000), cel.RegexProgramSizeLimit(2_000),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateComprehensionNestingLimit(3)),
		ext.Strings(), ext.Math(), ext.Lists(ext.ListsMaxRangeSize(1_000)),
	}
	for _, v := range vars {
		if err := checkName(v.Name); err != nil {
			return nil, err
		}
		if _, twice := e.vars[v.Name]; twice {
			return nil, fmt.Errorf("the name %q is used twice", v.Name)
		}
		if err := p.collect(v.Type); err != nil {
			return nil, err
		}
		e.vars[v.Name] = v.Type
		opts = append(opts, cel.Variable(v.Name, v.Type.cel()))
		switch v.Type.kind {
		case boolKind, intKind, floatKind:
			e.numeric[v.Name] = true
			opts = append(opts, cel.Variable(filledPrefix+v.Name, cel.BoolType))
		}
	}
	opts = append(opts, functions()...)
	opts = append(opts, macros(e.numeric))
	if e.cel, err = cel.NewCustomEnv(append([]cel.EnvOption{cel.StdLib()}, opts...)...); err != nil {
		return nil, fmt.Errorf("declare the variables of rules: %w", err)
	}
	return e, nil
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// reserved are words that have a meaning in CEL.
var reserved = []string{
	"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
	"let", "loop", "package", "namespace", "return", "var", "void", "while",
	"int", "uint", "double", "bool", "string", "bytes", "list", "map", "type", "dyn", "math", "lists",
}

// CheckName says why a name cannot stand in a rule: it is made of small letters
// a-z, digits and _, begins with a letter, and is not a word of the language.
func CheckName(name string) error { return checkName(name) }

func checkName(name string) error {
	switch {
	case !nameForm.MatchString(name) || len(name) > 60:
		return fmt.Errorf("%q cannot be a name: use small letters a-z, digits and _, beginning with a letter", name)
	case slices.Contains(reserved, name):
		return fmt.Errorf("%q cannot be a name: it is a word of the rule language", name)
	}
	return nil
}

// CompileError says what is wrong with a rule and where in its text.
type CompileError struct {
	Line, Col int // from 1
	Message   string
}

// Error gives "1:14: message".
func (e *CompileError) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Message)
}

// Rule is a compiled rule, safe for concurrent use.
type Rule struct {
	source  string
	program cel.Program
	result  Type
	refs    []string
}

// Compile checks and compiles source, whose result must be of type want. The error
// is a *CompileError, or several joined.
func (e *Env) Compile(source string, want ...Type) (*Rule, error) {
	if strings.TrimSpace(source) == "" {
		return nil, &CompileError{Line: 1, Col: 1, Message: "the rule is empty"}
	}
	checked, issues := e.check(source)
	if issues != nil {
		return nil, issues
	}
	result, err := e.checkResult(checked, want)
	if err != nil {
		return nil, err
	}
	program, err := e.cel.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(CostLimit), cel.InterruptCheckFrequency(checkEvery))
	if err != nil {
		return nil, &CompileError{Line: 1, Col: 1, Message: err.Error()}
	}
	return &Rule{source: source, program: program, result: result, refs: e.references(checked)}, nil
}

func (e *Env) check(source string) (checked *cel.Ast, err error) {
	defer func() {
		if r := recover(); r != nil {
			checked, err = nil, &CompileError{Line: 1, Col: 1, Message: fmt.Sprintf("the rule cannot be read: %v", r)}
		}
	}()
	checked, issues := e.cel.Compile(source)
	if issues == nil || issues.Err() == nil {
		return checked, nil
	}
	var all []error
	for _, i := range issues.Errors() {
		all = append(all, &CompileError{Line: max(i.Location.Line(), 1), Col: i.Location.Column() + 1, Message: e.plain(i.Message)})
	}
	if len(all) == 1 {
		return nil, all[0]
	}
	return nil, errors.Join(all...)
}

func (e *Env) checkResult(checked *cel.Ast, want []Type) (Type, error) {
	got := checked.OutputType()
	names := make([]string, len(want))
	for i, w := range want {
		if got.IsExactType(w.cel()) {
			return w, nil
		}
		names[i] = w.String()
	}
	if got.IsExactType(cel.DynType) && len(want) > 0 {
		return Any, nil // known only when evaluated: Rule.Bool checks
	}
	return Type{}, &CompileError{Line: 1, Col: 1, Message: fmt.Sprintf("the result must be %s, not %s", strings.Join(names, " or "), plainType(got.String()))}
}

// references lists the variables a rule reads: "x", or "x.field" for a field of an object.
func (e *Env) references(checked *cel.Ast) []string {
	seen := map[string]bool{}
	inner := map[int64]bool{} // identifiers already counted as part of "x.field"
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.SelectKind:
			operand := x.AsSelect().Operand()
			if operand.Kind() != ast.IdentKind {
				return
			}
			if t, ok := e.vars[operand.AsIdent()]; ok && t.kind == objectKind {
				seen[operand.AsIdent()+"."+x.AsSelect().FieldName()] = true
				inner[operand.ID()] = true
			}
		case ast.IdentKind:
			name := strings.TrimPrefix(x.AsIdent(), filledPrefix)
			if _, ok := e.vars[name]; ok && !inner[x.ID()] {
				seen[name] = true
			}
		}
	}))
	delete(seen, todayName)
	return slices.Sorted(maps.Keys(seen))
}

// Source returns the text of the rule.
func (r *Rule) Source() string { return r.source }

// Result returns the type of the result: one of those Compile was asked for, or Any
// when it is known only on evaluation.
func (r *Rule) Result() Type { return r.result }

// Refs lists the variables the rule reads, sorted: "x", or "x.field" for a field
// of an object. today is not among them.
func (r *Rule) Refs() []string { return r.refs }

// Scope holds the values of one evaluation. It is not safe for concurrent changes.
type Scope struct {
	env    *Env
	ctx    context.Context
	today  types.Timestamp
	parent *Scope
	raw    map[string]any
	values map[string]ref.Val
}

// NewScope returns a scope for rules of e on the day of now. Evaluation stops when
// ctx ends.
func (e *Env) NewScope(ctx context.Context, now time.Time) *Scope {
	return &Scope{env: e, ctx: ctx, today: types.Timestamp{Time: midnight(now)}, raw: map[string]any{}, values: map[string]ref.Val{}}
}

// Set gives a variable its value; nil takes it back. A variable without a value
// reads as the zero value of its type and is not filled. Names that were not
// declared are ignored.
func (s *Scope) Set(name string, v any) {
	delete(s.values, name)
	s.raw[name] = v
}

// Child returns a scope that sees s and may set further values, for a rule of env
// (the same one, or one with more variables).
func (s *Scope) Child(env *Env) *Scope {
	return &Scope{env: env, ctx: s.ctx, today: s.today, parent: s, raw: map[string]any{}, values: map[string]ref.Val{}}
}

var _ interpreter.Activation = (*Scope)(nil)

// ResolveName gives CEL the value of a variable.
func (s *Scope) ResolveName(name string) (any, bool) {
	if name == todayName {
		return s.today, true
	}
	if rest, ok := strings.CutPrefix(name, filledPrefix); ok {
		raw, _ := s.lookup(rest)
		return types.Bool(isFilled(raw)), true
	}
	t, declared := s.env.vars[name]
	if !declared {
		return nil, false
	}
	raw, owner := s.lookup(name)
	if v, ok := owner.values[name]; ok {
		return v, true
	}
	v := t.value(raw)
	owner.values[name] = v
	return v, true
}

// lookup finds the raw value and the scope that holds it.
func (s *Scope) lookup(name string) (any, *Scope) {
	for at := s; ; at = at.parent {
		if v, ok := at.raw[name]; ok {
			return v, at
		}
		if at.parent == nil {
			return nil, s
		}
	}
}

// Parent ends the chain for CEL; scopes walk their own parents.
func (s *Scope) Parent() interpreter.Activation { return nil }

// Eval evaluates the rule. The error is ErrUnknown when a needed date is not
// answered; any other error is a fault of the rule (an index beyond a list, a
// division by zero, too much work), never a panic.
func (r *Rule) Eval(s *Scope) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			value, err = nil, fmt.Errorf("evaluate rule %q: %v", r.source, p)
		}
	}()
	out, _, err := r.program.ContextEval(s.ctx, s)
	switch {
	case err != nil && errors.Is(err, ErrUnknown):
		return nil, ErrUnknown
	case err != nil:
		return nil, fmt.Errorf("evaluate rule %q: %w", r.source, err)
	case types.IsUnknown(out):
		return nil, ErrUnknown
	}
	return out.Value(), nil
}

// Bool evaluates a rule whose result is yes or no.
func (r *Rule) Bool(s *Scope) (bool, error) {
	v, err := r.Eval(s)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate rule %q: the result is not yes or no", r.source)
	}
	return b, nil
}

var (
	undeclared = regexp.MustCompile(`undeclared reference to '@?(?:filled_)?([^']*)'`)
	undefined  = regexp.MustCompile(`undefined field '([^']*)'`)
	noOverload = regexp.MustCompile(`found no matching overload for '([^']*)' applied to '\(?([^']*?)\)?'`)
	operators  = strings.NewReplacer("_", "", "@", "", "[]", "[…]")
)

// plain turns the checker's words into words for an author of packs.
func (e *Env) plain(message string) string {
	if m := undeclared.FindStringSubmatch(message); m != nil {
		text := fmt.Sprintf("unknown name %q", m[1])
		if near := decl.Nearest(m[1], append(slices.Collect(maps.Keys(e.vars)), "filled", "age", "days", "sum", "size")); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		return text
	}
	if m := undefined.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("there is no field %q here", m[1])
	}
	if m := noOverload.FindStringSubmatch(message); m != nil {
		args := strings.Split(m[2], ", ")
		for i := range args {
			args[i] = plainType(args[i])
		}
		text := fmt.Sprintf("%s does not work on %s", operators.Replace(m[1]), strings.Join(args, " and "))
		if slices.Contains(args, "number") && slices.Contains(args, "whole number") {
			text += " (write whole numbers as 2.0 beside a number, or use int(…) or double(…))"
		}
		return text
	}
	return message
}

func plainType(t string) string {
	switch t {
	case "string":
		return "text"
	case "int":
		return "whole number"
	case "double":
		return "number"
	case "bool":
		return "yes/no"
	case "timestamp", "google.protobuf.Timestamp":
		return "date"
	default:
		return t
	}
}
