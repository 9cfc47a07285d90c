package reform

import (
	"cmp"
	"fmt"
	"slices"

	"motcua/internal/core/org"
	"motcua/internal/core/place"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
)

// File is a decree as somebody writes it down (nghị quyết, quyết định).
type File struct {
	decl.Pos
	Number    string    `yaml:"number"` // "1685/NQ-UBTVQH15"
	Kind      i18n.Text `yaml:"kind"`   // "Nghị quyết"
	Issuer    i18n.Text `yaml:"issuer"` // who issued it
	Date      string    `yaml:"date"`   // 2025-06-16
	Effective string    `yaml:"effective"`
	Title     i18n.Text `yaml:"title"` // trích yếu
	Text      string    `yaml:"text"`  // the legal text, or the part that matters here
	Agencies  []Op      `yaml:"agencies"`
	Units     []UnitOp  `yaml:"units"`

	issued, on civil.Date
}

// Op is one operation on agencies: exactly one of its verbs is given.
type Op struct {
	decl.Pos
	Create  *Body    `yaml:"create"`
	Merge   []string `yaml:"merge"` // agency ids; into: one
	Split   string   `yaml:"split"` // agency id; share: to whom what
	Abolish *Abolish `yaml:"abolish"`
	Rename  string   `yaml:"rename"` // agency id; as: what changes
	Move    []string `yaml:"move"`   // agency ids; to: the parent
	Into    string   `yaml:"into"`
	As      *Body    `yaml:"as"`
	To      string   `yaml:"to"`
	Share   []Rule   `yaml:"share"`
}

// Abolish names what ends without a single successor: agencies, or a whole level.
type Abolish struct {
	decl.Pos
	Level    string   `yaml:"level"`
	Agencies []string `yaml:"agencies"`
}

// Body is an agency to come.
type Body struct {
	decl.Pos
	Code      string `yaml:"code"`
	OldCode   string `yaml:"old_code"`
	Name      string `yaml:"name"`
	ShortName string `yaml:"short_name"`
	Kind      string `yaml:"kind"`
	Level     string `yaml:"level"`
	Parent    string `yaml:"parent"`
	Unit      string `yaml:"unit"`
	Address   string `yaml:"address"`
	Phone     string `yaml:"phone"`
	Email     string `yaml:"email"`
	Receives  bool   `yaml:"receives"`
	Calendar  string `yaml:"calendar"` // agency id whose working calendar it takes
}

// Rule gives a part of an ended agency to somebody. The first rule that fits
// decides; the last one has no condition and takes the rest, the archive with it.
type Rule struct {
	decl.Pos
	To         string   `yaml:"to"`        // agency id
	Territory  bool     `yaml:"territory"` // to the commune agency in whose territory the address lies
	Fields     []string `yaml:"fields"`    // beginnings of codes of fields: G15, G12-XD
	Procedures []string `yaml:"procedures"`
	Villages   []string `yaml:"villages"` // names inside the address
	Units      []string `yaml:"units"`    // codes of administrative units of the address
	Dossiers   []string `yaml:"dossiers"` // numbers
	Registers  []string `yaml:"registers"`
	Staff      []string `yaml:"staff"` // logins
	Posts      []string `yaml:"posts"` // titles
}

// UnitOp is one operation on administrative units, see package place: exactly one of
// its verbs is given.
type UnitOp struct {
	decl.Pos
	Create  *Unit    `yaml:"create"`
	Close   []string `yaml:"close"`   // codes that end without a successor named here
	Abolish *Level   `yaml:"abolish"` // a whole level ends; what lay in it must be merged or moved
	Merge   []string `yaml:"merge"`
	Into    string   `yaml:"into"`
	Split   string   `yaml:"split"`
	Parts   []string `yaml:"parts"`  // codes that get a part
	Rename  string   `yaml:"rename"` // code; as: what changes
	As      *Unit    `yaml:"as"`
	Move    []string `yaml:"move"` // codes; to: the unit they lie in from now on
	To      string   `yaml:"to"`
}

// Level names every unit of a level within some units.
type Level struct {
	decl.Pos
	Level string   `yaml:"level"`
	In    []string `yaml:"in"` // codes of provinces or districts
}

// Unit is an administrative unit to come.
type Unit struct {
	decl.Pos
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Kind   string `yaml:"kind"`
	Level  string `yaml:"level"`
	Parent string `yaml:"parent"`
}

// conditional reports whether a rule asks anything.
func (r *Rule) conditional() bool {
	return r.Territory || len(r.Fields)+len(r.Procedures)+len(r.Villages)+len(r.Units)+len(r.Dossiers)+len(r.Registers)+len(r.Staff)+len(r.Posts) > 0
}

// places reports whether a rule asks where something lies.
func (r *Rule) places() bool { return r.Territory || len(r.Villages)+len(r.Units) > 0 }

// Problem is one thing wrong with a decree. Text is set for what the reader of
// declarations says; else the words are at the locale key "reform.problem.<Code>".
type Problem struct {
	decl.Pos
	Code string
	Args map[string]any
	Text string
}

func problem(at decl.Pos, code string, kv ...any) Problem {
	p := Problem{Pos: at, Code: code, Args: map[string]any{}}
	for i := 0; i+1 < len(kv); i += 2 {
		p.Args[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return p
}

func sortProblems(list []Problem) []Problem {
	slices.SortStableFunc(list, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return list
}

// Parse reads a decree and says everything that is wrong with it by itself.
func Parse(name string, data []byte) (*File, []Problem) {
	f := &File{}
	if err := decl.Decode(name, data, f); err != nil {
		var list []Problem
		if shape, ok := err.(decl.Problems); ok { //nolint:errorlint // Decode returns it unwrapped
			for _, p := range shape {
				list = append(list, Problem{Pos: p.Pos, Text: p.Message})
			}
		} else {
			list = append(list, Problem{Text: err.Error()})
		}
		return f, list
	}
	return f, f.check()
}

func (f *File) check() []Problem {
	var bad []Problem
	at := func(p decl.Pos, code string, kv ...any) { bad = append(bad, problem(p, code, kv...)) }
	f.Number, f.Text = fold.Clean(f.Number), fold.CleanLines(f.Text)
	if f.Number == "" {
		at(f.Pos, "number")
	}
	if f.Title.VI == "" {
		at(f.Pos, "title")
	}
	var err error
	if f.issued, err = civil.Parse(f.Date); err != nil {
		at(f.Pos, "date", "value", f.Date)
	}
	if f.on, err = civil.Parse(f.Effective); err != nil {
		at(f.Pos, "effective", "value", f.Effective)
	}
	if len(f.Agencies)+len(f.Units) == 0 {
		at(f.Pos, "empty")
	}
	for i := range f.Agencies {
		bad = append(bad, f.Agencies[i].check()...)
	}
	for i := range f.Units {
		bad = append(bad, f.Units[i].check()...)
	}
	return sortProblems(bad)
}

func (o *Op) check() []Problem {
	var bad []Problem
	at := func(code string, kv ...any) { bad = append(bad, problem(o.Pos, code, kv...)) }
	verbs := 0
	for _, given := range []bool{o.Create != nil, len(o.Merge) > 0, o.Split != "", o.Abolish != nil, o.Rename != "", len(o.Move) > 0} {
		if given {
			verbs++
		}
	}
	if verbs != 1 {
		at("one-verb", "n", verbs)
		return bad
	}
	switch {
	case o.Create != nil:
		bad = append(bad, o.Create.check(o.Pos)...)
	case len(o.Merge) > 0 && o.Into == "":
		at("merge-into")
	case o.Rename != "" && o.As == nil:
		at("rename-as")
	case len(o.Move) > 0 && o.To == "":
		at("move-to")
	case o.Abolish != nil && o.Abolish.Level == "" && len(o.Abolish.Agencies) == 0:
		at("abolish-what")
	case o.Abolish != nil && o.Abolish.Level != "" && !slices.Contains(org.Levels(), org.Level(o.Abolish.Level)):
		at("level", "value", o.Abolish.Level)
	}
	if (o.Split != "" || o.Abolish != nil) && len(o.Share) == 0 {
		at("share-missing")
	}
	for i := range o.Share {
		r := &o.Share[i]
		last := i == len(o.Share)-1
		switch {
		case r.To == "" && !r.Territory:
			bad = append(bad, problem(r.Pos, "rule-to"))
		case r.To != "" && r.Territory:
			bad = append(bad, problem(r.Pos, "rule-both"))
		}
		switch {
		case last && r.conditional():
			bad = append(bad, problem(r.Pos, "rest-missing"))
		case !last && !r.conditional():
			bad = append(bad, problem(r.Pos, "rest-not-last"))
		}
	}
	return bad
}

func (b *Body) check(at decl.Pos) []Problem {
	var bad []Problem
	if b.Line > 0 {
		at = b.Pos
	}
	for name, v := range map[string]string{"code": b.Code, "name": b.Name, "kind": b.Kind, "level": b.Level} {
		if v == "" {
			bad = append(bad, problem(at, "body-missing", "field", name))
		}
	}
	if b.Kind != "" && !slices.Contains(org.Kinds(), org.Kind(b.Kind)) {
		bad = append(bad, problem(at, "kind", "value", b.Kind))
	}
	if b.Level != "" && !slices.Contains(org.Levels(), org.Level(b.Level)) {
		bad = append(bad, problem(at, "level", "value", b.Level))
	}
	slices.SortFunc(bad, func(a, b Problem) int { return cmp.Compare(fmt.Sprint(a.Args), fmt.Sprint(b.Args)) })
	return bad
}

func (u *UnitOp) check() []Problem {
	verbs := 0
	for _, given := range []bool{u.Create != nil, len(u.Close) > 0, u.Abolish != nil, len(u.Merge) > 0, u.Split != "", u.Rename != "", len(u.Move) > 0} {
		if given {
			verbs++
		}
	}
	switch {
	case verbs != 1:
		return []Problem{problem(u.Pos, "one-verb", "n", verbs)}
	case len(u.Merge) > 0 && u.Into == "":
		return []Problem{problem(u.Pos, "merge-into")}
	case u.Abolish != nil && (u.Abolish.Level == "" || len(u.Abolish.In) == 0):
		return []Problem{problem(u.Pos, "abolish-where")}
	case u.Abolish != nil && u.Abolish.Level != string(place.District) && u.Abolish.Level != string(place.Commune):
		return []Problem{problem(u.Pos, "unit-level", "value", u.Abolish.Level)}
	case u.Rename != "" && u.As == nil:
		return []Problem{problem(u.Pos, "rename-as")}
	case len(u.Move) > 0 && u.To == "":
		return []Problem{problem(u.Pos, "move-to")}
	case u.Split != "" && len(u.Parts) < 2:
		return []Problem{problem(u.Pos, "split-parts")}
	case u.Create != nil && (u.Create.Code == "" || u.Create.Name == ""):
		return []Problem{problem(u.Pos, "body-missing", "field", "code, name")}
	}
	return nil
}

// lineOf is where a file speaks of an agency.
func (f *File) lineOf(code string) decl.Pos {
	for i := range f.Agencies {
		o := &f.Agencies[i]
		if o.Create != nil && o.Create.Code == code || o.As != nil && o.As.Code == code || o.Split == code || o.Rename == code ||
			slices.Contains(o.Merge, code) || slices.Contains(o.Move, code) || o.Abolish != nil && slices.Contains(o.Abolish.Agencies, code) {
			return o.Pos
		}
	}
	return f.Pos
}

// Basis is how people cite the decree: "Nghị quyết số 1685/NQ-UBTVQH15 ngày 16/06/2025".
func (f *File) Basis(lang string) string {
	kind := f.Kind.Lang(lang)
	if lang == i18n.EN {
		return cmp.Or(kind, "Decree") + " " + f.Number + " of " + f.issued.Screen(lang)
	}
	return cmp.Or(kind, "Văn bản") + " số " + f.Number + " ngày " + f.issued.Screen(lang)
}
