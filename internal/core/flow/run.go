package flow

import (
	"time"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/rules"
)

// Status is the national dossier status (TrangThaiHoSo), 1 to 10.
type Status int

// The ten national statuses.
const (
	StatusNew           Status = 1  // Mới đăng ký
	StatusReceived      Status = 2  // Được tiếp nhận
	StatusRefused       Status = 3  // Không được tiếp nhận
	StatusProcessing    Status = 4  // Đang xử lý
	StatusSupplement    Status = 5  // Yêu cầu bổ sung giấy tờ
	StatusFinancialDuty Status = 6  // Yêu cầu thực hiện nghĩa vụ tài chính
	StatusWithdrawn     Status = 7  // Công dân yêu cầu rút hồ sơ
	StatusStopped       Status = 8  // Dừng xử lý
	StatusDone          Status = 9  // Đã xử lý xong
	StatusReturned      Status = 10 // Đã trả kết quả
)

// Run is where one dossier stands in its flow. It is a plain value that lives as
// JSON beside the dossier; only the engine changes it, and never in place.
type Run struct {
	Flow        string            `json:"flow"`
	Step        string            `json:"step"`
	Status      Status            `json:"status"`
	Clock       ClockState        `json:"clock,omitempty"`
	Pause       string            `json:"pause,omitempty"`       // why the clock is paused: supplement | financial | suspended
	Agencies    map[string]string `json:"agencies"`              // receiving, competent and codes of the flow → agency id
	Tasks       []Task            `json:"tasks,omitempty"`       // open tasks only
	Timers      []Timer           `json:"timers,omitempty"`      // pending timers of the present step
	Opinions    []Opinion         `json:"opinions,omitempty"`    // every opinion asked, with answers, all rounds
	Children    []Child           `json:"children,omitempty"`    // every child dossier, all rounds
	Back        []string          `json:"back,omitempty"`        // steps that @back returns to, last first out
	Trail       []string          `json:"trail,omitempty"`       // tasks passed, for @previous and the drawing
	Last        map[string]Person `json:"last,omitempty"`        // to whom a step was given: it comes back to the same hands
	Result      map[string]any    `json:"result,omitempty"`      // the data of the result, as officers gave it so far
	Supplements int               `json:"supplements,omitempty"` // how often the citizen was asked for more papers
	Extensions  int               `json:"extensions,omitempty"`  // how often the term was extended
	Rejected    bool              `json:"rejected,omitempty"`    // decided against: no result is issued
	Issued      bool              `json:"issued,omitempty"`      // the result has been issued
	Seq         int               `json:"seq"`                   // numbers tasks, opinions, children and timers
}

// ClockState is the engine's view of the legal clock, enough to never ask for an
// impossible entry.
type ClockState string

// The states of the legal clock.
const (
	NotStarted ClockState = ""
	Running    ClockState = "running"
	Paused     ClockState = "paused"
	Stopped    ClockState = "stopped"
)

// Person names who did or who shall do something.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Task is work that waits for somebody.
type Task struct {
	ID            string    `json:"id"` // "t1", unique in the run
	Step          string    `json:"step"`
	Role          string    `json:"role,omitempty"`
	Agency        string    `json:"agency,omitempty"` // agency id
	Department    string    `json:"department,omitempty"`
	Hours         int       `json:"hours,omitempty"` // working hours allotted
	Assignee      Person    `json:"assignee,omitzero"`
	DelegatedFrom Person    `json:"delegated_from,omitzero"`
	For           string    `json:"for,omitempty"`     // wait: citizen, payment, agency
	Opinion       string    `json:"opinion,omitempty"` // the opinion this task must give
	OpenedAt      time.Time `json:"opened_at"`
	DueAt         time.Time `json:"due_at,omitzero"`
}

// Opinion is one question to a colleague and, later, the answer.
type Opinion struct {
	ID      string    `json:"id"` // "o1"
	Step    string    `json:"step"`
	Ask     string    `json:"ask"` // id in the definition
	Round   int       `json:"round"`
	By      Person    `json:"by,omitzero"`
	Value   string    `json:"value,omitempty"` // agree | disagree | other
	Note    string    `json:"note,omitempty"`
	Given   time.Time `json:"given,omitzero"`
	Dropped bool      `json:"dropped,omitempty"` // no longer needed: the join was complete, or the dossier went on
}

// Child is one dossier at another agency that this one waits for.
type Child struct {
	ID      string    `json:"id"` // "c1"
	Step    string    `json:"step"`
	Child   string    `json:"child"` // id in the definition
	Round   int       `json:"round"`
	Dossier string    `json:"dossier,omitempty"` // dossier id once opened
	Result  string    `json:"result,omitempty"`  // done | rejected | withdrawn
	Ended   time.Time `json:"ended,omitzero"`
	Dropped bool      `json:"dropped,omitempty"`
}

// Timer is a pending act of the system.
type Timer struct {
	ID     string    `json:"id"` // "m1"
	Step   string    `json:"step"`
	Action string    `json:"action"`
	After  Span      `json:"after"`
	SetAt  time.Time `json:"set_at"`
	DueAt  time.Time `json:"due_at,omitzero"` // by the calendar given in Now; zero when none was given
}

// Side says on whose behalf somebody acts.
type Side string

// The sides.
const (
	Staff   Side = "staff"
	Citizen Side = "citizen"
	System  Side = "system"
)

// Who acts. The caller has already made sure that a citizen is the dossier's
// owner, submitter or proxy; the engine decides everything about roles.
type Who struct {
	Person
	Side     Side
	Held     []Held // posts held now, own and delegated
	Override bool   // may act on tasks assigned to others (perm dossier.assign)
}

// Held is one post as the engine sees it.
type Held struct {
	Agency        string // agency id
	Department    string
	Roles         []string
	DelegatedFrom Person // holder in whose place the person acts (ủy quyền), zero for an own post
}

// Now is the moment of an act, and the calendar that turns spans into dates.
type Now struct {
	At time.Time
	// Due gives the end of a span that starts at from, by the working calendar of the
	// agency (id). When nil the DueAt of tasks and timers stays zero.
	Due func(agency string, from time.Time, after Span) time.Time
}

// Facts is what guards may know; see FactNames. The engine itself adds status,
// supplements, extensions, opinions_done, opinions_agreed, children_done and roles.
type Facts struct {
	Now            time.Time // the day for age() and days()
	Answers        map[string]any
	FeeDue         int64 // đồng still owed
	FeePaid        bool  // nothing is owed any more
	PapersComplete bool  // every required paper is there
	ResultReady    bool  // the result's data and document are there
	Channel        string
	Case           string

	scope *rules.Scope // prepared once for several guards
}

// Input is one act.
type Input struct {
	Action   string // id of an action of the step, or one of the built-in ones below
	Task     string // task id; may be empty when only one task can be meant
	Timer    string // timer id, when a timer fires (Who is the system)
	Child    string // child id, for ChildOpened and ChildEnded
	Dossier  string // ChildOpened: the dossier id
	Reason   string
	Note     string
	Assignee Person
	Files    []string
	Due      time.Time      // NeedDue: the new date
	Value    string         // GiveOpinion: agree (default) | disagree | other; ChildEnded: done | rejected | withdrawn
	Fields   map[string]any // NeedResult: the data of the result
}

// Built-in actions, beside those of the definition.
const (
	GiveOpinion  = "opinion"      // the asked person answers
	WithdrawByID = "withdraw"     // the citizen withdraws, in any step before the result is done
	Reassign     = "reassign"     // give a task to a named person (giao việc)
	Delegate     = "delegate"     // the assignee hands the task to another person (ủy quyền)
	ChildOpened  = "child_opened" // system: the child dossier exists
	ChildEnded   = "child_ended"  // system: the child dossier ended
)

// Action is one button, enabled or grey with its reason.
type Action struct {
	Task     string // task id
	Step     string
	ID       string
	Name     i18n.Text // zero for built-in actions: words are at the locale key "flow.action.<id>"
	Tone     string
	Effect   EffectName
	Needs    []Need
	Confirm  i18n.Text
	OnBehalf bool    // the citizen's to do; the counter does it for one who stands there
	Blocked  *Reason // nil: may be done now
	Warning  *Reason // may be done, with this said first (a second request for papers counts as late)
}

// Reason says why: Text when the pack gives words, else the locale key "error.<Code>".
type Reason struct {
	Code string
	Args map[string]any
	Text i18n.Text
}
