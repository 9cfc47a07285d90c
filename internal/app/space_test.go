package app

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/errs"
)

// The house closes before the disk is full, and opens by itself when there is room.
func TestTheHouseClosesBeforeTheDiskIsFull(t *testing.T) {
	now, free, asked := time.Unix(0, 0), int64(1000), 0
	var broken error
	r, err := newSpace("x", 100, 500, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	r.now, r.free = func() time.Time { return now }, func(string) (int64, error) { asked++; return free, broken }
	for _, step := range []struct {
		free   int64
		err    error
		closed bool
		why    string
	}{
		{1000, nil, false, "there is room"},
		{100, nil, false, "just enough"},
		{99, nil, true, "too little"},
		{110, nil, true, "it must not flutter"},
		{0, nil, true, "nothing"},
		{0, errors.New("no answer"), true, "it stays as it was when the disk does not answer"},
		{125, nil, false, "room again"},
		{-1, nil, false, "nobody knows"},
	} {
		now, free, broken = now.Add(roomFresh), step.free, step.err
		if err := r.Closed(); (err != nil) != step.closed || err != nil && !errs.Is(err, errs.Full) {
			t.Errorf("%s: with %d free it says %v", step.why, step.free, err)
		}
		free = 1 - step.free // within its time the answer holds
		before := asked
		if err := r.Closed(); (err != nil) != step.closed || asked != before {
			t.Errorf("%s: asked again, it says %v", step.why, err)
		}
	}
	if off, err := newSpace("x", 100, -1, r.log, prometheus.NewRegistry()); err != nil || off.Closed() != nil {
		t.Errorf("turned off: %v", err)
	}
}
