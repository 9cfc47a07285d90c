package flow

import "slices"

// transitions are the moves between national statuses that are allowed (from the
// table of statuses of the national portal and what each one means for the clock):
//
//	1 Mới đăng ký        → 2, 3, 5, 7
//	2 Được tiếp nhận     → 4, 5, 6, 7, 8, 9
//	4 Đang xử lý         → 5, 6, 7, 8, 9
//	5 Yêu cầu bổ sung    → 2, 4 (supplied), 3, 8 (deadline missed), 7 (withdrawn)
//	6 Nghĩa vụ tài chính → 4 (paid), 8, 7 (withdrawn)
//	8 Dừng xử lý         → 4 (resumed), 7 (withdrawn)
//	9 Đã xử lý xong      → 10
//
// Withdrawal from 5, 6 and 8 is ours: a citizen may withdraw while others wait for
// them. One more move exists before receipt only, see land.
var transitions = map[Status][]Status{
	StatusNew:           {StatusReceived, StatusRefused, StatusSupplement, StatusWithdrawn},
	StatusReceived:      {StatusProcessing, StatusSupplement, StatusFinancialDuty, StatusWithdrawn, StatusStopped, StatusDone},
	StatusProcessing:    {StatusSupplement, StatusFinancialDuty, StatusWithdrawn, StatusStopped, StatusDone},
	StatusSupplement:    {StatusReceived, StatusProcessing, StatusRefused, StatusStopped, StatusWithdrawn},
	StatusFinancialDuty: {StatusProcessing, StatusStopped, StatusWithdrawn},
	StatusStopped:       {StatusProcessing, StatusWithdrawn},
	StatusDone:          {StatusReturned},
}

// MayFollow reports whether a dossier may go from one status to another in one move.
func MayFollow(from, to Status) bool { return slices.Contains(transitions[from], to) }

// Final reports whether nothing follows a status. Status 8 is final only at an end step.
func (s Status) Final() bool {
	return s == StatusRefused || s == StatusWithdrawn || s == StatusReturned
}

// land returns the status a dossier has after moving from a status to a step written
// with another. A step without a status keeps what the dossier has.
//
//   - A step written 2 that is reached from 4, 6 or 8 stays (or becomes) 4: what is
//     being processed does not become merely received again.
//   - A dossier that was never received goes from 5 back to 1: the citizen supplied
//     what an online registration lacked, and the counter looks at it again. The
//     national list does not know this move; its connector keeps 5 until receipt.
func land(from, written Status, received bool) (to Status, ok bool) {
	if written == 0 {
		switch from {
		case StatusSupplement, StatusFinancialDuty, StatusStopped:
			written = StatusProcessing
			if !received {
				written = StatusNew
			}
		default:
			return from, true
		}
	}
	switch {
	case from == written:
		return written, true
	case from == 0:
		return written, written == StatusNew
	case written == StatusReceived && (from == StatusProcessing || from == StatusFinancialDuty || from == StatusStopped):
		return StatusProcessing, true
	case written == StatusNew:
		return StatusNew, from == StatusSupplement && !received
	default:
		return written, MayFollow(from, written)
	}
}
