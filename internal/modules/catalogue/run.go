package catalogue

import (
	"time"

	"motcua/internal/modules/catalogue/source"
)

// Run is one import (lần nạp): some files, read once.
type Run struct {
	ID         string
	Title      string // names of the files
	Files      []RunFile
	Apply      bool // put in force at once, without a decision
	State      RunState
	Size, Done int64 // bytes
	Counts     Counts
	Error      string // public code, of a failed run
	StartedBy  string // account id
	CreatedAt  time.Time
	ChangedAt  time.Time
	FinishedAt time.Time

	cursor cursor
}

// RunFile is one file of a run.
type RunFile struct {
	ID   string `json:"id"` // in the file store
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// RunState says how an import stands.
type RunState string

// The states. A run that is running while nothing works on it was killed; it goes on
// where it stood.
const (
	Waiting RunState = "waiting"
	Running RunState = "running"
	Stopped RunState = "stopped"
	Done    RunState = "done"
	Failed  RunState = "failed"
)

// Live reports whether the run will go on by itself.
func (r Run) Live() bool { return r.State == Waiting || r.State == Running }

// Share is how much of the bytes is done, 0 to 1.
func (r Run) Share() float64 {
	if r.Size == 0 {
		return 1
	}
	return min(1, float64(r.Done)/float64(r.Size))
}

// Counts account for every record of a run.
type Counts struct {
	Added   int64 `json:"added"`     // put in force, were not there
	Changed int64 `json:"changed"`   // put in force, were there otherwise
	Same    int64 `json:"unchanged"` // were there word for word
	Pending int64 `json:"pending"`   // wait for a decision
	Refused int64 `json:"refused"`
}

// Lines is how many records were read.
func (c Counts) Lines() int64 { return c.Taken() + c.Refused }

// Taken is how many records were understood.
func (c Counts) Taken() int64 { return c.Added + c.Changed + c.Same + c.Pending }

func (c *Counts) add(o Outcome) {
	switch o {
	case OutcomeAdded:
		c.Added++
	case OutcomeChanged:
		c.Changed++
	case OutcomeSame:
		c.Same++
	case OutcomePending:
		c.Pending++
	case OutcomeRefused:
		c.Refused++
	}
}

// cursor is the place up to which a run has accounted for everything.
type cursor struct {
	file   int
	at     int64 // offset in the file
	line   int64 // of that offset
	byLine bool  // the file has one record a line
}

// Row is what became of one record of a file.
type Row struct {
	File    int64
	Line    int64
	Outcome Outcome
	Code    string
	Field   string        // the field that is wrong
	Reason  source.Reason // of a refusal
	Words   string        // what stands there
	Hint    string        // what may help: the code of the procedure with the same name
}

// Outcome says what became of a record.
type Outcome string

// The outcomes.
const (
	OutcomeAdded   Outcome = "added"
	OutcomeChanged Outcome = "changed"
	OutcomeSame    Outcome = "same"
	OutcomePending Outcome = "pending"
	OutcomeRefused Outcome = "refused"
)

// Outcomes lists all outcomes.
func Outcomes() []Outcome {
	return []Outcome{OutcomeAdded, OutcomeChanged, OutcomeSame, OutcomePending, OutcomeRefused}
}

// Change is a record that differs from what is accepted.
type Change struct {
	ID        string
	RunID     string
	Code      string
	Shape     source.Shape
	Kind      ChangeKind
	Name      string
	Parts     []PartDiff
	State     ChangeState
	DecidedBy string
	DecidedAt time.Time
	CreatedAt time.Time

	hash string
}

// ChangeKind tells new procedures from changed ones.
type ChangeKind string

// The kinds.
const (
	KindNew     ChangeKind = "new"
	KindChanged ChangeKind = "changed"
)

// ChangeState says whether a change has been decided.
type ChangeState string

// The states.
const (
	Open       ChangeState = "open"
	Accepted   ChangeState = "accepted"
	Rejected   ChangeState = "rejected"
	Superseded ChangeState = "superseded" // a later import brought another record
)
