package pack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"motcua/internal/platform/decl"
)

// TestShippedPacks is `motcua pack test`: what we ship is sound, does what its
// cases say, and leaves nothing unproven.
func TestShippedPacks(t *testing.T) {
	start := time.Now()
	report, err := Test()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range report.Lines() {
		t.Error(line)
	}
	t.Logf("%s in %v", report.Summary(), time.Since(start).Round(time.Millisecond))
	procedures := 0
	for _, p := range report.Packs {
		procedures += p.Procedures
	}
	if len(report.Packs) != 5 || procedures != 10 {
		t.Errorf("%d packs, %d procedures", len(report.Packs), procedures)
	}
	if !report.OK() || !strings.HasPrefix(report.Summary(), "ok: 5 packs, 10 procedures, ") {
		t.Errorf("summary: %s", report.Summary())
	}
}

// Everything people see on a screen has both languages; printed papers are Vietnamese.
func TestShippedWordsInBothLanguages(t *testing.T) {
	for _, s := range shipped(t) {
		for name, data := range s.Files {
			if strings.HasPrefix(name, folderTemplates) || strings.HasPrefix(name, folderCases) {
				continue
			}
			var doc yaml.Node
			if err := yaml.Unmarshal(data, &doc); err != nil {
				t.Fatal(err)
			}
			onlyOne(&doc, func(line int) { t.Errorf("%s:%d: words in one language only", s.file(name), line) })
		}
	}
}

// onlyOne walks a document and reports maps that have vi without en.
func onlyOne(n *yaml.Node, report func(line int)) {
	if n.Kind == yaml.MappingNode {
		keys := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			keys[n.Content[i].Value] = true
		}
		if keys["vi"] != keys["en"] {
			report(n.Line)
		}
	}
	for _, c := range n.Content {
		onlyOne(c, report)
	}
}

// found judges one pack and gives its problems, one a line.
func found(s Source, test bool) string {
	return strings.Join(judge([]Source{s}, nil, nil, test).report.Lines(), "\n")
}

func TestProblemsAreTold(t *testing.T) {
	const form, flow, procedure = "forms/birth.yaml", "flows/civil-status.yaml", "procedures/birth.yaml"
	justice := func(t *testing.T) Source { return one(t, "justice") }
	for name, c := range map[string]struct {
		change func(t *testing.T) Source
		want   string
	}{
		"no manifest":      {func(t *testing.T) Source { return justice(t).without(manifestName) }, "packs/justice: there is no pack.yaml"},
		"manifest code":    {func(t *testing.T) Source { return justice(t).edit(t, manifestName, "code: justice", "code: Tư pháp") }, `packs/justice/pack.yaml:1: code "Tư pháp"`},
		"manifest name":    {func(t *testing.T) Source { return justice(t).edit(t, manifestName, "name: {vi:", "name: {en:") }, "packs/justice/pack.yaml:"},
		"manifest version": {func(t *testing.T) Source { return justice(t).edit(t, manifestName, "version: 1", "version: 0") }, "needs a version"},
		"required pack": {func(t *testing.T) Source {
			return justice(t).put(manifestName, "code: justice\nname: {vi: A, en: B}\nversion: 1\nrequires: [land]\n")
		}, `the pack requires "land"`},
		"stray file":       {func(t *testing.T) Source { return justice(t).put("notes/todo.yaml", "a: 1") }, "packs/justice/notes/todo.yaml: nothing reads this file"},
		"wrong ending":     {func(t *testing.T) Source { return justice(t).put("forms/birth.yml", "a: 1") }, "packs/justice/forms/birth.yml: declarations end in .yaml"},
		"broken YAML":      {func(t *testing.T) Source { return justice(t).edit(t, form, "steps:", "steps: [") }, "packs/justice/forms/birth.yaml:"},
		"empty file":       {func(t *testing.T) Source { return justice(t).put(form, "") }, "packs/justice/forms/birth.yaml: the file is empty"},
		"unknown key":      {func(t *testing.T) Source { return justice(t).edit(t, flow, "hours: 1", "hour: 1") }, `unknown key "hour"; did you mean "hours"?`},
		"file name and id": {func(t *testing.T) Source { return justice(t).edit(t, form, "id: birth", "id: births") }, `the file declares "births"`},
		"no such form": {func(t *testing.T) Source {
			return justice(t).edit(t, procedure, "form: birth\n    flow", "form: brith\n    flow")
		}, `case "default" names the form "brith", but there is no forms/brith.yaml; did you mean "birth"?`},
		"no such flow":     {func(t *testing.T) Source { return justice(t).edit(t, procedure, "flow: civil-status", "flow: civil") }, `names the flow "civil"`},
		"no such register": {func(t *testing.T) Source { return justice(t).edit(t, procedure, "register: birth", "register: births") }, `names the register "births"`},
		"no such template": {func(t *testing.T) Source {
			return justice(t).edit(t, procedure, "template: birth-certificate", "template: certificate")
		}, `names the template "certificate"`},
		"unused declaration": {func(t *testing.T) Source {
			return justice(t).put("forms/spare.yaml", strings.Replace(string(justice(t).Files[form]), "id: birth\n", "id: spare\n", 1))
		}, "packs/justice/forms/spare.yaml:1: no procedure of the pack uses this"},
		"rule of a form": {func(t *testing.T) Source {
			return justice(t).edit(t, form, "born_at == 'facility'", "born_in == 'facility'")
		}, `unknown name "born_in"`},
		"rule of another type": {func(t *testing.T) Source {
			return justice(t).edit(t, form, "mother_birth < child_birth", "mother_birth < 5")
		}, "packs/justice/forms/birth.yaml:"},
		"rule of a paper": {func(t *testing.T) Source {
			return justice(t).edit(t, procedure, "required: born_at == 'facility'", "required: born == 'facility'")
		}, `required of component "birth_notice": `},
		"rule of a fee": {func(t *testing.T) Source {
			return justice(t).edit(t, procedure, "exempt == 'none'", "exemption == 'none'")
		}, `when of fee "birth_late": `},
		"amount of a fee": {func(t *testing.T) Source {
			return justice(t).edit(t, procedure, "from: copies_fee", "from: copies_fees")
		}, `from of fee "extract_copy": the form "birth" has no number, amount or computed field "copies_fees"`},
		"step of a flow": {func(t *testing.T) Source { return justice(t).edit(t, flow, "to: process", "to: processing") }, "packs/justice/flows/civil-status.yaml:"},
		"guard of a flow": {func(t *testing.T) Source {
			return justice(t).edit(t, flow, "guard: papers_complete", "guard: paper_complete")
		}, "packs/justice/flows/civil-status.yaml:"},
		"role of a flow": {func(t *testing.T) Source {
			return justice(t).edit(t, flow, "role: counter_clerk", "role: counter_clark")
		}, `"counter_clark"; did you mean "counter_clerk"?`},
		"placeholder": {func(t *testing.T) Source {
			return justice(t).edit(t, "templates/birth-certificate.yaml", "{child_name|upper}", "{childname|upper}")
		}, "packs/justice/templates/birth-certificate.yaml:"},
		"filter": {func(t *testing.T) Source {
			return justice(t).edit(t, "templates/birth-certificate.yaml", "{child_name|upper}", "{child_name|shout}")
		}, "packs/justice/templates/birth-certificate.yaml:"},
		"officer's field": {func(t *testing.T) Source {
			return justice(t).edit(t, "templates/birth-certificate.yaml", "{result.personal_no}", "{result.number}")
		}, "packs/justice/templates/birth-certificate.yaml:"},
		"register's field": {func(t *testing.T) Source {
			return justice(t).edit(t, "registers/birth.yaml", "from: mother_name", "from: mothers_name")
		}, "packs/justice/registers/birth.yaml:"},
		"number of a register": {func(t *testing.T) Source { return justice(t).edit(t, "registers/birth.yaml", "{n}/{yyyy}", "{yyyy}") }, "packs/justice/registers/birth.yaml:"},
		"never asked":          {func(t *testing.T) Source { return justice(t).edit(t, flow, ", needs: [result_fields]", "") }, "no action of the flow \"civil-status\" has `needs: [result_fields]`"},
		"mandatory part": {func(t *testing.T) Source {
			return justice(t).edit(t, procedure, "decision: 163/QĐ-BTP", "decision: ''")
		}, "quyết định công bố"},
		"roles": {func(t *testing.T) Source {
			return justice(t).put(rolesName, "roles: [{code: officer, name: {vi: A, en: B}, perms: [dossier.raed]}]")
		}, `there is no permission "dossier.raed"; did you mean "dossier.read"?`},
		"role of the house": {func(t *testing.T) Source {
			return justice(t).put(rolesName, "roles: [{code: officer, name: {vi: A, en: B}}]")
		}, `the role "officer" exists already`},
		"case of no procedure": {func(t *testing.T) Source {
			return justice(t).edit(t, "cases/birth.yaml", `procedure: "1.001193"`, `procedure: "1.001194"`)
		}, `the pack has no procedure "1.001194"; did you mean "1.001193"?`},
		"case without a name": {func(t *testing.T) Source {
			return justice(t).edit(t, "cases/birth.yaml", "name: Chỉ khai mẹ", "name: Khai sinh đúng hạn, trả trong ngày")
		}, "every case needs a name of its own"},
		"reject of nothing": {func(t *testing.T) Source {
			return justice(t).edit(t, "cases/birth.yaml", ", errors: [child_gender]", "")
		}, "say in errors which inputs must be marked"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := found(c.change(t), false); !strings.Contains(got, c.want) {
				t.Errorf("got:\n%s\nwant: %s", got, c.want)
			}
		})
	}
}

// A pack with several faults hears of all of them in one go, in the order of its files.
func TestEveryProblemAtOnce(t *testing.T) {
	s := one(t, "justice").edit(t, "forms/birth.yaml", "born_at == 'facility'", "born_in == 'facility'").
		edit(t, "flows/civil-status.yaml", "role: counter_clerk", "role: clark").
		edit(t, "procedures/death.yaml", "level: commune\ncomp", "level: district\ncomp").
		edit(t, "registers/marriage.yaml", "{n}/{yyyy}", "{yyyy}")
	problems := judge([]Source{s}, nil, nil, false).report.Problems
	files := map[string]bool{}
	last := ""
	for _, p := range problems {
		files[p.File] = true
		if p.File < last {
			t.Errorf("%s comes after %s", p.File, last)
		}
		last = p.File
		if p.Line == 0 {
			t.Errorf("without a line: %s", p)
		}
	}
	for _, f := range []string{"forms/birth.yaml", "flows/civil-status.yaml", "procedures/death.yaml", "registers/marriage.yaml"} {
		if !files["packs/justice/"+f] {
			t.Errorf("nothing is said of %s", f)
		}
	}
}

func TestPacksTogether(t *testing.T) {
	a, b := one(t, "justice"), one(t, "economy")
	b.Where = "packs/copy"
	b.put("procedures/birth.yaml", string(a.Files["procedures/birth.yaml"]))
	report := judge([]Source{a, b}, nil, nil, false).report
	if got := report.Problems.Error(); !strings.Contains(got, "procedure 1.001193 stands in packs/justice/procedures/birth.yaml") {
		t.Errorf("two packs with one procedure:\n%s", got)
	}
	again := one(t, "justice")
	again.Where = "packs/twin"
	if got := judge([]Source{a, again}, nil, nil, false).report.Problems.Error(); !strings.Contains(got, `the pack "justice" stands in packs/justice too`) {
		t.Errorf("two packs with one code:\n%s", got)
	}
	// A pack may stand on another that is in force already.
	needs := one(t, "economy").edit(t, manifestName, "version: 1", "version: 1\nrequires: [justice]")
	if got := judge([]Source{needs}, []Source{a}, nil, false).report; !got.OK() {
		t.Errorf("the pack it requires is there: %v", got.Problems)
	}
}

func TestReadingFromDisk(t *testing.T) {
	dir := t.TempDir()
	for _, s := range shipped(t) {
		for name, data := range s.Files {
			path := filepath.Join(dir, codeOf(s), filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := Check(dir)
	if err != nil || !all.OK() || len(all.Packs) != 5 {
		t.Errorf("a folder of packs: %s, %v", all.Summary(), err)
	}
	single, err := Check(filepath.Join(dir, "labour"))
	if err != nil || !single.OK() || len(single.Packs) != 1 {
		t.Errorf("one pack: %s, %v", single.Summary(), err)
	}
	empty := t.TempDir()
	for _, path := range []string{empty, filepath.Join(dir, "nowhere"), filepath.Join(dir, "labour", manifestName)} {
		if _, err := Check(path); err == nil {
			t.Errorf("%s is no pack", path)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "labour", "forms", "big.yaml"), make([]byte, decl.MaxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(filepath.Join(dir, "labour")); err == nil {
		t.Error("a file of more than the limit was read")
	}
}

// A case that says otherwise than the program fails, and says where.
func TestCasesCanFail(t *testing.T) {
	const cases = "cases/birth.yaml"
	for name, c := range map[string]struct{ old, new, want string }{
		"due time":       {"due: 2026-03-02T17:30, clock: running", "due: 2026-03-03T17:30", "the due time is 2026-03-02T17:30, not 2026-03-03T17:30"},
		"step":           {"expect: {step: sign, status: 4}", "expect: {step: issue}", `the dossier stands at the step "sign", not "issue"`},
		"status":         {"expect: {step: hand_over, status: 9, clock: stopped}", "expect: {status: 10}", "the status is 9, not 10"},
		"clock":          {"clock: running}}\n      - {by: officer, do: propose", "clock: paused}}\n      - {by: officer, do: propose", "the clock is running, not paused"},
		"fees":           {"expect_fees: {birth_late: 8000, extract_copy: 24000}", "expect_fees: {birth_late: 8000}", "fees due are map[birth_late:8000 extract_copy:24000]"},
		"computed":       {"expect_answers: {copies_fee: 24000}", "expect_answers: {copies_fee: 1}", "copies_fee is 24000, but 1 was expected"},
		"papers":         {"expect_missing: [foundling]", "expect_missing: []", "required papers not handed in: foundling"},
		"rejected field": {"errors: [child_name]", "errors: [child_birth]", "the form marks child_name"},
		"not rejected":   {"answers: {child_name: An}", "answers: {child_name: Nguyễn An}", "the form marks nothing, but child_name was expected"},
		"unknown paper":  {"papers: [witness]", "papers: [witnes]", `the procedure asks for no paper "witnes"`},
		"who may not":    {"{by: leader, do: approve, expect: {step: issue}}", "{by: officer, do: approve}", `officer cannot do "approve" at the step "sign"`},
		"timer too soon": {"at: +31d, by: system", "at: +3d, by: system", "the timer of \"expire\" fires at"},
		"not blocked":    {"- {by: counter_clerk, do: hand, pay: 32000, expect: {step: returned}}", "- {by: counter_clerk, do: hand, pay: 32000, expect: {blocked: true}}", `"hand" was expected to be blocked, but: it was done`},
		"not refused":    {"- {by: counter_clerk, do: refuse, expect: {refused: reason, step: receive}}", "- {by: counter_clerk, do: refuse, with: {reason: A}, expect: {refused: reason}}", "was expected to be refused"},
		"backwards":      {"at: 2026-03-04T10:00, by: citizen", "at: 2026-03-01T10:00, by: citizen", "the act lies before the one before it"},
		"moment":         {"at: 2026-03-02T10:00, by: officer", "at: hôm qua, by: officer", `"hôm qua" is not a moment`},
		"holder":         {"holder: Nguyễn Minh An", "holder: Nguyễn An", `the holder of the result is "Nguyễn Minh An", not "Nguyễn An"`},
		"result":         {"register: birth, holder", "register: death, holder", `the result is not entered in the register "death"`},
		"no result":      {"upto: sign\n    then:\n      - {by: officer, do: approve, expect: {refused: flow.no-such-action, step: sign}}", "upto: sign\n    result: {register: birth}", "no result was issued"},
		"upto nowhere":   {"upto: sign", "upto: supplement", `the main case never comes to the step "supplement"`},
		"officer's data": {"with: {fields: {personal_no: \"001226012345\", book: 01/2026}}, expect: {step: sign, status: 4}", "with: {fields: {number: \"1\"}}, expect: {step: sign, status: 4}", "personal_no"},
		"unknown answer": {"answers: {child_name: An}", "answers: {childname: An}", "childname"},
	} {
		t.Run(name, func(t *testing.T) {
			s := one(t, "justice").edit(t, cases, c.old, c.new)
			got := found(s, true)
			if !strings.Contains(got, c.want) || !strings.Contains(got, "packs/justice/cases/birth.yaml:") {
				t.Errorf("got:\n%s\nwant: %s", got, c.want)
			}
		})
	}
}

// What no case exercises is a gap: a pack with gaps is not loaded.
func TestGapsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		file, without string
		want          string
	}{
		"check of a form":      {"cases/birth.yaml", "Mẹ sinh sau con", "packs/justice/forms/birth.yaml:"},
		"condition of a field": {"cases/death.yaml", "Giờ viết sai", ""}, // a pattern is no rule: nothing is missing
		"button":               {"cases/birth.yaml", "do: extend", "packs/justice/flows/civil-status.yaml:"},
		"guard":                {"cases/certified-copy.yaml", "do: hand, expect: {blocked: true", "packs/justice/flows/certified-copy.yaml:"},
		"rule of a paper":      {"cases/marriage.yaml", "expect_missing: [mission_status]", ""},
		"timer":                {"cases/marital-status.yaml", "do: unanswered", "packs/justice/flows/marital-status.yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			report := judge([]Source{one(t, "justice").drop(t, c.file, c.without)}, nil, nil, true).report
			got := report.Gaps.Error()
			if c.want == "" {
				if len(report.Gaps) > 0 {
					t.Errorf("gaps:\n%s", got)
				}
				return
			}
			if !strings.Contains(got, c.want) || report.OK() || !strings.HasPrefix(report.Summary(), "failed: ") {
				t.Errorf("summary %q, gaps:\n%s\nwant: %s", report.Summary(), got, c.want)
			}
		})
	}
}

// A rule of papers or fees that only ever comes out one way is unproven.
func TestGapsOfPapersAndFees(t *testing.T) {
	s := one(t, "justice").edit(t, "cases/birth.yaml", "answers: {relation: authorised}\n    expect_missing: [proxy]", "answers: {relation: mother}")
	if got := judge([]Source{s}, nil, nil, true).report.Gaps.Error(); !strings.Contains(got, "component proxy is never due") {
		t.Errorf("gaps:\n%s", got)
	}
	s = one(t, "justice").edit(t, "cases/marital-status.yaml", "proxy: true, exempt: true}", "proxy: true}").edit(t, "cases/marital-status.yaml", "expect_missing: [former, proxy]\n    expect_fees: {}", "expect_missing: [former, proxy]")
	if got := judge([]Source{s}, nil, nil, true).report.Gaps.Error(); !strings.Contains(got, "fee marital_status is never not due") {
		t.Errorf("gaps:\n%s", got)
	}
}

func FuzzReadPack(f *testing.F) {
	f.Add("forms/a.yaml", []byte("id: a\nsteps: []"))
	f.Add("cases/a.yaml", []byte("procedure: x\ncases: [{name: a, then: [{by: system}]}]"))
	f.Fuzz(func(_ *testing.T, name string, data []byte) {
		judge([]Source{{Where: "p", Files: map[string][]byte{manifestName: []byte("code: p\nversion: 1"), name: data}}}, nil, nil, true)
	})
}
