package form_test

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/core/form"
	"motcua/internal/core/place"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// compile reads a form or stops the test with every problem.
func compile(t testing.TB, file, text string) *form.Form {
	t.Helper()
	def, err := form.Decode(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	f, err := form.Compile(def)
	if err != nil {
		t.Fatal(err)
	}
	return f.In(house{place.National()})
}

// house has units, and a day on which it looks at them.
type house struct{ index *place.Index }

func (h house) Current() *place.Index { return h.index }
func (h house) Today() civil.Date     { return civil.MustDate("2026-11-27") }

func birth(t testing.TB) *form.Form {
	t.Helper()
	text, err := os.ReadFile("testdata/birth.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, "birth.yaml", string(text))
}

// env is noon of 2 March 2026 in Vietnam.
func env() form.Env {
	return form.Env{
		Now:       time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC),
		Submitter: map[string]string{"name": "Lê Thị Hạnh", "citizen_no": "042190001234", "phone": "0912345678"},
	}
}

// good is a complete and correct birth form as the API would send it.
func good() map[string]any {
	return map[string]any{
		"requester_name": "Lê Thị Hạnh", "requester_no": "042190001234", "requester_phone": "0912345678",
		"child_name": "Lê Minh An", "child_gender": "female", "child_birth": "2026-02-20", "born_at": "facility", "facility": "Trạm y tế",
		"weight": 3.25, "home_place": map[string]any{"province": "01", "commune": "00004", "line": "Số 1"},
		"mother_birth": "1990", "father_declared": false, "sworn": true,
		"proof":    []any{map[string]any{"id": "f1", "name": "giay.pdf", "size": 1000.0, "type": "application/pdf"}},
		"siblings": []any{map[string]any{"name": "Lê An", "birth": "2020-01-01", "alive": true}},
		"copies":   2.0, "gift": 100000.0, "languages": []any{"tay"},
	}
}

func without(m map[string]any, keys ...string) map[string]any {
	for _, k := range keys {
		delete(m, k)
	}
	return m
}

func with(m map[string]any, kv ...any) map[string]any {
	for i := 0; i+1 < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

// codes writes errors as "name:code", the way the tests compare them.
func codes(fields []errs.Field) string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name + ":" + f.Code
	}
	return strings.Join(out, " ")
}

func TestValidate(t *testing.T) {
	f := birth(t)
	row := func(kv ...any) []any { return []any{with(map[string]any{"name": "A"}, kv...)} }
	for name, c := range map[string]struct {
		answers map[string]any
		want    string
	}{
		"good":                           {good(), ""},
		"nothing":                        {map[string]any{}, "requester_name:form.required requester_no:form.required requester_phone:form.required child_name:form.required child_gender:form.required-choice child_birth:form.required born_at:form.required-choice home_place.province:form.required mother_birth:form.required father_declared:form.required-choice sworn:form.required-declaration"},
		"require rule off":               {with(without(good(), "requester_phone"), "requester_email", "a@b.vn"), ""},
		"hidden field is not required":   {with(without(good(), "facility", "proof"), "born_at", "elsewhere"), ""},
		"shown field is required":        {without(good(), "facility"), "facility:form.required"},
		"hidden step":                    {with(without(good(), "mother_birth", "father_declared", "facility", "proof"), "born_at", "found"), ""},
		"shown by yes_no":                {with(good(), "father_declared", true), "father_name:form.required"},
		"bad choice":                     {with(good(), "child_gender", "x"), "child_gender:form.option"},
		"bad date":                       {with(good(), "child_birth", "2026-02-30"), "child_birth:date.nonexistent"},
		"future date":                    {with(good(), "child_birth", "2026-03-03"), "child_birth:form.date-future"},
		"today is not the future":        {with(good(), "child_birth", "2026-03-02"), ""},
		"date too early":                 {with(good(), "child_birth", "1926-03-01"), "child_birth:form.date-early"},
		"partial year too young":         {with(good(), "mother_birth", "2017"), "mother_birth:form.date-late"},
		"partial year may be old enough": {with(good(), "mother_birth", "2016"), ""},
		"a date in the wrong spelling":   {with(good(), "child_birth", "20/02/2026"), ""}, // texts are normalised as if typed
		"too long in characters":         {with(good(), "child_name", "Đặng Thị Hường Ơ"), "child_name:form.too-long"},
		"fits in characters":             {with(good(), "child_name", "Đặng Thị Hường"), ""},
		"too short":                      {with(good(), "child_name", "A"), "child_name:form.too-short"},
		"number below":                   {with(good(), "weight", 0.1), "weight:form.min"},
		"number above":                   {with(good(), "weight", 12.5), "weight:form.max"},
		"too many decimals":              {with(good(), "weight", 3.125), "weight:form.decimals"},
		"whole number":                   {with(good(), "copies", 1.5), "copies:form.whole"},
		"amount above":                   {with(good(), "gift", 5000001.0), "gift:form.max"},
		"negative amount":                {with(good(), "gift", -1.0), "gift:form.min"},
		"commune of another province":    {with(good(), "home_place", map[string]any{"province": "04", "commune": "00004"}), "home_place.commune:form.commune"},
		"no commune":                     {with(good(), "home_place", map[string]any{"province": "01"}), "home_place.commune:form.required-commune"},
		"unknown province":               {with(good(), "home_place", map[string]any{"province": "99", "commune": "00004"}), "home_place.province:form.option"},
		"old address as text":            {with(good(), "home_place", map[string]any{"text": "Huyện Từ Liêm, Hà Nội"}), ""},
		"citizen number":                 {with(good(), "requester_no", "04219000123"), "requester_no:citizen-number.length"},
		"old identity card":              {with(good(), "requester_no", "123456789"), "requester_no:citizen-number.old-id"},
		"tax code":                       {with(good(), "company", "0100109107"), "company:tax-code.check-digit"},
		"phone":                          {with(good(), "requester_phone", "12"), "requester_phone:phone.prefix"},
		"mail":                           {with(good(), "requester_email", "a@"), "requester_email:email.format"},
		"declaration not made":           {with(good(), "sworn", false), "sworn:form.required-declaration"},
		"file kind":                      {with(good(), "proof", []any{map[string]any{"id": "f", "name": "a.exe", "type": "application/x-msdownload"}}), "proof:form.file-type"},
		"file size":                      {with(good(), "proof", []any{map[string]any{"id": "f", "size": 6e6}}), "proof:form.file-size"},
		"too many files":                 {with(good(), "proof", []any{map[string]any{"id": "1"}, map[string]any{"id": "2"}, map[string]any{"id": "3"}}), "proof:form.files-many"},
		"row without name":               {with(good(), "siblings", []any{map[string]any{"birth": "2020-01-01"}}), "siblings.0.name:form.required"},
		"row rule":                       {with(good(), "siblings", row("alive", false)), "siblings.0.died:form.required"},
		"row date":                       {with(good(), "siblings", row("birth", "2030-01-01")), "siblings.0.birth:form.date-future"},
		"untouched row is no row":        {with(good(), "siblings", []any{map[string]any{"alive": true}, map[string]any{}}), ""},
		"options twice":                  {with(good(), "languages", []any{"vi", "vi"}), "languages:form.wrong-shape"},
		"unknown option of many":         {with(good(), "languages", []any{"xx"}), "languages:form.option"},
		"check":                          {with(good(), "mother_birth", "1950"), "mother_birth:form.message"},
		"check off by another answer":    {with(good(), "mother_birth", "1950", "requester_email", "a@b.vn"), ""},
		"check waits for its fields":     {with(without(good(), "child_birth"), "mother_birth", "1990"), "child_birth:form.required"},
	} {
		a, bad := f.FromMap(c.answers)
		if len(bad) > 0 {
			t.Errorf("%s: reading the answers: %s", name, codes(bad))
			continue
		}
		if got := codes(f.Validate(a, env())); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestStrangersAnswersAreRefused(t *testing.T) {
	f := birth(t)
	for name, c := range map[string]struct {
		answers map[string]any
		want    string
	}{
		"unknown":        {with(good(), "admin", true), "admin:form.unknown-answer"},
		"computed":       {with(good(), "fee", 0), "fee:form.unknown-answer"},
		"information":    {with(good(), "late", "x"), "late:form.unknown-answer"},
		"raw":            {with(good(), form.RawKey, map[string]any{"x": "y"}), "_raw:form.unknown-answer"},
		"unknown in row": {with(good(), "siblings", []any{map[string]any{"x": 1}}), "siblings.0.x:form.unknown-answer"},
		"shape":          {with(good(), "child_name", 7), "child_name:form.wrong-shape"},
		"money fraction": {with(good(), "gift", 0.5), "gift:form.wrong-shape"},
		"huge money":     {with(good(), "gift", 1e300), "gift:form.wrong-shape"},
		"address part":   {with(good(), "home_place", map[string]any{"street": "x"}), "home_place:form.wrong-shape"},
		"rows":           {with(good(), "siblings", "x"), "siblings:form.wrong-shape"},
		"too many rows":  {with(good(), "siblings", []any{map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}}), "siblings:form.rows-many"},
	} {
		if _, bad := f.FromMap(c.answers); codes(bad) != c.want {
			t.Errorf("%s: %s; want %s", name, codes(bad), c.want)
		}
	}
	for _, raw := range []string{"", "[]", "null", "{", `"x"`} {
		if _, bad := f.ParseJSON([]byte(raw)); codes(bad) != ":form.not-json" {
			t.Errorf("ParseJSON(%s): %s", raw, codes(bad))
		}
	}
	// Validate alone refuses them too, whoever put them into the draft.
	if got := codes(f.Validate(form.Answers(with(good(), "admin", true, "child_name", 7)), env())); got != "admin:form.unknown-answer child_name:form.wrong-shape" {
		t.Errorf("Validate of a tampered draft: %s", got)
	}
}

func TestCleanDropsWhatWasNotAsked(t *testing.T) {
	f := birth(t)
	a, bad := f.FromMap(with(good(), "born_at", "found", "siblings", []any{map[string]any{"name": "B", "birth": "2020-03-03"}, map[string]any{}}))
	if len(bad) > 0 {
		t.Fatal(codes(bad))
	}
	got := f.Clean(a, env())
	for _, gone := range []string{"facility", "mother_birth", "father_declared", form.RawKey, "late"} {
		if _, there := got[gone]; there {
			t.Errorf("%s was kept though it is not asked", gone)
		}
	}
	if got["fee"] != int64(16000) || got["total"] != int64(116000) {
		t.Errorf("computed fee, total = %v, %v; want 16000, 116000", got["fee"], got["total"])
	}
	rows := got["siblings"].([]form.Answers)
	if len(rows) != 1 || rows[0]["years"] != int64(5) {
		t.Errorf("rows = %v; want one, 5 years old", rows)
	}
	if text := got["home_place"].(form.Answers)["text"]; text != "Số 1, Phường Ba Đình, Thành phố Hà Nội" {
		t.Errorf("address = %v", text)
	}
	again := f.Clean(got, env())
	if j, k := mustJSON(t, got), mustJSON(t, again); j != k {
		t.Errorf("cleaning twice differs:\n%s\n%s", j, k)
	}
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestParse(t *testing.T) {
	f := birth(t)
	for _, c := range []struct{ step, posted, want, bad string }{
		{"child", "child_name=+%C4%90a%CC%A3t++An+&child_birth=5/2/2026&weight=3,25&child_gender=male", `{"born_at":null,"child_birth":"2026-02-05","child_gender":"male","child_name":"Đạt An","facility":null,"home_place":null,"weight":3.25}`, ""},
		{"child", "child_birth=31/02/2026&weight=nhiều", `{"_raw":{"child_birth":"31/02/2026","weight":"nhiều"},"born_at":null,"child_birth":null,"child_gender":null,"child_name":null,"facility":null,"home_place":null,"weight":null}`, "child_birth:date.nonexistent weight:form.number"},
		{"child", "home_place.province=01&home_place.commune=ba+dinh&home_place.line=S%E1%BB%91+2", `"home_place":{"commune":"00004","line":"Số 2","on":"2026-11-27","province":"01","text":"Số 2, Phường Ba Đình, Thành phố Hà Nội"}`, ""},
		{"child", "home_place.province=04&home_place.commune=00004", `"_raw":{"home_place.commune":"00004"}`, "home_place.commune:form.commune"},
		// An address of before July 2025: found, asked about, picked.
		{"child", "home_place.commune=12+Kim+Mã%2C+P.+Trúc+Bạch%2C+Q.+Ba+Đình", `"home_place":{"commune":"00004","line":"12 Kim Mã","old":"Phường Trúc Bạch, Quận Ba Đình, Thành phố Hà Nội","on":"2026-11-27","province":"01","text":"12 Kim Mã, Phường Ba Đình, Thành phố Hà Nội"}`, ""},
		{"child", "home_place.commune=P.+Điện+Biên%2C+Q.+Ba+Đình&home_place.line=Số+2", `"_raw":{"home_place.commune":"P. Điện Biên, Q. Ba Đình"}`, "home_place.commune:form.commune-split"},
		{"child", "home_place.commune=P.+Điện+Biên%2C+Q.+Ba+Đình&home_place.pick=00070", `"home_place":{"commune":"00070","old":"Phường Điện Biên, Quận Ba Đình, Thành phố Hà Nội","on":"2026-11-27","province":"01","text":"Phường Hoàn Kiếm, Thành phố Hà Nội"}`, ""},
		{"child", "home_place.commune=P.+Điện+Biên%2C+Q.+Ba+Đình&home_place.pick=00001", `"_raw":{"home_place.commune":"P. Điện Biên, Q. Ba Đình"}`, "home_place.commune:form.commune-split"},
		{"child", "home_place.province=01&home_place.commune=ba+din&home_place.pick=00004", `"commune":"00004"`, ""},
		{"child", "home_place.commune=Quận+12", `"_raw":{"home_place.commune":"Quận 12"}`, "home_place.commune:form.commune-missing"},
		{"child", "home_place.province=01&home_place.commune=Phường+Ba+Đình&home_place.old=P.+Trúc+Bạch%2C+Q.+Ba+Đình", `"old":"P. Trúc Bạch, Q. Ba Đình"`, ""},
		{"child", "home_place.province=01&home_place.commune=Phường+Ba+Đình&home_place.old=P.+Phúc+Xá%2C+Q.+Ba+Đình", `"home_place":{"commune":"00004","on":"2026-11-27","province":"01","text":"Phường Ba Đình, Thành phố Hà Nội"}`, ""},
		{"child", "home_place.province=01&home_place.commune=ba+din", `"_raw":{"home_place.commune":"ba din"}`, "home_place.commune:form.commune-near"},
		{"child", "home_place.province=-&home_place.line=London", `"home_place":{"text":"London"}`, ""},
		{"child", "home_place.commune=Xa+Tan+Tien", `"_raw":{"home_place.commune":"Xa Tan Tien"}`, "home_place.commune:form.commune-ambiguous"},
		{"requester", "requester_no=042.190.001234&requester_phone=%2B84+912+345+678&requester_email=A%40B.VN", `{"company":null,"requester_email":"A@b.vn","requester_name":null,"requester_no":"042190001234","requester_phone":"0912345678"}`, ""},
		{"more", "gift=1.250.000+đ&copies=1.5", `"copies":1.5,"gift":1250000`, ""},
		{"more", "gift=10.000.000.000.000.000", `"_raw":{"gift":"10.000.000.000.000.000"}`, "gift:money.too-large"}, // JSON would round it
		{"more", "languages=vi&languages=tay&languages=xx&sworn=true&note=a%0D%0Ab", `"languages":["vi","tay"],"note":"a\nb"`, "languages:form.option"},
		{"more", "siblings.7.name=B&siblings.2.name=A&siblings.2.alive=false&siblings.x.name=C&siblings.-1.name=D&siblings.02.name=E", `"siblings":[{"alive":false,"name":"A"},{"name":"B"}]`, ""},
		{"more", "siblings.0.birth=mai&siblings.5.birth=x", `"_raw":{"siblings.0.birth":"mai","siblings.1.birth":"x"}`, "siblings.0.birth:date.format siblings.1.birth:date.format"},
		{"more", "siblings.0.name=A&siblings.1.name=B&siblings.2.birth=x&_row=remove:siblings:1", `"_raw":{"siblings.1.birth":"x"}`, "siblings.1.birth:date.format"},
		{"more", "siblings.0.name=A&_row=add:siblings", `"siblings":[{"name":"A"},{"alive":true}]`, ""},
		{"more", "siblings.0.name=A&siblings.1.name=A&siblings.2.name=A&_row=add:siblings", `"siblings":[{"name":"A"},{"name":"A"},{"name":"A"}]`, ""},
		{"more", "proof_id=a&proof_id=b&proof_id=b&proof_remove=a", `"proof":[{"id":"b","name":"","size":0,"type":""}]`, ""},
		{"more", "fee=1&total=1", `"copies":null`, ""},
		{"parents", "father_declared=false&mother_birth=0/5/1948", `{"father_declared":false,"father_name":null,"mother_birth":"1948-05"}`, ""},
	} {
		posted, err := url.ParseQuery(c.posted)
		if err != nil {
			t.Fatal(err)
		}
		a, bad := f.Parse(c.step, posted)
		if got := mustJSON(t, a); !strings.Contains(got, c.want) {
			t.Errorf("Parse(%s)\n got %s\nwant %s", c.posted, got, c.want)
		}
		if got := codes(bad); got != c.bad {
			t.Errorf("Parse(%s): errors %s; want %s", c.posted, got, c.bad)
		}
	}
	if a, _ := f.Parse("", url.Values{}); len(a) != 22 {
		t.Errorf("parsing the whole form gives %d entries", len(a))
	}
	if a, _ := f.Parse("nowhere", url.Values{}); len(a) != 0 {
		t.Errorf("a step that does not exist gave %v", a)
	}
}

func TestNumbersAsTyped(t *testing.T) {
	f := compile(t, "n.yaml", `{id: n, title: N, steps: [{id: s, title: S, fields: [{id: x, kind: number, label: X, decimals: 6}]}]}`)
	for typed, want := range map[string]any{
		"12": 12.0, "-3": -3.0, "12,5": 12.5, "12.5": 12.5, "1.250": 1250.0, "1.250,75": 1250.75, "1.234.567": 1234567.0, "0.125": 0.125, "0,1": 0.1,
		"1 250": 1250.0, ".": nil, ",5": nil, "5,": nil, "1,2,3": nil, "1.23.4": nil, "12a": nil, "--1": nil, "-": nil, "1e5": nil, "٣": nil, "NaN": nil,
	} {
		a, _ := f.Parse("s", url.Values{"x": {typed}})
		if a["x"] != want {
			t.Errorf("%q = %v; want %v", typed, a["x"], want)
		}
		if want == nil && a[form.RawKey] == nil {
			t.Errorf("%q was lost", typed)
		}
	}
}

// Nothing typed may be lost between posts, whatever is wrong with it, and it comes
// back after the draft has lived in the database.
func TestTypedTextSurvives(t *testing.T) {
	f := birth(t)
	draft := form.Answers{}
	post := func(step, query string) []errs.Field {
		t.Helper()
		posted, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		a, bad := f.Parse(step, posted)
		draft = f.Merge(draft, step, a)
		var stored form.Answers
		if stored, err = f.Load([]byte(mustJSON(t, draft))); err != nil {
			t.Fatal(err)
		}
		if mustJSON(t, stored) != mustJSON(t, draft) {
			t.Fatalf("the draft changed in the database:\n%s\n%s", mustJSON(t, draft), mustJSON(t, stored))
		}
		draft = stored
		return bad
	}
	post("child", "child_name=An&child_birth=32/1/2026&home_place.province=01&home_place.commune=khong+co")
	post("more", "siblings.0.birth=hôm+qua&siblings.0.name=A")
	if got, want := codes(f.ValidateStep("child", draft, env())), "child_gender:form.required-choice child_birth:date.nonexistent born_at:form.required-choice home_place.commune:form.commune"; got != want {
		t.Errorf("after coming back:\n got %s\nwant %s", got, want)
	}
	if got := codes(f.Validate(draft, env())); !strings.Contains(got, "siblings.0.birth:date.format") {
		t.Errorf("the unreadable date of a row is not an error any more: %s", got)
	}
	html := render(t, f.View("child", draft, nil, env()))
	for _, typed := range []string{`value="32/1/2026"`, `value="khong co"`, `value="An"`} {
		if !strings.Contains(html, typed) {
			t.Errorf("the page lost %s", typed)
		}
	}
	post("child", "child_name=An&child_birth=30/1/2026")
	if _, there := draft[form.RawKey].(map[string]string)["child_birth"]; there {
		t.Error("text that was corrected is still kept as unreadable")
	}
	if draft["siblings"] == nil || draft[form.RawKey].(map[string]string)["siblings.0.birth"] != "hôm qua" {
		t.Errorf("another step lost its answers: %v", draft)
	}
	post("more", "")
	if draft["siblings"] != nil || draft[form.RawKey] != nil {
		t.Errorf("an emptied step keeps %v", draft)
	}
}

func TestFilesKeepTheirDetails(t *testing.T) {
	f := birth(t)
	stored := form.Answers{"proof": []form.File{{ID: "a", Name: "a.pdf", Size: 3, Type: "application/pdf"}}}
	a, _ := f.Parse("more", url.Values{"proof_id": {"a", "b"}})
	f.FillFiles(a, func(id string) (form.File, bool) { return form.File{ID: id, Name: id + ".pdf"}, id == "a" })
	draft := f.Merge(stored, "more", a)
	if got := mustJSON(t, draft); got != `{"proof":[{"id":"a","name":"a.pdf","size":0,"type":""}]}` {
		t.Errorf("draft = %s; the file that is not the person's must be gone", got)
	}
	a, _ = f.Parse("more", url.Values{"proof_id": {"a"}})
	if got := f.Merge(stored, "more", a)["proof"].([]form.File)[0].Name; got != "a.pdf" {
		t.Errorf("the stored name was lost: %q", got)
	}
}

func TestRowAction(t *testing.T) {
	f := birth(t)
	for query, want := range map[string]string{
		"_row=add:siblings": "f-siblings", "_row=remove:siblings:0": "f-siblings", "_row=refresh:born_at": "f-born_at",
		"proof_remove=x": "f-proof", "": "", "proof_remove=": "",
	} {
		posted, _ := url.ParseQuery(query)
		anchor, pressed := f.RowAction(posted)
		if anchor != want || pressed != (want != "") {
			t.Errorf("RowAction(%s) = %q, %v; want %q", query, anchor, pressed, want)
		}
	}
}

func TestStepsAndPrefill(t *testing.T) {
	f := birth(t)
	draft := f.Prefill(form.Answers{"requester_phone": "0987654321"}, env())
	want := `{"born_at":"facility","copies":0,"requester_name":"Lê Thị Hạnh","requester_no":"042190001234","requester_phone":"0987654321"}`
	if got := mustJSON(t, draft); got != want {
		t.Errorf("new draft\n got %s\nwant %s", got, want)
	}
	names := func(a form.Answers) string {
		var out []string
		for _, s := range f.Steps(a, env()) {
			mark := ""
			if s.Done {
				mark = "+"
			}
			out = append(out, s.ID+mark)
		}
		return strings.Join(out, " ")
	}
	if got := names(draft); got != "requester+ child parents more" {
		t.Errorf("steps of the new draft = %s", got)
	}
	a, _ := f.FromMap(good())
	if got := names(a); got != "requester+ child+ parents+ more+" {
		t.Errorf("steps of a good form = %s", got)
	}
	a["born_at"] = "found"
	if got := names(a); got != "requester+ child+ more+" {
		t.Errorf("steps of a foundling = %s", got)
	}
	if f.Minutes() < 3 || f.Minutes() > 8 {
		t.Errorf("estimated %d minutes", f.Minutes())
	}
	if owner := f.Owner(a); owner["name"] != "Lê Thị Hạnh" || owner["citizen_no"] != "042190001234" {
		t.Errorf("owner = %v", owner)
	}
	if got, want := f.DossierTitle(a, env()), "Đăng ký khai sinh cho Lê Minh An, sinh 20/02/2026"; got != want {
		t.Errorf("title = %q; want %q", got, want)
	}
	if files := f.Files(a); len(files) != 1 || files[0].ID != "f1" {
		t.Errorf("files = %v", files)
	}
}

func TestDisplay(t *testing.T) {
	f := birth(t)
	a, _ := f.FromMap(with(good(), "child_birth", "2025-02-05"))
	text := func(lang string, mask bool) string {
		var lines []string
		for _, s := range f.Display(a, env(), lang, mask) {
			for _, i := range s.Items {
				lines = append(lines, i.Label+": "+i.Value)
				for n, row := range i.Rows {
					lines = append(lines, i.Titles[n]+" – "+row[0].Value)
				}
			}
		}
		return strings.Join(lines, "\n")
	}
	vi := text("vi", false)
	for _, want := range []string{"Giới tính: Nữ", "Ngày sinh: 05/02/2025", "Cân nặng: 3,25 kg", "Ngày sinh của mẹ: 1990", "Khai phần cha?: Không", "Trợ cấp đề nghị: 100.000 đồng",
		"Lệ phí: 16.000 đồng", "Ngôn ngữ: Tày", "Người con 1 – Lê An", "Cam đoan: Đã cam đoan", "Quê quán: Số 1, Phường Ba Đình, Thành phố Hà Nội", "Thư điện tử: \n"} {
		if !strings.Contains(vi+"\n", want) {
			t.Errorf("the Vietnamese text lacks %q:\n%s", want, vi)
		}
	}
	if en := text("en", false); !strings.Contains(en, "Sex: Female") || !strings.Contains(en, "Date of birth: 5 Feb 2025") {
		t.Errorf("the English text:\n%s", en)
	}
	masked := text("vi", true)
	for _, secret := range []string{"042190001234", "0912345678", "Lê Minh An", "20/02", "Ba Đình", "giay.pdf"} {
		if strings.Contains(masked, secret) {
			t.Errorf("the masked text shows %q", secret)
		}
	}
	for _, want := range []string{"Giới tính: Nữ", "L*** M*** A***", "**/**/2025", "***, Thành phố Hà Nội"} {
		if !strings.Contains(masked, want) {
			t.Errorf("the masked text lacks %q:\n%s", want, masked)
		}
	}
}

func TestSchemaAgreesWithValidate(t *testing.T) {
	f := birth(t)
	schema := wholeSchema(t, f)
	a, _ := f.FromMap(good())
	if err := schema.Validate(jsonOf(t, f.Clean(a, env()))); err != nil {
		t.Errorf("a good form does not fit the published schema: %v", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(f.Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc["$schema"] != "https://json-schema.org/draft/2020-12/schema" || doc["additionalProperties"] != false {
		t.Errorf("head of the schema: %v %v", doc["$schema"], doc["additionalProperties"])
	}
	required := doc["required"].([]any)
	if !slices.Contains(required, any("child_name")) || slices.Contains(required, any("facility")) {
		t.Errorf("required = %v", required)
	}
}
