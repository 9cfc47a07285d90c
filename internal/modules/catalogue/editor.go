package catalogue

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// The editor shows what was published on the left and the fields on the right, so
// that an officer can enter the rule that no program could read.

type editView struct {
	Entry  Entry
	Form   url.Values
	Ways   int // rows of ways shown
	Papers int
	Laws   int
	Errors ui.Errors
}

func (s *Service) editPage(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Entry(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, editPage(viewOf(e, formOf(e.Record))))
}

// spare is how many empty rows follow those that are there.
const spare = 2

func viewOf(e Entry, form url.Values) editView {
	return editView{Entry: e, Form: form, Ways: rows(form, "way", "kind"), Papers: rows(form, "paper", "name"), Laws: rows(form, "law", "name")}
}

// rows counts the rows of a group in a form, up to the last one with something in it.
func rows(form url.Values, group, field string) int {
	n := 0
	for i := range maxRows {
		if strings.TrimSpace(form.Get(key(group, i, field))) != "" {
			n = i + 1
		}
	}
	return min(n+spare, maxRows)
}

const maxRows = 200

func key(group string, i int, field string) string {
	return group + "." + strconv.Itoa(i) + "." + field
}

// formOf fills the form with a record.
func formOf(r *source.Record) url.Values {
	f := url.Values{}
	put := func(name, value string) {
		if value != "" {
			f.Set(name, value)
		}
	}
	a := r.Announcement
	put("announcement.agency", a.Agency)
	put("announcement.decision", a.Decision)
	put("announcement.date", screenDay(a.Date))
	put("announcement.effective", screenDay(a.Effective))
	put("announcement.published", screenDay(a.Published))
	put("agencies.performing", r.Agencies.Performing)
	put("agencies.competent", r.Agencies.Competent)
	put("agencies.address", r.Agencies.Address)
	put("conditions", r.Conditions)
	put("summary", r.Summary)
	put("steps", strings.Join(r.Steps, "\n\n"))
	for i, c := range r.Channels {
		put(key("way", i, "kind"), string(c.Kind))
		if c.Term.Amount > 0 {
			put(key("way", i, "amount"), strconv.Itoa(c.Term.Amount))
		}
		put(key("way", i, "unit"), string(c.Term.Unit))
		put(key("way", i, "before"), c.Term.Before)
		put(key("way", i, "term"), c.Term.Text)
		if c.Term.State == source.TermNone {
			put(key("way", i, "unit"), "none")
		}
		put(key("way", i, "fees"), feesText(c.Fees))
		put(key("way", i, "note"), c.Note)
	}
	i := 0
	for _, c := range r.Cases {
		for _, p := range c.Papers {
			put(key("paper", i, "case"), c.Name)
			put(key("paper", i, "name"), p.Name)
			put(key("paper", i, "form"), p.Form)
			if !p.Uncounted {
				put(key("paper", i, "originals"), strconv.Itoa(p.Originals))
				put(key("paper", i, "copies"), strconv.Itoa(p.Copies))
			}
			i++
		}
	}
	for i, l := range r.LegalBases {
		put(key("law", i, "number"), l.Number)
		put(key("law", i, "name"), l.Name)
		put(key("law", i, "date"), screenDay(l.Date))
		put(key("law", i, "agency"), l.Agency)
	}
	var results []string
	for _, x := range r.Results {
		results = append(results, x.Name)
	}
	put("results", strings.Join(results, "\n"))
	return f
}

// feesText is how fees are typed: an amount a line, what it is for behind a bar; 0 for free.
func feesText(f source.Fees) string {
	switch f.State {
	case source.FeeFree:
		return "0"
	case source.FeeAmounts:
		var out []string
		for _, x := range f.Items {
			line := strconv.FormatInt(x.Amount, 10)
			if x.Note != "" {
				line += " | " + oneLine(x.Note)
			}
			out = append(out, line)
		}
		return strings.Join(out, "\n")
	}
	return ""
}

func screenDay(iso string) string {
	d, err := civil.Parse(iso)
	if err != nil || d.IsZero() {
		return ""
	}
	return d.Screen("vi")
}

func (s *Service) saveEdit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	code := r.PathValue("code")
	e, err := s.Entry(ctx, code)
	if err != nil {
		return err
	}
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	if form.Has("them") { // a button that only wants more empty rows
		return web.Render(w, r, http.StatusOK, editPage(viewOf(e, form)))
	}
	parts, bad := readForm(e.Record, form)
	if len(bad) > 0 {
		v := viewOf(e, form)
		v.Errors = ui.ErrorsOf(ctx, bad, nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, editPage(v))
	}
	if len(parts) > 0 {
		if err := s.Correct(ctx, code, parts); err != nil {
			return err
		}
		web.Flash(w, r, "catalogue.flash.saved")
	}
	return web.SeeOther(w, r, entryPath(code))
}

// readForm reads what was typed and gives the parts that differ from the record, or
// that a person has now confirmed.
func readForm(r *source.Record, form url.Values) (map[source.Part]json.RawMessage, []errs.Field) {
	t := typed{form: form}
	before := formOf(r)
	parts := map[source.Part]json.RawMessage{}
	confirmed := map[string]bool{}
	for _, p := range form["xac-nhan"] {
		confirmed[p] = true
	}
	take := func(p source.Part, prefix string, value func() any) {
		if confirmed[string(p)] || t.differs(before, prefix) {
			parts[p] = encode(value())
		}
	}
	take(source.PartAnnouncement, "announcement.", func() any {
		return source.Announcement{
			Agency: t.line("announcement.agency"), Decision: t.line("announcement.decision"), Date: t.day("announcement.date"),
			Effective: t.day("announcement.effective"), Published: t.day("announcement.published"),
		}
	})
	take(source.PartAgencies, "agencies.", func() any {
		a := r.Agencies
		a.Performing, a.Competent, a.Address = t.line("agencies.performing"), t.line("agencies.competent"), t.line("agencies.address")
		return a
	})
	take(source.PartConditions, "conditions", func() any { return strings.TrimSpace(form.Get("conditions")) })
	take(source.PartSummary, "summary", func() any { return strings.TrimSpace(form.Get("summary")) })
	take(source.PartSteps, "steps", func() any { return paragraphsOf(form.Get("steps")) })
	take(source.PartResults, "results", func() any { return t.results(r) })
	take(source.PartChannels, "way.", func() any { return t.ways(r) })
	take(source.PartCases, "paper.", func() any { return t.papers(r) })
	take(source.PartLegalBases, "law.", func() any { return t.laws(r) })
	return parts, t.bad
}

// paragraphsOf takes a text apart at empty lines.
func paragraphsOf(s string) (out []string) {
	for part := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// typed reads fields and gathers what is wrong with them.
type typed struct {
	form url.Values
	bad  []errs.Field
}

func (t *typed) wrong(name, code string, kv ...any) {
	t.bad = append(t.bad, errs.Bad(name, code, kv...))
}
func (t *typed) line(name string) string { return oneLine(t.form.Get(name)) }

// differs reports whether any field with the prefix was changed.
func (t *typed) differs(before url.Values, prefix string) bool {
	same := func(a, b string) bool {
		return strings.TrimSpace(strings.ReplaceAll(a, "\r\n", "\n")) == strings.TrimSpace(strings.ReplaceAll(b, "\r\n", "\n"))
	}
	for name := range before {
		if strings.HasPrefix(name, prefix) && !same(before.Get(name), t.form.Get(name)) {
			return true
		}
	}
	for name := range t.form {
		if strings.HasPrefix(name, prefix) && !same(before.Get(name), t.form.Get(name)) {
			return true
		}
	}
	return false
}

func (t *typed) day(name string) string {
	s := t.line(name)
	if s == "" {
		return ""
	}
	d, err := civil.ParseTyped(s)
	if err != nil {
		t.wrong(name, "catalogue.edit-day")
		return ""
	}
	return d.String()
}

func (t *typed) number(name string, least, most int) (n int, given bool) {
	s := t.line(name)
	if s == "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		t.wrong(name, "catalogue.edit-number", "least", least, "most", most)
	}
	return n, true
}

func (t *typed) ways(r *source.Record) (out []source.Channel) {
	for i := range maxRows {
		kind := procedure.ChannelKind(t.line(key("way", i, "kind")))
		if kind == "" {
			continue
		}
		if channelNames[kind] == "" {
			t.wrong(key("way", i, "kind"), "catalogue.edit-way")
			continue
		}
		c := source.Channel{Kind: kind, Note: strings.TrimSpace(t.form.Get(key("way", i, "note")))}
		c.Term = t.term(i)
		c.Fees = t.fees(i)
		if i < len(r.Channels) && c.Fees.State == source.FeeUnknown {
			c.Fees = r.Channels[i].Fees // the words stay as they are until somebody types amounts
		}
		out = append(out, c)
	}
	return out
}

func (t *typed) term(i int) source.Term {
	text := t.line(key("way", i, "term"))
	unit := source.TermUnit(t.line(key("way", i, "unit")))
	amount, given := t.number(key("way", i, "amount"), 1, 3660)
	switch {
	case unit == "none":
		return source.Term{Text: text, State: source.TermNone}
	case !given && unit == "":
		return source.ReadTerm(text)
	case !given:
		t.wrong(key("way", i, "amount"), "catalogue.edit-amount")
	case unit != source.WorkingHour && unit != source.WorkingDay && unit != source.Day && unit != source.Month:
		t.wrong(key("way", i, "unit"), "catalogue.edit-unit")
	}
	term := source.Term{Text: text, Amount: amount, Unit: unit, State: source.TermRule}
	if before := t.line(key("way", i, "before")); before != "" {
		if _, err := civil.ParseTimeOfDay(before); err != nil {
			t.wrong(key("way", i, "before"), "catalogue.edit-time")
		} else {
			term.Before = before
		}
	}
	if term.Text == "" {
		term.Text = strconv.Itoa(amount) + " " + unitNames[unit]
	}
	return term
}

func (t *typed) fees(i int) (f source.Fees) {
	name := key("way", i, "fees")
	for line := range strings.Lines(t.form.Get(name)) {
		digits, note, _ := strings.Cut(line, "|")
		digits = strings.NewReplacer(".", "", ",", "", " ", "", "đồng", "", "đ", "", "\n", "", "\r", "").Replace(digits)
		if digits == "" {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || n > 100_000_000_000 {
			t.wrong(name, "catalogue.edit-fee")
			return source.Fees{}
		}
		if n > 0 {
			f.Items = append(f.Items, source.Fee{Amount: n, Note: oneLine(note)})
		}
		f.State = source.FeeFree
	}
	if len(f.Items) > 0 {
		f.State = source.FeeAmounts
	}
	if f.State != source.FeeUnknown {
		f.Text = strings.TrimSpace(t.form.Get(name))
	}
	return f
}

func (t *typed) papers(r *source.Record) (out []source.Case) {
	for _, c := range r.Cases { // cases keep their order and their steps
		out = append(out, source.Case{Name: c.Name, Steps: c.Steps})
	}
	for i := range maxRows {
		p := source.Paper{Name: t.line(key("paper", i, "name")), Form: t.line(key("paper", i, "form"))}
		if p.Name == "" {
			continue
		}
		originals, ogiven := t.number(key("paper", i, "originals"), 0, 99)
		copies, cgiven := t.number(key("paper", i, "copies"), 0, 99)
		p.Originals, p.Copies, p.Uncounted = originals, copies, !ogiven && !cgiven
		name := t.line(key("paper", i, "case"))
		at := -1
		for j := range out {
			if out[j].Name == name {
				at = j
			}
		}
		if at < 0 {
			out = append(out, source.Case{Name: name})
			at = len(out) - 1
		}
		if old := paperNamed(r, name, p.Name); old != nil {
			p.Code, p.FormURL, p.Present, p.ReplacedBy = old.Code, old.FormURL, old.Present, old.ReplacedBy
		}
		out[at].Papers = append(out[at].Papers, p)
	}
	return out
}

func paperNamed(r *source.Record, caseName, name string) *source.Paper {
	for i := range r.Cases {
		for j := range r.Cases[i].Papers {
			if r.Cases[i].Name == caseName && r.Cases[i].Papers[j].Name == name {
				return &r.Cases[i].Papers[j]
			}
		}
	}
	return nil
}

func (t *typed) laws(r *source.Record) (out []source.LegalBasis) {
	for i := range maxRows {
		l := source.LegalBasis{Number: t.line(key("law", i, "number")), Name: t.line(key("law", i, "name")), Agency: t.line(key("law", i, "agency")), Date: t.day(key("law", i, "date"))}
		if l.Number == "" && l.Name == "" {
			continue
		}
		if l.Name == "" {
			l.Name = l.Number
		}
		for _, old := range r.LegalBases {
			if old.Number == l.Number {
				l.URL = old.URL
			}
		}
		out = append(out, l)
	}
	return out
}

func (t *typed) results(r *source.Record) (out []source.Result) {
	for line := range strings.Lines(t.form.Get("results")) {
		x := source.Result{Name: oneLine(line)}
		if x.Name == "" {
			continue
		}
		for _, old := range r.Results {
			if old.Name == x.Name {
				x.Code = old.Code
			}
		}
		out = append(out, x)
	}
	return out
}

// value is what stands in a field of the form.
func (v editView) value(name string) string { return v.Form.Get(name) }

func (v editView) field(name, label, help string) ui.FieldProps {
	return ui.FieldProps{Name: name, Label: label, Help: help, Error: v.Errors.For(name), NoMark: true}
}
