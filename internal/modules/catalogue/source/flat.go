package source

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
)

// The crawled pages lost the borders of their tables: the cells of a row follow one
// another without a space, "Trực tuyến5 Ngày làm việcMiễn phíDịch vụ bưu chính…".
// What marks a border for certain is used, and where nothing does, the words stay.

// ways are the names of the channels on the national portal.
var ways = []struct {
	name string
	kind procedure.ChannelKind
}{
	{"Trực tuyến", procedure.Online}, {"Trực tiếp", procedure.Direct}, {"Dịch vụ bưu chính", procedure.Postal}, {"Dịch vụ BCCI", procedure.Postal}, {"Bưu chính", procedure.Postal},
}

// wayOf reads the name of a channel.
func wayOf(name string) (procedure.ChannelKind, bool) {
	key := fold.Key(name)
	for _, w := range ways {
		if fold.Key(w.name) == key {
			return w.kind, true
		}
	}
	switch {
	case strings.HasPrefix(key, "qua dich vu buu chinh"), strings.HasPrefix(key, "buu chinh"):
		return procedure.Postal, true
	case strings.HasPrefix(key, "nop truc tiep"):
		return procedure.Direct, true
	case strings.HasPrefix(key, "nop truc tuyen"):
		return procedure.Online, true
	}
	return "", false
}

const (
	waysHead   = "Hình thức nộpThời gianPhí, lệ phíMô tả"
	papersHead = "Tên giấy tờMẫu đơn, tờ khaiSố lượng"
	lawsHead   = "Tên văn bản pháp lýMã văn bản"
	nothing    = "Không có thông tin"
	freeWords  = "Miễn phí"
)

// flatWays reads the table of ways.
func (r *Record) flatWays(text string) {
	text = strings.TrimSpace(text)
	r.keep(PartChannels, text)
	body, found := strings.CutPrefix(text, waysHead)
	if !found {
		r.doubt(PartChannels, WayRest, text)
		return
	}
	starts := rowStarts(body)
	if len(starts) == 0 || strings.TrimSpace(body[:starts[0].at]) != "" {
		if body != "" {
			r.doubt(PartChannels, WayRest, body)
		}
		if len(starts) == 0 {
			return
		}
	}
	for i, s := range starts {
		end := len(body)
		if i+1 < len(starts) {
			end = starts[i+1].at
		}
		r.addWay(flatRow(s.kind, body[s.after:end]))
	}
}

// addWay adds a row and what is doubtful in it.
func (r *Record) addWay(c Channel) {
	r.Channels = append(r.Channels, c)
	if c.Term.State == TermDoubtful {
		r.doubt(PartChannels, c.Term.Why, c.Term.Text)
	}
	if c.Fees.State == FeeDoubtful {
		r.doubt(PartChannels, c.Fees.Why, c.Fees.Text)
	}
}

type rowStart struct {
	kind      procedure.ChannelKind
	at, after int
}

// rowStarts finds where rows begin: the name of a channel that runs, without a
// space, into the cell behind it.
func rowStarts(body string) (starts []rowStart) {
	for i := 0; i < len(body); {
		kind, n := wayAt(body[i:])
		if n == 0 {
			i++
			continue
		}
		starts = append(starts, rowStart{kind, i, i + n})
		i += n
	}
	return starts
}

func wayAt(s string) (procedure.ChannelKind, int) {
	for _, w := range ways {
		rest, ok := strings.CutPrefix(s, w.name)
		if !ok {
			continue
		}
		if rest == "" {
			continue
		}
		if rest[0] >= '0' && rest[0] <= '9' || strings.HasPrefix(rest, nothing) || strings.HasPrefix(rest, freeWords) || strings.HasPrefix(rest, "Không") {
			return w.kind, len(w.name)
		}
	}
	return "", 0
}

var (
	figures = regexp.MustCompile(`^[\d.,]+$`)
	// fileStart is how the names of forms' files begin.
	fileStart = regexp.MustCompile(`^(?:mau|m\d|phu luc|phu|phlc|phluc|pl|bm|bieu|to khai|tk|don|danh|ban|bao cao|giay|van ban|thong bao|ct ?\d|tp|hd|qd)`)
)

var flatUnit = regexp.MustCompile(`^(\d{1,5} (?:Ngày làm việc|Ngày|Giờ làm việc|Giờ|Tháng|Năm|Tuần))`)

// flatRow reads one row behind the name of its channel: term, fees, description.
func flatRow(kind procedure.ChannelKind, cell string) Channel {
	c := Channel{Kind: kind}
	var rest string
	switch m := flatUnit.FindString(cell); {
	case m != "":
		c.Term = ReadTerm(m)
		rest = cell[len(m):]
	case strings.HasPrefix(cell, nothing):
		rest = cell[len(nothing):]
	default:
		before, after, found := cutAtFee(cell)
		if !found {
			c.Fees = Fees{Text: shorten(fold.Clean(cell), 200), State: FeeDoubtful, Why: RunOn}
			return c
		}
		if figures.MatchString(before) && !strings.HasPrefix(after, freeWords) && !strings.HasPrefix(after, nothing) {
			// "120 VNĐ": the days and the amount stand together, and nobody knows where one ends.
			unit, tail := cutCurrency(strings.TrimSpace(after))
			note, tail := cutNote(tail)
			c.Term = Term{Text: before, State: TermDoubtful, Why: RunOn}
			c.Fees = Fees{Text: strings.TrimSpace(before + " " + unit + " " + bracket(note)), State: FeeDoubtful, Why: RunOn}
			c.Note = tidy(tail)
			return c
		}
		c.Term = ReadTerm(before)
		rest = after
	}
	c.Fees, rest = flatFees(rest)
	c.Note = tidy(rest)
	return c
}

// cutAtFee finds where the words of a term end and the cell of fees begins.
func cutAtFee(cell string) (term, rest string, found bool) {
	at := -1
	for _, mark := range []string{freeWords, nothing} {
		if i := strings.Index(cell, mark); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	digits, after := cutDigits(cell)
	if unit, _ := cutCurrency(strings.TrimSpace(after)); digits != "" && unit != "" {
		return digits, after, true
	}
	if at < 0 || at > 300 {
		return "", cell, false
	}
	return strings.TrimSpace(cell[:at]), cell[at:], true
}

// flatFees reads the cell of fees off the front of a row.
func flatFees(s string) (Fees, string) {
	if rest, ok := strings.CutPrefix(s, nothing); ok {
		return Fees{}, rest
	}
	if rest, ok := strings.CutPrefix(s, freeWords); ok {
		note, tail := cutNote(rest)
		if nothingToPay.MatchString(strings.ToLower(note)) {
			return Fees{Text: joined(freeWords, note), State: FeeFree}, tail
		}
		return Fees{Text: joined(freeWords, note), State: FeeDoubtful, Why: FeeFreeButNote}, tail
	}
	var all []figure
	text := ""
	for {
		digits, after := cutDigits(s)
		trimmed := strings.TrimLeft(after, " ")
		unit, tail := cutCurrency(trimmed)
		if digits == "" {
			break
		}
		if unit == "" {
			if m := foreign.FindStringIndex(trimmed); m != nil && m[0] == 0 {
				note, tail := cutNote(trimmed[m[1]:])
				return Fees{Text: joined(digits+" "+trimmed[:m[1]], note), State: FeeDoubtful, Why: FeeCurrency}, tail
			}
			break
		}
		note, tail := cutNote(tail)
		text = strings.TrimSpace(text + " " + joined(digits+" "+unit, note))
		all = append(all, weigh("", digits, note))
		s = tail
	}
	if len(all) == 0 {
		if strings.TrimSpace(s) == "" {
			return Fees{}, ""
		}
		return Fees{}, s
	}
	return judge(text, all), s
}

// cutNote takes the bracketed note off the front; what opens and never closes is a
// note to the end.
func cutNote(s string) (note, rest string) {
	if !strings.HasPrefix(s, "(") {
		return "", s
	}
	if end := closing(s); end >= 0 {
		return unwrap(fold.Clean(s[:end+1])), s[end+1:]
	}
	return fold.Clean(strings.TrimPrefix(s, "(")), ""
}

func bracket(note string) string {
	if note == "" {
		return ""
	}
	return "(" + note + ")"
}

func joined(words, note string) string { return strings.TrimSpace(words + " " + bracket(note)) }

// tidy cleans a text of several lines; the words for "nothing" are nothing.
func tidy(s string) string {
	s = fold.CleanLines(s)
	if strings.EqualFold(s, nothing) || s == "-" || s == "--" {
		return ""
	}
	return s
}

// --- papers -----------------------------------------------------------------

// flatPapers reads the table of papers: cases, each with rows of name, form and number.
func (r *Record) flatPapers(text string) {
	text = strings.TrimSpace(text)
	if tidy(text) == "" {
		return
	}
	r.keep(PartCases, text)
	lead, body, found := strings.Cut(text, papersHead)
	if !found {
		if tidy(lead) != "" {
			r.doubt(PartCases, PaperRest, lead)
		}
		return
	}
	name := lead
	for {
		table, next, more := strings.Cut(body, papersHead)
		papers, rest := r.flatTable(table)
		r.addCase(name, papers)
		if !more {
			if rest = tidy(rest); rest != "" {
				r.doubt(PartCases, PaperRest, rest)
			}
			return
		}
		name, body = rest, next
	}
}

// addCase adds papers under the name of a case; headings that name no case go to the usual one.
func (r *Record) addCase(name string, papers []Paper) {
	name = strings.Trim(fold.Clean(name), " -*:.")
	key := fold.Key(name)
	present := strings.Contains(key, "giay to phai xuat trinh") || strings.HasPrefix(key, "giay to xuat trinh")
	switch {
	case present, key == "", key == "thanh phan ho so", key == "ho so gom", key == "ho so bao gom", key == "giay to phai nop", key == "giay to nop", key == "thanh phan ho so gom", key == "thanh phan ho so bao gom":
		name = ""
	}
	if len(papers) == 0 && name == "" {
		return
	}
	for i := range papers {
		papers[i].Present = papers[i].Present || present
	}
	for i := range r.Cases {
		if r.Cases[i].Name == name {
			r.Cases[i].Papers = append(r.Cases[i].Papers, papers...)
			return
		}
	}
	r.Cases = append(r.Cases, Case{Name: name, Papers: papers})
}

var (
	countMark = regexp.MustCompile(`(\d+) bản chính(?:,(\d+) bản sao)?`)
	formFile  = regexp.MustCompile(`(?i)\.(?:docx?|pdf|xlsx?|rtf|rar|zip|odt|jpe?g|png|signed\.pdf)$`)
)

// flatTable reads rows until no number closes one any more; rest is what is left.
func (r *Record) flatTable(table string) (papers []Paper, rest string) {
	at := 0
	for _, m := range countMark.FindAllStringSubmatchIndex(table, -1) {
		if m[0] < at || !closesRow(table[m[1]:]) || m[4] < 0 && wordBefore(table[:m[0]]) {
			continue
		}
		p := Paper{Name: fold.Clean(table[at:m[0]])}
		digits := table[m[2]:m[3]]
		if len(digits) > 1 {
			// "Mẫu số 031 bản chính": the number of the form and that of the papers ran together.
			p.Name, p.Uncounted = fold.Clean(p.Name+digits), true
			r.doubt(PartCases, PaperCount, p.Name)
		} else {
			p.Originals = int(digits[0] - '0')
			if m[4] >= 0 {
				p.Copies, _ = strconv.Atoi(table[m[4]:m[5]]) // digits by the expression
				p.Copies = min(p.Copies, 99)
			}
		}
		at = m[1]
		p.Name = strings.TrimSpace(strings.TrimLeft(p.Name, " -+*•·"))
		r.splitForm(&p)
		if p.Name == "" {
			continue
		}
		papers = append(papers, p)
	}
	return papers, table[at:]
}

// closesRow reports whether what follows a number begins something new: in the
// running text of a name a space or a sign follows.
func closesRow(after string) bool {
	c, _ := utf8.DecodeRuneInString(after)
	switch {
	case after == "":
		return true
	case strings.ContainsRune(" .,;:)/", c):
		return false
	}
	return !unicode.IsLower(c) || unicode.IsDigit(c)
}

// wordBefore reports whether a number belongs to the words before it: ": 02 bản chính".
func wordBefore(before string) bool {
	return strings.HasSuffix(before, ": ") || strings.HasSuffix(before, "(") || strings.HasSuffix(before, "gồm ") || strings.HasSuffix(before, "và ")
}

// splitForm takes the name of the form's file off the end of a paper's name, when
// there is one place only where it can begin.
func (r *Record) splitForm(p *Paper) {
	if !formFile.MatchString(p.Name) {
		return
	}
	runes := []rune(p.Name)
	var seams []int
	for i := 1; i < len(runes); i++ {
		if seam(runes, i) {
			seams = append(seams, i)
		}
	}
	at := -1
	if len(seams) == 1 && len(runes)-seams[0] <= 90 {
		at = seams[0]
	}
	for _, i := range seams {
		// A file's name may hold seams of its own; it begins at the first one that
		// looks like the beginning of a file's name and is near enough to the end.
		if at < 0 && len(runes)-i <= 60 && fileStart.MatchString(fold.Key(string(runes[i:]))) {
			at = i
		}
	}
	if at < 0 {
		r.doubt(PartCases, PaperForm, p.Name)
		return
	}
	p.Form = strings.TrimSpace(string(runes[at:]))
	p.Name = strings.TrimSpace(string(runes[:at]))
}

// seam reports whether two cells run together before i: a capital that follows,
// without a space, what ends a cell.
func seam(s []rune, i int) bool {
	before, here := s[i-1], s[i]
	if !unicode.IsUpper(here) {
		return false
	}
	switch {
	case unicode.IsLower(before), strings.ContainsRune(".;:)]”\"", before):
		return true
	case unicode.IsUpper(before), unicode.IsDigit(before):
		// "TT-BNNMTMẫu số 03": the last capital begins a word of small letters.
		return i+1 < len(s) && unicode.IsLower(s[i+1]) && (unicode.IsDigit(before) || i >= 2 && unicode.IsUpper(s[i-2]))
	}
	return false
}
