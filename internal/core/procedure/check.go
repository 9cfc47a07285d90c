package procedure

import (
	"regexp"
	"slices"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
)

var (
	// codeForm is the national code, with the suffix of the announcing province when announced locally.
	// Series 1 to 3 are those of 2025; 5 came in 2026 with the procedures of the Party's bodies.
	codeForm   = regexp.MustCompile(`^[1-9]\.\d{6}(\.000\.00\.00\.[A-Z]\d{2})?$`)
	resultForm = regexp.MustCompile(`^(KQ\.[A-Z]\d{2}\.\d{6}|\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}-KQ\d{6})$`)
	fieldForm  = regexp.MustCompile(`^[A-Z]\d{2}-[A-Z]{2}\d{2,4}$`)
	idForm     = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// fileTypes are what a paper may be handed in as online.
var fileTypes = []string{"pdf", "jpeg", "png", "docx", "xlsx", "xml", "dwg"}

// IsCode reports whether a text has the form of a procedure code (mã thủ tục).
func IsCode(code string) bool { return codeForm.MatchString(code) }

// IsResultCode reports whether a text has the form of a result code (mã kết quả).
func IsResultCode(code string) bool { return resultForm.MatchString(code) }

// Check says what is wrong with a definition in itself: codes, dates, amounts,
// words missing in one language, references inside the text. The error is a
// [decl.Problems] with everything at once.
func Check(def *Definition) error {
	c := &checker{def: def}
	c.head()
	c.channels()
	c.cases()
	c.offers()
	return c.problems.Err()
}

type checker struct {
	def      *Definition
	problems decl.Problems
}

func (c *checker) bad(p decl.Pos, format string, args ...any) {
	c.problems = append(c.problems, p.At(format, args...))
}

// words asks for a text in both languages: everything people see has both.
func (c *checker) words(p decl.Pos, what string, t i18n.Text) {
	switch {
	case t.VI == "" && t.EN == "":
		c.bad(p, "%s is missing", what)
	case t.VI == "":
		c.bad(p, "%s has no Vietnamese words", what)
	case t.EN == "":
		c.bad(p, "%s has no English words", what)
	}
}

// maybe is words for a text that may be left out altogether.
func (c *checker) maybe(p decl.Pos, what string, t i18n.Text) {
	if !t.IsZero() {
		c.words(p, what, t)
	}
}

func oneOf[T ~string](c *checker, p decl.Pos, what string, v T, allowed ...T) {
	if slices.Contains(allowed, v) {
		return
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	if near := decl.Nearest(string(v), names); near != "" && v != "" {
		c.bad(p, "%s cannot be %q; did you mean %q?", what, string(v), near)
		return
	}
	c.bad(p, "%s cannot be %q; it is one of %v", what, string(v), names)
}

func (c *checker) head() {
	d := c.def
	if !codeForm.MatchString(d.Code) {
		c.bad(d.Pos, "code %q is not a procedure code such as \"1.001193\"", d.Code)
	}
	c.words(d.Pos, "name", d.Name)
	c.words(d.Pos, "summary", d.Summary)
	c.words(at(d.Field.Pos, d.Pos), "field name", d.Field.Name())
	c.maybe(d.Pos, "conditions", d.Conditions)
	c.maybe(d.Pos, "competent", d.Competent)
	if !fieldForm.MatchString(d.Field.Code) {
		c.bad(at(d.Field.Pos, d.Pos), "field code %q is not of the form G15-TP01", d.Field.Code)
	}
	oneOf(c, d.Pos, "level", d.Level, Province, Commune)
	c.period()
	for _, a := range d.Audience {
		oneOf(c, d.Pos, "audience", a, Citizen, Foreigner, Enterprise, Household, Organisation, Official)
	}
	for _, e := range d.LifeEvents {
		oneOf(c, d.Pos, "life event", e, LifeEvents()...)
	}
	for _, r := range d.Related {
		if !codeForm.MatchString(r) {
			c.bad(d.Pos, "related: %q is not a procedure code", r)
		}
	}
	for _, r := range d.Results {
		c.words(r.Pos, "result name", r.Name)
		if r.Code != "" && !resultForm.MatchString(r.Code) {
			c.bad(r.Pos, "result code %q is not of the form KQ.G15.000031", r.Code)
		}
	}
	for _, l := range d.LegalBases {
		if l.Number == "" {
			c.bad(l.Pos, "a legal basis needs its number")
		}
		c.words(l.Pos, "legal basis "+l.Number, l.Name)
	}
}

func (c *checker) period() {
	from, err := civil.Parse(c.def.ValidFrom)
	if err != nil || from.IsZero() {
		c.bad(c.def.Pos, "valid_from %q is not a day such as 2025-07-01", c.def.ValidFrom)
		return
	}
	if c.def.ValidTo == "" {
		return
	}
	switch to, err := civil.Parse(c.def.ValidTo); {
	case err != nil:
		c.bad(c.def.Pos, "valid_to %q is not a day such as 2027-02-28", c.def.ValidTo)
	case to.Before(from):
		c.bad(c.def.Pos, "valid_to %s lies before valid_from %s", c.def.ValidTo, c.def.ValidFrom)
	}
}

func (c *checker) channels() {
	seen := map[ChannelKind]bool{}
	for i := range c.def.Channels {
		ch := &c.def.Channels[i]
		oneOf(c, ch.Pos, "channel", ch.Kind, Direct, Online, Postal)
		if seen[ch.Kind] {
			c.bad(ch.Pos, "channel %q stands twice", ch.Kind)
		}
		seen[ch.Kind] = true
		c.maybe(ch.Pos, "note of channel "+string(ch.Kind), ch.Note)
		c.term(ch)
		codes := map[string]bool{}
		for j := range ch.Fees {
			c.fee(&ch.Fees[j], codes)
		}
	}
	if slices.Contains(c.def.Offers.Channels, "") {
		return
	}
	for _, k := range c.def.Offers.Channels {
		if !seen[k] {
			c.bad(c.def.Offers.Pos, "offers name the channel %q, which the procedure does not have", k)
		}
	}
}

func (c *checker) term(ch *Channel) {
	c.words(ch.Pos, "term_text of channel "+string(ch.Kind), ch.TermText)
	t := ch.Term
	if t.Amount == 0 && t.Unit == "" && t.SameDayBefore == "" {
		return // the law names no term
	}
	if err := t.Clock().Validate(); err != nil {
		c.bad(at(t.Pos, ch.Pos), "term: amount %d with unit %q cannot be (units: working_hour, working_day, day, month)", t.Amount, t.Unit)
	}
	if t.SameDayBefore != "" {
		if _, err := civil.ParseTimeOfDay(t.SameDayBefore); err != nil {
			c.bad(at(t.Pos, ch.Pos), "same_day_before %q is not a time such as \"15:00\"", t.SameDayBefore)
		}
	}
}

func (c *checker) fee(f *Fee, codes map[string]bool) {
	if !idForm.MatchString(f.Code) {
		c.bad(f.Pos, "fee code %q: use small letters, digits, - and _", f.Code)
	}
	if codes[f.Code] {
		c.bad(f.Pos, "fee %q stands twice in one channel", f.Code)
	}
	codes[f.Code] = true
	c.words(f.Pos, "name of fee "+f.Code, f.Name)
	c.maybe(f.Pos, "unit of fee "+f.Code, f.Unit)
	c.maybe(f.Pos, "exempt of fee "+f.Code, f.Exempt)
	oneOf(c, f.Pos, "kind of fee "+f.Code, f.Kind, Charge, Levy)
	if f.Amount < 0 {
		c.bad(f.Pos, "fee %q has a negative amount", f.Code)
	}
	if f.Amount == 0 && f.From == "" {
		c.bad(f.Pos, "fee %q needs an amount, or the form field it comes `from`; leave it out when nothing is due", f.Code)
	}
	for _, id := range f.Cases {
		if c.def.Case(id) == nil {
			c.bad(f.Pos, "fee %q names the case %q, which does not exist", f.Code, id)
		}
	}
}

func (c *checker) cases() {
	seen := map[string]bool{}
	for i := range c.def.Cases {
		cs := &c.def.Cases[i]
		if !idForm.MatchString(cs.ID) {
			c.bad(cs.Pos, "case id %q: use small letters, digits, - and _", cs.ID)
		}
		if seen[cs.ID] {
			c.bad(cs.Pos, "case %q stands twice", cs.ID)
		}
		seen[cs.ID] = true
		c.words(cs.Pos, "name of case "+cs.ID, cs.Name)
		c.maybe(cs.Pos, "when of case "+cs.ID, cs.When)
		if cs.Form == "" {
			c.bad(cs.Pos, "case %q names no form", cs.ID)
		}
		if cs.Flow == "" {
			c.bad(cs.Pos, "case %q names no flow", cs.ID)
		}
		if cs.Sets < 0 {
			c.bad(cs.Pos, "case %q: sets cannot be negative", cs.ID)
		}
		if cs.Template != "" && cs.Register == "" {
			c.bad(cs.Pos, "case %q has a template but no register to number its result", cs.ID)
		}
		for _, s := range cs.Steps {
			c.words(cs.Pos, "a step of case "+cs.ID, s)
		}
		c.components(cs)
	}
}

func (c *checker) components(cs *Case) {
	seen := map[string]bool{}
	for i := range cs.Components {
		p := &cs.Components[i]
		if !idForm.MatchString(p.Code) {
			c.bad(p.Pos, "component code %q: use small letters, digits, - and _", p.Code)
		}
		if seen[p.Code] {
			c.bad(p.Pos, "component %q stands twice in case %q", p.Code, cs.ID)
		}
		seen[p.Code] = true
		c.words(p.Pos, "name of component "+p.Code, p.Name)
		c.maybe(p.Pos, "note of component "+p.Code, p.Note)
		if p.Originals < 0 || p.Copies < 0 || p.Originals+p.Copies == 0 {
			c.bad(p.Pos, "component %q needs a number of originals or copies", p.Code)
		}
		for _, r := range p.Reuse {
			if !resultForm.MatchString(r) {
				c.bad(p.Pos, "reuse: %q is not a result code such as KQ.G15.000032", r)
			}
		}
		for _, a := range p.Accept {
			oneOf(c, p.Pos, "accept of component "+p.Code, a, fileTypes...)
		}
		if p.Form != "" && p.Form != cs.Form {
			c.bad(p.Pos, "component %q stands for the form %q, but the case uses %q", p.Code, p.Form, cs.Form)
		}
	}
}

func (c *checker) offers() {
	o := &c.def.Offers
	oneOf(c, at(o.Pos, c.def.Pos), "offers level", o.Level, Province, Commune)
	oneOf(c, at(o.Pos, c.def.Pos), "offers online", o.Online, Full, Partial, InfoOnly)
	if len(o.Codes) > 0 && len(o.AgencyNames) > 0 {
		c.bad(o.Pos, "offers are told by codes or by agency_names, not by both")
	}
	for _, k := range o.Channels {
		oneOf(c, at(o.Pos, c.def.Pos), "offers channel", k, Direct, Online, Postal)
	}
	if slices.Contains(o.Channels, Online) && o.Online == InfoOnly {
		c.bad(o.Pos, "an information-only service cannot be filed online")
	}
}

// Publishable says which mandatory parts of Decree 63/2010/NĐ-CP article 8(2) are
// missing: name, order of steps, ways, papers and number of sets, term,
// audience, agency, and the announcement that makes it law.
func Publishable(def *Definition) error {
	c := &checker{def: def}
	need := func(missing bool, p decl.Pos, what string) {
		if missing {
			c.bad(p, "cannot be published without %s (Nghị định 63/2010/NĐ-CP, Điều 8 khoản 2)", what)
		}
	}
	need(def.Name.VI == "", def.Pos, "its name (tên thủ tục)")
	need(len(def.Channels) == 0, def.Pos, "a way to hand it in (cách thức thực hiện)")
	need(len(def.Audience) == 0, def.Pos, "its audience (đối tượng thực hiện)")
	need(def.Competent.VI == "", def.Pos, "the agency that performs it (cơ quan thực hiện)")
	need(def.AnnouncedBy.Agency == "" || def.AnnouncedBy.Decision == "", def.Pos, "the decision that announced it (quyết định công bố)")
	need(len(def.Cases) == 0, def.Pos, "a case (trường hợp)")
	need(len(def.Results) == 0, def.Pos, "a result (kết quả thực hiện)")
	need(len(def.LegalBases) == 0, def.Pos, "a legal basis (căn cứ pháp lý)")
	need(len(def.Offers.Channels) == 0, at(def.Offers.Pos, def.Pos), "an agency that takes it in (offers)")
	for i := range def.Channels {
		need(def.Channels[i].TermText.VI == "", def.Channels[i].Pos, "its term (thời hạn giải quyết)")
	}
	for i := range def.Cases {
		need(len(def.Cases[i].Steps) == 0, def.Cases[i].Pos, "the order of its steps (trình tự thực hiện)")
		need(len(def.Cases[i].Components) == 0, def.Cases[i].Pos, "its papers (thành phần hồ sơ)")
	}
	return c.problems.Err()
}

// at gives the first place that is known.
func at(places ...decl.Pos) decl.Pos {
	for _, p := range places {
		if p.Line != 0 {
			return p
		}
	}
	return places[len(places)-1]
}
