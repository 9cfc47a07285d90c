package ops

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// The doctor tells how far the continuous backup has come, and when it stays behind.
func TestTheDoctorLooksAtTheContinuousBackup(t *testing.T) {
	cfg := settings(t, sqldb.SQLite)
	cfg.Backup.Follow = filepath.Join(t.TempDir(), "follow")
	now := time.Now()
	says := func(h *house, want Status) {
		t.Helper()
		e := &exam{Patient: Patient{Config: cfg, DB: h.db, Journal: h.journal, Now: func() time.Time { return now }}, ctx: t.Context()}
		e.following()
		if len(e.found) != 1 || e.found[0].Status != want || want != Well && e.found[0].Remedy.IsZero() {
			t.Errorf("the doctor says %+v, want status %d", e.found, want)
		}
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
	says(h, Unwell)
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
