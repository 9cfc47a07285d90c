package pack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
)

// clockForm is how cases write a moment, in Vietnamese time.
const clockForm = "2006-01-02T15:04"

// moment reads a moment, or a span after the act before: +10m, +2h30m, +3d.
func (s *story) moment(pos decl.Pos, text string) (time.Time, bool) {
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		if days, ok := strings.CutSuffix(rest, "d"); ok {
			if n, err := strconv.Atoi(days); err == nil {
				return s.now.AddDate(0, 0, n), true
			}
		} else if d, err := time.ParseDuration(rest); err == nil {
			return s.now.Add(d), true
		}
		s.bad(pos, "%q is not a span such as +10m, +2h30m or +3d", text)
		return time.Time{}, false
	}
	t, err := time.ParseInLocation(clockForm, text, civil.Zone)
	if err != nil {
		s.bad(pos, "%q is not a moment such as 2026-03-02T09:00", text)
		return time.Time{}, false
	}
	return t, true
}

func local(t time.Time) string { return t.In(civil.Zone).Format(clockForm) }

// same compares a value of a case with one of the program: numbers by their value.
func same(want, got any) bool {
	if a, ok := number(want); ok {
		b, ok := number(got)
		return ok && a == b
	}
	return fmt.Sprint(want) == fmt.Sprint(got)
}

func number(v any) (float64, bool) {
	switch x := v.(type) {
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return out
}

// sameNames reports whether exactly the named inputs are marked.
func sameNames(bad []errs.Field, want []string) bool {
	var got []string
	for _, f := range bad {
		got = append(got, f.Name)
	}
	return slices.Equal(slices.Compact(sorted(got)), slices.Compact(sorted(want)))
}

func describe(bad []errs.Field) string {
	if len(bad) == 0 {
		return "nothing"
	}
	var out []string
	for _, f := range bad {
		out = append(out, fmt.Sprintf("%s (%s)", f.Name, f.Code))
	}
	return strings.Join(out, ", ")
}

func describeNames(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
