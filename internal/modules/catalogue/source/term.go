package source

import (
	"regexp"
	"strconv"
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
)

// Term is how long the agency may take, as it is written and as a rule.
type Term struct {
	Text   string    `json:"text,omitempty"` // as it was written
	Amount int       `json:"amount,omitempty"`
	Unit   TermUnit  `json:"unit,omitempty"`
	Before string    `json:"before,omitempty"` // "15:00": received before, done the same day
	State  TermState `json:"state,omitempty"`
	Why    Why       `json:"why,omitempty"` // of a doubtful one
}

// TermUnit is the unit of a term.
type TermUnit string

// The units of the national database.
const (
	WorkingHour TermUnit = "working_hour"
	Hour        TermUnit = "hour" // it does not say whose hours
	WorkingDay  TermUnit = "working_day"
	Day         TermUnit = "day"
	Month       TermUnit = "month"
)

// TermState says what is known of a term.
type TermState string

// The states.
const (
	TermUnknown  TermState = ""         // the source says nothing
	TermRule     TermState = "rule"     // Amount and Unit are the rule
	TermNone     TermState = "none"     // the law names no term
	TermDoubtful TermState = "doubtful" // there are words, and no rule that is sure
)

// Rule is the term as the legal clock takes it; ok is false when there is none that is sure.
func (t Term) Rule() (procedure.Term, bool) {
	if t.State != TermRule {
		return procedure.Term{}, false
	}
	return procedure.Term{Amount: t.Amount, Unit: procedure.TermUnit(t.Unit), SameDayBefore: t.Before}, true
}

// maxTerm is the longest term that is believed, in days; the longest in the
// national database are a few years.
const maxTerm = 3660

const (
	noInformation = "không có thông tin"
	unitWords     = `ngày làm việc|ngày|giờ làm việc|giờ|tháng|tuần|năm`
)

var (
	bareNumber   = regexp.MustCompile(`^\d+$`)
	plainTerm    = regexp.MustCompile(`^(\d{1,5})\s*(` + unitWords + `)$`)
	quantity     = regexp.MustCompile(`(\d{1,5})(?:\s*\([^()]{1,20}\))?\s*(` + unitWords + `)`)
	leadWords    = regexp.MustCompile(`^(?:[-+*•.:\s]|không quá|tối đa|chậm nhất(?: là)?|trong thời hạn|trong vòng|trong thời gian|trong|thời hạn(?: giải quyết)?|thời gian(?: giải quyết)?|là|hồ sơ|mười|hai|ba|bốn|năm|sáu|bảy|tám|chín|mươi|lăm|một|\()*$`)
	fromReceipt  = regexp.MustCompile(`^[),.;\s]*(?:(?:kể |tính )?từ (?:ngày|khi|thời điểm|lúc)?\s*(?:cơ quan [^0-9;:]{0,80}|người có thẩm quyền |tòa án |đơn vị [^0-9;:]{0,60})?(?:được )?(?:nhận|tiếp nhận)[^0-9;:]{0,160})?[.\s]*$`)
	noTermWords  = regexp.MustCompile(`^(?:không|chưa)(?: có| được)?(?: quy định)?(?: (?:thời hạn|thời gian|cụ thể))*(?: giải quyết)?[.\s]*$|^không phải trả kết quả`)
	sameDayWords = regexp.MustCompile(`^(?:ngay )?trong ngày(?: làm việc)?(?: tiếp nhận| nhận)?[^;]*;? ?(?:trường hợp|nếu) [^;]*sau (\d{1,2}) ?(?:giờ|h|:)(?: ?00)?[^;]* ngày làm việc tiếp theo`)
)

// ReadTerm reads a term as it is written: "07 Ngày làm việc", "Không quy định",
// "Trong thời hạn 15 ngày kể từ ngày nhận đủ hồ sơ".
func ReadTerm(words string) Term {
	t := Term{Text: fold.Clean(words)}
	low := strings.ToLower(t.Text)
	switch {
	case low == "" || low == noInformation:
		return Term{}
	case noTermWords.MatchString(low):
		t.State = TermNone
		return t
	case bareNumber.MatchString(low):
		return t.doubt(TermNoUnit)
	}
	if m := plainTerm.FindStringSubmatch(low); m != nil {
		return t.rule(m[1], m[2])
	}
	if m := sameDayWords.FindStringSubmatch(low); m != nil {
		if hour, err := strconv.Atoi(m[1]); err == nil && hour > 6 && hour < 18 && len(quantity.FindAllString(low, -1)) <= 1 {
			t.State, t.Amount, t.Unit, t.Before = TermRule, 1, WorkingDay, strconv.Itoa(hour)+":00"
			if hour < 10 {
				t.Before = "0" + t.Before
			}
			return t
		}
		return t.doubt(TermWords)
	}
	return t.sentence(low)
}

// sentence reads a term out of a sentence that says one thing only: so much time
// from the receipt of the dossier.
func (t Term) sentence(low string) Term {
	all := quantity.FindAllStringSubmatchIndex(low, -1)
	if len(all) != 1 {
		return t.doubt(TermWords)
	}
	m := all[0]
	before, after := low[:m[0]], low[m[1]:]
	if !leadWords.MatchString(before) || !fromReceipt.MatchString(after) {
		return t.doubt(TermWords)
	}
	return t.rule(low[m[2]:m[3]], low[m[4]:m[5]])
}

func (t Term) rule(amount, unit string) Term {
	n, err := strconv.Atoi(amount)
	if err != nil || n < 1 || n > maxTerm {
		return t.doubt(TermWords)
	}
	t.Amount = n
	switch unit {
	case "ngày làm việc":
		t.Unit = WorkingDay
	case "ngày":
		t.Unit = Day
	case "giờ làm việc":
		t.Unit = WorkingHour
	case "giờ":
		t.Unit = Hour
		return t.doubt(TermHours)
	case "tháng":
		t.Unit = Month
	case "năm":
		t.Unit, t.Amount = Month, 12*n
	case "tuần":
		t.Unit, t.Amount = Day, 7*n
	}
	if t.Unit == Month && t.Amount > 120 {
		t.Amount, t.Unit = 0, ""
		return t.doubt(TermWords)
	}
	t.State = TermRule
	return t
}

func (t Term) doubt(why Why) Term {
	t.State, t.Why = TermDoubtful, why
	return t
}
