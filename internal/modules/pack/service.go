package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/packs"
)

// What a load asks of the rooms that keep declarations. Forms, flows and templates
// travel inside the procedure versions and have no keeper of their own.

// Procedures keeps the catalogue.
type Procedures interface {
	Publish(ctx context.Context, tx *sqldb.Tx, b procedure.Bundle) (v *procedure.Version, changed bool, err error)
	Withdraw(ctx context.Context, tx *sqldb.Tx, versionID string) error
	Reinstate(ctx context.Context, tx *sqldb.Tx, versionID string) error
	Newest(ctx context.Context, r sqldb.Reader, pack string) ([]*procedure.Version, error)
}

// Registers keeps the definitions of registers.
type Registers interface {
	SaveDefinition(ctx context.Context, tx *sqldb.Tx, pack string, def *register.Definition) (changed bool, err error)
}

// Roles keeps the roles that packs bring.
type Roles interface {
	CheckRoles(ctx context.Context, pack string, roles []identity.Role) ([]error, error)
	SaveRoles(ctx context.Context, tx *sqldb.Tx, pack string, roles []identity.Role) error
}

// Section is a further folder of packs, kept by another room: indicators, mappings,
// samples. What it takes and gives are plain values, so that no room has to know
// this one.
type Section interface {
	// Folder is the name of the folder.
	Folder() string
	// CheckPack reads the files of the folder (by name) and reports every problem.
	CheckPack(ctx context.Context, pack string, files map[string][]byte) decl.Problems
	// LoadPack makes the section of the pack exactly these files, in the transaction of the load.
	LoadPack(ctx context.Context, tx *sqldb.Tx, pack string, files map[string][]byte) error
}

// Deps is what the service needs.
type Deps struct {
	DB         *sqldb.DB
	Journal    *journal.Journal
	Procedures Procedures
	Registers  Registers
	Roles      Roles
	Sections   []Section
	Now        func() time.Time // nil is time.Now
}

// Service loads packs.
type Service struct{ deps Deps }

// New makes the service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{deps: d}
}

// Outcome is what a load, a rollback or a diff came to.
type Outcome struct {
	Report  Report
	Loads   []Load   // the packs that are in force now because of it
	Same    []string // packs that were loaded already, word for word
	Changes []Change
}

// Summary is the one last line of `motcua pack load|diff`.
func (o Outcome) Summary() string {
	if !o.Report.OK() {
		return o.Report.Summary()
	}
	kinds := map[string]int{}
	for _, c := range o.Changes {
		kinds[c.Kind]++
	}
	var parts []string
	for _, k := range []string{Added, Changed, Removed} {
		if kinds[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", kinds[k], k))
		}
	}
	if len(parts) == 0 {
		return "ok: nothing changes"
	}
	return "ok: " + strings.Join(parts, ", ")
}

// allow asks for admin.packs over the whole house: a pack is the law of every
// agency, so an administrator of one commune may not load it.
func allow(ctx context.Context) error {
	a := identity.From(ctx)
	if a.Kind == identity.KindSystem {
		return nil
	}
	for _, p := range a.Posts {
		if strings.Count(p.AgencyPath, "/") == 2 && slices.Contains(p.Perms, identity.AdminPacks) {
			return nil
		}
	}
	return errs.NewNotFound("pack.not-yours")
}

// List tells the packs in force, by code.
func (s *Service) List(ctx context.Context) ([]Load, error) {
	if err := allow(ctx); err != nil {
		return nil, err
	}
	return currentLoads(ctx, s.deps.DB)
}

// History lists the loads of a pack, newest first, at most 100.
func (s *Service) History(ctx context.Context, pack string) ([]Load, error) {
	if err := allow(ctx); err != nil {
		return nil, err
	}
	return history(ctx, s.deps.DB, pack, 100)
}

// prepared is a pack ready to be loaded.
type prepared struct {
	pack    *Pack
	hash    string
	files   string
	content Content
	bundles []procedure.Bundle
}

// Diff reports what loading the packs would change. Packs with problems still show
// their changes.
func (s *Service) Diff(ctx context.Context, list []Source) (Outcome, error) {
	if err := allow(ctx); err != nil {
		return Outcome{}, err
	}
	out, _, err := s.prepare(ctx, list)
	return out, err
}

// Load puts packs in force, all in one transaction or none. A problem, a failed case or a
// gap refuses it with an errs.Invalid "pack.not-loadable"; Outcome.Report tells
// which. Packs that are in force already, word for word, are left alone.
func (s *Service) Load(ctx context.Context, list []Source) (Outcome, error) {
	if err := allow(ctx); err != nil {
		return Outcome{}, err
	}
	out, ready, err := s.prepare(ctx, list)
	if err != nil {
		return out, err
	}
	if !out.Report.OK() {
		return out, errs.New(errs.Invalid, "pack.not-loadable", "summary", out.Report.Summary())
	}
	if len(ready) == 0 {
		return out, nil
	}
	var loads []Load
	err = s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		done := make([]Load, 0, len(ready))
		for _, p := range ready {
			l, err := s.load(ctx, tx, p)
			if err != nil {
				return err
			}
			done = append(done, l)
		}
		loads = done
		return nil
	})
	out.Loads = loads
	return out, err
}

// LoadEmbedded loads the packs that ship with the program, as the system. When they
// are all in force already it costs one query.
func (s *Service) LoadEmbedded(ctx context.Context) (Outcome, error) {
	list, err := Embedded(packs.FS)
	if err != nil {
		return Outcome{}, err
	}
	return s.Load(identity.With(ctx, identity.System), list)
}

// prepare checks, tests and compares the packs that differ from what is in force.
func (s *Service) prepare(ctx context.Context, list []Source) (Outcome, []prepared, error) {
	loaded, err := currentLoads(ctx, s.deps.DB)
	if err != nil {
		return Outcome{}, nil, err
	}
	inForce := map[string]Load{}
	for _, l := range loaded {
		inForce[l.Pack] = l
	}
	var out Outcome
	var fresh []Source
	for _, src := range list {
		code := codeOf(src)
		if l, ok := inForce[code]; ok && l.Hash == src.hash() {
			out.Same = append(out.Same, code)
			continue
		}
		fresh = append(fresh, src)
	}
	if len(fresh) == 0 {
		out.Report.Tested = true
		return out, nil, nil
	}
	context, err := s.context(ctx, loaded, fresh)
	if err != nil {
		return out, nil, err
	}
	j := judge(fresh, context, s.folders(), true)
	out.Report = j.report
	if err := s.askRooms(ctx, &j); err != nil {
		return out, nil, err
	}
	out.Report = j.report
	var ready []prepared
	for _, p := range j.set.packs {
		old, err := s.before(ctx, inForce, p.Manifest.Code)
		if err != nil {
			return out, nil, err
		}
		out.Changes = append(out.Changes, difference(old, p)...)
		if !out.Report.OK() {
			continue
		}
		r, err := ripen(p)
		if err != nil {
			return out, nil, err
		}
		ready = append(ready, r)
	}
	return out, ready, nil
}

func (s *Service) folders() []string {
	var out []string
	for _, sec := range s.deps.Sections {
		out = append(out, sec.Folder())
	}
	return out
}

// askRooms lets the rooms judge what only they know.
func (s *Service) askRooms(ctx context.Context, j *judged) error {
	for _, p := range j.set.packs {
		faults, err := s.deps.Roles.CheckRoles(ctx, p.Manifest.Code, p.roles())
		if err != nil {
			return fmt.Errorf("check roles of %s: %w", p.Manifest.Code, err)
		}
		for _, f := range faults {
			j.report.Problems = append(j.report.Problems, decl.Pos{File: p.Source.file(rolesName)}.At("%v", f))
		}
		for _, sec := range s.deps.Sections {
			j.report.Problems = append(j.report.Problems, sec.CheckPack(ctx, p.Manifest.Code, p.Source.folder(sec.Folder()))...)
		}
	}
	return nil
}

// context reads the packs in force that the new ones stand beside.
func (s *Service) context(ctx context.Context, loaded []Load, fresh []Source) ([]Source, error) {
	replaced := map[string]bool{}
	for _, src := range fresh {
		replaced[codeOf(src)] = true
	}
	var out []Source
	for _, l := range loaded {
		if replaced[l.Pack] {
			continue
		}
		src, err := filesOf(ctx, s.deps.DB, l)
		if err != nil {
			return nil, err
		}
		out = append(out, src)
	}
	return out, nil
}

// before reads the pack as it is in force, nil when it is not.
func (s *Service) before(ctx context.Context, inForce map[string]Load, code string) (*Pack, error) {
	l, ok := inForce[code]
	if !ok {
		return nil, nil
	}
	src, err := filesOf(ctx, s.deps.DB, l)
	if err != nil {
		return nil, err
	}
	p, _ := readPack(src, s.folders()) // it was without problems when it was loaded; what this program cannot read counts as gone
	return p, nil
}

// ripen works out everything that costs time before the transaction.
func ripen(p *Pack) (prepared, error) {
	r := prepared{pack: p, hash: p.Source.hash(), content: content(p)}
	files := make(map[string]string, len(p.Source.Files))
	for name, data := range p.Source.Files {
		files[name] = string(data)
	}
	text, err := json.Marshal(files)
	if err != nil {
		return r, fmt.Errorf("encode files of %s: %w", p.Manifest.Code, err)
	}
	r.files = string(text)
	for _, code := range slices.Sorted(maps.Keys(p.Procedures)) {
		def := p.Procedures[code]
		parts, err := p.parts(def)
		if err != nil {
			return r, fmt.Errorf("encode parts of %s: %w", code, err)
		}
		b, err := procedure.Bundle{Pack: p.Manifest.Code, Def: def, Parts: parts}.Seal()
		if err != nil {
			return r, err
		}
		r.bundles = append(r.bundles, b)
	}
	return r, nil
}

// load puts one pack in force, in the transaction of all.
func (s *Service) load(ctx context.Context, tx *sqldb.Tx, p prepared) (Load, error) {
	code := p.pack.Manifest.Code
	l := Load{
		ID: id.New(), Pack: code, Version: p.pack.Manifest.Version, Name: p.pack.Manifest.Name, Hash: p.hash, Content: p.content,
		State: Current, LoadedAt: s.deps.Now().UTC().Truncate(time.Millisecond), LoadedBy: identity.From(ctx).AccountID,
	}
	standing, err := s.deps.Procedures.Newest(ctx, tx, code)
	if err != nil {
		return l, err
	}
	for _, v := range standing {
		if p.pack.Procedures[v.Code] == nil {
			if err := s.deps.Procedures.Withdraw(ctx, tx, v.ID); err != nil {
				return l, err
			}
			l.withdrawn = append(l.withdrawn, v.ID)
		}
	}
	for _, b := range p.bundles {
		v, changed, err := s.deps.Procedures.Publish(ctx, tx, b)
		if err != nil {
			return l, err
		}
		if changed {
			l.published = append(l.published, v.ID)
		}
	}
	if err := s.keep(ctx, tx, p.pack); err != nil {
		return l, err
	}
	old, err := newestIn(ctx, tx, code, Current)
	switch {
	case errs.Is(err, errs.NotFound):
	case err != nil:
		return l, err
	default:
		if err := setState(ctx, tx, old.ID, Replaced); err != nil {
			return l, err
		}
	}
	n, err := lastLoad(ctx, tx, code)
	if err != nil {
		return l, err
	}
	l.Number = n + 1
	if err := insertLoad(ctx, tx, l, p.files); err != nil {
		return l, err
	}
	return l, s.note(ctx, tx, "pack.loaded", l)
}

// keep hands the other declarations of a pack to their rooms.
func (s *Service) keep(ctx context.Context, tx *sqldb.Tx, p *Pack) error {
	code := p.Manifest.Code
	for _, name := range slices.Sorted(maps.Keys(p.Registers)) {
		if _, err := s.deps.Registers.SaveDefinition(ctx, tx, code, p.Registers[name]); err != nil {
			return fmt.Errorf("keep register %s/%s: %w", code, name, err)
		}
	}
	if err := s.deps.Roles.SaveRoles(ctx, tx, code, p.roles()); err != nil {
		return fmt.Errorf("keep roles of %s: %w", code, err)
	}
	for _, sec := range s.deps.Sections {
		if err := sec.LoadPack(ctx, tx, code, p.Source.folder(sec.Folder())); err != nil {
			return fmt.Errorf("keep %s of %s: %w", sec.Folder(), code, err)
		}
	}
	return nil
}

// Rollback undoes the newest load of a pack: the versions it published are withdrawn,
// those it withdrew stand again, and everything else is as the load before had it.
// Without a load before, the pack's procedures are no longer offered. Dossiers
// filed meanwhile stay with the version they were filed under.
func (s *Service) Rollback(ctx context.Context, pack string) (Outcome, error) {
	if err := allow(ctx); err != nil {
		return Outcome{}, err
	}
	now, before, old, err := s.rollbackPlan(ctx, pack)
	if err != nil {
		return Outcome{}, err
	}
	nowFiles, err := filesOf(ctx, s.deps.DB, now)
	if err != nil {
		return Outcome{}, err
	}
	present, _ := readPack(nowFiles, s.folders())
	out := Outcome{Changes: difference(present, old)}
	err = s.deps.DB.Tx(ctx, func(tx *sqldb.Tx) error { return s.undo(ctx, tx, now, before, old) })
	if err == nil && before.ID != "" {
		before.State = Current
		out.Loads = []Load{before}
	}
	return out, err
}

// rollbackPlan finds the load in force and the one before it.
func (s *Service) rollbackPlan(ctx context.Context, pack string) (now, before Load, old *Pack, err error) {
	now, err = newestIn(ctx, s.deps.DB, pack, Current)
	if err != nil {
		return now, before, nil, err
	}
	before, err = newestIn(ctx, s.deps.DB, pack, Replaced)
	if errs.Is(err, errs.NotFound) {
		return now, Load{}, nil, nil
	}
	if err != nil {
		return now, before, nil, err
	}
	src, err := filesOf(ctx, s.deps.DB, before)
	if err != nil {
		return now, before, nil, err
	}
	old, problems := readPack(src, s.folders())
	if len(problems) > 0 {
		return now, before, nil, errs.NewConflict("pack.cannot-go-back", "number", before.Number).Because(problems)
	}
	return now, before, old, nil
}

func (s *Service) undo(ctx context.Context, tx *sqldb.Tx, now, before Load, old *Pack) error {
	check, err := newestIn(ctx, tx, now.Pack, Current)
	if err != nil {
		return err
	}
	if check.ID != now.ID {
		return errs.NewConflict("pack.loaded-meanwhile")
	}
	for _, v := range now.published {
		if err := s.deps.Procedures.Withdraw(ctx, tx, v); err != nil {
			return err
		}
	}
	for _, v := range now.withdrawn {
		if err := s.deps.Procedures.Reinstate(ctx, tx, v); err != nil {
			return err
		}
	}
	if err := setState(ctx, tx, now.ID, Undone); err != nil {
		return err
	}
	if before.ID != "" {
		if err := setState(ctx, tx, before.ID, Current); err != nil {
			return err
		}
		if err := s.keep(ctx, tx, old); err != nil {
			return err
		}
	} else if err := s.deps.Roles.SaveRoles(ctx, tx, now.Pack, nil); err != nil {
		return err
	}
	return s.note(ctx, tx, "pack.rolled-back", now)
}

func (s *Service) note(ctx context.Context, tx *sqldb.Tx, event string, l Load) error {
	text, err := json.Marshal(map[string]any{
		"load": l.ID, "number": l.Number, "version": l.Version, "hash": l.Hash, "published": orEmpty(l.published), "withdrawn": orEmpty(l.withdrawn),
	})
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	who := identity.From(ctx)
	_, err = s.deps.Journal.Append(ctx, tx, journal.Event{Stream: "pack:" + l.Pack, Type: event, Actor: who.AccountID, ActorName: who.Name, Data: text})
	if err != nil {
		return fmt.Errorf("journal %s: %w", event, err)
	}
	return nil
}

// hash is the content hash of a pack's files.
func (s Source) hash() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		h.Write(fmt.Appendf(nil, "%d:%s%d:", len(name), name, len(s.Files[name])))
		h.Write(s.Files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// folder gives the files of a folder by their name in it.
func (s Source) folder(dir string) map[string][]byte {
	out := map[string][]byte{}
	for name, data := range s.Files {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			out[rest] = data
		}
	}
	return out
}

// codeOf reads only the code of a pack; "" when its manifest cannot be read.
func codeOf(s Source) string {
	var m Manifest
	if decl.Decode(s.file(manifestName), s.Files[manifestName], &m) != nil {
		return ""
	}
	return m.Code
}
