package place

import (
	_ "embed" // the list of units
	"fmt"
	"strings"
	"sync"

	"motcua/internal/platform/civil"
)

//go:embed seed/units.txt
var seedText string

// Seed is the national list that comes with the program.
type Seed struct {
	Version     string
	Units       []Unit
	Successions []Succession
}

// theSeed reads the embedded list on first use; a test reads every line of it.
var theSeed = sync.OnceValue(func() *Seed {
	s, err := ParseSeed(seedText)
	if err != nil {
		panic(err) // embedded at build time
	}
	return s
})

// National is the index of the list that comes with the program.
var National = sync.OnceValue(func() *Index { return NewIndex(theSeed().Units, theSeed().Successions) })

// seedReader reads the format that the header of seed/units.txt explains.
type seedReader struct {
	seed               *Seed
	laws               map[string]string
	from, to           civil.Date
	opened, closed     [3]string // laws of province, district, commune
	province, district string
}

// ParseSeed reads a list of units. The error names the line.
func ParseSeed(text string) (*Seed, error) {
	r := seedReader{seed: &Seed{}, laws: map[string]string{}}
	type pending struct {
		line  int
		unit  Key
		terms []string
		legal string
	}
	var links []pending
	no := 0
	for line := range strings.Lines(text) {
		no++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		var err error
		switch {
		case word == "version":
			r.seed.Version = rest
		case word == "law":
			key, law, _ := strings.Cut(rest, " ")
			r.laws[key] = law
		case word == "era":
			err = r.era(strings.Fields(rest))
		case word[0] == '@':
			err = r.enter(word[1:])
		default:
			var u Unit
			var terms []string
			if u, terms, err = r.unit(word, rest); err == nil {
				r.seed.Units = append(r.seed.Units, u)
				if len(terms) > 0 {
					links = append(links, pending{no, u.Key(), terms, u.Legal})
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("units, line %d: %w", no, err)
		}
	}
	if r.seed.Version == "" {
		return nil, fmt.Errorf("units: no version")
	}
	byCode := map[string][]Unit{}
	for _, u := range r.seed.Units {
		byCode[u.Code] = append(byCode[u.Code], u)
	}
	for _, l := range links {
		for _, term := range l.terms {
			s := Succession{New: l.unit, Share: Full, Day: l.unit.From, Legal: l.legal}
			code := term
			switch term[len(term)-1] {
			case '^':
				code, s.Share, s.Residents = term[:len(term)-1], Partial, true
			case '~':
				code, s.Share = term[:len(term)-1], Partial
			}
			for _, u := range byCode[code] {
				if u.ValidTo == l.unit.From.AddDays(-1) {
					s.Old = u.Key()
				}
			}
			if s.Old.Code == "" {
				return nil, fmt.Errorf("units, line %d: no unit %s ended the day before %s", l.line, code, l.unit.From)
			}
			r.seed.Successions = append(r.seed.Successions, s)
		}
	}
	return r.seed, nil
}

// era reads "first last opened closed".
func (r *seedReader) era(f []string) (err error) {
	if len(f) != 4 {
		return fmt.Errorf("an era has a first and a last day and two laws")
	}
	if r.from, err = civil.Parse(f[0]); err != nil {
		return err
	}
	r.to = civil.Date{}
	if f[1] != "-" {
		if r.to, err = civil.Parse(f[1]); err != nil {
			return err
		}
	}
	if r.opened, err = r.lawsOf(f[2]); err != nil {
		return err
	}
	if r.closed, err = r.lawsOf(f[3]); err != nil {
		return err
	}
	r.province, r.district = "", ""
	return nil
}

// lawsOf reads "-", one key for every level, or three: province,district,commune.
func (r *seedReader) lawsOf(s string) (laws [3]string, err error) {
	if s == "-" {
		return laws, nil
	}
	keys := strings.Split(s, ",")
	if len(keys) == 1 {
		keys = []string{s, s, s}
	}
	if len(keys) != 3 {
		return laws, fmt.Errorf("one law or three, not %q", s)
	}
	for i, k := range keys {
		law, known := r.laws[k]
		if !known {
			return laws, fmt.Errorf("unknown law %q", k)
		}
		laws[i] = law
	}
	return laws, nil
}

// enter takes a unit of another era as the one that what follows lies in.
func (r *seedReader) enter(code string) error {
	switch l, ok := LevelOf(code); {
	case ok && l == Province:
		r.province, r.district = code, ""
	case ok && l == District:
		r.district = code
	default:
		return fmt.Errorf("%q is no province or district", code)
	}
	return nil
}

// unit reads "code kind name | English < predecessors".
func (r *seedReader) unit(code, rest string) (u Unit, from []string, err error) {
	level, ok := LevelOf(code)
	if !ok || r.from.IsZero() {
		return u, nil, fmt.Errorf("%q is no code, or stands before any era", code)
	}
	rest, before, _ := strings.Cut(rest, " < ")
	rest, english, _ := strings.Cut(rest, " | ")
	letters, name, _ := strings.Cut(rest, " ")
	u = Unit{Code: code, Level: level, Name: name, English: english, ValidFrom: r.from, ValidTo: r.to}
	for _, k := range kindTable {
		if k.level == level && k.seed == letters {
			u.Kind = k.kind
		}
	}
	if u.Kind == "" || name == "" {
		return u, nil, fmt.Errorf("%q is no kind of %s, or the name is missing", letters, level)
	}
	at := 0
	switch level {
	case Province:
		r.province, r.district = code, ""
	case District:
		at, u.Parent = 1, r.province
		r.district = code
	case Commune:
		at, u.Parent = 2, r.district
		if r.district == "" {
			u.Parent = r.province
		}
	}
	u.Legal, u.EndLegal = r.opened[at], r.closed[at]
	if level != Province && u.Parent == "" {
		return u, nil, fmt.Errorf("%s lies in nothing", code)
	}
	return u, strings.Fields(before), nil
}
