package form_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"motcua/internal/core/form"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

// page is a drawn step, as a browser without scripts sees it.
type page struct {
	ids    map[string]int
	refs   map[string][]string // attribute → ids it refers to
	fields url.Values          // what pressing the button would post
	text   string
}

func parsePage(t interface{ Fatal(...any) }, source string) page {
	doc, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	p := page{ids: map[string]int{}, refs: map[string][]string{}, fields: url.Values{}, text: source}
	var walk func(n *html.Node, list string)
	walk = func(n *html.Node, list string) {
		if n.Type == html.ElementNode {
			a := map[string]string{}
			for _, x := range n.Attr {
				a[x.Key] = x.Val
			}
			if id, ok := a["id"]; ok {
				p.ids[id]++
			}
			for _, key := range []string{"for", "aria-describedby", "list"} {
				p.refs[key] = append(p.refs[key], strings.Fields(a[key])...)
			}
			_, checked := a["checked"]
			_, selected := a["selected"]
			switch {
			case n.Data == "input" && (a["type"] == "radio" || a["type"] == "checkbox"):
				if checked {
					p.fields.Add(a["name"], a["value"])
				}
			case n.Data == "input" && a["type"] != "file":
				p.fields.Add(a["name"], a["value"])
			case n.Data == "textarea":
				p.fields.Add(a["name"], strings.TrimPrefix(textOf(n), "\n"))
			case n.Data == "select":
				list = a["name"]
			case n.Data == "option" && selected && list != "":
				p.fields.Add(list, a["value"])
			case n.Data == "datalist":
				list = ""
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, list)
		}
	}
	walk(doc, "")
	return p
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
	}
	return b.String()
}

func TestViewIsAccessible(t *testing.T) {
	f := birth(t)
	draft, _ := f.FromMap(with(good(), "siblings", []any{map[string]any{"name": "A"}, map[string]any{}}))
	draft[form.RawKey] = map[string]string{"child_birth": "31/02", "home_place.commune": "xx", "siblings.0.birth": "mai"}
	for _, a := range []form.Answers{{}, draft} {
		for _, step := range f.StepIDs() {
			for _, lang := range i18n.Languages() {
				bad := f.ValidateStep(step, a, env())
				p := parsePage(t, renderIn(t, f.View(step, a, bad, env()), lang))
				for id, n := range p.ids {
					if n > 1 {
						t.Errorf("step %s: the id %s stands %d times", step, id, n)
					}
				}
				for attr, ids := range p.refs {
					for _, id := range ids {
						if p.ids[id] == 0 {
							t.Errorf("step %s: %s names %s, which is not there", step, attr, id)
						}
					}
				}
				for _, e := range bad {
					if id := "f-" + strings.ReplaceAll(e.Name, ".", "-"); p.ids[id] == 0 {
						t.Errorf("step %s: the error summary would lead to %s, which is not there", step, id)
					}
					if id := "f-" + strings.ReplaceAll(e.Name, ".", "-") + "-error"; p.ids[id] == 0 {
						t.Errorf("step %s: no message stands at %s", step, e.Name)
					}
				}
				if strings.Contains(p.text, "⟦") {
					t.Errorf("step %s: words are missing in %s", step, lang)
				}
			}
		}
	}
}

func TestViewSaysWhatIsKnownAndAsksAgain(t *testing.T) {
	f := birth(t)
	draft := f.Prefill(form.Answers{}, env())
	first := render(t, f.View("requester", draft, nil, env()))
	if n := strings.Count(first, "Lấy từ: tài khoản của bạn"); n != 3 {
		t.Errorf("%d fields say where they come from; want 3", n)
	}
	draft["requester_name"] = "Người khác"
	if n := strings.Count(render(t, f.View("requester", draft, nil, env())), "Lấy từ:"); n != 2 {
		t.Errorf("a changed answer still says that it is known (%d)", n)
	}
	child := render(t, f.View("child", draft, nil, env()))
	for _, want := range []string{`hx-vals="{&#34;_row&#34;:&#34;refresh:born_at&#34;}"`, `<noscript>`, `name="facility"`, `value="refresh:born_at"`} {
		if !strings.Contains(child, want) {
			t.Errorf("the page of the child lacks %s", want)
		}
	}
	draft["facility"], draft["born_at"] = "Trạm y tế", "elsewhere"
	child = render(t, f.View("child", draft, nil, env()))
	if !strings.Contains(child, `<input type="hidden" name="facility" value="Trạm y tế"`) {
		t.Errorf("the answer of a question that went away is not carried:\n%s", child)
	}
	if got := render(t, f.View("nowhere", draft, nil, env())); got != "" {
		t.Errorf("a step that does not exist draws %q", got)
	}
	if !f.NeedsMultipart("more") || f.NeedsMultipart("child") || f.NeedsMultipart("nowhere") {
		t.Error("NeedsMultipart is wrong")
	}
}

func TestTypedMarkupStaysText(t *testing.T) {
	f := birth(t)
	const evil = `"><script>alert(1)</script>`
	a := form.Answers{
		"child_name": evil, "facility": evil, "born_at": "facility", "note": evil, "siblings": []form.Answers{{"name": evil}},
		"proof":     []form.File{{ID: evil, Name: evil}},
		form.RawKey: map[string]string{"child_birth": evil, "home_place.commune": evil},
	}
	bad := []errs.Field{errs.Bad("child_name", "form.message", "message", evil)}
	for _, step := range f.StepIDs() {
		if out := render(t, f.View(step, a, bad, env())); strings.Contains(out, "<script>") {
			t.Errorf("step %s carries the script", step)
		}
	}
	if out := render(t, f.Summary(a, form.SummaryOptions{Env: env()})); strings.Contains(out, "<script>") {
		t.Error("the summary carries the script")
	}
}

func TestSummary(t *testing.T) {
	f := birth(t)
	a, _ := f.FromMap(good())
	out := render(t, f.Summary(a, form.SummaryOptions{
		Env: env(), EditURL: func(step string) string { return "/sua/" + step }, FileURL: func(file form.File) string { return "/tep/" + file.ID },
	}))
	for _, want := range []string{"20/02/2026", "Nữ", "100.000 đồng", `href="/sua/child"`, `href="/tep/f1"`, "Không khai", "Người con 1"} {
		if !strings.Contains(out, want) {
			t.Errorf("the summary lacks %s", want)
		}
	}
	if masked := render(t, f.Summary(a, form.SummaryOptions{Env: env(), Mask: true})); strings.Contains(masked, "042190001234") || strings.Contains(masked, "giay.pdf") {
		t.Error("the masked summary shows personal data")
	}
}

// Whatever a draft holds, drawing a step and posting the page unchanged gives the
// same draft: nothing is lost or altered by looking at it.
func TestPostingAnUntouchedPageChangesNothing(t *testing.T) {
	f := birth(t)
	rapid.Check(t, func(t *rapid.T) {
		draft := anyDraft(f).Draw(t, "draft")
		for _, step := range f.StepIDs() {
			posted := parsePage(t, renderRapid(t, f, step, draft)).fields
			a, _ := f.Parse(step, posted)
			again := f.Merge(draft, step, a)
			if was, is := compact(t, f, draft), compact(t, f, again); was != is {
				t.Fatalf("posting step %s changed the draft:\n%s\n%s\n%v", step, was, is, posted)
			}
		}
	})
}

func TestJudgingHasNoSurprises(t *testing.T) {
	f := birth(t)
	schema := wholeSchema(t, f)
	rapid.Check(t, func(t *rapid.T) {
		draft := anyDraft(f).Draw(t, "draft")
		before := mustJSONRapid(t, draft)
		bad := f.Validate(draft, env())
		clean := f.Clean(draft, env())
		if mustJSONRapid(t, draft) != before {
			t.Fatal("judging changed the draft")
		}
		if again := f.Clean(clean, env()); draft[form.RawKey] == nil && mustJSONRapid(t, again) != mustJSONRapid(t, clean) {
			t.Fatalf("cleaning twice differs:\n%v\n%v", clean, again)
		}
		var steps []errs.Field
		for _, step := range f.StepIDs() {
			steps = append(steps, f.ValidateStep(step, draft, env())...)
		}
		if codes(steps) != codes(bad) {
			t.Fatalf("the steps say %s, the whole says %s", codes(steps), codes(bad))
		}
		seen := map[string]bool{}
		for _, e := range bad {
			if seen[e.Name] && e.Code != "form.message" {
				t.Fatalf("two faults for the input %s: %s", e.Name, codes(bad))
			}
			seen[e.Name] = true
		}
		if len(bad) > 0 {
			return
		}
		if left := f.Validate(clean, env()); len(left) > 0 {
			t.Fatalf("what is submitted is refused: %s", codes(left))
		}
		if err := schema.Validate(jsonOfRapid(t, clean)); err != nil {
			t.Fatalf("what is submitted does not fit the published schema: %v", err)
		}
	})
}

// anyDraft draws drafts of every sort: good answers with some taken away, others put
// in, and text that cannot be read.
func anyDraft(f *form.Form) *rapid.Generator[form.Answers] {
	some := map[string][]any{
		"child_birth":     {"2026-02-28", "2020-01-01", "2027-01-01"},
		"born_at":         {"facility", "elsewhere", "found"},
		"facility":        {"Trạm y tế", "Bệnh viện Ơ"},
		"weight":          {0.0, 3.5, 12.25},
		"home_place":      {map[string]any{"text": "Paris"}, map[string]any{"province": "04"}, map[string]any{"province": "01", "commune": "00008"}, map[string]any{"line": "Số 5"}},
		"mother_birth":    {"1948", "1990-05", "1990-05-01", "2025"},
		"father_declared": {true, false},
		"father_name":     {"Trần Văn B"},
		"siblings": {[]any{}, []any{map[string]any{"alive": true}}, []any{map[string]any{"name": "A", "alive": false, "died": "2021-01-01"}, map[string]any{"name": "B", "birth": "2020-02-29"}},
			[]any{map[string]any{"name": "A", "alive": true, "died": "2021-01-01"}}},
		"languages":       {[]any{"vi", "tay"}, []any{"vi"}},
		"copies":          {0.0, 20.0, 21.0},
		"gift":            {0.0, 5e6, 6e6},
		"note":            {"dòng 1\ndòng 2", "x"},
		"sworn":           {true},
		"proof":           {[]any{map[string]any{"id": "f2", "name": "b.jpg", "size": 5.0, "type": "image/jpeg"}}},
		"requester_email": {"a@b.vn"},
	}
	raw := map[string]string{"child_birth": "31/02", "weight": "nặng", "home_place.commune": "nowhere", "siblings.0.birth": "mai", "mother_birth": "năm 90"}
	return rapid.Custom(func(t *rapid.T) form.Answers {
		m := good()
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if rapid.IntRange(0, 5).Draw(t, "drop "+key) == 0 {
				delete(m, key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(some)) {
			if rapid.IntRange(0, 2).Draw(t, "put "+key) == 0 {
				m[key] = rapid.SampledFrom(some[key]).Draw(t, key)
			}
		}
		a, bad := f.FromMap(m)
		if len(bad) > 0 {
			t.Fatal(codes(bad))
		}
		unread := map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(raw)) {
			if rapid.IntRange(0, 5).Draw(t, "raw "+name) == 0 {
				head, rest, dotted := strings.Cut(name, ".")
				if head == "siblings" {
					if rows, ok := a["siblings"].([]form.Answers); !ok || len(rows) == 0 {
						continue
					} else {
						delete(rows[0], "birth")
					}
				} else if dotted && rest == "commune" {
					a[head] = form.Answers{"province": "01", "text": "Thành phố Hà Nội"}
				} else {
					delete(a, head)
				}
				unread[name] = raw[name]
			}
		}
		if len(unread) > 0 {
			a[form.RawKey] = unread
		}
		return a
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"child_name=An", "siblings.0.name=A&siblings.1.birth=x&_row=add:siblings", "home_place.province=01&home_place.commune=%C4%90", "_row=remove:siblings:99999999999", "gift=1.000&copies=,,&weight=-", "siblings.00.name=a&siblings.999999999.name=b", "proof_id=a&proof_remove=a"} {
		f.Add(s)
	}
	fm := birth(f)
	f.Fuzz(func(t *testing.T, query string) {
		posted, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, bad := fm.Parse("", posted)
		draft := fm.Merge(form.Answers{}, "", a)
		if raw, ok := draft[form.RawKey]; ok && len(raw.(map[string]string)) > 0 && len(bad) == 0 {
			for name := range raw.(map[string]string) {
				if !strings.HasSuffix(name, ".province") { // "another address" without words is only missing
					t.Fatalf("text was kept as unreadable without an error: %v", raw)
				}
			}
		}
		stored, err := fm.Load([]byte(mustJSON(t, draft)))
		if err != nil {
			t.Fatal(err)
		}
		if mustJSON(t, stored) != mustJSON(t, draft) {
			t.Fatalf("the draft changed in the database:\n%s\n%s", mustJSON(t, draft), mustJSON(t, stored))
		}
		fm.Validate(stored, env())
		fm.Clean(stored, env())
	})
}

func FuzzDecodeForm(f *testing.F) {
	f.Add(`{id: f, title: F, steps: [{id: s, title: S, fields: [{id: a, kind: number, label: A, compute: "1", show: "a > 1"}]}]}`)
	f.Add(fields("{id: g, kind: group, label: G, fields: [{id: a, kind: computed, label: A, compute: 'sum(g.map(x, x.a))'}]}"))
	f.Fuzz(func(t *testing.T, text string) {
		def, err := form.Decode("f.yaml", []byte(text))
		if err != nil {
			return
		}
		fm, err := form.Compile(def)
		if err != nil {
			return
		}
		fm.Validate(form.Answers{"a": "x"}, env())
		fm.Clean(fm.Prefill(form.Answers{}, env()), env())
	})
}

func BenchmarkValidate(b *testing.B) {
	f := birth(b)
	a, _ := f.FromMap(good())
	e := env()
	b.ReportAllocs()
	for b.Loop() {
		if bad := f.Validate(a, e); len(bad) > 0 {
			b.Fatal(codes(bad))
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	def := birth(b).Definition()
	for b.Loop() {
		if _, err := form.Compile(def); err != nil {
			b.Fatal(err)
		}
	}
}
