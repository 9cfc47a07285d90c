package dossier

import (
	"time"

	"motcua/internal/core/flow"
	"motcua/internal/platform/civil"
)

// Status is the national dossier status (TrangThaiHoSo), 1 to 10; its words are
// at the locale key "dossier.status.<n>".
type Status = flow.Status

// The ten national statuses.
const (
	StatusNew        = flow.StatusNew           // 1 Mới đăng ký
	StatusReceived   = flow.StatusReceived      // 2 Được tiếp nhận
	StatusRefused    = flow.StatusRefused       // 3 Không được tiếp nhận
	StatusProcessing = flow.StatusProcessing    // 4 Đang xử lý
	StatusSupplement = flow.StatusSupplement    // 5 Yêu cầu bổ sung giấy tờ
	StatusPayment    = flow.StatusFinancialDuty // 6 Yêu cầu thực hiện nghĩa vụ tài chính
	StatusWithdrawn  = flow.StatusWithdrawn     // 7 Công dân yêu cầu rút hồ sơ
	StatusStopped    = flow.StatusStopped       // 8 Dừng xử lý
	StatusDone       = flow.StatusDone          // 9 Đã xử lý xong
	StatusReturned   = flow.StatusReturned      // 10 Đã trả kết quả
)

// Channel is how the dossier came in (kênh thực hiện).
type Channel string

// The channels, with their national codes.
const (
	Direct Channel = "direct" // 1 trực tiếp
	Online Channel = "online" // 2 trực tuyến
	Postal Channel = "postal" // 3 bưu chính công ích
)

// Kinds of person.
const (
	Citizen      = "citizen"      // công dân
	Organisation = "organisation" // doanh nghiệp, tổ chức
	Foreigner    = "foreigner"    // người nước ngoài: passport instead of a citizen number
)

// Kinds of authority of a submitter who is not the owner. The words are at the
// locale key "dossier.proxy.<kind>".
const (
	NoProxy       = ""           // the owner files in person
	Authorised    = "authorised" // người được ủy quyền: needs the paper [ProxyPaper]
	Guardian      = "guardian"   // người đại diện theo pháp luật, cha mẹ, người giám hộ
	Relative      = "relative"   // người thân thích, where the procedure lets them file
	Employee      = "employee"   // người của tổ chức
	CounterIntake = "counter"    // nhập tại quầy thay người nộp qua bưu chính
)

// ProxyPaper is the component code of the letter of authority (văn bản ủy quyền)
// that an authorised submitter hands in.
const ProxyPaper = "proxy"

// Person is one party of a dossier as known on the day of filing; later changes
// of the account do not rewrite it.
type Person struct {
	AccountID string            `json:"account_id,omitempty"`
	Kind      string            `json:"kind,omitempty"`
	Name      string            `json:"name"`
	CitizenNo string            `json:"citizen_no,omitempty"` // 12 digits (old CMND: 9; foreigner: passport number)
	TaxCode   string            `json:"tax_code,omitempty"`
	Phone     string            `json:"phone,omitempty"`
	Email     string            `json:"email,omitempty"`
	Address   string            `json:"address,omitempty"`
	Birth     civil.PartialDate `json:"birth,omitzero"`
	Gender    string            `json:"gender,omitempty"` // male | female | ""
}

// Delivery is how the owner wants the result (đăng ký trả kết quả).
type Delivery struct {
	By      string `json:"by"`                // counter | post | online
	Address string `json:"address,omitempty"` // post: where to
	Phone   string `json:"phone,omitempty"`   // post: whom to call
}

// ClockState says whether the legal clock runs.
type ClockState = flow.ClockState

// The states of the legal clock.
const (
	ClockNotStarted = flow.NotStarted // before receipt
	ClockRunning    = flow.Running
	ClockPaused     = flow.Paused // waits for papers, for payment, or by law
	ClockStopped    = flow.Stopped
)

// Confidentiality bounds who of the staff may open a dossier.
type Confidentiality string

// The degrees. State secrets never enter this system (Luật BVBMNN 29/2018).
const (
	Normal     Confidentiality = ""           // everybody with dossier.read over the agency
	Restricted Confidentiality = "restricted" // only those who hold or held a task of it, and leaders of the agency itself
)

// Dossier is the head of a dossier: what queues, searches and headers need.
type Dossier struct {
	ID            string
	Number        string // mã hồ sơ "H56.15.02-261122-0001", never changes
	ProcedureCode string
	ProcedureName string // in Vietnamese, as pinned
	VersionID     string // procedure version it was filed under
	CaseID        string
	OfferID       string
	Title         string // trích yếu
	Channel       Channel

	ReceivingAgencyID string // nơi tiếp nhận
	CompetentAgencyID string // cơ quan có thẩm quyền giải quyết
	CompetentPath     string // path of the competent agency in the tree, "/…/"

	Owner     Person // chủ hồ sơ; lists fill only AccountID and Name
	Submitter Person // người nộp; lists fill only AccountID
	Proxy     string // kind of authority of the submitter, "" = the owner
	Delivery  Delivery
	Sets      int // số bộ hồ sơ

	Status     Status
	Stage      string // giai đoạn, for citizens
	Step       string // bước, for staff
	ClockState ClockState

	SubmittedAt time.Time // ngày nộp
	ReceivedAt  time.Time // ngày tiếp nhận; zero until received
	DueAt       time.Time // ngày hẹn trả; zero when the clock has not started or the law gives no term
	PausedAt    time.Time // since when the clock stands still; zero when it runs
	FinishedAt  time.Time // ngày kết thúc xử lý (status 9, or 3, 7, 8)
	ReturnedAt  time.Time // ngày trả

	Supplements     int  // how often more papers were asked for; more than one counts as late (QĐ 766)
	Late            bool // at the end: finished after due, or asked twice; while open: due passed
	Confidentiality Confidentiality
	ParentID        string // dossier that this one was opened for (liên thông)
	FeeDue          int64  // đồng still owed
	FeePaid         int64  // đồng paid
	Version         int64  // optimistic lock: give it back with every act
	UpdatedAt       time.Time

	ReceiptID string // document id of form 01, "" until received
	EntryID   string // register entry of the result, "" until issued
	ResultID  string // document id of the result, "" until issued
}

// Open reports whether work on the dossier is still to be done by the state.
func (d Dossier) Open() bool {
	switch d.Status {
	case StatusRefused, StatusWithdrawn, StatusReturned:
		return false
	case StatusStopped:
		return d.Suspended()
	}
	return true
}

// Suspended reports whether processing stands still by law and may go on (tạm
// dừng), unlike a dossier that was stopped for good; both have status 8.
func (d Dossier) Suspended() bool {
	return d.Status == StatusStopped && d.ClockState == ClockPaused
}

// Ended reports whether processing has ended for index 766: status 9 or 10, or
// one of 3, 7, 8.
func (d Dossier) Ended() bool { return !d.Open() || d.Status == StatusDone }

// Paper is one component of a dossier (thành phần hồ sơ) with what was handed in.
type Paper struct {
	ID         string
	Code       string // component code of the procedure version, or "" for an extra paper
	Name       string // as pinned, or as typed for an extra paper
	Required   bool   // required for this dossier when it was last checked
	Kind       string // original | copy | certified | electronic (bản chính, bản sao, sao y, điện tử)
	Originals  int    // how many originals were handed in
	Copies     int    // how many copies
	Files      []PaperFile
	Digitised  int    // DuocSoHoa: 0 no, 1 scanned here, 2 electronic from the start
	Reused     int    // DuocTaiSuDung: 0 no, 1 from a result kept here, 2 from a national database
	FromStore  int    // DuocLayTuKhoDMQG: 0 no, 1 from the owner's store here, 2 from the national store
	EntryID    string // register entry it was taken from, when Reused is 1
	ResultCode string // mã kết quả that replaces the paper (MaKetQuaThayThe)
	Note       string
	Revision   int       // supplement round it came with: 0 = with the filing
	GivenAt    time.Time //
	Given      bool      // something was handed in, in paper or as a file
	Verified   bool      // the officer compared it with the original
	Internal   bool      // attached by staff for their colleagues; parties do not see it
}

// PaperFile is one file of a paper.
type PaperFile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"`
	Type string `json:"type"`
	Hash string `json:"hash"` // sha256, checked again at submission
}

// Task is one row of a work queue.
type Task struct {
	ID            string // task id in the flow run: give it back as ActInput.TaskID
	DossierID     string
	Step          string
	StepName      string // what it is about: the step, or the question of an opinion
	Role          string
	AgencyID      string
	AgencyName    string
	DepartmentID  string
	AssigneeID    string
	AssigneeName  string
	DelegatedFrom string    // account in whose place the assignee acts
	For           string    // "" = staff; citizen, payment, agency while the step waits for them
	OpenedAt      time.Time //
	DueAt         time.Time // end of the hours allotted to the step
	ClosedAt      time.Time
	ClosedBy      string // account
	SeenAt        time.Time
}
