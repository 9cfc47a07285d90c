package procedure

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"motcua/internal/platform/fold"
)

// The lists of words are ours, in files that a person who knows no Go can edit:
// "#" begins a remark, one rule a line.
var (
	//go:embed words/synonyms.txt
	synonymText string
	//go:embed words/questions.txt
	questionText string
	//go:embed words/events.txt
	eventText string
	//go:embed words/parts.txt
	partText string
)

// rules reads "left = right" lines, in order.
func rules(text string) (out [][2]string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		left, right, _ := strings.Cut(line, "=")
		out = append(out, [2]string{strings.TrimSpace(left), strings.TrimSpace(right)})
	}
	return out
}

// longestPhrase is how many words a phrase of the lists may have.
const longestPhrase = 6

// synonyms maps folded phrases to what the catalogue says, several ways parted by |.
var synonyms = sync.OnceValue(func() map[string][][]string {
	out := map[string][][]string{}
	for _, r := range rules(synonymText) {
		from := fold.Key(r[0])
		for to := range strings.SplitSeq(r[1], "|") {
			out[from] = append(out[from], fold.Tokens(to))
		}
	}
	return out
})

// phraseLists are the phrases (folded) of questions.
type phraseLists struct {
	asking map[string]bool // ask about any procedure and tell none apart
	aside  map[string]bool // what follows is a paper or a condition
	back   map[string]bool // words that end such a part
	this   map[string]bool // speak of what was spoken of before
}

var phrases = sync.OnceValue(func() phraseLists {
	out := phraseLists{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, r := range rules(questionText) {
		list := out.asking
		switch r[0] {
		case "aside":
			list = out.aside
		case "back":
			list = out.back
		case "this":
			list = out.this
		}
		for phrase := range strings.SplitSeq(r[1], ",") {
			list[fold.Key(phrase)] = true
		}
	}
	return out
})

// verbs are what a name can do with its object; a list of them in front of one object
// is as many names: "Cấp, cấp lại giấy phép".
var verbs = sync.OnceValue(func() (out [][]string) {
	for verb := range strings.SplitSeq(`cấp lại, cấp đổi, cấp mới, cấp, đổi, gia hạn, điều chỉnh, sửa đổi, bổ sung, thay đổi, cải chính, thu hồi, hủy bỏ, hủy, đăng ký lại, đăng ký,
		xác nhận, công nhận lại, công nhận, thẩm định, phê duyệt, công bố, chấp thuận, thành lập, giải thể, sáp nhập, chia, tách, chấm dứt, tạm ngừng, cho phép, mở rộng, thực hiện`, ",") {
		out = append(out, strings.Fields(fold.Lower(verb)))
	}
	return out
})

// eachVerb gives the names that a name with a list of verbs stands for.
func eachVerb(name string) (names []string) {
	parts := strings.Split(fold.Lower(name), ",")
	var before []string
	for i, part := range parts {
		words := strings.Fields(part)
		verb := verbOf(words)
		if verb == 0 || verb == len(words) && i+1 == len(parts) {
			return nil
		}
		verbWords := strings.Join(words[:verb], " ")
		if verb == len(words) {
			before = append(before, verbWords)
			continue
		}
		if len(before) == 0 {
			return nil
		}
		object := strings.Join(words[verb:], " ")
		for _, v := range append(before, verbWords) {
			names = append(names, v+" "+object)
		}
		return names
	}
	return nil
}

// verbOf is how many words the verb at the beginning has.
func verbOf(words []string) int {
	for _, v := range verbs() {
		if len(words) >= len(v) && slices.Equal(words[:len(v)], v) {
			return len(v)
		}
	}
	return 0
}

// eventRule gives a life event to procedures whose name or field holds a phrase.
type eventRule struct {
	event         LifeEvent
	phrases, nots []string // folded, with a space at each end
	fields        []string
}

var eventRules = sync.OnceValue(func() (out []eventRule) {
	for _, r := range rules(eventText) {
		rule := eventRule{event: LifeEvent(r[0])}
		for phrase := range strings.SplitSeq(r[1], ",") {
			phrase = strings.TrimSpace(phrase)
			switch {
			case strings.HasPrefix(phrase, "@"):
				rule.fields = append(rule.fields, fold.Key(phrase[1:]))
			case strings.HasPrefix(phrase, "!"):
				rule.nots = append(rule.nots, " "+fold.Key(phrase[1:])+" ")
			default:
				rule.phrases = append(rule.phrases, " "+fold.Key(phrase)+" ")
			}
		}
		out = append(out, rule)
	}
	return out
})

// guessEvents says which moments of life a procedure belongs to whose author did not
// say. Procedures of ministries belong to none: nobody is brought there by life.
func guessEvents(c card) (events []LifeEvent) {
	name, field := " "+fold.Key(c.Name.VI)+" ", fold.Key(c.Field.VI)
	for _, r := range eventRules() {
		if r.matches(name, field) {
			events = append(events, r.event)
		}
	}
	return events
}

func (r eventRule) matches(name, field string) bool {
	for _, not := range r.nots {
		if strings.Contains(name, not) {
			return false
		}
	}
	for _, f := range r.fields {
		if f == field {
			return true
		}
	}
	for _, p := range r.phrases {
		if strings.Contains(name, p) {
			return true
		}
	}
	return false
}
