package source

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
)

// Fees is what there is to pay on one way, as it is written and as amounts.
type Fees struct {
	Text  string   `json:"text,omitempty"` // as it was written
	State FeeState `json:"state,omitempty"`
	Items []Fee    `json:"items,omitempty"`
	Why   Why      `json:"why,omitempty"` // of a doubtful one
}

// Fee is one amount.
type Fee struct {
	Kind   procedure.FeeKind `json:"kind,omitempty"` // "" when the source does not tell lệ phí from phí
	Amount int64             `json:"amount"`         // đồng
	Note   string            `json:"note,omitempty"` // for what, for whom, by which text
}

// FeeState says what is known of the fees.
type FeeState string

// The states.
const (
	FeeUnknown  FeeState = ""         // the source says nothing
	FeeFree     FeeState = "free"     // nothing to pay
	FeeAmounts  FeeState = "amounts"  // Items are the amounts
	FeeDoubtful FeeState = "doubtful" // there are words, and no amount that is sure
)

const (
	// smallestFee: no fee of the state is lower; the national portal loses the
	// thousands of amounts typed with points ("150 VNĐ(150.000 đồng/lần)").
	smallestFee = 1000
	largestFee  = 100_000_000_000
)

var (
	feeMark      = regexp.MustCompile(`(?i)(?:^|[\s.)])(lệ phí|phí)\s*:`)
	foreign      = regexp.MustCompile(`(?i)\b(usd|eur|đô la|euro)\b`)
	attached     = regexp.MustCompile(`(?im)^\s*file đính kèm:.*$`)
	grouped      = regexp.MustCompile(`^\d{1,3}(?:\.\d{3})+$|^\d{1,3}(?:,\d{3})+$|^\d+$`)
	moneyIn      = regexp.MustCompile(`(?i)(\d[\d.,]*\d|\d)\s*(triệu|nghìn|ngàn)?\s*(?:việt nam đồng|vnđ|vnd|đồng|đ)(?:[^\pL]|$)`)
	thousands    = regexp.MustCompile(`(?:^|[^\d.,/])(\d{1,3}(?:[.,]\d{3})+)(?:[^\d/]|$)`)
	nothingToPay = regexp.MustCompile(`^(?:[-+*.:()\s]|miễn phí|miễn lệ phí|miễn|không có|không thu phí|không thu lệ phí|không thu|không phải nộp phí|không mất phí|không quy định|chưa quy định|không|phí|lệ phí|,|và|0|đồng|vnđ|theo quy định hiện hành không thu)*$`)
)

// ReadFees reads fees as structured sources write them: "Phí : 2.000.000 Đồng (thẩm
// định)", several of them one after the other, "Miễn phí", "Không".
func ReadFees(words string) Fees {
	words = attached.ReplaceAllString(fold.NFC(words), "")
	clean := fold.Clean(strings.ReplaceAll(words, "Xem chi tiết", " "))
	low := strings.ToLower(clean)
	switch {
	case low == "" || low == noInformation:
		return Fees{}
	case feeMark.MatchString(low):
		return readMarked(clean)
	case nothingToPay.MatchString(low):
		return Fees{Text: clean, State: FeeFree}
	}
	return judge(clean, []figure{readFigure("", clean)})
}

// readMarked reads "Phí: … Lệ phí: …".
func readMarked(clean string) Fees {
	marks := feeMark.FindAllStringSubmatchIndex(clean, -1)
	var all []figure
	for i, m := range marks {
		end := len(clean)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		kind := procedure.Levy
		if strings.EqualFold(clean[m[2]:m[3]], "lệ phí") {
			kind = procedure.Charge
		}
		all = append(all, readFigure(kind, clean[m[1]:end]))
	}
	if lead := strings.Trim(clean[:marks[0][0]], " .-"); lead != "" {
		return Fees{Text: clean, State: FeeDoubtful, Why: FeeWords}
	}
	return judge(clean, all)
}

// figure is one amount before it is believed.
type figure struct {
	kind   procedure.FeeKind
	amount int64
	note   string
	state  FeeState // FeeUnknown: nothing was said
	why    Why
}

func readFigure(kind procedure.FeeKind, words string) figure {
	words = strings.TrimSpace(words)
	low := strings.ToLower(words)
	if foreign.MatchString(low) {
		return figure{kind: kind, state: FeeDoubtful, why: FeeCurrency}
	}
	if nothingToPay.MatchString(low) && low != "" && !strings.EqualFold(low, "đồng") {
		return figure{kind: kind, state: FeeFree}
	}
	digits, rest := cutDigits(words)
	unit, rest := cutCurrency(strings.TrimSpace(rest))
	note := unwrap(rest)
	switch {
	case digits == "" && note == "":
		return figure{kind: kind}
	case digits == "" || unit == "" && note != "":
		return figure{kind: kind, note: note, state: FeeDoubtful, why: FeeWords}
	}
	return weigh(kind, digits, note)
}

// cutDigits takes an amount off the front of a text.
func cutDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || i > 0 && (s[i] == '.' || s[i] == ',')) {
		i++
	}
	return s[:i], s[i:]
}

// currencies are the ways đồng is written, the longer before what it begins with.
var currencies = []string{"Việt Nam Đồng", "Việt Nam đồng", "VNĐ", "VND", "vnđ", "vnd", "Đồng", "đồng", "đ"}

// cutCurrency takes đồng off the front of a text; unit is empty when it is not there.
func cutCurrency(s string) (unit, rest string) {
	for _, c := range currencies {
		if rest, ok := strings.CutPrefix(s, c); ok {
			return c, rest
		}
	}
	return "", s
}

// weigh decides whether an amount with its note can be believed.
func weigh(kind procedure.FeeKind, digits, note string) figure {
	amount, ok := amountOf(digits)
	switch {
	case !ok:
		return figure{kind: kind, note: note, state: FeeDoubtful, why: FeeWords}
	case amount == 0 && nothingToPay.MatchString(strings.ToLower(note)):
		return figure{kind: kind, state: FeeFree}
	case amount == 0:
		return figure{kind: kind, note: note, state: FeeDoubtful, why: FeeFreeButNote}
	case amount < smallestFee:
		return figure{kind: kind, note: note, state: FeeDoubtful, why: FeeSmall}
	case namesOther(note, amount):
		return figure{kind: kind, note: note, state: FeeDoubtful, why: FeeOtherAmount}
	}
	return figure{kind: kind, amount: amount, note: note, state: FeeAmounts}
}

// amountOf reads digits with points or commas between thousands.
func amountOf(digits string) (int64, bool) {
	digits = strings.TrimRight(digits, ".,")
	if !grouped.MatchString(digits) {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.NewReplacer(".", "", ",", "").Replace(digits), 10, 64)
	return n, err == nil && n <= largestFee
}

// namesOther reports whether a note speaks of money of another amount.
func namesOther(note string, amount int64) bool {
	for _, m := range moneyIn.FindAllStringSubmatch(note, -1) {
		n, ok := amountOf(m[1])
		switch strings.ToLower(m[2]) {
		case "triệu":
			n *= 1_000_000
		case "nghìn", "ngàn":
			n *= 1000
		}
		if !ok || n != amount {
			return true
		}
	}
	for _, m := range thousands.FindAllStringSubmatch(note, -1) { // "Phí: 1,700,000 sát hạch thực hành": no word for đồng
		if n, ok := amountOf(m[1]); !ok || n != amount {
			return true
		}
	}
	return false
}

// judge makes fees of the figures of one cell.
func judge(text string, all []figure) Fees {
	f := Fees{Text: text}
	all = slices.DeleteFunc(all, func(x figure) bool { return x.state == FeeUnknown })
	if len(all) == 0 {
		return Fees{}
	}
	free := 0
	for _, x := range all {
		switch x.state {
		case FeeDoubtful:
			return Fees{Text: text, State: FeeDoubtful, Why: x.why}
		case FeeFree:
			free++
		default:
			f.Items = append(f.Items, Fee{x.kind, x.amount, x.note})
		}
	}
	switch {
	case free == len(all):
		f.State = FeeFree
	case free > 0 || len(f.Items) > 1 && slices.ContainsFunc(f.Items, func(i Fee) bool { return i.Note == "" }):
		// Amounts without a word on who pays which are no use to anybody.
		return Fees{Text: text, State: FeeDoubtful, Why: FeeSeveral}
	default:
		f.State = FeeAmounts
	}
	return f
}

// unwrap takes the brackets off a note.
func unwrap(s string) string {
	s = strings.TrimSpace(s)
	for strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") && closing(s) == len(s)-1 {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return strings.TrimSpace(s)
}

// closing finds the bracket that closes the one a text begins with; -1 when there is none.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
