package source

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// issuers are the abbreviations in the numbers of legal texts.
var issuers = map[string]string{
	"CP": "Chính phủ", "TTg": "Thủ tướng Chính phủ", "BTC": "Bộ Tài chính", "BCA": "Bộ Công an", "BTP": "Bộ Tư pháp", "BXD": "Bộ Xây dựng",
	"BNNMT": "Bộ Nông nghiệp và Môi trường", "BNNPTNT": "Bộ Nông nghiệp và Phát triển nông thôn", "BTNMT": "Bộ Tài nguyên và Môi trường", "BGTVT": "Bộ Giao thông vận tải",
	"BKHĐT": "Bộ Kế hoạch và Đầu tư", "BCT": "Bộ Công Thương", "BYT": "Bộ Y tế", "BGDĐT": "Bộ Giáo dục và Đào tạo", "BLĐTBXH": "Bộ Lao động - Thương binh và Xã hội",
	"BNV": "Bộ Nội vụ", "BVHTTDL": "Bộ Văn hóa, Thể thao và Du lịch", "BTTTT": "Bộ Thông tin và Truyền thông", "BKHCN": "Bộ Khoa học và Công nghệ", "BQP": "Bộ Quốc phòng",
	"BNG": "Bộ Ngoại giao", "NHNN": "Ngân hàng Nhà nước Việt Nam", "TTCP": "Thanh tra Chính phủ", "UBDT": "Ủy ban Dân tộc", "BDTTG": "Bộ Dân tộc và Tôn giáo", "VPCP": "Văn phòng Chính phủ",
	"TANDTC": "Tòa án nhân dân tối cao", "VKSNDTC": "Viện kiểm sát nhân dân tối cao", "KTNN": "Kiểm toán nhà nước", "BTM": "Bộ Thương mại", "BCN": "Bộ Công nghiệp", "BTS": "Bộ Thủy sản",
	"BVHTT": "Bộ Văn hóa - Thông tin", "BXDCB": "Bộ Xây dựng", "BNN": "Bộ Nông nghiệp và Phát triển nông thôn", "BHXH": "Bảo hiểm xã hội Việt Nam",
}

const (
	oneIssuer = `(?:BNNPTNT|BLĐTBXH|BVHTTDL|VKSNDTC|BNNMT|BTNMT|BGTVT|BKHĐT|BGDĐT|BTTTT|BKHCN|TANDTC|BVHTT|BDTTG|BHXH|NHNN|TTCP|UBDT|VPCP|KTNN|BTC|BCA|BTP|BXD|BCT|BYT|BNV|BQP|BNG|BNN|BTM|BCN|BTS|TTg|CP)`
	lawSuffix = `(?:(?:NQ[-_]?|PL[-_]?)?(?:UBTVQH1[0-9]|UBTVQH[0-9]|QH1[0-9]|QH[0-9])|(?:NĐ|QĐ|NQ|CT|TTLT|TT|VBHN|CV|QC)[-_/ ]{1,2}` + oneIssuer + `(?:[-–]` + oneIssuer + `){0,4})`
)

var (
	lawNumber   = regexp.MustCompile(`\d{1,4}(?:[./]\d{1,4})*/` + lawSuffix)
	wholeNumber = regexp.MustCompile(`^(?:` + lawNumber.String() + `)$`)
	lawKind     = regexp.MustCompile(`(?:Luật|LUẬT|Bộ luật|Nghị định|Thông tư liên tịch|Thông tư|Quyết định|Nghị quyết|Pháp lệnh|Chỉ thị|Văn bản hợp nhất)(?: [Ss]ố)?:?\s*$`)
	dayIn       = regexp.MustCompile(`ngày\s+(\d{1,2})(?:[/.\-]|\s*tháng\s*)(\d{1,2})(?:[/.\-]|\s*năm\s*)(\d{4})`)
	qhSuffix    = regexp.MustCompile(`QH\d{1,2}$`)
)

// flatLaws reads the table of legal bases: name, number, name, number …
func (r *Record) flatLaws(text string) {
	text = strings.TrimSpace(text)
	if tidy(text) == "" {
		return
	}
	r.keep(PartLegalBases, text)
	body, found := strings.CutPrefix(text, lawsHead)
	if !found {
		r.doubt(PartLegalBases, LegalRest, text)
		return
	}
	at := 0
	for _, m := range lawNumber.FindAllStringIndex(body, -1) {
		if m[0] < at || !closesLaw(body[m[1]:]) {
			continue
		}
		r.addLaw(body[at:m[0]], body[m[0]:m[1]])
		at = m[1]
	}
	if rest := fold.Clean(body[at:]); rest != "" {
		r.LegalBases = append(r.LegalBases, LegalBasis{Name: rest})
		r.doubt(PartLegalBases, LegalRest, rest)
	}
}

// closesLaw reports whether a number is the one in the second column: the next name
// follows it without a space. Another number that follows is the column's, and this
// one belonged to the name: "Luật 54/2014/QH1354/2014/QH13".
func closesLaw(after string) bool {
	c, _ := utf8.DecodeRuneInString(after)
	return after == "" || unicode.IsLetter(c)
}

func (r *Record) addLaw(name, number string) {
	name = fold.Clean(name)
	if kind := lawKind.FindStringIndex(name); kind != nil {
		switch {
		case kind[0] == 0:
			name += " " + number // the name is the number with its kind
		case kind[0] > 0 && seam([]rune(name), len([]rune(name[:kind[0]]))):
			name = strings.TrimSpace(name[:kind[0]]) // "Nghị định 52/2018/NĐ-CP" stood in the second column
		}
	}
	b := LegalBasis{Number: number, Name: name}
	if b.Name == "" {
		b.Name = number
	}
	b.fill()
	for _, have := range r.LegalBases {
		if have.Number == b.Number && (have.Name == b.Name || strings.HasSuffix(b.Name, b.Number)) {
			return
		}
	}
	if seams(b.Name) > 0 {
		r.doubt(PartLegalBases, LegalNumber, b.Name)
	}
	r.LegalBases = append(r.LegalBases, b)
}

// seams counts the places where two cells of a name ran together.
func seams(name string) (n int) {
	runes := []rune(name)
	for i := 1; i < len(runes); i++ {
		if seam(runes, i) {
			n++
		}
	}
	return n
}

// fill adds what the number and the name of a legal text say about it.
func (b *LegalBasis) fill() {
	if b.Agency == "" {
		b.Agency = issuerOf(b.Number)
	}
	if b.Date == "" {
		b.Date = dateOf(b.Name, b.Number)
	}
}

// issuerOf tells who issued a text by its number; "" when several or unknown.
func issuerOf(number string) string {
	switch {
	case strings.Contains(number, "UBTVQH"):
		return "Ủy ban Thường vụ Quốc hội"
	case qhSuffix.MatchString(number):
		return "Quốc hội"
	case strings.Contains(number, "TTLT"):
		return ""
	}
	if i := strings.LastIndexAny(number, "-_ "); i >= 0 {
		return issuers[strings.TrimSpace(number[i+1:])]
	}
	return ""
}

// dateOf finds the day of signing in a name, when it can only be this text's: it
// stands right behind its number, or it is the only day beside no other number.
func dateOf(name, number string) string {
	if i := strings.Index(name, number); i >= 0 && number != "" {
		tail := name[i+len(number):]
		if m := dayIn.FindStringSubmatchIndex(tail); m != nil && m[0] <= 3 {
			return isoOf(tail[m[2]:m[3]], tail[m[4]:m[5]], tail[m[6]:m[7]])
		}
		return ""
	}
	if lawNumber.MatchString(name) {
		return ""
	}
	if all := dayIn.FindAllStringSubmatch(name, -1); len(all) == 1 {
		return isoOf(all[0][1], all[0][2], all[0][3])
	}
	return ""
}

func isoOf(day, month, year string) string {
	d, derr := strconv.Atoi(day)
	m, merr := strconv.Atoi(month)
	y, yerr := strconv.Atoi(year)
	if derr != nil || merr != nil || yerr != nil || y < 1945 || y > 2100 {
		return ""
	}
	date, err := civil.Parse(pad(y, 4) + "-" + pad(m, 2) + "-" + pad(d, 2))
	if err != nil {
		return ""
	}
	return date.String()
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

var (
	dayForms = []*regexp.Regexp{
		regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})`),                         // 24-03-2021
		regexp.MustCompile(`^(\d{4})-?(\d{2})-?(\d{2})(?:\d{6})?(?:[T ][\d:.Z+]{0,24})?$`), // 2021-03-24, 20210324, 20210324093000
	}
)

// readDay reads a date of the sources; "" when it is none.
func readDay(s string) string {
	s = strings.TrimSpace(s)
	if m := dayForms[0].FindStringSubmatch(s); m != nil {
		return isoOf(m[1], m[2], m[3])
	}
	if m := dayForms[1].FindStringSubmatch(s); m != nil {
		return isoOf(m[3], m[2], m[1])
	}
	return ""
}
