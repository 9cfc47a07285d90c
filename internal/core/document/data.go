package document

import "time"

// Data is what the papers say. It is kept with a paper until its PDF stands and is
// dropped then: the PDF is the paper.
//
// Each form reads the parts it needs; what is empty prints as dots, the way the
// printed forms are filled by hand.
type Data struct {
	Agency    Agency `json:"agency"`
	Dossier   About  `json:"dossier,omitzero"`
	Owner     Party  `json:"owner,omitzero"`
	Submitter Party  `json:"submitter,omitzero"`
	Signer    Signer `json:"signer,omitzero"`
	Submitted bool   `json:"submitted,omitempty"` // filed online: the submitter does not sign by hand

	Papers    []PaperLine `json:"papers,omitempty"` // 01: components handed in; 05: papers given back
	Fees      []FeeLine   `json:"fees,omitempty"`
	Delivery  string      `json:"delivery,omitempty"` // 01: where the result is collected, in words
	Missing   []string    `json:"missing,omitempty"`  // 02
	Reason    string      `json:"reason,omitempty"`   // 02, 03, 04, 05
	Guidance  string      `json:"guidance,omitempty"` // 02
	Basis     string      `json:"basis,omitempty"`    // 05: legal ground
	FeeNote   string      `json:"fee_note,omitempty"` // 05: what happens to fees already paid
	AnswerBy  time.Time   `json:"answer_by,omitzero"` // 02
	Round     int         `json:"round,omitempty"`    // 02: which request it is
	OldDue    time.Time   `json:"old_due,omitzero"`   // 04
	NewDue    time.Time   `json:"new_due,omitzero"`   // 04
	HandOvers []HandOver  `json:"hand_overs,omitempty"`
	Book      []BookLine  `json:"book,omitempty"`
	Period    string      `json:"period,omitempty"` // 07: "Tháng 11 năm 2026"

	// For results, drawn from a template.
	Answers map[string]any    `json:"answers,omitempty"`
	Entry   map[string]any    `json:"entry,omitempty"`  // number, date, valid_from, valid_to and the fields of the register
	Result  map[string]any    `json:"result,omitempty"` // typed by the officer
	Labels  map[string]string `json:"labels,omitempty"` // "<field>=<value>" → words of the option
}

// Agency is the issuing body as its head of paper shows it.
type Agency struct {
	Parent    string `json:"parent,omitempty"`  // cơ quan chủ quản; "" for a committee of its own
	Name      string `json:"name"`              // as on its papers
	ShortName string `json:"short,omitempty"`   //
	Unit      string `json:"unit,omitempty"`    // receiving unit: "Trung tâm Phục vụ hành chính công"
	Place     string `json:"place,omitempty"`   // địa danh, before the date
	Address   string `json:"address,omitempty"` //
	Phone     string `json:"phone,omitempty"`   //
}

// About is the dossier as papers name it.
type About struct {
	Number      string    `json:"number"`
	Procedure   string    `json:"procedure"`
	Field       string    `json:"field,omitempty"`
	Title       string    `json:"title,omitempty"` // trích yếu
	Sets        int       `json:"sets,omitempty"`
	TermText    string    `json:"term_text,omitempty"`
	SubmittedAt time.Time `json:"submitted_at,omitzero"`
	ReceivedAt  time.Time `json:"received_at,omitzero"`
	DueAt       time.Time `json:"due_at,omitzero"`
}

// Party is a person or body on a paper.
type Party struct {
	Name      string `json:"name,omitempty"`
	CitizenNo string `json:"citizen_no,omitempty"`
	TaxCode   string `json:"tax_code,omitempty"`
	Phone     string `json:"phone,omitempty"`
	Email     string `json:"email,omitempty"`
	Address   string `json:"address,omitempty"`
	Birth     string `json:"birth,omitempty"`  // partial date, ISO
	Gender    string `json:"gender,omitempty"` // male | female
	Kind      string `json:"kind,omitempty"`
}

// IDNumber is the number a form asks for: citizen number, or tax code of a body.
func (p Party) IDNumber() string {
	if p.CitizenNo != "" {
		return p.CitizenNo
	}
	return p.TaxCode
}

// Signer is who signs for the agency.
type Signer struct {
	Authority string `json:"authority,omitempty"` // "TM. ỦY BAN NHÂN DÂN", "KT. GIÁM ĐỐC"
	Title     string `json:"title,omitempty"`     // "Chủ tịch"
	Name      string `json:"name,omitempty"`      // without academic titles (NĐ 30/2020)
}

// PaperLine is one component on form 01.
type PaperLine struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"` // Bản chính, Bản sao, Bản điện tử
	Quantity int    `json:"quantity"`
}

// FeeLine is one fee item.
type FeeLine struct {
	Name   string `json:"name"`
	Amount int64  `json:"amount"` // đồng
	Paid   bool   `json:"paid"`
}

// HandOver is one block of rows of form 06.
type HandOver struct {
	Agency  string    `json:"agency"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	At      time.Time `json:"at"`
	Result  string    `json:"result"` // Trước hạn | Đúng hạn | Quá hạn | ""
	Note    string    `json:"note,omitempty"`
	Ongoing bool      `json:"ongoing,omitempty"`
}

// BookLine is one line of form 07.
type BookLine struct {
	Number     string    `json:"number"`
	Procedure  string    `json:"procedure"`
	Sets       int       `json:"sets"`
	Owner      string    `json:"owner"`
	Contact    string    `json:"contact"` // address, phone
	Agency     string    `json:"agency"`
	ReceivedAt time.Time `json:"received_at,omitzero"`
	DueAt      time.Time `json:"due_at,omitzero"`
	ReturnedAt time.Time `json:"returned_at,omitzero"`
	ReturnedBy string    `json:"returned_by,omitempty"` // how the result was handed over
	Note       string    `json:"note,omitempty"`
}
