package pack

import (
	"cmp"
	"maps"
	"slices"

	"motcua/internal/core/document"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/decl"
)

// set is several packs that are checked together.
type set struct {
	packs    []*Pack
	beside   []*Pack                        // in force already: may be referred to, is not judged again
	compiled map[string]*procedure.Compiled // by procedure code
	problems decl.Problems
}

// checkAll reads and checks packs together, beside others that stand already.
func checkAll(sources, beside []Source, further []string) *set {
	s := &set{compiled: map[string]*procedure.Compiled{}}
	for _, src := range beside {
		p, _ := readPack(src, further)
		s.beside = append(s.beside, p)
	}
	for _, src := range sources {
		p, problems := readPack(src, further)
		s.packs = append(s.packs, p)
		s.problems = append(s.problems, problems...)
	}
	s.between()
	for _, p := range s.packs {
		s.check(p)
	}
	return s
}

func (s *set) bad(p decl.Pos, format string, args ...any) {
	s.problems = append(s.problems, p.At(format, args...))
}

func (s *set) take(pos decl.Pos, err error) bool {
	r := &reader{}
	ok := r.take(pos, err)
	s.problems = append(s.problems, r.problems...)
	return ok
}

// between checks what only several packs together can get wrong.
func (s *set) between() {
	packs, procedures := map[string]*Pack{}, map[string]*procedure.Definition{}
	for _, p := range s.beside {
		packs[p.Manifest.Code] = p
		maps.Copy(procedures, p.Procedures)
	}
	for _, p := range s.packs {
		if other := packs[p.Manifest.Code]; other != nil && p.Manifest.Code != "" {
			s.bad(p.Manifest.Pos, "the pack %q stands in %s too", p.Manifest.Code, other.Source.Where)
		}
		packs[p.Manifest.Code] = p
	}
	for _, p := range s.packs {
		for _, need := range p.Manifest.Requires {
			if packs[need] == nil {
				s.bad(p.Manifest.Pos, "the pack requires %q, which is not here", need)
			}
		}
		for _, code := range slices.Sorted(maps.Keys(p.Procedures)) {
			def := p.Procedures[code]
			if other := procedures[code]; other != nil {
				s.bad(def.Pos, "procedure %s stands in %s too", code, other.Pos)
			}
			procedures[code] = def
		}
	}
}

// roleCodes are the roles that flows of the pack may name, beside those of the house.
func (s *set) roleCodes(p *Pack) []string {
	var out []string
	for _, other := range append(slices.Clone(s.packs), s.beside...) {
		if other == p || slices.Contains(p.Manifest.Requires, other.Manifest.Code) {
			for _, r := range other.Roles {
				out = append(out, r.Code)
			}
		}
	}
	return out
}

// check compiles the declarations of a pack and follows its references.
func (s *set) check(p *Pack) {
	s.roles(p)
	for _, id := range slices.Sorted(maps.Keys(p.Forms)) {
		f, err := form.Compile(p.Forms[id])
		if s.take(p.Forms[id].Pos, err) {
			p.forms[id] = f
		}
	}
	known := s.roleCodes(p)
	for _, id := range slices.Sorted(maps.Keys(p.Flows)) {
		def := p.Flows[id]
		f, err := flow.Compile(def, known...)
		if s.take(def.Pos, err) {
			p.flows[id] = f
		}
	}
	used := map[string]bool{}
	for _, code := range slices.Sorted(maps.Keys(p.Procedures)) {
		s.procedure(p, p.Procedures[code], used)
	}
	s.orphans(p, used)
}

func (s *set) roles(p *Pack) {
	seen := map[string]bool{}
	for _, r := range identity.ShippedRoles() {
		seen[r.Code] = true
	}
	for _, r := range p.Roles {
		if !roleForm.MatchString(r.Code) {
			s.bad(r.Pos, "role code %q: use small letters, digits and _", r.Code)
		}
		if seen[r.Code] {
			s.bad(r.Pos, "the role %q exists already", r.Code)
		}
		seen[r.Code] = true
		if r.Name.VI == "" || r.Name.EN == "" {
			s.bad(r.Pos, "the role %q needs a name in both languages", r.Code)
		}
		for _, perm := range r.Perms {
			if !slices.Contains(identity.Permissions(), perm) {
				s.bad(r.Pos, "role %q: there is no permission %q%s", r.Code, perm, didYouMean(perm, identity.Permissions()))
			}
		}
	}
}

func didYouMean(word string, names []string) string {
	if near := decl.Nearest(word, names); near != "" {
		return "; did you mean \"" + near + "\"?"
	}
	return ""
}

// procedure checks one procedure and everything its cases lead to.
func (s *set) procedure(p *Pack, def *procedure.Definition, used map[string]bool) {
	s.take(def.Pos, procedure.Check(def))
	s.take(def.Pos, procedure.Publishable(def))
	for i := range def.Cases {
		c := &def.Cases[i]
		refer(s, p, c, folderForms, "form", c.Form, p.Forms, used)
		refer(s, p, c, folderFlows, "flow", c.Flow, p.Flows, used)
		refer(s, p, c, folderRegisters, "register", c.Register, p.Registers, used)
		refer(s, p, c, folderTemplates, "template", c.Template, p.Templates, used)
		s.result(p, c)
	}
	parts, err := p.parts(def)
	if err != nil {
		s.bad(def.Pos, "%v", err)
		return
	}
	compiled, err := procedure.Compile(&procedure.Version{Code: def.Code, Pack: p.Manifest.Code, Def: def, Parts: parts}, p.forms, p.flows)
	if s.take(def.Pos, err) {
		s.compiled[def.Code] = compiled
	}
}

// refer follows one reference of a case.
func refer[D any](s *set, p *Pack, c *procedure.Case, folder, what, id string, have map[string]*D, used map[string]bool) {
	if id == "" {
		return
	}
	used[folder+"/"+id] = true
	if have[id] == nil && !p.broken[folder+"/"+id] {
		s.bad(c.Pos, "case %q names the %s %q, but there is no %s/%s.yaml%s", c.ID, what, id, folder, id, didYouMean(id, slices.Collect(maps.Keys(have))))
	}
}

// result checks what a case issues: register and template against the form, and that
// the flow asks the officer for what the register wants.
func (s *set) result(p *Pack, c *procedure.Case) {
	f, reg, tpl := p.forms[c.Form], p.Registers[c.Register], p.Templates[c.Template]
	if f == nil {
		return
	}
	var result, entry []string
	if reg != nil {
		s.take(reg.Pos, register.Check(reg, answerIDs(f)))
		for _, fd := range reg.Fields {
			entry = append(entry, fd.ID)
			if fd.By == "officer" {
				result = append(result, fd.ID)
			}
		}
	}
	if tpl != nil {
		_, err := document.Compile(tpl, document.Known{Vars: f.Vars(), Result: orEmpty(result), Entry: orEmpty(entry)})
		s.take(tpl.Pos, err)
	}
	if fl := p.Flows[c.Flow]; fl != nil && reg != nil {
		s.officerFields(c, fl, reg)
	}
}

// officerFields asks that a flow gives the officer a place to type what the register wants.
func (s *set) officerFields(c *procedure.Case, fl *flow.Definition, reg *register.Definition) {
	asks := false
	for _, st := range fl.Steps {
		for _, a := range st.Actions {
			asks = asks || slices.Contains(a.Needs, flow.NeedResult)
		}
	}
	for _, fd := range reg.OfficerFields() {
		if fd.Require && !asks {
			s.bad(fd.Pos, "the register wants %q of the officer, but no action of the flow %q has `needs: [result_fields]`", fd.ID, c.Flow)
		}
	}
}

// answerIDs lists the fields of a form that hold an answer.
func answerIDs(f *form.Form) []string {
	out := []string{}
	for _, st := range f.Definition().Steps {
		for _, fd := range st.Fields {
			if fd.Kind != form.Information {
				out = append(out, fd.ID)
			}
		}
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// orphans reports declarations that no procedure uses: mostly a misspelt name.
func (s *set) orphans(p *Pack, used map[string]bool) {
	type declared struct {
		key string
		pos decl.Pos
	}
	var all []declared
	for id, d := range p.Forms {
		all = append(all, declared{folderForms + "/" + id, d.Pos})
	}
	for id, d := range p.Flows {
		all = append(all, declared{folderFlows + "/" + id, d.Pos})
	}
	for id, d := range p.Registers {
		all = append(all, declared{folderRegisters + "/" + id, d.Pos})
	}
	for id, d := range p.Templates {
		all = append(all, declared{folderTemplates + "/" + id, d.Pos})
	}
	slices.SortFunc(all, func(a, b declared) int { return cmp.Compare(a.key, b.key) })
	for _, d := range all {
		if !used[d.key] {
			s.bad(d.pos, "no procedure of the pack uses this")
		}
	}
}
