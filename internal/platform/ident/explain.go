package ident

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
)

// Kind is a kind of identifier. What it is called stands in the locale files,
// ident.kind.<kind>.
type Kind string

// The kinds that [Explain] knows.
const (
	KindCitizen   Kind = "citizen-number"
	KindOldID     Kind = "old-id"
	KindTax       Kind = "tax-code"
	KindHousehold Kind = "household-code"
	KindBudget    Kind = "budget-unit"
	KindCard      Kind = "insurance-card"
	KindInsured   Kind = "insurance-number"
	KindAgency    Kind = "agency-id"
	KindProcedure Kind = "procedure-code"
	KindField     Kind = "field-code"
	KindResult    Kind = "result-code"
	KindDossier   Kind = "dossier-number"
	KindQR        Kind = "card-qr"
	KindPhone     Kind = "phone"
	KindUnknown   Kind = "unknown"
)

// Kinds lists the kinds in the order people read them.
func Kinds() []Kind {
	return []Kind{
		KindCitizen, KindOldID, KindQR, KindTax, KindHousehold, KindBudget, KindCard, KindInsured,
		KindDossier, KindProcedure, KindField, KindResult, KindAgency, KindPhone,
	}
}

// Part is a piece of an identifier and what it says.
type Part struct {
	Name string         // ident.part.<name>
	Text string         // the characters
	Says string         // ident.says.<says>; "" when the characters say it themselves
	Args map[string]any // for the words; a civil.Date is to be written as the reader's language does
}

// Reading is one way to understand a text as an identifier.
type Reading struct {
	Kind   Kind
	Value  string // in its stored spelling; "" when refused
	Parts  []Part
	Doubts []errs.Field // what does not fit together, though the shape is right
	Err    error        // why it is refused, an *errs.Error
}

// State of a reading.
type State string

// The states.
const (
	Valid    State = "valid"
	Doubtful State = "doubtful"
	Invalid  State = "invalid"
)

// State says how sound the identifier is.
func (r Reading) State() State {
	switch {
	case r.Err != nil:
		return Invalid
	case len(r.Doubts) > 0:
		return Doubtful
	}
	return Valid
}

// Reasons are why the identifier is refused or doubted.
func (r Reading) Reasons() []errs.Field {
	if r.Err != nil {
		return []errs.Field{Field("", r.Err)}
	}
	return r.Doubts
}

// Explain says what a text may be. The first reading is the likeliest; a text that is
// none of what its shape promises comes back refused with the reason. Nothing is
// looked up: whether a number was ever given out is not told. Unknown text gives one
// reading of [KindUnknown]. today tells a birth in the future; zero leaves that out.
func Explain(text string, today civil.Date) []Reading {
	if len(text) > maxQR || !utf8.ValidString(text) {
		return []Reading{{Kind: KindUnknown, Err: bad("ident.unknown")}}
	}
	text = fold.Clean(text)
	var sound, refused []Reading
	for _, kind := range likely(text) {
		r := ExplainAs(kind, text, today)
		if r.Err == nil {
			sound = append(sound, r)
		} else {
			refused = append(refused, r)
		}
	}
	switch {
	case len(sound) == 0 && len(refused) == 0:
		return []Reading{{Kind: KindUnknown, Err: bad("ident.unknown")}}
	case len(sound) == 0:
		return refused[:1]
	case len(refused) > 0 && refused[0].Kind == KindTax:
		// Ten digits that a check digit speaks against are first of all a mistyped tax
		// code; numbers without a check digit cannot be told from it.
		return append(refused[:1], sound...)
	}
	return sound
}

// likely lists the kinds a text has the shape of.
func likely(text string) []Kind {
	if strings.Contains(text, "|") {
		return []Kind{KindQR}
	}
	upper := strings.ToUpper(plainDashes(strings.Join(strings.Fields(text), "")))
	short := strings.ToUpper(compact(text))
	if allDigits(short) && (strings.Count(upper, ".") != 1 || strings.Index(upper, ".") != 1) {
		return likelyDigits(short)
	}
	letters, digits := count(upper)
	switch {
	case digits == 0 || letters > 6:
		return nil
	case strings.Contains(upper, "KQ"):
		return []Kind{KindResult}
	case strings.Count(upper, "-") == 2:
		return []Kind{KindDossier}
	case strings.HasPrefix(short, "+"):
		return []Kind{KindPhone}
	case len(upper) > 2 && upper[1] == '.' && upper[0] >= '0' && upper[0] <= '9':
		return []Kind{KindProcedure}
	case len(short) == 10 && letters == 1 && short[2] >= 'A' && short[2] <= 'Z':
		return []Kind{KindHousehold}
	case len(short) >= 13 && letters == 2 && capitals(short[:2]):
		return []Kind{KindCard}
	case strings.Contains(upper, "-"):
		return []Kind{KindField, KindDossier}
	}
	return []Kind{KindAgency}
}

func likelyDigits(s string) []Kind {
	switch len(s) {
	case 12:
		return []Kind{KindCitizen}
	case 9:
		return []Kind{KindOldID}
	case 10:
		return []Kind{KindTax, KindInsured, KindPhone}
	case 13:
		return []Kind{KindTax}
	case 7:
		return []Kind{KindBudget}
	case 11:
		return []Kind{KindCitizen, KindPhone}
	case 14:
		return []Kind{KindTax, KindCitizen}
	case 8:
		return []Kind{KindOldID}
	}
	return nil
}

func count(s string) (letters, digits int) {
	for i := range len(s) {
		switch {
		case s[i] >= 'A' && s[i] <= 'Z':
			letters++
		case s[i] >= '0' && s[i] <= '9':
			digits++
		case s[i] >= utf8.RuneSelf:
			letters++
		}
	}
	return letters, digits
}

// ExplainAs reads a text as one kind of identifier.
func ExplainAs(kind Kind, text string, today civil.Date) Reading {
	e := explainer{Reading: Reading{Kind: kind}, today: today}
	if len(text) > maxQR || !utf8.ValidString(text) {
		e.Kind, e.Err = KindUnknown, bad("ident.unknown")
		return e.Reading
	}
	switch kind {
	case KindCitizen:
		read(&e, ParseCitizenNumber, text, e.citizen)
	case KindOldID:
		read(&e, ParseOldIDNumber, text, e.oldID)
	case KindTax:
		read(&e, ParseTaxCode, text, e.tax)
	case KindHousehold:
		read(&e, ParseHouseholdCode, text, e.household)
	case KindBudget:
		read(&e, ParseBudgetUnit, text, e.budget)
	case KindCard:
		read(&e, ParseInsuranceCard, text, e.insurance)
	case KindInsured:
		read(&e, ParseInsuranceNumber, text, func(InsuranceNumber) { e.say("whole", text, "insured-number") })
	case KindAgency:
		read(&e, ParseAgencyID, text, e.agency)
	case KindProcedure:
		read(&e, ParseProcedureCode, text, e.procedure)
	case KindField:
		read(&e, ParseFieldCode, text, e.field)
	case KindResult:
		read(&e, ParseResultCode, text, e.result)
	case KindDossier:
		read(&e, ParseDossierNumber, text, e.dossier)
	case KindPhone:
		read(&e, ParsePhone, text, func(p Phone) { e.say("whole", string(p), "phone-"+string(p.Kind())) })
	case KindQR:
		e.card(text)
	default:
		e.Kind, e.Err = KindUnknown, bad("ident.unknown")
	}
	return e.Reading
}

// read parses and, when that went well, explains.
func read[T ~string](e *explainer, parse func(string) (T, error), text string, explain func(T)) {
	v, err := parse(text)
	if err != nil {
		e.Err = err
		return
	}
	e.Value = string(v)
	explain(v)
}

type explainer struct {
	Reading
	today civil.Date
}

func (e *explainer) say(name, text, says string, kv ...any) {
	p := Part{Name: name, Text: text, Says: says}
	for i := 0; i+1 < len(kv); i += 2 {
		if p.Args == nil {
			p.Args = map[string]any{}
		}
		p.Args[kv[i].(string)] = kv[i+1]
	}
	e.Parts = append(e.Parts, p)
}

func (e *explainer) doubt(code string, kv ...any) {
	e.Doubts = append(e.Doubts, errs.Bad("", code, kv...))
}

func (e *explainer) citizen(n CitizenNumber) {
	x := n.Explain()
	code := x.PlaceCode[1:]
	now, isNow := NewPlace(code)
	place, isOld := OldPlace(code)
	switch {
	case x.PlaceCode[0] != '0' || x.PlaceCode > "096":
		e.say("place", x.PlaceCode, "place-abroad")
	case !isOld:
		e.say("place", x.PlaceCode, "place-unknown")
		e.doubt("citizen-number.place-unknown", "place", x.PlaceCode)
	case x.BirthYear >= 2025 && isNow && now != place.Name:
		// Numbers given after the mergers may mean the province of today.
		e.say("place", x.PlaceCode, "place-either", "old", place.Name, "new", now)
	default:
		e.place(x.PlaceCode, place)
	}
	e.say("century", string(n[3]), "century-"+string(x.Sex), "from", year(x.BirthYear/100*100), "to", year(x.BirthYear/100*100+99))
	e.say("year", string(n[4:6]), "born", "year", year(x.BirthYear))
	e.say("random", string(n[6:]), "random")
	e.say("use", "", "citizen-tax")
	if !e.today.IsZero() && x.BirthYear > e.today.Year() {
		e.doubt("citizen-number.year-ahead", "year", year(x.BirthYear))
	}
}

// year writes a year as years are written: without the dot of thousands.
func year(n int) string { return strconv.Itoa(n) }

// place tells a province of the list of 63, and where it is today.
func (e *explainer) place(text string, p Place) {
	if p.Now == p.Name || p.Now == "" {
		e.say("place", text, "place", "place", p.Name)
		return
	}
	e.say("place", text, "place-merged", "place", p.Name, "now", p.Now)
}

func (e *explainer) oldID(n OldIDNumber) {
	if place, ok := cardSeries[string(n[:2])]; ok {
		e.say("issuer", string(n[:2]), "card-series", "place", place)
	} else {
		e.say("issuer", string(n[:2]), "card-series-unknown")
	}
	e.say("number", string(n[2:]), "running")
	e.say("use", "", "old-id")
}

func (e *explainer) tax(c TaxCode) {
	if c.Kind() == TaxPerson {
		e.say("whole", string(c), "tax-person")
		return
	}
	head := c.Head()
	e.say("number", string(head[:9]), "running")
	e.say("check", string(head[9:]), "check-right")
	if c.Kind() == TaxBranch {
		e.say("branch", string(c[11:]), "tax-branch", "head", string(head))
		return
	}
	e.say("use", "", "tax-enterprise")
}

func (e *explainer) household(c HouseholdCode) {
	e.say("issuer", string(c[:2]), "household-province")
	e.say("district", string(c[2:3]), "household-district")
	e.say("type", string(c[3:4]), "household-type")
	e.say("number", string(c[4:]), "running")
	e.say("use", "", "household-now")
}

func (e *explainer) budget(u BudgetUnit) {
	if g := u.Group(); g != "" {
		e.say("group", string(u[:1]), "budget-"+string(g))
	} else {
		e.say("group", string(u[:1]), "budget-unknown")
		e.doubt("budget-unit.group", "group", string(u[:1]))
	}
	e.say("number", string(u[1:]), "running")
}

func (e *explainer) insurance(c InsuranceCard) {
	e.say("object", c.Object(), "insured-"+c.Object())
	e.say("benefit", c.Level(), "benefit-"+c.Level())
	if place, ok := OldPlace(c.Place()); ok {
		e.place(c.Place(), place)
	} else {
		e.say("place", c.Place(), "place-unknown")
		e.doubt("insurance-card.place-unknown", "place", c.Place())
	}
	e.say("insured", string(c.Number()), "insured-number")
}

func (e *explainer) agency(a AgencyID) {
	e.levels(a)
	if a.Old() {
		e.say("spelling", string(a.Modern()), "agency-modern")
	} else if old, err := a.Reversed(); err == nil {
		e.say("spelling", string(old), "agency-reversed")
	}
}

// levels tells who an agency is, from the top down.
func (e *explainer) levels(a AgencyID) {
	levels := a.levels()
	switch name := topAgencies[levels[0]]; {
	case name != "" && levels[0][0] == 'H':
		e.say("top", levels[0], "agency-province", "name", name)
	case name != "":
		e.say("top", levels[0], "agency-named", "name", name)
	case levels[0][0] == 'H':
		e.say("top", levels[0], "agency-some-province")
	case levels[0][0] == 'G':
		e.say("top", levels[0], "agency-some-ministry")
	default:
		e.say("top", levels[0], "agency-other")
	}
	for i, code := range levels[1:] {
		e.say("level", code, "agency-level", "level", i+2)
	}
}

func (e *explainer) procedure(c ProcedureCode) {
	e.say("national", string(c.National()), "procedure-national")
	if a := c.Agency(); a != "" {
		says := "procedure-local"
		if a.Level() > 1 {
			says = "procedure-service"
		}
		e.say("suffix", string(c[len(c.National())+1:]), says, "agency", string(a))
		e.levels(a)
	}
}

func (e *explainer) field(c FieldCode) {
	e.levels(c.Ministry())
	e.say("field", string(c[4:]), "field")
}

func (e *explainer) result(c ResultCode) {
	e.levels(c.Agency())
	e.say("number", c.Number(), "result")
	if m := c.Modern(); m != c {
		e.say("spelling", string(m), "result-modern")
	}
}

func (e *explainer) dossier(n DossierNumber) {
	agency, day, seq, _ := cutNumber(string(n))
	e.say("agency", agency, "dossier-agency")
	e.levels(n.Agency())
	e.say("day", day, "dossier-day", "date", n.Date())
	e.say("number", seq, "dossier-sequence", "n", n.Sequence())
	if !e.today.IsZero() && n.Date().After(e.today) {
		e.doubt("dossier-number.ahead")
	}
}

// card explains the QR code of an identity card. A card is printed from one record, so
// what contradicts its own number is doubted here, where only the card is judged; at a
// counter, where a person stands, it is a warning to look twice.
func (e *explainer) card(text string) {
	c, err := ParseCardQR(text)
	if err != nil {
		e.Err = err
		return
	}
	e.Value = c.String()
	e.citizen(c.Number)
	e.Parts = e.Parts[:len(e.Parts)-1] // what the number is used for is not the card's business
	if c.OldID != "" {
		e.say("old-id", string(c.OldID), "")
	}
	e.say("name", c.Name, "")
	e.say("birth", "", "date", "date", c.Birth)
	e.say("sex", "", "sex-"+string(c.Sex))
	e.say("address", c.Address, "")
	if !c.Issued.IsZero() {
		e.say("issued", "", "date", "date", c.Issued)
	}
	e.say("use", "", "card-unsigned")
	e.Doubts = append(e.Doubts, c.Warnings...)
}
