package pack

import (
	"maps"
	"slices"

	"motcua/internal/platform/decl"
)

// caseFile is one file of acceptance cases: all about one case of one procedure.
// What stands above the cases is what every one of them begins with.
type caseFile struct {
	Procedure string            `yaml:"procedure"` // code
	Case      string            `yaml:"case"`      // default "default"
	At        string            `yaml:"at"`        // moment of filing, in Vietnam: 2026-03-02T09:00
	Channel   string            `yaml:"channel"`   // default online
	Owner     map[string]string `yaml:"owner"`     // chủ hồ sơ: name, citizen_no, …
	Submitter map[string]string `yaml:"submitter"` // default the owner
	Answers   map[string]any    `yaml:"answers"`
	Papers    []string          `yaml:"papers"` // codes of the papers handed in
	Rejects   []rejectDef       `yaml:"rejects"`
	Cases     []caseDef         `yaml:"cases"` // the first one is the main case, whose acts the others may begin with
	Pos       decl.Pos          `yaml:"-"`
}

// rejectDef is a variation of the answers that the form must refuse.
type rejectDef struct {
	Name    string         `yaml:"name"`
	At      string         `yaml:"at"`
	Answers map[string]any `yaml:"answers"` // over those of the file; null takes one away
	Errors  []string       `yaml:"errors"`  // exactly the inputs that must be marked
	Pos     decl.Pos       `yaml:"-"`
}

// caseDef is one story: what is filed, what people do with it, how it must come out.
type caseDef struct {
	Name      string            `yaml:"name"`
	At        string            `yaml:"at"`
	Channel   string            `yaml:"channel"`
	Owner     map[string]string `yaml:"owner"`
	Submitter map[string]string `yaml:"submitter"`
	Answers   map[string]any    `yaml:"answers"` // over those of the file; null takes one away
	Papers    []string          `yaml:"papers"`  // instead of those of the file

	Errors  []string         `yaml:"expect_errors"`  // inputs the form must mark; nothing follows then
	Missing []string         `yaml:"expect_missing"` // required papers that were not handed in
	Fees    map[string]int64 `yaml:"expect_fees"`    // fee code → đồng, all that fall due
	Fields  map[string]any   `yaml:"expect_answers"` // computed answers

	Upto   string     `yaml:"upto"` // first do what the main case does, until the dossier stands at this step
	Then   []actDef   `yaml:"then"`
	Result *resultDef `yaml:"result"` // what must have been issued in the end
	Pos    decl.Pos   `yaml:"-"`
}

// actDef is one act on the dossier.
type actDef struct {
	At     string    `yaml:"at"`   // 2026-03-02T10:00, or +2h30m, +3d after the act before; default +10m
	By     string    `yaml:"by"`   // a role (officer, officer#2 for another person), citizen or system
	Do     string    `yaml:"do"`   // id of the action; for the system also that of a timer's action
	Task   string    `yaml:"task"` // opinion: id of what was asked
	With   withDef   `yaml:"with"`
	Pay    int64     `yaml:"pay"`    // đồng the citizen has paid before the act
	Papers []string  `yaml:"papers"` // papers handed in before the act
	Expect expectDef `yaml:"expect"`
	Pos    decl.Pos  `yaml:"-"`
}

// withDef is what the actor gives with an act.
type withDef struct {
	Reason   string         `yaml:"reason"`
	Note     string         `yaml:"note"`
	Assignee string         `yaml:"assignee"` // officer, officer#2
	Due      string         `yaml:"due"`
	Value    string         `yaml:"value"` // opinion: agree | disagree | other
	Files    []string       `yaml:"files"`
	Fields   map[string]any `yaml:"fields"` // result fields of the register
}

// expectDef is how things must stand after an act.
type expectDef struct {
	Step    string `yaml:"step"`
	Status  int    `yaml:"status"`
	Due     string `yaml:"due"`     // due time of the legal clock, in Vietnam: 2026-03-03T17:00; "none"
	Clock   string `yaml:"clock"`   // not_started | running | paused | stopped
	Blocked bool   `yaml:"blocked"` // the button is grey: the act must be refused
	Refused string `yaml:"refused"` // the act must be refused with this error code, or for this field
}

// resultDef is what must have been issued.
type resultDef struct {
	Register string         `yaml:"register"`
	Holder   string         `yaml:"holder"`
	Fields   map[string]any `yaml:"fields"` // some of the officer's fields
}

// cases decodes the acceptance cases.
func (r *reader) cases() {
	s := r.pack.Source
	for _, name := range s.names(folderCases) {
		f := &caseFile{}
		if !r.take(decl.Pos{File: s.file(name), Line: 1}, decl.Decode(s.file(name), s.Files[name], f)) {
			continue
		}
		if f.Case == "" {
			f.Case = "default"
		}
		def := r.pack.Procedures[f.Procedure]
		switch {
		case def == nil:
			r.bad(f.Pos, "the pack has no procedure %q%s", f.Procedure, didYouMean(f.Procedure, slices.Collect(maps.Keys(r.pack.Procedures))))
		case def.Case(f.Case) == nil:
			r.bad(f.Pos, "procedure %s has no case %q", f.Procedure, f.Case)
		}
		names := map[string]bool{}
		for _, c := range f.Cases {
			if c.Name == "" || names[c.Name] {
				r.bad(c.Pos, "every case needs a name of its own")
			}
			names[c.Name] = true
		}
		for _, c := range f.Rejects {
			if c.Name == "" || names[c.Name] {
				r.bad(c.Pos, "every case needs a name of its own")
			}
			names[c.Name] = true
			if len(c.Errors) == 0 {
				r.bad(c.Pos, "say in errors which inputs must be marked")
			}
		}
		r.pack.Cases = append(r.pack.Cases, f)
	}
}

// over lays changes over answers; a null takes one away.
func over(base, changes map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range changes {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}
