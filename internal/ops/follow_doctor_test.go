package ops

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// The doctor tells how far the continuous backup has come, and when it stays behind.
func TestTheDoctorLooksAtTheContinuousBackup(t *testing.T) {
	cfg := settings(t, sqldb.SQLite)
	cfg.Backup.Follow = filepath.Join(t.TempDir(), "follow")
	now := time.Now()
	says := func(h *house, want Status) Finding {
		t.Helper()
		e := &exam{Patient: Patient{Config: cfg, DB: h.db, Journal: h.journal, Now: func() time.Time { return now }}, ctx: t.Context()}
		e.following()
		if len(e.found) != 1 || e.found[0].Status != want || want != Well && e.found[0].Remedy.IsZero() {
			t.Errorf("the doctor says %+v, want status %d", e.found, want)
		}
		return e.found[0]
	}
	early := enter(t, cfg)
	says(early, Unwell) // nothing there yet
	early.leave(t)
	h, f := followed(t, cfg, cfg.Backup.Follow)
	h.furnish(t)
	if err := f.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	says(h, Well) // nothing has changed since
	if err := h.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := h.journal.Append(t.Context(), tx, journal.Event{Stream: "purse:1", Type: "purse.moved", At: now.Add(-30 * time.Minute), Data: []byte("{}")})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if late := says(h, Unwell); !strings.Contains(late.Detail.VI, "đĩa còn ") || !strings.Contains(late.Detail.EN, "left on its disk") {
		t.Errorf("the doctor does not say how much room the copy has: %+v", late)
	}
	now = now.Add(-time.Hour)
	if err := f.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(h, Well)
	all, err := generations(cfg.Backup.Follow)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := os.WriteFile(all[0].path, []byte("twenty bytes and more of something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(h, Ill)
	h.leave(t)
}

// A copy that fails is tried after two seconds, four, eight, and then every minute; it
// is logged once, and once more when it succeeds. From then on it is every second again.
func TestTroubleIsTriedAgainMoreAndMoreSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		began := time.Now()
		var at []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		persist(ctx, func(context.Context) error {
			at = append(at, time.Since(began))
			switch n := len(at); {
			case n == 12:
				cancel()
				return ctx.Err()
			case n > 1 && n < 10:
				return errors.New("no space left on device")
			}
			return nil
		}, slog.New(slog.NewTextHandler(&logged, nil)))
		var pauses []time.Duration
		for i := 1; i < len(at); i++ {
			pauses = append(pauses, at[i]-at[i-1])
		}
		const s = time.Second
		if want := []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s, 60 * s, s, s}; !slices.Equal(pauses, want) {
			t.Errorf("the pauses are %v, want %v", pauses, want)
		}
		if text := logged.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "no space left") || !strings.Contains(text, "followed again") {
			t.Errorf("the log says\n%s", text)
		}
	})
}
