package rules

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"motcua/internal/platform/civil"
)

const (
	filledPrefix = "@filled_" // variable: was this number or yes/no answered
	filledValue  = "@filled"  // function: is this text, list or record filled
	ageFunction  = "@age"
	todayName    = "today"
)

// macros rewrites filled(x) and age(x), which need to know more than the value of
// their argument. names holds the variables whose zero value is also an answer.
func macros(names map[string]bool) cel.EnvOption {
	filled := cel.GlobalMacro("filled", 1, func(b cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		switch x := args[0]; {
		case x.Kind() == ast.IdentKind && names[x.AsIdent()]:
			return b.NewIdent(filledPrefix + x.AsIdent()), nil
		case x.Kind() == ast.SelectKind && !x.AsSelect().IsTestOnly():
			s := x.AsSelect()
			return b.NewCall("_&&_",
				b.NewPresenceTest(b.Copy(s.Operand()), s.FieldName()),
				b.NewCall(filledValue, x)), nil
		default:
			return b.NewCall(filledValue, x), nil
		}
	})
	age := cel.GlobalMacro("age", 1, func(b cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		return b.NewCall(ageFunction, args[0], b.NewIdent(todayName)), nil
	})
	return cel.Macros(append(cel.StandardMacros, filled, age)...)
}

func functions() []cel.EnvOption {
	day := func(t *cel.Type) string {
		if t == cel.StringType {
			return "string"
		}
		return "time"
	}
	var overloads []cel.FunctionOpt
	for _, from := range []*cel.Type{cel.StringType, cel.TimestampType} {
		for _, to := range []*cel.Type{cel.StringType, cel.TimestampType} {
			overloads = append(overloads, cel.Overload("days_"+day(from)+"_"+day(to), []*cel.Type{from, to}, cel.IntType, cel.BinaryBinding(days)))
		}
	}
	return []cel.EnvOption{
		cel.Function("days", overloads...),
		cel.Function(ageFunction, cel.Overload("age_string", []*cel.Type{cel.StringType, cel.TimestampType}, cel.IntType, cel.BinaryBinding(age))),
		cel.Function(filledValue, cel.Overload("filled_any", []*cel.Type{cel.DynType}, cel.BoolType, cel.UnaryBinding(filled))),
		cel.Function("sum",
			cel.Overload("sum_double", []*cel.Type{cel.ListType(cel.DoubleType)}, cel.DoubleType, cel.UnaryBinding(sumDouble)),
			cel.MemberOverload("list_sum_double", []*cel.Type{cel.ListType(cel.DoubleType)}, cel.DoubleType, cel.UnaryBinding(sumDouble)),
			cel.Overload("sum_int", []*cel.Type{cel.ListType(cel.IntType)}, cel.IntType, cel.UnaryBinding(sumInt)),
			cel.MemberOverload("list_sum_int", []*cel.Type{cel.ListType(cel.IntType)}, cel.IntType, cel.UnaryBinding(sumInt))),
	}
}

// dayOf reads a date or today; an unanswered one is unknown.
func dayOf(v ref.Val) (civil.Date, ref.Val) {
	switch x := v.(type) {
	case types.Timestamp:
		return civil.DateOf(x.Time), nil
	case types.String:
		if x == "" {
			return civil.Date{}, types.WrapErr(ErrUnknown)
		}
		p, err := civil.ParsePartial(string(x))
		if err != nil {
			return civil.Date{}, types.NewErr("%q is not a date", string(x))
		}
		return p.First(), nil
	default:
		return civil.Date{}, types.MaybeNoSuchOverloadErr(v)
	}
}

func days(a, b ref.Val) ref.Val {
	from, bad := dayOf(a)
	if bad != nil {
		return bad
	}
	to, bad := dayOf(b)
	if bad != nil {
		return bad
	}
	return types.Int(to.DaysSince(from))
}

func age(born, today ref.Val) ref.Val {
	birth, bad := dayOf(born)
	if bad != nil {
		return bad
	}
	on, bad := dayOf(today)
	if bad != nil {
		return bad
	}
	return types.Int(birth.AgeOn(on))
}

func filled(v ref.Val) ref.Val {
	switch x := v.(type) {
	case types.String:
		return types.Bool(x != "")
	case record:
		return types.Bool(isFilled(x.values))
	case types.Null:
		return types.False
	case traits.Sizer:
		return types.Bool(x.Size() != types.IntZero)
	case *types.Err, *types.Unknown:
		return v
	default:
		return types.True
	}
}

func sumDouble(v ref.Val) ref.Val {
	l, ok := v.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	total := types.Double(0)
	for it := l.Iterator(); it.HasNext() == types.True; {
		x, ok := it.Next().(types.Double)
		if !ok {
			return types.NewErr("sum: an element is not a number")
		}
		total += x
	}
	return total
}

func sumInt(v ref.Val) ref.Val {
	l, ok := v.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	var total ref.Val = types.IntZero
	for it := l.Iterator(); it.HasNext() == types.True; {
		x, ok := it.Next().(types.Int)
		if !ok {
			return types.NewErr("sum: an element is not a whole number")
		}
		if total = total.(types.Int).Add(x); types.IsError(total) {
			return total // overflow
		}
	}
	return total
}

// midnight is the start of the day of t in Vietnam.
func midnight(t time.Time) time.Time { return civil.DateOf(t).Start() }
