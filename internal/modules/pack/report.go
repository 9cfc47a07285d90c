package pack

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/decl"
	"motcua/packs"
)

// Report is what checking or testing packs found.
type Report struct {
	Packs    []Content
	Problems decl.Problems // what is wrong with the declarations
	Tested   bool          // the cases were run
	Cases    []CaseResult
	Gaps     decl.Problems // rules and buttons that no case exercises
}

// Content counts what a pack holds.
type Content struct {
	Code, Name                                                   string
	Version                                                      int
	Procedures, Forms, Flows, Registers, Templates, Roles, Cases int
}

// CaseResult is how one acceptance case came out.
type CaseResult struct {
	Pack, Procedure, Name string
	Pos                   decl.Pos
	Problems              decl.Problems // empty: as it says
}

// OK reports whether the packs may be loaded: nothing wrong, every case as it says, no gap.
func (r Report) OK() bool { return len(r.Problems) == 0 && len(r.Failed()) == 0 && len(r.Gaps) == 0 }

// Failed lists the cases that came out otherwise.
func (r Report) Failed() []CaseResult {
	return slices.DeleteFunc(slices.Clone(r.Cases), func(c CaseResult) bool { return len(c.Problems) == 0 })
}

// Lines are the findings, one a line, for a terminal: file:line: what.
func (r Report) Lines() []string {
	var out []string
	for _, p := range r.Problems {
		out = append(out, p.String())
	}
	for _, c := range r.Failed() {
		for _, p := range c.Problems {
			out = append(out, fmt.Sprintf("%s: case %q: %s", p.Pos, c.Name, p.Message))
		}
	}
	for _, p := range r.Gaps {
		out = append(out, p.String())
	}
	return out
}

// Summary is the one last line of `motcua pack check|test`.
func (r Report) Summary() string {
	procedures := 0
	for _, p := range r.Packs {
		procedures += p.Procedures
	}
	what := fmt.Sprintf("%s, %s", count(len(r.Packs), "pack"), count(procedures, "procedure"))
	if r.Tested {
		what += ", " + count(len(r.Cases), "case")
	}
	if r.OK() {
		return "ok: " + what
	}
	var faults []string
	if n := len(r.Problems); n > 0 {
		faults = append(faults, count(n, "problem"))
	}
	if n := len(r.Failed()); n > 0 {
		faults = append(faults, count(n, "failed case"))
	}
	if n := len(r.Gaps); n > 0 {
		faults = append(faults, count(n, "gap"))
	}
	return "failed: " + strings.Join(faults, ", ") + " in " + what
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Check reads packs and reports every problem of their declarations. Without paths
// it checks the packs that ship with the program. The error is about reading the
// files themselves.
func Check(paths ...string) (Report, error) { return examine(paths, false) }

// Test is Check, and then runs the acceptance cases and looks for gaps.
func Test(paths ...string) (Report, error) { return examine(paths, true) }

func examine(paths []string, test bool) (Report, error) {
	list, err := open(paths)
	if err != nil {
		return Report{}, err
	}
	return judge(list, nil, nil, test).report, nil
}

// open reads the packs at the paths, or the ones that ship with the program.
func open(paths []string) ([]Source, error) {
	if len(paths) == 0 {
		return Embedded(packs.FS)
	}
	return Open(paths...)
}

// content counts what a pack holds.
func content(p *Pack) Content {
	cases := 0
	for _, f := range p.Cases {
		cases += len(f.Cases) + len(f.Rejects)
	}
	return Content{
		Code: p.Manifest.Code, Name: p.Manifest.Name.VI, Version: p.Manifest.Version, Procedures: len(p.Procedures), Forms: len(p.Forms),
		Flows: len(p.Flows), Registers: len(p.Registers), Templates: len(p.Templates), Roles: len(p.Roles), Cases: cases,
	}
}

// judged is a set of packs with what was found about it.
type judged struct {
	set    *set
	report Report
}

// judge checks packs and, when nothing is wrong with them, runs their cases.
func judge(list, beside []Source, further []string, test bool) judged {
	s := checkAll(list, beside, further)
	j := judged{set: s, report: Report{Tested: test}}
	for _, p := range s.packs {
		j.report.Packs = append(j.report.Packs, content(p))
	}
	j.report.Problems = inOrder(s.problems)
	if test && len(j.report.Problems) == 0 {
		for _, p := range s.packs {
			cases, gaps := s.prove(p)
			j.report.Cases = append(j.report.Cases, cases...)
			j.report.Gaps = append(j.report.Gaps, gaps...)
		}
	}
	return j
}

// prove runs the cases of a pack and lists what they leave unproven.
func (s *set) prove(p *Pack) (results []CaseResult, gaps decl.Problems) {
	cover := &coverage{forms: map[string]*form.Coverage{}, flows: map[string]*flow.Coverage{}, rules: map[string]map[string]*outcome{}}
	national := calendar.National()
	for _, file := range p.Cases {
		compiled := s.compiled[file.Procedure]
		c := compiled.Case(file.Case)
		b := &bench{
			file: file, compiled: compiled, form: compiled.Form(file.Case), flow: compiled.Flow(file.Case),
			register: p.Registers[c.Register], calendar: national, cover: cover,
		}
		for i := range file.Cases {
			def := &file.Cases[i]
			results = append(results, CaseResult{p.Manifest.Code, file.Procedure, def.Name, def.Pos, b.tell(def)})
		}
		for _, r := range file.Rejects {
			def := &caseDef{Name: r.Name, At: r.At, Answers: r.Answers, Errors: r.Errors, Pos: r.Pos}
			results = append(results, CaseResult{p.Manifest.Code, file.Procedure, r.Name, r.Pos, b.tell(def)})
		}
	}
	return results, s.gaps(p, cover)
}

// gaps lists the rules, buttons and papers of a pack that its cases leave unproven.
func (s *set) gaps(p *Pack, cover *coverage) (out decl.Problems) {
	for _, code := range slices.Sorted(maps.Keys(p.Procedures)) {
		for _, c := range p.Procedures[code].Cases {
			compiled := s.compiled[code]
			for _, g := range cover.form(compiled.Form(c.ID)).Missing() {
				out = append(out, g.Pos.At("no case exercises this: %s is %s", g.What, g.Need))
			}
			for _, g := range cover.flow(compiled.Flow(c.ID)).Missing() {
				out = append(out, g.Pos.At("no case exercises this: %s: %s", g.What, g.Need))
			}
			for name, o := range cover.of(compiled, c.ID) {
				switch {
				case !o.yes:
					out = append(out, o.pos.At("no case exercises this: %s is never due", name))
				case !o.no:
					out = append(out, o.pos.At("no case exercises this: %s is never not due", name))
				}
			}
		}
	}
	return inOrder(out)
}

// inOrder gives problems in the order of the files, each once.
func inOrder(ps decl.Problems) decl.Problems {
	var sorted decl.Problems
	if errors.As(ps.Err(), &sorted) {
		return sorted
	}
	return nil
}

func (c *coverage) form(f *form.Form) *form.Coverage {
	if c.forms[f.ID()] == nil {
		c.forms[f.ID()] = form.NewCoverage(f)
	}
	return c.forms[f.ID()]
}

func (c *coverage) flow(f *flow.Flow) *flow.Coverage {
	if c.flows[f.ID()] == nil {
		c.flows[f.ID()] = flow.NewCoverage(f)
	}
	return c.flows[f.ID()]
}

// of gives how the rules of papers and fees of a case came out so far.
func (c *coverage) of(compiled *procedure.Compiled, caseID string) map[string]*outcome {
	key := compiled.Version.Code + "/" + caseID
	if c.rules[key] == nil {
		c.rules[key] = map[string]*outcome{}
		for name, pos := range compiled.RuleNames(caseID) {
			c.rules[key][name] = &outcome{pos: pos}
		}
	}
	return c.rules[key]
}
