package rules_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/rules"
)

func env(t testing.TB) *rules.Env {
	t.Helper()
	address := rules.Object("address", rules.Var{Name: "province", Type: rules.String}, rules.Var{Name: "line", Type: rules.String})
	child := rules.Object("child", rules.Var{Name: "name", Type: rules.String}, rules.Var{Name: "birth", Type: rules.String}, rules.Var{Name: "income", Type: rules.Int})
	e, err := rules.NewEnv(
		rules.Var{Name: "name", Type: rules.String},
		rules.Var{Name: "birth", Type: rules.String},
		rules.Var{Name: "area", Type: rules.Float},
		rules.Var{Name: "fee", Type: rules.Int},
		rules.Var{Name: "foreign", Type: rules.Bool},
		rules.Var{Name: "tags", Type: rules.List(rules.String)},
		rules.Var{Name: "home", Type: address},
		rules.Var{Name: "children", Type: rules.List(child)},
		rules.Var{Name: "answers", Type: rules.Map},
	)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func scope(e *rules.Env, values map[string]any) *rules.Scope {
	// 2026-03-01 18:00 UTC is already 2 March in Vietnam.
	s := e.NewScope(context.Background(), time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC))
	for k, v := range values {
		s.Set(k, v)
	}
	return s
}

func TestBool(t *testing.T) {
	e := env(t)
	for _, c := range []struct {
		rule   string
		values map[string]any
		want   bool
		err    error
	}{
		{`name == ""`, nil, true, nil},
		{`area > 5 && fee == 0`, map[string]any{"area": 5.5}, true, nil},
		{`area * 2.0 >= 11`, map[string]any{"area": 5.5}, true, nil},
		{`filled(area)`, nil, false, nil},
		{`filled(area)`, map[string]any{"area": 0.0}, true, nil},
		{`filled(foreign)`, map[string]any{"foreign": false}, true, nil},
		{`filled(foreign) && foreign`, nil, false, nil},
		{`filled(name)`, map[string]any{"name": ""}, false, nil},
		{`filled(tags) && "a" in tags`, map[string]any{"tags": []string{"a"}}, true, nil},
		{`filled(home)`, map[string]any{"home": map[string]any{"province": ""}}, false, nil},
		{`filled(home.province) || home.line == ""`, nil, true, nil},
		{`home.province == "42"`, map[string]any{"home": map[string]any{"province": "42"}}, true, nil},
		{`age(birth) >= 18`, map[string]any{"birth": "2008-03-02"}, true, nil},
		{`age(birth) >= 18`, map[string]any{"birth": "2008-03-03"}, false, nil},
		{`age(birth) == 78`, map[string]any{"birth": "1948"}, true, nil},
		{`age(birth) >= 18`, nil, false, rules.ErrUnknown},
		{`!(age(birth) >= 18)`, nil, false, rules.ErrUnknown},
		{`filled(birth) && age(birth) >= 18`, nil, false, nil},
		{`age(birth) >= 18 || name == ""`, nil, true, nil},
		{`days(birth, today) == 1`, map[string]any{"birth": "2026-03-01"}, true, nil},
		{`days("2024-02-28", "2024-03-01") == 2`, nil, true, nil},
		{`days(today, birth) < 0`, map[string]any{"birth": "2026-03-01"}, true, nil},
		{`children.all(c, c.name != "")`, map[string]any{"children": []map[string]any{{"name": "A"}, {"name": ""}}}, false, nil},
		{`children.exists(c, filled(c.income))`, map[string]any{"children": []map[string]any{{"name": "A"}, {"income": int64(0)}}}, true, nil},
		{`sum(children.map(c, c.income)) == 7`, map[string]any{"children": []map[string]any{{"income": int64(3)}, {}, {"income": float64(4)}}}, true, nil},
		{`children.map(c, c.income * 2).sum() == 14`, map[string]any{"children": []map[string]any{{"income": int64(3)}, {"income": int64(4)}}}, true, nil},
		{`[1.5, 2.5].sum() == 4.0`, nil, true, nil},
		{`children.exists(c, age(c.birth) < 6)`, map[string]any{"children": []map[string]any{{}, {"birth": "2024"}}}, true, nil},
		{`filled(answers.x) && answers.x > 2`, nil, false, nil},
		{`filled(answers.x) && answers.x > 2`, map[string]any{"answers": map[string]any{"x": 3.0}}, true, nil},
		{`has(answers.x) && answers.x`, map[string]any{"answers": map[string]any{"x": true}}, true, nil},
		{`name.matches("^[A-Z]+$")`, map[string]any{"name": "ABC"}, true, nil},
		{`"42" in ["42", "44"] && name.size() == 3`, map[string]any{"name": "Đạt"}, true, nil},
		// A value of the wrong shape reads as unanswered; it cannot break the rule.
		{`name == ""`, map[string]any{"name": 7}, true, nil},
		{`size(children) == 0`, map[string]any{"children": "x"}, true, nil},
	} {
		r, err := e.Compile(c.rule, rules.Bool)
		if err != nil {
			t.Errorf("%s: %v", c.rule, err)
			continue
		}
		got, err := r.Bool(scope(e, c.values))
		if got != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s with %v = %v, %v; want %v, %v", c.rule, c.values, got, err, c.want, c.err)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	e := env(t)
	for _, c := range []struct{ rule, want string }{
		{`naem == ""`, `1:1: unknown name "naem"; did you mean "name"?`},
		{`name == 5`, "1:6: == does not work on text and whole number"},
		{`area * 2 > 1.0`, "* does not work on number and whole number (write whole numbers as 2.0"},
		{`home.provnce == ""`, `1:5: there is no field "provnce" here`},
		{`children.all(c, c.nam != "")`, `there is no field "nam" here`},
		{`filled(aera)`, `unknown name "aera"; did you mean "area"?`},
		{`name`, "the result must be yes/no, not text"},
		{``, "the rule is empty"},
		{`name ==`, "1:8"},
		{`name.matches("(?=a)")`, "1:14: invalid matches argument"},
		{`age(area) > 1`, "age does not work on number and date"},
		{strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), "recursion"},
		{`name == "` + strings.Repeat("x", 5000) + `"`, "size"},
	} {
		_, err := e.Compile(c.rule, rules.Bool)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Compile(%.40q) = %v; want it to say %q", c.rule, err, c.want)
		}
	}
	var ce *rules.CompileError
	if _, err := e.Compile("true &&\n naem", rules.Bool); !errors.As(err, &ce) || ce.Line != 2 || ce.Col != 2 {
		t.Errorf("place of the error = %+v; want line 2, column 2", ce)
	}
}

func TestRefs(t *testing.T) {
	e := env(t)
	r, err := e.Compile(`filled(area) && home.province == "1" && children.all(c, c.name == name) && today > timestamp("2020-01-01T00:00:00Z")`, rules.Bool)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(r.Refs(), " "), "area children home.province name"; got != want {
		t.Errorf("Refs() = %s; want %s", got, want)
	}
}

func TestRunawayRulesAreStopped(t *testing.T) {
	e := env(t)
	list := make([]string, 300)
	r, err := e.Compile(`tags.all(a, tags.all(b, tags.all(c, a == b && b == c)))`, rules.Bool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Bool(scope(e, map[string]any{"tags": list})); err == nil || !strings.Contains(err.Error(), "cost limit") {
		t.Errorf("a rule of 27 million turns gave %v; want the cost limit", err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := e.NewScope(ctx, time.Now())
	s.Set("tags", list)
	if _, err := r.Bool(s); !errors.Is(err, context.Canceled) {
		t.Errorf("evaluation under an ended context gave %v; want context.Canceled", err)
	}
}

func TestFaultsAreErrors(t *testing.T) {
	e := env(t)
	for _, rule := range []string{`tags[5] == ""`, `1 / fee == 1`, `answers.x == 1`, `days("x", today) > 0`, `sum(children.map(c, c.income)) > 0`, `int(name) > 0`} {
		r, err := e.Compile(rule, rules.Bool)
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		_, err = r.Bool(scope(e, map[string]any{"children": []map[string]any{{"income": int64(1) << 62}, {"income": int64(1) << 62}}}))
		if err == nil || errors.Is(err, rules.ErrUnknown) {
			t.Errorf("%s gave %v; want a plain fault", rule, err)
		}
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{"child_name": true, "a1": true, "": false, "1a": false, "Tên": false, "in": false, "child-name": false, "loop": false} {
		if err := rules.CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v; want ok %v", name, err, ok)
		}
	}
	if _, err := rules.NewEnv(rules.Var{Name: "a", Type: rules.Bool}, rules.Var{Name: "a", Type: rules.Int}); err == nil {
		t.Error("two variables of one name were accepted")
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`name == ""`, `filled(home.line)`, `children.map(c, c.income)`, `tags[0]`, `age(birth)/fee > days(today, today)`, `{"a": name}["b"]`, `home`, `filled(filled(x))`} {
		f.Add(s)
	}
	e := env(f)
	values := map[string]any{"name": "A", "birth": "1990-05", "children": []map[string]any{{"income": int64(1)}}, "home": map[string]any{"line": "1"}}
	f.Fuzz(func(t *testing.T, source string) {
		r, err := e.Compile(source, rules.Bool, rules.String, rules.Int, rules.Float)
		if err != nil {
			return
		}
		for _, v := range []map[string]any{nil, values} {
			first, errFirst := r.Eval(scope(e, v))
			again, errAgain := r.Eval(scope(e, v))
			if (errFirst == nil) != (errAgain == nil) {
				t.Fatalf("%q is not deterministic: %v %v, then %v %v", source, first, errFirst, again, errAgain)
			}
		}
	})
}

func BenchmarkEval(b *testing.B) {
	e := env(b)
	r, err := e.Compile(`age(birth) >= 18 && home.province in ["42", "44"] && (foreign || fee < 50000)`, rules.Bool)
	if err != nil {
		b.Fatal(err)
	}
	s := scope(e, map[string]any{"birth": "1990-01-01", "home": map[string]any{"province": "42"}, "fee": int64(8000)})
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := r.Bool(s); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
