package source

import (
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
)

// national reads a record in the field names of LayThuTuc. Where the interface
// leaves open whether one or many come, both are taken.
func (f fields) national() *Record {
	r := &Record{Code: f.line("MATTHC"), Name: f.line("TENTTHC"), Kind: f.line("LOAITTHC"), URL: urlOf(f.line("URL", "DUONGDAN"))}
	r.Announcement = Announcement{
		Agency: f.line("TENCOQUANCONGBO", "MACOQUANCONGBO"), Decision: decision(f.line("SOQUYETDINHCONGBO", "IDQUYETDINHCONGBO")),
		Date: r.day(f.line("NGAYQUYETDINH", "NGAYBANHANH")), Effective: r.day(f.line("NGAYHIEULUC", "NGAYCOHIEULUC")), Published: r.day(f.line("NGAYCONGKHAI", "NGAYCONGBO")),
	}
	r.readLevels(f.listed("CAPTHUCHIEN", "TENCAPTHUCHIEN"))
	if field := f.object("LINHVUCTHUCHIEN"); len(field) > 0 {
		r.Field = Field{Code: field.line("MALINHVUC"), Name: field.line("TENLINHVUC")}
	} else {
		r.Field = fieldNamed(f.line("LINHVUCTHUCHIEN"))
	}
	r.readAudience(f.listed("DOITUONGTHUCHIEN", "TENDOITUONG"))
	r.Agencies = Agencies{
		Performing: withWords(f.names("COQUANTHUCHIEN"), f.line("MOTACOQUANTHUCHIEN")), Competent: withWords(f.names("COQUANCOTHAMQUYEN"), f.line("MOTACOQUANTHAMQUYEN")),
		Delegated: f.names("COQUANDUOCUYQUYEN"), Cooperating: f.names("COQUANPHOIHOP"), Address: f.line("DIACHITIEPNHAN"),
	}
	r.nationalSteps(f)
	r.nationalWays(f)
	r.nationalPapers(f)
	for _, x := range f.items("KETQUATHUCHIEN") {
		if name := x.line("TENKETQUA"); name != "" {
			r.Results = append(r.Results, Result{Code: resultCode(x.line("MAKETQUA")), Name: name})
		}
	}
	for _, x := range f.items("CANCUPHAPLY") {
		before := len(r.LegalBases)
		r.tableLaw(x.line("SOVANBAN"), x.line("TENVANBAN"), x.line("NGAYBANHANH"), x.line("COQUANBANHANH"))
		if len(r.LegalBases) > before {
			r.LegalBases[before].URL = urlOf(x.line("DIACHITRUYCAP"))
		}
	}
	r.Conditions, r.Summary = noneIsNothing(f.text("YEUCAU")), f.text("MOTA")
	r.readKeywords(f.line("TUKHOA"))
	for _, list := range []string{"TTHCLIENQUAN", "TTHCLIENTHONG"} {
		for _, x := range f.items(list) {
			if code := x.line("MATTHC"); procedure.IsCode(code) {
				r.Related = append(r.Related, code)
			}
		}
	}
	return r
}

// listed reads a list of names, or of objects with names, as words with commas.
func (f fields) listed(list, name string) string {
	var parts []string
	for _, it := range f.items(list) {
		if s := it.line(name); s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return strings.ReplaceAll(f.text(list), "\n", ", ")
	}
	return strings.Join(parts, ", ")
}

func withWords(name, words string) string {
	switch {
	case words == "" || words == name:
		return name
	case name == "":
		return words
	}
	return name + " (" + words + ")"
}

func resultCode(code string) string {
	if procedure.IsResultCode(code) {
		return code
	}
	return ""
}

// day reads a date; one that cannot be read is a doubt.
func (r *Record) day(s string) string {
	day := readDay(s)
	if day == "" && s != "" {
		r.doubt(PartAnnouncement, DateUnread, s)
	}
	return day
}

// nationalCase finds or makes a case.
func (r *Record) nationalCase(name string) *Case {
	name = strings.Trim(fold.Clean(name), " -:")
	for i := range r.Cases {
		if r.Cases[i].Name == name {
			return &r.Cases[i]
		}
	}
	r.Cases = append(r.Cases, Case{Name: name})
	return &r.Cases[len(r.Cases)-1]
}

func (r *Record) nationalSteps(f fields) {
	groups := f.items("TRINHTUTHUCHIEN")
	if len(groups) == 0 {
		r.readSteps(f.text("TRINHTUTHUCHIEN"))
		return
	}
	for _, g := range groups {
		var steps []string
		for _, s := range g.items("TRINHTU") {
			if t := s.text("TENTRINHTU"); t != "" {
				steps = append(steps, t)
			}
		}
		if len(steps) == 0 {
			steps = append(steps, nonEmpty(g.text("TRINHTU"), g.text("TENTRINHTU"))...)
		}
		if name := strings.Trim(g.line("TRUONGHOP"), " -:"); name != "" && len(groups) > 1 {
			c := r.nationalCase(name)
			c.Steps = append(c.Steps, steps...)
			continue
		}
		r.Steps = append(r.Steps, steps...)
	}
}

func nonEmpty(list ...string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// channels of the national code list (KENH).
var nationalChannels = map[string]procedure.ChannelKind{"1": procedure.Direct, "2": procedure.Online, "3": procedure.Postal}

func (r *Record) nationalWays(f fields) {
	for _, way := range f.items("CACHTHUCTHUCHIEN") {
		name := way.line("KENH")
		kind, ok := nationalChannels[name]
		if !ok {
			if kind, ok = wayOf(name); !ok {
				r.doubt(PartChannels, WayUnknown, name)
				continue
			}
		}
		times := way.items("THOIGIAN")
		if len(times) == 0 {
			r.addWay(Channel{Kind: kind, Note: way.text("MOTA")})
		}
		for _, t := range times {
			term := strings.TrimSpace(t.line("THOIGIANGIAIQUYET") + " " + t.line("DONVITINH"))
			r.addWay(Channel{Kind: kind, Term: ReadTerm(term), Fees: nationalFees(t), Note: t.text("MOTA")})
		}
	}
}

// nationalFees reads PHILEPHI: an amount with its unit and description each.
func nationalFees(t fields) Fees {
	var all []figure
	var words []string
	for _, x := range t.items("PHILEPHI") {
		digits, unit, note := x.line("SOTIEN"), x.line("DONVI"), x.line("MOTA")
		words = append(words, joined(strings.TrimSpace(digits+" "+unit), note))
		if per, ok := strings.CutPrefix(strings.ToLower(unit), "đồng/"); ok {
			unit, note = "đồng", strings.TrimSpace("/"+per+" "+note)
		}
		switch cut, rest := cutCurrency(unit); {
		case unit != "" && (cut == "" || strings.TrimSpace(rest) != ""):
			why := FeeWords
			if foreign.MatchString(unit) {
				why = FeeCurrency
			}
			all = append(all, figure{state: FeeDoubtful, why: why})
		case digits == "" && note == "":
			words = words[:len(words)-1]
		case digits == "":
			all = append(all, figure{state: FeeDoubtful, why: FeeWords})
		default:
			all = append(all, weigh("", digits, note))
		}
	}
	if len(all) == 0 {
		return Fees{}
	}
	return judge(strings.Join(words, "; "), all)
}

func (r *Record) nationalPapers(f fields) {
	for _, g := range f.items("THANHPHANHOSO") {
		c := r.nationalCase(g.line("TRUONGHOP"))
		for _, x := range g.items("GIAYTO") {
			p := Paper{Code: x.line("MAGIAYTO"), Name: x.line("TENGIAYTO"), Form: x.line("TENMAUDON"), FormURL: urlOf(x.line("URL"))}
			if p.Name == "" {
				continue
			}
			originals, oknown := number(x.line("SOBANCHINH", "SOLUONGBANCHINH", "BANCHINH"))
			copies, cknown := number(x.line("SOBANSAO", "SOLUONGBANSAO", "BANSAO"))
			p.Originals, p.Copies, p.Uncounted = originals, copies, !oknown && !cknown
			for _, code := range strings.FieldsFunc(x.listed("MaKetQuaThayThe", "MAKETQUA"), func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
				if procedure.IsResultCode(code) {
					p.ReplacedBy = append(p.ReplacedBy, code)
				}
			}
			if p.Uncounted {
				r.doubt(PartCases, PaperCount, p.Name)
			}
			c.Papers = append(c.Papers, p)
		}
	}
}

// number reads a small count.
func number(s string) (n int, ok bool) {
	if s == "" || len(s) > 2 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
