package catalogue

import (
	"context"
	"net/url"
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
)

func partWords(ctx context.Context, p source.Part) string {
	return i18n.T(ctx, "catalogue.part."+string(p))
}
func needWords(ctx context.Context, n Need) string { return i18n.T(ctx, "catalogue.need."+string(n)) }
func whyWords(ctx context.Context, w source.Why) string {
	return i18n.T(ctx, "catalogue.why."+string(w))
}

func remedyWords(ctx context.Context, l Row) string {
	return Remedy(i18n.From(ctx), i18n.Lang(ctx), l)
}

func agencyName(ctx context.Context, name string) string {
	if name == "" {
		return i18n.T(ctx, "catalogue.no-agency")
	}
	return name
}

func agencyPath(name string) string {
	if name == "" {
		name = "-"
	}
	return root + "/muc?co-quan=" + url.QueryEscape(name)
}

func agencyValue(f EntryFilter) string {
	if f.NoName {
		return "-"
	}
	return f.Agency
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// worst names the need that most entries of an agency do not meet.
func worst(ctx context.Context, st Standing) string {
	var need Need
	most := int64(0)
	for _, n := range Needs() {
		if c := st.None[n] + st.Words[n]; c > most {
			need, most = n, c
		}
	}
	if most == 0 {
		return i18n.T(ctx, "catalogue.nothing")
	}
	return i18n.T(ctx, "catalogue.worst", "need", needWords(ctx, need), "n", most)
}

func dutyWords(ctx context.Context, n Need) string {
	if n.Mandatory() {
		return i18n.T(ctx, "catalogue.mandatory")
	}
	return i18n.T(ctx, "catalogue.where-exists")
}

func howOf(apply bool) string {
	if apply {
		return "ngay"
	}
	return "duyet"
}

func howOptions(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: "duyet", Text: i18n.T(ctx, "catalogue.how.review"), Help: i18n.T(ctx, "catalogue.how.review-help")},
		{Value: "ngay", Text: i18n.T(ctx, "catalogue.how.apply"), Help: i18n.T(ctx, "catalogue.how.apply-help")},
	}
}

// refreshOf lets the page of a run that goes on reload itself.
func refreshOf(r Run) int {
	if r.Live() {
		return 3
	}
	return 0
}

func countOf(c Counts, o Outcome) int64 {
	switch o {
	case OutcomeAdded:
		return c.Added
	case OutcomeChanged:
		return c.Changed
	case OutcomeSame:
		return c.Same
	case OutcomePending:
		return c.Pending
	default:
		return c.Refused
	}
}

func outcomePath(r Run, o Outcome) string {
	switch o {
	case OutcomePending:
		return runPath(r.ID) + "?trang-thai=open"
	case OutcomeAdded:
		return runPath(r.ID) + "?loai=new"
	case OutcomeChanged:
		return runPath(r.ID) + "?loai=changed"
	case OutcomeRefused:
		return runPath(r.ID) + "#tu-choi"
	}
	return runPath(r.ID)
}

func placeOf(ctx context.Context, r Run, l Row) string {
	name := ""
	if int(l.File) < len(r.Files) {
		name = r.Files[l.File].Name
	}
	return i18n.T(ctx, "catalogue.place", "file", name, "line", l.Line)
}

func stateTone(s RunState) ui.Tone {
	switch s {
	case Done:
		return ui.OK
	case Failed:
		return ui.Danger
	case Stopped:
		return ui.Warn
	default:
		return ui.Info
	}
}

func kindTone(k ChangeKind) ui.Tone {
	if k == KindNew {
		return ui.OK
	}
	return ui.Info
}

func decisionTone(s ChangeState) ui.Tone {
	switch s {
	case Open:
		return ui.Warn
	case Accepted:
		return ui.OK
	default:
		return ui.Neutral
	}
}

func deadlineTone(s DeadlineState) ui.Tone {
	switch s {
	case InTime:
		return ui.OK
	case Late:
		return ui.Danger
	default:
		return ui.Neutral
	}
}

func daysWords(ctx context.Context, d Deadline) string {
	if d.State == Unknown {
		return i18n.T(ctx, "catalogue.days-unknown")
	}
	return i18n.T(ctx, "catalogue.days", "n", d.Days)
}

func partList(ctx context.Context, c Change) string {
	var words []string
	for _, p := range c.Parts {
		words = append(words, partWords(ctx, p.Part))
	}
	if len(words) > 4 {
		return i18n.T(ctx, "catalogue.parts-count", "n", len(words))
	}
	return strings.Join(words, ", ")
}

func lackList(ctx context.Context, lacks []Lack, inWords bool) string {
	var words []string
	for _, l := range lacks {
		if l.Words == inWords {
			words = append(words, needWords(ctx, l.Need))
		}
	}
	if len(words) == 0 {
		return "–"
	}
	return strings.Join(words, ", ")
}

func needTone(lacks []Lack, n Need) ui.Tone {
	for _, l := range lacks {
		if l.Need == n && l.Words {
			return ui.Warn
		} else if l.Need == n {
			return ui.Danger
		}
	}
	return ui.OK
}

func needState(ctx context.Context, lacks []Lack, n Need) string {
	switch needTone(lacks, n) {
	case ui.Warn:
		return i18n.T(ctx, "catalogue.need-words")
	case ui.Danger:
		return i18n.T(ctx, "catalogue.need-none")
	}
	return i18n.T(ctx, "catalogue.need-met")
}

func paragraphLines(s string) []string { return strings.Split(s, "\n") }

func changeTabs(ctx context.Context, v runView) []ui.Tab {
	tabs := []ui.Tab{{Text: i18n.T(ctx, "catalogue.tab.all"), Href: runPath(v.Run.ID), Current: v.State == "" && v.Kind == ""}}
	for _, s := range []ChangeState{Open, Accepted, Rejected, Superseded} {
		tabs = append(tabs, ui.Tab{Text: i18n.T(ctx, "catalogue.decision."+string(s)), Href: runPath(v.Run.ID) + "?trang-thai=" + string(s), Count: int(v.States[s]), Current: v.State == s})
	}
	return tabs
}

func columns(ctx context.Context, keys ...string) []ui.Column {
	out := make([]ui.Column, len(keys))
	for i, k := range keys {
		name, how, _ := strings.Cut(k, ":")
		text := i18n.T(ctx, "catalogue.col."+name)
		if how == "n" { // a narrow column would put each word on a line of its own
			text = strings.ReplaceAll(text, " ", "\u00a0")
		}
		out[i] = ui.Column{Text: text, Numeric: how == "n", Narrow: how == "n" || how == "s", Grow: how == "g"}
	}
	return out
}

func agencyColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "agency", "entries:n", "complete:n", "score:n", "worst")
}
func needColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "part", "duty", "none:n", "words:n")
}
func runColumnsOf(ctx context.Context) []ui.Column {
	return columns(ctx, "files", "started", "state", "taken:n", "refused:n")
}
func refusedColumns(ctx context.Context) []ui.Column {
	return columns(ctx, "place", "reason", "remedy")
}
func changeColumnsOf(ctx context.Context) []ui.Column {
	return columns(ctx, "procedure", "code:s", "kind:s", "parts", "decision:s")
}
func diffColumns(ctx context.Context) []ui.Column { return columns(ctx, "part", "old:g", "new:g") }
func entryColumnsOf(ctx context.Context) []ui.Column {
	return columns(ctx, "procedure", "score:n", "none", "words")
}
func needStateColumns(ctx context.Context) []ui.Column { return columns(ctx, "part", "duty", "state") }
func doubtColumns(ctx context.Context) []ui.Column     { return columns(ctx, "part", "why", "text") }
func deadlineColumns(ctx context.Context) []ui.Column  { return columns(ctx, "duty", "state", "days") }

func homeCrumb(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: i18n.T(ctx, "catalogue.title"), Href: root}}
}

func runCrumbs(ctx context.Context, r Run) []ui.Crumb {
	return append(homeCrumb(ctx), ui.Crumb{Text: r.Title, Href: runPath(r.ID)})
}

func entryCrumbs(ctx context.Context) []ui.Crumb {
	return append(homeCrumb(ctx), ui.Crumb{Text: i18n.T(ctx, "catalogue.entries"), Href: root + "/muc"})
}

func editCrumbs(ctx context.Context, e Entry) []ui.Crumb {
	return append(entryCrumbs(ctx), ui.Crumb{Text: e.Record.Name, Href: entryPath(e.Code)})
}

func wholeOptions(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for _, w := range []Wholeness{Complete, Lacking, BelowAverage} {
		opts = append(opts, ui.Option{Value: string(w), Text: i18n.T(ctx, "catalogue.whole."+string(w))})
	}
	return opts
}

func needOptions(ctx context.Context) (out []ui.Option) {
	for _, n := range Needs() {
		out = append(out, ui.Option{Value: string(n), Text: needWords(ctx, n)})
	}
	return out
}

// whys are the doubts people may look for.
func whys() []source.Why {
	return []source.Why{
		source.TermNoUnit, source.TermHours, source.TermWords, source.FeeSmall, source.FeeFreeButNote, source.FeeOtherAmount, source.FeeCurrency, source.FeeWords,
		source.FeeSeveral, source.RunOn, source.PaperCount, source.PaperForm, source.PaperRest, source.LegalNumber, source.LegalRest, source.WayUnknown, source.WayRest,
		source.LevelUnknown, source.LevelInferred, source.AudienceUnknown, source.CodeInferred, source.DateUnread, EditOver,
	}
}

func doubtOptions(ctx context.Context) (out []ui.Option) {
	for _, w := range whys() {
		out = append(out, ui.Option{Value: string(w), Text: whyWords(ctx, w)})
	}
	return out
}

func wayOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range []procedure.ChannelKind{procedure.Direct, procedure.Online, procedure.Postal} {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "procedure.channel."+string(k))})
	}
	return out
}

func unitOptions(ctx context.Context) (out []ui.Option) {
	for _, u := range []string{"working_hour", "working_day", "day", "month", "hour", "none"} {
		out = append(out, ui.Option{Value: u, Text: i18n.T(ctx, "catalogue.unit."+u)})
	}
	return out
}

func entryTerms(ctx context.Context, v entryView) []ui.Term {
	r := v.Entry.Record
	var terms []ui.Term
	add := func(key, value string) {
		if value != "" {
			terms = append(terms, ui.Term{Term: i18n.T(ctx, "catalogue.fact."+key), Value: value})
		}
	}
	add("code", v.Entry.Code)
	add("field", r.Field.Name)
	var levels []string
	for _, l := range r.Levels {
		levels = append(levels, i18n.T(ctx, "procedure.level."+string(l)))
	}
	add("levels", strings.Join(levels, ", "))
	add("agency", r.Announcement.Agency)
	add("decision", r.Announcement.Decision)
	add("performing", r.Agencies.Performing)
	var shapes []string
	for _, s := range v.Shapes {
		shapes = append(shapes, i18n.T(ctx, "catalogue.shape."+string(s)))
	}
	add("sources", strings.Join(shapes, ", "))
	if r.URL != "" {
		terms = append(terms, ui.Term{Term: i18n.T(ctx, "catalogue.fact.url"), Body: ui.Link(ui.LinkProps{Text: i18n.T(ctx, "catalogue.national"), Href: r.URL, NewTab: true})})
	}
	return terms
}
