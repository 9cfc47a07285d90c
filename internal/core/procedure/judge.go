package procedure

import (
	"cmp"
	"context"
	"path"
	"slices"
	"time"
)

// Asked is one question of a person, and the name of the procedure it is about.
type Asked struct {
	Text     string
	Title    string
	Keywords []string // of the title, as who collected the questions sees them
	Main     bool     // asked by itself; the others of a set are asked after its main question
	Set      string   // the file it is from
}

// Verdict says how well the search understands a set of questions.
type Verdict struct {
	Procedures int       // in force
	Missing    []Missing // titles that no procedure of this catalogue has; their questions are left out
	Groups     []Group
	Files      []Group       // the questions of [AskedAll] by the folder or list they are from
	P50, P95   time.Duration // of one search
	Misses     []Miss        // wrong at first place
}

// Missing is a title that the catalogue does not know.
type Missing struct {
	Title string
	Asked int
}

// Group is a part of the questions with what was found.
type Group struct {
	Name       string // see the constants
	Asked      int
	Top1, Top3 int // a right procedure is first, among the first three
	Strict     int // the very procedure of the title is first
}

// The groups of a verdict. People ask for a procedure, then go on asking: the main
// question of a set is asked by itself, its other questions after it. What was found
// first for the main question is what they are understood by, right or wrong.
const (
	AskedAll    = "all"    // every question, the way people ask it: this group is held to the bar
	AskedAlone  = "alone"  // of these, the ones asked by themselves
	AskedAfter  = "after"  // of these, the ones asked after the main question of their set
	AskedTurned = "turned" // main questions asked after that of another set: the new subject must win; held to the bar too
	AskedCold   = "cold"   // the questions of AskedAfter with nothing before them, though many name no subject
	AskedNamed  = "named"  // every question with nothing before it, but only those that name their subject
)

// Miss is a question that led elsewhere.
type Miss struct {
	Asked
	After string   // the name of the procedure it was asked after
	Found []string // names, best first
	Place int      // 1-based place of the right one among the first ten, 0 when not there
}

// The bars: shares that must be right, and the time it may take.
const (
	BarTop1 = 0.85
	BarTop3 = 0.95
	BarTime = 20 * time.Millisecond // of a search, at the 95th percentile
)

// Rate is a share of the group.
func (g Group) Rate(n int) float64 {
	if g.Asked == 0 {
		return 0
	}
	return float64(n) / float64(g.Asked)
}

func (g Group) passes() bool { return g.Rate(g.Top1) >= BarTop1 && g.Rate(g.Top3) >= BarTop3 }

// count adds a question whose right procedure stood at a place.
func (g *Group) count(place int, strict bool) {
	g.Asked++
	if place == 1 {
		g.Top1++
	}
	if place >= 1 && place <= 3 {
		g.Top3++
	}
	if strict {
		g.Strict++
	}
}

// Group is the group of a name.
func (v Verdict) Group(name string) Group {
	for _, g := range v.Groups {
		if g.Name == name {
			return g
		}
	}
	return Group{}
}

// Passes reports whether what is held to the bars reaches them.
func (v Verdict) Passes() bool {
	all, turned := v.Group(AskedAll), v.Group(AskedTurned)
	return all.Asked > 0 && all.passes() && (turned.Asked == 0 || turned.passes()) && v.P95 <= BarTime
}

// Judge asks every question and compares what is found with the procedure of the title.
func (s *Service) Judge(ctx context.Context, all []Asked) (Verdict, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return Verdict{}, err
	}
	return x.judge(all), nil
}

// trial is a judgement under way.
type trial struct {
	x      *index
	titles *titles
	right  map[string][]int32 // by title
	groups map[string]*Group
	files  map[string]*Group
	took   []time.Duration
	misses []Miss
}

func (x *index) judge(all []Asked) Verdict {
	t := &trial{x: x, titles: newTitles(x), right: map[string][]int32{}, groups: map[string]*Group{}, files: map[string]*Group{}}
	for _, name := range []string{AskedAll, AskedAlone, AskedAfter, AskedTurned, AskedCold, AskedNamed} {
		t.groups[name] = &Group{Name: name}
	}
	v := Verdict{Procedures: len(x.entries)}
	missing := map[string]int{}
	var placed []Asked
	for _, a := range all {
		if _, known := t.right[a.Title]; !known {
			t.right[a.Title] = t.titles.mean(a.Title)
		}
		if len(t.right[a.Title]) > 0 {
			placed = append(placed, a)
			continue
		}
		if missing[a.Title]++; missing[a.Title] == 1 {
			v.Missing = append(v.Missing, Missing{Title: a.Title})
		}
	}
	for i := range v.Missing {
		v.Missing[i].Asked = missing[v.Missing[i].Title]
	}
	t.ask(placed)
	for _, name := range []string{AskedAll, AskedAlone, AskedAfter, AskedTurned, AskedNamed, AskedCold} {
		v.Groups = append(v.Groups, *t.groups[name])
	}
	for _, g := range t.files {
		v.Files = append(v.Files, *g)
	}
	slices.SortFunc(v.Files, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	if slices.Sort(t.took); len(t.took) > 0 {
		v.P50, v.P95 = t.took[len(t.took)/2], t.took[len(t.took)*95/100]
	}
	v.Misses = t.misses
	return v
}

// ask asks the questions the way people do, and in other ways to compare with.
func (t *trial) ask(all []Asked) {
	first := map[string]string{} // set → code of what was found first for its main question
	var sets []Asked             // the main questions of sets
	for _, a := range all {
		if a.Main && path.Ext(a.Set) == ".json" {
			if found := t.answer(a, "").found; len(found) > 0 {
				first[a.Set] = t.x.entries[found[0].entry].code
				sets = append(sets, a)
			}
		}
	}
	for _, a := range all {
		cold := t.answer(a, "")
		asked := cold
		if a.Main {
			t.count(cold, AskedAll, AskedAlone)
		} else {
			asked = t.answer(a, first[a.Set])
			t.count(asked, AskedAll, AskedAfter)
			t.count(cold, AskedCold)
		}
		if t.titles.subject(a) {
			t.count(cold, AskedNamed)
		}
		t.file(asked)
	}
	for i, a := range sets {
		before := first[sets[(i+1)%len(sets)].Set]
		if !slices.Contains(t.right[a.Title], t.x.byCode[before].at) {
			t.count(t.answer(a, before), AskedTurned)
		}
	}
}

// answer is what was found for a question.
type answer struct {
	Asked
	after  string // code
	found  []scored
	place  int
	strict bool
}

func (t *trial) answer(a Asked, after string) answer {
	start := time.Now()
	found, _, _ := t.x.findAfter(a.Text, after)
	t.took = append(t.took, time.Since(start))
	want := t.right[a.Title]
	return answer{a, after, found, t.x.place(found, want, a), len(found) > 0 && slices.Contains(want, found[0].entry)}
}

// count adds an answer to groups; a wrong one of those held to the bar is kept.
func (t *trial) count(a answer, names ...string) {
	for _, name := range names {
		t.groups[name].count(a.place, a.strict)
	}
	if a.place == 1 || names[0] != AskedAll && names[0] != AskedTurned {
		return
	}
	m := Miss{Asked: a.Asked, Place: a.place}
	if e := t.x.byCode[a.after]; e != nil {
		m.After = e.card.Name.VI
	}
	for _, f := range a.found[:min(3, len(a.found))] {
		m.Found = append(m.Found, t.x.entries[f.entry].card.Name.VI)
	}
	t.misses = append(t.misses, m)
}

// file adds an answer to the group of the folder of its set, or of its list.
func (t *trial) file(a answer) {
	name := a.Set
	if path.Ext(name) == ".json" && path.Dir(name) != "." {
		name = path.Dir(name)
	}
	if t.files[name] == nil {
		t.files[name] = &Group{Name: name}
	}
	t.files[name].count(a.place, a.strict)
}

// Worst are the first misses, those farthest off first.
func (v Verdict) Worst(n int) []Miss {
	misses := slices.Clone(v.Misses)
	slices.SortStableFunc(misses, func(a, b Miss) int {
		far := func(m Miss) int {
			if m.Place == 0 {
				return 11
			}
			return m.Place
		}
		return cmp.Compare(far(b), far(a))
	})
	return misses[:min(n, len(misses))]
}
