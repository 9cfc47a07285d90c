package i18n_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"motcua/internal/platform/i18n"
)

func locale(vi, en string) fstest.MapFS {
	return fstest.MapFS{"locale/vi.json": {Data: []byte(vi)}, "locale/en.json": {Data: []byte(en)}}
}

func TestTextReadsStringsAndMaps(t *testing.T) {
	for _, c := range []struct {
		yaml string
		want i18n.Text
		bad  string
	}{
		{yaml: `Đăng ký khai sinh`, want: i18n.Text{VI: "Đăng ký khai sinh"}},
		{yaml: `{vi: Khai sinh, en: Birth}`, want: i18n.Text{VI: "Khai sinh", EN: "Birth"}},
		{yaml: `{en: Birth}`, want: i18n.Text{EN: "Birth"}},
		{yaml: `2026`, want: i18n.Text{VI: "2026"}},
		{yaml: `null`, want: i18n.Text{}},
		{yaml: `{vi: Khai sinh, eng: Birth}`, bad: `not "eng"`},
		{yaml: `[a, b]`, bad: "string or a map"},
	} {
		var got struct{ T i18n.Text }
		err := yaml.Unmarshal([]byte("t: "+c.yaml), &got)
		if c.bad != "" {
			if err == nil || !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%s: error %v, want one with %q", c.yaml, err, c.bad)
			}
			continue
		}
		if err != nil || got.T != c.want {
			t.Errorf("%s: got %+v, %v", c.yaml, got.T, err)
		}
	}
	var x i18n.Text
	if err := json.Unmarshal([]byte(`{"vi":"a","fr":"b"}`), &x); err == nil {
		t.Error("JSON text with a third language was accepted")
	}
	if err := json.Unmarshal([]byte(`7`), &x); err == nil {
		t.Error("a JSON number was accepted as text")
	}
}

func TestTextSurvivesWritingAndReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := i18n.Text{VI: rapid.String().Draw(t, "vi"), EN: rapid.String().Draw(t, "en")}
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out i18n.Text
		if err := json.Unmarshal(b, &out); err != nil || out != in {
			t.Fatalf("JSON %s: %+v, %v; want %+v", b, out, err, in)
		}
	})
}

func TestTextFallsBackToTheOtherLanguage(t *testing.T) {
	en := i18n.WithLang(context.Background(), i18n.EN)
	if got := i18n.V("Chỉ tiếng Việt").In(en); got != "Chỉ tiếng Việt" {
		t.Errorf("English page shows %q", got)
	}
	if got := (i18n.Text{EN: "Only English"}).In(context.Background()); got != "Only English" {
		t.Errorf("Vietnamese page shows %q", got)
	}
	if got := (i18n.Text{VI: "Cho {ten}", EN: "For {ten}"}).Replace(map[string]string{"ten": "Ánh"}); got.VI != "Cho Ánh" || got.EN != "For Ánh" {
		t.Errorf("Replace gives %+v", got)
	}
}

func TestBundleSpeaks(t *testing.T) {
	b, err := i18n.New(
		locale(`{"a.hello":"Chào {name}","q.count":"{n} hồ sơ","a.sum":"Tổng {sum}"}`,
			`{"a.hello":"Hello {name}","q.count.one":"{n} dossier","q.count.other":"{n} dossiers","a.sum":"Total {sum}"}`),
		nil,
		locale(`{"b.key":"Khác"}`, `{"b.key":"Other"}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	vi := i18n.WithBundle(context.Background(), b)
	en := i18n.WithLang(vi, i18n.EN)
	for _, c := range []struct {
		ctx  context.Context
		key  string
		kv   []any
		want string
	}{
		{vi, "a.hello", []any{"name", "Hoa"}, "Chào Hoa"},
		{en, "a.hello", []any{"name", i18n.Text{VI: "Hoa", EN: "Flower"}}, "Hello Flower"},
		{vi, "q.count", []any{"n", 1}, "1 hồ sơ"},
		{en, "q.count", []any{"n", 1}, "1 dossier"},
		{en, "q.count", []any{"n", int64(1234)}, "1,234 dossiers"},
		{vi, "q.count", []any{"n", 1234567}, "1.234.567 hồ sơ"},
		{vi, "a.sum", []any{"sum", 1234.5}, "Tổng 1.234,5"},
		{vi, "a.hello", []any{"name", errors.New("password is hunter2")}, "Chào "},
		{vi, "a.hello", nil, "Chào {name}"},
		{en, "b.key", nil, "Other"},
		{en, "no.such", nil, "⟦no.such⟧"},
	} {
		if got := i18n.T(c.ctx, c.key, c.kv...); got != c.want {
			t.Errorf("T(%s, %s, %v) = %q, want %q", i18n.Lang(c.ctx), c.key, c.kv, got, c.want)
		}
	}
}

func TestMissingKeyIsReportedOnce(t *testing.T) {
	b, err := i18n.New(locale(`{"a":"x"}`, `{"a":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	var reported []string
	b.OnMissing(func(lang, key string) { reported = append(reported, lang+" "+key) })
	for range 3 {
		b.T(i18n.VI, "gone")
	}
	b.T(i18n.EN, "gone")
	if got := strings.Join(reported, ","); got != "vi gone,en gone" {
		t.Errorf("reported %q", got)
	}
}

func TestValuesAreNotExpandedTwice(t *testing.T) {
	b, err := i18n.New(locale(`{"a":"{x} và {y}"}`, `{"a":"{x} and {y}"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := b.T(i18n.VI, "a", "x", "{y}", "y", "{x}"); got != "{y} và {x}" {
		t.Errorf("a value was taken for a placeholder: %q", got)
	}
}

func TestBundleRefusesBadFiles(t *testing.T) {
	if _, err := i18n.New(locale(`{"a":"1"}`, `{"a":"1"}`), locale(`{"a":"2"}`, `{"a":"2"}`)); err == nil || !strings.Contains(err.Error(), "already claimed") {
		t.Errorf("two rooms claim one key: %v", err)
	}
	if _, err := i18n.New(locale(`{"a":{"b":"nested"}}`, `{}`)); err == nil {
		t.Error("nested keys were accepted")
	}
	if _, err := i18n.New(fstest.MapFS{"readme.txt": {}}); err == nil {
		t.Error("a folder without locale files was accepted")
	}
}

func TestCheckFindsHoles(t *testing.T) {
	b, err := i18n.New(locale(
		`{"a":"x","only.vi":"x","p":"{name} {day}","n.other":"{n} hồ sơ","empty":" "}`,
		`{"a":"x","only.en":"x","p":"{name}","n.one":"one","n.other":"{n} dossiers","empty":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"p": vi has placeholders [{day} {name}], en has [{name}]`,
		`en: "only.vi" is missing`,
		`vi: "empty" is empty`,
		`vi: "only.en" is missing`,
	}
	if got := i18n.Check(b); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFormats(t *testing.T) {
	vi := context.Background()
	en := i18n.WithLang(vi, i18n.EN)
	at := time.Date(2026, 2, 4, 18, 5, 0, 0, time.UTC) // already the 5th in Vietnam
	for _, c := range []struct{ got, want string }{
		{i18n.Date(vi, at), "05/02/2026"},
		{i18n.Date(en, at), "5 Feb 2026"},
		{i18n.DateTime(vi, at), "01:05 ngày 05/02/2026"},
		{i18n.DateTime(en, at), "01:05, 5 Feb 2026"},
		{i18n.Clock(vi, at), "01:05"},
		{i18n.Date(vi, time.Time{}), ""},
		{i18n.Day(vi, 1960, time.December, 1), "01/12/1960"},
		{i18n.Machine(at), "2026-02-05T01:05:00+07:00"},
		{i18n.Number(vi, 1234567), "1.234.567"},
		{i18n.Number(en, -1234567), "-1,234,567"},
		{i18n.Number(vi, 999), "999"},
		{i18n.Number(vi, 0), "0"},
		{i18n.Decimal(vi, 1234567.891, 2), "1.234.567,89"},
		{i18n.Decimal(en, -0.5, -1), "-0.5"},
		{i18n.Percent(vi, 0.9544), "95,4%"},
		{i18n.Money(vi, 8000), "8.000 đồng"},
		{i18n.Money(en, 8000), "VND 8,000"},
		{i18n.Bytes(vi, 20_000_000), "20 MB"},
		{i18n.Bytes(vi, 2_400_000), "2,4 MB"},
		{i18n.Bytes(en, 82_400), "82 kB"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestGroupingKeepsTheDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		s := i18n.Number(context.Background(), n)
		var back int64
		if err := json.Unmarshal([]byte(strings.ReplaceAll(s, ".", "")), &back); err != nil || back != n {
			t.Fatalf("%d is written %q", n, s)
		}
	})
}
