package pack

import (
	"encoding/json"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"motcua/internal/core/document"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
)

// Manifest is pack.yaml: what the pack is.
type Manifest struct {
	Code     string    `yaml:"code" json:"code"`                   // folder name
	Name     i18n.Text `yaml:"name" json:"name"`                   //
	Version  int       `yaml:"version" json:"version"`             // of the pack's author, grows
	Summary  i18n.Text `yaml:"summary" json:"summary,omitzero"`    //
	Requires []string  `yaml:"requires" json:"requires,omitempty"` // codes of packs that must be loaded too
	Pos      decl.Pos  `yaml:"-" json:"-"`
}

// Pack is a pack that was read. Declarations are by their id; one that could not
// be read is missing, and the problems say why.
type Pack struct {
	Manifest   Manifest
	Source     Source
	Procedures map[string]*procedure.Definition // by code
	Forms      map[string]*form.Definition
	Flows      map[string]*flow.Definition
	Registers  map[string]*register.Definition // by code within the pack
	Templates  map[string]*document.Definition
	Roles      []roleDef
	Cases      []*caseFile

	forms  map[string]*form.Form // those that compile
	flows  map[string]*flow.Flow
	broken map[string]bool // "forms/birth": could not be read; do not complain that it is missing
}

// roleDef is a role with its place.
type roleDef struct {
	Code  string    `yaml:"code" json:"code"`
	Name  i18n.Text `yaml:"name" json:"name"`
	Perms []string  `yaml:"perms" json:"perms"`
	Pos   decl.Pos  `yaml:"-" json:"-"`
}

type rolesFile struct {
	Roles []roleDef `yaml:"roles"`
}

// roles gives the roles as package identity takes them.
func (p *Pack) roles() []identity.Role {
	out := make([]identity.Role, len(p.Roles))
	for i, r := range p.Roles {
		out[i] = identity.Role{Code: r.Code, Name: r.Name, Perms: r.Perms}
	}
	return out
}

var (
	codeForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	roleForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// Folders of a pack.
const (
	folderProcedures = "procedures"
	folderForms      = "forms"
	folderFlows      = "flows"
	folderRegisters  = "registers"
	folderTemplates  = "templates"
	folderCases      = "cases"
	rolesName        = "roles.yaml"
)

func folders() []string {
	return []string{folderProcedures, folderForms, folderFlows, folderRegisters, folderTemplates, folderCases}
}

// reader gathers the problems of one pack.
type reader struct {
	pack     *Pack
	problems decl.Problems
}

func (r *reader) bad(p decl.Pos, format string, args ...any) {
	r.problems = append(r.problems, p.At(format, args...))
}

// take files an error of a room: its problems with their places, anything else at pos.
func (r *reader) take(pos decl.Pos, err error) bool {
	if err == nil {
		return true
	}
	var ps decl.Problems
	if errors.As(err, &ps) {
		r.problems = append(r.problems, ps...)
	} else {
		r.bad(pos, "%v", err)
	}
	return false
}

// readPack decodes every file of a source, strictly. further names folders that
// other rooms read.
func readPack(s Source, further []string) (*Pack, decl.Problems) {
	p := &Pack{
		Source: s, Procedures: map[string]*procedure.Definition{}, Forms: map[string]*form.Definition{}, Flows: map[string]*flow.Definition{},
		Registers: map[string]*register.Definition{}, Templates: map[string]*document.Definition{},
		forms: map[string]*form.Form{}, flows: map[string]*flow.Flow{}, broken: map[string]bool{},
	}
	r := &reader{pack: p}
	r.layout(append(folders(), further...))
	r.manifest()
	section(r, folderForms, form.Decode, p.Forms, func(d *form.Definition) string { return d.ID })
	section(r, folderFlows, flow.Decode, p.Flows, func(d *flow.Definition) string { return d.ID })
	section(r, folderRegisters, register.Decode, p.Registers, func(d *register.Definition) string { return d.Code })
	section(r, folderTemplates, document.Decode, p.Templates, func(d *document.Definition) string { return d.ID })
	r.procedures()
	r.roles()
	r.cases()
	return p, r.problems
}

// layout refuses files that would be silently ignored.
func (r *reader) layout(known []string) {
	for name := range r.pack.Source.Files {
		pos := decl.Pos{File: r.pack.Source.file(name)}
		switch dir := path.Dir(name); {
		case name == manifestName, name == rolesName, name == "README.md":
		case !slices.Contains(known, dir):
			r.bad(pos, "nothing reads this file; a pack has %s, %s and the folders %s", manifestName, rolesName, strings.Join(known, ", "))
		case path.Ext(name) != ".yaml" && slices.Contains(folders(), dir):
			r.bad(pos, "declarations end in .yaml")
		}
	}
}

func (r *reader) manifest() {
	s := r.pack.Source
	data, ok := s.Files[manifestName]
	if !ok {
		r.bad(decl.Pos{File: s.Where}, "there is no %s", manifestName)
		return
	}
	m := &r.pack.Manifest
	if !r.take(decl.Pos{}, decl.Decode(s.file(manifestName), data, m)) {
		return
	}
	if !codeForm.MatchString(m.Code) {
		r.bad(m.Pos, "code %q: use small letters, digits and -", m.Code)
	}
	if m.Name.VI == "" || m.Name.EN == "" {
		r.bad(m.Pos, "the pack needs a name in both languages")
	}
	if m.Version < 1 {
		r.bad(m.Pos, "the pack needs a version, from 1")
	}
}

// section decodes the files of one folder; the name of a file is the id it declares.
func section[D any](r *reader, folder string, decode func(string, []byte) (*D, error), into map[string]*D, id func(*D) string) {
	s := r.pack.Source
	for _, name := range s.names(folder) {
		base := strings.TrimSuffix(path.Base(name), ".yaml")
		pos := decl.Pos{File: s.file(name), Line: 1}
		def, err := decode(s.file(name), s.Files[name])
		if !r.take(pos, err) {
			r.pack.broken[folder+"/"+base] = true
			continue
		}
		if got := id(def); got != base {
			r.bad(pos, "the file declares %q; call the file %s.yaml, or the declaration %q", got, got, base)
		}
		into[base] = def
	}
}

func (r *reader) procedures() {
	s := r.pack.Source
	for _, name := range s.names(folderProcedures) {
		def, err := procedure.Decode(s.file(name), s.Files[name])
		if !r.take(decl.Pos{File: s.file(name), Line: 1}, err) {
			continue
		}
		if first := r.pack.Procedures[def.Code]; first != nil {
			r.bad(def.Pos, "procedure %s stands in %s too", def.Code, first.Pos)
			continue
		}
		r.pack.Procedures[def.Code] = def
	}
}

func (r *reader) roles() {
	data, ok := r.pack.Source.Files[rolesName]
	if !ok {
		return
	}
	var f rolesFile
	if r.take(decl.Pos{}, decl.Decode(r.pack.Source.file(rolesName), data, &f)) {
		r.pack.Roles = f.Roles
	}
}

// parts gives the declarations a version of the procedure carries with it.
func (p *Pack) parts(def *procedure.Definition) (procedure.Parts, error) {
	parts := procedure.Parts{Forms: map[string]json.RawMessage{}, Flows: map[string]json.RawMessage{}, Templates: map[string]json.RawMessage{}}
	for _, c := range def.Cases {
		for _, part := range []struct {
			id   string
			into map[string]json.RawMessage
			def  any
		}{{c.Form, parts.Forms, p.Forms[c.Form]}, {c.Flow, parts.Flows, p.Flows[c.Flow]}, {c.Template, parts.Templates, p.Templates[c.Template]}} {
			if part.id == "" {
				continue
			}
			text, err := json.Marshal(part.def)
			if err != nil {
				return parts, err
			}
			part.into[part.id] = text
		}
	}
	if len(parts.Templates) == 0 {
		parts.Templates = nil
	}
	return parts, nil
}
