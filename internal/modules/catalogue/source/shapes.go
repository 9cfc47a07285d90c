package source

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
)

// Shape is one of the forms in which procedures come.
type Shape string

// The shapes, the most trusted first; Rank goes by this order.
const (
	National Shape = "national" // full records in the field names of the national database
	Page     Shape = "page"     // pages of the national portal as text
	Sheet    Shape = "sheet"    // sheets of structured data by ministry
	Portal   Shape = "portal"   // structured records of the former portal
	List     Shape = "list"     // the national list: code, name, agencies, field
)

// Shapes lists all shapes, the most trusted first.
func Shapes() []Shape { return []Shape{National, Page, Sheet, Portal, List} }

// Rank says which of two shapes is believed where both tell of a procedure: the lower.
func (s Shape) Rank() int { return slices.Index(Shapes(), s) }

// Refusal says why a record was not taken.
type Refusal struct {
	Why   Reason
	Field string // the field that is wrong, as the file calls it
	Text  string // what stands there
}

// Error describes the refusal for logs.
func (r *Refusal) Error() string { return string(r.Why) + " " + r.Field + " " + r.Text }

// Reason is why a record was refused; people read the words behind it.
type Reason string

// The reasons.
const (
	NotJSON      Reason = "not-json"
	NotObject    Reason = "not-object"
	TooBig       Reason = "too-big"
	ShapeUnknown Reason = "shape-unknown"
	NoCode       Reason = "no-code"
	BadCode      Reason = "bad-code"
	NoName       Reason = "no-name"
	Duplicate    Reason = "duplicate" // the code stood in the file before
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{NotJSON, NotObject, TooBig, ShapeUnknown, NoCode, BadCode, NoName, Duplicate}
}

// Read reads one record of any shape. The error is a *Refusal; the record then holds
// what could be read of code and name.
func Read(data []byte) (*Record, Shape, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		trimmed := strings.TrimSpace(string(data))
		if json.Valid(data) {
			return &Record{}, "", &Refusal{Why: NotObject, Text: shorten(trimmed, 80)}
		}
		return &Record{}, "", &Refusal{Why: NotJSON, Text: shorten(trimmed, 80)}
	}
	f := fieldsOf(raw)
	var r *Record
	var shape Shape
	var codeField string
	switch {
	case f.has("MATTHC"):
		r, shape, codeField = f.national(), National, "MATTHC"
	case f.has("metadata") && f.has("tables"):
		r, shape, codeField = f.sheet(), Sheet, "mã_thủ_tục"
	case f.has("ma_thu_tuc") && f.has("ten_thu_tuc"):
		r, shape, codeField = f.page(), Page, "ma_thu_tuc"
	case f.has("ma_so") && f.has("ten"):
		r, shape, codeField = f.list(), List, "ma_so"
	case f.has("title") && f.has("Trình tự thực hiện"):
		r, shape, codeField = f.portal(), Portal, "ma_so_suy_ra"
	default:
		return &Record{}, "", &Refusal{Why: ShapeUnknown, Text: strings.Join(firstKeys(raw, 6), ", ")}
	}
	switch {
	case r.Code == "":
		return r, shape, &Refusal{Why: NoCode, Field: codeField, Text: r.Name}
	case !procedure.IsCode(r.Code):
		return r, shape, &Refusal{Why: BadCode, Field: codeField, Text: shorten(r.Code, 60)}
	case r.Name == "":
		return r, shape, &Refusal{Why: NoName, Field: "name", Text: r.Code}
	}
	r.finish()
	return r, shape, nil
}

// finish does what all shapes need.
func (r *Record) finish() {
	if len(r.Levels) == 0 {
		if level := levelByAgency(r.Agencies.Performing); level != "" {
			r.Levels = []procedure.Level{level}
			r.doubt(PartLevels, LevelInferred, r.Agencies.Performing)
		}
	}
	if r.Announcement.Agency == "" {
		if _, tail, ok := strings.Cut(r.Announcement.Decision, "QĐ-"); ok {
			head, _, _ := strings.Cut(tail, "-")
			r.Announcement.Agency = issuers[strings.TrimSpace(head)]
		}
	}
	if len(r.Cases) == 1 && r.Cases[0].Name != "" && len(r.Cases[0].Papers) == 0 {
		r.Cases = nil
	}
}

func firstKeys(raw map[string]json.RawMessage, n int) []string {
	var keys []string
	for k := range raw {
		keys = append(keys, shorten(k, 30))
	}
	slices.Sort(keys)
	return keys[:min(n, len(keys))]
}

// fields are the members of an object; names are found whatever their capitals.
type fields map[string]json.RawMessage

func fieldsOf(raw map[string]json.RawMessage) fields {
	f := make(fields, len(raw))
	for k, v := range raw {
		f[strings.ToLower(fold.NFC(k))] = v
	}
	return f
}

func (f fields) raw(names ...string) json.RawMessage {
	for _, n := range names {
		if v, ok := f[strings.ToLower(n)]; ok {
			return v
		}
	}
	return nil
}

func (f fields) has(name string) bool { return f.raw(name) != nil }

// text reads a text, number or list of texts; "no information" is nothing.
func (f fields) text(names ...string) string { return textOf(f.raw(names...)) }

func textOf(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch x := v.(type) {
	case string:
		return tidy(markup.ReplaceAllString(x, "\n"))
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case []any:
		var parts []string
		for _, e := range x {
			if s, ok := e.(string); ok && tidy(s) != "" {
				parts = append(parts, tidy(s))
			}
		}
		return strings.Join(parts, "\n")
	}
	return ""
}

// markup is what the portals leave in texts.
var markup = regexp.MustCompile(`(?i)\s*</?(?:p|br|div|span|li|ul)\b[^<>]{0,80}/?>\s*`)

// line is text on one line.
func (f fields) line(names ...string) string { return fold.Clean(f.text(names...)) }

// items reads a list of objects; one object alone is a list of one.
func (f fields) items(names ...string) []fields {
	raw := f.raw(names...)
	var many []map[string]json.RawMessage
	if json.Unmarshal(raw, &many) == nil {
		out := make([]fields, 0, len(many))
		for _, m := range many {
			out = append(out, fieldsOf(m))
		}
		return out
	}
	var one map[string]json.RawMessage
	if json.Unmarshal(raw, &one) == nil && len(one) > 0 {
		return []fields{fieldsOf(one)}
	}
	return nil
}

func (f fields) object(name string) fields {
	if list := f.items(name); len(list) > 0 {
		return list[0]
	}
	return fields{}
}

// names joins the names of a list of agencies.
func (f fields) names(list string) string {
	var parts []string
	for _, it := range f.items(list) {
		if s := it.line("TENDONVI"); s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return f.line(list)
	}
	return strings.Join(parts, "; ")
}

// --- the national list ------------------------------------------------------

func (f fields) list() *Record {
	r := &Record{Code: f.line("ma_so"), Name: f.line("ten"), URL: urlOf(f.line("url"))}
	r.Announcement.Agency = f.line("co_quan_ban_hanh")
	r.Agencies.Performing = f.line("co_quan_thuc_hien")
	r.Field = fieldNamed(f.line("linh_vuc"))
	return r
}

// --- pages as text ----------------------------------------------------------

func (f fields) page() *Record {
	r := &Record{Code: f.line("ma_thu_tuc"), Name: f.line("ten_thu_tuc"), Kind: f.line("loai_thu_tuc"), URL: urlOf(f.line("detail_url"))}
	r.Announcement = Announcement{Agency: ministries[f.line("nguon_bo_nganh")], Decision: decision(f.line("so_quyet_dinh"))}
	r.readLevels(f.line("cap_thuc_hien"))
	r.Field = fieldNamed(f.line("linh_vuc"))
	r.readAudience(f.line("doi_tuong_thuc_hien"))
	r.Agencies = Agencies{
		Performing: f.line("co_quan_thuc_hien"), Competent: f.line("co_quan_co_tham_quyen"), Delegated: f.line("co_quan_duoc_uy_quyen"),
		Cooperating: f.line("co_quan_phoi_hop"), Address: f.line("dia_chi_tiep_nhan", "dia_chi_tiep_nhan_hs"),
	}
	r.readSteps(f.text("trinh_tu_thuc_hien"))
	if rows := f.items("cach_thuc_thuc_hien"); len(rows) > 0 {
		r.portalWays(rows)
	} else if s := rawText(f.raw("cach_thuc_thuc_hien")); s != "" {
		r.flatWays(s)
	}
	if rows := f.items("thanh_phan_ho_so"); len(rows) > 0 {
		r.portalPapers(rows)
	} else {
		r.flatPapers(rawText(f.raw("thanh_phan_ho_so")))
	}
	if rows := f.items("can_cu_phap_ly"); len(rows) > 0 {
		for _, row := range rows {
			r.tableLaw(row.line("Số ký hiệu", "so_ky_hieu"), row.line("Trích yếu", "trich_yeu"), row.line("Ngày ban hành", "ngay_ban_hanh"), row.line("Cơ quan ban hành", "co_quan_ban_hanh"))
		}
	} else {
		r.flatLaws(rawText(f.raw("can_cu_phap_ly")))
	}
	r.Conditions = tidy(cutFurniture(f.text("yeu_cau_dieu_kien")))
	r.flatResults(cutFurniture(f.text("ket_qua_xu_ly", "ket_qua_thuc_hien")))
	r.Summary = f.text("mo_ta")
	r.readKeywords(f.line("tu_khoa"))
	return r
}

// rawText is a text as it stands, but composed.
func rawText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return fold.NFC(s)
}

// furniture are words of the portal's page that the crawl took along.
var furniture = []string{"Từ khóaKhông có thông tin", "Từ khóa", "Chọn cơ quan thực hiện", "Mô tảKhông có thông tin"}

func cutFurniture(s string) string {
	for _, word := range furniture {
		if i := strings.Index(s, word); i >= 0 {
			s = s[:i]
		}
	}
	return s
}

var resultMark = regexp.MustCompile(`\s*Mã:\s*((?:KQ\.[A-Z]\d{2}\.\d{6})|(?:\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}-KQ\d{6}))`)

// flatResults reads "Giấy phépMã: KQ.G15.000310Quyết địnhMã: …".
func (r *Record) flatResults(text string) {
	if tidy(text) == "" {
		return
	}
	at := 0
	for _, m := range resultMark.FindAllStringSubmatchIndex(text, -1) {
		if name := fold.Clean(text[at:m[0]]); name != "" {
			r.Results = append(r.Results, Result{Code: text[m[2]:m[3]], Name: name})
		}
		at = m[1]
	}
	for line := range strings.Lines(text[at:]) {
		if name := strings.TrimLeft(fold.Clean(line), "-+* "); name != "" {
			r.Results = append(r.Results, Result{Name: name})
		}
	}
}

// --- sheets by ministry -----------------------------------------------------

func (f fields) sheet() *Record {
	m, c, t := f.object("metadata"), f.object("content"), f.object("tables")
	r := &Record{Code: m.line("mã_thủ_tục"), Name: m.line("tên_thủ_tục"), Kind: m.line("loại_thủ_tục")}
	r.Announcement.Decision = decision(m.line("số_quyết_định"))
	r.readLevels(m.line("cấp_thực_hiện"))
	r.Field = fieldNamed(m.line("lĩnh_vực"))
	r.readAudience(c.line("đối_tượng_thực_hiện"))
	r.Agencies = Agencies{
		Performing: c.line("cơ_quan_thực_hiện"), Competent: c.line("cơ_quan_có_thẩm_quyền"), Delegated: c.line("cơ_quan_được_ủy_quyền"),
		Cooperating: c.line("cơ_quan_phối_hợp"), Address: c.line("địa_chỉ_tiếp_nhận_hs"),
	}
	r.readSteps(c.text("trình_tự_thực_hiện"))
	for _, row := range t.items("hinh_thuc_nop") {
		r.row(row.line("hinh_thuc"), row.line("thoi_han_giai_quyet"), rawText(row.raw("phi_le_phi")), row.text("mo_ta"))
	}
	for _, row := range t.items("thanh_phan_ho_so") {
		p := Paper{Name: row.line("ten_giay_to")}
		if file := row.line("so_luong"); formFile.MatchString(file) { // the column carries the form's file
			p.Form = file
		}
		r.counted(p, row.line("ghi_chu"))
	}
	for _, row := range t.items("can_cu_phap_ly") {
		r.tableLaw(row.line("so_ky_hieu"), row.line("trich_yeu"), row.line("ngay_ban_hanh"), row.line("co_quan_ban_hanh"))
	}
	r.flatResults(c.text("kết_quả_thực_hiện"))
	r.Conditions = noneIsNothing(c.text("yêu_cầu_điều_kiện_thực_hiện"))
	r.Summary = c.text("mô_tả")
	r.readKeywords(c.line("từ_khóa"))
	return r
}

// --- the former portal ------------------------------------------------------

func (f fields) portal() *Record {
	r := &Record{Code: f.line("ma_so_suy_ra", "ma_so"), Name: f.line("title")}
	if f.has("ma_so_suy_ra") {
		r.doubt(PartName, CodeInferred, r.Code)
	}
	r.Agencies.Performing = f.line("Cơ quan thực hiện")
	r.readSteps(f.text("Trình tự thực hiện"))
	r.portalWays(f.items("Cách thức thực hiện"))
	r.portalPapers(f.items("Thành phần hồ sơ"))
	return r
}

func (r *Record) portalWays(rows []fields) {
	for _, row := range rows {
		r.row(row.line("Hình thức nộp"), row.line("Thời hạn giải quyết"), rawText(row.raw("Phí, lệ phí")), row.text("Mô tả"))
	}
}

func (r *Record) portalPapers(rows []fields) {
	for _, row := range rows {
		p := Paper{Name: row.line("Tên giấy tờ")}
		switch form := row.line("Mẫu đơn, tờ khai"); {
		case strings.HasPrefix(form, "http"):
			if !strings.HasSuffix(form, "=") { // "…?ma=" leads nowhere
				p.FormURL = urlOf(form)
			}
		case formFile.MatchString(form):
			p.Form = form
		}
		r.counted(p, row.line("Số lượng - bản chính", "Số lượng"))
	}
}

// row adds one row of a table of ways.
func (r *Record) row(way, term, fees, note string) {
	kind, ok := wayOf(way)
	if !ok {
		r.doubt(PartChannels, WayUnknown, strings.TrimSpace(way+" "+term))
		return
	}
	r.keep(PartChannels, strings.TrimSpace(r.Original[PartChannels]+"\n"+strings.Join(slices.DeleteFunc([]string{way, term, fold.Clean(fees), note}, func(s string) bool { return s == "" }), " | ")))
	r.addWay(Channel{Kind: kind, Term: ReadTerm(term), Fees: ReadFees(fees), Note: note})
}

var counts = regexp.MustCompile(`(?i)bản chính:\s*(\d{1,3})\s*[-–;,]?\s*bản sao:\s*(\d{1,3})`)

// counted adds a paper with its numbers: "Bản chính: 1 - Bản sao: 0".
func (r *Record) counted(p Paper, words string) {
	p.Name = strings.TrimSpace(strings.TrimLeft(p.Name, " -+*•·"))
	if p.Name == "" {
		return
	}
	r.keep(PartCases, strings.TrimSpace(r.Original[PartCases]+"\n"+strings.TrimSpace(p.Name+" | "+strings.TrimSpace(p.Form+" "+words))))
	if m := counts.FindStringSubmatch(words); m != nil {
		p.Originals, _ = strconv.Atoi(m[1]) // digits by the expression
		p.Copies, _ = strconv.Atoi(m[2])
	} else {
		p.Uncounted = true
		r.doubt(PartCases, PaperCount, strings.TrimSpace(p.Name+" "+words))
	}
	r.addCase("", []Paper{p})
}

func (r *Record) tableLaw(number, name, day, agency string) {
	if number == "" && name == "" {
		return
	}
	b := LegalBasis{Number: number, Name: name, Date: readDay(day), Agency: agency}
	if day != "" && b.Date == "" {
		r.doubt(PartLegalBases, DateUnread, day)
	}
	if !wholeNumber.MatchString(number) {
		// "12", "Thông tư số 67/2024/TT-BQP": the whole number is the one its name begins with.
		if m := lawNumber.FindString(number); m != "" {
			b.Number = m
		} else if m := lawNumber.FindString(name); m != "" && strings.HasPrefix(m, number+"/") {
			b.Number = m
		} else {
			r.doubt(PartLegalBases, LegalNumber, strings.TrimSpace(number+" "+name))
		}
	}
	if b.Name == "" {
		b.Name = b.Number
	}
	b.fill()
	if !slices.Contains(r.LegalBases, b) {
		r.LegalBases = append(r.LegalBases, b)
	}
}

// --- words of all shapes ----------------------------------------------------

// decision takes the number out of "Quyết định số 6225/QĐ-BQP".
func decision(s string) string {
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(s, "Quyết định"), " số"))
	return strings.ReplaceAll(s, " /", "/")
}

func noneIsNothing(s string) string {
	switch fold.Key(s) {
	case "khong", "khong co", "khong quy dinh":
		return ""
	}
	return s
}

func urlOf(s string) string {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return shorten(s, 500)
	}
	return ""
}

func (r *Record) readKeywords(s string) {
	for _, w := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ';' }) {
		if w = fold.Clean(w); w != "" && !strings.EqualFold(w, nothing) {
			r.Keywords = append(r.Keywords, w)
		}
	}
}

var stepMark = regexp.MustCompile(`(?:^|[\s.;])(?:[a-zđ]\) |[-+*•] ?)?Bước (?:thứ )?\d{1,2}\s*[:.\-–)]`)

// readSteps takes the order of steps apart: by "Bước 1:", else by lines.
func (r *Record) readSteps(text string) {
	text = tidy(text)
	if text == "" {
		return
	}
	marks := stepMark.FindAllStringIndex(text, -1)
	if len(marks) < 2 {
		for line := range strings.Lines(text) {
			if s := strings.TrimSpace(strings.TrimLeft(fold.Clean(line), "-+*• ")); s != "" {
				r.Steps = append(r.Steps, s)
			}
		}
		return
	}
	cut := func(from, to int) {
		if s := strings.Trim(fold.CleanLines(text[from:to]), " \n;-"); s != "" {
			r.Steps = append(r.Steps, s)
		}
	}
	start := func(m []int) int { // the sign before the mark ends the step before
		if at := m[0]; at > 0 || strings.ContainsAny(text[:1], " .;\n") {
			return at + 1
		}
		return m[0]
	}
	cut(0, start(marks[0]))
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = start(marks[i+1])
		}
		cut(start(m), end)
	}
}

var levelWords = map[string]procedure.Level{
	"cap bo": procedure.Ministry, "bo": procedure.Ministry, "cap trung uong": procedure.Ministry, "cap tinh": procedure.Province, "tinh": procedure.Province,
	"cap huyen": procedure.District, "huyen": procedure.District, "cap xa": procedure.Commune, "xa": procedure.Commune, "co quan khac": procedure.OtherLevel,
}

func (r *Record) readLevels(s string) {
	for _, w := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ';' || c == '\n' }) {
		level, ok := levelWords[fold.Key(w)]
		switch {
		case !ok:
			r.doubt(PartLevels, LevelUnknown, w)
		case !slices.Contains(r.Levels, level):
			r.Levels = append(r.Levels, level)
		}
	}
}

// levelByAgency tells a level by the name of the agency that performs a procedure,
// where the name says it.
func levelByAgency(name string) procedure.Level {
	key := fold.Key(name)
	for _, x := range []struct {
		begin string
		level procedure.Level
	}{
		{"uy ban nhan dan cap xa", procedure.Commune}, {"uy ban nhan dan xa", procedure.Commune}, {"cong an xa", procedure.Commune}, {"cong an cap xa", procedure.Commune},
		{"uy ban nhan dan cap huyen", procedure.District}, {"cong an huyen", procedure.District}, {"phong ", procedure.District},
		{"uy ban nhan dan cap tinh", procedure.Province}, {"uy ban nhan dan tinh", procedure.Province}, {"so ", procedure.Province}, {"cong an tinh", procedure.Province},
		{"bo ", procedure.Ministry}, {"cuc ", procedure.Ministry}, {"tong cuc ", procedure.Ministry}, {"ngan hang nha nuoc viet nam", procedure.Ministry},
		{"uy ban chung khoan nha nuoc", procedure.Ministry}, {"van phong chinh phu", procedure.Ministry}, {"thanh tra chinh phu", procedure.Ministry},
	} {
		if strings.HasPrefix(key+" ", x.begin+" ") || strings.HasPrefix(key, x.begin) && strings.HasSuffix(x.begin, " ") {
			if strings.HasPrefix(x.begin, "so ") && strings.HasPrefix(key, "so giao dich") {
				return ""
			}
			return x.level
		}
	}
	return ""
}

var audienceWords = map[string]procedure.Audience{
	"cong dan viet nam": procedure.Citizen, "cong dan": procedure.Citizen, "ca nhan": procedure.Citizen, "dang vien": procedure.Citizen, "ho gia dinh": procedure.Citizen,
	"nguoi viet nam dinh cu o nuoc ngoai": procedure.Foreigner, "nguoi nuoc ngoai": procedure.Foreigner, "nguoi nuoc ngoai cu tru tai viet nam": procedure.Foreigner,
	"doanh nghiep": procedure.Enterprise, "doanh nghiep viet nam": procedure.Enterprise, "doanh nghiep co von dau tu nuoc ngoai": procedure.Enterprise, "hop tac xa": procedure.Enterprise,
	"ho kinh doanh": procedure.Household, "to chuc": procedure.Organisation, "to chuc nuoc ngoai": procedure.Organisation, "to chuc dang": procedure.Organisation,
	"to chuc khong bao gom doanh nghiep htx": procedure.Organisation, "co quan nha nuoc": procedure.Organisation, "can bo cong chuc vien chuc": procedure.Official,
}

// compound are names of the list that hold commas.
var compound = strings.NewReplacer("(không bao gồm doanh nghiệp, HTX)", "(không bao gồm doanh nghiệp HTX)", "Cán bộ, công chức, viên chức", "Cán bộ công chức viên chức")

func (r *Record) readAudience(s string) {
	r.Audience.Words = s
	for _, w := range strings.FieldsFunc(compound.Replace(s), func(c rune) bool { return c == ',' || c == ';' || c == '\n' }) {
		kind, ok := audienceWords[fold.Key(w)]
		switch {
		case fold.Key(w) == "":
		case !ok:
			r.doubt(PartAudience, AudienceUnknown, w)
		case !slices.Contains(r.Audience.Kinds, kind):
			r.Audience.Kinds = append(r.Audience.Kinds, kind)
		}
	}
}

// ministries are the names of those whose pages were crawled, by their short names.
var ministries = map[string]string{
	"bo-cong-an": "Bộ Công an", "bo-nong-nghiep-mt": "Bộ Nông nghiệp và Môi trường", "bo-tai-chinh": "Bộ Tài chính", "bo-tu-phap": "Bộ Tư pháp", "bo-xay-dung": "Bộ Xây dựng",
	"ngan-hang-nha-nuoc": "Ngân hàng Nhà nước Việt Nam", "toa-an-nhan-dan": "Tòa án nhân dân",
}

// fieldNamed is a field of which the source tells the name only.
func fieldNamed(name string) Field { return Field{Name: name} }
