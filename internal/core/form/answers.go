package form

import (
	"time"
)

// Answers holds what a person answered: field id → value of the shape its Kind
// says. An unanswered field has no entry. Answers of a group's row are Answers.
//
// The reserved entry [RawKey] holds, as typed, what could not be read (a date
// such as "31/02/2026"), by input name, so that nothing typed is ever lost: it is
// shown again with its error, survives in a draft, and makes Validate refuse.
type Answers map[string]any

// RawKey is the entry of Answers with unreadable input: map[string]string, input
// name ("child_birth", "children.0.birth") → text as typed.
const RawKey = "_raw"

// File is one uploaded file as an answer refers to it.
type File struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
	Type string `json:"type"` // MIME type as sniffed by the server
}

// Env is what rules may know besides the answers.
type Env struct {
	Now       time.Time         // the moment of judgement; its civil date in Vietnam is the rule variable today
	Owner     map[string]string // chủ hồ sơ, by the names in OwnerProperties
	Submitter map[string]string // người nộp, by the same names
}

// OwnerProperties are the properties of a person that prefill, owner_fields and
// the rule variables owner and submitter know.
func OwnerProperties() []string {
	return []string{"name", "citizen_no", "tax_code", "phone", "email", "address", "birth", "gender", "kind"}
}
