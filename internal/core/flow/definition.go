package flow

import (
	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
)

// StepKind is what a step waits for.
type StepKind string

// The kinds of step.
const (
	TaskStep     StepKind = "task"     // one person of the agency acts (default)
	OpinionsStep StepKind = "opinions" // several persons are asked at once (lấy ý kiến phối hợp)
	ChildStep    StepKind = "child"    // dossiers of other agencies must finish first (liên thông)
	WaitStep     StepKind = "wait"     // the citizen, a payment or a date
	EndStep      StepKind = "end"      // nothing follows
)

// EffectName is what an action does to the dossier beside moving it.
type EffectName string

// The effects an action may have. What each means for status, clock and papers
// is in effects.go.
const (
	Receive      EffectName = "receive"       // tiếp nhận: the clock starts, form 01
	Supplement   EffectName = "supplement"    // yêu cầu bổ sung: the clock pauses, form 02
	Supplied     EffectName = "supplied"      // công dân đã bổ sung: the clock resumes
	Refuse       EffectName = "refuse"        // từ chối tiếp nhận, form 03
	Forward      EffectName = "forward"       // chuyển bước
	Assign       EffectName = "assign"        // phân công cho một người
	Propose      EffectName = "propose"       // trình
	ReturnBack   EffectName = "return_back"   // trả lại bước trước
	AskOpinion   EffectName = "ask_opinion"   // lấy ý kiến
	OpenChild    EffectName = "open_child"    // mở hồ sơ liên thông
	Pay          EffectName = "pay"           // yêu cầu nghĩa vụ tài chính: the clock pauses
	Paid         EffectName = "paid"          // đã nộp: the clock resumes
	Suspend      EffectName = "suspend"       // tạm dừng / dừng giải quyết, form 05
	Resume       EffectName = "resume"        // tiếp tục: the clock resumes
	Extend       EffectName = "extend"        // xin lỗi và gia hạn (once), form 04
	Approve      EffectName = "approve"       // phê duyệt, ký
	Reject       EffectName = "reject"        // không giải quyết: no result is issued, form 03 (05 when it stops at status 8)
	Finish       EffectName = "finish"        // xử lý xong: the clock stops, the result is issued
	ReturnResult EffectName = "return_result" // trả kết quả
	Withdraw     EffectName = "withdraw"      // công dân rút hồ sơ
)

// Need is something the actor must give with an action.
type Need string

// The needs an action may name.
const (
	NeedReason   Need = "reason"        // lý do: printed on the paper and told to the citizen
	NeedNote     Need = "note"          // nội dung: for colleagues
	NeedAssignee Need = "assignee"      // a named person
	NeedResult   Need = "result_fields" // the data of the result
	NeedFile     Need = "file"          // at least one file
	NeedDue      Need = "due"           // a new date
)

// Definition is a flow as its author writes it, in YAML: the electronic process
// table (quy trình điện tử) of a procedure. [Decode] reads it, [Compile] checks it.
type Definition struct {
	ID     string      `yaml:"id" json:"id"`
	Name   i18n.Text   `yaml:"name" json:"name"`
	Stages []StageDef  `yaml:"stages" json:"stages"`           // what the citizen sees
	Steps  []StepDef   `yaml:"steps" json:"steps"`             // what the staff sees; the first one is the start
	Always []ActionDef `yaml:"always" json:"always,omitempty"` // offered at every step that is not an end
	Pos    decl.Pos    `yaml:"-" json:"-"`
}

// StageDef is one stage (giai đoạn) of the way, in words for citizens.
type StageDef struct {
	ID   string    `yaml:"id" json:"id"`
	Name i18n.Text `yaml:"name" json:"name"`
	Pos  decl.Pos  `yaml:"-" json:"-"`
}

// StepDef is one step (bước) of the process table.
type StepDef struct {
	ID       string      `yaml:"id" json:"id"`
	Stage    string      `yaml:"stage" json:"stage,omitempty"` // default: the stage of the step written before it; an end: of the first step that leads to it
	Name     i18n.Text   `yaml:"name" json:"name"`
	Kind     StepKind    `yaml:"kind" json:"kind,omitempty"`     // default task
	Role     string      `yaml:"role" json:"role,omitempty"`     // task: who acts; opinions, child: who may act while they run
	At       string      `yaml:"at" json:"at,omitempty"`         // receiving | competent | agency code; default receiving for the first step, else competent
	Hours    int         `yaml:"hours" json:"hours,omitempty"`   // working hours allotted
	Status   int         `yaml:"status" json:"status,omitempty"` // national status 1..10 while the dossier stands here
	For      string      `yaml:"for" json:"for,omitempty"`       // wait: citizen (default) | payment | agency
	Actions  []ActionDef `yaml:"actions" json:"actions,omitempty"`
	Timers   []TimerDef  `yaml:"timers" json:"timers,omitempty"`
	Ask      []AskDef    `yaml:"ask" json:"ask,omitempty"`           // opinions
	Children []ChildDef  `yaml:"children" json:"children,omitempty"` // child
	Join     string      `yaml:"join" json:"join,omitempty"`         // opinions, child: all (default) | any
	To       string      `yaml:"to" json:"to,omitempty"`             // opinions, child: where the dossier goes by itself when the join is complete; default @back
	Pos      decl.Pos    `yaml:"-" json:"-"`
}

// Targets of an action that are not the id of a step.
const (
	Back     = "@back"     // from a wait, opinions or child step: the step that led here
	Previous = "@previous" // the step the dossier was at before this one (trả lại bước trước)
	Stay     = "@stay"     // the same step, e.g. extend; also when `to` is left out
)

// ActionDef is one button of a step.
type ActionDef struct {
	ID          string     `yaml:"id" json:"id"`
	Name        i18n.Text  `yaml:"name" json:"name"`
	Tone        string     `yaml:"tone" json:"tone,omitempty"` // primary | secondary (default) | danger
	Effect      EffectName `yaml:"effect" json:"effect,omitempty"`
	To          string     `yaml:"to" json:"to,omitempty"` // step id, @back, @previous, @stay (default)
	Needs       []Need     `yaml:"needs" json:"needs,omitempty"`
	Guard       string     `yaml:"guard" json:"guard,omitempty"`              // CEL bool over the facts; see FactNames
	GuardReason i18n.Text  `yaml:"guard_reason" json:"guard_reason,omitzero"` // why the button is grey, in words for the actor
	By          string     `yaml:"by" json:"by,omitempty"`                    // officer (staff) | citizen | asked | system; default officer, in a wait step for the citizen: citizen, for a payment: system
	Role        string     `yaml:"role" json:"role,omitempty"`                // staff: default the role of the step
	Confirm     i18n.Text  `yaml:"confirm" json:"confirm,omitzero"`           // what to say before a choice that cannot be undone
	Except      []string   `yaml:"except" json:"except,omitempty"`            // always: steps that do not offer it
	Pos         decl.Pos   `yaml:"-" json:"-"`
}

// TimerDef makes the system act when a step has lasted too long.
type TimerDef struct {
	After  Span     `yaml:"after" json:"after"`
	Action string   `yaml:"action" json:"action"` // an action of the same step; mark it `by: system` when no person has it
	Pos    decl.Pos `yaml:"-" json:"-"`
}

// Span is a length of time by the law's units.
type Span struct {
	Amount int    `yaml:"amount" json:"amount"`
	Unit   string `yaml:"unit" json:"unit"` // working_hour | working_day | hour | day | month
}

// AskDef is one person asked in an opinions step.
type AskDef struct {
	ID         string    `yaml:"id" json:"id,omitempty"` // default: its place in the list, from 1
	Role       string    `yaml:"role" json:"role"`
	At         string    `yaml:"at" json:"at,omitempty"`                 // receiving | competent (default) | agency code
	Department string    `yaml:"department" json:"department,omitempty"` // department code, when the role alone is not enough
	Name       i18n.Text `yaml:"name" json:"name,omitzero"`              // what is asked
	Hours      int       `yaml:"hours" json:"hours,omitempty"`
	Pos        decl.Pos  `yaml:"-" json:"-"`
}

// ChildDef is one dossier opened at another agency.
type ChildDef struct {
	ID        string    `yaml:"id" json:"id,omitempty"` // default: its place in the list, from 1
	Procedure string    `yaml:"procedure" json:"procedure"`
	Case      string    `yaml:"case" json:"case,omitempty"`
	At        string    `yaml:"at" json:"at,omitempty"` // receiving | competent (default) | agency code
	Name      i18n.Text `yaml:"name" json:"name,omitzero"`
	Pos       decl.Pos  `yaml:"-" json:"-"`
}

// Decode reads a flow from YAML; file is used to name the place of problems. The
// error is a [decl.Problems] with every problem of the text.
func Decode(file string, data []byte) (*Definition, error) {
	def := &Definition{}
	if err := decl.Decode(file, data, def); err != nil {
		return nil, err
	}
	return def, nil
}
