package document

import (
	"time"
)

// Kind is what a paper is.
type Kind string

// The kinds of paper.
const (
	Receipt      Kind = "01" // giấy tiếp nhận hồ sơ và hẹn trả kết quả
	Supplement   Kind = "02" // phiếu yêu cầu bổ sung, hoàn thiện hồ sơ
	Refusal      Kind = "03" // phiếu từ chối tiếp nhận giải quyết hồ sơ
	Extension    Kind = "04" // văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết
	Stop         Kind = "05" // thông báo dừng giải quyết hồ sơ
	ControlSheet Kind = "06" // phiếu kiểm soát quá trình giải quyết hồ sơ
	DossierBook  Kind = "07" // sổ theo dõi hồ sơ
	Result       Kind = "result"
)

// State of a paper.
type State string

// The states.
const (
	Queued  State = "queued"  // numbered, the PDF is being drawn
	Ready   State = "ready"   // the PDF stands, for ever
	Revoked State = "revoked" // cancelled: still shown, with its reason
)

// Issued is one issued paper.
type Issued struct {
	ID            string
	Kind          Kind
	Name          string // "Giấy tiếp nhận hồ sơ và hẹn trả kết quả", "Giấy khai sinh"
	Number        string // "12/TNHS"; "" for papers without a number of their own
	AgencyID      string
	AgencyName    string
	DossierID     string
	DossierNumber string
	EntryID       string
	State         State
	VerifyCode    string // printed on the paper, opens its public page
	FileID        string // blob file, once ready
	Hash          string // sha256 of the PDF, once ready
	Size          int64
	IssuedAt      time.Time
	ReadyAt       time.Time
	RevokedAt     time.Time
}

// Verification is what anybody may learn who holds a paper: no personal data.
type Verification struct {
	Kind     Kind
	Name     string
	Number   string
	Agency   string
	IssuedAt time.Time
	State    State
	Hash     string
	EntryID  string
}
