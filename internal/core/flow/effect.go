package flow

import (
	"time"

	"motcua/internal/platform/i18n"
)

// Effect is something that must happen outside the engine because of an act. The
// caller walks the list in order, in one transaction with the new Run.
type Effect interface{ effect() }

// The effects.
type (
	// StatusChanged moves the national status.
	StatusChanged struct{ From, To Status }

	// StepChanged says that the dossier now stands at another step.
	StepChanged struct{ From, To, FromStage, ToStage string }

	// ClockStarted starts the legal clock: the dossier is complete and received.
	ClockStarted struct{ At time.Time }

	// ClockPaused pauses it. Reason is supplement | financial | suspended; Form is the paper that tells it ("02", "05") or "".
	ClockPaused struct {
		At           time.Time
		Reason, Form string
		Words        string
	}

	// ClockResumed ends a pause.
	ClockResumed struct {
		At     time.Time
		Reason string // supplement | financial | suspended: what ended
	}

	// ClockExtended moves the due time, once (form 04).
	ClockExtended struct {
		At, Until time.Time
		Reason    string
	}

	// ClockEnded stops it for good.
	ClockEnded struct{ At time.Time }

	// TaskOpened asks somebody to work.
	TaskOpened struct{ Task Task }

	// TaskClosed says that a task is over; Done is false when it was taken away (join any, withdrawal).
	TaskClosed struct {
		Task Task
		By   Person
		Done bool
	}

	// TaskAssigned gives an open task to a person.
	TaskAssigned struct {
		Task Task
		From Person
	}

	// DocumentNeeded asks for one of the forms 01-05 of TT 03/2025.
	DocumentNeeded struct {
		Form   string // "01" … "05"
		Reason string
		Until  time.Time // form 04: the new due time
	}

	// ResultNeeded asks to issue the result: register entry and document.
	ResultNeeded struct{ Fields map[string]any }

	// PaymentNeeded asks the citizen to pay what is owed.
	PaymentNeeded struct{ Reason string }

	// ChildNeeded asks to open a dossier at another agency; answer with ChildOpened, later ChildEnded.
	ChildNeeded struct {
		Child     Child
		Procedure string
		Case      string
		Agency    string // agency id
		Name      i18n.Text
	}

	// ChildDropped says that a child dossier is no longer waited for (the dossier went on or ended without it).
	ChildDropped struct{ Child Child }

	// TimerSet asks to call Act with Input.Timer at DueAt (or at the end of After when zero).
	TimerSet struct{ Timer Timer }

	// TimerCancelled takes a timer back.
	TimerCancelled struct{ Timer Timer }

	// Notify tells somebody. To is citizen | asker; Code is the locale key "notify.<Code>".
	Notify struct {
		To, Code string
		Args     map[string]any
	}
)

func (StatusChanged) effect()  {}
func (StepChanged) effect()    {}
func (ClockStarted) effect()   {}
func (ClockPaused) effect()    {}
func (ClockResumed) effect()   {}
func (ClockExtended) effect()  {}
func (ClockEnded) effect()     {}
func (TaskOpened) effect()     {}
func (TaskClosed) effect()     {}
func (TaskAssigned) effect()   {}
func (DocumentNeeded) effect() {}
func (ResultNeeded) effect()   {}
func (PaymentNeeded) effect()  {}
func (ChildNeeded) effect()    {}
func (ChildDropped) effect()   {}
func (TimerSet) effect()       {}
func (TimerCancelled) effect() {}
func (Notify) effect()         {}
