package procedure

import (
	"slices"

	"motcua/internal/core/clock"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
)

// Definition is a procedure as its author writes it, in YAML. [Decode] reads it,
// [Check] judges it alone, [Publishable] asks for the mandatory parts.
type Definition struct {
	Code        string       `yaml:"code" json:"code"`                         // mã TTHC: "1.001193", locally announced "1.010708.000.00.00.H56"
	Name        i18n.Text    `yaml:"name" json:"name"`                         // tên thủ tục
	Field       Field        `yaml:"field" json:"field"`                       // lĩnh vực
	Level       Level        `yaml:"level" json:"level"`                       // cấp thực hiện
	Competent   i18n.Text    `yaml:"competent" json:"competent"`               // cơ quan thực hiện, in words
	ValidFrom   string       `yaml:"valid_from" json:"valid_from"`             // 2006-01-02
	ValidTo     string       `yaml:"valid_to" json:"valid_to,omitempty"`       // last day in force; "" = open
	Audience    []Audience   `yaml:"audience" json:"audience"`                 // đối tượng thực hiện
	AnnouncedBy Announcement `yaml:"announced_by" json:"announced_by"`         // quyết định công bố
	Keywords    Keywords     `yaml:"keywords" json:"keywords,omitzero"`        // từ khóa: the words people use
	LifeEvents  []LifeEvent  `yaml:"life_events" json:"life_events,omitempty"` // sự kiện đời sống
	Summary     i18n.Text    `yaml:"summary" json:"summary"`                   // what it is, in two sentences
	Term        Term         `yaml:"term" json:"-"`                            // default term of the channels
	TermText    i18n.Text    `yaml:"term_text" json:"-"`                       // default words of the term
	Fees        []Fee        `yaml:"fees" json:"-"`                            // fees of every channel, or of those a fee names
	Channels    []Channel    `yaml:"channels" json:"channels"`                 // cách thức thực hiện
	Cases       []Case       `yaml:"cases" json:"cases"`                       // trường hợp
	Results     []Result     `yaml:"results" json:"results"`                   // kết quả thực hiện
	LegalBases  []LegalBasis `yaml:"legal_bases" json:"legal_bases"`           // căn cứ pháp lý
	Conditions  i18n.Text    `yaml:"conditions" json:"conditions,omitzero"`    // yêu cầu, điều kiện
	Offers      OfferRule    `yaml:"offers" json:"offers"`                     // which agencies offer it
	Related     []string     `yaml:"related" json:"related,omitempty"`         // thủ tục liên quan: codes
	Levels      []Level      `yaml:"-" json:"levels,omitempty"`                // every level that performs it, when there are several
	Source      *Source      `yaml:"-" json:"source,omitempty"`                // of an entry of the national catalogue; nil for what a pack wrote
	Pos         decl.Pos     `yaml:"-" json:"-"`
}

// Level is the tier of government that performs a procedure (cấp thực hiện).
// Since 1 July 2025 there are two below the centre.
type Level string

// The levels.
const (
	Province Level = "province" // cấp tỉnh
	Commune  Level = "commune"  // cấp xã
	Ministry Level = "ministry" // cấp bộ, cơ quan trung ương
)

// Levels of the national catalogue that a pack cannot name.
const (
	District   Level = "district" // cấp huyện, until 30 June 2025
	OtherLevel Level = "other"    // cơ quan khác
)

// Levels lists the levels in the order people read them, nearest first.
func Levels() []Level { return []Level{Commune, Province, Ministry, District, OtherLevel} }

// Audience is who may ask (đối tượng thực hiện).
type Audience string

// The audiences of the national database that occur here.
const (
	Citizen      Audience = "citizen"      // công dân Việt Nam
	Foreigner    Audience = "foreigner"    // người nước ngoài, người Việt Nam định cư ở nước ngoài
	Enterprise   Audience = "enterprise"   // doanh nghiệp, hợp tác xã
	Household    Audience = "household"    // hộ kinh doanh
	Organisation Audience = "organisation" // tổ chức khác
	Official     Audience = "official"     // cán bộ, công chức, viên chức
)

// Field is the field of administration (lĩnh vực) a procedure belongs to.
type Field struct {
	Code string   `yaml:"code" json:"code"` // "G15-TP01"
	VI   string   `yaml:"vi" json:"vi"`
	EN   string   `yaml:"en" json:"en"`
	Pos  decl.Pos `yaml:"-" json:"-"`
}

// Name returns the field's name.
func (f Field) Name() i18n.Text { return i18n.Text{VI: f.VI, EN: f.EN} }

// Announcement says who announced the procedure and by which decision.
type Announcement struct {
	Agency   string `yaml:"agency" json:"agency"`     // "Bộ Tư pháp"
	Decision string `yaml:"decision" json:"decision"` // "163/QĐ-BTP"
	Date     string `yaml:"date" json:"date,omitempty"`
}

// Keywords are the everyday words that lead to a procedure, by language.
type Keywords struct {
	VI []string `yaml:"vi" json:"vi,omitempty"`
	EN []string `yaml:"en" json:"en,omitempty"`
}

// ChannelKind is how a dossier may be handed in.
type ChannelKind string

// The channels, with the national code.
const (
	Direct ChannelKind = "direct" // 1 trực tiếp
	Online ChannelKind = "online" // 2 trực tuyến
	Postal ChannelKind = "postal" // 3 dịch vụ bưu chính công ích
)

// Channel is one way of handing in, with its own term and fees.
type Channel struct {
	Kind     ChannelKind `yaml:"kind" json:"kind"`
	Term     Term        `yaml:"term" json:"term,omitzero"`  // the rule the clock uses; zero = the law names no term
	TermText i18n.Text   `yaml:"term_text" json:"term_text"` // the term in the words people read
	Fees     []Fee       `yaml:"fees" json:"fees,omitempty"` // empty = free of charge, unless FeeText says otherwise
	FeeText  i18n.Text   `yaml:"-" json:"fee_text,omitzero"` // the fees in the words of the announcement, where no figure can be told
	Note     i18n.Text   `yaml:"note" json:"note,omitzero"`  // mô tả
	Pos      decl.Pos    `yaml:"-" json:"-"`
}

// Term is how long the agency may take (thời hạn giải quyết), counted from the
// day after receipt of a complete dossier.
type Term struct {
	Amount        int      `yaml:"amount" json:"amount"`
	Unit          TermUnit `yaml:"unit" json:"unit"`
	SameDayBefore string   `yaml:"same_day_before" json:"same_day_before,omitempty"` // "15:00": received before, done the same day; later, the next working day
	Pos           decl.Pos `yaml:"-" json:"-"`
}

// TermUnit is the unit of a term.
type TermUnit string

// The units.
const (
	WorkingHour TermUnit = "working_hour" // giờ làm việc
	WorkingDay  TermUnit = "working_day"  // ngày làm việc
	Day         TermUnit = "day"          // ngày
	Month       TermUnit = "month"        // tháng
)

// FeeKind tells the two kinds of Law 97/2015/QH13 apart.
type FeeKind string

// The kinds of fee.
const (
	Charge FeeKind = "charge" // lệ phí: fixed, for a state service
	Levy   FeeKind = "fee"    // phí: covers the cost of the service
)

// Fee is one amount that may fall due (phí, lệ phí).
type Fee struct {
	Code     string        `yaml:"code" json:"code"`
	Name     i18n.Text     `yaml:"name" json:"name"`
	Kind     FeeKind       `yaml:"kind" json:"kind"`
	Amount   int64         `yaml:"amount" json:"amount"`          // đồng
	Unit     i18n.Text     `yaml:"unit" json:"unit,omitzero"`     // "đồng/trường hợp"
	Exempt   i18n.Text     `yaml:"exempt" json:"exempt,omitzero"` // who pays nothing, in words
	When     string        `yaml:"when" json:"when,omitempty"`    // CEL bool over the answers; absent = always due
	From     string        `yaml:"from" json:"from,omitempty"`    // form field (money or number) that holds the amount due, instead of Amount
	Cases    []string      `yaml:"cases" json:"cases,omitempty"`  // only in these cases; absent = all
	Channels []ChannelKind `yaml:"channels" json:"-"`             // written above the channels: only for these; absent = all
	Basis    string        `yaml:"basis" json:"basis,omitempty"`  // legal text: "TT 226/2016/TT-BTC"
	Pos      decl.Pos      `yaml:"-" json:"-"`
}

// Case is one situation with its own form, way and papers (trường hợp).
type Case struct {
	ID         string      `yaml:"id" json:"id"`
	Name       i18n.Text   `yaml:"name" json:"name"`
	When       i18n.Text   `yaml:"when" json:"when,omitzero"` // who should choose it, in words
	Form       string      `yaml:"form" json:"form"`          // id of a form of the same pack
	Flow       string      `yaml:"flow" json:"flow"`          // id of a flow of the same pack
	Register   string      `yaml:"register" json:"register,omitempty"`
	Template   string      `yaml:"template" json:"template,omitempty"`
	Steps      []i18n.Text `yaml:"steps" json:"steps"`           // trình tự thực hiện
	Sets       int         `yaml:"sets" json:"sets,omitempty"`   // số lượng hồ sơ (bộ); 0 = 1
	Components []Component `yaml:"components" json:"components"` // thành phần hồ sơ
	Pos        decl.Pos    `yaml:"-" json:"-"`
}

// Component is one paper of a dossier (thành phần hồ sơ, giấy tờ).
type Component struct {
	Code        string    `yaml:"code" json:"code"`
	Name        i18n.Text `yaml:"name" json:"name"`
	Originals   int       `yaml:"originals" json:"originals,omitempty"`       // bản chính
	Copies      int       `yaml:"copies" json:"copies,omitempty"`             // bản sao
	Required    string    `yaml:"required" json:"required,omitempty"`         // "true", "" (optional) or CEL bool over the answers
	PresentOnly bool      `yaml:"present_only" json:"present_only,omitempty"` // shown at the counter, not handed in (giấy tờ xuất trình)
	Reuse       []string  `yaml:"reuse" json:"reuse,omitempty"`               // result codes that replace it (mã kết quả thay thế): once only
	Accept      []string  `yaml:"accept" json:"accept,omitempty"`             // file types online; default pdf jpeg png
	Form        string    `yaml:"form" json:"form,omitempty"`                 // the form filled on line stands for this paper (mẫu đơn, tờ khai)
	FormFile    string    `yaml:"-" json:"form_file,omitempty"`               // name of the blank form's file (tên mẫu đơn), in the national catalogue
	FormURL     string    `yaml:"-" json:"form_url,omitempty"`
	Uncounted   bool      `yaml:"-" json:"uncounted,omitempty"` // the catalogue does not say how many
	Note        i18n.Text `yaml:"note" json:"note,omitzero"`
	Pos         decl.Pos  `yaml:"-" json:"-"`
}

// Result is what the agency gives back (kết quả thực hiện).
type Result struct {
	Code string    `yaml:"code" json:"code,omitempty"` // "KQ.G15.000031"
	Name i18n.Text `yaml:"name" json:"name"`
	Pos  decl.Pos  `yaml:"-" json:"-"`
}

// LegalBasis is one legal text the procedure rests on (căn cứ pháp lý).
type LegalBasis struct {
	Number string    `yaml:"number" json:"number"` // "60/2014/QH13"
	Name   i18n.Text `yaml:"name" json:"name"`
	Date   string    `yaml:"date" json:"date,omitempty"`     // of signing, 2006-01-02
	Agency string    `yaml:"agency" json:"agency,omitempty"` // who issued it
	URL    string    `yaml:"-" json:"url,omitempty"`
	Pos    decl.Pos  `yaml:"-" json:"-"`
}

// Source says what an entry of the national catalogue was read from. What could not
// be read into fields stands in Parts as it was published.
type Source struct {
	URL   string       `json:"url,omitempty"` // page of the national portal
	Parts []SourcePart `json:"parts,omitempty"`
}

// SourcePart is one part of a published procedure in its own words.
type SourcePart struct {
	Part   string `json:"part"` // "channels", "cases", "legal_bases" …
	Text   string `json:"text"`
	Doubts bool   `json:"doubts,omitempty"` // some of it did not become fields
}

// OfferRule says which agencies offer a procedure, how, and how far online.
type OfferRule struct {
	Level       Level         `yaml:"level" json:"level"`                         // agencies of this level …
	AgencyNames []string      `yaml:"agency_names" json:"agency_names,omitempty"` // … whose name begins so ("Sở Y tế"), any diacritics
	Codes       []string      `yaml:"codes" json:"codes,omitempty"`               // … or exactly these agency ids (mã định danh)
	Channels    []ChannelKind `yaml:"channels" json:"channels"`                   //
	Online      OnlineLevel   `yaml:"online" json:"online"`                       //
	Pos         decl.Pos      `yaml:"-" json:"-"`
}

// OnlineLevel is how much of a procedure can be done online (Decree 42/2022/NĐ-CP).
type OnlineLevel string

// The levels of online service.
const (
	Full     OnlineLevel = "full"    // toàn trình
	Partial  OnlineLevel = "partial" // một phần
	InfoOnly OnlineLevel = "info"    // chỉ cung cấp thông tin
)

// LifeEvent groups procedures by the moment in life that brings people here.
type LifeEvent string

// The life events people choose from.
const (
	EventBirth      LifeEvent = "birth"      // sinh con, nuôi con
	EventMarriage   LifeEvent = "marriage"   // kết hôn, gia đình
	EventDeath      LifeEvent = "death"      // người thân qua đời
	EventStudy      LifeEvent = "study"      // học tập
	EventWork       LifeEvent = "work"       // việc làm, hành nghề
	EventHealth     LifeEvent = "health"     // sức khỏe, y tế
	EventHouse      LifeEvent = "house"      // đất đai, nhà ở, xây dựng
	EventBusiness   LifeEvent = "business"   // khởi sự kinh doanh
	EventHardship   LifeEvent = "hardship"   // khó khăn, trợ giúp xã hội
	EventOldAge     LifeEvent = "old_age"    // tuổi già, hưu trí
	EventDisability LifeEvent = "disability" // người khuyết tật
	EventPapers     LifeEvent = "papers"     // giấy tờ, bản sao, chứng thực
	EventMoving     LifeEvent = "moving"     // cư trú, chuyển nhà
)

// LifeEvents lists the life events in the order people read them.
func LifeEvents() []LifeEvent {
	return []LifeEvent{
		EventBirth, EventMarriage, EventStudy, EventWork, EventBusiness, EventHouse, EventMoving,
		EventHealth, EventDisability, EventHardship, EventOldAge, EventDeath, EventPapers,
	}
}

// Decode reads a procedure from YAML; file is used to name the place of
// problems. The error is a [decl.Problems] with every problem of the text.
func Decode(file string, data []byte) (*Definition, error) {
	def := &Definition{}
	if err := decl.Decode(file, data, def); err != nil {
		return nil, err
	}
	def.settle()
	return def, nil
}

// settle writes what stands above the channels into each of them, so that the
// rest of the house looks in one place only.
func (d *Definition) settle() {
	for i := range d.Channels {
		ch := &d.Channels[i]
		if ch.Term.Amount == 0 && ch.Term.SameDayBefore == "" && ch.TermText.IsZero() {
			ch.Term, ch.TermText = d.Term, d.TermText
		}
		for _, f := range d.Fees {
			if len(f.Channels) == 0 || slices.Contains(f.Channels, ch.Kind) {
				f.Channels = nil
				ch.Fees = append(ch.Fees, f)
			}
		}
	}
	d.Term, d.TermText = Term{}, i18n.Text{}
}

// Case returns the case with the id, nil when there is none.
func (d *Definition) Case(id string) *Case {
	for i := range d.Cases {
		if d.Cases[i].ID == id {
			return &d.Cases[i]
		}
	}
	return nil
}

// Channel returns the channel of the kind, nil when there is none.
func (d *Definition) Channel(kind ChannelKind) *Channel {
	for i := range d.Channels {
		if d.Channels[i].Kind == kind {
			return &d.Channels[i]
		}
	}
	return nil
}

// ValidOn reports whether the definition's validity covers the day (2006-01-02).
func (d *Definition) ValidOn(day string) bool {
	return d.ValidFrom <= day && (d.ValidTo == "" || day <= d.ValidTo)
}

// Clock is the term as the legal clock computes with it. A same-day time that
// cannot be read counts as none; [Check] has refused it before.
func (t Term) Clock() clock.Term {
	cutOff, _ := civil.ParseTimeOfDay(t.SameDayBefore)
	return clock.Term{Amount: t.Amount, Unit: clock.Unit(t.Unit), SameDayBefore: cutOff}
}

// FileTypes are the types of file the paper may be handed in as online.
func (c Component) FileTypes() []string {
	if len(c.Accept) > 0 {
		return c.Accept
	}
	return []string{"pdf", "jpeg", "png"}
}
