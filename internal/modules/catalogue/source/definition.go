package source

import (
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
)

// fieldCodes are the codes of fields that packs of this house use: the same field
// must not stand twice in a list because one source tells its code and another does not.
var fieldCodes = map[string]string{
	"ho tich": "G15-TP01", "chung thuc": "G15-TP02", "thanh lap va hoat dong ho kinh doanh": "G12-KD01", "hoat dong xay dung": "G17-XD01",
	"bao tro xa hoi": "G18-BT01", "kham benh chua benh": "G18-YT01", "duoc pham": "G18-YT02",
}

// Key is the code of the field, or a name of ours made of its words when it has none.
func (f Field) Key() string {
	key := fold.Key(f.Name)
	if f.Code != "" {
		return f.Code
	}
	if code := fieldCodes[key]; code != "" {
		return code
	}
	return strings.ReplaceAll(shortKey(key), " ", "-")
}

func shortKey(key string) string {
	if len(key) > 60 {
		key = strings.TrimSpace(key[:60])
	}
	return key
}

// Definition is the record as an entry of the catalogue that can be read and not
// filed: it has no form and no flow. validFrom is the first day it is in force.
func (r *Record) Definition(validFrom string) *procedure.Definition {
	d := &procedure.Definition{
		Code: r.Code, Name: i18n.V(r.Name), Field: procedure.Field{Code: r.Field.Key(), VI: r.Field.Name}, Level: r.level(),
		Competent: i18n.V(firstOf(r.Agencies.Performing, r.Agencies.Competent)), ValidFrom: validFrom, Audience: r.Audience.Kinds,
		AnnouncedBy: procedure.Announcement{Agency: r.Announcement.Agency, Decision: r.Announcement.Decision, Date: r.Announcement.Date},
		Keywords:    procedure.Keywords{VI: r.Keywords}, Summary: i18n.V(r.Summary), Conditions: i18n.V(r.Conditions), Related: r.Related,
		Source: &procedure.Source{URL: r.URL},
	}
	if len(r.Levels) > 1 {
		d.Levels = r.Levels
	}
	d.Offers = procedure.OfferRule{Level: d.Level, Online: procedure.InfoOnly}
	d.Channels = r.channels()
	d.Cases = r.cases()
	for _, x := range r.Results {
		d.Results = append(d.Results, procedure.Result{Code: x.Code, Name: i18n.V(x.Name)})
	}
	for _, x := range r.LegalBases {
		d.LegalBases = append(d.LegalBases, procedure.LegalBasis{Number: x.Number, Name: i18n.V(x.Name), Date: x.Date, Agency: x.Agency, URL: x.URL})
	}
	for _, p := range Parts() {
		if words := r.Original[p]; words != "" {
			d.Source.Parts = append(d.Source.Parts, procedure.SourcePart{Part: string(p), Text: words, Doubts: r.Doubtful(p)})
		}
	}
	return d
}

// level is the level nearest to the citizen that performs the procedure.
func (r *Record) level() procedure.Level {
	for _, l := range []procedure.Level{procedure.Commune, procedure.District, procedure.Province, procedure.Ministry} {
		if slices.Contains(r.Levels, l) {
			return l
		}
	}
	return procedure.OtherLevel
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// channels gathers the rows of one way into one channel.
func (r *Record) channels() (out []procedure.Channel) {
	for _, kind := range []procedure.ChannelKind{procedure.Direct, procedure.Online, procedure.Postal} {
		var rows []Channel
		for _, c := range r.Channels {
			if c.Kind == kind {
				rows = append(rows, c)
			}
		}
		if len(rows) > 0 {
			out = append(out, channel(kind, rows))
		}
	}
	return out
}

func channel(kind procedure.ChannelKind, rows []Channel) procedure.Channel {
	ch := procedure.Channel{Kind: kind}
	if term, ok := oneTerm(rows); ok {
		ch.Term, _ = term.Rule()
		ch.TermText = term.words()
	} else {
		ch.TermText = severalTerms(rows)
	}
	var words []string
	free, amounts := 0, true
	for _, c := range rows {
		switch c.Fees.State {
		case FeeFree:
			free++
		case FeeAmounts:
			for _, f := range c.Fees.Items {
				words = appendNew(words, c.Fees.Text)
				ch.Fees = append(ch.Fees, fee(len(ch.Fees)+1, f, condition(rows, c)))
			}
		case FeeDoubtful:
			amounts = false
			words = appendNew(words, c.Fees.Text)
		default:
			amounts = false
		}
	}
	switch {
	case free == len(rows):
		ch.Fees = nil
	case !amounts || free > 0:
		// Some of it is not sure: then all of it is shown as it was written.
		ch.Fees = nil
		ch.FeeText = i18n.V(strings.Join(words, "; "))
		if len(words) == 0 {
			ch.FeeText = i18n.Text{VI: "Nội dung công bố chưa nêu", EN: "The announcement does not say"}
		}
	}
	ch.Fees = sameOnce(ch.Fees)
	var notes []string
	for _, c := range rows {
		notes = appendNew(notes, c.Note)
	}
	ch.Note = i18n.V(strings.Join(notes, "\n"))
	return ch
}

// sameOnce drops fees that several rows repeat.
func sameOnce(fees []procedure.Fee) (out []procedure.Fee) {
	for _, f := range fees {
		if !slices.ContainsFunc(out, func(o procedure.Fee) bool {
			return o.Amount == f.Amount && o.Kind == f.Kind && o.Unit == f.Unit && o.Exempt == f.Exempt
		}) {
			f.Code = "fee-" + strconv.Itoa(len(out)+1)
			out = append(out, f)
		}
	}
	return out
}

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// condition is the note of a row, where the rows of a way differ by it.
func condition(rows []Channel, c Channel) string {
	if len(rows) > 1 {
		return c.Note
	}
	return ""
}

func fee(n int, f Fee, when string) procedure.Fee {
	out := procedure.Fee{Code: "fee-" + strconv.Itoa(n), Kind: f.Kind, Amount: f.Amount, Name: i18n.Text{VI: "Phí, lệ phí", EN: "Fee"}}
	switch f.Kind {
	case procedure.Charge:
		out.Name = i18n.Text{VI: "Lệ phí", EN: "Charge"}
	case procedure.Levy:
		out.Name = i18n.Text{VI: "Phí", EN: "Fee"}
	}
	note := f.Note
	if note == "" {
		note = when
	}
	out.Exempt = i18n.V(note)
	return out
}

// oneTerm is the term of all rows, when they have the same one.
func oneTerm(rows []Channel) (Term, bool) {
	first := rows[0].Term
	for _, c := range rows[1:] {
		if c.Term.Amount != first.Amount || c.Term.Unit != first.Unit || c.Term.Before != first.Before || c.Term.State != first.State {
			return Term{}, false
		}
	}
	return first, true
}

// severalTerms tells the terms of the rows, each with its case.
func severalTerms(rows []Channel) i18n.Text {
	var vi, en []string
	for _, c := range rows {
		words := c.Term.words()
		note := ""
		if n := fold.Clean(c.Note); n != "" {
			note = " (" + shorten(n, 160) + ")"
		}
		vi, en = appendNew(vi, words.VI+note), appendNew(en, words.Lang(i18n.EN)+note)
	}
	return i18n.Text{VI: strings.Join(vi, "; "), EN: strings.Join(en, "; ")}
}

// words is a term as people read it.
func (t Term) words() i18n.Text {
	switch t.State {
	case TermUnknown:
		return i18n.Text{VI: "Nội dung công bố chưa nêu", EN: "The announcement does not say"}
	case TermNone:
		return i18n.Text{VI: "Không quy định thời hạn", EN: "No time limit is set"}
	case TermRule:
		if t.Before != "" {
			return i18n.V(t.Text)
		}
		n := strconv.Itoa(t.Amount)
		one := map[bool]string{true: "", false: "s"}[t.Amount == 1]
		switch t.Unit {
		case WorkingHour:
			return i18n.Text{VI: n + " giờ làm việc", EN: n + " working hour" + one}
		case WorkingDay:
			return i18n.Text{VI: n + " ngày làm việc", EN: n + " working day" + one}
		case Day:
			return i18n.Text{VI: n + " ngày", EN: n + " day" + one}
		case Month:
			return i18n.Text{VI: n + " tháng", EN: n + " month" + one}
		}
	}
	if t.Why == TermNoUnit || t.Why == RunOn {
		return i18n.Text{VI: "Chưa rõ: nội dung công bố ghi “" + t.Text + "”, không có đơn vị", EN: "Unclear: the announcement says “" + t.Text + "” without a unit"}
	}
	return i18n.V(t.Text)
}

// cases are the papers, with the steps in the first case.
func (r *Record) cases() (out []procedure.Case) {
	for i, c := range r.Cases {
		pc := procedure.Case{ID: "case-" + strconv.Itoa(i+1), Name: i18n.V(c.Name), Steps: texts(c.Steps)}
		if c.Name == "" {
			pc.Name = i18n.Text{VI: "Giấy tờ chung", EN: "Papers in general"}
		}
		for j, p := range c.Papers {
			pc.Components = append(pc.Components, procedure.Component{
				Code: firstOf(p.Code, "paper-"+strconv.Itoa(j+1)), Name: i18n.V(p.Name), Originals: p.Originals, Copies: p.Copies, Required: "true",
				PresentOnly: p.Present, Reuse: p.ReplacedBy, FormFile: p.Form, FormURL: p.FormURL, Uncounted: p.Uncounted,
			})
		}
		out = append(out, pc)
	}
	if len(r.Steps) == 0 {
		return out
	}
	if len(out) == 0 {
		out = append(out, procedure.Case{ID: "case-1", Name: i18n.Text{VI: "Giấy tờ chung", EN: "Papers in general"}})
	}
	out[0].Steps = append(texts(r.Steps), out[0].Steps...)
	return out
}

func texts(list []string) (out []i18n.Text) {
	for _, s := range list {
		out = append(out, i18n.V(s))
	}
	return out
}
