package reform

import (
	"cmp"
	"slices"
	"strings"

	"motcua/internal/core/org"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/fold"
)

// Plan is a decree held against the agencies that exist: who is created, moves and
// ends, and who gets what. It is pure; the same tree and file give the same plan.
type Plan struct {
	File    *File
	units   unitDecree
	Create  []Creation // parents before children
	Moves   []MoveTo
	Endings []Ending // deepest first, so that children end before parents

	targets map[string]*org.Agency // by agency id of the day: those that stay and those to come; ID "" for the latter
	today   map[string]*org.Agency // by agency id of the day before
	byID    map[string]*org.Agency
	ends    map[string]*Ending // by id of the agency
	lands   []land
}

// Creation is an agency to come.
type Creation struct {
	Agency     org.Agency
	ParentCode string
	Calendar   string // id of the agency whose calendar it takes, "" the heir's
	at         decl.Pos
}

// MoveTo hangs an agency under another parent.
type MoveTo struct {
	Agency     org.Agency
	ParentCode string
}

// Ending is an agency that ends, with the rules by which its things are shared.
type Ending struct {
	Agency  org.Agency
	Rules   []Rule
	Heir    string // agency id of the one who takes the rest
	Renamed bool   // one agency becomes one other: numbers count on
	at      decl.Pos
}

// Targets are the agency ids of everybody named as a successor, the heir first.
func (e *Ending) Targets() []string {
	out := []string{e.Heir}
	for _, r := range e.Rules {
		if r.To != "" && !slices.Contains(out, r.To) {
			out = append(out, r.To)
		}
	}
	return out
}

// land is one commune that an address may name.
type land struct {
	unit, key string // code and folded name, "xa an hoa"
	agency    *org.Agency
}

// resolve holds a decree against the agencies of the province. may says whether
// whoever asks administers an agency; what they do not, does not exist for them.
func resolve(f *File, agencies []org.Agency, may func(org.Agency) bool) (*Plan, []Problem) {
	p := &Plan{File: f, targets: map[string]*org.Agency{}, today: map[string]*org.Agency{}, byID: map[string]*org.Agency{}, ends: map[string]*Ending{}}
	var bad []Problem
	eve := f.on.AddDays(-1)
	for i := range agencies {
		a := &agencies[i]
		p.byID[a.ID] = a
		if a.ValidOn(eve) && may(*a) {
			p.today[a.Code] = a
			p.targets[a.Code] = a
		} else if a.ValidOn(f.on) && may(*a) { // made beforehand, to begin on the day
			p.targets[a.Code] = a
		}
	}
	r := &resolver{p: p, f: f}
	for i := range f.Agencies {
		r.endings(&f.Agencies[i])
	}
	for _, e := range r.ending {
		if p.targets[e.Agency.Code] != nil && p.targets[e.Agency.Code].ID == e.Agency.ID {
			delete(p.targets, e.Agency.Code)
		}
	}
	for i := range f.Agencies {
		r.creations(&f.Agencies[i])
	}
	r.order()
	for i := range f.Agencies {
		r.moves(&f.Agencies[i])
	}
	r.rules()
	r.leftovers()
	slices.SortStableFunc(r.ending, func(a, b *Ending) int {
		return cmp.Or(cmp.Compare(strings.Count(b.Agency.Path, "/"), strings.Count(a.Agency.Path, "/")), cmp.Compare(a.Agency.Code, b.Agency.Code))
	})
	for _, e := range r.ending {
		p.Endings = append(p.Endings, *e)
	}
	for i := range p.Endings {
		p.ends[p.Endings[i].Agency.ID] = &p.Endings[i]
	}
	p.survey()
	return p, sortProblems(append(bad, r.bad...))
}

type resolver struct {
	p      *Plan
	f      *File
	ending []*Ending
	bad    []Problem
}

func (r *resolver) at(pos decl.Pos, code string, kv ...any) {
	r.bad = append(r.bad, problem(pos, code, kv...))
}

// end notes that an agency ends.
func (r *resolver) end(op *Op, code string, rules []Rule, renamed bool) {
	a := r.p.today[code]
	if a == nil {
		r.at(op.Pos, "unknown-agency", "code", code)
		return
	}
	for _, e := range r.ending {
		if e.Agency.ID == a.ID {
			r.at(op.Pos, "ends-twice", "code", code, "line", e.at.Line)
			return
		}
	}
	if !a.ValidTo.IsZero() {
		r.at(op.Pos, "ended-already", "code", code, "day", a.ValidTo.Screen("vi"))
		return
	}
	r.ending = append(r.ending, &Ending{Agency: *a, Rules: rules, Renamed: renamed, at: op.Pos})
}

func (r *resolver) endings(op *Op) {
	rest := func(to string) []Rule { return append(slices.Clone(op.Share), Rule{Pos: op.Pos, To: to}) }
	switch {
	case len(op.Merge) > 0:
		for _, code := range op.Merge {
			if code == op.Into {
				continue // it absorbs the others
			}
			if n := len(op.Share); n > 0 && !op.Share[n-1].conditional() {
				r.end(op, code, op.Share, false)
			} else {
				r.end(op, code, rest(op.Into), false)
			}
		}
	case op.Split != "":
		r.end(op, op.Split, op.Share, false)
	case op.Rename != "" && op.As != nil:
		r.end(op, op.Rename, []Rule{{Pos: op.Pos, To: cmp.Or(op.As.Code, op.Rename)}}, true)
	case op.Abolish != nil:
		codes := slices.Clone(op.Abolish.Agencies)
		if op.Abolish.Level != "" {
			for code, a := range r.p.today {
				if string(a.Level) == op.Abolish.Level && !slices.Contains(codes, code) && !r.named(code) {
					codes = append(codes, code)
				}
			}
			slices.Sort(codes)
			if len(codes) == 0 {
				r.at(op.Pos, "level-empty", "level", op.Abolish.Level)
			}
		}
		for _, code := range codes {
			r.end(op, code, op.Share, false)
		}
	}
}

// named reports whether the file ends an agency by its own operation: a level that is
// abolished takes the others.
func (r *resolver) named(code string) bool {
	return slices.ContainsFunc(r.f.Agencies, func(o Op) bool {
		return slices.Contains(o.Merge, code) || o.Split == code || o.Rename == code || o.Abolish != nil && slices.Contains(o.Abolish.Agencies, code)
	})
}

func (r *resolver) creations(op *Op) {
	var b Body
	at := op.Pos
	switch {
	case op.Create != nil:
		b = *op.Create
	case op.Rename != "" && op.As != nil && r.p.today[op.Rename] != nil:
		b = renamed(*r.p.today[op.Rename], *op.As, r.p.byID)
	default:
		return
	}
	a := org.Agency{
		Code: b.Code, OldCode: b.OldCode, Name: fold.Clean(b.Name), ShortName: fold.Clean(b.ShortName), Kind: org.Kind(b.Kind), Level: org.Level(b.Level),
		UnitCode: b.Unit, Address: b.Address, Phone: b.Phone, Email: b.Email, ReceivesDossiers: b.Receives, ValidFrom: r.f.on,
	}
	if a.ShortName == "" {
		a.ShortName = a.Name
	}
	if there := r.p.targets[a.Code]; there != nil {
		r.at(at, "code-taken", "code", a.Code, "name", there.Name)
		return
	}
	for _, t := range r.p.targets {
		if fold.Key(t.Name) == fold.Key(a.Name) {
			r.at(at, "name-doubled", "name", a.Name, "code", t.Code)
		}
	}
	c := Creation{Agency: a, ParentCode: b.Parent, at: at}
	if b.Calendar != "" {
		if from := r.p.today[b.Calendar]; from != nil {
			c.Calendar = from.ID
		} else {
			r.at(at, "unknown-agency", "code", b.Calendar)
		}
	}
	r.p.Create = append(r.p.Create, c)
	made := a
	r.p.targets[a.Code] = &made
}

// renamed is what an agency becomes when only some of it changes.
func renamed(a org.Agency, as Body, byID map[string]*org.Agency) Body {
	parent := ""
	if up := byID[a.ParentID]; up != nil {
		parent = up.Code
	}
	return Body{
		Code: cmp.Or(as.Code, a.Code), OldCode: cmp.Or(as.OldCode, a.OldCode), Name: cmp.Or(as.Name, a.Name), ShortName: cmp.Or(as.ShortName, as.Name, a.ShortName),
		Kind: cmp.Or(as.Kind, string(a.Kind)), Level: cmp.Or(as.Level, string(a.Level)), Parent: cmp.Or(as.Parent, parent), Unit: cmp.Or(as.Unit, a.UnitCode),
		Address: cmp.Or(as.Address, a.Address), Phone: cmp.Or(as.Phone, a.Phone), Email: cmp.Or(as.Email, a.Email), Receives: as.Receives || a.ReceivesDossiers, Calendar: as.Calendar,
	}
}

// order puts parents before children and checks that each parent is there.
func (r *resolver) order() {
	left := r.p.Create
	r.p.Create = nil
	made := map[string]bool{}
	for len(left) > 0 {
		var later []Creation
		for _, c := range left {
			parent := r.p.targets[c.ParentCode]
			switch {
			case c.ParentCode == "":
				r.at(c.at, "body-missing", "field", "parent")
			case parent == nil:
				r.at(c.at, "unknown-parent", "code", c.ParentCode)
			case parent.ID != "" || made[c.ParentCode]:
				made[c.Agency.Code] = true
				r.p.Create = append(r.p.Create, c)
			default:
				later = append(later, c)
			}
		}
		if len(later) == len(left) {
			for _, c := range later {
				r.at(c.at, "parent-circle", "code", c.Agency.Code)
			}
			return
		}
		left = later
	}
}

func (r *resolver) moves(op *Op) {
	for _, code := range op.Move {
		a, parent := r.p.targets[code], r.p.targets[op.To]
		switch {
		case a == nil || a.ID == "":
			r.at(op.Pos, "unknown-agency", "code", code)
		case parent == nil:
			r.at(op.Pos, "unknown-parent", "code", op.To)
		case parent.ValidFrom.After(a.ValidFrom):
			r.at(op.Pos, "parent-younger", "code", code, "parent", op.To)
		case parent.ID != "" && slices.Contains(parent.Ancestors(), a.ID):
			r.at(op.Pos, "parent-circle", "code", code)
		case slices.ContainsFunc(r.p.Moves, func(m MoveTo) bool { return m.Agency.ID == a.ID }):
			r.at(op.Pos, "moves-twice", "code", code)
		default:
			r.p.Moves = append(r.p.Moves, MoveTo{Agency: *a, ParentCode: op.To})
		}
	}
}

// rules checks to whom the ended agencies' things go.
func (r *resolver) rules() {
	told := map[string]bool{}
	for _, e := range r.ending {
		for _, rule := range e.Rules {
			key := rule.String() + rule.To
			if rule.To == "" || r.p.targets[rule.To] != nil || told[key] {
				continue
			}
			told[key] = true
			r.at(rule.Pos, "unknown-target", "code", rule.To)
		}
		if n := len(e.Rules); n > 0 {
			if e.Heir = e.Rules[n-1].To; e.Heir == "" && !told["heir"+e.at.String()] {
				told["heir"+e.at.String()] = true
				r.at(e.at, "rest-missing")
			}
		}
	}
}

// leftovers finds units that would hang in the air.
func (r *resolver) leftovers() {
	gone := map[string]*Ending{}
	for _, e := range r.ending {
		gone[e.Agency.ID] = e
	}
	for _, a := range r.p.today {
		e := gone[a.ParentID]
		if e == nil || gone[a.ID] != nil || slices.ContainsFunc(r.p.Moves, func(m MoveTo) bool { return m.Agency.ID == a.ID }) {
			continue
		}
		r.at(e.at, "child-left", "code", e.Agency.Code, "child", a.Code, "name", a.ShortName)
	}
}

// survey lists the communes that addresses may name: those of the day before first,
// because that is what people wrote.
func (p *Plan) survey() {
	add := func(a *org.Agency) {
		if a.Kind != org.KindCommune {
			return
		}
		key := fold.Key(a.Name)
		for _, head := range []string{"uy ban nhan dan ", "ubnd "} {
			key = strings.TrimPrefix(key, head)
		}
		p.lands = append(p.lands, land{unit: a.UnitCode, key: key, agency: a})
	}
	for _, a := range p.today {
		add(a)
	}
	for _, a := range p.targets {
		if p.today[a.Code] != a {
			add(a)
		}
	}
	slices.SortFunc(p.lands, func(a, b land) int { // longest name first, so that "xã An Phú Đông" is not "xã An Phú"
		return cmp.Or(cmp.Compare(len(b.key), len(a.key)), cmp.Compare(a.agency.Code, b.agency.Code))
	})
}
