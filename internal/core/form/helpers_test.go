package form_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"motcua/internal/core/form"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/money"
	"motcua/internal/platform/ui"
)

func bundle(t testing.TB) *i18n.Bundle {
	t.Helper()
	b, err := i18n.New(form.Locales(), ui.Locales(), civil.Locales(), ident.Locales(), money.Locales())
	if err != nil {
		t.Fatal(err)
	}
	b.OnMissing(func(lang, key string) { t.Errorf("no words for %s in %s", key, lang) })
	return b
}

// render draws a component with the words of the house; a missing word fails the test.
func render(t testing.TB, c templ.Component) string {
	t.Helper()
	return renderIn(t, c, i18n.VI)
}

func renderIn(t testing.TB, c templ.Component, lang string) string {
	t.Helper()
	ctx := i18n.WithLang(i18n.WithBundle(context.Background(), bundle(t)), lang)
	var b strings.Builder
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wholeSchema(t testing.TB, f *form.Form) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:x", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:x")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func jsonOf(t testing.TB, v any) any {
	t.Helper()
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(mustJSON(t, v)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func renderRapid(t *rapid.T, f *form.Form, step string, a form.Answers) string {
	ctx := i18n.WithBundle(context.Background(), quietBundle())
	var b strings.Builder
	if err := f.View(step, a, nil, env()).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var quietBundle = sync.OnceValue(func() *i18n.Bundle {
	b, err := i18n.New(form.Locales(), ui.Locales())
	if err != nil {
		panic(err)
	}
	return b
})

func mustJSONRapid(t *rapid.T, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func jsonOfRapid(t *rapid.T, v any) any {
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(mustJSONRapid(t, v)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// compact is a draft without what says nothing: rows nobody touched, computed values.
func compact(t *rapid.T, f *form.Form, a form.Answers) string {
	out := form.Answers{}
	for k, v := range a {
		rows, ok := v.([]form.Answers)
		if ok && len(rows) == 0 {
			continue
		}
		if ok {
			copied := make([]form.Answers, len(rows))
			for i, r := range rows {
				copied[i] = form.Answers{}
				for id, x := range r {
					if id != "years" {
						copied[i][id] = x
					}
				}
			}
			v = copied
		}
		out[k] = v
	}
	return mustJSONRapid(t, out)
}
