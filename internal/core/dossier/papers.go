package dossier

import (
	"context"
	"slices"
	"strconv"
	"time"

	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
)

// Limits on what one filing may bring.
const (
	maxPapers = 100
	maxFiles  = 200
	maxCount  = 99 // originals or copies of one paper
)

// fileTypes maps the kinds of file a component accepts to the types the server finds.
var fileTypes = map[string][]string{
	"pdf": {"application/pdf"}, "jpeg": {"image/jpeg"}, "png": {"image/png"}, "webp": {"image/webp"}, "heic": {"image/heic", "image/heif"},
	"docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	"dwg":  {"image/vnd.dwg"}, "zip": {"application/zip"}, "xml": {"application/xml", "text/xml"},
}

// taken are papers read from what was handed in.
type taken struct {
	papers []Paper
	files  []string // ids, to be claimed
}

// take turns what was handed in into papers of the dossier, and says what is wrong
// with it. Files must belong to whoever hands them in; reused results must be the
// owner's own and still valid.
func (s *Service) take(ctx context.Context, components []procedure.ComponentNow, in []PaperInput, owner Person, fileOwner string, online bool, now time.Time) (taken, []errs.Field, error) {
	var out taken
	var bad []errs.Field
	if len(in) > maxPapers {
		return out, []errs.Field{errs.Bad("papers", "dossier.papers-many", "max", maxPapers)}, nil
	}
	files, err := s.filesOf(ctx, in)
	if err != nil {
		return out, nil, err
	}
	entries, err := s.entriesOf(ctx, in, owner)
	if err != nil {
		return out, nil, err
	}
	seen := map[string]bool{}
	for i, p := range in {
		if p.Remove {
			continue
		}
		field := "papers." + or(p.Code, strconv.Itoa(i))
		component, known := componentOf(components, p.Code)
		switch {
		case p.Code != "" && seen[p.Code]:
			bad = append(bad, errs.Bad(field, "dossier.paper-twice"))
			continue
		case p.Code != "" && !known && p.Code != ProxyPaper:
			bad = append(bad, errs.Bad(field, "dossier.paper-unknown"))
			continue
		case p.Code == "" && fold.Clean(p.Name) == "":
			bad = append(bad, errs.Bad(field, "dossier.paper-name"))
			continue
		case p.Originals < 0 || p.Copies < 0 || p.Originals > maxCount || p.Copies > maxCount:
			bad = append(bad, errs.Bad(field, "dossier.paper-count"))
			continue
		}
		seen[p.Code] = true
		paper := Paper{ID: id.New(), Code: p.Code, Name: fold.Clean(p.Name), Kind: p.Kind, Originals: p.Originals, Copies: p.Copies, Note: fold.Clean(p.Note)}
		accept := []string{"pdf", "jpeg", "png"}
		if known {
			paper.Name, paper.Required, accept = component.Name.VI, component.Required, component.FileTypes()
		} else if p.Code == ProxyPaper {
			paper.Name = "Văn bản ủy quyền"
		}
		for _, fileID := range p.FileIDs {
			f, ok := files[fileID]
			switch {
			case !ok || f.Owner != fileOwner:
				bad = append(bad, errs.Bad(field, "file.not-found"))
				continue
			case f.Scan == blob.Infected:
				bad = append(bad, errs.Bad(field, "file.infected", "virus", f.ScanNote))
				continue
			case !accepted(accept, f.Type):
				bad = append(bad, errs.Bad(field, "dossier.file-type", "name", f.Name, "accept", acceptWords(accept)))
				continue
			}
			paper.Files = append(paper.Files, PaperFile{ID: f.ID, Name: f.Name, Size: f.Size, Type: f.Type, Hash: f.Hash})
			out.files = append(out.files, f.ID)
		}
		if p.EntryID != "" {
			e, ok := entries[p.EntryID]
			if !ok || !slices.Contains(component.Reuse, e.ResultCode) {
				bad = append(bad, errs.Bad(field, "dossier.reuse"))
				continue
			}
			paper.EntryID, paper.ResultCode, paper.Reused, paper.FromStore, paper.Digitised = e.ID, e.ResultCode, 1, 1, 2
		}
		paper.complete(online, now)
		if paper.Given {
			out.papers = append(out.papers, paper)
		}
	}
	if len(out.files) > maxFiles {
		bad = append(bad, errs.Bad("papers", "dossier.files-many", "max", maxFiles))
	}
	return out, bad, nil
}

// complete sets what follows from the rest.
func (p *Paper) complete(online bool, now time.Time) {
	p.Given = len(p.Files) > 0 || p.Originals+p.Copies > 0 || p.EntryID != ""
	if p.Given {
		p.GivenAt = now
	}
	if len(p.Files) > 0 && p.Digitised == 0 {
		p.Digitised = 1 // scanned at the counter
		if online {
			p.Digitised = 2 // electronic from the start
		}
	}
	if p.Kind == "" {
		switch {
		case p.Originals > 0:
			p.Kind = "original"
		case p.Copies > 0:
			p.Kind = "copy"
		default:
			p.Kind = "electronic"
		}
	}
}

func componentOf(all []procedure.ComponentNow, code string) (procedure.ComponentNow, bool) {
	for _, c := range all {
		if c.Code == code && code != "" {
			return c, true
		}
	}
	return procedure.ComponentNow{}, false
}

func accepted(kinds []string, mime string) bool {
	for _, k := range kinds {
		if slices.Contains(fileTypes[k], mime) {
			return true
		}
	}
	return false
}

func acceptWords(kinds []string) string {
	out := ""
	for i, k := range kinds {
		if i > 0 {
			out += ", "
		}
		out += k
	}
	return out
}

// filesOf reads the files named, in one query.
func (s *Service) filesOf(ctx context.Context, in []PaperInput) (map[string]blob.File, error) {
	var ids []string
	for _, p := range in {
		ids = append(ids, p.FileIDs...)
	}
	out := map[string]blob.File{}
	if len(ids) == 0 {
		return out, nil
	}
	if len(ids) > maxFiles {
		ids = ids[:maxFiles+1]
	}
	slices.Sort(ids)
	list, err := s.Files.GetMany(ctx, slices.Compact(ids))
	for _, f := range list {
		out[f.ID] = f
	}
	return out, err
}

// entriesOf reads the owner's results that papers want to reuse.
func (s *Service) entriesOf(ctx context.Context, in []PaperInput, owner Person) (map[string]register.Entry, error) {
	out := map[string]register.Entry{}
	if !slices.ContainsFunc(in, func(p PaperInput) bool { return p.EntryID != "" }) || !s.mayReuse(ctx, owner) {
		return out, nil
	}
	list, err := s.Registers.FindForHolder(ctx, register.FindQuery{Numbers: []string{owner.CitizenNo, owner.TaxCode}, Valid: true, Limit: 200})
	for _, e := range list {
		out[e.ID] = e
	}
	return out, err
}

// missing lists the required papers that were not given. What is only shown at a
// counter, and the form itself, are not asked of anybody.
func missing(components []procedure.ComponentNow, papers []Paper) []errs.Field {
	var bad []errs.Field
	for _, c := range components {
		if !c.Required || c.Form != "" || c.PresentOnly {
			continue
		}
		if !slices.ContainsFunc(papers, func(p Paper) bool { return p.Code == c.Code && p.Given }) {
			bad = append(bad, errs.Bad("papers."+c.Code, "dossier.paper-missing", "name", c.Name))
		}
	}
	return bad
}

// withForm adds the papers that the form filled in stands for.
func withForm(components []procedure.ComponentNow, papers []Paper, now time.Time) []Paper {
	out := slices.Clone(papers)
	for _, c := range components {
		if c.Form == "" || slices.ContainsFunc(out, func(p Paper) bool { return p.Code == c.Code }) {
			continue
		}
		out = append(out, Paper{ID: id.New(), Code: c.Code, Name: c.Name.VI, Required: c.Required, Kind: "electronic", Digitised: 2, Given: true, GivenAt: now})
	}
	return out
}

// Components are the papers that a filing must or may bring, as decided for its
// answers, with the results of the owner that the registers keep already.
func (s *Service) Components(ctx context.Context, versionID, caseID string, answers form.Answers, owner, submitter Person) ([]Component, error) {
	m := &matter{now: s.now()}
	if err := s.pinned(ctx, m, versionID, caseID); err != nil {
		return nil, err
	}
	if owner.Name == "" && owner.CitizenNo == "" && owner.TaxCode == "" {
		owner = submitter
	}
	env := form.Env{Now: m.now, Owner: owner.properties(), Submitter: submitter.properties()}
	now := m.comp.Components(caseID, answers, env)
	var codes []string
	for _, c := range now {
		codes = append(codes, c.Reuse...)
	}
	var found []register.Entry
	if len(codes) > 0 && s.mayReuse(ctx, owner) {
		var err error
		if found, err = s.Registers.FindForHolder(ctx, register.FindQuery{ResultCodes: codes, Numbers: []string{owner.CitizenNo, owner.TaxCode}, Valid: true, Limit: 50}); err != nil {
			return nil, err
		}
	}
	out := make([]Component, 0, len(now)+1)
	for _, c := range now {
		if c.Form != "" {
			continue // the form on line is the paper
		}
		one := Component{
			Code: c.Code, Name: c.Name.In(ctx), Note: c.Note.In(ctx), Required: c.Required, PresentOnly: c.PresentOnly,
			Originals: c.Originals, Copies: c.Copies, Accept: c.FileTypes(),
		}
		for _, e := range found {
			if slices.Contains(c.Reuse, e.ResultCode) {
				one.Reusable = append(one.Reusable, ReuseRef{EntryID: e.ID, Name: e.Title, Number: e.Number, At: e.IssuedOn.String()})
			}
		}
		out = append(out, one)
	}
	if !same(owner, submitter) && owner.Name != "" {
		out = append(out, proxyComponent(ctx))
	}
	return out, nil
}

// mayReuse keeps people from learning what papers others have: one's own results
// are offered, when somebody has made sure that the number is one's own; staff at
// work may look for the owner's.
func (s *Service) mayReuse(ctx context.Context, owner Person) bool {
	a := identity.From(ctx)
	if a.Kind == identity.KindStaff || a.Kind == identity.KindSystem {
		return true
	}
	if (a.CitizenNo == "" || a.CitizenNo != owner.CitizenNo) && (a.TaxCode == "" || a.TaxCode != owner.TaxCode) {
		return false
	}
	acc, err := s.People.Lookup(ctx, a.AccountID)
	return err == nil && acc.Assurance != identity.SelfDeclared && acc.Assurance != ""
}

// proxyComponent is the letter of authority as a component of the page.
func proxyComponent(ctx context.Context) Component {
	return Component{
		Code: ProxyPaper, Name: i18n.T(ctx, "dossier.paper.proxy"), Note: i18n.T(ctx, "dossier.paper.proxy-note"), Originals: 1, Accept: []string{"pdf", "jpeg", "png"},
	}
}
