package register

import (
	"time"

	"motcua/internal/platform/civil"
)

// State of an entry (tình trạng).
type State string

// The states. Their words are at the locale key "register.state.<state>".
const (
	Valid     State = "valid"     // còn hiệu lực
	Suspended State = "suspended" // tạm đình chỉ
	Revoked   State = "revoked"   // thu hồi, hủy bỏ: final
	Expired   State = "expired"   // hết hiệu lực
)

// States lists every state.
func States() []State { return []State{Valid, Suspended, Revoked, Expired} }

// Entry is one line of a register.
type Entry struct {
	ID           string
	Register     string // "<pack>/<code>"
	RegisterName string // Vietnamese
	AgencyID     string // who issued it
	AgencyPath   string // of whoever keeps it now
	AgencyName   string
	KeeperID     string // who keeps it since a decree ended the issuer; "" is the issuer
	KeeperName   string
	Number       string // "12/2026"
	Year         int    // year of the counter, 0 when the numbers never restart
	Seq          int64

	Holder  string   // who holds it, as printed
	Holders []Holder // persons and bodies under whom it is found again
	Title   string   // what was issued: "Giấy khai sinh"

	ResultCode    string // mã kết quả "KQ.G15.000033"
	ProcedureCode string
	IssuedOn      civil.Date
	ValidFrom     civil.Date
	ValidTo       civil.Date // last day; zero = no end
	State         State      // as stored; see StateOn
	Data          map[string]any

	DossierID     string
	DossierNumber string
	DocumentID    string
	Rev           int64 // counts changes, for optimistic edits
	CreatedAt     time.Time
}

// StateOn is the state on a day: a valid entry past its last day has expired even
// when the nightly job has not said so yet.
func (e Entry) StateOn(d civil.Date) State {
	if e.State != Revoked && !e.ValidTo.IsZero() && d.After(e.ValidTo) {
		return Expired
	}
	return e.State
}

// Holder is one person or body an entry belongs to.
type Holder struct {
	Name      string
	CitizenNo string
	TaxCode   string
	AccountID string
}

// Change is one line of an entry's history.
type Change struct {
	Seq      int
	At       time.Time
	Kind     string // issue | suspend | restore | revoke | expire | document | transfer
	From, To State
	Reason   string
	Basis    string // paper it rests on: "Quyết định số 12/QĐ-SYT"
	Actor    string // account id
	On       civil.Date
}

// NewEntry asks for an entry.
type NewEntry struct {
	Register      string // "<pack>/<code>"
	AgencyID      string
	AgencyPath    string
	AgencyName    string
	AgencyAbbr    string // for {agency} in the number; see Abbreviation
	At            time.Time
	Answers       map[string]any // of the dossier
	Result        map[string]any // fields typed by the officer (by: officer)
	Holders       []Holder       // default holders, used when the definition names no holder numbers
	Title         string
	ResultCode    string
	ProcedureCode string
	DossierID     string
	DossierNumber string
	Actor         string
}

// ChangeInput changes the state of an entry.
type ChangeInput struct {
	EntryID string
	To      State
	Reason  string
	Basis   string
	On      civil.Date // day it takes effect; zero = today
	Rev     int64      // the revision that was seen; 0 = do not check
}

// PublicEntry is what anybody may see of an entry.
type PublicEntry struct {
	Register  string // name, in the reader's language
	Agency    string // who issued it
	Keeper    string // who keeps it now, when that is another
	Number    string
	Holder    string // masked or empty as the definition says
	State     State
	ValidFrom civil.Date
	ValidTo   civil.Date
	Fields    []PublicField
}

// PublicField is one shown field.
type PublicField struct{ Label, Value string }
