package procedure

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"motcua/internal/platform/fold"
)

// Asked is one question of a person, and the name of the procedure it is about.
type Asked struct {
	Text     string
	Title    string
	Keywords []string // of the title, as who collected the questions sees them
	Main     bool     // asks for the procedure by name, where other questions of the set ask about it
}

// Verdict says how well the search understands a set of questions.
type Verdict struct {
	Procedures int      // in force
	Missing    []string // titles that no procedure of this catalogue has; their questions are left out
	Groups     []Group
	P50, P95   time.Duration // of one search
	Misses     []Miss        // of the group that is judged, wrong at first place
}

// Group is a part of the questions with what was found.
type Group struct {
	Name       string // see the constants
	Asked      int
	Top1, Top3 int // a right procedure is first, among the first three
	Strict     int // the very procedure of the title is first
}

// The groups of a verdict.
const (
	AskedAll   = "all"   // every question, also "how long does it take?", which nobody can place
	AskedNamed = "named" // those that name their subject: this group is held to the bar
	AskedMain  = "main"  // the one that asks for the procedure itself
)

// Miss is a question that led elsewhere.
type Miss struct {
	Asked
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

// Judged is the group that is held to the bar.
func (v Verdict) Judged() Group {
	for _, g := range v.Groups {
		if g.Name == AskedNamed {
			return g
		}
	}
	return Group{}
}

// Passes reports whether the judged group reaches the bars.
func (v Verdict) Passes() bool {
	g := v.Judged()
	return g.Asked > 0 && g.Rate(g.Top1) >= BarTop1 && g.Rate(g.Top3) >= BarTop3 && v.P95 <= BarTime
}

// ReadQuestions reads every question of a folder or file: ".json" of the form
// {metadata.title, main_question, question_variants}, and ".jsonl" with one
// {question, expected_procedure_title} a line. Lines without a title are passed over:
// nobody said what would be right. files counts those that held a question.
func ReadQuestions(fsys fs.FS) (all []Asked, files int, err error) {
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		before := len(all)
		switch path.Ext(name) {
		case ".json":
			all, err = readSet(fsys, name, all)
		case ".jsonl":
			all, err = readLines(fsys, name, all)
		}
		if len(all) > before {
			files++
		}
		return err
	})
	return all, files, err
}

func readSet(fsys fs.FS, name string, all []Asked) ([]Asked, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	var set struct {
		Metadata struct {
			Title string `json:"title"`
		} `json:"metadata"`
		Main     string   `json:"main_question"`
		Variants []string `json:"question_variants"`
		Filters  struct {
			Keywords []string `json:"title_keywords"`
		} `json:"smart_filters"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if set.Metadata.Title == "" {
		return all, nil
	}
	if set.Main != "" {
		all = append(all, Asked{set.Main, set.Metadata.Title, set.Filters.Keywords, true})
	}
	for _, q := range set.Variants {
		all = append(all, Asked{q, set.Metadata.Title, set.Filters.Keywords, false})
	}
	return all, nil
}

func readLines(fsys fs.FS, name string, all []Asked) ([]Asked, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<22)
	for n := 1; lines.Scan(); n++ {
		var row struct {
			Question string `json:"question"`
			Title    string `json:"expected_procedure_title"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		if row.Question != "" && row.Title != "" {
			all = append(all, Asked{Text: row.Question, Title: row.Title})
		}
	}
	return all, lines.Err()
}

// Judge asks every question and compares what is found with the procedure of the
// title. Three rules say what is right, all without looking at the ranking:
//
//   - The right procedures of a title are those with its name, else one that says the
//     same in a few words more or less ([titles.mean]).
//   - A question names its subject when it holds a keyword of the title (a pair of its
//     words, where nobody chose keywords) that few names have, and what it shares with
//     the title tells it from the other procedures ([titles.apart]). Only such questions
//     can be understood alone and are held to the bar.
//   - A general procedure is right for a question about a special one that says
//     nothing of what makes it special: "how long does a birth certificate take?"
//     may lead to birth registration, also from somebody whose child was born abroad.
//     Likewise for two procedures whose names differ in hardly a word ([index.twin]).
func (s *Service) Judge(ctx context.Context, all []Asked) (Verdict, error) {
	x, err := s.fresh(ctx)
	if err != nil {
		return Verdict{}, err
	}
	return x.judge(all), nil
}

func (x *index) judge(all []Asked) Verdict {
	v := Verdict{Procedures: len(x.entries)}
	groups := map[string]*Group{AskedAll: {Name: AskedAll}, AskedNamed: {Name: AskedNamed}, AskedMain: {Name: AskedMain}}
	titles, right := newTitles(x), map[string][]int32{}
	var took []time.Duration
	for _, a := range all {
		want, known := right[a.Title]
		if !known {
			want = titles.mean(a.Title)
			right[a.Title] = want
			if len(want) == 0 {
				v.Missing = append(v.Missing, a.Title)
			}
		}
		if len(want) == 0 {
			continue
		}
		start := time.Now()
		found, _ := x.find(a.Text)
		took = append(took, time.Since(start))
		place := x.place(found, want, a)
		in := []*Group{groups[AskedAll]}
		named := titles.subject(a)
		if named {
			in = append(in, groups[AskedNamed])
		}
		if a.Main {
			in = append(in, groups[AskedMain])
		}
		for _, g := range in {
			g.Asked++
			if place == 1 {
				g.Top1++
			}
			if len(found) > 0 && slices.Contains(want, found[0].entry) {
				g.Strict++
			}
			if place >= 1 && place <= 3 {
				g.Top3++
			}
		}
		if named && place != 1 {
			m := Miss{Asked: a, Place: place}
			for _, f := range found[:min(3, len(found))] {
				m.Found = append(m.Found, x.entries[f.entry].card.Name.VI)
			}
			v.Misses = append(v.Misses, m)
		}
	}
	for _, name := range []string{AskedNamed, AskedMain, AskedAll} {
		v.Groups = append(v.Groups, *groups[name])
	}
	if slices.Sort(took); len(took) > 0 {
		v.P50, v.P95 = took[len(took)/2], took[len(took)*95/100]
	}
	return v
}

// place is the place of the first right procedure among the first ten, 0 for none.
func (x *index) place(found []scored, want []int32, a Asked) int {
	for i, f := range found[:min(10, len(found))] {
		if slices.Contains(want, f.entry) || x.general(&x.entries[f.entry], a) || x.twin(want, f.entry, a) {
			return i + 1
		}
	}
	return 0
}

// titles finds the procedures that titles mean.
type titles struct {
	x       *index
	byName  map[string][]int32
	counted map[string]int // names that hold a phrase
}

func newTitles(x *index) *titles {
	t := &titles{x: x, byName: map[string][]int32{}, counted: map[string]int{}}
	for i := range x.entries {
		key := x.entries[i].nameKey
		t.byName[key] = append(t.byName[key], int32(i))
	}
	return t
}

// mean lists the procedures with the name; else one whose name goes on where a long
// title ends; else one that differs from a long title in hardly a word. Short titles
// are never stretched: "đăng ký" and "đăng ký lại" are two things.
func (t *titles) mean(title string) (near []int32) {
	key := fold.Key(plainName(title))
	if same := t.byName[key]; len(same) > 0 {
		return same
	}
	words := strings.Fields(key)
	if short := fold.Key(withoutBrackets(plainName(title))); short != "" {
		near = t.byName[short]
	}
	best := sameTitle
	for i := range t.x.entries {
		name := t.x.entries[i].nameKey
		switch {
		case len(near) == 0 && fold.Key(withoutBrackets(plainName(t.x.entries[i].card.Name.VI))) == key,
			len(words) >= longTitle && strings.HasPrefix(name, key+" "):
			near, best = []int32{int32(i)}, 1
		case len(words) >= longTitle:
			if d := alike(words, strings.Fields(name)); d > best {
				near, best = []int32{int32(i)}, d
			}
		}
	}
	return near
}

const (
	longTitle = 12   // words
	sameTitle = 0.92 // share of words in common
)

// alike is the share of words that two lists have in common (Dice), with their number.
func alike(a, b []string) float64 {
	count := map[string]int{}
	for _, w := range a {
		count[w]++
	}
	common := 0
	for _, w := range b {
		if count[w] > 0 {
			count[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(max(len(a)+len(b), 1))
}

// subject says whether a question names what its title is about.
func (t *titles) subject(a Asked) bool {
	asked := " " + fold.Key(a.Text) + " "
	phrases := a.Keywords
	if len(phrases) == 0 {
		phrases = pairsOf(plainName(a.Title))
	}
	for _, p := range phrases {
		p = fold.Key(p)
		if strings.Contains(p, " ") && strings.Contains(asked, " "+p+" ") && t.count(p)*rareAmong <= len(t.x.entries) {
			return t.apart(a)
		}
	}
	return false
}

// apart reports whether what a question shares with its title tells it from all other
// procedures whose names are no longer, except the general ones ([index.general]).
// "How long does certification take?" asked of one kind of certification does not.
func (t *titles) apart(a Asked) bool {
	title, asked := fold.Tokens(plainName(a.Title)), fold.Tokens(a.Text)
	var shared []string
	for _, w := range title {
		if !smallTalk[w] && slices.Contains(asked, w) {
			shared = append(shared, w)
		}
	}
	for i := range t.x.entries {
		e := &t.x.entries[i]
		name := strings.Fields(e.nameKey)
		if len(name) <= len(title) && len(without(shared, name)) == 0 && len(without(name, title)) > 0 {
			return false
		}
	}
	return true
}

// rareAmong is among how many names a phrase may stand once to name a subject.
const rareAmong = 200

// count counts the names that hold a phrase.
func (t *titles) count(p string) int {
	n, known := t.counted[p]
	if !known {
		for i := range t.x.entries {
			if strings.Contains(" "+t.x.entries[i].nameKey+" ", " "+p+" ") {
				n++
			}
		}
		t.counted[p] = n
	}
	return n
}

// pairsOf lists the pairs of words of a text that are not small talk.
func pairsOf(text string) (out []string) {
	words := fold.Tokens(text)
	for i := 1; i < len(words); i++ {
		if !smallTalk[words[i-1]] && !smallTalk[words[i]] {
			out = append(out, words[i-1]+" "+words[i])
		}
	}
	return out
}

// general reports whether e is the general case of what a title names, and the
// question says nothing of what the title has beyond it.
func (x *index) general(e *entry, a Asked) bool {
	title, name, asked := fold.Tokens(plainName(a.Title)), strings.Fields(e.nameKey), fold.Tokens(a.Text)
	left := slices.Clone(title)
	for _, w := range name {
		i := slices.Index(left, w)
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) == 0 || len(name) < 3 {
		return false
	}
	for _, w := range left {
		if !smallTalk[w] && !slices.Contains(name, w) && slices.Contains(asked, w) {
			return false
		}
	}
	return true
}

// twin reports whether e differs from a right procedure in hardly a word, and the
// question holds none of those: nobody could tell which of the two is meant.
func (x *index) twin(want []int32, e int32, a Asked) bool {
	asked, name := fold.Tokens(a.Text), strings.Fields(x.entries[e].nameKey)
	for _, w := range want {
		right := strings.Fields(x.entries[w].nameKey)
		differ := append(without(right, name), without(name, right)...)
		if len(right) >= longTitle && len(name) >= longTitle && len(differ) <= twinWords && !slices.ContainsFunc(differ, func(d string) bool { return slices.Contains(asked, d) }) {
			return true
		}
	}
	return false
}

// twinWords is how many words twins may differ in.
const twinWords = 3

// without lists the words of a that are neither in b nor small talk.
func without(a, b []string) (out []string) {
	for _, w := range a {
		if !slices.Contains(b, w) && !smallTalk[w] {
			out = append(out, w)
		}
	}
	return out
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
