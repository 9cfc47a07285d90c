package clock

import (
	"cmp"
	"slices"
	"time"

	"motcua/internal/platform/errs"
)

// Kind says what an entry does to the clock.
type Kind string

// The kinds of entries.
const (
	Start  Kind = "start"  // tiếp nhận: the clock runs
	Pause  Kind = "pause"  // tạm dừng
	Resume Kind = "resume" // tiếp tục
	Extend Kind = "extend" // gia hạn
	Stop   Kind = "stop"   // kết thúc xử lý; final
	Move   Kind = "move"   // chuyển cơ quan giải quyết: the due time promised so far stays
)

// The reasons of pauses that the law knows. Reason of an entry is free; these are
// the ones the house writes.
const (
	ReasonSupplement  = "supplement"   // status 5: papers are missing or wrong
	ReasonPayment     = "payment"      // status 6: the citizen has a financial duty
	ReasonSuspension  = "suspension"   // status 8: suspended by law
	ReasonOtherAgency = "other_agency" // waiting for another authority where the law stops the clock
)

// Entry is one event of the clock. Entries are only ever added.
type Entry struct {
	Seq    int       `json:"seq"` // order of two entries at the same moment
	Kind   Kind      `json:"kind"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"` // Reason… or words of the officer
	Basis  string    `json:"basis,omitempty"`  // the legal ground
	Paper  string    `json:"paper,omitempty"`  // id of the document that carries it: forms 02, 04, …
	// Hours and Days are what an extension adds: working hours (8 a day), or
	// calendar days where the law counts so.
	Hours int `json:"hours,omitempty"`
	Days  int `json:"days,omitempty"`
	// Promised is, of a move, the due time that was promised by the calendar of the
	// office before; zero when none was.
	Promised time.Time `json:"promised,omitzero"`
}

// ordered returns the entries by time, those of the same moment by Seq. Times are cut
// to the millisecond, the precision of the store: the due time must be the same
// before an entry is written and after it is read.
func ordered(entries []Entry) []Entry {
	sorted := slices.Clone(entries)
	for i := range sorted {
		sorted[i].At = sorted[i].At.Truncate(time.Millisecond).UTC()
		sorted[i].Promised = sorted[i].Promised.Truncate(time.Millisecond).UTC()
	}
	slices.SortStableFunc(sorted, func(a, b Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq))
	})
	return sorted
}

// Check says whether next may follow the entries so far. Services call it before
// they write; the computation itself ignores what makes no sense.
//
// Codes, kind Conflict: clock.already-started, clock.not-started, clock.paused,
// clock.not-paused, clock.stopped, clock.earlier (next lies before the last entry);
// kind Invalid: clock.extension (an extension of nothing), clock.kind.
func Check(entries []Entry, next Entry) error {
	phase := NotStarted
	sorted := ordered(entries)
	for _, e := range sorted {
		phase, _ = phase.after(e)
	}
	if n := len(sorted); n > 0 && next.At.Truncate(time.Millisecond).Before(sorted[n-1].At) {
		return errs.NewConflict("clock.earlier")
	}
	_, err := phase.after(next)
	return err
}

// after returns the phase after an entry, or the same phase and why the entry makes
// no sense in it.
func (p Phase) after(e Entry) (Phase, error) {
	if p == Stopped {
		return p, errs.NewConflict("clock.stopped")
	}
	if e.Kind == Start {
		if p != NotStarted {
			return p, errs.NewConflict("clock.already-started")
		}
		return Running, nil
	}
	if p == NotStarted {
		return p, errs.NewConflict("clock.not-started")
	}
	switch e.Kind {
	case Pause:
		if p == Paused {
			return p, errs.NewConflict("clock.paused")
		}
		return Paused, nil
	case Resume:
		if p != Paused {
			return p, errs.NewConflict("clock.not-paused")
		}
		return Running, nil
	case Extend:
		if e.Hours < 0 || e.Days < 0 || e.Hours == 0 && e.Days == 0 || e.Hours > maxHours || e.Days > maxDays {
			return p, errs.New(errs.Invalid, "clock.extension")
		}
		return p, nil
	case Stop:
		return Stopped, nil
	case Move:
		return p, nil
	}
	return p, errs.New(errs.Invalid, "clock.kind")
}

// codeOf returns the public code of an error.
func codeOf(err error) string {
	if e, ok := errs.As(err); ok {
		return e.Code
	}
	return ""
}
