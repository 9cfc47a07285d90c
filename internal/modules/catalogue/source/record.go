package source

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"motcua/internal/core/procedure"
)

// Record is one procedure as a source tells it. Texts are Vietnamese; dates are
// 2006-01-02; what the source does not tell is empty.
type Record struct {
	Code         string            `json:"code"` // mã thủ tục
	Name         string            `json:"name"` // tên thủ tục
	Kind         string            `json:"kind,omitempty"`
	Announcement Announcement      `json:"announcement,omitzero"`
	Levels       []procedure.Level `json:"levels,omitempty"` // cấp thực hiện
	Field        Field             `json:"field,omitzero"`   // lĩnh vực
	Audience     Audience          `json:"audience,omitzero"`
	Agencies     Agencies          `json:"agencies,omitzero"`
	Channels     []Channel         `json:"channels,omitempty"` // cách thức thực hiện, one for each row of the announcement
	Steps        []string          `json:"steps,omitempty"`    // trình tự thực hiện
	Cases        []Case            `json:"cases,omitempty"`    // thành phần hồ sơ by trường hợp
	Results      []Result          `json:"results,omitempty"`  // kết quả thực hiện
	LegalBases   []LegalBasis      `json:"legal_bases,omitempty"`
	Conditions   string            `json:"conditions,omitempty"` // yêu cầu, điều kiện
	Keywords     []string          `json:"keywords,omitempty"`
	Summary      string            `json:"summary,omitempty"` // mô tả
	Related      []string          `json:"related,omitempty"` // codes
	URL          string            `json:"url,omitempty"`
	Original     map[Part]string   `json:"original,omitempty"` // the words of parts that were taken apart
	Doubts       []Doubt           `json:"doubts,omitempty"`
}

// Part names one part of a procedure.
type Part string

// The parts, in the order in which people read them.
const (
	PartName         Part = "name"
	PartAnnouncement Part = "announcement"
	PartLevels       Part = "levels"
	PartField        Part = "field"
	PartAudience     Part = "audience"
	PartAgencies     Part = "agencies"
	PartChannels     Part = "channels"
	PartSteps        Part = "steps"
	PartCases        Part = "cases"
	PartResults      Part = "results"
	PartLegalBases   Part = "legal_bases"
	PartConditions   Part = "conditions"
	PartSummary      Part = "summary"
	PartKeywords     Part = "keywords"
	PartRelated      Part = "related"
)

// Parts lists all parts in order.
func Parts() []Part {
	return []Part{
		PartName, PartAnnouncement, PartLevels, PartField, PartAudience, PartAgencies, PartChannels, PartSteps, PartCases, PartResults,
		PartLegalBases, PartConditions, PartSummary, PartKeywords, PartRelated,
	}
}

// Announcement is the decision that makes a procedure public (quyết định công bố).
type Announcement struct {
	Agency    string `json:"agency,omitempty"`
	Decision  string `json:"decision,omitempty"`
	Date      string `json:"date,omitempty"`      // of the decision
	Effective string `json:"effective,omitempty"` // the procedure is in force from this day
	Published string `json:"published,omitempty"` // on the national database
}

// Field is the field of administration; Code is empty when the source has none.
type Field struct {
	Code string `json:"code,omitempty"`
	Name string `json:"name,omitempty"`
}

// Audience is who may ask, in the source's words and in those of the house.
type Audience struct {
	Kinds []procedure.Audience `json:"kinds,omitempty"`
	Words string               `json:"words,omitempty"`
}

// Agencies are those that have to do with a procedure. The names hold commas, so
// they are never taken apart at them.
type Agencies struct {
	Performing  string `json:"performing,omitempty"`  // cơ quan thực hiện
	Competent   string `json:"competent,omitempty"`   // cơ quan có thẩm quyền
	Delegated   string `json:"delegated,omitempty"`   // cơ quan được ủy quyền
	Cooperating string `json:"cooperating,omitempty"` // cơ quan phối hợp
	Address     string `json:"address,omitempty"`     // địa chỉ tiếp nhận hồ sơ
}

// Channel is one row of the table of ways: a way of handing in with its own term and fees.
type Channel struct {
	Kind procedure.ChannelKind `json:"kind"`
	Term Term                  `json:"term,omitzero"`
	Fees Fees                  `json:"fees,omitzero"`
	Note string                `json:"note,omitempty"` // mô tả
}

// Case is one situation with its own papers; the usual one has no name.
type Case struct {
	Name   string   `json:"name,omitempty"`
	Steps  []string `json:"steps,omitempty"` // only where they differ by case
	Papers []Paper  `json:"papers,omitempty"`
}

// Paper is one component of a dossier.
type Paper struct {
	Code       string   `json:"code,omitempty"` // MAGIAYTO
	Name       string   `json:"name"`
	Form       string   `json:"form,omitempty"` // name of the blank form's file
	FormURL    string   `json:"form_url,omitempty"`
	Originals  int      `json:"originals,omitempty"`
	Copies     int      `json:"copies,omitempty"`
	Uncounted  bool     `json:"uncounted,omitempty"`   // the source does not say how many
	Present    bool     `json:"present,omitempty"`     // shown, not handed in
	ReplacedBy []string `json:"replaced_by,omitempty"` // result codes (MaKetQuaThayThe)
}

// Result is what the agency gives back.
type Result struct {
	Code string `json:"code,omitempty"`
	Name string `json:"name"`
}

// LegalBasis is one legal text.
type LegalBasis struct {
	Number string `json:"number,omitempty"`
	Name   string `json:"name"`
	Date   string `json:"date,omitempty"`
	Agency string `json:"agency,omitempty"`
	URL    string `json:"url,omitempty"`
}

// Doubt says that something of a part did not become a field, and why.
type Doubt struct {
	Part Part   `json:"part"`
	Why  Why    `json:"why"`
	Text string `json:"text,omitempty"` // the words in doubt
}

// Why is the reason of a doubt; people read the words behind it.
type Why string

// The reasons.
const (
	TermNoUnit      Why = "term-no-unit"      // a number without days or hours
	TermHours       Why = "term-hours"        // hours: of work or by the clock
	TermWords       Why = "term-words"        // a sentence that no rule can be made of
	TermSeveral     Why = "term-several"      // several terms for one way, by case
	FeeSmall        Why = "fee-small"         // under 1,000 đồng: thousands were lost
	FeeFreeButNote  Why = "fee-free-but-note" // "free", and words that speak of a fee
	FeeOtherAmount  Why = "fee-other-amount"  // the note names another amount
	FeeCurrency     Why = "fee-currency"      // not in đồng
	FeeWords        Why = "fee-words"         // words instead of an amount
	FeeSeveral      Why = "fee-several"       // several amounts and no word on which
	RunOn           Why = "run-on"            // figures of two columns ran together
	PaperCount      Why = "paper-count"       // the number of papers ran into their name
	PaperForm       Why = "paper-form"        // the name of the form's file ran into the paper's
	PaperRest       Why = "paper-rest"        // words in the table that belong to no row
	LegalNumber     Why = "legal-number"      // number and name of a legal text ran together
	LegalRest       Why = "legal-rest"        // words that belong to no legal text
	WayUnknown      Why = "way-unknown"       // a way of handing in that nobody knows
	WayRest         Why = "way-rest"          // words in the table of ways that belong to no row
	LevelUnknown    Why = "level-unknown"     //
	LevelInferred   Why = "level-inferred"    // told by the name of the agency only
	AudienceUnknown Why = "audience-unknown"  //
	CodeInferred    Why = "code-inferred"     // the source guessed the code by the name
	DateUnread      Why = "date-unread"       //
	TooLong         Why = "too-long"          // cut, because nobody writes that much
)

// Doubtful reports whether something of the part did not become a field.
func (r *Record) Doubtful(p Part) bool {
	return slices.ContainsFunc(r.Doubts, func(d Doubt) bool { return d.Part == p })
}

func (r *Record) doubt(p Part, why Why, text string) {
	d := Doubt{p, why, shorten(text, 300)}
	if !slices.Contains(r.Doubts, d) {
		r.Doubts = append(r.Doubts, d)
	}
}

// keep remembers the words of a part that is taken apart.
func (r *Record) keep(p Part, text string) {
	if text == "" {
		return
	}
	if r.Original == nil {
		r.Original = map[Part]string{}
	}
	r.Original[p] = text
}

// Full reports whether the record tells more than the list does: how, with which
// papers, on which basis.
func (r *Record) Full() bool { return len(r.Channels)+len(r.Steps)+len(r.Cases) > 0 }

// Value is one part alone, for comparing and for editing; nil when the record does not tell it.
func (r *Record) Value(p Part) any {
	switch p {
	case PartName:
		return text(r.Name)
	case PartAnnouncement:
		if r.Announcement == (Announcement{}) {
			return nil
		}
		return r.Announcement
	case PartLevels:
		return several(r.Levels)
	case PartField:
		if r.Field == (Field{}) {
			return nil
		}
		return r.Field
	case PartAudience:
		if len(r.Audience.Kinds) == 0 && r.Audience.Words == "" {
			return nil
		}
		return r.Audience
	case PartAgencies:
		if r.Agencies == (Agencies{}) {
			return nil
		}
		return r.Agencies
	case PartChannels:
		return several(r.Channels)
	case PartSteps:
		return several(r.Steps)
	case PartCases:
		return several(r.Cases)
	case PartResults:
		return several(r.Results)
	case PartLegalBases:
		return several(r.LegalBases)
	case PartConditions:
		return text(r.Conditions)
	case PartSummary:
		return text(r.Summary)
	case PartKeywords:
		return several(r.Keywords)
	case PartRelated:
		return several(r.Related)
	}
	return nil
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func several[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// SetValue puts a part in place, given as JSON; null takes it away.
func (r *Record) SetValue(p Part, value json.RawMessage) error {
	var err error
	switch p {
	case PartName:
		err = set(value, &r.Name)
	case PartAnnouncement:
		err = set(value, &r.Announcement)
	case PartLevels:
		err = set(value, &r.Levels)
	case PartField:
		err = set(value, &r.Field)
	case PartAudience:
		err = set(value, &r.Audience)
	case PartAgencies:
		err = set(value, &r.Agencies)
	case PartChannels:
		err = set(value, &r.Channels)
	case PartSteps:
		err = set(value, &r.Steps)
	case PartCases:
		err = set(value, &r.Cases)
	case PartResults:
		err = set(value, &r.Results)
	case PartLegalBases:
		err = set(value, &r.LegalBases)
	case PartConditions:
		err = set(value, &r.Conditions)
	case PartSummary:
		err = set(value, &r.Summary)
	case PartKeywords:
		err = set(value, &r.Keywords)
	case PartRelated:
		err = set(value, &r.Related)
	default:
		return fmt.Errorf("no part is called %q", p)
	}
	if err != nil {
		return fmt.Errorf("part %s: %w", p, err)
	}
	return nil
}

func set[T any](value json.RawMessage, to *T) error {
	var fresh T
	if err := json.Unmarshal(value, &fresh); err != nil {
		return err
	}
	*to = fresh
	return nil
}

// ClearDoubts forgets the doubts of a part: a person has settled them.
func (r *Record) ClearDoubts(p Part) {
	r.Doubts = slices.DeleteFunc(r.Doubts, func(d Doubt) bool { return d.Part == p })
}

// Hash is the content hash: equal records have equal hashes.
func (r *Record) Hash() string { return hashOf(r) }

// PartHash is the hash of one part alone with its original words.
func (r *Record) PartHash(p Part) string {
	return hashOf(struct {
		Value any
		Words string
	}{r.Value(p), r.Original[p]})
}

func hashOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values always have a form in JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// shorten cuts a text to at most n characters.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n])) + "…"
	}
	return s
}
