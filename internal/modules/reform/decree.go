package reform

import (
	"time"

	"motcua/internal/platform/civil"
)

// State of a decree in the house.
type State string

// The states. Their words are at the locale key "reform.state.<state>".
const (
	Draft     State = "draft"     // uploaded and tried out
	Scheduled State = "scheduled" // to be applied on its day
	Applied   State = "applied"   // for good
	Undone    State = "undone"    // taken back before its day
)

// Kind is a kind of thing that a decree changes.
type Kind string

// The kinds of effects, in the order of the page. Words: "reform.kind.<kind>".
const (
	KindAgency   Kind = "agency"
	KindUnit     Kind = "unit"
	KindPost     Kind = "post"
	KindAccount  Kind = "account"
	KindDossier  Kind = "dossier"
	KindRegister Kind = "register"
	KindCalendar Kind = "calendar"
	KindOffer    Kind = "offer"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{KindAgency, KindUnit, KindPost, KindAccount, KindDossier, KindRegister, KindCalendar, KindOffer}
}

// Decree is one decree as the house keeps it.
type Decree struct {
	ID, Number, Title string
	Effective         civil.Date
	Name              string // of the file
	File              string
	State             State
	Run               int64
	Problems          []Problem
	Summary           Summary
	CheckedAt         time.Time
	CreatedAt         time.Time
	CreatedBy         string // account id
	ScheduledAt       time.Time
	ScheduledBy       string
	AppliedAt         time.Time
	Took              time.Duration // of the transaction: as long nobody could write
	UndoneAt          time.Time
	UndoneBy          string
	Failure           string // code of the error when applying failed
}

// Summary counts what a decree changes, by kind.
type Summary map[Kind]int64

// Effect is one thing that changes.
type Effect struct {
	Seq                int64
	Kind               Kind
	Subject            string // id
	Label              string // number, title, name
	FromCode, FromName string // agency before
	ToCode, ToName     string // agency after
	Note               string // code of a remark, words at "reform.note.<note>"
}
