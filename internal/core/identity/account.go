package identity

import (
	"time"

	"motcua/internal/platform/civil"
)

// State of an account.
type State string

// The states of an account.
const (
	Active    State = "active"
	Suspended State = "suspended" // tạm khóa: cannot sign in, keeps its data and posts
	Closed    State = "closed"    // thôi dùng: cannot sign in, holds no post any more
)

// Assurance says how sure we are that the account is who it says.
type Assurance string

// The levels of assurance, weakest first.
const (
	SelfDeclared Assurance = "self"    // as typed at registration
	AtCounter    Assurance = "counter" // papers seen by an officer
	EIdentity    Assurance = "eid"     // VNeID, level 2
)

// Account is a person or body that can act (tài khoản).
type Account struct {
	ID    string
	Kind  Kind
	Login string // citizens: citizen number; organisations: tax code; staff: chosen by their agency
	Name  string

	CitizenNo string            // số định danh cá nhân, 12 digits
	TaxCode   string            // mã số thuế
	Birth     civil.PartialDate // ngày sinh, may be a year only
	Gender    string            // "male", "female" or ""
	Phone     string            // as ident stores it: 0912345678
	Email     string
	Address   string
	Lang      string // "vi" or "en"
	State     State
	Assurance Assurance

	AgencyID   string // staff: agency the account belongs to
	AgencyPath string // staff: its path, the scope of account administration

	HasPassword bool // false until a one-time link was used
	CreatedAt   time.Time
	Rev         int64 // counts changes, for optimistic edits
}
