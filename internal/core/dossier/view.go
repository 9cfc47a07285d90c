package dossier

import (
	"time"

	"motcua/internal/core/flow"
	"motcua/internal/core/form"
)

// Audience is for whom words are written.
type Audience string

// The audiences.
const (
	ForCitizen Audience = "citizen" // owner and submitter: plain sentences, who holds it and until when
	ForStaff   Audience = "staff"   // every hand-over with names
)

// Detail is one dossier with everything its page shows to this reader.
type Detail struct {
	Dossier
	Audience Audience // ForCitizen for the owner and the submitter, ForStaff otherwise

	ReceivingAgency string // names
	CompetentAgency string
	FieldName       string // lĩnh vực
	CaseName        string
	StageName       string
	StepName        string
	TermText        string // thời hạn in the words of the law, for the dossier's channel

	Form     *form.Form   // pinned form, to draw the answers
	Flow     *flow.Flow   // pinned flow, to draw the way
	Run      flow.Run     // where it stands
	Answers  form.Answers // latest revision
	Revision int          // how often the answers were supplied: 0 = as filed
	Papers   []Paper

	Tasks       []Task   // open ones
	Actions     []Action // what this reader may do now, grey ones with the reason
	Supplements []SupplementRequest
	Documents   []DocumentRef // issued forms and the result
	Result      *ResultRef    // register entry, once issued
	Fees        []Fee
	Children    []ChildRef // dossiers opened at other agencies
	Rating      *Rating
	Following   bool // the reader follows it
	MayRate     bool
	MayWithdraw bool
	MaySupply   bool // a supplement request waits for this reader
}

// Action is one thing the reader may do, or may not do yet and why.
type Action = flow.Action

// DocumentRef is one issued paper of a dossier.
type DocumentRef struct {
	ID     string
	Kind   string // "01" … "07", "result"
	Name   string // "Giấy tiếp nhận hồ sơ và hẹn trả kết quả"
	Number string // "12/GTN-TTPVHCC"
	At     time.Time
	Ready  bool // the PDF is rendered
}

// ResultRef is the result in its register.
type ResultRef struct {
	EntryID    string
	Register   string
	Number     string
	Holder     string
	State      string // valid | suspended | revoked | expired
	ValidFrom  string // 2026-11-22
	ValidTo    string // "" = no end
	DocumentID string
}

// SupplementRequest is one request for more papers (form 02).
type SupplementRequest struct {
	ID         string
	Round      int // 1 is the one the law allows; from 2 on it counts as late
	AskedAt    time.Time
	AskedBy    string // name and post of the officer
	Reason     string
	Guidance   string
	Missing    []MissingPaper
	DueAt      time.Time // until when to answer; zero = no limit
	AnsweredAt time.Time // zero = still open
	ExpiredAt  time.Time // zero = not expired
	DocumentID string    // form 02
}

// MissingPaper is one component asked for.
type MissingPaper struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Fee is one fee item (phí, lệ phí) that the dossier owes.
type Fee struct {
	Code      string
	Name      string
	Kind      string // charge (lệ phí) | fee (phí)
	Amount    int64  // đồng
	PaidAt    time.Time
	ReceiptNo string
	Method    string // counter | online | bank
	Exempt    bool   // miễn
}

// ChildRef is a dossier opened at another agency for this one.
type ChildRef struct {
	ID         string
	Number     string
	AgencyName string
	Status     Status
	DueAt      time.Time
}

// Rating is the citizen's judgement.
type Rating struct {
	Stars   int
	Comment string
	At      time.Time
}

// Queue names one work queue.
type Queue string

// The queues. Words are at the locale key "dossier.queue.<name>".
const (
	QueueToReceive  Queue = "to_receive" // filed online, waits at the counter
	QueueMine       Queue = "mine"       // assigned to me
	QueueUnassigned Queue = "unassigned" // in my role, nobody has taken it
	QueueWaiting    Queue = "waiting"    // waits for the citizen: papers or payment
	QueueDueSoon    Queue = "due_soon"   // open tasks in my roles, due within a day
	QueueOverdue    Queue = "overdue"    // open tasks in my roles whose dossier is past due
	QueueToSign     Queue = "to_sign"    // a decision waits for my signature
	QueueToReturn   Queue = "to_return"  // done, the result waits to be handed over
	QueueFollowing  Queue = "following"  // I follow it
	QueueAll        Queue = "all"        // everything I may read
)

// Queues lists the queues in the order of the page.
func Queues() []Queue {
	return []Queue{QueueMine, QueueUnassigned, QueueToReceive, QueueToSign, QueueToReturn, QueueWaiting, QueueDueSoon, QueueOverdue, QueueFollowing, QueueAll}
}

// QueueQuery asks for one page of a queue.
type QueueQuery struct {
	Queue     Queue
	Search    string // number, name or citizen number, with or without diacritics, by prefix
	Procedure string // procedure code
	Agency    string // agency id
	Status    Status // 0 = any
	Overdue   bool   // only past due
	Figure    Figure // only what a figure of the statistics counts; of everything the reader may read
	After     string // Page.Next of the page before
	Limit     int    // default 25, at most 100
}

// Figure is one number of the statistics, so that the dossiers it counts can be listed.
type Figure struct {
	Kind     string // one of [FigureKinds]; "" = no figure
	From, To string // months as in StatQuery
	Under    string // StatQuery.Agency
}

// FigureKinds lists the figures of the statistics that are counts of dossiers, in the
// order of the table.
func FigureKinds() []string {
	return []string{"carried", "received", "online", "done", "in_time", "late", "refused", "withdrawn", "pending", "overdue"}
}

// Page is one page of a queue.
type Page struct {
	Rows []Row
	Next string // "" = the last page
}

// Row is one dossier in a list, with the task that brought it there.
type Row struct {
	Dossier
	TaskID       string
	StepName     string
	TaskDueAt    time.Time
	AssigneeID   string
	AssigneeName string
	AgencyName   string // competent agency
	New          bool   // not opened yet by the one who holds it
	DaysLeft     int    // working days until due, negative when past; 0 on the day
	HasDue       bool
}

// ListQuery asks for one page of the dossiers of the signed-in citizen.
type ListQuery struct {
	Open  bool // only open ones
	After string
	Limit int
}

// PublicStatus is what everybody may see who knows the number: no personal data.
type PublicStatus struct {
	Number        string
	ProcedureCode string
	ProcedureName string
	AgencyName    string // who holds it
	Status        Status
	StageName     string
	SubmittedAt   time.Time
	ReceivedAt    time.Time
	DueAt         time.Time
	FinishedAt    time.Time
	ReturnedAt    time.Time
	Paused        bool
	Late          bool
	Stages        []StageMark // the way, stage by stage
}

// StageMark is one stage of the way.
type StageMark struct {
	Name string
	Done bool
	Here bool
}

// Item is one line of the timeline.
type Item struct {
	At         time.Time
	Type       string // journal type without "dossier."
	Title      string // one sentence in the reader's language
	Text       string // reason or note, when the reader may see it
	Who        string // name and post; for citizens the agency
	Tone       string // info | success | warning | danger
	DocumentID string
	Next       bool // a line about the future: who holds it now and when it is due
}

// ClockView explains the due time.
type ClockView struct {
	Due      time.Time // zero = none
	State    ClockState
	TermText string // in the words of the law
	Lines    []ClockLine
}

// ClockLine is one interval or event of the legal clock in words.
type ClockLine struct {
	At   time.Time
	To   time.Time // zero for a moment
	Text string    // sentence in the reader's language
	Runs bool      // the clock ran in this interval
}

// ControlSheet is the data of form 06 (phiếu kiểm soát quá trình giải quyết hồ sơ).
type ControlSheet struct {
	Number    string
	Procedure string
	Agency    string
	Rows      []HandOver
}

// HandOver is one hand-over of form 06.
type HandOver struct {
	From, To string // who gave, who received (name, agency)
	Agency   string
	At       time.Time
	DueAt    time.Time
	ClosedAt time.Time
	Result   string // early | on_time | late | "" while open
	Note     string
}

// StatQuery asks for figures of a period.
type StatQuery struct {
	From, To string // months "2026-01", both included; "" = open
	Agency   string // agency id whose subtree is counted; "" = everything the reader may see
	By       string // agency | procedure | month; default agency
}

// StatRow is one line of figures. Every number is the count of dossiers, those that
// [QueueQuery.Figure] lists. A line by month has no Overdue: that is a figure of today.
type StatRow struct {
	Key, Name string
	Carried   int64 // open when the period began
	Received  int64
	Online    int64 // of the received
	Done      int64 // ended in the period
	InTime    int64 // of the done
	Late      int64 // of the done
	Refused   int64
	Withdrawn int64
	Pending   int64    // open at the end of the period
	MovedIn   int64    // taken over from an agency that a decree ended
	MovedOut  int64    // handed over to a successor
	Overdue   int64    // of the pending, past due now
	OnTime    *float64 // InTime / (InTime+Late), nil when nothing was done: "no data" is not 100 %
}

// Candidate is a person a task may be given to.
type Candidate struct {
	AccountID string
	Name      string
	Title     string // post
	Open      int    // tasks this person has open, 999 at most
}

// Component is one paper a filing must or may bring, as decided for its answers.
type Component struct {
	Code        string
	Name        string // in the reader's language
	Note        string
	Required    bool
	PresentOnly bool // shown at the counter, not kept (xuất trình)
	Originals   int
	Copies      int
	Accept      []string   // pdf, jpeg, png…
	Reusable    []ReuseRef // results of the owner that the registers already keep: nothing to upload
}

// ReuseRef is a result the owner already has.
type ReuseRef struct {
	EntryID string
	Name    string // "Giấy khai sinh số 12/2026"
	Number  string
	At      string // date of issue
}
